"""Products, norms and factorisations of matrices."""

from __future__ import annotations

import builtins
from collections import namedtuple
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ..core.dtypes import bfloat16, float32, int32
from ..core.emit import apply
from ..core.shape import is_known
from ..core.tensor import Tensor
from . import array_ops
from .dispatch import dispatched
from .dtype_ops import cast
from .emitting import emit_tensor
from .framework import convert_to_tensor, name_scope
from .reduction_ops import reduce_max, reduce_prod, reduce_sum
from .renamed import renamed

# -- products ----------------------------------------------------------------------------------


def _conj(x: Tensor) -> Tensor:
    return emit_tensor("Conj", x) if x.dtype.is_complex else x


def _one_of(transpose: bool, adjoint: bool, which: str) -> None:
    if transpose and adjoint:
        raise ValueError(f"Only one of transpose_{which} and adjoint_{which} can be True.")


def _may_be_batch(x: Tensor) -> bool:
    return x.static_shape is None or len(x.static_shape) > 2


@dispatched
def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: Any = None,
) -> Tensor:
    """The product of matrices, or of batches of matrices whose leading axes broadcast."""
    with name_scope(name, "MatMul", [a, b]) as scope:
        _one_of(transpose_a, adjoint_a, "a")
        _one_of(transpose_b, adjoint_b, "b")
        a = convert_to_tensor(a, name="a")
        b = convert_to_tensor(b, name="b")
        hints = {"a_is_sparse": a_is_sparse, "b_is_sparse": b_is_sparse}
        if not any(hints.values()) and (_may_be_batch(a) or _may_be_batch(b)):
            a, b = (_conj(a) if transpose_a else a), (_conj(b) if transpose_b else b)
            adjoints = {"adj_x": adjoint_a or transpose_a, "adj_y": adjoint_b or transpose_b}
            return emit_tensor("BatchMatMulV2", a, b, name=scope, **adjoints)
        a, b = (_conj(a) if adjoint_a else a), (_conj(b) if adjoint_b else b)
        turns = {"transpose_a": transpose_a or adjoint_a, "transpose_b": transpose_b or adjoint_b}
        if not _uses_sparse(a, b, any(hints.values())):
            return emit_tensor("MatMul", a, b, name=scope, **turns)
        result = emit_tensor("SparseMatMul", a, b, name=scope, **turns, **hints)
        both = a.dtype is bfloat16 and b.dtype is bfloat16
        return cast(result, bfloat16) if both else result


def _uses_sparse(a: Tensor, b: Tensor, hinted: bool) -> bool:
    kinds = [a.dtype.base_dtype, b.dtype.base_dtype]
    if hinted and all(k in (bfloat16, float32) for k in kinds):
        return True
    return bfloat16 in kinds and kinds[0] is not kinds[1]


def sparse_matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: Any = None,
) -> Tensor:
    """The product of two matrices that hold many zeros."""
    return emit_tensor(
        "SparseMatMul",
        a,
        b,
        transpose_a=transpose_a,
        transpose_b=transpose_b,
        a_is_sparse=a_is_sparse,
        b_is_sparse=b_is_sparse,
        name=name,
    )


def matvec(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    adjoint_a: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: Any = None,
) -> Tensor:
    """The product of matrices and vectors."""
    with name_scope(name, "MatVec", [a, b]):
        column = array_ops.expand_dims(b, axis=-1)
        hints = {"a_is_sparse": a_is_sparse, "b_is_sparse": b_is_sparse}
        output = matmul(a, column, transpose_a, adjoint_a=adjoint_a, **hints)
        return array_ops.squeeze(output, axis=-1)


def cross(a: Any, b: Any, name: Any = None) -> Tensor:
    """The cross products of vectors of three elements along the last axis."""
    return emit_tensor("Cross", a, b, name=name)


