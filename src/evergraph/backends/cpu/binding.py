"""A plan in memory: an arena, argument blocks, launch records; and the one call that runs it."""

from __future__ import annotations

import ctypes
import struct
import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from ...core.allocation import aligned_empty, allocatable, is_own
from ...core.tensor import Operation
from .. import timing
from ..contract import Array, Binding
from .image import Image, Numbers, materialized, word_of
from .jit import library
from .layout import Buffer, Constant
from .native import RECORD_BYTES, patch_run_ir
from .symbols import Symbol, value_of
from .threads import aligned_buffer, native, pool

_ARRAYS = (np.ndarray, np.generic, bool, int, float)


@cache
def _runner(timed: bool) -> Any:
    target = library().target
    key = f"patch and run {timed}"
    return native(library().function(key, lambda: patch_run_ir(target.triple, timed)))


@cache
def _data_pointer_place() -> int:
    """Where an array object holds the address of its elements."""
    for offset in (16, 32):
        probe = np.empty(3, np.int16)
        if ctypes.c_size_t.from_address(id(probe) + offset).value == probe.ctypes.data:
            return offset
    raise RuntimeError("This interpreter's arrays are laid out unlike any that is known.")


def arena_memory(offsets: Sequence[int], sizes: Sequence[int], total: int) -> tuple[Any, list[int]]:
    """Memory for the arena, to be kept, and the addresses of its buffers."""
    memory, base = aligned_buffer(total)
    return memory, [base + at for at in offsets]


