"""Random ops without state: their values follow from the seed that they are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape
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

_SCRAMBLER = 0x02461E293EC8F720  # the key under which TensorFlow mixes the two seeds


def stream_of(seed: Any) -> tuple[int, int]:
    """The Philox key and first counter of a seed of two numbers."""
    pair = ints(seed)
    if len(pair) != 2:
        raise ValueError(f"seed must have shape [2], not {np.shape(seed)}")
    start = (pair[0] & MASK64) | (pair[1] & MASK64) << 64
    mix = [int(w) for w in random_bits(_SCRAMBLER, start, 4)]
    return mix[0] | mix[1] << 32, (mix[2] | mix[3] << 32) << 64


def _size(shape: Array) -> tuple[list[int], int]:
    dims = ints(shape)
    return dims, int(np.prod(dims, dtype=np.int64))


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
        shape=shape_operand(0),
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
    shape=shape_operand(0),
    kernel=_integers,
    grad=NO_GRADIENT,
)


def _multinomial_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    number, logits = values[1], shapes[0]
    rows = None if logits is None else logits[0]
    return [(rows, None if number is None else scalar(number))]


def _multinomial(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    key, counter = stream_of(inputs[2])
    drawn = multinomial_values(key, counter, np.asarray(inputs[0]), scalar(inputs[1]))
    return drawn.astype(np_dtype(attrs, "output_dtype"))


define(
    "StatelessMultinomial",
    "logits:T num_samples:int32 seed:Tseed -> output:output_dtype",
    "T:type{real}; Tseed:type{index}=int64; output_dtype:type{index}=int64",
    shape=_multinomial_shape,
    kernel=_multinomial,
    grad=NO_GRADIENT,
)
