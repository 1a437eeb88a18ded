"""Functions of square matrices: exponential, logarithm, square root; and the LU form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import comb, factorial, prod
from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.opdef import Array, Attrs, Kernel, Values, define
from ..core.shape import Shape
from ..core.tensor import Operation, Tensor, axes_literal
from .matrix_slices import block, columns, extent, rows
from .schur import schur, triangular_log, triangular_root
from .solvers import TYPES, adjoint_of, in_single, product, square

_FUNCTION_OF = "input:T -> output:T"


def _shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [square(shapes[0])]


def _function_grad(op: Operation, dy: Tensor) -> list[Tensor]:
    """The derivative of f at A in a direction E is a block of f([[A, E], [0, A]]).

    So is its adjoint, with Aᴴ in the place of A (Mathias, 1996; Higham, Functions of Matrices, 3).
    """
    turned = adjoint_of(op.inputs[0])
    both = block(turned, dy, apply("ZerosLike", dy), turned)
    size = extent(dy, -1)
    return [rows(columns(apply(op.type, both), size, None), None, size)]


# -- the exponential ---------------------------------------------------------------------------
# The Padé quotient of degree 13 serves up to this norm in double precision (Higham, 2005).
_DEGREE, _LARGEST_NORM = 13, 5.371920351148152
_PADE = [
    comb(_DEGREE, k) * factorial(2 * _DEGREE - k) / factorial(2 * _DEGREE)
    for k in range(_DEGREE + 1)
]


def _exponential(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    """Scaling by powers of two, a Padé quotient, and squaring."""
    a = inputs[0]
    if a.size == 0:
        return a
    wide = a.astype(np.complex128 if a.dtype.kind == "c" else np.float64)
    norm = xp.max(xp.sum(xp.abs(wide), axis=-2), axis=-1)
    finite = xp.isfinite(norm)
    times = xp.ceil(xp.log2(xp.maximum(xp.where(finite, norm, 0) / _LARGEST_NORM, 1)))
    result = _pade_exponential(xp, wide / xp.exp2(times)[..., None, None])
    for i in range(int(xp.max(times))):
        result = xp.where((times > i)[..., None, None], result @ result, result)
    result = xp.where(finite[..., None, None], result, xp.nan)
    return result.astype(a.dtype)


def _pade_exponential(xp: Any, a: Array) -> Array:
    one = xp.broadcast_to(xp.eye(a.shape[-1], dtype=a.dtype), a.shape)
    squared = a @ a
    even, odd, power = xp.zeros_like(a), xp.zeros_like(a), one
    for k in range(0, _DEGREE + 1, 2):
        even = even + _PADE[k] * power
        odd = odd + _PADE[k + 1] * power
        power = power @ squared
    odd = a @ odd
    return xp.linalg.solve(even - odd, even + odd)


define(
    "MatrixExponential",
    _FUNCTION_OF,
    f"T:type{{{TYPES}}}",
    shape=_shape,
    kernel=in_single(_exponential),
    grad=_function_grad,
)

# -- by the Schur form -------------------------------------------------------------------------


def _by_schur(function: Callable[[Array], Array]) -> Kernel:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        a = inputs[0]
        if a.size == 0:
            return a
        with np.errstate(all="ignore"):
            q, t = schur(np.asarray(a))
            result = q @ function(t) @ np.conj(np.swapaxes(q, -1, -2))
        if a.dtype.kind != "c":
            result = _as_real(result, t)
        return xp.asarray(result, a.dtype)

    return kernel


def _as_real(result: Array, t: Array) -> Array:
    """The real part; NaN for matrices with negative eigenvalues, whose root is not real."""
    values = np.diagonal(t, axis1=-2, axis2=-1)
    tiny = 1e-12 * np.max(np.abs(values), axis=-1, keepdims=True, initial=0)
    negative = (values.real < -tiny) & (np.abs(values.imag) <= tiny)
    return np.where(np.any(negative, axis=-1)[..., None, None], np.nan, result.real)


define(
    "MatrixSquareRoot",
    _FUNCTION_OF,
    f"T:type{{{TYPES}}}",
    shape=_shape,
    kernel=in_single(_by_schur(triangular_root)),
    grad=_function_grad,
)
define(
    "MatrixLogarithm",
    _FUNCTION_OF,
    "T:type{complex64,complex128}",
    shape=_shape,
    kernel=_by_schur(triangular_log),
    grad=_function_grad,
)

# -- the LU form -------------------------------------------------------------------------------


def _lu_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    shape = square(shapes[0])
    return [shape, None if shape is None else shape[:-1]]


def _lu(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array]:
    """Gaussian elimination with partial pivoting, all matrices of the stack at once."""
    stack = np.asarray(inputs[0])
    n = stack.shape[-1]
    lu = np.array(stack.reshape(prod(stack.shape[:-2]), n, n))
    order = np.tile(np.arange(n), (len(lu), 1))
    every = np.arange(len(lu))
    for k in range(n):
        pivot = k + np.argmax(np.abs(lu[:, k:, k]), axis=1)
        for array in (lu, order):
            first = array[:, k].copy()
            array[:, k] = array[every, pivot]
            array[every, pivot] = first
        if not lu[:, k, k].all():
            raise ValueError("Input is not invertible.")
        lu[:, k + 1 :, k] /= lu[:, k, k, None]
        lu[:, k + 1 :, k + 1 :] -= lu[:, k + 1 :, k, None] * lu[:, k, None, k + 1 :]
    index = attrs["output_idx_type"].np_dtype
    return xp.asarray(lu.reshape(stack.shape)), xp.asarray(order.reshape(stack.shape[:-1]), index)


def _lu_grad(op: Operation, dlu: Tensor, dp: Any) -> list[Any]:
    """With P A = L U: dL = L tril(L⁻¹ P dA U⁻¹), below the diagonal, and dU the rest times U."""
    lu, order = op.outputs
    diagonal = apply("MatrixDiagPart", lu)
    upper, dupper = _upper(lu), _upper(dlu)
    below = apply("MatrixBandPart", lu, axes_literal(-1), axes_literal(0))
    lower = apply("MatrixSetDiag", below, apply("OnesLike", diagonal))
    right = _upper(product(dupper, upper, adj_b=True))
    left = product(lower, dlu - dupper, adj_a=True)
    left = left - _upper(left)
    middle = apply("MatrixTriangularSolve", lower, left + right, lower=True, adjoint=True)
    turned = apply("MatrixTriangularSolve", upper, adjoint_of(middle), lower=False)
    return [product(_permutation(order, lu), turned, adj_a=True, adj_b=True)]


def _upper(x: Any) -> Any:
    return apply("MatrixBandPart", x, axes_literal(0), axes_literal(-1))


def _permutation(order: Any, like: Any) -> Any:
    """The matrices that bring rows into this order."""
    size = apply("Reshape", extent(like, -1), axes_literal([]))
    kind = like.dtype
    one, zero = (apply("Cast", axes_literal(v), DstT=kind) for v in (1, 0))
    return apply("OneHot", order, size, one, zero)


define(
    "Lu",
    "input:T -> lu:T p:output_idx_type",
    f"T:type{{{TYPES}}}; output_idx_type:type{{int32,int64}}=int32",
    shape=_lu_shape,
    kernel=_lu,
    grad=_lu_grad,
)
