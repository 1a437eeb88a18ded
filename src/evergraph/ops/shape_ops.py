"""Reshaping, joining, splitting, repeating and padding."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ..core.allocation import allocatable
from ..core.dtypes import int32
from ..core.emit import apply
from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Dim, Shape, is_known, merge, normal_axis, same_dim, show, size_of
from ..core.tensor import Literal, Operand, Operation, Tensor, axes_literal
from ..core.values import value_as_shape
from .indexed_slices import IndexedSlices
from .operands import (
    as_ints,
    axis_of,
    extent_of,
    ints,
    known_ints,
    padded,
    same_length,
    scalar,
    shape_of,
)


def _unknown(rank: int) -> Shape:
    return (None,) * rank


# -- reshape, expand, squeeze ----------------------------------------------------------------
def _reshape_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x, out = shapes[0], values.as_shape(1)
    if out is None:
        return [None]
    size, known = size_of(x), prod(d for d in out if d is not None)
    missing = out.count(None)
    if missing == 0 and size is not None and size != known:
        raise ValueError(
            f"Cannot reshape a tensor with {size} elements to shape {show(out)} ({known} elements)."
        )
    if missing != 1:
        return [out]
    extent = _missing_extent(size, known, out)
    return [tuple(extent if d is None else d for d in out)]


def _missing_extent(size: int | None, known: int, out: Shape) -> Dim:
    """The one extent of `out` that is not given."""
    if size is not None and known:
        if size % known:
            raise ValueError(
                f"Cannot reshape a tensor with {size} elements to shape {show(out)}: dimension "
                f"size must be evenly divisible by {known} but is {size}."
            )
        return size // known
    return None


def _reshape(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, shape = inputs[0], ints(inputs[1])
    if shape.count(-1) > 1 or any(d < -1 for d in shape):
        raise ValueError(f"Only one extent may be -1, and none lower: {shape}.")
    known = prod(d for d in shape if d >= 0)
    if -1 in shape:
        # Extents of zero, where both have them, say nothing about the missing one.
        some = prod(d for d in shape if d > 0)
        have = prod(d for d in x.shape if d > 0) if 0 in shape else x.size
        if 0 in shape or have % some == 0:
            shape[shape.index(-1)] = have // some
    if -1 in shape:
        raise ValueError(
            f"Input to reshape is a tensor with {x.size} values, but the requested shape requires "
            f"a multiple of {known}: {shape}."
        )
    if prod(shape) != x.size:
        raise ValueError(
            f"Input to reshape is a tensor with {x.size} values, but the requested shape has "
            f"{known}: {shape}."
        )
    return x.reshape(shape)


def _same_elements(op: Operation) -> Shape:
    return value_as_shape(op.operands[0])


def _to_input_shape(op: Operation, dy: Any) -> list[Any]:
    grad = apply("Reshape", dy, shape_of(op.inputs[0]))
    return [grad] + [None] * (len(op.inputs) - 1)


define(
    "Reshape",
    "tensor:T shape:Tshape -> output:T",
    "T:type; Tshape:type{index}=int32",
    shape=_reshape_shape,
    kernel=_reshape,
    partial_value=_same_elements,
    grad=_to_input_shape,
)


def _expand_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x, dim = shapes[0], values[1]
    if x is None:
        return [None]
    if dim is None:
        return [_unknown(len(x) + 1)]
    axis = normal_axis(scalar(dim), len(x) + 1)
    return [(*x[:axis], 1, *x[axis:])]


def _expand_dims(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    axis = normal_axis(scalar(inputs[1]), len(inputs[0].shape) + 1)
    return xp.expand_dims(inputs[0], axis)


define(
    "ExpandDims",
    "input:T dim:Tdim -> output:T",
    "T:type; Tdim:type{index}=int32",
    shape=_expand_shape,
    kernel=_expand_dims,
    partial_value=_same_elements,
    grad=_to_input_shape,
)


def _squeeze_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x, axes = shapes[0], attrs["squeeze_dims"]
    if x is None or (not axes and None in x):
        return [None]
    if not axes:
        return [tuple(d for d in x if d != 1)]
    gone = {normal_axis(a, len(x)) for a in axes}
    for a in gone:
        if x[a] not in (None, 1):
            raise ValueError(f"Can not squeeze dim[{a}], expected a dimension of 1, got {x[a]}")
    return [tuple(d for i, d in enumerate(x) if i not in gone)]


def _squeeze(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x = inputs[0]
    shape = _squeeze_shape([x.shape], attrs, ())[0]  # type: ignore[arg-type]
    return x.reshape(shape)


define(
    "Squeeze",
    "input:T -> output:T",
    "T:type; squeeze_dims:list(int)>=0=[]",
    shape=_squeeze_shape,
    kernel=_squeeze,
    partial_value=_same_elements,
    grad=_to_input_shape,
)


# -- transpose -------------------------------------------------------------------------------
def _transpose_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x, perm = shapes[0], values[1]
    if perm is None:
        rank = len(x) if x is not None else (shapes[1] or (None,))[0]
        return [None if rank is None else _unknown(rank)]
    axes = _permutation(ints(perm), None if x is None else len(x))
    return [_unknown(len(axes)) if x is None else tuple(x[a] for a in axes)]


def _permutation(perm: list[int], rank: int | None) -> list[int]:
    rank = len(perm) if rank is None else rank
    same_length(rank, perm)
    axes = [normal_axis(a, rank) for a in perm]
    if sorted(axes) != list(range(rank)):
        raise ValueError(f"{perm} is not a permutation of the axes 0 to {rank - 1}.")
    return axes


def inverse(perm: Operand) -> Operand:
    """The permutation that undoes `perm`."""
    known = known_ints(perm)
    if known is None:
        return apply("InvertPermutation", perm)  # type: ignore[no-any-return]
    return axes_literal(np.argsort(_permutation(known, None)))


def _transpose(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    return xp.transpose(inputs[0], _permutation(ints(inputs[1]), len(inputs[0].shape)))


def _conj(xp: Any, x: Array) -> Array:
    return xp.conj(x) if x.dtype.kind == "c" else x


for _name, _kernel in (
    ("Transpose", _transpose),
    ("ConjugateTranspose", lambda xp, inputs, attrs: _conj(xp, _transpose(xp, inputs, attrs))),
):
    define(
        _name,
        "x:T perm:Tperm -> y:T",
        "T:type; Tperm:type{index}=int32",
        shape=_transpose_shape,
        kernel=_kernel,
        grad=lambda op, dy: [apply(op.type, dy, inverse(op.inputs[1])), None],
    )


def _invert_permutation(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    perm = np.asarray(inputs[0])
    if perm.ndim != 1:
        raise ValueError("invert_permutation expects a 1D vector.")
    if not np.array_equal(np.sort(perm), np.arange(len(perm))):
        raise ValueError(f"{perm.tolist()} is not a permutation of 0 to {len(perm) - 1}.")
    return np.argsort(perm).astype(perm.dtype)


define(
    "InvertPermutation",
    "x:T -> y:T",
    "T:type{index}=int32",
    shape=lambda shapes, attrs, values: [shapes[0]],
    kernel=_invert_permutation,
    grad=NO_GRADIENT,
)


# -- joining ---------------------------------------------------------------------------------
def _concat_shapes(shapes: Sequence[Shape], axis: Any) -> Shape:
    ranks = {len(s) for s in shapes if s is not None}
    if len(ranks) > 1:
        raise ValueError(f"Ranks of all inputs should match: {', '.join(map(show, shapes))}.")
    if not ranks:
        return None
    rank = ranks.pop()
    if rank == 0:
        raise ValueError("Can't concatenate scalars (use tf.stack instead)")
    if axis is None:
        return _unknown(rank)
    at = normal_axis(scalar(axis), rank)
    total: Dim = 0
    unknown: tuple[Dim, ...] = (None,) * rank
    out: Shape = unknown
    for s in shapes:
        dims = unknown if s is None else s
        d = dims[at]
        total = None if total is None or d is None else total + d
        out = merge(out, (*dims[:at], None, *dims[at + 1 :]))
    assert out is not None
    return (*out[:at], total, *out[at + 1 :])


def _concat(xp: Any, arrays: Sequence[Array], axis: Any) -> Array:
    at = normal_axis(scalar(axis), len(arrays[0].shape))
    _concat_shapes([a.shape for a in arrays], at)
    return xp.concatenate(arrays, axis=at)


def concat_gradient(dy: Any, inputs: Sequence[Operand], axis: Operand) -> list[Any]:
    """The slices of `dy` that belong to each of the concatenated inputs."""
    if isinstance(dy, IndexedSlices):
        return _concat_rows_gradient(dy, inputs, axis)
    rank = next((len(x.static_shape) for x in inputs if x.static_shape is not None), None)
    rank = rank if rank is not None or dy.static_shape is None else len(dy.static_shape)
    at = known_ints(axis)
    if at is not None and (rank is not None or at[0] >= 0):
        a = at[0] if rank is None else normal_axis(at[0], rank)
        sizes = [extent_of(x, a) for x in inputs]
        return _split_back(dy, sizes, axes_literal(a))
    a = apply("FloorMod", axis, apply("Rank", dy))
    sizes = [apply("Slice", apply("Shape", x), _vector(a), axes_literal([1])) for x in inputs]
    return _split_back(dy, sizes, a)


def _concat_rows_gradient(
    dy: IndexedSlices, inputs: Sequence[Operand], axis: Operand
) -> list[IndexedSlices]:
    """Of sparse gradients: the rows of each input, or along other axes slices of all rows."""
    at, rank = known_ints(axis), len(dy.values.static_shape or ())
    if at is None or (at[0] < 0 and not rank):
        raise ValueError("Can only compute IndexedSlices gradient with statically-known concat_dim")
    dim = at[0] % rank if at[0] < 0 else at[0]
    extents = [extent_of(x, dim) for x in inputs]
    if dim:
        parts = _split_back(dy.values, extents, axes_literal(dim))
        return [
            IndexedSlices(part, dy.indices, apply("Shape", x))
            for part, x in zip(parts, inputs, strict=True)
        ]
    return _rows_of_each(dy, inputs, extents)


def _rows_of_each(
    dy: IndexedSlices, inputs: Sequence[Operand], extents: Sequence[Operand]
) -> list[IndexedSlices]:
    grads, dtype = [], dy.indices.dtype
    start: Operand = as_ints([0], dtype)
    for x, extent in zip(inputs, extents, strict=True):
        end = apply("AddV2", start, apply("Cast", extent, DstT=dtype))
        inside = apply(
            "LogicalAnd",
            apply("GreaterEqual", dy.indices, start),
            apply("Less", dy.indices, end),
        )
        chosen = apply("Squeeze", apply("Where", inside), squeeze_dims=[1])
        rows = apply("Sub", apply("GatherV2", dy.indices, chosen, axes_literal(0)), start)
        values = apply("GatherV2", dy.values, chosen, axes_literal(0))
        grads.append(IndexedSlices(values, rows, apply("Shape", x)))
        start = end
    return grads


def _vector(x: Operand) -> Tensor:
    return apply("Reshape", x, axes_literal([1]))  # type: ignore[no-any-return]


def _split_back(dy: Tensor, sizes: Sequence[Operand], axis: Operand) -> list[Tensor]:
    if all(isinstance(s, Literal) for s in sizes):
        lengths: Operand = axes_literal([int(s.value[0]) for s in sizes])  # type: ignore[union-attr]
    else:
        lengths = apply("ConcatV2", list(sizes), axes_literal(0))
    parts = apply("SplitV", dy, lengths, axis, num_split=len(sizes))
    return list(parts)


def _joined_elements(op: Operation) -> Shape:
    """What is known of the elements of joined vectors."""
    parts = [value_as_shape(x) for x in op.operands[: op.attrs["N"]]]
    shapes = [x.static_shape for x in op.operands[: op.attrs["N"]]]
    if any(p is None for p in parts) or any(s is None or len(s) != 1 for s in shapes):
        return None
    return tuple(d for p in parts if p is not None for d in p)


define(
    "ConcatV2",
    "values:N*T axis:Tidx -> output:T",
    "N:int>=2; T:type; Tidx:type{index}=int32",
    shape=lambda shapes, attrs, values: [_concat_shapes(shapes[: attrs["N"]], values[attrs["N"]])],
    kernel=lambda xp, inputs, attrs: _concat(xp, inputs[:-1], inputs[-1]),
    partial_value=_joined_elements,
    grad=lambda op, dy: [*concat_gradient(dy, op.inputs[:-1], op.inputs[-1]), None],
)
define(
    "Concat",
    "concat_dim:int32 values:N*T -> output:T",
    "N:int>=2; T:type",
    shape=lambda shapes, attrs, values: [_concat_shapes(shapes[1:], values[0])],
    kernel=lambda xp, inputs, attrs: _concat(xp, inputs[1:], inputs[0]),
    grad=lambda op, dy: [None, *concat_gradient(dy, op.inputs[1:], op.inputs[0])],
)


def _checked_axis(dim: int, shapes: Sequence[Array]) -> int:
    """The axis to join along, of shapes that are equal but for it; ValueError otherwise."""
    first = shapes[0]
    for i, shape in enumerate(shapes):
        if shape.ndim != 1:
            raise ValueError(f"input {i} should be a vector, but has shape {show(shape.shape)}")
        if len(shape) != len(first):
            raise ValueError(
                f"input {i} should contain {len(first)} elements, but got {len(shape)}"
            )
    if not -len(first) <= dim < len(first):
        raise ValueError(f"Concat dim is out of range: {dim} vs. {len(first)}")
    axis = dim % len(first)
    for i, shape in enumerate(shapes):
        if np.any(np.delete(shape != first, axis)):
            raise ValueError(
                f"All dimensions except {axis} must match. Input {i} has shape {_spaced(shape)} "
                f"and doesn't match input 0 with shape {_spaced(first)}."
            )
    return axis


def _spaced(shape: Array) -> str:
    return f"[{' '.join(map(str, shape.tolist()))}]"


def _concat_offset(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, ...]:
    shapes = [np.asarray(s) for s in inputs[1:]]
    axis = _checked_axis(scalar(inputs[0]), shapes)
    ends = np.cumsum([0] + [s[axis] for s in shapes])
    unit = np.eye(1, len(shapes[0]), axis, dtype=np.int32)[0]
    return tuple(unit * np.int32(e) for e in ends[:-1])


define(
    "ConcatOffset",
    "concat_dim:int32 shape:N*int32 -> offset:N*int32",
    "N:int>=2",
    shape=lambda shapes, attrs, values: list(shapes[1:]),
    kernel=_concat_offset,
    grad=NO_GRADIENT,
)


def _parallel_concat_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [attrs["shape"]]


define(
    "ParallelConcat",
    "values:N*T -> output:T",
    "N:int>=1; T:type; shape:shape",
    shape=_parallel_concat_shape,
    kernel=lambda xp, inputs, attrs: xp.concatenate(list(inputs), axis=0),
    grad=lambda op, dy: concat_gradient(dy, op.inputs, axes_literal(0)),
)


def _pack_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    each: Shape = None
    for s in shapes:
        each = merge(each, s)
    if each is None:
        return [None]
    axis = normal_axis(attrs["axis"], len(each) + 1)
    return [(*each[:axis], len(shapes), *each[axis:])]


def _pack(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    first = inputs[0].shape
    for x in inputs:
        if x.shape != first:
            raise ValueError(f"Shapes of all inputs must match: {show(first)} and {show(x.shape)}.")
    return xp.stack(list(inputs), axis=attrs["axis"])


def _packed_scalars(op: Operation) -> Shape:
    """What is known of the elements of a vector packed from scalars."""
    out: list[Dim] = []
    for x in op.operands:
        if x.static_shape not in ((), None):
            return None
        known = value_as_shape(x) if x.static_shape == () else None
        out.append(known[0] if known else None)
    return tuple(out)


define(
    "Pack",
    "values:N*T -> output:T",
    "N:int>=1; T:type; axis:int=0",
    shape=_pack_shape,
    kernel=_pack,
    partial_value=_packed_scalars,
    grad=lambda op, dy: list(apply("Unpack", dy, num=len(op.inputs), axis=op.attrs["axis"])),
)


# -- splitting -------------------------------------------------------------------------------
def _unpack_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x, num = shapes[0], attrs["num"]
    if x is None:
        return [None] * num
    axis = normal_axis(attrs["axis"], len(x))
    if not same_dim(x[axis], num):
        raise ValueError(f"Dimension must be {num} but is {x[axis]}: {show(x)} along axis {axis}.")
    return [(*x[:axis], *x[axis + 1 :])] * num


def _unpack(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, ...]:
    x, num = inputs[0], attrs["num"]
    axis = normal_axis(attrs["axis"], len(x.shape))
    if x.shape[axis] != num:
        raise ValueError(f"Axis {axis} of shape {show(x.shape)} must have extent {num}.")
    rows = xp.moveaxis(x, axis, 0)
    return tuple(rows[i, ...] for i in range(num))


define(
    "Unpack",
    "value:T -> output:num*T",
    "num:int>=0; T:type; axis:int=0",
    shape=_unpack_shape,
    kernel=_unpack,
    grad=lambda op, *dys: [apply("Pack", list(dys), axis=op.attrs["axis"])],
)


def _split_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x, num = shapes[1], attrs["num_split"]
    if x is None:
        return [None] * num
    axis = axis_of(values[0], x)
    if axis is None:
        return [_unknown(len(x))] * num
    d = x[axis]
    if d is not None and d % num:
        raise ValueError(
            f"Number of ways to split should evenly divide the split dimension: dimension size "
            f"must be evenly divisible by {num} but is {d} along axis {axis} of {show(x)}."
        )
    return [(*x[:axis], None if d is None else d // num, *x[axis + 1 :])] * num


def _split(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, ...]:
    x, num = inputs[1], attrs["num_split"]
    axis = normal_axis(scalar(inputs[0]), len(x.shape))
    if x.shape[axis] % num:
        raise ValueError(
            f"Number of ways to split should evenly divide the split dimension, but got "
            f"split_dim {axis} (size = {x.shape[axis]}) and num_split {num}"
        )
    return tuple(xp.split(x, num, axis=axis))


def _join(dys: Sequence[Tensor], axis: Operand) -> Tensor:
    if len(dys) == 1:
        return dys[0]
    return apply("ConcatV2", list(dys), axis)  # type: ignore[no-any-return]


define(
    "Split",
    "split_dim:int32 value:T -> output:num_split*T",
    "num_split:int>=1; T:type",
    shape=_split_shape,
    kernel=_split,
    grad=lambda op, *dys: [None, _join(dys, op.inputs[0])],
)


def _sizes(sizes: list[int], total: Dim) -> list[Dim]:
    """The lengths of the parts, with the one given as -1 worked out."""
    if sizes.count(-1) > 1 or any(s < -1 for s in sizes):
        raise ValueError(f"Only one of the split sizes may be -1, and none lower: {sizes}.")
    known = sum(s for s in sizes if s >= 0)
    if total is None:
        return [None if s < 0 else s for s in sizes]
    if known > total or (-1 not in sizes and known != total):
        raise ValueError(f"Split sizes {sizes} must sum to the extent {total} of the axis.")
    return [total - known if s < 0 else s for s in sizes]


def _splitv_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x, num = shapes[0], attrs["num_split"]
    if x is None:
        return [None] * num
    axis = axis_of(values[2], x)
    if axis is None:
        return [_unknown(len(x))] * num
    known = values[1]
    lengths = [None] * num if known is None else _sizes(ints(known), x[axis])
    if len(lengths) != num:
        raise ValueError(f"Expected {num} split sizes, got {lengths}.")
    return [(*x[:axis], d, *x[axis + 1 :]) for d in lengths]


def _splitv(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, ...]:
    x = inputs[0]
    axis = normal_axis(scalar(inputs[2]), len(x.shape))
    lengths = _sizes(ints(inputs[1]), x.shape[axis])
    cuts = np.cumsum(np.asarray(lengths))[:-1].tolist()
    return tuple(xp.split(x, cuts, axis=axis))


define(
    "SplitV",
    "value:T size_splits:Tlen split_dim:int32 -> output:num_split*T",
    "num_split:int>=1; T:type; Tlen:type{index}=int64",
    shape=_splitv_shape,
    kernel=_splitv,
    grad=lambda op, *dys: [_join(dys, op.inputs[2]), None, None],
)


# -- repeating and reversing -----------------------------------------------------------------
def _tile_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x, times = shapes[0], values.as_shape(1)
    if times is None or x is None:
        return (
            [None if times is None else _unknown(len(times))] if x is None else [_unknown(len(x))]
        )
    if len(times) != len(x):
        raise ValueError(f"Expected {len(x)} multiples, one an axis, got {len(times)}.")
    return [tuple(None if d is None or m is None else d * m for d, m in zip(x, times, strict=True))]


def _tile(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    times = ints(inputs[1])
    same_length(len(inputs[0].shape), times)
    if any(m < 0 for m in times):
        raise ValueError(f"Expected multiples >= 0, got {times}.")
    sizes = [d * m for d, m in zip(inputs[0].shape, times, strict=True)]
    allocatable(sizes, inputs[0].dtype, arrays=2)
    return xp.tile(inputs[0], tuple(times))


def _tile_grad(op: Operation, dy: Any) -> list[Any]:
    x, multiples = op.inputs
    times, shape = known_ints(multiples), x.static_shape
    if times is not None and is_known(shape) and shape is not None:
        pairs = [n for m, d in zip(times, shape, strict=True) for n in (m, d or 0)]
        axes = axes_literal(range(0, len(pairs), 2))
        return [apply("Sum", apply("Reshape", dy, axes_literal(pairs)), axes), None]
    dtype = multiples.dtype.base_dtype
    dims = shape_of(x, dtype)
    both = apply("Reshape", apply("Pack", [multiples, dims], axis=1), as_ints([-1]))
    zero, two = axes_literal(0), axes_literal(2)
    axes = apply("Range", zero, apply("Size", both), two)
    return [apply("Reshape", apply("Sum", apply("Reshape", dy, both), axes), dims), None]


define(
    "Tile",
    "input:T multiples:Tmultiples -> output:T",
    "T:type; Tmultiples:type{index}=int32",
    shape=_tile_shape,
    kernel=_tile,
    grad=_tile_grad,
)


def _reverse(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, axes = inputs[0], ints(inputs[1])
    normal = [normal_axis(a, len(x.shape)) for a in axes]
    if len(set(normal)) < len(normal):
        raise ValueError(f"axis {axes} names one axis twice.")
    return xp.flip(x, tuple(normal)) if normal else x


def _reverse_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x, axes = shapes[0], values[1]
    if x is not None and axes is not None:
        for a in ints(axes):
            normal_axis(a, len(x))
    return [x]


define(
    "ReverseV2",
    "tensor:T axis:Tidx -> output:T",
    "Tidx:type{index}=int32; T:type{uint8,int8,uint16,int16,int32,int64,bool,bfloat16,float16,"
    "float32,float64,complex64,complex128,string}",
    shape=_reverse_shape,
    kernel=_reverse,
    grad=lambda op, dy: [apply("ReverseV2", dy, op.inputs[1]), None],
)


def _reverse_flags(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    axes = tuple(i for i, flag in enumerate(np.asarray(inputs[1]).tolist()) if flag)
    return xp.flip(inputs[0], axes) if axes else inputs[0]


define(
    "Reverse",
    "tensor:T dims:bool -> output:T",
    "T:type{uint8,int8,uint16,int16,int32,int64,bool,float16,float32,float64,complex64,"
    "complex128,string}",
    shape=lambda shapes, attrs, values: [shapes[0]],
    kernel=_reverse_flags,
    grad=lambda op, dy: [apply("Reverse", dy, op.inputs[1]), None],
)


def _roll(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, shift, axis = inputs[0], ints(inputs[1]), ints(inputs[2])
    same_length(len(axis), shift)
    return xp.roll(x, shift, [normal_axis(a, len(x.shape)) for a in axis])


define(
    "Roll",
    "input:T shift:Tshift axis:Taxis -> output:T",
    "T:type; Tshift:type{index}; Taxis:type{index}",
    shape=lambda shapes, attrs, values: [shapes[0]],
    kernel=_roll,
    grad=lambda op, dy: [apply("Roll", dy, apply("Neg", op.inputs[1]), op.inputs[2]), None, None],
)


# -- padding ---------------------------------------------------------------------------------
def _pairs(paddings: Any) -> list[tuple[int, int]]:
    array = np.asarray(paddings)
    if array.ndim != 2 or array.shape[1] != 2:
        raise ValueError(f"paddings must be a matrix with 2 columns: {array.shape}.")
    if (array < 0).any():
        raise ValueError(f"Paddings must be non-negative: {array.tolist()}.")
    return [(int(a), int(b)) for a, b in array.tolist()]


def _pad_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x, paddings = shapes[0], values[1]
    rows = None if shapes[1] is None else shapes[1][0]
    if x is not None and not same_dim(rows, len(x)):
        raise ValueError(f"paddings must have {len(x)} rows, one an axis, not {rows}.")
    if paddings is None or x is None:
        rank = len(x) if x is not None else rows
        return [None if rank is None else _unknown(rank)]
    pairs = _pairs(paddings)
    return [tuple(None if d is None else d + a + b for d, (a, b) in zip(x, pairs, strict=True))]


def _pad(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, pairs = inputs[0], _pairs(inputs[1])
    if len(pairs) != len(x.shape):
        raise ValueError(f"paddings must have {len(x.shape)} rows, one an axis, not {len(pairs)}.")
    value: Any = inputs[2] if len(inputs) > 2 else b"" if x.dtype.kind == "O" else 0
    return padded(xp, x, pairs, value)


def _pad_grad(op: Operation, dy: Any) -> list[Any]:
    x, paddings = op.inputs[:2]
    known = known_ints(paddings)
    if known is not None:
        begin: Operand = as_ints(known[::2])
        size: Operand = shape_of(x, int32)
    else:
        size = shape_of(x, paddings.dtype.base_dtype)
        begin = apply("Unpack", paddings, num=2, axis=1)[0]
    return [apply("Slice", dy, begin, size)] + [None] * (len(op.inputs) - 1)


define(
    "Pad",
    "input:T paddings:Tpaddings -> output:T",
    "T:type; Tpaddings:type{index}=int32",
    shape=_pad_shape,
    kernel=_pad,
    grad=_pad_grad,
)
define(
    "PadV2",
    "input:T paddings:Tpaddings constant_values:T -> output:T",
    "T:type; Tpaddings:type{index}=int32",
    shape=_pad_shape,
    kernel=_pad,
    grad=_pad_grad,
)


def _mirror_pad(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, pairs, reflect = inputs[0], _pairs(inputs[1]), attrs["mode"] == "REFLECT"
    same_length(len(x.shape), [a for a, _ in pairs])
    for d, pair in zip(x.shape, pairs, strict=True):
        if max(pair) > d - reflect:
            raise ValueError(
                f"paddings {list(pair)} must be no greater than the dimension size"
                f"{' less one' if reflect else ''}: {d}."
            )
    return xp.pad(x, pairs, mode="reflect" if reflect else "symmetric") if pairs else x


def _fold(xp: Any, x: Array, axis: int, pair: tuple[int, int], edge: int) -> Array:
    """Adds the padded ends along an axis back to what they mirror."""
    rows = xp.moveaxis(x, axis, 0)
    before, after = pair
    n = rows.shape[0] - before - after
    core = rows[before : before + n]
    rest = [(0, 0)] * (len(rows.shape) - 1)
    if before:
        head = xp.flip(rows[:before], 0)
        core = core + xp.pad(head, [(edge, n - before - edge), *rest])
    if after:
        tail = xp.flip(rows[before + n :], 0)
        core = core + xp.pad(tail, [(n - after - edge, edge), *rest])
    return xp.moveaxis(core, 0, axis)


def _mirror_pad_grad(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, edge = inputs[0], int(attrs["mode"] == "REFLECT")
    for axis, pair in enumerate(_pairs(inputs[1])):
        x = _fold(xp, x, axis, pair, edge)
    return x


def _unpad_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x, paddings = shapes[0], values[1]
    if paddings is None or x is None:
        return [None if x is None else _unknown(len(x))]
    pairs = _pairs(paddings)
    return [tuple(None if d is None else d - a - b for d, (a, b) in zip(x, pairs, strict=True))]


for _name, _other, _kernel, _rule in (
    ("MirrorPad", "MirrorPadGrad", _mirror_pad, _pad_shape),
    ("MirrorPadGrad", "MirrorPad", _mirror_pad_grad, _unpad_shape),
):
    define(
        _name,
        "input:T paddings:Tpaddings -> output:T",
        "T:type; Tpaddings:type{index}=int32; mode:string{REFLECT,SYMMETRIC}",
        shape=_rule,
        kernel=_kernel,
        grad=lambda op, dy, other=_other: [
            apply(other, dy, op.inputs[1], mode=op.attrs["mode"]),
            None,
        ],
    )
