"""Operations made of NodeDefs: `Graph.create_op`, `tf.Operation(node_def, graph, inputs)`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.emit import add_operation
from ..core.graph import Graph
from ..core.opdef import OpDef, find
from ..core.tensor import Operation, Tensor
from ..errors import NotFoundError
from .attr_values import is_message
from .function_def import library
from .graph_import import Attributes, Node, check_edge, input_kinds

_PENDING = "pending_nodes"


def _definition(graph: Graph, op_type: str) -> OpDef:
    found = library(graph).definition(op_type) or find(op_type)
    if found is None:
        raise NotFoundError(f"Op type not registered {op_type!r} in evergraph.")
    return found


def _flat(graph: Graph, inputs: Iterable[Any]) -> list[Tensor]:
    flat: list[Tensor] = []
    for i, x in enumerate(inputs):
        if isinstance(x, (list, tuple)):
            flat += _flat(graph, x)
        elif not isinstance(x, Tensor):
            raise TypeError(f"Input #{i} is not a tensor: {x}")
        elif x.graph is not graph:
            raise ValueError(f"{x} must be from the same graph as the operation that reads it.")
        else:
            flat.append(x)
    return flat


def _with_inferred(definition: OpDef, node_def: Any, inputs: Sequence[Any]) -> Any:
    """The NodeDef with the attributes that follow from the inputs, given one an argument."""
    proto = type(node_def).FromString(node_def.SerializeToString())
    for arg, x in zip(definition.inputs, inputs, strict=False):
        kinds = [
            t.dtype.base_dtype.as_datatype_enum
            for t in (x if isinstance(x, (list, tuple)) else [x])
        ]
        if arg.is_type_list and arg.type_attr not in proto.attr:
            proto.attr[arg.type_attr].list.type.extend(kinds)
        elif arg.type_attr and kinds and not arg.is_type_list and arg.type_attr not in proto.attr:
            proto.attr[arg.type_attr].type = kinds[0]
        if arg.number_attr and arg.number_attr not in proto.attr:
            proto.attr[arg.number_attr].i = len(kinds)
    return proto


def operation(
    graph: Graph, node_def: Any, inputs: Sequence[Any], control_inputs: Sequence[Any] = ()
) -> Operation:
    """Adds the operation of a NodeDef, with these inputs in the place of those that it names.

    Raises NotFoundError for unknown ops, TypeError for inputs that are no tensors, ValueError for
    what does not fit the op.
    """
    if not is_message(node_def, "NodeDef"):
        raise TypeError(f"node_def needs to be a NodeDef: {node_def}")
    name = graph.op_name(node_def.name + "/" if node_def.name else "")
    definition = _definition(graph, node_def.op)
    operands = _flat(graph, inputs)
    node = Node(node_def, name, [(x.op.name, x.value_index) for x in operands])
    proto = _with_inferred(definition, node_def, inputs)
    node.proto = proto
    attrs = Attributes(node, definition, library(graph).function, False).read()
    for i, (x, (dtype, is_ref)) in enumerate(
        zip(operands, input_kinds(node, definition, attrs), strict=True)
    ):
        check_edge(node, i, node.inputs[i], x, dtype, is_ref)
    attrs.pop("_class", None)
    op = add_operation(graph, definition, name, operands, attrs)
    if node_def.device:
        op._set_device(node_def.device)
    op._add_control_inputs([graph._control_op(c) for c in control_inputs])
    graph._names_in_use.setdefault(name.lower(), 1)
    return op


def create_op(
    self: Graph,
    op_type: str,
    inputs: Sequence[Any],
    dtypes: Any = None,
    input_types: Any = None,
    name: str | None = None,
    attrs: dict[str, Any] | None = None,
    op_def: Any = None,
    compute_shapes: bool = True,
    compute_device: bool = True,
) -> Operation:
    """Adds an operation by its op's name; `attrs` are AttrValues by name.

    The dtypes of inputs and outputs follow from the op. Raises what `operation` does, and
    RuntimeError when the graph is finalized.
    """
    from . import messages

    self._check_not_finalized()
    for i, x in enumerate(inputs):
        if not isinstance(x, Tensor):
            raise TypeError(f"Input #{i} is not a tensor: {x}")
    node = messages.NodeDef(op=op_type, name=self.op_name(name or op_type))
    for key, value in (attrs or {}).items():
        node.attr[key].CopyFrom(value)
    return operation(self, node, inputs)


def initialize(
    self: Operation,
    node_def: Any,
    g: Any,
    inputs: Sequence[Any] | None = None,
    output_types: Any = None,
    control_inputs: Sequence[Any] | None = None,
    input_types: Any = None,
    original_op: Any = None,
    op_def: Any = None,
) -> None:
    """Makes `self` the operation of a NodeDef, in graph `g`."""
    if not isinstance(g, Graph):
        raise TypeError(f"g needs to be a Graph: {g}")
    made = operation(g, node_def, inputs or (), control_inputs or ())
    for slot in Operation.__slots__:
        if slot != "__weakref__":
            setattr(self, slot, getattr(made, slot))
    self._original_op = original_op
    g.operations[made._id] = g._by_name[made.name] = self
    for out in self.outputs:
        out.op = self
    for x in {x for x in self.operands if isinstance(x, Tensor)}:
        x._consumers[:] = [self if c is made else c for c in x._consumers]
    for block in g.control_stack:
        block.made.add(self)


@dataclass
class PendingNode:
    """A node that is known to a graph before it is one of its operations."""

    graph: Graph
    node_def: Any
    inputs: Sequence[Any]
    control_inputs: Sequence[Any]
    op: Operation | None = None


def pending_node(
    graph: Graph, node_def: Any, inputs: Sequence[Any], control_inputs: Sequence[Any]
) -> PendingNode:
    """Notes a node that `_add_new_tf_operations` makes an operation."""
    node = PendingNode(graph, node_def, inputs, control_inputs)
    graph.extra.setdefault(_PENDING, []).append(node)
    return node


def operation_of_pending(
    self: Graph, pending: PendingNode, compute_device: bool = True
) -> Operation:
    """The operation of a node that was noted."""
    if pending.op is None:
        pending.op = operation(self, pending.node_def, pending.inputs, pending.control_inputs)
    return pending.op


def operations_of_pending(self: Graph, compute_devices: bool = True) -> list[Operation]:
    """The operations of all nodes that were noted and are none yet."""
    waiting = [n for n in self.extra.pop(_PENDING, ()) if n.op is None]
    return [operation_of_pending(self, n) for n in waiting]
