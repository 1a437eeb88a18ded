"""`Function`: a graph with named inputs and outputs: what passes rewrite and backends compile.

It also gives defined ops their kernel: the definition, traced once for given dtypes and ranks,
and evaluated op by op.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from . import dtypes
from .emit import add_operation, apply
from .graph import Graph, get_default_graph
from .opdef import Attrs, OpDef, define
from .shape import Shape
from .tensor import Literal, Operand, Operation, Tensor

define(
    "_Arg",
    "-> output:T",
    "T:type; index:int; shape:shape=unknown",
    shape=lambda shapes, attrs, values: [attrs["shape"]],
    stateful=True,
)


class Function:
    """A graph of its own with the tensors that go in and the operands that come out.

    One that programs know has a `name`: nodes call it, and attributes of kind `func` hold it. It
    may have names for its outputs.

    In a lowered function an op with `updates` is a value: its outputs are the new values of the
    variables it updates, then its other outputs. Ops with an `effect` keep their order.
    """

    def __init__(
        self, graph: Graph, inputs: list[Tensor], outputs: list[Operand], name: str = ""
    ) -> None:
        self.graph = graph
        self.inputs = inputs
        self.outputs = outputs
        self.name = name
        self.output_names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Function of {len(self.graph.operations)} operations>"


_numbers = itertools.count()


def fresh_name(prefix: str) -> str:
    """A name for a function that no other one has."""
    return f"__{prefix}_{next(_numbers)}"


def inner_functions(op: Operation) -> dict[str, Function]:
    """The attributes of an operation that are functions: branches, a loop's condition and body."""
    return {k: v for k, v in op.attrs.items() if isinstance(v, Function)}


def all_operations(function: Function) -> Iterator[Operation]:
    """The operations of a function and of those inside it, in the order they stand."""
    for op in function.graph.operations:
        yield op
        for inner in inner_functions(op).values():
            yield from all_operations(inner)


def argument(graph: Graph, index: int, dtype: dtypes.DType, shape: Shape) -> Tensor:
    """A new input of a function's graph."""
    with graph.as_default():
        attrs = {"T": dtype.base_dtype, "index": index, "shape": shape}
        result: Tensor = apply("_Arg", name=f"arg{index}", **attrs)
    return result


def trace(definition: Callable[..., Any], kinds: Sequence[Any], attrs: Attrs) -> Function:
    """Records `definition` on arguments of the given (dtype, shape) pairs."""
    graph = Graph()
    inputs = [argument(graph, i, d, s) for i, (d, s) in enumerate(kinds)]
    with graph.as_default():
        got = definition(*inputs, **attrs)
    return Function(graph, inputs, list(got) if isinstance(got, (list, tuple)) else [got])


def inline(function: Function, operands: Sequence[Operand]) -> list[Operand]:
    """Makes a function's operations again in the default graph, on these operands.

    Returns what stands for its outputs.
    """
    graph = get_default_graph()
    known: dict[Operand, Operand] = dict(zip(function.inputs, operands, strict=True))
    made: dict[Operation, Operation] = {}
    later: list[tuple[Operation, int, Tensor]] = []  # what comes round in loops
    for op in function.graph.operations:
        if op.type == "_Arg":
            continue
        given = [x if isinstance(x, Literal) else known.get(x) for x in op.operands]
        first = next((x for x in given if x is not None), None)
        ready: list[Operand] = [x if x is not None else first for x in given]  # type: ignore[misc]
        new = add_operation(graph, op.definition, graph.op_name(op.name), ready, dict(op.attrs))
        for old, out in zip(op.outputs, new.outputs, strict=True):
            out.static_shape = old.static_shape if out.static_shape is None else out.static_shape
        new._control_inputs += [made[c] for c in op._control_inputs if c in made]
        later += [(new, i, op.operands[i]) for i, x in enumerate(given) if x is None]  # type: ignore[misc]
        made[op] = new
        known.update(zip(op.outputs, new.outputs, strict=True))
    for new, index, x in later:
        new.rewire(index, known[x])  # type: ignore[arg-type]
    return [known.get(x, x) for x in function.outputs]


def evaluate(function: Function, arrays: Sequence[Any], xp: Any = np) -> list[Any]:
    """The outputs of a function without state, op by op with the kernels."""
    known: dict[Operand, Any] = dict(zip(function.inputs, arrays, strict=True))

    def value(x: Operand) -> Any:
        return x.value if isinstance(x, Literal) else known[x]

    for op in function.graph.operations:
        if op.type == "_Arg":
            continue
        results = run_kernel(op, [value(x) for x in op.operands], xp)
        known.update(zip(op.outputs, results, strict=True))
    return [value(x) for x in function.outputs]


def run_kernel(op: Operation, arrays: Sequence[Any], xp: Any = np) -> Sequence[Any]:
    """The values of an operation's outputs for these operands."""
    kernel = op.definition.kernel
    if kernel is None:
        raise NotImplementedError(f"Op {op.type} has no kernel.")
    got = kernel(xp, arrays, op.attrs)
    return got if isinstance(got, (tuple, list)) else (got,)


def _flat_kinds(arrays: Sequence[Any]) -> tuple[tuple[dtypes.DType, Shape], ...]:
    return tuple((dtypes.as_dtype(a.dtype), (None,) * np.ndim(a)) for a in arrays)


def _key(attrs: Attrs) -> Any:
    return tuple(sorted((k, repr(v)) for k, v in attrs.items()))


def grouped(definition: OpDef, operands: Sequence[Any], attrs: Attrs) -> list[Any]:
    """Flat operands as a definition takes them: one entry an argument, lists for list arguments."""
    out: list[Any] = []
    at = 0
    for arg in definition.inputs:
        if not arg.is_list:
            out.append(operands[at])
            at += 1
            continue
        n = len(attrs[arg.type_attr or ""]) if arg.is_type_list else attrs[arg.number_attr or ""]
        out.append(list(operands[at : at + n]))
        at += n
    return out


def definition_attrs(definition: OpDef, attrs: Attrs) -> Attrs:
    """The attributes that a definition gets as keywords: those that its inputs do not tell."""
    return {k: v for k, v in attrs.items() if k not in definition.inferred_attrs and k[0] != "_"}


def defined_kernel(definition: OpDef) -> Callable[..., Any]:
    """The kernel of a defined op: its definition evaluated."""
    traces: dict[Any, Function] = {}

    def kernel(xp: Any, inputs: Any, attrs: Attrs) -> Any:
        arrays = [np.asarray(a) if np.isscalar(a) else a for a in inputs]
        kinds = _flat_kinds(arrays)
        key = (kinds, _key(attrs))
        function = traces.get(key)
        if function is None:

            def call(*operands: Any) -> Any:
                args = grouped(definition, operands, attrs)
                return definition.definition(*args, **definition_attrs(definition, attrs))  # type: ignore[misc]

            function = traces[key] = trace(call, kinds, {})
        got = evaluate(function, arrays, xp)
        return got[0] if len(got) == 1 else tuple(got)

    return kernel
