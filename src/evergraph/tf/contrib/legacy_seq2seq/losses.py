"""Cross entropies of sequences given as lists, a tensor a step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ....core.tensor import Tensor
from ... import array_ops, math_ops, nn
from ...framework import name_scope
from ...variable_scope import get_variable_scope, variable_scope

_TINY = 1e-12  # keeps the loss of an example without weights finite


def sequence_loss_by_example(
    logits: Sequence[Any],
    targets: Sequence[Any],
    weights: Sequence[Any],
    average_across_timesteps: bool = True,
    softmax_loss_function: Callable[..., Any] | None = None,
    name: str | None = None,
) -> Tensor:
    """The cross entropy of each example, [batch], over all steps.

    For each step: `logits` [batch, classes], `targets` [batch], `weights` [batch]. The mean is
    by the weights. Raises ValueError for lists of other lengths.
    """
    if not len(logits) == len(targets) == len(weights):
        raise ValueError(
            "Lengths of logits, weights, and targets must be the same "
            f"{len(logits)}, {len(weights)}, {len(targets)}."
        )
    with name_scope(name, "sequence_loss_by_example", [*logits, *targets, *weights]):
        losses = [
            _step_loss(logit, target, softmax_loss_function) * weight
            for logit, target, weight in zip(logits, targets, weights, strict=True)
        ]
        total = math_ops.add_n(losses)
        if average_across_timesteps:
            size = math_ops.add_n(weights)
            size += _TINY
            total /= size
    return total


def _step_loss(logit: Any, target: Any, loss_function: Callable[..., Any] | None) -> Any:
    if loss_function is not None:
        return loss_function(labels=target, logits=logit)
    target = array_ops.reshape(target, [-1])
    return nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=logit)


def sequence_loss(
    logits: Sequence[Any],
    targets: Sequence[Any],
    weights: Sequence[Any],
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    softmax_loss_function: Callable[..., Any] | None = None,
    name: str | None = None,
) -> Tensor:
    """The sum over the examples of `sequence_loss_by_example`, or their mean."""
    with name_scope(name, "sequence_loss", [*logits, *targets, *weights]):
        losses = sequence_loss_by_example(
            logits,
            targets,
            weights,
            average_across_timesteps=average_across_timesteps,
            softmax_loss_function=softmax_loss_function,
        )
        cost = math_ops.reduce_sum(losses)
        if not average_across_batch:
            return cost
        size = array_ops.shape(targets[0])[0]
        return cost / math_ops.cast(size, cost.dtype)  # type: ignore[no-any-return]


def model_with_buckets(
    encoder_inputs: Sequence[Any],
    decoder_inputs: Sequence[Any],
    targets: Sequence[Any],
    weights: Sequence[Any],
    buckets: Sequence[tuple[int, int]],
    seq2seq: Callable[[Sequence[Any], Sequence[Any]], tuple[Any, Any]],
    softmax_loss_function: Callable[..., Any] | None = None,
    per_example_loss: bool = False,
    name: str | None = None,
) -> tuple[list[Any], list[Tensor]]:
    """One model for each bucket (lengths of input and output), with shared variables.

    `seq2seq` makes outputs and states of inputs of the encoder and the decoder. Gives the outputs
    and the losses of all buckets. Raises ValueError if a list is shorter than the last bucket.
    """
    longest = buckets[-1]
    _check_length("encoder_inputs", encoder_inputs, longest[0])
    _check_length("targets", targets, longest[1])
    _check_length("weights", weights, longest[1])
    loss = sequence_loss_by_example if per_example_loss else sequence_loss
    outputs, losses = [], []
    everything = [*encoder_inputs, *decoder_inputs, *targets, *weights]
    with name_scope(name, "model_with_buckets", everything):
        for j, (read, written) in enumerate(buckets):
            with variable_scope(get_variable_scope(), reuse=True if j > 0 else None):
                output, _ = seq2seq(encoder_inputs[:read], decoder_inputs[:written])
                outputs.append(output)
                wanted, weight = targets[:written], weights[:written]
                losses.append(
                    loss(output, wanted, weight, softmax_loss_function=softmax_loss_function)
                )
    return outputs, losses


def _check_length(name: str, items: Sequence[Any], length: int) -> None:
    if len(items) < length:
        raise ValueError(
            f"Length of {name} ({len(items)}) must be at least that of last bucket ({length})."
        )
