"""RaggedTensors: what they hold, what functions make of them, and rows that do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evergraph import tf
from evergraph.tf.ragged.padded_gather import batch_gather_with_default
from evergraph.tf.ragged.shape import RaggedTensorDynamicShape, broadcast_to

ROWS = st.lists(st.lists(st.integers(-9, 9), max_size=4), min_size=1, max_size=4)
DEEP = st.lists(ROWS, min_size=1, max_size=3)
FAILS = (ValueError, tf.errors.InvalidArgumentError)


def run(build: Any, feeds: Any = None) -> Any:
    """The value of what `build` makes in a graph of its own, ragged ones as lists."""
    with tf.Graph().as_default(), tf.Session() as session:
        value = session.run(build(), feeds)
        return value.to_list() if hasattr(value, "to_list") else value


def ragged(rows: Any, **options: Any) -> Any:
    """A RaggedTensor of integers."""
    return tf.ragged.constant(rows, tf.int32, **options)


# -- making them -------------------------------------------------------------------------------
@given(ROWS)
@settings(deadline=None)
def test_every_form_of_partition(rows: list[list[int]]) -> None:
    """Splits, lengths, row numbers, starts and limits give the same rows, checked or not."""
    lengths = np.array([len(r) for r in rows], np.int64)
    splits = np.concatenate([[0], np.cumsum(lengths)])
    values = np.array([v for r in rows for v in r], np.int32)
    ids = np.repeat(np.arange(len(rows)), lengths)
    make = tf.RaggedTensor

    def build() -> Any:
        return [
            part
            for check in (True, False)
            for part in (
                make.from_row_splits(values, splits, validate=check),
                make.from_row_lengths(values, lengths, validate=check),
                make.from_value_rowids(values, ids, len(rows), validate=check),
                make.from_row_starts(values, splits[:-1], validate=check),
                make.from_row_limits(values, splits[1:], validate=check),
            )
        ]

    with tf.Graph().as_default(), tf.Session() as session:
        for got in session.run(build()):
            assert got.to_list() == rows


@given(DEEP)
@settings(deadline=None)
def test_dense_and_sparse_and_back(rows: Any) -> None:
    """Through dense tensors with their lengths, and through variants."""
    wanted = rows
    with tf.Graph().as_default(), tf.Session() as session:
        rt = ragged(rows, ragged_rank=2)
        back = tf.RaggedTensor.from_tensor(rt.to_tensor(), rt.nested_row_lengths())
        variant = tf.RaggedTensor._from_variant(rt._to_variant(), tf.int32, 2)
        assert session.run(back).to_list() == wanted
        assert session.run(variant).to_list() == wanted
        sparse = session.run(rt.to_sparse())
        flat = [v for outer in rows for inner in outer for v in inner]
        assert sparse.values.tolist() == flat


BAD: tuple[Any, ...] = (
    lambda: tf.RaggedTensor.from_row_splits([1, 2], [0, 3]),
    lambda: tf.RaggedTensor.from_row_splits([1, 2], [1, 2]),
    lambda: tf.RaggedTensor.from_row_splits([1, 2], [0, 2, 1, 2]),
    lambda: tf.RaggedTensor.from_row_splits([1, 2], []),
    lambda: tf.RaggedTensor.from_row_lengths([1, 2], [3]),
    lambda: tf.RaggedTensor.from_row_lengths([1, 2], [3, -1]),
    lambda: tf.RaggedTensor.from_value_rowids([1, 2], [1, 0]),
    lambda: tf.RaggedTensor.from_value_rowids([1, 2], [0, 5], 3),
    lambda: tf.RaggedTensor.from_value_rowids([1, 2], [0, 1], -1),
    lambda: tf.RaggedTensor.from_row_starts([1, 2], [0, 3]),
    lambda: tf.RaggedTensor.from_row_limits([1, 2], [1]),
    lambda: tf.RaggedTensor.from_sparse(tf.SparseTensor([[0, 1]], [1], [1, 2])),
    lambda: tf.ragged.constant([[1], [[2]]]),
    lambda: tf.ragged.constant([[1, 2], [3]], ragged_rank=5),
    lambda: tf.gather(ragged([[1], [2]]), [2]),
    lambda: tf.concat([ragged([[1], [2]]), ragged([[1]])], 1),
    lambda: tf.squeeze(ragged([[1, 2]]), [1]),
    lambda: ragged([[1, 2]]) + ragged([[1], [2, 3]]),
    lambda: tf.ragged.range(0, 5, 0),
)


@pytest.mark.parametrize("build", BAD)
def test_rows_that_do_not_fit(build: Any) -> None:
    """They raise when the graph is made, or when it runs."""
    with pytest.raises(FAILS):
        run(build)


def test_hostile_splits_reach_no_kernel() -> None:
    """Splits without checks are looked at by the ops."""
    for splits in ([0, 9], [0, -1, 2], [5, 2], [0, 1]):
        for use in (
            lambda rt: tf.gather(rt, [0]),
            lambda rt: rt.to_sparse(),
            lambda rt: rt._to_variant(),
        ):

            def build(splits: Any = splits, use: Any = use) -> Any:
                return use(tf.RaggedTensor.from_row_splits([1, 2], splits, validate=False))

            with pytest.raises(FAILS):
                run(build)


# -- what they are -----------------------------------------------------------------------------
def test_parts() -> None:
    """Shapes, ranks, dtypes, and what a session gives and takes."""
    with tf.Graph().as_default(), tf.Session() as session:
        rt = ragged([[[1], [2, 3]], []])
        assert rt.shape.as_list() == [2, None, None] and rt.ragged_rank == 2
        value = session.run(rt)
        assert isinstance(value, tf.ragged.RaggedTensorValue)
        assert value.to_list() == [[[1], [2, 3]], []]
        assert session.run(rt.bounding_shape()).tolist() == [2, 2, 2]
        fed = tf.ragged.placeholder(tf.int32, 2)
        assert session.run(fed * 2, {fed: value}).to_list() == [[[2], [4, 6]], []]
        with pytest.raises(TypeError):
            session.run(fed, {fed: [[1]]})
        with pytest.raises(TypeError):
            bool(rt)
        with pytest.raises(ValueError):
            rt.to_list()
        with pytest.raises(TypeError):
            tf.matmul(rt, rt)


@given(ROWS, st.integers(-3, 3), st.integers(-3, 3))
@settings(deadline=None, max_examples=40)
def test_slices_are_pythons(rows: list[list[int]], start: int, stop: int) -> None:
    """Of rows and within rows."""
    assert run(lambda: ragged(rows, ragged_rank=1)[start:stop]) == rows[start:stop]
    assert run(lambda: ragged(rows, ragged_rank=1)[:, start:stop]) == [r[start:stop] for r in rows]
    assert run(lambda: ragged(rows, ragged_rank=1)[::2]) == rows[::2]


def test_tensors_as_offsets() -> None:
    """Of either sign."""
    rows = [[1, 2, 3], [4], []]
    for at in (-2, 0, 1, 5):
        assert run(lambda at=at: ragged(rows)[:, tf.constant(at) :]) == [r[at:] for r in rows]


# -- functions ---------------------------------------------------------------------------------
@given(ROWS)
@settings(deadline=None, max_examples=40)
def test_reductions(rows: list[list[int]]) -> None:
    """Along rows, along columns and of everything."""
    with tf.Graph().as_default(), tf.Session() as session:
        rt = ragged(rows, ragged_rank=1)
        assert session.run(tf.reduce_sum(rt, 1)).tolist() == [sum(r) for r in rows]
        assert session.run(tf.reduce_sum(rt)) == sum(map(sum, rows))
        columns = max(map(len, rows))
        wanted = [sum(r[i] for r in rows if i < len(r)) for i in range(columns)]
        assert session.run(tf.reduce_sum(rt, 0)).tolist() == wanted
        assert session.run(tf.reduce_any(rt > 0, 1)).tolist() == [
            any(v > 0 for v in r) for r in rows
        ]


@given(DEEP, st.integers(0, 2), st.integers(0, 2), st.integers(0, 2))
@settings(deadline=None, max_examples=40)
def test_tiles(rows: Any, a: int, b: int, c: int) -> None:
    """Of two ragged dimensions, as lists multiply."""
    wanted = [[inner * c for inner in outer] * b for outer in rows] * a
    assert run(lambda: tf.tile(ragged(rows, ragged_rank=2), [a, b, c])) == wanted


@given(ROWS)
@settings(deadline=None, max_examples=40)
def test_joins(rows: list[list[int]]) -> None:
    """Concatenation and stacking along both dimensions."""
    with tf.Graph().as_default(), tf.Session() as session:
        rt = ragged(rows, ragged_rank=1)
        assert session.run(tf.concat([rt, rt], 0)).to_list() == rows + rows
        assert session.run(tf.concat([rt, rt], 1)).to_list() == [r + r for r in rows]
        assert session.run(tf.stack([rt, rt])).to_list() == [rows, rows]
        assert session.run(tf.stack([rt, rt], 1)).to_list() == [[r, r] for r in rows]


def test_operators_broadcast() -> None:
    """With scalars, columns, and rows of the same lengths; reflected too."""
    rows = [[1, 2], [], [3]]
    assert run(lambda: ragged(rows) + tf.constant([[10], [20], [30]])) == [[11, 12], [], [33]]
    assert run(lambda: 10 - ragged(rows)) == [[9, 8], [], [7]]
    assert run(lambda: -ragged(rows) * ragged(rows)) == [[-1, -4], [], [-9]]
    assert run(lambda: tf.maximum(ragged(rows), 2)) == [[2, 2], [], [3]]
    assert run(lambda: tf.add(x=ragged(rows), y=1)) == [[2, 3], [], [4]]
    assert run(lambda: ~(ragged(rows) > 1)) == [[True, False], [], [False]]


def test_other_functions() -> None:
    """Masks, choices, gathers, partitions, segments, squeezes."""
    rows = [[1, 2], [], [3]]
    assert run(lambda: tf.ragged.boolean_mask(ragged(rows), [True, False, True])) == [[1, 2], [3]]
    assert run(lambda: tf.ragged.boolean_mask([[1, 2], [3, 4]], [[True, False], [True, True]])) == [
        [1],
        [3, 4],
    ]
    assert run(lambda: tf.where(ragged(rows) > 1, ragged(rows), -ragged(rows))) == [
        [-1, 2],
        [],
        [3],
    ]
    assert run(
        lambda: tf.where(tf.constant([True, False, True]), ragged(rows), [[7], [8], [9]])
    ) == [
        [1, 2],
        [8],
        [3],
    ]
    assert run(lambda: tf.gather_nd(ragged(rows), [[0, 1], [2, 0]])).tolist() == [2, 3]
    assert run(lambda: tf.batch_gather(ragged(rows), ragged([[1, 0], [], [0]]))) == [
        [2, 1],
        [],
        [3],
    ]
    assert run(lambda: tf.ragged.stack_dynamic_partitions([1, 2, 3], [1, 0, 1], 3)) == [
        [2],
        [1, 3],
        [],
    ]
    assert run(lambda: tf.math.unsorted_segment_sum(ragged(rows), [0, 1, 0], 2)) == [[4, 2], []]
    assert run(lambda: tf.squeeze(ragged([[[1], [2]], [[3]]]), 2)) == [[1, 2], [3]]
    default = run(lambda: batch_gather_with_default(ragged(rows), ragged([[1, 5], [0], [0]]), 0))
    assert default == [[2, 0], [0], [3]]


def test_shapes_of_a_run() -> None:
    """A dense row broadcast to ragged ones."""

    def build() -> Any:
        shape = RaggedTensorDynamicShape.from_tensor(ragged([[1, 2], [3]]))
        return broadcast_to(tf.constant([[5], [6]]), shape)

    assert run(build) == [[5, 5], [6]]


def test_gradients() -> None:
    """Through gathers and sparse forms to the flat values."""
    with tf.Graph().as_default(), tf.Session() as session:
        flat = tf.constant([1.0, 2.0, 3.0])
        rt = tf.RaggedTensor.from_row_splits(flat, [0, 2, 3])
        y = tf.reduce_sum(tf.gather(rt, [0, 1, 0]).flat_values ** 2)
        slope = tf.convert_to_tensor(tf.gradients(y, flat)[0])
        assert session.run(slope).tolist() == [4.0, 8.0, 6.0]
        (slope,) = tf.gradients(rt.to_sparse().values ** 2, flat)
        assert session.run(slope).tolist() == [2.0, 4.0, 6.0]


# -- specs -------------------------------------------------------------------------------------
def test_specs() -> None:
    """Equality, compatibility and the narrowest common one."""
    a, b = tf.TensorSpec([None, 3], tf.int32), tf.TensorSpec([2, 3], tf.int32, "b")
    assert a.is_compatible_with(b) and a != b
    assert a.most_specific_compatible_type(b) == tf.TensorSpec([None, 3], tf.int32)
    assert not a.is_compatible_with(tf.TensorSpec([2, 3], tf.float32))
    spec = tf.RaggedTensorSpec([2, None], tf.int32)
    with tf.Graph().as_default():
        assert spec.is_compatible_with(ragged([[1], [2, 3]]))
        assert not spec.is_compatible_with(ragged([[1]]))
    assert spec._batch(4)._unbatch() == spec
    for bad in ({}, {"shape": [2], "ragged_rank": 2}):
        with pytest.raises(ValueError):
            tf.RaggedTensorSpec(**bad)


@pytest.mark.oracle
def test_against_tensorflow() -> None:
    """The same calls on today's TensorFlow."""
    theirs = pytest.importorskip("tensorflow")
    calls: tuple[Any, ...] = (
        lambda m: m.concat([m.ragged.constant([[1, 2], [3]]), m.ragged.constant([[4], [5, 6]])], 1),
        lambda m: m.reduce_mean(m.ragged.constant([[1.0, 2.0], [3.0]]), 0),
        lambda m: m.strings.ngrams(m.ragged.constant([["a", "b", "c"], ["d"]]), 2, pad_values="#"),
        lambda m: m.strings.unicode_split(["ab", "\u00e9"], "UTF-8"),
        lambda m: m.RaggedTensor.from_tensor([[1, 0, 0], [2, 3, 0]], padding=0),
        lambda m: m.ragged.constant([[1, 2, 3], [4]]).to_tensor(9),
        lambda m: m.expand_dims(m.ragged.constant([[1, 2], [3]]), 1),
    )
    for call in calls:
        wanted = call(theirs)
        wanted = wanted.to_list() if hasattr(wanted, "to_list") else wanted.numpy().tolist()
        got = run(lambda call=call: call(tf))
        assert (got if isinstance(got, list) else got.tolist()) == wanted
