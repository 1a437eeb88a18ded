"""`tf.image`: dtypes, brightness, contrast, colours and colour spaces."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import float16, float32, int32, uint8
from ...core.emit import apply
from ...core.tensor import Tensor
from .. import array_ops, elementwise_ops, math_ops, matrix_ops, random_ops, reduction_ops
from ..dtype_ops import cast
from ..emitting import emit_tensor
from ..framework import convert_to_tensor, name_scope
from .checks import image_tensor, is_tensor, required, with_at_least_3d, with_one_channel
from .codecs import decode_jpeg
from .dtypes import convert_image_dtype


def _as_float(image: Tensor) -> Tensor:
    """The image itself if it is of float16 or float32, else as float32."""
    return image if image.dtype in (float16, float32) else convert_image_dtype(image, float32)


# -- brightness, contrast, gamma -----------------------------------------------------------------
def adjust_brightness(image: Any, delta: Any) -> Tensor:
    """Images with `delta` added, in the scale of floats from 0 to 1."""
    with name_scope(None, "adjust_brightness", [image, delta]) as scope:
        x = image_tensor(image)
        values = _as_float(x)
        adjusted = elementwise_ops.add(values, cast(delta, values.dtype), name=scope)
        return convert_image_dtype(adjusted, x.dtype, saturate=True)


def random_brightness(image: Any, max_delta: Any, seed: Any = None) -> Tensor:
    """`adjust_brightness` by a random amount in [-max_delta, max_delta)."""
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    delta = random_ops.random_uniform([], -max_delta, max_delta, seed=seed)
    return adjust_brightness(image, delta)


def _drawn_factor(lower: Any, upper: Any, seed: Any) -> Tensor:
    if upper <= lower:
        raise ValueError("upper must be > lower.")
    if lower < 0:
        raise ValueError("lower must be non-negative.")
    return random_ops.random_uniform([], lower, upper, seed=seed)


def adjust_contrast(images: Any, contrast_factor: Any) -> Tensor:
    """Images whose distances from each channel's mean are multiplied by a factor."""
    with name_scope(None, "adjust_contrast", [images, contrast_factor]) as scope:
        x = image_tensor(images, "images")
        adjusted = emit_tensor("AdjustContrastv2", _as_float(x), contrast_factor, name=scope)
        return convert_image_dtype(adjusted, x.dtype, saturate=True)


def random_contrast(image: Any, lower: Any, upper: Any, seed: Any = None) -> Tensor:
    """`adjust_contrast` by a random factor in [lower, upper)."""
    return adjust_contrast(image, _drawn_factor(lower, upper, seed))


def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Tensor:
    """gain * image ** gamma, in the scale of floats from 0 to 1."""
    from ..grouping import with_dependencies

    with name_scope(None, "adjust_gamma", [image, gamma, gain]):
        x = image_tensor(image)
        values: Any = _as_float(x)
        checks = required(gamma >= 0, "Gamma should be a non-negative real number.")
        if checks:
            gamma = with_dependencies(checks, gamma)
        return convert_image_dtype(gain * values**gamma, x.dtype, saturate=True)


def per_image_standardization(image: Any) -> Tensor:
    """Images shifted to mean 0 and scaled to variance 1, each over all its pixels and channels.

    The deviation that is divided by is at least 1 / sqrt(number of values).
    """
    with name_scope(None, "per_image_standardization", [image]) as scope:
        x = with_at_least_3d(image_tensor(image))
        dtype = x.dtype
        values: Any = _as_float(x)
        extents: Any = array_ops.shape(values)
        count = reduction_ops.reduce_prod(extents[-3:])
        axes = [-1, -2, -3]
        mean = reduction_ops.reduce_mean(values, axis=axes, keepdims=True)
        deviation = reduction_ops.reduce_std(values, axis=axes, keepdims=True)
        least = elementwise_ops.rsqrt(cast(count, values.dtype))
        divisor = elementwise_ops.maximum(deviation, least)
        standard = math_ops.div(values - mean, divisor, name=scope)
        return convert_image_dtype(standard, dtype, saturate=True)


# -- hue and saturation ------------------------------------------------------------------------
def adjust_hue(image: Any, delta: Any, name: Any = None) -> Tensor:
    """RGB images with hues turned by `delta`, a part of the whole circle in [-1, 1]."""
    with name_scope(name, "adjust_hue", [image]):
        x = image_tensor(image)
        return convert_image_dtype(emit_tensor("AdjustHue", _as_float(x), delta), x.dtype)


def random_hue(image: Any, max_delta: Any, seed: Any = None) -> Tensor:
    """`adjust_hue` by a random amount in [-max_delta, max_delta), at most half a circle."""
    if max_delta > 0.5:
        raise ValueError("max_delta must be <= 0.5.")
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    delta = random_ops.random_uniform([], -max_delta, max_delta, seed=seed)
    return adjust_hue(image, delta)


def adjust_saturation(image: Any, saturation_factor: Any, name: Any = None) -> Tensor:
    """RGB images with saturations multiplied by a factor."""
    with name_scope(name, "adjust_saturation", [image]):
        x = image_tensor(image)
        adjusted = emit_tensor("AdjustSaturation", _as_float(x), saturation_factor)
        return convert_image_dtype(adjusted, x.dtype)


