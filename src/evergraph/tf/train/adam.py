"""Adam."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.emit import apply
from ...core.graph import get_default_graph
from ...core.tensor import Tensor
from .. import control_flow_ops, math_ops, state_ops
from ..framework import IndexedSlices
from .updates import RuleOptimizer

__all__ = ["AdamOptimizer"]

Scatter = Callable[[Any, Any, Any], Any]


class AdamOptimizer(RuleOptimizer):
    """Adam (Kingma and Ba 2015, with epsilon beside the root as at the end of section 2).

    A sparse gradient decays the moments of all rows and so moves all rows, as dense zeros would.
    """

    _rule = "Adam"
    _rule_slots = ("m", "v")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adam",
    ) -> None:
        super().__init__(use_locking, name)
        self._lr = learning_rate
        self._beta1 = beta1
        self._beta2 = beta2
        self._epsilon = epsilon
        self._lr_t: Any = None
        self._beta1_t: Any = None
        self._beta2_t: Any = None
        self._epsilon_t: Any = None

    def _get_beta_accumulators(self) -> tuple[Any, Any]:
        """The variables that hold the powers of beta1 and beta2."""
        return (
            self._get_non_slot_variable("beta1_power"),
            self._get_non_slot_variable("beta2_power"),
        )

    def _create_slots(self, var_list: list[Any]) -> None:
        first = min(var_list, key=lambda v: v.name)
        for name, beta in (("beta1_power", self._beta1), ("beta2_power", self._beta2)):
            self._create_non_slot_variable(beta, name=name, colocate_with=first)
        for v in var_list:
            self._zeros_slot(v, "m", self._name)
            self._zeros_slot(v, "v", self._name)

    def _prepare(self) -> None:
        self._lr_t = self._tensor(self._lr, "learning_rate")
        self._beta1_t = self._tensor(self._beta1, "beta1")
        self._beta2_t = self._tensor(self._beta2, "beta2")
        self._epsilon_t = self._tensor(self._epsilon, "epsilon")

    def _scalars(self) -> dict[str, Any]:
        beta1_power, beta2_power = self._get_beta_accumulators()
        return {
            "beta1_power": beta1_power,
            "beta2_power": beta2_power,
            "lr": self._lr_t,
            "beta1": self._beta1_t,
            "beta2": self._beta2_t,
            "epsilon": self._epsilon_t,
        }

    def _cast_scalars(self, var: Any) -> tuple[Any, ...]:
        """The corrected rate, beta1, beta2 and epsilon in the variable's dtype."""
        dtype = var.dtype.base_dtype
        cast = [math_ops.cast(x, dtype) for x in self._scalars().values()]
        beta1_power, beta2_power, lr, beta1, beta2, epsilon = cast
        return lr * math_ops.sqrt(1 - beta2_power) / (1 - beta1_power), beta1, beta2, epsilon

    def _apply_sparse_shared(
        self, grad: Tensor, var: Any, indices: Tensor, scatter_add: Scatter
    ) -> Any:
        lr, beta1, beta2, epsilon = self._cast_scalars(var)
        m = self.get_slot(var, "m")
        scaled = grad * (1 - beta1)
        m_t = self._decayed_sum(m, beta1, indices, scaled, scatter_add)
        v = self.get_slot(var, "v")
        scaled = (grad * grad) * (1 - beta2)
        v_t = self._decayed_sum(v, beta2, indices, scaled, scatter_add)
        root = math_ops.sqrt(v_t)
        delta = lr * m_t / (root + epsilon)
        update = state_ops.assign_sub(var, delta, use_locking=self._use_locking)
        return control_flow_ops.group(update, m_t, v_t)

    def _decayed_sum(
        self, slot: Any, beta: Any, indices: Tensor, values: Tensor, scatter_add: Scatter
    ) -> Any:
        """`slot` times `beta`, with `values` added to some rows."""
        decayed = state_ops.assign(slot, slot * beta, use_locking=self._use_locking)
        with get_default_graph().control_dependencies([decayed]):
            return scatter_add(slot, indices, values)

    def _scatter_add(self, x: Any, i: Any, v: Any) -> Any:
        return state_ops.scatter_add(x, i, v, use_locking=self._use_locking)

    def _resource_scatter_add(self, x: Any, i: Any, v: Any) -> Any:
        added = apply("ResourceScatterAdd", x.handle, i, v)
        with get_default_graph().control_dependencies([added]):
            return x.value()

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        return self._apply_sparse_shared(grad.values, var, grad.indices, self._scatter_add)

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        return self._apply_sparse_shared(grad, handle, indices, self._resource_scatter_add)

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        """Moves the powers of the betas on when all variables are updated."""
        graph = get_default_graph()
        with graph.control_dependencies(update_ops):
            beta1_power, beta2_power = self._get_beta_accumulators()
            with graph.colocate_with(beta1_power):
                powers = [
                    power.assign(power * beta, use_locking=self._use_locking)
                    for power, beta in (
                        (beta1_power, self._beta1_t),
                        (beta2_power, self._beta2_t),
                    )
                ]
        return control_flow_ops.group(*update_ops, *powers, name=name_scope)
