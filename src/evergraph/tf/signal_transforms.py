"""Transforms of signals: cosine transforms, short-time Fourier transforms, the mel scale."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.dtypes import float32, int32
from ..core.tensor import Tensor
from ..core.values import constant_value
from . import array_ops
from .array_ops import lin_space
from .dtype_ops import cast
from .elementwise_ops import ceil, exp, log, maximum, minimum, rsqrt, sqrt, square
from .fft_ops import irfft, rfft
from .framework import convert_to_tensor, name_scope
from .math_ops import complex, pow, real
from .reduction_ops import reduce_sum
from .signal_frames import frame, hann_window, overlap_and_add, scalar_tensor, static_int

# -- cosine transforms -------------------------------------------------------------------------


def _checked(x: Any, kind: int, n: Any, axis: int, norm: Any) -> None:
    if axis != -1:
        raise NotImplementedError(f"axis must be -1. Got: {axis}")
    if n is not None and n < 1:
        raise ValueError("n should be a positive integer or None")
    if kind not in (1, 2, 3):
        raise ValueError("Only Types I, II and III (I)DCT are supported.")
    if norm not in (None, "ortho"):
        raise ValueError(f"Unknown normalization. Expected None or 'ortho', got: {norm}")
    if kind == 1:
        if norm == "ortho":
            raise ValueError("Normalization is not supported for the Type-I DCT.")
        shape = x.static_shape if isinstance(x, Tensor) else np.shape(x)
        if shape and shape[-1] is not None and shape[-1] < 2:
            raise ValueError("Type-I DCT requires the dimension to be greater than one.")


def _last_extent(x: Any) -> Any:
    """The number of samples, as a tensor where it is not known."""
    shape: Any = x.static_shape
    if shape is not None and shape[-1]:
        return shape[-1]
    run: Any = array_ops.shape(x)
    return run[-1]


def _of_length(x: Any, n: int, samples: Any) -> Any:
    """The first `n` samples, or as many with zeros behind."""
    if isinstance(samples, Tensor):
        raise ValueError("`n` needs a signal whose last extent is known: use set_shape().")
    if n <= samples:
        return x[..., 0:n]
    pairs = [[0, 0] for _ in x.static_shape]
    pairs[-1][1] = n - samples
    return array_ops.pad(x, paddings=convert_to_tensor(pairs, dtype=int32))


def dct(
    input: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Any = None, name: Any = None
) -> Tensor:
    """The cosine transform of type I, II or III along the last axis, of float32.

    `n` is the length of the transform. `norm` is None or, but for type I, 'ortho'. By a real
    Fourier transform of twice the length (Makhoul, 1980).
    """
    _checked(input, type, n, axis, norm)
    with name_scope(name, "dct", [input]):
        x: Any = convert_to_tensor(input, dtype=float32)
        samples = _last_extent(x)
        if n is not None:
            x = _of_length(x, n, samples)
        size = _last_extent(x)
        length = cast(size, float32)
        if type == 1:
            mirrored = array_ops.concat([x, x[..., -2:0:-1]], axis=-1)
            return real(rfft(mirrored))
        return (_second_dct if type == 2 else _third_dct)(x, size, length, norm)


def _second_dct(x: Any, size: Any, length: Any, norm: Any) -> Tensor:
    turn: Any = -array_ops.range(length) * math.pi * 0.5 / length
    scale: Any = 2.0 * exp(complex(0.0, turn))
    spectrum: Any = rfft(x, fft_length=[2 * size])
    result = real(spectrum[..., :size] * scale)
    if norm == "ortho":
        first: Any = 0.5 * rsqrt(length)
        result *= _weights(first, first * sqrt(2.0), size)
    return result


def _third_dct(x: Any, size: Any, length: Any, norm: Any) -> Tensor:
    if norm == "ortho":
        first: Any = sqrt(length)
        x = x * _weights(first, first * sqrt(0.5), size)
    else:
        x = x * length
    turn: Any = array_ops.range(length) * math.pi * 0.5 / length
    scale: Any = 2.0 * exp(complex(0.0, turn))
    whole: Any = real(irfft(scale * complex(x, 0.0), fft_length=[2 * size]))
    return whole[..., :size]  # type: ignore[no-any-return]


def _weights(first: Any, others: Any, size: Any) -> Any:
    """A vector: its first element, and what all others are."""
    start = array_ops.expand_dims(first, 0)
    return array_ops.pad(start, [[0, size - 1]], constant_values=others)


def idct(
    input: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Any = None, name: Any = None
) -> Tensor:
    """The inverse of the cosine transform of a type, but for a factor of twice the length.

    With `norm='ortho'` it is the inverse.
    """
    _checked(input, type, n, axis, norm)
    return dct(input, type={1: 1, 2: 3, 3: 2}[type], n=n, axis=axis, norm=norm, name=name)


# -- short-time Fourier transforms -------------------------------------------------------------
WindowFn = Callable[..., Tensor]


def _enclosing_power_of_two(value: Any) -> Any:
    known = static_int(value)
    if known is not None:
        power = 2 ** math.ceil(math.log(known) / math.log(2.0))
        return array_ops.constant(power, value.dtype)
    return cast(pow(2.0, ceil(log(cast(value, float32)) / log(2.0))), value.dtype)


def _checked_length(x: Any) -> None:
    known = static_int(x)
    if known is not None and known <= 0:
        raise ValueError(f"frame_length must be positive, got {known}.")


def stft(
    signals: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Any = hann_window,
    pad_end: Any = False,
    name: Any = None,
) -> Tensor:
    """The Fourier transforms of windowed frames: `[..., samples]` to `[..., frames, bins]`.

    `fft_length` is the least power of two that holds a frame by default, and there are
    `fft_length // 2 + 1` bins. `window_fn(length, dtype=...)` gives the window, None takes none.
    """
    with name_scope(name, "stft", [signals, frame_length, frame_step]):
        signals = convert_to_tensor(signals, name="signals")
        signals.shape.with_rank_at_least(1)
        length = scalar_tensor(frame_length, "frame_length")
        step = scalar_tensor(frame_step, "frame_step")
        _checked_length(length)
        if fft_length is None:
            fft_length = _enclosing_power_of_two(length)
        else:
            fft_length = convert_to_tensor(fft_length, name="fft_length")
        framed: Any = frame(signals, length, step, pad_end=pad_end)
        if window_fn is not None:
            framed *= window_fn(length, dtype=framed.dtype)
        return rfft(framed, [fft_length])


def inverse_stft_window_fn(
    frame_step: Any, forward_window_fn: Any = hann_window, name: Any = None
) -> WindowFn:
    """The window for `inverse_stft` that undoes the one of `stft` (Griffin and Lim, 1984)."""
    with name_scope(name, "inverse_stft_window_fn", [forward_window_fn]):
        step = scalar_tensor(frame_step, "frame_step")

    def window(frame_length: Any, dtype: Any) -> Tensor:
        with name_scope(name, "inverse_stft_window_fn", [forward_window_fn]):
            length = scalar_tensor(frame_length, "frame_length")
            forward: Any = forward_window_fn(length, dtype=dtype)
            power: Any = square(forward)
            overlaps = -(-length // step)
            power = array_ops.pad(power, [(0, overlaps * step - length)])
            power = array_ops.reshape(power, [overlaps, step])
            power = reduce_sum(power, 0, keepdims=True)
            power = array_ops.tile(power, [overlaps, 1])
            power = array_ops.reshape(power, [overlaps * step])
            return forward / power[:length]  # type: ignore[no-any-return]

    return window


def inverse_stft(
    stfts: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Any = hann_window,
    name: Any = None,
) -> Tensor:
    """Signals from short-time Fourier transforms `[..., frames, bins]`.

    With `window_fn=tf.signal.inverse_stft_window_fn(frame_step)` it undoes `tf.signal.stft`.
    """
    with name_scope(name, "inverse_stft", [stfts]):
        stfts = convert_to_tensor(stfts, name="stfts")
        stfts.shape.with_rank_at_least(2)
        length = scalar_tensor(frame_length, "frame_length")
        step = scalar_tensor(frame_step, "frame_step")
        _checked_length(length)
        if fft_length is None:
            fft_length = _enclosing_power_of_two(length)
        else:
            fft_length = scalar_tensor(fft_length, "fft_length")
        frames = _to_length(irfft(stfts, [fft_length]), length)
        if window_fn is not None:
            frames *= window_fn(length, dtype=stfts.dtype.real_dtype)
        return overlap_and_add(frames, step)


def _to_length(frames: Any, length: Any) -> Any:
    """Frames cut, or with zeros behind, to the length of the window."""
    shape, known = frames.static_shape, static_int(length)
    if known is None or shape is None or shape[-1] is None:
        frames = _to_length_in_run(frames, length)
    elif shape[-1] > known:
        frames = frames[..., :known]
    elif shape[-1] < known:
        pairs = [[0, 0]] * (len(shape) - 1) + [[0, known - shape[-1]]]
        frames = array_ops.pad(frames, pairs)
    if known is not None and frames.static_shape is not None:
        frames.set_shape([None] * (len(frames.static_shape) - 1) + [known])
    return frames


def _to_length_in_run(frames: Any, length: Any) -> Any:
    frames = frames[..., :length]
    rank: Any = array_ops.rank(frames)
    shape: Any = array_ops.shape(frames)
    none = array_ops.zeros([rank - 1, 2], dtype=length.dtype)
    pairs = array_ops.concat([none, [[0, maximum(0, length - shape[-1])]]], 0)
    return array_ops.pad(frames, pairs)


# -- the mel scale -----------------------------------------------------------------------------
# mel = 1127 ln(1 + hertz / 700), as HTK has it.
_BREAK_HERTZ, _HIGH_Q = 700.0, 1127.0


def _to_mel(hertz: Any) -> Any:
    with name_scope(None, "hertz_to_mel", [hertz]):
        x: Any = convert_to_tensor(hertz)
        return _HIGH_Q * log(1.0 + (x / _BREAK_HERTZ))


def _check_mel(bins: Any, rate: Any, lower: float, upper: float, dtype: Any) -> None:
    if bins <= 0:
        raise ValueError(f"num_mel_bins must be positive. Got: {bins}")
    if rate <= 0.0:
        raise ValueError(f"sample_rate must be positive. Got: {rate}")
    if lower < 0.0:
        raise ValueError(f"lower_edge_hertz must be non-negative. Got: {lower}")
    if lower >= upper:
        raise ValueError(f"lower_edge_hertz {lower:.1f} >= upper_edge_hertz {upper:.1f}")
    if upper > rate / 2:
        raise ValueError(
            "upper_edge_hertz must not be larger than the Nyquist frequency (sample_rate / 2). "
            f"Got: {upper} for sample_rate: {rate}"
        )
    if not dtype.is_floating:
        raise ValueError(f"dtype must be a floating point type. Got: {dtype}")


def _known_rate(rate: Any) -> Any:
    if not isinstance(rate, Tensor):
        return rate
    value = constant_value(rate)
    if value is None:
        raise ValueError(
            "`sample_rate` was a non-constant Tensor. Must be a Python float or a constant Tensor."
        )
    return value


def linear_to_mel_weight_matrix(
    num_mel_bins: Any = 20,
    num_spectrogram_bins: Any = 129,
    sample_rate: Any = 8000,
    lower_edge_hertz: Any = 125.0,
    upper_edge_hertz: Any = 3800.0,
    dtype: Any = float32,
    name: Any = None,
) -> Tensor:
    """The matrix `[num_spectrogram_bins, num_mel_bins]` that takes spectra to the mel scale.

    The bands are triangles, linear in mel, between the two frequencies; the bin of frequency
    zero counts nowhere. `tf.matmul(spectrograms, matrix)` or `tf.tensordot(..., 1)` applies it.
    """
    with name_scope(name, "linear_to_mel_weight_matrix") as scope:
        rate = _known_rate(sample_rate)
        _check_mel(num_mel_bins, rate, lower_edge_hertz, upper_edge_hertz, dtype)
        rate = convert_to_tensor(rate, dtype, name="sample_rate")
        lower = convert_to_tensor(lower_edge_hertz, dtype, name="lower_edge_hertz")
        upper = convert_to_tensor(upper_edge_hertz, dtype, name="upper_edge_hertz")
        zero = convert_to_tensor(0.0, dtype)
        highest: Any = rate / 2.0
        hertz: Any = lin_space(zero, highest, num_spectrogram_bins)
        bins = array_ops.expand_dims(_to_mel(hertz[1:]), 1)
        edges = lin_space(_to_mel(lower), _to_mel(upper), num_mel_bins + 2)
        bands = frame(edges, frame_length=3, frame_step=1)
        weights = _triangles(bins, bands, num_mel_bins, zero)
        return array_ops.pad(weights, [[1, 0], [0, 0]], name=scope)


def _triangles(bins: Any, bands: Any, number: int, zero: Any) -> Any:
    """For each bin and band, the height of the band's triangle over the bin."""
    parts = array_ops.split(bands, 3, axis=1)
    left, top, right = (array_ops.reshape(p, [1, number]) for p in parts)
    rising: Any = (bins - left) / (top - left)
    falling: Any = (right - bins) / (right - top)
    return maximum(zero, minimum(rising, falling))


def mfccs_from_log_mel_spectrograms(log_mel_spectrograms: Any, name: Any = None) -> Tensor:
    """Mel-frequency cepstral coefficients of log-magnitude mel spectrograms `[..., bins]`.

    The cosine transform of type II, scaled as HTK does: by sqrt(2 / bins) everywhere.
    """
    with name_scope(name, "mfccs_from_log_mel_spectrograms", [log_mel_spectrograms]):
        x = convert_to_tensor(log_mel_spectrograms, dtype=float32)
        shape = x.static_shape
        if shape and shape[-1] is not None:
            bins: Any = shape[-1]
            if bins == 0:
                raise ValueError(f"num_mel_bins must be positive. Got: {x}")
        else:
            run: Any = array_ops.shape(x)
            bins = run[-1]
        result: Any = dct(x, type=2)
        return result * rsqrt(cast(bins, float32) * 2.0)  # type: ignore[no-any-return]
