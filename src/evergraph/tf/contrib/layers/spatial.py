"""Layers of `tf.contrib.layers` on images that need no convolution."""

from __future__ import annotations

from typing import Any

from ....core.dtypes import float32
from ....core.tensor import Tensor
from ... import array_ops, math_ops, nn
from ...framework import convert_to_tensor, name_scope
from ...init_ops import constant_initializer, ones_initializer
from ...variable_scope import variable_scope
from ..framework.arg_scope import add_arg_scope
from ..framework.variables import model_variable
from .utils import collect_named_outputs, get_variable_collections

__all__ = ["images_to_sequence", "sequence_to_images", "spatial_softmax"]


def _check_format(data_format: str) -> None:
    if data_format not in ("NCHW", "NHWC"):
        raise ValueError("data_format has to be either NCHW or NHWC.")


@add_arg_scope
def spatial_softmax(
    features: Any,
    temperature: float | None = None,
    name: str | None = None,
    variables_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
) -> Tensor:
    """The expected place of each channel's features: [batch, 2 * channels], in [-1, 1].

    The softmax over places has a `temperature`, which is trained if `trainable`. Source:
    C. Finn et al., Deep spatial autoencoders, arXiv:1509.06113.
    """
    _check_format(data_format)
    with variable_scope(name, "spatial_softmax"):
        shape: Any = array_ops.shape(features)
        first = data_format == "NCHW"
        channels = features.shape[1 if first else 3].value
        height, width = (shape[2], shape[3]) if first else (shape[1], shape[2])
        if channels is None:
            raise ValueError(
                "The num_channels dimension of the inputs to `spatial_softmax` should be defined. "
                "Found `None`."
            )
        with name_scope("spatial_softmax_op", "spatial_softmax_op", [features]):
            places = _places(height, width)
            heat = _temperature(temperature, variables_collections, trainable)
            if not first:
                features = array_ops.transpose(features, [0, 3, 1, 2])
            features = array_ops.reshape(features, [-1, height * width])
            attention = nn.softmax(features / heat)
            expected = [
                math_ops.reduce_sum(place * attention, [1], keepdims=True) for place in places
            ]
            points = array_ops.reshape(array_ops.concat(expected, 1), [-1, channels * 2])
            points.set_shape([None, channels * 2])
    return points


def _places(height: Any, width: Any) -> list[Tensor]:
    rows = array_ops.lin_space(-1.0, 1.0, num=height)
    columns = array_ops.lin_space(-1.0, 1.0, num=width)
    grid = array_ops.meshgrid(rows, columns, indexing="ij")
    return [array_ops.reshape(positions, [height * width]) for positions in grid]


def _temperature(value: float | None, collections: Any, trainable: bool) -> Any:
    return model_variable(
        "temperature",
        shape=(),
        dtype=float32,
        initializer=ones_initializer() if value is None else constant_initializer(value),
        collections=get_variable_collections(collections, "temperature") if trainable else None,
        trainable=trainable,
    )


@add_arg_scope
def images_to_sequence(
    inputs: Any, data_format: str = "NHWC", outputs_collections: Any = None, scope: Any = None
) -> Tensor:
    """Images as sequences of their columns: [width, batch * height, channels]."""
    _check_format(data_format)
    with name_scope(scope, "ImagesToSequence", [inputs]) as sc:
        inputs = convert_to_tensor(inputs)
        if data_format == "NCHW":
            inputs = array_ops.transpose(inputs, [0, 2, 3, 1])
        _, _, width, depth = inputs.shape.as_list()
        shape: Any = array_ops.shape(inputs)
        rows = shape[0] * shape[1]
        columns_first = array_ops.transpose(inputs, [2, 0, 1, 3])
        outputs = array_ops.reshape(columns_first, [width, rows, depth])
        return collect_named_outputs(outputs_collections, sc, outputs)


@add_arg_scope
def sequence_to_images(
    inputs: Any,
    height: int,
    output_data_format: str = "channels_last",
    outputs_collections: Any = None,
    scope: Any = None,
) -> Tensor:
    """Sequences of columns as images of this height: the inverse of `images_to_sequence`."""
    with name_scope(scope, "SequenceToImages", [inputs]) as sc:
        inputs = convert_to_tensor(inputs)
        width, rows, depth = inputs.shape.as_list()
        batch = -1 if rows is None else rows // height
        columns = array_ops.reshape(inputs, [width, batch, height, depth])
        axes = [1, 3, 2, 0] if output_data_format == "channels_first" else [1, 2, 0, 3]
        outputs = array_ops.transpose(columns, axes)
        return collect_named_outputs(outputs_collections, sc, outputs)
