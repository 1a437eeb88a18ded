"""Inverses of operators that have no better form."""

from __future__ import annotations

from typing import Any

from .hints import agreed
from .of_one import OfOneOperator


class LinearOperatorInversion(OfOneOperator):
    """The inverse A⁻¹ of an operator A. Its hints are A's; those given may add to them.

    Args:
        operator: A; nothing is inverted, products with A⁻¹ solve with A.

    Raises:
        ValueError: if A is promised to be singular or not square, for hints that contradict A's.
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
        needed = {"is_non_singular": is_non_singular, "is_square": is_square}
        for hint, given in needed.items():
            own = getattr(operator, hint)
            if own is False or given is False:
                raise ValueError(
                    f"operator and supplied hints must have `{hint}` equal to `True` or `None`. "
                    f"Found {own}, {given}."
                )
        hints = agreed(
            operator,
            "inverse",
            is_self_adjoint=is_self_adjoint,
            is_positive_definite=is_positive_definite,
            **needed,
        )
        name = operator.name + "_inv" if name is None else name
        super().__init__(operator, name=name, **hints)

    def _shape(self) -> Any:
        return self.operator.shape

    def _shape_tensor(self) -> Any:
        return self.operator.shape_tensor()

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self.operator.solve(x, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def _determinant(self) -> Any:
        return 1.0 / self.operator.determinant()

    def _log_abs_determinant(self) -> Any:
        return -self.operator.log_abs_determinant()

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self.operator.matmul(rhs, adjoint=adjoint, adjoint_arg=adjoint_arg)
