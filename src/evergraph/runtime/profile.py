"""Counts of bytes: what runs feed, fetch and move between the devices that a program asks for.

with evergraph.profile() as p:
    sess.run(loss, feed_dict)
print(p.runs, p.bytes_fed, p.bytes_fetched, p.bytes_moved)
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from .devices import crosses


@dataclass
class Traffic:
    """Bytes over one or more runs.

    `bytes_moved` is what crosses between the host and the devices that the graph asks for: with
    soft placement on a machine without them nothing is copied, and the figure says what would be.
    """

    runs: int = 0
    bytes_fed: int = 0
    bytes_fetched: int = 0
    bytes_moved: int = 0

    def add(self, other: Traffic) -> None:
        """Adds the counts of another."""
        self.runs += other.runs
        self.bytes_fed += other.bytes_fed
        self.bytes_fetched += other.bytes_fetched
        self.bytes_moved += other.bytes_moved


_active: list[Traffic] = []
_lock = threading.Lock()


@contextmanager
def profile() -> Iterator[Traffic]:
    """Counts the bytes of all runs inside the `with` block."""
    traffic = Traffic()
    with _lock:
        _active.append(traffic)
    try:
        yield traffic
    finally:
        with _lock:
            _active.remove(traffic)


def measure(
    feeds: Sequence[Tensor], fed: Sequence[Any], fetches: Sequence[Tensor], got: Sequence[Any]
) -> Traffic:
    """The traffic of one run; adds it to the active profiles."""
    given = [(t, np.asarray(a).nbytes) for t, a in zip(feeds, fed, strict=True)]
    taken = [(t, np.asarray(a).nbytes) for t, a in zip(fetches, got, strict=True)]
    traffic = Traffic(
        1,
        sum(n for _, n in given),
        sum(n for _, n in taken),
        sum(n for t, n in (*given, *taken) if _on_device(t)),
    )
    with _lock:
        for active in _active:
            active.add(traffic)
    return traffic


def _on_device(tensor: Tensor) -> bool:
    return crosses(tensor) or any(crosses(o) for c in tensor._consumers for o in c.outputs[:1])
