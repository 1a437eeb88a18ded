"""Adagrad that can apply gradients without noting them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...train.adagrad import AdagradOptimizer

__all__ = ["RegAdagradOptimizer"]


class RegAdagradOptimizer(AdagradOptimizer):
    """Adagrad whose accumulators stay as they are inside `avoid_updating_slots()`.

    Gradients of a regulariser can be applied so without changing the rates of the loss.
    """

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        use_locking: bool = False,
        name: str = "RegAdagrad",
    ) -> None:
        super().__init__(learning_rate, initial_accumulator_value, use_locking, name)
        self._should_update_slots = True

    @contextmanager
    def avoid_updating_slots(self) -> Iterator[None]:
        """Updates made inside do not change the accumulators."""
        old = self._should_update_slots
        self._should_update_slots = False
        try:
            yield
        finally:
            self._should_update_slots = old

    def _flags(self) -> dict[str, Any]:
        return {"update_slots": self._should_update_slots}
