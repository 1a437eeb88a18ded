"""Moving averages, the global step, and groups of operations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from evergraph import tf
from evergraph.tf.train.moving_averages import assign_moving_average, weighted_moving_average

# The average of a variable starts with `Variable.initialized_value`, which is a condition.


@pytest.fixture(autouse=True)
def graph() -> Iterator[Any]:
    with tf.Graph().as_default() as g:
        yield g


def steps(session: Any, op: Any, value: Any, n: int = 3) -> list[Any]:
    """The value after each of `n` runs of `op`."""
    out = []
    for _ in range(n):
        session.run(op)
        out.append(session.run(value))
    return out


def test_average_of_a_variable_starts_at_its_initial_value() -> None:
    v = tf.Variable([1.0, 2.0], name="v")
    ema = tf.train.ExponentialMovingAverage(0.75)
    op = ema.apply([v])
    assert ema.average(v).op.name == "v/ExponentialMovingAverage"
    assert ema.average_name(v) == "v/ExponentialMovingAverage"
    assert tf.moving_average_variables() == [v]
    assert (op.name, op.type) == ("ExponentialMovingAverage", "NoOp")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        np.testing.assert_allclose(session.run(ema.average(v)), [1.0, 2.0])
        session.run(v.assign([5.0, 2.0]))
        got = steps(session, op, ema.average(v), 2)
        np.testing.assert_allclose(got, [[2.0, 2.0], [2.75, 2.0]])


def test_average_of_a_random_initial_value_is_that_value() -> None:
    v = tf.Variable(tf.random_normal([3]), name="v")
    ema = tf.train.ExponentialMovingAverage(0.75)
    ema.apply([v])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        a, b = session.run([v, ema.average(v)])
        np.testing.assert_array_equal(a, b)


def test_average_after_a_step_sees_it() -> None:
    v = tf.Variable([4.0], name="v")
    ema = tf.train.ExponentialMovingAverage(0.5)
    with tf.control_dependencies([v.assign([8.0])]):
        op = ema.apply([v])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(op)
        np.testing.assert_allclose(session.run(ema.average(v)), [6.0])


@pytest.mark.parametrize("zero_debias", [False, True])
def test_average_of_a_tensor_starts_at_zero(zero_debias: bool) -> None:
    x = tf.constant([8.0], name="x")
    ema = tf.train.ExponentialMovingAverage(0.5, zero_debias=zero_debias)
    op = ema.apply([x])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        got = np.ravel(steps(session, op, ema.average(x)))
    np.testing.assert_allclose(got, [8.0] * 3 if zero_debias else [4.0, 6.0, 7.0], 1e-6)


def test_num_updates_speeds_the_start() -> None:
    x, n = tf.constant(1.0, name="x"), tf.placeholder(tf.int64, [])
    ema = tf.train.ExponentialMovingAverage(0.5, num_updates=n)
    op = ema.apply([x])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(op, {n: 0})
        assert session.run(ema.average(x)) == pytest.approx(0.9)
        session.run(op, {n: 1000})
        assert session.run(ema.average(x)) == pytest.approx(0.95)


def test_operations_of_apply() -> None:
    x = tf.constant(1.0, name="x")
    tf.train.ExponentialMovingAverage(0.5).apply([x])
    names = [op.name for op in tf.get_default_graph().get_operations()]
    assert (
        names[-6:]
        == [
            "ExponentialMovingAverage/decay",
            "ExponentialMovingAverage/AssignMovingAvg/sub/x",
            "ExponentialMovingAverage/AssignMovingAvg/sub",
            "ExponentialMovingAverage/AssignMovingAvg/sub_1",
            "ExponentialMovingAverage/AssignMovingAvg/mul",
            "ExponentialMovingAverage/AssignMovingAvg",
            "ExponentialMovingAverage",
        ][1:]
    )


def test_variables_to_restore() -> None:
    v, other = tf.Variable(1.0, name="v"), tf.Variable(1.0, name="o", trainable=False)
    ema = tf.train.ExponentialMovingAverage(0.5)
    ema.apply([v])
    names = ema.variables_to_restore()
    assert names["v/ExponentialMovingAverage"] is v
    assert names["o"] is other
    assert "v" not in names


def test_apply_twice_shares_the_average() -> None:
    x = tf.constant(1.0, name="x")
    ema = tf.train.ExponentialMovingAverage(0.5)
    ema.apply([x])
    first = ema.average(x)
    ema.apply([x])
    assert ema.average(x) is first
    assert tf.train.ExponentialMovingAverage(0.5).average(x) is None


def test_integers_have_no_average() -> None:
    with pytest.raises(TypeError, match="must be half, float, or double"):
        tf.train.ExponentialMovingAverage(0.5).apply([tf.constant(1)])


@pytest.mark.parametrize("resource", [False, True])
def test_assign_moving_average(resource: bool) -> None:
    v = tf.Variable([4.0], name="v", use_resource=resource)
    op = assign_moving_average(v, tf.constant([8.0]), 0.75, zero_debias=False)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        np.testing.assert_allclose(np.ravel(steps(session, op, v, 2)), [5.0, 5.75])


def test_zero_debias_keeps_two_variables() -> None:
    v = tf.Variable([0.0], name="v")
    value = tf.placeholder(tf.float32, [1])
    op = assign_moving_average(v, value, 0.5)
    assert [x.op.name for x in tf.global_variables()] == ["v", "v/biased", "v/local_step"]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(op, {value: [2.0]})
        np.testing.assert_allclose(session.run(v), [2.0])
        session.run(op, {value: [5.0]})  # (0.25 * 2 + 0.5 * 5) / 0.75
        np.testing.assert_allclose(session.run(v), [4.0], 1e-6)


def test_weighted_moving_average() -> None:
    value, weight = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
    average = weighted_moving_average(value, 0.5, weight)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(average, {value: 4.0, weight: 1.0}) == pytest.approx(4.0)
        # (0.25 * 4 * 1 + 0.5 * 10 * 2) / (0.25 * 1 + 0.5 * 2)
        assert session.run(average, {value: 10.0, weight: 2.0}) == pytest.approx(8.8)


# -- the global step ------------------------------------------------------------------------------
def test_global_step() -> None:
    assert tf.train.get_global_step() is None
    step = tf.train.create_global_step()
    assert (step.op.name, step.dtype.base_dtype, step.trainable) == ("global_step", tf.int64, False)
    assert tf.train.get_global_step() is step
    assert tf.train.get_or_create_global_step() is step
    assert tf.get_collection(tf.GraphKeys.GLOBAL_STEP) == [step]
    with pytest.raises(ValueError, match="already exists"):
        tf.train.create_global_step()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert tf.train.global_step(session, step) == 0


def test_global_step_by_name() -> None:
    tf.Variable(3, name="global_step", trainable=False)
    assert tf.train.get_global_step().name == "global_step:0"


@pytest.mark.parametrize("value", [1.0, [1, 2], "no variable"])
def test_bad_global_steps(value: Any) -> None:
    step = value if isinstance(value, str) else tf.Variable(value)
    with pytest.raises(TypeError, match='Existing "global_step"'):
        tf.train.assert_global_step(step)


# -- groups ---------------------------------------------------------------------------------------
def test_group_waits_for_all() -> None:
    a, b = tf.Variable(0, name="a"), tf.Variable(0, name="b")
    op = tf.group(a.assign_add(1), [b.assign_add(2)], name="both")
    assert (op.name, op.type) == ("both", "NoOp")
    assert tf.group().name == "group_deps"
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(op) is None
        assert session.run([a, b]) == [1, 2]


def test_group_has_one_operation_a_device() -> None:
    with tf.device("/cpu:0"):
        a = tf.constant(1)
    with tf.device("/gpu:0"):
        b = tf.constant(2)
    op = tf.group(a, b, name="g")
    assert [c.name for c in op.control_inputs] == ["g/NoOp", "g/NoOp_1"]
    assert {c.device for c in op.control_inputs} == {a.op.device, b.op.device}


def test_group_errors() -> None:
    with pytest.raises(TypeError, match=r"tf\.group"):
        tf.group("a")
    with pytest.raises(ValueError, match="Unknown keyword arguments: nam"):
        tf.group(tf.constant(1), nam="x")


def test_tuple_gates_all() -> None:
    a, b = tf.constant(1), tf.constant(2)
    x, none, y = tf.tuple([a, None, b])
    assert none is None
    assert [x.name, y.name] == ["tuple/control_dependency:0", "tuple/control_dependency_1:0"]
    assert [c.name for c in x.op.control_inputs] == ["tuple/group_deps"]
    with tf.Session() as session:
        assert session.run([x, y]) == [1, 2]


def test_tuple_of_slices_and_operations() -> None:
    v = tf.Variable(1)
    slices = tf.IndexedSlices(tf.constant([[1.0]]), tf.constant([0]))
    got, op = tf.tuple([slices, v.initializer], control_inputs=[tf.no_op()])
    assert isinstance(got, tf.IndexedSlices)
    assert op.type == "NoOp"


def test_tuple_errors() -> None:
    with pytest.raises(ValueError, match="Must have at least one Tensor"):
        tf.tuple([None])
    with pytest.raises(TypeError, match="Control input must be"):
        tf.tuple([tf.constant(1)], control_inputs=["a"])
