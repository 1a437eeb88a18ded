"""Products of two operators, and the solution of one system of them: rules of the algebra."""

from __future__ import annotations

from typing import Any

from .. import array_ops
from ..dtype_ops import cast
from . import algebra
from .base import LinearOperator
from .circulant import BlockCirculant
from .composition import LinearOperatorComposition
from .diag import LinearOperatorDiag
from .hints import (
    commuting_is_self_adjoint,
    hints_of_commuting_product,
    hints_of_product,
    product_is_non_singular,
)
from .identity import LinearOperatorIdentity
from .inversion import LinearOperatorInversion
from .lower_triangular import LinearOperatorLowerTriangular
from .scaled_identity import LinearOperatorScaledIdentity
from .zeros import LinearOperatorZeros

# -- products --------------------------------------------------------------------------------


@algebra.RegisterMatmul(LinearOperator, LinearOperator)
def _product(a: Any, b: Any) -> Any:
    return LinearOperatorComposition([a, b], **hints_of_product(a, b))


@algebra.RegisterMatmul(LinearOperatorIdentity, LinearOperator)
@algebra.RegisterSolve(LinearOperatorIdentity, LinearOperator)
def _right(a: Any, b: Any) -> Any:
    return b


@algebra.RegisterMatmul(LinearOperator, LinearOperatorIdentity)
def _left(a: Any, b: Any) -> Any:
    return a


def _both_square(a: Any, b: Any) -> None:
    if not (a.is_square and b.is_square):
        raise ValueError(
            "Matmul with non-square `LinearOperator`s or non-square `LinearOperatorZeros` not "
            "supported at this time."
        )


@algebra.RegisterMatmul(LinearOperator, LinearOperatorZeros)
def _times_zeros(a: Any, b: Any) -> Any:
    _both_square(a, b)
    return b


@algebra.RegisterMatmul(LinearOperatorZeros, LinearOperator)
def _zeros_times(a: Any, b: Any) -> Any:
    _both_square(a, b)
    return a


def _scale(operator: Any) -> Any:
    """The diagonal of a diagonal operator, with an axis of extent 1 for a scaled identity's."""
    if isinstance(operator, LinearOperatorDiag):
        return operator.diag
    return array_ops.expand_dims(operator.multiplier, -1)


@algebra.RegisterMatmul(LinearOperatorDiag, LinearOperatorDiag)
@algebra.RegisterMatmul(LinearOperatorDiag, LinearOperatorScaledIdentity)
@algebra.RegisterMatmul(LinearOperatorScaledIdentity, LinearOperatorDiag)
def _product_of_diagonals(a: Any, b: Any) -> Any:
    return LinearOperatorDiag(_scale(a) * _scale(b), **hints_of_commuting_product(a, b))


def _triangular(tril: Any, a: Any, b: Any) -> Any:
    return LinearOperatorLowerTriangular(
        tril,
        is_non_singular=product_is_non_singular(a, b),
        is_self_adjoint=commuting_is_self_adjoint(a, b),
        is_square=True,
    )


@algebra.RegisterMatmul(LinearOperatorDiag, LinearOperatorLowerTriangular)
def _diagonal_times_triangle(a: Any, b: Any) -> Any:
    return _triangular(array_ops.expand_dims(a.diag, -1) * b.to_dense(), a, b)


@algebra.RegisterMatmul(LinearOperatorLowerTriangular, LinearOperatorDiag)
def _triangle_times_diagonal(a: Any, b: Any) -> Any:
    return _triangular(a.to_dense() * array_ops.expand_dims(b.diag, -2), a, b)


def _same_blocks(a: Any, b: Any) -> bool:
    """Whether two circulant operators act on the same torus, and so have a circulant product."""
    return (
        type(a) is type(b)
        and a.dtype == b.dtype
        and a.block_shape.is_fully_defined()
        and a.block_shape == b.block_shape
    )


def _of_spectrum(spectrum: Any, a: Any, b: Any) -> Any:
    hints = hints_of_commuting_product(a, b)
    if not spectrum.dtype.is_complex:
        hints["is_self_adjoint"] = True
    return type(a)(spectrum, input_output_dtype=a.dtype, **hints)


@algebra.RegisterMatmul(BlockCirculant, BlockCirculant)
def _product_of_circulants(a: Any, b: Any) -> Any:
    if not _same_blocks(a, b):
        return _product(a, b)
    left, right = _spectra(a, b)
    return _of_spectrum(left * right, a, b)


def _spectra(a: Any, b: Any) -> tuple[Any, Any]:
    """Both spectra in one dtype."""
    if a.spectrum.dtype == b.spectrum.dtype:
        return a.spectrum, b.spectrum
    both = [o.spectrum for o in (a, b)]
    kinds = [s.dtype.base_dtype for s in both]
    wide = max(kinds, key=lambda k: (k.is_complex, k.size))
    return cast(both[0], wide), cast(both[1], wide)


# -- solutions -------------------------------------------------------------------------------


@algebra.RegisterSolve(LinearOperator, LinearOperator)
def _solution(a: Any, b: Any) -> Any:
    return LinearOperatorComposition([LinearOperatorInversion(a), b], **hints_of_product(a, b))


@algebra.RegisterSolve(LinearOperatorInversion, LinearOperator)
def _solution_of_inverse(a: Any, b: Any) -> Any:
    return a.operator.matmul(b)


@algebra.RegisterSolve(LinearOperatorDiag, LinearOperatorDiag)
@algebra.RegisterSolve(LinearOperatorDiag, LinearOperatorScaledIdentity)
@algebra.RegisterSolve(LinearOperatorScaledIdentity, LinearOperatorDiag)
def _solution_of_diagonals(a: Any, b: Any) -> Any:
    return LinearOperatorDiag(_scale(b) / _scale(a), **hints_of_commuting_product(a, b))


@algebra.RegisterSolve(LinearOperatorDiag, LinearOperatorLowerTriangular)
def _solution_of_diagonal_and_triangle(a: Any, b: Any) -> Any:
    return _triangular(b.to_dense() / array_ops.expand_dims(a.diag, -1), a, b)


@algebra.RegisterSolve(BlockCirculant, BlockCirculant)
def _solution_of_circulants(a: Any, b: Any) -> Any:
    if not _same_blocks(a, b):
        return _solution(a, b)
    left, right = _spectra(a, b)
    return _of_spectrum(right / left, a, b)
