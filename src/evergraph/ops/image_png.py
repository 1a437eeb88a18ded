"""PNG files, read and written on NumPy: W3C, "Portable Network Graphics" (2nd edition, 2003)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.opdef import Array

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GRAY, _RGB, _PALETTE, _GRAY_ALPHA, _RGB_ALPHA = 0, 2, 3, 4, 6
_SAMPLES = {_GRAY: 1, _RGB: 3, _PALETTE: 1, _GRAY_ALPHA: 2, _RGB_ALPHA: 4}
_DEPTHS = {_GRAY: (1, 2, 4, 8, 16), _PALETTE: (1, 2, 4, 8)}
_MOST_PIXELS = 1 << 29
_MOST_EXTENT = 1 << 27
_EXPANSION = 1100  # deflate makes no byte into more than so many
# Adam7: first row, first column, step of rows, step of columns of each pass.
_PASSES = (
    (0, 0, 8, 8),
    (0, 4, 8, 8),
    (4, 0, 8, 4),
    (0, 2, 4, 4),
    (2, 0, 4, 2),
    (0, 1, 2, 2),
    (1, 0, 2, 1),
)
# Weights of red, green and blue in 1 / 32768, as libpng rounds them.
_LUMINANCE = (9797, 19234, 3737)


@dataclass
class _File:
    """What a file's chunks say."""

    width: int = 0
    height: int = 0
    depth: int = 0
    colour: int = -1
    interlaced: bool = False
    palette: Array | None = None
    transparency: bytes | None = None
    data: list[bytes] = field(default_factory=list)

    @property
    def samples(self) -> int:
        return _SAMPLES[self.colour]


def _bad(why: str) -> ValueError:
    return ValueError(f"Invalid PNG data: {why}")


# -- chunks ------------------------------------------------------------------------------------
def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        if len(body) != size or at + 12 + size > len(data):
            raise _bad("the file is cut off")
        (sum_,) = struct.unpack_from(">I", data, at + 8 + size)
        if zlib.crc32(kind + body) != sum_ and kind[:1].isupper():
            raise _bad(f"the checksum of chunk {kind.decode('latin1')} is wrong")
        yield kind, body
        at += 12 + size


def _header(body: bytes) -> _File:
    if len(body) != 13:
        raise ValueError(f"Invalid PNG header, data size {len(body)}")
    width, height, depth, colour, packing, filters, interlace = struct.unpack(">IIBBBBB", body)
    if colour not in _SAMPLES or depth not in _DEPTHS.get(colour, (8, 16)):
        raise ValueError(f"Invalid PNG header: colour type {colour} with {depth} bits")
    if packing or filters or interlace > 1:
        raise ValueError("Invalid PNG header: unknown compression, filter or interlace method")
    if not 0 < width < _MOST_EXTENT or not 0 < height < _MOST_EXTENT:
        raise ValueError(f"PNG size too large for int: {width} by {height}")
    if width * height >= _MOST_PIXELS:
        raise ValueError(f"PNG size too large for int: {width} by {height}")
    return _File(width, height, depth, colour, bool(interlace))


def _parse(data: bytes) -> _File:
    if not data.startswith(SIGNATURE):
        raise ValueError(f"Invalid PNG header, data size {len(data)}")
    file: _File | None = None
    for kind, body in _chunks(data):
        if kind == b"IHDR":
            file = _header(body)
        elif file is None:
            raise ValueError(f"Invalid PNG header, data size {len(data)}")
        elif kind == b"PLTE":
            if not body or len(body) % 3:
                raise _bad("the palette has no whole number of colours")
            file.palette = np.frombuffer(body, np.uint8).reshape(-1, 3)
        elif kind == b"tRNS":
            file.transparency = body
        elif kind == b"IDAT":
            file.data.append(body)
        elif kind == b"IEND":
            break
    if file is None:
        raise ValueError(f"Invalid PNG header, data size {len(data)}")
    if file.colour == _PALETTE and file.palette is None:
        raise _bad("there is no palette")
    return file


# -- pixels ------------------------------------------------------------------------------------
def _paeth(left: Array, up: Array, corner: Array) -> Array:
    """Which of three neighbours is nearest to left + up - corner."""
    to_left, to_up = np.abs(up - corner), np.abs(left - corner)
    to_corner = np.abs(left + up - 2 * corner)
    nearest = np.where(to_up <= to_corner, up, corner)
    return np.where((to_left <= to_up) & (to_left <= to_corner), left, nearest)


