"""`tf.keras.constraints`: projections of weights, applied after an update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import clip_ops, math_ops
from . import lookup

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]

_EPSILON = 1e-7


class Constraint:
    """Base of the constraints: called with weights, it gives weights that are allowed."""

    def __call__(self, w: Any) -> Any:
        """The weights, projected."""
        return w

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {}


def _norms(w: Any, axis: Any) -> Any:
    squares = math_ops.reduce_sum(math_ops.square(w), axis=axis, keepdims=True)
    return math_ops.sqrt(clip_ops.clip_by_value(squares, 0.0, float("inf")))


class MaxNorm(Constraint):
    """Scales down to a Euclidean norm of `max_value` along `axis` what exceeds it."""

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Any:
        """The weights, projected."""
        norms = _norms(w, self.axis)
        desired = clip_ops.clip_by_value(norms, 0.0, float(self.max_value))
        return w * (desired / (_EPSILON + norms))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {"max_value": self.max_value, "axis": self.axis}


class NonNeg(Constraint):
    """Sets negative weights to zero."""

    def __call__(self, w: Any) -> Any:
        """The weights, projected."""
        return w * math_ops.cast(math_ops.greater_equal(w, 0.0), w.dtype.base_dtype)


class UnitNorm(Constraint):
    """Scales to Euclidean norm 1 along `axis`."""

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """The weights, projected."""
        return w / (_EPSILON + _norms(w, self.axis))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """Moves the Euclidean norm along `axis` into [min_value, max_value], by the part `rate`."""

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0
    ) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Any:
        """The weights, projected."""
        norms = _norms(w, self.axis)
        inside = clip_ops.clip_by_value(norms, float(self.min_value), float(self.max_value))
        desired = self.rate * inside + (1 - self.rate) * norms
        return w * (desired / (_EPSILON + norms))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        limits = {"min_value": self.min_value, "max_value": self.max_value}
        return {**limits, "rate": self.rate, "axis": self.axis}


max_norm = maxnorm = MaxNorm
non_neg = nonneg = NonNeg
unit_norm = unitnorm = UnitNorm
min_max_norm = MinMaxNorm

_KNOWN = {
    name: value
    for name, value in globals().items()
    if isinstance(value, type) and issubclass(value, Constraint)
}


def serialize(constraint: Any) -> Any:
    """The name or configuration of a constraint."""
    return lookup.serialize(constraint)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The constraint of a name or configuration; ValueError if there is none."""
    return lookup.deserialize(config, _KNOWN, custom_objects, "constraint")


def get(identifier: Any) -> Any:
    """The constraint that `identifier` names or is; None for None."""
    if identifier is None or callable(identifier):
        return identifier
    if not isinstance(identifier, (str, Mapping)):
        raise ValueError(f"Could not interpret constraint identifier: {identifier}")
    return deserialize(identifier)
