"""Ops that give images another size: nearest pixels, linear, cubic, area, any kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.opdef import Array, Attrs, Values, define
from ..core.shape import Shape, merge, merge_dim, with_rank
from ..core.tensor import Operation, axes_literal
from . import shape_math as sm
from .image_sampling import (
    KERNELS,
    Taps,
    area_taps,
    blend,
    cubic_taps,
    kernel_taps,
    linear_taps,
    nearest_index,
    sample,
    scale_of,
    spread,
)
from .operands import ints, np_dtype

_IMAGES = "int8,uint8,int16,uint16,int32,int64,float16,float32,float64"
_WITH_BFLOAT16 = "int8,uint8,int16,uint16,int32,int64,bfloat16,float16,float32,float64"
_CORNERS = "align_corners:bool=false; half_pixel_centers:bool=false"
LARGEST = 1 << 24  # sizes up to which float32 counts pixels


# -- checks ----------------------------------------------------------------------------------
def sized_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    """Shape rule: images of the size that the second operand gives."""
    batch, _, _, channels = with_rank(shapes[0], 4)
    merge(shapes[1], (2,))
    size = values.as_shape(1) or (None, None)
    return [(batch, *size, channels)]


def check_images(images: Array, what: str = "input") -> None:
    """Raises ValueError unless there are four axes, and pixels with channels."""
    if images.ndim != 4:
        raise ValueError(f"{what} must be 4-dimensional, got shape {list(images.shape)}")
    if not images.shape[3]:
        raise ValueError("image must have at least one channel")
    if 0 in images.shape[1:3]:
        raise ValueError("input image must be of non-zero size")


def size_of_output(size: Array, what: str = "shape_t") -> tuple[int, int]:
    """The height and width asked for; ValueError unless they are two positive numbers."""
    if np.ndim(size) != 1:
        raise ValueError(f"{what} must be 1-dimensional, got shape {list(np.shape(size))}")
    if np.size(size) != 2:
        raise ValueError(f"{what} must have two elements, got {ints(size)}")
    height, width = ints(size)
    if height <= 0 or width <= 0:
        raise ValueError(f"output dimensions must be positive, got {height} and {width}")
    if max(height, width) > LARGEST:
        raise ValueError(f"output dimensions must be at most {LARGEST}")
    return height, width


def _check_corners(attrs: Attrs) -> None:
    if attrs.get("half_pixel_centers") and attrs["align_corners"]:
        raise ValueError("If half_pixel_centers is True, align_corners must be False.")


def _options(attrs: Attrs) -> tuple[bool, bool]:
    return attrs["align_corners"], attrs["half_pixel_centers"]


# -- linear and cubic --------------------------------------------------------------------------
_TapRule = Callable[[int, int, bool, bool], Taps]


def _both_axes(
    rule: _TapRule, small: Sequence[int], large: Sequence[int], attrs: Attrs
) -> tuple[Taps, Taps]:
    rows, columns = (rule(i, o, *_options(attrs)) for i, o in zip(small, large, strict=True))
    return rows, columns


def _bilinear(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    images, size = inputs[0], size_of_output(inputs[1])
    _check_corners(attrs)
    check_images(images)
    values = images.astype(np.float32)
    if images.shape[1:3] == size:
        return values
    rows, columns = _both_axes(linear_taps, images.shape[1:3], size, attrs)
    # Rows that no output looks at need no columns.
    upper, lower = (xp.take(values, rows.index[:, k], axis=1) for k in (0, 1))
    top, bottom = blend(xp, upper, columns, 2), blend(xp, lower, columns, 2)
    return top + (bottom - top) * rows.weight[None, :, 1, None, None]


def _bicubic(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    images, size = inputs[0], size_of_output(inputs[1])
    _check_corners(attrs)
    check_images(images)
    rows, columns = _both_axes(cubic_taps, images.shape[1:3], size, attrs)
    return sample(xp, sample(xp, images.astype(np.float32), rows, 1), columns, 2)


def _spread_back(rule: _TapRule) -> Callable[..., Array]:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        grads, original = inputs
        _check_corners(attrs)
        _check_grads(grads, original)
        rows, columns = _both_axes(rule, original.shape[1:3], grads.shape[1:3], attrs)
        dtype = np_dtype(attrs, "T")
        wide = grads.astype(np.promote_types(dtype, np.float32) if dtype.kind == "f" else "f4")
        height, width = original.shape[1:3]
        back = spread(xp, spread(xp, wide, columns, 2, width), rows, 1, height)
        return back.astype(dtype)

    return kernel


def _check_grads(grads: Array, original: Array) -> None:
    for x, what in ((grads, "input_grad"), (original, "original_image")):
        if x.ndim != 4:
            raise ValueError(f"{what} must be 4-dimensional, got shape {list(x.shape)}")
    if 0 in grads.shape[1:3]:
        raise ValueError("input_grad must be of non-zero size")
    if (grads.shape[0], grads.shape[3]) != (original.shape[0], original.shape[3]):
        raise ValueError(
            f"input_grad of shape {list(grads.shape)} does not belong to an image of shape "
            f"{list(original.shape)}"
        )


def _original_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    """Shape rule: the second operand's, its channels and batch those of the gradients."""
    grads, original = with_rank(shapes[0], 4), with_rank(shapes[1], 4)
    return [
        (
            merge_dim(original[0], grads[0]),
            *original[1:3],
            merge_dim(original[3], grads[3]),
        )
    ]


