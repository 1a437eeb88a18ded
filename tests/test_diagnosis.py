"""Diagnosis: graphs that grow, and where NaN and infinity begin."""

from __future__ import annotations

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


def told(program: Callable[[], Any]) -> list[Any]:
    """The warnings that a program gives, run in a graph of its own."""
    with warnings.catch_warnings(record=True) as caught, tf.Graph().as_default():
        warnings.simplefilter("always")
        program()
    return [w for w in caught if issubclass(w.category, evergraph.EvergraphWarning)]


def line_of(warning: Any) -> str:
    """The source line that a warning points at."""
    assert warning.filename == __file__
    with open(__file__) as file:
        return file.read().splitlines()[warning.lineno - 1]


def only(program: Callable[[], Any]) -> Any:
    """The one warning of a program."""
    (warning,) = told(program)
    return warning


# -- graphs that grow ------------------------------------------------------------------------
@pytest.mark.smoke
def test_operations_made_in_the_loop() -> None:
    def program() -> None:
        x = tf.constant(1.0)
        with tf.Session() as session:
            for _ in range(LOOP):
                y = x * 2.0  # grows here
                session.run(y)

    w = only(program)
    assert "grows here" in line_of(w)
    for part in ("The graph grows between runs", "2 each time", "placeholder", "finalize"):
        assert part in str(w.message)


def test_assignments_made_in_the_loop() -> None:
    def program() -> None:
        v = tf.Variable(0.0)
        with tf.Session() as session:
            session.run(v.initializer)
            for i in range(LOOP):
                session.run(tf.assign(v, float(i)))  # assigned

    w = only(program)
    assert "assigned" in line_of(w) and "variable.load(value, session)" in str(w.message)


def test_training_made_in_the_loop() -> None:
    def program() -> None:
        v = tf.Variable(3.0)
        loss = v * v
        with tf.Session() as session:
            session.run(v.initializer)
            for _ in range(LOOP):
                train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)  # made anew
                session.run(train)

    w = only(program)
    assert "made anew" in line_of(w) and "training operation once" in str(w.message)


def test_operations_made_by_a_function_that_the_loop_calls() -> None:
    def program() -> None:
        def next_of(x: Any) -> Any:
            return tf.sqrt(x)  # by a helper

        x: Any = tf.constant(2.0)
        with tf.Session() as session:
            for _ in range(LOOP):
                x = next_of(x)
                x.eval()
        assert session.graph is x.graph

    assert "by a helper" in line_of(only(program))


def test_a_session_for_each_run_does_not_hide_it() -> None:
    def program() -> None:
        for i in range(LOOP):
            y = tf.constant(float(i)) + 1.0  # once more
            with tf.Session() as session:
                session.run(y)

    assert "once more" in line_of(only(program))


def test_building_between_runs_is_no_growth() -> None:
    def program() -> None:
        x: Any = tf.placeholder(tf.float32, [None, 2])
        feed = {x: [[1.0, 2.0]]}
        h = x
        with tf.Session() as session:
            for size in range(2, 8):  # a network of six layers, looked at layer by layer
                h = tf.layers.dense(h, size)
                session.run(tf.global_variables_initializer())
                session.run(h, feed)
            y = tf.reduce_sum(h)
            session.run(y, feed)
            z = y + 1.0
            for _ in range(LOOP):
                session.run(z, feed)

    assert not told(program)


def test_loops_that_build_before_running_are_no_growth() -> None:
    def program() -> None:
        x: Any = tf.constant(1.0)
        for _ in range(LOOP):
            x = x + 1.0
        with tf.Session() as session:
            for _ in range(LOOP):
                session.run(x)

    assert not told(program)


def test_a_graph_for_each_run_is_no_growth() -> None:
    def program() -> None:
        for _ in range(LOOP):
            with tf.Graph().as_default(), tf.Session() as session:
                session.run(tf.constant(1.0) + 1.0)

    assert not told(program)


