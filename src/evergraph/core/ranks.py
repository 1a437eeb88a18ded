"""Ranks that operands must have: scalars, vectors, matrices, whatever their values.

Most shape rules see to this themselves. What all of an op's arguments must be is data beside
them: it is checked when an operation is made, and again in the run where the graph did not know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .opdef import Attrs, OpDef
from .shape import Shape, show
from .tensor import Operation

ANY = 255


def parsed(definition: OpDef, text: str) -> dict[int, tuple[int, int]]:
    """Ranks by argument from their text form: `shape=1 axis=0..1 x=2..`."""
    names = [a.name for a in definition.inputs]
    out = {}
    for item in text.split():
        name, _, ranks = item.partition("=")
        least, dots, most = ranks.partition("..")
        out[names.index(name)] = (int(least), int(most or (ANY if dots else least)))
    return out


def _limits(definition: OpDef, attrs: Attrs) -> Iterator[tuple[int, str, tuple[int, int]]]:
    """The place of each operand whose rank is limited, its argument's name, the limits."""
    place = 0
    for i, arg in enumerate(definition.inputs):
        count = 1
        if arg.is_type_list:
            count = len(attrs[arg.type_attr or ""])
        elif arg.number_attr:
            count = attrs[arg.number_attr]
        limits = definition.ranks.get(i)
        if limits is not None:
            for k in range(place, place + count):
                yield k, arg.name, limits
        place += count


def check_ranks(definition: OpDef, attrs: Attrs, shapes: Sequence[Shape]) -> None:
    """Raises ValueError for operands of known shape that have a rank the op does not take."""
    if definition.ranks:
        for place, name, limits in _limits(definition, attrs):
            shape = shapes[place]
            if shape is not None and not limits[0] <= len(shape) <= limits[1]:
                raise ValueError(_refusal(name, limits, shape))


def _refusal(name: str, limits: tuple[int, int], shape: tuple[Any, ...]) -> str:
    least, most = limits
    wanted = f"rank {least}"
    if most == ANY:
        wanted = f"at least rank {least}"
    elif most > least:
        wanted = f"at most rank {most}" if not least else f"rank {least} to {most}"
    return f"Shape must be {wanted} but is rank {len(shape)}: {name!r} has shape {show(shape)}."


def unknown_ranks(op: Operation) -> list[tuple[int, str, tuple[int, int]]]:
    """The operands whose rank only a run can check."""
    if not op.definition.ranks:
        return []
    found = _limits(op.definition, op.attrs)
    return [limit for limit in found if op.operands[limit[0]].static_shape is None]


def checked_in_run(op: Operation, function: Callable[..., Any], first: int) -> Callable[..., Any]:
    """`function` of the operands, from parameter `first` on, with those ranks checked."""
    limits = unknown_ranks(op)
    if not limits:
        return function

    def checked(*xs: Any) -> Any:
        for place, name, (least, most) in limits:
            shape = np.shape(xs[first + place])
            # Kernels have always taken vectors of one element for scalars.
            if not least <= len(shape) <= most and (most or shape != (1,)):
                raise ValueError(_refusal(name, (least, most), shape))
        return function(*xs)

    return checked
