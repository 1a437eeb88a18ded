"""What a `Session.run` costs that computes next to nothing: a sum of two scalars."""

from __future__ import annotations

from typing import Any

from bench.workload import Metric, Subject, Workload, limited_config, seconds, tensorflow_v1


def _graph(tf: Any) -> Subject:
    c = tf.constant(1.0) + tf.constant(2.0)
    x, y = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
    s = x + y
    session = tf.Session(config=limited_config(tf))
    run = session.run

    def sample() -> dict[str, float]:
        return {
            "constants": seconds(lambda: run(c)),
            "placeholders": seconds(lambda: run(s, {x: 1.0, y: 2.0})),
        }

    return Subject(sample, [float(run(c)), float(run(s, {x: 3.0, y: 4.0}))])


def _evergraph() -> Subject:
    from evergraph import tf

    return _graph(tf)


def _tensorflow() -> Subject:
    return _graph(tensorflow_v1())


WORKLOAD = Workload(
    title="Trivial Session.run",
    metrics={
        "constants": Metric("sum of two constants"),
        "placeholders": Metric("sum of two placeholders, fed"),
    },
    subjects={"evergraph": _evergraph, "tensorflow": _tensorflow},
)
