"""Hits and misses of scores in [0, 1] at many thresholds, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...core.dtypes import bool_ as bool_type
from ...core.dtypes import float32, int32, int64
from ...core.tensor import Tensor
from .. import array_ops, math_ops
from ..check_ops import assert_greater_equal, assert_less_equal
from ..framework import control_dependencies
from ..state_ops import assign_add
from ..variable_scope import variable_scope
from ..weights_broadcast_ops import broadcast_weights
from .common import Metric, collected, fitting, metric_variable

_MARGIN = 1e-7  # keeps the outermost thresholds outside of [0, 1], and quotients finite
_ALL = ("tp", "fn", "tn", "fp")
_NAMES = {
    "tp": "true_positives",
    "fn": "false_negatives",
    "tn": "true_negatives",
    "fp": "false_positives",
}


def confusion_matrix_at_thresholds(
    labels: Any,
    predictions: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    includes: Sequence[str] | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The variables of the counts `includes` (of tp, fn, tn, fp) at each threshold, their updates.

    Raises ValueError for another key; the run raises InvalidArgumentError for predictions outside
    of [0, 1].
    """
    for key in includes or ():
        if key not in _ALL:
            raise ValueError(f"Invalid key: {key}. The keys are {', '.join(_ALL)}.")
    wanted = _ALL if includes is None else includes
    predictions, labels, weights = _checked(predictions, labels, weights)
    rows = _Rows(predictions, labels, thresholds, wanted)
    tiled = None if weights is None else rows.tiled_weights(predictions, weights)
    values, updates = {}, {}
    for key in (k for k in _ALL if k in wanted):
        values[key] = metric_variable([rows.number], float32, name=_NAMES[key])
        found = math_ops.cast(math_ops.logical_and(*rows.sides(key)), float32)
        if tiled is not None:
            found *= tiled
        updates[key] = assign_add(values[key], math_ops.reduce_sum(found, 1))
    return values, updates


def _checked(predictions: Any, labels: Any, weights: Any) -> tuple[Any, Any, Any]:
    message = "predictions must be in [0, 1]"
    zero, one = 0.0, 1.0
    dtype = predictions.dtype
    checks = [
        assert_greater_equal(predictions, math_ops.cast(zero, dtype=dtype), message=message),
        assert_less_equal(predictions, math_ops.cast(one, dtype=dtype), message=message),
    ]
    with control_dependencies(checks):
        predictions = math_ops.cast(predictions, float32)
        return fitting(predictions, math_ops.cast(labels, dtype=bool_type), weights)


class _Rows:
    """Labels and comparisons as matrices: a row a threshold, a column a prediction."""

    def __init__(
        self, predictions: Any, labels: Any, thresholds: Sequence[float], wanted: Sequence[str]
    ) -> None:
        self.number = len(thresholds)
        column = array_ops.reshape(predictions, [-1, 1])
        labels = array_ops.reshape(math_ops.cast(labels, dtype=bool_type), [1, -1])
        size: Any = column.shape.as_list()[0]
        if size is None:
            size = array_ops.shape(column)[0]
        limits = array_ops.expand_dims(array_ops.constant(thresholds), [1])
        self.limits = array_ops.tile(limits, array_ops.stack([1, size]))
        scores = array_ops.tile(array_ops.transpose(column), [self.number, 1])
        self.predicted = math_ops.greater(scores, self.limits)
        if "fn" in wanted or "tn" in wanted:
            self.not_predicted = math_ops.logical_not(self.predicted)
        self.true = array_ops.tile(labels, [self.number, 1])
        if "fp" in wanted or "tn" in wanted:
            self.false = math_ops.logical_not(self.true)

    def sides(self, key: str) -> tuple[Tensor, Tensor]:
        """What must hold of the label and of the prediction to count as `key`."""
        return (
            self.true if key in ("tp", "fn") else self.false,
            self.predicted if key in ("tp", "fp") else self.not_predicted,
        )

    def tiled_weights(self, predictions: Any, weights: Any) -> Tensor:
        weights = broadcast_weights(math_ops.cast(weights, float32), predictions)
        tiled = array_ops.tile(array_ops.reshape(weights, [1, -1]), [self.number, 1])
        self.limits.shape.assert_is_compatible_with(tiled.shape)
        return tiled


# -- counts --------------------------------------------------------------------------------------
def _count_at_thresholds(
    key: str,
    operands: tuple[Any, Any, Any],
    thresholds: Sequence[float],
    collections: tuple[Any, Any],
    name: str | None,
) -> Metric:
    labels, predictions, weights = operands
    with variable_scope(name, _NAMES[key], (predictions, labels, weights)):
        values, updates = confusion_matrix_at_thresholds(
            labels, predictions, thresholds, weights=weights, includes=(key,)
        )
        return collected(array_ops.identity(values[key]), updates[key], *collections)