# -- where NaN and infinity begin ------------------------------------------------------------
def test_the_logarithm_of_a_softmax() -> None:
    def program() -> None:
        x = tf.placeholder(tf.float32, [None, 2])
        p = tf.nn.softmax(x)
        log = tf.log(p, name="log_p")  # the logarithm
        loss = tf.reduce_mean(tf.reduce_sum(-log * [[1.0, 0.0]], 1), name="loss")
        with tf.Session() as session:
            assert np.isfinite(session.run(loss, {x: [[1.0, 2.0]]}))
            assert np.isnan(session.run(loss, {x: [[500.0, -500.0]]}))
            assert np.isnan(session.run(loss, {x: [[500.0, -500.0]]}))

    w = only(program)
    assert "the logarithm" in line_of(w)
    for part in (
        "loss:0 is NaN or infinite, after 1 run",
        "'log_p' (Log), which makes -inf of 0 at [0, 1]",
        "softmax_cross_entropy_with_logits",
    ):
        assert part in str(w.message)


CASES: dict[str, tuple[Callable[[Any], Any], float, str]] = {
    "RealDiv": (lambda x: 1.0 / x, 0.0, "tf.div_no_nan"),
    "Log": (lambda x: tf.log(x) * 2.0, -1.0, "logarithm"),
    "Sqrt": (lambda x: tf.sqrt(x) + 1.0, -1.0, "root"),
    "Exp": (lambda x: tf.exp(x) - 1.0, 1000.0, "overflows"),
    "Square": (lambda x: tf.square(x), 1e30, "too large a learning rate"),
    "Acos": (lambda x: tf.acos(x), 2.0, "outside"),
    "Pow": (lambda x: tf.pow(x, 0.5), -1.0, "power"),
    "SqrtGrad": (lambda x: tf.gradients(tf.sqrt(x), x)[0], 0.0, "gradient of 'Sqrt'"),
    "Mean": (lambda x: tf.reduce_mean(tf.zeros([0]) + x), 1.0, "no elements"),
    "MatMul": (lambda x: tf.matmul([[x]], [[x]]), 1e30, "learning rate"),
}


@pytest.mark.parametrize("kind", CASES)
def test_each_kind_of_beginning(kind: str) -> None:
    make, value, advice = CASES[kind]

    def program() -> None:
        x = tf.placeholder(tf.float32, [])
        y = make(x)  # this line
        with tf.Session() as session:
            session.run(y, {x: value})

    w = only(program)
    assert f"({kind})" in str(w.message) and advice in str(w.message)


def test_the_first_run_may_tell_too() -> None:
    def program() -> None:
        v = tf.Variable(0.0)
        with tf.Session() as session:
            session.run(v.initializer)
            session.run(tf.constant([1.0, 2.0]) / v)

    assert "(RealDiv), which makes inf of 1 and 0 at [0]" in str(only(program).message)


def test_inside_of_a_branch() -> None:
    def program() -> None:
        x = tf.placeholder(tf.float32, [])
        y = tf.cond(
            x > 0.0,
            lambda: tf.log(x),
            lambda: tf.sqrt(x, name="root"),  # the other side
        )
        with tf.Session() as session:
            session.run(y, {x: 1.0})
            session.run(y, {x: -1.0})

    w = only(program)
    assert "'cond/root' (Sqrt)" in str(w.message) and "the other side" in line_of(w)


def test_inside_of_a_loop() -> None:
    def program() -> None:
        def body(i: Any, x: Any) -> Any:
            return i + 1, tf.log(x, name="again")  # in the body

        _, y = tf.while_loop(lambda i, x: i < 5, body, [0, 2.0])
        with tf.Session() as session:
            session.run(y)

    w = only(program)
    assert "'while/again' (Log), which makes nan of -0.366513" in str(w.message)
    assert "in the body" in line_of(w)


def test_inside_of_a_list_of_arrays() -> None:
    def program() -> None:
        xs = tf.placeholder(tf.float32, [3])
        ys = tf.map_fn(lambda x: tf.log(x), xs)  # mapped
        total = tf.reduce_sum(ys, name="total")
        with tf.Session() as session:
            session.run(total, {xs: [1.0, 0.0, 2.0]})

    w = only(program)
    assert "(Log), which makes -inf of 0" in str(w.message) and "mapped" in line_of(w)


