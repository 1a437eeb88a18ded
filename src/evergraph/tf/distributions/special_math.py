"""The normal distribution's functions, and the logarithm of Laplace's.

Inverse: the rational approximations of S. L. Moshier's Cephes library, `ndtri`. Tail: the
asymptotic series of the complementary error function, M. Abramowitz and I. A. Stegun, "Handbook
of Mathematical Functions", 26.2.12.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.dtypes import float32, float64
from ...core.tensor import Tensor
from .. import array_ops, math_ops
from ..framework import convert_to_tensor, name_scope

# Where the logarithm changes its formula: below the series, above -(1 - ndtr).
_SEGMENTS = {float64: (-20.0, 8.0), float32: (-10.0, 5.0)}

# Coefficients of Cephes' ndtri, the lowest power first: for p near 1/2 ...
_P0 = (
    -1.23916583867381258016e0,
    1.39312609387279679503e1,
    -5.66762857469070293439e1,
    9.80010754185999661536e1,
    -5.99633501014107895267e1,
)
_Q0 = (
    -1.18331621121330003142e0,
    1.59056225126211695515e1,
    -8.20372256168333339912e1,
    2.00260212380060660359e2,
    -2.25462687854119370527e2,
    8.63602421390890590575e1,
    4.67627912898881538453e0,
    1.95448858338141759834e0,
    1.0,
)
# ... for z = sqrt(-2 log p) from 2 to 8 ...
_P1 = (
    -8.57456785154685413611e-4,
    -3.50424626827848203418e-2,
    -1.40256079171354495875e-1,
    2.18663306850790267539e0,
    1.46849561928858024014e1,
    4.40805073893200834700e1,
    5.71628192246421288162e1,
    3.15251094599893866154e1,
    4.05544892305962419923e0,
)
_Q1 = (
    -9.33259480895457427372e-4,
    -3.80806407691578277194e-2,
    -1.42182922854787788574e-1,
    2.50464946208309415979e0,
    1.50425385692907503408e1,
    4.13172038254672030440e1,
    4.53907635128879210584e1,
    1.57799883256466749731e1,
    1.0,
)
# ... and beyond.
_P2 = (
    6.23974539184983293730e-9,
    2.65806974686737550832e-6,
    3.01581553508235416007e-4,
    1.23716634817820021358e-2,
    2.01485389549179081538e-1,
    1.33303460815807542389e0,
    3.93881025292474443415e0,
    6.91522889068984211695e0,
    3.23774891776946035970e0,
)
_Q2 = (
    6.79019408009981274425e-9,
    2.89247864745380683936e-6,
    3.28014464682127739104e-4,
    1.34204006088543189037e-2,
    2.16236993594496635890e-1,
    1.37702099489081330271e0,
    3.67983563856160859403e0,
    6.02427039364742014255e0,
    1.0,
)


def _float_tensor(x: Any, name: str) -> Tensor:
    x = convert_to_tensor(x, name=name)
    if x.dtype.base_dtype not in (float32, float64):
        raise TypeError(f"{name}.dtype={x.dtype} is not handled: cast it to float32 or float64.")
    return x  # type: ignore[no-any-return]


def ndtr(x: Any, name: str = "ndtr") -> Tensor:
    """The distribution function of the standard normal distribution."""
    with name_scope(name, values=[x]):
        return _ndtr(_float_tensor(x, "x"))


def _ndtr(x: Tensor) -> Tensor:
    half_root = array_ops.constant(0.5 * math.sqrt(2.0), dtype=x.dtype, name="half_sqrt_2")
    w = x * half_root
    z = math_ops.abs(w)
    near, centre = math_ops.less(z, half_root), 1.0 + math_ops.erf(w)
    right = math_ops.greater(w, 0.0)
    tail = array_ops.where_v2(right, 2.0 - math_ops.erfc(z), math_ops.erfc(z))
    return 0.5 * array_ops.where_v2(near, centre, tail)


def log_ndtr(x: Any, series_order: int = 3, name: str = "log_ndtr") -> Tensor:
    """The logarithm of `ndtr`, accurate far to the left as well.

    `series_order`, from 0 to 30, is the length of the series there. Raises TypeError if it is no
    integer or `x` no float32 or float64, ValueError if it is out of range.
    """
    if not isinstance(series_order, int):
        raise TypeError("series_order must be a Python integer.")
    if not 0 <= series_order <= 30:
        raise ValueError("series_order must be non-negative and <= 30.")
    with name_scope(name, values=[x]):
        x = _float_tensor(x, "x")
        lower, upper = (np.array(s, x.dtype.as_numpy_dtype) for s in _SEGMENTS[x.dtype.base_dtype])
        return array_ops.where_v2(
            math_ops.greater(x, upper),
            -_ndtr(-x),
            array_ops.where_v2(
                math_ops.greater(x, lower),
                math_ops.log(_ndtr(math_ops.maximum(x, lower))),
                _log_tail(math_ops.minimum(x, lower), series_order),
            ),
        )


def _log_tail(x: Tensor, order: int) -> Tensor:
    scale = -0.5 * math_ops.square(x) - math_ops.log(-x) - 0.5 * math.log(2.0 * math.pi)
    return scale + math_ops.log(_tail_series(x, order))


def _tail_series(x: Tensor, order: int) -> Any:
    """1 - 1/x² + 3/x⁴ - 15/x⁶ ..., `order` terms after the first."""
    dtype = x.dtype.as_numpy_dtype
    if order == 0:
        return np.array(1, dtype)
    square = math_ops.square(x)
    even, odd = array_ops.zeros_like(x), array_ops.zeros_like(x)
    power = square
    for n in range(1, order + 1):
        term = np.array(math.prod(range(2 * n - 1, 1, -2)), dtype) / power
        if n % 2:
            odd += term
        else:
            even += term
        power *= square
    return 1.0 + even - odd


def _polynomial(x: Tensor, coefficients: Sequence[float]) -> Tensor:
    numbers: Any = np.array(coefficients, x.dtype.as_numpy_dtype)
    value = array_ops.zeros_like(x)
    for c in numbers[::-1]:
        value = c + value * x
    return value


def _ratio(x: Tensor, above: Sequence[float], below: Sequence[float]) -> Tensor:
    return _polynomial(x, above) / _polynomial(x, below)


def ndtri(p: Any, name: str = "ndtri") -> Tensor:
    """Where `ndtr` is `p`: -inf at 0, inf at 1."""
    with name_scope(name, values=[p]):
        return _ndtri(_float_tensor(p, "p"))


def _ndtri(p: Tensor) -> Tensor:
    small = math.exp(-2.0)
    folded = array_ops.where_v2(p > 1.0 - small, 1.0 - p, p)
    half = array_ops.fill(array_ops.shape(p), np.array(0.5, p.dtype.as_numpy_dtype))
    q = array_ops.where_v2(folded <= 0.0, half, folded)
    w = q - 0.5
    ww = w**2
    central = (w + w * ww * _ratio(ww, _P0, _Q0)) * -math.sqrt(2.0 * math.pi)
    z = math_ops.sqrt(-2.0 * math_ops.log(q))
    first, inverse = z - math_ops.log(z) / z, 1.0 / z
    far = first - _ratio(inverse, _P2, _Q2) / z
    middle = first - _ratio(inverse, _P1, _Q1) / z
    x = array_ops.where_v2(q > small, central, array_ops.where_v2(z >= 8.0, far, middle))
    x = array_ops.where_v2(p > 1.0 - small, x, -x)
    infinity = array_ops.fill(array_ops.shape(p), array_ops.constant(np.inf, dtype=p.dtype))
    right = array_ops.where_v2(p >= 1.0, infinity, x)
    return array_ops.where_v2(p <= 0.0, -infinity, right)


def log_cdf_laplace(x: Any, name: str = "log_cdf_laplace") -> Tensor:
    """The logarithm of the distribution function of the standard Laplace distribution."""
    with name_scope(name, values=[x]):
        x = convert_to_tensor(x, name="x")
        left = -math.log(2.0) + x
        # -|x| keeps the exponential finite where the left formula is taken.
        right = math_ops.log1p(-0.5 * math_ops.exp(-math_ops.abs(x)))
        return array_ops.where_v2(x < 0.0, left, right)
