"""When values die, and which outputs may take an input's buffer."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.function import Function
from ..core.tensor import Operation, Tensor


@dataclass(frozen=True)
class Liveness:
    """`dies_after[op]`: the tensors that no later operation and no output reads."""

    dies_after: dict[Operation, list[Tensor]]


def liveness(function: Function) -> Liveness:
    """The last reader of each tensor of a function."""
    kept = {x for x in function.outputs if isinstance(x, Tensor)}
    last: dict[Tensor, Operation] = {}
    for op in function.graph.operations:
        for x in op.operands:
            if isinstance(x, Tensor):
                last[x] = op
        for out in op.outputs:
            last.setdefault(out, op)
    dies: dict[Operation, list[Tensor]] = {}
    for tensor, op in last.items():
        if tensor not in kept:
            dies.setdefault(op, []).append(tensor)
    return Liveness(dies)
