"""Elementwise functions of one operand, activations, and the ops that are their gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..core.emit import apply
from ..core.expression import kernel_of
from ..core.opdef import Array, Attrs, GradRule, Values, define
from ..core.shape import Shape, merge
from ..core.tensor import Tensor
from .elementwise_rules import (
    FLOAT,
    FLOAT_COMPLEX,
    NUMERIC,
    UnaryGrad,
    conj,
    define_unary,
    keep_dtype,
    literal,
    same_shape,
    zero_gradient,
)

# Their kernels conjugate y themselves, as TensorFlow's do.
_CONJUGATING = ("SqrtGrad", "RsqrtGrad", "ReciprocalGrad", "InvGrad")


def _over(dy: Any, value: Any) -> Any:
    return apply("RealDiv", dy, value)


def _one_plus(sign: int, x: Any) -> Any:
    """1 + x or 1 - x."""
    return apply("Add" if sign > 0 else "Sub", literal(1, x), x)


def _of(name: str) -> UnaryGrad:
    """The gradient `dy * name(x)`."""
    return lambda x, y, dy: dy * apply(name, x)


def _grad_of_output(name: str) -> UnaryGrad:
    """The gradient `name(y, dy)`, where TensorFlow has an op for it."""
    if name in _CONJUGATING:
        return lambda x, y, dy: apply(name, conj(y), dy)
    return lambda x, y, dy: apply(name, y, dy)


def _square_grad(x: Any, y: Any, dy: Any) -> Any:
    return dy * apply("Mul", x, literal(2, x))


def _arc_grad(sign: int) -> UnaryGrad:
    """dy / sqrt(1 - x²), or its negative."""

    def grad(x: Any, y: Any, dy: Any) -> Any:
        out = _over(dy, apply("Sqrt", _one_plus(-1, apply("Square", x))))
        return out if sign > 0 else -out

    return grad


def _tan_grad(x: Any, y: Any, dy: Any) -> Any:
    return dy * _one_plus(1, apply("Square", y))


_SIGMOID = "1 / (1 + exp(-x))"

# Op, dtypes, expression, gradient, array function that is the whole kernel.
_UNARY: tuple[tuple[str, str, str, UnaryGrad | None, str | None], ...] = (
    ("Neg", NUMERIC, "-x", lambda x, y, dy: -dy, "negative"),
    ("Sign", NUMERIC, "sign(x)", zero_gradient, "sign"),
    ("Square", NUMERIC, "x * x", _square_grad, "square"),
    ("Sqrt", FLOAT_COMPLEX, "sqrt(x)", _grad_of_output("SqrtGrad"), "sqrt"),
    ("Rsqrt", FLOAT_COMPLEX, "1 / sqrt(x)", _grad_of_output("RsqrtGrad"), None),
    ("Reciprocal", NUMERIC, "1 / x", _grad_of_output("ReciprocalGrad"), "reciprocal"),
    ("Inv", NUMERIC, "1 / x", _grad_of_output("InvGrad"), "reciprocal"),
    ("Exp", FLOAT_COMPLEX, "exp(x)", lambda x, y, dy: dy * y, "exp"),
    ("Expm1", FLOAT_COMPLEX, "expm1(x)", _of("Exp"), "expm1"),
    ("Log", FLOAT_COMPLEX, "log(x)", lambda x, y, dy: dy * apply("Reciprocal", x), "log"),
    ("Log1p", FLOAT_COMPLEX, "log1p(x)", lambda x, y, dy: _over(dy, _one_plus(1, x)), "log1p"),
    ("Sin", FLOAT_COMPLEX, "sin(x)", _of("Cos"), "sin"),
    ("Cos", FLOAT_COMPLEX, "cos(x)", lambda x, y, dy: -(dy * apply("Sin", x)), "cos"),
    ("Tan", NUMERIC, "tan(x)", _tan_grad, "tan"),
    ("Asin", NUMERIC, "arcsin(x)", _arc_grad(1), "arcsin"),
    ("Acos", NUMERIC, "arccos(x)", _arc_grad(-1), "arccos"),
    (
        "Atan",
        NUMERIC,
        "arctan(x)",
        lambda x, y, dy: _over(dy, _one_plus(1, apply("Square", x))),
        "arctan",
    ),
    ("Sinh", FLOAT_COMPLEX, "sinh(x)", _of("Cosh"), "sinh"),
    ("Cosh", FLOAT_COMPLEX, "cosh(x)", _of("Sinh"), "cosh"),
    ("Tanh", FLOAT_COMPLEX, "tanh(x)", _grad_of_output("TanhGrad"), "tanh"),
    ("Asinh", FLOAT_COMPLEX, "arcsinh(x)", lambda x, y, dy: _over(dy, apply("Cosh", y)), "arcsinh"),
    ("Acosh", FLOAT_COMPLEX, "arccosh(x)", lambda x, y, dy: _over(dy, apply("Sinh", y)), "arccosh"),
    (
        "Atanh",
        FLOAT_COMPLEX,
        "arctanh(x)",
        lambda x, y, dy: _over(dy, _one_plus(-1, apply("Square", x))),
        "arctanh",
    ),
    ("Sigmoid", FLOAT_COMPLEX, _SIGMOID, _grad_of_output("SigmoidGrad"), None),
    ("Floor", FLOAT, "floor(x)", None, "floor"),
    ("Ceil", FLOAT, "ceil(x)", None, "ceil"),
    ("Round", NUMERIC, "round(x)", None, None),
    ("Rint", FLOAT, "rint(x)", zero_gradient, "rint"),
)
for _name, _types, _expr, _grad, _function in _UNARY:
    define_unary(_name, _types, _expr, _grad, function=_function)

define_unary(
    "Abs",
    f"{FLOAT},int8,int16,int32,int64",
    "abs(x)",
    _of("Sign"),
    function="absolute",
)

# -- change of dtype ---------------------------------------------------------------------------


def _cast(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, to = inputs[0], attrs["DstT"]
    if x.dtype == object or to == "string":
        raise ValueError(
            f"Cast {attrs['SrcT'].name} to {to.name} is not supported: "
            "use tf.strings.to_number or tf.as_string"
        )
    if attrs["Truncate"]:
        raise ValueError("Cast rounds to the nearest value: Truncate=True is not supported")
    if attrs["SrcT"].is_complex and not (to.is_complex or to.is_bool):
        x = xp.real(x)
    return x.astype(to.np_dtype)


def _plain_cast(xp: Any, attrs: Attrs) -> Any:
    source, to = attrs["SrcT"], attrs["DstT"]
    if source.is_complex or attrs["Truncate"] or "string" in (source.name, to.name):
        return None
    dtype = to.np_dtype
    return lambda x: x.astype(dtype)


def _cast_grad(op: Any, dy: Tensor) -> list[Any]:
    kinds = (op.inputs[0].dtype, dy.dtype)
    if not all(k.is_floating or k.is_complex for k in kinds):
        return [None]
    return [apply("Cast", dy, DstT=kinds[0].base_dtype)]


define(
    "Cast",
    "x:SrcT -> y:DstT",
    "SrcT:type; DstT:type; Truncate:bool=false",
    shape=same_shape,
    kernel=_cast,
    specialize=_plain_cast,
    grad=_cast_grad,
)

# -- activations -------------------------------------------------------------------------------
# Klambauer et al., Self-Normalizing Neural Networks (2017).
_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_SCALE_ALPHA = 1.7580993408473768599402175208123
_REAL = "float32,float64,int32,uint8,int16,int8,int64,bfloat16,uint16,float16,uint32,uint64"
_FLOATS = "float16,bfloat16,float32,float64"


def _grad_with(name: str) -> UnaryGrad:
    """The gradient `name(dy, y)`."""
    return lambda x, y, dy: apply(name, dy, y)


# Op, dtypes, expression, gradient.
_ACTIVATIONS: tuple[tuple[str, str, str, UnaryGrad], ...] = (
    ("Relu", _REAL + ",qint8", "maximum(x, 0)", _grad_with("ReluGrad")),
    ("Relu6", _REAL, "minimum(maximum(x, 0), 6)", _grad_with("Relu6Grad")),
    ("Elu", _FLOATS, "maximum(x, 0) + expm1(minimum(x, 0))", _grad_with("EluGrad")),
    (
        "Selu",
        _FLOATS,
        f"{_SELU_SCALE} * maximum(x, 0) + {_SELU_SCALE_ALPHA} * expm1(minimum(x, 0))",
        _grad_with("SeluGrad"),
    ),
    (
        "Softplus",
        _FLOATS,
        "maximum(x, 0) + log1p(exp(-abs(x)))",
        lambda x, y, dy: apply("SoftplusGrad", dy, x),
    ),
    ("Softsign", _FLOATS, "x / (1 + abs(x))", lambda x, y, dy: apply("SoftsignGrad", dy, x)),
)
for _name, _types, _expr, _grad in _ACTIVATIONS:
    define_unary(_name, _types, _expr, _grad, signature="features:T -> activations:T")

_LEAKY = "alpha:float=0.20000000298023224; T:type{float16,bfloat16,float32,float64}=float32"


def _leaky_grad(op: Any, dy: Tensor) -> list[Any]:
    return [apply("LeakyReluGrad", dy, op.inputs[0], alpha=op.attrs["alpha"])]


define(
    "LeakyRelu",
    "features:T -> activations:T",
    _LEAKY,
    shape=same_shape,
    expr="maximum(x, alpha * x)",
    kernel=keep_dtype(kernel_of("maximum(x, alpha * x)", 1)),
    grad=_leaky_grad,
)

# -- the gradients' own ops --------------------------------------------------------------------


def _merged(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [merge(shapes[0], shapes[1])]


def _define_grad_op(
    name: str, signature: str, types: str, expr: str, grad: GradRule, attrs: str = ""
) -> None:
    define(
        name,
        signature,
        attrs or f"T:type{{{types}}}",
        shape=_merged,
        expr=expr,
        kernel=keep_dtype(kernel_of(expr, 2)),
        grad=grad,
    )


def _of_output_grad(name: str, slope: Callable[[Any], Any]) -> GradRule:
    """The gradient of `z = h(y) dy`, or of `z = h(conj(y)) dy`, where `slope(y)` is h'(y)."""

    def grad(op: Any, dz: Tensor) -> list[Any]:
        y, dy = conj(op.inputs[0]), op.inputs[1]
        twice = conj(dz) * dy if name in _CONJUGATING else dz * conj(dy)
        return [twice * slope(y), apply(name, y, dz)]

    return grad


