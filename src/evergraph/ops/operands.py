"""What shape rules, kernels and gradients ask of integer operands: axes, shapes, sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.allocation import allocatable
from ..core.dtypes import DType, int32, int64
from ..core.emit import apply
from ..core.opdef import Array
from ..core.shape import Shape, is_known, normal_axis
from ..core.tensor import Literal, Operand, Tensor, axes_literal
from ..core.values import constant_value


def ints(value: Any) -> list[int]:
    """The elements of an integer operand's value."""
    array = np.asarray(value)
    found: list[int] = array.ravel().tolist()
    # Objects may be integers of another kind, which a compiler follows through shape rules.
    return found if array.dtype.kind in "iuO" else [int(v) for v in found]


def scalar(value: Any) -> int:
    """An integer operand that must have one element; ValueError otherwise."""
    array = np.asarray(value)
    if array.size != 1:
        raise ValueError(f"A scalar must have exactly one element, got shape {array.shape}.")
    return int(array.reshape(()))


def as_ints(value: Any, dtype: DType = int32) -> Literal:
    """A literal of int32 or int64."""
    return Literal(np.asarray(value, dtype.np_dtype))


def known_ints(x: Operand) -> list[int] | None:
    """The elements of an integer operand, None while they are not known."""
    value = constant_value(x)
    return None if value is None else ints(value)


def shape_of(x: Operand, dtype: DType = int32) -> Literal | Tensor:
    """The shape as an operand: a literal where it is known, else a `Shape` op."""
    if is_known(x.static_shape):
        return as_ints(x.static_shape, dtype)
    return apply("Shape", x, out_type=dtype)  # type: ignore[no-any-return]


def all_axes(x: Operand) -> Literal | Tensor:
    """The axes from the first to the last, as an operand."""
    if x.static_shape is not None:
        return axes_literal(range(len(x.static_shape)))
    return apply("Range", axes_literal(0), apply("Rank", x), axes_literal(1))  # type: ignore[no-any-return]


def extent_of(x: Operand, axis: int) -> Literal | Tensor:
    """The extent along a non-negative axis, as a vector of one element."""
    shape = x.static_shape
    if shape is not None and shape[axis] is not None:
        return axes_literal([shape[axis]])
    return apply("Slice", apply("Shape", x), axes_literal([axis]), axes_literal([1]))  # type: ignore[no-any-return]


def same_length(rank: int, *values: list[int]) -> None:
    """Raises ValueError unless each vector has one element an axis."""
    for v in values:
        if len(v) != rank:
            raise ValueError(f"Expected {rank} elements, one an axis, got {v}.")


def axis_of(value: Any, shape: Shape) -> int | None:
    """A normal axis of a tensor of this shape, None while it is not known."""
    if value is None or shape is None:
        return None
    return normal_axis(scalar(value), len(shape))


def is_numpy(xp: Any) -> bool:
    """Whether kernels compute with NumPy itself, whose arrays can be written to."""
    return xp is np


def put(xp: Any, array: Array, index: Any, value: Array) -> Array:
    """A copy of `array` with `value` at `index`."""
    if is_numpy(xp):
        out = np.array(array)
        out[index] = value
        return out
    return array.at[index].set(value)


def padded(xp: Any, x: Array, pairs: Sequence[tuple[int, int]], value: Any = 0) -> Array:
    """`x` with `value` around it: (before, after) elements for each axis."""
    if not any(a or b for a, b in pairs):
        return x
    if not is_numpy(xp):
        return xp.pad(x, pairs, constant_values=value)
    # Several times faster than np.pad on small arrays, and it takes strings.
    fill = np.asarray(value, dtype=x.dtype)
    sizes = [a + d + b for d, (a, b) in zip(x.shape, pairs, strict=True)]
    out = np.full(allocatable(sizes, x.dtype), fill, x.dtype)
    out[tuple([slice(a, a + d) for d, (a, _) in zip(x.shape, pairs, strict=True)])] = x
    return out


def np_dtype(attrs: dict[str, Any], key: str = "dtype") -> np.dtype[Any]:
    """The NumPy dtype that an attribute asks for."""
    dtype = attrs[key]
    assert isinstance(dtype, DType)
    return dtype.np_dtype


def zeros(xp: Any, shape: Any, dtype: np.dtype[Any]) -> Array:
    """Zeros; of strings, empty ones."""
    dims = allocatable(shape, dtype)
    if dtype.kind == "O":
        return np.full(dims, b"", dtype=object)
    return xp.zeros(dims, dtype)


INDEX = (int32, int64)
