"""Logarithm, sine and cosine of float32 as the C library behind TensorFlow's kernels rounds them.

Normal values are then equal to the last bit, and the same on every platform, which NumPy's own
functions do not promise. Constants and ranges: Arm's optimized routines (logf, sincosf; MIT or
Apache-2.0), which glibc has used since version 2.28. All is evaluated in double precision and
rounded once.
"""

from __future__ import annotations

import math

import numpy as np

from .philox_bits import Array

# log(x) = k log 2 + log c + log1p(x / c / 2**k - 1), c near the middle of one of 16 intervals.
_LOG_BASE = np.array(0x3F330000, np.uint32)  # the bits of the intervals' lower end, about 0.7
_EXPONENT = np.array(0xFF800000, np.uint32)
_TO_INTERVAL, _INTERVALS = np.array(19, np.uint32), np.array(15, np.uint32)
_TO_EXPONENT = np.array(23, np.int32)
_INVERSE_CENTRES = (
    "0x1.661ec79f8f3bep+0 0x1.571ed4aaf883dp+0 0x1.49539f0f010bp+0 0x1.3c995b0b80385p+0 "
    "0x1.30d190c8864a5p+0 0x1.25e227b0b8eap+0 0x1.1bb4a4a1a343fp+0 0x1.12358f08ae5bap+0 "
    "0x1.0953f419900a7p+0 0x1p+0 0x1.e608cfd9a47acp-1 0x1.ca4b31f026aap-1 "
    "0x1.b2036576afce6p-1 0x1.9c2d163a1aa2dp-1 0x1.886e6037841edp-1 0x1.767dcf5534862p-1"
)


def _floats(digits: str) -> tuple[float, ...]:
    return tuple(map(float.fromhex, digits.split()))


def _constants(digits: str) -> tuple[Array, ...]:
    # Arrays without axes: as an operand of a short array a scalar costs twice the time.
    return tuple(map(np.array, _floats(digits)))


_INVERSE = np.array(_floats(_INVERSE_CENTRES))
_LOG_CENTRE = np.array([-math.log(inverse) for inverse in _floats(_INVERSE_CENTRES)])
_LOG = _constants("-0x1.00ea348b88334p-2 0x1.5575b0be00b6ap-2 -0x1.ffffef20a4123p-2")
_LOG_2 = np.array(math.log(2))
# On [-pi/4, pi/4]: odd powers from the third for the sine, even ones from the second.
_SINE = _constants("-0x1.555545995a603p-3 0x1.1107605230bc4p-7 -0x1.994eb3774cf24p-13")
_COSINE = _constants(
    "-0x1.ffffffd0c621cp-2 0x1.55553e1068f19p-5 -0x1.6c087e89a359dp-10 0x1.99343027bf8c3p-16"
)
_QUARTER, _PER_QUARTER = np.array(math.pi / 2), np.array(2 / math.pi)
_HALF, _ONE = np.array(0.5), np.array(1.0)
# By the quarter turns taken off, 0 to 4: whether sine and cosine change places, and their signs.
_ODD = np.array([False, True, False, True, False])
_SINE_SIGN = np.array([1, 1, -1, -1, 1], np.float32)
_COSINE_SIGN = np.array([1, -1, -1, 1, 1], np.float32)


def log32(x: Array) -> Array:
    """The natural logarithm of normal positive float32 numbers, float32."""
    bits = x.view(np.uint32)
    above = bits - _LOG_BASE
    interval = (above >> _TO_INTERVAL) & _INTERVALS
    exponent = above.view(np.int32) >> _TO_EXPONENT
    mantissa = (bits - (above & _EXPONENT)).view(np.float32)
    r = mantissa * _INVERSE.take(interval)
    r -= _ONE
    y = _horner(r, _LOG)
    y *= r * r
    r += _LOG_CENTRE.take(interval)
    r += exponent * _LOG_2
    y += r
    return y.astype(np.float32)


def sine_cosine32(angle: Array, sine: Array, cosine: Array) -> None:
    """Write sine and cosine of float32 angles in [0, 2 pi] into float32 arrays."""
    x = angle.astype(np.float64)
    turned = x * _PER_QUARTER
    turned += _HALF
    quarter = turned.astype(np.intp)
    x -= quarter * _QUARTER
    square = x * x
    s = _horner(square, _SINE[::-1])
    s *= square
    s *= x
    s += x
    c = _horner(square, _COSINE[::-1])
    c *= square
    c += _ONE
    odd = _ODD.take(quarter)
    sine[...] = np.where(odd, c, s)
    cosine[...] = np.where(odd, s, c)
    sine *= _SINE_SIGN.take(quarter)
    cosine *= _COSINE_SIGN.take(quarter)


def _horner(x: Array, coefficients: tuple[Array, ...]) -> Array:
    """The polynomial in x with these coefficients, highest power first."""
    y: Array = x * coefficients[0]
    for coefficient in coefficients[1:-1]:
        y += coefficient
        y *= x
    y += coefficients[-1]
    return y
