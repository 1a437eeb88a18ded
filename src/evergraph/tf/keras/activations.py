"""`tf.keras.activations`: activation functions by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import clip_ops, math_ops, nn
from ..framework import convert_to_tensor
from . import lookup

__all__ = [
    "deserialize",
    "elu",
    "exponential",
    "get",
    "hard_sigmoid",
    "linear",
    "relu",
    "selu",
    "serialize",
    "sigmoid",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
]


def softmax(x: Any, axis: int = -1) -> Any:
    """Exponentials along `axis`, divided by their sum; ValueError for a vector."""
    rank = x.shape.ndims
    if rank == 2:
        return nn.softmax(x)
    if rank is None or rank < 2:
        raise ValueError(f"Cannot apply softmax to a tensor that is 1D. Received input: {x}")
    e = math_ops.exp(x - math_ops.reduce_max(x, axis=axis, keepdims=True))
    return e / math_ops.reduce_sum(e, axis=axis, keepdims=True)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where it is positive, else alpha * (exp(x) - 1)."""
    result = nn.elu(x)
    if alpha == 1:
        return result
    from .. import array_ops

    return array_ops.where(x > 0, result, alpha * result)


def selu(x: Any) -> Any:
    """Scaled elu (arXiv:1706.02515)."""
    return 1.0507009873554804934193349852946 * elu(x, 1.6732632423543772848170429916717)


def softplus(x: Any) -> Any:
    """log(exp(x) + 1)."""
    return nn.softplus(x)


def softsign(x: Any) -> Any:
    """x / (|x| + 1)."""
    return nn.softsign(x)


def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0) -> Any:
    """x above `threshold` up to `max_value`, else `alpha * (x - threshold)`."""
    negative_part = None
    if alpha != 0.0:
        if max_value is None and threshold == 0:
            return nn.leaky_relu(x, alpha=alpha)
        negative_part = nn.relu(-x + threshold) if threshold != 0 else nn.relu(-x)
    if threshold != 0:
        y = x * math_ops.cast(math_ops.greater(x, threshold), x.dtype.base_dtype)
    elif max_value == 6:
        y = nn.relu6(x)
    else:
        y = nn.relu(x)
    if max_value is not None and (threshold != 0 or max_value != 6):
        y = clip_ops.clip_by_value(y, 0.0, float(max_value))
    return y if negative_part is None else y - alpha * negative_part


def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return math_ops.tanh(x)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x))."""
    return math_ops.sigmoid(x)


def exponential(x: Any) -> Any:
    """exp(x)."""
    return math_ops.exp(x)


def hard_sigmoid(x: Any) -> Any:
    """0.2 x + 0.5, cut off at 0 and 1."""
    slope = convert_to_tensor(0.2, x.dtype.base_dtype)
    middle = convert_to_tensor(0.5, x.dtype.base_dtype)
    y = math_ops.add(math_ops.multiply(x, slope), middle)
    return clip_ops.clip_by_value(y, 0.0, 1.0)


def linear(x: Any) -> Any:
    """x itself."""
    return x


_KNOWN = {
    f.__name__: f
    for f in (
        elu,
        exponential,
        hard_sigmoid,
        linear,
        relu,
        selu,
        sigmoid,
        softmax,
        softplus,
        softsign,
        tanh,
    )
}


def serialize(activation: Any) -> Any:
    """The name or configuration of an activation function."""
    return lookup.serialize(activation)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The activation function of a name; ValueError if there is none."""
    return lookup.deserialize(name, _KNOWN, custom_objects, "activation function")


def get(identifier: Any) -> Any:
    """The activation function that `identifier` names or is; `linear` for None."""
    if identifier is None:
        return linear
    if callable(identifier):
        return identifier
    if isinstance(identifier, (str, Mapping)):
        return deserialize(identifier)
    raise TypeError(f"Could not interpret activation function identifier: {identifier!r}")
