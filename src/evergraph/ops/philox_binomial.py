"""Binomial and truncated normal values as functions of (key, counter), by rejection in lanes."""

from __future__ import annotations

import math

import numpy as np

from .philox_bits import Array
from .philox_rejection import Doubles, Lanes
from .philox_values import box_muller64, unit_float64

_MANY = 10.0  # from so many expected successes on rejection takes the place of counting
_TAILS = np.array([math.lgamma(k + 1) for k in range(10)])
_FAR = 1.3  # bounds so many deviations around the middle leave enough normal values


# -- binomial ----------------------------------------------------------------------------------
def binomial_values(key: int, counter: int, counts: Array, probs: Array) -> Array:
    """How many of `counts` trials succeed with these probabilities, float64 [n].

    Few successes are counted by the gaps between them (Devroye, 1986), many drawn by transformed
    rejection (Hoermann, "BTRS", 1993). NaN where the probability is.
    """
    uniform = Doubles(Lanes(key, counter, counts.size), unit_float64)
    rare = np.where(probs > 0.5, 1 - probs, probs)
    out = np.full(counts.size, np.nan)
    out[(counts <= 0) | (probs <= 0)] = 0
    certain = (probs >= 1) & (counts > 0)
    out[certain] = 0  # of failures
    is_open = np.isnan(out) & np.isfinite(counts) & np.isfinite(probs)
    few = is_open & (counts * rare < _MANY)
    _count_gaps(np.flatnonzero(few), counts, rare, uniform, out)
    rows = np.flatnonzero(is_open & ~few)
    with np.errstate(divide="ignore", invalid="ignore"):
        while rows.size:
            k, accept = _binomial_round(counts[rows], rare[rows], *uniform.pairs(rows))
            out[rows[accept]] = k[accept]
            rows = rows[~accept]
    mirrored = (probs > 0.5) & (counts > 0)
    values: Array = np.where(mirrored, counts - out, out)
    return values


def _count_gaps(rows: Array, counts: Array, probs: Array, uniform: Doubles, out: Array) -> None:
    """Adds up geometric gaps until they exceed the number of trials."""
    place = np.zeros(rows.size)
    found = 0
    with np.errstate(divide="ignore"):
        while rows.size:
            place += np.ceil(np.log(uniform.take(rows)) / np.log1p(-probs[rows]))
            is_open = place <= counts[rows]
            out[rows[~is_open]] = found
            rows, place = rows[is_open], place[is_open]
            found += 1


def _binomial_round(n: Array, p: Array, u: Array, v: Array) -> tuple[Array, Array]:
    """One trial of each lane: candidates, accepted or not."""
    deviation = np.sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    u = u - 0.5
    shifted = 0.5 - np.abs(u)
    k = np.floor((2 * a / shifted + b) * u + n * p + 0.5)
    inside = (shifted >= 0.07) & (v <= 0.92 - 4.2 / b)
    possible = (k >= 0) & (k <= n)
    mode = np.floor((n + 1) * p)
    odds = p / (1 - p)
    alpha = (2.83 + 5.1 / b) * deviation
    level = np.log(v * alpha / (a / (shifted * shifted) + b))
    k_safe = np.clip(k, 0, n)
    bound = (
        (mode + 0.5) * np.log((mode + 1) / (odds * (n - mode + 1)))
        + (n + 1) * np.log((n - mode + 1) / (n - k_safe + 1))
        + (k_safe + 0.5) * np.log(odds * (n - k_safe + 1) / (k_safe + 1))
        + (_tail(mode) + _tail(n - mode) - _tail(k_safe) - _tail(n - k_safe))
    )
    return k, (inside & possible) | (possible & (level <= bound))


def _tail(k: Array) -> Array:
    """What Stirling's formula lacks of log(k!)."""
    x = k + 1
    small = _TAILS[np.minimum(k, 9).astype(np.intp)]
    stirling = (k + 0.5) * np.log(x) - x + 0.5 * math.log(2 * math.pi)
    series = (1 / 12 - (1 / 360 - 1 / 1260 / (x * x)) / (x * x)) / x
    tail: Array = np.where(k <= 9, small - stirling, series)
    return tail


# -- normal between bounds ---------------------------------------------------------------------
def bounded_normal_values(key: int, counter: int, low: Array, high: Array) -> Array:
    """One standard normal value between each pair of bounds, float64 [n].

    Normal, uniform or exponential proposals, whichever fits the bounds: Robert, "Simulation of
    truncated normal variables" (1995). One of the bounds must be finite, and low < high.
    """
    lanes = Lanes(key, counter, low.size)
    uniform, normal = Doubles(lanes, unit_float64), Doubles(lanes, box_muller64)
    out = np.zeros(low.size)
    flipped = (np.isinf(low) & (low < 0)) | (high < 0)
    near, far = np.where(flipped, -high, low), np.where(flipped, -low, high)
    wide = ((near < -_FAR) & (far >= 0)) | ((far > _FAR) & (near <= 0))
    rate = (near + np.sqrt(near * near + 4)) / 2
    even = ~wide & (far - near < _exponential_gain(near))
    rows = np.arange(low.size)
    while rows.size:
        value, accept = _bounded_round(rows, near, far, rate, (wide, even), uniform, normal)
        out[rows[accept]] = value[accept]
        rows = rows[~accept]
    return np.where(flipped, -out, out)


def _exponential_gain(near: Array) -> Array:
    """The width below which uniform proposals are accepted more often than exponential ones."""
    root = np.sqrt(near * near + 4)
    gain: Array = 2 * np.exp(0.5 + near * (near - root) / 4) / (near + root)
    return gain


def _bounded_round(
    rows: Array,
    near: Array,
    far: Array,
    rate: Array,
    kinds: tuple[Array, Array],
    uniform: Doubles,
    normal: Doubles,
) -> tuple[Array, Array]:
    """One proposal of each lane in rows, and whether it is accepted."""
    wide, even = (k[rows] for k in kinds)
    a, b, slope = near[rows], far[rows], rate[rows]
    value, accept = np.zeros(rows.size), np.zeros(rows.size, bool)
    value[wide] = normal.take(rows[wide])
    accept[wide] = (value[wide] >= a[wide]) & (value[wide] <= b[wide])
    if not wide.all():
        rest = ~wide
        u, v = uniform.pairs(rows[rest])
        flat = even[rest]
        a, b, slope = a[rest], b[rest], slope[rest]
        span = np.where(flat, b - a, 0)
        proposed = np.where(flat, a + u * span, a - np.log1p(-u) / slope)
        least = np.where(a > 0, a, np.where(b < 0, b, 0))
        by_area = (least * least - proposed * proposed) / 2
        by_slope = -((proposed - slope) ** 2) / 2
        level = np.where(flat, by_area, by_slope)
        value[rest] = proposed
        accept[rest] = (proposed <= b) & (v <= np.exp(level))
    return value, accept
