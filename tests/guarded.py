"""Memory between pages that nobody may touch: what reads or writes outside of it crashes."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

_PAGE = mmap.PAGESIZE
_libc = ctypes.CDLL(None, use_errno=True)
_kept: list[Any] = []  # unmapped memory could be mapped again by someone else


def guarded(size: int, at_end: bool) -> int:
    """The address of so many bytes that end (or begin) where a forbidden page begins (or ends)."""
    pages = -(-max(size, 1) // _PAGE)
    memory = mmap.mmap(-1, (pages + 2) * _PAGE)
    _kept.append(memory)
    first = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for page in (0, pages + 1):
        if _libc.mprotect(ctypes.c_void_p(first + page * _PAGE), _PAGE, 0):
            raise OSError(ctypes.get_errno(), "mprotect")
    return first + _PAGE + (pages * _PAGE - size if at_end else 0)


def guarded_array(shape: Sequence[int], dtype: Any, at_end: bool) -> np.ndarray[Any, Any]:
    """An array in guarded memory."""
    kind = np.dtype(dtype)
    size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    if not size:
        return np.empty(shape, kind)
    memory = (ctypes.c_char * size).from_address(guarded(size, at_end))
    return np.frombuffer(memory, kind).reshape(shape)


@contextmanager
def guarding(monkeypatch: pytest.MonkeyPatch, at_end: bool) -> Iterator[None]:
    """While it lasts, every buffer of a program lies in guarded memory of its own."""
    from evergraph.backends.cpu import binding

    def arena(offsets: Sequence[int], sizes: Sequence[int], total: int) -> tuple[None, list[int]]:
        return None, [guarded(size, at_end) for size in sizes]

    with monkeypatch.context() as patch:
        patch.setattr(binding, "arena_memory", arena)
        patch.setattr(binding, "new_array", lambda s, d: guarded_array(s, d, at_end))
        yield