def _times(factor: float, y: Any) -> Any:
    return apply("Mul", y, literal(factor, y))


# Op, expression of x = y and y = dy, slope.
_OF_OUTPUT: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("SqrtGrad", "0.5 * y / conj(x)", lambda y: _times(-0.5, apply("Reciprocal", y * y))),
    ("RsqrtGrad", "-0.5 * y * conj(x) * conj(x) * conj(x)", lambda y: _times(-1.5, y * y)),
    ("ReciprocalGrad", "-y * conj(x) * conj(x)", lambda y: _times(-2, y)),
    ("InvGrad", "-y * conj(x) * conj(x)", lambda y: _times(-2, y)),
    ("TanhGrad", "y * (1 - x * x)", lambda y: _times(-2, y)),
    ("SigmoidGrad", "y * x * (1 - x)", lambda y: _one_plus(-1, _times(2, y))),
)
for _name, _expr, _slope in _OF_OUTPUT:
    _define_grad_op(_name, "y:T dy:T -> z:T", FLOAT_COMPLEX, _expr, _of_output_grad(_name, _slope))


def _flat(name: str) -> GradRule:
    """The gradient of `name(dy, y)` where it is linear in pieces: zero by `y`."""

    def grad(op: Any, dz: Tensor) -> list[Any]:
        return [apply(name, dz, op.inputs[1]), apply("ZerosLike", op.inputs[1])]

    return grad


