"""Runs launches of the CPU engine by themselves, without graphs: for tests of its kernels.

    a, b, out = placed(x), placed(y), placed(np.empty((m, n), np.float32))
    run(matmul(a, b, out, target, 2), threads=2)

`placed` makes a view of an array where it lies; `run` gives scratch buffers memory between
forbidden pages, so that a kernel that strays crashes.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
from guarded import guarded, guarded_array

from evergraph.backends.cpu import host, jit
from evergraph.backends.cpu.layout import Address, Buffer, Launch, View
from evergraph.backends.cpu.native import RECORD_BYTES, run_ir
from evergraph.backends.cpu.objects import ObjectStore
from evergraph.backends.cpu.threads import aligned_buffer, native, pool

_BLOCK = 64


def placed(array: np.ndarray[Any, Any]) -> View:
    """A view of an array where it lies, whatever its strides; the array must be kept."""
    buffer = Buffer("input", array.nbytes, array)
    buffer.address = array.ctypes.data
    return View(buffer, array.dtype, array.shape, array.strides)


def guarded_copy(array: np.ndarray[Any, Any], at_end: bool = True) -> np.ndarray[Any, Any]:
    """A contiguous copy that ends (or begins) at a forbidden page."""
    out = guarded_array(array.shape, array.dtype, at_end)
    out[...] = array
    return out


@cache
def target_at(level: str) -> host.Target:
    """This machine's processor limited to a level of vectors: avx512, avx2 or baseline."""
    here = host.host()
    features = dict(jit.llvm.get_host_cpu_features())
    return host.target_of(here.triple, here.cpu, features, level)


@cache
def library_of(target: host.Target) -> jit.Library:
    """The compiled functions of a target; those of this machine are the engine's own."""
    if target == host.host():
        return jit.library()
    return jit.Library(target, ObjectStore(Path(mkdtemp())))


class Program:
    """Launches in memory, ready to run: `program()` runs them once."""

    def __init__(
        self, launches: Sequence[Launch], threads: int = 1, target: host.Target | None = None,
        guard: bool = True, at_end: bool = True,
    ) -> None:  # fmt: skip
        self.launches = list(launches)
        self.keep: list[Any] = []
        self.pool = pool(threads)
        self.guard, self.at_end = guard, at_end
        for buffer in {b: None for x in launches for b in (*x.reads, *x.writes)}:
            self._place(buffer)
        library = library_of(target or host.host())
        records = b"".join(self._record(library, x) for x in launches)
        self.records = self._memory(records or bytes(8))
        triple = host.host().triple
        run = jit.library().function("run", lambda: run_ir(triple))
        self.function = native(run)
        shared = self.pool.address if self.pool.threads > 1 else 0
        self.call = self._memory(struct.pack("3q", self.records, len(launches), shared))

    def _memory(self, data: bytes) -> int:
        memory, address = aligned_buffer(len(data))
        ctypes.memmove(address, data, len(data))
        self.keep.append(memory)
        return address

    def _place(self, buffer: Buffer) -> None:
        if buffer.kind == "arena" and not buffer.address:
            if self.guard:
                size = -(-buffer.size // _BLOCK) * _BLOCK
                buffer.address = guarded(size, self.at_end)
            else:
                memory, buffer.address = aligned_buffer(max(buffer.size, 1))
                self.keep.append(memory)
        elif buffer.kind == "constant":
            buffer.address = buffer.source.elements.ctypes.data
        self.keep.append(buffer.source)

    def _record(self, library: jit.Library, launch: Launch) -> bytes:
        block = self._memory(b"".join(map(_word, launch.slots)))
        function = library.function(launch.key, launch.emit)
        record = struct.pack("4q", function, block, launch.parts, 0)
        assert len(record) == RECORD_BYTES
        return record

    def __call__(self) -> None:
        status = self.function(self.call, 0, 0)
        assert status == 0, f"launch {(status >> 32) - 1} failed with {status & 0xFFFFFFFF}"


def _word(slot: int | float | Address) -> bytes:
    if isinstance(slot, float):
        return struct.pack("d", slot)
    if isinstance(slot, Address):
        return struct.pack("q", slot.buffer.address + slot.offset)
    return struct.pack("q", slot)


def run(
    launches: Sequence[Launch], threads: int = 1, target: host.Target | None = None,
    at_end: bool = True,
) -> None:  # fmt: skip
    """Runs launches once."""
    Program(launches, threads, target, at_end=at_end)()
