"""Random ops without state: their values follow from the seed that they are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from ..core.allocation import allocatable
from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, merge, show, with_rank
from .array import shape_operand
from .operands import ints, np_dtype, scalar
from .philox_bits import MASK64, random_bits
from .philox_values import (
    multinomial_values,
    normal_values,
    truncated_normal_values,
    uniform_int_values,
    uniform_values,
)
from .random import extents

_SCRAMBLER = 0x02461E293EC8F720  # the key under which TensorFlow mixes the two seeds


def stream_of(seed: Any) -> tuple[int, int]:
    """The Philox key and first counter of a seed of two numbers."""
    pair = ints(seed)
    if len(pair) != 2:
        raise ValueError(f"seed must have shape [2], not {np.shape(seed)}")
    start = (pair[0] & MASK64) | (pair[1] & MASK64) << 64
    mix = [int(w) for w in random_bits(_SCRAMBLER, start, 4)]
    return mix[0] | mix[1] << 32, (mix[2] | mix[3] << 32) << 64


def _seeded(seed: int, rule: Any, scalars: Sequence[int] = ()) -> Callable[..., list[Shape]]:
    """A shape rule that also wants two numbers from operand `seed`, and scalars."""

    def checked(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        try:
            merge(shapes[seed], (2,))
        except ValueError:
            raise ValueError(f"seed must have shape [2], not {show(shapes[seed])}") from None
        for place in scalars:
            with_rank(shapes[place], 0)
        out: list[Shape] = rule(shapes, attrs, values)
        return out

    return checked


def _size(shape: Array) -> tuple[list[int], int]:
    dims = allocatable(extents(shape), np.float64, arrays=3)
    return list(dims), prod(dims)


def _floats(draw: Callable[..., Array]) -> Callable[..., Array]:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        dims, size = _size(inputs[0])
        return draw(*stream_of(inputs[1]), size, np_dtype(attrs)).reshape(dims)

    return kernel


for _name, _draw in (
    ("StatelessRandomUniform", uniform_values),
    ("StatelessRandomNormal", normal_values),
    ("StatelessTruncatedNormal", truncated_normal_values),
):
    define(
        _name,
        "shape:T seed:Tseed -> output:dtype",
        "dtype:type{float}=float32; T:type{index}=int32; Tseed:type{index}=int64",
        shape=_seeded(1, shape_operand(0)),
        kernel=_floats(_draw),
        grad=NO_GRADIENT,
    )


def _integers(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    dims, size = _size(inputs[0])
    low, high = scalar(inputs[2]), scalar(inputs[3])
    if low >= high:
        raise ValueError(f"Need minval < maxval, got {low} >= {high}")
    values = uniform_int_values(*stream_of(inputs[1]), size, low, high, np_dtype(attrs))
    return values.reshape(dims)


define(
    "StatelessRandomUniformInt",
    "shape:T seed:Tseed minval:dtype maxval:dtype -> output:dtype",
    "dtype:type{index}; T:type{index}; Tseed:type{index}=int64",
    shape=_seeded(1, shape_operand(0), (2, 3)),
    kernel=_integers,
    grad=NO_GRADIENT,
)


def _multinomial_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    number, rows = values[1], with_rank(shapes[0], 2)[0]
    with_rank(shapes[1], 0)
    if number is not None and scalar(number) < 0:
        raise ValueError(f"num_samples must not be negative, got {scalar(number)}")
    return [(rows, None if number is None else scalar(number))]


def _multinomial(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    key, counter = stream_of(inputs[2])
    logits, number = np.asarray(inputs[0]), scalar(inputs[1])
    if logits.ndim != 2 or not logits.shape[1]:
        raise ValueError(f"logits should be a matrix with classes, got {list(logits.shape)}")
    if number < 0:
        raise ValueError(f"num_samples should be nonnegative, got {number}")
    drawn = multinomial_values(key, counter, logits, number)
    return drawn.astype(np_dtype(attrs, "output_dtype"))


define(
    "StatelessMultinomial",
    "logits:T num_samples:int32 seed:Tseed -> output:output_dtype",
    "T:type{real}; Tseed:type{index}=int64; output_dtype:type{index}=int64",
    shape=_seeded(2, _multinomial_shape),
    kernel=_multinomial,
    grad=NO_GRADIENT,
)
