"""Lists with tensors inside, shapes and dimensions as tensors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..core import convert
from ..core.dtypes import DType, int32, int64
from ..core.emit import apply
from ..core.graph import get_default_graph
from ..core.tensor import Literal, Tensor
from ..core.tensor_shape import Dimension, TensorShape

_PLAIN = (*(t for t in np.sctypeDict.values() if isinstance(t, type)), int, float, bool, complex)
_NEVER_PACKED = frozenset((*_PLAIN, str, bytes, np.ndarray))


def is_tensor_like(x: Any) -> bool:
    """Whether `x` is a tensor or stands for a dense one (a variable)."""
    return isinstance(x, Tensor) or (hasattr(x, "_as_graph_element") and hasattr(x, "dtype"))


def _flat(values: Iterable[Any]) -> Iterable[Any]:
    for v in values:
        if isinstance(v, (list, tuple)):
            yield from _flat(v)
        else:
            yield v


def _pack(values: Any, dtype: DType | None, name: str | None, as_ref: bool) -> Any:
    """Converts nested lists that hold tensors: numbers among them become constants."""
    if as_ref or all(type(v) in _NEVER_PACKED for v in _flat(values)):
        return NotImplemented
    found = next((v.dtype.base_dtype for v in _flat(values) if is_tensor_like(v)), None)
    if found is None:
        return NotImplemented
    if dtype is not None and dtype.base_dtype is not found:
        values = _cast_tensors(values, dtype.base_dtype)
    return _pack_nested(values, dtype.base_dtype if dtype is not None else found, name or "packed")


def _cast_tensors(values: Any, dtype: DType) -> Any:
    if isinstance(values, (list, tuple)):
        return [_cast_tensors(v, dtype) for v in values]
    if is_tensor_like(values) and values.dtype.base_dtype is not dtype:
        return apply("Cast", values, DstT=dtype)
    return values


def _pack_nested(values: Sequence[Any], dtype: DType, name: str) -> Any:
    """A tensor if there is one among `values`, else the values as they are."""
    with get_default_graph().name_scope(name) as scope:
        items = [_pack_item(v, dtype, str(i)) for i, v in enumerate(values)]
        if not any(is_tensor_like(v) for v in items):
            return items
        tensors = [
            v if is_tensor_like(v) else convert.constant(v, dtype, str(i))
            for i, v in enumerate(items)
        ]
        return apply("Pack", tensors, name=scope)


def _pack_item(item: Any, dtype: DType, name: str) -> Any:
    if is_tensor_like(item):
        if item.dtype.base_dtype is not dtype:
            raise TypeError(
                f"Cannot convert a list containing a tensor of dtype {item.dtype!r} to {dtype!r} "
                f"(Tensor is: {item!r})"
            )
        return item
    return _pack_nested(item, dtype, name) if isinstance(item, (list, tuple)) else item


def stacked(values: Sequence[Any], name: str = "stack") -> Tensor | Literal:
    """Scalars or tensors of one shape as rows of a tensor: a constant where all are numbers."""
    try:
        return convert.convert_to_tensor(values, name=name)
    except (TypeError, ValueError):
        # What is no list of numbers and tensors is converted item by item, the first one here.
        convert.convert_to_tensor(values[0], name=name)
    return apply("Pack", list(values), name=name)  # type: ignore[no-any-return]


def _integer_dtype(what: str, largest: int, dtype: DType | None) -> DType:
    if dtype is None:
        return int64 if largest > np.iinfo(np.int32).max else int32
    if dtype.base_dtype not in (int32, int64):
        raise TypeError(f"Cannot convert a {what} to dtype: {dtype.name}")
    return dtype.base_dtype


def _dimension(value: Dimension, dtype: DType | None, name: str | None, as_ref: bool) -> Tensor:
    if value.value is None:
        raise ValueError(
            f"Cannot convert an unknown Dimension to a Tensor: {value}. Use tf.shape(x)[i], which "
            "is known when the graph runs."
        )
    kind = _integer_dtype("Dimension", value.value, dtype)
    return convert.constant(value.value, kind, name or "shape_as_tensor")


def _tensor_shape(value: TensorShape, dtype: DType | None, name: str | None, _: bool) -> Tensor:
    if not value.is_fully_defined():
        raise ValueError(
            f"Cannot convert a partially known TensorShape to a Tensor: {value}. Use tf.shape(x), "
            "which is known when the graph runs."
        )
    dims = [d or 0 for d in value.as_list()]
    kind = _integer_dtype("TensorShape", max(dims, default=0), dtype)
    return convert.constant(dims, kind, name or "shape_as_tensor")


convert.register((list, tuple), _pack, 99)
convert.register(Dimension, _dimension)
convert.register(TensorShape, _tensor_shape)
