"""Distributions: statistics against SciPy and TensorFlow, samples, divergences, checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from evergraph import tf

Make = Callable[[Any, Any], Any]
R = np.random.RandomState(3)
POSITIVE = R.uniform(1.2, 4.0, (2, 3)).astype("f8")
OTHER = R.uniform(1.2, 4.0, (2, 3)).astype("f8")
REAL = R.randn(2, 3)
SHARES = R.dirichlet([1.0, 2.0, 3.0], 2)
COUNTS = np.array([[1.0, 2.0, 2.0], [0.0, 5.0, 0.0]])

# For each distribution: how it is made of a float type, and where it is asked.
TABLE: dict[str, tuple[Make, Any]] = {
    "Normal": (lambda d, f: d.Normal(f(REAL), f(POSITIVE)), REAL * 2),
    "Laplace": (lambda d, f: d.Laplace(f(REAL), f(POSITIVE)), REAL * 2),
    "StudentT": (lambda d, f: d.StudentT(f(POSITIVE), f(REAL), f(OTHER)), REAL * 2),
    "Uniform": (lambda d, f: d.Uniform(f(-POSITIVE), f(OTHER)), REAL),
    "Gamma": (lambda d, f: d.Gamma(f(POSITIVE), f(OTHER)), POSITIVE),
    "Exponential": (lambda d, f: d.Exponential(f(POSITIVE)), OTHER),
    "Beta": (lambda d, f: d.Beta(f(POSITIVE), f(OTHER)), SHARES),
    "Dirichlet": (lambda d, f: d.Dirichlet(f(POSITIVE)), SHARES),
    "Bernoulli": (lambda d, f: d.Bernoulli(logits=f(REAL)), (REAL > 0).astype("f8")),
    "Bernoulli of probs": (lambda d, f: d.Bernoulli(probs=f(SHARES)), np.ones((2, 3))),
    "Categorical": (lambda d, f: d.Categorical(logits=f(REAL)), np.array([2, 0])),
    "Categorical of probs": (lambda d, f: d.Categorical(probs=f(SHARES)), np.array([[1, 2]])),
    "Multinomial": (lambda d, f: d.Multinomial(f(5.0), logits=f(REAL)), COUNTS),
    "DirichletMultinomial": (lambda d, f: d.DirichletMultinomial(f(5.0), f(POSITIVE)), COUNTS),
}
STATISTICS = ("mean", "variance", "stddev", "mode", "entropy", "covariance")
OF_VALUES = ("log_prob", "prob", "cdf", "log_cdf", "survival_function", "log_survival_function")
KINDS = {name: TABLE[name][0] for name in TABLE if " " not in name}


# TensorFlow's modes of batches of Dirichlet do not broadcast, its variances mix two types.
WRONG_IN_TENSORFLOW = {
    ("Dirichlet", "float32"): {"mode"},
    ("Dirichlet", "float64"): {"mode"},
    ("StudentT", "float64"): {"variance", "stddev"},
}


def _everything(t: Any, name: str, dtype: str, skip: Any = ()) -> dict[str, Any]:
    """What a distribution tells, and the derivatives by its parameters."""
    make, at = TABLE[name]
    with t.Graph().as_default(), t.Session() as session:
        parameters: list[Any] = []

        def constant(x: Any) -> Any:
            parameters.append(t.constant(x, dtype))
            return parameters[-1]

        d = make(t.distributions, constant)
        x = t.constant(at, dtype if at.dtype.kind == "f" else None)
        calls = {n: (lambda n=n: getattr(d, n)()) for n in STATISTICS}
        calls |= {n: (lambda n=n: getattr(d, n)(x)) for n in OF_VALUES}
        if name in ("Normal",):
            calls["quantile"] = lambda: d.quantile(t.constant(SHARES, dtype))
        out: dict[str, Any] = {"batch": d.batch_shape_tensor(), "event": d.event_shape_tensor()}
        for method in sorted(set(calls) - set(skip)):
            call = calls[method]
            try:
                out[method] = call()
            except NotImplementedError:
                continue
        for method in {"log_prob", "entropy"} & set(out):
            gradients = t.gradients(out[method], parameters)
            out |= {f"d{method}{i}": g for i, g in enumerate(gradients) if g is not None}
        return session.run(out)  # type: ignore[no-any-return]


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", TABLE)
def test_as_in_tensorflow(name: str, dtype: str) -> None:
    oracle = pytest.importorskip("tensorflow").compat.v1
    skip = WRONG_IN_TENSORFLOW.get((name, dtype), set())
    want = _everything(oracle, name, dtype, skip)
    got = _everything(tf, name, dtype, skip)
    assert set(got) == set(want)
    tolerance = 2e-5 if dtype == "float32" else 1e-9
    for key, value in want.items():
        np.testing.assert_allclose(
            got[key], value, rtol=tolerance, atol=tolerance, err_msg=f"{name}.{key}"
        )


SCIPY: dict[str, Callable[[Any], Any]] = {
    "Normal": lambda s: s.norm(REAL, POSITIVE),
    "Laplace": lambda s: s.laplace(REAL, POSITIVE),
    "StudentT": lambda s: s.t(POSITIVE, REAL, OTHER),
    "Uniform": lambda s: s.uniform(-POSITIVE, POSITIVE + OTHER),
    "Gamma": lambda s: s.gamma(POSITIVE, scale=1 / OTHER),
    "Exponential": lambda s: s.expon(scale=1 / POSITIVE),
    "Beta": lambda s: s.beta(POSITIVE, OTHER),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SCIPY)
def test_against_scipy(name: str) -> None:
    stats = pytest.importorskip("scipy.stats")
    want, (_, at) = SCIPY[name](stats), TABLE[name]
    got = _everything(tf, name, "float64")
    pairs = {
        "log_prob": want.logpdf(at),
        "cdf": want.cdf(at),
        "survival_function": want.sf(at),
        "mean": want.mean(),
        "variance": want.var(),
        "entropy": want.entropy(),
    }
    for key, value in pairs.items():
        np.testing.assert_allclose(got[key], value, rtol=1e-8, err_msg=key)


@pytest.mark.parametrize("name", KINDS)
def test_samples(name: str) -> None:
    d = KINDS[name](tf.distributions, lambda x: tf.constant(x, "float32"))
    samples = d.sample([100, 40], seed=4)
    assert samples.dtype == d.dtype
    assert samples.shape.as_list() == [100, 40, *d.batch_shape, *d.event_shape]
    with tf.Session() as session:
        drawn = session.run(samples)
        if name == "Categorical":
            shares = np.stack([(drawn == k).mean((0, 1)) for k in range(3)], -1)
            np.testing.assert_allclose(shares, session.run(d.probs), atol=0.05)
            return
        mean = session.run(d.mean())
    spread = np.maximum(drawn.std((0, 1)), 0.05)
    assert np.all(np.abs(drawn.mean((0, 1)) - mean) < 0.15 * spread)


@pytest.mark.parametrize("name", ["Normal", "Laplace", "Uniform", "Exponential", "Gamma", "Beta"])
def test_gradients_flow_through_samples(name: str) -> None:
    given: list[Any] = []

    def constant(x: Any) -> Any:
        given.append(tf.constant(x, "float32"))
        return given[-1]

    d = KINDS[name](tf.distributions, constant)
    assert d.reparameterization_type is tf.distributions.FULLY_REPARAMETERIZED
    gradients = tf.gradients(d.sample(50, seed=2), given)
    with tf.Session() as session:
        for g in session.run(gradients):
            assert np.all(np.isfinite(g)) and np.any(g != 0)


KL = ["Normal", "Gamma", "Beta", "Dirichlet", "Bernoulli", "Categorical"]


@pytest.mark.parametrize("name", KL)
def test_divergences_are_means_of_differences(name: str) -> None:
    def swapped(x: Any) -> Any:
        return tf.constant(np.asarray(x)[::-1].copy())

    a = KINDS[name](tf.distributions, tf.constant)
    b = KINDS[name](tf.distributions, swapped)
    x = a.sample(20000, seed=11)
    difference = a.log_prob(x) - b.log_prob(x)
    with tf.Session() as session:
        exact, drawn = session.run([tf.distributions.kl_divergence(a, b), difference])
        crossed, entropy = session.run([a.cross_entropy(b), a.entropy()])
        zero = session.run(a.kl_divergence(a))
    error = drawn.std(0) / np.sqrt(len(drawn))
    assert np.all(np.abs(drawn.mean(0) - exact) < 5 * error + 1e-6)
    np.testing.assert_allclose(crossed - entropy, exact, rtol=1e-9)
    np.testing.assert_allclose(zero, 0.0, atol=1e-9)


def test_registered_divergences() -> None:
    class Near(tf.distributions.Normal):
        """A class of its own, with its base's divergence."""

    class Far(tf.distributions.Distribution):
        """A class without a divergence."""

    near = Near(0.0, 1.0)
    far = Far(tf.float32, tf.distributions.NOT_REPARAMETERIZED, False, True)
    assert near.kl_divergence(tf.distributions.Normal(0.0, 1.0)) is not None
    with pytest.raises(NotImplementedError, match="No KL"):
        near.kl_divergence(far)

    @tf.distributions.RegisterKL(Near, Far)
    def divergence(a: Any, b: Any, name: Any = None) -> Any:
        return tf.constant(np.nan)

    with tf.Session() as session:
        assert np.isnan(session.run(tf.distributions.kl_divergence(near, far)))
        with pytest.raises(tf.errors.InvalidArgumentError, match="NaN"):
            session.run(tf.distributions.kl_divergence(near, far, allow_nan_stats=False))
    with pytest.raises(ValueError, match="already been registered"):
        tf.distributions.RegisterKL(Near, Far)(divergence)
    with pytest.raises(TypeError, match="callable"):
        tf.distributions.RegisterKL(Far, Far)(3)


