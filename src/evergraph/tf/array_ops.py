"""Arrays: constants, shapes, joining and cutting. Choosing elements is in `selection_ops`."""

from __future__ import annotations

import builtins
import operator
from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from ..core import convert
from ..core.dtypes import DType, as_dtype, bool_, float32, float64, int32, int64
from ..core.dtypes import string as string_type
from ..core.emit import apply
from ..core.shape import broadcast, is_known, show
from ..core.tensor import Tensor
from ..core.tensor_shape import Dimension, TensorShape, to_shape
from ..core.values import constant_value
from ..ops import masking
from ..ops.indexed_slices import IndexedSlices
from ..ops.packing import is_tensor_like, stacked
from .diagonal_ops import (
    diag,
    diag_part,
    matrix_band_part,
    matrix_diag,
    matrix_diag_part,
    matrix_set_diag,
)
from .dispatch import dispatched
from .framework import convert_to_tensor, name_scope
from .logging_ops import Print, print
from .rearrange_ops import (
    batch_to_space,
    batch_to_space_nd,
    depth_to_space,
    reverse_sequence,
    space_to_batch,
    space_to_batch_nd,
    space_to_depth,
)
from .renamed import renamed
from .selection_ops import (
    argsort,
    batch_gather,
    bincount,
    boolean_mask,
    dynamic_partition,
    dynamic_stitch,
    gather,
    gather_nd,
    one_hot,
    repeat,
    scatter_nd,
    searchsorted,
    segment_max,
    segment_mean,
    segment_min,
    segment_prod,
    segment_sum,
    sequence_mask,
    setdiff1d,
    sort,
    sparse_mask,
    sparse_segment_mean,
    sparse_segment_sqrt_n,
    sparse_segment_sum,
    sparse_to_dense,
    tensor_scatter_add,
    tensor_scatter_sub,
    tensor_scatter_update,
    unique,
    unique_with_counts,
    unravel_index,
    unsorted_segment_max,
    unsorted_segment_mean,
    unsorted_segment_min,
    unsorted_segment_prod,
    unsorted_segment_sqrt_n,
    unsorted_segment_sum,
    where,
    where_v2,
)

__all__ = [
    "Print",
    "argsort",
    "batch_gather",
    "batch_to_space",
    "batch_to_space_nd",
    "bincount",
    "bitcast",
    "boolean_mask",
    "broadcast_dynamic_shape",
    "broadcast_static_shape",
    "broadcast_to",
    "concat",
    "constant",
    "depth_to_space",
    "diag",
    "diag_part",
    "dynamic_partition",
    "dynamic_stitch",
    "expand_dims",
    "eye",
    "fill",
    "gather",
    "gather_nd",
    "get_static_value",
    "guarantee_const",
    "identity",
    "identity_n",
    "invert_permutation",
    "lin_space",
    "linspace",
    "matrix_band_part",
    "matrix_diag",
    "matrix_diag_part",
    "matrix_set_diag",
    "matrix_transpose",
    "meshgrid",
    "newaxis",
    "one_hot",
    "ones",
    "ones_like",
    "pad",
    "parallel_stack",
    "placeholder",
    "placeholder_with_default",
    "print",
    "range",
    "rank",
    "repeat",
    "required_space_to_batch_paddings",
    "reshape",
    "reverse",
    "reverse_sequence",
    "reverse_v2",
    "roll",
    "scatter_nd",
    "searchsorted",
    "segment_max",
    "segment_mean",
    "segment_min",
    "segment_prod",
    "segment_sum",
    "sequence_mask",
    "setdiff1d",
    "shape",
    "shape_n",
    "size",
    "slice",
    "sort",
    "space_to_batch",
    "space_to_batch_nd",
    "space_to_depth",
    "sparse_mask",
    "sparse_segment_mean",
    "sparse_segment_sqrt_n",
    "sparse_segment_sum",
    "sparse_to_dense",
    "split",
    "squeeze",
    "stack",
    "stop_gradient",
    "strided_slice",
    "tensor_scatter_add",
    "tensor_scatter_sub",
    "tensor_scatter_update",
    "tile",
    "timestamp",
    "transpose",
    "unique",
    "unique_with_counts",
    "unravel_index",
    "unsorted_segment_max",
    "unsorted_segment_mean",
    "unsorted_segment_min",
    "unsorted_segment_prod",
    "unsorted_segment_sqrt_n",
    "unsorted_segment_sum",
    "unstack",
    "where",
    "where_v2",
    "zeros",
    "zeros_like",
]

