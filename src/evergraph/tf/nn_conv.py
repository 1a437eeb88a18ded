"""Convolutions and their transposes, one function an op, and dilation of grey images.

Signatures are TensorFlow 1.15's: an argument that has had two names is taken by either.
"""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

from ..core.emit import apply
from ..core.tensor import Tensor
from . import array_ops
from .emitting import emit_tensor
from .framework import convert_to_tensor, name_scope
from .renamed import renamed

# -- arguments ---------------------------------------------------------------------------------


def spread(value: Any, n: int, channel_index: int, name: str) -> list[Any]:
    """Steps for n + 2 axes, from 1 (for all axes of space), n or n + 2 of them; default 1."""
    if value is None:
        value = [1]
    elif not isinstance(value, Sized):
        value = [value]
    given = list(value)
    if len(given) == n + 2:
        return given
    if len(given) == 1:
        given *= n
    elif len(given) != n:
        raise ValueError(f"{name} should be of length 1, {n} or {n + 2} but was {len(given)}")
    return [1, 1, *given] if channel_index == 1 else [1, *given, 1]


def explicit_padding(padding: Any) -> tuple[Any, list[Any]]:
    """The op's `padding` and `explicit_paddings` for a name or for a list of pairs."""
    if padding == "EXPLICIT":
        raise ValueError(
            '"EXPLICIT" is not a valid value for the padding parameter: give a list of pairs.'
        )
    if not isinstance(padding, (list, tuple)):
        return padding, []
    for i, pair in enumerate(padding):
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise ValueError(
                f"When padding is a list, each element must be a list/tuple of size 2. Element "
                f"{i} is {pair!r}."
            )
    if len(padding) != 4:
        raise ValueError(f"When padding is a list, it must be of size 4. Got {len(padding)}.")
    return "EXPLICIT", [p for pair in padding for p in pair]


def _line_layout(data_format: Any, old_names: bool) -> tuple[str, int, int]:
    """The images' layout, the axis to insert, and that of channels, for a layout of lines."""
    last, first = {None, "NWC"}, {"NCW"}
    if old_names:
        last.add("NHWC")
        first.add("NCHW")
    if data_format in last:
        return "NHWC", 1, 2
    if data_format in first:
        return "NCHW", 2, 1
    raise ValueError('data_format must be "NWC" or "NCW".')


def _channels(data_format: str, n: int) -> int:
    return 1 if data_format.startswith("NC") else n + 1


# -- forward -----------------------------------------------------------------------------------


def conv1d(
    value: Any = None,
    filters: Any = None,
    stride: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: Any = None,
    data_format: Any = None,
    name: Any = None,
    input: Any = None,
    dilations: Any = None,
) -> Tensor:
    """The convolution of (batch, width, channels) with (taps, channels in, channels out).

    It is `conv2d` of images one pixel high. `data_format` may be "NWC" or "NCW".
    """
    value = renamed("input", input, "value", value)
    with name_scope(name, "conv1d", [value, filters]) as scope:
        layout, at, channels = _line_layout(data_format, old_names=True)
        strides = [1, *spread(stride, 1, channels, "stride")]
        rates = [1, *spread(dilations, 1, channels, "dilations")]
        images = array_ops.expand_dims(value, at)
        kernel = array_ops.expand_dims(filters, 0)
        result = emit_tensor(
            "Conv2D",
            images,
            kernel,
            strides=strides,
            padding=padding,
            use_cudnn_on_gpu=use_cudnn_on_gpu,
            data_format=layout,
            dilations=rates,
            name=scope,
        )
        return array_ops.squeeze(result, [at])


def conv2d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: Any = True,
    data_format: Any = "NHWC",
    dilations: Any = [1, 1, 1, 1],  # noqa: B006
    name: Any = None,
    filters: Any = None,
) -> Tensor:
    """The convolution of images with (rows, columns, channels in, channels out).

    `padding` is "SAME", "VALID" or a list of pairs, one an axis. `strides` and `dilations` have
    one number, one for each axis of space, or one for each axis. Dumoulin and Visin (2016).
    """
    kernel = renamed("filters", filters, "filter", filter)
    padding, explicit = explicit_padding(padding)
    layout = data_format or "NHWC"
    channels = _channels(layout, 2)
    return emit_tensor(
        "Conv2D",
        input,
        kernel,
        strides=spread(strides, 2, channels, "strides"),
        padding=padding,
        use_cudnn_on_gpu=use_cudnn_on_gpu,
        explicit_paddings=explicit,
        data_format=layout,
        dilations=spread(dilations, 2, channels, "dilations"),
        name=name,
    )


