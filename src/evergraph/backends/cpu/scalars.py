"""The op table's scalar expressions as vector code: dtypes, promotion, conversions.

A value in flight has a NumPy dtype and an LLVM value: bool is i1, float16 and bfloat16 are held as
float and rounded after each operation, as NumPy rounds them.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from typing import Any

import ml_dtypes
import numpy as np

from ...core.expression import OPERANDS
from . import vector_math
from .ir import Emitter, Value, lanes_of, vector

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
FLOAT16 = np.dtype(np.float16)
FLOAT32 = np.dtype(np.float32)
FLOAT64 = np.dtype(np.float64)
BOOL = np.dtype(np.bool_)
FLOATS = (FLOAT16, BFLOAT16, FLOAT32, FLOAT64)
INTEGERS = tuple(np.dtype(f"{k}{8 * s}") for k in ("int", "uint") for s in (1, 2, 4, 8))
DTYPES = frozenset((*FLOATS, *INTEGERS, BOOL))


@dataclass(frozen=True, slots=True)
class Typed:
    """A value in flight. A number of the expression's text has no dtype: it takes the others'."""

    dtype: np.dtype[Any] | None
    value: Value | float


def memory_type(dtype: np.dtype[Any]) -> str:
    """The LLVM type of an element in memory."""
    if dtype == FLOAT32:
        return "float"
    if dtype == FLOAT64:
        return "double"
    if dtype == FLOAT16:
        return "half"
    return f"i{8 * dtype.itemsize}"


def flight_type(dtype: np.dtype[Any]) -> str:
    """The LLVM type of an element in flight."""
    if dtype == BOOL:
        return "i1"
    return "float" if dtype in (FLOAT16, BFLOAT16) else memory_type(dtype)


def from_memory(e: Emitter, dtype: np.dtype[Any], raw: Value) -> Typed:
    """A loaded value, ready to compute with."""
    lanes = lanes_of(raw.type)
    if dtype == BOOL:
        return Typed(dtype, e.compare("icmp ne", raw, 0))
    if dtype == FLOAT16:
        return Typed(dtype, e.convert("fpext", raw, vector("float", lanes)))
    if dtype == BFLOAT16:
        wide = e.convert("zext", raw, vector("i32", lanes))
        return Typed(dtype, e.convert("bitcast", e.bin("shl", wide, 16), vector("float", lanes)))
    return Typed(dtype, raw)


def to_memory(e: Emitter, x: Typed) -> Value:
    """A value as it is stored."""
    assert x.dtype is not None and isinstance(x.value, Value)
    lanes = lanes_of(x.value.type)
    if x.dtype == BOOL:
        return e.convert("zext", x.value, vector("i8", lanes))
    if x.dtype == FLOAT16:
        return e.convert("fptrunc", x.value, vector("half", lanes))
    if x.dtype == BFLOAT16:
        return e.convert("trunc", _bfloat_bits(e, x.value), vector("i16", lanes))
    return x.value


def _bfloat_bits(e: Emitter, x: Value) -> Value:
    """The bits of a float rounded to bfloat16, to nearest even, in the lower half of an i32."""
    kind = vector("i32", lanes_of(x.type))
    bits = e.convert("bitcast", x, kind)
    odd = e.bin("and", e.bin("lshr", bits, 16), 1)
    rounded = e.bin("add", bits, e.bin("add", odd, 0x7FFF))
    is_nan = e.compare("fcmp uno", x, x)
    quiet = e.bin("or", bits, 0x00400000)
    return e.bin("lshr", e.select(is_nan, quiet, rounded), 16)


def rounded(e: Emitter, x: Typed) -> Typed:
    """A result of arithmetic as its dtype holds it."""
    assert isinstance(x.value, Value)
    lanes = lanes_of(x.value.type)
    wide = vector("float", lanes)
    if x.dtype == FLOAT16:
        half = e.convert("fptrunc", x.value, vector("half", lanes))
        return Typed(x.dtype, e.convert("fpext", half, wide))
    if x.dtype == BFLOAT16:
        bits = e.bin("shl", _bfloat_bits(e, x.value), 16)
        return Typed(x.dtype, e.convert("bitcast", bits, wide))
    return x


def constant(e: Emitter, dtype: np.dtype[Any], number: Any, lanes: int) -> Value:
    """A number as a value in flight of this dtype."""
    kind = vector(flight_type(dtype), lanes)
    if dtype in FLOATS:
        return e.const(kind, float(dtype.type(number)))
    return e.const(kind, int(number))


def cast(e: Emitter, x: Typed, dtype: np.dtype[Any]) -> Typed:
    """`x` as another dtype, as NumPy's astype on this processor."""
    if x.dtype == dtype:
        return x
    assert isinstance(x.value, Value) and x.dtype is not None
    value, source = x.value, x.dtype
    lanes = lanes_of(value.type)
    kind = vector(flight_type(dtype), lanes)
    if dtype == BOOL:
        test = "fcmp une" if source in FLOATS else "icmp ne"
        return Typed(dtype, e.compare(test, value, 0))
    if source == BOOL:
        return Typed(dtype, e.convert("uitofp" if dtype in FLOATS else "zext", value, kind))
    if source in FLOATS and dtype in FLOATS:
        if value.type != kind:
            value = e.convert("fpext" if dtype == FLOAT64 else "fptrunc", value, kind)
        return rounded(e, Typed(dtype, value))
    if dtype in FLOATS:
        opcode = "sitofp" if source.kind == "i" else "uitofp"
        return rounded(e, Typed(dtype, e.convert(opcode, value, kind)))
    if source in FLOATS:
        raise NotImplementedError("casts of floating-point numbers to integers")
    if dtype.itemsize == source.itemsize:
        return Typed(dtype, value)
    opcode = "trunc" if dtype.itemsize < source.itemsize else "sext"
    if opcode == "sext" and source.kind == "u":
        opcode = "zext"
    return Typed(dtype, e.convert(opcode, value, kind))


