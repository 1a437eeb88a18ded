"""RaggedTensors from and to dense and sparse tensors."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import as_dtype, bool_, int64
from ...core.emit import apply
from ...core.tensor import Tensor
from ...ops.sparse import SparseTensor, SparseTensorValue
from .. import array_ops, check_ops, math_ops
from ..framework import control_dependencies, convert_to_tensor, name_scope
from .splits import int_tensor, row_lengths_of, size_of
from .tensor import RaggedTensor, answer, is_ragged


# -- dense -------------------------------------------------------------------------------------
def from_dense(
    cls: Any, tensor: Any, lengths: Any, padding: Any, ragged_rank: Any, name: Any, dtype: Any
) -> Any:
    """See `RaggedTensor.from_tensor`."""
    kind = as_dtype(dtype)
    if lengths is not None and padding is not None:
        raise ValueError("Specify lengths or padding, but not both")
    if not isinstance(ragged_rank, int):
        raise TypeError(f"ragged_rank expected int, got {ragged_rank!r}")
    if ragged_rank <= 0:
        raise ValueError(f"ragged_rank must be greater than 0; got {ragged_rank}")
    with name_scope(name, "RaggedFromTensor", [tensor, lengths, padding]):
        tensor = convert_to_tensor(tensor, name="tensor")
        tensor.shape.with_rank_at_least(ragged_rank + 1)
        shape = array_ops.shape(tensor, out_type=kind)
        if ragged_rank > 1:
            return _from_deep(cls, tensor, shape, lengths, padding, ragged_rank)
        if padding is not None:
            lengths = _unpadded_lengths(tensor, padding, shape[1])
        if lengths is None:
            return _from_full(cls, tensor, shape)
        if isinstance(lengths, (list, tuple)) and lengths and not _is_number(lengths[0]):
            return _cut_deep(cls, tensor, lengths)
        return _cut(cls, tensor, int_tensor(lengths, "lengths", kind), shape[1])


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float))


def _from_deep(
    cls: Any, tensor: Tensor, shape: Any, lengths: Any, padding: Any, ragged_rank: int
) -> Any:
    """The innermost ragged dimension is made of rows; the outer ones are uniform."""
    rows = array_ops.concat([array_ops.constant([-1], shape.dtype), shape[ragged_rank:]], axis=0)
    flat = array_ops.reshape(tensor, rows)
    values = cls.from_tensor(flat, lengths, padding, row_splits_dtype=shape.dtype)
    sizes = math_ops.cumprod(shape)
    splits = [array_ops.range(0, sizes[dim - 1] + 1) * shape[dim] for dim in range(1, ragged_rank)]
    for dim, extent in enumerate(splits):
        known = tensor.shape[: dim + 1].num_elements()
        extent.set_shape([None if known is None else known + 1])
    return cls.from_nested_row_splits(values, splits, validate=False)


def _from_full(cls: Any, tensor: Tensor, shape: Any) -> Any:
    rows, columns = shape[0], shape[1]
    splits = array_ops.range(rows + 1) * columns
    values = array_ops.reshape(tensor, array_ops.concat([[rows * columns], shape[2:]], axis=0))
    known = tensor.static_shape
    if known is not None:
        values.set_shape([tensor.shape[:2].num_elements(), *known[2:]])
        splits.set_shape([None if known[0] is None else known[0] + 1])
    return cls.from_row_splits(values, splits, validate=False)


def _unpadded_lengths(tensor: Tensor, padding: Any, columns: Any) -> Tensor:
    """How long each row is without the paddings at its end."""
    padding = convert_to_tensor(padding, dtype=tensor.dtype, name="padding")
    padding.shape.assert_is_compatible_with(tensor.shape[2:])
    same = math_ops.equal(padding, tensor)
    # All inner elements as one axis, so that the rank need not be known.
    outer = array_ops.shape(tensor)[:2]
    same = math_ops.reduce_all(
        array_ops.reshape(same, array_ops.concat([outer, [-1]], axis=0)), axis=2
    )
    place = array_ops.expand_dims(array_ops.range(1, columns + 1), 0)
    kept = math_ops.cast(math_ops.logical_not(same), columns.dtype)
    return math_ops.reduce_max(kept * place, axis=1)


def _cut_deep(cls: Any, tensor: Tensor, lengths: Any) -> Any:
    """Rows of several ragged dimensions, cut to nested lengths."""
    tensor.shape.with_rank_at_least(len(lengths) + 1)
    ones = array_ops.ones([math_ops.reduce_sum(lengths[-1])], dtype=bool_)
    mask = cls.from_nested_row_lengths(ones, lengths, validate=False)
    kept = array_ops.boolean_mask(tensor, mask.to_tensor(default_value=False))
    return cls.from_nested_row_lengths(kept, lengths, validate=False)


def _cut(cls: Any, tensor: Tensor, lengths: Tensor, columns: Any) -> Any:
    lengths.shape.assert_has_rank(1)
    lengths = math_ops.maximum(math_ops.minimum(lengths, columns), 0)
    zero = array_ops.zeros([1], lengths.dtype)
    splits = array_ops.concat([zero, math_ops.cumsum(lengths)], axis=0)
    values = array_ops.boolean_mask(tensor, array_ops.sequence_mask(lengths, maxlen=columns))
    return cls.from_row_splits(values, splits, validate=False)


def to_dense(rt: RaggedTensor, default_value: Any, name: Any) -> Tensor:
    """See `RaggedTensor.to_tensor`."""
    with name_scope(name, "RaggedToTensor", [*rt._to_components(), default_value]):
        if default_value is not None:
            default_value = convert_to_tensor(default_value, dtype=rt.dtype, name="default_value")
        values = rt.values
        if is_ragged(values):
            values = values.to_tensor(default_value)
        default = _default_row(values, default_value)
        splits = rt.row_splits
        rows, total = size_of(splits), array_ops.shape(values, out_type=splits.dtype)[0]
        columns = math_ops.maximum(math_ops.reduce_max(row_lengths_of(splits)), 0)
        place = array_ops.expand_dims(splits[:-1], 1) + array_ops.expand_dims(
            array_ops.range(0, columns), 0
        )
        inside = place < array_ops.expand_dims(splits[1:], 1)
        outside = array_ops.fill(array_ops.stack([rows, columns]), total)
        padded = array_ops.concat([values, array_ops.stack([default])], axis=0)
        return array_ops.gather(padded, array_ops.where(inside, place, outside))


def _default_row(values: Tensor, default: Any) -> Tensor:
    """What fills a row up: of the shape of one value."""
    inner = values.shape[1:]
    shape = array_ops.shape(values)[1:]
    if default is None:
        row: Tensor = array_ops.zeros(shape, dtype=values.dtype)
    else:
        if values.shape.ndims is not None:
            default.shape.with_rank_at_most(values.shape.ndims - 1)
        row = default
        if default.shape.ndims is None or default.shape.ndims != inner.ndims:
            row = array_ops.broadcast_to(default, shape)
        row.shape.assert_is_compatible_with(inner)
    row.set_shape(inner)
    return row


# -- sparse ------------------------------------------------------------------------------------
def from_sparse(cls: Any, st_input: Any, name: Any, dtype: Any) -> Any:
    """See `RaggedTensor.from_sparse`."""
    kind = as_dtype(dtype)
    if not isinstance(st_input, (SparseTensor, SparseTensorValue)):
        raise TypeError(f"Expected SparseTensor, got {type(st_input).__name__}")
    with name_scope(name, "RaggedFromSparse", [st_input.indices]):
        if not isinstance(st_input, SparseTensor):
            st_input = SparseTensor.from_value(st_input)
        ranks = (
            (st_input.dense_shape.static_shape or (None,))[0],
            (st_input.indices.static_shape or (None, None))[1],
        )
        if 2 not in ranks:
            raise ValueError("rank(st_input) must be 2")
        with control_dependencies([_right_ragged(st_input.indices)]):
            rows = math_ops.cast(st_input.indices[:, 0], kind)
            count = math_ops.cast(st_input.dense_shape[0], kind)
            return cls.from_value_rowids(st_input.values, rows, count, validate=False)


def _right_ragged(indices: Tensor) -> Any:
    """An assertion that each row's elements stand at its start, without a gap."""
    rows, places = indices[:, :-1], indices[:, -1]
    new_row = math_ops.reduce_any(math_ops.not_equal(rows[1:], rows[:-1]), axis=1)
    first, following = math_ops.equal(places[1:], 0), math_ops.equal(places[1:], places[:-1] + 1)
    fits = math_ops.reduce_all(array_ops.where(new_row, first, following))
    starts = math_ops.reduce_all(math_ops.equal(places[:1], 0))
    data = ["SparseTensor is not right-ragged", "SparseTensor.indices =", indices]
    return check_ops.Assert(math_ops.logical_and(starts, fits), data)


