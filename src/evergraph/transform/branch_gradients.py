"""Gradients of `Switch` and `Merge`: what flows back takes the branch that ran."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core import dtypes
from ..core.emit import apply
from ..core.tensor import Operation, Tensor
from ..ops.control import MERGES
from ..ops.indexed_slices import IndexedSlices
from .conditions import conditions_of, is_loop_merge, predicate_of


def ends_loop_body(op: Operation) -> bool:
    """Whether an operation is where a loop's variable comes in: gradients inside stop there."""
    if op.type in MERGES:
        return is_loop_merge(op)
    pred = op.operands[1]
    return isinstance(pred, Tensor) and pred.op.type == "LoopCond"


def switch_gradient(op: Operation, dys: Sequence[Any]) -> list[Any]:
    """The gradient of the branch that ran; zero if the value was not used there."""
    data, pred = op.operands
    if all(dy is None for dy in dys):
        return [None, None]
    assert isinstance(data, Tensor) and isinstance(pred, Tensor)
    pred = predicate_of(pred)
    sides = [_dense(dy) for dy in dys]
    known = next(dy for dy in sides if dy is not None)
    for i, dy in enumerate(sides):
        if dy is None and data.dtype is dtypes.resource:
            # A handle is the same everywhere: what is read from it has to be brought there.
            value = apply("ReadVariableOp", data, dtype=known.dtype.base_dtype)
            sides[i] = apply("Switch", apply("ZerosLike", value), pred)[i]
        elif dy is None:
            sides[i] = _zeros(op.outputs[i])
        elif not _is_on(dy, pred, bool(i)):
            sides[i] = apply("Switch", dy, pred)[i]
    merged = apply("Merge", sides)[0]
    return [merged, None]


def _dense(g: Any) -> Any:
    return g.to_tensor() if isinstance(g, IndexedSlices) else g


def _is_on(dy: Tensor, pred: Tensor, branch: bool) -> bool:
    return (pred, branch) in conditions_of(dy.graph).of_tensor(dy)


def _zeros(x: Tensor) -> Any:
    if x.dtype is dtypes.variant:
        return apply("_ListZero", x)
    # From the values of the branch, so that it lives there.
    return apply("Sub", x, x) if not x.dtype.base_dtype.is_floating else apply("ZerosLike", x)


def merge_gradient(op: Operation, dys: Sequence[Any]) -> list[Any]:
    """The gradient, switched to the input that was taken."""
    dy = _dense(dys[0])
    if dy is None:
        return [None] * len(op.operands)
    conditions = conditions_of(op.graph)
    conditions.of(op)
    known = conditions.merged_on.get(op)
    if known is None:
        return [dy, *[None] * (len(op.operands) - 1)]
    pred, branches = known
    sides = apply("Switch", dy, pred)
    return [sides[int(b)] for b in branches]
