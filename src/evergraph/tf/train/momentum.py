"""Gradient descent with momentum."""

from __future__ import annotations

from typing import Any

from .updates import RuleOptimizer

__all__ = ["MomentumOptimizer"]


class MomentumOptimizer(RuleOptimizer):
    """Momentum (Polyak 1964): `v = momentum * v + gradient; variable -= learning_rate * v`.

    `use_nesterov` takes the step from where the momentum leads (Sutskever et al. 2013).
    """

    _rule = "Momentum"
    _rule_slots = ("momentum",)

    def __init__(
        self,
        learning_rate: Any,
        momentum: Any,
        use_locking: bool = False,
        name: str = "Momentum",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._momentum = momentum
        self._use_nesterov = use_nesterov

    def _create_slots(self, var_list: list[Any]) -> None:
        for v in var_list:
            self._zeros_slot(v, "momentum", self._name)

    def _prepare(self) -> None:
        self._learning_rate_tensor = self._tensor(self._learning_rate, "learning_rate")
        self._momentum_tensor = self._tensor(self._momentum, "momentum")

    def _scalars(self) -> dict[str, Any]:
        return {"lr": self._learning_rate_tensor, "momentum": self._momentum_tensor}

    def _flags(self) -> dict[str, Any]:
        return {"use_nesterov": self._use_nesterov}
