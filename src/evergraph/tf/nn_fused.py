"""Normalizations that are one op: of batches, and of responses across channels."""

from __future__ import annotations

from typing import Any

from ..core.dtypes import float32
from ..core.emit import apply
from ..core.tensor import Tensor
from . import array_ops
from .dtype_ops import cast
from .emitting import emit_tensor
from .framework import convert_to_tensor
from .nn_moments import moments

_LEAST_EPSILON = 1.001e-5


def fused_batch_norm(
    x: Any,
    scale: Any,
    offset: Any,
    mean: Any = None,
    variance: Any = None,
    epsilon: Any = 0.001,
    data_format: Any = "NHWC",
    is_training: Any = True,
    name: Any = None,
) -> Any:
    """(x normalized, mean, variance) of images, with one mean a channel.

    While training mean and variance are those of the batch (the variance that is returned is the
    unbiased one), else the given ones. Ioffe and Szegedy, Batch Normalization (2015).
    """
    x = convert_to_tensor(x, name="input")
    scale = convert_to_tensor(scale, name="scale")
    offset = convert_to_tensor(offset, name="offset")
    if is_training and (mean is not None or variance is not None):
        raise ValueError("Both 'mean' and 'variance' must be None if is_training is True.")
    mean = array_ops.constant([]) if mean is None else mean
    variance = array_ops.constant([]) if variance is None else variance
    outputs = apply(
        "FusedBatchNormV3",
        x,
        scale,
        offset,
        mean,
        variance,
        epsilon=max(float(epsilon), _LEAST_EPSILON),
        data_format=data_format,
        is_training=is_training,
        name=name,
    )
    return tuple(outputs[:3])


def batch_norm_grad(
    grad_y: Any,
    x: Any,
    scale: Any,
    pop_mean: Any,
    pop_var: Any,
    epsilon: Any,
    data_format: Any,
    is_training: Any = True,
) -> Any:
    """The gradients of `fused_batch_norm` for x, scale and offset."""
    layout = data_format.decode() if isinstance(data_format, bytes) else data_format
    mean, variance = pop_mean, pop_var
    if is_training:
        wide = cast(x, float32)
        mean, variance = moments(wide, [0, 1, 2] if layout == "NHWC" else [0, 2, 3])
    outputs = apply(
        "FusedBatchNormGradV2",
        grad_y,
        x,
        scale,
        mean,
        variance,
        epsilon=epsilon,
        data_format=layout,
        is_training=is_training,
    )
    return tuple(outputs[:3])


def local_response_normalization(
    input: Any,
    depth_radius: Any = 5,
    bias: Any = 1,
    alpha: Any = 1,
    beta: Any = 0.5,
    name: Any = None,
) -> Tensor:
    """x / (bias + alpha * sum of x**2 over the channels at most `depth_radius` away) ** beta.

    Krizhevsky, Sutskever, Hinton, ImageNet Classification (2012).
    """
    radius = int(depth_radius)
    attrs = {"depth_radius": radius, "bias": float(bias), "alpha": float(alpha)}
    return emit_tensor("LRN", input, beta=float(beta), name=name, **attrs)


lrn = local_response_normalization
