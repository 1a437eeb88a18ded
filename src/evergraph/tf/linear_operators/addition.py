"""Sums of operators, of a type as special as they allow."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any, NamedTuple

from .. import array_ops, check_ops
from ..framework import name_scope
from .base import LinearOperator
from .diag import LinearOperatorDiag
from .full_matrix import LinearOperatorFullMatrix
from .identity import LinearOperatorIdentity
from .lower_triangular import LinearOperatorLowerTriangular
from .scaled_identity import LinearOperatorScaledIdentity

__all__ = ["add_operators"]

_IDENTITIES = (LinearOperatorIdentity, LinearOperatorScaledIdentity)
_DIAGONAL = (*_IDENTITIES, LinearOperatorDiag)


def add_operators(
    operators: Any, operator_name: Any = None, addition_tiers: Any = None, name: Any = None
) -> list[Any]:
    """As few operators as possible with the same sum.

    Each tier is a list of adders; those of the first tiers make the most special operators.
    What an adder of a tier can add is added before the next tier is asked.

    Raises TypeError for what is no operator, ValueError for no operators, and where dimensions or
    batches are known not to fit.
    """
    check_ops.assert_proper_iterable(operators)
    waiting = list(operators)[::-1]  # a stack: the first operator is on top
    _check(waiting)
    parents = [p for o in waiting for p in o.graph_parents]
    with name_scope(name or "add_operators", values=parents):
        for tier in _DEFAULT_ADDITION_TIERS if addition_tiers is None else addition_tiers:
            waiting = _added(waiting, tier, operator_name)
        return waiting


def _added(stack: list[Any], tier: Any, name: Any) -> list[Any]:
    """The operators, those that the tier's adders take added up."""
    done = []
    while stack:
        first = stack.pop()
        found = _partner(first, stack, tier)
        if found is None:
            done.append(first)
        else:
            position, adder = found
            stack.append(adder.add(first, stack.pop(position), name))
    return done


def _partner(first: Any, stack: Sequence[Any], tier: Any) -> tuple[int, Any] | None:
    """The operator nearest to the top that can be added to `first`, and by whom."""
    for position in reversed(range(len(stack))):
        for adder in tier:
            if adder.can_add(first, stack[position]):
                return position, adder
    return None


def _check(operators: Sequence[Any]) -> None:
    if not operators:
        raise ValueError("Argument 'operators' must contain at least one operator.")
    if not all(isinstance(o, LinearOperator) for o in operators):
        raise TypeError(
            f"Argument 'operators' must contain only LinearOperator instances. Found: {operators}"
        )
    for which in ("domain", "range"):
        sizes = [(o.name, getattr(o, which + "_dimension").value) for o in operators]
        if len({size for _, size in sizes} - {None}) > 1:
            raise ValueError(f"Operators must have the same {which} dimension. Found: {sizes}")
    batch = operators[0].batch_shape
    for operator in operators[1:]:
        batch = array_ops.broadcast_static_shape(batch, operator.batch_shape)


class _Hints(NamedTuple):
    """The hints of a sum: those given, else what both terms have."""

    is_non_singular: Any = None
    is_positive_definite: Any = None
    is_self_adjoint: Any = None


def _inferred(a: Any, b: Any, given: Any) -> _Hints:
    given = given or _Hints()
    positive, self_adjoint = given.is_positive_definite, given.is_self_adjoint
    if self_adjoint is None:
        self_adjoint = a.is_self_adjoint and b.is_self_adjoint
    non_singular = given.is_non_singular
    if positive is None:
        positive = a.is_positive_definite and b.is_positive_definite
        non_singular = True if positive else non_singular
    return _Hints(non_singular, positive, self_adjoint)


class _Adder(abc.ABC):
    """Adds two operators of certain types."""

    @property
    def name(self) -> str:
        """The class' name."""
        return type(self).__name__

    @abc.abstractmethod
    def can_add(self, op1: Any, op2: Any) -> bool:
        """Whether it adds operators of these types."""

    @abc.abstractmethod
    def _add(self, op1: Any, op2: Any, operator_name: Any, hints: Any) -> Any:
        """The sum."""

    def add(self, op1: Any, op2: Any, operator_name: Any, hints: Any = None) -> Any:
        """The sum as an operator of this name, with these hints and those that both terms have."""
        name = f"Add/{op1.name}__{op2.name}/" if operator_name is None else operator_name
        parents = [*op1.graph_parents, *op2.graph_parents]
        with name_scope(self.name.removeprefix("_"), values=parents):
            return self._add(op1, op2, name, _inferred(op1, op2, hints))


class _AddAndReturnScaledIdentity(_Adder):
    """Adds multiples of the identity."""

    def can_add(self, op1: Any, op2: Any) -> bool:
        """Whether both are multiples of the identity."""
        return isinstance(op1, _IDENTITIES) and isinstance(op2, _IDENTITIES)

    def _add(self, op1: Any, op2: Any, operator_name: Any, hints: Any) -> Any:
        rows = op1.range_dimension.value
        return LinearOperatorScaledIdentity(
            op1.range_dimension_tensor() if rows is None else rows,
            _multiplier(op1) + _multiplier(op2),
            name=operator_name,
            **hints._asdict(),
        )


def _multiplier(operator: Any) -> Any:
    if isinstance(operator, LinearOperatorScaledIdentity):
        return operator.multiplier
    return array_ops.ones(operator.batch_shape_tensor(), dtype=operator.dtype)


class _AddAndReturnDiag(_Adder):
    """Adds diagonal operators."""

    def can_add(self, op1: Any, op2: Any) -> bool:
        """Whether both are diagonal."""
        return isinstance(op1, _DIAGONAL) and isinstance(op2, _DIAGONAL)

    def _add(self, op1: Any, op2: Any, operator_name: Any, hints: Any) -> Any:
        total = op1.diag_part() + op2.diag_part()
        return LinearOperatorDiag(total, name=operator_name, **hints._asdict())


def _dense_sum(op1: Any, op2: Any) -> Any:
    """The sum as a tensor; a diagonal operator is added to the other one's elements."""
    first, second = (op1, op2) if isinstance(op1, _DIAGONAL) else (op2, op1)
    return first.add_to_tensor(second.to_dense())


class _AddAndReturnTriL(_Adder):
    """Adds lower triangular and diagonal operators."""

    def can_add(self, op1: Any, op2: Any) -> bool:
        """Whether both are lower triangular or diagonal."""
        kinds = (*_DIAGONAL, LinearOperatorLowerTriangular)
        return isinstance(op1, kinds) and isinstance(op2, kinds)

    def _add(self, op1: Any, op2: Any, operator_name: Any, hints: Any) -> Any:
        total = _dense_sum(op1, op2)
        return LinearOperatorLowerTriangular(total, name=operator_name, **hints._asdict())


class _AddAndReturnMatrix(_Adder):
    """Adds any operators, by their elements."""

    def can_add(self, op1: Any, op2: Any) -> bool:
        """Whether both are operators."""
        return isinstance(op1, LinearOperator) and isinstance(op2, LinearOperator)

    def _add(self, op1: Any, op2: Any, operator_name: Any, hints: Any) -> Any:
        total = _dense_sum(op1, op2)
        return LinearOperatorFullMatrix(total, name=operator_name, **hints._asdict())


_DEFAULT_ADDITION_TIERS = [
    [_AddAndReturnScaledIdentity()],
    [_AddAndReturnDiag()],
    [_AddAndReturnTriL()],
    [_AddAndReturnMatrix()],
]
