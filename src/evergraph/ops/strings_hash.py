"""Ops that hash text: buckets and fingerprints, with TensorFlow's values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, with_rank, with_rank_at_least
from .hash_functions import fingerprint64, hash64, siphash
from .text_arrays import measured, same_shape, text_scalar, texts


def _legacy(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    count = attrs["num_buckets"]
    return measured(lambda s: hash64(s) % count, inputs[0], np.int64)


def _fast(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    count = attrs["num_buckets"]
    return measured(lambda s: fingerprint64(s) % count, inputs[0], np.int64)


def _key(attrs: Attrs) -> tuple[int, int]:
    if len(attrs["key"]) != 2:
        raise ValueError("Key must have 2 elements")
    first, second = attrs["key"]
    return first, second


def _strong(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    key, count = _key(attrs), attrs["num_buckets"]
    return measured(lambda s: siphash(key, s) % count, inputs[0], np.int64)


define(
    "StringToHashBucket",
    "string_tensor:string -> output:int64",
    "num_buckets:int>=1",
    shape=same_shape,
    kernel=_legacy,
    grad=NO_GRADIENT,
)
define(
    "StringToHashBucketFast",
    "input:string -> output:int64",
    "num_buckets:int>=1",
    shape=same_shape,
    kernel=_fast,
    grad=NO_GRADIENT,
)
define(
    "StringToHashBucketStrong",
    "input:string -> output:int64",
    "num_buckets:int>=1; key:list(int)",
    shape=same_shape,
    kernel=_strong,
    grad=NO_GRADIENT,
)


def _fingerprint_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    with_rank(shapes[1], 0)
    with_rank_at_least(shapes[0], 1)
    method = values[1]
    if method is not None:
        _check_method(text_scalar(method, "method"))
    return [(None if shapes[0] is None else shapes[0][0], 8)]


def _check_method(method: bytes) -> None:
    if method != b"farmhash64":
        shown = method.decode(errors="replace")
        raise ValueError(f"Unsupported fingerprint method: {shown}; there is farmhash64.")


def _packed(values: Sequence[int]) -> Array:
    """64-bit integers as rows of eight bytes, the lowest first."""
    return np.array(values, "<u8").reshape(-1, 1).view(np.uint8)


def _fingerprint(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    _check_method(text_scalar(inputs[1], "`method`"))
    x = inputs[0] if isinstance(inputs[0], np.ndarray) else np.asarray(inputs[0])
    if not x.ndim:
        raise ValueError("`data` should have at least one dimension: []")
    if not x.shape[0]:
        return np.zeros((0, 8), np.uint8)
    rows = x.shape[0]
    if x.dtype == object:
        each = _packed([fingerprint64(s) for s in texts(x).ravel().tolist()])
        if len(each) == rows:
            return each
        x = each.reshape(rows, -1)
    content = np.ascontiguousarray(x).reshape(rows, -1)
    return _packed([fingerprint64(row.tobytes()) for row in content])


define(
    "Fingerprint",
    "data:T method:string -> fingerprint:uint8",
    "T:type",
    shape=_fingerprint_shape,
    kernel=_fingerprint,
    grad=NO_GRADIENT,
)
