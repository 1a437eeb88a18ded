"""Orders and groups of operations, conditionals and loops: the names of `control_flow_ops`."""

from __future__ import annotations

from .cases import case, switch_case
from .check_ops import Assert as Assert
from .conditionals import cond
from .conditionals import merge as merge
from .conditionals import switch as switch
from .control_flow_context import CondContext as CondContext
from .control_flow_context import ControlFlowContext as ControlFlowContext
from .control_flow_context import WhileContext as WhileContext
from .control_flow_context import XLAControlFlowContext as XLAControlFlowContext
from .dataflow import exit as exit
from .grouping import group, no_op, tuple
from .grouping import with_dependencies as with_dependencies
from .loops import while_loop
from .loops import while_loop_v2 as while_loop_v2
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