def _unfilter(rows: Array, kinds: Array, unit: int) -> Array:
    """Undoes the filters of rows [height, bytes]; `unit` bytes make a pixel.

    A pixel hangs on those on the left, above, and above on the left, so all pixels of an
    antidiagonal can be computed at once.
    """
    if kinds.max(initial=0) > 4:
        raise _bad(f"unknown filter {kinds.max()}")
    if not kinds.any():
        return rows
    height, size = rows.shape
    width = size // unit
    out = np.zeros((height + 1, width + 1, unit), np.int16)  # a border of zeros above and left
    raw = rows.reshape(height, width, unit)
    present = [np.flatnonzero(kinds == k) for k in range(5)]
    for step in range(height + width - 1):
        low, high = max(0, step - width + 1), min(height, step + 1)
        r = np.arange(low, high)
        c = step - r
        left, up, corner = out[r + 1, c], out[r, c + 1], out[r, c]
        guess = np.zeros_like(left)
        for k, at in enumerate(present):
            here = at[at.searchsorted(low) : at.searchsorted(high)] - low
            if k and here.size:
                guess[here] = _guess(k, left[here], up[here], corner[here])
        out[r + 1, c + 1] = (raw[r, c] + guess) & 0xFF
    return out[1:, 1:].reshape(height, size).astype(np.uint8)


def _guess(kind: int, left: Array, up: Array, corner: Array) -> Array:
    if kind == 1:
        return left
    if kind == 2:
        return up
    return (left + up) >> 1 if kind == 3 else _paeth(left, up, corner)


def _unpacked(rows: Array, width: int, file: _File) -> Array:
    """The samples of rows of bytes, [height, width, samples]."""
    if file.depth == 16:
        return rows.view(">u2").astype(np.uint16).reshape(len(rows), width, file.samples)
    if file.depth < 8:
        bits = np.unpackbits(rows, axis=1).reshape(len(rows), -1, file.depth)
        weights = 1 << np.arange(file.depth)[::-1]
        rows = (bits @ weights).astype(np.uint8)[:, :width]
    return rows.reshape(len(rows), width, file.samples)


def _pass_sizes(file: _File) -> list[tuple[int, int, Any]]:
    """Height, width and place in the image of each pass that holds pixels."""
    if not file.interlaced:
        return [(file.height, file.width, (slice(None), slice(None)))]
    out = []
    for row, column, down, across in _PASSES:
        height = len(range(row, file.height, down))
        width = len(range(column, file.width, across))
        if height and width:
            out.append((height, width, (slice(row, None, down), slice(column, None, across))))
    return out


