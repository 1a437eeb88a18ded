"""The edit distance between sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, with_rank
from .text_arrays import texts

MOST_DISTANCES = 1 << 28


def levenshtein(a: Sequence[Any], b: Sequence[Any]) -> int:
    """How many insertions, deletions and replacements make one sequence the other."""
    if len(a) < len(b):
        a, b = b, a
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            here = min(row[j] + 1, row[j - 1] + 1, last + (x != y))
            last, row[j] = row[j], here
    return row[-1]


def _check(name: str, indices: Array, values: Array, shape: Array) -> None:
    for x, rank, part in ((indices, 2, "indices"), (values, 1, "values"), (shape, 1, "shape")):
        if x.ndim != rank:
            form = "matrix" if rank == 2 else "vector"
            raise ValueError(f"{name}_{part} should be a {form}, but got shape: {list(x.shape)}")
    if len(shape) != indices.shape[1]:
        raise ValueError(
            f"Expected {name}_shape.NumElements == #cols({name}_indices), their shapes are: "
            f"{list(shape.shape)} and {list(indices.shape)}"
        )
    if len(indices) != len(values):
        raise ValueError(f"{name} has {len(indices)} indices, but {len(values)} values.")
    if (shape < 0).any():
        raise ValueError(f"{name}_shape must not be negative: {shape.tolist()}")
    outside = ((indices < 0) | (indices >= shape)).any(axis=1)
    if outside.any():
        index = indices[int(np.flatnonzero(outside)[0])].tolist()
        raise ValueError(f"{name}_indices {index} is out of bounds of shape {shape.tolist()}")


def _sequences(name: str, parts: Sequence[Any]) -> dict[tuple[int, ...], list[Any]]:
    """The sequences of a sparse tensor by their place."""
    indices, shape = np.asarray(parts[0]), np.asarray(parts[2])
    values = texts(parts[1])
    _check(name, indices, values, shape)
    found: dict[tuple[int, ...], list[Any]] = {}
    for index, value in zip(indices.tolist(), values.tolist(), strict=True):
        found.setdefault(tuple(index[:-1]), []).append(value)
    return found


def _output_shape(a: Sequence[int], b: Sequence[int]) -> tuple[int, ...]:
    if len(b) < 2:
        raise ValueError(
            f"Input SparseTensors must have rank at least 2, but truth_shape rank is: {len(b)}"
        )
    if len(a) != len(b):
        raise ValueError(
            "Expected truth and hypothesis to have matching ranks, but their shapes are: "
            f"[{len(b)}] and [{len(a)}]"
        )
    shape = tuple(max(x, y) for x, y in zip(a[:-1], b[:-1], strict=True))
    if np.prod([float(d) for d in shape]) > MOST_DISTANCES:
        raise ValueError(f"There would be too many distances: {list(shape)}.")
    return shape


def _edit_distance(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    hypothesis, truth = _sequences("hypothesis", inputs[:3]), _sequences("truth", inputs[3:])
    extents = [np.asarray(inputs[i]).tolist() for i in (2, 5)]
    out = np.zeros(_output_shape(*extents), np.float32)
    for place in hypothesis.keys() | truth.keys():
        a, b = hypothesis.get(place, []), truth.get(place, [])
        distance = float(levenshtein(a, b))
        if attrs["normalize"] and distance:
            distance = distance / len(b) if b else np.inf
        out[place] = distance
    return out


def _edit_distance_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    for i, rank in enumerate((2, 1, 1, 2, 1, 1)):
        with_rank(shapes[i], rank)
    a, b = values[2], values[5]
    if a is None or b is None:
        return [None]
    return [_output_shape(a.tolist(), b.tolist())]


define(
    "EditDistance",
    "hypothesis_indices:int64 hypothesis_values:T hypothesis_shape:int64 truth_indices:int64 "
    "truth_values:T truth_shape:int64 -> output:float32",
    "normalize:bool=true; T:type",
    shape=_edit_distance_shape,
    kernel=_edit_distance,
    grad=NO_GRADIENT,
)
