"""Patches cut from images and volumes, each as one long vector of channels; and laid back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from ..core.emit import apply
from ..core.opdef import Array, Attrs, Values, define
from ..core.shape import Dim, Shape, with_rank
from ..core.tensor import Operation
from ..errors import UnimplementedError
from .operands import ints, padded, shape_of
from .windows import Axis, axis_of, check_steps, folded, windows

_STEPS = ("ksizes", "strides", "rates")


def _steps(attrs: Attrs, n: int) -> list[tuple[int, int, int]]:
    """Extent, stride and dilation of a patch along each axis of space."""
    values = [attrs.get(name, (1,) * (n + 2)) for name in _STEPS]
    for name, v in zip(_STEPS, values, strict=True):
        if len(v) != n + 2:
            raise ValueError(f"The attribute {name} must contain {n + 2} values, but got: {v}.")
    steps = list(zip(*(v[1:-1] for v in values), strict=True))
    for size, stride, rate in steps:
        check_steps(stride, rate)
        if size < 1:
            raise ValueError(f"The attribute ksizes must be positive: {attrs['ksizes']}.")
    return steps


def _only_space(attrs: Attrs) -> None:
    for name in _STEPS:
        if name in attrs and (attrs[name][0], attrs[name][-1]) != (1, 1):
            raise UnimplementedError(
                None, None, f"Only support {name} across space: {list(attrs[name])}."
            )


def _extent(size: Dim, step: tuple[int, int, int], padding: str) -> Dim:
    return None if size is None else axis_of(size, *step, padding, (0, 0)).count


def _axes(space: Sequence[int], attrs: Attrs, n: int) -> list[Axis]:
    _only_space(attrs)
    steps = _steps(attrs, n)
    return [axis_of(d, *s, attrs["padding"], (0, 0)) for d, s in zip(space, steps, strict=True)]


def _patches_shape(n: int) -> Callable[..., list[Shape]]:
    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        x, steps = with_rank(shapes[0], n + 2), _steps(attrs, n)
        size = prod(s[0] for s in steps)
        depth = None if x[-1] is None else x[-1] * size
        space = [_extent(d, s, attrs["padding"]) for d, s in zip(x[1:-1], steps, strict=True)]
        return [(x[0], *space, depth)]

    return rule


def _patches(n: int) -> Callable[..., Array]:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        x = inputs[0]
        if len(x.shape) != n + 2:
            raise ValueError(f"The input must be {n + 2}-dimensional: its shape is {x.shape}.")
        axes = _axes(x.shape[1:-1], attrs, n)
        seen = _with_dead_taps(xp, windows(xp, x, [a.trimmed() for a in axes]), axes)
        depth = x.shape[-1] * prod(a.taps for a in axes)
        return seen.reshape(x.shape[0], *(a.count for a in axes), depth)

    return kernel


def _with_dead_taps(xp: Any, seen: Array, axes: Sequence[Axis]) -> Array:
    """What live taps see, with zeros for those that see nothing but padding."""
    around = [(a.live.start, a.taps - a.live.stop) for a in axes]
    return padded(xp, seen, [(0, 0)] * (1 + len(axes)) + around + [(0, 0)])


def _laid_back(n: int) -> Callable[..., Array]:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        patches, sizes = inputs[0], ints(inputs[1])
        axes = _axes(sizes[1:-1], attrs, n)
        counts, taps = [a.count for a in axes], [a.taps for a in axes]
        seen = patches.reshape(sizes[0], *counts, *taps, sizes[-1])
        live = (slice(None),) * (1 + n) + tuple(a.live for a in axes)
        return folded(xp, seen[live], [a.trimmed() for a in axes])

    return kernel


def _laid_back_shape(n: int) -> Callable[..., list[Shape]]:
    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        with_rank(shapes[0], n + 2)
        return [with_rank(values.as_shape(1), n + 2)]

    return rule


def _passed(op: Operation) -> Attrs:
    return {k: op.attrs[k] for k in (*_STEPS, "padding") if k in op.attrs}


def _define(name: str, argument: str, back: str, n: int, attrs: str) -> None:
    """An op that cuts patches, and the one that adds them up where they were cut."""
    define(
        name,
        f"{argument}:T -> patches:T",
        attrs,
        shape=_patches_shape(n),
        kernel=_patches(n),
        grad=lambda op, dy: [apply(back, dy, shape_of(op.inputs[0]), **_passed(op))],
    )
    define(
        back,
        f"patches:T sizes:int32 -> {argument}:T",
        attrs,
        shape=_laid_back_shape(n),
        kernel=_laid_back(n),
        grad=lambda op, dz: [apply(name, dz, **_passed(op)), None],
    )


_define(
    "ExtractImagePatches",
    "images",
    "_LayImagePatches",
    2,
    "ksizes:list(int)>=4; strides:list(int)>=4; rates:list(int)>=4; T:type{real}; "
    "padding:string{SAME,VALID}",
)
_define(
    "ExtractVolumePatches",
    "input",
    "_LayVolumePatches",
    3,
    "ksizes:list(int)>=5; strides:list(int)>=5; T:type{real}; padding:string{SAME,VALID}",
)
