"""`TensorShape` and `Dimension`: partial shapes as programs see them.

The engine itself computes with the plain tuples of `core.shape`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from . import shape as _s
from .shape import Dim, Shape


def _extent(value: Any) -> int:
    """An extent as an int. Whole floats are taken, as in TensorFlow 1: programs write `n / 2`."""
    if isinstance(value, (float, np.floating)):
        if not float(value).is_integer():
            raise ValueError(f"Ambiguous dimension: {value}. An extent is a whole number.")
        value = int(value)
    if not hasattr(value, "__index__"):
        raise TypeError(f"Dimension value must be integer or None, got {value!r}.")
    extent: int = value.__index__()
    if extent < 0:
        raise ValueError(f"Dimension {extent} must be >= 0.")
    return extent


class Dimension:
    """One extent, known or not. Arithmetic with an unknown extent gives an unknown one."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        if isinstance(value, Dimension):
            self._value: Dim = value._value
        elif value is None:
            self._value = None
        else:
            self._value = _extent(value)

    @property
    def value(self) -> Dim:
        """The extent as an int, or None."""
        return self._value

    def is_compatible_with(self, other: Any) -> bool:
        """Whether the two may be equal."""
        return _s.same_dim(self._value, Dimension(other)._value)

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raises ValueError if the two cannot be equal."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Dimensions {self} and {other} are not compatible.")

    def merge_with(self, other: Any) -> Dimension:
        """The more exact of the two; ValueError if they differ."""
        self.assert_is_compatible_with(other)
        return Dimension(_s.merge_dim(self._value, Dimension(other)._value))

    def _combine(self, other: Any, function: Any) -> Dimension:
        try:
            other = Dimension(other)
        except (TypeError, ValueError):
            return NotImplemented  # type: ignore[no-any-return]
        if self._value is None or other._value is None:
            return Dimension(None)
        return Dimension(function(self._value, other._value))

    def __add__(self, other: Any) -> Dimension:
        return self._combine(other, lambda a, b: a + b)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Dimension:
        return self._combine(other, lambda a, b: a - b)

    def __rsub__(self, other: Any) -> Dimension:
        return Dimension(other) - self

    def __mul__(self, other: Any) -> Dimension:
        return self._combine(other, lambda a, b: a * b)

    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> Dimension:
        return self._combine(other, lambda a, b: a // b)

    __div__ = __floordiv__

    def __rfloordiv__(self, other: Any) -> Dimension:
        return Dimension(other) // self

    def __truediv__(self, other: Any) -> Any:
        raise TypeError("Dimensions divide with `//`, not with `/`: use `a // b`, or int(a).")

    __rtruediv__ = __truediv__

    def __mod__(self, other: Any) -> Dimension:
        return self._combine(other, lambda a, b: a % b)

    def __rmod__(self, other: Any) -> Dimension:
        return Dimension(other) % self

    def __int__(self) -> int:
        if self._value is None:
            raise TypeError("The extent is not known, so it is no int.")
        return self._value

    def __index__(self) -> int:
        return int(self)

    def __eq__(self, other: object) -> Any:
        try:
            other = Dimension(other)
        except (TypeError, ValueError):
            return NotImplemented
        if self._value is None or other._value is None:
            return None
        return self._value == other._value

    def __ne__(self, other: object) -> Any:
        equal = self.__eq__(other)
        return equal if equal is None or equal is NotImplemented else not equal

    def _compare(self, other: Any, function: Any) -> bool | None:
        other = Dimension(other)
        if self._value is None or other._value is None:
            return None
        return bool(function(self._value, other._value))

    def __lt__(self, other: Any) -> Any:
        return self._compare(other, lambda a, b: a < b)

    def __le__(self, other: Any) -> Any:
        return self._compare(other, lambda a, b: a <= b)

    def __gt__(self, other: Any) -> Any:
        return self._compare(other, lambda a, b: a > b)

    def __ge__(self, other: Any) -> Any:
        return self._compare(other, lambda a, b: a >= b)

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __str__(self) -> str:
        return "?" if self._value is None else str(self._value)

    def __repr__(self) -> str:
        return f"Dimension({self._value})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Dimension, (self._value,)


def dimension_value(dimension: Any) -> Any:
    """The int (or None) of a Dimension; anything else as it is."""
    return dimension.value if isinstance(dimension, Dimension) else dimension


def dimension_at_index(shape: Any, index: int) -> Dimension:
    """The Dimension at an index, unknown where the rank is."""
    return Dimension(None) if shape.ndims is None else as_shape(shape).dims[index]


def to_shape(value: Any) -> Shape:
    """Anything that describes a shape as a plain tuple (None: unknown rank).

    Takes None, ints, Dimensions, sequences of them, and TensorShapes; -1 is no extent.
    """
    if value is None or (
        isinstance(value, tuple) and all(type(d) is int and d >= 0 for d in value)
    ):
        return value
    if isinstance(value, TensorShape):
        return value._dims
    if hasattr(value, "dim") and hasattr(value, "unknown_rank"):  # TensorShapeProto
        if value.unknown_rank:
            return None
        return tuple(None if d.size == -1 else int(d.size) for d in value.dim)
    if isinstance(value, (str, bytes)):
        raise TypeError(f"A string describes no shape: wrap {value!r} in a list, or convert it.")
    if isinstance(value, (int, Dimension)) or not hasattr(value, "__iter__"):
        return (Dimension(value).value,)
    return tuple(Dimension(d).value for d in value)


class TensorShape:
    """A partial shape: unknown rank, or a list of extents some of which may be unknown."""

    __slots__ = ("_dims",)

    def __init__(self, dims: Any) -> None:
        self._dims: Shape = to_shape(dims)

    @property
    def dims(self) -> Any:
        """A list of Dimensions, or None when the rank is unknown."""
        return None if self._dims is None else [Dimension(d) for d in self._dims]

    @property
    def ndims(self) -> int | None:
        """The rank, or None."""
        return None if self._dims is None else len(self._dims)

    rank = ndims

    def __len__(self) -> int:
        if self._dims is None:
            raise ValueError("Cannot take the length of Shape with unknown rank.")
        return len(self._dims)

    def __bool__(self) -> bool:
        return self._dims is not None

    def __iter__(self) -> Iterator[Dimension]:
        if self._dims is None:
            raise ValueError("Cannot iterate over a shape with unknown rank.")
        return iter([Dimension(d) for d in self._dims])

    def __getitem__(self, key: Any) -> Any:
        if self._dims is not None:
            if isinstance(key, slice):
                return TensorShape(self._dims[key])
            return Dimension(self._dims[key])
        if not isinstance(key, slice):
            return Dimension(None)
        start, stop = key.start or 0, key.stop
        if stop is None or start < 0 or stop < 0:
            return TensorShape(None)
        return TensorShape([None] * max(stop - start, 0))

    def num_elements(self) -> int | None:
        """The number of elements, None if not fully known."""
        return _s.size_of(self._dims)

    def merge_with(self, other: Any) -> TensorShape:
        """What is known when both hold; ValueError if they contradict each other."""
        other = as_shape(other)
        try:
            return TensorShape(_s.merge(self._dims, other._dims))
        except ValueError:
            raise ValueError(f"Shapes {self} and {other} are not compatible") from None

    def concatenate(self, other: Any) -> TensorShape:
        """The extents of both, one after the other."""
        other = as_shape(other)
        if self._dims is None or other._dims is None:
            return TensorShape(None)
        return TensorShape(self._dims + other._dims)

    def assert_same_rank(self, other: Any) -> None:
        """Raises ValueError if the ranks are known and differ."""
        other = as_shape(other)
        if None not in (self.ndims, other.ndims) and self.ndims != other.ndims:
            raise ValueError(f"Shapes {self} and {other} must have the same rank")

    def assert_has_rank(self, rank: int) -> None:
        """Raises ValueError if the rank is known and another."""
        if self.ndims not in (None, rank):
            raise ValueError(f"Shape {self} must have rank {rank}")

    def with_rank(self, rank: int) -> TensorShape:
        """This shape with its rank made known; ValueError if it has another."""
        try:
            return self.merge_with(unknown_shape(rank))
        except ValueError:
            raise ValueError(f"Shape {self} must have rank {rank}") from None

    def with_rank_at_least(self, rank: int) -> TensorShape:
        """Itself; ValueError if the rank is known and lower."""
        if self.ndims is not None and self.ndims < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank}")
        return self

    def with_rank_at_most(self, rank: int) -> TensorShape:
        """Itself; ValueError if the rank is known and higher."""
        if self.ndims is not None and self.ndims > rank:
            raise ValueError(f"Shape {self} must have rank at most {rank}")
        return self

    def is_compatible_with(self, other: Any) -> bool:
        """Whether one may be the other."""
        return _s.compatible(self._dims, as_shape(other)._dims)

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raises ValueError if the two cannot be the same shape."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {as_shape(other)} are incompatible")

    def most_specific_compatible_shape(self, other: Any) -> TensorShape:
        """The most exact shape that both are cases of."""
        other = as_shape(other)
        if self._dims is None or other._dims is None or self.ndims != other.ndims:
            return TensorShape(None)
        pairs = zip(self._dims, other._dims, strict=True)
        return TensorShape([a if a is not None and a == b else None for a, b in pairs])

    def is_fully_defined(self) -> bool:
        """Whether rank and all extents are known."""
        return _s.is_known(self._dims)

    def assert_is_fully_defined(self) -> None:
        """Raises ValueError unless rank and all extents are known."""
        if not self.is_fully_defined():
            raise ValueError(f"Shape {self} is not fully defined")

    def as_list(self) -> list[Dim]:
        """The extents as ints and Nones; ValueError when the rank is unknown."""
        if self._dims is None:
            raise ValueError("as_list() is not defined on an unknown TensorShape.")
        return list(self._dims)

    def __add__(self, other: Any) -> TensorShape:
        return self.concatenate(as_shape(other))

    def __radd__(self, other: Any) -> TensorShape:
        return as_shape(other).concatenate(self)

    def __eq__(self, other: object) -> Any:
        try:
            other = as_shape(other)
        except (TypeError, ValueError):
            return NotImplemented
        return self._dims == other._dims

    def __ne__(self, other: object) -> Any:
        try:
            other = as_shape(other)
        except (TypeError, ValueError):
            return NotImplemented
        if self._dims is None or other._dims is None:
            raise ValueError("The inequality of unknown TensorShapes is undefined.")
        return self._dims != other._dims

    def __hash__(self) -> int:
        return hash(self._dims)

    def __str__(self) -> str:
        return _s.show(self._dims)

    def __repr__(self) -> str:
        dims = self._dims
        return "TensorShape(" + ("None" if dims is None else repr(self.dims)) + ")"

    def __reduce__(self) -> tuple[Any, ...]:
        return TensorShape, (self._dims,)


def as_shape(value: Any) -> TensorShape:
    """A TensorShape of whatever describes one."""
    return value if isinstance(value, TensorShape) else TensorShape(value)


def unknown_shape(rank: int | None = None) -> TensorShape:
    """A shape of unknown extents, of this rank if one is given."""
    return TensorShape(None if rank is None else [None] * rank)


def scalar() -> TensorShape:
    """The shape of a scalar."""
    return TensorShape([])


def vector(length: Any) -> TensorShape:
    """The shape of a vector."""
    return TensorShape([length])


def matrix(rows: Any, columns: Any) -> TensorShape:
    """The shape of a matrix."""
    return TensorShape([rows, columns])
