"""Gradients of calls and of functional conditionals: functions that compute the forward again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..core import dtypes
from ..core.emit import apply, emit
from ..core.function import Function, argument, fresh_name
from ..core.graph import Graph
from ..core.tensor import Operation, Tensor
from ..ops.indexed_slices import IndexedSlices
from .loop_gradients import carries_gradient, copy_operations
from .needed import needed_operations

Differentiate = Callable[..., list[Any]]
CALLS = ("PartitionedCall", "StatefulPartitionedCall")
CONDITIONALS = ("If", "StatelessIf")


def call_gradient(op: Operation, dys: Sequence[Any], differentiate: Differentiate) -> list[Any]:
    """The gradient of each operand of a call."""
    function: Function = op.definition.function if op.type not in CALLS else op.attrs["f"]
    given = [i for i, dy in enumerate(dys) if dy is not None]
    wanted = [i for i, x in enumerate(op.operands) if carries_gradient(x)]
    gradient = _Gradient(function, given, wanted, differentiate)
    found = gradient.found
    if not found:
        return [None] * len(op.operands)
    inputs = [*op.operands, *(_dense(dys[i]) for i in given)]
    body = gradient.function(found)
    kinds = tuple(x.dtype.base_dtype for x in body.outputs)
    stateful = "Stateful" if op.type != "PartitionedCall" else ""
    made = emit(f"{stateful}PartitionedCall", [inputs], {"f": body, "Tout": kinds})
    return _placed(op, found, made.outputs)


def if_gradient(op: Operation, dys: Sequence[Any], differentiate: Differentiate) -> list[Any]:
    """The gradient of each operand of an `If`: another `If` of the gradients of its branches."""
    given = [i for i, dy in enumerate(dys) if dy is not None]
    inputs = op.operands[1:]
    wanted = [i for i, x in enumerate(inputs) if carries_gradient(x)]
    sides = [
        _Gradient(op.attrs[k], given, wanted, differentiate) for k in ("then_branch", "else_branch")
    ]
    found = sorted({*sides[0].found, *sides[1].found})
    if not found:
        return [None] * len(op.operands)
    functions = [side.function(found) for side in sides]
    operands = [*inputs, *(_dense(dys[i]) for i in given)]
    attrs = {
        "then_branch": functions[0],
        "else_branch": functions[1],
        "Tout": tuple(x.dtype.base_dtype for x in functions[0].outputs),
    }
    made = emit(op.type, [op.operands[0], operands], attrs)
    return [None, *_placed(op, found, made.outputs, len(inputs))]


def _placed(
    op: Operation, found: Sequence[int], outputs: Sequence[Tensor], count: int | None = None
) -> list[Any]:
    results: list[Any] = [None] * (len(op.operands) if count is None else count)
    for i, out in zip(found, outputs, strict=True):
        results[i] = out
    return results


class _Gradient:
    """The gradient of a function, in a graph of its own."""

    def __init__(
        self, source: Function, given: list[int], wanted: list[int], differentiate: Differentiate
    ) -> None:
        self.graph = Graph()
        self.inputs = []
        mapping: dict[Any, Any] = {}
        for i, x in enumerate(source.inputs):
            arg = argument(self.graph, i, x.dtype, x.static_shape)
            arg.dtype = x.dtype
            self.inputs.append(arg)
            mapping[x] = arg
        roots = [x.op for x in source.outputs if isinstance(x, Tensor)]
        operations = [op for op in needed_operations(roots, ()) if op.type != "_Arg"]
        copy_operations(self.graph, operations, mapping)
        outputs = [mapping.get(x, x) for x in source.outputs]
        count = len(self.inputs)
        ys = [outputs[i] for i in given]
        self.dys = [
            argument(self.graph, count + k, y.dtype.base_dtype, y.static_shape)
            for k, y in enumerate(ys)
        ]
        with self.graph.as_default():
            got = differentiate(ys, [self.inputs[i] for i in wanted], self.dys)
            dense = [_dense(g) for g in got]
        self.gradients = {i: g for i, g in zip(wanted, dense, strict=True) if g is not None}

    @property
    def found(self) -> list[int]:
        """The inputs that a gradient reaches."""
        return sorted(self.gradients)

    def function(self, found: Sequence[int]) -> Function:
        """The function of the inputs and the outputs' gradients; zero where none flows."""
        with self.graph.as_default():
            outputs = [
                self.gradients[i] if i in self.gradients else _zeros(self.inputs[i]) for i in found
            ]
        return Function(self.graph, [*self.inputs, *self.dys], outputs, fresh_name("gradient"))


def _zeros(x: Tensor) -> Any:
    if x.dtype is dtypes.resource:
        raise LookupError(f"Only one branch gives a gradient for the variable behind {x.name!r}.")
    return apply("ZerosLike", x)


def _dense(g: Any) -> Any:
    return g.to_tensor() if isinstance(g, IndexedSlices) else g
