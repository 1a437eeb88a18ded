"""What the turns of a `tf.while_loop` cost, and those of its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.workload import Metric, Subject, Workload, limited_config, seconds, tensorflow_v1

_TURNS, _STEPS = 10_000, 1_000


def _graph(tf: Any) -> Subject:
    x = tf.constant(np.full(4, 0.5, np.float32))
    sums = tf.while_loop(
        lambda i, y: i < _TURNS, lambda i, y: (i + 1, y * 0.9999 + x), [tf.constant(0), x]
    )[1]
    w = tf.constant(0.9 * np.eye(64, dtype=np.float32))
    states = tf.while_loop(
        lambda i, h: i < _STEPS,
        lambda i, h: (i + 1, tf.tanh(tf.matmul(h, w))),
        [tf.constant(0), tf.ones([8, 64])],
    )[1]
    fetches = {
        "small": sums,
        "small_gradient": tf.gradients(sums, x)[0],
        "recurrent": states,
        "recurrent_gradient": tf.gradients(states, w)[0],
    }
    session = tf.Session(config=limited_config(tf))
    run = session.run

    def sample() -> dict[str, float]:
        return {name: seconds(lambda f=f: run(f)) for name, f in fetches.items()}  # type: ignore[misc]

    return Subject(sample, [float(np.sum(run(fetches[n]))) for n in ("small", "small_gradient")])


def _evergraph() -> Subject:
    from evergraph import tf

    return _graph(tf)


def _tensorflow() -> Subject:
    return _graph(tensorflow_v1())


WORKLOAD = Workload(
    title="tf.while_loop",
    metrics={
        "small": Metric(f"{_TURNS:,} turns of y * 0.9999 + x, 4 elements"),
        "small_gradient": Metric("its gradient"),
        "recurrent": Metric(f"{_STEPS:,} turns of tanh(h @ w), 8 x 64"),
        "recurrent_gradient": Metric("its gradient by w"),
    },
    subjects={"evergraph": _evergraph, "tensorflow": _tensorflow},
)
