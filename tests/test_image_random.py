"""Random crops and boxes: TensorFlow's own draws, and what they must hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergraph import tf
from evergraph.core.dtypes import as_dtype
from evergraph.core.emit import apply
from evergraph.ops.philox_words import Words

BOXES = np.array([[[0.1, 0.2, 0.8, 0.9], [0.3, 0.0, 0.6, 0.4]]], np.float32)


def ours(op: str, *operands: Any, runs: int = 1, **attrs: Any) -> list[Any]:
    """What each of several runs of one session gives."""
    with tf.Graph().as_default(), tf.Session() as session:
        made = [apply("Const", value=x, dtype=as_dtype(x.dtype)) for x in map(np.asarray, operands)]
        out = apply(op, *made, **attrs)
        return [session.run(out) for _ in range(runs)]


def theirs(op: str, names: str, *operands: Any, runs: int = 1, **attrs: Any) -> list[Any]:
    tensorflow = pytest.importorskip("tensorflow")
    with tensorflow.Graph().as_default(), tensorflow.compat.v1.Session() as session:
        named = dict(zip(names.split(), operands, strict=True))
        out = getattr(tensorflow.raw_ops, op)(**named, **attrs)
        return [session.run(out) for _ in range(runs)]


def same(got: list[Any], want: list[Any]) -> None:
    for a, b in zip(got, want, strict=True):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("size", [(3, 3), (5, 2), (5, 6), (1, 6), (0, 2)])
def test_random_crops_are_parts_of_the_image(size: tuple[int, int]) -> None:
    image = np.arange(90, dtype=np.float32).reshape(5, 6, 3)
    operands = (image, np.array(size, np.int64))
    crops = ours("RandomCrop", *operands, seed=1, seed2=2, runs=8)
    np.testing.assert_array_equal(crops, ours("RandomCrop", *operands, seed=1, seed2=2, runs=8))
    places = set()
    for crop in crops:
        assert crop.shape == (*size, 3)
        if crop.size:
            row, column = divmod(int(crop[0, 0, 0]) // 3, 6)
            part = image[row : row + size[0], column : column + size[1]]
            np.testing.assert_array_equal(crop, part)
            places.add((row, column))
    choices = (5 - size[0] + 1) * (6 - size[1] + 1)
    assert (len(places) > 1) == (choices > 1 and size[0] > 0)


@pytest.mark.oracle
@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize(
    "attrs",
    [
        {},
        {"aspect_ratio_range": [0.5, 2.0], "area_range": [0.2, 0.6]},
        {"aspect_ratio_range": [1.0, 1.0], "area_range": [0.01, 0.02], "max_attempts": 3},
    ],
)
def test_sampled_boxes_are_tensorflows(seed: int, attrs: dict[str, Any]) -> None:
    options = {"seed": seed, "seed2": 3, "runs": 5, **attrs}
    size = np.array([40, 31, 3], np.int32)
    for covered in (0.1, 0.7):
        got = ours("SampleDistortedBoundingBox", size, BOXES, min_object_covered=covered, **options)
        names = "image_size bounding_boxes"
        options["min_object_covered"] = covered
        same(got, theirs("SampleDistortedBoundingBox", names, size, BOXES, **options))
        del options["min_object_covered"]
        operands = (size, BOXES, np.float32(covered))
        got = ours("SampleDistortedBoundingBoxV2", *operands, **options)
        names += " min_object_covered"
        same(got, theirs("SampleDistortedBoundingBoxV2", names, *operands, **options))


@given(st.integers(1, 60), st.integers(1, 60), st.floats(0.05, 1), st.integers(1, 1000))
def test_sampled_boxes_lie_in_the_image(height: int, width: int, area: float, seed: int) -> None:
    size = np.array([height, width, 3], np.int64)
    operands = (size, np.zeros((1, 0, 4), np.float32))
    options = {"area_range": [area / 2, area], "use_image_if_no_bounding_boxes": True}
    ((begin, extent, box),) = ours("SampleDistortedBoundingBox", *operands, seed=seed, **options)
    assert (begin >= 0).all() and (begin[:2] + extent[:2] <= size[:2]).all()
    assert (extent[:2] > 0).all() and begin[2] == 0 and extent[2] == -1
    np.testing.assert_allclose(box[0, 0, :2] * size[:2], begin[:2], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("size", "boxes", "attrs", "text"),
    [
        ([4, 4], BOXES, {}, "3 elements"),
        ([-4, 4, 3], BOXES, {}, "image height"),
        ([4, 4, 3], BOXES[0], {}, "3-dimensional"),
        ([4, 4, 3], BOXES * 2, {}, r"in \[0.0, 1.0\]"),
        ([4, 4, 3], BOXES * np.nan, {}, r"in \[0.0, 1.0\]"),
        ([4, 4, 3], BOXES[:, :0], {}, "No bounding boxes"),
        ([4, 4, 3], BOXES, {"area_range": [0.1]}, "2 dimensions"),
        ([4, 4, 3], BOXES, {"area_range": [0.5, 2]}, "less then or equal"),
        ([4, 4, 3], BOXES, {"aspect_ratio_range": [0, 2]}, "non-negative"),
        ([4, 4, 3], BOXES, {"max_attempts": 0}, "Max attempts"),
        ([4, 4, 3], BOXES, {"min_object_covered": -1}, "non-negative"),
    ],
)
def test_bad_arguments(size: list[int], boxes: Any, attrs: dict[str, Any], text: str) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        operands = [tf.placeholder_with_default(x, None) for x in (np.array(size, "i4"), boxes)]
        box = apply("SampleDistortedBoundingBox", *operands, seed=1, **attrs)
        with pytest.raises(tf.errors.InvalidArgumentError, match=text):
            session.run(box)


def test_a_crop_larger_than_the_image() -> None:
    image = np.zeros((3, 4, 1), np.float32)
    with pytest.raises(tf.errors.FailedPreconditionError, match="width must be >= target_width"):
        ours("RandomCrop", image, np.array([3, 5], np.int64))
    with pytest.raises(tf.errors.InvalidArgumentError, match="negative"):
        ours("RandomCrop", image, np.array([-3, 2], np.int64))


def test_words_are_equally_likely() -> None:
    words = Words(3, 0)
    drawn = [words.below(5) for _ in range(4000)]
    assert set(drawn) == set(range(5))
    assert abs(np.bincount(drawn) / 4000 - 0.2).max() < 0.03
    assert words.below(0) == 0 and words.below(1) == 0 and 0 <= words.below(8) < 8
    assert 0 <= words.unit() < 1
