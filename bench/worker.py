"""One subject of one workload, in a process of its own: `python -m bench.worker WORKLOAD SUBJECT`.

It speaks JSON lines on its standard output: first `{"version", "check"}`, or `{"missing"}` when
the library is not installed; then, for each line `SECONDS` that it reads, `{"samples"}` of as
many calls as fit into that time, one at least. The end of its input ends it.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import sys
import time
from typing import Any

from bench.workload import Sample, Subject
from bench.workloads import load

WARM_UP = 0.1  # of a slot: caches and clocks belong to the subject before
_PACKAGES = {"tensorflow": ("tensorflow", "tensorflow_cpu", "tensorflow-cpu")}


def _version(subject: str) -> str:
    """The version of an installed library."""
    for package in _PACKAGES.get(subject, (subject,)):
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return str(getattr(sys.modules.get(subject), "__version__", "unknown"))


def take(subject: Subject, slot: float) -> list[Sample]:
    """Samples for `slot` seconds, without those of the warm-up; one at least."""
    start = time.perf_counter()
    samples: list[Sample] = []
    while True:
        began = time.perf_counter() - start
        sample = subject.sample()
        if began >= WARM_UP * slot:
            samples.append(sample)
        if samples and time.perf_counter() - start >= slot:
            return samples


def main() -> None:
    """Makes the subject ready and serves slots."""
    name, subject_name = sys.argv[1:]
    # What libraries print must not mix with the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def answer(**fields: Any) -> None:
        answers.write(json.dumps(fields) + "\n")

    workload = load(name)
    if importlib.util.find_spec(subject_name) is None:
        answer(missing=True)
        return
    subject = workload.subjects[subject_name]()
    answer(version=_version(subject_name), check=subject.check)
    for line in sys.stdin:
        answer(samples=take(subject, float(line)))


if __name__ == "__main__":
    main()
