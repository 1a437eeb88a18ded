"""`import tensorflow` gives evergraph: a finder that serves every `tensorflow...` module.

The modules it makes are views: each attribute is looked up on first use through the rules of
`alias_table` and kept. What evergraph lacks never fails where a program imports it, only where it
is used, by name.
"""

from __future__ import annotations

import difflib
import importlib
import re
import sys
from collections.abc import Sequence
from functools import cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn

from evergraph.compat import alias_table as table
from evergraph.compat.frames import import_is_tried

FACE = "evergraph.tf"
ROOT = "tensorflow"
_ABSENT: Any = object()
_VERSIONS = "tensorflow.python.framework.versions"
_OF_THE_FACE = ("__version__", "__git_version__", "__compiler_version__", "__file__")


def _namespaces() -> Any:
    """The face's own table of names."""
    return importlib.import_module(f"{FACE}.namespaces")


def _is_namespace(symbol: str) -> bool:
    return symbol == "tf" or bool(_namespaces().public_names(symbol))


def _in_face(namespace: str, name: str) -> Any:
    """What the face has as `namespace.name` ("tf.nn", "relu"), or absent.

    A module of the face that is no namespace of TensorFlow does not count.
    """
    try:
        value = _namespaces().resolve(namespace, name)
    except AttributeError:
        return _ABSENT
    if isinstance(value, ModuleType) and not _is_namespace(f"{namespace}.{name}"):
        return _ABSENT
    return value


def _public(symbol: str) -> Any:
    """What the face has under a public symbol without its `tf.`, or absent."""
    namespace, _, name = f"tf.{symbol}".rpartition(".")
    return _in_face(namespace, name)


def _missing(symbol: str) -> AttributeError:
    """The error for using a name that evergraph lacks; it names the nearest that it has."""
    namespace, _, name = symbol.rpartition(".")
    names = _namespaces().public_names(namespace)
    if names and name not in names and not namespace.startswith("tf.contrib"):
        said = f"{symbol} is neither in TensorFlow 1.15 nor in evergraph."
    else:
        said = f"{symbol} is not supported by evergraph yet."
    near = nearest(symbol)
    hint = f" The nearest that is: {near}." if near else ""
    error: AttributeError = _namespaces().MissingSymbolError(said + hint)
    return error


@cache
def _face_names() -> dict[str, list[str]]:
    """Last name -> the public symbols of the face that end in it, shortest first."""
    found: dict[str, list[str]] = {}
    for namespace in ("tf", *(f"tf.{space}" for space in table.SPACES)):
        for name in _namespaces().public_names(namespace):
            if _in_face(namespace, name) is not _ABSENT:
                found.setdefault(name, []).append(f"{namespace}.{name}")
    return {name: sorted(symbols, key=len) for name, symbols in found.items()}


def nearest(symbol: str) -> str | None:
    """The public symbol of the face that `symbol` most likely means, or None."""
    renamed = table.RENAMED.get(symbol)
    if renamed:
        return renamed
    namespace, _, name = symbol.rpartition(".")
    names = _face_names()
    if name in names:
        return names[name][0]
    here = [n for n, symbols in names.items() if f"{namespace}.{n}" in symbols]
    for pool, cutoff in ((here, 0.6), (list(names), 0.75)):
        match = difflib.get_close_matches(name, pool, 1, cutoff)
        if match:
            own = f"{namespace}.{match[0]}"
            return own if own in names[match[0]] else names[match[0]][0]
    return None


def _pointed(target: str) -> Any:
    """What a target of `alias_table.ROWS` points to, or absent."""
    module, colon, name = target.partition(":")
    return getattr(importlib.import_module(module), name) if colon else _public(target)


def _as_symbol(module: str) -> str:
    """How a module is named to the user: `tf.nn` for a public namespace, else its own name."""
    short = "tf" + module[len(ROOT) :]
    return short if _is_namespace(short) else module


def _is_module(name: str) -> bool:
    known = name in table.STANDS_FOR
    known = known or (name in table.internal_packages() and not table.is_test_helper(name))
    return known or _shared(name) != name or _as_symbol(name) != name


def _shared(name: str) -> str:
    """The module whose object a module shares, where there is such a one; else itself."""
    shared = table.canonical(name)
    return name if shared == name or _kind(shared) is None else shared


def _op_function(name: str) -> Any:
    """The function of an op by its name in TensorFlow's generated modules, or absent."""
    functions = importlib.import_module(f"{FACE}.op_functions")
    return functions.find_function(name) or _ABSENT


def _candidates(module: str, name: str) -> Any:
    """What an attribute of an alias module may stand for, in the order of the rules."""
    if (module, name) in table.ROWS:
        yield _pointed(table.ROWS[module, name])
    if module in table.STANDS_FOR:
        yield getattr(importlib.import_module(table.STANDS_FOR[module]), name, _ABSENT)
    if _is_module(f"{module}.{name}"):
        yield importlib.import_module(f"{module}.{name}")
    symbol = _as_symbol(module)
    if symbol != module:
        yield _in_face(symbol, name)
        return
    public = table.internal_names().get(module, {}).get(name)
    if public:
        yield _public(public)
    if table.is_generated(module):
        yield _op_function(name)
    for namespace in table.search_path(module):
        yield _in_face(f"tf.{namespace}".rstrip("."), name)
    if module.startswith(table.WITH_OP_FUNCTIONS):
        yield _op_function(name)


def resolve(module: str, name: str) -> Any:
    """The object that `module.name` stands for; the face's MissingSymbolError if there is none."""
    for value in _candidates(module, name):
        if value is not _ABSENT:
            return _view(value)
    raise _missing(f"{_as_symbol(module)}.{name}")


