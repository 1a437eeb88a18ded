"""The formulas of the optimizers' update ops, one function a rule.

A formula computes the new values of a variable and of its slots from the old ones, the gradient
and scalars. It is written once and read twice: with `GRAPH` it adds operations (the op's
definition, which a compiler fuses), with `arrays(xp)` it computes at once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

import numpy as np

from ..core.dtypes import DType
from ..core.emit import apply
from ..core.values import constant_value

Value = Any
"""A tensor or an array: both have Python's operators."""
New = tuple[Value, ...]
"""The new values of the variable and its slots, in the order of the op's inputs."""


class Maths(Protocol):
    """The functions that formulas need beside Python's operators."""

    def sqrt(self, x: Value) -> Value:
        """The square root."""

    def rsqrt(self, x: Value) -> Value:
        """One over the square root."""

    def square(self, x: Value) -> Value:
        """The square."""

    def abs(self, x: Value) -> Value:
        """The magnitude."""

    def sign(self, x: Value) -> Value:
        """-1, 0 or 1."""

    def exp(self, x: Value) -> Value:
        """The exponential."""

    def maximum(self, x: Value, y: Value) -> Value:
        """The larger of both."""

    def positive(self, x: Value) -> Value:
        """The larger of `x` and 0."""

    def root(self, x: Value, power: Value) -> Value:
        """`x ** -power`; a square root, which is cheaper, where the power is known to be -0.5."""

    def keep(self, condition: Value, x: Value) -> Value:
        """`x` where the condition holds, else 0."""

    def like(self, x: Value, y: Value) -> Value:
        """`x` with the dtype of `y`."""


class _Graph:
    """`Maths` on tensors: each function adds an operation."""

    def sqrt(self, x: Value) -> Value:
        return apply("Sqrt", x)

    def rsqrt(self, x: Value) -> Value:
        return apply("Rsqrt", x)

    def square(self, x: Value) -> Value:
        return apply("Square", x)

    def abs(self, x: Value) -> Value:
        return apply("Abs", x)

    def sign(self, x: Value) -> Value:
        return apply("Sign", x)

    def exp(self, x: Value) -> Value:
        return apply("Exp", x)

    def maximum(self, x: Value, y: Value) -> Value:
        return apply("Maximum", x, y)

    def positive(self, x: Value) -> Value:
        return apply("Relu", x)

    def root(self, x: Value, power: Value) -> Value:
        known = constant_value(power)
        if known is not None and known == -0.5:
            return self.sqrt(x)
        return apply("Pow", x, apply("Neg", power))

    def keep(self, condition: Value, x: Value) -> Value:
        return apply("Select", condition, x, apply("ZerosLike", x))

    def like(self, x: Value, y: Value) -> Value:
        dtype: DType = y.dtype.base_dtype
        return apply("Cast", x, DstT=dtype)


class _Arrays:
    """`Maths` on arrays of the namespace `xp`."""

    def __init__(self, xp: Any) -> None:
        self.sqrt, self.square, self.exp = xp.sqrt, xp.square, xp.exp
        self.abs, self.sign, self.maximum = xp.abs, xp.sign, xp.maximum
        self._xp = xp

    def rsqrt(self, x: Value) -> Value:
        return 1 / self.sqrt(x)

    def positive(self, x: Value) -> Value:
        return self.maximum(x, self._xp.zeros_like(x))

    def root(self, x: Value, power: Value) -> Value:
        if isinstance(power, (np.ndarray, np.generic)) and power == -0.5:
            return self.sqrt(x)
        return self._xp.power(x, -power)

    def keep(self, condition: Value, x: Value) -> Value:
        return self._xp.where(condition, x, self._xp.zeros_like(x))

    def like(self, x: Value, y: Value) -> Value:
        return self._xp.asarray(x).astype(y.dtype)


GRAPH: Maths = _Graph()
arrays: Callable[[Any], Maths] = cache(_Arrays)
Formula = Callable[..., New]


def gradient_descent(f: Maths, var: Value, alpha: Value, grad: Value) -> New:
    """Steepest descent: `var - alpha * grad`."""
    return (var - grad * alpha,)


def momentum(
    f: Maths,
    var: Value,
    accum: Value,
    lr: Value,
    grad: Value,
    momentum: Value,
    use_nesterov: bool,
) -> New:
    """Momentum (Polyak 1964); `use_nesterov` as in Sutskever et al. 2013, section 2.

    The velocity is not scaled by the rate: `accum = momentum * accum + grad`.
    """
    accum = accum * momentum + grad
    if use_nesterov:
        return var - (grad * lr + accum * momentum * lr), accum
    return var - accum * lr, accum


