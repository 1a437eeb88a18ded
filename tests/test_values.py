"""What is known of a tensor's value before any run: constants, and partly known shape vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evergraph import tf
from evergraph.core.convert import constant
from evergraph.core.emit import apply
from evergraph.core.graph import Graph
from evergraph.core.shape import compatible
from evergraph.core.tensor import Literal, Tensor
from evergraph.core.values import ConcreteValues, OperandValues, constant_value, value_as_shape


def placeholder(shape: Any = None, dtype: Any = tf.float32) -> Tensor:
    return apply("Placeholder", dtype=dtype, shape=shape)


def known(x: Any) -> Any:
    value = constant_value(x)
    return None if value is None else value.tolist()


# -- constants -------------------------------------------------------------------------------
def test_constants_and_what_is_computed_of_them() -> None:
    two = constant(2)
    assert known(two) == 2 and known(Literal([1, 2])) == [1, 2]
    assert known((two + 3) * two) == 10
    assert known(apply("Pack", [two, 5])) == [2, 5]
    assert known(apply("Range", 0, two, 1)) == [0, 1]
    assert known(apply("Fill", [2], 7)) == [7, 7]
    assert known(apply("Cast", 1.7, DstT=tf.int32)) == 1
    assert known(constant([1, 2, 3])[1:]) == [2, 3]
    assert [known(t) for t in apply("Split", 0, [1, 2], num_split=2)] == [[1], [2]]


def test_folded_values_have_the_dtype_of_the_tensor() -> None:
    for t in (constant(2.5) * 2, apply("Shape", constant([1.0]), out_type=tf.int64)):
        value = constant_value(t)
        assert value is not None and value.dtype == t.dtype.np_dtype


def test_values_cannot_be_written_to() -> None:
    x = placeholder((2, 3))
    for t in (constant([1, 2]), apply("Shape", x), apply("Pack", [1, 2])):
        value = constant_value(t)
        assert value is not None and not value.flags.writeable


def test_shape_queries_follow_from_static_shapes() -> None:
    x = placeholder((2, 3))
    assert known(apply("Shape", x)) == [2, 3]
    assert known(apply("Size", x)) == 6 and known(apply("Rank", x)) == 2
    assert known(apply("Shape", x)[0] * 5) == 10
    part = placeholder((None, 3))
    assert known(apply("Shape", part)) is None and known(apply("Size", part)) is None
    assert known(apply("Rank", part)) == 2 and known(apply("Rank", placeholder())) is None


def test_what_hangs_on_the_run_is_unknown() -> None:
    x = placeholder(())
    variable = apply("VariableV2", shape=(), dtype=tf.float32)
    for t in (x, x * 2, variable, apply("Identity", variable), apply("AddN", [x, 1.0])):
        assert known(t) is None
    assert known(apply("PlaceholderWithDefault", 1.0, shape=())) is None


def test_long_chains_do_not_recurse() -> None:
    x = y = constant(0)
    for _ in range(3000):
        x = x + 1
    assert known(x) == 3000
    unknown = placeholder((), tf.int32)
    for _ in range(3000):
        unknown = unknown + y
    assert known(unknown) is None


def test_large_results_are_left_to_the_run() -> None:
    big = constant(np.ones((300, 300), np.float32))
    assert constant_value(big) is not None
    assert constant_value(big * 2.0) is None
    assert constant_value(apply("Fill", [1000, 1000], 0)) is None


def test_operands_that_a_kernel_refuses_are_left_to_the_run() -> None:
    indices = constant([5])
    t = apply("GatherV2", [1.0, 2.0], indices, 0)
    assert known(t) is None


def test_a_shape_that_is_set_later_tells_more() -> None:
    x = placeholder()
    vector = apply("Shape", x)
    double = vector * 2
    rows = vector[0]
    assert known(double) is None and known(rows) is None
    x.set_shape([None, 3])
    assert known(double) is None and value_as_shape(vector) == (None, 3)
    x.set_shape([2, None])
    assert known(double) == [4, 6] and known(rows) == 2


# -- partly known vectors --------------------------------------------------------------------
def test_vectors_as_shapes() -> None:
    s = apply("Shape", placeholder((None, 3, 4)))
    assert value_as_shape(s) == (None, 3, 4)
    assert value_as_shape(Literal([2, -1])) == (2, None)
    assert value_as_shape(constant([2, -1])) == (2, None)
    assert value_as_shape(apply("Pack", [s[0], 5])) == (None, 5)
    assert value_as_shape(apply("ConcatV2", [s, [7]], 0)) == (None, 3, 4, 7)
    assert value_as_shape(s[1:]) == (3, 4) and value_as_shape(s[:2]) == (None, 3)
    assert value_as_shape(s[::2]) == (None, 4)


def test_vectors_of_which_only_the_length_is_known() -> None:
    assert value_as_shape(placeholder((3,), tf.int32)) == (None, None, None)
    assert value_as_shape(placeholder((None,), tf.int32)) is None
    assert value_as_shape(apply("Shape", placeholder())) is None


def test_partial_shapes_reach_the_results() -> None:
    x = placeholder((None, 6))
    batch = apply("Shape", x)[0]
    assert apply("Reshape", x, apply("Pack", [batch, 2, 3])).shape.as_list() == [None, 2, 3]
    assert apply("Reshape", x, [-1, 3]).shape.as_list() == [None, 3]
    assert apply("Fill", apply("Pack", [batch, 4]), 0.0).shape.as_list() == [None, 4]
    zeros = apply("Fill", apply("ConcatV2", [apply("Shape", x), [2]], 0), 0.0)
    assert zeros.shape.as_list() == [None, 6, 2]


def test_values_of_a_run() -> None:
    values = ConcreteValues([np.array([2, -1]), None])
    assert values[0] is not None and values[1] is None and values.as_shape(0) == (2, None)
    operands = OperandValues([constant([2, 3]), placeholder()])
    assert operands[1] is None and operands.as_shape(0) == (2, 3)


# -- what is known before the run holds in the run -------------------------------------------
_DIMS = st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=3)


@st.composite
def shape_vectors(draw: Any, x: Tensor) -> Tensor:
    """A vector computed from the shape of `x`."""
    s: Tensor = apply("Shape", x)
    for _ in range(draw(st.integers(0, 3))):
        n = s.shape.as_list()[0]
        i = draw(st.integers(0, n - 1))
        step = draw(st.sampled_from(["slice", "pack", "concat", "double", "reverse"]))
        if step == "slice":
            s = s[: i + 1]
        elif step == "pack":
            s = apply("Pack", [s[i], draw(st.integers(1, 3))])
        elif step == "concat":
            s = apply("ConcatV2", [s, s[i:]], 0)
        elif step == "double":
            s = s * 2
        else:
            s = s[::-1]
    return s


@given(_DIMS, st.data())
def test_partial_values_hold_in_the_run(dims: Any, data: Any) -> None:
    full = tuple(d for d, _ in dims)
    with Graph().as_default() as graph:
        x = placeholder(tuple(None if hide else d for d, hide in dims))
        vector = data.draw(shape_vectors(x))
        told = value_as_shape(vector)
        constant_ = constant_value(vector)
        filled = apply("Fill", vector, 1.0)
        with tf.Session(graph=graph) as session:
            got, array = session.run([vector, filled], {x: np.zeros(full, np.float32)})
    assert compatible(told, tuple(got))
    assert constant_ is None or constant_.tolist() == got.tolist()
    assert compatible(filled.static_shape, array.shape)
    assert array.shape == tuple(got)
