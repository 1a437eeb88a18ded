"""Special functions on arrays: error function, gamma and its kin, beta, zeta, Bessel.

They compute in float64 (in the widest float that the array namespace has) and come within some
units in the last place of it, near zeros of the function in absolute terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial, log, pi
from typing import Any

import numpy as np

from ..core.opdef import Array
from .operands import is_numpy

# Coefficients of Chebyshev series, computed with 40 digits.
# erf(x) / x in 2x² - 1, for |x| <= 1
_ERF = (
    0.9754769393826541,
    -0.14226120510371365,
    0.010035582187599796,
    -0.0005768764699767485,
    2.741993125219606e-05,
    -1.1043175507344507e-06,
    3.8488755420345036e-08,
    -1.1808582533875466e-09,
    3.2334215826050907e-11,
    -7.991015947004549e-13,
    1.7990725113961456e-14,
    -3.718635487818693e-16,
    7.103599003714253e-18,
)
# (1 + 2x) exp(x²) erfc(x) in (x - 3.75) / (x + 3.75), for x >= 0 (Shepherd, Laframboise, 1981)
_ERFC = (
    1.1775789345674017,
    -0.004590054580646478,
    -0.08424913336651792,
    0.05920993999819189,
    -0.026658668435305753,
    0.009074997670705265,
    -0.002413163540417608,
    0.0004907758365258086,
    -6.916973302501207e-05,
    4.13902798607301e-06,
    7.74038306619849e-07,
    -2.1886401049234397e-07,
    1.076499946567091e-08,
    4.521959811218287e-09,
    -7.754400208831351e-10,
    -6.318088340886684e-11,
    2.86879501093067e-11,
    1.9455868545777347e-13,
    -9.65469674843344e-13,
    3.25254814814874e-14,
    3.3478119482868056e-14,
    -1.864562880419313e-15,
    -1.2507950530688648e-15,
    7.418235256624044e-17,
    5.068148904796111e-17,
)
# exp(-x) I0(x) in x / 4 - 1, for 0 <= x <= 8
_I0_SMALL = (
    0.33839763720473803,
    -0.3046826723431984,
    0.17162090152220877,
    -0.09490109704804764,
    0.04930528423967071,
    -0.02373741480589947,
    0.010546460394594998,
    -0.004324309995050576,
    0.0016394756169413357,
    -0.0005763755745385824,
    0.00018850288509584165,
    -5.754195010082104e-05,
    1.6448448070728896e-05,
    -4.4167383584587505e-06,
    1.1173875391201037e-06,
    -2.670793853940612e-07,
    6.046995022541919e-08,
    -1.300025009986248e-08,
    2.6598237246823866e-09,
    -5.189795601635263e-10,
    9.675809035373237e-11,
    -1.726826291441556e-11,
    2.95505266312964e-12,
    -4.856446783111929e-13,
    7.676185498604936e-14,
    -1.1685332877993451e-14,
    1.715391285555133e-15,
    -2.431279846547955e-16,
    3.3307945188222384e-17,
    -4.4153416464793395e-18,
)
# exp(-x) I0(x) sqrt(x) in 16 / x - 1, for x >= 8
_I0_LARGE = (
    0.4022452055070544,
    0.0033691164782556943,
    6.889758346916825e-05,
    2.8913705208347567e-06,
    2.0489185894690638e-07,
    2.266668990498178e-08,
    3.3962320257083865e-09,
    4.94060238822497e-10,
    1.1889147107846439e-11,
    -3.1499165279632416e-11,
    -1.3215811840447713e-11,
    -1.7941785315068062e-12,
    7.180124451383666e-13,
    3.8527783827421426e-13,
    1.54008621752141e-14,
    -4.150569347287222e-14,
    -9.554846698828307e-15,
    3.8116806693526224e-15,
    1.7725601330565263e-15,
    -3.425485619677219e-16,
    -2.8276239805165836e-16,
    3.461222867697461e-17,
    4.46562142029676e-17,
    -4.830504485944182e-18,
    -7.233180487874754e-18,
    9.921475412173699e-19,
    1.193650890845982e-18,
)
# exp(-x) I1(x) / x in x / 4 - 1, for 0 <= x <= 8
_I1_SMALL = (
    0.12629359322181682,
    -0.17641651835783406,
    0.1026436586898471,
    -0.05294598120809499,
    0.024726449030626516,
    -0.010564084894626197,
    0.004156422944312888,
    -0.0015135724506312532,
    0.0005122859561685758,
    -0.00016176081582589674,
    4.781565107550054e-05,
    -1.3273163656039436e-05,
    3.4702513081376785e-06,
    -8.568720264695455e-07,
    2.0032947535521353e-07,
    -4.445059128796328e-08,
    9.381537386495773e-09,
    -1.8872497517228294e-09,
    3.625590281552117e-10,
    -6.663489723502027e-11,
    1.1736186298890901e-11,
    -1.9839743977649436e-12,
    3.223793365945575e-13,
    -5.042185504727912e-14,
    7.600684294735408e-15,
    -1.1055969477353862e-15,
    1.5536319577362005e-16,
    -2.111421214358166e-17,
    2.7779141127610464e-18,
    -3.541581772542136e-19,
)
# exp(-x) I1(x) sqrt(x) in 16 / x - 1, for x >= 8
_I1_LARGE = (
    0.38928811750914005,
    -0.009761097491361469,
    -0.00011058893876262371,
    -3.882564808877691e-06,
    -2.512236237870209e-07,
    -2.6314688468895196e-08,
    -3.835380385964237e-09,
    -5.589743462196584e-10,
    -1.8974958123505413e-11,
    3.2526035830154884e-11,
    1.4125807436613782e-11,
    2.0356285441470896e-12,
    -7.198551776245908e-13,
    -4.0835511110921974e-13,
    -2.1015418427726643e-14,
    4.272440016711951e-14,
    1.0420276984128802e-14,
    -3.8144030724370075e-15,
    -1.8803547755107825e-15,
    3.3082023109209285e-16,
    2.96262899764595e-16,
    -3.209525921993424e-17,
    -4.6503053684893586e-17,
    4.414348323071708e-18,
    7.517296310842105e-18,
    -9.314178867326884e-19,
    -1.242193275194891e-18,
)

# Bernoulli's numbers B2, B4 ...
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
_SHIFT = 10  # the asymptotic series hold to the last digit above this
_MAX_TERMS = 5000
_EPSILON = 1e-17
_TINY = 1e-300


def widest(xp: Any, x: Array) -> Array:
    """`x` in float64, where the namespace has it."""
    return xp.asarray(x, np.float64 if is_numpy(xp) else x.dtype)


def _series(x: Array, coefficients: Sequence[float]) -> Array:
    """A Chebyshev series by Clenshaw's recurrence."""
    first: Any = 0.0
    second: Any = 0.0
    for c in reversed(coefficients[1:]):
        first, second = 2 * x * first - second + c, first
    return x * first - second + coefficients[0]


