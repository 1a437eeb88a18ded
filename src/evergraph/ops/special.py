"""Ops of special functions: the error function, gamma and its kin, beta, zeta, Bessel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import pi, sqrt
from typing import Any

from ..core.emit import apply
from ..core.opdef import NO_GRADIENT, Array, Attrs, Kernel, Values, define
from ..core.shape import Shape, broadcast
from ..core.tensor import Literal, Tensor
from . import special_functions as functions
from .broadcasting import unbroadcast
from .elementwise_rules import FLOAT, broadcast_shape, literal, same_shape

Rule = Callable[[Any, Any, Any], Any]
"""`(x, y, dy)`: the gradient of a function of one operand."""


def _kernel(function: Callable[..., Array]) -> Kernel:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        return xp.asarray(function(xp, *inputs), attrs["T"].np_dtype)

    return kernel


# -- one operand -------------------------------------------------------------------------------


def _erf_grad(sign: int) -> Rule:
    def grad(x: Any, y: Any, dy: Any) -> Any:
        slope = apply("Exp", apply("Neg", apply("Square", x)))
        return dy * apply("Mul", slope, literal(sign * 2 / sqrt(pi), x))

    return grad


def _digamma_grad(x: Any, y: Any, dy: Any) -> Any:
    return dy * apply("Polygamma", literal(1, x), x)


def _bessel_i0e_grad(x: Any, y: Any, dy: Any) -> Any:
    return dy * (apply("BesselI1e", x) - apply("Sign", x) * y)


def _bessel_i1e_grad(x: Any, y: Any, dy: Any) -> Any:
    """I0e(x) - I1e(x) (sign(x) + 1 / x), which is 1/2 at 0."""
    zero = apply("Equal", x, literal(0, x))
    safe = apply("SelectV2", zero, literal(1, x), x)
    slope = apply("BesselI0e", x) - y * (apply("Sign", x) + apply("Reciprocal", safe))
    return dy * apply("SelectV2", zero, literal(0.5, x), slope)


_UNARY: tuple[tuple[str, Callable[..., Array], Rule], ...] = (
    ("Erf", functions.erf, _erf_grad(1)),
    ("Erfc", functions.erfc, _erf_grad(-1)),
    ("Lgamma", functions.lgamma, lambda x, y, dy: dy * apply("Digamma", x)),
    ("Digamma", functions.digamma, _digamma_grad),
    ("BesselI0e", functions.bessel_i0e, _bessel_i0e_grad),
    ("BesselI1e", functions.bessel_i1e, _bessel_i1e_grad),
)


def _unary_grad(rule: Rule) -> Any:
    return lambda op, dy: [rule(op.inputs[0], op.outputs[0], dy)]


for _name, _function, _rule in _UNARY:
    define(
        _name,
        "x:T -> y:T",
        f"T:type{{{FLOAT}}}",
        shape=same_shape,
        kernel=_kernel(_function),
        grad=_unary_grad(_rule),
    )

# -- two operands ------------------------------------------------------------------------------


def _density(a: Any, x: Any) -> Tensor:
    """x^(a - 1) exp(-x) / gamma(a): the derivative of igamma by x."""
    power = apply("Xlogy", apply("Sub", a, literal(1, a)), x)
    return apply("Exp", power - x - apply("Lgamma", a))  # type: ignore[no-any-return]


def _igamma_grad(sign: int) -> Any:
    def grad(op: Any, dz: Tensor) -> list[Any]:
        a, x = op.inputs
        dz = dz if sign > 0 else apply("Neg", dz)
        by_a = apply("Mul", dz, apply("IgammaGradA", a, x))
        return [unbroadcast(by_a, a, x), unbroadcast(apply("Mul", dz, _density(a, x)), x, a)]

    return grad


def _by_second(slope: Callable[[Any, Any], Any]) -> Any:
    """The gradient of an op of which TensorFlow knows no derivative by the first operand."""

    def grad(op: Any, dz: Tensor) -> list[Any]:
        x, y = op.inputs
        if isinstance(y, Literal):
            return [None, None]
        return [None, unbroadcast(apply("Mul", dz, slope(x, y)), y, x)]

    return grad


def _zeta_slope(x: Any, q: Any) -> Any:
    return apply("Neg", apply("Mul", x, apply("Zeta", apply("Add", x, literal(1, x)), q)))


def _polygamma_slope(n: Any, x: Any) -> Any:
    return apply("Polygamma", apply("Add", n, literal(1, n)), x)


_BINARY: tuple[tuple[str, str, Callable[..., Array], Any], ...] = (
    ("Igamma", "a:T x:T -> z:T", functions.igamma, _igamma_grad(1)),
    ("Igammac", "a:T x:T -> z:T", functions.igammac, _igamma_grad(-1)),
    ("IgammaGradA", "a:T x:T -> z:T", functions.igamma_grad_a, NO_GRADIENT),
    ("Zeta", "x:T q:T -> z:T", functions.zeta, _by_second(_zeta_slope)),
    ("Polygamma", "a:T x:T -> z:T", functions.polygamma, _by_second(_polygamma_slope)),
)
for _name, _signature, _function, _rule in _BINARY:
    define(
        _name,
        _signature,
        "T:type{float32,float64}",
        shape=broadcast_shape,
        kernel=_kernel(_function),
        grad=_rule,
    )


def _betainc_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [broadcast(shapes[0], broadcast(shapes[1], shapes[2]))]


def _betainc_grad(op: Any, dz: Tensor) -> list[Any]:
    a, b, x = op.inputs
    log_beta = apply("Lgamma", a) + apply("Lgamma", b) - apply("Lgamma", apply("Add", a, b))
    one = literal(1, x)
    left = apply("Xlogy", apply("Sub", a, one), x)
    right = apply("Xlogy", apply("Sub", b, one), apply("Sub", one, x))
    density = apply("Exp", left + right - log_beta)
    return [None, None, unbroadcast(apply("Mul", dz, density), x, op.outputs[0])]


define(
    "Betainc",
    "a:T b:T x:T -> z:T",
    "T:type{float32,float64}",
    shape=_betainc_shape,
    kernel=_kernel(functions.betainc),
    grad=_betainc_grad,
)
