"""Parsing of Examples, CSV, JSON and raw bytes: the functions of `tf.io`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ..core.dtypes import float32, string
from ..core.emit import apply
from ..core.tensor import Tensor
from ..core.tensor_shape import TensorShape
from ..ops.sparse import SparseTensor
from . import array_ops, check_ops, math_ops
from .control_flow_ops import with_dependencies
from .dispatch import dispatched
from .emitting import emit_tensor
from .feature_specs import (
    FixedLenFeature,
    FixedLenSequenceFeature,
    Raw,
    SparseFeature,
    VarLenFeature,
    raw_features,
    with_steps,
)
from .framework import convert_to_tensor, name_scope
from .renamed import renamed

__all__ = [
    "FixedLenFeature",
    "FixedLenSequenceFeature",
    "SparseFeature",
    "VarLenFeature",
    "decode_compressed",
    "decode_csv",
    "decode_json_example",
    "decode_raw",
]
_ALL = (VarLenFeature, SparseFeature, FixedLenFeature, FixedLenSequenceFeature)


# -- defaults and shapes -----------------------------------------------------------------------
def _cleaned(key: Any) -> str:
    """A feature's name as a part of an operation's name."""
    return re.sub(r"[^A-Za-z0-9_.\-/]", "_", key.decode() if isinstance(key, bytes) else key)


def _is_variable(shape: TensorShape) -> bool:
    return bool(shape.ndims) and shape.as_list()[0] is None


def _default(key: Any, dtype: Any, shape: TensorShape, value: Any) -> Tensor:
    """What stands in for a dense feature; a vector without elements for a required one."""
    if _is_variable(shape):
        if value is None:
            return convert_to_tensor("" if dtype is string else 0, dtype=dtype)
        padding = convert_to_tensor(value, dtype=dtype, name="padding_" + _cleaned(key))
        return array_ops.reshape(padding, [])
    if value is None:
        return array_ops.constant([], dtype=dtype)
    if isinstance(value, Tensor):
        return value
    tensor = convert_to_tensor(value, dtype=dtype, name="key_" + _cleaned(key))
    return array_ops.reshape(tensor, shape)


def _check_keys(sparse: Sequence[Any], dense: Sequence[Any], kind: str = "") -> None:
    both = set(sparse) & set(dense)
    if both:
        raise ValueError(
            f"{kind}Dense and {kind.lower()}sparse keys must not intersect; intersection: {both}"
            if not kind
            else f"{kind}_dense and {kind}_sparse keys must not intersect; intersection: {both}"
        )


def _defaults(raw: Raw) -> tuple[list[Tensor], list[TensorShape]]:
    shapes = [TensorShape(s) for s in raw.dense_shapes]
    rows = zip(raw.dense_keys, raw.dense_types, shapes, strict=True)
    return [_default(k, t, s, raw.dense_defaults.get(k)) for k, t, s in rows], shapes


def _sparse_tensors(parts: Sequence[Any], count: int) -> list[SparseTensor]:
    """Indices, values and shapes of `count` sparse tensors, one kind after the other."""
    columns = [parts[i * count : (i + 1) * count] for i in range(3)]
    return [SparseTensor(*row) for row in zip(*columns, strict=True)]


def _merged(features: Any, parsed: dict[Any, Any]) -> dict[Any, Any]:
    """The features that were asked for: SparseFeatures made of theirs, helpers left out."""
    found = dict(parsed)
    for key in sorted(features):
        feature = features[key]
        if isinstance(feature, SparseFeature):
            from .namespaces import resolve

            single = isinstance(feature.index_key, str)
            ids = parsed[feature.index_key] if single else [parsed[k] for k in feature.index_key]
            found[key] = resolve("tf.sparse", "merge")(
                ids,
                parsed[feature.value_key],
                vocab_size=feature.size,
                already_sorted=feature.already_sorted,
            )
    return {key: found[key] for key in found if key in features}


# -- Examples ----------------------------------------------------------------------------------
def parse_example(
    serialized: Any, features: Any, name: Any = None, example_names: Any = None
) -> Any:
    """A batch of serialised Examples as a dictionary of tensors and SparseTensors.

    `features` says what is wanted of each, by name. Raises ValueError without any, and where
    what they say is incomplete; errors.InvalidArgumentError where an example does not fit.
    """
    if not features:
        raise ValueError(f"Missing: features was {features}.")
    wanted = with_steps(features)
    parsed = _parse_batch(serialized, example_names, raw_features(wanted, _ALL), name)
    return _merged(features, parsed)


def _parse_batch(serialized: Any, names: Any, raw: Raw, name: Any) -> dict[Any, Any]:
    with name_scope(name, "ParseExample", [serialized, names]):
        _check_keys(raw.sparse_keys, raw.dense_keys)
        defaults, shapes = _defaults(raw)
        parts = apply(
            "ParseExample",
            serialized,
            array_of_names(names),
            raw.sparse_keys,
            raw.dense_keys,
            defaults,
            sparse_types=raw.sparse_types,
            dense_shapes=shapes,
            Tdense=raw.dense_types,
            name=name,
        )
        count = len(raw.sparse_keys)
        values = [*_sparse_tensors(parts, count), *parts[3 * count :]]
        return dict(zip([*raw.sparse_keys, *raw.dense_keys], values, strict=True))


def array_of_names(names: Any) -> Any:
    """The names of examples, a vector of text even if it is empty."""
    if names is None or (isinstance(names, (list, tuple)) and not names):
        import numpy as np

        return np.array([], dtype=object)
    return names


def parse_single_example(
    serialized: Any, features: Any, name: Any = None, example_names: Any = None
) -> Any:
    """One serialised Example as a dictionary of tensors and SparseTensors; see `parse_example`."""
    if not features:
        raise ValueError("Missing features.")
    raw = raw_features(with_steps(features), _ALL)
    if example_names is not None:
        return _merged(features, _parse_named(serialized, example_names, raw, name))
    with name_scope(name, "ParseSingleExample", [serialized]):
        serialized = convert_to_tensor(serialized, name="serialized")
        _check_keys(raw.sparse_keys, raw.dense_keys)
        defaults, shapes = _defaults(raw)
        parts = apply(
            "ParseSingleExample",
            serialized,
            defaults,
            num_sparse=len(raw.sparse_keys),
            sparse_keys=raw.sparse_keys,
            sparse_types=raw.sparse_types,
            dense_keys=raw.dense_keys,
            dense_shapes=shapes,
            Tdense=raw.dense_types,
            name=name,
        )
        count = len(raw.sparse_keys)
        values = [*_sparse_tensors(parts, count), *parts[3 * count :]]
        keys = [*raw.sparse_keys, *raw.dense_keys]
        return _merged(features, dict(zip(keys, values, strict=True)))


def _as_scalar(x: Any, what: str, prefix: str) -> Tensor:
    """A scalar; ValueError where it is known to be none, an assertion where it is not."""
    tensor = convert_to_tensor(x)
    if tensor.static_shape is not None:
        if tensor.static_shape:
            raise ValueError(f"Input {what} must be a scalar")
        return tensor
    is_scalar = math_ops.equal(array_ops.rank(tensor), 0)
    check = check_ops.Assert(
        is_scalar, [f"Input {what} must be a scalar"], name=f"{prefix}IsScalar"
    )
    checked: Tensor = with_dependencies([check], tensor, name=f"{prefix}Dependencies")
    return checked


def _parse_named(serialized: Any, names: Any, raw: Raw, name: Any) -> dict[Any, Any]:
    """One example with a name, which errors then tell: a batch of one."""
    with name_scope(name, "ParseSingleExample", [serialized, names]):
        batch = array_ops.expand_dims(_as_scalar(serialized, "serialized", "Serialized"), 0)
        named = array_ops.expand_dims(_as_scalar(names, "names", "Names"), 0)
        out = _parse_batch(batch, named, raw, name)
        for key in raw.dense_keys:
            out[key] = array_ops.squeeze(out[key], [0], name=f"Squeeze_{_cleaned(key)}")
        for key in raw.sparse_keys:
            found, label = out[key], _cleaned(key)
            places = array_ops.slice(found.indices, [0, 1], [-1, -1], name=f"Slice_Indices_{label}")
            shape = array_ops.slice(found.dense_shape, [1], [-1], name=f"Squeeze_Shape_{label}")
            out[key] = SparseTensor(places, found.values, shape)
        return out


# -- SequenceExamples --------------------------------------------------------------------------
class _Sequences:
    """What is asked of SequenceExamples: their context, and lists of features."""

    def __init__(self, context_features: Any, sequence_features: Any) -> None:
        if not (context_features or sequence_features):
            raise ValueError("Missing features.")
        self.context = raw_features(context_features, (VarLenFeature, FixedLenFeature))
        self.lists = raw_features(sequence_features, (VarLenFeature, FixedLenSequenceFeature))
        _check_keys(self.context.sparse_keys, self.context.dense_keys, "context")
        _check_keys(self.lists.sparse_keys, self.lists.dense_keys, "feature_list")
        self.may_be_missing = list(self.lists.dense_defaults)
        for key, value in self.lists.dense_defaults.items():
            if value is not None:
                raise ValueError(f"Value feature_list_dense_defaults[{key}] must be None")

    def attrs(self) -> dict[str, Any]:
        """The attributes that both ops have."""
        return {
            "context_sparse_types": self.context.sparse_types,
            "context_dense_shapes": [TensorShape(s) for s in self.context.dense_shapes],
            "Tcontext_dense": self.context.dense_types,
            "feature_list_sparse_types": self.lists.sparse_types,
            "feature_list_dense_types": self.lists.dense_types,
            "feature_list_dense_shapes": [TensorShape(s) for s in self.lists.dense_shapes],
        }

    def counts(self) -> dict[str, int]:
        """How many features of each kind there are."""
        return {
            "Ncontext_sparse": len(self.context.sparse_keys),
            "Ncontext_dense": len(self.context.dense_keys),
            "Nfeature_list_sparse": len(self.lists.sparse_keys),
            "Nfeature_list_dense": len(self.lists.dense_keys),
        }

    def defaults(self) -> list[Tensor]:
        """What stands in for the dense features of the context."""
        return _defaults(self.context)[0]

    def results(self, parts: Sequence[Any]) -> tuple[dict[Any, Any], dict[Any, Any], list[Any]]:
        """The context and the lists by name, and what outputs are left."""
        out = []
        for raw in (self.context, self.lists):
            count, dense = len(raw.sparse_keys), len(raw.dense_keys)
            values = _sparse_tensors(parts, count)
            parts = parts[3 * count :]
            keys = [*raw.sparse_keys, *raw.dense_keys]
            out.append(dict(zip(keys, [*values, *parts[:dense]], strict=True)))
            parts = parts[dense:]
        return out[0], out[1], list(parts)


def parse_sequence_example(
    serialized: Any,
    context_features: Any = None,
    sequence_features: Any = None,
    example_names: Any = None,
    name: Any = None,
) -> Any:
    """A batch of serialised SequenceExamples: context, feature lists, and the lists' lengths."""
    wanted = _Sequences(context_features, sequence_features)
    with name_scope(name, "ParseSequenceExample", [serialized]):
        parts = apply(
            "ParseSequenceExample",
            serialized,
            array_of_names(example_names),
            wanted.defaults(),
            feature_list_dense_missing_assumed_empty=wanted.may_be_missing,
            context_sparse_keys=wanted.context.sparse_keys,
            context_dense_keys=wanted.context.dense_keys,
            feature_list_sparse_keys=wanted.lists.sparse_keys,
            feature_list_dense_keys=wanted.lists.dense_keys,
            **wanted.counts(),
            **wanted.attrs(),
            name=name,
        )
        context, lists, lengths = wanted.results(parts)
        return context, lists, dict(zip(wanted.lists.dense_keys, lengths, strict=True))


