"""Products of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.opdef import Array, Attrs, Values, define
from ..core.shape import Shape, broadcast, merge, merge_dim, with_rank, with_rank_at_least
from ..core.tensor import Operand, Tensor, axes_literal
from .broadcasting import repeated_axes
from .elementwise_rules import NUMERIC, conj

# -- one matrix by another ---------------------------------------------------------------------


def _matmul_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    a, b = with_rank(shapes[0], 2), with_rank(shapes[1], 2)
    if attrs["transpose_a"]:
        a = a[::-1]
    if attrs["transpose_b"]:
        b = b[::-1]
    merge_dim(a[1], b[0])
    return [(a[0], b[1])]


def product(xp: Any, a: Array, b: Array) -> Array:
    """The matrix product in the dtype of the operands; half precision is summed in float32."""
    if a.dtype.itemsize == 2 and a.dtype.kind not in "iu":
        return xp.matmul(a.astype(np.float32), b.astype(np.float32)).astype(a.dtype)
    if a.ndim == b.ndim == 2 and a.shape[0] * b.size <= _SMALL and a.dtype.kind == "f":
        return _summed_in_order(xp, a, b)
    return xp.matmul(a, b)


_SMALL = 4096  # multiplications


def _summed_in_order(xp: Any, a: Array, b: Array) -> Array:
    """The product with its terms added one after the other.

    BLAS adds them in an order of its own, and fused, which differs from processor to processor;
    the digits that TensorFlow printed for small models come out in the plain order alone.
    """
    if a.shape[1] != b.shape[0]:
        return xp.matmul(a, b)  # which says what is wrong
    return xp.sum(a.T[:, :, None] * b[:, None, :], axis=0)


def _matmul(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    a, b = inputs
    a = a.T if attrs["transpose_a"] else a
    b = b.T if attrs["transpose_b"] else b
    return product(xp, a, b)


def _specialize_matmul(xp: Any, attrs: Attrs) -> Any:
    if attrs["T"].size == 2:
        return None

    def matmul(a: Array, b: Array) -> Array:
        return product(xp, a, b)

    if attrs["transpose_a"] and attrs["transpose_b"]:
        return lambda a, b: matmul(a.T, b.T)
    if attrs["transpose_a"]:
        return lambda a, b: matmul(a.T, b)
    if attrs["transpose_b"]:
        return lambda a, b: matmul(a, b.T)
    return matmul


def _times(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
    return apply("MatMul", a, b, transpose_a=transpose_a, transpose_b=transpose_b)  # type: ignore[no-any-return]


def _matmul_grad(op: Any, dy: Tensor) -> list[Any]:
    a, b = conj(op.inputs[0]), conj(op.inputs[1])
    turned_a, turned_b = op.attrs["transpose_a"], op.attrs["transpose_b"]
    if turned_a:
        ga = _times(b, dy, turned_b, True)
    else:
        ga = _times(dy, b, False, not turned_b)
    if turned_b:
        gb = _times(dy, a, True, turned_a)
    else:
        gb = _times(a, dy, not turned_a, False)
    return [ga, gb]


define(
    "MatMul",
    "a:T b:T -> product:T",
    f"transpose_a:bool=false; transpose_b:bool=false; T:type{{{NUMERIC}}}",
    shape=_matmul_shape,
    kernel=_matmul,
    specialize=_specialize_matmul,
    grad=_matmul_grad,
)


def _sparse_matmul(
    a: Tensor, b: Tensor, *, transpose_a: bool, transpose_b: bool, **hints: Any
) -> Tensor:
    a, b = (x if x.dtype == "float32" else apply("Cast", x, DstT="float32") for x in (a, b))
    return _times(a, b, transpose_a, transpose_b)


def _sparse_matmul_grad(op: Any, dy: Tensor) -> list[Any]:
    grads = _matmul_grad(op, dy)
    return [
        g if x.dtype == "float32" else apply("Cast", g, DstT=x.dtype)
        for g, x in zip(grads, op.inputs, strict=True)
    ]


define(
    "SparseMatMul",
    "a:Ta b:Tb -> product:float32",
    "transpose_a:bool=false; transpose_b:bool=false; a_is_sparse:bool=false; "
    "b_is_sparse:bool=false; Ta:type{float32,bfloat16}=float32; Tb:type{float32,bfloat16}=float32",
    shape=_matmul_shape,
    definition=_sparse_matmul,
    grad=_sparse_matmul_grad,
)

# -- many matrices -----------------------------------------------------------------------------


def _matrices(shape: Shape, adjoint: bool) -> tuple[Shape, tuple[Any, Any]]:
    """The batch's shape and that of a matrix."""
    shape = with_rank_at_least(shape, 2)
    if shape is None:
        return None, (None, None)
    rows, columns = shape[-2:]
    return shape[:-2], (columns, rows) if adjoint else (rows, columns)


