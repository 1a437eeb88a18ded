"""Values as text, in the format of TensorFlow's printing and assertion ops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.opdef import Array

_ESCAPES = {9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 39: "\\'", 92: "\\\\"}


def number(x: Any) -> str:
    """A number with as few digits as give it back (6, else 9, for float32; 15, else 17)."""
    if isinstance(x, np.floating) or np.asarray(x).dtype.kind in "fV":
        return _float(x)
    if isinstance(x, (bool, np.bool_)):
        return "1" if x else "0"
    return str(int(x))


def _float(x: Any) -> str:
    value = float(x)
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    double = isinstance(x, np.float64)
    short, full = (15, 17) if double else (6, 9)
    text = f"{value:.{short}g}"
    parsed = float(text) if double else float(np.float32(text))
    return text if parsed == value else f"{value:.{full}g}"


def escaped(text: bytes) -> str:
    """Bytes with what does not print as C escapes."""
    return "".join(_ESCAPES.get(c) or (chr(c) if 32 <= c < 127 else f"\\{c:03o}") for c in text)


def _element(x: Any, quoted: bool) -> str:
    if isinstance(x, bytes):
        return f'"{escaped(x)}"' if quoted else escaped(x)
    return number(x)


def summary(array: Array, limit: int) -> str:
    """The first `limit` elements (all where negative), as `tf.Print` and `tf.Assert` show them."""
    x = np.asarray(array)
    if x.dtype.kind == "c":
        return _unprintable(x, limit)
    left = x.size if limit < 0 else min(limit, x.size)
    if not x.ndim:
        return _element(x[()], False) if left else "..."
    text, _ = _rows(x, left, 0)
    return text + ("..." if x.size > left else "")


def _unprintable(x: Array, limit: int) -> str:
    shown = x.size if limit < 0 else min(limit, x.size)
    return " ".join("?" * shown) + ("..." if shown < x.size else "")


def _rows(x: Array, left: int, depth: int) -> tuple[str, int]:
    """The text of at most `left` elements, and how many more may follow."""
    if left <= 0:
        return "", left
    if x.ndim == 1:
        shown = " ".join(_element(v, False) for v in x[:left])
        cut = depth > 0 and len(x) > left
        return shown + ("..." if cut else ""), left - len(x[:left])
    parts = []
    for row in x:
        if left <= 0:
            break
        text, left = _rows(row, left, depth + 1)
        parts.append(f"[{text}]")
    return "".join(parts), left


def summary_v2(array: Array, ends: int) -> str:
    """The first and last `ends` rows along each axis (all where negative), as `tf.print` shows."""
    x = np.asarray(array)
    if x.dtype.kind == "c":
        return f"[{_unprintable(x, ends)}]"
    limit = x.size if ends < 0 else min(ends, x.size)
    if not x.ndim:
        return _element(x[()], True) if limit else "..."
    return _block(x, limit, 0, x.ndim)


def _spacing(depth: int, rank: int) -> str:
    return " " if depth == rank - 1 else "\n" * (rank - depth - 1) + " " * (depth + 1)


def _block(x: Array, ends: int, depth: int, rank: int) -> str:
    if depth == rank:
        return _element(x[()], True)
    n = x.shape[0]
    shown: list[str] = [_block(x[i, ...], ends, depth + 1, rank) for i in range(min(ends, n))]
    if n > 2 * ends:
        shown.append("...")
    shown += [_block(x[i, ...], ends, depth + 1, rank) for i in range(max(ends, n - ends), n)]
    return "[" + _spacing(depth, rank).join(shown) + "]"
