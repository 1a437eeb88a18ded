"""`map_fn` of RaggedTensors: a function of each row."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...core.dtypes import int32
from ...ops.sparse import SparseTensor
from .. import array_ops, math_ops, nest
from ..framework import name_scope
from .splits import row_lengths_of
from .tensor import (
    RaggedTensor,
    RaggedTensorType,
    convert_to_tensor_or_ragged_tensor,
    match_row_splits_dtypes,
)


class _Parts(NamedTuple):
    """What a loop keeps of RaggedTensors (or of their dtypes): one TensorArray each."""

    flat_values: Any
    nested_row_lengths: tuple[Any, ...]
    outer_row_length: Any


def map_fn(
    fn: Any,
    elems: Any,
    dtype: Any = None,
    parallel_iterations: Any = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: Any = None,
) -> Any:
    """`fn` of each row of `elems` (a structure of tensors and RaggedTensors), stacked.

    `dtype` says what `fn` gives: dtypes, and a `RaggedTensorType` where the result is ragged.
    """
    from ..control_flow_ops import while_loop
    from ..tensor_array_ops import TensorArray

    if not callable(fn):
        raise TypeError("fn must be callable.")
    if isinstance(elems, SparseTensor):
        raise TypeError("map_fn maps no SparseTensor: map its values, and make one of the result.")
    flat = list(match_row_splits_dtypes(*nest.flatten(elems)))
    with name_scope(name, "map", []):
        flat = [convert_to_tensor_or_ragged_tensor(e, name="elem") for e in flat]
        declared = dtype or nest.pack_sequence_as(elems, [e.dtype for e in flat])
        rows = _rows(flat)
        kinds = nest.flatten(declared)
        parts = [_parts_of_type(k) for k in kinds]
        arrays = [
            TensorArray(dtype=t, size=rows, dynamic_size=False, infer_shape=infer_shape)
            for t in nest.flatten(parts)
        ]

        def step(i: Any, written: Any) -> Any:
            got = fn(nest.pack_sequence_as(elems, [e[i] for e in flat]))
            pieces = [_parts_of(v, k) for v, k in zip(nest.flatten(got), kinds, strict=True)]
            values = nest.flatten(pieces)
            return i + 1, [a.write(i, v) for a, v in zip(written, values, strict=True)]

        _, arrays = while_loop(
            lambda i, _: i < rows,
            step,
            (array_ops.constant(0, int32), arrays),
            parallel_iterations=parallel_iterations or 10,
            back_prop=back_prop,
            swap_memory=swap_memory,
            maximum_iterations=rows,
        )
        results = [_joined(p) for p in nest.pack_sequence_as(parts, arrays)]
        return nest.pack_sequence_as(declared, results)


def _rows(flat: list[Any]) -> Any:
    first = flat[0]
    if isinstance(first, RaggedTensor):
        return first.nrows(out_type=int32)
    if first.shape.ndims == 0:
        if len(flat) == 1:
            raise ValueError("elems must be a 1+ dimensional Tensor, not a scalar")
        raise ValueError("elements in elems must be 1+ dimensional Tensors, not scalars")
    known = (first.static_shape or (None,))[0]
    return math_ops.cast(known or array_ops.shape(first)[0], int32)


def _parts_of_type(kind: Any) -> Any:
    if not isinstance(kind, RaggedTensorType):
        return kind
    lengths = (kind.row_splits_dtype,) * (kind.ragged_rank - 1)
    return _Parts(kind.dtype, lengths, kind.row_splits_dtype)


def _parts_of(value: Any, kind: Any) -> Any:
    """What `fn` gave, in the parts of the declared type; ValueError where it is another."""
    if not isinstance(kind, RaggedTensorType):
        return value
    value = convert_to_tensor_or_ragged_tensor(value)
    depth = getattr(value, "ragged_rank", 0) + 1
    if kind.ragged_rank != depth:
        raise ValueError(
            f"The declared ragged rank ({kind.ragged_rank}) mismatches the result ({depth})"
        )
    if kind.dtype != value.dtype:
        raise ValueError(f"The declared dtype ({kind.dtype}) mismatches the result ({value.dtype})")
    if not isinstance(value, RaggedTensor):
        rows = array_ops.shape(value, out_type=kind.row_splits_dtype)[0]
        return _Parts(value, (), array_ops.expand_dims(rows, 0))
    if kind.row_splits_dtype != value.row_splits.dtype:
        raise ValueError(
            f"The declared row_splits dtype ({kind.row_splits_dtype}) mismatches the result "
            f"({value.row_splits.dtype}).  Use RaggedTensor.with_row_splits_dtype to convert it."
        )
    lengths = tuple(row_lengths_of(s) for s in value.nested_row_splits)
    return _Parts(value.flat_values, lengths, array_ops.expand_dims(value.nrows(), 0))


def _joined(part: Any) -> Any:
    """The results of all rows: stacked, or as one RaggedTensor."""
    if not isinstance(part, _Parts):
        return part.stack()
    values = part.flat_values.concat()
    for lengths in (*reversed(part.nested_row_lengths), part.outer_row_length):
        values = RaggedTensor.from_row_lengths(values, lengths.concat(), validate=False)
    return values