def test_copy_names_and_texts() -> None:
    d = tf.distributions.Normal([0.0, 1.0], 2.0, name="mine")
    assert d.name == "mine/" and d.loc.name == "mine/loc:0"
    assert d.mean().name.startswith("mine_1/mean/") or d.mean().name.startswith("mine/mean")
    assert d.batch_shape.as_list() == [2] and d.event_shape.as_list() == []
    assert "batch_shape=(2,)" in str(d) and "'mine/'" in repr(d)
    other = d.copy(scale=3.0)
    assert type(other) is tf.distributions.Normal and other.parameters["scale"] == 3.0
    shapes = tf.distributions.Normal.param_static_shapes([2, 3])
    assert {k: v.as_list() for k, v in shapes.items()} == {"loc": [2, 3], "scale": [2, 3]}


def test_shapes_known_in_runs_only() -> None:
    loc = tf.placeholder(tf.float32)
    shape = tf.placeholder(tf.int32, [None])
    d = tf.distributions.Normal(loc, 1.0)
    c = tf.distributions.Categorical(logits=tf.placeholder(tf.float32, [None, None], name="l"))
    fetches = [tf.shape(d.sample(shape, seed=1)), d.batch_shape_tensor(), d.is_scalar_batch()]
    fetches += [c.sample(3, seed=1), c.mode(), c.event_size]
    feeds = {loc: [0.0, 1.0], shape: [4, 5], "l:0": np.eye(3, dtype="f4") * 200}
    with tf.Session() as session:
        sampled, batch, scalar, drawn, mode, size = session.run(fetches, feeds)
    assert sampled.tolist() == [4, 5, 2] and batch.tolist() == [2] and not scalar
    assert drawn.tolist() == [[0, 1, 2]] * 3 and mode.tolist() == [0, 1, 2] and size == 3


