"""Variants of Adam: Nadam, lazy Adam, and Adam that counts by the global step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ....core import dtypes
from ....core.emit import apply
from ....core.graph import get_default_graph
from ....core.tensor import Tensor
from ... import array_ops, control_flow_ops, math_ops, state_ops
from ...framework import IndexedSlices
from ...train.adam import AdamOptimizer
from ...train.optimizer import Optimizer

__all__ = ["AdamGSOptimizer", "LazyAdamGSOptimizer", "LazyAdamOptimizer", "NadamOptimizer"]

Scatter = Callable[[Any, Any, Any], Any]


class NadamOptimizer(AdamOptimizer):
    """Nadam (Dozat 2016): Adam that looks one step ahead, as Nesterov's momentum does."""

    def _flags(self) -> dict[str, Any]:
        return {"use_nesterov": True}

    def _apply_sparse_shared(
        self, grad: Tensor, var: Any, indices: Tensor, scatter_add: Scatter
    ) -> Any:
        graph = get_default_graph()
        lr, beta1, beta2, epsilon = self._cast_scalars(var)
        m = self.get_slot(var, "m")
        scaled = grad * (1 - beta1)
        decayed = state_ops.assign(m, m * beta1, use_locking=self._use_locking)
        with graph.control_dependencies([decayed]):
            m_t = scatter_add(m, indices, scaled)
            ahead = scaled + beta1 * array_ops.gather(m_t, indices)
        v = self.get_slot(var, "v")
        v_t = self._decayed_sum(v, beta2, indices, (grad * grad) * (1 - beta2), scatter_add)
        root = math_ops.sqrt(array_ops.gather(v_t, indices))
        update = scatter_add(var, indices, -lr * ahead / (root + epsilon))
        return control_flow_ops.group(update, ahead, v_t)


class LazyAdamOptimizer(AdamOptimizer):
    """Adam whose sparse gradients change the named rows and their moments alone.

    It is much faster than Adam for large embeddings, and not the same.
    """

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        values, indices = grad.values, grad.indices
        lr, beta1, beta2, epsilon = self._cast_scalars(var)
        m = self.get_slot(var, "m")
        m_t = state_ops.scatter_update(
            m,
            indices,
            beta1 * array_ops.gather(m, indices) + (1 - beta1) * values,
            use_locking=self._use_locking,
        )
        v = self.get_slot(var, "v")
        v_t = state_ops.scatter_update(
            v,
            indices,
            beta2 * array_ops.gather(v, indices) + (1 - beta2) * math_ops.square(values),
            use_locking=self._use_locking,
        )
        m_rows = array_ops.gather(m_t, indices)
        v_rows = array_ops.gather(v_t, indices)
        root = math_ops.sqrt(v_rows) + epsilon
        update = state_ops.scatter_sub(
            var, indices, lr * m_rows / root, use_locking=self._use_locking
        )
        return control_flow_ops.group(update, m_t, v_t)

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        lr, beta1, beta2, epsilon = self._cast_scalars(handle)
        m = self.get_slot(handle, "m")
        m_rows = beta1 * array_ops.gather(m, indices) + (1 - beta1) * grad
        m_update = apply("ResourceScatterUpdate", m.handle, indices, m_rows)
        v = self.get_slot(handle, "v")
        v_rows = beta2 * array_ops.gather(v, indices) + (1 - beta2) * math_ops.square(grad)
        v_update = apply("ResourceScatterUpdate", v.handle, indices, v_rows)
        delta = lr * m_rows / (math_ops.sqrt(v_rows) + epsilon)
        update = apply("ResourceScatterSub", handle.handle, indices, delta)
        return control_flow_ops.group(update, m_update, v_update)


class AdamGSOptimizer(AdamOptimizer):
    """Adam that takes the powers of its betas from `global_step` instead of own variables."""

    def __init__(
        self,
        global_step: Any = 0,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adam",
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon, use_locking, name)
        self._global_step = global_step
        self._global_step_on_worker: Any = None

    def _get_beta_accumulators(self) -> tuple[Any, Any]:
        step = self._global_step_on_worker
        return math_ops.pow(self._beta1_t, step), math_ops.pow(self._beta2_t, step)

    def _create_slots(self, var_list: list[Any]) -> None:
        for v in var_list:
            self._zeros_slot(v, "m", self._name)
            self._zeros_slot(v, "v", self._name)

    def _prepare(self) -> None:
        super()._prepare()
        step = array_ops.identity(self._global_step) + 1
        self._global_step_on_worker = math_ops.cast(step, dtypes.float32)

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        return Optimizer._finish(self, update_ops, name_scope)


class LazyAdamGSOptimizer(AdamGSOptimizer):
    """`LazyAdamOptimizer` with the powers of its betas taken from `global_step`."""

    _apply_sparse = LazyAdamOptimizer._apply_sparse
    _resource_apply_sparse = LazyAdamOptimizer._resource_apply_sparse
