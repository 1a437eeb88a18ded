"""Learning rates that fall with the training step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...core import dtypes
from ...core.convert import constant
from ...core.tensor import Tensor
from .. import array_ops, math_ops
from ..cases import case
from ..framework import convert_to_tensor, name_scope
from ..random_ops import random_normal

__all__ = [
    "cosine_decay",
    "cosine_decay_restarts",
    "exponential_decay",
    "inverse_time_decay",
    "linear_cosine_decay",
    "natural_exp_decay",
    "noisy_linear_cosine_decay",
    "piecewise_constant",
    "piecewise_constant_decay",
    "polynomial_decay",
]


def _check_step(global_step: Any, function: str) -> None:
    if global_step is None:
        raise ValueError(f"global_step is required for {function}.")


def _initial(learning_rate: Any) -> Tensor:
    return convert_to_tensor(learning_rate, name="initial_learning_rate")


def _half_cosine(fraction: Any) -> Any:
    """From 1 at fraction 0 down to 0 at fraction 1."""
    return 1.0 + math_ops.cos(constant(math.pi) * fraction)


def exponential_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """`learning_rate * decay_rate ** (global_step / decay_steps)`, a scalar.

    `staircase` rounds the exponent down, so that the rate falls in steps.
    """
    _check_step(global_step, "exponential_decay")
    with name_scope(name or "ExponentialDecay") as scope:
        initial = _initial(learning_rate)
        dtype = initial.dtype
        steps = math_ops.cast(decay_steps, dtype)
        rate = math_ops.cast(decay_rate, dtype)
        p = math_ops.cast(global_step, dtype) / steps
        if staircase:
            p = math_ops.floor(p)
        return math_ops.multiply(initial, math_ops.pow(rate, p), name=scope)


def natural_exp_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """`learning_rate * exp(-decay_rate * global_step / decay_steps)`, a scalar.

    `staircase` rounds `global_step / decay_steps` down.
    """
    rate = math_ops.exp(math_ops.negative(decay_rate))
    return exponential_decay(learning_rate, global_step, decay_steps, rate, staircase, name)


def inverse_time_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """`learning_rate / (1 + decay_rate * global_step / decay_steps)`, a scalar.

    `staircase` rounds `global_step / decay_steps` down.
    """
    _check_step(global_step, "inverse_time_decay")
    with name_scope(name or "InverseTimeDecay") as scope:
        initial = _initial(learning_rate)
        dtype = initial.dtype
        steps = math_ops.cast(decay_steps, dtype)
        rate = math_ops.cast(decay_rate, dtype)
        p = math_ops.cast(global_step, dtype) / steps
        if staircase:
            p = math_ops.floor(p)
        one = math_ops.cast(constant(1), dtype)
        return math_ops.divide(initial, math_ops.add(one, math_ops.multiply(rate, p)), name=scope)


def polynomial_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    end_learning_rate: Any = 0.0001,
    power: Any = 1.0,
    cycle: bool = False,
    name: str | None = None,
) -> Tensor:
    """From `learning_rate` to `end_learning_rate` in `decay_steps` steps, a scalar.

    With p the share of the steps that is done, it is
    `(learning_rate - end_learning_rate) * (1 - p) ** power + end_learning_rate`. Behind the last
    step it stays, or with `cycle` starts anew over the next multiple of `decay_steps`.
    """
    _check_step(global_step, "polynomial_decay")
    with name_scope(name or "PolynomialDecay") as scope:
        initial = _initial(learning_rate)
        dtype = initial.dtype
        end = math_ops.cast(end_learning_rate, dtype)
        exponent = math_ops.cast(power, dtype)
        step = math_ops.cast(global_step, dtype)
        steps = math_ops.cast(decay_steps, dtype)
        if cycle:
            steps = math_ops.multiply(steps, _cycles(step, steps))
        else:
            step = math_ops.minimum(step, decay_steps)
        p = math_ops.divide(step, steps)
        fallen = math_ops.multiply(initial - end, math_ops.pow(1 - p, exponent))
        return math_ops.add(fallen, end, name=scope)


def _cycles(step: Any, steps: Any) -> Any:
    """How many cycles have begun, 1 at step 0."""
    begun = math_ops.ceil(step / steps)
    return array_ops.where(math_ops.equal(step, 0), array_ops.ones_like(begun), begun)


def piecewise_constant(
    x: Any, boundaries: Sequence[Any], values: Sequence[Any], name: str | None = None
) -> Tensor:
    """`values[0]` up to `boundaries[0]`, `values[1]` up to `boundaries[1]` ..., a scalar.

    A boundary itself belongs to the value before it. `x` is the step, of the dtype of the
    boundaries. Raises ValueError where dtypes or lengths do not fit.
    """
    bounds = [convert_to_tensor(b) for b in boundaries]
    rates = [convert_to_tensor(v) for v in values]
    step = convert_to_tensor(x)
    bounds = [_like_step(b, step) for b in bounds]
    for rate in rates[1:]:
        if rate.dtype.base_dtype is not rates[0].dtype.base_dtype:
            raise ValueError(
                "Values must have elements all with the same dtype "
                f"({rates[0].dtype.base_dtype} vs {rate.dtype.base_dtype})."
            )
    if len(bounds) != len(rates) - 1:
        raise ValueError("The length of boundaries should be 1 less than the length of values")
    with name_scope(name or "PiecewiseConstant"):
        pairs: list[tuple[Any, Any]] = [
            (step <= bounds[0], lambda: rates[0]),
            (step > bounds[-1], lambda: rates[-1]),
        ]
        for low, high, rate in zip(bounds[:-1], bounds[1:], rates[1:-1], strict=True):
            between = (step > low) & (step <= high)
            pairs.append((between, lambda rate=rate: rate))
        return case(pairs, default=lambda: rates[0], exclusive=True)  # type: ignore[no-any-return]


piecewise_constant_decay = piecewise_constant


def _like_step(boundary: Tensor, step: Tensor) -> Any:
    have, want = boundary.dtype.base_dtype, step.dtype.base_dtype
    if have is want:
        return boundary
    if have is dtypes.int32 and want is dtypes.int64:
        return math_ops.cast(boundary, want)
    raise ValueError(f"Boundaries ({have}) must have the same dtype as x ({want}).")


def cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    alpha: Any = 0.0,
    name: str | None = None,
) -> Tensor:
    """Down a half cosine to `alpha * learning_rate` in `decay_steps` steps, a scalar.

    Loshchilov and Hutter 2017, equation 5, without restarts.
    """
    _check_step(global_step, "cosine_decay")
    with name_scope(name or "CosineDecay"):
        initial = _initial(learning_rate)
        dtype = initial.dtype
        steps = math_ops.cast(decay_steps, dtype)
        step = math_ops.minimum(math_ops.cast(global_step, dtype), steps)
        cosine = 0.5 * _half_cosine(step / steps)
        return math_ops.multiply(initial, (1 - alpha) * cosine + alpha)


def cosine_decay_restarts(
    learning_rate: Any,
    global_step: Any,
    first_decay_steps: Any,
    t_mul: Any = 2.0,
    m_mul: Any = 1.0,
    alpha: Any = 0.0,
    name: str | None = None,
) -> Tensor:
    """Half cosines one after the other (SGDR, Loshchilov and Hutter 2017), a scalar.

    The first takes `first_decay_steps` steps, each next one `t_mul` times as many, and starts
    `m_mul` times as high; all end at `alpha` of their start.
    """
    _check_step(global_step, "cosine decay restarts")
    with name_scope(name or "SGDRDecay") as scope:
        initial = _initial(learning_rate)
        dtype = initial.dtype
        first = math_ops.cast(first_decay_steps, dtype)
        alpha = math_ops.cast(alpha, dtype)
        t_mul = math_ops.cast(t_mul, dtype)
        m_mul = math_ops.cast(m_mul, dtype)
        done = math_ops.cast(global_step, dtype) / first
        restart, fraction = _restarts(done, t_mul)
        cosine = 0.5 * (m_mul**restart) * _half_cosine(fraction)
        return math_ops.multiply(initial, (1 - alpha) * cosine + alpha, name=scope)


def _restarts(done: Tensor, t_mul: Tensor) -> tuple[Tensor, Tensor]:
    """Which period runs, and what share of it is done.

    `done` counts in first periods. Before period i lie `(1 - t_mul**i) / (1 - t_mul)` of them.
    """
    even = math_ops.floor(done)
    ratio = math_ops.log(1.0 - done * (1.0 - t_mul)) / math_ops.log(t_mul)
    i = math_ops.floor(ratio)
    before = (1.0 - t_mul**i) / (1.0 - t_mul)
    growing = (done - before) / t_mul**i
    is_even = math_ops.equal(t_mul, 1.0)
    return array_ops.where(is_even, even, i), array_ops.where(is_even, done - even, growing)


def linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
    name: str | None = None,
) -> Tensor:
    """A falling line times a cosine of `num_periods` periods (Bello et al. 2017), a scalar."""
    _check_step(global_step, "linear cosine decay")
    with name_scope(name or "LinearCosineDecay") as scope:
        initial = _initial(learning_rate)
        dtype = initial.dtype
        steps = math_ops.cast(decay_steps, dtype)
        num_periods = math_ops.cast(num_periods, dtype)
        alpha = math_ops.cast(alpha, dtype)
        beta = math_ops.cast(beta, dtype)
        step = math_ops.minimum(math_ops.cast(global_step, dtype), steps)
        linear = (steps - step) / steps
        fraction = step / steps
        cosine = 0.5 * _half_cosine(2.0 * num_periods * fraction)
        return math_ops.multiply(initial, (alpha + linear) * cosine + beta, name=scope)


def noisy_linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    initial_variance: Any = 1.0,
    variance_decay: Any = 0.55,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
    name: str | None = None,
) -> Tensor:
    """`linear_cosine_decay` with noise on the line (Bello et al. 2017), a scalar.

    The noise has variance `initial_variance / (1 + global_step) ** variance_decay`.
    """
    _check_step(global_step, "noisy linear cosine decay")
    with name_scope(name or "NoisyLinearCosineDecay") as scope:
        initial = _initial(learning_rate)
        dtype = initial.dtype
        steps = math_ops.cast(decay_steps, dtype)
        initial_variance = math_ops.cast(initial_variance, dtype)
        variance_decay = math_ops.cast(variance_decay, dtype)
        num_periods = math_ops.cast(num_periods, dtype)
        alpha = math_ops.cast(alpha, dtype)
        beta = math_ops.cast(beta, dtype)
        step = math_ops.minimum(math_ops.cast(global_step, dtype), steps)
        linear = (steps - step) / steps
        variance = initial_variance / math_ops.pow(1.0 + step, variance_decay)
        noise = random_normal(linear.shape, stddev=math_ops.sqrt(variance))
        noisy = linear + noise
        fraction = step / steps
        cosine = 0.5 * _half_cosine(2.0 * num_periods * fraction)
        return math_ops.multiply(initial, (alpha + noisy) * cosine + beta, name=scope)
