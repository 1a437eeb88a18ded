"""Common subexpressions: equal operations on equal operands are computed once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.function import Function
from ..core.graph import get_default_graph
from ..core.tensor import Literal, Operand, Operation, Tensor
from .rewrite import copy_operation, rewrite

_MAX_BYTES = 1024  # literals larger than this are told apart by identity


def merge_equal(function: Function) -> Function:
    """The function with equal pure operations merged."""
    seen: dict[Any, Sequence[Operand]] = {}
    interned: dict[Any, Literal] = {}

    def intern(x: Operand) -> Operand:
        if not isinstance(x, Literal):
            return x
        return interned.setdefault(_literal_key(x.value), x)

    def visit(op: Operation, operands: list[Operand]) -> Sequence[Operand] | None:
        if not op.definition.is_pure or any(_is_list(x) for x in op.outputs):
            return None  # two lists that grow must not share their store
        operands[:] = [intern(x) for x in operands]
        key = (op.type, *map(id, operands), _attrs_key(op))
        known = seen.get(key)
        if known is None:
            graph = get_default_graph()
            known = seen[key] = copy_operation(graph, op, operands).outputs
        return known

    return rewrite(function, visit)


def _is_list(x: Tensor) -> bool:
    return x.dtype.base_dtype.name == "variant"


def _literal_key(value: np.ndarray[Any, Any]) -> Any:
    if value.dtype == object or value.nbytes > _MAX_BYTES:
        return id(value)
    return value.dtype.str, value.shape, value.tobytes()


def _attrs_key(op: Operation) -> Any:
    return tuple(sorted((k, _value_key(v)) for k, v in op.attrs.items()))


def _value_key(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return repr(_literal_key(value))
    return repr(value)  # by text, so that 0.0 and -0.0 differ
