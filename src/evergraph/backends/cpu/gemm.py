"""Matrix products: how they are cut into tiles, packed and shared among threads.

Each part computes a share of C's columns (or rows, where those are few). For a block of K it packs
some panels of B, a few vectors wide: one after another stays in the first cache while the rows of A
pass. A is read where it lies, unless its rows are side by side (a transposed A): then a block of it
is packed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from .gemm_kernel import Tiles, TileWriter, lanes, table, tile
from .host import Target
from .ir import Emitter, Value, vector
from .layout import Address, Buffer, Launch, Slot, View
from .lower_nest import copy_launch
from .vectors import masked_load, tail_mask, transposed

_ELEMENTS = {np.dtype(np.float32): "float", np.dtype(np.float64): "double"}
_ALONE = 64 << 10  # multiply-adds that one thread does sooner than it could ask others
_ROW_BLOCK = 512
_STREAMED = 16  # rows of a large B at a time, where each is read once: they pass side by side
_PANELS = 10  # packed at a time: they stay in the second cache


@dataclass(frozen=True)
class _Kind:
    """What distinguishes the code of one driver from another's."""

    element: str
    pack_b: str
    """`rows`: B's rows are contiguous; `columns`: its columns; `none`: it is used where it lies."""
    pack_a: bool

    @property
    def key(self) -> str:
        return f"gemm|{self.element}|{self.pack_b}|{self.pack_a}"


# Slots of a driver's argument block.
(
    _A,
    _B,
    _C,
    _M,
    _N,
    _K,
    _ARS,
    _ACS,
    _BRS,
    _BCS,
    _CRS,
    _KC,
    _BY_ROWS,
    _SB,
    _SBSIZE,
    _SA,
    _SASIZE,
    _ROWS,
) = range(18)
_TABLE = 18


def matmul(a: View, b: View, out: View, target: Target, threads: int) -> list[Launch]:
    """The launches of `out = a @ b` for matrices of float32 or float64, of any strides."""
    if not out.size:
        return []
    if not a.shape[1]:
        zero = Buffer("constant", out.dtype.itemsize, np.zeros(1, out.dtype))
        return [copy_launch(View(zero, out.dtype, out.shape, (0, 0)), out, target, threads)]
    before: list[Launch] = []
    size = out.dtype.itemsize
    if size not in b.strides and b.shape[0] > 1 and b.shape[1] > 1:
        b, launch = _copied(b, target, threads)
        before.append(launch)
    return [*before, _launch(a, b, out, target, threads)]


def _copied(x: View, target: Target, threads: int) -> tuple[View, Launch]:
    rows, columns = x.shape
    buffer = Buffer("arena", x.size * x.dtype.itemsize)
    strides = (columns * x.dtype.itemsize, x.dtype.itemsize)
    out = View(buffer, x.dtype, (rows, columns), strides)
    return out, copy_launch(x, out, target, threads)