def test_inside_of_the_gradient_of_a_loop() -> None:
    def program() -> None:
        x = tf.placeholder(tf.float32, [])
        _, y = tf.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, tf.sqrt(y)), [0, x])
        (g,) = tf.gradients(y, x)  # the gradient
        with tf.Session() as session:
            assert np.isfinite(session.run(g, {x: 4.0}))
            assert not np.isfinite(session.run(g, {x: 0.0}))

    assert "SqrtGrad" in str(only(program).message)


def test_what_is_masked_is_not_blamed() -> None:
    def program() -> None:
        x = tf.placeholder(tf.float32, [2])
        safe = tf.where(x > 0.0, tf.log(x), tf.zeros([2]))
        y = tf.reduce_sum(safe) / tf.reduce_sum(x)
        with tf.Session() as session:
            session.run(y, {x: [0.0, 1.0]})
            session.run(y, {x: [0.0, 0.0]})

    assert "(RealDiv)" in str(only(program).message)


def test_fetches_of_one_beginning_are_told_together() -> None:
    def program() -> None:
        x = tf.placeholder(tf.float32, [])
        y = tf.log(x)
        fetches = [y, y * 2.0, x, [y - 1.0]]
        with tf.Session() as session:
            for value in (1.0, 0.0, 0.0):
                session.run(fetches, {x: value})

    assert len(told(program)) == 1


def test_each_session_is_told() -> None:
    def program() -> None:
        y = tf.log(tf.placeholder_with_default(0.0, []))
        for _ in range(2):
            with tf.Session() as session:
                session.run(y)
                session.run([y])

    assert len(told(program)) == 2


def test_an_update_that_spoils_a_variable() -> None:
    def program() -> None:
        v = tf.Variable(0.0, name="v")
        loss = tf.sqrt(v)  # rooted
        train = tf.train.GradientDescentOptimizer(1.0).minimize(loss)
        with tf.Session() as session:
            session.run(v.initializer)
            for _ in range(3):
                session.run([loss, train])

    w = only(program)
    assert "(SqrtGrad)" in str(w.message) and "# rooted" in str(w.message)


def test_a_learning_rate_that_is_too_large() -> None:
    def program() -> None:
        x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
        w = tf.Variable(tf.ones([2, 1]))
        loss = tf.reduce_mean(tf.square(tf.matmul(x, w)))
        train = tf.train.GradientDescentOptimizer(100.0).minimize(loss)
        with tf.Session() as session:
            session.run(w.initializer)
            for _ in range(30):
                session.run([loss, train])

    assert "too large a learning rate" in str(only(program).message)


def test_a_variable_that_was_spoilt_long_ago() -> None:
    def program() -> None:
        v = tf.Variable(1.0, name="v")
        y = v * 2.0
        spoil, keep = v.assign(np.nan), v.assign(v + 0.0)
        with tf.Session() as session:
            session.run(v.initializer)
            session.run(y)
            session.run(spoil.op)
            session.run(keep.op)
            session.run(y)

    assert "The variable 'v' was so before this run" in str(only(program).message)


def test_data_that_are_not_finite() -> None:
    def program() -> None:
        x = tf.placeholder(tf.float32, [], name="x")
        y = x * 2.0
        with tf.Session() as session:
            session.run(y, {x: 1.0})
            session.run(y, {x: np.nan})

    assert "fed to 'x:0'" in str(only(program).message)


def test_what_is_meant_is_no_beginning() -> None:
    def program() -> None:
        x = tf.placeholder(tf.float32, [])
        v = tf.Variable(np.inf, name="infinite")
        with tf.Session() as session:
            session.run(v.initializer)
            session.run([v, x, x + 1.0, v + 1.0], {x: np.nan})
            session.run([tf.constant(np.inf), tf.fill([3], -np.inf), tf.constant(np.nan) * 2.0])
            session.run(tf.cast(tf.constant(1.0), tf.int32))

    assert not told(program)


