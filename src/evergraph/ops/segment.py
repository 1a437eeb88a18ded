"""Sums and other reductions over segments, partitions, and counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.allocation import allocatable
from ..core.dtypes import int32
from ..core.emit import apply
from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Dim, Shape, merge, show, with_rank_at_least
from ..core.tensor import Literal, Operand, Operation, Tensor, axes_literal
from . import shape_math as sm
from .operands import is_numpy, np_dtype, scalar, zeros

_FEW = 2000  # elements below which adding one by one is faster than sorting
_UFUNCS = {"Sum": "add", "Prod": "multiply", "Max": "maximum", "Min": "minimum"}


def _limit(dtype: np.dtype[Any], end: str) -> Any:
    if dtype.kind == "f":
        return np.finfo(dtype).min if end == "min" else np.finfo(dtype).max
    if dtype.kind in "iu":
        return getattr(np.iinfo(dtype), end)
    import ml_dtypes

    return getattr(ml_dtypes.finfo(dtype), end)  # type: ignore[no-untyped-call]


def _empty_value(how: str, dtype: np.dtype[Any]) -> Any:
    """What an unsorted segment without elements holds."""
    if how in ("Max", "Min"):
        return _limit(dtype, "min" if how == "Max" else "max")
    return 1 if how == "Prod" else 0


def reduce_segments(xp: Any, data: Array, ids: Array, count: int, how: str, empty: Any) -> Array:
    """Reduces the slices of `data` that have one id; negative ids are left out."""
    shape = allocatable([count, *data.shape[len(ids.shape) :]], data.dtype)
    if not is_numpy(xp):
        return _segments_at(xp, data, ids, shape, how, empty)
    ids = np.asarray(ids).reshape(-1)
    rows = np.asarray(data).reshape(ids.size, *shape[1:])
    if ids.size and ids.min() < 0:
        rows, ids = rows[ids >= 0], ids[ids >= 0]
    if ids.size and ids.max() >= count:
        at = int(ids.argmax())
        raise ValueError(f"segment_ids[{at}] = {ids[at]} is out of range [0, {count})")
    ufunc = getattr(np, _UFUNCS[how])
    if how in ("Sum", "Prod") and empty == ufunc.identity and rows.size < _FEW:
        out = np.full(shape, empty, rows.dtype)
        ufunc.at(out, ids, rows)
        return out
    out = np.full(shape, empty, rows.dtype)
    if ids.size:
        order = np.argsort(ids, kind="stable")
        starts = np.flatnonzero(np.diff(ids[order], prepend=-1))
        sums = ufunc.reduceat(rows[order], starts, axis=0, dtype=rows.dtype)
        out[ids[order[starts]]] = sums
    return out


def _segments_at(
    xp: Any, data: Array, ids: Array, shape: Sequence[int], how: str, empty: Any
) -> Array:
    out = xp.full(allocatable(shape, data.dtype), _empty_value(how, data.dtype), data.dtype)
    # Indices beyond the end are dropped, those below zero would count from it.
    places = xp.where(ids < 0, shape[0], ids)
    at = out.at[places]
    method = {"Sum": at.add, "Prod": at.multiply, "Max": at.max, "Min": at.min}[how]
    hit = xp.zeros(shape[0], bool).at[places].set(True, mode="drop")
    return xp.where(hit.reshape(-1, *[1] * (len(shape) - 1)), method(data, mode="drop"), empty)


# -- unsorted segments -----------------------------------------------------------------------
def _unsorted_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    data, ids, _ = shapes
    count: Dim = None if values[2] is None else scalar(values[2])
    if data is None or ids is None:
        return [None]
    merge(data[: len(ids)], ids)
    return [(count, *data[len(ids) :])]


def _unsorted(how: str) -> Callable[..., Array]:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        empty = _empty_value(how, np_dtype(attrs, "T"))
        return reduce_segments(xp, inputs[0], inputs[1], scalar(inputs[2]), how, empty)

    return kernel


def _rows_of(x: Tensor, ids: Operand) -> tuple[Tensor, Any]:
    """The rows of `x` that ids name, and for which of them the id is not negative.

    The flags broadcast to the rows.
    """
    zero = apply("ZerosLike", ids)
    rows = apply("GatherV2", x, apply("Maximum", ids, zero), axes_literal(0))
    valid = apply("GreaterEqual", ids, zero)
    extra = sm.sub(sm.rank(rows), sm.rank(ids))
    ones = apply("Fill", sm.vector(extra), axes_literal(1))
    return rows, sm.reshape(valid, sm.join(sm.shape(ids), ones))


def _gather_valid(x: Tensor, ids: Operand) -> Any:
    """The rows of `x` that ids name, zero where the id is negative."""
    rows, valid = _rows_of(x, ids)
    return apply("SelectV2", valid, rows, apply("ZerosLike", rows))


def _unsorted_sum_grad(op: Operation, dy: Any) -> list[Any]:
    return [_gather_valid(dy, op.inputs[1]), None, None]


def _shared_grad(op: Operation, dy: Any) -> list[Any]:
    """Of a maximum or minimum: shared equally by the elements that equal it."""
    data, ids, count = op.inputs
    rows, valid = _rows_of(op.outputs[0], ids)
    equal = apply("LogicalAnd", apply("Equal", data, rows), valid)
    chosen = apply("Cast", equal, DstT=dy.dtype)
    number = apply("UnsortedSegmentSum", chosen, ids, count)
    share = apply("RealDiv", dy, apply("Maximum", number, apply("OnesLike", number)))
    return [chosen * _gather_valid(share, ids), None, None]


def _unsorted_prod_grad(op: Operation, dy: Any) -> list[Any]:
    """dy times the product of the segment's other elements, right also where some are zero."""
    data, ids, count = op.inputs
    zero = apply("Equal", data, apply("ZerosLike", data))
    zeros_in = apply("UnsortedSegmentSum", apply("Cast", zero, DstT=int32), ids, count)
    nonzero = apply("SelectV2", zero, apply("OnesLike", data), data)
    others = apply("UnsortedSegmentProd", nonzero, ids, count)
    here = _gather_valid(zeros_in, ids)
    rest = apply("Sub", here, apply("Cast", zero, DstT=int32))
    product = apply("RealDiv", _gather_valid(others, ids), nonzero)
    alone = apply("Equal", rest, apply("ZerosLike", rest))
    kept = apply("SelectV2", alone, product, apply("ZerosLike", product))
    return [_gather_valid(dy, ids) * kept, None, None]


