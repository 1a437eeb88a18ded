"""Gradients of broadcasting: sums over the axes along which an operand was repeated."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.emit import apply
from ..core.shape import Dim, Shape
from ..core.tensor import Operand, Tensor, axes_literal


def repeated_axes(shape: Shape, other: Shape) -> tuple[list[int], int] | None:
    """The axes of the broadcast result along which `shape` was repeated to meet `other`.

    Gives (axes that were added in front, or are 1 here and not there; the number of those added
    in front), None where the shapes do not tell.
    """
    if shape is None or other is None:
        return None
    added = max(len(other) - len(shape), 0)
    mine: Sequence[Dim] = (None,) * added + shape
    theirs: Sequence[Dim] = (1,) * (len(mine) - len(other)) + other
    axes = list(range(added))
    for i in range(added, len(mine)):
        m, t = mine[i], theirs[i]
        if m == 1 and t != 1:
            axes.append(i)
        elif m is None and t != 1:
            return None
    return axes, added


def unbroadcast(grad: Tensor, x: Operand, other: Operand) -> Tensor:
    """`grad`, shaped like the broadcast of `x` and `other`, summed to the shape of `x`."""
    found = repeated_axes(x.static_shape, other.static_shape)
    if found is None:
        return _unbroadcast_in_run(grad, x, other)
    axes, added = found
    if not axes:
        return grad
    front = [a for a in axes if a < added]
    inner = [a - len(front) for a in axes if a >= added]
    if front:
        grad = apply("Sum", grad, axes_literal(front))
    if inner:
        grad = apply("Sum", grad, axes_literal(inner), keep_dims=True)
    return grad


def _unbroadcast_in_run(grad: Tensor, x: Operand, other: Operand) -> Tensor:
    shape = apply("Shape", x)
    axes, _ = apply("BroadcastGradientArgs", shape, apply("Shape", other))
    return apply("Reshape", apply("Sum", grad, axes), shape)  # type: ignore[no-any-return]


def unbroadcast_both(op_inputs: Sequence[Operand], gx: Tensor, gy: Tensor) -> list[Tensor]:
    """The gradients of both operands of a broadcasting operation."""
    x, y = op_inputs
    return [unbroadcast(gx, x, y), unbroadcast(gy, y, x)]
