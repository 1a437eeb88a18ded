"""Ops on boxes in images: drawing them, keeping the best of those that overlap."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.allocation import allocatable
from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Dim, Shape, merge_dim, with_extent, with_rank
from .operands import scalar

_SHORT = "T:type{float16,float32}=float32"
_THRESHOLD = "T_threshold:type{float16,float32}=float32"

# -- drawing -----------------------------------------------------------------------------------
# Yellow, blue, red, lime, purple, olive, maroon, navy, aqua, fuchsia.
_COLOURS = np.array(
    [
        [1, 1, 0, 1],
        [0, 0, 1, 1],
        [1, 0, 0, 1],
        [0, 1, 0, 1],
        [0.5, 0, 0.5, 1],
        [0.5, 0.5, 0, 1],
        [0.5, 0, 0, 1],
        [0, 0, 0.5, 1],
        [0, 1, 1, 1],
        [1, 0, 1, 1],
    ],
    np.float32,
)


def _drawn_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    images, boxes = with_rank(shapes[0], 4), with_rank(shapes[1], 3)
    if images[3] not in (None, 1, 3, 4):
        raise ValueError("Channel depth should be either 1 (GRY), 3 (RGB), or 4 (RGBA)")
    with_extent(boxes[2], 4)
    if len(shapes) > 2:
        with_rank(shapes[2], 2)
    return [shapes[0]]


def _palette(colours: Array | None, depth: int) -> Array:
    """The colours to take in turn, one a row."""
    if colours is None or not colours.size:
        table = _COLOURS[:, :depth].copy()
        if depth == 1:
            table[:] = 1
        return table
    if colours.ndim != 2 or colours.shape[1] < depth:
        raise ValueError(
            f"colors must be a 2-D matrix with at least the image's {depth} channels, got shape "
            f"{list(colours.shape)}"
        )
    return colours[:, :depth]


def _draw(canvas: Array, box: Array, colour: Array) -> None:
    """Draws the sides of a box that lie in the image; what is turned inside out is left out."""
    height, width = canvas.shape[:2]
    limits = np.array([height - 1, width - 1] * 2, np.float32)
    ends = box.astype(np.float32) * limits
    if not np.isfinite(ends).all():
        return
    top, left, bottom, right = ends.astype(np.int64).tolist()
    if top > bottom or left > right:
        return
    if top >= height or bottom < 0 or left >= width or right < 0:
        return
    rows = slice(max(top, 0), min(bottom, height - 1) + 1)
    columns = slice(max(left, 0), min(right, width - 1) + 1)
    for row in (top, bottom):
        if 0 <= row < height:
            canvas[row, columns] = colour
    for column in (left, right):
        if 0 <= column < width:
            canvas[rows, column] = colour


def _draw_boxes(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    images, boxes = np.array(inputs[0]), np.asarray(inputs[1])
    if images.ndim != 4 or boxes.ndim != 3 or boxes.shape[2] != 4:
        raise ValueError(
            "The rank of the images should be 4, boxes should be [batch, boxes, 4]: got "
            f"{list(images.shape)} and {list(boxes.shape)}"
        )
    if images.shape[0] != boxes.shape[0]:
        raise ValueError("The batch sizes should be the same")
    if images.shape[3] not in (1, 3, 4):
        raise ValueError("Channel depth should be either 1 (GRY), 3 (RGB), or 4 (RGBA)")
    colours = _palette(np.asarray(inputs[2]) if len(inputs) > 2 else None, images.shape[3])
    for canvas, own in zip(images, boxes, strict=True):
        for i, box in enumerate(own):
            _draw(canvas, box, colours[i % len(colours)])
    return xp.asarray(images)


for _name, _more, _grad in (
    ("DrawBoundingBoxes", "", NO_GRADIENT),
    ("DrawBoundingBoxesV2", " colors:float32", None),
):
    define(
        _name,
        f"images:T boxes:float32{_more} -> output:T",
        _SHORT,
        shape=_drawn_shape,
        kernel=_draw_boxes,
        grad=_grad,
    )


# -- how much boxes overlap --------------------------------------------------------------------
def _ordered(boxes: Array) -> Array:
    """Boxes as least y, least x, greatest y, greatest x."""
    first, second = boxes[:, :2], boxes[:, 2:]
    return np.concatenate([np.minimum(first, second), np.maximum(first, second)], 1)


def _areas(boxes: Array) -> Array:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def overlaps_of(boxes: Array) -> Callable[[int, Array], Array]:
    """`similarity(i, others)`: intersection over union of box i with some others."""
    ordered = _ordered(boxes)
    areas = _areas(ordered)

    def similarity(i: int, others: Array) -> Array:
        these = ordered[others]
        low = np.maximum(ordered[i, :2], these[:, :2])
        high = np.minimum(ordered[i, 2:], these[:, 2:])
        sides = np.maximum(high - low, 0)
        common = sides[:, 0] * sides[:, 1]
        usable = (areas[i] > 0) & (areas[others] > 0)
        union = areas[i] + areas[others] - common
        zero = common.dtype.type(0)
        return np.where(usable, common / np.where(usable, union, zero + 1), zero)

    return similarity


def _select(
    scores: Array, most: int, least: Any, threshold: Any, similarity: Callable[[int, Array], Array]
) -> list[int]:
    """Boxes by falling score, without those too similar to one that was taken before."""
    candidates = np.flatnonzero(scores > least)
    candidates = candidates[np.argsort(-scores[candidates], kind="stable")]
    selected: list[int] = []
    while candidates.size and len(selected) < most:
        best, candidates = int(candidates[0]), candidates[1:]
        selected.append(best)
        candidates = candidates[~(similarity(best, candidates) >= threshold)]
    return selected


def _select_softly(
    scores: Array,
    most: int,
    least: Any,
    threshold: Any,
    sigma: Any,
    similarity: Callable[[int, Array], Array],
) -> tuple[list[int], list[Any]]:
    """As `_select`, but what is similar only loses score. Bodla et al., Soft-NMS (2017).

    A candidate is weighed against what was selected since it was last looked at, and put back
    when that changed its score.
    """
    kind = scores.dtype.type
    scale = kind(-0.5) / sigma
    waiting = [(-float(scores[i]), int(i), 0) for i in np.flatnonzero(scores > least)]
    heapq.heapify(waiting)
    selected: list[int] = []
    kept: list[Any] = []
    while waiting and len(selected) < most:
        negative, box, begin = heapq.heappop(waiting)
        score = original = kind(-negative)
        suppressed = False
        recent = np.array(selected[begin:][::-1], np.int64)
        for alike in similarity(box, recent):
            weight = kind(np.exp(np.float32(scale * alike * alike)))
            score = score * (weight if alike <= threshold else kind(0))
            suppressed = bool(alike >= threshold)
            if suppressed or score <= least:
                break
        if suppressed:
            continue
        if score == original:
            selected.append(box)
            kept.append(score)
        elif score > least:
            heapq.heappush(waiting, (-float(score), box, len(selected)))
    return selected, kept


# -- the ops -----------------------------------------------------------------------------------
def _boxes_and_scores(shapes: Sequence[Shape], square: bool = False) -> None:
    boxes, scores = with_rank(shapes[0], 2), with_rank(shapes[1], 1)
    for parameter in shapes[2:]:
        with_rank(parameter, 0)
    merge_dim(merge_dim(boxes[0], scores[0]), boxes[1] if square else None)
    if not square:
        with_extent(boxes[1], 4)


def _selected_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    _boxes_and_scores(shapes)
    number: Dim = None
    if attrs.get("pad_to_max_output_size") and values[2] is not None:
        number = max(scalar(values[2]), 0)
    return [(number,)]


def _check_boxes(boxes: Array, scores: Array) -> None:
    if boxes.ndim != 2:
        raise ValueError(f"boxes must be 2-D, got shape {list(boxes.shape)}")
    if boxes.shape[1] != 4:
        raise ValueError("boxes must have 4 columns")
    _check_scores(scores, len(boxes))


def _check_scores(scores: Array, number: int) -> None:
    if scores.ndim != 1:
        raise ValueError(f"scores must be 1-D, got shape {list(scores.shape)}")
    if len(scores) != number:
        raise ValueError(f"scores has incompatible shape: {len(scores)} for {number} boxes")


def _number(value: Array, what: str) -> Any:
    array = np.asarray(value)
    if array.ndim:
        raise ValueError(f"{what} must be 0-D, got shape {list(array.shape)}")
    return array[()]


def _share(value: Array, what: str = "iou_threshold") -> Any:
    number = _number(value, what)
    if not 0 <= number <= 1:
        raise ValueError(f"{what} must be in [0, 1]")
    return number


def _most(value: Array) -> int:
    number = int(_number(value, "max_output_size"))
    if number < 0:
        raise ValueError(f"max_output_size must not be negative, got {number}")
    return number


def _hard(inputs: Sequence[Array], attrs: Attrs) -> tuple[list[int], int]:
    """The selected boxes of the first versions of the op, and how many were asked for."""
    boxes, scores, *rest = (np.asarray(x) for x in inputs)
    most = _most(rest[0])
    threshold = _share(rest[1] if len(rest) > 1 else attrs["iou_threshold"])
    lowest = np.finfo(scores.dtype).min
    least = _number(rest[2], "score_threshold") if len(rest) > 2 else lowest
    _check_boxes(boxes, scores)
    return _select(scores, most, least, threshold, overlaps_of(boxes)), most


def _suppress(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    return xp.asarray(np.array(_hard(inputs, attrs)[0], np.int32))


def _padded(values: Sequence[Any], size: int, dtype: Any, pad: bool) -> Array:
    (count,) = allocatable([max(size, len(values)) if pad else len(values)], dtype)
    out = np.zeros(count, dtype)
    out[: len(values)] = values
    return out


def _suppress_padded(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array]:
    selected, most = _hard(inputs, attrs)
    indices = _padded(selected, most, np.int32, attrs["pad_to_max_output_size"])
    return xp.asarray(indices), np.asarray(len(selected), np.int32)


def _suppress_softly(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, ...]:
    boxes, scores, most_operand, threshold, least, sigma = (np.asarray(x) for x in inputs)
    most, share = _most(most_operand), _share(threshold)
    lowest, softness = _number(least, "score_threshold"), _number(sigma, "soft_nms_sigma")
    if not softness >= 0:
        raise ValueError(f"soft_nms_sigma must not be negative, got {softness}")
    _check_boxes(boxes, scores)
    similarity = overlaps_of(boxes)
    if softness > 0:
        selected, kept = _select_softly(scores, most, lowest, share, softness, similarity)
    else:
        selected = _select(scores, most, lowest, share, similarity)
        kept = list(scores[selected])
    pad = attrs["pad_to_max_output_size"]
    return (
        xp.asarray(_padded(selected, most, np.int32, pad)),
        xp.asarray(_padded(kept, most, scores.dtype, pad)),
        np.asarray(len(selected), np.int32),
    )


def _with_count(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [*_selected_shape(shapes, attrs, values), ()]


def _with_scores(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    (indices,) = _selected_shape(shapes, attrs, values)
    return [indices, indices, ()]


_PAD = "pad_to_max_output_size:bool=false"
define(
    "NonMaxSuppression",
    "boxes:float32 scores:float32 max_output_size:int32 -> selected_indices:int32",
    "iou_threshold:float=0.5",
    shape=_selected_shape,
    kernel=_suppress,
    data_dependent=True,
    grad=NO_GRADIENT,
)
define(
    "NonMaxSuppressionV2",
    "boxes:T scores:T max_output_size:int32 iou_threshold:T_threshold -> selected_indices:int32",
    f"{_SHORT}; {_THRESHOLD}",
    shape=_selected_shape,
    kernel=_suppress,
    data_dependent=True,
    grad=NO_GRADIENT,
)
define(
    "NonMaxSuppressionV3",
    "boxes:T scores:T max_output_size:int32 iou_threshold:T_threshold "
    "score_threshold:T_threshold -> selected_indices:int32",
    f"{_SHORT}; {_THRESHOLD}",
    shape=_selected_shape,
    kernel=_suppress,
    data_dependent=True,
)
define(
    "NonMaxSuppressionV4",
    "boxes:T scores:T max_output_size:int32 iou_threshold:T_threshold "
    "score_threshold:T_threshold -> selected_indices:int32 valid_outputs:int32",
    f"{_SHORT}; {_THRESHOLD}; {_PAD}",
    shape=_with_count,
    kernel=_suppress_padded,
    data_dependent=True,
)
define(
    "NonMaxSuppressionV5",
    "boxes:T scores:T max_output_size:int32 iou_threshold:T score_threshold:T soft_nms_sigma:T "
    "-> selected_indices:int32 selected_scores:T valid_outputs:int32",
    f"{_SHORT}; {_PAD}",
    shape=_with_scores,
    kernel=_suppress_softly,
    data_dependent=True,
)


def _suppress_by_overlaps(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    overlaps, scores, most, threshold, least = (np.asarray(x) for x in inputs)
    if overlaps.ndim != 2 or overlaps.shape[0] != overlaps.shape[1]:
        raise ValueError(f"overlaps must be 2-D and square, got shape {list(overlaps.shape)}")
    _check_scores(scores, len(overlaps))
    selected = _select(
        scores,
        _most(most),
        _number(least, "score_threshold"),
        _number(threshold, "overlap_threshold"),
        # The kernel looks a candidate's row up, at the columns of those selected.
        lambda i, others: overlaps[others, i],
    )
    return xp.asarray(np.array(selected, np.int32))


def _by_overlaps_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    _boxes_and_scores(shapes, square=True)
    return [(None,)]


define(
    "NonMaxSuppressionWithOverlaps",
    "overlaps:float32 scores:float32 max_output_size:int32 overlap_threshold:float32 "
    "score_threshold:float32 -> selected_indices:int32",
    shape=_by_overlaps_shape,
    kernel=_suppress_by_overlaps,
    data_dependent=True,
    grad=NO_GRADIENT,
)


# -- of many classes ---------------------------------------------------------------------------
def _combined_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    boxes, scores = with_rank(shapes[0], 4), with_rank(shapes[1], 3)
    for parameter in shapes[2:]:
        with_rank(parameter, 0)
    batch = merge_dim(boxes[0], scores[0])
    merge_dim(boxes[1], scores[1])
    with_extent(boxes[3], 4)
    if boxes[2] not in (None, 1) and scores[2] not in (None, boxes[2]):
        raise ValueError(
            "third dimension of boxes must be either 1 or equal to the third dimension of scores"
        )
    each, total = (None if values[i] is None else scalar(values[i]) for i in (2, 3))
    size = _combined_size(each, total, scores[2], attrs["pad_per_class"])
    return [(batch, size, 4), (batch, size), (batch, size), (batch,)]


def _combined_size(each: Dim, total: Dim, classes: Dim, pad_per_class: bool) -> Dim:
    """How many detections each image has, real and padded ones."""
    if total is not None and total <= 0:
        raise ValueError("max_total_size should be > 0")
    if not pad_per_class:
        return total
    if each is not None and each <= 0:
        raise ValueError("max_output_size_per_class must be > 0 if pad_per_class is set to true")
    if each is None or total is None or classes is None:
        return None
    return min(total, each * classes)


def _of_image(
    boxes: Array, scores: Array, each: int, least: Any, threshold: Any
) -> list[tuple[float, int, Array]]:
    """Score, class and box of what is selected in one image, best first."""
    found: list[tuple[float, int, Array]] = []
    for label in range(scores.shape[1]):
        own = boxes[:, min(label, boxes.shape[1] - 1)]
        similarity = overlaps_of(own)
        above = np.nextafter(threshold, np.float32(np.inf))  # more than it, not equal to it
        selected = _select(scores[:, label], each, least, above, similarity)
        found += [(float(scores[i, label]), label, own[i]) for i in selected]
    return sorted(found, key=lambda item: -item[0])


def _combined(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, ...]:
    boxes, scores, each_operand, total_operand, threshold, least = map(np.asarray, inputs)
    _combined_shape([boxes.shape, scores.shape], attrs, _NOTHING_KNOWN)
    each, share = int(_number(each_operand, "max_size_per_class")), _share(threshold)
    if each <= 0:
        raise ValueError("max_size_per_class must be positive")
    total, lowest = int(_number(total_operand, "max_total_size")), _number(least, "score_threshold")
    size = _combined_size(each, total, scores.shape[2], attrs["pad_per_class"])
    assert size is not None
    images = len(boxes)
    places = np.zeros(allocatable([images, size, 4], np.float32, arrays=2), np.float32)
    values, labels = np.zeros((images, size), np.float32), np.zeros((images, size), np.float32)
    counts = np.zeros(images, np.int32)
    for i in range(images):
        found = _of_image(boxes[i], scores[i], each, lowest, share)[:size]
        counts[i] = len(found)
        for j, (score, label, box) in enumerate(found):
            places[i, j] = np.clip(box, 0, 1) if attrs["clip_boxes"] else box
            values[i, j], labels[i, j] = score, label
    return xp.asarray(places), xp.asarray(values), xp.asarray(labels), xp.asarray(counts)


class _NothingKnown:
    """The values of operands, none of them known."""

    def __getitem__(self, index: int) -> None:
        return None

    def as_shape(self, index: int) -> Shape:
        """No shape is known."""
        return None

    def behind(self, index: int) -> tuple[Shape, None]:
        """Nothing is known behind a handle."""
        return None, None


_NOTHING_KNOWN = _NothingKnown()

define(
    "CombinedNonMaxSuppression",
    "boxes:float32 scores:float32 max_output_size_per_class:int32 max_total_size:int32 "
    "iou_threshold:float32 score_threshold:float32 -> nmsed_boxes:float32 nmsed_scores:float32 "
    "nmsed_classes:float32 valid_detections:int32",
    "pad_per_class:bool=false; clip_boxes:bool=true",
    shape=_combined_shape,
    kernel=_combined,
)
