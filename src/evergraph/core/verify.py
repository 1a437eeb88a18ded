"""Checks that a function is well formed: what passes may rely on and must keep."""

from __future__ import annotations

from ..errors import InternalError
from .emit import output_dtypes
from .function import Function
from .shape import compatible, show
from .tensor import Operation, Tensor
from .values import OperandValues


def verify(function: Function) -> None:
    """Raises InternalError where an operand comes from elsewhere or later, or a dtype is wrong."""
    known: set[Tensor] = set()
    for op in function.graph.operations:
        for x in op.operands:
            if isinstance(x, Tensor) and x not in known:
                raise InternalError(f"{op.name} reads {x.name}, which comes later or never.")
        _verify_types(op)
        known.update(op.outputs)
    for x in (*function.inputs, *function.outputs):
        if isinstance(x, Tensor) and x not in known:
            raise InternalError(f"{x.name} is an input or output, but not of this function.")


def _verify_types(op: Operation) -> None:
    if op.definition.updates:  # lowered: its outputs are new values, which the table does not list
        return
    want = [d.base_dtype for d in output_dtypes(op.definition, op.attrs)]
    got = [o.dtype for o in op.outputs]
    if want != got:
        raise InternalError(f"{op.name} ({op.type}) gives {got} where the table says {want}.")
    rule = op.definition.shape
    if rule is None or op.type == "_Arg":
        return
    shapes = rule([x.static_shape for x in op.operands], op.attrs, OperandValues(op.operands))
    for out, shape in zip(op.outputs, shapes, strict=True):
        if not compatible(out.static_shape, shape):
            raise InternalError(
                f"{out.name} claims shape {show(out.static_shape)}, the rule says {show(shape)}."
            )
