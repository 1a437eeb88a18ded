"""Initializers of `tf.contrib.layers`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ....core.dtypes import as_dtype, float32
from ... import random_ops

__all__ = ["variance_scaling_initializer", "xavier_initializer", "xavier_initializer_conv2d"]


def xavier_initializer(
    uniform: bool = True, seed: int | None = None, dtype: Any = float32
) -> Callable[..., Any]:
    """Uniform or truncated normal with variance 1 / mean(inputs, outputs) (Glorot, Bengio)."""
    return variance_scaling_initializer(
        factor=1.0, mode="FAN_AVG", uniform=uniform, seed=seed, dtype=dtype
    )


xavier_initializer_conv2d = xavier_initializer


def variance_scaling_initializer(
    factor: float = 2.0,
    mode: str = "FAN_IN",
    uniform: bool = False,
    seed: int | None = None,
    dtype: Any = float32,
) -> Callable[..., Any]:
    """Random with variance `factor / n`, n by `mode` FAN_IN, FAN_OUT or FAN_AVG.

    The truncated normal distribution (without `uniform`) is widened by sqrt(1.3) for what its
    truncation takes. Raises TypeError for other modes and for dtypes that are no floats.
    """
    dtype = as_dtype(dtype)
    _check_floating(dtype)
    if mode not in ("FAN_IN", "FAN_OUT", "FAN_AVG"):
        raise TypeError(f"Unknown mode {mode} [FAN_IN, FAN_OUT, FAN_AVG]")

    def _initializer(shape: Any, dtype: Any = dtype, partition_info: Any = None) -> Any:
        _check_floating(as_dtype(dtype))
        fan_in, fan_out = _fans([float(d) for d in shape])
        n = {"FAN_IN": fan_in, "FAN_OUT": fan_out, "FAN_AVG": (fan_in + fan_out) / 2.0}[mode]
        if uniform:
            limit = math.sqrt(3.0 * factor / n)
            return random_ops.random_uniform(shape, -limit, limit, dtype, seed=seed)
        return random_ops.truncated_normal(
            shape, 0.0, math.sqrt(1.3 * factor / n), dtype, seed=seed
        )

    return _initializer


def _check_floating(dtype: Any) -> None:
    if not dtype.is_floating:
        raise TypeError("Cannot create initializer for non-floating point type.")


def _fans(shape: Sequence[float]) -> tuple[float, float]:
    if not shape:
        return 1.0, 1.0
    field = math.prod(shape[:-2])
    fan_in = shape[-2] if len(shape) > 1 else shape[-1]
    return fan_in * field, shape[-1] * field
