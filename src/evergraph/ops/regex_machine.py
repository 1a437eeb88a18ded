"""Matching of RE2's regular expressions.

Most patterns run on Python's `re`. Where its backtracking could take more than a fair number of
steps for the length of a text, a machine takes over whose time grows with the product of the
lengths of pattern and text (Pike's; see https://swtch.com/~rsc/regexp/regexp2.html).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from .regex_syntax import Node, Parser, PatternError

FAIR = 50_000_000
MOST_INSTRUCTIONS = 50_000
Spans = tuple[int | None, ...]
"""Where the match and each group start and end."""


# -- as a pattern of Python's ------------------------------------------------------------------
_ASSERT = {
    "begin": r"\A",
    "end": r"\Z",
    "line_begin": "(?m:^)",
    "line_end": "(?m:$)",
    "word": r"(?a:\b)",
    "not_word": r"(?!(?a:\b))",
}


_MALFORMED = "\\ud800-\\udfff"  # what `as_text` makes of malformed bytes, which match nothing


def _point(point: int) -> str:
    return f"\\U{point:08x}"


def _python_class(node: Node) -> str:
    if not node.ranges:
        return "(?!)"
    items = "".join(_point(a) + (f"-{_point(b)}" if b > a else "") for a, b in node.ranges)
    text = f"[{items}]" if node.greedy else f"[^{items}{_MALFORMED}]"
    return f"(?i:{text})" if node.fold else text


def python_pattern(node: Node) -> str:
    """The tree in Python's syntax."""
    if node.kind == "chars":
        return _python_class(node)
    if node.kind in _ASSERT:
        return _ASSERT[node.kind]
    inner = [python_pattern(p) for p in node.parts]
    if node.kind == "cat":
        return f"(?:{''.join(inner)})"
    if node.kind == "alt":
        return f"(?:{'|'.join(inner)})"
    if node.kind == "group":
        return f"({inner[0]})"
    bounds = f"{{{node.least},{'' if node.most is None else node.most}}}"
    return f"(?:{inner[0]}){bounds}{'' if node.greedy else '?'}"


def _degree(node: Node) -> float:
    """The power of a text's length to which the steps of backtracking may grow."""
    if node.kind != "repeat" or node.most == node.least:
        return sum(map(_degree, node.parts))
    if node.most == 1:
        return 0.5 + _degree(node.parts[0])
    body = node.parts[0]
    while body.kind in ("group", "cat") and len(body.parts) == 1:
        body = body.parts[0]
    return 1 if _is_fixed(body) else float("inf")


def _is_fixed(node: Node) -> bool:
    """Whether there is one way alone in which it can match."""
    if node.kind in ("alt", "repeat"):
        return node.kind == "repeat" and node.least == node.most and _is_fixed(node.parts[0])
    return all(map(_is_fixed, node.parts)) and (node.kind != "cat" or bool(node.parts))


# -- as a program ------------------------------------------------------------------------------
@dataclass
class _Step:
    """One instruction: `op` is char, split, jump, save, an assertion, or match."""

    op: str
    to: int = 0
    other: int = 0
    slot: int = 0
    test: Callable[[str], Any] | None = None


