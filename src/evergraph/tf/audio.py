"""`tf.audio`: WAV files."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from ..core.emit import apply
from ..core.tensor import Tensor
from .emitting import emit_tensor

__all__ = ["decode_wav", "encode_wav"]

DecodeWav = namedtuple("DecodeWav", ["audio", "sample_rate"])


def decode_wav(
    contents: Any, desired_channels: Any = -1, desired_samples: Any = -1, name: Any = None
) -> Any:
    """The samples `[samples, channels]`, from -1 to 1, and the rate of a WAV file of 16 bits.

    Wanted channels that the file lacks repeat its last one; wanted samples beyond its end are 0.
    """
    wanted = {"desired_channels": desired_channels, "desired_samples": desired_samples}
    return DecodeWav(*apply("DecodeWav", contents, name=name, **wanted))


def encode_wav(audio: Any, sample_rate: Any, name: Any = None) -> Tensor:
    """A WAV file of 16 bits from samples `[samples, channels]` between -1 and 1."""
    return emit_tensor("EncodeWav", audio, sample_rate, name=name)


def audio_spectrogram(
    input: Any, window_size: Any, stride: Any, magnitude_squared: Any = False, name: Any = None
) -> Tensor:
    """Magnitudes of Fourier transforms of windows: `[samples, channels]` to `[channels, windows,
    bins]`."""
    attrs = {"window_size": window_size, "stride": stride, "magnitude_squared": magnitude_squared}
    return emit_tensor("AudioSpectrogram", input, name=name, **attrs)


def mfcc(
    spectrogram: Any,
    sample_rate: Any,
    upper_frequency_limit: Any = 4000,
    lower_frequency_limit: Any = 20,
    filterbank_channel_count: Any = 40,
    dct_coefficient_count: Any = 13,
    name: Any = None,
) -> Tensor:
    """Mel-frequency cepstral coefficients of squared magnitudes `[channels, windows, bins]`."""
    attrs = {
        "upper_frequency_limit": upper_frequency_limit,
        "lower_frequency_limit": lower_frequency_limit,
        "filterbank_channel_count": filterbank_channel_count,
        "dct_coefficient_count": dct_coefficient_count,
    }
    return emit_tensor("Mfcc", spectrogram, sample_rate, name=name, **attrs)