_ARITHMETIC = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div"}
_BITWISE = {ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor"}
_COMPARISONS = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}
_PREDICATES = ("isnan", "isinf", "isfinite")
_HERE = frozenset(
    ("where", "conj", "maximum", "minimum", "abs", "logical_not", "invert", "sign", *_PREDICATES)
)


@cache
def _tree(expr: str) -> ast.expr:
    return ast.parse(expr, mode="eval").body


@cache
def functions_in(expr: str) -> frozenset[str]:
    """The functions that an expression calls."""
    return frozenset(
        n.func.id
        for n in ast.walk(_tree(expr))
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    )


def is_known(expr: str) -> bool:
    """Whether code can be written for each function of an expression."""
    return all(f in _HERE or f in vector_math.NAMES for f in functions_in(expr))


class Expression:
    """Writes the code of one expression for operands in flight."""

    def __init__(self, e: Emitter, operands: list[Typed], attrs: dict[str, Any]) -> None:
        self.e = e
        self.scope: dict[str, Typed] = dict(zip(OPERANDS, operands, strict=False))
        self.attrs = attrs
        self.lanes = max(lanes_of(x.value.type) for x in operands if isinstance(x.value, Value))

    def write(self, expr: str, dtype: np.dtype[Any]) -> Typed:
        """The code of an expression whose result has this dtype."""
        result = self.visit(_tree(expr))
        if result.dtype is None:
            return Typed(dtype, constant(self.e, dtype, result.value, self.lanes))
        return cast(self.e, result, dtype)

    def visit(self, node: ast.expr) -> Typed:
        """The value of a part of the expression."""
        if isinstance(node, ast.Constant):
            return Typed(None, node.value)  # type: ignore[arg-type]
        if isinstance(node, ast.Name):
            return self.scope[node.id] if node.id in self.scope else self.attribute(node.id)
        if isinstance(node, ast.UnaryOp):
            return self.negative(self.visit(node.operand))
        if isinstance(node, ast.BinOp):
            return self.binary(type(node.op), self.visit(node.left), self.visit(node.right))
        if isinstance(node, ast.Compare):
            return self.comparison(node)
        assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        return self.call(node.func.id, [self.visit(a) for a in node.args])

    def attribute(self, name: str) -> Typed:
        """An attribute of the op, a number."""
        return Typed(None, float(self.attrs[name]))

    def negative(self, x: Typed) -> Typed:
        """`-x`."""
        if not isinstance(x.value, Value):
            return Typed(None, -x.value)
        if x.dtype in FLOATS:
            return Typed(x.dtype, self.e.op(f"fneg {x.value}", x.value.type))
        zero = self.e.const(x.value.type, 0)
        return Typed(x.dtype, self.e.bin("sub", zero, x.value))

    def alike(self, *values: Typed) -> tuple[np.dtype[Any], list[Value]]:
        """Operands in their common dtype."""
        known = [x.dtype for x in values if x.dtype is not None]
        dtype = known[0]
        for other in known[1:]:
            if dtype == BOOL:
                dtype = other
            elif other not in (BOOL, dtype):
                dtype = np.promote_types(dtype, other)
        if dtype == BOOL and any(x.dtype is None for x in values):
            raise NotImplementedError("numbers among truth values")
        return dtype, [self.as_value(x, dtype) for x in values]

    def as_value(self, x: Typed, dtype: np.dtype[Any]) -> Value:
        """A value of a dtype; numbers become constants."""
        if x.dtype is None:
            return constant(self.e, dtype, x.value, self.lanes)
        value = cast(self.e, x, dtype).value
        assert isinstance(value, Value)
        return value

    def binary(self, kind: type[ast.operator], a: Typed, b: Typed) -> Typed:
        """Arithmetic and bitwise operators."""
        dtype, (x, y) = self.alike(a, b)
        if kind in _BITWISE:
            return Typed(dtype, self.e.bin(_BITWISE[kind], x, y))
        opcode = _ARITHMETIC[kind]
        if dtype in FLOATS:
            flag = " contract" if opcode != "div" else ""
            return rounded(self.e, Typed(dtype, self.e.bin(f"f{opcode}{flag}", x, y)))
        if dtype == BOOL or opcode == "div":
            raise NotImplementedError(f"{opcode} of {dtype}")
        return Typed(dtype, self.e.bin(opcode, x, y))

    def comparison(self, node: ast.Compare) -> Typed:
        """`a < b` and the like."""
        dtype, (x, y) = self.alike(self.visit(node.left), self.visit(node.comparators[0]))
        name = _COMPARISONS[type(node.ops[0])]
        if dtype in FLOATS:
            opcode = "fcmp une" if name == "ne" else f"fcmp o{name}"
        elif name in ("eq", "ne"):
            opcode = f"icmp {name}"
        else:
            opcode = f"icmp {'s' if dtype.kind == 'i' else 'u'}{name}"
        return Typed(BOOL, self.e.compare(opcode, x, y))

    def call(self, name: str, args: list[Typed]) -> Typed:
        """A function of the array API."""
        special = getattr(self, f"call_{name}", None)
        if special is not None:
            result: Typed = special(*args)
            return result
        dtype, values = self.alike(*args)
        if dtype not in FLOATS:
            raise NotImplementedError(f"{name} of {dtype}")
        value = vector_math.emit(self.e, name, *values)
        if name in _PREDICATES:
            return Typed(BOOL, value)
        return rounded(self.e, Typed(dtype, value))

    def call_where(self, test: Typed, a: Typed, b: Typed) -> Typed:
        """`a` where the test holds, else `b`."""
        assert isinstance(test.value, Value)
        if a.dtype is None and b.dtype is None:
            raise NotImplementedError("a choice between numbers")
        dtype, (x, y) = self.alike(a, b)
        return Typed(dtype, self.e.select(test.value, x, y))

    def call_conj(self, x: Typed) -> Typed:
        """Of real numbers, themselves."""
        return x

    def call_logical_not(self, x: Typed) -> Typed:
        """The opposite truth value."""
        assert isinstance(x.value, Value)
        return Typed(BOOL, self.e.bin("xor", x.value, 1))

    def call_invert(self, x: Typed) -> Typed:
        """All bits flipped."""
        assert isinstance(x.value, Value)
        return Typed(x.dtype, self.e.bin("xor", x.value, -1))

    def call_abs(self, x: Typed) -> Typed:
        """The magnitude."""
        assert isinstance(x.value, Value)
        if x.dtype in FLOATS:
            return Typed(x.dtype, self.e.unary_intrinsic("fabs", x.value))
        if x.dtype is not None and x.dtype.kind == "u":
            return x
        negative = self.e.compare("icmp slt", x.value, 0)
        minus = self.negative(x).value
        assert isinstance(minus, Value)
        return Typed(x.dtype, self.e.select(negative, minus, x.value))

    def call_sign(self, x: Typed) -> Typed:
        """-1, 0 or 1."""
        assert isinstance(x.value, Value) and x.dtype is not None
        if x.dtype in FLOATS:
            return Typed(x.dtype, vector_math.emit(self.e, "sign", x.value))
        kind = x.value.type
        one, zero = self.e.const(kind, 1), self.e.const(kind, 0)
        up = self.e.select(self.e.compare("icmp ne", x.value, 0), one, zero)
        if x.dtype.kind == "u":
            return Typed(x.dtype, up)
        below = self.e.compare("icmp slt", x.value, 0)
        return Typed(x.dtype, self.e.select(below, self.e.const(kind, -1), up))

    def call_maximum(self, a: Typed, b: Typed) -> Typed:
        """The greater; NaN if either is NaN."""
        return self.extreme("maximum", "gt", a, b)

    def call_minimum(self, a: Typed, b: Typed) -> Typed:
        """The lesser; NaN if either is NaN."""
        return self.extreme("minimum", "lt", a, b)

    def extreme(self, name: str, relation: str, a: Typed, b: Typed) -> Typed:
        """Either extreme of two values."""
        dtype, (x, y) = self.alike(a, b)
        if dtype in FLOATS:
            return Typed(dtype, vector_math.emit(self.e, name, x, y))
        sign = "s" if dtype.kind == "i" else "u"
        return Typed(dtype, self.e.select(self.e.compare(f"icmp {sign}{relation}", x, y), x, y))
