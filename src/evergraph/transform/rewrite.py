"""How a pass rewrites a function: a new graph, operation by operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..core.function import Function
from ..core.graph import Graph
from ..core.shape import compatible, merge
from ..core.tensor import Operand, Operation, Tensor

Note = Callable[[Operation, Sequence[Operand]], None]
Visit = Callable[[Operation, list[Operand]], Sequence[Operand] | None]


def copy_operation(graph: Graph, op: Operation, operands: Sequence[Operand]) -> Operation:
    """The same operation on other operands, in another graph."""
    new = Operation(graph, op.name, op.definition, operands, op.attrs)
    new.site, new.device, new.extra = op.site, op.device, op.extra
    new.outputs = [Tensor(new, o.value_index, o.dtype, o.static_shape) for o in op.outputs]
    graph.adopt(new)
    return new


def rewrite(function: Function, visit: Visit, note: Note | None = None) -> Function:
    """A new function: `visit(op, new_operands)` gives what stands for the outputs of each op.

    It may emit operations; None keeps the op as it is, and then `note(op, outputs)` sees the copy.
    Arguments are never visited.
    """
    graph = Graph()
    mapping: dict[Operand, Operand] = {}
    with graph.as_default():
        for op in function.graph.operations:
            operands = [mapping.get(x, x) for x in op.operands]
            before = len(graph.operations)
            results = None if op.type == "_Arg" else visit(op, operands)
            if results is None:
                kept = copy_operation(graph, op, operands)
                results = kept.outputs
                if note is not None:
                    note(kept, results)
            else:
                _inherit(graph.operations[before:], op)
                _keep_shapes(graph.operations[before:], op, results)
            mapping.update(zip(op.outputs, results, strict=True))
    return _remapped(function, graph, mapping)


def with_operations(function: Function, ops: Sequence[Operation]) -> Function:
    """The function with these of its operations only, in this order."""
    graph = Graph()
    mapping: dict[Operand, Operand] = {}
    for op in ops:
        new = copy_operation(graph, op, [mapping.get(x, x) for x in op.operands])
        mapping.update(zip(op.outputs, new.outputs, strict=True))
    return _remapped(function, graph, mapping)


def _remapped(function: Function, graph: Graph, mapping: dict[Operand, Operand]) -> Function:
    inputs = [mapping[x] for x in function.inputs]
    outputs = [mapping.get(x, x) for x in function.outputs]
    return Function(graph, [x for x in inputs if isinstance(x, Tensor)], outputs)


def _keep_shapes(made: Sequence[Operation], source: Operation, results: Sequence[Operand]) -> None:
    """What was known of the old outputs' shapes is known of the new ones."""
    new = set(made)
    for x, old in zip(results, source.outputs, strict=True):
        if isinstance(x, Tensor) and x.op in new and compatible(x.static_shape, old.static_shape):
            x.static_shape = merge(x.static_shape, old.static_shape)


def _inherit(made: Sequence[Operation], source: Operation) -> None:
    """What a pass puts in an operation's place keeps its origin, for errors and profiles."""
    for op in made:
        op.site = source.site
        if op.extra is None:
            op.extra = source.extra
        op.device = source.device
