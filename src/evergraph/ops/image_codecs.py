"""Ops that read and write files of images: PNG, GIF, BMP on NumPy, JPEG by Pillow."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.opdef import Array, Attrs, Values, define
from ..core.shape import Dim, Shape, with_extent, with_rank
from . import image_gif as gif
from . import image_jpeg as jpeg
from . import image_png as png
from .operands import ints, np_dtype

_FORMATS = {"JPEG": jpeg.SIGNATURE, "PNG": png.SIGNATURE, "GIF": gif.SIGNATURE}
_MOST_BMP = (2**31 - 1) // 8


# -- checks ----------------------------------------------------------------------------------
def _contents(value: Array) -> bytes:
    """A file's contents from a scalar of strings."""
    array = np.asarray(value, dtype=object)
    if array.ndim:
        raise ValueError(f"contents must be scalar, got shape {list(array.shape)}")
    return bytes(array[()])


def _format_of(data: bytes) -> str:
    for name, signature in _FORMATS.items():
        if data.startswith(signature):
            return name
    what = f"unknown format starting with {data[:16]!r}" if data else "empty file"
    raise ValueError(f"Expected image (JPEG, PNG, or GIF), got {what}")


def _channels(attrs: Attrs, allowed: Sequence[int], what: str = "") -> int:
    count: int = attrs["channels"]
    if count not in allowed:
        text = ", ".join(map(str, allowed[:-1]))
        raise ValueError(f"channels must be {text}, or {allowed[-1]}{what}, got {count}")
    return count


def _decoded_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    with_rank(shapes[0], 0)
    return [(None, None, _asked(attrs))]


def _asked(attrs: Attrs) -> Dim:
    """The channels asked for, None for those of the file."""
    if attrs["channels"] < 0:
        raise ValueError(f"channels must be non-negative, got {attrs['channels']}")
    return attrs["channels"] or None


# -- any of three formats ------------------------------------------------------------------------
def _decode(data: bytes, attrs: Attrs, dtype: Any, animated: bool) -> Array:
    """The image of a file in any format but BMP, whichever op was asked to read it."""
    kind = _format_of(data)
    if dtype != np.uint8 and kind != "PNG":
        raise ValueError(f"{kind} does not support uint16 output")
    count = attrs.get("channels", 3 if animated else 0)
    if kind == "JPEG":
        _channels({"channels": count}, (0, 1, 3), " for JPEG")
        recover = attrs.get("try_recover_truncated", False)
        image = jpeg.decode(data, count, attrs.get("ratio", 1), recover)
    elif kind == "PNG":
        image = png.decode(data, count, dtype)
    else:
        _channels({"channels": count}, (0, 3), " for GIF")
        frames = gif.decode(data)
        if animated:
            return frames
        if len(frames) != 1:
            raise ValueError(
                f"Got {len(frames)} frames, but animated gifs can only be decoded by "
                "tf.image.decode_gif or tf.image.decode_image"
            )
        image = frames[0]
    return image[None] if animated else image