newaxis = None
_SMALL = 1000  # zeros of fewer elements are a constant


# -- constants and placeholders --------------------------------------------------------------
def constant(
    value: Any,
    dtype: Any = None,
    shape: Any = None,
    name: Any = "Const",
    verify_shape: bool = False,
) -> Tensor:
    """A tensor that always has this value.

    With `shape` the elements fill it in order, the last one repeated; with `verify_shape` they
    must fit it. Raises TypeError for values that do not fit the dtype, ValueError for too many.
    """
    wanted = None if dtype is None else as_dtype(dtype)
    dims = None if shape is None else tuple(int(d) for d in shape)
    if verify_shape and dims is not None:
        found = convert.make_array(value, wanted).shape
        if found != dims:
            raise TypeError(f"Expected Tensor's shape: {dims}, got {found}.")
    return convert.constant(value, wanted, name, shape=dims)


def placeholder(dtype: Any, shape: Any = None, name: Any = None) -> Tensor:
    """A tensor whose value must be given in `feed_dict`; parts of its shape may be unknown."""
    return apply("Placeholder", dtype=as_dtype(dtype), shape=to_shape(shape), name=name)  # type: ignore[no-any-return]


def placeholder_with_default(input: Any, shape: Any, name: Any = None) -> Tensor:
    """A tensor that has the value `input` unless it is fed."""
    return apply("PlaceholderWithDefault", input, shape=to_shape(shape), name=name)  # type: ignore[no-any-return]


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """The value of a constant tensor as an array, None where it is not known."""
    return constant_value(tensor) if isinstance(tensor, Tensor) else tensor


def fill(dims: Any, value: Any, name: Any = None) -> Tensor:
    """A tensor of shape `dims` whose elements are all `value`."""
    return apply("Fill", dims, value, name=name)  # type: ignore[no-any-return]


def _constant_if_small(value: Any, shape: Any, dtype: DType, name: str) -> Tensor | None:
    try:
        # With tensors among the extents this adds operations and then raises, as in TensorFlow.
        if _extent(shape) < _SMALL:
            return constant(value, shape=shape, dtype=dtype, name=name)
    except TypeError:
        return None
    return None


def _extent(shape: Any) -> Any:
    if isinstance(shape, np.ndarray):
        return np.prod(shape)
    if is_tensor_like(shape):
        return shape
    extents = list(shape)
    return reduce(operator.mul, extents) if extents else 1


def _filled(value: Any, shape: Any, dtype: Any, name: Any, default: str) -> Tensor:
    base = as_dtype(dtype).base_dtype
    with name_scope(name, default, [shape]) as scope:
        dims = shape
        if not isinstance(shape, Tensor):
            try:
                small = _constant_if_small(value, shape, base, scope)
                if small is not None:
                    return small
                dims = convert_to_tensor(TensorShape(shape))
            except (TypeError, ValueError):
                dims = convert_to_tensor(shape, int32)
        if not dims.static_shape:
            dims = reshape(dims, [-1])
        return fill(dims, constant(value, dtype=base), name=scope)


def zeros(shape: Any, dtype: Any = float32, name: Any = None) -> Tensor:
    """A tensor of zeros (of False, of empty strings)."""
    base = as_dtype(dtype).base_dtype
    zero: Any = False if base is bool_ else "" if base is string_type else 0
    return _filled(zero, shape, base, name, "zeros")


def ones(shape: Any, dtype: Any = float32, name: Any = None) -> Tensor:
    """A tensor of ones (of True)."""
    return _filled(True if as_dtype(dtype).base_dtype is bool_ else 1, shape, dtype, name, "ones")