def test_random_streams_stand_where_they_stood() -> None:
    def program() -> None:
        x = tf.random_uniform([], seed=3)
        y = tf.log(tf.maximum(x - 0.5, 0.0))
        with tf.Session() as session:
            while np.isfinite(session.run(y)):
                pass

    assert "(Log), which makes -inf of 0" in str(only(program).message)


def test_the_random_numbers_stay_the_same() -> None:
    def draws(warn: bool) -> list[float]:
        settings.warn = warn
        with tf.Graph().as_default(), tf.Session() as session:
            x = tf.random_uniform([], seed=3)
            y = tf.log(tf.maximum(x - 0.5, 0.0))
            return [session.run([x, y])[0] for _ in range(10)]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            assert draws(True) == draws(False)
        finally:
            settings.warn = True


def test_what_acts_on_the_world_is_not_repeated() -> None:
    calls: list[int] = []

    def function(x: Any) -> Any:
        calls.append(1)
        return np.float32(np.nan) if x else np.float32(1.0)

    def program() -> None:
        x = tf.placeholder(tf.float32, [])
        y = tf.py_func(function, [x], tf.float32) + 1.0
        with tf.Session() as session:
            session.run(y, {x: 0.0})
            session.run(y, {x: 1.0})

    w = only(program)
    assert "It hangs on 'PyFunc' (PyFunc)" in str(w.message) and len(calls) == 2


def test_printing_does_not_hide_where_it_begins(capfd: Any) -> None:
    def program() -> None:
        x = tf.placeholder(tf.float32, [])
        y = tf.log(tf.Print(x, [x], "seen "))
        with tf.Session() as session:
            session.run(y, {x: 0.0})

    assert "(Log), which makes -inf of 0" in str(only(program).message)
    assert capfd.readouterr().err.count("seen ") == 1


def test_arrays_that_are_fetched() -> None:
    def program() -> None:
        x = tf.placeholder(tf.float32, [None])
        y = 1.0 / x
        with tf.Session() as session:
            for _ in range(LOOP):
                session.run(y, {x: np.ones(3)})
            for _ in range(16):
                session.run(y, {x: [1.0, 0.0]})

    assert "makes inf of 1 and 0 at [1]" in str(only(program).message)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "bfloat16", "complex64"])
def test_each_dtype(dtype: str) -> None:
    def program() -> None:
        x = tf.cast(tf.placeholder_with_default([0.0], [1]), dtype)
        y = tf.log(x)
        with tf.Session() as session:
            session.run([y, tf.reshape(y, [])])

    assert "(Log)" in str(only(program).message)


def test_callables_look_too() -> None:
    def program() -> None:
        x = tf.placeholder(tf.float32, [])
        with tf.Session() as session:
            run = session.make_callable(tf.log(x), [x])
            run(1.0), run(0.0)

    assert "(Log)" in str(only(program).message)


def test_a_warning_that_is_an_error_leaves_the_variables() -> None:
    v = tf.Variable(0.0)
    loss = 1.0 / v
    update = v.assign_add(1.0)
    with tf.Session() as session, warnings.catch_warnings():
        session.run(v.initializer)
        warnings.simplefilter("error", evergraph.EvergraphWarning)
        with pytest.raises(evergraph.EvergraphWarning, match="RealDiv"):
            session.run([loss, update.op])
        assert session.run(v) == 0.0


def test_the_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    def program() -> None:
        x = tf.constant(0.0)
        with tf.Session() as session:
            for _ in range(LOOP):
                session.run(tf.log(x))

    monkeypatch.setattr(settings, "warn", False)
    assert not told(program)
    monkeypatch.setattr(settings, "warn", True)
    assert len(told(program)) > 1


def test_what_was_updated_in_place_says_how_to_find_it() -> None:
    v = tf.Variable(np.full(1 << 15, 2.0, np.float32))
    x = tf.placeholder(tf.float32, [])
    step = v.assign(v * x)
    loss = tf.reduce_sum(v) * x
    with tf.Session() as session:
        session.run(v.initializer)
        session.run([loss, step.op], {x: 1.0})
        with pytest.warns(
            evergraph.EvergraphWarning, match=r"in place.*EVERGRAPH_BACKEND=reference"
        ):
            session.run([loss, step.op], {x: np.inf})
