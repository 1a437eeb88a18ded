"""`tf.math`: what is not also a root name."""

from __future__ import annotations

from typing import Any

from ..core.tensor import Tensor
from . import array_ops
from .elementwise_ops import bessel_i0e, bessel_i1e, xdivy, xlogy
from .emitting import emit_tensor
from .framework import convert_to_tensor, name_scope
from .math_ops import abs, exp, no_nan
from .reduction_ops import (
    cumulative_logsumexp,
    reduce_euclidean_norm,
    reduce_std,
    reduce_variance,
)

__all__ = [
    "bessel_i0",
    "bessel_i0e",
    "bessel_i1",
    "bessel_i1e",
    "cumulative_logsumexp",
    "multiply_no_nan",
    "nextafter",
    "polyval",
    "reciprocal_no_nan",
    "reduce_euclidean_norm",
    "reduce_std",
    "reduce_variance",
    "xdivy",
    "xlogy",
]


def __getattr__(name: str) -> Any:
    from .namespaces import resolve

    return resolve("tf.math", name)


def multiply_no_nan(x: Any, y: Any, name: Any = None) -> Tensor:
    """x * y, and 0 where y is 0, even if x is infinite or NaN."""
    return no_nan("MulNoNan", x, y, name, "multiply_no_nan")


def reciprocal_no_nan(x: Any, name: Any = None) -> Tensor:
    """1 / x, and 0 where x is 0."""
    with name_scope(name, "reciprocal_no_nan", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        one = array_ops.constant(1, dtype=x.dtype.base_dtype, name="one")
        return emit_tensor("DivNoNan", one, x, name=scope)


def nextafter(x1: Any, x2: Any, name: Any = None) -> Tensor:
    """The next float after x1 in the direction of x2."""
    return emit_tensor("NextAfter", x1, x2, name=name)


def bessel_i0(x: Any, name: Any = None) -> Tensor:
    """The modified Bessel function of order 0."""
    with name_scope(name, "bessel_i0", [x]):
        grown: Any = exp(abs(x))
        value: Tensor = grown * bessel_i0e(x)
        return value


def bessel_i1(x: Any, name: Any = None) -> Tensor:
    """The modified Bessel function of order 1."""
    with name_scope(name, "bessel_i1", [x]):
        grown: Any = exp(abs(x))
        value: Tensor = grown * bessel_i1e(x)
        return value


def polyval(coeffs: Any, x: Any, name: Any = None) -> Tensor:
    """The polynomial with these coefficients, highest power first, at x (Horner's rule)."""
    with name_scope(name, "polyval", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        if len(coeffs) < 1:
            return array_ops.zeros_like(x, name=scope)
        terms = [convert_to_tensor(c, name=f"coeff_{i}") for i, c in enumerate(coeffs)]
        value = terms[0]
        for c in terms[1:]:
            value = c + value * x
        return value