@dispatched
def zeros_like(tensor: Any, dtype: Any = None, name: Any = None, optimize: bool = True) -> Tensor:
    """Zeros in the shape of `tensor`, of its dtype unless another is given."""
    with name_scope(name, "zeros_like", [tensor]) as scope:
        x = convert_to_tensor(tensor, name="tensor")
        kind = x.dtype.base_dtype if dtype is None else as_dtype(dtype)
        if optimize and is_known(x.static_shape):
            return zeros(x.shape, kind, scope)
        if kind is not x.dtype.base_dtype:
            return zeros(_shape(x, optimize), kind, scope)
        return apply("ZerosLike", x, name=scope)  # type: ignore[no-any-return]


@dispatched
def ones_like(tensor: Any, dtype: Any = None, name: Any = None, optimize: bool = True) -> Tensor:
    """Ones in the shape of `tensor`, of its dtype unless another is given."""
    with name_scope(name, "ones_like", [tensor]) as scope:
        x = convert_to_tensor(tensor, name="tensor")
        result = ones(_shape(x, optimize), x.dtype if dtype is None else dtype, scope)
        result.set_shape(x.shape)
        return result


def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: Any = float32,
    name: Any = None,
) -> Tensor:
    """Identity matrices: `batch_shape + [num_rows, num_columns]`."""
    with name_scope(name, "eye", [num_rows, num_columns, batch_shape]):
        rows, columns = num_rows, num_rows if num_columns is None else num_columns
        batch = [] if batch_shape is None else batch_shape
        square = num_columns is None
        if isinstance(rows, Tensor) or isinstance(columns, Tensor):
            least: Any = apply("Minimum", rows, columns)
        else:
            for n in (rows, columns):
                if not isinstance(n, (int, np.integer)):
                    raise TypeError("num_rows and num_columns must be positive integer values.")
            square, least = rows == columns, min(rows, columns)
        if isinstance(batch, Tensor) or isinstance(least, Tensor):
            batch = convert_to_tensor(batch, int32, "shape")
            diagonal_shape: Any = concat((batch, [least]), 0)
            shape: Any = None if square else concat((batch, [rows, columns]), 0)
        else:
            diagonal_shape = [*batch, least]
            shape = [*batch, rows, columns]
        diagonal = ones(diagonal_shape, dtype)
        if square:
            return matrix_diag(diagonal)
        return matrix_set_diag(zeros(shape, dtype), diagonal)


def _common_number_type(xs: Sequence[Tensor]) -> DType:
    order = [int32, int64, float32, float64]
    kinds = [x.dtype.base_dtype for x in xs]
    if any(k not in order for k in kinds):
        raise TypeError(f"tf.range takes int32, int64, float32 and float64, not {kinds}.")
    return max(kinds, key=order.index)


def cast_to(x: Any, dtype: DType, name: str | None = None) -> Tensor:
    """`x` as a tensor of this dtype, with the operations that `tf.cast` adds."""
    if isinstance(x, Tensor) and x.dtype is dtype:
        return x
    with name_scope(name, "Cast", [x]) as scope:
        tensor = convert_to_tensor(x, name="x")
        if tensor.dtype.base_dtype is dtype:
            return tensor
        return apply("Cast", tensor, DstT=dtype, name=scope)  # type: ignore[no-any-return]


def range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: Any = "range"
) -> Tensor:
    """The numbers start, start + delta ... below `limit` (above it for a negative delta)."""
    if limit is None:
        start, limit = 0, start
    with name_scope(name, "Range", [start, limit, delta]) as scope:
        given = {"start": start, "limit": limit, "delta": delta}
        if dtype is not None:
            xs = [cast_to(v, as_dtype(dtype), n) for n, v in given.items()]
        else:
            xs = [convert_to_tensor(v, name=n) for n, v in given.items()]
            kind = _common_number_type(xs)
            xs = [cast_to(x, kind) for x in xs]
        return apply("Range", *xs, name=scope)  # type: ignore[no-any-return]


