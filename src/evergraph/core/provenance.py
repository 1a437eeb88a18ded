"""Where in the user's program a thing was made: a code object and a line, formatted on demand."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from types import CodeType

PACKAGE = str(Path(__file__).resolve().parent.parent) + "/"
Site = tuple[CodeType, int]


def user_site(depth: int = 2) -> Site | None:
    """The innermost frame outside this package, `depth` frames up from here at the least."""
    try:
        frame = sys._getframe(depth)
    except ValueError:
        return None
    while frame.f_code.co_filename.startswith(PACKAGE):
        if frame.f_back is None:
            return None
        frame = frame.f_back
    return frame.f_code, frame.f_lineno


def describe(site: Site | None) -> str:
    """`file.py:12: source of the line`, or a word that it is not known."""
    if site is None:
        return "an unknown line"
    code, line = site
    text = linecache.getline(code.co_filename, line).strip()
    return f"{code.co_filename}:{line}" + (f": {text}" if text else "")


def place(site: Site | None) -> str:
    """`file.py, line 12`."""
    return "an unknown place" if site is None else f"{site[0].co_filename}, line {site[1]}"
