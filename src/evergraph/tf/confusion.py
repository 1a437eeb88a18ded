"""Confusion matrices: which labels are taken for which."""

from __future__ import annotations

from typing import Any

from ..core.dtypes import as_dtype, int32, int64
from ..core.tensor import Tensor
from ..ops.sparse import SparseTensor
from . import array_ops
from .check_ops import assert_less, assert_non_negative
from .framework import convert_to_tensor, name_scope
from .grouping import with_dependencies
from .label_ops import remove_squeezable_dimensions
from .math_ops import cast, maximum, reduce_max
from .sparse import add as sparse_add

__all__ = ["confusion_matrix"]


def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: Any = None,
    dtype: Any = int32,
    name: str | None = None,
    weights: Any = None,
) -> Tensor:
    """How often, or with what weight, each label (row) was predicted as each class (column).

    `labels` and `predictions` are vectors of integers from 0; without `num_classes` the largest of
    them says how many classes there are. Raises ValueError for shapes that do not fit; the run
    raises InvalidArgumentError for classes out of range.
    """
    with name_scope(name, "confusion_matrix", (predictions, labels, num_classes, weights)):
        labels, predictions = remove_squeezable_dimensions(
            convert_to_tensor(labels, name="labels"),
            convert_to_tensor(predictions, name="predictions"),
        )
        predictions, labels = cast(predictions, int64), cast(labels, int64)
        labels = _not_negative(labels, "labels")
        predictions = _not_negative(predictions, "predictions")
        if num_classes is None:
            num_classes = maximum(reduce_max(predictions), reduce_max(labels)) + 1
        else:
            limit = cast(num_classes, int64)
            labels = _less(labels, limit, "labels")
            predictions = _less(predictions, limit, "predictions")
        if weights is not None:
            weights = convert_to_tensor(weights, name="weights")
            predictions.shape.assert_is_compatible_with(weights.shape)
            weights = cast(weights, dtype)
        shape = array_ops.stack([num_classes, num_classes])
        indices = array_ops.stack([labels, predictions], axis=1)
        values = array_ops.ones_like(predictions, dtype) if weights is None else weights
        counts = SparseTensor(indices, values, cast(shape, int64))
        zeros = array_ops.zeros(cast(shape, int32), as_dtype(dtype))
        return sparse_add(zeros, counts)  # type: ignore[no-any-return]


def _not_negative(x: Tensor, name: str) -> Tensor:
    check = assert_non_negative(x, message=f"`{name}` contains negative values")
    return with_dependencies([check], x)  # type: ignore[no-any-return]


def _less(x: Tensor, limit: Any, name: str) -> Tensor:
    check = assert_less(x, limit, message=f"`{name}` out of bound")
    return with_dependencies([check], x)  # type: ignore[no-any-return]
