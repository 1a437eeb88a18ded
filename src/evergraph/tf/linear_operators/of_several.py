"""What compositions, block diagonals and Kronecker products share: they are made of operators."""

from __future__ import annotations

from typing import Any

from ...core.shape import Shape, broadcast, show
from .. import array_ops, check_ops
from ..dtype_ops import cast
from ..framework import name_scope
from .base import LinearOperator


class OfSeveralOperators(LinearOperator):
    """An operator made of a list of operators of one dtype, whose batches broadcast."""

    def __init__(self, operators: Any, name: Any, sign: str, **hints: Any) -> None:
        name = sign.join(o.name for o in operators) if name is None else name
        parents = [p for o in operators for p in o.graph_parents]
        self._operators = operators
        with name_scope(name, values=parents):
            super().__init__(dtype=operators[0].dtype, graph_parents=parents, name=name, **hints)

    @property
    def operators(self) -> Any:
        """The operators that this one is made of."""
        return self._operators

    def _log_moduli(self) -> list[Any]:
        """The logarithm of each operator's determinant's modulus, in the common dtype."""
        return [cast(o.log_abs_determinant(), self.dtype) for o in self.operators]

    def _common_batch_shape(self) -> Shape:
        """The shape to which the batches broadcast; ValueError if they do not."""
        common: Shape = ()
        for operator in self.operators:
            batch = operator.batch_shape._dims
            try:
                common = broadcast(common, batch)
            except ValueError:
                raise ValueError(
                    f"Incompatible shapes for broadcasting: {show(common)} and {show(batch)}"
                ) from None
        return common

    def _common_batch_shape_tensor(self) -> Any:
        shapes = [o.batch_shape_tensor() for o in self.operators]
        common = shapes[0]
        for shape in shapes[1:]:
            common = array_ops.broadcast_dynamic_shape(common, shape)
        return common


def checked_operators(operators: Any, wanted: str) -> list[Any]:
    """The operators as a list; ValueError if there are none, TypeError for different dtypes."""
    check_ops.assert_proper_iterable(operators)
    found = list(operators)
    if not found:
        raise ValueError(f"Expected a {wanted} operators. Found: {found}")
    if any(o.dtype != found[0].dtype for o in found):
        kinds = ", ".join(f"{o.name}: {o.dtype}" for o in found)
        raise TypeError(f"Expected all operators to have the same dtype. Found {kinds}")
    return found


def over(function: str, operators: Any, combine: Any) -> Any:
    """The results of one method of all operators, combined from left to right."""
    result = getattr(operators[0], function)()
    for operator in operators[1:]:
        result = combine(result, getattr(operator, function)())
    return result
