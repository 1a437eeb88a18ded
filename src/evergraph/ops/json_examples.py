"""`tf.train.Example` in protocol buffers' JSON form, as serialised messages."""

from __future__ import annotations

import base64
import binascii
import json
import math
import struct
from collections.abc import Callable
from typing import Any

from ..core.dtypes import DType, float32, int64, string
from .examples import write_example


class _JsonError(ValueError):
    """JSON that is no Example."""


def _object(value: Any, *allowed: str) -> dict[str, Any]:
    """A JSON object with no other members than these."""
    if value is None:
        return {}
    if not isinstance(value, dict) or (allowed and not set(value) <= set(allowed)):
        raise _JsonError
    return value


def _text(value: Any) -> bytes:
    if not isinstance(value, str):
        raise _JsonError
    standard = value.replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise _JsonError from None


_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def _number(value: Any) -> float:
    if isinstance(value, str) and value in _SPECIAL:
        return _SPECIAL[value]
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _JsonError
    try:
        number = float(value)
        struct.pack("<f", number)
    except (ValueError, OverflowError):
        raise _JsonError from None
    return number


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _JsonError
    if isinstance(value, str) and len(value) > 20:
        raise _JsonError
    try:
        number = int(value)
    except (ValueError, OverflowError):
        raise _JsonError from None
    if number != float(value) and not isinstance(value, (int, str)):
        raise _JsonError
    if not -(1 << 63) <= number < 1 << 63:
        raise _JsonError
    return number


_LISTS: dict[str, tuple[DType, Callable[[Any], Any]]] = {
    name: row
    for names, row in (
        (("bytesList", "bytes_list"), (string, _text)),
        (("floatList", "float_list"), (float32, _number)),
        (("int64List", "int64_list"), (int64, _integer)),
    )
    for name in names
}


def _feature(value: Any) -> tuple[DType | None, list[Any]]:
    lists = _object(value, *_LISTS)
    if len(lists) > 1:
        raise _JsonError
    for name, content in lists.items():
        dtype, read = _LISTS[name]
        items = _object(content, "value").get("value") or []
        if not isinstance(items, list):
            raise _JsonError
        return dtype, [read(item) for item in items]
    return None, []


def from_json(text: bytes) -> bytes:
    """The serialised Example that JSON text describes; ValueError if it describes none."""
    try:
        example = _object(json.loads(text.decode("utf-8")), "features")
        features = _object(_object(example.get("features"), "feature").get("feature"))
        return write_example({name: _feature(f) for name, f in features.items()})
    except (_JsonError, ValueError, RecursionError) as error:
        why = f": {error}" if str(error) else ""
        shown = text[:200].decode(errors="replace")
        raise ValueError(f"Error while parsing JSON, got '{shown}'{why}") from None
