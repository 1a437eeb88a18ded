"""Values of TensorFlow's random kernels as functions of (key, counter): no state, no shapes.

Each function gives the outputs that the CPU kernel of that name writes when its generator has
this key and this counter: equal bit for bit, but for normal float64, which are equal to rounding.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .philox_bits import HIGH, LOW, Array, Bits, Words, blocks_at, random_bits
from .philox_math import log32, sine_cosine32

# The variable-length kernels set so many blocks aside for each output.
BLOCKS_PER_OUTPUT = 256

_SMALLEST = 1e-7  # stands for a uniform value of zero, whose logarithm is not finite
# Operands of short arrays: without axes, since scalars cost twice the time.
_MANTISSA, _EXPONENT = np.array(0x7FFFFF, np.uint32), np.array(0x3F800000, np.uint32)
_ONE, _MINUS_TWO, _SMALLEST32 = (np.array(x, np.float32) for x in (1, -2, _SMALLEST))
_TURN = np.array(2 * math.pi)
_FEW = 64  # groups of truncated values that are still few
_PART = 8192  # pairs whose temporaries stay in the second-level cache
_CUT = 2.0  # the truncated normal keeps what is nearer to zero than this


def unit_float32(bits: Bits) -> Array:
    """Uniform float32 in [0, 1) from the low 23 bits of each word, same shape."""
    words = bits & _MANTISSA
    words |= _EXPONENT
    values: Array = words.view(np.float32)
    values -= _ONE
    return values


def unit_float64(bits: Bits) -> Array:
    """Uniform float64 in [0, 1) from each pair of words along the last axis; that axis halves."""
    words = np.empty_like(bits)
    first, second = words[..., HIGH::2], words[..., LOW::2]
    np.bitwise_and(bits[..., ::2], np.uint32(0xFFFFF), out=first)
    np.bitwise_or(first, np.uint32(0x3FF00000), out=first)
    second[...] = bits[..., 1::2]
    values: Array = words.view(np.float64)
    values -= 1.0
    return values


def uniform_values(key: int, counter: int, n: int, dtype: np.dtype[Any]) -> Array:
    """n values in [0, 1), as RandomUniform gives them; dtype is a float type of 16 to 64 bits."""
    if dtype == np.float64:
        return unit_float64(random_bits(key, counter, 2 * n))
    bits = random_bits(key, counter, n)
    if dtype == np.float32:
        return unit_float32(bits)
    # Mantissas of 10 (float16) or 7 bits (bfloat16): exact in float32 and after narrowing.
    mantissa = 10 if dtype == np.float16 else 7
    low = bits & np.uint32((1 << mantissa) - 1)
    return (low * np.float32(2.0**-mantissa)).astype(dtype)


def uniform_int_values(
    key: int, counter: int, n: int, lo: int, hi: int, dtype: np.dtype[Any]
) -> Array:
    """n integers in [lo, hi), as RandomUniformInt gives them; dtype is int32 or int64."""
    wide = dtype == np.int64
    bits: Array = random_bits(key, counter, n * (2 if wide else 1))
    if wide:
        bits = bits[::2] | (bits[1::2].astype(np.uint64) << np.uint64(32))
    span = bits.dtype.type(hi - lo)
    np.remainder(bits, span, out=bits)
    bits += bits.dtype.type(lo % (1 << (8 * dtype.itemsize)))
    return bits.view(dtype)


def box_muller32(bits: Bits) -> Array:
    """Standard normal float32 from an even number of words, pair by pair; shape [words]."""
    pairs = bits.reshape(-1, 2)
    out = np.empty(pairs.shape, np.float32)
    for start in range(0, len(pairs), _PART):
        part = slice(start, start + _PART)
        _box_muller32_part(pairs[part], out[part])
    return out.reshape(-1)


def _box_muller32_part(bits: Bits, out: Array) -> None:
    uniform = unit_float32(bits)
    length = log32(np.maximum(uniform[:, 0], _SMALLEST32))
    length *= _MINUS_TWO
    np.sqrt(length, out=length)
    # The kernel multiplies in double and passes the angle on as a float32.
    angle = (uniform[:, 1] * _TURN).astype(np.float32)
    sine_cosine32(angle, out[:, 0], out[:, 1])
    out *= length[:, None]


def box_muller64(bits: Bits) -> Array:
    """Standard normal float64 from a multiple of four words, four by four; shape [words / 2]."""
    fours = bits.reshape(-1, 4)
    out = np.empty((len(fours), 2))
    for start in range(0, len(fours), _PART):
        part = slice(start, start + _PART)
        _box_muller64_part(fours[part], out[part])
    return out.reshape(-1)


def _box_muller64_part(bits: Bits, out: Array) -> None:
    uniform = unit_float64(bits)
    length = np.maximum(uniform[:, 0], _SMALLEST)
    np.sqrt(np.multiply(np.log(length, out=length), -2.0, out=length), out=length)
    angle = (2 * math.pi) * uniform[:, 1]
    np.multiply(np.sin(angle), length, out=out[:, 0])
    np.multiply(np.cos(angle, out=angle), length, out=out[:, 1])


def normal_values(key: int, counter: int, n: int, dtype: np.dtype[Any]) -> Array:
    """n standard normal values, as RandomStandardNormal gives them (16-bit types by float32)."""
    if dtype == np.float64:
        return box_muller64(random_bits(key, counter, 4 * ((n + 1) // 2)))[:n]
    values = box_muller32(random_bits(key, counter, n + n % 2))[:n]
    return values.astype(dtype, copy=False)


def truncated_normal_values(key: int, counter: int, n: int, dtype: np.dtype[Any]) -> Array:
    """n standard normal values within two deviations, as TruncatedNormal gives them.

    A group of outputs (two float64, or four of a smaller type) starts at a place of its own in
    the stream and takes blocks until it is full; a round here is one block for every open group.
    """
    width, box_muller = (2, box_muller64) if dtype == np.float64 else (4, box_muller32)
    groups = -(-n // width)
    # Few groups take two blocks at once, since there calls cost more than values.
    at_once = 2 if groups <= _FEW else 1
    starts: Array = lane_starts(groups, width * BLOCKS_PER_OUTPUT // 4)
    places = starts[:, None] + np.arange(at_once, dtype=np.uint64)

    def draw(places: Words) -> tuple[Array, Array]:
        values = box_muller(blocks_at(key, counter, places.reshape(-1)))
        values = values.reshape(-1, width * at_once)
        return values, np.abs(values) < _CUT

    drawn, kept = draw(places)
    out = drawn[:, :width].copy()
    rows = np.arange(groups)
    if at_once == 1:
        rows = np.flatnonzero(~kept.all(axis=1))
        drawn, kept = drawn[rows], kept[rows]
    filled = _place(out, rows, np.zeros(rows.size, np.intp), drawn, kept)
    block = 0
    while (is_open := filled < width).any():
        rows, block = rows[is_open], block + at_once
        filled = _place(out, rows, filled[is_open], *draw(places[rows] + np.uint64(block)))
    return out.reshape(-1)[:n].astype(dtype, copy=False)


def _place(out: Array, rows: Array, filled: Array, drawn: Array, kept: Array) -> Array:
    """Append what each row keeps after its first `filled` values; return the new lengths."""
    width = out.shape[1]
    slot = kept.cumsum(axis=1)
    slot += (filled - 1)[:, None]
    fits = kept & (slot < width)
    lengths: Array = slot[:, -1] + 1
    slot += (rows * width)[:, None]
    out.reshape(-1)[slot[fits]] = drawn[fits]
    return lengths


def permutation(key: int, counter: int, n: int) -> Array:
    """The row order that RandomShuffle gives to n >= 1 rows, int64 [n]: a Fisher-Yates shuffle."""
    steps = random_bits(key, counter, n - 1) % np.arange(n, 1, -1, dtype=np.uint32)
    order = list(range(n))
    for i, step in enumerate(steps.tolist()):
        j = i + step
        order[i], order[j] = order[j], order[i]
    return np.array(order, np.int64)


def multinomial_values(key: int, counter: int, logits: Array, num_samples: int) -> Array:
    """Classes drawn from each row of logits [batch, classes], int64 [batch, num_samples].

    As Multinomial on one thread: the rows follow each other in one stream. Logits that are not
    finite count as impossible classes; a row without a finite one gives `classes`.
    """
    wide = logits.astype(np.float64)
    finite = np.isfinite(wide)
    top = wide.max(axis=1, keepdims=True, where=finite, initial=np.finfo(np.float64).min)
    mass = np.exp(np.where(finite, wide, top) - top) * finite
    cumulative = np.cumsum(mass, axis=1)
    uniform = unit_float64(random_bits(key, counter, 2 * len(wide) * num_samples))
    sought = uniform.reshape(len(wide), num_samples) * cumulative[:, -1:]
    out = np.empty(sought.shape, np.int64)
    for row, bounds, values in zip(out, cumulative, sought, strict=True):
        row[:] = bounds.searchsorted(values, side="right")
    return out


def lane_starts(lanes: int, blocks: int = BLOCKS_PER_OUTPUT) -> Words:
    """Where streams of so many blocks for each output begin: offsets in blocks, [lanes]."""
    return np.arange(0, lanes * blocks, blocks, dtype=np.uint64)
