"""Python's operators on tensors: what they compute, and which operations they add."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergraph import tf
from evergraph.errors import OperatorNotAllowedInGraphError

A = np.array([[1.5, -2.0], [3.0, 0.5]], np.float32)
B = np.array([[0.5, 2.0], [-1.0, 4.0]], np.float32)
M = np.array([7, -7, 8, -8], np.int32)
N = np.array([2, 2, -3, -3], np.int32)
FLAGS, OTHERS = np.array([True, True, False, False]), np.array([True, False, True, False])


def names() -> list[tuple[str, str]]:
    """Name and type of the default graph's operations."""
    return [(op.name, op.type) for op in tf.get_default_graph().get_operations()]


def run(x: Any) -> Any:
    """The value of a tensor."""
    with tf.Session() as session:
        return session.run(x)


ARITHMETIC = [
    (operator.add, "add", "AddV2"),
    (operator.sub, "sub", "Sub"),
    (operator.mul, "mul", "Mul"),
    (operator.truediv, "truediv", "RealDiv"),
    (operator.floordiv, "floordiv", "FloorDiv"),
    (operator.mod, "mod", "FloorMod"),
]


@pytest.mark.parametrize(("function", "name", "kind"), ARITHMETIC)
def test_arithmetic(function: Any, name: str, kind: str) -> None:
    y = function(tf.constant(A), tf.constant(B))
    assert names()[2:] == [(name, kind)]
    np.testing.assert_allclose(run(y), function(A, B), rtol=1e-6)


@pytest.mark.parametrize(("function", "name", "kind"), ARITHMETIC)
def test_numbers_become_constants_below_the_operation(function: Any, name: str, kind: str) -> None:
    x = tf.constant(A)
    y = function(x, 2)
    z = function(3.0, x)
    added = [(f"{name}/y", "Const"), (name, kind), (f"{name}_1/x", "Const"), (f"{name}_1", kind)]
    assert names()[1:] == added
    np.testing.assert_allclose(run(y), function(A, np.float32(2)), rtol=1e-6)
    np.testing.assert_allclose(run(z), function(np.float32(3), A), rtol=1e-6)


def test_integers() -> None:
    x, y = tf.constant(M), tf.constant(N)
    np.testing.assert_array_equal(run(x // y), M // N)
    np.testing.assert_array_equal(run(x % y), M % N)
    quotient = x / y
    assert quotient.dtype is tf.float64
    np.testing.assert_array_equal(run(quotient), M / N)
    assert ("truediv/Cast", "Cast") in names() and ("truediv/Cast_1", "Cast") in names()
    np.testing.assert_array_equal(run(2 ** x[:1]), [128])


def test_power_negation_and_absolute_value() -> None:
    x = tf.constant(A)
    np.testing.assert_allclose(run(x**2), A**2)
    np.testing.assert_array_equal(run(-x), -A)
    np.testing.assert_array_equal(run(abs(x)), np.abs(A))
    assert [n for n, _ in names()[1:]] == ["pow/y", "pow", "Neg", "Abs"]


def test_absolute_value_of_complex_numbers() -> None:
    y = abs(tf.constant(np.array([3 + 4j], np.complex64)))
    assert y.dtype is tf.float32
    np.testing.assert_allclose(run(y), [5.0])


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (operator.lt, "Less"),
        (operator.le, "LessEqual"),
        (operator.gt, "Greater"),
        (operator.ge, "GreaterEqual"),
    ],
)
def test_comparisons(function: Any, name: str) -> None:
    x = tf.constant(A)
    np.testing.assert_array_equal(run(function(x, tf.constant(B))), function(A, B))
    np.testing.assert_array_equal(run(function(x, 1)), function(A, 1))
    assert names()[2:] == [(name, name), (f"{name}_1/y", "Const"), (f"{name}_1", name)]


def test_comparison_with_a_number_on_the_left() -> None:
    np.testing.assert_array_equal(run(tf.constant(A) > 1.0), A > 1)


