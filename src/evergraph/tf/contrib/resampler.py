"""`tf.contrib.resampler`: images read at any places."""

from __future__ import annotations

from typing import Any

from ...core.tensor import Tensor
from ..emitting import emit_tensor
from ..framework import convert_to_tensor, name_scope

__all__ = ["resampler"]


def resampler(data: Any, warp: Any, name: Any = "resampler") -> Tensor:
    """Values of images [batch, height, width, channels] at places [batch, ..., (x, y)].

    Blended linearly from four pixels; what lies outside is 0. Differentiable by both.
    """
    with name_scope(name, "resampler", [data, warp]):
        images = convert_to_tensor(data, name="data")
        return emit_tensor("Resampler", images, convert_to_tensor(warp, name="warp"))
