"""`tf.where` of RaggedTensors."""

from __future__ import annotations

from typing import Any

from .. import array_ops
from ..framework import name_scope
from .concat import concat
from .functional import map_flat_values
from .gather import gather
from .tensor import (
    RaggedTensor,
    convert_to_tensor_or_ragged_tensor,
    is_ragged,
    match_row_splits_dtypes,
)


def where(condition: Any, x: Any = None, y: Any = None, name: Any = None) -> Any:
    """Elements (or rows, for a condition that is a vector) of `x` where it holds, else of `y`.

    Without `x` and `y`: where it holds, as indices. ValueError where shapes do not fit.
    """
    if (x is None) != (y is None):
        raise ValueError("x and y must be either both None or both non-None")
    with name_scope(name, "RaggedWhere", [condition, x, y]):
        condition = convert_to_tensor_or_ragged_tensor(condition, name="condition")
        if x is None:
            return _coordinates(condition)
        x = convert_to_tensor_or_ragged_tensor(x, name="x")
        y = convert_to_tensor_or_ragged_tensor(y, name="y")
        condition, x, y = match_row_splits_dtypes(condition, x, y)
        return _chosen(condition, x, y)


def _chosen(condition: Any, x: Any, y: Any) -> Any:
    ragged = [is_ragged(part) for part in (condition, x, y)]
    if not any(ragged):
        return array_ops.where(condition, x, y)
    if all(ragged):
        return map_flat_values(array_ops.where, condition, x, y)
    if ragged[0]:
        raise ValueError("Input shapes do not match.")
    return _chosen_rows(condition, x, y)


def _chosen_rows(condition: Any, x: Any, y: Any) -> Any:
    condition.shape.assert_has_rank(1)
    both = concat([x, y], axis=0)
    kind = both.row_splits.dtype
    rows_x, rows_y = _rows(x, kind), _rows(y, kind)
    places = array_ops.where(condition, array_ops.range(rows_x), rows_x + array_ops.range(rows_y))
    return gather(both, places)


def _rows(x: Any, kind: Any) -> Any:
    return x.nrows(out_type=kind) if is_ragged(x) else array_ops.shape(x, out_type=kind)[0]


def _coordinates(condition: Any) -> Any:
    if not isinstance(condition, RaggedTensor):
        return array_ops.where(condition)
    inner = _coordinates(condition.values)
    condition = condition.with_row_splits_dtype(inner.dtype)
    place = inner[:, 0]
    rows = array_ops.gather(condition.value_rowids(), place)
    columns = place - array_ops.gather(condition.row_splits, rows)
    heads = [array_ops.expand_dims(rows, 1), array_ops.expand_dims(columns, 1)]
    return array_ops.concat([*heads, inner[:, 1:]], axis=1)
