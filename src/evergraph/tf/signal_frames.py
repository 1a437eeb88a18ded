"""Signals in frames: windows, `tf.signal.frame` and its inverse `overlap_and_add`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.dtypes import bool_, float32, int32
from ..core.shape import Shape
from ..core.tensor import Tensor
from ..core.values import constant_value
from . import array_ops
from .dtype_ops import cast
from .elementwise_ops import cos, equal, floormod, greater, maximum
from .framework import convert_to_tensor, name_scope
from .reduction_ops import reduce_sum


def scalar_tensor(value: Any, name: str) -> Any:
    """`value` as a tensor that must be a scalar."""
    x = convert_to_tensor(value, name=name)
    x.shape.assert_has_rank(0)
    return x


def static_int(x: Tensor) -> int | None:
    """The value of an integer scalar, None while it is not known."""
    value = constant_value(x)
    return None if value is None else int(value)


# -- windows -----------------------------------------------------------------------------------


def hann_window(
    window_length: Any, periodic: Any = True, dtype: Any = float32, name: Any = None
) -> Tensor:
    """The Hann window, 0.5 - 0.5 cos(2 π n / N): periodic for spectra, symmetric for filters."""
    return _raised_cosine(name, "hann_window", window_length, periodic, dtype, 0.5, 0.5)


def hamming_window(
    window_length: Any, periodic: Any = True, dtype: Any = float32, name: Any = None
) -> Tensor:
    """The Hamming window, 0.54 - 0.46 cos(2 π n / N); see `hann_window`."""
    return _raised_cosine(name, "hamming_window", window_length, periodic, dtype, 0.54, 0.46)


def _raised_cosine(
    name: Any, default: str, length: Any, periodic: Any, dtype: Any, a: float, b: float
) -> Tensor:
    if not dtype.is_floating:
        raise ValueError(f"dtype must be a floating point type. Found {dtype}")
    with name_scope(name, default, [length, periodic]):
        length = convert_to_tensor(length, dtype=int32, name="window_length")
        length.shape.assert_has_rank(0)
        known = static_int(length)
        if known == 1:
            return array_ops.ones([1], dtype=dtype)
        periodic = convert_to_tensor(periodic, dtype=bool_, name="periodic")
        periodic = cast(periodic, int32)
        periodic.shape.assert_has_rank(0)
        even: Any = 1 - floormod(length, 2)
        n = cast(length + periodic * even - 1, dtype=dtype)
        count = cast(array_ops.range(length), dtype)
        angle: Any = array_ops.constant(2 * math.pi, dtype=dtype) * count / n
        if known is not None:
            return cast(a - b * cos(angle), dtype=dtype)  # type: ignore[no-any-return]
        from .control_flow_ops import cond  # the windows are needed without it too

        return cond(  # type: ignore[no-any-return]
            equal(length, 1),
            lambda: array_ops.ones([1], dtype=dtype),
            lambda: cast(a - b * cos(angle), dtype=dtype),
        )


# -- frames ------------------------------------------------------------------------------------


def _frame_shape(signal: Tensor, length: Any, step: Any, pad_end: bool, axis: Any) -> Shape:
    """What is known of the shape of the frames."""
    shape = signal.static_shape
    if shape is None:
        return None
    n, hop, at = static_int(length), static_int(step), static_int(axis)
    if at is None:
        return (None,) * (len(shape) + 1)
    samples, frames = shape[at], None
    if samples is not None and hop is not None and pad_end:
        frames = max(0, -(-samples // hop))
    elif samples is not None and hop is not None and n is not None:
        frames = max(0, (samples - n + hop) // hop)
    return (*shape[:at], frames, n, *shape[at:][1:])


def frame(
    signal: Any,
    frame_length: Any,
    frame_step: Any,
    pad_end: Any = False,
    pad_value: Any = 0,
    axis: Any = -1,
    name: Any = None,
) -> Tensor:
    """Windows that slide over one axis: `[..., samples, ...]` to `[..., frames, length, ...]`.

    A frame starts every `frame_step` samples. With `pad_end` those count too that reach beyond
    the end, where `pad_value` is read.
    """
    with name_scope(name, "frame", [signal, frame_length, frame_step, pad_value]):
        signal = convert_to_tensor(signal, name="signal")
        length = convert_to_tensor(frame_length, name="frame_length")
        step = convert_to_tensor(frame_step, name="frame_step")
        axis = convert_to_tensor(axis, name="axis")
        signal.shape.with_rank_at_least(1)
        for x in (length, step, axis):
            x.shape.assert_has_rank(0)
        _positive(step, "frame_step")
        known = _frame_shape(signal, length, step, pad_end, axis)
        frames = _framed(signal, length, step, pad_end, pad_value, axis)
        frames.set_shape(known)
        return frames


def _positive(x: Tensor, what: str) -> None:
    value = static_int(x)
    if value is not None and value <= 0:
        raise ValueError(f"{what} must be positive, got {value}.")


def _framed(
    signal: Any, length: Any, step: Any, pad_end: bool, pad_value: Any, axis: Any
) -> Tensor:
    rank: Any = array_ops.rank(signal)
    axis = array_ops.range(rank)[axis]
    shape: Any = array_ops.shape(signal)
    outer, samples, inner = array_ops.split(shape, [axis, 1, rank - 1 - axis])
    samples = array_ops.reshape(samples, [])
    counts = array_ops.size(outer), array_ops.size(inner)
    if pad_end:
        pad_value = convert_to_tensor(pad_value, signal.dtype)
        pad_value.shape.assert_has_rank(0)
        number = -(-samples // step)
        signal = _padded_end(signal, samples, length + step * (number - 1), pad_value, counts)
        shape = array_ops.shape(signal)
        samples = shape[axis]
    else:
        number = maximum(0, 1 + (samples - length) // step)
    return _gathered(signal, shape, (outer, samples, inner), length, step, number, axis)


def _padded_end(signal: Any, samples: Any, needed: Any, value: Any, counts: Any) -> Tensor:
    more: Any = maximum(0, needed - samples)
    pairs = array_ops.concat(
        [
            array_ops.zeros([counts[0], 2], dtype=more.dtype),
            [[0, more]],
            array_ops.zeros([counts[1], 2], dtype=more.dtype),
        ],
        0,
    )
    return array_ops.pad(signal, pairs, constant_values=value)


def _gathered(
    signal: Any, shape: Any, parts: Any, length: Any, step: Any, number: Any, axis: Any
) -> Tensor:
    """The frames, gathered from the longest pieces that frames and steps are made of."""
    outer, samples, inner = parts
    piece = greatest_common_divisor(length, step)
    per_frame, per_hop = length // piece, step // piece
    pieces = samples // piece
    used = array_ops.concat([outer, [pieces * piece], inner], 0)
    cut = array_ops.concat([outer, [pieces, piece], inner], 0)
    signal = array_ops.strided_slice(signal, array_ops.zeros_like(shape), used)
    split = array_ops.reshape(signal, cut)
    starts: Any = array_ops.range(number) * per_hop
    starts = array_ops.reshape(starts, [number, 1])
    within: Any = array_ops.reshape(array_ops.range(per_frame), [1, per_frame])
    frames = array_ops.gather(split, starts + within, axis=axis)
    whole = array_ops.concat([outer, [number, length], inner], 0)
    return array_ops.reshape(frames, whole)


def greatest_common_divisor(a: Any, b: Any, name: Any = None) -> Tensor:
    """The greatest common divisor of two integer scalars, by Euclid's algorithm."""
    with name_scope(name, "gcd", [a, b]):
        a, b = convert_to_tensor(a), convert_to_tensor(b)
        for which, x in (("a", a), ("b", b)):
            x.shape.assert_has_rank(0)
            if not x.dtype.is_integer:
                raise ValueError(f"{which} must be an integer type. Got: {x.dtype}")
        known = static_int(a), static_int(b)
        if known[0] is not None and known[1] is not None:
            return convert_to_tensor(math.gcd(known[0], known[1]))
        from .control_flow_ops import while_loop  # frames of known length are cut without it

        def smaller(a: Any, b: Any) -> list[Any]:
            return [b, floormod(a, b)]

        def more(_: Any, b: Any) -> Tensor:
            return greater(b, array_ops.zeros_like(b))

        return while_loop(more, smaller, [a, b], back_prop=False)[0]  # type: ignore[no-any-return]


