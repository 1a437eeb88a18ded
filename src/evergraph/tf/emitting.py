"""`emit_tensor`: an operation of one output, typed."""

from __future__ import annotations

from typing import Any

from ..core.emit import apply
from ..core.tensor import Tensor


def emit_tensor(op_type: str, *inputs: Any, name: Any = None, **attrs: Any) -> Tensor:
    """Adds an operation that has one output, and returns that."""
    output: Tensor = apply(op_type, *inputs, name=name, **attrs)
    return output
