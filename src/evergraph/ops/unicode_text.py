"""Text in any encoding as code points and where they stand; what is malformed is ICU's view."""

from __future__ import annotations

import codecs
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources
from typing import NamedTuple

_found = threading.local()
_REPLACED = "\ufffd"


def _note(error: UnicodeError) -> tuple[str, int]:
    """A codec's error handler: remembers where malformed bytes are."""
    assert isinstance(error, UnicodeDecodeError)
    _found.spans.append((error.start, error.end))
    return _REPLACED, error.end


codecs.register_error("evergraph_note", _note)


class Character(NamedTuple):
    """A code point, the place of its first byte, and whether the bytes were malformed."""

    point: int
    start: int
    malformed: bool


def _utf8_width(point: int) -> int:
    return 1 + (point > 0x7F) + (point > 0x7FF) + (point > 0xFFFF)


_WIDTHS: dict[str, Callable[[int], int]] = {
    "utf-8": _utf8_width,
    "utf-16-be": lambda point: 4 if point > 0xFFFF else 2,
    "utf-16-le": lambda point: 4 if point > 0xFFFF else 2,
    "utf-32-be": lambda point: 4,
    "utf-32-le": lambda point: 4,
    "iso8859-1": lambda point: 1,
    "ascii": lambda point: 1,
}
_MARKS = {
    "utf-16": (("utf-16-be", codecs.BOM_UTF16_BE), ("utf-16-le", codecs.BOM_UTF16_LE)),
    "utf-32": (("utf-32-be", codecs.BOM_UTF32_BE), ("utf-32-le", codecs.BOM_UTF32_LE)),
}


@cache
def codec_name(encoding: str) -> str:
    """The name by which Python knows an encoding of text; ValueError if it knows none."""
    try:
        info = codecs.lookup(encoding)
    except (LookupError, UnicodeError, ValueError):
        info = None
    if info is None or not info._is_text_encoding or info.name in _NOT_OFFERED:
        raise ValueError(f"Could not create converter for input encoding: {encoding}")
    return info.name


_NOT_OFFERED = ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "unicode-escape")


def _without_mark(text: bytes, codec: str) -> tuple[str, int]:
    """The codec that a byte order mark chooses, and how long the mark is."""
    for chosen, mark in _MARKS.get(codec, ()):
        if text.startswith(mark):
            return chosen, len(mark)
    return (codec + "-be" if codec in _MARKS else codec), 0


def characters(text: bytes, encoding: str) -> Iterator[Character]:
    """The characters of `text`; malformed bytes count as one U+FFFD each stretch."""
    codec, at = _without_mark(text, codec_name(encoding))
    offset, _found.spans = at, []
    decoded = codecs.decode(text[at:], codec, "evergraph_note")
    spans = iter(_found.spans)
    bad = next(spans, None)
    width = _WIDTHS.get(codec) or (lambda point: len(codecs.encode(chr(point), codec)))
    for character in decoded:
        point = ord(character)
        start = 0 if at == offset else at  # a mark belongs to the character that it precedes
        if bad is not None and at - offset == bad[0] and character == _REPLACED:
            control = _control(text, at, bad[1] - bad[0], codec)
            yield Character(point if control is None else control, start, control is None)
            at, bad = offset + bad[1], next(spans, None)
        else:
            yield Character(point, start, False)
            at += width(point)


def _control(text: bytes, at: int, length: int, codec: str) -> int | None:
    """The control character that ICU sees in a byte that a Windows code page leaves free."""
    free = codec.startswith("cp125") and length == 1 and 0x80 <= text[at] < 0xA0
    return text[at] if free else None


# -- scripts -----------------------------------------------------------------------------------
@cache
def _scripts() -> tuple[list[int], list[int]]:
    content = resources.files(__package__).joinpath("unicode_scripts.tsv").read_text()
    rows = [line.split("\t") for line in content.splitlines()]
    return [int(first, 16) for first, _ in rows], [int(script) for _, script in rows]


def script_of(point: int) -> int:
    """The number of a code point's script in ICU; -1 where there is no such code point."""
    if not 0 <= point < 0x110000:
        return -1
    starts, scripts = _scripts()
    return scripts[bisect_right(starts, point) - 1]
