"""What the tables of elementwise ops share: shape rules, kernels and the form of gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.expression import kernel_of
from ..core.opdef import NO_GRADIENT, Array, Attrs, GradRule, Kernel, OpDef, Values, define
from ..core.shape import Shape, broadcast
from ..core.tensor import Literal, Operand, Tensor
from .broadcasting import unbroadcast

# Sets of dtypes as the op registry lists them.
FLOAT = "bfloat16,float16,float32,float64"
COMPLEX = "complex64,complex128"
FLOAT_COMPLEX = f"{FLOAT},{COMPLEX}"
NUMERIC = f"{FLOAT},int32,int64,{COMPLEX}"
ARITHMETIC = f"{FLOAT},uint8,int8,uint16,int16,int32,int64,{COMPLEX}"
BITS = "int8,int16,int32,int64,uint8,uint16,uint32,uint64"
NO_NAN = f"float16,float32,float64,{COMPLEX}"

UnaryGrad = Callable[[Any, Any, Any], Any]
"""`(x, y, dy)`: the gradient of a unary op. x and y come conjugated where they are complex."""
BinaryGrad = Callable[[Any, Any, Any, Any], tuple[Any, Any]]
"""`(x, y, z, dz)`: the gradients of a binary op before they are summed to the operands' shapes."""


def same_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    """Shape rule: that of the first operand."""
    return [shapes[0]]


def broadcast_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    """Shape rule: the broadcast of both operands."""
    return [broadcast(shapes[0], shapes[1])]


def ufunc(name: str) -> Any:
    """For `specialize`: the array function itself, which takes just the operands."""
    return lambda xp, attrs: None if attrs.get("T") == "string" else getattr(xp, name)


def literal(value: float, like: Operand) -> Literal:
    """A scalar operand of the dtype of `like`."""
    return Literal(np.asarray(value, like.dtype.np_dtype))


def conj(x: Operand) -> Any:
    """The complex conjugate; `x` itself where it is real."""
    return apply("Conj", x) if x.dtype.is_complex else x


def keep_dtype(kernel: Kernel) -> Kernel:
    """The kernel with its result in dtype T.

    NumPy computes some functions of integers and of bfloat16 in wider floats.
    """

    def cast(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        out = kernel(xp, inputs, attrs)
        dtype = attrs["T"].np_dtype
        return out if getattr(out, "dtype", None) == dtype else xp.asarray(out, dtype)

    return cast


def unary_grad(rule: UnaryGrad) -> GradRule:
    """The gradient rule of a unary op."""

    def grad(op: Any, dy: Tensor) -> list[Any]:
        return [rule(conj(op.inputs[0]), conj(op.outputs[0]), dy)]

    return grad


def binary_grad(rule: BinaryGrad) -> GradRule:
    """The gradient rule of a broadcasting binary op; literals get no gradient."""

    def grad(op: Any, dz: Tensor) -> list[Any]:
        x, y = op.inputs
        gx, gy = rule(conj(x), conj(y), conj(op.outputs[0]), dz)
        return [_summed(gx, x, y), _summed(gy, y, x)]

    return grad


def _summed(grad: Tensor | None, x: Operand, other: Operand) -> Tensor | None:
    if grad is None or isinstance(x, Literal):
        return None
    return unbroadcast(grad, x, other)


def no_gradients(op: Any, *dys: Tensor) -> list[None]:
    """Gradient rule: the inputs are not connected."""
    return [None] * len(op.inputs)


def zero_gradient(x: Any, y: Any, dy: Any) -> Any:
    """The gradient of a step function: zero, yet connected."""
    return apply("ZerosLike", x)


def define_unary(
    name: str,
    types: str,
    expr: str,
    grad: UnaryGrad | None = None,
    *,
    function: str | None = None,
    kernel: Kernel | None = None,
    signature: str = "x:T -> y:T",
    attrs: str = "",
) -> OpDef:
    """Adds a unary op. `function` is the array function that is the whole kernel."""
    return define(
        name,
        signature,
        f"{attrs}T:type{{{types}}}",
        shape=same_shape,
        expr=expr,
        kernel=keep_dtype(kernel or kernel_of(expr, 1)),
        specialize=_float_ufunc(function) if function else None,
        grad=unary_grad(grad) if grad else no_gradients,
    )


def _float_ufunc(name: str) -> Any:
    """As `ufunc`, for functions that turn integers into floats."""

    def specialize(xp: Any, attrs: Attrs) -> Any:
        dtype = attrs["T"]
        return getattr(xp, name) if dtype.is_floating or dtype.is_complex else None

    return specialize


def define_binary(
    name: str,
    types: str,
    expr: str,
    grad: BinaryGrad | None = None,
    *,
    function: str | None = None,
    kernel: Kernel | None = None,
    signature: str = "x:T y:T -> z:T",
) -> OpDef:
    """Adds a broadcasting binary op."""
    return define(
        name,
        signature,
        f"T:type{{{types}}}",
        shape=broadcast_shape,
        expr=expr,
        kernel=keep_dtype(kernel or kernel_of(expr, 2)),
        specialize=ufunc(function) if function else None,
        grad=binary_grad(grad) if grad else no_gradients,
    )


def define_predicate(
    name: str, types: str, expr: str, function: str | None, arity: int = 2, attrs: str = ""
) -> OpDef:
    """Adds an op that gives bools, through which no gradient flows."""
    return define(
        name,
        "x:T y:T -> z:bool" if arity == 2 else "x:T -> y:bool",
        f"{attrs}T:type{{{types}}}",
        shape=broadcast_shape if arity == 2 else same_shape,
        expr=expr,
        specialize=ufunc(function) if function else None,
        grad=NO_GRADIENT,
    )
