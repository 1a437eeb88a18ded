"""`FuncGraph`: the graph of a function being traced; what it uses from outside, it captures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .function import Function, argument
from .graph import Graph, get_default_graph
from .tensor import Operand, Tensor

_SHARED = ("variable_scopes", "variable_store", "variable_creators", "object_names")


class FuncGraph(Graph):
    """The graph of a function inside the graph `outer`.

    A tensor of another graph becomes an argument when an operation takes it: `captured` has the
    tensors, `arguments` what stands for them here. Variables and collections are the outer
    graph's.
    """

    def __init__(self, name: str, outer: Graph) -> None:
        super().__init__()
        self.name = name
        self.outer_graph = outer
        self.building_function = True
        self.captures: dict[Tensor, Tensor] = {}
        self.captured_inputs = self.seen_inside
        self.inputs: list[Tensor] = []
        self._collections = outer._collections
        self.seed = outer.seed
        self.extra.update({k: outer.extra[k] for k in _SHARED if k in outer.extra})
        if "library" in outer.extra:
            self.extra["library"] = outer.extra["library"]

    def capture(self, x: Any) -> Any:
        """What stands here for a tensor of another graph."""
        if not isinstance(x, Tensor) or x.op.graph is self:
            return x
        known = self.captures.get(x)
        if known is None:
            outer = self.outer_graph
            if isinstance(outer, FuncGraph):
                outer.capture(x)
            known = argument(self, len(self.inputs) + len(self.captures), x.dtype, x.static_shape)
            known.dtype = x.dtype  # a variable's buffer stays one
            self.captures[x] = known
        return known

    def outside(self, x: Tensor) -> tuple[Tensor, ...]:
        """The tensor of another graph that `x` stands for, if it does."""
        return tuple(outer for outer, inner in self.captures.items() if inner is x)

    def seen_inside(self, inputs: Sequence[Any]) -> list[Any]:
        """The inputs of an operation as seen from inside."""
        return [
            [self.capture(t) for t in x] if type(x) in (list, tuple) else self.capture(x)
            for x in inputs
        ]


def trace_function(
    name: str,
    definition: Callable[..., Any],
    kinds: Sequence[tuple[Any, Any]],
    flatten: Callable[[Any], list[Any]],
) -> tuple[Function, list[Tensor], Any]:
    """Traces `definition` on arguments of these (dtype, shape).

    Gives the function, whose last inputs are the captured tensors, these tensors, and what the
    definition returned. `flatten` gives that as tensors.
    """
    outer = get_default_graph()
    graph = FuncGraph(name, outer)
    for i, (dtype, shape) in enumerate(kinds):
        graph.inputs.append(argument(graph, i, dtype, shape))
    with graph.as_default():
        result = definition(*graph.inputs)
        outputs: list[Operand] = [graph.capture(x) for x in flatten(result)]
    for key in _SHARED:
        if key in graph.extra:
            outer.extra.setdefault(key, graph.extra[key])
    inputs = [*graph.inputs, *graph.captures.values()]
    return Function(graph, inputs, outputs, name), list(graph.captures), result
