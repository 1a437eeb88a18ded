"""The code of fused loops (see nest.py).

Slots of the argument block: the outer extents, the inner extent, extent of the inner loop that
parts share (0: they share rows), reduced extents of column nests, then five a port (address, up to
three outer strides...): `Slots` tells where. Strides are in bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .host import Target
from .ir import Emitter, Value, element_of, lanes_of, vector
from .nest import Nest, Node
from .scalars import (
    BOOL,
    FLOATS,
    Expression,
    Typed,
    cast,
    constant,
    flight_type,
    from_memory,
    memory_type,
    rounded,
    to_memory,
)
from .vectors import masked_load, masked_store, short, tail_mask

_BLOCK = 64  # steps whose sum is added up apart, so that errors of long sums stay small
_IDENTITY: dict[str, Callable[[np.dtype[Any]], Any]] = {
    "sum": lambda d: 0,
    "prod": lambda d: 1,
    "any": lambda d: 0,
    "all": lambda d: 1,
    "max": lambda d: -np.inf if d in FLOATS else (0 if d == BOOL else np.iinfo(d).min),
    "min": lambda d: np.inf if d in FLOATS else (1 if d == BOOL else np.iinfo(d).max),
}
_COMBINE = {"sum": "x + y", "prod": "x * y", "max": "maximum(x, y)", "min": "minimum(x, y)"}


class Slots:
    """Where the numbers of a nest stand in its argument block."""

    def __init__(self, nest: Nest) -> None:
        self.nest = nest
        self.inner = nest.outer
        self.reduced = nest.outer + 1  # two reduced extents, splits
        self.ports = self.reduced + 3
        self.per_port = 1 + nest.outer + 1 + 3
        self.params = self.ports + self.per_port * len(nest.ports)

    def port(self, index: int) -> int:
        """The first slot of a port: address, outer strides, inner stride, reduced strides."""
        return self.ports + self.per_port * index


def emit(nest: Nest, target: Target) -> str:
    """The module of a nest's kernel."""
    e = Emitter(target)
    (_Columns if nest.column else _Rows)(e, nest).write()
    return e.text()


