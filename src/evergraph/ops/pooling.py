"""Average and greatest of windows in two and three dimensions, with their gradients.

Windows are given for every axis in the order of `data_format`, so that the kernels need not know
which axis is which. Padding counts as nothing: averages are over the elements inside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.opdef import Array, Attrs, Values, define
from ..core.shape import Dim, Shape, is_known, merge, size_of, with_rank
from ..errors import UnimplementedError
from .operands import ints, is_numpy, np_dtype, shape_of
from .pool_windows import (
    Axis,
    Windows,
    added,
    busy,
    counts,
    follow_greatest,
    greatest,
    spread_to_greatest,
    spread_total,
    total,
)

_POOLED_2D = "ksize:list(int)>=4; strides:list(int)>=4; padding:string{SAME,VALID}"
_POOLED_3D = (
    "ksize:list(int)>=5; strides:list(int)>=5; padding:string{SAME,VALID}; "
    "data_format:string{NDHWC,NCDHW}='NDHWC'"
)
_LAYOUT = "data_format:string{NHWC,NCHW}='NHWC'"
_MAX_TYPES = "float16,bfloat16,float32,float64,int32,int64,uint8,int16,int8,uint16,qint8"
_HALVES = ("float16", "bfloat16")

# -- geometry ----------------------------------------------------------------------------------


def _rank(attrs: Attrs, op: str) -> int:
    """The rank of the tensors: one axis an entry of ksize, and one for channels in groups."""
    k, strides = attrs["ksize"], attrs["strides"]
    rank = 5 if "3D" in op or len(attrs.get("data_format", "NHWC")) == 5 else 4
    for name, given in (("ksize", k), ("strides", strides)):
        if len(given) != rank:
            raise ValueError(
                f"{op} requires the {name} attribute to contain {rank} values, one an axis, but "
                f"got: {len(given)}"
            )
    return rank


def _check_batch(k: Sequence[int], strides: Sequence[int]) -> None:
    if k[0] != 1 or strides[0] != 1:
        raise UnimplementedError(
            "Pooling is not yet supported on the batch dimension: transpose it to another place."
        )


def _per_axis(values: Sequence[int], attrs: Attrs) -> tuple[int, ...]:
    """One value an axis of the tensor: groups of four channels add an axis of their own."""
    return (*values, 1) if attrs.get("data_format") == "NCHW_VECT_C" else tuple(values)


def _pooled_dim(size: Dim, k: int, stride: int, padding: str) -> Dim:
    if stride <= 0:
        raise ValueError(f"Stride must be > 0, but got {stride}")
    if size is None or k <= 0:
        return None
    if padding == "SAME":
        return -(-size // stride)
    if size < k:
        raise ValueError(f"Negative dimension size caused by subtracting {k} from {size}")
    return (size - k + stride) // stride


def _pooled(shape: Shape, k: Sequence[int], strides: Sequence[int], attrs: Attrs) -> Shape:
    k, strides = _per_axis(k, attrs), _per_axis(strides, attrs)
    extents = with_rank(shape, len(k))
    padding = attrs["padding"]
    rest = zip(extents[1:], k[1:], strides[1:], strict=True)
    return (extents[0], *(_pooled_dim(n, w, s, padding) for n, w, s in rest))


def _pool_shape(op: str) -> Callable[..., list[Shape]]:
    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        _rank(attrs, op)
        _check_batch(attrs["ksize"], attrs["strides"])
        return [_pooled(shapes[0], attrs["ksize"], attrs["strides"], attrs)]

    return rule


def _windows(
    extents: Sequence[int], k: Sequence[int], strides: Sequence[int], attrs: Attrs, op: str
) -> list[Axis]:
    """The axes with windows that hold more than an element, checked."""
    rank = 5 if "3D" in op else 4
    for name, values in (("ksize", k), ("strides", strides)):
        if len(values) != rank:
            raise ValueError(f"Sliding window {name} field must specify {rank} dimensions.")
        if min(values) <= 0:
            axis = next(i for i, v in enumerate(values) if v <= 0)
            what = "was zero" if values[axis] == 0 else "is negative"
            raise ValueError(f"Sliding window {name} for dimension {axis} {what}.")
    _check_supported(extents, k, strides, attrs, op)
    k, strides = _per_axis(k, attrs), _per_axis(strides, attrs)
    if len(extents) != len(k):
        raise ValueError(f"The input of {op} must be {len(k)}-dimensional, got {list(extents)}.")
    fit = zip(extents, k, strides, strict=True)
    return busy([Windows(n, w, s, attrs["padding"]) for n, w, s in fit])


def _check_supported(
    extents: Sequence[int], k: Sequence[int], strides: Sequence[int], attrs: Attrs, op: str
) -> None:
    """Raises UnimplementedError for pools over the batch, and for some over the channels."""
    _check_batch(k, strides)
    at = 1 if attrs.get("data_format", "NHWC").startswith("NC") else len(k) - 1
    if k[at] == 1 and strides[at] == 1:
        return
    if "3D" in op:
        raise UnimplementedError(
            "Pooling is not yet supported on the depth dimension: use tf.nn.max_pool."
        )
    if op.startswith("Avg"):
        raise UnimplementedError(
            "Non-spatial pooling is not yet supported: use tf.reduce_mean of a reshaped tensor."
        )
    others = [w for i, w in enumerate(k) if i != at]
    if k[at] != 1 and max(others) > 1:
        raise UnimplementedError(
            "MaxPooling supports exactly one of pooling across depth or pooling across "
            "width/height: use two pools."
        )
    if k[at] != strides[at]:
        raise UnimplementedError(
            "Depthwise max pooling requires the depth window to equal the depth stride."
        )
    if extents[at] % k[at]:
        raise UnimplementedError(
            "Depthwise max pooling requires the depth window to evenly divide the input depth."
        )


def _of_attrs(x: Sequence[int], attrs: Attrs, op: str) -> list[Axis]:
    return _windows(x, attrs["ksize"], attrs["strides"], attrs, op)


def _given(attrs: Attrs) -> Attrs:
    """The attributes that a pool shares with its gradients."""
    names = ("ksize", "strides", "padding", "data_format", "include_batch_in_index")
    return {name: attrs[name] for name in names if name in attrs}


def _zeros_like(*xs: Any) -> list[Any]:
    return [apply("ZerosLike", x) for x in xs]


# -- averages ----------------------------------------------------------------------------------


def average(xp: Any, x: Array, axes: Sequence[Axis]) -> Array:
    """The mean of each window; of 16-bit floats computed in 32 bits."""
    wide = x.astype(np.float32) if x.dtype.name in _HALVES else x
    sums = total(xp, wide, axes)
    number = counts(axes, x.ndim).astype(wide.dtype)
    return (sums / number).astype(x.dtype)


def _average_back(xp: Any, dy: Array, extents: Sequence[int], axes: Sequence[Axis]) -> Array:
    sizes = list(extents)
    for axis, w in axes:
        sizes[axis] = w.out
    if list(dy.shape) != sizes:
        raise ValueError(
            f"The gradient of the pool's output must have shape {sizes}, got {list(dy.shape)}."
        )
    wide = dy.astype(np.float32) if dy.dtype.name in _HALVES else dy
    number = counts(axes, dy.ndim).astype(wide.dtype)
    return spread_total(xp, wide / number, axes).astype(dy.dtype)


def _avg_kernel(op: str) -> Callable[..., Array]:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        return average(xp, inputs[0], _of_attrs(inputs[0].shape, attrs, op))

    return kernel


def _extents(value: Array, rank: int) -> list[int]:
    extents = ints(value)
    if len(extents) != rank or min(extents) < 0:
        raise ValueError(
            f"orig_input_shape must be {rank} sizes that are not negative, got {extents}."
        )
    return extents


def _avg_grad_kernel(op: str) -> Callable[..., Array]:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        extents = _extents(inputs[0], 5 if "3D" in op else 4)
        return _average_back(xp, inputs[1], extents, _of_attrs(extents, attrs, op))

    return kernel


def _shape_of_operand(rank: int) -> Callable[..., list[Shape]]:
    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        with_rank(shapes[0], 1)
        return [merge(values.as_shape(0), (None,) * rank)]

    return rule


def _define_average(op: str, argument: str, attrs: str, rank: int) -> None:
    def grad(node: Any, dy: Any) -> list[Any]:
        return [apply(f"{op}Grad", shape_of(node.inputs[0]), dy, **_given(node.attrs))]

    define(
        op,
        f"{argument}:T -> output:T",
        attrs,
        shape=_pool_shape(op),
        kernel=_avg_kernel(op),
        grad=grad,
    )
    define(
        f"{op}Grad",
        "orig_input_shape:int32 grad:T -> output:T",
        attrs,
        shape=_shape_of_operand(rank),
        kernel=_avg_grad_kernel(op),
        grad=lambda node, dz: [None, apply(op, dz, **_given(node.attrs))],
    )


_define_average("AvgPool", "value", f"{_POOLED_2D}; {_LAYOUT}; T:type{{float}}", 4)
_define_average("AvgPool3D", "input", f"{_POOLED_3D}; T:type{{float}}", 5)

# -- the greatest ------------------------------------------------------------------------------


def _max_kernel(op: str) -> Callable[..., Array]:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        return greatest(xp, inputs[0], _of_attrs(inputs[0].shape, attrs, op))

    return kernel


def _same_extents(*arrays: Array) -> None:
    """Raises ValueError unless all arrays have one shape."""
    if len({a.shape for a in arrays}) > 1:
        raise ValueError(
            f"Expected tensors of one shape, got {', '.join(str(list(a.shape)) for a in arrays)}."
        )


def _max_grad(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, _, dy = inputs
    return spread_to_greatest(xp, x, dy, _of_attrs(x.shape, attrs, "MaxPoolGrad"))


def _max_grad_grad(op: str) -> Callable[..., Array]:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        x, _, dz = inputs
        _same_extents(x, dz)
        return follow_greatest(xp, x, dz, _of_attrs(x.shape, attrs, op))

    return kernel


def _like(index: int, rank: int) -> Callable[..., list[Shape]]:
    """The output's shape is that of an operand."""

    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        with_rank(shapes[0], rank)
        return [with_rank(shapes[index], rank)]

    return rule


