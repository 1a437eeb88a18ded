"""Python's `rt[...]` on RaggedTensors."""

from __future__ import annotations

from typing import Any

from ...core.tensor import Tensor
from .. import array_ops, math_ops
from ..framework import convert_to_tensor, name_scope
from .gather import gather
from .math_ops import range as ragged_range
from .splits import size_of
from .tensor import RaggedTensor, answer

_ALL = slice(None)


def getitem(rt: RaggedTensor, key: Any) -> Any:
    """See `RaggedTensor.__getitem__`."""
    keys = list(key) if isinstance(key, (list, tuple)) else [key]
    tensors = [*rt._to_components(), *_tensors_in(key)]
    with name_scope(None, "RaggedGetItem", tensors):
        return _rows(rt, keys)


def _tensors_in(key: Any) -> list[Tensor]:
    if isinstance(key, Tensor):
        return [key]
    if isinstance(key, slice):
        key = (key.start, key.stop, key.step)
    parts = key if isinstance(key, (list, tuple)) else ()
    return [tensor for part in parts for tensor in _tensors_in(part)]


def _is_everything(key: Any) -> bool:
    return isinstance(key, slice) and key == _ALL


def _expanded(keys: list[Any], rank: int | None) -> list[Any]:
    """The keys with an ellipsis at their front replaced by the slices that it stands for."""
    if rank is None:
        raise ValueError("Ellipsis not supported for unknown shape RaggedTensors")
    named = sum(k is not None for k in keys) - 1
    if named > rank:
        raise IndexError("Too many indices for RaggedTensor")
    return [_ALL] * (rank - named) + keys[1:]


def _rows(rt: Any, keys: list[Any]) -> Any:
    """`rt[keys]`, where the first key is one of rows."""
    if not keys:
        return rt
    if not isinstance(rt, RaggedTensor):
        return rt[tuple(keys)]
    key, inner = keys[0], keys[1:]
    if key is Ellipsis:
        return _rows(rt, _expanded(keys, rt.shape.ndims))
    if key is None:
        return _as_one_row(_rows(rt, inner))
    if isinstance(key, slice):
        return _columns(_sliced_rows(rt, key), inner)
    row = rt.values[rt.row_splits[:-1][key] : rt.row_splits[1:][key]]
    return _rows(row, inner)


def _as_one_row(rt: Any) -> Any:
    if not isinstance(rt, RaggedTensor):
        return array_ops.expand_dims(rt, 0)
    ends = array_ops.stack([0, size_of(rt.row_splits)])
    return RaggedTensor.from_row_splits(rt, ends, validate=False)


def _sliced_rows(rt: RaggedTensor, key: slice) -> RaggedTensor:
    if _is_everything(key):
        return rt
    starts, limits = rt.row_splits[:-1][key], rt.row_splits[1:][key]
    if key.step is not None and not (isinstance(key.step, int) and key.step == 1):
        return _of_ranges(starts, limits, None, rt.values)
    # Rows that stand side by side: a slice of the values; none at all start at zero.
    zero = array_ops.zeros([1], starts.dtype)
    splits = array_ops.concat([zero[array_ops.size(starts) :], starts[:1], limits], axis=0)
    values = rt.values[splits[0] : splits[-1]]
    return RaggedTensor.from_row_splits(values, splits - splits[0], validate=False)


def _columns(rt: Any, keys: list[Any]) -> Any:
    """`rt[:, keys]`."""
    if not keys:
        return rt
    if not isinstance(rt, RaggedTensor):
        return rt[(_ALL, *keys)]
    key, inner = keys[0], keys[1:]
    if key is Ellipsis:
        return _columns(rt, _expanded(keys, rt.values.shape.ndims))
    if key is None:
        whole = _columns(rt, inner)
        count = size_of(whole.row_splits) if isinstance(whole, RaggedTensor) else None
        if count is None:
            return array_ops.expand_dims(whole, 1)
        return RaggedTensor.from_row_splits(whole, array_ops.range(count + 1), validate=False)
    if not isinstance(key, slice):
        raise ValueError("Cannot index into an inner ragged dimension.")
    if not _is_everything(key):
        rt = _sliced_columns(rt, key)
    return rt.with_values(_columns(rt.values, inner))


def _sliced_columns(rt: RaggedTensor, key: slice) -> RaggedTensor:
    starts, limits = rt.row_splits[:-1], rt.row_splits[1:]
    from_, to = starts, limits
    if key.start is not None and not _is_zero(key.start):
        from_ = _moved(key.start, starts, limits)
    if key.stop is not None:
        to = starts if _is_zero(key.stop) else _moved(key.stop, starts, limits)
    return _of_ranges(from_, to, key.step, rt.values)


def _is_zero(offset: Any) -> bool:
    return isinstance(offset, int) and offset == 0


def _moved(offset: Any, starts: Tensor, limits: Tensor) -> Any:
    """The place at an offset from each row's start (or end, for negative ones), within the row."""
    if isinstance(offset, Tensor):
        offset = math_ops.cast(offset, starts.dtype)
        after = math_ops.minimum(starts + offset, limits)
        before = math_ops.maximum(limits + offset, starts)
        forwards = array_ops.fill(array_ops.shape(starts), offset >= 0)
        return array_ops.where(forwards, after, before)
    if not isinstance(offset, int):
        raise TypeError("slice offsets must be integers or None")
    if offset > 0:
        return math_ops.minimum(starts + offset, limits)
    return math_ops.maximum(limits + offset, starts)


def _of_ranges(starts: Any, limits: Any, step: Any, values: Any) -> RaggedTensor:
    """Rows of the values from each start to its limit."""
    step = convert_to_tensor(1 if step is None else step, name="step")
    if not step.dtype.is_integer:
        raise TypeError("slice strides must be integers or None")
    step = math_ops.cast(step, starts.dtype)
    places = ragged_range(starts, limits, step, row_splits_dtype=starts.dtype)
    return places.with_values(gather(values, places.values))


answer("getitem", getitem)
