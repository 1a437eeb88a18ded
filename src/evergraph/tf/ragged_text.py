"""Functions of `tf.strings` that take or give RaggedTensors: splits, n-grams, Unicode."""

from __future__ import annotations

from typing import Any

from ..core.dtypes import int32, string
from ..core.emit import apply
from .array_ops import reshape, shape, stack
from .emitting import emit_tensor
from .framework import name_scope
from .ragged.dims import expand_dims
from .ragged.math_ops import ragged_reduce_aggregate
from .ragged.tensor import RaggedTensor, convert_to_tensor_or_ragged_tensor, is_ragged
from .renamed import renamed
from .string_ops import (
    check_result_type,
    reduce_join_v2,
    rows_of,
    sparse_of,
    string_split,
    unsorted_segment_join,
)
from .string_ops import string_split_v2 as sparse_split_v2

_TEXT = (str, bytes)


# -- splits ------------------------------------------------------------------------------------
def bytes_split(input: Any, name: Any = None) -> Any:
    """The bytes of each string, as strings, along one more dimension (a RaggedTensor)."""
    with name_scope(name, "StringsByteSplit", [input]):
        input = convert_to_tensor_or_ragged_tensor(input, name="input")
        if isinstance(input, RaggedTensor):
            return input.with_flat_values(bytes_split(input.flat_values))
        rank = input.shape.ndims
        if rank is None:
            raise ValueError("input must have a statically-known rank.")
        if rank == 0:
            return bytes_split(stack([input]))[0]
        if rank == 1:
            return rows_of(sparse_of(apply("StringSplit", input, "", skip_empty=False)))
        return bytes_split(RaggedTensor.from_tensor(input))


def ragged_split(input: Any, sep: Any = None, maxsplit: int = -1, name: Any = None) -> Any:
    """The parts of each string as Python's `str.split` gives them, as a RaggedTensor."""
    with name_scope(name, "StringSplit", [input]):
        input = convert_to_tensor_or_ragged_tensor(input, dtype=string, name="input")
        if isinstance(input, RaggedTensor):
            return input.with_flat_values(ragged_split(input.flat_values, sep, maxsplit))
        rank = input.shape.ndims
        if rank == 0:
            return ragged_split(stack([input]), sep, maxsplit)[0]
        if rank is None or rank == 1:
            return rows_of(sparse_split_v2(input, sep, maxsplit))
        return ragged_split(RaggedTensor.from_tensor(input), sep, maxsplit)


def split(
    input: Any = None,
    sep: Any = None,
    maxsplit: int = -1,
    result_type: str = "SparseTensor",
    source: Any = None,
    name: Any = None,
) -> Any:
    """The parts of each string as Python's `str.split` gives them.

    A SparseTensor, or a RaggedTensor if `result_type` says so.
    """
    input = renamed("input", input, "source", source)
    with name_scope(name, "StringSplit", [input]):
        input = convert_to_tensor_or_ragged_tensor(input, dtype=string, name="input")
        if result_type == "SparseTensor" and input.shape.ndims == 1:
            return sparse_split_v2(input, sep, maxsplit)
        ragged = ragged_split(input, sep, maxsplit)
        check_result_type(result_type)
        return ragged.to_sparse() if result_type == "SparseTensor" else ragged


# -- n-grams -----------------------------------------------------------------------------------
def _pads(pad_values: Any) -> tuple[Any, Any]:
    if pad_values is None:
        return "", ""
    pads = pad_values if isinstance(pad_values, (list, tuple)) else (pad_values, pad_values)
    if not all(isinstance(p, _TEXT) for p in pads[:2]):
        raise TypeError("pad_values must be a string, tuple of strings, or None.")
    return pads[0], pads[1]


def _padding_width(pad_values: Any, padding_width: int | None) -> int:
    if padding_width is None:
        return 0 if pad_values is None else -1
    if padding_width < 1:
        raise ValueError("padding_width must be greater than 0.")
    if pad_values is None:
        raise ValueError("pad_values must be provided if padding_width is set.")
    return padding_width


