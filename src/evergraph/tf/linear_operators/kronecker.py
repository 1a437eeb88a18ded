"""Kronecker products of operators."""

from __future__ import annotations

from functools import reduce
from math import prod
from operator import add, mul
from typing import Any

from ...core.shape import broadcast, is_known
from ...core.tensor import Tensor
from ...errors import InvalidArgumentError
from .. import array_ops, control_flow_ops, matrix_ops
from ..dtype_ops import cast
from .hints import implied_by_all
from .of_several import OfSeveralOperators, checked_operators, over


class LinearOperatorKronecker(OfSeveralOperators):
    """The Kronecker product A₁ ⊗ A₂ ⊗ ... ⊗ Aₖ of operators.

    Nothing is multiplied out: a product with it is one with each factor, along its own axis. It
    has an inverse, is self-adjoint, is positive definite if all factors are; hints: see
    `LinearOperator`.

    Args:
        operators: the factors, of one dtype.

    Raises:
        TypeError: for operators of different dtypes.
        ValueError: for no operators, for hints that cannot hold.
    """

    def __init__(
        self,
        operators: Any,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: Any = None,
    ) -> None:
        operators = checked_operators(operators, "list of >=1")
        hints = {
            hint: implied_by_all(operators, hint, given, "Kronecker product")
            for hint, given in (
                ("is_non_singular", is_non_singular),
                ("is_self_adjoint", is_self_adjoint),
                ("is_positive_definite", is_positive_definite),
            )
        }
        super().__init__(operators, name, "_x_", is_square=is_square, **hints)

    def _shape(self) -> Any:
        batch = self._common_batch_shape()
        if batch is None:
            return None
        sizes = [
            [getattr(o, which).value for o in self.operators]
            for which in ("range_dimension", "domain_dimension")
        ]
        return (*batch, *(None if None in s else prod(s) for s in sizes))

    def _shape_tensor(self) -> Any:
        rows = over("range_dimension_tensor", self.operators, mul)
        columns = over("domain_dimension_tensor", self.operators, mul)
        return array_ops.concat((self._common_batch_shape_tensor(), [rows, columns]), 0)

    def _factor_sizes(self, which: str) -> list[Any]:
        """The factors' extents: ints where all are known, else tensors."""
        known = [getattr(o, which).value for o in self.operators]
        if None in known:
            return [getattr(o, which + "_tensor")() for o in self.operators]
        return known

    # -- products ----------------------------------------------------------------------------

    def _along_factors(
        self, function: str, x: Any, adjoint: bool, adjoint_arg: bool, sides: tuple[str, str]
    ) -> Any:
        """Each factor's product or solution along its own axis of the rows.

        The factor's axis is cut off in front of all others, and what the factor gives goes behind
        them: after the last factor the columns have come to the front, with the new rows behind
        in the right order.
        """
        x = matrix_ops.adjoint(x) if adjoint_arg else x
        columns = _last_extent(x)
        given, shape = sides[0], self._result_shape(x, sides[1])
        for operator, extent in zip(self.operators, self._factor_sizes(given), strict=True):
            x = getattr(operator, function)(_regrouped(x, extent), adjoint=adjoint)
            x = array_ops.matrix_transpose(x)
        result = array_ops.matrix_transpose(_regrouped(x, columns))
        result.set_shape(shape)
        return result

    def _result_shape(self, x: Tensor, rows: str) -> Any:
        batch = self.batch_shape._dims
        if x.static_shape is None or batch is None:
            return None
        rest = (getattr(self, rows).value, x.static_shape[-1])
        return (*(broadcast(x.static_shape[:-2], batch) or ()), *rest)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        sides = ("range_dimension", "domain_dimension")
        turned = sides if adjoint else sides[::-1]
        return self._along_factors("matmul", x, adjoint, adjoint_arg, turned)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        sides = ("domain_dimension", "range_dimension")
        turned = sides if adjoint else sides[::-1]
        return self._along_factors("solve", rhs, adjoint, adjoint_arg, turned)

    # -- numbers and elements ----------------------------------------------------------------

    def _powers(self) -> list[Any]:
        """How often each factor's determinant is a factor of the whole's."""
        sizes = self._factor_sizes("domain_dimension")
        others = [sizes[:i] + sizes[i + 1 :] for i in range(len(sizes))]
        return [cast(reduce(mul, rest, 1), self.dtype) for rest in others]

    def _determinant(self) -> Any:
        determinants = [o.determinant() for o in self.operators]
        return reduce(mul, map(pow, determinants, self._powers()))

    def _log_abs_determinant(self) -> Any:
        return reduce(add, map(mul, self._log_moduli(), self._powers()))

    def _has_square_factors(self) -> bool:
        return all(o.is_square for o in self.operators)

    def _trace(self) -> Any:
        if not self._has_square_factors():
            return super()._trace()
        return over("trace", self.operators, mul)

    def _diag_part(self) -> Any:
        if not self._has_square_factors():
            return super()._diag_part()
        diagonal = self.operators[0].diag_part()
        for operator in self.operators[1:]:
            right = array_ops.expand_dims(operator.diag_part(), -2)
            pairs = array_ops.expand_dims(diagonal, -1) * right
            diagonal = array_ops.reshape(pairs, _joined(pairs, 1))
        shape = self.shape._dims
        diagonal.set_shape(None if shape is None else shape[:-1])
        return diagonal

    def _to_dense(self) -> Any:
        product = self.operators[0].to_dense()
        for operator in self.operators[1:]:
            left = array_ops.expand_dims(array_ops.expand_dims(product, -1), -3)
            right = array_ops.expand_dims(array_ops.expand_dims(operator.to_dense(), -2), -4)
            pairs = left * right
            product = array_ops.reshape(pairs, _joined(pairs, 2))
        product.set_shape(self.shape)
        return product

    def _assert_all(self, assertion: str, what: str) -> Any:
        if not self._has_square_factors():
            raise InvalidArgumentError(
                None, None, f"All Kronecker factors must be square for the product to be {what}."
            )
        return control_flow_ops.group([getattr(o, assertion)() for o in self.operators])

    def _assert_non_singular(self) -> Any:
        return self._assert_all("assert_non_singular", "invertible")

    def _assert_self_adjoint(self) -> Any:
        return self._assert_all("assert_self_adjoint", "self adjoint")


def _last_extent(x: Tensor) -> Any:
    known = None if x.static_shape is None else x.static_shape[-1]
    if known is not None:
        return known
    shape: Any = array_ops.shape(x)
    return shape[-1]


def _regrouped(x: Tensor, rows: Any) -> Tensor:
    """Matrices with the same elements in the same order, in `rows` rows."""
    sizes = x.static_shape
    if isinstance(rows, int) and is_known(sizes):
        *batch, m, n = sizes or ()
        elements = (m or 0) * (n or 0)
        return array_ops.reshape(x, [*batch, rows, elements // max(rows, 1)])
    shape: Any = array_ops.shape(x)
    return array_ops.reshape(x, array_ops.concat((shape[:-2], [rows, -1]), 0))


def _joined(x: Tensor, pairs: int) -> Any:
    """The shape of `x` with its last axes joined two by two."""
    sizes = x.static_shape
    count = 2 * pairs
    if is_known(sizes):
        known: list[Any] = list(sizes or ())
        last = known[-count:]
        return known[:-count] + [prod(last[i : i + 2]) for i in range(0, count, 2)]
    shape: Any = array_ops.shape(x)
    last = [shape[i] * shape[i + 1] for i in range(-count, 0, 2)]
    return array_ops.concat((shape[:-count], last), 0)
