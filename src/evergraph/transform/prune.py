"""Drops what no output needs; effects stay, and what empties a TensorArray by reading it."""

from __future__ import annotations

from ..core.function import Function
from ..core.tensor import Operation, Tensor
from .rewrite import with_operations

_READS = frozenset(("TensorArrayReadV3", "TensorArrayGatherV3", "TensorArrayConcatV3"))


def _clears(op: Operation) -> bool:
    """Whether a second reader would find nothing: then the first counts even if nobody uses it."""
    return op.type in _READS


def prune(function: Function) -> Function:
    """The function without pure operations whose results nobody reads."""
    needed: set[Operation] = {x.op for x in function.outputs if isinstance(x, Tensor)}
    kept: list[Operation] = []
    for op in reversed(function.graph.operations):
        if op in needed or op.definition.effect or op.type == "_Arg" or _clears(op):
            kept.append(op)
            needed.update(x.op for x in op.operands if isinstance(x, Tensor))
    if len(kept) == len(function.graph.operations):
        return function
    return with_operations(function, kept[::-1])
