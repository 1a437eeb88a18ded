"""The best sequences of tags, by Viterbi's algorithm."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.dtypes import int32
from ....core.tensor import Tensor
from ... import array_ops, math_ops
from ...framework import convert_to_tensor
from .steps import by_length, first_and_rest, less_one, walk


def viterbi_decode(score: Any, transition_params: Any) -> tuple[list[Any], Any]:
    """The best tags of one sequence and their score, in NumPy.

    `score` is [time, tags], `transition_params` [tags, tags].
    """
    best, came_from = score[0], []
    for scores in score[1:]:
        paths = np.expand_dims(best, 1) + transition_params
        came_from.append(paths.argmax(0))
        best = (scores + paths.max(0)).astype(score.dtype)
    tags = [best.argmax()]
    for before in reversed(came_from):
        tags.append(before[tags[-1]])
    return tags[::-1], best.max()


def crf_decode(
    potentials: Tensor, transition_params: Tensor, sequence_length: Any
) -> tuple[Tensor, Tensor]:
    """The best tags of each sequence, int32 [batch, time], and their scores, [batch].

    `potentials` [batch, time, tags] scores tags. Tags after the end of a sequence are 0.
    """
    sequence_length = convert_to_tensor(sequence_length)

    def one_step() -> tuple[Tensor, Tensor]:
        scores = array_ops.squeeze(potentials, [1])
        tags = array_ops.expand_dims(math_ops.argmax(scores, axis=1), 1)
        return math_ops.cast(tags, dtype=int32), math_ops.reduce_max(scores, axis=1)

    return by_length(  # type: ignore[no-any-return]
        potentials, one_step, lambda: _decoded(potentials, transition_params, sequence_length)
    )


def _decoded(potentials: Tensor, transition_params: Tensor, lengths: Tensor) -> Any:
    first, rest = first_and_rest(potentials)
    steps = less_one(lengths)
    scores, came_from = _forward(first, rest, transition_params, steps)
    last = scores[-1]
    best = math_ops.cast(math_ops.argmax(last, axis=1), dtype=int32)
    came_from = array_ops.reverse_sequence(
        array_ops.transpose(came_from, [1, 0, 2]), steps, seq_axis=1
    )
    before = array_ops.transpose(walk(_chosen, best, came_from, steps))
    past = array_ops.sequence_mask(steps, maxlen=array_ops.shape(before)[1], dtype=int32)
    tags = array_ops.concat([array_ops.expand_dims(best, -1), before * past], axis=1)
    tags = array_ops.reverse_sequence(tags, lengths, seq_axis=1)
    return tags, math_ops.reduce_max(last, axis=1)


def _forward(first: Tensor, rest: Tensor, transition_params: Tensor, steps: Tensor) -> Any:
    """After each step the best score that ends in each tag, and the tag that it came from."""
    transitions = array_ops.expand_dims(transition_params, 0)

    def step(state: tuple[Tensor, Tensor], scores: Tensor) -> tuple[Tensor, Tensor]:
        paths = array_ops.expand_dims(state[0], 2) + transitions
        came_from = math_ops.cast(math_ops.argmax(paths, 1), dtype=int32)
        return scores + math_ops.reduce_max(paths, [1]), came_from

    nowhere = array_ops.zeros_like(first, dtype=int32)
    return walk(step, (first, nowhere), rest, steps)


def _chosen(tags: Tensor, came_from: Tensor) -> Tensor:
    """Of each row of `came_from` [batch, tags], the one at its tag."""
    examples = array_ops.range(array_ops.shape(came_from)[0])
    return array_ops.gather_nd(came_from, array_ops.stack([examples, tags], axis=1))
