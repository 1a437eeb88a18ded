"""Convolutions of any rank, with dilation by space-to-batch, as TensorFlow 1 builds them.

A dilated convolution is a plain one of each coset of the input's places: `SpaceToBatchND` makes
batch entries of the cosets, `BatchToSpaceND` puts the results together again. Chen et al.,
Semantic Image Segmentation with Deep Convolutional Nets, Atrous Convolution ... (2016).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.dtypes import int32
from ..core.tensor import Tensor
from ..core.tensor_shape import TensorShape, as_shape
from ..core.values import constant_value
from . import array_ops
from .emitting import emit_tensor
from .framework import convert_to_tensor, name_scope
from .nn_conv import conv1d, conv2d, conv2d_transpose, conv3d, depthwise_conv2d_native, spread
from .renamed import renamed

MakeOp = Callable[[int, str], Callable[[Any, Any], Any]]

# -- space to batch ----------------------------------------------------------------------------


def with_space_to_batch(
    input: Any,
    dilation_rate: Any,
    padding: str,
    op: Callable[[Any, int, str], Any],
    filter_shape: Any = None,
    spatial_dims: Any = None,
    data_format: str | None = None,
) -> Any:
    """`op(input, number of axes, padding)` on each coset of the input's places.

    `op` is applied to the input itself where all rates are 1. For "SAME" padding the shape of the
    filter is needed.
    """
    x = convert_to_tensor(input, name="input")

    def make(axes: int, way: str) -> Callable[[Any, Any], Any]:
        return lambda inputs, _: op(inputs, axes, way)

    atrous = Atrous(x.shape, dilation_rate, padding, make, filter_shape, spatial_dims, data_format)
    return atrous(x, None)


class Atrous:
    """An operation on cosets: what is known before it meets its input."""

    def __init__(
        self,
        input_shape: TensorShape,
        dilation_rate: Any,
        padding: str,
        make: MakeOp,
        filter_shape: Any = None,
        spatial_dims: Any = None,
        data_format: str | None = None,
    ) -> None:
        self.rate = convert_to_tensor(dilation_rate, int32, name="dilation_rate")
        self.axes = _number_of_axes(self.rate)
        self.first = data_format is not None and data_format.startswith("NC")
        self.spatial_dims = _spatial_dims(spatial_dims, self.axes, self.first)
        self.input_shape = input_shape
        _check_rank(input_shape, self.spatial_dims[-1] + (not self.first))
        known = constant_value(self.rate)
        self.known_rate = self.rate if known is None else known
        if known is not None and np.any(known < 1):
            raise ValueError("dilation_rate must be positive")
        self.plain = known is not None and bool(np.all(known == 1))
        if self.plain:
            self.op = make(self.axes, padding)
            return
        self.base_paddings = self._base_paddings(padding, filter_shape)
        self.op = make(self.axes, "VALID")

    def _base_paddings(self, padding: str, filter_shape: Any) -> Any:
        """What makes VALID of SAME; None while the filter's shape is not known."""
        if padding == "VALID":
            return np.zeros([self.axes, 2], np.int32)
        if padding != "SAME":
            raise ValueError(f"Invalid padding method {padding!r}")
        if filter_shape is None:
            raise ValueError("filter_shape must be specified for SAME padding")
        self.filter_shape = convert_to_tensor(filter_shape, name="filter_shape")
        known = constant_value(self.filter_shape)
        return None if known is None else _same_paddings(known, self.axes, self.known_rate)

    def __call__(self, x: Any, filter: Any) -> Any:
        """The operation's result."""
        if self.plain:
            return self.op(x, filter)
        paddings, crops = array_ops.required_space_to_batch_paddings(
            input_shape=self._space(x), base_paddings=self._paddings(filter), block_shape=self.rate
        )
        rate = _placed(self.rate, 1, self.spatial_dims)
        paddings = _placed(paddings, 0, self.spatial_dims)
        crops = _placed(crops, 0, self.spatial_dims)
        cosets = array_ops.space_to_batch_nd(input=x, block_shape=rate, paddings=paddings)
        result = self.op(cosets, filter)
        whole = array_ops.batch_to_space_nd(input=result, block_shape=rate, crops=crops)
        self._tell_channels(whole, filter)
        return whole

    def _space(self, x: Any) -> Any:
        """The extents of the axes of space, known or as a tensor."""
        if self.input_shape.ndims is not None:
            extents = self.input_shape.as_list()
            space = [extents[i] for i in self.spatial_dims]
            if None not in space:
                return space
        shape: Any = array_ops.shape(x)
        return array_ops.stack([shape[i] for i in self.spatial_dims])

    def _paddings(self, filter: Any) -> Any:
        if self.base_paddings is not None:
            return self.base_paddings
        shape = self.filter_shape if filter is None else array_ops.shape(filter)
        return _same_paddings(shape, self.axes, self.known_rate)

    def _tell_channels(self, result: Tensor, filter: Any) -> None:
        """With channels first their number is lost on the way: the filter knows it."""
        if not self.first or filter is None:
            return
        shape = result.shape
        if shape.ndims is not None and not shape[1].value:
            extents = shape.as_list()
            extents[1] = filter.shape[-1]
            result.set_shape(extents)


