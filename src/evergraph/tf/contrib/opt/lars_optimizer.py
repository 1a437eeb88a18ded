"""LARS: a rate for each layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....core.tensor import Operation
from ... import array_ops, math_ops
from ...train.momentum import MomentumOptimizer

__all__ = ["LARSOptimizer"]


class LARSOptimizer(MomentumOptimizer):
    """Momentum with rates scaled by |weights| / |gradient| of each layer (You et al. 2017).

    Variables whose names hold an entry of `skip_list` keep the plain rate.
    """

    def __init__(
        self,
        learning_rate: Any,
        momentum: float = 0.9,
        weight_decay: float = 0.0001,
        eeta: float = 0.001,
        epsilon: float = 0.0,
        name: str = "LARSOptimizer",
        skip_list: Sequence[str] | None = None,
        use_nesterov: bool = False,
    ) -> None:
        if momentum < 0.0:
            raise ValueError(f"momentum should be positive: {momentum}")
        if weight_decay < 0.0:
            raise ValueError(f"weight_decay should be positive: {weight_decay}")
        super().__init__(learning_rate, momentum, name=name, use_nesterov=use_nesterov)
        self._weight_decay = weight_decay
        self._eeta = eeta
        self._epsilon = epsilon
        self._skip_list = skip_list

    def compute_lr(self, grad: Any, var: Any) -> Any:
        """The rate of one layer."""
        if self._skip_list is not None and any(v in var.name for v in self._skip_list):
            return self._learning_rate
        weights, gradient = _norm(var), _norm(grad)
        bound = gradient + self._weight_decay * weights + self._epsilon
        ratio = array_ops.where(
            math_ops.greater(weights, 0),
            array_ops.where(math_ops.greater(gradient, 0), self._eeta * weights / bound, 1.0),
            1.0,
        )
        return self._learning_rate * ratio

    def _update(self, grad: Any, var: Any, indices: Any = None) -> Operation:
        common = self._learning_rate_tensor
        if indices is None:
            self._learning_rate_tensor = self.compute_lr(grad, var)
        try:
            return super()._update(grad, var, indices)
        finally:
            self._learning_rate_tensor = common


def _norm(x: Any) -> Any:
    return math_ops.sqrt(math_ops.reduce_sum(math_ops.square(x)))
