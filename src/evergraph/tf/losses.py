"""`tf.losses`: losses with weights, reduced and collected."""

from __future__ import annotations

from typing import Any

from ..core.dtypes import float32
from ..core.graph import get_default_graph
from ..core.tensor import Tensor
from . import array_ops, label_ops, math_ops, nn
from .framework import convert_to_tensor, name_scope
from .graph_keys import GraphKeys
from .smart import cond
from .weights_broadcast_ops import assert_broadcastable, broadcast_weights

__all__ = [
    "Reduction",
    "absolute_difference",
    "add_loss",
    "compute_weighted_loss",
    "cosine_distance",
    "get_losses",
    "get_regularization_loss",
    "get_regularization_losses",
    "get_total_loss",
    "hinge_loss",
    "huber_loss",
    "log_loss",
    "mean_pairwise_squared_error",
    "mean_squared_error",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
]


class Reduction:
    """How the losses of the elements become one.

    NONE: not at all. SUM. SUM_OVER_BATCH_SIZE: the sum over the number of elements. MEAN: the sum
    over the sum of the weights. SUM_BY_NONZERO_WEIGHTS: the sum over the number of elements whose
    weight is not zero.
    """

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """All kinds of reduction."""
        return (
            cls.NONE,
            cls.SUM,
            cls.MEAN,
            cls.SUM_OVER_BATCH_SIZE,
            cls.SUM_OVER_NONZERO_WEIGHTS,
            cls.SUM_BY_NONZERO_WEIGHTS,
        )

    @classmethod
    def validate(cls, key: Any) -> None:
        """Raises ValueError unless `key` is a kind of reduction."""
        if key not in cls.all():
            raise ValueError(f"Invalid Reduction Key {key}.")


# -- collections ---------------------------------------------------------------------------------
def add_loss(loss: Tensor, loss_collection: Any = GraphKeys.LOSSES) -> None:
    """Adds a loss to the collection of losses."""
    if loss_collection:
        get_default_graph().add_to_collection(loss_collection, loss)


def get_losses(scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES) -> list[Any]:
    """The losses collected so far; with `scope` those whose names match."""
    return get_default_graph().get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list[Any]:
    """The regularization losses collected so far; with `scope` those whose names match."""
    return get_default_graph().get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


def get_regularization_loss(
    scope: str | None = None, name: str = "total_regularization_loss"
) -> Tensor:
    """The sum of the regularization losses, 0 without any."""
    losses = get_regularization_losses(scope)
    return math_ops.add_n(losses, name=name) if losses else array_ops.constant(0.0)


def get_total_loss(
    add_regularization_losses: bool = True, name: str = "total_loss", scope: str | None = None
) -> Tensor:
    """The sum of all losses; ValueError without any."""
    losses = get_losses(scope=scope)
    if add_regularization_losses:
        losses += get_regularization_losses(scope=scope)
    return math_ops.add_n(losses, name=name)


# -- weighting and reducing ----------------------------------------------------------------------
def _safe_mean(losses: Any, count: Any) -> Tensor:
    return math_ops.div_no_nan(math_ops.reduce_sum(losses), count, name="value")


def _num_present(losses: Any, weights: Any, per_batch: bool = False) -> Tensor:
    """The number of elements whose weight is not zero."""
    with name_scope(None, "num_present", (losses, weights)) as scope:
        weights = math_ops.cast(weights, dtype=float32)
        is_zero = math_ops.equal(weights, 0.0)
        present = array_ops.where(
            is_zero, array_ops.zeros_like(weights), array_ops.ones_like(weights)
        )
        present = broadcast_weights(present, losses)
        if not per_batch:
            return math_ops.reduce_sum(present, name=scope)
        axes = array_ops.range(1, array_ops.rank(present))
        return math_ops.reduce_sum(present, axis=axes, keepdims=True, name=scope)


def _num_elements(losses: Any) -> Tensor:
    with name_scope(None, "num_elements", [losses]) as scope:
        return math_ops.cast(array_ops.size(losses, name=scope), dtype=losses.dtype)  # type: ignore[no-any-return]


