"""Lists of coordinates, the arrays behind sparse tensors: checks, order, positions, groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def check(indices: Array, values: Array, shape: Array, name: str = "") -> None:
    """Raises ValueError unless the three make a sparse tensor, with indices inside its shape."""
    check_ranks(indices, values, shape, name)
    check_inside(indices, shape, name)


def check_ranks(indices: Array, values: Array, shape: Array, name: str = "") -> None:
    """Raises ValueError unless the three arrays fit together."""
    of = f" of {name}" if name else ""
    if indices.ndim != 2:
        raise ValueError(f"Input indices{of} should be a matrix but received shape {indices.shape}")
    if values.ndim != 1:
        raise ValueError(f"Input values{of} should be a vector but received shape {values.shape}")
    if shape.ndim != 1:
        raise ValueError(f"Input shape{of} should be a vector but received shape {shape.shape}")
    if len(values) != len(indices):
        raise ValueError(f"There are {len(indices)} indices{of}, but {len(values)} values")
    if indices.shape[1] != len(shape):
        raise ValueError(
            f"Indices{of} have {indices.shape[1]} coordinates, but the dense shape has rank "
            f"{len(shape)}"
        )
    if np.any(shape < 0):
        raise ValueError(f"The dense shape{of} must not be negative: {shape.tolist()}")


def check_inside(indices: Array, shape: Array, name: str = "") -> None:
    """Raises ValueError if an index lies outside the shape."""
    outside = np.any((indices < 0) | (indices >= shape), axis=1)
    if np.any(outside):
        at = int(np.argmax(outside))
        of = f" of {name}" if name else ""
        raise ValueError(
            f"indices[{at}]{of} = {indices[at].tolist()} is out of bounds: need 0 <= index < "
            f"{shape.tolist()}"
        )


def order(indices: Array) -> Array:
    """The places of the rows in lexicographic order; equal rows keep theirs."""
    if indices.shape[1] == 0:
        return np.arange(len(indices))
    return np.lexsort(indices.T[::-1])


def unique_rows(*parts: Array) -> tuple[Array, list[Array]]:
    """The different rows of some lists in lexicographic order, and where each list's rows are."""
    rows = np.concatenate(parts)
    if rows.shape[1] == 0 or not len(rows):
        found, where = rows[:1], np.zeros(len(rows), np.int64)
    else:
        places = order(rows)
        ordered = rows[places]
        new = np.concatenate([[True], np.any(ordered[1:] != ordered[:-1], axis=1)])
        where = np.empty(len(rows), np.int64)
        where[places] = np.cumsum(new) - 1
        found = ordered[new]
    return found, np.split(where, np.cumsum([len(p) for p in parts])[:-1])


def size_of(shape: Sequence[int] | Array) -> int:
    """The number of elements of a dense shape, of whatever size."""
    size = 1
    for extent in shape:
        size *= int(extent)
    return size


def flat(indices: Array, shape: Array) -> Array:
    """The row-major places of indices in a dense tensor.

    Raises ValueError where that tensor has too many elements to count in 63 bits.
    """
    if size_of(shape) >= 1 << 63:
        raise ValueError(f"The dense shape {shape.tolist()} has too many elements.")
    places = np.zeros(len(indices), np.int64)
    for column, extent in zip(indices.T, shape, strict=True):
        places = places * int(extent) + column
    return places


def unflat(places: Array, shape: Array) -> Array:
    """The indices of row-major places; undoes `flat`."""
    out = np.empty((len(places), len(shape)), np.int64)
    for axis in range(len(shape) - 1, -1, -1):
        places, out[:, axis] = np.divmod(places, max(int(shape[axis]), 1))
    return out


def axes_of(axes: Array, rank: int) -> list[int]:
    """The axes to reduce, sorted and without repeats; ValueError if one is out of range."""
    found = set()
    for axis in np.ravel(axes).tolist():
        if not -rank <= axis < rank:
            raise ValueError(
                f"Invalid reduction dimension {axis}, for input with {rank} dimensions."
            )
        found.add(axis % rank)
    return sorted(found)
