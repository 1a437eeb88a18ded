"""`tf.graph_util`: what is done with a GraphDef without building it."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from typing import Any

import numpy as np

from ..core import dtypes
from ..core.dtypes import as_dtype
from ..core.tensor import Operation
from ..formats.attr_values import is_message
from ..formats.tensors import tensor_proto
from . import logging
from .importer import import_graph_def

__all__ = [
    "convert_variables_to_constants",
    "extract_sub_graph",
    "import_graph_def",
    "must_run_on_cpu",
    "remove_training_nodes",
    "tensor_shape_from_node_def_name",
]

_VARIABLES = ("Variable", "VariableV2", "VarHandleOp")
_ON_VARIABLES = (
    "Assign",
    "AssignAdd",
    "AssignSub",
    "Queue",
    "ScatterAdd",
    "ScatterSub",
    "ScatterUpdate",
    "TruncatedNormal",
    "Variable",
    "VariableV2",
)
_PASSES_HANDLES = ("Switch", "Enter", "Exit", "Identity")


def must_run_on_cpu(node: Any, pin_variables_on_cpu: bool = False) -> bool:
    """Whether a node (a NodeDef or an Operation) has no use for another device than the CPU.

    So are constants of text and int32 and a few ops on int32; with `pin_variables_on_cpu`,
    variables and what changes them.
    """
    node = node.node_def if isinstance(node, Operation) else node
    if not is_message(node, "NodeDef"):
        raise AssertionError(f"Expected a NodeDef or an Operation, got {node!r}.")
    if pin_variables_on_cpu and node.op in _ON_VARIABLES:
        return True
    attr, kinds = {
        "Const": ("dtype", (dtypes.string, dtypes.int32)),
        "DynamicStitch": ("T", (dtypes.int32,)),
        "ParallelDynamicStitch": ("T", (dtypes.int32,)),
        "Cast": ("SrcT", (dtypes.int32,)),
    }.get(node.op, ("", ()))
    return bool(attr) and node.attr[attr].type in [k.as_datatype_enum for k in kinds]


def _node_of(name: str) -> str:
    """The node that an input names."""
    return name[1:] if name.startswith("^") else name.partition(":")[0]


def _needs(node: Any) -> Iterator[str]:
    """The nodes that a node needs beside it: its inputs, and what it is placed with."""
    yield from map(_node_of, node.input)
    if "_class" in node.attr:
        for group in node.attr["_class"].list.s:
            if group.startswith(b"loc:@"):
                yield group[5:].decode()


def _reachable(nodes: dict[str, Any], targets: Iterable[str]) -> set[str]:
    kept: set[str] = set()
    pending = list(targets)
    while pending:
        name = pending.pop()
        if name not in kept:
            kept.add(name)
            pending += _needs(nodes[name]) if name in nodes else ()
    return kept


def extract_sub_graph(graph_def: Any, dest_nodes: Any) -> Any:
    """The part of a GraphDef that the nodes `dest_nodes` (their names) need.

    Raises TypeError for arguments of another kind, AssertionError for names that are not there.
    """
    from ..formats import messages

    if not is_message(graph_def, "GraphDef"):
        raise TypeError("graph_def must be a graph_pb2.GraphDef proto.")
    if isinstance(dest_nodes, str):
        raise TypeError("dest_nodes must be a list.")
    nodes = {node.name: node for node in graph_def.node}
    for name in dest_nodes:
        if name not in nodes:
            raise AssertionError(f"{name} is not in graph")
    kept = _reachable(nodes, dest_nodes)
    out = messages.GraphDef(library=graph_def.library, versions=graph_def.versions)
    out.node.extend(node for node in graph_def.node if node.name in kept)
    return out


def tensor_shape_from_node_def_name(graph: Any, input_name: str) -> Any:
    """The static shape of the tensor that a node's input names."""
    name = input_name if ":" in input_name else f"{input_name}:0"
    return graph.get_tensor_by_name(name).get_shape()


def convert_variables_to_constants(
    sess: Any,
    input_graph_def: Any,
    output_node_names: Any,
    variable_names_whitelist: Any = None,
    variable_names_blacklist: Any = None,
) -> Any:
    """A GraphDef of what `output_node_names` need, its variables constants of their values.

    `sess` holds the values. The white list names the variables to convert (all by default), the
    black list those to leave. Raises ValueError for reads of handles that no variable gives,
    `tf.errors.FailedPreconditionError` for variables without a value.
    """
    from ..formats import messages

    graph = extract_sub_graph(input_graph_def, output_node_names)
    nodes = {node.name: node for node in graph.node}
    handles = _handle_dtypes(nodes)
    chosen = [
        node
        for node in graph.node
        if node.op in _VARIABLES
        and _chosen(node.name, variable_names_whitelist, variable_names_blacklist)
    ]
    values = dict(zip([n.name for n in chosen], _values(sess, chosen), strict=True))
    logging.info("Froze %d variables.", len(values))
    out = messages.GraphDef(library=graph.library)
    for node in graph.node:
        out.node.extend(_frozen(node, values, handles))
    logging.info("Converted %d variables to const ops.", len(values))
    return out


