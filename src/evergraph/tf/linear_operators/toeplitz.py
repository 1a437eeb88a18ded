"""Toeplitz operators."""

from __future__ import annotations

from typing import Any

from ...core.shape import is_known
from .. import array_ops, check_ops, math_ops, matrix_ops
from ..dtype_ops import cast
from ..emitting import emit_tensor
from ..framework import convert_to_tensor, name_scope
from . import util
from .base import LinearOperator
from .circulant import LinearOperatorCirculant, to_complex


class LinearOperatorToeplitz(LinearOperator):
    """Square matrices with equal elements along each diagonal.

    Products take O(N log N) operations: the matrix is a corner of a circulant one of twice the
    size. Hints: see `LinearOperator`.

    Args:
        col: the first columns, `[B1, ..., Bb, N]`, real or complex.
        row: the first rows, `[B1, ..., Bb, N]`; their first elements are not looked at.

    Raises:
        ValueError: for scalars, for rows and columns of different lengths, for hints that cannot
            hold.
    """

    def __init__(
        self,
        col: Any,
        row: Any,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: Any = "LinearOperatorToeplitz",
    ) -> None:
        with name_scope(name, values=[row, col]):
            self._row = convert_to_tensor(row, name="row")
            self._col = convert_to_tensor(col, name="col")
            _check_row_and_column(self._row, self._col)
            if is_square is False:
                raise ValueError("Only square Toeplitz operators currently supported.")
            super().__init__(
                dtype=self._row.dtype,
                graph_parents=[self._row, self._col],
                is_non_singular=is_non_singular,
                is_self_adjoint=is_self_adjoint,
                is_positive_definite=is_positive_definite,
                is_square=True,
                name=name,
            )
            self._circulant = self._make_circulant()

    @property
    def col(self) -> Any:
        """The first columns, `[B1, ..., Bb, N]`."""
        return self._col

    @property
    def row(self) -> Any:
        """The first rows, `[B1, ..., Bb, N]`."""
        return self._row

    def _make_circulant(self) -> LinearOperatorCirculant:
        """The circulant operator of which this one is the first N rows and columns."""
        column: Any = _in_common_batch(self._col, self._row)
        row: Any = _in_common_batch(self._row, self._col)
        before = array_ops.reverse(row[..., 1:], axis=[-1])
        between = array_ops.zeros_like(column[..., :1])
        kernel = array_ops.concat([column, between, before], axis=-1)
        spectrum = emit_tensor("FFT", to_complex(kernel))
        return LinearOperatorCirculant(spectrum, input_output_dtype=self.dtype)

    def _shape(self) -> Any:
        shape = array_ops.broadcast_static_shape(self._row.get_shape(), self._col.get_shape())
        return shape.concatenate(shape[-1:])

    def _shape_tensor(self) -> Any:
        shape: Any = array_ops.broadcast_dynamic_shape(
            array_ops.shape(self._row), array_ops.shape(self._col)
        )
        return array_ops.concat((shape, shape[-1:]), 0)

    def _assert_self_adjoint(self) -> Any:
        return check_ops.assert_equal(
            self._row,
            math_ops.conj(self._col),
            message="row and col are not the same, and so this operator is not self-adjoint.",
        )

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        x = matrix_ops.adjoint(x) if adjoint_arg else x
        longer = array_ops.concat([x, array_ops.zeros_like(x)], axis=-2)
        result: Any = self._circulant.matmul(longer, adjoint=adjoint)
        rows = self.domain_dimension.value
        rows = self.domain_dimension_tensor() if rows is None else rows
        return cast(result[..., :rows, :], self.dtype)

    def _to_dense(self) -> Any:
        row: Any = _in_common_batch(self._row, self._col)
        column = _in_common_batch(self._col, self._row)
        diagonals = array_ops.concat([array_ops.reverse(row[..., 1:], axis=[-1]), column], axis=-1)
        known = self.domain_dimension.value
        size = self.domain_dimension_tensor() if known is None else known
        down: Any = array_ops.range(size)
        below = array_ops.expand_dims(down, 1) - array_ops.expand_dims(down, 0)
        return array_ops.gather(diagonals, below + (size - 1), axis=-1)

    def _trace(self) -> Any:
        return cast(self.domain_dimension_tensor(), self.dtype) * self._corner()[..., 0]

    def _diag_part(self) -> Any:
        ones: Any = array_ops.ones([self.domain_dimension_tensor()], self.dtype)
        return self._corner() * ones

    def _corner(self) -> Any:
        """The element that the whole diagonal has, `[B1, ..., Bb, 1]`."""
        column: Any = _in_common_batch(self._col, self._row)
        return column[..., :1]


def _in_common_batch(x: Any, other: Any) -> Any:
    """`x` repeated to the batch of both."""
    shapes = (x.static_shape, other.static_shape)
    if is_known(shapes[0]) and shapes[0] == shapes[1]:
        return x
    common = array_ops.broadcast_static_shape(x.get_shape(), other.get_shape())
    if common.is_fully_defined():
        return array_ops.broadcast_to(x, common.as_list())
    sizes = [array_ops.shape(t) for t in (x, other)]
    return array_ops.broadcast_to(x, array_ops.broadcast_dynamic_shape(*sizes))


def _check_row_and_column(row: Any, column: Any) -> None:
    util.at_least_rank(row, 1, "row")
    util.at_least_rank(column, 1, "col")
    sizes = [x.static_shape[-1] for x in (row, column) if x.static_shape is not None]
    if len(sizes) == 2 and None not in sizes and sizes[0] != sizes[1]:
        raise ValueError(
            "Expected square matrix, got row and col with mismatched dimensions "
            f"{sizes[0]} and {sizes[1]}."
        )