def true_positives_at_thresholds(
    labels: Any,
    predictions: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """How many true ones score above each threshold."""
    operands = (labels, predictions, weights)
    collections = (metrics_collections, updates_collections)
    return _count_at_thresholds("tp", operands, thresholds, collections, name)


def true_negatives_at_thresholds(
    labels: Any,
    predictions: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """How many false ones score at or below each threshold."""
    operands = (labels, predictions, weights)
    collections = (metrics_collections, updates_collections)
    return _count_at_thresholds("tn", operands, thresholds, collections, name)


def false_positives_at_thresholds(
    labels: Any,
    predictions: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """How many false ones score above each threshold."""
    operands = (labels, predictions, weights)
    collections = (metrics_collections, updates_collections)
    return _count_at_thresholds("fp", operands, thresholds, collections, name)


def false_negatives_at_thresholds(
    labels: Any,
    predictions: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """How many true ones score at or below each threshold."""
    operands = (labels, predictions, weights)
    collections = (metrics_collections, updates_collections)
    return _count_at_thresholds("fn", operands, thresholds, collections, name)


# -- quotients of counts -------------------------------------------------------------------------
def _of_counts(
    scope: Any,
    operands: tuple[Any, Any, Any],
    thresholds: Sequence[float],
    includes: Sequence[str] | None,
    compute: Callable[[dict[str, Any], str], Tensor],
    collections: tuple[Any, Any],
) -> Metric:
    """`compute` of the counts so far and of their updates, in the variable scope `scope`."""
    labels, predictions, weights = operands
    with scope:
        values, updates = confusion_matrix_at_thresholds(
            labels, predictions, thresholds, weights, includes
        )
        value, update = compute(values, "value"), compute(updates, "update_op")
        return collected(value, update, *collections)


def precision_at_thresholds(
    labels: Any,
    predictions: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The precision at each threshold."""
    scope = variable_scope(name, "precision_at_thresholds", (predictions, labels, weights))
    operands = (labels, predictions, weights)
    collections = (metrics_collections, updates_collections)

    def compute(counts: dict[str, Any], name: str) -> Tensor:
        hits, misses = counts["tp"], counts["fp"]
        return math_ops.div(hits, _MARGIN + hits + misses, name="precision_" + name)

    return _of_counts(scope, operands, thresholds, ("tp", "fp"), compute, collections)


def recall_at_thresholds(
    labels: Any,
    predictions: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The recall at each threshold."""
    scope = variable_scope(name, "recall_at_thresholds", (predictions, labels, weights))
    operands = (labels, predictions, weights)
    collections = (metrics_collections, updates_collections)

    def compute(counts: dict[str, Any], name: str) -> Tensor:
        hits, misses = counts["tp"], counts["fn"]
        return math_ops.div(hits, _MARGIN + hits + misses, name="recall_" + name)

    return _of_counts(scope, operands, thresholds, ("tp", "fn"), compute, collections)


def _inner_thresholds(number: int) -> list[float]:
    return [(i + 1) * 1.0 / (number - 1) for i in range(number - 2)]


def _share_at(index: Tensor, hits: Any, misses: Any, name: str) -> Tensor:
    return math_ops.div(hits[index], hits[index] + misses[index] + _MARGIN, name)


def sensitivity_at_specificity(
    labels: Any,
    predictions: Any,
    specificity: float,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The sensitivity at the threshold whose specificity is nearest to the one given."""
    if specificity < 0 or specificity > 1:
        raise ValueError("`specificity` must be in the range [0, 1].")
    scope = variable_scope(name, "sensitivity_at_specificity", (predictions, labels, weights))
    thresholds = [-_MARGIN, *_inner_thresholds(num_thresholds), 1.0 + _MARGIN]

    def compute(counts: dict[str, Any], name: str) -> Tensor:
        specificities = math_ops.div(counts["tn"], counts["tn"] + counts["fp"] + _MARGIN)
        index = math_ops.argmin(math_ops.abs(specificities - specificity), 0)
        return _share_at(math_ops.cast(index, int32), counts["tp"], counts["fn"], name)

    operands = (labels, predictions, weights)
    collections = (metrics_collections, updates_collections)
    return _of_counts(scope, operands, thresholds, None, compute, collections)


def specificity_at_sensitivity(
    labels: Any,
    predictions: Any,
    sensitivity: float,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The specificity at the last threshold whose sensitivity is nearest to the one given."""
    if sensitivity < 0 or sensitivity > 1:
        raise ValueError("`sensitivity` must be in the range [0, 1].")
    scope = variable_scope(name, "specificity_at_sensitivity", (predictions, labels, weights))
    thresholds = [-_MARGIN, *_inner_thresholds(num_thresholds), 1.0 - _MARGIN]

    def compute(counts: dict[str, Any], name: str) -> Tensor:
        sensitivities = math_ops.div(counts["tp"], counts["tp"] + counts["fn"] + _MARGIN)
        nearest = math_ops.reduce_min(math_ops.abs(sensitivities - sensitivity))
        at_nearest = math_ops.equal(math_ops.abs(sensitivities - sensitivity), nearest)
        index = math_ops.argmax(math_ops.cumsum(math_ops.cast(at_nearest, int64)), 0)
        return _share_at(math_ops.cast(index, int32), counts["tn"], counts["fp"], name)

    operands = (labels, predictions, weights)
    collections = (metrics_collections, updates_collections)
    return _of_counts(scope, operands, thresholds, None, compute, collections)
