"""Meta graphs: a graph with its collections, written and read as a MetaGraphDef.

A scope of a graph can be written alone. Its inputs from outside are then *unbound*: they are
listed in a collection, and must be given in `input_map` when the meta graph is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable
from pathlib import Path
from typing import Any

from ..core.graph import Graph, get_default_graph
from ..formats.attr_values import is_message
from ..formats.function_def import library_of
from ..formats.graph_def import Names, nodes_of, versions
from ..formats.op_defs import is_internal, op_def_of
from . import logging
from .collection_protos import (
    get_collection_proto_type,
    get_from_proto_function,
    get_to_proto_function,
)
from .graph_io import write_graph
from .graph_keys import GraphKeys
from .importer import import_graph_def
from .scoped_names import prepend_name_scope, strip_name_scope

_UNBOUND = "$unbound_inputs_"
_VARIABLE_COLLECTIONS = (
    GraphKeys.GLOBAL_VARIABLES,
    GraphKeys.LOCAL_VARIABLES,
    GraphKeys.METRIC_VARIABLES,
    GraphKeys.MODEL_VARIABLES,
    GraphKeys.TRAINABLE_VARIABLES,
    GraphKeys.MOVING_AVERAGE_VARIABLES,
)
_ONCE_OF_NODES = (
    GraphKeys.LOCAL_VARIABLES,
    GraphKeys.MODEL_VARIABLES,
    GraphKeys.METRIC_VARIABLES,
)
_SAVERS_OPS = {
    f"{prefix}{name}"
    for name in ("Save", "SaveSlice", "Restore", "RestoreSlice")
    for prefix in ("", "Legacy")
} | {"SaveV2", "RestoreV2"}


# -- ops -------------------------------------------------------------------------------------------


def ops_used_by_graph_def(graph_def: Any) -> list[str]:
    """The names of the ops that a GraphDef and its functions are made of."""
    functions = {f.signature.name: f for f in graph_def.library.function}
    used: set[str] = set()
    pending = [graph_def.node]
    while pending:
        for node in pending.pop():
            if node.op not in used and node.op in functions:
                pending.append(functions[node.op].node_def)
            used.add(node.op)
    return [name for name in used if name not in functions]


def stripped_op_list_for_graph(graph_def: Any) -> Any:
    """The OpList of the ops that a GraphDef is made of; ValueError for unknown ones."""
    from ..formats import messages

    found = []
    for name in sorted(ops_used_by_graph_def(graph_def)):
        proto = op_def_of(name)
        if proto is not None:
            found.append(proto)
        elif not is_internal(name):
            raise ValueError(f"Op {name} is used by the graph, but is not registered")
    return messages.OpList(op=found)


def strip_graph_default_valued_attrs(meta_graph_def: Any) -> None:
    """Takes off the attributes of nodes that have their op's default."""
    graph = meta_graph_def.graph_def
    functions = {f.signature.name for f in graph.library.function}
    for nodes in (graph.node, *(f.node_def for f in graph.library.function)):
        for node in nodes:
            definition = None if node.op in functions else op_def_of(node.op)
            for attr in definition.attr if definition is not None else ():
                given = attr.name in node.attr and attr.HasField("default_value")
                if given and node.attr[attr.name] == attr.default_value:
                    del node.attr[attr.name]
    meta_graph_def.meta_info_def.stripped_default_attrs = True


# -- collections -----------------------------------------------------------------------------------


def _kind_of(item: Any) -> str:
    if isinstance(item, (str, bytes)):
        return "bytes_list"
    if isinstance(item, int):
        return "int64_list"
    if isinstance(item, float):
        return "float_list"
    return "any_list" if is_message(item, "Any") else "node_list"


def _is_included(item: Any, export_scope: str | None, excluded: Container[str] | None) -> bool:
    """Whether a name, or an object with a name, belongs to what is exported."""
    name = item if isinstance(item, str) else getattr(item, "name", None)
    if name is None:
        return True
    if excluded and name in excluded:
        return False
    return not export_scope or name.startswith((_UNBOUND, export_scope))


