"""Warnings of the classic traps: each once, with the line and the cure; never without a reason."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import evergraph
from evergraph import tf
from evergraph.runtime import traps
from evergraph.settings import settings

LOOP = 2 * traps.LOOKS_LIKE_A_LOOP


def warned(program: Callable[[], Any]) -> list[Any]:
    """The warnings that a program gives, run in a graph and a session of its own."""
    with warnings.catch_warnings(record=True) as caught, tf.Graph().as_default():
        warnings.simplefilter("always")
        program()
    return [w for w in caught if issubclass(w.category, evergraph.EvergraphWarning)]


def regression(optimize: bool = True) -> tuple[Any, Any, Any]:
    """A variable, its loss and the step that trains it."""
    x = tf.placeholder(tf.float32, [None], name="x")
    w = tf.Variable(3.0, name="w")
    loss = tf.reduce_mean(tf.square(w * x - 1.0), name="loss")
    if optimize:
        return w, loss, tf.train.GradientDescentOptimizer(0.1).minimize(loss, name="training")
    (g,) = tf.gradients(loss, w)
    return w, loss, w.assign(w - 0.1 * g, name="new_w")  # the update


FEED = {"x:0": [1.0, 2.0]}


# -- the update that no run asks for ---------------------------------------------------------
@pytest.mark.smoke
def test_an_assignment_that_is_never_run() -> None:
    def program() -> None:
        _, loss, _ = regression(optimize=False)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for _ in range(LOOP):
                session.run(loss, FEED)

    (w,) = warned(program)
    text = str(w.message)
    for part in ("'w'", "new_w", "never run", "sess.run([loss, train_op])", "# the update"):
        assert part in text
    assert w.filename == __file__
    with open(__file__) as f:
        assert "# the update" in f.read().splitlines()[w.lineno - 1]


def test_an_optimizer_that_is_never_run() -> None:
    def program() -> None:
        w, loss, _ = regression()
        session = tf.Session()
        session.run(w.initializer)
        for _ in range(LOOP):
            session.run([loss, w], FEED)
        session.close()
        session.close()

    (w,) = warned(program)
    assert "training" in str(w.message) and "nothing is learnt" in str(w.message)


def test_each_graph_is_told_once() -> None:
    def program() -> None:
        w, loss, _ = regression()
        for fetches in (loss, [loss], [loss, w]):
            with tf.Session() as session:
                session.run(w.initializer)
                for _ in range(LOOP):
                    session.run(fetches, FEED)

    assert len(warned(program)) == 1


def test_sessions_that_are_never_closed_are_told_at_the_end() -> None:
    source = """
import numpy as np
from evergraph import tf
w = tf.Variable(3.0)
loss = w * w
step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
session = tf.Session()
session.run(w.initializer)
for _ in range(20):
    session.run(loss)
