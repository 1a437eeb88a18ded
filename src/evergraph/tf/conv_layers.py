"""Convolutions as layers: `tf.layers.Conv2D` and its like, and the functions that apply one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from ..core.tensor_shape import TensorShape, as_shape
from . import array_ops
from .base_layer import Layer
from .conv_lengths import (
    conv_output_length,
    convert_data_format,
    deconv_output_length,
    normalize_data_format,
    normalize_padding,
    normalize_tuple,
)
from .init_ops import zeros_initializer
from .input_spec import InputSpec
from .keras import activations, constraints, initializers, regularizers
from .keras.lookup import serialize
from .nn_atrous import Convolution
from .nn_atrous import separable_conv2d as _separable
from .nn_conv import conv2d_transpose as _transpose2d
from .nn_conv import conv3d_transpose as _transpose3d

_SERIALIZED = (
    "activation",
    "kernel_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "bias_regularizer",
    "activity_regularizer",
    "kernel_constraint",
    "bias_constraint",
)


def _given(names: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a constructor, from its local names."""
    rest = names.pop("kwargs")
    given = {k: v for k, v in names.items() if k not in ("self", "__class__")}
    return {**given, **rest}


class ConvLayer(Layer):
    """What the layers share: windows over `rank` axes of space, a kernel and a bias.

    The kernel is (*kernel_size, channels in, filters) and begins as `kernel_initializer` (or the
    scope's initializer) says. Raises ValueError for inputs whose number of channels is unknown.
    """

    rank: ClassVar[int]
    _causal: ClassVar[bool] = False
    _serialized: ClassVar[tuple[str, ...]] = _SERIALIZED

    def __init__(
        self,
        filters: Any,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: Any = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        regularizer = regularizers.get(activity_regularizer)
        super().__init__(trainable=trainable, name=name, activity_regularizer=regularizer, **kwargs)
        self.filters, self.use_bias = filters, use_bias
        self.kernel_size = normalize_tuple(kernel_size, self.rank, "kernel_size")
        self.strides = normalize_tuple(strides, self.rank, "strides")
        self.padding = normalize_padding(padding)
        if self.padding == "causal" and not self._causal:
            raise ValueError("Causal padding is only supported for `Conv1D` and `SeparableConv1D`.")
        self.data_format = normalize_data_format(data_format)
        self.dilation_rate = normalize_tuple(dilation_rate, self.rank, "dilation_rate")
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def _first(self) -> bool:
        return self.data_format == "channels_first"

    @property
    def _space(self) -> slice:
        return slice(2, None) if self._first else slice(1, -1)

    def _layout(self, ndim: int) -> str:
        return convert_data_format(self.data_format, ndim)

    def _arranged(self, batch: Any, space: Any, depth: Any) -> tuple[Any, ...]:
        return (batch, depth, *space) if self._first else (batch, *space, depth)

    # -- variables -------------------------------------------------------------------------------

    def _depth(self, input_shape: TensorShape) -> int:
        """The number of channels of the input, which the layer expects from then on."""
        axis = 1 if self._first else -1
        depth = input_shape[axis].value
        if depth is None:
            raise ValueError(
                "The channel dimension of the inputs should be defined. Found `None`: give the "
                "number of channels in the placeholder's shape."
            )
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: depth})
        return int(depth)

    def _variable(self, name: str, shape: Any, kind: str) -> Any:
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=getattr(self, f"{kind}_initializer"),
            regularizer=getattr(self, f"{kind}_regularizer"),
            constraint=getattr(self, f"{kind}_constraint"),
            trainable=True,
            dtype=self.dtype,
        )

    def _bias(self) -> Any:
        return self._variable("bias", (self.filters,), "bias") if self.use_bias else None

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias."""
        shape = as_shape(input_shape)
        depth = self._depth(shape)
        self.kernel = self._variable("kernel", (*self.kernel_size, depth, self.filters), "kernel")
        self.bias = self._bias()
        padding = "valid" if self.padding == "causal" else self.padding
        self._convolution_op = Convolution(
            shape,
            self.kernel.shape,
            padding.upper() if isinstance(padding, str) else padding,
            strides=self.strides,
            dilation_rate=self.dilation_rate,
            data_format=self._layout(self.rank + 2),
        )
        self.built = True

    # -- outputs ---------------------------------------------------------------------------------

    def call(self, inputs: Any) -> Any:
        """The layer's output."""
        outputs = self._convolution_op(self._behind_zeros(inputs), self.kernel)
        return self._finished(outputs)

    def _behind_zeros(self, inputs: Any) -> Any:
        """For causal padding, the inputs with zeros before them."""
        if self.padding != "causal":
            return inputs
        zeros = self.dilation_rate[0] * (self.kernel_size[0] - 1)
        pads = self._arranged([0, 0], [[zeros, 0]], [0, 0])
        return array_ops.pad(inputs, list(pads))

    def _finished(self, outputs: Any, squeezed: int | None = None) -> Any:
        """Bias and activation; an inserted axis goes in between."""
        if self.use_bias:
            outputs = self._biased(outputs)
        if squeezed is not None:
            outputs = array_ops.squeeze(outputs, [squeezed])
        return outputs if self.activation is None else self.activation(outputs)

    def _biased(self, outputs: Any) -> Any:
        from . import nn

        if self._first and len(outputs.shape) == 3:
            # Lines have no layout with channels first that BiasAdd takes.
            return outputs + array_ops.reshape(self.bias, (1, self.filters, 1))
        return nn.bias_add(outputs, self.bias, data_format=self._layout(4))

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The shape of the output for inputs of this shape."""
        extents = as_shape(input_shape).as_list()
        steps = zip(self.kernel_size, self.strides, self.dilation_rate, strict=True)
        space = [
            conv_output_length(n, k, self.padding, s, d)
            for n, (k, s, d) in zip(extents[self._space], steps, strict=True)
        ]
        return TensorShape(self._arranged(extents[0], space, self.filters))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        plain = ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate")
        config = {key: getattr(self, key) for key in (*plain, "use_bias")}
        config |= {key: serialize(getattr(self, key)) for key in self._serialized}
        return {**super().get_config(), **config}


class TransposedConvLayer(ConvLayer):
    """A transposed convolution; its kernel is (*kernel_size, filters, channels in)."""

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias."""
        shape = as_shape(input_shape)
        if shape.ndims != self.rank + 2:
            raise ValueError(
                f"Inputs should have rank {self.rank + 2}. Received input shape: {shape}"
            )
        depth = self._depth(shape)
        self.kernel = self._variable("kernel", (*self.kernel_size, self.filters, depth), "kernel")
        self.bias = self._bias()
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The layer's output."""
        shape: Any = array_ops.shape(inputs)
        batch = shape[0]
        space = [shape[axis] for axis in range(self.rank + 2)[self._space]]
        sizes = array_ops.stack(self._arranged(batch, self._lengths(space), self.filters))
        outputs = self._transposed(inputs, sizes)
        outputs.set_shape(self.compute_output_shape(inputs.shape))
        return self._finished(outputs)

    def _lengths(self, space: Any) -> list[Any]:
        return [
            deconv_output_length(n, k, self.padding, stride=s)
            for n, k, s in zip(space, self.kernel_size, self.strides, strict=True)
        ]

    def _transposed(self, inputs: Any, sizes: Any) -> Any:
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The shape of the output for inputs of this shape."""
        extents = as_shape(input_shape).as_list()
        space = self._lengths(extents[self._space])
        return TensorShape(self._arranged(extents[0], space, self.filters))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        config = super().get_config()
        del config["dilation_rate"]
        return config


class SeparableConvLayer(ConvLayer):
    """A depthwise convolution, then one that mixes the channels of each place.

    The kernels are (*kernel_size, channels in, depth_multiplier) and
    (1, ..., channels in * depth_multiplier, filters).
    """

    _serialized = (
        "activation",
        "depthwise_initializer",
        "pointwise_initializer",
        "bias_initializer",
        "depthwise_regularizer",
        "pointwise_regularizer",
        "bias_regularizer",
        "activity_regularizer",
        "depthwise_constraint",
        "pointwise_constraint",
        "bias_constraint",
    )

    def __init__(
        self,
        filters: Any,
        kernel_size: Any,
        depth_multiplier: int = 1,
        depthwise_initializer: Any = None,
        pointwise_initializer: Any = None,
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(filters, kernel_size, **kwargs)
        self.depth_multiplier = depth_multiplier
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.pointwise_constraint = constraints.get(pointwise_constraint)

    def build(self, input_shape: Any) -> None:
        """Makes both kernels and the bias."""
        depth = self._depth(as_shape(input_shape))
        each = (*self.kernel_size, depth, self.depth_multiplier)
        mix = (*(1,) * self.rank, self.depth_multiplier * depth, self.filters)
        self.depthwise_kernel = self._variable("depthwise_kernel", each, "depthwise")
        self.pointwise_kernel = self._variable("pointwise_kernel", mix, "pointwise")
        self.bias = self._bias()
        self.built = True

    def _separated(self, inputs: Any, each: Any, mix: Any, strides: Any, rate: Any) -> Any:
        padding = "valid" if self.padding == "causal" else self.padding
        return _separable(
            inputs,
            each,
            mix,
            strides=self._arranged(1, strides, 1),
            padding=padding.upper(),
            rate=rate,
            data_format=self._layout(4),
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), "depth_multiplier": self.depth_multiplier}


# -- the layers ----------------------------------------------------------------------------------


class Conv1D(ConvLayer):
    """The convolution of sequences [batch, steps, channels]; `padding` may be "causal"."""

    rank = 1
    _causal = True

    def __init__(
        self,
        filters: Any,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: Any = "channels_last",
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = zeros_initializer(),  # noqa: B008
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**_given(locals()))


class Conv2D(ConvLayer):
    """The convolution of images [batch, height, width, channels]."""

    rank = 2

    def __init__(
        self,
        filters: Any,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: Any = "valid",
        data_format: Any = "channels_last",
        dilation_rate: Any = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = zeros_initializer(),  # noqa: B008
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**_given(locals()))


class Conv3D(ConvLayer):
    """The convolution of volumes [batch, depth, height, width, channels]."""

    rank = 3

    def __init__(
        self,
        filters: Any,
        kernel_size: Any,
        strides: Any = (1, 1, 1),
        padding: Any = "valid",
        data_format: Any = "channels_last",
        dilation_rate: Any = (1, 1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = zeros_initializer(),  # noqa: B008
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**_given(locals()))


class SeparableConv1D(SeparableConvLayer):
    """The separable convolution of sequences [batch, steps, channels]."""

    rank = 1
    _causal = True

    def __init__(
        self,
        filters: Any,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: Any = "channels_last",
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = None,
        pointwise_initializer: Any = None,
        bias_initializer: Any = zeros_initializer(),  # noqa: B008
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**_given(locals()))

    def call(self, inputs: Any) -> Any:
        """The layer's output."""
        axis = 2 if self._first else 1
        images = array_ops.expand_dims(self._behind_zeros(inputs), axis)
        each = array_ops.expand_dims(self.depthwise_kernel, 0)
        mix = array_ops.expand_dims(self.pointwise_kernel, 0)
        rate = (1, *self.dilation_rate)
        outputs = self._separated(images, each, mix, self.strides * 2, rate)
        return self._finished(outputs, squeezed=axis)