def _through(op: str) -> Callable[..., list[Any]]:
    """The gradient of a max pool's gradient, which hangs on the last operand alone."""

    def grad(node: Any, dz: Any) -> list[Any]:
        x, y = node.inputs[:2]
        return [*_zeros_like(x, y), apply(op, x, y, dz, **_given(node.attrs))]

    return grad


define(
    "MaxPool",
    "input:T -> output:T",
    f"T:type{{{_MAX_TYPES}}}=float32; {_POOLED_2D}; "
    "data_format:string{NHWC,NCHW,NCHW_VECT_C}='NHWC'",
    shape=_pool_shape("MaxPool"),
    kernel=_max_kernel("MaxPool"),
    grad=lambda op, dy: [apply("MaxPoolGrad", op.inputs[0], op.outputs[0], dy, **_given(op.attrs))],
)
define(
    "MaxPoolGrad",
    "orig_input:T orig_output:T grad:T -> output:T",
    f"{_POOLED_2D}; {_LAYOUT}; T:type{{real}}=float32",
    shape=_like(0, 4),
    kernel=_max_grad,
    grad=_through("MaxPoolGradGrad"),
)
define(
    "MaxPoolGradGrad",
    "orig_input:T orig_output:T grad:T -> output:T",
    f"{_POOLED_2D}; {_LAYOUT}; T:type{{real}}",
    shape=_like(1, 4),
    kernel=_max_grad_grad("MaxPoolGradGrad"),
    grad=_through("MaxPoolGrad"),
)

