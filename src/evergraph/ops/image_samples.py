"""Random boxes in images, greedy matches, connected regions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, with_extent, with_rank
from .operands import ints, np_dtype
from .philox import Philox
from .philox_words import Words

_F = np.float32


# -- random boxes that cover objects -----------------------------------------------------------
class _Box(NamedTuple):
    """Whole pixels: the first row and column, and those after the last."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def area(self) -> np.float32:
        """The number of pixels."""
        return _F((self.right - self.left) * (self.bottom - self.top))

    def common(self, other: _Box) -> np.float32:
        """The number of pixels that both boxes have."""
        low = [max(a, b) for a, b in zip(self[:2], other[:2], strict=True)]
        high = [min(a, b) for a, b in zip(self[2:], other[2:], strict=True)]
        if low[0] > high[0] or low[1] > high[1]:
            return _F(0)
        return _Box(low[0], low[1], high[0], high[1]).area


def _covers(crop: _Box, share: float, objects: Sequence[_Box]) -> bool:
    """Whether a crop holds this share of at least one object."""
    if crop.area < 1:
        return False
    return any(b.area >= 1 and crop.common(b) / b.area >= _F(share) for b in objects)


def _rounded(x: Any) -> int:
    return int(np.rint(_F(x)))


def _heights(size: tuple[int, int], aspect: np.float32, areas: Sequence[Any]) -> tuple[int, int]:
    """The least and the greatest height of a crop of these areas and this shape."""
    height, width = size
    least, most = (_rounded(np.sqrt(a / aspect)) for a in areas)
    if _rounded(_F(most) * aspect) > width:
        most = int((width + 0.5 - float(_F(1e-7))) / float(aspect))
    most = min(most, height)
    return min(least, most), most


def _random_crop(
    size: tuple[int, int], shares: Sequence[float], aspect: np.float32, words: Words
) -> _Box | None:
    """A crop of this aspect ratio whose area is a share of the image's, or None."""
    height, width = size
    if shares[1] <= 0 or aspect <= 0 or min(size) <= 0 or shares[0] > shares[1]:
        return None
    low, high = (_F(s) * _F(width) * _F(height) for s in shares)
    tall, most = _heights(size, aspect, (low, high))
    if tall < most:
        tall += words.below(most - tall + 1)
    wide = _rounded(_F(tall) * aspect)
    for step in (1, -1):
        area = _F(tall * wide)
        if (area < low) if step > 0 else (area > high):
            tall += step
            wide = _rounded(_F(tall) * aspect)
    fits = 0 < tall <= height and 0 < wide <= width
    if not fits or not low <= _F(tall * wide) <= high:
        return None
    top = words.below(height - tall) if tall < height else 0
    left = words.below(width - wide) if wide < width else 0
    return _Box(top, left, top + tall, left + wide)


def _objects(boxes: Array, size: tuple[int, int], attrs: Attrs) -> list[_Box]:
    """The given boxes in pixels; the whole image where there are none."""
    if boxes.ndim != 3:
        raise ValueError(
            "input boxes must be 3-dimensional [batch, num_boxes, coords], got shape "
            f"{list(boxes.shape)}"
        )
    if boxes.shape[2] != 4:
        raise ValueError(f"bounding boxes must have shape [*, 4], got {list(boxes.shape)}")
    flat = boxes.reshape(-1, 4).astype(_F)
    bad = flat[~((flat >= 0) & (flat <= 1))]
    if bad.size:
        raise ValueError(f"All bounding box coordinates must be in [0.0, 1.0]: {bad[0]}")
    if not flat.size and not attrs["use_image_if_no_bounding_boxes"]:
        raise ValueError(
            "No bounding boxes provided as input. One must enable use_image_if_no_bounding_boxes "
            "if you wish to not provide any bounding boxes."
        )
    pixels = (flat * np.array(size * 2, _F)).astype(np.int64)
    return [_Box(*row) for row in pixels.tolist()] or [_Box(0, 0, *size)]


def _pair(values: Sequence[float], what: str) -> Sequence[float]:
    if len(values) != 2:
        raise ValueError(f"{what} range field must specify 2 dimensions, got {list(values)}")
    if not (values[0] > 0 and values[1] > 0):
        raise ValueError(f"{what} range must be non-negative: {list(values)}")
    return values


def _check_options(attrs: Attrs, covered: float) -> None:
    _pair(attrs["aspect_ratio_range"], "Aspect ratio")
    if max(_pair(attrs["area_range"], "Area")) > 1:
        raise ValueError(
            f"Area range must be less then or equal to 1.0: {list(attrs['area_range'])}"
        )
    if attrs["max_attempts"] <= 0:
        raise ValueError(f"Max attempts must be non-negative: {attrs['max_attempts']}")
    if not covered >= 0:
        raise ValueError(f"Min object covered must be non-negative: {covered}")


def _image_size(value: Array) -> tuple[int, int]:
    if np.ndim(value) != 1 or np.size(value) != 3:
        raise ValueError(f"image_size must contain 3 elements, got {ints(value)}")
    height, width, _ = ints(value)
    for extent, what in ((height, "height"), (width, "width")):
        if not 0 <= extent < np.iinfo(np.int32).max:
            raise ValueError(f"image {what} cannot be >= int32 max, nor negative: {extent}")
    return height, width