class SeparableConv2D(SeparableConvLayer):
    """The separable convolution of images [batch, height, width, channels]."""

    rank = 2

    def __init__(
        self,
        filters: Any,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: Any = "valid",
        data_format: Any = "channels_last",
        dilation_rate: Any = (1, 1),
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = None,
        pointwise_initializer: Any = None,
        bias_initializer: Any = zeros_initializer(),  # noqa: B008
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**_given(locals()))

    def call(self, inputs: Any) -> Any:
        """The layer's output."""
        kernels = (self.depthwise_kernel, self.pointwise_kernel)
        return self._finished(self._separated(inputs, *kernels, self.strides, self.dilation_rate))


class Conv2DTranspose(TransposedConvLayer, Conv2D):
    """The transposed convolution of images [batch, height, width, channels]."""

    rank = 2

    def __init__(
        self,
        filters: Any,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: Any = "valid",
        data_format: Any = "channels_last",
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = zeros_initializer(),  # noqa: B008
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**_given(locals()))

    def _transposed(self, inputs: Any, sizes: Any) -> Any:
        if not self._first:
            _ = sizes[0]  # TensorFlow 1.15 looks at it: an op more in the graph
            return _transpose2d(inputs, self.kernel, sizes, (1, *self.strides, 1), self._way)
        # As TensorFlow does on CPUs, whose kernels want the channels last.
        images = array_ops.transpose(inputs, (0, 2, 3, 1))
        sizes = array_ops.stack([sizes[0], sizes[2], sizes[3], sizes[1]])
        outputs = _transpose2d(images, self.kernel, sizes, (1, *self.strides, 1), self._way)
        return array_ops.transpose(outputs, (0, 3, 1, 2))

    @property
    def _way(self) -> str:
        return str(self.padding).upper()


