"""The code of convolutions: blocks of windows around the microkernel, and the filter's packing.

Inputs are (batch, depth, height, width, channels), contiguous. A block is some output rows of one
slice, or some whole slices; a slice is one place of an image along the depth. The input rows that
a block sees are copied once to scratch, with the padding around them; unpadded inputs are read
where they lie. Where a window begins in a block, and where a tap is in a window, are offsets in
tables.
"""

from __future__ import annotations

from dataclasses import dataclass

from .conv_kernel import MICRO_TYPE, Micro
from .gemm_kernel import SIZES, lanes
from .host import Target
from .ir import Emitter, Value, vector
from .vectors import masked_load, masked_store, tail_mask, transposed

SLOTS = [
    "x",
    "batch_step",
    "plane_step",
    "row_step",
    "planes",  # extents of the input
    "rows",
    "skip_bytes",  # of an input row
    "width_bytes",
    "pixel_bytes",
    "pitch",  # of pixels in scratch
    "left_bytes",  # of padding
    "above",
    "before",
    "slices",
    "out_planes",  # extents of the output
    "out_rows",
    "out_cols",
    "stride",
    "plane_stride",
    "reach",  # input rows that an output row sees beyond the first
    "plane_taps",
    "plane_dilation",
    "padded_row",  # steps in scratch
    "padded_plane",
    "padded_slice",
    "block_rows",
    "block_slices",
    "b",
    "panel_step",
    "first",  # of a panel's rows
    "brs",
    "out",
    "image_step",  # of the output, or of its gradient
    "out_plane_step",
    "out_row_step",
    "groups",
    "group_step",  # from one group's channels of the input to the next one's
    "channels",  # of the output, of one group
    "width",  # of a panel of them
    "held",
    "places",
    "held_count",
    "stream",
    "stream_count",
    "stream_block",
    "result",
    "result_step",  # how far parts' sums are apart
    "by_blocks",  # whether parts share blocks
    "scratch",
    "scratch_size",
    "panel",
    "panel_size",
    "spare",
    "spare_size",
]
_POINTERS = ("x", "b", "out", "result", "scratch", "panel", "spare", "held", "places", "stream")
TABLE = len(SLOTS)
_NARROW = 1024  # bytes of a padded row: whole planes of such are cleared at once


@dataclass(frozen=True)
class ConvKind:
    """What distinguishes the code of one convolution from another's."""

    micro: Micro
    padded: bool
    filter_gradient: bool
    apart: bool = False
    """Whether pixels are copied to places that no cache puts on top of each other."""
    packs: bool = False
    """Whether the gradient of the output is copied to panels."""

    @property
    def key(self) -> str:
        """The kernel's key."""
        return (
            f"conv|{self.micro.key}|{self.padded}|{self.filter_gradient}|{self.apart}|{self.packs}"
        )


@dataclass
class _Block:
    """A block: where it begins, how many windows it has."""

    base: Value  # of what windows see
    out: Value  # of the output or its gradient
    windows: Value
    number: Value


def emit(kind: ConvKind, target: Target) -> str:
    """The module of a kernel."""
    e = Emitter(target)
    (_FilterGradient if kind.filter_gradient else _Forward)(e, kind, target).write()
    return e.text()


