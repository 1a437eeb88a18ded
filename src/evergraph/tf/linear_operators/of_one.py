"""What adjoints and inverses share: they are made of one operator."""

from __future__ import annotations

from typing import Any

from ..framework import name_scope
from .base import LinearOperator


class OfOneOperator(LinearOperator):
    """An operator that is singular, self-adjoint or positive definite if another one is."""

    def __init__(self, operator: Any, name: Any, **hints: Any) -> None:
        self._operator = operator
        parents = operator.graph_parents
        with name_scope(name, values=parents):
            super().__init__(dtype=operator.dtype, graph_parents=parents, name=name, **hints)

    @property
    def operator(self) -> Any:
        """The operator that this one is made of."""
        return self._operator

    def _assert_non_singular(self) -> Any:
        return self.operator.assert_non_singular()

    def _assert_positive_definite(self) -> Any:
        return self.operator.assert_positive_definite()

    def _assert_self_adjoint(self) -> Any:
        return self.operator.assert_self_adjoint()
