"""Pools as layers: `tf.layers.MaxPooling2D` and its like, and the functions that apply one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..core.tensor_shape import TensorShape, as_shape
from . import array_ops
from .base_layer import Layer
from .input_spec import InputSpec
from .nn_pool import avg_pool, avg_pool3d, max_pool, max_pool3d


def sizes(value: Any, n: int, name: str) -> tuple[int, ...]:
    """A number, or n of them, as a tuple of n."""
    values = (value,) * n if isinstance(value, int) else value
    try:
        values = tuple(values)
        fits = len(values) == n and all(int(v) == v for v in values)
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise ValueError(
            f"The `{name}` argument must be a tuple of {n} integers. Received: {value}"
        )
    return tuple(int(v) for v in values)


def _one_of(value: Any, allowed: tuple[str, ...], name: str) -> str:
    word = str(value).lower()
    if word not in allowed:
        listed = ", ".join(f'"{a}"' for a in allowed)
        raise ValueError(f"The `{name}` argument must be one of {listed}. Received: {value}")
    return word


class _Pooling(Layer):
    """What the layers share: the windows, and the shape of what they give."""

    _n: ClassVar[int]

    def __init__(
        self,
        pool_size: Any,
        strides: Any,
        padding: Any = "valid",
        data_format: Any = "channels_last",
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        if strides is None:
            raise ValueError("Argument `strides` must not be None.")
        super().__init__(name=name, **kwargs)
        self.pool_size = sizes(pool_size, self._n, "pool_size")
        self.strides = sizes(strides, self._n, "strides")
        self.padding = _one_of(padding, ("valid", "same"), "padding")
        layout = "channels_last" if data_format is None else data_format
        self.data_format = _one_of(layout, ("channels_first", "channels_last"), "data_format")
        self.input_spec = InputSpec(ndim=self._n + 2)

    @property
    def _first(self) -> bool:
        return self.data_format == "channels_first"

    def _windows(self, first: bool) -> dict[str, Any]:
        """The arguments of a pool over the layer's axes."""
        before, after = ((1, 1), ()) if first else ((1,), (1,))
        ksize = (*before, *self.pool_size, *after)
        strides = (*before, *self.strides, *after)
        return {"ksize": ksize, "strides": strides, "padding": self.padding.upper()}

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The shape of the output for inputs of this shape."""
        extents = as_shape(input_shape).as_list()
        start = 2 if self._first else 1
        for i, (size, stride) in enumerate(zip(self.pool_size, self.strides, strict=True)):
            extent = extents[start + i]
            if extent is not None:
                covered = extent if self.padding == "same" else extent - size + 1
                extents[start + i] = -(-covered // stride)
        return TensorShape(extents)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        keys = ("pool_size", "padding", "strides", "data_format")
        return {**super().get_config(), **{key: getattr(self, key) for key in keys}}


class _Pooling1D(_Pooling):
    _n = 1
    _pool: ClassVar[Callable[..., Any]]

    def call(self, inputs: Any) -> Any:
        """The pooled inputs."""
        axis = 3 if self._first else 2
        ones = (1, 1) if self._first else (1,)
        tail = () if self._first else (1,)
        outputs = type(self)._pool(
            array_ops.expand_dims(inputs, axis),
            (*ones, *self.pool_size, 1, *tail),
            (*ones, *self.strides, 1, *tail),
            self.padding.upper(),
            "NCHW" if self._first else "NHWC",
        )
        return array_ops.squeeze(outputs, axis)


class _Pooling2D(_Pooling):
    _n = 2
    _pool: ClassVar[Callable[..., Any]]

    def call(self, inputs: Any) -> Any:
        """The pooled inputs."""
        layout = "NCHW" if self._first else "NHWC"
        return type(self)._pool(inputs, **self._windows(self._first), data_format=layout)


class _Pooling3D(_Pooling):
    _n = 3
    _pool: ClassVar[Callable[..., Any]]

    def call(self, inputs: Any) -> Any:
        """The pooled inputs."""
        if not self._first:
            return type(self)._pool(inputs, **self._windows(False))
        inputs = array_ops.transpose(inputs, (0, 2, 3, 4, 1))
        outputs = type(self)._pool(inputs, **self._windows(False))
        return array_ops.transpose(outputs, (0, 4, 1, 2, 3))


class AveragePooling1D(_Pooling1D):
    """The mean of each window of sequences [batch, steps, features]."""

    _pool = staticmethod(avg_pool)


class MaxPooling1D(_Pooling1D):
    """The greatest of each window of sequences [batch, steps, features]."""

    _pool = staticmethod(max_pool)


class AveragePooling2D(_Pooling2D):
    """The mean of each window of images [batch, height, width, channels]."""

    _pool = staticmethod(avg_pool)


class MaxPooling2D(_Pooling2D):
    """The greatest of each window of images [batch, height, width, channels]."""

    _pool = staticmethod(max_pool)


class AveragePooling3D(_Pooling3D):
    """The mean of each window of volumes [batch, depth, height, width, channels]."""

    _pool = staticmethod(avg_pool3d)


class MaxPooling3D(_Pooling3D):
    """The greatest of each window of volumes [batch, depth, height, width, channels]."""

    _pool = staticmethod(max_pool3d)


def _function(layer: type[_Pooling], name: str) -> Callable[..., Any]:
    """The function that makes a layer and applies it."""

    def function(
        inputs: Any,
        pool_size: Any,
        strides: Any,
        padding: Any = "valid",
        data_format: Any = "channels_last",
        name: Any = None,
    ) -> Any:
        made = layer(
            pool_size=pool_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            name=name,
        )
        return made.apply(inputs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{layer.__doc__} See `{layer.__name__}`."
    return function


average_pooling1d = _function(AveragePooling1D, "average_pooling1d")
average_pooling2d = _function(AveragePooling2D, "average_pooling2d")
average_pooling3d = _function(AveragePooling3D, "average_pooling3d")
max_pooling1d = _function(MaxPooling1D, "max_pooling1d")
max_pooling2d = _function(MaxPooling2D, "max_pooling2d")
max_pooling3d = _function(MaxPooling3D, "max_pooling3d")

AvgPool2D, MaxPool2D = AveragePooling2D, MaxPooling2D
max_pool2d, avg_pool2d = max_pooling2d, average_pooling2d
