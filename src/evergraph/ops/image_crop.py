"""Ops that cut parts out of images: boxes resampled to one size, glimpses, random crops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.allocation import allocatable
from ..core.emit import apply
from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Dim, Shape, merge, merge_dim, with_extent, with_rank
from ..core.tensor import Operation
from ..errors import FailedPreconditionError, OutOfRangeError
from . import shape_math as sm
from .image_resize import check_images, size_of_output
from .operands import ints, np_dtype, shape_of
from .philox import Philox
from .philox_words import Words
from .scattering import scatter

_F = np.float32
_IMAGES = "uint8,uint16,int8,int16,int32,int64,float16,float32,float64"
_METHODS = "method:string{bilinear,nearest}='bilinear'"


# -- boxes resampled to one size ---------------------------------------------------------------
def _boxes(boxes: Shape, indices: Shape) -> Dim:
    """The number of boxes; ValueError unless each has four coordinates and an image."""
    columns, rows = with_rank(boxes, 2), with_rank(indices, 1)
    with_extent(columns[1], 4)
    return merge_dim(columns[0], rows[0])


def _crops_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    channels = with_rank(shapes[0], 4)[3]
    merge(shapes[3], (2,))
    size = values.as_shape(3) or (None, None)
    return [(_boxes(shapes[1], shapes[2]), *size, channels)]


def check_boxes(boxes: Array, indices: Array, batch: int) -> None:
    """Raises unless there is a box of four coordinates, and an image of the batch, for each crop.

    OutOfRangeError for an image that is not there.
    """
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"boxes must be 2-D and have 4 columns, got {list(boxes.shape)}")
    if indices.ndim != 1 or indices.shape[0] != boxes.shape[0]:
        raise ValueError(
            f"box_index must be 1-D with one image for each of {boxes.shape[0]} boxes, got shape "
            f"{list(indices.shape)}"
        )
    if indices.size and (indices.min() < 0 or indices.max() >= batch):
        raise OutOfRangeError(
            f"box_index has values outside [0, batch_size): {ints(indices)[:20]}, batch {batch}"
        )


def _places(start: Array, stop: Array, extent: int, count: int) -> Array:
    """Where the `count` pixels of each crop lie along an axis, float32 [boxes, count]."""
    last = _F(extent - 1)
    if count == 1:
        return (_F(0.5) * (start + stop) * last)[:, None]
    step = (stop - start) * last / _F(count - 1)
    return (start * last)[:, None] + np.arange(count, dtype=_F) * step[:, None]


@dataclass(frozen=True)
class _Grid:
    """The pixels between which each pixel of each crop lies, and how near it is to the later."""

    image: Array
    top: Array
    bottom: Array
    left: Array
    right: Array
    down: Array
    across: Array
    inside: Array

    @property
    def corners(self) -> list[tuple[Array, Array, Array, Array]]:
        """The four neighbours: image, row, column, weight."""
        up, back = 1 - self.down, 1 - self.across
        rows = ((self.top, up), (self.bottom, self.down))
        columns = ((self.left, back), (self.right, self.across))
        return [(self.image, y, x, (a * b)) for y, a in rows for x, b in columns]


def _grid(boxes: Array, indices: Array, size: Sequence[int], crop: Sequence[int]) -> _Grid:
    y1, x1, y2, x2 = boxes.astype(_F).T
    y = _places(y1, y2, size[0], crop[0])[:, :, None]
    x = _places(x1, x2, size[1], crop[1])[:, None, :]
    inside = (y >= 0) & (y <= size[0] - 1) & (x >= 0) & (x <= size[1] - 1)
    y = np.where((y >= 0) & (y <= size[0] - 1), y, _F(0))
    x = np.where((x >= 0) & (x <= size[1] - 1), x, _F(0))
    top, left = np.floor(y), np.floor(x)
    down, across = (y - top)[..., None], (x - left)[..., None]
    ends = (top, np.ceil(y), left, np.ceil(x))
    above, below, before, after = (v.astype(np.int64) for v in ends)
    image = np.asarray(indices, np.int64)[:, None, None]
    return _Grid(image, above, below, before, after, down, across, inside[..., None])


def _nearest(grid: _Grid) -> tuple[Array, Array, Array]:
    """Image, row and column of the pixel nearest to each one of the crops."""
    row = np.where(grid.down[..., 0] >= 0.5, grid.bottom, grid.top)
    column = np.where(grid.across[..., 0] >= 0.5, grid.right, grid.left)
    return grid.image, row, column


def _crop_and_resize(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    image, boxes, indices, size = inputs
    height, width = size_of_output(size, "crop_size")
    check_images(image)
    check_boxes(boxes, indices, image.shape[0])
    if not len(boxes):
        return xp.zeros((0, height, width, image.shape[3]), np.float32)
    grid = _grid(boxes, indices, image.shape[1:3], (height, width))
    if attrs["method"] == "nearest":
        values = image[_nearest(grid)].astype(np.float32)
    else:
        values = _blended(image, grid)
    outside = _F(attrs["extrapolation_value"])
    return xp.where(grid.inside, values, outside)


def _neighbours(image: Array, grid: _Grid) -> list[Array]:
    """The values above left, above right, below left and below right, in float32."""
    return [image[b, y, x].astype(np.float32) for b, y, x, _ in grid.corners]


def _blended(image: Array, grid: _Grid) -> Array:
    above_left, above_right, below_left, below_right = _neighbours(image, grid)
    above = above_left + (above_right - above_left) * grid.across
    below = below_left + (below_right - below_left) * grid.across
    return above + (below - above) * grid.down


def _check_crops(grads: Array, boxes: Array, channels: int) -> None:
    if grads.ndim != 4 or 0 in grads.shape[1:3]:
        raise ValueError(f"grads must be 4-D with positive dimensions, got {list(grads.shape)}")
    if grads.shape[0] != boxes.shape[0]:
        raise ValueError(
            f"boxes and grads have incompatible shape: {list(boxes.shape)}, {list(grads.shape)}"
        )
    if grads.shape[3] != channels:
        raise ValueError(
            f"image and grads are incompatible: {channels} and {grads.shape[3]} channels"
        )


def _to_image(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    grads, boxes, indices, size = inputs
    dims = ints(size)
    if np.ndim(size) != 1 or len(dims) != 4:
        raise ValueError(f"image_size must be 1-D with 4 elements, got {dims}")
    if min(dims[1:3]) <= 0 or min(dims) < 0:
        raise ValueError(f"image dimensions must be positive, got {dims}")
    check_boxes(boxes, indices, dims[0])
    _check_crops(grads, boxes, dims[3])
    dtype = np_dtype(attrs, "T")
    wide = np.float64 if dtype == np.float64 else np.float32
    out = xp.zeros(allocatable(dims, wide), wide)
    if not grads.size:
        return out.astype(dtype)
    grid = _grid(boxes, indices, dims[1:3], grads.shape[1:3])
    kept = xp.where(grid.inside, grads, 0).astype(wide)
    if attrs["method"] == "nearest":
        return scatter(xp, out, _nearest(grid), kept, "Add").astype(dtype)
    for image, row, column, weight in grid.corners:
        out = scatter(xp, out, (image, row, column), kept * weight, "Add")
    return out.astype(dtype)


def _to_boxes(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    grads, image, boxes, indices = inputs
    check_images(image)
    check_boxes(boxes, indices, image.shape[0])
    _check_crops(grads, boxes, image.shape[3])
    if not grads.size:
        return xp.zeros((len(boxes), 4), np.float32)
    grid = _grid(boxes, indices, image.shape[1:3], grads.shape[1:3])
    above_left, above_right, below_left, below_right = _neighbours(image, grid)
    kept = xp.where(grid.inside, grads, 0)
    left, right = below_left - above_left, below_right - above_right
    by_y = xp.sum(((1 - grid.across) * left + grid.across * right) * kept, axis=(2, 3))
    above, below = above_right - above_left, below_right - below_left
    by_x = xp.sum(((1 - grid.down) * above + grid.down * below) * kept, axis=(1, 3))
    y1, y2 = _to_ends(xp, by_y, image.shape[1])
    x1, x2 = _to_ends(xp, by_x, image.shape[2])
    return xp.stack([y1, x1, y2, x2], axis=1).astype(np.float32)


def _to_ends(xp: Any, slopes: Array, extent: int) -> tuple[Array, Array]:
    """What the start and the end of each box get from the slopes at its pixels' places."""
    count = slopes.shape[1]
    last = _F(extent - 1)
    share = np.full(1, 0.5, _F) if count == 1 else np.arange(count, dtype=_F) / _F(count - 1)
    return xp.sum(slopes * (1 - share), axis=1) * last, xp.sum(slopes * share, axis=1) * last


