"""Arrays as serialised `TensorProto` messages, which `tf.io.serialize_tensor` writes."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from ..core.dtypes import DType, as_dtype, string
from . import wire
from .text_arrays import text_array

Array = np.ndarray[Any, Any]
# Fields of the message: number -> how its values are read, and the width of fixed ones.
_DTYPE, _SHAPE, _CONTENT, _TEXT = 1, 2, 4, 8
_FIXED = {5: "<f4", 6: "<f8", 9: "<f4", 12: "<f8"}
_VARINT = (7, 10, 11, 13, 16, 17)
MOST_ELEMENTS = 1 << 31


# -- writing -----------------------------------------------------------------------------------
def write_tensor(array: Array, dtype: DType) -> bytes:
    """The message of an array."""
    dims = b"".join(wire.bytes_field(2, wire.varint_field(1, d) if d else b"") for d in array.shape)
    head = wire.varint_field(_DTYPE, int(dtype)) + wire.bytes_field(_SHAPE, dims)
    if dtype is string:
        return head + b"".join(wire.bytes_field(_TEXT, v) for v in array.ravel().tolist())
    if not array.size:
        return head
    little = np.ascontiguousarray(array)
    if little.dtype.byteorder == ">":
        little = little.astype(little.dtype.newbyteorder("<"))
    return head + wire.bytes_field(_CONTENT, little.tobytes())


# -- reading -----------------------------------------------------------------------------------
class _Parts:
    """The fields of a message, collected."""

    def __init__(self, data: bytes) -> None:
        self.dtype = 0
        self.shape: tuple[int, ...] = ()
        self.content: bytes = b""
        self.texts: list[bytes] = []
        self.fixed: list[bytes] = []
        self.integers: list[Array] = []
        for number, kind, value in wire.fields(data):
            self._take(number, kind, value)

    def _take(self, number: int, kind: int, value: Any) -> None:
        if number == _DTYPE and kind == wire.VARINT:
            self.dtype = value
        elif number in _VARINT:
            self.integers.append(_integers(kind, value))
        elif kind == wire.BYTES and number == _SHAPE:
            self.shape = _read_shape(value)
        elif kind == wire.BYTES and number == _CONTENT:
            self.content = value
        elif kind == wire.BYTES and number == _TEXT:
            self.texts.append(value)
        elif number in _FIXED and kind != wire.VARINT:
            self.fixed.append(value)


def _integers(kind: int, value: Any) -> Array:
    if kind == wire.BYTES:
        return wire.packed_varints(value)
    if kind != wire.VARINT:
        raise wire.WireError("Integers of a tensor have a wrong wire type.")
    return np.array([wire.signed(value)], np.int64)


def _read_shape(data: bytes) -> tuple[int, ...]:
    extents = []
    for number, kind, value in wire.fields(data):
        if number == 3 and kind == wire.VARINT and value:
            raise ValueError("A tensor of unknown rank has no values.")
        if number != 2 or kind != wire.BYTES:
            continue
        extent = 0
        for part, part_kind, size in wire.fields(value):
            if part == 1 and part_kind == wire.VARINT:
                extent = wire.signed(size)
        extents.append(extent)
    if min(extents, default=0) < 0 or np.prod([float(d) for d in extents]) > MOST_ELEMENTS:
        raise ValueError(f"A tensor cannot have the shape {extents}.")
    return tuple(extents)


def read_tensor(data: bytes) -> tuple[DType, Array]:
    """The dtype and the array of a message; ValueError if it is none."""
    try:
        parts = _Parts(data)
        dtype = as_dtype(parts.dtype)
    except (wire.WireError, TypeError):
        raise ValueError("Could not parse `serialized` as TensorProto.") from None
    if not dtype.is_numpy_compatible:
        raise ValueError(f"A serialised tensor cannot have the dtype {dtype.name}.")
    return dtype, _array(parts, dtype.base_dtype)


def _array(parts: _Parts, dtype: DType) -> Array:
    size = int(np.prod(parts.shape, dtype=np.int64))
    if parts.content:
        return _of_content(parts, dtype, size)
    values = _values(parts, dtype)
    if len(values) > size:
        raise ValueError(f"A tensor of {size} elements has {len(values)} values.")
    if len(values) < size:  # the last value is repeated; without any, all are zero
        rest = values[-1:] if len(values) else np.zeros(1, dtype.np_dtype)
        if not len(values) and dtype is string:
            rest = text_array([b""])
        values = np.concatenate([values, np.repeat(rest, size - len(values))])
    return values.reshape(parts.shape)


def _of_content(parts: _Parts, dtype: DType, size: int) -> Array:
    if dtype is string or len(parts.content) != size * dtype.np_dtype.itemsize:
        raise ValueError(
            f"A tensor of shape {list(parts.shape)} and dtype {dtype.name} does not have "
            f"{len(parts.content)} bytes."
        )
    stored = dtype.np_dtype.newbyteorder("<")
    array: Array = np.frombuffer(parts.content, stored).astype(dtype.np_dtype)
    return array.reshape(parts.shape)


def _values(parts: _Parts, dtype: DType) -> Array:
    if dtype is string:
        found: Array = text_array(parts.texts)
        return found
    if parts.fixed:
        wide = dtype.base_dtype.name in ("float64", "complex128")
        kind = np.dtype("<f8" if wide else "<f4")
        joined = b"".join(parts.fixed)
        if len(joined) % (kind.itemsize * (1 + dtype.is_complex)):
            raise ValueError("The values of a serialised tensor are cut off.")
        numbers = np.frombuffer(joined, kind)
        if dtype.is_complex:
            numbers = numbers.view("<c16" if wide else "<c8")
        floats: Array = numbers.astype(dtype.np_dtype)
        return floats
    integers = np.concatenate([np.zeros(0, np.int64), *parts.integers])
    if dtype.name in ("float16", "bfloat16"):  # half_val: the bits of each number
        halves = [struct.pack("<H", v & 0xFFFF) for v in integers.tolist()]
        stored: Array = np.frombuffer(b"".join(halves), dtype.np_dtype.newbyteorder("<")).copy()
        return stored
    converted: Array = integers.astype(dtype.np_dtype)
    return converted
