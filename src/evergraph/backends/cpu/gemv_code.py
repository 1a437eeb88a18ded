"""The code of a matrix times a vector: `y (+)= alpha * A x`, A with contiguous rows or columns.

Contiguous rows are multiplied with x a few at a time, sums of vectors that are added up at the end.
Contiguous columns are added to a block of y that stays in the first cache, eight at a time, so that
memory is read in long stretches. Operands are named as those of a product: a, b = x, c = y.
"""

from __future__ import annotations

from .gemm_code import _BATCH, Batched
from .gemm_kernel import SIZES, lanes, multiply_add
from .host import Target
from .ir import Emitter, Value, vector
from .vectors import masked_load, masked_store, short, tail_mask

_POINTERS = ("a", "b", "c")
SLOTS = [
    "a",
    "b",
    "c",
    "m",
    "k",
    "ars",
    "acs",
    "bs",  # strides of x and y
    "cs",
    "alpha",
    "add",
    "share",  # what parts share: rows, or the batch
    "block",  # elements of y that stay in the first cache
    "k_step",
    "batch",
    *_BATCH,
]
_TOGETHER = 8  # columns added at a time
_LINE = 64


def key(element: str, by_rows: bool) -> str:
    """The key of a kernel."""
    return f"gemv|{element}|{by_rows}"


def emit(element: str, by_rows: bool, target: Target) -> str:
    """The module of a kernel; `by_rows` where A's rows are contiguous and x is."""
    e = Emitter(target)
    (_Rows if by_rows else _Columns)(e, element, target).write()
    return e.text()


class _Vector(Batched):
    """What both kernels share."""

    def __init__(self, e: Emitter, element: str, target: Target) -> None:
        super().__init__(e, SLOTS, _POINTERS)
        self.element, self.size = element, SIZES[element]
        self.lanes = lanes(target, element)
        self.vector = vector(element, self.lanes)
        self.alpha = e.convert("fptrunc", self.s["alpha"], element)
        self.granule = 1

    def write(self) -> None:
        """All products of this part."""
        e, s = self.e, self.s
        count = e.bin("udiv", e.bin("add", s["m"], self.granule - 1), self.granule)
        low, high = (e.bin("mul", x, self.granule) for x in self.shared("rows", count))
        high = e.minimum(high, s["m"])
        with e.loop(*self.shared("batch", s["batch"])) as number:
            self.a, self.b, self.c = self.operands(number)
            self.product(low, high, self.steps(number))

    def product(self, low: Value, high: Value, depth: Value) -> None:
        """The rows from `low` to `high`."""
        raise NotImplementedError


class _Rows(_Vector):
    def product(self, low: Value, high: Value, depth: Value) -> None:
        e = self.e
        several = e.bin("sub", high, e.bin("urem", e.bin("sub", high, low), 4))
        with e.loop(low, several, 4) as i:
            self.rows(i, 4, 2, depth)
        with e.loop(several, high) as i:
            self.rows(i, 1, 4, depth)

    def rows(self, i: Value, count: int, unroll: int, depth: Value) -> None:
        """Some rows times x: `unroll` vectors of each at a time."""
        e, s, w = self.e, self.s, self.lanes
        starts = [self.at(self.a, (e.bin("add", i, r), s["ars"])) for r in range(count)]
        zero = e.const(self.vector, 0)
        sums = [[e.variable(self.vector, zero) for _ in range(unroll)] for _ in range(count)]
        wide = e.bin("mul", e.bin("udiv", depth, w * unroll), w * unroll)
        whole = e.bin("mul", e.bin("udiv", depth, w), w)
        with e.loop(0, wide, w * unroll) as k:
            for u in range(unroll):
                self.step(starts, [row[u] for row in sums], e.bin("add", k, u * w), None)
        first = [row[0] for row in sums]
        with e.loop(wide, whole, w) as k:
            self.step(starts, first, k, None)
        with e.when(e.compare("icmp slt", whole, depth)):
            self.step(starts, first, whole, tail_mask(e, e.bin("sub", depth, whole), w))
        for r, row in enumerate(sums):
            self.store(e.bin("add", i, r), row)

    def step(self, starts: list[Value], sums: list[Value], k: Value, mask: Value | None) -> None:
        """One vector of each row."""
        e = self.e
        x = self.load(self.at(self.b, (k, self.size)), mask)
        for start, place in zip(starts, sums, strict=True):
            a = self.load(self.at(start, (k, self.size)), mask)
            e.set(place, multiply_add(e, a, x, e.get(place, self.vector)))

    def load(self, at: Value, mask: Value | None) -> Value:
        e = self.e
        return e.load(self.vector, at) if mask is None else masked_load(e, self.vector, at, mask)

    def store(self, i: Value, sums: list[Value]) -> None:
        """Adds up the lanes of a row's sums and writes it to y."""
        e, s = self.e, self.s
        total = e.get(sums[0], self.vector)
        for place in sums[1:]:
            total = e.bin("fadd", total, e.get(place, self.vector))
        name = f"llvm.vector.reduce.fadd.v{self.lanes}{short(self.element)}"
        e.declare(f"declare {self.element} @{name}({self.element}, {self.vector})")
        start = e.const(self.element, -0.0)
        y = e.op(f"call reassoc {self.element} @{name}({start}, {total})", self.element)
        y = e.bin("fmul", y, self.alpha)
        at = self.at(self.c, (i, s["cs"]))
        place = e.variable(self.element, y)
        with e.when(e.compare("icmp ne", s["add"], 0)):
            e.set(place, e.bin("fadd", e.load(self.element, at), y))
        e.store(e.get(place, self.element), at)


