"""Ops that decode bytes: raw numbers, CSV, compressed text, JSON examples, serialised tensors."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..core.dtypes import DType, as_dtype, bool_, string
from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, with_rank
from .json_examples import from_json
from .strings_bytes import parsed_number
from .tensor_messages import read_tensor, write_tensor
from .text_arrays import as_bytes, mapped, same_shape, text_array, text_scalar, texts

MOST_BYTES = 1 << 31

# -- numbers -----------------------------------------------------------------------------------
_RAW = "float16,float32,float64,int32,uint16,uint8,int16,int8,int64"


def _stored(attrs: Attrs) -> np.dtype[Any]:
    """The NumPy dtype of the bytes."""
    dtype: np.dtype[Any] = attrs["out_type"].np_dtype
    return dtype.newbyteorder("<" if attrs["little_endian"] else ">")


def _numbers(content: bytes, attrs: Attrs) -> Array:
    if attrs["out_type"] is bool_:
        return np.frombuffer(content, np.uint8) != 0
    return np.frombuffer(content, _stored(attrs)).astype(attrs["out_type"].np_dtype)


def _decode_raw(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x = texts(inputs[0])
    parts = x.ravel().tolist()
    length = len(parts[0]) if parts else 0
    for i, part in enumerate(parts):
        if len(part) != length:
            raise ValueError(
                "DecodeRaw requires input strings to all be the same size, but element "
                f"{i} has size {length} != {len(part)}"
            )
    size = attrs["out_type"].np_dtype.itemsize
    if length % size:
        raise ValueError(
            f"Input to DecodeRaw has length {length} that is not a multiple of {size}, the size "
            f"of {_c_name(attrs['out_type'])}"
        )
    return _numbers(b"".join(parts), attrs).reshape(*x.shape, length // size)


def _c_name(dtype: DType) -> str:
    return {"float32": "float", "float64": "double", "float16": "half"}.get(dtype.name, dtype.name)


define(
    "DecodeRaw",
    "bytes:string -> output:out_type",
    f"out_type:type{{{_RAW},complex64,complex128,bool}}; little_endian:bool=true",
    shape=lambda shapes, attrs, values: [None if shapes[0] is None else (*shapes[0], None)],
    kernel=_decode_raw,
    data_dependent=True,
    grad=NO_GRADIENT,
)


def _check_length(length: int, size: int) -> int:
    if length % size:
        raise ValueError(
            f"fixed_length ({length}) must be a multiple of the size of out_type ({size})"
        )
    if length <= 0:
        raise ValueError(f"fixed_length ({length}) must be greater than zero.")
    return length


def _decode_padded(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, wanted = texts(inputs[0]), np.asarray(inputs[1])
    if wanted.ndim:
        raise ValueError(f"k must be scalar, got shape {list(wanted.shape)}")
    size = attrs["out_type"].np_dtype.itemsize
    length = _check_length(int(wanted), size)
    if x.size * length > MOST_BYTES:
        raise ValueError(f"fixed_length ({length}) is too large for {x.size} strings.")
    content = b"".join(part[:length].ljust(length, b"\0") for part in x.ravel().tolist())
    return _numbers(content, attrs).reshape(*x.shape, length // size)


def _decode_padded_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    with_rank(shapes[1], 0)
    length, size = values[1], attrs["out_type"].np_dtype.itemsize
    if length is not None and int(length) % size:
        raise ValueError(f"Dimension size must be evenly divisible by {size} but is {int(length)}")
    width = None if length is None else int(length) // size
    return [None if shapes[0] is None else (*shapes[0], width)]


define(
    "DecodePaddedRaw",
    "input_bytes:string fixed_length:int32 -> output:out_type",
    f"out_type:type{{{_RAW}}}; little_endian:bool=true",
    shape=_decode_padded_shape,
    kernel=_decode_padded,
    grad=NO_GRADIENT,
)


# -- compressed text ---------------------------------------------------------------------------
_WINDOWS = {"ZLIB": 15, "GZIP": 31}
MOST_INFLATED = 1 << 30


def _inflated(text: bytes, window: int) -> bytes:
    """The content of compressed text; ValueError if it is damaged or grows out of proportion."""
    unzip = zlib.decompressobj(window)
    try:
        content = unzip.decompress(text, MOST_INFLATED)
    except zlib.error as error:
        raise ValueError(
            f"DecodeCompressed: the text is not compressed, or damaged: {error}"
        ) from None
    if unzip.unconsumed_tail:
        raise ValueError(f"DecodeCompressed: the text has more than {MOST_INFLATED} bytes.")
    if not unzip.eof:
        raise ValueError("DecodeCompressed: the compressed text is cut off.")
    return content


def _decode_compressed(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    kind = attrs["compression_type"]
    if not kind:
        return texts(inputs[0])
    return mapped(lambda text: _inflated(text, _WINDOWS[kind]), inputs[0])


def _decode_compressed_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    kind = attrs["compression_type"]
    if kind and kind not in _WINDOWS:
        raise ValueError(f"Only ZLIB, GZIP or NONE are supported compressions, not {kind}")
    return [shapes[0]]


define(
    "DecodeCompressed",
    "bytes:string -> output:string",
    "compression_type:string=''",
    shape=_decode_compressed_shape,
    kernel=_decode_compressed,
    grad=NO_GRADIENT,
)


# -- CSV ---------------------------------------------------------------------------------------
_QUOTE, _NEWLINES = 34, b"\r\n"


class _Record:
    """Reads the fields of one line of CSV."""

    def __init__(self, text: bytes, delimiter: bytes, quotes: bool) -> None:
        self.text, self.delimiter, self.quotes = text, delimiter, quotes
        self.at = 0

    def fields(self, most: int | None) -> list[bytes]:
        """All fields, or the first `most`."""
        found: list[bytes] = []
        while self.at < len(self.text) and (most is None or len(found) < most):
            if self.text[self.at] in _NEWLINES:
                self.at += 1
            elif self.quotes and self.text[self.at] == _QUOTE:
                found.append(self._quoted())
            else:
                found.append(self._plain())
        if self.text.endswith(self.delimiter) and (most is None or len(found) < most):
            found.append(b"")
        return found

    def _plain(self) -> bytes:
        end = self.text.find(self.delimiter, self.at)
        end = len(self.text) if end < 0 else end
        field = self.text[self.at : end]
        if (self.quotes and b'"' in field) or b"\n" in field or b"\r" in field:
            raise ValueError("Unquoted fields cannot have quotes/CRLFs inside")
        self.at = end + 1
        return field

    def _quoted(self) -> bytes:
        out, at = bytearray(), self.at + 1
        while True:
            end = self.text.find(b'"', at)
            if end < 0:
                raise ValueError("Quoted field has to end with quote followed by delim or end")
            out += self.text[at:end]
            after = self.text[end + 1 : end + 2]
            if after in (b"", self.delimiter):
                self.at = end + 2
                return bytes(out)
            if after != b'"':
                raise ValueError("Quote inside a string has to be escaped by another quote")
            out += b'"'
            at = end + 2


def _csv_columns(attrs: Attrs) -> tuple[int, ...] | None:
    chosen: tuple[int, ...] = attrs["select_cols"]
    if not chosen:
        return None
    if len(chosen) != len(attrs["OUT_TYPE"]):
        raise ValueError("select_cols should match output size")
    if chosen[0] < 0:
        raise ValueError("select_cols should be non-negative indices")
    if any(b <= a for a, b in pairwise(chosen)):
        raise ValueError("select_cols should be strictly increasing indices")
    return chosen


def _csv_fields(text: bytes, attrs: Attrs, columns: tuple[int, ...] | None) -> list[bytes]:
    delimiter = as_bytes(attrs["field_delim"])
    record = _Record(text, delimiter, attrs["use_quote_delim"])
    if columns is None:
        return record.fields(None)
    found = record.fields(columns[-1] + 1)
    return [found[c] for c in columns if c < len(found)]


def _csv_default(default: Array, index: int) -> Array:
    array = default if isinstance(default, np.ndarray) else np.asarray(default, dtype=object)
    if array.ndim > 1:
        raise ValueError("Each record default should be at most rank 1")
    if array.size > 1:
        raise ValueError(
            f"There should only be 1 default per field but field {index} has {array.size}"
        )
    return array


class _Column:
    """One field of all records."""

    def __init__(self, index: int, dtype: DType, default: Array, missing: bytes) -> None:
        self.index, self.dtype, self.missing = index, dtype, missing
        self.default = _csv_default(default, index)

    def value(self, field: bytes, row: int) -> Any:
        """The value of a field, or the default where it is missing."""
        if not field or field == self.missing:
            if not self.default.size:
                raise ValueError(f"Field {self.index} is required but missing in record {row}!")
            return self.default.ravel()[0]
        if self.dtype is string:
            return field
        number = parsed_number(field, self.dtype.np_dtype)
        if number is None:
            shown = field.decode(errors="replace")
            name = _c_name(self.dtype)
            raise ValueError(f"Field {self.index} in record {row} is not a valid {name}: {shown}")
        return number

    def array(self, values: list[Any], shape: tuple[int, ...]) -> Array:
        """The values of all records."""
        if self.dtype is string:
            return text_array(values, shape)
        with np.errstate(over="ignore"):
            return np.array(values, self.dtype.np_dtype).reshape(shape)


def _decode_csv(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Any:
    records, kinds = texts(inputs[0]), attrs["OUT_TYPE"]
    if len(as_bytes(attrs["field_delim"])) != 1:
        raise ValueError("field_delim should be only 1 char")
    chosen, missing = _csv_columns(attrs), as_bytes(attrs["na_value"])
    rows = enumerate(zip(kinds, inputs[1:], strict=True))
    columns = [_Column(i, k, d, missing) for i, (k, d) in rows]
    found: list[list[Any]] = [[] for _ in columns]
    for row, text in enumerate(records.ravel().tolist()):
        fields = _csv_fields(text, attrs, chosen)
        if len(fields) != len(columns):
            raise ValueError(f"Expect {len(columns)} fields but have {len(fields)} in record {row}")
        for out, column, field in zip(found, columns, fields, strict=True):
            out.append(column.value(field, row))
    return tuple(c.array(v, records.shape) for c, v in zip(columns, found, strict=True))


def _decode_csv_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    for shape in shapes[1:]:
        if shape is not None and (len(shape) > 1 or (shape and (shape[0] or 0) > 1)):
            raise ValueError(
                "Shape of a default must be a length-0 or length-1 vector, or a scalar."
            )
    return [shapes[0]] * len(attrs["OUT_TYPE"])


define(
    "DecodeCSV",
    "records:string record_defaults:OUT_TYPE -> output:OUT_TYPE",
    "OUT_TYPE:list(type){float32,float64,int32,int64,string}>=1; field_delim:string=','; "
    "use_quote_delim:bool=true; na_value:string=''; select_cols:list(int)=[]",
    shape=_decode_csv_shape,
    kernel=_decode_csv,
    grad=NO_GRADIENT,
)


# -- JSON, tensors -----------------------------------------------------------------------------
define(
    "DecodeJSONExample",
    "json_examples:string -> binary_examples:string",
    shape=same_shape,
    kernel=lambda xp, inputs, attrs: mapped(from_json, inputs[0]),
    grad=NO_GRADIENT,
)


def _parse_tensor(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    dtype, array = read_tensor(text_scalar(inputs[0], "Expected `serialized`"))
    if dtype is not attrs["out_type"]:
        raise ValueError(
            f"Type mismatch between parsed tensor ({dtype.name}) and dtype "
            f"({attrs['out_type'].name})"
        )
    return array


def _serialize_tensor(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    dtype: DType = as_dtype(attrs["T"]).base_dtype
    x = inputs[0]
    array = x if isinstance(x, np.ndarray) else np.asarray(x, dtype=dtype.np_dtype)
    return np.array(write_tensor(array, dtype), dtype=object)


define(
    "ParseTensor",
    "serialized:string -> output:out_type",
    "out_type:type",
    shape=lambda shapes, attrs, values: [None],
    kernel=_parse_tensor,
    data_dependent=True,
    grad=NO_GRADIENT,
)
define(
    "SerializeTensor",
    "tensor:T -> serialized:string",
    "T:type",
    shape=lambda shapes, attrs, values: [()],
    kernel=_serialize_tensor,
    grad=NO_GRADIENT,
)