class _Code:
    """What both kinds of nests share: loads, stores, node values, reductions."""

    def __init__(self, e: Emitter, nest: Nest) -> None:
        self.e, self.nest, self.slots = e, nest, Slots(nest)
        self.rows = nest.is_row()
        self.row_values: dict[int, Typed] = {}
        self.bases: list[Value] = []
        self.steps: list[Value | None] = []
        self.extents = [e.slot(k) for k in range(nest.outer)]
        self.inner = e.slot(self.slots.inner)

    def rows_total(self) -> Value:
        """How many rows there are."""
        total = self.extents[0]
        for extent in self.extents[1:]:
            total = self.e.bin("mul", total, extent)
        return total

    def place(self, row: Value) -> None:
        """Computes where each port's row begins."""
        e, outer = self.e, self.nest.outer
        index: list[Value] = [row] * outer
        rest = row
        for k in reversed(range(1, outer)):
            index[k] = e.bin("urem", rest, self.extents[k])
            rest = e.bin("udiv", rest, self.extents[k])
        index[0] = rest
        self.bases, self.steps = [], []
        for p, port in enumerate(self.nest.ports):
            first = self.slots.port(p)
            at = e.pointer(first)
            for k in range(outer):
                at = e.offset(at, e.bin("mul", index[k], e.slot(first + 1 + k)))
            self.bases.append(at)
            self.steps.append(e.slot(first + 1 + outer) if port.pattern == "s" else None)

    def address(self, port: int, j: Value) -> Value:
        """Where element j of a port's row is."""
        e = self.e
        step = self.steps[port]
        size = self.nest.ports[port].dtype.itemsize
        by = e.bin("mul", j, size) if step is None else e.bin("mul", j, step)
        return e.offset(self.bases[port], by)

    def load(self, port: int, j: Value | None, lanes: int, mask: Value | None) -> Typed:
        """Elements j ... of a port's row; its one element if j is None or it has no more."""
        e, what = self.e, self.nest.ports[port]
        kind = memory_type(what.dtype)
        if j is None or what.pattern == "b":
            one = from_memory(e, what.dtype, e.load(kind, self.bases[port]))
            assert isinstance(one.value, Value)
            return Typed(what.dtype, e.splat(one.value, lanes))
        at = self.address(port, j)
        wide = vector(kind, lanes)
        if what.pattern == "s":
            raw = self.gather(at, kind, lanes, self.steps[port], mask)
        elif mask is None:
            raw = e.load(wide, at)
        else:
            raw = masked_load(e, wide, at, mask)
        return from_memory(e, what.dtype, raw)

    def gather(
        self, at: Value, kind: str, lanes: int, step: Value | None, mask: Value | None
    ) -> Value:
        """Elements a stride apart, loaded one by one."""
        e = self.e
        assert step is not None
        wide = vector(kind, lanes)
        if lanes == 1:
            return e.load(kind, at)
        if mask is not None:
            offsets = _stride_vector(e, step, lanes)
            places = e.op(f"getelementptr i8, {at}, {offsets}", f"<{lanes} x ptr>")
            name = f"llvm.masked.gather.v{lanes}{short(kind)}.v{lanes}p0"
            zero = e.const(wide, 0)
            return e.call(name, wide, [places, mask, zero])
        raw = Value(wide, "poison")
        for k in range(lanes):
            one = e.load(kind, at)
            raw = e.op(f"insertelement {raw}, {one}, i64 {k}", wide)
            at = e.offset(at, step)
        return raw

    def store(self, port: int, j: Value | None, x: Typed, mask: Value | None) -> None:
        """Stores a value at element j of a port's row."""
        e, what = self.e, self.nest.ports[port]
        value = to_memory(e, cast(e, x, what.dtype))
        if j is None:
            e.store(value, self.bases[port])
            return
        at = self.address(port, j)
        if what.pattern == "s":
            self.scatter(at, value, self.steps[port], mask)
        elif mask is None:
            e.store(value, at)
        else:
            masked_store(e, value, at, mask)

    def scatter(self, at: Value, value: Value, step: Value | None, mask: Value | None) -> None:
        """Stores elements a stride apart."""
        e, lanes = self.e, lanes_of(value.type)
        assert step is not None
        kind = element_of(value.type)
        if mask is not None and lanes > 1:
            offsets = _stride_vector(e, step, lanes)
            places = e.op(f"getelementptr i8, {at}, {offsets}", f"<{lanes} x ptr>")
            name = f"llvm.masked.scatter.v{lanes}{short(kind)}.v{lanes}p0"
            e.declare(f"declare void @{name}({value.type}, {places.type}, {mask.type})")
            e.add(f"call void @{name}({value}, {places}, {mask})")
            return
        for k in range(lanes):
            one = value if lanes == 1 else e.op(f"extractelement {value}, i64 {k}", kind)
            e.store(one, at)
            at = e.offset(at, step)

    def compute(self, node: Node, args: list[Typed], lanes: int) -> Typed:
        """The value of an `op`, `cast` or `param` node."""
        e = self.e
        if node.kind == "param":
            number = e.slot(self.slots.params + int(node.text), "double")
            kind = flight_type(node.dtype)
            if node.dtype in FLOATS:
                one = e.convert("fptrunc", number, kind)
            else:
                one = e.convert("bitcast", number, "i64")
                one = one if kind == "i64" else e.convert("trunc", one, kind)
            return Typed(node.dtype, e.splat(one, lanes))
        if node.kind == "cast":
            return cast(e, args[0], node.dtype)
        return Expression(e, args, dict(node.attrs)).write(node.text, node.dtype)

    def row_value(self, index: int) -> Typed:
        """The value of a row node, as a scalar, computed where it is first asked for."""
        known = self.row_values.get(index)
        if known is None:
            node = self.nest.nodes[index]
            if node.kind == "load":
                known = self.load(int(node.text), None, 1, None)
            else:
                assert node.kind != "reduce", "reductions are set by their stage"
                known = self.compute(node, [self.row_value(a) for a in node.args], 1)
            self.row_values[index] = known
        return known

    def combine(self, kind: str, a: Typed, b: Typed) -> Typed:
        """One step of a reduction."""
        e = self.e
        assert isinstance(a.value, Value) and isinstance(b.value, Value) and a.dtype is not None
        if kind in ("any", "all"):
            return Typed(a.dtype, e.bin("or" if kind == "any" else "and", a.value, b.value))
        if kind == "sum" and a.dtype in FLOATS:  # sums of short floats are rounded at their end
            return Typed(a.dtype, e.bin("fadd contract", a.value, b.value))
        return Expression(e, [a, b], {}).write(_COMBINE[kind], a.dtype)

    def identity(self, node: Node, lanes: int) -> Typed:
        """What a reduction starts from."""
        number = _IDENTITY[node.text](node.dtype)
        return Typed(node.dtype, constant(self.e, node.dtype, number, lanes))

    def horizontal(self, kind: str, x: Typed) -> Typed:
        """The lanes of a vector reduced to one value, halves first."""
        e = self.e
        assert isinstance(x.value, Value)
        lanes = lanes_of(x.value.type)
        while lanes > 1:
            lanes //= 2
            halves = []
            for first in (0, lanes):
                places = ", ".join(f"i32 {first + k}" for k in range(lanes))
                wide = x.value.type
                part = vector(element_of(wide), lanes)
                mask = f"<{lanes} x i32> <{places}>"
                value = e.op(
                    f"shufflevector {x.value}, {wide} poison, {mask}",
                    f"<{lanes} x {element_of(wide)}>",
                )
                if lanes == 1:
                    value = e.op(f"extractelement {value}, i64 0", part)
                halves.append(Typed(x.dtype, value))
            x = self.combine(kind, *halves)
            assert isinstance(x.value, Value)
        return x

    def slot_type(self, node: Node, lanes: int) -> str:
        """The type of a reduction's running value."""
        return vector(flight_type(node.dtype), lanes)