def add_collection_def(
    meta_graph_def: Any,
    key: Any,
    graph: Any = None,
    export_scope: Any = None,
    exclude_nodes: Any = None,
    override_contents: Any = None,
) -> None:
    """Adds a collection of `graph` to a MetaGraphDef.

    What cannot be written is left out with a warning. `override_contents` stands for the items.
    """
    if graph and not isinstance(graph, Graph):
        raise TypeError(f"graph must be of type Graph, not {type(graph)}")
    if not isinstance(key, (str, bytes)):
        logging.warning("Only collections with string keys are written, not %s", type(key))
        return
    items = override_contents or (graph or get_default_graph()).get_collection(key)
    items = [x for x in items if _is_included(x, export_scope, exclude_nodes)]
    if not items:
        return
    try:
        _add_items(meta_graph_def.collection_def[key], key, items, export_scope)
    except Exception as error:  # the items may be anything
        logging.warning(
            "Collection %s is not written: its items are of no type that a MetaGraphDef holds. %s",
            key,
            error,
        )
        del meta_graph_def.collection_def[key]


def _add_items(proto: Any, key: Any, items: list[Any], export_scope: str | None) -> None:
    to_proto = get_to_proto_function(key)
    if to_proto:
        kind = get_collection_proto_type(key)
        for item in items:
            message = to_proto(item, export_scope=export_scope)
            if message:
                if not isinstance(message, kind):
                    raise TypeError(f"{message!r} is no {kind.__name__}.")
                data = message.SerializeToString(deterministic=True)
                proto.bytes_list.value.append(data)
        return
    field = _kind_of(items[0])
    values = getattr(proto, field).value
    if field == "node_list":
        values.extend(strip_name_scope(x.name, export_scope) for x in items)
    elif field == "bytes_list":
        values.extend(x.encode() if isinstance(x, str) else x for x in items)
    elif field == "any_list":
        for item in items:
            values.add(type_url=item.type_url, value=item.value)
    else:
        values.extend(items)


# -- export ----------------------------------------------------------------------------------------


def _check_type(value: Any, name: str, kind: str) -> None:
    if value and not is_message(value, kind):
        raise TypeError(f"{name} must be of type {kind}, not {type(value)}")


def create_meta_graph_def(
    meta_info_def: Any = None,
    graph_def: Any = None,
    saver_def: Any = None,
    collection_list: Any = None,
    graph: Any = None,
    export_scope: Any = None,
    exclude_nodes: Any = None,
    clear_extraneous_savers: Any = False,
    strip_default_attrs: Any = False,
) -> Any:
    """A MetaGraphDef of these parts; what is not given is taken from `graph`.

    Raises TypeError for parts of another type, ValueError for ops that are not registered.
    """
    from ..formats import messages
    from . import GIT_VERSION, VERSION

    if graph and not isinstance(graph, Graph):
        raise TypeError(f"graph must be of type Graph, not {type(graph)}")
    _check_type(meta_info_def, "meta_info_def", "MetaInfoDef")
    _check_type(graph_def, "graph_def", "GraphDef")
    _check_type(saver_def, "saver_def", "SaverDef")
    graph = graph or get_default_graph()
    meta = messages.MetaGraphDef()
    info = meta.meta_info_def
    if meta_info_def:
        info.CopyFrom(meta_info_def)
    info.tensorflow_version, info.tensorflow_git_version = VERSION, GIT_VERSION
    meta.graph_def.CopyFrom(graph_def or graph.as_graph_def(add_shapes=True))
    if not info.stripped_op_list.op:
        info.stripped_op_list.CopyFrom(stripped_op_list_for_graph(meta.graph_def))
    if strip_default_attrs:
        strip_graph_default_valued_attrs(meta)
    if saver_def:
        meta.saver_def.CopyFrom(saver_def)
    keys = graph.get_all_collection_keys() if collection_list is None else collection_list
    for key in keys:
        contents = None
        if clear_extraneous_savers and key == GraphKeys.SAVERS:
            contents = [get_from_proto_function(key)(saver_def)]
        add_collection_def(meta, key, graph, export_scope, exclude_nodes, contents)
    return meta


