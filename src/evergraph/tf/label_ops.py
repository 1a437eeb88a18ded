"""Labels and predictions side by side."""

from __future__ import annotations

from typing import Any

from . import array_ops, math_ops
from .framework import convert_to_tensor, name_scope
from .smart import cond


def remove_squeezable_dimensions(
    labels: Any, predictions: Any, expected_rank_diff: int = 0, name: str | None = None
) -> tuple[Any, Any]:
    """Both with a last axis of extent 1 dropped where their ranks differ by one too much.

    `expected_rank_diff` is the rank of `predictions` minus that of `labels`.
    """
    with name_scope(name, "remove_squeezable_dimensions", [labels, predictions]):
        predictions, labels = convert_to_tensor(predictions), convert_to_tensor(labels)
        ranks = predictions.shape.ndims, labels.shape.ndims
        if None not in ranks:
            return _squeezed_static(labels, predictions, expected_rank_diff)
        return _squeezed_in_run(labels, predictions, expected_rank_diff)


def _may_end_in_one(x: Any) -> bool:
    return x.shape.ndims is None or (x.shape.ndims > 0 and x.shape[-1].is_compatible_with(1))


def _squeezed_static(labels: Any, predictions: Any, expected: int) -> tuple[Any, Any]:
    difference = predictions.shape.ndims - labels.shape.ndims
    if difference == expected + 1 and _may_end_in_one(predictions):
        predictions = array_ops.squeeze(predictions, [-1])
    elif difference == expected - 1 and _may_end_in_one(labels):
        labels = array_ops.squeeze(labels, [-1])
    return labels, predictions


def _squeezed_in_run(labels: Any, predictions: Any, expected: int) -> tuple[Any, Any]:
    difference = array_ops.rank(predictions) - array_ops.rank(labels)
    predictions = _squeezed_if(math_ops.equal(expected + 1, difference), predictions)
    labels = _squeezed_if(math_ops.equal(expected - 1, difference), labels)
    return labels, predictions


def _squeezed_if(condition: Any, x: Any) -> Any:
    if not _may_end_in_one(x):
        return x
    return cond(condition, lambda: array_ops.squeeze(x, [-1]), lambda: x)
