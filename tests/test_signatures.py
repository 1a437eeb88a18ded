"""Signatures of the face equal TensorFlow 1.15's, for every symbol that the face has."""

from __future__ import annotations

import gzip
import inspect
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from evergraph import tf
from evergraph.tf import namespaces

DATA = Path(__file__).parent / "data" / "api.tsv.gz"


@cache
def api() -> dict[str, tuple[str, str]]:
    """Symbol -> (kind, signature)."""
    with gzip.open(DATA, "rt") as f:
        rows = [line.rstrip("\n").split("\t") for line in f][1:]
    return {row[0]: (row[1], row[2]) for row in rows}


def found(symbol: str) -> Any:
    """The face's object of a public symbol, or None."""
    value: Any = tf
    for part in symbol.split(".")[1:]:
        try:
            value = getattr(value, part)
        except AttributeError:
            return None
    return value


def spelled(value: Any) -> str:
    """A default as the table writes it; what is no plain value is a wildcard."""
    if isinstance(value, type):
        return value.__name__
    plain = isinstance(value, (int, float, str, tuple, list, bool, bytes)) or value is None
    return repr(value) if plain else "<object>"


def wanted_parameters(text: str) -> list[tuple[str, str | None]]:
    """Names and defaults from the table's text, which is nearly Python."""
    inner, items, depth, start = text.strip()[1:-1], [], 0, 0
    for i, c in enumerate(inner):
        depth += (c in "[({<") - (c in "])}>")
        if c == "," and depth == 0:
            items.append(inner[start:i])
            start = i + 1
    items.append(inner[start:])
    pairs = (item.strip().partition("=") for item in items if item.strip())
    return [(name, default if sign else None) for name, sign, default in pairs]


def got_parameters(function: Any) -> list[tuple[str, str | None]]:
    out = []
    for p in inspect.signature(function).parameters.values():
        star = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        out.append((star + p.name, None if p.default is p.empty else spelled(p.default)))
    return out


def agrees(want: tuple[str, str | None], got: tuple[str, str | None]) -> bool:
    if want[0] != got[0] or (want[1] is None) != (got[1] is None):
        return False
    if want[1] is None or got[1] is None:
        return True
    # Objects, enumerations and dtypes are spelled in ways of their own.
    odd = "<object>" in (want[1], got[1]) or re.match(r"[<a-zA-Z_.]+\.", want[1])
    return bool(odd) or _value(want[1]) == _value(got[1])


def _value(text: str) -> Any:
    try:
        return eval(text, {})
    except (NameError, SyntaxError):
        return text


def differences(symbol: str, value: Any) -> str | None:
    want, got = wanted_parameters(api()[symbol][1]), got_parameters(value)
    decorated = [name for name, _ in want] == ["*args", "**kwds"]
    if decorated or (len(want) == len(got) and all(map(agrees, want, got))):
        return None
    return f"{symbol}: {api()[symbol][1]} is {got}"


def functions(prefix: str) -> list[str]:
    kinds = ("function",)
    return [s for s, (kind, _) in api().items() if kind in kinds and s.startswith(prefix)]


NAMESPACES = sorted({s.rpartition(".")[0] for s in functions("tf.")})


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_functions(namespace: str) -> None:
    wrong = []
    for symbol in functions(namespace + "."):
        if symbol.rpartition(".")[0] == namespace:
            value = found(symbol)
            if value is not None and (text := differences(symbol, value)):
                wrong.append(text)
    assert not wrong


def methods() -> list[str]:
    return [
        s for s, (kind, _) in api().items() if kind in ("method", "classmethod", "staticmethod")
    ]


def classes_here() -> list[str]:
    names = sorted({s.rpartition(".")[0] for s in methods()})
    return [n for n in names if isinstance(found(n), type)]


# What the engine alone constructs, and errors, which also take a message by itself.
OWN_CONSTRUCTORS = ("tf.DType", "tf.Operation", "tf.Tensor", "tf.OpError", "tf.errors.")


def is_compared(owner: str, method: str) -> bool:
    if method == "__init__":
        return not owner.startswith(OWN_CONSTRUCTORS)
    return not method.startswith("__") or method == "__call__"


@pytest.mark.parametrize("name", classes_here())
def test_methods(name: str) -> None:
    wrong = []
    for symbol in methods():
        owner, _, method = symbol.rpartition(".")
        if owner != name or not is_compared(owner, method):
            continue
        value = inspect.getattr_static(found(name), method, None)
        value = getattr(value, "__func__", value)
        if inspect.isfunction(value) and (text := differences(symbol, value)):
            wrong.append(text)
    assert not wrong


def test_there_is_a_face() -> None:
    here = [s for s in functions("tf.") if s.count(".") == 1 and found(s) is not None]
    assert len(here) > 300
    assert namespaces.public_names("tf.nn")
