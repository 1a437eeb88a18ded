"""Ops on text that look at its bytes: case, parts, joins, base64, numbers."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, broadcast, merge, reduced, same_dim, show_brackets
from .hash_functions import hash64
from .text_arrays import WHITESPACE, as_bytes, mapped, measured, same_shape, text_array, texts


def _each(function: Callable[[bytes], bytes]) -> Callable[..., Array]:
    """The kernel of an op that maps strings to strings."""
    return lambda xp, inputs, attrs: mapped(function, inputs[0])


define(
    "StringStrip",
    "input:string -> output:string",
    shape=same_shape,
    kernel=_each(lambda s: s.strip(WHITESPACE)),
    grad=NO_GRADIENT,
)


# -- case --------------------------------------------------------------------------------------
def _cased(plain: Callable[[bytes], bytes], full: Callable[[str], str]) -> Callable[..., Array]:
    """The kernel that changes the case of ASCII letters, or of all letters of UTF-8 text."""

    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        encoding = attrs["encoding"].lower()
        if encoding not in ("", "utf-8"):
            raise ValueError(
                f"only utf-8 or '' (no encoding) is supported, received {attrs['encoding']}"
            )
        if encoding:
            return mapped(lambda s: full(s.decode("utf-8", "replace")).encode(), inputs[0])
        return mapped(plain, inputs[0])

    return kernel


for _name, _plain, _full in (
    ("StringLower", bytes.lower, str.lower),
    ("StringUpper", bytes.upper, str.upper),
):
    define(
        _name,
        "input:string -> output:string",
        "encoding:string=''",
        shape=same_shape,
        kernel=_cased(_plain, _full),
        grad=NO_GRADIENT,
    )


# -- length and parts --------------------------------------------------------------------------
def character_starts(text: bytes) -> list[int]:
    """Where the characters of UTF-8 text start: every byte that continues none."""
    return [i for i, byte in enumerate(text) if byte & 0xC0 != 0x80]


def _characters(text: bytes) -> int:
    return sum(byte & 0xC0 != 0x80 for byte in text)


def _length(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    return measured(len if attrs["unit"] == "BYTE" else _characters, inputs[0], np.int32)


define(
    "StringLength",
    "input:string -> output:int32",
    "unit:string{BYTE,UTF8_CHAR}='BYTE'",
    shape=same_shape,
    kernel=_length,
    grad=NO_GRADIENT,
)


def _part(text: bytes, start: int, length: int, where: str) -> bytes:
    first = start + len(text) if start < 0 else start
    if not 0 <= first <= len(text):
        shown = text.decode(errors="replace")
        raise ValueError(f"pos {start} out of range for string b'{shown}' at index {where}")
    return text[first:] if length < 0 else text[first : first + length]


def _part_of_characters(text: bytes, start: int, length: int, where: str) -> bytes:
    starts = [*character_starts(text), len(text)]
    count = len(starts) - 1
    first = start + count if start < 0 else start
    if not 0 <= first <= count:
        raise ValueError(f"pos {start} out of range for string at index {where}")
    last = min(first + max(length, 0), count)
    return text[starts[first] : starts[last]]


def _check_parts(position: Shape, length: Shape) -> None:
    if position is None or length is None:
        return
    if len(position) != len(length) or not all(map(same_dim, position, length)):
        raise ValueError(
            "pos and len shapes must match: they should have the same shape, got: "
            f"{show_brackets(position)} vs. {show_brackets(length)}"
        )


def _substr_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    _check_parts(shapes[1], shapes[2])
    return [broadcast(shapes[0], shapes[1])]


def _substr(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    text, start, length = texts(inputs[0]), np.asarray(inputs[1]), np.asarray(inputs[2])
    _check_parts(start.shape, length.shape)
    try:
        shape = np.broadcast_shapes(text.shape, start.shape)
    except ValueError:
        raise ValueError(f"Incompatible shapes: {text.shape} vs. {start.shape}") from None
    part: Callable[..., bytes] = _part if attrs["unit"] == "BYTE" else _part_of_characters
    columns = [np.broadcast_to(x, shape).ravel().tolist() for x in (text, start, length)]
    where = _places(shape, direct=start.ndim == 0 or start.shape == text.shape)
    rows = zip(*columns, strict=True)
    return text_array((part(*row, where(i)) for i, row in enumerate(rows)), shape)


def _places(shape: tuple[int, ...], direct: bool) -> Callable[[int], str]:
    """How an element's place is told: its number, or its index where shapes are broadcast."""
    if direct or len(shape) < 2:
        return str
    return lambda i: str(tuple(int(k) for k in np.unravel_index(i, shape)))


