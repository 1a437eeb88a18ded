"""The results as a table in the terminal, a picture and a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.measure import Result, machine
from bench.workload import OURS, SUBJECTS, Workload

_STEPS = {"s": ((1, "s"), (1e-3, "ms"), (1e-6, "us")), "B": ((2**30, "GiB"), (2**20, "MiB"))}


def quantity(value: float, unit: str) -> str:
    """A number with a unit that suits its size: `120 us`, `1.5 GiB`."""
    steps = _STEPS[unit]
    scale, name = next((step for step in steps if value >= step[0]), steps[-1])
    return f"{value / scale:.3g} {name}"


def rows(workload: Workload, result: Result) -> list[tuple[str, str, dict[str, float]]]:
    """For each metric its label, unit and the medians of the subjects that have it."""
    medians = result.medians()
    return [
        (metric.label, metric.unit, {s: m[key] for s, m in medians.items() if key in m})
        for key, metric in workload.metrics.items()
    ]


def _cell(values: dict[str, float], subject: str, unit: str) -> str:
    if subject not in values:
        return ""
    text = quantity(values[subject], unit)
    if subject == OURS or OURS not in values:
        return text
    ratio = values[subject] / values[OURS]
    colour = "green" if ratio >= 1 else "red"
    return f"{text}  [{colour}]{ratio:.2f}x[/{colour}]"


def table(done: list[tuple[Workload, Result]]) -> Any:
    """A rich table: medians, and how many times ours each peer's is (above 1 we are ahead)."""
    from rich.table import Table

    versions = {s: v for _, result in done for s, v in result.versions.items()}
    shown = [s for s in SUBJECTS if s in versions]
    out = Table(title="Medians, and peer / evergraph: above 1x evergraph is ahead")
    out.add_column("workload")
    for subject in shown:
        out.add_column(f"{SUBJECTS[subject]} {versions[subject]}", justify="right")
    for workload, result in done:
        out.add_section()
        for label, unit, values in rows(workload, result):
            cells = (_cell(values, subject, unit) for subject in shown)
            out.add_row(f"{workload.title}: {label}", *cells)
    return out


def notes(done: list[tuple[Workload, Result]]) -> list[str]:
    """What workloads say of their figures, and which subjects are absent."""
    lines = [line for workload, result in done for line in workload.notes(result.medians())]
    absent = {s: why for _, result in done for s, why in result.absent.items()}
    return lines + [f"{SUBJECTS[s]}: {why}" for s, why in absent.items()]


def as_json(done: list[tuple[Workload, Result]], threads: int) -> dict[str, Any]:
    """All figures; times in seconds, memory in bytes."""
    return {
        "machine": machine(),
        "threads": threads,
        "workloads": {
            result.name: {"title": workload.title, **result.as_json()} for workload, result in done
        },
    }


def save(path: Path, done: list[tuple[Workload, Result]], threads: int) -> None:
    """Writes the figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(as_json(done, threads), indent=2) + "\n")


def plot(path: Path, done: list[tuple[Workload, Result]]) -> bool:
    """Draws the ratios as bars on a logarithmic axis; False if there is nothing to compare."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.patches import Patch

    bars = _bars(done)
    if not bars:
        return False
    peers = [s for s in SUBJECTS if any(s in ratios for _, ratios in bars)]
    figure, axes = plt.subplots(figsize=(9, 1.2 + 0.22 * sum(len(r) + 1 for _, r in bars)))
    place, ticks = 0.0, []
    for label, ratios in bars:
        ticks.append((place + (len(ratios) - 1) / 2, label))
        for subject, ratio in ratios.items():
            axes.barh(place, ratio - 1, left=1, height=0.9, color=f"C{peers.index(subject)}")
            axes.annotate(f" {ratio:.2g}", (max(ratio, 1), place), va="center", fontsize=7)
            place += 1
        place += 1
    axes.set_xscale("log")
    axes.set_yticks([t for t, _ in ticks], [label for _, label in ticks], fontsize=8)
    axes.invert_yaxis()
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xlabel("peer / evergraph (above 1: evergraph is ahead)")
    handles = [Patch(color=f"C{i}") for i in range(len(peers))]
    axes.legend(handles, [SUBJECTS[s] for s in peers], fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120, bbox_inches="tight")
    plt.close(figure)
    return True


def _bars(done: list[tuple[Workload, Result]]) -> list[tuple[str, dict[str, float]]]:
    """For each row of the table the ratios of the peers."""
    found = []
    for workload, result in done:
        for label, _, values in rows(workload, result):
            ours = values.get(OURS)
            ratios = {s: v / ours for s, v in values.items() if ours and s != OURS}
            if ratios:
                found.append((f"{workload.title}:\n{label}", ratios))
    return found
