"""A plan in memory: an arena, argument blocks, launch records; and the one call that runs it."""

from __future__ import annotations

import ctypes
import struct
import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from ...core.allocation import aligned_empty, is_own
from ...core.tensor import Operation
from .. import timing
from ..contract import Array, Binding
from .jit import library
from .layout import Address, Buffer
from .native import RECORD_BYTES, patch_run_ir
from .plan import Plan
from .threads import Pool, aligned_buffer, native, pool

_LINE = 64
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


def arena_offsets(buffers: Sequence[Buffer]) -> tuple[dict[Buffer, int], int]:
    """Places for buffers such that those in use at the same time do not overlap; the total size.

    Large ones first, each at the lowest place that is free while it is in use.
    """
    order = sorted(buffers, key=lambda b: (-b.size, b.first))
    # Rows: first and last launch, first byte, byte after the last; columns in order of placing.
    placed = np.zeros((4, len(order)), np.int64)
    offsets: dict[Buffer, int] = {}
    total = 0
    for count, b in enumerate(order):
        size = -(-max(b.size, 1) // _LINE) * _LINE
        first, last, starts, stops = placed[:, :count]
        rivals = np.flatnonzero((last >= b.first) & (first <= b.last))
        at = 0
        for start, stop in sorted(zip(starts[rivals].tolist(), stops[rivals].tolist(), strict=True)):
            if start >= at + size:
                break
            at = max(at, stop)
        placed[:, count] = b.first, b.last, at, at + size
        offsets[b] = at
        total = max(total, at + size)
    return offsets, total


def arena_memory(buffers: Sequence[Buffer]) -> Any:
    """Gives buffers their addresses in memory of their own, which is returned."""
    offsets, total = arena_offsets(buffers)
    memory, base = aligned_buffer(total)
    for b, at in offsets.items():
        b.address = base + at
    return memory


def new_array(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Memory for an output."""
    return aligned_empty(shape, dtype)


class _Instance:
    """The memory of one run at a time."""

    def __init__(self, plan: Plan, threads: Pool) -> None:
        self.keep: list[Any] = [arena_memory(plan.arena)]
        self.sources: list[tuple[str, int]] = []
        self.patches: list[tuple[int, int, int]] = []  # number of the source, offset, slot
        self.numbers: dict[tuple[str, int], int] = {}
        for b in plan.constants:
            b.address = b.source.ctypes.data
            self.keep.append(b.source)
        self._write(plan, threads)

    def _write(self, plan: Plan, threads: Pool) -> None:
        launches = plan.launches
        blocks, at = aligned_buffer(sum(8 * len(x.slots) + _LINE for x in launches))
        records, first = aligned_buffer(RECORD_BYTES * max(1, len(launches)))
        self.keep += [blocks, records]
        self.records = first
        functions = [library().function(x.key, x.emit) for x in launches]
        for i, launch in enumerate(launches):
            words = [self._word(slot, at + 8 * k) for k, slot in enumerate(launch.slots)]
            ctypes.memmove(at, b"".join(words), 8 * len(words))
            record = struct.pack("4q", functions[i], at, launch.parts, 0)
            ctypes.memmove(first + RECORD_BYTES * i, record, RECORD_BYTES)
            at += -(-8 * len(words) // _LINE) * _LINE
        self._write_call(len(launches), threads)

    def _write_call(self, count: int, threads: Pool) -> None:
        """The block that the native call gets: launches, pool, patches, array objects."""
        table, place = aligned_buffer(24 * max(1, len(self.patches)))
        for i, patch in enumerate(self.patches):
            ctypes.memmove(place + 24 * i, struct.pack("3q", *patch), 24)
        self.objects, objects = aligned_buffer(8 * max(1, len(self.sources)))
        self.objects_at = objects - ctypes.addressof(self.objects)
        address = threads.address if threads.threads > 1 else 0
        words = (
            self.records,
            count,
            address,
            len(self.patches),
            place,
            objects,
            _data_pointer_place(),
        )
        call, self.call = aligned_buffer(56)
        ctypes.memmove(self.call, struct.pack("7q", *words), 56)
        self.keep += [table, call]
        self.format = struct.Struct(f"{len(self.sources)}q")

    def _word(self, slot: Any, place: int) -> bytes:
        """A slot's eight bytes; addresses of inputs and outputs are written at each run."""
        if isinstance(slot, float):
            return struct.pack("d", slot)
        if not isinstance(slot, Address):
            return struct.pack("q", slot)
        buffer = slot.buffer
        if buffer.kind in ("input", "output"):
            source = (buffer.kind, buffer.source)
            number = self.numbers.setdefault(source, len(self.numbers))
            if number == len(self.sources):
                self.sources.append(source)
            self.patches.append((number, slot.offset, place))
            return bytes(8)
        return struct.pack("q", buffer.address + slot.offset)


class CompiledBinding(Binding):
    """A program bound to shapes, in compiled code."""

    reports_times = True

    def __init__(
        self,
        plan: Plan,
        failed: Callable[[int, int], BaseException],
        reference: Callable[[], Binding],
    ) -> None:
        self.plan = plan
        self.reference = reference
        self.failed = failed
        self.pool = pool()
        self.free = [_Instance(plan, self.pool)]
        self.lock = threading.Lock()
        self.sources = self.free[0].sources
        self.given = [number for kind, number in self.sources if kind == "input"]

    def run(self, inputs: Sequence[Array], states: Sequence[Any]) -> Sequence[Array]:
        """One native call."""
        if not all(isinstance(inputs[i], _ARRAYS) for i in self.given):
            # Lists of tensors pass for numbers in a graph: only the reference knows them.
            return self.reference().run(inputs, states)
        try:
            instance = self.free.pop()
        except IndexError:  # another thread is in a run of this program
            with self.lock:
                instance = _Instance(self.plan, self.pool)
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
            size = sum(b.size for b in {*launch.reads, *launch.writes})
            kind, name = ("copy", "") if op is None else (op.type, _source_name(op))
            for times in timing.active:
                times.add(kind, name, taken.value * 1e-9, size, launch.flops, True)
            taken.value = 0

    def _results(self, arrays: list[Array]) -> list[Array]:
        """The arrays that the outputs go to."""
        results: list[Array] = []
        plan = self.plan
        for k, result in enumerate(plan.results):
            if isinstance(result, Buffer):
                old = plan.in_place.get(k)
                if old is not None and is_own(arrays[old]):
                    results.append(arrays[old])
                else:
                    results.append(new_array(*plan.shapes[k]))
            else:
                results.append(arrays[result] if isinstance(result, int) else result)
        return results


def _source_name(op: Operation) -> str:
    """The name of the operation in the user's graph."""
    source: Operation = op.extra if isinstance(op.extra, Operation) else op
    return str(source.name)
