"""Counts of values by bins of equal width."""

from __future__ import annotations

from typing import Any

from ..core.dtypes import as_dtype, int32
from ..core.tensor import Tensor
from . import array_ops
from .clip_ops import clip_by_value
from .dtype_ops import cast
from .emitting import emit_tensor
from .framework import convert_to_tensor, name_scope


def histogram_fixed_width(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = int32, name: Any = None
) -> Tensor:
    """How many values fall into each of `nbins` bins between the two ends of `value_range`.

    Values outside count in the first or the last bin.
    """
    with name_scope(name, "histogram_fixed_width", [values, value_range, nbins]) as scope:
        kind = as_dtype(dtype)
        operands = (values, value_range, nbins)
        return emit_tensor("HistogramFixedWidth", *operands, dtype=kind, name=scope)


def histogram_fixed_width_bins(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = int32, name: Any = None
) -> Tensor:
    """The bin into which each value falls; see `histogram_fixed_width`. `dtype` is ignored."""
    with name_scope(name, "histogram_fixed_width_bins", [values, value_range, nbins]):
        values = convert_to_tensor(values, name="values")
        shape = array_ops.shape(values)
        flat: Any = array_ops.reshape(values, [-1])
        limits: Any = convert_to_tensor(value_range, name="value_range")
        nbins = convert_to_tensor(nbins, dtype=int32, name="nbins")
        count = cast(nbins, flat.dtype)
        low = flat - limits[0]
        scaled = emit_tensor("RealDiv", low, limits[1] - limits[0], name="scaled_values")
        indices = emit_tensor("Floor", count * scaled, name="indices")
        indices = cast(clip_by_value(indices, 0, count - 1), int32)
        return array_ops.reshape(indices, shape)
