"""Zeros."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import as_dtype, float32
from ...core.shape import is_known
from ...errors import InvalidArgumentError
from .. import array_ops, control_flow_ops
from ..framework import convert_to_tensor, name_scope
from .sized import SizedOperator


class LinearOperatorZeros(SizedOperator):
    """Matrices of zeros: whatever they act on gives zeros, in the operator's batch.

    Args:
        num_rows: M, an integer or a scalar tensor of integers.
        num_columns: N; M by default.
        batch_shape: `[B1, ..., Bb]`; by default there is no batch.
        dtype: float32 by default.
        assert_proper_shapes: whether the run checks what cannot be checked before.

    Raises:
        TypeError: for sizes that are variables or no integers.
        ValueError: for sizes that are negative or of a wrong rank, for hints that cannot hold.
    """

    def __init__(
        self,
        num_rows: Any,
        num_columns: Any = None,
        batch_shape: Any = None,
        dtype: Any = None,
        is_non_singular: Any = False,
        is_self_adjoint: Any = True,
        is_positive_definite: Any = False,
        is_square: Any = True,
        assert_proper_shapes: Any = False,
        name: Any = "LinearOperatorZeros",
    ) -> None:
        self._assert_proper_shapes = assert_proper_shapes
        with name_scope(name):
            if not is_self_adjoint and is_square:
                raise ValueError("A zero operator is always self adjoint.")
            if is_non_singular:
                raise ValueError("A zero operator is always singular.")
            if is_positive_definite:
                raise ValueError("A zero operator is always not positive-definite.")
            super().__init__(
                dtype=as_dtype(dtype or float32),
                is_non_singular=is_non_singular,
                is_self_adjoint=is_self_adjoint,
                is_positive_definite=is_positive_definite,
                is_square=is_square,
                name=name,
            )
            self._set_sizes(num_rows, num_columns, batch_shape)
            rows, columns = self._static_sizes
            if is_square and None not in (rows, columns) and rows != columns:
                raise ValueError(
                    "LinearOperatorZeros initialized as is_square=True, but got "
                    f"num_rows({rows}) != num_columns({columns})"
                )

    def _assert_non_singular(self) -> Any:
        raise InvalidArgumentError(None, None, "Zero operators are always non-invertible.")

    def _assert_positive_definite(self) -> Any:
        raise InvalidArgumentError(None, None, "Zero operators are always non-positive definite.")

    def _assert_self_adjoint(self) -> Any:
        return control_flow_ops.no_op("assert_self_adjoint")

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        x = self._checked_argument(x, adjoint_arg)
        rows = self._static_sizes[1 if adjoint else 0]
        if is_known(x.static_shape) and rows is not None:
            *batch, _, columns = x.static_shape
            return self._in_batch(array_ops.zeros([*batch, rows, columns], dtype=x.dtype))
        shape: Any = array_ops.shape(x)
        extent = self._num_columns if adjoint else self._num_rows
        to = array_ops.concat([shape[:-2], [extent, shape[-1]]], axis=0)
        return self._in_batch(array_ops.zeros(to, dtype=x.dtype))

    def _number_a_matrix(self) -> Any:
        return array_ops.zeros(self._batch_for_filling(), dtype=self.dtype)

    def _determinant(self) -> Any:
        return self._number_a_matrix()

    def _trace(self) -> Any:
        return self._number_a_matrix()

    def _diag_part(self) -> Any:
        return array_ops.zeros(self._diagonal_shape(), dtype=self.dtype)

    def add_to_tensor(self, mat: Any, name: Any = "add_to_tensor") -> Any:
        """mat, as a tensor of the operator's batch."""
        with self._name_scope(name):
            matrix = convert_to_tensor(mat, name="mat")
            self._check_input_dtype(matrix)
            return self._in_batch(matrix)
