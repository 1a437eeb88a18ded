"""Discrete Fourier transforms over the last one, two or three axes."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ..core.dtypes import complex64, float32
from ..core.emit import apply
from ..core.opdef import Array, Attrs, GradRule, Kernel, ShapeRule, Values, define
from ..core.shape import Dim, Shape, is_known, with_rank, with_rank_at_least
from ..core.tensor import Operation, Tensor, axes_literal
from .operands import as_ints, ints, zeros

_SUFFIX = {1: "", 2: "2D", 3: "3D"}


def _axes(rank: int) -> tuple[int, ...]:
    return tuple(range(-rank, 0))


# -- complex transforms ------------------------------------------------------------------------


def _complex_shape(rank: int) -> ShapeRule:
    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        return [with_rank_at_least(shapes[0], rank)]

    return rule


def _complex_kernel(rank: int, inverse: bool) -> Kernel:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        x = inputs[0]
        if x.size == 0:
            return x
        transform = xp.fft.ifftn if inverse else xp.fft.fftn
        return xp.asarray(transform(x, axes=_axes(rank)), x.dtype)

    return kernel


def _inner_shape(x: Any, rank: int) -> Any:
    """The last `rank` extents, as a tensor."""
    begin, end, step = axes_literal([-rank]), axes_literal([0]), axes_literal([1])
    return apply("StridedSlice", apply("Shape", x), begin, end, step, end_mask=1)


def _size(x: Any, rank: int, dtype: Any) -> Any:
    """The number of points that one transform of `x` takes, as a scalar of `dtype`."""
    inner: Any = None if x.static_shape is None else x.static_shape[-rank:]
    if is_known(inner):
        return apply("Cast", as_ints(prod(inner)), DstT=dtype)
    return apply("Cast", apply("Prod", _inner_shape(x, rank), axes_literal([0])), DstT=dtype)


def _complex_grad(rank: int, inverse: bool) -> GradRule:
    """The adjoint of a transform is the opposite one, but for the number of points."""
    opposite = ("" if inverse else "I") + "FFT" + _SUFFIX[rank]

    def grad(op: Operation, dy: Tensor) -> list[Any]:
        back = apply(opposite, dy)
        size = _size(dy, rank, dy.dtype)
        return [back / size if inverse else back * size]

    return grad


for _rank, _suffix in _SUFFIX.items():
    for _inverse in (False, True):
        _name = ("I" if _inverse else "") + "FFT" + _suffix
        define(
            _name,
            "input:Tcomplex -> output:Tcomplex",
            "Tcomplex:type{complex64,complex128}=complex64",
            shape=_complex_shape(_rank),
            kernel=_complex_kernel(_rank, _inverse),
            grad=_complex_grad(_rank, _inverse),
        )
        define(
            f"Batch{_name}",
            "input:complex64 -> output:complex64",
            shape=_complex_shape(_rank),
            definition=lambda x, _op=_name: apply(_op, x),
            grad=_complex_grad(_rank, _inverse),
        )


# -- transforms from and to real numbers -------------------------------------------------------


def _half(length: Dim) -> Dim:
    """How many coefficients of a real signal's transform are not conjugates of others."""
    return length if not length else length // 2 + 1


def _real_shape(rank: int, inverse: bool) -> ShapeRule:
    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        x = with_rank_at_least(shapes[0], rank)
        if shapes[1] is not None and with_rank(shapes[1], 1)[0] not in (rank, None):
            raise ValueError(f"Dimension must be {rank} but is {shapes[1][0]}: fft_length.")
        if x is None:
            return [None]
        lengths: list[Dim] = list(values.as_shape(1) or [None] * rank)
        if not inverse:
            lengths[-1] = _half(lengths[-1])
        return [(*x[:-rank], *lengths)]

    return rule


