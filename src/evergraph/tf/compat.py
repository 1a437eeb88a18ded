"""`tf.compat`: text and bytes, number types, dates of compatibility; `v1` is `tf` itself."""

from __future__ import annotations

import datetime
import numbers
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from ..core.tensor_shape import dimension_at_index, dimension_value

__all__ = [
    "as_bytes",
    "as_str",
    "as_str_any",
    "as_text",
    "bytes_or_text_types",
    "complex_types",
    "dimension_at_index",
    "dimension_value",
    "forward_compatibility_horizon",
    "forward_compatible",
    "integral_types",
    "path_to_str",
    "real_types",
]

integral_types = (numbers.Integral, np.integer)
real_types = (numbers.Real, np.integer, np.floating)
complex_types = (numbers.Complex, np.number)
bytes_or_text_types = (bytes, str)

# Graphs of this version are read by programs built up to this day.
_horizon = datetime.date(2019, 8, 6)


def __getattr__(name: str) -> Any:
    if name == "v1":
        return import_module(__package__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def as_bytes(bytes_or_text: Any, encoding: Any = "utf-8") -> bytes:
    """Text encoded, bytes as they are. TypeError for anything else."""
    if isinstance(bytes_or_text, str):
        return bytes_or_text.encode(encoding)
    if isinstance(bytes_or_text, (bytes, bytearray)):
        return bytes(bytes_or_text)
    raise TypeError(f"Expected binary or unicode string, got {bytes_or_text!r}")


def as_text(bytes_or_text: Any, encoding: Any = "utf-8") -> str:
    """Bytes decoded, text as it is. TypeError for anything else."""
    if isinstance(bytes_or_text, str):
        return bytes_or_text
    if isinstance(bytes_or_text, bytes):
        return bytes_or_text.decode(encoding)
    raise TypeError(f"Expected binary or unicode string, got {bytes_or_text!r}")


as_str = as_text


def as_str_any(value: Any) -> str:
    """Bytes decoded, `str` of anything else."""
    return as_str(value) if isinstance(value, bytes) else str(value)


def path_to_str(path: Any) -> Any:
    """The text of a path object; anything else as it is."""
    return as_str_any(os.fspath(path)) if hasattr(path, "__fspath__") else path


def _date() -> datetime.date:
    days = int(os.environ.get("TF_FORWARD_COMPATIBILITY_DELTA_DAYS") or 0)
    return _horizon + datetime.timedelta(days=days)


def forward_compatible(year: Any, month: Any, day: Any) -> bool:
    """Whether programs built on that day read the graphs that are made now."""
    return _date() > datetime.date(year, month, day)


@contextmanager
def forward_compatibility_horizon(year: Any, month: Any, day: Any) -> Iterator[None]:
    """Moves the day that `forward_compatible` compares with, inside a `with` block."""
    global _horizon
    before, _horizon = _horizon, datetime.date(year, month, day)
    try:
        yield
    finally:
        _horizon = before