def conv3d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    padding: Any = None,
    data_format: Any = "NDHWC",
    dilations: Any = [1, 1, 1, 1, 1],  # noqa: B006
    name: Any = None,
    filters: Any = None,
) -> Tensor:
    """The convolution of volumes with (planes, rows, columns, channels in, channels out)."""
    return emit_tensor(
        "Conv3D",
        input,
        renamed("filters", filters, "filter", filter),
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )


def depthwise_conv2d_native(
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NHWC",
    dilations: Any = [1, 1, 1, 1],  # noqa: B006
    name: Any = None,
) -> Tensor:
    """Each channel convolved with its own filters: (rows, columns, channels, filters of each)."""
    attrs = {"strides": strides, "padding": padding, "data_format": data_format}
    return emit_tensor(
        "DepthwiseConv2dNative", input, filter, dilations=dilations, name=name, **attrs
    )


# -- gradients as functions --------------------------------------------------------------------


def conv2d_backprop_input(
    input_sizes: Any,
    filter: Any = None,
    out_backprop: Any = None,
    strides: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: Any = True,
    data_format: Any = "NHWC",
    dilations: Any = [1, 1, 1, 1],  # noqa: B006
    name: Any = None,
    filters: Any = None,
) -> Tensor:
    """The gradient of `conv2d` by its input, of shape `input_sizes`."""
    kernel = renamed("filters", filters, "filter", filter)
    padding, explicit = explicit_padding(padding)
    return emit_tensor(
        "Conv2DBackpropInput",
        input_sizes,
        kernel,
        out_backprop,
        strides=strides,
        padding=padding,
        use_cudnn_on_gpu=use_cudnn_on_gpu,
        explicit_paddings=explicit,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )


def conv2d_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    use_cudnn_on_gpu: Any = True,
    data_format: Any = "NHWC",
    dilations: Any = [1, 1, 1, 1],  # noqa: B006
    name: Any = None,
) -> Tensor:
    """The gradient of `conv2d` by its filter, of shape `filter_sizes`."""
    padding, explicit = explicit_padding(padding)
    return emit_tensor(
        "Conv2DBackpropFilter",
        input,
        filter_sizes,
        out_backprop,
        strides=strides,
        padding=padding,
        use_cudnn_on_gpu=use_cudnn_on_gpu,
        explicit_paddings=explicit,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )


def conv3d_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NDHWC",
    dilations: Any = [1, 1, 1, 1, 1],  # noqa: B006
    name: Any = None,
) -> Tensor:
    """The gradient of `conv3d` by its filter, of shape `filter_sizes`."""
    attrs = {"strides": strides, "padding": padding, "data_format": data_format}
    operands = (input, filter_sizes, out_backprop)
    return emit_tensor("Conv3DBackpropFilterV2", *operands, dilations=dilations, name=name, **attrs)


def depthwise_conv2d_backprop_input(
    input_sizes: Any,
    filter: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NHWC",
    dilations: Any = [1, 1, 1, 1],  # noqa: B006
    name: Any = None,
) -> Tensor:
    """The gradient of `depthwise_conv2d_native` by its input, of shape `input_sizes`."""
    attrs = {"padding": padding, "data_format": data_format, "dilations": dilations}
    operands = (input_sizes, filter, out_backprop)
    op_type = "DepthwiseConv2dNativeBackpropInput"
    return emit_tensor(op_type, *operands, strides=strides, name=name, **attrs)


def depthwise_conv2d_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NHWC",
    dilations: Any = [1, 1, 1, 1],  # noqa: B006
    name: Any = None,
) -> Tensor:
    """The gradient of `depthwise_conv2d_native` by its filter, of shape `filter_sizes`."""
    attrs = {"padding": padding, "data_format": data_format, "dilations": dilations}
    operands = (input, filter_sizes, out_backprop)
    op_type = "DepthwiseConv2dNativeBackpropFilter"
    return emit_tensor(op_type, *operands, strides=strides, name=name, **attrs)


# -- transposes --------------------------------------------------------------------------------


def conv1d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: Any = "NWC",
    dilations: Any = None,
    name: Any = None,
) -> Tensor:
    """The transpose of `conv1d`, of shape `output_shape`; `filters` is (taps, out, in)."""
    with name_scope(name, "conv1d_transpose", [input, filters, output_shape]) as scope:
        layout, at, channels = _line_layout(data_format, old_names=False)
        steps = [1, *spread(strides, 1, channels, "stride")]
        rates = [1, *spread(dilations, 1, channels, "dilations")]
        images = array_ops.expand_dims(input, at)
        kernel = array_ops.expand_dims(filters, 0)
        sizes = output_shape if isinstance(output_shape, Tensor) else list(output_shape)
        sizes = array_ops.concat([sizes[:at], [1], sizes[at:]], 0)
        result = emit_tensor(
            "Conv2DBackpropInput",
            sizes,
            kernel,
            images,
            strides=steps,
            padding=padding,
            data_format=layout,
            dilations=rates,
            name=scope,
        )
        return array_ops.squeeze(result, at)


