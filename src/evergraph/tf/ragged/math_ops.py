"""Ranges, sums over segments and reductions of RaggedTensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.dtypes import as_dtype, bool_, float32, float64, int32, int64
from ...core.emit import apply
from ...core.tensor import Tensor
from ...core.values import constant_value
from .. import array_ops, check_ops
from .. import math_ops as dense
from ..framework import control_dependencies, convert_to_tensor, name_scope
from .splits import INDEX_TYPES, lengths_to_splits, positive_axis, ranges, row_lengths_of, size_of
from .tensor import (
    RaggedTensor,
    convert_to_tensor_or_ragged_tensor,
    is_ragged,
    match_row_splits_dtypes,
)

_WIDENING = (int32, int64, float32, float64)
Combine = Callable[..., Any]


def range(
    starts: Any,
    limits: Any = None,
    deltas: Any = 1,
    dtype: Any = None,
    name: Any = None,
    row_splits_dtype: Any = int64,
) -> RaggedTensor:
    """A row of numbers from each start up to its limit; starts are zero if no limits are given."""
    if limits is None:
        starts, limits = 0, starts
    with name_scope(name, "RaggedRange", [starts, limits, deltas]) as scope:
        named = (("starts", starts), ("limits", limits), ("deltas", deltas))
        parts = [convert_to_tensor(x, dtype=dtype, name=n) for n, x in named]
        if dtype is None:
            widest = max((p.dtype for p in parts), key=_WIDENING.index)
            parts = [dense.cast(p, widest) for p in parts]
        kind = as_dtype(row_splits_dtype)
        splits, values = apply("RaggedRange", *parts, Tsplits=kind, name=scope)
        return RaggedTensor.from_row_splits(values, splits, validate=False)


# -- segments ----------------------------------------------------------------------------------
def _segments(combine: Combine, data: Any, ids: Any, count: Any, *more: Any) -> Any:
    """Rows of one segment combined to one row, whose length is that of the longest."""
    if not (is_ragged(data) or is_ragged(ids)):
        return combine(data, ids, count, *more)
    data = convert_to_tensor_or_ragged_tensor(data, name="data")
    ids = convert_to_tensor_or_ragged_tensor(ids, name="segment_ids")
    data, ids = match_row_splits_dtypes(data, ids)
    if ids.dtype not in INDEX_TYPES:
        raise ValueError("segment_ids must have dtype int32 or int64.")
    prefix = "segment_ids.shape must be a prefix of data.shape"
    if is_ragged(ids):
        if not is_ragged(data):
            raise ValueError(f"{prefix}, but segment_ids is ragged and data is not.")
        same = check_ops.assert_equal(ids.row_splits, data.row_splits, message=prefix)
        with control_dependencies([same]):
            return _segments(combine, data.values, ids.values, count, *more)
    lengths = row_lengths_of(data.row_splits)
    longest = dense.maximum(array_ops.unsorted_segment_max(lengths, ids, count), 0)
    splits = lengths_to_splits(longest)
    starts = array_ops.gather(splits, ids)
    places = ranges(starts, starts + lengths)
    values = _segments(combine, data.values, places, splits[-1], *more)
    return RaggedTensor.from_row_splits(values, splits, validate=False)


def _segment_function(combine: Combine, kind: str, doc: str) -> Combine:
    def function(data: Any, segment_ids: Any, num_segments: Any, name: Any = None) -> Any:
        with name_scope(name, kind, [data, segment_ids, num_segments]):
            return _segments(combine, data, segment_ids, num_segments)

    function.__doc__ = f"{doc} of the rows of each segment, element by element."
    return function


segment_sum = _segment_function(array_ops.unsorted_segment_sum, "RaggedSegmentSum", "The sum")
segment_prod = _segment_function(
    array_ops.unsorted_segment_prod, "RaggedSegmentProd", "The product"
)
segment_min = _segment_function(array_ops.unsorted_segment_min, "RaggedSegmentMin", "The minimum")
segment_max = _segment_function(array_ops.unsorted_segment_max, "RaggedSegmentMax", "The maximum")


def _like(x: Any, flat: Tensor) -> Any:
    return x.with_flat_values(flat) if is_ragged(x) else flat


def _flat(x: Any) -> Any:
    return x.flat_values if is_ragged(x) else x


def _total_and_count(data: Any, ids: Any, count: Any) -> tuple[Any, Any]:
    data = convert_to_tensor_or_ragged_tensor(data, name="data")
    ones = _like(data, array_ops.ones_like(_flat(data)))
    return segment_sum(data, ids, count), segment_sum(ones, ids, count)


def segment_mean(data: Any, segment_ids: Any, num_segments: Any, name: Any = None) -> Any:
    """The mean of the rows of each segment, element by element."""
    with name_scope(name, "RaggedSegmentMean", [data, segment_ids, num_segments]):
        total, count = _total_and_count(data, segment_ids, num_segments)
        return _like(total, _flat(total) / _flat(count))


def segment_sqrt_n(data: Any, segment_ids: Any, num_segments: Any, name: Any = None) -> Any:
    """The sum of the rows of each segment over the square root of their number."""
    with name_scope(name, "RaggedSegmentSqrtN", [data, segment_ids, num_segments]):
        total, count = _total_and_count(data, segment_ids, num_segments)
        return _like(total, _flat(total) / dense.sqrt(_flat(count)))


# -- reductions --------------------------------------------------------------------------------
def _known_axis(axis: Any) -> Any:
    if isinstance(axis, Tensor):
        axis = constant_value(axis)
        if axis is None:
            raise ValueError("axis must be known at graph construction time.")
    if isinstance(axis, (np.ndarray, np.generic)):
        return axis.tolist()
    return axis


def ragged_reduce_aggregate(
    reduce_op: Combine,
    unsorted_segment_op: Combine,
    rt_input: Any,
    axis: Any,
    keepdims: Any,
    separator: Any = None,
    name: Any = None,
) -> Any:
    """A reduction of a RaggedTensor: `reduce_op` of all values, segments along axes.

    Raises ValueError for `keepdims`, and for axes that are not known.
    """
    more = {} if separator is None else {"separator": separator}
    if not is_ragged(rt_input):
        return reduce_op(rt_input, axis, name=name, **more)
    if keepdims:
        raise ValueError("keepdims=True is not supported for RaggedTensors.")
    axis = _known_axis(axis)
    if axis is None:
        flat = convert_to_tensor_or_ragged_tensor(rt_input).flat_values
        return reduce_op(flat, None, name=name, **more)
    with name_scope(name, "RaggedReduce", [rt_input, axis]):
        rt = convert_to_tensor_or_ragged_tensor(rt_input, name="rt_input")
        axes = axis if isinstance(axis, (tuple, list)) else [axis]
        after = () if separator is None else (separator,)
        for a in sorted({positive_axis(a, rt.shape.ndims) for a in axes}, reverse=True):
            rt = _reduce_axis(reduce_op, unsorted_segment_op, rt, a, after)
        return rt


def _reduce_axis(reduce_op: Combine, combine: Combine, rt: Any, axis: int, more: Any) -> Any:
    if not is_ragged(rt):
        return reduce_op(rt, axis, separator=more[0]) if more else reduce_op(rt, axis)
    if axis > 1:
        return rt.with_values(_reduce_axis(reduce_op, combine, rt.values, axis - 1, more))
    lengths = row_lengths_of(rt.row_splits)
    if axis == 1:
        return _segments(combine, rt.values, rt.value_rowids(), size_of(rt.row_splits), *more)
    count = dense.maximum(dense.reduce_max(lengths), 0)
    places = ranges(array_ops.zeros_like(lengths), lengths)
    return _segments(combine, rt.values, places, count, *more)


def _reduction(reduce_op: Combine, combine: Combine, kind: str, doc: str) -> Combine:
    def function(
        input_tensor: Any, axis: Any = None, keepdims: Any = None, name: Any = None
    ) -> Any:
        name = name or kind
        return ragged_reduce_aggregate(reduce_op, combine, input_tensor, axis, keepdims, name=name)

    function.__doc__ = f"{doc} of a RaggedTensor's values along axes, or of all of them."
    return function


reduce_sum = _reduction(
    dense.reduce_sum, array_ops.unsorted_segment_sum, "RaggedReduceSum", "The sum"
)
reduce_prod = _reduction(
    dense.reduce_prod, array_ops.unsorted_segment_prod, "RaggedReduceProd", "The product"
)
reduce_min = _reduction(
    dense.reduce_min, array_ops.unsorted_segment_min, "RaggedReduceMin", "The minimum"
)
reduce_max = _reduction(
    dense.reduce_max, array_ops.unsorted_segment_max, "RaggedReduceMax", "The maximum"
)


def reduce_mean(input_tensor: Any, axis: Any = None, keepdims: Any = None, name: Any = None) -> Any:
    """The mean of a RaggedTensor's values along axes, or of all of them."""
    with name_scope(name, "RaggedReduceMean", [input_tensor, axis]):
        x = convert_to_tensor_or_ragged_tensor(input_tensor)
        total = reduce_sum(x, axis, keepdims)
        count = reduce_sum(_like(x, array_ops.ones_like(_flat(x))), axis, keepdims)
        return _like(total, _flat(total) / _flat(count))


def _cast(x: Any, dtype: Any) -> Any:
    return _like(x, dense.cast(_flat(x), dtype))


def reduce_all(input_tensor: Any, axis: Any = None, keepdims: Any = None, name: Any = None) -> Any:
    """Whether all values of a RaggedTensor along axes are true."""
    with name_scope(name, "RaggedReduceAll", [input_tensor, axis]):
        x = convert_to_tensor_or_ragged_tensor(input_tensor)
        return _cast(reduce_prod(_cast(x, int32), axis, keepdims), bool_)


def reduce_any(input_tensor: Any, axis: Any = None, keepdims: Any = None, name: Any = None) -> Any:
    """Whether some value of a RaggedTensor along axes is true."""
    with name_scope(name, "RaggedReduceAny", [input_tensor, axis]):
        x = convert_to_tensor_or_ragged_tensor(input_tensor)
        return _cast(reduce_sum(_cast(x, int32), axis, keepdims), bool_)