def new_array(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Memory for an output."""
    return aligned_empty(shape, dtype)


class _Instance:
    """The memory of one run at a time."""

    def __init__(self, bound: CompiledBinding) -> None:
        image, numbers = bound.image, bound.table
        self.keep: list[Any] = list(bound.constants)
        memory, addresses = arena_memory(bound.places, bound.sizes.tolist(), bound.arena_size)
        self.keep.append(memory)
        words, at = self._table(image.words)
        image.in_words.fill(words, numbers)
        arena = [addresses[k] for k in image.arena_order]
        image.addresses.fill(words, arena, numbers)
        image.constants.fill(words, [c.ctypes.data for c in bound.constants], numbers)
        records, self.records = self._table(image.records)
        image.in_parts.fill(records.reshape(-1, 4)[:, 2], numbers)
        records.reshape(-1, 4)[:, 1] += at
        patches, place = self._table(image.patches)
        image.in_patches.fill(patches, numbers)
        patches.reshape(-1, 3)[:, 2] *= 8
        patches.reshape(-1, 3)[:, 2] += at
        self.objects, objects = aligned_buffer(8 * max(1, len(image.sources)))
        self.objects_at = objects - ctypes.addressof(self.objects)
        pool_address = bound.pool.address if bound.pool.threads > 1 else 0
        count, patched = len(image.records), len(image.patches)
        call = (self.records, count, pool_address, patched, place, objects, _data_pointer_place())
        _, self.call = self._table(np.array(call, np.int64))
        self.format = struct.Struct(f"{len(image.sources)}q")

    def _table(self, numbers: Numbers) -> tuple[Numbers, int]:
        """A copy of a table in aligned memory, and its address."""
        memory, at = aligned_buffer(max(8, numbers.nbytes))
        self.keep.append(memory)
        start = at - ctypes.addressof(memory)
        table = np.frombuffer(memoryview(memory), np.int64, numbers.size, start)
        table[:] = numbers.reshape(-1)
        return table, at


class CompiledBinding(Binding):
    """A program bound to shapes, in compiled code.

    `numbers` are what the symbols of its image are for these shapes; `own` tells whether those are
    the shapes that its plan was made for.
    """

    reports_times = True

    def __init__(
        self,
        image: Image,
        numbers: list[Any],
        own: bool,
        failed: Callable[[int, int], BaseException],
        reference: Callable[[], Binding],
    ) -> None:
        self.image = image
        self.plan = plan = image.plan
        self.reference = reference
        self.failed = failed
        self.pool = pool()
        self.numbers = numbers
        self.table = np.array([word_of(x) for x in numbers], np.int64)
        self.sizes = image.sizes.copy()
        image.in_sizes.fill(self.sizes, self.table)
        self.places, self.arena_size = image.arena.offsets(self.sizes, own)
        self.shapes = [(tuple(map(self.resolve, s)), dtype) for s, dtype in plan.shapes]
        for shape, dtype in [((self.arena_size,), np.dtype(np.uint8)), *self.shapes]:
            allocatable(shape, dtype)
        buffers = image.constants.buffers
        self.constants = [materialized(b.source, self.resolve) for b in buffers]
        self.results = [
            materialized(r, self.resolve) if isinstance(r, Constant) else r for r in plan.results
        ]
        self.free = [_Instance(self)]
        self.lock = threading.Lock()
        self.sources = image.sources
        self.given = [number for kind, number in self.sources if kind == "input"]

    def resolve(self, x: Any) -> Any:
        """A number of the plan for these shapes."""
        return self.numbers[self.image.wanted.index[x.terms]] if isinstance(x, Symbol) else x

    def run(self, inputs: Sequence[Array], states: Sequence[Any]) -> Sequence[Array]:
        """One native call."""
        if not all(isinstance(inputs[i], _ARRAYS) for i in self.given):
            # Lists of tensors pass for numbers in a graph: only the reference knows them.
            return self.reference().run(inputs, states)
        try:
            instance = self.free.pop()
        except IndexError:  # another thread is in a run of this program
            with self.lock:
                instance = _Instance(self)
        try:
            return self._run(instance, inputs)
        finally:
            self.free.append(instance)

    def _run(self, instance: _Instance, inputs: Sequence[Array]) -> Sequence[Array]:
        arrays = list(inputs)
        for i in self.given:
            x = arrays[i]
            if type(x) is not np.ndarray or not x.flags.c_contiguous or not x.flags.aligned:
                arrays[i] = np.require(np.asarray(x), requirements=["C", "A"]).reshape(np.shape(x))
        results = self._results(arrays)
        held = [arrays[n] if kind == "input" else results[n] for kind, n in self.sources]
        instance.format.pack_into(instance.objects, instance.objects_at, *map(id, held))
        status = _runner(bool(timing.active))(instance.call, 0, 0)
        if timing.active:
            self._report(instance)
        if status:
            raise self.failed((status >> 32) - 1, status & 0xFFFFFFFF)
        return results

    def _report(self, instance: _Instance) -> None:
        """Tells who asks how long each launch took."""
        for i, (launch, op) in enumerate(zip(self.plan.launches, self.plan.labels, strict=True)):
            place = instance.records + RECORD_BYTES * i + 24
            taken = ctypes.c_int64.from_address(place)
            size = sum(self.estimate(b.size) for b in {*launch.reads, *launch.writes})
            kind, name = ("copy", "") if op is None else (op.type, _source_name(op))
            for times in timing.active:
                times.add(kind, name, taken.value * 1e-9, size, self.estimate(launch.flops), True)
            taken.value = 0

    def estimate(self, x: Any) -> Any:
        """A number that is only reported: as it is here or, if not kept, for the plan's shapes."""
        known = isinstance(x, Symbol) and x.terms in self.image.wanted.index
        return self.resolve(x) if known else value_of(x)

    def _results(self, arrays: list[Array]) -> list[Array]:
        """The arrays that the outputs go to."""
        results: list[Array] = []
        plan = self.plan
        for k, result in enumerate(self.results):
            if isinstance(result, Buffer):
                old = plan.in_place.get(k)
                if old is not None and is_own(arrays[old]):
                    results.append(arrays[old])
                else:
                    results.append(new_array(*self.shapes[k]))
            else:
                results.append(arrays[result] if isinstance(result, int) else result)
        return results


def _source_name(op: Operation) -> str:
    """The name of the operation in the user's graph."""
    source: Operation = op.extra if isinstance(op.extra, Operation) else op
    return str(source.name)
