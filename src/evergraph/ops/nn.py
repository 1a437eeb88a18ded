"""Layers' biases, softmax and the cross entropies: ops defined in terms of other ops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define, lookup
from ..core.shape import Dim, Shape, broadcast, merge_dim, show, with_rank, with_rank_at_least
from ..core.tensor import Operand, Tensor, axes_literal
from .broadcasting import unbroadcast
from .elementwise_rules import literal
from .operands import scalar, shape_of

_FLOATS = "T:type{float16,bfloat16,float32,float64}"

# -- bias --------------------------------------------------------------------------------------


def _channels_first(attrs: Attrs) -> bool:
    return attrs.get("data_format") == "NCHW"


def _bias_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    (size,) = with_rank(shapes[1], 1)
    first = _channels_first(attrs)
    value = with_rank_at_least(shapes[0], 3 if first else 2)
    if value is None:
        return [None]
    at = 1 if first else len(value) - 1
    return [(*value[:at], merge_dim(value[at], size), *value[at + 1 :])]


def _along_channels(x: Operand, bias: Operand, attrs: Attrs) -> Any:
    """The bias so shaped that it broadcasts along the channels of `x`."""
    if not _channels_first(attrs):
        return bias
    if x.static_shape is not None:
        return apply("Reshape", bias, axes_literal([-1] + [1] * (len(x.static_shape) - 2)))
    rank = apply("Reshape", apply("Rank", x), axes_literal([1]))
    ones = apply("Fill", apply("Sub", rank, axes_literal(2)), axes_literal(1))
    return apply("Reshape", bias, apply("ConcatV2", [axes_literal([-1]), ones], axes_literal(0)))


def _bias_add(value: Tensor, bias: Tensor, **attrs: Any) -> Tensor:
    bias = _along_channels(value, bias, attrs)
    if value.dtype in lookup("AddV2").attrs["T"].allowed:  # type: ignore[operator]
        return apply("AddV2", value, bias)  # type: ignore[no-any-return]
    return apply("AddN", [value, apply("BroadcastTo", bias, shape_of(value))])  # type: ignore[no-any-return]


def _bias_add_grad(op: Any, dy: Tensor) -> list[Any]:
    data_format = op.attrs.get("data_format", "NHWC")
    return [dy, apply("BiasAddGrad", dy, data_format=data_format)]


def _bias_grad_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    shape = with_rank_at_least(shapes[0], 3 if _channels_first(attrs) else 2)
    channels: Dim = None if shape is None else shape[1 if _channels_first(attrs) else -1]
    return [(channels,)]


def _other_axes(x: Operand, first: bool) -> Any:
    """All axes but that of the channels."""
    if x.static_shape is not None:
        axes = list(range(len(x.static_shape)))
        del axes[1 if first else -1]
        return axes_literal(axes)
    rank, one = apply("Rank", x), axes_literal(1)
    if not first:
        return apply("Range", axes_literal(0), apply("Sub", rank, one), one)
    rest = apply("Range", axes_literal(2), rank, one)
    return apply("ConcatV2", [axes_literal([0]), rest], axes_literal(0))


def _bias_grad(dy: Tensor, *, data_format: str) -> Tensor:
    return apply("Sum", dy, _other_axes(dy, data_format == "NCHW"))  # type: ignore[no-any-return]


def _bias_grad_grad(op: Any, dz: Tensor) -> list[Any]:
    x = op.inputs[0]
    return [apply("BroadcastTo", _along_channels(x, dz, op.attrs), shape_of(x))]


_BIAS_ATTRS = "T:type{number}; data_format:string{NHWC,NCHW}='NHWC'"

define(
    "BiasAdd",
    "value:T bias:T -> output:T",
    _BIAS_ATTRS,
    shape=_bias_shape,
    definition=_bias_add,
    grad=_bias_add_grad,
)
define(
    "BiasAddV1",
    "value:T bias:T -> output:T",
    "T:type{number}",
    shape=_bias_shape,
    definition=_bias_add,
    grad=_bias_add_grad,
)
define(
    "BiasAddGrad",
    "out_backprop:T -> output:T",
    _BIAS_ATTRS,
    shape=_bias_grad_shape,
    definition=_bias_grad,
    grad=_bias_grad_grad,
)

# -- swish -------------------------------------------------------------------------------------
# TensorFlow has it as a function of its own for each dtype, and graphs name that as the op.


def _swish_grad(op: Any, dy: Tensor) -> list[Any]:
    x = op.inputs[0]
    gate = apply("Sigmoid", x)
    return [dy * (gate + x * gate * (literal(1, x) - gate))]


for _short, _dtype in (("f16", "float16"), ("f32", "float32"), ("f64", "float64")):
    define(
        f"swish_{_short}",
        f"features:{_dtype} -> output:{_dtype}",
        shape=lambda shapes, attrs, values: [shapes[0]],
        definition=lambda x: x * apply("Sigmoid", x),
        grad=_swish_grad,
    )

# -- softmax -----------------------------------------------------------------------------------
_LAST = axes_literal([-1])


def _over_last(op_type: str, x: Any) -> Tensor:
    return apply(op_type, x, _LAST, keep_dims=True)  # type: ignore[no-any-return]


def _shifted(logits: Any) -> Tensor:
    """The logits less their maximum, so that their exponentials do not overflow."""
    return logits - _over_last("Max", logits)  # type: ignore[no-any-return]


def _softmax(logits: Tensor) -> Tensor:
    powers = apply("Exp", _shifted(logits))
    return powers * apply("Reciprocal", _over_last("Sum", powers))  # type: ignore[no-any-return]


def _log_softmax(logits: Tensor) -> Tensor:
    shifted = _shifted(logits)
    return shifted - apply("Log", _over_last("Sum", apply("Exp", shifted)))  # type: ignore[no-any-return]


def _through_softmax(softmax: Any, dy: Any) -> Tensor:
    """The gradient that reaches the logits through their softmax."""
    return (dy - _over_last("Sum", dy * softmax)) * softmax  # type: ignore[no-any-return]


def _log_softmax_grad(op: Any, dy: Tensor) -> list[Any]:
    return [dy - apply("Exp", op.outputs[0]) * _over_last("Sum", dy)]


def _rows_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [with_rank_at_least(shapes[0], 1)]


define(
    "Softmax",
    "logits:T -> softmax:T",
    _FLOATS,
    shape=_rows_shape,
    definition=_softmax,
    grad=lambda op, dy: [_through_softmax(op.outputs[0], dy)],
)
define(
    "LogSoftmax",
    "logits:T -> logsoftmax:T",
    _FLOATS,
    shape=_rows_shape,
    definition=_log_softmax,
    grad=_log_softmax_grad,
)

# -- cross entropies ---------------------------------------------------------------------------


def _columns(loss: Any) -> Tensor:
    """A value a row as a column."""
    return apply("ExpandDims", loss, axes_literal(-1))  # type: ignore[no-any-return]


def _is_zero(dy: Tensor) -> bool:
    """Whether nothing but zeros can come from here: no one asked for this output's gradient."""
    return dy.op.type == "ZerosLike"


