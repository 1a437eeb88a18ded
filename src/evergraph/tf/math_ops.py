"""Mathematics on tensors: the root names such as `tf.add`, `tf.cast`, `tf.reduce_sum`."""

from __future__ import annotations

from typing import Any

from ..core.dtypes import complex64, complex128, float32, float64
from ..core.tensor import Tensor
from ..ops import operators
from ..ops.indexed_slices import IndexedSlices
from . import array_ops
from .dispatch import dispatched
from .dtype_ops import (
    cast,
    saturate_cast,
    to_bfloat16,
    to_complex64,
    to_complex128,
    to_double,
    to_float,
    to_int32,
    to_int64,
)
from .einsum_ops import einsum
from .elementwise_ops import (
    acos,
    acosh,
    add,
    asin,
    asinh,
    atan,
    atanh,
    ceil,
    cos,
    cosh,
    digamma,
    equal,
    erf,
    erfc,
    exp,
    expm1,
    floor,
    floor_div,
    floormod,
    greater,
    greater_equal,
    igamma,
    igammac,
    is_finite,
    is_inf,
    is_nan,
    less,
    less_equal,
    lgamma,
    log,
    log1p,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    polygamma,
    realdiv,
    reciprocal,
    rint,
    rsqrt,
    sigmoid,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    squared_difference,
    subtract,
    tan,
    tanh,
    truncatediv,
    truncatemod,
)
from .emitting import emit_tensor
from .framework import convert_to_tensor, name_scope
from .histogram_ops import histogram_fixed_width, histogram_fixed_width_bins
from .matrix_ops import (
    cholesky,
    cholesky_solve,
    cross,
    matmul,
    matrix_determinant,
    matrix_inverse,
    matrix_solve,
    matrix_solve_ls,
    matrix_triangular_solve,
    norm,
    qr,
    self_adjoint_eig,
    self_adjoint_eigvals,
    sparse_matmul,
    svd,
    tensordot,
    trace,
)
from .reduction_ops import (
    accumulate_n,
    add_n,
    arg_max,
    arg_min,
    argmax,
    argmin,
    count_nonzero,
    cumprod,
    cumsum,
    reduce_all,
    reduce_any,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_sum,
)

__all__ = [
    "abs",
    "accumulate_n",
    "acos",
    "acosh",
    "add",
    "add_n",
    "angle",
    "arg_max",
    "arg_min",
    "argmax",
    "argmin",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "betainc",
    "cast",
    "ceil",
    "cholesky",
    "cholesky_solve",
    "complex",
    "conj",
    "cos",
    "cosh",
    "count_nonzero",
    "cross",
    "cumprod",
    "cumsum",
    "digamma",
    "div",
    "div_no_nan",
    "divide",
    "einsum",
    "equal",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "floor",
    "floor_div",
    "floordiv",
    "floormod",
    "greater",
    "greater_equal",
    "histogram_fixed_width",
    "histogram_fixed_width_bins",
    "igamma",
    "igammac",
    "imag",
    "is_finite",
    "is_inf",
    "is_nan",
    "lbeta",
    "less",
    "less_equal",
    "lgamma",
    "log",
    "log1p",
    "log_sigmoid",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "matmul",
    "matrix_determinant",
    "matrix_inverse",
    "matrix_solve",
    "matrix_solve_ls",
    "matrix_triangular_solve",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "negative",
    "norm",
    "not_equal",
    "polygamma",
    "pow",
    "qr",
    "real",
    "realdiv",
    "reciprocal",
    "reduce_all",
    "reduce_any",
    "reduce_logsumexp",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_sum",
    "rint",
    "round",
    "rsqrt",
    "saturate_cast",
    "scalar_mul",
    "self_adjoint_eig",
    "self_adjoint_eigvals",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "sparse_matmul",
    "sqrt",
    "square",
    "squared_difference",
    "subtract",
    "svd",
    "tan",
    "tanh",
    "tensordot",
    "to_bfloat16",
    "to_complex64",
    "to_complex128",
    "to_double",
    "to_float",
    "to_int32",
    "to_int64",
    "trace",
    "truediv",
    "truncatediv",
    "truncatemod",
    "zeta",
]

