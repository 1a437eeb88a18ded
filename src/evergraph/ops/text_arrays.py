"""Arrays of bytes: what the kernels of ops on text have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..core.opdef import Array, Attrs, Values
from ..core.shape import Shape

WHITESPACE = b" \t\n\v\f\r"


def texts(x: Any) -> Array:
    """An input of strings as an array of bytes objects (of rank 0 for a scalar)."""
    return x if isinstance(x, np.ndarray) else np.asarray(x, dtype=object)


def text_array(values: Iterable[Any], shape: Sequence[int] | None = None) -> Array:
    """The bytes objects as an array, a vector unless there is a shape."""
    items = list(values)
    out = np.empty(len(items), dtype=object)
    out[:] = items
    return out if shape is None else out.reshape(shape)


def mapped(function: Callable[[bytes], bytes], x: Any) -> Array:
    """`function` of each string."""
    x = texts(x)
    return text_array([function(v) for v in x.ravel().tolist()], x.shape)


def measured(function: Callable[[bytes], Any], x: Any, dtype: Any) -> Array:
    """The number that `function` gives for each string."""
    x = texts(x)
    return np.array([function(v) for v in x.ravel().tolist()], dtype).reshape(x.shape)


def text_scalar(x: Any, name: str) -> bytes:
    """The string of a scalar; ValueError for anything else."""
    array = texts(x)
    if array.ndim:
        raise ValueError(f"{name} must be a scalar, got shape: {list(array.shape)}")
    value: bytes = array[()]
    return value


def as_bytes(text: Any) -> bytes:
    """An attribute's text as bytes."""
    return text.encode() if isinstance(text, str) else bytes(text)


def same_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    """The shape rule of what works on each element of its first input."""
    return [shapes[0]]


def checked_splits(splits: Any, total: int, name: str = "splits") -> list[int]:
    """Row splits as integers; ValueError unless they rise from 0 to `total`."""
    array = np.asarray(splits)
    if array.ndim != 1 or not array.size:
        raise ValueError(f"{name} must be a vector with at least one element.")
    rows: list[int] = array.tolist()
    if rows[0] != 0:
        raise ValueError(f"First value of {name} must be 0, got {rows[0]}.")
    if any(a > b for a, b in pairwise(rows)):
        raise ValueError(f"{name} must be sorted: no row may have a negative length.")
    if rows[-1] != total:
        raise ValueError(f"The last of {name} must be the number of values, {total}: {rows[-1]}.")
    return rows
