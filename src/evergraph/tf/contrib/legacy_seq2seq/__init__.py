"""`tf.contrib.legacy_seq2seq`: losses of sequences that are lists of steps."""

from __future__ import annotations

from .losses import model_with_buckets, sequence_loss, sequence_loss_by_example

__all__ = ["model_with_buckets", "sequence_loss", "sequence_loss_by_example"]
