"""FunctionDef: functions of a graph as messages and back.

A function is a graph of its own (`core.function.Function`). Attributes of kind `func` hold it; a
node whose op has a function's name calls it. Messages of functions stay as they came, and become
functions when a node asks for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..core.emit import emit
from ..core.function import Function, inline, trace
from ..core.graph import Graph
from ..core.opdef import ArgDef, OpDef, find
from ..core.tensor import Literal, Operand, Operation, Tensor
from ..errors import InvalidArgumentError, UnimplementedError
from .attr_values import decode, decoded_type
from .graph_def import Names, library_writers, nodes_of
from .graph_import import CONTROL, Source, import_graph

_MAX_NODES = 1_000_000  # that the calls of a function may come to, each call counted
_MAX_DEPTH = 50  # of calls inside calls
_ARG_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


def is_function(definition: OpDef) -> bool:
    """Whether TensorFlow knows an op as a function of the graph's library (`swish_f32`)."""
    return definition.function is not None or definition.name[:1].islower()


class Library:
    """The functions of a graph: messages by name, and those that were made of them."""

    def __init__(self) -> None:
        self.messages: dict[str, Any] = {}
        self.functions: dict[str, Function] = {}
        self.gradients: dict[str, str] = {}
        self._definitions: dict[str, OpDef] = {}
        self._sizes: dict[str, int] = {}
        self._depths: dict[str, int] = {}

    def add_messages(self, library: Any) -> None:
        """Adds the functions of a FunctionDefLibrary; ValueError for two of one name."""
        for proto in library.function:
            name = proto.signature.name
            known = self.messages.get(name)
            if known is not None and known != proto:
                raise ValueError(
                    f"Cannot add function {name!r} because a different function with the same "
                    "name already exists."
                )
            self.messages[name] = proto
        self.gradients.update({g.function_name: g.gradient_func for g in library.gradient})

    def add(self, function: Function) -> None:
        """Adds a function made here; ValueError for another one of this name."""
        if self.functions.setdefault(function.name, function) is not function:
            raise ValueError(
                f"Cannot add function {function.name!r} because a different function with the "
                "same name already exists."
            )

    def __contains__(self, name: str) -> bool:
        return name in self.messages or name in self.functions

    def function(self, reference: Any) -> Function:
        """The function that a NameAttrList names; ValueError if there is none."""
        if reference.attr:
            raise UnimplementedError(
                f"Function {reference.name!r} is given attributes: functions with type parameters "
                "are not supported; write one function a type."
            )
        return self.named(reference.name)

    def named(self, name: str) -> Function:
        """The function of this name, made of its message with all that it calls."""
        for each in self._order(name):
            if each not in self.functions:
                self.functions[each] = _function(self, self.messages[each])
        return self.functions[name]

    def definition(self, name: str) -> OpDef | None:
        """What a node that calls the function of this name is an operation of, or None."""
        if name not in self or find(name) is not None:
            return None
        if name not in self._definitions:
            proto = self.messages.get(name)
            stateful = proto is not None and proto.signature.is_stateful
            self._definitions[name] = definition_of(self.named(name), stateful)
        return self._definitions[name]

    def _order(self, name: str) -> list[str]:
        """The function and all that it calls, the called ones first; ValueError for cycles."""
        order: list[str] = []
        state: dict[str, bool] = {}  # False while its callees are looked at
        stack = [(name, iter((name,)))]
        while stack:
            caller, callees = stack[-1]
            callee = next(callees, None)
            if callee is None:
                stack.pop()
                if stack:
                    state[caller] = True
                    self._weigh(caller)
                    order.append(caller)
            elif callee not in state and callee not in self.functions:
                if callee not in self.messages:
                    raise ValueError(f"Function {callee!r} is not in the graph's library.")
                state[callee] = False
                stack.append((callee, iter(self._callees(callee))))
            elif state.get(callee) is False:
                raise ValueError(f"Function {callee!r} calls itself: recursion is not supported.")
        return order

    def _callees(self, name: str) -> list[str]:
        nodes = self.messages[name].node_def
        return [callee for node in nodes for callee in self._called(node)]

    def _called(self, node: Any) -> Iterator[str]:
        if node.op in self.messages:
            yield node.op
        for value in node.attr.values():
            found = value.WhichOneof("value")
            if found == "func":
                yield value.func.name
            elif found == "list":
                yield from (f.name for f in value.list.func)

    def _weigh(self, name: str) -> None:
        """Counts the nodes that a call comes to: calls of calls may double with every level."""
        callees = self._callees(name)
        size = len(self.messages[name].node_def)
        size += sum(self._sizes.get(callee, 1) for callee in callees)
        depth = 1 + max((self._depths.get(callee, 1) for callee in callees), default=0)
        if depth > _MAX_DEPTH:
            raise InvalidArgumentError(
                f"Function {name!r} calls functions that call others, {depth} deep: {_MAX_DEPTH} "
                "is most."
            )
        self._depths[name] = depth
        if size > _MAX_NODES:
            raise InvalidArgumentError(
                f"Function {name!r} comes to {size} operations: {_MAX_NODES} is most."
            )
        self._sizes[name] = size


