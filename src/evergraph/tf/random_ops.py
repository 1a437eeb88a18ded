"""Random tensors; with seeds, the streams of TensorFlow's CPU kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dtypes import DType, as_dtype, float32, int32
from ..core.emit import apply
from ..core.graph import get_default_graph
from ..core.tensor import Tensor
from ..core.tensor_shape import dimension_value
from ..ops.seeds import get_seed
from . import array_ops, check_ops
from .control_flow_ops import with_dependencies
from .framework import convert_to_tensor, name_scope

__all__ = [
    "multinomial",
    "random_crop",
    "random_gamma",
    "random_normal",
    "random_poisson",
    "random_shuffle",
    "random_uniform",
    "set_random_seed",
    "truncated_normal",
]

UNIFORM_TYPES = ("float16", "bfloat16", "float32", "float64", "int32", "int64")


def set_random_seed(seed: Any) -> None:
    """Sets the seed of the default graph, from which its random operations get theirs.

    An operation without a seed of its own takes the number of operations made before it, so a
    graph that is built alike draws alike.
    """
    get_default_graph().seed = seed


def seed_attrs(seed: int | None) -> dict[str, Any]:
    """The seed attributes of a random op that is made now."""
    first, second = get_seed(seed)
    return {"seed": first or 0, "seed2": second or 0}


def shape_tensor(shape: Any) -> Tensor:
    """A shape as an integer tensor named `shape`."""
    dtype = None
    if isinstance(shape, (tuple, list)):
        shape = tuple(dimension_value(d) for d in shape)
        dtype = None if shape else int32
    return convert_to_tensor(shape, dtype, "shape")


def _scaled(
    op_type: str, scope: str, shape: Any, mean: Any, stddev: Any, dtype: Any, seed: Any, name: Any
) -> Tensor:
    kind = as_dtype(dtype)
    with name_scope(name, scope, [shape, mean, stddev]) as full:
        dims = shape_tensor(shape)
        center = convert_to_tensor(mean, kind, "mean")
        scale = convert_to_tensor(stddev, kind, "stddev")
        values = apply(op_type, dims, dtype=kind, **seed_attrs(seed))
        return apply("Add", values * scale, center, name=full)  # type: ignore[no-any-return]


def random_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: Any = None,
    name: Any = None,
) -> Tensor:
    """Normally distributed values of this shape."""
    op_type = "RandomStandardNormal"
    return _scaled(op_type, "random_normal", shape, mean, stddev, dtype, seed, name)


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: Any = None,
    name: Any = None,
) -> Tensor:
    """Normally distributed values; those beyond two standard deviations are drawn again."""
    op_type = "TruncatedNormal"
    return _scaled(op_type, "truncated_normal", shape, mean, stddev, dtype, seed, name)


def parameterized_truncated_normal(
    shape: Any,
    means: Any = 0.0,
    stddevs: Any = 1.0,
    minvals: Any = -2.0,
    maxvals: Any = 2.0,
    dtype: Any = float32,
    seed: Any = None,
    name: Any = None,
) -> Tensor:
    """Normally distributed values between bounds; parameters are scalars, or one a row."""
    kind = as_dtype(dtype)
    values = (("means", means), ("stddevs", stddevs), ("minvals", minvals), ("maxvals", maxvals))
    scope = "parameterized_truncated_normal"
    with name_scope(name, scope, [shape, *(v for _, v in values)]):
        dims = shape_tensor(shape)
        parts = [convert_to_tensor(v, kind, n) for n, v in values]
        return apply("ParameterizedTruncatedNormal", dims, *parts, **seed_attrs(seed))  # type: ignore[no-any-return]


def random_uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    seed: Any = None,
    name: Any = None,
) -> Tensor:
    """Values evenly distributed in [minval, maxval); for integers `maxval` must be given."""
    kind = as_dtype(dtype)
    if kind.name not in UNIFORM_TYPES:
        raise ValueError(f"Invalid dtype {kind!r}")
    if maxval is None:
        if kind.is_integer:
            raise ValueError(f"Must specify maxval for integer dtype {kind!r}")
        maxval = 1
    with name_scope(name, "random_uniform", [shape, minval, maxval]) as scope:
        dims = shape_tensor(shape)
        low: Any = convert_to_tensor(minval, kind, "min")
        high: Any = convert_to_tensor(maxval, kind, "max")
        seeds = seed_attrs(seed)
        if kind.is_integer:
            return apply("RandomUniformInt", dims, low, high, name=scope, **seeds)  # type: ignore[no-any-return]
        values = apply("RandomUniform", dims, dtype=kind, **seeds)
        return apply("Add", values * (high - low), low, name=scope)  # type: ignore[no-any-return]


def random_shuffle(value: Any, seed: Any = None, name: Any = None) -> Tensor:
    """The rows of `value` in random order."""
    return apply("RandomShuffle", value, name=name, **seed_attrs(seed))  # type: ignore[no-any-return]


def random_crop(value: Any, size: Any, seed: Any = None, name: Any = None) -> Tensor:
    """A part of `value` of this size, at a random place."""
    with name_scope(name, "random_crop", [value, size]) as scope:
        x = convert_to_tensor(value, name="value")
        wanted: Any = convert_to_tensor(size, int32, "size")
        dims: Any = array_ops.shape(x)
        enough = dims >= wanted
        text = ["Need value.shape >= size, got ", dims, wanted]
        check = check_ops.Assert(check_ops.all_of(enough), text, summarize=1000)
        dims = with_dependencies([check], dims)
        limit = dims - wanted + 1
        anywhere: Any = random_uniform(
            array_ops.shape(dims), dtype=wanted.dtype, maxval=wanted.dtype.max, seed=seed
        )
        return array_ops.slice(x, anywhere % limit, wanted, name=scope)


def _multinomial(logits: Any, num_samples: Any, dtype: Any, seed: Any) -> Tensor:
    scores = convert_to_tensor(logits, name="logits")
    kind: dict[str, Any] = {} if dtype is None else {"output_dtype": as_dtype(dtype)}
    return apply("Multinomial", scores, num_samples, **kind, **seed_attrs(seed))  # type: ignore[no-any-return]


def multinomial(
    logits: Any, num_samples: Any, seed: Any = None, name: Any = None, output_dtype: Any = None
) -> Tensor:
    """Classes drawn by unnormalised log-probabilities: [batch, classes] to [batch, num_samples]."""
    with name_scope(name, "multinomial", [logits]):
        return _multinomial(logits, num_samples, output_dtype, seed)


def categorical(
    logits: Any, num_samples: Any, dtype: Any = None, seed: Any = None, name: Any = None
) -> Tensor:
    """Classes drawn by unnormalised log-probabilities: [batch, classes] to [batch, num_samples]."""
    with name_scope(name, "categorical", [logits]):
        return _multinomial(logits, num_samples, dtype, seed)


def random_gamma(
    shape: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = float32,
    seed: Any = None,
    name: Any = None,
) -> Tensor:
    """Values of the gamma distributions with these parameters: shape + parameters' shape."""
    kind: DType = as_dtype(dtype)
    with name_scope(name, "random_gamma", [shape, alpha, beta]):
        dims = convert_to_tensor(shape, int32, "shape")
        form: Any = convert_to_tensor(alpha, kind, "alpha")
        rate: Any = convert_to_tensor(1 if beta is None else beta, kind, "beta")
        form = form + array_ops.zeros_like(rate)
        values = apply("RandomGamma", dims, form, **seed_attrs(seed))
        least = np.finfo(kind.np_dtype).tiny
        return apply("Maximum", least, values / rate)  # type: ignore[no-any-return]


def random_poisson(
    lam: Any, shape: Any, dtype: Any = float32, seed: Any = None, name: Any = None
) -> Tensor:
    """Values of the Poisson distributions with these rates: shape + rates' shape."""
    with name_scope(name, "random_poisson", [lam, shape]):
        dims = convert_to_tensor(shape, int32, "shape")
        return apply("RandomPoissonV2", dims, lam, dtype=as_dtype(dtype), **seed_attrs(seed))  # type: ignore[no-any-return]


def random_poisson_v2(
    shape: Any, lam: Any, dtype: Any = float32, seed: Any = None, name: Any = None
) -> Tensor:
    """`random_poisson` with the shape first."""
    return random_poisson(lam, shape, dtype, seed, name)


def add_leading_unit_dimensions(x: Any, num_dimensions: Any) -> Tensor:
    """`x` with so many axes of 1 in front of its own."""
    ones = array_ops.ones([num_dimensions], dtype=int32)
    return array_ops.reshape(x, array_ops.concat([ones, array_ops.shape(x)], axis=0))
