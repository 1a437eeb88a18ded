"""Doing something to a module right after the program imports it, or providing one that is gone.

Nothing is imported here that the program does not import itself.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from evergraph.compat.frames import import_is_tried

Hook = Callable[[ModuleType], None]


class _AfterImport(MetaPathFinder):
    """Finds what the other finders find and has a module's hooks called once it is loaded."""

    def __init__(self) -> None:
        self.hooks: dict[str, list[Hook]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self.hooks:
            return None
        hooks = self.hooks.pop(fullname)
        spec = _found_by_others(self, fullname, path, target)
        if spec is not None and spec.loader is not None:
            _call_after(spec.loader, hooks)
        else:
            self.hooks[fullname] = hooks
        return spec


def _found_by_others(
    own: MetaPathFinder, name: str, path: Sequence[str] | None, target: ModuleType | None
) -> ModuleSpec | None:
    for finder in sys.meta_path:
        spec = None if finder is own else finder.find_spec(name, path, target)
        if spec is not None:
            return spec
    return None


def _call_after(loader: Any, hooks: list[Hook]) -> None:
    # On the instance: whoever looks at the loader's type finds what it always was.
    original = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        original(module)
        for hook in hooks:
            hook(module)

    loader.exec_module = exec_module


class _Provided(MetaPathFinder):
    """Serves modules that are gone, after every other finder has failed."""

    def __init__(self) -> None:
        self.makers: dict[str, Callable[[], ModuleType]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self.makers or import_is_tried():
            return None
        return ModuleSpec(fullname, _Maker(self.makers[fullname]), origin="evergraph")


class _Maker(Loader):
    def __init__(self, make: Callable[[], ModuleType]) -> None:
        self.make = make

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        sys.modules[module.__name__] = self.make()


_after_import = _AfterImport()
_provided = _Provided()


def after_import(name: str, hook: Hook) -> None:
    """Calls `hook(module)` when `name` is imported, or now if it is there already."""
    if name in sys.modules:
        hook(sys.modules[name])
        return
    if name in sys.builtin_module_names:
        hook(importlib.import_module(name))
        return
    _after_import.hooks.setdefault(name, []).append(hook)
    if _after_import not in sys.meta_path:
        sys.meta_path.insert(0, _after_import)


def provide(name: str, make: Callable[[], ModuleType]) -> None:
    """Makes `import name` give `make()` where no such module is installed any more."""
    _provided.makers[name] = make
    if _provided not in sys.meta_path:
        sys.meta_path.append(_provided)


def remove_hooks() -> None:
    """Forgets all hooks and provided modules; what was imported stays as it is."""
    _after_import.hooks.clear()
    _provided.makers.clear()
    sys.meta_path[:] = [f for f in sys.meta_path if f not in (_after_import, _provided)]
