"""The microkernel of matrix products: a tile of C in registers, one step of K at a time.

`C[rows x vectors * W] (+)= alpha * A[rows x K] B[K x vectors * W]`: A by any two strides, one by
one; B and C with elements of a row side by side. The last vector is masked to the columns that
exist. The function's parameters are a, b, c, K, A's row and column stride, B's row stride, C's row
stride (bytes), columns in the last vector, how many of B may be read there, whether to add to C,
alpha, and how many such products are added up: A of the next one begins a step further, B where
the last one ended (a batch-reduce product). Elements are float, double, i32 or i64; integers have
no alpha.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from .host import Target
from .ir import Emitter, Value, element_of, lanes_of, vector
from .jit import Library, library_of
from .threads import native
from .vectors import masked_load, masked_store, tail_mask

SIZES = {"float": 4, "double": 8, "i32": 4, "i64": 8}
"""Bytes of the elements that microkernels are made for."""
_PARAMETERS = (
    "ptr %a, ptr %b, ptr %c, i64 %k, i64 %ars, i64 %acs, i64 %brs, i64 %crs, i64 %last, "
    "i64 %readable, i64 %add, double %alpha, i64 %batches, i64 %batch"
)
_LINE = 64
_ROWS_A_BASE = 3  # rows addressed from one pointer: base, base + stride, base + 2 strides


def tile(target: Target) -> tuple[int, int]:
    """Rows and vectors of the largest tile that the registers hold."""
    if target.registers >= 32:
        return 8, 3
    return (4, 3) if target.has_fma else (4, 2)  # a product of its own needs a register


def row_counts(target: Target) -> list[int]:
    """The row counts that kernels are made for: others are put together from them."""
    out, rows = [], tile(target)[0]
    while rows:
        out.append(rows)
        rows //= 2
    return out


def lanes(target: Target, element: str) -> int:
    """Elements of a vector."""
    return target.vector_bytes // SIZES[element]


def emit_micro(target: Target, element: str, rows: int, vectors: int) -> Emitter:
    """One microkernel."""
    e = Emitter(target)
    kind = vector(element, lanes(target, element))
    _Micro(e, kind, rows, vectors).write()
    return e


def emit_table(target: Target, element: str) -> str:
    """The module of all microkernels: `@kernel` writes their addresses to where it is told."""
    table, outside = Emitter(target), dict[str, None]()
    functions: list[str] = []
    for rows in row_counts(target):
        for vectors in range(1, tile(target)[1] + 1):
            micro = emit_micro(target, element, rows, vectors)
            outside |= micro.outside
            micro.outside = {}
            name = f"@micro{len(functions)}"
            at = table.offset(table.args, 8 * len(functions))
            table.store(Value("ptr", name), at)
            text = micro.text(_PARAMETERS).replace("@kernel(", f"{name}(")
            functions.append(text.replace("define i64", "define internal i64"))
    return "\n".join([*outside, *functions, table.text()])


MICRO_TYPE = "i64 (ptr, ptr, ptr, i64, i64, i64, i64, i64, i64, i64, i64, double, i64, i64)"


def table(target: Target, element: str) -> list[int]:
    """The addresses of all microkernels, by rows, then by vectors: slots of argument blocks."""
    return _table(library_of(target), target, element)


@cache
def _table(library: Library, target: Target, element: str) -> list[int]:
    key = f"gemm micros|{element}"
    address = library.function(key, lambda: emit_table(target, element))
    places = (ctypes.c_int64 * (len(row_counts(target)) * tile(target)[1]))()
    native(address)(ctypes.addressof(places), 0, 1)
    return list(places)


_ONE, _ZERO = Value("i64", "1"), Value("i64", "0")
_UNSCALED = Value("double", "1.0")


@dataclass(frozen=True)
class Tiles:
    """One band of a product as the code of a driver sees it: strides in bytes."""

    a: Value
    ars: Value
    acs: Value
    b: Value
    brs: Value
    c: Value
    crs: Value
    depth: Value
    add: Value
    batches: Value = _ONE
    batch: Value = _ZERO
    alpha: Value = _UNSCALED
    padded: bool = False
    """Whether B's rows may be read up to a whole number of vectors."""


