"""Elementwise arithmetic, comparison and logic of several operands: rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, broadcast, merge, show
from ..core.tensor import Literal, Operand, Tensor
from ..core.values import constant_value
from .broadcasting import unbroadcast
from .elementwise_rules import (
    ARITHMETIC,
    BITS,
    FLOAT,
    NO_NAN,
    NUMERIC,
    broadcast_shape,
    define_binary,
    define_predicate,
    literal,
    same_shape,
    ufunc,
)

# -- arithmetic --------------------------------------------------------------------------------


def _add_grad(x: Any, y: Any, z: Any, dz: Any) -> tuple[Any, Any]:
    return dz, dz


def _mul_grad(x: Any, y: Any, z: Any, dz: Any) -> tuple[Any, Any]:
    return apply("Mul", dz, y), apply("Mul", dz, x)


def _div_grad(x: Any, y: Any, z: Any, dz: Any) -> tuple[Any, Any]:
    gx = apply("RealDiv", dz, y)
    return gx, -(gx * z)


def refuse_zero(y: Array) -> None:
    """Raises ValueError where a divisor of integers is zero (a traced one cannot be asked)."""
    if isinstance(y, (np.ndarray, np.generic)) and not np.all(y):
        raise ValueError("Integer division by zero")


def _is_int(x: Array) -> bool:
    return x.dtype.kind in "iu"


def _truncated(xp: Any, x: Array, y: Array) -> Array:
    refuse_zero(y)
    quotient = x // y
    return quotient + ((quotient * y != x) & ((x < 0) != (y < 0)))


def _div(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, y = inputs
    return _truncated(xp, x, y) if _is_int(x) else x / y


def _floor_div(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, y = inputs
    if not _is_int(x):
        return xp.floor(x / y)
    refuse_zero(y)
    return x // y


def _truncate_div(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, y = inputs
    return _truncated(xp, x, y) if _is_int(x) else xp.trunc(x / y)


def _floor_mod(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, y = inputs
    if _is_int(x):
        refuse_zero(y)
    return xp.remainder(x, y)


def _truncate_mod(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, y = inputs
    if _is_int(x):
        refuse_zero(y)
    return xp.fmod(x, y)


def _floor_mod_grad(x: Any, y: Any, z: Any, dz: Any) -> tuple[Any, Any]:
    return dz, -(dz * apply("FloorDiv", x, y))


def _pow(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, y = inputs
    if _is_int(x) and isinstance(y, (np.ndarray, np.generic)) and np.any(np.less(y, 0)):
        raise ValueError("Integers to negative integer powers are not allowed")
    return xp.power(x, y)


def _known_exponent(y: Operand) -> float | None:
    value = constant_value(y)
    if value is None or value.size != 1 or y.dtype.is_complex:
        return None
    return float(value.item())


def _power(x: Any, y: Operand, exponent: float | None) -> Any:
    """x ** (y - 1), simply where `y` is known."""
    if exponent is None:
        return apply("Pow", x, apply("Sub", y, literal(1, y)))
    if exponent == 2:
        return x
    return apply("Pow", x, literal(exponent - 1, y))


def _pow_grad(x: Any, y: Any, z: Any, dz: Any) -> tuple[Any, Any]:
    known = constant_value(y)
    exponent = (
        None if known is None or known.size != 1 or y.dtype.is_complex else float(known.item())
    )
    gx = apply("Mul", dz, y) * _power(x, y, exponent)
    if isinstance(y, Literal):
        return gx, None
    zero = literal(0, x)
    positive = apply("NotEqual" if x.dtype.is_complex else "Greater", x, zero)
    safe = apply("SelectV2", positive, x, literal(1, x))
    return gx, apply("Mul", dz, z) * apply("Log", safe)


def _picked(chosen: str) -> Any:
    def grad(x: Any, y: Any, z: Any, dz: Any) -> tuple[Any, Any]:
        first, zero = apply(chosen, x, y), literal(0, dz)
        return apply("SelectV2", first, dz, zero), apply("SelectV2", first, zero, dz)

    return grad


def _squared_difference_grad(x: Any, y: Any, z: Any, dz: Any) -> tuple[Any, Any]:
    gx = apply("Mul", dz, literal(2, dz)) * apply("Sub", x, y)
    return gx, -gx


def _atan2_grad(y: Any, x: Any, z: Any, dz: Any) -> tuple[Any, Any]:
    scaled = dz / (apply("Square", x) + apply("Square", y))
    return scaled * x, -(scaled * y)


def _not_zero(x: Operand) -> Tensor:
    return apply("Cast", apply("NotEqual", x, literal(0, x)), DstT=x.dtype)  # type: ignore[no-any-return]


def _xdivy_grad(x: Any, y: Any, z: Any, dz: Any) -> tuple[Any, Any]:
    gx = apply("Xdivy", _not_zero(x), y)
    gy = apply("Xdivy", apply("Neg", x), apply("Square", y))
    return dz * gx, dz * gy


def _xlogy_grad(x: Any, y: Any, z: Any, dz: Any) -> tuple[Any, Any]:
    return dz * apply("Xlogy", _not_zero(x), y), dz * apply("Xdivy", x, y)


def _div_no_nan_grad(x: Any, y: Any, z: Any, dz: Any) -> tuple[Any, Any]:
    return apply("DivNoNan", dz, y), -(dz * apply("DivNoNan", z, y))


def _mul_no_nan_grad(x: Any, y: Any, z: Any, dz: Any) -> tuple[Any, Any]:
    return apply("MulNoNan", dz, y), apply("MulNoNan", x, dz)


_STRINGS = ARITHMETIC.replace("uint16,", "") + ",string"
_SUMS = ARITHMETIC.replace("uint16,", "")

define_binary("Add", _STRINGS, "x + y", _add_grad, function="add")
define_binary("AddV2", _SUMS, "x + y", _add_grad, function="add")
define_binary("Sub", ARITHMETIC, "x - y", lambda x, y, z, dz: (dz, -dz), function="subtract")
define_binary("Mul", ARITHMETIC, "x * y", _mul_grad, function="multiply")
define_binary("Div", ARITHMETIC, "x / y", _div_grad, kernel=_div)
define_binary("RealDiv", ARITHMETIC, "x / y", _div_grad)
define_binary("FloorDiv", ARITHMETIC, "floor(x / y)", kernel=_floor_div)
define_binary("TruncateDiv", ARITHMETIC, "trunc(x / y)", kernel=_truncate_div)
define_binary("Mod", f"int32,int64,{FLOAT}", "fmod(x, y)", kernel=_truncate_mod)
define_binary(
    "FloorMod", f"int32,int64,{FLOAT}", "remainder(x, y)", _floor_mod_grad, kernel=_floor_mod
)
define_binary("TruncateMod", f"int32,int64,{FLOAT}", "fmod(x, y)", kernel=_truncate_mod)
define_binary("Pow", NUMERIC, "power(x, y)", _pow_grad, kernel=_pow)
define_binary(
    "Maximum",
    f"{FLOAT},int32,int64",
    "maximum(x, y)",
    _picked("GreaterEqual"),
    function="maximum",
)
define_binary(
    "Minimum", f"{FLOAT},int32,int64", "minimum(x, y)", _picked("LessEqual"), function="minimum"
)
define_binary("SquaredDifference", NUMERIC, "conj(x - y) * (x - y)", _squared_difference_grad)
define_binary(
    "Atan2", FLOAT, "arctan2(x, y)", _atan2_grad, function="arctan2", signature="y:T x:T -> z:T"
)
define_binary("DivNoNan", NO_NAN, "where(y == 0, 0, x / where(y == 0, 1, y))", _div_no_nan_grad)
define_binary("MulNoNan", NO_NAN, "where(y == 0, 0, x * y)", _mul_no_nan_grad)
define_binary("Xdivy", NO_NAN, "where(x == 0, 0, x / y)", _xdivy_grad)
define_binary("Xlogy", NO_NAN, "where(x == 0, 0, x * log(y))", _xlogy_grad)

define(
    "NextAfter",
    "x1:T x2:T -> output:T",
    "T:type{float64,float32}=float32",
    shape=broadcast_shape,
    expr="nextafter(x, y)",
    specialize=ufunc("nextafter"),
    grad=NO_GRADIENT,
)

# -- comparison and logic ----------------------------------------------------------------------
for _name, _expr, _function in (
    ("Less", "x < y", "less"),
    ("LessEqual", "x <= y", "less_equal"),
    ("Greater", "x > y", "greater"),
    ("GreaterEqual", "x >= y", "greater_equal"),
):
    define_predicate(_name, "real", _expr, _function)


def _equality_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    if attrs["incompatible_shape_error"]:
        return broadcast_shape(shapes, attrs, values)
    return [None]  # false where the shapes do not fit


def _equality(function: str, otherwise: bool) -> Any:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        x, y = inputs
        if not attrs["incompatible_shape_error"]:
            try:
                broadcast(np.shape(x), np.shape(y))
            except ValueError:
                return xp.asarray(otherwise)
        return getattr(xp, function)(x, y)

    return kernel


def _strict_equality(function: str) -> Any:
    return lambda xp, attrs: getattr(xp, function) if attrs["incompatible_shape_error"] else None


_COMPARED = f"{_SUMS},quint8,qint8,qint32,string,bool"

for _name, _function in (("Equal", "equal"), ("NotEqual", "not_equal")):
    define(
        _name,
        "x:T y:T -> z:bool",
        f"T:type{{{_COMPARED}}}; incompatible_shape_error:bool=true",
        shape=_equality_shape,
        kernel=_equality(_function, _name == "NotEqual"),
        specialize=_strict_equality(_function),
        grad=NO_GRADIENT,
    )

define(
    "ApproximateEqual",
    "x:T y:T -> z:bool",
    "T:type{number}; tolerance:float=9.999999747378752e-06",
    shape=broadcast_shape,
    expr="abs(x - y) < tolerance",
    grad=NO_GRADIENT,
)
for _name, _expr, _function in (
    ("LogicalAnd", "x & y", "logical_and"),
    ("LogicalOr", "x | y", "logical_or"),
):
    define(
        _name,
        "x:bool y:bool -> z:bool",
        shape=broadcast_shape,
        expr=_expr,
        specialize=ufunc(_function),
        grad=NO_GRADIENT,
    )
define(
    "LogicalNot",
    "x:bool -> y:bool",
    shape=same_shape,
    expr="logical_not(x)",
    specialize=ufunc("logical_not"),
    grad=NO_GRADIENT,
)
define_predicate("IsNan", FLOAT, "isnan(x)", "isnan", 1)
define_predicate("IsInf", FLOAT, "isinf(x)", "isinf", 1)
define_predicate("IsFinite", FLOAT, "isfinite(x)", "isfinite", 1)

# -- bits --------------------------------------------------------------------------------------


def _shift(function: str) -> Any:
    """A shift by as many bits as there are, or by a negative number, is undefined in C: clipped."""

    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        x, y = inputs
        amount = xp.clip(y, 0, x.dtype.itemsize * 8 - 1)
        return getattr(xp, function)(x, amount.astype(x.dtype))

    return kernel


define_binary("BitwiseAnd", BITS, "x & y", function="bitwise_and")
define_binary("BitwiseOr", BITS, "x | y", function="bitwise_or")
define_binary("BitwiseXor", BITS, "x ^ y", function="bitwise_xor")
define_binary("LeftShift", BITS, "x << y", kernel=_shift("left_shift"))
define_binary("RightShift", BITS, "x >> y", kernel=_shift("right_shift"))
define(
    "Invert",
    "x:T -> y:T",
    f"T:type{{{BITS}}}",
    shape=same_shape,
    expr="invert(x)",
    specialize=ufunc("invert"),
    grad=NO_GRADIENT,
)


def _population_count(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x = inputs[0]
    # NumPy counts the bits of |x|.
    bits = x.astype(np.dtype(f"u{x.dtype.itemsize}"))
    return xp.asarray(xp.bitwise_count(bits), np.uint8)


define(
    "PopulationCount",
    "x:T -> y:uint8",
    f"T:type{{{BITS}}}",
    shape=same_shape,
    kernel=_population_count,
    grad=NO_GRADIENT,
)

# -- sums of many ------------------------------------------------------------------------------


def _merged(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    out: Shape = None
    for s in shapes:
        try:
            out = merge(out, s)
        except ValueError:
            raise ValueError(
                f"All tensors to add must have one shape, not {show(out)} and {show(s)}"
            ) from None
    return [out]


def _accumulated(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [merge(_merged(shapes, attrs, values)[0], attrs["shape"])]


def _add_n(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    total = inputs[0]
    for x in inputs[1:]:
        total = total + x
    return total


def _add_n_grad(op: Any, dy: Tensor) -> list[Any]:
    return [dy] * len(op.inputs)


define(
    "AddN",
    "inputs:N*T -> sum:T",
    "N:int>=1; T:type{float32,float64,int32,uint8,int16,int8,complex64,int64,qint8,quint8,qint32,"
    "bfloat16,uint16,complex128,float16,uint32,uint64,variant}",
    shape=_merged,
    kernel=_add_n,
    grad=_add_n_grad,
)
define(
    "AccumulateNV2",
    "inputs:N*T -> sum:T",
    "N:int>=1; T:type{number}; shape:shape",
    shape=_accumulated,
    kernel=_add_n,
    grad=_add_n_grad,
)

# -- choice ------------------------------------------------------------------------------------


def _clip_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    for bound in shapes[1:]:
        if bound is not None and bound != ():
            merge(shapes[0], bound)
    return [shapes[0]]


def _clip_grad(op: Any, dy: Tensor) -> list[Any]:
    x, low, high = op.inputs
    zero = literal(0, dy)
    below, above = apply("Less", x, low), apply("Greater", x, high)
    outside = apply("LogicalOr", below, above)
    return [
        apply("SelectV2", outside, zero, dy),
        unbroadcast(apply("SelectV2", below, dy, zero), low, x),
        unbroadcast(apply("SelectV2", above, dy, zero), high, x),
    ]


define(
    "ClipByValue",
    "t:T clip_value_min:T clip_value_max:T -> output:T",
    "T:type{number}",
    shape=_clip_shape,
    expr="maximum(minimum(x, z), y)",
    grad=_clip_grad,
)


def _select_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    condition, x, y = shapes
    try:
        out = merge(x, y)
        if condition is not None and out is not None and condition != ():
            merge(condition, out[:1] if len(condition) == 1 else out)
    except ValueError:
        raise ValueError(
            "tf.where needs x and y of one shape, and a condition of that shape, or a vector with "
            f"one element a row: got {show(condition)}, {show(x)}, {show(y)}"
        ) from None
    return [out]


def by_rows(condition: Array, rank: int) -> Array:
    """A vector of conditions, so shaped that each one stands for a row of a tensor."""
    if condition.ndim == 1 and rank > 1:
        return condition.reshape((-1,) + (1,) * (rank - 1))
    return condition


def _select(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    condition, x, y = inputs
    return xp.where(by_rows(condition, x.ndim), x, y)


def _select_grad(op: Any, dy: Tensor) -> list[Any]:
    condition = op.inputs[0]
    zeros = apply("ZerosLike", dy)
    return [None, apply("Select", condition, dy, zeros), apply("Select", condition, zeros, dy)]


def _select_v2_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [broadcast(shapes[0], broadcast(shapes[1], shapes[2]))]


def _to_shape_of(grad: Tensor, x: Operand, out: Operand) -> Tensor | None:
    return None if isinstance(x, Literal) else unbroadcast(grad, x, out)


def _select_v2_grad(op: Any, dy: Tensor) -> list[Any]:
    condition, x, y = op.inputs
    zero, out = literal(0, dy), op.outputs[0]
    return [
        None,
        _to_shape_of(apply("SelectV2", condition, dy, zero), x, out),
        _to_shape_of(apply("SelectV2", condition, zero, dy), y, out),
    ]


define(
    "Select",
    "condition:bool t:T e:T -> output:T",
    "T:type",
    shape=_select_shape,
    kernel=_select,
    grad=_select_grad,
)
define(
    "SelectV2",
    "condition:bool t:T e:T -> output:T",
    "T:type",
    shape=_select_v2_shape,
    expr="where(x, y, z)",
    specialize=lambda xp, attrs: xp.where,
    grad=_select_v2_grad,
)

# -- complex numbers ---------------------------------------------------------------------------
_SPLIT = "T:type{complex64,complex128}=complex64; Tout:type{float32,float64}=float32"


def _complex_of(real: Any, imag: Any) -> Tensor:
    kind = "complex128" if real.dtype == "float64" else "complex64"
    return apply("Complex", real, imag, Tout=kind)  # type: ignore[no-any-return]


def _part(name: str, z: Any) -> Any:
    return apply(name, z, Tout=z.dtype.real_dtype)


def _complex_grad(op: Any, dz: Tensor) -> list[Any]:
    x, y = op.inputs
    return [unbroadcast(_part("Real", dz), x, y), unbroadcast(_part("Imag", dz), y, x)]


def _angle_grad(op: Any, dy: Tensor) -> list[Any]:
    z = op.inputs[0]
    turned = _complex_of(_part("Imag", z), _part("Real", z))
    return [-apply("RealDiv", _complex_of(dy, literal(0, dy)), turned)]


def _complex_abs_grad(op: Any, dy: Tensor) -> list[Any]:
    y, zero = op.outputs[0], literal(0, dy)
    return [apply("DivNoNan", _complex_of(dy, zero) * op.inputs[0], _complex_of(y, zero))]


def _complex(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, y = inputs
    return xp.asarray(x + 1j * y, attrs["Tout"].np_dtype)


define(
    "Complex",
    "real:T imag:T -> out:Tout",
    "T:type{float32,float64}=float32; Tout:type{complex64,complex128}=complex64",
    shape=broadcast_shape,
    kernel=_complex,
    grad=_complex_grad,
)
define(
    "Conj",
    "input:T -> output:T",
    "T:type{complex64,complex128,variant}=complex64",
    shape=same_shape,
    expr="conj(x)",
    specialize=ufunc("conj"),
    grad=lambda op, dy: [apply("Conj", dy)],
)
define(
    "Real",
    "input:T -> output:Tout",
    _SPLIT,
    shape=same_shape,
    kernel=lambda xp, inputs, attrs: xp.real(inputs[0]),
    grad=lambda op, dy: [_complex_of(dy, literal(0, dy))],
)
define(
    "Imag",
    "input:T -> output:Tout",
    _SPLIT,
    shape=same_shape,
    kernel=lambda xp, inputs, attrs: xp.imag(inputs[0]),
    grad=lambda op, dy: [_complex_of(literal(0, dy), dy)],
)
define(
    "Angle",
    "input:T -> output:Tout",
    _SPLIT,
    shape=same_shape,
    kernel=lambda xp, inputs, attrs: xp.angle(inputs[0]),
    grad=_angle_grad,
)
define(
    "ComplexAbs",
    "x:T -> y:Tout",
    _SPLIT,
    shape=same_shape,
    kernel=lambda xp, inputs, attrs: xp.abs(inputs[0]),
    grad=_complex_abs_grad,
)
