"""Resampling along one axis: which inputs each output is a weighted sum of, and with what weights.

Resizing is separable, so that an image is sampled along its rows and then along its columns (or
the other way round). Positions and weights are float32 and rounded as TensorFlow's kernels round
them: a position decides which pixels are looked at.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, reduce
from typing import Any

import numpy as np

from ..core.opdef import Array
from .operands import is_numpy
from .scattering import scatter

_F = np.float32
_TABLE = 1 << 10  # steps of the bicubic kernel's table
_LEAST_SUM = 1000 * np.finfo(np.float32).tiny  # smaller sums of weights are not divided by
_MOST_WEIGHTS = 1 << 27


@dataclass(frozen=True)
class Taps:
    """Output i is the sum over k of weight[i, k] * input[index[i, k]]."""

    index: Array
    weight: Array


def scale_of(inputs: int, outputs: int, align_corners: bool) -> np.float32:
    """How many inputs one output stands for."""
    if align_corners and outputs > 1:
        return _F(inputs - 1) / _F(outputs - 1)
    return _F(inputs) / _F(outputs)


def positions(inputs: int, outputs: int, align_corners: bool, half_pixel: bool) -> Array:
    """Where among the inputs each output lies, float32 [outputs]."""
    at = np.arange(outputs, dtype=_F)
    scale = scale_of(inputs, outputs, align_corners)
    if half_pixel:
        return (at + _F(0.5)) * scale - _F(0.5)
    return at * scale


def nearest_index(inputs: int, outputs: int, align_corners: bool, half_pixel: bool) -> Array:
    """The input that each output copies, int64 [outputs]."""
    at = np.arange(outputs, dtype=_F) + _F(0.5 if half_pixel else 0)
    place = at * scale_of(inputs, outputs, align_corners)
    # C rounds halves away from zero, and places are not negative.
    whole = np.floor(place + _F(0.5)) if align_corners else np.floor(place)
    return np.clip(whole.astype(np.int64), 0, inputs - 1)


# -- weights ---------------------------------------------------------------------------------
def linear_taps(inputs: int, outputs: int, align_corners: bool, half_pixel: bool) -> Taps:
    """Two neighbours, weighted by nearness."""
    place = positions(inputs, outputs, align_corners, half_pixel)
    below = np.floor(place)
    share = place - below
    low = np.clip(below.astype(np.int64), 0, inputs - 1)
    high = np.clip(np.ceil(place).astype(np.int64), 0, inputs - 1)
    return Taps(np.stack([low, high], 1), np.stack([_F(1) - share, share], 1))


@cache
def _cubic_table(a: float) -> Array:
    """Keys' kernel at distances up to 1 and from 1 to 2, float32 [steps + 1, 2]."""
    x = np.arange(_TABLE + 1) / _TABLE
    far = x + 1
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    return np.stack([near, ((a * far - 5 * a) * far + 8 * a) * far - 4 * a], 1).astype(_F)


def cubic_taps(inputs: int, outputs: int, align_corners: bool, half_pixel: bool) -> Taps:
    """Four neighbours, weighted by Keys' cubic (a = -0.75, or -0.5 with half pixels).

    Keys, "Cubic convolution interpolation for digital image processing" (1981). With half pixels
    what lies outside the image has no weight, else the border pixel stands for it.
    """
    place = positions(inputs, outputs, align_corners, half_pixel)
    below = np.floor(place)
    step = np.rint((place - below) * _F(_TABLE)).astype(np.int64)
    table = _cubic_table(-0.5 if half_pixel else -0.75)
    back = _TABLE - step
    weight = np.stack([table[step, 1], table[step, 0], table[back, 0], table[back, 1]], 1)
    wanted = below.astype(np.int64)[:, None] + np.arange(-1, 3)
    index = np.clip(wanted, 0, inputs - 1)
    if half_pixel:
        weight = normalized(np.where(index == wanted, weight, _F(0)))
    return Taps(index, weight)


def normalized(weight: Array) -> Array:
    """Rows of weights divided by their sums, but for sums that are next to nothing."""
    total = weight[:, 0]
    for column in weight.T[1:]:
        total = total + column
    usable = np.abs(total) >= _LEAST_SUM
    inverse = np.where(usable, _F(1) / np.where(usable, total, _F(1)), _F(1))
    return weight * inverse[:, None]


def area_taps(inputs: int, outputs: int, align_corners: bool) -> Taps:
    """All inputs that an output covers, weighted by the covered part."""
    scale = scale_of(inputs, outputs, align_corners)
    start, stop = (np.arange(i, outputs + i, dtype=_F) * scale for i in (0, 1))
    first, last = np.floor(start).astype(np.int64), np.ceil(stop).astype(np.int64)
    wanted = first[:, None] + np.arange(max(1, int((last - first).max(initial=1))))
    low = wanted.astype(_F)
    start, stop = start[:, None], stop[:, None]
    ends_after = low + 1 > stop
    begun = np.where(ends_after, scale, low + 1 - start)
    weight = np.where(low < start, begun, np.where(ends_after, stop - low, _F(1)))
    weight = np.where(wanted < last[:, None], weight, _F(0))
    return Taps(np.clip(wanted, 0, inputs - 1), weight.astype(_F))


# -- kernels of any scale ----------------------------------------------------------------------
def _lanczos(radius: int) -> Callable[[Array], Array]:
    pi = _F(math.pi)

    def weigh(x: Array) -> Array:
        safe = np.where(x <= _F(1e-3), _F(1), x)
        bump = radius * np.sin(pi * safe) * np.sin(pi * safe / radius) / (pi * pi * safe * safe)
        return np.where(x > radius, _F(0), np.where(x <= _F(1e-3), _F(1), bump))

    return weigh


