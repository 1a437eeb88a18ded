"""Pooling over two or three axes of space as nests: the taps of a window are views of the input.

The greatest of windows is a chain of `maximum` over as many views as a window has taps; wide ones
go axis by axis. A gradient goes to the first tap that is the greatest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.tensor import Operation
from ...ops.operands import ints
from ...ops.pooling import NEAR
from .fuse import Unsupported
from .layout import Launch, Shape, View
from .lower_nest import copy_launch, views_launch
from .nest import Node
from .scalars import BOOL, FLOAT16

if TYPE_CHECKING:
    from .plan import Planner

_MOST_TAPS = 9  # in one nest
_FLOAT32 = np.dtype(np.float32)


@dataclass(frozen=True)
class _Window:
    """Windows over axes of space: where the axes are, sizes, steps, padding before."""

    axes: Shape
    taps: Shape
    stride: Shape
    size: Shape
    count: Shape
    before: Shape

    @property
    def padded(self) -> Shape:
        """The extents that the windows and the input cover."""
        spans = zip(self.count, self.stride, self.taps, self.before, self.size, strict=True)
        return tuple(max((n - 1) * s + k, b + size) for n, s, k, b, size in spans)

    @property
    def is_padded(self) -> bool:
        """Whether a window reaches beyond the input."""
        return any(self.before) or self.padded != self.size

    @property
    def overlaps(self) -> bool:
        """Whether windows share elements."""
        return any(s < k for s, k in zip(self.stride, self.taps, strict=True))

    def padded_shape(self, shape: Shape) -> Shape:
        """The shape of the padded input."""
        out = list(shape)
        for axis, n in zip(self.axes, self.padded, strict=True):
            out[axis] = n
        return tuple(out)


def _window(op: Operation, shape: Shape, out: Shape) -> _Window:
    attrs, rank = op.attrs, len(shape)
    first = attrs.get("data_format", "NHWC").startswith("NC")
    axes = tuple(range(2, rank)) if first else tuple(range(1, rank - 1))
    k, s = attrs["ksize"], attrs["strides"]
    others = [i for i in range(rank) if i not in axes]
    if len(k) != rank or any(k[i] != 1 or s[i] != 1 for i in others):
        raise Unsupported("windows over batch or channels")
    taps, stride, size, count = (tuple(v[a] for a in axes) for v in (k, s, shape, out))
    same = attrs["padding"] == "SAME"
    rooms = zip(size, taps, stride, strict=True)
    if count != tuple(-(-d // t) if same else (d - n + t) // t for d, n, t in rooms):
        raise Unsupported("windows of other extents")
    before = (0,) * len(axes)
    if same:
        spans = zip(size, count, taps, stride, strict=True)
        before = tuple(max((n - 1) * t + w - d, 0) // 2 for d, n, w, t in spans)
    return _Window(axes, taps, stride, size, count, before)


def _tap(x: View, w: _Window, tap: Shape) -> View:
    """What one tap of all windows sees, in the padded input."""
    shape, strides, offset = list(x.shape), list(x.strides), x.offset
    for axis, t, n, s in zip(w.axes, tap, w.count, w.stride, strict=True):
        shape[axis] = n
        offset += t * strides[axis]
        strides[axis] *= s
    return View(x.buffer, x.dtype, tuple(shape), tuple(strides), offset)


def _taps(w: _Window) -> list[Shape]:
    return list(product(*map(range, w.taps)))


def _wide(p: Planner, x: View) -> View:
    """A short float as one that nests add up in."""
    if x.dtype.itemsize > 2:
        return x
    if x.dtype == FLOAT16 and not p.target.has_half:
        raise Unsupported("float16 on a processor that cannot convert it")
    return p.elementwise("x", (), [x], x.shape, _FLOAT32, "cast")


def _as(p: Planner, x: View, op: Operation) -> View:
    """A result in the operation's type."""
    dtype = op.outputs[0].dtype.base_dtype.np_dtype
    return x if x.dtype == dtype else p.elementwise("x", (), [x], x.shape, dtype, "cast")


def _surrounded(p: Planner, x: View, w: _Window, number: float) -> View:
    """The input with so many equal numbers around it as windows see."""
    if not w.is_padded:
        return x
    out = p.new(x.dtype, w.padded_shape(x.shape))
    inside = _inside(out, x.shape, w)
    around = p.constant(np.broadcast_to(np.asarray(number, x.dtype), out.shape))
    launches = [copy_launch(v, o, p.target, p.threads) for v, o in ((around, out), (x, inside))]
    p.heavy(launches, [x, around], [out])
    return out


