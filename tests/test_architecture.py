"""The project's shape: imports run one way, public names are documented and typed."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from statistics import median

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "evergraph"
# From the bottom up: a layer imports what stands below it.
LAYERS = (
    "errors",
    "settings",
    "core",
    "ops",
    "transform",
    "backends",
    "runtime",
    "formats",
    "tf",
    "compat",
    "cli",
)
HEAVY = {"scipy", "matplotlib", "rich", "sklearn", "mlxtend", "jax", "torch", "tensorflow", "PIL"}
LAZY = {"google", "absl", "fissix", "ml_dtypes", "psutil", "threadpoolctl"}


def files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def module_of(path: Path) -> str:
    parts = ["evergraph", *path.relative_to(SOURCE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imports(path: Path, inside_functions: bool) -> list[str]:
    """The absolute names of what a file imports when it is loaded (or ever)."""
    found: list[str] = []
    pending: list[ast.AST] = list(tree(path).body)
    while pending:
        node = pending.pop()
        if for_types_only(node):
            continue
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += absolute(path, node)
        elif inside_functions or not isinstance(node, (ast.FunctionDef, ast.Lambda)):
            pending += list(ast.iter_child_nodes(node))
    return found


def absolute(path: Path, node: ast.ImportFrom) -> list[str]:
    full = node.module or ""
    if node.level:
        package = module_of(path).split(".")
        if path.name != "__init__.py":
            package = package[:-1]
        base = package[: len(package) - node.level + 1]
        full = ".".join([*base, *([node.module] if node.module else [])])
    children = [f"{full}.{a.name}" for a in node.names]
    known = modules()
    return [c if c in known else full for c in children]


@cache
def modules() -> frozenset[str]:
    return frozenset(module_of(p) for p in files())


def layer(module: str) -> int | None:
    parts = module.split(".")
    return LAYERS.index(parts[1]) if len(parts) > 1 and parts[1] in LAYERS else None


@pytest.mark.smoke
def test_imports_run_downwards() -> None:
    wrong = []
    for path in files():
        own = layer(module_of(path))
        for name in imports(path, inside_functions=True):
            other = layer(name) if name.split(".")[0] == "evergraph" else None
            if own is not None and other is not None and other > own:
                wrong.append(f"{module_of(path)} imports {name}")
    assert not wrong


@pytest.mark.smoke
def test_no_cycles() -> None:
    graph = {
        module_of(p): {n for n in imports(p, False) if n in modules() and n != module_of(p)}
        for p in files()
    }
    # A package's own file may gather its modules; they do not read it back while loading.
    state: dict[str, int] = {}
    cycles: list[list[str]] = []

    def visit(name: str, path: list[str]) -> None:
        state[name] = 1
        for other in sorted(graph[name]):
            if state.get(other) == 1:
                cycles.append([*path[path.index(other) :], other] if other in path else [other])
            elif other not in state:
                visit(other, [*path, other])
        state[name] = 2

    for name in sorted(graph):
        if name not in state:
            visit(name, [name])
    assert not cycles


def test_heavy_libraries_are_imported_where_used() -> None:
    wrong = [
        (module_of(p), name)
        for p in files()
        for name in imports(p, inside_functions=False)
        if name.split(".")[0] in HEAVY | LAZY
    ]
    # What only the user of a message or a flag loads may say at its top what it stands on.
    assert [w for w in wrong if not w[0].startswith(("evergraph.formats", "evergraph.tf"))] == []
    assert [w for w in wrong if w[1].split(".")[0] in HEAVY] == []


def public(body: list[ast.stmt]) -> list[ast.FunctionDef | ast.ClassDef]:
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [n for n in body if isinstance(n, kinds) and not n.name.startswith("_")]


def is_documented(node: ast.FunctionDef | ast.ClassDef) -> bool:
    marks = [ast.unparse(d) for d in node.decorator_list]
    told_elsewhere = any(m == "overload" or m.endswith(".setter") for m in marks)
    return told_elsewhere or ast.get_docstring(node) is not None


def untyped(function: ast.FunctionDef) -> bool:
    args = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    named = [a for a in args if a.arg not in ("self", "cls", "mcs")]
    return function.returns is None or any(a.annotation is None for a in named)


@pytest.mark.parametrize("path", files(), ids=module_of)
def test_public_names_have_docstrings_and_types(path: Path) -> None:
    assert ast.get_docstring(tree(path)), "the module has no docstring"
    wrong = []
    for node in public(tree(path).body):
        inner = public(node.body) if isinstance(node, ast.ClassDef) else []
        for item in (node, *inner):
            if not is_documented(item) and item.name != "main":
                wrong.append(f"{item.name} has no docstring")
            if isinstance(item, ast.FunctionDef) and untyped(item):
                wrong.append(f"{item.name} is not typed")
    assert not wrong


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"TODO|FIXME|XXX|pragma: no cover|TEMPORARY")
    assert not [module_of(p) for p in files() if marks.search(p.read_text())]


def lengths() -> list[int]:
    return [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for p in files()
        for node in ast.walk(tree(p))
        if isinstance(node, ast.FunctionDef)
    ]


def test_sizes_stay_readable() -> None:
    """House numbers: files of 800 lines, functions of 8 in the median, nine of ten within 40."""
    sizes = {module_of(p): p.read_text().count("\n") for p in files()}
    functions = sorted(lengths())
    print("largest files:", sorted(sizes.items(), key=lambda s: -s[1])[:5])
    assert max(sizes.values()) <= 800
    assert median(functions) <= 8
    assert functions[int(len(functions) * 0.9)] <= 40
