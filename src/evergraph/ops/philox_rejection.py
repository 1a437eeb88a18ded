"""Gamma and Poisson values as functions of (key, counter), by rejection in lanes.

Every output has a stream of its own (a lane), as in TensorFlow's CPU kernels, which draw one
output after the other; here one round serves all lanes that are still open.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .philox_bits import Array, Bits, Words, blocks_at
from .philox_values import box_muller64, lane_starts, unit_float64

_LARGE_RATE = 10.0  # from here on transformed rejection takes the place of counting
_FACTORIALS = np.array([math.lgamma(k + 1) for k in range(16)])


class Lanes:
    """The streams of all outputs: each remembers how many blocks it has used."""

    def __init__(self, key: int, counter: int, lanes: int) -> None:
        self.key, self.counter = key, counter
        self.next: Words = lane_starts(lanes)

    def draw(self, rows: Array) -> Bits:
        """The next block of each of these lanes (ascending), uint32 [rows, 4]."""
        bits = blocks_at(self.key, self.counter, self.next[rows])
        self.next[rows] += np.uint64(1)
        return bits


class Doubles:
    """Doubles made two by two from the blocks of lanes; the later of a pair is used first."""

    def __init__(self, lanes: Lanes, convert: Callable[[Bits], Array]) -> None:
        self.lanes, self.convert = lanes, convert
        self.pair = np.empty((lanes.next.size, 2))
        self.left = np.zeros(lanes.next.size, np.intp)

    def take(self, rows: Array) -> Array:
        """One value of each of these lanes (ascending), float64 [rows]."""
        empty = rows[self.left[rows] == 0]
        if empty.size:
            self.pair[empty] = self.convert(self.lanes.draw(empty)).reshape(-1, 2)
            self.left[empty] = 2
        self.left[rows] -= 1
        values: Array = self.pair[rows, self.left[rows]]
        return values

    def pairs(self, rows: Array) -> tuple[Array, Array]:
        """Two values of each of these lanes."""
        first = self.take(rows)
        return first, self.take(rows)


def gamma_values(key: int, counter: int, alpha: Array) -> Array:
    """One value of Gamma(alpha, 1) for each alpha (float64 [n]), as RandomGamma gives them.

    Marsaglia and Tsang, "A simple method for generating gamma variables" (2000); alpha = 1 is
    drawn as an exponential. Where alpha is NaN, infinite or negative, the value is NaN.
    """
    lanes = Lanes(key, counter, alpha.size)
    uniform, normal = Doubles(lanes, unit_float64), Doubles(lanes, box_muller64)
    out = np.full(alpha.size, np.nan)
    exponential = np.flatnonzero(alpha == 1)
    out[exponential] = -np.log(1 - uniform.take(exponential))
    rows = np.flatnonzero(np.isfinite(alpha) & (alpha >= 0) & (alpha != 1))
    with np.errstate(divide="ignore"):
        while rows.size:
            rows = _gamma_round(rows, alpha, normal, uniform, out)
    return out


def _gamma_round(rows: Array, alpha: Array, normal: Doubles, uniform: Doubles, out: Array) -> Array:
    """One trial of each lane in rows: write what is accepted, return the lanes still open."""
    d = alpha[rows] + np.where(alpha[rows] < 1, 2 / 3, -1 / 3)
    x = normal.take(rows)
    v = 1 + (1 / 3 / np.sqrt(d)) * x
    accept = v > 0
    x, v, d = x[accept], v[accept], d[accept]
    v = v * v * v
    u = uniform.take(rows[accept])
    good = u < 1 - 0.0331 * (x * x) * (x * x)
    good |= np.log(u) < 0.5 * x * x + d * (1 - v + np.log(v))
    accept[accept] = good
    done = rows[accept]
    out[done] = (d * v)[good]
    small = done[alpha[done] < 1]
    out[small] *= uniform.take(small) ** (1 / alpha[small])
    still_open: Array = rows[~accept]
    return still_open


def poisson_values(key: int, counter: int, rate: Array, highest: float) -> Array:
    """One value of Poisson(rate) for each rate (float64 [n]), as RandomPoissonV2 gives them.

    Values are whole float64; those above `highest`, the limit of the type asked for, are drawn
    again. Where the rate is NaN, infinite or above that limit, the value is NaN.
    """
    uniform = Doubles(Lanes(key, counter, rate.size), unit_float64)
    out = np.full(rate.size, np.nan)
    rows = np.flatnonzero((rate >= _LARGE_RATE) & np.isfinite(rate) & (rate <= highest))
    with np.errstate(divide="ignore", over="ignore"):
        _count_arrivals(np.flatnonzero(rate < _LARGE_RATE), rate, uniform, out)
        while rows.size:
            k, accept = _poisson_round(rows, rate[rows], uniform, highest)
            out[rows[accept]] = k[accept]
            rows = rows[~accept]
    return out


def _count_arrivals(rows: Array, rate: Array, uniform: Doubles, out: Array) -> None:
    """Knuth's method: count exponential waiting times until they exceed one unit of time."""
    limit = np.exp(-rate[rows])
    product = np.ones(rows.size)
    count = 0
    while rows.size:
        product *= uniform.take(rows)
        is_open = product > limit
        out[rows[~is_open]] = count
        rows, limit, product = rows[is_open], limit[is_open], product[is_open]
        count += 1


def _poisson_round(
    rows: Array, rate: Array, uniform: Doubles, highest: float
) -> tuple[Array, Array]:
    """One trial of transformed rejection (Hoermann, "PTRS", 1993): candidates, accepted or not."""
    b = 0.931 + 2.53 * np.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    u = uniform.take(rows) - 0.5
    v = uniform.take(rows)
    shifted = 0.5 - np.abs(u)
    k = np.floor((2 * a / shifted + b) * u + rate + 0.43)
    inside = (shifted >= 0.07) & (v <= 0.9277 - 3.6224 / (b - 2))
    outside = (k < 0) | ((shifted < 0.013) & (v > shifted))
    density = -rate + k * np.log(rate) - _log_factorial(np.maximum(k, 0))
    below = np.log(v * inverse_alpha / (a / (shifted * shifted) + b)) <= density
    return k, (inside | (below & ~outside)) & (k <= highest)


def _log_factorial(k: Array) -> Array:
    """log(k!) of whole k >= 0: a table, then Stirling's series (error below 1e-15 of it)."""
    x = np.maximum(k, _FACTORIALS.size - 1.0) + 1
    y = 1 / (x * x)
    series = (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y / 1188)))) / x
    large = (x - 0.5) * np.log(x) - x + 0.5 * math.log(2 * math.pi) + series
    small = _FACTORIALS[np.minimum(k, _FACTORIALS.size - 1).astype(np.intp)]
    return np.where(k < _FACTORIALS.size, small, large)
