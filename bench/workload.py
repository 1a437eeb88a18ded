"""What a workload is: metrics, and for each subject a function that takes one sample of them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

# The order of the table's columns; ours is the one that the others are compared with.
OURS = "evergraph"
SUBJECTS = {
    OURS: "evergraph",
    "tensorflow": "TensorFlow",
    "torch": "PyTorch",
    "jax": "JAX",
    "numpy": "NumPy",
}

Sample = dict[str, float]


@dataclass(frozen=True)
class Metric:
    """A number that a sample gives: `unit` is "s" or "B"; less is better."""

    label: str
    unit: str = "s"


@dataclass
class Subject:
    """A workload made ready in one library.

    `sample()` does the work once and returns the metrics. `check` are numbers that must agree
    between subjects, to show that they do the same.
    """

    sample: Callable[[], Sample]
    check: list[float] = field(default_factory=list)


@dataclass
class Workload:
    """A row, or several, of the table."""

    title: str
    metrics: dict[str, Metric]
    subjects: dict[str, Callable[[], Subject]]
    rounds: int = 20
    slot: float = 0.2
    notes: Callable[[dict[str, dict[str, float]]], list[str]] = lambda medians: []


def seconds(work: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def timed(work: Callable[[], object]) -> Callable[[], Sample]:
    """A sample function whose one metric, `time`, is a call's."""
    return lambda: {"time": seconds(work)}


def threads() -> int:
    """How many threads each subject may use."""
    return int(os.environ.get("BENCH_THREADS") or os.cpu_count() or 1)


def tensorflow_v1() -> object:
    """TensorFlow's compat.v1 in graph mode."""
    import tensorflow.compat.v1 as tf

    tf.disable_eager_execution()
    return tf


def limited_config(tf: object) -> object:
    """A session's configuration with as many threads as every subject gets."""
    return tf.ConfigProto(  # type: ignore[attr-defined]
        intra_op_parallelism_threads=threads(), inter_op_parallelism_threads=threads()
    )
