"""`tf.contrib.crf`: linear-chain conditional random fields.

J. Lafferty, A. McCallum and F. Pereira, "Conditional Random Fields", ICML 2001.
"""

from __future__ import annotations

from .decoding import crf_decode, viterbi_decode
from .scores import (
    crf_binary_score,
    crf_log_likelihood,
    crf_log_norm,
    crf_multitag_sequence_score,
    crf_sequence_score,
    crf_unary_score,
)

__all__ = [
    "crf_binary_score",
    "crf_decode",
    "crf_log_likelihood",
    "crf_log_norm",
    "crf_multitag_sequence_score",
    "crf_sequence_score",
    "crf_unary_score",
    "viterbi_decode",
]