# -- error function ----------------------------------------------------------------------------


def _erfc_positive(xp: Any, x: Array) -> Array:
    """erfc(x) for x >= 0."""
    # x² loses digits where it is large: split, exp(-x²) = exp(-a²) exp((a - x)(a + x)).
    rough = xp.asarray(xp.asarray(x, np.float32), x.dtype)
    power = xp.exp(-rough * rough) * xp.exp((rough - x) * (rough + x))
    return power * _series((x - 3.75) / (x + 3.75), _ERFC) / (1 + 2 * x)


def _erf_small(x: Array) -> Array:
    """erf(x) for |x| <= 1."""
    return x * _series(2 * x * x - 1, _ERF)


def erf(xp: Any, x: Array) -> Array:
    """The error function 2 / sqrt(pi) times the integral of exp(-t²) from 0 to x."""
    wide = widest(xp, x)
    size = xp.minimum(xp.abs(wide), 30)
    large = xp.sign(wide) * (1 - _erfc_positive(xp, size))
    return xp.where(size <= 1, _erf_small(xp.clip(wide, -1, 1)), large)


def erfc(xp: Any, x: Array) -> Array:
    """1 - erf(x), with small relative error."""
    wide = widest(xp, x)
    tail = _erfc_positive(xp, xp.minimum(xp.abs(wide), 30))
    large = xp.where(wide > 0, tail, 2 - tail)
    return xp.where(xp.abs(wide) <= 1, 1 - _erf_small(xp.clip(wide, -1, 1)), large)


