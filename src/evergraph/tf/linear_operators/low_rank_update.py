"""Operators plus a product of two thin matrices."""

from __future__ import annotations

from typing import Any

from ...core.shape import broadcast_all
from ...core.tensor_shape import Dimension
from .. import array_ops, logging, math_ops, matrix_ops, reduction_ops
from ..dtype_ops import cast
from ..framework import convert_to_tensor, name_scope
from . import util
from .base import LinearOperator
from .diag import LinearOperatorDiag
from .identity import LinearOperatorIdentity


class LinearOperatorLowRankUpdate(LinearOperator):
    """A = L + U D Vᴴ: a square operator L, thin U and V, and a diagonal D.

    Solving takes one with L and one with the small capacitance matrix D⁻¹ + Vᴴ L⁻¹ U (Woodbury's
    identity), the determinant is that of L, D and the capacitance (the matrix determinant lemma).
    If L is self-adjoint and positive definite, D positive and V equal to U, a Cholesky factor of
    the capacitance is used. Hints: see `LinearOperator`.

    Args:
        base_operator: L, `[B1, ..., Bb, M, N]`.
        u: U, `[B1, ..., Bb, M, K]`, of the dtype of L.
        diag_update: the diagonal of D, `[B1, ..., Bb, K]`; ones by default.
        v: V, `[B1, ..., Bb, N, K]`; `u` by default.
        is_diag_update_positive: a promise that D is positive.

    Raises:
        ValueError: for hints that cannot hold, for shapes that do not fit.
    """

    def __init__(
        self,
        base_operator: Any,
        u: Any,
        diag_update: Any = None,
        v: Any = None,
        is_diag_update_positive: Any = None,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: Any = "LinearOperatorLowRankUpdate",
    ) -> None:
        kind, self_adjoint = base_operator.dtype, base_operator.is_self_adjoint
        is_diag_update_positive = _positive(diag_update, is_diag_update_positive, kind)
        self._use_cholesky = bool(
            base_operator.is_positive_definite
            and self_adjoint
            and is_diag_update_positive
            and v is None
        )
        if self_adjoint and v is None and not kind.is_complex:
            if is_self_adjoint is False:
                raise ValueError(
                    "L + U D Uᴴ is self-adjoint, since L is and D is real: is_self_adjoint cannot "
                    "be False."
                )
            is_self_adjoint = True
        if self._use_cholesky:
            if False in (is_positive_definite, is_self_adjoint, is_non_singular):
                raise ValueError("Arguments imply this is self-adjoint positive-definite operator.")
            is_positive_definite = is_self_adjoint = True
        parents = base_operator.graph_parents
        with name_scope(name, values=[*parents, u, diag_update, v]):
            self._u = convert_to_tensor(u, name="u")
            self._v = self._u if v is None else convert_to_tensor(v, name="v")
            self._diag_update = None
            if diag_update is not None:
                self._diag_update = convert_to_tensor(diag_update, name="diag_update")
            self._base_operator = base_operator
            self._is_diag_update_positive = is_diag_update_positive
            made_of = [*parents, self._u, self._diag_update, self._v]
            super().__init__(
                dtype=kind,
                graph_parents=[p for p in made_of if p is not None],
                is_non_singular=is_non_singular,
                is_self_adjoint=is_self_adjoint,
                is_positive_definite=is_positive_definite,
                is_square=is_square,
                name=name,
            )
            self._set_diag_operators()
            self._check_shapes()
            self._capacitance = self._make_capacitance()
            if self._use_cholesky:
                self._chol_capacitance = matrix_ops.cholesky(self._capacitance)

    def _set_diag_operators(self) -> None:
        diagonal: Any = self._diag_update
        if diagonal is None:
            known = self._u.get_shape()[-1].value
            shape: Any = array_ops.shape(self._u) if known is None else None
            columns = shape[-1] if known is None else known
            self._diag_operator: Any = LinearOperatorIdentity(columns, dtype=self.dtype)
            self._diag_inv_operator: Any = self._diag_operator
            return
        positive = self._is_diag_update_positive
        self._diag_operator = LinearOperatorDiag(diagonal, is_positive_definite=positive)
        self._diag_inv_operator = LinearOperatorDiag(1.0 / diagonal, is_positive_definite=positive)

    def _check_shapes(self) -> None:
        """ValueError for shapes that are known not to fit."""
        uv = array_ops.broadcast_static_shape(self._u.get_shape(), self._v.get_shape())
        batch = array_ops.broadcast_static_shape(self.base_operator.batch_shape, uv[:-2])
        if uv.ndims is not None:
            self.base_operator.domain_dimension.assert_is_compatible_with(uv[-2])
        if self._diag_update is not None:
            diagonal = self._diag_update.get_shape()
            columns = uv[-1] if uv.ndims is not None else Dimension(None)
            columns.assert_is_compatible_with(diagonal[-1])
            array_ops.broadcast_static_shape(batch, diagonal[:-1])

    def _make_capacitance(self) -> Any:
        solved = self.base_operator.solve(self._u)
        small = matrix_ops.matmul(self._v, solved, adjoint_a=True)
        return self._diag_inv_operator.add_to_tensor(small)

    # -- what it is made of ------------------------------------------------------------------

    @property
    def u(self) -> Any:
        """U, `[B1, ..., Bb, M, K]`."""
        return self._u

    @property
    def v(self) -> Any:
        """V, `[B1, ..., Bb, N, K]`."""
        return self._v

    @property
    def is_diag_update_positive(self) -> Any:
        """Whether D is positive: True, False or None, as promised."""
        return self._is_diag_update_positive

    @property
    def diag_update(self) -> Any:
        """The diagonal of D, None if it is the identity."""
        return self._diag_update

    @property
    def diag_operator(self) -> Any:
        """D, as an operator."""
        return self._diag_operator

    @property
    def base_operator(self) -> Any:
        """L."""
        return self._base_operator

    def _shape(self) -> Any:
        base = self.base_operator.shape._dims
        update = self._u.static_shape
        if base is None or update is None:
            return None
        return (*(broadcast_all((base[:-2], update[:-2])) or ()), *base[-2:])

    def _shape_tensor(self) -> Any:
        base, update = self.base_operator.shape_tensor(), array_ops.shape(self._u)
        batch = array_ops.broadcast_dynamic_shape(base[:-2], update[:-2])
        return array_ops.concat([batch, base[-2:]], axis=0)

    # -- what it does ------------------------------------------------------------------------

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        left, right = (self._v, self._u) if adjoint else (self._u, self._v)
        base = self.base_operator.matmul(x, adjoint=adjoint, adjoint_arg=adjoint_arg)
        small = matrix_ops.matmul(right, x, adjoint_a=True, adjoint_b=adjoint_arg)
        scaled = self._diag_operator.matmul(small, adjoint=adjoint)
        return base + matrix_ops.matmul(left, scaled)

    def _capacitance_determinant(self) -> Any:
        return matrix_ops.matrix_determinant(self._capacitance)

    def _determinant(self) -> Any:
        if self.is_positive_definite:
            return math_ops.exp(self.log_abs_determinant())
        rest = self._diag_operator.determinant() * self.base_operator.determinant()
        return self._capacitance_determinant() * rest

    def _log_abs_determinant(self) -> Any:
        if self._use_cholesky:
            diagonal = array_ops.matrix_diag_part(self._chol_capacitance)
            total: Any = reduction_ops.reduce_sum(math_ops.log(diagonal), axis=[-1])
            small: Any = 2 * total
        else:
            size = math_ops.abs(self._capacitance_determinant())
            small = cast(math_ops.log(size), self.dtype)
        for operator in (self._diag_operator, self.base_operator):
            small = small + cast(operator.log_abs_determinant(), self.dtype)
        return small

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        base = self.base_operator
        if base.is_non_singular is False:
            raise ValueError(
                "Solve not implemented unless this is a perturbation of a non-singular "
                "LinearOperator."
            )
        left, right = (self._v, self._u) if adjoint else (self._u, self._v)
        solved = base.solve(rhs, adjoint=adjoint, adjoint_arg=adjoint_arg)
        small = matrix_ops.matmul(right, solved, adjoint_a=True)
        if self._use_cholesky:
            small = util.cholesky_solve_with_broadcast(self._chol_capacitance, small)
        else:
            small = util.matrix_solve_with_broadcast(self._capacitance, small, adjoint=adjoint)
        return solved - base.solve(matrix_ops.matmul(left, small), adjoint=adjoint)


def _positive(diag_update: Any, hint: Any, dtype: Any) -> Any:
    """Whether D is positive; ValueError for the promise that the identity is not."""
    if diag_update is not None:
        if hint and dtype.is_complex:
            logging.warn("is_diag_update_positive promises that the complex diagonal is real.")
        return hint
    if hint is False:
        raise ValueError(
            "Without diag_update D is the identity, which is positive: is_diag_update_positive "
            "cannot be False."
        )
    return True
