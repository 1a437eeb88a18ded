"""TensorProto: arrays to messages and back.

`tensor_proto` chooses the same fields as TensorFlow: one element goes into the list of its dtype,
several numbers into `tensor_content` (little-endian bytes). `array_of` reads every form, and what
stands in a message cannot make it allocate more than the message describes.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..core import dtypes
from ..core.dtypes import DType
from ..core.shape import Shape

LIMIT = 1 << 31  # bytes: no message can hold more
_UNIFORM = 1 << 16  # bytes above which an array of one value is written as that value

_FIELDS = {
    "float32": "float_val",
    "float64": "double_val",
    "int64": "int64_val",
    "bool": "bool_val",
    "string": "string_val",
    "float16": "half_val",
    "bfloat16": "half_val",
    "complex64": "scomplex_val",
    "complex128": "dcomplex_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
}
_AS_CONTENT = frozenset(
    f"{kind}{bits}"
    for kind, widths in {
        "float": (32, 64),
        "int": (8, 16, 32, 64),
        "uint": (8, 32, 64),
        "qint": (8, 16, 32),
        "quint": (8, 16),
    }.items()
    for bits in widths
)


def _field(dtype: DType) -> str:
    """The list of a TensorProto that holds values of this dtype."""
    if not dtype.is_numpy_compatible:
        raise TypeError(f"A TensorProto of {dtype!r} cannot be made or read here.")
    return _FIELDS.get(dtype.name, "int_val")


def shape_proto(shape: Shape) -> Any:
    """A partial shape as a TensorShapeProto."""
    from . import messages

    if shape is None:
        return messages.TensorShapeProto(unknown_rank=True)
    proto = messages.TensorShapeProto()
    for extent in shape:
        proto.dim.add(size=-1 if extent is None else extent)
    return proto


def shape_of(proto: Any) -> Shape:
    """The partial shape that a TensorShapeProto describes; ValueError if none can be so."""
    if proto.unknown_rank:
        return None
    if len(proto.dim) > 254:
        raise ValueError(f"A tensor has at most 254 dimensions, not {len(proto.dim)}.")
    extents = [d.size for d in proto.dim]
    if any(d < -1 for d in extents):
        raise ValueError(f"Shape {extents} has negative dimensions (-1 alone says unknown).")
    if prod(d for d in extents if d > 0) >= 1 << 63:
        raise ValueError(f"Shape {extents} would have more than 2**63 - 1 elements.")
    return tuple(None if d < 0 else d for d in extents)


def tensor_proto(array: np.ndarray[Any, Any], dtype: DType | None = None) -> Any:
    """An array as a TensorProto; TypeError for dtypes without values, ValueError above 2 GiB."""
    from . import messages

    dtype = dtypes.as_dtype(array.dtype) if dtype is None else dtype.base_dtype
    _field(dtype)
    proto = messages.TensorProto(
        dtype=dtype.as_datatype_enum, tensor_shape=shape_proto(array.shape)
    )
    if array.size > 1 and not any(array.strides):
        array = array.reshape(-1)[:1]
    elif array.size > 1 and array.nbytes > _UNIFORM and dtype.name in _AS_CONTENT:
        array = _one_if_uniform(array)
    if array.size * max(dtype.size, 1) >= LIMIT:
        raise ValueError("Cannot create a tensor proto whose content is larger than 2GB.")
    if array.size > 1 and dtype.name in _AS_CONTENT:
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        proto.tensor_content = little.tobytes()
    else:
        add_values(proto, dtype, array)
    return proto


def _one_if_uniform(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    first = array.reshape(-1)[:1]
    same = array.view(f"u{array.itemsize}") == first.view(f"u{array.itemsize}")
    return first if same.all() else array


def add_values(proto: Any, dtype: DType, array: np.ndarray[Any, Any]) -> None:
    """Appends the elements of an array to the list that a TensorProto has for the dtype."""
    flat = array.reshape(-1)
    values: Any
    if dtype.is_complex:
        values = [part for v in flat.tolist() for part in (v.real, v.imag)]
    elif dtype.name in ("float16", "bfloat16"):
        values = flat.view(np.uint16).tolist()
    else:
        values = flat.tolist()
    getattr(proto, _field(dtype)).extend(values)


def array_of(proto: Any) -> np.ndarray[Any, Any]:
    """The array of a TensorProto; a last value that is missing is repeated.

    TypeError for dtypes without values, ValueError for contents that do not fit the shape and for
    arrays of 2 GiB or more.
    """
    dtype = dtypes.as_dtype(proto.dtype)
    field = _field(dtype)
    shape = shape_of(proto.tensor_shape)
    if shape is None or None in shape:
        raise ValueError("The shape of a TensorProto must be fully known.")
    count = prod(d for d in shape if d is not None)
    if count * dtype.np_dtype.itemsize >= LIMIT:
        raise ValueError(f"A TensorProto of shape {shape} and {dtype.name} is larger than 2GB.")
    if proto.tensor_content:
        flat = _from_content(proto.tensor_content, dtype, count)
    else:
        flat = _padded(_values(proto, field, dtype), count)
    return flat.reshape(shape)


def _from_content(content: bytes, dtype: DType, count: int) -> np.ndarray[Any, Any]:
    if dtype is dtypes.string:
        return _strings(content, count)
    size = dtype.np_dtype.itemsize
    if len(content) != count * size:
        raise ValueError(
            f"The tensor_content of a TensorProto has {len(content)} bytes; its shape and dtype "
            f"need {count * size}."
        )
    found: np.ndarray[Any, Any] = np.frombuffer(content, dtype.np_dtype.newbyteorder("<"))
    return found.astype(dtype.np_dtype)


def _strings(content: bytes, count: int) -> np.ndarray[Any, Any]:
    """Strings of a tensor_content: their lengths as varints, then their bytes."""
    lengths, at = [], 0
    for _ in range(count):
        length, at = _varint(content, at)
        lengths.append(length)
    if len(content) != at + sum(lengths):
        raise ValueError("The tensor_content of a TensorProto of strings does not fit its shape.")
    out = np.empty(count, dtype=object)
    for i, length in enumerate(lengths):
        out[i] = content[at : at + length]
        at += length
    return out


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 63, 7):
        if at >= len(content):
            break
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("The tensor_content of a TensorProto of strings does not fit its shape.")


def _values(proto: Any, field: str, dtype: DType) -> np.ndarray[Any, Any]:
    given = getattr(proto, field)
    if dtype is dtypes.string:
        out = np.empty(len(given), dtype=object)
        out[:] = list(given)
        return out
    if dtype.is_complex:
        parts = np.array(given[: len(given) // 2 * 2], dtype=np.float64)
        return (parts[0::2] + 1j * parts[1::2]).astype(dtype.np_dtype)
    if field == "half_val":
        return (np.array(given, dtype=np.int64) & 0xFFFF).astype(np.uint16).view(dtype.np_dtype)
    wide: Any = np.int64 if field == "int_val" else None
    return np.array(given, dtype=wide).astype(dtype.np_dtype)


def _padded(values: np.ndarray[Any, Any], count: int) -> np.ndarray[Any, Any]:
    if values.size > count:
        raise ValueError(f"A TensorProto has {values.size} values, its shape needs {count}.")
    if values.size == count:
        return values
    if values.size <= 1:  # shares one element: a small message makes no big array
        fill = values[0] if values.size else _zero(values.dtype)
        one: np.ndarray[Any, Any] = np.empty((), values.dtype)
        one[()] = fill
        return np.broadcast_to(one, (count,))
    return np.concatenate([values, np.repeat(values[-1:], count - values.size)])


def _zero(dtype: np.dtype[Any]) -> Any:
    return b"" if dtype.kind == "O" else dtype.type(0)
