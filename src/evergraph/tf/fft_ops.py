"""Fourier transforms: `tf.fft` and its like, the real ones of `tf.signal`, and shifts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.dtypes import complex64, float32, int32
from ..core.shape import is_known
from ..core.tensor import Tensor
from ..core.values import value_as_shape
from . import array_ops
from .elementwise_ops import maximum, of_input
from .emitting import emit_tensor
from .framework import convert_to_tensor, name_scope

__all__ = ["fft", "fft2d", "fft3d", "ifft", "ifft2d", "ifft3d"]

fft = of_input("fft", "FFT", "The discrete Fourier transforms along the last axis.")
ifft = of_input("ifft", "IFFT", "The inverse discrete Fourier transforms along the last axis.")
fft2d = of_input("fft2d", "FFT2D", "The discrete Fourier transforms over the last two axes.")
ifft2d = of_input("ifft2d", "IFFT2D", "The inverse Fourier transforms over the last two axes.")
fft3d = of_input("fft3d", "FFT3D", "The discrete Fourier transforms over the last three axes.")
ifft3d = of_input("ifft3d", "IFFT3D", "The inverse Fourier transforms over the last three axes.")


# -- transforms of real numbers ----------------------------------------------------------------


def _inner(x: Tensor, rank: int) -> Any:
    return None if x.static_shape is None else x.static_shape[-rank:]


def _lengths_of(x: Tensor, rank: int, inverse: bool) -> Tensor:
    """The lengths of the transforms that the shape of `x` suggests."""
    inner = _inner(x, rank)
    if is_known(inner):
        lengths = list(inner)
        if inverse and lengths:
            lengths[-1] = max(0, 2 * (lengths[-1] - 1))
        return convert_to_tensor(lengths, int32)
    shape: Any = array_ops.shape(x)
    if not inverse:
        return shape[-rank:]  # type: ignore[no-any-return]
    parts: list[Any] = array_ops.unstack(shape[-rank:])
    parts[-1] = maximum(0, 2 * (parts[-1] - 1))
    return array_ops.stack(parts)


def _padded(x: Tensor, rank: int, lengths: Any, inverse: bool) -> Tensor:
    """`x` with zeros behind it along the axes that are shorter than the transform."""
    shape = x.static_shape
    if shape is not None and 0 in shape:
        return x
    lengths.shape.assert_has_rank(1)
    wanted: Any = value_as_shape(lengths)
    if shape is None or not is_known(wanted) or not is_known(shape[-rank:]):
        return _padded_in_run(x, rank, lengths, inverse)
    if inverse:
        wanted = (*wanted[:-1], wanted[-1] // 2 + 1)
    missing = [max(w - d, 0) for w, d in zip(wanted, _inner(x, rank), strict=False)]
    if not any(missing):
        return x
    outer = [[0, 0]] * (len(shape) - rank)
    return array_ops.pad(x, outer + [[0, m] for m in missing])


def _padded_in_run(x: Tensor, rank: int, lengths: Any, inverse: bool) -> Tensor:
    total: Any = array_ops.rank(x)
    shape: Any = array_ops.shape(x)
    inner = shape[-rank:]
    outer = array_ops.zeros([maximum(0, total - rank)], lengths.dtype)
    if inverse:
        lengths = array_ops.concat([lengths[:-1], lengths[-1:] // 2 + 1], 0)
    after = array_ops.concat([outer, maximum(0, lengths - inner)], 0)
    return array_ops.pad(x, array_ops.stack([array_ops.zeros_like(after), after], axis=1))


def _real_transform(name: str, op: str, rank: int, doc: str) -> Callable[..., Tensor]:
    inverse = op[0] == "I"
    default_name, dtype = name, complex64 if inverse else float32

    def function(input_tensor: Any, fft_length: Any = None, name: Any = None) -> Tensor:
        with name_scope(name, default_name, [input_tensor, fft_length]) as scope:
            x = convert_to_tensor(input_tensor, dtype)
            x.shape.with_rank_at_least(rank)
            if fft_length is None:
                lengths = _lengths_of(x, rank, inverse)
            else:
                lengths = convert_to_tensor(fft_length, int32)
            return emit_tensor(op, _padded(x, rank, lengths, inverse), lengths, name=scope)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


_REAL = "the Fourier transforms of real numbers over the last {}: the coefficients up to half the "
_BACK = "real numbers from the coefficients that `{}` gives, over the last {}. "
_LENGTHS = (
    "`fft_length` holds the lengths; what is shorter gets zeros behind, what is longer is cut."
)


def _pair(rank: int, suffix: str, axes: str) -> tuple[Callable[..., Tensor], ...]:
    forward, back = f"rfft{suffix}", f"irfft{suffix}"
    there = f"{_REAL.format(axes).capitalize()}length along the last axis.\n\n{_LENGTHS}"
    again = f"{_BACK.format(forward, axes).capitalize()}\n\n{_LENGTHS}"
    op = f"RFFT{suffix.upper()}"
    return (
        _real_transform(forward, op, rank, there),
        _real_transform(back, f"I{op}", rank, again),
    )


rfft, irfft = _pair(1, "", "axis")
rfft2d, irfft2d = _pair(2, "2d", "two axes")
rfft3d, irfft3d = _pair(3, "3d", "three axes")


# -- shifts ------------------------------------------------------------------------------------


def _rolled(x: Any, axes: Any, name: Any, default: str, sign: int) -> Tensor:
    with name_scope(name, default) as scope:
        x = convert_to_tensor(x)
        if x.static_shape is None:
            raise ValueError(f"tf.signal.{default} needs a tensor of known rank: use set_shape().")
        if axes is None:
            axes = tuple(range(len(x.static_shape)))
        shift = [sign * (_extent(x, a) // 2) for a in ([axes] if isinstance(axes, int) else axes)]
        return array_ops.roll(x, shift[0] if isinstance(axes, int) else shift, axes, name=scope)


def _extent(x: Tensor, axis: int) -> int:
    extent = (x.static_shape or ())[axis]
    if extent is None:
        raise ValueError(f"The extent of axis {axis} must be known to shift by half of it.")
    return extent


def fftshift(x: Any, axes: Any = None, name: Any = None) -> Tensor:
    """Swaps the halves along `axes` (all of them by default): frequency zero comes to the middle.

    Extents must be known.
    """
    return _rolled(x, axes, name, "fftshift", 1)


def ifftshift(x: Any, axes: Any = None, name: Any = None) -> Tensor:
    """Undoes `fftshift`, also where extents are odd."""
    return _rolled(x, axes, name, "ifftshift", -1)
