"""The face's functions on arrays: values as today's TensorFlow gives them, operations as 1.15's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from evergraph import tf

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 7
I = np.array([[3, 0, 2], [1, 1, 0]], np.int32)

VALUES: list[Callable[[Any], Any]] = [
    lambda tf: tf.constant(3, tf.float32, [2, 2]),
    lambda tf: tf.zeros([2, 3], tf.int64),
    lambda tf: tf.zeros([40, 50]),
    lambda tf: tf.zeros([2], tf.bool),
    lambda tf: tf.zeros([2], tf.string),
    lambda tf: tf.zeros(tf.constant([2, 2])),
    lambda tf: tf.zeros([tf.constant(2), 3]),
    lambda tf: tf.zeros([]),
    lambda tf: tf.ones(tf.TensorShape([2, 3])),
    lambda tf: tf.ones([2], tf.bool),
    lambda tf: tf.zeros_like(X, tf.int32),
    lambda tf: tf.ones_like(I),
    lambda tf: tf.fill([2, 2], 5),
    lambda tf: tf.eye(3),
    lambda tf: tf.eye(2, 3, [2], tf.float64),
    lambda tf: tf.eye(tf.constant(2), 3),
    lambda tf: tf.range(5),
    lambda tf: tf.range(1, 2, 0.25),
    lambda tf: tf.range(3, 0, -1, tf.float32),
    lambda tf: tf.linspace(0.0, 1.0, 5),
    lambda tf: tf.shape(X, out_type=tf.int64),
    lambda tf: [tf.size(X), tf.rank(X), tf.size([])],
    lambda tf: tf.reshape(X, [-1, 8]),
    lambda tf: tf.expand_dims(X, 1),
    lambda tf: tf.expand_dims(X, dim=-1),
    lambda tf: tf.squeeze(X[:1, :1]),
    lambda tf: tf.squeeze(X[:1, :1], squeeze_dims=[0]),
    lambda tf: tf.transpose(X),
    lambda tf: tf.transpose(X, [1, 0, 2]),
    lambda tf: tf.transpose(tf.constant(X + 1j), conjugate=True),
    lambda tf: tf.matrix_transpose(X),
    lambda tf: tf.invert_permutation([2, 0, 1]),
    lambda tf: tf.concat([X, X], 2),
    lambda tf: tf.concat([X], 0),
    lambda tf: tf.stack([X[0], X[1]], axis=-1),
    lambda tf: tf.stack([1, 2, 3]),
    lambda tf: tf.parallel_stack([X[0], X[1]]),
    lambda tf: tf.unstack(X, axis=1),
    lambda tf: tf.split(X, 2, axis=2),
    lambda tf: tf.split(X, [1, 3], axis=2),
    lambda tf: tf.slice(X, [0, 1, 1], [2, -1, 2]),
    lambda tf: tf.strided_slice(X, [0, 1], [2, 3]),
    lambda tf: tf.tile(X, [1, 2, 1]),
    lambda tf: tf.pad(X[0], [[1, 1], [0, 2]]),
    lambda tf: tf.pad(X[0], [[1, 1], [0, 2]], constant_values=3),
    lambda tf: tf.pad(X[0], [[1, 1], [0, 2]], "reflect"),
    lambda tf: tf.reverse(X, [0, 2]),
    lambda tf: tf.roll(X, [1, -2], [0, 2]),
    lambda tf: tf.meshgrid([1, 2], [3, 4, 5]),
    lambda tf: tf.meshgrid([1, 2], [3, 4, 5], [6], indexing="ij"),
    lambda tf: tf.diag(X[0, 0]),
    lambda tf: tf.diag_part(X[0, :, :3]),
    lambda tf: tf.matrix_diag(X),
    lambda tf: tf.matrix_diag_part(X),
    lambda tf: tf.matrix_set_diag(X, X[:, :, 0]),
    lambda tf: tf.matrix_band_part(X, 1, 0),
    lambda tf: tf.broadcast_to([1, 2], [3, 2]),
    lambda tf: tf.broadcast_dynamic_shape([2, 1], [4]),
    lambda tf: tf.bitcast(X, tf.int32),
    lambda tf: tf.identity_n([X, I]),
    lambda tf: tf.gather(X, [1, 0, 1]),
    lambda tf: tf.gather(X, [[0], [3]], axis=-1),
    lambda tf: tf.gather(X, [[0, 1], [2, 2]], batch_dims=1),
    lambda tf: tf.gather(X, [[0, 1], [3, 2]], axis=2, batch_dims=1),
    lambda tf: tf.batch_gather(X, [[0, 1], [2, 2]]),
    lambda tf: tf.gather_nd(X, [[0, 1], [1, 2]]),
    lambda tf: tf.gather_nd(X, [[[1, 0]], [[2, 3]]], batch_dims=1),
    lambda tf: tf.scatter_nd([[0], [2]], X[:, 0], [4, 4]),
    lambda tf: tf.tensor_scatter_update(X, [[1]], X[:1]),
    lambda tf: tf.sparse_to_dense([1, 3], [5], [7, 8], -1),
    lambda tf: tf.where(X > 1),
    lambda tf: tf.where([True, False], X, -X),
    lambda tf: tf.where_v2(X > 1, X, 0.0),
    lambda tf: tf.boolean_mask(X, [[True, False, True], [False, False, True]]),
    lambda tf: tf.boolean_mask(X, [True, False, True], axis=1),
    lambda tf: tf.sequence_mask([1, 3, 0]),
    lambda tf: tf.sequence_mask([[1], [3]], 4, tf.float32),
    lambda tf: tf.one_hot(I, 4),
    lambda tf: tf.one_hot(I, 4, 5, axis=1),
    lambda tf: tf.one_hot([0, 2], 3, on_value="a", off_value="b", dtype=tf.string),
    lambda tf: tuple(tf.unique([3, 1, 3])),
    lambda tf: tuple(tf.unique_with_counts([3, 1, 3], tf.int64)),
    lambda tf: tuple(tf.setdiff1d([1, 2, 3], [2])),
    lambda tf: tf.dynamic_partition(X, [1, 0], 2),
    lambda tf: tf.dynamic_stitch([[0], [1]], [X[:1], X[1:]]),
    lambda tf: tf.segment_mean(X[0], [0, 0, 2]),
    lambda tf: tf.unsorted_segment_max(X[0], [1, 0, 1], 2),
    lambda tf: tf.unsorted_segment_mean(X[0], [1, 0, 1], 3),
    lambda tf: tf.unsorted_segment_sqrt_n(X[0], [1, 0, 1], 3),
    lambda tf: tf.sparse_segment_sum(X[0], [0, 2], [0, 0], num_segments=2),
    lambda tf: tf.bincount([1, 1, 4], minlength=3),
    lambda tf: tf.bincount([1, 1, 4], weights=[0.5, 1.0, 2.0], maxlength=9),
    lambda tf: tf.bincount([], dtype=tf.int64),
    lambda tf: tf.searchsorted([[1.0, 3.0, 5.0]], [[0.0, 3.0, 9.0]]),
    lambda tf: tf.sort(I, direction="DESCENDING"),
    lambda tf: tf.sort(tf.constant(I), axis=0),
    lambda tf: tf.argsort(I, axis=0),
    lambda tf: tf.unravel_index([5, 7], [2, 4]),
    lambda tf: tf.repeat([1, 2, 3], [2, 0, 1]),
    lambda tf: tf.repeat(I, 2, axis=1),
    lambda tf: tf.required_space_to_batch_paddings([5, 7], [2, 3]),
    lambda tf: tf.space_to_batch(X[..., None], [[1, 0], [0, 2]], 2),
    lambda tf: tf.batch_to_space(np.ones((4, 1, 2, 1), np.float32), [[0, 1], [0, 0]], 2),
    lambda tf: tf.space_to_depth(np.ones((1, 2, 4, 1), np.float32), 2),
    lambda tf: tf.depth_to_space(np.ones((1, 2, 4, 4), np.float32), 2),
    lambda tf: tf.reverse_sequence(X, [1, 2], seq_axis=1, batch_axis=0),
    lambda tf: tf.is_non_decreasing([1, 2, 2]),
]


@pytest.mark.oracle
@pytest.mark.parametrize("number", range(len(VALUES)))
def test_values(number: int) -> None:
    theirs = pytest.importorskip("tensorflow").compat.v1
    with theirs.Graph().as_default(), theirs.Session() as session:
        want = session.run(VALUES[number](theirs))
    with tf.Graph().as_default(), tf.Session() as session:
        got = session.run(VALUES[number](tf))
    many = isinstance(want, (list, tuple))
    for a, b in zip(got if many else [got], want if many else [want], strict=True):
        assert np.shape(a) == np.shape(b) and np.asarray(a).dtype == np.asarray(b).dtype
        if np.asarray(a).dtype == object:
            assert np.ravel(a).tolist() == np.ravel(b).tolist()
        else:
            np.testing.assert_allclose(a, b, rtol=1e-6)


OPERATIONS: list[tuple[Callable[[], Any], list[str]]] = [
    (lambda: tf.zeros([2, 3]), ["zeros"]),
    (lambda: tf.zeros([40, 50]), ["zeros/shape_as_tensor", "zeros/Const", "zeros"]),
    (lambda: tf.zeros(7), ["zeros/shape_as_tensor", "zeros/Const", "zeros"]),
    (
        lambda: tf.zeros([tf.shape(tf.placeholder(tf.float32, [None], "p"))[0], 3]),
        [
            "p",
            "Shape",
            "strided_slice/stack",
            "strided_slice/stack_1",
            "strided_slice/stack_2",
            "strided_slice",
            "zeros/mul/y",
            "zeros/mul",
            "zeros/Less/y",
            "zeros/Less",
            "zeros/packed/1",
            "zeros/packed",
            "zeros/Const",
            "zeros",
        ],
    ),
    (
        lambda: tf.ones_like(tf.placeholder(tf.float32, [None], "p")),
        ["p", "ones_like/Shape", "ones_like/Const", "ones_like"],
    ),
    (lambda: tf.zeros_like(tf.placeholder(tf.float32, name="p")), ["p", "zeros_like"]),
    (lambda: tf.range(3), ["range/start", "range/limit", "range/delta", "range"]),
    (
        lambda: tf.range(3, dtype=tf.float32),
        [
            *("range/start/x", "range/start", "range/limit/x", "range/limit"),
            *("range/delta/x", "range/delta", "range"),
        ],
    ),
    (lambda: tf.concat([[1.0]], 0), ["concat/concat_dim", "concat/concat/input", "concat/concat"]),
    (
        lambda: tf.stack([[1.0], [2.0]], axis=1),
        ["stack", "stack_1/values_0", "stack_1/values_1", "stack_1"],
    ),
    (
        lambda: tf.one_hot([1], 2),
        ["one_hot/on_value", "one_hot/off_value", "one_hot/indices", "one_hot/depth", "one_hot"],
    ),
    (lambda: tf.where([True]), ["Where/condition", "Where"]),
    (
        lambda: tf.random_uniform([2]),
        [
            *("random_uniform/shape", "random_uniform/min", "random_uniform/max"),
            *("random_uniform/RandomUniform", "random_uniform/sub", "random_uniform/mul"),
            "random_uniform",
        ],
    ),
    (
        lambda: tf.random_normal([2]),
        [
            *("random_normal/shape", "random_normal/mean", "random_normal/stddev"),
            *("random_normal/RandomStandardNormal", "random_normal/mul", "random_normal"),
        ],
    ),
    (
        lambda: tf.multinomial([[1.0]], 2),
        ["multinomial/logits", "multinomial/Multinomial/num_samples", "multinomial/Multinomial"],
    ),
]


@pytest.mark.parametrize("number", range(len(OPERATIONS)))
def test_operations(number: int) -> None:
    build, want = OPERATIONS[number]
    build()
    assert [op.name for op in tf.get_default_graph().get_operations()] == want


def test_errors() -> None:
    x = tf.placeholder(tf.float32, [None, 3])
    for wrong in (
        lambda: tf.reshape(tf.zeros([4]), [3]),
        lambda: tf.concat([tf.zeros([2, 3]), tf.zeros([2])], 0),
        lambda: tf.concat([tf.zeros([2, 3]), tf.zeros([3, 3])], 1),
        lambda: tf.stack([tf.zeros([2]), tf.zeros([3])]),
        lambda: tf.unstack(x),
        lambda: tf.split(tf.zeros([3]), 2),
        lambda: tf.squeeze(x, [1]),
        lambda: tf.expand_dims(x, 4),
        lambda: tf.expand_dims(x),
        lambda: tf.expand_dims(x, 0, dim=0),
        lambda: tf.transpose(x, [0]),
        lambda: tf.tile(x, [1]),
        lambda: tf.pad(x, [[1, 1]]),
        lambda: tf.pad(x, [[1, 1], [1, 1]], "nearest"),
        lambda: tf.gather(tf.constant(1.0), 0),
        lambda: tf.gather_nd(x, [[0, 1, 2]]),
        lambda: tf.boolean_mask(x, True),
        lambda: tf.boolean_mask(tf.zeros([2]), [True, False, True]),
        lambda: tf.where([True], x),
        lambda: tf.constant([1, 2, 3], shape=[2]),
        lambda: tf.random_uniform([2], dtype=tf.int32),
        lambda: tf.meshgrid([1], indexing="yx"),
        lambda: tf.broadcast_static_shape(tf.TensorShape([2]), tf.TensorShape([3])),
        lambda: tf.slice(tf.zeros([3]), [2], [2]),
        lambda: tf.range(0, 5, 0),
        lambda: tf.eye(2, dtype=tf.float32) @ tf.zeros([3, 2]),
    ):
        with pytest.raises(ValueError):
            wrong()
    for mistyped in (
        lambda: tf.one_hot([1], 2, on_value=1, off_value=0.0),
        lambda: tf.constant("a", tf.int32),
        lambda: tf.eye(2.0),
        lambda: tf.sequence_mask([1.0]) + 1,
        lambda: tf.meshgrid([1], wrong=1),
        lambda: tf.constant([1], shape=[2], verify_shape=True),
    ):
        with pytest.raises(TypeError):
            mistyped()


def test_errors_in_runs() -> None:
    x, i = tf.placeholder(tf.float32), tf.placeholder(tf.int32)
    runs = [
        (tf.reshape(x, [3]), {x: np.ones(4)}),
        (tf.gather(x, i), {x: np.ones(4), i: [4]}),
        (tf.gather(x, i), {x: np.ones(4), i: [-1]}),
        (tf.gather_nd(x, i), {x: np.ones((2, 2)), i: [[0, 2]]}),
        (tf.concat([x, x[:1]], 1), {x: np.ones((2, 2))}),
        (tf.split(x, 2)[0], {x: np.ones(3)}),
        (tf.squeeze(x, [0]), {x: np.ones((2, 2))}),
        (tf.transpose(x, i), {x: np.ones((2, 2)), i: [0, 0]}),
        (tf.segment_sum(x, i), {x: np.ones(2), i: [1, 0]}),
        (tf.unsorted_segment_sum(x, i, 2), {x: np.ones(2), i: [0, 2]}),
        (tf.dynamic_partition(x, i, 2)[0], {x: np.ones(2), i: [0, 2]}),
        (tf.invert_permutation(i), {i: [0, 3]}),
        (tf.random_uniform([2], 3, i, tf.int32), {i: 3}),
        (tf.random_crop(x, i), {x: np.ones((2, 2)), i: [3, 1]}),
        (tf.fill(i, 1.0), {i: [-1]}),
    ]
    with tf.Session() as session:
        for tensor, feeds in runs:
            with pytest.raises(tf.errors.InvalidArgumentError, match=tensor.op.name.split("/")[0]):
                session.run(tensor, feeds)


def test_random_values_have_the_shape_and_dtype_asked_for() -> None:
    tf.set_random_seed(3)
    n = tf.placeholder(tf.int32, [])
    draws = [
        tf.random_uniform([n, 2], -1, 1, tf.float64),
        tf.random_uniform([n, 2], 5, 9, tf.int64),
        tf.truncated_normal([n, 2], 4.0, 0.5),
        tf.random_normal([n, 2], dtype=tf.float16),
        tf.random_poisson(3.0, [n, 2]),
        tf.random_gamma([n, 2], 3.0),
        tf.random.categorical(tf.zeros([1, 4]), n),
    ]
    with tf.Session() as session:
        values = session.run(draws, {n: 500})
        again = session.run(draws, {n: 500})
    for draw, value, other in zip(draws, values, again, strict=True):
        assert value.dtype == draw.dtype.as_numpy_dtype and value.size >= 500
        assert not np.array_equal(value, other)
    assert values[0].min() >= -1 and values[0].max() < 1
    assert set(values[1].ravel()) == {5, 6, 7, 8}
    assert values[2].min() >= 3 and values[2].max() <= 5 and abs(values[2].mean() - 4) < 0.1
    assert draws[0].shape.as_list() == [None, 2]


def test_the_ops_of_random_values() -> None:
    scores = tf.zeros([1, 2])
    made = {
        "RandomUniformInt": tf.random_uniform([2], 0, 3, tf.int32),
        "RandomShuffle": tf.random_shuffle([1, 2]),
        "Multinomial": tf.multinomial(scores, 3),
        "RandomPoissonV2": tf.random_poisson([1.0], [2]),
    }
    for op_type, draw in made.items():
        assert draw.op.type == op_type and draw.op.op_def.is_stateful
        assert tf.gradients(tf.cast(draw, tf.float32), scores) == [None]
    types = [op.type for op in tf.random_gamma([2], 1.0).graph.get_operations()]
    assert "RandomGamma" in types


@pytest.mark.oracle
def test_gradient_of_gamma_values() -> None:
    def values(tf: Any) -> Any:
        alpha = tf.constant([0.3, 2.0, 9.0])
        draws = tf.random_gamma([5], alpha, seed=2)
        return [draws, *tf.gradients(draws, alpha)]

    theirs = pytest.importorskip("tensorflow").compat.v1
    with theirs.Graph().as_default(), theirs.Session() as session:
        want = session.run(values(theirs))
    with tf.Graph().as_default(), tf.Session() as session:
        got = session.run(values(tf))
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4)


def test_seeds_make_runs_alike() -> None:
    def draw(graph_seed: Any, op_seed: Any) -> Any:
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(graph_seed)
            return session.run(tf.random_normal([4], seed=op_seed)).tolist()

    assert draw(1, 2) == draw(1, 2) and draw(1, None) == draw(1, None)
    assert draw(None, 2) == draw(None, 2) and draw(None, None) != draw(None, None)
    assert len({tuple(draw(*s)) for s in ((1, 2), (1, None), (None, 2), (2, 2), (0, 0))}) == 5


def test_shuffle_and_crop() -> None:
    rows = np.arange(20).reshape(10, 2)
    with tf.Session() as session:
        mixed = session.run(tf.random_shuffle(rows, seed=4))
        cut = session.run(tf.random_crop(rows, [3, 1], seed=4))
    assert sorted(mixed.tolist()) == rows.tolist() and mixed.tolist() != rows.tolist()
    assert cut.shape == (3, 1) and (np.diff(cut[:, 0]) == 2).all()


def test_a_placeholder_with_default() -> None:
    x = tf.placeholder_with_default([1.0, 2.0], [None])
    assert x.shape.as_list() == [None]
    with tf.Session() as session:
        assert session.run(x * 2).tolist() == [2, 4]
        assert session.run(x * 2, {x: [5.0]}).tolist() == [10]


def test_gradients_that_do_not_flow() -> None:
    x = tf.constant([1.0, 2.0])
    assert tf.gradients(tf.stop_gradient(x) * 2, x) == [None]
    with tf.Session() as session:
        (grad,) = tf.gradients(tf.stop_gradient(x) * x, x)
        assert session.run(grad).tolist() == [1, 2]


def test_static_values() -> None:
    assert tf.get_static_value(tf.constant([1, 2]) * 2).tolist() == [2, 4]
    assert tf.get_static_value(tf.placeholder(tf.float32)) is None
    assert tf.get_static_value(3) == 3
