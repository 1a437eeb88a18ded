"""The losses of TensorFlow 0.x: predictions first, weights of examples or of leading axes."""

from __future__ import annotations

from typing import Any

from ....core.dtypes import float32
from ....core.tensor import Tensor
from ... import array_ops, math_ops, nn
from ... import losses as _losses
from ...framework import convert_to_tensor, name_scope
from ...losses import get_losses, get_regularization_losses
from ..framework.arg_scope import add_arg_scope

__all__ = [
    "absolute_difference",
    "add_loss",
    "compute_weighted_loss",
    "cosine_distance",
    "get_losses",
    "get_regularization_losses",
    "get_total_loss",
    "hinge_loss",
    "log_loss",
    "mean_pairwise_squared_error",
    "mean_squared_error",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
]

add_loss = add_arg_scope(_losses.add_loss)


def get_total_loss(add_regularization_losses: bool = True, name: str = "total_loss") -> Tensor:
    """The sum of all losses; ValueError without any."""
    return _losses.get_total_loss(add_regularization_losses, name)


def _known_rank(x: Tensor, name: str) -> int:
    if x.shape.ndims is None:
        raise ValueError(f"{name}.get_shape().ndims cannot be None")
    return x.shape.ndims


def compute_weighted_loss(losses: Any, weights: Any = 1.0, scope: str | None = None) -> Tensor:
    """The mean of the losses times `weights` over those whose weight is not zero, collected.

    `weights` is a scalar or has the shape of the losses' leading axes.
    """
    with name_scope(scope, "weighted_loss", [losses, weights]):
        values = convert_to_tensor(losses)
        dtype = values.dtype
        values = math_ops.cast(values, float32)
        weights = math_ops.cast(convert_to_tensor(weights), float32)
        _known_rank(values, "losses")
        if _known_rank(weights, "weights") > 1 and weights.shape[-1].is_compatible_with(1):
            weights = array_ops.squeeze(weights, [-1])
        total = _weighted_sum(values, weights)
        count = _num_present(values, weights)
        mean = math_ops.div_no_nan(math_ops.reduce_sum(total), count, name="value")
        mean = math_ops.cast(mean, dtype)
        add_loss(mean)
        return mean  # type: ignore[no-any-return]


def _weighted_sum(values: Tensor, weights: Tensor) -> Tensor:
    axes = list(range(len(weights.shape), len(values.shape)))
    reduced = math_ops.reduce_sum(values, axis=axes)
    return math_ops.reduce_sum(math_ops.multiply(reduced, weights))


def _num_present(values: Tensor, weights: Tensor, per_batch: bool = False) -> Tensor:
    """The number of elements whose weight is not zero, in all or an example."""
    rank = len(weights.shape)
    if rank == 0:
        counts = _equal_counts(values, weights)
    else:
        axes = list(range(1, rank))
        present = math_ops.cast(math_ops.not_equal(weights, 0), float32)
        present = math_ops.reduce_sum(present, axis=axes)
        rest = array_ops.slice(array_ops.shape(values), [rank], [-1])
        size = math_ops.cast(math_ops.reduce_prod(rest), float32)
        counts = math_ops.multiply(present, size)
    return counts if per_batch else math_ops.reduce_sum(counts)


def _equal_counts(values: Tensor, weights: Tensor) -> Tensor:
    batch = array_ops.reshape(array_ops.slice(array_ops.shape(values), [0], [1]), [])
    size = math_ops.cast(array_ops.size(values), float32)
    count = math_ops.div(size, math_ops.cast(batch, float32))
    count = array_ops.where(math_ops.equal(weights, 0), 0.0, count)
    return math_ops.multiply(array_ops.ones(array_ops.reshape(batch, [1])), count)


def _as_floats(predictions: Any, labels: Any) -> tuple[Tensor, Tensor]:
    predictions.get_shape().assert_is_compatible_with(labels.get_shape())
    return math_ops.cast(predictions, float32), math_ops.cast(labels, float32)


def absolute_difference(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None
) -> Tensor:
    """The weighted mean of `|predictions - labels|`."""
    values = [predictions, labels, weights]
    with name_scope(scope, "absolute_difference", values) as scope:
        predictions, labels = _as_floats(predictions, labels)
        errors = math_ops.abs(math_ops.subtract(predictions, labels))
        return compute_weighted_loss(errors, weights, scope=scope)


def mean_squared_error(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None
) -> Tensor:
    """The weighted mean of `(predictions - labels)^2`."""
    values = [predictions, labels, weights]
    with name_scope(scope, "mean_squared_error", values) as scope:
        predictions, labels = _as_floats(predictions, labels)
        errors = math_ops.squared_difference(predictions, labels)
        return compute_weighted_loss(errors, weights, scope=scope)


