"""Pooling over two axes of space as nests: the taps of a window are views of the input.

The greatest of windows is a chain of `maximum` over as many views as a window has taps; wide ones
go down first, then across. A gradient goes to the first tap that is the greatest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.tensor import Operation
from ...ops.operands import ints
from .fuse import Unsupported
from .layout import Buffer, Launch, Shape, View
from .lower_nest import copy_launch, views_launch
from .nest import Node
from .scalars import BOOL

if TYPE_CHECKING:
    from .plan import Planner

_MOST_TAPS = 9  # in one nest


@dataclass(frozen=True)
class _Window:
    """Windows over rows and columns: where the axes are, sizes, steps, padding before."""

    axes: tuple[int, int]
    taps: tuple[int, int]
    stride: tuple[int, int]
    size: tuple[int, int]
    count: tuple[int, int]
    before: tuple[int, int]

    @property
    def padded(self) -> tuple[int, int]:
        """The extents that the windows and the input cover."""
        spans = zip(self.count, self.stride, self.taps, self.before, self.size, strict=True)
        h, w = (max((n - 1) * s + k, b + size) for n, s, k, b, size in spans)
        return h, w

    @property
    def is_padded(self) -> bool:
        """Whether a window reaches beyond the input."""
        return any(self.before) or self.padded != self.size

    @property
    def overlaps(self) -> bool:
        """Whether windows share elements."""
        return any(s < k for s, k in zip(self.stride, self.taps, strict=True))


def _window(op: Operation, shape: Shape, out: Shape) -> _Window:
    attrs = op.attrs
    first = attrs.get("data_format", "NHWC") == "NCHW"
    axes = (2, 3) if first else (1, 2)
    k, s = attrs["ksize"], attrs["strides"]
    others = [i for i in range(4) if i not in axes]
    if len(shape) != 4 or any(k[i] != 1 or s[i] != 1 for i in others):
        raise Unsupported("windows over batch or channels")
    taps, stride, size, count = ((v[axes[0]], v[axes[1]]) for v in (k, s, shape, out))
    if 0 in shape or 0 in out:
        raise Unsupported("empty pooling")
    same = attrs["padding"] == "SAME"
    rooms = zip(size, taps, stride, strict=True)
    if count != tuple(-(-d // t) if same else (d - n + t) // t for d, n, t in rooms):
        raise Unsupported("windows of other extents")
    before = (0, 0)
    if same:
        spans = zip(size, count, taps, stride, strict=True)
        before = tuple(max((n - 1) * t + w - d, 0) // 2 for d, n, w, t in spans)  # type: ignore[assignment]
    return _Window(axes, taps, stride, size, count, before)


def _tap(x: View, w: _Window, tap: tuple[int, int]) -> View:
    """What one tap of all windows sees, in the padded input."""
    shape, strides, offset = list(x.shape), list(x.strides), x.offset
    for axis, t, n, s in zip(w.axes, tap, w.count, w.stride, strict=True):
        shape[axis] = n
        offset += t * strides[axis]
        strides[axis] *= s
    return View(x.buffer, x.dtype, tuple(shape), tuple(strides), offset)


def _taps(w: _Window) -> list[tuple[int, int]]:
    return [(i, j) for i in range(w.taps[0]) for j in range(w.taps[1])]


def _surrounded(p: Planner, x: View, w: _Window, number: float) -> View:
    """The input with so many equal numbers around it as windows see."""
    if not w.is_padded:
        return x
    shape = list(x.shape)
    shape[w.axes[0]], shape[w.axes[1]] = w.padded
    out = p.new(x.dtype, tuple(shape))
    inside = _inside(out, x.shape, w)
    around = p.constant(np.broadcast_to(np.asarray(number, x.dtype), out.shape))
    launches = [copy_launch(v, o, p.target, p.threads) for v, o in ((around, out), (x, inside))]
    p.heavy(launches, [x, around], [out])
    return out


def _inside(padded: View, shape: Shape, w: _Window) -> View:
    """The part of a padded array that is the array itself."""
    offset = sum(b * padded.strides[a] for a, b in zip(w.axes, w.before, strict=True))
    return View(padded.buffer, padded.dtype, shape, padded.strides, padded.offset + offset)


def _reduced(p: Planner, x: View, w: _Window, expr: str) -> View:
    """The taps of all windows, put together pair by pair."""
    if len(_taps(w)) > _MOST_TAPS and min(w.taps) > 1:
        wide = (x.shape[w.axes[1]],)
        down = _Window(
            w.axes, (w.taps[0], 1), (w.stride[0], 1), w.size, (w.count[0], *wide), (0, 0)
        )
        across = _Window(w.axes, (1, w.taps[1]), (1, w.stride[1]), w.size, w.count, (0, 0))
        return _reduced(p, _reduced(p, x, down, expr), across, expr)
    views = [_tap(x, w, t) for t in _taps(w)]
    total = views[0] if len(views) > 1 else p.copy(views[0])
    for v in views[1:]:
        total = p.elementwise(expr, (), [total, v], v.shape, x.dtype)
    return total


def max_pool(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    """MaxPool."""
    x = p.view(op.operands[0])
    w = _window(op, x.shape, outs[0])
    return [_reduced(p, _surrounded(p, x, w, -np.inf), w, "maximum(x, y)")]


def avg_pool(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    """AvgPool: over the elements inside the input."""
    x = p.view(op.operands[0])
    w = _window(op, x.shape, outs[0])
    total = _reduced(p, _surrounded(p, x, w, 0.0), w, "x + y")
    return [p.elementwise("x / y", (), [total, _counts(p, w, x.dtype)], outs[0], x.dtype)]


def _counts(p: Planner, w: _Window, dtype: np.dtype[Any]) -> View:
    """How many elements of each window are inside the input."""
    per_axis = []
    for n, s, k, b, size in zip(w.count, w.stride, w.taps, w.before, w.size, strict=True):
        starts = np.arange(n) * s - b
        per_axis.append(np.minimum(starts + k, size) - np.maximum(starts, 0))
    counts = np.multiply.outer(*per_axis).astype(dtype)
    return p.constant(
        counts.reshape([1 if i not in w.axes else w.count[i - w.axes[0]] for i in range(4)])
    )


def max_pool_grad(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    """MaxPoolGrad."""
    x, y, dy = (p.view(v) for v in op.operands)
    w = _window(op, x.shape, y.shape)
    if len(_taps(w)) > _MOST_TAPS or dy.shape != y.shape:
        raise Unsupported("gradients of wide windows, or of another shape")
    padded = _surrounded(p, x, w, np.nan)  # padding equals nothing
    out, whole = _results(p, x, w)
    launches = [] if _covers(w) else [_zeroed(p, whole)]
    if w.overlaps:
        launches = [_zeroed(p, whole)]
        for i in range(len(_taps(w))):
            launches.append(_to_greatest(p, padded, (y, dy), whole, w, [i], True))
    else:
        every = list(range(len(_taps(w))))
        launches.append(_to_greatest(p, padded, (y, dy), whole, w, every, False))
    p.heavy(launches, [padded, y, dy], [out])
    return [_inside(whole, x.shape, w)]


def _results(p: Planner, x: View, w: _Window) -> tuple[View, View]:
    """Memory for a gradient of the padded input."""
    shape = list(x.shape)
    shape[w.axes[0]], shape[w.axes[1]] = w.padded
    out = p.new(x.dtype, tuple(shape))
    return out, out


def _covers(w: _Window) -> bool:
    """Whether windows lie side by side over all of the input."""
    return w.stride == w.taps and all(
        n * s == d for n, s, d in zip(w.count, w.stride, w.padded, strict=True)
    )


def _zeroed(p: Planner, out: View) -> Launch:
    zero = Buffer("constant", out.dtype.itemsize, np.zeros(1, out.dtype))
    source = View(zero, out.dtype, out.shape, (0,) * len(out.shape))
    return copy_launch(source, out, p.target, p.threads)


def _to_greatest(
    p: Planner, x: View, given: tuple[View, View], out: View, w: _Window, wanted: list[int],
    adding: bool,
) -> Launch:  # fmt: skip
    """Stores or adds the gradients of some taps: those that are the first to be the greatest."""
    dtype = x.dtype
    taps = _taps(w)[: max(wanted) + 1]
    loads = [*given, *(_tap(x, w, t) for t in taps)]
    nodes = [Node("load", dtype, str(i)) for i in range(len(loads))]
    stores: list[tuple[int, View]] = []

    def add(expr: str, kind: np.dtype[Any], *args: int) -> int:
        nodes.append(Node("op", kind, expr, args))
        return len(nodes) - 1

    taken = -1
    for i, tap in enumerate(taps):
        equal = add("x == y", BOOL, 2 + i, 0)
        first = equal if taken < 0 else add("x & logical_not(y)", BOOL, equal, taken)
        taken = equal if taken < 0 else add("x | y", BOOL, taken, equal)
        if i not in wanted:
            continue
        place = _tap(out, w, tap)
        if adding:
            loads.append(place)
            nodes.append(Node("load", dtype, str(len(loads) - 1)))
            stores.append((add("where(x, y + z, z)", dtype, first, 1, len(nodes) - 1), place))
        else:
            stores.append((add("where(x, y, 0)", dtype, first, 1), place))
    return views_launch(loads, nodes, stores, p.target, p.threads)


def avg_pool_grad(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    """AvgPoolGrad."""
    if values[0] is None:
        raise Unsupported("a shape that is only known in the run")
    shape = tuple(ints(values[0]))
    dy = p.view(op.operands[1])
    w = _window(op, shape, dy.shape)
    share = p.elementwise("x / y", (), [dy, _counts(p, w, dy.dtype)], dy.shape, dy.dtype)
    out, whole = _results(p, View(share.buffer, dy.dtype, shape, (0,) * 4), w)
    places = [_tap(whole, w, tap) for tap in _taps(w)]
    added = [copy_launch(share, v, p.target, p.threads, adding=True) for v in places]
    launches = [_zeroed(p, whole), *added]
    p.heavy(launches, [share], [out])
    return [_inside(whole, shape, w)]
