"""`tf.signal`: what is not also a root name."""

from __future__ import annotations

from .fft_ops import fftshift, ifftshift, irfft, irfft2d, irfft3d, rfft, rfft2d, rfft3d
from .signal_frames import frame, hamming_window, hann_window, overlap_and_add
from .signal_transforms import (
    dct,
    idct,
    inverse_stft,
    inverse_stft_window_fn,
    linear_to_mel_weight_matrix,
    mfccs_from_log_mel_spectrograms,
    stft,
)

__all__ = [
    "dct",
    "fftshift",
    "frame",
    "hamming_window",
    "hann_window",
    "idct",
    "ifftshift",
    "inverse_stft",
    "inverse_stft_window_fn",
    "irfft",
    "irfft2d",
    "irfft3d",
    "linear_to_mel_weight_matrix",
    "mfccs_from_log_mel_spectrograms",
    "overlap_and_add",
    "rfft",
    "rfft2d",
    "rfft3d",
    "stft",
]