def _sample_box(
    xp: Any, inputs: Sequence[Array], attrs: Attrs, state: Philox
) -> tuple[Array, Array, Array]:
    size = _image_size(inputs[0])
    covered = inputs[2] if len(inputs) > 2 else attrs["min_object_covered"]
    if np.ndim(covered):
        raise ValueError(f"min_object_covered must be 0-D, got shape {np.shape(covered)}")
    share = float(np.asarray(covered))
    _check_options(attrs, share)
    objects = _objects(np.asarray(inputs[1]), size, attrs)
    low, high = (_F(v) for v in attrs["aspect_ratio_range"])
    words = Words.reserved(state, 4 * attrs["max_attempts"])
    crop = _Box(0, 0, *size)
    for _ in range(attrs["max_attempts"]):
        aspect = _F(words.unit()) * (high - low) + low
        drawn = _random_crop(size, attrs["area_range"], aspect, words)
        if drawn is not None and _covers(drawn, share, objects):
            crop = drawn
            break
    dtype = np_dtype(attrs, "T")
    begin = np.array([crop.top, crop.left, 0]).astype(dtype)
    extent = np.array([crop.bottom - crop.top, crop.right - crop.left, -1]).astype(dtype)
    box = np.array(crop, _F) / np.array(size * 2, _F)
    return begin, extent, box.reshape(1, 1, 4)


def _sample_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    with_extent(with_rank(shapes[0], 1)[0], 3)
    with_extent(with_rank(shapes[1], 3)[2], 4)
    for covered in shapes[2:]:
        with_rank(covered, 0)
    return [(3,), (3,), (1, 1, 4)]


_RANGES = (
    "aspect_ratio_range:list(float)=[0.75,1.3300000429153442]; "
    "area_range:list(float)=[0.05000000074505806,1.0]; max_attempts:int=100; "
    "use_image_if_no_bounding_boxes:bool=false"
)
for _name, _operand, _attr in (
    ("SampleDistortedBoundingBox", "", "min_object_covered:float=0.10000000149011612; "),
    ("SampleDistortedBoundingBoxV2", " min_object_covered:float32", ""),
):
    define(
        _name,
        f"image_size:T bounding_boxes:float32{_operand} -> begin:T size:T bboxes:float32",
        f"T:type{{uint8,int8,int16,int32,int64}}; seed:int=0; seed2:int=0; {_attr}{_RANGES}",
        shape=_sample_shape,
        kernel=_sample_box,
        stateful=True,
        state=lambda attrs: Philox(attrs["seed"], attrs["seed2"]),
        grad=NO_GRADIENT,
    )


# -- greedy matches ----------------------------------------------------------------------------
def _match(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array]:
    """The nearest pair, then the nearest of the others, and so on; -1 is no match."""
    distances, valid = np.asarray(inputs[0]), np.asarray(inputs[1])
    if distances.ndim != 2:
        raise ValueError(f"distance_mat should be 2-dimensional, got {list(distances.shape)}")
    if valid.size != 1:
        raise ValueError(f"num_valid_rows should have 1 element, got {valid.size}")
    height, width = distances.shape
    given = float(valid.reshape(()))
    if math.isnan(given) or given > height:
        raise ValueError(f"There should be at least {given} rows, but distance_mat has {height}.")
    rows = height if given < 0 else int(given + 0.1)
    most = min(rows, width)
    if attrs["top_k"] > 0:
        most = min(most, attrs["top_k"])
    to_column, to_row = np.full(height, -1, np.int32), np.full(width, -1, np.int32)
    for place in np.argsort(distances[:rows], axis=None, kind="stable"):
        row, column = divmod(int(place), width)
        if most and to_column[row] < 0 and to_row[column] < 0:
            to_column[row], to_row[column] = column, row
            most -= 1
        if not most:
            break
    return xp.asarray(to_column), xp.asarray(to_row)


def _match_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    rows, columns = with_rank(shapes[0], 2)
    return [(rows,), (columns,)]


define(
    "BipartiteMatch",
    "distance_mat:float32 num_valid_rows:float32 -> row_to_col_match_indices:int32 "
    "col_to_row_match_indices:int32",
    "top_k:int=-1",
    shape=_match_shape,
    kernel=_match,
    stateful=True,
    grad=NO_GRADIENT,
)


# -- connected regions -------------------------------------------------------------------------
def _roots(count: int, pairs: Array) -> Array:
    """For each of `count` nodes, the least node that it is connected with; pairs are [2, n].

    Labels fall to the least of their neighbours' and are then followed to their ends: a number
    of rounds that grows with the logarithm of the nodes (Shiloach and Vishkin, 1982).
    """
    label = np.arange(count)
    while pairs.size:
        ends = label[pairs]
        is_open = ends[0] != ends[1]
        if not is_open.any():
            break
        pairs, ends = pairs[:, is_open], ends[:, is_open]
        np.minimum.at(label, ends.max(0), ends.min(0))
        while (followed := label[label]).tobytes() != label.tobytes():
            label = followed
    return label


def _components(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    images = np.asarray(inputs[0])
    if images.ndim != 3:
        raise ValueError(f"Input images must have rank 3, got shape {list(images.shape)}")
    filled = images != (b"" if images.dtype == object else 0)
    node = np.arange(images.size).reshape(images.shape)
    pairs = []
    for axis in (1, 2):
        ahead = [slice(None)] * 3
        behind = [slice(None)] * 3
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        a, b = tuple(behind), tuple(ahead)
        same = (images[a] == images[b]) & filled[a]
        pairs.append(np.stack([node[a][same], node[b][same]]))
    root = _roots(images.size, np.concatenate(pairs, 1)).reshape(images.shape)
    return xp.asarray(np.where(filled, root + 1, 0))


define(
    "ImageConnectedComponents",
    "image:dtype -> components:int64",
    "dtype:type{int64,int32,uint16,int16,uint8,int8,float16,float32,float64,bool,string}",
    shape=lambda shapes, attrs, values: [shapes[0]],
    kernel=_components,
    grad=NO_GRADIENT,
)
