"""Pools against loops over windows, for any windows; fractional ones; what they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evergraph import tf
from evergraph.core.emit import apply
from evergraph.ops.fractional_pooling import pooling_sequence
from evergraph.ops.philox import Philox

Bounds = tuple[slice, ...]


def run(fetches: Any, feeds: Any = None) -> Any:
    with tf.Session() as session:
        return session.run(fetches, feeds)


# -- loops over windows ----------------------------------------------------------------------
def bounds(size: int, k: int, stride: int, padding: str) -> list[slice]:
    """The part of an axis that each window sees."""
    if padding == "SAME":
        out = -(-size // stride)
        start = -(max((out - 1) * stride + k - size, 0) // 2)
    else:
        out, start = (size - k) // stride + 1, 0
    places = [start + i * stride for i in range(out)]
    return [slice(max(p, 0), min(p + k, size)) for p in places]


def windows(
    shape: tuple[int, ...], k: Any, strides: Any, padding: str
) -> Iterator[tuple[Any, Bounds]]:
    axes = [bounds(*given, padding) for given in zip(shape, k, strides, strict=True)]
    for at in product(*(range(len(a)) for a in axes)):
        yield at, tuple(a[i] for a, i in zip(axes, at, strict=True))


def naive(x: Any, k: Any, strides: Any, padding: str, reduce: Any) -> Any:
    """`reduce` of each window."""
    found = list(windows(x.shape, k, strides, padding))
    out = np.zeros(np.max([at for at, _ in found], axis=0) + 1, x.dtype)
    for at, part in found:
        out[at] = reduce(x[part])
    return out


def naive_back(x: Any, dy: Any, k: Any, strides: Any, padding: str, average: bool) -> Any:
    """Where the gradient of each window goes: all of it alike, or its first greatest element."""
    dx = np.zeros_like(x)
    for at, part in windows(x.shape, k, strides, padding):
        inside = x[part]
        if average:
            dx[part] += dy[at] / inside.size
        else:
            place = np.unravel_index(np.argmax(inside), inside.shape)
            dx[part][place] += dy[at]
    return dx


sizes = st.integers(1, 6)
steps = st.integers(1, 4)
layouts = st.sampled_from(["SAME", "VALID"])


@st.composite
def pools(draw: Any, n: int) -> tuple[Any, ...]:
    """(x, ksize, strides, padding) over n axes of space."""
    extents = [draw(sizes) for _ in range(n)]
    padding = draw(layouts)
    most = [2 * e + 1 if padding == "SAME" else e for e in extents]
    k = [draw(st.integers(1, m)) for m in most]
    strides = [draw(steps) for _ in range(n)]
    shape = (draw(st.integers(1, 2)), *extents, draw(st.integers(1, 2)))
    numbers = np.random.RandomState(draw(st.integers(0, 999)))
    x = numbers.randint(-4, 5, shape).astype(np.float32)  # there are ties
    return x, (1, *k, 1), (1, *strides, 1), padding


@settings(max_examples=60, deadline=None)
@given(pools(2), st.booleans())
def test_pools_over_planes(pool: Any, average: bool) -> None:
    x, k, strides, padding = pool
    op = "AvgPool" if average else "MaxPool"
    with tf.Graph().as_default():
        given_x = tf.constant(x)
        y = apply(op, given_x, ksize=k, strides=strides, padding=padding)
        dy = np.arange(np.prod(y.shape.as_list()), dtype=np.float32).reshape(y.shape.as_list())
        got, slopes = run([y, tf.gradients(y, given_x, dy)[0]])
    reduce = np.mean if average else np.max
    np.testing.assert_allclose(got, naive(x, k, strides, padding, reduce), rtol=1e-6, atol=1e-6)
    wanted = naive_back(x, dy, k, strides, padding, average)
    np.testing.assert_allclose(slopes, wanted, rtol=1e-5, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(pools(3), st.booleans())
def test_pools_over_volumes(pool: Any, average: bool) -> None:
    x, k, strides, padding = pool
    x = x + np.linspace(0, 0.5, x.size, dtype=np.float32).reshape(x.shape)  # no ties
    op = "AvgPool3D" if average else "MaxPool3D"
    with tf.Graph().as_default():
        given_x = tf.constant(x)
        y = apply(op, given_x, ksize=k, strides=strides, padding=padding)
        dy = np.arange(np.prod(y.shape.as_list()), dtype=np.float32).reshape(y.shape.as_list())
        got, slopes = run([y, tf.gradients(y, given_x, dy)[0]])
    reduce = np.mean if average else np.max
    np.testing.assert_allclose(got, naive(x, k, strides, padding, reduce), rtol=1e-5, atol=1e-5)
    wanted = naive_back(x, dy, k, strides, padding, average)
    np.testing.assert_allclose(slopes, wanted, rtol=1e-4, atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(pools(2), st.booleans())
def test_places_of_the_greatest(pool: Any, batch: bool) -> None:
    x, k, strides, padding = pool
    with tf.Graph().as_default():
        given_x = tf.constant(x)
        y, places = tf.nn.max_pool_with_argmax(
            given_x, k, strides, padding, include_batch_in_index=batch
        )
        dy = np.ones(y.shape.as_list(), np.float32)
        got, at, slopes = run([y, places, tf.gradients(y, given_x, dy)[0]])
    offset = 0 if batch else np.arange(len(x)).reshape(-1, 1, 1, 1) * x[0].size
    np.testing.assert_array_equal(x.reshape(-1)[at + offset], got)
    wanted = naive_back(x, dy, k, strides, padding, False)
    np.testing.assert_array_equal(slopes, wanted)


def test_a_window_larger_than_the_image_costs_no_memory() -> None:
    x = tf.constant(np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1))
    huge = [1, 2**30, 2**30, 1]
    got = run([tf.nn.max_pool(x, huge, [1, 1, 1, 1], "SAME"), tf.nn.avg_pool(x, huge, 1, "SAME")])
    assert (got[0] == 8).all() and (got[1] == 4).all()


def test_minus_infinity_and_integers() -> None:
    x = np.full((1, 3, 3, 1), -np.inf, np.float32)
    y, places = tf.nn.max_pool_with_argmax(tf.constant(x), 2, 2, "SAME")
    assert run(places)[0, 0, 0, 0] == 0 and (run(y) == -np.inf).all()
    least = tf.constant(np.full((1, 2, 2, 1), -128, np.int8))
    assert (run(tf.nn.max_pool(least, 2, 1, "SAME")) == -128).all()


def test_ways_to_say_it() -> None:
    x = tf.constant(np.arange(24, dtype=np.float32).reshape(1, 4, 6, 1))
    whole = run(tf.nn.max_pool(x, [1, 2, 3, 1], [1, 2, 3, 1], "VALID"))
    np.testing.assert_array_equal(run(tf.nn.max_pool_v2(x, [2, 3], [2, 3], "VALID")), whole)
    first = tf.transpose(x, [0, 3, 1, 2])
    got = run(tf.nn.max_pool(first, [2, 3], [2, 3], "VALID", data_format="NCHW"))
    np.testing.assert_array_equal(np.transpose(got, (0, 2, 3, 1)), whole)
    line = tf.constant(np.arange(5, dtype=np.float32).reshape(1, 5, 1))
    assert run(tf.nn.max_pool1d(line, 2, 2, "SAME")).reshape(-1).tolist() == [1, 3, 4]
    assert run(tf.nn.avg_pool1d(line, 2, 2, "SAME")).reshape(-1).tolist() == [0.5, 2.5, 4]
    assert run(tf.nn.avg_pool_v2(line, 2, 2, "VALID")).reshape(-1).tolist() == [0.5, 2.5]
    cube = tf.constant(np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2, 1))
    assert run(tf.nn.avg_pool_v2(cube, 2, 2, "VALID")).item() == 3.5
    assert run(tf.nn.max_pool3d(cube, 2, 2, "VALID")).item() == 7


IMAGE = np.ones((1, 4, 4, 4), np.float32)
REFUSED = [
    ((2, 1, 1, 1), (1, 1, 1, 1), tf.errors.UnimplementedError, "batch dimension"),
    ((1, 2, 2, 2), (1, 1, 1, 2), tf.errors.UnimplementedError, "exactly one of pooling across"),
    ((1, 1, 1, 2), (1, 1, 1, 1), tf.errors.UnimplementedError, "depth window to equal"),
    ((1, 1, 1, 3), (1, 1, 1, 3), tf.errors.UnimplementedError, "evenly divide"),
    ((1, -1, 1, 1), (1, 1, 1, 1), tf.errors.InvalidArgumentError, "is negative"),
    ((1, 1, 1), (1, 1, 1), ValueError, "less than minimum 4"),
    ((1, 5, 1, 1), (1, 1, 1, 1), ValueError, "Negative dimension size caused by subtracting 5"),
    ((1, 1, 1, 1), (1, 0, 1, 1), ValueError, "Stride must be > 0"),
]


@pytest.mark.parametrize(("k", "strides", "error", "text"), REFUSED)
def test_refused(k: Any, strides: Any, error: Any, text: str) -> None:
    with tf.Graph().as_default(), pytest.raises(error, match=text):
        run(apply("MaxPool", IMAGE, ksize=k, strides=strides, padding="VALID"))


def test_refused_by_the_face() -> None:
    with pytest.raises(ValueError, match="ksize cannot be zero"):
        tf.nn.max_pool(IMAGE, [1, 0, 1, 1], 1, "SAME")
    with pytest.raises(ValueError, match="should be of length 1, 2 or 4 but was 3"):
        tf.nn.avg_pool(IMAGE, [1, 2, 3], 1, "SAME")
    with pytest.raises(ValueError, match="not yet supported"):
        tf.nn.max_pool_with_argmax(IMAGE, 2, 2, "SAME", data_format="NCHW")
    with pytest.raises(ValueError, match="rank 3, 4 or 5"):
        tf.nn.max_pool_v2(tf.constant([[1.0]]), 1, 1, "SAME")
    with pytest.raises(ValueError, match="1 <= num_spatial_dims"):
        tf.nn.pool(IMAGE, [1] * 4, "MAX", "SAME")


def test_gradients_of_other_shapes_are_refused() -> None:
    attrs = {"ksize": (1, 2, 2, 1), "strides": (1, 2, 2, 1), "padding": "SAME"}
    wrong = np.ones((1, 3, 2, 4), np.float32)
    ops = [
        apply("AvgPoolGrad", np.array([1, 4, 4, 4], np.int32), wrong, **attrs),
        apply("MaxPoolGrad", IMAGE, wrong, wrong, **attrs),
        apply("MaxPoolGradGrad", IMAGE, wrong, wrong, **attrs),
        apply("AvgPoolGrad", np.array([1, -4, 4, 4], np.int32), wrong, **attrs),
        apply("MaxPoolGradWithArgmax", IMAGE, wrong, np.full((1, 3, 2, 4), 64, np.int64), **attrs),
    ]
    for op in ops:
        with pytest.raises(tf.errors.InvalidArgumentError):
            run(op)


# -- by fractions ----------------------------------------------------------------------------
@settings(max_examples=100, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.booleans(), st.integers(1, 10**6))
def test_cells_differ_by_one(a: int, b: int, pseudo: bool, seed: int) -> None:
    size, out = max(a, b), min(a, b)
    cells = np.diff(pooling_sequence(size, out, Philox(seed, 1), pseudo))
    assert cells.sum() == size and len(cells) == out
    assert set(cells.tolist()) <= {size // out, size // out + 1}


@pytest.mark.parametrize("overlapping", [False, True])
def test_fractional_pools(overlapping: bool) -> None:
    x = np.random.RandomState(1).randn(2, 7, 5, 3).astype(np.float32)
    for function, reduce in (
        (tf.nn.fractional_max_pool, np.max),
        (tf.nn.fractional_avg_pool, np.mean),
    ):
        y, rows, columns = run(
            function(x, [1.0, 1.4, 1.3, 1.0], overlapping=overlapping, pseudo_random=True)
        )
        for i, j in product(range(len(rows) - 1), range(len(columns) - 1)):
            cell = x[
                :, rows[i] : rows[i + 1] + overlapping, columns[j] : columns[j + 1] + overlapping
            ]
            np.testing.assert_allclose(y[:, i, j], reduce(cell, axis=(1, 2)), rtol=1e-5, atol=1e-6)


def test_fractional_pools_refuse() -> None:
    x = np.ones((1, 4, 4, 1), np.float32)
    with pytest.raises(tf.errors.UnimplementedError, match="batch nor channel"):
        run(tf.nn.fractional_max_pool(x, [2.0, 1.0, 1.0, 1.0]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="deterministic"):
        run(tf.nn.fractional_max_pool(x, [1.0, 1.5, 1.5, 1.0], seed=3))
    with pytest.raises(tf.errors.InvalidArgumentError, match="has no cell"):
        run(tf.nn.fractional_max_pool(x, [1.0, 9.0, 1.5, 1.0]))
    bounds_ = np.array([0, 9, 2], np.int64)
    grad = apply("FractionalMaxPoolGrad", x, x, np.ones((1, 2, 2, 1), np.float32), bounds_, bounds_)
    with pytest.raises(tf.errors.InvalidArgumentError, match="must ascend"):
        run(grad)


# -- layers ----------------------------------------------------------------------------------
@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_layers(n: int, padding: str, layout: str) -> None:
    shape = (2, *[5, 4, 6][:n], 3)
    x = np.random.RandomState(0).randn(*shape).astype(np.float32)
    first = layout == "channels_first"
    given_x = np.moveaxis(x, -1, 1) if first else x
    for kind, reduce in (("Max", np.max), ("Average", np.mean)):
        layer = getattr(tf.layers, f"{kind}Pooling{n}D")(2, 2, padding, layout)
        y = layer(tf.constant(given_x))
        assert layer.compute_output_shape(given_x.shape).as_list() == y.shape.as_list()
        wanted = naive(x, (1, *[2] * n, 1), (1, *[2] * n, 1), padding.upper(), reduce)
        wanted = np.moveaxis(wanted, -1, 1) if first else wanted
        np.testing.assert_allclose(run(y), wanted, rtol=1e-5)
    assert layer.get_config()["pool_size"] == (2,) * n


def test_layers_refuse() -> None:
    with pytest.raises(ValueError, match="`strides` must not be None"):
        tf.layers.MaxPooling2D(2, None)
    with pytest.raises(ValueError, match="`pool_size` argument must be a tuple of 2 integers"):
        tf.layers.MaxPooling2D((1, 2, 3), 1)
    with pytest.raises(ValueError, match="`padding` argument must be one of"):
        tf.layers.MaxPooling2D(2, 2, "half")
    with pytest.raises(ValueError, match="`data_format` argument must be one of"):
        tf.layers.MaxPooling2D(2, 2, data_format="NHWC")


@pytest.mark.parametrize("n", [2, 3])
def test_contrib_pools(n: int) -> None:
    x = np.random.RandomState(0).randn(1, *[4, 6, 4][:n], 2).astype(np.float32)
    layers = tf.contrib.layers
    for kind, reduce in (("max", np.max), ("avg", np.mean)):
        with tf.Graph().as_default():
            got = getattr(layers, f"{kind}_pool{n}d")(tf.constant(x), 2)
            assert got.op.name.startswith(f"{kind.capitalize()}Pool{n}D/")
            wanted = naive(x, (1, *[2] * n, 1), (1, *[2] * n, 1), "VALID", reduce)
            np.testing.assert_allclose(run(got), wanted, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="data_format has to be either"):
        getattr(layers, f"max_pool{n}d")(tf.constant(x), 2, data_format="HWC")
