"""What layers of windows are told: sizes, paddings, layouts; and how long their outputs are."""

from __future__ import annotations

from typing import Any

from .pooling_layers import sizes

LAYOUTS = {
    "channels_last": {3: "NWC", 4: "NHWC", 5: "NDHWC"},
    "channels_first": {3: "NCW", 4: "NCHW", 5: "NCDHW"},
}


def convert_data_format(data_format: str, ndim: int) -> str:
    """The ops' name of a layer's layout for tensors of this rank."""
    if data_format not in LAYOUTS:
        raise ValueError(f"Invalid data_format: {data_format}")
    if ndim not in LAYOUTS[data_format]:
        raise ValueError(f"Input rank not supported: {ndim}")
    return LAYOUTS[data_format][ndim]


def normalize_tuple(value: Any, n: int, name: str) -> tuple[int, ...]:
    """A number, or n of them, as a tuple of n."""
    return sizes(value, n, name)


def normalize_data_format(value: Any) -> str:
    """ "channels_first" or "channels_last", the default; ValueError for other words."""
    layout = "channels_last" if value is None else value.lower()
    if layout not in LAYOUTS:
        raise ValueError(
            'The `data_format` argument must be one of "channels_first", "channels_last". '
            f"Received: {value}"
        )
    return str(layout)


def normalize_padding(value: Any) -> Any:
    """ "valid", "same", "causal" or a list of pairs; ValueError for other words."""
    if isinstance(value, (list, tuple)):
        return value
    padding = value.lower()
    if padding not in ("valid", "same", "causal"):
        raise ValueError(
            'The `padding` argument must be a list/tuple or one of "valid", "same" (or "causal", '
            f"only for `Conv1D`). Received: {padding}"
        )
    return padding


def conv_output_length(
    input_length: Any, filter_size: int, padding: str, stride: int, dilation: int = 1
) -> Any:
    """How many windows there are along an axis; None while its extent is not known."""
    if input_length is None:
        return None
    span = filter_size + (filter_size - 1) * (dilation - 1)
    more = {"same": 0, "causal": 0, "valid": 1 - span, "full": span - 1}[padding]
    return (input_length + more + stride - 1) // stride


def conv_input_length(output_length: Any, filter_size: int, padding: str, stride: int) -> Any:
    """The extent of the input that gives so many windows."""
    if output_length is None:
        return None
    pad = {"same": filter_size // 2, "valid": 0, "full": filter_size - 1}[padding]
    return (output_length - 1) * stride - 2 * pad + filter_size


def deconv_output_length(
    input_length: Any,
    filter_size: int,
    padding: str,
    output_padding: int | None = None,
    stride: int = 0,
    dilation: int = 1,
) -> Any:
    """The extent of a transposed convolution's output, of which there are several that fit."""
    if input_length is None:
        return None
    span = filter_size + (filter_size - 1) * (dilation - 1)
    if output_padding is not None:
        pad = {"same": span // 2, "valid": 0, "full": span - 1}[padding]
        return (input_length - 1) * stride + span - 2 * pad + output_padding
    if padding == "valid":
        return input_length * stride + max(span - stride, 0)
    if padding == "full":
        return input_length * stride - (stride + span - 2)
    return input_length * stride
