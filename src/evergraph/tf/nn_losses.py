"""Losses that look at each element by itself."""

from __future__ import annotations

from math import pi
from typing import Any

from ..core.dtypes import float32
from ..core.shape import merge, show
from ..core.tensor import Tensor
from . import array_ops
from .dtype_ops import cast
from .emitting import emit_tensor
from .framework import convert_to_tensor, name_scope
from .nn_softmax import named_arguments
from .reduction_ops import reduce_sum
from .renamed import renamed


def _one_shape(x: Tensor, y: Tensor, names: str) -> None:
    try:
        merge(y.static_shape, x.static_shape)
    except ValueError:
        raise ValueError(
            f"{names} must have the same shape ({show(x.static_shape)} vs {show(y.static_shape)})"
        ) from None


def sigmoid_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: Any = None
) -> Tensor:
    """The cross entropy of labels in [0, 1] with sigmoid(logits), element by element.

    Computed as max(x, 0) - x * z + log(1 + exp(-|x|)), which cannot overflow.
    """
    named_arguments("sigmoid_cross_entropy_with_logits", _sentinel, labels, logits)
    with name_scope(name, "logistic_loss", [logits, labels]) as scope:
        x: Any = convert_to_tensor(logits, name="logits")
        z: Any = convert_to_tensor(labels, name="labels")
        _one_shape(x, z, "logits and labels")
        zeros = array_ops.zeros_like(x, dtype=x.dtype)
        positive = x >= zeros
        relu: Any = array_ops.where(positive, x, zeros)
        negative = array_ops.where(positive, -x, x)
        linear = relu - x * z
        return emit_tensor("Add", linear, _log1p_exp(negative), name=scope)


def _log1p_exp(x: Any) -> Tensor:
    return emit_tensor("Log1p", emit_tensor("Exp", x))


def weighted_cross_entropy_with_logits(
    labels: Any = None,
    logits: Any = None,
    pos_weight: Any = None,
    name: Any = None,
    targets: Any = None,
) -> Tensor:
    """`sigmoid_cross_entropy_with_logits` with the part of positive labels times `pos_weight`."""
    labels = renamed("labels", labels, "targets", targets)
    with name_scope(name, "logistic_loss", [logits, labels]) as scope:
        x: Any = convert_to_tensor(logits, name="logits")
        z: Any = convert_to_tensor(labels, name="labels")
        _one_shape(x, z, "logits and labels")
        weight = 1 + (pos_weight - 1) * z
        linear = (1 - z) * x
        size: Any = emit_tensor("Abs", x)
        softplus: Any = _log1p_exp(-size)
        curved = weight * (softplus + emit_tensor("Relu", -x))
        return emit_tensor("Add", linear, curved, name=scope)


def log_poisson_loss(
    targets: Any, log_input: Any, compute_full_loss: Any = False, name: Any = None
) -> Tensor:
    """-log of the Poisson likelihood of `targets` with the means exp(log_input).

    Without `compute_full_loss` the part that does not hang on the input is left out; with it, log
    of the factorial is Stirling's approximation, and 0 for targets up to 1.
    """
    with name_scope(name, "log_poisson_loss", [log_input, targets]):
        x: Any = convert_to_tensor(log_input, name="log_input")
        z: Any = convert_to_tensor(targets, name="targets")
        _one_shape(x, z, "log_input and targets")
        means: Any = emit_tensor("Exp", x)
        result: Tensor = means - x * z
        if compute_full_loss:
            result = result + _log_factorial(z)
        return result


def _log_factorial(z: Any) -> Any:
    half: Any = array_ops.constant(0.5, dtype=z.dtype.base_dtype)
    two_pi: Any = array_ops.constant(2 * pi, dtype=z.dtype.base_dtype)
    stirling = z * emit_tensor("Log", z) - z + half * emit_tensor("Log", two_pi * z)
    zeros = array_ops.zeros_like(z, dtype=z.dtype)
    ones = array_ops.ones_like(z, dtype=z.dtype)
    small = emit_tensor("LogicalAnd", z >= zeros, z <= ones)
    return array_ops.where(small, zeros, stirling)


# -- losses of batches that are parts of a larger one ------------------------------------------


def compute_average_loss(
    per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None
) -> Tensor:
    """The sum of the losses of the examples, weighted, divided by `global_batch_size`.

    That is the number of examples unless it is given. Raises ValueError for a scalar loss.
    """
    losses: Any = convert_to_tensor(per_example_loss)
    kind = losses.dtype
    if losses.static_shape == ():
        raise ValueError(
            "Invalid value passed for `per_example_loss`. Expected a tensor with at least rank 1, "
            f"got: {losses}"
        )
    if sample_weight is not None:
        losses = _weighted(losses, sample_weight)
    losses = cast(losses, kind)
    if global_batch_size is None:
        shape: Any = array_ops.shape(losses)
        global_batch_size = cast(shape[0], kind)
    total: Any = reduce_sum(losses)
    result: Tensor = total / global_batch_size
    return result


def _weighted(losses: Any, weights: Any) -> Any:
    losses, weights = cast(losses, float32), cast(convert_to_tensor(weights), float32)
    ranks = [x.shape.ndims for x in (losses, weights)]
    if None not in ranks and ranks[1] == ranks[0] + 1:
        weights = array_ops.squeeze(weights, [-1])
    elif None not in ranks and ranks[0] == ranks[1] + 1:
        weights = array_ops.expand_dims(weights, [-1])
    return losses * weights


def scale_regularization_loss(regularization_loss: Any) -> Tensor:
    """The sum of regularization losses, as one replica of one counts it."""
    return reduce_sum(regularization_loss)
