"""Runs public TensorFlow 1 programs, unchanged, and tells how they came out.

    python tools/run_programs.py CHECKOUTS [--mnist DIR] [--outputs DIR] [--full]

CHECKOUTS holds the repositories that `programs.tsv` names (hunkim/DeepLearningZeroToAll,
aymericdamien/TensorFlow-Examples). Each program runs in a scratch copy of its folder, with the
MNIST files of --mnist where it looks for them. With --outputs, a folder of texts that TensorFlow
1.15.5 printed (REPOSITORY/PROGRAM.txt), the expected lines are looked for, in order, among what was
printed: a line agrees when its words are the same and its numbers to 4 significant digits.

Prints a table and writes it to --out; exits 1 when a program failed.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|nan|inf)\b")
CUT = "..."


class Program(NamedTuple):
    """A program: its repository's folder, its path in it, where it looks for MNIST."""

    repository: str
    path: str
    mnist: str

    @property
    def output_name(self) -> str:
        """The name of the file with its expected output."""
        return re.sub(r"[^\w.-]", "_", Path(self.path).name) + ".txt"


class Outcome(NamedTuple):
    """How a run ended, in how many seconds, and what it printed and reported."""

    status: str
    seconds: float
    printed: list[str]
    reported: list[str]


class Agreement(NamedTuple):
    """How many of the expected lines came out: of the first half, of all, of how many."""

    half: int
    of_half: int
    found: int
    of: int

    def __str__(self) -> str:
        return f"{self.half}/{self.of_half} {self.found}/{self.of}"


def programs(table: Path, wanted: str) -> list[Program]:
    """The programs of a table whose repository and path match a regular expression."""
    with table.open(encoding="utf-8") as file:
        rows = list(csv.reader(file, delimiter="\t"))[1:]
    return [p for p in map(Program._make, rows) if re.search(wanted, f"{p.repository}/{p.path}")]


def scratch_copy(program: Program, checkouts: Path, mnist: Path | None, where: Path) -> Path:
    """Copies a program's folder and lays MNIST where it is looked for; returns the program.

    What the program has in /tmp is in the folder _tmp of the copy.
    """
    source = checkouts / program.repository / program.path
    folder = where / "program"
    shutil.copytree(source.parent, folder, ignore=shutil.ignore_patterns(".git"))
    text = (folder / source.name).read_bytes()
    (folder / source.name).write_bytes(re.sub(rb"(['\"])/tmp/", rb"\1_tmp/", text))
    if program.mnist and mnist is not None:
        shutil.copytree(mnist, folder / program.mnist, dirs_exist_ok=True)
    return folder / source.name


