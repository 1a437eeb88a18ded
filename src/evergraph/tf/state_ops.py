"""Assigning to variables, whole or in part."""

from __future__ import annotations

from typing import Any

from ..core.emit import apply
from ..core.tensor import Tensor
from . import array_ops
from .framework import convert_to_tensor, name_scope

__all__ = [
    "assign",
    "assign_add",
    "assign_sub",
    "batch_scatter_update",
    "count_up_to",
    "scatter_add",
    "scatter_div",
    "scatter_max",
    "scatter_min",
    "scatter_mul",
    "scatter_nd_add",
    "scatter_nd_sub",
    "scatter_nd_update",
    "scatter_sub",
    "scatter_update",
]


def _is_ref(ref: Any) -> bool:
    return bool(ref.dtype._is_ref_dtype)


def assign(
    ref: Any, value: Any, validate_shape: Any = None, use_locking: Any = None, name: Any = None
) -> Any:
    """Sets the variable to `value`; gives the variable after it.

    With `validate_shape` (the default) the value must have the variable's shape.
    """
    if not _is_ref(ref):
        return ref.assign(value, name=name)
    return apply(
        "Assign",
        ref,
        value,
        validate_shape=validate_shape is None or bool(validate_shape),
        use_locking=use_locking is None or bool(use_locking),
        name=name,
    )


def assign_add(ref: Any, value: Any, use_locking: Any = None, name: Any = None) -> Any:
    """Adds `value` to the variable; gives the variable after it."""
    if not _is_ref(ref):
        return ref.assign_add(value)
    return apply("AssignAdd", ref, value, use_locking=bool(use_locking), name=name)


def assign_sub(ref: Any, value: Any, use_locking: Any = None, name: Any = None) -> Any:
    """Subtracts `value` from the variable; gives the variable after it."""
    if not _is_ref(ref):
        return ref.assign_sub(value)
    return apply("AssignSub", ref, value, use_locking=bool(use_locking), name=name)


def count_up_to(ref: Any, limit: int, name: Any = None) -> Tensor:
    """The variable's value before adding 1; OutOfRangeError in the run at `limit`."""
    if not _is_ref(ref):
        return apply("ResourceCountUpTo", ref.handle, limit=limit, T=ref.dtype, name=name)  # type: ignore[no-any-return]
    return apply("CountUpTo", ref, limit=limit, name=name)  # type: ignore[no-any-return]


def _scatter(op_type: str, ref: Any, indices: Any, updates: Any, locking: bool, name: Any) -> Any:
    if not _is_ref(ref):
        return ref._update(op_type, (indices, updates), name)
    return apply(op_type, ref, indices, updates, use_locking=locking, name=name)


def scatter_update(
    ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: Any = None
) -> Any:
    """Sets the rows that `indices` name to `updates`; gives the variable after it."""
    return _scatter("ScatterUpdate", ref, indices, updates, use_locking, name)


def scatter_add(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: Any = None
) -> Any:
    """Adds `updates` to the rows that `indices` name; rows named twice get both."""
    return _scatter("ScatterAdd", ref, indices, updates, use_locking, name)


def scatter_sub(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: Any = None
) -> Any:
    """Subtracts `updates` from the rows that `indices` name."""
    return _scatter("ScatterSub", ref, indices, updates, use_locking, name)


def scatter_mul(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: Any = None
) -> Any:
    """Multiplies the rows that `indices` name by `updates`."""
    return _scatter("ScatterMul", ref, indices, updates, use_locking, name)


def scatter_div(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: Any = None
) -> Any:
    """Divides the rows that `indices` name by `updates`."""
    return _scatter("ScatterDiv", ref, indices, updates, use_locking, name)


def scatter_max(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: Any = None
) -> Any:
    """Sets the rows that `indices` name to the maximum of them and `updates`."""
    return _scatter("ScatterMax", ref, indices, updates, use_locking, name)


def scatter_min(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: Any = None
) -> Any:
    """Sets the rows that `indices` name to the minimum of them and `updates`."""
    return _scatter("ScatterMin", ref, indices, updates, use_locking, name)


def scatter_nd_update(
    ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: Any = None
) -> Any:
    """Sets the elements or slices that the vectors in `indices` name to `updates`."""
    return _scatter("ScatterNdUpdate", ref, indices, updates, use_locking, name)


def scatter_nd_add(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: Any = None
) -> Any:
    """Adds `updates` to the elements or slices that the vectors in `indices` name."""
    return _scatter("ScatterNdAdd", ref, indices, updates, use_locking, name)


def scatter_nd_sub(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: Any = None
) -> Any:
    """Subtracts `updates` from the elements or slices that the vectors in `indices` name."""
    return _scatter("ScatterNdSub", ref, indices, updates, use_locking, name)


def batch_scatter_update(
    ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: Any = None
) -> Any:
    """`scatter_update` in every entry of the leading axes, along the last axis of `indices`."""
    with name_scope(name):
        chosen = convert_to_tensor(indices, name="indices")
        dims: Any = array_ops.shape(chosen)
        if chosen.static_shape is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        rank = len(chosen.static_shape)
        last = array_ops.expand_dims(chosen, axis=-1)
        columns = []
        for d in range(rank - 1):
            around: list[Any] = [1] * (rank + 1)
            around[d] = dims[d]
            numbers: Any = array_ops.reshape(apply("Range", 0, dims[d], 1), around)
            if numbers.dtype is not last.dtype.base_dtype:
                numbers = apply("Cast", numbers, DstT=last.dtype.base_dtype)
            columns.append(numbers * array_ops.ones_like(last))
        points = array_ops.concat([*columns, last], axis=-1)
        return scatter_nd_update(ref, points, updates, use_locking=use_locking)