class Conv3DTranspose(TransposedConvLayer, Conv3D):
    """The transposed convolution of volumes [batch, depth, height, width, channels]."""

    rank = 3

    def __init__(
        self,
        filters: Any,
        kernel_size: Any,
        strides: Any = (1, 1, 1),
        padding: Any = "valid",
        data_format: Any = "channels_last",
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = zeros_initializer(),  # noqa: B008
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**_given(locals()))

    def _transposed(self, inputs: Any, sizes: Any) -> Any:
        return _transpose3d(
            inputs,
            self.kernel,
            sizes,
            self._arranged(1, self.strides, 1),
            data_format=self._layout(5),
            padding=str(self.padding).upper(),
        )


# -- functions -----------------------------------------------------------------------------------


def _function(layer: type[ConvLayer], name: str) -> Callable[..., Any]:
    """The function that makes a layer and applies it; `reuse` shares a layer by its name."""
    own = list(inspect.signature(layer.__init__).parameters.values())[1:-1]
    either = inspect.Parameter.POSITIONAL_OR_KEYWORD
    inputs = inspect.Parameter("inputs", either, annotation=Any)
    reuse = inspect.Parameter("reuse", either, default=None, annotation=Any)
    signature = inspect.Signature([inputs, *own, reuse], return_annotation=Any)

    def function(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs).arguments
        x, shared = given.pop("inputs"), given.pop("reuse", None)
        made = layer(**given, _reuse=shared, _scope=given.get("name"))
        return made.apply(x)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{layer.__doc__} See `{layer.__name__}`."
    function.__signature__ = signature  # type: ignore[attr-defined]
    return function


conv1d = _function(Conv1D, "conv1d")
conv2d = _function(Conv2D, "conv2d")
conv3d = _function(Conv3D, "conv3d")
separable_conv1d = _function(SeparableConv1D, "separable_conv1d")
separable_conv2d = _function(SeparableConv2D, "separable_conv2d")
conv2d_transpose = _function(Conv2DTranspose, "conv2d_transpose")
conv3d_transpose = _function(Conv3DTranspose, "conv3d_transpose")

# Names that the same module of TensorFlow has too.
Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
SeparableConvolution2D = SeparableConv2D
Convolution2DTranspose = Deconvolution2D = Deconv2D = Conv2DTranspose
Convolution3DTranspose = Deconvolution3D = Deconv3D = Conv3DTranspose
convolution1d, convolution2d, convolution3d = conv1d, conv2d, conv3d
separable_convolution2d = separable_conv2d
convolution2d_transpose = deconvolution2d = deconv2d = conv2d_transpose
convolution3d_transpose = deconvolution3d = deconv3d = conv3d_transpose
