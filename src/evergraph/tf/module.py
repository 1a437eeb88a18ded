"""`tf.Module`: an object that knows the variables and modules among its attributes."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from . import nest
from .framework import name_scope
from .variables import Variable

__all__ = ["Module"]

_IDENTIFIER = re.compile(r"^[a-zA-Z_]([a-zA-Z0-9_])*$")


class Module:
    """A base of objects that hold variables.

    `variables`, `trainable_variables` and `submodules` look through the attributes, in the order
    of their names, and into the lists, tuples and dicts and the modules among them.

    Args:
        name: a valid Python identifier; by default the class' name in snake_case.

    Raises:
        ValueError: for a name that is no identifier.
    """

    _TF_MODULE_IGNORED_PROPERTIES: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, name: Any = None) -> None:
        if name is None:
            name = _snake_case(type(self).__name__)
        elif not _IDENTIFIER.match(name):
            raise ValueError(
                f"{name!r} is not a valid module name. Module names must be valid Python "
                "identifiers (e.g. a valid class name)."
            )
        self._name: str = name
        with name_scope(name) as scope:
            self._scope_name = scope

    @property
    def name(self) -> str:
        """The name of the module, as given or made of the class' name."""
        return self._name

    @property
    def name_scope(self) -> Any:
        """A context in which operations get names below the module's scope."""
        return name_scope(self._scope_name)

    @property
    def variables(self) -> tuple[Any, ...]:
        """The variables of this module and of those inside it."""
        return tuple(self._flatten(predicate=_is_variable))

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """Those of the variables that optimizers train."""
        return tuple(self._flatten(predicate=_is_trainable))

    @property
    def submodules(self) -> tuple[Any, ...]:
        """The modules inside this one, at any depth."""
        return tuple(self._flatten(predicate=_is_module))

    def _flatten(
        self,
        recursive: bool = True,
        predicate: Callable[[Any], bool] | None = None,
        attribute_traversal_key: Any = None,
        with_path: bool = False,
    ) -> Iterator[Any]:
        """What of the attributes holds to `predicate`; `(path, value)` pairs `with_path`."""
        chosen = predicate or (lambda value: True)
        for path, value in _walk(self, recursive, chosen, attribute_traversal_key, (), {id(self)}):
            yield (path, value) if with_path else value

    @classmethod
    def with_name_scope(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """A decorator for methods: what they make is named below the module's scope."""

        @functools.wraps(method)
        def in_scope(self: Any, *args: Any, **kwargs: Any) -> Any:
            with self.name_scope:
                return method(self, *args, **kwargs)

        return in_scope


def _snake_case(name: str) -> str:
    words = re.sub(r"((?<=[a-z0-9])[A-Z]|(?!^)[A-Z](?=[a-z]))", r"_\1", name)
    return words.lower()


def _is_variable(value: Any) -> bool:
    return isinstance(value, Variable)


def _is_trainable(value: Any) -> bool:
    return _is_variable(value) and bool(getattr(value, "trainable", False))


def _is_module(value: Any) -> bool:
    return isinstance(value, Module)


Path = tuple[Any, ...]


def _walk(
    module: Module,
    recursive: bool,
    chosen: Callable[[Any], bool],
    order: Any,
    path: Path,
    seen: set[int],
) -> Iterator[tuple[Path, Any]]:
    """(path, value) of what is chosen: a module's own attributes first, then what is inside."""
    inner: list[tuple[Path, Module]] = []
    for key in sorted(vars(module), key=order):
        if key in module._TF_MODULE_IGNORED_PROPERTIES:
            continue
        for below, leaf in _leaves(key, vars(module)[key]):
            if id(leaf) in seen:
                continue
            seen.add(id(leaf))
            if chosen(leaf):
                yield (*path, *below), leaf
            if recursive and isinstance(leaf, Module):
                inner.append(((*path, *below), leaf))
    for below, leaf in inner:
        yield from _walk(leaf, recursive, chosen, order, below, seen)


def _leaves(key: str, value: Any) -> list[tuple[Path, Any]]:
    """The leaves of an attribute, each with its path; ValueError for keys that have no order."""
    try:
        return [((key, *below), leaf) for below, leaf in nest.yield_flattened_paths(value)]
    except TypeError as error:
        raise ValueError(f"Error processing property {key!r} of {value!r}: {error}") from None
