"""GGT: full-matrix preconditioning from a window of gradients."""

from __future__ import annotations

from typing import Any

from ....core import dtypes
from ....core.emit import apply
from ....core.graph import get_default_graph
from ....core.tensor import Tensor
from ... import array_ops, control_flow_ops, math_ops, state_ops
from ...framework import IndexedSlices, convert_to_tensor
from ...train.optimizer import Optimizer

__all__ = ["GGTOptimizer"]


class GGTOptimizer(Optimizer):
    """GGT (Agarwal et al. 2018): divides by the root of a low-rank second moment matrix.

    All gradients are laid end to end, averaged with `beta1`, and the last `window` averages kept.
    Their span is divided by their singular values (`sigma_eps`, `svd_eps` keep that finite); what
    lies outside is divided by the least of these, or left out where that is below `eps`.
    Sparse gradients raise NotImplementedError.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        use_locking: bool = False,
        name: str = "GGT",
        window: int = 10,
        eps: float = 1e-4,
        svd_eps: float = 1e-6,
        sigma_eps: float = 1e-2,
    ) -> None:
        super().__init__(use_locking, name)
        self._hyper = {
            "lr": learning_rate,
            "beta1": beta1,
            "eps": eps,
            "svd_eps": svd_eps,
            "sigma_eps": sigma_eps,
        }
        self._window = window
        self._spans: dict[str, slice] = {}
        self._updated: list[Any] = []

    def _create_slots(self, var_list: list[Any]) -> None:
        ends = 0
        for v in sorted(var_list, key=lambda v: v.name):
            size = v.get_shape().num_elements()
            self._spans[v.name] = slice(ends, ends + size)
            ends += size
        first, dtype = var_list[0], var_list[0].dtype.base_dtype
        start = math_ops.cast(0.0, dtype=dtype)
        self._create_non_slot_variable(start, name="global_step", colocate_with=first)
        for name, shape in (
            ("grad_buffer", [self._window, ends]),
            ("moment1", [ends]),
            ("flat_grad", [ends]),
        ):
            zeros = array_ops.zeros(shape, dtype=dtype)
            self._create_non_slot_variable(zeros, name=name, colocate_with=first)

    def _prepare(self) -> None:
        self._updated = []

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        """Lays the gradient into its place; the step follows when all are there."""
        self._updated.append(var)
        span = self._spans[var.name]
        rows = array_ops.range(span.start, span.stop)
        flat = array_ops.reshape(grad, [-1])
        return state_ops.scatter_update(self._get_non_slot_variable("flat_grad"), rows, flat)

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        return self._apply_dense(grad, handle)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        raise NotImplementedError("Sparse gradient updates are not supported.")

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        dtype = self._updated[0].dtype.base_dtype
        with get_default_graph().control_dependencies(update_ops):
            hyper = {k: self._hyper_tensor(k, v, dtype) for k, v in self._hyper.items()}
            moment, buffer, steps = self._moved_averages(hyper["beta1"])
            step = self._step(moment, buffer, steps, hyper)
            updates = [
                state_ops.assign_sub(
                    v, hyper["lr"] * array_ops.reshape(step[self._spans[v.name]], v.get_shape())
                )
                for v in self._updated
            ]
        return control_flow_ops.group(*updates, name=name_scope)

    def _hyper_tensor(self, name: str, value: Any, dtype: Any) -> Any:
        return math_ops.cast(convert_to_tensor(self._call_if_callable(value), name=name), dtype)

    def _moved_averages(self, beta1: Any) -> tuple[Any, Any, Any]:
        """The new mean gradient, the window with it in, and the number of steps."""
        steps = state_ops.assign_add(self._get_non_slot_variable("global_step"), 1.0)
        moment1 = self._get_non_slot_variable("moment1")
        flat_grad = self._get_non_slot_variable("flat_grad").read_value()
        moment = moment1.assign(beta1 * moment1 + (1.0 - beta1) * flat_grad)
        row = math_ops.floormod(math_ops.cast(steps - 1.0, dtypes.int32), self._window)
        buffer = self._get_non_slot_variable("grad_buffer")
        return moment, state_ops.scatter_update(buffer, row, moment), steps

    def _step(self, moment: Any, buffer: Any, steps: Any, hyper: dict[str, Any]) -> Any:
        dtype = hyper["lr"].dtype
        count = math_ops.minimum(steps, math_ops.cast(self._window, dtype))
        m = array_ops.transpose(buffer / math_ops.sqrt(count))
        gram = math_ops.matmul(m, m, transpose_a=True)
        damping = apply("Diag", array_ops.ones([self._window], dtype)) * hyper["svd_eps"]
        sigma, u, _ = apply("Svd", gram + damping)
        root = math_ops.sqrt(sigma)
        least = math_ops.reduce_min(root)
        column = array_ops.expand_dims(moment, -1)
        inside = math_ops.matmul(u, math_ops.matmul(m, column, transpose_a=True), transpose_a=True)

        def spanned(scale: Any) -> Any:
            scaled = array_ops.expand_dims(scale, -1) * inside
            return math_ops.matmul(m, math_ops.matmul(u, scaled))

        head = spanned(1.0 / math_ops.pow(root + hyper["sigma_eps"], 3))
        tail = (column - spanned(1.0 / sigma)) / least
        step = apply("Select", least > hyper["eps"], head + tail, head)
        return array_ops.squeeze(step, [-1])
