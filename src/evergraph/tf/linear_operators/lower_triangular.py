"""Lower triangular operators."""

from __future__ import annotations

from typing import Any

from .. import array_ops, math_ops, matrix_ops, reduction_ops
from ..framework import name_scope
from . import util
from .base import LinearOperator


class LinearOperatorLowerTriangular(LinearOperator):
    """Square matrices that are zero above their main diagonal. Hints: see `LinearOperator`.

    Args:
        tril: `[B1, ..., Bb, N, N]`, real or complex; what is above the diagonal is not looked at.

    Raises:
        ValueError: for less than two axes, for hints that cannot hold.
    """

    def __init__(
        self,
        tril: Any,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: Any = "LinearOperatorLowerTriangular",
    ) -> None:
        if is_square is False:
            raise ValueError("Only square lower triangular operators supported at this time.")
        with name_scope(name, values=[tril]):
            self._tril = util.convert_nonref_to_tensor(tril, name="tril")
            util.at_least_rank(self._tril, 2, "tril")
            super().__init__(
                dtype=self._tril.dtype,
                graph_parents=[self._tril],
                is_non_singular=is_non_singular,
                is_self_adjoint=is_self_adjoint,
                is_positive_definite=is_positive_definite,
                is_square=True,
                name=name,
            )

    def _shape(self) -> Any:
        return self._tril.get_shape()

    def _shape_tensor(self) -> Any:
        return array_ops.shape(self._tril)

    def _diagonal(self) -> Any:
        return array_ops.matrix_diag_part(self._tril)

    def _assert_non_singular(self) -> Any:
        return util.assert_no_entries_with_modulus_zero(
            self._diagonal(), message="Singular operator: the diagonal contained zero values."
        )

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return matrix_ops.matmul(self._to_dense(), x, adjoint_a=adjoint, adjoint_b=adjoint_arg)

    def _determinant(self) -> Any:
        return reduction_ops.reduce_prod(self._diagonal(), axis=[-1])

    def _log_abs_determinant(self) -> Any:
        sizes = math_ops.log(math_ops.abs(self._diagonal()))
        return reduction_ops.reduce_sum(sizes, axis=[-1])

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        rhs = matrix_ops.adjoint(rhs) if adjoint_arg else rhs
        return util.matrix_triangular_solve_with_broadcast(
            self._to_dense(), rhs, lower=True, adjoint=adjoint
        )

    def _to_dense(self) -> Any:
        return array_ops.matrix_band_part(self._tril, -1, 0)

    def _diag_part(self) -> Any:
        return self._diagonal()
