"""AdaMax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ....core.emit import apply
from ....core.graph import get_default_graph
from ....core.tensor import Tensor
from ... import array_ops, control_flow_ops, math_ops, state_ops
from ...framework import IndexedSlices
from ...train.adam import AdamOptimizer

__all__ = ["AdaMaxOptimizer"]

Scatter = Callable[[Any, Any, Any], Any]


class AdaMaxOptimizer(AdamOptimizer):
    """AdaMax (Kingma and Ba 2015, section 7.1): Adam with the infinity norm.

    A sparse gradient changes the named rows alone.
    """

    _rule = "AdaMax"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "AdaMax",
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon, use_locking, name)

    def _get_beta_accumulators(self) -> Any:
        return self._get_non_slot_variable("beta1_power")

    def _create_slots(self, var_list: list[Any]) -> None:
        first = min(var_list, key=lambda v: v.name)
        self._create_non_slot_variable(self._beta1, name="beta1_power", colocate_with=first)
        for v in var_list:
            self._zeros_slot(v, "m", self._name)
            self._zeros_slot(v, "v", self._name)

    def _scalars(self) -> dict[str, Any]:
        return {
            "beta1_power": self._get_beta_accumulators(),
            "lr": self._lr_t,
            "beta1": self._beta1_t,
            "beta2": self._beta2_t,
            "epsilon": self._epsilon_t,
        }

    def _apply_sparse_shared(  # type: ignore[override]
        self,
        grad: Tensor,
        var: Any,
        indices: Tensor,
        scatter_add: Scatter,
        scatter_update: Scatter,
    ) -> Any:
        graph = get_default_graph()
        beta1_power, lr, beta1, beta2, epsilon = self._operands(var).values()
        m = self.get_slot(var, "m")
        m_rows = array_ops.gather(m, indices) * beta1 + grad * (1 - beta1)
        with graph.control_dependencies([m_rows]):
            m_t = scatter_update(m, indices, m_rows)
        v = self.get_slot(var, "v")
        v_rows = math_ops.maximum(array_ops.gather(v, indices) * beta2, math_ops.abs(grad))
        with graph.control_dependencies([v_rows]):
            v_t = scatter_update(v, indices, v_rows)
        step = -lr / (1 - beta1_power) * (m_rows / (v_rows + epsilon))
        with graph.control_dependencies([step]):
            update = scatter_add(var, indices, step)
        return control_flow_ops.group(update, m_t, v_t)

    def _scatter_update(self, x: Any, i: Any, v: Any) -> Any:
        return state_ops.scatter_update(x, i, v, use_locking=self._use_locking)

    def _resource_scatter_update(self, x: Any, i: Any, v: Any) -> Any:
        updated = apply("ResourceScatterUpdate", x.handle, i, v)
        with get_default_graph().control_dependencies([updated]):
            return x.value()

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        return self._apply_sparse_shared(
            grad.values, var, grad.indices, self._scatter_add, self._scatter_update
        )

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        return self._apply_sparse_shared(
            grad, handle, indices, self._resource_scatter_add, self._resource_scatter_update
        )

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        graph = get_default_graph()
        power = self._get_beta_accumulators()
        with graph.control_dependencies(update_ops), graph.colocate_with(power):
            updated = power.assign(power * self._beta1_t, use_locking=self._use_locking)
        return control_flow_ops.group(*update_ops, updated, name=name_scope)
