"""Puts back, for the program being run, names that other libraries have removed or changed.

The table is `heal_table`. A removed name is answered by a module-level `__getattr__`, so nothing
that exists is replaced, and only for the program's own code: libraries ask for old names to learn
their neighbours' versions. Each name is reported once, when it is used.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable, Iterator
from functools import partial, wraps
from types import ModuleType
from typing import Any

from evergraph.compat import heal_functions, heal_table
from evergraph.compat.frames import is_program, place, program_frame
from evergraph.compat.import_hooks import after_import, provide
from evergraph.compat.notes import note


def target_of(target: str) -> Any:
    """The object a target of the table names."""
    if target.startswith("!"):
        made = getattr(heal_functions, target[1:])
        return made() if getattr(made, "makes_value", False) else made
    module, _, path = target.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split(".") if path else ():
        found = getattr(found, part)
    return found


def _shown(target: str) -> str:
    """A target as the note names it."""
    if target.startswith("!"):
        return "its own"
    return target.replace("builtins:", "").replace(":", ".").rstrip(".")


def _say(name: str, since: str, target: str) -> None:
    note(f"{name} went in {since}; evergraph uses {_shown(target)}", place(program_frame()))


def _pairs(words: str) -> Iterator[tuple[str, str]]:
    for word in words.split():
        name, _, target = word.partition("=")
        yield name, target


def _answer_names(rows: dict[str, tuple[str, str]], module: ModuleType) -> None:
    """Gives a module a `__getattr__` that knows the table's rows for it."""
    before = module.__dict__.get("__getattr__")

    def __getattr__(name: str) -> Any:
        if name in rows and is_program(sys._getframe(1).f_code.co_filename):
            since, target = rows[name]
            _say(f"{module.__name__}.{name}", since, target)
            return target_of(target)
        if before is not None:
            return before(name)
        raise AttributeError(
            f"module {module.__name__!r} has no attribute {name!r}", name=name, obj=module
        )

    module.__dict__["__getattr__"] = __getattr__


def _set_methods(since: str, words: str, module: ModuleType) -> None:
    for path, target in _pairs(words):
        class_name, _, method = path.partition(".")
        owner = getattr(module, class_name, None)
        if owner is not None and not hasattr(owner, method):
            shown = f"{module.__name__}.{path}"
            setattr(owner, method, _noted(target_of(target), shown, since, target))


def _noted(function: Callable[..., Any], name: str, since: str, target: str) -> Any:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        _say(name, since, target)
        return function(*args, **kwargs)

    return call


def _wrap(words: str, module: ModuleType) -> None:
    for path, wrapper in _pairs(words):
        owner: Any = module
        *classes, name = path.split(".")
        for part in classes:
            owner = getattr(owner, part)
        setattr(owner, name, _healed(getattr(owner, name), getattr(heal_functions, wrapper)))


def _healed(original: Callable[..., Any], wrapper: Callable[..., Any]) -> Callable[..., Any]:
    # A plain function, so that it binds where it is a method.
    @wraps(original)
    def function(*args: Any, **kwargs: Any) -> Any:
        return wrapper(original, *args, **kwargs)

    return function


def _replacement(name: str) -> ModuleType:
    """A module that is gone, with the names of those that took over."""
    since, sources = heal_table.MODULES[name]
    module = ModuleType(name, f"{name}, which went in {since}.")
    module.__dict__["__path__"] = []
    for source in reversed([importlib.import_module(s) for s in sources]):
        module.__dict__.update({k: v for k, v in vars(source).items() if not k.startswith("__")})
    shown = " and ".join(sources) or "its own"
    note(f"module {name} went in {since}; evergraph uses {shown}", place(program_frame()))
    _answer_names(_rows_of(name), module)
    return module


def _rows_of(module: str) -> dict[str, tuple[str, str]]:
    return {
        name: (since, target)
        for owner, since, words in heal_table.NAMES
        for name, target in _pairs(words)
        if owner == module
    }


def _print_scalars_as_before(numpy: ModuleType) -> None:
    """NumPy 2 prints `[np.float32(3.0)]` where programs expect `[3.0]`."""
    numpy.set_printoptions(legacy="1.25")


def activate() -> None:
    """Heals this process, for the program about to be run."""
    for module in dict.fromkeys(owner for owner, _, _ in heal_table.NAMES):
        after_import(module, partial(_answer_names, _rows_of(module)))
    for module, since, words in heal_table.METHODS:
        after_import(module, partial(_set_methods, since, words))
    for module, words in heal_table.WRAPPED:
        after_import(module, partial(_wrap, words))
    for module in heal_table.MODULES:
        provide(module, partial(_replacement, module))
    after_import("numpy", _print_scalars_as_before)
    heal_functions.watch_written_files()


def python2_builtins(source: str, filename: str) -> dict[str, Any]:
    """The built-in names of Python 2 that a source uses and does not define, with their values."""
    tree = ast.parse(source, filename)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    stored = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    stored |= {node.name for node in ast.walk(tree) if isinstance(node, _DEFINITIONS)}
    stored |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    stored |= set(_imported(tree))
    found = {}
    for node in names:
        target = heal_table.BUILTINS.get(node.id)
        if target is not None and node.id not in stored and node.id not in found:
            where = f"{filename.rpartition('/')[2]}:{node.lineno}"
            note(f"{node.id} went in Python 3.0; evergraph uses {_shown(target)}", where)
            found[node.id] = target_of(target)
    return found


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield (alias.asname or alias.name).partition(".")[0]
