"""Areas under curves of scores.

The interpolation of precision and recall follows J. Davis and M. Goadrich, "The relationship
between Precision-Recall and ROC curves", ICML 2006.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...core.tensor import Tensor
from .. import array_ops, logging, math_ops
from ..variable_scope import variable_scope
from .common import Metric, collected
from .thresholds import _MARGIN, _inner_thresholds, confusion_matrix_at_thresholds

_EPSILON = 1e-6


def auc(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    curve: str = "ROC",
    name: str | None = None,
    summation_method: str = "trapezoidal",
    thresholds: Sequence[float] | None = None,
) -> Metric:
    """The area under the ROC or PR curve of `predictions` in [0, 1], from many thresholds.

    `summation_method` is trapezoidal, careful_interpolation (for PR), minoring or majoring.
    `thresholds` are inner ones instead of `num_thresholds` evenly spread. Raises ValueError for
    another curve or method.
    """
    with variable_scope(name, "auc", (labels, predictions, weights)):
        if curve not in ("ROC", "PR"):
            raise ValueError(f"curve must be either ROC or PR, {curve} unknown")
        inner = _inner_thresholds(num_thresholds) if thresholds is None else sorted(thresholds)
        limits = [-_MARGIN, *inner, 1.0 + _MARGIN]
        values, updates = confusion_matrix_at_thresholds(labels, predictions, limits, weights)
        value = _area(values, len(limits), curve, summation_method, "value")
        update = _area(updates, len(limits), curve, summation_method, "update_op")
        return collected(value, update, metrics_collections, updates_collections)


def _area(counts: dict[str, Any], number: int, curve: str, method: str, name: str) -> Tensor:
    tp, fp = counts["tp"], counts["fp"]
    if curve == "PR" and method == "careful_interpolation":
        return _interpolated_area(tp, fp, counts["fn"], number)
    if curve == "PR" and method == "trapezoidal":
        logging.warning(
            "The trapezoidal rule gives wrong areas under PR curves; "
            'summation_method="careful_interpolation" gives right ones.'
        )
    recall = math_ops.div(tp + _EPSILON, tp + counts["fn"] + _EPSILON)
    if curve == "ROC":
        x, y = math_ops.div(fp, fp + counts["tn"] + _EPSILON), recall
    else:
        x, y = recall, math_ops.div(tp + _EPSILON, tp + fp + _EPSILON)
    return _summed(x, y, number, method, name)


def _mean_of(a: Tensor, b: Tensor) -> Tensor:
    return (a + b) / 2.0


def _summed(x: Tensor, y: Tensor, number: int, method: str, name: str) -> Tensor:
    heights: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "trapezoidal": _mean_of,
        "careful_interpolation": _mean_of,
        "minoring": math_ops.minimum,
        "majoring": math_ops.maximum,
    }
    if method not in heights:
        raise ValueError(f"Invalid summation_method: {method}. Known are {', '.join(heights)}.")
    widths = x[: number - 1] - x[1:]
    height = heights[method](y[: number - 1], y[1:])
    return math_ops.reduce_sum(math_ops.multiply(widths, height), name=name)


def _interpolated_area(tp: Any, fp: Any, fn: Any, number: int) -> Tensor:
    gained = tp[: number - 1] - tp[1:]
    p = tp + fp
    drop = math_ops.maximum(p[: number - 1] - p[1:], 0)
    slope = math_ops.div_no_nan(gained, drop, name="prec_slope")
    intercept = tp[1:] - math_ops.multiply(slope, p[1:])
    ratio = array_ops.where(
        math_ops.logical_and(p[: number - 1] > 0, p[1:] > 0),
        math_ops.div_no_nan(
            p[: number - 1], math_ops.maximum(p[1:], 0), name="recall_relative_ratio"
        ),
        array_ops.ones_like(p[1:]),
    )
    area = slope * (gained + intercept * math_ops.log(ratio))
    positives = math_ops.maximum(tp[1:] + fn[1:], 0)
    increments = math_ops.div_no_nan(area, positives, name="pr_auc_increment")
    return math_ops.reduce_sum(increments, name="interpolate_pr_auc")
