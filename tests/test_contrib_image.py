"""`tf.contrib.image`, `tf.contrib.resampler`: transforms, warps, splines, regions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric import check_function

from evergraph import tf
from evergraph.tf.contrib import image as contrib
from evergraph.tf.contrib.image.warps import boundary_locations, interpolate_bilinear
from evergraph.tf.contrib.resampler import resampler

RANDOM = np.random.RandomState(8)
SQUARE = RANDOM.uniform(0, 1, (2, 6, 6, 3)).astype(np.float32)


def run(make: Any) -> Any:
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(make())


# -- transforms ----------------------------------------------------------------------------------
@pytest.mark.parametrize("interpolation", ["NEAREST", "BILINEAR"])
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_quarter_turns(turns: int, interpolation: str) -> None:
    angle = turns * math.pi / 2
    got = run(lambda: contrib.rotate(SQUARE, angle, interpolation))
    np.testing.assert_allclose(got, np.rot90(SQUARE, turns, (1, 2)), atol=1e-5)
    for image in (SQUARE[0], SQUARE[0, :, :, 0]):
        got = run(lambda x=image: contrib.rotate(x, angle, interpolation))
        np.testing.assert_allclose(got, np.rot90(image, turns), atol=1e-5)


@given(st.integers(-7, 7), st.integers(-7, 7))
def test_whole_moves(dx: int, dy: int) -> None:
    want = np.zeros((6, 6), np.float32)
    image = SQUARE[0, :, :, 0]
    for y in range(6):
        for x in range(6):
            if 0 <= y - dy < 6 and 0 <= x - dx < 6:
                want[y, x] = image[y - dy, x - dx]
    for kind in ("NEAREST", "BILINEAR"):
        got = run(lambda k=kind: contrib.translate(image, [float(dx), float(dy)], k))
        np.testing.assert_allclose(got, want, atol=1e-6)


def test_composed_transforms() -> None:
    first = [1.0, 0.0, 2.0, 0.0, 1.0, -1.0, 0.0, 0.0]
    second = [0.0, 1.0, 0.0, 1.0, 0.0, 3.0, 0.0, 0.0]
    composed, back = run(
        lambda: [
            contrib.compose_transforms(first, second),
            contrib.matrices_to_flat_transforms(contrib.flat_transforms_to_matrices(second)),
        ]
    )
    np.testing.assert_allclose(composed, [[0, 1, 2, 1, 0, 2, 0, 0]])
    np.testing.assert_allclose(back, [second])


def test_a_size_of_its_own_and_whole_numbers() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    flat = [1.0, 0, 0, 0, 1, 0, 0, 0]
    got = run(lambda: contrib.transform(image, flat, output_shape=[2, 6]))
    np.testing.assert_array_equal(got, np.pad(image[:2], [(0, 0), (0, 2)]))
    none = [1.0, 0, 0, 0, 1, 0, -1, 0]  # the projection of the second column is nothing
    assert not run(lambda: contrib.transform(image, none))[:, 1].any()


def test_transforms_that_are_refused() -> None:
    with tf.Graph().as_default():
        for call, error, text in (
            (lambda: contrib.rotate(SQUARE > 0, 0.1), TypeError, "Invalid dtype"),
            (lambda: contrib.rotate(SQUARE[None], 0.1), TypeError, "rank between 2 and 4"),
            (lambda: contrib.rotate(tf.placeholder(tf.float32), 0.1), TypeError, "statically"),
            (lambda: contrib.rotate(SQUARE, [[0.1]]), TypeError, "rank 0 or 1"),
            (lambda: contrib.translate(SQUARE, 1.0), TypeError, "rank 1 or 2"),
            (lambda: contrib.transform(SQUARE, 1.0), TypeError, "rank 1 or 2"),
            (lambda: contrib.flat_transforms_to_matrices(1.0), ValueError, "1D or 2D"),
            (lambda: contrib.matrices_to_flat_transforms([1.0]), ValueError, "2D or 3D"),
            (lambda: contrib.connected_components([1]), TypeError, "rank 2"),
        ):
            with pytest.raises(error, match=text):
                call()
        with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError):
            session.run(contrib.transform(SQUARE, np.ones((3, 8), np.float32)))


# -- regions -------------------------------------------------------------------------------------
def flooded(image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Regions by flooding, numbered in the order of their first pixels."""
    out = np.zeros(image.shape, np.int64)
    count = 0
    for start in np.ndindex(image.shape):
        if out[start] or not image[start]:
            continue
        count += 1
        waiting = [start]
        while waiting:
            at = waiting.pop()
            if out[at]:
                continue
            out[at] = count
            for axis in (1, 2):
                for step in (-1, 1):
                    near = list(at)
                    near[axis] += step
                    spot = tuple(near)
                    inside = 0 <= near[axis] < image.shape[axis]
                    if inside and image[spot] == image[start]:
                        waiting.append(spot)
    return out


@given(
    st.integers(0, 3), st.integers(0, 9), st.integers(0, 9), st.integers(1, 4), st.integers(0, 99)
)
def test_connected_components(batch: int, height: int, width: int, kinds: int, seed: int) -> None:
    images = np.random.RandomState(seed).randint(0, kinds, (batch, height, width))
    got = run(lambda: contrib.connected_components(images))
    np.testing.assert_array_equal(got, flooded(images))


def test_components_of_one_image_of_strings() -> None:
    image = np.array([["a", "a", ""], ["", "b", "a"]])
    got = run(lambda: contrib.connected_components(image))
    np.testing.assert_array_equal(got, [[1, 1, 0], [0, 2, 3]])