def _scope_of(name: str) -> str:
    return name.lstrip("^").rpartition("/")[0]


def _savers_nodes(graph_def: Any, saver_def: Any) -> set[str]:
    """The nodes of savers other than that of `saver_def`: each stands in a scope of its own."""
    kept = set()
    if saver_def is not None:
        kept = {_scope_of(saver_def.save_tensor_name), _scope_of(saver_def.restore_op_name)}
    own = {n.name for n in graph_def.node if n.op in _SAVERS_OPS}
    scopes = {_scope_of(name) for name in own} - own - kept
    return {n.name for n in graph_def.node if any(n.name.startswith(f"{s}/") for s in scopes)}


def _scoped_node(
    node: Any, export_scope: str | None, unbound: list[str], clear_devices: bool
) -> Any:
    """A node without the scope that is exported before its names."""
    from ..formats import messages

    new = messages.NodeDef.FromString(node.SerializeToString())
    new.name = strip_name_scope(node.name, export_scope)
    for i, name in enumerate(node.input):
        if export_scope and not name.lstrip("^").startswith(export_scope):
            mark = "^" if name.startswith("^") else ""
            new.input[i] = f"{mark}{_UNBOUND}{name.removeprefix('^')}"
            unbound.append(new.input[i])
        else:
            new.input[i] = strip_name_scope(name, export_scope)
    if export_scope and "_class" in node.attr:
        groups = [g.decode() for g in node.attr["_class"].list.s]
        inside = [g for g in groups if g.partition("@")[2].startswith(export_scope)]
        new.attr["_class"].list.s[:] = [strip_name_scope(g, export_scope).encode() for g in inside]
    if node.op in ("Enter", "RefEnter") and export_scope:
        frame = node.attr["frame_name"].s
        new.attr["frame_name"].s = strip_name_scope(frame, export_scope).encode()
    if clear_devices:
        new.device = ""
    return new


def _scoped_graph_def(
    graph: Graph,
    graph_def: Any,
    export_scope: str | None,
    unbound: list[str],
    clear_devices: bool,
    excluded: Container[str] | None,
) -> Any:
    from ..formats import messages

    if graph_def:
        source = graph_def
    else:
        inside = [op for op in graph.operations if _is_included(op, export_scope, excluded)]
        names = Names(graph)
        source = messages.GraphDef(versions=versions(graph))
        source.library.CopyFrom(library_of(graph, inside))
        for op in inside:
            source.node.extend(nodes_of(op, names, add_shapes=True))
    new = messages.GraphDef(versions=source.versions)
    new.library.CopyFrom(source.library)
    for node in source.node:
        if _is_included(node.name, export_scope, excluded):
            new.node.append(_scoped_node(node, export_scope, unbound, clear_devices))
    if new.ByteSize() >= 1 << 31:
        raise ValueError("GraphDef cannot be larger than 2GB.")
    return new


