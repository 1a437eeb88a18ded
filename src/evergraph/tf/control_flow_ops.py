"""Orders and groups of operations, conditionals and loops: the names of `control_flow_ops`."""

from __future__ import annotations

from .conditionals import case, cond, merge, switch, switch_case
from .control_flow_context import CondContext, ControlFlowContext, WhileContext
from .grouping import group, no_op, tuple, with_dependencies
from .loops import while_loop
from .tensor_array_ops import TensorArray

__all__ = [
    "TensorArray",
    "case",
    "cond",
    "group",
    "no_op",
    "switch_case",
    "tuple",
    "while_loop",
]
