"""Sums of products by Einstein's convention, as one operation.

An equation such as `ij,jk->ik` names the axes of the operands and of the result; `...` stands for
axes that broadcast. A name may occur twice in an operand (its diagonal) or in the result (what is
beside the diagonal is zero).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..core.emit import apply
from ..core.opdef import Array, Attrs, Values, define
from ..core.shape import Dim, Shape, broadcast, merge_dim
from ..core.tensor import Operation, Tensor, axes_literal
from .elementwise_rules import conj

_LABELS = re.compile(r"^[A-Za-z]*(\.\.\.)?[A-Za-z]*$")
_DOTS = "..."

# -- the equation ------------------------------------------------------------------------------


def parsed(equation: Any, number: int) -> tuple[list[str], str]:
    """The names of the operands' axes and of the result's; ValueError for a bad equation."""
    text = equation.decode() if isinstance(equation, bytes) else str(equation)
    text = text.replace(" ", "")
    left, arrow, result = text.partition("->")
    operands = left.split(",")
    if not arrow:
        raise ValueError(f"Expected exactly one '->' in einsum equation: {text!r}")
    if len(operands) != number:
        raise ValueError(f"Expected {number} inputs in equation {text!r} but got {len(operands)}")
    for labels in (*operands, result):
        if not _LABELS.match(labels):
            raise ValueError(
                f"Invalid labels {labels!r} in equation {text!r}: expected letters and at most "
                "one ellipsis ('...')."
            )
    _check_names(operands, result, text)
    return operands, result


def _check_names(operands: Sequence[str], result: str, text: str) -> None:
    known = {a for labels in operands for a in _names(labels)}
    unknown = sorted(set(_names(result)) - known)
    if unknown:
        raise ValueError(
            f"Output subscripts {unknown} are not in any input subscript of equation {text!r}"
        )


def _names(labels: str) -> str:
    return labels.replace(_DOTS, "")


# -- shapes ------------------------------------------------------------------------------------


def _read(shape: Shape, labels: str, extents: dict[str, Dim]) -> Shape:
    """Notes the extents of the named axes; the extents that `...` stands for (None: unknown)."""
    if shape is None:
        return None if _DOTS in labels else ()
    before, dots, after = labels.partition(_DOTS)
    hidden = len(shape) - len(before) - len(after)
    if hidden < 0 or (hidden and not dots):
        raise ValueError(
            f"Expected {'at least ' if dots else ''}{len(before) + len(after)} axes for the "
            f"subscripts {labels!r}, got a tensor of rank {len(shape)}"
        )
    named = (*shape[: len(before)], *shape[len(shape) - len(after) :])
    for name, extent in zip(before + after, named, strict=True):
        known = extents.get(name)
        extents[name] = merge_dim(known, extent)
    return shape[len(before) : len(before) + hidden]


def _shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    operands, result = parsed(attrs["equation"], len(shapes))
    extents: dict[str, Dim] = {}
    hidden: Shape = ()
    for shape, labels in zip(shapes, operands, strict=True):
        hidden = broadcast(hidden, _read(shape, labels, extents))
    before, dots, after = result.partition(_DOTS)
    if dots and hidden is None:
        return [None]
    if not dots and hidden:
        raise ValueError(
            f"The axes of '...' have to be in the output of equation {attrs['equation']!r} too."
        )
    middle = hidden or ()
    return [(*(extents.get(a) for a in before), *middle, *(extents.get(a) for a in after))]


# -- values ------------------------------------------------------------------------------------


def _kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    _shape([x.shape for x in inputs], attrs, ())  # type: ignore[arg-type]
    operands, result = parsed(attrs["equation"], len(inputs))
    once = "".join(dict.fromkeys(_names(result)))
    before, dots, _ = result.partition(_DOTS)
    # The result with each name once, `...` in front; then diagonals where a name is repeated.
    equation = f"{','.join(operands)}->{dots}{once}"
    value = xp.einsum(equation, *inputs, optimize=len(inputs) > 1)
    value = _repeated(xp, value, once, _names(result))
    at = len(before)
    hidden = value.ndim - len(_names(result))
    order = [*range(hidden, hidden + at), *range(hidden), *range(hidden + at, value.ndim)]
    return xp.asarray(xp.transpose(value, order), inputs[0].dtype)


def _repeated(xp: Any, value: Array, once: str, result: str) -> Array:
    """`value`, whose last axes are `once`, with the axes `result`: zero beside the diagonals."""
    batch = value.ndim - len(once)
    first = [result.index(a) for a in once]
    extents = [value.shape[batch + once.index(a)] for a in result]
    spread = [e if i in first else 1 for i, e in enumerate(extents)]
    out = xp.reshape(value, (*value.shape[:batch], *spread))
    for i, a in enumerate(result):
        if i in first:
            continue
        j = result.index(a)
        shape = [1] * len(result)
        shape[i] = shape[j] = extents[i]
        out = out * xp.reshape(xp.eye(extents[i], dtype=value.dtype), shape)
    return out


# -- gradients ---------------------------------------------------------------------------------


def _grad(op: Operation, dy: Tensor) -> list[Any]:
    operands, result = parsed(op.attrs["equation"], len(op.inputs))
    return [_grad_of(op, dy, operands, result, i) for i in range(len(operands))]


def _grad_of(op: Operation, dy: Tensor, operands: list[str], result: str, i: int) -> Any:
    """The result's gradient times the other operands, summed over what the operand lacks.

    Axes that only the operand has are repeated: for them a vector of ones is a factor.
    """
    x, labels = op.inputs[i], operands[i]
    others = [
        (conj(y), s) for j, (y, s) in enumerate(zip(op.inputs, operands, strict=True)) if j != i
    ]
    there = set(result).union(*(s for _, s in others))
    alone = [a for a in dict.fromkeys(_names(labels)) if a not in there]
    factors = [(dy, result), *others, *((_ones(x, labels, a), a) for a in alone)]
    names = _names(labels)
    dots = _DOTS if _DOTS in labels else ""
    lost = "" if dots else _DOTS if any(_DOTS in s for _, s in factors) else ""
    equation = f"{','.join(s for _, s in factors)}->{dots or lost}{names}"
    grad = apply("Einsum", [f for f, _ in factors], equation=equation)
    if lost:
        grad = _without_batch(grad, len(names))
    if not dots:
        return grad
    return _in_place(_to_batch_of(grad, x, labels), labels, x)


def _ones(x: Any, labels: str, name: str) -> Any:
    """As many ones as the extent of a named axis."""
    before, _, after = labels.partition(_DOTS)
    at = before.index(name) if name in before else after.index(name) - len(after)
    end = axes_literal([at + 1])
    size = apply(
        "StridedSlice", apply("Shape", x), axes_literal([at]), end, axes_literal([1]),
        end_mask=int(at == -1),
    )  # fmt: skip
    return apply("Fill", size, apply("Cast", axes_literal(1), DstT=x.dtype))


def _hidden_shape(x: Any, labels: str) -> Any:
    """The extents of the axes of `x` that `...` stands for."""
    before, _, after = labels.partition(_DOTS)
    begin, end = axes_literal([len(before)]), axes_literal([-len(after)])
    return apply(
        "StridedSlice", apply("Shape", x), begin, end, axes_literal([1]), end_mask=int(not after)
    )


def _without_batch(grad: Any, named: int) -> Any:
    """`grad` summed over all but its last axes."""
    rank = apply("Rank", grad) - axes_literal(named)
    return apply("Sum", grad, apply("Range", axes_literal(0), rank, axes_literal(1)))


def _to_batch_of(grad: Any, x: Any, labels: str) -> Any:
    """`grad` summed over the leading axes along which `x` was broadcast."""
    names = _names(labels)
    mine, theirs = _hidden_shape(x, labels), _hidden_shape(grad, _DOTS + names)
    axes, _ = apply("BroadcastGradientArgs", mine, theirs)
    inner = apply("Shape", grad)
    if names:
        begin, end = axes_literal([-len(names)]), axes_literal([0])
        inner = apply("StridedSlice", inner, begin, end, axes_literal([1]), end_mask=1)
        mine = apply("ConcatV2", [mine, inner], axes_literal(0))
    return apply("Reshape", apply("Sum", grad, axes), mine)


def _in_place(grad: Any, labels: str, x: Any) -> Any:
    """`grad`, whose leading axes are those of `...`, with them where the operand has them."""
    before, _, after = labels.partition(_DOTS)
    if not before:
        return grad
    named, at = len(before) + len(after), len(before)
    hidden = apply("Rank", x) - axes_literal(named)
    zero, one = axes_literal(0), axes_literal(1)
    parts = [
        apply("Range", hidden, hidden + axes_literal(at), one),
        apply("Range", zero, hidden, one),
        apply("Range", hidden + axes_literal(at), hidden + axes_literal(named), one),
    ]
    return apply("Transpose", grad, apply("ConcatV2", parts, zero))


define(
    "Einsum",
    "inputs:N*T -> output:T",
    "equation:string; N:int>=1; T:type",
    shape=_shape,
    kernel=_kernel,
    grad=_grad,
)
