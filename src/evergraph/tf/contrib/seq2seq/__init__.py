"""`tf.contrib.seq2seq`: losses of sequences."""

from __future__ import annotations

from .loss import sequence_loss

__all__ = ["sequence_loss"]