def compute_weighted_loss(
    losses: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """The losses times `weights`, reduced to a scalar (unless NONE) and collected.

    `weights` is a scalar, or of the rank of `losses` with each extent 1 or equal. Raises
    ValueError where they do not fit.
    """
    Reduction.validate(reduction)
    with name_scope(scope, "weighted_loss", (losses, weights)):
        get_default_graph().extra["last_loss_reduction"] = reduction
        check = assert_broadcastable(weights, losses)
        with get_default_graph().control_dependencies([check]):
            losses = convert_to_tensor(losses)
            dtype = losses.dtype
            losses = math_ops.cast(losses, dtype=float32)
            weights = math_ops.cast(weights, dtype=float32)
            weighted = math_ops.multiply(losses, weights)
            loss = math_ops.cast(_reduced(weighted, losses, weights, reduction), dtype)
            add_loss(loss, loss_collection)
            return loss  # type: ignore[no-any-return]


def _reduced(weighted: Any, losses: Any, weights: Any, reduction: str) -> Tensor:
    if reduction == Reduction.NONE:
        return weighted  # type: ignore[no-any-return]
    total = math_ops.reduce_sum(weighted)
    if reduction == Reduction.MEAN:
        weight_sum = math_ops.reduce_sum(array_ops.ones_like(losses) * weights)
        return _safe_mean(total, weight_sum)
    if reduction == Reduction.SUM_BY_NONZERO_WEIGHTS:
        return _safe_mean(total, _num_present(losses, weights))
    if reduction == Reduction.SUM_OVER_BATCH_SIZE:
        return _safe_mean(total, _num_elements(losses))
    return total


def _check_given(**arguments: Any) -> None:
    for name, value in arguments.items():
        if value is None:
            raise ValueError(f"{name} must not be None.")


def _as_floats(predictions: Any, labels: Any) -> tuple[Tensor, Tensor]:
    """Both as float32 tensors; ValueError where their shapes differ."""
    predictions = math_ops.cast(predictions, dtype=float32)
    labels = math_ops.cast(labels, dtype=float32)
    predictions.get_shape().assert_is_compatible_with(labels.get_shape())
    return predictions, labels


# -- the losses ----------------------------------------------------------------------------------
def absolute_difference(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """`|labels - predictions|`, weighted and reduced as `compute_weighted_loss` does."""
    _check_given(labels=labels, predictions=predictions)
    values = (predictions, labels, weights)
    with name_scope(scope, "absolute_difference", values) as scope:
        predictions, labels = _as_floats(predictions, labels)
        losses = math_ops.abs(math_ops.subtract(predictions, labels))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def cosine_distance(
    labels: Any,
    predictions: Any,
    axis: int | None = None,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
    dim: int | None = None,
) -> Tensor:
    """`1 - sum(labels * predictions)` along `axis`, for inputs of norm 1 along it.

    `dim` is the old name of `axis`.
    """
    if dim is not None and axis is not None:
        raise ValueError("Cannot specify both 'axis' and 'dim'")
    axis = dim if axis is None else axis
    if axis is None:
        raise ValueError("You must specify 'axis'.")
    _check_given(labels=labels, predictions=predictions)
    values = (predictions, labels, weights)
    with name_scope(scope, "cosine_distance_loss", values) as scope:
        predictions, labels = _as_floats(predictions, labels)
        products = math_ops.multiply(predictions, labels)
        losses = 1 - math_ops.reduce_sum(products, axis=(axis,), keepdims=True)
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def hinge_loss(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """`max(0, 1 - y * logits)`, y = 1 where the label is 1 and -1 where it is 0."""
    _check_given(labels=labels, logits=logits)
    with name_scope(scope, "hinge_loss", (logits, labels, weights)) as scope:
        logits, labels = _as_floats(logits, labels)
        ones = array_ops.ones_like(labels)
        signs = math_ops.subtract(2 * labels, ones)
        losses = nn.relu(math_ops.subtract(ones, math_ops.multiply(signs, logits)))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def huber_loss(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    delta: Any = 1.0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """Half the squared error up to an error of `delta`, linear beyond."""
    _check_given(labels=labels, predictions=predictions)
    with name_scope(scope, "huber_loss", (predictions, labels, weights)) as scope:
        predictions, labels = _as_floats(predictions, labels)
        error = math_ops.abs(math_ops.subtract(predictions, labels))
        quadratic = math_ops.minimum(error, delta)
        linear = math_ops.subtract(error, quadratic)
        half = convert_to_tensor(0.5, dtype=quadratic.dtype)
        losses = math_ops.add(
            math_ops.multiply(half, math_ops.multiply(quadratic, quadratic)),
            math_ops.multiply(delta, linear),
        )
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def log_loss(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    epsilon: float = 1e-7,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """The cross entropy of probabilities: `-l log(p + epsilon) - (1 - l) log(1 - p + epsilon)`."""
    _check_given(labels=labels, predictions=predictions)
    with name_scope(scope, "log_loss", (predictions, labels, weights)) as scope:
        predictions, labels = _as_floats(predictions, labels)
        losses = -math_ops.multiply(
            labels, math_ops.log(predictions + epsilon)
        ) - math_ops.multiply((1 - labels), math_ops.log(1 - predictions + epsilon))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def mean_pairwise_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
) -> Tensor:
    """The mean squared difference of the errors of all pairs of elements of an example."""
    _check_given(labels=labels, predictions=predictions)
    values = (predictions, labels, weights)
    with name_scope(scope, "mean_pairwise_squared_error", values) as scope:
        weights = math_ops.cast(weights, dtype=float32)
        labels = math_ops.cast(labels, dtype=float32)
        check = assert_broadcastable(weights, labels)
        with get_default_graph().control_dependencies([check]):
            predictions = math_ops.cast(predictions, dtype=float32)
            predictions.get_shape().assert_is_compatible_with(labels.get_shape())
            loss = _pairwise_loss(math_ops.subtract(predictions, labels), weights)
            add_loss(loss, loss_collection)
            return loss


def _pairwise_loss(errors: Tensor, weights: Tensor) -> Tensor:
    # Over pairs, sum (a - b)^2 = 2 n sum a^2 - 2 (sum a)^2, with n (n - 1) pairs of n elements.
    axes = array_ops.range(1, array_ops.rank(errors))
    squares = math_ops.reduce_sum(math_ops.square(errors), axis=axes, keepdims=True)
    count = _num_present(errors, weights, per_batch=True)
    first = 2.0 * math_ops.div_no_nan(squares, math_ops.maximum(count - 1, 0), name="value")
    total = math_ops.square(math_ops.reduce_sum(errors, axis=axes, keepdims=True))
    pairs = math_ops.maximum(math_ops.multiply(count, count - 1), 0)
    second = 2.0 * math_ops.div_no_nan(total, pairs, name="value")
    loss = math_ops.reduce_sum(math_ops.multiply(first - second, weights))
    any_present = math_ops.reduce_sum(count) > 0
    return array_ops.where(any_present, loss, array_ops.zeros_like(loss), name="value")


def mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """`(labels - predictions)^2`, weighted and reduced as `compute_weighted_loss` does."""
    _check_given(labels=labels, predictions=predictions)
    values = (predictions, labels, weights)
    with name_scope(scope, "mean_squared_error", values) as scope:
        predictions, labels = _as_floats(predictions, labels)
        losses = math_ops.squared_difference(predictions, labels)
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def sigmoid_cross_entropy(
    multi_class_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """The cross entropy of independent classes, given logits.

    `label_smoothing` moves the labels towards 1/2.
    """
    _check_given(multi_class_labels=multi_class_labels, logits=logits)
    values = (logits, multi_class_labels, weights)
    with name_scope(scope, "sigmoid_cross_entropy_loss", values) as scope:
        logits = convert_to_tensor(logits)
        labels = math_ops.cast(multi_class_labels, logits.dtype)
        logits.get_shape().assert_is_compatible_with(labels.get_shape())
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def softmax_cross_entropy(
    onehot_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """The cross entropy of exclusive classes, given logits; labels are distributions.

    `label_smoothing` moves the labels towards 1 / number of classes. No gradient flows into the
    labels.
    """
    _check_given(onehot_labels=onehot_labels, logits=logits)
    values = (logits, onehot_labels, weights)
    with name_scope(scope, "softmax_cross_entropy_loss", values) as scope:
        logits = convert_to_tensor(logits)
        labels = math_ops.cast(onehot_labels, logits.dtype)
        logits.get_shape().assert_is_compatible_with(labels.get_shape())
        if label_smoothing > 0:
            num_classes = math_ops.cast(array_ops.shape(labels)[-1], logits.dtype)
            rest = label_smoothing / num_classes
            labels = labels * (1.0 - label_smoothing) + rest
        labels = array_ops.stop_gradient(labels, name="labels_stop_gradient")
        losses = nn.softmax_cross_entropy_with_logits_v2(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def sparse_softmax_cross_entropy(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """The cross entropy of exclusive classes, given logits; labels are class numbers.

    A last axis of extent 1 of labels or weights is dropped where the ranks ask for it.
    """
    _check_given(labels=labels, logits=logits)
    values = (logits, labels, weights)
    with name_scope(scope, "sparse_softmax_cross_entropy_loss", values) as scope:
        labels, logits, weights = _without_last_ones(labels, logits, weights)
        losses = nn.sparse_softmax_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def _without_last_ones(labels: Any, logits: Any, weights: Any) -> tuple[Any, Any, Any]:
    labels, logits = label_ops.remove_squeezable_dimensions(labels, logits, expected_rank_diff=1)
    weights = convert_to_tensor(weights)
    labels_rank, rank = labels.shape.ndims, weights.shape.ndims
    if labels_rank is not None and rank is not None:
        if rank - labels_rank == 1:
            weights = array_ops.squeeze(weights, [-1])
        return labels, logits, weights
    difference = array_ops.rank(weights) - array_ops.rank(labels)
    if rank is None or (rank > 0 and weights.shape[-1].is_compatible_with(1)):
        weights = cond(
            math_ops.equal(1, difference),
            lambda: array_ops.squeeze(weights, [-1]),
            lambda: weights,
        )
    return labels, logits, weights
