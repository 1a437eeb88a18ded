"""`optimize_loss`: a training operation from a loss in one call."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

from ....core import dtypes
from ....core.graph import get_default_graph
from ....core.tensor import Tensor
from ....errors import UnimplementedError
from ... import (
    array_ops,
    clip_ops,
    control_flow_ops,
    init_ops,
    math_ops,
    random_ops,
    train,
)
from ... import (
    variables as tf_variables,
)
from ...framework import IndexedSlices, convert_to_tensor
from ...graph_keys import GraphKeys
from ...train.moving_averages import assign_moving_average
from ...variable_scope import get_variable, variable_scope

__all__ = ["OPTIMIZER_CLS_NAMES", "OPTIMIZER_SUMMARIES", "adaptive_clipping_fn", "optimize_loss"]

OPTIMIZER_CLS_NAMES: dict[str, Callable[..., Any]] = {
    "Adagrad": train.AdagradOptimizer,
    "Adam": train.AdamOptimizer,
    "Ftrl": train.FtrlOptimizer,
    "Momentum": lambda learning_rate: train.MomentumOptimizer(learning_rate, momentum=0.9),
    "RMSProp": train.RMSPropOptimizer,
    "SGD": train.GradientDescentOptimizer,
}

OPTIMIZER_SUMMARIES = [
    "learning_rate",
    "loss",
    "gradients",
    "gradient_norm",
    "global_gradient_norm",
]
_DEFAULT_SUMMARIES = ("loss", "learning_rate", "global_gradient_norm")

Pairs = list[tuple[Any, Any]]


def optimize_loss(
    loss: Any,
    global_step: Any,
    learning_rate: Any,
    optimizer: Any,
    gradient_noise_scale: float | None = None,
    gradient_multipliers: dict[Any, Any] | None = None,
    clip_gradients: Any = None,
    learning_rate_decay_fn: Callable[[Any, Any], Any] | None = None,
    update_ops: Sequence[Any] | None = None,
    variables: Sequence[Any] | None = None,
    name: str | None = None,
    summaries: Sequence[str] | None = None,
    colocate_gradients_with_ops: bool = False,
    increment_global_step: bool = True,
) -> Any:
    """The loss, computed and then followed by one training step.

    `optimizer` is a name (`OPTIMIZER_CLS_NAMES`), a class, an instance, or a function of the
    learning rate. `learning_rate` is a float (it becomes a variable), a scalar tensor, or None.
    Gradients get noise of `gradient_noise_scale`, are multiplied by `gradient_multipliers`
    (variable or its name to factor), and clipped: `clip_gradients` is a global norm, or a
    function of the (gradient, variable) pairs. `update_ops` (default: the collection) run first.

    Raises ValueError for arguments that do not fit together.
    """
    loss = convert_to_tensor(loss)
    _assert_scalar(loss)
    if global_step is None:
        global_step = train.get_global_step()
    else:
        train.assert_global_step(global_step)
    with variable_scope(name, "OptimizeLoss", [loss, global_step]):
        loss = _after_updates(loss, update_ops)
        rate = _rate_variable(learning_rate)
        summary = _Summaries(summaries)
        if learning_rate is not None and learning_rate_decay_fn is not None:
            if global_step is None:
                raise ValueError("global_step is required for learning_rate_decay_fn.")
            rate = learning_rate_decay_fn(rate, global_step)
            summary.scalar("learning_rate", "learning_rate", lambda: rate)
        opt = _make_optimizer(optimizer, rate, learning_rate is not None)
        trained = tf_variables.trainable_variables() if variables is None else variables
        pairs = opt.compute_gradients(
            loss, trained, colocate_gradients_with_ops=colocate_gradients_with_ops
        )
        pairs = _processed(pairs, gradient_noise_scale, gradient_multipliers)
        summary.global_norm("gradient_norm", pairs)
        pairs = _clipped(pairs, clip_gradients)
        summary.scalar("loss", "loss", lambda: loss)
        summary.of_gradients(pairs)
        if clip_gradients is not None:
            summary.global_norm("clipped_gradient_norm", pairs)
        step = global_step if increment_global_step else None
        updates = opt.apply_gradients(pairs, global_step=step, name="train")
        return control_flow_ops.with_dependencies([updates], loss)


def _assert_scalar(loss: Tensor) -> None:
    shape = loss.get_shape()
    if shape.ndims != 0:
        raise ValueError(f"Expected scalar shape for {loss.name}, saw shape: {shape}.")


def _after_updates(loss: Tensor, update_ops: Sequence[Any] | None) -> Any:
    if update_ops is None:
        update_ops = get_default_graph().get_collection(GraphKeys.UPDATE_OPS)
    if not update_ops:
        return loss
    return control_flow_ops.with_dependencies(list(dict.fromkeys(update_ops)), loss)


def _rate_variable(learning_rate: Any) -> Any:
    if learning_rate is None:
        return None
    if isinstance(learning_rate, Tensor) and learning_rate.get_shape().ndims == 0:
        return learning_rate
    if not isinstance(learning_rate, float):
        raise ValueError(
            f"Learning rate should be 0d Tensor or float. Got {learning_rate} of type "
            f"{type(learning_rate)}"
        )
    if learning_rate < 0.0:
        raise ValueError(f"Invalid learning_rate {learning_rate}.")
    start = init_ops.constant_initializer(learning_rate)
    return get_variable("learning_rate", [], trainable=False, initializer=start)


def _make_optimizer(optimizer: Any, rate: Any, has_rate: bool) -> Any:
    if isinstance(optimizer, str):
        _require_rate(rate, f"string ({optimizer})")
        if optimizer not in OPTIMIZER_CLS_NAMES:
            names = ", ".join(OPTIMIZER_CLS_NAMES)
            raise ValueError(
                f"Optimizer name should be one of [{names}], you provided {optimizer}."
            )
        return OPTIMIZER_CLS_NAMES[optimizer](learning_rate=rate)
    if isinstance(optimizer, type) and issubclass(optimizer, train.Optimizer):
        _require_rate(rate, f"class ({optimizer})")
        return optimizer(learning_rate=rate)  # type: ignore[call-arg]
    if isinstance(optimizer, train.Optimizer):
        return optimizer
    if not callable(optimizer):
        raise ValueError(
            "Unrecognized optimizer: should be string, subclass of Optimizer, instance of subclass "
            f"of Optimizer or function with one argument. Got {optimizer}."
        )
    made = optimizer(rate) if has_rate else optimizer()
    if not isinstance(made, train.Optimizer):
        raise ValueError(
            f"Unrecognized optimizer: function should return subclass of Optimizer. Got {made}."
        )
    return made


def _require_rate(rate: Any, what: str) -> None:
    if rate is None:
        raise ValueError(f"Learning rate is None, but should be specified if optimizer is {what}.")


# -- gradients -----------------------------------------------------------------------------------
def _processed(pairs: Pairs, noise_scale: float | None, multipliers: Any) -> Pairs:
    if noise_scale is not None:
        pairs = _add_scaled_noise_to_gradients(pairs, noise_scale)
    if multipliers is not None:
        pairs = _multiply_gradients(pairs, multipliers)
        if not pairs:
            raise ValueError(
                "Empty list of (gradient, var) pairs encountered. This is most likely to be caused "
                "by an improper value of gradient_multipliers."
            )
    return pairs


def _clipped(pairs: Pairs, clip_gradients: Any) -> Pairs:
    if isinstance(clip_gradients, float):
        grads, variables = zip(*pairs, strict=True)
        clipped, _ = clip_ops.clip_by_global_norm(grads, clip_gradients)
        return list(zip(clipped, variables, strict=True))
    if callable(clip_gradients):
        return clip_gradients(pairs)  # type: ignore[no-any-return]
    if clip_gradients is not None:
        raise ValueError(f"Unknown type {type(clip_gradients)} for clip_gradients")
    return pairs


def _scaled(grad: Any, factor: Any) -> Any:
    if isinstance(grad, IndexedSlices):
        return IndexedSlices(grad.values * factor, grad.indices, grad.dense_shape)
    return grad * factor


def _add_scaled_noise_to_gradients(pairs: Pairs, scale: float) -> Pairs:
    noisy = []
    for grad, variable in pairs:
        if grad is not None:
            sparse = isinstance(grad, IndexedSlices)
            shape = grad.dense_shape if sparse else grad.get_shape()
            grad = grad + random_ops.truncated_normal(shape) * scale
        noisy.append((grad, variable))
    return noisy


def _multiply_gradients(pairs: Pairs, multipliers: dict[Any, Any]) -> Pairs:
    out = []
    for grad, variable in pairs:
        factor = multipliers.get(variable, multipliers.get(variable.name))
        if grad is not None and factor is not None:
            if not isinstance(grad, IndexedSlices):
                factor = math_ops.cast(factor, grad.dtype)
            grad = _scaled(grad, factor)
        out.append((grad, variable))
    return out


def adaptive_clipping_fn(
    std_factor: float = 2.0,
    decay: float = 0.95,
    static_max_norm: float | None = None,
    global_step: Any = None,
    report_summary: bool = False,
    epsilon: float = 1e-8,
    name: str | None = None,
) -> Callable[[Pairs], Pairs]:
    """A function for `clip_gradients` that bounds the norm by what it was before.

    It keeps mean and variance of the logarithm of the global norm, and scales gradients above
    `exp(mean + std_factor * std)` down to `exp(mean)`. `static_max_norm` bounds them besides.
    With `global_step`, the averages move faster in the first steps.
    """

    def gradient_clipping(pairs: Pairs) -> Pairs:
        grads, variables = zip(*pairs, strict=True)
        norm = clip_ops.global_norm(grads)
        largest, log_mean = _adaptive_max_norm(norm, std_factor, decay, global_step, epsilon, name)
        if report_summary:
            summary = _Summaries(["gradient_norm"])
            summary.scalar(
                "gradient_norm", "global_norm/adaptive_max_gradient_norm", lambda: largest
            )
        factor = array_ops.where(
            norm < largest, array_ops.ones_like(norm), math_ops.exp(log_mean) / norm
        )
        if static_max_norm is not None:
            factor = math_ops.minimum(static_max_norm / norm, factor)
        clipped = [None if g is None else _scaled(g, factor) for g in grads]
        return list(zip(clipped, variables, strict=True))

    return gradient_clipping


def _adaptive_max_norm(
    norm: Tensor, std_factor: float, decay: Any, global_step: Any, epsilon: float, name: Any
) -> tuple[Tensor, Any]:
    with variable_scope(name, "AdaptiveMaxNorm", [norm]):
        log_norm = math_ops.log(norm + epsilon)
        if global_step is not None:
            n = math_ops.cast(global_step, dtypes.float32)
            decay = math_ops.minimum(decay, n / (n + 1.0))
        mean = _moving_average("mean", log_norm, decay)
        sq_mean = _moving_average("sq_mean", math_ops.square(log_norm), decay)
        variance = sq_mean - math_ops.square(mean)
        std = math_ops.sqrt(math_ops.maximum(epsilon, variance))
        return math_ops.exp(mean + std_factor * std), mean


def _moving_average(name: str, value: Tensor, decay: Any) -> Any:
    average = get_variable(
        name,
        shape=value.get_shape(),
        dtype=value.dtype,
        initializer=init_ops.zeros_initializer(),
        trainable=False,
    )
    return assign_moving_average(average, value, decay, zero_debias=False)


# -- summaries -----------------------------------------------------------------------------------
class _Summaries:
    """Adds the summaries that were asked for, or the default ones where `tf.summary` is there."""

    def __init__(self, names: Sequence[str] | None) -> None:
        for asked in names or ():
            if asked not in OPTIMIZER_SUMMARIES:
                allowed = ", ".join(OPTIMIZER_SUMMARIES)
                raise ValueError(f"Summaries should be one of [{allowed}], you provided {asked}.")
        self._names = set(_DEFAULT_SUMMARIES if names is None else names)
        available = importlib.util.find_spec("evergraph.tf.summary") is not None
        if not available and names:
            raise UnimplementedError(
                "optimize_loss(summaries=...) needs tf.summary, which is not supported yet: pass "
                "summaries=[] and fetch the tensors you want to see."
            )
        if not available:
            self._names = set()

    def scalar(self, kind: str, name: str, value: Callable[[], Any]) -> None:
        """A scalar summary of a value, if this kind is wanted."""
        if kind in self._names:
            _summary_module().scalar(name, value())

    def global_norm(self, name: str, pairs: Pairs) -> None:
        """A scalar summary of the norm of all gradients."""
        if self._names & {"global_gradient_norm", "gradient_norm"}:
            norm = clip_ops.global_norm([g for g, _ in pairs])
            _summary_module().scalar(f"global_norm/{name}", norm)

    def of_gradients(self, pairs: Pairs) -> None:
        """Histograms and norms of each gradient."""
        for grad, variable in pairs:
            values = grad.values if isinstance(grad, IndexedSlices) else grad
            if values is None:
                continue
            name = variable.name.replace(":", "_")
            if "gradients" in self._names:
                _summary_module().histogram(f"gradients/{name}", values)
            if "gradient_norm" in self._names:
                norm = clip_ops.global_norm([values])
                _summary_module().scalar(f"gradient_norm/{name}", norm)


def _summary_module() -> Any:
    return importlib.import_module("evergraph.tf.summary")