def conv2d_transpose(
    value: Any = None,
    filter: Any = None,
    output_shape: Any = None,
    strides: Any = None,
    padding: Any = "SAME",
    data_format: Any = "NHWC",
    name: Any = None,
    input: Any = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """The transpose of `conv2d`, of shape `output_shape`.

    The filter is (rows, columns, channels out, channels in). Zeiler et al., Deconvolutional
    Networks (2010).
    """
    value = renamed("input", input, "value", value)
    kernel = renamed("filters", filters, "filter", filter)
    return conv2d_transpose_v2(
        value, kernel, output_shape, strides, padding, data_format, dilations, name
    )


def conv2d_transpose_v2(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: Any = "NHWC",
    dilations: Any = None,
    name: Any = None,
) -> Tensor:
    """`conv2d_transpose` with the arguments of TensorFlow 2."""
    with name_scope(name, "conv2d_transpose", [input, filters, output_shape]) as scope:
        layout = data_format or "NHWC"
        channels = _channels(layout, 2)
        return emit_tensor(
            "Conv2DBackpropInput",
            output_shape,
            filters,
            input,
            strides=spread(strides, 2, channels, "strides"),
            padding=padding,
            data_format=layout,
            dilations=spread(dilations, 2, channels, "dilations"),
            name=scope,
        )


def conv3d_transpose(
    value: Any,
    filter: Any = None,
    output_shape: Any = None,
    strides: Any = None,
    padding: Any = "SAME",
    data_format: Any = "NDHWC",
    name: Any = None,
    input: Any = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """The transpose of `conv3d`, of shape `output_shape`; the filter is (..., out, in)."""
    value = renamed("input", input, "value", value)
    kernel = renamed("filters", filters, "filter", filter)
    return conv3d_transpose_v2(
        value, kernel, output_shape, strides, padding, data_format, dilations, name
    )


def conv3d_transpose_v2(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: Any = "NDHWC",
    dilations: Any = None,
    name: Any = None,
) -> Tensor:
    """`conv3d_transpose` with the arguments of TensorFlow 2."""
    with name_scope(name, "conv3d_transpose", [input, filters, output_shape]) as scope:
        layout = data_format or "NDHWC"
        channels = _channels(layout, 3)
        return emit_tensor(
            "Conv3DBackpropInputV2",
            output_shape,
            filters,
            input,
            strides=spread(strides, 3, channels, "strides"),
            padding=padding,
            data_format=layout,
            dilations=spread(dilations, 3, channels, "dilations"),
            name=scope,
        )


_TRANSPOSES = (conv1d_transpose, conv2d_transpose_v2, conv3d_transpose_v2)


def conv_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: Any = None,
    dilations: Any = None,
    name: Any = None,
) -> Tensor:
    """The transpose of `convolution` in 1, 2 or 3 dimensions, as many as `output_shape` says."""
    with name_scope(name, "conv_transpose", [input, filters, output_shape]) as scope:
        if isinstance(output_shape, Tensor):
            length = output_shape.shape[0].value
        elif isinstance(output_shape, Sized):
            length = len(output_shape)
        else:
            raise ValueError("output_shape must be a tensor or sized collection.")
        if length not in (3, 4, 5):
            raise ValueError(f"output_shape must be of length 3, 4 or 5 but was {length}.")
        run: Any = _TRANSPOSES[length - 3]
        result: Tensor = run(
            input,
            filters,
            output_shape,
            strides,
            padding=padding,
            data_format=data_format,
            dilations=dilations,
            name=scope,
        )
        return result


# -- morphology --------------------------------------------------------------------------------


def dilation2d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    rates: Any = None,
    padding: Any = None,
    name: Any = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """For each place the greatest sum of the input around it and the filter (rows, columns, depth).

    Soille, Morphological Image Analysis (2003).
    """
    kernel = renamed("filters", filters, "filter", filter)
    rates = renamed("dilations", dilations, "rates", rates)
    attrs = {"strides": strides, "rates": rates, "padding": padding}
    return emit_tensor("Dilation2D", input, kernel, name=name, **attrs)


def erosion2d(
    value: Any, kernel: Any, strides: Any, rates: Any, padding: Any, name: Any = None
) -> Tensor:
    """For each place the least difference of the input around it and the reversed filter."""
    with name_scope(name, "erosion2d", [value, kernel]) as scope:
        negative = apply("Neg", value)
        turned = array_ops.reverse(convert_to_tensor(kernel), [0, 1])
        attrs = {"strides": strides, "rates": rates, "padding": padding}
        return emit_tensor("Neg", apply("Dilation2D", negative, turned, name=scope, **attrs))