def _size(images: Any) -> Any:
    """Height and width of images as an operand."""
    static = images.static_shape
    if static is not None and None not in static[1:3]:
        return axes_literal(static[1:3])
    return sm.part(sm.shape(images), 1, 3)


def _resize_gradient(op: Operation, dy: Any) -> list[Any]:
    """The gradient by the images, where their dtype has one."""
    images = op.inputs[0]
    if not images.dtype.is_floating:
        return [None, None]
    options = {k: v for k, v in op.attrs.items() if k in ("align_corners", "half_pixel_centers")}
    return [apply(f"{op.type}Grad", dy, images, **options), None]


def _bicubic_gradient(op: Operation, dy: Any) -> list[Any]:
    if op.inputs[0].dtype.name not in ("float32", "float64"):
        return [None, None]
    return _resize_gradient(op, dy)


def _grads_gradient(op: Operation, dy: Any) -> list[Any]:
    """A resized gradient is linear in the gradient: resizing undoes the transposition."""
    forward = op.type.removesuffix("Grad")
    return [apply(forward, dy, _size(op.inputs[0]), **_corners(op)), None]


def _corners(op: Operation) -> Attrs:
    return {k: op.attrs[k] for k in ("align_corners", "half_pixel_centers")}


for _name, _kernel, _rule, _types, _back, _grad in (
    (
        "ResizeBilinear",
        _bilinear,
        linear_taps,
        _WITH_BFLOAT16,
        "float32,bfloat16,float16,float64",
        _resize_gradient,
    ),
    ("ResizeBicubic", _bicubic, cubic_taps, _IMAGES, "float32,float64", _bicubic_gradient),
):
    define(
        _name,
        "images:T size:int32 -> resized_images:float32",
        f"T:type{{{_types}}}; {_CORNERS}",
        shape=sized_shape,
        kernel=_kernel,
        grad=_grad,
    )
    define(
        f"{_name}Grad",
        "grads:float32 original_image:T -> output:T",
        f"T:type{{{_back}}}; {_CORNERS}",
        shape=_original_shape,
        kernel=_spread_back(_rule),
        grad=_grads_gradient,
    )


