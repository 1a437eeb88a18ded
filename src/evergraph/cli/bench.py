"""`evergraph bench matmul`: the lecture's comparison of matrix products, on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from evergraph.cli import timing
from evergraph.cli.devices import cpu_name

Times = dict[str, list[float]]


def matmul(sizes: Sequence[int], seconds: float, plot: Path) -> str:
    """Times the products, draws their speeds to `plot` and returns the table."""
    times = measure(sizes, seconds)
    draw(sizes, times, plot)
    header = ("rows", *times, *(f"{name}, GFLOP/s" for name in times))
    rows = [
        (
            str(size),
            *(f"{column[n] * 1e3:.3f} ms" for column in times.values()),
            *(f"{timing.flops(size, column[n]) / 1e9:.1f}" for column in times.values()),
        )
        for n, size in enumerate(sizes)
    ]
    return f"{timing.table(header, rows)}\n\nplot: {plot}"


def measure(sizes: Sequence[int], seconds: float) -> Times:
    """The median time of each size's product, for NumPy and for each device."""
    times: Times = {}
    with ExitStack() as stack:
        products = {
            f"evergraph {device}": stack.enter_context(timing.graph_products(device, sizes))
            for device in timing.device_names()
        }
        for size in sizes:
            runs = {"NumPy": timing.numpy_product(size)}
            runs |= {name: calls[size] for name, calls in products.items()}
            for name, median in timing.repeat(runs, seconds).items():
                times.setdefault(name, []).append(median)
    return times


def draw(sizes: Sequence[int], times: Times, path: Path) -> None:
    """Draws GFLOP/s over the matrices' size, a curve for each column of the table."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise click.ClickException(
            "The plot needs matplotlib: pip install 'evergraph[plot]'"
        ) from error
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for name, column in times.items():
        speeds = [timing.flops(n, t) / 1e9 for n, t in zip(sizes, column, strict=True)]
        axes.plot(sizes, speeds, marker="o", label=name)
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.set_ylim(bottom=0)
    axes.set_xlabel("rows and columns of the float32 matrices")
    axes.set_ylabel("GFLOP/s")
    axes.set_title(f"Matrix products on {cpu_name()}")
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
