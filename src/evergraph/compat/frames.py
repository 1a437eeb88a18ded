"""Whose code a frame belongs to: the program's, a library's or evergraph's own."""

from __future__ import annotations

import ast
import linecache
import os
import sys
from functools import cache
from types import FrameType

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


@cache
def _library_folders() -> tuple[str, ...]:
    # Not from sysconfig, which imports modules of its own, and so would ask again.
    standard = os.path.dirname(os.path.realpath(os.__file__))
    installed = {p for p in sys.path if os.path.basename(p) in ("site-packages", "dist-packages")}
    return tuple(sorted(os.path.join(folder, "") for folder in {standard, *installed}))


def is_own(filename: str) -> bool:
    """Whether a file is part of evergraph, or source that it wrote for a program."""
    return filename.startswith((PACKAGE, "<program "))


def is_library(filename: str) -> bool:
    """Whether a file belongs to Python or an installed package, or is no file but frozen code."""
    if filename.startswith("<frozen"):
        return True
    folders = _library_folders()
    return filename.startswith(folders) or os.path.realpath(filename).startswith(folders)


@cache
def is_program(filename: str) -> bool:
    """Whether a file is the user's: neither evergraph's nor a library's."""
    return not is_own(filename) and not is_library(filename)


def program_frame() -> FrameType | None:
    """The innermost frame of the user's program, or None."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not is_program(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def place(frame: FrameType | None) -> str:
    """`file.py:12` for a frame of the program, "" for None."""
    if frame is None:
        return ""
    return f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"


@cache
def _tried_lines(filename: str) -> frozenset[int]:
    """The lines of a file inside `try: ... except ImportError:`."""
    try:
        tree = ast.parse("".join(linecache.getlines(filename)))
    except SyntaxError:
        return frozenset()
    tries = (node for node in ast.walk(tree) if isinstance(node, ast.Try) and _catches(node))
    return frozenset(
        line
        for node in tries
        for statement in node.body
        for line in range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
    )


def _catches(node: ast.Try) -> bool:
    """Whether a handler of the statement takes an ImportError."""
    kinds = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
    types = [handler.type for handler in node.handlers]
    named = {n.id for t in types if t for n in ast.walk(t) if isinstance(n, ast.Name)}
    return None in types or bool(kinds & named)


def import_is_tried() -> bool:
    """Whether the running import statement stands inside `try: ... except ImportError:`.

    Such a program knows what to do without the name, so it shall learn that it is missing.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame and _is_import_machinery(frame.f_code.co_filename):
        frame = frame.f_back
    return frame is not None and frame.f_lineno in _tried_lines(frame.f_code.co_filename)


def _is_import_machinery(filename: str) -> bool:
    return is_own(filename) or filename.startswith("<frozen importlib") or "importlib" in filename
