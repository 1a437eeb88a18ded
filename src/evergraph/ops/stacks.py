"""Stacks: how TensorFlow's gradients of loops keep the values of each iteration.

Gradients made here keep them otherwise; graphs that TensorFlow 1 wrote have these ops.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.opdef import Array, Attrs, Values, define
from ..core.shape import Shape


class Stack:
    """The values of one stack in a run."""

    shape = (2,)
    ndim = 1

    def __init__(self, dtype: Any, max_size: int) -> None:
        self.dtype = dtype
        self.max_size = max_size
        self.items: list[Any] = []


def _new(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Any:
    size = np.asarray(inputs[0])
    if size.ndim:
        raise ValueError(f"Stack size must be a scalar, not of shape {size.shape}.")
    return Stack(attrs["elem_type"], int(size))


def _as_stack(handle: Any, dtype: Any) -> Stack:
    if not isinstance(handle, Stack):
        raise ValueError("The handle of a stack was expected: it comes from a StackV2 operation.")
    if handle.dtype is not dtype:
        raise ValueError(f"The stack holds {handle.dtype.name}, not {dtype.name}.")
    return handle


def _push(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    stack = _as_stack(inputs[0], attrs["T"])
    if 0 <= stack.max_size <= len(stack.items):
        raise ValueError(f"Stack overflowed its maximum size ({stack.max_size})")
    stack.items.append(inputs[1])
    return inputs[1]


def _pop(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    stack = _as_stack(inputs[0], attrs["elem_type"])
    if not stack.items:
        raise ValueError("Stack is empty when calling Pop().")
    return stack.items.pop()


def _unknown(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [None]


define(
    "StackV2",
    "max_size:int32 -> handle:resource",
    "elem_type:type; stack_name:string=''",
    shape=lambda shapes, attrs, values: [(2,)],
    kernel=_new,
    stateful=True,
)
define(
    "StackPushV2",
    "handle:resource elem:T -> output:T",
    "T:type; swap_memory:bool=false",
    shape=lambda shapes, attrs, values: [shapes[1]],
    kernel=_push,
    stateful=True,
    effect=True,
)
define(
    "StackPopV2",
    "handle:resource -> elem:elem_type",
    "elem_type:type",
    shape=_unknown,
    kernel=_pop,
    stateful=True,
    effect=True,
)
define("StackCloseV2", "handle:resource ->", kernel=lambda xp, inputs, attrs: (), stateful=True)
