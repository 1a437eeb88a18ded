"""The op table: one `OpDef` an op, holding everything that is known about it.

An entry is made by `define` in a module of `evergraph.ops`, with the op's signature in a compact
text form (the one of TensorFlow's op registry):

    define("Sum", "input:T reduction_indices:Tidx -> output:T",
           "keep_dims:bool=false; T:type{number}; Tidx:type{index}=int32",
           shape=..., kernel=..., grad=...)

An argument is `name:TYPE`, where TYPE is a dtype, a type attribute, `N*T` for a list of N, or
`ref(T)` for a variable's buffer. An attribute is `name:type`, with allowed values in braces, a
minimum after `>=` and a default after `=`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from . import dtypes
from .dtypes import DType
from .expression import kernel_of
from .shape import Shape

if TYPE_CHECKING:
    from .tensor import Operation

Attrs = dict[str, Any]
Array = Any
"""What kernels compute with: a NumPy array, or one of another array-API namespace."""


class Values(Protocol):
    """What a shape rule may ask of the values of its operands."""

    def __getitem__(self, index: int) -> np.ndarray[Any, Any] | None:
        """The value of an operand, None while it is not known."""

    def as_shape(self, index: int) -> Shape:
        """An integer vector as a shape, its unknown elements as unknown extents."""

    def behind(self, index: int) -> tuple[Shape, DType | None]:
        """Shape and dtype of the value behind a handle, None where they are not known."""


ShapeRule = Callable[[Sequence[Shape], Attrs, Values], Sequence[Shape]]
Kernel = Callable[..., Any]
GradRule = Callable[..., Any]


class _NoGradient:
    """Marks an op through which no gradient flows (as against: none is known)."""

    def __repr__(self) -> str:
        return "NO_GRADIENT"


NO_GRADIENT = _NoGradient()

_INTS = "int32,uint8,int16,int8,int64"
TYPE_SETS = {
    "number": "float32,float64,int32,uint8,int16,int8,complex64,int64,qint8,quint8,qint32,"
    "bfloat16,uint16,complex128,float16,uint32,uint64",
    "real": "float32,float64,int32,uint8,int16,int8,int64,bfloat16,uint16,float16,uint32,uint64",
    "float": "float16,bfloat16,float32,float64",
    "floatcomplex": "bfloat16,float16,float32,float64,complex64,complex128",
    "index": "int32,int64",
}


@dataclass(frozen=True)
class ArgDef:
    """One input or output: its name and how its dtype follows."""

    name: str
    dtype: DType | None  # a fixed dtype
    type_attr: str | None  # else the attribute that gives it
    number_attr: str | None  # the attribute that counts a list of one dtype
    is_ref: bool
    is_type_list: bool = False  # the attribute is a list of dtypes, one an element

    @property
    def is_list(self) -> bool:
        """Whether it stands for several tensors."""
        return self.number_attr is not None or self.is_type_list


@dataclass(frozen=True)
class AttrDef:
    """One attribute: type, allowed values, minimum and default."""

    name: str
    type: str
    allowed: frozenset[Any] | None = None
    minimum: int | None = None
    default: Any = None
    has_default: bool = False


@dataclass(frozen=True)
class ShapeLimits:
    """What the arguments of an op must be: least and greatest ranks, groups of one shape."""

    ranks: dict[int, tuple[int, int]]
    alike: list[list[int]]


_ARG = re.compile(r"(?P<name>\w+):(?:(?P<count>\w+)\*)?(?:ref\((?P<ref>\w+)\)|(?P<type>\w+))$")
_ATTR = re.compile(
    r"(?P<name>\w+):(?P<type>list\(\w+\)|\w+)(?:\{(?P<allowed>[^}]*)\})?"
    r"(?:>=(?P<min>-?\d+))?(?:=(?P<default>.*))?$",
    re.S,
)


FIRST_OPERAND = "{operand 0}"
"""In the text of a kernel's error: the name of the operation that gave the first operand."""


