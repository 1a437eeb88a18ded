"""Ops that cut text into parts: splits and n-grams."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, with_rank
from .text_arrays import WHITESPACE, as_bytes, checked_splits, text_array, text_scalar, texts


def _sparse(rows: Sequence[Sequence[bytes]]) -> tuple[Array, Array, Array]:
    """Rows of strings as a sparse matrix: indices, values and shape."""
    indices = [(i, j) for i, row in enumerate(rows) for j in range(len(row))]
    values = [text for row in rows for text in row]
    widest = max(map(len, rows), default=0)
    shape = np.array([len(rows), widest], np.int64)
    return np.array(indices, np.int64).reshape(-1, 2), text_array(values), shape


def _split_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    with_rank(shapes[0], 1)
    with_rank(shapes[1], 0)
    return [(None, 2), (None,), (2,)]


def _vector(x: Any) -> list[bytes]:
    x = texts(x)
    if x.ndim != 1:
        raise ValueError(f"input must be a vector, got shape: {list(x.shape)}")
    rows: list[bytes] = x.tolist()
    return rows


def split_at_any(text: bytes, delimiters: bytes) -> list[bytes]:
    """The parts between any of the delimiters' bytes; the single bytes if there are none."""
    if not delimiters:
        return [bytes([c]) for c in text]
    first = delimiters[:1]
    for other in delimiters[1:]:
        text = text.replace(bytes([other]), first)
    return text.split(first)


def _split(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array, Array]:
    delimiters = text_scalar(inputs[1], "delimiter")
    rows = []
    for text in _vector(inputs[0]):
        parts = split_at_any(text, delimiters) if text else []
        rows.append([p for p in parts if p] if attrs["skip_empty"] else parts)
    return _sparse(rows)


define(
    "StringSplit",
    "input:string delimiter:string -> indices:int64 values:string shape:int64",
    "skip_empty:bool=true",
    shape=_split_shape,
    kernel=_split,
    data_dependent=True,
    grad=NO_GRADIENT,
)


def split_like_python(text: bytes, separator: bytes, most: int) -> list[bytes]:
    """`text.split`, where the rest after `most` splits may be empty; -1: all."""
    if most == 0:
        return [text]
    if separator:
        return text.split(separator, most if most > 0 else -1)
    parts = text.lstrip(WHITESPACE).split(None, most if most > 0 else -1)
    if most > 0 and len(parts) == most:
        parts.append(b"")  # the rest that TensorFlow keeps
    return parts


def _split_v2(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array, Array]:
    separator = text_scalar(inputs[1], "sep")
    most = attrs["maxsplit"]
    return _sparse([split_like_python(t, separator, most) for t in _vector(inputs[0])])


define(
    "StringSplitV2",
    "input:string sep:string -> indices:int64 values:string shape:int64",
    "maxsplit:int=-1",
    shape=_split_shape,
    kernel=_split_v2,
    data_dependent=True,
    grad=NO_GRADIENT,
)


# -- n-grams -----------------------------------------------------------------------------------
MOST_TOKENS = 1 << 27  # in all n-grams of an op


class _NGrams:
    """What the attributes say about n-grams."""

    def __init__(self, attrs: Attrs) -> None:
        self.separator = as_bytes(attrs["separator"])
        self.left, self.right = as_bytes(attrs["left_pad"]), as_bytes(attrs["right_pad"])
        self.pad, self.keep_short = attrs["pad_width"], attrs["preserve_short_sequences"]
        self.widths = attrs["ngram_widths"]
        if any(w < 1 for w in self.widths):
            raise ValueError(f"ngram_widths must be positive, got {list(self.widths)}.")

    def padding(self, width: int) -> int:
        """How many pads an n-gram of this width may have on a side."""
        return min(width - 1 if self.pad < 0 else self.pad, width - 1)

    def of_width(self, row: Sequence[bytes], width: int, count: int) -> list[bytes]:
        """The first `count` n-grams of a row."""
        pad = self.padding(width)
        if count * width > MOST_TOKENS or width + 2 * pad > MOST_TOKENS:
            raise ValueError(f"N-grams of width {width} of {len(row)} tokens are too many.")
        padded = [self.left] * pad + list(row) + [self.right] * pad
        return [self.separator.join(padded[i : i + width]) for i in range(count)]

    def of_row(self, row: Sequence[bytes]) -> list[bytes]:
        """All n-grams of a row, width by width."""
        found: list[bytes] = []
        for width in self.widths:
            count = len(row) + 2 * self.padding(width) - width + 1
            found += self.of_width(row, width, max(count, 0))
        if not found and self.keep_short and row:
            return self.of_width(row, len(row) + 2 * max(self.pad, 0), 1)
        return found


def _ngrams(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array]:
    tokens, rule = texts(inputs[0]), _NGrams(attrs)
    if tokens.ndim != 1:
        raise ValueError("The data of n-grams must be a vector.")
    splits = checked_splits(inputs[1], len(tokens), "data_splits")
    rows = [rule.of_row(tokens[a:b].tolist()) for a, b in pairwise(splits)]
    ends = np.cumsum([0] + [len(r) for r in rows])
    return text_array([t for r in rows for t in r]), ends.astype(attrs["Tsplits"].np_dtype)


def _ngrams_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    with_rank(shapes[0], 1)
    return [(None,), with_rank(shapes[1], 1)]


define(
    "StringNGrams",
    "data:string data_splits:Tsplits -> ngrams:string ngrams_splits:Tsplits",
    "separator:string; ngram_widths:list(int)>=0; left_pad:string; right_pad:string; "
    "pad_width:int; preserve_short_sequences:bool; Tsplits:type{index}=int64",
    shape=_ngrams_shape,
    kernel=_ngrams,
    data_dependent=True,
    grad=NO_GRADIENT,
)
