"""`tf.image`: measures of images: likeness, variation, edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.dtypes import float32, int32
from ...core.tensor import Tensor
from .. import array_ops, check_ops, elementwise_ops, math_ops, reduction_ops
from ..dtype_ops import cast
from ..emitting import emit_tensor
from ..framework import control_dependencies, convert_to_tensor, name_scope
from ..nn_softmax import softmax
from .checks import image_tensor
from .dtypes import convert_image_dtype

_SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""How much each scale counts: Wang, Simoncelli, Bovik (2003)."""


# -- pairs of images ---------------------------------------------------------------------------
def verify_compatible_image_shapes(img1: Any, img2: Any) -> tuple[Tensor, Tensor, list[Any]]:
    """The shapes of two images, or batches of them, as tensors, and checks that they fit.

    Raises ValueError for what is known not to fit.
    """
    first, second = (x.shape.with_rank_at_least(3) for x in (img1, img2))
    if first.ndims is not None and second.ndims is not None:
        first[-3:].assert_is_compatible_with(second[-3:])
        pairs = zip(first.as_list()[-4::-1], second.as_list()[-4::-1], strict=False)
        if any(1 not in (a, b) and None not in (a, b) and a != b for a, b in pairs):
            raise ValueError(f"Two images are not compatible: {first} and {second}")
    shapes: Any = array_ops.shape_n([img1, img2])
    enough = elementwise_ops.greater_equal(array_ops.size(shapes[0]), 3)
    checks = [check_ops.Assert(enough, list(shapes), summarize=10)]
    same = reduction_ops.reduce_all(elementwise_ops.equal(shapes[0][-3:], shapes[1][-3:]))
    checks.append(check_ops.Assert(same, list(shapes), summarize=10))
    return shapes[0], shapes[1], checks


def _as_floats(img1: Tensor, img2: Tensor, max_val: Any) -> tuple[Any, Any, Any]:
    """The greatest value and two images, all in the scale of floats from 0 to 1."""
    most = convert_image_dtype(cast(max_val, img1.dtype), float32)
    return most, convert_image_dtype(img1, float32), convert_image_dtype(img2, float32)


def psnr(a: Any, b: Any, max_val: Any, name: Any = None) -> Tensor:
    """The peak signal-to-noise ratio of images in decibels, one number a pair.

    `max_val` is how much the greatest and the least value may differ.
    """
    with name_scope(name, "PSNR", [a, b]):
        most, x, y = _as_floats(a, b, max_val)
        error = reduction_ops.reduce_mean(elementwise_ops.squared_difference(x, y), [-3, -2, -1])
        signal: Any = 20 * elementwise_ops.log(most)
        noise = np.float32(10 / np.log(10)) * elementwise_ops.log(error)
        ratio = elementwise_ops.subtract(signal / elementwise_ops.log(10.0), noise, name="psnr")
        *_, checks = verify_compatible_image_shapes(x, y)
        with control_dependencies(checks):
            return array_ops.identity(ratio)


# -- structural similarity -----------------------------------------------------------------------
def _bell(size: Any, sigma: Any) -> Tensor:
    """A Gaussian window of this size whose elements sum to 1, as a filter of one channel."""
    count: Any = convert_to_tensor(size, int32)
    width: Any = convert_to_tensor(sigma)
    place: Any = cast(array_ops.range(count), width.dtype)
    place -= cast(count - 1, width.dtype) / 2.0
    log_weight: Any = elementwise_ops.square(place)
    log_weight *= -0.5 / elementwise_ops.square(width)
    rows = array_ops.reshape(log_weight, [1, -1])
    columns: Any = array_ops.reshape(log_weight, [-1, 1])
    weights = softmax(array_ops.reshape(rows + columns, [1, -1]))
    return array_ops.reshape(weights, [count, count, 1, 1])


def _similarity(
    x: Any, y: Any, mean: Callable[[Any], Any], most: Any, k1: float, k2: float
) -> tuple[Any, Any]:
    """Likeness of luminance, and of contrast and structure. Wang et al. (2004), equation 6."""
    c1, c2 = (k1 * most) ** 2, (k2 * most) ** 2
    x_mean, y_mean = mean(x), mean(y)
    product = x_mean * y_mean * 2.0
    squares = elementwise_ops.square(x_mean) + elementwise_ops.square(y_mean)
    luminance = (product + c1) / (squares + c1)
    mixed = mean(x * y) * 2.0
    powers = mean(elementwise_ops.square(x) + elementwise_ops.square(y))
    c2 *= 1.0
    return luminance, (mixed - product + c2) / (powers - squares + c2)


