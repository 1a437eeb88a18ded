"""`batch_gather` with a default for indices that are out of range."""

from __future__ import annotations

from typing import Any

from .. import array_ops, check_ops, math_ops
from ..framework import control_dependencies, name_scope
from .concat import concat
from .dims import expand_dims, rank
from .gather import batch_gather
from .shape import RaggedTensorDynamicShape, broadcast_to
from .tensor import convert_to_tensor_or_ragged_tensor, is_ragged, match_row_splits_dtypes
from .where import where


def batch_gather_with_default(
    params: Any, indices: Any, default_value: Any = "", name: Any = None
) -> Any:
    """Like `batch_gather`, with `default_value` for indices that are out of range.

    Raises ValueError for a default of more than one dimension, and for unknown ranks.
    """
    with name_scope(name, "RaggedBatchGatherWithDefault"):
        default = convert_to_tensor_or_ragged_tensor(default_value, name="default_value")
        params = convert_to_tensor_or_ragged_tensor(params, name="params")
        indices = convert_to_tensor_or_ragged_tensor(indices, name="indices")
        params, indices, default = match_row_splits_dtypes(params, indices, default)
        _check_default(params, indices, default)
        outer = indices.shape.ndims - 1
        enough = check_ops.assert_greater_equal(rank(params), rank(indices))
        with control_dependencies([enough]):
            bounds, pad = _bounds_and_pad(params, indices, default, outer)
            padded = concat([math_ops.cast(pad, params.dtype), params], axis=outer)
            outside = (indices < 0) | (indices >= bounds)
            zeros = _zeros_like(indices)
            return batch_gather(padded, where(outside, zeros, indices + 1), name)


def _check_default(params: Any, indices: Any, default: Any) -> None:
    if default.shape.ndims not in (0, 1):
        raise ValueError('"default_value" must be a scalar or vector')
    if indices.shape.ndims is None:
        raise ValueError("Indices must have a known rank.")
    if params.shape.ndims is None:
        raise ValueError("Params must have a known rank.")
    if params.shape.ndims < indices.shape.ndims:
        raise ValueError("params must have at least as many dimensions as indices.")


def _zeros_like(x: Any) -> Any:
    if is_ragged(x):
        return x.with_flat_values(array_ops.zeros_like(x.flat_values))
    return array_ops.zeros_like(x)


def _bounds_and_pad(params: Any, indices: Any, default: Any, outer: int) -> tuple[Any, Any]:
    """How many elements each row has, and one element for the front of each."""
    if is_ragged(params):
        lengths = expand_dims(params.row_lengths(axis=outer), axis=-1) if outer else params.nrows()
        lengths = _cast(lengths, indices.dtype)
        return lengths, broadcast_to(default, _pad_shape(params, indices, outer))
    shape = array_ops.shape(params)
    pad_shape = array_ops.concat([shape[:outer], [1], shape[outer + 1 : params.shape.ndims]], 0)
    bounds = math_ops.cast(shape[outer], indices.dtype)
    return bounds, array_ops.broadcast_to(default, pad_shape)


def _cast(x: Any, dtype: Any) -> Any:
    if is_ragged(x):
        return x.with_flat_values(math_ops.cast(x.flat_values, dtype))
    return math_ops.cast(x, dtype)


def _pad_shape(params: Any, indices: Any, outer: int) -> Any:
    """The shape of one element at the front of each row of `params`."""
    shape = RaggedTensorDynamicShape.from_tensor(params, params.row_splits.dtype)
    sizes = shape.partitioned_dim_sizes
    if params.shape.ndims == indices.shape.ndims:
        if shape.num_inner_dimensions == 0:
            return RaggedTensorDynamicShape([*sizes[:-1], array_ops.ones_like(sizes[-1])], [])
        inner = array_ops.concat([shape.inner_dim_sizes[:-1], [1]], axis=0)
        return RaggedTensorDynamicShape(sizes, inner)
    kind = params.row_splits.dtype
    if outer == 0:
        ones = [array_ops.constant([1], kind)] * (len(sizes) - 1)
        return RaggedTensorDynamicShape([array_ops.constant(1, kind), *ones], shape.inner_dim_sizes)
    one = array_ops.ones_like(sizes[outer])
    padded = [*sizes[:outer], *[one] * (len(sizes) - outer)]
    return RaggedTensorDynamicShape(padded, shape.inner_dim_sizes)
