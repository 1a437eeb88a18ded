"""`tf.contrib.text`: pairs of neighbouring tokens."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import float64
from ...core.emit import apply
from ...errors import UnimplementedError
from .. import array_ops, math_ops
from ..framework import get_seed, name_scope
from ..random_ops import random_uniform

__all__ = ["skip_gram_sample"]


def skip_gram_sample(
    input_tensor: Any,
    min_skips: Any = 1,
    max_skips: Any = 5,
    start: Any = 0,
    limit: Any = -1,
    emit_self_as_target: Any = False,
    vocab_freq_table: Any = None,
    vocab_min_count: Any = None,
    vocab_subsampling: Any = None,
    corpus_size: Any = None,
    batch_size: Any = None,
    batch_capacity: Any = None,
    seed: Any = None,
    name: Any = None,
) -> Any:
    """Tokens, and for each one that stands near it: two vectors of equal length.

    How far is drawn for each token between `min_skips` and `max_skips`. A table of frequencies
    leaves out tokens that are rare, and thins out those that are frequent. Raises ValueError for
    arguments that need such a table without one.
    """
    options = (vocab_min_count, vocab_subsampling, corpus_size)
    if vocab_freq_table is None and any(o is not None for o in options):
        raise ValueError(
            "vocab_freq_table is not provided, but vocab_min_count, vocab_subsampling or "
            "corpus_size is: they are useless without it."
        )
    if (vocab_subsampling is None) != (corpus_size is None):
        raise ValueError("vocab_subsampling and corpus_size must both be provided, or neither.")
    if batch_size:
        raise UnimplementedError(
            None, None, "skip_gram_sample(batch_size=...) is not supported: use tf.train.batch."
        )
    parts = [input_tensor, min_skips, max_skips, start, limit]
    with name_scope(name, "skip_gram_sample", parts):
        if vocab_freq_table is not None:
            parts[0] = _filtered(input_tensor, vocab_freq_table, options, seed)
        first, second = get_seed(seed)
        made = apply(
            "SkipGramGenerateCandidates",
            *parts,
            emit_self_as_target,
            seed=first or 0,
            seed2=second or 0,
        )
        return tuple(made)


def _filtered(tokens: Any, table: Any, options: tuple[Any, Any, Any], seed: Any) -> Any:
    """The tokens that are in the table often enough, the frequent ones thinned out."""
    least, threshold, total = options
    if not hasattr(table, "lookup") or not hasattr(table, "default_value"):
        raise ValueError(f"vocab_freq_table must be a lookup table, not {type(table)}.")
    with name_scope("filter_vocab", values=[tokens, least]):
        counts = table.lookup(tokens)
        kept = math_ops.not_equal(counts, table.default_value)
        if least is not None:
            enough = math_ops.greater_equal(counts, math_ops.cast(least, counts.dtype))
            kept = math_ops.logical_and(kept, enough)
        tokens, counts = (array_ops.boolean_mask(x, kept) for x in (tokens, counts))
    if not threshold:
        return tokens
    if not 0 <= threshold <= 1:
        raise ValueError(
            f"Invalid vocab_subsampling={threshold} - it should be within range [0, 1]."
        )
    with name_scope("subsample_vocab", values=[tokens, counts]):
        expected = math_ops.cast(threshold, float64) * math_ops.cast(total, float64)
        counts = math_ops.cast(counts, float64)
        chance = (math_ops.sqrt(counts / expected) + 1.0) * (expected / counts)
        drawn = random_uniform(array_ops.shape(counts), 0, 1, float64, seed=seed)
        return array_ops.boolean_mask(tokens, math_ops.less_equal(drawn, chance))