# -- gamma -------------------------------------------------------------------------------------


def _shifted_up(xp: Any, x: Array) -> tuple[Array, Array]:
    """Where `x` is small, and `x` moved to where the asymptotic series hold."""
    small = x < _SHIFT
    return small, xp.where(small, x + _SHIFT, x)


def _lgamma_positive(xp: Any, x: Array) -> Array:
    """log gamma for x > 0, by Stirling's series."""
    small, z = _shifted_up(xp, x)
    total = (z - 0.5) * xp.log(z) - z + 0.5 * log(2 * pi)
    for k, b in enumerate(_BERNOULLI):
        n = 2 * (k + 1)
        total = total + b / (n * (n - 1)) / z ** (n - 1)
    product = xp.where(small, x, 1)
    for k in range(1, _SHIFT):
        product = xp.where(small, product * (x + k), 1)
    return xp.where(xp.isinf(x), x, total - xp.log(product))


def lgamma(xp: Any, x: Array) -> Array:
    """log |gamma(x)|; infinity at the poles."""
    wide = widest(xp, x)
    positive = xp.where(wide > 0, wide, 1 - wide)
    value = _lgamma_positive(xp, positive)
    # Reflection: gamma(x) gamma(1 - x) = pi / sin(pi x).
    sine = xp.abs(xp.sin(pi * xp.fmod(xp.where(xp.isinf(wide), 0, wide), 2)))
    sine = xp.where(wide == xp.floor(wide), 0, sine)
    mirrored = xp.where(xp.isinf(wide), xp.inf, log(pi) - xp.log(sine) - value)
    return xp.where(wide > 0, value, xp.where(xp.isnan(wide), wide, mirrored))


def _digamma_positive(xp: Any, x: Array) -> Array:
    small, z = _shifted_up(xp, x)
    total = xp.log(z) - 0.5 / z
    for k, b in enumerate(_BERNOULLI):
        n = 2 * (k + 1)
        total = total - b / n / z**n
    for k in range(_SHIFT):
        total = total - xp.where(small, 1 / (x + k), 0)
    return total


def digamma(xp: Any, x: Array) -> Array:
    """The derivative of log gamma; infinity at the poles."""
    wide = widest(xp, x)
    value = _digamma_positive(xp, xp.where(wide > 0, wide, 1 - wide))
    pole = (wide <= 0) & (wide == xp.floor(wide))
    turn = xp.where(pole, 0.5, xp.fmod(wide, 1))
    mirrored = xp.where(pole, xp.inf, value - pi / xp.tan(pi * turn))
    return xp.where(wide > 0, value, mirrored)


# -- zeta --------------------------------------------------------------------------------------


def _terms_until_large(xp: Any, q: Array) -> int:
    """How many terms of the series to sum before the rest is an integral."""
    if not is_numpy(xp) or not q.size:
        return _SHIFT
    return int(np.clip(np.ceil(_SHIFT - np.nanmin(q)), _SHIFT, _MAX_TERMS))


def zeta(xp: Any, x: Array, q: Array) -> Array:
    """Hurwitz's zeta: the sum of (q + k)^-x over k = 0, 1, 2 ...

    Infinite at x = 1 and where q is zero or a negative integer, NaN for x < 1 and for negative q
    with a power that is no integer.
    """
    x, q = widest(xp, x), widest(xp, q)
    pole = (x == 1) | ((q <= 0) & (q == xp.floor(q)))
    undefined = (x < 1) | ((q < 0) & (x != xp.floor(x)))
    bad = pole | undefined
    total = _zeta_sum(xp, xp.where(bad, 2, x), xp.where(bad, 1, q))
    return xp.where(undefined & ~pole, xp.nan, xp.where(pole, xp.inf, total))


