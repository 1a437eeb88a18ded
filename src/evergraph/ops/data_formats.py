"""Axes and vectors of one layout (`NHWC`) in the terms of another (`NCHW`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, show
from .operands import is_numpy

_ATTRS = "T:type{index}=int32; src_format:string='NHWC'; dst_format:string='NCHW'"


def _formats(attrs: Attrs) -> tuple[str, str]:
    source, target = attrs["src_format"], attrs["dst_format"]
    for name, text in (("Source", source), ("Destination", target)):
        if len(text) != 4:
            raise ValueError(f"{name} format must be of length 4, received {text!r}.")
    if sorted(source) != sorted(target) or len(set(source)) != 4:
        raise ValueError(
            f"Destination and source format must determine a permutation, got {source} and "
            f"{target}."
        )
    return source, target


def _dim_map(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x = inputs[0]
    source, target = _formats(attrs)
    if is_numpy(xp) and x.size and not (x.min() >= -4 and x.max() < 4):
        raise ValueError(f"Axes must be in [-4, 4): {x.tolist()}.")
    return xp.asarray([target.index(c) for c in source], dtype=x.dtype)[x]


def _permuted(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    shape = shapes[0]
    if shape is not None and (len(shape) not in (1, 2) or shape[0] not in (None, 4)):
        raise ValueError(f"The input must be a vector of 4 or a matrix of 4 rows: {show(shape)}.")
    if shape is not None and len(shape) == 2 and shape[1] not in (None, 2):
        raise ValueError(f"A matrix of pairs must have 2 columns: {show(shape)}.")
    return [shape]


def _vec_permute(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    source, target = _formats(attrs)
    _permuted([inputs[0].shape], attrs, ())  # type: ignore[arg-type]
    return inputs[0][xp.asarray([source.index(c) for c in target])]


define(
    "DataFormatDimMap",
    "x:T -> y:T",
    _ATTRS,
    shape=lambda shapes, attrs, values: [shapes[0]],
    kernel=_dim_map,
    grad=NO_GRADIENT,
)
define(
    "DataFormatVecPermute",
    "x:T -> y:T",
    _ATTRS,
    shape=_permuted,
    kernel=_vec_permute,
    grad=NO_GRADIENT,
)
