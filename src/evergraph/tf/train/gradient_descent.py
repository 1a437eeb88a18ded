"""Gradient descent."""

from __future__ import annotations

from typing import Any

from ...core.emit import apply
from ...core.tensor import Tensor
from .. import math_ops
from ..framework import IndexedSlices
from .updates import RuleOptimizer

__all__ = ["GradientDescentOptimizer"]


class GradientDescentOptimizer(RuleOptimizer):
    """Steepest descent: each variable moves by `-learning_rate * gradient`."""

    _rule = "GradientDescent"

    def __init__(
        self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent"
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._learning_rate_tensor: Any = None

    def _prepare(self) -> None:
        self._learning_rate_tensor = self._tensor(self._learning_rate, "learning_rate")

    def _scalars(self) -> dict[str, Any]:
        return {"alpha": self._learning_rate_tensor}

    # Subtracting twice from one row is right as it is: no sum over repeated rows is needed.
    def _apply_sparse_duplicate_indices(self, grad: IndexedSlices, var: Any) -> Any:
        rate = math_ops.cast(self._learning_rate_tensor, var.dtype.base_dtype)
        delta = IndexedSlices(grad.values * rate, grad.indices, grad.dense_shape)
        return var.scatter_sub(delta, use_locking=self._use_locking)

    def _resource_apply_sparse_duplicate_indices(
        self, grad: Tensor, handle: Any, indices: Tensor
    ) -> Any:
        rate = self._call_if_callable(self._learning_rate)
        return apply("ResourceScatterAdd", handle.handle, indices, -grad * rate)
