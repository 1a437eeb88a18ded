"""Random draws of TensorFlow's CPU kernels: the generator of an op, and its kernels on NumPy.

With the same `seed` and `seed2` attributes, the first and every later draw of an op in a session
equals what TensorFlow's kernel draws, bit for bit; values made in double precision (normal
float64, gamma) equal it to rounding. The streams are Philox 4x32-10 (`philox_bits`); what a
kernel makes of its stream is a function of (key, counter) alone (`philox_values`,
`philox_rejection`).
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from ..core.allocation import allocatable
from ..errors import InvalidArgumentError
from .philox_bits import MASK64, MASK128, Array, random_bits
from .philox_rejection import gamma_values, poisson_values
from .philox_values import (
    BLOCKS_PER_OUTPUT,
    multinomial_values,
    normal_values,
    permutation,
    truncated_normal_values,
    uniform_int_values,
    uniform_values,
)

__all__ = [
    "Philox",
    "gamma",
    "multinomial",
    "normal",
    "poisson",
    "random_bits",
    "shuffle",
    "truncated_normal",
    "uniform",
    "uniform_int",
]

Shape: TypeAlias = Sequence[int] | Array


class Philox:
    """The generator of one random op in one session.

    `seed` and `seed2` are the op's attributes: `seed` is the key, `seed2` the upper half of the
    counter's start. Both zero stand for seeds from the operating system, another stream each
    time. `reserve` may be called from several threads.
    """

    __slots__ = ("_counter", "_lock", "key")

    def __init__(self, seed: int = 0, seed2: int = 0) -> None:
        if seed == 0 and seed2 == 0:
            seed, seed2 = (int.from_bytes(os.urandom(8), "little") for _ in range(2))
        self.key = seed & MASK64
        self._counter = (seed2 & MASK64) << 64
        self._lock = Lock()

    @property
    def counter(self) -> int:
        """The 128-bit counter at which the next draw begins."""
        return self._counter

    def copy_at(self, counter: int) -> Philox:
        """A generator of the same stream that stands at this counter."""
        new = Philox(1)
        new.key, new._counter = self.key, counter
        return new

    def reserve(self, samples128: int) -> int:
        """Set this many blocks of 128 bits aside; return the counter of the first of them."""
        with self._lock:
            counter = self._counter
            self._counter = (counter + samples128) & MASK128
        return counter


def uniform(gen: Philox, shape: Shape, dtype: DTypeLike = np.float32) -> Array:
    """Values in [0, 1), equal bit for bit to RandomUniform's.

    dtype: float16, bfloat16, float32 or float64; another one is a TypeError.
    """
    return _draw(uniform_values, gen, shape, dtype)


def normal(gen: Philox, shape: Shape, dtype: DTypeLike = np.float32) -> Array:
    """Standard normal values, equal to RandomStandardNormal's; dtypes as `uniform`."""
    return _draw(normal_values, gen, shape, dtype)


def truncated_normal(gen: Philox, shape: Shape, dtype: DTypeLike = np.float32) -> Array:
    """Standard normal values nearer than 2 to zero, equal to TruncatedNormal's.

    dtypes as `uniform`; in a type of 16 bits a value just below 2 may be rounded to 2.
    """
    return _draw(truncated_normal_values, gen, shape, dtype)


def uniform_int(gen: Philox, shape: Shape, lo: int, hi: int, dtype: DTypeLike = np.int32) -> Array:
    """Integers in [lo, hi), equal bit for bit to RandomUniformInt's.

    dtype: int32 or int64. Raises InvalidArgumentError unless lo < hi, but not for an empty shape.
    """
    dims, size = _extents(shape)
    kind = np.dtype(dtype)
    if kind not in (np.int32, np.int64):
        raise TypeError(f"Random integers are of type int32 or int64, not {kind.name}.")
    if not size:
        return np.empty(dims, kind)
    if lo >= hi:
        raise InvalidArgumentError(f"Need minval < maxval, got {lo} >= {hi}")
    counter = gen.reserve(size * BLOCKS_PER_OUTPUT)
    return uniform_int_values(gen.key, counter, size, int(lo), int(hi), kind).reshape(dims)


