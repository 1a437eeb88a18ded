"""Arguments that have had two names."""

from __future__ import annotations

from typing import Any


def renamed(new: str, value: Any, old: str, old_value: Any) -> Any:
    """The argument, given by its new or its old name; ValueError if by both."""
    if old_value is not None:
        if value is not None:
            raise ValueError(f"Cannot specify both {old!r} and {new!r}")
        return old_value
    return value
