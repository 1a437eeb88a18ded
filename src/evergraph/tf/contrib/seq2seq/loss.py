"""The cross entropy of sequences, weighted step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ....core.tensor import Tensor
from ... import array_ops, math_ops, nn
from ...framework import name_scope


def sequence_loss(
    logits: Any,
    targets: Any,
    weights: Any,
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    sum_over_timesteps: bool = False,
    sum_over_batch: bool = False,
    softmax_loss_function: Callable[..., Any] | None = None,
    name: str | None = None,
) -> Tensor:
    """The weighted cross entropy of `logits` [batch, time, classes] with `targets` [batch, time].

    An axis that is averaged is summed and divided by the sum of its weights, one that is summed is
    divided by the number of weights that are not zero; other axes stay. `softmax_loss_function`
    takes `labels` and `logits`. Raises ValueError for other ranks, or an axis that is both
    averaged and summed.
    """
    _check_ranks(logits, targets, weights)
    _check_choice("timesteps", average_across_timesteps, sum_over_timesteps)
    _check_choice("batch", average_across_batch, sum_over_batch)
    with name_scope(name, "sequence_loss", [logits, targets, weights]):
        losses = _weighted_losses(logits, targets, weights, softmax_loss_function)
        if average_across_timesteps and average_across_batch:
            return _averaged(losses, weights, None)
        if sum_over_timesteps and sum_over_batch:
            return _per_step(losses, weights, None)
        losses = array_ops.reshape(losses, array_ops.shape(logits)[0:2])
        if average_across_timesteps or average_across_batch:
            return _averaged(losses, weights, [0] if average_across_batch else [1])
        if sum_over_timesteps or sum_over_batch:
            return _per_step(losses, weights, [0] if sum_over_batch else [1])
        return losses


def _check_ranks(logits: Any, targets: Any, weights: Any) -> None:
    if len(logits.shape) != 3:
        raise ValueError("Logits must be a [batch_size x sequence_length x logits] tensor")
    if len(targets.shape) != 2:
        raise ValueError("Targets must be a [batch_size x sequence_length] tensor")
    if len(weights.shape) != 2:
        raise ValueError("Weights must be a [batch_size x sequence_length] tensor")


def _check_choice(axis: str, averaged: bool, summed: bool) -> None:
    if averaged and summed:
        raise ValueError(
            f"average_across_{axis} and sum_over_{axis} cannot be set to True at same time."
        )


def _weighted_losses(
    logits: Any, targets: Any, weights: Any, loss_function: Callable[..., Any] | None
) -> Tensor:
    classes = array_ops.shape(logits)[2]
    flat = array_ops.reshape(logits, [-1, classes])
    targets = array_ops.reshape(targets, [-1])
    function = loss_function or nn.sparse_softmax_cross_entropy_with_logits
    losses = function(labels=targets, logits=flat)
    losses *= array_ops.reshape(weights, [-1])
    return losses


def _averaged(losses: Tensor, weights: Any, axis: list[int] | None) -> Tensor:
    total = math_ops.reduce_sum(losses, axis=axis)
    return math_ops.div_no_nan(total, math_ops.reduce_sum(weights, axis=axis))


def _per_step(losses: Tensor, weights: Any, axis: list[int] | None) -> Tensor:
    total = math_ops.reduce_sum(losses, axis=axis)
    steps = math_ops.cast(math_ops.count_nonzero(weights, axis=axis), total.dtype)
    return math_ops.div_no_nan(total, steps)
