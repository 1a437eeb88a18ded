"""Functions of matrices, ranks, pseudo-inverses, tridiagonal matrices: `tf.linalg`."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from ..core.dtypes import float32, int32
from ..core.emit import apply
from ..core.shape import compatible, is_known, show
from ..core.tensor import Tensor
from . import array_ops
from .check_ops import assert_rank_at_least
from .dtype_ops import cast
from .elementwise_ops import maximum, of_input
from .emitting import emit_tensor
from .framework import control_dependencies, convert_to_tensor, name_scope
from .matrix_ops import matmul, svd
from .reduction_ops import reduce_max, reduce_sum
from .selection_ops import gather_nd, where_v2

__all__ = [
    "expm",
    "logm",
    "lu",
    "matrix_rank",
    "pinv",
    "sqrtm",
    "tridiagonal_matmul",
    "tridiagonal_solve",
]

Lu = namedtuple("Lu", ["lu", "p"])

logm = of_input(
    "logm",
    "MatrixLogarithm",
    "The principal logarithm of each complex matrix; `expm` undoes it.",
)
sqrtm = of_input(
    "sqrtm",
    "MatrixSquareRoot",
    "The principal square root of each matrix, NaN where a real matrix has no real one.",
)


def lu(input: Any, output_idx_type: Any = int32, name: Any = None) -> Any:
    """L and U in one matrix, and the order p of rows with `input[p] = L U`, for each matrix.

    L has ones on its diagonal, which are not stored. Raises InvalidArgumentError in the run for
    singular matrices.
    """
    return Lu(*apply("Lu", input, output_idx_type=output_idx_type, name=name))


def expm(input: Any, name: Any = None) -> Tensor:
    """The exponential of each square matrix (Higham, 2005)."""
    with name_scope(name, "matrix_exponential", [input]):
        matrix = convert_to_tensor(input, name="input")
        kind = matrix.dtype
        if not kind.is_complex and kind.name not in ("float16", "float32", "float64"):
            raise ValueError(f"tf.linalg.expm does not support matrices of type {kind}")
        if matrix.static_shape is not None and matrix.static_shape[-2:] == (0, 0):
            return matrix
        return emit_tensor("MatrixExponential", matrix)


# -- ranks and pseudo-inverses -----------------------------------------------------------------


def _checked(a: Any, validate: bool) -> Any:
    """`a`, after a check in the run if its rank is not known now; it must hold matrices."""
    if not a.dtype.is_floating and not a.dtype.is_complex:
        raise TypeError(f"Input `a` must have `float`-like `dtype` (saw {a.dtype.name}).")
    if a.static_shape is not None:
        if len(a.static_shape) < 2:
            raise ValueError(f"Input `a` must have at least 2 dimensions (saw: {a.shape}).")
        return a
    if not validate:
        return a
    check = assert_rank_at_least(a, rank=2, message="Input `a` must have at least 2 dimensions.")
    with control_dependencies([check]):
        return array_ops.identity(a)


def matrix_rank(a: Any, tol: Any = None, validate_args: bool = False, name: Any = None) -> Tensor:
    """The number of singular values of each matrix that exceed `tol`.

    By default `tol` is the greatest one times the greater extent times the dtype's precision.
    """
    with name_scope(name or "matrix_rank"):
        a = _checked(convert_to_tensor(a, preferred_dtype=float32, name="a"), validate_args)
        values: Any = svd(a, compute_uv=False)
        if tol is None:
            size: Any = None if a.static_shape is None else a.static_shape[-2:]
            if is_known(size):
                m: Any = max(size)
            else:
                shape: Any = array_ops.shape(a)
                m = reduce_max(shape[-2:])
            greatest = reduce_max(values, axis=-1, keepdims=True)
            kind = values.dtype
            tol = np.finfo(kind.np_dtype).eps * cast(m, kind) * greatest
        return reduce_sum(cast(values > tol, int32), axis=-1)


def _side(a: Any, axis: int) -> Any:
    extent = None if a.static_shape is None else a.static_shape[axis]
    if extent is not None:
        return extent
    shape: Any = array_ops.shape(a)
    return shape[axis]


def pinv(a: Any, rcond: Any = None, validate_args: bool = False, name: Any = None) -> Tensor:
    """The Moore-Penrose pseudo-inverse of each matrix, by its singular values.

    Values up to `rcond` times the greatest count as zero; by default `rcond` is ten times the
    greater extent times the dtype's precision.
    """
    with name_scope(name or "pinv"):
        a = _checked(convert_to_tensor(a, name="a"), validate_args)
        real = a.dtype.real_dtype
        if rcond is None:
            rows, columns = _side(a, -2), _side(a, -1)
            if isinstance(rows, int) and isinstance(columns, int):
                greater: Any = float(max(rows, columns))
            else:
                greater = cast(maximum(rows, columns), real)
            rcond = 10.0 * greater * np.finfo(real.np_dtype).eps
        limit: Any = convert_to_tensor(rcond, dtype=real, name="rcond")
        values, left, right = svd(a, full_matrices=False, compute_uv=True)
        cutoff: Any = limit * reduce_max(values, axis=-1)
        large = values > array_ops.expand_dims(cutoff, -1)
        kept = where_v2(large, values, np.array(np.inf, real.np_dtype))
        divisor = array_ops.expand_dims(cast(kept, a.dtype), -2)
        result = matmul(right / divisor, left, adjoint_b=True)
        if a.static_shape is not None:
            *batch, m, n = a.static_shape
            result.set_shape([*batch, n, m])
        return result


# -- tridiagonal matrices ----------------------------------------------------------------------


def _known_size(diagonals: Any) -> int:
    """The size of square matrices, which must be known."""
    shape = diagonals.static_shape
    rows, columns = (None, None) if shape is None else shape[-2:]
    if rows and columns and rows != columns:
        raise ValueError(
            f"Expected last two dimensions of diagonals to be same, got {columns} and {rows}"
        )
    size = rows or columns
    if not size:
        raise ValueError('The size of the matrix needs to be known for diagonals_format="matrix"')
    return int(size)


def _compact_of_matrix(matrices: Any) -> Tensor:
    """The three diagonals of matrices; what they lack is any element."""
    matrices = convert_to_tensor(matrices)
    m = _known_size(matrices)
    places = [
        [[i + 1 if i + 1 < m else 0, i if i + 1 < m else 0], [i, i], [max(i - 1, 0), i if i else 0]]
        for i in range(m)
    ]
    return array_ops.transpose(gather_nd(array_ops.transpose(matrices), places))


def _of_length(diagonal: Any, m: Any, what: str, pairs: list[int]) -> Any:
    """A diagonal beside the main one, with an element for each row."""
    n = diagonal.static_shape[-1]
    if not n or n == m:
        return diagonal
    if n != m - 1:
        raise ValueError(f"Expected {what} to be have length {m} or {m - 1}, got {n}.")
    return array_ops.pad(diagonal, [[0, 0]] * (len(diagonal.static_shape) - 1) + [pairs])


def _compact_of_sequence(diagonals: Any) -> Tensor:
    if not isinstance(diagonals, (tuple, list)) or len(diagonals) != 3:
        raise ValueError("Expected diagonals to be a sequence of length 3.")
    above, main, below = (convert_to_tensor(d) for d in diagonals)
    for other in (below, above):
        if not compatible(_batch(other, 1), _batch(main, 1)):
            raise ValueError(
                "Tensors representing the three diagonals must have the same shape, except for "
                f"the last dimension, got {below.shape}, {main.shape}, {above.shape}"
            )
    m = (main.static_shape or (None,))[-1]
    below = _of_length(below, m, "subdiagonal", [1, 0])
    above = _of_length(above, m, "superdiagonal", [0, 1])
    return array_ops.stack((above, main, below), axis=-2)


def _batch(x: Any, last: int) -> Any:
    return None if x.static_shape is None else x.static_shape[:-last]


def tridiagonal_solve(
    diagonals: Any,
    rhs: Any,
    diagonals_format: str = "compact",
    transpose_rhs: bool = False,
    conjugate_rhs: bool = False,
    name: Any = None,
    partial_pivoting: bool = True,
) -> Tensor:
    """Solves systems with tridiagonal matrices, by elimination with or without pivots.

    `diagonals` are the upper, the main and the lower one: as rows of `[..., 3, M]` ('compact', the
    last of the upper and the first of the lower count for nothing), as three tensors ('sequence')
    or as `[..., M, M]` ('matrix'). `rhs` is `[..., M]` or `[..., M, K]`.
    """
    if diagonals_format == "sequence":
        diagonals = _compact_of_sequence(diagonals)
    elif diagonals_format == "matrix":
        diagonals = _compact_of_matrix(diagonals)
    elif diagonals_format != "compact":
        raise ValueError(f"Unrecognized diagonals_format: {diagonals_format}")
    diagonals, rhs = convert_to_tensor(diagonals), convert_to_tensor(rhs)
    vector = _check_system(diagonals, rhs)
    if transpose_rhs and not vector:
        rhs = array_ops.matrix_transpose(rhs, conjugate=conjugate_rhs)
    elif conjugate_rhs:
        rhs = emit_tensor("Conj", rhs) if rhs.dtype.is_complex else rhs
    if vector:
        rhs = array_ops.expand_dims(rhs, -1)
    _check_sizes(diagonals, rhs)
    attrs = {"partial_pivoting": partial_pivoting, "name": name}
    result = emit_tensor("TridiagonalSolve", diagonals, rhs, **attrs)
    if vector:
        return array_ops.squeeze(result, -1)
    return array_ops.matrix_transpose(result) if transpose_rhs else result


def _check_system(diagonals: Any, rhs: Any) -> bool:
    """Whether the right-hand sides are vectors; ValueError if the shapes do not fit."""
    left, right = diagonals.static_shape, rhs.static_shape
    if left is None or right is None:
        raise ValueError(
            "tf.linalg.tridiagonal_solve needs tensors of known rank: use set_shape()."
        )
    if len(left) < 2:
        raise ValueError(f"Expected diagonals to have rank at least 2, got {len(left)}")
    if len(right) not in (len(left), len(left) - 1):
        raise ValueError(
            f"Expected the rank of rhs to be {len(left) - 1} or {len(left)}, got {len(right)}"
        )
    if left[-2] and left[-2] != 3:
        raise ValueError(f"Expected 3 diagonals got {left[-2]}")
    if not compatible(left[:-2], right[: len(left) - 2]):
        raise ValueError(
            f"Batch shapes {show(left[:-2])} and {show(right[: len(left) - 2])} are incompatible"
        )
    return len(right) == len(left) - 1


def _check_sizes(diagonals: Any, rhs: Any) -> None:
    m, n = diagonals.static_shape[-1], rhs.static_shape[-2]
    if m and n and m != n:
        raise ValueError(
            f"Expected number of left-hand sided and right-hand sides to be equal, got {m} and {n}"
        )


def tridiagonal_matmul(
    diagonals: Any, rhs: Any, diagonals_format: str = "compact", name: Any = None
) -> Tensor:
    """The product of tridiagonal matrices and matrices `[..., M, N]`.

    `diagonals` come in the formats of `tridiagonal_solve`; those of a sequence have M elements.
    """
    if diagonals_format == "compact":
        diagonals = convert_to_tensor(diagonals)
        parts: Any = [diagonals[..., i, :] for i in range(3)]
    elif diagonals_format == "sequence":
        parts = list(diagonals)
    elif diagonals_format == "matrix":
        parts = _three_of_matrix(convert_to_tensor(diagonals))
    else:
        raise ValueError(f"Unrecognized diagonals_format: {diagonals_format}")
    rows = [array_ops.expand_dims(d, -2) for d in parts]
    return emit_tensor("TridiagonalMatMul", *rows, rhs, name=name)


def _three_of_matrix(matrices: Any) -> list[Tensor]:
    shape = matrices.static_shape
    if shape is None or not shape[-1] or not shape[-2]:
        raise ValueError('The size of the matrix needs to be known for diagonals_format="matrix"')
    m = _known_size(matrices)
    main = array_ops.matrix_diag_part(matrices)
    turned = array_ops.transpose(matrices)
    any_place = [0, 0]
    above = [[i + 1, i] for i in range(m - 1)] + [any_place]
    below = [any_place] + [[i - 1, i] for i in range(1, m)]
    upper, lower = (array_ops.transpose(gather_nd(turned, p)) for p in (above, below))
    return [upper, main, lower]
