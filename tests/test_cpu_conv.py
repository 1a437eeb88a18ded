"""Compiled convolutions against the reference kernels: values, memory bounds, threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from guarded import guarded_array, guarding
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from evergraph import tf
from evergraph.backends.contract import Backend
from evergraph.backends.cpu.backend import CompiledExecutable, CpuBackend
from evergraph.backends.cpu.jit import library
from evergraph.backends.reference import ReferenceBackend
from evergraph.core.emit import apply
from evergraph.runtime import session as sessions

Array = np.ndarray[Any, Any]
QUICK = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))
TAPS = st.tuples(st.sampled_from([1, 2, 3, 5]), st.sampled_from([1, 2, 3, 7]))
SIZES = st.tuples(st.integers(3, 15), st.integers(3, 18))
CHANNELS = st.sampled_from([1, 3, 8, 17, 64])


def values(shape: Any, seed: int, dtype: Any) -> Array:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def run_on(backend: Backend, fetches: Any, feeds: Any, patch: pytest.MonkeyPatch) -> list[Any]:
    with patch.context() as context:
        context.setattr(sessions, "default_backend", lambda: backend)
        with tf.Session() as session:
            return session.run(fetches, feeds)  # type: ignore[no-any-return]


def refuse(self: CompiledExecutable) -> Any:
    raise AssertionError(f"not compiled: {self.reasons}")


def agree(
    x: Array, w: Array, attrs: dict[str, Any], patch: pytest.MonkeyPatch, op: str = "Conv2D"
) -> None:
    """A convolution and both gradients; compiled code between forbidden pages.

    What is wanted is computed by the reference in float64.
    """
    results: list[list[Any]] = []
    for wide in (True, False):
        with tf.Graph().as_default():
            arrays = [a.astype("f8") if wide else a for a in (x, w)]
            inputs = [tf.placeholder(a.dtype, a.shape) for a in arrays]
            y = apply(op, *inputs, **attrs)
            arrays.append(values(y.shape.as_list(), 3, x.dtype).astype(arrays[0].dtype))
            inputs.append(tf.placeholder(y.dtype, y.shape))
            fetches = [y, *tf.gradients(y, inputs[:2], inputs[2])]
            if wide:
                feeds = dict(zip(inputs, arrays, strict=True))
                results.append(run_on(ReferenceBackend(), fetches, feeds, patch))
                continue
            fed = [guarded_array(a.shape, a.dtype, True) for a in arrays]
            for place, a in zip(fed, arrays, strict=True):
                place[...] = a
            with guarding(patch, True), patch.context() as inner:
                inner.setattr(CompiledExecutable, "reference", refuse)
                feeds = dict(zip(inputs, fed, strict=True))
                results.append(run_on(CpuBackend(), fetches, feeds, patch))
    tolerance = {8: 1e-13, 4: 1e-5}.get(x.dtype.itemsize) or float(ml_dtypes.finfo(x.dtype).eps)
    for name, want, got in zip(("forward", "input", "filter"), *results, strict=True):
        assert got.shape == want.shape and got.dtype == x.dtype, name
        scale = float(np.abs(want).max(initial=0.0)) or 1.0
        error = float(np.abs(got.astype("f8") - want).max(initial=0.0))
        assert error <= tolerance * scale, f"{name}: {error / scale}"


def steps(stride: Any, dilation: Any, padding: str, first: bool = False) -> dict[str, Any]:
    def placed(pair: Any) -> list[int]:
        return [1, 1, *pair] if first else [1, *pair, 1]

    layout = "NCHW" if first else "NHWC"
    return {
        "strides": placed(stride),
        "dilations": placed(dilation),
        "padding": padding,
        "data_format": layout,
    }


@QUICK
@given(
    st.sampled_from([0, 1, 5]), SIZES, CHANNELS, st.sampled_from([1, 3, 20, 64, 70]), TAPS, PAIRS,
    PAIRS, st.sampled_from(["SAME", "VALID"]), st.sampled_from(["f4", "f8"]), st.booleans(),
)  # fmt: skip
def test_any_convolution(
    monkeypatch: pytest.MonkeyPatch, batch: int, size: Any, depth: int, out: int, taps: Any,
    stride: Any, dilation: Any, padding: str, dtype: str, first: bool,
) -> None:  # fmt: skip
    spans = [(k - 1) * d + 1 for k, d in zip(taps, dilation, strict=True)]
    assume(padding == "SAME" or all(n >= s for n, s in zip(size, spans, strict=True)))
    shape = (batch, depth, *size) if first else (batch, *size, depth)
    x, w = values(shape, 1, dtype), values((*taps, depth, out), 2, dtype)
    agree(x, w, steps(stride, dilation, padding, first), monkeypatch)


@pytest.mark.parametrize("stride", [(3, 2), (1, 2), (2, 1)])
@pytest.mark.parametrize("depth", [3, 17])
def test_unequal_strides(
    stride: tuple[int, int], depth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, w = values((2, 7, 9, depth), 1, "f4"), values((3, 3, depth, 20), 2, "f4")
    agree(x, w, steps(stride, (1, 1), "SAME"), monkeypatch)


@QUICK
@given(
    st.sampled_from([2, 3, 4]), st.sampled_from([1, 4, 17]), st.sampled_from([1, 2, 18]), TAPS,
    PAIRS, PAIRS, SIZES,
)  # fmt: skip
def test_groups(
    monkeypatch: pytest.MonkeyPatch, groups: int, depth: int, out: int, taps: Any, stride: Any,
    dilation: Any, size: Any,
) -> None:  # fmt: skip
    x = values((2, *size, groups * depth), 1, "f4")
    w = values((*taps, depth, groups * out), 2, "f4")
    agree(x, w, steps(stride, dilation, "SAME"), monkeypatch)


@QUICK
@given(
    st.lists(st.integers(0, 6), min_size=4, max_size=4), TAPS, PAIRS, SIZES,
    st.sampled_from([1, 3, 17]),
)  # fmt: skip
def test_explicit_padding(
    monkeypatch: pytest.MonkeyPatch, pads: list[int], taps: Any, stride: Any, size: Any, depth: int
) -> None:
    x, w = values((2, *size, depth), 1, "f4"), values((*taps, depth, 5), 2, "f4")
    around = zip(size, taps, pads[::2], pads[1::2], strict=True)
    assume(all(n + a + b >= k for n, k, a, b in around))
    attrs = steps(stride, (1, 1), "EXPLICIT")
    agree(x, w, {**attrs, "explicit_paddings": [0, 0, *pads, 0, 0]}, monkeypatch)


@QUICK
@given(
    st.sampled_from([0, 1, 5]), SIZES, st.sampled_from([1, 3, 16, 50]), st.sampled_from([1, 1, 2]),
    TAPS, st.integers(1, 3), st.integers(1, 2), st.sampled_from(["SAME", "VALID"]),
    st.sampled_from(["f4", "f8"]), st.booleans(),
)  # fmt: skip
def test_depthwise(
    monkeypatch: pytest.MonkeyPatch, batch: int, size: Any, depth: int, times: int, taps: Any,
    stride: int, dilation: int, padding: str, dtype: str, first: bool,
) -> None:  # fmt: skip
    assume(
        padding == "SAME" or all(n > (k - 1) * dilation for n, k in zip(size, taps, strict=True))
    )
    shape = (batch, depth, *size) if first else (batch, *size, depth)
    x, w = values(shape, 1, dtype), values((*taps, depth, times), 2, dtype)
    attrs = steps((stride, stride), (dilation, dilation), padding, first)
    agree(x, w, attrs, monkeypatch, "DepthwiseConv2dNative")


@QUICK
@given(
    st.sampled_from([1, 2]), st.tuples(*[st.integers(2, 6)] * 3), st.sampled_from([1, 3, 16]),
    st.sampled_from([1, 5, 50]), st.tuples(*[st.integers(1, 3)] * 3),
    st.tuples(*[st.integers(1, 2)] * 3), st.tuples(*[st.integers(1, 2)] * 3),
    st.sampled_from(["SAME", "VALID"]), st.booleans(),
)  # fmt: skip
def test_three_axes(
    monkeypatch: pytest.MonkeyPatch, batch: int, size: Any, depth: int, out: int, taps: Any,
    stride: Any, dilation: Any, padding: str, first: bool,
) -> None:  # fmt: skip
    spans = [(k - 1) * d + 1 for k, d in zip(taps, dilation, strict=True)]
    assume(padding == "SAME" or all(n >= s for n, s in zip(size, spans, strict=True)))
    shape = (batch, depth, *size) if first else (batch, *size, depth)
    x, w = values(shape, 1, "f4"), values((*taps, depth, out), 2, "f4")
    attrs = steps(stride, dilation, padding, first)
    attrs["data_format"] = "NCDHW" if first else "NDHWC"
    agree(x, w, attrs, monkeypatch, "Conv3D")


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("op", ["Conv2D", "DepthwiseConv2dNative"])
def test_short_floats(dtype: Any, op: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = values((2, 7, 9, 20), 1, dtype)
    w = values((3, 3, 20, 30 if op == "Conv2D" else 1), 2, dtype)
    agree(x, w, steps((2, 1), (1, 1), "SAME"), monkeypatch, op)


@pytest.mark.parametrize("threads", [1, 2, 3, 4])
@pytest.mark.parametrize("shape", [(3, 20, 64, 64), (5, 14, 3, 33), (1, 30, 100, 70)])
def test_threads(threads: int, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    from evergraph.backends.cpu import threads as pools

    monkeypatch.setattr(pools.settings, "num_threads", threads)
    batch, size, depth, out = shape
    x, w = values((batch, size, size, depth), 1, "f4"), values((3, 3, depth, out), 2, "f4")
    for stride in (1, 2):
        agree(x, w, steps((stride, stride), (1, 1), "SAME"), monkeypatch)


def test_the_same_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with tf.Graph().as_default():
        x, dy = (tf.placeholder(tf.float32, [6, 20, 20, c]) for c in (16, 32))
        w = apply(
            "Conv2DBackpropFilter", x, [3, 3, 16, 32], dy, strides=[1, 1, 1, 1], padding="SAME"
        )
        feeds = {x: values((6, 20, 20, 16), 1, "f4"), dy: values((6, 20, 20, 32), 2, "f4")}
        want = run_on(CpuBackend(), w, feeds, monkeypatch)
        for _ in range(20):
            np.testing.assert_array_equal(run_on(CpuBackend(), w, feeds, monkeypatch), want)


def test_a_new_batch_size_compiles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with tf.Graph().as_default():
        x, w = (
            tf.placeholder(tf.float32, [None, 12, 12, 3]),
            tf.constant(values((5, 5, 3, 40), 1, "f4")),
        )
        y = apply("Conv2D", x, w, strides=[1, 2, 2, 1], padding="SAME")
        fetches = [y, *tf.gradients(y, [x, w])]
        run_on(CpuBackend(), fetches, {x: values((16, 12, 12, 3), 2, "f4")}, monkeypatch)
        loaded = set(library().addresses)
        for n in (15, 17, 24):
            run_on(CpuBackend(), fetches, {x: values((n, 12, 12, 3), 2, "f4")}, monkeypatch)
        assert set(library().addresses) == loaded


@pytest.mark.parametrize("level", ["avx2", "baseline"])
def test_lesser_processors(level: str) -> None:
    """The same tests with the code that other processors get."""
    names = "not short and (convolution or unequal or groups or explicit or depthwise or three)"
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", names]
    environment = {**os.environ, "EVERGRAPH_CPU": level}
    environment.pop("PYTEST_XDIST_WORKER", None)
    got = subprocess.run(
        [*command, str(Path(__file__))],
        env=environment,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert got.returncode == 0, got.stdout[-2000:]
