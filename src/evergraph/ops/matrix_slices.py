"""Rows, columns and blocks of stacks of matrices, for the gradients of matrix ops."""

from __future__ import annotations

from typing import Any

from ..core.emit import apply
from ..core.tensor import Tensor, axes_literal

Bound = Any
"""The first or last row or column of a slice: an integer, a tensor of one element, or None."""


def _bounds(bound: Bound, after: list[int]) -> Any:
    """Nothing for the axes before, the bound, and zeros for the axes after."""
    if bound is None or isinstance(bound, int):
        return axes_literal([0, bound or 0, *after])
    return apply("ConcatV2", [axes_literal([0]), bound, axes_literal(after)], axes_literal(0))


def columns(x: Any, begin: Bound, end: Bound) -> Tensor:
    """The columns from `begin` to `end`, all from or up to the end if that is None."""
    # Bit 0 of the masks is the ellipsis for all but the last axis, bit 1 the last axis.
    masks: Any = {"begin_mask": 2 * (begin is None), "end_mask": 2 * (end is None)}
    bounds = _bounds(begin, []), _bounds(end, [])
    return apply("StridedSlice", x, *bounds, axes_literal([1, 1]), ellipsis_mask=1, **masks)  # type: ignore[no-any-return]


def rows(x: Any, begin: Bound, end: Bound) -> Tensor:
    """The rows from `begin` to `end`."""
    masks: Any = {"begin_mask": 4 | 2 * (begin is None), "end_mask": 4 | 2 * (end is None)}
    bounds = _bounds(begin, [0]), _bounds(end, [0])
    return apply("StridedSlice", x, *bounds, axes_literal([1, 1, 1]), ellipsis_mask=1, **masks)  # type: ignore[no-any-return]


def extent(x: Any, axis: int) -> Any:
    """The number of rows (axis -2) or of columns (-1), as a vector of one element."""
    shape = x.static_shape
    if shape is not None and shape[axis] is not None:
        return axes_literal([shape[axis]])
    begin, end = axes_literal([axis]), axes_literal([axis + 1])
    step = axes_literal([1])
    return apply("StridedSlice", apply("Shape", x), begin, end, step, end_mask=int(axis == -1))


def beside(left: Any, right: Any) -> Tensor:
    """Matrices side by side."""
    return apply("ConcatV2", [left, right], axes_literal(-1))  # type: ignore[no-any-return]


def block(a: Any, b: Any, c: Any, d: Any) -> Tensor:
    """The matrices [[a, b], [c, d]]."""
    return apply("ConcatV2", [beside(a, b), beside(c, d)], axes_literal(-2))  # type: ignore[no-any-return]