def _view(value: Any) -> Any:
    """A module of the face as a program sees it: the alias module of its namespace."""
    if isinstance(value, ModuleType) and value.__name__.startswith(FACE):
        return importlib.import_module(ROOT + value.__name__[len(FACE) :])
    return value


class AliasModule(ModuleType):
    """A `tensorflow...` module: each attribute is looked up when first used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            return self._special(name)
        value = resolve(self.__name__, name)
        self.__dict__[name] = value
        return value

    def _special(self, name: str) -> Any:
        """`__version__` and the like come from the face; `import *` takes what there is."""
        if name == "__all__":
            return [n for n in dir(self) if not n.startswith("_")]
        if self.__name__ in (ROOT, _VERSIONS) and name in _OF_THE_FACE:
            return getattr(importlib.import_module(FACE), name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        # Importing a missing name must not make it an attribute: `tf.lacking` goes on raising.
        if not isinstance(value, _Lacking) or _as_symbol(self.__name__) == self.__name__:
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        names = _namespaces().public_names(_as_symbol(self.__name__))
        names = names or table.internal_names().get(self.__name__, ())
        there = (n for n in names if _has(self.__name__, n))
        return sorted({*self.__dict__, *there})


def _has(module: str, name: str) -> bool:
    return any(value is not _ABSENT for value in _candidates(module, name))


class _Lacking(ModuleType):
    """What a name that evergraph lacks is bound to by an import: any use of it raises."""

    def _raise(self, *args: Any, **kwargs: Any) -> NoReturn:
        module, _, name = self.__name__.rpartition(".")
        raise _missing(f"{_as_symbol(module)}.{name}")

    # No __bool__ nor __len__: tools that walk sys.modules ask modules for their truth.
    __call__ = __iter__ = __getitem__ = __contains__ = _raise
    __mro_entries__ = __instancecheck__ = __subclasscheck__ = __enter__ = __exit__ = _raise
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = _raise
    __lt__ = __le__ = __gt__ = __ge__ = __neg__ = __int__ = __float__ = __index__ = _raise

    def __repr__(self) -> str:
        return f"<{self.__name__}, which evergraph lacks>"


class Placeholder(_Lacking):
    """A symbol that TensorFlow has and evergraph lacks."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(f"{self!r} has no attribute {name!r}")
        self._raise()


class UnknownModule(_Lacking, AliasModule):
    """A name below TensorFlow's internal packages that may be a module or a symbol."""


def _kind(name: str) -> type[ModuleType] | None:
    """The class of the module that `import name` makes; None if TensorFlow has none."""
    if name == ROOT or _is_module(name):
        return AliasModule
    parent, _, last = name.rpartition(".")
    if last in _namespaces().public_names(_as_symbol(parent)):
        return Placeholder
    if last in table.internal_names().get(parent, {}):
        return Placeholder
    if name.split(".")[1] in table.INTERNAL and not table.is_test_helper(name):
        return UnknownModule
    return None


class _AliasLoader(Loader):
    """Makes the module of a name, or hands over the one that it shares."""

    def __init__(self, kind: type[ModuleType]) -> None:
        self.kind = kind

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self.kind(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        shared = _shared(module.__name__)
        if shared != module.__name__:
            sys.modules[module.__name__] = importlib.import_module(shared)
            return
        if module.__name__ in table.LOADED_AT_ONCE:
            importlib.import_module(table.STANDS_FOR[module.__name__])


def _is_for_tests(name: str) -> bool:
    """Whether an internal module that evergraph has not is, by its name, a helper of tests."""
    if name in table.STANDS_FOR or _as_symbol(name) != name:
        return False
    return re.search(r"(^|_)test", name.rpartition(".")[2]) is not None


def _offered_elsewhere(
    fullname: str, path: Sequence[str] | None, target: ModuleType | None
) -> ModuleSpec | None:
    """What another finder has under this name: a program may bring TensorFlow's test helpers."""
    for finder in sys.meta_path:
        if not isinstance(finder, AliasFinder):
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                return spec
    return None


class AliasFinder(MetaPathFinder):
    """Serves `tensorflow` and every module below it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a `tensorflow...` module; None for all others."""
        if fullname.partition(".")[0] != ROOT:
            return None
        kind = _kind(fullname)
        if kind is None or (issubclass(kind, _Lacking) and import_is_tried()):
            return None
        if _is_for_tests(fullname):
            spec = _offered_elsewhere(fullname, path, target)
            if spec is not None:
                return spec
        return ModuleSpec(fullname, _AliasLoader(kind), origin="evergraph", is_package=True)


def install_as_tensorflow() -> None:
    """Makes `import tensorflow` and every `tensorflow...` import in this process give evergraph.

    Calling it again does nothing. Raises RuntimeError when TensorFlow itself is imported already.
    """
    present = sys.modules.get(ROOT)
    if present is not None and not isinstance(present, AliasModule):
        raise RuntimeError(
            "TensorFlow itself is already imported in this process. Call "
            "evergraph.install_as_tensorflow() before anything imports tensorflow, or start the "
            "program with `evergraph run`."
        )
    if not any(isinstance(finder, AliasFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, AliasFinder())


def uninstall() -> None:
    """Undoes `install_as_tensorflow`: later imports find what is installed."""
    sys.meta_path[:] = [f for f in sys.meta_path if not isinstance(f, AliasFinder)]
    if isinstance(sys.modules.get(ROOT), AliasModule):
        for name in [n for n in sys.modules if n.partition(".")[0] == ROOT]:
            del sys.modules[name]
