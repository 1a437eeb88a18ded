"""`tf.keras.regularizers`: penalties on weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import array_ops, math_ops
from . import lookup

__all__ = ["L1L2", "Regularizer", "deserialize", "get", "l1", "l1_l2", "l2", "serialize"]


class Regularizer:
    """Base of the regularizers: called with weights, it gives a penalty."""

    def __call__(self, x: Any) -> Any:
        """The penalty on the weights `x`."""
        return 0.0

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The regularizer that `get_config` describes."""
        return cls(**config)


class L1L2(Regularizer):
    """`l1 * sum(|x|) + l2 * sum(x^2)`."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1, self.l2 = np.float32(l1), np.float32(l2)

    def __call__(self, x: Any) -> Any:
        """The penalty on the weights `x`."""
        if not self.l1 and not self.l2:
            return array_ops.constant(0.0)
        penalty: Any = 0.0
        if self.l1:
            penalty += self.l1 * math_ops.reduce_sum(math_ops.abs(x))
        if self.l2:
            penalty += self.l2 * math_ops.reduce_sum(math_ops.square(x))
        return penalty

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {"l1": float(self.l1), "l2": float(self.l2)}


def l1(l: float = 0.01) -> L1L2:  # noqa: E741
    """`l * sum(|x|)`."""
    return L1L2(l1=l)


def l2(l: float = 0.01) -> L1L2:  # noqa: E741
    """`l * sum(x^2)`."""
    return L1L2(l2=l)


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """`l1 * sum(|x|) + l2 * sum(x^2)`."""
    return L1L2(l1=l1, l2=l2)


def serialize(regularizer: Any) -> Any:
    """The name or configuration of a regularizer."""
    return lookup.serialize(regularizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The regularizer of a name or configuration; ValueError if there is none."""
    known = {"L1L2": L1L2, "l1": l1, "l2": l2, "l1_l2": l1_l2}
    found = lookup.deserialize(config, known, custom_objects, "regularizer")
    return found() if found in (l1, l2, l1_l2) else found


def get(identifier: Any) -> Any:
    """The regularizer that `identifier` names or is; None for None."""
    if identifier is None or callable(identifier):
        return identifier
    if not isinstance(identifier, (str, Mapping)):
        raise ValueError("Could not interpret regularizer identifier:", identifier)
    return deserialize(identifier)
