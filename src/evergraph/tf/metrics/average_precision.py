"""Average precision of the k best classes: how early the right ones come."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import float64, int64
from ...core.tensor import Tensor
from ...ops.sparse import SparseTensor, SparseTensorValue
from .. import array_ops, math_ops, nn, sets, sparse
from ..conditionals import cond
from ..framework import name_scope
from ..selection_ops import where_v2
from ..sparse_tensor import convert_to_tensor_or_sparse_tensor
from ..state_ops import assign_add
from ..weights_broadcast_ops import broadcast_weights
from .common import Metric, collected, metric_variable
from .ranking import at_k_name, count_at_k, expand_labels


# -- one copy of the labels for each of the k ----------------------------------------------------
def _copies(tensor: Any, number: int, dim: int, name: str) -> Any:
    """`tensor` with a new axis before `dim` (counted from the end: after it), `number` long."""
    with name_scope(name, "expand_and_tile", (tensor, number, dim)) as scope:
        tensor = convert_to_tensor_or_sparse_tensor(tensor)
        if isinstance(tensor, SparseTensor):
            return _sparse_copies(tensor, number, dim, scope)
        expanded = array_ops.expand_dims(tensor, dim if dim >= 0 else dim - 1, name="expand")
        if number == 1:
            return expanded
        ones = array_ops.ones_like(array_ops.shape(tensor))
        multiples = array_ops.concat((ones[:dim], (number,), ones[dim:]), 0, name="multiples")
        return array_ops.tile(expanded, multiples, name=scope)


def _sparse_copies(tensor: SparseTensor, number: int, dim: int, scope: str) -> SparseTensor:
    shape = tensor.dense_shape
    place: Any = [dim] if dim >= 0 else array_ops.reshape(array_ops.size(shape) + dim, [1])
    ends = array_ops.slice(shape, [0], place), array_ops.slice(shape, place, [-1])
    new_shape = array_ops.concat((ends[0], [1], ends[1]), 0, name="expanded_shape")
    expanded = sparse.reshape(tensor, shape=new_shape, name="expand")
    if number == 1:
        return expanded
    return sparse.concat(dim - 1 if dim < 0 else dim, [expanded] * number, name=scope)


def _relevant_number(labels: Any, k: int) -> Tensor:
    """How many classes each example has, at most `k`; negative labels are none."""
    with name_scope(None, "num_relevant", (labels,)) as scope:
        labels = convert_to_tensor_or_sparse_tensor(labels)
        if isinstance(labels, SparseTensor):
            return math_ops.minimum(sets.set_size(labels), k, name=scope)
        valid = math_ops.greater_equal(labels, 0)
        ones = where_v2(valid, array_ops.ones_like(labels), array_ops.zeros_like(labels))
        return math_ops.minimum(math_ops.reduce_sum(ones, axis=-1), k, name=scope)


def _average_precision(labels: Any, predictions_idx: Any) -> Tensor:
    """The average precision of each example, float64."""
    with name_scope(None, "average_precision", (predictions_idx, labels)) as scope:
        predictions_idx = math_ops.cast(predictions_idx, int64, name="predictions_idx")
        k = _number_of_choices(predictions_idx)
        labels = expand_labels(labels, predictions_idx)
        choices = array_ops.expand_dims(predictions_idx, -1, name="predictions_idx_per_k")
        copies = _copies(labels, number=k, dim=-1, name="labels_per_k")
        relevant = count_at_k("tp", copies, choices, name="relevant_per_k")
        hits = math_ops.cumsum(relevant, axis=-1, name="tp_per_k")
        ones = array_ops.ones_like(relevant)
        retrieved = math_ops.cumsum(ones, axis=-1, name="retrieved_per_k")
        precision = math_ops.div(
            math_ops.cast(hits, float64), math_ops.cast(retrieved, float64), name="precision_per_k"
        )
        counting = math_ops.multiply(
            precision, math_ops.cast(relevant, float64), name="relevant_precision_per_k"
        )
        total = math_ops.reduce_sum(counting, axis=(-1,), name="precision_sum")
        number = math_ops.cast(_relevant_number(labels, k), float64)
        return math_ops.div(total, number, name=scope)


def _number_of_choices(predictions_idx: Tensor) -> int:
    if predictions_idx.shape.ndims == 0:
        raise ValueError("The rank of predictions_idx must be at least 1.")
    k = predictions_idx.shape.as_list()[-1]
    if k is None:
        raise ValueError("The last dimension of predictions_idx must be set.")
    return int(k)


# -- over all batches ----------------------------------------------------------------------------
def streaming_average_precision_at_top_k(
    labels: Any,
    predictions_idx: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean of the average precision of the classes `predictions_idx`, the best first."""
    values = (predictions_idx, labels, weights)
    with name_scope(name, "average_precision_at_top_k", values) as scope:
        precision = _average_precision(labels, predictions_idx)
        if weights is not None:
            weights = broadcast_weights(math_ops.cast(weights, float64), precision)
            precision = math_ops.multiply(precision, weights)
        most, most_update = _most(precision, weights)
        with name_scope(None, "total", (precision,)) as total_scope:
            total = metric_variable([], float64, name=total_scope)
            batch = math_ops.reduce_sum(precision, name="batch_total")
            total_update = assign_add(total, batch, name="update")
        value = math_ops.div_no_nan(total, most, name="mean")
        update = math_ops.div_no_nan(total_update, most_update, name=scope)
        return collected(value, update, metrics_collections, updates_collections)


def _most(precision: Tensor, weights: Any) -> Metric:
    """What the sum of the precisions would be if all were 1."""
    with name_scope(None, "max", (precision,)) as scope:
        most = metric_variable([], float64, name=scope)
        if weights is None:
            batch = math_ops.cast(array_ops.size(precision, name="batch_max"), float64)
        else:
            batch = math_ops.reduce_sum(weights, name="batch_max")
        return most, assign_add(most, batch, name="update")


def _without_unknown(labels: Any, number: Tensor) -> Any:
    """`labels` with -1 for those that are not below the number of classes."""

    def cleaned(values: Any) -> Tensor:
        unknown = math_ops.greater_equal(values, number)
        return where_v2(unknown, -1 * array_ops.ones_like(values), values)

    def all_cleaned() -> Any:
        if is_sparse:
            return type(labels)(labels.indices, cleaned(labels.values), labels.dense_shape)
        return cleaned(labels)

    is_sparse = isinstance(labels, (SparseTensor, SparseTensorValue))
    largest = math_ops.reduce_max(labels.values if is_sparse else labels)
    return cond(math_ops.greater_equal(largest, number), all_cleaned, lambda: labels)


def average_precision_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean average precision of the `k` classes with the highest scores.

    `labels` are the classes of each example, int64, dense or sparse; those out of range only count
    as not found. Raises ValueError for `k` below 1.
    """
    if k < 1:
        raise ValueError(f"Invalid k={k}.")
    default = at_k_name("average_precision", k)
    with name_scope(name, default, (predictions, labels, weights)) as scope:
        _, best = nn.top_k(predictions, k)
        number = math_ops.cast(array_ops.shape(predictions)[-1], int64)
        labels = _without_unknown(labels, number)
        return streaming_average_precision_at_top_k(
            labels, best, weights, metrics_collections, updates_collections, scope
        )


def sparse_average_precision_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The old name of `average_precision_at_k`."""
    collections = (metrics_collections, updates_collections)
    return average_precision_at_k(labels, predictions, k, weights, *collections, name)
