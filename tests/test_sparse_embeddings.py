"""Rows of tables joined by sparse ids."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evergraph import tf

TABLE = np.random.RandomState(2).randn(6, 3).astype(np.float32)
PLACES = np.array([[0, 0], [0, 1], [2, 0], [2, 1], [2, 2]], np.int64)
IDS = np.array([1, 3, 0, 0, 5], np.int64)
WEIGHTS = np.array([0.5, 2.0, 1.0, 3.0, 0.25], np.float32)
ROWS = [np.array([0, 1]), np.array([], int), np.array([2, 3, 4])]


def run(fetches: Any) -> Any:
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches)


def sparse(values: Any) -> Any:
    return tf.SparseTensor(PLACES, tf.constant(values), [3, 3])


def joined(combiner: str, weights: Any) -> Any:
    """Each row's embeddings, joined one by one."""
    out = np.zeros((3, 3))
    for i, at in enumerate(ROWS):
        w = weights[at][:, None]
        total = (w * TABLE[IDS[at]]).sum(0)
        share = {"sum": 1, "mean": w.sum(), "sqrtn": np.sqrt((w**2).sum())}[combiner]
        out[i] = total / share if len(at) else 0
    return out


@pytest.mark.parametrize("combiner", ["sum", "mean", "sqrtn"])
@pytest.mark.parametrize("weighted", [False, True])
def test_combiners(combiner: str, weighted: bool) -> None:
    with tf.Graph().as_default():
        weights = sparse(WEIGHTS) if weighted else None
        table = tf.constant(TABLE)
        got = tf.nn.embedding_lookup_sparse(table, sparse(IDS), weights, combiner=combiner)
        value, slope = run([got, tf.convert_to_tensor(tf.gradients(got, table)[0])])
    wanted = joined(combiner, WEIGHTS if weighted else np.ones(5))
    filled = [0, 2] if weighted else [0, 1, 2]
    np.testing.assert_allclose(value[filled], wanted[filled], rtol=1e-5, atol=1e-6)
    assert slope.shape == TABLE.shape and not slope[[2, 4]].any()


@pytest.mark.parametrize("strategy", ["mod", "div"])
def test_parts(strategy: str) -> None:
    with tf.Graph().as_default():
        parts = [TABLE[::2], TABLE[1::2]] if strategy == "mod" else [TABLE[:3], TABLE[3:]]
        tables = [tf.constant(p) for p in parts]
        got = run(
            tf.nn.embedding_lookup_sparse(
                tables, sparse(IDS), None, partition_strategy=strategy, combiner="sum"
            )
        )
    np.testing.assert_allclose(got, joined("sum", np.ones(5)), rtol=1e-5, atol=1e-6)


def test_refused() -> None:
    with pytest.raises(ValueError, match="combiner must be one of"):
        tf.nn.embedding_lookup_sparse(TABLE, sparse(IDS), None, combiner="max")
    with pytest.raises(TypeError, match="sp_ids must be SparseTensor"):
        tf.nn.embedding_lookup_sparse(TABLE, IDS, None, combiner="sum")
    with pytest.raises(TypeError, match="sp_weights must be"):
        tf.nn.embedding_lookup_sparse(TABLE, sparse(IDS), WEIGHTS, combiner="sum")
    with pytest.raises(ValueError, match="Missing embedding_weights"):
        tf.nn.safe_embedding_lookup_sparse([], sparse(IDS))