@dispatched
def trace(x: Any, name: Any = None) -> Tensor:
    """The sum of each matrix's main diagonal."""
    with name_scope(name, "Trace", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        return reduce_sum(array_ops.matrix_diag_part(x), [-1], name=scope)


# -- tensordot ---------------------------------------------------------------------------------
Dims = list[int] | Tensor


def _contracted_axes(a: Tensor, axes: Any) -> tuple[Any, Any]:
    """The axes of the left and of the right operand to sum over."""
    if isinstance(axes, (builtins.int, np.integer)):
        return _last_and_first(a, builtins.int(axes))
    if not isinstance(axes, (list, tuple)):
        axes = convert_to_tensor(axes, name="axes", dtype=int32)
        return axes[0], axes[1]
    if len(axes) != 2:
        raise ValueError("'axes' must be an integer or have length 2.")
    left, right = axes
    if isinstance(left, (builtins.int, np.integer)) and isinstance(
        right, (builtins.int, np.integer)
    ):
        left, right = [left], [right]
    if len(left) != len(right):
        raise ValueError(
            f"Different number of contraction axes 'a' and 'b', {len(left)} != {len(right)}."
        )
    return left, right


def _last_and_first(a: Tensor, count: int) -> tuple[Any, Any]:
    if count < 0:
        raise ValueError("'axes' must be at least 0.")
    shape = a.static_shape
    if shape is None:
        rank = array_ops.rank(a)
        return array_ops.range(rank - count, rank, dtype=int32), array_ops.range(count, dtype=int32)
    if count > len(shape):
        raise ValueError(f"'axes' must not be larger than the number of dimensions of tensor {a}.")
    return list(range(len(shape) - count, len(shape))), list(range(count))


def _as_matrix(x: Tensor, axes: Any, flipped: bool) -> tuple[Tensor, Dims, list[Any] | None]:
    """`x` as a matrix (free axes, summed axes), turned if `flipped`; the free axes' extents,
    also as far as they are known now."""
    if isinstance(axes, (list, tuple)) and is_known(x.static_shape):
        known_matrix, extents = _known_matrix(x, axes, flipped)
        return known_matrix, extents, list(extents)
    shape, axes, free, static = _axis_operands(x, axes)
    free_dims, axes_dims = array_ops.gather(shape, free), array_ops.gather(shape, axes)
    free_size, axes_size = reduce_prod(free_dims), reduce_prod(axes_dims)
    order = [axes, free] if flipped else [free, axes]
    sizes = [axes_size, free_size] if flipped else [free_size, axes_size]
    perm, to = array_ops.concat(order, 0), array_ops.stack(sizes)
    return array_ops.reshape(array_ops.transpose(x, perm), to), free_dims, static


def _axis_operands(x: Tensor, axes: Any) -> tuple[Tensor, Any, Any, list[Any] | None]:
    """The shape, the named and the free axes as tensors; the free extents, if the rank is known."""
    if isinstance(axes, (list, tuple)) and x.static_shape is not None:
        named, others = _split_axes(axes, len(x.static_shape))
        axes = convert_to_tensor(named, dtype=int32, name="axes")
        free = convert_to_tensor(others, dtype=int32, name="free")
        return array_ops.shape(x), axes, free, [x.static_shape[i] for i in others]
    shape, rank = array_ops.shape(x), array_ops.rank(x)
    axes = convert_to_tensor(axes, dtype=int32, name="axes")
    axes = array_ops.where(axes >= 0, axes, axes + rank)
    free, _ = array_ops.setdiff1d(array_ops.range(rank), axes)
    return shape, axes, free, None


def _split_axes(axes: Sequence[int], rank: int) -> tuple[list[int], list[int]]:
    """Non-negative axes, and the others."""
    named = [a if a >= 0 else a + rank for a in axes]
    return named, [i for i in range(rank) if i not in named]


def _known_matrix(x: Tensor, axes: Sequence[int], flipped: bool) -> tuple[Tensor, list[int]]:
    shape: Any = x.static_shape
    named, free = _split_axes(axes, len(shape))
    sizes = [prod(shape[i] for i in free), prod(shape[i] for i in named)]
    order, to = (named + free, sizes[::-1]) if flipped else (free + named, sizes)
    return array_ops.reshape(array_ops.transpose(x, order), to), [shape[i] for i in free]


def tensordot(a: Any, b: Any, axes: Any, name: Any = None) -> Tensor:
    """Sums products over axes of both tensors.

    `axes` is a number n (the last n of `a` and the first n of `b`), or a pair of axes or of lists
    of axes. The result has the free axes of `a`, then those of `b`.
    """
    with name_scope(name, "Tensordot", [a, b, axes]) as scope:
        a = convert_to_tensor(a, name="a")
        b = convert_to_tensor(b, name="b")
        left_axes, right_axes = _contracted_axes(a, axes)
        left, left_free, left_static = _as_matrix(a, left_axes, False)
        right, right_free, right_static = _as_matrix(b, right_axes, True)
        product = matmul(left, right)
        if isinstance(left_free, list) and isinstance(right_free, list):
            return array_ops.reshape(product, left_free + right_free, name=scope)
        dims = [convert_to_tensor(d, dtype=int32) for d in (left_free, right_free)]
        result = array_ops.reshape(product, array_ops.concat(dims, 0), name=scope)
        if left_static is not None and right_static is not None:
            result.set_shape(left_static + right_static)
        return result


# -- norms -------------------------------------------------------------------------------------
_VECTOR_NORMS = ("euclidean", 1, 2, np.inf)
_MATRIX_NORMS = ("euclidean", "fro", 1, 2, np.inf)


def _norm_axes(order: Any, axis: Any) -> tuple[tuple[int, ...] | None, bool]:
    """The axes as a tuple, and whether a matrix norm is meant; ValueError if they do not fit."""
    matrix = isinstance(axis, (tuple, list)) and len(axis) == 2
    bad = "'axis' must be None, an integer, or a tuple of 2 unique integers"
    if matrix:
        if not all(isinstance(a, builtins.int) for a in axis) or axis[0] == axis[1]:
            raise ValueError(bad)
        if order not in _MATRIX_NORMS:
            raise ValueError(
                f"'ord' must be a supported matrix norm in {list(_MATRIX_NORMS)}, got {order}"
            )
        return tuple(axis), True
    if not (isinstance(axis, builtins.int) or axis is None):
        raise ValueError(bad)
    number = isinstance(order, (builtins.int, float, np.number)) and order > 0
    if not number and order not in _VECTOR_NORMS:
        raise ValueError(f"'ord' must be a supported vector norm, got {order}")
    return None if axis is None else (axis,), False


def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: Any = None,
    name: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """The norm of vectors (along an axis, or of all elements) or of matrices (over two axes).

    `ord` is 'euclidean', 'fro', 1, 2, infinity or, for vectors, another positive number. For
    matrices 2 is the spectral norm.
    """
    keep = bool(renamed("keepdims", keepdims, "keep_dims", keep_dims))
    axes, matrix = _norm_axes(ord, axis)
    with name_scope(name, "norm", [tensor]):
        x = convert_to_tensor(tensor)
        if matrix and ord == 2:
            result = _spectral_norm(x, axes)
        elif ord in ("fro", "euclidean", 2):
            result = emit_tensor("Sqrt", reduce_sum(x * _conj(x), axes, keepdims=True))
        else:
            result = _other_norm(x, ord, axes, matrix)
        return result if keep else array_ops.squeeze(result, axes)


def _spectral_norm(x: Tensor, axes: Any) -> Tensor:
    """The greatest singular value of each matrix; its two axes are moved to the end and back."""
    order: Any
    back: Any
    if x.static_shape is None:
        order, back = _orders_in_run(x, axes)
    else:
        rank = len(x.static_shape)
        last = [a % rank for a in axes]
        order = [i for i in range(rank) if i not in last] + last
        back = list(np.argsort(order))
    values = svd(array_ops.transpose(x, order), compute_uv=False)
    greatest = array_ops.expand_dims(reduce_max(values, axis=-1, keepdims=True), axis=-1)
    return array_ops.transpose(greatest, back)


def _orders_in_run(x: Tensor, axes: Any) -> tuple[Tensor, Tensor]:
    """The order of axes that puts two of them last, and the one that undoes it."""
    rank: Any = array_ops.rank(x)
    last = array_ops.constant(axes, dtype=int32)
    last = array_ops.where(last >= 0, last, last + rank)
    others, _ = array_ops.setdiff1d(array_ops.range(rank), last)
    order = array_ops.concat([others, last], axis=0)
    return order, array_ops.invert_permutation(order)


def _other_norm(x: Tensor, order: Any, axes: Any, matrix: bool) -> Tensor:
    if x.dtype.is_complex:
        size: Any = emit_tensor("ComplexAbs", x, Tout=x.dtype.real_dtype)
    else:
        size = emit_tensor("Abs", x)
    if order == 1:
        result = reduce_sum(size, None if axes is None else axes[0], keepdims=True)
        return reduce_max(result, axes[-1], keepdims=True) if matrix else result
    if order == np.inf:
        if matrix:
            size = reduce_sum(size, axes[1], keepdims=True)
        return reduce_max(size, None if axes is None else axes[0], keepdims=True)
    total: Any = reduce_sum(size**order, axes, keepdims=True)
    power: Tensor = total ** (1.0 / order)
    return power


def normalize(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, name: Any = None
) -> tuple[Tensor, Tensor]:
    """The tensor divided by its norm along `axis`, and that norm."""
    with name_scope(name, "normalize", [tensor]):
        x = convert_to_tensor(tensor)
        size = cast(norm(x, ord, axis, keepdims=True), x.dtype)
        return x / size, size


# -- factorisations ----------------------------------------------------------------------------
Qr = namedtuple("Qr", ["q", "r"])
LogMatrixDeterminant = namedtuple("LogMatrixDeterminant", ["sign", "log_abs_determinant"])


@dispatched
def matrix_inverse(input: Any, adjoint: bool = False, name: Any = None) -> Tensor:
    """The inverse of each matrix, or of its conjugate transpose."""
    return emit_tensor("MatrixInverse", input, adjoint=adjoint, name=name)


@dispatched
def matrix_determinant(input: Any, name: Any = None) -> Tensor:
    """The determinant of each matrix."""
    return emit_tensor("MatrixDeterminant", input, name=name)


def slogdet(input: Any, name: Any = None) -> Any:
    """The sign of each matrix's determinant, and the logarithm of its absolute value."""
    return LogMatrixDeterminant(*apply("LogMatrixDeterminant", input, name=name))


@dispatched
def logdet(matrix: Any, name: Any = None) -> Tensor:
    """The logarithm of the determinant of each hermitian positive definite matrix."""
    with name_scope(name, "logdet", [matrix]):
        diagonal = array_ops.matrix_diag_part(cholesky(matrix))
        real = emit_tensor("Real", diagonal) if diagonal.dtype.is_complex else diagonal
        return 2.0 * reduce_sum(emit_tensor("Log", real), axis=[-1])


@dispatched
def cholesky(input: Any, name: Any = None) -> Tensor:
    """The lower triangular L with L Lᴴ = input, for positive definite matrices."""
    return emit_tensor("Cholesky", input, name=name)


def cholesky_solve(chol: Any, rhs: Any, name: Any = None) -> Tensor:
    """Solves A X = rhs, given the Cholesky factor of A."""
    with name_scope(name, "cholesky_solve", [chol, rhs]):
        y = matrix_triangular_solve(chol, rhs, adjoint=False, lower=True)
        return matrix_triangular_solve(chol, y, adjoint=True, lower=True)


@dispatched
def matrix_solve(matrix: Any, rhs: Any, adjoint: bool = False, name: Any = None) -> Tensor:
    """Solves A X = rhs for each matrix A, or for its conjugate transpose."""
    return emit_tensor("MatrixSolve", matrix, rhs, adjoint=adjoint, name=name)


_CACHE_BYTES = 256000


def matrix_solve_ls(
    matrix: Any, rhs: Any, l2_regularizer: Any = 0.0, fast: Any = True, name: Any = None
) -> Tensor:
    """The least-squares solutions of A X = rhs.

    With more columns than rows, the solution of least norm. `fast`: by Cholesky factors of A's
    Gramian, where `l2_regularizer` times the squared norm of X is added to what is minimised;
    otherwise by singular values, which serves for every rank.
    """
    a = convert_to_tensor(matrix, name="matrix")
    if a.dtype == "complex128" and l2_regularizer != 0:
        raise NotImplementedError(
            "matrix_solve_ls is not there for complex128 and l2_regularizer != 0."
        )
    if fast is False or _many_small(a):
        return emit_tensor("MatrixSolveLs", a, rhs, l2_regularizer, fast=fast, name=name)
    with name_scope(name, "matrix_solve_ls", [a, rhs, l2_regularizer]):
        size = None if a.static_shape is None else a.static_shape[-2:]
        if size is not None and is_known(size):
            return _by_gramian(a, rhs, l2_regularizer, size[0] >= size[1])  # type: ignore[operator]
        from .conditionals import cond  # fast solutions need it alone

        shape: Any = array_ops.shape(a)
        shape = shape[-2:]
        return cond(  # type: ignore[no-any-return]
            shape[-2] >= shape[-1],
            lambda: _by_gramian(a, rhs, l2_regularizer, True),
            lambda: _by_gramian(a, rhs, l2_regularizer, False),
        )


def _many_small(a: Tensor) -> bool:
    """Whether a batch is so long and large that one pass over each matrix is best."""
    shape: Any = a.static_shape
    if not is_known(shape):
        return False
    return bool(prod(shape) * a.dtype.size > _CACHE_BYTES and prod(shape[:-2]) > min(shape[-2:]))


def _by_gramian(a: Tensor, rhs: Any, weight: Any, tall: bool) -> Tensor:
    chol = _gramian_cholesky(a, weight, tall)
    if tall:
        return cholesky_solve(chol, matmul(a, rhs, adjoint_a=True))
    return matmul(a, cholesky_solve(chol, rhs), adjoint_a=True)


def _gramian_cholesky(a: Tensor, l2_regularizer: Any, tall: bool) -> Tensor:
    """The Cholesky factor of AᴴA (of AAᴴ if not `tall`), plus a multiple of the identity."""
    gramian: Any = matmul(a, a, adjoint_a=tall, adjoint_b=not tall)
    if isinstance(l2_regularizer, Tensor) or l2_regularizer != 0:
        shape: Any = array_ops.shape(a)
        batch, size = shape[:-2], shape[-1 if tall else -2]
        identity: Any = array_ops.eye(size, batch_shape=batch, dtype=a.dtype.base_dtype)
        identity.set_shape(gramian.static_shape)
        gramian = gramian + l2_regularizer * identity
    return cholesky(gramian)


def matrix_triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: Any = None
) -> Tensor:
    """Solves A X = rhs for triangular matrices A: only that half of `matrix` is looked at."""
    return emit_tensor(
        "MatrixTriangularSolve", matrix, rhs, lower=lower, adjoint=adjoint, name=name
    )


