"""GIF files, read on NumPy: CompuServe, "Graphics Interchange Format, version 89a" (1990)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..core.opdef import Array

SIGNATURE = b"GIF8"
_MOST_BYTES = 1 << 31


@dataclass
class _Frame:
    """One image of a file: its place, its colours and the index of each pixel's."""

    left: int
    top: int
    width: int
    height: int
    palette: Array
    index: Array


class _Reader:
    """The bytes of a file, one after the other; ValueError past their end."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        """The next bytes."""
        part = self.data[self.at : self.at + count]
        if len(part) < count:
            raise _bad(len(self.data), "the file is cut off")
        self.at += count
        return part

    def byte(self) -> int:
        """The next byte as a number."""
        return self.take(1)[0]

    def short(self) -> int:
        """The next two bytes as a number."""
        return int.from_bytes(self.take(2), "little")

    def blocks(self) -> bytes:
        """The content of the sub-blocks that follow."""
        parts = []
        while count := self.byte():
            parts.append(self.take(count))
        return b"".join(parts)

    def palette(self, flags: int) -> Array | None:
        """The table of colours that flags announce."""
        if not flags & 0x80:
            return None
        count = 2 << (flags & 7)
        return np.frombuffer(self.take(3 * count), np.uint8).reshape(count, 3)


def _bad(size: int, why: str) -> ValueError:
    return ValueError(f"Invalid GIF data (size {size}), {why}")


def _unpack(data: bytes, least: int, wanted: int) -> bytes:
    """Undoes the compression (Lempel, Ziv, Welch) of `wanted` indices; fewer at a bad code."""
    clear, stop = 1 << least, (1 << least) + 1
    start = [bytes([i]) for i in range(clear)] + [b"", b""]
    table, width, previous = list(start), least + 1, b""
    out = bytearray()
    bits = held = 0
    for byte in data:
        bits |= byte << held
        held += 8
        while held >= width and len(out) < wanted:
            code = bits & ((1 << width) - 1)
            bits >>= width
            held -= width
            if code == clear:
                table, width, previous = list(start), least + 1, b""
                continue
            if code == stop or code > len(table) or (code == len(table) and not previous):
                return bytes(out)
            entry = table[code] if code < len(table) else previous + previous[:1]
            out += entry
            if previous and len(table) < 4096:
                table.append(previous + entry[:1])
                if len(table) == 1 << width and width < 12:
                    width += 1
            previous = entry
    return bytes(out[:wanted])


def _rows_in_order(index: Array) -> Array:
    """The rows of an interlaced frame from top to bottom."""
    height = len(index)
    order = [*range(0, height, 8), *range(4, height, 8), *range(2, height, 4)]
    out = np.empty_like(index)
    out[order + list(range(1, height, 2))] = index
    return out


def _frame(reader: _Reader, shared: Array | None, number: int) -> _Frame:
    left, top, width, height = (reader.short() for _ in range(4))
    flags = reader.byte()
    palette = reader.palette(flags)
    palette = shared if palette is None else palette
    size = len(reader.data)
    if palette is None:
        raise _bad(size, f"missing color map for frame {number}")
    least = reader.byte()
    if not 1 <= least <= 8:
        raise _bad(size, f"failed to slurp gif file: codes of {least} bits")
    packed = reader.blocks()
    # A code of at least two bits gives at most as many pixels as there are codes before it.
    if width * height > (len(packed) * 4 + 1) * 4096:
        raise _bad(size, "failed to slurp gif file: too few pixels")
    indices = _unpack(packed, least, width * height)
    if len(indices) < width * height:
        raise _bad(size, "failed to slurp gif file: too few pixels")
    index = np.frombuffer(indices, np.uint8).reshape(height, width)
    if index.max(initial=0) >= len(palette):
        raise _bad(size, f"found color index {index.max()} outside of color map range")
    return _Frame(
        left, top, width, height, palette, _rows_in_order(index) if flags & 0x40 else index
    )


def _frames(data: bytes) -> list[_Frame]:
    reader = _Reader(data)
    if reader.take(6) not in (b"GIF87a", b"GIF89a"):
        raise _bad(len(data), "failed to open gif file: it is none")
    reader.take(4)
    flags = reader.byte()
    reader.take(2)
    shared = reader.palette(flags)
    found: list[_Frame] = []
    while (kind := reader.byte()) != 0x3B:
        if kind == 0x21:
            reader.byte()
            reader.blocks()
        elif kind == 0x2C:
            found.append(_frame(reader, shared, len(found)))
        else:
            raise _bad(len(data), f"failed to slurp gif file: unknown block {kind}")
    if not found:
        raise _bad(len(data), "gif file does not contain any image")
    return found


def decode(data: bytes) -> Array:
    """The frames of a file, uint8 [frames, height, width, 3]; ValueError if it is none.

    As in TensorFlow, the greatest frame gives the size, a frame that covers less than all shows
    the one before around it, and transparent pixels have the colour of their index.
    """
    frames = _frames(data)
    height, width = max(f.height for f in frames), max(f.width for f in frames)
    if height * width * len(frames) * 3 > _MOST_BYTES:
        raise _bad(len(data), f"{len(frames)} frames of {height} by {width} are too large")
    out = np.zeros((len(frames), height, width, 3), np.uint8)
    for i, frame in enumerate(frames):
        whole = (frame.left, frame.top, frame.width, frame.height) == (0, 0, width, height)
        if not whole and i == 0:
            raise _bad(len(data), "the first frame does not fill the canvas")
        if not whole:
            out[i] = out[i - 1]
        part = out[i, frame.top : frame.top + frame.height, frame.left : frame.left + frame.width]
        part[:] = frame.palette[frame.index[: part.shape[0], : part.shape[1]]]
    return out
