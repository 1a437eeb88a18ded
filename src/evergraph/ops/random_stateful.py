"""Random ops whose state is a variable: `tf.random.experimental.Generator`'s draws.

The state of the Philox algorithm is an int64 vector: counter (low and high half), then key. The
first version of the normal op has the algorithm's number in front of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, with_rank
from .array import shape_operand
from .operands import ints, np_dtype, scalar
from .philox_binomial import binomial_values, bounded_normal_values
from .philox_bits import MASK64, MASK128, random_bits
from .philox_values import (
    BLOCKS_PER_OUTPUT,
    normal_values,
    truncated_normal_values,
    uniform_int_values,
    uniform_values,
)
from .random import SEEDS, extents, generator

PHILOX = 1
_STATE_SIZE = 3
_INTEGERS = ("int32", "int64", "uint32", "uint64")


# -- the state ---------------------------------------------------------------------------------
def _checked_state(state: Array, skip: int) -> list[int]:
    if state.dtype != np.int64:
        raise ValueError(f"dtype of RNG state variable must be int64, not {state.dtype}")
    if state.ndim != 1:
        raise ValueError(f"RNG state must have one and only one dimension, not {state.ndim}")
    if state.size < skip + _STATE_SIZE:
        raise ValueError(
            "For the Philox algorithm, the size of state must be at least "
            f"{skip + _STATE_SIZE}; got {state.size}"
        )
    return ints(state[skip : skip + _STATE_SIZE])


def _checked_algorithm(value: Array) -> None:
    if np.ndim(value):
        raise ValueError(f"algorithm must have shape [], not {list(np.shape(value))}")
    if scalar(value) != PHILOX:
        raise ValueError(f"Unsupported algorithm id: {scalar(value)}")


def _stream(state: Array, skip: int = 0) -> tuple[int, int]:
    """The key and the counter of a state."""
    low, high, key = (v & MASK64 for v in _checked_state(state, skip))
    return key, low | high << 64


def _advanced(state: Array, blocks: int, skip: int = 0) -> Array:
    """The state after so many blocks."""
    _, counter = _stream(state, skip)
    counter = (counter + blocks) & MASK128
    words = np.array([counter & MASK64, counter >> 64], np.uint64).view(np.int64)
    return np.concatenate([state[:skip], words, state[skip + 2 :]])


# -- draws -------------------------------------------------------------------------------------
_Draw = Callable[[int, int, int, "np.dtype[Any]"], Array]


def _drawn(
    state: Array, dims: Sequence[int], dtype: np.dtype[Any], draw: _Draw, skip: int = 0
) -> tuple[Array, Array]:
    """The state after a draw, and the draw."""
    size = int(np.prod(dims, dtype=np.int64))
    key, counter = _stream(state, skip)
    values = draw(key, counter, size, dtype).reshape(dims)
    return _advanced(state, size * BLOCKS_PER_OUTPUT, skip), values


def _floats(draw: _Draw) -> Callable[..., tuple[Array, Array]]:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array]:
        state, algorithm, shape = inputs
        _checked_algorithm(algorithm)
        return _drawn(state, extents(shape), np_dtype(attrs), draw)

    return kernel


def _normal_with_own_algorithm(
    xp: Any, inputs: Sequence[Array], attrs: Attrs
) -> tuple[Array, Array]:
    state, shape = inputs
    if not state.size:
        raise ValueError("Size of tensor must be at least 1")
    _checked_algorithm(state[0])
    return _drawn(state, extents(shape), np_dtype(attrs), normal_values, skip=1)


def _integer_type(attrs: Attrs) -> np.dtype[Any]:
    if attrs["dtype"].name not in _INTEGERS:
        raise ValueError(f"Unsupported dtype: {attrs['dtype'].name}")
    return np_dtype(attrs)


def _integers(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array]:
    state, algorithm, shape, low, high = inputs
    _checked_algorithm(algorithm)
    for x, what in ((low, "minval"), (high, "maxval")):
        if np.ndim(x):
            raise ValueError(f"{what} must be 0-D, got shape {list(np.shape(x))}")
    start, stop = scalar(low), scalar(high)
    if start >= stop:
        raise ValueError(f"Need minval < maxval, got {start} >= {stop}")

    def draw(key: int, counter: int, size: int, dtype: np.dtype[Any]) -> Array:
        return uniform_int_values(key, counter, size, start, stop, dtype)

    return _drawn(state, extents(shape), _integer_type(attrs), draw)


def full_int_values(key: int, counter: int, n: int, dtype: np.dtype[Any]) -> Array:
    """n integers over the whole range of a type of 32 or 64 bits."""
    if dtype.itemsize == 4:
        return random_bits(key, counter, n).view(dtype)
    words = random_bits(key, counter, 2 * n).astype(np.uint64)
    return (words[::2] | words[1::2] << np.uint64(32)).view(dtype)


def _full_integers(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array]:
    state, algorithm, shape = inputs
    _checked_algorithm(algorithm)
    return _drawn(state, extents(shape), _integer_type(attrs), full_int_values)


def _skip(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array]:
    state, algorithm, delta = inputs
    _checked_algorithm(algorithm)
    return (_advanced(state, scalar(delta) * BLOCKS_PER_OUTPUT),)


def _per_batch(x: Array, dims: Sequence[int], what: str) -> Array:
    """A parameter for each element of the output: one for all, or one for each first index."""
    values = np.asarray(x)
    if values.ndim > 1:
        raise ValueError(
            f"Input {what} should be a scalar or vector, got shape: {list(values.shape)}"
        )
    if values.size not in (1, dims[0] if dims else 1):
        raise ValueError(
            f"Input {what} should have length 1 or shape[0], got shape: {list(values.shape)}"
        )
    wide = values.astype(np.float64).reshape(-1, *[1] * max(0, len(dims) - 1))
    return np.broadcast_to(wide, dims or (1,)).reshape(-1)


def _binomial(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array]:
    state, algorithm, shape, counts, probs = inputs
    _checked_algorithm(algorithm)
    dims = extents(shape)
    trials, chances = _per_batch(counts, dims, "counts"), _per_batch(probs, dims, "probs")

    def draw(key: int, counter: int, size: int, dtype: np.dtype[Any]) -> Array:
        values = binomial_values(key, counter, trials[:size], chances[:size])
        return np.nan_to_num(values).astype(dtype) if dtype.kind == "i" else values.astype(dtype)

    return _drawn(state, dims, np_dtype(attrs), draw)


_COUNTS = "type{float16,float32,float64,int32,int64}"
_ROWS: tuple[tuple[str, str, str, Callable[..., Any], int], ...] = (
    (
        "StatefulStandardNormal",
        "resource:resource shape:shape_dtype",
        "dtype:type=float32",
        _normal_with_own_algorithm,
        1,
    ),
    (
        "StatefulStandardNormalV2",
        "resource:resource algorithm:int64 shape:shape_dtype",
        "dtype:type=float32",
        _floats(normal_values),
        2,
    ),
    (
        "StatefulTruncatedNormal",
        "resource:resource algorithm:int64 shape:shape_dtype",
        "dtype:type=float32",
        _floats(truncated_normal_values),
        2,
    ),
    (
        "StatefulUniform",
        "resource:resource algorithm:int64 shape:shape_dtype",
        "dtype:type=float32",
        _floats(uniform_values),
        2,
    ),
    (
        "StatefulUniformFullInt",
        "resource:resource algorithm:int64 shape:shape_dtype",
        "dtype:type=uint64",
        _full_integers,
        2,
    ),
    (
        "StatefulUniformInt",
        "resource:resource algorithm:int64 shape:shape_dtype minval:dtype maxval:dtype",
        "dtype:type=int64",
        _integers,
        2,
    ),
)
for _name, _inputs, _attrs, _kernel, _place in _ROWS:
    define(
        _name,
        f"{_inputs} -> output:dtype",
        f"{_attrs}; shape_dtype:type=int64",
        shape=shape_operand(_place),
        kernel=_kernel,
        stateful=True,
        updates=(0,),
        grad=NO_GRADIENT,
    )
define(
    "StatefulRandomBinomial",
    "resource:resource algorithm:int64 shape:S counts:T probs:T -> output:dtype",
    f"S:type{{index}}; T:{_COUNTS}=float64; dtype:{_COUNTS}=int64",
    shape=shape_operand(2),
    kernel=_binomial,
    stateful=True,
    updates=(0,),
    grad=NO_GRADIENT,
)
define(
    "RngSkip",
    "resource:resource algorithm:int64 delta:int64 ->",
    kernel=_skip,
    stateful=True,
    updates=(0,),
)


# -- without any seed --------------------------------------------------------------------------
def _from_the_system(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    dims, dtype = extents(inputs[0]), _integer_type(attrs)
    size = int(np.prod(dims, dtype=np.int64))
    return np.frombuffer(os.urandom(size * dtype.itemsize), dtype).reshape(dims)


define(
    "NonDeterministicInts",
    "shape:shape_dtype -> output:dtype",
    "dtype:type=int64; shape_dtype:type=int64",
    shape=shape_operand(0),
    kernel=_from_the_system,
    stateful=True,
    grad=NO_GRADIENT,
)


# -- normal between bounds ---------------------------------------------------------------------
def _bounded_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    for parameter in shapes[1:]:
        if parameter is not None and len(parameter) > 1:
            with_rank(parameter, 1)
    return shape_operand(0)(shapes, attrs, values)  # type: ignore[no-any-return]


def _bounded(xp: Any, inputs: Sequence[Array], attrs: Attrs, state: Any) -> Array:
    dims = extents(inputs[0])
    if np.ndim(inputs[0]) != 1:
        raise ValueError(f"Input shape should be a vector, got shape: {np.shape(inputs[0])}")
    names = ("means", "stddevs", "minvals", "maxvals")
    parts = [_per_batch(x, dims, n) for x, n in zip(inputs[1:], names, strict=True)]
    size = int(np.prod(dims, dtype=np.int64))
    mean, deviation, low, high = (p[:size] for p in parts)
    good = (deviation > 0) & (low < high) & (np.isfinite(low) | np.isfinite(high))
    if not (good & np.isfinite(mean) & np.isfinite(deviation)).all():
        raise ValueError("Invalid parameters: stddev must be positive and minval < maxval")
    counter = state.reserve(size * BLOCKS_PER_OUTPUT)
    bounds = ((b - mean) / deviation for b in (low, high))
    values = bounded_normal_values(state.key, counter, *bounds) * deviation + mean
    return np.clip(values, low, high).astype(np_dtype(attrs)).reshape(dims)


define(
    "ParameterizedTruncatedNormal",
    "shape:T means:dtype stdevs:dtype minvals:dtype maxvals:dtype -> output:dtype",
    f"{SEEDS}; dtype:type{{float}}; T:type{{index}}",
    shape=_bounded_shape,
    kernel=_bounded,
    stateful=True,
    state=generator,
    grad=NO_GRADIENT,
)