def execute(file: Path, steps: int | None, limit: float) -> Outcome:
    """Runs a program from its own folder, for `limit` seconds at most."""
    command = [sys.executable, "-m", "evergraph", "run"]
    command += ["--steps", str(steps)] if steps else []
    start = time.perf_counter()
    with (file.parent / ".out").open("w+b") as out, (file.parent / ".err").open("w+b") as err:
        process = subprocess.Popen(
            [*command, file.name],
            cwd=file.parent,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        try:
            code = process.wait(limit)
            status = "ok" if code == 0 else f"exit {code}"
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            status = "time"
        seconds = time.perf_counter() - start
        return Outcome(status, seconds, _lines(out), _lines(err))


def _lines(file: object) -> list[str]:
    file.seek(0)  # type: ignore[attr-defined]
    return file.read().decode(errors="replace").splitlines()  # type: ignore[attr-defined]


def split(line: str) -> tuple[str, list[float]]:
    """The words of a line, with # for each number, and its numbers."""
    return " ".join(NUMBER.sub("#", line).split()), [float(n) for n in NUMBER.findall(line)]


def close(a: float, b: float) -> bool:
    """Whether two numbers agree to 4 significant digits."""
    if a == b or (a != a and b != b):
        return True
    return abs(a - b) <= 1e-4 * max(abs(a), abs(b), 1e-6)


def matches(expected: Sequence[str], printed: Sequence[str]) -> Iterator[bool]:
    """For each expected line, whether the next printed line with its words has its numbers."""
    lines, at = [split(line) for line in printed], 0
    for words, numbers in map(split, expected):
        hit = next((i for i in range(at, len(lines)) if lines[i][0] == words), None)
        if hit is None:
            yield False
            continue
        at = hit + 1
        got = lines[hit][1]
        yield len(got) == len(numbers) and all(map(close, got, numbers))


def alike(a: str, b: str) -> bool:
    """Whether two lines agree."""
    return all(matches([a], [b]))


def aligned(expected: list[str], printed: Sequence[str]) -> tuple[list[str], Sequence[str]]:
    """Both texts from where they start together.

    A recorded text may begin long after the program did, and in the middle of a line: then its
    first line, or its second if nothing like the first is printed, says where the others start.
    """
    known = {split(line)[0] for line in printed}
    skipped = int(len(expected) > 1 and split(expected[0])[0] not in known)
    for start, line in enumerate(printed):
        if expected and alike(expected[skipped], line):
            return expected[skipped:], printed[start:]
    return expected, printed


def agreement(expected: Sequence[str], printed: Sequence[str]) -> Agreement:
    """Counts the expected lines that came out, up to where the expected text was cut."""
    kept = list(expected[: expected.index(CUT)] if CUT in expected else expected)
    kept, printed = aligned(kept, printed)
    found = list(matches(kept, printed))
    half = found[: (len(found) + 1) // 2]
    return Agreement(sum(half), len(half), sum(found), len(found))


def expected_of(program: Program, outputs: Path | None) -> list[str] | None:
    """The lines that TensorFlow printed for a program, where they were recorded."""
    path = outputs / program.repository / program.output_name if outputs else None
    if path is None or not path.is_file():
        return None
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def last_word(outcome: Outcome) -> str:
    """The line that tells most about a run: its last, or the error it ended with."""
    said = outcome.printed if outcome.status in ("ok", "time") else outcome.reported
    lines = [line.strip() for line in said or outcome.reported if line.strip()]
    return lines[-1] if lines else ""


def run_all(options: argparse.Namespace) -> list[tuple[str, ...]]:
    """Runs the programs one after another; a row of the table each."""
    rows = []
    for program in programs(options.table, options.only):
        with tempfile.TemporaryDirectory() as scratch:
            file = scratch_copy(program, options.checkouts, options.mnist, Path(scratch))
            outcome = execute(file, None if options.full else options.steps, options.timeout)
        expected = expected_of(program, options.outputs)
        agreed = agreement(expected, outcome.printed) if expected is not None else None
        keep(options.keep, program, outcome)
        row = (
            f"{program.repository}/{program.path}",
            outcome.status,
            f"{outcome.seconds:.1f}",
            str(agreed or "-"),
            last_word(outcome),
        )
        print(f"{row[0]:<88.88} {row[1]:<7} {row[2]:>7} s  {row[3]:<14} {row[4]:.100}", flush=True)
        rows.append(row)
    return rows


def keep(folder: Path | None, program: Program, outcome: Outcome) -> None:
    """Writes what a program printed and reported into a folder, if one was named."""
    if folder is not None:
        place = folder / program.repository / program.output_name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("\n".join([*outcome.printed, ""]), encoding="utf-8")
        place.with_suffix(".err").write_text("\n".join([*outcome.reported, ""]), encoding="utf-8")


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("checkouts", type=Path, help="folder of the repositories")
    parser.add_argument("--mnist", type=Path, help="folder of MNIST's four IDX files")
    parser.add_argument("--outputs", type=Path, help="folder of the expected texts")
    parser.add_argument("--steps", type=int, default=300, help="session runs, then stop (300)")
    parser.add_argument("--full", action="store_true", help="run every program to its end")
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds for each (300)")
    parser.add_argument("--only", default="", help="a regular expression for REPOSITORY/PROGRAM")
    parser.add_argument("--table", type=Path, default=HERE / "programs.tsv", help="the programs")
    parser.add_argument("--keep", type=Path, help="folder for what the programs print")
    parser.add_argument("--out", type=Path, default=Path("programs-result.tsv"))
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs, prints, writes; the exit code."""
    options = options_of(arguments)
    rows = run_all(options)
    header = ("program", "status", "seconds", "lines agreeing (first half, all)", "last line")
    with options.out.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t", lineterminator="\n").writerows([header, *rows])
    ended = sum(row[1] == "ok" for row in rows)
    print(f"{ended} of {len(rows)} programs ran to their end; table in {options.out}")
    return 0 if ended == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
