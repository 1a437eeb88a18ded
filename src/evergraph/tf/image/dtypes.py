"""`tf.image.convert_image_dtype`: images in another dtype and its scale."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import DType, as_dtype
from ...core.tensor import Tensor
from .. import array_ops, elementwise_ops, math_ops
from ..dtype_ops import cast, saturate_cast
from ..framework import name_scope
from .checks import image_tensor


def convert_image_dtype(image: Any, dtype: Any, saturate: Any = False, name: Any = None) -> Tensor:
    """Images of another dtype, scaled: floats run from 0 to 1, integers over their whole range.

    `saturate` cuts values that would overflow. AttributeError for other kinds of dtypes.
    """
    x = image_tensor(image)
    kind = as_dtype(dtype)
    if not kind.is_floating and not kind.is_integer:
        raise AttributeError("dtype must be either floating point or integer")
    if kind == x.dtype:
        return array_ops.identity(x, name=name)
    with name_scope(name, "convert_image", [x]) as scope:
        if x.dtype.is_floating and kind.is_floating:
            return cast(x, kind, name=scope)  # type: ignore[no-any-return]
        if x.dtype.is_integer and kind.is_integer:
            return _between_integers(x, kind, saturate, scope)
        if x.dtype.is_integer:
            return elementwise_ops.multiply(cast(x, kind), 1.0 / x.dtype.max, name=scope)
        scaled = elementwise_ops.multiply(x, kind.max + 0.5)  # the half makes truncation round
        return _narrowed(scaled, kind, saturate, scope)


def _narrowed(x: Tensor, dtype: DType, saturate: Any, name: str | None = None) -> Tensor:
    converted: Tensor = (saturate_cast if saturate else cast)(x, dtype, name=name)
    return converted


def _between_integers(x: Tensor, dtype: DType, saturate: Any, scope: str) -> Tensor:
    most_in, most_out = x.dtype.max, dtype.max
    if most_in > most_out:
        scaled = math_ops.div(x, (most_in + 1) // (most_out + 1))
        return _narrowed(scaled, dtype, saturate, scope)
    wide = _narrowed(x, dtype, saturate)
    return elementwise_ops.multiply(wide, (most_out + 1) // (most_in + 1), name=scope)
