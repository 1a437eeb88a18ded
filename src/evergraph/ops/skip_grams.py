"""The op that draws pairs of neighbouring tokens, for word embeddings.

See Mikolov et al., 2013, https://arxiv.org/abs/1301.3781.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, with_rank
from .philox import Philox
from .philox_words import Words
from .random import SEEDS, generator

MOST_PAIRS = 1 << 28


def _window(inputs: Sequence[Any], size: int) -> tuple[int, int]:
    """Where the tokens that count start and end."""
    start, limit = int(inputs[3]), int(inputs[4])
    if start < 0:
        raise ValueError(f"start must not be negative, got {start}.")
    return start, size if limit < 0 else min(start + limit, size)


def _skip_range(inputs: Sequence[Any]) -> tuple[int, int]:
    least, most = int(inputs[1]), int(inputs[2])
    if least < 0 or most < 0:
        raise ValueError("Both min_skips and max_skips must be >= 0.")
    if least > most:
        raise ValueError("min_skips must be <= max_skips.")
    return least, most


def _candidates(
    xp: Any, inputs: Sequence[Array], attrs: Attrs, state: Philox
) -> tuple[Array, Array]:
    tokens = np.asarray(inputs[0]).reshape(-1)
    least, most = _skip_range(inputs)
    start, end = _window(inputs, len(tokens))
    itself = bool(inputs[5])
    count = max(end - start, 0)
    if count * (2 * min(most, count) + 1) > MOST_PAIRS:
        raise ValueError(f"{count} tokens with up to {most} skips have too many pairs.")
    words = Words.reserved(state, count + 1)
    pairs = []
    for i in range(start, end):
        skips = least + words.below(most - least + 1)
        near = range(max(i - skips, start), min(i + skips + 1, end))
        pairs += [(i, j) for j in near if itself or i != j]
    places = np.array(pairs, np.int64).reshape(-1, 2)
    return tokens[places[:, 0]], tokens[places[:, 1]]


def _shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    with_rank(shapes[0], 1)
    for shape in shapes[1:]:
        with_rank(shape, 0)
    return [(None,), (None,)]


define(
    "SkipGramGenerateCandidates",
    "input_tensor:T min_skips:int32 max_skips:int32 start:int32 limit:int32 "
    "emit_self_as_target:bool -> tokens:T labels:T",
    f"T:type; {SEEDS}",
    shape=_shape,
    kernel=_candidates,
    stateful=True,
    state=generator,
    data_dependent=True,
    grad=NO_GRADIENT,
)
