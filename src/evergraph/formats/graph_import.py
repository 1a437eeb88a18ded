"""From GraphDef to operations: nodes in any order, names below a prefix, loops with back edges.

Messages come from anywhere. What they say is checked before it is believed: a node that cannot be
right raises a ValueError that names it, and the graph is left as it was.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.attributes import checked_attr
from ..core.dtypes import DType
from ..core.emit import enter_context, output_dtypes
from ..core.graph import Graph
from ..core.opdef import ArgDef, OpDef, find
from ..core.provenance import user_site
from ..core.scopes import DeviceScope, control_inputs_for, place
from ..core.shape import compatible, merge, show, show_brackets
from ..core.tensor import Operation, Tensor
from ..core.values import OperandValues
from ..errors import NotFoundError, OpError
from .attr_values import decode, is_message
from .graph_def import GRAPH_DEF_VERSION, versions
from .op_defs import is_readable, summary

CONTROL = -1
"""The index that names a node itself: a control input, or an operation asked for."""

Source = tuple[str, int]
InputMap = Mapping[Source, Tensor | Operation]
Definitions = Callable[[str], OpDef | None]

_NODE_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*\Z")
_MAX_OUTPUTS = 1 << 16
_MERGES = ("Merge", "RefMerge")
_NEXT_ITERATIONS = ("NextIteration", "RefNextIteration")


def parse_tensor_name(name: str) -> Source:
    """`node:1` as ("node", 1), `node` as ("node", 0); ValueError for anything else."""
    node, colon, index = name.partition(":")
    if colon and not index.isdecimal():
        raise ValueError(f"Cannot convert {name!r} to a tensor name.")
    return node, int(index) if colon else 0


def _parse_input(name: str) -> Source:
    """An input of a node: `^node` is a control input, and a colon without a number is no index."""
    if name.startswith("^"):
        return name[1:], CONTROL
    node, colon, index = name.rpartition(":")
    if colon and index.isascii() and index.isdecimal() and len(index) < 10:
        return node, int(index)
    return name, 0


@dataclass
class Node:
    """A node that is to be imported: its message, its inputs taken apart, how long it waits."""

    proto: Any
    name: str
    inputs: list[Source] = field(default_factory=list)
    controls: list[str] = field(default_factory=list)
    waiting: int = 0
    readers: list[int] = field(default_factory=list)
    op: Operation | None = None


@dataclass
class Imported:
    """What an import made: operations by their names in the message; the inputs it replaced."""

    operations: dict[str, Operation]
    replaced: set[Source]


def import_graph(
    graph: Graph,
    proto: Any,
    prefix: str = "",
    inputs: InputMap | None = None,
    *,
    definitions: Definitions | None = None,
    functions: Callable[[Any], Any] | None = None,
    check_colocation: bool = True,
) -> Imported:
    """Adds the nodes of a GraphDef to a graph.

    `inputs` replaces what nodes read: the tensors (or, at index `CONTROL`, the operations) that
    stand for tensors of the message. `definitions` knows the ops that are functions, `functions`
    gives those that attributes name. Raises NotFoundError for ops that nobody knows, ValueError
    for everything else that is wrong; then the graph is as it was before.
    """
    _check_versions(proto)
    graph._check_not_finalized()
    state = _Snapshot(graph)
    try:
        work = _Import(graph, proto, prefix, dict(inputs or {}), definitions, functions)
        work.check_colocation = check_colocation
        return work.run()
    except BaseException:
        state.restore()
        raise


def _check_versions(proto: Any) -> None:
    if not proto.HasField("versions"):
        return
    said = proto.versions
    if said.producer < 0:
        raise ValueError(f"GraphDef producer version {said.producer} below min producer 0.")
    if said.min_consumer > GRAPH_DEF_VERSION:
        raise ValueError(
            f"GraphDef min consumer version {said.min_consumer} above current version "
            f"{GRAPH_DEF_VERSION}: a later version of TensorFlow wrote the graph."
        )
    if GRAPH_DEF_VERSION in said.bad_consumers:
        raise ValueError(f"GraphDef disallows consumer version {GRAPH_DEF_VERSION}.")


class _Snapshot:
    """What a graph held, so that a failed import leaves no trace."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.count, self.version = len(graph.operations), graph.version
        self.names = dict(graph._names_in_use)
        self.made = [set(block.made) for block in graph.control_stack]

    def restore(self) -> None:
        """Takes off what was added since."""
        graph = self.graph
        for op in reversed(graph.operations[self.count :]):
            graph._by_name.pop(op.name, None)
            for x in op.operands:
                if isinstance(x, Tensor) and op in x._consumers:
                    x._consumers.remove(op)
        del graph.operations[self.count :]
        graph.version, graph._names_in_use = self.version, self.names
        for block, made in zip(graph.control_stack, self.made, strict=True):
            block.made = made


