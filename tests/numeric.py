"""Gradients against difference quotients along random directions; shared by several tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from evergraph import tf
from evergraph.core.emit import apply
from evergraph.core.tensor import Tensor


def slope(
    session: Any,
    y: Tensor,
    feeds: dict[Tensor, Any],
    x: Tensor,
    direction: np.ndarray[Any, Any],
    step: float = 1e-5,
) -> float:
    """The derivative of a scalar `y` along a direction of `x`, by a difference."""
    low, high = (session.run(y, {**feeds, x: feeds[x] + s * step * direction}) for s in (-1, 1))
    return float((high - low) / (2 * step))


def check_gradient(
    session: Any,
    y: Tensor,
    gradient: Any,
    feeds: dict[Tensor, Any],
    x: Tensor,
    symmetric: bool = False,
    single: bool = False,
) -> None:
    """Compares the gradient of a scalar `y` by `x` with differences along two directions.

    The feeds are best float64. `symmetric`: `x` holds symmetric matrices, so directions do too.
    `single`: values are float32, so that steps must be larger and less is asked for.
    """
    step, error = (1e-3, 5e-3) if single else (1e-5, 1e-5)
    value = session.run(tf.convert_to_tensor(gradient), feeds)
    assert value.shape == np.shape(feeds[x])
    for seed in (1, 2):
        direction = np.random.RandomState(seed).randn(*np.shape(feeds[x]))
        if symmetric:
            direction = direction + np.swapaxes(direction, -1, -2)
        numeric = slope(session, y, feeds, x, direction, step)
        got = np.sum(value * direction)
        np.testing.assert_allclose(got, numeric, rtol=error, atol=error if single else 1e-6)


def weighted(outputs: list[Tensor], seed: int) -> Tensor:
    """A sum of the float outputs with different weights."""
    terms = []
    for y in outputs:
        if y.dtype.is_floating:
            flat = tf.reshape(y, [-1])
            angle = apply("Cast", tf.range(tf.size(y)), DstT=y.dtype) * 0.7 + float(seed)
            terms.append(apply("Sum", flat * apply("Cos", angle), [0]))
    return apply("AddN", terms)  # type: ignore[no-any-return]


def check_function(
    f: Callable[..., Any], *values: Any, order: int = 2, symmetric: bool = False
) -> None:
    """Checks the gradients of `f(*placeholders)` at some values, to the first or second order.

    `f` gives a tensor or a list of them. Floats are taken in double precision; other values are
    constants.
    """
    with tf.Graph().as_default(), tf.Session() as session:
        args: list[Any] = []
        feeds: dict[Tensor, Any] = {}
        for v in map(np.asarray, values):
            if v.dtype.kind != "f":
                args.append(tf.constant(v))
                continue
            args.append(tf.placeholder(tf.float64, v.shape))
            feeds[args[-1]] = v.astype(np.float64)
        got = f(*args)
        y = weighted(list(got) if isinstance(got, (list, tuple)) else [got], 0)
        for step in range(order):
            grads = tf.gradients(y, list(feeds))
            for x, g in zip(feeds, grads, strict=True):
                if g is not None:
                    check_gradient(session, y, g, feeds, x, symmetric)
            connected = [tf.convert_to_tensor(g) for g in grads if g is not None]
            if not connected:
                return
            y = weighted(connected, step + 1)