def parse_single_sequence_example(
    serialized: Any,
    context_features: Any = None,
    sequence_features: Any = None,
    example_name: Any = None,
    name: Any = None,
) -> Any:
    """One serialised SequenceExample: its context and its feature lists."""
    wanted = _Sequences(context_features, sequence_features)
    with name_scope(name, "ParseSingleSequenceExample", [serialized]):
        defaults = wanted.defaults()
        parts = apply(
            "ParseSingleSequenceExample",
            serialized,
            array_of_names(wanted.may_be_missing),
            wanted.context.sparse_keys,
            wanted.context.dense_keys,
            wanted.lists.sparse_keys,
            wanted.lists.dense_keys,
            defaults,
            "" if example_name is None else example_name,
            **wanted.attrs(),
            name=name,
        )
        return wanted.results(parts)[:2]


# -- bytes -------------------------------------------------------------------------------------
def decode_raw(
    input_bytes: Any = None,
    out_type: Any = None,
    little_endian: bool = True,
    name: Any = None,
    bytes: Any = None,
) -> Tensor:
    """The numbers whose bytes strings hold, along one more dimension."""
    content = renamed("input_bytes", input_bytes, "bytes", bytes)
    if out_type is None:
        raise ValueError("decode_raw_v1() missing 1 positional argument: 'out_type'")
    options = {"out_type": out_type, "little_endian": little_endian}
    return emit_tensor("DecodeRaw", content, **options, name=name)


