"""Losses: values, weights, reductions, collections, operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from evergraph import tf

RNG = np.random.RandomState(7)
PREDICTIONS = RNG.randn(4, 3).astype("f4")
LABELS = RNG.randn(4, 3).astype("f4")
CLASSES = np.array([0, 2, 1, 1])
BINARY = np.array([[0, 1, 1], [1, 0, 0], [1, 1, 0], [0, 0, 1]])
PROBABILITIES = RNG.uniform(0.1, 0.9, (4, 3)).astype("f4")
ROWS = np.array([[1.0], [0.0], [2.0], [0.5]], "f4")
R = tf.losses.Reduction


def value(tensor: Any) -> Any:
    with tf.Session() as session:
        return session.run(tensor)


@pytest.mark.parametrize(
    ("weights", "reduction", "expected"),
    [
        (1.0, R.NONE, lambda e, w: e),
        (2.0, R.SUM, lambda e, w: 2 * e.sum()),
        (1.0, R.SUM_BY_NONZERO_WEIGHTS, lambda e, w: e.mean()),
        (0.0, R.SUM_BY_NONZERO_WEIGHTS, lambda e, w: 0.0),
        (ROWS, R.NONE, lambda e, w: e * w),
        (ROWS, R.SUM, lambda e, w: (e * w).sum()),
        (ROWS, R.MEAN, lambda e, w: (e * w).sum() / (np.ones_like(e) * w).sum()),
        (ROWS, R.SUM_OVER_BATCH_SIZE, lambda e, w: (e * w).mean()),
        (ROWS, R.SUM_BY_NONZERO_WEIGHTS, lambda e, w: (e * w).sum() / 9.0),
        (ROWS * 0.0, R.MEAN, lambda e, w: 0.0),
    ],
)
def test_weights_and_reductions(weights: Any, reduction: str, expected: Any) -> None:
    loss = tf.losses.mean_squared_error(LABELS, PREDICTIONS, weights, reduction=reduction)
    errors = (PREDICTIONS - LABELS) ** 2
    np.testing.assert_allclose(value(loss), expected(errors, weights), rtol=1e-5)


def test_collections_and_totals() -> None:
    a = tf.losses.absolute_difference(LABELS, PREDICTIONS)
    with tf.name_scope("s"):
        b = tf.losses.mean_squared_error(LABELS, PREDICTIONS)
    tf.losses.mean_squared_error(LABELS, PREDICTIONS, loss_collection=None)
    assert tf.losses.get_losses() == [a, b] and tf.losses.get_losses("s/") == [b]
    assert value(tf.losses.get_regularization_loss()) == 0.0
    r = tf.constant(0.25)
    tf.add_to_collection(tf.GraphKeys.REGULARIZATION_LOSSES, r)
    assert tf.losses.get_regularization_losses() == [r]
    total, plain = tf.losses.get_total_loss(), tf.losses.get_total_loss(False)
    x, y, both, without = value([a, b, total, plain])
    np.testing.assert_allclose([both, without], [x + y + 0.25, x + y], rtol=1e-6)
    tf.losses.add_loss(r)
    assert tf.losses.get_losses()[-1] is r


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: tf.losses.mean_squared_error(None, PREDICTIONS), ValueError),
        (lambda: tf.losses.mean_squared_error(LABELS, None), ValueError),
        (lambda: tf.losses.mean_squared_error(LABELS[:2], PREDICTIONS), ValueError),
        (lambda: tf.losses.mean_squared_error(LABELS, PREDICTIONS, [1.0, 2.0]), ValueError),
        (lambda: tf.losses.mean_squared_error(LABELS, PREDICTIONS, ROWS[:2]), ValueError),
        (lambda: tf.losses.compute_weighted_loss(LABELS, reduction="median"), ValueError),
        (lambda: tf.losses.cosine_distance(LABELS, PREDICTIONS), ValueError),
        (lambda: tf.losses.get_total_loss(), ValueError),
    ],
)
def test_wrong_arguments(make: Callable[[], Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        make()


def test_weights_of_unknown_shape_are_checked_in_the_run() -> None:
    weights = tf.placeholder(tf.float32, [None, None])
    loss = tf.losses.mean_squared_error(LABELS, tf.constant(PREDICTIONS), weights)
    errors = (PREDICTIONS - LABELS) ** 2
    with tf.Session() as session:
        got = session.run(loss, {weights: ROWS})
        np.testing.assert_allclose(got, (errors * ROWS).sum() / 9.0, rtol=1e-5)
        with pytest.raises(tf.errors.InvalidArgumentError):
            session.run(loss, {weights: ROWS[:2]})


def test_a_last_axis_of_one_is_dropped() -> None:
    logits = tf.constant(PREDICTIONS)
    plain = tf.losses.sparse_softmax_cross_entropy(CLASSES, logits, ROWS[:, 0])
    column = tf.losses.sparse_softmax_cross_entropy(CLASSES[:, None], logits, ROWS)
    assert len(set(value([plain, column]).__iter__())) == 1


def test_operations_of_a_loss() -> None:
    x = tf.constant(PREDICTIONS)
    tf.losses.mean_squared_error(LABELS, x)
    names = [o.name for o in tf.get_default_graph().get_operations()[1:]]
    scope = "mean_squared_error/"
    assert all(n.startswith(scope) for n in names)
    first = [n.removeprefix(scope) for n in names[:3]]
    assert first == ["Cast/x", "SquaredDifference", "assert_broadcastable/weights"]
    assert names[-1] == "mean_squared_error/value"


def test_losses_have_gradients() -> None:
    x = tf.constant(PREDICTIONS)
    loss = tf.losses.softmax_cross_entropy(np.eye(3, dtype="f4")[CLASSES], x)
    (got,) = value(tf.gradients(loss, x))[:1]
    e = np.exp(PREDICTIONS)
    expected = (e / e.sum(1, keepdims=True) - np.eye(3)[CLASSES]) / 4
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_losses_of_contrib() -> None:
    x, y = tf.constant(PREDICTIONS), tf.constant(LABELS)
    old = tf.contrib.losses
    assert old.mean_squared_error(x, y) in old.get_losses()
    pairs = [
        (old.mean_squared_error(x, y), ((PREDICTIONS - LABELS) ** 2).mean()),
        (old.absolute_difference(x, y, [1.0, 0.0, 1.0, 0.0]), None),
        (old.sparse_softmax_cross_entropy(x, tf.constant(CLASSES)), None),
        (old.softmax_cross_entropy(x, tf.constant(np.eye(3, dtype="f4")[CLASSES])), None),
    ]
    got = value([p for p, _ in pairs])
    np.testing.assert_allclose(got[0], pairs[0][1], rtol=1e-5)
    expected = np.abs(PREDICTIONS - LABELS)[::2].mean()
    np.testing.assert_allclose(got[1], expected, rtol=1e-5)
    np.testing.assert_allclose(got[2], got[3], rtol=1e-5)


# -- against TensorFlow ----------------------------------------------------------------------------
def _weighted(t: Any, **k: Any) -> Any:
    return t.losses.mean_squared_error(LABELS, t.constant(PREDICTIONS), ROWS, **k)


LOSSES: dict[str, Callable[[Any], Any]] = {
    "absolute": lambda t: t.losses.absolute_difference(LABELS, PREDICTIONS, ROWS),
    "cosine": lambda t: t.losses.cosine_distance(LABELS, PREDICTIONS, axis=1),
    "cosine_dim": lambda t: t.losses.cosine_distance(LABELS, PREDICTIONS, dim=0),
    "hinge": lambda t: t.losses.hinge_loss(BINARY, PREDICTIONS),
    "huber": lambda t: t.losses.huber_loss(LABELS, PREDICTIONS, delta=0.7),
    "log": lambda t: t.losses.log_loss(BINARY, PROBABILITIES, 0.5),
    "pairwise": lambda t: t.losses.mean_pairwise_squared_error(LABELS, PREDICTIONS),
    "pairwise_weighted": lambda t: t.losses.mean_pairwise_squared_error(LABELS, PREDICTIONS, ROWS),
    "squared": _weighted,
    "squared_mean": lambda t: _weighted(t, reduction=R.MEAN),
    "squared_none": lambda t: _weighted(t, reduction=R.NONE),
    "squared_batch": lambda t: _weighted(t, reduction=R.SUM_OVER_BATCH_SIZE),
    "sigmoid": lambda t: t.losses.sigmoid_cross_entropy(BINARY, PREDICTIONS),
    "sigmoid_smooth": lambda t: t.losses.sigmoid_cross_entropy(
        BINARY, t.constant(PREDICTIONS), ROWS, label_smoothing=0.1
    ),
    "softmax": lambda t: t.losses.softmax_cross_entropy(np.eye(3)[CLASSES], PREDICTIONS),
    "softmax_smooth": lambda t: t.losses.softmax_cross_entropy(
        np.eye(3)[CLASSES], t.constant(PREDICTIONS), [1.0, 0.0, 2.0, 1.0], label_smoothing=0.1
    ),
    "sparse": lambda t: t.losses.sparse_softmax_cross_entropy(
        CLASSES, t.constant(PREDICTIONS), [1.0, 0.0, 2.0, 1.0]
    ),
    "integers": lambda t: t.losses.compute_weighted_loss(t.constant(BINARY), 2.0),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", LOSSES)
def test_values_and_names_as_in_tensorflow(name: str) -> None:
    oracle = pytest.importorskip("tensorflow").compat.v1
    got = []
    for t in (oracle, tf):
        with t.Graph().as_default() as graph, t.Session() as session:
            loss = LOSSES[name](t)
            names = [o.name for o in graph.get_operations()]
            got.append((session.run(loss), names, loss.name))
    np.testing.assert_allclose(got[1][0], got[0][0], rtol=3e-6, atol=1e-6)
    assert got[1][2] == got[0][2]