def _batch_shape(combine: Any) -> Any:
    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        left, (rows, inner) = _matrices(shapes[0], attrs["adj_x"])
        right, (inner_too, columns) = _matrices(shapes[1], attrs["adj_y"])
        merge_dim(inner, inner_too)
        batch = combine(left, right)
        return [None if batch is None else (*batch, rows, columns)]

    return rule


def adjoint(xp: Any, x: Array) -> Array:
    """The conjugate transpose of each matrix."""
    turned = xp.swapaxes(x, -1, -2)
    return xp.conj(turned) if x.dtype.kind == "c" else turned


def _batch_matmul(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, y = inputs
    x = adjoint(xp, x) if attrs["adj_x"] else x
    y = adjoint(xp, y) if attrs["adj_y"] else y
    return product(xp, x, y)


def _to_batch_of(grad: Tensor, x: Operand, other: Operand) -> Tensor:
    """`grad` summed over the axes of the batch along which `x` was repeated."""
    mine = None if x.static_shape is None else x.static_shape[:-2]
    theirs = None if other.static_shape is None else other.static_shape[:-2]
    found = repeated_axes(mine, theirs)
    if found is None:
        shape, minus_two = apply("Shape", x), axes_literal([-2])
        batches = [
            apply("StridedSlice", s, axes_literal([0]), minus_two, axes_literal([1]), begin_mask=1)
            for s in (shape, apply("Shape", other))
        ]
        axes, _ = apply("BroadcastGradientArgs", *batches)
        return apply("Reshape", apply("Sum", grad, axes), shape)  # type: ignore[no-any-return]
    axes, added = found
    inner = [a - added for a in axes if a >= added]
    if added:
        grad = apply("Sum", grad, axes_literal(list(range(added))))
    return apply("Sum", grad, axes_literal(inner), keep_dims=True) if inner else grad


def _batch_matmul_grad(op: Any, dy: Tensor) -> list[Any]:
    (x, y), kind = op.inputs, op.type

    def times(a: Any, b: Any, adj_x: bool, adj_y: bool) -> Tensor:
        return apply(kind, a, b, adj_x=adj_x, adj_y=adj_y)  # type: ignore[no-any-return]

    turned_x, turned_y = op.attrs["adj_x"], op.attrs["adj_y"]
    gx = times(y, dy, turned_y, True) if turned_x else times(dy, y, False, not turned_y)
    gy = times(dy, x, True, turned_x) if turned_y else times(x, dy, not turned_x, False)
    if kind == "BatchMatMul":
        return [gx, gy]
    return [_to_batch_of(gx, x, y), _to_batch_of(gy, y, x)]


for _name, _combine in (("BatchMatMul", merge), ("BatchMatMulV2", broadcast)):
    define(
        _name,
        "x:T y:T -> output:T",
        f"T:type{{{NUMERIC}}}; adj_x:bool=false; adj_y:bool=false",
        shape=_batch_shape(_combine),
        kernel=_batch_matmul,
        grad=_batch_matmul_grad,
    )
