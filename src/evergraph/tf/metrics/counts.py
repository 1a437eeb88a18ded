"""Hits and misses of predictions of two classes, and their quotients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.dtypes import bool_ as bool_type
from ...core.dtypes import float32
from ...core.tensor import Tensor
from .. import array_ops, math_ops
from ..check_ops import assert_rank_in, assert_type
from ..framework import control_dependencies
from ..state_ops import assign_add
from ..variable_scope import variable_scope
from .common import Metric, collected, fitting, metric_variable


def count_condition(
    values: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
) -> Metric:
    """The sum of the weights where `values`, bools, hold."""
    assert_type(values, bool_type)
    count = metric_variable([], float32, name="count")
    values = math_ops.cast(values, float32)
    if weights is not None:
        with control_dependencies((assert_rank_in(weights, (0, array_ops.rank(values))),)):
            weights = math_ops.cast(weights, float32)
            values = math_ops.multiply(values, weights)
    value = array_ops.identity(count)
    update = assign_add(count, math_ops.reduce_sum(values))
    return collected(value, update, metrics_collections, updates_collections)


def _as_bools(predictions: Any, labels: Any, weights: Any) -> tuple[Any, Any, Any]:
    predictions = math_ops.cast(predictions, bool_type)
    return fitting(predictions, math_ops.cast(labels, bool_type), weights)


def _count(
    default_name: str,
    label: bool,
    prediction: bool,
    operands: tuple[Any, Any, Any],
    collections: tuple[Any, Any],
    name: str | None,
) -> Metric:
    labels, predictions, weights = operands
    with variable_scope(name, default_name, (predictions, labels, weights)):
        predictions, labels, weights = _as_bools(predictions, labels, weights)
        found = math_ops.logical_and(
            math_ops.equal(labels, label), math_ops.equal(predictions, prediction)
        )
        return count_condition(found, weights, *collections)


def true_positives(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """How many are predicted true and are."""
    operands = (labels, predictions, weights)
    collections = (metrics_collections, updates_collections)
    return _count("true_positives", True, True, operands, collections, name)


def true_negatives(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """How many are predicted false and are."""
    operands = (labels, predictions, weights)
    collections = (metrics_collections, updates_collections)
    return _count("true_negatives", False, False, operands, collections, name)


def false_positives(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """How many are predicted true and are false."""
    operands = (labels, predictions, weights)
    collections = (metrics_collections, updates_collections)
    return _count("false_positives", False, True, operands, collections, name)


def false_negatives(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """How many are predicted false and are true."""
    operands = (labels, predictions, weights)
    collections = (metrics_collections, updates_collections)
    return _count("false_negatives", True, False, operands, collections, name)


def _share(hits: Any, others: Any, name: str) -> Tensor:
    some = math_ops.greater(hits + others, 0)
    return array_ops.where(some, math_ops.div(hits, hits + others), 0, name)


def _share_of_hits(
    default_name: str,
    count_others: Callable[..., Metric],
    operands: tuple[Any, Any, Any],
    collections: tuple[Any, Any],
    name: str | None,
) -> Metric:
    labels, predictions, weights = operands
    with variable_scope(name, default_name, (predictions, labels, weights)):
        predictions, labels, weights = _as_bools(predictions, labels, weights)
        hits, update_hits = true_positives(labels, predictions, weights)
        others, update_others = count_others(labels, predictions, weights)
        value = _share(hits, others, "value")
        update = _share(update_hits, update_others, "update_op")
        return collected(value, update, *collections)


def precision(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The share of what is predicted true that is; 0 if nothing is."""
    operands = (labels, predictions, weights)
    collections = (metrics_collections, updates_collections)
    return _share_of_hits("precision", false_positives, operands, collections, name)


def recall(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The share of what is true that is predicted; 0 if nothing is true."""
    operands = (labels, predictions, weights)
    collections = (metrics_collections, updates_collections)
    return _share_of_hits("recall", false_negatives, operands, collections, name)
