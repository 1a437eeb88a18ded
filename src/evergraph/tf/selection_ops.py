"""Choosing elements: gather, scatter, where, unique, segments, sorting."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from ..core import convert
from ..core.dtypes import DType, as_dtype, bool_, float32, int32
from ..core.emit import apply
from ..core.shape import normal_axis
from ..core.tensor import Tensor
from ..core.values import constant_value
from ..ops import masking
from ..ops.indexed_slices import IndexedSlices, IndexedSlicesValue
from ..ops.packing import stacked
from ..runtime.fetches import register_expansion
from .dispatch import dispatched
from .framework import convert_to_tensor, name_scope


def _parts(slices: IndexedSlices) -> Any:
    """What a session fetches for an IndexedSlices, and how it is put together."""
    dense = slices.dense_shape
    tensors = [slices.values, slices.indices, *([] if dense is None else [dense])]
    return tensors, lambda got: IndexedSlicesValue(*got, *([None] if dense is None else []))


register_expansion(IndexedSlices, _parts)


# -- gather and scatter ----------------------------------------------------------------------
@dispatched
def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    name: Any = None,
    axis: Any = None,
    batch_dims: Any = 0,
) -> Tensor:
    """The slices of `params` along `axis` that `indices` name.

    Shape: `params.shape[:axis] + indices.shape[batch_dims:] + params.shape[axis + 1:]`; the first
    `batch_dims` axes of both go together. InvalidArgumentError in the run for an index that is
    out of range.
    """
    if batch_dims != 0:
        with name_scope(name, "Gather", [params, indices, axis]):
            return _batch_gather(params, indices, batch_dims, axis)
    if axis is None:
        axis = batch_dims
    known = constant_value(axis) if isinstance(axis, Tensor) else axis
    if known is not None and known == 0 and hasattr(params, "sparse_read"):
        return params.sparse_read(indices, name=name)  # type: ignore[no-any-return]
    return apply("GatherV2", params, indices, axis, name=name)  # type: ignore[no-any-return]


@dispatched
def batch_gather(params: Any, indices: Any, name: Any = None) -> Tensor:
    """For each entry of the leading axes, the slices of `params` that the last axis names."""
    with name_scope(name, "BatchGather", [params, indices]):
        chosen = convert_to_tensor(indices, name="indices")
        values = convert_to_tensor(params, name="params")
        if chosen.static_shape is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        return _batch_gather(values, chosen, len(chosen.static_shape) - 1, None)


def _batch_gather(params: Any, indices: Any, batch_dims: int | None, axis: Any) -> Tensor:
    if batch_dims is not None and not isinstance(batch_dims, int):
        raise TypeError(f"batch_dims must be an int; got {batch_dims!r}")
    chosen = convert_to_tensor(indices, name="indices")
    values = convert_to_tensor(params, name="params")
    if chosen.static_shape is None:
        raise ValueError(
            "tf.gather does not allow indices with unknown rank when batch_dims is specified."
        )
    rank = len(chosen.static_shape)
    if batch_dims is None:
        batch_dims = rank - 1
    batch = batch_dims + rank if batch_dims < 0 else batch_dims
    if not 0 <= batch < rank:
        raise ValueError(f"batch_dims = {batch} must be less than rank(indices) = {rank}")
    if values.static_shape is not None and batch >= len(values.static_shape):
        raise ValueError(
            f"batch_dims = {batch} must be less than rank(params) = {len(values.static_shape)}"
        )
    if axis is not None and axis != batch:
        if values.static_shape is None:
            raise ValueError("tf.gather with batch_dims and axis needs the rank of params.")
        at = axis + len(values.static_shape) if axis < 0 else axis
        if at < batch:
            raise ValueError(f"batch_dims = {batch} must be less than or equal to axis = {axis}")
        return apply("GatherV2", values, chosen, at, batch_dims=batch)  # type: ignore[no-any-return]
    return _flat_gather(values, chosen, batch, rank)


def _flat_gather(params: Any, indices: Any, batch: int, rank: int) -> Tensor:
    """Gathers by positions in `params` with the batch axes and the next one made flat."""
    from .array_ops import concat, ones, reshape, shape, zeros

    dims: Any = shape(indices)
    extents: Any = shape(params)
    kind = indices.dtype.base_dtype
    stride: Any = ones((), kind)
    cast: Any = apply("Cast", extents, DstT=kind)
    positions = indices
    for d in range(batch, 0, -1):
        count = cast[d - 1]
        stride *= cast[d]
        start, step = zeros((), kind), ones((), kind)
        numbers = apply("Range", start, count, step)
        numbers *= stride
        around = stacked([1] * (d - 1) + [count] + [1] * (rank - d))
        positions += reshape(numbers, around)
    flat = reshape(positions, [-1])
    outer = extents[batch + 1 :]
    size = apply("Prod", extents[: batch + 1], [0])
    rows = gather(reshape(params, concat([[size], outer], 0)), flat)
    result = reshape(rows, concat([dims, outer], 0))
    if params.static_shape is not None:
        result.set_shape(indices.static_shape + params.static_shape[batch + 1 :])
    return result


@dispatched
def gather_nd(params: Any, indices: Any, name: Any = None, batch_dims: Any = 0) -> Tensor:
    """The elements or slices of `params` that the vectors along the last axis of `indices` name.

    Shape: `indices.shape[:-1] + params.shape[indices.shape[-1]:]`; the first `batch_dims` axes of
    both go together.
    """
    known = constant_value(batch_dims) if isinstance(batch_dims, Tensor) else batch_dims
    if not isinstance(known, (int, np.integer, np.ndarray)):
        raise TypeError(f"batch_dims must be an int; got {batch_dims!r}")
    if int(known) == 0:
        if hasattr(params, "gather_nd"):
            return params.gather_nd(indices, name=name)  # type: ignore[no-any-return]
        return apply("GatherNd", params, indices, name=name)  # type: ignore[no-any-return]
    with name_scope(name, "BatchGatherND", [params, indices]):
        return _batch_gather_nd(params, indices, int(known))


def _batch_gather_nd(params: Any, indices: Any, batch: int) -> Tensor:
    """Puts the batch's own coordinates in front of the given ones."""
    from .array_ops import concat, meshgrid, reshape, shape, stack, tile, transpose, unstack

    chosen = convert_to_tensor(indices, name="indices")
    values = convert_to_tensor(params, name="params")
    for what, x in (("indices", chosen), ("params", values)):
        if batch < 0 or (x.static_shape is not None and batch >= len(x.static_shape)):
            raise ValueError(f"batch_dims = {batch} must be in [0, rank({what})).")
    if chosen.static_shape is None:
        raise ValueError("tf.gather_nd with batch_dims needs the rank of indices.")
    extents: Any = shape(values)
    dims: Any = shape(chosen)
    counts = unstack(extents[:batch], num=batch)
    inner = len(chosen.static_shape) - batch - 1
    ranges = [apply("Cast", apply("Range", 0, n, 1), DstT=chosen.dtype) for n in counts]
    flat = [reshape(g, [-1]) for g in meshgrid(*ranges, indexing="ij")]
    grid = reshape(transpose(stack(flat)), [-1] + [1] * inner + [batch])
    grid = tile(grid, concat([[1], dims[batch:-1], [1]], 0))
    size = apply("Prod", extents[:batch], [0])
    own = reshape(chosen, concat([[size], dims[batch:]], 0))
    found = apply("GatherNd", values, concat([grid, own], -1))
    inner_shape: Any = shape(found)
    return reshape(found, concat([extents[:batch], inner_shape[1:]], 0))