class _Columns(_Vector):
    def __init__(self, e: Emitter, element: str, target: Target) -> None:
        super().__init__(e, element, target)
        self.granule = max(self.lanes, _LINE // self.size)

    def product(self, low: Value, high: Value, depth: Value) -> None:
        e, s = self.e, self.s
        together = e.bin("sub", depth, e.bin("urem", depth, _TOGETHER))
        with e.loop(low, high, s["block"]) as i0:
            stop = e.minimum(high, e.bin("add", i0, s["block"]))
            whole = e.bin("sub", stop, e.bin("urem", e.bin("sub", stop, i0), self.lanes))
            mask = tail_mask(e, e.bin("sub", stop, whole), self.lanes)
            bounds = i0, whole, stop
            with e.when(e.compare("icmp eq", s["add"], 0)):
                self.clear(bounds, mask)
            with e.loop(0, together, _TOGETHER) as k:
                self.columns(k, _TOGETHER, bounds, mask)
            with e.loop(together, depth) as k:
                self.columns(k, 1, bounds, mask)

    def clear(self, bounds: tuple[Value, Value, Value], mask: Value) -> None:
        """Sets a block of y to zero."""
        e = self.e
        first, whole, stop = bounds
        zero = e.const(self.vector, 0)
        with e.loop(first, whole, self.lanes) as i:
            e.store(zero, self.at(self.c, (i, self.size)))
        with e.when(e.compare("icmp slt", whole, stop)):
            masked_store(e, zero, self.at(self.c, (whole, self.size)), mask)

    def columns(
        self, k: Value, count: int, bounds: tuple[Value, Value, Value], mask: Value
    ) -> None:
        """Adds some columns, each times its element of x, to a block of y."""
        e, s = self.e, self.s
        numbers = [e.bin("add", k, i) for i in range(count)]
        starts = [self.at(self.a, (n, s["acs"])) for n in numbers]
        factors = []
        for n in numbers:
            x = e.load(self.element, self.at(self.b, (n, s["bs"])))
            factors.append(e.splat(e.bin("fmul", x, self.alpha), self.lanes))
        first, whole, stop = bounds
        with e.loop(first, whole, self.lanes) as i:
            by = e.bin("mul", i, self.size)
            columns = [e.load(self.vector, e.offset(x, by)) for x in starts]
            at = e.offset(self.c, by)
            e.store(self.sum(e.load(self.vector, at), columns, factors), at)
        with e.when(e.compare("icmp slt", whole, stop)):
            by = e.bin("mul", whole, self.size)
            columns = [masked_load(e, self.vector, e.offset(x, by), mask) for x in starts]
            at = e.offset(self.c, by)
            old = masked_load(e, self.vector, at, mask)
            masked_store(e, self.sum(old, columns, factors), at, mask)

    def sum(self, old: Value, columns: list[Value], factors: list[Value]) -> Value:
        """`old` and the columns times their factors, in chains of two."""
        e = self.e
        chains = []
        for i in range(0, len(columns), 2):
            part = e.bin("fmul", columns[i], factors[i])
            if i + 1 < len(columns):
                part = multiply_add(e, columns[i + 1], factors[i + 1], part)
            chains.append(part)
        while len(chains) > 1:
            chains = [e.bin("fadd", a, b) for a, b in zip(chains[::2], chains[1::2], strict=True)]
        return e.bin("fadd", old, chains[0])