def test_logic() -> None:
    x, y = tf.constant(FLAGS), tf.constant(OTHERS)
    np.testing.assert_array_equal(run(x & y), FLAGS & OTHERS)
    np.testing.assert_array_equal(run(x | y), FLAGS | OTHERS)
    np.testing.assert_array_equal(run(x ^ y), FLAGS ^ OTHERS)
    np.testing.assert_array_equal(run(~x), ~FLAGS)
    np.testing.assert_array_equal(run(True & x), FLAGS)
    added = ["and", "or", "xor/LogicalOr", "xor/LogicalAnd", "xor/LogicalNot", "xor", "LogicalNot"]
    assert [n for n, _ in names()[2:9]] == added


def test_matrix_product() -> None:
    np.testing.assert_allclose(run(tf.constant(A) @ tf.constant(B)), A @ B)
    np.testing.assert_allclose(run(A @ tf.constant(B)), A @ B)
    stack = np.stack([A, B])
    np.testing.assert_allclose(run(tf.constant(stack) @ tf.constant(stack)), stack @ stack)
    assert [k for n, k in names() if n.startswith("matmul") and k != "Const"] == [
        "MatMul",
        "MatMul",
        "BatchMatMulV2",
    ]


def test_equality_is_identity() -> None:
    x, y = tf.constant(1.0), tf.constant(1.0)
    assert x == x and x != y and len({x, y}) == 2


def test_dtypes_must_agree() -> None:
    with pytest.raises(TypeError, match="float32"):
        tf.constant(A) + tf.constant(M)
    with pytest.raises(TypeError):
        tf.constant(M) + 1.5
    with pytest.raises(TypeError, match=r"tf\.cast"):
        tf.constant(M) / tf.constant(A)
    assert (tf.constant(A) + 1).dtype is tf.float32
    assert (tf.constant(A) + np.float64(1)).dtype is tf.float32


def test_an_object_that_knows_tensors_takes_over() -> None:
    class Unit:
        def __radd__(self, other: Any) -> str:
            return "mine"

    assert tf.constant(1.0) + Unit() == "mine"


def test_lists_with_tensors_are_packed() -> None:
    x = tf.constant(2.0)
    y = operator.add(tf.constant(A[0]), [x, 3])
    assert names()[2:] == [("add/y/1", "Const"), ("add/y", "Pack"), ("add", "AddV2")]
    np.testing.assert_array_equal(run(y), A[0] + [2, 3])


def test_dimensions_and_shapes_as_operands() -> None:
    x = tf.constant(M)
    np.testing.assert_array_equal(run(x * x.shape[0]), M * 4)
    assert (x.shape[0] * 2).value == 8
    with pytest.raises(ValueError, match=r"tf\.shape"):
        x * tf.placeholder(tf.int32, [None]).shape[0]


def test_indexed_slices_as_operands() -> None:
    rows = tf.IndexedSlices(tf.constant(A), tf.constant([2, 0]), tf.constant([3, 2]))
    np.testing.assert_array_equal(run(rows + tf.ones([3, 2])), [[4, 1.5], [1, 1], [2.5, -1]])


# -- x[...] ----------------------------------------------------------------------------------
X = np.arange(60).reshape(3, 4, 5)


@pytest.mark.parametrize(
    "index",
    [
        1,
        -1,
        (1, 2, 3),
        (slice(None), 2),
        (slice(1, 3), slice(None, None, -1)),
        (slice(-1, None, -2), Ellipsis, 0),
        (Ellipsis, None, slice(4, 1, -2)),
        (None, 0, None, slice(0, 2)),
        Ellipsis,
        (),
        (slice(5, 1), slice(-100, 100)),
        np.int64(2),
    ],
    ids=str,
)
def test_getitem(index: Any) -> None:
    x = tf.constant(X)
    y = x[index]
    want = X[index]
    assert y.shape.as_list() == list(want.shape)
    np.testing.assert_array_equal(run(y), want)
    fed = tf.placeholder(tf.int64, [None, None, None])
    with tf.Session() as session:
        np.testing.assert_array_equal(session.run(fed[index], {fed: X}), want)


bounds = st.none() | st.integers(-7, 7)
slices = st.builds(slice, bounds, bounds, st.none() | st.integers(-3, 3).filter(bool))
entries = st.one_of(st.integers(-3, 2), slices, st.none())