def _png(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    _channels(attrs, (0, 1, 3, 4))
    return xp.asarray(_decode(_contents(inputs[0]), attrs, np_dtype(attrs), False))


def _gif(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    return xp.asarray(_decode(_contents(inputs[0]), attrs, np.uint8, True))


def _check_jpeg_options(attrs: Attrs) -> None:
    _channels(attrs, (0, 1, 3, 4))
    if attrs["ratio"] not in (1, 2, 4, 8):
        raise ValueError(f"ratio must be 1, 2, 4, or 8, got {attrs['ratio']}")
    if attrs["dct_method"] not in ("", "INTEGER_FAST", "INTEGER_ACCURATE"):
        raise ValueError("dct_method must be one of {'', 'INTEGER_FAST', 'INTEGER_ACCURATE'}")


def _jpeg(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    _check_jpeg_options(attrs)
    return xp.asarray(_decode(_contents(inputs[0]), attrs, np.uint8, False))


def _cropped_jpeg(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    _check_jpeg_options(attrs)
    data, window = _contents(inputs[0]), ints(inputs[1])
    if np.ndim(inputs[1]) != 1 or len(window) != 4:
        raise ValueError(f"crop_window must be 1-D with four elements, got {window}")
    image = _decode(data, attrs, np.uint8, False)
    top, left, height, width = window
    inside = top + height <= image.shape[0] and left + width <= image.shape[1]
    if min(top, left) < 0 or min(height, width) <= 0 or not inside:
        raise ValueError(
            f"Invalid JPEG data or crop window, data size {len(data)}: window {window} of an "
            f"image of {image.shape[0]} by {image.shape[1]}"
        )
    return xp.asarray(image[top : top + height, left : left + width])


def _cropped_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    with_rank(shapes[0], 0)
    with_extent(with_rank(shapes[1], 1)[0], 4)
    window = values.as_shape(1) or (None,) * 4
    return [(window[2], window[3], _asked(attrs))]


_JPEG_ATTRS = (
    "channels:int=0; ratio:int=1; fancy_upscaling:bool=true; try_recover_truncated:bool=false; "
    "acceptable_fraction:float=1.0; dct_method:string=''"
)
define(
    "DecodePng",
    "contents:string -> image:dtype",
    "channels:int=0; dtype:type{uint8,uint16}=uint8",
    shape=_decoded_shape,
    kernel=_png,
    data_dependent=True,
)
define(
    "DecodeJpeg",
    "contents:string -> image:uint8",
    _JPEG_ATTRS,
    shape=_decoded_shape,
    kernel=_jpeg,
    data_dependent=True,
)
define(
    "DecodeAndCropJpeg",
    "contents:string crop_window:int32 -> image:uint8",
    _JPEG_ATTRS,
    shape=_cropped_shape,
    kernel=_cropped_jpeg,
    data_dependent=True,
)


def _frames_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    with_rank(shapes[0], 0)
    return [(None, None, None, 3)]


define(
    "DecodeGif",
    "contents:string -> image:uint8",
    shape=_frames_shape,
    kernel=_gif,
    data_dependent=True,
)


def _jpeg_shape(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    shape = jpeg.shape_of_file(_contents(inputs[0]))
    return np.array(shape, np_dtype(attrs, "output_type"))


def _three(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    with_rank(shapes[0], 0)
    return [(3,)]


define(
    "ExtractJpegShape",
    "contents:string -> image_shape:output_type",
    "output_type:type{int32,int64}=int32",
    shape=_three,
    kernel=_jpeg_shape,
)


# -- BMP ---------------------------------------------------------------------------------------
def _bmp(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    asked = _channels(attrs, (0, 1, 3, 4))
    data = _contents(inputs[0])
    if len(data) < 32:
        raise ValueError(
            "Incomplete bmp content, requires at least 32 bytes to find the header size, width, "
            f"height, and bpp, got {len(data)} bytes"
        )
    start, width, height, bits = (struct.unpack_from("<i", data, at)[0] for at in (10, 18, 22, 28))
    count = bits // 8
    if asked and asked != count:
        raise ValueError(
            f"channels attribute {asked} does not match bits per pixel from file {count}"
        )
    if count not in (1, 3, 4):
        raise ValueError(f"Number of channels must be 1, 3 or 4, was {count}")
    return xp.asarray(_bitmap(data, start, width, height, count))


def _bitmap(data: bytes, start: int, width: int, height: int, count: int) -> Array:
    if width <= 0:
        raise ValueError("Width must be positive")
    if not height:
        raise ValueError("Height must be nonzero")
    if start < 0:
        raise ValueError("header size must be nonnegative")
    if width * abs(height) >= _MOST_BMP:
        raise ValueError("Total possible pixel bytes must be less than 2^30")
    row = (count * width + 3) // 4 * 4
    needed = start + (abs(height) - 1) * row + width * count
    if needed > len(data):
        raise ValueError(
            f"Incomplete bmp content, requires at least {needed} bytes, got {len(data)} bytes"
        )
    size = abs(height) * row
    rows = np.frombuffer(data[start : start + size].ljust(size, b"\0"), np.uint8)
    pixels = rows.reshape(abs(height), row)[:, : width * count].reshape(-1, width, count)
    if height > 0:
        pixels = pixels[::-1]
    order = [2, 1, 0, 3][:count] if count > 1 else [0]  # the file has blue first
    return np.ascontiguousarray(pixels[..., order])


define(
    "DecodeBmp",
    "contents:string -> image:uint8",
    "channels:int=0",
    shape=_decoded_shape,
    kernel=_bmp,
    data_dependent=True,
)


# -- writing -----------------------------------------------------------------------------------
def _scalar_of_image(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    with_rank(shapes[0], 3)
    return [()]


def _bytes_array(data: bytes) -> Array:
    out = np.empty((), dtype=object)
    out[()] = data
    return out


def _image(value: Array) -> Array:
    image = np.asarray(value)
    if image.ndim != 3:
        raise ValueError(f"image must be 3-dimensional, got shape {list(image.shape)}")
    if not image.size:
        raise ValueError(f"image must not be empty, got shape {list(image.shape)}")
    if image.size >= 2**31 - 1:
        raise ValueError("image cannot have >= int32 max elements")
    return image


def _to_png(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    image, compression = _image(inputs[0]), attrs["compression"]
    if not -1 <= compression <= 9:
        raise ValueError(f"compression should be in [-1,9], got {compression}")
    if not 1 <= image.shape[2] <= 4:
        raise ValueError(f"image must have 1, 2, 3, or 4 channels, got {image.shape[2]}")
    return _bytes_array(png.encode(image, compression))


def _checked_quality(quality: int) -> int:
    if not 0 <= quality <= 100:
        raise ValueError(f"quality must be in [0,100], got {quality}")
    return quality


def _for_jpeg(value: Array, wanted: str = "") -> Array:
    image = _image(value)
    expected = {"grayscale": 1, "rgb": 3}.get(wanted)
    if expected is not None and image.shape[2] != expected:
        raise ValueError(f"format {wanted} expects {expected} channels, got {list(image.shape)}")
    if image.shape[2] not in (1, 3):
        raise ValueError(f"image must have 1 or 3 channels, got {list(image.shape)}")
    return image


def _to_jpeg(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    image = _for_jpeg(inputs[0], attrs["format"])
    xmp = attrs["xmp_metadata"]
    return _bytes_array(
        jpeg.encode(
            image,
            _checked_quality(attrs["quality"]),
            progressive=attrs["progressive"],
            optimize=attrs["optimize_size"],
            chroma_downsampling=attrs["chroma_downsampling"],
            unit=attrs["density_unit"],
            density=(attrs["x_density"], attrs["y_density"]),
            xmp=xmp.encode() if isinstance(xmp, str) else xmp,
        )
    )


def _to_jpeg_of_quality(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    image = _for_jpeg(inputs[0])
    if np.ndim(inputs[1]):
        raise ValueError(f"quality must be scalar, got shape {list(np.shape(inputs[1]))}")
    return _bytes_array(jpeg.encode(image, _checked_quality(int(np.asarray(inputs[1])))))


_WRITERS: tuple[tuple[str, str, str, Callable[..., Array]], ...] = (
    (
        "EncodePng",
        "image:T -> contents:string",
        "compression:int=-1; T:type{uint8,uint16}=uint8",
        _to_png,
    ),
    (
        "EncodeJpeg",
        "image:uint8 -> contents:string",
        "format:string{,grayscale,rgb}=''; quality:int=95; progressive:bool=false; "
        "optimize_size:bool=false; chroma_downsampling:bool=true; density_unit:string{in,cm}='in'; "
        "x_density:int=300; y_density:int=300; xmp_metadata:string=''",
        _to_jpeg,
    ),
    (
        "EncodeJpegVariableQuality",
        "images:uint8 quality:int32 -> contents:string",
        "",
        _to_jpeg_of_quality,
    ),
)
for _name, _signature, _attrs, _kernel in _WRITERS:
    define(_name, _signature, _attrs, shape=_scalar_of_image, kernel=_kernel)
