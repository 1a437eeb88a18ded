"""What `tensorflow.python.framework.ops` has beside its public names."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from evergraph.compat.composite_tensor import CompositeTensor
from evergraph.core import context, convert
from evergraph.core.registry import Registry
from evergraph.core.tensor import Tensor
from evergraph.formats import messages
from evergraph.formats.node_ops import pending_node
from evergraph.tf.collection_protos import (
    get_collection_proto_type,
    get_from_proto_function,
    get_to_proto_function,
    register_proto_function,
)
from evergraph.tf.framework import name_scope
from evergraph.tf.scoped_names import prepend_name_scope, strip_name_scope
from evergraph.transform.gradients import rule_of

__all__ = [
    "OpStats",
    "RegisterShape",
    "RegisterStatistics",
    "Registry",
    "get_collection_proto_type",
    "get_from_proto_function",
    "get_gradient_function",
    "get_stats_for_node_def",
    "get_to_proto_function",
    "has_default_graph",
    "is_dense_tensor_like",
    "prepend_name_scope",
    "register_dense_tensor_like_type",
    "register_proto_function",
    "strip_name_scope",
    "tensor_id",
    "uid",
]

_default_graph_stack = context.graphs
_default_session_stack = context.sessions
_statistics = Registry("statistics functions")
_numbers = itertools.count(1)
_tensor_like: list[type] = [Tensor]


def uid() -> int:
    """A number that no other call of this process gets."""
    return next(_numbers)


def tensor_id(tensor: Any) -> int:
    """A number that belongs to a tensor."""
    return id(tensor)


def executing_eagerly_outside_functions() -> bool:
    """Whether operations run as they are made where no function is traced: never here."""
    return False


def has_default_graph() -> bool:
    """Whether a graph was made the default one with `as_default`."""
    return bool(context.graphs.items)


def _NodeDef(op_type: Any, name: Any, device: Any = None, attrs: Any = None) -> Any:
    """A NodeDef; `device` is a string, a DeviceSpec or a function of the NodeDef."""
    op_type, name = (x.decode() if isinstance(x, bytes) else x for x in (op_type, name))
    node = messages.NodeDef(op=op_type, name=name)
    for key, value in (attrs or {}).items():
        node.attr[key].CopyFrom(value)
    if device is not None:
        said = device(node) if callable(device) else device
        node.device = said.to_string() if hasattr(said, "to_string") else str(said)
    return node


_create_c_op = pending_node


def convert_to_tensor_or_composite(value: Any, dtype: Any = None, name: Any = None) -> Any:
    """`value` as a tensor, or as it is if it consists of several."""
    if isinstance(value, CompositeTensor):
        return value
    return convert.convert_to_tensor(value, dtype, name)


class name_scope_v2(name_scope):
    """A name scope that may be entered several times, and also inside itself."""

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise ValueError("name for name_scope must be a string.")
        super().__init__(name)


def _set_call_cpp_shape_fn(call_cpp_shape_fn: Any) -> None:
    """Nothing: shape rules stand in the op table."""


class RegisterShape:
    """A decorator that leaves the function alone: shape rules stand in the op table."""

    def __init__(self, op_type: Any) -> None:
        if not isinstance(op_type, str):
            raise TypeError("op_type must be a string")

    def __call__(self, f: Any) -> Any:
        """The function."""
        return f


class OpStats:
    """What a node costs: a number of one kind (`flops`), None while nobody knows it."""

    def __init__(self, statistic_type: str, value: Any = None) -> None:
        self.statistic_type = statistic_type
        self.value = value

    def __iadd__(self, other: OpStats) -> OpStats:
        if other.statistic_type != self.statistic_type:
            raise ValueError(
                f"Can't add an OpStat of type {self.statistic_type} to one of "
                f"{other.statistic_type}."
            )
        if self.value is None:
            self.value = other.value
        elif other.value is not None:
            self.value += other.value
        return self


class RegisterStatistics:
    """A decorator: `f(graph, node_def)` gives the OpStats of an op type."""

    def __init__(self, op_type: Any, statistic_type: Any) -> None:
        if not isinstance(op_type, str):
            raise TypeError("op_type must be a string.")
        if "," in op_type:
            raise TypeError("op_type must not contain a comma.")
        if not isinstance(statistic_type, str):
            raise TypeError("statistic_type must be a string.")
        if "," in statistic_type:
            raise TypeError("statistic_type must not contain a comma.")
        self._key = f"{op_type},{statistic_type}"

    def __call__(self, f: Callable[[Any, Any], OpStats]) -> Callable[[Any, Any], OpStats]:
        """Registers the function; KeyError if the op has one."""
        _statistics.register(f, self._key)
        return f


def get_stats_for_node_def(graph: Any, node: Any, statistic_type: str) -> Any:
    """The OpStats of a NodeDef, empty where none are registered."""
    try:
        found = _statistics.lookup(f"{node.op},{statistic_type}")
    except LookupError:
        return OpStats(statistic_type)
    return found(graph, node)


def get_gradient_function(op: Any) -> Any:
    """The gradient function of an operation, None without inputs; LookupError if there is none."""
    return rule_of(op) if op.inputs else None


def is_dense_tensor_like(t: Any) -> bool:
    """Whether `t` is a tensor or of a type that was registered as standing for one."""
    return isinstance(t, tuple(_tensor_like)) or getattr(t, "is_tensor_like", False)


def register_dense_tensor_like_type(tensor_type: Any) -> None:
    """Registers a type with properties `name` and `dtype` as one that stands for a tensor."""
    for name in ("name", "dtype"):
        if not isinstance(getattr(tensor_type, name, None), property):
            raise TypeError(f"Type {tensor_type.__name__} does not define a `{name}` property")
    _tensor_like.append(tensor_type)
