"""Python's operators on tensors, each adding the operations that TensorFlow 1.15 adds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.convert import constant, convert_to_tensor
from ..core.dtypes import (
    DType,
    as_dtype,
    bool_,
    complex64,
    complex128,
    float32,
    float64,
    int32,
    int64,
)
from ..core.dtypes import string as string_type
from ..core.emit import apply
from ..core.graph import Graph, get_default_graph
from ..core.tensor import Literal, Operand, Tensor
from ..core.tensor_shape import Dimension
from .masking import boolean_mask
from .packing import stacked

Binary = Callable[[Any, Any, str, DType], Any]
_VALUES = (bool, int, float, complex, str, bytes, list, tuple, np.ndarray, np.generic)

_TRUE_DIVISION: dict[str, DType | None] = {
    **dict.fromkeys(("uint8", "int8", "uint16", "int16"), float32),
    **dict.fromkeys(("int32", "int64"), float64),
    **dict.fromkeys(("bfloat16", "float16", "float32", "float64", "complex64", "complex128"), None),
}


def _plain(op_type: str) -> Binary:
    """An operator that is one op: its Python operand becomes a constant below the op's name."""
    return lambda x, y, name, dtype: apply(op_type, x, y, name=name, T=dtype)


def _logical(op_type: str) -> Binary:
    return lambda x, y, name, dtype: apply(op_type, x, y, name=name)


def _add(x: Any, y: Any, name: str, dtype: DType) -> Any:
    return apply("Add" if dtype is string_type else "AddV2", x, y, name=name, T=dtype)


def _home(x: Any) -> Graph:
    """The graph that an operator of a tensor goes to; a function being traced captures it."""
    current = get_default_graph()
    return current if current.building_function else x.graph


def _scoped(build: Callable[[Tensor, Tensor, str], Any]) -> Binary:
    """An operator of several ops, all below one scope; the last has the scope's name."""

    def run(x: Any, y: Any, name: str, dtype: DType) -> Any:
        graph = _home(x if isinstance(x, Tensor) else y)
        with graph.as_default(), graph.name_scope(name) as scope:
            x = x if isinstance(x, (Tensor, Literal)) else convert_to_tensor(x, dtype, "x")
            y = y if isinstance(y, (Tensor, Literal)) else convert_to_tensor(y, dtype, "y")
            return build(x, y, scope)

    return run


def true_divide(x: Tensor, y: Tensor, name: str) -> Any:
    """The quotient; integers become floats first. TypeError unless both have one dtype."""
    a, b = x.dtype.base_dtype, y.dtype.base_dtype
    if a is not b:
        raise TypeError(
            f"x and y must have the same dtype, got {a!r} != {b!r}: convert one, e.g. with "
            f"tf.cast(y, {a!r})."
        )
    if a.name not in _TRUE_DIVISION:
        raise TypeError(f"Invalid dtype {a!r} in __truediv__.")
    to = _TRUE_DIVISION[a.name]
    if to is not None:
        x, y = apply("Cast", x, DstT=to), apply("Cast", y, DstT=to)
    return apply("RealDiv", x, y, name=name)


def _python2_divide(x: Tensor, y: Tensor, name: str) -> Any:
    """Python 2's `/`: integers round down."""
    kind = x.dtype.base_dtype
    return apply("RealDiv" if kind.is_floating or kind.is_complex else "FloorDiv", x, y, name=name)


def logical_xor(x: Any, y: Any, name: str) -> Any:
    """Whether exactly one of two booleans is true."""
    either = apply("LogicalOr", x, y, name="LogicalOr")
    both = apply("LogicalAnd", x, y, name="LogicalAnd")
    return apply("LogicalAnd", either, apply("LogicalNot", both, name="LogicalNot"), name=name)


def _matmul(x: Tensor, y: Tensor, name: str) -> Any:
    ranks = [None if t.static_shape is None else len(t.static_shape) for t in (x, y)]
    batched = any(r is None or r > 2 for r in ranks)
    return apply("BatchMatMulV2" if batched else "MatMul", x, y, name=name)


BINARY: dict[str, Binary] = {
    "add": _add,
    "sub": _plain("Sub"),
    "mul": _plain("Mul"),
    "div": _scoped(_python2_divide),
    "truediv": _scoped(true_divide),
    "floordiv": _plain("FloorDiv"),
    "mod": _plain("FloorMod"),
    "pow": _plain("Pow"),
    "and": _logical("LogicalAnd"),
    "or": _logical("LogicalOr"),
    "xor": _scoped(logical_xor),
    "matmul": _scoped(_matmul),
}
COMPARISONS = {"lt": "Less", "le": "LessEqual", "gt": "Greater", "ge": "GreaterEqual"}