def _local_mean(kernel: Tensor) -> Callable[[Any], Any]:
    def mean(x: Any) -> Any:
        from ..nn import depthwise_conv2d

        shape: Any = array_ops.shape(x)
        flat = array_ops.reshape(x, array_ops.concat([[-1], shape[-3:]], 0))
        y: Any = depthwise_conv2d(flat, kernel, strides=[1, 1, 1, 1], padding="VALID")
        extents: Any = array_ops.shape(y)
        return array_ops.reshape(y, array_ops.concat([shape[:-3], extents[1:]], 0))

    return mean


def _per_channel(
    img1: Any, img2: Any, most: Any, size: Any, sigma: Any, k1: float, k2: float
) -> tuple[Tensor, Tensor]:
    """Structural similarity, and its part without luminance, of each channel."""
    width = array_ops.constant(size, dtype=int32)
    deviation = array_ops.constant(sigma, dtype=img1.dtype)
    shapes: Any = array_ops.shape_n([img1, img2])
    checks = []
    for shape in shapes:
        enough = reduction_ops.reduce_all(elementwise_ops.greater_equal(shape[-3:-1], width))
        checks.append(check_ops.Assert(enough, [shape, width], summarize=8))
    with control_dependencies(checks):
        img1 = array_ops.identity(img1)
    kernel = array_ops.tile(_bell(width, deviation), [1, 1, shapes[0][-1], 1])
    luminance, structure = _similarity(img1, img2, _local_mean(kernel), most, k1, k2)
    axes = array_ops.constant([-3, -2], dtype=int32)
    whole = reduction_ops.reduce_mean(luminance * structure, axes)
    return whole, reduction_ops.reduce_mean(structure, axes)


def ssim(
    img1: Any,
    img2: Any,
    max_val: Any,
    filter_size: Any = 11,
    filter_sigma: Any = 1.5,
    k1: Any = 0.01,
    k2: Any = 0.03,
) -> Tensor:
    """The structural similarity of images in [-1, 1], one number a pair.

    Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment" (2004). `max_val` is how much the
    greatest and the least value may differ; images must be as large as the filter.
    """
    *_, checks = verify_compatible_image_shapes(img1, img2)
    with control_dependencies(checks):
        img1 = array_ops.identity(img1)
    most, x, y = _as_floats(img1, img2, max_val)
    whole, _ = _per_channel(x, y, most, filter_size, filter_sigma, k1, k2)
    return reduction_ops.reduce_mean(whole, [-1])


class _Pyramid:
    """Two images that become half as large step by step."""

    def __init__(self, images: list[Any], shapes: list[Any]) -> None:
        self.images = images
        self.heads = [s[:-3] for s in shapes]
        self.tails = [s[-3:] for s in shapes]
        self.divisor = array_ops.constant([2, 2, 1], dtype=int32)

    def halve(self) -> None:
        """Averages two by two pixels, the last row and column doubled where they are odd."""
        from ..control_flow_ops import cond
        from ..nn import avg_pool

        flat = [
            array_ops.reshape(x, array_ops.concat([[-1], t], 0))
            for x, t in zip(self.images, self.tails, strict=True)
        ]
        rest = self.tails[0] % self.divisor
        odd = reduction_ops.reduce_any(elementwise_ops.not_equal(rest, 0))
        even = cond(odd, lambda: _completed(flat, rest), lambda: flat)
        window = [1, 2, 2, 1]
        small = [avg_pool(x, ksize=window, strides=window, padding="VALID") for x in even]
        extents: Any = array_ops.shape_n(small)
        self.tails = [x[1:] for x in extents]
        parts = zip(small, self.heads, self.tails, strict=True)
        self.images = [array_ops.reshape(x, array_ops.concat([h, t], 0)) for x, h, t in parts]


def _completed(images: list[Tensor], rest: Tensor) -> list[Tensor]:
    """Images with as many more rows and columns at their ends as `rest` says."""
    pairs = array_ops.pad(array_ops.expand_dims(rest, -1), [[1, 0], [1, 0]])
    return [array_ops.pad(x, pairs, mode="SYMMETRIC") for x in images]


