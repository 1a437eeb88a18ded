"""Blocks of space moved to batch or depth and back, and sequences reversed by their lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.opdef import Array, Attrs, Values, define
from ..core.shape import Dim, Shape, compatible, normal_axis, show, with_rank, with_rank_at_least
from ..core.tensor import Operation
from .operands import ints, is_numpy, padded


def _pairs(value: Any) -> list[tuple[int, int]]:
    return [(int(a), int(b)) for a, b in np.asarray(value).reshape(-1, 2).tolist()]


def _times(d: Dim, n: int) -> Dim:
    return None if d is None else d * n


def _divided(d: Dim, n: int, what: str) -> Dim:
    if d is None:
        return None
    if d % n:
        raise ValueError(f"{what} {d} is not divisible by {n}.")
    return d // n


# -- space and batch -------------------------------------------------------------------------
def _to_batch(x: Shape, block: list[int], pads: list[tuple[int, int]] | None) -> Shape:
    if x is None:
        return None
    _check_blocks(x, block, pads)
    batch = _times(x[0], int(np.prod(block)))
    space = [
        None if d is None or pads is None else _divided(d + sum(pads[i]), block[i], "Padded extent")
        for i, d in enumerate(x[1 : 1 + len(block)])
    ]
    return (batch, *space, *x[1 + len(block) :])


def _from_batch(x: Shape, block: list[int], crops: list[tuple[int, int]] | None) -> Shape:
    if x is None:
        return None
    _check_blocks(x, block, crops)
    batch = _divided(x[0], int(np.prod(block)), "Batch")
    space = [
        None if d is None or crops is None else d * block[i] - sum(crops[i])
        for i, d in enumerate(x[1 : 1 + len(block)])
    ]
    if any(d is not None and d < 0 for d in space):
        raise ValueError(f"The crops {crops} are larger than the output.")
    return (batch, *space, *x[1 + len(block) :])


def _check_blocks(x: Sequence[Dim], block: list[int], pads: list[tuple[int, int]] | None) -> None:
    if len(x) < 1 + len(block):
        raise ValueError(f"A block of {len(block)} axes needs more axes than {show(tuple(x))} has.")
    if any(b < 1 for b in block):
        raise ValueError(f"All values in block_shape must be positive: {block}.")
    if pads is not None and (len(pads) != len(block) or any(min(p) < 0 for p in pads)):
        raise ValueError(f"One pair of numbers >= 0 is needed for each block axis: {pads}.")


def _space_to_batch(x: Array, xp: Any, block: list[int], pads: list[tuple[int, int]]) -> Array:
    _to_batch(x.shape, block, pads)
    n = len(block)
    rest = [(0, 0)] * (len(x.shape) - 1 - n)
    x = padded(xp, x, [(0, 0), *pads, *rest])
    split = [v for d, b in zip(x.shape[1 : 1 + n], block, strict=True) for v in (d // b, b)]
    cut = x.reshape(x.shape[0], *split, *x.shape[1 + n :])
    inner = [2 + 2 * i for i in range(n)]
    order = [*inner, 0, *(i - 1 for i in inner), *range(1 + 2 * n, len(cut.shape))]
    moved = xp.transpose(cut, order)
    return moved.reshape(-1, *moved.shape[n + 1 :]) if moved.size else _empty(xp, x, block)


def _empty(xp: Any, x: Array, block: list[int]) -> Array:
    shape = _to_batch(x.shape, block, [(0, 0)] * len(block))
    return xp.zeros(shape, x.dtype)


def _batch_to_space(x: Array, xp: Any, block: list[int], crops: list[tuple[int, int]]) -> Array:
    shape = _from_batch(x.shape, block, crops)
    n = len(block)
    cut = x.reshape(*block, x.shape[0] // int(np.prod(block)), *x.shape[1:])
    mixed = [v for i in range(n) for v in (n + 1 + i, i)]
    moved = xp.transpose(cut, [n, *mixed, *range(2 * n + 1, len(cut.shape))])
    space = [d * b for d, b in zip(x.shape[1 : 1 + n], block, strict=True)]
    whole = moved.reshape(moved.shape[0], *space, *x.shape[1 + n :])
    assert shape is not None
    ends = zip(crops, shape[1 : 1 + n], strict=True)
    return whole[(slice(None), *(slice(a, a + (d or 0)) for (a, _), d in ends))]


def _blocks(block: Array, pads: Array) -> list[int]:
    """The block's extents; ValueError where block and pairs have the wrong shapes."""
    _check_pairs(np.shape(pads), with_rank(np.shape(block), 1)[0])
    return ints(block)


