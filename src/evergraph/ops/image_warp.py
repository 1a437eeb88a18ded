"""Ops that read images at any places: projective transforms and the resampler."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, merge, merge_dim, with_extent, with_rank, with_rank_at_least
from ..core.tensor import Operation, axes_literal
from ..errors import UnimplementedError
from . import shape_math as sm
from .elementwise_rules import literal
from .image_resize import size_of_output
from .operands import np_dtype
from .scattering import scatter

_F = np.float32
_FAR = float(1 << 30)  # places farther out are outside of any image


# -- reading with a border of zeros ------------------------------------------------------------
def _inside(y: Array, x: Array, size: Sequence[int]) -> Array:
    return (y >= 0) & (y < size[0]) & (x >= 0) & (x < size[1])


def _read(xp: Any, images: Array, y: Array, x: Array) -> Array:
    """The pixels at rows y and columns x, [batch, ...] each; zeros outside of the image."""
    inside = _inside(y, x, images.shape[1:3])
    batch = np.arange(len(images)).reshape(-1, *[1] * (y.ndim - 1))
    rows, columns = xp.where(inside, y, 0), xp.where(inside, x, 0)
    return xp.where(inside[..., None], images[batch, rows, columns], images.dtype.type(0))


def _limited(xp: Any, place: Array) -> Array:
    """Places as numbers that can be turned into integers."""
    return xp.clip(xp.where(xp.isnan(place), -_FAR, place), -_FAR, _FAR)


def _neighbours(xp: Any, y: Array, x: Array) -> list[tuple[Array, Array, Array]]:
    """Row, column and weight of the four pixels around each place, in their order by row."""
    above, left = xp.floor(y), xp.floor(x)
    row, column = above.astype(np.int64), left.astype(np.int64)
    down, across = y - above, x - left
    up, back = above + 1 - y, left + 1 - x
    return [
        (row, column, up * back),
        (row, column + 1, up * across),
        (row + 1, column, down * back),
        (row + 1, column + 1, down * across),
    ]


# -- projective transforms ---------------------------------------------------------------------
def _places(transforms: Array, size: tuple[int, int]) -> tuple[Array, Array]:
    """Where each output pixel comes from: rows and columns, [transforms, height, width]."""
    t = transforms.astype(_F)[:, :, None, None]
    y = np.arange(size[0], dtype=_F)[:, None]
    x = np.arange(size[1], dtype=_F)[None, :]
    scale = t[:, 6] * x + t[:, 7] * y + _F(1)
    safe = np.where(scale == 0, _F(1), scale)
    columns = (t[:, 0] * x + t[:, 1] * y + t[:, 2]) / safe
    rows = (t[:, 3] * x + t[:, 4] * y + t[:, 5]) / safe
    return tuple(np.where(scale == 0, _F(-_FAR), v) for v in (rows, columns))  # type: ignore[return-value]


def _away_from_zero(xp: Any, place: Array) -> Array:
    """Rounded, halves away from zero."""
    whole = xp.trunc(place)
    more = xp.abs(place - whole) >= 0.5
    return (whole + xp.where(more, xp.sign(place), 0)).astype(np.int64)


def _transform(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    images, transforms = inputs[:2]
    if images.ndim != 4:
        raise ValueError(f"Input images must have rank 4, got shape {list(images.shape)}")
    if transforms.ndim != 2 or transforms.shape[1] != 8 or len(transforms) not in (1, len(images)):
        raise ValueError(
            f"Input transform should be num_images x 8 or 1 x 8, got {list(transforms.shape)}"
        )
    size = images.shape[1:3] if len(inputs) < 3 else size_of_output(inputs[2], "output shape")
    interpolation = attrs["interpolation"]
    if interpolation not in ("NEAREST", "BILINEAR"):
        raise ValueError(
            f"Invalid interpolation {interpolation}. Supported types: NEAREST, BILINEAR"
        )
    dims = (len(images), *size, images.shape[3])
    if 0 in dims or not images.size:
        return xp.zeros(dims, images.dtype)
    places = _places(transforms, size)
    y, x = (xp.broadcast_to(_limited(xp, p), dims[:3]) for p in places)
    if interpolation == "NEAREST":
        return _read(xp, images, _away_from_zero(xp, y), _away_from_zero(xp, x))
    return _bilinear(xp, images, y, x).astype(images.dtype)


def _bilinear(xp: Any, images: Array, y: Array, x: Array) -> Array:
    values = images.astype(_F)
    above, left = xp.floor(y), xp.floor(x)
    row, column = above.astype(np.int64), left.astype(np.int64)
    across, back = (x - left)[..., None], (left + 1 - x)[..., None]

    def along(r: Array) -> Array:
        return back * _read(xp, values, r, column) + across * _read(xp, values, r, column + 1)

    return (above + 1 - y)[..., None] * along(row) + (y - above)[..., None] * along(row + 1)


def _transform_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    batch, _, _, channels = with_rank(shapes[0], 4)
    if len(shapes) < 3:
        return [shapes[0]]
    merge(shapes[2], (2,))
    return [(batch, *(values.as_shape(2) or (None, None)), channels)]


def _inverses(transforms: Any) -> Any:
    """The flat forms of the inverse matrices, their last element brought to 1."""
    rows = sm.part(sm.shape(transforms), 0, 1)
    ones = apply("Fill", sm.join(rows, 1), literal(1, transforms))
    full = apply("ConcatV2", [transforms, ones], axes_literal(1))
    square = apply("Reshape", full, axes_literal([-1, 3, 3]))
    flat = apply("Reshape", apply("MatrixInverse", square), axes_literal([-1, 9]))
    last = apply("Slice", flat, axes_literal([0, 8]), axes_literal([-1, 1]))
    return apply("Slice", flat / last, axes_literal([0, 0]), axes_literal([-1, 8]))


def _transform_gradient(op: Operation, dy: Any) -> list[Any]:
    """The gradient carried back by the inverse transform, as TensorFlow has it."""
    images, transforms = op.inputs[:2]
    size = sm.part(sm.shape(images), 1, 3)
    interpolation = op.attrs["interpolation"]
    inverse = _inverses(transforms)
    back = apply("ImageProjectiveTransformV2", dy, inverse, size, interpolation=interpolation)
    return [back, None, None]


_DTYPES = "dtype:type{uint8,int32,int64,float16,float32,float64}; interpolation:string"
define(
    "ImageProjectiveTransform",
    "images:dtype transforms:float32 -> transformed_images:dtype",
    _DTYPES,
    shape=_transform_shape,
    kernel=_transform,
)
define(
    "ImageProjectiveTransformV2",
    "images:dtype transforms:float32 output_shape:int32 -> transformed_images:dtype",
    _DTYPES,
    shape=_transform_shape,
    kernel=_transform,
    grad=_transform_gradient,
)


# -- the resampler -----------------------------------------------------------------------------
def _sampled_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    data, warp = with_rank(shapes[0], 4), with_rank_at_least(shapes[1], 2)
    if warp is None:
        return [None]
    with_extent(warp[-1], 2)
    return [(merge_dim(data[0], warp[0]), *warp[1:-1], data[3])]


def _check_warp(data: Array, warp: Array) -> None:
    if data.ndim != 4:
        raise UnimplementedError(
            "Only bilinear interpolation is currently supported. The input data shape must be "
            "[batch_size, data_height, data_width, data_channels], but is: "
            f"{list(data.shape)}"
        )
    if warp.ndim < 2:
        raise ValueError(f"warp should be at least a matrix, got shape {list(warp.shape)}")
    if warp.shape[-1] != 2:
        raise UnimplementedError(
            "Only bilinear interpolation is supported, warping coordinates must be 2D; warp shape "
            f"last entry should be 2, but shape vector is: {list(warp.shape)}"
        )
    if data.shape[0] != warp.shape[0]:
        raise ValueError(
            "Batch size of data and warp tensor must be the same, but input shapes are: "
            f"{list(data.shape)}, {list(warp.shape)}"
        )


def _wide(attrs: Attrs) -> Any:
    return np.float64 if np_dtype(attrs, "T") == np.float64 else _F


def _spots(xp: Any, data: Array, warp: Array, wide: Any) -> tuple[Array, Array]:
    """Rows and columns of the places; those that touch no pixel lie far out."""
    x, y = warp[..., 0].astype(wide), warp[..., 1].astype(wide)
    height, width = data.shape[1:3]
    touches = (x > -1) & (y > -1) & (x < width) & (y < height)
    return xp.where(touches, y, wide(-_FAR)), xp.where(touches, x, wide(-_FAR))


def _resample(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    data, warp = inputs
    _check_warp(data, warp)
    out_shape = (*warp.shape[:-1], data.shape[3])
    if not data.size or not warp.size:
        return xp.zeros(out_shape, data.dtype)
    wide = _wide(attrs)
    values = data.astype(wide)
    out = xp.zeros(out_shape, wide)
    for row, column, weight in _neighbours(xp, *_spots(xp, data, warp, wide)):
        out = out + weight[..., None] * _read(xp, values, row, column)
    return out.astype(data.dtype)


def _resample_back(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array]:
    data, warp, grad = inputs
    _check_warp(data, warp)
    if grad.shape != (*warp.shape[:-1], data.shape[3]):
        raise ValueError(
            f"grad_output shape {list(grad.shape)} is not consistent with data and warp shapes"
        )
    if not data.size or not warp.size:
        return xp.zeros(data.shape, data.dtype), xp.zeros(warp.shape, warp.dtype)
    wide = _wide(attrs)
    values, slopes = data.astype(wide), grad.astype(wide)
    y, x = _spots(xp, data, warp, wide)
    corners = _neighbours(xp, y, x)
    batch = np.arange(len(data)).reshape(-1, *[1] * (y.ndim - 1))
    to_data = xp.zeros(data.shape, wide)
    for row, column, weight in corners:
        inside = _inside(row, column, data.shape[1:3])
        part = xp.where(inside, weight, 0)[..., None] * slopes
        at = (batch, xp.where(inside, row, 0), xp.where(inside, column, 0))
        to_data = scatter(xp, to_data, at, part, "Add")
    a, b, c, d = (
        xp.sum(_read(xp, values, row, column) * slopes, axis=-1) for row, column, _ in corners
    )
    down, across = y - xp.floor(y), x - xp.floor(x)
    by_x = (1 - down) * (b - a) + down * (d - c)
    by_y = (1 - across) * (c - a) + across * (d - b)
    to_warp = xp.stack([by_x, by_y], axis=-1)
    return to_data.astype(data.dtype), to_warp.astype(warp.dtype)


_FLOATS = "T:type{float16,bfloat16,float32,float64}"
define(
    "Resampler",
    "data:T warp:T -> output:T",
    _FLOATS,
    shape=_sampled_shape,
    kernel=_resample,
    grad=lambda op, dy: apply("ResamplerGrad", *op.inputs, dy),
)
define(
    "ResamplerGrad",
    "data:T warp:T grad_output:T -> grad_data:T grad_warp:T",
    _FLOATS,
    shape=lambda shapes, attrs, values: [shapes[0], shapes[1]],
    kernel=_resample_back,
    grad=NO_GRADIENT,
)
