"""Reductions over axes, positions of extremes, and running sums and products."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.opdef import NO_GRADIENT, Array, Attrs, Kernel, Values, define
from ..core.shape import Shape, is_known, normal_axis, reduced, size_of
from ..core.tensor import Tensor, axes_literal
from .elementwise_rules import literal, no_gradients
from .operands import is_numpy, known_ints, scalar, shape_of


def axes_of(value: Any) -> tuple[int, ...]:
    """The axes that an operand names: a scalar or a vector."""
    axes = value.tolist()
    return tuple(axes) if isinstance(axes, list) else (axes,)


def _reduced_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    axes = None if shapes[0] is None else values[1]
    return [reduced(shapes[0], None if axes is None else axes_of(axes), attrs["keep_dims"])]


# -- kernels -----------------------------------------------------------------------------------


def _kernel(function: str, keeps_dtype: bool) -> Kernel:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        x, axes = inputs
        dtype = {"dtype": x.dtype} if keeps_dtype else {}
        return getattr(xp, function)(x, axis=axes_of(axes), keepdims=attrs["keep_dims"], **dtype)

    return kernel


def _specialize(ufunc: str, keeps_dtype: bool) -> Any:
    """The reduction of a ufunc skips the Python layers of `numpy.sum` and its like."""

    def specialize(xp: Any, attrs: Attrs) -> Any:
        if not is_numpy(xp):
            return None
        keep = attrs["keep_dims"]
        reduce = getattr(np, ufunc).reduce
        if not keeps_dtype:
            return lambda x, axes: reduce(x, axes_of(axes), None, None, keep)
        return lambda x, axes: reduce(x, axes_of(axes), x.dtype, None, keep)

    return specialize


def _mean(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, axes = inputs[0], axes_of(inputs[1])
    keep, kind = attrs["keep_dims"], x.dtype
    count = prod(x.shape[a] for a in axes)
    if kind.kind in "iu":
        total = xp.sum(x, axis=axes, dtype=kind, keepdims=keep)
        return xp.asarray(xp.trunc(total / max(count, 1)), kind)
    # Sums of half precision overflow and lose digits early.
    wide = np.float32 if attrs["T"].size == 2 else kind
    total = xp.sum(x, axis=axes, dtype=wide, keepdims=keep)
    return xp.asarray(xp.true_divide(total, count), kind)


def _specialize_mean(xp: Any, attrs: Attrs) -> Any:
    if not is_numpy(xp) or attrs["T"].name not in ("float32", "float64"):
        return None
    keep: bool = attrs["keep_dims"]
    reduce: Any = np.add.reduce

    def mean(x: Array, axes: Array) -> Array:
        total = reduce(x, axes_of(axes), None, None, keep)
        return total / (x.size // max(total.size, 1))

    return mean


def _least(dtype: Any, largest: bool) -> Any:
    """The value that changes no maximum (or no minimum) of this NumPy dtype."""
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return info.min if largest else info.max
    return -np.inf if largest else np.inf


def _extreme(function: str, largest: bool) -> Kernel:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        x, axes = inputs
        start = {"initial": _least(x.dtype, largest)} if 0 in x.shape else {}
        return getattr(xp, function)(x, axis=axes_of(axes), keepdims=attrs["keep_dims"], **start)

    return kernel


def _specialize_extreme(ufunc: str, largest: bool) -> Any:
    def specialize(xp: Any, attrs: Attrs) -> Any:
        if not is_numpy(xp) or attrs["T"].name not in ("float32", "float64"):
            return None
        keep, reduce = attrs["keep_dims"], getattr(np, ufunc).reduce
        start = -np.inf if largest else np.inf
        return lambda x, axes: reduce(x, axes_of(axes), None, None, keep, start)

    return specialize


def _euclidean_norm(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x = inputs[0]
    squares = x * x if x.dtype.kind != "c" else x * xp.conj(x)
    total = xp.sum(squares, axis=axes_of(inputs[1]), keepdims=attrs["keep_dims"])
    return xp.asarray(xp.sqrt(total), x.dtype)


# -- gradients ---------------------------------------------------------------------------------


def kept(op: Any, x: Tensor) -> Tensor:
    """A tensor of the shape of a reduction's output, with the reduced axes as extents of 1."""
    if op.attrs["keep_dims"]:
        return x
    shape, axes = op.inputs[0].static_shape, known_ints(op.inputs[1])
    if shape is None or axes is None:
        # Only the run knows which axes are gone: the same reduction, keeping them, tells.
        whole = apply(op.type, op.inputs[0], op.inputs[1], keep_dims=True)
        return apply("Reshape", x, apply("Shape", whole))  # type: ignore[no-any-return]
    for axis in sorted(normal_axis(a, len(shape)) for a in axes):
        x = apply("ExpandDims", x, axes_literal(axis))
    return x


