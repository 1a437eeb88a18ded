"""Normalization: of batches (arXiv:1502.03167) as one op, and of responses across channels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.dtypes import float32
from ..core.emit import apply
from ..core.opdef import Array, Attrs, Values, define
from ..core.shape import Dim, Shape, merge, merge_dim, size_of, with_rank
from ..core.tensor import Literal, Tensor, axes_literal
from .elementwise_rules import literal
from .pool_windows import Windows, total

# -- along the channels ------------------------------------------------------------------------


class _Channels:
    """Sums over all axes but that of the channels, and vectors that broadcast along it."""

    def __init__(self, data_format: str) -> None:
        self.first = data_format == "NCHW"
        self.at = 1 if self.first else 3
        self._axes = [0, 2, 3] if self.first else [0, 1, 2]

    def sum(self, x: Any) -> Any:
        return apply("Sum", x, axes_literal(self._axes))

    def mean(self, x: Any) -> Any:
        return apply("Mean", x, axes_literal(self._axes))

    def spread(self, v: Any) -> Any:
        return apply("Reshape", v, axes_literal([-1, 1, 1])) if self.first else v

    def count(self, x: Tensor) -> Any:
        """How many elements a channel has, as a float scalar."""
        shape = x.static_shape
        if shape is not None:
            size = size_of([shape[i] for i in self._axes])  # type: ignore[arg-type]
            if size is not None:
                return Literal(np.float32(size))
        extents = apply("GatherV2", apply("Shape", x), axes_literal(self._axes), axes_literal(0))
        return apply("Cast", apply("Prod", extents, axes_literal([0])), DstT=float32)


def _wide(x: Any) -> Any:
    """The tensor in 32 bits: halves are too narrow for sums over a batch."""
    return x if x.dtype.base_dtype.size != 2 else apply("Cast", x, DstT=float32)


def _as(x: Any, like: Any) -> Any:
    kind = like.dtype.base_dtype
    return x if x.dtype.base_dtype is kind else apply("Cast", x, DstT=kind)


def _inverse_root(variance: Any, epsilon: float) -> Any:
    return apply("Rsqrt", variance + literal(epsilon, variance))


# -- forwards ----------------------------------------------------------------------------------
_BATCH_ATTRS = (
    "epsilon:float=9.999999747378752e-05; data_format:string{NHWC,NCHW}='NHWC'; "
    "is_training:bool=true"
)
_TYPES_V2 = "T:type{float16,bfloat16,float32}; U:type{float32}"


def _channel_dim(x: Shape, vectors: Sequence[Shape], attrs: Attrs) -> tuple[Shape, Dim]:
    """The shape of a tensor of images and its number of channels, which the vectors have too."""
    extents = with_rank(x, 4)
    at = _Channels(attrs["data_format"]).at
    channels = extents[at]
    for vector in vectors:
        (size,) = with_rank(vector, 1)
        channels = merge_dim(channels, size)
    return (*extents[:at], channels, *extents[at + 1 :]), channels


def _batch_norm_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    vectors = shapes[1:3] if attrs["is_training"] else shapes[1:5]
    for vector in shapes[3:5]:
        with_rank(vector, 1)
    image, channels = _channel_dim(shapes[0], vectors, attrs)
    return [image, *[(channels,)] * 4]


def _batch_norm(
    x: Tensor,
    scale: Any,
    offset: Any,
    mean: Any,
    variance: Any,
    *,
    epsilon: float,
    data_format: str,
    is_training: bool,
) -> tuple[Any, ...]:
    channels, wide = _Channels(data_format), _wide(x)
    given = variance
    if is_training:
        mean = channels.mean(wide)
    centered = wide - channels.spread(mean)
    if is_training:
        variance = channels.mean(apply("Square", centered))
        n: Any = channels.count(x)
        one = Literal(np.float32(1))
        given = variance * apply("RealDiv", n, apply("Maximum", apply("Sub", n, one), one))
    factor = channels.spread(_inverse_root(variance, epsilon) * scale)
    y = centered * factor + channels.spread(offset)
    return _as(y, x), mean, given, mean, variance


def _batch_norm_v3(*inputs: Any, **attrs: Any) -> tuple[Any, ...]:
    return (*_batch_norm(*inputs, **attrs), Literal(np.float32(0)))


def _batch_norm_grad_of(op: str) -> Callable[..., list[Any]]:
    def grad(node: Any, dy: Any, *_: Any) -> list[Any]:
        x, scale = node.inputs[:2]
        trained = node.attrs["is_training"]
        reserved = node.outputs[3:] if trained else [*node.inputs[3:], *node.outputs[5:]]
        keys = ("epsilon", "data_format", "is_training")
        given = {key: node.attrs[key] for key in keys}
        return [*apply(op, dy, x, scale, *reserved, **given)[:3], None, None]

    return grad


# -- backwards ---------------------------------------------------------------------------------


def _backward_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x = merge(with_rank(shapes[0], 4), with_rank(shapes[1], 4))
    image, channels = _channel_dim(x, shapes[2:5], attrs)
    rest: Shape = (0,) if attrs["is_training"] else (channels,)
    return [image, (channels,), (channels,), rest, rest]


def _backward(
    dy: Tensor,
    x: Tensor,
    scale: Any,
    mean: Any,
    variance: Any,
    *,
    epsilon: float,
    data_format: str,
    is_training: bool,
) -> tuple[Any, ...]:
    channels, g = _Channels(data_format), _wide(dy)
    centered = _wide(x) - channels.spread(mean)
    root = _inverse_root(variance, epsilon)
    if size_of(x.static_shape) in (None, 0):  # the variance of nothing is NaN, its gradient zero
        some = apply("Greater", channels.count(x), Literal(np.float32(0)))
        root = apply("SelectV2", some, root, literal(0, root))
    along = channels.sum(g * centered)
    by_scale, by_offset = along * root, channels.sum(g)
    if not is_training:
        zeros = apply("ZerosLike", mean)
        return _as(g * channels.spread(root * scale), dy), by_scale, by_offset, zeros, zeros
    n: Any = channels.count(x)
    back = g - channels.spread(by_offset / n) - centered * channels.spread(root * by_scale / n)
    nothing = Literal(np.zeros(0, np.float32))
    return _as(back * channels.spread(root * scale), dy), by_scale, by_offset, nothing, nothing


def _backward_v3(dy: Any, x: Any, *given: Any, **attrs: Any) -> Any:
    return _backward(dy, x, *given[:3], **attrs)


# -- backwards twice ---------------------------------------------------------------------------


def _twice(node: Any, dx2: Any, dscale2: Any, doffset2: Any, *_: Any) -> list[Any]:
    """The gradients of `_backward` for dy, x and scale; moments that were given have none."""
    attrs, rest = node.attrs, [None] * (len(node.inputs) - 3)
    dy, x, scale, mean, variance = node.inputs[:5]
    channels = _Channels(attrs["data_format"])
    moments = (mean, variance)
    if attrs["is_training"]:
        average = channels.mean(_wide(x))
        centered = _wide(x) - channels.spread(average)
        moments = (average, channels.mean(apply("Square", centered)))
    rule = _twice_training if attrs["is_training"] else _twice_inference
    wide = (_wide(dx2), _wide(dy), _wide(x) - channels.spread(moments[0]))
    root = _inverse_root(moments[1], attrs["epsilon"])
    by_dy, by_x, by_scale = rule(channels, *wide, scale, root, dscale2, doffset2)
    return [_as(by_dy, dy), _as(by_x, x), by_scale, *rest]


def _twice_inference(
    channels: _Channels, a: Any, g: Any, centered: Any, scale: Any, root: Any, b: Any, c: Any
) -> tuple[Any, Any, Any]:
    spread = channels.spread
    by_dy = a * spread(scale * root) + centered * spread(b * root) + spread(c)
    return by_dy, g * spread(b * root), channels.sum(a * g) * root


def _twice_training(
    channels: _Channels, a: Any, g: Any, centered: Any, scale: Any, root: Any, b: Any, c: Any
) -> tuple[Any, Any, Any]:
    """With the projection P(v) = v - mean(v) - xhat mean(v xhat), dx is scale root P(dy)."""
    spread, n = channels.spread, channels.count(centered)
    a0, g0 = a - spread(channels.mean(a)), g - spread(channels.mean(g))
    along_a, along_g = channels.sum(a * centered), channels.sum(g * centered)
    square = root * root
    shared = channels.sum(a0 * g0)
    both = square * along_a * along_g / n
    by_scale = root * (shared - both)
    projected = a0 - centered * spread(square * along_a / n)
    by_dy = projected * spread(scale * root) + centered * spread(b * root) + spread(c)
    three = literal(3, both)
    slope = -(square * root) / n * (scale * (shared - three * both) + b * along_g)
    cubed = scale * square * root / n
    by_x = (
        centered * spread(slope)
        - a0 * spread(cubed * along_g)
        + g0 * spread(b * root - cubed * along_a)
    )
    return by_dy, by_x, by_scale


# -- the ops -----------------------------------------------------------------------------------


def _define_batch_norm(version: str, kinds: str, u: str, scale: str) -> None:
    name, grad = f"FusedBatchNorm{version}", f"FusedBatchNormGrad{version}"
    third = version == "V3"
    more = f" reserve_space_3:{u}" if third else ""
    define(
        name,
        f"x:T scale:{u} offset:{u} mean:{u} variance:{u} -> y:T batch_mean:{u} "
        f"batch_variance:{u} reserve_space_1:{u} reserve_space_2:{u}{more}",
        f"{kinds}; {_BATCH_ATTRS}",
        shape=(lambda *given: [*_batch_norm_shape(*given), ()]) if third else _batch_norm_shape,
        definition=_batch_norm_v3 if third else _batch_norm,
        grad=_batch_norm_grad_of(grad),
    )
    n = 4 if third else 3
    define(
        grad,
        f"y_backprop:T x:T scale:{scale} reserve_space_1:{u} reserve_space_2:{u}{more} -> "
        f"x_backprop:T scale_backprop:{u} offset_backprop:{u} reserve_space_{n}:{u} "
        f"reserve_space_{n + 1}:{u}",
        f"{kinds}; {_BATCH_ATTRS}",
        shape=_backward_shape,
        definition=_backward_v3 if third else _backward,
        grad=_twice,
    )


_define_batch_norm("", "T:type{float32}", "T", "T")
_define_batch_norm("V2", _TYPES_V2, "U", "float32")
_define_batch_norm("V3", _TYPES_V2, "U", "float32")

# -- the old form ------------------------------------------------------------------------------
_GLOBAL_ATTRS = "T:type{number}; variance_epsilon:float; scale_after_normalization:bool"


def _global_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [_channel_dim(shapes[0], shapes[1:5], {"data_format": "NHWC"})[0]]


def _global_norm(
    t: Any,
    m: Any,
    v: Any,
    beta: Any,
    gamma: Any,
    *,
    variance_epsilon: float,
    scale_after_normalization: bool,
) -> Any:
    factor = _inverse_root(v, variance_epsilon)
    if scale_after_normalization:
        factor = factor * gamma
    return (t - m) * factor + beta


def _global_norm_back(
    t: Any,
    m: Any,
    v: Any,
    gamma: Any,
    backprop: Any,
    *,
    variance_epsilon: float,
    scale_after_normalization: bool,
) -> tuple[Any, ...]:
    channels, root = _Channels("NHWC"), _inverse_root(v, variance_epsilon)
    by_beta, along = channels.sum(backprop), channels.sum(backprop * (t - m))
    by_gamma = along * root if scale_after_normalization else apply("ZerosLike", along)
    factor = root * gamma if scale_after_normalization else root
    by_v = along * factor * root * root * literal(-0.5, along)
    return backprop * factor, -(by_beta * factor), by_v, by_beta, by_gamma


def _global_norm_grad(op: Any, dy: Any) -> list[Any]:
    t, m, v, _, gamma = op.inputs
    keys = ("variance_epsilon", "scale_after_normalization")
    given = {key: op.attrs[key] for key in keys}
    return list(apply("BatchNormWithGlobalNormalizationGrad", t, m, v, gamma, dy, **given))


def _global_back_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x = merge(with_rank(shapes[0], 4), with_rank(shapes[4], 4))
    image, channels = _channel_dim(x, shapes[1:4], {"data_format": "NHWC"})
    return [image, *[(channels,)] * 4]


define(
    "BatchNormWithGlobalNormalization",
    "t:T m:T v:T beta:T gamma:T -> result:T",
    _GLOBAL_ATTRS,
    shape=_global_shape,
    definition=_global_norm,
    grad=_global_norm_grad,
)
define(
    "BatchNormWithGlobalNormalizationGrad",
    "t:T m:T v:T gamma:T backprop:T -> dx:T dm:T dv:T db:T dg:T",
    _GLOBAL_ATTRS,
    shape=_global_back_shape,
    definition=_global_norm_back,
)

# -- responses across channels -----------------------------------------------------------------
_LRN_ATTRS = (
    "depth_radius:int=5; bias:float=1.0; alpha:float=1.0; beta:float=0.5; "
    "T:type{float16,bfloat16,float32}=float32"
)


def _near(xp: Any, x: Array, radius: int) -> Array:
    """The sum over the channels up to `radius` away."""
    if radius < 0:
        raise ValueError(f"depth_radius = {radius} must be non-negative")
    return total(xp, x, [(3, Windows(x.shape[3], 2 * radius + 1, 1, "SAME"))])


def _norms(xp: Any, x: Array, attrs: Attrs) -> Array:
    return attrs["alpha"] * _near(xp, x * x, attrs["depth_radius"]) + attrs["bias"]


def _response_norm(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x = inputs[0]
    wide = x.astype(np.float32) if x.dtype.itemsize == 2 else x
    return (wide * _norms(xp, wide, attrs) ** -attrs["beta"]).astype(x.dtype)


def _response_norm_back(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    kind = inputs[0].dtype
    dy, x, y = (v.astype(np.float32) if kind.itemsize == 2 else v for v in inputs)
    if not dy.shape == x.shape == y.shape:
        raise ValueError("input_grads, input_image, and out_image should have the same shape")
    norms, beta = _norms(xp, x, attrs), attrs["beta"]
    through = _near(xp, dy * y / norms, attrs["depth_radius"])
    return (dy * norms**-beta - (2 * attrs["alpha"] * beta) * x * through).astype(kind)


def _response_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    shape: Shape = None
    for given in shapes:
        shape = merge(shape, with_rank(given, 4))
    return [shape]


def _response_grad(op: Any, dy: Any) -> list[Any]:
    keys = ("depth_radius", "bias", "alpha", "beta")
    given = {key: op.attrs[key] for key in keys}
    return [apply("LRNGrad", dy, op.inputs[0], op.outputs[0], **given)]


define(
    "LRN",
    "input:T -> output:T",
    _LRN_ATTRS,
    shape=_response_shape,
    kernel=_response_norm,
    grad=_response_grad,
)
define(
    "LRNGrad",
    "input_grads:T input_image:T output_image:T -> output:T",
    _LRN_ATTRS,
    shape=_response_shape,
    kernel=_response_norm_back,
)
