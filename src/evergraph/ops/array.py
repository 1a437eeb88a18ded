"""Sources of values, identities, and what is asked of shapes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.allocation import allocatable
from ..core.dtypes import string
from ..core.emit import apply
from ..core.opdef import FIRST_OPERAND, NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, broadcast, compatible, is_known, merge, show, show_brackets, size_of
from ..core.tensor import Operation
from ..core.values import value_as_shape
from .broadcasting import unbroadcast
from .operands import all_axes, ints, np_dtype, scalar, zeros


def same_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    """Shape rule: that of the first operand."""
    return [shapes[0]]


def _all_shapes(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return list(shapes)


def _first(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    return inputs[0]


def _pass_through(xp: Any, attrs: Attrs) -> Any:
    return lambda x: x


# -- constants and placeholders --------------------------------------------------------------
define(
    "Const",
    "-> output:dtype",
    "value:tensor; dtype:type",
    shape=lambda shapes, attrs, values: [attrs["value"].shape],
    kernel=lambda xp, inputs, attrs: attrs["value"],
    grad=NO_GRADIENT,
)
for _name, _default in (("Placeholder", "=unknown"), ("PlaceholderV2", "")):
    define(
        _name,
        "-> output:dtype",
        f"dtype:type; shape:shape{_default}",
        shape=lambda shapes, attrs, values: [attrs["shape"]],
        grad=NO_GRADIENT,
    )


def _default_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    if not compatible(shapes[0], attrs["shape"]):
        raise ValueError(
            f"The default of shape {show(shapes[0])} does not fit the placeholder's shape "
            f"{show(attrs['shape'])}."
        )
    return [attrs["shape"]]


define(
    "PlaceholderWithDefault",
    "input:dtype -> output:dtype",
    "dtype:type; shape:shape",
    shape=_default_shape,
    kernel=_first,
    grad=lambda op, dy: [dy],
)
define("NoOp", "->", kernel=lambda xp, inputs, attrs: ())
define("ControlTrigger", "->", kernel=lambda xp, inputs, attrs: ())


# -- identities ------------------------------------------------------------------------------
def _partial_of_input(op: Operation) -> Shape:
    return value_as_shape(op.operands[0])


def _no_gradient_here(op: Operation, dy: Any) -> Any:
    raise LookupError(
        f"Gradient explicitly disabled at {op.name!r} (op: PreventGradient). Reason: "
        f"{op.attrs['message'] or 'none given'}."
    )


for _name in ("Identity", "Snapshot", "StopGradient", "DebugGradientIdentity"):
    define(
        _name,
        "input:T -> output:T",
        "T:type",
        shape=same_shape,
        kernel=_first,
        specialize=_pass_through,
        partial_value=_partial_of_input,
        grad=NO_GRADIENT if _name == "StopGradient" else lambda op, dy: [dy],
    )
define(
    "PreventGradient",
    "input:T -> output:T",
    "T:type; message:string=''",
    shape=same_shape,
    kernel=_first,
    specialize=_pass_through,
    partial_value=_partial_of_input,
    grad=_no_gradient_here,
)
define(
    "GuaranteeConst",
    "input:T -> output:T",
    "T:type",
    shape=same_shape,
    kernel=_first,
    specialize=_pass_through,
    stateful=True,
    grad=lambda op, dy: [dy],
)
define(
    "DeepCopy",
    "x:T -> y:T",
    "T:type",
    shape=same_shape,
    kernel=lambda xp, inputs, attrs: xp.array(inputs[0]),
    stateful=True,
    grad=lambda op, dy: [dy],
)
define(
    "IdentityN",
    "input:T -> output:T",
    "T:list(type)>=1",
    shape=_all_shapes,
    kernel=lambda xp, inputs, attrs: tuple(inputs),
    grad=lambda op, *dys: list(dys),
)


def _check_numerics(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x = inputs[0]
    nan, inf = bool(xp.any(xp.isnan(x))), bool(xp.any(xp.isinf(x)))
    if nan or inf:
        what = "Inf and NaN" if nan and inf else "NaN" if nan else "Inf"
        raise ValueError(f"{attrs['message']} : Tensor had {what} values")
    return x


define(
    "CheckNumerics",
    "tensor:T -> output:T",
    "T:type{float}; message:string",
    shape=same_shape,
    kernel=_check_numerics,
    stateful=True,
    effect=True,
    grad=lambda op, dy: [
        apply("CheckNumerics", dy, message=f"NaN or Inf in the gradient of {op.name}")
    ],
)


def _ensure_shape(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, wanted = inputs[0], attrs["shape"]
    if not compatible(x.shape, wanted):
        raise ValueError(
            f"Shape of tensor {FIRST_OPERAND} {show_brackets(x.shape)} is not compatible with "
            f"expected shape {show_brackets(wanted)}."
        )
    return x


define(
    "EnsureShape",
    "input:T -> output:T",
    "shape:shape; T:type",
    shape=lambda shapes, attrs, values: [merge(shapes[0], attrs["shape"])],
    kernel=_ensure_shape,
    grad=lambda op, dy: [dy],
)


# -- filled arrays ---------------------------------------------------------------------------
define(
    "ZerosLike",
    "x:T -> y:T",
    "T:type",
    shape=same_shape,
    kernel=lambda xp, inputs, attrs: zeros(xp, inputs[0].shape, np_dtype(attrs, "T")),
    grad=NO_GRADIENT,
)
define(
    "OnesLike",
    "x:T -> y:T",
    "T:type{bfloat16,float16,float32,float64,int8,uint8,int16,uint16,int32,int64,"
    "complex64,complex128,bool}",
    shape=same_shape,
    kernel=lambda xp, inputs, attrs: xp.ones(inputs[0].shape, np_dtype(attrs, "T")),
    grad=NO_GRADIENT,
)


def _dims(value: Any) -> tuple[int, ...]:
    dims = tuple(ints(value))
    if any(d < 0 for d in dims):
        raise ValueError(f"A shape's extents must not be negative: {list(dims)}.")
    return dims


def shape_operand(index: int) -> Any:
    """Shape rule: the shape is the value of operand `index`."""

    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        vector = shapes[index]
        if vector is not None and len(vector) > 1:
            raise ValueError(f"Shape must be rank 1 but is rank {len(vector)}: {show(vector)}.")
        return [values.as_shape(index)]

    return rule


def _fill(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    dims, value = allocatable(ints(inputs[0]), np_dtype(attrs, "T")), inputs[1]
    if attrs["T"] is string:
        return np.full(dims, np.asarray(value, dtype=object), dtype=object)
    return xp.full(dims, value, np_dtype(attrs, "T"))


def _filled_value(op: Operation) -> Shape:
    dims, value = value_as_shape(op.operands[0]), value_as_shape(op.operands[1])
    if dims is None or len(dims) != 1 or dims[0] is None or not value:
        return None
    return value * dims[0]


define(
    "Fill",
    "dims:index_type value:T -> output:T",
    "T:type; index_type:type{index}=int32",
    shape=shape_operand(0),
    kernel=_fill,
    partial_value=_filled_value,
    grad=lambda op, dy: [None, apply("Sum", dy, all_axes(dy))],
)


define(
    "Empty",
    "shape:int32 -> output:dtype",
    "dtype:type; init:bool=false",
    shape=shape_operand(0),
    kernel=lambda xp, inputs, attrs: zeros(xp, _dims(inputs[0]), np_dtype(attrs)),
    stateful=True,
    grad=NO_GRADIENT,
)


def _range_size(start: Any, limit: Any, delta: Any) -> int:
    start, limit, delta = (np.asarray(v).reshape(())[()] for v in (start, limit, delta))
    if delta == 0:
        raise ValueError(f"Requires delta != 0: {delta}")
    if (limit - start) * delta < 0:
        order = "<=" if delta > 0 else ">="
        raise ValueError(
            f"Requires start {order} limit when delta {'>' if delta > 0 else '<'} 0: "
            f"{start}/{limit}"
        )
    if start.dtype.kind == "i":
        return -((int(limit) - int(start)) // -int(delta))
    size: int = math.ceil(abs((limit - start) / delta))
    return size


def _range_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    for s in shapes:
        if s is not None and s != ():
            raise ValueError(f"Shape must be rank 0 but is rank {len(s)}: {show(s)}.")
    operands = [values[i] for i in range(3)]
    if any(v is None for v in operands):
        return [(None,)]
    return [(_range_size(*operands),)]


def _range(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    start, limit, delta = (np.asarray(v).reshape(()) for v in inputs)
    size, dtype = _range_size(start, limit, delta), np_dtype(attrs, "Tidx")
    allocatable([size], dtype, arrays=2)
    if dtype.kind == "i":
        return xp.asarray(start + delta * np.arange(size, dtype=dtype), dtype)
    # Sums of the steps, rounded one by one, are what TensorFlow's kernel gives.
    steps = np.full(size, delta, dtype)
    steps[:1] = start
    return xp.asarray(np.add.accumulate(steps, dtype=dtype))


define(
    "Range",
    "start:Tidx limit:Tidx delta:Tidx -> output:Tidx",
    "Tidx:type{bfloat16,float32,float64,int32,int64}=int32",
    shape=_range_shape,
    kernel=_range,
    grad=NO_GRADIENT,
)


def _linspace_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    num = values[2]
    if num is None:
        return [(None,)]
    if scalar(num) <= 0:
        raise ValueError(f"Requires num > 0: {scalar(num)}")
    return [(scalar(num),)]


def _linspace(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    start, stop, num, dtype = inputs[0], inputs[1], scalar(inputs[2]), np_dtype(attrs, "T")
    if num <= 0:
        raise ValueError(f"Requires num > 0: {num}")
    allocatable([num], dtype, arrays=3)
    if num == 1:
        return xp.reshape(xp.asarray(start, dtype), (1,))
    step = (stop - start) / (num - 1)
    values = start + step * xp.arange(num, dtype=dtype)
    return xp.concatenate([values[:-1], xp.reshape(xp.asarray(stop), (1,))]).astype(dtype)


define(
    "LinSpace",
    "start:T stop:T num:Tidx -> output:T",
    "T:type{bfloat16,float32,float64}; Tidx:type{index}=int32",
    shape=_linspace_shape,
    kernel=_linspace,
    grad=NO_GRADIENT,
)


# -- shapes ----------------------------------------------------------------------------------
def _rank_vector(shape: Shape) -> Shape:
    return (None,) if shape is None else (len(shape),)


define(
    "Shape",
    "input:T -> output:out_type",
    "T:type; out_type:type{index}=int32",
    shape=lambda shapes, attrs, values: [_rank_vector(shapes[0])],
    kernel=lambda xp, inputs, attrs: np.asarray(inputs[0].shape, np_dtype(attrs, "out_type")),
    partial_value=lambda op: op.operands[0].static_shape,
    grad=NO_GRADIENT,
)
define(
    "ShapeN",
    "input:N*T -> output:N*out_type",
    "N:int>=1; T:type; out_type:type{index}=int32",
    shape=lambda shapes, attrs, values: [_rank_vector(s) for s in shapes],
    kernel=lambda xp, inputs, attrs: tuple(
        np.asarray(x.shape, np_dtype(attrs, "out_type")) for x in inputs
    ),
    grad=NO_GRADIENT,
)
define(
    "Size",
    "input:T -> output:out_type",
    "T:type; out_type:type{index}=int32",
    shape=lambda shapes, attrs, values: [()],
    kernel=lambda xp, inputs, attrs: np.asarray(
        size_of(inputs[0].shape), np_dtype(attrs, "out_type")
    ),
    grad=NO_GRADIENT,
)
define(
    "Rank",
    "input:T -> output:int32",
    "T:type",
    shape=lambda shapes, attrs, values: [()],
    kernel=lambda xp, inputs, attrs: np.asarray(len(inputs[0].shape), np.int32),
    grad=NO_GRADIENT,
)


# -- broadcasting ----------------------------------------------------------------------------
def _broadcast_to_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x, out = shapes[0], values.as_shape(1)
    if x is None or out is None:
        return [out]
    if len(x) > len(out):
        raise ValueError(f"Rank of input {len(x)} must not be higher than that of {show(out)}.")
    dims = list(out)
    for i, d in enumerate(x, len(out) - len(x)):
        if d not in (None, 1):
            if dims[i] not in (None, d):
                raise ValueError(f"Incompatible shapes: {show(x)} vs. {show(out)}.")
            dims[i] = d
    return [tuple(dims)]


def _broadcast_to(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    return xp.broadcast_to(inputs[0], allocatable(ints(inputs[1]), np_dtype(attrs, "T")))


define(
    "BroadcastTo",
    "input:T shape:Tidx -> output:T",
    "T:type; Tidx:type{index}=int32",
    shape=_broadcast_to_shape,
    kernel=_broadcast_to,
    grad=lambda op, dy: [unbroadcast(dy, op.inputs[0], op.outputs[0]), None],
)


def _broadcast_args(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    dims = np.broadcast_shapes(tuple(ints(inputs[0])), tuple(ints(inputs[1])))
    return np.asarray(dims, np_dtype(attrs, "T"))


def _longer(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    lengths = [None if s is None else s[0] for s in shapes]
    return [(None if None in lengths else max(n for n in lengths if n is not None),)]


define(
    "BroadcastArgs",
    "s0:T s1:T -> r0:T",
    "T:type{index}=int32",
    shape=_longer,
    kernel=_broadcast_args,
    grad=NO_GRADIENT,
)


def _repeated(dims: list[int], out: Sequence[Any]) -> list[int]:
    """The axes of `out` along which an operand of shape `dims` is repeated."""
    padded = [0] * (len(out) - len(dims)) + dims
    return [i for i, d in enumerate(padded) if i < len(out) - len(dims) or d == 1]


def _gradient_args(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array]:
    a, b = ints(inputs[0]), ints(inputs[1])
    out, dtype = broadcast(tuple(a), tuple(b)), np_dtype(attrs, "T")
    assert out is not None
    return np.asarray(_repeated(a, out), dtype), np.asarray(_repeated(b, out), dtype)


define(
    "BroadcastGradientArgs",
    "s0:T s1:T -> r0:T r1:T",
    "T:type{index}=int32",
    shape=lambda shapes, attrs, values: [(None,), (None,)],
    kernel=_gradient_args,
    data_dependent=True,
    grad=NO_GRADIENT,
)


def bitcast_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    """Shape rule of Bitcast: a last axis appears or disappears where the sizes differ."""
    shape, old, new = shapes[0], attrs["T"].size, attrs["type"].size
    if shape is None or old == new:
        return [shape]
    if old > new:
        return [(*shape, old // new)]
    if not shape or shape[-1] not in (None, new // old):
        raise ValueError(
            f"Cannot bitcast from {attrs['T'].name} to {attrs['type'].name}: the last axis of "
            f"{show(shape)} must be {new // old}."
        )
    return [shape[:-1]]


def _bitcast(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, dtype = np.ascontiguousarray(inputs[0]), np_dtype(attrs, "type")
    shape = bitcast_shape([x.shape], attrs, ())[0]  # type: ignore[arg-type]
    assert is_known(shape)
    return x.reshape(-1).view(dtype).reshape(shape)


_BITS = (
    "bfloat16,float16,float32,float64,int64,int32,uint8,uint16,uint32,uint64,int8,int16,"
    "complex64,complex128,qint8,quint8,qint16,quint16,qint32"
)
define(
    "Bitcast",
    "input:T -> output:type",
    f"T:type{{{_BITS}}}; type:type{{{_BITS}}}",
    shape=bitcast_shape,
    kernel=_bitcast,
    grad=NO_GRADIENT,
)
