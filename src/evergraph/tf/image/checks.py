"""What `tf.image` asks of images before it works on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.shape import is_known
from ...core.tensor import Tensor
from .. import array_ops, check_ops
from ..framework import convert_to_tensor
from ..grouping import with_dependencies

_NOT_EMPTY = "all dims of 'image.shape' must be > 0"


def image_tensor(image: Any, name: str = "image") -> Tensor:
    """An image, or a batch of images, as a tensor."""
    return convert_to_tensor(image, name=name)


def dimensions(image: Tensor, rank: int) -> list[Any]:
    """Each extent: a number where it is known, else a scalar tensor."""
    static = image.static_shape
    if static is not None and None not in static:
        return list(static)
    known = image.shape.with_rank(rank).as_list()
    dynamic = array_ops.unstack(array_ops.shape(image), rank)
    return [d if s is None else s for s, d in zip(known, dynamic, strict=True)]


def _positive_checks(image: Tensor, static: Any) -> list[Any]:
    if 0 in static:
        raise ValueError(f"{_NOT_EMPTY}: {image.shape}")
    if None not in static and image.static_shape is not None:
        return []
    return [check_ops.assert_positive(array_ops.shape(image), [f"{_NOT_EMPTY}."])]


def check_3d(image: Tensor, require_static: bool = True) -> list[Any]:
    """Checks, to be run first, that an image is [height, width, channels] and not empty.

    Raises ValueError for what is known to be wrong now.
    """
    try:
        static = image.shape.with_rank(3).as_list()
    except ValueError:
        raise ValueError(f"'image' (shape {image.shape}) must be three-dimensional.") from None
    if require_static and None in static:
        raise ValueError(f"'image' (shape {image.shape}) must be fully defined.")
    return _positive_checks(image, static)


def check_at_least_3d(image: Tensor, require_static: bool = True) -> list[Any]:
    """As `check_3d`, for images with or without a batch axis."""
    static = image.static_shape
    if static is not None and len(static) < 3:
        raise ValueError("'image' must be at least three-dimensional.")
    if require_static and not is_known(static):
        raise ValueError("'image' must be fully defined.")
    checks = _positive_checks(image, static or (None,) * 3)
    if checks:
        text = "'image' must be at least three-dimensional."
        checks.append(check_ops.assert_greater_equal(array_ops.rank(image), 3, message=text))
    return checks


def after(checks: Sequence[Any], image: Tensor) -> Tensor:
    """The image, once the checks have passed."""
    checked: Tensor = with_dependencies(checks, image)
    return checked


def with_3d(image: Tensor) -> Tensor:
    """The image, once `check_3d` has passed."""
    return after(check_3d(image, require_static=False), image)


def with_at_least_3d(image: Tensor) -> Tensor:
    """The image, once `check_at_least_3d` has passed."""
    return after(check_at_least_3d(image, require_static=False), image)


def with_one_channel(image: Tensor) -> Tensor:
    """The image, once it is known to be a grayscale one."""
    static = image.static_shape
    if static is not None and len(static) < 2:
        raise ValueError("A grayscale image must be at least two-dimensional.")
    if static is not None and None not in static:
        if static[-1] != 1:
            raise ValueError("Last dimension of a grayscale image should be size 1.")
        return after([], image)
    last: Any = array_ops.shape(image)
    channels = "Last dimension of a grayscale image should be size 1."
    rank = "A grayscale image must be at least two-dimensional."
    checks = [
        check_ops.assert_equal(last[-1], 1, message=channels),
        check_ops.assert_greater_equal(array_ops.rank(image), 3, message=rank),
    ]
    return after(checks, image)


def required(condition: Any, text: str) -> list[Any]:
    """A check to run first where the condition is a tensor; else ValueError unless it holds."""
    if is_tensor(condition):
        return [check_ops.Assert(condition, [text])]
    if not condition:
        raise ValueError(text)
    return []


def is_tensor(x: Any) -> bool:
    """Whether a value is known in a run only."""
    from ..variables import Variable

    return isinstance(x, (Tensor, Variable))


def either_rank(image: Tensor) -> int:
    """3 or 4 (an unknown rank counts as 3); ValueError for another rank."""
    static = image.static_shape
    rank = 3 if static is None else len(static)
    if rank not in (3, 4):
        raise ValueError("'image' must have either 3 or 4 dimensions.")
    return rank


def as_batch(image: Tensor, name: str = "'image'") -> tuple[Tensor, bool]:
    """A batch of images, and whether it was one before."""
    static = image.static_shape
    if static is not None and len(static) == 4:
        return image, True
    if static is not None and len(static) != 3:
        raise ValueError(f"{name} must have either 3 or 4 dimensions.")
    batch = array_ops.expand_dims(image, 0)
    if static is None:
        batch.set_shape([None] * 4)
    return batch, False
