"""Arithmetic of sparse tensors: sums, elementwise with dense ones, reductions, products.

A sparse tensor is three operands: indices [n, rank], values [n], dense shape [rank].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.allocation import allocatable
from ..core.emit import apply
from ..core.opdef import NO_GRADIENT, Attrs, Values, define
from ..core.shape import Shape, same_dim
from ..core.tensor import axes_literal
from . import coordinates as co
from .sparse_shapes import dim, rank_from, triple

_TWO = "a_indices:int64 a_values:T a_shape:int64 b_indices:int64 b_values:T b_shape:int64"


# -- two sparse tensors ------------------------------------------------------------------------
def _two(inputs: Any) -> tuple[Any, Any, Any, Any, Any]:
    """Both checked: the union of their indices, and each one's values spread over it."""
    a_indices, a_values, a_shape, b_indices, b_values, b_shape = inputs
    co.check(a_indices, a_values, a_shape, "a")
    co.check(b_indices, b_values, b_shape, "b")
    if len(a_shape) != len(b_shape):
        raise ValueError(f"The operands have ranks {len(a_shape)} and {len(b_shape)}: need equal")
    if np.any(a_shape != b_shape):
        raise ValueError(
            f"operand's shapes do not match: {a_shape.tolist()} and {b_shape.tolist()}"
        )
    rows, (of_a, of_b) = co.unique_rows(a_indices, b_indices)
    return rows, of_a, of_b, a_values, b_values


def _spread(values: Any, places: Any, count: int) -> Any:
    out = np.zeros(count, values.dtype)
    np.add.at(out, places, values)
    return out


