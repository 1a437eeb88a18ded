"""`tf.sets`: sets in the last axis of dense and sparse tensors."""

from __future__ import annotations

from typing import Any

from ..core.dtypes import DType, as_dtype
from ..core.emit import apply
from ..core.tensor import Tensor
from ..ops.sparse import SparseTensor
from .sparse_tensor import convert_to_tensor_or_sparse_tensor

_DTYPES: frozenset[DType] = frozenset(
    map(as_dtype, ("int8", "int16", "int32", "int64", "uint8", "uint16", "string"))
)


def set_size(a: Any, validate_indices: Any = True) -> Tensor:
    """The number of different elements of each set; `a` is sparse, its indices in order.

    Raises TypeError for a dense tensor and for dtypes that have no sets.
    """
    a = convert_to_tensor_or_sparse_tensor(a, name="a")
    if not isinstance(a, SparseTensor):
        raise TypeError(f"Expected `SparseTensor`, got {a}.")
    if a.values.dtype.base_dtype not in _DTYPES:
        raise TypeError(f"Invalid dtype {a.values.dtype}.")
    size: Tensor = apply(
        "SetSize", a.indices, a.values, a.dense_shape, validate_indices=validate_indices
    )
    return size


def _operands(a: Any, b: Any) -> tuple[Any, Any, bool]:
    """Both as tensors, a dense one first; and whether they changed places."""
    a = convert_to_tensor_or_sparse_tensor(a, name="a")
    b = convert_to_tensor_or_sparse_tensor(b, name="b")
    if a.dtype.base_dtype not in _DTYPES:
        raise TypeError(f"'a' invalid dtype {a.dtype}.")
    if b.dtype.base_dtype != a.dtype.base_dtype:
        raise TypeError(f"Types don't match, {a.dtype} vs {b.dtype}.")
    turned = isinstance(a, SparseTensor) and not isinstance(b, SparseTensor)
    return (b, a, True) if turned else (a, b, False)


def _set_operation(a: Any, b: Any, operation: str, validate_indices: Any) -> SparseTensor:
    kinds = ["Sparse" if isinstance(x, SparseTensor) else "Dense" for x in (a, b)]
    parts = [
        part
        for x in (a, b)
        for part in ((x.indices, x.values, x.dense_shape) if isinstance(x, SparseTensor) else (x,))
    ]
    op_type = f"{kinds[0]}To{kinds[1]}SetOperation"
    return SparseTensor(
        *apply(op_type, *parts, set_operation=operation, validate_indices=validate_indices)
    )


def intersection(a: Any, b: Any, validate_indices: Any = True) -> SparseTensor:
    """What is in both sets. All axes but the last must be equal."""
    a, b, _ = _operands(a, b)
    return _set_operation(a, b, "intersection", validate_indices)


def difference(a: Any, b: Any, aminusb: Any = True, validate_indices: Any = True) -> SparseTensor:
    """What is in a and not in b; the other way round without `aminusb`."""
    a, b, turned = _operands(a, b)
    operation = "a-b" if bool(aminusb) != turned else "b-a"
    return _set_operation(a, b, operation, validate_indices)


def set_union(a: Any, b: Any, validate_indices: Any = True) -> SparseTensor:
    """What is in either set. All axes but the last must be equal."""
    a, b, _ = _operands(a, b)
    return _set_operation(a, b, "union", validate_indices)