def _below_zero(name: str) -> GradRule:
    """The gradient of EluGrad and SeluGrad: `dy (y + c)` below zero."""

    def grad(op: Any, dz: Tensor) -> list[Any]:
        dy, y = op.inputs
        zero = literal(0, dz)
        below = apply("SelectV2", apply("Less", y, literal(0, y)), dz * dy, zero)
        return [apply(name, dz, y), below]

    return grad


def _softplus_grad_grad(op: Any, dz: Tensor) -> list[Any]:
    dy, x = op.inputs
    y = apply("Sigmoid", x)
    return [apply("SoftplusGrad", dz, x), apply("SigmoidGrad", y, dz * dy)]


def _softsign_grad_grad(op: Any, dz: Tensor) -> list[Any]:
    dy, x = op.inputs
    size = _one_plus(1, apply("Abs", x))
    slope = _times(-2, apply("Sign", x)) / (size * size * size)
    return [apply("SoftsignGrad", dz, x), dz * dy * slope]


# Op, dtypes, name of the second input, expression of x = dy and y, gradient.
_OF_INPUT: tuple[tuple[str, str, str, str, GradRule], ...] = (
    ("ReluGrad", _REAL, "features", "x * (y > 0)", _flat("ReluGrad")),
    ("Relu6Grad", _REAL, "features", "x * ((y > 0) & (y < 6))", _flat("Relu6Grad")),
    ("EluGrad", _FLOATS, "outputs", "x * (1 + minimum(y, 0))", _below_zero("EluGrad")),
    (
        "SeluGrad",
        _FLOATS,
        "outputs",
        f"x * ({_SELU_SCALE} + (y < 0) * (minimum(y, 0) + {_SELU_SCALE_ALPHA - _SELU_SCALE}))",
        _below_zero("SeluGrad"),
    ),
    ("SoftplusGrad", _FLOATS, "features", "x / (1 + exp(-y))", _softplus_grad_grad),
    (
        "SoftsignGrad",
        _FLOATS,
        "features",
        "x / ((1 + abs(y)) * (1 + abs(y)))",
        _softsign_grad_grad,
    ),
)
for _name, _types, _second, _expr, _rule in _OF_INPUT:
    _define_grad_op(_name, f"gradients:T {_second}:T -> backprops:T", _types, _expr, _rule)


def _leaky_grad_grad(op: Any, dz: Tensor) -> list[Any]:
    x = op.inputs[1]
    again = apply("LeakyReluGrad", dz, x, alpha=op.attrs["alpha"])
    return [again, apply("ZerosLike", x)]


_define_grad_op(
    "LeakyReluGrad",
    "gradients:T features:T -> backprops:T",
    "",
    "where(y > 0, x, alpha * x)",
    _leaky_grad_grad,
    _LEAKY,
)
