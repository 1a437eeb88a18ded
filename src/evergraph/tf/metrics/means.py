"""Weighted means over all batches so far."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import float32, float64, int64
from ...core.tensor import Tensor
from .. import array_ops, math_ops
from ..confusion import confusion_matrix
from ..framework import control_dependencies
from ..label_ops import remove_squeezable_dimensions
from ..state_ops import assign_add, scatter_add
from ..variable_scope import variable_scope
from ..weights_broadcast_ops import broadcast_weights
from .common import Metric, collected, fitting, flat, metric_variable


def _quotient(total: Any, count: Any, name: str | None) -> Tensor:
    """`total / count`, 0 where nothing was counted."""
    return math_ops.div_no_nan(total, math_ops.maximum(count, 0), name=name)


def _weighted(values: Any, weights: Any) -> tuple[Tensor, Tensor]:
    values, _, weights = fitting(values, None, weights)
    weights = broadcast_weights(math_ops.cast(weights, float32), values)
    return math_ops.multiply(values, weights), weights


def mean(
    values: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean of all elements of `values`, weighted by `weights` that broadcast to them."""
    with variable_scope(name, "mean", (values, weights)):
        values = math_ops.cast(values, float32)
        total = metric_variable([], float32, name="total")
        count = metric_variable([], float32, name="count")
        if weights is None:
            number = math_ops.cast(array_ops.size(values), float32)
        else:
            values, weights = _weighted(values, weights)
            number = math_ops.reduce_sum(weights)
        update_total = assign_add(total, math_ops.reduce_sum(values))
        with control_dependencies([values]):
            update_count = assign_add(count, number)
        value = _quotient(total, count, "value")
        update = _quotient(update_total, update_count, "update_op")
        return collected(value, update, metrics_collections, updates_collections)


