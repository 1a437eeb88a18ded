"""Convolutions over two axes of space as launches: forward, gradient of input and of filter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.tensor import Operation
from ...ops.convolution import Plan as ConvPlan
from ...ops.convolution import Steps, plan_of, steps_of
from . import conv_code, gemm
from .fuse import Unsupported
from .gemm_kernel import lanes, table, tile
from .host import Target
from .layout import Address, Buffer, Launch, Shape, View, whole
from .lower_nest import copy_launch

if TYPE_CHECKING:
    from .plan import Planner

_ELEMENTS = {np.dtype(np.float32): "float", np.dtype(np.float64): "double"}
_ALONE = 64 << 10  # multiply-adds
_SMALL_DEPTH = 16  # channels times taps: for fewer, windows are copied to a matrix first
_BLOCK_BYTES = 96 << 10
_GRADIENT_ROWS = 8  # rows of the output that a step of the filter's gradient adds up


@dataclass(frozen=True)
class _Geometry:
    """One axis pair of a convolution: extents, taps, strides, dilations, padding before."""

    batch: int
    size: tuple[int, int]
    count: tuple[int, int]
    taps: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    before: tuple[int, int]
    depth: int
    out: int

    @property
    def padded(self) -> tuple[int, int]:
        """The extents of the part of the padded input that windows see."""
        spans = zip(self.count, self.taps, self.stride, self.dilation, strict=True)
        h, w = ((n - 1) * s + (k - 1) * d + 1 for n, k, s, d in spans)
        return h, w

    @property
    def is_padded(self) -> bool:
        """Whether windows see anything outside the input."""
        reach = zip(self.before, self.padded, self.size, strict=True)
        return any(b or p > n for b, p, n in reach)

    @property
    def work(self) -> int:
        """Multiply-adds."""
        return self.batch * math.prod(self.count) * math.prod(self.taps) * self.depth * self.out


def _geometry(plan: ConvPlan) -> _Geometry:
    if plan.is_empty or not plan.batch:
        raise Unsupported("an empty convolution")
    if plan.depth != plan.within:
        raise Unsupported("convolutions in groups")
    (h, w) = plan.axes
    pairs: dict[str, Any] = {
        name: (getattr(h, name), getattr(w, name))
        for name in ("size", "count", "taps", "stride", "dilation", "before")
    }
    return _Geometry(batch=plan.batch, depth=plan.depth, out=plan.out, **pairs)


class _Launches:
    """Collects the launches of one convolution."""

    def __init__(self, target: Target, threads: int, dtype: np.dtype[Any]) -> None:
        self.target, self.threads, self.dtype = target, threads, dtype
        self.element = _ELEMENTS[dtype]
        self.rows, self.vectors = tile(target)
        self.width = self.vectors * lanes(target, self.element)
        self.done: list[Launch] = []

    def new(self, shape: Shape) -> View:
        """Scratch memory."""
        return whole(Buffer("arena", math.prod(shape) * self.dtype.itemsize), self.dtype, shape)

    def copy(self, source: View, out: View) -> None:
        """A copy of a view to another."""
        if out.size:
            self.done.append(copy_launch(source, out, self.target, self.threads))

    def zero(self, out: View) -> None:
        """Zeroes."""
        buffer = Buffer("constant", self.dtype.itemsize, np.zeros(1, self.dtype))
        self.copy(View(buffer, self.dtype, out.shape, (0,) * len(out.shape)), out)

    def matmul(self, a: View, b: View, out: View) -> None:
        """A matrix product."""
        self.done += gemm.matmul(a, b, out, self.target, self.threads)

    # -- forward ---------------------------------------------------------------------------

    def forward(self, x: View, w: View, out: View, g: _Geometry) -> None:
        """`out = x * w`."""
        if self.is_product(g):
            self.matmul(_matrix(x, g.depth), _matrix(w, g.out), _matrix(out, g.out))
        elif g.dilation[1] != 1 or g.depth * g.taps[1] < _SMALL_DEPTH:
            windows = self.windows(x, g)
            turned = View(windows.buffer, windows.dtype, windows.shape[::-1], windows.strides[::-1])
            self.matmul(turned, _matrix(w, g.out), _matrix(out, g.out))
        else:
            self.direct(x, self.packed(w, g), out, g)

    def is_product(self, g: _Geometry) -> bool:
        """Whether it is one matrix product as it stands."""
        return g.taps == g.stride == (1, 1) and g.count == g.size and not g.is_padded

    def windows(self, x: View, g: _Geometry) -> View:
        """The windows as a matrix: (taps and channels) by (images and windows)."""
        if g.is_padded:
            x = self.surrounded(x, g)
        b, h, w, c = x.strides
        (kh, kw), (oh, ow) = g.taps, g.count
        shape = (kh, kw, g.depth, g.batch, oh, ow)
        strides = (h * g.dilation[0], w * g.dilation[1], c, b, h * g.stride[0], w * g.stride[1])
        out = self.new(shape)
        self.copy(View(x.buffer, x.dtype, shape, strides, x.offset), out)
        return whole(out.buffer, out.dtype, (kh * kw * g.depth, g.batch * oh * ow))

    def surrounded(self, x: View, g: _Geometry) -> View:
        """The input with its padding, cut to what windows see."""
        height, width = (max(p, b + n) for p, b, n in zip(g.padded, g.before, g.size, strict=True))
        out = self.new((g.batch, height, width, g.depth))
        self.zero(out)
        offset = g.before[0] * out.strides[1] + g.before[1] * out.strides[2]
        self.copy(x, View(out.buffer, out.dtype, x.shape, out.strides, offset))
        return out

    def packed(self, w: View, g: _Geometry) -> View:
        """The filter in panels: (panel, taps down, taps across * channels, columns)."""
        panels, depth = -(-g.out // self.width), g.taps[1] * g.depth
        out = self.new((panels, g.taps[0] * depth, self.width))
        for p in range(panels):
            count = min(self.width, g.out - p * self.width)
            shape = (g.taps[0] * depth, count)
            size = self.dtype.itemsize
            source = View(
                w.buffer, w.dtype, shape, (g.out * size, size), w.offset + p * self.width * size
            )
            place = View(out.buffer, out.dtype, shape, out.strides[1:], p * out.strides[0])
            self.copy(source, place)
        return out

    def direct(self, x: View, filters: View, out: View, g: _Geometry) -> None:
        """The kernel on the microkernel."""
        padded = g.padded[1] * g.depth * self.dtype.itemsize
        block = max(1, min(g.count[0], _BLOCK_BYTES // max(1, padded * g.stride[0])))
        blocks = g.batch * -(-g.count[0] // block)
        while blocks < self.threads and block > 1:
            block = -(-block // 2)
            blocks = g.batch * -(-g.count[0] // block)
        parts = 1 if g.work < _ALONE else min(blocks, 4 * self.threads)
        depth = g.taps[1] * g.depth
        panel = g.taps[0] * depth * self.width * self.dtype.itemsize
        self.launch(x, filters, out, g, (parts, block), panel, False)

    def launch(
        self, x: View, b: View, out: View, g: _Geometry, cut: tuple[int, int],
        panel: int, filter_gradient: bool,
    ) -> None:  # fmt: skip
        """One launch of either kernel."""
        parts, block = cut
        size = self.dtype.itemsize
        kind = conv_code.ConvKind(self.element, g.is_padded, filter_gradient)
        line = g.padded[1] * g.depth * size
        lines = (block - 1) * g.stride[0] + (g.taps[0] - 1) * g.dilation[0] + 1
        scratch = Buffer("arena", parts * line * lines if g.is_padded else 0)
        row = g.size[1] * g.depth * size
        left = min(line, g.before[1] * g.depth * size)
        width = min(row, line - left)
        numbers = {
            "x": x.address(), "batch_step": x.strides[0], "row_step": row, "height": g.size[0],
            "width_bytes": width, "batch": g.batch, "out_rows": g.count[0],
            "out_cols": g.count[1], "stride": g.stride[0], "top": g.before[0],
            "left_bytes": left, "padded_step": line, "taps": g.taps[0],
            "dilation": g.dilation[0], "depth": g.taps[1] * g.depth,
            "column_bytes": g.stride[1] * g.depth * size, "b": b.address(), "panel_step": panel,
            "channels": g.out, "out": out.address(),
            "scratch": Address(scratch), "scratch_size": line * lines, "block": block,
        }  # fmt: skip
        slots: list[Any] = [*numbers.values(), *table(self.target, self.element)]
        assert [*numbers] == conv_code.SLOTS
        target = self.target
        self.done.append(
            Launch(
                kind.key,
                lambda: conv_code.emit(kind, target),
                slots,
                parts,
                (x.buffer, b.buffer),
                (out.buffer, scratch),
                flops=2.0 * g.work,
            )
        )

    # -- gradients -------------------------------------------------------------------------

    def input_gradient(self, w: View, dy: View, out: View, g: _Geometry) -> None:
        """`out` = the gradient of the input."""
        if self.is_product(g):
            turned = _matrix(w, g.out)
            turned = View(w.buffer, w.dtype, turned.shape[::-1], turned.strides[::-1], w.offset)
            self.matmul(_matrix(dy, g.out), turned, _matrix(out, g.depth))
        elif g.stride == (1, 1):
            self.forward(dy, self.turned(w, g), out, _turned_geometry(g))
        else:
            self.spread(w, dy, out, g)

    def turned(self, w: View, g: _Geometry) -> View:
        """The filter turned round, its channels exchanged."""
        kh, kw, c, o = w.strides
        shape = (*g.taps, g.out, g.depth)
        offset = w.offset + (g.taps[0] - 1) * kh + (g.taps[1] - 1) * kw
        out = self.new(shape)
        self.copy(View(w.buffer, w.dtype, shape, (-kh, -kw, o, c), offset), out)
        return out

    def spread(self, w: View, dy: View, out: View, g: _Geometry) -> None:
        """With strides: products for all taps, each added where its windows saw the input."""
        pixels, taps = g.batch * math.prod(g.count), math.prod(g.taps) * g.depth
        turned = View(w.buffer, w.dtype, (g.out, taps), (w.strides[3], w.strides[2]), w.offset)
        seen = self.new((pixels, taps))
        self.matmul(_matrix(dy, g.out), turned, seen)
        self.zero(out)
        size = self.dtype.itemsize
        line = g.count[1] * taps * size
        for kh in range(g.taps[0]):
            for kw in range(g.taps[1]):
                rows = _inside(g, 0, kh)
                columns = _inside(g, 1, kw)
                if rows and columns:
                    offset = (kh * g.taps[1] + kw) * g.depth * size
                    offset += rows.start * line + columns.start * taps * size
                    shape = (g.batch, len(rows), len(columns), g.depth)
                    strides = (g.count[0] * line, line, taps * size, size)
                    part = View(seen.buffer, seen.dtype, shape, strides, offset)
                    self.add(part, _target_of(out, g, (rows.start, columns.start), (kh, kw), shape))

    def add(self, part: View, out: View) -> None:
        """`out += part`."""
        self.done.append(copy_launch(part, out, self.target, self.threads, adding=True))

    def filter_gradient(self, x: View, dy: View, out: View, g: _Geometry) -> None:
        """`out` = the gradient of the filter."""
        if self.is_product(g):
            a = _matrix(x, g.depth)
            a = View(x.buffer, x.dtype, a.shape[::-1], a.strides[::-1], x.offset)
            self.matmul(a, _matrix(dy, g.out), _matrix(out, g.out))
        elif g.dilation[1] != 1 or g.depth * g.taps[1] < _SMALL_DEPTH:
            self.matmul(self.windows(x, g), _matrix(dy, g.out), _matrix(out, g.out))
        else:
            self.zero(out)
            bands = -(-g.taps[1] * g.depth // self.rows)
            parts = 1 if g.work < _ALONE else min(bands, self.threads)
            self.launch(x, dy, out, g, (parts, min(_GRADIENT_ROWS, g.count[0])), 0, True)


def _matrix(x: View, columns: int) -> View:
    return (
        whole(x.buffer, x.dtype, (x.size // columns, columns))
        if not x.offset
        else _moved(x, columns)
    )


def _moved(x: View, columns: int) -> View:
    size = x.dtype.itemsize
    return View(x.buffer, x.dtype, (x.size // columns, columns), (columns * size, size), x.offset)


def _turned_geometry(g: _Geometry) -> _Geometry:
    """The convolution of the gradient with the turned filter that gives the input's gradient."""
    spans = zip(g.taps, g.dilation, g.before, strict=True)
    top, left = ((k - 1) * d - b for k, d, b in spans)
    before = top, left
    if min(before) < 0:
        raise Unsupported("padding wider than the filter")
    return replace(
        g, size=g.count, count=g.size, stride=(1, 1), before=before, depth=g.out, out=g.depth
    )


