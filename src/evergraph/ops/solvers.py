"""Determinants, linear systems, Cholesky factors and eigenvalues of stacks of matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.opdef import Array, Attrs, Kernel, Values, define
from ..core.shape import Shape, merge, merge_dim, show, with_rank_at_least
from ..core.tensor import Operation, Tensor, axes_literal
from .elementwise_rules import conj, literal
from .linalg import adjoint

TYPES = "float64,float32,float16,complex64,complex128"
_REAL = "float32,float64,int32,uint8,int16,int8,int64,bfloat16,uint16,float16,uint32,uint64"

# -- what they share ---------------------------------------------------------------------------


def square(shape: Shape) -> Shape:
    """The shape of stacks of square matrices; ValueError if it cannot be one."""
    shape = with_rank_at_least(shape, 2)
    if shape is None:
        return None
    n = merge_dim(shape[-2], shape[-1])
    return (*shape[:-2], n, n)


def _square_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [square(shapes[0])]


def in_single(function: Callable[..., Any]) -> Kernel:
    """A kernel that computes half precision in single: LAPACK has none."""

    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Any:
        if attrs["T"] != "float16":
            return function(xp, inputs, attrs)
        got = function(xp, [x.astype(np.float32) for x in inputs], attrs)
        if isinstance(got, tuple):
            return tuple(g.astype(np.float16) for g in got)
        return got.astype(np.float16)

    return kernel


def refusing(function: Callable[..., Any], why: str) -> Kernel:
    """A kernel with an own text for matrices that the algorithm fails for."""

    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Any:
        try:
            return function(xp, inputs, attrs)
        except np.linalg.LinAlgError:
            raise ValueError(why) from None

    return in_single(kernel)


def product(a: Any, b: Any, adj_a: bool = False, adj_b: bool = False) -> Any:
    """The product of stacks of matrices, or of their conjugate transposes."""
    return apply("BatchMatMulV2", a, b, adj_x=adj_a, adj_y=adj_b)


def adjoint_of(x: Any) -> Any:
    """The conjugate transpose of each matrix."""
    if x.static_shape is not None:
        n = len(x.static_shape)
        return apply("ConjugateTranspose", x, axes_literal([*range(n - 2), n - 1, n - 2]))
    rank = apply("Rank", x)
    batch = apply("Range", axes_literal(0), rank - axes_literal(2), axes_literal(1))
    last = rank - axes_literal([1, 2])
    return apply("ConjugateTranspose", x, apply("ConcatV2", [batch, last], axes_literal(0)))


def as_matrices(x: Any) -> Any:
    """A number a matrix, with two axes of extent 1 for it to broadcast."""
    return apply("ExpandDims", apply("ExpandDims", x, axes_literal(-1)), axes_literal(-1))


def _triangle(x: Any, lower: bool = True) -> Any:
    below, above = (-1, 0) if lower else (0, -1)
    return apply("MatrixBandPart", x, axes_literal(below), axes_literal(above))


def _half_diagonal(x: Any) -> Any:
    """The lower triangle, with half of its diagonal."""
    diagonal = apply("MatrixDiagPart", x)
    return _triangle(apply("MatrixSetDiag", x, diagonal * literal(0.5, x)))


# -- determinants ------------------------------------------------------------------------------


def _determinant_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    shape = square(shapes[0])
    return [None if shape is None else shape[:-2]]


def _determinant_grad(op: Operation, dy: Tensor) -> list[Any]:
    inverse = apply("MatrixInverse", op.inputs[0], adjoint=True)
    return [as_matrices(dy * conj(op.outputs[0])) * inverse]


def _log_determinant(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array]:
    sign, size = xp.linalg.slogdet(inputs[0])
    return sign, xp.asarray(size, inputs[0].dtype)


def _log_determinant_grad(op: Operation, dsign: Tensor, dlog: Tensor) -> list[Any]:
    """The logarithm of a complex determinant has the angle of its sign as imaginary part."""
    inverse = apply("MatrixInverse", op.inputs[0], adjoint=True)
    slope: Any = dlog
    if dlog.dtype.is_complex:
        real = dlog.dtype.real_dtype
        angle = apply("Imag", conj(op.outputs[0]) * dsign, Tout=real)
        slope = apply("Complex", apply("Real", dlog, Tout=real), angle, Tout=dlog.dtype)
    return [as_matrices(slope) * inverse]


define(
    "MatrixDeterminant",
    "input:T -> output:T",
    "T:type{float16,float32,float64,complex64,complex128}",
    shape=_determinant_shape,
    kernel=in_single(lambda xp, inputs, attrs: xp.linalg.det(inputs[0])),
    grad=_determinant_grad,
)
define(
    "LogMatrixDeterminant",
    "input:T -> sign:T log_abs_determinant:T",
    "T:type{float16,float32,float64,complex64,complex128}",
    shape=lambda shapes, attrs, values: _determinant_shape(shapes, attrs, values) * 2,
    kernel=in_single(_log_determinant),
    grad=_log_determinant_grad,
)

# -- Cholesky ----------------------------------------------------------------------------------


def cholesky_gradient(factor: Any, dy: Any) -> Any:
    """The gradient that reaches A from its factor L, A = L Lᴴ (Murray, arXiv:1602.07527)."""
    inverse = apply("MatrixInverse", factor)
    middle = _half_diagonal(product(factor, dy, adj_a=True))
    grad = product(product(inverse, middle, adj_a=True), inverse)
    return (grad + adjoint_of(grad)) * literal(0.5, grad)


define(
    "Cholesky",
    "input:T -> output:T",
    f"T:type{{{TYPES}}}",
    shape=_square_shape,
    kernel=refusing(
        lambda xp, inputs, attrs: xp.linalg.cholesky(inputs[0]),
        "Cholesky decomposition was not successful. The input might not be valid: its matrices "
        "must be positive definite.",
    ),
    grad=lambda op, dy: [cholesky_gradient(op.outputs[0], dy)],
)
define(
    "CholeskyGrad",
    "l:T grad:T -> output:T",
    "T:type{float16,float32,float64}",
    shape=_square_shape,
    definition=lambda factor, dy: cholesky_gradient(factor, dy),
)

# -- linear systems ----------------------------------------------------------------------------


def _solve_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    matrix, rhs = square(shapes[0]), with_rank_at_least(shapes[1], 2)
    if matrix is None or rhs is None:
        return [None]
    try:
        batch = merge(matrix[:-2], rhs[:-2])
        return [(*(batch or ()), merge_dim(matrix[-1], rhs[-2]), rhs[-1])]
    except ValueError:
        raise ValueError(
            f"The matrices {show(matrix)} and the right-hand sides {show(rhs)} do not fit: they "
            "need equal batches and numbers of rows"
        ) from None


_SINGULAR = "Input matrix is not invertible."


def _solve(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    a, b = inputs
    return xp.linalg.solve(adjoint(xp, a) if attrs["adjoint"] else a, b)


def _triangular_solve(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    a, b = inputs
    return _solve(xp, [xp.tril(a) if attrs["lower"] else xp.triu(a), b], attrs)


def _solve_grad(op: Operation, dx: Tensor) -> list[Any]:
    a, x = op.inputs[0], op.outputs[0]
    turned = op.attrs["adjoint"]
    more = {k: v for k, v in op.attrs.items() if k == "lower"}
    by_rhs = apply(op.type, a, dx, adjoint=not turned, **more)
    left, right = (x, by_rhs) if turned else (by_rhs, x)
    by_matrix = apply("Neg", product(left, right, adj_b=True))
    if more:
        by_matrix = _triangle(by_matrix, more["lower"])
    return [by_matrix, by_rhs]


define(
    "MatrixSolve",
    "matrix:T rhs:T -> output:T",
    f"adjoint:bool=false; T:type{{{TYPES}}}",
    shape=_solve_shape,
    kernel=refusing(_solve, _SINGULAR),
    grad=_solve_grad,
)
define(
    "MatrixTriangularSolve",
    "matrix:T rhs:T -> output:T",
    f"lower:bool=true; adjoint:bool=false; T:type{{{TYPES}}}",
    shape=_solve_shape,
    kernel=refusing(_triangular_solve, _SINGULAR),
    grad=_solve_grad,
)

# -- eigenvalues -------------------------------------------------------------------------------


def _eigen_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    shape = square(shapes[0])
    if shape is None:
        return [None, None if attrs["compute_v"] else (0,)]
    return [shape[:-1], shape if attrs["compute_v"] else (0,)]


def _eigen(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array]:
    x = inputs[0]
    if not attrs["compute_v"]:
        return xp.asarray(xp.linalg.eigvalsh(x), x.dtype), xp.zeros((0,), x.dtype)
    values, vectors = xp.linalg.eigh(x)
    return xp.asarray(values, x.dtype), vectors


def _eigen_grad(op: Operation, de: Tensor, dv: Tensor) -> list[Any]:
    """Giles, Collected matrix derivative results (2008); only the lower triangle is looked at."""
    values: Any
    values, vectors = op.outputs
    if op.attrs["compute_v"]:
        inner = apply("MatrixDiag", de) + gaps(values) * product(vectors, dv, adj_a=True)
    else:
        values, vectors = apply("SelfAdjointEigV2", op.inputs[0], compute_v=True)
        inner = apply("MatrixDiag", de)
    grad = product(product(vectors, inner), vectors, adj_b=True)
    return [_half_diagonal(grad + adjoint_of(grad))]


def gaps(values: Any) -> Any:
    """1 / (e_j - e_i), and 0 on the diagonal."""
    rows = apply("ExpandDims", values, axes_literal(-2))
    differences = rows - apply("ExpandDims", values, axes_literal(-1))
    # Ones on the diagonal: with zeros there the second derivatives would be NaN.
    differences = apply("MatrixSetDiag", differences, apply("OnesLike", values))
    inverse = apply("Reciprocal", differences)
    return apply("MatrixSetDiag", inverse, apply("ZerosLike", values))


define(
    "SelfAdjointEigV2",
    "input:T -> e:T v:T",
    f"compute_v:bool=true; T:type{{{TYPES}}}",
    shape=_eigen_shape,
    kernel=refusing(
        _eigen, "Self-adjoint eigen decomposition was not successful. The input might not be valid."
    ),
    grad=_eigen_grad,
)


# -- cross product -----------------------------------------------------------------------------


def _cross_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    shape = merge(with_rank_at_least(shapes[0], 1), with_rank_at_least(shapes[1], 1))
    if shape is not None and shape[-1] not in (3, None):
        raise ValueError(
            f"Cross-products are only defined for 3-element vectors, not those of {show(shape)}"
        )
    return [shape]


def _cross(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    a, b = (xp.moveaxis(x, -1, 0) for x in inputs)
    parts = [a[i] * b[j] - a[j] * b[i] for i, j in ((1, 2), (2, 0), (0, 1))]
    return xp.stack(parts, axis=-1)


define(
    "Cross",
    "a:T b:T -> product:T",
    f"T:type{{{_REAL}}}",
    shape=_cross_shape,
    kernel=_cross,
    grad=lambda op, dy: [
        apply("Cross", op.inputs[1], dy),
        apply("Cross", dy, op.inputs[0]),
    ],
)
