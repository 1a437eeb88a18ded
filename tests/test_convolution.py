"""Convolutions, dilation and patches against loops over every place, and what is refused."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evergraph import tf
from evergraph.core.emit import apply
from evergraph.core.opdef import lookup
from evergraph.errors import InvalidArgumentError

Arrays = list[np.ndarray[Any, Any]]
FEW = settings(max_examples=60, deadline=None)


# -- loops over every place --------------------------------------------------------------------
class Line:
    """The windows along one axis: for each of them and each tap the place that it sees."""

    def __init__(self, size: int, taps: int, stride: int, rate: int, padding: str) -> None:
        span = (taps - 1) * rate + 1
        if padding == "SAME":
            self.count = -(-size // stride)
            before = max(0, (self.count - 1) * stride + span - size) // 2
        else:
            self.count, before = (size - span + stride) // stride, 0
            assert self.count >= 0
        self.places = [
            [(tap, window * stride + tap * rate - before) for tap in range(taps)]
            for window in range(self.count)
        ]
        self.seen = [[(t, p) for t, p in row if 0 <= p < size] for row in self.places]


def lines(x: Any, taps: Any, strides: Any, rates: Any, padding: str) -> list[Line]:
    """The windows along each axis of space."""
    steps = zip(x, taps, strides, rates, strict=True)
    return [Line(*s, padding) for s in steps]


def visits(axes: list[Line]) -> Any:
    """For each window, each tap, and the place that it sees."""
    for window in product(*(range(a.count) for a in axes)):
        for pairs in product(*(a.seen[w] for a, w in zip(axes, window, strict=True))):
            yield window, tuple(t for t, _ in pairs), tuple(p for _, p in pairs)


def looped(x: Any, w: Any, axes: list[Line], depthwise: bool) -> np.ndarray[Any, Any]:
    """A convolution, one product after the other."""
    depth = w.shape[-2] * w.shape[-1] if depthwise else w.shape[-1]
    out = np.zeros((x.shape[0], *(a.count for a in axes), depth))
    for window, tap, place in visits(axes):
        seen = x[(slice(None), *place)]
        each = (seen[:, :, None] * w[tap]).reshape(len(x), depth) if depthwise else seen @ w[tap]
        out[(slice(None), *window)] += each
    return out


@st.composite
def problems(draw: Any, n: int) -> Any:
    """Shapes and steps: extents of 0 and 1, strides beyond the taps, wide dilations."""
    small = lambda lo, hi: st.integers(lo, hi)  # noqa: E731
    space = [draw(small(0, 6)) for _ in range(n)]
    taps = [draw(small(1, 3)) for _ in range(n)]
    strides = [draw(small(1, 4)) for _ in range(n)]
    rates = [draw(st.sampled_from([1, 1, 2, 5])) for _ in range(n)]
    padding = draw(st.sampled_from(["SAME", "VALID"]))
    if padding == "VALID":
        space = [max(s, (k - 1) * r + 1) for s, k, r in zip(space, taps, rates, strict=True)]
    batch, depth, out = draw(small(0, 2)), draw(small(1, 3)), draw(small(1, 3))
    return batch, space, depth, taps, out, strides, rates, padding


def attributes(strides: Any, rates: Any, padding: str, first: bool) -> dict[str, Any]:
    """The attributes of a convolution."""
    around = (lambda v: (1, 1, *v)) if first else (lambda v: (1, *v, 1))
    names = {2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}[len(strides)]
    return {
        "strides": around(strides),
        "dilations": around(rates),
        "padding": padding,
        "data_format": names[first],
    }


def moved(x: Any, first: bool) -> Any:
    return np.moveaxis(x, -1, 1) if first else x


def check(problem: Any, family: Any, depthwise: bool, first: bool) -> None:
    """A convolution is the loop, and its transposes its adjoints."""
    batch, space, depth, taps, out, strides, rates, padding = problem
    random = np.random.RandomState(0)
    x, w = random.randn(batch, *space, depth), random.randn(*taps, depth, out)
    want = looped(x, w, lines(space, taps, strides, rates, padding), depthwise)
    attrs = attributes(strides, rates, padding, first)
    run = [lookup(name).kernel for name in family]
    got = run[0](np, (moved(x, first), w), attrs)
    np.testing.assert_allclose(got, moved(want, first), atol=1e-10)
    dy = random.randn(*want.shape)
    dx = run[1](np, (np.array(moved(x, first).shape), w, moved(dy, first)), attrs)
    dw = run[2](np, (moved(x, first), np.array(w.shape), moved(dy, first)), attrs)
    assert dx.shape == moved(x, first).shape and dw.shape == w.shape
    np.testing.assert_allclose(np.sum(dx * moved(x, first)), np.sum(dy * want), atol=1e-8)
    np.testing.assert_allclose(np.sum(dw * w), np.sum(dy * want), atol=1e-8)


@FEW
@given(problems(2), st.booleans())
def test_conv2d(problem: Any, first: bool) -> None:
    check(problem, ("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter"), False, first)


@FEW
@given(problems(2), st.booleans())
def test_depthwise(problem: Any, first: bool) -> None:
    name = "DepthwiseConv2dNative"
    check(problem, (name, f"{name}BackpropInput", f"{name}BackpropFilter"), True, first)


@settings(max_examples=30, deadline=None)
@given(problems(3), st.booleans())
def test_conv3d(problem: Any, first: bool) -> None:
    check(problem, ("Conv3D", "Conv3DBackpropInputV2", "Conv3DBackpropFilterV2"), False, first)


@FEW
@given(problems(2))
def test_dilation(problem: Any) -> None:
    batch, space, depth, taps, _, strides, rates, padding = problem
    random = np.random.RandomState(1)
    x, w = random.randn(batch, *space, depth), random.randn(*taps, depth)
    axes = lines(space, taps, strides, rates, padding)
    want = np.full((batch, *(a.count for a in axes), depth), -np.inf)
    for (i, j), tap, (p, q) in visits(axes):
        want[:, i, j] = np.maximum(want[:, i, j], x[:, p, q] + w[tap])
    attrs = {"strides": (1, *strides, 1), "rates": (1, *rates, 1), "padding": padding}
    np.testing.assert_array_equal(lookup("Dilation2D").kernel(np, (x, w), attrs), want)
    dy = random.randn(*want.shape)
    seen = np.isfinite(want)
    for name, like in (("Dilation2DBackpropInput", x), ("Dilation2DBackpropFilter", w)):
        got = lookup(name).kernel(np, (x, w, dy), attrs)
        assert got.shape == like.shape
        np.testing.assert_allclose(got.sum(), dy[seen].sum(), atol=1e-9)


@FEW
@given(problems(2))
def test_patches(problem: Any) -> None:
    batch, space, depth, taps, _, strides, rates, padding = problem
    x = np.random.RandomState(2).randn(batch, *space, depth)
    axes = lines(space, taps, strides, rates, padding)
    want = np.zeros((batch, *(a.count for a in axes), *taps, depth))
    for (i, j), tap, (p, q) in visits(axes):
        want[(slice(None), i, j, *tap)] = x[:, p, q]
    steps = {"strides": (1, *strides, 1), "rates": (1, *rates, 1)}
    attrs = {"ksizes": (1, *taps, 1), **steps, "padding": padding}
    got = lookup("ExtractImagePatches").kernel(np, (x,), attrs)
    assert got.shape == (*want.shape[:3], int(np.prod(taps)) * depth)
    np.testing.assert_array_equal(got, want.reshape(got.shape))
    back = lookup("_LayImagePatches").kernel(np, (got, np.array(x.shape)), attrs)
    np.testing.assert_allclose(np.sum(back * x), np.sum(got * got), atol=1e-9)


@FEW
@given(problems(2), st.integers(1, 4), st.integers(1, 4))
def test_a_large_batch_is_cut_into_blocks(problem: Any, images: int, rows: int) -> None:
    """However the work is cut, the result is the same."""
    from evergraph.ops import windows

    batch, space, depth, taps, out, strides, rates, padding = problem
    random = np.random.RandomState(3)
    x, w = random.randn(3 * batch, *space, depth), random.randn(*taps, depth, out)
    attrs = attributes(strides, rates, padding, False)
    whole = lookup("Conv2D").kernel(np, (x, w), attrs)
    dy = random.randn(*whole.shape)
    operands: list[Any] = [(np.array(x.shape), w, dy), (x, np.array(w.shape), dy)]
    names = ("Conv2DBackpropInput", "Conv2DBackpropFilter")
    wanted = [lookup(n).kernel(np, o, attrs) for n, o in zip(names, operands, strict=True)]
    saved, windows.BLOCK_BYTES = windows.BLOCK_BYTES, images * rows * 64
    try:
        np.testing.assert_allclose(lookup("Conv2D").kernel(np, (x, w), attrs), whole, atol=1e-12)
        for name, o, want in zip(names, operands, wanted, strict=True):
            np.testing.assert_allclose(lookup(name).kernel(np, o, attrs), want, atol=1e-10)
    finally:
        windows.BLOCK_BYTES = saved


# -- other array libraries -----------------------------------------------------------------------
def test_kernels_on_jax() -> None:
    jnp = pytest.importorskip("jax.numpy")
    random = np.random.RandomState(4)
    x, w = random.randn(2, 5, 6, 3).astype("f"), random.randn(3, 2, 3, 4).astype("f")
    for stride, rate in ((1, 1), (2, 1), (1, 2)):
        attrs = attributes((stride, stride), (rate, rate), "SAME", False)
        want = lookup("Conv2D").kernel(np, (x, w), attrs)
        dy = random.randn(*want.shape).astype("f")
        for name, operands in (
            ("Conv2D", (x, w)),
            ("Conv2DBackpropInput", (np.array(x.shape), w, dy)),
            ("Conv2DBackpropFilter", (x, np.array(w.shape), dy)),
        ):
            theirs = lookup(name).kernel(jnp, [jnp.asarray(o) for o in operands], attrs)
            mine = lookup(name).kernel(np, operands, attrs)
            np.testing.assert_allclose(theirs, mine, rtol=1e-4, atol=1e-4)


# -- what is refused -----------------------------------------------------------------------------
X, W = np.ones((1, 4, 4, 2), np.float32), np.ones((2, 2, 2, 3), np.float32)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"strides": (1, 0, 1, 1)}, "Stride must be > 0"),
        ({"strides": (1, -2, 1, 1)}, "Stride must be > 0"),
        ({"dilations": (1, 1, 0, 1)}, "Dilation rate must be >= 1"),
        ({"strides": (1, 1, 1)}, "must contain 4 values"),
        ({"padding": "EXPLICIT"}, "must contain 8 values"),
        ({"explicit_paddings": (0,) * 8}, "must be empty"),
        ({"padding": "EXPLICIT", "explicit_paddings": (0, 0, -1, 0, 0, 0, 0, 0)}, "nonnegative"),
        ({"padding": "EXPLICIT", "explicit_paddings": (1, 0, 0, 0, 0, 0, 0, 0)}, "batch and depth"),
    ],
)
def test_attributes_that_make_no_windows(change: dict[str, Any], text: str) -> None:
    attrs = {"strides": (1, 1, 1, 1), "padding": "VALID", **change}
    with tf.Graph().as_default(), pytest.raises(ValueError, match=text):
        apply("Conv2D", X, W, **attrs)


@pytest.mark.parametrize(
    ("x", "w", "text"),
    [
        ((1, 4, 4), (2, 2, 2, 3), "rank 4"),
        ((1, 4, 4, 2), (2, 2, 2), "rank 4"),
        ((1, 4, 4, 3), (2, 2, 2, 3), "multiple"),
        ((1, 4, 4, 4), (2, 2, 2, 3), "number of groups"),
        ((1, 4, 4, 2), (2, 2, 0, 3), "multiple"),
        ((1, 4, 4, 2), (5, 2, 2, 3), "Negative dimension size"),
    ],
)
def test_shapes_that_do_not_fit(x: Any, w: Any, text: str) -> None:
    attrs = {"strides": (1, 1, 1, 1), "padding": "VALID"}
    with tf.Graph().as_default(), pytest.raises(ValueError, match=text):
        apply("Conv2D", tf.placeholder(tf.float32, x), tf.placeholder(tf.float32, w), **attrs)


def refused(text: str, op: str, *operands: Any, **attrs: Any) -> None:
    """A run of the op on operands of unknown shapes raises InvalidArgumentError."""
    with tf.Graph().as_default(), tf.Session() as session:
        fed = [tf.placeholder(np.asarray(o).dtype.name) for o in operands]
        result = apply(op, *fed, **attrs)
        with pytest.raises(InvalidArgumentError, match=text):
            session.run(result, dict(zip(fed, operands, strict=True)))


PLAIN = {"strides": (1, 1, 1, 1), "padding": "VALID"}


def test_values_that_do_not_fit() -> None:
    dy = np.ones((1, 3, 3, 3), np.float32)
    sizes = np.array(X.shape, np.int32)
    refused("doesn't match computed", "Conv2DBackpropInput", sizes, W, dy[:, :2], **PLAIN)
    refused("doesn't match computed", "Conv2DBackpropFilter", X, np.int32(W.shape), X, **PLAIN)
    refused("must be >= 0", "Conv2DBackpropInput", np.int32([1, -4, 4, 2]), W, dy, **PLAIN)
    refused("4-dimensional", "Conv2DBackpropInput", np.int32([1, 4, 4]), W, dy, **PLAIN)
    refused("negative", "Conv2D", X, np.ones((7, 2, 2, 3), np.float32), **PLAIN)
    refused("depth", "Conv2D", X, W, strides=(1, 1, 1, 2), padding="SAME")
    refused("same depth", "DepthwiseConv2dNative", X, np.ones((2, 2, 3, 1), np.float32), **PLAIN)
    pads = (0, 0, -1, 0, 0, 0, 0, 0)
    explicit = {"strides": (1, 1, 1, 1), "padding": "EXPLICIT", "explicit_paddings": pads}
    refused("nonnegative", "Conv2DBackpropInput", sizes, W, dy, **explicit)


def test_attributes_are_checked_before_values() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x, w = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
        y = tf.nn.conv2d(x, w, [2, 1, 1, 1], "SAME")
        with pytest.raises(InvalidArgumentError, match="strides in the batch and depth"):
            session.run(y)


def test_names_of_layouts_are_checked() -> None:
    axes = np.array([0, 5], np.int32)
    refused("Axes must be in", "DataFormatDimMap", axes)
    refused("permutation", "DataFormatDimMap", axes[:1], dst_format="NHWW")
    refused("length 4", "DataFormatDimMap", axes[:1], src_format="NHW")
    refused("4 rows", "DataFormatVecPermute", axes)


def test_padding_beyond_all_bounds_costs_nothing() -> None:
    """A dilation far larger than the image sees it through one tap alone."""
    rates = (1, 1 << 30, 1 << 30, 1)
    attrs = {"strides": (1, 1, 1, 1), "dilations": rates, "padding": "SAME"}
    w = np.random.RandomState(5).randn(3, 3, 2, 3).astype("f")
    with tf.Graph().as_default(), tf.Session() as session:
        x, kernel = tf.constant(X), tf.constant(w)
        y = apply("Conv2D", x, kernel, **attrs)
        got, dw = session.run([y, tf.gradients(y, kernel)[0]])
    np.testing.assert_allclose(got, X @ w[1, 1], rtol=1e-5)
    assert np.count_nonzero(dw) == 6 and np.all(dw[1, 1] == 16)
