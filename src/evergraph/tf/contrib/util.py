"""`tf.contrib.util`: constants as arrays and messages, and the ops that graphs use."""

from __future__ import annotations

from ..array_ops import get_static_value as constant_value
from ..meta_graph import ops_used_by_graph_def, stripped_op_list_for_graph
from ..tensor_util import make_ndarray, make_tensor_proto

__all__ = [
    "constant_value",
    "make_ndarray",
    "make_tensor_proto",
    "ops_used_by_graph_def",
    "stripped_op_list_for_graph",
]