def _number_of_axes(rate: Any) -> int:
    if rate.shape.ndims not in (None, 1):
        raise ValueError("rate must be rank 1")
    if not rate.shape.is_fully_defined():
        raise ValueError("rate must have known shape")
    axes: int = rate.shape[0].value
    return axes


def _spatial_dims(dims: Any, axes: int, channels_first: bool) -> list[int]:
    begin = 2 if channels_first else 1
    given = list(range(begin, axes + begin)) if dims is None else list(dims)
    ordered = sorted({int(d) for d in given})
    if ordered != given or any(d < 1 for d in ordered):
        raise ValueError(
            "spatial_dims must be a monotonically increasing sequence of positive integers: "
            f"{given}"
        )
    return ordered


def _check_rank(shape: TensorShape, rank: int) -> None:
    if shape.ndims is not None and shape.ndims < rank:
        raise ValueError(f"input tensor must have rank {rank} at least")


def _same_paddings(filter_shape: Any, axes: int, rate: Any) -> Any:
    """The padding of SAME around the dilated filter, the odd one behind."""
    taps = filter_shape[:axes]
    reach = taps + (taps - 1) * (rate - 1)
    extra = reach - 1
    before = extra // 2
    after = extra - before
    return array_ops.stack([[before[i], after[i]] for i in range(axes)])


def _placed(value: Any, fill: int, spatial_dims: Sequence[int]) -> Any:
    """Rows of `value` at the places of their axes (less one), rows of `fill` between them."""
    known = constant_value(value)
    rows = value if known is None else known
    rest, dtype = value.shape.as_list()[1:], value.dtype.as_numpy_dtype
    parts: list[Any] = []
    last, i = 0, 0
    while i < len(spatial_dims):
        start = i
        if spatial_dims[i] > 1:
            gap = spatial_dims[i] - 1 - last
            parts.append(np.full([gap, *rest], fill, dtype=dtype))
        while i + 1 < len(spatial_dims) and spatial_dims[i + 1] == spatial_dims[i] + 1:
            i += 1
        parts.append(rows[start : i + 1])
        last = spatial_dims[i]
        i += 1
    return np.concatenate(parts) if known is not None else array_ops.concat(parts, 0)


# -- convolutions of any rank --------------------------------------------------------------------


