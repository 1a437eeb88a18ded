"""Convolutions of `tf.contrib.layers`: variables, normalizer and activation in one function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ....core.tensor import Tensor
from ... import array_ops, conv_layers, nn
from ...framework import convert_to_tensor
from ...init_ops import zeros_initializer
from ...variable_scope import variable_scope
from ..framework.arg_scope import add_arg_scope
from ..framework.variables import model_variable
from .core import add_to_variable_collections, normalized_and_activated, variable_getter
from .initializers import xavier_initializer
from .utils import (
    channel_dimension,
    collect_named_outputs,
    get_variable_collections,
    last_dimension,
    two_element_tuple,
)

__all__ = [
    "conv1d",
    "conv2d",
    "conv2d_in_plane",
    "conv2d_transpose",
    "conv3d",
    "conv3d_transpose",
    "convolution",
    "convolution1d",
    "convolution2d",
    "convolution2d_in_plane",
    "convolution2d_transpose",
    "convolution3d",
    "convolution3d_transpose",
    "separable_conv2d",
    "separable_convolution2d",
]

_CLASSES = {3: conv_layers.Conv1D, 4: conv_layers.Conv2D, 5: conv_layers.Conv3D}
_LAYOUTS = (None, "NWC", "NCW", "NHWC", "NCHW", "NDHWC", "NCDHW")


def _words(data_format: str | None) -> str:
    """A layout in the words of layers."""
    return "channels_first" if (data_format or "").startswith("NC") else "channels_last"


def _check_layout(data_format: Any, last: str, first: str) -> None:
    if data_format not in (last, first):
        raise ValueError(f"data_format has to be either {first} or {last}.")


# -- what a layer object does for these functions ------------------------------------------------


def _applied(
    make: Callable[..., conv_layers.ConvLayer],
    inputs: Any,
    sc: Any,
    collections: Any,
    kernels: tuple[str, ...] = ("kernel",),
    **options: Any,
) -> Tensor:
    """The outputs of a layer in this scope, whose variables join the collections."""
    layer = make(activation=None, name=sc.name, dtype=inputs.dtype.base_dtype, _scope=sc, **options)
    outputs: Tensor = layer.apply(inputs)
    for name in kernels:
        add_to_variable_collections(getattr(layer, name), collections, "weights")
    if layer.bias is not None:
        add_to_variable_collections(layer.bias, collections, "biases")
    return outputs


def _variable(
    name: str, shape: Any, inputs: Any, kind: str, collections: Any, **options: Any
) -> Any:
    """A model variable of the inputs' dtype, in the collections for its kind."""
    return model_variable(
        name,
        shape=shape,
        dtype=inputs.dtype.base_dtype,
        collections=get_variable_collections(collections, kind),
        **options,
    )


def _biased(
    outputs: Any, channels: int, initializer: Any, regularizer: Any, rest: dict[str, Any]
) -> Any:
    """The outputs plus a bias of its own, if it has an initializer."""
    if initializer is None:
        return outputs
    biases = _variable(
        "biases",
        [channels],
        outputs,
        "biases",
        rest["collections"],
        initializer=initializer,
        regularizer=regularizer,
        trainable=rest["trainable"],
    )
    return nn.bias_add(outputs, biases, data_format=rest["data_format"])


# -- convolutions --------------------------------------------------------------------------------


def _convolution(
    inputs: Any,
    num_outputs: int,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: str | None = None,
    rate: Any = 1,
    activation_fn: Any = nn.relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = xavier_initializer(),  # noqa: B008
    weights_regularizer: Any = None,
    biases_initializer: Any = zeros_initializer(),  # noqa: B008
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
    conv_dims: int | None = None,
) -> Tensor:
    """`activation_fn(normalizer_fn(convolution))` in 1, 2 or 3 dimensions, as the inputs have.

    Biases take a missing normalizer's place. Variables are named `weights` and `biases`. Raises
    ValueError for inputs of another rank than 3 to 5, or than `conv_dims` + 2.
    """
    if data_format not in _LAYOUTS:
        raise ValueError(f"Invalid data_format: {data_format!r}")
    getter = variable_getter({"bias": "biases", "kernel": "weights"})
    with variable_scope(scope, "Conv", [inputs], reuse=reuse, custom_getter=getter) as sc:
        inputs = convert_to_tensor(inputs)
        rank = inputs.shape.ndims
        if conv_dims is not None and conv_dims + 2 != rank:
            raise ValueError(f"Convolution expects input with rank {conv_dims + 2}, got {rank}")
        if rank not in _CLASSES:
            raise ValueError(f"Convolution not supported for input with rank {rank}")
        outputs = _applied(
            _CLASSES[rank],
            inputs,
            sc,
            variables_collections,
            filters=num_outputs,
            kernel_size=kernel_size,
            strides=stride,
            padding=padding,
            data_format=_words(data_format),
            dilation_rate=rate,
            use_bias=not normalizer_fn and bool(biases_initializer),
            kernel_initializer=weights_initializer,
            bias_initializer=biases_initializer,
            kernel_regularizer=weights_regularizer,
            bias_regularizer=biases_regularizer,
            trainable=trainable,
            _reuse=reuse,
        )
        outputs = normalized_and_activated(outputs, normalizer_fn, normalizer_params, activation_fn)
        return collect_named_outputs(outputs_collections, sc.name, outputs)


