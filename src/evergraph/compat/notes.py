"""Notes to the user on standard error, each text once in a process."""

from __future__ import annotations

import sys

_said: set[str] = set()


def note(text: str, where: str = "") -> None:
    """Writes `note: text (where)` unless the same text was said before."""
    if text not in _said:
        _said.add(text)
        print(f"note: {text}" + (f" ({where})" if where else ""), file=sys.stderr, flush=True)