def shuffle(gen: Philox, array: Array) -> Array:
    """The rows of `array` (its slices along axis 0) in the order that RandomShuffle gives them."""
    if array.size <= 1 or len(array) <= 1:
        return array.copy()
    rows = len(array)
    counter = gen.reserve((rows - 1 + 3) // 4)
    return array[permutation(gen.key, counter, rows)]


def multinomial(gen: Philox, logits: Array, num_samples: int, dtype: DTypeLike = np.int64) -> Array:
    """Classes drawn by unnormalised log-probabilities, equal to Multinomial's on one thread.

    logits: [batch, classes]. Returns [batch, num_samples] of int32 or int64. Raises
    InvalidArgumentError for logits of another rank, no class, or a negative num_samples.
    """
    if logits.ndim != 2:
        raise InvalidArgumentError(f"logits should be a matrix, got shape {list(logits.shape)}")
    if num_samples < 0:
        raise InvalidArgumentError(f"num_samples should be nonnegative, got {num_samples}")
    if not logits.shape[1]:
        raise InvalidArgumentError("num_classes should be positive, got 0")
    # Two words for each double, and the samples of a row rounded up to whole blocks.
    outputs = len(logits) * 2 * ((num_samples + 3) // 4 * 4)
    counter = gen.reserve(outputs * BLOCKS_PER_OUTPUT)
    return multinomial_values(gen.key, counter, logits, num_samples).astype(dtype)


def gamma(gen: Philox, shape: Shape, alpha: Array) -> Array:
    """Values of Gamma(alpha, 1), as RandomGamma draws them: shape + alpha.shape, of alpha's dtype.

    NaN where alpha is negative or not finite.
    """
    dims, samples = _extents(shape)
    counter = gen.reserve(samples * alpha.size * BLOCKS_PER_OUTPUT)
    # The kernel numbers its outputs parameter by parameter, and writes them sample by sample.
    lanes = np.repeat(alpha.reshape(-1).astype(np.float64), samples)
    values = gamma_values(gen.key, counter, lanes)
    return _narrow(_sample_major(values, samples, dims, alpha), alpha.dtype)


def poisson(gen: Philox, shape: Shape, rate: Array, dtype: DTypeLike | None = None) -> Array:
    """Values of Poisson(rate), as RandomPoissonV2 draws them: shape + rate.shape.

    dtype (default: the rate's): float16, float32, float64, int32 or int64. Where the rate is not
    finite, or more than dtype holds, a float value is NaN and an integer an InvalidArgumentError.
    """
    dims, samples = _extents(shape)
    kind = rate.dtype if dtype is None else np.dtype(dtype)
    if kind not in _COUNTS:
        raise TypeError(f"Poisson values are of type {', '.join(map(str, _COUNTS))}, not {kind}.")
    whole = kind.kind == "i"
    highest = float(np.iinfo(kind).max if whole else np.finfo(kind).max)
    lanes = np.repeat(rate.reshape(-1).astype(np.float64), samples)
    if whole and not np.all(lanes <= highest):
        raise InvalidArgumentError(f"Poisson rates should be finite and fit {kind.name}.")
    counter = gen.reserve(lanes.size * BLOCKS_PER_OUTPUT)
    values = poisson_values(gen.key, counter, lanes, highest)
    return _narrow(_sample_major(values, samples, dims, rate), kind)


def _draw(
    values: Callable[[int, int, int, np.dtype[Any]], Array],
    gen: Philox,
    shape: Shape,
    dtype: DTypeLike,
) -> Array:
    dims, size = _extents(shape)
    kind = _float_dtype(dtype)
    counter = gen.reserve(size * BLOCKS_PER_OUTPUT)
    return values(gen.key, counter, size, kind).reshape(dims)


def _extents(shape: Shape) -> tuple[tuple[int, ...], int]:
    """A shape as a tuple of ints, and its number of elements."""
    dims = allocatable(shape, np.float64, arrays=3)
    return dims, math.prod(dims)


_FLOATS = (np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.float16))
_COUNTS = (*_FLOATS, np.dtype(np.int32), np.dtype(np.int64))


def _float_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """dtype as NumPy's; a TypeError unless it is one that the float kernels write."""
    # Only ml_dtypes, when it is loaded, makes NumPy know the name.
    kind = _bfloat16() if dtype == "bfloat16" else np.dtype(dtype)
    if kind in _FLOATS or kind == _bfloat16():
        return kind
    raise TypeError(
        f"Random values are of type float16, bfloat16, float32 or float64, not {kind.name}."
    )


def _bfloat16() -> np.dtype[Any]:
    import ml_dtypes

    kind: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
    return kind


def _sample_major(values: Array, samples: int, dims: tuple[int, ...], parameter: Array) -> Array:
    """Values [parameters, samples] in the order and shape of the output, dims + parameters."""
    return values.reshape(parameter.size, samples).T.reshape(dims + parameter.shape)


def _narrow(values: Array, dtype: np.dtype[Any]) -> Array:
    """Cast from float64; to 16 bits by way of float32, as the kernels do."""
    if dtype.itemsize == 2:
        values = values.astype(np.float32)
    return values.astype(dtype)
