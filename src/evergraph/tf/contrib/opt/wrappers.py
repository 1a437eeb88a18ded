"""Optimizers around other optimizers: averages of the variables, and bounds on their norms."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ....core.graph import get_default_graph
from ....core.tensor import Tensor
from ... import array_ops, clip_ops, control_flow_ops, variables
from ...framework import IndexedSlices, name_scope
from ...train.moving_averages import ExponentialMovingAverage
from ...train.optimizer import Optimizer

__all__ = ["MovingAverageOptimizer", "VariableClippingOptimizer"]


class MovingAverageOptimizer(Optimizer):
    """An optimizer that also keeps exponential moving averages of the variables it trains.

    `swapping_saver` saves the averages in the variables' places. With `sequential_update` the
    averages move after the variables, else beside them.
    """

    def __init__(
        self,
        opt: Optimizer,
        average_decay: float = 0.9999,
        num_updates: Any = None,
        sequential_update: bool = True,
    ) -> None:
        self._optimizer = opt
        self._ema = ExponentialMovingAverage(average_decay, num_updates=num_updates)
        self._swapped_variable_name_map: dict[str, str] | None = None
        self._sequential_update = sequential_update

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        """The inner optimizer's gradients."""
        return self._optimizer.compute_gradients(*args, **kwargs)

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Any:
        """Applies the gradients with the inner optimizer, then moves the averages."""
        grads_and_vars = list(grads_and_vars)
        train_op = self._optimizer.apply_gradients(
            grads_and_vars, global_step=global_step, name=name
        )
        var_list = [v for g, v in grads_and_vars if g is not None]
        before = [train_op] if self._sequential_update else []
        with get_default_graph().control_dependencies(before):
            average_op = self._ema.apply(var_list)
        pairs = [(v.op.name, self._ema.average(v).op.name) for v in var_list]
        self._swapped_variable_name_map = {**dict(pairs), **{b: a for a, b in pairs}}
        return control_flow_ops.group(train_op, average_op, name="train_with_avg")

    def swapping_saver(
        self, var_list: Any = None, name: str = "swapping_saver", **kwargs: Any
    ) -> Any:
        """A `tf.train.Saver` that saves each average under the name of its variable.

        Raises RuntimeError before `apply_gradients` or `minimize`, ValueError where an average is
        not among the variables to save.
        """
        from ... import train

        if self._swapped_variable_name_map is None:
            raise RuntimeError(
                "Must call apply_gradients or minimize before creating the swapping_saver"
            )
        found = variables.global_variables() if var_list is None else var_list
        by_name = found if isinstance(found, dict) else {v.op.name: v for v in found}
        swapped = {k: self._swapped(by_name, k, v) for k, v in by_name.items()}
        return train.Saver(swapped, name=name, **kwargs)  # type: ignore[attr-defined]

    def _swapped(self, by_name: dict[str, Any], name: str, variable: Any) -> Any:
        assert self._swapped_variable_name_map is not None
        other = self._swapped_variable_name_map.get(name)
        if other is None:
            return variable
        if other not in by_name:
            raise ValueError(
                f"Variable to swap {other} is not part of variables to save. "
                "This breaks MovingAverageOptimizer."
            )
        return by_name[other]


class VariableClippingOptimizer(Optimizer):
    """An optimizer that clips the norms of variables after each step.

    `vars_to_clip_dims` maps a variable to the axes over which its norm, at most `max_norm`, is
    taken. After a sparse gradient the named rows alone are clipped.
    """

    def __init__(
        self,
        opt: Optimizer,
        vars_to_clip_dims: dict[Any, Sequence[int]],
        max_norm: Any,
        use_locking: bool = False,
        colocate_clip_ops_with_vars: bool = False,
        name: str = "VariableClipping",
    ) -> None:
        super().__init__(use_locking, name)
        self._opt = opt
        self._vars_to_clip_dims = {v: list(dims) for v, dims in vars_to_clip_dims.items()}
        self._max_norm = max_norm
        self._colocate_clip_ops_with_vars = colocate_clip_ops_with_vars

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        """The inner optimizer's gradients."""
        return self._opt.compute_gradients(*args, **kwargs)

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        """The inner optimizer's slot."""
        return self._opt.get_slot(*args, **kwargs)

    def get_slot_names(self, *args: Any, **kwargs: Any) -> list[str]:
        """The names of the inner optimizer's slots."""
        return self._opt.get_slot_names(*args, **kwargs)

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Any:
        """Applies the gradients with the inner optimizer, then clips."""
        grads_and_vars = list(grads_and_vars)
        with name_scope(name, self._name) as scope:
            update = self._opt.apply_gradients(grads_and_vars, global_step=global_step)
            with get_default_graph().control_dependencies([update]):
                clips = [
                    self._clip(g, v)
                    for g, v in grads_and_vars
                    if g is not None and v in self._vars_to_clip_dims
                ]
            return control_flow_ops.group(update, *clips, name=scope)

    def _clip(self, grad: Any, var: Any) -> Any:
        with name_scope("clip_" + var.op.name):
            if isinstance(grad, Tensor) or 0 in self._vars_to_clip_dims[var]:
                return self._clip_dense(var)
            return self._clip_sparse(grad, var)

    def _clip_dense(self, var: Any) -> Any:
        with self._maybe_colocate_with(var):
            value = var.read_value()
            clipped = clip_ops.clip_by_norm(value, self._max_norm, self._vars_to_clip_dims[var])
            delta = value - clipped
        with get_default_graph().colocate_with(var):
            return var.assign_sub(delta, use_locking=self._use_locking)

    def _clip_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        with get_default_graph().colocate_with(var):
            rows = array_ops.gather(var, grad.indices)
        with self._maybe_colocate_with(var):
            clipped = clip_ops.clip_by_norm(rows, self._max_norm, self._vars_to_clip_dims[var])
            delta = IndexedSlices(rows - clipped, grad.indices, grad.dense_shape)
        with get_default_graph().colocate_with(var):
            return var.scatter_sub(delta, use_locking=self._use_locking)

    def _maybe_colocate_with(self, var: Any) -> AbstractContextManager[Any]:
        if self._colocate_clip_ops_with_vars:
            return get_default_graph().colocate_with(var)
        return nullcontext()
