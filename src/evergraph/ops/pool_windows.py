"""Pooling windows along one axis: where they lie, what is in them, and the way back.

A pool over several axes goes axis by axis, the last one first, so that it takes one pass an
offset of a window instead of one an element; the first greatest element in row-major order is
also the first along each axis in turn. The same code serves windows at equal distances and
cells of unequal lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..core.allocation import allocatable
from ..core.opdef import Array
from .operands import is_numpy, padded

Axis = tuple[int, "Windows"]


def lowest(dtype: np.dtype[Any]) -> Any:
    """The number that is no greater than any of this dtype."""
    if dtype.kind in "iu":
        return np.iinfo(dtype).min
    return -np.inf


def output_extent(size: int, k: int, stride: int, padding: str) -> int:
    """How many windows fit; ValueError where that would be less than none."""
    if padding == "SAME":
        return -(-size // stride)
    out = (size - k + stride) // stride
    if out < 0:
        raise ValueError(
            f"Computed output size would be negative: {out} [input_size: {size}, "
            f"effective_filter_size: {k}, stride: {stride}]"
        )
    return out


class Windows:
    """Windows of `depth` elements, `stride` apart, the first of them `before` the axis."""

    def __init__(self, size: int, k: int, stride: int, padding: str) -> None:
        self.size, self.stride = size, stride
        self.out = output_extent(size, k, stride, padding)
        last = max(self.out - 1, 0) * stride
        before = max(last + k - size, 0) // 2 if padding == "SAME" else 0
        # What no window has inside the axis is left out: windows may be wider than anything.
        start = max(before - last, 0)
        self.depth = max(min(k, size + before) - start, 1)
        self.before = before - start if self.out else 0
        self.after = max(last + self.depth - self.before - size, 0)

    @property
    def trivial(self) -> bool:
        """Whether each window is one element of its own."""
        return self.depth == 1 and self.stride == 1 and self.out == self.size

    def counts(self) -> Array:
        """How many elements of the axis each window holds."""
        start = np.arange(self.out) * self.stride - self.before
        return np.minimum(start + self.depth, self.size) - np.maximum(start, 0)

    def begins(self, j: int) -> Array | None:
        """The windows whose first element lies at their offset j > 0; None if there are none."""
        first = np.maximum(self.before - np.arange(self.out) * self.stride, 0)
        found = first == j
        return found if found.any() else None

    def _at(self, j: int, axis: int) -> tuple[slice, ...]:
        stop = j + (self.out - 1) * self.stride + 1 if self.out else j
        return (*[slice(None)] * axis, slice(j, stop, self.stride))

    def views(self, xp: Any, x: Array, axis: int, fill: Any) -> Iterator[Array]:
        """For each offset the elements of all windows; `fill` outside of the axis."""
        pairs = [(0, 0)] * x.ndim
        pairs[axis] = (self.before, self.after)
        whole = padded(xp, x, pairs, fill)
        for j in range(self.depth):
            yield whole[self._at(j, axis)]

    def spread(self, xp: Any, parts: Iterator[Array], like: Array, axis: int) -> Array:
        """The adjoint of `views`: each element gets the sum of what its places in windows got."""
        extents = list(like.shape)
        extents[axis] = self.before + self.size + self.after
        total = xp.zeros(tuple(extents), like.dtype)
        for j, part in enumerate(parts):
            total = added(xp, total, self._at(j, axis), part)
        return total[(*[slice(None)] * axis, slice(self.before, self.before + self.size))]


class Cells(Windows):
    """Cells of unequal lengths: the i-th goes from bounds[i] to bounds[i + 1].

    Overlapping ones include the element at their upper bound.
    """

    def __init__(self, bounds: Sequence[int], size: int, overlapping: bool) -> None:
        self.size, self.out = size, len(bounds) - 1
        self._start = np.asarray(bounds[:-1], np.int64)
        end = np.asarray(bounds[1:], np.int64) - (0 if overlapping else 1)
        self._length = np.minimum(end, size - 1) - self._start + 1
        if self.out < 1 or self._start.min() < 0 or self._length.min() < 1:
            raise ValueError(
                f"A pooling sequence must ascend within [0, {size}], got {list(bounds)}."
            )
        self.depth = int(self._length.max())

    @property
    def trivial(self) -> bool:
        """Whether each cell is one element of its own."""
        return False

    def counts(self) -> Array:
        """How many elements of the axis each cell holds."""
        return self._length

    def begins(self, j: int) -> Array | None:
        """Cells lie within the axis: all begin at their offset 0."""
        return None

    def views(self, xp: Any, x: Array, axis: int, fill: Any) -> Iterator[Array]:
        """For each offset the elements of all cells; `fill` behind a cell's end."""
        for j in range(self.depth):
            found = xp.take(x, np.minimum(self._start + j, self.size - 1), axis=axis)
            inside = along(j < self._length, axis, x.ndim)
            yield xp.where(inside, found, xp.asarray(fill, x.dtype))

    def spread(self, xp: Any, parts: Iterator[Array], like: Array, axis: int) -> Array:
        """The adjoint of `views`."""
        extents = list(like.shape)
        extents[axis] = self.size
        total = xp.zeros(tuple(extents), like.dtype)
        for j, part in enumerate(parts):
            inside = np.flatnonzero(j < self._length)
            at = (*[slice(None)] * axis, self._start[inside] + j)
            total = added(xp, total, at, xp.take(part, inside, axis=axis))
        return total


