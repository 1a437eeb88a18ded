"""Convolutions and pooling as launches: rows by op type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.tensor import Operation
from .conv import conv, conv_filter, conv_input
from .pooling import avg_pool, avg_pool_grad, max_pool, max_pool_3d_grad, max_pool_grad
from .scalars import FLOATS

_CONVOLUTIONS = ("Conv2D", "Conv3D", "DepthwiseConv2dNative")


def _is_float(op: Operation) -> bool:
    return op.outputs[0].dtype.base_dtype.np_dtype in FLOATS


_CONV_RULES: dict[str, Any] = {
    **dict.fromkeys(_CONVOLUTIONS, conv),
    "Conv2DBackpropInput": conv_input,
    "Conv2DBackpropFilter": conv_filter,
    "Conv3DBackpropInput": conv_input,
    "Conv3DBackpropFilter": conv_filter,
    "Conv3DBackpropInputV2": conv_input,
    "Conv3DBackpropFilterV2": conv_filter,
    "DepthwiseConv2dNativeBackpropInput": conv_input,
    "DepthwiseConv2dNativeBackpropFilter": conv_filter,
}
_POOL_RULES: dict[str, Any] = {
    **dict.fromkeys(("MaxPool", "MaxPool3D"), max_pool),
    "MaxPoolGrad": max_pool_grad,
    "MaxPool3DGrad": max_pool_3d_grad,
    **dict.fromkeys(("AvgPool", "AvgPool3D"), avg_pool),
    **dict.fromkeys(("AvgPoolGrad", "AvgPool3DGrad"), avg_pool_grad),
}
RULES = {**_CONV_RULES, **_POOL_RULES}
CONDITIONS: dict[str, Callable[[Operation], bool]] = {
    **dict.fromkeys(RULES, _is_float),
}
