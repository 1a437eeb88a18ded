"""Algebraic simplifications that change no bit of the result (but for the rounding of x**2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.function import Function
from ..core.opdef import lookup
from ..core.shape import is_known
from ..core.tensor import Literal, Operand, Operation, Tensor
from .rewrite import rewrite

Rule = Callable[[Operation, list[Operand]], Any]


def simplify(function: Function) -> Function:
    """The function with the rules of this module applied to each operation, once."""
    return rewrite(function, _simplify)


def _simplify(op: Operation, operands: list[Operand]) -> Sequence[Operand] | None:
    rule = _RULES.get(op.type)
    if rule is None:
        return None
    got = rule(op, operands)
    return None if got is None else [got]


def _is_scalar(x: Operand, value: float) -> bool:
    return (
        isinstance(x, Literal)
        and x.value.shape == ()
        and x.value.dtype.kind in "fiu"  # 1 * (inf + 1j) is inf + nan * 1j
        and bool(x.value == value)
    )


def _first(op: Operation, operands: list[Operand]) -> Operand:
    return operands[0]


def _times(op: Operation, operands: list[Operand]) -> Operand | None:
    x, y = operands
    if _is_scalar(y, 1):
        return x
    return y if _is_scalar(x, 1) else None


def _divided(op: Operation, operands: list[Operand]) -> Operand | None:
    return operands[0] if _is_scalar(operands[1], 1) else None


def _minus(op: Operation, operands: list[Operand]) -> Operand | None:
    y = operands[1]
    # x - (-0.0) would turn -0.0 into 0.0.
    plain = _is_scalar(y, 0) and isinstance(y, Literal) and not np.signbit(y.value)
    return operands[0] if plain else None


def _power(op: Operation, operands: list[Operand]) -> Operand | None:
    x, y = operands
    if _is_scalar(y, 1):
        return x
    if _is_scalar(y, 2):
        return apply("Square", x)  # type: ignore[no-any-return]
    return None


def _negated(op: Operation, operands: list[Operand]) -> Operand | None:
    x = operands[0]
    if isinstance(x, Tensor) and x.op.type == "Neg":
        return x.op.operands[0]
    return None


def _cast(op: Operation, operands: list[Operand]) -> Operand | None:
    same = operands[0].dtype.base_dtype is op.outputs[0].dtype.base_dtype
    return operands[0] if same else None


def _reshape(op: Operation, operands: list[Operand]) -> Operand | None:
    x, shape = operands
    known = op.outputs[0].static_shape
    if is_known(known) and x.static_shape == known:
        return x
    if isinstance(x, Tensor) and x.op.type == "Reshape" and _surely_fits(*x.op.operands):
        return apply("Reshape", x.op.operands[0], shape)  # type: ignore[no-any-return]
    return None


def _surely_fits(x: Operand, shape: Operand) -> bool:
    """Whether no run can refuse to give `x` this shape: leaving that out hides no error."""
    if x.static_shape is None or not isinstance(shape, Literal):
        return False
    size = prod(d for d in x.static_shape if d is not None)
    wanted = prod(int(d) for d in shape.value.flat if d != -1)
    if -1 in shape.value:
        return wanted > 0 and size % wanted == 0
    return is_known(x.static_shape) and size == wanted


def _reduced_over_nothing(op: Operation, operands: list[Operand]) -> Operand | None:
    axes = operands[1]
    return operands[0] if isinstance(axes, Literal) and axes.value.size == 0 else None


def _swapped(x: Operand) -> Operand | None:
    """What `x` is the matrix transpose of."""
    if not (isinstance(x, Tensor) and x.op.type == "Transpose"):
        return None
    perm = x.op.operands[1]
    if isinstance(perm, Literal) and perm.value.tolist() == [1, 0]:
        return x.op.operands[0]
    return None


def _matmul(op: Operation, operands: list[Operand]) -> Operand | None:
    a, b = operands
    inner_a, inner_b = _swapped(a), _swapped(b)
    if inner_a is None and inner_b is None:
        return None
    flags = {
        "transpose_a": op.attrs["transpose_a"] ^ (inner_a is not None),
        "transpose_b": op.attrs["transpose_b"] ^ (inner_b is not None),
    }
    x, y = a if inner_a is None else inner_a, b if inner_b is None else inner_b
    return apply("MatMul", x, y, **flags)  # type: ignore[no-any-return]


def _add_n(op: Operation, operands: list[Operand]) -> Operand | None:
    if len(operands) == 1:
        return operands[0]
    # AddV2 takes fewer dtypes, and broadcasts where AddN refuses.
    same = is_known(operands[0].static_shape) and len({x.static_shape for x in operands}) == 1
    allowed = lookup("AddV2").attrs["T"].allowed or ()
    if len(operands) == 2 and same and op.outputs[0].dtype in allowed:
        return apply("AddV2", *operands)  # type: ignore[no-any-return]
    return None


_RULES: dict[str, Rule] = {
    "Identity": _first,
    "StopGradient": _first,
    "PreventGradient": _first,
    "PlaceholderWithDefault": _first,
    "Snapshot": _first,
    "Mul": _times,
    "RealDiv": _divided,
    "Sub": _minus,
    "Pow": _power,
    "Neg": _negated,
    "Cast": _cast,
    "Reshape": _reshape,
    "Sum": _reduced_over_nothing,
    "MatMul": _matmul,
    "AddN": _add_n,
}
