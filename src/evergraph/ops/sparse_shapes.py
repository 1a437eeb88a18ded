"""Ops that rearrange sparse tensors: reorder, reshape, slice, concatenate, split, fill rows.

A sparse tensor is three operands: indices [n, rank], values [n], dense shape [rank].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.allocation import allocatable
from ..core.emit import apply
from ..core.opdef import NO_GRADIENT, Attrs, Values, define
from ..core.shape import Shape
from . import coordinates as co


def dim(shape: Shape, axis: int) -> int | None:
    """An extent of a shape, None while it is not known."""
    return None if shape is None or axis >= len(shape) else shape[axis]


def triple(count: int | None, rank: int | None) -> list[Shape]:
    """The shapes of a sparse tensor's three parts."""
    return [(count, rank), (count,), (rank,)]


def rank_from(*known: int | None) -> int | None:
    """The first rank that is known."""
    return next((n for n in known if n is not None), None)


# -- order -----------------------------------------------------------------------------------
def _reorder(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    indices, values, shape = inputs
    co.check_ranks(indices, values, shape)
    places = co.order(indices)
    return indices[places], values[places]


def _reorder_grad(op: Any, unused: Any, dy: Any) -> list[Any]:
    indices, _, shape = op.inputs
    places = apply("Range", 0, apply("Size", op.inputs[1]), 1)
    moved = apply("SparseReorder", indices, places, shape)[1]
    return [None, apply("GatherV2", dy, apply("InvertPermutation", moved), 0), None]


define(
    "SparseReorder",
    "input_indices:int64 input_values:T input_shape:int64 -> output_indices:int64 output_values:T",
    "T:type",
    shape=lambda shapes, attrs, values: [shapes[0], shapes[1]],
    kernel=_reorder,
    grad=_reorder_grad,
)


# -- shape -----------------------------------------------------------------------------------
def _completed(target: Any, shape: Any) -> np.ndarray[Any, Any]:
    """The new shape with its unknown extent worked out."""
    size = co.size_of(shape)
    unknown = np.flatnonzero(target == -1)
    if len(unknown) > 1:
        raise ValueError(
            f"only one output dimension may be -1, not both {unknown[0]} and {unknown[1]}"
        )
    if np.any(target < -1):
        raise ValueError(f"the new shape must not be negative: {target.tolist()}")
    known = co.size_of(target[target != -1])
    new = np.array(target, np.int64)
    if len(unknown):
        if known == 0 and size:
            raise ValueError(f"reshape cannot infer the missing size for {target.tolist()}")
        if known and size % known:
            raise ValueError(
                f"Input to reshape is a SparseTensor with {size} dense values, but the requested "
                f"shape requires a multiple of {known}. input_shape={np.asarray(shape).tolist()} "
                f"output_shape={target.tolist()}"
            )
        new[unknown] = size // known if known else 0
    elif known != size:
        raise ValueError(
            f"Input to reshape is a tensor with {size} dense values, but the requested shape has "
            f"{known}. input_shape={np.asarray(shape).tolist()} output_shape={target.tolist()}"
        )
    return new


def _reshape(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    indices, shape, target = inputs
    if indices.ndim != 2 or shape.ndim != 1 or target.ndim != 1:
        raise ValueError(
            "Input indices should be a matrix, input and target shapes vectors; got shapes "
            f"{indices.shape}, {shape.shape} and {target.shape}"
        )
    if indices.shape[1] != len(shape):
        raise ValueError(
            f"Input tensor rank must match input shape length: {indices.shape[1]} != {len(shape)}"
        )
    new = _completed(target, shape)
    if np.array_equal(new, shape):
        return indices, new
    co.check_inside(indices, shape)
    return co.unflat(co.flat(indices, shape), new), new


define(
    "SparseReshape",
    "input_indices:int64 input_shape:int64 new_shape:int64 "
    "-> output_indices:int64 output_shape:int64",
    shape=lambda shapes, attrs, values: [
        (dim(shapes[0], 0), dim(shapes[2], 0)),
        (dim(shapes[2], 0),),
    ],
    kernel=_reshape,
    grad=NO_GRADIENT,
)


# -- slices ----------------------------------------------------------------------------------
def _slice(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    indices, values, shape, start, size = inputs
    co.check_ranks(indices, values, shape)
    if start.shape != shape.shape or size.shape != shape.shape:
        raise ValueError(
            f"Expected start and size to be vectors of length {len(shape)}, got shapes "
            f"{start.shape} and {size.shape}"
        )
    if np.any(start < 0) or np.any(size < 0):
        raise ValueError("start and size of a slice must not be negative")
    end = start + np.minimum(size, np.maximum(shape - start, 0))
    kept = np.all((indices >= start) & (indices < end), axis=1)
    return indices[kept] - start, values[kept], np.maximum(end - start, 0)


def _slice_grad(op: Any, unused: Any, dy: Any, unused_shape: Any) -> list[Any]:
    indices, start = op.inputs[0], op.inputs[3]
    got = apply("SparseSliceGrad", dy, indices, start, op.outputs[0])
    return [None, got, None, None, None]


def _values_at(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    dy, indices, start, kept = inputs
    if indices.ndim != 2 or kept.ndim != 2 or indices.shape[1] != kept.shape[1]:
        raise ValueError(f"Indices of shapes {indices.shape} and {kept.shape} do not fit together")
    if dy.shape != (len(kept),) or start.shape != (indices.shape[1],):
        raise ValueError(
            f"Expected {len(kept)} gradients and a start of length {indices.shape[1]}, got shapes "
            f"{dy.shape} and {start.shape}"
        )
    rows, (of_all, of_kept) = co.unique_rows(indices, kept + start)
    grads = np.zeros(len(rows), dy.dtype)
    grads[of_kept] = dy
    return grads[of_all]


define(
    "SparseSlice",
    "indices:int64 values:T shape:int64 start:int64 size:int64 "
    "-> output_indices:int64 output_values:T output_shape:int64",
    "T:type",
    shape=lambda shapes, attrs, values: triple(
        None, rank_from(dim(shapes[2], 0), dim(shapes[0], 1))
    ),
    kernel=_slice,
    grad=_slice_grad,
    data_dependent=True,
)
define(
    "SparseSliceGrad",
    "backprop_val_grad:T input_indices:int64 input_start:int64 output_indices:int64 -> val_grad:T",
    "T:type{number}",
    shape=lambda shapes, attrs, values: [(dim(shapes[1], 0),)],
    kernel=_values_at,
)


# -- concatenation and splitting ---------------------------------------------------------------
def _concat_axis(attrs: Attrs, rank: int) -> int:
    axis = int(attrs["concat_dim"])
    if not -rank <= axis < rank:
        raise ValueError(f"Concat dimension must be in range [{-rank}, {rank}), got {axis}")
    return axis % rank


def _concat(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    n = attrs["N"]
    indices, values, shapes = inputs[:n], inputs[n : 2 * n], inputs[2 * n :]
    for i, part in enumerate(zip(indices, values, shapes, strict=True)):
        co.check_ranks(*part, f"input {i}")
    rank = len(shapes[0])
    axis = _concat_axis(attrs, rank)
    whole = np.array(shapes[0], np.int64)
    offset, moved = 0, []
    for i, (part, shape) in enumerate(zip(indices, shapes, strict=True)):
        if len(shape) != rank:
            raise ValueError(
                f"Ranks of all input tensors must match: expected {rank} but got "
                f"{len(shape)} at position {i}"
            )
        if np.any(np.delete(shape != shapes[0], axis)):
            raise ValueError(
                f"Input shapes must match: expected {shapes[0].tolist()} up to axis {axis} but got "
                f"{shape.tolist()} at position {i}"
            )
        shifted = np.array(part, np.int64)
        shifted[:, axis] += offset
        moved.append(shifted)
        offset += int(shape[axis])
    whole[axis] = offset
    together = np.concatenate(moved)
    places = co.order(together)
    return together[places], np.concatenate(values)[places], whole


def _concat_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    n = attrs["N"]
    counts = [dim(s, 0) for s in shapes[:n]]
    ranks = {dim(s, 1) for s in shapes[:n]} | {dim(s, 0) for s in shapes[2 * n :]}
    known = {r for r in ranks if r is not None}
    if len(known) > 1:
        raise ValueError(f"Dimensions must be equal: the inputs have ranks {sorted(known)}")
    rank = known.pop() if known else None
    if rank is not None:
        _concat_axis(attrs, rank)
    total = None if None in counts else sum(c for c in counts if c is not None)
    return triple(total, rank)


define(
    "SparseConcat",
    "indices:N*int64 values:N*T shapes:N*int64 "
    "-> output_indices:int64 output_values:T output_shape:int64",
    "concat_dim:int; N:int>=2; T:type",
    shape=_concat_shape,
    kernel=_concat,
    grad=NO_GRADIENT,
)


def _split(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    axis, indices, values, shape = inputs
    n = attrs["num_split"]
    co.check_ranks(indices, values, shape)
    if np.size(axis) != 1:
        raise ValueError(f"split_dim must have exactly one element, got shape {np.shape(axis)}")
    at, rank = int(np.reshape(axis, ())), len(shape)
    if not -rank <= at < rank:
        raise ValueError(f"Input split_dim should be between [{-rank}, {rank}), got {at}")
    at %= rank
    extent = int(shape[at])
    if not 1 <= n <= max(extent, 1):
        raise ValueError(f"Input num_split should be between 1 and {extent}, got {n}")
    co.check_inside(indices, shape)
    sizes = [extent // n + (i < extent % n) for i in range(n)]
    starts = np.cumsum([0, *sizes])
    parts = []
    for start, size in zip(starts, sizes, strict=False):
        kept = (indices[:, at] >= start) & (indices[:, at] < start + size)
        moved, small = indices[kept], np.array(shape)
        moved[:, at] -= start
        small[at] = size
        parts.append((moved, values[kept], small))
    return tuple(x for kind in zip(*parts, strict=True) for x in kind)


def _split_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    rank = rank_from(dim(shapes[3], 0), dim(shapes[1], 1))
    one = triple(None, rank)
    return [shape for shape in one for _ in range(attrs["num_split"])]


define(
    "SparseSplit",
    "split_dim:int64 indices:int64 values:T shape:int64 "
    "-> output_indices:num_split*int64 output_values:num_split*T output_shape:num_split*int64",
    "num_split:int>=1; T:type",
    shape=_split_shape,
    kernel=_split,
    data_dependent=True,
)


# -- empty rows ------------------------------------------------------------------------------
def _check_rows(indices: Any, shape: Any) -> None:
    if not len(shape):
        raise ValueError("Dense shape cannot be empty: filling rows needs a rank of 1 at least")
    if not shape[0] and len(indices):
        raise ValueError(
            f"Received SparseTensor with dense_shape[0] = 0 but indices.shape[0] = {len(indices)}"
        )
    outside = (indices[:, 0] < 0) | (indices[:, 0] >= shape[0])
    if np.any(outside):
        at = int(np.argmax(outside))
        raise ValueError(f"indices({at}, 0) is invalid: {indices[at, 0]} >= {shape[0]}")


def _fill_rows(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    indices, values, shape, default = inputs
    co.check_ranks(indices, values, shape)
    if np.ndim(default):
        raise ValueError(f"default_value must be a scalar, got shape {np.shape(default)}")
    _check_rows(indices, shape)
    rows = int(shape[0])
    allocatable([rows, indices.shape[1] + 4], np.int64)
    empty = np.bincount(indices[:, 0], minlength=rows) == 0
    added = np.zeros((int(empty.sum()), indices.shape[1]), np.int64)
    added[:, 0] = np.flatnonzero(empty)
    together = np.concatenate([indices, added])
    filled = np.concatenate([values, np.full(len(added), default, values.dtype)])
    places = np.argsort(together[:, 0], kind="stable")
    back = np.empty(len(places), np.int64)
    back[places] = np.arange(len(places))
    return together[places], filled[places], empty, back[: len(indices)]


def _fill_rows_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    dense = values.as_shape(2)
    rank = rank_from(dim(shapes[0], 1), dim(shapes[2], 0))
    rows = dense[0] if dense else None
    return [(None, rank), (None,), (rows,), (dim(shapes[0], 0),)]


def _fill_rows_grad(op: Any, unused: Any, dy: Any, *rest: Any) -> list[Any]:
    values, default = apply("SparseFillEmptyRowsGrad", op.outputs[3], dy)
    return [None, values, None, default]


def _gathered_rows(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    back, dy = inputs
    if back.ndim != 1 or dy.ndim != 1:
        raise ValueError(
            f"reverse_index_map and grad_values must be vectors, got shapes {back.shape} and "
            f"{dy.shape}"
        )
    if np.any((back < 0) | (back >= len(dy))):
        raise ValueError(f"Elements in reverse index must be in [0, {len(dy)})")
    unread = np.ones(len(dy), bool)
    unread[back] = False
    return dy[back], np.sum(dy[unread], dtype=dy.dtype)


define(
    "SparseFillEmptyRows",
    "indices:int64 values:T dense_shape:int64 default_value:T -> output_indices:int64 "
    "output_values:T empty_row_indicator:bool reverse_index_map:int64",
    "T:type",
    shape=_fill_rows_shape,
    kernel=_fill_rows,
    grad=_fill_rows_grad,
    data_dependent=True,
)
define(
    "SparseFillEmptyRowsGrad",
    "reverse_index_map:int64 grad_values:T -> d_values:T d_default_value:T",
    "T:type",
    shape=lambda shapes, attrs, values: [shapes[0], ()],
    kernel=_gathered_rows,
)