def _inside(g: _Geometry, axis: int, tap: int) -> range:
    """The windows whose tap sees the input, not its padding."""
    shift = tap * g.dilation[axis] - g.before[axis]
    first = max(0, -(shift // g.stride[axis]))
    last = (g.size[axis] - 1 - shift) // g.stride[axis]
    return range(first, min(last + 1, g.count[axis]))


def _target_of(
    out: View, g: _Geometry, first: tuple[int, int], taps: tuple[int, int], shape: Shape
) -> View:
    """The places that a tap of some windows sees."""
    offset = out.offset
    for axis in (0, 1):
        place = first[axis] * g.stride[axis] + taps[axis] * g.dilation[axis] - g.before[axis]
        offset += place * out.strides[1 + axis]
    b, h, w, c = out.strides
    return View(out.buffer, out.dtype, shape, (b, h * g.stride[0], w * g.stride[1], c), offset)


# -- operations ----------------------------------------------------------------------------------


def _last(p: Planner, x: View, steps: Steps) -> View:
    """A contiguous view with channels last."""
    if steps.channels_first:
        order = (0, 2, 3, 1)
        shape, strides = (tuple(v[k] for k in order) for v in (x.shape, x.strides))
        x = View(x.buffer, x.dtype, shape, strides, x.offset)
    return p.contiguous(x)


def _as_asked(x: View, steps: Steps) -> View:
    if not steps.channels_first:
        return x
    order = (0, 3, 1, 2)
    shape, strides = (tuple(v[k] for k in order) for v in (x.shape, x.strides))
    return View(x.buffer, x.dtype, shape, strides, x.offset)


def _run(
    p: Planner, op: Operation, kind: str, inputs: Sequence[View], shapes: Sequence[Shape]
) -> View:
    steps = steps_of(op.attrs, 2)
    g = _geometry(plan_of(shapes[0], shapes[1], steps))
    dtype = inputs[0].dtype
    launches = _Launches(p.target, p.threads, dtype)
    if kind == "forward":
        x, w = _last(p, inputs[0], steps), p.contiguous(inputs[1])
        out, reads = p.new(dtype, (g.batch, *g.count, g.out)), (x, w)
        launches.forward(x, w, out, g)
    elif kind == "input":
        w, dy = p.contiguous(inputs[0]), _last(p, inputs[1], steps)
        _check_gradient(dy, g)
        out, reads = p.new(dtype, (g.batch, *g.size, g.depth)), (w, dy)
        launches.input_gradient(w, dy, out, g)
    else:
        x, dy = (_last(p, v, steps) for v in inputs)
        _check_gradient(dy, g)
        out, reads = p.new(dtype, (*g.taps, g.depth, g.out)), (x, dy)
        launches.filter_gradient(x, dy, out, g)
    p.heavy(launches.done, reads, [out])
    return out if kind == "filter" else _as_asked(out, steps)


def _check_gradient(dy: View, g: _Geometry) -> None:
    """Kernels trust extents: a gradient that is not of the output's goes to the reference."""
    if dy.shape != (g.batch, *g.count, g.out):
        raise Unsupported(f"a gradient of shape {dy.shape}")


def conv2d(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    """Conv2D."""
    x, w = (p.view(v) for v in op.operands)
    return [_run(p, op, "forward", (x, w), (x.shape, w.shape))]


def conv2d_input(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    """Conv2DBackpropInput."""
    w, dy = (p.view(v) for v in op.operands[1:])
    return [_run(p, op, "input", (w, dy), (outs[0], w.shape))]


def conv2d_filter(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    """Conv2DBackpropFilter."""
    x, dy = p.view(op.operands[0]), p.view(op.operands[2])
    return [_run(p, op, "filter", (x, dy), (x.shape, outs[0]))]