# -- area --------------------------------------------------------------------------------------
def _area(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    images, size = inputs[0], size_of_output(inputs[1])
    check_images(images)
    corners = attrs["align_corners"]
    pairs = list(zip(images.shape[1:3], size, strict=True))
    rows, columns = (area_taps(i, o, corners) for i, o in pairs)
    high, wide = (scale_of(i, o, corners) for i, o in pairs)
    total = sample(xp, sample(xp, images.astype(np.float32), columns, 2), rows, 1)
    with np.errstate(divide="ignore"):
        part = np.float32(np.float64(1) / np.float64(high * wide))
    return total * part


define(
    "ResizeArea",
    "images:T size:int32 -> resized_images:float32",
    f"T:type{{{_IMAGES}}}; align_corners:bool=false",
    shape=sized_shape,
    kernel=_area,
)


# -- nearest -----------------------------------------------------------------------------------
def _check_countable(size: Sequence[int]) -> None:
    if max(size) >= LARGEST:
        raise ValueError("nearest neighbor requires max height & width of 2^24")


def _nearest(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    images, size = inputs[0], size_of_output(inputs[1])
    _check_corners(attrs)
    check_images(images)
    _check_countable(images.shape[1:3])
    rows, columns = (
        nearest_index(i, o, *_options(attrs)) for i, o in zip(images.shape[1:3], size, strict=True)
    )
    return xp.take(xp.take(images, rows, axis=1), columns, axis=2)


def _copies(index: Array) -> Taps:
    return Taps(index[:, None], np.ones((index.size, 1), np.float32))


def _nearest_back(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    grads, size = inputs[0], size_of_output(inputs[1])
    if grads.ndim != 4:
        raise ValueError(f"input must be 4-dimensional, got shape {list(grads.shape)}")
    _check_countable(size)
    if 0 in grads.shape:
        return xp.zeros((grads.shape[0], *size, grads.shape[3]), grads.dtype)
    rows, columns = (
        _copies(nearest_index(i, o, *_options(attrs)))
        for i, o in zip(size, grads.shape[1:3], strict=True)
    )
    narrow = grads.dtype.itemsize < 4 and grads.dtype.kind not in "iu"
    wide = grads.astype(np.float32) if narrow else grads
    back = spread(xp, spread(xp, wide, columns, 2, size[1]), rows, 1, size[0])
    return back.astype(grads.dtype)


define(
    "ResizeNearestNeighbor",
    "images:T size:int32 -> resized_images:T",
    f"T:type{{{_IMAGES}}}; {_CORNERS}",
    shape=sized_shape,
    kernel=_nearest,
    grad=lambda op, dy: [
        apply("ResizeNearestNeighborGrad", dy, _size(op.inputs[0]), **_corners(op)),
        None,
    ],
)
define(
    "ResizeNearestNeighborGrad",
    "grads:T size:int32 -> output:T",
    f"T:type{{uint8,int8,int32,float16,float32,float64}}; {_CORNERS}",
    shape=sized_shape,
    kernel=_nearest_back,
    grad=_grads_gradient,
)


# -- any kernel --------------------------------------------------------------------------------
def _pair(value: Array, what: str) -> tuple[float, float]:
    if np.ndim(value) != 1 or np.size(value) != 2:
        raise ValueError(f"{what} must be 1-dimensional and have two elements")
    first, second = np.asarray(value, np.float64).tolist()
    if not np.isfinite([first, second]).all():
        raise ValueError(f"{what} must be finite, got {first} and {second}")
    return first, second


def _any_taps(
    small: Sequence[int], large: Sequence[int], scale: Array, translation: Array, attrs: Attrs
) -> tuple[Taps, Taps]:
    scales, shifts = _pair(scale, "scale"), _pair(translation, "translation")
    if min(scales) <= 0:
        raise ValueError("Scale must be greater than zero.")
    kernel = attrs["kernel_type"]
    if kernel not in KERNELS:
        raise ValueError(f"Unrecognized kernel type: {kernel}; known are {', '.join(KERNELS)}")
    rows, columns = (
        kernel_taps(kernel, small[i], large[i], scales[i], shifts[i], attrs["antialias"])
        for i in (0, 1)
    )
    return rows, columns


def _scale_and_translate(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    images, size = inputs[0], size_of_output(inputs[1], "output_shape_t")
    check_images(images)
    rows, columns = _any_taps(images.shape[1:3], size, inputs[2], inputs[3], attrs)
    return sample(xp, sample(xp, images.astype(np.float32), rows, 1), columns, 2)


def _scale_and_translate_back(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    grads, original = inputs[:2]
    _check_grads(grads, original)
    height, width = original.shape[1:3]
    rows, columns = _any_taps((height, width), grads.shape[1:3], inputs[2], inputs[3], attrs)
    spread_rows, spread_columns = _ascending(rows, height), _ascending(columns, width)
    return spread(xp, spread(xp, grads, spread_columns, 2, width), spread_rows, 1, height)


def _ascending(taps: Taps, inputs: int) -> Taps:
    """The same taps with ascending indices: outputs outside the image point at no pixel."""
    index = np.maximum.accumulate(np.where(taps.weight == 0, 0, taps.index), axis=0)
    return Taps(np.minimum(index, inputs - 1), taps.weight)


_KERNEL = "kernel_type:string='lanczos3'; antialias:bool=true"


def _kernel_options(op: Operation) -> Attrs:
    return {k: op.attrs[k] for k in ("kernel_type", "antialias")}


def _scaled_gradient(op: Operation, dy: Any) -> list[Any]:
    images, _, scale, translation = op.inputs
    if images.dtype.name != "float32":
        return [None] * 4
    options = _kernel_options(op)
    back = apply("ScaleAndTranslateGrad", dy, images, scale, translation, **options)
    return [back, None, None, None]


def _scaled_grads_gradient(op: Operation, dy: Any) -> list[Any]:
    grads, _, scale, translation = op.inputs
    options = _kernel_options(op)
    forward = apply("ScaleAndTranslate", dy, _size(grads), scale, translation, **options)
    return [forward, None, None, None]


def _with_pairs(rule: Any, first: int) -> Any:
    """A shape rule that also wants two elements from the two last operands."""

    def checked(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        for shape in shapes[first:]:
            merge(shape, (2,))
        out: list[Shape] = rule(shapes[:2], attrs, values)
        return out

    return checked


define(
    "ScaleAndTranslate",
    "images:T size:int32 scale:float32 translation:float32 -> resized_images:float32",
    f"T:type{{{_WITH_BFLOAT16}}}; {_KERNEL}",
    shape=_with_pairs(sized_shape, 2),
    kernel=_scale_and_translate,
    grad=_scaled_gradient,
)
define(
    "ScaleAndTranslateGrad",
    "grads:T original_image:T scale:float32 translation:float32 -> output:T",
    f"T:type{{float32}}; {_KERNEL}",
    shape=_with_pairs(_original_shape, 2),
    kernel=_scale_and_translate_back,
    grad=_scaled_grads_gradient,
)
