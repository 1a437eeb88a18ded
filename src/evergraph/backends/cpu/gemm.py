"""Matrix products as launches: which kernel, how operands are copied, cut and shared.

`out (+)= alpha * a @ b` for views of any strides, with any number of leading batch axes that
broadcast. Block sizes come from the target's caches and registers; extents, strides and offsets
are numbers in argument blocks, so that products of other shapes run code that is already there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from . import gemm_code, gemv_code
from .fuse import Unsupported
from .gemm_code import BATCH_LOOPS, SHARE, Kind
from .gemm_kernel import SIZES, lanes, table, tile
from .host import Target
from .layout import Address, Buffer, Launch, Shape, Slot, View, constant_buffer, whole
from .lower_nest import collapse, copy_launch, views_launch
from .nest import Node
from .scalars import BFLOAT16, FLOAT16
from .symbols import minimum, nearby

_FLOAT32 = np.dtype(np.float32)
_ELEMENTS = {
    _FLOAT32: "float",
    np.dtype(np.float64): "double",
    np.dtype(np.int32): "i32",
    np.dtype(np.int64): "i64",
}
_NARROW = (FLOAT16, BFLOAT16)
DTYPES = (*_ELEMENTS, *_NARROW)
"""What there are products of; the narrow floats are multiplied and added as float32."""

_ALONE = 64 << 10  # multiply-adds that one thread does sooner than it could ask others
_DEEP = 8  # how much longer than the other sides K must be to be cut
_PARTIAL_BYTES = 1 << 20  # what partial sums may take, all together
_STREAMED = 16  # rows of a large B at a time, where each is read once: they pass side by side
_PACKING = 4  # multiply-adds in whose time an element is packed, all lanes alike
_VECTOR_BYTES = 256  # of the result of a matrix times a vector, the least for a part
_VECTOR_ROWS = 64  # of a matrix times a vector, enough for a part


def matmul(
    a: View, b: View, out: View, target: Target, threads: int, *, accumulate: bool = False,
    alpha: float = 1.0,
) -> list[Launch]:  # fmt: skip
    """The launches of `out = alpha * a @ b`, or of adding that to `out`, for two matrices."""
    return batch_matmul(a, b, out, target, threads, accumulate=accumulate, alpha=alpha)


def batch_matmul(
    a: View, b: View, out: View, target: Target, threads: int, *, accumulate: bool = False,
    alpha: float = 1.0,
) -> list[Launch]:  # fmt: skip
    """As `matmul`, for each pair of matrices of leading axes that broadcast to those of `out`."""
    if not out.size:
        return []
    if alpha != 1.0 and out.dtype.kind in "iu":
        raise Unsupported("factors of products of integers")
    planner = _Planner(target, threads, alpha)
    for views in _few_loops(_broadcast(a, out), _broadcast(b, out), out):
        planner.any_layout(*views, accumulate)
    return planner.launches


def _broadcast(x: View, out: View) -> View:
    """A view with the batch axes of the output."""
    batch = out.shape[:-2]
    own = (1,) * (len(out.shape) - len(x.shape)) + x.shape[:-2]
    steps = (0,) * (len(out.shape) - len(x.shape)) + x.strides[:-2]
    strides = tuple(0 if e == 1 else s for e, s in zip(own, steps, strict=True))
    return replace(x, shape=(*batch, *x.shape[-2:]), strides=(*strides, *x.strides[-2:]))


def _few_loops(a: View, b: View, out: View) -> Iterator[tuple[View, View, View]]:
    """The operands with as few batch axes as their strides allow, in groups of batches."""
    views = (a, b, out)
    extents, moved = collapse(out.shape[:-2], [x.strides[:-2] for x in views])
    outer = extents[: max(0, len(extents) - BATCH_LOOPS)]
    for index in np.ndindex(*outer):
        group = []
        for x, steps in zip(views, moved, strict=True):
            offset = x.offset + sum(i * s for i, s in zip(index, steps[: len(outer)], strict=True))
            shape = (*extents[len(outer) :], *x.shape[-2:])
            strides = (*steps[len(outer) :], *x.strides[-2:])
            group.append(replace(x, shape=shape, strides=strides, offset=offset))
        yield group[0], group[1], group[2]


def _swapped(x: View) -> View:
    """Matrices transposed."""
    shape, strides = x.shape, x.strides
    return replace(
        x, shape=(*shape[:-2], *shape[:-3:-1]), strides=(*strides[:-2], *strides[:-3:-1])
    )


def _rows_lie_together(x: View) -> bool:
    return x.shape[-1] == 1 or x.strides[-1] == x.dtype.itemsize


def _columns_lie_together(x: View) -> bool:
    return x.shape[-2] == 1 or x.strides[-2] == x.dtype.itemsize


@dataclass(frozen=True)
class _Side:
    """Something that parts may share: its count, and each one's portion of the work.

    `again` is what every part does for itself nevertheless, `own` what it does for its share.
    """

    name: str
    count: int
    portion: float = 0.0
    again: float = 0.0
    own: float = 0.0

    def time(self, threads: int) -> float:
        """How long the slowest part takes, of the time that one part takes for all."""
        most = -(-self.count // min(threads, self.count))
        share = min(1.0, most * (self.portion or 1 / self.count))
        return share * (1 + self.own) + self.again


@dataclass
class _Planner:
    """Collects the launches of one product."""

    target: Target
    threads: int
    alpha: float

    def __post_init__(self) -> None:
        self.launches: list[Launch] = []

    # -- operands --------------------------------------------------------------------------

    def any_layout(self, a: View, b: View, out: View, add: bool) -> None:
        """Any strides, any dtype."""
        if not a.shape[-1] and add:
            return
        if not a.shape[-1]:
            self.zero(out)
        elif out.dtype == FLOAT16 and not self.target.has_half:
            raise Unsupported("float16 on a processor that cannot convert it")
        elif out.dtype in _NARROW:
            self.through_scratch(a, b, out, _FLOAT32, add)
        elif out.dtype not in _ELEMENTS:
            raise Unsupported(f"products of {out.dtype}")
        elif _rows_lie_together(out):
            self.with_rows(a, b, out, add)
        elif _columns_lie_together(out):
            self.with_rows(_swapped(b), _swapped(a), _swapped(out), add)
        else:
            self.through_scratch(a, b, out, out.dtype, add)

    def through_scratch(self, a: View, b: View, out: View, dtype: np.dtype[Any], add: bool) -> None:
        """A product in memory of its own, of another dtype perhaps, copied to its place."""
        a, b = (x if x.dtype == dtype else self.copied(x, dtype) for x in (a, b))
        result = self.new(out.shape, dtype)
        self.with_rows(a, b, result, False)
        self.sum([result], out, add)

    def copied(self, x: View, dtype: np.dtype[Any]) -> View:
        """A copy whose axes lie in the order of the original's; broadcast ones stay so."""
        own = tuple(1 if s == 0 else e for e, s in zip(x.shape, x.strides, strict=True))
        order = sorted(range(len(own)), key=lambda k: (-abs(x.strides[k]), k))
        place = self.new(tuple(own[k] for k in order), dtype)
        strides = [0] * len(own)
        for k, stride in zip(order, place.strides, strict=True):
            strides[k] = stride
        target = View(place.buffer, dtype, own, tuple(strides))
        self.add(copy_launch(replace(x, shape=own), target, self.target, self.threads))
        kept = tuple(0 if x.strides[k] == 0 else s for k, s in enumerate(strides))
        return replace(target, shape=x.shape, strides=kept)

    def new(self, shape: Shape, dtype: np.dtype[Any]) -> View:
        """Scratch memory."""
        return whole(Buffer("arena", math.prod(shape) * dtype.itemsize), dtype, shape)

    def add(self, launch: Launch) -> None:
        """One launch more."""
        self.launches.append(launch)

    def zero(self, out: View) -> None:
        """Zeros."""
        zero = constant_buffer(np.zeros(1, out.dtype))
        source = View(zero, out.dtype, out.shape, (0,) * len(out.shape))
        self.add(copy_launch(source, out, self.target, self.threads))

    def sum(self, views: Sequence[View], out: View, add: bool) -> None:
        """`out` = or += the sum of views, in this order."""
        dtype = views[0].dtype
        nodes = [Node("load", dtype, str(i)) for i in range(len(views))]
        total = 0
        for i in range(1, len(views)):
            nodes.append(Node("op", dtype, "x + y", (total, i)))
            total = len(nodes) - 1
        loads = [*views]
        if dtype != out.dtype:
            nodes.append(Node("cast", out.dtype, "", (total,)))
            total = len(nodes) - 1
        if add:
            nodes.append(Node("load", out.dtype, str(len(loads))))
            nodes.append(Node("op", out.dtype, "x + y", (len(nodes) - 1, total)))
            total = len(nodes) - 1
            loads.append(out)
        self.add(views_launch(loads, nodes, [(total, out)], self.target, self.threads))

    # -- which kernel ----------------------------------------------------------------------

    def with_rows(self, a: View, b: View, out: View, add: bool) -> None:
        """The rows of `out` are contiguous."""
        is_float = out.dtype in (_FLOAT32, np.float64)
        if is_float and out.shape[-1] == 1:
            self.vector(a, _swapped(b), _swapped(out), add)
        elif is_float and out.shape[-2] == 1:
            self.vector(_swapped(b), a, out, add)
        else:
            self.matrix(a, b, out, add)

    def batches(self, a: View, b: View, out: View) -> tuple[list[Slot], int, Shape]:
        """The slots of the batch, how many products it has, and loops that are left outside."""
        steps = [x.strides[:-2] for x in (a, b, out)]
        extents, moved = collapse(out.shape[:-2], steps)
        missing = max(0, BATCH_LOOPS - len(extents))
        if len(extents) > BATCH_LOOPS:
            raise Unsupported("batches of more than three axes that lie apart")
        slots = [*[1] * missing, *extents]
        for m in moved:
            slots += [*[0] * missing, *m]
        return [*slots], math.prod(extents), tuple(extents)

    def cut(self, a: View, b: View, parts: int) -> tuple[View, View, int]:
        """Operands cut along K, and how long pieces are: a batch of products, partial sums."""
        k = a.shape[-1]
        step = -(-k // parts)
        step = min(k, -(-step // 16) * 16)
        count = -(-k // step)
        return (
            _again(a, count, step * a.strides[-1]),
            _again(b, count, step * b.strides[-2]),
            step,
        )

    def parts_of_k(self, a: View, b: View, out: View) -> int:
        """Into how many partial sums a product is cut: 1 if it has work enough side by side."""
        m, k, n = *a.shape[-2:], b.shape[-1]
        deep = k >= _DEEP * max(m, n) and m * k * n >= 2 * _ALONE
        if n == 1:
            deep = deep and m < _VECTOR_ROWS * self.threads
        fits = out.size * out.dtype.itemsize * self.threads <= _PARTIAL_BYTES
        return self.threads if deep and fits and out.size == m * n else 1

    # -- matrix times vector -----------------------------------------------------------------

    def vector(self, a: View, x: View, y: View, add: bool) -> None:
        """`y = a x`: `x` and `y` are rows."""
        parts = self.parts_of_k(a, _swapped(x), y)
        by_rows = _rows_lie_together(a)
        if not by_rows and not _columns_lie_together(a):
            a = self.together(a)
            by_rows = _rows_lie_together(a)
        if by_rows and not _rows_lie_together(x):
            x = self.contiguous(x)
        if parts > 1:
            a, column, step = self.cut(a, _swapped(x), parts)
            sums = self.new((a.shape[0], 1, y.shape[-1]), y.dtype)
            self.add(self.vector_launch(a, _swapped(column), sums, (by_rows, False, step)))
            self.sum(_layers(sums, y), y, add)
        elif by_rows or _rows_lie_together(y):
            self.add(self.vector_launch(a, x, y, (by_rows, add, 0)))
        else:
            scratch = self.new(y.shape, y.dtype)
            self.add(self.vector_launch(a, x, scratch, (by_rows, False, 0)))
            self.sum([scratch], y, add)

    def together(self, x: View) -> View:
        """A copy whose rows or columns are contiguous."""
        copy = self.copied(x, x.dtype)
        fine = _rows_lie_together(copy) or _columns_lie_together(copy)
        return copy if fine else self.contiguous(x)

    def contiguous(self, x: View) -> View:
        """A copy in row-major order."""
        out = self.new(x.shape, x.dtype)
        self.add(copy_launch(x, out, self.target, self.threads))
        return out

    def vector_launch(self, a: View, x: View, y: View, how: tuple[bool, bool, int]) -> Launch:
        """One launch of a kernel of matrices times vectors."""
        by_rows, add, step = how
        (m, k), size = a.shape[-2:], a.dtype.itemsize
        batch, count, _ = self.batches(a, x, y)
        lines = _Side("rows", max(1, m * size // _VECTOR_BYTES))
        parts, share = self.shares(m * k, count, [lines])
        numbers: dict[str, Slot] = {
            "a": a.address(), "b": x.address(), "c": y.address(), "m": m, "k": k,
            "ars": a.strides[-2], "acs": a.strides[-1], "bs": x.strides[-1],
            "cs": y.strides[-1], "alpha": self.alpha, "add": int(add), "share": share,
            "block": max(1, self.target.l1 // 4 // self.target.vector_bytes)
            * lanes(self.target, _ELEMENTS[a.dtype]),
            "k_step": step, "batch": count,
        }  # fmt: skip
        element, target = _ELEMENTS[a.dtype], self.target
        return Launch(
            gemv_code.key(element, by_rows),
            lambda: gemv_code.emit(element, by_rows, target),
            [*numbers.values(), *batch],
            parts,
            (a.buffer, x.buffer, *((y.buffer,) if add else ())),
            (y.buffer,),
            flops=2.0 * count * m * k,
        )

    def shares(self, work: int, batch: int, sides: Sequence[_Side]) -> tuple[int, int]:
        """In how many parts a launch runs, and what they share: what makes the slowest fastest.

        `work` is the multiply-adds of one product, `batch` how many products there are.
        """
        if self.threads == 1 or work * batch < _ALONE:
            return 1, SHARE["batch"]
        ways = [_Side("batch", batch), *sides]
        about = [replace(side, count=nearby(side.count)).time(self.threads) for side in ways]
        best = ways[about.index(min(about))]
        return minimum(self.threads, best.count), SHARE[best.name]

    # -- matrix times matrix -----------------------------------------------------------------

    def matrix(self, a: View, b: View, out: View, add: bool) -> None:
        """Neither side has one row or column alone."""
        if not _rows_lie_together(b) and not _columns_lie_together(b):
            b = self.together(b)
        a, b, out = _merged(a, b, out)
        parts = self.parts_of_k(a, b, out)
        if parts > 1:
            first, second, step = self.cut(_matrix(a), _matrix(b), parts)
            sums = self.new((first.shape[0], *out.shape[-2:]), out.dtype)
            self.add(self.matrix_launch(first, second, sums, False, step))
            self.sum(_layers(sums, out), out, add)
        else:
            self.add(self.matrix_launch(a, b, out, add, 0))

    def matrix_launch(self, a: View, b: View, out: View, add: bool, step: int) -> Launch:
        """One launch of a driver."""
        target, element = self.target, _ELEMENTS[out.dtype]
        (m, k), n, size = a.shape[-2:], out.shape[-1], SIZES[element]
        rows, vectors = tile(target)
        width = vectors * lanes(target, element)
        kind = self.kind(a, b, out)
        batch, count, _ = self.batches(a, b, out)
        a_again, b_again = (_PACKING * on for on in (kind.pack_a, kind.pack_b != "none"))
        about_m, about_n = nearby(m), nearby(n)
        sides = [
            _Side("columns", -(-n // width), width / about_n, a_again / about_n, b_again / about_m),
            _Side("rows", -(-m // rows), rows / about_m, b_again / about_m, a_again / about_n),
        ]
        parts, share = self.shares(m * k * n, count, sides)
        blocks = _Blocks(target, kind, (m, step or k, n), (rows, width))
        sb = Buffer("arena", parts * blocks.packed_b) if kind.pack_b != "none" else None
        sa = Buffer("arena", parts * blocks.packed_a) if kind.pack_a else None
        numbers: dict[str, Slot] = {
            "a": a.address(), "b": b.address(), "c": out.address(), "m": m, "n": n, "k": k,
            "ars": a.strides[-2], "acs": a.strides[-1], "brs": b.strides[-2],
            "bcs": b.strides[-1], "crs": out.strides[-2], "alpha": self.alpha, "add": int(add),
            "share": share, "depth": blocks.depth, "columns": blocks.columns,
            "rows": blocks.rows, "sb": _at(sb), "sb_size": blocks.packed_b, "sa": _at(sa),
            "sa_size": blocks.packed_a, "k_step": step, "batch": count,
        }  # fmt: skip
        assert size == out.dtype.itemsize
        return Launch(
            kind.key,
            lambda: gemm_code.emit(kind, target),
            [*numbers.values(), *batch, *table(target, element)],
            parts,
            (a.buffer, b.buffer, *((out.buffer,) if add else ())),
            tuple(x for x in (out.buffer, sb, sa) if x is not None),
            flops=2.0 * count * m * n * k,
        )

    def kind(self, a: View, b: View, out: View) -> Kind:
        """What is packed."""
        element = _ELEMENTS[out.dtype]
        (m, k), n = a.shape[-2:], out.shape[-1]
        rows, vectors = tile(self.target)
        width = vectors * lanes(self.target, element)
        size = out.dtype.itemsize
        if not _rows_lie_together(b):
            pack_b = "columns"
        else:
            near = n <= width and 0 < b.strides[-2] <= 2 * width * size
            near = near and (self.target.vector_bytes >= 32 or n * size % 16 == 0)
            pack_b = "none" if m <= rows or near else "rows"
        beside = a.strides[-1] == size or k == 1
        pack_a = not beside and m > rows and (n > width or k * a.strides[-1] > self.target.l1)
        return Kind(element, pack_b, pack_a)


class _Blocks:
    """The sizes of blocks, and what packing them takes."""

    def __init__(
        self, target: Target, kind: Kind, extents: tuple[int, int, int], tile: tuple[int, int]
    ) -> None:
        m, k, n = extents
        band, width = tile
        size, panels = SIZES[kind.element], -(-n // width)
        # A panel of B may be larger than the first cache: it streams from the second one.
        deepest = max(32, target.l1 * 3 // 2 // (width * size))
        if kind.pack_b == "none" and k * n * size > target.l2 // 2:
            deepest = _STREAMED
        self.depth = -(-k // -(-k // deepest))
        panel = self.depth * width * size
        wide = minimum(panels, max(1, target.l2 * 5 // 8 // panel))
        self.columns = wide * width
        margin = target.vector_bytes // size * width * size  # squares reach beyond the last row
        self.packed_b = wide * panel + margin
        most = max(1, target.l2 // 8 // (self.depth * size * band))
        self.rows = band * minimum(-(-m // band), most)
        self.packed_a = self.rows * self.depth * size


def _again(x: View, count: int, step: int) -> View:
    """A matrix so many times, each time a step further."""
    return replace(x, shape=(count, *x.shape[-2:]), strides=(step, *x.strides[-2:]))


def _merged(a: View, b: View, out: View) -> tuple[View, View, View]:
    """Batches of products with one B as one product with more rows, where A and C allow it."""
    while len(out.shape) > 2:
        count, m = out.shape[-3:-1]
        shared = b.strides[-3] == 0 and all(x.strides[-3] == m * x.strides[-2] for x in (a, out))
        if count != 1 and not shared:
            break
        rows = count * m
        stride = -2 if count == 1 or m > 1 else -3
        a, out = (
            replace(
                x,
                shape=(*x.shape[:-3], rows, x.shape[-1]),
                strides=(*x.strides[:-3], x.strides[stride], x.strides[-1]),
            )
            for x in (a, out)
        )
        b = replace(
            b, shape=(*b.shape[:-3], *b.shape[-2:]), strides=(*b.strides[:-3], *b.strides[-2:])
        )
    return a, b, out


def _layers(sums: View, out: View) -> list[View]:
    """The partial sums, each as a view of the output's shape."""
    step = sums.strides[0]
    strides = (0,) * (len(out.shape) - 2) + sums.strides[1:]
    return [
        View(sums.buffer, sums.dtype, out.shape, strides, i * step) for i in range(sums.shape[0])
    ]


def _matrix(x: View) -> View:
    """A batch of one as a matrix."""
    return replace(x, shape=x.shape[-2:], strides=x.strides[-2:])


def _at(buffer: Buffer | None) -> Slot:
    return 0 if buffer is None else Address(buffer)
