"""The code of convolutions: output rows times the filter, on the microkernel of matrix products.

Inputs are (batch, height, width, channels), contiguous. For a block of output rows the input rows
that they see are copied once to scratch, with the padding around them; unpadded inputs are read
where they lie. A filter row's KW * C values are then one contiguous stretch of K.
"""

from __future__ import annotations

from dataclasses import dataclass

from .gemm_kernel import Tiles, TileWriter
from .host import Target
from .ir import Emitter, Value

SLOTS = [
    "x",
    "batch_step",
    "row_step",
    "height",
    "width_bytes",
    "batch",
    "out_rows",
    "out_cols",
    "stride",
    "top",
    "left_bytes",
    "padded_step",
    "taps",
    "dilation",
    "depth",
    "column_bytes",
    "b",
    "panel_step",
    "channels",
    "out",
    "scratch",
    "scratch_size",
    "block",
]
TABLE = len(SLOTS)


@dataclass(frozen=True)
class ConvKind:
    """What distinguishes the code of one convolution from another's."""

    element: str
    padded: bool
    filter_gradient: bool

    @property
    def key(self) -> str:
        """The kernel's key."""
        return f"conv|{self.element}|{self.padded}|{self.filter_gradient}"


def emit(kind: ConvKind, target: Target) -> str:
    """The module of a kernel."""
    e = Emitter(target)
    (_FilterGradient if kind.filter_gradient else _Forward)(e, kind, target).write()
    return e.text()