def _launch(a: View, b: View, out: View, target: Target, threads: int) -> Launch:
    (m, k), n = a.shape, b.shape[1]
    size = out.dtype.itemsize
    element = _ELEMENTS[out.dtype]
    rows, vectors = tile(target)
    width = vectors * lanes(target, element)
    contiguous = b.strides[1] == size or n == 1
    pack_b = ("none" if m <= rows else "rows") if contiguous else "columns"
    pack_a = a.strides[1] != size and k > 1 and m > rows and n > width
    kind = _Kind(element, pack_b, pack_a)
    parts, by_rows = _shares(m, n, k, rows, width, threads)
    # A panel of B may be larger than the first cache: it streams from the second one.
    deepest = max(32, (target.l1 * 3 // 2) // (width * size))
    if pack_b == "none" and k * n * size > target.l2 // 2:
        deepest = _STREAMED
    depth = math.ceil(k / math.ceil(k / deepest))
    panels = math.ceil(n / width)
    own = panels if by_rows else math.ceil(panels / parts) + 1  # of a part
    packed = depth * width * size * min(own, _PANELS)
    sb = Buffer("arena", parts * packed) if pack_b != "none" else None
    block = rows * min(math.ceil(m / rows), max(1, target.l2 // 3 // (depth * size * rows)))
    if not pack_a:
        block = max(block, _ROW_BLOCK)
    sa = Buffer("arena", parts * block * depth * size) if pack_a else None
    slots: list[Slot] = [
        a.address(), b.address(), out.address(), m, n, k, *a.strides, *b.strides, out.strides[0],
        depth, int(by_rows), _at(sb), packed, _at(sa), block * depth * size, block,
        *table(target, element),
    ]  # fmt: skip
    assert len(slots) == _TABLE + len(table(target, element))
    writes = tuple(x for x in (out.buffer, sb, sa) if x is not None)
    return Launch(
        kind.key, lambda: _emit(kind, target), slots, parts, (a.buffer, b.buffer), writes,
        flops=2.0 * m * n * k,
    )  # fmt: skip


def _at(buffer: Buffer | None) -> Slot:
    return 0 if buffer is None else Address(buffer)


def _shares(m: int, n: int, k: int, rows: int, width: int, threads: int) -> tuple[int, bool]:
    """In how many parts, and whether these share the rows rather than the columns."""
    if m * n * k < _ALONE or threads == 1:
        return 1, False
    panels, bands = -(-n // width), -(-m // rows)
    if panels >= 2 * threads or panels >= bands:
        return min(threads, panels), False
    return min(threads, bands), True


def _emit(kind: _Kind, target: Target) -> str:
    e = Emitter(target)
    _Driver(e, kind, target).write()
    return e.text()


class _Driver:
    """The code of one part of a product."""

    def __init__(self, e: Emitter, kind: _Kind, target: Target) -> None:
        self.e, self.kind, self.target = e, kind, target
        self.rows, self.vectors = tile(target)
        self.lanes = lanes(target, kind.element)
        self.size = 4 if kind.element == "float" else 8
        self.width = self.vectors * self.lanes
        self.tiles = TileWriter(e, target, kind.element, _TABLE)
        (self.a, self.b, self.c) = (e.pointer(i) for i in (_A, _B, _C))
        self.m, self.n, self.k = (e.slot(i) for i in (_M, _N, _K))
        self.ars, self.acs, self.brs, self.bcs, self.crs = (
            e.slot(i) for i in range(_ARS, _CRS + 1)
        )
        self.depth, self.block = e.slot(_KC), e.slot(_ROWS)
        self.sb = e.offset(e.pointer(_SB), e.bin("mul", e.part, e.slot(_SBSIZE)))
        self.sa = e.offset(e.pointer(_SA), e.bin("mul", e.part, e.slot(_SASIZE)))

    def times(self, a: Value, b: Value | int) -> Value:
        return self.e.bin("mul", a, b)

    def plus(self, a: Value, b: Value | int) -> Value:
        return self.e.bin("add", a, b)

    def minus(self, a: Value, b: Value) -> Value:
        return self.e.bin("sub", a, b)

    def at(self, base: Value, *steps: tuple[Value, Value | int]) -> Value:
        """An address some strides further."""
        for index, stride in steps:
            base = self.e.offset(base, self.times(index, stride))
        return base

    def bounds(self) -> tuple[Value, Value, Value, Value]:
        """The rows and columns of this part, in whole tiles."""
        e = self.e
        by_rows = e.compare("icmp ne", e.slot(_BY_ROWS), 0)
        zero = Value("i64", "0")
        bands = e.bin("udiv", self.plus(self.m, self.rows - 1), self.rows)
        panels = e.bin("udiv", self.plus(self.n, self.width - 1), self.width)
        r0, r1 = (self.times(x, self.rows) for x in e.share(bands))
        c0, c1 = (self.times(x, self.width) for x in e.share(panels))
        return (
            e.select(by_rows, r0, zero),
            e.select(by_rows, e.minimum(r1, self.m), self.m),
            e.select(by_rows, zero, c0),
            e.select(by_rows, self.n, e.minimum(c1, self.n)),
        )

    def write(self) -> None:
        """Blocks of K, of columns, of rows; panels of columns, tiles."""
        e = self.e
        r0, r1, c0, c1 = self.bounds()
        wide = Value("i64", str(_PANELS * self.width))
        with e.loop(0, self.k, self.depth) as k0:
            kc = e.minimum(self.depth, self.minus(self.k, k0))
            add = e.convert("zext", e.compare("icmp ne", k0, 0), "i64")
            with e.loop(c0, c1, wide) as j0:
                stop = e.minimum(self.plus(j0, wide), c1)
                if self.kind.pack_b != "none":
                    self.pack_b((j0, stop), k0, kc)
                with e.loop(r0, r1, self.block) as i0:
                    mc = e.minimum(self.block, self.minus(r1, i0))
                    a = self.at(self.a, (i0, self.ars), (k0, self.acs))
                    if self.kind.pack_a:
                        self.pack_a(a, mc, kc)
                    with e.loop(j0, stop, self.width) as j:
                        c = self.at(self.c, (i0, self.crs), (j, self.size))
                        self.panel(a, (k0, j0, j), c, (mc, self.minus(stop, j), kc), add)

    def pack_b(self, columns: tuple[Value, Value], k0: Value, kc: Value) -> None:
        """Copies a block of B to panels, one after another."""
        e = self.e
        j0, stop = columns
        if self.kind.pack_b == "rows":
            self.pack_rows(
                self.at(self.b, (k0, self.brs), (j0, self.size)), self.minus(stop, j0), kc
            )
            return
        with e.loop(j0, stop, self.width) as j:
            nc = e.minimum(Value("i64", str(self.width)), self.minus(stop, j))
            self.pack_columns(
                self.at(self.b, (k0, self.brs), (j, self.bcs)), self.panel_place(j0, j, kc), nc, kc
            )

    def panel_place(self, j0: Value, j: Value, kc: Value) -> Value:
        """Where the packed panel of a column is."""
        return self.at(self.sb, (self.minus(j, j0), self.times(kc, self.size)))

    def panel(
        self, a: Value, where: tuple[Value, Value, Value], c: Value,
        extents: tuple[Value, Value, Value], add: Value,
    ) -> None:  # fmt: skip
        """All rows of a block times one panel of B."""
        e = self.e
        (k0, j0, j), (mc, left, kc) = where, extents
        nc = e.minimum(Value("i64", str(self.width)), left)
        if self.kind.pack_b == "none":
            b, brs = self.at(self.b, (k0, self.brs), (j, self.bcs)), self.brs
        else:
            b, brs = self.panel_place(j0, j, kc), Value("i64", str(self.width * self.size))
        place = None
        ars, acs = self.ars, self.acs
        if self.kind.pack_a:
            place = partial(self.packed_row, kc)
            ars, acs = (Value("i64", str(x * self.size)) for x in (1, self.rows))
        self.tiles.write(Tiles(a, ars, acs, b, brs, c, self.crs, kc, add), mc, nc, place)

    def packed_row(self, kc: Value, i: Value) -> Value:
        """Where a row of packed A begins: bands of the largest tile's rows, each K-major."""
        e = self.e
        band, inside = e.bin("udiv", i, self.rows), e.bin("urem", i, self.rows)
        wide = self.times(kc, self.rows * self.size)
        return self.at(self.sa, (band, wide), (inside, self.size))

    def pack_a(self, a: Value, mc: Value, kc: Value) -> None:
        """Copies a block of A to bands of rows, K-major."""
        e = self.e
        with e.loop(0, mc, self.rows) as i:
            count = e.minimum(Value("i64", str(self.rows)), self.minus(mc, i))
            band = self.at(
                self.sa, (e.bin("udiv", i, self.rows), self.times(kc, self.rows * self.size))
            )
            source = self.at(a, (i, self.ars))
            beside = e.compare("icmp eq", self.ars, self.size)
            whole = e.bin("and", beside, e.compare("icmp eq", count, self.rows))
            kind = vector(self.kind.element, self.rows)
            with e.when(whole), e.loop(0, kc) as k:
                x = e.load(kind, self.at(source, (k, self.acs)))
                e.store(x, self.at(band, (k, self.rows * self.size)))
            with e.when(e.negate(whole)), e.loop(0, kc) as k, e.loop(0, count) as r:
                x = e.load(self.kind.element, self.at(source, (k, self.acs), (r, self.ars)))
                e.store(x, self.at(band, (k, self.rows * self.size), (r, self.size)))

    def pack_rows(self, b: Value, nc: Value, kc: Value) -> None:
        """Copies a block of B whose rows are contiguous, row by row; what is beyond it is zero."""
        e = self.e
        kind = vector(self.kind.element, self.lanes)
        panel_step = self.times(kc, self.width * self.size)
        full = e.bin("udiv", nc, self.width)
        left = self.minus(nc, self.times(full, self.width))
        masks = [self.mask(left, v) for v in range(self.vectors)]
        ragged = e.compare("icmp ne", left, 0)
        with e.loop(0, kc) as k:
            source = self.at(b, (k, self.brs))
            target = self.at(self.sb, (k, self.width * self.size))
            with e.loop(0, full) as panel:
                here = self.at(source, (panel, self.width * self.size))
                there = self.at(target, (panel, panel_step))
                for by in self.vector_offsets():
                    e.store(e.load(kind, e.offset(here, by)), e.offset(there, by))
            with e.when(ragged):
                here = self.at(source, (full, self.width * self.size))
                there = self.at(target, (full, panel_step))
                for mask, by in zip(masks, self.vector_offsets(), strict=True):
                    e.store(masked_load(e, kind, e.offset(here, by), mask), e.offset(there, by))

    def vector_offsets(self) -> list[int]:
        """Where the vectors of a panel's row begin."""
        return [v * self.lanes * self.size for v in range(self.vectors)]

    def mask(self, nc: Value, v: int) -> Value:
        """Which lanes of a panel's vector are columns that exist."""
        e = self.e
        left = self.plus(nc, -v * self.lanes)
        zero = Value("i64", "0")
        return tail_mask(e, e.select(e.compare("icmp sgt", left, 0), left, zero), self.lanes)

    def pack_columns(self, b: Value, place: Value, nc: Value, kc: Value) -> None:
        """Copies a panel of B whose columns are contiguous, in squares that are transposed."""
        e, w = self.e, self.lanes
        kind = vector(self.kind.element, w)
        squares = self.minus(kc, e.bin("urem", kc, w))
        groups = e.bin("udiv", nc, w)
        with e.loop(0, groups) as g:
            j = self.times(g, w)
            with e.loop(0, squares, w) as k:
                source = self.at(b, (k, self.brs), (j, self.bcs))
                rows = [e.load(kind, e.offset(source, self.times(self.bcs, i))) for i in range(w)]
                target = self.at(place, (k, self.width * self.size), (j, self.size))
                for i, x in enumerate(transposed(e, rows)):
                    e.store(x, e.offset(target, i * self.width * self.size))
            self.pack_elements(b, place, (j, self.plus(j, w)), (squares, kc))
        self.pack_elements(b, place, (self.times(groups, w), nc), (Value("i64", "0"), kc))

    def pack_elements(
        self, b: Value, place: Value, columns: tuple[Value, Value], rows: tuple[Value, Value]
    ) -> None:
        """Copies what is left, element by element."""
        e = self.e
        with e.loop(*columns) as j, e.loop(*rows) as k:
            x = e.load(self.kind.element, self.at(b, (k, self.brs), (j, self.bcs)))
            e.store(x, self.at(place, (k, self.width * self.size), (j, self.size)))
