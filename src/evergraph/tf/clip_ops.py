"""Clipping of values and of norms, by themselves or over a list of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.dtypes import float32
from ..core.shape import merge
from ..core.tensor import Tensor
from ..ops.indexed_slices import IndexedSlices
from . import array_ops
from .dispatch import dispatched
from .dtype_ops import cast
from .emitting import emit_tensor
from .framework import colocate_with, convert_to_tensor, name_scope
from .reduction_ops import reduce_sum

__all__ = [
    "clip_by_average_norm",
    "clip_by_global_norm",
    "clip_by_norm",
    "clip_by_value",
    "global_norm",
]


def _values(t: Any, name: str) -> Tensor:
    return convert_to_tensor(t.values if isinstance(t, IndexedSlices) else t, name=name)


def _in_form_of(t: Any, values: Any) -> Any:
    if isinstance(t, IndexedSlices):
        return IndexedSlices(values, t.indices, t.dense_shape)
    return values


def _same_shape(values: Tensor, clipped: Tensor) -> None:
    """ValueError where a bound would broadcast the values to a larger shape."""
    merge(values.static_shape, clipped.static_shape)


@dispatched
def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: Any = None) -> Any:
    """The tensor with its elements kept between the bounds, which broadcast to its shape."""
    with name_scope(name, "clip_by_value", [t, clip_value_min, clip_value_max]) as scope:
        values = _values(t, "t")
        below = emit_tensor("Minimum", values, clip_value_max)
        _same_shape(values, below)
        clipped = emit_tensor("Maximum", below, clip_value_min, name=scope)
        _same_shape(values, clipped)
        return _in_form_of(t, clipped)


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: Any = None) -> Any:
    """The tensor, scaled down where its Euclidean norm over `axes` (default: all) is larger."""
    with name_scope(name, "clip_by_norm", [t, clip_norm]) as scope:
        values: Any = _values(t, "t")
        total: Any = reduce_sum(values * values, axes, keepdims=True)
        positive = total > 0
        # The root has no gradient at zero: there the gradient of the zero itself is taken.
        safe = array_ops.where(positive, total, array_ops.ones_like(total))
        norm = array_ops.where(positive, emit_tensor("Sqrt", safe), total)
        scaled = values * clip_norm
        _same_shape(values, scaled)
        clipped = array_ops.identity(scaled / emit_tensor("Maximum", norm, clip_norm), name=scope)
        return _in_form_of(t, clipped)


def clip_by_average_norm(t: Any, clip_norm: Any, name: Any = None) -> Tensor:
    """The tensor, scaled down where its Euclidean norm an element is larger than `clip_norm`."""
    with name_scope(name, "clip_by_average_norm", [t, clip_norm]) as scope:
        x: Any = convert_to_tensor(t, name="t")
        count = cast(array_ops.size(x), float32)
        total = reduce_sum(x * x, array_ops.range(array_ops.rank(x)))
        inverse: Any = emit_tensor("Rsqrt", total)
        scaled = x * clip_norm
        factor = emit_tensor("Minimum", inverse * count, _one(float32) / clip_norm)
        return array_ops.identity(scaled * factor, name=scope)


def _one(dtype: Any) -> Any:
    return array_ops.constant(1.0, dtype=dtype)


# -- lists of tensors --------------------------------------------------------------------------


def _listed(t_list: Any) -> list[Any]:
    if not isinstance(t_list, Sequence) or isinstance(t_list, str):
        raise TypeError("t_list should be a sequence")
    return list(t_list)


def _converted(tensors: Sequence[Any]) -> list[Any]:
    return [None if t is None else _values(t, f"t_{i}") for i, t in enumerate(tensors)]


def global_norm(t_list: Any, name: Any = None) -> Tensor:
    """The Euclidean norm of all elements of a list of tensors; None among them is left out."""
    tensors = _listed(t_list)
    with name_scope(name, "global_norm", tensors):
        halves = []
        for v in _converted(tensors):
            if v is not None:
                with colocate_with(v):
                    halves.append(emit_tensor("L2Loss", v))
        half: Any = reduce_sum(array_ops.stack(halves))
        total = half * array_ops.constant(2.0, dtype=half.dtype)
        return emit_tensor("Sqrt", total, name="global_norm")


def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: Any = None
) -> tuple[list[Any], Any]:
    """The tensors, all scaled by one factor so that their global norm is at most `clip_norm`.

    Gives the list and the norm before. Where that norm is not finite, everything becomes NaN.
    Pascanu et al., On the difficulty of training recurrent neural networks (2012).
    """
    tensors = _listed(t_list)
    norm: Any = global_norm(tensors, name) if use_norm is None else use_norm
    with name_scope(name, "clip_by_global_norm", [*tensors, clip_norm]) as scope:
        least = emit_tensor("Minimum", 1.0 / norm, _one(norm.dtype) / clip_norm)
        finite_scale = clip_norm * least
        finite = emit_tensor("IsFinite", norm)
        nan = array_ops.constant(float("nan"), dtype=norm.dtype)
        scale = array_ops.where(finite, finite_scale, nan)
        clipped = [_scaled(v, scale, f"{scope}_{i}") for i, v in enumerate(_converted(tensors))]
        return [_in_form_of(t, c) for t, c in zip(tensors, clipped, strict=True)], norm


def _scaled(values: Any, scale: Any, name: str) -> Tensor | None:
    if values is None:
        return None
    with colocate_with(values):
        return array_ops.identity(values * scale, name=name)
