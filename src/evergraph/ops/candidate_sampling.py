"""Samples of classes for losses over many of them, with how often each is to be expected.

The samplers draw as TensorFlow's do, so that equal seeds give equal classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, with_rank
from ..errors import InvalidArgumentError
from .philox import Philox
from .philox_bits import random_bits
from .samplers import Alias, Sampler, Unigram

# -- one run -----------------------------------------------------------------------------------
_WORDS_PER_SAMPLE = 2048
_AT_ONCE = 256


def _words(generator: Philox, counter: int, limit: int) -> Iterator[int]:
    """The 32-bit words that one run may use."""
    for start in range(0, limit, _AT_ONCE):
        block = random_bits(generator.key, counter + start // 4, _AT_ONCE)
        yield from block.tolist()


class _State:
    """What a sampling op keeps in a session: its stream, and what its sampler has learned."""

    def __init__(self, attrs: Attrs, sampler: Callable[[Attrs], Sampler]) -> None:
        self.generator = Philox(attrs["seed"], attrs["seed2"])
        self.sampler = sampler(attrs)


def _drawn(sampler: Sampler, words: Iterator[int], count: int, unique: bool) -> tuple[Array, int]:
    """(the classes, how many draws they took)."""
    if not unique:
        return np.array([sampler.draw(words) for _ in range(count)], np.int64), count
    found: dict[int, None] = {}
    tries = 0
    while len(found) < count:
        tries += 1
        try:
            found.setdefault(sampler.draw(words))
        except (StopIteration, RuntimeError):
            raise ValueError(
                f"{count} different classes did not come up in {tries} draws: the distribution "
                "leaves too few of them likely. Sample fewer, or with unique=False."
            ) from None
    return np.fromiter(found, np.int64, count), tries


def _expected(p: Array, count: int, tries: int) -> Array:
    """How often a class of probability p is to be expected among the samples."""
    p = p.astype(np.float32)
    if tries == count:
        return (p * np.float32(count)).astype(np.float32)
    return (-np.expm1(tries * np.log1p(-p.astype(np.float64)))).astype(np.float32)


def _kernel(
    xp: Any, inputs: Sequence[Array], attrs: Attrs, state: _State
) -> tuple[Array, Array, Array]:
    true = np.asarray(inputs[0])
    _check_true(true, attrs["num_true"])
    count, sampler = attrs["num_sampled"], state.sampler
    if attrs["unique"] and count > sampler.size:
        raise ValueError(
            f"Sampler's range is too small: {count} different classes of {sampler.size}."
        )
    sampler.check(true)
    limit = _WORDS_PER_SAMPLE * count
    words = _words(state.generator, state.generator.reserve((limit + 3) // 4), limit)
    sampled, tries = _drawn(sampler, words, count, attrs["unique"])
    by_true = _expected(sampler.probability(true), count, tries)
    by_sampled = _expected(sampler.probability(sampled), count, tries)
    sampler.learn(true)
    return sampled, by_true, by_sampled


def _check_true(true: Array, num_true: int) -> None:
    if true.ndim != 2:
        raise ValueError(f"true_classes must be a matrix, got shape {list(true.shape)}")
    if true.shape[1] != num_true:
        raise ValueError(
            f"true_classes must have num_true columns, expected: {num_true} was: {true.shape[1]}"
        )


# -- the distributions -------------------------------------------------------------------------


def _word64(words: Iterator[int]) -> int:
    low = next(words)
    return low | next(words) << 32


def below(words: Callable[[], int], n: int, bits: int) -> int:
    """A uniform integer below n from words of so many bits; some words are refused."""
    if n & (n - 1) == 0:
        return words() & (n - 1)
    refused = (2**bits - 1) % n + 1
    word = words()
    while word < refused:
        word = words()
    return word % n


class _Uniform(Sampler):
    """Each class alike."""

    def draw(self, words: Iterator[int]) -> int:
        return below(lambda: _word64(words), self.size, 64)

    def probability(self, classes: Array) -> Array:
        return np.full(classes.shape, np.float32(1.0 / self.size))


class _LogUniform(Sampler):
    """Classes ranked by frequency (Zipf): P(k) = log((k + 2) / (k + 1)) / log(size + 1)."""

    def draw(self, words: Iterator[int]) -> int:
        high, low = next(words) & 0xFFFFF, next(words)
        u = (high << 32 | low) * 2.0**-52
        return (int(np.exp(u * np.log1p(self.size))) - 1) % self.size

    def probability(self, classes: Array) -> Array:
        wide = classes.astype(np.float64)
        return np.log((wide + 2) / (wide + 1)) / np.log1p(self.size)


class _All(Sampler):
    """All classes, in their order."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._next = 0

    def draw(self, words: Iterator[int]) -> int:
        self._next += 1
        return (self._next - 1) % self.size

    def probability(self, classes: Array) -> Array:
        return np.full(classes.shape, 1.0 / self.size)


