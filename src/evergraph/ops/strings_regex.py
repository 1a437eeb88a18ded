"""Ops that match and replace by regular expressions, in RE2's syntax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, with_rank
from .regex_machine import Regex, Spans, as_text, as_utf8, compiled
from .text_arrays import as_bytes, mapped, measured, same_shape, text_scalar


def _expanded(rewrite: str, text: str, spans: Spans) -> str:
    """The rewrite with `\\0` to `\\9` replaced by what the groups matched."""
    out, at = [], 0
    while at < len(rewrite):
        c = rewrite[at]
        if c == "\\":
            at += 1
            group = int(rewrite[at]) if rewrite[at] != "\\" else None
            c = "\\" if group is None else text[spans[2 * group] or 0 : spans[2 * group + 1] or 0]
        out.append(c)
        at += 1
    return "".join(out)


def _fits(rewrite: str, groups: int) -> bool:
    """Whether a rewrite's escapes are well formed and name groups that there are."""
    at = rewrite.find("\\")
    while at >= 0:
        follows = rewrite[at + 1 : at + 2]
        is_group = follows.isascii() and follows.isdigit()
        if not (follows == "\\" or (is_group and int(follows) <= groups)):
            return False
        at = rewrite.find("\\", at + 2)
    return True


def replaced(regex: Regex, text: bytes, rewrite: str, everywhere: bool) -> bytes:
    """The text with the first match, or all of them, replaced."""
    whole = as_text(text)
    out: list[str] = []
    at, last_end = 0, -1
    while at <= len(whole):
        spans = regex.search(whole, at)
        if spans is None:
            break
        start, end = spans[0] or 0, spans[1] or 0
        out.append(whole[at:start])
        if start == end == last_end:  # an empty match right after a match does not count
            out.append(whole[start : start + 1])
            at = start + 1
            continue
        out.append(_expanded(rewrite, whole, spans))
        at = last_end = end
        if not everywhere:
            break
        if start == end:
            out.append(whole[at : at + 1])
            at += 1
    return as_utf8("".join(out) + whole[at:])


def _replace(x: Any, pattern: bytes, rewrite: bytes, attrs: Attrs) -> Array:
    regex, rule = compiled(pattern), as_text(rewrite)
    if not _fits(rule, regex.groups):  # RE2 then leaves the text alone
        return mapped(lambda s: s, x)
    return mapped(lambda s: replaced(regex, s, rule, attrs["replace_global"]), x)


def _regex_replace(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    pattern = text_scalar(inputs[1], "Pattern")
    return _replace(inputs[0], pattern, text_scalar(inputs[2], "Rewrite"), attrs)


def _static_replace(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    return _replace(inputs[0], as_bytes(attrs["pattern"]), as_bytes(attrs["rewrite"]), attrs)


def _full_match(x: Any, pattern: bytes) -> Array:
    regex = compiled(pattern)
    return measured(lambda s: regex.matches(as_text(s)), x, np.bool_)


def _dynamic_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    for shape in shapes[1:]:
        with_rank(shape, 0)
    return [shapes[0]]


define(
    "RegexReplace",
    "input:string pattern:string rewrite:string -> output:string",
    "replace_global:bool=true",
    shape=_dynamic_shape,
    kernel=_regex_replace,
    grad=NO_GRADIENT,
)
define(
    "StaticRegexReplace",
    "input:string -> output:string",
    "pattern:string; rewrite:string; replace_global:bool=true",
    shape=same_shape,
    kernel=_static_replace,
    grad=NO_GRADIENT,
)
define(
    "RegexFullMatch",
    "input:string pattern:string -> output:bool",
    shape=_dynamic_shape,
    kernel=lambda xp, inputs, attrs: _full_match(inputs[0], text_scalar(inputs[1], "Pattern")),
    grad=NO_GRADIENT,
)
define(
    "StaticRegexFullMatch",
    "input:string -> output:bool",
    "pattern:string",
    shape=same_shape,
    kernel=lambda xp, inputs, attrs: _full_match(inputs[0], as_bytes(attrs["pattern"])),
    grad=NO_GRADIENT,
)