def lin_space(start: Any, stop: Any, num: Any, name: Any = None) -> Tensor:
    """`num` evenly spaced numbers from `start` to `stop`, both included."""
    return apply("LinSpace", start, stop, num, name=name)  # type: ignore[no-any-return]


linspace = lin_space


# -- identities ------------------------------------------------------------------------------
@dispatched
def identity(input: Any, name: Any = None) -> Tensor:
    """A tensor with the same value."""
    return apply("Identity", input, name=name)  # type: ignore[no-any-return]


def identity_n(input: Any, name: Any = None) -> Any:
    """Tensors with the same values; all of them wait for all inputs."""
    return apply("IdentityN", input, name=name)


def stop_gradient(input: Any, name: Any = None) -> Tensor:
    """The same value, through which no gradient flows."""
    return apply("StopGradient", input, name=name)  # type: ignore[no-any-return]


def guarantee_const(input: Any, name: Any = None) -> Tensor:
    """The same value, which the program promises not to change."""
    return apply("GuaranteeConst", input, name=name)  # type: ignore[no-any-return]


def bitcast(input: Any, type: Any, name: Any = None) -> Tensor:
    """The same bits read as another dtype."""
    return apply("Bitcast", input, type=as_dtype(type), name=name)  # type: ignore[no-any-return]


def timestamp(name: Any = None) -> Tensor:
    """The time of the run, in seconds since 1970."""
    return apply("Timestamp", name=name)  # type: ignore[no-any-return]


# -- shapes ----------------------------------------------------------------------------------
def _is_sparse(x: Any) -> bool:
    return hasattr(x, "dense_shape") and not isinstance(x, IndexedSlices)


def shape(input: Any, name: Any = None, out_type: Any = int32) -> Tensor:
    """The shape as a vector; a constant where it is known."""
    return _shape(input, True, name, as_dtype(out_type))


def _shape(x: Any, optimize: bool = True, name: Any = None, out_type: DType = int32) -> Tensor:
    with name_scope(name, "Shape", [x]) as scope:
        if _is_sparse(x):
            return apply("Cast", x.dense_shape, DstT=out_type)  # type: ignore[no-any-return]
        tensor = convert_to_tensor(x)
        if optimize:
            return masking.shape_tensor(tensor, out_type, scope)
        return apply("Shape", tensor, out_type=out_type, name=scope)  # type: ignore[no-any-return]


def shape_n(input: Any, out_type: Any = int32, name: Any = None) -> list[Tensor]:
    """The shapes of several tensors."""
    return apply("ShapeN", input, out_type=as_dtype(out_type), name=name)  # type: ignore[no-any-return]


@dispatched
def size(input: Any, name: Any = None, out_type: Any = int32) -> Tensor:
    """The number of elements; a constant where it is known."""
    kind = as_dtype(out_type)
    with name_scope(name, "Size", [input]) as scope:
        if _is_sparse(input):
            return apply("Prod", apply("Cast", input.dense_shape, DstT=kind), 0, name=scope)  # type: ignore[no-any-return]
        x = convert_to_tensor(input)
        dims = x.static_shape
        if dims is not None and 0 in dims:
            return constant(0, kind, name=scope)
        if is_known(dims):
            return constant(x.shape.num_elements(), kind, name=scope)
        return apply("Size", x, out_type=kind, name=scope)  # type: ignore[no-any-return]


@dispatched
def rank(input: Any, name: Any = None) -> Tensor:
    """The number of axes; a constant where it is known."""
    with name_scope(name, "Rank", [input]) as scope:
        if _is_sparse(input):
            return apply("Size", input.dense_shape, name=scope)  # type: ignore[no-any-return]
        x = convert_to_tensor(input)
        if x.static_shape is not None:
            return constant(len(x.static_shape), int32, name=scope)
        return apply("Rank", x, name=scope)  # type: ignore[no-any-return]


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """The shape of an elementwise operation on both; ValueError where they do not fit."""
    try:
        return TensorShape(broadcast(to_shape(shape_x), to_shape(shape_y)))
    except ValueError:
        raise ValueError(
            f"Incompatible shapes for broadcasting: {show(to_shape(shape_x))} and "
            f"{show(to_shape(shape_y))}"
        ) from None


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Tensor:
    """The shape of an elementwise operation on tensors of these shapes (vectors)."""
    return apply("BroadcastArgs", shape_x, shape_y)  # type: ignore[no-any-return]


