"""A plan as tables of numbers: argument blocks, launch records, memory, shapes of results.

Most numbers are the same for all shapes. Those that are not stand in the tables by their places,
so that a program is bound to other shapes by a few array assignments.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..contract import Array
from .layout import Address, Buffer, Constant, Shape
from .plan import Plan
from .symbols import Evaluate, Scope, Symbol, Values

LINE = 64  # bytes
_WORDS = LINE // 8
Numbers = np.ndarray[Any, np.dtype[np.int64]]


class Varying:
    """Places of a table whose numbers hang on shapes, and the index of each number."""

    def __init__(self) -> None:
        self.places: list[int] = []
        self.indices: list[int] = []

    def add(self, place: int, index: int) -> None:
        """One more."""
        self.places.append(place)
        self.indices.append(index)

    def fill(self, table: Numbers, numbers: Numbers) -> None:
        """Writes the numbers to their places."""
        if self.places:
            table[self.places] = numbers[self.indices]


class Wanted:
    """The symbols that a plan's tables hold, each once."""

    def __init__(self) -> None:
        self.symbols: list[Symbol] = []
        self.index: dict[Any, int] = {}

    def number(self, x: Any, place: int, varying: Varying) -> int:
        """What a table holds at a place; symbols are noted, floats are given as their bits."""
        if isinstance(x, Symbol):
            known = self.index.get(x.terms)
            if known is None:
                known = self.index[x.terms] = len(self.symbols)
                self.symbols.append(x)
            varying.add(place, known)
            return 0
        return word_of(x)


def word_of(x: float) -> int:
    """A number as an integer of eight bytes: floats by their bits."""
    word: int = struct.unpack("q", struct.pack("d", x))[0] if isinstance(x, float) else int(x)
    return word


class Image:
    """A plan's tables.

    `words` are all argument blocks, `records` the launches: code, block (offset in bytes), parts.
    `sources` are the inputs and outputs whose addresses are written at each run, `patches` where:
    source, offset from its first byte, word.
    """

    def __init__(self, plan: Plan, functions: Sequence[int]) -> None:
        self.plan = plan
        self.wanted = Wanted()
        self.in_words, self.in_parts = Varying(), Varying()
        self.in_sizes, self.in_patches = Varying(), Varying()
        self.addresses = _Addresses(self.wanted)
        self.constants = _Addresses(self.wanted)
        self.sources: list[tuple[str, int]] = []
        patches: list[list[int]] = []
        words: list[int] = []
        records: list[list[int]] = []
        for function, launch in zip(functions, plan.launches, strict=True):
            parts = self.wanted.number(launch.parts, len(records), self.in_parts)
            records.append([function, 8 * len(words), parts, 0])
            for slot in launch.slots:
                words.append(self.word(slot, len(words), patches))
            words += [0] * (-len(words) % _WORDS)
        self.words = np.array(words, np.int64)
        self.records = np.array(records, np.int64).reshape(-1, 4)
        self.patches = np.array(patches, np.int64).reshape(-1, 3)
        sizes = [self.wanted.number(b.size, i, self.in_sizes) for i, b in enumerate(plan.arena)]
        self.sizes = np.array(sizes, np.int64)
        self.arena = _Arena(plan.arena)
        order = {b: k for k, b in enumerate(plan.arena)}
        self.arena_order = [order[b] for b in self.addresses.buffers]
        for shape, _ in plan.shapes:
            self.note(shape)
        for result in plan.results:
            if isinstance(result, Constant):
                self.note_constant(result)
        self.evaluate: Evaluate | None = None

    def note(self, numbers: Iterable[Any]) -> None:
        """Keeps the symbols among numbers that will be asked for."""
        for x in numbers:
            if isinstance(x, Symbol):
                self.wanted.number(x, 0, Varying())

    def note_constant(self, constant: Constant) -> None:
        """Keeps the symbols in a constant."""
        if constant.elements.dtype == object:
            self.note(constant.elements.flat)

    def word(self, slot: Any, place: int, patches: list[list[int]]) -> int:
        """One word of an argument block."""
        if not isinstance(slot, Address):
            return self.wanted.number(slot, place, self.in_words)
        buffer = slot.buffer
        if buffer.kind == "arena":
            self.addresses.add(place, buffer, slot.offset)
        elif buffer.kind == "constant":
            self.note_constant(buffer.source)
            self.constants.add(place, buffer, slot.offset)
        else:
            source = (buffer.kind, buffer.source)
            if source not in self.sources:
                self.sources.append(source)
            offset = self.wanted.number(slot.offset, 3 * len(patches) + 1, self.in_patches)
            patches.append([self.sources.index(source), offset, place])
        return 0

    def numbers_for(
        self, scope: Scope, shapes: Sequence[Shape], values: Values
    ) -> list[Any] | None:
        """What the symbols are for other shapes; None if those need another plan."""
        if self.evaluate is None:
            self.evaluate = scope.function(self.wanted.symbols)
        return self.evaluate(shapes, values)

    def numbers(self) -> list[Any]:
        """What the symbols are for the shapes that the plan was made for."""
        return [x.value for x in self.wanted.symbols]


