"""The order of a program: each update as soon as its operands are there, to free them early."""

from __future__ import annotations

from ..core.function import Function
from ..core.tensor import Operation, Tensor
from .rewrite import with_operations


def order_for_memory(function: Function) -> Function:
    """The function with updates, and what only they read, moved up to their last operand.

    Values do not hang on the order (variables are values here), only what is alive at a time.
    Operations with effects or state keep their places among each other.
    """
    ops = function.graph.operations
    position = {op: i for i, op in enumerate(ops)}
    moved: dict[int, list[Operation]] = {}
    late: set[Operation] = set()
    for op in ops:
        if op.definition.updates and op.definition.state is None and not op.definition.effect:
            ready = max((position[x.op] for x in op.operands if isinstance(x, Tensor)), default=-1)
            if ready >= 0 and ops[ready] not in late:
                moved.setdefault(ready, []).append(op)
                late.add(op)
    if not late:
        return function
    new_order: list[Operation] = []
    for i, op in enumerate(ops):
        if op not in late:
            new_order.append(op)
            new_order += moved.get(i, [])
    return with_operations(function, new_order)