class _Plain:
    """A convolution without dilation: the op that its rank asks for."""

    def __init__(
        self,
        input_shape: TensorShape,
        filter_shape: TensorShape,
        padding: str,
        data_format: str | None,
        strides: Any,
        name: Any,
    ) -> None:
        filter_shape = filter_shape.with_rank(input_shape.ndims)  # type: ignore[arg-type]
        rank = input_shape.with_rank(filter_shape.ndims).ndims  # type: ignore[arg-type]
        if rank is None:
            raise ValueError("Rank of convolution must be known")
        if not 3 <= rank <= 5:
            raise ValueError("`input` and `filter` must have rank at least 3 and at most 5")
        self.axes, self.padding, self.name = rank - 2, padding, name
        self.strides = [1] * self.axes if strides is None else list(strides)
        if len(self.strides) != self.axes:
            raise ValueError(f"len(strides)={len(self.strides)}, but should be {self.axes}")
        self.data_format = _checked_layout(data_format, self.axes)

    def __call__(self, x: Any, filter: Any) -> Any:
        options: dict[str, Any] = {
            "padding": self.padding,
            "data_format": self.data_format,
            "name": self.name,
        }
        if self.axes == 1:
            return conv1d(x, filter, stride=self.strides[0], **options)
        first = self.data_format.startswith("NC")
        strides = [1, 1, *self.strides] if first else [1, *self.strides, 1]
        run: Any = conv2d if self.axes == 2 else conv3d
        return run(x, filter, strides=strides, **options)


_LAYOUTS = (("NWC", "NCW", "NCHW", "NHWC"), ("NHWC", "NCHW"), ("NDHWC", "NCDHW"))


def _checked_layout(data_format: str | None, axes: int) -> str:
    allowed = _LAYOUTS[axes - 1]
    if data_format is None:
        return allowed[0]
    if data_format not in allowed:
        raise ValueError(
            f'data_format must be "{allowed[0]}" or "{allowed[1]}". Have: {data_format}'
        )
    return data_format


class Convolution:
    """A convolution of shapes that are known before the tensors: what layers keep."""

    def __init__(
        self,
        input_shape: TensorShape,
        filter_shape: TensorShape,
        padding: str,
        strides: Any = None,
        dilation_rate: Any = None,
        name: Any = None,
        data_format: str | None = None,
    ) -> None:
        rank = input_shape.ndims if filter_shape.ndims is None else filter_shape.ndims
        if rank is None:
            raise ValueError("rank of input or filter must be known")
        axes = rank - 2
        _check_shapes(input_shape, filter_shape, axes, data_format)
        steps, rates = _steps(axes, strides, dilation_rate)

        def make(_: int, way: str) -> Callable[[Any, Any], Any]:
            return _Plain(input_shape, filter_shape, way, data_format, steps, name)

        begin = 2 if (data_format or "").startswith("NC") else 1
        self.conv_op = Atrous(
            input_shape,
            rates,
            padding,
            make,
            filter_shape=filter_shape,
            spatial_dims=range(begin, axes + begin),
            data_format=data_format,
        )

    def __call__(self, inp: Any, filter: Any) -> Any:
        """The convolution of these tensors."""
        return self.conv_op(inp, filter)


def _check_shapes(
    input_shape: TensorShape, filter_shape: TensorShape, axes: int, data_format: str | None
) -> None:
    for what, shape in (("input", input_shape), ("filter", filter_shape)):
        if shape.ndims not in (None, axes + 2):
            raise ValueError(f"{what} tensor must have rank {axes + 2}")
    first = (data_format or "").startswith("NC")
    if input_shape.ndims is None or filter_shape.ndims is None:
        return
    depth, within = input_shape[1 if first else axes + 1], filter_shape[axes]
    if not depth.is_compatible_with(within):
        raise ValueError(
            "number of input channels does not match corresponding dimension of filter, "
            f"{depth} != {within}"
        )


def _steps(axes: int, strides: Any, dilation_rate: Any) -> tuple[Any, Any]:
    """Strides and rates, one an axis of space; they cannot both be more than 1."""
    rates = _positive("dilation_rate", dilation_rate, axes)
    steps = _positive("strides", strides, axes)
    if np.any(steps > 1) and np.any(rates > 1):
        raise ValueError("strides > 1 not supported in conjunction with dilation_rate > 1")
    return steps, rates


def _positive(name: str, values: Any, axes: int) -> Any:
    if values is None:
        values = [1] * axes
    if len(values) != axes:
        raise ValueError(f"len({name})={len(values)} but should be {axes}")
    array = np.array(values, dtype=np.int32)
    if np.any(array < 1):
        raise ValueError(f"all values of {name} must be positive")
    return array


