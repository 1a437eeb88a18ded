"""Row partitions as tensors: lengths, splits and row numbers of each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.dtypes import as_dtype, int32, int64
from ...core.emit import apply
from ...core.tensor import Tensor
from ...core.values import constant_value
from .. import array_ops, check_ops, math_ops
from ..framework import convert_to_tensor, name_scope

INDEX_TYPES = (int32, int64)


def int_tensor(x: Any, name: str, dtype: Any = int32) -> Tensor:
    """Integers as a tensor of `dtype`; TypeError for anything else."""
    tensor = convert_to_tensor(x, name=name, preferred_dtype=dtype)
    if not tensor.dtype.is_integer:
        raise TypeError(f"{name} must be an integer tensor; dtype={tensor.dtype}")
    return math_ops.cast(tensor, dtype)  # type: ignore[no-any-return]


def positive_axis(axis: Any, rank: int | None) -> int:
    """The axis counted from the first one; TypeError or ValueError where it is none."""
    if not isinstance(axis, int):
        raise TypeError(f"axis must be an int; got {type(axis).__name__}")
    if rank is None:
        if axis < 0:
            raise ValueError("axis may only be negative if ndims is statically known.")
        return axis
    if not -rank <= axis < rank:
        raise ValueError(f"axis={axis} out of bounds: expected {-rank}<=axis<{rank}")
    return axis % rank


def lengths_to_splits(lengths: Any) -> Tensor:
    """Row splits of row lengths."""
    return array_ops.concat([[0], math_ops.cumsum(lengths)], axis=-1)


def row_lengths_of(splits: Tensor) -> Tensor:
    """Row lengths of row splits."""
    return splits[1:] - splits[:-1]


def size_of(splits: Tensor) -> Tensor:
    """How many rows there are, in the dtype of the splits."""
    return array_ops.shape(splits, out_type=splits.dtype)[0] - 1


def ranges(starts: Any, limits: Any) -> Tensor:
    """The integers from each start up to its limit, one range after the other."""
    one = array_ops.ones((), starts.dtype)
    values: Tensor = apply("RaggedRange", starts, limits, one, Tsplits=starts.dtype)[1]
    return values


def splits_match(nested: Sequence[Sequence[Tensor]]) -> list[Any]:
    """Assertions that all partitions are alike; ValueError where they cannot be."""
    message = "Inputs must have identical ragged splits"
    if any(len(splits) != len(nested[0]) for splits in nested):
        raise ValueError(message)
    return [
        check_ops.assert_equal(a, b, message=message)
        for splits in nested[1:]
        for a, b in zip(nested[0], splits, strict=True)
        if a is not b
    ]


def repeated(x: Any, repeats: Any) -> Tensor:
    """Each row of `x` as often as `repeats` (a scalar or one number a row) says."""
    if repeats.shape.ndims == 0:
        count = array_ops.shape(x, out_type=repeats.dtype)[0]
        row = array_ops.expand_dims(array_ops.range(count), 1)
        rows = array_ops.reshape(array_ops.tile(row, array_ops.stack([1, repeats])), [-1])
    else:
        if None not in (x.shape.ndims, repeats.shape.ndims):
            x.shape.dims[0].assert_is_compatible_with(repeats.shape.dims[0])
        ends = math_ops.cumsum(repeats)
        total = math_ops.reduce_sum(repeats)
        places = array_ops.range(total)
        wide = [array_ops.expand_dims(v, 0) for v in (ends, places)]
        rows = apply("UpperBound", *wide, out_type=repeats.dtype)[0]
    return array_ops.gather(x, rows)


def repeat_ranges(params: Any, splits: Tensor, repeats: Any) -> Tensor:
    """Each of the slices of `params` between the splits, as often as `repeats` says."""
    starts, limits = repeated(splits[:-1], repeats), repeated(splits[1:], repeats)
    return array_ops.gather(params, ranges(starts, limits))


def row_splits_to_segment_ids(splits: Any, name: Any = None, out_type: Any = None) -> Tensor:
    """For each value, the number of the row that it is in.

    Raises ValueError for empty splits, and for splits that are neither int32 nor int64.
    """
    with name_scope(name, "RaggedSplitsToSegmentIds", [splits]):
        splits = convert_to_tensor(splits, name="splits", preferred_dtype=int64)
        if splits.dtype not in INDEX_TYPES:
            raise ValueError("splits must have dtype int32 or int64")
        splits.shape.assert_has_rank(1)
        if splits.shape.as_list() == [0]:
            raise ValueError("Invalid row_splits: []")
        kind = splits.dtype if out_type is None else as_dtype(out_type)
        count = array_ops.shape(splits, out_type=kind)[-1] - 1
        return repeated(array_ops.range(count), row_lengths_of(splits))


def segment_ids_to_row_splits(
    segment_ids: Any, num_segments: Any = None, out_type: Any = None, name: Any = None
) -> Tensor:
    """Row splits of sorted row numbers, one for each value."""
    given = [x.dtype for x in (segment_ids, num_segments) if isinstance(x, Tensor)]
    kind = (given or [int64])[0] if out_type is None else as_dtype(out_type)
    with name_scope(name, "SegmentIdsToRaggedSplits", [segment_ids]):
        ids = int_tensor(segment_ids, "segment_ids", int32)
        ids.shape.assert_has_rank(1)
        count = None if num_segments is None else int_tensor(num_segments, "num_segments", int32)
        if count is not None:
            count.shape.assert_has_rank(0)
        lengths = array_ops.bincount(ids, minlength=count, maxlength=count, dtype=kind)
        splits: Tensor = array_ops.concat([[0], math_ops.cumsum(lengths)], axis=0)
        known = None if count is None else constant_value(count)
        if known is not None:
            splits.set_shape([int(known) + 1])
        return splits