@pytest.mark.parametrize(
    "build",
    [
        lambda d: d.Normal(0.0, tf.constant(-1.0), validate_args=True).scale,
        lambda d: d.Uniform(2.0, tf.constant(1.0), validate_args=True).low,
        lambda d: d.Gamma(1.0, tf.constant(-1.0), validate_args=True).rate,
        lambda d: d.Beta(1.0, tf.constant(-1.0), validate_args=True).mean(),
        lambda d: d.Beta(1.0, 2.0, validate_args=True).log_prob(tf.constant(1.5)),
        lambda d: d.StudentT(tf.constant(0.5), 0.0, 1.0, allow_nan_stats=False).mean(),
        lambda d: d.Gamma(tf.constant(0.5), 1.0, allow_nan_stats=False).mode(),
        lambda d: d.Dirichlet(tf.constant([0.5, 2.0]), allow_nan_stats=False).mode(),
        lambda d: d.Bernoulli(probs=tf.constant(1.5), validate_args=True).probs,
        lambda d: d.Bernoulli(probs=0.5, validate_args=True).log_prob(tf.constant(0.5)),
        lambda d: d.Categorical(probs=tf.constant([0.5, 0.6]), validate_args=True).probs,
        lambda d: d.Categorical(logits=[0.5, 0.6], validate_args=True).log_prob(tf.constant(-1)),
        lambda d: d.Multinomial(2.0, [0.5, 0.6], validate_args=True).log_prob([1.0, 2.0]),
        lambda d: d.DirichletMultinomial(tf.constant(2.5), [1.0, 1.0], True).total_count,
    ],
)
def test_checked_in_the_run(build: Callable[[Any], Any]) -> None:
    with tf.Session() as session, pytest.raises((tf.errors.InvalidArgumentError, ValueError)):
        session.run(build(tf.distributions))


