"""Counts of bytes: what runs feed, fetch, and would move between devices."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import evergraph
from evergraph import tf


@pytest.fixture
def session() -> Any:
    """A session that knows of its missing devices."""
    with tf.Session(config=tf.ConfigProto(allow_soft_placement=True)) as s:
        yield s


@pytest.mark.smoke
def test_bytes_of_runs_are_counted(session: Any) -> None:
    x = tf.placeholder(tf.float32, [None])
    y = x * 2.0
    with evergraph.profile() as p:
        session.run(y, {x: np.ones(10)})
        session.run([y, y[:1]], {x: np.ones(5)})
    assert (p.runs, p.bytes_fed, p.bytes_fetched) == (2, 40 + 20, 40 + 20 + 4)
    assert p.bytes_moved == 0


def test_nothing_is_counted_outside(session: Any) -> None:
    x = tf.constant([1.0, 2.0])
    with evergraph.profile() as p:
        pass
    session.run(x)
    assert (p.runs, p.bytes_fetched) == (0, 0)


def test_profiles_nest(session: Any) -> None:
    x = tf.constant([1.0, 2.0])
    with evergraph.profile() as outer:
        session.run(x)
        with evergraph.profile() as inner:
            session.run(x)
    assert (outer.runs, inner.runs) == (2, 1)
    assert (outer.bytes_fetched, inner.bytes_fetched) == (16, 8)


def test_operations_and_empty_fetches_count_nothing(session: Any) -> None:
    op = tf.no_op()
    with evergraph.profile() as p:
        session.run([op, []])
    assert (p.runs, p.bytes_fed, p.bytes_fetched) == (1, 0, 0)


def test_what_crosses_between_devices(session: Any) -> None:
    x = tf.placeholder(tf.float32, [None])
    with tf.device("/gpu:0"):
        y = x * 2.0
    with tf.device("/cpu:0"):
        z = x + 1.0
    plain = z + 1.0
    given = {x: np.ones(4, np.float32)}
    for fetches, moved in ((y, 32), (plain, 16), ([y, plain], 32)):
        with evergraph.profile() as p:
            session.run(fetches, given)
        assert p.bytes_moved == moved, fetches


def test_weights_copied_at_every_step_can_be_seen(session: Any) -> None:
    """The lecture's copy problem: weights that live outside of the graph cross twice a step."""
    with tf.device("/gpu:0"):
        x = tf.placeholder(tf.float32, [64, 100])
        w = tf.placeholder(tf.float32, [100, 10])
        loss = tf.reduce_sum(tf.square(tf.matmul(x, w)))
        (gradient,) = tf.gradients(loss, w)
        v = tf.Variable(np.zeros((100, 10), np.float32))
        own_loss = tf.reduce_sum(tf.square(tf.matmul(x, v)))
        step = tf.train.GradientDescentOptimizer(0.1).minimize(own_loss).values()
    session.run(v.initializer)
    data = np.ones((64, 100), np.float32)
    with evergraph.profile() as outside:
        session.run([loss, gradient], {x: data, w: np.zeros((100, 10), np.float32)})
    with evergraph.profile() as inside:
        session.run([own_loss, step], {x: data})
    weights = 100 * 10 * 4
    assert outside.bytes_moved - inside.bytes_moved >= 2 * weights
    assert inside.bytes_moved == data.nbytes + 4


def test_metadata_of_a_run(session: Any) -> None:
    x = tf.placeholder(tf.float32, [None])
    metadata = tf.RunMetadata()
    for n in (3, 5):
        session.run(x * 1.0, {x: np.ones(n)}, run_metadata=metadata)
        assert metadata.traffic.bytes_fed == metadata.traffic.bytes_fetched == 4 * n
        assert metadata.traffic.bytes_moved == 0


def test_runs_of_threads_are_all_counted(session: Any) -> None:
    x = tf.constant([1.0, 2.0])
    with evergraph.profile() as p:
        work = [threading.Thread(target=lambda: session.run(x)) for _ in range(8)]
        for t in work:
            t.start()
        for t in work:
            t.join()
    assert (p.runs, p.bytes_fetched) == (8, 64)
