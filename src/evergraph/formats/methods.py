"""The methods of graphs, operations, shapes and sessions that give messages.

Messages stand above the core, so its classes get these methods from here.
"""

from __future__ import annotations

from typing import Any

from ..core.graph import Graph
from ..core.tensor import Operation, Tensor
from ..core.tensor_shape import TensorShape
from ..runtime.session import BaseSession
from . import graph_def as graphs
from . import node_ops
from .op_defs import op_def
from .tensors import shape_proto


def as_graph_def(self: Graph, from_version: int | None = None, add_shapes: bool = False) -> Any:
    """The graph as a GraphDef.

    With `from_version`, only what was added since the graph had this version; with `add_shapes`,
    what is known of shapes as the attribute `_output_shapes`. ValueError above 2 GiB.
    """
    return graphs.graph_def(self, from_version, add_shapes)


def _as_graph_def(
    self: Graph, from_version: int | None = None, add_shapes: bool = False
) -> tuple[Any, int]:
    return graphs.graph_def(self, from_version, add_shapes), self.version


def _graph_def_versions(self: Graph) -> Any:
    """The VersionDef of the graph."""
    return graphs.versions(self)


def _node_def(self: Operation) -> Any:
    """The operation as a NodeDef."""
    return graphs.node_def(self)


def _op_def(self: Operation) -> Any:
    """The OpDef of the operation's type."""
    return op_def(self.definition)


def _as_text(self: Operation) -> str:
    """The NodeDef as text."""
    return str(graphs.node_def(self))


def _as_node_def_input(self: Tensor) -> str:
    if not self.op.name:
        raise ValueError(f"Operation was not named: {self.op}")
    return self.op.name if self.value_index == 0 else f"{self.op.name}:{self.value_index}"


def as_proto(self: TensorShape) -> Any:
    """The shape as a TensorShapeProto."""
    return shape_proto(self._dims)


def _session_graph_def(self: BaseSession) -> Any:
    """The session's graph as a GraphDef."""
    shapes = self._config is not None and self._config.graph_options.infer_shapes
    return graphs.graph_def(self.graph, add_shapes=shapes)


def install() -> None:
    """Gives the classes their methods."""
    methods: list[tuple[type, str, Any]] = [
        (Graph, "as_graph_def", as_graph_def),
        (Graph, "_as_graph_def", _as_graph_def),
        (Graph, "graph_def_versions", property(_graph_def_versions)),
        (Graph, "create_op", node_ops.create_op),
        (Graph, "_create_op_from_tf_operation", node_ops.operation_of_pending),
        (Graph, "_add_new_tf_operations", node_ops.operations_of_pending),
        (Operation, "_from_node_def", node_ops.initialize),
        (Operation, "__str__", _as_text),
        (Operation, "node_def", property(_node_def)),
        (Operation, "op_def", property(_op_def)),
        (Operation, "get_attr", graphs.get_attr),
        (Operation, "_set_attr", graphs.set_attr),
        (Tensor, "_as_node_def_input", _as_node_def_input),
        (TensorShape, "as_proto", as_proto),
        (BaseSession, "graph_def", property(_session_graph_def)),
    ]
    for kind, name, method in methods:
        setattr(kind, name, method)