class TileWriter:
    """Writes calls of microkernels, whose addresses stand from slot `table` on."""

    def __init__(self, e: Emitter, target: Target, element: str, table: int) -> None:
        self.e, self.target, self.table = e, target, table
        self.rows, self.vectors = tile(target)
        self.lanes = lanes(target, element)
        self.size = SIZES[element]
        self.width = self.vectors * self.lanes

    def write(
        self, t: Tiles, rows: Value, columns: Value, place: Callable[[Value], Value] | None = None
    ) -> None:
        """So many rows by at most one panel's columns. `place` tells where a row of A begins."""
        e = self.e
        count = e.bin("udiv", e.bin("add", columns, self.lanes - 1), self.lanes)
        before = e.bin("mul", e.bin("add", count, -1), self.lanes)
        last = e.bin("sub", columns, before)
        readable = Value("i64", str(self.lanes)) if t.padded else last
        done = Value("i64", "0")
        for index, tile_rows in enumerate(row_counts(self.target)):
            left = e.bin("sub", rows, done)
            full = e.bin("sub", rows, e.bin("urem", left, tile_rows))
            which = e.bin("add", count, self.table - 1 + index * self.vectors)
            micro = e.load("ptr", e.offset(e.args, e.bin("mul", which, 8)))
            with e.loop(done, full, tile_rows) as i:
                a = place(i) if place else e.offset(t.a, e.bin("mul", i, t.ars))
                c = e.offset(t.c, e.bin("mul", i, t.crs))
                values = [a, t.b, c, t.depth, t.ars, t.acs, t.brs, t.crs, last, readable, t.add]
                values += [t.alpha, t.batches, t.batch]
                e.op(f"call {MICRO_TYPE} {micro.name}({', '.join(map(str, values))})", "i64")
            done = full


def multiply_add(e: Emitter, a: Value, b: Value, c: Value) -> Value:
    """`a * b + c`, in one rounding where the processor can."""
    if element_of(a.type) not in ("float", "double"):
        return e.bin("add", e.bin("mul", a, b), c)
    if e.target.has_fma:
        return e.unary_intrinsic("fma", a, b, c)
    return e.bin("fadd", e.bin("fmul", a, b), c)