define(
    "Substr",
    "input:string pos:T len:T -> output:string",
    "T:type{int32,int64}; unit:string{BYTE,UTF8_CHAR}='BYTE'",
    shape=_substr_shape,
    kernel=_substr,
    grad=NO_GRADIENT,
)


# -- joins -------------------------------------------------------------------------------------
def _join_axes(axes: Any, rank: int) -> list[int]:
    """The reduced axes, none of them twice, as they are given."""
    found: list[int] = []
    for axis in np.ravel(axes).tolist():
        if not -rank <= axis < rank:
            raise ValueError(
                f"Invalid reduction dimension {axis} for input with {rank} dimension(s)"
            )
        if axis % rank in found:
            raise ValueError(f"Duplicate reduction dimension {axis}")
        found.append(axis % rank)
    return found


def _reduce_join(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x = texts(inputs[0])
    axes = _join_axes(inputs[1], x.ndim)
    kept = [a for a in range(x.ndim) if a not in axes]
    # The first axis that is named runs fastest.
    ordered = x.transpose(kept + axes[::-1])
    separator = as_bytes(attrs["separator"])
    shape = reduced(x.shape, axes, attrs["keep_dims"])
    assert shape is not None
    if not x.size:
        return text_array([b""] * int(np.prod(shape, dtype=np.int64)), shape)  # type: ignore[arg-type]
    width = int(np.prod([x.shape[a] for a in axes], dtype=np.int64))
    joined = [separator.join(row) for row in ordered.reshape(-1, width).tolist()]
    return text_array(joined, shape)  # type: ignore[arg-type]


def _reduce_join_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    axes = None if shapes[0] is None else values[1]
    if axes is not None and shapes[0] is not None:
        return [reduced(shapes[0], _join_axes(axes, len(shapes[0])), attrs["keep_dims"])]
    return [reduced(shapes[0], None, attrs["keep_dims"])]


define(
    "ReduceJoin",
    "inputs:string reduction_indices:int32 -> output:string",
    "keep_dims:bool=false; separator:string=''",
    shape=_reduce_join_shape,
    kernel=_reduce_join,
    grad=NO_GRADIENT,
)
MAX_SEGMENTS = 1 << 31
_SEED = 0xC70F6907  # of std::hash


def _segment_join(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, ids, count = texts(inputs[0]), np.asarray(inputs[1]), int(inputs[2])
    _check_segments(x.shape, ids.shape)
    if not 0 <= count < MAX_SEGMENTS:
        raise ValueError(f"num_segments must not be negative nor too large, got {count}.")
    if ids.size and (ids.min() < 0 or ids.max() >= count):
        raise ValueError(
            "segment_ids are not allowed to exceed num_segments or to have negative values."
        )
    inner = x.shape[ids.ndim :]
    width = int(np.prod(inner, dtype=np.int64))
    rows = x.reshape(ids.size, width).tolist() if x.size else [[]] * ids.size
    members: dict[int, list[list[bytes]]] = {}
    for segment, row in zip(ids.ravel().tolist(), rows, strict=True):
        members.setdefault(segment, []).append(row)
    out = np.full((count, width), b"", dtype=object)
    separator = as_bytes(attrs["separator"])
    for segment, found in members.items():
        out[segment, :] = [separator.join(column) for column in zip(*found, strict=True)]
    return out.reshape(count, *inner)


def _check_segments(x: Sequence[int], ids: Sequence[int]) -> None:
    if not ids:
        raise ValueError("Segment_id cannot have rank 0")
    if len(ids) > len(x):
        raise ValueError(f"Invalid segment_id rank {len(ids)} for input with {len(x)} dimension(s)")
    for axis, (a, b) in enumerate(zip(ids, x, strict=False)):
        if a != b:
            raise ValueError(
                f"Segment dimension is {a} while input dimension is {b} in rank {axis}"
            )


def _segment_join_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x, ids, _ = shapes
    if x is None or ids is None:
        return [None]
    if ids:  # the kernel tells the error of ids without a rank
        merge(x[: len(ids)], ids)
    count = values[2]
    if count is not None and int(count) < 0:
        raise ValueError(f"num_segments must not be negative, got {int(count)}.")
    return [(None if count is None else int(count), *x[len(ids) :])]


define(
    "UnsortedSegmentJoin",
    "inputs:string segment_ids:Tindices num_segments:Tnumsegments -> output:string",
    "separator:string=''; Tindices:type{index}; Tnumsegments:type{index}=int32",
    shape=_segment_join_shape,
    kernel=_segment_join,
    grad=NO_GRADIENT,
)


# -- base64 ------------------------------------------------------------------------------------
_WEB_SAFE = re.compile(rb"[A-Za-z0-9_-]*\Z")


def decoded_base64(text: bytes) -> bytes:
    """Web-safe base64, with or without padding; ValueError for anything else."""
    if len(text) % 4 == 0 and text[-1:] == b"=":
        text = text[:-2] if text[-2:-1] == b"=" else text[:-1]
    if len(text) % 4 == 1:
        raise ValueError("Base64 string length cannot be 1 modulo 4.")
    if not _WEB_SAFE.match(text):
        raise ValueError("Invalid character found in base64.")
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def _encode_base64(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    end = b"" if attrs["pad"] else b"="
    return mapped(lambda s: base64.urlsafe_b64encode(s).rstrip(end), inputs[0])


define(
    "EncodeBase64",
    "input:string -> output:string",
    "pad:bool=false",
    shape=same_shape,
    kernel=_encode_base64,
    grad=NO_GRADIENT,
)
define(
    "DecodeBase64",
    "input:string -> output:string",
    shape=same_shape,
    kernel=_each(decoded_base64),
    grad=NO_GRADIENT,
)


# -- numbers -----------------------------------------------------------------------------------
_INTEGER = re.compile(rb"[ \t\n\v\f\r]*(-?[0-9]+)[ \t\n\v\f\r]*\Z")
_DECIMAL = re.compile(
    rb"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf(?:inity)?|nan)\Z", re.I
)
_HEXADECIMAL = re.compile(rb"[+-]?0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?[0-9]+)?\Z", re.I)
_MOST_DIGITS = 400  # Python's own integers may be dear: 64 bits need twenty digits at most


def parsed_integer(text: bytes, dtype: Any) -> int | None:
    """The integer that text denotes; None if it is none, or does not fit the dtype."""
    match = _INTEGER.match(text)
    if match is None:
        return None
    digits = match[1].replace(b"-", b"").lstrip(b"0") or b"0"
    if len(digits) > 20:
        return None
    value = -int(digits) if match[1][:1] == b"-" else int(digits)
    info = np.iinfo(dtype)
    return value if info.min <= value <= info.max else None


def parsed_float(text: bytes) -> float | None:
    """The number that text denotes, in decimal or hexadecimal notation; None if it is none."""
    text = text.strip(WHITESPACE)
    if _DECIMAL.match(text):
        return float(text)
    if _HEXADECIMAL.match(text):
        try:
            return float.fromhex(text.decode())
        except OverflowError:
            return float("-inf" if text[:1] == b"-" else "inf")
    return None


def parsed_number(text: bytes, dtype: np.dtype[Any]) -> Any:
    """A number of this dtype from text, or None."""
    return parsed_integer(text, dtype) if dtype.kind == "i" else parsed_float(text)


def _to_number(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    dtype = attrs["out_type"].np_dtype

    def number(text: bytes) -> Any:
        value = parsed_number(text, dtype)
        if value is None:
            shown = text.decode(errors="replace")
            raise ValueError(f"StringToNumberOp could not correctly convert string: {shown}")
        return value

    with np.errstate(over="ignore"):
        return measured(number, inputs[0], dtype)


define(
    "StringToNumber",
    "string_tensor:string -> output:out_type",
    "out_type:type{float32,float64,int32,int64}=float32",
    shape=same_shape,
    kernel=_to_number,
    grad=NO_GRADIENT,
)
define(
    "ReinterpretStringToFloat",
    "input_data:string -> output_data:float32",
    shape=same_shape,
    kernel=lambda xp, inputs, attrs: _as_floats(inputs[0]),
    grad=NO_GRADIENT,
)


def _as_floats(x: Any) -> Array:
    """The hash that C++'s standard library gives text, as a float."""
    return measured(lambda s: hash64(s, _SEED), x, np.float32)


# -- file names --------------------------------------------------------------------------------
def _scalars(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    for shape in shapes:
        if shape:
            raise ValueError(f"Shape must be rank 0 but is {show_brackets(shape)}.")
    return [()]


def _sharded_filename(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    name, shard, count = texts(inputs[0]).item(), int(inputs[1]), int(inputs[2])
    return np.array(b"%s-%05d-of-%05d" % (name, shard, count), dtype=object)


define(
    "ShardedFilename",
    "basename:string shard:int32 num_shards:int32 -> filename:string",
    shape=_scalars,
    kernel=_sharded_filename,
    grad=NO_GRADIENT,
)
define(
    "ShardedFilespec",
    "basename:string num_shards:int32 -> filename:string",
    shape=_scalars,
    kernel=lambda xp, inputs, attrs: np.array(
        b"%s-?????-of-%05d" % (texts(inputs[0]).item(), int(inputs[1])), dtype=object
    ),
    grad=NO_GRADIENT,
)
