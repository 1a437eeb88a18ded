"""Branches, loops and lists: values, gradients, variables, errors; against unrolled NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evergraph import tf
from evergraph.core.emit import apply

X = np.array([1.0, 2.0, 3.0], np.float32)


@pytest.fixture(autouse=True)
def graph() -> Any:
    with tf.Graph().as_default():
        yield


def run(fetches: Any, feeds: Any = None) -> Any:
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feeds)


# -- branches ----------------------------------------------------------------------------------
@pytest.mark.parametrize("taken", [True, False])
def test_cond_and_its_gradient(taken: bool) -> None:
    x = tf.constant(X)
    y = tf.cond(tf.placeholder_with_default(taken, []), lambda: x * x, lambda: -x)
    (g,) = tf.gradients(y, x)
    want = (X * X, 2 * X) if taken else (-X, -np.ones(3))
    for got, expected in zip(run([y, g]), want, strict=True):
        np.testing.assert_allclose(got, expected)


def test_only_the_taken_branch_runs() -> None:
    v = tf.Variable(1.0)
    pred = tf.placeholder(tf.bool, [])

    def update() -> Any:
        with tf.control_dependencies([v.assign_add(10.0)]):
            return tf.identity(v)

    y = tf.cond(pred, update, lambda: tf.identity(v))
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(y, {pred: False}) == 1.0 and session.run(v) == 1.0
        assert session.run(y, {pred: True}) == 11.0 and session.run(v) == 11.0


def test_a_fetch_of_the_other_branch_is_an_error() -> None:
    pred = tf.placeholder(tf.bool, [])
    off, on = apply("Switch", tf.constant(3.0), pred)
    merged, index = apply("Merge", [off, on * 2.0])
    with tf.Session() as session:
        assert session.run([merged, index, on], {pred: True}) == [6.0, 1, 3.0]
        with pytest.raises(tf.errors.InvalidArgumentError, match="does not have value"):
            session.run(off, {pred: True})


def test_long_chains_of_branches() -> None:
    index = tf.placeholder(tf.int32, [])
    pairs = [(tf.equal(index, i), lambda i=i: tf.constant(float(i))) for i in range(40)]
    y = tf.case(pairs, default=lambda: tf.constant(-1.0))
    with tf.Session() as session:
        assert [session.run(y, {index: i}) for i in (0, 17, 39, 99)] == [0.0, 17.0, 39.0, -1.0]


def test_functions_as_branches() -> None:
    """The functional forms: "If", "Case", "While", "PartitionedCall" and their stateless kin."""
    from evergraph.tf.graph_functions import Defun

    double = Defun(tf.float32)(lambda x: x * 2.0).function
    triple = Defun(tf.float32)(lambda x: x * 3.0).function
    small = Defun(tf.float32)(lambda x: x < 20.0).function
    x = tf.constant(2.0)
    for op_type in ("If", "StatelessIf"):
        attrs = {"then_branch": double, "else_branch": triple, "Tout": [tf.float32]}
        (y,) = apply(op_type, tf.constant(False), [x], **attrs)
        assert run([y, tf.gradients(y, x)[0]]) == [6.0, 3.0]
    for op_type in ("While", "StatelessWhile"):
        (y,) = apply(op_type, [x], cond=small, body=double)
        assert run([y, tf.gradients(y, x)[0]]) == [32.0, 16.0]
    for op_type in ("PartitionedCall", "StatefulPartitionedCall"):
        (y,) = apply(op_type, [x], f=triple, Tout=[tf.float32])
        assert run([y, tf.gradients(y, x)[0]]) == [6.0, 3.0]
    (y,) = apply("Case", tf.constant(1), [x], branches=[double, triple], Tout=[tf.float32])
    assert run(y) == 6.0


# -- loops -------------------------------------------------------------------------------------
@pytest.mark.parametrize("turns", [0, 1, 4])
def test_while_loop_and_two_gradients(turns: int) -> None:
    x = tf.constant(X.astype(np.float64))
    y = tf.while_loop(lambda i, y: i < turns, lambda i, y: (i + 1, y * y), [0, x])[1]
    (g,) = tf.gradients(y, x)
    (gg,) = tf.gradients(g, x)
    n = 2**turns
    got = run([y, g, gg if gg is not None else tf.zeros_like(x)])
    want = (X**n, n * X ** (n - 1.0), n * (n - 1) * X ** (n - 2.0))
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_captured_values_have_gradients() -> None:
    x, w = tf.constant(X), tf.constant(0.5 * X)
    y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.sin(y) * w), [0, x])[1]
    h = x
    for _ in range(3):
        h = tf.sin(h) * w
    got, want = run([tf.gradients(y, [x, w]), tf.gradients(h, [x, w])])
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_nested_loops_and_branches() -> None:
    def inner(i: Any, a: Any) -> Any:
        return i + 1, a + tf.cond(a > 3.0, lambda: a * 0.5, lambda: a * 2.0)

    def outer(i: Any, a: Any) -> Any:
        return i + 1, tf.while_loop(lambda j, _: j < i, inner, [0, a])[1]

    x = tf.constant(0.25)
    y = tf.while_loop(lambda i, _: i < 4, outer, [0, x])[1]
    (g,) = tf.gradients(y, x)
    value, slope = 0.25, 1.0
    for i in range(4):
        for _ in range(i):
            factor = 1.5 if value > 3.0 else 3.0
            value, slope = value * factor, slope * factor
    np.testing.assert_allclose(run([y, g]), [value, slope], rtol=1e-6)


def test_variables_change_in_loops() -> None:
    v = tf.Variable(0.0)

    def body(i: Any) -> Any:
        with tf.control_dependencies([v.assign_add(tf.cast(i, tf.float32))]):
            return i + 1

    last = tf.while_loop(lambda i: i < 5, body, [0])
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(last) == 5
        assert session.run(v) == 10.0


def test_shapes_that_change() -> None:
    grow = [tf.TensorShape([]), tf.TensorShape([None])]
    x = tf.constant(X)
    body = lambda i, y: (i + 1, tf.concat([y, y[:1]], 0))  # noqa: E731
    with pytest.raises(ValueError, match="shape_invariants"):
        tf.while_loop(lambda i, y: i < 2, body, [0, x])
    y = tf.while_loop(lambda i, y: i < 2, body, [0, x], shape_invariants=grow)[1]
    (g,) = tf.gradients(y, x)
    np.testing.assert_allclose(run(y), [1, 2, 3, 1, 1])
    np.testing.assert_allclose(run(g), [3, 1, 1])


def test_errors_name_the_operation_in_the_body() -> None:
    x = tf.placeholder(tf.float32, [None])
    checked = lambda i, y: (i + 1, tf.check_numerics(tf.log(y), "bad"))  # noqa: E731
    shapes = [tf.TensorShape([]), tf.TensorShape([None])]
    y = tf.while_loop(lambda i, y: i < 3, checked, [0, x], shape_invariants=shapes)[1]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"CheckNumerics.*test_control_flow"):
        run(y, {x: [-1.0]})


def test_what_is_inside_a_loop_stays_there() -> None:
    inside = []

    def body(i: Any) -> Any:
        inside.append(i * 2)
        return i + 1

    tf.while_loop(lambda i: i < 3, body, [0])
    with pytest.raises(ValueError, match="while loop"):
        inside[0] + 1


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(["double", "halve", "branch", "square"]), min_size=1, max_size=5),
    st.integers(0, 5),
    st.floats(-1.5, 1.5, width=32),
)
def test_random_bodies(steps: list[str], turns: int, start: float) -> None:
    """A loop of a random body against the same program in Python, with its derivative."""

    def graph_body(y: Any) -> Any:
        for step in steps:
            if step == "double":
                y = y * 2.0
            elif step == "halve":
                y = y * 0.5
            elif step == "square":
                y = tf.sin(y * y)
            else:
                y = tf.cond(y > 0.25, lambda y=y: y - 1.0, lambda y=y: y * 0.75)
        return y

    def plain(y: float) -> tuple[float, float]:
        slope = 1.0
        for step in steps * turns:
            if step == "double":
                y, slope = y * 2.0, slope * 2.0
            elif step == "halve":
                y, slope = y * 0.5, slope * 0.5
            elif step == "square":
                slope *= 2 * y * np.cos(y * y)
                y = float(np.sin(y * y))
            elif y > 0.25:
                y = y - 1.0
            else:
                y, slope = y * 0.75, slope * 0.75
        return y, slope

    with tf.Graph().as_default():
        x = tf.constant(start, tf.float64)
        y = tf.while_loop(lambda i, _: i < turns, lambda i, y: (i + 1, graph_body(y)), [0, x])[1]
        got = run([y, tf.gradients(y, x)[0]])
    np.testing.assert_allclose(got, plain(float(start)), rtol=1e-9, atol=1e-12)


# -- lists -------------------------------------------------------------------------------------
def test_tensor_array_ops() -> None:
    """Written, read, gathered, concatenated, split: "TensorArrayV3" and its kin, by the face."""
    assert {"TensorArrayWriteV3", "TensorArrayReadV3", "TensorArrayGatherV3"}
    x = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    array = tf.TensorArray(tf.float32, 3, clear_after_read=False).unstack(x)
    pieces = tf.TensorArray(tf.float32, 2, infer_shape=False).split(x, [1, 2])
    fetches = [array.read(1), array.gather([2, 0]), array.concat(), pieces.read(1), array.size()]
    types = {op.type for op in tf.get_default_graph().get_operations()}
    made = {"TensorArrayV3", "TensorArrayReadV3", "TensorArrayGatherV3", "TensorArrayScatterV3"}
    assert made | {"TensorArrayConcatV3", "TensorArraySplitV3", "TensorArraySizeV3"} <= types
    got = run(fetches)
    rows = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
    for value, want in zip(got, (rows[1], rows[[2, 0]], rows.ravel(), rows[1:], 3), strict=True):
        np.testing.assert_array_equal(value, want)
    (g,) = tf.gradients([array.gather([2, 0]) * 3.0, array.concat(), pieces.read(1)], x)
    np.testing.assert_array_equal(run(g), [[4, 4], [2, 2], [5, 5]])
    run(apply("TensorArrayCloseV3", array.handle))


def test_tensor_array_gradients_add_up() -> None:
    array = tf.TensorArray(tf.float32, 2).write(0, 1.0).write(1, 2.0)
    grads = array.grad("here").write(0, 1.5).write(0, 1.5)
    assert {op.type for op in tf.get_default_graph().get_operations()} >= {
        "TensorArrayGradV3",
        "TensorArrayWriteV3",
    }
    assert run(grads.read(0)) == 3.0
    shaped = apply("TensorArrayGradWithShape", array.handle, array.flow, [2], source="there")
    assert run(apply("TensorArraySizeV3", *shaped)) == 2


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda a: a.write(2, 1.0).flow, "not resizeable"),
        (lambda a: a.write(0, 1.0).write(0, 1.0).flow, "already been written"),
        (lambda a: a.read(0), "Could not read from TensorArray index 0"),
        (lambda a: a.write(-1, 1.0).flow, "index -1"),
    ],
)
def test_tensor_arrays_refuse(use: Any, words: str) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        run(use(tf.TensorArray(tf.float32, 2)))


def _list(x: Any) -> Any:
    return apply("TensorListFromTensor", x, [2])


def test_list_ops() -> None:
    rows = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
    x = tf.constant(rows)
    items = _list(x)
    stack = lambda v: apply("TensorListStack", v, [2], element_dtype=tf.float32)  # noqa: E731
    empty = apply("EmptyTensorList", [2], -1, element_dtype=tf.float32)
    pushed = apply("TensorListPushBack", empty, x[0])
    rest, last = apply("TensorListPopBack", items, [2], element_dtype=tf.float32)
    reserved = apply("TensorListReserve", [2], 2, element_dtype=tf.float32)
    item = apply("TensorListGetItem", items, 1, [2], element_dtype=tf.float32)
    changed = apply("TensorListSetItem", items, 1, x[0])
    gathered = apply("TensorListGather", items, [2, 0], [2], element_dtype=tf.float32)
    scattered = apply("TensorListScatter", x, [2, 0, 1], [2])
    scattered2 = apply("TensorListScatterV2", x, [2, 0, 1], [2], -1)
    into = apply("TensorListScatterIntoExistingList", items, x[:1], [2])
    both = apply("TensorListConcatLists", items, pushed, element_dtype=tf.float32)
    values, lengths = apply("TensorListConcat", items, element_dtype=tf.float32)
    values2, _ = apply("TensorListConcatV2", items, [2], [2], element_dtype=tf.float32)
    split = apply("TensorListSplit", x, [-1, 2], tf.constant([1, 2], tf.int64))
    piece = apply("TensorListGetItem", split, 1, [-1, 2], element_dtype=tf.float32)
    pairs = [
        (stack(pushed), rows[:1]),
        (last, rows[2]),
        (stack(rest), rows[:2]),
        (stack(reserved), np.zeros((2, 2))),
        (item, rows[1]),
        (stack(changed), rows[[0, 0, 2]]),
        (gathered, rows[[2, 0]]),
        (stack(scattered), rows[[1, 2, 0]]),
        (stack(scattered2), rows[[1, 2, 0]]),
        (stack(into), rows[[0, 1, 0]]),
        (stack(both), rows[[0, 1, 2, 0]]),
        (values, rows.ravel()),
        (lengths, [2, 2, 2]),
        (values2, rows.ravel()),
        (piece, rows[1:]),
        (stack(apply("TensorListResize", items, 2)), rows[:2]),
        (apply("TensorListLength", items), 3),
        (apply("TensorListElementShape", items, shape_type=tf.int32), [2]),
    ]
    for got, (_, want) in zip(run([p[0] for p in pairs]), pairs, strict=True):
        np.testing.assert_array_equal(got, want)
    weighted = [stack(changed)[2], item * 2.0, gathered[0] * 3.0, values[:2], piece[0] * 5.0, last]
    (g,) = tf.gradients(weighted, x)
    np.testing.assert_array_equal(run(g), [[1, 1], [7, 7], [5, 5]])


def test_lists_refuse() -> None:
    scalar = tf.constant([], tf.int32)
    empty = apply("EmptyTensorList", scalar, -1, element_dtype=tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="empty list"):
        run(apply("TensorListPopBack", empty, scalar, element_dtype=tf.float32)[1])
    with pytest.raises(tf.errors.InvalidArgumentError, match="element 3"):
        run(apply("TensorListGetItem", _list(tf.zeros([1, 2])), 3, [2], element_dtype=tf.float32))


@pytest.mark.parametrize("use_resource", [False, True])
def test_a_variable_is_read_by_the_branch_that_runs_alone(use_resource: bool) -> None:
    v = tf.Variable(3.0, use_resource=use_resource)
    y = tf.cond(tf.is_variable_initialized(v), v.read_value, lambda: tf.constant(7.0))
    p = tf.placeholder(tf.bool, [])
    z = tf.cond(p, lambda: v.read_value() * 2.0, lambda: tf.constant(1.0)) + 1.0
    with tf.Session() as session:
        assert session.run(y) == 7.0
        assert session.run(z, {p: False}) == 2.0
        with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value"):
            session.run(z, {p: True})
        session.run(v.initializer)
        assert session.run(y) == 3.0
        assert session.run(z, {p: True}) == 7.0


def _slopes_of_two_exits(v1: Any, second: Any) -> list[Any]:
    """d/da and d/db of a loop's first result plus what `second` makes of its second one."""
    with v1.Graph().as_default():
        a, b, n = v1.Variable(2.0), v1.Variable([3.0, 4.0]), v1.placeholder(v1.int32, [])
        _, x, y = v1.while_loop(
            lambda i, x, y: i < n, lambda i, x, y: (i + 1, x * a, y * 2.0 + b), (0, a, b)
        )
        got = v1.gradients(x + second(v1, y), [a, b])
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            return [None if g is None else session.run(g, {n: 3}).tolist() for g in got]


