"""Initialising tables. Tables themselves are not supported yet."""

from __future__ import annotations

from ..core.graph import get_default_graph
from ..core.tensor import Operation
from .control_flow_ops import group, no_op
from .graph_keys import GraphKeys

__all__ = ["initialize_all_tables", "tables_initializer"]


def tables_initializer(name: str = "init_all_tables") -> Operation:
    """An operation that initialises all tables of the default graph."""
    initializers = get_default_graph().get_collection(GraphKeys.TABLE_INITIALIZERS)
    if initializers:
        return group(*initializers, name=name)
    return no_op(name=name)


def initialize_all_tables(name: str = "init_all_tables") -> Operation:
    """The old name of `tables_initializer`."""
    return tables_initializer(name)
