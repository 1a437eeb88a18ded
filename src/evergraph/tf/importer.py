"""`tf.import_graph_def`: nodes of a GraphDef become operations of the default graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.graph import get_default_graph
from ..core.tensor import Tensor
from ..errors import InvalidArgumentError
from ..formats.attr_values import is_message
from ..formats.function_def import library
from ..formats.graph_import import CONTROL, Imported, import_graph, parse_tensor_name
from ..formats.op_defs import op_def_of
from .framework import convert_to_tensor, name_scope

__all__ = ["import_graph_def"]


def import_graph_def(
    graph_def: Any,
    input_map: Any = None,
    return_elements: Any = None,
    name: Any = None,
    op_dict: Any = None,
    producer_op_list: Any = None,
) -> Any:
    """Adds the nodes of a GraphDef to the default graph, below the scope `name` ("import").

    `input_map` maps names of its tensors to tensors that stand for them (`^node` maps a control
    input); `return_elements` names tensors (`node:0`) and operations that are returned as a list.
    Attributes that evergraph does not know are dropped where `producer_op_list` (an OpList) says
    that they have their default. `op_dict` is ignored.

    Raises TypeError for arguments of another kind, ValueError for graphs that are not well
    formed and for names that are not in them, `tf.errors.NotFoundError` for unknown ops. The
    graph is then as it was.
    """
    return _import(graph_def, input_map, return_elements, name, producer_op_list, True)


def import_graph_def_for_function(graph_def: Any, name: Any = None) -> Any:
    """Like `import_graph_def`, but nodes may be placed beside nodes that are not there."""
    return _import(graph_def, None, None, name, None, False)


def _import(
    graph_def: Any, input_map: Any, return_elements: Any, name: Any, producer: Any, checked: bool
) -> Any:
    proto = _checked_graph_def(graph_def)
    inputs = _checked_input_map(input_map)
    wanted = _checked_elements(return_elements)
    if producer is not None:
        _remove_defaults(proto, producer)
    _fill_defaults(proto)
    graph = get_default_graph()
    with name_scope(name, "import", list(inputs.values())) as scope:
        inputs = _tensors(name, inputs)
    mapped = _by_source(inputs)
    known = library(graph)
    before = dict(known.messages)
    try:
        known.add_messages(proto.library)
        made = import_graph(
            graph,
            proto,
            scope.rstrip("/"),
            mapped,
            definitions=known.definition,
            functions=known.function,
            check_colocation=checked,
        )
    except BaseException as error:
        known.messages = before
        if isinstance(error, InvalidArgumentError):
            raise ValueError(str(error)) from error
        raise
    _check_map(made, mapped)
    return None if wanted is None else [_element(made, mapped, text) for text in wanted]


def _checked_graph_def(graph_def: Any) -> Any:
    from ..formats import messages

    if isinstance(graph_def, messages.GraphDef):
        return graph_def
    if not is_message(graph_def, "GraphDef"):
        raise TypeError("graph_def must be a GraphDef proto.")
    return messages.GraphDef.FromString(graph_def.SerializeToString())


def _checked_input_map(input_map: Any) -> dict[str, Any]:
    if input_map is None:
        return {}
    if not isinstance(input_map, Mapping) or not all(
        isinstance(k, (str, bytes)) for k in input_map
    ):
        raise TypeError("input_map must be a dictionary mapping strings to Tensor objects.")
    return {k.decode() if isinstance(k, bytes) else k: v for k, v in input_map.items()}


def _checked_elements(elements: Any) -> list[str] | None:
    if elements is None:
        return None
    if isinstance(elements, (str, bytes)) or not all(isinstance(x, (str, bytes)) for x in elements):
        raise TypeError("return_elements must be a list of strings.")
    return [x.decode() if isinstance(x, bytes) else x for x in elements]


def _remove_defaults(proto: Any, producer: Any) -> None:
    """Drops attributes that only the graph's writer knows, where they have its default."""
    theirs = {op.name: {a.name: a for a in op.attr} for op in producer.op}
    for node in proto.node:
        own = op_def_of(node.op)
        if own is None or node.op not in theirs:
            continue
        known = {a.name for a in own.attr}
        for key in [k for k in node.attr if k not in known]:
            said = theirs[node.op].get(key)
            has_default = said is not None and said.HasField("default_value")
            if has_default and node.attr[key] == said.default_value:  # type: ignore[union-attr]
                del node.attr[key]


def _fill_defaults(proto: Any) -> None:
    """Writes out the defaults of attributes, which programs look for in the message afterwards."""
    for node in proto.node:
        own = op_def_of(node.op)
        for attr in own.attr if own is not None else ():
            if attr.HasField("default_value") and attr.name not in node.attr:
                node.attr[attr.name].CopyFrom(attr.default_value)


def _tensors(name: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    if all(isinstance(v, Tensor) for v in inputs.values()):
        return inputs
    if name == "":
        raise ValueError(
            "tf.import_graph_def() requires a non-empty `name` if `input_map` contains non-Tensor "
            "values. Call tf.convert_to_tensor() on them first."
        )
    with name_scope("_inputs"):
        return {k: convert_to_tensor(v) for k, v in inputs.items()}


def _by_source(inputs: dict[str, Any]) -> dict[tuple[str, int], Any]:
    return {
        (k[1:], CONTROL) if k.startswith("^") else parse_tensor_name(k): v
        for k, v in inputs.items()
    }


def _check_map(made: Imported, mapped: dict[tuple[str, int], Any]) -> None:
    """A name that is mapped and not there is likely a mistake."""
    missing = [
        f"^{name}" if index == CONTROL else f"{name}:{index}"
        for name, index in mapped
        if (name, index) not in made.replaced and not _exists(made, name, index)
    ]
    if missing:
        raise ValueError(
            f"Attempted to map inputs that were not found in graph_def: [{', '.join(missing)}]"
        )


def _exists(made: Imported, name: str, index: int) -> bool:
    op = made.operations.get(name)
    return op is not None and index < len(op.outputs)


def _element(made: Imported, mapped: dict[tuple[str, int], Any], text: str) -> Any:
    if ":" not in text:
        if text not in made.operations:
            raise ValueError(f"Requested return node {text!r} not found in graph def")
        return made.operations[text]
    source = parse_tensor_name(text)
    if source in mapped:
        return mapped[source]
    op = made.operations.get(source[0])
    if op is None:
        raise ValueError(f"Requested return tensor {text!r} not found in graph def")
    if source[1] >= len(op.outputs):
        raise ValueError(
            f"Invalid return output {source[1]} of node {source[0]!r}, which has "
            f"{len(op.outputs)} output(s)"
        )
    return op.outputs[source[1]]