def _spread(op: Any, dy: Tensor) -> Tensor:
    """The gradient of each element that went into a sum."""
    x = op.inputs[0]
    return apply("BroadcastTo", kept(op, dy), shape_of(x))  # type: ignore[no-any-return]


def _sum_grad(op: Any, dy: Tensor) -> list[Any]:
    return [_spread(op, dy), None]


def _count(op: Any, dtype: Any) -> Any:
    """How many elements went into each element of the output, as an operand of `dtype`."""
    x, y = op.inputs[0], op.outputs[0]
    if is_known(x.static_shape) and is_known(y.static_shape):
        many = (size_of(x.static_shape) or 0) // max(size_of(y.static_shape) or 0, 1)
        return literal(many, y)
    outputs = apply("Maximum", apply("Size", y), axes_literal(1))
    return apply("Cast", apply("FloorDiv", apply("Size", x), outputs), DstT=dtype)


def _mean_grad(op: Any, dy: Tensor) -> list[Any]:
    return [_spread(op, apply("RealDiv", dy, _count(op, dy.dtype))), None]


def _extreme_grad(op: Any, dy: Tensor) -> list[Any]:
    """Ties share the gradient."""
    x, axes = op.inputs
    hits = apply("Cast", apply("Equal", x, kept(op, op.outputs[0])), DstT=dy.dtype)
    ties = apply("Sum", hits, axes, keep_dims=True)
    return [apply("RealDiv", hits, ties) * kept(op, dy), None]


def _prod_grad(op: Any, dy: Tensor) -> list[Any]:
    """The product of the others, also where one or several of them are zero."""
    x, axes = op.inputs
    zero, one = literal(0, x), literal(1, x)
    is_zero = apply("Equal", x, zero)
    others = apply("SelectV2", is_zero, one, x)
    zeros = apply("Sum", apply("Cast", is_zero, DstT="int32"), axes, keep_dims=True)
    product = apply("Prod", others, axes, keep_dims=True)
    alone = apply("SelectV2", apply("Equal", zeros, axes_literal(1)), product, zero)
    none = apply("SelectV2", apply("Equal", zeros, axes_literal(0)), product, zero)
    slope = apply("SelectV2", is_zero, alone, apply("RealDiv", none, others))
    if dy.dtype.is_complex:
        slope = apply("Conj", slope)
    return [kept(op, dy) * slope, None]


def _norm_grad(op: Any, dy: Tensor) -> list[Any]:
    x, y = op.inputs[0], kept(op, op.outputs[0])
    return [apply("RealDiv", x, y) * kept(op, dy), None]


# -- the table ---------------------------------------------------------------------------------
_SIGNATURE = "input:T reduction_indices:Tidx -> output:T"
_ATTRS = "keep_dims:bool=false; T:type{number}; Tidx:type{index}=int32"