def test_bipartite_match() -> None:
    distances = [[0.5, 0.8], [0.3, 0.6], [0.1, 0.9]]
    rows, columns = run(lambda: contrib.bipartite_match(distances, -1))
    assert rows.tolist() == [-1, 1, 0] and columns.tolist() == [2, 1]
    rows, columns = run(lambda: contrib.bipartite_match(distances, 2, top_k=1))
    assert rows.tolist() == [-1, 0, -1] and columns.tolist() == [1, -1]


# -- warps ---------------------------------------------------------------------------------------
def test_bilinear_places() -> None:
    grid = np.arange(6, dtype=np.float32).reshape(1, 2, 3, 1)
    places = np.array([[[0, 0], [0.5, 1.5], [1, 2], [-5, 9]]], np.float32)
    got = run(lambda: interpolate_bilinear(grid, places))
    np.testing.assert_allclose(got[0, :, 0], [0, 3, 5, 2])
    swapped = run(lambda: interpolate_bilinear(grid, places[..., ::-1], indexing="xy"))
    np.testing.assert_allclose(swapped, got)
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match="'ij' or 'xy'"):
            interpolate_bilinear(grid, places, indexing="yx")
        with pytest.raises(ValueError, match="4 dimensional"):
            interpolate_bilinear(grid[0], places)
        with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match="at least 2"):
            tf.Session().run(interpolate_bilinear(grid[:, :1], places))


def test_dense_warps() -> None:
    still = np.zeros((2, 6, 6, 2), np.float32)
    same = run(lambda: contrib.dense_image_warp(tf.constant(SQUARE), tf.constant(still)))
    np.testing.assert_allclose(same, SQUARE, atol=1e-6)
    down = still + np.float32([1, 0])
    got = run(lambda: contrib.dense_image_warp(tf.constant(SQUARE), tf.constant(down)))
    np.testing.assert_allclose(got[:, 1:], SQUARE[:, :-1], atol=1e-6)
    flow = RANDOM.uniform(0.1, 0.4, (1, 4, 4, 2))
    check_function(contrib.dense_image_warp, SQUARE[:1, :4, :4], flow, order=1)


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_splines_pass_through_their_points(order: int) -> None:
    points = RANDOM.uniform(-1, 1, (2, 9, 2))
    values = RANDOM.uniform(-1, 1, (2, 9, 3))
    got = run(lambda: contrib.interpolate_spline(points, values, points, order))
    np.testing.assert_allclose(got, values, atol=1e-4)
    line = points @ np.array([[2.0], [3.0]]) + 1
    queries = RANDOM.uniform(-1, 1, (2, 5, 2))
    got = run(lambda: contrib.interpolate_spline(points, line, queries, order))
    np.testing.assert_allclose(got, queries @ np.array([[2.0], [3.0]]) + 1, atol=1e-4)
    smooth = run(lambda: contrib.interpolate_spline(points, values, points, order, 0.5))
    assert np.abs(smooth - values).max() > 1e-3


def test_sparse_warps() -> None:
    image = SQUARE[:1]
    points = np.array([[[2.0, 2.0], [3.0, 4.0], [1.0, 4.0]]], np.float32)
    same, flow = run(
        lambda: contrib.sparse_image_warp(image, points, points, num_boundary_points=2)
    )
    np.testing.assert_allclose(same, image, atol=1e-4)
    np.testing.assert_allclose(flow, np.zeros((1, 6, 6, 2)), atol=1e-4)
    moved, flow = run(lambda: contrib.sparse_image_warp(image, points, points + 1))
    np.testing.assert_allclose(flow, np.ones((1, 6, 6, 2)), atol=1e-3)
    np.testing.assert_allclose(moved[:, 1:, 1:], image[:, :-1, :-1], atol=1e-3)
    assert len(boundary_locations(5, 5, 0)) == 4 and len(boundary_locations(5, 7, 2)) == 12


# -- colours and places --------------------------------------------------------------------------
def test_hsv_in_yiq() -> None:
    gray = np.full((2, 2, 3), 0.4, np.float32)
    darker = run(lambda: contrib.adjust_hsv_in_yiq(gray, 1.0, 2.0, 0.5))
    np.testing.assert_allclose(darker, gray / 2, atol=2e-3)
    whole = run(lambda: contrib.adjust_hsv_in_yiq(SQUARE, 2 * math.pi))
    np.testing.assert_allclose(whole, SQUARE, atol=5e-3)
    with tf.Graph().as_default():
        for bad in ({"max_delta_hue": -1}, {"lower_value": 2}, {"lower_saturation": -1}):
            with pytest.raises(ValueError, match="must be"):
                contrib.random_hsv_in_yiq(SQUARE, **bad)
        drawn = contrib.random_hsv_in_yiq(SQUARE, 0.3, 0.5, 1.5, 0.5, 1.5, seed=1)
        assert tf.Session().run(drawn).shape == SQUARE.shape


def test_the_resampler() -> None:
    data = SQUARE.astype(np.float64)
    warp = np.stack(np.meshgrid(np.arange(6.0), np.arange(6.0)), -1)[None].repeat(2, 0)
    np.testing.assert_allclose(run(lambda: resampler(data, warp)), data)
    outside = run(lambda: resampler(data, np.full((2, 1, 2), -1.0)))
    assert not outside.any()
    check_function(resampler, data, RANDOM.uniform(-0.9, 5.9, (2, 7, 2)), order=1)
    with pytest.raises(tf.errors.UnimplementedError, match="2D"):
        fed = tf.placeholder_with_default(np.zeros((2, 3, 3)), None)
        tf.Session().run(resampler(data, fed))
