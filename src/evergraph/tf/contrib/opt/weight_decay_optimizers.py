"""Optimizers with decoupled weight decay: AdamW, MomentumW and any other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ....core.emit import apply
from ....core.graph import get_default_graph
from ....core.tensor import Tensor
from ... import array_ops, control_flow_ops, state_ops
from ...framework import IndexedSlices, convert_to_tensor
from ...train.adam import AdamOptimizer
from ...train.momentum import MomentumOptimizer
from ...train.optimizer import Optimizer

__all__ = [
    "AdamWOptimizer",
    "DecoupledWeightDecayExtension",
    "MomentumWOptimizer",
    "extend_with_decoupled_weight_decay",
]


class DecoupledWeightDecayExtension:
    """Makes an optimizer decay the weights before each step (Loshchilov and Hutter 2019).

    To be put before the optimizer in a class's bases. `weight_decay` is the share that is taken
    off; it is not scaled by the learning rate. `decay_var_list` in `minimize` and
    `apply_gradients` names the variables that decay (default: all).
    """

    def __init__(self, weight_decay: Any, **kwargs: Any) -> None:
        self._decay_var_list: Any = None
        self._weight_decay = weight_decay
        self._weight_decay_tensor: Any = None
        super().__init__(**kwargs)

    def minimize(
        self,
        loss: Any,
        global_step: Any = None,
        var_list: Any = None,
        gate_gradients: int = Optimizer.GATE_OP,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        name: str | None = None,
        grad_loss: Any = None,
        decay_var_list: Iterable[Any] | None = None,
    ) -> Any:
        """As the optimizer's, with `decay_var_list`."""
        grads_and_vars = self.compute_gradients(  # type: ignore[attr-defined]
            loss,
            var_list=var_list,
            gate_gradients=gate_gradients,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
            grad_loss=grad_loss,
        )
        return self.apply_gradients(grads_and_vars, global_step, name, decay_var_list)

    def apply_gradients(
        self,
        grads_and_vars: Any,
        global_step: Any = None,
        name: str | None = None,
        decay_var_list: Iterable[Any] | None = None,
    ) -> Any:
        """As the optimizer's, with `decay_var_list`."""
        self._decay_var_list = set(decay_var_list or ())
        return super().apply_gradients(  # type: ignore[misc]
            grads_and_vars, global_step=global_step, name=name
        )

    def _prepare(self) -> None:
        decay = self._weight_decay() if callable(self._weight_decay) else self._weight_decay
        self._weight_decay_tensor = convert_to_tensor(decay, name="weight_decay")
        super()._prepare()  # type: ignore[misc]

    def _decays(self, var: Any) -> bool:
        return not self._decay_var_list or var in self._decay_var_list

    def _decay_weights_op(self, var: Any) -> Any:
        if not self._decays(var):
            return control_flow_ops.no_op()
        return var.assign_sub(self._weight_decay * var, self._use_locking)  # type: ignore[attr-defined]

    def _decay_weights_sparse_op(self, var: Any, indices: Tensor, scatter_add: Any) -> Any:
        if not self._decays(var):
            return control_flow_ops.no_op()
        update = -self._weight_decay * array_ops.gather(var, indices)
        return scatter_add(var, indices, update, self._use_locking)  # type: ignore[attr-defined]

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        with get_default_graph().control_dependencies([self._decay_weights_op(var)]):
            return super()._apply_dense(grad, var)  # type: ignore[misc]

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        with get_default_graph().control_dependencies([self._decay_weights_op(handle)]):
            return super()._resource_apply_dense(grad, handle)  # type: ignore[misc]

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        decayed = self._decay_weights_sparse_op(var, grad.indices, state_ops.scatter_add)
        with get_default_graph().control_dependencies([decayed]):
            return super()._apply_sparse(grad, var)  # type: ignore[misc]

    def _resource_scatter_add(self, x: Any, i: Any, v: Any, _: Any = None) -> Any:
        added = apply("ResourceScatterAdd", x.handle, i, v)
        with get_default_graph().control_dependencies([added]):
            return x.value()

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        decayed = self._decay_weights_sparse_op(handle, indices, self._resource_scatter_add)
        with get_default_graph().control_dependencies([decayed]):
            return super()._resource_apply_sparse(grad, handle, indices)  # type: ignore[misc]


def extend_with_decoupled_weight_decay(base_optimizer: type[Optimizer]) -> type[Any]:
    """A class like `base_optimizer` that decays weights; it takes `weight_decay` first."""

    class OptimizerWithDecoupledWeightDecay(DecoupledWeightDecayExtension, base_optimizer):  # type: ignore[misc, valid-type]
        """The base optimizer with decoupled weight decay."""

        def __init__(self, weight_decay: Any, *args: Any, **kwargs: Any) -> None:
            self._decay_var_list = None
            self._weight_decay = weight_decay
            self._weight_decay_tensor = None
            base_optimizer.__init__(self, *args, **kwargs)

    return OptimizerWithDecoupledWeightDecay


class MomentumWOptimizer(DecoupledWeightDecayExtension, MomentumOptimizer):
    """Momentum with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 1)."""

    def __init__(
        self,
        weight_decay: Any,
        learning_rate: Any,
        momentum: Any,
        use_locking: bool = False,
        name: str = "MomentumW",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(
            weight_decay,
            learning_rate=learning_rate,
            momentum=momentum,
            use_locking=use_locking,
            name=name,
            use_nesterov=use_nesterov,
        )


class AdamWOptimizer(DecoupledWeightDecayExtension, AdamOptimizer):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2)."""

    def __init__(
        self,
        weight_decay: Any,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "AdamW",
    ) -> None:
        super().__init__(
            weight_decay,
            learning_rate=learning_rate,
            beta1=beta1,
            beta2=beta2,
            epsilon=epsilon,
            use_locking=use_locking,
            name=name,
        )