def _entropy_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    try:
        rows = with_rank(broadcast(shapes[0], shapes[1]), 2)
    except ValueError:
        raise ValueError(
            "logits and labels must be matrices that broadcast to one shape: got logits "
            f"{show(shapes[0])} and labels {show(shapes[1])}"
        ) from None
    return [rows[:1], rows]


def _cross_entropy(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    shifted: Any = _shifted(logits)
    powers = apply("Exp", shifted)
    total = _over_last("Sum", powers)
    loss = apply("Sum", labels * (apply("Log", total) - shifted), _LAST)
    return loss, powers * apply("Reciprocal", total) - labels


def _cross_entropy_grad(op: Any, dloss: Tensor, dback: Tensor) -> list[Any]:
    logits, labels = op.inputs
    column: Any = _columns(dloss)
    by_logits = column * op.outputs[1]
    by_labels = -(column * apply("LogSoftmax", logits))
    if not _is_zero(dback):
        by_logits = by_logits + _through_softmax(apply("Softmax", logits), dback)
        by_labels = by_labels - dback
    return [unbroadcast(by_logits, logits, labels), unbroadcast(by_labels, labels, logits)]


define(
    "SoftmaxCrossEntropyWithLogits",
    "features:T labels:T -> loss:T backprop:T",
    _FLOATS,
    shape=_entropy_shape,
    definition=_cross_entropy,
    grad=_cross_entropy_grad,
)


def _checked_labels(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    labels, classes = inputs[0], scalar(inputs[1])
    if isinstance(labels, np.ndarray) and labels.size:
        wrong = labels[(labels < 0) | (labels >= classes)]
        if wrong.size:
            raise ValueError(
                f"Received a label value of {wrong.flat[0]} which is outside the valid range of "
                f"[0, {classes}). Label values: {' '.join(map(str, labels[:100].tolist()))}"
            )
    return labels


define(
    "_LabelsBelow",
    "labels:T classes:int32 -> output:T",
    "T:type{index}",
    shape=lambda shapes, attrs, values: [shapes[0]],
    kernel=_checked_labels,
    grad=NO_GRADIENT,
)


def _sparse_entropy_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    rows, (count,) = with_rank(shapes[0], 2), with_rank(shapes[1], 1)
    try:
        rows = (merge_dim(rows[0], count), rows[1])
    except ValueError:
        raise ValueError(
            "logits and labels must have the same first dimension: got logits of shape "
            f"{show(shapes[0])} and labels of shape {show(shapes[1])}"
        ) from None
    return [rows[:1], rows]


def _classes(logits: Tensor) -> Any:
    """The number of columns, as a scalar operand."""
    shape = logits.static_shape
    if shape is not None and shape[1] is not None:
        return axes_literal(shape[1])
    return apply("GatherV2", apply("Shape", logits), axes_literal(1), axes_literal(0))


def _sparse_cross_entropy(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    classes = _classes(logits)
    labels = apply("_LabelsBelow", labels, classes, name="labels")
    numbers = apply("Range", axes_literal(0), classes, axes_literal(1))
    hit = apply("Equal", _columns(labels), apply("Cast", numbers, DstT=labels.dtype))
    shifted: Any = _shifted(logits)
    powers = apply("Exp", shifted)
    total = _over_last("Sum", powers)
    chosen = apply("Sum", apply("SelectV2", hit, shifted, literal(0, shifted)), _LAST)
    loss = apply("Log", apply("Squeeze", total, squeeze_dims=(1,))) - chosen
    return loss, powers * apply("Reciprocal", total) - apply("Cast", hit, DstT=logits.dtype)


def _sparse_cross_entropy_grad(op: Any, dloss: Tensor, dback: Tensor) -> list[Any]:
    column: Any = _columns(dloss)
    by_logits = column * op.outputs[1]
    if not _is_zero(dback):
        by_logits = by_logits + _through_softmax(apply("Softmax", op.inputs[0]), dback)
    return [by_logits, None]


define(
    "SparseSoftmaxCrossEntropyWithLogits",
    "features:T labels:Tlabels -> loss:T backprop:T",
    f"{_FLOATS}; Tlabels:type{{index}}=int64",
    shape=_sparse_entropy_shape,
    definition=_sparse_cross_entropy,
    grad=_sparse_cross_entropy_grad,
)

# -- is the target among the best? -------------------------------------------------------------


def _top_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    rows, (count,) = with_rank(shapes[0], 2), with_rank(shapes[1], 1)
    return [(merge_dim(rows[0], count),)]


def in_top(xp: Any, predictions: Array, targets: Array, k: int) -> Array:
    """Whether fewer than k classes have a higher prediction than the target.

    False where the target is no class or a prediction of the row is not finite.
    """
    classes = predictions.shape[1]
    valid = (targets >= 0) & (targets < classes)
    at = xp.where(valid, targets, 0)[:, None].astype(np.int64)
    if not classes:
        return valid
    chosen = xp.take_along_axis(predictions, at, axis=1)
    better = xp.sum(predictions > chosen, axis=1)
    return valid & (better < k) & xp.all(xp.isfinite(predictions), axis=1)


define(
    "InTopK",
    "predictions:float32 targets:T -> precision:bool",
    "k:int; T:type{index}=int32",
    shape=_top_shape,
    kernel=lambda xp, inputs, attrs: in_top(xp, inputs[0], inputs[1], attrs["k"]),
    grad=NO_GRADIENT,
)
define(
    "InTopKV2",
    "predictions:float32 targets:T k:T -> precision:bool",
    "T:type{index}=int32",
    shape=_top_shape,
    kernel=lambda xp, inputs, attrs: in_top(xp, inputs[0], inputs[1], scalar(inputs[2])),
    grad=NO_GRADIENT,
)