class _LearnedUnigram(Sampler):
    """As often as the classes were true ones before, and once more."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        if size >= 2**31 - 1:
            raise InvalidArgumentError(f"range_max must be less than {2**31 - 1}, got {size}.")
        self._counts = Unigram(size)

    def check(self, true: Array) -> None:
        if true.size and (true.min() < 0 or true.max() >= self.size):
            raise ValueError(f"The true classes must be in [0, {self.size}).")

    def draw(self, words: Iterator[int]) -> int:
        return self._counts.pick(below(lambda: next(words), self._counts.total, 32))

    def probability(self, classes: Array) -> Array:
        return self._counts.weights(classes) / np.float32(self._counts.total)

    def learn(self, true: Array) -> None:
        room = 2**31 - 1 - self._counts.total
        for label in true.reshape(-1)[:room].tolist():
            self._counts.add(label)


class _FixedUnigram(Sampler):
    """By weights that are given, or stand in a file."""

    def __init__(self, attrs: Attrs) -> None:
        super().__init__(attrs["range_max"])
        weights = _unigrams(attrs)
        if len(weights) != self.size:
            raise InvalidArgumentError(
                f"There must be as many weights as classes: range_max is {self.size}, the number "
                f"of weights (with reserved ids) {len(weights)}."
            )
        if not np.all(np.isfinite(weights)) or weights.min() < 0 or not weights.sum() > 0:
            raise InvalidArgumentError(
                "The weights must be finite, not negative, and not all zero."
            )
        self._weights = weights
        self._alias = Alias(weights)

    def draw(self, words: Iterator[int]) -> int:
        u = np.float32((next(words) & 0x7FFFFF) * 2.0**-23)
        return self._alias.pick(below(lambda: next(words), self.size, 32), u)

    def probability(self, classes: Array) -> Array:
        inside = (classes >= 0) & (classes < self.size)
        total = np.float32(0)
        for weight in self._weights:
            total += weight
        return np.where(inside, self._weights[np.where(inside, classes, 0)] / total, 0)


def _unigrams(attrs: Attrs) -> Array:
    """The weights of this shard's classes; reserved ids have none."""
    given: Sequence[float] = attrs["unigrams"]
    path = attrs["vocab_file"]
    if not path and not given:
        raise InvalidArgumentError("Must provide either vocab_file or unigrams.")
    if path and given:
        raise InvalidArgumentError("Must only provide one of vocab_file and unigrams.")
    shards, shard, reserved = attrs["num_shards"], attrs["shard"], attrs["num_reserved_ids"]
    if not 0 <= reserved <= attrs["range_max"] * shards:
        raise InvalidArgumentError(
            f"num_reserved_ids must be in the range of classes, got {reserved}."
        )
    listed = np.array(_column(path) if path else given, np.float32)
    zeros = np.zeros(len(range(shard, reserved, shards)), np.float32)
    # Ids go on from how many are reserved in this shard.
    ids = np.arange(len(zeros), len(zeros) + len(listed))
    mine = listed[ids % shards == shard]
    powers = np.power(mine, np.float32(attrs["distortion"]))
    return np.concatenate([zeros, powers]).astype(np.float32)


