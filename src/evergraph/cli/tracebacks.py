"""Tracebacks that end at the user's line."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable
from types import TracebackType

from evergraph.compat.frames import is_library, is_own
from evergraph.settings import settings


def _kept(frames: Iterable[traceback.FrameSummary]) -> Iterable[traceback.FrameSummary]:
    """The frames without evergraph's and what it called of libraries.

    What a user's function that evergraph calls does is the user's again.
    """
    inside = True
    for frame in frames:
        if is_own(frame.filename):
            inside = True
        elif not (inside and is_library(frame.filename)):
            inside = False
            yield frame


def _shorten(report: traceback.TracebackException, seen: set[int]) -> None:
    if id(report) in seen:
        return
    seen.add(id(report))
    report.stack = traceback.StackSummary.from_list(list(_kept(report.stack)))
    for inner in (report.__cause__, report.__context__):
        if inner is not None:
            _shorten(inner, seen)
    # An error that arose wholly inside evergraph tells the user nothing about the program.
    if report.__cause__ is not None and not report.__cause__.stack:
        report.__cause__ = None
    if report.__context__ is not None and not report.__context__.stack:
        report.__context__ = None


def report(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> list[str]:
    """The lines of the report on an uncaught error of the program."""
    full = traceback.TracebackException(kind, error, trace)
    if not settings.full_traceback:
        _shorten(full, set())
    return list(full.format())


def print_report(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Writes the report to standard error."""
    sys.stdout.flush()
    sys.stderr.write("".join(report(kind, error, trace)))
    sys.stderr.flush()
