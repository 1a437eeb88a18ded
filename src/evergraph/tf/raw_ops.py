"""`tf.raw_ops`: every op of the table as a function that takes its arguments by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from ..core import opdef
from .op_functions import op_function


@cache
def _by_keywords(op_type: str) -> Callable[..., Any]:
    function = op_function(op_type)

    def call(**kwargs: Any) -> Any:
        return function(**kwargs)

    call.__name__ = call.__qualname__ = op_type
    call.__doc__ = function.__doc__
    return call


def __getattr__(name: str) -> Callable[..., Any]:
    if opdef.find(name) is None:
        raise AttributeError(f"module 'tf.raw_ops' has no attribute {name!r}: no such op.")
    return _by_keywords(name)


def __dir__() -> list[str]:
    return sorted(name for name in opdef.all_ops() if not name.startswith("_"))