def ngrams(
    data: Any,
    ngram_width: Any,
    separator: str = " ",
    pad_values: Any = None,
    padding_width: Any = None,
    preserve_short_sequences: bool = False,
    name: Any = None,
) -> Any:
    """The n-grams of the tokens in the rows of `data`: joined by `separator`, a RaggedTensor.

    `pad_values` (one text, or one for the left and one for the right) stand beside each row:
    `padding_width` of them, or as many as an n-gram can hold.
    """
    with name_scope(name, "StringNGrams", [data]):
        left, right = _pads(pad_values)
        pad_width = _padding_width(pad_values, padding_width)
        data = convert_to_tensor_or_ragged_tensor(data, name="data", dtype=string)
        widths = ngram_width if isinstance(ngram_width, (list, tuple)) else [ngram_width]
        attrs = {
            "separator": separator,
            "ngram_widths": widths,
            "left_pad": left,
            "right_pad": right,
            "pad_width": pad_width,
            "preserve_short_sequences": preserve_short_sequences,
        }
        return _ngrams(data, attrs)


def _ngrams(data: Any, attrs: dict[str, Any]) -> Any:
    if not isinstance(data, RaggedTensor):
        rank = data.shape.ndims
        if rank is None:
            raise ValueError("Rank of data must be known.")
        if rank == 0:
            raise ValueError("Data must have rank>0")
        if rank == 1:
            return _ngrams(RaggedTensor.from_row_starts(data, [0], validate=False), attrs)[0]
        data = RaggedTensor.from_tensor(data, ragged_rank=rank - 1)
    if data.ragged_rank > 1:
        return data.with_values(_ngrams(data.values, attrs))
    for width in attrs["ngram_widths"]:
        if width < 1:
            raise ValueError(f"All ngram_widths must be greater than 0. Got {width}")
    found, splits = apply("StringNGrams", data.flat_values, data.row_splits, **attrs)
    return RaggedTensor.from_row_splits(found, splits, validate=False)


# -- Unicode -----------------------------------------------------------------------------------
def unicode_encode(
    input: Any,
    output_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    name: Any = None,
) -> Any:
    """Code points along the last dimension as text in UTF-8, UTF-16-BE or UTF-32-BE."""
    with name_scope(name, "UnicodeEncode", [input]):
        input = convert_to_tensor_or_ragged_tensor(input)
        attrs = {
            "output_encoding": output_encoding,
            "errors": errors,
            "replacement_char": replacement_char,
        }
        if input.shape.ndims is None:
            raise ValueError("Rank of input_tensor must be statically known.")
        return _encode(input, attrs)


def _encode(x: Any, attrs: dict[str, Any]) -> Any:
    if is_ragged(x):
        if x.flat_values.shape.ndims > 1:
            return x.with_flat_values(_encode(x.flat_values, attrs))
        if x.ragged_rank > 1:
            return x.with_values(_encode(x.values, attrs))
        return emit_tensor("UnicodeEncode", x.values, x.row_splits, **attrs)
    rank = x.shape.ndims
    if rank == 0:
        raise ValueError("input_tensor's rank must be at least 1.")
    if rank == 1:
        ends = stack([0, shape(x, out_type=int32)[0]])
        return reshape(_encode(RaggedTensor.from_row_splits(x, ends, validate=False), attrs), [])
    if rank == 2:
        return _encode(RaggedTensor.from_tensor(x), attrs)
    rows = _encode(reshape(x, stack([-1, shape(x)[-1]])), attrs)
    return reshape(rows, x.shape[:-1])


def unicode_decode(
    input: Any,
    input_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    replace_control_characters: bool = False,
    name: Any = None,
) -> Any:
    """The code points of each string, along one more dimension (a RaggedTensor)."""
    with name_scope(name, "UnicodeDecode", [input]):
        attrs = _decoding(input_encoding, errors, replacement_char, replace_control_characters)
        return _decode(input, attrs, with_offsets=False)