def convolution(
    input: Any,
    filter: Any,
    padding: Any,
    strides: Any = None,
    dilation_rate: Any = None,
    name: Any = None,
    data_format: str | None = None,
    filters: Any = None,
    dilations: Any = None,
) -> Any:
    """The convolution in as many dimensions (1, 2 or 3) as the input has axes of space.

    Strides and dilation exclude each other. `data_format` may begin with "NC".
    """
    kernel = renamed("filters", filters, "filter", filter)
    rates = renamed("dilations", dilations, "dilation_rate", dilation_rate)
    axes = _axes_of(input, kernel)
    channels = 1 if (data_format or "").startswith("NC") else axes + 1
    strides = spread(strides, axes, channels, "strides")
    rates = spread(rates, axes, channels, "dilations")
    with name_scope(name, "convolution", [input, kernel]) as scope:
        if all(r == 1 for r in rates):
            return _undilated(axes, input, kernel, strides, padding, data_format, scope)
        space = slice(2, None) if channels == 1 else slice(1, -1)
        conv = Convolution(
            as_shape(input.shape),
            as_shape(kernel.shape),
            padding,
            strides=strides[space],
            dilation_rate=rates[space],
            name=scope,
            data_format=data_format,
        )
        return conv(input, kernel)


def _axes_of(input: Any, filter: Any) -> int:
    """How many axes of space there are."""
    for x in (input, filter):
        rank = as_shape(x.shape).ndims
        if rank is not None:
            if not 3 <= rank <= 5:
                raise ValueError(f"Input tensor must be of rank 3, 4 or 5 but was {rank}.")
            return rank - 2
    raise ValueError("rank of input or filter must be known")


def _undilated(
    axes: int, x: Any, filter: Any, strides: Any, padding: Any, data_format: Any, name: str
) -> Any:
    if axes == 1:
        return conv1d(x, filter, strides, padding=padding, data_format=data_format, name=name)
    op_type = "Conv2D" if axes == 2 else "Conv3D"
    attrs = {"strides": strides, "padding": padding, "data_format": data_format}
    return emit_tensor(op_type, x, filter, name=name, **attrs)


# -- dilated images ------------------------------------------------------------------------------


def atrous_conv2d(value: Any, filters: Any, rate: Any, padding: Any, name: Any = None) -> Any:
    """`conv2d` with a dilation of `rate` along rows and columns."""
    rates = np.broadcast_to(rate, (2,))
    return convolution(value, filters, padding, dilation_rate=rates, name=name)


def atrous_conv2d_transpose(
    value: Any, filters: Any, output_shape: Any, rate: Any, padding: Any, name: Any = None
) -> Any:
    """The transpose of `atrous_conv2d`; the filter is (rows, columns, channels out, in)."""
    with name_scope(name, "atrous_conv2d_transpose", [value, filters, output_shape]):
        x = convert_to_tensor(value, name="value")
        kernel = convert_to_tensor(filters, name="filters")
        if not x.shape[3].is_compatible_with(kernel.shape[3]):
            raise ValueError(
                "value's input channels does not match filters' input channels, "
                f"{x.shape[3]} != {kernel.shape[3]}"
            )
        if rate < 1:
            raise ValueError(f"rate {rate} cannot be less than one")
        if rate == 1:
            return conv2d_transpose(x, kernel, output_shape, [1, 1, 1, 1], padding)
        sizes = _checked_output(output_shape, kernel)
        return _atrous_transpose(x, kernel, sizes, rate, padding)


def _checked_output(output_shape: Any, filter: Any) -> Any:
    shape = convert_to_tensor(output_shape, name="output_shape").shape
    if not shape.is_compatible_with([4]):
        raise ValueError(f"output_shape must have shape (4,), got {shape}")
    if isinstance(output_shape, tuple):
        output_shape = list(output_shape)
    if isinstance(output_shape, (list, np.ndarray)):
        out = filter.shape[2]
        if not out.is_compatible_with(output_shape[3]):
            raise ValueError(
                f"output_shape does not match filter's output channels, {output_shape[3]} != {out}"
            )
    return output_shape


