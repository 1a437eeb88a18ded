"""Ops that put a ragged tensor into variants, one value each, and take it out again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, with_rank
from .ragged import _nested_splits, _splits_of


class RaggedVariant(NamedTuple):
    """What a variant holds: the splits of all ragged dimensions, and the values."""

    nested_splits: tuple[Array, ...]
    values: Array


def _variants(items: Sequence[Any]) -> Array:
    out = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        out[i] = item
    return out


def _row(splits: Sequence[Array], values: Array, index: int) -> RaggedVariant:
    """One row of a ragged tensor."""
    start, stop = int(splits[0][index]), int(splits[0][index + 1])
    inner = []
    for rows in splits[1:]:
        part = rows[start : stop + 1]
        inner.append(part - part[0])
        start, stop = int(part[0]), int(part[-1])
    return RaggedVariant(tuple(inner), values[start:stop])


def _to_variant(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    *nested, values = inputs
    values = np.asarray(values)
    splits = _nested_splits(nested, values, "rt_nested_splits")
    if not attrs["batched_input"]:
        return _variants([RaggedVariant(tuple(splits), values)]).reshape(())
    return _variants([_row(splits, values, i) for i in range(len(splits[0]) - 1)])


def _to_variant_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    (rows,) = with_rank(shapes[0], 1)
    if not attrs["batched_input"]:
        return [()]
    return [(None if rows is None else rows - 1,)]


define(
    "RaggedTensorToVariant",
    "rt_nested_splits:RAGGED_RANK*Tsplits rt_dense_values:Tvalues -> encoded_ragged:variant",
    "RAGGED_RANK:int>=1; Tvalues:type; Tsplits:type{index}; batched_input:bool",
    shape=_to_variant_shape,
    kernel=_to_variant,
    grad=NO_GRADIENT,
)


def _checked(item: Any, rank: int, attrs: Attrs) -> RaggedVariant:
    if not isinstance(item, RaggedVariant):
        raise ValueError("Input Variant element doesn't hold a RaggedTensor.")
    if len(item.nested_splits) != rank:
        raise ValueError(
            f"Encoded input RaggedTensorVariant has ragged_rank={len(item.nested_splits)}. "
            f"Expected ragged_rank={rank}."
        )
    if item.values.dtype != attrs["Tvalues"].np_dtype:
        raise ValueError(
            f"Expected values Tensor dtype: {attrs['Tvalues'].name}, found: {item.values.dtype}"
        )
    return item


def _from_variant(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, ...]:
    encoded = np.asarray(inputs[0], dtype=object)
    out_rank, rank = attrs["output_ragged_rank"], attrs["input_ragged_rank"]
    rank = out_rank - encoded.ndim if rank < 0 else rank
    if rank < 0 or out_rank != rank + encoded.ndim:
        raise ValueError(
            "output_ragged_rank must be equal to input_ragged_rank + encoded_ragged.dims(): "
            f"{out_rank} vs. {rank} + {encoded.ndim}"
        )
    items = [_checked(item, rank, attrs) for item in encoded.ravel().tolist()]
    dtype = attrs["Tsplits"].np_dtype
    splits = _outer_splits(encoded.shape, dtype)
    if encoded.ndim:
        first = [len(i.nested_splits[0]) - 1 if rank else len(i.values) for i in items]
        splits.append(_splits_of(np.array(first, np.int64), dtype))
    for level in range(rank):
        lengths = [np.diff(i.nested_splits[level]) for i in items]
        splits.append(_splits_of(np.concatenate([np.zeros(0, np.int64), *lengths]), dtype))
    return (*splits, _joined([i.values for i in items], attrs))


def _outer_splits(shape: tuple[int, ...], dtype: Any) -> list[Array]:
    sizes = np.cumprod(shape[:-1], dtype=np.int64)
    return [
        (np.arange(n + 1) * width).astype(dtype) for n, width in zip(sizes, shape[1:], strict=True)
    ]


def _joined(parts: Sequence[Array], attrs: Attrs) -> Array:
    if not parts:
        return np.zeros(0, attrs["Tvalues"].np_dtype)
    if len({p.shape[1:] for p in parts}) > 1:
        raise ValueError("The values of the variants have different inner shapes.")
    return np.concatenate(parts)


def _from_variant_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [(None,)] * attrs["output_ragged_rank"] + [None]


define(
    "RaggedTensorFromVariant",
    "encoded_ragged:variant -> output_nested_splits:output_ragged_rank*Tsplits "
    "output_dense_values:Tvalues",
    "input_ragged_rank:int>=-1; output_ragged_rank:int>=1; Tvalues:type; Tsplits:type{index}",
    shape=_from_variant_shape,
    kernel=_from_variant,
    data_dependent=True,
    grad=NO_GRADIENT,
)
