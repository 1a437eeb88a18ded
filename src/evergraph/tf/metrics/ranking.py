"""Precision and recall of the k best classes of each example."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.dtypes import float64, int32, int64
from ...core.tensor import Tensor
from ...ops.sparse import SparseTensor
from .. import array_ops, math_ops, nn, sets, sparse
from ..conditionals import cond
from ..emitting import emit_tensor
from ..framework import control_dependencies, name_scope
from ..sparse_tensor import convert_to_tensor_or_sparse_tensor
from ..state_ops import assign_add
from ..weights_broadcast_ops import assert_broadcastable
from .common import Metric, collected, metric_variable

# For each count: its scope, the stem of its variable's, and the classes that it counts.
Chosen = Callable[[Any, Any], SparseTensor]
_COUNTS: dict[str, tuple[str, str, Chosen]] = {
    "tp": (
        "true_positives",
        "true_positive",
        lambda labels, chosen: sets.intersection(chosen, labels),
    ),
    "fp": (
        "false_positives",
        "false_positive",
        lambda labels, chosen: sets.difference(chosen, labels, aminusb=True),
    ),
    "fn": (
        "false_negatives",
        "false_negative",
        lambda labels, chosen: sets.difference(chosen, labels, aminusb=False),
    ),
}


def at_k_name(name: str, k: int | None = None, class_id: int | None = None) -> str:
    """The default scope of a metric of the k best: `recall_at_5_class2`."""
    name = f"{name}_at_k" if k is None else f"{name}_at_{k:d}"
    return name if class_id is None else f"{name}_class{class_id:d}"


# -- labels --------------------------------------------------------------------------------------
def expand_labels(labels: Any, predictions: Any) -> Any:
    """`labels` with a last axis of extent 1 if they have one axis less than `predictions`.

    Raises ValueError if their ranks do not fit.
    """
    with name_scope(None, "expand_labels", (labels, predictions)) as scope:
        labels = convert_to_tensor_or_sparse_tensor(labels)
        if isinstance(labels, SparseTensor):
            return cond(
                math_ops.equal(array_ops.rank(predictions), array_ops.size(labels.dense_shape) + 1),
                lambda: sparse.reshape(
                    labels, shape=array_ops.concat((labels.dense_shape, (1,)), 0), name=scope
                ),
                lambda: labels,
            )
        ranks = labels.shape.ndims, predictions.shape.ndims
        if None not in ranks:
            return _expanded_static(labels, predictions, ranks[1] - ranks[0], scope)
        return cond(
            math_ops.equal(array_ops.rank(predictions), array_ops.rank(labels) + 1),
            lambda: array_ops.expand_dims(labels, -1, name=scope),
            lambda: labels,
        )


def _expanded_static(labels: Tensor, predictions: Any, missing: int, scope: str) -> Tensor:
    if missing == 0:
        return labels
    if missing == 1:
        return array_ops.expand_dims(labels, -1, name=scope)
    raise ValueError(
        f"Unexpected labels shape {labels.shape} for predictions shape {predictions.shape}."
    )


def _reduced_shape(shape: Tensor, axes: Tensor) -> Tensor:
    """A shape with 1 at `axes`."""
    shape, axes = math_ops.cast(shape, int32), math_ops.cast(axes, int32)
    rank = array_ops.size(shape)
    axes = (axes + rank) % rank
    number = array_ops.shape(axes)
    places = [array_ops.range(rank), axes]
    values = [shape, array_ops.fill(number, 1)]
    return emit_tensor("DynamicStitch", places, values)


def _only_class(ids: Any, class_id: Any) -> SparseTensor:
    """Of sets of classes, those that have `class_id`, with nothing else in them."""
    ids = convert_to_tensor_or_sparse_tensor(ids)
    if isinstance(ids, SparseTensor):
        return sparse.retain(ids, math_ops.equal(ids.values, class_id))
    shape = array_ops.shape(ids, out_type=int64)
    last = array_ops.size(shape) - 1
    one_a_row = _reduced_shape(shape, array_ops.reshape(last, [1]))
    wanted = array_ops.fill(one_a_row, math_ops.cast(class_id, int64))
    found = sets.intersection(wanted, ids)
    return SparseTensor(found.indices, found.values, shape)


# -- counts --------------------------------------------------------------------------------------
def count_at_k(
    key: str,
    labels: Any,
    predictions_idx: Any,
    class_id: int | None = None,
    weights: Any = None,
    name: str | None = None,
) -> Tensor:
    """The count `key` (tp, fp, fn) of each example, float64, weighted."""
    scope, _, choose = _COUNTS[key]
    with name_scope(name, scope, (predictions_idx, labels, weights)):
        if class_id is not None:
            labels = _only_class(labels, class_id)
            predictions_idx = _only_class(predictions_idx, class_id)
        count = math_ops.cast(sets.set_size(choose(labels, predictions_idx)), float64)
        if weights is None:
            return count  # type: ignore[no-any-return]
        with control_dependencies((assert_broadcastable(weights, count),)):
            weights = math_ops.cast(weights, float64)
            return math_ops.multiply(count, weights)


def streaming_count_at_k(
    key: str,
    labels: Any,
    predictions_idx: Any,
    k: int | None,
    class_id: int | None,
    weights: Any,
    name: str | None = None,
) -> Metric:
    """The sum of a count over all batches so far, and its update."""
    default = at_k_name(_COUNTS[key][1], k, class_id)
    with name_scope(name, default, (predictions_idx, labels, weights)) as scope:
        batch = count_at_k(key, labels, predictions_idx, class_id, weights)
        batch = math_ops.cast(math_ops.reduce_sum(batch), float64)
        total = metric_variable([], float64, name=scope)
        return total, assign_add(total, batch, name="update")


def _share_at_top_k(
    stem: str,
    other: str,
    operands: tuple[Any, Any, Any],
    k: int | None,
    class_id: int | None,
    collections: tuple[Any, Any],
    name: str | None,
) -> Metric:
    labels, predictions_idx, weights = operands
    values = (predictions_idx, labels, weights)
    with name_scope(name, at_k_name(stem, k, class_id), values) as scope:
        labels = expand_labels(labels, predictions_idx)
        best = math_ops.cast(predictions_idx, int64)
        tp, tp_update = streaming_count_at_k("tp", labels, best, k, class_id, weights)
        rest, rest_update = streaming_count_at_k(other, labels, best, k, class_id, weights)
        value = math_ops.div(tp, math_ops.add(tp, rest), name=scope)
        update = math_ops.div(tp_update, math_ops.add(tp_update, rest_update), name="update")
        return collected(value, update, *collections)


# -- metrics -------------------------------------------------------------------------------------
def recall_at_top_k(
    labels: Any,
    predictions_idx: Any,
    k: int | None = None,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The share of the labels that are among the chosen classes `predictions_idx`, int64.

    `labels` are the classes of each example, dense ([..., number], or one each) or sparse. With
    `class_id` only that class counts. NaN before anything counted.
    """
    operands = (labels, predictions_idx, weights)
    collections = (metrics_collections, updates_collections)
    return _share_at_top_k("recall", "fn", operands, k, class_id, collections, name)