def overlap_and_add(signal: Any, frame_step: Any, name: Any = None) -> Tensor:
    """The sum of frames `[..., frames, length]`, each `frame_step` behind the one before.

    The result has `(frames - 1) * frame_step + length` samples on the last axis.
    """
    with name_scope(name, "overlap_and_add", [signal, frame_step]):
        signal = convert_to_tensor(signal, name="signal")
        signal.shape.with_rank_at_least(2)
        step = scalar_tensor(frame_step, "frame_step")
        if not step.dtype.is_integer:
            raise ValueError(f"frame_step must be an integer. Got {step.dtype}")
        _positive(step, "frame_step")
        shape: Any = array_ops.shape(signal)
        outer = shape[:-2]
        outer_rank = array_ops.size(outer)
        length, frames = shape[-1], shape[-2]
        total = length + step * (frames - 1)
        static = signal.static_shape
        if static is not None and static[-1] is not None and static_int(step) == static[-1]:
            flat = array_ops.concat([outer, [total]], 0)
            return array_ops.reshape(signal, flat, name="fast_path")
        return _overlapped(signal, step, outer, outer_rank, (frames, length, total))


def _overlapped(signal: Any, step: Any, outer: Any, outer_rank: Any, sizes: Any) -> Tensor:
    """Frames cut into pieces of one step, which a reshape moves apart and a sum brings together.

    With rows of `frames + segments` pieces laid end to end and read in rows shorter by one, row i
    is moved i pieces to the right: there the pieces of one place in time stand in one column.
    """
    frames, length, total = sizes

    def full(inner: Any) -> Tensor:
        return array_ops.concat([outer, inner], 0)

    segments = -(-length // step)
    pairs: Any = [[0, segments], [0, segments * step - length]]
    pairs = array_ops.concat([array_ops.zeros([outer_rank, 2], int32), pairs], 0)
    x: Any = array_ops.pad(signal, pairs)
    x = array_ops.reshape(x, full([frames + segments, segments, step]))
    first = array_ops.range(outer_rank)
    order = array_ops.concat([first, outer_rank + np.array([1, 0, 2], np.int32)], 0)
    x = array_ops.transpose(x, order)
    x = array_ops.reshape(x, full([(frames + segments) * segments, step]))
    x = x[..., : (frames + segments - 1) * segments, :]
    x = array_ops.reshape(x, full([segments, (frames + segments - 1), step]))
    x = reduce_sum(x, -3)
    x = array_ops.reshape(x, full([(frames + segments - 1) * step]))
    return x[..., :total]  # type: ignore[no-any-return]