def random_saturation(image: Any, lower: Any, upper: Any, seed: Any = None) -> Tensor:
    """`adjust_saturation` by a random factor in [lower, upper)."""
    return adjust_saturation(image, _drawn_factor(lower, upper, seed))


# -- JPEG's losses -----------------------------------------------------------------------------
def adjust_jpeg_quality(image: Any, jpeg_quality: Any, name: Any = None) -> Tensor:
    """An image as it is after it was stored as JPEG of this quality, from 0 to 100."""
    with name_scope(name, "adjust_jpeg_quality", [image]):
        x = image_tensor(image)
        values = convert_image_dtype(x, uint8)
        if not is_tensor(jpeg_quality):
            jpeg_quality = convert_to_tensor(jpeg_quality, int32)
        stored = apply("EncodeJpegVariableQuality", values, jpeg_quality)
        return convert_image_dtype(decode_jpeg(stored), x.dtype)


def random_jpeg_quality(
    image: Any, min_jpeg_quality: Any, max_jpeg_quality: Any, seed: Any = None
) -> Tensor:
    """`adjust_jpeg_quality` with a random quality in [min_jpeg_quality, max_jpeg_quality)."""
    least, most = min_jpeg_quality, max_jpeg_quality
    if min(least, most) < 0 or max(least, most) > 100:
        raise ValueError("jpeg encoding range must be between 0 and 100.")
    if least >= most:
        raise ValueError("`min_jpeg_quality` must be less than `max_jpeg_quality`.")
    quality = random_ops.random_uniform([], least, most, seed=seed, dtype=int32)
    return adjust_jpeg_quality(image, quality)


# -- colour spaces -----------------------------------------------------------------------------
def rgb_to_hsv(images: Any, name: Any = None) -> Tensor:
    """Red, green and blue along the last axis as hue, saturation and value, all in [0, 1]."""
    return emit_tensor("RGBToHSV", images, name=name)


def hsv_to_rgb(images: Any, name: Any = None) -> Tensor:
    """Hue, saturation and value along the last axis as red, green and blue."""
    return emit_tensor("HSVToRGB", images, name=name)


def rgb_to_grayscale(images: Any, name: Any = None) -> Tensor:
    """The luminance of RGB images, with a last axis of 1."""
    with name_scope(name, "rgb_to_grayscale", [images]) as scope:
        x = image_tensor(images, "images")
        values = convert_image_dtype(x, float32)
        gray = matrix_ops.tensordot(values, [0.2989, 0.587, 0.114], [-1, -1])
        gray = array_ops.expand_dims(gray, -1)
        return convert_image_dtype(gray, x.dtype, name=scope)


def grayscale_to_rgb(images: Any, name: Any = None) -> Tensor:
    """Images of one channel with that channel three times."""
    with name_scope(name, "grayscale_to_rgb", [images]) as scope:
        x = with_one_channel(image_tensor(images, "images"))
        rank: Any = array_ops.rank(x)
        ones = array_ops.ones(array_ops.expand_dims(rank - 1, 0), dtype=int32)
        repeats = array_ops.concat([ones, array_ops.expand_dims(3, 0)], 0)
        colours = array_ops.tile(x, repeats, name=scope)
        if x.static_shape is not None:
            colours.set_shape([*x.static_shape[:-1], 3])
        return colours


# Rows are red, green, blue (or Y, I, Q; Y, U, V), columns what they become.
_RGB_TO_YIQ = [
    [0.299, 0.59590059, 0.2115],
    [0.587, -0.27455667, -0.52273617],
    [0.114, -0.32134392, 0.31119955],
]
_YIQ_TO_RGB: list[list[float]] = [
    [1, 1, 1],
    [0.95598634, -0.27201283, -1.10674021],
    [0.6208248, -0.64720424, 1.70423049],
]
_RGB_TO_YUV = [
    [0.299, -0.14714119, 0.61497538],
    [0.587, -0.28886916, -0.51496512],
    [0.114, 0.43601035, -0.10001026],
]
_YUV_TO_RGB: list[list[float]] = [
    [1, 1, 1],
    [0, -0.394642334, 2.03206185],
    [1.13988303, -0.58062185, 0],
]


def _through(images: Any, matrix: list[list[float]]) -> Tensor:
    x = image_tensor(images, "images")
    kernel = convert_to_tensor(matrix, x.dtype, name="kernel")
    if x.static_shape is None:
        raise ValueError("The rank of images must be known.")
    return matrix_ops.tensordot(x, kernel, axes=[[len(x.static_shape) - 1], [0]])


def rgb_to_yiq(images: Any) -> Tensor:
    """Red, green and blue along the last axis as Y, I and Q."""
    return _through(images, _RGB_TO_YIQ)


def yiq_to_rgb(images: Any) -> Tensor:
    """Y, I and Q along the last axis as red, green and blue."""
    return _through(images, _YIQ_TO_RGB)


def rgb_to_yuv(images: Any) -> Tensor:
    """Red, green and blue along the last axis as Y, U and V."""
    return _through(images, _RGB_TO_YUV)


def yuv_to_rgb(images: Any) -> Tensor:
    """Y, U and V along the last axis as red, green and blue."""
    return _through(images, _YUV_TO_RGB)
