"""Sets in the last axis of tensors, dense or sparse: union, intersection, difference, size.

A set is what stands along the last axis; the axes before it are its group. In a sparse result the
values of each group are sorted and stand from 0 on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.allocation import allocatable
from ..core.opdef import NO_GRADIENT, Attrs, Values, define
from ..core.shape import Shape
from . import coordinates as co
from .sparse_shapes import dim, rank_from, triple

Groups = dict[tuple[int, ...], set[Any]]

_TYPES = "T:type{int8,int16,int32,int64,uint8,uint16,string}"
_OPERATIONS: dict[str, Callable[[set[Any], set[Any]], set[Any]]] = {
    "a-b": lambda a, b: a - b,
    "b-a": lambda a, b: b - a,
    "intersection": lambda a, b: a & b,
    "union": lambda a, b: a | b,
}


def _check_rank(shape: Sequence[int]) -> None:
    if len(shape) < 2:
        raise ValueError(f"Shape {list(shape)} has rank {len(shape)} < 2")


def _dense_groups(x: Any) -> tuple[Groups, tuple[int, ...]]:
    _check_rank(x.shape)
    rows = x.reshape(-1, x.shape[-1]) if x.size else x.reshape(0, x.shape[-1])
    groups = {}
    for place, row in zip(np.ndindex(x.shape[:-1]), rows.tolist(), strict=False):
        groups[place] = set(row)
    return groups, x.shape[:-1]


def _sparse_groups(parts: Sequence[Any], validate: bool) -> tuple[Groups, tuple[int, ...]]:
    indices, values, shape = parts
    co.check(indices, values, shape)
    _check_rank(shape.tolist())
    if validate and len(indices):
        places = co.order(indices)
        if np.any(np.diff(places) < 0):
            raise ValueError("The indices of a sparse set are out of order: use tf.sparse.reorder.")
        if np.any(np.all(indices[1:] == indices[:-1], axis=1)):
            raise ValueError("The indices of a sparse set are repeated.")
    groups: Groups = {}
    for place, value in zip(map(tuple, indices[:, :-1].tolist()), values.tolist(), strict=True):
        groups.setdefault(place, set()).add(value)
    return groups, tuple(shape[:-1].tolist())


def _as_result(groups: Groups, shape: tuple[int, ...], dtype: Any) -> Any:
    places = sorted(place for place, found in groups.items() if found)
    indices = [(*place, n) for place in places for n in range(len(groups[place]))]
    values = [v for place in places for v in sorted(groups[place])]
    longest = max((len(groups[place]) for place in places), default=0)
    return (
        np.array(indices, np.int64).reshape(-1, len(shape) + 1),
        np.array(values, dtype),
        np.array([*shape, longest], np.int64),
    )


def _set_operation(first: str, second: str) -> Callable[..., Any]:
    """The kernel for operands that are each `dense` or `sparse`."""

    def kernel(xp: Any, inputs: Any, attrs: Attrs) -> Any:
        combine = _OPERATIONS.get(attrs["set_operation"].lower())
        if combine is None:
            raise ValueError(f"Invalid set_operation {attrs['set_operation']}.")
        rest = list(inputs)
        sides = []
        for kind in (first, second):
            parts = [rest.pop(0) for _ in range(1 if kind == "dense" else 3)]
            sides.append(
                _dense_groups(parts[0])
                if kind == "dense"
                else _sparse_groups(parts, attrs["validate_indices"])
            )
        (a, a_shape), (b, b_shape) = sides
        if a_shape != b_shape:
            raise ValueError(f"Mismatched shapes {list(a_shape)} vs {list(b_shape)}")
        none: set[Any] = set()
        found = {p: combine(a.get(p, none), b.get(p, none)) for p in a.keys() | b.keys()}
        dtype = inputs[0 if first == "dense" else 1].dtype
        return _as_result(found, a_shape, dtype)

    return kernel


def _operation_shape(first: str, second: str) -> Callable[..., list[Shape]]:
    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        ranks, at = [], 0
        for kind in (first, second):
            if kind == "dense":
                shape = shapes[at]
                ranks.append(None if shape is None else len(shape))
                at += 1
            else:
                ranks.append(rank_from(dim(shapes[at], 1), dim(shapes[at + 2], 0)))
                at += 3
        for rank in ranks:
            if rank is not None and rank < 2:
                raise ValueError(f"Input {first} set has rank {rank}, it needs 2 at least.")
        known = {r for r in ranks if r is not None}
        if len(known) > 1:
            raise ValueError(f"Ranks do not match: {ranks[0]} and {ranks[1]}.")
        return triple(None, rank_from(*ranks))

    return rule


_SET1 = "set1_indices:int64 set1_values:T set1_shape:int64"
_SET2 = "set2_indices:int64 set2_values:T set2_shape:int64"
for _name, _inputs, _kinds in (
    ("DenseToDenseSetOperation", "set1:T set2:T", ("dense", "dense")),
    ("DenseToSparseSetOperation", f"set1:T {_SET2}", ("dense", "sparse")),
    ("SparseToSparseSetOperation", f"{_SET1} {_SET2}", ("sparse", "sparse")),
):
    define(
        _name,
        f"{_inputs} -> result_indices:int64 result_values:T result_shape:int64",
        f"set_operation:string; validate_indices:bool=true; {_TYPES}",
        shape=_operation_shape(*_kinds),
        kernel=_set_operation(*_kinds),
        grad=NO_GRADIENT,
        data_dependent=True,
    )


def _set_size(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    groups, shape = _sparse_groups(inputs, attrs["validate_indices"])
    sizes = np.zeros(allocatable(shape, np.int32), np.int32)
    for place, found in groups.items():
        sizes[place] = len(found)
    return sizes


def _set_size_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    """Unknown, as in TensorFlow: what is built on a size has the same ops only if that is so."""
    return [None]


define(
    "SetSize",
    "set_indices:int64 set_values:T set_shape:int64 -> size:int32",
    f"validate_indices:bool=true; {_TYPES}",
    shape=_set_size_shape,
    kernel=_set_size,
    grad=NO_GRADIENT,
    data_dependent=True,
)