@given(st.lists(entries, max_size=5), st.booleans())
def test_getitem_is_numpys(items: list[Any], ellipsis: bool) -> None:
    index = (*items, Ellipsis) if ellipsis else tuple(items)
    if sum(i is not None and i is not Ellipsis for i in index) > 3:
        return
    want = X[index]
    with tf.Graph().as_default(), tf.Session() as session:
        y = tf.constant(X)[index]
        assert y.shape.as_list() == list(want.shape)
        np.testing.assert_array_equal(session.run(y), want)


def test_getitem_adds_tensorflows_operations() -> None:
    x = tf.constant(X)
    x[1:, 2]
    added = ["strided_slice/stack", "strided_slice/stack_1", "strided_slice/stack_2"]
    assert names()[1:] == [*((n, "Const") for n in added), ("strided_slice", "StridedSlice")]
    attrs = tf.get_default_graph().get_operations()[-1].attrs
    assert (attrs["begin_mask"], attrs["end_mask"], attrs["shrink_axis_mask"]) == (0, 1, 2)


def test_getitem_with_tensors() -> None:
    x = tf.constant(X)
    i = tf.placeholder(tf.int32, [])
    y = x[i, : i + 1]
    assert y.shape.as_list() == [None, 5]
    expected = [
        "add/y",
        "add",
        "add_1/y",
        "add_1",
        "strided_slice/stack/1",
        "strided_slice/stack",
        "strided_slice/stack_1",
        "strided_slice/stack_2",
        "strided_slice",
    ]
    assert [n for n, _ in names()[2:]] == expected
    with tf.Session() as session:
        np.testing.assert_array_equal(session.run(y, {i: 2}), X[2, :3])


def test_getitem_with_a_long_index_makes_all_vectors_long() -> None:
    i = tf.placeholder(tf.int64, [])
    y = tf.constant(X)[i]
    assert y.op.inputs[3].dtype is tf.int64
    with tf.Session() as session:
        np.testing.assert_array_equal(session.run(y, {i: 1}), X[1])


def test_getitem_with_a_mask() -> None:
    mask = X[:, 0, 0] > 10
    np.testing.assert_array_equal(run(tf.constant(X)[mask]), X[mask])
    x = tf.constant(X)
    np.testing.assert_array_equal(run(x[x > 30]), X[X > 30])


@pytest.mark.parametrize("index", [1.0, "a", np.float32(1), [1.5]], ids=str)
def test_getitem_refuses(index: Any) -> None:
    with pytest.raises(TypeError, match="valid indices"):
        tf.constant(X)[index]


def test_getitem_out_of_range() -> None:
    with pytest.raises(ValueError, match="out of bounds"):
        tf.constant(X)[3]
    with pytest.raises(ValueError, match="dims"):
        tf.constant(X)[0, 0, 0, 0]
    fed = tf.placeholder(tf.int64)
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError):
        session.run(fed[5], {fed: X})


def test_what_a_graph_cannot_do() -> None:
    x = tf.constant([1.0, 2.0])
    with pytest.raises(OperatorNotAllowedInGraphError):
        bool(x > 1)
    with pytest.raises(OperatorNotAllowedInGraphError):
        list(x)


def test_operators_of_variables() -> None:
    v = tf.Variable(A)
    with tf.Session() as session:
        session.run(v.initializer)
        np.testing.assert_allclose(session.run(1 - v * v / 2), 1 - A * A / 2)
        np.testing.assert_array_equal(session.run(v[0]), A[0])


def test_static_shapes_of_shape_arithmetic() -> None:
    x = tf.placeholder(tf.float32, [None, 4, 5])
    flat = tf.reshape(x, [tf.shape(x)[0], 20])
    assert flat.shape.as_list() == [None, 20]
    again = tf.reshape(flat, tf.concat([tf.shape(x)[:1], [-1, 5]], 0))
    assert again.shape.as_list() == [None, None, 5]
    assert tf.zeros([tf.shape(x)[1], 2]).shape.as_list() == [4, 2]
    assert tf.reshape(x, tf.stack([-1, tf.shape(x)[2]])).shape.as_list() == [None, 5]
    assert tf.fill(tf.gather(tf.shape(x), [2, 1]), 0.0).shape.as_list() == [5, 4]
