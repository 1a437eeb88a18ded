"""Protocol buffers' wire format, as far as the kernels of ops read and write it.

See https://protobuf.dev/programming-guides/encoding/. Reading raises ValueError for bytes that
are no message, whatever they are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_SIZES = {FIXED64: 8, FIXED32: 4}
_MASK = (1 << 64) - 1


class WireError(ValueError):
    """Bytes that are no message."""


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The unsigned integer that starts at a place, and the place behind it."""
    value = shift = 0
    while shift < 70:
        if at >= len(data):
            raise WireError("A message ends in the middle of a number.")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _MASK, at
        shift += 7
    raise WireError("A number of a message has more than ten bytes.")


def fields(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """The fields of a message in order: number, wire type, and an integer or bytes."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise WireError("A field of a message has the number 0.")
        if kind == VARINT:
            value, at = varint(data, at)
            yield number, kind, value
            continue
        if kind == BYTES:
            size, at = varint(data, at)
        elif kind in _SIZES:
            size = _SIZES[kind]
        else:
            raise WireError(f"A field of a message has the wire type {kind}.")
        if size > len(data) - at:
            raise WireError("A field of a message is longer than the message.")
        yield number, kind, data[at : at + size]
        at += size


def signed(value: int) -> int:
    """An integer of 64 bits as a signed one."""
    return value - (1 << 64) if value >> 63 else value


def packed_varints(data: bytes) -> np.ndarray[Any, Any]:
    """The signed integers of a packed field."""
    array = np.frombuffer(data, np.uint8)
    if not array.size:
        return np.zeros(0, np.int64)
    if array.max() < 0x80:  # all of one byte
        return array.astype(np.int64)
    ends = np.flatnonzero(array < 0x80)
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if not ends.size or ends[-1] != array.size - 1 or lengths.max() > 10:
        raise WireError("A packed field ends in the middle of a number.")
    place = np.arange(array.size) - np.repeat(starts, lengths)
    shifted = (array & 0x7F).astype(np.uint64) << (7 * place).astype(np.uint64)
    return np.add.reduceat(shifted, starts).view(np.int64)


# -- writing -----------------------------------------------------------------------------------
def encoded_varint(value: int) -> bytes:
    """An integer (of 64 bits; negative ones take ten bytes) in the form of the format."""
    value &= _MASK
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def varint_field(number: int, value: int) -> bytes:
    """A field that holds an integer."""
    return encoded_varint(number << 3 | VARINT) + encoded_varint(value)


def bytes_field(number: int, value: bytes) -> bytes:
    """A field that holds bytes, text or a message."""
    return encoded_varint(number << 3 | BYTES) + encoded_varint(len(value)) + value


def float_field(number: int, value: float) -> bytes:
    """A field of 32 bits that holds a float."""
    return encoded_varint(number << 3 | FIXED32) + struct.pack("<f", value)


def float_value(data: bytes) -> float:
    """The number of a field of 32 bits."""
    value: float = struct.unpack("<f", data)[0]
    return value
