"""JPEG files, read and written by Pillow (`pip install evergraph[image]`).

Its decoder chooses the inverse transform and the upsampling of colours, so that values may differ
by a few steps from TensorFlow's.
"""

from __future__ import annotations

import io
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..core.opdef import Array
from ..errors import UnimplementedError

SIGNATURE = b"\xff\xd8\xff"
_XMP = b"http://ns.adobe.com/xap/1.0/\x00"
_lenient = threading.Lock()


def _pillow() -> Any:
    """Pillow's module for images; UnimplementedError where it is not installed."""
    try:
        from PIL import Image
    except ImportError:
        raise UnimplementedError(
            "JPEG images need Pillow, which is not installed: pip install evergraph[image]"
        ) from None
    return Image


# -- the header --------------------------------------------------------------------------------
def shape_of_file(data: bytes) -> tuple[int, int, int]:
    """Height, width and channels, read from the frame header; ValueError if there is none."""
    at = 2
    while data.startswith(SIGNATURE[:2]) and at + 4 <= len(data):
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF or 0xD0 <= marker <= 0xD8:  # padding, or markers without content
            at += 1 if marker == 0xFF else 2
            continue
        (size,) = struct.unpack_from(">H", data, at + 2)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC) and at + 10 <= len(data):
            height, width, channels = struct.unpack_from(">HHB", data, at + 5)
            return height, width, channels
        at += 2 + size
    raise ValueError(f"Invalid JPEG data, data size {len(data)}")


# -- reading -----------------------------------------------------------------------------------
@contextmanager
def _truncated_allowed(allowed: bool) -> Iterator[None]:
    """Lets Pillow fill up what a file lacks, for the time of the block."""
    from PIL import ImageFile

    with _lenient:
        before = ImageFile.LOAD_TRUNCATED_IMAGES
        ImageFile.LOAD_TRUNCATED_IMAGES = allowed
        try:
            yield
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before


def decode(data: bytes, channels: int, ratio: int, recover: bool) -> Array:
    """The image of a file, uint8 [height, width, 1 or 3]; ValueError for what is none.

    channels: 1, 3, or 0 for those of the file. ratio: 1, 2, 4 or 8, by which it becomes smaller.
    recover: whether a file that is cut off is shown as far as it goes.
    """
    image_module = _pillow()
    height, width, own = shape_of_file(data)
    mode = "L" if channels == 1 or (not channels and own == 1) else "RGB"
    try:
        with _truncated_allowed(recover), image_module.open(io.BytesIO(data)) as image:
            if image.format != "JPEG":
                raise ValueError("not JPEG")
            image.draft(mode, (max(1, width // ratio), max(1, height // ratio)))
            pixels = np.asarray(image.convert(mode))
    except (OSError, ValueError, SyntaxError, image_module.DecompressionBombError) as error:
        raise ValueError(
            f"Invalid JPEG data or crop window, data size {len(data)}: {error}"
        ) from None
    return pixels.reshape(*pixels.shape[:2], -1)


# -- writing -----------------------------------------------------------------------------------
def encode(
    image: Array,
    quality: int,
    *,
    progressive: bool = False,
    optimize: bool = False,
    chroma_downsampling: bool = True,
    unit: str = "in",
    density: tuple[int, int] = (300, 300),
    xmp: bytes = b"",
) -> bytes:
    """A file with an image uint8 [height, width, 1 or 3]."""
    pixels = image[..., 0] if image.shape[2] == 1 else image
    stream = io.BytesIO()
    _pillow().fromarray(np.ascontiguousarray(pixels)).save(
        stream,
        "JPEG",
        quality=max(1, quality),
        progressive=progressive,
        optimize=optimize,
        subsampling=2 if chroma_downsampling else 0,
        dpi=density,
    )
    return _with_metadata(stream.getvalue(), unit, density, xmp)


def _with_metadata(data: bytes, unit: str, density: tuple[int, int], xmp: bytes) -> bytes:
    """The file with the densities in their unit in its JFIF header, and with XMP behind that."""
    if data[2:4] != b"\xff\xe0":
        return data
    header = struct.pack(">BHH", {"in": 1, "cm": 2}[unit], *density)
    end = 4 + struct.unpack_from(">H", data, 4)[0]
    extra = b""
    if xmp:
        extra = b"\xff\xe1" + struct.pack(">H", len(_XMP) + len(xmp) + 2) + _XMP + xmp
    return data[:13] + header + data[18:end] + extra + data[end:]