def _zeta_sum(xp: Any, x: Array, q: Array) -> Array:
    """The first terms, and the rest by the Euler-Maclaurin formula."""
    count = _terms_until_large(xp, q)
    total = xp.zeros_like(x + q)
    for k in range(count):
        total = total + xp.power(q + k, -x)
    end = q + count
    last = xp.power(end, -x)
    total = total + last * end / (x - 1) + 0.5 * last
    factor = last * x / end
    for k, b in enumerate(_BERNOULLI):
        total = total + b / factorial(2 * k + 2) * factor
        factor = factor * (x + 2 * k + 1) * (x + 2 * k + 2) / (end * end)
    return total


def polygamma(xp: Any, n: Array, x: Array) -> Array:
    """The n-th derivative of digamma; NaN where n is no natural number."""
    n, x = widest(xp, n), widest(xp, x)
    natural = (n >= 0) & (n == xp.floor(n))
    order = xp.where(natural & (n > 0), n, 1)
    sign = xp.where(xp.fmod(order, 2) == 1, 1.0, -1.0)
    value = sign * xp.exp(_lgamma_positive(xp, order + 1)) * zeta(xp, order + 1, x)
    return xp.where(natural, xp.where(n == 0, digamma(xp, x), value), xp.nan)


# -- incomplete gamma and beta -----------------------------------------------------------------


def _terms(xp: Any) -> range:
    """Steps of a series: until it has converged with NumPy, a fixed number elsewhere."""
    return range(1, (_MAX_TERMS if is_numpy(xp) else 200) + 1)


def _settled(xp: Any, change: Array) -> bool:
    """Whether no element changes any more."""
    return is_numpy(xp) and not bool(np.any(np.abs(change) > _EPSILON))


def _gamma_series(xp: Any, a: Array, x: Array) -> tuple[Array, Array]:
    """Σ x^n / ((a + 1) ... (a + n)), and its derivative by a."""
    term = xp.ones_like(a + x)
    total, slope, weight = term, xp.zeros_like(term), xp.zeros_like(term)
    for n in _terms(xp):
        term = term * (x / (a + n))
        weight = weight - 1 / (a + n)
        total, slope = total + term, slope + term * weight
        if _settled(xp, term * weight / total):
            break
    return total, slope


def _gamma_fraction(xp: Any, a: Array, x: Array) -> Array:
    """The continued fraction of the upper incomplete gamma function (Lentz's method)."""
    b = x + 1 - a
    c = xp.full_like(b, 1 / _TINY)
    d = 1 / b
    value = d
    for n in _terms(xp):
        weight = -n * (n - a)
        b = b + 2
        d = 1 / _off_zero(xp, weight * d + b)
        c = _off_zero(xp, b + weight / c)
        value = value * (c * d)
        if _settled(xp, c * d - 1):
            break
    return value


def _off_zero(xp: Any, x: Array) -> Array:
    return xp.where(xp.abs(x) < _TINY, _TINY, x)


def _gamma_pair(xp: Any, a: Array, x: Array) -> tuple[Array, Array]:
    """The lower and the upper regularised incomplete gamma functions."""
    a, x = (xp.asarray(v) for v in xp.broadcast_arrays(widest(xp, a), widest(xp, x)))
    undefined = (x < 0) | (a <= 0) | xp.isnan(a) | xp.isnan(x)
    low = x < a + 1
    a, x = xp.where(undefined, 1, a), xp.where(undefined, 1, x)
    scale = a * xp.log(xp.where(x > 0, x, 1)) - x - _lgamma_positive(xp, a)
    front = xp.where((x > 0) & ~xp.isinf(x), xp.exp(scale), 0)
    series = front * _gamma_series(xp, a, xp.where(low, x, 0))[0] / a
    fraction = front * _gamma_fraction(xp, xp.where(low, 1, a), xp.where(low | xp.isinf(x), 3, x))
    lower = xp.where(low, series, 1 - fraction)
    upper = xp.where(low, 1 - series, fraction)
    return xp.where(undefined, xp.nan, lower), xp.where(undefined, xp.nan, upper)


def igamma(xp: Any, a: Array, x: Array) -> Array:
    """The lower regularised incomplete gamma function; NaN for a <= 0 or x < 0."""
    return _gamma_pair(xp, a, x)[0]


def igammac(xp: Any, a: Array, x: Array) -> Array:
    """The upper regularised incomplete gamma function; NaN for a <= 0 or x < 0."""
    return _gamma_pair(xp, a, x)[1]


