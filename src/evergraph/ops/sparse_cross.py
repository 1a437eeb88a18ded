"""`SparseCross`: the combinations of features, a row of a batch at a time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.opdef import Attrs, Values, define
from ..core.shape import Shape
from . import coordinates as co
from .hash_functions import fingerprint64
from .sparse_shapes import triple

_MASK = (1 << 64) - 1
_FACTOR = 0xC6A4A7935BD1E995
_LARGEST = (1 << 63) - 1


def _shift_mixed(x: int) -> int:
    return x ^ (x >> 47)


def joined_fingerprint(first: int, second: int) -> int:
    """One fingerprint of two, as farmhash joins them: their order counts."""
    out = first ^ _FACTOR
    out ^= (_shift_mixed((second * _FACTOR) & _MASK) * _FACTOR) & _MASK
    out = (out * _FACTOR) & _MASK
    out = (_shift_mixed(out) * _FACTOR) & _MASK
    return _shift_mixed(out)


def _as_number(feature: Any) -> int:
    return fingerprint64(feature) if isinstance(feature, bytes) else int(feature) & _MASK


def _as_text(feature: Any) -> bytes:
    return feature if isinstance(feature, bytes) else str(feature).encode()


def _hashed(attrs: Attrs) -> Callable[[Sequence[Any]], int]:
    key, buckets = attrs["hash_key"] & _MASK, attrs["num_buckets"] or _LARGEST

    def cross(features: Sequence[Any]) -> int:
        out = key
        for feature in features:
            out = joined_fingerprint(out, _as_number(feature))
        return int(out % buckets)

    return cross


def _rows_of(indices: Any, values: Any, shape: Any, batch: int, position: int) -> list[list[Any]]:
    co.check_ranks(indices, values, shape, f"input {position}")
    if len(shape) != 2:
        raise ValueError(f"shape should imply a 2D tensor, but got {shape.tolist()}")
    if shape[0] != batch:
        raise ValueError(f"Expected batch size {batch} got {shape[0]} at position {position}")
    co.check_inside(indices, shape, f"input {position}")
    rows: list[list[Any]] = [[] for _ in range(batch)]
    for row, value in zip(indices[:, 0].tolist(), values.tolist(), strict=True):
        rows[row].append(value)
    return rows


def _columns(inputs: Any, attrs: Attrs) -> tuple[list[list[list[Any]]], int]:
    """For each column its features, row by row; and the number of rows."""
    n = attrs["N"]
    indices, rest = inputs[:n], inputs[n:]
    count = len(attrs["sparse_types"])
    values, shapes, dense = rest[:count], rest[count : count + n], rest[count + n :]
    if count != n:
        raise ValueError(f"Expected {n} input values, got {count}")
    if not n and not dense:
        raise ValueError("Crossing features needs one column at least.")
    for i, x in enumerate(dense):
        if x.ndim != 2:
            raise ValueError(f"Dense inputs should be a matrix but received {x.shape} at {i}")
    if n and np.size(shapes[0]) != 2:
        raise ValueError(f"shape should imply a 2D tensor, but got {np.ravel(shapes[0]).tolist()}")
    batch = int(shapes[0][0]) if n else len(dense[0])
    columns = [
        _rows_of(*parts, batch, i)
        for i, parts in enumerate(zip(indices, values, shapes, strict=True))
    ]
    for i, x in enumerate(dense):
        if len(x) != batch:
            raise ValueError(f"Expected batch size {batch} got {len(x)} at dense tensor {i}")
        columns.append(x.tolist())
    return columns, batch


def _cross(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    columns, batch = _columns(inputs, attrs)
    make: Callable[[Sequence[Any]], Any] = lambda fs: b"_X_".join(map(_as_text, fs))  # noqa: E731
    if attrs["hashed_output"]:
        make = _hashed(attrs)
    rows = [[make(fs) for fs in itertools.product(*(c[b] for c in columns))] for b in range(batch)]
    indices = [(b, i) for b, row in enumerate(rows) for i in range(len(row))]
    dtype = np.int64 if attrs["hashed_output"] else object
    return (
        np.array(indices, np.int64).reshape(-1, 2),
        np.array([value for row in rows for value in row], dtype),
        np.array([batch, max(map(len, rows), default=0)], np.int64),
    )


def _cross_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return triple(None, 2)


define(
    "SparseCross",
    "indices:N*int64 values:sparse_types shapes:N*int64 dense_inputs:dense_types "
    "-> output_indices:int64 output_values:out_type output_shape:int64",
    "N:int>=0; hashed_output:bool; num_buckets:int>=0; hash_key:int; "
    "sparse_types:list(type){int64,string}>=0; dense_types:list(type){int64,string}>=0; "
    "out_type:type{int64,string}; internal_type:type{int64,string}",
    shape=_cross_shape,
    kernel=_cross,
    data_dependent=True,
)
