"""The identity."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import as_dtype, float32
from .. import array_ops, control_flow_ops
from ..dtype_ops import cast
from ..framework import convert_to_tensor, name_scope
from .sized import SizedOperator


class LinearOperatorIdentity(SizedOperator):
    """The identity: what it acts on stays as it is, but is repeated to the operator's batch.

    It is non-singular, self-adjoint and positive definite.

    Args:
        num_rows: N, an integer or a scalar tensor of integers.
        batch_shape: `[B1, ..., Bb]`; by default there is no batch, so that nothing is repeated.
        dtype: float32 by default.
        assert_proper_shapes: whether the run checks what cannot be checked before.

    Raises:
        TypeError: for sizes that are variables or no integers.
        ValueError: for sizes that are negative or of a wrong rank, for hints other than True.
    """

    def __init__(
        self,
        num_rows: Any,
        batch_shape: Any = None,
        dtype: Any = None,
        is_non_singular: Any = True,
        is_self_adjoint: Any = True,
        is_positive_definite: Any = True,
        is_square: Any = True,
        assert_proper_shapes: Any = False,
        name: Any = "LinearOperatorIdentity",
    ) -> None:
        self._assert_proper_shapes = assert_proper_shapes
        with name_scope(name):
            for hint, kind in (
                (is_self_adjoint, "self adjoint"),
                (is_non_singular, "non-singular"),
                (is_positive_definite, "positive-definite"),
                (is_square, "square"),
            ):
                if not hint:
                    raise ValueError(f"An identity operator is always {kind}.")
            super().__init__(
                dtype=as_dtype(dtype or float32),
                is_non_singular=is_non_singular,
                is_self_adjoint=is_self_adjoint,
                is_positive_definite=is_positive_definite,
                is_square=is_square,
                name=name,
            )
            self._set_sizes(num_rows, None, batch_shape)

    def _assert_non_singular(self) -> Any:
        return control_flow_ops.no_op("assert_non_singular")

    def _assert_positive_definite(self) -> Any:
        return control_flow_ops.no_op("assert_positive_definite")

    def _assert_self_adjoint(self) -> Any:
        return control_flow_ops.no_op("assert_self_adjoint")

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._in_batch(self._checked_argument(x, adjoint_arg))

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._matmul(rhs, adjoint_arg=adjoint_arg)

    def _ones(self) -> Any:
        return array_ops.ones(self._batch_for_filling(), dtype=self.dtype)

    def _determinant(self) -> Any:
        return self._ones()

    def _log_abs_determinant(self) -> Any:
        return array_ops.zeros(self._batch_for_filling(), dtype=self.dtype)

    def _trace(self) -> Any:
        return cast(self._num_rows, self.dtype) * self._ones()

    def _diag_part(self) -> Any:
        return array_ops.ones(self._diagonal_shape(), dtype=self.dtype)

    def add_to_tensor(self, mat: Any, name: Any = "add_to_tensor") -> Any:
        """I + mat, as a tensor."""
        with self._name_scope(name):
            matrix = self._in_batch(convert_to_tensor(mat, name="mat"))
            self._check_input_dtype(matrix)
            return array_ops.matrix_set_diag(matrix, 1 + array_ops.matrix_diag_part(matrix))
