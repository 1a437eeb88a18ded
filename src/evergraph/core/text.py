"""Functions as text, and back: for debugging, and for tests of passes that compare text.

func(%0: float32[?,3], %1: float32[3])
  %2: float32[?,3] = Add(%0, %1)
  %3: float32[?] = Sum(%2, [1]:int32) {keep_dims=false}
  return %3
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from .dtypes import DType, as_dtype
from .emit import emit
from .function import Function, argument
from .graph import Graph
from .opdef import lookup
from .shape import Shape, show_brackets
from .tensor import Literal, Operand, Operation, Tensor


def to_text(function: Function) -> str:
    """The function, a line an operation, values numbered in order."""
    names: dict[Operand, str] = {x: f"%{i}" for i, x in enumerate(function.inputs)}
    head = ", ".join(f"{names[x]}: {_kind(x)}" for x in function.inputs)
    lines = [f"func({head})"]
    for op in function.graph.operations:
        if op.type != "_Arg":
            for out in op.outputs:
                names[out] = f"%{len(names)}"
            lines.append("  " + _line(op, names))
    lines.append("  return " + ", ".join(_operand(x, names) for x in function.outputs))
    return "\n".join(lines)


def _kind(x: Tensor) -> str:
    shape = "" if x.static_shape is None else show_brackets(x.static_shape)
    return f"{x.dtype.name}{shape}"


def _operand(x: Operand, names: dict[Operand, str]) -> str:
    if isinstance(x, Literal):
        if x.value.size > 16 or x.value.dtype == object:
            return f"<{x.dtype.name}{show_brackets(x.value.shape)}>"
        return f"{json.dumps(x.value.tolist())}:{x.dtype.name}"
    return names[x]


def _line(op: Operation, names: dict[Operand, str]) -> str:
    left = ", ".join(f"{names[o]}: {_kind(o)}" for o in op.outputs)
    operands = ", ".join(_operand(x, names) for x in op.operands)
    attrs = _attrs(op)
    return (
        (f"{left} = " if left else "") + f"{op.type}({operands})" + (f" {attrs}" if attrs else "")
    )


def _attrs(op: Operation) -> str:
    """The attributes that neither the operands nor the defaults tell."""
    definition = op.definition
    shown = [
        f"{k}={_attr(v)}"
        for k, v in sorted(op.attrs.items())
        if k not in definition.inferred_attrs and definition.defaults.get(k, op) != v
    ]
    return "{" + ", ".join(shown) + "}" if shown else ""


def _attr(value: Any) -> str:
    if isinstance(value, DType):
        return value.name
    if isinstance(value, np.ndarray):
        return json.dumps(value.tolist(), default=repr)
    return json.dumps(value, default=repr)


_TOKEN = re.compile(r"^(?:(?P<left>%.*?) = )?(?P<op>\w+)\((?P<args>.*)\)(?: \{(?P<attrs>.*)\})?$")


def from_text(text: str) -> Function:
    """The function that a text of `to_text` describes; ValueError if it is none."""
    lines = [line.strip() for line in text.strip().splitlines()]
    graph = Graph()
    values: dict[str, Operand] = {}
    head = lines[0].removeprefix("func(").removesuffix(")")
    inputs: list[Tensor] = []
    for item in _split(head):
        name, _, kind = item.partition(": ")
        dtype, shape = _parse_kind(kind)
        inputs.append(argument(graph, len(inputs), dtype, shape))
        values[name] = inputs[-1]
    with graph.as_default():
        for line in lines[1:-1]:
            _parse_line(line, values)
    results = [_parse_operand(t, values) for t in _split(lines[-1].removeprefix("return "))]
    return Function(graph, inputs, results)


def _split(text: str) -> list[str]:
    """The items between commas that stand in no brackets."""
    items, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in "[({") - (c in "])}")
        if c == "," and depth == 0:
            items.append(text[start:i].strip())
            start = i + 1
    items.append(text[start:].strip())
    return [i for i in items if i]


def _parse_kind(kind: str) -> tuple[DType, Shape]:
    name, bracket, dims = kind.partition("[")
    if not bracket:
        return as_dtype(name), None
    items = [d for d in dims.rstrip("]").split(",") if d]
    return as_dtype(name), tuple(None if d == "?" else int(d) for d in items)


def _parse_operand(token: str, values: dict[str, Operand]) -> Operand:
    if token in values:
        return values[token]
    value, colon, dtype = token.rpartition(":")
    if not colon or token.startswith("%"):
        raise ValueError(f"Unknown value {token!r} in the text of a function.")
    return Literal(np.asarray(json.loads(value), as_dtype(dtype).np_dtype))


def _parse_line(line: str, values: dict[str, Operand]) -> None:
    m = _TOKEN.match(line)
    if m is None:
        raise ValueError(f"Cannot read this line of a function: {line!r}")
    attrs: dict[str, Any] = {}
    for item in _split(m["attrs"] or ""):
        key, _, value = item.partition("=")
        attrs[key] = _parse_attr(value)
    operands = [_parse_operand(t, values) for t in _split(m["args"])]

    definition = lookup(m["op"])
    lists = any(a.is_list for a in definition.inputs)
    op = emit(m["op"], [operands] if lists and len(definition.inputs) == 1 else operands, attrs)
    for item, out in zip(_split(m["left"] or ""), op.outputs, strict=True):
        values[item.partition(":")[0]] = out


def _parse_attr(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return as_dtype(value)
