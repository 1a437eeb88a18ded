"""Operators that are given by their elements."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import complex64, complex128, float16, float32, float64
from .. import array_ops
from ..framework import convert_to_tensor, name_scope
from ..matrix_ops import matmul
from . import util
from .base import LinearOperator

_ALLOWED = (float16, float32, float64, complex64, complex128)


class LinearOperatorFullMatrix(LinearOperator):
    """Dense matrices as operators. Hints: see `LinearOperator`.

    Args:
        matrix: `[B1, ..., Bb, M, N]`, real or complex.

    Raises:
        TypeError: for a `matrix` of another dtype.
        ValueError: for less than two axes, for hints that cannot hold.
    """

    def __init__(
        self,
        matrix: Any,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: Any = "LinearOperatorFullMatrix",
    ) -> None:
        with name_scope(name, values=[matrix]):
            self._matrix = util.convert_nonref_to_tensor(matrix, name="matrix")
            dtype = self._matrix.dtype.base_dtype
            if dtype not in _ALLOWED:
                allowed = ", ".join(d.name for d in _ALLOWED)
                raise TypeError(f"Argument matrix must have dtype in {allowed}. Found: {dtype}")
            util.at_least_rank(self._matrix, 2, "matrix")
            super().__init__(
                dtype=dtype,
                graph_parents=[self._matrix],
                is_non_singular=is_non_singular,
                is_self_adjoint=is_self_adjoint,
                is_positive_definite=is_positive_definite,
                is_square=is_square,
                name=name,
            )

    def _shape(self) -> Any:
        return self._matrix.get_shape()

    def _shape_tensor(self) -> Any:
        return array_ops.shape(self._matrix)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return matmul(self._matrix, x, adjoint_a=adjoint, adjoint_b=adjoint_arg)

    def _to_dense(self) -> Any:
        return convert_to_tensor(self._matrix)
