"""Python and NumPy values as constants: dtypes, shapes, refusals, as TensorFlow's `tf.constant`."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from evergraph import tf
from evergraph.core import convert
from evergraph.core.convert import constant, convert_to_tensor, make_array
from evergraph.core.dtypes import as_dtype
from evergraph.core.graph import Graph, get_default_graph
from evergraph.core.tensor_shape import Dimension, TensorShape


class Table:
    """Something that NumPy takes for an array, as data frames are."""

    def __init__(self, array: Any) -> None:
        self.array = np.asarray(array)

    def __repr__(self) -> str:
        return f"Table({self.array.tolist()})"

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.array if dtype is None else self.array.astype(dtype)


# value, dtype, shape, elements
VALUES: list[tuple[Any, str, tuple[int, ...], Any]] = [
    (1, "int32", (), 1),
    (1.5, "float32", (), 1.5),
    (True, "bool", (), True),
    (1 + 2j, "complex128", (), 1 + 2j),
    ("a", "string", (), b"a"),
    ("ä", "string", (), "ä".encode()),
    (b"a\0", "string", (), b"a\0"),
    ("", "string", (), b""),
    ([], "float32", (0,), []),
    ([[], []], "float32", (2, 0), [[], []]),
    ([1, 2], "int32", (2,), [1, 2]),
    ((1, (2)), "int32", (2,), [1, 2]),
    ([1, 2.5], "float32", (2,), [1.0, 2.5]),
    ([True, 2], "int32", (2,), [1, 2]),
    ([True, False], "bool", (2,), [True, False]),
    ([1, 1j], "complex128", (2,), [1, 1j]),
    ([["a"], [b"b"]], "string", (2, 1), [[b"a"], [b"b"]]),
    ([b"a\0", "b"], "string", (2,), [b"a\0", b"b"]),
    (range(3), "int32", (3,), [0, 1, 2]),
    (2**31 - 1, "int32", (), 2**31 - 1),
    (2**31, "int64", (), 2**31),
    ([-(2**31) - 1, 0], "int64", (2,), [-(2**31) - 1, 0]),
    (2**63, "uint64", (), 2**63),
    (np.float64(1.5), "float64", (), 1.5),
    (np.int64(3), "int64", (), 3),
    (np.float16(2), "float16", (), 2.0),
    ([np.float64(1.5)], "float32", (1,), [1.5]),
    ([np.int64(3)], "int32", (1,), [3]),
    ([np.float16(2)], "float16", (1,), [2.0]),
    ([np.uint8(200), np.uint8(3)], "uint8", (2,), [200, 3]),
    ([np.float32(1), 2], "float32", (2,), [1.0, 2.0]),
    (np.array([1, 2]), "int64", (2,), [1, 2]),
    (np.array([1.0, 2.0]), "float64", (2,), [1.0, 2.0]),
    (np.array("s"), "string", (), b"s"),
    (np.array([b"a", b"bc"]), "string", (2,), [b"a", b"bc"]),
    (np.zeros((0, 3), np.int8), "int8", (0, 3), []),
    (Table([1.0, 2.0]), "float64", (2,), [1.0, 2.0]),
]


@pytest.mark.parametrize(("value", "dtype", "shape", "elements"), VALUES, ids=repr)
def test_dtype_and_shape_follow_from_the_value(
    value: Any, dtype: str, shape: Any, elements: Any
) -> None:
    t = constant(value)
    array = t.op.attrs["value"]
    assert (t.dtype.name, t.op.type, t.op.name) == (dtype, "Const", "Const")
    assert t.shape.as_list() == list(shape) and array.shape == shape
    assert array.tolist() == elements
    assert t.op.attrs["dtype"] is t.dtype


@pytest.mark.parametrize(
    ("value", "dtype", "elements"),
    [
        (1, "float32", 1.0),
        (1, "bfloat16", 1.0),
        (1, "complex64", 1 + 0j),
        ([1, 2], "uint8", [1, 2]),
        (True, "float32", 1.0),
        ([True, 2], "int64", [1, 2]),
        (1.5, "float64", 1.5),
        ("a", "string", b"a"),
        ([True], "bool", [True]),
        (np.array([1.7, -1.7]), "int32", [1, -1]),
        (np.array([0, 2]), "bool", [False, True]),
        (np.array([1, 2]), "float16", [1.0, 2.0]),
        (np.array([1, 2], object), "float32", [1.0, 2.0]),
        (Table([1.5]), "int32", [1]),
        (range(2), "float32", [0.0, 1.0]),
        ([np.float64(2)], "float32", [2.0]),
        ([np.array([1, 2]), np.array([3, 4])], "float32", [[1.0, 2.0], [3.0, 4.0]]),
        (Dimension(3), "int64", 3),
    ],
)
def test_a_dtype_that_was_asked_for(value: Any, dtype: str, elements: Any) -> None:
    array = make_array(value, as_dtype(dtype))
    assert array.dtype == as_dtype(dtype).np_dtype and array.tolist() == elements


@pytest.mark.parametrize(
    ("value", "dtype", "text"),
    [
        (1.5, "int32", "Expected int32, got 1.5 of type 'float' instead"),
        ([1, 2.5], "int64", "Expected int64, got 2.5 of type 'float'"),
        ("a", "float32", "Expected float32, got 'a' of type 'str'"),
        (1, "string", "Expected string, got 1 of type 'int'"),
        (1, "bool", "Expected bool, got 1 of type 'int'"),
        (1j, "float32", "Expected float32, got 1j of type 'complex'"),
        ([1.0, None], "float32", "Expected float32, got None of type 'NoneType'"),
        ([np.array([1.5])], "int32", "Expected int32"),
        ([np.bool_(True)], "float32", "Expected float32"),
        ({}, "float32", "Expected float32, got {} of type 'dict'"),
        ([1, "a"], None, "Expected string, got 1"),
        ([None], None, "Failed to convert object of type"),
        (object(), None, "Failed to convert object of type"),
        ({"a": 1}, None, "Failed to convert object of type"),
        (2**64, None, "Failed to convert object of type"),
        (np.datetime64("2020"), None, "Cannot convert value"),
        (np.array([object()]), None, "Expected string"),
    ],
)
def test_values_of_the_wrong_type(value: Any, dtype: str | None, text: str) -> None:
    with pytest.raises(TypeError, match=re.escape(text)):
        constant(value, None if dtype is None else as_dtype(dtype))
    assert get_default_graph().operations == []


@pytest.mark.parametrize(
    ("value", "dtype", "text"),
    [
        (None, None, "None values not supported"),
        (None, "float32", "None values not supported"),
        ([[1], [2, 3]], None, "dense tensor"),
        ([1, [2]], "float32", "dense tensor"),
        ([["a"], ["b", "c"]], "string", "dense tensor"),
        ([["a"], ["b", "c"]], None, "dense tensor"),
        (2**31, "int32", "does not fit in int32"),
        (-1, "uint8", "does not fit in uint8"),
        ([0, 256], "uint8", "does not fit in uint8: 256"),
        (2**64, "int64", "does not fit in int64"),
        (np.array(["x"]), "float32", "could not convert"),
    ],
)
def test_values_that_no_constant_can_have(value: Any, dtype: str | None, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        constant(value, None if dtype is None else as_dtype(dtype))
    assert get_default_graph().operations == []


def test_what_is_not_supported_says_so() -> None:
    with pytest.raises(NotImplementedError, match="resource"):
        constant(1, as_dtype("resource"))


def test_constants_keep_their_own_copy() -> None:
    source = np.array([1.0, 2.0], np.float32)
    t = constant(source)
    source[:] = 7
    assert t.op.attrs["value"].tolist() == [1.0, 2.0]
    assert not t.op.attrs["value"].flags.writeable


def test_filling_a_shape() -> None:
    assert constant(7, shape=(2, 2)).op.attrs["value"].tolist() == [[7, 7], [7, 7]]
    assert constant([1, 2], shape=(4,)).op.attrs["value"].tolist() == [1, 2, 2, 2]
    assert constant([1, 2, 3, 4], shape=(2, 2)).op.attrs["value"].tolist() == [[1, 2], [3, 4]]
    with pytest.raises(ValueError, match=r"Needed at most 2 .* but received 3"):
        constant([1, 2, 3], shape=(2,))
    with pytest.raises(ValueError, match="no elements"):
        constant([], shape=(2,))


# -- conversion ------------------------------------------------------------------------------
def test_tensors_are_themselves() -> None:
    t = constant(1.0)
    assert convert_to_tensor(t) is t and convert_to_tensor(t, as_dtype("float32")) is t
    with pytest.raises(
        ValueError, match=r"requested dtype int32 for Tensor with dtype float32.*cast"
    ):
        convert_to_tensor(t, as_dtype("int32"))


def test_wanted_dtypes_are_only_taken_where_they_fit() -> None:
    assert tf.convert_to_tensor(1, dtype_hint=tf.float32).dtype is tf.float32
    assert tf.convert_to_tensor(1, preferred_dtype=tf.int64).dtype is tf.int64
    assert tf.convert_to_tensor(1.5, dtype_hint=tf.int32).dtype is tf.float32
    assert tf.convert_to_tensor("a", dtype_hint=tf.int32).dtype is tf.string
    assert tf.convert_to_tensor(1, dtype=tf.float32, dtype_hint=tf.int64).dtype is tf.float32


def test_dimensions_and_shapes_are_int32() -> None:
    t = tf.convert_to_tensor(Dimension(3) * 2)
    assert t.dtype is tf.int32 and t.op.attrs["value"].tolist() == 6
    t = tf.convert_to_tensor(TensorShape([2, 3]))
    assert t.dtype is tf.int32 and t.op.attrs["value"].tolist() == [2, 3]
    assert tf.convert_to_tensor(TensorShape([2, 3]), dtype=tf.int64).dtype is tf.int64
    for value in (Dimension(3), TensorShape([2])):
        with pytest.raises(TypeError):
            tf.convert_to_tensor(value, dtype=tf.float32)
    for value in (Dimension(None), TensorShape([None, 2]), TensorShape(None)):
        with pytest.raises(ValueError):
            tf.convert_to_tensor(value)


def test_a_quotient_by_a_dimension_is_refused() -> None:
    with pytest.raises(TypeError, match="same dtype"):
        _ = constant(1.0) / tf.convert_to_tensor(Dimension(3))


def test_lists_with_tensors_are_packed() -> None:
    a = constant(1.0, name="a")
    t = tf.convert_to_tensor([a, 2.0, a], name="all")
    assert t.op.type == "Pack" and t.shape.as_list() == [3]
    t = tf.convert_to_tensor([[a, 1.0], [2.0, a]])
    assert t.shape.as_list() == [2, 2]
    with pytest.raises(TypeError):
        tf.convert_to_tensor([a, constant(1)])


def test_registered_conversions() -> None:
    class Celsius:
        def __init__(self, degrees: float) -> None:
            self.degrees = degrees

    def to_tensor(value: Any, dtype: Any = None, name: Any = None, as_ref: bool = False) -> Any:
        if dtype is tf.string:
            return NotImplemented
        return constant(value.degrees + 273.0, dtype, name)

    tf.register_tensor_conversion_function(Celsius, to_tensor)
    try:
        assert tf.convert_to_tensor(Celsius(1.0)).op.attrs["value"] == 274.0
        assert (constant(1.0) + Celsius(1.0)).dtype is tf.float32
        with pytest.raises(TypeError):
            tf.convert_to_tensor(Celsius(1.0), dtype=tf.string)
    finally:
        convert._converters[:] = [c for c in convert._converters if c[2] is not Celsius]
        convert._by_type.clear()
    with pytest.raises(TypeError, match="callable"):
        tf.register_tensor_conversion_function(Celsius, "no function")


def test_slices_stay_slices_where_asked() -> None:
    slices = tf.IndexedSlices(constant([[1.0]]), constant([0]), constant([3, 1]))
    assert tf.convert_to_tensor_or_indexed_slices(slices) is slices
    assert tf.convert_to_tensor_or_indexed_slices(1.0).dtype is tf.float32
    with pytest.raises(ValueError, match="requested dtype int32"):
        tf.convert_to_tensor_or_indexed_slices(slices, tf.int32)


def test_what_is_a_tensor() -> None:
    assert tf.is_tensor(constant(1.0))
    assert not tf.is_tensor(1.0) and not tf.is_tensor(np.ones(2)) and not tf.is_tensor(None)


# -- any value -------------------------------------------------------------------------------
_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.integers(-5, 5),
    st.floats(width=32),
    st.complex_numbers(max_magnitude=1e3),
    st.text(max_size=3),
    st.binary(max_size=3),
    st.builds(np.float64, st.floats(-5, 5)),
    st.builds(np.float16, st.floats(-5, 5, width=16)),
    st.builds(np.int64, st.integers(-5, 2**40)),
    st.builds(np.uint8, st.integers(0, 255)),
    st.builds(np.bool_, st.booleans()),
)
_alike = _scalars.flatmap(lambda x: st.lists(st.just(x), max_size=3))
_nested = st.recursive(
    st.one_of(_scalars, _alike), lambda inner: st.lists(inner, max_size=3), max_leaves=6
)
_arrays = hnp.arrays(
    st.sampled_from(["f4", "f8", "f2", "i4", "i8", "u1", "?", "c8"]),
    hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3),
)
_any_value = st.one_of(_nested, _arrays)
_any_dtype = st.sampled_from(
    [
        None,
        "float32",
        "float64",
        "float16",
        "int32",
        "int64",
        "uint8",
        "bool",
        "string",
        "complex64",
    ]
)


@given(_any_value, _any_dtype)
def test_any_value_becomes_a_constant_or_an_error(value: Any, dtype: str | None) -> None:
    with Graph().as_default() as graph:
        try:
            t = constant(value, None if dtype is None else as_dtype(dtype))
        except (TypeError, ValueError):
            assert graph.operations == []
            return
    assert dtype is None or t.dtype.name == dtype
    array = t.op.attrs["value"]
    assert array.dtype == t.dtype.np_dtype and array.shape == tuple(t.shape.as_list())


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@given(_any_value, _any_dtype)
def test_constants_are_those_of_tensorflow(value: Any, dtype: str | None) -> None:
    pytest.importorskip("tensorflow")
    want = _theirs(value, dtype)
    got = _ours(value, dtype)
    if _stricter(value, dtype, got):
        return
    assert got == want


def _stricter(value: Any, dtype: str | None, got: Any) -> bool:
    """TensorFlow wraps integers that do not fit; here they are an error."""
    return got == "ValueError" and dtype in ("int32", "int64", "uint8") and _has_big_int(value)


def _has_big_int(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_has_big_int, value))
    return isinstance(value, (int, np.integer)) and not 0 <= int(value) <= 255


def _ours(value: Any, dtype: str | None) -> Any:
    with Graph().as_default():
        try:
            t = constant(value, None if dtype is None else as_dtype(dtype))
        except (TypeError, ValueError) as error:
            return type(error).__name__
    return t.dtype.name, repr(t.op.attrs["value"].tolist())


def _theirs(value: Any, dtype: str | None) -> Any:
    import tensorflow.compat.v1 as theirs
    from tensorflow.python.framework import tensor_util

    with theirs.Graph().as_default():
        try:
            t = theirs.constant(value, dtype and theirs.as_dtype(dtype))
        except (TypeError, ValueError) as error:
            return type(error).__name__
        except OverflowError:  # 2.21 lets NumPy's error through
            return "ValueError"
        return t.dtype.name, repr(np.asarray(tensor_util.constant_value(t)).tolist())
