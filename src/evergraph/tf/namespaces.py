"""TensorFlow's namespaces by one table: which public names there are, and which are one object.

`public_names.tsv` lists, for each module of TensorFlow 1.15, its names; `a=tf.b` says that the
name is the object `tf.b`. A name that exists nowhere here raises UnimplementedError, one that
TensorFlow has not either AttributeError.
"""

from __future__ import annotations

import difflib
import importlib
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import UnimplementedError

_PACKAGE = __name__.rpartition(".")[0]
_TABLE = Path(__file__).with_name("public_names.tsv")


class MissingSymbolError(UnimplementedError, AttributeError):
    """A symbol of TensorFlow that is not here: raised when it is used."""


@cache
def _modules() -> dict[str, dict[str, str]]:
    """For each TensorFlow module, its names and what they are aliases of (or an empty string)."""
    table: dict[str, dict[str, str]] = {}
    for line in _TABLE.read_text().splitlines():
        module, _, names = line.partition("\t")
        pairs = (item.partition("=")[::2] for item in names.split())
        table[module] = dict(pairs)
    return table


@cache
def _groups() -> dict[str, list[str]]:
    """For each symbol, all names of the same object."""
    groups: dict[str, list[str]] = {}
    for module, names in _modules().items():
        for name, alias in names.items():
            if alias:
                groups.setdefault(alias, [alias]).append(f"{module}.{name.rstrip('.')}")
    return {symbol: group for group in groups.values() for symbol in group}


def public_names(module: str) -> list[str]:
    """The names that TensorFlow's module has (`tf.nn`)."""
    return [n.rstrip(".") for n in _modules().get(module, {})]


def _own(symbol: str) -> Any:
    """The object that a module of ours defines under this name, or KeyError."""
    module_name, _, name = symbol.rpartition(".")
    module = _loaded(module_name)
    names = {} if module is None else vars(module)
    if name in names:
        return names[name]
    return getattr(names.get("_LAZY", {})[name], name)


def _loaded(symbol: str) -> ModuleType | None:
    """Our module of a TensorFlow namespace, imported if need be; None if there is none."""
    name = _PACKAGE + symbol.removeprefix("tf")
    if name in sys.modules:
        return sys.modules[name]
    try:
        module = importlib.import_module(name)
        adopt(module)
        return module
    except ModuleNotFoundError as error:
        if error.name is not None and name.startswith(error.name):
            return None
        raise


class _Package(ModuleType):
    """A package of ours: a module that Python imports into it becomes a namespace as well."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if type(value) is ModuleType:
            adopt(value)


class _PublicModule(_Package):
    """A module of ours that is a namespace of TensorFlow's: what it has not is looked up."""

    def __getattr__(self, name: str) -> Any:
        return resolve("tf" + self.__name__.removeprefix(_PACKAGE), name)


def adopt(*modules: ModuleType) -> None:
    """Makes names that these modules lack resolve by the table, or raise what it says."""
    for module in modules:
        symbol = "tf" + module.__name__.removeprefix(_PACKAGE)
        if type(module) is ModuleType and module.__name__.startswith(_PACKAGE):
            if symbol == "tf":
                module.__class__ = _Package
            elif symbol in _modules():
                module.__class__ = _PublicModule


class Namespace(ModuleType):
    """A namespace of TensorFlow that has no module of its own here, e.g. `tf.math`."""

    def __init__(self, symbol: str) -> None:
        super().__init__(_PACKAGE + symbol.removeprefix("tf"), f"Names of `{symbol}`.")
        self.__dict__["_symbol"] = symbol
        self.__dict__["__path__"] = []

    def __getattr__(self, name: str) -> Any:
        value = resolve(self.__dict__["_symbol"], name)
        self.__dict__[name] = value
        return value

    def __dir__(self) -> list[str]:
        return sorted(n for n in public_names(self.__dict__["_symbol"]) if exists(self, n))


def exists(namespace: Any, name: str) -> bool:
    """Whether a name of a namespace is supported."""
    try:
        getattr(namespace, name)
    except AttributeError:
        return False
    return True


def resolve(module: str, name: str) -> Any:
    """The object that TensorFlow has as `module.name` (`resolve("tf.math", "add")`).

    Raises MissingSymbolError if TensorFlow has it and evergraph has not, AttributeError if
    TensorFlow has no such name either.
    """
    if name.startswith("__"):
        raise missing(module, name)  # `__path__` and its like belong to Python's import
    symbol = f"{module}.{name}"
    for candidate in _groups().get(symbol, [symbol]):
        try:
            return _own(candidate)
        except KeyError:
            continue
    own = _loaded(symbol)
    if own is not None:
        return own
    if symbol in _modules() or name + "." in _modules().get(module, {}):
        return _namespace(symbol)
    raise missing(module, name)


@cache
def _namespace(symbol: str) -> Namespace:
    return Namespace(symbol)


def missing(module: str, name: str) -> AttributeError:
    """The error for a name that is not here."""
    known = public_names(module)
    if name.startswith("__") or name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f" Did you mean {module}.{near[0]}?" if near else ""
        return AttributeError(f"module {module!r} has no attribute {name!r}.{hint}")
    here = vars(_loaded(module) or ModuleType("none"))
    near = difflib.get_close_matches(name, [n for n in here if n in known], 1, 0.5)
    hint = f" The nearest that is: {module}.{near[0]}." if near else ""
    return MissingSymbolError(f"{module}.{name} is not supported by evergraph yet.{hint}")
