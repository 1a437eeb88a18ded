"""Convolutions as launches: forward, gradient of input and of filter, over one to three axes.

All three are one kernel on different tables (see `conv_kernel`). The gradient of the input is a
convolution of the output's gradient for each phase: the places that are a multiple of the stride
apart are seen by the same taps. Depthwise convolutions with one output a channel have vectors of
channels; others are convolutions in groups.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.tensor import Operation
from ...ops.convolution import Plan as ConvPlan
from ...ops.convolution import Steps, plan_of, steps_of
from ...ops.windows import Axis
from . import conv_code, gemm
from .conv_code import ConvKind
from .conv_kernel import Micro, most_rows, most_vectors, table
from .fuse import Unsupported
from .gemm_kernel import lanes
from .layout import Address, Buffer, Launch, Shape, Slot, View, whole
from .lower_nest import copy_launch, views_launch
from .nest import Node
from .scalars import FLOAT16

if TYPE_CHECKING:
    from .plan import Planner

_FLOAT32 = np.dtype(np.float32)
_ELEMENTS = {_FLOAT32: "float", np.dtype(np.float64): "double"}
_ALONE = 64 << 10  # multiply-adds
_PARTIAL_BYTES = 1 << 20  # what parts' sums of the filter's gradient may take, all together
_WINDOWS = 400  # of a block of the filter's gradient: a panel of them streams from the caches
_BLOCK = 800  # windows
_PER_THREAD = 8  # parts, so that a slower thread leaves some to the others
_LINE = 64
_FEW_SETS = 512
_WORTH = 256  # multiply-adds for each element
_MANY = 8  # tiles, where it does not matter how full the last one is


@dataclass(frozen=True)
class _Line:
    """What windows see along an axis: window i sees `i * step + shift - before` for each shift."""

    size: int
    count: int
    step: int
    shifts: tuple[int, ...]
    taps: tuple[int, ...]
    """The numbers of the taps, in the order of the shifts."""
    before: int

    @property
    def reach(self) -> int:
        """How far a window sees beyond where it begins."""
        return self.shifts[-1]

    @property
    def padded(self) -> int:
        """The extent of the part of the padded input that windows see."""
        return (self.count - 1) * self.step + self.reach + 1

    @property
    def is_padded(self) -> bool:
        """Whether windows see anything but what is there, from the beginning on."""
        return self.before != 0 or self.padded > self.size

    @property
    def dilation(self) -> int:
        """How far taps are apart."""
        return self.shifts[1] - self.shifts[0] if len(self.shifts) > 1 else 1


def _line(a: Axis) -> _Line:
    """An axis of a convolution."""
    first = a.live.start
    taps = tuple(range(first, a.live.stop))
    shifts = tuple((t - first) * a.dilation for t in taps)
    return _Line(a.size, a.count, a.stride, shifts, taps, a.before - first * a.dilation)


def _phase(a: Axis, phase: int) -> _Line | None:
    """What the places `phase`, `phase + stride` ... of the input are seen by; None: by nothing."""
    count = (a.size - phase + a.stride - 1) // a.stride
    found = []
    for tap in reversed(range(a.taps)):  # so that shifts rise
        place = phase + a.before - tap * a.dilation
        if place % a.stride == 0:
            shift = place // a.stride
            if shift < a.count and shift + count > 0:
                found.append((shift, tap))
    if not found:
        return None
    low = found[0][0]
    shifts = tuple(s - low for s, _ in found)
    return _Line(a.count, count, 1, shifts, tuple(t for _, t in found), -low)


@dataclass(frozen=True)
class _Form:
    """A convolution of channels last: lines along depth, height and width."""

    batch: int
    lines: tuple[_Line, _Line, _Line]
    groups: int
    within: int  # channels in of one group
    out: int  # channels out of one group
    depthwise: bool = False

    @property
    def depth(self) -> int:
        """Channels of the input."""
        return self.out if self.depthwise else self.groups * self.within

    @property
    def is_padded(self) -> bool:
        """Whether windows see anything but the input as it lies."""
        return any(line.is_padded for line in self.lines)

    @property
    def taps(self) -> int:
        """How many taps a window has."""
        return math.prod(len(line.shifts) for line in self.lines)

    @property
    def windows(self) -> int:
        """How many windows there are."""
        return self.batch * math.prod(line.count for line in self.lines)

    @property
    def work(self) -> int:
        """Multiply-adds."""
        return self.windows * self.taps * self.within * self.out * self.groups


class _Axes:
    """Three axes of a convolution over one, two or three: the missing ones have one place."""

    def __init__(self, plan: ConvPlan) -> None:
        missing = (Axis(1, 1, 1),) * (3 - len(plan.axes))
        self.axes = (*missing, *plan.axes)
        self.taps = tuple(a.taps for a in self.axes)

    def tap_number(self, taps: Sequence[int]) -> int:
        """The place of a tap in the filter."""
        _, h, w = self.taps
        return (taps[0] * h + taps[1]) * w + taps[2]


@dataclass(frozen=True)
class _Out:
    """Where the output lies: its first window, the steps of image, plane, row and column."""

    view: View
    steps: Sequence[int]


class _Blocks:
    """How windows are divided, and the tables of a block."""

    def __init__(
        self, f: _Form, size: int, room: int, most: int, threads: int, *, apart: bool = False
    ) -> None:
        depth, height, width = f.lines
        self.is_copied = f.is_padded or apart
        self.pixel = f.depth * size + apart * _LINE
        self.row = width.padded * self.pixel if self.is_copied else width.size * self.pixel
        slice_rows = height.count
        line = self.row * len(depth.shifts) * height.step
        rows = max(1, min(slice_rows, room // max(1, line), most // width.count))
        self.rows = -(-slice_rows // -(-slice_rows // rows))
        self.slices = 1
        slices = f.batch * depth.count
        if self.rows == slice_rows and depth.count == 1:
            windows = slice_rows * width.count
            self.slices = max(1, min(room // max(1, line * slice_rows), most // windows))
        while self.slices > 1 and -(-slices // self.slices) < threads:
            self.slices = -(-self.slices // 2)
        while self.rows > 1 and slices * -(-slice_rows // self.rows) < threads:
            self.rows = -(-self.rows // 2)
        self.count = -(-slices // self.slices) * -(-slice_rows // self.rows)
        lines = (self.rows - 1) * height.step + height.reach + 1
        self.plane = lines * self.row if self.is_copied else height.size * self.row
        self.slice = len(depth.shifts) * self.plane if self.is_copied else depth.size * self.plane
        self.scratch = self.slices * self.slice if self.is_copied else 0
        self.windows = self.slices * self.rows * width.count

    def held(self, f: _Form) -> np.ndarray[Any, Any]:
        """Where the windows of a block begin."""
        _, height, width = f.lines
        steps = (self.slice, height.step * self.row, width.step * self.pixel)
        return _sums((self.slices, self.rows, width.count), steps)

    def places(self, f: _Form, steps: Sequence[int]) -> np.ndarray[Any, Any]:
        """Where their results are."""
        return _sums((self.slices, self.rows, f.lines[2].count), (steps[0], *steps[2:]))

    def shifts(self, f: _Form) -> np.ndarray[Any, Any]:
        """Where taps are in a window."""
        depth, height, width = f.lines
        planes = range(len(depth.shifts)) if self.is_copied else depth.shifts
        each = (
            np.array(planes, np.int64) * self.plane,
            np.array(height.shifts, np.int64) * self.row,
            np.array(width.shifts, np.int64) * self.pixel,
        )
        return (each[0][:, None, None] + each[1][:, None] + each[2]).reshape(-1)


def _sums(extents: Sequence[int], steps: Sequence[int]) -> np.ndarray[Any, Any]:
    """The offsets of the elements of an array."""
    total = np.zeros(1, np.int64)
    for n, step in zip(extents, steps, strict=True):
        total = (total[:, None] + np.arange(int(n), dtype=np.int64) * int(step)).reshape(-1)
    return total


class _Launches:
    """Collects the launches of one convolution."""

    def __init__(self, p: Planner, dtype: np.dtype[Any]) -> None:
        self.p, self.target, self.threads, self.dtype = p, p.target, p.threads, dtype
        self.element, self.size = _ELEMENTS[dtype], dtype.itemsize
        self.lanes = lanes(p.target, self.element)
        self.done: list[Launch] = []

    def new(self, shape: Shape) -> View:
        """Scratch memory."""
        return whole(Buffer("arena", math.prod(shape) * self.size), self.dtype, shape)

    def table(self, offsets: np.ndarray[Any, Any]) -> View:
        """A table of offsets, with one number more so that not all are equal."""
        return self.p.constant(np.append(offsets, -1))

    def copy(self, source: View, out: View) -> None:
        """A copy of a view to another."""
        self.done.append(copy_launch(source, out, self.target, self.threads))

    def zero(self, out: View) -> None:
        """Zeros."""
        if out.size:
            self.copy(self.p.constant(np.broadcast_to(np.zeros((), out.dtype), out.shape)), out)

    def matmul(self, a: View, b: View, out: View) -> None:
        """A matrix product."""
        self.done += gemm.matmul(a, b, out, self.target, self.threads)

    def width(self, channels: int) -> int:
        """The columns of a panel: panels are about alike."""
        vectors = -(-channels // self.lanes)
        panels = -(-vectors // most_vectors(self.target))
        return -(-vectors // panels) * self.lanes

    # -- the filter in panels ----------------------------------------------------------------

    def packed(
        self, w: View, taps: np.ndarray[Any, Any], f: _Form, steps: tuple[int, int, int]
    ) -> tuple[View, int]:
        """The filter's taps in panels, and how far panels are apart.

        Steps are from one channel that is summed over to the next, from one column to the next,
        from one group to the next.
        """
        row, column, group = steps
        wide = self.width(f.out)
        panels = -(-f.out // wide)
        step = len(taps) * f.within * wide * self.size
        out = whole(Buffer("arena", f.groups * panels * step), self.dtype, (f.groups * panels,))
        by_rows = column == self.size
        offsets, target, element = self.table(taps), self.target, self.element
        numbers: dict[str, Slot] = {
            "w": w.address(), "out": out.address(), "taps": offsets.address(),
            "tap_count": len(taps), "within": f.within, "channels": f.out, "width": wide,
            "groups": f.groups, "row_step": row, "column_step": column, "group_step": group,
            "panel_step": step,
        }  # fmt: skip
        assert [*numbers] == conv_code.PACK_SLOTS
        every = f.groups * panels * len(taps)
        small = every * f.within * wide < _ALONE
        self.done.append(
            Launch(
                conv_code.pack_key(element, by_rows),
                lambda: conv_code.emit_pack(element, by_rows, target),
                [*numbers.values()],
                1 if small else min(every, self.threads),
                (w.buffer, offsets.buffer),
                (out.buffer,),
            )
        )
        return out, step

    # -- windows times the filter ------------------------------------------------------------

    def unroll(self, f: _Form) -> int:
        """How many elements an entry of the stream stands for."""
        return next(n for n in (8, 4, 1) if f.within % n == 0)

    def convolve(
        self, x: View, filters: tuple[View, int, int], out: _Out, f: _Form
    ) -> None:  # fmt: skip
        """One launch of windows times packed taps; of these, the first one's place is given."""
        b, panel_step, first = filters
        unroll = 1 if f.depthwise else self.unroll(f)
        micro = Micro(self.element, most_rows(self.target), unroll, f.depthwise)
        threads = 1 if f.work < _ALONE else self.threads
        blocks = _Blocks(f, self.size, self.target.l2 // 4, _BLOCK, threads)
        parts = 1 if threads == 1 else min(_PER_THREAD * threads, blocks.count)
        entries = f.within // unroll
        stream = blocks.shifts(f)[:, None] + np.arange(entries) * (unroll * self.size)
        wide = self.width(f.out) * self.size
        deep = max(1, self.target.l2 // 4 // (wide * unroll))
        numbers = {
            "b": b.address(), "panel_step": panel_step, "first": first * entries,
            "brs": f.out * self.size, "out": out.view.address(), "image_step": out.steps[0],
            "out_plane_step": out.steps[1], "out_row_step": out.steps[2],
            "held": blocks.held(f), "places": blocks.places(f, out.steps), "held_count": 0,
            "stream": stream.reshape(-1), "stream_count": stream.size,
            "stream_block": stream.size if f.depthwise else deep,
            "result": 0, "result_step": 0, "by_blocks": 1,
        }  # fmt: skip
        kind = ConvKind(micro, f.is_padded, False)
        row = f.groups * f.out * self.size
        self.launch(kind, x, b, out.view, f, (blocks, parts), (numbers, row, 0))

    def launch(
        self, kind: ConvKind, x: View, b: View, out: View, f: _Form, cut: tuple[_Blocks, int],
        given: tuple[dict[str, Any], int, int],
    ) -> None:  # fmt: skip
        """One launch of either kernel."""
        blocks, parts = cut
        numbers, row, panel = given
        depth, height, width = f.lines
        pixel = f.depth * self.size
        line = width.size * pixel
        skip = max(0, -width.before)
        left = max(0, width.before)
        copied = max(0, min(width.size - skip, width.padded - left))
        left = min(left, width.padded)
        spare = -(-row // 64) * 64 + 64 * most_vectors(self.target)
        buffers = [Buffer("arena", parts * n) for n in (blocks.scratch, panel, spare)]
        numbers |= {
            "x": x.address(), "batch_step": depth.size * height.size * line,
            "plane_step": height.size * line, "row_step": line, "planes": depth.size,
            "rows": height.size, "skip_bytes": skip * pixel, "pixel_bytes": pixel,
            "pitch": blocks.pixel,
            "width_bytes": copied * blocks.pixel, "left_bytes": left * blocks.pixel,
            "above": height.before, "before": depth.before, "slices": f.batch * depth.count,
            "out_planes": depth.count, "out_rows": height.count, "out_cols": width.count,
            "stride": height.step, "plane_stride": depth.step, "reach": height.reach,
            "plane_taps": len(depth.shifts), "plane_dilation": depth.dilation,
            "padded_row": blocks.row, "padded_plane": blocks.plane, "padded_slice": blocks.slice,
            "block_rows": blocks.rows, "block_slices": blocks.slices, "groups": f.groups,
            "group_step": f.within * self.size, "channels": f.out,
            "width": self.width(f.out), "scratch": Address(buffers[0]),
            "scratch_size": blocks.scratch,
            "panel": Address(buffers[1]), "panel_size": panel, "spare": Address(buffers[2]),
            "spare_size": spare,
        }  # fmt: skip
        tables = {n: self.table(numbers[n]) for n in ("held", "places", "stream")}
        numbers |= {n: t.address() for n, t in tables.items()}
        slots = [numbers[n] for n in conv_code.SLOTS]
        assert len(numbers) == len(slots)
        target = self.target
        self.done.append(
            Launch(
                kind.key,
                lambda: conv_code.emit(kind, target),
                [*slots, *table(target, kind.micro)],
                parts,
                (x.buffer, b.buffer, *(t.buffer for t in tables.values())),
                (out.buffer, *buffers),
                flops=2.0 * f.work,
            )
        )

    def is_product(self, f: _Form) -> bool:
        """Whether it is best done as one matrix product: its filter is too large for the caches."""
        plain = all(n.step == 1 and n.count == n.size and len(n.shifts) == 1 for n in f.lines)
        large = 4 * f.within * f.out * self.size > self.target.l2
        return plain and large and f.groups == 1 and not f.depthwise and not f.is_padded

    # -- the three directions ----------------------------------------------------------------

    def forward(self, x: View, w: View, out: View, axes: _Axes, f: _Form) -> None:
        """`out = x * w`."""
        if self.is_product(f):
            self.matmul(_matrix(x, f.depth), _matrix(w, f.out), _matrix(out, f.out))
            return
        place = _Out(out, _steps(out))
        if f.depthwise:
            taps = self.taps(axes, f.lines, f.out)
            chosen = self.chosen(w, taps, f.out * self.size)
            self.convolve(x, (chosen, 0, 0), place, f)
            return
        size, row = self.size, f.groups * f.out * self.size
        taps = self.taps(axes, f.lines, f.within * f.groups * f.out)
        b, step = self.packed(w, taps, f, (row, size, f.out * size))
        self.convolve(x, (b, step, 0), place, f)

    def taps(self, axes: _Axes, lines: Sequence[_Line], elements: int) -> np.ndarray[Any, Any]:
        """Where the taps of lines are in the filter, whose taps have so many elements."""
        numbers = [axes.tap_number(t) for t in product(*(line.taps for line in lines))]
        return np.array(numbers, np.int64) * (elements * self.size)

    def chosen(self, w: View, taps: np.ndarray[Any, Any], bytes_each: int) -> View:
        """The taps of a depthwise filter in an order."""
        if np.array_equal(taps, taps[0] + np.arange(len(taps)) * bytes_each):
            return View(w.buffer, w.dtype, w.shape, w.strides, w.offset + int(taps[0]))
        count = bytes_each // self.size
        out = self.new((len(taps), count))
        step = int(taps[1] - taps[0])
        regular = all(int(b - a) == step for a, b in pairwise(taps))
        pieces = [range(len(taps))] if regular else [range(k, k + 1) for k in range(len(taps))]
        for piece in pieces:
            shape, offset = (len(piece), count), w.offset + int(taps[piece[0]])
            source = View(w.buffer, w.dtype, shape, (step, self.size), offset)
            target = View(out.buffer, out.dtype, shape, out.strides, piece[0] * bytes_each)
            self.copy(source, target)
        return out

    def input_gradient(self, w: View, dy: View, out: View, axes: _Axes, f: _Form) -> None:
        """`out` = the gradient of the input: phase by phase."""
        if self.is_product(f):
            turned = _turned(_matrix(w, f.out))
            self.matmul(_matrix(dy, f.out), turned, _matrix(out, f.depth))
            return
        phases = list(_phases(axes))
        alive = [(at, lines) for at, lines in phases if lines is not None]
        if len(alive) < len(phases):
            self.zero(out)
        if not alive:
            return
        each = 1 if f.depthwise else f.within * f.groups
        taps = [self.taps(axes, lines, each * f.out) for _, lines in alive]
        order = np.concatenate(taps)
        turned_form = replace(f, lines=alive[0][1], within=f.out, out=f.within)
        first, size = 0, self.size
        if f.depthwise:
            turned_form = replace(f, lines=alive[0][1])
            b, step = self.chosen(w, order, f.out * size), 0
        else:
            row = f.groups * f.out * size
            b, step = self.packed(w, order, turned_form, (size, row, f.out * size))
        steps = _steps(out)
        strides = [a.stride for a in axes.axes]
        for (at, lines), some in zip(alive, taps, strict=True):
            offset = sum(k * s for k, s in zip(at, steps[1:], strict=True))
            moved = View(out.buffer, out.dtype, out.shape, out.strides, out.offset + offset)
            own = (steps[0], *(k * s for k, s in zip(strides, steps[1:], strict=True)))
            given = (b, step, first)
            if f.depthwise:
                given = (_moved(b, first * f.out * size), 0, 0)
            self.convolve(dy, given, _Out(moved, own), replace(turned_form, lines=lines))
            first += len(some)

    def filter_gradient(self, x: View, dy: View, out: View, axes: _Axes, f: _Form) -> None:
        """`out` = the gradient of the filter."""
        if self.is_product(f):
            a = _turned(_matrix(x, f.depth))
            self.matmul(a, _matrix(dy, f.out), _matrix(out, f.out))
            return
        if f.taps != math.prod(axes.taps):
            self.zero(out)
        channels, size = 1 if f.depthwise else f.within, self.size
        rows = self.rows(f.taps * channels, f.depthwise)
        micro = Micro(self.element, rows, 1, f.depthwise)
        row = f.groups * f.out * size
        threads = 1 if f.work < _ALONE else self.threads
        whole_bytes = out.size * size
        by_blocks = whole_bytes * threads <= _PARTIAL_BYTES or f.depthwise
        # Pixels so far apart share few sets of the first cache; a copy must be worth its while.
        apart = f.depth * size % _FEW_SETS == 0 and f.taps * f.out >= _WORTH
        shared = threads if by_blocks else 1
        blocks = _Blocks(f, size, self.target.l2 // 4, _WINDOWS, shared, apart=apart)
        held = blocks.shifts(f)[:, None] + np.arange(channels) * size
        taps = self.taps(axes, f.lines, f.out if f.depthwise else channels * f.groups * f.out)
        places = taps[:, None] + np.arange(channels) * row
        parts = min(threads, blocks.count if by_blocks else -(-held.size // rows))
        by_blocks = by_blocks or parts == 1
        sums = out
        if by_blocks and parts > 1:
            sums = self.new((parts, *out.shape))
            if f.taps != math.prod(axes.taps):
                self.zero(sums)
        dense = f.groups == 1 and f.out == self.width(f.out)
        packs = not f.depthwise and not dense
        wide = self.width(f.out) * size
        steps = _steps(dy)
        chunks = -(-blocks.windows // _WINDOWS)
        depth = -(-blocks.windows // chunks)
        numbers = {
            "b": dy.address(), "panel_step": 0, "first": 0, "brs": row, "out": 0,
            "image_step": steps[0], "out_plane_step": steps[1], "out_row_step": steps[2],
            "held": held.reshape(-1), "places": places.reshape(-1), "held_count": held.size,
            "stream": blocks.held(f),
            "stream_count": 0, "stream_block": depth, "result": sums.address(),
            "result_step": whole_bytes, "by_blocks": int(by_blocks),
        }  # fmt: skip
        kind = ConvKind(micro, blocks.is_copied, True, apart, packs)
        panel = depth * wide if packs else 0
        self.launch(kind, x, dy, sums, f, (blocks, parts), (numbers, row, panel))
        if sums is not out:
            self.sum(sums, out)

    def rows(self, count: int, depthwise: bool) -> int:
        """The rows of tiles that cover so many with the fewest that are none of them."""
        most = most_rows(self.target)
        if count > _MANY * most:
            return most
        every = range(most + depthwise, max(1, most - 4), -1)
        return min(every, key=lambda n: (-(-count // n) * (n + 1), -n))

    def sum(self, sums: View, out: View) -> None:
        """The sum of parts' sums."""
        step = sums.strides[0]
        views = [
            View(sums.buffer, self.dtype, out.shape, out.strides, i * step)
            for i in range(sums.shape[0])
        ]
        nodes = [Node("load", self.dtype, str(i)) for i in range(len(views))]
        total = 0
        for i in range(1, len(views)):
            nodes.append(Node("op", self.dtype, "x + y", (total, i)))
            total = len(nodes) - 1
        self.done.append(views_launch(views, nodes, [(total, out)], self.target, self.threads))


def _phases(axes: _Axes) -> Iterator[tuple[tuple[int, ...], Any]]:
    """The phases that exist, each with its lines, or None where nothing sees them."""
    each = [range(min(a.stride, a.size)) for a in axes.axes]
    for at in product(*each):
        lines = tuple(_phase(a, k) for a, k in zip(axes.axes, at, strict=True))
        yield at, None if None in lines else lines


def _steps(x: View) -> tuple[int, int, int, int]:
    """The steps of image, plane, row and column of an array with its channels last."""
    strides = list(x.strides[:-1])
    while len(strides) < 4:
        strides.insert(1, 0)
    return tuple(strides)  # type: ignore[return-value]


def _matrix(x: View, columns: int) -> View:
    size = x.dtype.itemsize
    return View(x.buffer, x.dtype, (x.size // columns, columns), (columns * size, size), x.offset)


def _turned(x: View) -> View:
    return View(x.buffer, x.dtype, x.shape[::-1], x.strides[::-1], x.offset)


def _moved(x: View, by: int) -> View:
    return View(x.buffer, x.dtype, x.shape, x.strides, x.offset + by)


# -- operations ----------------------------------------------------------------------------------


def _last(p: Planner, x: View, steps: Steps) -> View:
    """A contiguous view with channels last."""
    if steps.channels_first:
        n = len(x.shape)
        order = (0, *range(2, n), 1)
        shape, strides = (tuple(v[k] for k in order) for v in (x.shape, x.strides))
        x = View(x.buffer, x.dtype, shape, strides, x.offset)
    return p.contiguous(x)


def _as_asked(x: View, steps: Steps) -> View:
    if not steps.channels_first:
        return x
    n = len(x.shape)
    order = (0, n - 1, *range(1, n - 1))
    shape, strides = (tuple(v[k] for k in order) for v in (x.shape, x.strides))
    return View(x.buffer, x.dtype, shape, strides, x.offset)


def _cast(p: Planner, x: View, dtype: np.dtype[Any]) -> View:
    if x.dtype == dtype:
        return x
    return p.elementwise("x", (), [x], x.shape, dtype, "cast")


class _Conv:
    """One operation: its extents, what it reads and writes."""

    def __init__(self, p: Planner, op: Operation, shapes: Sequence[Shape]) -> None:
        depthwise = op.type.startswith("Depthwise")
        self.p, self.dtype = p, op.outputs[0].dtype.base_dtype.np_dtype
        if self.dtype == FLOAT16 and not p.target.has_half:
            raise Unsupported("float16 on a processor that cannot convert it")
        self.wide = self.dtype if self.dtype in _ELEMENTS else _FLOAT32
        n = 3 if op.type.startswith("Conv3D") else 2
        self.steps = steps_of(op.attrs, n)
        self.plan = plan_of(shapes[0], shapes[1], self.steps, depthwise)
        self.filter_shape = shapes[1]
        self.axes = _Axes(self.plan)
        self.launches = _Launches(p, self.wide)
        self.is_empty = self.plan.is_empty or self.plan.trimmed().is_empty

    @property
    def form(self) -> _Form:
        """The convolution as kernels see it."""
        plan = self.plan
        first, second, third = (_line(a) for a in self.axes.axes)
        lines = (first, second, third)
        groups = plan.groups
        if plan.within == 1 and groups > 1 and plan.out == plan.depth:
            return _Form(plan.batch, lines, 1, 1, plan.out, True)
        return _Form(plan.batch, lines, groups, plan.within, plan.out // groups)

    def ready(self, x: View) -> View:
        """An input or output as kernels want it."""
        return _cast(self.p, _last(self.p, x, self.steps), self.wide)

    def filter(self, w: View) -> View:
        """A filter as kernels want it."""
        return _cast(self.p, self.p.contiguous(w), self.wide)

    def check(self, dy: View) -> None:
        """Kernels trust extents: a gradient that is not of the output's goes to the reference."""
        if dy.shape != self.plan.output_shape:
            raise Unsupported(f"a gradient of shape {dy.shape}")

    def finish(self, shape: Shape, reads: Sequence[View], run: Any, is_filter: bool) -> View:
        """Runs into new memory; zeros where there is nothing to add up."""
        out = self.p.new(self.wide, shape)
        if self.is_empty:
            self.launches.zero(out)
        else:
            run(*reads, out, self.axes, self.form)
        if self.launches.done:
            self.p.heavy(self.launches.done, reads, [out])
        out = _cast(self.p, out, self.dtype)
        return out if is_filter else _as_asked(out, self.steps)

    def forward(self, x: View, w: View) -> View:
        """The convolution."""
        reads = [self.ready(x), self.filter(w)]
        return self.finish(self.plan.output_shape, reads, self.launches.forward, False)

    def input_gradient(self, w: View, dy: View) -> View:
        """The gradient of the input."""
        reads = [self.filter(w), self.ready(dy)]
        self.check(reads[1])
        return self.finish(self.plan.input_shape, reads, self.launches.input_gradient, False)

    def filter_gradient(self, x: View, dy: View) -> View:
        """The gradient of the filter."""
        reads = [self.ready(x), self.ready(dy)]
        self.check(reads[1])
        shape = self.filter_shape
        return self.finish(shape, reads, self.launches.filter_gradient, True)


def conv(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    """Conv2D, Conv3D, DepthwiseConv2dNative."""
    x, w = (p.view(v) for v in op.operands)
    return [_Conv(p, op, (x.shape, w.shape)).forward(x, w)]


def conv_input(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    """The gradients of their inputs."""
    w, dy = (p.view(v) for v in op.operands[1:])
    return [_Conv(p, op, (tuple(outs[0]), w.shape)).input_gradient(w, dy)]


def conv_filter(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    """The gradients of their filters."""
    x, dy = p.view(op.operands[0]), p.view(op.operands[2])
    return [_Conv(p, op, (x.shape, tuple(outs[0]))).filter_gradient(x, dy)]
