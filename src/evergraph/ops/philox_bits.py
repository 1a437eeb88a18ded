"""The block function of Philox 4x32-10: (key, counter) -> 128 random bits, on whole arrays.

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
A key is an int of 64 bits, a counter an int of 128 bits. Nothing here holds state, so any part
of a stream can be computed at any place, in any order.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Bits: TypeAlias = NDArray[np.uint32]
Words: TypeAlias = NDArray[np.uint64]

MASK64 = (1 << 64) - 1
MASK128 = (1 << 128) - 1
ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)

# Where the two halves of a 64-bit word stand when it is read as two of 32 bits.
LOW, HIGH = (0, 1) if sys.byteorder == "little" else (1, 0)

_MASK32, _SHIFT32 = np.array(0xFFFFFFFF, np.uint64), np.array(32, np.uint64)
_CHUNK = 4096  # blocks whose working set stays in the second-level cache
_REMEMBERED = 256  # draws up to so many blocks keep their tiled keys for the next time

_Tiles: TypeAlias = tuple[Sequence[Bits], Words]


def round_keys(key: int) -> Bits:
    """The ten pairs of 32-bit round keys of a 64-bit key, shape [10, 2]."""
    start = np.array([key & 0xFFFFFFFF, (key >> 32) & 0xFFFFFFFF], np.uint32)
    steps = np.arange(ROUNDS, dtype=np.uint32)[:, None] * np.array(WEYL, np.uint32)
    return start + steps


def _tile(key: int, n: int) -> _Tiles:
    """Round keys and multipliers laid out for n blocks, so that no round broadcasts."""
    tiled = np.repeat(round_keys(key), n, axis=1)
    return list(tiled), np.repeat(np.array(MULTIPLIERS, np.uint64), n)


_tile_remembered = lru_cache(maxsize=128)(_tile)


def _encrypt(tiles: _Tiles, low: Words, high: int | Words, out: Bits) -> None:
    """Write the blocks of the counters (high, low) to the rows of `out`.

    `state` holds words 0 of all blocks, then words 2 in reverse order. A round swaps the two, and
    read backwards the swapped half stands in its place: one pass serves both halves, and the low
    32 bits of each product are the words 1 and 3 as they lie.
    """
    keys, multipliers = tiles
    n = low.size
    state = np.zeros(2 * n, np.uint64)
    product = np.empty(2 * n, np.uint64)
    previous = np.empty(2 * n, np.uint64)
    np.bitwise_and(low, _MASK32, out=state[:n])
    state[n:] = (high if isinstance(high, int) else high[::-1]) & 0xFFFFFFFF
    previous[:n] = high >> 32
    np.right_shift(low[::-1], _SHIFT32, out=previous[n:])

    word = state.view(np.uint32)[LOW::2]
    swapped = word[::-1]
    top, bottom = product.view(np.uint32)[HIGH::2], product.view(np.uint32)[LOW::2]
    other_top, other_bottom = previous.view(np.uint32)[HIGH::2], previous.view(np.uint32)[LOW::2]
    multiply, xor = np.multiply, np.bitwise_xor
    for key in keys:
        multiply(state, multipliers, product)
        xor(top, other_bottom, swapped)
        xor(word, key, word)
        product, previous = previous, product
        top, other_top = other_top, top
        bottom, other_bottom = other_bottom, bottom

    out[:, 0] = word[:n]
    out[:, 1] = other_bottom[: n - 1 : -1]
    out[:, 2] = word[: n - 1 : -1]
    out[:, 3] = other_bottom[:n]


def blocks(key: int, low: Words, high: int | Words) -> Bits:
    """The blocks of many counters.

    `low` holds the lower 64 bits of the n counters, `high` their upper 64 bits (one int, or n).
    Returns uint32 [n, 4], equal to Philox 4x32-10 at each counter.
    """
    n = low.size
    out = np.empty((n, 4), np.uint32)
    if n <= _REMEMBERED:
        if n:
            _encrypt(_tile_remembered(key, n), low, high, out)
        return out
    tiles = _tile(key, min(n, _CHUNK))
    for start in range(0, n, _CHUNK):
        part = slice(start, min(start + _CHUNK, n))
        here = high if isinstance(high, int) else high[part]
        _encrypt(_middle(tiles, part.stop - start), low[part], here, out[part])
    return out


def _middle(tiles: _Tiles, n: int) -> _Tiles:
    """The tiles of n blocks, cut from the middle of wider ones."""
    keys, multipliers = tiles
    spare = multipliers.size // 2 - n
    if not spare:
        return tiles
    part = slice(spare, -spare)
    return [k[part] for k in keys], multipliers[part]


def blocks_at(key: int, counter: int, offsets: Words) -> Bits:
    """The blocks of `counter + offsets` (mod 2**128); offsets ascend. Returns uint32 [n, 4]."""
    base, high = counter & MASK64, (counter >> 64) & MASK64
    low = offsets + np.uint64(base)
    if offsets.size and base + int(offsets[-1]) > MASK64:
        carried = np.array([high, (high + 1) & MASK64], np.uint64)
        return blocks(key, low, carried[(low < base).astype(np.intp)])
    return blocks(key, low, high)


def random_bits(key: int, counter: int, n: int) -> Bits:
    """n 32-bit words of the stream of `key` that starts at block `counter`. Returns uint32 [n]."""
    offsets = np.arange((n + 3) >> 2, dtype=np.uint64)
    return blocks_at(key, counter, offsets).reshape(-1)[:n]
