"""How the items of collections become messages, and how names move between scopes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..core.registry import Registry
from .graph_keys import GraphKeys

_registry = Registry("proto functions")

_VARIABLES = (
    GraphKeys.GLOBAL_VARIABLES,
    GraphKeys.TRAINABLE_VARIABLES,
    GraphKeys.MOVING_AVERAGE_VARIABLES,
    GraphKeys.LOCAL_VARIABLES,
    GraphKeys.MODEL_VARIABLES,
    GraphKeys.GLOBAL_STEP,
    GraphKeys.METRIC_VARIABLES,
)


def register_proto_function(
    collection_name: str,
    proto_type: Any = None,
    to_proto: Callable[..., Any] | None = None,
    from_proto: Callable[..., Any] | None = None,
) -> None:
    """Says how items of a collection become messages of a type and back.

    `to_proto(item, export_scope)` gives the message, `from_proto(message, import_scope)` the item.
    Raises TypeError where these cannot be called, KeyError for a collection that has them already.
    """
    if to_proto and not callable(to_proto):
        raise TypeError("to_proto must be callable.")
    if from_proto and not callable(from_proto):
        raise TypeError("from_proto must be callable.")
    _registry.register((proto_type, to_proto, from_proto), collection_name)


def _functions(collection_name: Any) -> tuple[Any, Any, Any]:
    try:
        functions: tuple[Any, Any, Any] = _registry.lookup(collection_name)
    except LookupError:
        return None, None, None
    return functions


def get_collection_proto_type(collection_name: Any) -> Any:
    """The class of messages that a collection's items become, or None."""
    kind = _functions(collection_name)[0]
    if isinstance(kind, str):
        from ..formats import messages

        return getattr(messages, kind)
    return kind


def get_to_proto_function(collection_name: Any) -> Any:
    """What turns a collection's items into messages, or None."""
    return _functions(collection_name)[1]


def get_from_proto_function(collection_name: Any) -> Any:
    """What turns messages into a collection's items, or None."""
    return _functions(collection_name)[2]


def _variable_to_proto(variable: Any, export_scope: str | None = None) -> Any:
    return variable.to_proto(export_scope)


def _variable_from_proto(proto: Any, import_scope: str | None = None) -> Any:
    from .variables import Variable

    return Variable.from_proto(proto, import_scope)


for _name in _VARIABLES:
    register_proto_function(_name, "VariableDef", _variable_to_proto, _variable_from_proto)


# -- names and scopes ------------------------------------------------------------------------------


def strip_name_scope(name: Any, export_scope: str | None) -> str:
    """A node's name (or `^name`, `loc:@name`) without the scope before it."""
    name = name.decode() if isinstance(name, bytes) else name
    if not export_scope:
        return str(name)
    scope = re.escape(export_scope.removesuffix("/"))
    return re.sub(rf"^(\^|loc:@|){scope}/+", r"\1", name, count=1)


def prepend_name_scope(name: Any, import_scope: str | None) -> str:
    """A node's name (or `^name`, `loc:@name`) below a scope."""
    name = name.decode() if isinstance(name, bytes) else name
    if not import_scope:
        return str(name)
    scope = import_scope.removesuffix("/")
    mark = next((m for m in ("^", "loc:@") if name.startswith(m)), "")
    return f"{mark}{scope}/{name.removeprefix(mark)}"