def _column(path: str) -> list[float]:
    """The last value of each line of a file of comma-separated values."""
    found = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            try:
                found.append(float(line.rstrip("\n").rpartition(",")[2]))
            except ValueError:
                raise InvalidArgumentError(f"Wrong vocabulary format at line: {line!r}") from None
    return found


# -- the ops -----------------------------------------------------------------------------------


def _shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    rows, _ = with_rank(shapes[0], 2)
    count = attrs["num_sampled"]
    return [(count,), (rows, attrs["num_true"]), (count,)]


_ATTRS = "num_true:int>=1; num_sampled:int>=1; unique:bool"
_SEEDS = "seed:int=0; seed2:int=0"
_FIXED = (
    "range_max:int>=1; vocab_file:string=''; distortion:float=1.0; num_reserved_ids:int=0; "
    "num_shards:int>=1=1; shard:int>=0=0; unigrams:list(float)=[]"
)


def _of_range(kind: Callable[[int], Sampler]) -> Callable[[Attrs], Sampler]:
    return lambda attrs: kind(attrs["range_max"])


def _kept(sampler: Callable[[Attrs], Sampler]) -> Callable[[Attrs], _State]:
    return lambda attrs: _State(attrs, sampler)


for _name, _more, _sampler in (
    ("Uniform", "range_max:int>=1", _of_range(_Uniform)),
    ("LogUniform", "range_max:int>=1", _of_range(_LogUniform)),
    ("LearnedUnigram", "range_max:int>=1", _of_range(_LearnedUnigram)),
    ("ThreadUnsafeUnigram", "range_max:int>=1", _of_range(_LearnedUnigram)),
    ("FixedUnigram", _FIXED, _FixedUnigram),
    ("All", "", lambda attrs: _All(attrs["num_sampled"])),
):
    define(
        f"{_name}CandidateSampler",
        "true_classes:int64 -> sampled_candidates:int64 true_expected_count:float32 "
        "sampled_expected_count:float32",
        "; ".join(filter(None, (_ATTRS, _more, _SEEDS))),
        shape=_shape,
        kernel=_kernel,
        stateful=True,
        state=_kept(_sampler),
        grad=NO_GRADIENT,
    )


def _accidental_hits(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array, Array]:
    true, sampled = (np.asarray(x) for x in inputs)
    if true.ndim != 2 or true.shape[1] != attrs["num_true"]:
        raise ValueError(
            f"true_candidates must be a batch_size * num_true matrix, got {list(true.shape)}"
        )
    if sampled.ndim != 1:
        raise ValueError(
            "sampled_candidates must be a vector, which is typically an output from "
            f"CandidateSampler, got shape {list(sampled.shape)}"
        )
    place = {label: i for i, label in enumerate(sampled.tolist())}
    hits = [
        (row, place[label])
        for row, labels in enumerate(true.tolist())
        for label in labels
        if label in place
    ]
    rows, ids = (np.array(hits, np.int64).reshape(-1, 2).T) if hits else np.zeros((2, 0), np.int64)
    weights = np.full(len(hits), np.finfo(np.float32).min, np.float32)
    return rows.astype(np.int32), ids.astype(np.int64), weights


define(
    "ComputeAccidentalHits",
    "true_classes:int64 sampled_candidates:int64 -> indices:int32 ids:int64 weights:float32",
    f"num_true:int; {_SEEDS}",
    shape=lambda shapes, attrs, values: [(None,)] * 3,
    kernel=_accidental_hits,
    grad=NO_GRADIENT,
    data_dependent=True,
)
