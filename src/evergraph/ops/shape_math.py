"""Shapes and permutations as operands of gradients: literals where known, operations elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.emit import apply
from ..core.shape import is_known
from ..core.tensor import Literal, Operand, Tensor, axes_literal

Number = int | Operand


def _operand(x: Number) -> Operand:
    return axes_literal(x) if isinstance(x, int) else x


def _literals(*xs: Operand) -> bool:
    return all(isinstance(x, Literal) for x in xs)


def _array(x: Operand) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    assert isinstance(x, Literal)
    return x.value.astype(np.int32)


def shape(x: Operand) -> Operand:
    """The shape as an int32 vector."""
    if is_known(x.static_shape):
        return axes_literal(x.static_shape)
    return apply("Shape", x)  # type: ignore[no-any-return]


def rank(x: Operand) -> Operand:
    """The rank as an int32 scalar."""
    if x.static_shape is not None:
        return axes_literal(len(x.static_shape))
    return apply("Rank", x)  # type: ignore[no-any-return]


def vector(x: Number) -> Operand:
    """A scalar as a vector of one element."""
    x = _operand(x)
    if isinstance(x, Literal):
        return axes_literal(_array(x).reshape(1))
    return apply("Reshape", x, axes_literal([1]))  # type: ignore[no-any-return]


def add(a: Number, b: Number) -> Operand:
    """The sum of two scalars or vectors."""
    a, b = _operand(a), _operand(b)
    if _literals(a, b):
        return axes_literal(_array(a) + _array(b))
    return apply("AddV2", a, b)  # type: ignore[no-any-return]


def sub(a: Number, b: Number) -> Operand:
    """The difference of two scalars or vectors."""
    a, b = _operand(a), _operand(b)
    if _literals(a, b):
        return axes_literal(_array(a) - _array(b))
    return apply("Sub", a, b)  # type: ignore[no-any-return]


def mul(a: Number, b: Number) -> Operand:
    """The product of two scalars or vectors."""
    a, b = _operand(a), _operand(b)
    if _literals(a, b):
        return axes_literal(_array(a) * _array(b))
    return apply("Mul", a, b)  # type: ignore[no-any-return]


def iota(start: Number, stop: Number) -> Operand:
    """The numbers from `start` up to `stop`, without it."""
    start, stop = _operand(start), _operand(stop)
    if _literals(start, stop):
        return axes_literal(np.arange(int(_array(start)), int(_array(stop))))
    return apply("Range", start, stop, axes_literal(1))  # type: ignore[no-any-return]


def part(v: Operand, start: Number, stop: Number | None = None) -> Operand:
    """The elements of a vector from `start` up to `stop` (default: its end), without it."""
    begin = _operand(start)
    end = None if stop is None else _operand(stop)
    if _literals(v, begin) and (end is None or _literals(end)):
        to = None if end is None else int(_array(end))
        return axes_literal(_array(v)[int(_array(begin)) : to])
    stops = axes_literal([0]) if end is None else vector(end)
    mask = 1 if end is None else 0
    return apply(  # type: ignore[no-any-return]
        "StridedSlice", v, vector(begin), stops, axes_literal([1]), end_mask=mask
    )


def join(*parts: Number) -> Operand:
    """Vectors (and scalars, as vectors of one element) one after the other."""
    vectors = [vector(p) if isinstance(p, int) or p.static_shape == () else p for p in parts]
    if _literals(*vectors):
        return axes_literal(np.concatenate([_array(v) for v in vectors]))
    if len(vectors) == 1:
        return vectors[0]
    return apply("ConcatV2", vectors, axes_literal(0))  # type: ignore[no-any-return]


def product(v: Operand) -> Operand:
    """The product of a vector's elements."""
    if isinstance(v, Literal):
        return axes_literal(np.prod(v.value, dtype=np.int64))
    return apply("Prod", v, axes_literal([0]))  # type: ignore[no-any-return]


def reshape(x: Operand, dims: Operand) -> Tensor:
    """`x` in another shape."""
    return apply("Reshape", x, dims)  # type: ignore[no-any-return]


def transpose(x: Operand, *perm: Number) -> Tensor:
    """`x` with its axes in another order, given as pieces to join."""
    return apply("Transpose", x, join(*perm))  # type: ignore[no-any-return]


def rows(x: Operand, dims: Sequence[Number]) -> Tensor:
    """`x` reshaped to these extents, one of which may be -1."""
    return reshape(x, join(*dims))
