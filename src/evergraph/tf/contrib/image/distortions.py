"""`tf.contrib.image`: hue, saturation and value changed in the YIQ colour space."""

from __future__ import annotations

from typing import Any

from ....core.dtypes import float32
from ....core.tensor import Tensor
from ... import random_ops
from ...emitting import emit_tensor
from ...framework import convert_to_tensor, name_scope
from ...image import convert_image_dtype


def adjust_hsv_in_yiq(
    image: Any,
    delta_hue: Any = 0,
    scale_saturation: Any = 1,
    scale_value: Any = 1,
    name: Any = None,
) -> Tensor:
    """RGB images with hues turned by `delta_hue` radians, saturation and value scaled."""
    with name_scope(name, "adjust_hsv_in_yiq", [image]):
        x = convert_to_tensor(image, name="image")
        values = convert_image_dtype(x, float32)
        scales = (scale_saturation, scale_value)
        return convert_image_dtype(
            emit_tensor("AdjustHsvInYiq", values, delta_hue, *scales), x.dtype
        )


def _drawn(lower: Any, upper: Any, seed: Any) -> Any:
    return lower if lower == upper else random_ops.random_uniform([], lower, upper, seed=seed)


def random_hsv_in_yiq(
    image: Any,
    max_delta_hue: Any = 0,
    lower_saturation: Any = 1,
    upper_saturation: Any = 1,
    lower_value: Any = 1,
    upper_value: Any = 1,
    seed: Any = None,
) -> Tensor:
    """`adjust_hsv_in_yiq` by random amounts within these bounds."""
    if max_delta_hue < 0:
        raise ValueError("max_delta must be non-negative.")
    pairs = {
        "saturation": (lower_saturation, upper_saturation),
        "value": (lower_value, upper_value),
    }
    for what, (lower, upper) in pairs.items():
        if lower < 0:
            raise ValueError(f"lower_{what} must be non-negative.")
        if lower > upper:
            raise ValueError(f"lower_{what} must be < upper_{what}.")
    delta = _drawn(-max_delta_hue, max_delta_hue, seed) if max_delta_hue else 0
    saturation, value = (_drawn(*pairs[what], seed) for what in ("saturation", "value"))
    return adjust_hsv_in_yiq(image, delta, saturation, value)