def _crop_gradient(op: Operation, dy: Any) -> list[Any]:
    image, boxes, indices, _ = op.inputs
    to_image = None
    if image.dtype.name in ("float16", "float32", "float64"):
        options = {"T": image.dtype.base_dtype, "method": op.attrs["method"]}
        size = shape_of(image)
        to_image = apply("CropAndResizeGradImage", dy, boxes, indices, size, **options)
    return [to_image, apply("CropAndResizeGradBoxes", dy, image, boxes, indices), None, None]


def _to_image_gradient(op: Operation, dy: Any) -> list[Any]:
    grads, boxes, indices, _ = op.inputs
    size = sm.part(sm.shape(grads), 1, 3)
    back = apply("CropAndResize", dy, boxes, indices, size, method=op.attrs["method"])
    return [back, apply("CropAndResizeGradBoxes", grads, dy, boxes, indices), None, None]


def _to_image_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    with_rank(shapes[0], 4)
    _boxes(shapes[1], shapes[2])
    return [with_rank(values.as_shape(3), 4)]


def _to_boxes_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    with_rank(shapes[0], 4), with_rank(shapes[1], 4)
    return [(_boxes(shapes[2], shapes[3]), 4)]


define(
    "CropAndResize",
    "image:T boxes:float32 box_ind:int32 crop_size:int32 -> crops:float32",
    f"T:type{{{_IMAGES}}}; {_METHODS}; extrapolation_value:float=0.0",
    shape=_crops_shape,
    kernel=_crop_and_resize,
    grad=_crop_gradient,
)
define(
    "CropAndResizeGradImage",
    "grads:float32 boxes:float32 box_ind:int32 image_size:int32 -> output:T",
    f"T:type{{float32,float16,float64}}; {_METHODS}",
    shape=_to_image_shape,
    kernel=_to_image,
    grad=_to_image_gradient,
)
define(
    "CropAndResizeGradBoxes",
    "grads:float32 image:T boxes:float32 box_ind:int32 -> output:float32",
    f"T:type{{{_IMAGES}}}; method:string{{bilinear}}='bilinear'",
    shape=_to_boxes_shape,
    kernel=_to_boxes,
)


