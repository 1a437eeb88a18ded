"""Ops on images: what holds for all sizes, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergraph import tf
from evergraph.core.emit import apply
from evergraph.ops.image_sampling import KERNELS, area_taps, kernel_taps

SIZES = st.integers(1, 9)
CORNERS = st.sampled_from([{}, {"align_corners": True}, {"half_pixel_centers": True}])
IMAGE = np.ones((1, 3, 4, 2), np.float32)


def run(op: str, *operands: Any, **attrs: Any) -> Any:
    """What an op gives for operands whose shapes and values only a run knows."""
    with tf.Graph().as_default(), tf.Session() as session:
        fed = [tf.placeholder_with_default(np.asarray(x), None) for x in operands]
        return session.run(apply(op, *fed, **attrs))


# -- resizing ------------------------------------------------------------------------------------
@given(SIZES, SIZES, SIZES, SIZES, CORNERS, st.sampled_from(["Bilinear", "Bicubic"]))
def test_gradients_are_the_transposes(
    h: int, w: int, out_h: int, out_w: int, corners: dict[str, bool], kind: str
) -> None:
    random = np.random.RandomState(h * 1000 + w * 100 + out_h * 10 + out_w)
    x = random.randn(2, h, w, 2).astype(np.float32)
    dy = random.randn(2, out_h, out_w, 2).astype(np.float32)
    y = run(f"Resize{kind}", x, np.int32([out_h, out_w]), **corners)
    dx = run(f"Resize{kind}Grad", dy, x, **corners)
    assert y.shape == dy.shape and dx.shape == x.shape
    np.testing.assert_allclose(np.sum(y * dy), np.sum(x * dx), rtol=1e-4, atol=1e-3)


@given(SIZES, SIZES, SIZES, SIZES, CORNERS)
def test_nearest_pixels(h: int, w: int, out_h: int, out_w: int, corners: dict[str, bool]) -> None:
    x = np.arange(h * w, dtype=np.int64).reshape(1, h, w, 1)
    y = run("ResizeNearestNeighbor", x, np.int32([out_h, out_w]), **corners)
    assert set(y.ravel()) <= set(x.ravel())
    assert (np.diff(y, axis=1) >= 0).all() and (np.diff(y, axis=2) >= 0).all()
    counts = run(
        "ResizeNearestNeighborGrad", np.ones_like(y, np.float32), np.int32([h, w]), **corners
    )
    np.testing.assert_array_equal(counts.ravel(), np.bincount(y.ravel(), minlength=h * w))


@given(SIZES, SIZES, SIZES, SIZES, st.sampled_from(["Bilinear", "Bicubic", "Area"]))
def test_even_images_stay_even(h: int, w: int, out_h: int, out_w: int, kind: str) -> None:
    x = np.full((1, h, w, 3), 0.75, np.float32)
    y = run(f"Resize{kind}", x, np.int32([out_h, out_w]))
    np.testing.assert_allclose(y, np.full((1, out_h, out_w, 3), 0.75), rtol=1e-5)


@given(SIZES, SIZES)
def test_areas_keep_sums(inputs: int, outputs: int) -> None:
    taps = area_taps(inputs, outputs, False)
    total = np.zeros(inputs)
    np.add.at(total, taps.index, taps.weight)
    np.testing.assert_allclose(total, np.ones(inputs), atol=1e-5)


@given(
    st.sampled_from(sorted(KERNELS)),
    SIZES,
    SIZES,
    st.floats(0.1, 5),
    st.floats(-3, 3),
    st.booleans(),
)
def test_weights_sum_to_one_or_nothing(
    kernel: str, inputs: int, outputs: int, scale: float, shift: float, antialias: bool
) -> None:
    taps = kernel_taps(kernel, inputs, outputs, scale, shift, antialias)
    assert taps.index.min() >= 0 and taps.index.max() < inputs
    sums = taps.weight.sum(1)
    close = np.minimum(np.abs(sums - 1), np.abs(sums))
    np.testing.assert_allclose(close, np.zeros(outputs), atol=1e-5)


def test_no_images() -> None:
    nothing = np.ones((0, 3, 4, 2), np.float32)
    for kind in ("Bilinear", "Bicubic", "Area", "NearestNeighbor"):
        assert run(f"Resize{kind}", nothing, np.int32([2, 2])).shape == (0, 2, 2, 2)


# -- what is refused -----------------------------------------------------------------------------
SIZE = np.int32([2, 2])
BOXES, WHICH = np.zeros((2, 4), np.float32), np.int32([0, 0])
HALF = np.float32(0.5)
REFUSED: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("ResizeBilinear", (IMAGE[0], SIZE), {}, "must be rank 4|must be 4-dimensional"),
    ("ResizeBilinear", (IMAGE, np.int32(2)), {}, "1-dimensional"),
    ("ResizeBilinear", (IMAGE, np.int32([2])), {}, "two elements"),
    ("ResizeBilinear", (IMAGE, np.int32([0, 2])), {}, "must be positive"),
    ("ResizeBilinear", (IMAGE, np.int32([-1, 2])), {}, "must be positive"),
    ("ResizeArea", (IMAGE, np.int32([2**31 - 1, 2**31 - 1])), {}, "must be at most"),
    ("ResizeBicubic", (IMAGE[..., :0], SIZE), {}, "at least one channel"),
    ("ResizeNearestNeighbor", (IMAGE[:, :0], SIZE), {}, "non-zero size"),
    (
        "ResizeBilinear",
        (IMAGE, SIZE),
        {"align_corners": True, "half_pixel_centers": True},
        "align_corners must be False",
    ),
    ("ResizeBilinearGrad", (IMAGE, IMAGE[0]), {}, "must be rank 4|4-dimensional"),
    ("ResizeBilinearGrad", (IMAGE[:, :0], IMAGE), {}, "non-zero size"),
    ("ResizeBilinearGrad", (IMAGE[..., :1], IMAGE), {}, "does not belong|must be equal"),
    ("ScaleAndTranslate", (IMAGE, SIZE, -np.ones(2, "f4"), np.zeros(2, "f4")), {}, "greater than"),
    ("ScaleAndTranslate", (IMAGE, SIZE, np.ones(3, "f4"), np.zeros(2, "f4")), {}, "two elements"),
    (
        "ScaleAndTranslate",
        (IMAGE, SIZE, np.ones(2, "f4"), np.zeros(2, "f4")),
        {"kernel_type": "sharp"},
        "Unrecognized kernel type",
    ),
    ("CropAndResize", (IMAGE, BOXES[0], WHICH, SIZE), {}, "rank 2|2-D"),
    ("CropAndResize", (IMAGE, BOXES[:, :3], WHICH, SIZE), {}, "4 columns|must be 4"),
    ("CropAndResize", (IMAGE, BOXES, WHICH[:1], SIZE), {}, "one image for each"),
    ("CropAndResize", (IMAGE, BOXES, WHICH, np.int32([0, 1])), {}, "must be positive"),
    (
        "CropAndResizeGradImage",
        (IMAGE, BOXES, WHICH, np.int32([1, 2, 2, 2])),
        {"T": tf.float32},
        "incompatible",
    ),
    (
        "CropAndResizeGradImage",
        (np.ones((2, 1, 1, 2), "f4"), BOXES, WHICH, np.int32([1, -2, 2, 2])),
        {"T": tf.float32},
        "must be positive",
    ),
    ("ExtractGlimpse", (IMAGE, np.int32([-1, 2]), np.zeros((1, 2), "f4")), {}, "not negative"),
    ("ExtractGlimpse", (IMAGE, SIZE, np.full((1, 2), np.nan, "f4")), {}, "finite"),
    ("ExtractGlimpse", (IMAGE, SIZE, np.zeros((3, 2), "f4")), {}, "1 images|must be equal"),
    ("DrawBoundingBoxes", (IMAGE, np.zeros((1, 2, 4), "f4")), {}, "Channel depth"),
    ("NonMaxSuppressionV2", (BOXES, np.ones(2, "f4"), np.int32(1), np.float32(2)), {}, r"\[0, 1\]"),
    ("NonMaxSuppressionV2", (BOXES, np.ones(2, "f4"), np.int32(-1), HALF), {}, "not be negative"),
    ("NonMaxSuppressionV2", (BOXES, np.ones(3, "f4"), np.int32(1), HALF), {}, "incompatible shape"),
    (
        "NonMaxSuppressionWithOverlaps",
        (np.ones((2, 3), "f4"), np.ones(2, "f4"), np.int32(1), HALF, HALF),
        {},
        "square",
    ),
    ("RGBToHSV", (np.float32(1),), {}, "at least 1D"),
    ("AdjustContrastv2", (IMAGE[0, 0], HALF), {}, "at least 3-D"),
    ("BipartiteMatch", (np.ones((2, 2), "f4"), np.float32(3)), {}, "at least 3.0 rows"),
    ("Resampler", (IMAGE, np.ones((2, 1, 2), "f4")), {}, "Batch size"),
]


@pytest.mark.parametrize(("op", "operands", "attrs", "text"), REFUSED)
def test_refused(op: str, operands: tuple[Any, ...], attrs: dict[str, Any], text: str) -> None:
    with pytest.raises((tf.errors.InvalidArgumentError, ValueError), match=text):
        run(op, *operands, **attrs)


def test_what_other_errors_say() -> None:
    with pytest.raises(tf.errors.OutOfRangeError, match="box_index has values outside"):
        run("CropAndResize", IMAGE, BOXES, np.int32([0, 1]), SIZE)
    with pytest.raises(tf.errors.FailedPreconditionError, match="must have 3 channels"):
        run("HSVToRGB", IMAGE)


# -- glimpses ------------------------------------------------------------------------------------
@given(st.floats(-2, 2), st.floats(-2, 2), st.integers(1, 6), st.integers(1, 6))
def test_noise_lies_among_the_pixels(y: float, x: float, height: int, width: int) -> None:
    images = np.random.RandomState(1).uniform(2, 3, (1, 5, 4, 2)).astype(np.float32)
    offsets = np.float32([[y, x]])
    for noise in ("uniform", "gaussian"):
        options = {"noise": noise, "uniform_noise": False}
        glimpse = run("ExtractGlimpse", images, np.int32([height, width]), offsets, **options)
        assert glimpse.shape == (1, height, width, 2)
        assert (glimpse >= images.min() - 1e-5).all() and (glimpse <= images.max() + 1e-5).all()