def scatter_nd(indices: Any, updates: Any, shape: Any, name: Any = None) -> Tensor:
    """Zeros of this shape with `updates` added at the places that `indices` name."""
    return apply("ScatterNd", indices, updates, shape, name=name)  # type: ignore[no-any-return]


def tensor_scatter_update(tensor: Any, indices: Any, updates: Any, name: Any = None) -> Tensor:
    """`tensor` with `updates` in the places that `indices` name."""
    return apply("TensorScatterUpdate", tensor, indices, updates, name=name)  # type: ignore[no-any-return]


def tensor_scatter_add(tensor: Any, indices: Any, updates: Any, name: Any = None) -> Tensor:
    """`tensor` with `updates` added at the places that `indices` name."""
    return apply("TensorScatterAdd", tensor, indices, updates, name=name)  # type: ignore[no-any-return]


def tensor_scatter_sub(tensor: Any, indices: Any, updates: Any, name: Any = None) -> Tensor:
    """`tensor` with `updates` subtracted at the places that `indices` name."""
    return apply("TensorScatterSub", tensor, indices, updates, name=name)  # type: ignore[no-any-return]


def sparse_to_dense(
    sparse_indices: Any,
    output_shape: Any,
    sparse_values: Any,
    default_value: Any = 0,
    validate_indices: bool = True,
    name: Any = None,
) -> Tensor:
    """`default_value` everywhere but at the places that `sparse_indices` name.

    With `validate_indices` they must be in order and without repetitions.
    """
    return apply(  # type: ignore[no-any-return]
        "SparseToDense",
        sparse_indices,
        output_shape,
        sparse_values,
        default_value,
        validate_indices=validate_indices,
        name=name,
    )


