"""FTRL-Proximal."""

from __future__ import annotations

from typing import Any

from .updates import RuleOptimizer

__all__ = ["FtrlOptimizer"]


class FtrlOptimizer(RuleOptimizer):
    """FTRL-Proximal (McMahan et al. 2013, algorithm 1), for sparse linear models.

    `l2_shrinkage_regularization_strength` penalises the magnitude of the weights as they are, and
    `l2_regularization_strength` stabilises. Raises ValueError for strengths or a starting value
    below 0, and for a `learning_rate_power` above 0.
    """

    _rule_slots = ("accum", "linear")

    def __init__(
        self,
        learning_rate: Any,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "Ftrl",
        accum_name: str | None = None,
        linear_name: str | None = None,
        l2_shrinkage_regularization_strength: float = 0.0,
    ) -> None:
        super().__init__(use_locking, name)
        if learning_rate_power > 0.0:
            raise ValueError(
                f"learning_rate_power {learning_rate_power} needs to be negative or zero"
            )
        _refuse_negative("initial_accumulator_value", initial_accumulator_value)
        _refuse_negative("l1_regularization_strength", l1_regularization_strength)
        _refuse_negative("l2_regularization_strength", l2_regularization_strength)
        _refuse_negative(
            "l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength
        )
        self._rule = "FtrlV2" if l2_shrinkage_regularization_strength > 0.0 else "Ftrl"
        self._learning_rate = learning_rate
        self._learning_rate_power = learning_rate_power
        self._initial_accumulator_value = initial_accumulator_value
        self._l1_regularization_strength = l1_regularization_strength
        self._l2_regularization_strength = l2_regularization_strength
        self._l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self._learning_rate_tensor: Any = None
        self._learning_rate_power_tensor: Any = None
        self._l1_regularization_strength_tensor: Any = None
        self._l2_regularization_strength_tensor: Any = None
        self._l2_shrinkage_regularization_strength_tensor: Any = None
        self._accum_name = accum_name
        self._linear_name = linear_name

    def _create_slots(self, var_list: list[Any]) -> None:
        start = self._initial_accumulator_value
        for v in var_list:
            val = self._filled(start, v)
            self._get_or_make_slot(v, val, "accum", self._accum_name or self._name)
            self._zeros_slot(v, "linear", self._linear_name or self._name)

    def _prepare(self) -> None:
        for name in (
            "learning_rate",
            "l1_regularization_strength",
            "l2_regularization_strength",
            "l2_shrinkage_regularization_strength",
            "learning_rate_power",
        ):
            setattr(self, f"_{name}_tensor", self._tensor(getattr(self, f"_{name}"), name))

    def _scalars(self) -> dict[str, Any]:
        shrinkage = {"l2_shrinkage": self._l2_shrinkage_regularization_strength_tensor}
        return {
            "lr": self._learning_rate_tensor,
            "l1": self._l1_regularization_strength_tensor,
            "l2": self._l2_regularization_strength_tensor,
            **(shrinkage if self._rule == "FtrlV2" else {}),
            "lr_power": self._learning_rate_power_tensor,
        }


def _refuse_negative(name: str, value: float) -> None:
    if value < 0.0:
        raise ValueError(f"{name} {value} needs to be positive or zero")
