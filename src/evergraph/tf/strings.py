"""`tf.strings`: the names that are there alone; the others are those of `string_ops`."""

from __future__ import annotations

from typing import Any

from ..core.tensor import Tensor
from .dispatch import dispatched
from .emitting import emit_tensor
from .ragged_text import (
    bytes_split,
    ngrams,
    split,
    unicode_decode,
    unicode_decode_with_offsets,
    unicode_encode,
    unicode_split,
    unicode_split_with_offsets,
)
from .string_ops import unsorted_segment_join

__all__ = [
    "bytes_split",
    "format",
    "length",
    "lower",
    "ngrams",
    "regex_full_match",
    "split",
    "substr",
    "unicode_decode",
    "unicode_decode_with_offsets",
    "unicode_encode",
    "unicode_script",
    "unicode_split",
    "unicode_split_with_offsets",
    "unicode_transcode",
    "unsorted_segment_join",
    "upper",
]
_TEXT = (str, bytes)


def format(
    template: str, inputs: Any, placeholder: str = "{}", summarize: int = 3, name: Any = None
) -> Tensor:
    """The template with each placeholder replaced by the values of a tensor.

    Raises ValueError unless there are as many placeholders as tensors.
    """
    if isinstance(inputs, Tensor):
        inputs = [inputs]
    wanted = template.count(placeholder)
    if wanted != len(inputs):
        raise ValueError(
            f"{wanted} placeholder(s) in template does not match {len(inputs)} tensor(s) "
            "provided as input"
        )
    form = {"template": template, "placeholder": placeholder, "summarize": summarize}
    return emit_tensor("StringFormat", list(inputs), **form, name=name)


@dispatched
def length(input: Any, name: Any = None, unit: str = "BYTE") -> Tensor:
    """How many bytes (or characters, for `unit="UTF8_CHAR"`) each string has."""
    return emit_tensor("StringLength", input, unit=unit, name=name)


@dispatched
def lower(input: Any, encoding: str = "", name: Any = None) -> Tensor:
    """Each string in lower case: ASCII letters alone, or all for `encoding="utf-8"`."""
    return emit_tensor("StringLower", input, encoding=encoding, name=name)


@dispatched
def upper(input: Any, encoding: str = "", name: Any = None) -> Tensor:
    """Each string in upper case: ASCII letters alone, or all for `encoding="utf-8"`."""
    return emit_tensor("StringUpper", input, encoding=encoding, name=name)


@dispatched
def substr(input: Any, pos: Any, len: Any, name: Any = None, unit: str = "BYTE") -> Tensor:
    """`len` bytes (or characters, for `unit="UTF8_CHAR"`) of each string from `pos` on."""
    return emit_tensor("Substr", input, pos, len, unit=unit, name=name)


@dispatched
def regex_full_match(input: Any, pattern: Any, name: Any = None) -> Tensor:
    """Whether each string matches the pattern (in RE2's syntax) as a whole."""
    if isinstance(pattern, _TEXT):
        return emit_tensor("StaticRegexFullMatch", input, pattern=pattern, name=name)
    return emit_tensor("RegexFullMatch", input, pattern, name=name)


@dispatched
def unicode_script(input: Any, name: Any = None) -> Tensor:
    """The number (ICU's) of the script that each code point belongs to; -1 for none."""
    return emit_tensor("UnicodeScript", input, name=name)


def unicode_transcode(
    input: Any,
    input_encoding: str,
    output_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    replace_control_characters: bool = False,
    name: Any = None,
) -> Tensor:
    """Each string in another encoding: UTF-8, UTF-16-BE or UTF-32-BE."""
    policy = {"errors": errors, "replacement_char": replacement_char}
    encodings = {"input_encoding": input_encoding, "output_encoding": output_encoding}
    controls = {"replace_control_characters": replace_control_characters}
    return emit_tensor("UnicodeTranscode", input, **encodings, **policy, **controls, name=name)
