"""Tridiagonal matrices, given by their three diagonals: products and linear systems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.opdef import Array, Attrs, Values, define
from ..core.shape import Shape, merge, merge_dim, with_rank_at_least
from ..core.tensor import Operation, Tensor, axes_literal
from .elementwise_rules import conj
from .matrix_slices import columns, extent, rows

_TYPES = "T:type{float64,float32,complex64,complex128}"

# -- what they share ---------------------------------------------------------------------------


def _moved(x: Any, by: int) -> Any:
    """Each row's next (by 1) or last (by -1), and a row of zeros where there is none."""
    if by > 0:
        return apply("ConcatV2", [rows(x, 1, None), _zero_row(x)], axes_literal(-2))
    return apply("ConcatV2", [_zero_row(x), rows(x, None, -1)], axes_literal(-2))


def _zero_row(x: Any) -> Any:
    """As many rows of zeros as `x` has first rows: one, or none if it is empty."""
    return apply("ZerosLike", rows(x, None, 1))


def _fit(shapes: Sequence[Shape], number: int, at: int) -> None:
    """Raises ValueError unless diagonals (`number` a matrix) and right-hand sides fit."""
    diagonals, rhs = (with_rank_at_least(s, 2) for s in (shapes[at], shapes[-1]))
    if diagonals is not None:
        merge_dim(diagonals[-2], number)
        if rhs is not None:
            merge(diagonals[:-2], rhs[:-2])
            merge_dim(diagonals[-1], rhs[-2])


# -- products ----------------------------------------------------------------------------------


def _product_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    for at in range(3):
        _fit(shapes, 1, at)
    return [shapes[3]]


