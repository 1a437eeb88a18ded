"""What a session gives is the caller's own: it shares no memory with state, feeds or constants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evergraph import tf


@pytest.fixture
def session() -> Any:
    """A session of the default graph."""
    with tf.Session() as s:
        yield s


def placeholder(shape: Any = None) -> Any:
    return tf.placeholder(tf.float32, shape, "x")


def _overwrite(array: Any) -> None:
    if isinstance(array, np.ndarray):
        array[...] = 777


VIEWS = {
    "itself": lambda t: t,
    "identity": tf.identity,
    "reshape": lambda t: tf.reshape(t, [4]),
    "transpose": lambda t: tf.transpose(t, [1, 0]),
    "slice": lambda t: t[:1],
    "expand": lambda t: tf.expand_dims(t, 0),
    "cast": lambda t: tf.cast(t, tf.float32),
    "stop_gradient": tf.stop_gradient,
    "split": lambda t: tf.split(t, 2)[0],
    "unstack": lambda t: tf.unstack(t)[0],
    "broadcast": lambda t: tf.broadcast_to(t, [1, 2, 2]),
    "sum over nothing": lambda t: tf.reduce_sum(t, []),
    "times one": lambda t: t * 1.0,
    "concat of one": lambda t: tf.concat([t], 0),
    "squeeze": lambda t: tf.squeeze(t),
    "check": lambda t: tf.check_numerics(t, "message"),
    "pad": lambda t: tf.pad(t, [[0, 0], [0, 0]]),
    "tile": lambda t: tf.tile(t, [1, 1]),
    "relu": tf.nn.relu,
    "minus minus": lambda t: tf.negative(-t),
    "add_n": lambda t: tf.add_n([t]),
}


@pytest.mark.parametrize("view", VIEWS)
def test_results_share_no_memory_with_constants(session: Any, view: str) -> None:
    t = VIEWS[view](tf.constant([[1.0, 2.0], [3.0, 4.0]]))
    first = session.run(t)
    kept = first.copy()
    _overwrite(first)
    np.testing.assert_array_equal(session.run(t), kept)


@pytest.mark.parametrize("view", VIEWS)
def test_results_share_no_memory_with_feeds(session: Any, view: str) -> None:
    x = placeholder((2, 2))
    t = VIEWS[view](x)
    source = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    given = source.copy()
    got = session.run(t, {x: given})
    kept = got.copy()
    _overwrite(given)
    np.testing.assert_array_equal(got, kept)
    given[...] = source
    _overwrite(got)
    np.testing.assert_array_equal(given, source)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("resource", [False, True])
def test_results_share_no_memory_with_variables(session: Any, view: str, resource: bool) -> None:
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0]], use_resource=resource)
    t = VIEWS[view](v.read_value() if view == "itself" else v)
    session.run(v.initializer)
    before = session.run(v)
    got = session.run(t)
    kept = got.copy()
    session.run(v.assign_add([[1.0, 1.0], [1.0, 1.0]]))
    np.testing.assert_array_equal(got, kept)
    session.run(v.assign(before))
    _overwrite(got)
    np.testing.assert_array_equal(session.run(v), before)


@pytest.mark.parametrize("resource", [False, True])
def test_fetched_updates_share_no_memory_with_variables(session: Any, resource: bool) -> None:
    v = tf.Variable([1.0, 2.0], use_resource=resource)
    x = placeholder((2,))
    given = np.array([5.0, 6.0], np.float32)
    assign, add = v.assign(x), v.assign_add([1.0, 1.0])
    session.run(v.initializer)
    for fetches in ([assign], [assign, v], [assign, tf.identity(v)], [assign, v.read_value()]):
        for got in session.run(fetches, {x: given}):
            _overwrite(got)
        assert session.run(v).tolist() == [5.0, 6.0] and given.tolist() == [5.0, 6.0]
    _overwrite(session.run(add))
    assert session.run(v).tolist() == [6.0, 7.0]


def test_a_feed_that_became_a_variable_is_the_sessions_own(session: Any) -> None:
    v = tf.Variable([0.0, 0.0])
    x = placeholder((2,))
    given = np.array([1.0, 2.0], np.float32)
    session.run(v.assign(tf.reshape(x, [2])), {x: given})
    _overwrite(given)
    assert session.run(v).tolist() == [1.0, 2.0]


def test_initial_values_are_copied(session: Any) -> None:
    array = np.array([1.0, 2.0], np.float32)
    v = tf.Variable(array)
    session.run(v.initializer)
    _overwrite(session.run(v.initial_value))
    _overwrite(array)
    session.run(v.initializer)
    assert session.run(v).tolist() == [1.0, 2.0]


def test_two_variables_with_one_value_are_two(session: Any) -> None:
    x = tf.constant([1.0, 2.0]) * placeholder(())
    a, b = tf.Variable([0.0, 0.0]), tf.Variable([0.0, 0.0])
    session.run([a.assign(x), b.assign(x)], {"x:0": 1.0})
    session.run(a.assign_add([1.0, 1.0]))
    assert session.run([a, b])[1].tolist() == [1.0, 2.0]
