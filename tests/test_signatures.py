"""The face's signatures are TensorFlow 1.15's: argument names, order, defaults; constants too."""

from __future__ import annotations

import ast
import enum
import gzip
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from evergraph import tf

DATA = Path(__file__).parent / "data" / "api.tsv.gz"
CALLABLE = ("function", "method", "classmethod", "staticmethod")
ANY = object()  # a default that is an object of TensorFlow's own


@dataclass(frozen=True)
class Row:
    """One public symbol of TensorFlow."""

    symbol: str
    kind: str
    text: str


@cache
def rows() -> list[Row]:
    with gzip.open(DATA, "rt") as f:
        next(f)
        return [Row(*line.rstrip("\n").split("\t")[:3]) for line in f]


@cache
def has(symbol: str) -> bool:
    """Whether the face has the symbol."""
    try:
        find(symbol)
    except AttributeError:
        return False
    return True


@cache
def find(symbol: str) -> Any:
    """The object of a symbol; AttributeError if the face has none."""
    parent, _, name = symbol.rpartition(".")
    if not parent:
        return tf
    owner = find(parent)
    if inspect.isclass(owner):
        # What a class only inherits from `object` it has not.
        for base in owner.__mro__[:-1]:
            if name in vars(base):
                return inspect.getattr_static(owner, name)
        raise AttributeError(symbol)
    return getattr(owner, name)


# -- signatures ------------------------------------------------------------------------------
def theirs(text: str) -> list[tuple[str, str, Any]]:
    """Parameters of a signature as text: name, kind, default (ANY: an object)."""
    source = re.sub(r"<object>", "OBJECT", text)
    args = ast.parse(f"def f{source}: pass").body[0].args  # type: ignore[attr-defined]
    plain = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(plain) - len(args.defaults)) + args.defaults
    out = [(a.arg, "plain", _value(d)) for a, d in zip(plain, defaults, strict=True)]
    out += [(args.vararg.arg, "*", _NONE)] if args.vararg else []
    named = zip(args.kwonlyargs, args.kw_defaults, strict=True)
    out += [(a.arg, "named", _value(d)) for a, d in named]
    return out + ([(args.kwarg.arg, "**", _NONE)] if args.kwarg else [])


_NONE = ("no default",)


def _value(node: ast.expr | None) -> Any:
    if node is None:
        return _NONE
    text = ast.unparse(node)
    if text.startswith("tf."):
        return getattr(tf, text[3:])
    if text in ("-inf", "inf"):
        return float(text)
    try:
        return ast.literal_eval(node)
    except ValueError:
        return text if re.fullmatch(r"[A-Z]\w+\.[A-Z_]+", text) else ANY


_KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: "plain",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "plain",
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.KEYWORD_ONLY: "named",
    inspect.Parameter.VAR_KEYWORD: "**",
}


def ours(function: Any) -> list[tuple[str, str, Any]]:
    """Parameters of a function of the face."""
    out = []
    for p in inspect.signature(function).parameters.values():
        default = _NONE if p.default is p.empty else p.default
        if isinstance(default, enum.Enum):
            default = f"{type(default).__name__}.{default.name}"
        out.append((p.name, _KINDS[p.kind], default))
    return out


def equal(a: Any, b: Any) -> bool:
    """Whether two defaults are the same; ANY is every object."""
    if b is ANY:
        return a is not _NONE
    return type(a) is type(b) and a == b


def differences(row: Row) -> str | None:
    """How the face's signature differs from a row, None if it does not."""
    function = find(row.symbol)
    if isinstance(function, (staticmethod, classmethod)):
        function = function.__func__
    if isinstance(function, property) or not callable(function):
        return f"{row.symbol} is no function, but {function!r}"
    if inspect.isclass(function):
        return None  # a class in the place of a function, with its own __init__
    got, want = ours(function), theirs(row.text)
    same = len(got) == len(want) and all(
        g[:2] == w[:2] and equal(g[2], w[2]) for g, w in zip(got, want, strict=True)
    )
    return None if same else f"{row.symbol}{inspect.signature(function)}\n  wants {row.text}"


