"""Comparisons of graphs in their serialised form, and what tests ask of their nodes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_MADE_AT_RANDOM = re.compile(rb"_temp_[0-9a-z]{32}/part")
_TABLE_NAME = re.compile(rb"hash_table_[0-9a-z\-]+")


def assert_ops_in_graph(expected_ops: Mapping[str, str], graph: Any) -> dict[str, Any]:
    """The nodes of a graph's GraphDef with the expected names.

    Raises ValueError if one is missing or its type is not the expected one.
    """
    found = {n.name: n for n in graph.as_graph_def().node if n.name in expected_ops}
    for name, node in found.items():
        if node.op != expected_ops[name]:
            raise ValueError(
                f"Expected op for node {name} is different. {expected_ops[name]} vs {node.op}"
            )
    if len(found) != len(expected_ops):
        raise ValueError(
            f"Not all expected ops are present. Expected {list(expected_ops)}, found {list(found)}"
        )
    return found


def get_node_def_from_graph(node_name: str, graph_def: Any) -> Any:
    """The node of this name in a GraphDef, or None."""
    return next((node for node in graph_def.node if node.name == node_name), None)


def set_producer_version(graph: Any, producer_version: int) -> None:
    """Says that a graph was made by this version of TensorFlow's graphs."""
    from ...formats.graph_def import versions

    versions(graph).producer = producer_version


def _is_random(node: Any, key: str, checkpoint_v2: bool, hash_table_shared_name: bool) -> bool:
    value = node.attr[key]
    if checkpoint_v2 and len(value.tensor.string_val) == 1:
        return _MADE_AT_RANDOM.match(value.tensor.string_val[0]) is not None
    is_table = hash_table_shared_name and node.op == "HashTableV2" and key == "shared_name"
    return is_table and _TABLE_NAME.match(value.s) is not None


def _facts(node: Any, *ignored: bool) -> dict[str, Any]:
    """What counts of a node; the order of its control inputs and its private attributes do not."""
    data = [i for i in node.input if not i.startswith("^")]
    keys = [k for k in node.attr if k[0] != "_" and not _is_random(node, k, *ignored)]
    return {
        "op": node.op,
        "device": node.device,
        "inputs": [i.removesuffix(":0") for i in data],
        "control inputs": sorted(i for i in node.input if i.startswith("^")),
        **{f"attribute {k!r}": node.attr[k] for k in keys},
    }


def _checked_nodes(graph_def: Any, role: str, *ignored: bool) -> dict[str, dict[str, Any]]:
    from ...formats import messages

    if not isinstance(graph_def, messages.GraphDef):
        raise TypeError(f"Expected tf.GraphDef for {role}, got {type(graph_def).__name__}")
    return {node.name: _facts(node, *ignored) for node in graph_def.node}


def assert_equal_graph_def(
    actual: Any, expected: Any, checkpoint_v2: Any = False, hash_table_shared_name: Any = False
) -> None:
    """Fails unless two GraphDefs hold the same nodes, in whatever order.

    Names of temporary files of checkpoints and of hash tables, which are random, can be ignored.
    Raises TypeError for arguments that are no GraphDefs.
    """
    ignored = bool(checkpoint_v2), bool(hash_table_shared_name)
    mine = _checked_nodes(actual, "actual", *ignored)
    theirs = _checked_nodes(expected, "expected", *ignored)
    for name in theirs:
        if name not in mine:
            raise AssertionError(f"Did not find expected node {name!r}.")
        _compare(name, mine[name], theirs[name])
    for name in mine:
        if name not in theirs:
            raise AssertionError(f"Found unexpected node {name!r}.")


def _compare(name: str, mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    for fact in sorted(mine.keys() | theirs.keys()):
        one, two = mine.get(fact), theirs.get(fact)
        if one != two:
            raise AssertionError(
                f"Node named {name!r} has {fact}: {str(one).strip()} that does not match "
                f"expected: {str(two).strip()}"
            )


def assert_meta_graph_protos_equal(tester: Any, a: Any, b: Any) -> None:
    """Fails the test case `tester` unless two MetaGraphDefs are equal, but for random names."""
    tester.assertEqual(set(a.collection_def), set(b.collection_def))
    for key in a.collection_def:
        tester.assertEqual(a.collection_def[key], b.collection_def[key])
    assert_equal_graph_def(a.graph_def, b.graph_def, checkpoint_v2=True)
    tester.assertProtoEquals(a.graph_def.versions, b.graph_def.versions)
    rest = [type(x).FromString(x.SerializeToString()) for x in (a, b)]
    for message in rest:
        message.ClearField("collection_def")
        message.ClearField("graph_def")
    tester.assertProtoEquals(*rest)
