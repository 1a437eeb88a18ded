"""Measures workloads: every subject in a process of its own, short slots in rotation."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from bench.workload import OURS, SUBJECTS, Sample, Workload

ROOT = Path(__file__).resolve().parents[1]
PAUSE = 0.01  # seconds between slots: thread pools go on spinning for a while
TOLERANCE = 1e-3  # between the numbers that subjects give to show that they do the same


def environment(threads: int) -> dict[str, str]:
    """The environment of the workers: as many threads for each, and nothing that slows NumPy.

    Some machines set OPENBLAS_* variables (a core type, a thread count), which would be
    measured instead of NumPy.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    paths = [str(ROOT / "src"), str(ROOT), kept.get("PYTHONPATH", "")]
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(p for p in paths if p),
        "BENCH_THREADS": str(threads),
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "CUDA_VISIBLE_DEVICES": "",
        "JAX_PLATFORMS": "cpu",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


class WorkerError(RuntimeError):
    """A worker ended before it answered."""


class Worker:
    """A subject of a workload in another process."""

    def __init__(self, workload: str, subject: str, threads: int) -> None:
        self.subject = subject
        self.log: IO[str] = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.worker", workload, subject],
            cwd=ROOT,
            env=environment(threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            bufsize=1,
        )
        _limit_cores(self.process.pid, threads)

    def answer(self) -> dict[str, Any]:
        """Its next line. Raises WorkerError, with the end of its error output, if it ended."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.log.seek(0)
            raise WorkerError(f"{self.subject} failed:\n{self.log.read()[-2000:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def slot(self, seconds: float) -> list[Sample]:
        """The samples of one slot."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{seconds}\n")
        except BrokenPipeError:
            raise WorkerError(f"{self.subject} ended between two slots.") from None
        samples: list[Sample] = self.answer()["samples"]
        return samples

    def close(self) -> None:
        """Ends the process."""
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def _limit_cores(pid: int, threads: int) -> None:
    """Libraries that ask the machine, not the environment, see as many cores as threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(pid, sorted(os.sched_getaffinity(0))[:threads])


@dataclass
class Result:
    """What a workload gave: for each subject its samples, or why there are none."""

    name: str
    versions: dict[str, str] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    samples: dict[str, list[Sample]] = field(default_factory=dict)

    def medians(self) -> dict[str, Sample]:
        """The median of every metric for every subject."""
        return {
            subject: {
                metric: statistics.median(s[metric] for s in samples) for metric in samples[0]
            }
            for subject, samples in self.samples.items()
            if samples
        }

    def as_json(self) -> dict[str, Any]:
        """Medians, quartiles and ratios (peer / ours)."""
        medians = self.medians()
        ours = medians.get(OURS)
        subjects = {
            subject: {
                "version": self.versions[subject],
                "samples": len(self.samples[subject]),
                "median": median,
                "quartiles": {m: _quartiles(self.samples[subject], m) for m in median},
                "ratio": {m: v / ours[m] for m, v in median.items()} if ours else None,
            }
            for subject, median in medians.items()
        }
        return {"subjects": subjects, "absent": self.absent}


def _quartiles(samples: list[Sample], metric: str) -> list[float]:
    values = sorted(s[metric] for s in samples)
    return [values[len(values) // 4], values[(3 * len(values)) // 4]]


def _start(name: str, subjects: Sequence[str], threads: int, result: Result) -> list[Worker]:
    """The workers that are ready, one made after the other; the others go to `result.absent`."""
    ready: list[Worker] = []
    checks: dict[str, list[float]] = {}
    for subject in subjects:
        worker = Worker(name, subject, threads)
        try:
            hello = worker.answer()
        except WorkerError as error:
            result.absent[subject] = str(error)
            worker.close()
            continue
        if "missing" in hello:
            result.absent[subject] = "not installed"
            worker.close()
            continue
        ready.append(worker)
        result.versions[subject], checks[subject] = hello["version"], hello["check"]
    _compare(checks)
    return ready


def _compare(checks: dict[str, list[float]]) -> None:
    """ValueError unless all subjects computed the same numbers."""
    if not checks:
        return
    first, expected = next(iter(checks.items()))
    for subject, got in checks.items():
        if len(got) != len(expected) or any(
            abs(a - b) > TOLERANCE * max(abs(a), abs(b)) for a, b in zip(got, expected, strict=True)
        ):
            names = f"{SUBJECTS[first]} and {SUBJECTS[subject]}"
            raise ValueError(f"{names} do not compute the same: {expected} and {got}.")


def measure(
    name: str,
    workload: Workload,
    subjects: Sequence[str] | None = None,
    rounds: int | None = None,
    slot: float | None = None,
    threads: int = 2,
    progress: Callable[[str], None] = lambda text: None,
) -> Result:
    """Runs a workload in all subjects: in each round every one has a slot, each time another first.

    A subject that is not installed or fails is left out and named in the result.
    """
    chosen = [s for s in workload.subjects if subjects is None or s in subjects]
    rounds = workload.rounds if rounds is None else rounds
    slot = workload.slot if slot is None else slot
    result = Result(name)
    progress(f"{name}: starting")
    workers = _start(name, chosen, threads, result)
    result.samples = {worker.subject: [] for worker in workers}
    try:
        for number in range(rounds):
            first = number % len(workers) if workers else 0
            for worker in (*workers[first:], *workers[:first]):
                progress(f"{name}: round {number + 1} of {rounds}, {SUBJECTS[worker.subject]}")
                time.sleep(PAUSE)
                result.samples[worker.subject] += worker.slot(slot)
    finally:
        for worker in workers:
            worker.close()
    return result


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "time": time.strftime("%Y-%m-%d %H:%M:%S"),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
