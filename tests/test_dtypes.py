"""Dtypes: names, numbers, conversions to and from NumPy, reference dtypes, limits."""

from __future__ import annotations

import pickle

import ml_dtypes
import numpy as np
import pytest

from evergraph.core import dtypes
from evergraph.core.dtypes import as_dtype

# name, number, size, floating, integer, complex, unsigned
KINDS = [
    ("float32", 1, 4, True, False, False, False),
    ("float64", 2, 8, True, False, False, False),
    ("int32", 3, 4, False, True, False, False),
    ("uint8", 4, 1, False, True, False, True),
    ("int16", 5, 2, False, True, False, False),
    ("int8", 6, 1, False, True, False, False),
    ("string", 7, 1, False, False, False, False),
    ("complex64", 8, 8, False, False, True, False),
    ("int64", 9, 8, False, True, False, False),
    ("bool", 10, 1, False, False, False, False),
    ("qint8", 11, 1, False, False, False, False),
    ("quint8", 12, 1, False, False, False, False),
    ("qint32", 13, 4, False, False, False, False),
    ("bfloat16", 14, 2, True, False, False, False),
    ("qint16", 15, 2, False, False, False, False),
    ("quint16", 16, 2, False, False, False, False),
    ("uint16", 17, 2, False, True, False, True),
    ("complex128", 18, 16, False, False, True, False),
    ("float16", 19, 2, True, False, False, False),
    ("resource", 20, 1, False, False, False, False),
    ("variant", 21, 1, False, False, False, False),
    ("uint32", 22, 4, False, True, False, True),
    ("uint64", 23, 8, False, True, False, True),
]
NAMES = [k[0] for k in KINDS]
IN_NUMPY = [n for n in NAMES if n not in ("string", "resource", "variant") and "q" not in n]


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_what_a_dtype_tells(kind: tuple[object, ...]) -> None:
    name, number, size, floating, integer, complex_, unsigned = kind
    d = as_dtype(name)
    assert (d.name, d.as_datatype_enum, int(d), d.size) == (name, number, number, size)
    assert (d.is_floating, d.is_integer, d.is_complex) == (floating, integer, complex_)
    assert d.is_unsigned == unsigned
    assert d.is_bool == (name == "bool")
    assert d.is_quantized == ("q" in name)
    assert str(d) == f"<dtype: {name!r}>"
    assert repr(d) == f"tf.{name}"


@pytest.mark.parametrize("name", NAMES)
def test_one_object_a_type(name: str) -> None:
    d = as_dtype(name)
    assert as_dtype(d) is d
    assert as_dtype(int(d)) is d
    assert pickle.loads(pickle.dumps(d)) is d
    assert len({d, as_dtype(name)}) == 1


@pytest.mark.parametrize("name", NAMES)
def test_reference_dtypes(name: str) -> None:
    d = as_dtype(name)
    ref = d._as_ref
    assert ref._is_ref_dtype and not d._is_ref_dtype
    assert ref.name == name + "_ref" and int(ref) == int(d) + 100
    assert ref.base_dtype is d and d.base_dtype is d
    assert ref != d and ref._as_ref is ref
    assert as_dtype(name + "_ref") is ref
    assert d.is_compatible_with(ref) and ref.is_compatible_with(d)
    assert (ref.is_floating, ref.is_bool, ref.size) == (d.is_floating, d.is_bool, d.size)


@pytest.mark.parametrize("name", IN_NUMPY)
def test_numpy_both_ways(name: str) -> None:
    d = as_dtype(name)
    assert as_dtype(d.np_dtype) is d
    assert as_dtype(d.as_numpy_dtype) is d
    assert d == d.np_dtype and d == d.as_numpy_dtype
    assert d.is_numpy_compatible
    assert d.np_dtype.itemsize == d.size


def test_bfloat16_is_that_of_ml_dtypes() -> None:
    assert dtypes.bfloat16.as_numpy_dtype is ml_dtypes.bfloat16
    assert as_dtype(np.dtype(ml_dtypes.bfloat16)) is dtypes.bfloat16


def test_strings_are_objects_in_numpy() -> None:
    assert dtypes.string.np_dtype == np.dtype(object)
    for given in (str, bytes, object, np.dtype("S3"), np.dtype("U"), np.str_, np.bytes_):
        assert as_dtype(given) is dtypes.string


def test_handles_have_no_numpy_form() -> None:
    assert not dtypes.resource.is_numpy_compatible
    with pytest.raises(NotImplementedError, match="resource"):
        dtypes.require_numpy(dtypes.resource)


def test_python_types_and_synonyms() -> None:
    assert as_dtype(float) is dtypes.float32
    assert as_dtype(bool) is dtypes.bool_
    assert as_dtype("half") is dtypes.float16
    assert as_dtype("float") is dtypes.float32
    assert as_dtype("double") is dtypes.float64


@pytest.mark.parametrize(
    "value", [None, "", "float99", 0, 77, 1.5, [], {}, dict, "datetime64[s]", np.dtype("V4"), len]
)
def test_what_is_no_dtype(value: object) -> None:
    with pytest.raises(TypeError, match=r"Cannot convert value .* to a TensorFlow DType"):
        as_dtype(value)


@pytest.mark.parametrize("value", [None, "x", 3.5, object(), [], "float64"])
def test_a_dtype_differs_from_everything_else(value: object) -> None:
    assert dtypes.float32 != value
    assert not dtypes.float32 == value  # noqa: SIM201


def test_comparison_with_what_denotes_it() -> None:
    assert dtypes.float32 == "float32"
    assert dtypes.float32 == np.float32
    assert dtypes.int32 != np.float32
    assert {dtypes.float32: 1}[as_dtype(np.float32)] == 1


def test_real_dtype() -> None:
    assert dtypes.complex64.real_dtype is dtypes.float32
    assert dtypes.complex128.real_dtype is dtypes.float64
    assert dtypes.float32.real_dtype is dtypes.float32


@pytest.mark.parametrize("name", ["int8", "uint8", "int16", "uint16", "int32", "int64", "uint64"])
def test_limits_of_integers(name: str) -> None:
    d, info = as_dtype(name), np.iinfo(name)
    assert (d.min, d.max) == (info.min, info.max)
    assert d.limits == (0, info.max)


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_limits_of_floats(name: str) -> None:
    d, info = as_dtype(name), np.finfo(name)
    assert (d.min, d.max) == (info.min, info.max)
    assert d.limits == (0, 1)


def test_limits_of_bfloat16() -> None:
    assert dtypes.bfloat16.max == pytest.approx(3.39e38, rel=1e-2)
    assert dtypes.bfloat16.min == -dtypes.bfloat16.max


@pytest.mark.parametrize("name", ["bool", "string", "complex64", "complex128", "resource"])
def test_no_limits(name: str) -> None:
    with pytest.raises(TypeError, match="Cannot find minimum value"):
        _ = as_dtype(name).min
    with pytest.raises(TypeError, match="Cannot find maximum value"):
        _ = as_dtype(name).max


@pytest.mark.oracle
def test_same_numbers_and_names_as_tensorflow() -> None:
    tf = pytest.importorskip("tensorflow")
    for name in NAMES:
        theirs = tf.dtypes.as_dtype(name)
        ours = as_dtype(name)
        assert ours.as_datatype_enum == theirs.as_datatype_enum
        assert ours.is_compatible_with(name)
        for flag in ("is_floating", "is_integer", "is_complex", "is_bool", "is_quantized"):
            assert getattr(ours, flag) == getattr(theirs, flag), (name, flag)
        assert ours.is_unsigned == theirs.is_unsigned or "quint" in name