def _of_unknown_blocks(x: Shape, blocks: Shape) -> Shape:
    """What the number of block axes alone says: the axes behind them keep their extents."""
    (n,) = with_rank(blocks, 1)
    if x is None or n is None:
        return None
    with_rank_at_least(x, 1 + n)
    return (None,) * (1 + n) + x[1 + n :]


def _check_pairs(pads: Shape, axes: Dim) -> None:
    """Raises ValueError unless there may be a pair of numbers for each block axis."""
    if pads is not None and not compatible(pads, (axes, 2)):
        raise ValueError(
            f"paddings and crops should have shape {show((axes, 2))} instead of {show(pads)}: a "
            "pair for each block axis."
        )


def _nd_shape(function: Any) -> Any:
    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        block, pads = values[1], values[2]
        _check_pairs(shapes[2], with_rank(shapes[1], 1)[0])
        if block is None:
            return [_of_unknown_blocks(shapes[0], shapes[1])]
        known = None if pads is None else _pairs(pads)
        return [function(shapes[0], ints(block), known)]

    return rule


def _other(name: str) -> str:
    return "BatchToSpaceND" if name == "SpaceToBatchND" else "SpaceToBatchND"


for _name, _last, _function, _kernel in (
    ("SpaceToBatchND", "paddings", _to_batch, _space_to_batch),
    ("BatchToSpaceND", "crops", _from_batch, _batch_to_space),
):
    define(
        _name,
        f"input:T block_shape:Tblock_shape {_last}:T{_last} -> output:T",
        f"T:type; Tblock_shape:type{{index}}=int32; T{_last}:type{{index}}=int32",
        shape=_nd_shape(_function),
        kernel=lambda xp, inputs, attrs, run=_kernel: run(
            inputs[0], xp, _blocks(inputs[1], inputs[2]), _pairs(inputs[2])
        ),
        grad=lambda op, dy: [apply(_other(op.type), dy, *op.inputs[1:]), None, None],
    )


def _square(pads: Array, attrs: Attrs) -> list[int]:
    _check_pairs(np.shape(pads), 2)
    return [attrs["block_size"]] * 2


def _square_shape(function: Any) -> Any:
    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        pads = values[1]
        _check_pairs(shapes[1], 2)
        known = None if pads is None else _pairs(pads)
        return [function(with_rank(shapes[0], 4), [attrs["block_size"]] * 2, known)]

    return rule


for _name, _last, _function, _kernel, _attrs in (
    (
        "SpaceToBatch",
        "paddings:Tpaddings",
        _to_batch,
        _space_to_batch,
        "T:type; Tpaddings:type{index}=int32; block_size:int>=2",
    ),
    (
        "BatchToSpace",
        "crops:Tidx",
        _from_batch,
        _batch_to_space,
        "T:type; block_size:int>=2; Tidx:type{index}=int32",
    ),
):
    define(
        _name,
        f"input:T {_last} -> output:T",
        _attrs,
        shape=_square_shape(_function),
        kernel=lambda xp, inputs, attrs, run=_kernel: run(
            inputs[0], xp, _square(inputs[1], attrs), _pairs(inputs[1])
        ),
        grad=lambda op, dy: [
            apply(
                "BatchToSpace" if op.type == "SpaceToBatch" else "SpaceToBatch",
                dy,
                op.inputs[1],
                block_size=op.attrs["block_size"],
            ),
            None,
        ],
    )


# -- space and depth -------------------------------------------------------------------------
def _layout(shape: Shape, attrs: Attrs) -> tuple[int, int, int]:
    """The axes of height, width and depth."""
    if attrs["data_format"] == "NCHW_VECT_C":
        raise ValueError("The data format NCHW_VECT_C is for quantised values on GPUs.")
    return (1, 2, 3) if attrs["data_format"] == "NHWC" else (2, 3, 1)


