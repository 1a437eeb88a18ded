"""Text: the root names such as `tf.string_join`, `tf.regex_replace`, `tf.as_string`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.convert import constant
from ..core.dtypes import as_dtype, float32, int32, string
from ..core.emit import apply
from ..core.tensor import Tensor
from ..ops.sparse import SparseTensor
from .dispatch import dispatched
from .emitting import emit_tensor
from .framework import convert_to_tensor, name_scope
from .renamed import renamed

__all__ = [
    "as_string",
    "decode_base64",
    "edit_distance",
    "encode_base64",
    "fingerprint",
    "reduce_join",
    "regex_replace",
    "string_join",
    "string_split",
    "string_strip",
    "string_to_hash_bucket",
    "string_to_hash_bucket_fast",
    "string_to_hash_bucket_strong",
    "string_to_number",
    "substr",
]
_TEXT = (str, bytes)


@dispatched
def as_string(
    input: Any,
    precision: int = -1,
    scientific: bool = False,
    shortest: bool = False,
    width: int = -1,
    fill: str = "",
    name: Any = None,
) -> Tensor:
    """Numbers or booleans as text, in the format of C's `printf`."""
    form = {"precision": precision, "scientific": scientific, "shortest": shortest}
    return emit_tensor("AsString", input, **form, width=width, fill=fill, name=name)


@dispatched
def string_join(inputs: Any, separator: str = "", name: Any = None) -> Tensor:
    """The strings of several tensors of one shape (or scalars), joined element by element."""
    return emit_tensor("StringJoin", list(inputs), separator=separator, name=name)


@dispatched
def string_strip(input: Any, name: Any = None) -> Tensor:
    """Each string without the whitespace at its ends."""
    return emit_tensor("StringStrip", input, name=name)


@dispatched
def string_to_hash_bucket(
    string_tensor: Any = None, num_buckets: Any = None, name: Any = None, input: Any = None
) -> Tensor:
    """A number below `num_buckets` for each string; use `string_to_hash_bucket_fast` instead."""
    text = renamed("input", string_tensor, "string_tensor", input)
    return emit_tensor("StringToHashBucket", text, num_buckets=num_buckets, name=name)


@dispatched
def string_to_hash_bucket_fast(input: Any, num_buckets: int, name: Any = None) -> Tensor:
    """A number below `num_buckets` for each string, from FarmHash."""
    return emit_tensor("StringToHashBucketFast", input, num_buckets=num_buckets, name=name)


@dispatched
def string_to_hash_bucket_strong(
    input: Any, num_buckets: int, key: Any, name: Any = None
) -> Tensor:
    """A number below `num_buckets` for each string, which cannot be foreseen without the key."""
    attrs = {"num_buckets": num_buckets, "key": key}
    return emit_tensor("StringToHashBucketStrong", input, **attrs, name=name)


@dispatched
def string_to_number(
    string_tensor: Any = None, out_type: Any = float32, name: Any = None, input: Any = None
) -> Tensor:
    """The numbers that strings denote; errors.InvalidArgumentError for other strings."""
    text = renamed("input", string_tensor, "string_tensor", input)
    return emit_tensor("StringToNumber", text, out_type=out_type, name=name)


@dispatched
def encode_base64(input: Any, pad: bool = False, name: Any = None) -> Tensor:
    """Each string in web-safe base64."""
    return emit_tensor("EncodeBase64", input, pad=pad, name=name)


@dispatched
def decode_base64(input: Any, name: Any = None) -> Tensor:
    """The bytes of strings in web-safe base64."""
    return emit_tensor("DecodeBase64", input, name=name)


@dispatched
def substr(input: Any, pos: Any, len: Any, name: Any = None, unit: str = "BYTE") -> Tensor:
    """`len` bytes (or characters, for `unit="UTF8_CHAR"`) of each string from `pos` on."""
    return emit_tensor("Substr", input, pos, len, unit=unit, name=name)


@dispatched
def regex_replace(
    input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: Any = None
) -> Tensor:
    r"""Each string with what matches the pattern (in RE2's syntax) replaced.

    `\1` to `\9` in `rewrite` stand for the pattern's groups, `\0` for the match.
    """
    options = {"replace_global": replace_global, "name": name}
    if isinstance(pattern, _TEXT) and isinstance(rewrite, _TEXT):
        static = {"pattern": pattern, "rewrite": rewrite}
        return emit_tensor("StaticRegexReplace", input, **static, **options)
    return emit_tensor("RegexReplace", input, pattern, rewrite, **options)


def fingerprint(data: Any, method: Any = "farmhash64", name: Any = None) -> Tensor:
    """Eight bytes for each row of `data`, which tell rows apart."""
    return emit_tensor("Fingerprint", data, method, name=name)


# -- splits ------------------------------------------------------------------------------------
def sparse_of(parts: Any) -> SparseTensor:
    """The outputs of an op that gives indices, values and a shape, as a SparseTensor."""
    indices, values, shape = parts
    return SparseTensor(indices, values, shape)


