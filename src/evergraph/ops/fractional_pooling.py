"""Pools whose cells differ in size by one, so that extents shrink by a fraction.

B. Graham, Fractional Max-Pooling (arXiv:1412.6071). The boundaries are drawn as TensorFlow's
kernels draw them, so that equal seeds give equal cells.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..core.dtypes import int64
from ..core.emit import apply
from ..core.opdef import Array, Attrs, Values, define
from ..core.shape import Shape, merge, with_rank
from ..errors import UnimplementedError
from .operands import ints, shape_of
from .philox import Philox
from .philox_bits import random_bits
from .philox_values import permutation, unit_float64
from .pool_windows import (
    Axis,
    Cells,
    counts,
    greatest,
    spread_to_greatest,
    spread_total,
    total,
)

_ATTRS = (
    "pooling_ratio:list(float)>=4; pseudo_random:bool=false; overlapping:bool=false; "
    "deterministic:bool=false; seed:int=0; seed2:int=0; T:type{float32,float64,int32,int64}"
)
_ROWS, _COLUMNS = 1, 2

# -- the boundaries ----------------------------------------------------------------------------


def _pseudo_random_steps(size: int, out: int, generator: Philox) -> list[int]:
    """Steps of ceil(alpha * (i + u)) for one random u, so bounded that all are k or k + 1."""
    alpha, k = size / out, size // out
    highest = min((k + 2) / alpha - 1, (size + 1 - k) / alpha - (out - 1))
    words = random_bits(generator.key, generator.reserve(1), 2)
    u = float(unit_float64(words)[0]) * highest
    bounds = [1, *(math.ceil(alpha * (i + u)) for i in range(1, out)), size + 1]
    return [b - a for a, b in pairwise(bounds)]


def _random_steps(size: int, out: int, generator: Philox) -> list[int]:
    """Steps of k and k + 1 in random order."""
    k, longer = divmod(size, out)
    steps = np.full(out, k, np.int64)
    steps[:longer] += 1
    order = permutation(generator.key, generator.reserve((out + 3) // 4), out)
    return steps[order].tolist()  # type: ignore[no-any-return]


def pooling_sequence(size: int, out: int, generator: Philox, pseudo_random: bool) -> Array:
    """The boundaries of `out` cells on an axis: out + 1 ascending places from 0 to `size`."""
    draw = _pseudo_random_steps if pseudo_random else _random_steps
    return np.concatenate([[0], np.cumsum(draw(size, out, generator))]).astype(np.int64)


def _generator(attrs: Attrs) -> Philox:
    seeds = attrs["seed"], attrs["seed2"]
    if not attrs["deterministic"]:
        if seeds != (0, 0):
            raise ValueError("Both seed and seed2 should be 0 if deterministic is false.")
        first, second = (int.from_bytes(os.urandom(8), "little") for _ in range(2))
        return Philox(first, second)
    return Philox(*seeds)


# -- the ops -----------------------------------------------------------------------------------


def _ratio(attrs: Attrs) -> Sequence[float]:
    ratio: Sequence[float] = attrs["pooling_ratio"]
    if len(ratio) != 4:
        raise ValueError(f"pooling_ratio field must specify 4 dimensions, got {len(ratio)}.")
    if ratio[0] != 1 or ratio[3] != 1:
        raise UnimplementedError(
            "Fractional pooling is not yet supported on the batch nor channel dimension: the "
            "first and the last pooling_ratio must be 1."
        )
    if min(ratio) < 1:
        raise ValueError(f"pooling_ratio must be at least 1 everywhere, got {list(ratio)}.")
    return ratio


def _shrunk(size: int, ratio: float) -> int:
    """The number of cells, computed in 32 bits as the kernels do."""
    return int(np.float32(size) / np.float32(ratio))


def _shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    extents, ratio = with_rank(shapes[0], 4), attrs["pooling_ratio"]
    if len(ratio) != 4:
        raise ValueError(
            "pooling_ratio must contain 4 values, one an axis, but got: " + str(len(ratio))
        )
    known = zip(extents, ratio, strict=True)
    out = tuple([None if n is None or r < 1 else _shrunk(n, r) for n, r in known])
    rows, columns = out[_ROWS], out[_COLUMNS]
    bounds = [(None if n is None else n + 1,) for n in (rows, columns)]
    return [out, *bounds]


def _axes(bounds: Sequence[Array], extents: Sequence[int], overlapping: bool) -> list[Axis]:
    """The two axes of cells, the last first."""
    places = zip((_ROWS, _COLUMNS), bounds, strict=True)
    return [(a, Cells(ints(b), extents[a], overlapping)) for a, b in reversed(list(places))]


def _average(xp: Any, x: Array, axes: Sequence[Axis]) -> Array:
    sums, number = total(xp, x, axes), counts(axes, 4)
    if x.dtype.kind != "i":
        return sums / number.astype(x.dtype)
    return (xp.sign(sums) * (xp.abs(sums) // number)).astype(x.dtype)  # towards zero


def _kernel(pool: Callable[..., Array]) -> Callable[..., tuple[Array, ...]]:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, ...]:
        x, ratio = inputs[0], _ratio(attrs)
        out = [_shrunk(n, r) for n, r in zip(x.shape, ratio, strict=True)]
        if min(out[_ROWS], out[_COLUMNS]) < 1:
            raise ValueError(
                f"An image of {x.shape[1]}x{x.shape[2]} has no cell with pooling_ratio "
                f"{list(ratio)}."
            )
        generator = _generator(attrs)
        bounds = [
            pooling_sequence(x.shape[a], out[a], generator, attrs["pseudo_random"])
            for a in (_ROWS, _COLUMNS)
        ]
        return pool(xp, x, _axes(bounds, x.shape, attrs["overlapping"])), *bounds

    return kernel


def _checked_gradient(dy: Array, extents: Sequence[int], bounds: Sequence[Array]) -> None:
    wanted = [extents[0], len(bounds[0]) - 1, len(bounds[1]) - 1, extents[3]]
    if list(dy.shape) != wanted:
        raise ValueError(
            f"The gradient of the pool's output must have shape {wanted}, got {list(dy.shape)}."
        )


def _max_back(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, _, dy, *bounds = inputs
    _checked_gradient(dy, x.shape, bounds)
    return spread_to_greatest(xp, x, dy, _axes(bounds, x.shape, attrs["overlapping"]))


def _average_back(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    extents, dy, bounds = ints(inputs[0]), inputs[1], inputs[2:]
    if len(extents) != 4:
        raise ValueError("original input tensor shape must be 1-dimensional and 4 elements")
    _checked_gradient(dy, extents, bounds)
    axes = _axes(bounds, extents, attrs["overlapping"])
    shares = dy.astype(np.float64) / counts(axes, 4)
    return spread_total(xp, shares, axes).astype(dy.dtype)


def _max_grad(op: Any, dy: Any, *_: Any) -> list[Any]:
    y, rows, columns = op.outputs
    overlapping = op.attrs["overlapping"]
    x = op.inputs[0]
    return [apply("FractionalMaxPoolGrad", x, y, dy, rows, columns, overlapping=overlapping)]


def _average_grad(op: Any, dy: Any, *_: Any) -> list[Any]:
    _, rows, columns = op.outputs
    overlapping = op.attrs["overlapping"]
    extents = shape_of(op.inputs[0], int64)
    return [apply("FractionalAvgPoolGrad", extents, dy, rows, columns, overlapping=overlapping)]


def _average_back_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [merge(values.as_shape(0), (None,) * 4)]


_OUTPUTS = "output:T row_pooling_sequence:int64 col_pooling_sequence:int64"
_GRAD_ATTRS = "overlapping:bool=false; T:type{float32,float64,int32,int64}"
_SEQUENCES = "row_pooling_sequence:int64 col_pooling_sequence:int64"
define(
    "FractionalMaxPool",
    f"value:T -> {_OUTPUTS}",
    _ATTRS,
    shape=_shape,
    kernel=_kernel(greatest),
    grad=_max_grad,
)
define(
    "FractionalMaxPoolGrad",
    f"orig_input:T orig_output:T out_backprop:T {_SEQUENCES} -> output:T",
    _GRAD_ATTRS,
    shape=lambda shapes, attrs, values: [with_rank(shapes[0], 4)],
    kernel=_max_back,
)
define(
    "FractionalAvgPool",
    f"value:T -> {_OUTPUTS}",
    _ATTRS,
    shape=_shape,
    kernel=_kernel(_average),
    grad=_average_grad,
)
define(
    "FractionalAvgPoolGrad",
    f"orig_input_tensor_shape:int64 out_backprop:T {_SEQUENCES} -> output:T",
    _GRAD_ATTRS,
    shape=_average_back_shape,
    kernel=_average_back,
)
