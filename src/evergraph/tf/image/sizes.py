"""`tf.image`: images cut or padded to a size."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import float64, int32
from ...core.tensor import Tensor
from .. import array_ops, elementwise_ops
from ..dtype_ops import cast
from ..framework import name_scope
from ..grouping import with_dependencies
from .checks import (
    after,
    as_batch,
    check_at_least_3d,
    dimensions,
    image_tensor,
    is_tensor,
    required,
    with_at_least_3d,
)


def greater(x: Any, y: Any) -> Any:
    """The greater of two numbers or tensors."""
    return elementwise_ops.maximum(x, y) if is_tensor(x) or is_tensor(y) else max(x, y)


def _lesser(x: Any, y: Any) -> Any:
    return elementwise_ops.minimum(x, y) if is_tensor(x) or is_tensor(y) else min(x, y)


def _unless_tensor(*extents: Any) -> list[Any]:
    return [None if is_tensor(e) else e for e in extents]


# -- the middle --------------------------------------------------------------------------------
def _margin(image: Any, axis: int, fraction: float) -> tuple[Any, Any, bool]:
    """Where the middle begins, how long it is, and whether that is known in a run only."""
    known = image.static_shape[axis]
    if known is not None:
        start = int((float(known) - float(known) * fraction) / 2)
        return start, known - start * 2, False
    size: Any = array_ops.shape(image)
    size = size[axis]
    wide = cast(size, float64)
    start = cast((wide - wide * fraction) / 2, int32)
    return start, size - start * 2, True


def central_crop(image: Any, central_fraction: Any) -> Tensor:
    """The middle of images, this part of their height and of their width.

    Raises ValueError unless the fraction is in (0, 1] and the images have 3 or 4 axes.
    """
    with name_scope(None, "central_crop", [image]):
        x = image_tensor(image)
        if central_fraction <= 0.0 or central_fraction > 1.0:
            raise ValueError("central_fraction must be within (0, 1]")
        if central_fraction == 1.0:
            return x
        with_at_least_3d(x)
        static = x.static_shape
        rank = None if static is None else len(static)
        if static is None or rank not in (3, 4):
            raise ValueError(
                f"`image` should either be a Tensor with rank = 3 or rank = 4. Had rank = {rank}."
            )
        return _middle(x, static[:-3], central_fraction)


def _middle(x: Tensor, batch: Any, fraction: float) -> Tensor:
    first = len(batch)
    top, height, height_varies = _margin(x, first, fraction)
    left, width, width_varies = _margin(x, first + 1, fraction)
    begin = array_ops.stack([*[0] * first, top, left, 0])
    size = array_ops.stack([*[-1] * first, height, width, -1])
    result = array_ops.slice(x, begin, size)
    extents = (None if height_varies else height, None if width_varies else width)
    assert x.static_shape is not None
    result.set_shape([*batch, *extents, x.static_shape[-1]])
    return result


# -- boxes -------------------------------------------------------------------------------------
def pad_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """Images placed at an offset in larger ones of zeros."""
    with name_scope(None, "pad_to_bounding_box", [image]):
        x, was_batch = as_batch(image_tensor(image))
        checks = check_at_least_3d(x, require_static=False)
        batch, height, width, depth = dimensions(x, 4)
        right = target_width - offset_width - width
        below = target_height - offset_height - height
        checks += required(offset_height >= 0, "offset_height must be >= 0")
        checks += required(offset_width >= 0, "offset_width must be >= 0")
        checks += required(right >= 0, "width must be <= target - offset")
        checks += required(below >= 0, "height must be <= target - offset")
        x = with_dependencies(checks, x)
        pairs = array_ops.stack([0, 0, offset_height, below, offset_width, right, 0, 0])
        padded = array_ops.pad(x, array_ops.reshape(pairs, [4, 2]))
        padded.set_shape(_unless_tensor(batch, target_height, target_width, depth))
        return padded if was_batch else array_ops.squeeze(padded, axis=[0])


def crop_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """The part of images that begins at an offset and has this height and width."""
    with name_scope(None, "crop_to_bounding_box", [image]):
        x, was_batch = as_batch(image_tensor(image))
        checks = check_at_least_3d(x, require_static=False)
        batch, height, width, depth = dimensions(x, 4)
        checks += required(offset_width >= 0, "offset_width must be >= 0.")
        checks += required(offset_height >= 0, "offset_height must be >= 0.")
        checks += required(target_width > 0, "target_width must be > 0.")
        checks += required(target_height > 0, "target_height must be > 0.")
        wide_enough = width >= target_width + offset_width
        checks += required(wide_enough, "width must be >= target + offset.")
        high_enough = height >= target_height + offset_height
        checks += required(high_enough, "height must be >= target + offset.")
        x = with_dependencies(checks, x)
        begin = array_ops.stack([0, offset_height, offset_width, 0])
        size = array_ops.stack([-1, target_height, target_width, -1])
        cropped = array_ops.slice(x, begin, size)
        cropped.set_shape(_unless_tensor(batch, target_height, target_width, depth))
        return cropped if was_batch else array_ops.squeeze(cropped, axis=[0])


# -- a size ------------------------------------------------------------------------------------
def _positive_target(height: Any, width: Any) -> list[Any]:
    checks = required(width > 0, "target_width must be > 0.")
    return checks + required(height > 0, "target_height must be > 0.")


def _after(checks: list[Any], value: Any) -> Any:
    return with_dependencies(checks, value) if is_tensor(value) else value


def _same(x: Any, y: Any) -> Any:
    return elementwise_ops.equal(x, y) if is_tensor(x) or is_tensor(y) else x == y


def resize_image_with_crop_or_pad(image: Any, target_height: Any, target_width: Any) -> Tensor:
    """Images cut, or padded with zeros, around their middle to this size."""
    with name_scope(None, "resize_image_with_crop_or_pad", [image]):
        x, was_batch = as_batch(image_tensor(image))
        checks = check_at_least_3d(x, require_static=False)
        checks += _positive_target(target_height, target_width)
        x = with_dependencies(checks, x)
        target_height, target_width = _after(checks, target_height), _after(checks, target_width)
        resized = _crop_or_pad(x, target_height, target_width)
        return resized if was_batch else array_ops.squeeze(resized, axis=[0])


def _crop_or_pad(x: Tensor, target_height: Any, target_width: Any) -> Tensor:
    _, height, width, _ = dimensions(x, 4)
    wider = target_width - width
    left, pad_left = greater(-wider // 2, 0), greater(wider // 2, 0)
    higher = target_height - height
    top, pad_top = greater(-higher // 2, 0), greater(higher // 2, 0)
    part = (_lesser(target_height, height), _lesser(target_width, width))
    cropped = crop_to_bounding_box(x, top, left, *part)
    resized = pad_to_bounding_box(cropped, pad_top, pad_left, target_height, target_width)
    _, height, width, _ = dimensions(resized, 4)
    checks = required(_same(height, target_height), "resized height is not correct.")
    checks += required(_same(width, target_width), "resized width is not correct.")
    return after(checks, resized)