for _how, _types, _grad in (
    ("Sum", "number", _unsorted_sum_grad),
    ("Prod", "number", _unsorted_prod_grad),
    ("Max", "real", _shared_grad),
    ("Min", "real", _shared_grad),
):
    define(
        f"UnsortedSegment{_how}",
        "data:T segment_ids:Tindices num_segments:Tnumsegments -> output:T",
        f"T:type{{{_types}}}; Tindices:type{{index}}; Tnumsegments:type{{index}}=int32",
        shape=_unsorted_shape,
        kernel=_unsorted(_how),
        grad=_grad,
    )


# -- sorted segments -------------------------------------------------------------------------
def _sorted_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    data, ids = shapes[0], shapes[1]
    if ids is not None and len(ids) != 1:
        raise ValueError(f"Shape must be rank 1 but is rank {len(ids)}: {show(ids)}.")
    with_rank_at_least(data, 1)
    # The number of segments is left to the run even where it is known, as in TensorFlow.
    return [None if data is None else (None, *data[1:])]


def _sorted_count(ids: Any) -> int:
    """The number of segments; ValueError unless the ids ascend from zero or more."""
    array = np.asarray(ids)
    if array.size and (array[0] < 0 or (np.diff(array) < 0).any()):
        raise ValueError("segment ids are not increasing, or negative")
    return int(array[-1]) + 1 if array.size else 0


def _sorted(how: str) -> Callable[..., Array]:
    empty = 1 if how == "Prod" else 0

    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        data, ids = inputs
        if data.shape[0] != ids.shape[0]:
            raise ValueError("segment_ids should be the same size as dimension 0 of input.")
        return reduce_segments(xp, data, ids, _sorted_count(ids), how, empty)

    return kernel


def _column(x: Operand, like: Operand) -> Any:
    """A vector with trailing axes of extent 1, so that it scales the rows of `like`."""
    ones = apply("Fill", sm.vector(sm.sub(sm.rank(like), 1)), axes_literal(1))
    return sm.reshape(x, sm.join(-1, ones))


def _counts(ids: Operand, like: Any) -> Any:
    """How many elements each segment has; `like` has a row a segment."""
    one = apply("OnesLike", apply("Cast", ids, DstT=like.dtype.base_dtype))
    return apply("UnsortedSegmentSum", one, ids, _row_count(like))


def _row_count(x: Operand) -> Operand:
    """The extent of the first axis, as a scalar."""
    return sm.reshape(sm.part(sm.shape(x), 0, 1), axes_literal([]))


def _per_segment(x: Any, counts: Any) -> Any:
    """Segments' rows divided by their counts (at least one)."""
    return x * _column(apply("Reciprocal", apply("Maximum", counts, _one(counts))), x)