def library(graph: Graph) -> Library:
    """The functions of a graph."""
    known: Library = graph.extra.setdefault("library", Library())
    return known


def definition_of(function: Function, stateful: bool = False) -> OpDef:
    """What nodes that call a function are operations of."""
    names = _argument_names(function.inputs)
    ins = _signature(names, function.inputs)
    outs = _signature(_output_names(function, names), function.outputs)
    definition = OpDef(function.name, f"{ins} -> {outs}")
    definition.function = function
    definition.stateful = stateful
    definition.definition = lambda *operands: inline(function, operands)
    definition.shape = lambda shapes, attrs, values: [x.static_shape for x in function.outputs]
    return definition


def _signature(names: list[str], values: Sequence[Operand]) -> str:
    return " ".join(f"{n}:{x.dtype.base_dtype.name}" for n, x in zip(names, values, strict=True))


# -- from messages ---------------------------------------------------------------------------------


def _function(known: Library, proto: Any) -> Function:
    """The function of a FunctionDef; all that it calls is known."""
    from . import messages

    name = proto.signature.name
    graph = Graph()
    graph.building_function = True
    graph.extra["library"] = known
    inputs = _make_arguments(graph, proto)
    arguments = {x.op.name: x for x in inputs}
    places = {node.name: _places(known, node) for node in proto.node_def}
    body = messages.GraphDef()
    for node in proto.node_def:
        copy = body.node.add()
        copy.CopyFrom(node)
        copy.input[:] = [_flat_name(i, arguments, places) for i in node.input]
    given: dict[Source, Tensor | Operation] = {(n, 0): x for n, x in arguments.items()}
    given.update({(n, CONTROL): x.op for n, x in arguments.items()})
    made = import_graph(
        graph,
        body,
        "",
        given,
        definitions=known.definition,
        functions=known.function,
        check_colocation=False,
    ).operations
    outputs: list[Operand] = []
    for arg in proto.signature.output_arg:
        if arg.name not in proto.ret:
            raise ValueError(f"Function {name!r} does not say what its output {arg.name!r} is.")
        node, _, index = _flat_name(proto.ret[arg.name], arguments, places).partition(":")
        outputs.append(_output(name, node, int(index or 0), arguments, made))
    function = Function(graph, inputs, outputs, name)
    function.output_names = tuple(arg.name for arg in proto.signature.output_arg)
    return function


def _make_arguments(graph: Graph, proto: Any) -> list[Tensor]:
    inputs = []
    with graph.as_default():
        for i, arg in enumerate(proto.signature.input_arg):
            if not arg.type or arg.number_attr:
                raise UnimplementedError(
                    f"Argument {arg.name!r} of function {proto.signature.name!r} has a type "
                    "parameter: functions with type parameters are not supported."
                )
            attrs = {"T": decoded_type(arg.type), "index": i, "shape": _argument_shape(proto, i)}
            inputs.append(emit("_Arg", (), attrs, arg.name + "/").outputs[0])
    return inputs


