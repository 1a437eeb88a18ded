"""`tf.image`: images from and to files' contents."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import as_dtype, int32, uint8, uint16
from ...core.emit import apply
from ...core.tensor import Tensor
from .. import check_ops, elementwise_ops
from ..emitting import emit_tensor
from ..framework import control_dependencies, name_scope
from ..selection_ops import gather
from .dtypes import convert_image_dtype

_ANIMATED = "Channels must be in (None, 0, 3) when decoding GIF images"
_BITMAP = "Channels must be in (None, 0, 3) when decoding BMP images"
_JPEG = "Channels must be in (None, 0, 1, 3) when decoding JPEG images"


# -- one format --------------------------------------------------------------------------------
def decode_png(contents: Any, channels: Any = 0, dtype: Any = uint8, name: Any = None) -> Tensor:
    """A PNG file's contents as an image of uint8 or uint16 with 1 to 4 channels (0: its own)."""
    return emit_tensor("DecodePng", contents, channels=channels, dtype=dtype, name=name)


def decode_bmp(contents: Any, channels: Any = 0, name: Any = None) -> Tensor:
    """A BMP file's contents as an image of uint8 with 1, 3 or 4 channels, which it must have."""
    return emit_tensor("DecodeBmp", contents, channels=channels, name=name)


def decode_gif(contents: Any, name: Any = None) -> Tensor:
    """A GIF file's contents as uint8 [frames, height, width, 3]."""
    return emit_tensor("DecodeGif", contents, name=name)


def decode_jpeg(
    contents: Any,
    channels: Any = 0,
    ratio: Any = 1,
    fancy_upscaling: Any = True,
    try_recover_truncated: Any = False,
    acceptable_fraction: Any = 1,
    dct_method: Any = "",
    name: Any = None,
) -> Tensor:
    """A JPEG file's contents as an image of uint8 with 1 or 3 channels (0: its own).

    `ratio` of 2, 4 or 8 makes it smaller by so much.
    """
    return emit_tensor(
        "DecodeJpeg",
        contents,
        channels=channels,
        ratio=ratio,
        fancy_upscaling=fancy_upscaling,
        try_recover_truncated=try_recover_truncated,
        acceptable_fraction=acceptable_fraction,
        dct_method=dct_method,
        name=name,
    )


def decode_and_crop_jpeg(
    contents: Any,
    crop_window: Any,
    channels: Any = 0,
    ratio: Any = 1,
    fancy_upscaling: Any = True,
    try_recover_truncated: Any = False,
    acceptable_fraction: Any = 1,
    dct_method: Any = "",
    name: Any = None,
) -> Tensor:
    """As `decode_jpeg`, then the part (row, column, height, width) of the image."""
    return emit_tensor(
        "DecodeAndCropJpeg",
        contents,
        crop_window,
        channels=channels,
        ratio=ratio,
        fancy_upscaling=fancy_upscaling,
        try_recover_truncated=try_recover_truncated,
        acceptable_fraction=acceptable_fraction,
        dct_method=dct_method,
        name=name,
    )


def extract_jpeg_shape(contents: Any, output_type: Any = int32, name: Any = None) -> Tensor:
    """Height, width and channels of a JPEG file's image, which is not decoded."""
    return emit_tensor("ExtractJpegShape", contents, output_type=output_type, name=name)


def encode_png(image: Any, compression: Any = -1, name: Any = None) -> Tensor:
    """An image of uint8 or uint16 with 1 to 4 channels as a PNG file's contents.

    `compression` runs from 0, none, to 9; -1 is the usual one.
    """
    return emit_tensor("EncodePng", image, compression=compression, name=name)


def encode_jpeg(
    image: Any,
    format: Any = "",
    quality: Any = 95,
    progressive: Any = False,
    optimize_size: Any = False,
    chroma_downsampling: Any = True,
    density_unit: Any = "in",
    x_density: Any = 300,
    y_density: Any = 300,
    xmp_metadata: Any = "",
    name: Any = None,
) -> Tensor:
    """An image of uint8 with 1 or 3 channels as a JPEG file's contents."""
    return emit_tensor(
        "EncodeJpeg",
        image,
        format=format,
        quality=quality,
        progressive=progressive,
        optimize_size=optimize_size,
        chroma_downsampling=chroma_downsampling,
        density_unit=density_unit,
        x_density=x_density,
        y_density=y_density,
        xmp_metadata=xmp_metadata,
        name=name,
    )