class _Import:
    check_colocation = True

    def __init__(
        self,
        graph: Graph,
        proto: Any,
        prefix: str,
        inputs: dict[Source, Tensor | Operation],
        definitions: Definitions | None,
        functions: Callable[[Any], Any] | None,
    ) -> None:
        self.graph = graph
        self.proto = proto
        self.prefix = prefix
        self.inputs = inputs
        self.definitions = definitions
        self.functions = functions
        self.lenient = proto.versions.producer > GRAPH_DEF_VERSION
        self.nodes = [_node(p) for p in proto.node]
        self.by_name = {n.name: n for n in self.nodes}
        self.back_edges: list[tuple[Operation, int, Source]] = []
        self.replaced: set[Source] = set()
        self.new_names: dict[str, str] = {}
        self.site = user_site(4)

    def run(self) -> Imported:
        self._check_nodes()
        self._rename()
        self._count()
        made = self._build()
        for op, index, source in self.back_edges:
            self._close(op, index, source)
        for op in made:
            self._settle(op)
        self._note_versions()
        return Imported({n.name: n.op for n in self.nodes if n.op}, self.replaced)

    # -- before anything is made ---------------------------------------------------------------
    def _check_nodes(self) -> None:
        seen: set[str] = set()
        for node in self.nodes:
            if not _NODE_NAME.match(node.name):
                raise ValueError(f"Node {node.name!r}: Node name contains invalid characters")
            if node.name in seen:
                raise ValueError(f"Node {node.name!r} is not unique")
            seen.add(node.name)
            if not node.proto.op:
                raise ValueError(f"Node {node.name!r} does not specify an operation")
        if self.prefix and not _NODE_NAME.match(self.prefix):
            raise ValueError(
                f"Imported node name prefix {self.prefix + '/'!r} would lead to invalid node names"
            )
        self._check_ops()

    def _check_ops(self) -> None:
        unknown: dict[str, list[str]] = {}
        for node in self.nodes:
            if self.definition(node.proto.op) is None:
                unknown.setdefault(node.proto.op, []).append(node.name)
        if unknown:
            name, nodes = next(iter(unknown.items()))
            others = ", ".join(list(unknown)[1:])
            more = f" Neither are: {others}." if others else ""
            raise NotFoundError(
                f"Op type not registered {name!r} in evergraph, needed by node {nodes[0]!r}"
                f"{f' and {len(nodes) - 1} more' if len(nodes) > 1 else ''}.{more}"
            )

    def definition(self, op_type: str) -> OpDef | None:
        """The definition of an op or of a function of the graph."""
        known = self.definitions(op_type) if self.definitions is not None else None
        if known is not None:
            return known
        return find(op_type) if is_readable(op_type) else None

    def _rename(self) -> None:
        """The names that the nodes get: below the prefix, and other than those in the graph."""
        taken = _names_and_scopes(self.graph) if self.graph.operations else set()
        own = _prefixes(n.name for n in self.nodes) | set(self.by_name) if taken else set()
        for node in self.nodes:
            name = f"{self.prefix}/{node.name}" if self.prefix else node.name
            if name in taken:
                base, n = name, 1
                while (name := f"{base}_{n}") in taken or name in own:
                    n += 1
                taken.add(name)
            self.new_names[node.name] = name

    def _count(self) -> None:
        """How many inputs each node waits for; of a loop's merge, one is enough to begin."""
        index = {n.name: i for i, n in enumerate(self.nodes)}
        for i, node in enumerate(self.nodes):
            sources = [*node.inputs, *((c, CONTROL) for c in node.controls)]
            found = [s for s in sources if s not in self.inputs]
            for name, k in found:
                if name not in index:
                    shown = f"^{name}" if k == CONTROL else f"{name}:{k}" if k else name
                    raise ValueError(f"Node {node.name!r}: Unknown input node {shown!r}")
                self.nodes[index[name]].readers.append(i)
            node.waiting = len(found)
            if node.proto.op in _MERGES and self._is_loop(node):
                controls = sum(k == CONTROL for _, k in found)
                mapped = any(s in self.inputs for s in node.inputs)
                node.waiting = controls + (0 if mapped else 1)

    def _is_loop(self, node: Node) -> bool:
        sources = [self.by_name.get(name) for name, _ in node.inputs]
        return any(s is not None and s.proto.op in _NEXT_ITERATIONS for s in sources)

    # -- node by node --------------------------------------------------------------------------
    def _build(self) -> list[Operation]:
        ready = [i for i, n in enumerate(self.nodes) if n.waiting == 0]
        heapq.heapify(ready)
        made: list[Operation] = []
        while ready:
            node = self.nodes[heapq.heappop(ready)]
            node.op = self._operation(node)
            made.append(node.op)
            for reader in node.readers:
                other = self.nodes[reader]
                other.waiting -= 1
                if other.waiting == 0:
                    heapq.heappush(ready, reader)
        if len(made) < len(self.nodes):
            stuck = [n.name for n in self.nodes if n.op is None]
            raise ValueError(
                f"{len(stuck)} nodes in a cycle: {', '.join(stuck[:5])}"
                f"{' ...' if len(stuck) > 5 else ''}"
            )
        return made

    def _operation(self, node: Node) -> Operation:
        definition = self.definition(node.proto.op)
        assert definition is not None
        attrs = Attributes(node, definition, self.functions, self.lenient).read()
        kinds = input_kinds(node, definition, attrs)
        operands = self._operands(node, kinds)
        pending = [i for i, x in enumerate(operands) if x is None]
        if pending and definition.name not in _MERGES:
            raise ValueError(
                f"Node {node.name!r} had a back edge, but only Merge nodes can have back edges."
            )
        known = next((x for x in operands if x is not None), None)
        filled = [known if x is None else x for x in operands]
        if any(x is None for x in filled):
            raise ValueError(f"{node.name!r} is in a loop that nothing enters.")
        op = Operation(self.graph, self.new_names[node.name], definition, filled, attrs)  # type: ignore[arg-type]
        op.site = self.site
        op.device = node.proto.device
        self._infer(node, op, bool(pending))
        self._add(node, op)
        self.back_edges += [(op, i, node.inputs[i]) for i in pending]
        return op

    def _operands(self, node: Node, kinds: list[tuple[DType, bool]]) -> list[Tensor | None]:
        operands: list[Tensor | None] = []
        for i, (source, (dtype, is_ref)) in enumerate(zip(node.inputs, kinds, strict=True)):
            x = self._tensor(node, source)
            if x is not None:
                check_edge(node, i, source, x, dtype, is_ref)
            operands.append(x)
        return operands

    def _tensor(self, node: Node, source: Source) -> Tensor | None:
        """The tensor of an input; None while its operation is not there."""
        mapped = self.inputs.get(source)
        if mapped is not None:
            self.replaced.add(source)
            if not isinstance(mapped, Tensor):
                raise ValueError(f"The input {source[0]!r} cannot stand for a control input.")
            return mapped
        op = self.by_name[source[0]].op
        if op is None:
            return None
        if source[1] >= len(op.outputs):
            raise ValueError(
                f"Node {node.name!r}: Connecting to invalid output {source[1]} of source node "
                f"{source[0]} which has {len(op.outputs)} outputs."
            )
        return op.outputs[source[1]]

    def _infer(self, node: Node, op: Operation, is_loop: bool) -> None:
        _check_output_count(node, op)
        kinds = output_dtypes(op.definition, op.attrs)
        shapes: list[Any] = [None] * len(kinds)
        rule = op.definition.shape
        if rule is not None and not is_loop:
            try:
                shapes = list(
                    rule(
                        [x.static_shape for x in op.operands], op.attrs, OperandValues(op.operands)
                    )
                )
            except OpError:
                raise
            except Exception as error:  # a message may say anything: rules meet what emit refuses
                raise ValueError(_shape_error(op, error)) from error
        if len(shapes) != len(kinds):
            raise ValueError(f"Node {node.name!r} has {len(kinds)} outputs, not {len(shapes)}.")
        pairs = zip(kinds, shapes, strict=True)
        op.outputs = [Tensor(op, i, d, s) for i, (d, s) in enumerate(pairs)]
        if "_output_shapes" in node.proto.attr:
            _apply_output_shapes(node, op)

    def _add(self, node: Node, op: Operation) -> None:
        graph = self.graph
        op._control_inputs = list(dict.fromkeys(self._control(node, c) for c in node.controls))
        for x in op.operands:
            if isinstance(x, Tensor):
                x._consumers.append(op)
        graph.append(op)
        key = op.name.lower()
        graph._names_in_use.setdefault(key, 1)

    def _control(self, node: Node, name: str) -> Operation:
        mapped = self.inputs.get((name, CONTROL))
        if mapped is not None:
            self.replaced.add((name, CONTROL))
            return mapped.op if isinstance(mapped, Tensor) else mapped
        op = self.by_name[name].op
        if op is None:
            raise ValueError(f"Node {node.name!r} waits for {name!r}, which waits for it.")
        return op

    def _close(self, op: Operation, index: int, source: Source) -> None:
        """Gives a loop's merge the value that comes round."""
        node = Node(None, op.name)
        x = self._tensor(node, source)
        assert x is not None
        check_edge(node, index, source, x, op.attrs["T"], op.type == "RefMerge")
        op.rewire(index, x)

    # -- what the surroundings say -------------------------------------------------------------
    def _settle(self, op: Operation) -> None:
        graph = self.graph
        said = op.device
        groups = self._colocation(op)
        op.device = ""
        if not groups:
            place(op, [*graph.device_stack, *([DeviceScope(said)] if said else [])])
        op.colocation = tuple(groups)
        if graph.control_stack:
            sources = {x.op for x in op.operands if isinstance(x, Tensor)}
            outer = control_inputs_for(graph.control_stack, sources)
            op._control_inputs += [c for c in outer if c not in op._control_inputs]
            for block in graph.control_stack:
                block.made.add(op)
        if graph.has_contexts:
            enter_context(graph, op)

    def _colocation(self, op: Operation) -> list[str]:
        raw = op.attrs.pop("_class", None)
        override = op.attrs.pop("_gradient_op_type", None)
        if override is not None:
            op.gradient_type = override.s.decode(errors="replace")
        found = []
        for group in raw.list.s if raw is not None else ():
            name = group.decode(errors="replace").removeprefix("loc:@")
            if name not in self.new_names and self.check_colocation:
                raise ValueError(
                    f"Node {op.name!r} expects to be colocated with unknown node {name!r}"
                )
            found.append(self.new_names.get(name, name))
        return [name for name in dict.fromkeys(found) if name != op.name]

    def _note_versions(self) -> None:
        own, said = versions(self.graph), self.proto.versions
        if self.proto.HasField("versions"):
            own.producer = min(own.producer, said.producer)
            own.min_consumer = max(own.min_consumer, said.min_consumer)


