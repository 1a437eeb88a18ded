"""What can be known of a tensor's value before any run: constants and partly known shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .dtypes import DType
from .shape import Shape, is_known, size_of
from .tensor import UNKNOWN, Literal, Operand, Operation, Tensor

_PASS_HANDLES = ("Identity", "IdentityN", "Enter", "Switch")
_MAX_FOLDED = 1 << 16  # elements: larger values are left to the compiler


class OperandValues:
    """The values of an operation's operands, as far as the graph tells (a `Values`)."""

    __slots__ = ("operands",)

    def __init__(self, operands: Sequence[Operand]) -> None:
        self.operands = operands

    def __getitem__(self, index: int) -> np.ndarray[Any, Any] | None:
        return constant_value(self.operands[index])

    def as_shape(self, index: int) -> Shape:
        """An integer vector as a shape, its unknown elements as unknown extents."""
        return value_as_shape(self.operands[index])

    def behind(self, index: int) -> tuple[Shape, DType | None]:
        """Shape and dtype of the value behind a handle, as far as its variable declares them."""
        source = self.operands[index]
        while isinstance(source, Tensor) and source.op.type in _PASS_HANDLES:
            op = source.op
            source = op.operands[source.value_index if op.type == "IdentityN" else 0]
        attrs = source.op.attrs if isinstance(source, Tensor) else {}
        return attrs.get("shape"), attrs.get("dtype")


class ConcreteValues:
    """The values of operands in a run (a `Values`)."""

    __slots__ = ("arrays",)

    def __init__(self, arrays: Sequence[Any]) -> None:
        self.arrays = arrays

    def __getitem__(self, index: int) -> np.ndarray[Any, Any] | None:
        value: np.ndarray[Any, Any] | None = self.arrays[index]
        return value

    def as_shape(self, index: int) -> Shape:
        """An integer vector as a shape."""
        return tuple(None if d < 0 else int(d) for d in np.ravel(self.arrays[index]))

    def behind(self, index: int) -> tuple[Shape, DType | None]:
        """Shape and dtype of the value behind a handle: in a run it stands in its place."""
        return np.shape(self.arrays[index]), None


def constant_value(x: Operand) -> np.ndarray[Any, Any] | None:
    """The value that `x` has in every run, None if it hangs on a feed, a variable or chance."""
    if isinstance(x, Literal):
        return x.value
    value = x._value
    if value is None:
        value = _fold(x)
        x._value = UNKNOWN if value is None else value
    return None if value is UNKNOWN else value


def _fold(x: Tensor) -> np.ndarray[Any, Any] | None:
    pending = [x]
    # An explicit stack: chains of constants may be longer than Python's recursion limit.
    while pending:
        op = pending[-1].op
        if pending[-1]._value is not None:
            pending.pop()
            continue
        waiting = [o for o in _foldable_inputs(op) if o._value is None]
        if waiting:
            pending.extend(waiting)
            continue
        _fold_operation(op)
        pending.pop()
    return None if x._value is UNKNOWN else x._value


def _foldable_inputs(op: Operation) -> list[Tensor]:
    if not _may_fold(op) or (is_shape_query(op) and shape_query(op, op.operands[0]) is not None):
        return []
    return [o for o in op.operands if isinstance(o, Tensor)]


def _may_fold(op: Operation) -> bool:
    d = op.definition
    if d.name in ("Const", "Shape", "Size", "Rank"):
        return True
    if d.name == "PlaceholderWithDefault":  # it may be fed
        return False
    small = all((size_of(o.static_shape) or 0) <= _MAX_FOLDED for o in op.outputs)
    return d.is_pure and bool(d.kernel) and bool(op.operands) and small


def is_shape_query(op: Operation) -> bool:
    """Whether the op asks for its operand's shape, size or rank, whatever the values."""
    return op.type in ("Shape", "Size", "Rank")


def shape_query(op: Operation, x: Operand) -> np.ndarray[Any, Any] | None:
    """What a Shape, Size or Rank of `x` gives; None while the shape is not known."""
    shape = x.static_shape
    if shape is None or (op.type != "Rank" and not is_known(shape)):
        return None
    value: Any = {"Shape": shape, "Size": size_of(shape), "Rank": len(shape)}[op.type]
    known = np.asarray(value, op.outputs[0].dtype.np_dtype)
    known.flags.writeable = False
    return known


def _fold_operation(op: Operation) -> None:
    results: Sequence[Any] | None = None
    if op.type == "Const":
        results = [op.attrs["value"]]
    elif is_shape_query(op):
        known = shape_query(op, op.operands[0])
        results = None if known is None else [known]
    elif op.type == "VariableShape":
        declared = OperandValues(op.operands).behind(0)[0]
        dtype = op.outputs[0].dtype.np_dtype
        results = [np.asarray(declared, dtype)] if is_known(declared) else None
    elif _may_fold(op):
        values = [o.value if isinstance(o, Literal) else o._value for o in op.operands]
        if not any(v is UNKNOWN for v in values):
            results = evaluate_constant(op, values)
    for output, value in zip(op.outputs, results or [UNKNOWN] * len(op.outputs), strict=True):
        output._value = value


def evaluate_constant(
    op: Operation, arrays: Sequence[np.ndarray[Any, Any]]
) -> list[np.ndarray[Any, Any]] | None:
    """The outputs of a pure op for these operands, as read-only arrays of their own.

    None where the kernel refuses the operands: in the run, the error names the op and the line.
    """
    assert op.definition.kernel is not None
    if any(o.dtype.base_dtype.name in ("variant", "resource") for o in op.outputs):
        return None  # lists and handles are made by the run that uses them
    try:
        with np.errstate(all="ignore"):
            got = op.definition.kernel(np, arrays, op.attrs)
    except Exception:
        return None
    results = got if isinstance(got, (tuple, list)) else [got]
    return [_frozen(r, o) for r, o in zip(results, op.outputs, strict=True)]


def _frozen(value: Any, out: Tensor) -> np.ndarray[Any, Any]:
    array = np.asarray(value, out.dtype.np_dtype)
    if array.base is not None:
        array = array.copy()
    array.flags.writeable = False
    return array


def value_as_shape(x: Operand) -> Shape:
    """What is known of an integer vector's elements, as a shape (-1 and unknown: None)."""
    value = constant_value(x)
    if value is not None:
        return tuple(None if d < 0 else int(d) for d in np.ravel(value))
    assert isinstance(x, Tensor)
    partial = x.op.definition.partial_value
    if partial is not None:
        known = partial(x.op)
        if known is not None:
            return known
    shape = x.static_shape
    if shape is not None and len(shape) == 1 and shape[0] is not None:
        return (None,) * shape[0]
    return None
