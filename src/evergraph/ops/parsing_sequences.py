"""Ops that parse serialised SequenceExamples: a context, and lists of features for each step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.dtypes import DType
from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, show_brackets, with_rank
from .examples import TYPE_NAMES, Feature, read_feature, read_list, sequence_features
from .parsing import (
    KINDS,
    MOST_ELEMENTS,
    Dense,
    Sparse,
    batch_of,
    default_of,
    joined,
    names_of,
    no_values,
    not_parsed,
    shown,
    sparse_shapes,
)
from .text_arrays import as_bytes, text_scalar, texts
from .wire import WireError


class Steps:
    """A dense feature list: one array of `shape` each step."""

    def __init__(self, key: bytes, dtype: DType, shape: Shape, may_be_missing: bool) -> None:
        if shape is None or None in shape:
            raise ValueError(f"feature_list_dense_shapes of {shown(key)} must be known.")
        self.key, self.dtype = key, dtype
        self.shape = tuple(d for d in shape if d is not None)
        self.size = int(np.prod(self.shape, dtype=np.float64))
        if self.size > MOST_ELEMENTS:
            raise ValueError(f"feature_list_dense_shapes of {shown(key)} are too large.")
        self.may_be_missing = may_be_missing

    def values(self, features: list[Feature] | None, name: str) -> Array:
        """The values of all steps: an array [steps, *shape]."""
        if features is None and not self.may_be_missing:
            raise ValueError(
                f"Name: {name}, Feature list '{shown(self.key)}' is required but could not be "
                "found.  Did you mean to include it in feature_list_dense_missing_assumed_empty "
                "or feature_list_dense_defaults?"
            )
        rows = [self._step(f, i, name) for i, f in enumerate(features or [])]
        return joined(rows, self.dtype).reshape(len(rows), *self.shape)

    def _step(self, feature: Feature, index: int, name: str) -> Array:
        where = f"Name: {name}, Feature list: {shown(self.key)}, Index: {index}."
        if feature.dtype is not self.dtype:
            raise ValueError(
                f"{where}  Data types don't match. Expected type: {TYPE_NAMES[self.dtype]}"
            )
        if len(feature.values) != self.size:
            raise ValueError(
                f"{where}  Number of {TYPE_NAMES[self.dtype]} values != expected.  values size: "
                f"{len(feature.values)} but output shape: {show_brackets(self.shape)}"
            )
        return feature.values


class _Example:
    """A SequenceExample, its features read when they are asked for."""

    def __init__(self, serialized: bytes, name: str) -> None:
        self.serialized, self.name = serialized, name
        self.context, self.lists = self._guarded(lambda: sequence_features(serialized))

    def _guarded(self, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except WireError:
            raise not_parsed(self.serialized) from None

    def context_row(self, feature: Sparse | Dense) -> Array:
        """The values of a feature of the context."""
        data = self.context.get(feature.key)
        value = None if data is None else self._guarded(lambda: read_feature(data))
        missing = value is None or value.dtype is None
        if isinstance(feature, Dense) and feature.required and missing:
            raise ValueError(
                f"Name: {self.name}, Context feature '{shown(feature.key)}' is required but "
                "could not be found."
            )
        where = f"Name: {self.name}, Context feature: {shown(feature.key)}"
        return feature.row(value, lambda what: ValueError(f"{where}.  {what}"))

    def steps(self, key: bytes) -> list[Feature] | None:
        """The features of a list; None if there is no such list."""
        data = self.lists.get(key)
        return None if data is None else self._guarded(lambda: read_list(data))

    def sparse_steps(self, feature: Sparse) -> list[Array]:
        """The values of each step of a sparse feature list."""
        where = f"Name: {self.name}, Feature List: {shown(feature.key)}, Index: "
        rows = []
        for i, step in enumerate(self.steps(feature.key) or []):
            rows.append(feature.row(step, lambda what, i=i: ValueError(f"{where}{i}.  {what}")))  # type: ignore[misc]
        return rows


class _Plan:
    """The features that an op asks for."""

    def __init__(
        self, attrs: Attrs, keys: Sequence[list[bytes]], defaults: Sequence[Any], empty: set[bytes]
    ) -> None:
        context_sparse, context_dense, list_sparse, list_dense = keys
        kinds = attrs["context_sparse_types"]
        self.sparse = [Sparse(*row) for row in zip(context_sparse, kinds, strict=True)]
        rows = zip(
            context_dense,
            attrs["Tcontext_dense"],
            attrs["context_dense_shapes"],
            map(default_of, defaults),
            strict=True,
        )
        self.dense = [Dense(*row) for row in rows]
        kinds = attrs["feature_list_sparse_types"]
        self.list_sparse = [Sparse(*row) for row in zip(list_sparse, kinds, strict=True)]
        shapes = attrs["feature_list_dense_shapes"]
        steps = zip(list_dense, attrs["feature_list_dense_types"], shapes, strict=True)
        self.list_dense = [Steps(k, t, s, k in empty) for k, t, s in steps]


def _columns(triples: Sequence[tuple[Any, ...]], width: int = 3) -> list[Any]:
    """First the first parts of all, then the second ones ..."""
    return [t[i] for i in range(width) for t in triples]


# -- one example -------------------------------------------------------------------------------
def _groups(inputs: Sequence[Any], sizes: Sequence[int]) -> list[list[Any]]:
    """Consecutive operands in groups of these sizes."""
    out, at = [], 0
    for size in sizes:
        out.append(list(inputs[at : at + size]))
        at += size
    return out


_COUNTS = ("Ncontext_sparse", "Ncontext_dense", "Nfeature_list_sparse", "Nfeature_list_dense")


def _parse_single(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Any, ...]:
    sizes = [attrs[c] for c in _COUNTS]
    *names, defaults = _groups(inputs[2:-1], [*sizes, len(attrs["Tcontext_dense"])])
    keys = [[text_scalar(k, "A key") for k in group] for group in names]
    plan = _Plan(attrs, keys, defaults, set(texts(inputs[1]).ravel().tolist()))
    debug = texts(inputs[-1])
    name = shown(debug.item()) if debug.size == 1 and debug.item() else "<unknown>"
    example = _Example(text_scalar(inputs[0], "serialized"), name)
    context = [s.single(example.context_row(s)) for s in plan.sparse]
    dense = [d.batch([example.context_row(d)])[0] for d in plan.dense]
    sparse = [s.batch(example.sparse_steps(s)) for s in plan.list_sparse]
    steps = [s.values(example.steps(s.key), name) for s in plan.list_dense]
    return tuple(_columns(context) + dense + _columns(sparse) + steps)


def _single_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    with_rank(shapes[0], 0)
    with_rank(shapes[1], 1)
    steps = [None if s is None else (None, *s) for s in attrs["feature_list_dense_shapes"]]
    context = sparse_shapes(attrs["Ncontext_sparse"], 1) + list(attrs["context_dense_shapes"])
    return context + sparse_shapes(attrs["Nfeature_list_sparse"], 2) + steps


_ATTRS = (
    "Ncontext_sparse:int>=0=0; Ncontext_dense:int>=0=0; Nfeature_list_sparse:int>=0=0; "
    f"Nfeature_list_dense:int>=0=0; context_sparse_types:list(type){KINDS}>=0=[]; "
    f"Tcontext_dense:list(type){KINDS}>=0=[]; feature_list_dense_types:list(type){KINDS}>=0=[]; "
    f"context_dense_shapes:list(shape)>=0=[]; feature_list_sparse_types:list(type){KINDS}>=0=[]; "
    "feature_list_dense_shapes:list(shape)>=0=[]"
)
_OUTPUTS = (
    "context_sparse_indices:Ncontext_sparse*int64 context_sparse_values:context_sparse_types "
    "context_sparse_shapes:Ncontext_sparse*int64 context_dense_values:Tcontext_dense "
    "feature_list_sparse_indices:Nfeature_list_sparse*int64 "
    "feature_list_sparse_values:feature_list_sparse_types "
    "feature_list_sparse_shapes:Nfeature_list_sparse*int64 "
    "feature_list_dense_values:feature_list_dense_types"
)
define(
    "ParseSingleSequenceExample",
    "serialized:string feature_list_dense_missing_assumed_empty:string "
    "context_sparse_keys:Ncontext_sparse*string context_dense_keys:Ncontext_dense*string "
    "feature_list_sparse_keys:Nfeature_list_sparse*string "
    "feature_list_dense_keys:Nfeature_list_dense*string context_dense_defaults:Tcontext_dense "
    f"debug_name:string -> {_OUTPUTS}",
    _ATTRS,
    shape=_single_shape,
    kernel=_parse_single,
    data_dependent=True,
    grad=NO_GRADIENT,
)


# -- batches -----------------------------------------------------------------------------------
_KEYS = (
    "context_sparse_keys",
    "context_dense_keys",
    "feature_list_sparse_keys",
    "feature_list_dense_keys",
)


def _parse_batch(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Any, ...]:
    keys = [[as_bytes(k) for k in attrs[name]] for name in _KEYS]
    empty = {as_bytes(k) for k in attrs["feature_list_dense_missing_assumed_empty"]}
    plan = _Plan(attrs, keys, inputs[2:], empty)
    names = names_of(inputs[1], inputs[0])
    rows = zip(batch_of(inputs[0]), names, strict=True)
    examples = [_Example(s, name) for s, name in rows]
    context = [s.batch([e.context_row(s) for e in examples]) for s in plan.sparse]
    dense = [d.batch([e.context_row(d) for e in examples]) for d in plan.dense]
    sparse = [_sparse_lists(s, examples) for s in plan.list_sparse]
    steps = [
        _padded(s, [s.values(e.steps(s.key), e.name) for e in examples]) for s in plan.list_dense
    ]
    return tuple(_columns(context) + dense + _columns(sparse) + _columns(steps, 2))


def _sparse_lists(feature: Sparse, examples: Sequence[_Example]) -> tuple[Array, Array, Array]:
    """Indices [n, 3] (example, step, place), values and dense shape."""
    rows = [e.sparse_steps(feature) for e in examples]
    indices = [
        (i, step, place)
        for i, steps in enumerate(rows)
        for step, values in enumerate(steps)
        for place in range(len(values))
    ]
    flat = [values for steps in rows for values in steps]
    shape = [len(rows), max(map(len, rows), default=0), max(map(len, flat), default=0)]
    places = np.array(indices, np.int64).reshape(-1, 3)
    return places, joined(flat, feature.dtype), np.array(shape, np.int64)


def _padded(feature: Steps, rows: Sequence[Array]) -> tuple[Array, Array]:
    """All examples' steps in one array, padded with zeros (or empty strings), and their numbers."""
    lengths = np.array([len(r) for r in rows], np.int64)
    longest = int(lengths.max(initial=0))
    if len(rows) * longest * max(feature.size, 1) > MOST_ELEMENTS:
        raise ValueError(f"The padded values of {shown(feature.key)} would be too large.")
    fill: Any = b"" if no_values(feature.dtype).dtype == object else 0
    shape = (len(rows), longest, *feature.shape)
    out = np.full(shape, fill, feature.dtype.np_dtype)
    for target, row in zip(out, rows, strict=True):
        target[: len(row)] = row
    return out, lengths


def _batch_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    (batch,) = with_rank(shapes[0], 1)
    with_rank(shapes[1], 1)
    dense = [None if s is None else (batch, *s) for s in attrs["context_dense_shapes"]]
    steps = [None if s is None else (batch, None, *s) for s in attrs["feature_list_dense_shapes"]]
    context = sparse_shapes(attrs["Ncontext_sparse"], 2) + dense
    lists = sparse_shapes(attrs["Nfeature_list_sparse"], 3) + steps
    return context + lists + [(batch,)] * attrs["Nfeature_list_dense"]


define(
    "ParseSequenceExample",
    "serialized:string debug_name:string context_dense_defaults:Tcontext_dense -> "
    f"{_OUTPUTS} feature_list_dense_lengths:Nfeature_list_dense*int64",
    "feature_list_dense_missing_assumed_empty:list(string)>=0; "
    "context_sparse_keys:list(string)>=0; context_dense_keys:list(string)>=0; "
    "feature_list_sparse_keys:list(string)>=0; "
    f"feature_list_dense_keys:list(string)>=0; {_ATTRS}",
    shape=_batch_shape,
    kernel=_parse_batch,
    data_dependent=True,
    grad=NO_GRADIENT,
)