class _Body:
    """The values of full nodes in one step of the inner loop."""

    def __init__(self, code: _Code, j: Value, mask: Value | None, lanes: int) -> None:
        self.code, self.j, self.mask, self.lanes = code, j, mask, lanes
        self.values: dict[int, Typed] = {}
        self.reload: dict[int, int] = {}

    def value(self, index: int) -> Typed:
        """The value of any node, in all lanes."""
        known = self.values.get(index)
        if known is None:
            known = self.values[index] = self.make(index)
        return known

    def make(self, index: int) -> Typed:
        """Computes a node."""
        code = self.code
        node = code.nest.nodes[index]
        if code.rows[index]:
            row = code.row_value(index)
            assert isinstance(row.value, Value)
            return Typed(row.dtype, code.e.splat(row.value, self.lanes))
        if index in self.reload:
            return code.load(self.reload[index], self.j, self.lanes, self.mask)
        if node.kind == "load":
            return code.load(int(node.text), self.j, self.lanes, self.mask)
        return code.compute(node, [self.value(a) for a in node.args], self.lanes)


class _Rows(_Code):
    """A nest over rows."""

    def write(self) -> None:
        """The whole kernel."""
        e = self.e
        total = self.rows_total()
        if self.nest.partial:
            steps = e.bin("udiv", e.bin("add", self.inner, self.nest.lanes - 1), self.nest.lanes)
            low, high = e.share(steps)
            self.low = e.bin("mul", low, self.nest.lanes)
            self.high = e.minimum(e.bin("mul", high, self.nest.lanes), self.inner)
            first, last = Value("i64", "0"), total
        else:
            self.low, self.high = Value("i64", "0"), self.inner
            self.share_rows_or_row(total)
            first, last = self.first, self.last
        with e.loop(first, last) as row:
            self.row_values = {}
            self.place(row)
            self.offset_parts()
            self.write_row()

    def share_rows_or_row(self, total: Value) -> None:
        """Parts share the rows or, where a slot says so, the elements of each row."""
        e, lanes = self.e, self.nest.lanes
        self.first, self.last = e.share(total)
        if any(n.kind == "reduce" for n in self.nest.nodes) or self.nest.kept:
            return
        shared = e.compare("icmp ne", e.slot(self.slots.reduced), 0)
        steps = e.bin("udiv", e.bin("add", self.inner, lanes - 1), lanes)
        low, high = (e.bin("mul", x, lanes) for x in e.share(steps))
        self.first = e.select(shared, Value("i64", "0"), self.first)
        self.last = e.select(shared, total, self.last)
        self.low = e.select(shared, low, self.low)
        self.high = e.select(shared, e.minimum(high, self.inner), self.inner)

    def offset_parts(self) -> None:
        """Gives each part its own row of scratch, and its own results of a shared reduction."""
        e = self.e
        mine = {p for _, p in self.nest.kept}
        if self.nest.partial:
            mine |= {p for _, p in self.nest.stores if self.is_row_port(p)}
        for p in sorted(mine):
            by = e.slot(self.slots.port(p) + 2 + self.nest.outer)
            self.bases[p] = e.offset(self.bases[p], e.bin("mul", e.part, by))

    def write_row(self) -> None:
        """All stages of one row."""
        stages = self.nest.stages()
        reductions = [i for i, n in enumerate(self.nest.nodes) if n.kind == "reduce"]
        written: dict[int, int] = {}
        for stage in range(max(stages, default=0) + 2):
            reduced = [i for i in reductions if stages[i] == stage]
            stores = [
                (n, p)
                for n, p in (*self.nest.stores, *self.nest.kept)
                if self.stage_of_store(n, stages) == stage and not self.is_row_port(p)
            ]
            if reduced or stores:
                self.write_stage(reduced, stores, written)
            written.update({n: p for n, p in stores if self.can_reload(p)})
        for n, p in self.nest.stores:
            if self.is_row_port(p):
                self.store(p, None, self.row_value(n), None)

    def is_row_port(self, port: int) -> bool:
        """Whether a port takes one value a row."""
        return self.nest.ports[port].pattern == "b"

    def stage_of_store(self, node: int, stages: list[int]) -> int:
        """The pass that stores a node: the one after what it follows from."""
        return stages[node] + int(self.nest.is_after(node, self.rows))

    def can_reload(self, port: int) -> bool:
        """Whether what was stored may be read back (a strided place costs too much)."""
        return self.nest.ports[port].pattern == "c"

    def write_stage(
        self, reduced: list[int], stores: list[tuple[int, int]], written: dict[int, int]
    ) -> None:
        """One pass over the row."""
        e, lanes = self.e, self.nest.lanes
        wanted = [self.nest.nodes[i].args[0] for i in reduced] + [n for n, _ in stores]
        self.prepare(wanted, written)
        totals = {i: self.start_sum(i, lanes) for i in reduced}
        length = e.bin("sub", self.high, self.low)
        main = e.bin("add", self.low, e.bin("sub", length, e.bin("urem", length, lanes)))
        sums = [i for i in reduced if self.nest.nodes[i].text == "sum"]
        with self.blocks(main, sums, totals) as (start, stop), e.loop(start, stop, lanes) as j:
            self.step(j, None, reduced, stores, totals, written)
        with e.when(e.compare("icmp slt", main, self.high)):
            left = e.bin("sub", self.high, main)
            self.step(main, tail_mask(e, left, lanes), reduced, stores, totals, written)
        for i in reduced:
            node = self.nest.nodes[i]
            total = Typed(node.dtype, e.get(totals[i], self.slot_type(node, lanes)))
            self.row_values[i] = rounded(e, self.horizontal(node.text, total))

    def prepare(self, wanted: list[int], written: dict[int, int]) -> None:
        """Computes the row nodes that a pass needs before it begins."""
        seen: set[int] = set()
        pending = list(wanted)
        while pending:
            i = pending.pop()
            if i in seen:
                continue
            seen.add(i)
            if self.rows[i]:
                self.row_value(i)
            elif i not in written:
                pending.extend(self.nest.nodes[i].args)

    def start_sum(self, index: int, lanes: int) -> Value:
        """A stack slot for a reduction's running value, at its beginning."""
        node = self.nest.nodes[index]
        start = self.identity(node, lanes).value
        assert isinstance(start, Value)
        return self.e.variable(self.slot_type(node, lanes), start)

    @contextmanager
    def blocks(
        self, main: Value, sums: list[int], totals: dict[int, Value]
    ) -> Iterator[tuple[Value, Value]]:
        """Cuts a pass that sums into blocks, each summed apart."""
        e, lanes = self.e, self.nest.lanes
        if not sums:
            yield self.low, main
            return
        grand = {i: totals[i] for i in sums}
        lost = {i: self.start_sum(i, lanes) for i in sums if self.nest.nodes[i].dtype in FLOATS}
        with e.loop(self.low, main, _BLOCK * lanes) as start:
            for i in sums:
                totals[i] = self.start_sum(i, lanes)
            stop = e.minimum(e.bin("add", start, _BLOCK * lanes), main)
            yield start, stop
            for i in sums:
                self.add_block(self.nest.nodes[i], grand[i], totals[i], lost.get(i))
        totals.update(grand)

    def add_block(self, node: Node, grand: Value, block: Value, lost: Value | None) -> None:
        """Adds a block's sum to the row's; of floats, with what the last additions lost.

        Compensated summation: Kahan, Further remarks on reducing truncation errors (1965).
        """
        e = self.e
        kind = self.slot_type(node, self.nest.lanes)
        total, x = e.get(grand, kind), e.get(block, kind)
        if lost is None:
            value = self.combine("sum", Typed(node.dtype, total), Typed(node.dtype, x)).value
            assert isinstance(value, Value)
            e.set(grand, value)
            return
        x = e.bin("fsub", x, e.get(lost, kind))
        new = e.bin("fadd", total, x)
        left = e.bin("fsub", e.bin("fsub", new, total), x)
        # Where the sum is infinite nothing was lost.
        finite = e.compare("fcmp ord", left, left)
        e.set(lost, e.select(finite, left, e.const(kind, 0.0)))
        e.set(grand, new)

    def step(
        self,
        j: Value,
        mask: Value | None,
        reduced: list[int],
        stores: list[tuple[int, int]],
        totals: dict[int, Value],
        written: dict[int, int],
    ) -> None:
        """One vector of a pass."""
        e, lanes = self.e, self.nest.lanes
        body = _Body(self, j, mask, lanes)
        body.reload = written
        values = [(p, body.value(n)) for n, p in stores]
        for i in reduced:
            node = self.nest.nodes[i]
            x = body.value(node.args[0])
            assert isinstance(x.value, Value)
            if mask is not None:
                neutral = self.identity(node, lanes).value
                assert isinstance(neutral, Value)
                x = Typed(x.dtype, e.select(mask, x.value, neutral))
            sofar = Typed(node.dtype, e.get(totals[i], self.slot_type(node, lanes)))
            total = self.combine(node.text, sofar, x).value
            assert isinstance(total, Value)
            e.set(totals[i], total)
        for p, x in values:
            self.store(p, j, x, mask)


