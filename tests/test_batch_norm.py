"""Batch normalization as one op against its definition in many; local response normalization."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evergraph import tf
from evergraph.core.emit import apply

RANDOM = np.random.RandomState(5)
X = RANDOM.randn(3, 4, 2, 5).astype(np.float32)
SCALE, OFFSET = RANDOM.uniform(0.5, 2, 5).astype(np.float32), RANDOM.randn(5).astype(np.float32)
MEAN, VARIANCE = RANDOM.randn(5).astype(np.float32), RANDOM.uniform(0.5, 2, 5).astype(np.float32)
WEIGHTS = [RANDOM.randn(3, 4, 2, 5).astype(np.float32) for _ in range(2)]


def run(fetches: Any) -> Any:
    with tf.Session() as session:
        return session.run(fetches)


def in_many_ops(x: Any, scale: Any, offset: Any, training: bool) -> Any:
    mean, variance = MEAN, VARIANCE
    if training:  # tf.nn.moments holds the mean fast, so that its second gradients are not exact
        mean = tf.reduce_mean(x, [0, 1, 2])
        variance = tf.reduce_mean(tf.square(x - mean), [0, 1, 2])
    return tf.nn.batch_normalization(x, mean, variance, offset, scale, 1e-3)


def in_one(x: Any, scale: Any, offset: Any, training: bool, layout: str) -> Any:
    given = {} if training else {"mean": MEAN, "variance": VARIANCE}
    if layout == "NCHW":
        x = tf.transpose(x, [0, 3, 1, 2])
    y = tf.nn.fused_batch_norm(x, scale, offset, is_training=training, data_format=layout, **given)[
        0
    ]
    return tf.transpose(y, [0, 2, 3, 1]) if layout == "NCHW" else y


def slopes(y: Any, xs: list[Any]) -> list[Any]:
    """First gradients, and the gradients of their weighted sum."""
    first = tf.gradients(y, xs, WEIGHTS[0])
    mixed = tf.reduce_sum(first[0] * WEIGHTS[1]) + tf.reduce_sum(first[1] * OFFSET)
    return [*first, *tf.gradients(mixed + tf.reduce_sum(first[2]), xs[:2])]


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("training", [True, False])
def test_values_and_gradients(training: bool, layout: str) -> None:
    with tf.Graph().as_default():
        xs = [tf.constant(v) for v in (X, SCALE, OFFSET)]
        one, many = in_one(*xs, training, layout), in_many_ops(*xs, training)
        got, wanted = run([[one, *slopes(one, xs)], [many, *slopes(many, xs)]])
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-4)


def test_moments() -> None:
    _, mean, variance = run(tf.nn.fused_batch_norm(X, SCALE, OFFSET))
    np.testing.assert_allclose(mean, X.mean((0, 1, 2)), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(variance, X.var((0, 1, 2), ddof=1), rtol=1e-5)
    given = run(tf.nn.fused_batch_norm(X, SCALE, OFFSET, MEAN, VARIANCE, is_training=False))
    np.testing.assert_array_equal(given[1], MEAN)
    np.testing.assert_array_equal(given[2], VARIANCE)


def test_halves_are_computed_in_32_bits() -> None:
    half = X.astype(np.float16)
    y, mean, _ = run(tf.nn.fused_batch_norm(half, SCALE, OFFSET))
    wide = run(tf.nn.fused_batch_norm(half.astype(np.float32), SCALE, OFFSET)[0])
    assert (y.dtype, mean.dtype) == (np.float16, np.float32)
    np.testing.assert_allclose(y, wide, atol=2e-3)


def test_empty_batches_have_no_gradient() -> None:
    x = tf.constant(np.zeros((0, 2, 2, 5), np.float32))
    y, mean, _ = tf.nn.fused_batch_norm(x, SCALE, OFFSET)
    scale = tf.constant(SCALE)
    again = tf.nn.fused_batch_norm(x, scale, OFFSET)[0]
    assert run(y).shape == (0, 2, 2, 5) and np.isnan(run(mean)).all()
    assert run(tf.gradients(again, scale)[0]).tolist() == [0] * 5


def test_refused() -> None:
    with pytest.raises(ValueError, match="must be None if is_training"):
        tf.nn.fused_batch_norm(X, SCALE, OFFSET, MEAN, VARIANCE)
    with pytest.raises(ValueError, match="Dimensions must be equal"):
        tf.nn.fused_batch_norm(X, SCALE[:3], OFFSET)
    with pytest.raises(ValueError, match="rank 4"):
        tf.nn.fused_batch_norm(X[0], SCALE, OFFSET)


def test_the_old_form_with_its_gradients() -> None:
    attrs = {"variance_epsilon": 1e-3, "scale_after_normalization": True}
    with tf.Graph().as_default():
        xs = [tf.constant(v) for v in (X, MEAN, VARIANCE, OFFSET, SCALE)]
        y = apply("BatchNormWithGlobalNormalization", *xs, **attrs)
        many = tf.nn.batch_normalization(*xs, 1e-3)
        got, wanted = run([[v, *tf.gradients(v, xs, WEIGHTS[0])] for v in (y, many)])
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def test_local_responses() -> None:
    squares = np.pad(X**2, [(0, 0)] * 3 + [(1, 1)])
    near = squares[..., :-2] + squares[..., 1:-1] + squares[..., 2:]
    with tf.Graph().as_default():
        x = tf.constant(X)
        y = tf.nn.lrn(x, 1, 1.5, 0.4, 0.7)
        np.testing.assert_allclose(run(y), X / (1.5 + 0.4 * near) ** 0.7, rtol=1e-5)
        padded = tf.pad(x * x, [[0, 0]] * 3 + [[1, 1]])
        sums = padded[..., :-2] + padded[..., 1:-1] + padded[..., 2:]
        many = x / (1.5 + 0.4 * sums) ** 0.7
        got, wanted = run([tf.gradients(v, x, WEIGHTS[0])[0] for v in (y, many)])
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be non-negative"):
        run(tf.nn.lrn(X, -1))


# -- quantized -------------------------------------------------------------------------------
@pytest.mark.parametrize("mode", ["MIN_COMBINED", "MIN_FIRST", "SCALED"])
@pytest.mark.parametrize("kind", [tf.quint8, tf.qint8, tf.qint16])
def test_there_and_back(kind: Any, mode: str) -> None:
    x = RANDOM.uniform(-3, 5, (4, 6)).astype(np.float32)
    with tf.Graph().as_default():
        q, lo, hi = tf.quantization.quantize(x, -3.0, 5.0, kind, mode)
        back, low, high = run([tf.quantization.dequantize(q, lo, hi, mode), lo, hi])
    bits = 16 if kind == tf.qint16 else 8
    inside = np.clip(x, low, high)
    assert np.abs(back - inside).max() <= (high - low) / 2 ** (bits - 1)


def test_simulated_quantization_passes_gradients_inside() -> None:
    x = tf.constant([-9.0, -1.0, 0.4, 7.0])
    y = tf.quantization.fake_quant_with_min_max_vars(x, -2.0, 6.0)
    lo, hi = tf.constant(-2.0), tf.constant(6.0)
    learned = tf.quantization.fake_quant_with_min_max_vars(x, lo, hi)
    got = run([tf.gradients(y, x)[0], *tf.gradients(learned, [lo, hi])])
    assert [np.asarray(v).tolist() for v in got] == [[0, 1, 1, 0], 1, 1]
    with pytest.raises(tf.errors.InvalidArgumentError, match="between 2 and 16"):
        run(tf.quantization.fake_quant_with_min_max_args(x, num_bits=1))
    with pytest.raises(tf.errors.InvalidArgumentError, match="smaller than max"):
        run(tf.quantization.fake_quant_with_min_max_args(x, 2, 1))
