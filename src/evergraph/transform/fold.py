"""Constants become literals, and what hangs on literals alone is computed once, here."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.function import Function
from ..core.shape import size_of
from ..core.tensor import Literal, Operand, Operation
from ..core.values import evaluate_constant, is_shape_query, shape_query
from .rewrite import rewrite

_MAX_ELEMENTS = 1 << 16  # a larger result is cheaper to compute in the run than to keep


def fold(function: Function) -> Function:
    """The function with constant operands as literals and constant expressions evaluated."""
    return rewrite(function, _fold)


def _fold(op: Operation, operands: list[Operand]) -> Sequence[Operand] | None:
    if op.type == "Const":
        return [Literal(op.attrs["value"])]
    if is_shape_query(op):
        known = shape_query(op, operands[0])
        return None if known is None else [Literal(known)]
    if not op.definition.is_pure or not op.operands or op.definition.kernel is None:
        return None
    if not all(isinstance(x, Literal) for x in operands):
        return None
    if any((size_of(o.static_shape) or 0) > _MAX_ELEMENTS for o in op.outputs):
        return None
    results = evaluate_constant(op, [x.value for x in operands if isinstance(x, Literal)])
    if results is None or any(r.size > _MAX_ELEMENTS for r in results):
        return None
    return [Literal(r) for r in results]
