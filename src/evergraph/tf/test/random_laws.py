"""Statistics by which tests judge random numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

_erf = np.vectorize(math.erf, otypes=[np.float64])


def test_moment_matching(
    samples: Any, number_moments: int, dist: Any, stride: int = 0
) -> list[float]:
    """How many deviations each moment of the samples is away from that of a distribution.

    dist: has `moment(i)`, as those of scipy.stats. stride: moment i is taken from each
    (i - 1) * stride + 1'th sample.
    """
    values = np.ravel(samples)
    limits = np.finfo(values.dtype)
    scores = []
    for order in range(1, number_moments + 1):
        chosen = values[:: (order - 1) * stride + 1]
        expected = dist.moment(order)
        variance = (dist.moment(2 * order) - expected**2) / len(chosen)
        variance = max(variance + order * limits.eps, limits.tiny)
        scores.append(abs(np.mean(chosen**order) - expected) / math.sqrt(variance))
    return scores


def chi_squared(x: Any, bins: int) -> float:
    """Pearson's statistic of values against an even distribution over [0, 1]."""
    values = np.ravel(x)
    counts, _ = np.histogram(values, bins=bins, range=(0, 1))
    expected = values.size / bins
    return float(np.sum((counts - expected) ** 2) / expected)


def normal_cdf(x: Any) -> Any:
    """The share of a standard normal distribution below x."""
    return (1 + _erf(np.asarray(x) / math.sqrt(2))) / 2


def anderson_darling(x: Any) -> float:
    """Anderson's and Darling's statistic of values against the standard normal distribution."""
    below = normal_cdf(np.sort(np.ravel(x)))
    n = below.size
    rank = np.arange(1, n + 1)
    total = (2 * rank - 1) * np.log(below) + (2 * (n - rank) + 1) * np.log(1 - below)
    return float(-n - np.sum(total) / n)


def test_truncated_normal(
    assert_equal: Callable[..., Any],
    assert_all_close: Callable[..., Any],
    n: int,
    y: Any,
    mean_atol: float = 5e-4,
    median_atol: float = 8e-4,
    variance_rtol: float = 1e-3,
) -> None:
    """Asserts that n values are standard normal ones within two deviations."""
    values = np.asarray(y)
    assert_equal(((values >= -2) & (values <= 2)).sum(), n)
    values = values.astype(np.float64)
    assert_all_close(values.mean(), 0.0, atol=mean_atol)
    assert_all_close(np.median(values), 0.0, atol=median_atol)
    density = math.exp(-2) / math.sqrt(2 * math.pi)
    variance = 1 - 4 * density / float(normal_cdf(2) - normal_cdf(-2))
    assert_all_close(values.var(), variance, rtol=variance_rtol)
