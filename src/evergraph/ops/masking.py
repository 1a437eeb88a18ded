"""Selection by boolean masks."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.convert import constant, convert_to_tensor
from ..core.dtypes import DType, int32
from ..core.emit import apply
from ..core.graph import get_default_graph
from ..core.shape import Shape, is_known, merge, size_of
from ..core.tensor import Literal, Tensor


def shape_tensor(x: Any, dtype: DType = int32, name: str = "Shape") -> Tensor:
    """The shape of `x` as a tensor: a constant where it is known, as `tf.shape` gives it."""
    if is_known(x.static_shape):
        return constant(np.asarray(x.static_shape, dtype.np_dtype), dtype, name)
    return apply("Shape", x, out_type=dtype, name=name)  # type: ignore[no-any-return]


def all_axes(x: Any) -> Tensor:
    """The axes from the first to the last as a tensor: a constant where the rank is known."""
    if x.static_shape is None:
        return apply("Range", 0, apply("Rank", x), 1)  # type: ignore[no-any-return]
    return constant(np.arange(len(x.static_shape)), int32)


def boolean_mask(tensor: Any, mask: Any, name: str | None = None, axis: int | None = None) -> Any:
    """The slices of `tensor` along `axis` (default 0) where `mask` is True.

    The mask's axes are those of the tensor from `axis` on; they become one axis. Raises
    ValueError for a scalar mask, one of unknown rank, or one that does not fit.
    """
    graph = next((t.graph for t in (tensor, mask) if isinstance(t, Tensor)), get_default_graph())
    with graph.as_default(), graph.name_scope(name or "boolean_mask"):
        x = convert_to_tensor(tensor, name="tensor")
        flags = convert_to_tensor(mask, name="mask")
        return _masked(x, flags, axis or 0)


def _masked(x: Tensor | Literal, mask: Tensor | Literal, axis: int) -> Tensor:
    rank = None if mask.static_shape is None else len(mask.static_shape)
    if rank is None:
        raise ValueError(
            "Number of mask dimensions must be specified, even if some dimensions are None. "
            "E.g. shape=[None] is ok, but shape=None is not."
        )
    if rank == 0:
        raise ValueError("mask cannot be scalar.")
    end = axis + rank
    known = x.static_shape
    if known is not None:
        merge(known[axis:end], mask.static_shape)
    inner: Any = shape_tensor(x)
    size = apply("Prod", inner[axis:end], [0])
    before: Any = shape_tensor(x)
    before = before[:axis]
    after: Any = shape_tensor(x)
    dims = apply("ConcatV2", [before, [size], after[end:]], 0, name="concat")
    flat: Tensor = apply("Reshape", x, dims)
    flat.set_shape(_flat_shape(known, axis, end))
    rows = apply("Reshape", mask, [-1])
    where = apply("Squeeze", apply("Where", rows), squeeze_dims=(1,))
    return apply("GatherV2", flat, where, axis)  # type: ignore[no-any-return]


def _flat_shape(shape: Shape, axis: int, end: int) -> Shape:
    if shape is None:
        return None
    return (*shape[:axis], size_of(shape[axis:end]), *shape[end:])