class _Program:
    """Instructions for a tree, from the first to `match`."""

    def __init__(self, tree: Node) -> None:
        self.steps: list[_Step] = []
        self._add(tree)
        self._emit(_Step("match"))

    def _emit(self, step: _Step) -> _Step:
        if len(self.steps) >= MOST_INSTRUCTIONS:
            raise PatternError("pattern too large - compile failed")
        self.steps.append(step)
        return step

    def _add(self, node: Node) -> None:
        if node.kind == "chars":
            self._emit(_Step("char", test=re.compile(_python_class(node)).match))
        elif node.kind == "cat":
            for part in node.parts:
                self._add(part)
        elif node.kind == "alt":
            self._add_alternatives(node.parts)
        elif node.kind == "group":
            self._emit(_Step("save", slot=2 * node.index))
            self._add(node.parts[0])
            self._emit(_Step("save", slot=2 * node.index + 1))
        elif node.kind == "repeat":
            self._add_repeat(node)
        else:
            self._emit(_Step(node.kind))

    def _add_alternatives(self, parts: Sequence[Node]) -> None:
        jumps = []
        for part in parts[:-1]:
            fork = self._emit(_Step("split", to=len(self.steps) + 1))
            self._add(part)
            jumps.append(self._emit(_Step("jump")))
            fork.other = len(self.steps)
        self._add(parts[-1])
        for jump in jumps:
            jump.to = len(self.steps)

    def _add_repeat(self, node: Node) -> None:
        body = node.parts[0]
        for _ in range(node.least):
            self._add(body)
        if node.most is None:
            start = len(self.steps)
            fork = self._fork(node.greedy)
            self._add(body)
            self._emit(_Step("jump", to=start))
            self._join(fork, node.greedy)
            return
        forks = []
        for _ in range(node.most - node.least):
            forks.append(self._fork(node.greedy))
            self._add(body)
        for fork in forks:
            self._join(fork, node.greedy)

    def _fork(self, greedy: bool) -> _Step:
        after = len(self.steps) + 1
        return self._emit(_Step("split", to=after) if greedy else _Step("split", other=after))

    def _join(self, fork: _Step, greedy: bool) -> None:
        if greedy:
            fork.other = len(self.steps)
        else:
            fork.to = len(self.steps)

    # -- running -------------------------------------------------------------------------------
    def run(self, text: str, start: int, whole: bool, slots: int) -> Spans | None:
        """The leftmost match from `start` on, or the one of the whole text."""
        threads: dict[int, Spans] = {}
        visited = [-1] * len(self.steps)  # where in the text each place was last reached
        found: Spans | None = None
        for at in range(start, len(text) + 1):
            if found is None and (not whole or at == start):
                self._follow(0, text, at, (at, *[None] * (slots - 1)), threads, visited)
            if not threads and (found is not None or whole):
                break
            following: dict[int, Spans] = {}
            for place, spans in threads.items():
                step = self.steps[place]
                if step.op == "match":
                    if not whole or at == len(text):
                        found = (spans[0], at, *spans[2:])
                        break
                elif at < len(text) and step.test is not None and step.test(text[at]):
                    self._follow(place + 1, text, at + 1, spans, following, visited)
            threads = following
        return found

    def _follow(
        self,
        place: int,
        text: str,
        at: int,
        spans: Spans,
        threads: dict[int, Spans],
        visited: list[int],
    ) -> None:
        """Adds what is reached from a place without taking a character, best first."""
        stack = [(place, spans)]
        while stack:
            place, spans = stack.pop()
            if visited[place] == at:
                continue
            visited[place] = at
            step = self.steps[place]
            if step.op in ("char", "match"):
                threads[place] = spans
            elif step.op == "jump":
                stack.append((step.to, spans))
            elif step.op == "split":
                stack += [(step.other, spans), (step.to, spans)]
            elif step.op == "save":
                stack.append((place + 1, (*spans[: step.slot], at, *spans[step.slot + 1 :])))
            elif _holds(step.op, text, at):
                stack.append((place + 1, spans))


def _is_word(text: str, at: int) -> bool:
    return 0 <= at < len(text) and text[at].isascii() and (text[at].isalnum() or text[at] == "_")


def _holds(kind: str, text: str, at: int) -> bool:
    if kind == "begin":
        return at == 0
    if kind == "end":
        return at == len(text)
    if kind == "line_begin":
        return at == 0 or text[at - 1] == "\n"
    if kind == "line_end":
        return at == len(text) or text[at] == "\n"
    return (_is_word(text, at - 1) != _is_word(text, at)) == (kind == "word")


# -- both --------------------------------------------------------------------------------------
class Regex:
    """A compiled pattern; PatternError if RE2 would not take it."""

    def __init__(self, pattern: bytes) -> None:
        parser = Parser(as_text(pattern))
        self.tree = parser.parse()
        self.groups = parser.groups
        self.degree = _degree(self.tree)
        if self.degree != float("inf"):
            self._python = re.compile(python_pattern(self.tree))

    @cached_property
    def _program(self) -> _Program:
        return _Program(self.tree)

    def _is_fair(self, length: int, degree: float) -> bool:
        return degree != float("inf") and (length + 2.0) ** min(degree, 50) <= FAIR

    def search(self, text: str, start: int = 0) -> Spans | None:
        """The leftmost match from `start` on: the ends of the match and of its groups."""
        if self._is_fair(len(text) - start, self.degree + 1):
            return _spans(self._python.search(text, start), self.groups)
        return self._program.run(text, start, False, 2 * self.groups + 2)

    def matches(self, text: str) -> bool:
        """Whether the whole text matches."""
        if self._is_fair(len(text), self.degree):
            return self._python.fullmatch(text) is not None
        return self._program.run(text, 0, True, 2) is not None


def _spans(match: re.Match[str] | None, groups: int) -> Spans | None:
    if match is None:
        return None
    ends = [match.span(g) for g in range(groups + 1)]
    return tuple(None if e < 0 else e for span in ends for e in span)


def as_text(text: bytes) -> str:
    """UTF-8 text; malformed bytes stand for themselves."""
    return text.decode("utf-8", "surrogateescape")


def as_utf8(text: str) -> bytes:
    """The bytes of `as_text`."""
    return text.encode("utf-8", "surrogateescape")


@lru_cache(maxsize=256)
def compiled(pattern: bytes) -> Regex:
    """The compiled form of a pattern; ValueError, in the words of TensorFlow, if it has none."""
    try:
        return Regex(pattern)
    except (PatternError, re.error, OverflowError, RecursionError) as error:
        shown = pattern.decode(errors="replace")
        raise ValueError(f"Invalid pattern: {shown}, error: {error}") from None
