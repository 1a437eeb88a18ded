"""GraphDef: graphs as messages, in the form that TensorFlow reads.

What only the engine knows is written in TensorFlow's terms: an operand that a gradient gives by
value becomes a `Const` node beside its reader, ops that TensorFlow calls functions (`swish`)
become calls of a function in the graph's library, and a variable's initialised value a branch.
Other ops of the engine, which some gradients are made of, keep their names: such graphs are read
back here alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..core.graph import Graph
from ..core.opdef import AttrDef
from ..core.tensor import Literal, Operand, Operation, Tensor
from .attr_values import encode, is_message, kind_of, python_value
from .engine_ops import EXPANSIONS

GRAPH_DEF_VERSION = 134


LibraryOf = Callable[[Graph, Iterable[Operation]], Any]
# How a graph's functions are written: by `function_def`, which builds on this module.
library_writers: list[LibraryOf] = []


def versions(graph: Graph) -> Any:
    """The VersionDef of a graph: which version of TensorFlow's graphs it holds."""
    from . import messages

    known = graph.extra.get("versions")
    if known is None:
        known = graph.extra["versions"] = messages.VersionDef(producer=GRAPH_DEF_VERSION)
    return known


def graph_def(graph: Graph, from_version: int | None = None, add_shapes: bool = False) -> Any:
    """A graph as a GraphDef: its operations in the order they were made, and its functions.

    With `from_version`, only the operations that were made since the graph had this version; with
    `add_shapes`, what is known of shapes as the attribute `_output_shapes`. Raises ValueError for
    graphs of 2 GiB or more.
    """
    from . import messages

    proto = messages.GraphDef(versions=versions(graph))
    names = Names(graph)
    since = [op for op in graph.operations if not from_version or op._id >= from_version]
    total = 0
    for op in since:
        for node in nodes_of(op, names, add_shapes):
            total += node.ByteSize()
            if total >= 1 << 31:
                raise ValueError("GraphDef cannot be larger than 2GB.")
            proto.node.append(node)
    library = library_writers[0](graph, since)
    if library.function:
        proto.library.CopyFrom(library)
    return proto


class Names:
    """The names that nodes of a graph have in its message: also of those that only it has."""

    def __init__(self, graph: Graph) -> None:
        self._taken = set(graph._by_name)
        self._made: dict[tuple[Operation, str], str] = {}
        # A constant beside its reader belongs into the reader's frame, if there are any.
        self.has_frames = any(op.type in ("Enter", "RefEnter") for op in graph.operations)

    def literal(self, op: Operation, index: int) -> str:
        """The name of the node for an operand that is given by value."""
        return self.beside(op, _argument_name(op, index))

    def beside(self, op: Operation, part: str) -> str:
        """The name of a node that only the message has, below an operation's name."""
        key = (op, part)
        if key not in self._made:
            base = f"{op.name}/{part}"
            name, n = base, 0
            while name in self._taken:
                n += 1
                name = f"{base}_{n}"
            self._taken.add(name)
            self._made[key] = name
        return self._made[key]


def _argument_name(op: Operation, index: int) -> str:
    args = op.definition.inputs
    if index < len(args) and not any(a.is_list for a in args[: index + 1]):
        return args[index].name
    return f"input_{index}"


def nodes_of(op: Operation, names: Names, add_shapes: bool = False) -> list[Any]:
    """The nodes that stand for an operation in a message, its own last."""
    nodes = [
        _literal_node(op, i, x, names) for i, x in enumerate(op.operands) if isinstance(x, Literal)
    ]
    expand = EXPANSIONS.get(op.type)
    if expand is not None:
        inputs = [input_name(op, i, x, names) for i, x in enumerate(op.operands)]
        *more, node = expand(op, inputs, names)
        node.input.extend(f"^{c.name}" for c in op._control_inputs)
        return [*nodes, *more, node]
    node = node_def(op, names)
    if add_shapes and op.outputs:
        shapes = [o.static_shape for o in op.outputs]
        node.attr["_output_shapes"].CopyFrom(encode("list(shape)", shapes))
    return [*nodes, node]


def _literal_node(op: Operation, index: int, literal: Literal, names: Names) -> Any:
    from . import messages

    node = messages.NodeDef(name=names.literal(op, index), op="Const", device=op.device)
    node.attr["dtype"].type = literal.dtype.as_datatype_enum
    node.attr["value"].CopyFrom(encode("tensor", literal.value, literal.dtype))
    if names.has_frames:
        beside = dict.fromkeys(x.op.name for x in op.operands if isinstance(x, Tensor))
        node.input.extend(f"^{name}" for name in beside)
    return node


def input_name(op: Operation, index: int, x: Operand, names: Names) -> str:
    """How a node's message names one of its inputs: `node`, `node:1`."""
    if isinstance(x, Literal):
        return names.literal(op, index)
    return x.op.name if x.value_index == 0 else f"{x.op.name}:{x.value_index}"


def node_def(op: Operation, names: Names | None = None) -> Any:
    """An operation as a NodeDef."""
    from . import messages

    names = names or Names(op.graph)
    node = messages.NodeDef(name=op.name, op=op.type, device=op.device)
    node.input.extend(input_name(op, i, x, names) for i, x in enumerate(op.operands))
    node.input.extend(f"^{c.name}" for c in op._control_inputs)
    for name in op.attrs:
        node.attr[name].CopyFrom(attr_value(op, name))
    if op.colocation:
        node.attr["_class"].CopyFrom(encode("list(string)", [f"loc:@{c}" for c in op.colocation]))
    if op.gradient_type:
        node.attr["_gradient_op_type"].s = op.gradient_type.encode()
    return node


def attr_value(op: Operation, name: str) -> Any:
    """An attribute of an operation as an AttrValue."""
    value = op.attrs[name]
    spec = op.definition.attrs.get(name)
    if spec is None:
        return encode("" if is_message(value, "AttrValue") else kind_of(value), value)
    return encode(spec.type, value, op.attrs.get("dtype") if spec.type == "tensor" else None)


_PLAIN = ("type", "int", "float", "bool", "string")


def get_attr(self: Operation, name: str) -> Any:
    """The value of an attribute, as `tf.Operation.get_attr` gives it.

    DTypes, numbers, bytes, lists of these, and messages for shapes, tensors and functions.
    ValueError if the operation has none of this name.
    """
    if name == "_class" and self.colocation:
        return [b"loc:@" + c.encode() for c in self.colocation]
    if name == "_gradient_op_type" and self.gradient_type:
        return self.gradient_type.encode()
    if name not in self.attrs:
        raise ValueError(f"Operation {self.name!r} has no attr named {name!r}.")
    spec: AttrDef | None = self.definition.attrs.get(name)
    value = self.attrs[name]
    if spec is not None and spec.type.removeprefix("list(").removesuffix(")") in _PLAIN:
        if isinstance(value, tuple):
            return [_plain(v) for v in value]
        return _plain(value)
    return python_value(attr_value(self, name))


def _plain(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def set_attr(op: Operation, name: str, value: Any) -> None:
    """Gives an operation an attribute: an AttrValue, or a value of the form that ops have."""
    from .attr_values import decode

    if name == "_class" and is_message(value, "AttrValue"):
        groups = [g.decode() for g in value.list.s]
        op.colocation = tuple(g.removeprefix("loc:@") for g in groups if g.startswith("loc:@"))
    elif is_message(value, "AttrValue") and name in op.definition.attrs:
        op.attrs[name] = decode(op.definition.attrs[name].type, value)
    else:
        op.attrs[name] = value
    op.graph.changed()
