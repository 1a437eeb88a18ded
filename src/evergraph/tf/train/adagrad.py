"""Adagrad."""

from __future__ import annotations

from typing import Any

from ...core.emit import apply
from .. import array_ops, init_ops, math_ops
from .updates import RuleOptimizer

__all__ = ["AdagradOptimizer"]


class AdagradOptimizer(RuleOptimizer):
    """Adagrad (Duchi, Hazan, Singer 2011), with a diagonal matrix and no epsilon.

    The accumulator starts at `initial_accumulator_value`, which must be positive (ValueError).
    """

    _rule = "Adagrad"
    _rule_slots = ("accumulator",)

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        use_locking: bool = False,
        name: str = "Adagrad",
    ) -> None:
        if initial_accumulator_value <= 0.0:
            raise ValueError(
                f"initial_accumulator_value must be positive: {initial_accumulator_value}"
            )
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._initial_accumulator_value = initial_accumulator_value
        self._learning_rate_tensor: Any = None

    def _create_slots(self, var_list: list[Any]) -> None:
        for v in var_list:
            shape, dtype = v.get_shape(), v.dtype.base_dtype
            init: Any = self._init_constant_op(v, dtype)
            if shape.is_fully_defined():
                init = init_ops.constant_initializer(self._initial_accumulator_value, dtype=dtype)
            self._get_or_make_slot_with_initializer(
                v, init, shape, dtype, "accumulator", self._name
            )

    def _init_constant_op(self, v: Any, dtype: Any) -> Any:
        """An initializer for a variable whose shape is known only in the run."""

        def init(*_: Any, **__: Any) -> Any:
            filled = apply("Fill", array_ops.shape(v), self._initial_accumulator_value)
            return math_ops.cast(filled, dtype)

        return init

    def _prepare(self) -> None:
        self._learning_rate_tensor = self._tensor(self._learning_rate, "learning_rate")

    def _scalars(self) -> dict[str, Any]:
        return {"lr": self._learning_rate_tensor}
