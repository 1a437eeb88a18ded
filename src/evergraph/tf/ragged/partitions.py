"""RaggedTensors of values and any form of row partition, checked while they are made or run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.dtypes import int32, int64
from ...core.tensor import Tensor
from ...core.values import constant_value
from .. import array_ops, check_ops, math_ops
from ..control_flow_ops import with_dependencies
from ..framework import convert_to_tensor, name_scope
from .splits import INDEX_TYPES

if TYPE_CHECKING:
    from .tensor import RaggedTensor


def check_flag(validate: Any) -> None:
    """TypeError unless it is True or False."""
    if not isinstance(validate, bool):
        raise TypeError("validate must have type bool")


def check_nested(nested: Any, name: str, validate: Any) -> None:
    """TypeError unless there is a list of partitions."""
    check_flag(validate)
    if isinstance(nested, Tensor):
        raise TypeError(f"{name} must be a list of Tensors")


def nested_rows(nested_nrows: Any, count: int) -> list[Any]:
    """The number of rows of each dimension, None where it is not given."""
    if nested_nrows is None:
        return [None] * count
    if isinstance(nested_nrows, Tensor):
        raise TypeError("nested_nrows must be a list of Tensors")
    if len(nested_nrows) != count:
        raise ValueError("nested_nrows must have the same length as nested_value_rowids")
    return list(nested_nrows)


def _is_ragged(x: Any) -> bool:
    return hasattr(x, "row_splits")


def _converted(values: Any, partition: Any, name: str) -> tuple[Any, Tensor]:
    """Values and partition as tensors, the latter of int32 or int64."""
    if _is_ragged(values):
        kind = values.row_splits.dtype
        if not isinstance(partition, Tensor):
            return values, convert_to_tensor(partition, dtype=kind, name=name)
        _check_partition_type(partition, name)
        if partition.dtype is not kind:
            raise ValueError(
                f"dtype mismatch: {name} ({partition.dtype}) vs values.row_splits ({kind})"
            )
        return values, partition
    values = convert_to_tensor(values, name="values")
    if isinstance(partition, np.ndarray) and partition.dtype == np.int32:
        partition = convert_to_tensor(partition, name=name)
    else:
        partition = convert_to_tensor(partition, preferred_dtype=int64, name=name)
    _check_partition_type(partition, name)
    return values, partition


def _check_partition_type(partition: Tensor, name: str) -> None:
    if partition.dtype not in INDEX_TYPES:
        raise ValueError(f"{name} must have dtype int32 or int64")


def _count(values: Any, kind: Any = int32) -> Any:
    if _is_ragged(values):
        return values.nrows(out_type=kind)
    return array_ops.shape(values, out_type=kind)[0]


def _rising(x: Tensor, message: str) -> Any:
    return check_ops.assert_non_negative(x[1:] - x[:-1], message=message)


def _zero(x: Any, message: str) -> Any:
    return check_ops.assert_equal(x, array_ops.constant(0, x.dtype), message=message)


def _checked(partition: Tensor, values: Any, checks: Sequence[Any]) -> Tensor:
    rank = [] if _is_ragged(values) else [check_ops.assert_rank_at_least(values, 1)]
    checked: Tensor = with_dependencies([*checks, *rank], partition)
    return checked


def _message(factory: str) -> str:
    return f"Arguments to {factory} do not form a valid RaggedTensor"


def from_row_splits(
    cls: type[RaggedTensor], values: Any, row_splits: Any, name: Any, validate: Any
) -> RaggedTensor:
    """See `RaggedTensor.from_row_splits`."""
    check_flag(validate)
    if isinstance(row_splits, (list, tuple)) and not row_splits:
        raise ValueError("row_splits tensor may not be empty.")
    with name_scope(name, "RaggedFromRowSplits", [values, row_splits]):
        values, splits = _converted(values, row_splits, "row_splits")
        splits.shape.assert_has_rank(1)
        if validate:
            message = _message("from_row_splits")
            count = _count(values, splits.dtype)
            checks = [
                check_ops.assert_rank(splits, 1, message=message),
                _zero(splits[0], message),
                _rising(splits, message),
                check_ops.assert_equal(splits[-1], count, message=message),
            ]
            splits = _checked(splits, values, checks)
        return cls(values, splits, internal=True)


def from_row_lengths(
    cls: type[RaggedTensor], values: Any, row_lengths: Any, name: Any, validate: Any
) -> RaggedTensor:
    """See `RaggedTensor.from_row_lengths`."""
    check_flag(validate)
    with name_scope(name, "RaggedFromRowLengths", [values, row_lengths]):
        values, lengths = _converted(values, row_lengths, "row_lengths")
        lengths.shape.assert_has_rank(1)
        if validate:
            message = _message("from_row_lengths")
            total, count = math_ops.reduce_sum(lengths), _count(values, lengths.dtype)
            checks = [
                check_ops.assert_rank(lengths, 1, message=message),
                check_ops.assert_non_negative(lengths, message=message),
                check_ops.assert_equal(total, count, message=message),
            ]
            lengths = _checked(lengths, values, checks)
        splits = array_ops.concat([[0], math_ops.cumsum(lengths)], axis=0)
        return cls(values, splits, cached_row_lengths=lengths, internal=True)


def from_row_starts(
    cls: type[RaggedTensor], values: Any, row_starts: Any, name: Any, validate: Any
) -> RaggedTensor:
    """See `RaggedTensor.from_row_starts`."""
    check_flag(validate)
    with name_scope(name, "RaggedFromRowStarts", [values, row_starts]):
        values, starts = _converted(values, row_starts, "row_starts")
        starts.shape.assert_has_rank(1)
        count = _count(values, starts.dtype)
        if validate:
            message = _message("from_row_starts")
            checks = [
                check_ops.assert_rank(starts, 1, message=message),
                _zero(starts[:1], message),
                _rising(starts, message),
                check_ops.assert_less_equal(starts[-1:], count, message=message),
            ]
            starts = _checked(starts, values, checks)
        splits = array_ops.concat([starts, [count]], axis=0)
        return cls(values, splits, internal=True)


def from_row_limits(
    cls: type[RaggedTensor], values: Any, row_limits: Any, name: Any, validate: Any
) -> RaggedTensor:
    """See `RaggedTensor.from_row_limits`."""
    check_flag(validate)
    with name_scope(name, "RaggedFromRowLimits", [values, row_limits]):
        values, limits = _converted(values, row_limits, "row_limits")
        limits.shape.assert_has_rank(1)
        if validate:
            message = _message("from_row_limits")
            count = _count(values, limits.dtype)
            checks = [
                check_ops.assert_rank(limits, 1, message=message),
                check_ops.assert_non_negative(limits[:1], message=message),
                _rising(limits, message),
                check_ops.assert_equal(limits[-1:], count, message=message),
            ]
            limits = _checked(limits, values, checks)
        zero = array_ops.zeros([1], limits.dtype)
        return cls(values, array_ops.concat([zero, limits], axis=0), internal=True)


def _row_count(ids: Tensor, nrows: Any) -> tuple[Tensor, int | None]:
    """How many rows there are, as a tensor and, where it is known, as a number."""
    ids.shape.assert_has_rank(1)
    known = constant_value(ids)
    last = None if known is None else (int(known[-1]) + 1 if known.size else 0)
    if nrows is None:
        if last is None:
            return array_ops.concat([ids[-1:], [-1]], axis=0)[0] + 1, None
        return convert_to_tensor(last, dtype=ids.dtype, name="nrows"), last
    rows = convert_to_tensor(nrows, dtype=ids.dtype, name="nrows")
    rows.shape.assert_has_rank(0)
    value = constant_value(rows)
    if value is None:
        return rows, None
    if value < 0:
        raise ValueError(f"Expected nrows >= 0; got {int(value)}")
    if last is not None and value < last:
        raise ValueError(
            f"Expected nrows >= value_rowids[-1] + 1; got nrows={int(value)}, "
            f"value_rowids[-1]={last - 1}"
        )
    return rows, int(value)


def from_value_rowids(
    cls: type[RaggedTensor], values: Any, value_rowids: Any, nrows: Any, name: Any, validate: Any
) -> RaggedTensor:
    """See `RaggedTensor.from_value_rowids`."""
    check_flag(validate)
    with name_scope(name, "RaggedFromValueRowIds", [values, value_rowids, nrows]):
        values, ids = _converted(values, value_rowids, "value_rowids")
        rows, known = _row_count(ids, nrows)
        rows.shape.assert_has_rank(0)
        values.shape[:1].assert_is_compatible_with(ids.shape)
        if validate:
            ids = _checked(ids, values, _rowid_checks(values, ids, rows))
        short = math_ops.cast(rows, int32)
        bounds = {"minlength": short, "maxlength": short}
        lengths = array_ops.bincount(math_ops.cast(ids, int32), **bounds, dtype=ids.dtype)
        splits = array_ops.concat([[0], math_ops.cumsum(lengths)], axis=0)
        if known is not None:
            lengths.set_shape([known])
            splits.set_shape([known + 1])
        return cls(values, splits, lengths, ids, rows, internal=True)


def _rowid_checks(values: Any, ids: Tensor, rows: Tensor) -> list[Any]:
    message = _message("from_value_rowids")
    return [
        check_ops.assert_rank(ids, 1, message=message),
        check_ops.assert_rank(rows, 0, message=message),
        check_ops.assert_equal(_count(values), _count(ids), message=message),
        check_ops.assert_non_negative(ids[:1], message=message),
        _rising(ids, message),
        check_ops.assert_less(ids[-1:], rows, message=message),
    ]