mod = floormod

# -- signs, powers, rounding -------------------------------------------------------------------


@dispatched
def abs(x: Any, name: Any = None) -> Tensor:
    """The absolute value; of complex numbers, their modulus as floats."""
    with name_scope(name, "Abs", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        if x.dtype.is_complex:
            return emit_tensor("ComplexAbs", x, Tout=x.dtype.real_dtype, name=scope)
        return emit_tensor("Abs", x, name=scope)


@dispatched
def round(x: Any, name: Any = None) -> Tensor:
    """The nearest integer, the even one of two; integers as they are."""
    x = convert_to_tensor(x, name="x")
    return x if x.dtype.is_integer else emit_tensor("Round", x, name=name)


@dispatched
def pow(x: Any, y: Any, name: Any = None) -> Tensor:
    """x to the power of y; integers refuse negative powers when run."""
    with name_scope(name, "Pow", [x]) as scope:
        return emit_tensor("Pow", x, y, name=scope)


@dispatched
def log_sigmoid(x: Any, name: Any = None) -> Tensor:
    """log(sigmoid(x)), computed as -softplus(-x)."""
    with name_scope(name, "LogSigmoid", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        return emit_tensor("Neg", emit_tensor("Softplus", -x), name=scope)


def scalar_mul(scalar: Any, x: Any, name: Any = None) -> Any:
    """`scalar` times a tensor or IndexedSlices; ValueError if it is no scalar."""
    scalar = convert_to_tensor(scalar, dtype=x.dtype.base_dtype, name="scalar")
    if scalar.static_shape != ():
        raise ValueError(f"Only scalar multiply works, got shape {scalar.shape}")
    if isinstance(x, IndexedSlices):
        return IndexedSlices(multiply(scalar, x.values, name), x.indices, x.dense_shape)
    return multiply(scalar, x, name)


# -- complex numbers ---------------------------------------------------------------------------


@dispatched
def complex(real: Any, imag: Any, name: Any = None) -> Tensor:
    """The complex numbers with these real and imaginary parts: floats of one dtype."""
    real = convert_to_tensor(real, name="real")
    imag = convert_to_tensor(imag, name="imag")
    with name_scope(name, "Complex", [real, imag]) as scope:
        kinds = (real.dtype.base_dtype, imag.dtype.base_dtype)
        if kinds == (float64, float64):
            return emit_tensor("Complex", real, imag, Tout=complex128, name=scope)
        if kinds == (float32, float32):
            return emit_tensor("Complex", real, imag, Tout=complex64, name=scope)
        raise TypeError(
            f"real and imag have incorrect types: {kinds[0].name} {kinds[1].name}. Both must be "
            "float32, or both float64."
        )


@dispatched
def real(input: Any, name: Any = None) -> Tensor:
    """The real part; real tensors as they are."""
    with name_scope(name, "Real", [input]) as scope:
        x = convert_to_tensor(input, name="input")
        if not x.dtype.is_complex:
            return x
        return emit_tensor("Real", x, Tout=x.dtype.real_dtype, name=scope)


@dispatched
def imag(input: Any, name: Any = None) -> Tensor:
    """The imaginary part; zeros of a real tensor."""
    with name_scope(name, "Imag", [input]) as scope:
        x = convert_to_tensor(input, name="input")
        if not x.dtype.is_complex:
            return array_ops.zeros_like(x)
        return emit_tensor("Imag", x, Tout=x.dtype.real_dtype, name=scope)


@dispatched
def angle(input: Any, name: Any = None) -> Tensor:
    """The angle of complex numbers in the plane, in radians; zeros of a real tensor."""
    with name_scope(name, "Angle", [input]) as scope:
        x = convert_to_tensor(input, name="input")
        if not x.dtype.is_complex:
            return array_ops.zeros_like(x)
        return emit_tensor("Angle", x, Tout=x.dtype.real_dtype, name=scope)


@dispatched
def conj(x: Any, name: Any = None) -> Tensor:
    """The complex conjugate; real tensors as they are."""
    if isinstance(x, Tensor) and (x.dtype.is_floating or x.dtype.is_integer):
        return x
    with name_scope(name, "Conj", [x]) as scope:
        tensor = convert_to_tensor(x, name="x")
        kind = tensor.dtype
        if kind.is_complex:
            return emit_tensor("Conj", tensor, name=scope)
        if kind.is_floating or kind.is_integer:
            return tensor
        raise TypeError(f"Expected numeric or variant tensor, got dtype {kind!r}")


# -- division ----------------------------------------------------------------------------------


def _same_dtype(x: Tensor, y: Tensor) -> None:
    a, b = x.dtype.base_dtype, y.dtype.base_dtype
    if a is not b:
        raise TypeError(
            f"x and y must have the same dtype, got {a!r} != {b!r}: convert one, e.g. with "
            f"tf.cast(y, {a!r})."
        )


@dispatched
def truediv(x: Any, y: Any, name: Any = None) -> Tensor:
    """x / y as Python 3 divides: integers become floats first. Both must have one dtype."""
    with name_scope(name, "truediv", [x, y]) as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, name="y")
        result: Tensor = operators.true_divide(x, y, scope)
        return result


@dispatched
def div(x: Any, y: Any, name: Any = None) -> Tensor:
    """x / y as Python 2 divides: integers round down."""
    with name_scope(name, "div", [x, y]) as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, name="y", dtype=x.dtype.base_dtype)
        kind = x.dtype
        op = "RealDiv" if kind.is_floating or kind.is_complex else "FloorDiv"
        return emit_tensor(op, x, y, name=scope)