# -- windows given as tensors ------------------------------------------------------------------


def _pool_v2_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    for operand in shapes[1:]:
        with_rank(operand, 1)
    k, strides = values[1], values[2]
    extents = with_rank(shapes[0], 5 if attrs["data_format"] == "NCHW_VECT_C" else 4)
    if k is None or strides is None:
        return [(extents[0], *[None] * (len(extents) - 1))]
    if len(k) != 4 or len(strides) != 4:
        raise ValueError(
            f"MaxPool requires ksize and strides to contain 4 values, but got: {ints(k)} and "
            f"{ints(strides)}"
        )
    return [_pooled(extents, ints(k), ints(strides), attrs)]


def _max_v2(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, k, strides = inputs
    return greatest(xp, x, _windows(x.shape, ints(k), ints(strides), attrs, "MaxPoolV2"))


def _max_grad_v2(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, _, dy, k, strides = inputs
    axes = _windows(x.shape, ints(k), ints(strides), attrs, "MaxPoolGradV2")
    return spread_to_greatest(xp, x, dy, axes)


def _max_grad_grad_v2(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, _, dz, k, strides = inputs
    _same_extents(x, dz)
    axes = _windows(x.shape, ints(k), ints(strides), attrs, "MaxPoolGradGradV2")
    return follow_greatest(xp, x, dz, axes)


def _v2_grad(op: Any, dy: Any) -> list[Any]:
    x, k, strides = op.inputs
    given = _given(op.attrs)
    return [apply("MaxPoolGradV2", x, op.outputs[0], dy, k, strides, **given), None, None]


def _v2_through(op: str) -> Callable[..., list[Any]]:
    def grad(node: Any, dz: Any) -> list[Any]:
        x, y, _, k, strides = node.inputs
        back = apply(op, x, y, dz, k, strides, **_given(node.attrs))
        return [*_zeros_like(x, y), back, None, None]

    return grad


define(
    "MaxPoolV2",
    "input:T ksize:int32 strides:int32 -> output:T",
    f"T:type{{{_MAX_TYPES}}}=float32; padding:string{{SAME,VALID}}; "
    "data_format:string{NHWC,NCHW,NCHW_VECT_C}='NHWC'",
    shape=_pool_v2_shape,
    kernel=_max_v2,
    grad=_v2_grad,
)
define(
    "MaxPoolGradV2",
    "orig_input:T orig_output:T grad:T ksize:int32 strides:int32 -> output:T",
    f"padding:string{{SAME,VALID}}; {_LAYOUT}; T:type{{real}}=float32",
    shape=_like(0, 4),
    kernel=_max_grad_v2,
    grad=_v2_through("MaxPoolGradGradV2"),
)
define(
    "MaxPoolGradGradV2",
    "orig_input:T orig_output:T grad:T ksize:int32 strides:int32 -> output:T",
    f"padding:string{{SAME,VALID}}; {_LAYOUT}; T:type{{real}}",
    shape=_like(1, 4),
    kernel=_max_grad_grad_v2,
    grad=_v2_through("MaxPoolGradV2"),
)

# -- with the places of the greatest -----------------------------------------------------------


def _argmax_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return _pool_shape("MaxPoolWithArgmax")(shapes, attrs, values) * 2


def _with_argmax(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array]:
    x = inputs[0]
    axes = _of_attrs(x.shape, attrs, "MaxPoolWithArgmax")
    images = x.shape[0] if attrs["include_batch_in_index"] else 1
    kind = np_dtype(attrs, "Targmax")
    places = xp.arange(images * (size_of(x.shape[1:]) or 0), dtype=kind)
    places = xp.broadcast_to(places.reshape((images, *x.shape[1:])), x.shape)
    return greatest(xp, x, axes), follow_greatest(xp, x, places, axes)


def _flat_places(x: Array, argmax: Array, attrs: Attrs) -> Array:
    """The places that `argmax` names, in the whole tensor."""
    size = size_of(x.shape) or 0
    per_image = size // x.shape[0] if x.shape[0] else 0
    bound = size if attrs["include_batch_in_index"] else per_image
    flat = argmax.astype(np.int64)
    if flat.size and (flat.min() < 0 or flat.max() >= bound):
        raise ValueError(f"An index of argmax is not in [0, {bound}).")
    if attrs["include_batch_in_index"]:
        return flat
    if argmax.shape[0] != x.shape[0]:
        raise ValueError(f"argmax must have {x.shape[0]} images, got {argmax.shape[0]}.")
    return flat + np.arange(x.shape[0]).reshape((-1, *[1] * (argmax.ndim - 1))) * per_image


def _scatter_argmax(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, dy, argmax = inputs
    _same_extents(dy, argmax)
    places = _flat_places(x, argmax, attrs).reshape(-1)
    result = xp.zeros(size_of(x.shape) or 0, dy.dtype)
    if is_numpy(xp):
        np.add.at(result, places, dy.reshape(-1))
    else:
        result = result.at[places].add(dy.reshape(-1))
    return result.reshape(x.shape)


def _gather_argmax(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, dz, argmax = inputs
    _same_extents(x, dz)
    return dz.reshape(-1)[_flat_places(x, argmax, attrs)]


def _argmax_grad(op: Any, dy: Any, _: Any) -> list[Any]:
    given = _given(op.attrs)
    return [apply("MaxPoolGradWithArgmax", op.inputs[0], dy, op.outputs[1], **given)]


def _argmax_through(op: str) -> Callable[..., list[Any]]:
    def grad(node: Any, dz: Any) -> list[Any]:
        x, _, argmax = node.inputs
        return [*_zeros_like(x), apply(op, x, dz, argmax, **_given(node.attrs)), None]

    return grad


_WITH_ARGMAX = f"{_POOLED_2D}; include_batch_in_index:bool=false; Targmax:type{{index}}"
define(
    "MaxPoolWithArgmax",
    "input:T -> output:T argmax:Targmax",
    f"{_WITH_ARGMAX}=int64; T:type{{real}}",
    shape=_argmax_shape,
    kernel=_with_argmax,
    grad=_argmax_grad,
)
define(
    "MaxPoolGradWithArgmax",
    "input:T grad:T argmax:Targmax -> output:T",
    f"{_WITH_ARGMAX}; T:type{{real}}",
    shape=_like(0, 4),
    kernel=_scatter_argmax,
    grad=_argmax_through("MaxPoolGradGradWithArgmax"),
)
define(
    "MaxPoolGradGradWithArgmax",
    "input:T grad:T argmax:Targmax -> output:T",
    f"{_WITH_ARGMAX}; T:type{{real}}",
    shape=_like(2, 4),
    kernel=_gather_argmax,
    grad=_argmax_through("MaxPoolGradWithArgmax"),
)

# -- in three dimensions -----------------------------------------------------------------------
NEAR = 1e-5
"""In three dimensions the gradient goes to all elements this near to the greatest."""


def _places(axes: Sequence[Axis], rank: int) -> Iterator[tuple[slice, ...]]:
    """For each offset in the windows the places that it has in the padded tensor."""
    for offset in product(*(range(w.depth) for _, w in axes)):
        at = [slice(None)] * rank
        for (axis, w), j in zip(axes, offset, strict=True):
            stop = j + (w.out - 1) * w.stride + 1 if w.out else j
            at[axis] = slice(j, stop, w.stride)
        yield tuple(at)


def _max_3d_grad(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, y, dy = inputs
    axes = _of_attrs(x.shape, attrs, "MaxPool3DGrad")
    _same_extents(y, dy)
    pairs, inner = [(0, 0)] * 5, [slice(None)] * 5
    for axis, w in axes:
        pairs[axis], inner[axis] = (w.before, w.after), slice(w.before, w.before + w.size)
    whole = xp.pad(x, pairs, constant_values=-np.inf)
    result, zero = xp.zeros(whole.shape, dy.dtype), dy.dtype.type(0)
    for at in _places(axes, 5):
        near = whole[at]
        if near.shape != y.shape:
            raise ValueError(
                f"The pool's output must have shape {list(near.shape)}, got {list(y.shape)}."
            )
        result = added(xp, result, at, xp.where(xp.abs(near - y) < NEAR, dy, zero))
    return result[tuple(inner)]


def _pool_3d_like(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    pooled = _pool_shape("MaxPool3D")([shapes[0]], attrs, values)[0]
    return [merge(pooled, with_rank(shapes[1], 5)) if is_known(pooled) else shapes[1]]


_HALF_FLOATS = "float16,bfloat16,float32"
define(
    "MaxPool3D",
    "input:T -> output:T",
    f"{_POOLED_3D}; T:type{{{_HALF_FLOATS}}}",
    shape=_pool_shape("MaxPool3D"),
    kernel=_max_kernel("MaxPool3D"),
    grad=lambda op, dy: [
        apply("MaxPool3DGrad", op.inputs[0], op.outputs[0], dy, **_given(op.attrs))
    ],
)
define(
    "MaxPool3DGrad",
    "orig_input:TInput orig_output:TInput grad:T -> output:T",
    f"{_POOLED_3D}; T:type{{{_HALF_FLOATS}}}=float32; TInput:type{{{_HALF_FLOATS}}}=float32",
    shape=_like(0, 5),
    kernel=_max_3d_grad,
    grad=_through("MaxPool3DGradGrad"),
)
define(
    "MaxPool3DGradGrad",
    "orig_input:T orig_output:T grad:T -> output:T",
    f"{_POOLED_3D}; T:type{{real}}",
    shape=_pool_3d_like,
    kernel=_max_grad_grad("MaxPool3DGradGrad"),
    grad=_through("MaxPool3DGrad"),
)