_SECONDS = {
    "stopped": lambda v1, y: v1.reduce_sum(v1.stop_gradient(y)),
    "rounded": lambda v1, y: v1.cast(v1.cast(v1.reduce_sum(y), v1.int32), v1.float32),
    "unused": lambda v1, y: 1.0,
    "used": lambda v1, y: v1.reduce_sum(y),
}


@pytest.mark.parametrize(
    ("second", "of_b"),
    [("stopped", [0.0, 0.0]), ("rounded", None), ("unused", None), ("used", [15.0, 15.0])],
)
def test_an_exit_without_gradient_beside_one_with_it(second: str, of_b: Any) -> None:
    assert _slopes_of_two_exits(tf, _SECONDS[second]) == [32.0, of_b]


@pytest.mark.oracle
@pytest.mark.parametrize("second", list(_SECONDS))
def test_exits_without_gradient_as_tensorflow(second: str) -> None:
    v1 = pytest.importorskip("tensorflow").compat.v1
    v1.disable_v2_behavior()
    v1.disable_control_flow_v2()
    ours = _slopes_of_two_exits(tf, _SECONDS[second])
    assert ours == _slopes_of_two_exits(v1, _SECONDS[second])


def test_a_scan_of_variables_has_zeros_where_nothing_flows() -> None:
    a, b = tf.Variable(0.0), tf.Variable(0.0)
    first, second = tf.scan(lambda e, i: (a, b), tf.zeros(5), initializer=(0.0, 0.0))
    got = tf.gradients(first + tf.stop_gradient(second), [a, b])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(got) == [5.0, 0.0]


_READERS = {
    "read": lambda array: array.read(0),
    "stack": lambda array: array.stack(),
    "concat": lambda array: array.concat(),
    "gather": lambda array: array.gather([1]),
}


@pytest.mark.parametrize("clears", [True, False])
@pytest.mark.parametrize("reader", list(_READERS))
def test_a_read_that_nobody_uses_empties_its_array(reader: str, clears: bool) -> None:
    array = tf.TensorArray(tf.float32, 2, clear_after_read=clears).unstack([[1.0, 2.0], [3.0, 4.0]])
    first = _READERS[reader](array)
    with tf.control_dependencies([first]):
        second = _READERS[reader](array)
    with tf.Session() as session:
        if not clears:
            assert session.run(second).tolist() == session.run(first).tolist()
            return
        with pytest.raises(tf.errors.InvalidArgumentError, match="twice because it was cleared"):
            session.run(second)
