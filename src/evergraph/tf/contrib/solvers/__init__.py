"""`tf.contrib.solvers`: linear systems and decompositions of matrices known by their products."""

from __future__ import annotations

from .conjugate_gradients import cgls, conjugate_gradient
from .lanczos import bidiag_matmul, lanczos_bidiag
from .operators import create_operator, identity_operator

__all__ = [
    "bidiag_matmul",
    "cgls",
    "conjugate_gradient",
    "create_operator",
    "identity_operator",
    "lanczos_bidiag",
]
