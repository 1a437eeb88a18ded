"""Ops on text in any encoding: decoding, encoding, transcoding, scripts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, size_of, with_rank
from .text_arrays import checked_splits, mapped, same_shape, text_array, texts
from .unicode_text import characters, script_of

_CODECS = {"UTF-8": "utf-8", "UTF-16-BE": "utf-16-be", "UTF-32-BE": "utf-32-be"}
_DECODING = (
    "input_encoding:string; errors:string{strict,replace,ignore}='replace'; "
    "replacement_char:int=65533; replace_control_characters:bool=false"
)


class _Policy:
    """What the attributes say about malformed text."""

    def __init__(self, attrs: Attrs) -> None:
        self.errors = attrs["errors"]
        self.replacement = attrs["replacement_char"]
        self.controls = attrs.get("replace_control_characters", False)
        if not 0 <= self.replacement <= 0x10FFFF:
            raise ValueError("replacement_char out of unicode codepoint range")

    def decoded(self, text: bytes, encoding: str) -> list[tuple[int, int]]:
        """Code points and where they start."""
        found = []
        for point, start, malformed in characters(text, encoding):
            if malformed or (self.controls and point < 0x20):
                if self.errors == "strict":
                    raise ValueError("Invalid formatting on input string")
                if self.errors == "ignore":
                    continue
                point = self.replacement
            found.append((point, start))
        return found

    def encoded(self, points: Sequence[int], codec: str) -> bytes:
        """Code points as text; those that are none follow the policy."""
        valid = []
        for point in points:
            if not 0 <= point <= 0x10FFFF or 0xD800 <= point < 0xE000:
                if self.errors == "strict":
                    raise ValueError(
                        f"Code point is out of range for Unicode, or a noncharacter: {point:#x}."
                    )
                if self.errors == "ignore":
                    continue
                point = self.replacement
            valid.append(chr(point))
        return "".join(valid).encode(codec, "replace")


# -- decoding ----------------------------------------------------------------------------------
def _decode_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    size = size_of(shapes[0])
    return [(None if size is None else size + 1,), (None,), (None,)]


def _decode(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array, Array]:
    policy, encoding = _Policy(attrs), attrs["input_encoding"]
    rows = [policy.decoded(t, encoding) for t in texts(inputs[0]).ravel().tolist()]
    splits = np.cumsum([0, *map(len, rows)]).astype(attrs["Tsplits"].np_dtype)
    pairs = np.array([pair for row in rows for pair in row], np.int64).reshape(-1, 2)
    return splits, pairs[:, 0].astype(np.int32), pairs[:, 1].copy()


define(
    "UnicodeDecode",
    "input:string -> row_splits:Tsplits char_values:int32",
    _DECODING + "; Tsplits:type{index}=int64",
    shape=lambda shapes, attrs, values: _decode_shape(shapes, attrs, values)[:2],
    kernel=lambda xp, inputs, attrs: _decode(xp, inputs, attrs)[:2],
    data_dependent=True,
    grad=NO_GRADIENT,
)
define(
    "UnicodeDecodeWithOffsets",
    "input:string -> row_splits:Tsplits char_values:int32 char_to_byte_starts:int64",
    _DECODING + "; Tsplits:type{index}=int64",
    shape=_decode_shape,
    kernel=_decode,
    data_dependent=True,
    grad=NO_GRADIENT,
)


# -- encoding ----------------------------------------------------------------------------------
def _encode_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    with_rank(shapes[0], 1)
    (splits,) = with_rank(shapes[1], 1)
    return [(None if splits is None else splits - 1,)]


def _encode(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    policy, codec = _Policy(attrs), _CODECS[attrs["output_encoding"]]
    points: list[int] = np.asarray(inputs[0]).tolist()
    splits = _encode_splits(inputs[1], len(points))
    return text_array(policy.encoded(points[a:b], codec) for a, b in pairwise(splits))


def _encode_splits(splits: Any, count: int) -> list[int]:
    array = np.asarray(splits)
    if array.size and array.flat[0] != 0:
        raise ValueError("First value in input_splits must be zero.")
    if array.size and array.flat[-1] != count:
        raise ValueError("Last value in input_splits must be equal to length of input_tensor.")
    return checked_splits(array, count, "input_splits")


define(
    "UnicodeEncode",
    "input_values:int32 input_splits:Tsplits -> output:string",
    "errors:string{ignore,replace,strict}='replace'; "
    "output_encoding:string{UTF-8,UTF-16-BE,UTF-32-BE}; replacement_char:int=65533; "
    "Tsplits:type{index}=int64",
    shape=_encode_shape,
    kernel=_encode,
    grad=NO_GRADIENT,
)


def _transcode(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    policy, encoding = _Policy(attrs), attrs["input_encoding"]
    codec = _CODECS[attrs["output_encoding"]]

    def changed(text: bytes) -> bytes:
        return policy.encoded([point for point, _ in policy.decoded(text, encoding)], codec)

    return mapped(changed, inputs[0])


define(
    "UnicodeTranscode",
    "input:string -> output:string",
    _DECODING.replace("errors:", "output_encoding:string{UTF-8,UTF-16-BE,UTF-32-BE}; errors:"),
    shape=same_shape,
    kernel=_transcode,
    grad=NO_GRADIENT,
)


def _script(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x = np.asarray(inputs[0])
    return np.array([script_of(p) for p in x.ravel().tolist()], np.int32).reshape(x.shape)


define(
    "UnicodeScript",
    "input:int32 -> output:int32",
    shape=same_shape,
    kernel=_script,
    grad=NO_GRADIENT,
)