def _node(proto: Any) -> Node:
    node = Node(proto, proto.name)
    for text in proto.input:
        name, index = _parse_input(text)
        if index == CONTROL:
            node.controls.append(name)
        elif node.controls:
            raise ValueError(
                f"Node {node.name!r}: Control dependencies must come after regular dependencies"
            )
        else:
            node.inputs.append((name, index))
    return node


def _prefixes(names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for name in names:
        scope = name.rpartition("/")[0]
        while scope and scope not in found:
            found.add(scope)
            scope = scope.rpartition("/")[0]
    return found


def _names_and_scopes(graph: Graph) -> set[str]:
    return _prefixes(graph._by_name) | set(graph._by_name)


class Attributes:
    """Reads the attributes of a node as its op declares them."""

    def __init__(self, node: Node, definition: OpDef, functions: Any, lenient: bool) -> None:
        self.node = node
        self.definition = definition
        self.functions = functions
        self.lenient = lenient

    def read(self) -> dict[str, Any]:
        """Values by name, defaults for those that the node leaves out."""
        given = self.node.proto.attr
        attrs: dict[str, Any] = {}
        for name, spec in self.definition.attrs.items():
            if name in given:
                attrs[name] = self._one(name, given[name])
            elif spec.has_default:
                attrs[name] = spec.default
            else:
                raise ValueError(
                    f"NodeDef missing attr {name!r} from {summary(self.definition)}; "
                    f"NodeDef: {self._shown()}"
                )
        for name in given:
            if name not in self.definition.attrs and self._is_kept(name, given[name]):
                attrs[name] = given[name]
        if self.definition.name == "Const":
            self._check_value(given["value"].tensor.dtype, given["dtype"].type)
        return attrs

    def _check_value(self, has: int, says: int) -> None:
        if has != says:
            raise ValueError(
                f"Constant {self.node.name!r} says that it is of dtype number {says}, but holds a "
                f"tensor of {has}."
            )

    def _one(self, name: str, proto: Any) -> Any:
        spec = self.definition.attrs[name]
        try:
            value = decode(spec.type, proto, self.functions)
            return checked_attr(self.definition, spec, value)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{error}\n\t for attr {name!r}\n\t; NodeDef: {self._shown()}; "
                f"{summary(self.definition)}"
            ) from None

    def _is_kept(self, name: str, proto: Any) -> bool:
        """Whether the node keeps an attribute that its op does not declare."""
        if name.startswith("_"):
            return name != "_output_shapes"
        if self.lenient and _says_nothing(self.definition.name, name, proto):
            return False
        raise ValueError(
            f"NodeDef mentions attr {name!r} not in {summary(self.definition)}; NodeDef: "
            f"{self._shown()}. (The graph may come from a later version of TensorFlow.)"
        )

    def _shown(self) -> str:
        proto = self.node.proto
        return f"{{{{node {proto.name}}}}} = {proto.op}({', '.join(proto.input[:8])})"