def keras_momentum(
    f: Maths,
    var: Value,
    accum: Value,
    lr: Value,
    grad: Value,
    momentum: Value,
    use_nesterov: bool,
) -> New:
    """Momentum whose velocity holds the rate: `accum = momentum * accum - lr * grad`."""
    step = grad * lr
    accum = accum * momentum - step
    if use_nesterov:
        return var + (accum * momentum - step), accum
    return var + accum, accum


def adam(
    f: Maths,
    var: Value,
    m: Value,
    v: Value,
    beta1_power: Value,
    beta2_power: Value,
    lr: Value,
    beta1: Value,
    beta2: Value,
    epsilon: Value,
    grad: Value,
    use_nesterov: bool,
) -> New:
    """Adam (Kingma and Ba 2015, end of section 2, where epsilon stands beside the root).

    `use_nesterov` looks one step ahead as in Dozat 2016.
    """
    alpha = lr * f.sqrt(1 - beta2_power) / (1 - beta1_power)
    m = m + (grad - m) * (1 - beta1)
    v = v + (f.square(grad) - v) * (1 - beta2)
    ahead = grad * (1 - beta1) + beta1 * m if use_nesterov else m
    return var - (ahead * alpha) / (f.sqrt(v) + epsilon), m, v


def adam_with_amsgrad(
    f: Maths,
    var: Value,
    m: Value,
    v: Value,
    vhat: Value,
    beta1_power: Value,
    beta2_power: Value,
    lr: Value,
    beta1: Value,
    beta2: Value,
    epsilon: Value,
    grad: Value,
) -> New:
    """Adam with the largest second moment so far (Reddi et al. 2018, algorithm 2)."""
    alpha = lr * f.sqrt(1 - beta2_power) / (1 - beta1_power)
    m = m + (grad - m) * (1 - beta1)
    v = v + (f.square(grad) - v) * (1 - beta2)
    vhat = f.maximum(vhat, v)
    return var - (m * alpha) / (f.sqrt(vhat) + epsilon), m, v, vhat


def adamax(
    f: Maths,
    var: Value,
    m: Value,
    v: Value,
    beta1_power: Value,
    lr: Value,
    beta1: Value,
    beta2: Value,
    epsilon: Value,
    grad: Value,
) -> New:
    """AdaMax (Kingma and Ba 2015, section 7.1): Adam with the infinity norm."""
    m = m + (grad - m) * (1 - beta1)
    v = f.maximum(beta2 * v, f.abs(grad))
    return var - lr / (1 - beta1_power) * (m / (v + epsilon)), m, v


def rms_prop(
    f: Maths,
    var: Value,
    ms: Value,
    mom: Value,
    lr: Value,
    rho: Value,
    momentum: Value,
    epsilon: Value,
    grad: Value,
) -> New:
    """RMSProp with momentum (Tieleman and Hinton 2012, lecture 6e); epsilon below the root."""
    ms = ms + (f.square(grad) - ms) * (1 - rho)
    mom = mom * momentum + (grad * lr) / f.sqrt(ms + epsilon)
    return var - mom, ms, mom


def centered_rms_prop(
    f: Maths,
    var: Value,
    mg: Value,
    ms: Value,
    mom: Value,
    lr: Value,
    rho: Value,
    momentum: Value,
    epsilon: Value,
    grad: Value,
) -> New:
    """RMSProp by the variance of the gradient (Graves 2013, equations 38 to 45)."""
    ms = ms + (f.square(grad) - ms) * (1 - rho)
    mg = mg + (grad - mg) * (1 - rho)
    mom = mom * momentum + (grad * lr) / f.sqrt((ms - f.square(mg)) + epsilon)
    return var - mom, mg, ms, mom


def adagrad(f: Maths, var: Value, accum: Value, lr: Value, grad: Value, update_slots: bool) -> New:
    """Adagrad (Duchi, Hazan, Singer 2011), with a diagonal matrix."""
    if update_slots:
        accum = accum + f.square(grad)
    return var - grad * lr * f.rsqrt(accum), accum


def adagrad_v2(
    f: Maths,
    var: Value,
    accum: Value,
    lr: Value,
    epsilon: Value,
    grad: Value,
    update_slots: bool,
) -> New:
    """Adagrad with epsilon added to the root of the accumulator."""
    if update_slots:
        accum = accum + f.square(grad)
    return var - grad * lr / (f.sqrt(accum) + epsilon), accum


