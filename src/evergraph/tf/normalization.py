"""Batch normalization (S. Ioffe, C. Szegedy, arXiv:1502.03167) with its moving averages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.dtypes import DType, as_dtype, bfloat16, float16, float32
from ..core.graph import get_default_graph
from ..core.tensor import Tensor
from ..core.tensor_shape import TensorShape, as_shape
from . import array_ops, math_ops, nn
from .base_layer import Layer
from .framework import convert_to_tensor, name_scope
from .init_ops import ones_initializer, zeros_initializer
from .input_spec import InputSpec
from .keras import constraints, initializers, regularizers
from .keras.lookup import serialize
from .smart import smart_cond, static_predicate
from .variables import VariableAggregation, VariableSynchronization

_SERIALIZED = (
    "beta_initializer",
    "gamma_initializer",
    "moving_mean_initializer",
    "moving_variance_initializer",
    "beta_regularizer",
    "gamma_regularizer",
    "beta_constraint",
    "gamma_constraint",
)


class BatchNormalization(Layer):
    """`gamma * (x - mean) / sqrt(variance + epsilon) + beta`, one mean an entry of `axis`.

    While training mean and variance are those of the batch, and the layer's `updates` (also in
    the collection UPDATE_OPS: run them with the training step) move the moving averages by
    `1 - momentum` towards them; else they are the moving averages. `renorm` corrects the batch's
    moments towards moving ones (arXiv:1702.03275), clipped by `renorm_clipping` (rmax, rmin,
    dmax); `virtual_batch_size` normalizes smaller groups; `adjustment(shape)` gives a random
    (scale, bias) to train with. `fused` chooses the faster kernel, by default where it fits.
    """

    def __init__(
        self,
        axis: Any = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = zeros_initializer(),  # noqa: B008
        gamma_initializer: Any = ones_initializer(),  # noqa: B008
        moving_mean_initializer: Any = zeros_initializer(),  # noqa: B008
        moving_variance_initializer: Any = ones_initializer(),  # noqa: B008
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: dict[str, Any] | None = None,
        renorm_momentum: float = 0.99,
        fused: bool | None = None,
        trainable: bool = True,
        virtual_batch_size: int | None = None,
        adjustment: Callable[[Any], Any] | None = None,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, trainable=trainable, **kwargs)
        if not isinstance(axis, (int, list, tuple)):
            raise TypeError(f"axis must be int or list, type given: {type(axis)}")
        self.axis: Any = axis if isinstance(axis, int) else list(axis)
        self.momentum, self.epsilon = momentum, epsilon
        self.center, self.scale, self.renorm = center, scale, renorm
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.virtual_batch_size, self.adjustment = virtual_batch_size, adjustment
        self.fused, self.supports_masking = fused is not False, True
        self.renorm_clipping, self.renorm_momentum = renorm_clipping or {}, renorm_momentum
        if renorm and set(self.renorm_clipping) - {"rmax", "rmin", "dmax"}:
            raise ValueError(
                f"renorm_clipping {renorm_clipping} contains keys not in ['rmax', 'rmin', 'dmax']"
            )

    @property
    def _param_dtype(self) -> DType:
        dtype = as_dtype(self.dtype or float32)
        return float32 if dtype in (float16, bfloat16) else dtype

    # -- building ------------------------------------------------------------------------------
    def build(self, input_shape: Any) -> None:
        """Makes gamma, beta and the moving averages."""
        shape = as_shape(input_shape)
        if not shape.ndims:
            raise ValueError("Input has undefined rank:", shape)
        self._check_axes(shape.ndims)
        self._check_virtual_batch()
        self.fused = self.fused and self._can_be_fused(shape.ndims)
        extents = {x: shape[x].value for x in self.axis}
        if None in extents.values():
            raise ValueError("Input has undefined `axis` dimension. Input shape: ", shape)
        self.input_spec = InputSpec(ndim=shape.ndims, axes=extents)
        params = self._parameters_shape(extents, shape.ndims)
        self._add_parameters(params)
        self._without_partitioner(lambda: self._add_moving_averages(params))
        self.built = True

    def _check_axes(self, rank: int) -> None:
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        self.axis = [x + rank if x < 0 else x for x in axes]
        for x in self.axis:
            if not 0 <= x < rank:
                raise ValueError(f"Invalid axis: {x}")
        if len(self.axis) != len(set(self.axis)):
            raise ValueError(f"Duplicate axis: {self.axis}")

    def _check_virtual_batch(self) -> None:
        if self.virtual_batch_size is None:
            return
        if self.virtual_batch_size <= 0:
            raise ValueError(
                "virtual_batch_size must be a positive integer that divides the true batch size "
                "of the input Tensor"
            )
        if 0 in self.axis:
            raise ValueError(
                "When using virtual_batch_size, the batch dimension must be 0 and thus axis "
                "cannot include 0"
            )
        if self.adjustment is not None:
            raise ValueError("When using virtual_batch_size, adjustment cannot be specified")

    def _can_be_fused(self, rank: int) -> bool:
        plain = not self.renorm and self.virtual_batch_size is None and self.adjustment is None
        return rank == 4 and plain and self.axis in ([1], [3])

    def _parameters_shape(self, extents: dict[int, Any], rank: int) -> Any:
        if len(extents) == 1 and self.virtual_batch_size is None:
            return tuple(extents.values())
        shape = [extents.get(i, 1) for i in range(rank)]
        if self.virtual_batch_size is not None:
            shape.insert(1, 1)
            self.axis = [x + 1 for x in self.axis]
        return shape

    def _add_parameters(self, shape: Any) -> None:
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self._parameter("gamma", shape)
        elif self.fused:
            self._gamma_const = array_ops.constant(1.0, self._param_dtype, shape)
        if self.center:
            self.beta = self._parameter("beta", shape)
        elif self.fused:
            self._beta_const = array_ops.constant(0.0, self._param_dtype, shape)

    def _parameter(self, name: str, shape: Any) -> Any:
        return self.add_weight(
            name=name,
            shape=shape,
            dtype=self._param_dtype,
            initializer=getattr(self, f"{name}_initializer"),
            regularizer=getattr(self, f"{name}_regularizer"),
            constraint=getattr(self, f"{name}_constraint"),
            trainable=True,
            experimental_autocast=False,
        )

    def _moving(self, name: str, shape: Any, initializer: Any) -> Any:
        return self.add_weight(
            name=name,
            shape=shape,
            dtype=self._param_dtype,
            initializer=initializer,
            synchronization=VariableSynchronization.ON_READ,
            aggregation=VariableAggregation.MEAN,
            trainable=False,
            experimental_autocast=False,
        )

    def _add_moving_averages(self, shape: Any) -> None:
        self.moving_mean = self._moving("moving_mean", shape, self.moving_mean_initializer)
        self.moving_variance = self._moving(
            "moving_variance", shape, self.moving_variance_initializer
        )
        if self.renorm:

            def initial_stddev(shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
                variance = self.moving_variance_initializer
                return math_ops.sqrt(variance(shape, dtype=dtype, partition_info=partition_info))

            self.moving_stddev = self._moving("moving_stddev", shape, initial_stddev)
            self.renorm_mean = self._moving("renorm_mean", shape, self.moving_mean_initializer)
            self.renorm_stddev = self._moving("renorm_stddev", shape, initial_stddev)

    def _without_partitioner(self, build: Callable[[], None]) -> None:
        """Moving averages are never partitioned."""
        scope = self._scope
        if scope is None:
            build()
            return
        partitioner = scope.partitioner
        scope.set_partitioner(None)
        try:
            build()
        finally:
            scope.set_partitioner(partitioner)

    # -- moving averages -----------------------------------------------------------------------
    def _assign_moving_average(self, variable: Any, value: Any, momentum: Any) -> Tensor:
        with name_scope("AssignMovingAvg") as scope, get_default_graph().colocate_with(variable):
            decay = convert_to_tensor(1.0 - momentum, name="decay")
            base = variable.dtype.base_dtype
            if decay.dtype != base:
                decay = math_ops.cast(decay, base)
            delta = (variable - math_ops.cast(value, base)) * decay
            return variable.assign_sub(delta, name=scope)  # type: ignore[no-any-return]

    def _assign_new_value(self, variable: Any, value: Any) -> Tensor:
        with name_scope("AssignNewValue") as scope, get_default_graph().colocate_with(variable):
            return variable.assign(value, name=scope)  # type: ignore[no-any-return]

    # -- applying ------------------------------------------------------------------------------
    def call(self, inputs: Any, training: Any = False) -> Any:
        """The normalized inputs."""
        if self.virtual_batch_size is None:
            return self._fused(inputs, training) if self.fused else self._plain(inputs, training)
        extents = inputs.shape.as_list()[1:]
        grouped = array_ops.reshape(inputs, [self.virtual_batch_size, -1, *extents])
        return array_ops.reshape(self._plain(grouped, training), [-1, *extents])

    def _fused(self, inputs: Any, training: Any) -> Any:
        beta = self.beta if self.center else self._beta_const
        gamma = self.gamma if self.scale else self._gamma_const
        options = {
            "epsilon": self.epsilon,
            "data_format": "NCHW" if self.axis == [1] else "NHWC",
        }

        def with_moving_averages() -> Any:
            moments = {"mean": self.moving_mean, "variance": self.moving_variance}
            return nn.fused_batch_norm(inputs, gamma, beta, **moments, is_training=False, **options)

        output, mean, variance = smart_cond(
            training,
            lambda: nn.fused_batch_norm(inputs, gamma, beta, **options),
            with_moving_averages,
        )
        known = static_predicate(training)
        if known is None:
            momentum = smart_cond(training, lambda: self.momentum, lambda: 1.0)
        else:
            momentum = convert_to_tensor(self.momentum)
        if known is not False:
            for variable, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
                self.add_update(_update(self._assign_moving_average, variable, value, momentum))
        return output

    def _plain(self, inputs: Any, training: Any) -> Any:
        rank = inputs.shape.ndims
        reduction_axes = [i for i in range(rank) if i not in self.axis]
        if self.virtual_batch_size is not None:
            del reduction_axes[1]  # examples of one virtual batch lie along it
        spread = _Spread(inputs.shape, self.axis[0], reduction_axes)
        scale, offset = spread(self.gamma), spread(self.beta)
        if static_predicate(training) is False:
            mean, variance = self.moving_mean, self.moving_variance
        else:
            if self.adjustment:
                scale, offset = self._adjusted(inputs, training, scale, offset)
            keep = self.virtual_batch_size is not None or len(self.axis) > 1
            mean, variance = nn.moments(
                math_ops.cast(inputs, self._param_dtype), reduction_axes, keep_dims=keep
            )
            mean, variance = self._moments_to_use(mean, variance, training)
            scale, offset = self._track(mean, variance, training, scale, offset, spread)
        mean, variance, offset, scale = (
            None if v is None else math_ops.cast(v, inputs.dtype)
            for v in (mean, variance, offset, scale)
        )
        outputs = nn.batch_normalization(
            inputs, spread(mean), spread(variance), offset, scale, self.epsilon
        )
        outputs.set_shape(inputs.shape)
        return outputs

    def _adjusted(self, inputs: Any, training: Any, scale: Any, offset: Any) -> tuple[Any, Any]:
        assert self.adjustment is not None
        factor, bias = self.adjustment(array_ops.shape(inputs))
        factor = smart_cond(training, lambda: factor, lambda: array_ops.ones_like(factor))
        bias = smart_cond(training, lambda: bias, lambda: array_ops.zeros_like(bias))
        return _composed(factor, bias, scale, offset)

    def _moments_to_use(self, mean: Any, variance: Any, training: Any) -> tuple[Any, Any]:
        mean = smart_cond(training, lambda: mean, lambda: convert_to_tensor(self.moving_mean))
        variance = smart_cond(
            training, lambda: variance, lambda: convert_to_tensor(self.moving_variance)
        )
        return mean, variance

    def _track(
        self, mean: Any, variance: Any, training: Any, scale: Any, offset: Any, spread: Any
    ) -> tuple[Any, Any]:
        """Adds the updates of the moving averages; gives scale and offset (renormalized)."""
        if self.virtual_batch_size is not None:
            mean = math_ops.reduce_mean(mean, axis=1, keepdims=True)
            variance = math_ops.reduce_mean(variance, axis=1, keepdims=True)
        if self.renorm:
            r, d, mean, variance = self._renorm(mean, variance, training)
            r = spread(array_ops.stop_gradient(r, name="renorm_r"))
            d = spread(array_ops.stop_gradient(d, name="renorm_d"))
            scale, offset = _composed(r, d, scale, offset)

        def update(variable: Any, assign: Callable[[], Any]) -> None:
            self.add_update(lambda: smart_cond(training, assign, lambda: variable))

        update(
            self.moving_mean,
            lambda: self._assign_moving_average(self.moving_mean, mean, self.momentum),
        )
        update(self.moving_variance, lambda: self._update_variance(variance))
        return scale, offset

    def _update_variance(self, variance: Any) -> Tensor:
        if not self.renorm:
            return self._assign_moving_average(self.moving_variance, variance, self.momentum)
        stddev = math_ops.sqrt(variance + self.epsilon)
        moving = self._assign_moving_average(self.moving_stddev, stddev, self.momentum)
        return self._assign_new_value(self.moving_variance, nn.relu(moving * moving - self.epsilon))

    def _renorm(self, mean: Any, variance: Any, training: Any) -> tuple[Any, Any, Any, Any]:
        """(r, d, mean, variance): the correction, and the moments after its updates."""
        stddev = math_ops.sqrt(variance + self.epsilon)
        renorm_stddev = math_ops.maximum(self.renorm_stddev, math_ops.sqrt(self.epsilon))
        r = stddev / renorm_stddev
        d = (mean - self.renorm_mean) / renorm_stddev
        graph = get_default_graph()
        with graph.control_dependencies([r, d]):
            mean, stddev = array_ops.identity(mean), array_ops.identity(stddev)
        r, d = self._clipped(r, d)
        r_used = smart_cond(training, lambda: r, lambda: array_ops.ones_like(r))
        d_used = smart_cond(training, lambda: d, lambda: array_ops.zeros_like(d))
        updates = [
            self._update_renorm(self.renorm_mean, mean, training),
            self._update_renorm(self.renorm_stddev, stddev, training),
        ]
        with graph.control_dependencies(updates):
            return r_used, d_used, array_ops.identity(mean), array_ops.identity(variance)

    def _clipped(self, r: Any, d: Any) -> tuple[Any, Any]:
        rmin, rmax, dmax = (self.renorm_clipping.get(k) for k in ("rmin", "rmax", "dmax"))
        if rmin is not None:
            r = math_ops.maximum(r, rmin)
        if rmax is not None:
            r = math_ops.minimum(r, rmax)
        if dmax is not None:
            d = math_ops.minimum(math_ops.maximum(d, -dmax), dmax)
        return r, d

    def _update_renorm(self, variable: Any, value: Any, training: Any) -> Any:
        value = array_ops.identity(value)
        return smart_cond(
            training,
            lambda: self._assign_moving_average(variable, value, self.renorm_momentum),
            lambda: array_ops.identity(variable),
        )

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The shape of the output: that of the inputs."""
        return as_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        keys = ["axis", "momentum", "epsilon", "center", "scale"]
        if self.renorm:
            keys += ["renorm", "renorm_clipping", "renorm_momentum"]
        if self.virtual_batch_size is not None:
            keys.append("virtual_batch_size")
        config = {key: getattr(self, key) for key in keys}
        config.update((key, serialize(getattr(self, key))) for key in _SERIALIZED)
        return {**super().get_config(), **config}