def mean_tensor(
    values: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean of `values` element by element; their shape must be fully known."""
    with variable_scope(name, "mean", (values, weights)):
        values = math_ops.cast(values, float32)
        total = metric_variable(values.shape, float32, name="total_tensor")
        count = metric_variable(values.shape, float32, name="count_tensor")
        number = array_ops.ones_like(values)
        if weights is not None:
            values, weights = _weighted(values, weights)
            number = math_ops.multiply(number, weights)
        update_total = assign_add(total, values)
        with control_dependencies([values]):
            update_count = assign_add(count, number)
        value = _quotient(total, count, "value")
        update = _quotient(update_total, update_count, "update_op")
        return collected(value, update, metrics_collections, updates_collections)


def accuracy(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """How often `predictions` equal `labels`."""
    predictions, labels, weights = fitting(predictions, labels, weights)
    predictions.shape.assert_is_compatible_with(labels.shape)
    if labels.dtype != predictions.dtype:
        predictions = math_ops.cast(predictions, labels.dtype)
    correct = math_ops.cast(math_ops.equal(predictions, labels), float32)
    return mean(correct, weights, metrics_collections, updates_collections, name or "accuracy")


def mean_absolute_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean of |predictions - labels|."""
    predictions, labels, weights = fitting(predictions, labels, weights)
    errors = math_ops.abs(predictions - labels)
    name = name or "mean_absolute_error"
    return mean(errors, weights, metrics_collections, updates_collections, name)


def mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean of (labels - predictions)²."""
    predictions, labels, weights = fitting(predictions, labels, weights)
    errors = math_ops.squared_difference(labels, predictions)
    name = name or "mean_squared_error"
    return mean(errors, weights, metrics_collections, updates_collections, name)


def root_mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The root of the mean of (labels - predictions)²."""
    predictions, labels, weights = fitting(predictions, labels, weights)
    name = name or "root_mean_squared_error"
    squares, update = mean_squared_error(labels, predictions, weights, None, None, name)
    root, update = math_ops.sqrt(squares), math_ops.sqrt(update)
    return collected(root, update, metrics_collections, updates_collections)


def mean_relative_error(
    labels: Any,
    predictions: Any,
    normalizer: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean of |labels - predictions| / normalizer, 0 where the normalizer is 0."""
    predictions, labels, weights = fitting(predictions, labels, weights)
    predictions, normalizer = remove_squeezable_dimensions(predictions, normalizer)
    predictions.shape.assert_is_compatible_with(normalizer.shape)
    errors = array_ops.where(
        math_ops.equal(normalizer, 0.0),
        array_ops.zeros_like(labels),
        math_ops.div(math_ops.abs(labels - predictions), normalizer),
    )
    name = name or "mean_relative_error"
    return mean(errors, weights, metrics_collections, updates_collections, name)


def mean_cosine_distance(
    labels: Any,
    predictions: Any,
    dim: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """1 minus the mean of the products of unit vectors along the axis `dim`."""
    predictions, labels, weights = fitting(predictions, labels, weights)
    products = math_ops.multiply(predictions, labels)
    products = math_ops.reduce_sum(products, axis=[dim], keepdims=True)
    value, update = mean(products, weights, None, None, name or "mean_cosine_distance")
    value, update = math_ops.subtract(1.0, value), math_ops.subtract(1.0, update)
    return collected(value, update, metrics_collections, updates_collections)


def percentage_below(
    values: Any,
    threshold: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The share of `values` below `threshold`, from 0 to 1."""
    below = math_ops.cast(math_ops.less(values, threshold), float32)
    name = name or "percentage_below_threshold"
    return mean(below, weights, metrics_collections, updates_collections, name)


# -- means over classes --------------------------------------------------------------------------
def mean_per_class_accuracy(
    labels: Any,
    predictions: Any,
    num_classes: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean over the classes of each class's accuracy; the update gives them one by one."""
    with variable_scope(name, "mean_accuracy", (predictions, labels, weights)):
        labels = flat(math_ops.cast(labels, int64))
        predictions = flat(predictions)
        predictions.shape.assert_is_compatible_with(labels.shape)
        total = metric_variable([num_classes], float32, name="total")
        count = metric_variable([num_classes], float32, name="count")
        ones = array_ops.ones([array_ops.size(labels)], float32)
        if labels.dtype != predictions.dtype:
            predictions = math_ops.cast(predictions, labels.dtype)
        correct = math_ops.cast(math_ops.equal(predictions, labels), float32)
        if weights is not None:
            weights = math_ops.cast(flat(weights), float32)
            correct *= weights
            ones *= weights
        update_total = scatter_add(total, labels, ones)
        update_count = scatter_add(count, labels, correct)
        value = math_ops.reduce_mean(_quotient(count, total, None), name="mean_accuracy")
        update = _quotient(update_count, update_total, "update_op")
        return collected(value, update, metrics_collections, updates_collections)


def streaming_confusion_matrix(
    labels: Any, predictions: Any, num_classes: Any, weights: Any = None
) -> Metric:
    """The confusion matrix of all batches so far, float64, and its update."""
    total = metric_variable([num_classes, num_classes], float64, name="total_confusion_matrix")
    predictions = math_ops.cast(predictions, int64)
    labels = math_ops.cast(labels, int64)
    num_classes = math_ops.cast(num_classes, int64)
    predictions, labels = flat(predictions), flat(labels)
    if weights is not None:
        weights = flat(weights)
    batch = confusion_matrix(labels, predictions, num_classes, weights=weights, dtype=float64)
    return total, assign_add(total, batch)


def mean_iou(
    labels: Any,
    predictions: Any,
    num_classes: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean over the classes of intersection over union; the update is the confusion matrix.

    Classes that neither labels nor predictions have do not count.
    """
    with variable_scope(name, "mean_iou", (predictions, labels, weights)):
        predictions.shape.assert_is_compatible_with(labels.shape)
        matrix, update = streaming_confusion_matrix(labels, predictions, num_classes, weights)
        return collected(_mean_iou(matrix), update, metrics_collections, updates_collections)


def _mean_iou(matrix: Any) -> Tensor:
    rows = math_ops.cast(math_ops.reduce_sum(matrix, 0), float32)
    columns = math_ops.cast(math_ops.reduce_sum(matrix, 1), float32)
    hits = math_ops.cast(array_ops.diag_part(matrix), float32)
    union = rows + columns - hits
    present = math_ops.reduce_sum(math_ops.cast(math_ops.not_equal(union, 0), float32))
    union = array_ops.where(math_ops.greater(union, 0), union, array_ops.ones_like(union))
    total = math_ops.div(hits, union)
    return array_ops.where(
        math_ops.greater(present, 0), math_ops.reduce_sum(total, name="mean_iou") / present, 0
    )