class OpDef:
    """Everything that is known about an op; see `define` for the fields.

    Nodes that call a function have a definition outside the table, with the `function`.
    `limits` tell the ranks of arguments and which are alike (core/ranks.py).
    """

    def __init__(self, name: str, signature: str, attrs: str = "") -> None:
        self.name = name
        self.attrs = {a.name: a for a in map(_parse_attr, _split_attrs(attrs))}
        left, _, right = signature.partition("->")
        self.inputs = tuple(self._parse_arg(a) for a in left.split())
        self.outputs = tuple(self._parse_arg(a) for a in right.split())
        self.shape: ShapeRule | None = None
        self.kernel: Kernel | None = None
        self.specialize: Callable[[Any, Attrs], Callable[..., Any] | None] | None = None
        self.check: Callable[[Attrs], object] | None = None
        self.definition: Callable[..., Any] | None = None
        self.grad: GradRule | _NoGradient | None = None
        self.expr: str | None = None
        self.partial_value: Callable[[Operation], Shape] | None = None
        self.stateful = False
        self.effect = False
        self.state: Callable[[Attrs], Any] | None = None
        self.is_variable = False
        self.starts: Callable[[Attrs], Array] | None = None
        self.reads: int | None = None
        self.updates: tuple[int, ...] = ()
        self.overwrites = False
        self.may_be_unset: tuple[int, ...] = ()
        self.data_dependent = False
        self.limits: ShapeLimits | None = None
        self.function: Any = None
        inferred = {a.type_attr for a in self.inputs} | {a.number_attr for a in self.inputs}
        self.inferred_attrs = frozenset(a for a in inferred if a is not None)
        self.takes_references = any(a.is_ref for a in self.inputs)
        self.simple_inputs = not any(a.is_list or a.is_ref for a in self.inputs)
        self.defaults = {a.name: a.default for a in self.attrs.values() if a.has_default}

    def _parse_arg(self, text: str) -> ArgDef:
        m = _ARG.match(text)
        if m is None:
            raise ValueError(f"Bad argument {text!r} in the signature of op {self.name}.")
        kind = m["ref"] or m["type"]
        attr = self.attrs.get(kind)
        if attr is None:
            return ArgDef(m["name"], dtypes.as_dtype(kind), None, m["count"], bool(m["ref"]))
        is_list = attr.type == "list(type)"
        return ArgDef(m["name"], None, kind, m["count"], bool(m["ref"]), is_list)

    @property
    def is_pure(self) -> bool:
        """Whether equal inputs always give equal outputs and nothing else happens."""
        return not (
            self.stateful
            or self.effect
            or self.state is not None
            or self.is_variable
            or self.updates
            or self.reads is not None
        )

    def __repr__(self) -> str:
        return f"<OpDef {self.name}>"


def _split_attrs(text: str) -> list[str]:
    return [a for a in (part.strip() for part in text.split(";")) if a]


def _parse_attr(text: str) -> AttrDef:
    m = _ATTR.match(text)
    if m is None:
        raise ValueError(f"Bad attribute {text!r} in an op's definition.")
    kind = m["type"]
    allowed = None
    if m["allowed"] is not None:
        names = TYPE_SETS.get(m["allowed"], m["allowed"]).split(",")
        is_type = kind in ("type", "list(type)")
        allowed = frozenset(dtypes.as_dtype(n) if is_type else n for n in names)
    minimum = None if m["min"] is None else int(m["min"])
    default, has = None, m["default"] is not None
    if has:
        default = parse_value(kind, m["default"])
    return AttrDef(m["name"], kind, allowed, minimum, default, has)


def parse_value(kind: str, text: str) -> Any:
    """An attribute's value from its text form, e.g. `float`, `1e-4`."""
    if kind.startswith("list("):
        items = [t.strip() for t in text.strip()[1:-1].split(",") if t.strip()]
        return tuple(parse_value(kind[5:-1], t) for t in items)
    if kind == "type":
        return dtypes.as_dtype(text)
    if kind == "bool":
        return text == "true"
    if kind == "string":
        return text.strip("'")
    if kind == "shape":
        items = text.strip("[]").split(",")
        return None if text == "unknown" else tuple(int(d) for d in items if d)
    return {"int": int, "float": float}[kind](text)


