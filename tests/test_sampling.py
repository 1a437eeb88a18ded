"""Samples of classes: distributions, expected counts, streams; the losses that use them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evergraph import tf

TRUE = np.array([[1], [2]], np.int64)


def run(fetches: Any, feeds: Any = None) -> Any:
    with tf.Session() as session:
        return session.run(fetches, feeds)


WEIGHTS = [1.0, 2.0, 3.0, 4.0, 0.0]
DISTRIBUTIONS: list[tuple[Any, int, Any, dict[str, Any]]] = [
    (tf.nn.uniform_candidate_sampler, 7, np.full(7, 1 / 7), {}),
    (
        tf.nn.log_uniform_candidate_sampler,
        7,
        np.log(np.arange(2, 9) / np.arange(1, 8)) / np.log(8),
        {},
    ),
    (tf.nn.learned_unigram_candidate_sampler, 7, np.full(7, 1 / 7), {}),
    (tf.nn.fixed_unigram_candidate_sampler, 5, np.array(WEIGHTS) / 10, {"unigrams": WEIGHTS}),
]


@pytest.mark.parametrize(("sampler", "size", "p", "more"), DISTRIBUTIONS)
def test_distribution(sampler: Any, size: int, p: Any, more: dict[str, Any]) -> None:
    drawn = sampler(TRUE, 1, 4000, False, range_max=size, seed=3, **more)
    sampled, by_true, by_sampled = run(drawn)
    counts = np.bincount(sampled, minlength=size)
    assert np.abs(counts - 4000 * p).max() < 5 * np.sqrt(4000 * 0.25)
    np.testing.assert_allclose(by_true, 4000 * p[TRUE], rtol=1e-5)
    np.testing.assert_allclose(by_sampled, 4000 * p[sampled], rtol=1e-5)


@pytest.mark.parametrize(("sampler", "size", "p", "more"), DISTRIBUTIONS)
def test_different_classes(sampler: Any, size: int, p: Any, more: dict[str, Any]) -> None:
    with tf.Session() as session:
        drawn = sampler(TRUE, 1, 4, True, range_max=size, seed=3, **more)
        for _ in range(5):
            sampled, by_true, _ = session.run(drawn)
            assert len(set(sampled.tolist())) == 4 and (by_true > 0).all()


def test_equal_seeds_give_equal_samples() -> None:
    def drawn(seed: int) -> Any:
        with tf.Graph().as_default():
            return run(tf.nn.log_uniform_candidate_sampler(TRUE, 1, 9, False, 99, seed=seed))[0]

    assert drawn(1).tolist() == drawn(1).tolist() != drawn(2).tolist()


def test_learning() -> None:
    with tf.Session() as session:
        drawn = tf.nn.learned_unigram_candidate_sampler(TRUE, 1, 100, False, 4, seed=1)
        np.testing.assert_allclose(session.run(drawn)[1], [[25], [25]])
        np.testing.assert_allclose(session.run(drawn)[1], [[100 / 3], [100 / 3]], rtol=1e-5)
        for _ in range(300):
            sampled = session.run(drawn)[0]
        assert set(sampled.tolist()) <= {1, 2, 0, 3} and np.isin(sampled, [1, 2]).mean() > 0.95


def test_all_classes() -> None:
    sampled, by_true, by_sampled = run(tf.nn.all_candidate_sampler(TRUE, 1, 4, True))
    assert sampled.tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(by_true, [[1], [1]])
    np.testing.assert_allclose(by_sampled, [1] * 4)


def test_weights_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "vocabulary.csv"
    path.write_text("a,1\nb,2\nc,3\n")
    drawn = tf.nn.fixed_unigram_candidate_sampler(
        TRUE, 1, 50, False, 4, vocab_file=str(path), num_reserved_ids=1, distortion=2.0, seed=5
    )
    sampled, by_true, _ = run(drawn)
    assert set(sampled.tolist()) <= {1, 2, 3}
    np.testing.assert_allclose(by_true, [[50 * 1 / 14], [50 * 4 / 14]], rtol=1e-5)
    path.write_text("a,one\n")
    with pytest.raises(tf.errors.InvalidArgumentError, match="Wrong vocabulary format"):
        run(drawn)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "Must provide either"),
    ({"unigrams": [1.0], "vocab_file": "x"}, "only provide one"),
    ({"unigrams": [1.0]}, "as many weights as classes"),
    ({"unigrams": [1.0, -1.0, 1.0]}, "must be finite"),
    ({"unigrams": [0.0, 0.0, 1.0]}, "did not come up"),
]


@pytest.mark.parametrize(("attrs", "text"), REFUSED)
def test_refused(attrs: dict[str, Any], text: str) -> None:
    with tf.Graph().as_default(), pytest.raises(tf.errors.InvalidArgumentError, match=text):
        run(tf.nn.fixed_unigram_candidate_sampler(TRUE, 1, 2, True, 3, seed=1, **attrs))


def test_ranges_are_checked() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="range is too small"):
        run(tf.nn.uniform_candidate_sampler(TRUE, 1, 5, True, 4))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"in \[0, 2\)"):
        run(tf.nn.learned_unigram_candidate_sampler(TRUE, 1, 1, True, 2))
    with pytest.raises(tf.errors.InvalidArgumentError, match="num_true columns"):
        run(tf.nn.uniform_candidate_sampler(TRUE, 2, 1, True, 4))


@pytest.mark.oracle
@pytest.mark.parametrize("unique", [True, False])
@pytest.mark.parametrize(
    ("op", "attrs"),
    [
        ("UniformCandidateSampler", {"range_max": 50}),
        ("LogUniformCandidateSampler", {"range_max": 50}),
        ("LearnedUnigramCandidateSampler", {"range_max": 50}),
        ("ThreadUnsafeUnigramCandidateSampler", {"range_max": 50}),
        ("FixedUnigramCandidateSampler", {"range_max": 5, "unigrams": [1.0, 2.0, 3.0, 4.0, 5.0]}),
        ("AllCandidateSampler", {}),
    ],
)
def test_streams_are_tensorflows(op: str, attrs: dict[str, Any], unique: bool) -> None:
    tensorflow = pytest.importorskip("tensorflow")
    given = {"num_true": 1, "num_sampled": 4, "unique": unique, "seed": 9, "seed2": 7, **attrs}
    with tensorflow.Graph().as_default(), tensorflow.compat.v1.Session() as session:
        theirs = getattr(tensorflow.raw_ops, op)(true_classes=TRUE, **given)
        wanted = [session.run(theirs) for _ in range(3)]
    with tf.Graph().as_default(), tf.Session() as ours:
        mine = getattr(tf.raw_ops, op)(true_classes=TRUE, **given)
        for expected in wanted:
            for got, want in zip(ours.run(mine), expected, strict=True):
                np.testing.assert_allclose(got, want, rtol=1e-6)


# -- losses ----------------------------------------------------------------------------------
def full_losses() -> tuple[Any, Any, Any, Any, Any]:
    random = np.random.RandomState(0)
    w, b = random.randn(6, 3).astype(np.float32), random.randn(6).astype(np.float32)
    x, labels = random.randn(2, 3).astype(np.float32), np.array([[1], [4]], np.int64)
    return w, b, x, labels, x @ w.T + b


def test_sampled_softmax_of_all_classes_is_the_softmax() -> None:
    w, b, x, labels, logits = full_losses()
    ids = np.arange(6, dtype=np.int64)
    ones = np.ones((2, 1), np.float32), np.ones(6, np.float32)
    got = run(
        tf.nn.sampled_softmax_loss(
            tf.constant(w),
            tf.constant(b),
            tf.constant(labels),
            tf.constant(x),
            6,
            6,
            sampled_values=(tf.constant(ids), *map(tf.constant, ones)),
        )
    )
    shifted = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    np.testing.assert_allclose(got, -np.take_along_axis(shifted, labels, 1)[:, 0], rtol=1e-5)


def test_nce_loss() -> None:
    w, b, x, labels, logits = full_losses()
    sampled = np.array([0, 5], np.int64)
    true_p, sampled_p = np.array([[0.5], [0.25]], np.float32), np.array([0.3, 0.2], np.float32)
    got = run(
        tf.nn.nce_loss(
            tf.constant(w),
            tf.constant(b),
            tf.constant(labels),
            tf.constant(x),
            2,
            6,
            sampled_values=tuple(map(tf.constant, (sampled, true_p, sampled_p))),
        )
    )
    true = np.take_along_axis(logits, labels, 1) - np.log(true_p)
    noise = logits[:, sampled] - np.log(sampled_p)
    wanted = np.log1p(np.exp(-true)).sum(1) + np.log1p(np.exp(noise)).sum(1)
    np.testing.assert_allclose(got, wanted, rtol=1e-5)


def test_average_of_losses() -> None:
    losses = tf.constant([1.0, 2.0, 6.0])
    assert run(tf.nn.compute_average_loss(losses)) == 3
    assert run(tf.nn.compute_average_loss(losses, [[1.0], [0.0], [0.5]], 8)) == 0.5
    assert run(tf.nn.scale_regularization_loss(losses)) == 9
    with pytest.raises(ValueError, match="at least rank 1"):
        tf.nn.compute_average_loss(tf.constant(1.0))
