"""Metrics: every function on random batches against TensorFlow; operands and errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from evergraph import tf

Feeds = dict[str, np.ndarray[Any, Any]]
Build = Callable[[Any, dict[str, Any]], Any]
BATCHES, SIZE, CLASSES = 3, 12, 5


def _batch(seed: int) -> Feeds:
    r = np.random.RandomState(seed)
    return {
        "labels": r.randint(0, 2, SIZE).astype("f4"),
        "scores": r.uniform(0, 1, SIZE).astype("f4"),
        "weights": r.randint(0, 4, SIZE).astype("f4"),
        "classes": r.randint(0, CLASSES, SIZE).astype("i8"),
        "guesses": r.randint(0, CLASSES, SIZE).astype("i8"),
        "rows": r.randn(SIZE, CLASSES).astype("f4"),
        "columns": r.randn(SIZE, CLASSES).astype("f4"),
        "several": r.randint(0, CLASSES + 2, (SIZE, 2)).astype("i8"),
        "row_weights": r.randint(0, 3, (SIZE, 1)).astype("f4"),
    }


def _bits(t: Any, x: Any) -> Any:
    return t.greater(x, 0.5)


def _sparse(t: Any, x: Any) -> Any:
    places = np.array([[i, j] for i in range(SIZE) for j in range(2)], "i8")
    return t.SparseTensor(places, t.reshape(x, [-1]), np.array([SIZE, 2], "i8"))


TABLE: dict[str, Build] = {
    "mean": lambda t, x: t.metrics.mean(x["rows"]),
    "mean weighted": lambda t, x: t.metrics.mean(x["rows"], x["row_weights"], name="named"),
    "mean of integers": lambda t, x: t.metrics.mean(x["classes"]),
    "mean_tensor": lambda t, x: t.metrics.mean_tensor(x["rows"]),
    "mean_tensor weighted": lambda t, x: t.metrics.mean_tensor(x["rows"], x["row_weights"]),
    "accuracy": lambda t, x: t.metrics.accuracy(x["classes"], x["guesses"]),
    "accuracy weighted": lambda t, x: t.metrics.accuracy(
        x["classes"], t.cast(x["guesses"], t.float32), x["weights"]
    ),
    "accuracy of a column": lambda t, x: t.metrics.accuracy(
        x["classes"], t.expand_dims(x["guesses"], 1), t.expand_dims(x["weights"], 1)
    ),
    "mean_absolute_error": lambda t, x: t.metrics.mean_absolute_error(x["rows"], x["columns"]),
    "mean_squared_error": lambda t, x: t.metrics.mean_squared_error(
        x["rows"], x["columns"], x["row_weights"]
    ),
    "root_mean_squared_error": lambda t, x: t.metrics.root_mean_squared_error(
        x["rows"], x["columns"]
    ),
    "mean_relative_error": lambda t, x: t.metrics.mean_relative_error(
        x["labels"], x["scores"], x["weights"]
    ),
    "mean_cosine_distance": lambda t, x: t.metrics.mean_cosine_distance(
        t.nn.l2_normalize(x["rows"], 1), t.nn.l2_normalize(x["columns"], 1), 1
    ),
    "percentage_below": lambda t, x: t.metrics.percentage_below(x["scores"], 0.3, x["weights"]),
    "mean_per_class_accuracy": lambda t, x: t.metrics.mean_per_class_accuracy(
        x["classes"], x["guesses"], CLASSES
    ),
    "mean_per_class_accuracy weighted": lambda t, x: t.metrics.mean_per_class_accuracy(
        t.reshape(x["classes"], [3, 4]),
        t.reshape(x["guesses"], [3, 4]),
        CLASSES,
        t.reshape(x["weights"], [3, 4]),
    ),
    "mean_iou": lambda t, x: t.metrics.mean_iou(x["classes"], x["guesses"], CLASSES),
    "mean_iou weighted": lambda t, x: t.metrics.mean_iou(
        x["classes"], x["guesses"], CLASSES + 1, x["weights"]
    ),
    "true_positives": lambda t, x: t.metrics.true_positives(x["labels"], _bits(t, x["scores"])),
    "true_negatives": lambda t, x: t.metrics.true_negatives(
        x["labels"], _bits(t, x["scores"]), x["weights"]
    ),
    "false_positives": lambda t, x: t.metrics.false_positives(x["labels"], _bits(t, x["scores"])),
    "false_negatives": lambda t, x: t.metrics.false_negatives(
        x["labels"], _bits(t, x["scores"]), 2.0
    ),
    "precision": lambda t, x: t.metrics.precision(x["labels"], _bits(t, x["scores"])),
    "precision weighted": lambda t, x: t.metrics.precision(
        x["labels"], _bits(t, x["scores"]), x["weights"]
    ),
    "recall": lambda t, x: t.metrics.recall(x["labels"], _bits(t, x["scores"]), x["weights"]),
    "auc": lambda t, x: t.metrics.auc(x["labels"], x["scores"]),
    "auc weighted": lambda t, x: t.metrics.auc(
        x["labels"], x["scores"], x["weights"], num_thresholds=20
    ),
    "auc careful": lambda t, x: t.metrics.auc(
        x["labels"],
        x["scores"],
        num_thresholds=30,
        curve="PR",
        summation_method="careful_interpolation",
    ),
    "auc careful ROC": lambda t, x: t.metrics.auc(
        x["labels"], x["scores"], summation_method="careful_interpolation"
    ),
    "auc minoring": lambda t, x: t.metrics.auc(
        x["labels"], x["scores"], curve="PR", summation_method="minoring"
    ),
    "auc majoring": lambda t, x: t.metrics.auc(
        x["labels"], x["scores"], summation_method="majoring", thresholds=[0.7, 0.2]
    ),
    "precision_at_thresholds": lambda t, x: t.metrics.precision_at_thresholds(
        x["labels"], x["scores"], [0.2, 0.7]
    ),
    "recall_at_thresholds": lambda t, x: t.metrics.recall_at_thresholds(
        x["labels"], x["scores"], [0.2, 0.7], x["weights"]
    ),
    "true_positives_at_thresholds": lambda t, x: t.metrics.true_positives_at_thresholds(
        x["labels"], x["scores"], [0.2, 0.7]
    ),
    "true_negatives_at_thresholds": lambda t, x: t.metrics.true_negatives_at_thresholds(
        x["labels"], x["scores"], [0.2, 0.7], x["weights"]
    ),
    "false_positives_at_thresholds": lambda t, x: t.metrics.false_positives_at_thresholds(
        x["labels"], x["scores"], [0.2, 0.7]
    ),
    "false_negatives_at_thresholds": lambda t, x: t.metrics.false_negatives_at_thresholds(
        x["labels"], x["scores"], [0.2, 0.7]
    ),
    "sensitivity_at_specificity": lambda t, x: t.metrics.sensitivity_at_specificity(
        x["labels"], x["scores"], 0.6
    ),
    "specificity_at_sensitivity": lambda t, x: t.metrics.specificity_at_sensitivity(
        x["labels"], x["scores"], 0.6, x["weights"], num_thresholds=50
    ),
    "recall_at_k": lambda t, x: t.metrics.recall_at_k(x["classes"], x["rows"], 2),
    "recall_at_k weighted": lambda t, x: t.metrics.recall_at_k(
        x["several"], x["rows"], 3, weights=x["weights"]
    ),
    "recall_at_k of a class": lambda t, x: t.metrics.recall_at_k(
        x["several"], x["rows"], 3, class_id=2
    ),
    "recall_at_k sparse": lambda t, x: t.metrics.recall_at_k(
        _sparse(t, x["several"]), x["rows"], 3, class_id=1
    ),
    "recall_at_top_k": lambda t, x: t.metrics.recall_at_top_k(x["classes"], x["several"]),
    "precision_at_k": lambda t, x: t.metrics.precision_at_k(
        x["several"], x["rows"], 2, weights=x["weights"]
    ),
    "precision_at_k of a class": lambda t, x: t.metrics.precision_at_k(
        x["several"], x["rows"], 2, class_id=3, name="mine"
    ),
    "sparse_precision_at_k": lambda t, x: t.metrics.sparse_precision_at_k(
        _sparse(t, x["several"]), x["rows"], 2
    ),
    "precision_at_top_k": lambda t, x: t.metrics.precision_at_top_k(
        x["classes"], x["several"], k=2, class_id=1
    ),
    "average_precision_at_k": lambda t, x: t.metrics.average_precision_at_k(
        x["several"], x["rows"], 3
    ),
    "average_precision_at_k weighted": lambda t, x: t.metrics.average_precision_at_k(
        _sparse(t, x["several"]), x["rows"], 3, x["weights"]
    ),
    "sparse_average_precision_at_k": lambda t, x: t.metrics.sparse_average_precision_at_k(
        x["classes"], x["rows"], 1
    ),
}


def _outcome(t: Any, build: Build) -> tuple[list[Any], list[str]]:
    """Updates and values of each batch; the names of value, update and local variables."""
    with t.Graph().as_default():
        inputs = {k: t.placeholder(v.dtype, v.shape, name=k) for k, v in _batch(0).items()}
        value, update = build(t, inputs)
        rows = []
        with t.Session() as session:
            session.run(t.local_variables_initializer())
            for seed in range(BATCHES):
                feeds = {inputs[k]: v for k, v in _batch(seed).items()}
                rows.append(session.run(update, feeds))
                rows.append(session.run(value))
        return rows, [value.name, update.name, *(v.name for v in t.local_variables())]


@pytest.fixture(scope="module")
def oracle() -> Iterator[Any]:
    v1 = pytest.importorskip("tensorflow").compat.v1
    v1.disable_resource_variables()
    v1.disable_control_flow_v2()
    yield v1
    v1.enable_resource_variables()
    v1.enable_control_flow_v2()


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore:.*is NaN")
@pytest.mark.parametrize("name", TABLE)
def test_metric_as_in_tensorflow(name: str, oracle: Any) -> None:
    want, names = _outcome(oracle, TABLE[name])
    got, own_names = _outcome(tf, TABLE[name])
    for g, w in zip(got, want, strict=True):
        np.testing.assert_allclose(g, w, rtol=2e-6, atol=1e-7)
        assert np.asarray(g).dtype == np.asarray(w).dtype
    assert own_names == names


def test_every_metric_is_in_the_table() -> None:
    assert {name.split()[0] for name in TABLE} == set(tf.metrics.__all__)


@pytest.mark.parametrize("ranks", [(1, 1), (1, 2), (2, 1), (2, 2)])
def test_ranks_known_in_runs_only(ranks: tuple[int, int]) -> None:
    shapes = {1: [4], 2: [4, 1]}
    values, weights = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    mean, update = tf.metrics.mean(values, weights)
    feeds = {
        values: np.reshape([1.0, 2.0, 3.0, 4.0], shapes[ranks[0]]),
        weights: np.reshape([1.0, 0.0, 0.0, 3.0], shapes[ranks[1]]),
    }
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        np.testing.assert_allclose(session.run(update, feeds), 3.25)
        np.testing.assert_allclose(session.run(mean), 3.25)


def test_collections() -> None:
    value, update = tf.metrics.precision([True], [True], None, ["values"], ["updates"])
    assert tf.get_collection("values") == [value] and tf.get_collection("updates") == [update]
    names = [v.name for v in tf.get_collection(tf.GraphKeys.METRIC_VARIABLES)]
    assert names == ["precision/true_positives/count:0", "precision/false_positives/count:0"]
    assert not tf.trainable_variables() and not tf.global_variables()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda x: tf.metrics.auc([1.0], x, curve="RPC"), "curve must be"),
        (lambda x: tf.metrics.auc([1.0], x, summation_method="simpson"), "summation_method"),
        (lambda x: tf.metrics.sensitivity_at_specificity([1.0], x, 1.5), "range"),
        (lambda x: tf.metrics.specificity_at_sensitivity([1.0], x, -0.5), "range"),
        (lambda x: tf.metrics.average_precision_at_k([1], [[0.5]], 0), "Invalid k=0"),
        (lambda x: tf.metrics.mean_squared_error([1.0, 2.0, 3.0], [1.0, 2.0]), "ncompatible"),
        (lambda x: tf.metrics.recall_at_top_k([[[1]]], tf.constant([[1]])), "Unexpected labels"),
    ],
)
def test_bad_arguments(build: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(tf.constant([0.5]))


def test_scores_out_of_range() -> None:
    _, update = tf.metrics.auc([1.0, 0.0], tf.constant([0.5, 1.5]))
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match="predictions must be in"):
            session.run(update)
