"""`tf.map_fn`, `tf.scan`, folds, calls of functions: values, gradients, structures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from evergraph import tf
from evergraph.tf import parallel_for
from evergraph.tf.function_calls import For, Gradient, If, While, partitioned_call
from evergraph.tf.graph_functions import Defun
from evergraph.tf.smart_cond import smart_case, smart_cond

RNG = np.random.default_rng(5)


def run(fetches: Any, feed: Any = None) -> Any:
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feed)


def rows(n: int, width: int = 3) -> Any:
    return RNG.normal(size=(n, width)).astype(np.float32)


# -- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("is_fed", [False, True])
def test_values_against_numpy(n: int, is_fed: bool) -> None:
    data = rows(n)
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 3]) if is_fed else tf.constant(data)
        got = run(
            [
                tf.map_fn(lambda v: v * v + 1, x),
                tf.scan(lambda a, v: a * 0.5 + v, x),
                tf.scan(lambda a, v: a + v, x, reverse=True),
                tf.foldl(lambda a, v: a - v, x),
                tf.foldr(lambda a, v: a - v, x),
            ],
            {x: data} if is_fed else None,
        )
    halves = [data[0]]
    for v in data[1:]:
        halves.append(halves[-1] * np.float32(0.5) + v)
    backwards = np.cumsum(data[::-1], axis=0, dtype=np.float32)[::-1]
    left, right = data[0], data[-1]
    for v in data[1:]:
        left = left - v
    for v in data[-2::-1]:
        right = right - v
    for value, want in zip(got, [data**2 + 1, halves, backwards, left, right], strict=True):
        assert_allclose(value, want, rtol=1e-5, atol=1e-6)


def test_nothing_to_map() -> None:
    with tf.Graph().as_default():
        x = tf.constant(np.zeros((0, 3), np.float32))
        empty = tf.map_fn(lambda v: v + 1, x)
        scanned = tf.scan(lambda a, v: a + v, x, initializer=tf.zeros([3]))
        folded = tf.foldl(lambda a, v: a + v, x, initializer=tf.ones([3]))
        got = run([empty, scanned, folded])
    assert got[0].shape == (0, 3) and got[1].shape == (0, 3)
    assert_array_equal(got[2], np.ones(3))


def test_structures_and_dtypes() -> None:
    a, b = np.arange(4), np.arange(4.0)
    with tf.Graph().as_default():
        pair = tf.map_fn(
            lambda x: {"sum": tf.cast(x[0], tf.float64) + x[1]["b"], "neg": -x[0]},
            (tf.constant(a), {"b": tf.constant(b)}),
            dtype={"sum": tf.float64, "neg": tf.int64},
        )
        fibonacci = tf.scan(
            lambda s, _: (s[1], s[0] + s[1]), tf.zeros([6]), (np.array(0), np.array(1))
        )
        total = tf.foldl(
            lambda s, x: s + x[0] * x[1], (tf.constant(b), tf.constant(b)), np.array(0.0)
        )
        got = run([pair, fibonacci, total])
    assert_array_equal(got[0]["sum"], a + b)
    assert_array_equal(got[0]["neg"], -a)
    assert_array_equal(got[1][0], [1, 1, 2, 3, 5, 8])
    assert got[2] == 14


def test_static_shapes() -> None:
    x = tf.placeholder(tf.float32, [7, None])
    assert tf.map_fn(lambda v: v, x).shape.as_list() == [7, None]
    assert tf.scan(lambda a, v: a + v, tf.zeros([4, 2])).shape.as_list() == [4, 2]
    unknown = tf.map_fn(lambda v: tf.reduce_sum(v), tf.placeholder(tf.float32))
    assert unknown.shape.as_list() == [None]


def test_rows_of_different_shapes() -> None:
    with tf.Graph().as_default():
        sums = tf.map_fn(lambda n: tf.reduce_sum(tf.range(n)), tf.constant([0, 3, 5]))
        assert run(sums).tolist() == [0, 3, 10]
        ragged = tf.map_fn(tf.range, tf.constant([1, 2]), infer_shape=False)
        with pytest.raises(tf.errors.InvalidArgumentError):
            run(ragged)


def test_variables_made_inside_are_made_once() -> None:
    with tf.Graph().as_default():
        x = tf.constant(rows(4))
        y = tf.map_fn(lambda v: v * tf.get_variable("w", [3], initializer=tf.ones_initializer()), x)
        assert len(tf.global_variables()) == 1
        assert tf.get_variable_scope().caching_device is None
        got = run([y, x, tf.gradients(y, tf.global_variables())[0]])
        assert_allclose(got[0], got[1])
        assert_allclose(got[2], got[1].sum(0), rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: tf.map_fn(3, [1.0]), TypeError),
        (lambda: tf.scan(None, [1.0]), TypeError),
        (lambda: tf.foldl("f", [1.0]), TypeError),
        (lambda: tf.foldr(1, [1.0]), TypeError),
        (lambda: tf.map_fn(lambda x: x, tf.constant(1.0)), ValueError),
        (lambda: tf.map_fn(lambda x: (x, x), tf.zeros([2]), dtype=tf.float32), ValueError),
        (lambda: tf.map_fn(lambda x: (x, x), tf.zeros([2]), dtype=[tf.float32] * 2), TypeError),
        (lambda: tf.map_fn(lambda x: tf.cast(x, tf.int32), tf.zeros([2])), TypeError),
        (lambda: tf.map_fn(abs, tf.SparseTensor([[0]], [1.0], [2])), TypeError),
        (lambda: tf.scan(lambda a, x: (a, a), tf.zeros([2])), ValueError),
        (lambda: tf.scan(lambda a, x: tf.zeros([2]), tf.zeros([2])), ValueError),
    ],
)
def test_mistakes(call: Callable[[], Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        call()


# -- gradients -------------------------------------------------------------------------------------


def unrolled_map(f: Any, x: Any, n: int) -> Any:
    return tf.stack([f(x[i]) for i in range(n)]) if n else tf.zeros_like(x)


def unrolled_scan(f: Any, x: Any, n: int, start: Any) -> Any:
    out = [start]
    for i in range(n):
        out.append(f(out[-1], x[i]))
    return tf.stack(out[1:]) if n else tf.zeros_like(x)


def step(a: Any, v: Any) -> Any:
    return tf.tanh(a * 0.7 + v * v)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 4), st.booleans(), st.integers(0, 10))
def test_gradients_against_the_unrolled_loop(n: int, is_fed: bool, seed: int) -> None:
    data = np.random.default_rng(seed).normal(size=(n, 2))
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float64, [None, 2]) if is_fed else tf.constant(data)
        start = tf.constant([0.3, -0.2], tf.float64)
        looped = [tf.map_fn(lambda v: tf.sin(v) * v, x), tf.scan(step, x, start)]
        plain = [
            unrolled_map(lambda v: tf.sin(v) * v, x, n),
            unrolled_scan(step, x, n, start),
        ]
        weights = tf.constant(np.random.default_rng(seed + 1).normal(size=(n, 2)))
        grads = [tf.gradients(y * weights, [x, start]) for y in (*looped, *plain)]
        filled = [[tf.zeros([]) if g is None else g for g in pair] for pair in grads]
        values, (a, b, c, d) = run([[*looped, *plain], filled], {x: data} if is_fed else None)
    assert_allclose(values[0], values[2])
    assert_allclose(values[1], values[3])
    for got, want in ((a[0], c[0]), (b[0], d[0]), (b[1], d[1])):
        assert_allclose(got, want, atol=1e-12) if n else assert_array_equal(
            np.ravel(got), 0 * np.ravel(got)
        )


def test_second_derivatives() -> None:
    data = RNG.normal(size=3)
    with tf.Graph().as_default():
        x = tf.constant(data)
        y = tf.foldl(lambda a, v: a * v, x)
        first = tf.gradients(y, x)[0]
        second = tf.gradients(first, x)[0]
        got = run([first, second])
    p = np.prod(data)
    assert_allclose(got[0], p / data)
    pairs = p / np.outer(data, data)
    assert_allclose(got[1], pairs.sum(0) - np.diag(pairs))


# -- branches that are known -----------------------------------------------------------------------


def test_branches_decided_at_once() -> None:
    assert smart_cond(True, lambda: "yes", lambda: "no") == "yes"
    assert smart_cond(tf.placeholder(tf.bool), lambda: 1, lambda: 2).op.type == "Merge"
    fed = tf.placeholder(tf.bool)
    assert smart_case([(False, lambda: 1), (True, lambda: 2)]) == 2
    late = smart_case([(False, lambda: 1), (fed, lambda: 2)], default=lambda: 3)
    assert run(late, {fed: True}) == 2 and run(late, {fed: False}) == 3
    with pytest.raises(TypeError):
        smart_cond("x", lambda: 1, lambda: 2)
    with pytest.raises(TypeError):
        smart_cond(True, 1, lambda: 2)


@pytest.mark.parametrize("index", [-1, 0, 1, 2, 9])
def test_case_and_switch_case(index: int) -> None:
    with tf.Graph().as_default():
        i = tf.placeholder(tf.int32, [])
        functions = [lambda: tf.constant(10), lambda: tf.constant(11), lambda: tf.constant(12)]
        last = tf.switch_case(i, functions)
        default = tf.switch_case(i, dict(enumerate(functions)), default=lambda: tf.constant(-5))
        cases = tf.case(
            [(tf.equal(i, k), f) for k, f in enumerate(functions)],
            default=lambda: tf.constant(0),
            exclusive=True,
        )
        got = run([last, default, cases], {i: index})
    known = index in (0, 1, 2)
    assert got == ([10 + index] * 3 if known else [12, -5, 0])


def test_cases_that_exclude_each_other() -> None:
    x = tf.placeholder(tf.int32, [])
    pairs = [(x > 0, lambda: tf.constant(1)), (x > 5, lambda: tf.constant(2))]
    exclusive = tf.case(pairs, default=lambda: tf.constant(0), exclusive=True)
    needed = tf.case(pairs)
    assert run([exclusive, needed], {x: 3}) == [1, 1]
    with pytest.raises(tf.errors.InvalidArgumentError, match="Input error: exclusive"):
        run(exclusive, {x: 7})
    with pytest.raises(tf.errors.InvalidArgumentError, match="None of conditions"):
        run(needed, {x: -1})


# -- functions -------------------------------------------------------------------------------------


def test_functional_branches_and_loops() -> None:
    with tf.Graph().as_default():
        twice = Defun(tf.float32)(lambda x: x * 2)
        thrice = Defun(tf.float32)(lambda x: x * 3 + 1)
        x = tf.placeholder(tf.float32)
        y = If(x > 0, [x], twice, thrice)[0]
        going_on = Defun(tf.float32, tf.float32)(lambda n, _: n > 0)
        body = Defun(tf.float32, tf.float32)(lambda n, s: (n - 1, s + n))
        total = While([x, 0.0], going_on, body)[1]
        powers = For(0, 4, 1, [x], Defun(tf.int32, tf.float32)(lambda i, a: a * 2))[0]
        called = partitioned_call([x], twice)[0]
        got = run([y, total, powers, called], {x: 9.0})
        assert got == [18, 45, 144, 18]
        assert run(y, {x: -8.0}) == -23
        poly = Defun(tf.float32)(lambda v: 2 * v * v * v + 3 * v)
        assert run(Gradient([x, 1.0], poly)[0], {x: 2.0}) == 27
        with pytest.raises(tf.errors.InvalidArgumentError, match="Invalid start/limit/delta"):
            For(0, 10, -1, [0.0], Defun(tf.int32, tf.float32)(lambda i, a: a))


def test_bodies_that_use_what_is_outside() -> None:
    with tf.Graph().as_default():
        v = tf.Variable(1.0)
        body = Defun(tf.float32, tf.float32)(lambda n, s: (n + 1, s + n + v))
        going_on = Defun(tf.float32, tf.float32)(lambda n, *_: n < 10)
        assert run(While([1.0, 0.0], going_on, body)) == [10, 54]
        captures = Defun(tf.float32, tf.float32)(lambda n, _: n < v)
        with pytest.raises(ValueError, match="captured"):
            While([1.0, 0.0], captures, body)


# -- loops whose iterations know nothing of each other ---------------------------------------------


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 4), st.booleans())
def test_pfor_is_a_loop(n: int, is_fed: bool) -> None:
    data = RNG.normal(size=(n, 3))
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float64, [None, 3]) if is_fed else tf.constant(data)
        count = tf.shape(x)[0] if is_fed else n
        got = parallel_for.pfor(lambda i: {"a": x[i] * 2, "b": (i, None)}, count)
        mapped = tf.vectorized_map(lambda v: tf.reduce_sum(v[0] * v[1]), (x, x))
        assert got["b"][1] is None
        a, b, m = run([got["a"], got["b"][0], mapped], {x: data} if is_fed else None)
    assert_allclose(a, data * 2)
    assert b.tolist() == list(range(n))
    assert_allclose(m, (data**2).sum(1))


def test_jacobians() -> None:
    data = RNG.normal(size=(2, 3))
    with tf.Graph().as_default():
        x = tf.constant(data)
        w = tf.constant(RNG.normal(size=(3, 4)))
        y = tf.tanh(x @ w)
        full, none = parallel_for.jacobian(y, [x, tf.constant(1.0)])
        by_batch = parallel_for.batch_jacobian(y, x)
        assert full.shape.as_list() == [2, 4, 2, 3] and none is None
        value, kernel, got, batch = run([y, w, full, by_batch])
    want = (1 - value**2)[:, :, None] * kernel.T[None]
    assert_allclose(batch, want)
    for i in range(2):
        for j in range(2):
            assert_allclose(got[i, :, j], want[i] if i == j else np.zeros((4, 3)))
    with pytest.raises(ValueError, match="first dimension"):
        parallel_for.batch_jacobian(tf.zeros([2, 3]), tf.zeros([4, 3]))


# -- the oracle ------------------------------------------------------------------------------------

PROGRAMS: dict[str, Callable[[Any, Any], Any]] = {
    "map": lambda t, x: t.map_fn(lambda v: t.tanh(v) * t.reduce_sum(v), x),
    "map_pair": lambda t, x: t.map_fn(lambda v: v[0] * v[1], (x, x + 1), dtype=t.float64),
    "scan": lambda t, x: t.scan(lambda a, v: t.sin(a) + v, x),
    "scan_reverse": lambda t, x: t.scan(lambda a, v: t.sin(a) * v, x, reverse=True),
    "scan_from": lambda t, x: t.scan(lambda a, v: a + t.reduce_sum(v), x, t.zeros([], t.float64)),
    "foldl": lambda t, x: t.foldl(lambda a, v: t.cos(a) * v, x),
    "foldr": lambda t, x: t.foldr(lambda a, v: t.cos(a) * v, x, t.ones([3], t.float64)),
    "while": lambda t, x: t.while_loop(
        lambda i, _: i < 3, lambda i, y: (i + 1, t.sin(y) * x), [t.constant(0), x]
    )[1],
    "cond": lambda t, x: t.cond(t.reduce_sum(x) > 0, lambda: x * x, lambda: t.exp(x)),
    "case": lambda t, x: t.case(
        [(x[0, 0] > 100, lambda: x), (x[0, 0] > -100, lambda: x * 3)], default=lambda: -x
    ),
    "nested": lambda t, x: t.map_fn(
        lambda v: t.while_loop(lambda a: t.reduce_sum(a * a) < 9, lambda a: a * 1.5 + 0.1, [v]), x
    ),
    "array": lambda t, x: t.TensorArray(t.float64, 4).unstack(x).gather([3, 0, 2]),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", PROGRAMS)
def test_values_and_gradients_are_tensorflows(name: str) -> None:
    oracle = pytest.importorskip("tensorflow").compat.v1
    data = np.random.default_rng(8).normal(size=(4, 3))
    got = []
    for t in (tf, oracle):
        with t.Graph().as_default():
            x = t.constant(data)
            y = PROGRAMS[name](t, x)
            fetches = [y, t.gradients(y, x)[0]]
            with t.Session() as session:
                got.append(session.run(fetches))
    for mine, theirs in zip(*got, strict=True):
        assert_allclose(mine, theirs, rtol=1e-9)
