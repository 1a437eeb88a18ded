"""Drops what no output needs; effects stay."""

from __future__ import annotations

from ..core.function import Function
from ..core.tensor import Operation, Tensor
from .rewrite import with_operations


def prune(function: Function) -> Function:
    """The function without pure operations whose results nobody reads."""
    needed: set[Operation] = {x.op for x in function.outputs if isinstance(x, Tensor)}
    kept: list[Operation] = []
    for op in reversed(function.graph.operations):
        if op in needed or op.definition.effect or op.type == "_Arg":
            kept.append(op)
            needed.update(x.op for x in op.operands if isinstance(x, Tensor))
    if len(kept) == len(function.graph.operations):
        return function
    return with_operations(function, kept[::-1])
