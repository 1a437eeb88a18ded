"""Changes of dtype: `tf.cast` and the functions that are short for it."""

from __future__ import annotations

from typing import Any

from ..core.dtypes import (
    as_dtype,
    bfloat16,
    complex64,
    complex128,
    float32,
    float64,
    int32,
    int64,
)
from ..core.tensor import Tensor
from ..ops.indexed_slices import IndexedSlices
from .dispatch import dispatched
from .emitting import emit_tensor
from .framework import convert_to_tensor, name_scope


@dispatched
def cast(x: Any, dtype: Any, name: Any = None) -> Any:
    """`x` with elements of another dtype; floats are truncated to integers.

    IndexedSlices and sparse tensors keep their form.
    """
    base = as_dtype(dtype).base_dtype
    if isinstance(x, Tensor) and x.dtype is base:
        return x
    with name_scope(name, "Cast", [x]) as scope:
        if isinstance(x, IndexedSlices):
            values = cast(x.values, base, name=scope)
            return IndexedSlices(values, x.indices, x.dense_shape)
        if hasattr(x, "dense_shape") and hasattr(x, "indices"):
            return type(x)(x.indices, cast(x.values, base, name=scope), x.dense_shape)
        x = convert_to_tensor(x, name="x")
        return x if x.dtype.base_dtype is base else emit_tensor("Cast", x, DstT=base, name=scope)


@dispatched
def saturate_cast(value: Any, dtype: Any, name: Any = None) -> Any:
    """Like `cast`, with values outside the new dtype's range set to its ends."""
    with name_scope(name, "saturate_cast", [value]) as scope:
        value = convert_to_tensor(value, name="value")
        base = as_dtype(dtype).base_dtype
        kind = value.dtype
        if kind.min < base.min:
            value = emit_tensor(
                "Maximum", value, convert_to_tensor(base.min, dtype=kind, name="min")
            )
        if kind.max > base.max:
            value = emit_tensor(
                "Minimum", value, convert_to_tensor(base.max, dtype=kind, name="max")
            )
        return cast(value, base, name=scope)


def to_float(x: Any, name: Any = "ToFloat") -> Any:
    """`x` as float32."""
    return cast(x, float32, name=name)


def to_double(x: Any, name: Any = "ToDouble") -> Any:
    """`x` as float64."""
    return cast(x, float64, name=name)


def to_int32(x: Any, name: Any = "ToInt32") -> Any:
    """`x` as int32."""
    return cast(x, int32, name=name)


def to_int64(x: Any, name: Any = "ToInt64") -> Any:
    """`x` as int64."""
    return cast(x, int64, name=name)


def to_bfloat16(x: Any, name: Any = "ToBFloat16") -> Any:
    """`x` as bfloat16."""
    return cast(x, bfloat16, name=name)


def to_complex64(x: Any, name: Any = "ToComplex64") -> Any:
    """`x` as complex64."""
    return cast(x, complex64, name=name)


def to_complex128(x: Any, name: Any = "ToComplex128") -> Any:
    """`x` as complex128."""
    return cast(x, complex128, name=name)