def export_scoped_meta_graph(
    filename: Any = None,
    graph_def: Any = None,
    graph: Any = None,
    export_scope: Any = None,
    as_text: Any = False,
    unbound_inputs_col_name: Any = "unbound_inputs",
    clear_devices: Any = False,
    saver_def: Any = None,
    clear_extraneous_savers: Any = False,
    strip_default_attrs: Any = False,
    save_debug_info: Any = False,
    **kwargs: Any,
) -> Any:
    """The MetaGraphDef of a graph, or of one scope of it, and the variables in it by name.

    Writes it to `filename` if that is given. The names of what the scope reads from outside go
    into the collection `unbound_inputs_col_name`. `clear_extraneous_savers` leaves out the nodes
    of other savers than that of `saver_def`. ValueError above 2 GiB.
    """
    graph = graph or get_default_graph()
    excluded: Container[str] | None = None
    if clear_extraneous_savers:
        excluded = _savers_nodes(graph_def or graph.as_graph_def(), saver_def)
    if export_scope or clear_extraneous_savers or clear_devices:
        unbound: list[str] = []
        graph_def = _scoped_graph_def(
            graph, graph_def, export_scope, unbound, clear_devices, excluded
        )
        if unbound_inputs_col_name:
            graph.clear_collection(unbound_inputs_col_name)
            for name in unbound:
                graph.add_to_collection(unbound_inputs_col_name, name)
    variables = graph.get_collection(GraphKeys.GLOBAL_VARIABLES, scope=export_scope)
    inside = [v for v in variables if _is_included(v, export_scope, excluded)]
    meta = create_meta_graph_def(
        graph_def=graph_def,
        graph=graph,
        export_scope=export_scope,
        exclude_nodes=excluded,
        clear_extraneous_savers=clear_extraneous_savers,
        saver_def=saver_def,
        strip_default_attrs=strip_default_attrs,
        **kwargs,
    )
    if filename:
        path = Path(filename)
        write_graph(meta, str(path.parent), path.name, as_text=as_text)
        if save_debug_info:
            _write_debug_info(graph, meta, path, export_scope, as_text)
    return meta, {strip_name_scope(v.name, export_scope): v for v in inside}


def _write_debug_info(graph: Graph, meta: Any, path: Path, scope: Any, as_text: Any) -> None:
    from .graph_debug_info import create_graph_debug_info_def

    names = [prepend_name_scope(n.name, scope) for n in meta.graph_def.node]
    known = [("", graph._by_name[n]) for n in names if n in graph._by_name]
    info = create_graph_debug_info_def(known)
    write_graph(info, str(path.parent), f"{path.stem}.debug", as_text=as_text)


def export_meta_graph(
    filename: Any = None,
    meta_info_def: Any = None,
    graph_def: Any = None,
    saver_def: Any = None,
    collection_list: Any = None,
    as_text: Any = False,
    graph: Any = None,
    export_scope: Any = None,
    clear_devices: Any = False,
    clear_extraneous_savers: Any = False,
    strip_default_attrs: Any = False,
    save_debug_info: Any = False,
    **kwargs: Any,
) -> Any:
    """The MetaGraphDef of a graph with its collections; written to `filename` if that is given.

    `export_scope` takes the nodes below a scope alone and leaves the scope out of their names;
    `collection_list` names the collections (all by default). ValueError above 2 GiB.
    """
    meta, _ = export_scoped_meta_graph(
        filename=filename,
        meta_info_def=meta_info_def,
        graph_def=graph_def,
        saver_def=saver_def,
        collection_list=collection_list,
        as_text=as_text,
        graph=graph,
        export_scope=export_scope,
        clear_devices=clear_devices,
        clear_extraneous_savers=clear_extraneous_savers,
        strip_default_attrs=strip_default_attrs,
        save_debug_info=save_debug_info,
        **kwargs,
    )
    return meta


# -- import ----------------------------------------------------------------------------------------


def read_meta_graph_file(filename: Any) -> Any:
    """The MetaGraphDef in a file, in bytes or as text.

    Raises OSError if there is no such file, or if it holds something else.
    """
    from google.protobuf import text_format
    from google.protobuf.message import DecodeError

    from ..formats import messages

    path = Path(filename)
    if not path.exists():
        raise OSError(f"File {filename} does not exist.")
    content = path.read_bytes()
    try:
        return messages.MetaGraphDef.FromString(content)
    except DecodeError:
        pass
    try:
        return text_format.Parse(content.decode(), messages.MetaGraphDef())
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise OSError(f"Cannot parse file {filename}: {error}.") from None