def precision_at_top_k(
    labels: Any,
    predictions_idx: Any,
    k: int | None = None,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The share of the chosen classes `predictions_idx`, int64, that are among the labels."""
    operands = (labels, predictions_idx, weights)
    collections = (metrics_collections, updates_collections)
    return _share_at_top_k("precision", "fp", operands, k, class_id, collections, name)


def recall_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """`recall_at_top_k` of the `k` classes with the highest scores `predictions`."""
    values = (predictions, labels, weights)
    with name_scope(name, at_k_name("recall", k, class_id), values) as scope:
        _, best = nn.top_k(predictions, k)
        collections = (metrics_collections, updates_collections)
        return recall_at_top_k(labels, best, k, class_id, weights, *collections, scope)


def precision_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """`precision_at_top_k` of the `k` classes with the highest scores `predictions`."""
    values = (predictions, labels, weights)
    with name_scope(name, at_k_name("precision", k, class_id), values) as scope:
        _, best = nn.top_k(predictions, k)
        collections = (metrics_collections, updates_collections)
        return precision_at_top_k(labels, best, k, class_id, weights, *collections, scope)


def sparse_precision_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The old name of `precision_at_k`."""
    collections = (metrics_collections, updates_collections)
    return precision_at_k(labels, predictions, k, class_id, weights, *collections, name)