def test_bad_arguments() -> None:
    d = tf.distributions
    with pytest.raises(ValueError, match="probs or logits"):
        d.Bernoulli()
    with pytest.raises(TypeError, match="floating"):
        d.Categorical(logits=[1, 2])
    with pytest.raises(ValueError, match="at least 2 events"):
        d.Categorical(logits=[1.0], validate_args=True)
    with pytest.raises(ValueError, match="Graph parent"):
        d.Distribution(tf.float32, d.NOT_REPARAMETERIZED, False, True, graph_parents=[1.0])
    with pytest.raises(NotImplementedError, match="quantile"):
        d.Gamma(1.0, 1.0).quantile(0.5)
    with pytest.raises((TypeError, ValueError)):
        d.Normal(tf.constant(0.0, tf.float64), tf.constant(1.0, tf.float32))


def test_normal_functions_far_out() -> None:
    special = pytest.importorskip("scipy.special")
    d = tf.distributions.Normal(np.float64(0.0), np.float64(1.0))
    x = np.array([-40.0, -25.0, -19.0, -3.0, 0.0, 3.0, 7.9, 9.0])
    p = np.array([0.0, 1e-300, 1e-16, 0.02, 0.13, 0.5, 0.87, 0.999999, 1.0])
    with tf.Session() as session:
        logs, places, cdf = session.run([d.log_cdf(x), d.quantile(p), d.cdf(x)])
    np.testing.assert_allclose(logs, special.log_ndtr(x), rtol=2e-6, atol=1e-16)
    np.testing.assert_allclose(places, special.ndtri(p), rtol=1e-12)
    np.testing.assert_allclose(cdf, special.ndtr(x), rtol=1e-12)


def test_mode_of_a_batch_of_dirichlet() -> None:
    with tf.Session() as session:
        mode = session.run(tf.distributions.Dirichlet([[2.0, 3.0, 4.0], [1.0, 2.0, 3.0]]).mode())
    np.testing.assert_allclose(mode[0], [1 / 6, 2 / 6, 3 / 6], rtol=1e-6)
    assert np.all(np.isnan(mode[1]))


def test_the_same_classes_in_contrib() -> None:
    for name in tf.distributions.__all__:
        assert getattr(tf.contrib.distributions, name) is getattr(tf.distributions, name)
    with pytest.raises(tf.errors.UnimplementedError, match="HalfNormal"):
        tf.contrib.distributions.HalfNormal(2.0)