def decode_raw_v2(
    input_bytes: Any,
    out_type: Any,
    little_endian: bool = True,
    fixed_length: Any = None,
    name: Any = None,
) -> Tensor:
    """`decode_raw` with its present arguments: strings may be cut or padded to a length."""
    options = {"out_type": out_type, "little_endian": little_endian, "name": name}
    if fixed_length is None:
        return emit_tensor("DecodeRaw", input_bytes, **options)
    return emit_tensor("DecodePaddedRaw", input_bytes, fixed_length, **options)


def decode_csv(
    records: Any,
    record_defaults: Any,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    name: Any = None,
    na_value: str = "",
    select_cols: Any = None,
) -> Any:
    """Records of CSV as one tensor a column, with the dtypes of `record_defaults`.

    A default without elements means that the column must have a value. Raises ValueError where
    `select_cols` (the columns that are wanted) does not rise or fit the defaults.
    """
    if select_cols is not None:
        if any(b <= a for a, b in pairwise(select_cols)):
            raise ValueError("select_cols is not strictly increasing.")
        if select_cols and select_cols[0] < 0:
            raise ValueError("select_cols contains negative values.")
        if len(select_cols) != len(record_defaults):
            raise ValueError("Length of select_cols and record_defaults do not match.")
    return apply(
        "DecodeCSV",
        records,
        list(record_defaults),
        field_delim=field_delim,
        use_quote_delim=use_quote_delim,
        na_value=na_value,
        select_cols=select_cols,
        name=name,
    )


