"""RaggedTensors of nested lists, and placeholders for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.dtypes import as_dtype, int64
from ...core.tensor_shape import TensorShape
from .. import array_ops
from ..framework import name_scope
from .tensor import RaggedTensor, is_ragged
from .value import RaggedTensorValue


def constant(
    pylist: Any,
    dtype: Any = None,
    ragged_rank: Any = None,
    inner_shape: Any = None,
    name: Any = None,
    row_splits_dtype: Any = int64,
) -> Any:
    """A constant of nested lists whose lengths differ: a RaggedTensor.

    `ragged_rank` dimensions are ragged (by default all but the first), those of `inner_shape`
    are not. A dense tensor where no dimension is ragged. Raises ValueError where the lists do
    not fit, TypeError for a RaggedTensor.
    """

    def of_rows(values: Any, splits: list[int]) -> Any:
        rows = array_ops.constant(splits, dtype=row_splits_dtype)
        return RaggedTensor.from_row_splits(values, rows, validate=False)

    def of_values(items: Any, shape: Any, name: str | None) -> Any:
        return array_ops.constant(items, dtype, shape, "Const" if name is None else name)

    with name_scope(name, "RaggedConstant", []):
        return _Nested(pylist, ragged_rank, inner_shape).build(of_rows, of_values)


def constant_value(
    pylist: Any,
    dtype: Any = None,
    ragged_rank: Any = None,
    inner_shape: Any = None,
    row_splits_dtype: Any = "int64",
) -> Any:
    """Like `constant`, as a RaggedTensorValue (or an array)."""
    kind = as_dtype(row_splits_dtype).np_dtype
    if dtype is not None:
        dtype = as_dtype(dtype).np_dtype

    def of_rows(values: Any, splits: list[int]) -> Any:
        return RaggedTensorValue(values, np.array(splits, kind))

    def of_values(items: Any, shape: Any, name: str | None) -> Any:
        array = np.array(items, dtype=dtype)
        return array if shape is None else array.reshape(shape)

    return _Nested(pylist, ragged_rank, inner_shape).build(of_rows, of_values)


def _is_nested(item: Any) -> bool:
    return isinstance(item, (list, tuple)) or np.ndim(item) != 0


def _depths(item: Any) -> tuple[int | None, int]:
    """How deep scalars stand in nested lists (None without any), and how deep lists are."""
    if not _is_nested(item):
        return 0, 0
    scalars: int | None = None
    deepest = 1
    for child in item:
        depth, most = _depths(child)
        if depth is not None:
            if scalars is not None and scalars != depth + 1:
                raise ValueError("all scalar values must have the same nesting depth")
            scalars = depth + 1
        deepest = max(deepest, most + 1)
    return scalars, deepest


class _Nested:
    """Nested lists, and which of their levels are ragged dimensions."""

    def __init__(self, pylist: Any, ragged_rank: Any, inner_shape: Any) -> None:
        if is_ragged(pylist):
            raise TypeError("pylist may not be a RaggedTensor or RaggedTensorValue.")
        if ragged_rank is not None and ragged_rank < 0:
            raise ValueError(f"Invalid ragged_rank={ragged_rank!r}: must be nonnegative")
        self.items = pylist
        self.ragged_rank = ragged_rank
        self.inner_shape = None if inner_shape is None else tuple(inner_shape)
        self.scalars, self.deepest = _depths(pylist)
        self._check()

    def _check(self) -> None:
        inner, depth = len(self.inner_shape or ()), self.ragged_rank
        if not _is_nested(self.items):
            if depth:
                raise self._unfit(f"incompatible with ragged_rank={depth}")
            if inner:
                raise self._unfit(f"incompatible with dim(inner_shape)={inner}")
            return
        if self.scalars is not None and self.deepest > self.scalars:
            raise self._unfit("empty list nesting is greater than scalar value nesting")
        if self.inner_shape is not None and depth is not None:
            expected = depth + inner + 1
            known = self.scalars
            if (known is not None and known != expected) or expected < self.deepest:
                what = f"incompatible with ragged_rank={depth} and dim(inner_shape)={inner}"
                raise self._unfit(what)

    def _unfit(self, why: str) -> ValueError:
        return ValueError(f"Invalid pylist={self.items!r}: {why}")

    def _is_dense(self) -> bool:
        if self.ragged_rank is not None:
            return bool(self.ragged_rank == 0)
        return self.deepest < 2 or self.deepest - len(self.inner_shape or ()) < 2

    def build(self, of_rows: Callable[..., Any], of_values: Callable[..., Any]) -> Any:
        """The result, made by functions for a ragged dimension and for the values."""
        if not _is_nested(self.items):
            return of_values(self.items, (), None)
        if self._is_dense():
            return of_values(self.items, self.inner_shape, None)
        depth, inner = self._form()
        nested, values = [], self.items
        for _ in range(depth):
            lengths = [len(row) for row in values]
            nested.append([0, *np.cumsum(lengths, dtype=np.int64).tolist()])
            values = [item for row in values for item in row]
        result = of_values(values, (len(values), *inner), "values")
        for splits in reversed(nested):
            result = of_rows(result, splits)
        return result

    def _form(self) -> tuple[int, tuple[int, ...]]:
        """The ragged rank and the shape of the values."""
        if self.ragged_rank is not None:
            inner = self.inner_shape
            return self.ragged_rank, self._inner_shape() if inner is None else inner
        inner = self.inner_shape or ()
        if self.scalars is None:
            return max(1, self.deepest - 1), inner
        return max(1, self.scalars - 1 - len(inner)), inner

    def _inner_shape(self) -> tuple[int, ...]:
        """The shape of the lists below the ragged levels, which must all have the same."""
        values = self.items
        for depth in range(self.ragged_rank):
            if not all(map(_is_nested, values)):
                raise ValueError(
                    f"pylist has scalar values depth {depth + 1}, but ragged_rank="
                    f"{self.ragged_rank} requires scalar value depth greater than "
                    f"{self.ragged_rank}"
                )
            values = [item for row in values for item in row]
        shape = _shape_of(values)
        _check_shape(values, shape)
        return shape[1:]


def _shape_of(item: Any) -> tuple[int, ...]:
    if not _is_nested(item):
        return ()
    return (len(item), *_shape_of(item[0])) if len(item) else (0,)


def _check_shape(item: Any, shape: tuple[int, ...]) -> None:
    if _is_nested(item) != bool(shape) or (shape and shape[0] != len(item)):
        raise ValueError("inner values have inconsistent shape")
    for child in item if shape else ():
        _check_shape(child, shape[1:])


def placeholder(dtype: Any, ragged_rank: int, value_shape: Any = None, name: Any = None) -> Any:
    """A RaggedTensor of placeholders: feed it a RaggedTensorValue."""
    if ragged_rank == 0:
        return array_ops.placeholder(dtype, value_shape, name)
    with name_scope(name, "RaggedPlaceholder", []):
        shape = TensorShape([None]).concatenate(TensorShape(value_shape))
        result: Any = array_ops.placeholder(dtype, shape, "flat_values")
        for level in reversed(range(ragged_rank)):
            splits = array_ops.placeholder(int64, [None], f"row_splits_{level}")
            result = RaggedTensor(result, splits, internal=True)
        return result
