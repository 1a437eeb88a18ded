"""`tf.sparse`, `tf.sets`, sparse tensors as elements, and what sparse ops refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evergraph import tf
from evergraph.ops import coordinates
from evergraph.tf import sparse_storage as storage
from evergraph.tf.sparse import sparse_dense_cwise_add

INDICES = [[0, 1], [1, 0], [1, 3], [2, 2]]
DENSE = np.array([[0, 1, 0, 0], [2, 0, 0, 3], [0, 0, 4, 0]], np.float32)


@pytest.fixture
def session() -> Any:
    """A session on an empty graph."""
    with tf.Graph().as_default(), tf.Session() as session:
        yield session


def sparse() -> Any:
    """The matrix DENSE as a SparseTensor."""
    return tf.SparseTensor(INDICES, np.array([1, 2, 3, 4], np.float32), [3, 4])


def dense(session: Any, x: Any) -> Any:
    """The dense value of a SparseTensor (of its own, so that its order does not matter)."""
    return session.run(tf.sparse.to_dense(tf.sparse.reorder(x)))


# -- storage -------------------------------------------------------------------------------------
@pytest.mark.parametrize("out_type", [tf.string, tf.variant])
def test_serialize_and_deserialize(session: Any, out_type: Any) -> None:
    one = tf.io.serialize_sparse(sparse(), out_type=out_type)
    back = storage.deserialize_sparse(one, tf.float32, rank=2)
    np.testing.assert_array_equal(dense(session, back), DENSE)
    many = tf.io.serialize_many_sparse(sparse(), out_type=out_type)
    again = storage.deserialize_sparse(many, tf.float32)
    assert again.values.op.type == "DeserializeSparse"
    np.testing.assert_array_equal(dense(session, again), DENSE)
    if out_type == tf.string:
        rows = tf.deserialize_many_sparse(many, tf.float32, rank=2)
        assert rows.values.op.type == "DeserializeManySparse"
        np.testing.assert_array_equal(dense(session, rows), DENSE)


@pytest.mark.parametrize(
    ("serialized", "text"),
    [
        ([b"a", b"b"], "should have 3 as the last dimension"),
        (b"a", "non-zero rank"),
        ([b"a", b"b", b"c"], "Could not parse serialized proto"),
        (np.empty((0, 3), object), "at least 1 serialized tensor"),
    ],
)
def test_what_is_no_serialized_tensor(session: Any, serialized: Any, text: str) -> None:
    got = storage.deserialize_sparse(tf.constant(serialized, tf.string), tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match=text):
        session.run(got)


def test_deserialize_checks_dtypes(session: Any) -> None:
    got = storage.deserialize_sparse(tf.io.serialize_sparse(sparse()), tf.int64)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Requested SparseTensor of type"):
        session.run(got)


def test_maps_of_a_session(session: Any) -> None:
    one = storage.add_sparse_to_tensors_map(sparse())
    handles = [session.run(one) for _ in range(2)]
    assert len(set(handles)) == 2
    fed = tf.placeholder(tf.int64, [None])
    taken = storage.take_many_sparse_from_tensors_map(one.op, fed, rank=3)
    types = one.op.type, taken.values.op.type
    assert types == ("AddSparseToTensorsMap", "TakeManySparseFromTensorsMap")
    whole = session.run(taken, {fed: handles})
    assert whole.dense_shape.tolist() == [2, 3, 4]
    assert whole.values.tolist() == [1, 2, 3, 4] * 2
    with pytest.raises(tf.errors.InvalidArgumentError, match="Unable to find SparseTensor"):
        session.run(taken, {fed: handles})
    many = storage.add_many_sparse_to_tensors_map(sparse())
    assert many.op.type == "AddManySparseToTensorsMap"
    back = storage.take_many_sparse_from_tensors_map(many.op, many)
    np.testing.assert_array_equal(dense(session, back), DENSE)


def test_maps_belong_to_their_operation() -> None:
    with pytest.raises(TypeError, match="be an Operation"):
        storage.take_many_sparse_from_tensors_map("map", [1])
    with tf.Graph().as_default(), pytest.raises(TypeError, match="must be one of"):
        storage.take_many_sparse_from_tensors_map(tf.constant(1).op, [1])


# -- the face ------------------------------------------------------------------------------------
def test_making(session: Any) -> None:
    np.testing.assert_array_equal(dense(session, tf.sparse.from_dense(DENSE)), DENSE)
    np.testing.assert_array_equal(dense(session, tf.sparse.eye(2, 3)), np.eye(2, 3))
    fed = tf.sparse.placeholder(tf.float32, shape=[3, 4])
    value = tf.SparseTensorValue(INDICES, [1.0, 2.0, 3.0, 4.0], [3, 4])
    np.testing.assert_array_equal(session.run(tf.sparse.to_dense(fed), {fed: value}), DENSE)
    assert tf.sparse.placeholder(tf.int32, [None, 3]).indices.shape.as_list() == [None, 2]


def test_shapes(session: Any) -> None:
    x = sparse()
    np.testing.assert_array_equal(dense(session, tf.sparse.transpose(x)), DENSE.T)
    np.testing.assert_array_equal(
        dense(session, tf.sparse.reshape(x, [2, -1])), DENSE.reshape(2, 6)
    )
    np.testing.assert_array_equal(dense(session, tf.sparse.expand_dims(x, 1)), DENSE[:, None])
    np.testing.assert_array_equal(
        dense(session, tf.sparse.concat(1, [x, x])), np.concatenate([DENSE, DENSE], 1)
    )
    parts = tf.sparse.split(sp_input=x, num_split=2, axis=1)
    np.testing.assert_array_equal(dense(session, parts[1]), DENSE[:, 2:])
    np.testing.assert_array_equal(dense(session, tf.sparse.slice(x, [1, 0], [2, 3])), DENSE[1:, :3])
    kept = tf.sparse.retain(x, [True, False, False, True])
    assert session.run(kept).values.tolist() == [1, 4]
    assert session.run(tf.sparse.reset_shape(x, [5, 5])).dense_shape.tolist() == [5, 5]
    assert session.run(tf.sparse.reset_shape(kept)).dense_shape.tolist() == [3, 3]
    filled, empty = tf.sparse.fill_empty_rows(tf.sparse.slice(x, [0, 0], [3, 1]), -1.0)
    assert session.run(empty).tolist() == [True, False, True]
    assert session.run(filled).values.tolist() == [-1, 2, -1]


def test_expanded_concat(session: Any) -> None:
    small = tf.SparseTensor([[0, 0]], [5.0], [1, 2])
    got = tf.sparse.concat(1, [sparse(), small], expand_nonconcat_dims=True)
    assert dense(session, got).shape == (3, 6)


def test_arithmetic(session: Any) -> None:
    x = sparse()
    np.testing.assert_array_equal(dense(session, tf.sparse.add(x, x)), 2 * DENSE)
    np.testing.assert_array_equal(session.run(tf.sparse.add(x, DENSE)), 2 * DENSE)
    np.testing.assert_array_equal(session.run(tf.sparse.add(DENSE, x)), 2 * DENSE)
    np.testing.assert_allclose(session.run(tf.sparse.matmul(x, DENSE.T)), DENSE @ DENSE.T)
    np.testing.assert_array_equal(session.run(tf.sparse.reduce_sum(x, 1)), DENSE.sum(1))
    assert session.run(tf.sparse.reduce_max(x)) == 4
    assert session.run(tf.sparse.reduce_sum_sparse(x, 0)).values.tolist() == [2, 1, 4, 3]
    assert session.run(tf.sparse.reduce_max_sparse(x, 1)).values.tolist() == [1, 3, 4]
    for function, numpy in ((tf.abs, np.abs), (tf.square, np.square), (tf.negative, np.negative)):
        np.testing.assert_array_equal(dense(session, function(x)), numpy(DENSE))
    both = tf.sparse.maximum(x, tf.negative(x))
    np.testing.assert_array_equal(dense(session, both), DENSE)
    np.testing.assert_array_equal(dense(session, tf.sparse.minimum(x, tf.negative(x))), -DENSE)
    got = session.run(tf.sparse.softmax(x)).values
    np.testing.assert_allclose(got[[0, 3]], [1, 1])


def test_indicators_and_merges(session: Any) -> None:
    ids = tf.SparseTensor([[0, 0], [0, 1], [1, 0]], np.array([2, 0, 1], np.int64), [2, 2])
    flags = session.run(tf.sparse.to_indicator(ids, 4))
    assert flags.tolist() == [[True, False, True, False], [False, True, False, False]]
    merged = tf.sparse.merge(ids, tf.SparseTensor(ids.indices, [7.0, 8.0, 9.0], [2, 2]), 3)
    assert dense(session, merged).tolist() == [[8, 0, 7], [0, 9, 0]]


def test_crosses(session: Any) -> None:
    x = tf.SparseTensor([[0, 0], [1, 0]], ["a", "b"], [2, 1])
    words = session.run(tf.sparse.cross([x, tf.constant([["c"], ["d"]])]))
    assert words.values.tolist() == [b"a_X_c", b"b_X_d"]
    hashed = session.run(tf.sparse.cross_hashed([x, x], num_buckets=100))
    assert np.all((hashed.values >= 0) & (hashed.values < 100))


def test_sets(session: Any) -> None:
    a = tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [1, 2, 3], [2, 2])
    b = tf.constant([[2, 9], [3, 3]])
    assert session.run(tf.sets.size(a)).tolist() == [2, 1]
    assert session.run(tf.sets.intersection(a, b)).values.tolist() == [2, 3]
    assert session.run(tf.sets.union(a, b)).values.tolist() == [1, 2, 9, 3]
    assert session.run(tf.sets.difference(a, b)).values.tolist() == [1]
    assert session.run(tf.sets.difference(a, b, aminusb=False)).values.tolist() == [9]


# -- what is refused -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x: tf.sparse.reshape(x, [5, -1]), ValueError, "Cannot reshape"),
        (lambda x: tf.sparse.reshape(x, [-1, -1]), ValueError, "At most one dimension"),
        (lambda x: tf.sparse.add(1.0, 2.0), TypeError, "should be SparseTensor"),
        (lambda x: tf.sparse.reorder(DENSE), TypeError, "must be a SparseTensor"),
        (lambda x: tf.sparse.split(x, 2, 0), ValueError, "Keyword arguments are required"),
        (lambda x: tf.sparse.split(sp_input=x), ValueError, "num_split is required"),
        (lambda x: tf.sparse.reset_shape(x, [1, 1]), ValueError, ">= sp_input.shape"),
        (lambda x: tf.sparse.matmul(x, np.ones([5, 2], np.float32)), ValueError, "must be equal"),
        (lambda x: tf.sets.size(DENSE), TypeError, "Expected `SparseTensor`"),
        (lambda x: tf.sets.union(x, x), TypeError, "invalid dtype"),
        (lambda x: tf.sparse.cross(x), TypeError, "must be a list"),
    ],
)
def test_refused_while_building(session: Any, call: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        call(sparse())


def fed(indices: Any, values: Any, shape: Any) -> tuple[Any, dict[Any, Any]]:
    """A SparseTensor of which the graph knows nothing, and what to feed."""
    parts = [tf.placeholder(dtype) for dtype in (tf.int64, tf.float32, tf.int64)]
    return tf.SparseTensor(*parts), dict(zip(parts, (indices, values, shape), strict=True))


OPS = {
    "reorder": tf.sparse.reorder,
    "slice": lambda x: tf.sparse.slice(x, [0, 0], [1, 1]),
    "split": lambda x: tf.sparse.split(sp_input=x, num_split=1, axis=0),
    "fill": lambda x: tf.sparse.fill_empty_rows(x, 0.0)[0],
    "sum": tf.sparse.reduce_sum,
    "softmax": tf.sparse.softmax,
    "add": lambda x: tf.sparse.add(x, x),
    "dense": lambda x: tf.sparse.add(x, np.ones([2, 2], np.float32)),
    "cwise": lambda x: sparse_dense_cwise_add(x, np.ones([2, 2], np.float32)),
    "matmul": lambda x: tf.sparse.matmul(x, np.ones([2, 2], np.float32)),
    "serialize": tf.io.serialize_sparse,
    "to_dense": tf.sparse.to_dense,
}
BAD = {
    "vector of indices": ([0, 1], [1.0, 2.0], [2, 2]),
    "matrix of values": ([[0, 1]], [[1.0]], [2, 2]),
    "too few values": ([[0, 1], [1, 1]], [1.0], [2, 2]),
    "rank of indices": ([[0, 1, 1]], [1.0], [2, 2]),
}
OUTSIDE = {
    "negative index": ([[0, -1]], [1.0], [2, 2]),
    "large index": ([[0, 7]], [1.0], [2, 2]),
    "empty shape": ([[0, 0]], [1.0], [0, 0]),
}


@pytest.mark.parametrize("parts", BAD.values(), ids=BAD)
@pytest.mark.parametrize("op", OPS)
def test_parts_that_do_not_fit(session: Any, op: str, parts: Any) -> None:
    x, feeds = fed(*parts)
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        session.run(OPS[op](x), feeds)


@pytest.mark.parametrize("parts", OUTSIDE.values(), ids=OUTSIDE)
@pytest.mark.parametrize("op", sorted(OPS.keys() - {"reorder", "slice", "serialize", "fill"}))
def test_indices_outside(session: Any, op: str, parts: Any) -> None:
    x, feeds = fed(*parts)
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        session.run(OPS[op](x), feeds)


# -- coordinates --------------------------------------------------------------------------------
@st.composite
def lists(draw: Any) -> tuple[Any, Any]:
    """Coordinates inside a small shape."""
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    row = st.tuples(*(st.integers(0, n - 1) for n in shape))
    rows = draw(st.lists(row, max_size=8))
    return np.array(rows, np.int64).reshape(-1, len(shape)), np.array(shape, np.int64)


@given(lists())
@settings(deadline=None)
def test_places_and_order(case: Any) -> None:
    indices, shape = case
    places = coordinates.flat(indices, shape)
    np.testing.assert_array_equal(coordinates.unflat(places, shape), indices)
    np.testing.assert_array_equal(coordinates.order(indices), np.argsort(places, kind="stable"))
    found, (where,) = coordinates.unique_rows(indices)
    np.testing.assert_array_equal(coordinates.flat(found, shape), np.unique(places))
    np.testing.assert_array_equal(found[where] if len(indices) else indices, indices)


def test_places_that_cannot_be_counted() -> None:
    with pytest.raises(ValueError, match="too many elements"):
        coordinates.flat(np.zeros((1, 2), np.int64), np.array([1 << 40, 1 << 40]))
