"""The microkernel of convolutions: sums of products whose factors lie at the sum of two offsets.

`C[i] (+)= sum over k of A(base + held[i] + stream[k]) * B[k]` for the rows i of a tile in
registers. Forward the held offsets are those of windows and the stream goes over taps and
channels; for the filter's gradient the held ones are those of taps and channels and the stream
goes over windows. So one kernel serves every stride, dilation and padding. An entry of the stream
stands for `unroll` consecutive elements. Depthwise convolutions multiply vectors of channels
instead of one element by a row of B.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache

from .gemm_kernel import SIZES, lanes, multiply_add
from .host import Target
from .ir import Emitter, Value, vector
from .jit import Library, library_of
from .threads import native
from .vectors import masked_load, masked_store, tail_mask

_PARAMETERS = (
    "ptr noalias %a, ptr noalias %b, ptr noalias %c, ptr noalias %held, ptr noalias %places, "
    "ptr noalias %stream, i64 %k, i64 %brs, i64 %last, i64 %add"
)
MICRO_TYPE = "i64 (ptr, ptr, ptr, ptr, ptr, ptr, i64, i64, i64, i64)"


@dataclass(frozen=True)
class Micro:
    """What distinguishes one family of microkernels from another: there is one a vector count."""

    element: str
    rows: int
    unroll: int
    depthwise: bool

    @property
    def key(self) -> str:
        """The family's name."""
        return f"{self.element}|{self.rows}|{self.unroll}|{self.depthwise}"


def most_vectors(target: Target) -> int:
    """The vectors of the widest tile."""
    return 3 if target.registers >= 32 else 2


def most_rows(target: Target) -> int:
    """The rows of a tile."""
    return 8 if target.registers >= 32 else 6 if target.has_fma else 4


def table(target: Target, micro: Micro) -> list[int]:
    """The addresses of a family's microkernels, for one vector and more."""
    return _table(library_of(target), target, micro)


@cache
def _table(library: Library, target: Target, micro: Micro) -> list[int]:
    address = library.function(f"conv micros|{micro.key}", lambda: _emit_table(target, micro))
    places = (ctypes.c_int64 * most_vectors(target))()
    native(address)(ctypes.addressof(places), 0, 1)
    return list(places)


def _emit_table(target: Target, micro: Micro) -> str:
    """The module of a family: `@kernel` writes the addresses to where it is told."""
    table, outside = Emitter(target), dict[str, None]()
    functions: list[str] = []
    for vectors in range(1, most_vectors(target) + 1):
        e = Emitter(target)
        _Writer(e, micro, vectors).write()
        outside |= e.outside
        e.outside = {}
        name = f"@micro{len(functions)}"
        at = table.offset(table.args, 8 * len(functions))
        table.store(Value("ptr", name), at)
        text = e.text(_PARAMETERS).replace("@kernel(", f"{name}(")
        functions.append(text.replace("define i64", "define internal i64"))
    return "\n".join([*outside, *functions, table.text()])


class _Writer:
    """Writes one microkernel."""

    def __init__(self, e: Emitter, micro: Micro, vectors: int) -> None:
        self.e, self.micro, self.vectors = e, micro, vectors
        self.lanes = lanes(e.target, micro.element)
        self.kind = vector(micro.element, self.lanes)
        self.bytes = self.lanes * SIZES[micro.element]
        self.mask = tail_mask(e, Value("i64", "%last"), self.lanes)

    def write(self) -> None:
        """The whole kernel."""
        e, zero = self.e, self.e.const(self.kind, 0)
        rows = range(self.micro.rows)
        sums = [[e.variable(self.kind, zero) for _ in range(self.vectors)] for _ in rows]
        base = Value("ptr", "%a")
        held = [e.offset(base, self.entry("%held", i)) for i in rows]
        # LLVM would compute the sums anew in each step: they are more than it likes to hold.
        held = [e.op(f'call ptr asm "", "=r,0"({x})', "ptr") for x in held]
        b = e.variable("ptr", Value("ptr", "%b"))
        stream = Value("ptr", "%stream")
        with e.loop(0, Value("i64", "%k")) as k:
            at = e.load("i64", e.offset(stream, e.bin("mul", k, 8)))
            for u in range(self.micro.unroll):
                self.step(sums, held, at, b, u)
            if not self.micro.depthwise:
                e.set(b, e.offset(e.get(b, "ptr"), self.micro.unroll * self.vectors * self.bytes))
        self.finish(sums)

    def entry(self, name: str, i: int) -> Value:
        """An entry of a table of offsets."""
        return self.e.load("i64", self.e.offset(Value("ptr", name), 8 * i))

    def step(self, sums: list[list[Value]], held: list[Value], at: Value, b: Value, u: int) -> None:
        """One row of B, times what each row of the tile has for it."""
        e, size = self.e, SIZES[self.micro.element]
        line = e.get(b, "ptr")
        wide = not self.micro.depthwise
        if wide:
            line = e.offset(line, u * self.vectors * self.bytes)
        row = [self.load(line, v, masked=not wide) for v in range(self.vectors)]
        if not wide:
            e.set(b, e.offset(line, Value("i64", "%brs")))
        for i, base in enumerate(held):
            place = e.offset(base, at)
            if wide:
                x = e.splat(e.load(self.micro.element, e.offset(place, u * size)), self.lanes)
            for v in range(self.vectors):
                if not wide:
                    x = self.load(place, v, masked=True)
                total = sums[i][v]
                e.set(total, multiply_add(e, x, row[v], e.get(total, self.kind)))

    def load(self, at: Value, v: int, masked: bool) -> Value:
        """A vector of a row; the last one may be masked."""
        e = self.e
        place = e.offset(at, v * self.bytes)
        if v < self.vectors - 1 or not masked:
            return e.load(self.kind, place)
        return masked_load(e, self.kind, place, self.mask)

    def finish(self, sums: list[list[Value]]) -> None:
        """Writes the tile, or adds it to what is there."""
        e = self.e
        adding = e.compare("icmp ne", Value("i64", "%add"), 0)
        with e.when(adding):
            self.store(sums, True)
        with e.when(e.negate(adding)):
            self.store(sums, False)

    def store(self, sums: list[list[Value]], adding: bool) -> None:
        """Writes each row to its place."""
        e = self.e
        for i, row in enumerate(sums):
            place = e.offset(Value("ptr", "%c"), self.entry("%places", i))
            for v, total in enumerate(row):
                x = e.get(total, self.kind)
                if adding:
                    x = e.bin("fadd", x, self.load(place, v, masked=True))
                at = e.offset(place, v * self.bytes)
                if v < self.vectors - 1:
                    e.store(x, at)
                else:
                    masked_store(e, x, at, self.mask)