# -- whichever it is ---------------------------------------------------------------------------
def is_jpeg(contents: Any, name: Any = None) -> Tensor:
    """Whether a file's contents begin as JPEG does."""
    with name_scope(name, "is_jpeg"):
        start = emit_tensor("Substr", contents, 0, 3)
        return elementwise_ops.equal(start, b"\xff\xd8\xff", name=name)


def _is_png(contents: Any, name: Any = None) -> Tensor:
    with name_scope(name, "is_png"):
        start = emit_tensor("Substr", contents, 0, 3)
        return elementwise_ops.equal(start, b"\x89PN", name=name)


class _Decoder:
    """The branches of `decode_image`: what to do with contents of each format."""

    def __init__(self, contents: Any, channels: Any, dtype: Any, expand: Any) -> None:
        self.contents = contents
        self.asked = channels
        self.channels = 0 if channels is None else channels
        self.dtype = dtype
        self.expand = expand
        self.start: Any = None

    def converted(self, image: Tensor) -> Tensor:
        return convert_image_dtype(image, self.dtype)

    def bmp(self) -> Tensor:
        signature = apply("Substr", self.contents, 0, 2)
        is_bmp = elementwise_ops.equal(signature, "BM", name="is_bmp")
        text = "Unable to decode bytes as JPEG, PNG, GIF, or BMP"
        checks = [check_ops.Assert(is_bmp, [text])]
        good = elementwise_ops.not_equal(self.channels, 1, name="check_channels")
        checks.append(check_ops.Assert(good, [_BITMAP]))
        with control_dependencies(checks):
            return self.converted(decode_bmp(self.contents))

    def gif(self) -> Tensor:
        good = elementwise_ops.logical_and(
            elementwise_ops.not_equal(self.channels, 1, name="check_gif_channels"),
            elementwise_ops.not_equal(self.channels, 4, name="check_gif_channels"),
        )
        check = check_ops.Assert(good, [_ANIMATED])
        with control_dependencies([check]):
            frames = self.converted(decode_gif(self.contents))
            return frames if self.expand else gather(frames, 0)

    def gif_or_bmp(self) -> Any:
        from ..control_flow_ops import cond

        is_gif = elementwise_ops.equal(self.start, b"GIF", name="is_gif")
        return cond(is_gif, self.gif, self.bmp, name="cond_gif")

    def png(self) -> Tensor:
        kind = uint8 if self.dtype == uint8 else uint16
        return self.converted(decode_png(self.contents, self.channels, dtype=kind))

    def png_or_others(self) -> Any:
        from ..control_flow_ops import cond

        return cond(_is_png(self.contents), self.png, self.gif_or_bmp, name="cond_png")

    def jpeg(self) -> Tensor:
        good = elementwise_ops.not_equal(self.channels, 4, name="check_jpeg_channels")
        check = check_ops.Assert(good, [_JPEG])
        with control_dependencies([check]):
            return self.converted(decode_jpeg(self.contents, self.channels))


def decode_image(
    contents: Any,
    channels: Any = None,
    dtype: Any = uint8,
    name: Any = None,
    expand_animations: Any = True,
) -> Tensor:
    """A JPEG, PNG, GIF or BMP file's contents as an image of this dtype.

    GIFs have one more axis, that of frames, unless `expand_animations` is false. Raises
    InvalidArgumentError in a run for other contents, or channels that the format has not.
    """
    from ..control_flow_ops import cond

    with name_scope(name, "decode_image"):
        if channels not in (None, 0, 1, 3, 4):
            raise ValueError("channels must be in (None, 0, 1, 3, 4)")
        decoder = _Decoder(contents, channels, as_dtype(dtype), expand_animations)
        decoder.start = apply("Substr", contents, 0, 3)
        image: Tensor = cond(
            is_jpeg(contents), decoder.jpeg, decoder.png_or_others, name="cond_jpeg"
        )
        return image
