"""Operations that only the engine has, written as the nodes that TensorFlow builds instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..core.dtypes import DType, resource
from ..core.tensor import Operation

if TYPE_CHECKING:
    from .graph_def import Names


def _node(op: Operation, name: str, op_type: str, inputs: list[str], **dtypes: DType) -> Any:
    from . import messages

    node = messages.NodeDef(name=name, op=op_type, device=op.device, input=inputs)
    for attr, dtype in dtypes.items():
        node.attr[attr].type = dtype.as_datatype_enum
    return node


def _initialized_value(op: Operation, inputs: list[str], names: Names) -> list[Any]:
    """A variable's value if it has one, else the initial value: a branch on whether it has."""
    variable, initial = inputs
    dtype = op.attrs["dtype"]
    is_set, switch, read, other = (
        names.beside(op, part) for part in ("is_set", "variable", "read", "initial")
    )
    if op.type == "_InitializedResource":
        first = [
            _node(op, is_set, "VarIsInitializedOp", [variable]),
            _node(op, switch, "Switch", [variable, is_set], T=resource),
            _node(op, read, "ReadVariableOp", [f"{switch}:1"], dtype=dtype),
        ]
    else:
        first = [
            _node(op, is_set, "IsVariableInitialized", [variable], dtype=dtype),
            _node(op, switch, "RefSwitch", [variable, is_set], T=dtype),
            _node(op, read, "Identity", [f"{switch}:1"], T=dtype),
        ]
    merge = _node(op, op.name, "Merge", [other, read], T=dtype)
    merge.attr["N"].i = 2
    return [*first, _node(op, other, "Switch", [initial, is_set], T=dtype), merge]


Expansion = Callable[[Operation, list[str], "Names"], list[Any]]
EXPANSIONS: dict[str, Expansion] = {
    "_InitializedValue": _initialized_value,
    "_InitializedResource": _initialized_value,
}
"""For an op of the engine: the nodes of an operation, given how its inputs are named. The last one
has the operation's name, and its first outputs are the operation's."""
