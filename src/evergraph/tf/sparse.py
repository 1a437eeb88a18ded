"""`tf.sparse`: tensors in coordinates, their order, shape, arithmetic and conversions."""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.dtypes import float32, int32, int64
from ..core.emit import apply
from ..core.tensor import Tensor
from ..core.tensor_shape import TensorShape, dimension_at_index
from ..core.values import constant_value
from ..ops.sparse import SparseTensor, SparseTensorValue
from . import array_ops, check_ops, math_ops, reduction_ops, selection_ops
from .dtype_ops import cast
from .framework import convert_to_tensor, name_scope
from .grouping import with_dependencies
from .renamed import renamed
from .selection_ops import sparse_mask as mask  # noqa: F401

_DEFAULT_HASH_KEY = 0xDECAFCAFFE


def converted(sp_input: Any) -> SparseTensor:
    """A SparseTensor, of itself or of its value; TypeError for anything else."""
    if isinstance(sp_input, SparseTensorValue):
        return SparseTensor.from_value(sp_input)
    if not isinstance(sp_input, SparseTensor):
        raise TypeError("Input must be a SparseTensor.")
    return sp_input


def _all_converted(sp_inputs: Any) -> list[SparseTensor]:
    if not isinstance(sp_inputs, (list, tuple)):
        raise TypeError("Inputs must be a list or tuple.")
    return [converted(x) for x in sp_inputs]


def _parts(sp: SparseTensor) -> tuple[Tensor, Tensor, Tensor]:
    return sp.indices, sp.values, sp.dense_shape


def _static(sp: SparseTensor) -> list[int] | None:
    """The dense shape where it is wholly known."""
    if not sp.get_shape().is_fully_defined():
        return None
    return [n for n in sp.get_shape().as_list() if n is not None]


# -- making --------------------------------------------------------------------------------------
def placeholder(dtype: Any, shape: Any = None, name: Any = None) -> SparseTensor:
    """A SparseTensor to be fed; with a wholly known `shape`, only indices and values are."""
    shape_name = name + "/shape" if name is not None else None
    rank: int | None = None
    if shape is None:
        dense = array_ops.placeholder(int64, shape=[None], name=shape_name)
    elif isinstance(shape, Tensor):
        rank = shape.get_shape()[0].value
        dense = shape
    else:
        dims = tuple(-1 if d is None else d for d in TensorShape(shape).as_list())
        rank = len(dims)
        dense = apply("Const", value=np.array(dims, np.int64), dtype=int64, name=shape_name)
        if -1 in dims:
            dense = array_ops.placeholder_with_default(
                np.array(dims, np.int64), shape=[rank], name=shape_name
            )
    values_name = name + "/values" if name is not None else None
    indices_name = name + "/indices" if name is not None else None
    return SparseTensor(
        values=array_ops.placeholder(dtype, shape=[None], name=values_name),
        indices=array_ops.placeholder(int64, shape=[None, rank], name=indices_name),
        dense_shape=dense,
    )


def from_dense(tensor: Any, name: Any = None) -> SparseTensor:
    """The elements of a dense tensor that are not zero."""
    with name_scope(name, "dense_to_sparse"):
        tensor = convert_to_tensor(tensor)
        zero = array_ops.constant(0, tensor.dtype)
        indices = selection_ops.where_v2(math_ops.not_equal(tensor, zero))
        values = selection_ops.gather_nd(tensor, indices)
        return SparseTensor(indices, values, array_ops.shape(tensor, out_type=int64))


def _int64_tensor(value: Any, name: str) -> Tensor:
    if isinstance(value, numbers.Integral):
        return convert_to_tensor(value, name=name, dtype=int64)
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be an integer value")
    return value if value.dtype == int64 else cast(value, int64)


def eye(
    num_rows: Any, num_columns: Any = None, dtype: Any = float32, name: Any = None
) -> SparseTensor:
    """A matrix with ones on its main diagonal; it is square where `num_columns` is None."""
    with name_scope(name, "eye", [num_rows, num_columns]):
        rows = _int64_tensor(num_rows, "num_rows")
        columns = rows if num_columns is None else _int64_tensor(num_columns, "num_columns")
        size = math_ops.minimum(rows, columns)
        places = array_ops.range(size, dtype=int64)
        return SparseTensor(
            indices=array_ops.stack([places, places], axis=1),
            values=array_ops.ones(size, dtype=dtype),
            dense_shape=[rows, columns],
        )


