"""The reference backend with a clock: each operation's call tells when it began and ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..core.tensor import Operation
from .contract import Executable, Segment
from .reference import PythonFunction, ReferenceBackend, Writer, function_of


@dataclass
class Record:
    """One call of an operation: its times in nanoseconds, and what it gave."""

    op: Operation
    began: int
    ended: int
    results: tuple[Any, ...]


class _Current(threading.local):
    def __init__(self) -> None:
        self.records: list[Record] | None = None


_current = _Current()


@contextmanager
def recording() -> Iterator[list[Record]]:
    """Collects the records of what this thread runs inside the block."""
    before, _current.records = _current.records, []
    try:
        yield _current.records
    finally:
        _current.records = before


def _timed(op: Operation, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*operands: Any) -> Any:
        began = time.perf_counter_ns()
        got = function(*operands)
        records = _current.records
        if records is not None:
            results = tuple(got) if isinstance(got, (tuple, list)) else (got,)
            records.append(Record(op, began, time.perf_counter_ns(), results))
        return got

    return call


class _TracingWriter(Writer):
    def inlined(self, op: Operation, operands: list[str]) -> str | None:
        """Nothing is written in place: only calls can be timed."""
        return None

    def callable_of(self, op: Operation) -> Callable[..., Any]:
        """The operation's function between two looks at the clock."""
        return _timed(op, function_of(op))


class TracingBackend(ReferenceBackend):
    """Runs what the reference backend runs, slower, and inside `recording` keeps the times."""

    name = "tracing"

    def compile(self, segment: Segment) -> Executable:
        """A Python function of the segment."""
        return PythonFunction(segment.function, _TracingWriter)
