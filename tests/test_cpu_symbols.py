"""Numbers of a plan that hang on extents: right for every shape whose guards hold."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evergraph import tf
from evergraph.backends.cpu import backend as backend_module
from evergraph.backends.cpu.backend import CompiledExecutable, CpuBackend
from evergraph.backends.cpu.symbols import Scope, Symbol, choose, minimum, nearby, value_of
from evergraph.backends.reference import ReferenceBackend
from evergraph.runtime import session as sessions

QUICK = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_OPERATORS = [operator.add, operator.sub, operator.mul, operator.floordiv, operator.mod]
_COMPARISONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]
LEAVES = st.one_of(st.sampled_from(["a", "b"]), st.integers(-3, 12))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(_OPERATORS), inner, inner),
        st.tuples(st.sampled_from([choose, minimum, nearby, max]), inner, inner),
        st.tuples(st.sampled_from(_COMPARISONS), inner, inner),
    ),
    max_leaves=10,
)


def computed(tree: Any, extents: dict[str, Any]) -> Any:
    """The value of a tree of operations, decisions included."""
    if isinstance(tree, str):
        return extents[tree]
    if isinstance(tree, int):
        return tree
    what, *inner = tree
    x, y = (computed(t, extents) for t in inner)
    if what in _COMPARISONS:
        return 3 if what(x, y) else x
    if what is choose:
        return choose(x, "<", y, y, x + 1)
    if what is nearby:
        return value_of(nearby(x)) * 0 + y
    return what(x, y)


@QUICK
@given(TREES, st.tuples(*[st.integers(2, 40)] * 2), st.lists(st.tuples(*[st.integers(0, 60)] * 2)))
def test_any_arithmetic(tree: Any, own: tuple[int, int], others: list[tuple[int, int]]) -> None:
    scope = Scope()
    ((a, b),) = scope.inputs([own], [(None, None)])
    try:
        found = computed(tree, {"a": a, "b": b})
    except ZeroDivisionError:
        return
    assert value_of(found) == computed(tree, dict(zip("ab", own, strict=True)))
    evaluate = scope.function([found])
    assert evaluate([own], {}) == [value_of(found)]
    for shape in others:
        got = evaluate([shape], {})
        if got is not None:
            assert got == [computed(tree, dict(zip("ab", shape, strict=True)))]


def test_what_symbols_are_never_shared_or_lost() -> None:
    scope = Scope()
    ((n, same, one, k),) = scope.inputs([(5, 5, 1, 7)], [(None, None, None, 7)])
    assert isinstance(n, Symbol) and n == same and one == 1 and k == 7
    assert not scope.guards
    assert n * 784 // 28 == 28 * n and n * k % 7 == 0 and n > 1 and n + 1 != n
    assert not scope.guards, "algebra decides all of this"
    assert n < 16
    assert list(scope.guards) == ["(-16 + a0) < 0"]
    assert range(n) == range(5)
    evaluate = scope.function([n, n / 2])
    assert evaluate([(5, 5, 1, 7)], {}) == [5, 2.5]
    for other in [(6, 6, 1, 7), (5, 6, 1, 7), (5, 5, 2, 7), (5, 5, 1, 8), (5, 5, 1)]:
        assert evaluate([other], {}) is None


def test_a_division_by_zero_elsewhere_is_no_match() -> None:
    scope = Scope()
    ((n,),) = scope.inputs([(5,)], [(None,)])
    quotient = 100 // (n - 3)
    evaluate = scope.function([quotient])
    assert evaluate([(5,)], {}) == [50] and evaluate([(3,)], {}) is None


def _network(kind: str) -> tuple[Any, Any]:
    """A program of unknown extents: what to fetch, and feeds for two of them."""
    rng = np.random.default_rng(0)
    if kind == "images":
        x = tf.placeholder(tf.float32, [None, 12, 12, 3])
        w = tf.constant(rng.normal(size=(3, 3, 3, 8)).astype("f4"))
        h = tf.nn.max_pool(tf.nn.relu(tf.nn.conv2d(x, w, [1, 1, 1, 1], "SAME")), *_SQUARES, "SAME")
        h = tf.reshape(h, [-1, 6 * 6 * 8])
        return [tf.reduce_sum(h * h), *tf.gradients(tf.reduce_sum(h * h), [x])], (x, (12, 12, 3))
    x = tf.placeholder(tf.float32, [None, None, 6])
    shape = tf.shape(x)
    w = tf.constant(rng.normal(size=(6, 5)).astype("f4"))
    h = tf.reshape(tf.matmul(tf.reshape(x, [-1, 6]), w), [shape[0], shape[1], 5])
    h = tf.nn.softmax(h[:, ::-1] + tf.ones([shape[1], 5]))[:, 1:] - tf.reduce_mean(h, [0, 1])
    h = tf.concat([h, h[:, :1] * tf.fill([1, 1, 1], 2.0)], 1)
    padded = tf.pad(h, [[0, 0], [1, 2], [0, 0]])
    loss = tf.reduce_sum(padded * padded) / tf.cast(shape[0], tf.float32)
    return [loss, h, shape * 2, *tf.gradients(loss, [x])], (x, (None, 6))


USUAL = [(8, 9), (5, 4), (9, 8), (31, 3), (64, 9), (33, 7), (40, 5)]
ODD = [(7, 7), (1, 6), (6, 1), (0, 3)]
_SQUARES = ([1, 2, 2, 1], [1, 2, 2, 1])


@pytest.mark.filterwarnings("ignore::evergraph.runtime.traps.EvergraphWarning")  # of no elements
@pytest.mark.parametrize("kind", ["images", "sequences"])
def test_one_plan_serves_many_shapes(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[CompiledExecutable] = []
    compiled = CpuBackend.compile

    def noting(self: CpuBackend, segment: Any) -> Any:
        made.append(compiled(self, segment))
        return made[-1]

    monkeypatch.setattr(CpuBackend, "compile", noting)
    monkeypatch.setattr(backend_module, "_MOST_IMAGES", 64)
    rng = np.random.default_rng(1)
    with tf.Graph().as_default():
        fetches, (x, inner) = _network(kind)
        outcomes = []
        for backend in (CpuBackend(), ReferenceBackend()):
            monkeypatch.setattr(sessions, "default_backend", lambda backend=backend: backend)
            rng = np.random.default_rng(1)
            with tf.Session() as session:
                got = []
                for n, m in [
                    (8, 9),
                    (5, 4),
                    (9, 8),
                    (31, 3),
                    (7, 7),
                    (1, 6),
                    (6, 1),
                    (0, 3),
                    (64, 9),
                ]:
                    shape = (n, *(m if d is None else d for d in inner))
                    got.append(session.run(fetches, {x: rng.normal(size=shape).astype("f4")}))
                outcomes.append(got)
    for ours, theirs in zip(*outcomes, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-5)
    for executable in made:
        assert all("an empty convolution" in r for r in executable.reasons.values())
        assert len(executable.images) <= 4 + len(ODD), "plans were made anew"
