"""Parsing of Examples: what comes back, what is refused, and bytes that are no message."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evergraph import tf
from evergraph.core.dtypes import float32, int64, string
from evergraph.ops import examples, json_examples, tensor_messages, wire
from evergraph.ops.wire import WireError

InvalidArgument = tf.errors.InvalidArgumentError
INTEGERS = st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=5)


def feature(**lists: Any) -> Any:
    """A Feature message of a list."""
    kinds = {"int64": tf.train.Int64List, "float": tf.train.FloatList, "bytes": tf.train.BytesList}
    return tf.train.Feature(**{f"{k}_list": kinds[k](value=v) for k, v in lists.items()})


def example(**features: Any) -> bytes:
    """A serialised Example."""
    message = tf.train.Example(features=tf.train.Features(feature=features))
    serialized: bytes = message.SerializeToString()
    return serialized


def run(build: Any) -> Any:
    """The value of what `build` makes in a graph of its own."""
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(build())


# -- the wire format ---------------------------------------------------------------------------
@given(INTEGERS)
def test_packed_integers_come_back(numbers: list[int]) -> None:
    """All integers of 64 bits."""
    data = b"".join(map(wire.encoded_varint, numbers))
    assert wire.packed_varints(data).tolist() == numbers


@given(st.binary(max_size=60))
@settings(max_examples=500)
def test_any_bytes_are_messages_or_errors(data: bytes) -> None:
    """Nothing but ValueError comes of reading them."""
    for read in (
        examples.example_features,
        examples.sequence_features,
        examples.read_feature,
        examples.read_list,
        tensor_messages.read_tensor,
        json_examples.from_json,
    ):
        try:
            read(data)
        except ValueError:
            continue


@given(INTEGERS, st.lists(st.floats(width=32, allow_nan=False), max_size=4), st.lists(st.binary()))
@settings(deadline=None)
def test_examples_come_back(ints: list[int], floats: list[float], texts: list[bytes]) -> None:
    """What protobuf writes is read here, and what is written here protobuf reads."""
    data = example(i=feature(int64=ints), f=feature(float=floats), t=feature(bytes=texts))
    found = {k: examples.read_feature(v) for k, v in examples.example_features(data).items()}
    assert found[b"i"].values.tolist() == ints
    assert found[b"f"].values.tolist() == floats
    assert found[b"t"].values.tolist() == texts
    written = examples.write_example(
        {"i": (int64, ints), "f": (float32, floats), "t": (string, texts)}
    )
    message = tf.train.Example.FromString(written)
    assert list(message.features.feature["i"].int64_list.value) == ints
    assert list(message.features.feature["t"].bytes_list.value) == texts


def test_damaged_messages_are_told() -> None:
    """Cut, endless or overlong numbers, and groups."""
    for data in (b"\x0a\x05a", b"\x80" * 12, b"\x0b", b"\x00\x01"):
        with pytest.raises(WireError):
            list(wire.fields(data))


# -- Examples ----------------------------------------------------------------------------------
def test_batches() -> None:
    """Dense, sparse, padded and missing features."""
    rows = [
        example(a=feature(int64=[1, 2]), s=feature(bytes=[b"x"]), v=feature(float=[1, 2, 3, 4])),
        example(a=feature(int64=[3, 4]), v=feature(float=[5, 6])),
    ]
    wanted = {
        "a": tf.FixedLenFeature([2], tf.int64),
        "s": tf.VarLenFeature(tf.string),
        "v": tf.FixedLenSequenceFeature([2], tf.float32, allow_missing=True, default_value=-1.0),
        "d": tf.FixedLenFeature([], tf.float32, default_value=7.0),
    }
    got = run(lambda: tf.parse_example(rows, wanted))
    assert got["a"].tolist() == [[1, 2], [3, 4]]
    assert got["s"].indices.tolist() == [[0, 0]] and got["s"].values.tolist() == [b"x"]
    assert got["s"].dense_shape.tolist() == [2, 1]
    assert got["v"].tolist() == [[[1, 2], [3, 4]], [[5, 6], [-1, -1]]]
    assert got["d"].tolist() == [7, 7]
    one = run(lambda: tf.parse_single_example(rows[1], wanted))
    assert one["v"].tolist() == [[5, 6]] and one["s"].dense_shape.tolist() == [0]
    named = run(lambda: tf.parse_single_example(rows[1], wanted, example_names="n"))
    assert named["a"].tolist() == [3, 4]


def test_sequences() -> None:
    """A context and lists of features, alone and in batches."""
    message = tf.train.SequenceExample()
    message.context.feature["c"].int64_list.value.append(5)
    for value in (1.0, 2.0):
        message.feature_lists.feature_list["f"].feature.add().float_list.value.append(value)
    message.feature_lists.feature_list["t"].feature.add().bytes_list.value.extend([b"x", b"y"])
    data = message.SerializeToString()
    context = {"c": tf.FixedLenFeature([], tf.int64)}
    lists = {
        "f": tf.FixedLenSequenceFeature([], tf.float32),
        "t": tf.VarLenFeature(tf.string),
        "missing": tf.FixedLenSequenceFeature([2], tf.int64, allow_missing=True),
    }
    got, steps = run(lambda: tf.parse_single_sequence_example(data, context, lists))
    assert got["c"] == 5
    assert steps["f"].tolist() == [1.0, 2.0] and steps["missing"].shape == (0, 2)
    assert steps["t"].indices.tolist() == [[0, 0], [0, 1]]
    batch = run(lambda: tf.io.parse_sequence_example([data, data], context, lists))
    assert batch[0]["c"].tolist() == [5, 5]
    assert batch[1]["f"].shape == (2, 2) and batch[2]["f"].tolist() == [2, 2]
    assert batch[1]["t"].dense_shape.tolist() == [2, 1, 2]


REFUSED: tuple[tuple[Any, str], ...] = (
    ({"a": tf.FixedLenFeature([3], tf.int64)}, "Number of int64 values != expected"),
    ({"a": tf.FixedLenFeature([2], tf.float32)}, "Data types don't match"),
    ({"a": tf.VarLenFeature(tf.string)}, "Data types don't match"),
    ({"b": tf.FixedLenFeature([2], tf.float32)}, "is required but could not be found"),
    ({"a": tf.FixedLenSequenceFeature([3], tf.int64, True)}, "not a multiple of stride"),
)


@pytest.mark.parametrize("case", REFUSED, ids=lambda c: c[1])
def test_examples_that_do_not_fit(case: tuple[Any, str]) -> None:
    """They raise, alone and in a batch."""
    features, message = case
    data = example(a=feature(int64=[1, 2]))
    for build in (
        lambda: tf.parse_example([data], features),
        lambda: tf.parse_single_example(data, features),
    ):
        with pytest.raises(InvalidArgument, match=message):
            run(build)


def test_bytes_that_are_no_example() -> None:
    """InvalidArgumentError, never anything else."""
    features = {"a": tf.FixedLenFeature([2], tf.int64)}
    for data in (b"\xff", b"\x0a\x7f", b"\x0a\x04\x0a\x02\x12\xff"):
        with pytest.raises(InvalidArgument):
            run(lambda data=data: tf.parse_example([data], features))


SPECIFICATIONS: tuple[tuple[Any, str], ...] = (
    ({}, "Missing"),
    ({"a": tf.FixedLenFeature(None, tf.int64)}, "Missing shape"),
    ({"a": tf.FixedLenFeature([None], tf.int64)}, "Consider using FixedLenSequenceFeature"),
    ({"a": tf.VarLenFeature(None)}, "Missing type"),
    ({"a": tf.SparseFeature("", "v", tf.int64, 3)}, "Missing index_key"),
    ({"a": tf.FixedLenSequenceFeature([], tf.int64)}, "allow_missing"),
    ({"a": 3}, "Invalid feature"),
)


@pytest.mark.parametrize("case", SPECIFICATIONS, ids=lambda c: c[1])
def test_incomplete_specifications(case: tuple[Any, str]) -> None:
    """ValueError while the graph is made."""
    features, message = case
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        tf.parse_example(["x"], features)


def test_json() -> None:
    """Numbers as text, both spellings of names, and what is no Example."""
    text = '{"features": {"feature": {"a": {"int64List": {"value": ["1", 2]}}}}}'
    data = run(lambda: tf.decode_json_example(text))
    assert list(tf.train.Example.FromString(data).features.feature["a"].int64_list.value) == [1, 2]
    for bad in (
        "[]",
        '{"x": 1}',
        '{"features": {"feature": {"a": {"int64List": {"value": [1.5]}}}}}',
    ):
        with pytest.raises(ValueError):
            json_examples.from_json(bad.encode())
    with pytest.raises(ValueError):
        json_examples.from_json(b"[" * 100_000)


@pytest.mark.oracle
def test_against_tensorflow() -> None:
    """The values of today's TensorFlow on the same bytes."""
    theirs = pytest.importorskip("tensorflow")
    data = [
        example(a=feature(int64=[1, -2]), b=feature(float=[1.5]), c=feature(bytes=[b"x", b"y"])),
        example(a=feature(int64=[3, 4]), b=feature(float=[1.0, 2.0, 3.0])),
    ]

    def features(m: Any) -> dict[str, Any]:
        return {
            "a": m.io.FixedLenFeature([2], m.int64),
            "b": m.io.FixedLenSequenceFeature([], m.float32, allow_missing=True),
            "c": m.io.VarLenFeature(m.string),
        }

    wanted = theirs.io.parse_example(data, features(theirs))
    got = run(lambda: tf.io.parse_example(data, features(tf)))
    for key in ("a", "b"):
        np.testing.assert_array_equal(got[key], wanted[key].numpy())
    assert got["c"].indices.tolist() == wanted["c"].indices.numpy().tolist()
    assert got["c"].values.tolist() == wanted["c"].values.numpy().tolist()
