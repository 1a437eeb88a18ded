"""The thread pool: workers that wait in compiled code, without the interpreter's lock.

Made when first needed, again in a child process after a fork. A pool of one thread has no workers.
"""

from __future__ import annotations

import ctypes
import os
import threading

from ...settings import settings
from .host import available_cpus
from .jit import library
from .native import MAX_PARTS, POOL_BYTES, worker_ir

_KERNEL = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
_LINE = 64


def aligned_buffer(size: int, alignment: int = _LINE) -> tuple[ctypes.Array[ctypes.c_char], int]:
    """Zeroed memory and its first address with this alignment; it lives as long as the array."""
    memory = ctypes.create_string_buffer(size + alignment)
    address = ctypes.addressof(memory)
    return memory, -(-address // alignment) * alignment


def native(address: int) -> ctypes._FuncPointer:
    """A compiled function as Python calls it, the interpreter's lock released."""
    return _KERNEL(address)


class Pool:
    """`threads - 1` workers and their shared memory at `address`."""

    def __init__(self, threads: int) -> None:
        self.threads = max(1, min(threads, MAX_PARTS))
        self._memory, self.address = aligned_buffer(POOL_BYTES)
        ctypes.c_int64.from_address(self.address + 448).value = self.threads
        self.workers = [self._start(i) for i in range(1, self.threads)]

    def _start(self, index: int) -> threading.Thread:
        target = library().target
        worker = native(library().function("worker", lambda: worker_ir(target.triple)))
        thread = threading.Thread(
            target=worker, args=(self.address, index, 0), name=f"evergraph-{index}", daemon=True
        )
        thread.start()
        return thread


_pools: dict[int, Pool] = {}
_lock = threading.Lock()


def default_threads() -> int:
    """EVERGRAPH_NUM_THREADS, or as many threads as there are CPUs to use."""
    return min(settings.num_threads or available_cpus(), MAX_PARTS)


def pool(threads: int = 0) -> Pool:
    """The process's pool of so many threads (0: the default number)."""
    count = threads or default_threads()
    found = _pools.get(count)
    if found is None:
        with _lock:
            found = _pools.get(count)
            if found is None:
                found = _pools[count] = Pool(count)
    return found


def _after_fork() -> None:
    """Threads do not survive a fork: the child makes its own."""
    global _lock
    _lock = threading.Lock()
    for address in [p.address for p in _pools.values()]:
        ctypes.memset(address, 0, POOL_BYTES)
    for old in _pools.values():
        ctypes.c_int64.from_address(old.address + 448).value = 1
        old.workers = []
    _pools.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
