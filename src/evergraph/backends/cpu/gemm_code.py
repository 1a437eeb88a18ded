"""The code of matrix products: blocks of K, of columns and of rows around the microkernel.

Every part computes a share of C: of its columns, its rows, or the products of a batch. For a block
of K it packs as many panels of B, a few vectors wide each, as the second cache holds, and passes
rows of A by them. A is read where it lies, unless its rows are side by side and far apart (a
transposed A): then blocks of it are packed too. A product cut along K is a batch whose products
are partial sums.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from .gemm_kernel import SIZES, Tiles, TileWriter, lanes, tile
from .host import Target
from .ir import Emitter, Value, vector
from .vectors import masked_load, tail_mask, transposed

BATCH_LOOPS = 3
_BATCH = [f"{what}{i}" for what in ("extent", "a", "b", "c") for i in range(BATCH_LOOPS)]
_POINTERS = ("a", "b", "c", "sb", "sa")
SLOTS = [
    "a",
    "b",
    "c",
    "m",
    "n",
    "k",
    "ars",  # row and column strides, in bytes
    "acs",
    "brs",
    "bcs",
    "crs",
    "alpha",
    "add",  # whether to add to C
    "share",  # what parts share: one of SHARE
    "depth",  # rows of B in a block
    "columns",  # of B in a block
    "rows",  # of A in a block
    "sb",  # where B is packed, and how much of it is each part's
    "sb_size",
    "sa",
    "sa_size",
    "k_step",  # not 0: the batch's products are partial sums over so many steps of K
    "batch",
    *_BATCH,
]
TABLE = len(SLOTS)
SHARE = {"columns": 0, "rows": 1, "batch": 2}


@dataclass(frozen=True)
class Kind:
    """What distinguishes the code of one driver from another's."""

    element: str
    pack_b: str
    """`rows`: B's rows are contiguous; `columns`: its columns; `none`: it is used where it lies."""
    pack_a: bool

    @property
    def key(self) -> str:
        """The driver's key."""
        return f"gemm|{self.element}|{self.pack_b}|{self.pack_a}"


def emit(kind: Kind, target: Target) -> str:
    """The module of a driver."""
    e = Emitter(target)
    _Driver(e, kind, target).write()
    return e.text()


class Batched:
    """Code that does the same for every product of a batch: where each operand begins."""

    def __init__(self, e: Emitter, slots: list[str], pointers: tuple[str, ...]) -> None:
        self.e = e
        self.s = {
            name: e.pointer(i)
            if name in pointers
            else e.slot(i, "double" if name == "alpha" else "i64")
            for i, name in enumerate(slots)
        }

    def at(self, base: Value, *steps: tuple[Value, Value | int]) -> Value:
        """An address some strides further."""
        for index, stride in steps:
            base = self.e.offset(base, self.e.bin("mul", index, stride))
        return base

    def operands(self, number: Value) -> tuple[Value, ...]:
        """Where a, b and c of a product of the batch begin."""
        e, s = self.e, self.s
        at = [s["a"], s["b"], s["c"]]
        for i in reversed(range(BATCH_LOOPS)):
            index = e.bin("urem", number, s[f"extent{i}"]) if i else number
            if i:
                number = e.bin("udiv", number, s[f"extent{i}"])
            at = [self.at(x, (index, s[f"{n}{i}"])) for x, n in zip(at, "abc", strict=True)]
        return tuple(at)

    def steps(self, number: Value) -> Value:
        """The steps of K that a product of the batch sums."""
        e, s = self.e, self.s
        left = e.bin("sub", s["k"], e.bin("mul", number, s["k_step"]))
        whole = e.compare("icmp eq", s["k_step"], 0)
        return e.select(whole, s["k"], e.minimum(s["k_step"], left))

    def shared(self, code: str, count: Value) -> tuple[Value, Value]:
        """This part's share of `count` things where parts share those, else all of them."""
        e = self.e
        mine = e.compare("icmp eq", self.s["share"], SHARE[code])
        low, high = e.share(count)
        return e.select(mine, low, Value("i64", "0")), e.select(mine, high, count)


