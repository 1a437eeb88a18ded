"""`tensorflow.python.grappler.tf_optimizer`: a graph without what its fetches do not need.

TensorFlow's optimizer of graphs has the signature; what is done here is what every run does too:
constants are folded and dead operations dropped.
"""

from __future__ import annotations

import importlib
from typing import Any

from evergraph.core.values import constant_value


def _tf() -> Any:
    return importlib.import_module("evergraph.tf")


def _fetched(graph: Any, metagraph: Any) -> list[Any]:
    """The operations that the graph is kept for: those of the collection `train_op`."""
    names = metagraph.collection_def["train_op"].node_list.value
    if not names:
        raise ValueError("The graph has no fetches: its collection 'train_op' is empty.")
    return [graph.get_operation_by_name(n.partition(":")[0].lstrip("^")) for n in names]


def _folded(fetched: Any) -> Any:
    """An operation's value as a constant of its name in a graph definition, or None."""
    known = [constant_value(y) for y in fetched.outputs]
    if len(known) != 1 or known[0] is None:
        return None
    graph = _tf().Graph()
    with graph.as_default():
        _tf().constant(known[0], dtype=fetched.outputs[0].dtype, name=fetched.name)
    return graph.as_graph_def()


def optimize_graph(
    config_proto: Any,
    metagraph: Any,
    verbose: bool = True,
    graph_id: bytes = b"graph_to_optimize",
    cluster: Any = None,
    strip_default_attributes: bool = False,
) -> Any:
    """The definition of a meta graph's graph with constants folded and dead operations dropped.

    The options of `config_proto`, the cluster and the graph's id change nothing.
    """
    del config_proto, verbose, graph_id, cluster, strip_default_attributes
    tf = _tf()
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(metagraph.graph_def, name="")
        fetches = _fetched(graph, metagraph)
    result = tf.GraphDef()
    result.versions.CopyFrom(metagraph.graph_def.versions)
    kept = []
    for fetched in fetches:
        constant = _folded(fetched)
        if constant is None:
            kept.append(fetched.name)
        else:
            result.node.extend(constant.node)
    if kept:
        rest = tf.graph_util.extract_sub_graph(metagraph.graph_def, kept)
        present = {n.name for n in result.node}
        result.node.extend(n for n in rest.node if n.name not in present)
    return result