_TABLE: dict[str, OpDef] = {}


def define(
    name: str,
    signature: str,
    attrs: str = "",
    *,
    shape: ShapeRule | None = None,
    kernel: Kernel | None = None,
    specialize: Callable[[Any, Attrs], Callable[..., Any] | None] | None = None,
    check: Callable[[Attrs], object] | None = None,
    definition: Callable[..., Any] | None = None,
    grad: GradRule | _NoGradient | None = None,
    expr: str | None = None,
    partial_value: Callable[[Operation], Shape] | None = None,
    stateful: bool = False,
    effect: bool = False,
    state: Callable[[Attrs], Any] | None = None,
    is_variable: bool = False,
    starts: Callable[[Attrs], Array] | None = None,
    reads: int | None = None,
    updates: tuple[int, ...] = (),
    overwrites: bool = False,
    may_be_unset: tuple[int, ...] = (),
    data_dependent: bool = False,
) -> OpDef:
    """Adds an op to the table.

    - `shape(shapes, attrs, values)`: a list with the shape of each output; raises ValueError
      where the inputs do not fit. The same rule serves partial and concrete shapes.
    - `kernel(xp, inputs, attrs)`: the value of the output (a tuple if there are several), computed
      with the array-API namespace `xp`. List inputs come as one flat sequence with the others.
      An op with `state` gets that state as a fourth argument.
    - `specialize(xp, attrs)`: a function of the inputs alone that does what the kernel does, or
      None; it saves a call on the way to a ufunc.
    - `check(attrs)`: raises ValueError for attributes that a graph may hold, but no run: it is
      asked when a program is made, before any value is there.
    - `definition(*inputs, **attrs)`: the op in terms of other ops (tensors in, tensor or tuple
      out), for a defined op; then kernel and lowering follow from it.
    - `grad(op, *output_gradients)`: the gradient of each input (None: not connected), made of
      ops; or NO_GRADIENT.
    - `expr`: for elementwise ops, a Python expression of the inputs `x`, `y`, `z` and the
      attributes in functions of the array API. The kernel follows from it.
    - `partial_value(op)`: for integer vectors, what is known of the output's elements.
    - `stateful`: as in TensorFlow's registry. `effect`: it acts on the world, so it runs exactly
      once a run and in order. `state(attrs)`: makes what the op keeps between runs of a session.
    - `starts(attrs)`: of a variable that lives for one run: its value at the start of each.
    - `is_variable`: its output is a variable's buffer or handle. `reads`: the input whose variable
      it returns. `updates`: the inputs that are variables to which it gives new values: its kernel
      sees their values and returns the new ones first, then its outputs. `overwrites`: it does not
      look at the old values.
    - `may_be_unset`: the inputs that are variables whose value may be missing: the kernel then
      gets None.
    - `data_dependent`: the output's shape hangs on values, so a bound program cannot know it.
    """
    if name in _TABLE:
        raise ValueError(f"Op {name} is defined twice.")
    op = OpDef(name, signature, attrs)
    if expr is not None and kernel is None:
        kernel = kernel_of(expr, len(op.inputs))
    op.shape, op.kernel, op.definition, op.grad, op.expr = shape, kernel, definition, grad, expr
    op.specialize, op.partial_value, op.check = specialize, partial_value, check
    op.stateful, op.effect, op.state = stateful, effect, state
    op.is_variable, op.reads, op.updates = is_variable, reads, updates
    op.starts = starts
    op.overwrites, op.data_dependent = overwrites, data_dependent
    op.may_be_unset = may_be_unset
    _TABLE[name] = op
    return op


def lookup(name: str) -> OpDef:
    """The entry of an op; KeyError if there is none."""
    return _TABLE[name]


def find(name: str) -> OpDef | None:
    """The entry of an op, or None."""
    return _TABLE.get(name)


def all_ops() -> dict[str, OpDef]:
    """A copy of the whole table."""
    return dict(_TABLE)