class _Columns(_Code):
    """A nest that reduces outer loops and keeps the inner one.

    Tasks are (row, block of columns, split of the reduced rows).
    """

    def write(self) -> None:
        """The whole kernel."""
        e, lanes = self.e, self.nest.lanes
        self.counts = [e.slot(self.slots.reduced + k) for k in range(2)]
        splits = e.slot(self.slots.reduced + 2)
        blocks = e.bin("udiv", e.bin("add", self.inner, lanes - 1), lanes)
        tasks = e.bin("mul", e.bin("mul", self.rows_total(), blocks), splits)
        first, last = e.share(tasks)
        with e.loop(first, last) as task:
            split = e.bin("urem", task, splits)
            rest = e.bin("udiv", task, splits)
            block = e.bin("urem", rest, blocks)
            self.row_values = {}
            self.place(e.bin("udiv", rest, blocks))
            j = e.bin("mul", block, lanes)
            low = e.bin("udiv", e.bin("mul", self.counts[0], split), splits)
            high = e.bin("udiv", e.bin("mul", self.counts[0], e.bin("add", split, 1)), splits)
            for _, p in self.nest.stores:
                by = e.slot(self.slots.port(p) + 4 + self.nest.outer)
                self.bases[p] = e.offset(self.bases[p], e.bin("mul", split, by))
            left = e.bin("sub", self.inner, j)
            is_whole = e.compare("icmp sge", left, lanes)
            with e.when(is_whole):
                self.block(j, low, high, None)
            with e.when(e.negate(is_whole)):
                self.block(j, low, high, tail_mask(e, left, lanes))

    def block(self, j: Value, low: Value, high: Value, mask: Value | None) -> None:
        """One block of columns: sums in registers, then what follows from them."""
        e, lanes, nest = self.e, self.nest.lanes, self.nest
        reduced = [i for i, n in enumerate(nest.nodes) if n.kind == "reduce"]
        totals = {}
        for i in reduced:
            start = self.identity(nest.nodes[i], lanes).value
            assert isinstance(start, Value)
            totals[i] = e.variable(self.slot_type(nest.nodes[i], lanes), start)
        bases = self.bases
        with e.loop(low, high) as r0:
            outer = [self.advanced(b, p, 0, r0) for p, b in enumerate(bases)]
            with e.loop(0, self.counts[1]) as r1:
                self.bases = [self.advanced(b, p, 1, r1) for p, b in enumerate(outer)]
                body = _Body(self, j, mask, lanes)
                for i in reduced:
                    node = nest.nodes[i]
                    sofar = Typed(node.dtype, e.get(totals[i], self.slot_type(node, lanes)))
                    total = self.combine(node.text, sofar, body.value(node.args[0])).value
                    assert isinstance(total, Value)
                    e.set(totals[i], total)
        self.bases = bases
        final = _Body(self, j, mask, lanes)
        for i in reduced:
            node = nest.nodes[i]
            reached = e.get(totals[i], self.slot_type(node, lanes))
            final.values[i] = rounded(e, Typed(node.dtype, reached))
        self.rows = [False] * len(nest.nodes)
        for n, p in nest.stores:
            self.store(p, j, final.value(n), mask)
        self.rows = nest.is_row()

    def advanced(self, base: Value, port: int, which: int, index: Value) -> Value:
        """A row's beginning, so many reduced steps further; stored ports do not move."""
        e = self.e
        if any(p == port for _, p in self.nest.stores):
            return base
        by = e.slot(self.slots.port(port) + 2 + self.nest.outer + which)
        return e.offset(base, e.bin("mul", index, by))


def _stride_vector(e: Emitter, step: Value, lanes: int) -> Value:
    numbers = ", ".join(f"i64 {k}" for k in range(lanes))
    wide = e.splat(step, lanes)
    return e.op(f"mul {wide.type} {wide.name}, <{numbers}>", wide.type)
