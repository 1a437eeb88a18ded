"""Random numbers whose state is a variable, and those with parameters of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evergraph import tf
from evergraph.core.emit import apply
from evergraph.tf.random_ops import parameterized_truncated_normal

experimental = tf.random.experimental
stats = pytest.importorskip("scipy.stats")
SEEDS = (0, 1, 1234, -5, 2**63 + 11, 2**130 + 7, (1, 2, 3), (7,))


def drawn(generator: Any, *values: Any) -> list[Any]:
    with tf.Session() as session:
        session.run(generator.state.initializer)
        return [session.run(v) for v in values]


@pytest.fixture(autouse=True)
def graph() -> Any:
    with tf.Graph().as_default() as made:
        yield made


def oracle() -> Any:
    tensorflow = pytest.importorskip("tensorflow")
    return tensorflow.random


# -- as TensorFlow draws -------------------------------------------------------------------------
@pytest.mark.oracle
@pytest.mark.parametrize("seed", SEEDS)
def test_states_of_seeds(seed: Any) -> None:
    want = oracle().create_rng_state(seed, 1)
    np.testing.assert_array_equal(experimental.create_rng_state(seed, 1), want)


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("method", ["normal", "uniform", "truncated_normal"])
def test_floats_are_tensorflows(method: str, dtype: str) -> None:
    theirs = oracle().Generator.from_seed(77, alg="philox")
    ours = experimental.Generator.from_seed(77)
    made = [getattr(ours, method)(shape, dtype=dtype) for shape in ([5], [2, 3], [])]
    for got, shape in zip(drawn(ours, *made), ([5], [2, 3], []), strict=True):
        want = getattr(theirs, method)(shape, dtype=dtype).numpy()
        close = {"rtol": 1e-6, "atol": 1e-7} if dtype == "float64" else {"rtol": 0, "atol": 0}
        np.testing.assert_allclose(np.float64(got), np.float64(want), **close)


@pytest.mark.oracle
def test_integers_are_tensorflows() -> None:
    theirs = oracle().Generator.from_seed(3, alg="philox")
    ours = experimental.Generator.from_seed(3)
    kinds = ("int32", "int64", "uint32", "uint64")
    made = [ours.uniform_full_int([4], dtype=k) for k in kinds]
    made += [ours.uniform([9], -3, 100, dtype=k) for k in ("int32", "int64")]
    made.append(ours.make_seeds(3))
    want = [theirs.uniform_full_int([4], dtype=k) for k in kinds]
    want += [theirs.uniform([9], -3, 100, dtype=k) for k in ("int32", "int64")]
    want.append(theirs.make_seeds(3))
    for got, value in zip(drawn(ours, *made), want, strict=True):
        np.testing.assert_array_equal(got, np.asarray(value))


@pytest.mark.oracle
def test_skipping_is_tensorflows() -> None:
    theirs = oracle().Generator.from_seed(3, alg="philox")
    theirs.skip(11)
    ours = experimental.Generator.from_seed(3)
    _, state, value = drawn(ours, ours.skip(11), ours.state, ours.normal([3]))
    np.testing.assert_array_equal(state, theirs.state.numpy())
    np.testing.assert_array_equal(value, theirs.normal([3]))


# -- generators --------------------------------------------------------------------------------
def test_a_generator_goes_on_and_is_reset() -> None:
    g = experimental.Generator.from_seed(9)
    x, again = g.normal([3]), g.reset_from_seed(9)
    first, second, _, third = drawn(g, x, x, again, x)
    assert (first != second).all()
    np.testing.assert_array_equal(first, third)
    state = g.reset(experimental.create_rng_state(9, 1))
    key_counter = g.reset_from_key_counter(key=9, counter=[0, 0])
    assert state is not None and key_counter is not None


def test_generators_made_in_other_ways() -> None:
    a = experimental.Generator.from_state([1, 2, 2**64 - 3], alg=1)
    b = experimental.Generator(copy_from=a)
    c = experimental.Generator.from_key_counter(key=-3, counter=[1, 2], alg=1)
    d = experimental.Generator.from_non_deterministic_state()
    with tf.Session() as session:
        session.run(a.state.initializer)
        session.run([g.state.initializer for g in (b, c, d)])
        values = session.run([g.uniform([4]) for g in (a, b, c, d)])
        assert session.run(a.key) == -3
    np.testing.assert_array_equal(values[0], values[1])
    np.testing.assert_array_equal(values[0], values[2])
    assert (values[0] != values[3]).any()


def test_split_generators_draw_their_own() -> None:
    g = experimental.Generator.from_seed(5)
    parts = g.split(2)
    with tf.Session() as session:
        session.run(g.state.initializer)
        session.run([p.state.initializer for p in parts])
        a, b = session.run([p.normal([4]) for p in parts])
    assert (a != b).all()


def test_the_shared_generator() -> None:
    g = experimental.Generator.from_seed(5)
    experimental.set_global_generator(g)
    assert experimental.get_global_generator() is g


@pytest.mark.parametrize(
    ("op", "operands", "text"),
    [
        ("StatefulUniform", (2, [3]), "Unsupported algorithm id: 2"),
        ("StatefulUniform", (1, [-3]), "negative"),
        ("StatefulUniformInt", (1, [3], np.int64(5), np.int64(5)), "Need minval < maxval"),
        ("StatefulRandomBinomial", (1, [3], [1.0, 2.0], 0.5), "length 1 or shape"),
    ],
)
def test_bad_operands(op: str, operands: Any, text: str) -> None:
    g = experimental.Generator.from_seed(5)
    fed = [tf.placeholder_with_default(np.asarray(x), None) for x in operands]
    with pytest.raises(tf.errors.InvalidArgumentError, match=text):
        drawn(g, apply(op, g.state.handle, *fed))


def test_bad_states() -> None:
    with pytest.raises(ValueError, match="Unsupported algorithm"):
        experimental.create_rng_state(1, 7)
    with pytest.raises(ValueError, match="Must specify maxval"):
        experimental.Generator.from_seed(1).uniform([2], dtype=tf.int32)
    for state, text in ((np.zeros(2, np.int64), "at least 3"), (np.zeros(3), "must be int64")):
        variable = tf.Variable(state, use_resource=True)
        with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match=text):
            session.run(variable.initializer)
            session.run(apply("StatefulUniform", variable.handle, 1, [2]))


def test_the_first_normal_op_reads_its_algorithm_from_the_state() -> None:
    variable = tf.Variable(np.array([1, 4, 5, 6]), use_resource=True)
    plain = tf.Variable(np.array([4, 5, 6]), use_resource=True)
    with tf.Session() as session:
        session.run([variable.initializer, plain.initializer])
        a = session.run(apply("StatefulStandardNormal", variable.handle, [3]))
        b = session.run(apply("StatefulStandardNormalV2", plain.handle, 1, [3]))
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(session.run(variable)[1:], session.run(plain))


def test_integers_of_the_system() -> None:
    with tf.Session() as session:
        for kind in (tf.int32, tf.uint64):
            x = apply("NonDeterministicInts", [50], dtype=kind)
            a, b = session.run(x), session.run(x)
            assert a.dtype == kind.as_numpy_dtype and len(set(a.tolist())) > 40 and (a != b).any()


# -- distributions -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("count", "chance"), [(3, 0.2), (40, 0.1), (40, 0.95), (100, 0.4), (10**6, 0.999), (5, 1.0)]
)
def test_binomial_numbers(count: int, chance: float) -> None:
    g = experimental.Generator.from_seed(11)
    x = g.binomial([4000], float(count), chance, dtype=tf.float64)
    (values,) = drawn(g, x)
    assert ((values >= 0) & (values <= count) & (values == np.floor(values))).all()
    law = stats.binom(count, chance)
    deviation = law.std()
    assert abs(values.mean() - law.mean()) <= 5 * deviation / np.sqrt(4000)
    assert abs(values.std() - deviation) <= 0.08 * deviation
    if deviation:
        points = np.quantile(values, [0.1, 0.3, 0.5, 0.7, 0.9])
        for p in points:
            assert abs((values <= p).mean() - law.cdf(p)) < 0.035


def test_binomial_parameters_by_row() -> None:
    g = experimental.Generator.from_seed(11)
    (values,) = drawn(g, g.binomial([3, 50], [0.0, 7.0, 30.0], [0.5, 1.0, 0.5]))
    assert values.dtype == np.int32
    assert (values[0] == 0).all() and (values[1] == 7).all() and 10 < values[2].mean() < 20


@pytest.mark.parametrize(
    ("low", "high"),
    [(-1, 1), (-10, 10), (0.2, 0.3), (5, np.inf), (40, 41), (-np.inf, -2), (-0.5, 3), (1e4, 2e4)],
)
def test_normal_numbers_between_bounds(low: float, high: float) -> None:
    mean, deviation = 3.0, 0.5
    bounds = (mean + low * deviation, mean + high * deviation)
    x = parameterized_truncated_normal([5000], mean, deviation, *bounds, dtype=tf.float64, seed=2)
    with tf.Session() as session:
        values = (session.run(x) - mean) / deviation
    assert (values >= low - 1e-9).all() and (values <= high + 1e-9).all()
    if abs(low) < 100:
        assert stats.kstest(values, stats.truncnorm(low, high).cdf).pvalue > 1e-4


def test_bounds_that_leave_nothing() -> None:
    with tf.Session() as session:
        for arguments in ((0.0, 1.0, 2.0, 1.0), (0.0, -1.0, 0.0, 1.0), (0.0, 1.0, -np.inf, np.inf)):
            x = parameterized_truncated_normal([3], *arguments)
            with pytest.raises(tf.errors.InvalidArgumentError, match="Invalid parameters"):
                session.run(x)
        x = apply("ParameterizedTruncatedNormal", [2, 3], [0.0, 9.0], 1.0, -1.0, [1.0, 12.0])
        rows = session.run(x)
        assert (rows[0] <= 1).all() and (rows[1] <= 12).all()