def _of_dimensions(n: int | None, name: str) -> Callable[..., Tensor]:
    """`_convolution` of inputs with n axes of space (None: of any number, an argument)."""
    signature = inspect.signature(_convolution)
    if n is not None:
        signature = signature.replace(parameters=list(signature.parameters.values())[:-1])

    def function(*args: Any, **kwargs: Any) -> Tensor:
        given = signature.bind(*args, **kwargs).arguments
        return _convolution(**given) if n is None else _convolution(**given, conv_dims=n)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = _convolution.__doc__
    function.__signature__ = signature  # type: ignore[attr-defined]
    return add_arg_scope(function)


convolution = _of_dimensions(None, "convolution")
conv1d = convolution1d = _of_dimensions(1, "convolution1d")
conv2d = convolution2d = _of_dimensions(2, "convolution2d")
conv3d = convolution3d = _of_dimensions(3, "convolution3d")


@add_arg_scope
def convolution2d_in_plane(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    activation_fn: Any = nn.relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = xavier_initializer(),  # noqa: B008
    weights_regularizer: Any = None,
    biases_initializer: Any = zeros_initializer(),  # noqa: B008
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Tensor:
    """The same convolution of each channel of images, by a kernel (rows, columns, 1, 1)."""
    with variable_scope(scope, "ConvInPlane", [inputs], reuse=reuse) as sc:
        depth = last_dimension(inputs.shape, min_rank=4)
        weights = _variable(
            "weights",
            [*two_element_tuple(kernel_size), 1, 1],
            inputs,
            "weights",
            variables_collections,
            initializer=weights_initializer,
            regularizer=weights_regularizer,
            trainable=trainable,
        )
        kernel = array_ops.tile(weights, [1, 1, depth, 1])
        strides = [1, *two_element_tuple(stride), 1]
        outputs = nn.depthwise_conv2d(inputs, kernel, strides, padding)
        if normalizer_fn is None:
            rest = {"collections": variables_collections, "trainable": trainable}
            rest["data_format"] = None
            outputs = _biased(outputs, depth, biases_initializer, biases_regularizer, rest)
        outputs = normalized_and_activated(outputs, normalizer_fn, normalizer_params, activation_fn)
        return collect_named_outputs(outputs_collections, sc.name, outputs)


# -- transposed ----------------------------------------------------------------------------------


def _transpose(
    make: type[conv_layers.TransposedConvLayer], name: str, last: str, first: str
) -> Callable[..., Tensor]:
    """The function for a layer; `last` and `first` are its layouts."""

    def function(
        inputs: Any,
        num_outputs: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: str = "SAME",
        data_format: Any = last,
        activation_fn: Any = nn.relu,
        normalizer_fn: Any = None,
        normalizer_params: Any = None,
        weights_initializer: Any = xavier_initializer(),  # noqa: B008
        weights_regularizer: Any = None,
        biases_initializer: Any = zeros_initializer(),  # noqa: B008
        biases_regularizer: Any = None,
        reuse: Any = None,
        variables_collections: Any = None,
        outputs_collections: Any = None,
        trainable: bool = True,
        scope: Any = None,
    ) -> Tensor:
        getter = variable_getter({"bias": "biases", "kernel": "weights"})
        default = name.replace("convolution", "Conv")
        with variable_scope(scope, default, [inputs], reuse=reuse, custom_getter=getter) as sc:
            _check_layout(data_format, last, first)
            outputs = _applied(
                make,
                convert_to_tensor(inputs),
                sc,
                variables_collections,
                filters=num_outputs,
                kernel_size=kernel_size,
                strides=stride,
                padding=padding,
                data_format=_words(data_format),
                use_bias=not normalizer_fn and bool(biases_initializer),
                kernel_initializer=weights_initializer,
                bias_initializer=biases_initializer,
                kernel_regularizer=weights_regularizer,
                bias_regularizer=biases_regularizer,
                trainable=trainable,
                _reuse=reuse,
            )
            outputs = normalized_and_activated(
                outputs, normalizer_fn, normalizer_params, activation_fn
            )
            return collect_named_outputs(outputs_collections, sc.name, outputs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"`activation_fn(normalizer_fn(transposed convolution))`: see `tf.layers.{make.__name__}`. "
        "Biases take a missing normalizer's place."
    )
    return add_arg_scope(function)


conv2d_transpose = convolution2d_transpose = _transpose(
    conv_layers.Conv2DTranspose, "convolution2d_transpose", "NHWC", "NCHW"
)
conv3d_transpose = convolution3d_transpose = _transpose(
    conv_layers.Conv3DTranspose, "convolution3d_transpose", "NDHWC", "NCDHW"
)

# -- separable -----------------------------------------------------------------------------------


@add_arg_scope
def separable_convolution2d(
    inputs: Any,
    num_outputs: int | None,
    kernel_size: Any,
    depth_multiplier: int = 1,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: str = "NHWC",
    rate: Any = 1,
    activation_fn: Any = nn.relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = xavier_initializer(),  # noqa: B008
    pointwise_initializer: Any = None,
    weights_regularizer: Any = None,
    biases_initializer: Any = zeros_initializer(),  # noqa: B008
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Tensor:
    """A separable convolution of images; with `num_outputs` None its depthwise part alone."""
    _check_layout(data_format, "NHWC", "NCHW")
    renamed = {"depthwise_kernel": "depthwise_weights", "pointwise_kernel": "pointwise_weights"}
    getter = variable_getter({"bias": "biases", **renamed})
    with variable_scope(
        scope, "SeparableConv2d", [inputs], reuse=reuse, custom_getter=getter
    ) as sc:
        inputs = convert_to_tensor(inputs)
        weights = {"initializer": weights_initializer, "regularizer": weights_regularizer}
        biases = (biases_initializer, biases_regularizer)
        rest: dict[str, Any] = {"trainable": trainable, "collections": variables_collections}
        rest["data_format"] = data_format
        sizes = {"kernel_size": kernel_size, "stride": stride, "rate": rate, "padding": padding}
        if num_outputs is None:
            bias = None if normalizer_fn is not None else biases
            outputs = _depthwise(inputs, depth_multiplier, sizes, weights, bias, rest)
        else:
            outputs = _applied(
                conv_layers.SeparableConv2D,
                inputs,
                sc,
                variables_collections,
                kernels=tuple(renamed),
                filters=num_outputs,
                kernel_size=kernel_size,
                strides=stride,
                padding=padding,
                data_format=_words(data_format),
                dilation_rate=two_element_tuple(rate),
                depth_multiplier=depth_multiplier,
                use_bias=not normalizer_fn and bool(biases_initializer),
                depthwise_initializer=weights_initializer,
                pointwise_initializer=pointwise_initializer or weights_initializer,
                bias_initializer=biases_initializer,
                depthwise_regularizer=weights_regularizer,
                pointwise_regularizer=weights_regularizer,
                bias_regularizer=biases_regularizer,
                trainable=trainable,
                _reuse=reuse,
            )
        outputs = normalized_and_activated(outputs, normalizer_fn, normalizer_params, activation_fn)
        return collect_named_outputs(outputs_collections, sc.name, outputs)


def _depthwise(
    inputs: Any,
    times: int,
    sizes: dict[str, Any],
    weights: dict[str, Any],
    biases: tuple[Any, Any] | None,
    rest: dict[str, Any],
) -> Any:
    """Each channel convolved with `times` filters of its own, and biases if there are any."""
    layout = rest["data_format"]
    depth = channel_dimension(inputs.shape, _words(layout), min_rank=4)
    shape = [*two_element_tuple(sizes["kernel_size"]), depth, times]
    options = {**weights, "trainable": rest["trainable"]}
    kernel = _variable(
        "depthwise_weights", shape, inputs, "weights", rest["collections"], **options
    )
    steps = two_element_tuple(sizes["stride"])
    strides = [1, 1, *steps] if layout.startswith("NC") else [1, *steps, 1]
    rate = two_element_tuple(sizes["rate"])
    outputs = nn.depthwise_conv2d(
        inputs, kernel, strides, sizes["padding"], rate=rate, data_format=layout
    )
    return outputs if biases is None else _biased(outputs, depth * times, *biases, rest)


conv2d_in_plane = convolution2d_in_plane
separable_conv2d = separable_convolution2d
