"""Variables without a value: who needs one, in branches and loops, is what TensorFlow says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from evergraph import tf as evergraph_tf


class _Case:
    """A program with one variable, and the runs that are compared: name, fetch, feed."""

    def __init__(self, tf: Any, resource: bool) -> None:
        self.tf = tf
        self.v = tf.Variable([3.0, 4.0], use_resource=resource)
        self.p = tf.placeholder(tf.bool, [])
        self.n = tf.placeholder(tf.int32, [])

    def ready(self) -> Any:
        """Whether the variable has a value."""
        return self.tf.is_variable_initialized(self.v)

    def total(self) -> Any:
        """The sum of the variable's value, read here."""
        return self.tf.reduce_sum(self.v.read_value())


def _asked(c: _Case) -> Any:
    return c.tf.cond(c.ready(), c.total, lambda: 7.0)


def _read_in_one_branch(c: _Case) -> Any:
    return c.tf.cond(c.p, c.total, lambda: 7.0)


def _snapshot_outside(c: _Case) -> Any:
    return c.tf.cond(c.p, lambda: c.tf.reduce_sum(c.v), lambda: 7.0)


def _nested(c: _Case) -> Any:
    inner = lambda: c.tf.cond(c.n > 0, c.total, lambda: 1.0)  # noqa: E731
    return c.tf.cond(c.p, inner, lambda: 7.0)


def _set_in_one_branch(c: _Case) -> Any:
    ones = c.tf.ones([2])
    done = c.tf.cond(c.p, lambda: c.tf.group(c.v.assign(ones)), c.tf.no_op)
    with c.tf.control_dependencies([done]):
        return c.total()


def _asked_after(c: _Case) -> Any:
    done = c.tf.cond(c.p, lambda: c.tf.group(c.v.assign(c.tf.ones([2]))), c.tf.no_op)
    with c.tf.control_dependencies([done]):
        return c.ready()


def _asked_inside(c: _Case) -> Any:
    done = c.tf.cond(c.p, lambda: c.tf.group(c.v.assign(c.tf.ones([2]))), c.tf.no_op)
    with c.tf.control_dependencies([done]):
        q = c.tf.identity(c.p)
        return c.tf.cond(c.n > 0, lambda: c.tf.logical_and(c.ready(), q), lambda: q)


def _read_in_a_body(c: _Case) -> Any:
    loop = c.tf.while_loop(lambda i, x: i < c.n, lambda i, x: (i + 1, x + c.total()), (0, 1.0))
    return loop[1]


def _added_in_a_branch(c: _Case) -> Any:
    def added() -> Any:
        with c.tf.control_dependencies([c.tf.assign_add(c.v, c.tf.ones([2]))]):
            return c.tf.constant(1.0)

    return c.tf.cond(c.p, added, lambda: 7.0)


def _set_by_the_first_round(c: _Case) -> Any:
    def body(i: Any) -> Any:
        ready = c.ready()
        with c.tf.control_dependencies([ready]):
            added = lambda: c.tf.group(c.v.assign_add(c.tf.ones([2])))  # noqa: E731
            made = lambda: c.tf.group(c.v.assign(c.tf.zeros([2])))  # noqa: E731
            done = c.tf.cond(ready, added, made)
        with c.tf.control_dependencies([done]):
            return i + 1

    loop = c.tf.while_loop(lambda i: i < c.n, body, [0], parallel_iterations=1)
    with c.tf.control_dependencies([loop]):
        return c.ready()


def _slope(c: _Case) -> Any:
    y = c.tf.cond(c.p, lambda: c.tf.reduce_sum(c.v.read_value() ** 2), lambda: 7.0)
    return c.tf.gradients(y, c.v)[0]


def _case(c: _Case) -> Any:
    return c.tf.case([(c.p, c.total), (c.n > 0, lambda: 2.0)], default=lambda: 5.0)


_PROGRAMS: list[Callable[[_Case], Any]] = [
    _asked,
    _read_in_one_branch,
    _snapshot_outside,
    _nested,
    _set_in_one_branch,
    _asked_after,
    _asked_inside,
    _read_in_a_body,
    _added_in_a_branch,
    _set_by_the_first_round,
    _slope,
    _case,
]
# TensorFlow takes references into frames, which need values, and its newer functional conditionals
# and its slopes of resources differ: what the engine gives there is tested by itself.
_REFERENCE_FRAMES = {_read_in_a_body, _set_by_the_first_round}
_RESOURCE_SLOPES = {_slope, _added_in_a_branch}


def _outcomes(tf: Any, program: Callable[[_Case], Any], resource: bool) -> list[Any]:
    """What a program gives for each feed: before its variable has a value, and after."""
    found: list[Any] = []
    with tf.Graph().as_default():
        c = _Case(tf, resource)
        y = program(c)
        for initialized in (False, True):
            for p in (False, True):
                for n in (0, 2):
                    with tf.Session() as session:
                        if initialized:
                            session.run(c.v.initializer)
                        try:
                            value = session.run(y, {c.p: p, c.n: n})
                        except tf.errors.FailedPreconditionError:
                            found.append("no value")
                            continue
                        left = session.run(c.v) if session.run(c.ready()) else None
                        found.append((np.asarray(value).tolist(), np.asarray(left).tolist()))
    return found


@pytest.mark.oracle
@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.parametrize("program", _PROGRAMS)
def test_as_tensorflow(program: Callable[[_Case], Any], resource: bool) -> None:
    if program in (_RESOURCE_SLOPES if resource else _REFERENCE_FRAMES):
        pytest.skip("TensorFlow 2 differs from itself here")
    v1 = pytest.importorskip("tensorflow").compat.v1
    v1.disable_v2_behavior()
    v1.disable_control_flow_v2()
    ours = _outcomes(evergraph_tf, program, resource)
    assert ours == _outcomes(v1, program, resource)


@pytest.mark.parametrize("resource", [False, True])
def test_a_loop_without_rounds_needs_no_value(resource: bool) -> None:
    found = _outcomes(evergraph_tf, _read_in_a_body, resource)
    none, some = (1.0, None), (1.0, [3.0, 4.0])
    after = (15.0, [3.0, 4.0])
    assert found == [none, "no value", none, "no value", some, after, some, after]


@pytest.mark.parametrize("resource", [False, True])
def test_a_round_sets_what_the_next_adds_to(resource: bool) -> None:
    found = _outcomes(evergraph_tf, _set_by_the_first_round, resource)
    none, some = (False, None), (True, [3.0, 4.0])
    made, added = (True, [1.0, 1.0]), (True, [5.0, 6.0])
    assert found == [none, made, none, made, some, added, some, added]


def test_the_error_names_the_variable() -> None:
    c = _Case(evergraph_tf, True)
    y = _read_in_one_branch(c)
    with (
        evergraph_tf.Session() as session,
        pytest.raises(evergraph_tf.errors.FailedPreconditionError) as caught,
    ):
        session.run(y, {c.p: True})
    assert caught.value.op is c.v.op
    text = str(caught.value)
    assert "uninitialized value Variable:" in text and "test_unset_variables.py" in text
