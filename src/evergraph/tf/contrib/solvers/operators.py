"""Matrices as the iterative methods see them, and norms of columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ... import array_ops, math_ops, matrix_ops, reduction_ops


class LinearOperator(NamedTuple):
    """A matrix by its shape, its dtype, and its products with column vectors."""

    shape: Any
    dtype: Any
    apply: Callable[[Any], Any]
    apply_adjoint: Callable[[Any], Any]


def _shape(matrix: Any) -> Any:
    known = matrix.get_shape()
    return known.as_list() if known.is_fully_defined() else array_ops.shape(matrix)


def create_operator(matrix: Any) -> LinearOperator:
    """The operator of a matrix, a tensor `[m, n]`."""
    return LinearOperator(
        shape=_shape(matrix),
        dtype=matrix.dtype,
        apply=lambda v: matrix_ops.matmul(matrix, v),
        apply_adjoint=lambda v: matrix_ops.matmul(matrix, v, adjoint_a=True),
    )


def identity_operator(matrix: Any) -> LinearOperator:
    """The identity, in the shape and dtype of a matrix."""
    return LinearOperator(_shape(matrix), matrix.dtype, lambda v: v, lambda v: v)


def dot(x: Any, y: Any) -> Any:
    """xᴴ y."""
    return reduction_ops.reduce_sum(math_ops.conj(x) * y)


def l2norm_squared(v: Any) -> Any:
    """The sum of the elements' squares."""
    return reduction_ops.reduce_sum(v * v)


def l2norm(v: Any) -> Any:
    """The Euclidean norm of all elements."""
    return math_ops.sqrt(l2norm_squared(v))


def l2normalize(v: Any) -> tuple[Any, Any]:
    """`v` divided by its norm, and that norm."""
    norm = l2norm(v)
    return v / norm, norm
