"""Distributions over classes 0 .. size - 1, drawn from a stream of 32-bit words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..core.opdef import Array


class Sampler:
    """What a sampling op asks of its distribution."""

    def __init__(self, size: int) -> None:
        self.size = size

    def draw(self, words: Iterator[int]) -> int:
        """One class."""
        raise NotImplementedError

    def probability(self, classes: Array) -> Array:
        """The probability of each of these classes."""
        raise NotImplementedError

    def check(self, true: Array) -> None:
        """Raises ValueError for true classes that it cannot learn from."""

    def learn(self, true: Array) -> None:
        """Takes note of the true classes of a batch."""


class Unigram:
    """Counts of classes, all 1 at first, in a tree of sums: P. Fenwick's structure (1994)."""

    def __init__(self, size: int) -> None:
        self._weights = np.ones(size, np.int64)
        places = np.arange(1, size + 1)
        self._tree = np.concatenate([[0], places & -places])
        self._top = 1 << (size.bit_length() - 1)
        self.total = size

    def weights(self, classes: Array) -> Array:
        """The counts of these classes."""
        return self._weights[classes].astype(np.float32)

    def add(self, label: int) -> None:
        """Counts a class once more."""
        self._weights[label] += 1
        self.total += 1
        at = label + 1
        while at < len(self._tree):
            self._tree[at] += 1
            at += at & -at

    def pick(self, place: int) -> int:
        """The class that holds this place when all are laid out, each as wide as its count."""
        at, step = 0, self._top
        while step:
            after = at + step
            if after < len(self._tree) and self._tree[after] <= place:
                at = after
                place -= int(self._tree[at])
            step >>= 1
        return at


class Alias:
    """Draws by weight in constant time: A. J. Walker's alias method (1977), by M. Vose (1991)."""

    def __init__(self, weights: Array) -> None:
        size = len(weights)
        total = float(np.sum(weights, dtype=np.float64))
        share = [float(np.float32(w) * np.float32(size)) / total for w in weights]
        self._other = list(range(size))
        low = [i for i, p in enumerate(share) if p < 1]
        high = [i for i, p in enumerate(share) if p >= 1]
        while low and high:
            small, large = low.pop(), high.pop()
            self._other[small] = large
            share[large] -= 1 - share[small]
            (low if share[large] < 1 else high).append(large)
        for i in low + high:  # what rounding left
            share[i], self._other[i] = 1.0, i
        self._share = np.array(share, np.float32)

    def pick(self, column: int, u: np.float32) -> int:
        """The class of a column, or the one that shares it, by a number in [0, 1)."""
        return column if u < self._share[column] else self._other[column]