print("done")
"""
    got = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=True
    )
    assert got.stdout == "done\n" and got.stderr.count("never run") == 1


def quiet(loop: Callable[[Any, Any, Any, Any], Any]) -> list[Any]:
    """The warnings of `loop(session, w, loss, step)` with an initialised variable."""

    def program() -> None:
        w, loss, step = regression()
        with tf.Session() as session:
            session.run(w.initializer)
            loop(session, w, loss, step)

    return warned(program)


def test_training_is_no_trap() -> None:
    def together(session: Any, w: Any, loss: Any, step: Any) -> None:
        for _ in range(LOOP):
            session.run([loss, step], FEED)

    def in_turns(session: Any, w: Any, loss: Any, step: Any) -> None:
        for _ in range(LOOP):
            session.run(step, FEED)
            session.run(loss, FEED)

    def first_look_then_train(session: Any, w: Any, loss: Any, step: Any) -> None:
        for _ in range(LOOP):
            session.run(loss, FEED)
        session.run(step, FEED)

    def train_then_look(session: Any, w: Any, loss: Any, step: Any) -> None:
        session.run(step, FEED)
        for _ in range(LOOP):
            session.run(loss, FEED)

    def by_callable(session: Any, w: Any, loss: Any, step: Any) -> None:
        train = session.make_callable(step, ["x:0"])
        for _ in range(LOOP):
            train([1.0])
            session.run(loss, FEED)

    for loop in (together, in_turns, first_look_then_train, train_then_look, by_callable):
        assert not quiet(loop), loop.__name__


def test_a_few_looks_are_no_trap() -> None:
    def few(session: Any, w: Any, loss: Any, step: Any) -> None:
        for _ in range(traps.LOOKS_LIKE_A_LOOP - 1):
            session.run(loss, FEED)

    def something_else(session: Any, w: Any, loss: Any, step: Any) -> None:
        doubled = w * 2.0
        for _ in range(LOOP):
            session.run(doubled)

    assert not quiet(few) and not quiet(something_else)


def test_evaluating_what_was_learnt_elsewhere_is_no_trap() -> None:
    def evaluate(session: Any, loss: Any) -> None:
        for _ in range(LOOP):
            session.run(loss, FEED)

    def assigned(session: Any, w: Any, loss: Any, step: Any) -> None:
        session.run(w.assign(7.0))
        evaluate(session, loss)

    def loaded(session: Any, w: Any, loss: Any, step: Any) -> None:
        w.load(7.0, session)
        evaluate(session, loss)

    def fed(session: Any, w: Any, loss: Any, step: Any) -> None:
        session.run(w.initializer, {w.initializer.inputs[1]: 7.0})
        evaluate(session, loss)

    for loop in (assigned, loaded, fed):
        assert not quiet(loop), loop.__name__


def test_a_loss_without_training_is_no_trap() -> None:
    def program() -> None:
        w = tf.Variable(3.0)
        w.assign(w * 2.0)  # made, never run, but no step of training
        loss = w * w
        tf.gradients(loss, w)
        with tf.Session() as session:
            session.run(w.initializer)
            for _ in range(LOOP):
                session.run(loss)

    assert not warned(program)


def test_the_switches(monkeypatch: pytest.MonkeyPatch) -> None:
    def loop(session: Any, w: Any, loss: Any, step: Any) -> None:
        for _ in range(LOOP):
            session.run(loss, FEED)

    monkeypatch.setattr(settings, "warn", False)
    assert not quiet(loop)
    monkeypatch.setattr(settings, "warn", True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", evergraph.EvergraphWarning)
        w, loss, _ = regression()
        with tf.Session() as session:
            session.run(w.initializer)
            loop(session, w, loss, None)
    assert issubclass(evergraph.EvergraphWarning, UserWarning)


# -- weights that go in and out --------------------------------------------------------------
def by_hand(weight_shape: Any, fetch_gradient: bool = True) -> Callable[[], None]:
    """A program that keeps its weights outside of the graph."""

    def program() -> None:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        w = tf.placeholder(tf.float32, weight_shape, name="w")  # the weights
        loss = tf.reduce_sum(tf.square(tf.matmul(x, w)))
        (g,) = tf.gradients(loss, w)
        value = np.ones((2, 1), np.float32)
        with tf.Session() as session:
            for _ in range(LOOP):
                fetches = [loss, g] if fetch_gradient else [loss]
                got = session.run(fetches, {x: np.ones((3, 2)), w: value})
                value = value - 0.01 * got[-1]

    return program


def test_weights_fed_while_their_gradient_is_fetched() -> None:
    (w,) = warned(by_hand((2, 1)))
    for part in ("w: fed at every step", "tf.Variable", "# the weights"):
        assert part in str(w.message)
    assert w.filename == __file__


def test_feeding_without_gradients_is_no_trap() -> None:
    assert not warned(by_hand((2, 1), fetch_gradient=False))


def test_gradients_by_data_are_no_trap() -> None:
    assert not warned(by_hand((None, 1)))
    assert not warned(by_hand(None))


def test_a_few_steps_by_hand_are_no_trap() -> None:
    def program() -> None:
        w = tf.placeholder(tf.float32, [2])
        (g,) = tf.gradients(w * w, w)
        with tf.Session() as session:
            for _ in range(traps.FED_AGAIN - 1):
                session.run(g, {w: [1.0, 2.0]})

    assert not warned(program)


def test_a_long_loop_hears_of_it_before_it_ends() -> None:
    x = tf.placeholder(tf.float32, [2])
    w = tf.Variable([1.0, 2.0])
    loss = tf.reduce_sum(tf.square(x * w))
    tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    with pytest.warns(evergraph.EvergraphWarning, match="never run"):
        for _ in range(100):
            session.run(loss, {x: [1.0, 1.0]})
