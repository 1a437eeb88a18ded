"""Normalizing layers of `tf.contrib.layers`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....core.dtypes import float16, float32
from ....core.graph import get_default_graph
from ....core.tensor import Tensor
from ... import array_ops, math_ops, nn
from ...framework import convert_to_tensor
from ...graph_keys import GraphKeys
from ...init_ops import ones_initializer, zeros_initializer
from ...normalization import BatchNormalization
from ...smart import smart_cond, static_predicate
from ...train.moving_averages import assign_moving_average
from ...variable_scope import get_variable_scope, variable_scope
from ..framework.arg_scope import add_arg_scope
from ..framework.variables import model_variable
from .core import add_to_variable_collections, variable_getter
from .utils import collect_named_outputs, get_variable_collections

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm"]

_INITIALIZERS = {
    "beta": zeros_initializer(),
    "gamma": ones_initializer(),
    "moving_mean": zeros_initializer(),
    "moving_variance": ones_initializer(),
}


class _Parameters:
    """Makes the variables of a normalizing layer."""

    def __init__(
        self,
        shape: Any,
        dtype: Any,
        collections: Any,
        trainable: bool,
        initializers: Any = None,
        regularizers: Any = None,
    ) -> None:
        self._shape, self._dtype, self._collections = shape, dtype, collections
        self._trainable = trainable
        self._initializers, self._regularizers = initializers or {}, regularizers or {}

    def make(self, name: str, trainable: bool | None = None) -> Any:
        """The variable `name`, made or found."""
        return model_variable(
            name,
            shape=self._shape,
            dtype=self._dtype,
            initializer=self._initializers.get(name, _INITIALIZERS[name]),
            regularizer=self._regularizers.get(name),
            collections=get_variable_collections(self._collections, name),
            trainable=self._trainable if trainable is None else trainable,
        )

    def moving(self) -> tuple[Any, Any]:
        """The moving averages of mean and variance, never partitioned."""
        with variable_scope(get_variable_scope()) as scope:
            scope.set_partitioner(None)
            return self.make("moving_mean", False), self.make("moving_variance", False)


def _check_format(data_format: str) -> None:
    if data_format not in ("NCHW", "NHWC"):
        raise ValueError("data_format has to be either NCHW or NHWC.")


def _finish(outputs: Tensor, activation_fn: Any, collections: Any, alias: str) -> Tensor:
    outputs = outputs if activation_fn is None else activation_fn(outputs)
    return collect_named_outputs(collections, alias, outputs)


@add_arg_scope
def batch_norm(
    inputs: Any,
    decay: float = 0.999,
    center: bool = True,
    scale: bool = False,
    epsilon: float = 0.001,
    activation_fn: Any = None,
    param_initializers: Any = None,
    param_regularizers: Any = None,
    updates_collections: Any = GraphKeys.UPDATE_OPS,
    is_training: Any = True,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    batch_weights: Any = None,
    fused: bool | None = None,
    data_format: str = "NHWC",
    zero_debias_moving_mean: bool = False,
    scope: Any = None,
    renorm: bool = False,
    renorm_clipping: Any = None,
    renorm_decay: float = 0.99,
    adjustment: Any = None,
) -> Tensor:
    """Batch normalization (arXiv:1502.03167) over all axes but that of the channels.

    While training the updates of the moving averages go to `updates_collections` (run them with
    the training step), or with None are done in place. Raises ValueError where the rank or the
    number of channels are unknown.
    """
    given = dict(locals())
    inputs = given["inputs"] = convert_to_tensor(inputs)
    _check_format(data_format)
    rank = inputs.shape.ndims
    deferred = updates_collections is GraphKeys.UPDATE_OPS and not zero_debias_moving_mean
    plain = batch_weights is None and not renorm and adjustment is None
    if fused is not False and plain and rank in (2, 4) and (rank == 2 or not deferred):
        return _fused_batch_norm(given)
    if batch_weights is None and deferred:
        return _layer_batch_norm(given)
    if renorm:
        raise ValueError(
            "renorm is not supported with batch_weights, updates_collections or "
            "zero_debias_moving_mean"
        )
    return _plain_batch_norm(given)


def _layer_batch_norm(given: dict[str, Any]) -> Tensor:
    """By the layer of `tf.layers`."""
    initializers = {**_INITIALIZERS, **(given["param_initializers"] or {})}
    regularizers = given["param_regularizers"] or {}
    inputs, reuse = given["inputs"], given["reuse"]
    with variable_scope(
        given["scope"], "BatchNorm", [inputs], reuse=reuse, custom_getter=variable_getter()
    ) as sc:
        layer = BatchNormalization(
            axis=1 if given["data_format"] == "NCHW" else -1,
            momentum=given["decay"],
            epsilon=given["epsilon"],
            center=given["center"],
            scale=given["scale"],
            **{f"{name}_initializer": value for name, value in initializers.items()},
            beta_regularizer=regularizers.get("beta"),
            gamma_regularizer=regularizers.get("gamma"),
            trainable=given["trainable"],
            renorm=given["renorm"],
            renorm_clipping=given["renorm_clipping"],
            renorm_momentum=given["renorm_decay"],
            adjustment=given["adjustment"],
            name=sc.name,
            _scope=sc,
            _reuse=reuse,
            fused=given["fused"],
        )
        outputs = layer.apply(inputs, training=given["is_training"])
        for name in ("moving_mean", "moving_variance", "beta", "gamma"):
            if getattr(layer, name) is not None:
                variable = getattr(layer, name)
                add_to_variable_collections(variable, given["variables_collections"], name)
        return _finish(outputs, given["activation_fn"], given["outputs_collections"], sc.name)


def _fused_batch_norm(given: dict[str, Any]) -> Tensor:
    """By the fused kernel, for rank 2 and 4."""
    with variable_scope(given["scope"], "BatchNorm", [given["inputs"]], reuse=given["reuse"]) as sc:
        original = given["inputs"]
        inputs = _as_images(original, given["data_format"])
        axis = 3 if given["data_format"] == "NHWC" else 1
        shape = inputs.shape[axis : axis + 1]
        if not shape.is_fully_defined():
            raise ValueError(f"Inputs {original.name} has undefined `C` dimension {shape}.")
        outputs = _fused_outputs(given, inputs, shape)
        outputs.set_shape(inputs.shape)
        if original.shape.ndims == 2:
            outputs = array_ops.reshape(outputs, array_ops.shape(original))
        return _finish(outputs, given["activation_fn"], given["outputs_collections"], sc.name)


def _as_images(inputs: Tensor, data_format: str) -> Tensor:
    if inputs.shape.ndims == 4:
        return inputs
    channels = inputs.shape[-1].value
    if channels is None:
        raise ValueError("`C` dimension must be known but is None")
    shape = [-1, 1, 1, channels] if data_format == "NHWC" else [-1, channels, 1, 1]
    return array_ops.reshape(inputs, shape)


def _fused_outputs(given: dict[str, Any], inputs: Tensor, shape: Any) -> Tensor:
    parameters = _parameters(given, shape, float32)
    constants = {"beta": (0.0, given["center"]), "gamma": (1.0, given["scale"])}
    beta, gamma = (
        parameters.make(name) if wanted else array_ops.constant(value, float32, shape=shape)
        for name, (value, wanted) in constants.items()
    )
    mean, variance = parameters.moving()
    options = {"epsilon": given["epsilon"], "data_format": given["data_format"]}
    training = given["is_training"]
    outputs, batch_mean, batch_variance = smart_cond(
        training,
        lambda: nn.fused_batch_norm(inputs, gamma, beta, **options),
        lambda: nn.fused_batch_norm(
            inputs, gamma, beta, mean=mean, variance=variance, is_training=False, **options
        ),
    )
    if static_predicate(training) is False:
        return outputs  # type: ignore[no-any-return]
    if given["updates_collections"] is not None:
        _collect_updates(given, (mean, variance), (batch_mean, batch_variance))
        return outputs  # type: ignore[no-any-return]

    def updated() -> Tensor:
        updates = _updates(given, (mean, variance), (batch_mean, batch_variance))
        with get_default_graph().control_dependencies(updates):
            return array_ops.identity(outputs)

    return smart_cond(training, updated, lambda: outputs)  # type: ignore[no-any-return]


def _parameters(given: dict[str, Any], shape: Any, dtype: Any) -> _Parameters:
    return _Parameters(
        shape,
        dtype,
        given["variables_collections"],
        given["trainable"],
        given["param_initializers"],
        given["param_regularizers"],
    )


def _updates(
    given: dict[str, Any], moving: Sequence[Any], moments: Sequence[Any]
) -> tuple[Any, Any]:
    debias = given["zero_debias_moving_mean"]
    return (
        assign_moving_average(moving[0], moments[0], given["decay"], zero_debias=debias),
        assign_moving_average(moving[1], moments[1], given["decay"], zero_debias=False),
    )


def _collect_updates(given: dict[str, Any], moving: Sequence[Any], moments: Sequence[Any]) -> None:
    updates = smart_cond(
        given["is_training"], lambda: _updates(given, moving, moments), lambda: moving
    )
    for update in updates:
        get_default_graph().add_to_collections(given["updates_collections"], update)


def _plain_batch_norm(given: dict[str, Any]) -> Tensor:
    """By elementary operations: weights of examples, moving averages updated in place."""
    inputs = given["inputs"]
    with variable_scope(given["scope"], "BatchNorm", [inputs], reuse=given["reuse"]) as sc:
        rank = inputs.shape.ndims
        if rank is None:
            raise ValueError(f"Inputs {inputs.name} has undefined rank.")
        channels_first = given["data_format"] == "NCHW"
        axis = 1 if channels_first else rank - 1
        shape = inputs.shape[axis : axis + 1]
        if not shape.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name} has undefined channels dimension {shape}.")
        weights = _example_weights(given["batch_weights"], inputs)
        parameters = _parameters(given, shape, inputs.dtype.base_dtype)
        beta = parameters.make("beta") if given["center"] else None
        gamma = parameters.make("gamma") if given["scale"] else None
        axes = [i for i in range(rank) if i != axis]
        mean, variance = _moments_to_use(given, inputs, axes, weights, parameters.moving())
        if channels_first:
            spread = [shape[0].value if i == 1 else 1 for i in range(rank)]
            mean, variance, beta, gamma = (
                None if v is None else array_ops.reshape(v, spread)
                for v in (mean, variance, beta, gamma)
            )
        outputs = nn.batch_normalization(inputs, mean, variance, beta, gamma, given["epsilon"])
        outputs.set_shape(inputs.shape)
        return _finish(outputs, given["activation_fn"], given["outputs_collections"], sc.name)


def _example_weights(weights: Any, inputs: Tensor) -> Any:
    if weights is None:
        return None
    weights = convert_to_tensor(weights)
    inputs.shape[0:1].assert_is_compatible_with(weights.shape)
    return array_ops.reshape(weights, [-1] + [1] * (len(inputs.shape) - 1))


def _moments_to_use(
    given: dict[str, Any], inputs: Tensor, axes: list[int], weights: Any, moving: Sequence[Any]
) -> Any:
    training = given["is_training"]
    if static_predicate(training) is False:
        return moving
    moments = _batch_moments(inputs, axes, weights, given["data_format"] == "NCHW")
    if given["updates_collections"] is not None:
        _collect_updates(given, moving, moments)
        return smart_cond(training, lambda: moments, lambda: moving)

    def updated() -> tuple[Tensor, Tensor]:
        with get_default_graph().control_dependencies(_updates(given, moving, moments)):
            return array_ops.identity(moments[0]), array_ops.identity(moments[1])

    return smart_cond(training, updated, lambda: moving)


def _batch_moments(inputs: Tensor, axes: list[int], weights: Any, channels_first: bool) -> Any:
    if weights is None:
        mean, variance = nn.moments(inputs, axes, keep_dims=channels_first)
    else:
        mean, variance = nn.weighted_moments(inputs, axes, weights, keep_dims=channels_first)
    if channels_first:
        mean, variance = array_ops.reshape(mean, [-1]), array_ops.reshape(variance, [-1])
    return mean, variance


@add_arg_scope
def layer_norm(
    inputs: Any,
    center: bool = True,
    scale: bool = True,
    activation_fn: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    begin_norm_axis: int = 1,
    begin_params_axis: int = -1,
    scope: Any = None,
) -> Tensor:
    """Layer normalization (arXiv:1607.06450) over the axes from `begin_norm_axis` on.

    Scale and offset have the shape of the axes from `begin_params_axis` on. Raises ValueError
    where the rank or that shape are unknown, or an axis is out of range.
    """
    with variable_scope(scope, "LayerNorm", [inputs], reuse=reuse) as sc:
        inputs = convert_to_tensor(inputs)
        rank, dtype = inputs.shape.ndims, inputs.dtype.base_dtype
        if rank is None:
            raise ValueError(f"Inputs {inputs.name} has undefined rank.")
        first = begin_norm_axis + rank if begin_norm_axis < 0 else begin_norm_axis
        if begin_params_axis >= rank or first >= rank:
            raise ValueError(
                f"begin_params_axis ({begin_params_axis}) and begin_norm_axis ({first}) must be < "
                f"rank(inputs) ({rank})"
            )
        shape = inputs.shape[begin_params_axis:]
        if not shape.is_fully_defined():
            raise ValueError(
                f"Inputs {inputs.name}: shape(inputs)[{begin_params_axis}:] is not fully defined: "
                f"{inputs.shape}"
            )
        parameters = _Parameters(shape, dtype, variables_collections, trainable)
        beta = parameters.make("beta") if center else None
        gamma = parameters.make("gamma") if scale else None
        mean, variance = nn.moments(inputs, list(range(first, rank)), keep_dims=True)
        epsilon = 1e-3 if dtype == float16 else 1e-12
        outputs = nn.batch_normalization(
            inputs, mean, variance, offset=beta, scale=gamma, variance_epsilon=epsilon
        )
        outputs.set_shape(inputs.shape)
        return _finish(outputs, activation_fn, outputs_collections, sc.name)


@add_arg_scope
def instance_norm(
    inputs: Any,
    center: bool = True,
    scale: bool = True,
    epsilon: float = 1e-6,
    activation_fn: Any = None,
    param_initializers: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
    scope: Any = None,
) -> Tensor:
    """Instance normalization (arXiv:1607.08022): over the places of each example's channels."""
    inputs = convert_to_tensor(inputs)
    rank = inputs.shape.ndims
    if rank is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank.")
    _check_format(data_format)
    with variable_scope(scope, "InstanceNorm", [inputs], reuse=reuse) as sc:
        axis = 1 if data_format == "NCHW" else rank - 1
        shape = inputs.shape[axis : axis + 1]
        if not shape.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name} has undefined channels dimension {shape}.")
        parameters = _Parameters(
            shape, inputs.dtype.base_dtype, variables_collections, trainable, param_initializers
        )
        spread = None
        if data_format == "NCHW":
            spread = [shape[0].value if i == 1 else 1 for i in range(rank)]
        beta = _spread_parameter(parameters, "beta", center, spread)
        gamma = _spread_parameter(parameters, "gamma", scale, spread)
        axes = [i for i in range(1, rank) if i != axis]
        mean, variance = nn.moments(inputs, axes, keep_dims=True)
        outputs = nn.batch_normalization(
            inputs, mean, variance, beta, gamma, epsilon, name="instancenorm"
        )
        outputs.set_shape(inputs.shape)
        return _finish(outputs, activation_fn, outputs_collections, sc.name)