def qr(input: Any, full_matrices: bool = False, name: Any = None) -> Any:
    """Orthonormal Q and upper triangular R with Q R = input, for each matrix."""
    return Qr(*apply("Qr", input, full_matrices=full_matrices, name=name))


def self_adjoint_eig(tensor: Any, name: Any = None) -> tuple[Tensor, Tensor]:
    """The eigenvalues, in ascending order, and eigenvectors of self-adjoint matrices."""
    values, vectors = apply("SelfAdjointEigV2", tensor, compute_v=True, name=name)
    return values, vectors


def self_adjoint_eigvals(tensor: Any, name: Any = None) -> Tensor:
    """The eigenvalues of self-adjoint matrices, in ascending order."""
    values: Tensor = apply("SelfAdjointEigV2", tensor, compute_v=False, name=name)[0]
    return values


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: Any = None) -> Any:
    """The singular values of each matrix, in descending order; with `compute_uv` (s, u, v), where
    tensor = u diag(s) vᴴ."""
    s, u, v = apply("Svd", tensor, compute_uv=compute_uv, full_matrices=full_matrices, name=name)
    if s.dtype.is_complex:
        s = emit_tensor("Real", s, Tout=s.dtype.real_dtype)
    return (s, u, v) if compute_uv else s


@dispatched
def adjoint(matrix: Any, name: Any = None) -> Tensor:
    """The conjugate transpose of each matrix."""
    with name_scope(name, "adjoint", [matrix]):
        matrix = convert_to_tensor(matrix, name="matrix")
        return array_ops.matrix_transpose(matrix, conjugate=True)