_LATER = {  # attributes that later versions added: hints, and what 1.15 does anyway
    ("MatMul", "grad_a"): None,
    ("MatMul", "grad_b"): None,
    ("BatchMatMulV2", "grad_x"): None,
    ("BatchMatMulV2", "grad_y"): None,
    ("ConcatOffset", "shape_type"): 3,
    ("FusedBatchNorm", "exponential_avg_factor"): 1.0,
    ("FusedBatchNormV2", "exponential_avg_factor"): 1.0,
    ("FusedBatchNormV3", "exponential_avg_factor"): 1.0,
    ("VarHandleOp", "debug_name"): None,
}


def _says_nothing(op_type: str, name: str, proto: Any) -> bool:
    """Whether an attribute of a later version is a hint, or at what 1.15 does without it."""
    if (op_type, name) in _LATER:
        expected, found = _LATER[op_type, name], proto.WhichOneof("value")
        return expected is None or (found is not None and getattr(proto, found) == expected)
    return _is_empty(proto)


def _is_empty(proto: Any) -> bool:
    found = proto.WhichOneof("value")
    value: Any = getattr(proto, found) if found else None
    return value.ByteSize() == 0 if is_message(value, "ListValue") else not value


def input_kinds(node: Node, definition: OpDef, attrs: dict[str, Any]) -> list[tuple[DType, bool]]:
    """The dtype of each input, and whether it is a reference; ValueError for a wrong number."""
    count = sum(_length(arg, attrs) for arg in definition.inputs)
    kinds: list[tuple[DType, bool]] = []
    if count == len(node.inputs):
        for arg in definition.inputs:
            kinds += [(d, arg.is_ref) for d in _dtypes_of(arg, attrs)]
        return kinds
    shown = ", ".join(
        d.name for arg in definition.inputs if count < 32 for d in _dtypes_of(arg, attrs)
    )
    raise ValueError(
        f"NodeDef expected inputs {shown!r} do not match {len(node.inputs)} inputs specified; "
        f"{summary(definition)}; NodeDef: {node.name!r}"
    )