def sparse_mask(a: Any, mask_indices: Any, name: Any = None) -> IndexedSlices:
    """An IndexedSlices without the rows whose indices are in `mask_indices`."""
    with name_scope(name, "sparse_mask", [a, mask_indices]) as scope:
        kept, places = apply("ListDiff", a.indices, mask_indices)
        return IndexedSlices(gather(a.values, places, name=scope), kept, a.dense_shape)


# -- by conditions ---------------------------------------------------------------------------
@dispatched
def where(condition: Any, x: Any = None, y: Any = None, name: Any = None) -> Tensor:
    """Elements of `x` where the condition is true, else of `y` (all of one shape; the condition
    may also be a vector that chooses rows). Without x and y: the indices of what is true, as rows.
    """
    return _where("Select", condition, x, y, name)


def where_v2(condition: Any, x: Any = None, y: Any = None, name: Any = None) -> Tensor:
    """Like `where`, with condition, x and y broadcast to one shape."""
    return _where("SelectV2", condition, x, y, name)


def _where(op_type: str, condition: Any, x: Any, y: Any, name: Any) -> Tensor:
    if x is None and y is None:
        with name_scope(name, "Where", [condition]) as scope:
            flags = convert_to_tensor(condition, name="condition", preferred_dtype=bool_)
            return apply("Where", flags, name=scope)  # type: ignore[no-any-return]
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    return apply(op_type, condition, x, y, name=name)  # type: ignore[no-any-return]


def boolean_mask(tensor: Any, mask: Any, name: Any = "boolean_mask", axis: Any = None) -> Tensor:
    """The slices of `tensor` along `axis` (default 0) where `mask` is True."""
    return masking.boolean_mask(tensor, mask, name, axis)  # type: ignore[no-any-return]


def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = bool_, name: Any = None) -> Tensor:
    """For each length, `maxlen` (default: the largest) flags, the first `length` of them true."""
    with name_scope(name, "SequenceMask", [lengths, maxlen]):
        counts = convert_to_tensor(lengths)
        if maxlen is None:
            limit = apply("Max", counts, masking.all_axes(counts))
            limit = apply("Maximum", convert.constant(0, limit.dtype), limit)
        else:
            limit = convert_to_tensor(maxlen)
        if limit.static_shape not in (None, ()):
            raise ValueError("maxlen must be scalar for sequence_mask")
        zero, one = (convert.constant(n, limit.dtype) for n in (0, 1))
        row = apply("Range", zero, limit, one)
        column = _cast(apply("ExpandDims", counts, -1), limit.dtype)
        flags = row < column
        kind = bool_ if dtype is None else as_dtype(dtype)
        return flags if kind is bool_ else apply("Cast", flags, DstT=kind)  # type: ignore[no-any-return]


def _cast(x: Tensor, dtype: DType) -> Tensor:
    return apply("Cast", x, DstT=dtype)  # type: ignore[no-any-return]


def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: Any = None,
    dtype: Any = None,
    name: Any = None,
) -> Tensor:
    """A new axis of extent `depth` with `on_value` at the index and `off_value` elsewhere.

    Indices out of range give `off_value` everywhere. The dtype is that of the values (float32 by
    default); TypeError where they differ.
    """
    with name_scope(name, "one_hot", [indices, depth, on_value, off_value, axis, dtype]) as scope:
        given = {"on_value": on_value, "off_value": off_value}
        kinds = {
            n: convert_to_tensor(v).dtype.base_dtype for n, v in given.items() if v is not None
        }
        wanted = None if dtype is None else as_dtype(dtype).base_dtype
        for n, kind in kinds.items():
            if wanted is not None and kind is not wanted:
                raise TypeError(
                    f"dtype {kind} of {n} does not match dtype parameter {wanted}: convert one."
                )
        kind = wanted or next(iter(kinds.values()), float32)
        if on_value is None:
            on_value = convert_to_tensor(1, kind, "on_value")
        if off_value is None:
            off_value = convert_to_tensor(0, kind, "off_value")
        on, off = (kinds.get(n, kind) for n in given)
        if on is not off:
            raise TypeError(f"dtype {on} of on_value does not match dtype {off} of off_value")
        at = -1 if axis is None else axis
        return apply("OneHot", indices, depth, on_value, off_value, axis=at, name=scope)  # type: ignore[no-any-return]


