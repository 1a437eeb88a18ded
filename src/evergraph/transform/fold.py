"""Constants become literals, and what hangs on literals alone is computed once, here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.function import Function, run_kernel
from ..core.shape import is_known, size_of
from ..core.tensor import Literal, Operand, Operation, Tensor
from .rewrite import rewrite

_MAX_ELEMENTS = 1 << 16  # a larger result is cheaper to compute in the run than to keep


def fold(function: Function) -> Function:
    """The function with constant operands as literals and constant expressions evaluated."""
    return rewrite(function, _fold)


def _fold(op: Operation, operands: list[Operand]) -> Sequence[Operand] | None:
    if op.type == "Const":
        return [Literal(op.attrs["value"])]
    if op.type in ("Shape", "Size", "Rank"):
        return _shape_query(op, operands[0])
    if not op.definition.is_pure or not op.operands or op.definition.kernel is None:
        return None
    if not all(isinstance(x, Literal) for x in operands):
        return None
    if any((size_of(o.static_shape) or 0) > _MAX_ELEMENTS for o in op.outputs):
        return None
    return _evaluate(op, [x.value for x in operands if isinstance(x, Literal)])


def _shape_query(op: Operation, x: Operand) -> Sequence[Operand] | None:
    shape = x.static_shape
    dtype = op.outputs[0].dtype.np_dtype
    if shape is None or (op.type != "Rank" and not is_known(shape)):
        return None
    value: Any = {"Shape": shape, "Size": size_of(shape), "Rank": len(shape)}[op.type]
    return [Literal(np.asarray(value, dtype))]


def _evaluate(op: Operation, arrays: list[Any]) -> Sequence[Operand] | None:
    try:
        with np.errstate(all="ignore"):
            results = run_kernel(op, arrays)
    except Exception:
        # The operands are refused: in the run, the error names the op and the user's line.
        return None
    if any(np.size(r) > _MAX_ELEMENTS for r in results):
        return None
    return [_literal(r, o) for r, o in zip(results, op.outputs, strict=True)]


def _literal(value: Any, out: Tensor) -> Literal:
    array = np.asarray(value, out.dtype.np_dtype)
    if array.base is not None:
        array = array.copy()
    array.flags.writeable = False
    return Literal(array)
