"""Walks along sequences of different lengths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ....core.tensor import Tensor
from ... import array_ops, math_ops
from ...functional_ops import scan
from ...smart_cond import smart_cond


def by_length(inputs: Tensor, one_step: Callable[[], Any], more_steps: Callable[[], Any]) -> Any:
    """What applies to `inputs` [batch, time, ...] with one step, or with more."""
    steps = inputs.shape.as_list()[1] or array_ops.shape(inputs)[1]
    return smart_cond(math_ops.equal(steps, 1), one_step, more_steps)


def first_and_rest(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """The first step [batch, tags], and the steps after it [batch, time - 1, tags]."""
    first = array_ops.squeeze(array_ops.slice(inputs, [0, 0, 0], [-1, 1, -1]), [1])
    return first, array_ops.slice(inputs, [0, 1, 0], [-1, -1, -1])


def less_one(lengths: Tensor) -> Tensor:
    """The numbers of steps after the first."""
    return math_ops.maximum(array_ops.constant(0, dtype=lengths.dtype), lengths - 1)


def walk(step: Callable[[Any, Tensor], Any], first: Any, inputs: Tensor, lengths: Tensor) -> Any:
    """The states after each step of `inputs` [batch, time, ...], time first.

    `step(state, input)` gives the next state: a tensor, or a tuple of them, [batch, ...]. After
    `lengths` steps a sequence keeps its state.
    """
    rank = len(inputs.shape)
    by_time = array_ops.transpose(inputs, [1, 0, *range(2, rank)])
    places = array_ops.range(array_ops.shape(by_time)[0])

    def masked(state: Any, place_and_input: Any) -> Any:
        place, value = place_and_input
        goes_on = math_ops.less(math_ops.cast(place, lengths.dtype), lengths)
        after = step(state, value)
        if not isinstance(state, tuple):
            return array_ops.where(goes_on, after, state)
        pairs = zip(after, state, strict=True)
        return tuple(array_ops.where(goes_on, new, old) for new, old in pairs)

    return scan(masked, (places, by_time), initializer=first)