Unique = namedtuple("Unique", ("y", "idx"))
UniqueWithCounts = namedtuple("UniqueWithCounts", ("y", "idx", "count"))
ListDiff = namedtuple("ListDiff", ("out", "idx"))


# -- unique ----------------------------------------------------------------------------------
def unique(x: Any, out_idx: Any = int32, name: Any = None) -> Any:
    """(y, idx): the different values of a vector in the order of their first occurrence, and for
    each element its place among them.
    """
    return Unique(*apply("Unique", x, out_idx=as_dtype(out_idx), name=name))


def unique_with_counts(x: Any, out_idx: Any = int32, name: Any = None) -> Any:
    """(y, idx, count): as `unique`, with how often each value occurs."""
    outputs = apply("UniqueWithCounts", x, out_idx=as_dtype(out_idx), name=name)
    return UniqueWithCounts(*outputs)


def setdiff1d(x: Any, y: Any, index_dtype: Any = int32, name: Any = None) -> Any:
    """(out, idx): the elements of vector `x` that are not in `y`, and where they stand in `x`."""
    outputs = apply("ListDiff", x, y, out_idx=as_dtype(index_dtype), name=name)
    return ListDiff(*outputs)


def _with_axis(x: Any, axis: int) -> tuple[Any, int]:
    """`x` with at least one axis, and the axis counted from the front."""
    if x.static_shape == ():
        x = apply("ExpandDims", x, 0)
    if axis < 0 and x.static_shape is None:
        raise ValueError("tf.repeat with a negative axis needs a known rank.")
    rank = axis + 1 if x.static_shape is None else len(x.static_shape)
    return x, normal_axis(axis, max(rank, 1))


def repeat(input: Any, repeats: Any, axis: Any = None, name: Any = None) -> Tensor:
    """The slices along `axis` each repeated; `repeats` is one number or one a slice.

    Without an axis the elements of the flat tensor are repeated.
    """
    from .array_ops import concat, rank, reshape, shape, tile

    if axis is None:
        input, axis = reshape(input, [-1]), 0
    with name_scope(name, "Repeat", [input, repeats]):
        x, at = _with_axis(convert_to_tensor(input, name="data"), axis)
        times: Any = convert_to_tensor(repeats, name="repeats")
        if times.static_shape is None or len(times.static_shape) > 1:
            raise ValueError("tf.repeat takes a scalar or a vector of repetitions.")
        if times.static_shape == (1,):
            times = reshape(times, [])
        extents: Any = shape(x)
        grown = apply("ExpandDims", x, at + 1)
        limit = times if times.static_shape == () else apply("Max", times, masking.all_axes(times))
        ones = apply("OneHot", at + 1, rank(grown), limit, apply("OnesLike", limit))
        tiled = tile(grown, ones)
        around = concat([extents[:at], [-1], extents[at + 1 :]], 0)
        if times.static_shape != ():
            tiled = masking.boolean_mask(tiled, sequence_mask(times, limit), axis=at)
        return reshape(tiled, around)


# -- partitions ------------------------------------------------------------------------------
@dispatched
def dynamic_partition(data: Any, partitions: Any, num_partitions: int, name: Any = None) -> Any:
    """`num_partitions` tensors: the slices of `data` by the number that `partitions` gives them."""
    return apply("DynamicPartition", data, partitions, num_partitions=num_partitions, name=name)


def dynamic_stitch(indices: Any, data: Any, name: Any = None) -> Tensor:
    """One tensor of the slices in `data`, each at the place that `indices` gives it."""
    return apply("DynamicStitch", indices, data, name=name)  # type: ignore[no-any-return]


# -- segments --------------------------------------------------------------------------------
def segment_sum(data: Any, segment_ids: Any, name: Any = None) -> Tensor:
    """The sums of the rows with one id; the ids ascend."""
    return apply("SegmentSum", data, segment_ids, name=name)  # type: ignore[no-any-return]


def segment_mean(data: Any, segment_ids: Any, name: Any = None) -> Tensor:
    """The means of the rows with one id; the ids ascend."""
    return apply("SegmentMean", data, segment_ids, name=name)  # type: ignore[no-any-return]


