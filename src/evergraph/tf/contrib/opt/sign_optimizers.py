"""PowerSign and AddSign, and how the weight of the sign may fall with the step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ....core import dtypes
from ....core.convert import constant
from ....core.tensor import Tensor
from ... import array_ops, control_flow_ops, math_ops, state_ops
from ...framework import IndexedSlices, convert_to_tensor
from ...train.updates import RuleOptimizer

__all__ = [
    "AddSignOptimizer",
    "PowerSignOptimizer",
    "get_cosine_decay_fn",
    "get_linear_decay_fn",
    "get_restart_decay_fn",
]

DecayFunction = Callable[[Any], Any]


class _SignOptimizer(RuleOptimizer):
    """What both have: a mean of gradients, and a weight for the agreement of signs with it."""

    _rule_slots = ("m",)
    _lr: Any
    _beta: Any
    _lr_t: Any = None
    _beta_t: Any = None
    _sign_decay_fn: DecayFunction | None
    _sign_decay_t: Any = None

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Any:
        if self._sign_decay_fn is not None:
            decay = self._sign_decay_fn(global_step)
            self._sign_decay_t = convert_to_tensor(decay, name="sign_decay")
        return super().apply_gradients(grads_and_vars, global_step=global_step, name=name)

    def _create_slots(self, var_list: list[Any]) -> None:
        for v in var_list:
            self._zeros_slot(v, "m", self._name)

    def _prepare_sign_decay(self) -> None:
        if self._sign_decay_fn is None:
            self._sign_decay_t = convert_to_tensor(1.0, name="sign_decay")

    def _multiplier(self, agreement: Any, var: Any) -> Any:
        """By how much the gradient is scaled where signs agree (1) or not (-1)."""
        raise NotImplementedError

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        dtype = var.dtype.base_dtype
        lr, beta = math_ops.cast(self._lr_t, dtype), math_ops.cast(self._beta_t, dtype)
        m = self.get_slot(var, "m")
        mean = m * beta + grad * (1 - beta)
        m_t = state_ops.assign(m, mean, use_locking=self._use_locking)
        sign = math_ops.sign(grad.values)
        agreement = array_ops.gather(math_ops.sign(m_t), grad.indices) * sign
        delta = lr * self._multiplier(agreement, var) * grad.values
        update = state_ops.scatter_sub(var, grad.indices, delta, use_locking=self._use_locking)
        return control_flow_ops.group(update, m_t)

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        raise self._missing("_resource_apply_sparse", "sparse gradients of resource variables")


class PowerSignOptimizer(_SignOptimizer):
    """PowerSign (Bello et al. 2017): steps of `base ** (sign_decay * sign(g) * sign(m)) * g`.

    m is the mean of the gradients; `sign_decay_fn(global_step)` gives the weight of the sign.
    """

    _rule = "PowerSign"

    def __init__(
        self,
        learning_rate: Any = 0.1,
        base: float = math.e,
        beta: Any = 0.9,
        sign_decay_fn: DecayFunction | None = None,
        use_locking: bool = False,
        name: str = "PowerSignOptimizer",
    ) -> None:
        super().__init__(use_locking, name)
        self._lr = learning_rate
        self._beta = beta
        self._logbase = math.log(base)
        self._sign_decay_fn = sign_decay_fn
        self._logbase_t: Any = None

    def _prepare(self) -> None:
        self._lr_t = convert_to_tensor(self._lr, name="learning_rate")
        self._beta_t = convert_to_tensor(self._beta, name="beta")
        self._logbase_t = convert_to_tensor(self._logbase, name="logbase")
        self._prepare_sign_decay()

    def _scalars(self) -> dict[str, Any]:
        return {
            "lr": self._lr_t,
            "logbase": self._logbase_t,
            "sign_decay": self._sign_decay_t,
            "beta": self._beta_t,
        }

    def _multiplier(self, agreement: Any, var: Any) -> Any:
        dtype = var.dtype.base_dtype
        logbase = math_ops.cast(self._logbase_t, dtype)
        decay = math_ops.cast(self._sign_decay_t, dtype)
        return math_ops.pow(math_ops.cast(math.e, dtype), logbase * decay * agreement)


class AddSignOptimizer(_SignOptimizer):
    """AddSign (Bello et al. 2017): steps of `(alpha + sign_decay * sign(g) * sign(m)) * g`.

    m is the mean of the gradients; `sign_decay_fn(global_step)` gives the weight of the sign.
    """

    _rule = "AddSign"

    def __init__(
        self,
        learning_rate: Any = 0.1,
        alpha: Any = 1.0,
        beta: Any = 0.9,
        sign_decay_fn: DecayFunction | None = None,
        use_locking: bool = False,
        name: str = "AddSignOptimizer",
    ) -> None:
        super().__init__(use_locking, name)
        self._lr = learning_rate
        self._alpha = alpha
        self._beta = beta
        self._sign_decay_fn = sign_decay_fn
        self._alpha_t: Any = None

    def _prepare(self) -> None:
        self._lr_t = convert_to_tensor(self._lr, name="learning_rate")
        self._beta_t = convert_to_tensor(self._beta, name="beta")
        self._alpha_t = convert_to_tensor(self._alpha, name="alpha")
        self._prepare_sign_decay()

    def _scalars(self) -> dict[str, Any]:
        return {
            "lr": self._lr_t,
            "alpha": self._alpha_t,
            "sign_decay": self._sign_decay_t,
            "beta": self._beta_t,
        }

    def _multiplier(self, agreement: Any, var: Any) -> Any:
        dtype = var.dtype.base_dtype
        alpha = math_ops.cast(self._alpha_t, dtype)
        return alpha + math_ops.cast(self._sign_decay_t, dtype) * agreement


def _step(global_step: Any, decay_steps: Any, function: str) -> Any:
    if global_step is None:
        raise ValueError(f"global_step is required for {function}.")
    return math_ops.minimum(global_step, decay_steps)


def get_linear_decay_fn(decay_steps: Any) -> DecayFunction:
    """A function of the global step that falls from 1 to 0 on a line."""

    def linear_decay_fn(global_step: Any) -> Any:
        step = _step(global_step, decay_steps, "linear_decay")
        left = math_ops.cast(decay_steps, dtypes.int32) - math_ops.cast(step, dtypes.int32)
        share = math_ops.cast(left, dtypes.float32) / math_ops.cast(decay_steps, dtypes.float32)
        return math_ops.maximum(0.0, share)

    return linear_decay_fn


def get_cosine_decay_fn(
    decay_steps: Any, num_periods: float = 0.5, zero_after: float | None = None
) -> DecayFunction:
    """A function of the global step: a cosine of `num_periods` periods between 1 and 0.

    It stays 0 after `zero_after` periods, if that is given.
    """

    def cosine_decay_fn(global_step: Any) -> Any:
        step = _step(global_step, decay_steps, "cosine_decay")
        done = math_ops.cast(step, dtypes.float32) / math_ops.cast(decay_steps, dtypes.float32)
        fraction = 2.0 * num_periods * done
        decayed = 0.5 * (1.0 + math_ops.cos(constant(math.pi) * fraction))
        if zero_after is None:
            return decayed
        over = math_ops.greater_equal(fraction, 2 * zero_after)
        return array_ops.where(over, 0.0, decayed)

    return cosine_decay_fn


def get_restart_decay_fn(
    decay_steps: Any, num_periods: float = 1, zero_after: float | None = None
) -> DecayFunction:
    """A function of the global step: `num_periods` half cosines from 1 to 0, one after the other.

    It stays 0 after `zero_after` of them, if that is given.
    """

    def restart_decay_fn(global_step: Any) -> Any:
        step = _step(global_step, decay_steps, "cosine_decay")
        num = math_ops.mod(num_periods * math_ops.cast(step, dtypes.float32), decay_steps)
        fraction = num / math_ops.cast(decay_steps, dtypes.float32)
        decayed = 0.5 * (1.0 + math_ops.cos(constant(math.pi) * fraction))
        if zero_after is None:
            return decayed
        periods = math_ops.cast(num_periods * step, dtypes.float32)
        done = periods / math_ops.cast(decay_steps, dtypes.float32)
        return array_ops.where(math_ops.greater_equal(done, zero_after), 0.0, decayed)

    return restart_decay_fn