def broadcast_to(input: Any, shape: Any, name: Any = None) -> Tensor:
    """`input` repeated along its axes of extent 1 to fill `shape`."""
    return apply("BroadcastTo", input, shape, name=name)  # type: ignore[no-any-return]


def reshape(tensor: Any, shape: Any, name: Any = None) -> Tensor:
    """The same elements in another shape; one extent may be -1."""
    return apply("Reshape", tensor, shape, name=name)  # type: ignore[no-any-return]


@dispatched
def expand_dims(input: Any, axis: Any = None, name: Any = None, dim: Any = None) -> Tensor:
    """`input` with an axis of extent 1 inserted at `axis`."""
    at = renamed("axis", axis, "dim", dim)
    if at is None:
        raise ValueError("Must specify an axis argument to tf.expand_dims()")
    return apply("ExpandDims", input, at, name=name)  # type: ignore[no-any-return]


@dispatched
def squeeze(input: Any, axis: Any = None, name: Any = None, squeeze_dims: Any = None) -> Tensor:
    """`input` without its axes of extent 1, or without those named by `axis`."""
    axes = renamed("axis", axis, "squeeze_dims", squeeze_dims)
    if axes is None:
        axes = ()
    elif np.isscalar(axes) or isinstance(axes, Dimension):
        axes = (axes,)
    return apply("Squeeze", input, squeeze_dims=tuple(int(a) for a in axes), name=name)  # type: ignore[no-any-return]


def transpose(a: Any, perm: Any = None, name: Any = "transpose", conjugate: bool = False) -> Tensor:
    """`a` with its axes in the order `perm` (default: reversed), conjugated if asked for."""
    with name_scope(name, "transpose", [a]) as scope:
        op = "ConjugateTranspose" if conjugate and a.dtype.is_complex else "Transpose"
        if perm is None:
            a = convert_to_tensor(a, name="a")
            if a.static_shape:
                perm = np.arange(len(a.static_shape) - 1, -1, -1)
            else:
                number = apply("Rank", a)
                perm = (number - 1) - apply("Range", 0, number, 1)
        return apply(op, a, perm, name=scope)  # type: ignore[no-any-return]


def matrix_transpose(a: Any, name: Any = "matrix_transpose", conjugate: bool = False) -> Tensor:
    """`a` with its last two axes exchanged."""
    with name_scope(name, None, [a]):
        a = convert_to_tensor(a, name="a")
        dims = a.static_shape
        if dims is None:
            number: Any = rank(a)
            leading = apply("Range", 0, number - 2, 1)
            perm: Any = concat((leading, [number - 1, number - 2]), 0)
        elif len(dims) < 2:
            raise ValueError(
                "Argument 'a' should be a (batch) matrix, with rank >= 2. Found: " + show(dims)
            )
        else:
            n = len(dims)
            perm = [*builtins.range(n - 2), n - 1, n - 2]
        return transpose(a, perm, conjugate=conjugate)


def invert_permutation(x: Any, name: Any = None) -> Tensor:
    """The permutation `y` with `y[x[i]] = i`."""
    return apply("InvertPermutation", x, name=name)  # type: ignore[no-any-return]


# -- joining and cutting ---------------------------------------------------------------------
@dispatched
def concat(values: Any, axis: Any, name: Any = "concat") -> Tensor:
    """The tensors one after the other along `axis`."""
    if not isinstance(values, (list, tuple)):
        values = [values]
    if len(values) == 1:
        with name_scope(name):
            convert_to_tensor(axis, int32, "concat_dim").shape.assert_has_rank(0)
            return identity(values[0], name=name)
    return apply("ConcatV2", values, axis, name=name)  # type: ignore[no-any-return]