# -- shape and order ------------------------------------------------------------------------------
def expand_dims(sp_input: Any, axis: Any = None, name: Any = None) -> SparseTensor:
    """`sp_input` with an axis of length 1 put in at `axis` (default: the last)."""
    rank = sp_input.dense_shape.get_shape()[0]
    axis = -1 if axis is None else axis
    with name_scope(name, "expand_dims", [sp_input]):
        if isinstance(axis, numbers.Integral):
            axis = convert_to_tensor(axis, name="axis", dtype=int32)
        elif not isinstance(axis, Tensor):
            raise TypeError(
                "axis must be an integer value in range [-rank(sp_input) - 1, rank(sp_input)]"
            )
        axis = selection_ops.where_v2(axis >= 0, axis, axis + rank + 1)
        rows = array_ops.shape(sp_input.indices)[0]
        new = array_ops.zeros([rows, 1], dtype=int64)
        before = array_ops.slice(sp_input.indices, [0, 0], [-1, axis])
        after = array_ops.slice(sp_input.indices, [0, axis], [-1, -1])
        indices = array_ops.concat([before, new, after], axis=1)
        shape_before = array_ops.slice(sp_input.dense_shape, [0], [axis])
        shape_after = array_ops.slice(sp_input.dense_shape, [axis], [-1])
        one = convert_to_tensor([1], name="new_shape", dtype=int64)
        shape = array_ops.concat([shape_before, one, shape_after], axis=0)
        return SparseTensor(indices=indices, values=sp_input.values, dense_shape=shape)


def reorder(sp_input: Any, name: Any = None) -> SparseTensor:
    """`sp_input` with its elements in row-major order."""
    sp = converted(sp_input)
    return _reordered(sp, _static(sp), name)


def _reordered(sp: SparseTensor, shape: list[int] | None, name: Any = None) -> SparseTensor:
    """`sp` in row-major order; its dense shape is written down where `shape` gives it."""
    indices, values = apply("SparseReorder", *_parts(sp), name=name)
    dense = array_ops.identity(sp.dense_shape) if shape is None else shape
    return SparseTensor(indices, values, dense)