def segment_max(data: Any, segment_ids: Any, name: Any = None) -> Tensor:
    """The maxima of the rows with one id; the ids ascend."""
    return apply("SegmentMax", data, segment_ids, name=name)  # type: ignore[no-any-return]


def segment_min(data: Any, segment_ids: Any, name: Any = None) -> Tensor:
    """The minima of the rows with one id; the ids ascend."""
    return apply("SegmentMin", data, segment_ids, name=name)  # type: ignore[no-any-return]


def segment_prod(data: Any, segment_ids: Any, name: Any = None) -> Tensor:
    """The products of the rows with one id; the ids ascend."""
    return apply("SegmentProd", data, segment_ids, name=name)  # type: ignore[no-any-return]


@dispatched
def unsorted_segment_sum(
    data: Any, segment_ids: Any, num_segments: Any, name: Any = None
) -> Tensor:
    """The sums of the slices with one id, for each of `num_segments`; negative ids drop out."""
    return apply("UnsortedSegmentSum", data, segment_ids, num_segments, name=name)  # type: ignore[no-any-return]


@dispatched
def unsorted_segment_max(
    data: Any, segment_ids: Any, num_segments: Any, name: Any = None
) -> Tensor:
    """The maxima of the slices with one id; the least number for an id without slices."""
    return apply("UnsortedSegmentMax", data, segment_ids, num_segments, name=name)  # type: ignore[no-any-return]


@dispatched
def unsorted_segment_min(
    data: Any, segment_ids: Any, num_segments: Any, name: Any = None
) -> Tensor:
    """The minima of the slices with one id; the greatest number for an id without slices."""
    return apply("UnsortedSegmentMin", data, segment_ids, num_segments, name=name)  # type: ignore[no-any-return]


@dispatched
def unsorted_segment_prod(
    data: Any, segment_ids: Any, num_segments: Any, name: Any = None
) -> Tensor:
    """The products of the slices with one id; 1 for an id without slices."""
    return apply("UnsortedSegmentProd", data, segment_ids, num_segments, name=name)  # type: ignore[no-any-return]


def _segment_counts(data: Tensor, ids: Tensor, number: Any) -> Any:
    from .array_ops import ones, reshape, shape

    count = apply("UnsortedSegmentSum", ones(shape(ids), data.dtype), ids, number)
    if data.static_shape is None or ids.static_shape is None:
        raise ValueError("The ranks of data and segment_ids must be known.")
    trailing = len(data.static_shape) - len(ids.static_shape)
    return apply("Maximum", reshape(count, [number] + [1] * trailing), 1)


@dispatched
def unsorted_segment_mean(
    data: Any, segment_ids: Any, num_segments: Any, name: Any = None
) -> Tensor:
    """The means of the slices with one id; 0 for an id without slices."""
    with name_scope(name, "UnsortedSegmentMean"):
        values, ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
        count = _segment_counts(values, ids, num_segments)
        sums: Any = apply("UnsortedSegmentSum", values, ids, num_segments)
        return sums / count  # type: ignore[no-any-return]


@dispatched
def unsorted_segment_sqrt_n(
    data: Any, segment_ids: Any, num_segments: Any, name: Any = None
) -> Tensor:
    """The sums of the slices with one id, divided by the square root of their number."""
    with name_scope(name, "UnsortedSegmentSqrtN"):
        values, ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
        count = _segment_counts(values, ids, num_segments)
        sums: Any = apply("UnsortedSegmentSum", values, ids, num_segments)
        return sums / apply("Sqrt", count)  # type: ignore[no-any-return]


def _sparse_segment(
    how: str, data: Any, indices: Any, segment_ids: Any, number: Any, name: Any
) -> Tensor:
    op_type = f"SparseSegment{how}"
    if number is None:
        return apply(op_type, data, indices, segment_ids, name=name)  # type: ignore[no-any-return]
    return apply(  # type: ignore[no-any-return]
        f"{op_type}WithNumSegments", data, indices, segment_ids, number, name=name
    )


def sparse_segment_sum(
    data: Any, indices: Any, segment_ids: Any, name: Any = None, num_segments: Any = None
) -> Tensor:
    """The sums of the rows of `data` that `indices` name, by ascending segment ids."""
    return _sparse_segment("Sum", data, indices, segment_ids, num_segments, name)


def sparse_segment_mean(
    data: Any, indices: Any, segment_ids: Any, name: Any = None, num_segments: Any = None
) -> Tensor:
    """The means of the rows of `data` that `indices` name, by ascending segment ids."""
    return _sparse_segment("Mean", data, indices, segment_ids, num_segments, name)


