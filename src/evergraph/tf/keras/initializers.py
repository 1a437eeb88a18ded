"""`tf.keras.initializers`: the initializers by Keras's names and with Keras's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.dtypes import float32
from .. import init_ops
from ..init_ops import (
    Constant,
    GlorotNormal,
    GlorotUniform,
    Identity,
    Initializer,
    Ones,
    Orthogonal,
    VarianceScaling,
    Zeros,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
)
from . import lookup

__all__ = [
    "Constant",
    "Identity",
    "Initializer",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "uniform",
    "zeros",
]


class RandomUniform(init_ops.RandomUniform):
    """Uniform in [minval, maxval)."""

    def __init__(
        self,
        minval: Any = -0.05,
        maxval: Any = 0.05,
        seed: int | None = None,
        dtype: Any = float32,
    ) -> None:
        super().__init__(minval, maxval, seed, dtype)


class RandomNormal(init_ops.RandomNormal):
    """Normally distributed."""

    def __init__(
        self, mean: Any = 0.0, stddev: Any = 0.05, seed: int | None = None, dtype: Any = float32
    ) -> None:
        super().__init__(mean, stddev, seed, dtype)


class TruncatedNormal(init_ops.TruncatedNormal):
    """Normally distributed; numbers beyond two standard deviations are drawn again."""

    def __init__(
        self, mean: Any = 0.0, stddev: Any = 0.05, seed: int | None = None, dtype: Any = float32
    ) -> None:
        super().__init__(mean, stddev, seed, dtype)


zero = zeros = Zeros
one = ones = Ones
constant = Constant
uniform = random_uniform = RandomUniform
normal = random_normal = RandomNormal
truncated_normal = TruncatedNormal
identity = Identity
orthogonal = Orthogonal
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform

_FUNCTIONS = (he_normal, he_uniform, lecun_normal, lecun_uniform)
_KNOWN = {
    name: value
    for name, value in globals().items()
    if isinstance(value, type) and issubclass(value, Initializer)
} | {f.__name__: f for f in _FUNCTIONS}


def serialize(initializer: Any) -> Any:
    """The name or configuration of an initializer."""
    return lookup.serialize(initializer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The initializer of a name or configuration; ValueError if there is none."""
    found = lookup.deserialize(config, _KNOWN, custom_objects, "initializer")
    return found() if found in _FUNCTIONS else found


def get(identifier: Any) -> Any:
    """The initializer that `identifier` names or is; None for None."""
    if identifier is None or callable(identifier):
        return identifier
    if not isinstance(identifier, (str, Mapping)):
        raise ValueError(f"Could not interpret initializer identifier: {identifier}")
    return deserialize(identifier)
