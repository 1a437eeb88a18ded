"""Losses of sequences, in one tensor and in lists of steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evergraph import tf

R = np.random.RandomState(5)
LOGITS = R.randn(3, 4, 6).astype("f4")
TARGETS = R.randint(0, 6, (3, 4))
WEIGHTS = np.array([[1, 1, 0.5, 0], [1, 0, 0, 0], [2, 1, 1, 1]], "f4")
modern, legacy = tf.contrib.seq2seq, tf.contrib.legacy_seq2seq


def _losses() -> Any:
    log_sum = np.log(np.exp(LOGITS).sum(-1))
    chosen = np.take_along_axis(LOGITS, TARGETS[..., None], -1)[..., 0]
    return (log_sum - chosen) * WEIGHTS


def _run(fetches: Any) -> Any:
    with tf.Session() as session:
        return session.run(fetches)


def _modern(**options: Any) -> Any:
    given = [tf.constant(x) for x in (LOGITS, TARGETS, WEIGHTS)]
    return _run(modern.sequence_loss(*given, **options))


@pytest.mark.parametrize("across", [(True, True), (True, False), (False, True), (False, False)])
def test_averages(across: tuple[bool, bool]) -> None:
    axes = tuple(axis for axis, done in zip((1, 0), across, strict=True) if done)
    want = _losses()
    if axes:
        want = want.sum(axes) / WEIGHTS.sum(axes)
    got = _modern(average_across_timesteps=across[0], average_across_batch=across[1])
    np.testing.assert_allclose(got, want, rtol=1e-5)


@pytest.mark.parametrize("over", [(True, True), (True, False), (False, True)])
def test_sums(over: tuple[bool, bool]) -> None:
    axes = tuple(axis for axis, done in zip((1, 0), over, strict=True) if done)
    want = _losses().sum(axes) / (WEIGHTS != 0).sum(axes)
    off = {"average_across_timesteps": False, "average_across_batch": False}
    got = _modern(sum_over_timesteps=over[0], sum_over_batch=over[1], **off)
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_own_loss_function() -> None:
    def ones(labels: Any, logits: Any) -> Any:
        return tf.ones_like(labels, tf.float32)

    np.testing.assert_allclose(_modern(softmax_loss_function=ones), 1.0)
    steps = [list(tf.unstack(tf.constant(x), axis=1)) for x in (LOGITS, TARGETS, WEIGHTS)]
    got = _run(legacy.sequence_loss_by_example(*steps, softmax_loss_function=ones))
    np.testing.assert_allclose(got, np.ones(3))


def test_without_weights_the_loss_is_zero() -> None:
    given = [tf.constant(x) for x in (LOGITS, TARGETS, WEIGHTS * 0)]
    assert _run(modern.sequence_loss(*given)) == 0.0


@pytest.mark.parametrize(("averaged", "over_batch"), [(True, True), (True, False), (False, True)])
def test_lists_of_steps(averaged: bool, over_batch: bool) -> None:
    steps = [list(tf.unstack(tf.constant(x), axis=1)) for x in (LOGITS, TARGETS, WEIGHTS)]
    each = _losses().sum(1) / (WEIGHTS.sum(1) if averaged else 1)
    by_example = legacy.sequence_loss_by_example(*steps, average_across_timesteps=averaged)
    cost = legacy.sequence_loss(
        *steps, average_across_timesteps=averaged, average_across_batch=over_batch
    )
    got, total = _run([by_example, cost])
    np.testing.assert_allclose(got, each, rtol=1e-5)
    np.testing.assert_allclose(total, each.mean() if over_batch else each.sum(), rtol=1e-5)


@pytest.mark.parametrize("by_example", [True, False])
def test_buckets_share_variables(by_example: bool) -> None:
    logits, targets, weights = (
        list(tf.unstack(tf.constant(x), axis=1)) for x in (LOGITS, TARGETS, WEIGHTS)
    )

    def model(read: Any, written: Any) -> tuple[Any, None]:
        factor = tf.get_variable("factor", [], initializer=tf.ones_initializer())
        return [x * factor for x in written], None

    outputs, losses = legacy.model_with_buckets(
        logits, logits, targets, weights, [(2, 2), (4, 4)], model, per_example_loss=by_example
    )
    assert [len(o) for o in outputs] == [2, 4] and len(tf.global_variables()) == 1
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        got = session.run(losses[1])
    want = _losses().sum(1) / WEIGHTS.sum(1)
    np.testing.assert_allclose(got, want if by_example else want.mean(), rtol=1e-5)


def test_bad_arguments() -> None:
    logits, targets, weights = (tf.constant(x) for x in (LOGITS, TARGETS, WEIGHTS))
    with pytest.raises(ValueError, match="Logits must be"):
        modern.sequence_loss(logits[0], targets, weights)
    with pytest.raises(ValueError, match="Targets must be"):
        modern.sequence_loss(logits, targets[0], weights)
    with pytest.raises(ValueError, match="Weights must be"):
        modern.sequence_loss(logits, targets, weights[0])
    with pytest.raises(ValueError, match="sum_over_timesteps"):
        modern.sequence_loss(logits, targets, weights, sum_over_timesteps=True)
    with pytest.raises(ValueError, match="Lengths of logits"):
        legacy.sequence_loss([logits], [targets], [])
    with pytest.raises(ValueError, match="at least that of last bucket"):
        legacy.model_with_buckets([logits], [], [], [], [(2, 2)], lambda a, b: (a, b))
