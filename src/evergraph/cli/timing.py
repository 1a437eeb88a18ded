"""Timing matrix products: with NumPy, and through graphs on evergraph's devices."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

Run = Callable[[], Any]


def numpy_product(size: int) -> Run:
    """A call that multiplies two float32 matrices of `size` rows into a third."""
    generator = np.random.default_rng(0)
    a, b = generator.standard_normal((2, size, size), np.float32)
    out = np.empty_like(a)
    return lambda: np.matmul(a, b, out=out)


@contextmanager
def graph_products(device: str, sizes: Iterable[int]) -> Iterator[dict[int, Run]]:
    """For each size a call that multiplies two variables into a third on a device.

    The matrices stay where they are: what is timed is the product, not the way there.
    """
    from evergraph import tf

    operations = {}
    with tf.Graph().as_default() as graph, tf.device(device):
        for size in sizes:
            a, b, c = (tf.Variable(tf.random_normal((size, size), seed=n)) for n in (1, 2, 3))
            # Assigned, since a product that nobody looks at is not computed.
            operations[size] = tf.assign(c, tf.matmul(a, b)).op
        start = tf.global_variables_initializer()
    with tf.Session(graph=graph) as session:
        session.run(start)
        yield {size: session.make_callable(op) for size, op in operations.items()}


def repeat(
    runs: dict[str, Run],
    seconds: float,
    summary: Callable[[list[float]], float] = statistics.median,
    least: int = 3,
) -> dict[str, float]:
    """The time of each run, in seconds, all taken in turn; each is warmed up first.

    Each gets about `seconds`, and at least `least` repetitions; `summary` makes one number of them.
    """
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    end = time.perf_counter() + seconds * len(runs)
    while time.perf_counter() < end or len(next(iter(taken.values()))) < least:
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            taken[name].append(time.perf_counter() - start)
    return {name: summary(times) for name, times in taken.items()}


def flops(size: int, seconds: float) -> float:
    """FLOP/s of a product of two square matrices: 2 n^3 in the given time."""
    return 2.0 * size**3 / seconds


def copy_bandwidth(megabytes: int = 256, times: int = 5) -> float:
    """Bytes a second that a copy within memory reads and writes, the best of some tries."""
    source = np.ones(megabytes * 2**20, np.uint8)
    target = np.empty_like(source)
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        np.copyto(target, source)
        best = min(best, time.perf_counter() - start)
    return 2 * source.nbytes / best


def device_names() -> list[str]:
    """The devices of this process, `/cpu:0` and the like."""
    from evergraph.runtime.devices import list_devices

    return [_short(device.name) for device in list_devices()]


def _short(name: str) -> str:
    kind, _, number = name.rpartition("/device:")[2].partition(":")
    return f"/{kind.lower()}:{number}"


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Rows of text in columns, the first aligned to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, tuple("-" * width for width in widths), *rows]
    return "\n".join(_line(line, widths) for line in lines)


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)])