def adadelta(
    f: Maths,
    var: Value,
    accum: Value,
    accum_update: Value,
    lr: Value,
    rho: Value,
    epsilon: Value,
    grad: Value,
) -> New:
    """Adadelta (Zeiler 2012, algorithm 1), with a rate on top."""
    accum = accum * rho + f.square(grad) * (1 - rho)
    update = f.sqrt(accum_update + epsilon) * f.rsqrt(accum + epsilon) * grad
    accum_update = accum_update * rho + f.square(update) * (1 - rho)
    return var - update * lr, accum, accum_update


def ftrl(
    f: Maths,
    var: Value,
    accum: Value,
    linear: Value,
    grad: Value,
    lr: Value,
    l1: Value,
    l2: Value,
    lr_power: Value,
) -> New:
    """FTRL-Proximal (McMahan et al. 2013, algorithm 1), for any power of the accumulator."""
    return _ftrl(f, var, accum, linear, grad, grad, lr, l1, l2, lr_power)


def ftrl_v2(
    f: Maths,
    var: Value,
    accum: Value,
    linear: Value,
    grad: Value,
    lr: Value,
    l1: Value,
    l2: Value,
    l2_shrinkage: Value,
    lr_power: Value,
) -> New:
    """FTRL-Proximal with an L2 penalty on the gradient's magnitude as well ("shrinkage")."""
    shrunk = grad + 2 * l2_shrinkage * var
    return _ftrl(f, var, accum, linear, grad, shrunk, lr, l1, l2, lr_power)


def _ftrl(
    f: Maths,
    var: Value,
    accum: Value,
    linear: Value,
    grad: Value,
    pull: Value,
    lr: Value,
    l1: Value,
    l2: Value,
    lr_power: Value,
) -> New:
    new_accum = accum + f.square(grad)
    root = f.root(new_accum, lr_power)
    linear = linear + (pull - (root - f.root(accum, lr_power)) / lr * var)
    shrunk = (l1 * f.sign(linear) - linear) / (root / lr + 2 * l2)
    return f.keep(f.abs(linear) > l1, shrunk), new_accum, linear


def _proximal(f: Maths, step: Value, rate: Value, l1: Value, l2: Value) -> Value:
    """The minimum of `|x - step|**2 / 2 + rate * (l1 * |x| + l2 / 2 * x**2)`.

    A negative `l1` counts as none.
    """
    shrunk = f.sign(step) * f.positive(f.abs(step) - rate * f.positive(l1))
    return shrunk / (1 + l2 * rate)


def proximal_gradient_descent(
    f: Maths, var: Value, alpha: Value, l1: Value, l2: Value, grad: Value
) -> New:
    """Forward-backward splitting (Duchi and Singer 2009, section 4)."""
    return (_proximal(f, var - grad * alpha, alpha, l1, l2),)


def proximal_adagrad(
    f: Maths, var: Value, accum: Value, lr: Value, l1: Value, l2: Value, grad: Value
) -> New:
    """Forward-backward splitting (Duchi and Singer 2009) with Adagrad's rates."""
    accum = accum + f.square(grad)
    rate = lr * f.rsqrt(accum)
    return _proximal(f, var - grad * rate, rate, l1, l2), accum


def adagrad_da(
    f: Maths,
    var: Value,
    gradient_accumulator: Value,
    gradient_squared_accumulator: Value,
    grad: Value,
    lr: Value,
    l1: Value,
    l2: Value,
    global_step: Value,
) -> New:
    """Adagrad by dual averaging (Duchi, Hazan, Singer 2011, section 5.1).

    The new value follows from the sums of gradients alone, not from the old value.
    """
    total = gradient_accumulator + grad
    squares = gradient_squared_accumulator + f.square(grad)
    steps = f.like(global_step, total)
    shrunk = f.sign(total) * f.positive(f.abs(total) - steps * f.positive(l1))
    return -lr * shrunk / (l2 * (steps * lr) + f.sqrt(squares)), total, squares


def add_sign(
    f: Maths,
    var: Value,
    m: Value,
    lr: Value,
    alpha: Value,
    sign_decay: Value,
    beta: Value,
    grad: Value,
) -> New:
    """AddSign (Bello et al. 2017): longer steps where gradient and its mean agree in sign."""
    m = m * beta + grad * (1 - beta)
    agreement = f.sign(grad) * f.sign(m)
    return var - lr * (alpha + sign_decay * agreement) * grad, m


def power_sign(
    f: Maths,
    var: Value,
    m: Value,
    lr: Value,
    logbase: Value,
    sign_decay: Value,
    beta: Value,
    grad: Value,
) -> New:
    """PowerSign (Bello et al. 2017): the step scaled by a power of the signs' agreement."""
    m = m * beta + grad * (1 - beta)
    agreement = f.sign(grad) * f.sign(m)
    return var - lr * f.exp(logbase * sign_decay * agreement) * grad, m
