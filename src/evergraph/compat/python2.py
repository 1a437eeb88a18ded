"""Python 2 sources, converted on the fly by fissix, the maintained successor of lib2to3.

The converter rewrites syntax and names; what it leaves is division: `/` of two integers rounded
down, unless the file says `from __future__ import division`.
"""

from __future__ import annotations

import ast
import copy
import importlib
import linecache
import logging
import os
import re
import sys
import tokenize
import warnings
from collections.abc import Sequence
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

from evergraph.compat.frames import is_program
from evergraph.compat.notes import note

DIVIDE = "__evergraph_divide__"
DIVIDE_IN_PLACE = "__evergraph_divide_in_place__"
_FUTURE_DIVISION = re.compile(r"^from\s+__future__\s+import\s[^\n]*\bdivision\b", re.MULTILINE)
# Fixers that only change taste, or that would wrap what is right already.
_LEFT_OUT = {"fix_idioms", "fix_set_literal", "fix_ws_comma", "fix_buffer", "fix_isinstance"}


class Python2Error(Exception):
    """A source that cannot be converted, or no converter to do it."""


@cache
def _tool() -> Any:
    try:
        refactor = importlib.import_module("fissix.refactor")
    except ImportError as error:
        raise Python2Error(
            "This is a Python 2 program; converting it takes the package fissix: "
            "pip install 'evergraph[py2]'"
        ) from error
    logging.getLogger("RefactoringTool").setLevel(logging.ERROR)
    names = refactor.get_fixers_from_package("fissix.fixes")
    fixers = [name for name in names if name.rpartition(".")[2] not in _LEFT_OUT]
    return refactor.RefactoringTool(fixers, {})


def read_source(path: str) -> str:
    """The text of a source file, by its encoding line; Latin-1 where it is not UTF-8."""
    try:
        with tokenize.open(path) as file:
            return file.read()
    except (SyntaxError, UnicodeDecodeError):
        with open(path, encoding="latin1") as file:
            return file.read()


def is_python3(source: str) -> bool:
    """Whether a source parses as Python 3."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(source)
        except (SyntaxError, ValueError):
            return False
    return True


def convert(source: str, filename: str) -> str:
    """A Python 2 source as Python 3; raises Python2Error if it is neither."""
    # Python 2 took a tab for eight columns wherever it stood.
    lines = [_untabbed(line) for line in source.splitlines()]
    try:
        converted = str(_tool().refactor_string("\n".join([*lines, ""]), filename))
    except Python2Error:
        raise
    except Exception as error:
        raise Python2Error(f"{filename} is neither Python 3 nor Python 2: {error}") from error
    if not is_python3(converted):
        raise Python2Error(f"{filename} could not be converted from Python 2.")
    return converted


def _untabbed(line: str) -> str:
    body = line.lstrip(" \t")
    return line[: len(line) - len(body)].expandtabs(8) + body


class _Division(ast.NodeTransformer):
    """Replaces `a / b` and `a /= b` by calls that divide as Python 2 did."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Div):
            return node
        return _call(DIVIDE, node.left, node.right, node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        # A target that calls something must not be evaluated twice.
        calls = any(isinstance(part, ast.Call) for part in ast.walk(node.target))
        if calls or not isinstance(node.op, ast.Div):
            return node
        value = copy.deepcopy(node.target)
        value.ctx = ast.Load()
        divided = _call(DIVIDE_IN_PLACE, value, node.value, node)
        return ast.copy_location(ast.Assign([node.target], divided), node)


def _call(name: str, left: ast.expr, right: ast.expr, node: ast.AST) -> ast.Call:
    call = ast.Call(ast.Name(name, ast.Load()), [left, right], [])
    return ast.fix_missing_locations(ast.copy_location(call, node))


def _is_integral(value: Any) -> bool:
    if isinstance(value, int):
        return True
    return getattr(getattr(value, "dtype", None), "kind", "") in ("i", "u", "b")


def divide(a: Any, b: Any) -> Any:
    """`a / b` in Python 2: rounded down when both are integers or arrays of them."""
    for left, right, method in ((a, b, "__div__"), (b, a, "__rdiv__")):
        if hasattr(type(left), method):
            return getattr(left, method)(right)
    return a // b if _is_integral(a) and _is_integral(b) else a / b


def divide_in_place(a: Any, b: Any) -> Any:
    """What `a /= b` left in `a` in Python 2; arrays are changed in place."""
    if hasattr(type(a), "__div__") or hasattr(type(b), "__rdiv__"):
        return divide(a, b)
    if _is_integral(a) and _is_integral(b):
        a //= b
    else:
        a /= b
    return a


def compile_python2(source: str, filename: str) -> CodeType:
    """The code of a Python 2 source; its converted lines are what tracebacks show."""
    converted = convert(source, filename)
    lines = converted.splitlines(keepends=True)
    linecache.cache[filename] = (len(converted), None, lines, filename)
    tree: Any = ast.parse(converted, filename)
    if not _FUTURE_DIVISION.search(source):
        tree = _Division().visit(tree)
    note(f"{os.path.basename(filename)} is Python 2; it was converted to run")
    code: CodeType = compile(tree, filename, "exec")
    return code


def namespace() -> dict[str, Any]:
    """The names that converted code needs."""
    return {DIVIDE: divide, DIVIDE_IN_PLACE: divide_in_place}


class _Loader(SourceFileLoader):
    """Loads the program's own modules, converting those written for Python 2."""

    def __init__(self, name: str, path: str, always: bool, heal: bool) -> None:
        super().__init__(name, path)
        self.always = always
        self.heal = heal

    def get_code(self, fullname: str) -> CodeType | None:
        source = read_source(self.path)
        if self.always or not is_python3(source):
            return compile_python2(source, self.path)
        return super().get_code(fullname)

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__.update(namespace())
        if self.heal:
            module.__dict__.update(_old_builtins(self.path))
        super().exec_module(module)


def _old_builtins(path: str) -> dict[str, Any]:
    from evergraph.compat.heal import python2_builtins

    source = read_source(path)
    return python2_builtins(source, path) if is_python3(source) else {}


class _Finder(MetaPathFinder):
    """Finds the modules beside a program, to load them through `_Loader`."""

    def __init__(self, always: bool, heal: bool) -> None:
        self.always = always
        self.heal = heal

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or type(spec.loader) is not SourceFileLoader or spec.origin is None:
            return None
        if not is_program(spec.origin):
            return None
        spec.loader = _Loader(fullname, spec.origin, self.always, self.heal)
        return spec


def convert_imports(always: bool = False, heal: bool = True) -> None:
    """Has the modules beside the program converted too: all of them, or those that need it."""
    sys.meta_path.insert(0, _Finder(always, heal))
