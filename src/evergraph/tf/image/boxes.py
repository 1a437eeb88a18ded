"""`tf.image`: boxes in images, crops by boxes, glimpses."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import float32
from ...core.tensor import Tensor
from ..emitting import emit_tensor
from ..framework import convert_to_tensor, name_scope
from ..op_functions import op_function
from ..renamed import renamed

_LOWEST = float("-inf")


# -- parts of images ---------------------------------------------------------------------------
def crop_and_resize(
    image: Any,
    boxes: Any,
    box_ind: Any = None,
    crop_size: Any = None,
    method: Any = "bilinear",
    extrapolation_value: Any = 0,
    name: Any = None,
    box_indices: Any = None,
) -> Tensor:
    """Boxes cut out of images and resized to one size: float32 [boxes, *crop_size, channels].

    boxes: [boxes, (y1, x1, y2, x2)], where 0 and 1 are the first and the last pixel.
    box_indices: the image in the batch of each box. method: 'bilinear' or 'nearest'.
    extrapolation_value: what pixels outside of the image are.
    """
    which = renamed("box_indices", box_indices, "box_ind", box_ind)
    return crop_and_resize_op(image, boxes, which, crop_size, method, extrapolation_value, name)


def crop_and_resize_op(
    image: Any,
    boxes: Any,
    box_ind: Any,
    crop_size: Any,
    method: Any = "bilinear",
    extrapolation_value: Any = 0,
    name: Any = None,
) -> Tensor:
    """`crop_and_resize` as one op."""
    options = {"method": method, "extrapolation_value": extrapolation_value}
    return emit_tensor("CropAndResize", image, boxes, box_ind, crop_size, name=name, **options)


def extract_glimpse(
    input: Any,
    size: Any,
    offsets: Any,
    centered: Any = True,
    normalized: Any = True,
    uniform_noise: Any = True,
    name: Any = None,
) -> Tensor:
    """Windows of one size around a place of each image, filled up with noise outside of it.

    offsets: [batch, (y, x)] of the windows' middle; from the image's middle if `centered`, in
    parts of the image's size if `normalized`.
    """
    return emit_tensor(
        "ExtractGlimpse",
        input,
        size,
        offsets,
        centered=centered,
        normalized=normalized,
        uniform_noise=uniform_noise,
        name=name,
    )


def extract_glimpse_v2(
    input: Any,
    size: Any,
    offsets: Any,
    centered: Any = True,
    normalized: Any = True,
    noise: Any = "uniform",
    name: Any = None,
) -> Tensor:
    """As `extract_glimpse`; noise is 'uniform', 'gaussian' or 'zero'."""
    return emit_tensor(
        "ExtractGlimpse",
        input,
        size,
        offsets,
        centered=centered,
        normalized=normalized,
        noise=noise,
        uniform_noise=False,
        name=name,
    )


def extract_patches(
    images: Any, sizes: Any, strides: Any, rates: Any, padding: Any, name: Any = None
) -> Tensor:
    """Patches of images, each laid out along the last axis."""
    options = {"ksizes": sizes, "strides": strides, "rates": rates, "padding": padding}
    return emit_tensor("ExtractImagePatches", images, name=name, **options)


def draw_bounding_boxes(images: Any, boxes: Any, name: Any = None, colors: Any = None) -> Tensor:
    """Images with the outlines of boxes [batch, boxes, (y1, x1, y2, x2)], in parts of the size."""
    if colors is None:
        return emit_tensor("DrawBoundingBoxes", images, boxes, name=name)
    return emit_tensor("DrawBoundingBoxesV2", images, boxes, colors, name=name)


def sample_distorted_bounding_box(
    image_size: Any,
    bounding_boxes: Any,
    seed: Any = None,
    seed2: Any = None,
    min_object_covered: Any = 0.1,
    aspect_ratio_range: Any = None,
    area_range: Any = None,
    max_attempts: Any = None,
    use_image_if_no_bounding_boxes: Any = None,
    name: Any = None,
) -> Any:
    """A random box of an image that covers a part of at least one of its objects.

    Returns `begin` and `size` for `tf.slice`, and `bboxes` for `draw_bounding_boxes`. The box is
    the whole image when `max_attempts` draws find none of this shape, area and cover.
    """
    with name_scope(name, "sample_distorted_bounding_box"):
        return op_function("SampleDistortedBoundingBoxV2")(
            image_size,
            bounding_boxes,
            min_object_covered,
            seed=seed,
            seed2=seed2,
            aspect_ratio_range=aspect_ratio_range,
            area_range=area_range,
            max_attempts=max_attempts,
            use_image_if_no_bounding_boxes=use_image_if_no_bounding_boxes,
            name=name,
        )


# -- the best of those that overlap --------------------------------------------------------------
def _threshold(value: Any, name: str) -> Tensor:
    return convert_to_tensor(value, name=name)


def non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = _LOWEST,
    name: Any = None,
) -> Tensor:
    """Indices of boxes by falling score, without those that overlap a better one too much."""
    with name_scope(name, "non_max_suppression"):
        share = _threshold(iou_threshold, "iou_threshold")
        least = _threshold(score_threshold, "score_threshold")
        return emit_tensor("NonMaxSuppressionV3", boxes, scores, max_output_size, share, least)


def non_max_suppression_with_scores(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = _LOWEST,
    soft_nms_sigma: Any = 0.0,
    name: Any = None,
) -> tuple[Tensor, Tensor]:
    """As `non_max_suppression`, with the scores; with sigma > 0 overlaps lower them first."""
    with name_scope(name, "non_max_suppression_with_scores"):
        share = _threshold(iou_threshold, "iou_threshold")
        least = _threshold(score_threshold, "score_threshold")
        sigma = _threshold(soft_nms_sigma, "soft_nms_sigma")
        function = op_function("NonMaxSuppressionV5")
        got = function(boxes, scores, max_output_size, share, least, sigma)
        return got.selected_indices, got.selected_scores


def non_max_suppression_padded(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = _LOWEST,
    pad_to_max_output_size: Any = False,
    name: Any = None,
) -> Any:
    """As `non_max_suppression`, filled up with zeros if asked; and how many are valid."""
    with name_scope(name, "non_max_suppression_padded"):
        share = _threshold(iou_threshold, "iou_threshold")
        least = _threshold(score_threshold, "score_threshold")
        function = op_function("NonMaxSuppressionV4")
        return function(boxes, scores, max_output_size, share, least, pad_to_max_output_size)


def non_max_suppression_overlaps(
    overlaps: Any,
    scores: Any,
    max_output_size: Any,
    overlap_threshold: Any = 0.5,
    score_threshold: Any = _LOWEST,
    name: Any = None,
) -> Tensor:
    """As `non_max_suppression`, by a matrix of overlaps [boxes, boxes]."""
    with name_scope(name, "non_max_suppression_overlaps"):
        share = _threshold(overlap_threshold, "overlap_threshold")
        op_type = "NonMaxSuppressionWithOverlaps"
        return emit_tensor(op_type, overlaps, scores, max_output_size, share, score_threshold)


def combined_non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size_per_class: Any,
    max_total_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = _LOWEST,
    pad_per_class: Any = False,
    clip_boxes: Any = True,
    name: Any = None,
) -> Any:
    """The best boxes of each class, then of all, for a batch of images.

    boxes: [batch, boxes, 1 or classes, 4]; scores: [batch, boxes, classes]. Returns boxes, scores,
    classes and the number of valid ones.
    """
    with name_scope(name, "combined_non_max_suppression"):
        share = convert_to_tensor(iou_threshold, float32, name="iou_threshold")
        least = convert_to_tensor(score_threshold, float32, name="score_threshold")
        sizes = (max_output_size_per_class, max_total_size)
        function = op_function("CombinedNonMaxSuppression")
        return function(boxes, scores, *sizes, share, least, pad_per_class, clip_boxes)
