"""Learning rates: values from the formulas, from TensorFlow, and the operations they add."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from evergraph import tf

STEPS = (0, 1, 4, 9, 10, 11, 25)


@pytest.fixture(autouse=True)
def graph() -> Iterator[Any]:
    with tf.Graph().as_default() as g:
        yield g


def values(make: Callable[[Any], Any]) -> list[float]:
    """A rate at all `STEPS`."""
    step = tf.placeholder(tf.int64, [])
    rate = make(step)
    with tf.Session() as session:
        return [float(session.run(rate, {step: s})) for s in STEPS]


def half_cosine(p: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * p))


def restarts(s: float, t: float, m: float, alpha: float) -> float:
    """SGDR by counting periods of 5, 5 t, 5 t**2 ... steps."""
    length, height = 5.0, 1.0
    while s >= length:
        s, length, height = s - length, length * t, height * m
    return (1 - alpha) * height * half_cosine(s / length) + alpha


D = tf.train
CASES: dict[str, tuple[Callable[[Any, Any], Any], Callable[[float], float]]] = {
    "exponential": (
        lambda t, s: t.exponential_decay(0.1, s, 10, 0.5),
        lambda s: 0.1 * 0.5 ** (s / 10),
    ),
    "exponential_staircase": (
        lambda t, s: t.exponential_decay(0.1, s, 10, 0.5, staircase=True),
        lambda s: 0.1 * 0.5 ** (s // 10),
    ),
    "natural": (
        lambda t, s: t.natural_exp_decay(0.1, s, 10, 0.5),
        lambda s: 0.1 * math.exp(-0.5 * s / 10),
    ),
    "natural_staircase": (
        lambda t, s: t.natural_exp_decay(0.1, s, 10, 0.5, staircase=True),
        lambda s: 0.1 * math.exp(-0.5 * (s // 10)),
    ),
    "inverse": (
        lambda t, s: t.inverse_time_decay(0.1, s, 10, 0.5),
        lambda s: 0.1 / (1 + 0.5 * s / 10),
    ),
    "inverse_staircase": (
        lambda t, s: t.inverse_time_decay(0.1, s, 10, 0.5, staircase=True),
        lambda s: 0.1 / (1 + 0.5 * (s // 10)),
    ),
    "polynomial": (
        lambda t, s: t.polynomial_decay(0.1, s, 10, 0.01, power=2.0),
        lambda s: 0.09 * (1 - min(s, 10) / 10) ** 2 + 0.01,
    ),
    "polynomial_cycle": (
        lambda t, s: t.polynomial_decay(0.1, s, 10, 0.01, power=0.5, cycle=True),
        lambda s: 0.09 * (1 - s / (10 * max(1, math.ceil(s / 10)))) ** 0.5 + 0.01,
    ),
    "piecewise": (
        lambda t, s: t.piecewise_constant(s, [4, 9, 11], [1.0, 0.5, 0.25, 0.125]),
        lambda s: 1.0 if s <= 4 else 0.5 if s <= 9 else 0.25 if s <= 11 else 0.125,
    ),
    "cosine": (
        lambda t, s: t.cosine_decay(0.1, s, 10, alpha=0.1),
        lambda s: 0.1 * (0.9 * half_cosine(min(s, 10) / 10) + 0.1),
    ),
    "restarts": (
        lambda t, s: t.cosine_decay_restarts(0.1, s, 5, t_mul=2.0, m_mul=0.5, alpha=0.1),
        lambda s: 0.1 * restarts(s, 2.0, 0.5, 0.1),
    ),
    "restarts_even": (
        lambda t, s: t.cosine_decay_restarts(0.1, s, 5, t_mul=1.0, m_mul=0.9),
        lambda s: 0.1 * restarts(s, 1.0, 0.9, 0.0),
    ),
    "linear_cosine": (
        lambda t, s: t.linear_cosine_decay(0.1, s, 10, num_periods=1.5, alpha=0.2, beta=0.01),
        lambda s: 0.1 * ((0.2 + 1 - min(s, 10) / 10) * half_cosine(3 * min(s, 10) / 10) + 0.01),
    ),
    "noisy_without_noise": (
        lambda t, s: t.noisy_linear_cosine_decay(0.1, s, 10, initial_variance=0.0),
        lambda s: 0.1 * ((1 - min(s, 10) / 10) * half_cosine(min(s, 10) / 10) + 0.001),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_values(name: str) -> None:
    make, formula = CASES[name]
    got = values(lambda s: make(tf.train, s))
    np.testing.assert_allclose(got, [formula(s) for s in STEPS], 2e-5, 1e-7)


@pytest.mark.oracle
@pytest.mark.parametrize("name", CASES)
def test_values_match_tensorflow(name: str) -> None:
    oracle = pytest.importorskip("tensorflow").compat.v1
    make, _ = CASES[name]
    with oracle.Graph().as_default(), oracle.Session() as session:
        step = oracle.placeholder(oracle.int64, [])
        rate = make(oracle.train, step)
        want = [session.run(rate, {step: s}) for s in STEPS]
    np.testing.assert_allclose(values(lambda s: make(tf.train, s)), want, 1e-5, 1e-7)


def test_noise_has_its_variance() -> None:
    tf.set_random_seed(1)
    rate = tf.train.noisy_linear_cosine_decay(1.0, 3, 10, initial_variance=0.04)
    with tf.Session() as session:
        drawn = [float(session.run(rate)) for _ in range(400)]
    std = 0.2 * 4 ** (-0.55 / 2) * half_cosine(0.3)
    assert np.std(drawn) == pytest.approx(std, rel=0.15)
    assert np.mean(drawn) == pytest.approx(0.7 * half_cosine(0.3) + 0.001, abs=0.03)


def test_operations_of_exponential_decay() -> None:
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.1, step, 10, 0.5, staircase=True)
    names = [op.name for op in tf.get_default_graph().get_operations()]
    assert [n for n in names if n.startswith("ExponentialDecay")] == [
        "ExponentialDecay/initial_learning_rate",
        "ExponentialDecay/Cast/x",
        "ExponentialDecay/Cast",
        "ExponentialDecay/Cast_1/x",
        "ExponentialDecay/Cast_2",
        "ExponentialDecay/truediv",
        "ExponentialDecay/Floor",
        "ExponentialDecay/Pow",
        "ExponentialDecay",
    ]
    assert rate.name == "ExponentialDecay:0"
    assert rate.shape.as_list() == []


def test_names() -> None:
    assert tf.train.polynomial_decay(0.1, 0, 10, name="rate").name == "rate:0"
    assert tf.train.cosine_decay_restarts(0.1, 0, 10).name == "SGDRDecay:0"
    assert tf.train.cosine_decay(0.1, 0, 10).name == "CosineDecay/Mul_3:0"


def test_rate_follows_the_global_step_in_training() -> None:
    w = tf.Variable(1.0)
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.5, step, 1, 0.5)
    op = tf.train.GradientDescentOptimizer(rate).minimize(w, global_step=step)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        seen = []
        for _ in range(3):
            session.run(op)
            seen.append(float(session.run(w)))
    np.testing.assert_allclose(seen, [0.5, 0.25, 0.125])


def test_dtype_is_that_of_the_rate() -> None:
    rate = tf.train.exponential_decay(np.float64(0.1), 3, 10, 0.5)
    assert rate.dtype == tf.float64


@pytest.mark.parametrize("make", [
    lambda: tf.train.exponential_decay(0.1, None, 10, 0.5),
    lambda: tf.train.cosine_decay(0.1, None, 10),
    lambda: tf.train.polynomial_decay(0.1, None, 10),
    lambda: tf.train.piecewise_constant(tf.constant(1), [1.0], [1.0, 2.0]),
    lambda: tf.train.piecewise_constant(tf.constant(1), [1], [1.0, 2]),
    lambda: tf.train.piecewise_constant(tf.constant(1), [1, 2], [1.0, 2.0]),
])  # fmt: skip
def test_errors(make: Any) -> None:
    with pytest.raises(ValueError):
        make()


def test_integer_boundaries_fit_an_int64_step() -> None:
    step = tf.train.get_or_create_global_step()
    rate = tf.train.piecewise_constant(step, [1, 2], [1.0, 0.5, 0.25])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(rate) == 1.0


def test_aliases() -> None:
    assert tf.train.piecewise_constant_decay is tf.train.piecewise_constant