def added(xp: Any, array: Array, index: Any, value: Array) -> Array:
    """`array`, which is the caller's own, with `value` added at `index` (no place twice)."""
    if is_numpy(xp):
        array[index] += value
        return array
    return array.at[index].add(value)


def along(vector: Array, axis: int, rank: int) -> Array:
    """A vector so shaped that it broadcasts along one axis of a tensor."""
    return vector.reshape([-1 if i == axis else 1 for i in range(rank)])


def busy(windows: Sequence[Windows]) -> list[Axis]:
    """The axes with something to do, the last one first."""
    return [(i, w) for i, w in reversed(list(enumerate(windows))) if not w.trivial]


def greatest(xp: Any, x: Array, axes: Sequence[Axis]) -> Array:
    """The greatest element of each window."""
    for axis, w in axes:
        x = _folded(xp.maximum, w.views(xp, x, axis, lowest(x.dtype)))
    return x


def total(xp: Any, x: Array, axes: Sequence[Axis]) -> Array:
    """The sum of each window."""
    for axis, w in axes:
        x = _folded(xp.add, w.views(xp, x, axis, 0))
    return x


def _folded(combine: Callable[[Array, Array], Array], views: Iterator[Array]) -> Array:
    result = next(views)
    for view in views:
        result = combine(result, view)
    return result


def counts(axes: Sequence[Axis], rank: int) -> Array:
    """The number of elements in each window, so shaped that it broadcasts."""
    result = np.ones((1,) * rank, np.int64)
    for axis, w in axes:
        result = result * along(w.counts(), axis, rank)
    return result


def spread_total(xp: Any, dy: Array, axes: Sequence[Axis]) -> Array:
    """The adjoint of `total`."""
    for axis, w in reversed(axes):
        allocatable([*dy.shape[:axis], w.size, *dy.shape[axis + 1 :]], dy.dtype)
        dy = w.spread(xp, iter([dy] * w.depth), dy, axis)
    return dy


def winners(
    xp: Any, x: Array, axis: int, w: Windows, follower: Array | None = None
) -> tuple[Array, Array, Array | None]:
    """(the greatest of each window, the offset of the first of them, what follows it)."""
    views = w.views(xp, x, axis, lowest(x.dtype))
    others = None if follower is None else w.views(xp, follower, axis, 0)
    best = next(views)
    place = xp.zeros(best.shape, np.min_scalar_type(w.depth))
    followed = None if others is None else next(others)
    for j, view in enumerate(views, 1):
        better = view > best
        begins = w.begins(j)
        if begins is not None:  # before it there was only padding
            better = better | along(begins, axis, x.ndim)
        best = xp.maximum(best, view)
        place = xp.maximum(place, better.astype(place.dtype) * place.dtype.type(j))
        if others is not None:
            followed = xp.where(better, next(others), followed)
    return best, place, followed


def follow_greatest(xp: Any, x: Array, follower: Array, axes: Sequence[Axis]) -> Array:
    """Of each window what `follower` has at the place of the (first) greatest element of `x`."""
    for axis, w in axes:
        x, _, after = winners(xp, x, axis, w, follower)
        assert after is not None
        follower = after
    return follower


def spread_to_greatest(xp: Any, x: Array, dy: Array, axes: Sequence[Axis]) -> Array:
    """The adjoint of `follow_greatest`: `dy` goes to each window's first greatest element."""
    passes = []
    for axis, w in axes:
        x, place, _ = winners(xp, x, axis, w)
        passes.append((axis, w, place))
    if x.shape != dy.shape:
        raise ValueError(
            f"The gradient of the pool's output must have shape {list(x.shape)}, got "
            f"{list(dy.shape)}."
        )
    for axis, w, place in reversed(passes):
        dy = w.spread(xp, _parts(xp, dy, place, w.depth), dy, axis)
    return dy


def _parts(xp: Any, dy: Array, place: Array, depth: int) -> Iterator[Array]:
    return (where_else_zero(xp, place == j, dy) for j in range(depth))


def where_else_zero(xp: Any, mask: Array, x: Array) -> Array:
    """`x` where the mask holds, else 0: of NumPy's arrays by their bits, as `where` is slow."""
    if not is_numpy(xp) or x.dtype.itemsize not in (1, 2, 4, 8):
        return xp.where(mask, x, x.dtype.type(0))
    bits = np.dtype(f"i{x.dtype.itemsize}")
    chosen: Array = (x.view(bits) & -mask.astype(bits)).view(x.dtype)
    return chosen
