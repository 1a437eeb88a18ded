"""Branches on predicates that may be known while the graph is built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..core.values import constant_value
from .variables import Variable


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """`tf.cond`, for modules that the one of `tf.cond` itself builds on."""
    from .namespaces import resolve

    return resolve("tf", "cond")(pred, true_fn, false_fn)


def static_predicate(pred: Any) -> bool | None:
    """The truth of a bool, 0, 1 or constant tensor; None where a run decides it.

    Raises TypeError for what is no predicate.
    """
    if isinstance(pred, Variable):
        return None
    if isinstance(pred, Tensor):
        value = constant_value(pred)
        return None if value is None else bool(value)
    if isinstance(pred, (bool, np.bool_)) or pred in (0, 1):
        return bool(pred)
    raise TypeError(f"`pred` must be a Tensor, or a Python bool, or 1 or 0. Found instead: {pred}")


def smart_cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """`tf.cond`, except that a predicate known while building takes its branch at once."""
    value = static_predicate(pred)
    if value is None:
        return cond(pred, true_fn, false_fn)
    return true_fn() if value else false_fn()
