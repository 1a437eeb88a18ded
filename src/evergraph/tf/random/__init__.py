"""`tf.random`: what only this namespace has; the rest is in `random_ops`."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import as_dtype, float32, int64
from ...core.emit import apply
from ...core.tensor import Tensor
from ..framework import convert_to_tensor, name_scope
from ..random_ops import UNIFORM_TYPES, categorical, shape_tensor

__all__ = [
    "categorical",
    "stateless_categorical",
    "stateless_multinomial",
    "stateless_normal",
    "stateless_truncated_normal",
    "stateless_uniform",
]


def __getattr__(name: str) -> Any:
    from .. import namespaces

    return namespaces.resolve("tf.random", name)


def stateless_uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    name: Any = None,
) -> Tensor:
    """Values in [minval, maxval) that follow from `seed`, two integers, alone."""
    kind = as_dtype(dtype)
    if kind.name not in UNIFORM_TYPES:
        raise ValueError(f"Invalid dtype {kind!r}")
    if maxval is None:
        if kind.is_integer:
            raise ValueError(f"Must specify maxval for integer dtype {kind!r}")
        maxval = 1
    with name_scope(name, "stateless_random_uniform", [shape, seed, minval, maxval]) as scope:
        dims = shape_tensor(shape)
        low: Any = convert_to_tensor(minval, kind, "min")
        high: Any = convert_to_tensor(maxval, kind, "max")
        if kind.is_integer:
            return apply("StatelessRandomUniformInt", dims, seed, low, high, name=scope)  # type: ignore[no-any-return]
        values = apply("StatelessRandomUniform", dims, seed, dtype=kind)
        return apply("Add", values * (high - low), low, name=scope)  # type: ignore[no-any-return]


def _scaled(
    op_type: str, scope: str, shape: Any, seed: Any, mean: Any, stddev: Any, dtype: Any, name: Any
) -> Tensor:
    kind = as_dtype(dtype)
    with name_scope(name, scope, [shape, seed, mean, stddev]) as full:
        dims = shape_tensor(shape)
        center = convert_to_tensor(mean, kind, "mean")
        scale = convert_to_tensor(stddev, kind, "stddev")
        values = apply(op_type, dims, seed, dtype=kind)
        return apply("Add", values * scale, center, name=full)  # type: ignore[no-any-return]


def stateless_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    name: Any = None,
) -> Tensor:
    """Normally distributed values that follow from `seed`, two integers, alone."""
    op_type, scope = "StatelessRandomNormal", "stateless_random_normal"
    return _scaled(op_type, scope, shape, seed, mean, stddev, dtype, name)


def stateless_truncated_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    name: Any = None,
) -> Tensor:
    """As `stateless_normal`; values beyond two standard deviations are drawn again."""
    op_type, scope = "StatelessTruncatedNormal", "stateless_truncated_normal"
    return _scaled(op_type, scope, shape, seed, mean, stddev, dtype, name)


def _drawn(scope: str, logits: Any, number: Any, seed: Any, dtype: Any, name: Any) -> Tensor:
    with name_scope(name, scope, [logits, seed]):
        scores = convert_to_tensor(logits, name="logits")
        return apply("StatelessMultinomial", scores, number, seed, output_dtype=as_dtype(dtype))  # type: ignore[no-any-return]


def stateless_multinomial(
    logits: Any, num_samples: Any, seed: Any, output_dtype: Any = int64, name: Any = None
) -> Tensor:
    """Classes drawn by unnormalised log-probabilities; they follow from `seed` alone."""
    return _drawn("stateless_multinomial", logits, num_samples, seed, output_dtype, name)


def stateless_categorical(
    logits: Any, num_samples: Any, seed: Any, dtype: Any = int64, name: Any = None
) -> Tensor:
    """Classes drawn by unnormalised log-probabilities; they follow from `seed` alone."""
    return _drawn("stateless_categorical", logits, num_samples, seed, dtype, name)
