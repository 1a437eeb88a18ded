"""A Philox stream word by word, for kernels that draw as they go."""

from __future__ import annotations

from .philox import Philox
from .philox_bits import MASK128, random_bits

_AHEAD = 64  # words computed at once


class Words:
    """The words of the stream of `key` from block `counter` on; `unit` and `below` take one each.

    `below` may take several: it draws again where numbers would not be equally likely.
    """

    def __init__(self, key: int, counter: int) -> None:
        self.key, self.counter = key, counter
        self.waiting: list[int] = []

    @classmethod
    def reserved(cls, generator: Philox, words: int) -> Words:
        """The words of a generator of which so many are set aside, in whole blocks."""
        return cls(generator.key, generator.reserve((words + 3) // 4))

    def word(self) -> int:
        """The next 32 bits."""
        if not self.waiting:
            self.waiting = random_bits(self.key, self.counter, _AHEAD).tolist()[::-1]
            self.counter = (self.counter + _AHEAD // 4) & MASK128
        return self.waiting.pop()

    def unit(self) -> float:
        """A float32 in [0, 1) made of the low 23 bits of a word."""
        return (self.word() & 0x7FFFFF) * 2.0**-23

    def below(self, n: int) -> int:
        """A whole number in [0, n), all equally likely; 0 for n = 0, which takes a word too."""
        if n & (n - 1) == 0:
            return self.word() & max(n - 1, 0)
        rest = (1 << 32) % n
        drawn = self.word()
        while drawn < rest:
            drawn = self.word()
        return drawn % n
