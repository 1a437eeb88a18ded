"""Contexts of branches and loops as messages: how meta graphs keep them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..core.graph import Graph, get_default_graph
from ..core.tensor import Operation, Tensor
from ..ops.control import ENTERS
from .control_flow_context import (
    CondContext,
    ControlFlowContext,
    WhileContext,
    output_context,
)
from .scoped_names import prepend_name_scope, strip_name_scope


def _is_own(context: ControlFlowContext, x: Tensor) -> bool:
    """Whether a tensor was made inside the context."""
    source = output_context(x.op)
    return source is not None and context in source.enclosing()


def _add_values(proto: Any, context: ControlFlowContext, scope: str | None) -> None:
    """What is known inside, and what stands there for what is outside."""
    names = {x.name for pair in context.inside.items() for x in pair}
    proto.values.extend(strip_name_scope(name, scope) for name in sorted(names))
    for outer, inner in context.inside.items():
        if outer is not inner or not _is_own(context, outer):
            key = strip_name_scope(outer.name, scope)
            proto.external_values[key] = strip_name_scope(inner.name, scope)


def _nested(context: ControlFlowContext) -> list[ControlFlowContext]:
    """The contexts directly inside this one, in the order of their first operations."""
    found: dict[ControlFlowContext, None] = {}
    for op in sorted({x.op for x in context.inside}, key=lambda op: op._id):
        inner: ControlFlowContext | None = op.control_flow_context
        while inner is not None and inner.outer_context is not context:
            inner = inner.outer_context
        if inner is not None:
            found[inner] = None
    return list(found)


def _add_nested(proto: Any, context: ControlFlowContext, scope: str | None) -> None:
    for inner in _nested(context):
        nested = proto.nested_contexts.add()
        if isinstance(inner, CondContext):
            nested.cond_ctxt.CopyFrom(cond_to_proto(inner, scope))
        elif isinstance(inner, WhileContext):
            nested.while_ctxt.CopyFrom(while_to_proto(inner, scope))


def cond_to_proto(context: CondContext, export_scope: str | None = None) -> Any:
    """The CondContextDef of a branch, None if it is outside the scope."""
    from ..formats import messages

    if export_scope is not None and not context.name.startswith(export_scope):
        return None
    proto = messages.CondContextDef(
        context_name=strip_name_scope(context.name, export_scope),
        pred_name=strip_name_scope(context.pred.name, export_scope),
        pivot_name=strip_name_scope(context.pivot.name, export_scope),
        branch=context.branch,
    )
    _add_values(proto.values_def, context, export_scope)
    _add_nested(proto, context, export_scope)
    return proto


def while_to_proto(context: WhileContext, export_scope: str | None = None) -> Any:
    """The WhileContextDef of a loop, None if it is outside the scope."""
    from ..formats import messages

    if export_scope is not None and not context.name.startswith(export_scope):
        return None

    def named(x: Any) -> str:
        return "" if x is None else strip_name_scope(x.name, export_scope)

    most = context.maximum_iterations
    proto = messages.WhileContextDef(
        context_name=strip_name_scope(context.name, export_scope),
        parallel_iterations=context.parallel_iterations,
        back_prop=context.back_prop,
        swap_memory=context.swap_memory,
        pivot_name=named(context.pivot),
        pivot_for_pred_name=named(context._pivot_for_pred),
        pivot_for_body_name=named(context._pivot_for_body),
        loop_exit_names=map(named, context.loop_exits),
        loop_enter_names=map(named, context.loop_enters),
        maximum_iterations_name=named(most) if isinstance(most, Tensor) else "",
    )
    _add_values(proto.values_def, context, export_scope)
    _add_nested(proto, context, export_scope)
    return proto


class _Names:
    """Finds the tensors of a message in the default graph, below a scope."""

    def __init__(self, scope: str | None) -> None:
        self.graph: Graph = get_default_graph()
        self.scope = scope

    def full(self, name: str) -> str:
        """A name below the scope."""
        return prepend_name_scope(name, self.scope)

    def tensor(self, name: str) -> Any:
        """The tensor of a name; None for no name, KeyError if there is no such tensor."""
        return self.graph.get_tensor_by_name(self.full(name)) if name else None

    def tensors(self, names: Iterable[str]) -> list[Any]:
        """The tensors of some names."""
        return [self.tensor(name) for name in names]


def _restore(context: ControlFlowContext, proto: Any, names: _Names) -> None:
    """What is known inside; the operations that were made there belong to the context again."""
    ControlFlowContext.__init__(context)
    context._name = names.full(proto.context_name)
    outside = proto.values_def.external_values
    for name in proto.values_def.values:
        if name not in outside:
            x = names.tensor(name)
            context.inside[x] = x
            x.op.control_flow_context = context
    for outer, inner in outside.items():
        context.inside[names.tensor(outer)] = names.tensor(inner)


def _restore_nested(context: ControlFlowContext, proto: Any, scope: str | None) -> None:
    with context.building():
        for nested in proto.nested_contexts:
            if nested.HasField("cond_ctxt"):
                cond_from_proto(nested.cond_ctxt, scope)
            elif nested.HasField("while_ctxt"):
                while_from_proto(nested.while_ctxt, scope)


def cond_from_proto(proto: Any, import_scope: str | None = None) -> CondContext:
    """The branch of a CondContextDef, whose operations are in the default graph."""
    names = _Names(import_scope)
    context = CondContext.__new__(CondContext)
    _restore(context, proto, names)
    context._pred, context._pivot = names.tensor(proto.pred_name), names.tensor(proto.pivot_name)
    context._branch = proto.branch
    _restore_nested(context, proto, import_scope)
    return context


def while_from_proto(proto: Any, import_scope: str | None = None) -> WhileContext:
    """The loop of a WhileContextDef, whose operations are in the default graph."""
    names = _Names(import_scope)
    context = WhileContext.__new__(WhileContext)
    _restore(context, proto, names)
    context._maximum_iterations = names.tensor(proto.maximum_iterations_name)
    context._parallel_iterations = proto.parallel_iterations
    context._back_prop, context._swap_memory = proto.back_prop, proto.swap_memory
    context._pivot = names.tensor(proto.pivot_name)
    context._pivot_for_pred = names.tensor(proto.pivot_for_pred_name)
    context._pivot_for_body = names.tensor(proto.pivot_for_body_name)
    context._loop_exits = names.tensors(proto.loop_exit_names)
    context._loop_enters = names.tensors(proto.loop_enter_names)
    if import_scope:
        _rename_frame(context)
    _restore_nested(context, proto, import_scope)
    return context


def _rename_frame(context: WhileContext) -> None:
    """The frame has the name of its context, which is another one below a scope."""
    enters: set[Operation] = {x.op for x in context.inside.values() if x.op.type in ENTERS}
    for op in enters:
        if op.control_flow_context is context:
            op.attrs["frame_name"] = context.name
    context.graph.changed()
