"""The names of TensorFlow's `control_flow_util`: what part an operation plays in control flow."""

from __future__ import annotations

from typing import Any

from ..ops.control import ENTERS, EXITS, MERGES, SWITCHES
from ..tf.control_flow_context import output_context

# What `cond` and `while_loop` build are always the frames of TensorFlow 1.
ENABLE_CONTROL_FLOW_V2 = False


def GetOutputContext(op: Any) -> Any:
    """The context that an operation's outputs belong to."""
    return output_context(op)


def GetContainingWhileContext(ctxt: Any, stop_ctxt: Any = None) -> Any:
    """The innermost loop around a context, or `stop_ctxt` if that is met before; or None."""
    around = ctxt.enclosing() if ctxt is not None else ()
    return next((c for c in around if c.IsWhileContext() or c is stop_ctxt), None)


def GetContainingCondContext(ctxt: Any) -> Any:
    """The innermost branch around a context, or None."""
    around = ctxt.enclosing() if ctxt is not None else ()
    return next((c for c in around if c.IsCondContext()), None)


def GetContainingXLAContext(ctxt: Any) -> Any:
    """The innermost context around that is marked for a compiler, or None."""
    around = ctxt.enclosing() if ctxt is not None else ()
    return next((c for c in around if c.IsXLAContext()), None)


def GetWhileContext(op: Any) -> Any:
    """The innermost loop that an operation is in, or None."""
    return GetContainingWhileContext(op.control_flow_context)


def IsContainingContext(ctxt: Any, maybe_containing_ctxt: Any) -> bool:
    """Whether a context is the other or stands inside it; None stands around all."""
    around = ctxt.enclosing() if ctxt is not None else ()
    return maybe_containing_ctxt is None or any(c is maybe_containing_ctxt for c in around)


def OpInContext(op: Any, ctxt: Any) -> bool:
    """Whether an operation is made inside a context."""
    return IsContainingContext(op.control_flow_context, ctxt)


def TensorInContext(tensor: Any, ctxt: Any) -> bool:
    """Whether a tensor is made inside a context."""
    return OpInContext(tensor.op, ctxt)


def IsInWhileLoop(op: Any) -> bool:
    """Whether an operation is in a loop."""
    return GetWhileContext(op) is not None


def IsInCond(op: Any) -> bool:
    """Whether an operation is in a branch."""
    return GetContainingCondContext(op.control_flow_context) is not None


def IsInXLAContext(op: Any) -> bool:
    """Whether an operation is marked for a compiler, or in a context that is."""
    if op.attrs.get("_XlaCompile"):
        return True
    return GetContainingXLAContext(op.control_flow_context) is not None


def IsSwitch(op: Any) -> bool:
    """Whether it is a `Switch`, of a value or of a variable's buffer."""
    return op.type in SWITCHES


def IsMerge(op: Any) -> bool:
    """Whether it is a `Merge`, of values or of variables' buffers."""
    return op.type in MERGES


def IsLoopEnter(op: Any) -> bool:
    """Whether it takes a value into a loop."""
    return op.type in ENTERS


def IsLoopExit(op: Any) -> bool:
    """Whether it takes a value out of a loop."""
    return op.type in EXITS


def IsLoopConstantEnter(op: Any) -> bool:
    """Whether it takes a value into every iteration of a loop."""
    return IsLoopEnter(op) and bool(op.get_attr("is_constant"))


def IsCondSwitch(op: Any) -> bool:
    """Whether it is the `Switch` of a conditional: all that reads it is in branches."""
    if not IsSwitch(op):
        return False
    readers = [reader for x in op.outputs for reader in x.consumers()]
    contexts = [_context_read_from(reader) for reader in readers]
    return all(c is not None and c.IsCondContext() for c in contexts)


def _context_read_from(op: Any) -> Any:
    context = op.control_flow_context
    return context.outer_context if IsLoopEnter(op) and context is not None else context


def IsCondMerge(op: Any) -> bool:
    """Whether it is the `Merge` of a conditional: all that it reads is of branches."""
    if not IsMerge(op) or not op.inputs:
        return False
    contexts = [GetOutputContext(x.op) for x in op.inputs]
    return all(c is not None and c.IsCondContext() for c in contexts)


def IsLoopSwitch(op: Any) -> bool:
    """Whether it is the `Switch` of a loop variable."""
    context = op.control_flow_context
    in_loop = context is not None and context.IsWhileContext()
    return IsSwitch(op) and in_loop and not IsCondSwitch(op)


def IsLoopMerge(op: Any) -> bool:
    """Whether it is the `Merge` of a loop variable."""
    context = op.control_flow_context
    in_loop = context is not None and context.IsWhileContext()
    return IsMerge(op) and in_loop and not IsCondMerge(op)


def GetLoopConstantEnter(value: Any) -> Any:
    """The operation that takes a value into every iteration of a loop, or None."""
    op = value.op
    while op.type in (*SWITCHES, "Identity", "RefIdentity"):
        op = op.inputs[0].op
    return op if IsLoopConstantEnter(op) else None
