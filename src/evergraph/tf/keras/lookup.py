"""How Keras names objects: by a string, or by a dictionary of class name and arguments."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any


def serialize(instance: Any) -> Any:
    """A function's name, or the class name and arguments of an object; None for None."""
    if instance is None:
        return None
    if hasattr(instance, "get_config"):
        return {"class_name": type(instance).__name__, "config": instance.get_config()}
    if hasattr(instance, "__name__"):
        return instance.__name__
    raise ValueError(f"Cannot serialize {instance}")


def deserialize(
    identifier: Any, known: Mapping[str, Any], custom_objects: Mapping[str, Any] | None, what: str
) -> Any:
    """The object that a string or a configuration names; ValueError if there is none."""
    table = {**known, **(custom_objects or {})}
    if isinstance(identifier, Mapping):
        if "class_name" not in identifier or "config" not in identifier:
            raise ValueError(f"Improper config format: {identifier}")
        found = _look_up(identifier["class_name"], table, what)
        config = dict(identifier["config"])
        return found.from_config(config) if hasattr(found, "from_config") else found(**config)
    if isinstance(identifier, str):
        found = _look_up(identifier, table, what)
        return found() if inspect.isclass(found) else found
    raise ValueError(f"Could not interpret serialized {what}: {identifier}")


def _look_up(name: str, table: Mapping[str, Any], what: str) -> Any:
    if name not in table:
        raise ValueError(f"Unknown {what}: {name}. Known are {', '.join(sorted(table))}.")
    return table[name]
