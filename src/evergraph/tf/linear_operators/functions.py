"""`tf.linalg` functions of operators: `tf.linalg.det(operator)` and their like."""

from __future__ import annotations

from typing import Any

from .. import diagonal_ops, matrix_ops
from ..dispatch import dispatch_for_types
from .base import LinearOperator


def _named(name: Any) -> dict[str, Any]:
    return {} if name is None else {"name": name}


@dispatch_for_types(matrix_ops.adjoint, LinearOperator)
def _adjoint(matrix: Any, name: Any = None) -> Any:
    return matrix.adjoint(**_named(name))


@dispatch_for_types(matrix_ops.cholesky, LinearOperator)
def _cholesky(input: Any, name: Any = None) -> Any:
    return input.cholesky(**_named(name))


@dispatch_for_types(diagonal_ops.matrix_diag_part, LinearOperator)
def _diag_part(input: Any, name: Any = "diag_part", k: Any = 0, padding_value: Any = 0) -> Any:
    return input.diag_part(**_named(name))


@dispatch_for_types(matrix_ops.matrix_determinant, LinearOperator)
def _determinant(input: Any, name: Any = None) -> Any:
    return input.determinant(**_named(name))


@dispatch_for_types(matrix_ops.matrix_inverse, LinearOperator)
def _inverse(input: Any, adjoint: bool = False, name: Any = None) -> Any:
    inverse = input.inverse(**_named(name))
    return inverse.adjoint() if adjoint else inverse


@dispatch_for_types(matrix_ops.logdet, LinearOperator)
def _logdet(matrix: Any, name: Any = None) -> Any:
    if not (matrix.is_positive_definite and matrix.is_self_adjoint):
        raise ValueError("Expected matrix to be self-adjoint positive definite.")
    return matrix.log_abs_determinant(**_named(name))


@dispatch_for_types(matrix_ops.matmul, LinearOperator)
def _matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: Any = None,
) -> Any:
    if transpose_a or transpose_b:
        raise ValueError("Transposing not supported at this time: use adjoint_a and adjoint_b.")
    if a_is_sparse or b_is_sparse:
        raise ValueError("Sparse methods not supported at this time.")
    if isinstance(a, LinearOperator):
        return a.matmul(b, adjoint=adjoint_a, adjoint_arg=adjoint_b, **_named(name))
    turned = b.matmul(a, adjoint=not adjoint_b, adjoint_arg=not adjoint_a, **_named(name))
    return matrix_ops.adjoint(turned)


@dispatch_for_types(matrix_ops.matrix_solve, LinearOperator)
def _solve(matrix: Any, rhs: Any, adjoint: bool = False, name: Any = None) -> Any:
    if not isinstance(matrix, LinearOperator):
        raise ValueError(
            "Passing in `matrix` as a Tensor and `rhs` as a LinearOperator is not supported."
        )
    return matrix.solve(rhs, adjoint=adjoint, **_named(name))


@dispatch_for_types(matrix_ops.trace, LinearOperator)
def _trace(x: Any, name: Any = None) -> Any:
    return x.trace(**_named(name))
