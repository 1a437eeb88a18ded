"""What the shapes of operands must be, whatever their values: scalars, vectors, equal shapes.

Most shape rules see to this themselves. What all of an op's arguments must be is data beside
them: it is checked when an operation is made, and again in the run where the graph did not know
the rank.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .opdef import Attrs, OpDef, ShapeLimits
from .shape import Shape, compatible, show, show_brackets
from .tensor import Operation

ANY = 255


def declare(definition: OpDef, text: str) -> None:
    """Limits the arguments of an op: `shape=1 axis=0..1 x=2.. x~y` (a vector; a scalar or a
    vector; at least a matrix; two of one shape).
    """
    names = [a.name for a in definition.inputs]
    limits = definition.limits = definition.limits or ShapeLimits({}, [])
    for item in text.split():
        if "~" in item:
            limits.alike.append([names.index(n) for n in item.split("~") if n])
            continue
        name, _, ranks = item.partition("=")
        least, dots, most = ranks.partition("..")
        limits.ranks[names.index(name)] = (int(least), int(most or (ANY if dots else least)))


def _places(definition: OpDef, attrs: Attrs) -> list[range]:
    """Where the operands of each argument stand."""
    out, place = [], 0
    for arg in definition.inputs:
        count = 1
        if arg.is_type_list:
            count = len(attrs[arg.type_attr or ""])
        elif arg.number_attr:
            count = attrs[arg.number_attr]
        out.append(range(place, place + count))
        place += count
    return out


def _limited(definition: OpDef, attrs: Attrs) -> Iterator[tuple[int, str, int, int]]:
    """The place of each operand whose rank is limited, its argument's name, the limits."""
    assert definition.limits is not None
    places = _places(definition, attrs)
    for i, (least, most) in definition.limits.ranks.items():
        for place in places[i]:
            yield place, definition.inputs[i].name, least, most


def _equal(definition: OpDef, attrs: Attrs) -> list[list[int]]:
    """The places of operands that must have one shape."""
    assert definition.limits is not None
    places = _places(definition, attrs)
    return [[p for i in group for p in places[i]] for group in definition.limits.alike]


def check_shapes(definition: OpDef, attrs: Attrs, shapes: Sequence[Shape]) -> None:
    """Raises ValueError for operands that have a shape, as far as known, the op does not take."""
    if definition.limits is None:
        return
    for place, name, least, most in _limited(definition, attrs):
        shape = shapes[place]
        if shape is not None and not least <= len(shape) <= most:
            raise ValueError(_refusal(name, least, most, shape))
    for places in _equal(definition, attrs):
        for place in places[1:]:
            if not compatible(shapes[places[0]], shapes[place]):
                raise _differ(shapes[places[0]], shapes[place])


def _refusal(name: str, least: int, most: int, shape: tuple[Any, ...]) -> str:
    wanted = f"rank {least}"
    if most == ANY:
        wanted = f"at least rank {least}"
    elif most > least:
        wanted = f"at most rank {most}" if not least else f"rank {least} to {most}"
    return f"Shape must be {wanted} but is rank {len(shape)}: {name!r} has shape {show(shape)}."


def _differ(a: Shape, b: Shape) -> ValueError:
    return ValueError(
        f"Inputs must have the same size and shape: {show_brackets(a)} vs. {show_brackets(b)}."
    )


def needs_check(op: Operation) -> bool:
    """Whether only a run can tell that the operands have shapes the op takes."""
    definition, operands = op.definition, op.operands
    if definition.limits is None or all(x.static_shape is not None for x in operands):
        return False
    places = {limit[0] for limit in _limited(definition, op.attrs)}
    places.update(p for group in _equal(definition, op.attrs) for p in group)
    return any(operands[p].static_shape is None for p in places)


def checked_in_run(op: Operation, function: Callable[..., Any], first: int) -> Callable[..., Any]:
    """`function` of the operands, from parameter `first` on, with their shapes checked."""
    if not needs_check(op):
        return function
    definition, attrs = op.definition, op.attrs

    def checked(*xs: Any) -> Any:
        check_shapes(definition, attrs, [np.shape(x) for x in xs[first:]])
        return function(*xs)

    return checked
