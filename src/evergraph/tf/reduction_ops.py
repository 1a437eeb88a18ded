"""Reductions over axes, positions of extremes, sums of several tensors, running sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.dtypes import as_dtype, int32, int64
from ..core.shape import is_known, merge
from ..core.tensor import Tensor
from ..core.tensor_shape import to_shape
from ..ops.indexed_slices import IndexedSlices
from . import array_ops
from .dispatch import dispatched
from .dtype_ops import cast
from .emitting import emit_tensor
from .framework import convert_to_tensor, convert_to_tensor_or_indexed_slices, name_scope
from .renamed import renamed

# -- reductions --------------------------------------------------------------------------------


def _axes(x: Any, axis: Any) -> Any:
    """The axes to reduce: those given, or all of them as a constant or, of unknown rank, a range.

    Only a tensor's rank is looked at, as TensorFlow does: a list or variable gives a range too.
    """
    if axis is not None:
        return axis
    if isinstance(x, Tensor) and x.static_shape is not None:
        return array_ops.constant(np.arange(len(x.static_shape)), dtype=int32)
    return array_ops.range(0, array_ops.rank(x))


def _reduce(op: str, x: Any, axis: Any, keep: Any, name: Any) -> Tensor:
    result: Tensor = emit_tensor(op, x, _axes(x, axis), keep_dims=bool(keep), name=name)
    if axis is None and not keep and not is_known(result.static_shape):
        result.set_shape(())
    return result


def _deprecated(axis: Any, old_axis: Any, keepdims: Any, old_keep: Any) -> tuple[Any, bool]:
    at = renamed("axis", axis, "reduction_indices", old_axis)
    return at, bool(renamed("keepdims", keepdims, "keep_dims", old_keep))


@dispatched
def reduce_sum(
    input_tensor: Any,
    axis: Any = None,
    keepdims: Any = None,
    name: Any = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """The sum over `axis` (default: all axes), which stays as 1 with `keepdims`."""
    at, keep = _deprecated(axis, reduction_indices, keepdims, keep_dims)
    return _reduce("Sum", input_tensor, at, keep, name)


@dispatched
def reduce_mean(
    input_tensor: Any,
    axis: Any = None,
    keepdims: Any = None,
    name: Any = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """The mean over `axis` (default: all axes), in the dtype of the input: integers truncate."""
    at, keep = _deprecated(axis, reduction_indices, keepdims, keep_dims)
    return _reduce("Mean", input_tensor, at, keep, name)


@dispatched
def reduce_prod(
    input_tensor: Any,
    axis: Any = None,
    keepdims: Any = None,
    name: Any = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """The product over `axis` (default: all axes)."""
    at, keep = _deprecated(axis, reduction_indices, keepdims, keep_dims)
    return _reduce("Prod", input_tensor, at, keep, name)


@dispatched
def reduce_max(
    input_tensor: Any,
    axis: Any = None,
    keepdims: Any = None,
    name: Any = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """The maximum over `axis` (default: all axes); the least value of the dtype if empty."""
    at, keep = _deprecated(axis, reduction_indices, keepdims, keep_dims)
    return _reduce("Max", input_tensor, at, keep, name)


@dispatched
def reduce_min(
    input_tensor: Any,
    axis: Any = None,
    keepdims: Any = None,
    name: Any = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """The minimum over `axis` (default: all axes); the greatest value of the dtype if empty."""
    at, keep = _deprecated(axis, reduction_indices, keepdims, keep_dims)
    return _reduce("Min", input_tensor, at, keep, name)


@dispatched
def reduce_all(
    input_tensor: Any,
    axis: Any = None,
    keepdims: Any = None,
    name: Any = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """Whether all elements over `axis` (default: all axes) are true."""
    at, keep = _deprecated(axis, reduction_indices, keepdims, keep_dims)
    return _reduce("All", input_tensor, at, keep, name)


@dispatched
def reduce_any(
    input_tensor: Any,
    axis: Any = None,
    keepdims: Any = None,
    name: Any = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """Whether an element over `axis` (default: all axes) is true."""
    at, keep = _deprecated(axis, reduction_indices, keepdims, keep_dims)
    return _reduce("Any", input_tensor, at, keep, name)


def reduce_logsumexp(
    input_tensor: Any,
    axis: Any = None,
    keepdims: Any = None,
    name: Any = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """log(sum(exp(x))) over `axis` (default: all axes), safe from overflow."""
    at, keep = _deprecated(axis, reduction_indices, keepdims, keep_dims)
    x = convert_to_tensor(input_tensor)
    with name_scope(name, "ReduceLogSumExp", [x]):
        raw = _reduce("Max", x, at, True, None)
        top = array_ops.stop_gradient(
            array_ops.where(emit_tensor("IsFinite", raw), raw, array_ops.zeros_like(raw))
        )
        powers = emit_tensor("Exp", emit_tensor("Sub", x, top))
        result = emit_tensor("Log", _reduce("Sum", powers, at, keep, None))
        if not keep:
            top = array_ops.reshape(top, array_ops.shape(result))
        result = emit_tensor("Add", result, top)
        if at is None and not keep:
            result.set_shape(())
        return result


def reduce_euclidean_norm(
    input_tensor: Any, axis: Any = None, keepdims: Any = False, name: Any = None
) -> Tensor:
    """The root of the sum of squares over `axis` (default: all axes)."""
    return _reduce("EuclideanNorm", input_tensor, axis, keepdims, name)


def reduce_variance(
    input_tensor: Any, axis: Any = None, keepdims: Any = False, name: Any = None
) -> Tensor:
    """The mean of the squared deviations from the mean over `axis`."""
    with name_scope(name or "reduce_variance"):
        means = reduce_mean(input_tensor, axis=axis, keepdims=True)
        squares = emit_tensor("Square", input_tensor - means)
        return reduce_mean(squares, axis=axis, keepdims=keepdims)


def reduce_std(
    input_tensor: Any, axis: Any = None, keepdims: Any = False, name: Any = None
) -> Tensor:
    """The standard deviation over `axis`: the root of the variance."""
    with name_scope(name or "reduce_std"):
        variance = reduce_variance(input_tensor, axis=axis, keepdims=keepdims)
        return emit_tensor("Sqrt", variance)


def count_nonzero(
    input_tensor: Any = None,
    axis: Any = None,
    keepdims: Any = None,
    dtype: Any = int64,
    name: Any = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
    input: Any = None,
) -> Any:
    """How many elements over `axis` (default: all axes) are not zero."""
    at, keep = _deprecated(axis, reduction_indices, keepdims, keep_dims)
    x = renamed("input", input, "input_tensor", input_tensor)
    with name_scope(name, "count_nonzero", [x]):
        x = convert_to_tensor(x, name="input")
        zero = array_ops.zeros([], dtype=x.dtype.base_dtype)
        hits = cast(emit_tensor("NotEqual", x, zero), int64)
        return cast(reduce_sum(hits, axis=at, keepdims=keep), as_dtype(dtype))


# -- positions ---------------------------------------------------------------------------------


def argmax(
    input: Any,
    axis: Any = None,
    name: Any = None,
    dimension: Any = None,
    output_type: Any = int64,
) -> Tensor:
    """The position of the greatest element along `axis` (default: 0), the first among equals."""
    at = renamed("axis", axis, "dimension", dimension)
    return arg_max(input, 0 if at is None else at, output_type, name)


def argmin(
    input: Any,
    axis: Any = None,
    name: Any = None,
    dimension: Any = None,
    output_type: Any = int64,
) -> Tensor:
    """The position of the least element along `axis` (default: 0), the first among equals."""
    at = renamed("axis", axis, "dimension", dimension)
    return arg_min(input, 0 if at is None else at, output_type, name)


def arg_max(input: Any, dimension: Any, output_type: Any = int64, name: Any = None) -> Tensor:
    """The position of the greatest element along an axis: the old form of `argmax`."""
    return emit_tensor("ArgMax", input, dimension, output_type=as_dtype(output_type), name=name)


def arg_min(input: Any, dimension: Any, output_type: Any = int64, name: Any = None) -> Tensor:
    """The position of the least element along an axis: the old form of `argmin`."""
    return emit_tensor("ArgMin", input, dimension, output_type=as_dtype(output_type), name=name)


# -- running sums ------------------------------------------------------------------------------


def _running(op: str, x: Any, axis: Any, exclusive: bool, reverse: bool, name: Any) -> Tensor:
    with name_scope(name, op, [x]) as scope:
        x = convert_to_tensor(x, name="x")
        return emit_tensor(op, x, axis, exclusive=exclusive, reverse=reverse, name=scope)


def cumsum(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: Any = None
) -> Tensor:
    """The running sum along `axis`: without the element itself if `exclusive`."""
    return _running("Cumsum", x, axis, exclusive, reverse, name)


def cumprod(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: Any = None
) -> Tensor:
    """The running product along `axis`: without the element itself if `exclusive`."""
    return _running("Cumprod", x, axis, exclusive, reverse, name)


def cumulative_logsumexp(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: Any = None
) -> Tensor:
    """log of the running sum of exp(x) along `axis`."""
    return _running("CumulativeLogsumexp", x, axis, exclusive, reverse, name)


# -- sums of several tensors -------------------------------------------------------------------
_NO_LIST = "inputs must be a list of at least one {} with the same dtype and shape"


def _converted(inputs: Any) -> list[Any]:
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise ValueError(_NO_LIST.format("Tensor/IndexedSlices"))
    return [convert_to_tensor_or_indexed_slices(x) for x in inputs]


@dispatched
def add_n(inputs: Any, name: Any = None) -> Tensor:
    """The sum of a list of tensors of one shape and dtype."""
    tensors = [x.to_tensor() if isinstance(x, IndexedSlices) else x for x in _converted(inputs)]
    if len(tensors) == 1:
        return array_ops.identity(tensors[0], name=name) if name else tensors[0]
    return emit_tensor("AddN", tensors, name=name)


def accumulate_n(
    inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: Any = None
) -> Tensor:
    """The sum of a list of tensors of one shape and dtype, which may be added as they arrive."""
    tensors = _converted(inputs)
    if any(isinstance(x, IndexedSlices) for x in tensors) or not _one_dtype(tensors):
        raise ValueError(
            "inputs must be a list of at least one Tensor with the same dtype and shape"
        )
    dims = to_shape(shape)
    for x in tensors:
        dims = merge(dims, x.static_shape)
    if tensor_dtype is not None and tensor_dtype != tensors[0].dtype:
        raise TypeError(f"tensor_dtype is {tensor_dtype}, but input is of type {tensors[0].dtype}")
    if len(tensors) == 1:
        return tensors[0] if name is None else array_ops.identity(tensors[0], name=name)
    return emit_tensor("AccumulateNV2", tensors, shape=dims, name=name)


def _one_dtype(tensors: Sequence[Any]) -> bool:
    return len({x.dtype.base_dtype for x in tensors}) == 1
