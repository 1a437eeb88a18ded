"""Adjoints, Cholesky factors and inverses of operators: rules of the algebra."""

from __future__ import annotations

from typing import Any

from .. import math_ops
from ..matrix_ops import cholesky
from . import algebra
from .adjoint import LinearOperatorAdjoint
from .base import LinearOperator
from .block_diag import LinearOperatorBlockDiag
from .circulant import BlockCirculant
from .diag import LinearOperatorDiag
from .hints import hints_of
from .householder import LinearOperatorHouseholder
from .identity import LinearOperatorIdentity
from .inversion import LinearOperatorInversion
from .kronecker import LinearOperatorKronecker
from .lower_triangular import LinearOperatorLowerTriangular
from .scaled_identity import LinearOperatorScaledIdentity

# -- adjoints --------------------------------------------------------------------------------


@algebra.RegisterAdjoint(LinearOperator)
def _adjoint(operator: Any) -> Any:
    return LinearOperatorAdjoint(operator, **hints_of(operator))


@algebra.RegisterAdjoint(LinearOperatorAdjoint)
def _adjoint_of_adjoint(operator: Any) -> Any:
    return operator.operator


@algebra.RegisterAdjoint(LinearOperatorIdentity)
@algebra.RegisterAdjoint(LinearOperatorHouseholder)
@algebra.RegisterInverse(LinearOperatorIdentity)
@algebra.RegisterInverse(LinearOperatorHouseholder)
def _itself(operator: Any) -> Any:
    return operator


@algebra.RegisterAdjoint(LinearOperatorScaledIdentity)
def _adjoint_of_scaled_identity(operator: Any) -> Any:
    return _scaled(operator, math_ops.conj(operator.multiplier), **hints_of(operator))


@algebra.RegisterAdjoint(LinearOperatorDiag)
def _adjoint_of_diag(operator: Any) -> Any:
    return LinearOperatorDiag(math_ops.conj(operator.diag), **hints_of(operator))


@algebra.RegisterAdjoint(LinearOperatorBlockDiag)
@algebra.RegisterAdjoint(LinearOperatorKronecker)
def _adjoint_of_several(operator: Any) -> Any:
    return type(operator)([o.adjoint() for o in operator.operators], **hints_of(operator))


@algebra.RegisterAdjoint(BlockCirculant)
def _adjoint_of_circulant(operator: Any) -> Any:
    return _circulant(operator, math_ops.conj(operator.spectrum))


# -- Cholesky factors ------------------------------------------------------------------------


@algebra.RegisterCholesky(LinearOperator)
def _cholesky(operator: Any) -> Any:
    return LinearOperatorLowerTriangular(
        cholesky(operator.to_dense()), is_non_singular=True, is_self_adjoint=False, is_square=True
    )


_POSITIVE = {"is_non_singular": True, "is_self_adjoint": True, "is_positive_definite": True}


@algebra.RegisterCholesky(LinearOperatorDiag)
def _cholesky_of_diag(operator: Any) -> Any:
    return LinearOperatorDiag(math_ops.sqrt(operator.diag), is_square=True, **_POSITIVE)


@algebra.RegisterCholesky(LinearOperatorIdentity)
def _cholesky_of_identity(operator: Any) -> Any:
    return operator


@algebra.RegisterCholesky(LinearOperatorScaledIdentity)
def _cholesky_of_scaled_identity(operator: Any) -> Any:
    return _scaled(operator, math_ops.sqrt(operator.multiplier), **_POSITIVE)


@algebra.RegisterCholesky(LinearOperatorBlockDiag)
@algebra.RegisterCholesky(LinearOperatorKronecker)
def _cholesky_of_several(operator: Any) -> Any:
    factors = [o.cholesky() for o in operator.operators]
    self_adjoint = all(f.is_self_adjoint for f in factors) or None
    return type(operator)(
        factors, is_non_singular=True, is_self_adjoint=self_adjoint, is_square=True
    )


# -- inverses --------------------------------------------------------------------------------


@algebra.RegisterInverse(LinearOperator)
def _inverse(operator: Any) -> Any:
    return LinearOperatorInversion(operator, **hints_of(operator))


@algebra.RegisterInverse(LinearOperatorInversion)
def _inverse_of_inverse(operator: Any) -> Any:
    return operator.operator


@algebra.RegisterInverse(LinearOperatorDiag)
def _inverse_of_diag(operator: Any) -> Any:
    return LinearOperatorDiag(1.0 / operator.diag, **hints_of(operator))


@algebra.RegisterInverse(LinearOperatorScaledIdentity)
def _inverse_of_scaled_identity(operator: Any) -> Any:
    return _scaled(operator, 1.0 / operator.multiplier, **hints_of(operator))


@algebra.RegisterInverse(LinearOperatorBlockDiag)
@algebra.RegisterInverse(LinearOperatorKronecker)
def _inverse_of_several(operator: Any) -> Any:
    return type(operator)([o.inverse() for o in operator.operators], **hints_of(operator))


@algebra.RegisterInverse(BlockCirculant)
def _inverse_of_circulant(operator: Any) -> Any:
    return _circulant(operator, 1.0 / operator.spectrum)


# -- operators of the same kind --------------------------------------------------------------


def _scaled(operator: Any, multiplier: Any, **hints: Any) -> Any:
    hints.pop("is_square", None)
    return LinearOperatorScaledIdentity(operator._num_rows, multiplier, **hints)


def _circulant(operator: Any, spectrum: Any) -> Any:
    return type(operator)(spectrum, input_output_dtype=operator.dtype, **hints_of(operator))