class _Spread:
    """Reshapes a vector of parameters so that it broadcasts along the normalized axis."""

    def __init__(self, shape: TensorShape, axis: int, reduction_axes: list[int]) -> None:
        self._rank = len(shape)
        self._shape = [shape[i].value if i == axis else 1 for i in range(self._rank)]
        self._needed = reduction_axes != list(range(self._rank - 1))

    def __call__(self, v: Any) -> Any:
        if v is None or len(v.shape) == self._rank or not self._needed:
            return v
        return array_ops.reshape(v, self._shape)


def _composed(scale: Any, offset: Any, then_scale: Any, then_offset: Any) -> tuple[Any, Any]:
    """Scale and offset of one affine transformation after another."""
    if then_scale is not None:
        scale = scale * then_scale
        offset = offset * then_scale
    if then_offset is not None:
        offset = offset + then_offset
    return scale, offset


def _update(assign: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    return lambda: assign(*arguments)


def batch_normalization(
    inputs: Any,
    axis: Any = -1,
    momentum: float = 0.99,
    epsilon: float = 1e-3,
    center: bool = True,
    scale: bool = True,
    beta_initializer: Any = zeros_initializer(),  # noqa: B008
    gamma_initializer: Any = ones_initializer(),  # noqa: B008
    moving_mean_initializer: Any = zeros_initializer(),  # noqa: B008
    moving_variance_initializer: Any = ones_initializer(),  # noqa: B008
    beta_regularizer: Any = None,
    gamma_regularizer: Any = None,
    beta_constraint: Any = None,
    gamma_constraint: Any = None,
    training: Any = False,
    trainable: bool = True,
    name: str | None = None,
    reuse: Any = None,
    renorm: bool = False,
    renorm_clipping: dict[str, Any] | None = None,
    renorm_momentum: float = 0.99,
    fused: bool | None = None,
    virtual_batch_size: int | None = None,
    adjustment: Callable[[Any], Any] | None = None,
) -> Any:
    """The inputs, batch-normalized; see `BatchNormalization`.

    While `training` the moving averages' updates must run with the training step:
    `with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)): ...minimize(loss)`.
    """
    given = {k: v for k, v in locals().items() if k not in ("inputs", "training", "reuse")}
    layer = BatchNormalization(**given, _reuse=reuse, _scope=name)
    return layer.apply(inputs, training=training)


BatchNorm, batch_norm = BatchNormalization, batch_normalization