def log_loss(
    predictions: Any,
    labels: Any = None,
    weights: Any = 1.0,
    epsilon: float = 1e-7,
    scope: str | None = None,
) -> Tensor:
    """The weighted mean cross entropy of probabilities."""
    with name_scope(scope, "log_loss", [predictions, labels, weights]) as scope:
        predictions, labels = _as_floats(predictions, labels)
        errors = -math_ops.multiply(
            labels, math_ops.log(predictions + epsilon)
        ) - math_ops.multiply((1 - labels), math_ops.log(1 - predictions + epsilon))
        return compute_weighted_loss(errors, weights, scope=scope)


def hinge_loss(logits: Any, labels: Any = None, scope: str | None = None) -> Tensor:
    """`max(0, 1 - y * logits)` of each element, y = 1 where the label is 1 and -1 where it is 0."""
    with name_scope(scope, "hinge_loss", [logits, labels]) as scope:
        logits.get_shape().assert_is_compatible_with(labels.get_shape())
        labels = math_ops.cast(labels, float32)
        ones = array_ops.ones_like(labels)
        signs = math_ops.subtract(2 * labels, ones)
        return nn.relu(math_ops.subtract(ones, math_ops.multiply(signs, logits)))


def cosine_distance(
    predictions: Any,
    labels: Any = None,
    axis: int | None = None,
    weights: Any = 1.0,
    scope: str | None = None,
    dim: int | None = None,
) -> Tensor:
    """The weighted mean of `1 - sum(predictions * labels)` along `axis` (formerly `dim`)."""
    axis = dim if axis is None else axis
    if axis is None:
        raise ValueError("You must specify 'axis'.")
    values = [predictions, labels, weights]
    with name_scope(scope, "cosine_distance_loss", values) as scope:
        predictions, labels = _as_floats(predictions, labels)
        products = math_ops.multiply(predictions, labels)
        errors = 1 - math_ops.reduce_sum(products, axis=[axis])
        return compute_weighted_loss(errors, weights, scope=scope)


def mean_pairwise_squared_error(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None
) -> Tensor:
    """The mean squared difference of the errors of all pairs of elements of an example."""
    values = [predictions, labels, weights]
    with name_scope(scope, "mean_pairwise_squared_error", values) as scope:
        predictions, labels = _as_floats(predictions, labels)
        weights = math_ops.cast(convert_to_tensor(weights), float32)
        errors = math_ops.subtract(predictions, labels)
        rank = _known_rank(errors, "diffs")
        _known_rank(weights, "weights")
        axes = list(range(1, rank))
        squares = math_ops.reduce_sum(math_ops.square(errors), axis=axes)
        count = _num_present(errors, weights, per_batch=True)
        first = 2.0 * math_ops.div_no_nan(squares, count, name="value")
        total = math_ops.square(math_ops.reduce_sum(errors, axis=axes))
        second = 2.0 * math_ops.div_no_nan(total, math_ops.square(count), name="value")
        loss = _weighted_sum(first - second, weights)
        any_present = math_ops.reduce_sum(count) > 0
        mean = array_ops.where(any_present, loss, array_ops.zeros_like(loss), name="value")
        add_loss(mean)
        return mean


def sigmoid_cross_entropy(
    logits: Any,
    multi_class_labels: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
) -> Tensor:
    """The weighted mean cross entropy of independent classes."""
    values = [logits, multi_class_labels, weights]
    with name_scope(scope, "sigmoid_cross_entropy_loss", values) as scope:
        logits.get_shape().assert_is_compatible_with(multi_class_labels.get_shape())
        labels = math_ops.cast(multi_class_labels, logits.dtype)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        errors = nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(errors, weights, scope=scope)


def softmax_cross_entropy(
    logits: Any,
    onehot_labels: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
) -> Tensor:
    """The weighted mean cross entropy of exclusive classes; labels are distributions."""
    values = [logits, onehot_labels, weights]
    with name_scope(scope, "softmax_cross_entropy_loss", values) as scope:
        logits.get_shape().assert_is_compatible_with(onehot_labels.get_shape())
        labels = math_ops.cast(onehot_labels, logits.dtype)
        if label_smoothing > 0:
            classes = math_ops.cast(array_ops.shape(labels)[1], logits.dtype)
            rest = label_smoothing / classes
            labels = labels * (1.0 - label_smoothing) + rest
        errors = nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(errors, weights, scope=scope)


def sparse_softmax_cross_entropy(
    logits: Any, labels: Any, weights: Any = 1.0, scope: str | None = None
) -> Tensor:
    """The weighted mean cross entropy of exclusive classes; labels are class numbers."""
    values = [logits, labels, weights]
    with name_scope(scope, "sparse_softmax_cross_entropy_loss", values) as scope:
        labels = array_ops.reshape(labels, shape=[array_ops.shape(labels)[0]])
        errors = nn.sparse_softmax_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(errors, weights, scope=scope)
