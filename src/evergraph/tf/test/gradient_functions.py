"""Jacobians of functions: the gradient checker that takes a function and the values to check at."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...runtime.traps import EvergraphWarning
from ..array_ops import placeholder
from ..framework import convert_to_tensor
from ..gradients_impl import gradients
from .gradient_checker import _numeric, _session, _size, _theoretical


def _to_numpy(a: Any) -> Any:
    """The value of a tensor in the default session; other values as they are."""
    return _session().run(a) if hasattr(a, "graph") else a


def _pair(x: Any, data: Any, y: Any, y_shape: Any, delta: float, extra: Any) -> tuple[Any, Any]:
    dy = placeholder(y.dtype.base_dtype, y_shape)
    (dx,) = gradients(y, x, dy)
    numeric = _numeric(x, data, y, y_shape, delta, extra)
    if dx is not None:
        return _theoretical(x, data, dx, y, dy, y_shape, extra), numeric
    size = _size(data.shape, x.dtype), _size(y_shape, y.dtype)
    return np.zeros(size, x.dtype.real_dtype.as_numpy_dtype), numeric


def compute_gradient(
    f: Callable[..., Any], x: Sequence[Any], delta: Any = 1e-3
) -> tuple[list[Any], list[Any]]:
    """The Jacobians of `f(*x)` by each argument: by gradients, and by central differences.

    Row i, column j is the derivative of the j-th element of the result by the argument's i-th. The
    function gets placeholders of no known shape; all runs in the default session.
    """
    if not isinstance(x, (list, tuple)):
        raise ValueError("`x` must be a list or tuple of the arguments of the function.")
    data = [np.asarray(_to_numpy(convert_to_tensor(v))) for v in x]
    dtypes = [convert_to_tensor(v).dtype.base_dtype for v in x]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvergraphWarning)
        xs = [placeholder(d) for d in dtypes]
        y = f(*xs)
        feeds = dict(zip(xs, data, strict=True))
        shape = np.shape(_session().run(y, feeds))
        pairs = [
            _pair(one, value, y, shape, delta, feeds) for one, value in zip(xs, data, strict=True)
        ]
    return [a for a, _ in pairs], [b for _, b in pairs]


def max_error(grad1: Sequence[Any], grad2: Sequence[Any]) -> float:
    """The largest difference between two lists of Jacobians; 0 if they are empty."""
    return max(
        (float(np.fabs(a - b).max()) for a, b in zip(grad1, grad2, strict=True) if a.size),
        default=0.0,
    )