class _Micro:
    def __init__(self, e: Emitter, kind: str, rows: int, vectors: int) -> None:
        self.e, self.kind, self.rows, self.vectors = e, kind, rows, vectors
        self.lanes, self.element = lanes_of(kind), element_of(kind)
        self.is_float = self.element in ("float", "double")
        self.bytes = self.lanes * SIZES[self.element]
        self.mask = tail_mask(e, Value("i64", "%last"), self.lanes)

    def write(self) -> None:
        """The whole kernel."""
        e, zero = self.e, self.e.const(self.kind, 0)
        sums = [
            [e.variable(self.kind, zero) for _ in range(self.vectors)] for _ in range(self.rows)
        ]
        self.prefetch()
        if e.target.has_masks:
            self.products(sums, True)
        else:  # masks cost: a tile without one goes without
            whole = e.compare("icmp eq", Value("i64", "%readable"), self.lanes)
            with e.when(whole):
                self.products(sums, False)
            with e.when(e.negate(whole)):
                self.products(sums, True)
        if self.is_float:
            self.scale(sums)
        self.finish(sums)

    def prefetch(self) -> None:
        """Asks for the tile of C, which is needed at the end."""
        e, row = self.e, Value("ptr", "%c")
        e.declare("declare void @llvm.prefetch.p0(ptr, i32, i32, i32)")
        for _ in range(self.rows):
            for by in range(0, self.vectors * self.bytes, _LINE):
                e.add(f"call void @llvm.prefetch.p0({e.offset(row, by)}, i32 1, i32 3, i32 1)")
            row = e.offset(row, Value("i64", "%crs"))

    def products(self, sums: list[list[Value]], masked: bool) -> None:
        """Adds up all products."""
        e = self.e
        rows = range(0, self.rows, _ROWS_A_BASE)
        bases = [e.variable("ptr") for _ in rows]
        b = e.variable("ptr", Value("ptr", "%b"))
        with e.loop(0, Value("i64", "%batches")) as n:
            first = e.offset(Value("ptr", "%a"), e.bin("mul", n, Value("i64", "%batch")))
            for place, row in zip(bases, rows, strict=True):
                base = e.offset(first, e.bin("mul", Value("i64", "%ars"), row))
                # LLVM would make one pointer of all: a chain of additions longer than the step.
                e.set(place, e.op(f'call ptr asm "", "=r,0"({base})', "ptr"))
            with e.loop(0, Value("i64", "%k")):
                self.step(sums, bases, b, masked)

    def step(self, sums: list[list[Value]], bases: list[Value], b: Value, masked: bool) -> None:
        """One step of K."""
        e = self.e
        at = e.get(b, "ptr")
        row = [self.load(at, v, masked) for v in range(self.vectors)]
        e.set(b, e.offset(at, Value("i64", "%brs")))
        for g, place in enumerate(bases):
            base = e.get(place, "ptr")
            for k in range(min(_ROWS_A_BASE, self.rows - g * _ROWS_A_BASE)):
                at = base if k == 0 else e.offset(base, e.bin("mul", Value("i64", "%ars"), k))
                x = e.splat(e.load(self.element, at), self.lanes)
                for v in range(self.vectors):
                    total = sums[g * _ROWS_A_BASE + k][v]
                    e.set(total, self.fma(x, row[v], e.get(total, self.kind)))
            e.set(place, e.offset(base, Value("i64", "%acs")))

    def fma(self, a: Value, b: Value, c: Value) -> Value:
        """`a * b + c`."""
        return multiply_add(self.e, a, b, c)

    def load(self, at: Value, v: int, masked: bool = True) -> Value:
        """A vector of a row, the last one masked."""
        e = self.e
        place = e.offset(at, v * self.bytes)
        if v < self.vectors - 1 or not masked:
            return e.load(self.kind, place)
        return masked_load(e, self.kind, place, self.mask)

    def scale(self, sums: list[list[Value]]) -> None:
        """Multiplies the tile by alpha."""
        e, alpha = self.e, Value("double", "%alpha")
        with e.when(e.compare("fcmp une", alpha, 1.0)):
            factor = e.convert("fptrunc", alpha, self.element)
            factor = e.splat(factor, self.lanes)
            for place in (x for row in sums for x in row):
                e.set(place, e.bin("fmul", e.get(place, self.kind), factor))

    def finish(self, sums: list[list[Value]]) -> None:
        """Writes the tile, or adds it to what is there."""
        e = self.e
        adding = e.compare("icmp ne", Value("i64", "%add"), 0)
        with e.when(adding):
            self.each(sums, True)
        with e.when(e.negate(adding)):
            self.each(sums, False)

    def each(self, sums: list[list[Value]], adding: bool) -> None:
        e = self.e
        row = Value("ptr", "%c")
        for r in range(self.rows):
            for v in range(self.vectors):
                x = e.get(sums[r][v], self.kind)
                if adding:
                    x = e.bin("fadd" if self.is_float else "add", x, self.load(row, v))
                at = e.offset(row, v * self.bytes)
                if v < self.vectors - 1:
                    e.store(x, at)
                else:
                    masked_store(e, x, at, self.mask)
            row = e.offset(row, Value("i64", "%crs"))
