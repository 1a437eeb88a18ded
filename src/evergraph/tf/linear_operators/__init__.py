"""The `LinearOperator`s of `tf.linalg`, a class a module, and the algebra between them."""

from __future__ import annotations

from . import functions, rules_of_one, rules_of_two
from .adjoint import LinearOperatorAdjoint
from .base import LinearOperator
from .block_diag import LinearOperatorBlockDiag
from .circulant import (
    LinearOperatorCirculant,
    LinearOperatorCirculant2D,
    LinearOperatorCirculant3D,
)
from .composition import LinearOperatorComposition
from .diag import LinearOperatorDiag
from .full_matrix import LinearOperatorFullMatrix
from .householder import LinearOperatorHouseholder
from .identity import LinearOperatorIdentity
from .inversion import LinearOperatorInversion
from .kronecker import LinearOperatorKronecker
from .low_rank_update import LinearOperatorLowRankUpdate
from .lower_triangular import LinearOperatorLowerTriangular
from .scaled_identity import LinearOperatorScaledIdentity
from .toeplitz import LinearOperatorToeplitz
from .zeros import LinearOperatorZeros

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
    "functions",
    "rules_of_one",
    "rules_of_two",
]
