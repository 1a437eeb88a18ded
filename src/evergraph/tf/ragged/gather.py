"""Rows of RaggedTensors by index: `gather`, `gather_nd`, `batch_gather`."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import int32
from ...core.emit import apply
from .. import array_ops, check_ops, math_ops
from ..framework import control_dependencies, name_scope
from .dims import expand_dims, tile
from .splits import repeated
from .tensor import (
    RaggedTensor,
    convert_to_tensor_or_ragged_tensor,
    is_ragged,
    match_row_splits_dtypes,
)


def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    axis: Any = 0,
    batch_dims: Any = 0,
    name: Any = None,
) -> Any:
    """Rows of `params` in the order and form of `indices`, where either may be ragged.

    Raises ValueError for other axes than the first, and for indices of unknown rank.
    """
    if not isinstance(axis, int) or axis != 0:
        raise ValueError("axis != 0 is not supported for ragged gather yet.")
    if not isinstance(batch_dims, int) or batch_dims != 0:
        raise ValueError("batch_dims != 0 is not supported for ragged gather yet.")
    with name_scope(name, "RaggedGather", [params, indices]):
        params, indices = _converted(params, indices)
        if is_ragged(indices):
            return indices.with_values(gather(params, indices.values))
        if not is_ragged(params):
            return array_ops.gather(params, indices)
        rank = indices.shape.ndims
        if rank is None:
            raise ValueError("indices.shape.ndims must be known statically")
        nested = list(params.nested_row_splits)
        rank += len(nested) - 1
        *splits, values = apply(
            "RaggedGather", nested, params.flat_values, indices, OUTPUT_RAGGED_RANK=rank
        )
        return RaggedTensor.from_nested_row_splits(values, splits, validate=False)


def _converted(params: Any, indices: Any) -> tuple[Any, Any]:
    params = convert_to_tensor_or_ragged_tensor(params, name="params")
    indices = convert_to_tensor_or_ragged_tensor(indices, name="indices")
    both: tuple[Any, Any] = match_row_splits_dtypes(params, indices)
    return both


# -- several dimensions ------------------------------------------------------------------------
def gather_nd(params: Any, indices: Any, batch_dims: Any = 0, name: Any = None) -> Any:
    """The slices of `params` at the indices along the last dimension of `indices`."""
    if not isinstance(batch_dims, int) or batch_dims != 0:
        raise ValueError("batch_dims != 0 is not supported for ragged gather yet.")
    if not (is_ragged(params) or is_ragged(indices)):
        return array_ops.gather_nd(params, indices, name)
    with name_scope(name, "RaggedGatherNd", [params, indices]):
        params, indices = _converted(params, indices)
        _check_nd(indices)
        if indices.shape.ndims > 2:
            return _gather_nd_deep(params, indices)
        if not is_ragged(params):
            return array_ops.gather_nd(params, indices)
        return _gather_nd(params, indices)


def _check_nd(indices: Any) -> None:
    rank = indices.shape.ndims
    if rank is None:
        raise ValueError("indices.rank be statically known.")
    if rank == 0:
        raise ValueError("indices.rank must be at least 1.")
    if is_ragged(indices) and rank == indices.ragged_rank + 1:
        raise ValueError("The innermost dimension of indices may not be ragged")
    if indices.shape.as_list()[-1] is None:
        raise ValueError("indices.shape[-1] must be statically known.")


def _gather_nd_deep(params: Any, indices: Any) -> Any:
    """Indices of more than two dimensions: those of their rows, with the outer form put back."""
    dense, outer = not is_ragged(indices), indices.shape.ndims - 2
    if dense:
        kind = params.row_splits.dtype
        indices = RaggedTensor.from_tensor(indices, ragged_rank=outer, row_splits_dtype=kind)
    result = indices.with_flat_values(gather_nd(params, indices.flat_values))
    if dense and is_ragged(result) and result.ragged_rank == outer:
        return result.to_tensor()
    return result


def _gather_nd(params: RaggedTensor, indices: Any) -> Any:
    depth = indices.shape.as_list()[-1]
    if depth == 0:
        return _repeated_whole(params, indices)
    if depth == 1:
        return gather(params, array_ops.reshape(indices, [-1]))
    indices = math_ops.cast(indices, params.row_splits.dtype)
    rows: Any = indices[..., 0]
    values: Any = params
    for dim in range(1, depth):
        if not is_ragged(values):
            last = [array_ops.expand_dims(rows, -1), indices[..., dim:]]
            return array_ops.gather_nd(values, array_ops.concat(last, axis=-1))
        rows = array_ops.gather(values.row_starts(), rows) + indices[..., dim]
        values = values.values
    return gather(values, rows)


def _repeated_whole(params: RaggedTensor, indices: Any) -> Any:
    """What indices of no elements choose: all of `params`, as often as there are indices."""
    rank = params.ragged_rank + array_ops.rank(params.flat_values)
    whole: Any = params
    for _ in range(indices.shape.ndims - 1):
        whole = expand_dims(whole, axis=0)
    times = [array_ops.shape(indices)[:-1], array_ops.ones([rank], int32)]
    return tile(whole, array_ops.concat(times, axis=0))


# -- row by row --------------------------------------------------------------------------------
def batch_gather(params: Any, indices: Any, name: Any = None) -> Any:
    """In each row (along all but the last dimension of `indices`), elements by index."""
    if not (is_ragged(params) or is_ragged(indices)):
        return array_ops.batch_gather(params, indices, name)
    with name_scope(name, "RaggedBatchGather", [params, indices]):
        params, indices = _converted(params, indices)
        rank = indices.shape.ndims
        if rank is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        if rank == 0:
            raise ValueError("indices.rank must be at least 1.")
        if is_ragged(indices):
            return _batch_gather_ragged(params, indices, rank)
        if rank == 1:
            return gather(params, indices)
        if rank == 2:
            starts = array_ops.expand_dims(params.row_starts(), 1)
            return gather(params.values, math_ops.cast(indices, starts.dtype) + starts)
        raise ValueError("batch shape from indices does not match params shape")


def _batch_gather_ragged(params: Any, indices: RaggedTensor, rank: int) -> Any:
    mismatch = ValueError("batch shape from indices does not match params shape")
    if rank > 2:
        if not is_ragged(params):
            raise mismatch
        same = check_ops.assert_equal(params.row_splits, indices.row_splits)
        with control_dependencies([same]):
            return indices.with_values(batch_gather(params.values, indices.values))
    if not is_ragged(params):
        if params.shape.ndims is not None and params.shape.ndims < 2:
            raise mismatch
        kind = indices.row_splits.dtype
        params = RaggedTensor.from_tensor(params, ragged_rank=1, row_splits_dtype=kind)
    starts = repeated(params.row_starts(), indices.row_lengths())
    places = math_ops.cast(indices.values, starts.dtype) + starts
    return indices.with_values(gather(params.values, places))
