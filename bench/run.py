"""Times workloads in evergraph and its peers in one interleaved run.

python bench/run.py                         all workloads
python bench/run.py --only trivial_run      one (may be repeated)
python bench/run.py --quick                 fewer rounds, to see that all works
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from bench import report  # noqa: E402
from bench.measure import Result, measure  # noqa: E402
from bench.workload import SUBJECTS, Workload  # noqa: E402
from bench.workloads import load, names  # noqa: E402

QUICK_ROUNDS = 2


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--list", action="store_true", help="name the workloads and end")
    parser.add_argument("--only", action="append", choices=names(), help="a workload to run")
    parser.add_argument("--with", dest="subjects", action="append", choices=list(SUBJECTS))
    parser.add_argument("--rounds", type=int, help="slots of each subject (default: workload's)")
    parser.add_argument("--slot", type=float, help="seconds a slot lasts (default: workload's)")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds each")
    parser.add_argument("--threads", type=int, default=min(2, _cores()), help="for each subject")
    parser.add_argument("--out", type=Path, default=ROOT / "out", help="folder of JSON and PNG")
    return parser.parse_args(argv)


def run(arguments: argparse.Namespace) -> list[tuple[Workload, Result]]:
    """Measures the chosen workloads one after the other, with a line of progress."""
    from rich.console import Console

    done = []
    rounds = QUICK_ROUNDS if arguments.quick else arguments.rounds
    with Console(stderr=True).status("") as status:
        for name in arguments.only or names():
            workload = load(name)
            result = measure(
                name,
                workload,
                arguments.subjects,
                rounds,
                arguments.slot,
                arguments.threads,
                status.update,
            )
            done.append((workload, result))
    return done


def main(argv: list[str] | None = None) -> None:
    """Measures, prints the table, writes `bench.json` and `bench.png`."""
    from rich.console import Console

    arguments = _arguments(argv)
    if arguments.list:
        print("\n".join(f"{name:16} {load(name).title}" for name in names()))
        return
    done = run(arguments)
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(report.table(done))
    for line in report.notes(done):
        console.print(line, highlight=False, markup=False)
    report.save(arguments.out / "bench.json", done, arguments.threads)
    print(arguments.out / "bench.json")
    if report.plot(arguments.out / "bench.png", done):
        print(arguments.out / "bench.png")


if __name__ == "__main__":
    main()