def ssim_multiscale(
    img1: Any,
    img2: Any,
    max_val: Any,
    power_factors: Any = _SCALE_WEIGHTS,
    filter_size: Any = 11,
    filter_sigma: Any = 1.5,
    k1: Any = 0.01,
    k2: Any = 0.03,
) -> Tensor:
    """Structural similarity over several scales in [0, 1], one number a pair.

    Wang, Simoncelli, Bovik, "Multiscale structural similarity" (2003). `power_factors` has a
    weight a scale, the finest first; each is half as large as the one before.
    """
    with name_scope(None, "MS-SSIM", [img1, img2]):
        a, b = image_tensor(img1, "img1"), image_tensor(img2, "img2")
        *shapes, checks = verify_compatible_image_shapes(a, b)
        with control_dependencies(checks):
            a = array_ops.identity(a)
        most, x, y = _as_floats(a, b, max_val)
        pyramid = _Pyramid([x, y], shapes)
        likeness: list[Tensor] = []
        for scale in range(len(power_factors)):
            with name_scope(None, f"Scale{scale}", pyramid.images):
                if scale:
                    pyramid.halve()
                x, y = pyramid.images
                whole, structure = _per_channel(x, y, most, filter_size, filter_sigma, k1, k2)
                likeness.append(emit_tensor("Relu", structure))
        likeness[-1] = emit_tensor("Relu", whole)
        powers = math_ops.pow(array_ops.stack(likeness, axis=-1), power_factors)
        return reduction_ops.reduce_mean(reduction_ops.reduce_prod(powers, [-1]), [-1])


# -- differences of neighbours -------------------------------------------------------------------
def total_variation(images: Any, name: Any = None) -> Tensor:
    """The sum of differences between neighbouring pixels, one number an image."""
    with name_scope(name, "total_variation"):
        rank = images.shape.ndims
        if rank == 3:
            down, across = images[1:] - images[:-1], images[:, 1:] - images[:, :-1]
        elif rank == 4:
            down = images[:, 1:] - images[:, :-1]
            across = images[:, :, 1:] - images[:, :, :-1]
        else:
            raise ValueError("'images' must be either 3 or 4-dimensional.")
        axes = None if rank == 3 else [1, 2, 3]
        total: Any = reduction_ops.reduce_sum(math_ops.abs(down), axis=axes)
        result: Tensor = total + reduction_ops.reduce_sum(math_ops.abs(across), axis=axes)
        return result


def image_gradients(image: Any) -> tuple[Tensor, Tensor]:
    """Differences to the pixel below and to the one on the right; zeros in the last ones.

    image: [batch, height, width, channels]; both results have that shape.
    """
    if image.shape.ndims != 4:
        raise ValueError(
            f"image_gradients expects a 4D tensor [batch_size, h, w, d], not {image.shape}."
        )
    extents = array_ops.shape(image)
    batch, height, width, depth = array_ops.unstack(extents)
    down = image[:, 1:] - image[:, :-1]
    across = image[:, :, 1:] - image[:, :, :-1]
    last = array_ops.zeros(array_ops.stack([batch, 1, width, depth]), image.dtype)
    down = array_ops.reshape(array_ops.concat([down, last], 1), extents)
    last = array_ops.zeros(array_ops.stack([batch, height, 1, depth]), image.dtype)
    across = array_ops.reshape(array_ops.concat([across, last], 2), extents)
    return down, across


# Rows, columns, one input channel, (down, across).
_SOBEL = np.stack([[[-1, -2, -1], [0, 0, 0], [1, 2, 1]], [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]], -1)


def sobel_edges(image: Any) -> Tensor:
    """Sobel's filters, down and across, along a new last axis of 2.

    image: [batch, height, width, channels] with height and width of at least 2.
    """
    from ..nn import depthwise_conv2d

    static = image.shape
    extents: Any = array_ops.shape(image)
    kernels = array_ops.constant(_SOBEL[:, :, None], dtype=image.dtype)
    kernels = array_ops.tile(kernels, [1, 1, extents[-1], 1], name="sobel_filters")
    padded = array_ops.pad(image, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT")
    output = depthwise_conv2d(padded, kernels, [1, 1, 1, 1], "VALID")
    edges = array_ops.reshape(output, array_ops.concat([extents, [2]], 0))
    edges.set_shape(static.concatenate([2]))
    return edges
