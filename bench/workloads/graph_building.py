"""Building a chain of additions, each with its constant, and the gradient through it.

Times are for one addition; as the graph grows from 1,000 to 10,000 they should stay as they are.
"""

from __future__ import annotations

import gc
from typing import Any

from bench.workload import SUBJECTS, Metric, Sample, Subject, Workload, seconds, tensorflow_v1

SIZES = (1_000, 10_000)


def _sample(tf: Any, size: int) -> Sample:
    """Time for an addition and for its gradient, in a new graph of `size` additions."""
    with tf.Graph().as_default():
        x = y = tf.placeholder(tf.float32, [])

        def build() -> None:
            nonlocal y
            for _ in range(size):
                y = tf.add(y, 1.0)

        gc.collect()  # the graph before
        building = seconds(build) / size
        differentiating = seconds(lambda: tf.gradients(y, x)) / size
    return {f"add_{size}": building, f"gradient_{size}": differentiating}


def _value(tf: Any) -> list[float]:
    """The sum and its gradient, to see that the graph is right."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = y = tf.placeholder(tf.float32, [])
        for _ in range(10):
            y = tf.add(y, 1.0)
        return [float(v) for v in session.run([y, *tf.gradients(y, x)], {x: 2.0})]


def _graph(tf: Any) -> Subject:
    def sample() -> Sample:
        return {k: v for size in SIZES for k, v in _sample(tf, size).items()}

    return Subject(sample, _value(tf))


def _evergraph() -> Subject:
    from evergraph import tf

    return _graph(tf)


def _tensorflow() -> Subject:
    return _graph(tensorflow_v1())


def _notes(medians: dict[str, dict[str, float]]) -> list[str]:
    small, large = SIZES
    lines = []
    for subject, median in medians.items():
        adds = median[f"add_{large}"] / median[f"add_{small}"]
        grads = median[f"gradient_{large}"] / median[f"gradient_{small}"]
        lines.append(
            f"{SUBJECTS[subject]}: with ten times the graph an addition takes {adds:.2f} times, "
            f"its gradient {grads:.2f} times as long."
        )
    return lines


WORKLOAD = Workload(
    title="Building graphs",
    metrics={
        f"{what}_{size}": Metric(f"{label}, graph of {size:,}")
        for size in SIZES
        for what, label in (("add", "an addition"), ("gradient", "its gradient"))
    },
    subjects={"evergraph": _evergraph, "tensorflow": _tensorflow},
    rounds=5,
    slot=0.0,
    notes=_notes,
)
