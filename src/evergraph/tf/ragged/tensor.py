"""`tf.RaggedTensor`: a tensor whose rows have different lengths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.dtypes import as_dtype, int32, int64
from ...core.graph import Graph
from ...core.tensor import Operation, Tensor
from ...core.tensor_shape import TensorShape
from .. import array_ops, math_ops
from ..framework import convert_to_tensor, name_scope
from . import partitions
from .splits import INDEX_TYPES, positive_axis, row_lengths_of, row_splits_to_segment_ids
from .value import RaggedTensorValue, nested_value

_answers: dict[str, Callable[..., Any]] = {}


def answer(name: str, function: Callable[..., Any]) -> None:
    """Tells what a method does that needs modules above this one."""
    _answers[name] = function


class RaggedTensor:
    """Rows of different lengths: `values` (rows one after the other) and `row_splits`.

    Row i is `values[row_splits[i]:row_splits[i + 1]]`. `values` is a tensor or again a
    RaggedTensor, so that any number of dimensions may be ragged. Made by `tf.ragged.constant` and
    by the `from_...` methods; the constructor itself raises ValueError.
    """

    def __init__(
        self,
        values: Any,
        row_splits: Any,
        cached_row_lengths: Any = None,
        cached_value_rowids: Any = None,
        cached_nrows: Any = None,
        internal: bool = False,
    ) -> None:
        if not internal:
            raise ValueError(
                "RaggedTensor constructor is private; please use one of the factory methods "
                "instead (e.g., RaggedTensor.from_row_lengths())"
            )
        _check_parts(values, row_splits)
        row_splits.set_shape([None])
        self._values = values
        self._row_splits = row_splits
        for tensor in (cached_row_lengths, cached_value_rowids, cached_nrows):
            _check_cached(tensor)
        self._cached_row_lengths = cached_row_lengths
        self._cached_value_rowids = cached_value_rowids
        self._cached_nrows = cached_nrows

    # -- making one ----------------------------------------------------------------------------
    @classmethod
    def from_value_rowids(
        cls,
        values: Any,
        value_rowids: Any,
        nrows: Any = None,
        name: Any = None,
        validate: bool = True,
    ) -> RaggedTensor:
        """From the (sorted) number of each value's row. `nrows`: how many rows there are."""
        return partitions.from_value_rowids(cls, values, value_rowids, nrows, name, validate)

    @classmethod
    def from_row_splits(
        cls, values: Any, row_splits: Any, name: Any = None, validate: bool = True
    ) -> RaggedTensor:
        """From where each row starts, and where the last one ends."""
        return partitions.from_row_splits(cls, values, row_splits, name, validate)

    @classmethod
    def from_row_lengths(
        cls, values: Any, row_lengths: Any, name: Any = None, validate: bool = True
    ) -> RaggedTensor:
        """From the length of each row."""
        return partitions.from_row_lengths(cls, values, row_lengths, name, validate)

    @classmethod
    def from_row_starts(
        cls, values: Any, row_starts: Any, name: Any = None, validate: bool = True
    ) -> RaggedTensor:
        """From where each row starts."""
        return partitions.from_row_starts(cls, values, row_starts, name, validate)

    @classmethod
    def from_row_limits(
        cls, values: Any, row_limits: Any, name: Any = None, validate: bool = True
    ) -> RaggedTensor:
        """From where each row ends."""
        return partitions.from_row_limits(cls, values, row_limits, name, validate)

    @classmethod
    def from_nested_value_rowids(
        cls,
        flat_values: Any,
        nested_value_rowids: Any,
        nested_nrows: Any = None,
        name: Any = None,
        validate: bool = True,
    ) -> Any:
        """From the row numbers of several dimensions, the outermost first."""
        partitions.check_nested(nested_value_rowids, "nested_value_rowids", validate)
        rows = partitions.nested_rows(nested_nrows, len(nested_value_rowids))
        parts = [flat_values, *nested_value_rowids, *rows]
        with name_scope(name, "RaggedFromNestedValueRowIds", parts):
            result = flat_values
            for ids, count in reversed(list(zip(nested_value_rowids, rows, strict=True))):
                result = cls.from_value_rowids(result, ids, count, validate=validate)
            return result

    @classmethod
    def from_nested_row_splits(
        cls, flat_values: Any, nested_row_splits: Any, name: Any = None, validate: bool = True
    ) -> Any:
        """From the row splits of several dimensions, the outermost first."""
        partitions.check_nested(nested_row_splits, "nested_row_splits", validate)
        with name_scope(name, "RaggedFromNestedRowSplits", [flat_values, *nested_row_splits]):
            result = flat_values
            for splits in reversed(list(nested_row_splits)):
                result = cls.from_row_splits(result, splits, validate=validate)
            return result

    @classmethod
    def from_nested_row_lengths(
        cls, flat_values: Any, nested_row_lengths: Any, name: Any = None, validate: bool = True
    ) -> Any:
        """From the row lengths of several dimensions, the outermost first."""
        partitions.check_nested(nested_row_lengths, "nested_row_lengths", validate)
        with name_scope(name, "RaggedFromNestedRowlengths", [flat_values, *nested_row_lengths]):
            result = flat_values
            for lengths in reversed(list(nested_row_lengths)):
                result = cls.from_row_lengths(result, lengths, validate=validate)
            return result

    @classmethod
    def from_tensor(
        cls,
        tensor: Any,
        lengths: Any = None,
        padding: Any = None,
        ragged_rank: int = 1,
        name: Any = None,
        row_splits_dtype: Any = int64,
    ) -> RaggedTensor:
        """From a dense tensor: rows as they are, cut to `lengths`, or without their `padding`."""
        options = (lengths, padding, ragged_rank, name, row_splits_dtype)
        return _answers["from_tensor"](cls, tensor, *options)  # type: ignore[no-any-return]

    @classmethod
    def from_sparse(
        cls, st_input: Any, name: Any = None, row_splits_dtype: Any = int64
    ) -> RaggedTensor:
        """From a SparseTensor of rank 2 whose rows have no gaps."""
        return _answers["from_sparse"](cls, st_input, name, row_splits_dtype)  # type: ignore[no-any-return]

    # -- what it is ----------------------------------------------------------------------------
    @property
    def dtype(self) -> Any:
        """The dtype of the values."""
        return self._values.dtype

    @property
    def shape(self) -> TensorShape:
        """What is known of its shape; ragged dimensions are unknown ones."""
        rows = self._row_splits.static_shape
        count = None if rows is None or rows[0] is None else rows[0] - 1
        return TensorShape([count, None]).concatenate(self._values.shape[1:])

    def get_shape(self) -> TensorShape:
        """What is known of its shape."""
        return self.shape

    @property
    def ragged_rank(self) -> int:
        """How many dimensions are ragged."""
        return len(self.nested_row_splits)

    @property
    def values(self) -> Any:
        """The rows, one after the other: a tensor or a RaggedTensor."""
        return self._values

    @property
    def row_splits(self) -> Tensor:
        """Where each row starts, and where the last one ends."""
        return self._row_splits  # type: ignore[no-any-return]

    @property
    def flat_values(self) -> Tensor:
        """The innermost values: a tensor."""
        values = self._values
        return values.flat_values if isinstance(values, RaggedTensor) else values

    @property
    def nested_row_splits(self) -> tuple[Tensor, ...]:
        """The row splits of all ragged dimensions, the outermost first."""
        values = self._values
        inner = values.nested_row_splits if isinstance(values, RaggedTensor) else ()
        return (self._row_splits, *inner)

    @property
    def graph(self) -> Graph:
        """The graph that it belongs to."""
        return self.flat_values.graph

    @property
    def op(self) -> Operation:
        """The operation that gives the values."""
        return self.flat_values.op

    @property
    def name(self) -> str:
        """The name of the values."""
        return self.flat_values.name

    def value_rowids(self, name: Any = None) -> Tensor:
        """For each value, the number of its row."""
        if self._cached_value_rowids is not None:
            return self._cached_value_rowids  # type: ignore[no-any-return]
        with name_scope(name, "RaggedValueRowIds", [self.row_splits]):
            return row_splits_to_segment_ids(self.row_splits)

    def nested_value_rowids(self, name: Any = None) -> tuple[Tensor, ...]:
        """The row numbers of all ragged dimensions, the outermost first."""
        with name_scope(name, "RaggedNestedValueRowIds", [self.row_splits]):
            return tuple(part.value_rowids() for part in self._levels())

    def nrows(self, out_type: Any = None, name: Any = None) -> Tensor:
        """How many rows there are."""
        kind = self._row_splits.dtype if out_type is None else as_dtype(out_type)
        if self._cached_nrows is not None:
            return math_ops.cast(self._cached_nrows, kind)  # type: ignore[no-any-return]
        with name_scope(name, "RaggedNRows", [self.row_splits]):
            return array_ops.shape(self.row_splits, out_type=kind)[0] - 1

    def row_starts(self, name: Any = None) -> Tensor:
        """Where each row starts."""
        with name_scope(name, "RaggedRowStarts", [self.row_splits]):
            return self.row_splits[:-1]

    def row_limits(self, name: Any = None) -> Tensor:
        """Where each row ends."""
        with name_scope(name, "RaggedRowLimits", [self.row_splits]):
            return self.row_splits[1:]

    def row_lengths(self, axis: int = 1, name: Any = None) -> Any:
        """The length of each row; for further axes, those of the rows within, ragged."""
        if axis == 1 and self._cached_row_lengths is not None:
            return self._cached_row_lengths
        with name_scope(name, "RaggedRowLengths", [self.row_splits]):
            axis = positive_axis(axis, self.shape.ndims)
            if axis == 0:
                return self.nrows()
            if axis == 1:
                return row_lengths_of(self.row_splits)
            if isinstance(self.values, RaggedTensor):
                return self.with_values(self.values.row_lengths(axis - 1))
            shape = array_ops.shape(self.values, out_type=self._row_splits.dtype)
            ones = array_ops.ones(shape[: axis - 1], self._row_splits.dtype)
            return self.with_values(ones * shape[axis - 1])

    def nested_row_lengths(self, name: Any = None) -> tuple[Tensor, ...]:
        """The row lengths of all ragged dimensions, the outermost first."""
        with name_scope(name, "RaggedNestedRowLengths", [self.row_splits]):
            return tuple(part.row_lengths() for part in self._levels())

    def _levels(self) -> list[RaggedTensor]:
        inner = self._values._levels() if isinstance(self._values, RaggedTensor) else []
        return [self, *inner]

    def bounding_shape(self, axis: Any = None, name: Any = None, out_type: Any = None) -> Tensor:
        """The least dense shape that holds all rows (along `axis` alone, where that is given)."""
        kind = self._row_splits.dtype if out_type is None else as_dtype(out_type)
        with name_scope(name, "RaggedBoundingBox", [self.row_splits, axis]):
            if isinstance(axis, int) and axis == 0:
                return array_ops.shape(self.row_splits, out_type=kind)[0] - 1
            if isinstance(axis, int) and axis == 1:
                return math_ops.cast(_longest(self.row_lengths()), kind)  # type: ignore[no-any-return]
            rows = array_ops.shape(self.row_splits, out_type=kind)[0] - 1
            widths = [_longest(row_lengths_of(s)) for s in self.nested_row_splits]
            outer = array_ops.stack([rows] + [math_ops.cast(w, kind) for w in widths])
            inner = array_ops.shape(self.flat_values, out_type=kind)[1:]
            box = array_ops.concat([outer, inner], axis=0)
            return box if axis is None else array_ops.gather(box, axis)

    # -- others made of it ---------------------------------------------------------------------
    def with_values(self, new_values: Any) -> RaggedTensor:
        """The same rows of other values, of which there must be as many."""
        new_values.shape.with_rank_at_least(1)
        self.values.shape[:1].assert_is_compatible_with(new_values.shape[:1])
        kind = getattr(new_values, "row_splits", self._row_splits).dtype
        if kind is not self._row_splits.dtype:
            raise ValueError(
                "self and new_values have mismatched row_splits dtypes; use "
                "RaggedTensor.with_row_splits_dtype() to convert them to compatible dtypes."
            )
        cached = (self._cached_row_lengths, self._cached_value_rowids, self._cached_nrows)
        return RaggedTensor(new_values, self._row_splits, *cached, internal=True)

    def with_flat_values(self, new_values: Any) -> RaggedTensor:
        """The same rows of other innermost values."""
        if isinstance(self._values, Tensor):
            return self.with_values(new_values)
        return self.with_values(self._values.with_flat_values(new_values))

    def with_row_splits_dtype(self, dtype: Any) -> RaggedTensor:
        """The same rows, with row splits of int32 or int64."""
        kind = as_dtype(dtype)
        if kind not in INDEX_TYPES:
            raise ValueError("dtype must be int32 or int64")
        if self._row_splits.dtype is kind:
            return self
        values = self._values
        if isinstance(values, RaggedTensor):
            values = values.with_row_splits_dtype(kind)
        cached = (self._cached_row_lengths, self._cached_value_rowids, self._cached_nrows)
        splits = math_ops.cast(self._row_splits, kind)
        lengths, ids, rows = [None if x is None else math_ops.cast(x, kind) for x in cached]
        return RaggedTensor(values, splits, lengths, ids, rows, internal=True)

    def to_tensor(self, default_value: Any = None, name: Any = None) -> Tensor:
        """A dense tensor, its rows filled up with `default_value` (or zeros)."""
        return _answers["to_tensor"](self, default_value, name)  # type: ignore[no-any-return]

    def to_sparse(self, name: Any = None) -> Any:
        """A SparseTensor of the same elements."""
        return _answers["to_sparse"](self, name)

    def to_list(self) -> Any:
        """Nested lists of a value: of what a run gives for it, not of the tensor itself."""
        raise ValueError(
            "RaggedTensor.to_list() is only supported in eager mode; in graph mode, evaluate the "
            "RaggedTensor first and then use RaggedTensorValue.to_list()."
        )

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Its value (a RaggedTensorValue), run in `session` or the default session."""
        from ..framework import get_default_session

        session = session or get_default_session()
        if session is None:
            raise ValueError("No default session is registered: pass one to `eval(session=...)`.")
        return session.run(self, feed_dict)

    def consumers(self) -> list[Operation]:
        """The operations that take a part of it as an input."""
        return [op for part in self._to_components() for op in part.consumers()]

    def __getitem__(self, key: Any) -> Any:
        """Rows, and slices of rows; ValueError for single elements of a ragged dimension."""
        return _answers["getitem"](self, key)

    def __bool__(self) -> bool:
        raise TypeError("RaggedTensor may not be used as a boolean.")

    def __repr__(self) -> str:
        return f"tf.RaggedTensor(values={self._values}, row_splits={self._row_splits})"

    # -- as a structure of tensors -------------------------------------------------------------
    def _to_components(self) -> list[Tensor]:
        return [self.flat_values, *self.nested_row_splits]

    def _from_components(self, components: Any) -> Any:
        flat, *splits = components
        result = flat
        if all(isinstance(c, np.ndarray) for c in components):
            return nested_value(flat, splits)
        for rows in reversed(splits):
            result = RaggedTensor(result, rows, internal=True)
        return result

    def _feeds(self, value: Any) -> list[tuple[Tensor, Any]]:
        """Its tensors with what a fed value has for them."""
        if not isinstance(value, RaggedTensorValue) or value.ragged_rank != self.ragged_rank:
            raise TypeError(
                f"What is fed to a RaggedTensor must be a RaggedTensorValue with "
                f"{self.ragged_rank} ragged dimensions, e.g. of tf.ragged.constant_value."
            )
        values = [value.flat_values, *value.nested_row_splits]
        return list(zip(self._to_components(), values, strict=True))

    def _to_variant(self, batched_input: bool = False, name: Any = None) -> Tensor:
        return _answers["to_variant"](self, batched_input, name)  # type: ignore[no-any-return]

    @classmethod
    def _from_variant(
        cls,
        variant: Any,
        dtype: Any,
        output_ragged_rank: int,
        input_ragged_rank: Any = None,
        name: Any = None,
    ) -> Any:
        ranks = (output_ragged_rank, input_ragged_rank)
        return _answers["from_variant"](variant, dtype, *ranks, name)

    @property
    def _type_spec(self) -> Any:
        return self._shape_invariant_to_type_spec(self.shape)

    def _shape_invariant_to_type_spec(self, shape: Any) -> Any:
        kind = self._row_splits.dtype
        return _answers["spec"](shape, self.dtype, self.ragged_rank, kind)


def _longest(lengths: Tensor) -> Any:
    return math_ops.maximum(math_ops.reduce_max(lengths), 0)


def _check_parts(values: Any, row_splits: Any) -> None:
    if not isinstance(row_splits, Tensor):
        raise TypeError(f"Row-partitioning argument must be a Tensor, got {row_splits!r}")
    if not isinstance(values, (RaggedTensor, Tensor)):
        raise TypeError(f"values must be a Tensor or RaggedTensor, got {values!r}")
    if row_splits.dtype not in INDEX_TYPES:
        raise ValueError("Row-partitioning argument must be int32 or int64")
    row_splits.shape.assert_has_rank(1)
    values.shape.with_rank_at_least(1)
    if isinstance(values, RaggedTensor) and row_splits.dtype is not values.row_splits.dtype:
        raise ValueError("row_splits and values.row_splits must have the same dtype.")


def _check_cached(tensor: Any) -> None:
    if tensor is None:
        return
    if not isinstance(tensor, Tensor):
        raise TypeError("Cached value must be a Tensor or None.")
    if tensor.dtype not in INDEX_TYPES:
        raise TypeError("Cached value must be int32 or int64.")


class RaggedTensorType:
    """The dtype, the ragged rank and the dtype of the row splits of a RaggedTensor."""

    def __init__(self, dtype: Any, ragged_rank: int, row_splits_dtype: Any = int64) -> None:
        self._dtype = dtype
        self._ragged_rank = ragged_rank
        self._row_splits_dtype = as_dtype(row_splits_dtype)

    @property
    def dtype(self) -> Any:
        """The dtype of the values."""
        return self._dtype

    @property
    def ragged_rank(self) -> int:
        """How many dimensions are ragged."""
        return self._ragged_rank

    @property
    def row_splits_dtype(self) -> Any:
        """The dtype of the row splits."""
        return self._row_splits_dtype


def is_ragged(value: Any) -> bool:
    """Whether it is a RaggedTensor or the value of one."""
    return isinstance(value, (RaggedTensor, RaggedTensorValue))


def convert_to_tensor_or_ragged_tensor(
    value: Any, dtype: Any = None, preferred_dtype: Any = None, name: Any = None
) -> Any:
    """`value` as a tensor, or as a RaggedTensor if it is (the value of) one.

    Raises ValueError when a RaggedTensor has not the `dtype` that is asked for.
    """
    if isinstance(value, RaggedTensor):
        if dtype is not None and not as_dtype(dtype).is_compatible_with(value.dtype):
            raise ValueError(
                f"Tensor conversion requested dtype {as_dtype(dtype).name} for RaggedTensor "
                f"with dtype {value.dtype.name}: {value!r}"
            )
        return value
    options = {"dtype": dtype, "preferred_dtype": preferred_dtype}
    if isinstance(value, RaggedTensorValue):
        with name_scope(name, "ConvertToTensorOrRaggedTensor", []):
            flat = convert_to_tensor(value.flat_values, name="flat_values", **options)
            splits = value.nested_row_splits
            return RaggedTensor.from_nested_row_splits(flat, splits, validate=False)
    return convert_to_tensor(value, name=name, **options)


def match_row_splits_dtypes(*tensors: Any, **kwargs: Any) -> Any:
    """The tensors; ValueError unless all RaggedTensors have row splits of one dtype.

    With `return_dtype=True`, that dtype (int64 if there is none) and the tensors.
    """
    return_dtype = kwargs.pop("return_dtype", False)
    if kwargs:
        raise ValueError(f"Unexpected keyword args {kwargs!r}")
    kinds = {t.row_splits.dtype for t in tensors if isinstance(t, RaggedTensor)}
    if len(kinds) > 1:
        raise ValueError(
            "Input RaggedTensors have mismatched row_splits dtypes; use "
            "RaggedTensor.with_row_splits_dtype() to convert them to compatible dtypes."
        )
    kind = int32 if int32 in kinds else int64
    return (kind, tensors) if return_dtype else tensors
