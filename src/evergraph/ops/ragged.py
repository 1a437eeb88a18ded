"""Ops on ragged tensors: values with the places at which their rows are split."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..core.allocation import allocatable
from ..core.emit import apply
from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, merge, with_rank
from ..core.tensor import Literal, Operation, Tensor, axes_literal
from .indexed_slices import IndexedSlices

MOST_VALUES = 1 << 31


def _row_splits(splits: Any, total: int, name: str) -> Array:
    """Row splits, checked: a vector that rises from 0 to `total`."""
    array = np.asarray(splits)
    if array.ndim != 1 or not array.size:
        raise ValueError(f"ragged splits may not be empty: {name} must be a vector of one or more.")
    if array[0] != 0:
        raise ValueError(f"First value of ragged splits must be 0, as {name} is not.")
    if (np.diff(array) < 0).any():
        raise ValueError(f"Ragged splits should be non decreasing: {name} must rise.")
    if array[-1] != total:
        raise ValueError(
            f"Final value of ragged splits must match the length of the values, {total}: {name} "
            f"ends in {array[-1]}."
        )
    return array


def _nested_splits(splits: Sequence[Any], values: Array, name: str) -> list[Array]:
    """The splits of all levels, each checked against the next."""
    totals = [len(np.asarray(s)) - 1 for s in splits[1:]] + [len(values)]
    return [_row_splits(s, n, name) for s, n in zip(splits, totals, strict=True)]


def ranges_of(starts: Array, limits: Array) -> Array:
    """The integers from each start up to its limit, one range after the other."""
    lengths = np.maximum(limits - starts, 0)
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(starts - (ends - lengths), lengths)


def _splits_of(lengths: Array, dtype: Any) -> Array:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(dtype)


# -- ranges ------------------------------------------------------------------------------------
def _range_size(start: Any, limit: Any, delta: Any) -> int:
    if delta == 0:
        raise ValueError("Requires delta != 0")
    if (delta > 0 and limit < start) or (delta < 0 and limit > start):
        return 0
    if isinstance(start, int):
        return int((abs(limit - start) + abs(delta) - 1) // abs(delta))
    size = np.ceil(abs((limit - start) / delta))
    if not np.isfinite(size):
        raise ValueError("Requires finite starts, limits and deltas.")
    return int(size)


def _range_rows(inputs: Sequence[Array]) -> list[list[Any]]:
    arrays = [np.asarray(x) for x in inputs]
    for x, name in zip(arrays, ("starts", "limits", "deltas"), strict=True):
        if x.ndim > 1:
            raise ValueError(f"{name} must be a scalar or vector")
    sizes = {len(x) for x in arrays if x.ndim}
    if len(sizes) > 1:
        raise ValueError("starts, limits, and deltas must have the same shape")
    rows = sizes.pop() if sizes else 1
    return [np.broadcast_to(x, rows).tolist() for x in arrays]


def _range(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array]:
    dtype = np.asarray(inputs[0]).dtype
    starts, limits, deltas = _range_rows(inputs)
    sizes = [_range_size(*row) for row in zip(starts, limits, deltas, strict=True)]
    if sum(sizes) >= MOST_VALUES:
        raise ValueError(f"The ranges have too many values: {sum(sizes)}.")
    if attrs["Tsplits"].name == "int32" and sum(sizes) > np.iinfo(np.int32).max:
        raise ValueError("The ranges have too many values for splits of int32.")
    parts = [
        _progression(s, d, n, dtype) for s, d, n in zip(starts, deltas, sizes, strict=True) if n
    ]
    values = np.concatenate(parts) if parts else np.zeros(0, dtype)
    return _splits_of(np.array(sizes, np.int64), attrs["Tsplits"].np_dtype), values


def _progression(start: Any, delta: Any, size: int, dtype: Any) -> Array:
    allocatable([size], np.int64, arrays=2)
    if np.dtype(dtype).kind == "i":
        return (start + delta * np.arange(size, dtype=np.int64)).astype(dtype)
    steps = np.full(size, delta, dtype)  # added one by one, as TensorFlow does
    steps[0] = start
    return np.cumsum(steps, dtype=dtype)


def _range_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    rows: Shape = None
    for shape, name in zip(shapes, ("starts", "limits", "deltas"), strict=True):
        if shape is not None and len(shape) > 1:
            raise ValueError(f"{name} must be a scalar or vector")
        if shape:
            rows = merge(rows, shape)
    if rows is None and any(s is None for s in shapes):
        return [(None,), (None,)]
    count = rows[0] if rows else 1
    return [(None if count is None else count + 1,), (None,)]


define(
    "RaggedRange",
    "starts:T limits:T deltas:T -> rt_nested_splits:Tsplits rt_dense_values:T",
    "T:type{bfloat16,float32,float64,int32,int64}=int32; Tsplits:type{index}=int64",
    shape=_range_shape,
    kernel=_range,
    data_dependent=True,
    grad=NO_GRADIENT,
)


# -- gather ------------------------------------------------------------------------------------
def _gather(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, ...]:
    *nested, values, indices = inputs
    dtype = attrs["Tsplits"].np_dtype
    indices = np.asarray(indices)
    _check_ranks(attrs, indices.ndim)
    values = np.asarray(values)
    splits = _nested_splits(nested, values, "params_nested_splits")
    chosen = _checked_indices(indices, len(splits[0]) - 1)
    out = _outer_splits(indices.shape, dtype)
    for level, rows in enumerate(splits):
        starts, limits = rows[chosen], rows[chosen + 1]
        if level or indices.ndim:
            out.append(_splits_of(limits - starts, dtype))
        chosen = ranges_of(starts.astype(np.int64), limits.astype(np.int64))
    return (*out, values[chosen])


def _check_ranks(attrs: Attrs, rank: int) -> None:
    if attrs["OUTPUT_RAGGED_RANK"] != rank + attrs["PARAMS_RAGGED_RANK"] - 1:
        raise ValueError("OUTPUT_RAGGED_RANK must be PARAMS_RAGGED_RANK - 1 + the rank of indices.")


def _checked_indices(indices: Array, rows: int) -> Array:
    flat = indices.reshape(-1).astype(np.int64)
    bad = np.flatnonzero((flat < 0) | (flat >= rows))
    if bad.size:
        place = ",".join(str(int(i)) for i in np.unravel_index(bad[0], indices.shape))
        where = f"indices[{place}]" if indices.ndim else "indices"
        raise ValueError(f"{where} = {flat[bad[0]]} is not in [0, {rows})")
    return flat


def _outer_splits(shape: tuple[int, ...], dtype: Any) -> list[Array]:
    """The splits of the dimensions of dense indices, but for the first one."""
    sizes = np.cumprod(shape[:-1], dtype=np.int64)
    return [
        (np.arange(n + 1) * width).astype(dtype) for n, width in zip(sizes, shape[1:], strict=True)
    ]


def _gather_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    for shape in shapes[: attrs["PARAMS_RAGGED_RANK"]]:
        with_rank(shape, 1)
    if shapes[-1] is not None:
        _check_ranks(attrs, len(shapes[-1]))
    dense = None if shapes[-2] is None else (None, *shapes[-2][1:])
    return [(None,)] * attrs["OUTPUT_RAGGED_RANK"] + [dense]


def _one(like: Tensor) -> Literal:
    return Literal(np.ones((), like.dtype.np_dtype))


def _gather_grad(op: Operation, *grads: Tensor) -> list[Any]:
    *nested, values, indices = op.inputs
    ends: Any = nested[0]
    for splits in nested[1:]:
        ends = apply("GatherV2", splits, ends, axes_literal(0))
    flat = apply("Reshape", indices, axes_literal([-1]))
    starts = apply("GatherV2", ends, flat, axes_literal(0))
    limits = apply("GatherV2", ends, flat + _one(flat), axes_literal(0))
    _, places = apply("RaggedRange", starts, limits, _one(starts))
    slices = IndexedSlices(grads[-1], places, apply("Shape", values))
    return [None] * len(nested) + [slices, None]


define(
    "RaggedGather",
    "params_nested_splits:PARAMS_RAGGED_RANK*Tsplits params_dense_values:Tvalues "
    "indices:Tindices -> output_nested_splits:OUTPUT_RAGGED_RANK*Tsplits "
    "output_dense_values:Tvalues",
    "Tvalues:type; Tindices:type{index}; Tsplits:type{index}=int64; PARAMS_RAGGED_RANK:int>=1; "
    "OUTPUT_RAGGED_RANK:int>=0",
    shape=_gather_shape,
    kernel=_gather,
    data_dependent=True,
    grad=_gather_grad,
)


# -- to sparse ---------------------------------------------------------------------------------
def _to_sparse(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array, Array]:
    *nested, values = inputs
    values = np.asarray(values)
    if not values.ndim:
        raise ValueError("rt_dense_values must have at least one dimension.")
    splits = _nested_splits(nested, values, "rt_nested_splits")
    inner = values.shape[1:]
    columns = _row_indices(splits, int(np.prod(inner, dtype=np.int64)))
    columns += [np.tile(i.ravel(), len(values)) for i in np.indices(inner)]
    widths = [int(np.diff(s).max(initial=0)) for s in splits]
    shape = np.array([len(splits[0]) - 1, *widths, *inner], np.int64)
    return np.stack(columns, 1).astype(np.int64), values.reshape(-1), shape


def _row_indices(splits: Sequence[Array], width: int) -> list[Array]:
    """For each value (of `width` elements), its index along each ragged dimension."""
    columns: list[Array] = [np.arange(len(splits[0]) - 1)]
    for rows in splits:
        lengths = np.diff(rows)
        columns = [np.repeat(c, lengths) for c in columns]
        columns.append(np.arange(rows[-1]) - np.repeat(rows[:-1], lengths))
    return [np.repeat(c, width) for c in columns]


def _to_sparse_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    *nested, dense = shapes
    for shape in nested:
        with_rank(shape, 1)
    rank = None if dense is None else len(dense) + len(nested)
    count = None
    if dense is not None:
        if not dense:
            raise ValueError("rt_dense_values must have at least one dimension.")
        count = None if None in dense else int(np.prod(dense))  # type: ignore[arg-type]
    return [(count, rank), (count,), (rank,)]


def _to_sparse_grad(op: Operation, di: Tensor, dv: Tensor, ds: Tensor) -> list[Any]:
    *nested, values = op.inputs
    return [None] * len(nested) + [apply("Reshape", dv, apply("Shape", values))]


define(
    "RaggedTensorToSparse",
    "rt_nested_splits:RAGGED_RANK*Tsplits rt_dense_values:T -> "
    "sparse_indices:int64 sparse_values:T sparse_dense_shape:int64",
    "RAGGED_RANK:int>=1; T:type; Tsplits:type{index}=int64",
    shape=_to_sparse_shape,
    kernel=_to_sparse,
    data_dependent=True,
    grad=_to_sparse_grad,
)


# -- to dense ----------------------------------------------------------------------------------
def _partition_splits(tensors: Sequence[Array], kinds: Sequence[str]) -> list[Array]:
    """Row partitions of any kind as row splits, the outermost first."""
    if kinds and kinds[0] == "FIRST_DIM_SIZE":
        rows = int(np.asarray(tensors[0]))
        tensors, kinds = tensors[1:], kinds[1:]
    else:
        rows = -1
    splits: list[Array] = []
    for tensor, kind in zip(tensors, kinds, strict=True):
        splits.append(_as_splits(np.asarray(tensor), kind, rows))
        rows = int(splits[-1][-1])
    return splits


def _as_splits(tensor: Array, kind: str, rows: int) -> Array:
    if tensor.ndim != 1:
        raise ValueError(f"A row partition of kind {kind} must be a vector.")
    if kind == "ROW_SPLITS":
        return _row_splits(tensor, int(tensor[-1]) if tensor.size else 0, "ROW_SPLITS")
    if kind == "VALUE_ROWIDS":
        if tensor.size and (tensor.min() < 0 or tensor.max() >= rows):
            raise ValueError(f"VALUE_ROWIDS must be in [0, {rows}).")
        if (np.diff(tensor) < 0).any():
            raise ValueError("VALUE_ROWIDS must be sorted.")
        return _splits_of(np.bincount(tensor, minlength=max(rows, 0)), np.int64)
    raise ValueError(f"A row partition of kind {kind} is not supported: use ROW_SPLITS.")


def _to_tensor(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    wanted, values, default = np.asarray(inputs[0]), np.asarray(inputs[1]), np.asarray(inputs[2])
    splits = _partition_splits(inputs[3:], attrs["row_partition_types"])
    if not splits or splits[-1][-1] != len(values):
        raise ValueError("The row partitions do not fit the number of values.")
    for outer, inner in pairwise(splits):
        if outer[-1] != len(inner) - 1:
            raise ValueError("The row partitions do not fit each other.")
    widths = [int(np.diff(s).max(initial=0)) for s in splits]
    natural = [len(splits[0]) - 1, *widths, *values.shape[1:]]
    shape = _chosen_shape(wanted, natural)
    if np.prod([float(d) for d in shape]) >= MOST_VALUES:
        raise ValueError(f"The dense tensor would be too large: {shape}.")
    inner_shape = tuple(shape[len(widths) + 1 :])
    out = np.empty(allocatable(shape, values.dtype), values.dtype)
    out[...] = np.broadcast_to(default, inner_shape)
    index = _row_indices(splits, 1)
    fits = np.ones(len(values), bool)
    for column, size in zip(index, shape, strict=False):
        fits &= column < size
    place = tuple(column[fits] for column in index)
    out[place] = values[fits][(slice(None), *(slice(0, d) for d in inner_shape))]
    return out


def _chosen_shape(wanted: Array, natural: list[int]) -> list[int]:
    if not wanted.ndim:
        return natural
    if len(wanted) != len(natural):
        raise ValueError(f"The shape must have {len(natural)} elements, not {len(wanted)}.")
    return [n if w < 0 else w for w, n in zip(wanted.tolist(), natural, strict=True)]


def _to_tensor_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    if shapes[0] == ():
        return [None]
    return [values.as_shape(0)]


define(
    "RaggedTensorToTensor",
    "shape:Tshape values:T default_value:T row_partition_tensors:num_row_partition_tensors*Tindex "
    "-> result:T",
    "T:type; Tindex:type{int64,int32}; Tshape:type{int64,int32}; num_row_partition_tensors:int>=1; "
    "row_partition_types:list(string)",
    shape=_to_tensor_shape,
    kernel=_to_tensor,
    data_dependent=True,
)