def _add(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    rows, of_a, of_b, a, b = _two(inputs[:6])
    if np.ndim(inputs[6]):
        raise ValueError(f"The threshold must be a scalar, got shape {np.shape(inputs[6])}")
    total = _spread(a, of_a, len(rows)) + _spread(b, of_b, len(rows))
    kept = np.abs(total) >= inputs[6]
    kept[np.setxor1d(of_a, of_b)] = True  # as in TensorFlow, of sums alone the small ones go
    return rows[kept], total[kept], np.array(inputs[2])


def _add_grad(op: Any, unused: Any, dy: Any, unused_shape: Any) -> list[Any]:
    da, db = apply("SparseAddGrad", dy, op.inputs[0], op.inputs[3], op.outputs[0])
    return [None, da, None, None, db, None, None]


def _add_back(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    dy, a, b, total = inputs
    if any(x.ndim != 2 for x in (a, b, total)) or dy.ndim != 1 or len(dy) != len(total):
        raise ValueError(
            "Expected a vector of gradients and matrices of indices, got shapes "
            f"{dy.shape}, {a.shape}, {b.shape} and {total.shape}"
        )
    if not a.shape[1] == b.shape[1] == total.shape[1]:
        raise ValueError(
            f"Indices of ranks {a.shape[1]}, {b.shape[1]} and {total.shape[1]} do not fit together"
        )
    rows, (of_a, of_b, of_total) = co.unique_rows(a, b, total)
    grads = np.zeros(len(rows), dy.dtype)
    grads[of_total] = dy
    return grads[of_a], grads[of_b]


define(
    "SparseAdd",
    f"{_TWO} thresh:Treal -> sum_indices:int64 sum_values:T sum_shape:int64",
    "T:type{number}; Treal:type{real}",
    shape=lambda shapes, attrs, values: triple(
        None, rank_from(dim(shapes[2], 0), dim(shapes[0], 1))
    ),
    kernel=_add,
    grad=_add_grad,
    data_dependent=True,
)
define(
    "SparseAddGrad",
    "backprop_val_grad:T a_indices:int64 b_indices:int64 sum_indices:int64 "
    "-> a_val_grad:T b_val_grad:T",
    "T:type{number}",
    shape=lambda shapes, attrs, values: [(dim(shapes[1], 0),), (dim(shapes[2], 0),)],
    kernel=_add_back,
    grad=NO_GRADIENT,
)


def _extreme(choose: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def kernel(xp: Any, inputs: Any, attrs: Attrs) -> Any:
        rows, of_a, of_b, a, b = _two(inputs)
        n = len(rows)
        return rows, choose(_spread(a, of_a, n), _spread(b, of_b, n))

    return kernel


def _extreme_grad(op: Any, unused: Any, dy: Any) -> list[Any]:
    raise NotImplementedError(
        f"Gradients for {op.type} are not implemented: take them of dense tensors "
        "(tf.sparse.to_dense)."
    )


for _name, _choose, _types in (
    ("SparseSparseMaximum", np.maximum, "real"),
    ("SparseSparseMinimum", np.minimum, "number"),
):
    define(
        _name,
        f"{_TWO} -> output_indices:int64 output_values:T",
        f"T:type{{{_types}}}",
        shape=lambda shapes, attrs, values: [
            (None, rank_from(dim(shapes[0], 1), dim(shapes[2], 0))),
            (None,),
        ],
        kernel=_extreme(_choose),
        grad=_extreme_grad,
        data_dependent=True,
    )


# -- with dense tensors ------------------------------------------------------------------------
def _dense_at(indices: Any, shape: Any, dense: Any) -> Any:
    """The elements of a dense tensor, broadcast to the shape, at indices."""
    if dense.ndim > len(shape):
        raise ValueError(
            f"The dense operand, of rank {dense.ndim}, cannot be broadcast to the sparse one's "
            f"rank {len(shape)}"
        )
    ends = shape[len(shape) - dense.ndim :]
    if any(n not in (1, m) for n, m in zip(dense.shape, ends.tolist(), strict=True)):
        raise ValueError(
            "SparseDenseBinaryOpShared broadcasts dense to sparse only; got incompatible shapes: "
            f"[{','.join(map(str, shape.tolist()))}] vs. [{','.join(map(str, dense.shape))}]"
        )
    columns = indices[:, len(shape) - dense.ndim :] * (np.array(dense.shape, np.int64) != 1)
    return dense[tuple(columns.T)] if dense.ndim else np.full(len(indices), dense, dense.dtype)


def _cwise(compute: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def kernel(xp: Any, inputs: Any, attrs: Attrs) -> Any:
        indices, values, shape, dense = inputs
        co.check(indices, values, shape)
        with np.errstate(all="ignore"):
            got = compute(values, _dense_at(indices, shape, dense))
        return got.astype(values.dtype, copy=False)

    return kernel


def _quotient(x: Any, y: Any) -> Any:
    if x.dtype.kind not in "iu":
        return x / y
    if np.any(y == 0):
        raise ValueError("Integer division by zero")
    return np.trunc(x / y) if x.dtype.itemsize < 8 else np.sign(x) * np.sign(y) * (abs(x) // abs(y))


def _places(op: Any) -> Any:
    """The indices in the dense operand of a `SparseDenseCwise...` that each value meets."""
    indices, dense = op.inputs[0], op.inputs[3]
    extents = apply("Shape", dense, out_type=indices.dtype)
    rank = apply("Shape", extents)
    added = apply("Shape", op.inputs[2]) - rank
    start = apply("ConcatV2", [axes_literal([0]), added], 0)
    ends = apply("Slice", indices, start, axes_literal([-1, -1]))
    stretched = apply("Cast", apply("NotEqual", extents, 1), DstT=indices.dtype)
    return ends * stretched


def _to_dense(op: Any, places: Any, dy: Any) -> Any:
    dense = op.inputs[3]
    return apply("ScatterNd", places, dy, apply("Shape", dense, out_type=places.dtype))


def _cwise_add_grad(op: Any, dy: Any) -> list[Any]:
    return [None, dy, None, _to_dense(op, _places(op), dy)]


def _cwise_mul_grad(op: Any, dy: Any) -> list[Any]:
    places = _places(op)
    other = apply("GatherNd", op.inputs[3], places)
    return [None, dy * other, None, _to_dense(op, places, dy * op.inputs[1])]


def _cwise_div_grad(op: Any, dy: Any) -> list[Any]:
    places = _places(op)
    other = apply("GatherNd", op.inputs[3], places)
    down = -op.inputs[1] / (other * other)
    return [None, dy / other, None, _to_dense(op, places, dy * down)]


for _name, _compute, _grad in (
    ("SparseDenseCwiseAdd", np.add, _cwise_add_grad),
    ("SparseDenseCwiseMul", np.multiply, _cwise_mul_grad),
    ("SparseDenseCwiseDiv", _quotient, _cwise_div_grad),
):
    define(
        _name,
        "sp_indices:int64 sp_values:T sp_shape:int64 dense:T -> output:T",
        "T:type{number}",
        shape=lambda shapes, attrs, values: [(dim(shapes[0], 0),)],
        kernel=_cwise(_compute),
        grad=_grad,
    )


def _dense_add(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    indices, values, shape, dense = inputs
    co.check_ranks(indices, values, shape)
    if dense.ndim != len(shape) or any(
        n != m for n, m in zip(dense.shape, shape.tolist(), strict=True)
    ):
        raise ValueError(
            f"Dimensions of the operands do not match: {shape.tolist()} and {list(dense.shape)}"
        )
    co.check_inside(indices, shape)
    out = np.array(dense)
    np.add.at(out, tuple(indices.T), values)
    return out


define(
    "SparseTensorDenseAdd",
    "a_indices:Tindices a_values:T a_shape:Tindices b:T -> output:T",
    "T:type{number}; Tindices:type{index}",
    shape=lambda shapes, attrs, values: [shapes[3]],
    kernel=_dense_add,
    grad=lambda op, dy: [None, apply("GatherNd", dy, op.inputs[0]), None, dy],
)


# -- products ----------------------------------------------------------------------------------
def _product_sizes(attrs: Attrs, shape: Sequence[Any], b: Sequence[Any]) -> tuple[Any, ...]:
    """Rows and columns of both matrices after what `adjoint_a` and `adjoint_b` ask for."""
    rows, inner = (shape[1], shape[0]) if attrs["adjoint_a"] else (shape[0], shape[1])
    inner_b, columns = (b[1], b[0]) if attrs["adjoint_b"] else (b[0], b[1])
    return rows, inner, inner_b, columns


def _product_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    dense = values.as_shape(2)
    a = dense if dense is not None and len(dense) == 2 else (None, None)
    if dense is not None and len(dense) != 2:
        raise ValueError(f"Tensor 'a_shape' must have 2 elements, it has {len(dense)}")
    b = shapes[3] if shapes[3] is not None else (None, None)
    if len(b) != 2:
        raise ValueError(f"Shape must be rank 2 but is rank {len(b)}")
    rows, inner, inner_b, columns = _product_sizes(attrs, a, b)
    if not same_dim(inner, inner_b):
        raise ValueError(f"Dimensions must be equal, but are {inner} and {inner_b}")
    return [(rows, columns)]


def _check_product(indices: Any, rows: int, inner: int, flipped: bool) -> None:
    for column, letter, size in ((1, "k", inner), (0, "m", rows)):
        at = 1 - column if flipped else column
        outside = (indices[:, at] < 0) | (indices[:, at] >= size)
        if np.any(outside):
            n = int(np.argmax(outside))
            raise ValueError(
                f"{letter} ({indices[n, at]}) from index[{n},{at}] out of bounds (>={size})"
            )


def _adjoint(x: Any) -> Any:
    return np.conj(x.T) if x.dtype.kind == "c" else x.T


def _product(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    indices, values, shape, b = inputs
    co.check_ranks(indices, values, shape, "a")
    if len(shape) != 2 or b.ndim != 2:
        raise ValueError(f"Both must be matrices, got ranks {len(shape)} and {b.ndim}")
    rows, inner, inner_b, columns = _product_sizes(attrs, shape, b.shape)
    if inner != inner_b:
        raise ValueError(
            "Cannot multiply A and B because inner dimension does not match: "
            f"{inner} vs. {inner_b}. Did you forget a transpose?"
        )
    _check_product(indices, int(rows), int(inner), attrs["adjoint_a"])
    dense = _adjoint(b) if attrs["adjoint_b"] else b
    scale, down, across = values, indices[:, 0], indices[:, 1]
    if attrs["adjoint_a"]:
        scale, down, across = _adjoint(values), across, down
    return _sums_by_row(scale, down, dense[across], (int(rows), int(columns)))


def _sums_by_row(scale: Any, down: Any, rows: Any, shape: tuple[int, int]) -> Any:
    out = np.zeros(allocatable(shape, rows.dtype), rows.dtype)
    if not len(down) or not shape[1]:
        return out
    places = np.argsort(down, kind="stable")
    starts = np.flatnonzero(np.diff(down[places], prepend=-1))
    out[down[places][starts]] = np.add.reduceat((rows * scale[:, None])[places], starts, axis=0)
    return out


def _conj(x: Any) -> Any:
    return apply("Conj", x) if x.dtype.is_complex else x


def _transposed(x: Any) -> Any:
    return _conj(apply("Transpose", x, axes_literal([1, 0])))


def _product_grad(op: Any, dy: Any) -> list[Any]:
    indices, values, shape, b = op.inputs
    flip_a, flip_b = op.attrs["adjoint_a"], op.attrs["adjoint_b"]
    db = apply("SparseTensorDenseMatMul", indices, values, shape, dy, adjoint_a=not flip_a)
    down, across = apply("Unpack", indices, num=2, axis=1)
    if flip_a:
        down, across = across, down
    parts = apply("GatherV2", dy, down, 0), apply("GatherV2", _flipped(b, flip_b), across, 0)
    of_dy, of_b = (_conj(parts[0]), parts[1]) if flip_a else (parts[0], _conj(parts[1]))
    da = apply("Sum", of_dy * of_b, axes_literal([1]))
    return [None, da, None, _flipped(db, flip_b)]


def _flipped(x: Any, flip: bool) -> Any:
    return _transposed(x) if flip else x


define(
    "SparseTensorDenseMatMul",
    "a_indices:Tindices a_values:T a_shape:int64 b:T -> product:T",
    "T:type; Tindices:type{index}=int64; adjoint_a:bool=false; adjoint_b:bool=false",
    shape=_product_shape,
    kernel=_product,
    grad=_product_grad,
)


# -- reductions --------------------------------------------------------------------------------
def _groups(inputs: Any) -> tuple[Any, Any, Any, list[int]]:
    """Where each value goes: the groups' indices among the axes that stay, those, and its group."""
    indices, values, shape, axes = inputs
    co.check(indices, values, shape)
    gone = co.axes_of(axes, len(shape))
    left = [axis for axis in range(len(shape)) if axis not in gone]
    rows, (of_value,) = co.unique_rows(indices[:, left])
    return rows, of_value, left, gone


def _reduced(reduce: Any, values: Any, of_value: Any, count: int) -> Any:
    places = np.argsort(of_value, kind="stable")
    if not len(places):
        return values[:0]
    starts = np.flatnonzero(np.diff(of_value[places], prepend=-1))
    return reduce.reduceat(values[places], starts).astype(values.dtype, copy=False)


def _kept_shape(shape: Any, left: list[int], attrs: Attrs) -> list[int]:
    if attrs["keep_dims"]:
        return [int(n) if axis in left else 1 for axis, n in enumerate(shape)]
    return [int(shape[axis]) for axis in left]


def _with_ones(rows: Any, left: list[int], rank: int) -> Any:
    out = np.zeros((len(rows), rank), np.int64)
    out[:, left] = rows
    return out


def _sparse_reduce(reduce: Any) -> Callable[..., Any]:
    def kernel(xp: Any, inputs: Any, attrs: Attrs) -> Any:
        rows, of_value, left, _ = _groups(inputs)
        got = _reduced(reduce, inputs[1], of_value, len(rows))
        shape = np.array(_kept_shape(inputs[2], left, attrs), np.int64)
        return _with_ones(rows, left, len(inputs[2])) if attrs["keep_dims"] else rows, got, shape

    return kernel


def _dense_reduce(reduce: Any) -> Callable[..., Any]:
    def kernel(xp: Any, inputs: Any, attrs: Attrs) -> Any:
        rows, of_value, left, _ = _groups(inputs)
        dims = allocatable([inputs[2][axis] for axis in left], inputs[1].dtype)
        out = np.zeros(dims, inputs[1].dtype)
        if len(rows):
            got = _reduced(reduce, inputs[1], of_value, len(rows))
            out[tuple(rows.T)] = got if left else got[0]
        return out.reshape(_kept_shape(inputs[2], left, attrs))

    return kernel


def _reduce_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    dense, axes = values.as_shape(2), values[3]
    if dense is None or axes is None:
        return [(None,) * len(dense) if dense is not None and attrs["keep_dims"] else None]
    gone = co.axes_of(axes, len(dense))
    if attrs["keep_dims"]:
        return [tuple(1 if axis in gone else n for axis, n in enumerate(dense))]
    return [tuple(n for axis, n in enumerate(dense) if axis not in gone)]


def _sum_grad(op: Any, dy: Any) -> list[Any]:
    indices, _, shape, axes = op.inputs
    rank = apply("Size", shape)
    positive = apply("FloorMod", axes + rank, rank)
    ones = apply("OnesLike", apply("Cast", positive, DstT=shape.dtype))
    places = apply("Range", 0, rank, 1)
    kept = apply(
        "DynamicStitch",
        [places, apply("Reshape", positive, axes_literal([-1]))],
        [shape, apply("Reshape", ones, axes_literal([-1]))],
    )
    stays = apply("Cast", apply("Equal", kept, shape), DstT=indices.dtype)
    spread = apply("Reshape", dy, kept)
    return [None, apply("GatherNd", spread, indices * stays), None, None]


_OF_REDUCTION = "input_indices:int64 input_values:T input_shape:int64 reduction_axes:int32"
for _name, _reduce, _types in (
    ("SparseReduceSum", np.add, "number"),
    ("SparseReduceMax", np.maximum, "real"),
):
    define(
        _name,
        f"{_OF_REDUCTION} -> output:T",
        f"keep_dims:bool=false; T:type{{{_types}}}",
        shape=_reduce_shape,
        kernel=_dense_reduce(_reduce),
        grad=_sum_grad if _reduce is np.add else None,
        data_dependent=True,
    )
    define(
        f"{_name}Sparse",
        f"{_OF_REDUCTION} -> output_indices:int64 output_values:T output_shape:int64",
        f"keep_dims:bool=false; T:type{{{_types}}}",
        shape=lambda shapes, attrs, values: triple(None, None),
        kernel=_sparse_reduce(_reduce),
        data_dependent=True,
    )


# -- softmax -----------------------------------------------------------------------------------
def _softmax(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    indices, values, shape = inputs
    co.check(indices, values, shape)
    if len(shape) < 2:
        raise ValueError(f"Input should have rank >= 2, but received shape {shape.tolist()}")
    _, (row,) = co.unique_rows(indices[:, :-1])
    count = int(row.max()) + 1 if len(row) else 0
    top = np.full(count, -np.inf, values.dtype)
    np.maximum.at(top, row, values)
    with np.errstate(all="ignore"):
        powers = np.exp(values - top[row])
    total = np.zeros(count, values.dtype)
    np.add.at(total, row, powers)
    return powers / total[row]


def _softmax_grad(op: Any, dy: Any) -> list[Any]:
    indices, shape, out = op.inputs[0], op.inputs[2], op.outputs[0]
    total = apply("SparseReduceSum", indices, out * dy, shape, axes_literal([-1]), keep_dims=True)
    return [None, apply("SparseDenseCwiseAdd", indices, dy, shape, -total) * out, None]


define(
    "SparseSoftmax",
    "sp_indices:int64 sp_values:T sp_shape:int64 -> output:T",
    "T:type{float32,float64}",
    shape=lambda shapes, attrs, values: [shapes[1]],
    kernel=_softmax,
    grad=_softmax_grad,
)
