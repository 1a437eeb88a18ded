"""RE2's regular expressions as trees (https://github.com/google/re2/wiki/Syntax).

Python's `re` differs from RE2 in what it accepts (back references, look-around, possessive
repeats) and in what `$`, `\\s` or `(?i)` mean, so patterns are parsed here and written anew.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from .unicode_text import script_of

LAST = 0x10FFFF
MOST_REPEATS = 1000
MOST_NESTED = 100

Ranges = tuple[tuple[int, int], ...]


class PatternError(ValueError):
    """What is wrong with a pattern."""


@dataclass(frozen=True)
class Node:
    """A part of a pattern.

    `kind` is one of: chars (one character of `ranges`), cat, alt, repeat, group, and the
    assertions begin, end, line_begin, line_end, word, not_word.
    """

    kind: str
    parts: tuple[Node, ...] = ()
    ranges: Ranges = ()
    least: int = 0
    most: int | None = None
    greedy: bool = True
    index: int = 0
    fold: bool = False


def inverted(ranges: Ranges) -> Ranges:
    """The characters that are not in the ranges; surrogates are no characters."""
    out, start = [], 0
    for first, last in sorted([*ranges, (0xD800, 0xDFFF)]):
        if first > start:
            out.append((start, first - 1))
        start = max(start, last + 1)
    if start <= LAST:
        out.append((start, LAST))
    return tuple(out)


_DIGIT: Ranges = ((48, 57),)
_WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACE: Ranges = ((9, 10), (12, 13), (32, 32))
_PERL = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_POSIX: dict[str, Ranges] = {
    "alnum": ((48, 57), (65, 90), (97, 122)),
    "alpha": ((65, 90), (97, 122)),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": _DIGIT,
    "graph": ((33, 126),),
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": _WORD,
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}
_SCRIPTS = {
    "Common": 0,
    "Inherited": 1,
    "Arabic": 2,
    "Armenian": 3,
    "Bengali": 4,
    "Bopomofo": 5,
    "Cherokee": 6,
    "Cyrillic": 8,
    "Devanagari": 10,
    "Ethiopic": 11,
    "Georgian": 12,
    "Gothic": 13,
    "Greek": 14,
    "Gujarati": 15,
    "Gurmukhi": 16,
    "Han": 17,
    "Hangul": 18,
    "Hebrew": 19,
    "Hiragana": 20,
    "Kannada": 21,
    "Katakana": 22,
    "Khmer": 23,
    "Lao": 24,
    "Latin": 25,
    "Malayalam": 26,
    "Mongolian": 27,
    "Myanmar": 28,
    "Sinhala": 33,
    "Tamil": 35,
    "Telugu": 36,
    "Thai": 38,
    "Tibetan": 39,
}
_CATEGORIES = {"C", "L", "M", "N", "P", "S", "Z"}


@cache
def property_ranges(name: str) -> Ranges:
    """The characters of a general category (`Lu`, `L`), a script (`Greek`) or `Any`."""
    if name == "Any":
        return ((0, LAST),)
    if name in _SCRIPTS:
        wanted = _SCRIPTS[name]
        return _where(lambda point: script_of(point) == wanted)
    if name[:1] not in _CATEGORIES or len(name) > 2:
        raise PatternError(f"invalid character class range: \\p{{{name}}}")
    return _where(lambda point: unicodedata.category(chr(point)).startswith(name))


def _where(holds: Any) -> Ranges:
    out: list[tuple[int, int]] = []
    for point in range(LAST + 1):
        if holds(point):
            if out and out[-1][1] == point - 1:
                out[-1] = (out[-1][0], point)
            else:
                out.append((point, point))
    return tuple(out)


def chars(ranges: Ranges, fold: bool = False) -> Node:
    """One character of these ranges."""
    return Node("chars", ranges=ranges, fold=fold)


def cat(parts: list[Node]) -> Node:
    """One part after the other."""
    return parts[0] if len(parts) == 1 else Node("cat", tuple(parts))


_ESCAPES = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
_ASSERTIONS = {"A": "begin", "z": "end", "b": "word", "B": "not_word"}


@dataclass
class _Flags:
    i: bool = False  # letters of either case
    m: bool = False  # ^ and $ at lines
    s: bool = False  # . is any character
    U: bool = False  # repeats take as little as they can

    def copy(self) -> _Flags:
        return _Flags(self.i, self.m, self.s, self.U)


@dataclass
class Parser:
    """Reads one pattern; `groups` and `names` tell of its groups afterwards."""

    pattern: str
    at: int = 0
    groups: int = 0
    depth: int = 0
    names: dict[str, int] = field(default_factory=dict)
    flags: _Flags = field(default_factory=_Flags)

    def parse(self) -> Node:
        """The whole pattern; PatternError where it is malformed."""
        tree = self._alternatives()
        if self.at < len(self.pattern):
            raise PatternError(f"unexpected ): {self.pattern}")
        check_repeats(tree)
        return tree

    # -- the text ------------------------------------------------------------------------------
    def _peek(self, length: int = 1) -> str:
        return self.pattern[self.at : self.at + length]

    def _take(self) -> str:
        if self.at >= len(self.pattern):
            raise PatternError("trailing \\")
        self.at += 1
        return self.pattern[self.at - 1]

    def _skip(self, text: str) -> bool:
        if not self.pattern.startswith(text, self.at):
            return False
        self.at += len(text)
        return True

    def _until(self, end: str, what: str) -> str:
        stop = self.pattern.find(end, self.at)
        if stop < 0:
            raise PatternError(f"missing {what}: {self.pattern[self.at :]}")
        text = self.pattern[self.at : stop]
        self.at = stop + len(end)
        return text

    # -- structure -----------------------------------------------------------------------------
    def _alternatives(self) -> Node:
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise PatternError("nesting too deep")
        branches = [self._sequence()]
        while self._skip("|"):
            branches.append(self._sequence())
        self.depth -= 1
        return branches[0] if len(branches) == 1 else Node("alt", tuple(branches))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self.at < len(self.pattern) and self._peek() not in "|)":
            if self._skip("\\Q"):
                parts += [self._literal(c) for c in self._quoted()]
                continue
            atom = self._atom()
            if atom is not None:
                parts.append(self._repeated(atom))
        return cat(parts)

    def _quoted(self) -> str:
        stop = self.pattern.find("\\E", self.at)
        end = len(self.pattern) if stop < 0 else stop
        text = self.pattern[self.at : end]
        self.at = end if stop < 0 else stop + 2
        return text

    def _literal(self, character: str) -> Node:
        return chars(((ord(character), ord(character)),), self.flags.i)

    def _atom(self) -> Node | None:
        c = self._take()
        if c == "(":
            return self._group()
        if c == "[":
            return self._class()
        if c == ".":
            return chars(inverted(() if self.flags.s else ((10, 10),)))
        if c == "^":
            return Node("line_begin" if self.flags.m else "begin")
        if c == "$":
            return Node("line_end" if self.flags.m else "end")
        if c == "\\":
            return self._escape()
        if c in "*+?":
            raise PatternError(f"no argument for repetition operator: {c}")
        return self._literal(c)

    def _group(self) -> Node | None:
        if self._skip("?P<") or (self._peek(2) == "?<" and self._peek(3) not in ("?<=", "?<!")):
            self._skip("?<")
            return self._capture(self._until(">", "closing >"))
        if self._skip("?"):
            return self._flagged()
        return self._capture(None)

    def _capture(self, name: str | None) -> Node:
        if name is not None and (not name.replace("_", "a").isalnum() or name in self.names):
            raise PatternError(f"invalid named capture group: (?P<{name}>")
        self.groups += 1
        index = self.groups
        if name is not None:
            self.names[name] = index
        return Node("group", (self._enclosed(),), index=index)

    def _enclosed(self) -> Node:
        """What stands up to the closing parenthesis; its flags end there."""
        before = self.flags.copy()
        inner = self._alternatives()
        if not self._skip(")"):
            raise PatternError(f"missing ): {self.pattern}")
        self.flags = before
        return inner

    def _flagged(self) -> Node | None:
        """`(?flags)` for what follows, or `(?flags:...)`."""
        start, value, before = self.at, True, self.flags.copy()
        while True:
            c = self._take() if self.at < len(self.pattern) else ""
            if c == "-" and value:
                value = False
            elif c and c in "imsU":
                setattr(self.flags, c, value)
            elif c == ")":
                return None
            elif c == ":":
                inside = self._enclosed()
                self.flags = before
                return Node("cat", (inside,))
            else:
                shown = self.pattern[start - 2 : self.at]
                raise PatternError(f"invalid perl operator: {shown}")

    # -- repeats -------------------------------------------------------------------------------
    def _repeated(self, atom: Node) -> Node:
        bounds = self._bounds()
        if bounds is None:
            return atom
        greedy = self._skip("?") == self.flags.U
        start = self.at
        if self._peek() in ("*", "+", "?") or self._bounds() is not None:
            shown = self.pattern[start - 1 : self.at + 1]
            raise PatternError(f"bad repetition operator: {shown}")
        least, most = bounds
        return Node("repeat", (atom,), least=least, most=most, greedy=greedy)

    def _bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._skip(sign):
                return bounds
        return self._braces() if self._peek() == "{" else None

    def _braces(self) -> tuple[int, int | None] | None:
        """`{n}`, `{n,}` or `{n,m}`; anything else is text."""
        stop = self.pattern.find("}", self.at)
        low, comma, high = self.pattern[self.at + 1 : max(stop, self.at + 1)].partition(",")
        if stop < 0 or not _is_number(low) or (high and not _is_number(high)):
            return None
        if max(len(low), len(high)) > 4:
            raise PatternError(f"invalid repetition size: {{{low}{comma}{high}}}")
        least = int(low)
        most = least if not comma else int(high) if high else None
        if max(least, most or 0) > MOST_REPEATS or (most is not None and most < least):
            raise PatternError(f"invalid repetition size: {{{low}{comma}{high}}}")
        self.at = stop + 1
        return least, most

    # -- classes and escapes -------------------------------------------------------------------
    def _escape(self) -> Node:
        c = self._take()
        if c in _ASSERTIONS:
            return Node(_ASSERTIONS[c])
        if c == "C":
            return chars(((0, LAST),))
        ranges = self._class_escape(c)
        if ranges is not None:
            return chars(ranges, self.flags.i and c in "pP")
        return self._literal(chr(self._character(c)))

    def _class_escape(self, c: str) -> Ranges | None:
        if c.lower() in _PERL:
            ranges = _PERL[c.lower()]
            return ranges if c.islower() else inverted(ranges)
        if c not in ("p", "P"):
            return None
        name = self._until("}", "}") if self._skip("{") else self._take()
        negated = (c == "P") != name.startswith("^")
        ranges = property_ranges(name.lstrip("^"))
        return inverted(ranges) if negated else ranges

    def _character(self, c: str) -> int:
        """The character of an escape of one character, `c` being what follows the backslash."""
        if c in _ESCAPES:
            return _ESCAPES[c]
        if c == "x":
            return self._hexadecimal()
        if c == "0" or (c in "1234567" and self._peek() != "" and self._peek() in "01234567"):
            digits = c
            while len(digits) < 3 and self._peek() and self._peek() in "01234567":
                digits += self._take()
            return int(digits, 8)
        if ord(c) < 128 and c.isalnum():
            raise PatternError(f"invalid escape sequence: \\{c}")
        return ord(c)

    def _hexadecimal(self) -> int:
        text = self._until("}", "}") if self._skip("{") else self._take() + self._take()
        try:
            point = int(text, 16) if len(text) <= 8 and text.isalnum() else -1
        except ValueError:
            point = -1
        if not 0 <= point <= LAST:
            raise PatternError(f"invalid escape sequence: \\x{text}")
        return point

    def _class(self) -> Node:
        start = self.at - 1
        negated = self._skip("^")
        ranges: list[tuple[int, int]] = []
        first = True
        while first or self._peek() != "]":
            if self.at >= len(self.pattern):
                raise PatternError(f"missing ]: {self.pattern[start:]}")
            ranges += self._class_item()
            first = False
        self.at += 1
        found = tuple(sorted(ranges))
        return Node(
            "chars",
            ranges=inverted(found) if negated and not self.flags.i else found,
            fold=self.flags.i,
            greedy=not (negated and self.flags.i),
        )

    def _class_item(self) -> Ranges:
        if self._skip("[:"):
            name = self._until(":]", ":]")
            if name.lstrip("^") not in _POSIX:
                raise PatternError(f"invalid character class range: [:{name}:]")
            ranges = _POSIX[name.lstrip("^")]
            return inverted(ranges) if name.startswith("^") else ranges
        if self._peek() == "\\" and self._peek(2)[1:] and self._peek(2)[1:] in "dDwWsSpP":
            self.at += 1
            found = self._class_escape(self._take())
            assert found is not None
            return found
        low = self._class_character()
        if self._peek() != "-" or self._peek(2) in ("-]", "-"):
            return ((low, low),)
        self.at += 1
        high = self._class_character()
        if high < low:
            raise PatternError(f"invalid character class range: {chr(low)}-{chr(high)}")
        return ((low, high),)

    def _class_character(self) -> int:
        c = self._take()
        return self._character(self._take()) if c == "\\" else ord(c)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def check_repeats(node: Node, times: int = 1) -> None:
    """PatternError where nested counts multiply to more than RE2 allows."""
    if node.kind == "repeat":
        times *= max(node.most or node.least, 1)
        if times > MOST_REPEATS:
            raise PatternError("invalid repetition size: the repeats multiply to too many")
    for part in node.parts:
        check_repeats(part, times)
