"""Convolutions and pooling as launches: rows by op type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.tensor import Operation
from .conv import conv2d, conv2d_filter, conv2d_input
from .pooling import avg_pool, avg_pool_grad, max_pool, max_pool_grad

_DTYPES = (np.dtype(np.float32), np.dtype(np.float64))


def _is_float(op: Operation) -> bool:
    return op.outputs[0].dtype.base_dtype.np_dtype in _DTYPES


RULES: dict[str, Any] = {
    "Conv2D": conv2d,
    "Conv2DBackpropInput": conv2d_input,
    "Conv2DBackpropFilter": conv2d_filter,
    "MaxPool": max_pool,
    "MaxPoolGrad": max_pool_grad,
    "AvgPool": avg_pool,
    "AvgPoolGrad": avg_pool_grad,
}
CONDITIONS: dict[str, Callable[[Operation], bool]] = dict.fromkeys(RULES, _is_float)
