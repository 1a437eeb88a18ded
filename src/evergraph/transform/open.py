"""Opens defined ops: in the place of each stands its definition."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.function import Function, definition_attrs, grouped
from ..core.ranks import needs_check
from ..core.tensor import Operand, Operation
from .rewrite import rewrite


def open_defined(function: Function) -> Function:
    """The function with primitives only. Definitions may use defined ops, so it repeats."""
    while any(map(_opens, function.graph.operations)):
        function = rewrite(function, _open)
    return function


def _opens(op: Operation) -> bool:
    # What a run has to check about its operands is said of the op, not of what it consists of.
    return op.definition.definition is not None and not needs_check(op)


def _open(op: Operation, operands: list[Operand]) -> Sequence[Operand] | None:
    define = op.definition.definition
    if define is None or not _opens(op):
        return None
    args = grouped(op.definition, operands, op.attrs)
    got = define(*args, **definition_attrs(op.definition, op.attrs))
    return list(got) if isinstance(got, (list, tuple)) else [got]