class _Conv:
    """What both directions share: blocks, the input rows they see, tiles."""

    def __init__(self, e: Emitter, kind: ConvKind, target: Target) -> None:
        self.e, self.kind, self.target = e, kind, target
        element = kind.micro.element
        self.lanes, self.size = lanes(target, element), SIZES[element]
        self.s = {
            name: e.pointer(i) if name in _POINTERS else e.slot(i) for i, name in enumerate(SLOTS)
        }
        self.scratch = self.at(self.s["scratch"], (e.part, self.s["scratch_size"]))
        self.row_step = self.s["padded_row"] if kind.padded else self.s["row_step"]
        spare = self.at(self.s["spare"], (e.part, self.s["spare_size"]))
        self.spare = e.convert("ptrtoint", spare, "i64")
        self.few = [self.array(kind.micro.rows) for _ in range(2)]

    def array(self, count: int) -> Value:
        """Room for some offsets."""
        return self.e.variable(f"[{count} x i64]")

    def at(self, base: Value, *steps: tuple[Value, Value | int]) -> Value:
        """An address some strides further."""
        for index, stride in steps:
            base = self.e.offset(base, self.e.bin("mul", index, stride))
        return base

    def whole(self, a: Value, b: Value) -> Value:
        """How many of b cover a."""
        e = self.e
        return e.bin("udiv", e.bin("add", a, e.bin("add", b, -1)), b)

    # -- blocks ----------------------------------------------------------------------------

    def blocks(self) -> Value:
        """How many blocks there are."""
        s = self.s
        down = self.whole(s["out_rows"], s["block_rows"])
        return self.e.bin("mul", down, self.whole(s["slices"], s["block_slices"]))

    def block(self, number: Value) -> _Block:
        """A block by its number, its input ready."""
        e, s = self.e, self.s
        down = self.whole(s["out_rows"], s["block_rows"])
        first = e.bin("mul", e.bin("udiv", number, down), s["block_slices"])
        slices = e.minimum(s["block_slices"], e.bin("sub", s["slices"], first))
        row = e.bin("mul", e.bin("urem", number, down), s["block_rows"])
        rows = e.minimum(s["block_rows"], e.bin("sub", s["out_rows"], row))
        image, plane = (e.bin(f, first, s["out_planes"]) for f in ("udiv", "urem"))
        given = s["b"] if self.kind.filter_gradient else s["out"]
        steps = (s["image_step"], s["out_plane_step"], s["out_row_step"])
        out = self.at(given, *zip((image, plane, row), steps, strict=True))
        windows = e.bin("mul", e.bin("mul", slices, rows), s["out_cols"])
        if self.kind.padded:
            self.copy_slices((first, slices), row, rows)
            return _Block(self.scratch, out, windows, number)
        down = e.bin("mul", row, s["stride"])
        plane = e.bin("mul", plane, s["plane_stride"])
        steps = (s["batch_step"], s["plane_step"], s["row_step"])
        base = self.at(s["x"], *zip((image, plane, down), steps, strict=True))
        return _Block(base, out, windows, number)

    def copy_slices(self, slices: tuple[Value, Value], row: Value, rows: Value) -> None:
        """Copies what the windows of some rows of some slices see, with the padding around it."""
        e, s = self.e, self.s
        first, count = slices
        top = e.bin("sub", e.bin("mul", row, s["stride"]), s["above"])
        lines = e.bin("add", e.bin("mul", e.bin("add", rows, -1), s["stride"]), s["reach"])
        lines = e.bin("add", lines, 1)
        with e.loop(0, count) as k, e.loop(0, s["plane_taps"]) as tap:
            number = e.bin("add", first, k)
            image, plane = (e.bin(f, number, s["out_planes"]) for f in ("udiv", "urem"))
            plane = e.bin("sub", e.bin("mul", plane, s["plane_stride"]), s["before"])
            plane = e.bin("add", plane, e.bin("mul", tap, s["plane_dilation"]))
            base = self.at(s["x"], (image, s["batch_step"]), (plane, s["plane_step"]))
            place = self.at(self.scratch, (k, s["padded_slice"]), (tap, s["padded_plane"]))
            # Negative numbers are huge unsigned ones.
            exists = e.compare("icmp ult", plane, s["planes"])
            narrow = e.compare("icmp ult", s["padded_row"], 0 if self.kind.apart else _NARROW)
            with e.when(narrow):
                self.clear(place, e.bin("mul", lines, s["padded_row"]))
            with e.loop(0, lines) as line:
                y = e.bin("add", top, line)
                inside = e.bin("and", exists, e.compare("icmp ult", y, s["rows"]))
                target = self.at(place, (line, s["padded_row"]))
                with e.when(e.bin("and", narrow, inside)):
                    self.copy_narrow(base, y, target)
                with e.when(e.negate(narrow)):
                    self.copy_row(base, y, target, inside)

    def copy_narrow(self, base: Value, row: Value, place: Value) -> None:
        """The part of a row that exists, where a call of `memcpy` would take longer."""
        e, s, bytes_each = self.e, self.s, self.lanes * self.size
        kind = vector(self.kind.micro.element, self.lanes)
        source = e.offset(self.at(base, (row, s["row_step"])), s["skip_bytes"])
        middle = e.offset(place, s["left_bytes"])
        full = e.bin("udiv", s["width_bytes"], bytes_each)
        full = e.bin("mul", full, bytes_each)
        left = e.bin("udiv", e.bin("sub", s["width_bytes"], full), self.size)
        with e.loop(0, full, bytes_each) as by:
            e.store(e.load(kind, e.offset(source, by)), e.offset(middle, by))
        with e.when(e.compare("icmp ne", left, 0)):
            mask = tail_mask(e, left, self.lanes)
            x = masked_load(e, kind, e.offset(source, full), mask)
            masked_store(e, x, e.offset(middle, full), mask)

    def copy_row(self, base: Value, row: Value, place: Value, inside: Value) -> None:
        """One input row with its padding; outside the input all is padding."""
        e, s = self.e, self.s
        with e.when(e.negate(inside)):
            self.clear(place, s["padded_row"])
        with e.when(inside):
            self.clear(place, s["left_bytes"])
            middle = e.offset(place, s["left_bytes"])
            source = e.offset(self.at(base, (row, s["row_step"])), s["skip_bytes"])
            if self.kind.apart:
                self.copy_pixels(source, middle)
            else:
                values = f"{middle}, {source}, {s['width_bytes']}, i1 false"
                e.declare("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
                e.add(f"call void @llvm.memcpy.p0.p0.i64({values})")
            used = e.bin("add", s["left_bytes"], s["width_bytes"])
            rest = e.bin("sub", s["padded_row"], used)
            self.clear(e.offset(place, used), rest)

    def copy_pixels(self, source: Value, place: Value) -> None:
        """Pixels of whole vectors."""
        e, s = self.e, self.s
        kind = vector(self.kind.micro.element, self.lanes)
        with e.loop(0, e.bin("udiv", s["width_bytes"], s["pitch"])) as pixel:
            here, there = (
                self.at(source, (pixel, s["pixel_bytes"])),
                self.at(place, (pixel, s["pitch"])),
            )
            with e.loop(0, s["pixel_bytes"], self.lanes * self.size) as by:
                e.store(e.load(kind, e.offset(here, by)), e.offset(there, by))

    def clear(self, place: Value, size: Value) -> None:
        """Zeroes."""
        self.e.declare("declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)")
        with self.e.when(self.e.compare("icmp ne", size, 0)):
            self.e.add(f"call void @llvm.memset.p0.i64({place}, i8 0, {size}, i1 false)")

    # -- tiles -----------------------------------------------------------------------------

    def vectors(self, columns: Value) -> Value:
        """How many vectors hold so many columns."""
        return self.e.bin("udiv", self.e.bin("add", columns, self.lanes - 1), self.lanes)

    def tiles(
        self, held: tuple[Value, Value], a: Value, b: Value, c: Value,
        stream: tuple[Value, Value], columns: Value, add: Value,
    ) -> None:  # fmt: skip
        """All held rows from one to another, tile by tile. Missing rows of the last are spare."""
        e, s, rows = self.e, self.s, self.kind.micro.rows
        low, high = held
        count = self.vectors(columns)
        last = e.bin("sub", columns, e.bin("mul", e.bin("add", count, -1), self.lanes))
        which = e.bin("add", count, TABLE - 1)
        micro = e.load("ptr", e.offset(e.args, e.bin("mul", which, 8)))
        spare = e.bin("sub", self.spare, e.convert("ptrtoint", c, "i64"))
        more = [stream[0], stream[1], s["brs"], last, add]

        def call(offsets: Value, places: Value) -> None:
            values = ", ".join(map(str, [a, b, c, offsets, places, *more]))
            e.op(f"call {MICRO_TYPE} {micro.name}({values})", "i64")

        full = e.bin("sub", high, e.bin("urem", e.bin("sub", high, low), rows))
        with e.loop(low, full, rows) as i:
            call(self.at(s["held"], (i, 8)), self.at(s["places"], (i, 8)))
        with e.when(e.compare("icmp slt", full, high)):
            for k in range(rows):
                i = e.bin("add", full, k)
                exists = e.compare("icmp slt", i, high)
                i = e.select(exists, i, full)
                offset, place = (e.load("i64", self.at(s[n], (i, 8))) for n in ("held", "places"))
                e.store(offset, e.offset(self.few[0], 8 * k))
                e.store(e.select(exists, place, spare), e.offset(self.few[1], 8 * k))
            call(self.few[0], self.few[1])

    def row_bytes(self, columns: Value) -> Value:
        """How far apart rows of a packed panel are."""
        return self.e.bin("mul", self.vectors(columns), self.lanes * self.size)


class _Forward(_Conv):
    """Parts share blocks."""

    def write(self) -> None:
        """The whole kernel."""
        e, s = self.e, self.s
        panels = self.whole(s["channels"], s["width"])
        with e.loop(*e.share(self.blocks())) as number:
            block = self.block(number)
            with e.loop(0, s["groups"]) as group, e.loop(0, panels) as panel:
                j = e.bin("mul", panel, s["width"])
                b = self.at(
                    s["b"], (e.bin("add", e.bin("mul", group, panels), panel), s["panel_step"])
                )
                a = self.at(block.base, (group, s["group_step"]))
                c = self.at(
                    block.out, (e.bin("mul", group, s["channels"]), self.size), (j, self.size)
                )
                if self.kind.micro.depthwise:
                    a, b = (self.at(x, (j, self.size)) for x in (block.base, s["b"]))
                self.panel(block, (a, b, c), e.bin("sub", s["channels"], j))

    def panel(self, block: _Block, at: tuple[Value, Value, Value], left: Value) -> None:
        """One panel of output channels, so many entries of the stream at a time."""
        e, s = self.e, self.s
        a, b, c = at
        columns = e.minimum(s["width"], left)
        row = s["brs"]
        if not self.kind.micro.depthwise:
            row = e.bin("mul", self.row_bytes(columns), self.kind.micro.unroll)
        with e.loop(0, s["stream_count"], s["stream_block"]) as k:
            count = e.minimum(s["stream_block"], e.bin("sub", s["stream_count"], k))
            add = e.convert("zext", e.compare("icmp ne", k, 0), "i64")
            stream = self.at(s["stream"], (k, 8)), count
            held = Value("i64", "0"), block.windows
            here = self.at(b, (e.bin("add", k, s["first"]), row))
            self.tiles(held, a, here, c, stream, columns, add)


class _FilterGradient(_Conv):
    """Parts share blocks, and have sums of their own, or rows of the filter."""

    def write(self) -> None:
        """The whole kernel."""
        e, s = self.e, self.s
        panels = self.whole(s["channels"], s["width"])
        mine = e.compare("icmp ne", s["by_blocks"], 0)
        total = self.blocks()
        zero = Value("i64", "0")
        low, high = e.share(total)
        low, high = e.select(mine, low, zero), e.select(mine, high, total)
        rows = self.kind.micro.rows
        first, last = e.share(self.whole(s["held_count"], Value("i64", str(rows))))
        first = e.select(mine, zero, e.bin("mul", first, rows))
        last = e.minimum(s["held_count"], e.bin("mul", last, rows))
        held = first, e.select(mine, s["held_count"], last)
        place = e.select(mine, e.part, zero)
        result = self.at(s["result"], (place, s["result_step"]))
        with e.loop(low, high) as number:
            block = self.block(number)
            later = e.compare("icmp ne", number, low)
            with e.loop(0, s["groups"]) as group, e.loop(0, panels) as panel:
                j = e.bin("mul", panel, s["width"])
                column = e.bin("add", e.bin("mul", group, s["channels"]), j)
                dy = self.at(block.out, (column, self.size))
                a = self.at(block.base, (group, s["group_step"]))
                if self.kind.micro.depthwise:
                    a = self.at(block.base, (j, self.size))
                c = self.at(result, (column, self.size))
                left = e.bin("sub", s["channels"], j)
                self.panel((a, dy, c), (block.windows, later), held, left)

    def panel(
        self, at: tuple[Value, Value, Value], block: tuple[Value, Value],
        held: tuple[Value, Value], left: Value,
    ) -> None:  # fmt: skip
        """One panel of output channels: so many windows at a time are the product's depth."""
        e, s = self.e, self.s
        a, dy, c = at
        windows, later = block
        columns = e.minimum(s["width"], left)
        with e.loop(0, windows, s["stream_block"]) as k:
            count = e.minimum(s["stream_block"], e.bin("sub", windows, k))
            b = self.at(dy, (k, s["brs"]))
            if self.kind.packs:
                b = self.pack(b, count, columns)
            add = e.bin("or", later, e.compare("icmp ne", k, 0))
            stream = self.at(s["stream"], (k, 8)), count
            self.tiles(held, a, b, c, stream, columns, e.convert("zext", add, "i64"))

    def pack(self, dy: Value, count: Value, columns: Value) -> Value:
        """A panel of the output's gradient, side by side; what does not exist is zero."""
        e, s = self.e, self.s
        place = self.at(s["panel"], (e.part, s["panel_size"]))
        kind, step = vector(self.kind.micro.element, self.lanes), self.row_bytes(columns)
        last = e.bin("mul", e.bin("udiv", e.bin("add", columns, -1), self.lanes), self.lanes)
        mask = tail_mask(e, e.bin("sub", columns, last), self.lanes)
        with e.loop(0, count) as k:
            here, there = self.at(dy, (k, s["brs"])), self.at(place, (k, step))
            with e.loop(0, last, self.lanes) as j:
                x = e.load(kind, self.at(here, (j, self.size)))
                e.store(x, self.at(there, (j, self.size)))
            x = masked_load(e, kind, self.at(here, (last, self.size)), mask)
            e.store(x, self.at(there, (last, self.size)))
        return place


# -- the filter ----------------------------------------------------------------------------------

PACK_SLOTS = [
    "w",
    "out",
    "taps",
    "tap_count",
    "within",
    "channels",
    "width",
    "groups",
    "row_step",
    "column_step",
    "group_step",
    "panel_step",
]


def pack_key(element: str, by_rows: bool) -> str:
    """The key of the kernel that packs filters."""
    return f"conv pack|{element}|{by_rows}"


def emit_pack(element: str, by_rows: bool, target: Target) -> str:
    """The module of the kernel that packs filters: panels of taps' rows, taps from a table.

    Either the channels that make a panel's columns lie together or those that make its rows.
    """
    e = Emitter(target)
    _Pack(e, element, by_rows, target).write()
    return e.text()


class _Pack:
    def __init__(self, e: Emitter, element: str, by_rows: bool, target: Target) -> None:
        self.e, self.element, self.by_rows = e, element, by_rows
        self.lanes, self.size = lanes(target, element), SIZES[element]
        self.kind = vector(element, self.lanes)
        pointers = ("w", "out", "taps")
        self.s = {
            name: e.pointer(i) if name in pointers else e.slot(i)
            for i, name in enumerate(PACK_SLOTS)
        }

    def at(self, base: Value, *steps: tuple[Value, Value | int]) -> Value:
        """An address some strides further."""
        for index, stride in steps:
            base = self.e.offset(base, self.e.bin("mul", index, stride))
        return base

    def write(self) -> None:
        """Parts share the taps of all panels."""
        e, s = self.e, self.s
        panels = e.bin(
            "udiv", e.bin("add", s["channels"], e.bin("add", s["width"], -1)), s["width"]
        )
        every = e.bin("mul", e.bin("mul", s["groups"], panels), s["tap_count"])
        with e.loop(*e.share(every)) as number:
            tap, which = (e.bin(f, number, s["tap_count"]) for f in ("urem", "udiv"))
            panel, group = (e.bin(f, which, panels) for f in ("urem", "udiv"))
            j = e.bin("mul", panel, s["width"])
            columns = e.minimum(s["width"], e.bin("sub", s["channels"], j))
            count = e.bin("udiv", e.bin("add", columns, self.lanes - 1), self.lanes)
            step = e.bin("mul", count, self.lanes * self.size)
            source = e.offset(s["w"], e.load("i64", self.at(s["taps"], (tap, 8))))
            source = self.at(source, (group, s["group_step"]), (j, s["column_step"]))
            place = self.at(s["out"], (which, s["panel_step"]))
            place = self.at(place, (e.bin("mul", tap, s["within"]), step))
            (self.rows if self.by_rows else self.columns)(source, place, columns, step)

    def rows(self, source: Value, place: Value, columns: Value, step: Value) -> None:
        """Rows whose elements lie together."""
        e, s = self.e, self.s
        last = e.bin("mul", e.bin("udiv", e.bin("add", columns, -1), self.lanes), self.lanes)
        mask = tail_mask(e, e.bin("sub", columns, last), self.lanes)
        with e.loop(0, s["within"]) as k:
            here, there = self.at(source, (k, s["row_step"])), self.at(place, (k, step))
            with e.loop(0, last, self.lanes) as j:
                x = e.load(self.kind, self.at(here, (j, self.size)))
                e.store(x, self.at(there, (j, self.size)))
            x = masked_load(e, self.kind, self.at(here, (last, self.size)), mask)
            e.store(x, self.at(there, (last, self.size)))

    def columns(self, source: Value, place: Value, columns: Value, step: Value) -> None:
        """Columns whose elements lie together: squares, turned. Missing ones repeat the last."""
        e, s, w = self.e, self.s, self.lanes
        last = e.bin("add", columns, -1)
        squares = e.bin("sub", s["within"], e.bin("urem", s["within"], w))
        with e.loop(0, columns, w) as j:
            starts = []
            for i in range(w):
                column = e.minimum(e.bin("add", j, i), last)
                starts.append(self.at(source, (column, s["column_step"])))
            target = self.at(place, (j, self.size))
            with e.loop(0, squares, w) as k:
                by = e.bin("mul", k, s["row_step"])
                rows = [e.load(self.kind, e.offset(x, by)) for x in starts]
                for i, x in enumerate(transposed(e, rows)):
                    e.store(x, self.at(target, (e.bin("add", k, i), step)))
            with e.loop(squares, s["within"]) as k:
                by = e.bin("mul", k, s["row_step"])
                for i, x in enumerate(starts):
                    element = e.load(self.element, e.offset(x, by))
                    e.store(element, e.offset(self.at(target, (k, step)), i * self.size))
