"""`tf.train.Example` and `SequenceExample` as bytes: their features, read when they are needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core.dtypes import DType, float32, int64, string
from . import wire
from .text_arrays import text_array

Array = np.ndarray[Any, Any]
TYPE_NAMES = {float32: "float", int64: "int64", string: "string"}
_KINDS = {1: string, 2: float32, 3: int64}
_NUMBERS = {kind: number for number, kind in _KINDS.items()}


class Feature(NamedTuple):
    """The values of a feature and their dtype; None for one without a list."""

    dtype: DType | None
    values: Array


def _messages(data: bytes, number: int) -> list[bytes]:
    """The messages that a message has in one of its fields."""
    return [v for n, kind, v in wire.fields(data) if n == number and kind == wire.BYTES]


def _entries(data: bytes) -> dict[bytes, bytes]:
    """A map from text to messages, in field 1; of equal keys the last one counts."""
    found: dict[bytes, bytes] = {}
    for entry in _messages(data, 1):
        key, value = b"", b""
        for number, kind, part in wire.fields(entry):
            if kind == wire.BYTES and number in (1, 2):
                key, value = (part, value) if number == 1 else (key, part)
        found[key] = value
    return found


def example_features(data: bytes) -> dict[bytes, bytes]:
    """The features of a serialised Example by name, not yet read; WireError if it is none."""
    found: dict[bytes, bytes] = {}
    for features in _messages(data, 1):
        found.update(_entries(features))
    return found


def sequence_features(data: bytes) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
    """The context and the feature lists of a serialised SequenceExample by name."""
    context: dict[bytes, bytes] = {}
    lists: dict[bytes, bytes] = {}
    for number, kind, value in wire.fields(data):
        if kind == wire.BYTES and number in (1, 2):
            (context if number == 1 else lists).update(_entries(value))
    return context, lists


def read_feature(data: bytes) -> Feature:
    """A serialised Feature; WireError if it is none."""
    chosen: int | None = None
    parts: list[bytes] = []
    for number, kind, value in wire.fields(data):
        if kind != wire.BYTES or number not in _KINDS:
            continue
        if number != chosen:  # another list takes the place of the one before
            chosen, parts = number, []
        parts.append(value)
    if chosen is None:
        return Feature(None, np.zeros(0))
    return Feature(_KINDS[chosen], _READERS[chosen](b"".join(parts)))


def read_list(data: bytes) -> list[Feature]:
    """A serialised FeatureList."""
    return [read_feature(f) for f in _messages(data, 1)]


def _read_texts(data: bytes) -> Array:
    found: Array = text_array(_messages(data, 1))
    return found


def _read_floats(data: bytes) -> Array:
    parts = []
    for number, kind, value in wire.fields(data):
        if number != 1 or kind not in (wire.BYTES, wire.FIXED32):
            continue
        if len(value) % 4:
            raise wire.WireError("A packed field ends in the middle of a number.")
        parts.append(value)
    return np.frombuffer(b"".join(parts), "<f4").astype(np.float32)


def _read_integers(data: bytes) -> Array:
    parts: list[Any] = [np.zeros(0, np.int64)]
    for number, kind, value in wire.fields(data):
        if number != 1:
            continue
        if kind == wire.VARINT:
            parts.append(np.array([wire.signed(value)], np.int64))
        elif kind == wire.BYTES:
            parts.append(wire.packed_varints(value))
    return np.concatenate(parts)


_READERS = {1: _read_texts, 2: _read_floats, 3: _read_integers}


# -- writing -----------------------------------------------------------------------------------
def _written(dtype: DType, values: Sequence[Any]) -> bytes:
    if dtype is string:
        items = [wire.bytes_field(1, v) for v in values]
    elif dtype is float32:
        items = [wire.float_field(1, v) for v in values]
    else:
        items = [wire.varint_field(1, v) for v in values]
    return wire.bytes_field(_NUMBERS[dtype], b"".join(items))


def write_example(features: dict[str, tuple[DType | None, Sequence[Any]]]) -> bytes:
    """An Example with these features (dtype and values, or None for one without a list).

    Numbers are not packed: so the protocol buffers' reader of JSON writes them.
    """
    entries = []
    for name, (dtype, values) in features.items():
        feature = b"" if dtype is None else _written(dtype, values)
        entry = wire.bytes_field(1, name.encode()) + wire.bytes_field(2, feature)
        entries.append(wire.bytes_field(1, entry))
    return wire.bytes_field(1, b"".join(entries)) if entries else b""
