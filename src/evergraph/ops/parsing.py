"""Ops that parse serialised Examples and SequenceExamples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.dtypes import DType, string
from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, show_brackets, with_rank
from .examples import TYPE_NAMES, Feature, example_features, read_feature
from .text_arrays import as_bytes, text_scalar, texts
from .wire import WireError

KINDS = "{float32,int64,string}"
MOST_ELEMENTS = 1 << 31


def no_values(dtype: DType) -> Array:
    """A vector without elements."""
    return np.zeros(0, dtype.np_dtype)


def joined(parts: Sequence[Array], dtype: DType) -> Array:
    """The values of several features in one vector."""
    return np.concatenate([no_values(dtype), *parts]).astype(dtype.np_dtype, copy=False)


class Dense:
    """A dense feature: its name, dtype and shape, and what stands in for it if it is missing."""

    def __init__(self, key: bytes, dtype: DType, shape: Shape, default: Array) -> None:
        if shape is None or None in shape[1:]:
            raise ValueError(
                f"dense_shapes of feature {shown(key)} must be known but for the first extent."
            )
        self.key, self.dtype, self.shape, self.default = key, dtype, shape, default
        self.variable = bool(shape) and shape[0] is None
        known = [d for d in shape if d is not None]
        self.inner = tuple(known)
        self.stride = int(np.prod(self.inner, dtype=np.float64))
        if min(self.inner, default=0) < 0 or self.stride > MOST_ELEMENTS:
            raise ValueError(f"dense_shapes of feature {shown(key)} are negative or too large.")
        self._check_default()

    def _check_default(self) -> None:
        found = self.default.shape
        if self.variable and self.default.size != 1:
            raise ValueError(
                f"dense_shape of {shown(self.key)} is a variable length shape: "
                f"{show_brackets(self.shape)}, therefore its default must contain a single "
                f"element ( the padding element).  But its shape is: {list(found)}"
            )
        if not self.variable and self.default.size and found != self.inner:
            raise ValueError(
                f"The default of {shown(self.key)} has shape {list(found)}, which is not "
                f"compatible with dense_shapes {show_brackets(self.shape)}"
            )

    @property
    def required(self) -> bool:
        """Whether there must be such a feature."""
        return not self.variable and self.default.size == 0

    def row(self, feature: Feature | None, fail: Callable[[str], ValueError]) -> Array:
        """The values of one example, flat; `fail` makes the error for values that do not fit."""
        if feature is None or feature.dtype is None:
            return no_values(self.dtype) if self.variable else self.default.reshape(-1)
        kind = TYPE_NAMES[self.dtype]
        if feature.dtype is not self.dtype:
            raise fail(
                f"Data types don't match. Data type: {TYPE_NAMES[feature.dtype]} but expected "
                f"type: {kind}"
            )
        size = len(feature.values)
        name = "bytes" if self.dtype is string else kind
        if self.variable and self.stride and size % self.stride:
            raise fail(
                f"Number of {name} values is not a multiple of stride length. Saw {size} values "
                f"but output shape is: {show_brackets(self.shape)}"
            )
        if not self.variable and size != self.stride:
            raise fail(
                f"Number of {name} values != expected.  Values size: {size} but output shape: "
                f"{show_brackets(self.shape)}"
            )
        return feature.values

    def batch(self, rows: Sequence[Array]) -> Array:
        """The rows of all examples in one array, the shorter ones padded."""
        if not self.variable:
            return joined(rows, self.dtype).reshape(len(rows), *self.inner)
        longest = max((len(r) for r in rows), default=0)
        if len(rows) * longest > MOST_ELEMENTS:
            raise ValueError(f"The padded values of {shown(self.key)} would be too large.")
        out = np.full((len(rows), longest), self.default.reshape(()), self.dtype.np_dtype)
        for target, row in zip(out, rows, strict=True):
            target[: len(row)] = row
        steps = longest // self.stride if self.stride else 0
        return out.reshape(len(rows), steps, *self.inner)


def shown(key: bytes) -> str:
    """A name as text."""
    return key.decode(errors="replace")


class Sparse:
    """A sparse feature: its name and dtype."""

    def __init__(self, key: bytes, dtype: DType) -> None:
        self.key, self.dtype = key, dtype

    def row(self, feature: Feature | None, fail: Callable[[str], ValueError]) -> Array:
        """The values of one example."""
        if feature is None or feature.dtype is None:
            return no_values(self.dtype)
        if feature.dtype is not self.dtype:
            raise fail(
                f"Data types don't match. Expected type: {TYPE_NAMES[self.dtype]}, Actual type: "
                f"{TYPE_NAMES[feature.dtype]}"
            )
        return feature.values

    def batch(self, rows: Sequence[Array]) -> tuple[Array, Array, Array]:
        """Indices, values and dense shape of all examples."""
        lengths = [len(r) for r in rows]
        which = np.repeat(np.arange(len(rows)), lengths)
        places = np.concatenate([np.zeros(0, np.int64), *map(np.arange, lengths)])
        indices = np.stack([which, places], 1).astype(np.int64)
        shape = np.array([len(rows), max(lengths, default=0)], np.int64)
        return indices, joined(rows, self.dtype), shape

    def single(self, row: Array) -> tuple[Array, Array, Array]:
        """Indices, values and dense shape of one example."""
        size = len(row)
        return np.arange(size).reshape(-1, 1), joined([row], self.dtype), np.array([size])


def not_parsed(serialized: bytes) -> ValueError:
    """The error for bytes that are no example."""
    shown = serialized[:200].decode(errors="replace")
    return ValueError(f"Could not parse example input, value: '{shown}'")


def opened(serialized: bytes) -> dict[bytes, bytes]:
    """The features of an Example; ValueError if it is none."""
    try:
        return example_features(serialized)
    except WireError:
        raise not_parsed(serialized) from None


def read(
    found: dict[bytes, bytes], key: bytes, fail: Callable[[str], ValueError]
) -> Feature | None:
    """One of the features; None if it is not there."""
    data = found.get(key)
    if data is None:
        return None
    try:
        return read_feature(data)
    except WireError:
        raise fail("Can't parse serialized Example.") from None


def failing(prefix: str) -> Callable[[str], ValueError]:
    """Makes errors that start with what they are about."""
    return lambda what: ValueError(f"{prefix}.  {what}")


# -- batches -----------------------------------------------------------------------------------
def _parse_example(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Any, ...]:
    serialized, names = batch_of(inputs[0]), names_of(inputs[1], inputs[0])
    ns, nd = attrs["Nsparse"], attrs["Ndense"]
    keys = [text_scalar(k, "sparse_keys and dense_keys") for k in inputs[2 : 2 + ns + nd]]
    sparse = [Sparse(k, t) for k, t in zip(keys[:ns], attrs["sparse_types"], strict=True)]
    rows = zip(
        keys[ns:], attrs["Tdense"], attrs["dense_shapes"], inputs[2 + ns + nd :], strict=True
    )
    dense = [Dense(k, t, s, default_of(d)) for k, t, s, d in rows]
    opened_all = [opened(s) for s in serialized]

    def rows_of(feature: Sparse | Dense) -> list[Array]:
        return [_row(feature, f, names[i], i) for i, f in enumerate(opened_all)]

    triples = [s.batch(rows_of(s)) for s in sparse]
    return tuple(
        [t[0] for t in triples]
        + [t[1] for t in triples]
        + [t[2] for t in triples]
        + [d.batch(rows_of(d)) for d in dense]
    )


def default_of(value: Any) -> Array:
    """A default as an array."""
    return value if isinstance(value, np.ndarray) else np.asarray(value, dtype=object)


def batch_of(serialized: Any) -> list[bytes]:
    """A vector of messages; ValueError for anything else."""
    array = texts(serialized)
    if array.ndim != 1:
        raise ValueError(f"Expected serialized to be a vector, got shape: {list(array.shape)}")
    rows: list[bytes] = array.tolist()
    return rows


def names_of(names: Any, serialized: Any) -> list[str]:
    """The name of each example; ValueError unless there is none or one each."""
    array, count = texts(names), len(texts(serialized))
    if array.size and array.shape != (count,):
        raise ValueError(
            f"Expected len(names) == len(serialized), but got: {list(array.shape)} vs. [{count}]"
        )
    return [shown(n) for n in array.ravel().tolist()] or ["<unknown>"] * count


def _row(feature: Sparse | Dense, found: dict[bytes, bytes], name: str, index: int) -> Array:
    fail = failing(f"Name: {name}, Key: {shown(feature.key)}, Index: {index}")
    value = read(found, feature.key, fail)
    if isinstance(feature, Dense) and feature.required and _is_missing(value):
        raise ValueError(
            f"Name: {name}, Feature: {shown(feature.key)} (data type: "
            f"{TYPE_NAMES[feature.dtype]}) is required but could not be found."
        )
    return feature.row(value, fail)


def _is_missing(feature: Feature | None) -> bool:
    return feature is None or feature.dtype is None


def sparse_shapes(count: int, rank: int) -> list[Shape]:
    """The shapes of indices, values and dense shapes of sparse features."""
    return [(None, rank)] * count + [(None,)] * count + [(rank,)] * count


def _parse_example_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    batch = with_rank(shapes[0], 1)
    with_rank(shapes[1], 1)
    dense = [None if s is None else (*batch, *s) for s in attrs["dense_shapes"]]
    return sparse_shapes(attrs["Nsparse"], 2) + dense


define(
    "ParseExample",
    "serialized:string names:string sparse_keys:Nsparse*string dense_keys:Ndense*string "
    "dense_defaults:Tdense -> sparse_indices:Nsparse*int64 sparse_values:sparse_types "
    "sparse_shapes:Nsparse*int64 dense_values:Tdense",
    f"Nsparse:int>=0; Ndense:int>=0; sparse_types:list(type){KINDS}>=0; "
    f"Tdense:list(type){KINDS}>=0; dense_shapes:list(shape)>=0",
    shape=_parse_example_shape,
    kernel=_parse_example,
    data_dependent=True,
    grad=NO_GRADIENT,
)


# -- one example -------------------------------------------------------------------------------
def _parse_single(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Any, ...]:
    found = opened(text_scalar(inputs[0], "serialized"))
    keys = [as_bytes(k) for k in attrs["sparse_keys"]]
    sparse = [Sparse(k, t) for k, t in zip(keys, attrs["sparse_types"], strict=True)]
    names = [as_bytes(k) for k in attrs["dense_keys"]]
    rows = zip(names, attrs["Tdense"], attrs["dense_shapes"], inputs[1:], strict=True)
    dense = [Dense(k, t, s, default_of(d)) for k, t, s, d in rows]
    triples = [s.single(_single_row(s, found)) for s in sparse]
    return tuple(
        [t[0] for t in triples]
        + [t[1] for t in triples]
        + [t[2] for t in triples]
        + [d.batch([_single_row(d, found)])[0] for d in dense]
    )


def _single_row(feature: Sparse | Dense, found: dict[bytes, bytes]) -> Array:
    fail = failing(f"Key: {shown(feature.key)}")
    value = read(found, feature.key, fail)
    if isinstance(feature, Dense) and feature.required and _is_missing(value):
        raise ValueError(
            f"Feature: {shown(feature.key)} (data type: {TYPE_NAMES[feature.dtype]}) is required "
            "but could not be found."
        )
    return feature.row(value, fail)


def _parse_single_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    with_rank(shapes[0], 0)
    if attrs["num_sparse"] != len(attrs["sparse_keys"]):
        raise ValueError("num_sparse must be the number of sparse_keys.")
    return sparse_shapes(attrs["num_sparse"], 1) + list(attrs["dense_shapes"])


define(
    "ParseSingleExample",
    "serialized:string dense_defaults:Tdense -> sparse_indices:num_sparse*int64 "
    "sparse_values:sparse_types sparse_shapes:num_sparse*int64 dense_values:Tdense",
    "num_sparse:int>=0; sparse_keys:list(string)>=0; dense_keys:list(string)>=0; "
    f"sparse_types:list(type){KINDS}>=0; Tdense:list(type){KINDS}>=0; "
    "dense_shapes:list(shape)>=0",
    shape=_parse_single_shape,
    kernel=_parse_single,
    data_dependent=True,
    grad=NO_GRADIENT,
)
