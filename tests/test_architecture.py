"""The project's shape: who imports whom, what every op and every public name has, house numbers."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import pytest

import evergraph

ROOT = Path(evergraph.__file__).parent
# A layer imports what stands below it or beside it in the same layer.
LAYERS = (
    ("settings", "errors"),
    ("core",),
    ("ops",),
    ("transform",),
    ("backends",),
    ("runtime",),
    ("formats",),
    ("tf",),
    ("compat",),
    ("cli",),
)
LEVEL = {name: i for i, names in enumerate(LAYERS) for name in names}
# Optional or slow to load: imported inside the functions that use them.
HEAVY = {
    "IPython",
    "PIL",
    "attr",
    "fissix",
    "google",
    "h5py",
    "jax",
    "llvmlite",
    "matplotlib",
    "mlxtend",
    "nbformat",
    "pandas",
    "psutil",
    "rich",
    "scipy",
    "sklearn",
    "tensorflow",
    "threadpoolctl",
    "torch",
}
# Modules of the face that call each other, inside functions: a variable makes variables of either
# kind, and `array_ops` also lists what `selection_ops` gives.
_FACE = "evergraph.tf."
KNOWN_RINGS = [
    {_FACE + "array_ops", _FACE + "selection_ops"},
    {
        _FACE + "partitioned_variables",
        _FACE + "ref_variables",
        _FACE + "resource_variables",
        _FACE + "variable_scope",
        _FACE + "variable_store",
        _FACE + "variables",
    },
]
FORBIDDEN = re.compile(
    r"\b(TODO|FIXME|XXX|HACK|TEMPORARY)\b|pragma: no cover|/work/|\bshared/|NotImplemented\(\)"
)


@dataclass(frozen=True)
class Import:
    """One import of a module: what, where, and whether it happens when the module is loaded."""

    target: str
    line: int
    at_load: bool
    for_types: bool


@dataclass
class Module:
    """A source file."""

    name: str
    path: Path
    tree: ast.Module
    imports: list[Import] = field(default_factory=list)

    @property
    def layer(self) -> str:
        """The first part of its name inside the package; empty for the package itself."""
        return [*self.name.split("."), ""][1]

    @property
    def is_public(self) -> bool:
        return not any(p.startswith("_") for p in self.name.split("."))


@cache
def modules() -> dict[str, Module]:
    """All modules of the package."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = ["evergraph", *path.relative_to(ROOT).with_suffix("").parts]
        name = ".".join(p for p in parts if p != "__init__")
        found[name] = Module(name, path, ast.parse(path.read_text()))
    for module in found.values():
        module.imports = list(_imports(module, set(found)))
    return found


def _imports(module: Module, known: set[str]) -> Iterator[Import]:
    package = module.name if module.path.name == "__init__.py" else module.name.rpartition(".")[0]

    pending: list[tuple[ast.stmt, bool, bool]] = [(s, True, False) for s in module.tree.body]
    while pending:
        node, at_load, for_types = pending.pop()
        for target in _targets(node, package, known):
            yield Import(target, node.lineno, at_load, for_types)
        at_load = at_load and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        for_types = for_types or (isinstance(node, ast.If) and "TYPE_CHECKING" in _names(node))
        # Imports are statements, so expressions need not be looked at.
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            pending += [(inner, at_load, for_types) for inner in getattr(node, part, ())]


def _names(node: ast.If) -> str:
    return ast.unparse(node.test)


def _targets(node: ast.AST, package: str, known: set[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (a.name for a in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            parts = package.split(".")
            base = ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [node.module])])
        for a in node.names:
            inner = f"{base}.{a.name}"
            yield inner if inner in known else base


def own(module: Module) -> list[Import]:
    """The imports of the package's own modules that are not for types alone."""
    return [i for i in module.imports if i.target.split(".")[0] == "evergraph" and not i.for_types]


# -- direction -------------------------------------------------------------------------------
@pytest.mark.smoke
def test_imports_run_downwards() -> None:
    wrong = []
    for m in modules().values():
        if m.layer in ("", "__main__"):
            continue  # the package's front door leads everywhere
        for i in own(m):
            layer = [*i.target.split("."), ""][1]
            if layer == "" or LEVEL[layer] > LEVEL[m.layer]:
                wrong.append(f"{m.path}:{i.line}: {m.layer} imports {i.target}")
    assert not wrong, "\n".join(wrong)


def test_every_module_stands_in_a_layer() -> None:
    layers = {m.layer for m in modules().values()} - {"", "__main__"}
    assert layers <= set(LEVEL), layers - set(LEVEL)


def test_no_cycles_when_modules_are_loaded() -> None:
    assert not _cycles(lambda i: i.at_load)


def test_no_cycles_through_functions() -> None:
    rings = [r for r in _cycles(lambda i: True) if not any(r <= known for known in KNOWN_RINGS)]
    assert not rings, "\n".join(" -> ".join(sorted(r)) for r in rings)


def _cycles(counts: Callable[[Import], bool]) -> list[set[str]]:
    """The rings of modules that import each other. A package's modules may import the package."""
    edges: dict[str, set[str]] = {}
    for m in modules().values():
        targets = {i.target for i in own(m) if counts(i)}
        edges[m.name] = {t for t in targets if not f"{m.name}.".startswith(t + ".")}
    return _rings(edges)