def _inside(padded: View, shape: Shape, w: _Window) -> View:
    """The part of a padded array that is the array itself."""
    offset = sum(b * padded.strides[a] for a, b in zip(w.axes, w.before, strict=True))
    return View(padded.buffer, padded.dtype, shape, padded.strides, padded.offset + offset)


def _along(w: _Window, place: int, extents: Sequence[int]) -> _Window:
    """The windows along one axis alone, in an array of other extents along the rest."""
    n = len(w.axes)
    one, zero = (1,) * n, (0,) * n
    taps, stride, count = list(one), list(one), list(extents)
    taps[place], stride[place], count[place] = w.taps[place], w.stride[place], w.count[place]
    return _Window(w.axes, tuple(taps), tuple(stride), tuple(extents), tuple(count), zero)


def _reduced(p: Planner, x: View, w: _Window, expr: str) -> View:
    """The taps of all windows, put together pair by pair."""
    if len(_taps(w)) > _MOST_TAPS and sum(k > 1 for k in w.taps) > 1:
        for place, k in enumerate(w.taps):
            if k > 1 or w.stride[place] > 1:
                extents = [x.shape[a] for a in w.axes]
                x = _reduced(p, x, _along(w, place, extents), expr)
        return x
    views = [_tap(x, w, t) for t in _taps(w)]
    total = views[0] if len(views) > 1 else p.copy(views[0])
    for v in views[1:]:
        total = p.elementwise(expr, (), [total, v], v.shape, x.dtype)
    return total


def _is_empty(*shapes: Shape) -> bool:
    return any(0 in shape for shape in shapes)


def _empty(p: Planner, op: Operation, shape: Shape) -> list[View]:
    """Zeros where nothing is pooled."""
    dtype = op.outputs[0].dtype.base_dtype.np_dtype
    out = p.new(dtype, shape)
    if not _is_empty(shape):
        p.heavy([_zeroed(p, out)], [], [out])
    return [out]


