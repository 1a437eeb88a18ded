"""Slices: contiguous ones, and those of Python's notation with all its masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.emit import apply
from ..core.opdef import Array, Attrs, Values, define
from ..core.shape import Dim, Shape, is_known, merge, show
from ..core.tensor import Operand, Operation
from ..core.values import constant_value, value_as_shape
from .operands import as_ints, ints, known_ints, put, same_length, shape_of, zeros

MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
MASK_ATTRS = "; ".join(f"{m}:int=0" for m in MASKS)


# -- Slice -----------------------------------------------------------------------------------
def _slice_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x, begin, size = shapes[0], values[1], values[2]
    rank = _slice_rank(shapes)
    if rank is None:
        return [None]
    if size is None:
        return [merge(values.as_shape(2), (None,) * rank)]
    sizes = ints(size)
    same_length(rank, sizes)
    starts: Sequence[Dim] = (None,) * rank if begin is None else ints(begin)
    dims: Sequence[Dim] = (None,) * rank if x is None else x
    return [tuple(map(_slice_extent, dims, starts, sizes))]


def _slice_rank(shapes: Sequence[Shape]) -> int | None:
    if shapes[0] is not None:
        return len(shapes[0])
    return next((s[0] for s in shapes[1:] if s), None)


def _slice_extent(dim: Dim, start: Dim, size: int) -> Dim:
    if dim is not None and start is not None:
        return _checked_size(dim, start, size)
    return None if size == -1 else size


def _checked_size(dim: int, start: int, size: int) -> int:
    if not 0 <= start <= dim:
        raise ValueError(f"Expected begin in [0, {dim}], but got {start}")
    if size == -1:
        return dim - start
    if not 0 <= size <= dim - start:
        raise ValueError(f"Expected size in [0, {dim - start}], but got {size}")
    return size


def _slice(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, begin, size = inputs[0], ints(inputs[1]), ints(inputs[2])
    same_length(len(x.shape), begin, size)
    sizes = map(_checked_size, x.shape, begin, size)
    parts = [slice(b, b + n) for b, n in zip(begin, sizes, strict=True)]
    return x[(*parts, Ellipsis)]


def _slice_grad(op: Operation, dy: Any) -> list[Any]:
    x, begin = op.inputs[:2]
    starts = known_ints(begin)
    if starts is not None and is_known(x.static_shape) and is_known(dy.static_shape):
        dims: Any = zip(starts, x.static_shape, dy.static_shape, strict=True)  # type: ignore[arg-type]
        paddings: Operand = as_ints([[b, n - b - m] for b, n, m in dims])
        if not starts:
            return [dy, None, None]
    else:
        dtype = begin.dtype.base_dtype
        after = apply("Sub", apply("Sub", shape_of(x, dtype), begin), shape_of(dy, dtype))
        paddings = apply("Pack", [begin, after], axis=1)
    return [apply("Pad", dy, paddings), None, None]


def _slice_elements(op: Operation) -> Shape:
    """What is known of the elements of a slice of a vector."""
    known = value_as_shape(op.operands[0])
    begin, size = constant_value(op.operands[1]), constant_value(op.operands[2])
    if known is None or begin is None or size is None or begin.size != 1:
        return None
    start, count = int(begin.item()), int(size.item())
    return known[start:] if count < 0 else known[start : start + count]


define(
    "Slice",
    "input:T begin:Index size:Index -> output:T",
    "T:type; Index:type{index}",
    shape=_slice_shape,
    kernel=_slice,
    partial_value=_slice_elements,
    grad=_slice_grad,
)


# -- StridedSlice ----------------------------------------------------------------------------
def _bit(attrs: Attrs, mask: str, i: int) -> bool:
    return bool(attrs[mask] >> i & 1)


def index_of(vectors: Sequence[Any], attrs: Attrs) -> tuple[Any, ...]:
    """The NumPy index that the vectors and masks of a strided slice stand for."""
    starts, stops, steps = map(ints, vectors)
    same_length(len(starts), stops, steps)
    out: list[Any] = []
    for i, (start, stop, step) in enumerate(zip(starts, stops, steps, strict=True)):
        if step == 0:
            raise ValueError(f"strides[{i}] must be non-zero")
        out.append(_entry(i, start, stop, step, attrs))
    if out.count(Ellipsis) > 1:
        raise ValueError("Multiple ellipses in slice spec not allowed")
    # With an ellipsis NumPy gives an array even where every axis is indexed.
    return tuple(out) if Ellipsis in out else (*out, Ellipsis)


def _entry(i: int, start: int, stop: int, step: int, attrs: Attrs) -> Any:
    if _bit(attrs, "ellipsis_mask", i):
        return Ellipsis
    if _bit(attrs, "new_axis_mask", i):
        return None
    if _bit(attrs, "shrink_axis_mask", i):
        if step < 0:
            raise ValueError("only stride 1 allowed on non-range indexing.")
        return start
    return slice(
        None if _bit(attrs, "begin_mask", i) else start,
        None if _bit(attrs, "end_mask", i) else stop,
        step,
    )


def _is_int(entry: Any) -> bool:
    return isinstance(entry, int)


def _spread(index: tuple[Any, ...], dims: Sequence[Dim]) -> list[tuple[Any, Dim]]:
    """Each entry of an index with the extent it applies to (None for a new axis)."""
    at = index.index(Ellipsis)
    used = sum(e is not None for e in index) - 1
    if used > len(dims):
        raise ValueError(
            f"Index out of range using input dim {len(dims)}; input has only {len(dims)} dims"
        )
    hidden = (slice(None),) * (len(dims) - used)
    rest = iter(dims)
    entries = (*index[:at], *hidden, *index[at + 1 :])
    return [(e, None if e is None else next(rest)) for e in entries]


def _sliced_shape(index: tuple[Any, ...], dims: Sequence[Dim]) -> Shape:
    out: list[Dim] = []
    for entry, dim in _spread(index, dims):
        if entry is None:
            out.append(1)
        elif _is_int(entry):
            _check_index(entry, dim)
        else:
            out.append(_sliced_extent(entry, dim))
    return tuple(out)


def _check_index(i: int, dim: Dim) -> None:
    if dim is not None and not -dim <= i < dim:
        raise ValueError(f"slice index {i} of dimension of size {dim} out of bounds.")


def _sliced_extent(entry: slice, dim: Dim) -> Dim:
    return None if dim is None else slice_bounds(entry, dim)[2]


def slice_bounds(s: slice, extent: int) -> tuple[int, int, int]:
    """Where a slice of an axis begins, its step, how many elements it has."""
    step = 1 if s.step is None else s.step
    if step == 0:
        raise ValueError("slice step cannot be zero")
    if step == 1 and s.start is None and s.stop is None:
        return 0, 1, extent
    low, high = (0, extent) if step > 0 else (-1, extent - 1)
    first, stop = (
        bound if at is None else min(max(at + extent if at < 0 else at, low), high)
        for at, bound in ((s.start, 0 if step > 0 else high), (s.stop, high if step > 0 else low))
    )
    span = stop - first if step > 0 else first - stop
    size = abs(step)
    return first, step, -(-span // size) if span > 0 else 0


def _masked_shape(dims: Sequence[Dim], count: int, strides: Any, attrs: Attrs) -> Shape:
    """The shape when begin or end are not known: what the masks say of it."""
    steps = [1] * count if strides is None else ints(strides)
    index: list[Any] = [_entry(i, 0, 0, steps[i], attrs) for i in range(count)]
    if Ellipsis not in index:
        index.append(Ellipsis)
    out: list[Dim] = []
    for entry, dim in _spread(tuple(index), dims):
        if entry is None:
            out.append(1)
        elif not _is_int(entry):
            whole = entry.start is None and entry.stop is None
            known = strides is not None or entry == slice(None)
            out.append(_sliced_extent(entry, dim) if whole and known else None)
    return tuple(out)


def strided_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    """Shape rule of StridedSlice."""
    x, vectors = shapes[0], [values[i] for i in (1, 2, 3)]
    lengths = [s[0] for s in shapes[1:4] if s]
    count = next((n for n in lengths if n is not None), None)
    if count is None or x is None:
        return [None]
    if any(v is None for v in vectors):
        return [_masked_shape(x, count, vectors[2], attrs)]
    return [_sliced_shape(index_of(vectors, attrs), x)]


def _strided(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x = inputs[0]
    index = index_of(inputs[1:4], attrs)
    _sliced_shape(index, x.shape)
    return x[index]


def _strided_elements(op: Operation) -> Shape:
    """What is known of the elements of a strided slice of a vector (a scalar as one element)."""
    x = op.operands[0]
    known = value_as_shape(x)
    vectors = [constant_value(o) for o in op.operands[1:]]
    if known is None or x.static_shape is None or len(x.static_shape) != 1:
        return None
    if any(v is None or v.size != 1 for v in vectors):
        return None
    entry = index_of(vectors, op.attrs)[0]
    if _is_int(entry):
        return (known[entry],) if -len(known) <= entry < len(known) else None
    return known[entry] if isinstance(entry, slice) else None


def _masks(op: Operation) -> dict[str, Any]:
    return {m: op.attrs[m] for m in MASKS}


def _strided_grad(op: Operation, dy: Any) -> list[Any]:
    x, begin, end, strides = op.inputs
    shape = shape_of(x, begin.dtype.base_dtype)
    grad = apply("StridedSliceGrad", shape, begin, end, strides, dy, **_masks(op))
    return [grad, None, None, None]


define(
    "StridedSlice",
    "input:T begin:Index end:Index strides:Index -> output:T",
    f"T:type; Index:type{{index}}; {MASK_ATTRS}",
    shape=strided_shape,
    kernel=_strided,
    partial_value=_strided_elements,
    grad=_strided_grad,
)


def _strided_grad_kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    shape, dy = ints(inputs[0]), inputs[4]
    index = index_of(inputs[1:4], attrs)
    wanted = _sliced_shape(index, shape)
    if wanted != tuple(dy.shape):
        raise ValueError(f"dy has shape {show(dy.shape)}, but the slice has {show(wanted)}.")
    return put(xp, zeros(xp, shape, dy.dtype), index, dy)


define(
    "StridedSliceGrad",
    "shape:Index begin:Index end:Index strides:Index dy:T -> output:T",
    f"T:type; Index:type{{index}}; {MASK_ATTRS}",
    shape=lambda shapes, attrs, values: [values.as_shape(0)],
    kernel=_strided_grad_kernel,
    grad=lambda op, dy: [
        None,
        None,
        None,
        None,
        apply("StridedSlice", dy, *op.inputs[1:4], **_masks(op)),
    ],
)


def strided_update(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    """`input` with `value` in the place of a strided slice."""
    x, value = inputs[0], inputs[4]
    index = index_of(inputs[1:4], attrs)
    wanted = _sliced_shape(index, x.shape)
    return put(xp, x, index, xp.broadcast_to(value, wanted))


define(
    "TensorStridedSliceUpdate",
    "input:T begin:Index end:Index strides:Index value:T -> output:T",
    f"T:type; Index:type{{index}}; {MASK_ATTRS}",
    shape=lambda shapes, attrs, values: [shapes[0]],
    kernel=strided_update,
)
