"""Masks and partitions of RaggedTensors."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import bool_
from ...core.values import constant_value
from .. import array_ops, check_ops, math_ops
from ..framework import control_dependencies, convert_to_tensor, name_scope
from .concat import stack
from .dims import expand_dims, rank, size, tile
from .gather import gather
from .math_ops import reduce_sum
from .splits import lengths_to_splits, splits_match
from .tensor import (
    RaggedTensor,
    convert_to_tensor_or_ragged_tensor,
    is_ragged,
    match_row_splits_dtypes,
)

__all__ = [
    "boolean_mask",
    "expand_dims",
    "rank",
    "size",
    "stack_dynamic_partitions",
    "tile",
]


# -- masks -------------------------------------------------------------------------------------
def boolean_mask(data: Any, mask: Any, name: Any = None) -> Any:
    """The elements of `data` where `mask` is true, with the rows that they are in.

    The shape of the mask must be the first part of that of the data; its rank must be known.
    """
    with name_scope(name, "RaggedMask", [data, mask]):
        data = convert_to_tensor_or_ragged_tensor(data, name="data")
        mask = convert_to_tensor_or_ragged_tensor(mask, bool_, name="mask")
        kind, (data, mask) = match_row_splits_dtypes(data, mask, return_dtype=True)
        if mask.shape.ndims is None:
            raise ValueError("mask.shape.ndims must be known statically.")
        if mask.shape.ndims == 0:
            raise ValueError("mask cannot be scalar.")
        return _masked(data, mask, kind)


def _masked(data: Any, mask: Any, kind: Any) -> Any:
    if is_ragged(mask):
        return _masked_by_ragged(data, mask, kind)
    if not is_ragged(data):
        return _masked_dense(data, mask, kind)
    rank = mask.shape.ndims
    if rank == 1:
        return _masked_rows(data, mask, kind)
    depth = min(data.ragged_rank, rank - 1)
    rows = RaggedTensor.from_tensor(mask, ragged_rank=depth, row_splits_dtype=kind)
    return _masked(data, rows, kind)


def _masked_by_ragged(data: Any, mask: RaggedTensor, kind: Any) -> Any:
    depth = mask.ragged_rank
    if not is_ragged(data):
        data = RaggedTensor.from_tensor(data, ragged_rank=depth, row_splits_dtype=kind)
    outer = [mask.nested_row_splits, data.nested_row_splits[:depth]]
    with control_dependencies(splits_match(outer)):
        splits = []
        inner: Any = mask
        while is_ragged(inner):
            splits.append(_kept_splits(inner, kind))
            inner, data = inner.values, data.values
        kept = _masked(data, inner, kind)
        return RaggedTensor.from_nested_row_splits(kept, splits, validate=False)


def _kept_splits(mask: RaggedTensor, kind: Any) -> Any:
    """The row splits of what a mask leaves: its own, or those of the elements that are kept."""
    if mask.shape.ndims > 2:  # type: ignore[operator]
        return mask.row_splits
    ones = mask.with_flat_values(math_ops.cast(mask.flat_values, kind))
    return lengths_to_splits(reduce_sum(ones, axis=1))


def _masked_rows(data: RaggedTensor, mask: Any, kind: Any) -> RaggedTensor:
    lengths = array_ops.boolean_mask(data.row_lengths(), mask)
    of_values = array_ops.gather(mask, data.value_rowids())
    kept = _masked(data.values, of_values, kind)
    return RaggedTensor.from_row_splits(kept, lengths_to_splits(lengths), validate=False)


def _masked_dense(data: Any, mask: Any, kind: Any) -> Any:
    kept: Any = array_ops.boolean_mask(data, mask)
    rank = mask.shape.ndims
    if rank < 2:
        return kept
    counts = math_ops.count_nonzero(mask, axis=-1, dtype=kind)
    kept = RaggedTensor.from_row_lengths(kept, array_ops.reshape(counts, [-1]), validate=False)
    shape = array_ops.shape(mask, out_type=kind)
    sizes = math_ops.cumprod(shape)
    for dim in range(rank - 3, -1, -1):
        splits = array_ops.range(sizes[dim] + 1) * shape[dim + 1]
        kept = RaggedTensor.from_row_splits(kept, splits, validate=False)
    return kept


# -- partitions --------------------------------------------------------------------------------
def stack_dynamic_partitions(
    data: Any, partitions: Any, num_partitions: Any, name: Any = None
) -> Any:
    """A row for each partition, with the rows of `data` whose number it is."""
    with name_scope(name, "SegmentStack", [data, partitions, num_partitions]):
        data = convert_to_tensor_or_ragged_tensor(data, name="data")
        kind = data.row_splits.dtype if is_ragged(data) else None
        partitions = convert_to_tensor_or_ragged_tensor(
            partitions, preferred_dtype=kind, name="partitions"
        )
        count = convert_to_tensor(
            num_partitions, name="num_partitions", preferred_dtype=partitions.dtype
        )
        if kind is not None and not is_ragged(partitions):
            partitions = math_ops.cast(partitions, kind)
        elif kind is not None:
            flat = math_ops.cast(partitions.flat_values, kind)
            partitions = partitions.with_flat_values(flat)
        count = math_ops.cast(count, partitions.dtype)
        depth = partitions.shape.ndims
        if depth is None:
            raise ValueError("partitions must have known rank.")
        count.shape.assert_has_rank(0)
        partitions.shape.assert_is_compatible_with(data.shape[:depth])
        return _partitioned(data, partitions, count, depth)


def _partitioned(data: Any, partitions: Any, count: Any, rank: int) -> Any:
    if rank == 0:
        ids = array_ops.stack([partitions])
        return RaggedTensor.from_value_rowids(stack([data]), ids, count, validate=False)
    if rank > 1:
        return _partitioned_inside(data, partitions, count, rank)
    order = array_ops.argsort(partitions, stable=True)
    ids = array_ops.gather(partitions, order)
    message = "partitions must be less than num_partitions"
    last, most = constant_value(ids), constant_value(count)
    if last is not None and last.size and most is not None and last[-1] >= most:
        raise ValueError(f"{message}: {last[-1]} is not less than {most}.")
    fits = check_ops.assert_less(ids[-1:], count, message=message)
    with control_dependencies([fits]):
        values = gather(data, order)
        return RaggedTensor.from_value_rowids(values, ids, count, validate=False)


def _partitioned_inside(data: Any, partitions: Any, count: Any, rank: int) -> Any:
    kind = partitions.dtype if not is_ragged(partitions) else partitions.row_splits.dtype
    if is_ragged(data):
        kind = data.row_splits.dtype
    if not is_ragged(data):
        data = RaggedTensor.from_tensor(data, row_splits_dtype=kind)
    if not is_ragged(partitions):
        depth = max(min(data.ragged_rank, rank - 1), 1)
        options = {"ragged_rank": depth, "row_splits_dtype": kind}
        partitions = RaggedTensor.from_tensor(partitions, **options)
    message = "data and partitions have incompatible ragged shapes"
    same = check_ops.assert_equal(data.row_splits, partitions.row_splits, message=message)
    with control_dependencies([same]):
        return stack_dynamic_partitions(data.values, partitions.values, count)
