"""Plots on a machine without a display: nothing that waits for a window may block."""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import Any

from evergraph.compat.frames import place, program_frame
from evergraph.compat.import_hooks import after_import
from evergraph.compat.notes import note


def has_display() -> bool:
    """Whether a window could be opened."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def activate() -> None:
    """Without a display, makes matplotlib draw to files only and its waiting calls return."""
    if not has_display():
        os.environ.setdefault("MPLBACKEND", "Agg")
        after_import("matplotlib.figure", _answer_figure)
        after_import("matplotlib.pyplot", _answer_pyplot)


def _returning(name: str, value: Any) -> Any:
    def function(*args: Any, **kwargs: Any) -> Any:
        note(f"there is no display; {name}() shows nothing and returns", place(program_frame()))
        return value

    function.__name__ = name
    return function


def _answer_figure(module: ModuleType) -> None:
    figure: Any = module.Figure
    figure.show = _returning("show", None)
    figure.waitforbuttonpress = _returning("waitforbuttonpress", None)
    figure.ginput = _returning("ginput", [])


def _answer_pyplot(module: ModuleType) -> None:
    module.__dict__["show"] = _returning("show", None)
    module.__dict__["waitforbuttonpress"] = _returning("waitforbuttonpress", None)
    module.__dict__["ginput"] = _returning("ginput", [])
