"""Ops on arrays that the face does not make, as imported graphs have them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evergraph import tf
from evergraph.core.emit import apply, emit

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def run(x: Any, feeds: Any = None) -> Any:
    """The value of a tensor."""
    with tf.Session() as session:
        return session.run(x, feeds)


@pytest.mark.parametrize("op", ["DebugGradientIdentity", "PreventGradient", "GuaranteeConst"])
def test_identities(op: str) -> None:
    np.testing.assert_array_equal(run(apply(op, tf.constant(X))), X)


def test_a_copy() -> None:
    np.testing.assert_array_equal(run(apply("DeepCopy", tf.constant(X))), X)


def test_prevented_gradient() -> None:
    x = tf.constant(X)
    with pytest.raises(LookupError, match="because I say so"):
        tf.gradients(apply("PreventGradient", x, message="because I say so"), x)


def test_empty() -> None:
    assert run(apply("Empty", [2, 3], dtype=tf.float32)).shape == (2, 3)


def test_the_second_placeholder() -> None:
    x = apply("PlaceholderV2", dtype=tf.float32, shape=(None, 3))
    assert x.shape.as_list() == [None, 3]
    np.testing.assert_array_equal(run(x * 2, {x: X}), X * 2)
    with pytest.raises(ValueError, match="feed"):
        run(x, {x: X.T})


def test_triggers() -> None:
    trigger = emit("ControlTrigger")
    with tf.control_dependencies([trigger]):
        assert run(tf.identity(3)) == 3


def test_parallel_joining() -> None:
    joined = apply("ParallelConcat", [X[:1], X[1:]], shape=(2, 3))
    assert joined.op.type == "ParallelConcat"
    np.testing.assert_array_equal(run(joined), X)
    rows = apply("ParallelDynamicStitch", [[1], [0]], [X[:1], X[1:]])
    np.testing.assert_array_equal(run(rows), X[::-1])


def test_a_slice_replaced() -> None:
    x = tf.constant(X)
    vectors = [0, 1], [2, 3], [1, 1]
    changed = apply("TensorStridedSliceUpdate", x, *vectors, np.zeros((2, 2), np.float32))
    np.testing.assert_array_equal(run(changed), [[0, 0, 0], [3, 0, 0]])


def test_poisson_values_of_the_rates_dtype() -> None:
    rates = tf.constant([1.0, 50.0])
    draws = apply("RandomPoisson", [400], rates, seed=1, seed2=2)
    values = run(draws)
    assert values.shape == (400, 2) and values.dtype == np.float32
    np.testing.assert_allclose(values.mean(0), [1, 50], rtol=0.15)


def test_how_gamma_values_move_with_their_parameter() -> None:
    # The median of Gamma(1, 1) is log 2; the quantile's slope by a difference of medians.
    slope = apply("RandomGammaGrad", tf.constant(1.0, tf.float64), tf.constant(np.log(2.0)))
    assert run(slope) == pytest.approx(0.98, abs=0.03)