def max_pool(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    """MaxPool, MaxPool3D."""
    x = p.view(op.operands[0])
    w = _window(op, x.shape, outs[0])
    if _is_empty(x.shape, outs[0]):
        return _empty(p, op, outs[0])
    greatest = _reduced(p, _surrounded(p, _wide(p, x), w, -np.inf), w, "maximum(x, y)")
    return [_as(p, greatest, op)]


def avg_pool(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    """AvgPool, AvgPool3D: over the elements inside the input."""
    x = p.view(op.operands[0])
    w = _window(op, x.shape, outs[0])
    if _is_empty(x.shape, outs[0]):
        return _empty(p, op, outs[0])
    x = _wide(p, x)
    total = _reduced(p, _surrounded(p, x, w, 0.0), w, "x + y")
    mean = p.elementwise("x / y", (), [total, _counts(p, w, x)], outs[0], x.dtype)
    return [_as(p, mean, op)]


def _counts(p: Planner, w: _Window, x: View) -> View:
    """How many elements of each window are inside the input."""
    total = np.ones((), x.dtype)
    for n, s, k, b, size in zip(w.count, w.stride, w.taps, w.before, w.size, strict=True):
        starts = np.arange(n) * s - b
        inside = np.minimum(starts + k, size) - np.maximum(starts, 0)
        total = np.multiply.outer(total, inside.astype(x.dtype))
    shape = [1] * len(x.shape)
    for axis, n in zip(w.axes, w.count, strict=True):
        shape[axis] = n
    return p.constant(total.reshape(shape))


def max_pool_grad(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    """MaxPoolGrad."""
    x, y, dy = (p.view(v) for v in op.operands)
    w = _window(op, x.shape, y.shape)
    if dy.shape != y.shape:
        raise Unsupported("gradients of another shape")
    if _is_empty(x.shape, y.shape):
        return _empty(p, op, x.shape)
    shape = x.shape
    x, y, dy = (_wide(p, v) for v in (x, y, dy))
    padded = _surrounded(p, x, w, np.nan)  # padding equals nothing
    whole = p.new(dy.dtype, w.padded_shape(shape))
    count = math.prod(w.taps)
    launches = [] if _covers(w) and count <= _MOST_TAPS else [_zeroed(p, whole)]
    writes = [whole]
    if count > _MOST_TAPS:
        taken = p.new(BOOL, y.shape)
        writes.append(taken)
        launches.append(_zeroed(p, taken))
        launches += [_to_untaken(p, padded, (y, dy), whole, taken, w, t) for t in _taps(w)]
    elif w.overlaps:
        for i in range(count):
            launches.append(_to_greatest(p, padded, (y, dy), whole, w, [i], True))
    else:
        launches.append(_to_greatest(p, padded, (y, dy), whole, w, list(range(count)), False))
    p.heavy(launches, [padded, y, dy], writes)
    return [_as(p, _inside(whole, shape, w), op)]


def max_pool_3d_grad(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    """MaxPool3DGrad: to all taps that are about the greatest."""
    x, y, dy = (p.view(v) for v in op.operands)
    w = _window(op, x.shape, y.shape)
    if dy.shape != y.shape:
        raise Unsupported("gradients of another shape")
    if _is_empty(x.shape, y.shape):
        return _empty(p, op, x.shape)
    shape = x.shape
    x, y, dy = (_wide(p, v) for v in (x, y, dy))
    padded = _surrounded(p, x, w, -np.inf)
    whole = p.new(dy.dtype, w.padded_shape(shape))
    launches = [_to_near(p, padded, (y, dy), whole, w, tap) for tap in _taps(w)]
    p.heavy([_zeroed(p, whole), *launches], [padded, y, dy], [whole])
    return [_as(p, _inside(whole, shape, w), op)]


def _to_near(
    p: Planner, x: View, given: tuple[View, View], out: View, w: _Window, tap: Shape
) -> Launch:
    """Adds the gradients of one tap where it is about the greatest."""
    place = _tap(out, w, tap)
    loads = [*given, _tap(x, w, tap), place]
    nodes = [Node("load", v.dtype, str(i)) for i, v in enumerate(loads)]
    nodes += [
        Node("op", x.dtype, "abs(x - y)", (2, 0)),
        Node("op", BOOL, f"x < {NEAR}", (4,)),
        Node("op", out.dtype, "where(x, y + z, z)", (5, 1, 3)),
    ]
    return views_launch(loads, nodes, [(6, place)], p.target, p.threads)


def _covers(w: _Window) -> bool:
    """Whether windows lie side by side over all of the input."""
    return w.stride == w.taps and all(
        n * s == d for n, s, d in zip(w.count, w.stride, w.padded, strict=True)
    )


def _zeroed(p: Planner, out: View) -> Launch:
    zeros = p.constant(np.broadcast_to(np.zeros((), out.dtype), out.shape))
    return copy_launch(zeros, out, p.target, p.threads)


def _to_untaken(
    p: Planner, x: View, given: tuple[View, View], out: View, taken: View, w: _Window, tap: Shape
) -> Launch:
    """Adds the gradients of one tap where it is the greatest and no earlier one was."""
    place = _tap(out, w, tap)
    loads = [*given, _tap(x, w, tap), place, taken]
    nodes = [Node("load", v.dtype, str(i)) for i, v in enumerate(loads)]
    nodes += [
        Node("op", BOOL, "x == y", (2, 0)),
        Node("op", BOOL, "x & logical_not(y)", (5, 4)),
        Node("op", out.dtype, "where(x, y + z, z)", (6, 1, 3)),
        Node("op", BOOL, "x | y", (4, 5)),
    ]
    return views_launch(loads, nodes, [(7, place), (8, taken)], p.target, p.threads)


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
    """AvgPoolGrad, AvgPool3DGrad."""
    if values[0] is None:
        raise Unsupported("a shape that is only known in the run")
    shape = tuple(ints(values[0]))
    dy = p.view(op.operands[1])
    w = _window(op, shape, dy.shape)
    if _is_empty(shape, dy.shape):
        return _empty(p, op, shape)
    dy = _wide(p, dy)
    share = p.elementwise("x / y", (), [dy, _counts(p, w, dy)], dy.shape, dy.dtype)
    whole = p.new(dy.dtype, w.padded_shape(shape))
    places = [_tap(whole, w, tap) for tap in _taps(w)]
    added = [copy_launch(share, v, p.target, p.threads, adding=True) for v in places]
    p.heavy([_zeroed(p, whole), *added], [share], [whole])
    return [_as(p, _inside(whole, shape, w), op)]