def _spread_parameter(parameters: _Parameters, name: str, wanted: bool, spread: Any) -> Any:
    if not wanted:
        return None
    variable = parameters.make(name)
    return variable if spread is None else array_ops.reshape(variable, spread)


@add_arg_scope
def group_norm(
    inputs: Any,
    groups: int = 32,
    channels_axis: int = -1,
    reduction_axes: Sequence[int] = (-3, -2),
    center: bool = True,
    scale: bool = True,
    epsilon: float = 1e-6,
    activation_fn: Any = None,
    param_initializers: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
    mean_close_to_zero: bool = False,
) -> Tensor:
    """Group normalization (arXiv:1803.08494): over places and groups of channels.

    Raises ValueError where rank, channels or places are unknown, or the channels do not divide
    into the groups.
    """
    inputs = convert_to_tensor(inputs)
    rank = inputs.shape.ndims
    if rank is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank.")
    if channels_axis > rank - 1:
        raise ValueError("Axis is out of bounds.")
    dynamic = array_ops.shape(inputs)
    extents = [dynamic[i] if d.value is None else d.value for i, d in enumerate(inputs.shape)]
    axis = channels_axis + rank if channels_axis < 0 else channels_axis
    channels = inputs.shape[axis].value
    if channels is None:
        raise ValueError(f"Inputs {inputs.name} has undefined channel dimension: {axis}.")
    axes = _reduced_axes(inputs, axis, reduction_axes)
    _check_groups(channels, groups)
    split = [groups, channels // groups]
    spread = [1] * axis + split + [1] * (rank - axis - 1)
    grouped = array_ops.reshape(inputs, extents[:axis] + split + extents[axis + 1 :])
    with variable_scope(scope, "GroupNorm", [grouped], reuse=reuse) as sc:
        parameters = _Parameters(
            [channels],
            inputs.dtype.base_dtype,
            variables_collections,
            trainable,
            param_initializers,
        )
        beta = _spread_parameter(parameters, "beta", center, spread)
        gamma = _spread_parameter(parameters, "gamma", scale, spread)
        mean, variance = _group_moments(grouped, axes, mean_close_to_zero)
        gain = math_ops.rsqrt(variance + epsilon)
        offset = -mean * gain
        if gamma is not None:
            gain, offset = gain * gamma, offset * gamma
        if beta is not None:
            offset = offset + beta
        outputs = array_ops.reshape(grouped * gain + offset, extents)
        return _finish(outputs, activation_fn, outputs_collections, sc.name)


def _check_groups(channels: int, groups: int) -> None:
    if groups > channels:
        raise ValueError(f"Invalid groups {groups} for {channels} channels.")
    if channels % groups != 0:
        raise ValueError(f"{channels} channels is not commensurate with {groups} groups.")


def _reduced_axes(inputs: Tensor, axis: int, reduction_axes: Sequence[int]) -> list[int]:
    """The axes of the grouped inputs over which the moments go."""
    rank = len(inputs.shape)
    axes = [a + rank if a < 0 else a for a in reduction_axes]
    for a in axes:
        if a > rank:
            raise ValueError("Axis is out of bounds.")
        if inputs.shape[a].value is None:
            raise ValueError(f"Inputs {inputs.name} has undefined dimensions {a}.")
        if a == axis:
            raise ValueError("reduction_axis must be mutually exclusive with channels_axis")
    return [axis + 1] + [a + 1 if a > axis else a for a in axes]


def _group_moments(inputs: Tensor, axes: list[int], mean_close_to_zero: bool) -> Any:
    if not mean_close_to_zero:
        return nn.moments(inputs, axes, keep_dims=True)
    counts, means, squares, _ = nn.sufficient_statistics(inputs, axes, keep_dims=True)
    return nn.normalize_moments(counts, means, squares, shift=None)
