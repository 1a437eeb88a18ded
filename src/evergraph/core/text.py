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
from .opdef import OpDef, find
from .shape import Shape, compatible, show_brackets
from .tensor import Literal, Operand, Operation, Tensor

_LONGEST = 16  # elements of a literal that are written out


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
    return _array(x.value) if isinstance(x, Literal) else names[x]


def _array(value: np.ndarray[Any, Any]) -> str:
    """`[1, 2]:int32`; only the kind of what is long or no number. Complex numbers are pairs."""
    dtype = as_dtype(value.dtype)
    if value.size > _LONGEST or value.dtype == object:
        return f"<{dtype.name}{show_brackets(value.shape)}>"
    if dtype.is_complex:
        value = np.stack([value.real, value.imag], -1)
    return f"{json.dumps(value.tolist())}:{dtype.name}"


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
    shown = []
    for key, value in sorted(op.attrs.items()):
        spec = definition.attrs.get(key)
        is_default = spec is not None and spec.has_default and value is spec.default
        if key not in definition.inferred_attrs and not is_default:
            text = _attr(value)
            if not (spec and spec.has_default and text == _attr(spec.default)):
                shown.append(f"{key}={text}")
    return "{" + ", ".join(shown) + "}" if shown else ""


def _attr(value: Any) -> str:
    if isinstance(value, DType):
        return value.name
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_attr, value)) + "]"
    return json.dumps(value, default=repr)


# -- parsing -----------------------------------------------------------------------------------
_HEAD = re.compile(r"^func\((?P<inputs>.*)\)$")
_TOKEN = re.compile(r"^(?:(?P<left>%.*?) = )?(?P<op>\w+)\((?P<args>.*?)\)(?: \{(?P<attrs>.*)\})?$")


def from_text(text: str) -> Function:
    """The function that a text of `to_text` describes; ValueError if it is none.

    Values that `to_text` abbreviates cannot be read back.
    """
    lines = [line.strip() for line in text.strip().splitlines()]
    head = _HEAD.match(lines[0]) if lines else None
    if head is None or not lines[-1].startswith("return"):
        raise ValueError("A function starts with `func(...)` and ends with `return ...`.")
    graph = Graph()
    values: dict[str, Operand] = {}
    inputs: list[Tensor] = []
    for item in _split(head["inputs"]):
        name, _, kind = item.partition(": ")
        inputs.append(argument(graph, len(inputs), *_parse_kind(kind)))
        values[name] = inputs[-1]
    with graph.as_default():
        for line in lines[1:-1]:
            _parse_line(line, values)
    results = [_parse_operand(t, values) for t in _split(lines[-1].removeprefix("return"))]
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
    try:
        dtype = as_dtype(name)
    except TypeError as error:
        raise ValueError(f"Cannot read the kind {kind!r}: {error}") from None
    items = [d for d in dims.rstrip("]").split(",") if d]
    shape = tuple(None if d == "?" else int(d) for d in items)
    return dtype, shape if bracket else None


def _parse_operand(token: str, values: dict[str, Operand]) -> Operand:
    return values[token] if token in values else Literal(_parse_array(token))


def _parse_array(token: str) -> np.ndarray[Any, Any]:
    text, colon, name = token.rpartition(":")
    if not colon or token.startswith(("%", "<")):
        raise ValueError(f"Unknown value {token!r} in the text of a function.")
    value, dtype = json.loads(text), _parse_kind(name)[0]
    if not dtype.is_complex:
        return np.asarray(value, dtype.np_dtype)
    pairs = np.asarray(value, np.float64).reshape(*np.shape(value)[:-1], 2)
    return (pairs[..., 0] + 1j * pairs[..., 1]).astype(dtype.np_dtype)


def _parse_line(line: str, values: dict[str, Operand]) -> None:
    m = _TOKEN.match(line)
    definition = find(m["op"]) if m else None
    if m is None or definition is None:
        raise ValueError(f"Cannot read this line of a function: {line!r}")
    attrs: dict[str, Any] = {}
    for item in _split(m["attrs"] or ""):
        key, _, text = item.partition("=")
        attrs[key] = _parse_attr(text)
    operands = [_parse_operand(t, values) for t in _split(m["args"])]
    op = emit(definition.name, _by_argument(definition, operands), attrs)
    for item, out in zip(_split(m["left"] or ""), op.outputs, strict=True):
        name, _, kind = item.partition(": ")
        _claim(out, *_parse_kind(kind))
        values[name] = out


def _by_argument(definition: OpDef, operands: list[Operand]) -> list[Any]:
    """Flat operands, grouped for a signature that has a list among its arguments."""
    lists = [a.is_list for a in definition.inputs]
    if not any(lists):
        return operands
    if sum(lists) > 1:
        raise ValueError(f"Cannot tell which operands of {definition.name} belong to which list.")
    at = lists.index(True)
    end = len(operands) - (len(lists) - at - 1)
    return [*operands[:at], operands[at:end], *operands[end:]]


def _claim(out: Tensor, dtype: DType, shape: Shape) -> None:
    """Gives a value the kind that the text claims; ValueError if the op's rules say otherwise."""
    if dtype is not out.dtype or not compatible(shape, out.static_shape):
        claimed = f"{dtype.name}{'' if shape is None else show_brackets(shape)}"
        raise ValueError(f"{out.op.type} gives {_kind(out)}, not {claimed}.")
    out.static_shape = shape


def _parse_attr(text: str) -> Any:
    if text.startswith("["):
        _, _, name = text.rpartition("]")
        return _parse_array(text) if name else tuple(map(_parse_attr, _split(text[1:-1])))
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return _parse_array(text) if ":" in text else _parse_kind(text)[0]
