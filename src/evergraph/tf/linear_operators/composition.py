"""Products of operators."""

from __future__ import annotations

from functools import reduce
from operator import add, mul
from typing import Any

from .. import array_ops
from .hints import implied_by_all
from .of_several import OfSeveralOperators, checked_operators, over


class LinearOperatorComposition(OfSeveralOperators):
    """The product A₁ A₂ ... Aₖ of operators: what the last one gives goes to the one before.

    Nothing is multiplied out. It has an inverse if all of them have; hints: see `LinearOperator`.

    Args:
        operators: the factors, of one dtype, whose dimensions fit.

    Raises:
        TypeError: for operators of different dtypes.
        ValueError: for no operators, for hints that cannot hold.
    """

    def __init__(
        self,
        operators: Any,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: Any = None,
    ) -> None:
        operators = checked_operators(operators, "non-empty list of")
        super().__init__(
            operators,
            name,
            "_o_",
            is_non_singular=implied_by_all(
                operators, "is_non_singular", is_non_singular, "composition"
            ),
            is_self_adjoint=is_self_adjoint,
            is_positive_definite=is_positive_definite,
            is_square=is_square,
        )

    def _shape(self) -> Any:
        first, *rest = self.operators
        columns = first.domain_dimension
        for operator in rest:
            columns.assert_is_compatible_with(operator.range_dimension)
            columns = operator.domain_dimension
        batch = self._common_batch_shape()
        return None if batch is None else (*batch, first.range_dimension.value, columns.value)

    def _shape_tensor(self) -> Any:
        rows = self.operators[0].range_dimension_tensor()
        columns = self.operators[-1].domain_dimension_tensor()
        return array_ops.concat((self._common_batch_shape_tensor(), [rows, columns]), 0)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        first, *rest = self.operators if adjoint else self.operators[::-1]
        result = first.matmul(x, adjoint=adjoint, adjoint_arg=adjoint_arg)
        for operator in rest:
            result = operator.matmul(result, adjoint=adjoint)
        return result

    def _determinant(self) -> Any:
        return over("determinant", self.operators, mul)

    def _log_abs_determinant(self) -> Any:
        return reduce(add, self._log_moduli())

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        first, *rest = self.operators[::-1] if adjoint else self.operators
        solution = first.solve(rhs, adjoint=adjoint, adjoint_arg=adjoint_arg)
        for operator in rest:
            solution = operator.solve(solution, adjoint=adjoint)
        return solution
