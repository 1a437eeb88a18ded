"""Windows that slide over the space of a batch: where they lie, what they see, and the way back.

Arrays are laid out as (batch, *space, channels). Along each axis of space a window sees `taps`
places, `dilation` apart; the next window begins `stride` further on. What lies outside counts as
zero (or as another value). Terms and arithmetic: Dumoulin and Visin, A guide to convolution
arithmetic for deep learning (2016).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy as np

from ..core.allocation import allocatable
from ..core.opdef import Array
from ..core.shape import Dim
from .operands import is_numpy, padded

BLOCK_BYTES = 1 << 21  # of copied windows at a time: they stay in the processor's cache


@dataclass(frozen=True)
class Axis:
    """One axis of space: its extent, how many windows there are, and what each of them sees."""

    size: int
    count: int
    taps: int
    stride: int = 1
    dilation: int = 1
    before: int = 0

    @property
    def reach(self) -> int:
        """The end of the last window, counted from the beginning of the first."""
        return (self.count - 1) * self.stride + (self.taps - 1) * self.dilation + 1

    @property
    def after(self) -> int:
        """The places behind the input that windows see."""
        return max(0, self.reach - self.before - self.size)

    @property
    def live(self) -> slice:
        """The taps that may see the input; the others see nothing but padding."""
        last = (self.size - 1 + self.before) // self.dilation
        first = -((self.stride * (self.count - 1) - self.before) // self.dilation)
        stop = max(min(self.taps, last + 1), 0)
        # The first one must not lie behind the input's beginning: padding is never negative.
        start = max(min(first, self.before // self.dilation), 0)
        return slice(min(start, stop), stop)

    def trimmed(self) -> Axis:
        """The same windows with their live taps alone: padding is then no larger than the input."""
        live = self.live
        before = self.before - live.start * self.dilation
        return Axis(
            self.size, self.count, live.stop - live.start, self.stride, self.dilation, before
        )

    def seen(self, tap: int) -> slice:
        """The places that this tap sees, one a window, in the padded input."""
        start = tap * self.dilation
        return slice(start, start + (self.count - 1) * self.stride + 1, self.stride)


# -- extents -----------------------------------------------------------------------------------


def check_steps(stride: int, dilation: int) -> None:
    """Raises ValueError unless both are positive."""
    if stride <= 0:
        raise ValueError(f"Stride must be > 0, but got {stride}.")
    if dilation < 1:
        raise ValueError(f"Dilation rate must be >= 1, but got {dilation}.")


def extent(
    size: Dim, taps: Dim, stride: int, dilation: int, padding: str, pads: tuple[int, int]
) -> Dim:
    """How many windows fit along an axis, None while that is not known: for shape rules."""
    check_steps(stride, dilation)
    if size is None or (padding != "SAME" and taps is None):
        return None
    if padding == "SAME":
        return (size + stride - 1) // stride
    assert taps is not None
    span = (taps - 1) * dilation + 1
    whole = size + sum(pads)
    if whole < span:
        raise ValueError(
            f"Negative dimension size caused by subtracting {span} from {whole}: a window of "
            f"{span} is larger than the input (with its padding) of {whole}."
        )
    return (whole - span) // stride + 1


def axis_of(
    size: int, taps: int, stride: int, dilation: int, padding: str, pads: tuple[int, int]
) -> Axis:
    """The windows along an axis of known extents.

    SAME pads so that there is a window for each stride, a place more behind than before where the
    padding is odd; VALID pads nothing; EXPLICIT pads what `pads` says.
    """
    check_steps(stride, dilation)
    span = (taps - 1) * dilation + 1
    if padding == "SAME":
        count = (size + stride - 1) // stride
        before = max(0, (count - 1) * stride + span - size) // 2
        return Axis(size, count, taps, stride, dilation, before)
    # Rounded towards zero, as TensorFlow's kernels do: slightly too large a window fits 0 times.
    room = size + sum(pads) - span + stride
    count = room // stride if room >= 0 else -(-room // stride)
    if count < 0:
        raise ValueError(
            f"Computed output size would be negative: {count} [input_size: {size}, "
            f"effective_filter_size: {span}, stride: {stride}]"
        )
    return Axis(size, count, taps, stride, dilation, pads[0])


# -- arrays ------------------------------------------------------------------------------------


def surrounded(xp: Any, x: Array, axes: Sequence[Axis], value: Any = 0) -> Array:
    """`x` with `value` wherever windows see more than it."""
    pads = [(0, 0), *((a.before, a.after) for a in axes), (0, 0)]
    return padded(xp, x, pads, value)


def windows(xp: Any, x: Array, axes: Sequence[Axis], value: Any = 0) -> Array:
    """What each window sees: (batch, *counts, *taps, channels). Of NumPy arrays, a view."""
    x = surrounded(xp, x, axes, value)
    counts, taps = [a.count for a in axes], [a.taps for a in axes]
    shape = allocatable([x.shape[0], *counts, *taps, x.shape[-1]], x.dtype)
    if not prod(shape):
        return xp.zeros(shape, x.dtype)
    if not is_numpy(xp):
        seen = [x[index] for index, _ in taps_of(axes)]
        return xp.stack(seen, axis=1 + len(axes)).reshape(shape)
    inner = x.strides[1:-1]
    steps = [s * a.stride for s, a in zip(inner, axes, strict=True)]
    skips = [s * a.dilation for s, a in zip(inner, axes, strict=True)]
    strides = (x.strides[0], *steps, *skips, x.strides[-1])
    return np.lib.stride_tricks.as_strided(x, shape, strides, writeable=False)


def taps_of(axes: Sequence[Axis]) -> Iterator[tuple[tuple[slice, ...], tuple[int, ...]]]:
    """For each tap: the index of all that it sees in the padded input, and its own index."""
    everything = slice(None)
    for tap in product(*(range(a.taps) for a in axes)):
        yield (everything, *(a.seen(t) for a, t in zip(axes, tap, strict=True))), tap


def nothing_around(xp: Any, batch: int, axes: Sequence[Axis], depth: int, dtype: Any) -> Array:
    """Zeros of the shape of a padded input."""
    sizes = [a.before + a.size + a.after for a in axes]
    return xp.zeros(allocatable([batch, *sizes, depth], dtype), dtype)


def add_at(xp: Any, total: Array, index: Any, part: Array) -> Array:
    """`total` with `part` added at an index without repetitions; in place for NumPy."""
    if is_numpy(xp):
        total[index] += part
        return total
    return total.at[index].add(part)


def inside(total: Array, axes: Sequence[Axis]) -> Array:
    """A padded input without its padding."""
    return total[(slice(None), *(slice(a.before, a.before + a.size) for a in axes))]


def folded(xp: Any, seen: Array, axes: Sequence[Axis]) -> Array:
    """The transpose of `windows`: each place of the input gets the sum of all that saw it."""
    if not all(a.count and a.taps for a in axes):
        shape = (seen.shape[0], *(a.size for a in axes), seen.shape[-1])
        return xp.zeros(shape, seen.dtype)
    total = nothing_around(xp, seen.shape[0], axes, seen.shape[-1], seen.dtype)
    before_taps = (slice(None),) * (1 + len(axes))
    for index, tap in taps_of(axes):
        total = add_at(xp, total, index, seen[(*before_taps, *tap)])
    return inside(total, axes)


def blocks(xp: Any, shape: Sequence[int], per_row: int) -> Iterator[tuple[slice, slice]]:
    """Parts of the batch, and of the rows of an image, whose copied windows are of one block.

    `shape` begins with (batch, rows); `per_row` is the number of bytes of a row's windows.
    """
    batch, rows = shape[:2]
    if not is_numpy(xp):
        yield slice(None), slice(None)
        return
    images = max(1, BLOCK_BYTES // max(1, per_row * rows))
    height = rows if images > 1 else max(1, BLOCK_BYTES // max(1, per_row))
    for n in range(0, batch, images):
        for r in range(0, rows, max(1, height)):
            yield slice(n, n + images), slice(r, r + height)
