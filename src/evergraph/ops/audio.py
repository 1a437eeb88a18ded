"""Sound: WAV files of 16 bits, spectrograms, mel-frequency cepstral coefficients."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..core.allocation import allocatable
from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Dim, Shape, with_rank
from .operands import scalar

# -- WAV files ---------------------------------------------------------------------------------
_SCALE = 1 << 15


def _wanted(attrs: Attrs, key: str) -> Dim:
    value: int = attrs[f"desired_{key}"]
    if value < -1:
        raise ValueError(f"{key} must be non-negative, got {value}")
    return None if value == -1 else value


def _decode_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    with_rank(shapes[0], 0)
    return [(_wanted(attrs, "samples"), _wanted(attrs, "channels")), ()]


def _unpacked(form: str, data: bytes, at: int) -> tuple[Any, ...]:
    try:
        return struct.unpack_from(form, data, at)
    except struct.error:
        raise ValueError("Data too short when trying to read string: no whole WAV file.") from None


def _expect(found: Any, wanted: tuple[Any, ...], what: str) -> None:
    if found not in wanted:
        raise ValueError(f"{what} for WAV: Expected {wanted[0]!r}, but got {found!r}")


def _chunks(data: bytes, at: int) -> Iterator[tuple[bytes, int, int]]:
    """The name, start and size of each chunk."""
    while at < len(data):
        name, size = _unpacked("<4sI", data, at)
        if size >= 1 << 31:
            raise ValueError(f"WAV data chunk {name!r} is too large: {size} bytes.")
        yield name, at + 8, size
        at += 8 + size


def _wav_format(data: bytes) -> tuple[int, int, int]:
    """The channels, the sample rate and where the chunks behind the header begin."""
    riff, _, wave, form, size = _unpacked("<4sI4s4sI", data, 0)
    for found, wanted in ((riff, b"RIFF"), (wave, b"WAVE"), (form, b"fmt ")):
        if found != wanted:
            raise ValueError(
                f"Header mismatch: Expected {wanted.decode()} but found {found!r}: no WAV file."
            )
    _expect(size, (16, 18), "Bad file size")
    kind, channels, rate, per_second, per_frame, bits = _unpacked("<HHIIHH", data, 20)
    _expect(kind, (1,), "Bad audio format (1 is PCM)")
    if channels < 1:
        raise ValueError(f"Bad number of channels for WAV: Expected at least 1, got {channels}")
    if bits != 16:
        raise ValueError(f"Can only read 16-bit WAV files, but received {bits}")
    _expect(per_frame, (2 * channels,), "Bad bytes per sample")
    _expect(per_second, ((per_frame * rate) % (1 << 32),), "Bad bytes per second")
    return channels, rate, 20 + size


def _samples(data: bytes, channels: int, at: int) -> Array:
    """The samples as numbers from -1 to 1, a column for each channel."""
    found = [(begin, size) for name, begin, size in _chunks(data, at) if name == b"data"]
    if len(found) != 1:
        many = "More than one" if found else "No"
        raise ValueError(f"{many} data chunk found in WAV")
    begin, size = found[0]
    frames = size // (2 * channels)
    if begin + 2 * channels * frames > len(data):
        raise ValueError("Data too short when trying to read string: the samples are cut off.")
    numbers = np.frombuffer(data, "<i2", frames * channels, begin)
    return numbers.reshape(frames, channels).astype(np.float32) / np.float32(_SCALE)


def _decode(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array]:
    if np.ndim(inputs[0]):
        raise ValueError(f"contents must be scalar, got shape {np.shape(inputs[0])}")
    data = bytes(np.asarray(inputs[0], object).item())
    channels, rate, at = _wav_format(data)
    audio = _samples(data, channels, at)
    frames, wide = _wanted(attrs, "samples"), _wanted(attrs, "channels")
    allocatable([frames or len(audio), wide or channels], np.float32)
    if wide is not None:  # the last channel stands in for those that are missing
        audio = audio[:, np.minimum(np.arange(wide), channels - 1)]
    if frames is not None:
        missing = max(frames - len(audio), 0)
        audio = np.pad(audio[:frames], ((0, missing), (0, 0)))
    return xp.asarray(audio), np.asarray(rate).astype(np.int32)


define(
    "DecodeWav",
    "contents:string -> audio:float32 sample_rate:int32",
    "desired_channels:int=-1; desired_samples:int=-1",
    shape=_decode_shape,
    kernel=_decode,
    grad=NO_GRADIENT,
)


def _encode_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    with_rank(shapes[0], 2)
    with_rank(shapes[1], 0)
    return [()]


def _encode(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    audio, rate = np.asarray(inputs[0]), scalar(inputs[1])
    if audio.ndim != 2 or 0 in audio.shape or audio.shape[1] >= 1 << 16:
        raise ValueError(
            "audio must be 2-dimensional, with at least one frame and 1 to 65535 channels: its "
            f"shape is {audio.shape}"
        )
    if rate <= 0:
        raise ValueError(f"sample_rate must be in (0, 2^32), got: {rate}")
    channels, size = audio.shape[1], audio.size * 2
    if size + 44 >= 1 << 32:
        raise ValueError("Provided channels and frames cannot be encoded as a WAV.")
    # Halves away from zero, as C rounds.
    rounded = np.trunc(audio * _SCALE + np.copysign(0.5, audio))
    numbers = np.clip(np.nan_to_num(rounded), -_SCALE, _SCALE - 1).astype("<i2")
    form = struct.pack(
        "<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * 2 * channels, 2 * channels, 16
    )
    head = struct.pack("<4sI4s", b"RIFF", size + 36, b"WAVE")
    data = struct.pack("<4sI", b"data", size)
    return np.array(head + form + data + numbers.tobytes(), object)


define(
    "EncodeWav",
    "audio:float32 sample_rate:int32 -> contents:string",
    shape=_encode_shape,
    kernel=_encode,
    grad=NO_GRADIENT,
)

# -- spectrograms ------------------------------------------------------------------------------


def _frames(samples: Dim, window: int, stride: int) -> Dim:
    if samples is None:
        return None
    return 0 if samples < window else 1 + (samples - window) // stride


def _points(window: int) -> int:
    """The least power of two that holds a window."""
    return 1 << max(window - 1, 0).bit_length()


def _spectrogram_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    samples, channels = with_rank(shapes[0], 2)
    window, stride = attrs["window_size"], attrs["stride"]
    if window < 2 or stride < 1:
        raise ValueError(
            f"Spectrogram initialization failed for window size {window} and stride {stride}: "
            "at least 2 and 1 are needed"
        )
    return [(channels, _frames(samples, window, stride), 1 + _points(window) // 2)]


def _spectrogram(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    audio = np.asarray(inputs[0], np.float64).T
    window, stride = attrs["window_size"], attrs["stride"]
    (shape,) = _spectrogram_shape([np.shape(inputs[0])], attrs, ())  # type: ignore[arg-type]
    if 0 in (shape or ()):
        return np.zeros(shape, np.float32)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    framed = np.lib.stride_tricks.sliding_window_view(audio, window, axis=1)[:, ::stride]
    spectrum = np.fft.rfft(framed * hann, _points(window))
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    return xp.asarray(power if attrs["magnitude_squared"] else np.sqrt(power))


define(
    "AudioSpectrogram",
    "input:float32 -> spectrogram:float32",
    "window_size:int; stride:int; magnitude_squared:bool=false",
    shape=_spectrogram_shape,
    kernel=_spectrogram,
    grad=NO_GRADIENT,
)

# -- cepstral coefficients ---------------------------------------------------------------------
_LEAST_POWER = 1e-12


def _mel(hertz: Any) -> Any:
    return 1127.0 * np.log1p(hertz / 700.0)


def _filters(bins: int, rate: float, channels: int, low: float, high: float) -> Array:
    """A matrix that sums magnitudes of a spectrum under triangles, linear in mel."""
    if bins < 2 or rate <= 0 or channels < 1 or low < 0 or high <= low:
        raise ValueError(
            f"Mfcc initialization failed for channel count {bins} and sample rate {rate}: it needs "
            "at least 2 bins, a positive rate, a filter, and 0 <= lower < upper frequency limit."
        )
    width = 0.5 * rate / (bins - 1)
    first, last = int(1.5 + low / width), int(high / width)
    if last >= bins:
        raise ValueError(
            f"Mfcc needs frequencies up to {high}, those of rate {rate} end at {rate / 2}."
        )
    allocatable([bins, channels], np.float64, arrays=4)
    edges = np.linspace(_mel(low), _mel(high), channels + 2)
    at = _mel(np.arange(bins) * width)[:, None]
    rising = (at - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - at) / (edges[2:] - edges[1:-1])
    weights = np.maximum(np.minimum(rising, falling), 0)
    used = (np.arange(bins) >= first) & (np.arange(bins) <= last)
    return np.where(used[:, None], weights, 0)


def _cosines(channels: int, coefficients: int) -> Array:
    """The cosine transform of type II, scaled by sqrt(2 / channels)."""
    if not 1 <= coefficients <= channels:
        raise ValueError(
            f"Coefficient count must be positive and at most the input length: {coefficients} of "
            f"{channels}."
        )
    angle = math.pi / channels * np.outer(np.arange(channels) + 0.5, np.arange(coefficients))
    return math.sqrt(2.0 / channels) * np.cos(angle)


def _mfcc_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    with_rank(shapes[1], 0)
    return [(*with_rank(shapes[0], 3)[:2], attrs["dct_coefficient_count"])]


def _mfcc(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    spectrogram, rate = np.asarray(inputs[0]), scalar(inputs[1])
    channels = attrs["filterbank_channel_count"]
    limits = attrs["lower_frequency_limit"], attrs["upper_frequency_limit"]
    filters = _filters(spectrogram.shape[-1], rate, channels, *limits)
    with np.errstate(invalid="ignore"):
        magnitudes = np.sqrt(spectrogram.astype(np.float64))
    powers = np.log(np.maximum(magnitudes @ filters, _LEAST_POWER))
    return xp.asarray((powers @ _cosines(channels, attrs["dct_coefficient_count"])), np.float32)


define(
    "Mfcc",
    "spectrogram:float32 sample_rate:int32 -> output:float32",
    "upper_frequency_limit:float=4000.0; lower_frequency_limit:float=20.0; "
    "filterbank_channel_count:int=40; dct_coefficient_count:int=13",
    shape=_mfcc_shape,
    kernel=_mfcc,
    grad=NO_GRADIENT,
)
