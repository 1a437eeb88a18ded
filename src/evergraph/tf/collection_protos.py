"""How the items of collections become messages and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.registry import Registry
from .control_flow_context import CondContext, WhileContext
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


def _context_functions(kind: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """How contexts become messages and back: that module is loaded when it is needed."""

    def to_proto(context: Any, export_scope: str | None = None) -> Any:
        from . import context_protos

        return getattr(context_protos, f"{kind}_to_proto")(context, export_scope)

    def from_proto(proto: Any, import_scope: str | None = None) -> Any:
        from . import context_protos

        return getattr(context_protos, f"{kind}_from_proto")(proto, import_scope)

    return to_proto, from_proto


for _kind, _key, _type in (
    ("cond", GraphKeys.COND_CONTEXT, CondContext),
    ("while", GraphKeys.WHILE_CONTEXT, WhileContext),
):
    _to_proto, _from_proto = _context_functions(_kind)
    register_proto_function(_key, f"{_type.__name__}Def", _to_proto, _from_proto)
    setattr(_type, "to_proto", _to_proto)  # noqa: B010  the messages are above the contexts
    setattr(_type, "from_proto", staticmethod(_from_proto))  # noqa: B010
