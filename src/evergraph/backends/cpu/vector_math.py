"""Elementary functions as vector code of float and double: no branches, no calls.

| function | float32, ulp | float64, ulp | method |
|---|---|---|---|
| exp | 1.0 | 1.0 | x = n ln 2 + r, Taylor polynomial in r, scaled in two steps |
| expm1 | 1.9 | 1.9 | the same without its leading one |
| log | 1.0 | 1.0 | x = 2^e m, the series of artanh in (m - 1) / (m + 1) |
| log1p | 1.9 | 1.7 | log of 1 + x, and what was lost in that sum |
| tanh | 2.5 | 2.5 | expm1(2 |x|) / (expm1(2 |x|) + 2) |

The bounds are those that the tests assert. NaN, infinities, zeros and subnormals give what NumPy
gives. Sums and products may be contracted; nothing assumes that NaN or infinities do not occur.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .ir import Emitter, Value, element_of, lanes_of, vector


@dataclass(frozen=True)
class _Format:
    """What the functions need to know of a floating-point format."""

    integer: str
    mantissa: int
    bias: int
    magic: float
    """1.5 * 2^mantissa: added, it rounds to an integer that stands in the low bits."""
    exp_low: float
    exp_high: float
    exp_terms: int
    log_terms: int
    tanh_high: float
    ln2_high: float
    """The leading bits of ln 2, so that its product with an exponent is exact."""

    @property
    def ln2_low(self) -> float:
        """The rest of ln 2 (to 1e-25: by its next digits)."""
        return (math.log(2) - self.ln2_high) + 2.3190468138462996e-17

    @property
    def smallest(self) -> float:
        """The least normal number."""
        return math.ldexp(1.0, 1 - self.bias)


def _leading(x: float, bits: int) -> float:
    mantissa, exponent = math.frexp(x)
    return math.ldexp(math.floor(math.ldexp(mantissa, bits)), exponent - bits)


_FORMATS = {
    "float": _Format(
        "i32", 23, 127, 1.5 * 2.0**23, -104.0, 89.0, 8, 5, 10.0, _leading(math.log(2), 14)
    ),
    "double": _Format(
        "i64", 52, 1023, 1.5 * 2.0**52, -746.0, 710.0, 14, 11, 22.0, _leading(math.log(2), 40)
    ),
}


class _Math:
    """Writes functions of one vector type."""

    def __init__(self, e: Emitter, kind: str) -> None:
        self.e, self.kind = e, kind
        self.format = _FORMATS[element_of(kind)]
        self.integers = vector(self.format.integer, lanes_of(kind))

    def const(self, number: float) -> Value:
        return self.e.const(self.kind, number)

    def add(self, a: Value, b: Value | float) -> Value:
        return self.e.bin("fadd", a, b)

    def sub(self, a: Value, b: Value | float) -> Value:
        return self.e.bin("fsub", a, b)

    def mul(self, a: Value, b: Value | float) -> Value:
        return self.e.bin("fmul", a, b)

    def div(self, a: Value, b: Value) -> Value:
        return self.e.bin("fdiv", a, b)

    def fma(self, a: Value, b: Value, c: Value) -> Value:
        """a * b + c, rounded once where the processor can."""
        if self.e.target.has_fma:
            return self.e.unary_intrinsic("fma", a, b, c)
        return self.add(self.mul(a, b), c)

    def horner(self, x: Value, coefficients: Sequence[float]) -> Value:
        """A polynomial, its highest coefficient first."""
        total = self.const(coefficients[0])
        for c in coefficients[1:]:
            total = self.fma(total, x, self.const(c))
        return total

    def absolute(self, x: Value) -> Value:
        return self.e.unary_intrinsic("fabs", x)

    def clamped(self, x: Value, low: float, high: float) -> Value:
        """Between two bounds; NaN stays NaN."""
        e = self.e
        x = e.select(e.compare("fcmp ogt", x, high), self.const(high), x)
        return e.select(e.compare("fcmp olt", x, low), self.const(low), x)

    def bits(self, x: Value) -> Value:
        return self.e.convert("bitcast", x, self.integers)

    def power_of_two(self, n: Value) -> Value:
        """2^n for integers n of normal numbers."""
        e, f = self.e, self.format
        biased = e.bin("shl", e.bin("add", n, f.bias), f.mantissa)
        return e.convert("bitcast", biased, self.kind)

    def reduced(self, x: Value) -> tuple[Value, Value]:
        """n and r with x = n ln 2 + r, |r| <= ln 2 / 2."""
        e, f = self.e, self.format
        shifted = self.fma(x, self.const(1 / math.log(2)), self.const(f.magic))
        n = e.bin("sub", self.bits(shifted), self.bits_of(f.magic))
        whole = self.sub(shifted, f.magic)
        r = self.fma(whole, self.const(-f.ln2_high), x)
        return n, self.fma(whole, self.const(-f.ln2_low), r)

    def bits_of(self, number: float) -> Value:
        """The bits of a constant."""
        return self.bits(self.const(number))

    def exp(self, x: Value) -> Value:
        e, f = self.e, self.format
        n, r = self.reduced(self.clamped(x, f.exp_low, f.exp_high))
        series = [1 / math.factorial(k) for k in range(f.exp_terms - 1, 1, -1)]
        tail = self.mul(self.horner(r, series), self.mul(r, r))
        value = self.add(self.add(tail, r), 1.0)
        half = e.bin("ashr", n, 1)
        scaled = self.mul(value, self.power_of_two(half))
        return self.mul(scaled, self.power_of_two(e.bin("sub", n, half)))

    def expm1(self, x: Value) -> Value:
        e, f = self.e, self.format
        bounded = self.clamped(x, -f.mantissa - 4.0, f.exp_high)
        n, r = self.reduced(bounded)
        series = [1 / math.factorial(k) for k in range(f.exp_terms, 1, -1)]
        small = self.fma(self.horner(r, series), self.mul(r, r), r)
        s = self.power_of_two(e.bin("sub", n, 1))  # half the scale: 2^128 is no float
        got = self.mul(self.add(self.mul(s, small), self.sub(s, 0.5)), 2.0)
        tiny = e.compare("fcmp olt", self.absolute(x), f.smallest)
        return e.select(tiny, x, got)  # and -0 stays -0

    def log(self, x: Value) -> Value:
        e, f = self.e, self.format
        is_small = e.compare("fcmp olt", x, f.smallest)
        lifted = self.mul(x, 2.0 ** (f.mantissa + 1))
        y = e.select(is_small, lifted, x)
        # The exponent that leaves a mantissa between sqrt(1/2) and sqrt(2).
        root = self.bits_of(math.sqrt(0.5))
        moved = e.bin("sub", self.bits(y), root)
        exponent = e.bin("ashr", moved, f.mantissa)
        mantissa = e.bin("sub", self.bits(y), e.bin("shl", exponent, f.mantissa))
        m = e.convert("bitcast", mantissa, self.kind)
        scale = e.convert("sitofp", exponent, self.kind)
        scale = e.select(is_small, self.sub(scale, f.mantissa + 1.0), scale)
        got = self.log_near_one(self.sub(m, 1.0), scale)
        infinite = e.compare("fcmp oeq", x, math.inf)
        got = e.select(infinite, x, got)
        got = e.select(e.compare("fcmp oeq", x, 0.0), self.const(-math.inf), got)
        valid = e.compare("fcmp oge", x, 0.0)
        return e.select(valid, got, self.const(math.nan))

    def log_near_one(self, d: Value, scale: Value) -> Value:
        """scale * ln 2 + log(1 + d) for small d."""
        f = self.format
        s = self.div(d, self.add(d, 2.0))
        z = self.mul(s, s)
        series = [2 / (2 * k + 1) for k in range(f.log_terms, 0, -1)]
        rest = self.mul(z, self.horner(z, series))
        half = self.mul(self.mul(d, d), 0.5)
        low = self.fma(scale, self.const(f.ln2_low), self.mul(s, self.add(half, rest)))
        near = self.sub(d, self.sub(half, low))
        return self.fma(scale, self.const(f.ln2_high), near)

    def log1p(self, x: Value) -> Value:
        e, f = self.e, self.format
        u = self.add(x, 1.0)
        lost_small = self.sub(x, self.sub(u, 1.0))
        lost_large = self.sub(self.const(1.0), self.sub(u, x))
        is_large = e.compare("fcmp ogt", x, 1.0)
        lost = e.select(is_large, lost_large, lost_small)
        got = self.add(self.log(u), self.div(lost, u))
        ordinary = e.compare("fcmp ogt", x, -1.0)
        finite = e.compare("fcmp olt", x, math.inf)
        got = e.select(e.bin("and", ordinary, finite), got, self.log(u))
        tiny = e.compare("fcmp olt", self.absolute(x), f.smallest)
        return e.select(tiny, x, got)

    def tanh(self, x: Value) -> Value:
        e, f = self.e, self.format
        size = self.absolute(x)
        bounded = e.select(e.compare("fcmp ogt", size, f.tanh_high), self.const(f.tanh_high), size)
        t = self.expm1(self.add(bounded, bounded))
        got = self.div(t, self.add(t, 2.0))
        return e.unary_intrinsic("copysign", got, x)

    def sqrt(self, x: Value) -> Value:
        return self.e.unary_intrinsic("sqrt", x)

    def rint(self, x: Value) -> Value:
        """To the nearest integer, ties to even."""
        e, f = self.e, self.format
        size = self.absolute(x)
        near = self.sub(self.add(size, 2.0**f.mantissa), 2.0**f.mantissa)
        got = e.select(e.compare("fcmp olt", size, 2.0**f.mantissa), near, size)
        return e.unary_intrinsic("copysign", got, x)

    def floor(self, x: Value) -> Value:
        e = self.e
        near = self.rint(x)
        below = self.sub(near, 1.0)
        got = e.select(e.compare("fcmp ogt", near, x), below, near)
        return e.unary_intrinsic("copysign", got, x)

    def ceil(self, x: Value) -> Value:
        e = self.e
        near = self.rint(x)
        above = self.add(near, 1.0)
        got = e.select(e.compare("fcmp olt", near, x), above, near)
        return e.unary_intrinsic("copysign", got, x)

    def trunc(self, x: Value) -> Value:
        return self.e.unary_intrinsic("copysign", self.floor(self.absolute(x)), x)

    def sign(self, x: Value) -> Value:
        e = self.e
        one = e.unary_intrinsic("copysign", self.const(1.0), x)
        nonzero = e.compare("fcmp one", x, 0.0)
        return e.select(nonzero, one, x)  # of NaN, NaN

    def maximum(self, x: Value, y: Value) -> Value:
        return self.extreme("fcmp ogt", x, y)

    def minimum(self, x: Value, y: Value) -> Value:
        return self.extreme("fcmp olt", x, y)

    def extreme(self, relation: str, x: Value, y: Value) -> Value:
        """One of two values by a relation; NaN if either is."""
        e = self.e
        if _is_number(x):
            x, y = y, x
        if _is_number(y):
            return e.select(e.compare(relation, y, x), y, x)
        chosen = e.select(e.compare(relation, x, y), x, y)
        return e.select(e.compare("fcmp uno", x, x), x, chosen)

    def isnan(self, x: Value) -> Value:
        return self.e.compare("fcmp uno", x, x)

    def isinf(self, x: Value) -> Value:
        return self.e.compare("fcmp oeq", self.absolute(x), math.inf)

    def isfinite(self, x: Value) -> Value:
        return self.e.compare("fcmp olt", self.absolute(x), math.inf)


def _is_number(x: Value) -> bool:
    return re.match(r"(splat|0x|-?\d)", x.name) is not None


_FUNCTIONS: dict[str, Callable[..., Value]] = {
    name: getattr(_Math, name)
    for name in (
        "exp", "expm1", "log", "log1p", "tanh", "sqrt", "rint", "floor", "ceil", "trunc", "sign",
        "maximum", "minimum", "isnan", "isinf", "isfinite",
    )
}  # fmt: skip
_FUNCTIONS["round"] = _Math.rint
NAMES = frozenset(_FUNCTIONS)


def emit(e: Emitter, name: str, x: Value, *more: Value) -> Value:
    """The value of a function of `NAMES`; its operands have one type, of float or double."""
    return _FUNCTIONS[name](_Math(e, x.type), x, *more)