class _Driver(Batched):
    """The code of one part of a product."""

    def __init__(self, e: Emitter, kind: Kind, target: Target) -> None:
        super().__init__(e, SLOTS, _POINTERS)
        self.kind = kind
        self.rows, self.vectors = tile(target)
        self.lanes = lanes(target, kind.element)
        self.size = SIZES[kind.element]
        self.width = self.vectors * self.lanes
        self.masks = target.vector_bytes >= 32
        self.tiles = TileWriter(e, target, kind.element, TABLE)
        self.sb = self.at(self.s["sb"], (e.part, self.s["sb_size"]))
        self.sa = self.at(self.s["sa"], (e.part, self.s["sa_size"]))

    def bounds(self, code: str, extent: Value, step: int) -> tuple[Value, Value]:
        """The rows or columns of this part, in whole tiles."""
        e = self.e
        count = e.bin("udiv", e.bin("add", extent, step - 1), step)
        low, high = (e.bin("mul", x, step) for x in self.shared(code, count))
        return low, e.minimum(high, extent)

    def write(self) -> None:
        """All products of this part."""
        e, s = self.e, self.s
        rows = self.bounds("rows", s["m"], self.rows)
        columns = self.bounds("columns", s["n"], self.width)
        with e.loop(*self.shared("batch", s["batch"])) as number:
            self.a, self.b, self.c = self.operands(number)
            self.product(rows, columns, self.steps(number))

    def product(
        self, rows: tuple[Value, Value], columns: tuple[Value, Value], depth: Value
    ) -> None:
        """Blocks of K, of columns, of rows; panels of columns, tiles."""
        e, s = self.e, self.s
        with e.loop(0, depth, s["depth"]) as k0:
            kc = e.minimum(s["depth"], e.bin("sub", depth, k0))
            later = e.convert("zext", e.compare("icmp ne", k0, 0), "i64")
            add = e.bin("or", later, s["add"])
            with e.loop(*columns, s["columns"]) as j0:
                stop = e.minimum(e.bin("add", j0, s["columns"]), columns[1])
                if self.kind.pack_b != "none":
                    self.pack_b((j0, stop), k0, kc)
                with e.loop(*rows, s["rows"]) as i0:
                    mc = e.minimum(s["rows"], e.bin("sub", rows[1], i0))
                    a = self.at(self.a, (i0, s["ars"]), (k0, s["acs"]))
                    if self.kind.pack_a:
                        self.pack_a(a, mc, kc)
                    with e.loop(j0, stop, self.width) as j:
                        c = self.at(self.c, (i0, s["crs"]), (j, self.size))
                        self.panel(a, (k0, j0, j), c, (mc, e.bin("sub", stop, j), kc), add)

    # -- B ---------------------------------------------------------------------------------

    def pack_b(self, columns: tuple[Value, Value], k0: Value, kc: Value) -> None:
        """Copies a block of B to panels, one after another, the last one no wider than needed."""
        e, s = self.e, self.s
        j0, stop = columns
        block = self.at(self.b, (k0, s["brs"]), (j0, s["bcs"]))
        if self.kind.pack_b == "rows":
            self.pack_rows(block, e.bin("sub", stop, j0), kc)
            return
        with e.loop(j0, stop, self.width) as j:
            nc = e.minimum(Value("i64", str(self.width)), e.bin("sub", stop, j))
            source = self.at(block, (e.bin("sub", j, j0), s["bcs"]))
            self.pack_columns(source, self.panel_place(j0, j, kc), nc, kc)

    def panel_place(self, j0: Value, j: Value, kc: Value) -> Value:
        """Where the packed panel of a column is."""
        return self.at(self.sb, (self.e.bin("sub", j, j0), self.e.bin("mul", kc, self.size)))

    def row_bytes(self, nc: Value) -> Value:
        """How far apart the rows of a packed panel of so many columns are."""
        e = self.e
        count = e.bin("udiv", e.bin("add", nc, self.lanes - 1), self.lanes)
        return e.bin("mul", count, self.lanes * self.size)

    def pack_rows(self, b: Value, nc: Value, kc: Value) -> None:
        """Copies a block of B whose rows are contiguous, row by row; what is beyond it is zero."""
        e = self.e
        kind, wide = vector(self.kind.element, self.lanes), self.width * self.size
        panel_step = e.bin("mul", kc, wide)
        full = e.bin("udiv", nc, self.width)
        left = e.bin("sub", nc, e.bin("mul", full, self.width))
        masks = [self.mask(left, v) for v in range(self.vectors)]
        ragged, narrow = e.compare("icmp ne", left, 0), self.row_bytes(left)
        last = self.at(self.sb, (full, panel_step))
        with e.loop(0, kc) as k:
            source = self.at(b, (k, self.s["brs"]))
            target = self.at(self.sb, (k, wide))
            with e.loop(0, full) as panel:
                here = self.at(source, (panel, wide))
                there = self.at(target, (panel, panel_step))
                for by in self.vector_offsets():
                    e.store(e.load(kind, e.offset(here, by)), e.offset(there, by))
            with e.when(ragged):  # what is stored too far is overwritten by the next row
                here, there = self.at(source, (full, wide)), self.at(last, (k, narrow))
                for v, (mask, by) in enumerate(zip(masks, self.vector_offsets(), strict=True)):
                    with e.when(e.compare("icmp sgt", left, v * self.lanes)):
                        e.store(masked_load(e, kind, e.offset(here, by), mask), e.offset(there, by))

    def vector_offsets(self) -> list[int]:
        """Where the vectors of a panel's row begin."""
        return [v * self.lanes * self.size for v in range(self.vectors)]

    def mask(self, nc: Value, v: int) -> Value:
        """Which lanes of a panel's vector are columns that exist."""
        e = self.e
        left = e.bin("add", nc, -v * self.lanes)
        zero = Value("i64", "0")
        return tail_mask(e, e.select(e.compare("icmp sgt", left, 0), left, zero), self.lanes)

    def pack_columns(self, b: Value, place: Value, nc: Value, kc: Value) -> None:
        """Copies a panel of B whose columns are contiguous, in squares that are transposed.

        Columns that do not exist become copies of the last one: nobody reads them.
        """
        e, w, s = self.e, self.lanes, self.s
        kind, step = vector(self.kind.element, w), self.row_bytes(nc)
        last = e.bin("add", nc, -1)
        squares = kc if self.masks else e.bin("sub", kc, e.bin("urem", kc, w))
        with e.loop(0, nc, w) as j:
            columns = [e.minimum(e.bin("add", j, i), last) for i in range(w)]
            starts = [self.at(b, (c, s["bcs"])) for c in columns]
            with e.loop(0, squares, w) as k:
                by = e.bin("mul", k, s["brs"])
                places = [e.offset(x, by) for x in starts]
                if self.masks:
                    mask = tail_mask(e, e.bin("sub", kc, k), w)
                    rows = [masked_load(e, kind, x, mask) for x in places]
                else:
                    rows = [e.load(kind, x) for x in places]
                target = self.at(place, (k, step), (j, self.size))
                for i, x in enumerate(transposed(e, rows)):
                    e.store(x, self.at(target, (Value("i64", str(i)), step)))
            if not self.masks:
                stop = e.minimum(nc, e.bin("add", j, w))
                self.pack_elements(b, (place, step), (j, stop), (squares, kc))

    def pack_elements(
        self, b: Value, place: tuple[Value, Value], columns: tuple[Value, Value],
        rows: tuple[Value, Value],
    ) -> None:  # fmt: skip
        """Copies what is left, element by element."""
        e, s = self.e, self.s
        with e.loop(*columns) as j, e.loop(*rows) as k:
            x = e.load(self.kind.element, self.at(b, (k, s["brs"]), (j, s["bcs"])))
            e.store(x, self.at(place[0], (k, place[1]), (j, self.size)))

    # -- A ---------------------------------------------------------------------------------

    def packed_row(self, kc: Value, i: Value) -> Value:
        """Where a row of packed A begins: bands of the largest tile's rows, each K-major."""
        e = self.e
        band, inside = e.bin("udiv", i, self.rows), e.bin("urem", i, self.rows)
        wide = e.bin("mul", kc, self.rows * self.size)
        return self.at(self.sa, (band, wide), (inside, self.size))

    def pack_a(self, a: Value, mc: Value, kc: Value) -> None:
        """Copies a block of A to bands of rows, K-major, a few bands at a time."""
        e, s = self.e, self.s
        group = 8 * self.rows
        beside = e.compare("icmp eq", s["ars"], self.size)
        wide = e.bin("mul", kc, self.rows * self.size)
        whole = e.select(beside, e.bin("udiv", mc, self.rows), Value("i64", "0"))
        whole = e.bin("mul", whole, self.rows)
        kind = vector(self.kind.element, self.rows)
        with e.loop(0, whole, group) as i0:
            stop = e.minimum(whole, e.bin("add", i0, group))
            with e.loop(0, kc) as k:
                line = self.at(a, (k, s["acs"]))
                row = self.at(self.sa, (k, self.rows * self.size))
                with e.loop(i0, stop, self.rows) as i:
                    x = e.load(kind, self.at(line, (i, self.size)))
                    e.store(x, self.at(row, (e.bin("udiv", i, self.rows), wide)))
        with e.loop(whole, mc) as i:
            source, place = self.at(a, (i, s["ars"])), self.packed_row(kc, i)
            with e.loop(0, kc) as k:
                x = e.load(self.kind.element, self.at(source, (k, s["acs"])))
                e.store(x, self.at(place, (k, self.rows * self.size)))

    # -- C ---------------------------------------------------------------------------------

    def panel(
        self, a: Value, where: tuple[Value, Value, Value], c: Value,
        extents: tuple[Value, Value, Value], add: Value,
    ) -> None:  # fmt: skip
        """All rows of a block times one panel of B."""
        e, s = self.e, self.s
        (k0, j0, j), (mc, left, kc) = where, extents
        nc = e.minimum(Value("i64", str(self.width)), left)
        if self.kind.pack_b == "none":
            b, brs = self.at(self.b, (k0, s["brs"]), (j, s["bcs"])), s["brs"]
        else:
            b, brs = self.panel_place(j0, j, kc), self.row_bytes(nc)
        place = None
        ars, acs = s["ars"], s["acs"]
        if self.kind.pack_a:
            place = partial(self.packed_row, kc)
            ars, acs = (Value("i64", str(x * self.size)) for x in (1, self.rows))
        tiles = Tiles(a, ars, acs, b, brs, c, s["crs"], kc, add)
        tiles = replace(tiles, alpha=s["alpha"], padded=self.kind.pack_b != "none")
        self.tiles.write(tiles, mc, nc, place)