def _samples(file: _File) -> Array:
    """The samples as the file has them, [height, width, samples]."""
    bits = file.samples * file.depth
    sizes = [(h, (w * bits + 7) // 8 + 1) for h, w, _ in _pass_sizes(file)]
    total = sum(h * row for h, row in sizes)
    packed = b"".join(file.data)
    if total > len(packed) * _EXPANSION:
        raise _bad("there are too few pixels")
    try:
        content = zlib.decompressobj().decompress(packed, total)
    except zlib.error as error:
        raise _bad(str(error)) from None
    if len(content) < total:
        raise _bad("there are too few pixels")
    dtype = np.uint16 if file.depth == 16 else np.uint8
    out = np.zeros((file.height, file.width, file.samples), dtype)
    at = 0
    for (height, row), (_, width, place) in zip(sizes, _pass_sizes(file), strict=True):
        lines = np.frombuffer(content, np.uint8, height * row, at).reshape(height, row)
        plain = _unfilter(lines[:, 1:], lines[:, 0], max(1, bits // 8))
        out[place] = _unpacked(np.ascontiguousarray(plain), width, file)
        at += height * row
    return out


# -- channels ----------------------------------------------------------------------------------
def _from_palette(file: _File, index: Array) -> tuple[Array, Array | None]:
    """The colours, and the alpha channel if there is transparency."""
    assert file.palette is not None
    if index.max(initial=0) >= len(file.palette):
        raise _bad("a pixel's colour is not in the palette")
    colours = file.palette[index[..., 0]]
    if file.transparency is None:
        return colours, None
    table = np.full(256, 255, np.uint8)
    given = np.frombuffer(file.transparency, np.uint8)[:256]
    table[: given.size] = given
    return colours, table[index]


def _see_through(file: _File, samples: Array) -> Array | None:
    """The alpha channel that makes one colour transparent, if the file names one."""
    if file.transparency is None:
        return None
    if len(file.transparency) != 2 * file.samples:
        raise _bad("the transparent colour has a wrong size")
    colour = np.frombuffer(file.transparency, ">u2").astype(np.int64)
    most = (1 << file.depth) - 1
    same = (samples == (colour & most)).all(-1, keepdims=True)
    return np.where(same, 0, 65535 if file.depth == 16 else 255).astype(samples.dtype)


def _pixels(file: _File) -> tuple[Array, Array | None]:
    """Gray or red, green and blue in 8 or 16 bits, and the alpha channel if there is one."""
    samples = _samples(file)
    if file.colour == _PALETTE:
        return _from_palette(file, samples)
    if file.colour in (_GRAY_ALPHA, _RGB_ALPHA):
        return samples[..., :-1], samples[..., -1:]
    alpha = _see_through(file, samples)
    if file.depth < 8:
        samples = samples * (255 // ((1 << file.depth) - 1))
    return samples, alpha


def _gray(colours: Array) -> Array:
    red, green, blue = (colours[..., i].astype(np.int64) * _LUMINANCE[i] for i in range(3))
    half = 1 << 14 if colours.dtype == np.uint16 else 0  # libpng rounds 16 bits only
    gray = (red + green + blue + half) >> 15
    same = (colours == colours[..., :1]).all(-1)
    return np.where(same, colours[..., 0], gray).astype(colours.dtype)[..., None]


def _of_bits(x: Array, dtype: Any) -> Array:
    """Samples in 8 or 16 bits: the upper byte of 16, or a byte twice."""
    if x.dtype == dtype:
        return x
    return (x >> 8).astype(np.uint8) if dtype == np.uint8 else x.astype(np.uint16) * 257


def decode(data: bytes, channels: int, dtype: Any) -> Array:
    """The image of a file, [height, width, channels] of uint8 or uint16.

    channels: 1 to 4, or 0 for those of the file. ValueError for what is no such file.
    """
    file = _parse(data)
    colours, alpha = _pixels(file)
    if not channels:
        # What one transparent colour stands for is asked for with an alpha channel only.
        has_alpha = file.colour in (_PALETTE, _GRAY_ALPHA, _RGB_ALPHA) and alpha is not None
        channels = colours.shape[-1] + has_alpha
    if channels < 3 and colours.shape[-1] == 3:
        colours = _gray(colours)
    elif channels >= 3 and colours.shape[-1] == 1:
        colours = np.repeat(colours, 3, -1)
    colours = _of_bits(colours, dtype)
    if channels % 2:
        return colours
    if alpha is None:
        opaque = (1 << file.depth) - 1  # of fewer than 8 bits too, as TensorFlow has it
        own = np.uint16 if file.depth == 16 else np.uint8
        alpha = np.full((*colours.shape[:2], 1), opaque, own)
    return np.concatenate([colours, _of_bits(alpha, dtype)], -1)


# -- writing -----------------------------------------------------------------------------------
def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def encode(image: Array, compression: int) -> bytes:
    """A file with an image [height, width, 1 to 4 channels] of uint8 or uint16.

    Rows are stored as differences to those above, which suits most images.
    """
    height, width, channels = image.shape
    colour = {1: _GRAY, 2: _GRAY_ALPHA, 3: _RGB, 4: _RGB_ALPHA}[channels]
    depth = 8 * image.dtype.itemsize
    rows = image.astype(">u2" if depth == 16 else np.uint8).reshape(height, -1).view(np.uint8)
    rows = rows.reshape(height, width * channels * (depth // 8))
    lines = np.empty((height, rows.shape[1] + 1), np.uint8)
    lines[:, 0] = 2
    lines[:1, 1:] = rows[:1]
    np.subtract(rows[1:], rows[:-1], out=lines[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    packed = zlib.compress(lines.tobytes(), compression)
    parts = [_chunk(b"IHDR", header), _chunk(b"IDAT", packed), _chunk(b"IEND", b"")]
    return SIGNATURE + b"".join(parts)
