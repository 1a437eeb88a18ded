"""Lanczos' method: a matrix as orthonormal columns around a bidiagonal one."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from ....core.tensor import Tensor
from ....core.values import constant_value
from ....errors import UnimplementedError
from ... import array_ops, matrix_ops, random_ops
from ...framework import name_scope
from .operators import l2norm, l2normalize

LanczosBidiagState = namedtuple("LanczosBidiagState", ["u", "v", "alpha", "beta"])


def _count(k: Any) -> int:
    known = constant_value(k) if isinstance(k, Tensor) else k
    if known is None:
        raise UnimplementedError(
            "lanczos_bidiag needs a number of steps that is known before the run: pass an int."
        )
    return int(known)


def lanczos_bidiag(
    operator: Any,
    k: Any,
    orthogonalize: bool = True,
    starting_vector: Any = None,
    name: Any = "lanczos_bidiag",
) -> Any:
    """U, V, alpha and beta with A V = U B and Aᴴ U[:, :k] = V Bᴴ (Golub and Kahan, 1965).

    B is the lower bidiagonal `[k + 1, k]` matrix with `alpha` on the diagonal and `beta` below.
    `operator` has `shape`, `dtype`, `apply` and `apply_adjoint` (see `create_operator`); U is
    `[m, k + 1]`, V `[n, k]`. The first column of U is `starting_vector`, random by default.
    Without `orthogonalize` rounding makes the columns lose their orthogonality.

    Raises UnimplementedError for a `k` that only the run knows.
    """
    with name_scope(name):
        if starting_vector is None:
            shape = operator.shape[:1]
            starting_vector = random_ops.random_uniform(shape, -1, 1, dtype=operator.dtype)
        first = l2normalize(starting_vector)[0]
        u, v = [array_ops.reshape(first, [-1, 1])], list[Any]()
        alphas, betas = list[Any](), list[Any]()
        for _ in range(_count(k)):
            back = operator.apply_adjoint(u[-1])
            if v:
                back = back - betas[-1] * v[-1]
            column, alpha = _unit(back, v if orthogonalize else [])
            there = operator.apply(column) - alpha * u[-1]
            v.append(column)
            column, beta = _unit(there, u if orthogonalize else [])
            u.append(column)
            alphas.append(alpha)
            betas.append(beta)
        left, right = array_ops.concat(u, 1), array_ops.concat(v, 1)
        return LanczosBidiagState(left, right, array_ops.stack(alphas), array_ops.stack(betas))


def _unit(column: Any, basis: list[Any]) -> tuple[Any, Any]:
    """The part of a column that is orthogonal to a basis, of length 1, and its length before.

    The projection is taken twice: that is enough against rounding (Kahan and Parlett).
    """
    if basis:
        columns = array_ops.concat(basis, 1)
        for _ in range(2):
            shares = matrix_ops.matmul(columns, column, adjoint_a=True)
            column = column - matrix_ops.matmul(columns, shares)
    length = l2norm(column)
    return column / length, length


def bidiag_matmul(
    matrix: Any, alpha: Any, beta: Any, adjoint_b: bool = False, name: Any = "bidiag_matmul"
) -> Any:
    """`matrix` times the lower bidiagonal matrix of `lanczos_bidiag`, or times its adjoint."""
    with name_scope(name):
        alpha = array_ops.expand_dims(alpha, 0)
        if not adjoint_b:
            return matrix[:, :-1] * alpha + matrix[:, 1:] * array_ops.expand_dims(beta, 0)
        inner = matrix[:, :-1] * array_ops.expand_dims(beta[:-1], 0)
        shifted = array_ops.concat([array_ops.zeros_like(matrix[:, :1]), inner], 1)
        return matrix * alpha + shifted