# Op, kernel, its short form, gradient.
_REDUCTIONS: tuple[tuple[str, Kernel, Any, Any], ...] = (
    ("Sum", _kernel("sum", True), _specialize("add", True), _sum_grad),
    ("Prod", _kernel("prod", True), _specialize("multiply", True), _prod_grad),
    ("Mean", _mean, _specialize_mean, _mean_grad),
    ("Max", _extreme("max", True), _specialize_extreme("maximum", True), _extreme_grad),
    ("Min", _extreme("min", False), _specialize_extreme("minimum", False), _extreme_grad),
    ("EuclideanNorm", _euclidean_norm, None, _norm_grad),
)
for _name, _function, _short, _rule in _REDUCTIONS:
    define(
        _name,
        _SIGNATURE,
        _ATTRS,
        shape=_reduced_shape,
        kernel=_function,
        specialize=_short,
        grad=_rule,
    )

for _name, _numpy, _ufunc in (("All", "all", "logical_and"), ("Any", "any", "logical_or")):
    define(
        _name,
        "input:bool reduction_indices:Tidx -> output:bool",
        "keep_dims:bool=false; Tidx:type{index}=int32",
        shape=_reduced_shape,
        kernel=_kernel(_numpy, False),
        specialize=_specialize(_ufunc, False),
        grad=NO_GRADIENT,
    )

define(
    "L2Loss",
    "t:T -> output:T",
    "T:type{float}",
    shape=lambda shapes, attrs, values: [()],
    kernel=lambda xp, inputs, attrs: xp.asarray(xp.sum(inputs[0] * inputs[0]) / 2, inputs[0].dtype),
    grad=lambda op, dy: [apply("Mul", op.inputs[0], dy)],
)

# -- positions ---------------------------------------------------------------------------------


def _position_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    if shapes[1]:
        raise ValueError(f"The axis must be a scalar, not of shape {shapes[1]}")
    if shapes[0] is None:
        return [None]
    axis = values[1]
    if axis is None:
        return [(None,) * (len(shapes[0]) - 1)]
    return [reduced(shapes[0], [scalar(axis)], False)]


def _position(function: str) -> Kernel:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        x, axis = inputs[0], scalar(inputs[1])
        if x.shape[axis] == 0:
            raise ValueError(f"Reduction axis {axis} is empty in shape {list(x.shape)}")
        return getattr(xp, function)(x, axis).astype(attrs["output_type"].np_dtype)

    return kernel


for _name, _numpy in (("ArgMax", "argmax"), ("ArgMin", "argmin")):
    define(
        _name,
        "input:T dimension:Tidx -> output:output_type",
        "T:type{number}; Tidx:type{index}=int32; output_type:type{index}=int64",
        shape=_position_shape,
        kernel=_position(_numpy),
        grad=no_gradients,
    )

# -- running sums ------------------------------------------------------------------------------


def _running_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    axis = values[1]
    if shapes[0] is not None and axis is not None:
        normal_axis(scalar(axis), len(shapes[0]))
    return [shapes[0]]


def _shifted(xp: Any, x: Array, axis: int, fill: Any) -> Array:
    """`x` moved by one along an axis, with `fill` in front."""
    moved = xp.moveaxis(x, axis, 0)
    front = xp.full((1, *moved.shape[1:]), fill, dtype=x.dtype)
    return xp.moveaxis(xp.concatenate([front, moved[:-1]]), 0, axis)


def _running(accumulate: Any, neutral: Any) -> Kernel:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        x, axis = inputs[0], scalar(inputs[1])
        if attrs["reverse"]:
            x = xp.flip(x, axis)
        if attrs["exclusive"] and x.shape[axis]:
            x = _shifted(xp, x, axis, neutral(x.dtype))
        out = accumulate(xp, x, axis)
        return xp.flip(out, axis) if attrs["reverse"] else out

    return kernel


def _logsumexp_along(xp: Any, x: Array, axis: int) -> Array:
    if is_numpy(xp):
        return np.logaddexp.accumulate(x, axis)
    top = xp.max(x, axis=axis, keepdims=True, initial=-np.inf)
    return xp.log(xp.cumsum(xp.exp(x - top), axis)) + top


