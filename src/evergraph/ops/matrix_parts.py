"""Diagonals and bands of (batches of) matrices."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.opdef import Array, Attrs, Values, define
from ..core.shape import Dim, Shape, merge_dim, show, with_rank_at_least
from ..core.tensor import Operation
from .operands import np_dtype, scalar, zeros


def _same(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [with_rank_at_least(shapes[0], 2)]


def _band(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, lower, upper = inputs[0], scalar(inputs[1]), scalar(inputs[2])
    rows, columns = x.shape[-2:]
    if lower > rows or upper > columns:
        raise ValueError(
            f"num_lower ({lower}) and num_upper ({upper}) must not exceed the number of rows "
            f"({rows}) and columns ({columns})"
        )
    behind = np.arange(rows)[:, None] - np.arange(columns)[None, :]
    keep = np.ones((rows, columns), dtype=bool)
    if lower >= 0:
        keep &= behind <= lower
    if upper >= 0:
        keep &= -behind <= upper
    return xp.where(keep, x, zeros(xp, (), np_dtype(attrs, "T")))


define(
    "MatrixBandPart",
    "input:T num_lower:Tindex num_upper:Tindex -> band:T",
    "T:type; Tindex:type{index}=int64",
    shape=_same,
    kernel=_band,
    grad=lambda op, dy: [apply("MatrixBandPart", dy, *op.inputs[1:]), None, None],
)


# -- the diagonal of a tensor of any even rank -----------------------------------------------
_DIAG_TYPES = "T:type{bfloat16,float16,float32,float64,int32,int64,complex64,complex128}"


def _diag(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x = inputs[0]
    return xp.diag(x.reshape(-1)).reshape(x.shape * 2)


def _diag_part_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x = shapes[0]
    if x is None:
        return [None]
    half, odd = divmod(len(x), 2)
    if odd or not x:
        raise ValueError(f"Input must have even and non-zero rank: {show(x)}.")
    return [tuple(map(merge_dim, x[:half], x[half:]))]


def _diag_part(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x = inputs[0]
    shape = _diag_part_shape([x.shape], attrs, ())[0]  # type: ignore[arg-type]
    n = prod(shape)  # type: ignore[arg-type]
    return xp.diagonal(x.reshape(n, n)).reshape(shape)


define(
    "Diag",
    "diagonal:T -> output:T",
    _DIAG_TYPES,
    shape=lambda shapes, attrs, values: [None if shapes[0] is None else shapes[0] * 2],
    kernel=_diag,
    grad=lambda op, dy: [apply("DiagPart", dy)],
)
define(
    "DiagPart",
    "input:T -> diagonal:T",
    _DIAG_TYPES,
    shape=_diag_part_shape,
    kernel=_diag_part,
    grad=lambda op, dy: [apply("Diag", dy)],
)


# -- diagonals of batches of matrices --------------------------------------------------------
def _matrix_diag_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x = with_rank_at_least(shapes[0], 1)
    return [None if x is None else (*x, x[-1])]


def _least(a: Dim, b: Dim) -> Dim:
    return None if a is None or b is None else min(a, b)


def _matrix_diag_part_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x = with_rank_at_least(shapes[0], 2)
    return [None if x is None else (*x[:-2], _least(x[-2], x[-1]))]


def _on_diagonal(xp: Any, rows: int, columns: int) -> Array:
    return xp.asarray(np.eye(rows, columns, dtype=bool))


def _matrix_diag(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x = inputs[0]
    n = x.shape[-1]
    zero = zeros(xp, (), np_dtype(attrs, "T"))
    return xp.where(_on_diagonal(xp, n, n), xp.expand_dims(x, -1), zero)


def _matrix_set_diag(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, diagonal = inputs
    rows, columns = x.shape[-2:]
    if diagonal.shape != (*x.shape[:-2], min(rows, columns)):
        raise ValueError(
            f"The diagonal of shape {show(diagonal.shape)} does not fit matrices of shape "
            f"{show(x.shape)}."
        )
    # Along the longer axis the diagonal is repeated; the mask takes what is on it.
    spread = xp.expand_dims(diagonal, -1 if rows <= columns else -2)
    return xp.where(_on_diagonal(xp, rows, columns), spread, x)


def _rectangular(op: Operation, dy: Any) -> list[Any]:
    x = op.inputs[0]
    shape = x.static_shape
    if shape is not None and shape[-1] is not None and shape[-1] == shape[-2]:
        return [apply("MatrixDiag", dy)]
    return [apply("MatrixSetDiag", apply("ZerosLike", x), dy)]


def _set_diag_grad(op: Operation, dy: Any) -> list[Any]:
    diagonal = apply("MatrixDiagPart", dy)
    without = apply("MatrixSetDiag", dy, apply("ZerosLike", diagonal))
    return [without, diagonal]


define(
    "MatrixDiag",
    "diagonal:T -> output:T",
    "T:type",
    shape=_matrix_diag_shape,
    kernel=_matrix_diag,
    grad=lambda op, dy: [apply("MatrixDiagPart", dy)],
)
define(
    "MatrixDiagPart",
    "input:T -> diagonal:T",
    "T:type",
    shape=_matrix_diag_part_shape,
    kernel=lambda xp, inputs, attrs: xp.diagonal(inputs[0], axis1=-2, axis2=-1),
    grad=_rectangular,
)
define(
    "MatrixSetDiag",
    "input:T diagonal:T -> output:T",
    "T:type",
    shape=lambda shapes, attrs, values: [with_rank_at_least(shapes[0], 2)],
    kernel=_matrix_set_diag,
    grad=_set_diag_grad,
)
