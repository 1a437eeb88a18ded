"""Dilation of grey images: the greatest sum of a window and a filter; and what it chose.

The gradients send each output's to the one element that was the greatest, the first of equals.
Soille, Morphological Image Analysis (2003).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..core.allocation import allocatable
from ..core.emit import apply
from ..core.opdef import Array, Attrs, Values, define
from ..core.shape import Dim, Shape, merge, merge_dim, with_rank
from ..core.tensor import Operation
from ..errors import UnimplementedError
from .windows import Axis, add_at, axis_of, check_steps, inside, nothing_around, surrounded, taps_of

_ATTRS = "T:type{real}; strides:list(int)>=4; rates:list(int)>=4; padding:string{SAME,VALID}"


def _four(attrs: Attrs) -> None:
    for name in ("strides", "rates"):
        if len(attrs[name]) != 4:
            raise ValueError(f"The attribute {name} must contain 4 values, but got: {attrs[name]}.")


def _only_space(attrs: Attrs) -> None:
    for name in ("strides", "rates"):
        first, _, _, last = attrs[name]
        if (first, last) != (1, 1):
            raise UnimplementedError(
                None, None, f"The attribute {name} must be 1 for batch and depth: {attrs[name]}."
            )


def _extent(size: Dim, taps: Dim, attrs: Attrs, axis: int) -> Dim:
    stride, rate = attrs["strides"][axis], attrs["rates"][axis]
    check_steps(stride, rate)
    if size is None or taps is None:
        return None
    return axis_of(size, taps, stride, rate, attrs["padding"], (0, 0)).count


def _shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x, w = with_rank(shapes[0], 4), with_rank(shapes[1], 3)
    _four(attrs)
    rows, columns = (_extent(x[1 + i], w[i], attrs, 1 + i) for i in range(2))
    return [(x[0], rows, columns, merge_dim(x[3], w[2]))]


@lru_cache(1024)
def _axes(
    x: tuple[int, ...], w: tuple[int, ...], strides: Any, rates: Any, padding: str
) -> tuple[Axis, Axis]:
    if len(x) != 4 or len(w) != 3:
        raise ValueError(f"input must have rank 4 and filter rank 3: their shapes are {x}, {w}.")
    if x[3] != w[2]:
        raise ValueError(f"input and filter must have the same depth: {x[3]} vs {w[2]}")
    first, second = (
        axis_of(x[i + 1], w[i], strides[i + 1], rates[i + 1], padding, (0, 0)) for i in range(2)
    )
    return first, second


class _Choice:
    """Which tap of each window gives the greatest sum with the filter, and that sum."""

    def __init__(self, xp: Any, x: Array, w: Array, attrs: Attrs) -> None:
        _four(attrs)
        _only_space(attrs)
        named = (attrs["strides"], attrs["rates"], attrs["padding"])
        whole = _axes(tuple(x.shape), tuple(w.shape), *named)
        self.xp, self.filter_shape = xp, tuple(w.shape)
        self.live = tuple(a.live for a in whole)
        self.axes = tuple(a.trimmed() for a in whole)
        self.shape = (x.shape[0], *(a.count for a in whole), x.shape[3])
        self._choose(x, w[self.live])

    def taps(self) -> Iterator[tuple[int, Any, Any]]:
        """Number, index into the padded input, and index into the live filter of each tap."""
        if all(a.count for a in self.axes):
            for number, (index, tap) in enumerate(taps_of(self.axes)):
                yield number, index, tap

    def _choose(self, x: Array, w: Array) -> None:
        xp = self.xp
        lowest = np.iinfo(x.dtype).min if x.dtype.kind in "iu" else -xp.inf
        allocatable(self.shape, x.dtype, arrays=4)
        self.greatest = xp.full(self.shape, lowest, x.dtype)
        self.tap = xp.full(self.shape, -1, xp.int32)
        around = surrounded(xp, x, self.axes)
        within = surrounded(xp, xp.ones((1, *x.shape[1:3], 1), bool), self.axes)
        for number, index, tap in self.taps():
            sums = around[index] + w[tap]
            better = within[index] & ((sums > self.greatest) | (self.tap < 0))
            self.greatest = xp.where(better, sums, self.greatest)
            self.tap = xp.where(better, xp.int32(number), self.tap)

    def of(self, number: int, values: Array) -> Array:
        """The values where this tap was chosen, else 0."""
        return self.xp.where(self.tap == number, values, self.xp.zeros((), values.dtype))

    def check(self, dy: Array) -> Array:
        """The gradient of the output itself; ValueError unless it has the output's shape."""
        if tuple(dy.shape) != self.shape:
            raise ValueError(
                f"out_backprop has incompatible size: {tuple(dy.shape)} instead of {self.shape}."
            )
        return dy


