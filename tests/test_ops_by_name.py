"""Ops that the face wraps, emitted by name: what they give, in one place for each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evergraph import tf
from evergraph.core.emit import apply


@pytest.fixture(autouse=True)
def graph() -> Any:
    with tf.Graph().as_default():
        yield


def run(fetches: Any) -> Any:
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches)


def test_accidental_hits() -> None:
    true = tf.constant([[1], [5]], tf.int64)
    sampled = tf.constant([5, 7, 1], tf.int64)
    got = run(apply("ComputeAccidentalHits", true, sampled, num_true=1))
    assert got[0].tolist() == [0, 1] and got[1].tolist() == [2, 0]
    assert (got[2] < -1e30).all()


def test_ctc() -> None:
    logits = np.log(np.array([[[0.6, 0.3, 0.1]], [[0.1, 0.2, 0.7]]], np.float32))
    lengths = tf.constant([2])
    labels = (tf.constant([[0, 0]], tf.int64), tf.constant([0]))
    loss, gradient = apply("CTCLoss", logits, *labels, lengths)
    # "0" comes out of (0, blank), (blank, 0) and (0, 0).
    ways = 0.6 * 0.7 + 0.1 * 0.1 + 0.6 * 0.1
    greedy = apply("CTCGreedyDecoder", logits, lengths)
    beam = apply("CTCBeamSearchDecoder", logits, lengths, beam_width=4, top_paths=1)
    got = run([loss, gradient, greedy[1], beam[1]])
    np.testing.assert_allclose(got[0], [-np.log(ways)], rtol=1e-5)
    np.testing.assert_allclose(got[1].sum(-1), 0, atol=1e-6)
    assert got[2].tolist() == [0] and got[3].tolist() == [0]


def test_files(tmp_path: Path) -> None:
    name = str(tmp_path / "words.txt")
    run(apply("WriteFile", name, "some words"))
    found = apply("MatchingFiles", str(tmp_path / "*.txt"))
    assert run([apply("ReadFile", name), found[0]]) == [b"some words", name.encode()]
    with pytest.raises(tf.errors.NotFoundError):
        run(apply("ReadFile", str(tmp_path / "absent")))


def test_dequantize() -> None:
    x = tf.constant(np.array([0, 255], np.uint8).astype(tf.quint8.as_numpy_dtype), tf.quint8)
    np.testing.assert_allclose(run(apply("Dequantize", x, -1.0, 1.0)), [-1.0, 1.0], atol=1e-6)


def test_ragged_variants() -> None:
    splits = tf.constant([0, 2, 3], tf.int64)
    packed = apply("RaggedTensorToVariant", [splits], tf.constant([1, 2, 3]), batched_input=False)
    got = apply(
        "RaggedTensorFromVariant",
        packed,
        input_ragged_rank=1,
        output_ragged_rank=1,
        Tvalues=tf.int32,
        Tsplits=tf.int64,
    )
    values = run(got)
    assert values[0].tolist() == [0, 2, 3] and values[-1].tolist() == [1, 2, 3]


def test_generator_state() -> None:
    """A state of [counter, counter, key] steps on with each draw, and by hand."""
    variable = tf.get_variable(
        "state", initializer=np.array([1, 2, 3], np.int64), use_resource=True
    )
    algorithm = tf.constant(1, tf.int64)
    shape = tf.constant([4], tf.int64)
    normal = apply("StatefulTruncatedNormal", variable.handle, algorithm, shape, dtype=tf.float32)
    bits = apply("StatefulUniformFullInt", variable.handle, algorithm, shape, dtype=tf.uint64)
    skip = apply("RngSkip", variable.handle, algorithm, tf.constant(256, tf.int64))
    with tf.Session() as session:
        session.run(variable.initializer)
        first, again = session.run(normal), session.run(normal)
        assert (np.abs(first) <= 2).all() and not np.array_equal(first, again)
        assert session.run(bits).dtype == np.uint64
        before = session.run(variable)
        session.run(skip)
        assert not np.array_equal(before, session.run(variable))


def test_stacks() -> None:
    """What was pushed last comes first, ordered by control dependencies."""
    stack = apply("StackV2", -1, elem_type=tf.float32)
    graph = tf.get_default_graph()
    first = apply("StackPushV2", stack, tf.constant([1.0, 2.0]))
    with graph.control_dependencies([first]):
        second = apply("StackPushV2", stack, tf.constant([3.0]))
    with graph.control_dependencies([second]):
        last = apply("StackPopV2", stack, elem_type=tf.float32)
    with graph.control_dependencies([last]):
        before = apply("StackPopV2", stack, elem_type=tf.float32)
    with graph.control_dependencies([before]):
        close = apply("StackCloseV2", stack)
    got = run([last, before, close])
    assert got[0].tolist() == [3.0] and got[1].tolist() == [1.0, 2.0]
    with pytest.raises(tf.errors.InvalidArgumentError):
        run(apply("StackPopV2", apply("StackV2", -1, elem_type=tf.float32), elem_type=tf.float32))


def test_optionals() -> None:
    full = apply("OptionalFromValue", [tf.constant([1.0, 2.0]), tf.constant(3)])
    empty = apply("OptionalNone")
    kinds = {"output_types": [tf.float32, tf.int32], "output_shapes": [[2], []]}
    values = apply("OptionalGetValue", full, **kinds)
    got = run([apply("OptionalHasValue", full), apply("OptionalHasValue", empty), *values])
    assert got[0] and not got[1]
    assert got[2].tolist() == [1.0, 2.0] and got[3] == 3
    with pytest.raises(tf.errors.InvalidArgumentError):
        run(apply("OptionalGetValue", empty, **kinds))
