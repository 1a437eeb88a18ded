"""Multiples of the identity."""

from __future__ import annotations

from typing import Any

from .. import array_ops, check_ops, math_ops
from ..dtype_ops import cast
from ..framework import convert_to_tensor, name_scope
from . import util
from .sized import SizedOperator


class LinearOperatorScaledIdentity(SizedOperator):
    """Multiples c I of the identity. Hints: see `LinearOperator`; real ones are self-adjoint.

    Args:
        num_rows: N, an integer or a scalar tensor of integers.
        multiplier: c, one for each matrix of the batch: `[B1, ..., Bb]`, real or complex.
        assert_proper_shapes: whether the run checks what cannot be checked before.

    Raises:
        TypeError: for a `num_rows` that is a variable or no integer.
        ValueError: for a `num_rows` that is negative or no scalar, for hints that cannot hold.
    """

    def __init__(
        self,
        num_rows: Any,
        multiplier: Any,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = True,
        assert_proper_shapes: Any = False,
        name: Any = "LinearOperatorScaledIdentity",
    ) -> None:
        self._assert_proper_shapes = assert_proper_shapes
        with name_scope(name, values=[multiplier, num_rows]):
            self._multiplier = util.convert_nonref_to_tensor(multiplier, name="multiplier")
            if not self._multiplier.dtype.is_complex:
                if is_self_adjoint is False:
                    raise ValueError("A real diagonal operator is always self adjoint.")
                is_self_adjoint = True
            if not is_square:
                raise ValueError("A ScaledIdentity operator is always square.")
            super().__init__(
                dtype=self._multiplier.dtype,
                is_non_singular=is_non_singular,
                is_self_adjoint=is_self_adjoint,
                is_positive_definite=is_positive_definite,
                is_square=is_square,
                name=name,
            )
            self._set_sizes(num_rows, None, None)

    @property
    def multiplier(self) -> Any:
        """c, `[B1, ..., Bb]`."""
        return self._multiplier

    def _shape(self) -> Any:
        return self._multiplier.get_shape().concatenate(self._static_sizes)

    def _batch_tensor(self) -> Any:
        return array_ops.shape(self._multiplier)

    def _assert_non_singular(self) -> Any:
        size = math_ops.abs(self._multiplier)
        return check_ops.assert_positive(size, message="LinearOperator was singular.")

    def _assert_positive_definite(self) -> Any:
        return check_ops.assert_positive(
            math_ops.real(self._multiplier), message="LinearOperator was not positive definite."
        )

    def _assert_self_adjoint(self) -> Any:
        imaginary = math_ops.imag(self._multiplier)
        return check_ops.assert_equal(
            array_ops.zeros_like(imaginary),
            imaginary,
            message="LinearOperator was not self-adjoint.",
        )

    def _factor(self, adjoint: bool) -> Any:
        """c or its conjugate, with two axes of extent 1 for the matrices to broadcast."""
        factor = math_ops.conj(self._multiplier) if adjoint else self._multiplier
        return array_ops.expand_dims(array_ops.expand_dims(factor, -1), -1)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._checked_argument(x, adjoint_arg) * self._factor(adjoint)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._checked_argument(rhs, adjoint_arg) / self._factor(adjoint)

    def _determinant(self) -> Any:
        return self._multiplier ** cast(self._num_rows, self.dtype)

    def _log_abs_determinant(self) -> Any:
        size = math_ops.log(math_ops.abs(self._multiplier))
        return cast(self._num_rows, size.dtype) * size

    def _trace(self) -> Any:
        return self._multiplier * cast(self._num_rows, self.dtype)

    def _diag_part(self) -> Any:
        ones: Any = array_ops.ones(self._diagonal_shape(), dtype=self.dtype)
        return ones * array_ops.expand_dims(self._multiplier, -1)

    def add_to_tensor(self, mat: Any, name: Any = "add_to_tensor") -> Any:
        """c I + mat, as a tensor."""
        with self._name_scope(name):
            matrix = convert_to_tensor(mat, name="mat")
            self._check_input_dtype(matrix)
            diagonal: Any = array_ops.expand_dims(self._multiplier, -1)
            return array_ops.matrix_set_diag(matrix, diagonal + array_ops.matrix_diag_part(matrix))
