"""Beam search over label sequences, each of them summed over all its alignments.

A. Graves, Sequence Transduction with Recurrent Neural Networks (2012), prefix search. The beam is
renewed prefix by prefix, as TensorFlow's kernel does it: when a prefix that was pushed out is met
again from its parent before its own turn, it is not extended.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from math import inf
from typing import Any, NamedTuple

import numpy as np

from ..core.opdef import Array


class _Score(NamedTuple):
    """Log-probabilities of the alignments that end in a blank and in the last label."""

    blank: float = -inf
    label: float = -inf

    @property
    def total(self) -> float:
        return float(np.logaddexp(self.blank, self.label))


_NONE = _Score()


@dataclass(eq=False, slots=True)
class _Prefix:
    """A label sequence: its last label behind a shorter one (None: the empty sequence)."""

    parent: _Prefix | None
    label: int
    before: _Score = _NONE
    now: _Score = _NONE
    total: float = -inf
    children: dict[int, _Prefix] = field(default_factory=dict)

    def set(self, score: _Score) -> None:
        self.now, self.total = score, score.total

    def child(self, label: int) -> _Prefix:
        found = self.children.get(label)
        if found is None:
            found = self.children[label] = _Prefix(self, label)
        return found


class BeamSearch:
    """The `width` most probable prefixes so far."""

    def __init__(self, width: int) -> None:
        self._width = width
        root = _Prefix(None, -1)
        root.set(_Score(blank=0.0))
        self._heap: list[tuple[float, int, _Prefix]] = [(0.0, 0, root)]
        self._pushed = 0

    def _ranked(self) -> list[_Prefix]:
        """The prefixes of the beam, the best first (of equals the one that came first)."""
        ordered = sorted(self._heap, key=lambda entry: (-entry[0], -entry[1]))
        return [prefix for _, _, prefix in ordered]

    def _fits(self, total: float) -> bool:
        return total > -inf and (len(self._heap) < self._width or total > self._heap[0][0])

    def _push(self, prefix: _Prefix) -> None:
        """Adds a prefix; the worst one leaves a full beam."""
        self._pushed -= 1
        entry = (prefix.total, self._pushed, prefix)
        if len(self._heap) < self._width:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heapreplace(self._heap, entry)[2].set(_NONE)

    def step(self, log_y: Array) -> None:
        """Goes on by one time whose classes have these log-probabilities (the blank last)."""
        beam = self._ranked()
        for prefix in beam:
            prefix.before = prefix.now
        scores = [_continued(prefix, log_y) for prefix in beam]
        self._heap = []
        for prefix, score in zip(beam, scores, strict=True):
            prefix.set(score)
            self._push(prefix)
        members = {id(prefix) for prefix in beam}
        for prefix in beam:
            if self._fits(prefix.before.total):
                self._extend(prefix, log_y[:-1], members)

    def _extend(self, prefix: _Prefix, log_y: Array, members: set[int]) -> None:
        scores = log_y + prefix.before.total
        if prefix.label >= 0:
            scores[prefix.label] = log_y[prefix.label] + prefix.before.blank
        labels = set(np.flatnonzero(scores > self._least()).tolist())
        labels.update(k for k, c in prefix.children.items() if id(c) in members)
        for label in sorted(labels):
            child = prefix.child(label)
            if child.total > -inf:
                continue
            score = float(scores[label])
            if self._fits(score):
                child.set(_Score(label=score))
                self._push(child)
            else:
                child.before = _NONE

    def _least(self) -> float:
        return self._heap[0][0] if len(self._heap) == self._width else -inf

    def best(self, n: int, merge_repeated: bool) -> list[tuple[list[int], Any]]:
        """The n best label sequences with their log-probabilities.

        Raises ValueError if there are fewer.
        """
        if n > len(self._heap):
            raise ValueError("Less leaves in the beam search than requested.")
        return [(_labels(p, merge_repeated), p.total) for p in self._ranked()[:n]]


def _continued(prefix: _Prefix, log_y: Array) -> _Score:
    """The score of a prefix that stays as it is, or is reached from its parent in the beam."""
    blank = prefix.before.total + float(log_y[-1])
    if prefix.parent is None:
        return _Score(blank)
    label, parent = prefix.before.label, prefix.parent
    if parent.total > -inf:
        # Behind its own last label only a blank makes a label a new one.
        same = prefix.label == parent.label
        reached = parent.before.blank if same else parent.before.total
        label = float(np.logaddexp(label, reached))
    return _Score(blank, label + float(log_y[prefix.label]))


def _labels(prefix: _Prefix, merge_repeated: bool) -> list[int]:
    found: list[int] = []
    before = -1
    while prefix.parent is not None:
        if not merge_repeated or prefix.label != before:
            found.append(prefix.label)
        before = prefix.label
        prefix = prefix.parent
    return found[::-1]
