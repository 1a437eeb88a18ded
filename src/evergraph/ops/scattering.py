"""Gathering and scattering of rows and elements: what selection and state ops share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.opdef import Array
from ..core.shape import Shape, merge, show, show_brackets
from .operands import is_numpy

_UFUNCS = {
    "Add": "add",
    "Sub": "subtract",
    "Mul": "multiply",
    "Div": "divide",
    "Min": "minimum",
    "Max": "maximum",
}
_JAX = {"Update": "set", "Add": "add", "Mul": "multiply", "Min": "min", "Max": "max"}


def check_indices(xp: Any, indices: Array, limit: int) -> None:
    """Raises ValueError where an index is not in [0, limit)."""
    if not is_numpy(xp) or not np.size(indices):
        return
    array = np.asarray(indices)
    if array.min() < 0 or array.max() >= limit:
        at = np.argwhere((array < 0) | (array >= limit))[0]
        where = ",".join(str(i) for i in at)
        raise ValueError(f"indices[{where}] = {array[tuple(at)]} is not in [0, {limit})")


def _check_coordinates(indices: Array, shape: Sequence[int], what: str) -> None:
    """Raises ValueError where a vector of coordinates lies outside a shape."""
    limits = np.asarray(shape[: indices.shape[-1]])
    outside = np.any((indices < 0) | (indices >= limits), axis=-1)
    if np.any(outside):
        at = tuple(np.argwhere(outside)[0])
        where = ",".join(str(i) for i in at)
        vector = ", ".join(str(i) for i in indices[at].tolist())
        raise ValueError(
            f"indices[{where}] = [{vector}] does not index into {what} "
            f"{show_brackets(tuple(shape))}"
        )


def nd_index(
    xp: Any, indices: Array, shape: Sequence[int], what: str = "shape"
) -> tuple[Array, ...]:
    """The index that vectors of coordinates (the last axis of `indices`) stand for."""
    depth = indices.shape[-1]
    if depth > len(shape):
        raise ValueError(
            f"The last axis of indices ({depth}) must not exceed the rank of shape "
            f"{show(tuple(shape))}."
        )
    if is_numpy(xp):
        _check_coordinates(np.asarray(indices), shape, what)
    return tuple(indices[..., i] for i in range(depth))


def scatter(xp: Any, target: Array, index: Any, updates: Array, how: str) -> Array:
    """A copy of `target` with `updates` applied at `index`, one after the other.

    `how` is Update, Add, Sub, Mul, Div, Min or Max.
    """
    if not is_numpy(xp):
        return _scatter_at(target, index, updates, how)
    out = np.array(target)
    if how == "Update":
        out[index] = updates
    elif how == "Div" and out.dtype.kind in "iu":
        _divide_rows(out, index, updates)
    else:
        getattr(np, _UFUNCS[how]).at(out, index, updates)
    return out


def _scatter_at(target: Array, index: Any, updates: Array, how: str) -> Array:
    at = target.at[index]
    if how == "Sub":
        return at.add(-updates)
    if how == "Div":
        return at.divide(updates)
    return getattr(at, _JAX[how])(updates)


def _divide_rows(out: Array, index: Any, updates: Array) -> None:
    """Integer division that rounds towards zero, row by row since indices may repeat."""
    rows = np.arange(out.size).reshape(out.shape)[index].ravel()
    flat = out.reshape(-1)
    values = np.broadcast_to(updates, out[index].shape).ravel()
    for i, v in zip(rows.tolist(), values.tolist(), strict=True):
        quotient = abs(int(flat[i])) // abs(v)
        flat[i] = quotient if (flat[i] >= 0) == (v >= 0) else -quotient


def rows_shape(target: Shape, indices: Shape, updates: Shape) -> None:
    """Raises ValueError unless updates are rows of the target, or a scalar."""
    if target is None or indices is None or updates is None or updates == ():
        return
    merge(updates, (*indices, *target[1:]))


def elements_shape(target: Shape, indices: Shape, updates: Shape) -> None:
    """Raises ValueError unless updates are the elements or slices that indices name."""
    if target is None or indices is None or updates is None or not indices:
        return
    depth = indices[-1]
    if depth is not None:
        if depth > len(target):
            raise ValueError(
                f"The last axis of indices ({depth}) must not exceed the rank of shape "
                f"{show(target)}."
            )
        merge(updates, (*indices[:-1], *target[depth:]))


def scatter_rows(how: str) -> Callable[..., Array]:
    """`kernel(xp, target, indices, updates)` that applies updates to rows."""

    def run(xp: Any, target: Array, indices: Array, updates: Array) -> Array:
        rows_shape(target.shape, indices.shape, updates.shape)
        check_indices(xp, indices, target.shape[0])
        return scatter(xp, target, indices, updates, how)

    return run


def scatter_elements(how: str) -> Callable[..., Array]:
    """`kernel(xp, target, indices, updates)` that applies updates to elements or slices."""

    def run(xp: Any, target: Array, indices: Array, updates: Array) -> Array:
        elements_shape(target.shape, indices.shape, updates.shape)
        index = nd_index(xp, indices, target.shape)
        return scatter(xp, target, index, updates, how)

    return run
