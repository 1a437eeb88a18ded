"""Operations that only look at memory differently: views of their operand, no kernel at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ...core.tensor import Operation
from ...ops.operands import ints, scalar
from ...ops.slicing import index_of, slice_bounds
from .fuse import Unsupported
from .layout import Shape, View, contiguous_strides

Known = np.ndarray[Any, Any]
ViewRule = Callable[[Operation, View, Sequence[Known | None], Sequence[Shape]], list[View] | None]
"""Of an operation, its operand, all operands' values, the shapes of its outputs.

None where it is no view of that operand: the elements must be copied first.
"""


def _indexed(view: View, index: tuple[Any, ...]) -> View:
    """The view after basic indexing: integers, slices, None, one ellipsis."""
    if Ellipsis not in index:
        index = (*index, Ellipsis)
    at = index.index(Ellipsis)
    taken = sum(i is not None and i is not Ellipsis for i in index)
    rest = (slice(None),) * (len(view.shape) - taken)
    shape: list[int] = []
    strides: list[int] = []
    offset, axis = 0, 0
    for i in (*index[:at], *rest, *index[at + 1 :]):
        if i is None:
            shape.append(1)
            strides.append(0)
            continue
        extent, stride = view.shape[axis], view.strides[axis]
        axis += 1
        if isinstance(i, slice):
            first, step, count = slice_bounds(i, extent)
            shape.append(count)
            strides.append(step * stride)
        else:
            first = i + extent if i < 0 else i
            if not 0 <= first < extent:
                raise IndexError(f"index {i} is out of bounds for an axis of size {extent}")
        offset += first * stride
    if 0 in shape:
        offset = 0
    return View(view.buffer, view.dtype, tuple(shape), tuple(strides), view.offset + offset)


def _need(value: Known | None) -> Known:
    if value is None:
        raise Unsupported("an operand's value is only known in the run")
    return value


def reshaped(view: View, shape: Shape) -> View | None:
    """A view of the same elements in another shape, None where that needs a copy."""
    strides: Shape | None = view.strides
    if view.size == 0:
        strides = contiguous_strides(shape, view.dtype.itemsize)
    elif view.shape != shape:
        strides = reshaped_strides(view, shape)
    return None if strides is None else View(view.buffer, view.dtype, shape, strides, view.offset)


def reshaped_strides(view: View, shape: Shape) -> Shape | None:
    """The strides of the same elements in another shape; None where no strides give them.

    Old and new axes are matched in groups of equal size; the old ones of a group must be one
    stretch. (NumPy's own way may read elements, of which there are none here.)
    """
    old = [(d, s) for d, s in zip(view.shape, view.strides, strict=True) if d != 1]
    out: list[int] = []
    at = 0
    pending = list(shape)
    while pending:
        group = [pending.pop(0)]
        if group[0] == 1:
            out.append(view.dtype.itemsize)
            continue
        first, size, wanted = at, 1, group[0]
        while size != wanted:
            if size < wanted:
                size *= old[at][0]
                at += 1
            else:
                group.append(pending.pop(0))
                wanted *= group[-1]
        stretch = old[first:at]
        if any(a[1] != b[1] * b[0] for a, b in pairwise(stretch)):
            return None
        steps = contiguous_strides(group, stretch[-1][1])
        out.extend(steps)
    return tuple(out)


def _reshape(op: Operation, x: View, values: Any, shapes: Any) -> list[View] | None:
    got = reshaped(x, shapes[0])
    return None if got is None else [got]


def _same(op: Operation, x: View, values: Any, shapes: Any) -> list[View]:
    return [x]


def _transpose(op: Operation, x: View, values: Any, shapes: Any) -> list[View]:
    order = ints(_need(values[1]))
    shape = tuple(x.shape[k] for k in order)
    strides = tuple(x.strides[k] for k in order)
    return [View(x.buffer, x.dtype, shape, strides, x.offset)]


def _slice(op: Operation, x: View, values: Any, shapes: Any) -> list[View]:
    begin = ints(_need(values[1]))
    return [_indexed(x, tuple(slice(b, b + n) for b, n in zip(begin, shapes[0], strict=True)))]


def _strided_slice(op: Operation, x: View, values: Any, shapes: Any) -> list[View]:
    return [_indexed(x, index_of([_need(v) for v in values[1:4]], op.attrs))]


def _broadcast_to(op: Operation, x: View, values: Any, shapes: Any) -> list[View]:
    shape = shapes[0]
    missing = len(shape) - len(x.shape)
    pairs = zip(x.shape, x.strides, shape[missing:], strict=True)
    strides = (0,) * missing + tuple(0 if d == 1 != n else s for d, s, n in pairs)
    return [View(x.buffer, x.dtype, shape, strides, x.offset)]


def _split(op: Operation, x: View, values: Any, shapes: Any) -> list[View]:
    if not shapes:
        return []
    axis = scalar(_need(values[0 if op.type == "Split" else 2]))
    out, at = [], 0
    for shape in shapes:
        index = [slice(None)] * len(x.shape)
        index[axis] = slice(at, at + shape[axis])
        out.append(_indexed(x, tuple(index)))
        at += shape[axis]
    return out


def _unpack(op: Operation, x: View, values: Any, shapes: Any) -> list[View]:
    axis = op.attrs["axis"] % len(x.shape)
    head = (slice(None),) * axis
    return [_indexed(x, (*head, i)) for i in range(len(shapes))]


def _reverse(op: Operation, x: View, values: Any, shapes: Any) -> list[View]:
    axes = {a % len(x.shape) for a in ints(_need(values[1]))}
    index = tuple(slice(None, None, -1 if i in axes else 1) for i in range(len(x.shape)))
    return [_indexed(x, index)]


VIEWS: dict[str, tuple[int, ViewRule]] = {
    "Reshape": (0, _reshape),
    "ExpandDims": (0, _reshape),
    "Squeeze": (0, _reshape),
    "Identity": (0, _same),
    "StopGradient": (0, _same),
    "PreventGradient": (0, _same),
    "Snapshot": (0, _same),
    "PlaceholderWithDefault": (0, _same),
    "Assign": (1, _same),
    "AssignVariableOp": (1, _same),
    "Transpose": (0, _transpose),
    "Slice": (0, _slice),
    "StridedSlice": (0, _strided_slice),
    "BroadcastTo": (0, _broadcast_to),
    "Split": (1, _split),
    "SplitV": (0, _split),
    "Unpack": (0, _unpack),
    "ReverseV2": (0, _reverse),
}
"""By op type: which operand the outputs are views of, and how."""
