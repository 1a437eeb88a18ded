"""Patches of images and volumes, each as one long vector of channels."""

from __future__ import annotations

from typing import Any

from ..core.tensor import Tensor
from .emitting import emit_tensor
from .renamed import renamed

__all__ = ["extract_image_patches", "extract_volume_patches"]


def extract_image_patches(
    images: Any,
    ksizes: Any = None,
    strides: Any = None,
    rates: Any = None,
    padding: Any = None,
    name: Any = None,
    sizes: Any = None,
) -> Tensor:
    """Patches of `ksizes`, `strides` apart: (batch, rows, columns, depth of a whole patch).

    Every `rates`-th place of the input is taken. All lists have one number an axis.
    """
    ksizes = renamed("sizes", sizes, "ksizes", ksizes)
    attrs = {"ksizes": ksizes, "strides": strides, "rates": rates, "padding": padding}
    return emit_tensor("ExtractImagePatches", images, name=name, **attrs)


def extract_volume_patches(
    input: Any, ksizes: Any, strides: Any, padding: Any, name: Any = None
) -> Tensor:
    """Patches of `ksizes`, `strides` apart: (batch, planes, rows, columns, depth of a patch)."""
    attrs = {"ksizes": ksizes, "strides": strides, "padding": padding}
    return emit_tensor("ExtractVolumePatches", input, name=name, **attrs)