def _forward(name: str, build: Binary) -> Callable[[Tensor, Any], Any]:
    reflected = f"__r{name}__"

    def operator(x: Tensor, y: Any) -> Any:
        if type(y) is Tensor:
            return build(x, y, name, x.dtype.base_dtype)
        try:
            return build(x, y, name, x.dtype.base_dtype)
        except TypeError:
            # An object that knows tensors may take over.
            if isinstance(y, _VALUES) or not hasattr(type(y), reflected):
                raise
            return NotImplemented

    return operator


def _backward(name: str, build: Binary) -> Callable[[Tensor, Any], Any]:
    return lambda y, x: build(x, y, name, y.dtype.base_dtype)


def _comparison(op_type: str) -> Callable[[Tensor, Any], Any]:
    return lambda x, y: apply(op_type, x, y, T=x.dtype.base_dtype)


def _absolute(x: Tensor) -> Any:
    kind = x.dtype.base_dtype
    if kind in (complex64, complex128):
        return apply("ComplexAbs", x, name="Abs", Tout=kind.real_dtype)
    return apply("Abs", x)


# -- x[...] ----------------------------------------------------------------------------------
SLICE_TYPE_ERROR = (
    "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar "
    "tf.int32/tf.int64 tensors are valid indices"
)


def _bad_index(index: Any) -> TypeError:
    return TypeError(f"{SLICE_TYPE_ERROR}, got {index!r}")


def _check_index(index: Any) -> None:
    if isinstance(index, (int, Dimension)):
        return
    dtype, shape = getattr(index, "dtype", None), getattr(index, "shape", None)
    if dtype is None or as_dtype(dtype).base_dtype not in (int32, int64):
        raise _bad_index(index)
    if shape and len(shape) == 1:
        raise _bad_index(index)


class _Spec:
    """The vectors and masks of a slice in Python's notation."""

    def __init__(self) -> None:
        self.begin: list[Any] = []
        self.end: list[Any] = []
        self.strides: list[Any] = []
        self.masks = dict.fromkeys(
            ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"), 0
        )

    def append(self, begin: Any, end: Any, stride: Any, *masks: str) -> None:
        for mask in masks:
            self.masks[mask] |= 1 << len(self.begin)
        self.begin.append(begin)
        self.end.append(end)
        self.strides.append(stride)

    def add(self, item: Any) -> None:
        if isinstance(item, slice):
            self.add_slice(item)
        elif item is Ellipsis:
            self.append(0, 0, 1, "ellipsis_mask")
        elif item is None:
            self.append(0, 0, 1, "new_axis_mask")
        else:
            _check_index(item)
            self.append(item, item + 1, 1, "shrink_axis_mask")

    def add_slice(self, item: slice) -> None:
        bounds: list[Any] = []
        masks: list[str] = []
        for value, mask in ((item.start, "begin_mask"), (item.stop, "end_mask")):
            if value is None or (isinstance(value, int) and value == sys.maxsize):
                bounds.append(0)
                masks.append(mask)
            else:
                _check_index(value)
                bounds.append(value)
        if item.step is not None:
            _check_index(item.step)
        step = 1 if item.step is None else item.step
        self.append(bounds[0], bounds[1], step, *masks)

    def vectors(self) -> Sequence[Operand]:
        if not self.begin:
            empty = constant([], int32)
            return empty, empty, empty
        packed = [stacked(v) for v in (self.begin, self.end, self.strides)]
        if any(p.dtype.base_dtype is int64 for p in packed):
            packed = [
                p if p.dtype.base_dtype is int64 else apply("Cast", p, DstT=int64) for p in packed
            ]
        return packed


def _is_mask(spec: Any) -> bool:
    return isinstance(spec, (bool, Tensor, np.ndarray)) and (
        isinstance(spec, bool) or spec.dtype in (bool_, np.dtype(bool))
    )


def getitem(x: Tensor, slice_spec: Any) -> Any:
    """`x[slice_spec]`: NumPy's basic indexing, or selection by a boolean mask."""
    if _is_mask(slice_spec):
        return boolean_mask(x, slice_spec)
    items = slice_spec if isinstance(slice_spec, (list, tuple)) else [slice_spec]
    spec = _Spec()
    for item in items:
        spec.add(item)
    graph = _home(x)
    with graph.as_default(), graph.name_scope("strided_slice") as scope:
        return apply("StridedSlice", x, *spec.vectors(), name=scope, **spec.masks)


def install() -> None:
    """Gives `Tensor` its operators."""
    names: list[tuple[str, Callable[..., Any]]] = []
    for name, build in BINARY.items():
        names += [(f"__{name}__", _forward(name, build)), (f"__r{name}__", _backward(name, build))]
    for name, op_type in COMPARISONS.items():
        names.append((f"__{name}__", _comparison(op_type)))
    names += [
        ("__neg__", lambda x: apply("Neg", x)),
        ("__invert__", lambda x: apply("LogicalNot", x)),
        ("__abs__", _absolute),
        ("__getitem__", getitem),
    ]
    for name, function in names:
        setattr(Tensor, name, function)
        Tensor.OVERLOADABLE_OPERATORS.add(name)


install()
