"""Diagonal operators."""

from __future__ import annotations

from typing import Any

from .. import array_ops, check_ops, math_ops, matrix_ops, reduction_ops
from ..dtype_ops import cast
from ..framework import name_scope
from . import util
from .base import LinearOperator


class LinearOperatorDiag(LinearOperator):
    """Square matrices that are zero off their main diagonal.

    Products and solutions take O(N R) operations. Hints: see `LinearOperator`; a real diagonal is
    always self-adjoint.

    Args:
        diag: the diagonals, `[B1, ..., Bb, N]`, real or complex.

    Raises:
        ValueError: for a scalar `diag`, for hints that cannot hold.
    """

    def __init__(
        self,
        diag: Any,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: Any = "LinearOperatorDiag",
    ) -> None:
        with name_scope(name, values=[diag]):
            self._diag = util.convert_nonref_to_tensor(diag, name="diag")
            util.at_least_rank(self._diag, 1, "diag")
            if not self._diag.dtype.is_complex:
                if is_self_adjoint is False:
                    raise ValueError("A real diagonal operator is always self adjoint.")
                is_self_adjoint = True
            if is_square is False:
                raise ValueError("Only square diagonal operators currently supported.")
            super().__init__(
                dtype=self._diag.dtype,
                graph_parents=[self._diag],
                is_non_singular=is_non_singular,
                is_self_adjoint=is_self_adjoint,
                is_positive_definite=is_positive_definite,
                is_square=True,
                name=name,
            )

    @property
    def diag(self) -> Any:
        """The diagonals, `[B1, ..., Bb, N]`."""
        return self._diag

    def _shape(self) -> Any:
        shape = self._diag.get_shape()
        return shape.concatenate(shape[-1:])

    def _shape_tensor(self) -> Any:
        shape: Any = array_ops.shape(self._diag)
        return array_ops.concat((shape, shape[-1:]), 0)

    def _assert_non_singular(self) -> Any:
        return util.assert_no_entries_with_modulus_zero(
            self._diag, message="Singular operator: the diagonal contained zero values."
        )

    def _assert_positive_definite(self) -> Any:
        which = "non-positive real part" if self.dtype.is_complex else "non-positive value"
        message = f"The diagonal has a {which}, so the operator is not positive definite."
        return check_ops.assert_positive(math_ops.real(self._diag), message=message)

    def _assert_self_adjoint(self) -> Any:
        return util.assert_zero_imag_part(
            self._diag,
            message="The diagonal has imaginary parts, so the operator is not self-adjoint.",
        )

    def _scale(self, adjoint: bool) -> Any:
        return math_ops.conj(self._diag) if adjoint else self._diag

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        x = matrix_ops.adjoint(x) if adjoint_arg else x
        scale: Any = array_ops.expand_dims(self._scale(adjoint), -1)
        return scale * x

    def _matvec(self, x: Any, adjoint: bool = False) -> Any:
        return self._scale(adjoint) * x

    def _determinant(self) -> Any:
        return reduction_ops.reduce_prod(self._diag, axis=[-1])

    def _log_abs_determinant(self) -> Any:
        sizes = math_ops.log(math_ops.abs(self._diag))
        return cast(reduction_ops.reduce_sum(sizes, axis=[-1]), self.dtype)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        rhs = matrix_ops.adjoint(rhs) if adjoint_arg else rhs
        inverse: Any = array_ops.expand_dims(1.0 / self._scale(adjoint), -1)
        return rhs * inverse

    def _to_dense(self) -> Any:
        return array_ops.matrix_diag(self._diag)

    def _diag_part(self) -> Any:
        return self._diag

    def _add_to_tensor(self, x: Any) -> Any:
        return array_ops.matrix_set_diag(x, self._diag + array_ops.matrix_diag_part(x))
