"""Adjoints of operators that have no better form."""

from __future__ import annotations

from typing import Any

from .. import array_ops, math_ops, matrix_ops
from .hints import agreed
from .of_one import OfOneOperator


class LinearOperatorAdjoint(OfOneOperator):
    """The adjoint Aᴴ of an operator A. Its hints are A's; those given may add to them.

    Args:
        operator: A.

    Raises:
        ValueError: for hints that contradict A's.
    """

    def __init__(
        self,
        operator: Any,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: Any = None,
    ) -> None:
        hints = agreed(
            operator,
            "adjoint",
            is_non_singular=is_non_singular,
            is_self_adjoint=is_self_adjoint,
            is_positive_definite=is_positive_definite,
            is_square=is_square,
        )
        name = operator.name + "_adjoint" if name is None else name
        super().__init__(operator, name=name, **hints)

    def _shape(self) -> Any:
        dims = self.operator.shape._dims
        return None if dims is None else (*dims[:-2], dims[-1], dims[-2])

    def _shape_tensor(self) -> Any:
        shape = self.operator.shape_tensor()
        return array_ops.concat([shape[:-2], shape[-1:], shape[-2:-1]], axis=0)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self.operator.matmul(x, adjoint=not adjoint, adjoint_arg=adjoint_arg)

    def _matvec(self, x: Any, adjoint: bool = False) -> Any:
        return self.operator.matvec(x, adjoint=not adjoint)

    def _conjugate(self, value: Any) -> Any:
        return value if self.is_self_adjoint else math_ops.conj(value)

    def _determinant(self) -> Any:
        return self._conjugate(self.operator.determinant())

    def _log_abs_determinant(self) -> Any:
        return self.operator.log_abs_determinant()

    def _trace(self) -> Any:
        return self._conjugate(self.operator.trace())

    def _diag_part(self) -> Any:
        return self._conjugate(self.operator.diag_part())

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self.operator.solve(rhs, adjoint=not adjoint, adjoint_arg=adjoint_arg)

    def _solvevec(self, rhs: Any, adjoint: bool = False) -> Any:
        return self.operator.solvevec(rhs, adjoint=not adjoint)

    def _to_dense(self) -> Any:
        dense = self.operator.to_dense()
        return dense if self.is_self_adjoint else matrix_ops.adjoint(dense)