def sparse_segment_sqrt_n(
    data: Any, indices: Any, segment_ids: Any, name: Any = None, num_segments: Any = None
) -> Tensor:
    """The sums of the rows that `indices` name, over the square root of their number."""
    return _sparse_segment("SqrtN", data, indices, segment_ids, num_segments, name)


def bincount(
    arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: Any = int32
) -> Tensor:
    """How often each integer occurs in `arr`, or the sum of the weights where it does."""
    with name_scope("bincount"):
        values: Any = convert_to_tensor(arr, int32, "arr")
        dims = masking.shape_tensor(values)
        nonempty = apply("Prod", dims, masking.all_axes(dims)) > 0
        size: Any = _cast(nonempty, int32)
        size = size * (apply("Max", values, masking.all_axes(values)) + 1)
        for op_type, n, limit in (
            ("Maximum", "minlength", minlength),
            ("Minimum", "maxlength", maxlength),
        ):
            if limit is not None:
                size = apply(op_type, convert_to_tensor(limit, int32, n), size)
        if weights is not None:
            given = convert_to_tensor(weights, name="weights")
            return apply("UnsortedSegmentSum", given, values, size)  # type: ignore[no-any-return]
        return apply("Bincount", values, size, convert.constant([], as_dtype(dtype)))  # type: ignore[no-any-return]


# -- order -----------------------------------------------------------------------------------
def searchsorted(
    sorted_sequence: Any, values: Any, side: str = "left", out_type: Any = int32, name: Any = None
) -> Tensor:
    """Where each value belongs in its sorted row (before or after equal ones, by `side`)."""
    from .array_ops import reshape, shape

    length: Any = shape(sorted_sequence)
    length = length[-1]
    count: Any = shape(values)
    count = count[-1]
    rows = reshape(sorted_sequence, [-1, length])
    wanted = reshape(values, [-1, count])
    if side not in ("left", "right"):
        raise ValueError(f"side must be either 'right' or 'left'. Saw: {side}.")
    op_type = "UpperBound" if side == "right" else "LowerBound"
    found = apply(op_type, rows, wanted, out_type=as_dtype(out_type), name=name)
    return reshape(found, shape(values))


def sort(values: Any, axis: Any = -1, direction: str = "ASCENDING", name: Any = None) -> Tensor:
    """The elements in order along `axis`; direction ASCENDING or DESCENDING."""
    with name_scope(name, "sort"):
        return _sorted(values, axis, direction, 0)  # type: ignore[no-any-return]


def argsort(
    values: Any,
    axis: Any = -1,
    direction: str = "ASCENDING",
    stable: bool = False,
    name: Any = None,
) -> Tensor:
    """The indices that sort along `axis`; equal elements keep their order."""
    with name_scope(name, "argsort"):
        return _sorted(values, axis, direction, 1)  # type: ignore[no-any-return]


def _sorted(values: Any, axis: Any, direction: str, output: int) -> Any:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError(f"{direction} should be one of ASCENDING, DESCENDING")
    at = constant_value(convert_to_tensor(axis, name="axis"))
    if at is None or at.ndim:
        raise ValueError("axis must be a constant scalar")
    x: Any = convert_to_tensor(values, name="values")
    if direction == "DESCENDING":
        return _descending(x, int(at), output)
    result: Any = _descending(-x, int(at), output)
    return result if output else -result


def _descending(x: Any, axis: int, output: int) -> Any:
    from .array_ops import rank, shape, transpose

    extents: Any = shape(x)
    k = extents[axis]
    rank(x)
    if x.static_shape is None and axis != -1:
        raise ValueError("Sorting along another axis than the last one needs a known rank.")
    n = None if x.static_shape is None else len(x.static_shape)
    if axis == -1 or n is None or axis + 1 == n:
        return apply("TopKV2", x, k)[output]
    at = axis + n if axis < 0 else axis
    order = [*range(at), n - 1, *range(at + 1, n - 1), at]
    perm = convert.constant(np.asarray(order), name="transposition")
    return transpose(apply("TopKV2", transpose(x, perm), k)[output], perm)


def unravel_index(indices: Any, dims: Any, name: Any = None) -> Tensor:
    """The coordinates in a tensor of shape `dims` of flat indices, one row an axis."""
    return apply("UnravelIndex", indices, dims, name=name)  # type: ignore[no-any-return]
