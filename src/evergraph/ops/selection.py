"""Choosing elements: gather and scatter, one-hot, where, unique, top k."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..core.allocation import allocatable
from ..core.emit import apply
from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, merge, normal_axis, show, show_brackets, with_rank_at_least
from ..core.tensor import Literal, Operand, Operation, axes_literal
from ..core.values import constant_value, value_as_shape
from . import shape_math as sm
from .indexed_slices import IndexedSlices
from .operands import ints, np_dtype, scalar, shape_of, zeros
from .scattering import check_indices, elements_shape, nd_index, scatter, scatter_elements


# -- gather ----------------------------------------------------------------------------------
def gather_shape(shapes: Sequence[Shape], axis: int | None, batch_dims: int = 0) -> list[Shape]:
    """The shape of rows of the first operand, chosen by the second along an axis."""
    params, indices = shapes[0], shapes[1]
    if params is None or indices is None:
        return [None]
    b = batch_dims + len(indices) if batch_dims < 0 else batch_dims
    if axis is None:
        return [(None,) * (len(params) + len(indices) - 1 - b)]
    with_rank_at_least(params, axis + 1 if axis >= 0 else -axis)
    at = normal_axis(axis, len(params))
    batch = merge(params[:b], indices[:b])
    assert batch is not None
    return [(*batch, *params[b:at], *indices[b:], *params[at + 1 :])]


def gather_rows(xp: Any, params: Array, indices: Array, axis: int, batch_dims: int = 0) -> Array:
    """Slices of `params` along an axis, where the first `batch_dims` axes go together."""
    rank = len(params.shape)
    if not -rank <= axis < rank:
        raise ValueError(f"Expected axis in the range [{-rank}, {rank}), but got {axis}")
    at = axis % rank
    check_indices(xp, indices, params.shape[at])
    if not batch_dims:
        return xp.take(params, indices, axis=at)
    rank = len(indices.shape)
    b = batch_dims + rank if batch_dims < 0 else batch_dims
    if not b:
        return xp.take(params, indices, axis=at)
    grids = [
        np.arange(n).reshape([-1 if i == k else 1 for i in range(rank)])
        for k, n in enumerate(indices.shape[:b])
    ]
    got = xp.moveaxis(params, at, b)[(*grids, indices)]
    # What stood before the axis comes after the indices now.
    middle = at - b
    return xp.moveaxis(got, range(rank, rank + middle), range(b, b + middle))


def _rows_gradient(params: Operand, indices: Operand, dy: Any) -> IndexedSlices:
    """The gradient of choosing rows: sparse, as TensorFlow gives it."""
    dense = sm.shape(params)
    values = sm.rows(dy, [-1, sm.part(dense, 1)])
    return IndexedSlices(values, sm.reshape(indices, axes_literal([-1])), _as_tensor(dense))


def _as_tensor(x: Operand) -> Any:
    if isinstance(x, Literal):
        return apply("Const", value=x.value, dtype=x.dtype)
    return x


def _gather_grad(op: Operation, dy: Any) -> list[Any]:
    params, indices = op.inputs[:2]
    axis = constant_value(op.inputs[2]) if len(op.inputs) > 2 else np.asarray(0)
    none = [None] * (len(op.inputs) - 1)
    b = op.attrs.get("batch_dims", 0)
    if axis is not None and int(axis) == 0 and not b:
        return [_rows_gradient(params, indices, dy), *none]
    at = sm.rank(params) if axis is None or int(axis) < 0 else int(axis)
    if axis is None:
        at = apply("FloorMod", op.inputs[2], at)
    elif int(axis) < 0:
        at = sm.add(at, int(axis))
    if b < 0:
        b = sm.add(sm.rank(indices), b)
    return [_axis_gradient(params, indices, dy, at, b), *none]


def _axis_gradient(params: Operand, indices: Operand, dy: Any, axis: Any, b: Any) -> Any:
    """The gradient along any axis: sums of rows over a flat axis of (batch, gathered extent)."""
    dims, chosen = sm.shape(params), sm.shape(indices)
    rank, width = sm.rank(params), sm.sub(sm.rank(indices), b)
    middle_end = sm.add(axis, width)
    end = sm.add(sm.sub(rank, 1), width)
    batch, n = sm.part(dims, 0, b), sm.part(dims, axis, sm.add(axis, 1))
    middle, rest = sm.part(dims, b, axis), sm.part(dims, sm.add(axis, 1))
    moved = sm.transpose(
        dy, sm.iota(0, b), sm.iota(axis, middle_end), sm.iota(b, axis), sm.iota(middle_end, end)
    )
    count = sm.product(batch)
    values = sm.reshape(moved, sm.join(-1, middle, rest))
    total = sm.mul(count, n)
    sums = apply(
        "UnsortedSegmentSum", values, _flat_rows(indices, chosen, count, n, b), _first(total)
    )
    spread = sm.reshape(sums, sm.join(batch, n, middle, rest))
    return sm.transpose(
        spread,
        sm.iota(0, b),
        sm.iota(sm.add(b, 1), sm.add(axis, 1)),
        b,
        sm.iota(sm.add(axis, 1), rank),
    )


def _first(v: Operand) -> Operand:
    """A vector of one element (or a scalar) as a scalar."""
    if isinstance(v, Literal):
        return axes_literal(int(v.value.reshape(())))
    return sm.reshape(v, axes_literal([]))


def _flat_rows(indices: Operand, chosen: Operand, count: Operand, n: Operand, b: Any) -> Any:
    """The indices as positions on the flat axis of (batch, gathered extent)."""
    if isinstance(b, int) and b == 0:
        return sm.reshape(indices, axes_literal([-1]))
    dtype = indices.dtype.base_dtype
    start = apply("Mul", _as_tensor(sm.iota(0, _first(count))), n)
    start = start if dtype is start.dtype else apply("Cast", start, DstT=dtype)
    per_batch = sm.rows(indices, [count, sm.product(sm.part(chosen, b))])
    both = apply("AddV2", per_batch, apply("ExpandDims", start, axes_literal(1)))
    return sm.reshape(both, axes_literal([-1]))


def _gathered_elements(op: Operation) -> Shape:
    """What is known of the elements of a shape vector that were chosen by known indices."""
    known = value_as_shape(op.operands[0])
    indices = constant_value(op.operands[1])
    if known is None or indices is None or op.operands[0].static_shape != (len(known),):
        return None
    chosen = ints(indices)
    return tuple(known[i] for i in chosen) if all(0 <= i < len(known) for i in chosen) else None


define(
    "GatherV2",
    "params:Tparams indices:Tindices axis:Taxis -> output:Tparams",
    "batch_dims:int=0; Tparams:type; Tindices:type{index}; Taxis:type{index}",
    shape=lambda shapes, attrs, values: gather_shape(
        shapes, None if values[2] is None else scalar(values[2]), attrs["batch_dims"]
    ),
    kernel=lambda xp, inputs, attrs: gather_rows(
        xp, inputs[0], inputs[1], scalar(inputs[2]), attrs["batch_dims"]
    ),
    partial_value=_gathered_elements,
    grad=_gather_grad,
)
define(
    "Gather",
    "params:Tparams indices:Tindices -> output:Tparams",
    "validate_indices:bool=true; Tparams:type; Tindices:type{index}",
    shape=lambda shapes, attrs, values: gather_shape(shapes, 0),
    kernel=lambda xp, inputs, attrs: gather_rows(xp, inputs[0], inputs[1], 0),
    partial_value=_gathered_elements,
    grad=_gather_grad,
)


# -- gather and scatter by coordinates -------------------------------------------------------
def gather_nd_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    """Shape rule: the elements or slices that the vectors of the second operand name."""
    params, indices = shapes[0], shapes[1]
    with_rank_at_least(indices, 1)
    if params is None or indices is None or indices[-1] is None:
        return [None]
    depth = indices[-1]
    if depth > len(params):
        raise ValueError(
            f"indices.shape[-1] must be <= params.rank, but saw indices shape {show(indices)} and "
            f"params shape {show(params)}."
        )
    return [(*indices[:-1], *params[depth:])]


def gather_nd_kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    """The elements or slices of the first operand that the second names."""
    params, indices = inputs
    if not indices.shape[-1]:
        return xp.broadcast_to(params, (*indices.shape[:-1], *params.shape))
    if not params.size and indices.size:
        raise ValueError("Requested more than 0 entries, but params is empty.")
    # With an ellipsis a single string stays an array.
    return params[(*nd_index(xp, indices, params.shape, "param shape"), Ellipsis)]


def _gather_nd_grad(op: Operation, dy: Any) -> list[Any]:
    params, indices = op.inputs
    shape = indices.static_shape
    if shape is not None and len(shape) == 2 and shape[1] == 1:
        flat = sm.reshape(indices, axes_literal([-1]))
        return [IndexedSlices(dy, flat, _as_tensor(sm.shape(params))), None]
    size = shape_of(params, indices.dtype.base_dtype)
    return [apply("ScatterNd", indices, dy, size), None]


define(
    "GatherNd",
    "params:Tparams indices:Tindices -> output:Tparams",
    "Tparams:type; Tindices:type{index}",
    shape=gather_nd_shape,
    kernel=gather_nd_kernel,
    grad=_gather_nd_grad,
)


def _scatter_nd_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    out = values.as_shape(2)
    elements_shape(out, shapes[0], shapes[1])
    return [out]


def _scatter_nd(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    indices, updates, shape = inputs[0], inputs[1], ints(inputs[2])
    target = zeros(xp, shape, np_dtype(attrs, "T"))
    elements_shape(tuple(shape), indices.shape, updates.shape)
    how = "Update" if target.dtype == object else "Add"
    return scatter(xp, target, nd_index(xp, indices, shape), updates, how)


define(
    "ScatterNd",
    "indices:Tindices updates:T shape:Tindices -> output:T",
    "T:type; Tindices:type{index}",
    shape=_scatter_nd_shape,
    kernel=_scatter_nd,
    grad=lambda op, dy: [None, apply("GatherNd", dy, op.inputs[0]), None],
)


def _scattered(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    elements_shape(*shapes)
    return [shapes[0]]


def _scattering(how: str) -> Callable[..., Array]:
    run = scatter_elements(how)
    return lambda xp, inputs, attrs: run(xp, *inputs)


def _tensor_update_grad(op: Operation, dy: Any) -> list[Any]:
    indices, updates = op.inputs[1], op.inputs[2]
    kept = apply("TensorScatterUpdate", dy, indices, apply("ZerosLike", updates))
    return [kept, None, apply("GatherNd", dy, indices)]


def _tensor_sub_grad(op: Operation, dy: Any) -> list[Any]:
    return [dy, None, apply("Neg", apply("GatherNd", dy, op.inputs[1]))]


def _tensor_add_grad(op: Operation, dy: Any) -> list[Any]:
    return [dy, None, apply("GatherNd", dy, op.inputs[1])]


for _name, _how, _grad in (
    ("TensorScatterUpdate", "Update", _tensor_update_grad),
    ("TensorScatterAdd", "Add", _tensor_add_grad),
    ("TensorScatterSub", "Sub", _tensor_sub_grad),
):
    define(
        _name,
        "tensor:T indices:Tindices updates:T -> output:T",
        "T:type; Tindices:type{index}",
        shape=_scattered,
        kernel=_scattering(_how),
        grad=_grad,
    )
define(
    "ScatterNdNonAliasingAdd",
    "input:T indices:Tindices updates:T -> output:T",
    "T:type{float32,float64,int32,uint8,int16,int8,complex64,int64,qint8,quint8,qint32,bfloat16,"
    "uint16,complex128,float16,uint32,uint64,bool}; Tindices:type{index}",
    shape=_scattered,
    kernel=_scattering("Add"),
    grad=_tensor_add_grad,
)


def _sparse_to_dense(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    indices, shape, values, default = inputs
    coordinates = np.asarray(indices)
    coordinates = coordinates.reshape(-1, 1) if coordinates.ndim < 2 else coordinates
    _check_sparse_operands(coordinates, ints(shape), np.shape(values), np.shape(default))
    dims = allocatable(ints(shape), np_dtype(attrs, "T"))
    target = xp.full(dims, default, np_dtype(attrs, "T"))
    if attrs["validate_indices"]:
        _check_order(coordinates)
    return scatter(xp, target, nd_index(xp, coordinates, target.shape), values, "Update")


def _check_sparse_operands(
    coordinates: Array, shape: Sequence[int], values: Sequence[int], default: Sequence[int]
) -> None:
    """Raises ValueError unless the operands of SparseToDense fit together."""
    count, rank = coordinates.shape[0], coordinates.shape[-1]
    if len(shape) != rank:
        raise ValueError(
            f"output_shape has incorrect number of elements: {len(shape)} should be: {rank}"
        )
    if min(shape, default=0) < 0:
        raise ValueError(f"output_shape must not be negative: {list(shape)}")
    if tuple(values) not in ((), (count,)):
        raise ValueError(
            f"sparse_values has incorrect shape {show_brackets(tuple(values))}, should be [] or "
            f"[{count}]"
        )
    if tuple(default):
        raise ValueError("default_value should be a scalar.")


def _check_order(coordinates: Array) -> None:
    """Raises ValueError unless the coordinates ascend without repeating."""
    rows = [tuple(r) for r in coordinates.tolist()]
    for i, (a, b) in enumerate(pairwise(rows), 1):
        if not a < b:
            what = "is repeated" if a == b else "is out of order"
            raise ValueError(f"indices[{i}] = {list(b)} {what}")


def _sparse_to_dense_grad(op: Operation, dy: Any) -> list[Any]:
    indices, _, values, _ = op.inputs
    if indices.static_shape is None:
        raise ValueError("The gradient of SparseToDense needs the rank of its indices.")
    if len(indices.static_shape) < 2:
        indices = sm.reshape(indices, axes_literal([-1, 1]))
    got = apply("GatherNd", dy, indices)
    rest = apply("TensorScatterUpdate", dy, indices, apply("ZerosLike", got))
    if values.static_shape == ():
        got = apply("Sum", got, axes_literal([0]))
    return [None, None, got, apply("Sum", rest, sm.iota(0, sm.rank(rest)))]


define(
    "SparseToDense",
    "sparse_indices:Tindices output_shape:Tindices sparse_values:T default_value:T -> dense:T",
    "validate_indices:bool=true; T:type; Tindices:type{index}",
    shape=lambda shapes, attrs, values: [values.as_shape(1)],
    kernel=_sparse_to_dense,
    grad=_sparse_to_dense_grad,
)


# -- one-hot, where --------------------------------------------------------------------------
def _one_hot_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    indices, depth = shapes[0], values[1]
    if indices is None:
        return [None]
    axis = normal_axis(attrs["axis"], len(indices) + 1)
    extent = None if depth is None else scalar(depth)
    if extent is not None and extent < 0:
        raise ValueError(f"depth must be non-negative, got: {extent}")
    return [(*indices[:axis], extent, *indices[axis:])]


def _one_hot(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    indices, depth, on, off = inputs
    axis = normal_axis(attrs["axis"], len(indices.shape) + 1)
    count = scalar(depth)
    if count < 0:
        raise ValueError(f"depth must be non-negative, got: {count}")
    allocatable([count, *indices.shape], on.dtype)
    allocatable([count], np.int64)
    classes = np.arange(count).reshape([-1] + [1] * (len(indices.shape) - axis))
    hot = xp.expand_dims(indices, axis) == classes
    return xp.where(hot, on, off)


define(
    "OneHot",
    "indices:TI depth:int32 on_value:T off_value:T -> output:T",
    "axis:int=-1; T:type; TI:type{uint8,int32,int64}=int64",
    shape=_one_hot_shape,
    kernel=_one_hot,
    grad=NO_GRADIENT,
)


def _where_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [(None, None if shapes[0] is None else len(shapes[0]))]


define(
    "Where",
    "input:T -> index:int64",
    "T:type{float32,float64,int32,uint8,int16,int8,complex64,int64,qint8,quint8,qint32,bfloat16,"
    "uint16,complex128,float16,uint32,uint64,bool}=bool",
    shape=_where_shape,
    kernel=lambda xp, inputs, attrs: np.argwhere(np.asarray(inputs[0])).astype(np.int64),
    data_dependent=True,
    grad=NO_GRADIENT,
)


# -- unique ----------------------------------------------------------------------------------
def _unique(x: Array, axis: int | None, dtype: Any) -> tuple[Array, Array, Array]:
    """Values in the order in which they first occur, each element's place among them, counts."""
    x = np.asarray(x)
    _, first, place, counts = np.unique(
        x, axis=axis, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    values = np.take(x, first[order], axis=0 if axis is None else axis)
    return values, rank[place.reshape(-1)].astype(dtype), counts[order].astype(dtype)


def _unique_vector(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, ...]:
    if inputs[0].ndim != 1:
        raise ValueError("unique expects a 1D vector.")
    return _unique(inputs[0], None, np_dtype(attrs, "out_idx"))


def _unique_along(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, ...]:
    axis = ints(inputs[1])
    if not axis:
        return _unique_vector(xp, inputs, attrs)
    at = normal_axis(axis[0], inputs[0].ndim)
    return _unique(inputs[0], None if inputs[0].ndim == 1 else at, np_dtype(attrs, "out_idx"))


def _unique_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x = shapes[0]
    if x is not None and len(x) != 1:
        raise ValueError(f"Shape must be rank 1 but is rank {len(x)}: {show(x)}.")
    return [(None,), x or (None,), (None,)]


def _unique_along_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x, axis = shapes[0], values[1]
    if x is None or axis is None or not ints(axis):
        return [None if x is None else (None,) * len(x), (None,), (None,)]
    at = normal_axis(ints(axis)[0], len(x))
    return [(*x[:at], None, *x[at + 1 :]), (x[at],), (None,)]


def _first_two(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: function(*args)[:2]


for _name, _inputs, _attrs, _kernel, _rule in (
    ("Unique", "x:T", "T:type", _unique_vector, _unique_shape),
    (
        "UniqueV2",
        "x:T axis:Taxis",
        "T:type; Taxis:type{index}=int64",
        _unique_along,
        _unique_along_shape,
    ),
):
    _version = _name.removeprefix("Unique")
    define(
        _name,
        f"{_inputs} -> y:T idx:out_idx",
        f"{_attrs}; out_idx:type{{index}}=int32",
        shape=_first_two(_rule),
        kernel=_first_two(_kernel),
        data_dependent=True,
        grad=NO_GRADIENT,
    )
    define(
        f"UniqueWithCounts{_version}",
        f"{_inputs} -> y:T idx:out_idx count:out_idx",
        f"{_attrs}; out_idx:type{{index}}=int32",
        shape=_rule,
        kernel=_kernel,
        data_dependent=True,
        grad=NO_GRADIENT,
    )


def _list_diff(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array]:
    x, y = np.asarray(inputs[0]), np.asarray(inputs[1])
    keep = np.flatnonzero(~np.isin(x, y))
    return x[keep], keep.astype(np_dtype(attrs, "out_idx"))


define(
    "ListDiff",
    "x:T y:T -> out:T idx:out_idx",
    "T:type; out_idx:type{index}=int32",
    shape=lambda shapes, attrs, values: [(None,), (None,)],
    kernel=_list_diff,
    data_dependent=True,
    grad=NO_GRADIENT,
)


# -- top k, sorting --------------------------------------------------------------------------
def _top_shape(x: Shape, k: int | None) -> list[Shape]:
    with_rank_at_least(x, 1)
    if x is None:
        return [None, None]
    if k is not None and (k < 0 or (x[-1] is not None and x[-1] < k)):
        raise ValueError(f"input must have last dimension >= k = {k} but is {x[-1]}")
    return [(*x[:-1], k)] * 2


def _top(xp: Any, x: Array, k: int) -> tuple[Array, Array]:
    n = x.shape[-1]
    _top_shape(x.shape, k)
    # Sorting the reversed row and reversing again puts the lower of equal elements' indices first.
    ascending = xp.argsort(xp.flip(x, -1), axis=-1, stable=True)
    indices = (n - 1 - xp.flip(ascending, -1))[..., :k]
    return xp.take_along_axis(x, indices, axis=-1), indices.astype(np.int32)


def _top_grad(op: Operation, dy: Any, _: Any) -> list[Any]:
    x, indices = op.inputs[0], op.outputs[1]
    dims, last = sm.shape(x), sm.sub(sm.rank(x), 1)
    rows = sm.product(sm.part(dims, 0, last))
    start = apply("Mul", _as_tensor(sm.iota(0, rows)), sm.part(dims, last))
    per_row = sm.reshape(indices, sm.join(rows, sm.part(sm.shape(indices), last)))
    where = apply("AddV2", per_row, apply("ExpandDims", start, axes_literal(1)))
    points = sm.reshape(where, axes_literal([-1, 1]))
    flat = apply("ScatterNd", points, sm.reshape(dy, axes_literal([-1])), sm.join(sm.product(dims)))
    return [sm.reshape(flat, dims)] + [None] * (len(op.inputs) - 1)


define(
    "TopKV2",
    "input:T k:int32 -> values:T indices:int32",
    "sorted:bool=true; T:type{real}",
    shape=lambda shapes, attrs, values: _top_shape(
        shapes[0], None if values[1] is None else scalar(values[1])
    ),
    kernel=lambda xp, inputs, attrs: _top(xp, inputs[0], scalar(inputs[1])),
    grad=_top_grad,
)
define(
    "TopK",
    "input:T -> values:T indices:int32",
    "k:int>=0; sorted:bool=true; T:type{real}",
    shape=lambda shapes, attrs, values: _top_shape(shapes[0], attrs["k"]),
    kernel=lambda xp, inputs, attrs: _top(xp, inputs[0], attrs["k"]),
    grad=_top_grad,
)


def _nth(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, n = inputs[0], scalar(inputs[1])
    if not 0 <= n < x.shape[-1]:
        raise ValueError(f"Input must have at least n+1 = {n + 1} elements, not {x.shape[-1]}")
    return xp.sort(x, axis=-1)[..., -1 - n if attrs["reverse"] else n]


def _nth_grad(op: Operation, dy: Any) -> list[Any]:
    """Shared equally among the elements that equal the chosen one."""
    x, y = op.inputs[0], op.outputs[0]
    last = axes_literal(-1)
    same = apply("Cast", apply("Equal", x, apply("ExpandDims", y, last)), DstT=dy.dtype)
    count = apply("Sum", same, axes_literal([-1]), keep_dims=True)
    return [apply("RealDiv", same, count) * apply("ExpandDims", dy, last), None]


define(
    "NthElement",
    "input:T n:int32 -> values:T",
    "reverse:bool=false; T:type{real}",
    shape=lambda shapes, attrs, values: [
        None if shapes[0] is None else with_rank_at_least(shapes[0], 1)[:-1]  # type: ignore[index]
    ],
    kernel=_nth,
    grad=_nth_grad,
)


def _searched(side: str) -> Any:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        rows, values = np.asarray(inputs[0]), np.asarray(inputs[1])
        out = np.empty(values.shape, np_dtype(attrs, "out_type"))
        for i in range(len(values)):
            out[i] = np.searchsorted(rows[i], values[i], side=side)  # type: ignore[call-overload]
        return out

    return kernel


for _name, _side in (("LowerBound", "left"), ("UpperBound", "right")):
    define(
        _name,
        "sorted_inputs:T values:T -> output:out_type",
        "T:type; out_type:type{index}=int32",
        shape=lambda shapes, attrs, values: [shapes[1]],
        kernel=_searched(_side),
        grad=NO_GRADIENT,
    )


def _unravel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    indices, dims = np.asarray(inputs[0]), tuple(ints(inputs[1]))
    return np.stack(np.unravel_index(indices, dims)).astype(np_dtype(attrs, "Tidx"))


def _unravel_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    indices, dims = shapes
    if indices is None:
        return [None]
    rank = None if dims is None else dims[0]
    return [(rank,) if indices == () else (rank, indices[0])]


define(
    "UnravelIndex",
    "indices:Tidx dims:Tidx -> output:Tidx",
    "Tidx:type{index}=int32",
    shape=_unravel_shape,
    kernel=_unravel,
    grad=NO_GRADIENT,
)
