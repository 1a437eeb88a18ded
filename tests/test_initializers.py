"""Initializers: values, operations, configurations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from evergraph import tf
from evergraph.tf.init_ops import compute_fans


def value(tensor: Any) -> Any:
    with tf.Session() as session:
        return session.run(tensor)


@pytest.mark.parametrize(
    ("initializer", "expected"),
    [
        (tf.zeros_initializer(), [[0.0, 0.0], [0.0, 0.0]]),
        (tf.ones_initializer(), [[1.0, 1.0], [1.0, 1.0]]),
        (tf.constant_initializer(3.0), [[3.0, 3.0], [3.0, 3.0]]),
        (tf.constant_initializer([1, 2, 3, 4]), [[1.0, 2.0], [3.0, 4.0]]),
        (tf.constant_initializer([1, 2]), [[1.0, 2.0], [2.0, 2.0]]),
        (tf.initializers.identity(gain=2.0), [[2.0, 0.0], [0.0, 2.0]]),
    ],
)
def test_fixed_values(initializer: Any, expected: Any) -> None:
    assert value(initializer([2, 2])).tolist() == expected


def test_variables_without_elements() -> None:
    assert value(tf.constant_initializer(3.0)([0, 2])).shape == (0, 2)
    assert value(tf.glorot_uniform_initializer()([0, 2])).shape == (0, 2)


def test_dtypes() -> None:
    assert tf.zeros_initializer()([1], tf.int32).dtype == tf.int32
    assert tf.zeros_initializer(tf.float64)([1]).dtype == tf.float64
    assert value(tf.constant_initializer(7)([2], tf.int32)).tolist() == [7, 7]
    assert value(tf.zeros_initializer()([1], tf.bool)).tolist() == [False]
    for make in (tf.random_normal_initializer, tf.variance_scaling_initializer):
        with pytest.raises(ValueError, match="floating"):
            make(dtype=tf.int32)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: tf.constant_initializer(tf.constant(1.0)), TypeError),
        (lambda: tf.constant_initializer([1, 2, 3])([2]), ValueError),
        (lambda: tf.constant_initializer([1, 2], verify_shape=True)([3]), TypeError),
        (lambda: tf.variance_scaling_initializer(scale=0.0), ValueError),
        (lambda: tf.variance_scaling_initializer(mode="fan"), ValueError),
        (lambda: tf.variance_scaling_initializer(distribution="cauchy"), ValueError),
        (lambda: tf.orthogonal_initializer()([3]), ValueError),
        (lambda: tf.initializers.identity()([2, 2, 2]), ValueError),
        (lambda: tf.contrib.layers.xavier_initializer(dtype=tf.int32), TypeError),
        (lambda: tf.contrib.layers.variance_scaling_initializer(mode="fan_in"), TypeError),
        (lambda: tf.keras.initializers.get("nonsense"), ValueError),
        (lambda: tf.keras.initializers.get(3), ValueError),
    ],
)
def test_wrong_arguments(make: Callable[[], Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        make()


@pytest.mark.parametrize(
    ("shape", "fans"),
    [((), (1, 1)), ((5,), (5, 5)), ((2, 3), (2, 3)), ((3, 3, 2, 4), (18, 36))],
)
def test_fans(shape: Any, fans: Any) -> None:
    assert compute_fans(shape) == fans


LIMIT, DEVIATION = np.sqrt(6 / 300), np.sqrt(2 / 300)


@pytest.mark.parametrize(
    ("initializer", "most", "deviation"),
    [
        (tf.glorot_uniform_initializer(), LIMIT, LIMIT / np.sqrt(3)),
        (tf.glorot_normal_initializer(), 2 * DEVIATION / 0.8796, DEVIATION),
        (tf.initializers.he_normal(), 2 * np.sqrt(2 / 100) / 0.8796, np.sqrt(2 / 100)),
        (tf.initializers.he_uniform(), np.sqrt(6 / 100), np.sqrt(2 / 100)),
        (tf.initializers.lecun_normal(), 2 * 0.1 / 0.8796, 0.1),
        (tf.initializers.lecun_uniform(), np.sqrt(3 / 100), 0.1),
        (tf.uniform_unit_scaling_initializer(), np.sqrt(3 / 100), 0.1),
        (tf.random_uniform_initializer(-1.0, 1.0), 1.0, np.sqrt(1 / 3)),
        (tf.truncated_normal_initializer(stddev=2.0), 4.0, 2 * 0.8796),
        (
            tf.variance_scaling_initializer(2.0, "fan_out", "untruncated_normal"),
            np.inf,
            np.sqrt(2 / 200),
        ),
        (tf.contrib.layers.xavier_initializer(), LIMIT, LIMIT / np.sqrt(3)),
        (
            tf.contrib.layers.variance_scaling_initializer(),
            2 * np.sqrt(2.6 / 100),
            np.sqrt(2.6 / 100) * 0.8796,
        ),
    ],
)
def test_distributions(initializer: Any, most: float, deviation: float) -> None:
    tf.set_random_seed(3)
    got = value(initializer([100, 200]))
    assert np.abs(got).max() <= most * 1.0001
    np.testing.assert_allclose(got.std(), deviation, rtol=0.03)
    assert abs(got.mean()) < 4 * deviation / np.sqrt(got.size)


@pytest.mark.parametrize("shape", [[6, 3], [3, 6], [2, 3, 4]])
def test_orthogonal(shape: list[int]) -> None:
    got = value(tf.orthogonal_initializer(gain=2.0, seed=1)(shape)).reshape(-1, shape[-1])
    product = got.T @ got if got.shape[0] >= got.shape[1] else got @ got.T
    np.testing.assert_allclose(product, 4.0 * np.eye(len(product)), atol=1e-5)


@pytest.mark.parametrize(
    "initializer",
    [
        tf.zeros_initializer(),
        tf.constant_initializer(2.0),
        tf.random_uniform_initializer(-1.0, 2.0, seed=3),
        tf.random_normal_initializer(1.0, 2.0, seed=3),
        tf.truncated_normal_initializer(1.0, 2.0, seed=3),
        tf.uniform_unit_scaling_initializer(2.0, seed=3),
        tf.variance_scaling_initializer(2.0, "fan_avg", "uniform", seed=3),
        tf.glorot_normal_initializer(seed=3),
        tf.orthogonal_initializer(2.0, seed=3),
        tf.initializers.identity(2.0),
    ],
)
def test_configurations(initializer: Any) -> None:
    config = initializer.get_config()
    again = type(initializer).from_config(config)
    assert again.get_config() == config
    pair = (value(initializer([3, 3])), value(again([3, 3])))
    np.testing.assert_array_equal(*pair)


@pytest.mark.parametrize("name", ["glorot_uniform", "Zeros", "RandomNormal", "VarianceScaling"])
def test_keras_finds_what_it_names(name: str) -> None:
    keras = tf.keras.initializers
    initializer = keras.get(name)
    renewed = keras.get(keras.serialize(initializer))
    assert type(renewed) is type(initializer)
    assert renewed.get_config() == initializer.get_config()


def test_names_of_keras() -> None:
    keras = tf.keras.initializers
    assert isinstance(keras.get("glorot_uniform"), type(tf.glorot_uniform_initializer()))
    assert keras.get("he_normal").scale == 2.0 and keras.get(None) is None
    assert keras.get("normal").stddev == 0.05 and keras.RandomUniform().maxval == 0.05
    assert tf.initializers.zeros is tf.zeros_initializer is keras.Zeros
    assert tf.initializers.variance_scaling is tf.variance_scaling_initializer


def test_names_of_the_operations() -> None:
    v = tf.get_variable("h", [2, 3])
    names = [o.name for o in v.graph.get_operations()]
    random = "h/Initializer/random_uniform"
    parts = ("/shape", "/min", "/max", "/RandomUniform", "/sub", "/mul", "")
    assert names == [*(random + part for part in parts), "h", "h/Assign", "h/read"]


# -- against TensorFlow ----------------------------------------------------------------------------
SEEDED: dict[str, Callable[[Any], Any]] = {
    "uniform": lambda t: t.random_uniform_initializer(-1.0, 2.0, seed=5),
    "integers": lambda t: t.random_uniform_initializer(0, 9, seed=5, dtype=t.int32),
    "normal": lambda t: t.random_normal_initializer(1.0, 2.0, seed=5),
    "truncated": lambda t: t.truncated_normal_initializer(1.0, 2.0, seed=5),
    "unit_scaling": lambda t: t.uniform_unit_scaling_initializer(seed=5),
    "variance": lambda t: t.variance_scaling_initializer(2.0, "fan_out", "uniform", seed=5),
    "glorot_uniform": lambda t: t.glorot_uniform_initializer(seed=5),
    "glorot_normal": lambda t: t.glorot_normal_initializer(seed=5),
    "orthogonal": lambda t: t.orthogonal_initializer(1.5, seed=5),
    "he_normal": lambda t: t.initializers.he_normal(seed=5),
    "lecun_uniform": lambda t: t.initializers.lecun_uniform(seed=5),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", SEEDED)
def test_values_as_in_tensorflow(name: str) -> None:
    oracle = pytest.importorskip("tensorflow").compat.v1
    got = []
    for t in (oracle, tf):
        with t.Graph().as_default(), t.Session() as session:
            got.append(session.run(SEEDED[name](t)([4, 6])))
    np.testing.assert_allclose(got[1], got[0], rtol=2e-6, atol=2e-6)