def _checked_lengths(x: Array, value: Array, rank: int, inverse: bool) -> list[int]:
    """The lengths of the transforms; ValueError unless `x` has enough points along each axis."""
    if x.ndim < rank:
        raise ValueError(f"Input must have rank of at least {rank} but got: {x.shape}")
    lengths = ints(value)
    if np.shape(value) != (rank,) or min(lengths) < 0:
        raise ValueError(f"fft_length must hold {rank} lengths, none of them negative: {lengths}")
    for i, n in enumerate(lengths):
        axis = x.ndim - rank + i
        least = n // 2 + 1 if inverse and n and i == rank - 1 else n
        if x.shape[axis] < least:
            raise ValueError(
                f"Input dimension {axis} must have length of at least {least} "
                f"but got: {x.shape[axis]}"
            )
    return lengths


def _real_kernel(rank: int, inverse: bool) -> Kernel:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        x = inputs[0]
        lengths = _checked_lengths(x, inputs[1], rank, inverse)
        dtype: Any = np.float32 if inverse else np.complex64
        if x.size == 0 or 0 in lengths:
            last = lengths[-1] if inverse else _half(lengths[-1])
            return zeros(xp, (*x.shape[:-rank], *lengths[:-1], last), np.dtype(dtype))
        transform = xp.fft.irfftn if inverse else xp.fft.rfftn
        return xp.asarray(transform(x, s=lengths, axes=_axes(rank)), dtype)

    return kernel


def _fitted(x: Any, to: Any, like: Any, rank: int) -> Any:
    """`x` with zeros behind its last `rank` axes, up to the lengths `to`."""
    total = apply("Rank", like)
    outer = apply("ExpandDims", total - axes_literal(rank), axes_literal(0))
    rest = to - _inner_shape(x, rank)
    after = apply("ConcatV2", [apply("Fill", outer, as_ints(0)), rest], axes_literal(0))
    pairs = apply("Pack", [apply("ZerosLike", after), after], axis=1)
    return apply("Pad", x, pairs)


def _forward_grad(rank: int) -> GradRule:
    """With zeros for the coefficients that were left out, the adjoint of the whole transform."""

    def grad(op: Operation, dy: Tensor) -> list[Any]:
        x, lengths = op.inputs
        whole = _fitted(dy, lengths, x, rank)
        back = apply("Real", apply(f"IFFT{_SUFFIX[rank]}", whole), Tout=float32)
        back = back * _size(whole, rank, float32)
        return [_fitted(back, _inner_shape(x, rank), x, rank), None]

    return grad


def _inverse_grad(rank: int) -> GradRule:
    """Each coefficient counts twice whose conjugate was left out."""

    def grad(op: Operation, dy: Tensor) -> list[Any]:
        x, lengths = op.inputs
        spectrum = apply(f"RFFT{_SUFFIX[rank]}", dy, lengths)
        last = apply(
            "StridedSlice",
            lengths,
            axes_literal([-1]),
            axes_literal([0]),
            axes_literal([1]),
            end_mask=1,
            shrink_axis_mask=1,
        )
        half = apply("FloorDiv", last, axes_literal(2)) + axes_literal(1)
        place = apply("Range", axes_literal(0), half, axes_literal(1))
        twice = apply("LogicalAnd", place > axes_literal(0), place * axes_literal(2) < last)
        weight = (apply("Cast", twice, DstT=float32) + 1.0) / _size(dy, rank, float32)
        back = spectrum * apply("Cast", weight, DstT=complex64)
        return [_fitted(back, _inner_shape(x, rank), x, rank), None]

    return grad


for _rank, _suffix in _SUFFIX.items():
    define(
        f"RFFT{_suffix}",
        "input:float32 fft_length:int32 -> output:complex64",
        shape=_real_shape(_rank, False),
        kernel=_real_kernel(_rank, False),
        grad=_forward_grad(_rank),
    )
    define(
        f"IRFFT{_suffix}",
        "input:complex64 fft_length:int32 -> output:float32",
        shape=_real_shape(_rank, True),
        kernel=_real_kernel(_rank, True),
        grad=_inverse_grad(_rank),
    )
