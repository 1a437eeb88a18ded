"""Conditional random fields against all sequences of tags, written out."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest

from evergraph import tf

crf = tf.contrib.crf
TAGS = 3
LENGTHS = np.array([4, 2, 1, 3], "i4")


def _case(steps: int) -> tuple[Any, Any, Any, Any]:
    r = np.random.RandomState(steps)
    scores = r.randn(4, steps, TAGS).astype("f4")
    tags = r.randint(0, TAGS, (4, steps)).astype("i4")
    return scores, tags, np.minimum(LENGTHS, steps), r.randn(TAGS, TAGS).astype("f4")


def _score(scores: Any, path: Any, transitions: Any) -> float:
    steps = sum(transitions[a, b] for a, b in pairwise(path))
    return float(sum(scores[t, tag] for t, tag in enumerate(path)) + steps)


def _all_paths(scores: Any, length: int, transitions: Any) -> dict[tuple[int, ...], float]:
    paths = product(range(TAGS), repeat=length)
    return {p: _score(scores, p, transitions) for p in paths}


def _run(fetches: Any, feeds: Any = None) -> Any:
    with tf.Session() as session:
        return session.run(fetches, feeds)


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("tag_type", ["int32", "int64"])
def test_likelihoods_and_best_paths(steps: int, known: bool, tag_type: str) -> None:
    scores, tags, lengths, transitions = _case(steps)
    shape = scores.shape if known else [None, None, TAGS]
    inputs = tf.placeholder(tf.float32, shape)
    chosen = tf.placeholder(tag_type, tags.shape if known else [None, None])
    likelihood, _ = crf.crf_log_likelihood(
        inputs, chosen, tf.constant(lengths), tf.constant(transitions)
    )
    best = crf.crf_decode(inputs, tf.constant(transitions), tf.constant(lengths))
    got, (paths, best_scores) = _run([likelihood, best], {inputs: scores, chosen: tags})
    assert paths.dtype == np.int32 and paths.shape == tags.shape
    for i, n in enumerate(lengths):
        everything = _all_paths(scores[i], n, transitions)
        norm = np.logaddexp.reduce(list(everything.values()))
        np.testing.assert_allclose(got[i], everything[tuple(tags[i, :n])] - norm, rtol=1e-4)
        top = max(everything, key=everything.__getitem__)
        assert tuple(paths[i, :n]) == top and not paths[i, n:].any()
        np.testing.assert_allclose(best_scores[i], everything[top], rtol=1e-5)
        alone, score = crf.viterbi_decode(scores[i, :n], transitions)
        assert tuple(alone) == top
        np.testing.assert_allclose(score, everything[top], rtol=1e-5)


@pytest.mark.parametrize("steps", [1, 4])
def test_several_tags_allowed(steps: int) -> None:
    scores, tags, _, transitions = _case(steps)
    lengths = np.full(4, steps, "i4")
    allowed = np.random.RandomState(0).rand(4, steps, TAGS) > 0.4
    allowed |= np.eye(TAGS, dtype=bool)[tags]
    got = _run(
        crf.crf_multitag_sequence_score(
            tf.constant(scores),
            tf.constant(allowed),
            tf.constant(lengths),
            tf.constant(transitions),
        )
    )
    for i in range(4):
        everything = _all_paths(scores[i], steps, transitions)
        fits = [s for p, s in everything.items() if all(allowed[i, t, k] for t, k in enumerate(p))]
        np.testing.assert_allclose(got[i], np.logaddexp.reduce(fits), rtol=1e-4)


def test_empty_sequences() -> None:
    scores, tags, _, transitions = _case(4)
    given = [tf.constant(x) for x in (scores, tags, np.zeros(4, "i4"), transitions)]
    norm = crf.crf_log_norm(given[0], given[2], given[3])
    score = crf.crf_sequence_score(*given)
    for value in _run([norm, score]):
        np.testing.assert_array_equal(value, np.zeros(4))


def test_gradients_are_differences_of_counts() -> None:
    scores, tags, lengths, transitions = _case(4)
    inputs, between = tf.constant(scores), tf.constant(transitions)
    likelihood, _ = crf.crf_log_likelihood(inputs, tf.constant(tags), tf.constant(lengths), between)
    by_input, by_transition = _run(tf.gradients(likelihood, [inputs, between]))
    want_input, want_transition = np.zeros_like(scores), np.zeros_like(transitions)
    for i, n in enumerate(lengths):
        everything = _all_paths(scores[i], n, transitions)
        norm = np.logaddexp.reduce(list(everything.values()))
        for path, score in everything.items():
            here = float(path == tuple(tags[i, :n])) - np.exp(score - norm)
            for t, tag in enumerate(path):
                want_input[i, t, tag] += here
                if t:
                    want_transition[path[t - 1], tag] += here
    np.testing.assert_allclose(by_input, want_input, atol=1e-5)
    np.testing.assert_allclose(by_transition, want_transition, atol=1e-5)


def test_transitions_as_a_variable() -> None:
    scores, tags, lengths, _ = _case(4)
    given = [tf.constant(x) for x in (scores, tags, lengths)]
    with tf.variable_scope("tagger"):
        _, transitions = crf.crf_log_likelihood(*given)
    assert transitions.name == "tagger/transitions:0"
    assert tf.trainable_variables() == [transitions]