def import_scoped_meta_graph(
    meta_graph_or_file: Any,
    clear_devices: Any = False,
    graph: Any = None,
    import_scope: Any = None,
    input_map: Any = None,
    unbound_inputs_col_name: Any = "unbound_inputs",
    restore_collections_predicate: Callable[[str], bool] = lambda key: True,
) -> Any:
    """Adds a meta graph to a graph, below a scope; returns its variables by name.

    `restore_collections_predicate(name)` says which collections come along. Raises ValueError for
    unbound inputs that `input_map` does not give.
    """
    return import_scoped_meta_graph_with_return_elements(
        meta_graph_or_file,
        clear_devices,
        graph,
        import_scope,
        input_map,
        unbound_inputs_col_name,
        restore_collections_predicate,
    )[0]


def import_scoped_meta_graph_with_return_elements(
    meta_graph_or_file: Any,
    clear_devices: Any = False,
    graph: Any = None,
    import_scope: Any = None,
    input_map: Any = None,
    unbound_inputs_col_name: Any = "unbound_inputs",
    restore_collections_predicate: Callable[[str], bool] = lambda key: True,
    return_elements: Any = None,
) -> Any:
    """`import_scoped_meta_graph` that returns the elements asked for beside the variables."""
    meta = _as_meta_graph(meta_graph_or_file)
    _check_unbound(meta, unbound_inputs_col_name, input_map)
    graph = graph or get_default_graph()
    with graph.as_default():
        has_ops = meta.meta_info_def.HasField("stripped_op_list")
        if clear_devices:
            for node in meta.graph_def.node:
                node.device = ""
        scope = graph.unique_name(import_scope or "", mark_as_used=False)
        elements = import_graph_def(
            meta.graph_def,
            name=import_scope or scope,
            input_map=input_map,
            producer_op_list=meta.meta_info_def.stripped_op_list if has_ops else None,
            return_elements=return_elements,
        )
        reader = _CollectionReader(graph, scope, meta.meta_info_def.tensorflow_version)
        for key in _in_order(meta.collection_def):
            if key != unbound_inputs_col_name and restore_collections_predicate(key):
                reader.read(key, meta.collection_def[key])
    variables = graph.get_collection(GraphKeys.GLOBAL_VARIABLES, scope=scope)
    return {strip_name_scope(v.name, scope): v for v in variables}, elements


def _as_meta_graph(source: Any) -> Any:
    from ..formats import messages

    if isinstance(source, messages.MetaGraphDef):
        return source
    if is_message(source, "MetaGraphDef"):
        return messages.MetaGraphDef.FromString(source.SerializeToString())
    return read_meta_graph_file(source)


def _check_unbound(meta: Any, collection: Any, input_map: Any) -> None:
    if not collection or collection not in meta.collection_def:
        return
    proto = meta.collection_def[collection]
    kind = proto.WhichOneof("kind")
    values = getattr(proto, kind).value if kind else ()
    names = [v.decode() if isinstance(v, bytes) else v for v in values]
    if names and (not input_map or sorted(names) != sorted(input_map)):
        missing = [n for n in names if n not in (input_map or ())]
        raise ValueError(
            f"Graph contains unbound inputs: {','.join(missing)}. Must provide these inputs "
            "through input_map."
        )


def _in_order(keys: Iterable[str]) -> list[str]:
    """Trainable variables first, so that they are made as such."""
    return sorted(keys, key=lambda k: (k != GraphKeys.TRAINABLE_VARIABLES, k))