@dispatched
def stack(values: Any, axis: int = 0, name: Any = "stack") -> Tensor:
    """Tensors of one shape as the slices of a new axis."""
    if axis == 0:
        return stacked(values, name)  # type: ignore[return-value]
    first = convert_to_tensor(values[0], name=name)
    if first.static_shape is not None:
        limit = len(first.static_shape) + 1
        if not -limit <= axis < limit:
            raise ValueError(f"axis = {axis} not in [{-limit}, {limit})")
    return apply("Pack", values, axis=axis, name=name)  # type: ignore[no-any-return]


def parallel_stack(values: Any, name: Any = "parallel_stack") -> Tensor:
    """Tensors of one known shape as the slices of a new first axis."""
    with name_scope(name):
        dims = to_shape(convert_to_tensor(values[0]).shape)
        if not is_known(dims):
            raise ValueError(f"tf.parallel_stack needs a known shape, not {show(dims)}.")
        rows = [expand_dims(v, 0) for v in values]
        return apply("ParallelConcat", rows, shape=(len(values), *(dims or ())))  # type: ignore[no-any-return]


def unstack(value: Any, num: Any = None, axis: int = 0, name: Any = "unstack") -> list[Tensor]:
    """The slices along `axis`, `num` of them (needed where the extent is not known)."""
    if num is None:
        value = convert_to_tensor(value)
        dims = value.static_shape
        if dims is not None:
            if not -len(dims) <= axis < len(dims):
                raise ValueError(f"axis = {axis} not in [{-len(dims)}, {len(dims)})")
            num = dims[axis]
        if num is None:
            raise ValueError(f"Cannot infer num from shape {show(dims)}")
    return apply("Unpack", value, num=int(num), axis=axis, name=name)  # type: ignore[no-any-return]


def split(
    value: Any, num_or_size_splits: Any, axis: Any = 0, num: Any = None, name: Any = "split"
) -> list[Tensor]:
    """`value` cut along `axis`: into equal parts, or into parts of the given sizes."""
    sizes = convert_to_tensor(num_or_size_splits)
    if isinstance(num_or_size_splits, (int, np.integer, Dimension)):
        parts = int(num_or_size_splits)
        return apply("Split", axis, value, num_split=parts, name=name)  # type: ignore[no-any-return]
    if sizes.static_shape == ():
        raise ValueError(
            "Rank-0 tensors are not supported as the num_or_size_splits argument to split. "
            f"Argument provided: {num_or_size_splits}"
        )
    if num is None:
        num = sizes.static_shape[0] if sizes.static_shape else None
        if num is None:
            raise ValueError(f"Cannot infer num from shape {num_or_size_splits}")
    return apply("SplitV", value, sizes, axis, num_split=num, name=name)  # type: ignore[no-any-return]


def slice(input_: Any, begin: Any, size: Any, name: Any = None) -> Tensor:
    """The part that starts at `begin` and has the shape `size` (-1: up to the end)."""
    return apply("Slice", input_, begin, size, name=name)  # type: ignore[no-any-return]


def strided_slice(
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    var: Any = None,
    name: Any = None,
) -> Tensor:
    """`input_[begin:end:strides]` by vectors; the masks have a bit for each of their entries.

    With `var`, `assign` of the result sets that part of the variable.
    """
    if strides is None:
        strides = ones_like(begin)
    result: Tensor = apply(
        "StridedSlice",
        input_,
        begin,
        end,
        strides,
        begin_mask=begin_mask,
        end_mask=end_mask,
        ellipsis_mask=ellipsis_mask,
        new_axis_mask=new_axis_mask,
        shrink_axis_mask=shrink_axis_mask,
        name=name,
    )
    if var is not None:
        result.graph.extra.setdefault("slices_of_variables", {})[result] = var
    return result


@dispatched
def tile(input: Any, multiples: Any, name: Any = None) -> Tensor:
    """`input` repeated along each axis."""
    return apply("Tile", input, multiples, name=name)  # type: ignore[no-any-return]