def sparse_split(
    source: Any, sep: Any = None, skip_empty: bool = True, delimiter: Any = None
) -> SparseTensor:
    """The parts of each string between any of the bytes of `delimiter`, as a sparse matrix."""
    delimiter = renamed("sep", sep, "delimiter", delimiter)
    delimiter = convert_to_tensor(" " if delimiter is None else delimiter, dtype=string)
    source = convert_to_tensor(source, dtype=string)
    return sparse_of(apply("StringSplit", source, delimiter, skip_empty=skip_empty))


def string_split_v2(source: Any, sep: Any = None, maxsplit: int = -1) -> SparseTensor:
    """The parts of each string as Python's `str.split` gives them, as a sparse matrix."""
    sep = convert_to_tensor("" if sep is None else sep, dtype=string)
    source = convert_to_tensor(source, dtype=string)
    return sparse_of(apply("StringSplitV2", source, sep, maxsplit=maxsplit))


def rows_of(sparse: SparseTensor) -> Any:
    """The rows of a sparse matrix of parts, as a RaggedTensor."""
    from .ragged.tensor import RaggedTensor

    rows = sparse.indices[:, 0]
    count = sparse.dense_shape[0]
    return RaggedTensor.from_value_rowids(sparse.values, rows, count, validate=False)


def string_split(
    source: Any,
    sep: Any = None,
    skip_empty: bool = True,
    delimiter: Any = None,
    result_type: str = "SparseTensor",
    name: Any = None,
) -> Any:
    """The parts of each string of a vector between any of the bytes of `sep`.

    A SparseTensor, or a RaggedTensor if `result_type` says so.
    """
    with name_scope(name, "StringSplit", [source]):
        sparse = sparse_split(source, sep, skip_empty, delimiter)
        check_result_type(result_type)
        return sparse if result_type == "SparseTensor" else rows_of(sparse)


def check_result_type(result_type: Any) -> None:
    """ValueError unless it names one of the forms that a split may take."""
    if result_type not in ("SparseTensor", "RaggedTensor"):
        raise ValueError("result_type must be 'RaggedTensor' or 'SparseTensor'.")


# -- joins -------------------------------------------------------------------------------------
def _all_axes(x: Tensor) -> Any:
    from . import array_ops

    if x.static_shape is not None:
        return constant(np.arange(len(x.static_shape) - 1, -1, -1), int32)
    return array_ops.range(array_ops.rank(x) - 1, -1, -1)


@dispatched
def reduce_join(
    inputs: Any,
    axis: Any = None,
    keep_dims: Any = None,
    separator: str = "",
    name: Any = None,
    reduction_indices: Any = None,
    keepdims: Any = None,
) -> Tensor:
    """The strings along axes joined to one each; along all axes, the last first, for None."""
    keep = renamed("keepdims", keepdims, "keep_dims", keep_dims)
    axis = renamed("axis", axis, "reduction_indices", reduction_indices)
    return reduce_join_v2(inputs, axis, bool(keep), separator, name)


@dispatched
def reduce_join_v2(
    inputs: Any, axis: Any = None, keepdims: Any = False, separator: str = "", name: Any = None
) -> Tensor:
    """`reduce_join` with its present arguments."""
    with name_scope(None, "ReduceJoin", [inputs, axis]):
        inputs = convert_to_tensor(inputs)
        axis = _all_axes(inputs) if axis is None else axis
        options = {"keep_dims": bool(keepdims), "separator": separator, "name": name}
        return emit_tensor("ReduceJoin", inputs, axis, **options)


def unsorted_segment_join(
    inputs: Any, segment_ids: Any, num_segments: Any, separator: str = "", name: Any = None
) -> Tensor:
    """The strings of each segment joined to one."""
    parts = (inputs, segment_ids, num_segments)
    return emit_tensor("UnsortedSegmentJoin", *parts, separator=separator, name=name)


# -- distances ---------------------------------------------------------------------------------
def edit_distance(
    hypothesis: Any, truth: Any, normalize: bool = True, name: Any = "edit_distance"
) -> Tensor:
    """The Levenshtein distances between the sequences of two SparseTensors.

    Divided by the lengths of the sequences of `truth` if `normalize`. TypeError for anything
    but SparseTensors (or their values).
    """
    parts = []
    for x, said in ((hypothesis, "Hypothesis"), (truth, "Truth")):
        if not hasattr(x, "dense_shape"):
            raise TypeError(f"{said} must be a SparseTensor.")
        sparse = x if isinstance(x, SparseTensor) else SparseTensor.from_value(x)
        parts += [sparse.indices, sparse.values, sparse.dense_shape]
    return emit_tensor("EditDistance", *parts, normalize=normalize, name=name)


def string_to_hash_bucket_internal(input: Any, num_buckets: int, name: Any = None) -> Tensor:
    """`string_to_hash_bucket` with its present arguments."""
    return emit_tensor("StringToHashBucket", input, num_buckets=num_buckets, name=name)


def string_to_number_internal(input: Any, out_type: Any = float32, name: Any = None) -> Tensor:
    """`string_to_number` with its present arguments."""
    return emit_tensor("StringToNumber", input, out_type=as_dtype(out_type), name=name)
