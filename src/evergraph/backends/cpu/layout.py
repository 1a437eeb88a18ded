"""What launches are made of: buffers, views of them, argument blocks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

Shape = tuple[int, ...]


class Buffer:
    """A piece of memory of a binding: an input, an output, a constant, or a place in its arena.

    `first` and `last` are the launches between which an arena buffer is in use.
    """

    __slots__ = ("address", "first", "kind", "last", "name", "size", "source")

    def __init__(self, kind: str, size: int, source: Any = None, name: str = "") -> None:
        self.kind = kind  # "arena", "input", "output", "constant"
        self.size = size
        self.source = source  # an index of inputs or outputs, or a `Constant`
        self.name = name
        self.address = 0
        self.first = -1
        self.last = -1

    def __repr__(self) -> str:
        return f"<{self.kind} buffer {self.name} of {self.size} bytes>"


@dataclass(frozen=True, eq=False)
class Constant:
    """A value that is known when bound. Objects among the elements hang on the shapes."""

    elements: np.ndarray[Any, Any]
    dtype: np.dtype[Any]


@dataclass(frozen=True, eq=False)
class View:
    """An array in a buffer: NumPy's dtype, shape, strides and offset, both in bytes."""

    buffer: Buffer
    dtype: np.dtype[Any]
    shape: Shape
    strides: Shape
    offset: int = 0

    @property
    def size(self) -> int:
        """How many elements."""
        return math.prod(self.shape)

    @cached_property
    def is_contiguous(self) -> bool:
        """Whether its elements lie in row-major order without gaps."""
        expected = self.dtype.itemsize
        for extent, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if extent != 1 and stride != expected:
                return self.size == 0
            expected *= extent
        return True

    def address(self, extra: int = 0) -> Address:
        """Where it begins, or so many bytes further, as a slot of an argument block."""
        return Address(self.buffer, self.offset + extra)


@dataclass(frozen=True, slots=True)
class Address:
    """A place in a buffer; becomes a pointer when a program is bound, or at each run."""

    buffer: Buffer
    offset: int = 0


def constant_buffer(array: np.ndarray[Any, Any]) -> Buffer:
    """A constant as memory."""
    return Buffer("constant", array.nbytes, Constant(array, array.dtype))


def contiguous_strides(shape: Sequence[int], itemsize: int) -> Shape:
    """Row-major strides in bytes."""
    strides = []
    step = itemsize
    for extent in reversed(shape):
        strides.append(step)
        step *= max(extent, 1)
    return tuple(reversed(strides))


def whole(buffer: Buffer, dtype: np.dtype[Any], shape: Shape) -> View:
    """A buffer as one contiguous array."""
    return View(buffer, dtype, shape, contiguous_strides(shape, dtype.itemsize))


Slot = int | float | Address


@dataclass(slots=True)
class Launch:
    """One call of a kernel: `key` and `emit` name and write its code (see `Library.function`).

    `slots` are the argument block, 8 bytes each: integers, doubles as they are, addresses. It runs
    in `parts` parts. `reads` and `writes` are the buffers that it touches. `codes` maps the error
    codes that the kernel may return to exceptions.
    """

    key: str
    emit: Callable[[], str]
    slots: list[Slot]
    parts: int = 1
    reads: tuple[Buffer, ...] = ()
    writes: tuple[Buffer, ...] = ()
    codes: dict[int, Callable[[], BaseException]] = field(default_factory=dict)
    flops: float = 0.0
    label: str = ""
