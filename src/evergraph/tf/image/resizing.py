"""`tf.image`: images resampled to another size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.dtypes import float32, float64, int32
from ...core.tensor import Tensor
from ...core.values import value_as_shape
from .. import array_ops, elementwise_ops, math_ops
from ..dtype_ops import cast
from ..emitting import emit_tensor
from ..framework import convert_to_tensor, name_scope
from ..grouping import with_dependencies
from .checks import as_batch, check_at_least_3d, dimensions, image_tensor, required
from .sizes import greater, pad_to_bounding_box

Resizer = Callable[[Tensor, Any], Tensor]


class ResizeMethod:
    """How `tf.image.resize_images` makes new pixels of old ones."""

    BILINEAR = 0
    NEAREST_NEIGHBOR = 1
    BICUBIC = 2
    AREA = 3


class ResizeMethodV2:
    """The methods by name, with those of TensorFlow 2."""

    BILINEAR = "bilinear"
    NEAREST_NEIGHBOR = "nearest"
    BICUBIC = "bicubic"
    AREA = "area"
    LANCZOS3 = "lanczos3"
    LANCZOS5 = "lanczos5"
    GAUSSIAN = "gaussian"
    MITCHELLCUBIC = "mitchellcubic"


_OPS = {
    0: "ResizeBilinear",
    1: "ResizeNearestNeighbor",
    2: "ResizeBicubic",
    3: "ResizeArea",
    "bilinear": "ResizeBilinear",
    "nearest": "ResizeNearestNeighbor",
    "bicubic": "ResizeBicubic",
    "area": "ResizeArea",
}
_ANY_SCALE = ("lanczos3", "lanczos5", "gaussian", "mitchellcubic")
_ANTIALIASED = {"bilinear": "triangle", "bicubic": "keyscubic"}


# -- one op ------------------------------------------------------------------------------------
def resize_bilinear(
    images: Any,
    size: Any,
    align_corners: Any = False,
    name: Any = None,
    half_pixel_centers: Any = False,
) -> Tensor:
    """Images [batch, height, width, channels] resized, pixels blended linearly; float32."""
    corners = {"align_corners": align_corners, "half_pixel_centers": half_pixel_centers}
    return emit_tensor("ResizeBilinear", images, size, name=name, **corners)


def resize_nearest_neighbor(
    images: Any,
    size: Any,
    align_corners: Any = False,
    name: Any = None,
    half_pixel_centers: Any = False,
) -> Tensor:
    """Images [batch, height, width, channels] resized by copying the nearest pixels."""
    corners = {"align_corners": align_corners, "half_pixel_centers": half_pixel_centers}
    return emit_tensor("ResizeNearestNeighbor", images, size, name=name, **corners)


def resize_bicubic(
    images: Any,
    size: Any,
    align_corners: Any = False,
    name: Any = None,
    half_pixel_centers: Any = False,
) -> Tensor:
    """Images [batch, height, width, channels] resized with a cubic kernel; float32."""
    corners = {"align_corners": align_corners, "half_pixel_centers": half_pixel_centers}
    return emit_tensor("ResizeBicubic", images, size, name=name, **corners)


def resize_area(images: Any, size: Any, align_corners: Any = False, name: Any = None) -> Tensor:
    """Images [batch, height, width, channels] resized by averages over areas; float32."""
    return emit_tensor("ResizeArea", images, size, name=name, align_corners=align_corners)


# -- any of them -------------------------------------------------------------------------------
def _size_tensor(size: Any) -> Tensor:
    try:
        wanted = convert_to_tensor(size, int32, name="size")
    except (TypeError, ValueError):
        raise ValueError("'size' must be a 1-D int32 Tensor") from None
    if not wanted.shape.is_compatible_with([2]):
        raise ValueError("'size' must be a 1-D Tensor of 2 elements: new_height, new_width")
    return wanted


def _in_proportion(images: Tensor, size: Tensor) -> Tensor:
    """The greatest size within `size` that keeps the images' proportions."""
    high, wide = _known_size(size)
    _, height, width, _ = dimensions(images, 4)
    by_height = cast(high, float32) / cast(height, float32)
    by_width = cast(wide, float32) / cast(width, float32)
    scale = elementwise_ops.minimum(by_height, by_width)
    scaled = [
        cast(math_ops.round(scale * cast(extent, float32)), int32) for extent in (height, width)
    ]
    return convert_to_tensor(scaled, int32, name="size")


def _known_size(size: Tensor) -> tuple[Any, Any]:
    high, wide = value_as_shape(size) or (None, None)
    return high, wide


def _resized(
    images: Any, size: Any, resizer: Resizer, keep: Any, name: Any, skip_if_same: bool
) -> Tensor:
    with name_scope(name, "resize", [images, size]):
        x = image_tensor(images, "images")
        if x.static_shape is None:
            raise ValueError("'images' contains no shape.")
        x, was_batch = as_batch(x, "'images'")
        wanted = _size_tensor(size)
        if keep:
            wanted = _in_proportion(x, wanted)
        known = _known_size(wanted)
        assert x.static_shape is not None
        if skip_if_same and None not in known and x.static_shape[1:3] == known:
            return x if was_batch else array_ops.squeeze(x, axis=[0])
        result = resizer(x, wanted)
        result.set_shape([None, *known, None])
        return result if was_batch else array_ops.squeeze(result, axis=[0])