def _chosen(name: str, white: Container[str] | None, black: Container[str] | None) -> bool:
    return (white is None or name in white) and (black is None or name not in black)


def _values(sess: Any, variables: list[Any]) -> list[Any]:
    names = [
        f"{v.name}/Read/ReadVariableOp:0" if v.op == "VarHandleOp" else f"{v.name}:0"
        for v in variables
    ]
    return sess.run(names) if names else []


def _handle_dtypes(nodes: dict[str, Any]) -> dict[str, Any]:
    """The nodes that pass a variable's handle on, with the dtype that its readers see."""
    found: dict[str, Any] = {}
    for node in nodes.values():
        if node.op not in ("ReadVariableOp", "ResourceGather"):
            continue
        source = nodes[_node_of(node.input[0])]
        while source.op in _PASSES_HANDLES:
            found[source.name] = node.attr["dtype"]
            source = nodes[_node_of(source.input[0])]
        if source.op != "VarHandleOp":
            raise ValueError("Cannot find the variable that is an input to the ReadVariableOp.")
    return found


def _frozen(node: Any, values: dict[str, Any], handles: dict[str, Any]) -> list[Any]:
    """What stands for a node in the frozen graph."""
    from ..formats import messages

    if node.name in values:
        return [_const(node.name, node.attr["dtype"].type, values[node.name])]
    new = messages.NodeDef()
    if node.name in handles:
        new.CopyFrom(node)
        new.attr["T"].CopyFrom(handles[node.name])
    elif node.op == "ReadVariableOp":
        new.name, new.op = node.name, "Identity"
        new.input.append(node.input[0])
        _copy_attrs(node, new, {"T": "dtype", "_class": "_class"})
    elif node.op == "ResourceGather":
        return _gather(node, new)
    else:
        new.CopyFrom(node)
    return [new]


def _gather(node: Any, new: Any) -> list[Any]:
    if node.attr["batch_dims"].i != 0:
        raise ValueError("batch_dims != 0 is not supported by freeze_graph.")
    axis = _const(f"{node.name}/axis", node.attr["Tindices"].type, 0)
    new.name, new.op = node.name, "GatherV2"
    new.input.extend([*node.input[:2], axis.name])
    names = {"Tparams": "dtype", "Tindices": "Tindices", "Taxis": "Tindices", "_class": "_class"}
    _copy_attrs(node, new, names)
    return [axis, new]


def _copy_attrs(node: Any, new: Any, names: dict[str, str]) -> None:
    for name, source in names.items():
        if source in node.attr:
            new.attr[name].CopyFrom(node.attr[source])


def _const(name: str, dtype: int, value: Any) -> Any:
    from ..formats import messages

    kind = as_dtype(dtype)
    node = messages.NodeDef(name=name, op="Const")
    node.attr["dtype"].type = dtype
    array = np.asarray(value, dtype=kind.np_dtype)
    node.attr["value"].tensor.CopyFrom(tensor_proto(array, kind))
    return node


def remove_training_nodes(input_graph: Any, protected_nodes: Any = None) -> Any:
    """A GraphDef without CheckNumerics, and without the Identity nodes that order nothing.

    Nodes named in `protected_nodes` stay.
    """
    from ..formats import messages

    protected = protected_nodes or ()
    dropped = {
        n.name for n in input_graph.node if n.op == "CheckNumerics" and n.name not in protected
    }
    kept = []
    for node in input_graph.node:
        if node.name not in dropped:
            copy = messages.NodeDef.FromString(node.SerializeToString())
            copy.input[:] = [x for x in node.input if x.lstrip("^") not in dropped]
            kept.append(copy)
    spliced = _spliced(kept, protected)
    out = messages.GraphDef()
    for node in kept:
        if node.name not in spliced:
            node.input[:] = [_through(x, spliced) for x in node.input]
            out.node.append(node)
    return out


def _spliced(nodes: list[Any], protected: Container[str]) -> dict[str, str]:
    """The identities that no control input leaves or enters, with what they pass on."""
    waited = {x[1:] for node in nodes for x in node.input if x.startswith("^")}
    waiting = {node.name for node in nodes if any(x.startswith("^") for x in node.input)}
    return {
        node.name: node.input[0]
        for node in nodes
        if node.op == "Identity" and node.input and node.name not in protected
        if node.name not in waited and node.name not in waiting
    }


def _through(name: str, spliced: dict[str, str]) -> str:
    while (plain := re.sub(r":0\Z", "", name.lstrip("^"))) in spliced:
        name = spliced[plain]
    return name