class _CollectionReader:
    """Puts the collections of a meta graph into a graph; a variable becomes one object."""

    def __init__(self, graph: Graph, scope: str, version: str) -> None:
        self.graph = graph
        self.scope = scope
        self.variables: dict[bytes, Any] = {}
        numbers = [int(n) for n in re.findall(r"\d+", version)[:2]]
        self.tells_trainable = not numbers or numbers >= [1, 9]

    def read(self, key: str, proto: Any) -> None:
        """Adds the items of a collection."""
        kind = proto.WhichOneof("kind")
        if kind is None:
            logging.error("Cannot identify data type for collection %s. Skipping.", key)
            return
        from_proto = get_from_proto_function(key)
        values = getattr(proto, kind).value
        if from_proto and kind == "bytes_list":
            message = get_collection_proto_type(key)
            items = [self._from_message(key, from_proto, message, v) for v in values]
        else:
            items = [self._plain(key, kind, v) for v in values]
        for item in items:
            self.graph.add_to_collection(key, item)

    def _from_message(self, key: str, from_proto: Any, message: Any, value: bytes) -> Any:
        if key in _VARIABLE_COLLECTIONS and value in self.variables:
            return self.variables[value]
        proto = message.FromString(value)
        if key in _VARIABLE_COLLECTIONS and not self.tells_trainable:
            proto.trainable = key == GraphKeys.TRAINABLE_VARIABLES
        item = from_proto(proto, import_scope=self.scope)
        if key in _VARIABLE_COLLECTIONS:
            self.variables[value] = item
        return item

    def _plain(self, key: str, kind: str, value: Any) -> Any:
        if key in _ONCE_OF_NODES:
            logging.warning(
                "The meta graph is of an older release: its collection %s holds %s.", key, kind
            )
        if kind == "node_list":
            return self.graph.as_graph_element(prepend_name_scope(value, self.scope))
        if kind != "bytes_list":
            return value
        try:
            return prepend_name_scope(value, self.scope)
        except UnicodeDecodeError:  # not a name
            return value


def import_meta_graph(
    meta_graph_or_file: Any, clear_devices: Any = False, import_scope: Any = None, **kwargs: Any
) -> Any:
    """Adds a meta graph (a MetaGraphDef or a file of one) to the default graph.

    Returns the `tf.train.Saver` that it describes, None if it has no variables. Raises OSError
    for files that are none, ValueError for graphs that are not well formed.
    """
    return _import_meta_graph_with_return_elements(
        meta_graph_or_file, clear_devices, import_scope, **kwargs
    )[0]


def _import_meta_graph_with_return_elements(
    meta_graph_or_file: Any,
    clear_devices: Any = False,
    import_scope: Any = None,
    return_elements: Any = None,
    **kwargs: Any,
) -> Any:
    meta = _as_meta_graph(meta_graph_or_file)
    variables, elements = import_scoped_meta_graph_with_return_elements(
        meta,
        clear_devices=clear_devices,
        import_scope=import_scope,
        return_elements=return_elements,
        **kwargs,
    )
    return _saver(meta, import_scope, variables), elements


def _saver(meta: Any, import_scope: Any, variables: dict[str, Any]) -> Any:
    from .namespaces import resolve

    try:
        make: Any = resolve("tf.train", "Saver")
    except AttributeError:
        return None
    if meta.HasField("saver_def"):
        name = next(iter(variables), None)
        scope = import_scope if name is None else variables[name].name[: -len(name)]
        return make(saver_def=meta.saver_def, name=scope)
    if variables:
        return make()
    logging.info("Saver not created because there are no variables in the graph to restore")
    return None


def copy_scoped_meta_graph(
    from_scope: str, to_scope: str, from_graph: Any = None, to_graph: Any = None
) -> Any:
    """Copies the nodes below a scope to another scope, of the same or another graph.

    Returns the copied variables by name. ValueError if both scopes are the same.
    """
    from_graph, to_graph = from_graph or get_default_graph(), to_graph or get_default_graph()
    if from_graph is to_graph and from_scope == to_scope:
        raise ValueError(
            "'from_scope' and 'to_scope' need to be different when performing copy in the same "
            "graph."
        )
    meta, _ = export_scoped_meta_graph(export_scope=from_scope, graph=from_graph)
    return import_scoped_meta_graph(meta, graph=to_graph, import_scope=to_scope)
