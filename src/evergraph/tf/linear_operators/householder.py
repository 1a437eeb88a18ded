"""Reflections."""

from __future__ import annotations

from typing import Any

from ...errors import InvalidArgumentError
from .. import array_ops, control_flow_ops, math_ops, matrix_ops
from ..dtype_ops import cast
from ..framework import convert_to_tensor, name_scope
from . import util
from .base import LinearOperator


class LinearOperatorHouseholder(LinearOperator):
    """Reflections I - 2 v vᴴ through the hyperplanes that are orthogonal to unit vectors v.

    They are self-adjoint and their own inverses, of determinant -1. Hints: see `LinearOperator`.

    Args:
        reflection_axis: the directions of v, `[B1, ..., Bb, N]`, of any length but 0.

    Raises:
        ValueError: for a scalar `reflection_axis`, for hints that cannot hold.
    """

    def __init__(
        self,
        reflection_axis: Any,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: Any = "LinearOperatorHouseholder",
    ) -> None:
        with name_scope(name, values=[reflection_axis]):
            axis = util.convert_nonref_to_tensor(reflection_axis, name="reflection_axis")
            self._reflection_axis = axis
            util.at_least_rank(axis, 1, "reflection_axis")
            always = "A Householder operator is always"
            if is_self_adjoint is False:
                raise ValueError(f"{always} self adjoint.")
            if is_positive_definite is True:
                raise ValueError(f"{always} non-positive definite.")
            if is_square is False:
                raise ValueError(f"{always} square.")
            super().__init__(
                dtype=axis.dtype,
                graph_parents=[axis],
                is_non_singular=is_non_singular,
                is_self_adjoint=True,
                is_positive_definite=False,
                is_square=True,
                name=name,
            )

    @property
    def reflection_axis(self) -> Any:
        """The directions of the unit vectors, `[B1, ..., Bb, N]`."""
        return self._reflection_axis

    def _shape(self) -> Any:
        shape = self._reflection_axis.get_shape()
        return shape.concatenate(shape[-1:])

    def _shape_tensor(self) -> Any:
        shape: Any = array_ops.shape(self._reflection_axis)
        return array_ops.concat((shape, shape[-1:]), 0)

    def _assert_non_singular(self) -> Any:
        return control_flow_ops.no_op("assert_non_singular")

    def _assert_positive_definite(self) -> Any:
        raise InvalidArgumentError(
            None, None, "Householder operators are always non-positive definite."
        )

    def _assert_self_adjoint(self) -> Any:
        return control_flow_ops.no_op("assert_self_adjoint")

    def _unit(self) -> Any:
        """The unit vectors v."""
        axis: Any = convert_to_tensor(self._reflection_axis)
        return axis / matrix_ops.norm(axis, axis=-1, keepdims=True)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        x = matrix_ops.adjoint(x) if adjoint_arg else x
        column: Any = array_ops.expand_dims(self._unit(), -1)
        return x - 2 * column * matrix_ops.matmul(column, x, adjoint_a=True)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._matmul(rhs, adjoint, adjoint_arg)

    def _ones(self) -> Any:
        return array_ops.ones(self._batch_for_filling(), dtype=self.dtype)

    def _trace(self) -> Any:
        return cast(self.domain_dimension_tensor() - 2, self.dtype) * self._ones()

    def _determinant(self) -> Any:
        return -self._ones()

    def _log_abs_determinant(self) -> Any:
        return array_ops.zeros(self._batch_for_filling(), dtype=self.dtype)

    def _to_dense(self) -> Any:
        column: Any = array_ops.expand_dims(self._unit(), -1)
        dense: Any = -2 * matrix_ops.matmul(column, column, adjoint_b=True)
        diagonal: Any = array_ops.matrix_diag_part(dense)
        return array_ops.matrix_set_diag(dense, 1.0 + diagonal)

    def _diag_part(self) -> Any:
        unit = self._unit()
        return 1.0 - 2 * unit * math_ops.conj(unit)
