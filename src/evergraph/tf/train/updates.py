"""Optimizers whose update of a variable is one op of the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...core.convert import constant
from ...core.emit import emit
from ...core.graph import get_default_graph
from ...core.tensor import Operation, Tensor
from ...core.tensor_shape import to_shape
from ...ops.training import RULES
from .. import math_ops
from ..framework import IndexedSlices, convert_to_tensor
from .optimizer import Optimizer
from .slot_creator import is_resource_variable

_RULES = {rule.name: rule for rule in RULES}


def emit_update(
    rule: str, state: Sequence[Any], operands: Mapping[str, Any], **attrs: Any
) -> Operation:
    """Adds the op by which `rule` (`Adam`) updates `state`: a variable, then its slots.

    `operands` are the op's other inputs by name, `grad` among them, and `indices` if it is sparse.
    """
    resource = is_resource_variable(state[0])
    sparse = "indices" in operands
    handles = [v.handle if resource else v for v in state]
    names = _RULES[rule].inputs(sparse)[len(handles) :]
    prefix = ("Resource" if resource else "") + ("Sparse" if sparse else "")
    return emit(f"{prefix}Apply{rule}", [*handles, *(operands[n] for n in names)], attrs)


class RuleOptimizer(Optimizer):
    """An optimizer by a rule of the op table: `_rule`, with the slots `_rule_slots` in its order.

    `_scalars` gives the rule's scalar operands, `_flags` its attributes.
    """

    _rule: str
    _rule_slots: tuple[str, ...] = ()

    def _scalars(self) -> dict[str, Any]:
        raise NotImplementedError

    def _operands(self, var: Any) -> dict[str, Any]:
        """The scalar operands as the update of this variable takes them."""
        dtype = var.dtype.base_dtype
        return {name: math_ops.cast(x, dtype) for name, x in self._scalars().items()}

    def _flags(self) -> dict[str, Any]:
        return {}

    def _update(self, grad: Any, var: Any, indices: Any = None) -> Operation:
        state = [var, *(self.get_slot(var, name) for name in self._rule_slots)]
        operands = {**self._operands(var), "grad": grad}
        if indices is not None:
            operands["indices"] = indices
        flags = {"use_locking": self._use_locking, **self._flags()}
        return emit_update(self._rule, state, operands, **flags)

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        return self._update(grad, var)

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        return self._update(grad, handle)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        return self._update(grad.values, var, grad.indices)

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        return self._update(grad, handle, indices)

    def _tensor(self, parameter: Any, name: str) -> Tensor:
        """A parameter, or what it gives if it is a function, as a tensor."""
        return convert_to_tensor(self._call_if_callable(parameter), name=name)

    def _filled(self, value: float, var: Any) -> Tensor:
        """A constant shaped like a variable, to start a slot with."""
        with get_default_graph().colocate_with(var):
            return constant(value, var.dtype.base_dtype, shape=to_shape(var.get_shape()))