def _known_new_shape(shape: Any, old: list[int]) -> list[int]:
    """The new dense shape, worked out; ValueError where the sizes differ."""
    unknown = sum(n == -1 for n in shape)
    if unknown > 1:
        raise ValueError(f"At most one dimension can be inferred (-1). Found: {shape}")
    size = int(np.prod(old, dtype=np.int64))
    known = int(np.prod([n for n in shape if n != -1], dtype=np.int64))
    new = [size // known if n == -1 and known else n for n in shape]
    if int(np.prod(new, dtype=np.int64)) != size:
        raise ValueError(
            f"Cannot reshape a tensor with {size} elements to shape {list(shape)} "
            f"({int(np.prod(new, dtype=np.int64))} elements)."
        )
    return new


def reshape(sp_input: Any, shape: Any, name: Any = None) -> SparseTensor:
    """`sp_input` with another dense shape of the same size; one extent may be -1.

    Raises ValueError where the shapes are known and their sizes differ.
    """
    sp = converted(sp_input)
    shape = cast(shape, int64)
    with name_scope(name, "SparseReshape", [sp_input]) as scope:
        indices, dense = apply("SparseReshape", sp.indices, sp.dense_shape, shape, name=scope)
        wanted, old = constant_value(shape), _static(sp)
        if wanted is not None and old is not None:
            dense = np.array(_known_new_shape(wanted.tolist(), old), np.int64)
        return SparseTensor(indices, array_ops.identity(sp.values), dense)


def transpose(sp_input: Any, perm: Any = None, name: Any = None) -> SparseTensor:
    """`sp_input` with its axes permuted, by default turned round."""
    with name_scope(name, "SparseTranspose", [sp_input]):
        given = perm is not None
        if not given:
            rank = array_ops.rank(sp_input)
            perm = (rank - 1) - array_ops.range(0, rank, 1)
        columns = array_ops.transpose(sp_input.indices)
        indices = array_ops.transpose(selection_ops.gather(columns, perm))
        order, old = constant_value(convert_to_tensor(perm)) if given else None, _static(sp_input)
        if order is not None and old is not None:
            shape = [old[axis] for axis in order.tolist()]
            return reorder(SparseTensor(indices, sp_input.values, shape))
        dense = selection_ops.gather(sp_input.dense_shape, perm)
        return _reordered(SparseTensor(indices, sp_input.values, dense), None)


def concat(
    axis: Any,
    sp_inputs: Any,
    name: Any = None,
    expand_nonconcat_dim: Any = False,
    concat_dim: Any = None,
    expand_nonconcat_dims: Any = None,
) -> SparseTensor:
    """The inputs one after the other along an axis.

    With `expand_nonconcat_dims` the other axes grow to the longest; else they must be equal.
    """
    expand = expand_nonconcat_dim if expand_nonconcat_dims is None else expand_nonconcat_dims
    axis = renamed("axis", axis, "concat_dim", concat_dim)
    sparse = _all_converted(sp_inputs)
    if len(sparse) == 1:
        return sparse[0]
    shapes: list[Any] = [sp.dense_shape for sp in sparse]
    if expand:
        shapes = _expanded_shapes(shapes, axis)
    indices, values, dense = apply(
        "SparseConcat",
        [sp.indices for sp in sparse],
        [sp.values for sp in sparse],
        shapes,
        concat_dim=axis,
        name=name,
    )
    known = [constant_value(convert_to_tensor(shape)) for shape in shapes]
    if all(shape is not None for shape in known):
        whole = np.array(known[0])
        whole[axis] = sum(shape[axis] for shape in known if shape is not None)
        dense = convert_to_tensor(whole)
    return SparseTensor(indices, values, dense)


def _expanded_shapes(shapes: list[Any], axis: int) -> list[Any]:
    rows = array_ops.concat([array_ops.reshape(shape, [1, -1]) for shape in shapes], 0)
    longest = reduction_ops.reduce_max(rows, 0)
    return [
        array_ops.concat(
            [
                longest[:axis],
                shape[-1:] if axis == -1 else shape[axis : axis + 1],
                [] if axis == -1 else longest[axis + 1 :],
            ],
            0,
        )
        for shape in shapes
    ]


class KeywordRequired:
    """Stands before arguments that must be given by name."""

    def __repr__(self) -> str:
        return "KeywordRequired()"


def split(
    keyword_required: Any = KeywordRequired(),  # noqa: B008
    sp_input: Any = None,
    num_split: Any = None,
    axis: Any = None,
    name: Any = None,
    split_dim: Any = None,
) -> list[SparseTensor]:
    """`num_split` parts along an axis, the first ones longer by one where it does not divide.

    The arguments are given by name. Raises ValueError where one is missing.
    """
    if not isinstance(keyword_required, KeywordRequired):
        raise ValueError("Keyword arguments are required for this function.")
    if sp_input is None:
        raise ValueError("sp_input is required")
    if num_split is None:
        raise ValueError("num_split is required")
    axis = renamed("axis", axis, "split_dim", split_dim)
    if axis is None:
        raise ValueError("axis is required")
    parts = _parts(converted(sp_input))
    got = apply("SparseSplit", axis, *parts, num_split=num_split, name=name)
    return [
        SparseTensor(*got[n::num_split])  # indices, values and shape of the n-th part
        for n in range(num_split)
    ]


def slice(sp_input: Any, start: Any, size: Any, name: Any = None) -> SparseTensor:
    """The elements in a box from `start` on, of `size` at most."""
    sp = converted(sp_input)
    start, size = convert_to_tensor(start, int64), convert_to_tensor(size, int64)
    with name_scope(name, "SparseSlice", [sp_input]) as scope:
        return SparseTensor(*apply("SparseSlice", *_parts(sp), start, size, name=scope))


def retain(sp_input: Any, to_retain: Any) -> SparseTensor:
    """The elements for which the boolean vector `to_retain` is true."""
    sp = converted(sp_input)
    chosen = convert_to_tensor(to_retain)
    chosen.get_shape().assert_has_rank(1)
    count = sp.values.get_shape()
    if count.dims is not None:
        count.dims[0].merge_with(dimension_at_index(chosen.get_shape(), 0))
    places = array_ops.reshape(selection_ops.where_v2(chosen), [-1])
    indices = selection_ops.gather(sp.indices, places)
    values = selection_ops.gather(sp.values, places)
    return SparseTensor(indices, values, array_ops.identity(sp.dense_shape))


def reset_shape(sp_input: Any, new_shape: Any = None) -> SparseTensor:
    """`sp_input` with another dense shape: `new_shape`, or the smallest that holds all elements.

    Raises ValueError where the new shape is known to be too small, else a run fails.
    """
    sp = converted(sp_input)
    indices, values, old = (array_ops.identity(x) for x in _parts(sp))
    if new_shape is None:
        last = reduction_ops.reduce_max(indices, axis=0)
        zero = array_ops.constant(0, dtype=int64)
        dense: Any = math_ops.maximum(zero, math_ops.add(last, array_ops.ones_like(old)))
    else:
        dense = _checked_new_shape(sp, old, new_shape)
    return SparseTensor(indices, values, dense)


def _checked_new_shape(sp: SparseTensor, old: Tensor, new_shape: Any) -> Any:
    new = convert_to_tensor(new_shape)
    new.get_shape().assert_has_rank(1)
    new = cast(new, int64)
    if new.get_shape().rank is not None:
        new.get_shape()[0].merge_with(old.get_shape()[0])
    value, known = constant_value(new), _static(sp)
    if value is not None and known is not None:
        if not np.all(np.array(known) <= value):
            raise ValueError(
                "Requested new_shape should have dimension sizes >= sp_input.shape. "
                f"Found new_shape ({value.tolist()}), sp_input.shape ({known})."
            )
        return value
    equal = check_ops.assert_equal(array_ops.shape(old), array_ops.shape(new))
    new = with_dependencies([equal], new)
    return with_dependencies([check_ops.assert_less_equal(old, new)], new)


def fill_empty_rows(
    sp_input: Any, default_value: Any, name: Any = None
) -> tuple[SparseTensor, Tensor]:
    """`sp_input` with `default_value` at [row, 0, ...] of each empty row, and which those were."""
    sp = converted(sp_input)
    with name_scope(name, "SparseFillEmptyRows", [sp_input]):
        default = convert_to_tensor(default_value, dtype=sp.values.dtype)
        indices, values, empty, _ = apply("SparseFillEmptyRows", *_parts(sp), default)
        return SparseTensor(indices, values, sp.dense_shape), empty


# -- arithmetic ------------------------------------------------------------------------------------
def add(a: Any, b: Any, threshold: Any = None, thresh: Any = None) -> Any:
    """a + b: sparse if both are, else dense.

    Of a sparse sum the elements below `threshold` (0) in magnitude are dropped. Raises TypeError
    if neither is sparse.
    """
    threshold = renamed("threshold", threshold, "thresh", thresh)
    kinds = (SparseTensor, SparseTensorValue)
    if not isinstance(a, kinds) and not isinstance(b, kinds):
        raise TypeError("At least one input should be SparseTensor; do you mean to use tf.add()?")
    if isinstance(a, kinds) and isinstance(b, kinds):
        return _sparse_sum(converted(a), converted(b), 0 if threshold is None else threshold)
    sparse, dense = (b, a) if isinstance(b, kinds) else (a, b)
    return apply("SparseTensorDenseAdd", *_parts(converted(sparse)), dense)


def _sparse_sum(a: SparseTensor, b: SparseTensor, threshold: Any) -> SparseTensor:
    real = a.values.dtype.real_dtype.base_dtype
    least = convert_to_tensor(threshold, dtype=real, name="threshold")
    indices, values, dense = apply("SparseAdd", *_parts(a), *_parts(b), least)
    a.get_shape().assert_is_compatible_with(b.get_shape())
    shape = array_ops.broadcast_static_shape(a.get_shape(), b.get_shape())
    if shape.is_fully_defined():
        dense = shape.as_list()
    return SparseTensor(indices, values, dense)


def sparse_dense_cwise_add(sp_t: SparseTensor, dense_t: Any) -> SparseTensor:
    """Adds to each element the one of a dense tensor (broadcast) at its place."""
    values = apply("SparseDenseCwiseAdd", *_parts(sp_t), dense_t)
    return SparseTensor(sp_t.indices, values, sp_t.dense_shape)


def matmul(
    sp_a: Any, b: Any, adjoint_a: Any = False, adjoint_b: Any = False, name: Any = None
) -> Tensor:
    """The product of a sparse and a dense matrix, each turned round (and conjugated) if asked."""
    sp = converted(sp_a)
    with name_scope(name, "SparseTensorDenseMatMul", [sp.indices, sp.values, b]) as scope:
        b = convert_to_tensor(b, name="b")
        flags = {"adjoint_a": adjoint_a, "adjoint_b": adjoint_b}
        product: Tensor = apply("SparseTensorDenseMatMul", *_parts(sp), b, name=scope, **flags)
        return product


def softmax(sp_input: Any, name: Any = None) -> SparseTensor:
    """The softmax over the last axis, of the elements that are there."""
    with name_scope(name, "SparseSoftmax", [sp_input.indices, sp_input.values]):
        values = apply("SparseSoftmax", *_parts(sp_input))
        return SparseTensor(sp_input.indices, values, sp_input.dense_shape)


def _extreme(op_type: str, sp_a: Any, sp_b: Any, name: Any) -> SparseTensor:
    tensors = [sp_a.indices, sp_a.values, sp_b.indices, sp_b.values]
    with name_scope(name, op_type, tensors) as scope:
        indices, values = apply(op_type, *_parts(sp_a), *_parts(sp_b), name=scope)
    return SparseTensor(indices, values, sp_a.dense_shape)


def maximum(sp_a: Any, sp_b: Any, name: Any = None) -> SparseTensor:
    """The greater of each two elements; what is missing in one counts as zero."""
    return _extreme("SparseSparseMaximum", sp_a, sp_b, name)


def minimum(sp_a: Any, sp_b: Any, name: Any = None) -> SparseTensor:
    """The lesser of each two elements; what is missing in one counts as zero."""
    return _extreme("SparseSparseMinimum", sp_a, sp_b, name)


# -- reductions ------------------------------------------------------------------------------------
def _reduce(op_type: str, sp_input: Any, axis: Any, keepdims: Any, axes: Any, keep: Any) -> Any:
    keepdims = renamed("keepdims", keepdims, "keep_dims", keep)
    axis = renamed("axis", axis, "reduction_axes", axes)
    if axis is None:
        rank = sp_input.dense_shape.get_shape()[0].value
        axis = (
            array_ops.range(0, array_ops.rank(sp_input))
            if rank is None
            else array_ops.constant(np.arange(rank), dtype=int32)
        )
    return apply(op_type, *_parts(sp_input), axis, keep_dims=bool(keepdims))


def reduce_sum(
    sp_input: Any,
    axis: Any = None,
    keepdims: Any = None,
    reduction_axes: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """The sums over some axes (all by default), as a dense tensor."""
    got: Tensor = _reduce("SparseReduceSum", sp_input, axis, keepdims, reduction_axes, keep_dims)
    return got


def reduce_max(
    sp_input: Any,
    axis: Any = None,
    keepdims: Any = None,
    reduction_axes: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """The greatest of the elements that are there, over some axes, as a dense tensor."""
    got: Tensor = _reduce("SparseReduceMax", sp_input, axis, keepdims, reduction_axes, keep_dims)
    return got


def reduce_sum_sparse(
    sp_input: Any,
    axis: Any = None,
    keepdims: Any = None,
    reduction_axes: Any = None,
    keep_dims: Any = None,
) -> SparseTensor:
    """The sums over some axes (all by default), as a sparse tensor."""
    options = (axis, keepdims, reduction_axes, keep_dims)
    return SparseTensor(*_reduce("SparseReduceSumSparse", sp_input, *options))


def reduce_max_sparse(
    sp_input: Any,
    axis: Any = None,
    keepdims: Any = None,
    reduction_axes: Any = None,
    keep_dims: Any = None,
) -> SparseTensor:
    """The greatest of the elements that are there, over some axes, as a sparse tensor."""
    options = (axis, keepdims, reduction_axes, keep_dims)
    return SparseTensor(*_reduce("SparseReduceMaxSparse", sp_input, *options))


# -- conversions -----------------------------------------------------------------------------------
def to_dense(
    sp_input: Any, default_value: Any = None, validate_indices: Any = True, name: Any = None
) -> Tensor:
    """The dense tensor, with `default_value` (zero) where no element is."""
    sp = converted(sp_input)
    if default_value is None:
        default_value = array_ops.zeros([], dtype=sp.dtype)
    dense: Tensor = apply(
        "SparseToDense",
        sp.indices,
        sp.dense_shape,
        sp.values,
        default_value,
        validate_indices=validate_indices,
        name=name,
    )
    return dense


def to_indicator(sp_input: Any, vocab_size: Any, name: Any = None) -> Tensor:
    """A dense boolean tensor: which ids, of `vocab_size`, stand along the last axis."""
    sp = converted(sp_input)
    with name_scope(name, "SparseToIndicator", [sp]) as scope:
        entries = array_ops.shape(sp.indices)[0]
        true = array_ops.fill(array_ops.expand_dims(entries, 0), True)
        flags = SparseTensor(sp.indices, true, sp.dense_shape)
        merged = merge(sp, flags, vocab_size, scope)
        return to_dense(merged, default_value=False, validate_indices=False, name=scope)


def _checked_vocabulary(sp_ids: Any, vocab_size: Any) -> tuple[Any, Any]:
    def is_size(n: Any) -> bool:
        return isinstance(n, (Tensor, numbers.Integral))

    if isinstance(sp_ids, (SparseTensor, SparseTensorValue)):
        if not is_size(vocab_size):
            raise TypeError(f"vocab_size has to be a Tensor or int. Found {type(vocab_size)}")
        return [sp_ids], [vocab_size]
    if not isinstance(sp_ids, Iterable):
        raise TypeError(f"sp_ids has to be a SparseTensor or list thereof. Found {type(sp_ids)}")
    if not isinstance(vocab_size, Iterable) or not all(map(is_size, vocab_size)):
        raise TypeError(f"vocab_size has to be a list of Tensors or ints. Found {vocab_size!r}")
    return list(sp_ids), list(vocab_size)


def merge(
    sp_ids: Any, sp_values: Any, vocab_size: Any, name: Any = None, already_sorted: Any = False
) -> SparseTensor:
    """Values whose last index (or indices) are ids of a vocabulary.

    `sp_ids` and `sp_values` have the same indices; the ids take the place of the last axis.
    """
    ids, sizes = _checked_vocabulary(sp_ids, vocab_size)
    if len(ids) != len(sizes):
        raise ValueError("sp_ids and vocab_size have to have equal lengths.")
    with name_scope(name, "SparseMerge", [sp_ids, sp_values]):
        sparse_ids, values = [converted(x) for x in ids], converted(sp_values)
        columns = []
        for one in sparse_ids:
            numbers_ = one.values if one.dtype == int64 else cast(one.values, int64)
            columns.append(array_ops.expand_dims(numbers_, axis=1))
        sizes = [cast(x, int64) for x in sizes]
        indices = array_ops.concat([sparse_ids[0].indices[:, :-1], *columns], 1)
        dense = array_ops.concat([sparse_ids[0].dense_shape[:-1], sizes], 0)
        merged = SparseTensor(indices, values.values, dense)
        if already_sorted:
            return merged
        ordered = reorder(merged)
        return SparseTensor(ordered.indices, ordered.values, dense)


# -- crosses ---------------------------------------------------------------------------------------
def cross(inputs: Any, name: Any = None) -> SparseTensor:
    """The combinations of features of each row, as texts joined by `_X_`."""
    return _cross(inputs, name, hashed_output=False, num_buckets=0, hash_key=None)


def cross_hashed(
    inputs: Any, num_buckets: Any = 0, hash_key: Any = None, name: Any = None
) -> SparseTensor:
    """The combinations of features of each row, as fingerprints, modulo `num_buckets` if given."""
    return _cross(inputs, name, hashed_output=True, num_buckets=num_buckets, hash_key=hash_key)


def _cross(inputs: Any, name: Any, hash_key: Any, **attrs: Any) -> SparseTensor:
    if not isinstance(inputs, list):
        raise TypeError("Inputs must be a list")
    if not all(isinstance(x, (SparseTensor, Tensor)) for x in inputs):
        raise TypeError("All inputs must be SparseTensors")
    sparse = [x for x in inputs if isinstance(x, SparseTensor)]
    values, dense = [x.values for x in sparse], [x for x in inputs if isinstance(x, Tensor)]
    all_text = all(x.dtype.name == "string" for x in (*values, *dense))
    texts_or_ids = [
        [x if x.dtype.name == "string" else cast(x, int64) for x in part]
        for part in (values, dense)
    ]
    return SparseTensor(
        *apply(
            "SparseCross",
            [x.indices for x in sparse],
            texts_or_ids[0],
            [x.dense_shape for x in sparse],
            texts_or_ids[1],
            hash_key=hash_key or _DEFAULT_HASH_KEY,
            out_type="int64" if attrs["hashed_output"] else "string",
            internal_type="string" if all_text else "int64",
            name=name,
            **attrs,
        )
    )