def present(*kinds: str) -> Iterator[Row]:
    return (r for r in rows() if r.kind in kinds and has(r.symbol))


@pytest.mark.smoke
def test_functions() -> None:
    wrong = list(filter(None, map(differences, present("function"))))
    assert not wrong, f"{len(wrong)} signatures differ:\n" + "\n".join(wrong)


# The engine makes these alone, or takes more than TensorFlow does.
OWN_SIGNATURES = re.compile(
    r"tf\.(DType|Operation|Tensor|OpError|errors\.\w+)\.__init__|tf\.Tensor\.__getitem__"
)


def test_methods() -> None:
    found = (
        r
        for r in present("method", "classmethod", "staticmethod")
        if not OWN_SIGNATURES.fullmatch(r.symbol) and r.text != "(*args, **kwds)"
    )
    wrong = list(filter(None, map(differences, found)))
    assert not wrong, f"{len(wrong)} signatures differ:\n" + "\n".join(wrong)


def test_properties() -> None:
    wrong = [r.symbol for r in present("property") if inspect.isroutine(find(r.symbol))]
    assert not wrong, wrong


# -- constants -------------------------------------------------------------------------------
OWN_VALUES = re.compile(r"_VERSION|\bVERSION|__version__|CXX11|MONOLITHIC|GIT|COMPILER")


def test_constants() -> None:
    wrong = []
    for r in present("constant"):
        if OWN_VALUES.search(r.symbol) or r.text.startswith("<") or not r.text:
            continue
        got = find(r.symbol)
        text = f"{type(got).__name__}.{got.name}" if isinstance(got, enum.Enum) else repr(got)
        if text != r.text and getattr(got, "value", got) != _constant(r.text):
            wrong.append(f"{r.symbol} is {text}, wants {r.text}")
    assert not wrong, "\n".join(wrong)


def _constant(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


# -- what there is ---------------------------------------------------------------------------
# Attributes of a graph that are no properties here, and what needs serialised forms.
LACKING = {
    *(f"tf.Graph.{n}" for n in ("building_function", "finalized", "seed", "version")),
    *(f"tf.Graph.{n}" for n in ("as_graph_def", "create_op", "graph_def_versions")),
    "tf.Graph.switch_to_thread_local",
    "tf.Operation.node_def",
    "tf.Operation.traceback_with_start_lines",
    "tf.TensorShape.as_proto",
    "tf.test.Benchmark.__init__",
}


def test_classes_have_the_methods_that_tensorflows_have() -> None:
    lacking = {r.symbol for r in rows() if r.kind in (*CALLABLE, "property") and _is_missed(r)}
    assert lacking <= LACKING, sorted(lacking - LACKING)


def _is_missed(row: Row) -> bool:
    owner = row.symbol.rpartition(".")[0]
    return has(owner) and inspect.isclass(find(owner)) and not has(row.symbol)


def test_how_much_of_the_interface_there_is() -> None:
    wanted = [r.symbol for r in rows() if r.kind in ("function", "class")]
    there = [s for s in wanted if has(s)]
    print(f"{len(there)} of {len(wanted)} functions and classes")
    assert len(there) > 500


def test_the_comparison_notices_differences() -> None:
    def f(x: Any, name: Any = None, *, rate: float = 1.0) -> Any:
        """A function."""

    assert ours(f) == theirs("(x, name=None, *, rate=1.0)")
    for text in ("(x, name=None)", "(y, name=None, *, rate=1.0)", "(x, name='', *, rate=1.0)"):
        assert ours(f) != theirs(text)
    assert not equal(1, True) and not equal(0, 0.0) and equal(len, ANY) and not equal(_NONE, ANY)
    assert theirs("(a, b=<object>, c=tf.float32, d=-inf, *e, **f)") == [
        ("a", "plain", _NONE),
        ("b", "plain", ANY),
        ("c", "plain", tf.float32),
        ("d", "plain", float("-inf")),
        ("e", "*", _NONE),
        ("f", "**", _NONE),
    ]