class _Conv:
    """What both directions share: blocks of output rows and the input rows they see."""

    def __init__(self, e: Emitter, kind: ConvKind, target: Target) -> None:
        self.e, self.kind = e, kind
        self.tiles = TileWriter(e, target, kind.element, TABLE)
        pointers = ("x", "b", "out", "scratch")
        self.s = {
            name: e.pointer(i) if name in pointers else e.slot(i) for i, name in enumerate(SLOTS)
        }
        mine = e.bin("mul", e.part, self.s["scratch_size"])
        self.scratch = e.offset(self.s["scratch"], mine)
        self.row_step = self.s["padded_step"] if kind.padded else self.s["row_step"]

    def at(self, base: Value, *steps: tuple[Value, Value | int]) -> Value:
        """An address some strides further."""
        for index, stride in steps:
            base = self.e.offset(base, self.e.bin("mul", index, stride))
        return base

    def input_rows(self, image: Value, first: Value, rows: Value) -> Value:
        """Where the first input row is that the output rows from `first` on see."""
        e, s = self.e, self.s
        base = self.at(s["x"], (image, s["batch_step"]))
        top = e.bin("mul", first, s["stride"])
        if not self.kind.padded:
            return self.at(base, (top, s["row_step"]))
        top = e.bin("sub", top, s["top"])
        reach = e.bin("mul", e.bin("add", s["taps"], -1), s["dilation"])
        count = e.bin("add", e.bin("mul", e.bin("add", rows, -1), s["stride"]), reach)
        with e.loop(0, e.bin("add", count, 1)) as k:
            self.copy_row(base, e.bin("add", top, k), self.at(self.scratch, (k, s["padded_step"])))
        return self.scratch

    def copy_row(self, base: Value, row: Value, place: Value) -> None:
        """One input row with its padding; outside the input all is padding."""
        e, s = self.e, self.s
        e.declare("declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)")
        e.declare("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
        inside = e.compare("icmp ult", row, s["height"])  # negative rows are huge unsigned ones
        with e.when(e.negate(inside)):
            self.clear(place, s["padded_step"])
        with e.when(inside):
            self.clear(place, s["left_bytes"])
            middle = e.offset(place, s["left_bytes"])
            source = self.at(base, (row, s["row_step"]))
            values = f"{middle}, {source}, {s['width_bytes']}, i1 false"
            e.add(f"call void @llvm.memcpy.p0.p0.i64({values})")
            used = e.bin("add", s["left_bytes"], s["width_bytes"])
            rest = e.bin("sub", s["padded_step"], used)
            self.clear(e.offset(place, used), rest)

    def clear(self, place: Value, size: Value) -> None:
        """Zeroes."""
        self.e.add(f"call void @llvm.memset.p0.i64({place}, i8 0, {size}, i1 false)")

    def blocks_of_image(self) -> Value:
        """How many blocks of output rows an image has."""
        e, s = self.e, self.s
        above = e.bin("add", s["out_rows"], e.bin("add", s["block"], -1))
        return e.bin("udiv", above, s["block"])

    def block(self, number: Value, per_image: Value) -> tuple[Value, Value, Value]:
        """A block's image, first output row and number of rows."""
        e, s = self.e, self.s
        image = e.bin("udiv", number, per_image)
        first = e.bin("mul", e.bin("urem", number, per_image), s["block"])
        return image, first, e.minimum(s["block"], e.bin("sub", s["out_rows"], first))

    def output_row(self, base: Value, image: Value, row: Value) -> Value:
        """Where a row of the output (or of its gradient) begins."""
        e, s = self.e, self.s
        line = e.bin("mul", s["out_cols"], e.bin("mul", s["channels"], self.tiles.size))
        number = e.bin("add", e.bin("mul", image, s["out_rows"]), row)
        return self.at(base, (number, line))


class _Forward(_Conv):
    """Parts share blocks of output rows."""

    def write(self) -> None:
        """The whole kernel."""
        e, s = self.e, self.s
        per_image = self.blocks_of_image()
        first, last = e.share(e.bin("mul", per_image, s["batch"]))
        with e.loop(first, last) as number:
            image, row, rows = self.block(number, per_image)
            base = self.input_rows(image, row, rows)
            with e.loop(0, s["channels"], self.tiles.width) as j:
                self.panel(base, j, (image, row, rows))

    def panel(self, base: Value, j: Value, block: tuple[Value, Value, Value]) -> None:
        """One panel of output channels: the taps' rows one after another."""
        e, s, size = self.e, self.s, self.tiles.size
        image, row, rows = block
        width = Value("i64", str(self.tiles.width))
        columns = e.minimum(width, e.bin("sub", s["channels"], j))
        filters = self.at(s["b"], (e.bin("udiv", j, width), s["panel_step"]))
        ars = s["column_bytes"]
        crs = e.bin("mul", s["channels"], size)
        brs = e.bin("mul", width, size)
        one, zero = Value("i64", str(size)), Value("i64", "0")
        down = e.bin("mul", s["dilation"], self.row_step)
        with e.loop(0, rows) as r:
            a = self.at(base, (e.bin("mul", r, s["stride"]), self.row_step))
            c = self.output_row(s["out"], image, e.bin("add", row, r))
            c = self.at(c, (j, size))
            tiles = Tiles(a, ars, one, filters, brs, c, crs, s["depth"], zero, s["taps"], down)
            self.tiles.write(tiles, s["out_cols"], columns)


class _FilterGradient(_Conv):
    """Parts share the filter's values: KW * C, in bands. The output must be zero before."""

    def write(self) -> None:
        """The whole kernel."""
        e, s = self.e, self.s
        bands = e.bin("udiv", e.bin("add", s["depth"], self.tiles.rows - 1), self.tiles.rows)
        low, high = (e.bin("mul", x, self.tiles.rows) for x in e.share(bands))
        high = e.minimum(high, s["depth"])
        per_image = self.blocks_of_image()
        with e.loop(0, e.bin("mul", per_image, s["batch"])) as number:
            image, row, rows = self.block(number, per_image)
            base = self.input_rows(image, row, rows)
            with e.loop(0, s["channels"], self.tiles.width) as j:
                self.panel(base, j, (image, row, rows), (low, high))

    def panel(
        self, base: Value, j: Value, block: tuple[Value, Value, Value], share: tuple[Value, Value]
    ) -> None:
        """One panel of output channels, all taps: pixels of a row are the product's depth."""
        e, s, size = self.e, self.s, self.tiles.size
        image, row, rows = block
        low, high = share
        width = Value("i64", str(self.tiles.width))
        columns = e.minimum(width, e.bin("sub", s["channels"], j))
        crs = e.bin("mul", s["channels"], size)
        acs = s["column_bytes"]
        one, next_row = Value("i64", str(size)), e.bin("mul", s["stride"], self.row_step)
        b = self.at(self.output_row(s["b"], image, row), (j, size))
        with e.loop(0, s["taps"]) as tap:
            down = e.bin("mul", tap, s["dilation"])
            a = self.at(base, (down, self.row_step), (low, size))
            place = e.bin("add", e.bin("mul", tap, s["depth"]), low)
            c = self.at(s["out"], (place, crs), (j, size))
            add = Value("i64", "1")
            tiles = Tiles(a, one, acs, b, crs, c, crs, s["out_cols"], add, rows, next_row)
            self.tiles.write(tiles, e.bin("sub", high, low), columns)