def _depth_shape(to_depth: bool) -> Any:
    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        dims, b = list(with_rank(shapes[0], 4)), attrs["block_size"]
        height, width, depth = _layout(shapes[0], attrs)
        for axis, what in ((height, "Height"), (width, "Width")):
            d = dims[axis]
            dims[axis] = _divided(d, b, what) if to_depth else _times(d, b)
        d = dims[depth]
        dims[depth] = _times(d, b * b) if to_depth else _divided(d, b * b, "Depth")
        return [tuple(dims)]

    return rule


def _last_depth(xp: Any, x: Array, attrs: Attrs) -> Array:
    return x if attrs["data_format"] == "NHWC" else xp.transpose(x, (0, 2, 3, 1))


def _as_given(xp: Any, x: Array, attrs: Attrs) -> Array:
    return x if attrs["data_format"] == "NHWC" else xp.transpose(x, (0, 3, 1, 2))


def _space_to_depth(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    _depth_shape(True)([inputs[0].shape], attrs, ())
    x, b = _last_depth(xp, inputs[0], attrs), attrs["block_size"]
    n, h, w, c = x.shape
    cut = xp.transpose(x.reshape(n, h // b, b, w // b, b, c), (0, 1, 3, 2, 4, 5))
    return _as_given(xp, cut.reshape(n, h // b, w // b, b * b * c), attrs)


def _depth_to_space(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    _depth_shape(False)([inputs[0].shape], attrs, ())
    x, b = _last_depth(xp, inputs[0], attrs), attrs["block_size"]
    n, h, w, c = x.shape
    c //= b * b
    cut = xp.transpose(x.reshape(n, h, w, b, b, c), (0, 1, 3, 2, 4, 5))
    return _as_given(xp, cut.reshape(n, h * b, w * b, c), attrs)


def _depth_grad(op: Operation, dy: Any) -> list[Any]:
    back = "DepthToSpace" if op.type == "SpaceToDepth" else "SpaceToDepth"
    format_ = op.attrs["data_format"]
    return [apply(back, dy, block_size=op.attrs["block_size"], data_format=format_)]


for _name, _run in (("SpaceToDepth", _space_to_depth), ("DepthToSpace", _depth_to_space)):
    define(
        _name,
        "input:T -> output:T",
        "T:type; block_size:int>=2; data_format:string{NHWC,NCHW,NCHW_VECT_C}='NHWC'",
        shape=_depth_shape(_name == "SpaceToDepth"),
        kernel=_run,
        grad=_depth_grad,
    )


# -- sequences -------------------------------------------------------------------------------
def _sequence_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x = with_rank_at_least(shapes[0], 2)
    if x is not None:
        normal_axis(attrs["seq_dim"], len(x))
        normal_axis(attrs["batch_dim"], len(x))
        if attrs["seq_dim"] == attrs["batch_dim"]:
            raise ValueError(f"batch_dim == seq_dim == {attrs['seq_dim']}")
    return [x]


def _reverse_sequence(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, lengths = inputs
    rank = len(x.shape)
    seq, batch = (normal_axis(attrs[k], rank) for k in ("seq_dim", "batch_dim"))
    n = x.shape[seq]
    if lengths.shape != (x.shape[batch],):
        raise ValueError(f"Length of seq_lengths != input.dims({batch}): {lengths.shape}")
    if is_numpy(xp) and lengths.size and not (lengths.min() >= 0 and lengths.max() <= n):
        raise ValueError(f"seq_lengths must be in [0, {n}]: {lengths.tolist()}")
    steps = xp.arange(n)[None, :]
    ends = lengths[:, None]
    source = xp.where(steps < ends, ends - 1 - steps, steps)
    if seq < batch:
        source = source.T
    shape = [d if i in (seq, batch) else 1 for i, d in enumerate(x.shape)]
    return xp.take_along_axis(x, source.reshape(shape), axis=seq)


define(
    "ReverseSequence",
    "input:T seq_lengths:Tlen -> output:T",
    "seq_dim:int; batch_dim:int=0; T:type; Tlen:type{index}=int64",
    shape=_sequence_shape,
    kernel=_reverse_sequence,
    grad=lambda op, dy: [
        apply(
            "ReverseSequence",
            dy,
            op.inputs[1],
            seq_dim=op.attrs["seq_dim"],
            batch_dim=op.attrs["batch_dim"],
        ),
        None,
    ],
)