# -- glimpses ----------------------------------------------------------------------------------
def _glimpse_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    batch, _, _, channels = with_rank(shapes[0], 4)
    rows, columns = with_rank(shapes[2], 2)
    with_extent(columns, 2)
    merge(shapes[1], (2,))
    _noise_of(attrs)
    size = values.as_shape(1) or (None, None)
    return [(merge_dim(batch, rows), *size, channels)]


def _noise_of(attrs: Attrs) -> str:
    """What fills a glimpse where there is no image: uniform, gaussian or zero."""
    noise: str = attrs["noise"]
    if attrs["uniform_noise"] and noise not in ("", "uniform"):
        raise ValueError("The uniform_noise and noise should not be specified at the same time")
    if noise not in ("", "uniform", "gaussian", "zero"):
        raise ValueError(f"The noise could only be uniform, gaussian, or zero, got {noise}")
    return noise or ("uniform" if attrs["uniform_noise"] else "gaussian")


def _corner(offset: float, extent: int, size: int, attrs: Attrs) -> int:
    """The first pixel of a glimpse along an axis."""
    place = _F(offset)
    if attrs["normalized"]:
        place *= _F(extent)
    if attrs["centered"]:
        place = place / _F(2) + _F(extent) / _F(2)
    place -= _F(size) / _F(2)
    if not np.isfinite(place):
        raise ValueError(f"offsets must be finite numbers, got {offset}")
    return int(place)