@dispatched
def decode_compressed(bytes: Any, compression_type: str = "", name: Any = None) -> Tensor:
    """The content of strings compressed with ZLIB or GZIP."""
    return emit_tensor("DecodeCompressed", bytes, compression_type=compression_type, name=name)


def decode_json_example(json_examples: Any, name: Any = None) -> Tensor:
    """Examples in JSON form as serialised messages."""
    return emit_tensor("DecodeJSONExample", json_examples, name=name)


def parse_tensor(serialized: Any, out_type: Any, name: Any = None) -> Tensor:
    """The tensor of a serialised TensorProto."""
    return emit_tensor("ParseTensor", serialized, out_type=out_type, name=name)


def serialize_tensor(tensor: Any, name: Any = None) -> Tensor:
    """A tensor as a serialised TensorProto."""
    return emit_tensor("SerializeTensor", tensor, name=name)


def string_to_number(string_tensor: Any, out_type: Any = float32, name: Any = None) -> Tensor:
    """The numbers that strings denote."""
    return emit_tensor("StringToNumber", string_tensor, out_type=out_type, name=name)


decode_raw_v1 = decode_raw


# -- files -------------------------------------------------------------------------------------
def read_file(filename: Any, name: Any = None) -> Tensor:
    """The content of a file."""
    return emit_tensor("ReadFile", filename, name=name)


def write_file(filename: Any, contents: Any, name: Any = None) -> Any:
    """An operation that writes a file, and the folders above it if need be."""
    return apply("WriteFile", filename, contents, name=name)


def matching_files(pattern: Any, name: Any = None) -> Tensor:
    """The names of the files that match glob patterns, sorted."""
    return emit_tensor("MatchingFiles", pattern, name=name)