@dispatched
def divide(x: Any, y: Any, name: Any = None) -> Tensor:
    """x / y by Python's rules."""
    return x / y if name is None else truediv(x, y, name)


@dispatched
def floordiv(x: Any, y: Any, name: Any = None) -> Tensor:
    """x / y, rounded down."""
    with name_scope(name, "floordiv", [x, y]) as scope:
        return emit_tensor("FloorDiv", x, y, name=scope)


def no_nan(op: str, x: Any, y: Any, name: Any, default: str) -> Tensor:
    """An op that gives 0 where y is 0."""
    with name_scope(name, default, [x, y]) as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, name="y", dtype=x.dtype.base_dtype)
        return emit_tensor(op, x, y, name=scope)


@dispatched
def div_no_nan(x: Any, y: Any, name: Any = None) -> Tensor:
    """x / y, and 0 where y is 0."""
    return no_nan("DivNoNan", x, y, name, "div_no_nan")


# -- logic -------------------------------------------------------------------------------------


@dispatched
def logical_xor(x: Any, y: Any, name: Any = "LogicalXor") -> Tensor:
    """Whether exactly one of both is true."""
    result: Tensor = operators.logical_xor(x, y, name)
    return result


# -- special functions -------------------------------------------------------------------------


@dispatched
def atan2(y: Any, x: Any, name: Any = None) -> Tensor:
    """The angle of the point (x, y), in (-pi, pi]."""
    return emit_tensor("Atan2", y, x, name=name)


def zeta(x: Any, q: Any, name: Any = None) -> Tensor:
    """Hurwitz's zeta function: the sum of (q + k)^-x over k = 0, 1, 2 ..."""
    return emit_tensor("Zeta", x, q, name=name)


def betainc(a: Any, b: Any, x: Any, name: Any = None) -> Tensor:
    """The regularised incomplete beta function of x in [0, 1], for a, b > 0."""
    return emit_tensor("Betainc", a, b, x, name=name)


def lbeta(x: Any, name: Any = None) -> Tensor:
    """log |Beta(x)| over the last axis."""
    with name_scope(name, "lbeta", [x]):
        x = convert_to_tensor(x, name="x")
        product = reduce_sum(lgamma(x), axis=[-1])
        return product - lgamma(reduce_sum(x, axis=[-1]))