def _noise(kind: str, image: Array, shape: tuple[int, int, int]) -> Array:
    random = np.random.default_rng()
    if kind == "zero":
        return np.zeros(shape, image.dtype)
    if kind == "uniform":
        low = image.min()
        return (low + random.random(shape) * (image.max() - low)).astype(image.dtype)
    axes = (0, 1)
    drawn = image.mean(axes) + random.standard_normal(shape) * image.std(axes)
    return np.clip(drawn, image.min(axes), image.max(axes)).astype(image.dtype)


def _glimpse(image: Array, start: Sequence[int], size: Sequence[int], kind: str) -> Array:
    """The part of an image that begins at `start`, which may lie outside of it."""
    spans = []
    for first, count, extent in zip(start, size, image.shape[:2], strict=True):
        low, high = max(first, 0), min(first + count, extent)
        spans.append((slice(low, max(low, high)), slice(low - first, max(low, high) - first)))
    source, target = zip(*spans, strict=True)
    covered = [t.stop - t.start for t in target]
    if covered == list(size):
        return image[source]
    out = _noise(kind, image, (*size, image.shape[2]))
    if min(covered) > 0:
        out[target] = image[source]
    return out


def _extract_glimpse(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    images, size, offsets = (np.asarray(x) for x in inputs)
    kind = _noise_of(attrs)
    if images.ndim != 4:
        raise ValueError(f"input must be 4-dimensional, got shape {list(images.shape)}")
    if size.ndim != 1 or size.size != 2 or size.min() < 0:
        raise ValueError(f"size must be two numbers that are not negative, got {ints(size)}")
    if offsets.shape != (images.shape[0], 2):
        raise ValueError(
            f"offsets must be a matrix [batch, 2] for {images.shape[0]} images, got shape "
            f"{list(offsets.shape)}"
        )
    dims = (images.shape[0], *ints(size), images.shape[3])
    allocatable(dims, np.float64, arrays=2)
    if 0 in dims or 0 in images.shape:
        return xp.zeros(dims, np.float32)
    out = []
    for image, offset in zip(images, offsets.tolist(), strict=True):
        pairs = zip(offset, image.shape[:2], dims[1:3], strict=True)
        start = [_corner(o, extent, count, attrs) for o, extent, count in pairs]
        out.append(_glimpse(image, start, dims[1:3], kind))
    return xp.stack(out)


define(
    "ExtractGlimpse",
    "input:float32 size:int32 offsets:float32 -> glimpse:float32",
    "centered:bool=true; normalized:bool=true; uniform_noise:bool=true; noise:string='uniform'",
    shape=_glimpse_shape,
    kernel=_extract_glimpse,
    grad=NO_GRADIENT,
)


# -- random crops ------------------------------------------------------------------------------
def _random_crop_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    channels = with_rank(shapes[0], 3)[2]
    merge(shapes[1], (2,))
    return [(*(values.as_shape(1) or (None, None)), channels)]


def _random_crop(xp: Any, inputs: Sequence[Array], attrs: Attrs, state: Philox) -> Array:
    image, size = inputs
    if image.ndim != 3:
        raise ValueError(f"input must be 3-dimensional, got shape {list(image.shape)}")
    if np.shape(size) != (2,):
        raise ValueError(f"size must be 1-dimensional with two elements, got {ints(size)}")
    starts = [0, 0]
    words = Words.reserved(state, 2)
    # The kernel draws for the columns first, and only where there is a choice.
    for axis, what in ((1, "width"), (0, "height")):
        wanted, extent = ints(size)[axis], image.shape[axis]
        if wanted < 0:
            raise ValueError(f"size must not be negative: {ints(size)}")
        if extent < wanted:
            raise FailedPreconditionError(
                f"{what} must be >= target_{what}: {what} = {extent}, target_{what} = {wanted}"
            )
        if extent > wanted:
            starts[axis] = words.word() % (extent - wanted + 1)
    height, width = ints(size)
    return image[starts[0] : starts[0] + height, starts[1] : starts[1] + width]


define(
    "RandomCrop",
    "image:T size:int64 -> output:T",
    "T:type{uint8,int8,int16,int32,int64,float32,float64}; seed:int=0; seed2:int=0",
    shape=_random_crop_shape,
    kernel=_random_crop,
    stateful=True,
    state=lambda attrs: Philox(attrs["seed"], attrs["seed2"]),
    grad=NO_GRADIENT,
)