def _again(op: Any, x: Any, **attrs: Any) -> Tensor:
    """The same running operation, the other way round, of `x`."""
    exclusive, reverse = op.attrs["exclusive"], not op.attrs["reverse"]
    return apply(op.type, x, op.inputs[1], exclusive=exclusive, reverse=reverse, **attrs)  # type: ignore[no-any-return]


def _cumprod_grad(op: Any, dy: Tensor) -> list[Any]:
    """Divides by `x`, as TensorFlow does: NaN where an element is zero."""
    x, axis, y = op.inputs[0], op.inputs[1], op.outputs[0]
    if x.dtype.is_complex:
        x, y = apply("Conj", x), apply("Conj", y)
    exclusive, reverse = op.attrs["exclusive"], not op.attrs["reverse"]
    total = apply("Cumsum", y * dy, axis, exclusive=exclusive, reverse=reverse)
    return [apply("RealDiv", total, x), None]


def _positive_part(dy: Tensor) -> Tensor:
    """log(dy) where dy is positive, else the log of nothing."""
    low = literal(dy.dtype.min, dy)
    positive = apply("Greater", dy, literal(0, dy))
    safe = apply("SelectV2", positive, dy, literal(1, dy))
    return apply("SelectV2", positive, apply("Log", safe), low)  # type: ignore[no-any-return]


def _cumulative_logsumexp_grad(op: Any, dy: Tensor) -> list[Any]:
    x, y = op.inputs[0], op.outputs[0]
    up = apply("Exp", _again(op, _positive_part(dy) - y) + x)
    down = apply("Exp", _again(op, _positive_part(apply("Neg", dy)) - y) + x)
    return [up - down, None]


_RUNNING = "exclusive:bool=false; reverse:bool=false; T:type{number}; Tidx:type{index}=int32"

define(
    "Cumsum",
    "x:T axis:Tidx -> out:T",
    _RUNNING,
    shape=_running_shape,
    kernel=_running(lambda xp, x, axis: xp.cumsum(x, axis, dtype=x.dtype), lambda dtype: 0),
    grad=lambda op, dy: [_again(op, dy), None],
)
define(
    "Cumprod",
    "x:T axis:Tidx -> out:T",
    _RUNNING,
    shape=_running_shape,
    kernel=_running(lambda xp, x, axis: xp.cumprod(x, axis, dtype=x.dtype), lambda dtype: 1),
    grad=_cumprod_grad,
)
define(
    "CumulativeLogsumexp",
    "x:T axis:Tidx -> out:T",
    _RUNNING.replace("{number}", "{float16,float32,float64}"),
    shape=_running_shape,
    kernel=_running(_logsumexp_along, lambda dtype: np.finfo(dtype).min),
    grad=_cumulative_logsumexp_grad,
)

# -- counts by bins ----------------------------------------------------------------------------


def _histogram(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    values, limits, bins = xp.ravel(inputs[0]), inputs[1], scalar(inputs[2])
    low, high = limits[0], limits[1]
    if bins <= 0:
        raise ValueError(f"nbins should be a positive number, but got '{bins}'")
    if low >= high:
        raise ValueError(
            f"value_range should satisfy value_range[0] < value_range[1], got {limits}"
        )
    step = (high - low) / bins
    places = xp.clip((xp.maximum(values, low) - low) / step, 0, bins - 1).astype(np.int32)
    return xp.bincount(places, minlength=bins).astype(attrs["dtype"].np_dtype)


def _histogram_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    bins = values[2]
    return [(None if bins is None else scalar(bins),)]


define(
    "HistogramFixedWidth",
    "values:T value_range:T nbins:int32 -> out:dtype",
    "T:type{int32,int64,float32,float64}; dtype:type{index}=int32",
    shape=_histogram_shape,
    kernel=_histogram,
    grad=NO_GRADIENT,
)
