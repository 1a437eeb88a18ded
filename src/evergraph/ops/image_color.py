"""Ops on the colours of images: hue, saturation and value, contrast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, with_extent, with_rank, with_rank_at_least
from ..core.tensor import Operation
from ..errors import FailedPreconditionError
from .elementwise_rules import literal
from .operands import np_dtype

_FLOATS = "T:type{float16,bfloat16,float32,float64}=float32"
_SHORT = "T:type{float16,float32}=float32"


def _wide(x: Array) -> Array:
    """Values in the precision that colours are computed in: float32, or float64 as it is."""
    return x if x.dtype == np.float64 else x.astype(np.float32)


def _colours_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    shape = with_rank_at_least(shapes[0], 1)
    return [None if shape is None else (*shape[:-1], with_extent(shape[-1], 3))]


def _image_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    """Shape rule: images of any batch axes, and scalars."""
    for scalar in shapes[1:]:
        with_rank(scalar, 0)
    return [with_rank_at_least(shapes[0], 3)]


def _channels(x: Array) -> tuple[Array, Array, Array]:
    """Red, green and blue of the last axis."""
    if not x.ndim:
        raise ValueError("input must be at least 1D, got a scalar")
    if x.shape[-1] != 3:
        raise FailedPreconditionError(
            f"input must have 3 channels but input only has {x.shape[-1]} channels."
        )
    return x[..., 0], x[..., 1], x[..., 2]


def _check_image(image: Array, *scalars: Array, channels: bool = True) -> None:
    if image.ndim < 3:
        raise ValueError(f"input must be at least 3-D, got shape {list(image.shape)}")
    if channels and image.shape[-1] != 3:
        raise ValueError(f"input must have 3 channels but instead has {image.shape[-1]} channels.")
    for x in scalars:
        if np.ndim(x):
            raise ValueError(f"delta, scale and factor must be scalar: got shape {np.shape(x)}")


# -- hue, saturation, value --------------------------------------------------------------------
def _hsv(xp: Any, r: Array, g: Array, b: Array, share: Callable[..., Array]) -> list[Array]:
    """Hue in [0, 1), saturation and value. `share(a, spread)` is a / (6 * spread)."""
    value = xp.maximum(r, xp.maximum(g, b))
    spread = value - xp.minimum(r, xp.minimum(g, b))
    saturation = xp.where(value > 0, spread / xp.where(value > 0, value, 1), xp.zeros_like(value))
    some = xp.where(spread > 0, spread, xp.ones_like(spread))
    third = value.dtype.type(2) / value.dtype.type(6)
    two_thirds = value.dtype.type(4) / value.dtype.type(6)
    green, blue = share(b - r, some) + third, share(r - g, some) + two_thirds
    hue = xp.where(r == value, share(g - b, some), xp.where(g == value, green, blue))
    hue = xp.where(spread > 0, hue, xp.zeros_like(hue))
    return [xp.where(hue < 0, hue + 1, hue), saturation, value]


def _rgb_to_hsv(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    r, g, b = _channels(_wide(inputs[0]))
    sixth = r.dtype.type(1) / r.dtype.type(6)
    parts = _hsv(xp, r, g, b, lambda a, spread: (1 / spread * sixth) * a)
    return xp.stack(parts, axis=-1).astype(np_dtype(attrs, "T"))


def _hsv_to_rgb(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    h, s, v = _channels(_wide(inputs[0]))
    turn = h * 6
    red = xp.clip(xp.abs(turn - 3) - 1, 0, 1)
    green = xp.clip(2 - xp.abs(turn - 2), 0, 1)
    blue = xp.clip(2 - xp.abs(turn - 4), 0, 1)
    parts = [((1 - s) + s * c) * v for c in (red, green, blue)]
    return xp.stack(parts, axis=-1).astype(np_dtype(attrs, "T"))


def _extremes(r: Any, g: Any, b: Any, like: Any) -> tuple[list[Any], list[Any]]:
    """For each channel, 1 where it counts as the greatest, and 1 where as the least."""

    def both(x: Any, y: Any) -> Any:
        return apply("Cast", apply("LogicalAnd", x, y), DstT=like.dtype)

    greatest = [
        both(apply("GreaterEqual", r, b), apply("GreaterEqual", r, g)),
        both(apply("Greater", g, r), apply("GreaterEqual", g, b)),
        both(apply("Greater", b, r), apply("Greater", b, g)),
    ]
    least = [
        both(apply("Less", r, b), apply("Less", r, g)),
        both(apply("LessEqual", g, r), apply("Less", g, b)),
        both(apply("LessEqual", b, r), apply("LessEqual", b, g)),
    ]
    return greatest, least


def _hsv_gradient(op: Operation, dy: Any) -> list[Any]:
    """With v the greatest channel and d its distance from the least: s = d / v, and hue is
    a third of the circle plus the difference of the two other channels over 6 d.
    """
    r, g, b = apply("Unpack", op.inputs[0], num=3, axis=-1)
    dh, ds, dv = apply("Unpack", dy, num=3, axis=-1)
    greatest, least = _extremes(r, g, b, dy)
    red, green, blue = greatest
    value = red * r + green * g + blue * b
    spread = value - (least[0] * r + least[1] * g + least[2] * b)
    difference = red * (g - b) + green * (b - r) + blue * (r - g)
    by_difference = apply("DivNoNan", dh, spread * literal(6, r))
    by_spread = apply("DivNoNan", ds, value) - by_difference * apply("DivNoNan", difference, spread)
    by_value = dv - apply("DivNoNan", ds * spread, value * value)
    slopes = (blue - green, red - blue, green - red)
    parts = [
        top * by_value + (top - low) * by_spread + slope * by_difference
        for top, low, slope in zip(greatest, least, slopes, strict=True)
    ]
    return [apply("Pack", parts, axis=-1)]


define(
    "RGBToHSV",
    "images:T -> output:T",
    _FLOATS,
    shape=_colours_shape,
    kernel=_rgb_to_hsv,
    grad=_hsv_gradient,
)
define(
    "HSVToRGB",
    "images:T -> output:T",
    _FLOATS,
    shape=_colours_shape,
    kernel=_hsv_to_rgb,
    grad=NO_GRADIENT,
)


# -- adjustments of hue and saturation ---------------------------------------------------------
def _sextant(xp: Any, r: Array, g: Array, b: Array) -> Array:
    """Which sixth of the circle of hues a colour lies in."""
    below = xp.where(b < r, 1, xp.where(b > g, 3, 2))
    above = xp.where(b < g, 0, xp.where(b > r, 4, 5))
    return xp.where(r < g, below, above)


def _circle(xp: Any, h: Array) -> Array:
    """Hues brought to [0, 6)."""
    h = xp.mod(h, 6)
    return xp.where(h >= 6, h - 6, h)


def _adjust_hue(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    image, delta = inputs
    _check_image(image, delta)
    r, g, b = _channels(_wide(image))
    low, high = xp.minimum(r, g), xp.maximum(r, g)
    middle = xp.maximum(low, xp.minimum(high, b))
    low, high = xp.minimum(low, b), xp.maximum(high, b)
    place = _sextant(xp, r, g, b)
    spread = high - low
    ratio = (middle - low) / xp.where(spread > 0, spread, xp.ones_like(spread))
    hue = place.astype(r.dtype) + xp.where(place % 2 == 0, ratio, 1 - ratio)
    hue = xp.where(spread > 0, hue, xp.zeros_like(hue))
    hue = _circle(xp, hue + xp.asarray(delta).astype(r.dtype) * 6)
    place = xp.nan_to_num(xp.floor(hue)).astype(np.int32)
    ratio = hue - xp.floor(hue)
    middle = low + xp.where(place % 2 == 0, ratio, 1 - ratio) * spread
    return _by_sextant(xp, place, high, middle, low).astype(image.dtype)


def _by_sextant(xp: Any, place: Array, high: Array, middle: Array, low: Array) -> Array:
    """The colours whose channels of these sizes stand in the order of each sixth."""
    order = np.array(["hml", "mhl", "lhm", "lmh", "mlh", "hlm"])
    sizes = {"h": high, "m": middle, "l": low}
    parts = []
    for channel in range(3):
        value = sizes[order[5][channel]]
        for sixth in range(5):
            value = xp.where(place == sixth, sizes[order[sixth][channel]], value)
        parts.append(value)
    return xp.stack(parts, axis=-1)


def _adjust_saturation(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    image, scale = inputs
    _check_image(image, scale)
    r, g, b = _channels(_wide(image))
    hue, saturation, value = _hsv(xp, r, g, b, lambda a, spread: 1 / (6 * spread) * a)
    saturation = xp.clip(saturation * xp.asarray(scale).astype(r.dtype), 0, 1)
    high = saturation * value
    turn = hue * 6
    place = xp.nan_to_num(xp.floor(turn)).astype(np.int32)
    middle = high * (1 - xp.abs(xp.mod(turn, 2) - 1))
    colours = _by_sextant(xp, place, high, middle, xp.zeros_like(high))
    colours = xp.where((place > 5)[..., None], 0, colours)
    return (colours + (value - high)[..., None]).astype(image.dtype)


for _name, _argument, _kernel in (
    ("AdjustHue", "delta", _adjust_hue),
    ("AdjustSaturation", "scale", _adjust_saturation),
):
    define(
        _name,
        f"images:T {_argument}:float32 -> output:T",
        _SHORT,
        shape=_image_shape,
        kernel=_kernel,
    )

_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]], "f4")
_FROM_YIQ = np.array(
    [[1, 0.95617069, 0.62143257], [1, -0.2726886, -0.64681324], [1, -1.103744, 1.70062309]], "f4"
)


def _adjust_hsv_in_yiq(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    """A turn of the plane of I and Q, and scales of it and of Y: one matrix for all pixels."""
    image, *scalars = inputs
    _check_image(image, *scalars)
    delta, chroma, value = (np.float32(np.asarray(x)) for x in scalars)
    cosine, sine = (value * chroma * f(delta) for f in (np.cos, np.sin))
    turn = np.array([[value, 0, 0], [0, cosine, -sine], [0, sine, cosine]], np.float32)
    matrix = _FROM_YIQ @ turn @ _YIQ
    return (_wide(image) @ matrix.T.astype(_wide(image).dtype)).astype(image.dtype)


define(
    "AdjustHsvInYiq",
    "images:T delta_h:float32 scale_s:float32 scale_v:float32 -> output:T",
    "T:type{uint8,int8,int16,int32,int64,float16,float32,float64}",
    shape=_image_shape,
    kernel=_adjust_hsv_in_yiq,
)


# -- contrast ----------------------------------------------------------------------------------
def _stretched(xp: Any, image: Array, factor: Array) -> Array:
    """Distances from each channel's mean over the image times a factor."""
    values = _wide(image)
    if 0 in image.shape:
        return values
    mean = xp.mean(values, axis=(-3, -2), keepdims=True, dtype=values.dtype)
    return mean + xp.asarray(factor).astype(values.dtype) * (values - mean)


def _contrast(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    image, factor, low, high = inputs
    _check_image(image, factor, low, high, channels=False)
    stretched = _stretched(xp, image.astype(np.float32), factor)
    return xp.maximum(xp.minimum(stretched, high), low).astype(np.float32)


def _contrast_v2(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    image, factor = inputs
    _check_image(image, factor, channels=False)
    return _stretched(xp, image, factor).astype(image.dtype)


define(
    "AdjustContrast",
    "images:T contrast_factor:float32 min_value:float32 max_value:float32 -> output:float32",
    "T:type{uint8,int8,int16,int32,int64,float32,float64}",
    shape=_image_shape,
    kernel=_contrast,
)
define(
    "AdjustContrastv2",
    "images:T contrast_factor:float32 -> output:T",
    _SHORT,
    shape=_image_shape,
    kernel=_contrast_v2,
)
