"""Adagrad by dual averaging."""

from __future__ import annotations

from typing import Any

from ...core.graph import get_default_graph
from .. import array_ops, math_ops
from .updates import RuleOptimizer

__all__ = ["AdagradDAOptimizer"]


class AdagradDAOptimizer(RuleOptimizer):
    """Adagrad by dual averaging (Duchi, Hazan, Singer 2011, section 5.1), for sparse linear models.

    L1 and L2 regularisation apply to rows that a gradient did not touch for long, too, which is why
    it needs the `global_step`. The accumulator of squares must start positive (ValueError).
    """

    _rule = "AdagradDA"
    _rule_slots = ("gradient_accumulator", "gradient_squared_accumulator")

    def __init__(
        self,
        learning_rate: Any,
        global_step: Any,
        initial_gradient_squared_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "AdagradDA",
    ) -> None:
        if initial_gradient_squared_accumulator_value <= 0.0:
            raise ValueError(
                "initial_gradient_squared_accumulator_value must be positive: "
                f"{initial_gradient_squared_accumulator_value}"
            )
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._initial_gradient_squared_accumulator_value = (
            initial_gradient_squared_accumulator_value
        )
        self._learning_rate_tensor: Any = None
        self._l1_regularization_strength = l1_regularization_strength
        self._l2_regularization_strength = l2_regularization_strength
        self._global_step = global_step
        self._global_step_on_worker: Any = None

    def _create_slots(self, var_list: list[Any]) -> None:
        start = self._initial_gradient_squared_accumulator_value
        for v in var_list:
            vals = (self._filled(0.0, v), self._filled(start, v))
            for name, val in zip(self._rule_slots, vals, strict=True):
                self._get_or_make_slot(v, val, name, self._name)

    def _prepare(self) -> None:
        self._learning_rate_tensor = self._tensor(self._learning_rate, "learning_rate")
        with get_default_graph().colocate_with(self._learning_rate_tensor):
            self._global_step_on_worker = array_ops.identity(self._global_step) + 1

    def _operands(self, var: Any) -> dict[str, Any]:
        dtype = var.dtype.base_dtype
        with get_default_graph().device(var.device):
            step = array_ops.identity(self._global_step_on_worker)
        return {
            "lr": math_ops.cast(self._learning_rate_tensor, dtype),
            "l1": math_ops.cast(self._l1_regularization_strength, dtype),
            "l2": math_ops.cast(self._l2_regularization_strength, dtype),
            "global_step": step,
        }