def _one(x: Any) -> Literal:
    return Literal(np.asarray(1, x.dtype.np_dtype))


def _mean(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    sums = _sorted("Sum")(xp, inputs, attrs)
    ids = np.asarray(inputs[1])
    number = np.maximum(np.bincount(ids, minlength=sums.shape[0]), 1)
    number = number.reshape(-1, *[1] * (len(sums.shape) - 1)).astype(sums.dtype)
    return (sums / number).astype(sums.dtype) if sums.dtype.kind in "fc" else sums // number


def _mean_grad(op: Operation, dy: Any) -> list[Any]:
    share = _per_segment(dy, _counts(op.inputs[1], dy))
    return [apply("GatherV2", share, op.inputs[1], axes_literal(0)), None]


def _sorted_shared_grad(op: Operation, dy: Any) -> list[Any]:
    data, ids = op.inputs
    rows = apply("GatherV2", op.outputs[0], ids, axes_literal(0))
    chosen = apply("Cast", apply("Equal", data, rows), DstT=dy.dtype)
    number = apply("SegmentSum", chosen, ids)
    share = apply("RealDiv", dy, apply("Maximum", number, _one(number)))
    return [chosen * apply("GatherV2", share, ids, axes_literal(0)), None]


def _gather_rows_grad(op: Operation, dy: Any) -> list[Any]:
    return [apply("GatherV2", dy, op.inputs[1], axes_literal(0)), None]


for _how, _types, _kernel, _rule in (
    ("Sum", "number", _sorted("Sum"), _gather_rows_grad),
    ("Mean", "number", _mean, _mean_grad),
    ("Max", "real", _sorted("Max"), _sorted_shared_grad),
    ("Min", "real", _sorted("Min"), _sorted_shared_grad),
    ("Prod", "number", _sorted("Prod"), None),
):
    define(
        f"Segment{_how}",
        "data:T segment_ids:Tindices -> output:T",
        f"T:type{{{_types}}}; Tindices:type{{index}}",
        shape=_sorted_shape,
        kernel=_kernel,
        data_dependent=True,
        grad=_rule,
    )


# -- sorted segments of chosen rows ----------------------------------------------------------
def _sparse_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [None if shapes[0] is None else (None, *shapes[0][1:])]


def _rows_by_value(index: int) -> Callable[..., list[Shape]]:
    """Shape rule: that of the first operand with as many rows as an operand's value says."""

    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        number = values[index]
        count = None if number is None else scalar(number)
        return [None if shapes[0] is None else (count, *shapes[0][1:])]

    return rule


def _chosen(data: Any, indices: Any) -> Any:
    return apply("GatherV2", data, indices, axes_literal(0))


def _scaled_by_counts(x: Any, ids: Any, how: str) -> Any:
    counts = _counts(ids, x)
    return _per_segment(x, counts if how == "Mean" else apply("Sqrt", counts))


def _sparse_definition(how: str) -> Callable[..., Any]:
    def definition(data: Any, indices: Any, segment_ids: Any, num_segments: Any = None) -> Any:
        rows = _chosen(data, indices)
        if num_segments is None:
            sums = apply("SegmentSum", rows, segment_ids)
        else:
            sums = apply("UnsortedSegmentSum", rows, segment_ids, num_segments)
        return sums if how == "Sum" else _scaled_by_counts(sums, segment_ids, how)

    return definition


def _sparse_gradient(how: str) -> Callable[..., Any]:
    def definition(grad: Any, indices: Any, segment_ids: Any, output_dim0: Any) -> Any:
        share = grad if how == "Sum" else _scaled_by_counts(grad, segment_ids, how)
        return apply("UnsortedSegmentSum", _chosen(share, segment_ids), indices, output_dim0)

    return definition


def _sparse_grad(how: str) -> Callable[..., Any]:
    back = _sparse_gradient(how)

    def rule(op: Operation, dy: Any) -> list[Any]:
        data, indices, ids = op.inputs[:3]
        grad = back(dy, indices, ids, _row_count(data))
        return [grad] + [None] * (len(op.inputs) - 1)

    return rule


for _how, _types in (("Sum", "real"), ("Mean", "float32,float64"), ("SqrtN", "float32,float64")):
    define(
        f"SparseSegment{_how}",
        "data:T indices:Tidx segment_ids:int32 -> output:T",
        f"T:type{{{_types}}}; Tidx:type{{index}}=int32",
        shape=_sparse_shape,
        definition=_sparse_definition(_how),
        data_dependent=True,
        grad=_sparse_grad(_how),
    )
    define(
        f"SparseSegment{_how}WithNumSegments",
        "data:T indices:Tidx segment_ids:int32 num_segments:Tnumsegments -> output:T",
        f"T:type{{{_types}}}; Tidx:type{{index}}=int32; Tnumsegments:type{{index}}=int32",
        shape=_rows_by_value(3),
        definition=_sparse_definition(_how),
        grad=_sparse_grad(_how),
    )
    if _how != "Sum":
        define(
            f"SparseSegment{_how}Grad",
            "grad:T indices:Tidx segment_ids:int32 output_dim0:int32 -> output:T",
            f"T:type{{{_types}}}; Tidx:type{{index}}=int32",
            shape=_rows_by_value(3),
            definition=_sparse_gradient(_how),
        )


# -- partitions ------------------------------------------------------------------------------
def _partition_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    data, partitions = shapes
    if data is None or partitions is None:
        return [None] * int(attrs["num_partitions"])
    merge(data[: len(partitions)], partitions)
    return [(None, *data[len(partitions) :])] * int(attrs["num_partitions"])


def _partition(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, ...]:
    data, partitions, number = inputs[0], np.asarray(inputs[1]), attrs["num_partitions"]
    if partitions.size and not (partitions.min() >= 0 and partitions.max() < number):
        at = tuple(np.argwhere((partitions < 0) | (partitions >= number))[0])
        where = f"[{','.join(map(str, at))}]" if at else ""
        raise ValueError(f"partitions{where} = {partitions[at]} is not in [0, {number})")
    return tuple(data[partitions == i] for i in range(number))


def _partition_grad(op: Operation, *dys: Any) -> list[Any]:
    data, partitions = op.inputs
    dims = sm.shape(partitions)
    total = sm.product(dims)
    places = sm.reshape(apply("Range", axes_literal(0), total, axes_literal(1)), dims)
    number = op.attrs["num_partitions"]
    indices = apply("DynamicPartition", places, partitions, num_partitions=number)
    joined = apply("DynamicStitch", list(indices), list(dys))
    return [sm.reshape(joined, sm.shape(data)), None]


define(
    "DynamicPartition",
    "data:T partitions:int32 -> outputs:num_partitions*T",
    "num_partitions:int>=1; T:type",
    shape=_partition_shape,
    kernel=_partition,
    data_dependent=True,
    grad=_partition_grad,
)


def _stitch_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    n = attrs["N"]
    rest: Shape = None
    for indices, data in zip(shapes[:n], shapes[n:], strict=True):
        if indices is not None and data is not None:
            merge(indices, data[: len(indices)])
            rest = merge(rest, data[len(indices) :])
    known = [values[i] for i in range(n)]
    count: Dim = None
    if all(k is not None for k in known):
        count = max((int(k.max()) + 1 for k in known if k is not None and k.size), default=0)
    return [None if rest is None else (count, *rest)]


def _stitch(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    n = attrs["N"]
    indices = [np.asarray(x) for x in inputs[:n]]
    count = max((int(i.max()) + 1 for i in indices if i.size), default=0)
    rest = inputs[n].shape[indices[0].ndim :]
    out = zeros(np, (count, *rest), inputs[n].dtype)
    for i, data in zip(indices, inputs[n:], strict=True):
        if i.size and i.min() < 0:
            raise ValueError(f"indices must not be negative: {i.min()}")
        out[i] = data
    return out


for _name in ("DynamicStitch", "ParallelDynamicStitch"):
    define(
        _name,
        "indices:N*int32 data:N*T -> merged:T",
        "N:int>=1; T:type",
        shape=_stitch_shape,
        kernel=_stitch,
        data_dependent=True,
        grad=lambda op, dy: (
            [None] * op.attrs["N"]
            + [apply("GatherV2", dy, i, axes_literal(0)) for i in op.inputs[: op.attrs["N"]]]
        ),
    )


# -- counts ----------------------------------------------------------------------------------
def _bincount(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    values, size, weights = np.asarray(inputs[0]).ravel(), scalar(inputs[1]), inputs[2]
    if size < 0:
        raise ValueError(f"size ({size}) must be non-negative")
    allocatable([size], np.float64)
    if values.size and values.min() < 0:
        raise ValueError("Input arr must be non-negative!")
    keep = values < size
    given = np.asarray(weights).ravel()
    counted = np.bincount(values[keep], given[keep] if given.size else None, minlength=size)
    return counted.astype(np_dtype(attrs, "T"))


define(
    "Bincount",
    "arr:int32 size:int32 weights:T -> bins:T",
    "T:type{int32,int64,float32,float64}",
    shape=lambda shapes, attrs, values: [(None if values[1] is None else scalar(values[1]),)],
    kernel=_bincount,
    grad=NO_GRADIENT,
)