def pad(
    tensor: Any, paddings: Any, mode: str = "CONSTANT", name: Any = None, constant_values: Any = 0
) -> Tensor:
    """`tensor` with `paddings[i]` = (before, after) elements added along axis i.

    `mode` is CONSTANT (with `constant_values`), REFLECT or SYMMETRIC (mirrored without or with
    the edge).
    """
    mode = mode.upper()
    if mode in ("REFLECT", "SYMMETRIC"):
        return apply("MirrorPad", tensor, paddings, mode=mode, name=name)  # type: ignore[no-any-return]
    if mode != "CONSTANT":
        raise ValueError(f"Unknown padding mode: {mode}")
    if not is_tensor_like(constant_values) and constant_values == 0:
        return apply("Pad", tensor, paddings, name=name)  # type: ignore[no-any-return]
    return apply("PadV2", tensor, paddings, constant_values, name=name)  # type: ignore[no-any-return]


def reverse(tensor: Any, axis: Any, name: Any = None) -> Tensor:
    """`tensor` with the order of its elements reversed along the axes."""
    return apply("ReverseV2", tensor, axis, name=name)  # type: ignore[no-any-return]


reverse_v2 = reverse


def roll(input: Any, shift: Any, axis: Any, name: Any = None) -> Tensor:
    """`input` with its elements shifted along the axes; those that fall off come back in front."""
    return apply("Roll", input, shift, axis, name=name)  # type: ignore[no-any-return]


def meshgrid(*args: Any, **kwargs: Any) -> list[Tensor]:
    """Coordinates of a grid: for each vector its values along one axis, repeated along the others.

    Keywords: `indexing` ("xy": the first two axes exchanged, or "ij") and `name`.
    """
    indexing, name = kwargs.pop("indexing", "xy"), kwargs.pop("name", "meshgrid")
    if kwargs:
        raise TypeError(f"{next(iter(kwargs))!r} is an invalid keyword argument for this function")
    if indexing not in ("xy", "ij"):
        raise ValueError("indexing parameter must be either 'xy' or 'ij'")
    with name_scope(name, "meshgrid", args):
        n = len(args)
        grids = [
            reshape(stack(x), [-1 if i == k else 1 for i in builtins.range(n)])
            for k, x in enumerate(args)
        ]
        sizes = [size(x) for x in args]
        kind = convert_to_tensor(args[0]).dtype.base_dtype
        if indexing == "xy" and n > 1:
            rest = (1,) * (n - 2)
            grids[0], grids[1] = (
                reshape(grids[0], (1, -1, *rest)),
                reshape(grids[1], (-1, 1, *rest)),
            )
            sizes[0], sizes[1] = sizes[1], sizes[0]
        repeat: Any = ones(sizes, kind)
        return [x * repeat for x in grids]


def required_space_to_batch_paddings(
    input_shape: Any, block_shape: Any, base_paddings: Any = None, name: Any = None
) -> Any:
    """(paddings, crops) with which `space_to_batch` can cut `input_shape` into whole blocks."""
    with name_scope(name, "required_space_to_batch_paddings", [input_shape, block_shape]):
        extents: Any = convert_to_tensor(input_shape, int32, "input_shape")
        block: Any = convert_to_tensor(block_shape, int32, "block_shape")
        count = block.shape.with_rank(1).as_list()[0]
        if count is None:
            raise ValueError(f"block_shape must have a known length, not {block.shape}.")
        if count == 0:
            return zeros([0, 2], int32), zeros([0, 2], int32)
        extents.shape.assert_is_compatible_with([count])
        if base_paddings is None:
            base: Any = zeros([count, 2], int32)
        else:
            base = convert_to_tensor(base_paddings, int32, "base_paddings")
            base.shape.assert_is_compatible_with([count, 2])
        known = [constant_value(t) for t in (extents, block, base)]
        if all(k is not None for k in known):
            extents, block, base = known
        start, end = base[:, 0], base[:, 1]
        full = extents + start + end
        extra = (block - full % block) % block
        end = end + extra
        indices = builtins.range(count)
        paddings = stack([[start[i], end[i]] for i in indices], name="paddings")
        return paddings, stack([[0, extra[i]] for i in indices], name="crops")
