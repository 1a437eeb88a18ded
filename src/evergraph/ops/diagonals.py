"""Bands of diagonals of (batches of) matrices: the second version of the matrix diagonal ops.

`k` is one diagonal or the lowest and the highest of a band, counted from the main one upwards. A
band is a matrix with a row for each diagonal, the highest first, each starting at the left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.allocation import allocatable
from ..core.emit import apply
from ..core.opdef import Array, Attrs, Values, define
from ..core.shape import Dim, Shape, is_known, merge_dim, show, with_rank_at_least
from ..core.tensor import Operation, Tensor, axes_literal
from .operands import ints, np_dtype, scalar, shape_of, zeros

Band = tuple[int, int]

# -- what they share ---------------------------------------------------------------------------


def _band_of(k: Any) -> Band:
    """The lowest and the highest diagonal."""
    if np.ndim(k) > 1 or np.size(k) not in (1, 2):
        raise ValueError(
            f"diag_index must be a scalar or vector of one or two elements, got {ints(k)}."
        )
    low, high = ints(k)[0], ints(k)[-1]
    if low > high:
        raise ValueError(
            f"lower_diag_index must not be larger than upper_diag_index: {low} > {high}"
        )
    return low, high


def _known_band(values: Values, index: int) -> Band | None:
    k = values[index]
    return None if k is None else _band_of(k)


def _check_inside(band: Band, n: Dim, m: Dim) -> None:
    """Raises ValueError if a diagonal lies outside matrices of n rows and m columns."""
    for which, k in zip(("lower", "upper"), band, strict=True):
        below = n is not None and k <= -n
        if k != 0 and (below or (m is not None and k >= m)):
            raise ValueError(
                f"{which}_diag_index is out of bound: {k}. It must be between {-(n or 0)} and {m}"
            )


def _length(band: Band, n: int, m: int) -> int:
    """The length of the longest diagonal of a band."""
    low, high = band
    return min(n + min(high, 0), m - max(low, 0))


def _places(band: Band, n: int, m: int) -> tuple[Array, Array, Array]:
    """For each element of a matrix: is it in the band, in which row of it and where in the row."""
    allocatable([n, m], np.int64, arrays=4)
    i, j = np.arange(n)[:, None], np.arange(m)[None, :]
    offset = j - i
    inside = (offset >= band[0]) & (offset <= band[1])
    row = np.where(inside, band[1] - offset, 0)
    return inside, row, np.where(inside, j - np.maximum(offset, 0), 0)


def _as_band(xp: Any, diagonal: Array, band: Band, length: int, batch: Any) -> Array:
    """Diagonals as [..., number, length]; ValueError if they have another shape."""
    number = band[1] - band[0] + 1
    inner = (length,) if number == 1 else (number, length)
    if diagonal.shape != (*batch, *inner):
        raise ValueError(
            f"The diagonals of shape {show(diagonal.shape)} do not fit: the shape "
            f"{show((*batch, *inner))} is expected."
        )
    return diagonal[..., None, :] if number == 1 else diagonal


# -- from diagonals to matrices ----------------------------------------------------------------


def _sides(band: Band, length: int, rows: int, columns: int) -> tuple[int, int]:
    """The numbers of rows and columns, where -1 asks for the least, or for a square."""
    least_rows, least_columns = length - min(band[1], 0), length + max(band[0], 0)
    if rows != -1 and rows < least_rows:
        raise ValueError("The number of rows is too small.")
    if columns != -1 and columns < least_columns:
        raise ValueError("The number of columns is too small.")
    if rows == -1 and columns == -1:
        rows = columns = max(least_rows, least_columns)
    rows, columns = (
        least if side == -1 else side
        for side, least in ((rows, least_rows), (columns, least_columns))
    )
    if rows != least_rows and columns != least_columns:
        raise ValueError(
            "The number of rows or columns is not consistent with "
            "the specified d_lower, d_upper, and diagonal."
        )
    return rows, columns


def _diag_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x, band = with_rank_at_least(shapes[0], 1), _known_band(values, 1)
    if x is None or band is None:
        return [None]
    number = band[1] - band[0] + 1
    if number > 1 and len(x) < 2:
        raise ValueError(f"Several diagonals must have at least rank 2, not {show(x)}.")
    if number > 1 and x[-2] not in (None, number):
        raise ValueError(
            "The number of diagonals provided in the input does not match the lower_diag_index "
            "and upper_diag_index range."
        )
    batch = x[:-1] if number == 1 else x[:-2]
    rows, columns = values[2], values[3]
    if x[-1] is None or rows is None or columns is None:
        return [(*batch, None, None)]
    return [(*batch, *_sides(band, x[-1], scalar(rows), scalar(columns)))]


def _diag(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, k, rows, columns, padding = inputs
    band = _band_of(k)
    if x.ndim < 1 + (band[0] < band[1]):
        raise ValueError(f"diagonal must be at least 1-dim, received shape: {show(x.shape)}")
    n, m = _sides(band, x.shape[-1], scalar(rows), scalar(columns))
    batch = x.shape[:-1] if band[0] == band[1] else x.shape[:-2]
    diagonals = _as_band(xp, x, band, x.shape[-1], batch)
    return _spread(xp, diagonals, band, xp.broadcast_to(_one(padding), (*batch, n, m)))


def _one(x: Array) -> Array:
    if np.size(x) != 1:
        raise ValueError("padding_value must be a scalar.")
    return np.reshape(x, ())


def _spread(xp: Any, diagonals: Array, band: Band, onto: Array) -> Array:
    """The matrices `onto` with the diagonals in the place of theirs."""
    n, m = onto.shape[-2:]
    if 0 in diagonals.shape[-2:] or 0 in (n, m):
        return xp.array(onto)
    inside, row, place = _places(band, n, m)
    return xp.where(inside, diagonals[..., row, place], onto)


def _diag_grad(op: Operation, dy: Tensor) -> list[Any]:
    part = apply("MatrixDiagPartV2", dy, op.inputs[1], _nothing(dy))
    return [_shaped_like(part, op.inputs[0]), None, None, None, None]


def _nothing(x: Any) -> Any:
    """A scalar zero of the dtype."""
    return apply("Cast", axes_literal(0), DstT=x.dtype)


def _shaped_like(part: Any, x: Any) -> Any:
    part.set_shape(x.static_shape)
    return part


# -- from matrices to diagonals ----------------------------------------------------------------


def _part_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x, band = with_rank_at_least(shapes[0], 2), _known_band(values, 1)
    if x is None or band is None:
        return [None]
    n, m = x[-2:]
    _check_inside(band, n, m)
    length = None if n is None or m is None else _length(band, n, m)
    number = band[1] - band[0] + 1
    return [(*x[:-2], length) if number == 1 else (*x[:-2], number, length)]


def _part(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, k, padding = inputs
    band = _band_of(k)
    if x.ndim < 2:
        raise ValueError(f"input must be at least 2-dim, received shape: {show(x.shape)}")
    n, m = x.shape[-2:]
    _check_inside(band, n, m)
    length = _length(band, n, m)
    offset = np.arange(band[1], band[0] - 1, -1)[:, None]
    i = np.arange(length)[None, :] + np.maximum(-offset, 0)
    j = np.arange(length)[None, :] + np.maximum(offset, 0)
    inside = (i < n) & (j < m)
    if length == 0:
        got = zeros(xp, (*x.shape[:-2], len(offset), 0), np_dtype(attrs, "T"))
    else:
        taken = x[..., np.where(inside, i, 0), np.where(inside, j, 0)]
        got = xp.where(inside, taken, _one(padding))
    return got[..., 0, :] if len(offset) == 1 else got


def _part_grad(op: Operation, dy: Tensor) -> list[Any]:
    x, k = op.inputs[:2]
    matrix = None if x.static_shape is None else x.static_shape[-2:]
    if is_known(matrix):
        sides = [axes_literal(d) for d in matrix or ()]
        return [apply("MatrixDiagV2", dy, k, *sides, _nothing(dy)), None, None]
    return [apply("MatrixSetDiagV2", apply("ZerosLike", x), dy, k), None, None]


# -- diagonals in matrices ---------------------------------------------------------------------


def _set_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x, diagonal = with_rank_at_least(shapes[0], 2), with_rank_at_least(shapes[1], 1)
    band = _known_band(values, 2)
    if x is None or band is None:
        return [x]
    n, m = x[-2:]
    _check_inside(band, n, m)
    number = band[1] - band[0] + 1
    length = None if n is None or m is None else _length(band, n, m)
    wanted = (*x[:-2], length) if number == 1 else (*x[:-2], number, length)
    if diagonal is not None:
        if len(diagonal) != len(wanted):
            raise ValueError(f"Diagonals of shape {show(diagonal)} in matrices {show(x)}.")
        for a, b in zip(diagonal, wanted, strict=True):
            merge_dim(a, b)
    return [x]


def _set(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, diagonal, k = inputs
    band = _band_of(k)
    if x.ndim < 2:
        raise ValueError(f"input must be at least 2-dim, received shape: {show(x.shape)}")
    n, m = x.shape[-2:]
    _check_inside(band, n, m)
    diagonals = _as_band(xp, diagonal, band, _length(band, n, m), x.shape[:-2])
    return _spread(xp, diagonals, band, x)


def _set_grad(op: Operation, dy: Tensor) -> list[Any]:
    diagonal, k = op.inputs[1:]
    none = apply("Fill", shape_of(diagonal), _nothing(dy))
    part = apply("MatrixDiagPartV2", dy, k, _nothing(dy))
    return [apply("MatrixSetDiagV2", dy, none, k), _shaped_like(part, diagonal), None]


define(
    "MatrixDiagV2",
    "diagonal:T k:int32 num_rows:int32 num_cols:int32 padding_value:T -> output:T",
    "T:type",
    shape=_diag_shape,
    kernel=_diag,
    grad=_diag_grad,
)
define(
    "MatrixDiagPartV2",
    "input:T k:int32 padding_value:T -> diagonal:T",
    "T:type",
    shape=_part_shape,
    kernel=_part,
    grad=_part_grad,
)
define(
    "MatrixSetDiagV2",
    "input:T diagonal:T k:int32 -> output:T",
    "T:type",
    shape=_set_shape,
    kernel=_set,
    grad=_set_grad,
)