def _gaussian(x: Array) -> Array:
    return np.where(x >= _F(1.5), _F(0), np.exp(-x * x / _F(0.5)))


def _box(x: Array) -> Array:
    return np.where(x < _F(0.5), _F(1), np.where(x == _F(0.5), _F(0.5), _F(0)))


def _triangle(x: Array) -> Array:
    return np.maximum(_F(1) - x, _F(0))


def _keys(x: Array) -> Array:
    far = ((_F(-0.5) * x + _F(2.5)) * x - _F(4)) * x + _F(2)
    near = (_F(1.5) * x - _F(2.5)) * x * x + _F(1)
    return np.where(x >= 2, _F(0), np.where(x >= 1, far, near))


def _mitchell(x: Array) -> Array:
    far = ((_F(-7 / 18) * x + _F(2)) * x - _F(10 / 3)) * x + _F(16 / 9)
    near = (_F(7 / 6) * x - _F(2)) * x * x + _F(8 / 9)
    return np.where(x >= 2, _F(0), np.where(x >= 1, far, near))


KERNELS: dict[str, tuple[float, Callable[[Array], Array]]] = {
    "lanczos1": (1.0, _lanczos(1)),
    "lanczos3": (3.0, _lanczos(3)),
    "lanczos5": (5.0, _lanczos(5)),
    "gaussian": (1.5, _gaussian),
    "box": (1.0, _box),
    "triangle": (1.0, _triangle),
    "keyscubic": (2.0, _keys),
    "mitchellcubic": (2.0, _mitchell),
}
"""Radius and weight (of a distance) of each kernel that ScaleAndTranslate knows."""


def kernel_taps(
    kernel: str, inputs: int, outputs: int, scale: float, translation: float, antialias: bool
) -> Taps:
    """What lies within a kernel's radius of each output, the kernel widened when shrinking.

    Output i lies at (i + 0.5 - translation) / scale; outputs outside the image have no weights.
    Turkowski, "Filters for common resampling tasks" (1990).
    """
    radius, weigh = KERNELS[kernel]
    inverse = _F(1 / float(scale))
    widening = max(inverse, _F(1)) if antialias else _F(1)
    reach = _F(radius) * widening
    place = (np.arange(outputs, dtype=_F) + _F(0.5)) * inverse - inverse * _F(translation)
    inside = (place >= 0) & (place <= inputs)
    place = np.where(inside, place, _F(0))
    first = np.clip(np.ceil(place - reach - _F(0.5)), 0, inputs - 1).astype(np.int64)
    last = np.clip(np.floor(place + reach - _F(0.5)), 0, inputs - 1).astype(np.int64)
    span = int((last - first).max(initial=0)) + 1
    if span * outputs > _MOST_WEIGHTS:
        raise ValueError(f"scale {scale} makes each of {outputs} outputs depend on {span} inputs")
    wanted = first[:, None] + np.arange(span)
    distance = np.abs(wanted.astype(_F) + _F(0.5) - place[:, None]) * (_F(1) / widening)
    counts = inside[:, None] & (wanted <= last[:, None])
    weight = np.where(counts, weigh(distance), _F(0)).astype(_F)
    return Taps(np.minimum(wanted, inputs - 1), normalized(weight))


# -- sampling --------------------------------------------------------------------------------
def _along(weight: Array, axis: int, rank: int) -> Array:
    shape = [1] * rank
    shape[axis] = -1
    return weight.reshape(shape)


def sample(xp: Any, x: Array, taps: Taps, axis: int) -> Array:
    """The weighted sums of `x` along an axis, term by term."""
    pairs = zip(taps.index.T, taps.weight.T, strict=True)
    terms = (xp.take(x, i, axis=axis) * _along(w, axis, x.ndim) for i, w in pairs)
    return reduce(operator.add, terms)


def blend(xp: Any, x: Array, taps: Taps, axis: int) -> Array:
    """As `sample` for two taps, computed as low + (high - low) * share."""
    low = xp.take(x, taps.index[:, 0], axis=axis)
    high = xp.take(x, taps.index[:, 1], axis=axis)
    return low + (high - low) * _along(taps.weight[:, 1], axis, x.ndim)


def spread(xp: Any, dy: Array, taps: Taps, axis: int, inputs: int) -> Array:
    """The transpose of `sample`: what each input gets from the outputs it has weight in."""
    shape = list(dy.shape)
    shape[axis] = inputs
    total = xp.zeros(shape, dy.dtype)
    for index, weight in zip(taps.index.T, taps.weight.T, strict=True):
        part = dy * _along(weight.astype(dy.dtype), axis, dy.ndim)
        total = _add_rows(xp, total, index, part, axis)
    return total


def _add_rows(xp: Any, total: Array, index: Array, part: Array, axis: int) -> Array:
    """`total` with the slices of `part` added where the ascending `index` says."""
    where: list[Any] = [slice(None)] * part.ndim
    if not is_numpy(xp):
        where[axis] = index
        return scatter(xp, total, tuple(where), part, "Add")
    if not index.size:
        return total
    starts = np.flatnonzero(np.diff(index, prepend=-1))
    where[axis] = index[starts]
    total[tuple(where)] += np.add.reduceat(part, starts, axis=axis)
    return total
