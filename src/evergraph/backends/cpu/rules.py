"""How each kind of operation becomes nests and launches: rows by op type."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.expression import OPERANDS, names_in
from ...core.opdef import OpDef
from ...core.tensor import Operation
from ...ops.operands import ints, scalar
from . import conv_rules, gemm_rules
from .fuse import Unsupported
from .layout import Shape, View
from .lower_nest import Column, column_fits, copy_launch
from .scalars import BOOL, DTYPES, FLOATS, functions_in, is_known
from .views import reshaped

if TYPE_CHECKING:
    from .plan import Planner

Known = np.ndarray[Any, Any]
Rule = Callable[["Planner", Operation, Sequence[Known | None], Sequence[Shape]], list[View]]

_INTEGER_OPS = frozenset(
    (
        "Add",
        "AddV2",
        "Sub",
        "Mul",
        "Maximum",
        "Minimum",
        "Neg",
        "Abs",
        "Sign",
        "Square",
        "Equal",
        "NotEqual",
        "Less",
        "LessEqual",
        "Greater",
        "GreaterEqual",
        "BitwiseAnd",
        "BitwiseOr",
        "BitwiseXor",
        "Invert",
        "SelectV2",
        "LogicalAnd",
        "LogicalOr",
        "LogicalNot",
        "Relu",
        "Relu6",
        "ReluGrad",
        "SquaredDifference",
        "ClipByValue",
    )
)
_EXPRESSIONS = {"Equal": "x == y", "NotEqual": "x != y", "AssignAdd": "x + y", "AssignSub": "x - y"}


def _attrs_of(expr: str, definition: OpDef, attrs: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    names = names_in(expr) - set(OPERANDS) - functions_in(expr)
    return tuple(sorted((n, attrs[n]) for n in names))


def expression_of(op: Operation) -> str | None:
    """The scalar expression of an elementwise operation, None for others."""
    return _EXPRESSIONS.get(op.type) or op.definition.expr


def can_express(op: Operation) -> bool:
    """Whether an elementwise operation has code for its dtypes."""
    expr = expression_of(op)
    if expr is None or not is_known(expr):
        return False
    kinds = {x.dtype.base_dtype.np_dtype for x in (*op.operands, *op.outputs)}
    if not kinds <= DTYPES:
        return False
    if all(k in FLOATS or k == BOOL for k in kinds) and any(k in FLOATS for k in kinds):
        return True
    return op.type in _INTEGER_OPS


def _elementwise(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    expr = expression_of(op)
    assert expr is not None
    attrs = _attrs_of(expr, op.definition, op.attrs)
    views = [p.view(x) for x in op.operands]
    return [p.elementwise(expr, attrs, views, outs[0], op.outputs[0].dtype.base_dtype.np_dtype)]


def _cast(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    x, dtype = p.view(op.operands[0]), op.outputs[0].dtype.base_dtype.np_dtype
    if x.dtype == dtype:
        return [x]
    return [p.elementwise("", (), [x], outs[0], dtype, kind="cast")]


def _can_cast(op: Operation) -> bool:
    source, dtype = (x.dtype.base_dtype.np_dtype for x in (op.operands[0], op.outputs[0]))
    known = source in DTYPES and dtype in DTYPES
    return known and not (source in FLOATS and dtype not in FLOATS and dtype != BOOL)


def _select(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    test, a, b = (p.view(x) for x in op.operands)
    if test.shape != a.shape and test.shape:
        column = reshaped(p.contiguous(test), (*test.shape, *(1,) * (len(a.shape) - 1)))
        assert column is not None
        test = column
    return [p.elementwise("where(x, y, z)", (), [test, a, b], outs[0], a.dtype)]


def _add_n(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    total = p.view(op.operands[0])
    for x in op.operands[1:]:
        total = p.elementwise("x + y", (), [total, p.view(x)], outs[0], total.dtype)
    return [total]


def _filled(number: int) -> Rule:
    def rule(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
        dtype = op.outputs[0].dtype.base_dtype.np_dtype
        return [p.constant(np.broadcast_to(np.asarray(number, dtype), outs[0]))]

    return rule


def _fill(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    x = p.view(op.operands[1])
    return [View(x.buffer, x.dtype, outs[0], (0,) * len(outs[0]), x.offset)]


# -- reductions ----------------------------------------------------------------------------------

_REDUCTIONS = {
    "Sum": "sum",
    "Mean": "sum",
    "Prod": "prod",
    "Max": "max",
    "Min": "min",
    "Any": "any",
    "All": "all",
}


def _reduce(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    x = p.view(op.operands[0])
    if values[1] is None:
        raise Unsupported("axes that are only known in the run")
    axes = {a % len(x.shape) for a in ints(values[1])} if x.shape else set()
    return [reduced(p, _REDUCTIONS[op.type], x, axes, outs[0], op.type == "Mean")]


def reduced(
    p: Planner, kind: str, x: View, axes: set[int], shape: Shape, mean: bool = False
) -> View:
    """A reduction of a view, as one or two nests."""
    axes = {a for a in axes if x.shape[a] != 1}
    if not axes:
        same = reshaped(x, shape) or reshaped(p.contiguous(x), shape)
        assert same is not None
        return same
    trailing = _trailing(x.shape, axes)
    if trailing == axes and _collapses(x, trailing):
        buffer = p.fuser.reduce(kind, x, sorted(axes), x.dtype, shape, p.position, mean)
        out = p.new(x.dtype, shape)
        return View(buffer, out.dtype, shape, out.strides)
    if trailing and trailing != axes:
        middle = tuple(1 if i in trailing else d for i, d in enumerate(x.shape))
        first = reduced(p, kind, x, trailing, middle)
        total = reduced(p, kind, first, axes - trailing, shape)
        if not mean:
            return total
        count = math.prod(x.shape[a] for a in axes)
        number = p.constant(np.asarray(count, x.dtype))
        return p.elementwise("x / y", (), [total, number], shape, x.dtype)
    if not column_fits(x, frozenset(axes)):
        x = p.copy(x)
        if trailing == axes:
            return reduced(p, kind, x, axes, shape, mean)
    if not column_fits(x, frozenset(axes)):
        raise Unsupported("a reduction over so many loops")
    return _column(p, kind, x, axes, shape, mean)


def _trailing(shape: Shape, axes: set[int]) -> set[int]:
    """The axes among the last ones, those of extent 1 apart."""
    found = set()
    for i in reversed(range(len(shape))):
        if i in axes:
            found.add(i)
        elif shape[i] != 1:
            break
    return found


def _collapses(x: View, axes: set[int]) -> bool:
    """Whether axes are one loop."""
    dims = [(x.shape[a], x.strides[a]) for a in sorted(axes)]
    return all(a[1] == b[1] * max(b[0], 1) for a, b in pairwise(dims))


def _column(p: Planner, kind: str, x: View, axes: set[int], shape: Shape, mean: bool) -> View:
    out = p.new(x.dtype, shape)
    group = p.fuser.new_group((), None, p.position)
    group.column = Column(kind, x, frozenset(axes), out, mean)
    group.reads[x.buffer] = None
    group.writes[out.buffer] = None
    p.fuser.producer[out.buffer] = group
    p.fuser.depend(group, p.fuser.behind([x]))
    return out


def _l2_loss(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    x = p.view(op.operands[0])
    squares = p.elementwise("x * x", (), [x], x.shape, x.dtype)
    total = reduced(p, "sum", squares, set(range(len(x.shape))), ())
    return [p.elementwise("x * 0.5", (), [total], (), x.dtype)]


# -- copies --------------------------------------------------------------------------------------


def joined(p: Planner, parts: Sequence[View], axis: int, shape: Shape) -> View:
    """Views side by side along an axis."""
    out = p.new(parts[0].dtype, shape)
    launches, at = [], 0
    for x in parts:
        place = View(out.buffer, out.dtype, x.shape, out.strides, at * out.strides[axis])
        if x.size:
            launches.append(copy_launch(x, place, p.target, p.threads))
        at += x.shape[axis]
    p.heavy(launches, parts, [out])
    return out


def _concat(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    first = op.type == "Concat"
    axis = values[0 if first else -1]
    if axis is None:
        raise Unsupported("an axis that is only known in the run")
    operands = op.operands[1:] if first else op.operands[:-1]
    return [joined(p, [p.view(x) for x in operands], scalar(axis) % len(outs[0]), outs[0])]


def _pack(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    axis = op.attrs["axis"] % len(outs[0])
    parts = []
    for x in map(p.view, op.operands):
        shape = (*x.shape[:axis], 1, *x.shape[axis:])
        parts.append(
            View(x.buffer, x.dtype, shape, (*x.strides[:axis], 0, *x.strides[axis:]), x.offset)
        )
    return [joined(p, parts, axis, outs[0])]


def _pad(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    if values[1] is None:
        raise Unsupported("paddings that are only known in the run")
    x, out = p.view(op.operands[0]), p.new(op.outputs[0].dtype.base_dtype.np_dtype, outs[0])
    if op.type == "PadV2":
        number = p.view(op.operands[2])
    else:
        number = p.constant(np.zeros((), x.dtype))
    around = View(number.buffer, number.dtype, out.shape, (0,) * len(out.shape), number.offset)
    before = np.asarray(values[1]).reshape(-1, 2)[:, 0].tolist()
    offset = sum(b * s for b, s in zip(before, out.strides, strict=True))
    launches = [copy_launch(around, out, p.target, p.threads)] if out.size else []
    if x.size:
        inside = View(out.buffer, out.dtype, x.shape, out.strides, offset)
        launches.append(copy_launch(x, inside, p.target, p.threads))
    p.heavy(launches, [x, number], [out])
    return [out]


def _tile(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    if values[1] is None:
        raise Unsupported("multiples that are only known in the run")
    x, shape, strides = p.view(op.operands[0]), [], []
    for times, extent, stride in zip(ints(values[1]), x.shape, x.strides, strict=True):
        shape += [times, extent]
        strides += [0, stride]
    copies = p.copy(View(x.buffer, x.dtype, tuple(shape), tuple(strides), x.offset))
    out = reshaped(copies, outs[0])
    assert out is not None
    return [out]


def _float_reduction(op: Operation) -> bool:
    dtype = op.operands[0].dtype.base_dtype.np_dtype
    return dtype in FLOATS or (dtype in DTYPES and op.type not in ("Mean", "L2Loss"))


def _numbers(op: Operation) -> bool:
    return all(
        x.dtype.base_dtype.is_numpy_compatible and x.dtype.base_dtype.np_dtype in DTYPES
        for x in (*op.operands, *op.outputs)
    )


RULES: dict[str, Rule] = {
    "Cast": _cast,
    "Select": _select,
    "AddN": _add_n,
    "ZerosLike": _filled(0),
    "OnesLike": _filled(1),
    "Fill": _fill,
    **dict.fromkeys(_REDUCTIONS, _reduce),
    "L2Loss": _l2_loss,
    "Concat": _concat,
    "ConcatV2": _concat,
    "Pack": _pack,
    "Pad": _pad,
    "PadV2": _pad,
    "Tile": _tile,
    **gemm_rules.RULES,
    **conv_rules.RULES,
}
_CONDITIONS: dict[str, Callable[[Operation], bool]] = {
    "Cast": _can_cast,
    **dict.fromkeys((*_REDUCTIONS, "L2Loss"), _float_reduction),
    **gemm_rules.CONDITIONS,
    **conv_rules.CONDITIONS,
}


def rule_for(op: Operation) -> Rule | None:
    """How to lower an operation; None if the reference backend must take it."""
    if not _numbers(op):
        return None
    if can_express(op):
        return _elementwise
    rule = RULES.get(op.type)
    condition = _CONDITIONS.get(op.type)
    return None if rule is None or (condition is not None and not condition(op)) else rule
