"""`tf.contrib.stateless`: the stateless random ops by their first names."""

from __future__ import annotations

from ..random import (
    stateless_categorical,
    stateless_multinomial,
    stateless_normal,
    stateless_truncated_normal,
    stateless_uniform,
)

__all__ = [
    "stateless_categorical",
    "stateless_multinomial",
    "stateless_random_normal",
    "stateless_random_uniform",
    "stateless_truncated_normal",
]

stateless_random_normal = stateless_normal
stateless_random_uniform = stateless_uniform
