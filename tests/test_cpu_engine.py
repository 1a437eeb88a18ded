"""The CPU engine against the reference backend: values, memory bounds, threads, compiled once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from guarded import guarded_array, guarding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from evergraph import tf
from evergraph.backends.contract import Backend
from evergraph.backends.cpu.backend import CompiledExecutable, CpuBackend
from evergraph.backends.cpu.binding import CompiledBinding
from evergraph.backends.cpu.jit import library
from evergraph.backends.reference import ReferenceBackend
from evergraph.core.emit import apply
from evergraph.runtime import session as sessions

EXTENTS = st.sampled_from([0, 1, 2, 3, 5, 7, 8, 16, 17, 31, 33, 64, 100])
QUICK = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def fresh() -> Iterator[None]:
    with tf.Graph().as_default():
        yield


def run_on(backend: Backend, fetches: Any, feeds: Any, patch: pytest.MonkeyPatch) -> list[Any]:
    with patch.context() as context:
        context.setattr(sessions, "default_backend", lambda: backend)
        with tf.Session() as session:
            return session.run(fetches, feeds)  # type: ignore[no-any-return]


def both(
    build: Callable[..., Any], arrays: list[np.ndarray[Any, Any]], patch: pytest.MonkeyPatch,
    tolerance: float = 1e-5, at_end: bool = True,
) -> None:  # fmt: skip
    """Both backends give the same; the compiled one between forbidden pages."""
    with tf.Graph().as_default():
        inputs = [tf.placeholder(a.dtype, a.shape) for a in arrays]
        fetches = build(*inputs)
        want = run_on(ReferenceBackend(), fetches, dict(zip(inputs, arrays, strict=True)), patch)
        fed = []
        for a in arrays:
            fed.append(guarded_array(a.shape, a.dtype, at_end))
            fed[-1][...] = a
        with guarding(patch, at_end), compiled_only(patch):
            got = run_on(CpuBackend(), fetches, dict(zip(inputs, fed, strict=True)), patch)
    for mine, theirs in zip(got, want, strict=True):
        assert np.asarray(mine).dtype == np.asarray(theirs).dtype
        scale = float(np.nanmax(np.abs(np.where(np.isfinite(theirs), theirs, 0)), initial=0.0))
        assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance * scale)


def compiled_only(patch: pytest.MonkeyPatch) -> Any:
    """Segments that the engine says it supports may not end on the reference backend."""
    context = patch.context()
    inner = context.__enter__()

    def refuse(self: CompiledExecutable) -> Any:
        raise AssertionError(f"not compiled: {self.reasons}")

    inner.setattr(CompiledExecutable, "reference", refuse)

    class Leave:
        def __enter__(self) -> None: ...

        def __exit__(self, *_: object) -> None:
            context.__exit__(None, None, None)

    return Leave()


def values(shape: tuple[int, ...], seed: int, dtype: Any = np.float32) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


# -- fused loops ---------------------------------------------------------------------------------


def _softmax(x: Any, y: Any) -> list[Any]:
    p = tf.nn.softmax(x)
    return [p, tf.reduce_sum(p * y, axis=1), tf.gradients(tf.reduce_sum(tf.log(p + 1.0) * y), x)[0]]


def _norm(x: Any, y: Any) -> list[Any]:
    mean, variance = tf.nn.moments(x, [1], keep_dims=True)
    out = (x - mean) * tf.rsqrt(variance + 1e-3) * y
    return [out, *tf.gradients(tf.reduce_sum(out * out), [x, y])]


def _columns(x: Any, y: Any) -> list[Any]:
    total = tf.reduce_sum(x * y, axis=0)
    return [total, tf.reduce_max(x, axis=0), tf.reduce_mean(x - y, axis=0), tf.tanh(x) * total]


def _mixed(x: Any, y: Any) -> list[Any]:
    bigger = x > y
    picked = tf.where(bigger, tf.exp(-tf.abs(x)), tf.floor(y))
    count = tf.reduce_sum(tf.cast(bigger, tf.int32), axis=1)
    return [picked, count, tf.transpose(x) + 1.0, tf.concat([x, y, x], 1), tf.reduce_all(bigger, 1)]


def _slices(x: Any, y: Any) -> list[Any]:
    return [
        x[::-1] * 2.0,
        x[:, 1:] - y[:, :-1] if x.shape[1] else x,
        tf.pad(x, [[1, 2], [0, 3]]),
        tf.tile(y, [2, 3]),
        tf.stack([x, y], 1),
        tf.reshape(tf.transpose(x), [-1]),
    ]


def _whole(x: Any, y: Any) -> list[Any]:
    return [
        tf.reduce_sum(x * y),
        tf.reduce_mean(tf.square(x)),
        tf.reduce_max(y - x, keep_dims=True),
    ]


PROGRAMS = {f.__name__[1:]: f for f in (_softmax, _norm, _columns, _mixed, _slices, _whole)}


@pytest.mark.parametrize("name", PROGRAMS)
@QUICK
@given(EXTENTS, EXTENTS, st.booleans())
def test_fused_loops(
    name: str, monkeypatch: pytest.MonkeyPatch, rows: int, columns: int, at_end: bool
) -> None:
    if name in ("whole", "columns", "norm", "softmax", "mixed") and not rows * columns:
        return  # reductions of nothing: see test_empty
    arrays = [values((rows, columns), 1), values((rows, columns), 2)]
    both(PROGRAMS[name], arrays, monkeypatch, 2e-5, at_end)


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int32, np.uint8, np.int64])
def test_dtypes(dtype: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    x = (values((7, 33), 3) * 5).astype(dtype)
    y = (np.abs(values((1, 33), 4)) * 5 + 1).astype(dtype)

    def build(a: Any, b: Any) -> list[Any]:
        made = [a + b, a * b, tf.cast(a > b, a.dtype), tf.reduce_max(a, 1)]
        return made if dtype == np.uint8 else [*made, tf.maximum(a, b), -a]

    both(build, [x, y], monkeypatch, 1e-3 if dtype == np.float16 else 1e-12)


def test_not_a_number_and_infinity(monkeypatch: pytest.MonkeyPatch) -> None:
    special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 1e38, 1e-37], np.float32)
    x, y = np.meshgrid(special, special)

    def build(a: Any, b: Any) -> list[Any]:
        return [
            *(a + b, a * b, a / b, tf.maximum(a, b), tf.minimum(a, b), a < b, tf.equal(a, b)),
            *(tf.exp(a), tf.log(a), tf.tanh(a), tf.sqrt(a), tf.sigmoid(a), tf.nn.relu(a)),
            *(tf.is_nan(a), tf.is_inf(a), tf.sign(a), tf.floor(a), tf.reduce_max(a, axis=1)),
        ]

    both(build, [x.copy(), y.copy()], monkeypatch)


def test_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    for shape in ((0, 3), (3, 0), (0, 0)):
        both(
            lambda x: [tf.reduce_sum(x, 0), tf.reduce_sum(x, 1), tf.reduce_prod(x), x * 2.0],
            [np.zeros(shape, np.float32)],
            monkeypatch,
        )


def test_many_axes(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(x: Any) -> list[Any]:
        return [
            tf.reduce_sum(x, [0, 2]),
            tf.reduce_mean(x, [1, 3]),
            tf.reduce_max(x, [0, 2, 3]),
            tf.transpose(x, [3, 1, 0, 2]) * 2.0,
            tf.reduce_sum(tf.transpose(x, [2, 3, 0, 1]), [1, 2]),
        ]

    both(build, [values((3, 5, 7, 9), 5)], monkeypatch)


def test_long_sums_lose_little(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.full(3_000_001, 0.1, np.float32)
    with tf.Graph().as_default():
        p = tf.placeholder(tf.float32, [None])
        got = run_on(CpuBackend(), tf.reduce_sum(p), {p: x}, monkeypatch)
    assert abs(float(got) / float(x.astype(np.float64).sum()) - 1) < 1e-6  # type: ignore[arg-type]


# -- products and convolutions -------------------------------------------------------------------


@QUICK
@given(EXTENTS, EXTENTS, EXTENTS, st.sampled_from(["f4", "f8"]), st.booleans(), st.booleans())
def test_products(
    monkeypatch: pytest.MonkeyPatch, m: int, n: int, k: int, dtype: str, left: bool, right: bool
) -> None:
    a = values((k, m) if left else (m, k), 6, dtype)
    b = values((n, k) if right else (k, n), 7, dtype)
    tolerance = 1e-5 if dtype == "f4" else 1e-13
    both(lambda x, y: [tf.matmul(x, y, left, right)], [a, b], monkeypatch, tolerance, left)


BATCHES = st.sampled_from([((3,), (3,)), ((2, 3), (2, 3)), ((2, 1, 3), (1, 4, 1)), ((0,), (0,))])


@QUICK
@given(
    BATCHES, EXTENTS, EXTENTS, EXTENTS, st.sampled_from(["f4", "f8", "i4"]), st.booleans(),
    st.booleans(),
)  # fmt: skip
def test_batches_of_products(
    monkeypatch: pytest.MonkeyPatch, batches: Any, m: int, n: int, k: int, dtype: str,
    left: bool, right: bool,
) -> None:  # fmt: skip
    first, second = batches
    scale = 10 if dtype == "i4" else 1
    a = (scale * values((*first, *((k, m) if left else (m, k))), 6, "f8")).astype(dtype)
    b = (scale * values((*second, *((n, k) if right else (k, n))), 7, "f8")).astype(dtype)
    tolerance = {"f4": 1e-5, "f8": 1e-13, "i4": 0.0}[dtype]
    both(
        lambda x, y: [apply("BatchMatMulV2", x, y, adj_x=left, adj_y=right)],
        [a, b], monkeypatch, tolerance, left,
    )  # fmt: skip


def test_a_huge_batch_of_tiny_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = values((40_000, 2, 3), 1), values((40_000, 3, 2), 2)
    both(lambda x, y: [tf.matmul(x, y)], [a, b], monkeypatch)


@pytest.mark.parametrize("shape", [(257, 300, 1030), (1, 513, 700), (900, 10, 300), (40, 600, 2)])
def test_products_of_many_blocks(
    shape: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    m, n, k = shape
    for left in (False, True):
        a = values((k, m) if left else (m, k), 8)
        both(lambda x, y, t=left: [tf.matmul(x, y, t)], [a, values((k, n), 9)], monkeypatch)


@QUICK
@given(
    st.sampled_from([1, 2, 5]), st.sampled_from([1, 3, 8, 17]), st.sampled_from([1, 3, 5]),
    st.sampled_from([1, 2, 3]), st.sampled_from([1, 2]), st.sampled_from(["SAME", "VALID"]),
    st.sampled_from([6, 9, 14]),
)  # fmt: skip
def test_convolutions(
    monkeypatch: pytest.MonkeyPatch, batch: int, depth: int, taps: int, stride: int,
    dilation: int, padding: str, size: int,
) -> None:  # fmt: skip
    if stride > 1:
        dilation = 1
    if padding == "VALID" and (taps - 1) * dilation + 1 > size:
        return
    x, w = values((batch, size, size + 1, depth), 10), values((taps, taps, depth, 20), 11)

    def build(a: Any, b: Any) -> list[Any]:
        steps = [1, stride, stride, 1]
        y = tf.nn.conv2d(a, b, steps, padding, dilations=[1, dilation, dilation, 1])
        return [y, *tf.gradients(tf.reduce_sum(y * y), [a, b])]

    both(build, [x, w], monkeypatch, 1e-4)


def test_channels_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(a: Any, b: Any) -> list[Any]:
        y = tf.nn.conv2d(a, b, [1, 1, 2, 2], "SAME", data_format="NCHW")
        z = tf.nn.max_pool(y, [1, 1, 2, 2], [1, 1, 2, 2], "VALID", data_format="NCHW")
        return [y, z, *tf.gradients(tf.reduce_sum(z * z), [a, b])]

    both(build, [values((2, 16, 9, 8), 12), values((3, 3, 16, 10), 13)], monkeypatch, 1e-4)


@QUICK
@given(
    st.sampled_from([1, 2, 3]), st.sampled_from([1, 2, 3]), st.sampled_from(["SAME", "VALID"]),
    st.sampled_from([1, 3, 17]), st.sampled_from([4, 7, 8]),
)  # fmt: skip
def test_pooling(
    monkeypatch: pytest.MonkeyPatch, taps: int, stride: int, padding: str, depth: int, size: int
) -> None:
    def build(a: Any) -> list[Any]:
        steps = [1, taps, taps, 1], [1, stride, stride, 1], padding
        y, z = tf.nn.max_pool(a, *steps), tf.nn.avg_pool(a, *steps)
        return [y, z, tf.gradients(tf.reduce_sum(y * y) + tf.reduce_sum(z * z), a)[0]]

    # Equal elements: the first of them takes the gradient.
    x = np.round(values((2, size, size + 1, depth), 14) * 2)
    both(build, [x], monkeypatch)


# -- programs ------------------------------------------------------------------------------------


def _trained(backend: Backend, steps: int, patch: pytest.MonkeyPatch) -> list[Any]:
    rng = np.random.default_rng(0)
    x = tf.placeholder(tf.float32, [None, 300])
    y = tf.placeholder(tf.float32, [None, 10])
    weights = [tf.Variable(values(s, 15) * np.float32(0.05)) for s in ((300, 200), (200, 10))]
    logits = tf.matmul(tf.nn.relu(tf.matmul(x, weights[0])), weights[1])
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=logits))
    train = tf.train.AdamOptimizer(0.01).minimize(loss)
    losses = []
    with patch.context() as context:
        context.setattr(sessions, "default_backend", lambda: backend)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for i in range(steps):
                n = (32, 17, 1)[i % 3]
                feed = {x: rng.normal(size=(n, 300)), y: np.eye(10)[rng.integers(0, 10, n)]}
                losses.append(session.run([loss, train], feed)[0])
            return [losses, session.run(weights[0])]


def test_training_with_changing_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    results = []
    for backend in (ReferenceBackend(), CpuBackend()):
        with tf.Graph().as_default():
            results.append(_trained(backend, 12, monkeypatch))
    assert_allclose(results[1][0], results[0][0], rtol=2e-4)
    assert_allclose(results[1][1], results[0][1], rtol=1e-3, atol=1e-4)


def test_a_new_batch_size_compiles_nothing(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    x = tf.placeholder(tf.float32, [None, 300])
    w = tf.constant(values((300, 70), 16))
    y = tf.nn.softmax(tf.nn.relu(tf.matmul(x, w)))
    loss = tf.reduce_mean(tf.reduce_sum(y * y, 1))
    fetches = [y, *tf.gradients(loss, [x, w])]
    run_on(CpuBackend(), fetches, {x: values((48, 300), 17)}, monkeypatch)
    loaded = set(library().addresses)
    for n in (47, 49, 33, 62):
        run_on(CpuBackend(), fetches, {x: values((n, 300), 17)}, monkeypatch)
    assert set(library().addresses) == loaded


def test_fetches_do_not_share_memory_with_variables(
    fresh: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    v = tf.Variable(values((200, 200), 18))
    step = v.assign(v * 2.0)
    monkeypatch.setattr(sessions, "default_backend", CpuBackend)
    with tf.Session() as session:
        session.run(v.initializer)
        before = session.run(v)
        kept = before.copy()
        after = session.run(step)
        session.run(step)
        np.testing.assert_array_equal(before, kept)
        np.testing.assert_array_equal(after, kept * 2)
        np.testing.assert_array_equal(session.run(v), kept * 4)


def test_sessions_in_many_threads(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    x = tf.placeholder(tf.float32, [None, 64])
    y = tf.reduce_sum(tf.tanh(tf.matmul(x, tf.constant(values((64, 64), 19)))), 1)
    monkeypatch.setattr(sessions, "default_backend", CpuBackend)
    given_arrays = [values((n, 64), n) for n in range(1, 9)]
    session = tf.Session()
    want = [session.run(y, {x: a}) for a in given_arrays]
    wrong: list[Any] = []

    def work(a: Any, expected: Any) -> None:
        for _ in range(30):
            got = session.run(y, {x: a})
            if not np.array_equal(got, expected):
                wrong.append((got, expected))

    threads = [
        threading.Thread(target=work, args=pair) for pair in zip(given_arrays, want, strict=True)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert not any(t.is_alive() for t in threads)
    assert not wrong


def test_what_has_no_code_runs_on_the_reference(
    fresh: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = tf.placeholder(tf.float32, [None])
    kept = tf.boolean_mask(x, x > 0)
    total = tf.reduce_sum(kept * 2.0) + tf.reduce_sum(tf.unique(kept)[0])
    got = run_on(CpuBackend(), total, {x: np.float32([1, -2, 3])}, monkeypatch)
    assert got == 12.0


def test_bindings_are_compiled(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    bind = CompiledExecutable.bind

    def noted(self: CompiledExecutable, shapes: Any) -> Any:
        made.append(bind(self, shapes))
        return made[-1]

    monkeypatch.setattr(CompiledExecutable, "bind", noted)
    x = tf.placeholder(tf.float32, [3, 4])
    run_on(CpuBackend(), tf.nn.softmax(x), {x: np.zeros((3, 4))}, monkeypatch)
    assert [type(b) for b in made] == [CompiledBinding]


# -- other processors ----------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["avx2", "baseline"])
def test_lesser_processors(level: str) -> None:
    """The same tests with the code that other processors get."""
    names = "test_fused_loops or test_products or test_not_a_number or test_convolutions"
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
