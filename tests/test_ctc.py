"""Connectionist temporal classification against all alignments one by one."""

from __future__ import annotations

from itertools import groupby, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numeric import check_gradient

from evergraph import tf
from evergraph.ops.ctc_beam import BeamSearch
from evergraph.tf.nn_ctc import (
    dense_labels_to_sparse,
    state_to_olabel,
    state_to_olabel_unique,
)


def run(fetches: Any, feeds: Any = None) -> Any:
    with tf.Session() as session:
        return session.run(fetches, feeds)


def log_softmax(x: Any) -> Any:
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def collapsed(path: tuple[int, ...], blank: int) -> tuple[int, ...]:
    """The labels that an alignment stands for."""
    return tuple(label for label, _ in groupby(path) if label != blank)


def likelihoods(logits: Any, blank: int) -> dict[tuple[int, ...], float]:
    """The probability of each label sequence: [time, classes] logits."""
    y = np.exp(log_softmax(logits))
    found: dict[tuple[int, ...], float] = {}
    for path in product(range(y.shape[1]), repeat=len(y)):
        labels = collapsed(path, blank)
        found[labels] = found.get(labels, 0) + np.prod(y[range(len(y)), path])
    return found


def sparse(sequences: list[list[int]]) -> Any:
    indices = [(b, i) for b, s in enumerate(sequences) for i in range(len(s))]
    values = [label for s in sequences for label in s]
    shape = [len(sequences), max(map(len, sequences))]
    return tf.SparseTensor(
        tf.constant(np.array(indices, np.int64)), tf.constant(values, tf.int32), shape
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(2, 4))
def test_loss_is_the_sum_over_alignments(seed: int, time: int, classes: int) -> None:
    random = np.random.RandomState(seed)
    logits = random.randn(time, 1, classes).astype(np.float32)
    labels = random.randint(0, classes - 1, random.randint(1, time + 1)).tolist()
    p = likelihoods(logits[:, 0], classes - 1).get(tuple(labels), 0.0)
    with tf.Graph().as_default():
        loss = run(tf.nn.ctc_loss(sparse([labels]), logits, [time]))
        shifted = np.roll(logits, 1, axis=2)  # the blank first
        given_labels = np.array([labels]) + 1
        dense = run(tf.nn.ctc_loss_v2(given_labels, shifted, [len(labels)], [time]))
    wanted = np.inf if p == 0 else -np.log(p)
    np.testing.assert_allclose([loss[0], dense[0]], [wanted] * 2, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["sparse", "dense"])
def test_gradient(kind: str) -> None:
    logits = np.random.RandomState(3).randn(5, 2, 4)
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float64, (5, 2, 4))
        if kind == "sparse":
            loss = tf.nn.ctc_loss(sparse([[0, 0, 2], [1]]), x, [5, 3])
        else:
            labels = np.array([[1, 1, 3], [2, 0, 0]])
            loss = tf.nn.ctc_loss_v2(labels, x, [3, 1], [5, 3])
        weighted = tf.reduce_sum(loss * tf.constant([1.0, 2.0], tf.float64))
        slope = tf.gradients(weighted, x)[0]
        check_gradient(session, weighted, slope, {x: logits}, x)
        with pytest.raises(LookupError):
            tf.gradients(slope, x)


def test_no_labels_and_no_time() -> None:
    logits = np.random.RandomState(0).randn(3, 2, 3).astype(np.float32)
    lengths = np.array([3, 0], np.int32)
    loss = run(tf.nn.ctc_loss_v2(np.zeros((2, 1), np.int32), logits, [0, 0], lengths))
    wanted = -log_softmax(logits)[:, 0, 0].sum()
    np.testing.assert_allclose(loss, [wanted, 0], rtol=1e-5)


def test_layouts_and_blanks_agree() -> None:
    logits = np.random.RandomState(1).randn(5, 2, 4).astype(np.float32)
    labels = sparse([[0, 2], [1]])
    by_time = run(tf.nn.ctc_loss(labels, logits, [5, 4]))
    by_batch = run(tf.nn.ctc_loss(labels, np.swapaxes(logits, 0, 1), [5, 4], time_major=False))
    np.testing.assert_array_equal(by_time, by_batch)
    first = np.roll(logits, 1, axis=2)
    moved = sparse([[1, 3], [2]])
    v2 = tf.nn.ctc_loss_v2(moved, tf.constant(first), None, [5, 4], blank_index=0)
    np.testing.assert_allclose(run(v2), by_time, rtol=1e-5)
    with pytest.raises(ValueError, match="blank_index must be given"):
        tf.nn.ctc_loss_v2(moved, first, None, [5, 4])
    with pytest.raises(TypeError, match="to be a SparseTensor"):
        tf.nn.ctc_loss([[1]], first, [5, 4])


LOGITS = np.zeros((3, 2, 4), np.float32)
REFUSED: list[tuple[Any, Any, Any, str]] = [
    ([[0, 1], [1]], LOGITS, [3], "batch_size"),
    ([[0, 1], [1]], LOGITS, [4, 3], "sequence_length"),
    ([[0, 1, 2, 1], [1]], LOGITS, [3, 3], "Not enough time"),
    ([[3, 0], [1]], LOGITS, [3, 3], "following a null label"),
    ([[-1, 0], [1]], LOGITS, [3, 3], "nonnegative"),
    ([[0], []], LOGITS, [3, 3], "Labels length is zero in batch 1"),
    ([[0], [1], [1]], LOGITS, [3, 3], "labels batch index must be between"),
]