def _rings(edges: dict[str, set[str]]) -> list[set[str]]:
    """The strongly connected components of more than one module (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(a: str) -> None:
        index[a] = low[a] = len(index)
        stack.append(a)
        for b in edges.get(a, ()):
            if b not in index:
                visit(b)
                low[a] = min(low[a], low[b])
            elif b in stack:
                low[a] = min(low[a], index[b])
        if low[a] == index[a]:
            ring = set(stack[stack.index(a) :])
            del stack[stack.index(a) :]
            if len(ring) > 1:
                found.append(ring)

    for a in edges:
        if a not in index:
            visit(a)
    return found


def test_heavy_libraries_are_imported_where_they_are_used() -> None:
    wrong = [
        f"{m.path}:{i.line}: {i.target}"
        for m in modules().values()
        for i in m.imports
        if i.at_load
        and not i.for_types
        and i.target.split(".")[0] in HEAVY
        # The engine's own folder is imported when the first program runs.
        and not ("backends/cpu/" in str(m.path) and i.target.startswith("llvmlite"))
    ]
    assert not wrong, "\n".join(wrong)


def _loaded_by(statement: str) -> set[str]:
    source = f"import sys; {statement}; print(*sys.modules)"
    got = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True, timeout=60
    )
    return set(got.stdout.split())


def test_importing_the_package_loads_nothing_else() -> None:
    loaded = _loaded_by("import evergraph")
    assert "numpy" not in loaded
    assert {m for m in loaded if m.startswith("evergraph")} == {"evergraph"}


def test_importing_the_face_loads_no_heavy_library() -> None:
    loaded = {m.split(".")[0] for m in _loaded_by("from evergraph import tf; tf.Session")}
    heavy = loaded & (HEAVY | {"absl"})
    assert not heavy, heavy
    assert "numpy" in loaded


# -- what every public name has --------------------------------------------------------------
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def public_definitions() -> Iterator[tuple[Module, str, Definition]]:
    """Public functions, classes and their public methods: (module, qualified name, node)."""
    for m in modules().values():
        for node in m.tree.body:
            if isinstance(node, Definition) and not node.name.startswith("_"):
                yield m, node.name, node
                if isinstance(node, ast.ClassDef):
                    for part in node.body:
                        if isinstance(part, Definition) and not part.name.startswith("_"):
                            yield m, f"{node.name}.{part.name}", part


def test_every_module_and_public_name_has_a_docstring() -> None:
    lacking = [str(m.path) for m in modules().values() if not ast.get_docstring(m.tree)]
    lacking += [
        f"{m.path}:{node.lineno}: {name}"
        for m, name, node in public_definitions()
        if not ast.get_docstring(node) and not _is_setter(node)
    ]
    assert not lacking, "\n".join(lacking)


def _is_setter(node: Definition) -> bool:
    return any(isinstance(d, ast.Attribute) and d.attr == "setter" for d in node.decorator_list)


def test_every_public_function_is_annotated() -> None:
    lacking = [
        f"{m.path}:{node.lineno}: {name}"
        for m, name, node in public_definitions()
        if not isinstance(node, ast.ClassDef) and not _is_annotated(node)
    ]
    assert not lacking, "\n".join(lacking)


def _is_annotated(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    a = node.args
    args = [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, [a.vararg, a.kwarg])]
    named = [x for x in args if x.arg not in ("self", "cls")]
    return node.returns is not None and all(x.annotation is not None for x in named)


def test_no_unfinished_business() -> None:
    found = []
    for m in modules().values():
        for n, line in enumerate(m.path.read_text().splitlines(), 1):
            if FORBIDDEN.search(line):
                found.append(f"{m.path}:{n}: {line.strip()}")
    assert not found, "\n".join(found)


# -- house numbers ---------------------------------------------------------------------------
def _function_lengths() -> list[tuple[int, str]]:
    """The lines of each function without its docstring."""
    out = []
    for m in modules().values():
        for node in ast.walk(m.tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                first = min([x.lineno for x in body], default=node.lineno)
                length = (node.end_lineno or node.lineno) - first + 1 if body else 0
                out.append((length, f"{m.path}:{node.lineno}: {node.name}"))
    return sorted(out)


def test_house_numbers(record_property: Any) -> None:
    """Look at them with `pytest -rP -k house_numbers`."""
    lengths = [n for n, _ in _function_lengths()]
    nine_of_ten = lengths[int(len(lengths) * 0.9)]
    sizes = sorted((len(m.path.read_text().splitlines()), str(m.path)) for m in modules().values())
    numbers = {
        "modules": len(sizes),
        "lines": sum(n for n, _ in sizes),
        "functions": len(lengths),
        "median lines of a function": median(lengths),
        "90% of functions have at most": nine_of_ten,
    }
    for name, value in numbers.items():
        print(f"{name}: {value}")
        record_property(name, value)
    print("longest functions:", *[f"{n} {w}" for n, w in _function_lengths()[-5:]], sep="\n  ")
    print("largest files:", *[f"{n} {w}" for n, w in sizes[-5:]], sep="\n  ")
    assert median(lengths) <= 8
    assert nine_of_ten <= 40
    too_large = [f"{n} {w}" for n, w in sizes if n > 800]
    assert not too_large, "\n".join(too_large)
