"""How large a tensor may be: what the machine cannot hold is refused before it is asked for.

Sizes come from operands, so a wrong number may ask for any amount of memory; many systems promise
it, and end the process only when it is written to.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ResourceExhaustedError
from .shape import show_brackets

MOST_ELEMENTS = 2**63 - 1
_CONTROL_GROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@cache
def memory() -> int:
    """The bytes of memory of this machine, or of the container the program runs in."""
    sizes = [2**40]
    with suppress(AttributeError, ValueError, OSError):  # not every system tells
        sizes.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for name in _CONTROL_GROUPS:
        with suppress(OSError, ValueError):
            sizes.append(int(Path(name).read_text()))
    return min(size for size in sizes if size > 0)


def allocatable(shape: Iterable[Any], dtype: Any, arrays: int = 1) -> tuple[int, ...]:
    """The shape of a new tensor as integers, where there can be one (or `arrays` of them).

    Raises ValueError for negative extents and for more elements than can be counted, and
    ResourceExhaustedError for more bytes than the machine has.
    """
    dims = tuple([int(d) for d in shape])
    size = prod(dims)
    if size < 1 << 20 and all(d >= 0 for d in dims):
        return dims
    if any(d < 0 for d in dims):
        raise ValueError(f"A shape's extents must not be negative: {list(dims)}.")
    if size > MOST_ELEMENTS:
        raise ValueError(f"Shape {list(dims)} is too large: more than 2**63 - 1 elements.")
    kind = np.dtype(dtype)
    if size * kind.itemsize * arrays > memory():
        raise exhausted(dims, kind)
    return dims


def exhausted(dims: tuple[int, ...], dtype: np.dtype[Any]) -> ResourceExhaustedError:
    """The error for a tensor that does not fit into memory."""
    gigabytes = prod(dims) * dtype.itemsize / 2**30
    return ResourceExhaustedError(
        f"OOM when allocating tensor with shape{show_brackets(dims)} and type {dtype.name}: that "
        f"takes {gigabytes:.4g} GiB, the machine has {memory() / 2**30:.4g} GiB. Check the sizes "
        "that are given to the operation."
    )


_LINE = 64  # bytes: a cache line, and the widest vector
_WORTH = 1 << 14  # bytes: from here on it matters that vectors do not cross cache lines


class OwnMemory(np.ndarray[Any, Any]):
    """The memory behind one array that `aligned_empty` made, and behind nothing else."""


def aligned_empty(shape: Sequence[int], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """As `numpy.empty`; a large array begins at a multiple of 64 bytes."""
    size = prod(shape) * dtype.itemsize
    if size < _WORTH:
        return np.empty(shape, dtype)
    memory = OwnMemory((size + _LINE,), np.uint8)
    start = -memory.ctypes.data % _LINE
    return np.ndarray(shape, dtype, memory, start)


def is_own(x: np.ndarray[Any, Any]) -> bool:
    """Whether an array may be written to, and no other array shows its memory."""
    return (x.base is None or type(x.base) is OwnMemory) and x.flags.writeable