@pytest.mark.parametrize(("labels", "logits", "lengths", "text"), REFUSED)
def test_refused(labels: Any, logits: Any, lengths: Any, text: str) -> None:
    with (
        tf.Graph().as_default(),
        pytest.raises((ValueError, tf.errors.InvalidArgumentError), match=text),
    ):
        x = tf.placeholder(tf.float32)
        n = tf.placeholder(tf.int32)
        run(tf.nn.ctc_loss(sparse(labels), x, n), {x: logits, n: lengths})


def test_places_out_of_order_are_refused() -> None:
    for places, how in (([[0, 1], [0, 0]], "out of order"), ([[0, 0], [0, 0]], "repeated")):
        indices = tf.constant(places, tf.int64)
        labels = tf.SparseTensor(indices, tf.constant([1, 1]), [2, 2])
        with pytest.raises(tf.errors.InvalidArgumentError, match=how):
            run(tf.nn.ctc_loss(labels, LOGITS[:, :1], [3]))


def test_dense_labels_are_checked() -> None:
    for labels, length in (([[4]], [1]), ([[0]], [1]), ([[1]], [2]), ([[-1]], [1])):
        loss = tf.nn.ctc_loss_v2(np.array(labels), LOGITS[:, :1], length, [3])
        with pytest.raises(tf.errors.InvalidArgumentError):
            run(loss)


# -- decoders ----------------------------------------------------------------------------------
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(2, 4))
def test_a_wide_beam_finds_the_most_probable(seed: int, time: int, classes: int) -> None:
    logits = np.random.RandomState(seed).randn(time, 1, classes).astype(np.float32)
    wanted = sorted(likelihoods(logits[:, 0], classes - 1).items(), key=lambda pair: -pair[1])
    with tf.Graph().as_default():
        decoded, scores = tf.nn.ctc_beam_search_decoder(
            logits, [time], beam_width=400, top_paths=2, merge_repeated=False
        )
        got, log_p = run([decoded, scores])
    for value, score, (labels, p) in zip(got, log_p[0], wanted, strict=False):
        assert tuple(value.values) == labels
        np.testing.assert_allclose(score, np.log(p), rtol=1e-4, atol=1e-5)


def test_greedy() -> None:
    best = np.array([[0, 3], [0, 1], [3, 1], [0, 3], [2, 2]])
    logits = np.eye(4, dtype=np.float32)[best] * 2
    decoded, score = run(tf.nn.ctc_greedy_decoder(logits, [5, 4]))
    assert decoded[0].values.tolist() == [0, 0, 2, 1]
    assert decoded[0].indices.tolist() == [[0, 0], [0, 1], [0, 2], [1, 0]]
    assert decoded[0].dense_shape.tolist() == [2, 3]
    assert score.tolist() == [[-10], [-8]]
    kept, _ = run(tf.nn.ctc_greedy_decoder(logits, [5, 4], merge_repeated=False))
    assert kept[0].values.tolist() == [0, 0, 0, 2, 1, 1]


def test_decoders_refuse() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="more paths than the beam width"):
        run(tf.nn.ctc_beam_search_decoder(LOGITS, [3, 3], beam_width=1, top_paths=2))
    with pytest.raises(tf.errors.InvalidArgumentError, match="Less leaves"):
        run(tf.nn.ctc_beam_search_decoder(LOGITS[:1], [1, 1], beam_width=9, top_paths=9))
    with pytest.raises(tf.errors.FailedPreconditionError, match="sequence_length"):
        run(tf.nn.ctc_greedy_decoder(LOGITS, [4, 3]))
    with pytest.raises(ValueError, match="Less leaves"):
        BeamSearch(3).best(2, False)


# -- labels ------------------------------------------------------------------------------------
def test_collapse_repeated() -> None:
    labels = [[1, 3, 3, 3, 0], [1, 4, 4, 4, 0], [4, 2, 2, 9, 4]]
    got, lengths = run(tf.nn.collapse_repeated(tf.constant(labels), [4, 5, 5]))
    assert got.tolist() == [[1, 3, 0, 0], [1, 4, 0, 0], [4, 2, 9, 4]]
    assert lengths.tolist() == [2, 3, 4]


def test_states_of_labels() -> None:
    """Two states of one label are summed, those of the blank too."""
    labels = np.array([[1, 2, 1]])
    states = np.log(np.arange(1, 9, dtype=np.float32)).reshape(1, 1, 8)
    wanted = np.log([[[5 + 6 + 7 + 8, 2 + 4, 3]]])
    plain = state_to_olabel(tf.constant(labels), 3, tf.constant(states))
    unique = (tf.constant([[1, 2, 0]]), tf.constant([[0, 1, 0]]))
    fast = state_to_olabel_unique(tf.constant(labels), 3, tf.constant(states), unique)
    for got in run([plain, fast]):
        np.testing.assert_allclose(got, wanted, rtol=1e-5)


def test_dense_labels_as_sparse_ones() -> None:
    got = run(dense_labels_to_sparse([[1, 2, 0], [3, 0, 0]], [2, 1]))
    assert got.indices.tolist() == [[0, 0], [0, 1], [1, 0]]
    assert (got.values.tolist(), got.dense_shape.tolist()) == ([1, 2, 3], [2, 2])
