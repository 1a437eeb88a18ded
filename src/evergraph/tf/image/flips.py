"""`tf.image`: mirrored and turned images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.dtypes import int32
from ...core.tensor import Tensor
from .. import array_ops, elementwise_ops, math_ops, random_ops
from ..dtype_ops import cast
from ..framework import convert_to_tensor, name_scope
from .checks import either_rank, image_tensor, with_at_least_3d


def _keep_shape(image: Tensor, result: Tensor) -> Tensor:
    if image.static_shape is None:
        result.set_shape([None, None, None])
    else:
        result.set_shape(image.shape)
    return result


def _flip(image: Any, axis: int, scope: str) -> Tensor:
    with name_scope(None, scope, [image]):
        x = with_at_least_3d(image_tensor(image))
        if either_rank(x) == 4:
            return array_ops.reverse(x, [axis + 1])
        return _keep_shape(x, array_ops.reverse(x, [axis]))


def flip_left_right(image: Any) -> Tensor:
    """Images mirrored left to right: [height, width, channels] or a batch of such."""
    return _flip(image, 1, "flip_left_right")


def flip_up_down(image: Any) -> Tensor:
    """Images turned upside down: [height, width, channels] or a batch of such."""
    return _flip(image, 0, "flip_up_down")


def _random_flip(image: Any, axis: int, seed: Any, name: str) -> Tensor:
    with name_scope(None, name, [image]) as scope:
        x = with_at_least_3d(image_tensor(image))
        if either_rank(x) == 4:
            return _flip_some(x, axis + 1, seed)
        drawn = random_ops.random_uniform([], 0, 1.0, seed=seed)
        return _keep_shape(x, _flip_if(elementwise_ops.less(drawn, 0.5), x, axis, scope))


def _flip_if(condition: Tensor, image: Tensor, axis: int, scope: str) -> Tensor:
    from ..control_flow_ops import cond

    result: Tensor = cond(
        condition, lambda: array_ops.reverse(image, [axis]), lambda: image, name=scope
    )
    return result


def _flip_some(images: Any, axis: int, seed: Any) -> Tensor:
    count: Any = array_ops.shape(images)
    count = count[0]
    drawn = random_ops.random_uniform([count], 0, 1.0, seed=seed)
    chosen = math_ops.round(array_ops.reshape(drawn, [count, 1, 1, 1]))
    chosen = cast(chosen, images.dtype)
    flipped = array_ops.reverse(images, [axis])
    result: Tensor = chosen * flipped + (1 - chosen) * images
    return result


def random_flip_up_down(image: Any, seed: Any = None) -> Tensor:
    """Each image as it is or upside down, with equal chances."""
    return _random_flip(image, 0, seed, "random_flip_up_down")


def random_flip_left_right(image: Any, seed: Any = None) -> Tensor:
    """Each image as it is or mirrored left to right, with equal chances."""
    return _random_flip(image, 1, seed, "random_flip_left_right")


def _turns(image: Tensor, first: int) -> list[Callable[[], Tensor]]:
    """Quarter, half and three quarter turns; `first` is the axis of the rows."""
    swapped = [*range(first), first + 1, first, first + 2]

    def quarter() -> Tensor:
        return array_ops.transpose(array_ops.reverse(image, [first + 1]), swapped)

    def half() -> Tensor:
        return array_ops.reverse(image, [first, first + 1])

    def three_quarters() -> Tensor:
        return array_ops.reverse(array_ops.transpose(image, swapped), [first + 1])

    return [quarter, half, three_quarters]


def rot90(image: Any, k: Any = 1, name: Any = None) -> Tensor:
    """Images turned counter-clockwise by `k` quarter turns."""
    from ..control_flow_ops import case

    with name_scope(name, "rot90", [image, k]) as scope:
        x = with_at_least_3d(image_tensor(image))
        k = convert_to_tensor(k, int32, name="k")
        k.shape.assert_has_rank(0)
        k = elementwise_ops.floormod(k, 4)
        first = either_rank(x) - 3
        turns = _turns(x, first)
        cases = [(elementwise_ops.equal(k, i), turn) for i, turn in enumerate(turns, 1)]
        result: Tensor = case(cases, default=lambda: x, exclusive=True, name=scope)
        known = x.static_shape or (None,) * 3
        result.set_shape([*known[:first], None, None, known[-1]])
        return result


def transpose(image: Any, name: Any = None) -> Tensor:
    """Images with rows and columns exchanged."""
    with name_scope(name, "transpose", [image]):
        x = with_at_least_3d(image_tensor(image))
        order = [1, 0, 2] if either_rank(x) == 3 else [0, 2, 1, 3]
        return array_ops.transpose(x, order, name="transpose" if name is None else name)
