"""Which tensors have equal shapes although these are not known: so gradients need no sums.

The gradient of `a * b` with unknown batches sums over the axes along which an operand was
repeated, which it must find out in the run. Where both operands provably have one shape, those
queries and sums go.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.emit import apply
from ..core.function import Function
from ..core.shape import Shape, is_known
from ..core.tensor import Literal, Operand, Operation, Tensor
from .rewrite import rewrite

_NO_AXES = Literal(np.zeros(0, np.int32))


class _Classes:
    """For each tensor, a tensor of the same shape that stands for all of them."""

    def __init__(self) -> None:
        self.leader: dict[Operand, Operand] = {}

    def of(self, x: Operand) -> Operand:
        return self.leader.get(x, x)

    def note(self, op: Operation, outputs: Sequence[Operand]) -> None:
        if len(outputs) != 1:
            return
        if op.definition.expr is not None:
            found = self.broadcast(op.operands)
        elif op.type in ("Reshape", "BroadcastTo"):
            found = self.behind(op.operands[1])
        else:
            found = None
        if found is not None:
            self.leader[outputs[0]] = found

    def broadcast(self, operands: Sequence[Operand]) -> Operand | None:
        """The operand whose shape the result of an elementwise op has."""
        best: Operand | None = None
        for x in operands:
            x = self.of(x)
            if best is None or best is x or _absorbs(x.static_shape, best.static_shape):
                best = x
            elif not _absorbs(best.static_shape, x.static_shape):
                return None
        return best

    def behind(self, shape: Operand) -> Operand | None:
        """The tensor whose shape an operand is."""
        if isinstance(shape, Tensor) and shape.op.type == "Shape":
            return self.of(shape.op.operands[0])
        return None


def _absorbs(large: Shape, small: Shape) -> bool:
    """Whether broadcasting with `small` surely leaves `large` as it is."""
    if small == ():
        return True
    if large is None or small is None or len(small) > len(large):
        return False
    pairs = zip(large[len(large) - len(small) :], small, strict=True)
    return all(s == 1 or (s is not None and s == m) for m, s in pairs)


def unify_shapes(function: Function) -> Function:
    """The function with queries about equal shapes merged, and what they decide left out."""
    classes = _Classes()

    def visit(op: Operation, operands: list[Operand]) -> Sequence[Operand] | None:
        if op.type == "Shape":
            source = classes.of(operands[0])
            if source is not operands[0] and not is_known(source.static_shape):
                return [apply("Shape", source, out_type=op.attrs["out_type"])]
        elif op.type == "BroadcastGradientArgs" and _same_source(classes, operands):
            return [_NO_AXES, _NO_AXES]
        elif op.type in ("Reshape", "BroadcastTo"):
            target = classes.behind(operands[1])
            if target is not None and classes.of(operands[0]) is target:
                return [operands[0]]
        elif op.type == "Sum" and isinstance(operands[1], Literal) and not operands[1].value.size:
            return [operands[0]]
        return None

    return rewrite(function, visit, classes.note)


def _same_source(classes: _Classes, operands: Sequence[Operand]) -> bool:
    a, b = map(classes.behind, operands)
    return a is not None and a is b
