"""Functions that are one elementwise op each: rows of a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.tensor import Tensor
from .dispatch import dispatched
from .emitting import emit_tensor

Unary = Callable[..., Tensor]


def _documented(function: Callable[..., Any], name: str, doc: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return dispatched(function)


def of_x(name: str, op: str, doc: str) -> Unary:
    """A function `name(x, name=None)` that adds `op`."""

    def function(x: Any, name: Any = None) -> Tensor:
        return emit_tensor(op, x, name=name)

    return _documented(function, name, doc)


def of_features(name: str, op: str, doc: str) -> Unary:
    """A function `name(features, name=None)` that adds `op`."""

    def function(features: Any, name: Any = None) -> Tensor:
        return emit_tensor(op, features, name=name)

    return _documented(function, name, doc)


def of_input(name: str, op: str, doc: str) -> Unary:
    """A function `name(input, name=None)` that adds `op`."""

    def function(input: Any, name: Any = None) -> Tensor:
        return emit_tensor(op, input, name=name)

    return _documented(function, name, doc)


def of_x_y(name: str, op: str, doc: str) -> Callable[..., Tensor]:
    """A function `name(x, y, name=None)` that adds `op`."""

    def function(x: Any, y: Any, name: Any = None) -> Tensor:
        return emit_tensor(op, x, y, name=name)

    return _documented(function, name, doc)


def of_a_x(name: str, op: str, doc: str) -> Callable[..., Tensor]:
    """A function `name(a, x, name=None)` that adds `op`."""

    def function(a: Any, x: Any, name: Any = None) -> Tensor:
        return emit_tensor(op, a, x, name=name)

    return _documented(function, name, doc)


# -- powers, exponentials, logarithms ----------------------------------------------------------
negative = of_x("negative", "Neg", "-x.")
square = of_x("square", "Square", "x².")
sqrt = of_x("sqrt", "Sqrt", "The square root of x; NaN where x is negative.")
rsqrt = of_x("rsqrt", "Rsqrt", "1 / sqrt(x).")
reciprocal = of_x("reciprocal", "Reciprocal", "1 / x.")
exp = of_x("exp", "Exp", "e to the power of x.")
expm1 = of_x("expm1", "Expm1", "exp(x) - 1, accurate where x is small.")
log = of_x("log", "Log", "The natural logarithm of x; NaN where x is negative.")
log1p = of_x("log1p", "Log1p", "log(1 + x), accurate where x is small.")
sign = of_x("sign", "Sign", "-1, 0 or 1, as x is negative, zero or positive; z / |z| if complex.")

# -- trigonometry ------------------------------------------------------------------------------
sin = of_x("sin", "Sin", "The sine of x in radians.")
cos = of_x("cos", "Cos", "The cosine of x in radians.")
tan = of_x("tan", "Tan", "The tangent of x in radians.")
asin = of_x("asin", "Asin", "The inverse sine; NaN outside [-1, 1].")
acos = of_x("acos", "Acos", "The inverse cosine; NaN outside [-1, 1].")
atan = of_x("atan", "Atan", "The inverse tangent, in (-pi/2, pi/2).")
sinh = of_x("sinh", "Sinh", "The hyperbolic sine.")
cosh = of_x("cosh", "Cosh", "The hyperbolic cosine.")
tanh = of_x("tanh", "Tanh", "The hyperbolic tangent.")
asinh = of_x("asinh", "Asinh", "The inverse hyperbolic sine.")
acosh = of_x("acosh", "Acosh", "The inverse hyperbolic cosine; NaN below 1.")
atanh = of_x("atanh", "Atanh", "The inverse hyperbolic tangent; NaN outside [-1, 1].")
sigmoid = of_x("sigmoid", "Sigmoid", "1 / (1 + exp(-x)), the logistic function.")

# -- rounding and predicates -------------------------------------------------------------------
floor = of_x("floor", "Floor", "The greatest integer not above x.")
ceil = of_x("ceil", "Ceil", "The least integer not below x.")
rint = of_x("rint", "Rint", "The nearest integer, the even one of two.")
is_nan = of_x("is_nan", "IsNan", "Whether each element is NaN.")
is_inf = of_x("is_inf", "IsInf", "Whether each element is infinite.")
is_finite = of_x("is_finite", "IsFinite", "Whether each element is neither infinite nor NaN.")
logical_not = of_x("logical_not", "LogicalNot", "Whether each element is false.")

# -- special functions -------------------------------------------------------------------------
erf = of_x("erf", "Erf", "The error function of x.")
erfc = of_x("erfc", "Erfc", "1 - erf(x), accurate where that is small.")
lgamma = of_x("lgamma", "Lgamma", "log |gamma(x)|.")
digamma = of_x("digamma", "Digamma", "The derivative of lgamma.")
bessel_i0e = of_x("bessel_i0e", "BesselI0e", "exp(-|x|) I0(x), a scaled Bessel function.")
bessel_i1e = of_x("bessel_i1e", "BesselI1e", "exp(-|x|) I1(x), a scaled Bessel function.")
igamma = of_a_x("igamma", "Igamma", "The lower regularised incomplete gamma function P(a, x).")
igammac = of_a_x("igammac", "Igammac", "The upper regularised incomplete gamma function Q(a, x).")
polygamma = of_a_x("polygamma", "Polygamma", "The derivative of order a of digamma at x.")

# -- arithmetic --------------------------------------------------------------------------------
add = of_x_y("add", "Add", "x + y with broadcasting; strings are joined.")
subtract = of_x_y("subtract", "Sub", "x - y with broadcasting.")
multiply = of_x_y("multiply", "Mul", "x * y, element by element with broadcasting.")
realdiv = of_x_y("realdiv", "RealDiv", "x / y for floats and complex numbers.")
truncatediv = of_x_y("truncatediv", "TruncateDiv", "x / y of integers, rounded towards zero.")
floor_div = of_x_y("floor_div", "FloorDiv", "x / y, rounded down.")
floormod = of_x_y("floormod", "FloorMod", "What is left of x / y rounded down; y's sign.")
truncatemod = of_x_y("truncatemod", "TruncateMod", "What is left of x / y truncated; x's sign.")
maximum = of_x_y("maximum", "Maximum", "The greater of x and y, element by element.")
minimum = of_x_y("minimum", "Minimum", "The lesser of x and y, element by element.")
squared_difference = of_x_y("squared_difference", "SquaredDifference", "(x - y)².")
xdivy = of_x_y("xdivy", "Xdivy", "x / y, and 0 where x is 0.")
xlogy = of_x_y("xlogy", "Xlogy", "x * log(y), and 0 where x is 0.")

# -- comparison and logic ----------------------------------------------------------------------
equal = of_x_y("equal", "Equal", "Whether x == y, element by element.")
not_equal = of_x_y("not_equal", "NotEqual", "Whether x != y, element by element.")
less = of_x_y("less", "Less", "Whether x < y, element by element.")
less_equal = of_x_y("less_equal", "LessEqual", "Whether x <= y, element by element.")
greater = of_x_y("greater", "Greater", "Whether x > y, element by element.")
greater_equal = of_x_y("greater_equal", "GreaterEqual", "Whether x >= y, element by element.")
logical_and = of_x_y("logical_and", "LogicalAnd", "Whether both are true.")
logical_or = of_x_y("logical_or", "LogicalOr", "Whether one of both is true.")
