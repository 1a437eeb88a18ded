"""`tf.linalg`: what is not also a root name."""

from __future__ import annotations

from typing import Any

from .linear_operators import (
    LinearOperator,
    LinearOperatorAdjoint,
    LinearOperatorBlockDiag,
    LinearOperatorCirculant,
    LinearOperatorCirculant2D,
    LinearOperatorCirculant3D,
    LinearOperatorComposition,
    LinearOperatorDiag,
    LinearOperatorFullMatrix,
    LinearOperatorHouseholder,
    LinearOperatorIdentity,
    LinearOperatorInversion,
    LinearOperatorKronecker,
    LinearOperatorLowerTriangular,
    LinearOperatorLowRankUpdate,
    LinearOperatorScaledIdentity,
    LinearOperatorToeplitz,
    LinearOperatorZeros,
)
from .matrix_functions import (
    expm,
    logm,
    lu,
    matrix_rank,
    pinv,
    sqrtm,
    tridiagonal_matmul,
    tridiagonal_solve,
)
from .matrix_ops import adjoint, logdet, matvec, normalize, slogdet

__all__ = [
    "LinearOperator",
    "LinearOperatorAdjoint",
    "LinearOperatorBlockDiag",
    "LinearOperatorCirculant",
    "LinearOperatorCirculant2D",
    "LinearOperatorCirculant3D",
    "LinearOperatorComposition",
    "LinearOperatorDiag",
    "LinearOperatorFullMatrix",
    "LinearOperatorHouseholder",
    "LinearOperatorIdentity",
    "LinearOperatorInversion",
    "LinearOperatorKronecker",
    "LinearOperatorLowRankUpdate",
    "LinearOperatorLowerTriangular",
    "LinearOperatorScaledIdentity",
    "LinearOperatorToeplitz",
    "LinearOperatorZeros",
    "adjoint",
    "expm",
    "logdet",
    "logm",
    "lu",
    "matrix_rank",
    "matvec",
    "normalize",
    "pinv",
    "slogdet",
    "sqrtm",
    "tridiagonal_matmul",
    "tridiagonal_solve",
]


def __getattr__(name: str) -> Any:
    from .namespaces import resolve

    return resolve("tf.linalg", name)