def _greatest(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    return _Choice(xp, inputs[0], inputs[1], attrs).greatest


def _by_input(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, w, dy = inputs
    choice = _Choice(xp, x, w, attrs)
    choice.check(dy)
    total = nothing_around(xp, x.shape[0], choice.axes, x.shape[3], dy.dtype)
    for number, index, _ in choice.taps():
        total = add_at(xp, total, index, choice.of(number, dy))
    return inside(total, choice.axes)


def _by_filter(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, w, dy = inputs
    choice = _Choice(xp, x, w, attrs)
    choice.check(dy)
    total = xp.zeros(choice.filter_shape, dy.dtype)
    first, second = choice.live
    for number, _, (i, j) in choice.taps():
        part = xp.sum(choice.of(number, dy), axis=(0, 1, 2), dtype=dy.dtype)
        total = add_at(xp, total, (first.start + i, second.start + j), part)
    return total


def _chosen_input(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, w, values = inputs
    choice = _Choice(xp, x, w, attrs)
    around = surrounded(xp, values, choice.axes)
    total = xp.zeros(choice.shape, values.dtype)
    for number, index, _ in choice.taps():
        total = total + choice.of(number, around[index])
    return total


def _chosen_filter(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, w, values = inputs
    choice = _Choice(xp, x, w, attrs)
    live = values[choice.live]
    total = xp.zeros(choice.shape, values.dtype)
    for number, _, tap in choice.taps():
        total = total + choice.of(number, live[tap])
    return total


# -- definitions -------------------------------------------------------------------------------


def _passed(op: Operation) -> Attrs:
    return {k: op.attrs[k] for k in ("strides", "rates", "padding")}


def _grad(op: Operation, dy: Any) -> list[Any]:
    names = ("Dilation2DBackpropInput", "Dilation2DBackpropFilter")
    return [apply(name, *op.inputs, dy, **_passed(op)) for name in names]


def _other_way(name: str) -> Callable[..., list[Any]]:
    """The gradient of an op that is linear in its third operand alone."""
    return lambda op, dz: [None, None, apply(name, *op.inputs[:2], dz, **_passed(op))]


def _like(at: int, rank: int) -> Callable[..., list[Shape]]:
    return lambda shapes, attrs, values: [with_rank(shapes[at], rank)]


def _chosen_shape(at: int) -> Callable[..., list[Shape]]:
    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        merge(shapes[at], shapes[2])
        return _shape(shapes, attrs, values)

    return rule


define(
    "Dilation2D",
    "input:T filter:T -> output:T",
    _ATTRS,
    shape=_shape,
    kernel=_greatest,
    grad=_grad,
)
define(
    "Dilation2DBackpropInput",
    "input:T filter:T out_backprop:T -> in_backprop:T",
    _ATTRS,
    shape=_like(0, 4),
    kernel=_by_input,
    grad=_other_way("_Dilation2DChosenInput"),
)
define(
    "Dilation2DBackpropFilter",
    "input:T filter:T out_backprop:T -> filter_backprop:T",
    _ATTRS,
    shape=_like(1, 3),
    kernel=_by_filter,
    grad=_other_way("_Dilation2DChosenFilter"),
)
# The element of `values`, an array like the input or the filter, that each window chose.
define(
    "_Dilation2DChosenInput",
    "input:T filter:T values:T -> output:T",
    _ATTRS,
    shape=_chosen_shape(0),
    kernel=_chosen_input,
    grad=_other_way("Dilation2DBackpropInput"),
)
define(
    "_Dilation2DChosenFilter",
    "input:T filter:T values:T -> output:T",
    _ATTRS,
    shape=_chosen_shape(1),
    kernel=_chosen_filter,
    grad=_other_way("Dilation2DBackpropFilter"),
)
