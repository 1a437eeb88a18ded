"""Joining RaggedTensors: `concat` and `stack`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.tensor import Tensor
from .. import array_ops, check_ops
from ..framework import control_dependencies, name_scope
from .dims import expand_dims
from .gather import gather
from .splits import lengths_to_splits, positive_axis, splits_match
from .tensor import (
    RaggedTensor,
    convert_to_tensor_or_ragged_tensor,
    is_ragged,
    match_row_splits_dtypes,
)


def concat(values: Any, axis: Any, name: Any = None) -> Any:
    """Tensors, dense or ragged, joined along an axis."""
    parts = list(values) if isinstance(values, (list, tuple)) else [values]
    with name_scope(name, "RaggedConcat", parts):
        return _joined(parts, axis, stacked=False)


def stack(values: Any, axis: Any = 0, name: Any = None) -> Any:
    """Tensors, dense or ragged, along a new axis."""
    parts = list(values) if isinstance(values, (list, tuple)) else [values]
    with name_scope(name, "RaggedConcat", parts):
        return _joined(parts, axis, stacked=True)


def _joined(values: list[Any], axis: Any, stacked: bool) -> Any:
    if not values:
        raise ValueError("rt_inputs may not be empty.")
    parts = [convert_to_tensor_or_ragged_tensor(v, name="rt_input") for v in values]
    kind, matched = match_row_splits_dtypes(*parts, return_dtype=True)
    parts = list(matched)
    if len(parts) == 1:
        return expand_dims(parts[0], axis=axis) if stacked else parts[0]
    rank = parts[0].shape.ndims
    for part in parts:
        if rank is None:
            rank = part.shape.ndims
        part.shape.assert_has_rank(rank)
    axis = positive_axis(axis, None if rank is None else rank + stacked)
    is_last = rank is not None and axis in (rank - 1, rank - 1 + stacked)
    if is_last and not any(map(is_ragged, parts)):
        return array_ops.stack(parts, axis) if stacked else array_ops.concat(parts, axis)
    return _joined_ragged(_alike(parts, kind), axis, stacked)


def _alike(parts: list[Any], kind: Any) -> list[RaggedTensor]:
    """RaggedTensors of one ragged rank."""
    depth = max([1] + [p.ragged_rank for p in parts if is_ragged(p)])
    return [_of_depth(p, depth, kind) for p in parts]


def _of_depth(x: Any, depth: int, kind: Any) -> Any:
    if depth == 0:
        return x
    if not is_ragged(x):
        x = RaggedTensor.from_tensor(x, row_splits_dtype=kind)
    if x.ragged_rank < depth:
        return x.with_values(_of_depth(x.values, depth - 1, kind))
    return x


def _joined_ragged(parts: list[RaggedTensor], axis: int, stacked: bool) -> RaggedTensor:
    if axis == 0:
        return _one_after_the_other(parts, stacked)
    if axis == 1:
        return _row_by_row(parts, stacked)
    with control_dependencies(splits_match([[p.row_splits] for p in parts])):
        values = _joined([p.values for p in parts], axis - 1, stacked)
        return RaggedTensor.from_row_splits(values, parts[0].row_splits, validate=False)


def _one_after_the_other(parts: Sequence[RaggedTensor], stacked: bool) -> RaggedTensor:
    values = array_ops.concat([p.flat_values for p in parts], axis=0)
    levels = zip(*[p.nested_row_splits for p in parts], strict=True)
    splits = [_joined_splits(level) for level in levels]
    if stacked:
        splits.insert(0, lengths_to_splits(array_ops.stack([p.nrows() for p in parts])))
    joined: RaggedTensor = RaggedTensor.from_nested_row_splits(values, splits, validate=False)
    return joined


def _joined_splits(parts: Sequence[Tensor]) -> Any:
    pieces, end = [parts[0]], parts[0][-1]
    for splits in parts[1:]:
        pieces.append(splits[1:] + end)
        end = end + splits[-1]
    return array_ops.concat(pieces, axis=0)


def _row_by_row(parts: Sequence[RaggedTensor], stacked: bool) -> RaggedTensor:
    """First all rows one after the other, then in the order of the result."""
    count, rows = len(parts), parts[0].nrows()
    message = "Input tensors have incompatible shapes."
    same = [check_ops.assert_equal(p.nrows(), rows, message=message) for p in parts[1:]]
    with control_dependencies(same):
        everything = _one_after_the_other(parts, stacked=False)
        numbers = array_ops.reshape(array_ops.range(rows * count), [count, -1])
        order = array_ops.reshape(array_ops.transpose(numbers), [-1])
        ordered = gather(everything, order)
        if stacked:
            values, splits = ordered, array_ops.range(0, rows * count + 1, count)
        else:
            values, splits = ordered.values, ordered.row_splits[::count]
        for part in parts:
            splits.set_shape(part.row_splits.static_shape)
        return RaggedTensor.from_row_splits(values, splits, validate=False)