def igamma_grad_a(xp: Any, a: Array, x: Array) -> Array:
    """The derivative of `igamma` by a."""
    a, x = (xp.asarray(v) for v in xp.broadcast_arrays(widest(xp, a), widest(xp, x)))
    undefined = (x < 0) | (a <= 0)
    # Far to the right of a the function is 1 to the last digit, and flat.
    flat = undefined | (x == 0) | (x > a + 40 * xp.sqrt(a + 1) + 60)
    a, x = xp.where(flat, 1, a), xp.where(flat, 1, x)
    total, slope = _gamma_series(xp, a, x)
    front = xp.exp(a * xp.log(x) - x - _lgamma_positive(xp, a + 1))
    value = front * (slope + total * (xp.log(x) - _digamma_positive(xp, a + 1)))
    return xp.where(undefined, xp.nan, xp.where(flat, 0, value))


def _beta_fraction(xp: Any, a: Array, b: Array, x: Array) -> Array:
    """The continued fraction of the incomplete beta function (Lentz's method)."""
    c = xp.ones_like(x)
    d = 1 / _off_zero(xp, 1 - (a + b) * x / (a + 1))
    value = d
    for n in _terms(xp):
        m = a + 2 * n
        even = n * (b - n) * x / ((m - 1) * m)
        d = 1 / _off_zero(xp, 1 + even * d)
        c = _off_zero(xp, 1 + even / c)
        value = value * (c * d)
        odd = -(a + n) * (a + b + n) * x / (m * (m + 1))
        d = 1 / _off_zero(xp, 1 + odd * d)
        c = _off_zero(xp, 1 + odd / c)
        value = value * (c * d)
        if _settled(xp, c * d - 1):
            break
    return value


def betainc(xp: Any, a: Array, b: Array, x: Array) -> Array:
    """The regularised incomplete beta function; NaN outside a > 0, b > 0, 0 <= x <= 1."""
    wide = xp.broadcast_arrays(*(widest(xp, v) for v in (a, b, x)))
    a, b, x = (xp.asarray(v) for v in wide)
    undefined = ~((a > 0) & (b > 0) & (x >= 0) & (x <= 1))
    a, b = xp.where(undefined, 1, a), xp.where(undefined, 1, b)
    inside = xp.where((x > 0) & (x < 1), x, 0.5)
    scale = _lgamma_positive(xp, a + b) - _lgamma_positive(xp, a) - _lgamma_positive(xp, b)
    front = xp.exp(scale + a * xp.log(inside) + b * xp.log1p(-inside))
    # The fraction converges fast on the left of the mean; on its right by symmetry.
    left = inside < (a + 1) / (a + b + 2)
    p, q, at = xp.where(left, a, b), xp.where(left, b, a), xp.where(left, inside, 1 - inside)
    value = front * _beta_fraction(xp, p, q, at) / p
    value = xp.where(left, value, 1 - value)
    value = xp.where(x <= 0, 0.0, xp.where(x >= 1, 1.0, value))
    return xp.where(undefined, xp.nan, value)


# -- Bessel ------------------------------------------------------------------------------------


def _scaled_bessel(
    xp: Any, size: Array, small: Sequence[float], large: Sequence[float]
) -> tuple[Array, Array]:
    near = xp.minimum(size, 8)
    far = xp.maximum(size, 8)
    return _series(near / 4 - 1, small), _series(16 / far - 1, large) / xp.sqrt(far)


def bessel_i0e(xp: Any, x: Array) -> Array:
    """exp(-|x|) I0(x), the modified Bessel function of order 0."""
    size = xp.abs(widest(xp, x))
    near, far = _scaled_bessel(xp, size, _I0_SMALL, _I0_LARGE)
    return xp.where(size <= 8, near, far)


def bessel_i1e(xp: Any, x: Array) -> Array:
    """exp(-|x|) I1(x), the modified Bessel function of order 1."""
    wide = widest(xp, x)
    size = xp.abs(wide)
    near, far = _scaled_bessel(xp, size, _I1_SMALL, _I1_LARGE)
    return xp.where(size <= 8, near * wide, far * xp.sign(wide))
