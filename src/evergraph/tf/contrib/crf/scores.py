"""Scores of sequences of tags, and the logarithms of their probabilities."""

from __future__ import annotations

from typing import Any

from ....core.dtypes import float32, int64
from ....core.tensor import Tensor
from ... import array_ops, math_ops
from ...framework import convert_to_tensor
from ...variable_scope import get_variable
from .steps import by_length, first_and_rest, less_one, walk


def _zero_if_empty(scores: Tensor, sequence_lengths: Any) -> Tensor:
    empty = math_ops.less_equal(sequence_lengths, 0)
    return array_ops.where(empty, array_ops.zeros_like(scores), scores)


def crf_sequence_score(
    inputs: Tensor, tag_indices: Tensor, sequence_lengths: Any, transition_params: Tensor
) -> Tensor:
    """The score of each sequence of tags, [batch]: of its tags and of the steps between them.

    `inputs` [batch, time, tags] scores tags, `transition_params` [tags, tags] goes from row to
    column; `tag_indices` is [batch, time], `sequence_lengths` [batch].
    """

    def one_step() -> Tensor:
        batch = array_ops.shape(inputs, out_type=tag_indices.dtype)[0]
        examples = array_ops.range(batch, dtype=tag_indices.dtype)
        examples = array_ops.reshape(examples, [-1, 1])
        tags = array_ops.squeeze(inputs, [1])
        places = array_ops.concat([examples, tag_indices], axis=1)
        return _zero_if_empty(array_ops.gather_nd(tags, places), sequence_lengths)

    def more_steps() -> Tensor:
        unary = crf_unary_score(tag_indices, sequence_lengths, inputs)
        return unary + crf_binary_score(tag_indices, sequence_lengths, transition_params)

    return by_length(inputs, one_step, more_steps)  # type: ignore[no-any-return]


def crf_multitag_sequence_score(
    inputs: Tensor, tag_bitmap: Tensor, sequence_lengths: Any, transition_params: Tensor
) -> Tensor:
    """The log of the sum of exp(score) over all sequences of tags that `tag_bitmap` allows.

    `tag_bitmap` is bool, [batch, time, tags].
    """

    def allowed() -> Tensor:
        never = array_ops.fill(array_ops.shape(inputs), float("-inf"))
        return array_ops.where(tag_bitmap, inputs, never)

    return by_length(  # type: ignore[no-any-return]
        inputs,
        lambda: math_ops.reduce_logsumexp(allowed(), axis=[1, 2], keepdims=False),
        lambda: crf_log_norm(allowed(), sequence_lengths, transition_params),
    )


def crf_log_norm(inputs: Tensor, sequence_lengths: Any, transition_params: Tensor) -> Tensor:
    """The log of the sum of exp(score) over all sequences of tags, [batch]; 0 for no steps."""
    sequence_lengths = convert_to_tensor(sequence_lengths)
    first, rest = first_and_rest(inputs)

    def one_step() -> Tensor:
        return _zero_if_empty(math_ops.reduce_logsumexp(first, [1]), sequence_lengths)

    def more_steps() -> Tensor:
        transitions = array_ops.expand_dims(transition_params, 0)

        def step(alphas: Tensor, scores: Tensor) -> Tensor:
            paths = array_ops.expand_dims(alphas, 2) + transitions
            return scores + math_ops.reduce_logsumexp(paths, [1])

        alphas = walk(step, first, rest, less_one(sequence_lengths))[-1]
        return _zero_if_empty(math_ops.reduce_logsumexp(alphas, [1]), sequence_lengths)

    return by_length(inputs, one_step, more_steps)  # type: ignore[no-any-return]


def crf_log_likelihood(
    inputs: Tensor,
    tag_indices: Tensor,
    sequence_lengths: Any,
    transition_params: Any = None,
) -> tuple[Tensor, Any]:
    """The log of the probability of each sequence of tags, [batch], and the transitions.

    Without `transition_params` they are the variable `transitions`.
    """
    tags = inputs.shape.as_list()[2]
    if transition_params is None:
        transition_params = get_variable("transitions", [tags, tags])
    score = crf_sequence_score(inputs, tag_indices, sequence_lengths, transition_params)
    norm = crf_log_norm(inputs, sequence_lengths, transition_params)
    return score - norm, transition_params


def crf_unary_score(tag_indices: Tensor, sequence_lengths: Any, inputs: Tensor) -> Tensor:
    """The sum of the scores of the tags of each sequence, [batch]."""
    batch = array_ops.shape(inputs)[0]
    steps = array_ops.shape(inputs)[1]
    tags = array_ops.shape(inputs)[2]
    flat = array_ops.reshape(inputs, [-1])
    places = array_ops.expand_dims(array_ops.range(batch) * steps * tags, 1)
    places += array_ops.expand_dims(array_ops.range(steps) * tags, 0)
    if tag_indices.dtype == int64:
        places = math_ops.cast(places, int64)
    chosen = array_ops.reshape(places + tag_indices, [-1])
    scores = array_ops.reshape(array_ops.gather(flat, chosen), [batch, steps])
    return math_ops.reduce_sum(scores * _mask(tag_indices, sequence_lengths), 1)


def crf_binary_score(tag_indices: Tensor, sequence_lengths: Any, transition_params: Any) -> Tensor:
    """The sum of the scores of the steps between the tags of each sequence, [batch]."""
    tags = transition_params.shape[0]
    steps = array_ops.shape(tag_indices)[1] - 1
    start = array_ops.slice(tag_indices, [0, 0], [-1, steps])
    end = array_ops.slice(tag_indices, [0, 1], [-1, steps])
    places = start * tags + end
    scores = array_ops.gather(array_ops.reshape(transition_params, [-1]), places)
    mask = array_ops.slice(_mask(tag_indices, sequence_lengths), [0, 1], [-1, -1])
    return math_ops.reduce_sum(scores * mask, 1)


def _mask(tag_indices: Tensor, sequence_lengths: Any) -> Tensor:
    steps = array_ops.shape(tag_indices)[1]
    return array_ops.sequence_mask(sequence_lengths, maxlen=steps, dtype=float32)