def _argument_shape(proto: Any, index: int) -> Any:
    if index not in proto.arg_attr:
        return None
    said = proto.arg_attr[index].attr
    if "_output_shapes" not in said:
        return None
    shapes: list[Any] = list(decode("list(shape)", said["_output_shapes"]))
    return shapes[0] if len(shapes) == 1 else None


def _places(known: Library, node: Any) -> dict[str, int]:
    """The index of the first tensor of each output argument of a node."""
    definition = known.definition(node.op) or find(node.op)
    places: dict[str, int] = {}
    at = 0
    for arg in definition.outputs if definition is not None else ():
        places[arg.name] = at
        at += _count(arg, node, definition)
    return places


def _count(arg: ArgDef, node: Any, definition: Any) -> int:
    if arg.number_attr is not None:
        if arg.number_attr in node.attr:
            return int(node.attr[arg.number_attr].i)
        return int(definition.defaults.get(arg.number_attr, 0))
    if arg.is_type_list:
        name = arg.type_attr or ""
        if name in node.attr:
            return len(node.attr[name].list.type)
        return len(definition.defaults.get(name, ()))
    return 1


def _flat_name(text: str, arguments: dict[str, Tensor], places: dict[str, dict[str, int]]) -> str:
    """An input inside a function (`node:output:0`) as an input of a graph (`node:3`)."""
    if text.startswith("^"):
        return text
    name, _, rest = text.partition(":")
    if not rest or name in arguments:
        return name
    output, _, index = rest.partition(":")
    first = places.get(name, {}).get(output)
    if first is None or not (index or "0").isdecimal():
        raise ValueError(f"A function's body has an input {text!r} that names no output of a node.")
    return f"{name}:{first + int(index or 0)}"


def _output(
    function: str, node: str, index: int, arguments: dict[str, Tensor], made: dict[str, Operation]
) -> Tensor:
    if node in arguments:
        return arguments[node]
    op = made.get(node)
    if op is None or index >= len(op.outputs):
        raise ValueError(f"Function {function!r} returns {node}:{index}, which is not in its body.")
    return op.outputs[index]


# -- to messages -----------------------------------------------------------------------------------


def library_of(graph: Graph, ops: Iterable[Operation]) -> Any:
    """The FunctionDefLibrary of a graph: what its nodes call, and what was added to it."""
    from . import messages

    known = graph.extra.get("library")
    found: dict[str, Any] = dict(known.messages) if known is not None else {}
    pending = list(known.functions.values()) if known is not None else []
    pending += [f for op in ops for f in called(op)]
    seen: set[str] = set()
    while pending:
        function = pending.pop()
        if function.name in seen:
            continue
        seen.add(function.name)
        if function.name not in found:
            found[function.name] = function_def(function)
        pending += [f for op in function.graph.operations for f in called(op)]
    proto = messages.FunctionDefLibrary()
    proto.function.extend(found.values())
    for name, gradient in (known.gradients if known is not None else {}).items():
        proto.gradient.add(function_name=name, gradient_func=gradient)
    return proto


def called(op: Operation) -> Iterator[Function]:
    """The functions that an operation calls or holds in its attributes."""
    definition = op.definition
    if definition.function is not None:
        yield definition.function
    elif definition.definition is not None and is_function(definition):
        kinds = [(x.dtype, None) for x in op.operands]
        traced = trace(definition.definition, kinds, {})
        traced.name = definition.name
        yield traced
    for value in op.attrs.values():
        for v in value if isinstance(value, tuple) else (value,):
            if isinstance(v, Function):
                yield v