class _Addresses:
    """Words that are addresses in buffers: which, and how far behind their first byte."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.places: list[int] = []
        self.numbers: list[int] = []
        self.offsets: list[int] = []
        self.varying = Varying()
        self.buffers: dict[Buffer, int] = {}

    def add(self, place: int, buffer: Buffer, offset: Any) -> None:
        """One more."""
        number = self.buffers.setdefault(buffer, len(self.buffers))
        self.offsets.append(self.wanted.number(offset, len(self.places), self.varying))
        self.places.append(place)
        self.numbers.append(number)

    def fill(self, words: Numbers, addresses: Sequence[int], numbers: Numbers) -> None:
        """Writes the addresses, given those of the buffers."""
        if self.places:
            offsets = np.array(self.offsets, np.int64)
            self.varying.fill(offsets, numbers)
            words[self.places] = np.array(addresses, np.int64)[self.numbers] + offsets


class _Arena:
    """Places for buffers such that those in use at the same time do not overlap.

    For the plan's own sizes they are found greedily: large ones first, each at the lowest place
    that is free while it is in use. For other sizes each lies above the same ones as there.
    """

    def __init__(self, buffers: Sequence[Buffer]) -> None:
        self.buffers = buffers
        self.own: list[int] = []
        self.below: list[tuple[int, list[int]]] | None = None

    def offsets(self, sizes: Numbers, own: bool) -> tuple[list[int], int]:
        """The place of each, and the size of all."""
        rounded = (-(-np.maximum(sizes, 1) // LINE) * LINE).tolist()
        if own:
            self.own, total = self.greedy(rounded)
            return self.own, total
        if self.below is None:
            self.below = self.order(self.own)
        places, ends = [0] * len(rounded), [0] * len(rounded)
        for i, under in self.below:
            place = places[i] = max([ends[k] for k in under], default=0)
            ends[i] = place + rounded[i]
        return places, max(ends, default=0)

    def greedy(self, sizes: list[int]) -> tuple[list[int], int]:
        """Places for these sizes."""
        order = sorted(range(len(sizes)), key=lambda i: (-sizes[i], self.buffers[i].first))
        # Rows: first and last launch, first byte, byte after the last; columns as they are placed.
        placed = np.zeros((4, len(order)), np.int64)
        places = [0] * len(order)
        total = 0
        for count, i in enumerate(order):
            b = self.buffers[i]
            first, last, starts, stops = placed[:, :count]
            rivals = np.flatnonzero((last >= b.first) & (first <= b.last))
            at = 0
            ranges = zip(starts[rivals].tolist(), stops[rivals].tolist(), strict=True)
            for start, stop in sorted(ranges):
                if start >= at + sizes[i]:
                    break
                at = max(at, stop)
            placed[:, count] = b.first, b.last, at, at + sizes[i]
            places[i] = at
            total = max(total, at + sizes[i])
        return places, total

    def order(self, places: list[int]) -> list[tuple[int, list[int]]]:
        """The buffers from the lowest up, each with those that it lies directly above."""
        numbers = sorted(range(len(places)), key=lambda i: places[i])
        first = np.array([self.buffers[i].first for i in numbers])
        last = np.array([self.buffers[i].last for i in numbers])
        out: list[tuple[int, list[int]]] = []
        for at, i in enumerate(numbers):
            meets = (first[:at] <= last[at]) & (last[:at] >= first[at])
            under: list[int] = []
            covered = np.zeros(at, bool)
            for k in np.flatnonzero(meets)[::-1].tolist():
                if not covered[k]:
                    under.append(k)
                    covered |= (first[:at] <= last[k]) & (last[:at] >= first[k])
            out.append((i, [numbers[k] for k in under]))
        return out


def materialized(constant: Constant, resolve: Callable[[Any], Any]) -> Array:
    """A constant's array for some shapes."""
    elements = constant.elements
    if elements.dtype != object or constant.dtype == object:
        return elements
    plain = [resolve(x) for x in elements.flat]
    return np.array(plain, constant.dtype).reshape(elements.shape)