def _atrous_transpose(x: Any, filter: Any, sizes: Any, rate: int, padding: str) -> Any:
    around = _reach(filter, rate, padding)
    inner = [sizes[1 + i] + before + after for i, (before, after) in enumerate(around)]
    extra = [(rate - n % rate) % rate for n in inner]
    pads = [[0, e] for e in extra]
    cosets = array_ops.space_to_batch(input=x, paddings=pads, block_size=rate)
    small = [(n + e) // rate for n, e in zip(inner, extra, strict=True)]
    whole = [rate * rate * sizes[0], *small, sizes[3]]
    result = emit_tensor(
        "Conv2DBackpropInput", whole, filter, cosets, strides=[1, 1, 1, 1], padding="VALID"
    )
    crops = [[b, a + e] for (b, a), e in zip(around, extra, strict=True)]
    return array_ops.batch_to_space(input=result, crops=crops, block_size=rate)


def _reach(filter: Any, rate: int, padding: str) -> list[tuple[Any, Any]]:
    """The padding before and after each axis of space."""
    if padding == "VALID":
        return [(0, 0), (0, 0)]
    if padding != "SAME":
        raise ValueError(f"padding must be either VALID or SAME: {padding}")
    known = filter.shape.is_fully_defined()
    extents = filter.shape.as_list() if known else array_ops.shape(filter)
    taps = [extents[0], extents[1]]
    reach = [k + (k - 1) * (rate - 1) for k in taps]
    extra = [r - 1 for r in reach]
    before = [e // 2 for e in extra]
    return [(b, e - b) for b, e in zip(before, extra, strict=True)]


# -- depthwise and separable -----------------------------------------------------------------------


def depthwise_conv2d(
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    rate: Any = None,
    name: Any = None,
    data_format: Any = None,
    dilations: Any = None,
) -> Any:
    """Each channel convolved with its own filters: (rows, columns, channels, filters of each).

    Where `rate` is more than 1 the strides must be 1.
    """
    rate = renamed("dilations", dilations, "rate", rate)
    with name_scope(name, "depthwise", [input, filter]) as scope:
        x = convert_to_tensor(input, name="tensor_in")
        kernel = convert_to_tensor(filter, name="filter_in")
        return _depthwise(x, kernel, strides, padding, rate, data_format, scope)


def _depthwise(
    x: Any, kernel: Any, strides: Any, padding: Any, rate: Any, data_format: Any, name: str
) -> Any:
    def op(inputs: Any, _: int, way: str) -> Any:
        return depthwise_conv2d_native(
            inputs, kernel, strides, padding=way, data_format=data_format, name=name
        )

    return with_space_to_batch(
        input=x,
        filter_shape=array_ops.shape(kernel),
        dilation_rate=[1, 1] if rate is None else rate,
        padding=padding,
        data_format=data_format,
        op=op,
    )


def separable_conv2d(
    input: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    strides: Any,
    padding: Any,
    rate: Any = None,
    name: Any = None,
    data_format: Any = None,
    dilations: Any = None,
) -> Any:
    """A depthwise convolution, then one that mixes the channels of each place.

    The filters are (rows, columns, channels, m) and (1, 1, channels * m, channels out). Sifre and
    Mallat, Rigid-Motion Scattering for Texture Classification (2014).
    """
    rate = renamed("dilations", dilations, "rate", rate)
    with name_scope(name, "separable_conv2d", [input, depthwise_filter, pointwise_filter]) as scope:
        x = convert_to_tensor(input, name="tensor_in")
        kernel = convert_to_tensor(depthwise_filter, name="depthwise_filter")
        mix = convert_to_tensor(pointwise_filter, name="pointwise_filter")
        shape = mix.shape.with_rank(4)
        shape[0].assert_is_compatible_with(1)
        shape[1].assert_is_compatible_with(1)
        each = _depthwise(x, kernel, strides, padding, rate, data_format, "depthwise")
        steps = [1, 1, 1, 1]
        return conv2d(each, mix, steps, padding="VALID", data_format=data_format, name=scope)
