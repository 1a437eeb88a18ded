"""Compiled pooling against the reference kernels: values, ties, memory bounds."""

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


def run_on(backend: Backend, fetches: Any, feeds: Any, patch: pytest.MonkeyPatch) -> list[Any]:
    with patch.context() as context:
        context.setattr(sessions, "default_backend", lambda: backend)
        with tf.Session() as session:
            return session.run(fetches, feeds)  # type: ignore[no-any-return]


def refuse(self: CompiledExecutable) -> Any:
    raise AssertionError(f"not compiled: {self.reasons}")


def agree(op: str, x: Array, attrs: dict[str, Any], patch: pytest.MonkeyPatch) -> None:
    """Pooling and its gradient; compiled code between forbidden pages."""
    with tf.Graph().as_default():
        given = tf.placeholder(x.dtype, x.shape)
        y = apply(op, given, **attrs)
        dy = tf.placeholder(y.dtype, y.shape)
        fetches = [y, tf.gradients(y, given, dy)[0]]
        shape = y.shape.as_list()
        arrays = [x, np.random.default_rng(2).integers(-9, 9, shape).astype(x.dtype)]
        wanted = run_on(
            ReferenceBackend(), fetches, dict(zip((given, dy), arrays, strict=True)), patch
        )
        fed = [guarded_array(a.shape, a.dtype, True) for a in arrays]
        for place, a in zip(fed, arrays, strict=True):
            place[...] = a
        with guarding(patch, True), patch.context() as inner:
            inner.setattr(CompiledExecutable, "reference", refuse)
            got = run_on(CpuBackend(), fetches, dict(zip((given, dy), fed, strict=True)), patch)
    tolerance = float(ml_dtypes.finfo(x.dtype).eps) * 8
    for want, found in zip(wanted, got, strict=True):
        assert found.shape == want.shape and found.dtype == want.dtype
        want, found = want.astype("f8"), found.astype("f8")
        np.testing.assert_allclose(found, want, rtol=tolerance, atol=tolerance * 16)


def attrs_of(taps: Any, stride: Any, padding: str, first: bool) -> dict[str, Any]:
    def placed(steps: Any) -> list[int]:
        return [1, 1, *steps] if first else [1, *steps, 1]

    letters = "DHW"[-len(taps) :]
    layout = f"NC{letters}" if first else f"N{letters}C"
    return {
        "ksize": placed(taps),
        "strides": placed(stride),
        "padding": padding,
        "data_format": layout,
    }


@QUICK
@given(
    st.sampled_from(["MaxPool", "AvgPool"]), st.sampled_from([0, 1, 3]),
    st.tuples(*[st.integers(2, 13)] * 2), st.sampled_from([1, 3, 17]),
    st.tuples(*[st.integers(1, 5)] * 2), st.tuples(*[st.integers(1, 3)] * 2),
    st.sampled_from(["SAME", "VALID"]), st.booleans(), st.sampled_from(["f4", "f8"]),
)  # fmt: skip
def test_two_axes(
    monkeypatch: pytest.MonkeyPatch, op: str, batch: int, size: Any, depth: int, taps: Any,
    stride: Any, padding: str, first: bool, dtype: str,
) -> None:  # fmt: skip
    assume(padding == "SAME" or all(n >= k for n, k in zip(size, taps, strict=True)))
    shape = (batch, depth, *size) if first else (batch, *size, depth)
    x = np.random.default_rng(1).integers(-3, 3, shape).astype(dtype)  # many are equal
    agree(op, x, attrs_of(taps, stride, padding, first), monkeypatch)


@QUICK
@given(
    st.sampled_from(["MaxPool3D", "AvgPool3D"]), st.tuples(*[st.integers(2, 6)] * 3),
    st.sampled_from([1, 17]), st.tuples(*[st.integers(1, 3)] * 3),
    st.tuples(*[st.integers(1, 3)] * 3), st.sampled_from(["SAME", "VALID"]), st.booleans(),
)  # fmt: skip
def test_three_axes(
    monkeypatch: pytest.MonkeyPatch, op: str, size: Any, depth: int, taps: Any, stride: Any,
    padding: str, first: bool,
) -> None:  # fmt: skip
    assume(padding == "SAME" or all(n >= k for n, k in zip(size, taps, strict=True)))
    shape = (2, depth, *size) if first else (2, *size, depth)
    x = np.random.default_rng(1).integers(-3, 3, shape).astype("f4")
    agree(op, x, attrs_of(taps, stride, padding, first), monkeypatch)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("op", ["MaxPool", "AvgPool"])
def test_short_floats(op: str, dtype: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(1).integers(-3, 3, (2, 7, 9, 20)).astype(dtype)
    agree(op, x, attrs_of((3, 3), (2, 2), "SAME", False), monkeypatch)


@pytest.mark.parametrize("level", ["avx2", "baseline"])
def test_lesser_processors(level: str) -> None:
    """The same tests with the code that other processors get."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", "axes"]
    environment = {**os.environ, "EVERGRAPH_CPU": level}
    environment.pop("PYTEST_XDIST_WORKER", None)
    got = subprocess.run(
        [*command, str(Path(__file__))],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert got.returncode == 0, got.stdout[-2000:]
