"""Partial shapes as plain tuples: what the shape rules of operations compute with.

`None` is a shape of unknown rank; `(None, 3)` one of rank 2 whose first extent is unknown.
The public `TensorShape` wraps such a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

Dim = int | None
Shape = tuple[Dim, ...] | None


def show(shape: Shape) -> str:
    """A shape as text: `(?, 3)`, `<unknown>`."""
    if shape is None:
        return "<unknown>"
    items = ", ".join("?" if d is None else str(d) for d in shape)
    return f"({items},)" if len(shape) == 1 else f"({items})"


def show_brackets(shape: Shape) -> str:
    """A shape as TensorFlow's kernels write it: `[?,3]`."""
    if shape is None:
        return "<unknown>"
    return "[" + ",".join("?" if d is None else str(d) for d in shape) + "]"


def is_known(shape: Shape) -> bool:
    """Whether rank and all extents are known."""
    return shape is not None and None not in shape


def size_of(shape: Shape) -> int | None:
    """The number of elements, None if unknown."""
    if shape is None or None in shape:
        return None
    return prod(d for d in shape if d is not None)


def same_dim(a: Dim, b: Dim) -> bool:
    """Whether two extents may be equal."""
    return a is None or b is None or a == b


def compatible(a: Shape, b: Shape) -> bool:
    """Whether one shape may be the other."""
    if a is None or b is None:
        return True
    return len(a) == len(b) and all(map(same_dim, a, b))


def merge_dim(a: Dim, b: Dim) -> Dim:
    """The more exact of two extents; ValueError if they differ."""
    if a is not None and b is not None and a != b:
        raise ValueError(f"Dimensions must be equal, but are {a} and {b}.")
    return b if a is None else a


def with_extent(dim: Dim, extent: int) -> int:
    """The extent that a dimension must have; ValueError if it is known to have another."""
    if dim not in (None, extent):
        raise ValueError(f"Dimension must be {extent} but is {dim}.")
    return extent


def merge(a: Shape, b: Shape) -> Shape:
    """What is known when both shapes hold; ValueError if they contradict each other."""
    if a is None or a is b:
        return b
    if b is None:
        return a
    if not compatible(a, b):
        raise ValueError(f"Shapes {show(a)} and {show(b)} are not compatible.")
    return tuple(map(merge_dim, a, b))


def with_rank(shape: Shape, rank: int) -> tuple[Dim, ...]:
    """The shape as one of this rank; ValueError if it has another."""
    if shape is None:
        return (None,) * rank
    if len(shape) != rank:
        raise ValueError(f"Shape must be rank {rank} but is rank {len(shape)}: {show(shape)}.")
    return shape


def with_rank_at_least(shape: Shape, rank: int) -> Shape:
    """The shape itself; ValueError if its rank is known and lower."""
    if shape is not None and len(shape) < rank:
        raise ValueError(
            f"Shape must be at least rank {rank} but is rank {len(shape)}: {show(shape)}."
        )
    return shape


def broadcast(a: Shape, b: Shape) -> Shape:
    """The shape of an elementwise operation on both; ValueError if they do not fit."""
    if a == b and a is not None and None not in a:
        return a
    if a is None or b is None:
        return None
    n, m = len(a), len(b)
    if n < m:
        a = (1,) * (m - n) + a
    elif m < n:
        b = (1,) * (n - m) + b
    out = []
    for x, y in zip(a, b, strict=True):
        if x == y:
            out.append(x)
        elif x == 1:
            out.append(y)
        elif y == 1:
            out.append(x)
        elif x is None:
            out.append(y)  # y > 1 (or 0): x must be y or 1
        elif y is None:
            out.append(x)
        else:
            raise ValueError(f"Dimensions must be equal, but are {x} and {y}.")
    return tuple(out)


def broadcast_all(shapes: Iterable[Shape]) -> Shape:
    """The broadcast of several shapes."""
    out: Shape = ()
    for s in shapes:
        out = broadcast(out, s)
    return out


def normal_axis(axis: int, rank: int) -> int:
    """A non-negative axis; ValueError when it is out of range."""
    if not -rank <= axis < rank:
        raise ValueError(f"Axis {axis} is out of range for a tensor of rank {rank}.")
    return axis + rank if axis < 0 else axis


def reduced(shape: Shape, axes: Sequence[int] | None, keep: bool) -> Shape:
    """The shape after reducing over `axes` (None: axes not known yet)."""
    if shape is None:
        return None
    if axes is None:
        return (None,) * len(shape) if keep else None
    gone = {normal_axis(int(a), len(shape)) for a in axes}
    if keep:
        return tuple(1 if i in gone else d for i, d in enumerate(shape))
    return tuple(d for i, d in enumerate(shape) if i not in gone)