def function_def(function: Function) -> Any:
    """A function as a FunctionDef."""
    from . import messages

    proto = messages.FunctionDef()
    arguments = _argument_names(function.inputs)
    results = _output_names(function, arguments)
    signature = proto.signature
    signature.name = function.name
    for name, x in zip(arguments, function.inputs, strict=True):
        signature.input_arg.add(name=name, type=x.dtype.as_datatype_enum)
    for name, out in zip(results, function.outputs, strict=True):
        signature.output_arg.add(name=name, type=out.dtype.base_dtype.as_datatype_enum)
    body = _live_operations(function)
    signature.is_stateful = any(op.definition.stateful for op in body)
    writer = _BodyWriter(function, arguments)
    for op in body:
        proto.node_def.extend(writer.nodes(op))
    for i, (name, out) in enumerate(zip(results, function.outputs, strict=True)):
        proto.ret[name] = writer.result(i, out, proto)
    return proto


def _live_operations(function: Function) -> list[Operation]:
    """The operations that a call runs: what the outputs need, and what acts.

    A loop's body may hold others, which its gradient was made of.
    """
    seen: set[Operation] = set()
    stack = [x.op for x in function.outputs if isinstance(x, Tensor)]
    acting = [op for op in function.graph.operations if _acts(op)]
    stack += acting
    while stack:
        op = stack.pop()
        if op not in seen:
            seen.add(op)
            stack.extend(x.op for x in op.operands if isinstance(x, Tensor))
            stack.extend(op._control_inputs)
    return [op for op in function.graph.operations if op in seen and op.type != "_Arg"]


def _acts(op: Operation) -> bool:
    return op.definition.effect or bool(op.definition.updates)


class _BodyWriter:
    """Writes a function's operations with inputs as functions name them."""

    def __init__(self, function: Function, arguments: list[str]) -> None:
        self.names = Names(function.graph)
        self.arguments = dict(zip(function.inputs, arguments, strict=True))

    def nodes(self, op: Operation) -> list[Any]:
        """The nodes of an operation."""
        *constants, node = nodes_of(op, self.names)
        inside = {x.op.name for x in self.arguments}
        controls = [f"^{c.name}" for c in op._control_inputs if c.type != "_Arg"]
        node.input[:] = [self._input(op, i, x) for i, x in enumerate(op.operands)] + controls
        for constant in constants:
            constant.input[:] = [c for c in constant.input if c[1:] not in inside]
        return [*constants, node]

    def _input(self, op: Operation, index: int, x: Operand) -> str:
        if isinstance(x, Literal):
            return f"{self.names.literal(op, index)}:output:0"
        return self.tensor(x)

    def tensor(self, x: Tensor) -> str:
        """How a tensor is named inside the function."""
        if x in self.arguments:
            return self.arguments[x]
        at = x.value_index
        for arg in x.op.definition.outputs:
            n = 1
            if arg.number_attr is not None:
                n = x.op.attrs[arg.number_attr]
            elif arg.is_type_list:
                n = len(x.op.attrs[arg.type_attr or ""])
            if at < n:
                return f"{x.op.name}:{arg.name}:{at}"
            at -= n
        raise InvalidArgumentError(f"{x.name} is no output of its operation.")

    def result(self, index: int, x: Operand, proto: Any) -> str:
        """What an output of the function is; one that is given by value gets a node."""
        if isinstance(x, Tensor):
            return self.tensor(x)
        from .attr_values import encode

        node = proto.node_def.add(name=f"output_{index}/value", op="Const")
        node.attr["dtype"].type = x.dtype.as_datatype_enum
        node.attr["value"].CopyFrom(encode("tensor", x.value, x.dtype))
        return f"{node.name}:output:0"


def _argument_names(inputs: list[Tensor]) -> list[str]:
    names: list[str] = []
    for i, x in enumerate(inputs):
        name = x.op.name
        names.append(name if _ARG_NAME.match(name) and name not in names else f"arg_{i}")
    return names


def _output_names(function: Function, taken: list[str]) -> list[str]:
    given = list(function.output_names)
    if len(given) == len(function.outputs):
        return given
    return [
        name if (name := f"output_{i}") not in taken else f"result_{i}"
        for i in range(len(function.outputs))
    ]


library_writers.append(library_of)
