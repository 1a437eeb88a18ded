"""`slim.learning`: a training operation from a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ....core.graph import get_default_graph
from ....core.tensor import Tensor
from ... import check_ops, clip_ops, control_flow_ops
from ... import variables as tf_variables
from ...framework import IndexedSlices, convert_to_tensor, name_scope
from ...graph_keys import GraphKeys
from ...train.optimizer import Optimizer
from ...train.training_util import get_or_create_global_step

__all__ = ["clip_gradient_norms", "create_train_op", "multiply_gradients"]

Pairs = list[tuple[Any, Any]]
_USE_GLOBAL_STEP = 0


def clip_gradient_norms(gradients_to_variables: Iterable[tuple[Any, Any]], max_norm: Any) -> Pairs:
    """The (gradient, variable) pairs with each gradient's norm at most `max_norm`."""
    return [(_clipped(g, max_norm), v) for g, v in gradients_to_variables]


def _clipped(grad: Any, max_norm: Any) -> Any:
    if isinstance(grad, IndexedSlices):
        values = clip_ops.clip_by_norm(grad.values, max_norm)
        return IndexedSlices(values, grad.indices, grad.dense_shape)
    return None if grad is None else clip_ops.clip_by_norm(grad, max_norm)


def multiply_gradients(grads_and_vars: Pairs, gradient_multipliers: dict[Any, Any]) -> Pairs:
    """The (gradient, variable) pairs with some gradients multiplied.

    `gradient_multipliers` maps variables or their operations' names to factors. Raises ValueError
    if it is empty or no dictionary, and for a variable that has no gradient.
    """
    if not isinstance(grads_and_vars, list):
        raise ValueError("`grads_and_vars` must be a list.")
    if not gradient_multipliers:
        raise ValueError("`gradient_multipliers` is empty.")
    if not isinstance(gradient_multipliers, dict):
        raise ValueError("`gradient_multipliers` must be a dict.")
    out = []
    for grad, var in grads_and_vars:
        key = var if var in gradient_multipliers else var.op.name
        if key in gradient_multipliers:
            grad = _multiplied(grad, gradient_multipliers[key])
        out.append((grad, var))
    return out


def _multiplied(grad: Any, factor: Any) -> Any:
    if grad is None:
        raise ValueError("Requested multiple of `None` gradient.")
    factor = convert_to_tensor(factor, dtype=grad.dtype)
    if isinstance(grad, IndexedSlices):
        return IndexedSlices(grad.values * factor, grad.indices, grad.dense_shape)
    return grad * factor


def create_train_op(
    total_loss: Tensor,
    optimizer: Optimizer,
    global_step: Any = _USE_GLOBAL_STEP,
    update_ops: Iterable[Any] | None = None,
    variables_to_train: Sequence[Any] | None = None,
    clip_gradient_norm: float = 0,
    summarize_gradients: bool = False,
    gate_gradients: int = Optimizer.GATE_OP,
    aggregation_method: Any = None,
    colocate_gradients_with_ops: bool = False,
    gradient_multipliers: dict[Any, Any] | None = None,
    check_numerics: bool = True,
) -> Any:
    """The loss, computed and then followed by one training step.

    `update_ops` (default: the collection UPDATE_OPS) run before the loss is given out. With
    `check_numerics` a loss that is infinite or no number fails the run.
    """

    def transform(pairs: Pairs) -> Pairs:
        if gradient_multipliers:
            with name_scope("multiply_grads"):
                pairs = multiply_gradients(pairs, gradient_multipliers)
        if clip_gradient_norm > 0:
            with name_scope("clip_grads"):
                pairs = clip_gradient_norms(pairs, clip_gradient_norm)
        return pairs

    return train_op(
        total_loss,
        optimizer,
        global_step,
        update_ops,
        variables_to_train,
        transform,
        summarize_gradients,
        check_numerics,
        gate_gradients=gate_gradients,
        aggregation_method=aggregation_method,
        colocate_gradients_with_ops=colocate_gradients_with_ops,
    )


def train_op(
    total_loss: Tensor,
    optimizer: Optimizer,
    global_step: Any,
    update_ops: Iterable[Any] | None,
    variables_to_train: Sequence[Any] | None,
    transform_grads_fn: Callable[[Pairs], Pairs] | None,
    summarize_gradients: bool,
    check_numerics: bool,
    **kwargs: Any,
) -> Any:
    """What `slim.learning.create_train_op` and `contrib.training.create_train_op` have in common.

    `transform_grads_fn` changes the list of (gradient, variable) pairs; `kwargs` go to
    `compute_gradients`.
    """
    if global_step is _USE_GLOBAL_STEP:
        global_step = get_or_create_global_step()
    total_loss = _after_updates(total_loss, update_ops)
    trained = tf_variables.trainable_variables()
    if variables_to_train is not None:
        untrainable = [v for v in variables_to_train if not v.trainable and v not in trained]
        assert not untrainable, f"These variables are not trainable: {untrainable}"
        trained = list(variables_to_train)
    assert trained, "There are no variables to train."
    pairs = optimizer.compute_gradients(total_loss, trained, **kwargs)
    if transform_grads_fn is not None:
        pairs = transform_grads_fn(pairs)
    if summarize_gradients:
        _summarize(pairs)
    updates = optimizer.apply_gradients(pairs, global_step=global_step)
    with name_scope("train_op"):
        if check_numerics:
            total_loss = check_ops.check_numerics(total_loss, "LossTensor is inf or nan")
        result = control_flow_ops.with_dependencies([updates], total_loss)
    train_ops = get_default_graph().get_collection_ref(GraphKeys.TRAIN_OP)
    if result not in train_ops:
        train_ops.append(result)
    return result


def _after_updates(total_loss: Tensor, update_ops: Iterable[Any] | None) -> Any:
    graph = get_default_graph()
    if update_ops is None:
        update_ops = graph.get_collection(GraphKeys.UPDATE_OPS)
    ordered = list(dict.fromkeys(update_ops))
    if not ordered:
        return total_loss
    with graph.control_dependencies(ordered):
        barrier = control_flow_ops.no_op(name="update_barrier")
    return control_flow_ops.with_dependencies([barrier], total_loss)


def _summarize(pairs: Pairs) -> None:
    from ... import summary

    with name_scope("summarize_grads"):
        for grad, var in pairs:
            if grad is None:
                continue
            values = grad.values if isinstance(grad, IndexedSlices) else grad
            summary.histogram(f"{var.op.name}_gradient", values)
            norm = clip_ops.global_norm([values])
            summary.scalar(f"{var.op.name}_gradient_norm", norm)