def _op_of(method: Any) -> str:
    try:
        return _OPS[method]
    except (KeyError, TypeError):
        raise ValueError("Resize method is not implemented.") from None


def resize_images(
    images: Any,
    size: Any,
    method: Any = 0,
    align_corners: Any = False,
    preserve_aspect_ratio: Any = False,
    name: Any = None,
) -> Tensor:
    """Images resized to (height, width) by one of `tf.image.ResizeMethod`.

    images: [height, width, channels] or a batch of such; float32 but for nearest neighbours, or
    where the size stays. With `preserve_aspect_ratio` the size is an upper limit.
    """

    def resizer(x: Tensor, wanted: Any) -> Tensor:
        return emit_tensor(_op_of(method), x, wanted, align_corners=align_corners)

    return _resized(images, size, resizer, preserve_aspect_ratio, name, True)


def _scale_to(images: Tensor, size: Any, kernel: str, antialias: bool) -> Tensor:
    now: Any = array_ops.shape(images)
    scale = cast(size, float32) / cast(now[1:3], float32)
    translation = array_ops.zeros([2])
    options = {"kernel_type": kernel, "antialias": antialias}
    return emit_tensor("ScaleAndTranslate", images, size, scale, translation, **options)


def resize_images_v2(
    images: Any,
    size: Any,
    method: Any = ResizeMethodV2.BILINEAR,
    preserve_aspect_ratio: Any = False,
    antialias: Any = False,
    name: Any = None,
) -> Tensor:
    """As `resize_images`, with pixels' centers at halves and TensorFlow 2's methods."""

    def resizer(x: Tensor, wanted: Any) -> Tensor:
        if method in _ANY_SCALE:
            return _scale_to(x, wanted, method, antialias)
        if antialias and method in _ANTIALIASED:
            return _scale_to(x, wanted, _ANTIALIASED[method], antialias)
        if not isinstance(method, str):
            raise ValueError("Resize method is not implemented.")
        corners = {} if method == "area" else {"half_pixel_centers": True}
        return emit_tensor(_op_of(method), x, wanted, **corners)

    return _resized(images, size, resizer, preserve_aspect_ratio, name, False)


# -- with borders ------------------------------------------------------------------------------
def _with_pad(image: Any, target_height: Any, target_width: Any, resizer: Resizer) -> Tensor:
    with name_scope(None, "resize_image_with_pad", [image]):
        x, was_batch = as_batch(image_tensor(image))
        checks = check_at_least_3d(x, require_static=False)
        checks += required(target_width > 0, "target_width must be > 0.")
        checks += required(target_height > 0, "target_height must be > 0.")
        x = with_dependencies(checks, x)
        padded = _fitted(x, target_height, target_width, resizer)
        dimensions(padded, 4)
        return padded if was_batch else array_ops.squeeze(padded, axis=[0])


def _fitted(x: Tensor, target_height: Any, target_width: Any, resizer: Resizer) -> Tensor:
    _, height, width, _ = dimensions(x, 4)
    high, wide = cast(height, float64), cast(width, float64)
    most_high, most_wide = cast(target_height, float64), cast(target_width, float64)
    ratio = greater(wide / most_wide, high / most_high)
    fit_high, fit_wide = high / ratio, wide / ratio
    size = [cast(elementwise_ops.floor(fit), int32) for fit in (fit_high, fit_wide)]
    above, left = (most_high - fit_high) / 2, (most_wide - fit_wide) / 2
    whole_above, whole_left = elementwise_ops.floor(above), elementwise_ops.floor(left)
    top = greater(0, cast(whole_above, int32))
    before = greater(0, cast(whole_left, int32))
    return pad_to_bounding_box(resizer(x, size), top, before, target_height, target_width)


def resize_image_with_pad(
    image: Any, target_height: Any, target_width: Any, method: Any = 0, align_corners: Any = False
) -> Tensor:
    """Images resized in proportion to fit a size, the rest of it zeros on both sides."""

    def resizer(x: Tensor, size: Any) -> Tensor:
        return resize_images(x, size, method, align_corners=align_corners)

    return _with_pad(image, target_height, target_width, resizer)


def resize_image_with_pad_v2(
    image: Any,
    target_height: Any,
    target_width: Any,
    method: Any = ResizeMethodV2.BILINEAR,
    antialias: Any = False,
) -> Tensor:
    """As `resize_image_with_pad`, by TensorFlow 2's methods."""

    def resizer(x: Tensor, size: Any) -> Tensor:
        return resize_images_v2(x, size, method, antialias=antialias)

    return _with_pad(image, target_height, target_width, resizer)
