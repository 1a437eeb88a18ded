"""Ops that sort numbers into buckets and bits, or write rows of an array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, show_brackets, with_rank_at_least
from .operands import ints, same_length


# -- buckets and bits --------------------------------------------------------------------------
def _bucketize(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    boundaries = np.asarray(attrs["boundaries"], np.float32)
    if np.any(np.diff(boundaries) < 0):
        raise ValueError("Expected sorted boundaries")
    return np.searchsorted(boundaries, np.asarray(inputs[0]), side="right").astype(np.int32)


define(
    "Bucketize",
    "input:T -> output:int32",
    "T:type{int32,int64,float32,float64}; boundaries:list(float)",
    shape=lambda shapes, attrs, values: [shapes[0]],
    kernel=_bucketize,
)


def _packed_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x = with_rank_at_least(shapes[0], 1)
    if shapes[1] not in ((), None):
        raise ValueError(f"The threshold must be a scalar, not of shape {show_brackets(shapes[1])}")
    if x is None:
        return [None]
    if x[-1] is not None and x[-1] % 8:
        raise ValueError(
            f"Dimension size must be evenly divisible by 8 but is {x[-1]}: {show_brackets(x)}"
        )
    return [(*x[:-1], None if x[-1] is None else x[-1] // 8)]


def _compare_and_pack(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, threshold = inputs
    _packed_shape([x.shape, np.shape(threshold)], attrs, ())  # type: ignore[arg-type]
    return np.packbits(np.asarray(x > threshold), axis=-1)


define(
    "CompareAndBitpack",
    "input:T threshold:T -> output:uint8",
    "T:type{bool,float16,float32,float64,int8,int16,int32,int64}",
    shape=_packed_shape,
    kernel=_compare_and_pack,
)


# -- rows ----------------------------------------------------------------------------------------
def _check_rows(x: Array, i: Array, v: Array) -> None:
    if not x.ndim or v.ndim != x.ndim:
        raise ValueError(
            f"x and v should have the same rank of at least 1, got shapes {show_brackets(x.shape)} "
            f"and {show_brackets(v.shape)}"
        )
    if i.ndim > 1:
        raise ValueError(f"i must be a vector. {show_brackets(i.shape)}")
    if v.shape[0] != (len(i) if i.ndim else 1):
        raise ValueError(
            f"v and i must have the same length: {show_brackets(v.shape)}, {show_brackets(i.shape)}"
        )
    if v.shape[1:] != x.shape[1:]:
        raise ValueError(
            f"Rows of shapes {show_brackets(x.shape[1:])} and {show_brackets(v.shape[1:])} differ"
        )


def _on_rows(write: Callable[[Array, Array, Array], None]) -> Callable[..., Array]:
    """A kernel that writes rows of a copy; an index counts modulo the number of rows."""

    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        x, i, v = map(np.asarray, inputs)
        _check_rows(x, i, v)
        out = np.array(x)
        if len(v) and not len(x):
            raise ValueError("There are no rows to write to.")
        if len(v):
            write(out, np.atleast_1d(i) % len(x), v)
        return out

    return kernel


def _set_rows(out: Array, rows: Array, v: Array) -> None:
    out[rows] = v


for _name, _write in (
    ("InplaceUpdate", _set_rows),
    ("InplaceAdd", np.add.at),
    ("InplaceSub", np.subtract.at),
):
    define(
        _name,
        "x:T i:int32 v:T -> y:T",
        "T:type",
        shape=lambda shapes, attrs, values: [shapes[0]],
        kernel=_on_rows(_write),
    )


# -- what TensorFlow keeps for old graphs ----------------------------------------------------------
def _tile_back(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, times = inputs[0], ints(inputs[1])
    same_length(len(x.shape), times)
    if any(n < 1 or d % n for n, d in zip(times, x.shape, strict=True)):
        raise ValueError(f"{times} repeats do not give a tensor of shape {show_brackets(x.shape)}")
    pairs = [k for n, d in zip(times, x.shape, strict=True) for k in (n, d // n)]
    return xp.sum(xp.reshape(x, pairs), axis=tuple(range(0, len(pairs), 2))).astype(x.dtype)


def _tile_back_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x, times = shapes[0], values[1]
    if x is None or times is None:
        return [None if x is None else (None,) * len(x)]
    return [
        tuple(None if d is None or n < 1 else d // n for d, n in zip(x, ints(times), strict=True))
    ]


define(
    "TileGrad",
    "input:T multiples:int32 -> output:T",
    "T:type",
    shape=_tile_back_shape,
    kernel=_tile_back,
)
define(
    "Fact",
    "-> fact:string",
    shape=lambda shapes, attrs, values: [()],
    kernel=lambda xp, inputs, attrs: np.array(b"0! == 1", object),
    grad=NO_GRADIENT,
)