def _product(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    above, main, below, rhs = inputs
    for which, d in (("superdiagonal", above), ("main diagonal", main), ("subdiagonal", below)):
        if d.shape != (*rhs.shape[:-2], 1, rhs.shape[-2]):
            raise ValueError(f"Invalid {which} shape: {d.shape} for matrices of shape {rhs.shape}.")
    above, main, below = (xp.swapaxes(d, -1, -2) for d in (above, main, below))
    nothing = xp.zeros_like(rhs[..., :1, :])
    upper = xp.concatenate([above[..., :-1, :] * rhs[..., 1:, :], nothing], axis=-2)
    lower = xp.concatenate([nothing, below[..., 1:, :] * rhs[..., :-1, :]], axis=-2)
    return main * rhs + upper + lower


def _turned(diagonal: Any) -> Any:
    """A diagonal, given as a row, as a column."""
    return apply("Reshape", diagonal, _swapped_shape(diagonal))


def _swapped_shape(x: Any) -> Any:
    """The shape of the transposed matrices."""
    shape = apply("Shape", x)
    begin, end, step = axes_literal([0]), axes_literal([-2]), axes_literal([1])
    batch = apply("StridedSlice", shape, begin, end, step, begin_mask=1)
    return apply("ConcatV2", [batch, extent(x, -1), extent(x, -2)], axes_literal(0))


def _product_grad(op: Operation, dy: Any) -> list[Any]:
    above, main, below = (_turned(conj(d)) for d in op.inputs[:3])
    rhs = conj(op.inputs[3])
    by_diagonal = [
        apply("Sum", factor * dy, axes_literal([-1]))
        for factor in (_moved(rhs, 1), rhs, _moved(rhs, -1))
    ]
    by_rhs = main * dy + _moved(above * dy, -1) + _moved(below * dy, 1)
    return [*(apply("ExpandDims", d, axes_literal(-2)) for d in by_diagonal), by_rhs]


define(
    "TridiagonalMatMul",
    "superdiag:T maindiag:T subdiag:T rhs:T -> output:T",
    _TYPES,
    shape=_product_shape,
    kernel=_product,
    grad=_product_grad,
)

# -- linear systems ----------------------------------------------------------------------------
_SINGULAR = "The matrix is not invertible."
_FAILED = (
    "The matrix is either not invertible, or requires pivoting. "
    "Try setting partial_pivoting = True."
)


def _solve_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    _fit(shapes, 3, 0)
    return [shapes[1]]


def _solve(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    diagonals, rhs = (np.asarray(x) for x in inputs)
    if diagonals.shape != (*rhs.shape[:-2], 3, rhs.shape[-2]):
        raise ValueError(
            f"Diagonals of shape {diagonals.shape} do not fit right-hand sides of shape "
            f"{rhs.shape}: expected [..., 3, M] and [..., M, K]."
        )
    if rhs.size == 0:
        return inputs[1]
    # The equations come first and the batch last, so that each step is one operation on arrays.
    above, main, below = np.moveaxis(diagonals.reshape(-1, *diagonals.shape[-2:]), 0, -1)
    x = np.moveaxis(rhs.reshape(-1, *rhs.shape[-2:]), 0, -1).copy()
    if len(main) == 1 and not main.all():
        raise ValueError("The matrix is not invertible: it is a scalar with value zero.")
    solve = _with_pivots if attrs["partial_pivoting"] else _thomas
    return xp.asarray(np.moveaxis(solve(above, main, below, x), -1, 0).reshape(rhs.shape))


def _thomas(above: Array, main: Array, below: Array, x: Array) -> Array:
    """Elimination without pivots (Thomas); x is overwritten."""
    ratio = np.empty_like(above)
    for i in range(len(main)):
        pivot = main[i] - below[i] * ratio[i - 1] if i else main[0]
        if not pivot.all():
            raise ValueError(_FAILED)
        ratio[i] = above[i] / pivot
        x[i] = (x[i] - below[i] * x[i - 1]) / pivot if i else x[0] / pivot
    for i in range(len(main) - 2, -1, -1):
        x[i] -= ratio[i] * x[i + 1]
    return x


def _with_pivots(above: Array, main: Array, below: Array, x: Array) -> Array:
    """Elimination that swaps neighbouring rows for the greater pivot; x is overwritten."""
    n = len(main)
    first, second, third = main.copy(), above.copy(), np.zeros_like(main)
    for i in range(n - 1):
        swap = np.abs(first[i]) < np.abs(below[i + 1])
        pivot = np.where(swap, below[i + 1], first[i])
        if not pivot.all():
            raise ValueError(_SINGULAR)
        factor = np.where(swap, first[i], below[i + 1]) / pivot
        # Row i keeps the pivot's row; row i + 1 gets the other one without its first element.
        kept = np.where(swap, main[i + 1], second[i])
        other = np.where(swap, second[i], main[i + 1])
        beyond = above[i + 1] if i + 2 < n else np.zeros_like(main[0])
        first[i], second[i], third[i] = pivot, kept, np.where(swap, beyond, 0)
        first[i + 1] = other - factor * kept
        second[i + 1] = np.where(swap, -factor * beyond, beyond)
        top, bottom = np.where(swap, x[i + 1], x[i]), np.where(swap, x[i], x[i + 1])
        x[i], x[i + 1] = top, bottom - factor * top
    if not first[-1].all():
        raise ValueError(_SINGULAR)
    return _substituted(first, second, third, x)


def _substituted(first: Array, second: Array, third: Array, x: Array) -> Array:
    n = len(first)
    x[-1] /= first[-1]
    for i in range(n - 2, -1, -1):
        rest = x[i] - second[i] * x[i + 1]
        if i + 2 < n:
            rest = rest - third[i] * x[i + 2]
        x[i] = rest / first[i]
    return x


def _turned_matrix(diagonals: Any) -> Any:
    """The three diagonals of the conjugate transpose."""
    above, main, below = (conj(rows(diagonals, i, i + 1)) for i in range(3))
    nothing = apply("ZerosLike", columns(main, None, 1))
    new_above = apply("ConcatV2", [columns(below, 1, None), nothing], axes_literal(-1))
    new_below = apply("ConcatV2", [nothing, columns(above, None, -1)], axes_literal(-1))
    return apply("ConcatV2", [new_above, main, new_below], axes_literal(-2))


def _solve_grad(op: Operation, dx: Tensor) -> list[Any]:
    x = conj(op.outputs[0])
    turned = _turned_matrix(op.inputs[0])
    pivots = op.attrs["partial_pivoting"]
    by_rhs = apply("TridiagonalSolve", turned, dx, partial_pivoting=pivots)
    parts = [
        apply("Sum", by_rhs * factor, axes_literal([-1]))
        for factor in (_moved(x, 1), x, _moved(x, -1))
    ]
    parts = [apply("ExpandDims", p, axes_literal(-2)) for p in parts]
    return [-apply("ConcatV2", parts, axes_literal(-2)), by_rhs]


define(
    "TridiagonalSolve",
    "diagonals:T rhs:T -> output:T",
    f"partial_pivoting:bool=true; {_TYPES}",
    shape=_solve_shape,
    kernel=_solve,
    grad=_solve_grad,
)
