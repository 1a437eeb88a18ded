"""Times of operations, added up while someone asks for them: what `evergraph profile` lists."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Entry:
    """What one operation (or a stretch of them on the reference backend) took."""

    types: str
    name: str
    compiled: bool
    runs: int = 0
    seconds: float = 0.0
    bytes: int = 0
    flops: float = 0.0


@dataclass
class OpTimes:
    """Entries by operation; `reasons` tells why segments did not get compiled code."""

    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(
        self, types: str, name: str, seconds: float, size: int, flops: float, compiled: bool
    ) -> None:
        """Adds one run of an operation."""
        with self.lock:
            entry = self.entries.get((types, name))
            if entry is None:
                entry = self.entries[types, name] = Entry(types, name, compiled)
            entry.runs += 1
            entry.seconds += seconds
            entry.bytes += size
            entry.flops += flops

    def note(self, reason: str) -> None:
        """Counts a reason why something runs on the reference backend."""
        with self.lock:
            self.reasons[reason] = self.reasons.get(reason, 0) + 1


active: list[OpTimes] = []
"""Who is asking; empty when nobody is, so that runs pay for one look."""


@contextmanager
def op_times() -> Iterator[OpTimes]:
    """Adds up the times of all runs inside the `with` block."""
    times = OpTimes()
    active.append(times)
    try:
        yield times
    finally:
        active.remove(times)