def _length(arg: ArgDef, attrs: dict[str, Any]) -> int:
    if arg.is_type_list:
        return len(attrs[arg.type_attr or ""])
    if arg.number_attr is None:
        return 1
    count = int(attrs[arg.number_attr])
    if count < 0:
        raise ValueError(f"The attribute {arg.number_attr!r} counts tensors: {count} is negative.")
    return count


def _dtypes_of(arg: ArgDef, attrs: dict[str, Any]) -> list[DType]:
    if arg.is_type_list:
        return list(attrs[arg.type_attr or ""])
    dtype = arg.dtype or attrs[arg.type_attr or ""]
    return [dtype] * _length(arg, attrs)


def _check_output_count(node: Node, op: Operation) -> None:
    count = sum(_length(arg, op.attrs) for arg in op.definition.outputs)
    if count > _MAX_OUTPUTS:
        raise ValueError(f"Node {node.name!r} would have {count} outputs: {_MAX_OUTPUTS} is most.")


def check_edge(
    node: Node, index: int, source: Source, x: Tensor, dtype: DType, is_ref: bool
) -> None:
    """Raises ValueError where an input is not of the dtype that the node's op takes there."""
    if x.dtype.base_dtype is dtype.base_dtype and (not is_ref or x.dtype._is_ref_dtype):
        return
    wanted = dtype._as_ref if is_ref else dtype
    raise ValueError(
        f"Input {index} of node {node.name} was passed {x.dtype.name} from {source[0]}:{source[1]} "
        f"incompatible with expected {wanted.name}."
    )


def _shape_error(op: Operation, error: Exception) -> str:
    shapes = ", ".join(show_brackets(x.static_shape) for x in op.operands)
    text = str(error).rstrip(".") or type(error).__name__
    return f"{text} for {op.name!r} (op: {op.type!r}) with input shapes: {shapes}."


def _apply_output_shapes(node: Node, op: Operation) -> None:
    shapes = decode("list(shape)", node.proto.attr["_output_shapes"])
    if len(shapes) < len(op.outputs):
        raise ValueError(
            f"Node {node.name!r} has {len(op.outputs)} outputs but the _output_shapes attribute "
            f"specifies shapes for {len(shapes)} outputs"
        )
    for i, (x, shape) in enumerate(zip(op.outputs, shapes, strict=False)):
        if not compatible(x.static_shape, shape):
            raise ValueError(
                f"Node {node.name!r} has an _output_shapes attribute inconsistent with the "
                f"GraphDef for output #{i}: {show(x.static_shape)} and {show(shape)}"
            )
        x.static_shape = merge(x.static_shape, shape)
