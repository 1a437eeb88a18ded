"""Pools of `tf.contrib.layers`."""

from __future__ import annotations

from typing import Any

from ... import nn
from ...framework import convert_to_tensor, name_scope
from ...pooling_layers import AveragePooling2D, AveragePooling3D, MaxPooling2D, MaxPooling3D
from ..framework.arg_scope import add_arg_scope
from .utils import collect_named_outputs, n_positive_integers

__all__ = ["avg_pool2d", "avg_pool3d", "max_pool2d", "max_pool3d", "pool"]


def _pooled(
    layer: type[Any],
    inputs: Any,
    kernel_size: Any,
    stride: Any,
    padding: str,
    data_format: str,
    outputs_collections: Any,
    scope: Any,
) -> Any:
    """A pooling layer in a scope of its own name, applied."""
    space = "D" if layer.__name__.endswith("3D") else ""
    first, last = f"NC{space}HW", f"N{space}HWC"
    if data_format not in (first, last):
        raise ValueError(f"data_format has to be either {first} or {last}.")
    kind = layer.__name__.replace("erage", "g").replace("ing", "")
    with name_scope(scope, kind, [inputs]) as own:
        made = layer(
            pool_size=kernel_size,
            strides=stride,
            padding=padding,
            data_format="channels_first" if data_format == first else "channels_last",
            _scope=own,
        )
        outputs = made.apply(convert_to_tensor(inputs))
        return collect_named_outputs(outputs_collections, own, outputs)


@add_arg_scope
def avg_pool2d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: Any = "VALID",
    data_format: Any = "NHWC",
    outputs_collections: Any = None,
    scope: Any = None,
) -> Any:
    """The mean of each window of images, `stride` apart."""
    given = (kernel_size, stride, padding, data_format, outputs_collections, scope)
    return _pooled(AveragePooling2D, inputs, *given)


@add_arg_scope
def avg_pool3d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: Any = "VALID",
    data_format: Any = "NDHWC",
    outputs_collections: Any = None,
    scope: Any = None,
) -> Any:
    """The mean of each window of volumes, `stride` apart."""
    given = (kernel_size, stride, padding, data_format, outputs_collections, scope)
    return _pooled(AveragePooling3D, inputs, *given)


@add_arg_scope
def max_pool2d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: Any = "VALID",
    data_format: Any = "NHWC",
    outputs_collections: Any = None,
    scope: Any = None,
) -> Any:
    """The greatest of each window of images, `stride` apart."""
    given = (kernel_size, stride, padding, data_format, outputs_collections, scope)
    return _pooled(MaxPooling2D, inputs, *given)


@add_arg_scope
def max_pool3d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: Any = "VALID",
    data_format: Any = "NDHWC",
    outputs_collections: Any = None,
    scope: Any = None,
) -> Any:
    """The greatest of each window of volumes, `stride` apart."""
    given = (kernel_size, stride, padding, data_format, outputs_collections, scope)
    return _pooled(MaxPooling3D, inputs, *given)


@add_arg_scope
def pool(
    inputs: Any,
    kernel_size: Any,
    pooling_type: Any,
    padding: Any = "VALID",
    data_format: Any = None,
    dilation_rate: Any = 1,
    stride: Any = 1,
    outputs_collections: Any = None,
    scope: Any = None,
) -> Any:
    """`tf.nn.pool` over all axes of space; sizes may be one number for all of them."""
    with name_scope(scope, f"{pooling_type.lower()}_pool", [inputs]) as own:
        inputs = convert_to_tensor(inputs)
        rank = inputs.shape.ndims
        if rank is None:
            raise ValueError("Rank of inputs must be known")
        if rank < 3:
            raise ValueError("Rank of inputs must be >= 3")
        outputs = nn.pool(
            input=inputs,
            window_shape=n_positive_integers(rank - 2, kernel_size),
            pooling_type=pooling_type,
            padding=padding,
            data_format=data_format,
            dilation_rate=n_positive_integers(rank - 2, dilation_rate),
            strides=n_positive_integers(rank - 2, stride),
            name=own,
        )
        return collect_named_outputs(outputs_collections, own, outputs)