def to_sparse(rt: RaggedTensor, name: Any) -> SparseTensor:
    """See `RaggedTensor.to_sparse`."""
    with name_scope(name, "RaggedToSparse", rt._to_components()):
        splits = list(rt.nested_row_splits)
        kind = int64 if splits[0].dtype is int64 else splits[0].dtype
        parts = apply("RaggedTensorToSparse", splits, rt.flat_values, Tsplits=kind)
        return SparseTensor(*parts)


def from_tensor(
    tensor: Any,
    lengths: Any = None,
    padding: Any = None,
    ragged_rank: int = 1,
    row_splits_dtype: Any = int64,
    name: Any = None,
) -> Any:
    """`RaggedTensor.from_tensor`; RaggedTensors come back as they are."""
    if is_ragged(tensor):
        return tensor
    options = {"ragged_rank": ragged_rank, "row_splits_dtype": row_splits_dtype, "name": name}
    return RaggedTensor.from_tensor(tensor, lengths, padding, **options)


def to_tensor(rt_input: Any, default_value: Any = None, name: Any = None) -> Any:
    """`RaggedTensor.to_tensor`; dense tensors come back as they are."""
    return rt_input.to_tensor(default_value, name) if is_ragged(rt_input) else rt_input


answer("from_tensor", from_dense)
answer("to_tensor", to_dense)
answer("from_sparse", from_sparse)
answer("to_sparse", to_sparse)