def unicode_decode_with_offsets(
    input: Any,
    input_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    replace_control_characters: bool = False,
    name: Any = None,
) -> Any:
    """The code points of each string, and the byte at which each starts."""
    with name_scope(name, "UnicodeDecodeWithOffsets", [input]):
        attrs = _decoding(input_encoding, errors, replacement_char, replace_control_characters)
        return _decode(input, attrs, with_offsets=True)


def unicode_split(
    input: Any,
    input_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    name: Any = None,
) -> Any:
    """The characters of each string, as strings, along one more dimension (a RaggedTensor)."""
    with name_scope(name, "UnicodeSplit", [input]):
        attrs = _decoding(input_encoding, errors, replacement_char, False)
        return _characters(_decode(input, attrs, with_offsets=False), attrs)


def unicode_split_with_offsets(
    input: Any,
    input_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    name: Any = None,
) -> Any:
    """The characters of each string, and the byte at which each starts."""
    with name_scope(name, "UnicodeSplitWithOffsets", [input]):
        attrs = _decoding(input_encoding, errors, replacement_char, False)
        points, offsets = _decode(input, attrs, with_offsets=True)
        return _characters(points, attrs), offsets


def _decoding(encoding: str, errors: str, replacement: int, controls: bool) -> dict[str, Any]:
    return {
        "input_encoding": encoding,
        "errors": errors,
        "replacement_char": replacement,
        "replace_control_characters": controls,
    }


def _characters(points: Any, attrs: dict[str, Any]) -> Any:
    encoding, policy = attrs["input_encoding"], attrs["errors"]
    return unicode_encode(expand_dims(points, -1), encoding, policy, attrs["replacement_char"])


def _decode(input: Any, attrs: dict[str, Any], with_offsets: bool) -> Any:
    input = convert_to_tensor_or_ragged_tensor(input, name="input")
    rank = input.shape.ndims
    if rank is None:
        raise ValueError("Rank of `input` must be statically known.")
    if rank > 1:
        input = _all_ragged(input, rank)
    flat = reshape(input.flat_values if is_ragged(input) else input, [-1])
    op_type = "UnicodeDecodeWithOffsets" if with_offsets else "UnicodeDecode"
    splits, *parts = apply(op_type, flat, **attrs)
    if rank > 0:
        parts = [RaggedTensor.from_row_splits(p, splits, validate=False) for p in parts]
    if rank > 1:
        parts = [input.with_flat_values(p) for p in parts]
    return tuple(parts) if with_offsets else parts[0]


def _all_ragged(input: Any, rank: int) -> Any:
    """The same text with all dimensions but the first ragged."""
    if not is_ragged(input):
        return RaggedTensor.from_tensor(input, ragged_rank=rank - 1)
    if input.ragged_rank < rank - 1:
        inner = rank - input.ragged_rank - 1
        return input.with_flat_values(
            RaggedTensor.from_tensor(input.flat_values, ragged_rank=inner)
        )
    return input


# -- names of TensorFlow's own modules ---------------------------------------------------------
string_bytes_split = bytes_split
strings_split_v1 = split
string_split_v2 = ragged_split


def reduce_join(
    inputs: Any, axis: Any = None, keepdims: Any = None, separator: str = "", name: Any = None
) -> Any:
    """The strings of a RaggedTensor along axes joined to one each."""

    def dense(x: Any, axis: Any, name: Any = None, separator: str = "") -> Any:
        return reduce_join_v2(x, axis, False, separator, name)

    name = name or "RaggedSegmentJoin"
    options = (inputs, axis, keepdims, separator, name)
    return ragged_reduce_aggregate(dense, unsorted_segment_join, *options)


__all__ = [
    "bytes_split",
    "ngrams",
    "ragged_split",
    "reduce_join",
    "split",
    "string_bytes_split",
    "string_split",
    "string_split_v2",
    "strings_split_v1",
    "unicode_decode",
    "unicode_decode_with_offsets",
    "unicode_encode",
    "unicode_split",
    "unicode_split_with_offsets",
]
