"""The pages say what is true: commands print what they show, quoted code stands in the sources.

A block ```python that begins with `# name.py` is a program; one that begins with a path of the
repository is quoted from there. A block ```console holds commands (`$ evergraph ...`, which are
run where the page's programs and the folder examples are) and what they print; a line `...` stands
for any number of lines. Whole numbers must be equal, decimal ones of the same size: most programs
draw other weights each time.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOME = "/home/you/evergraph"  # what pages write for the folder that programs are in
RUN_PAGES = (
    "README.md",
    "docs/lecture.md",
    "docs/errors.md",
    "docs/settings.md",
    "docs/control-flow.md",
    "docs/interchange.md",
)
PAGES = (*RUN_PAGES, "CONTRIBUTING.md", "docs/architecture.md", "docs/lecture.ko.md")
SIZE = 4.0  # decimal numbers agree within this factor
CALM = {"PYTHONUNBUFFERED": "1", "OPENBLAS_NUM_THREADS": "1"}
NOISE = 1e-5  # and below this all are alike

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
_NUMBER = re.compile(r"(-?\d+(?:\.\d*)?(?:e[-+]?\d+)?)")
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def blocks(page: str, kind: str) -> list[str]:
    """The text of a page's blocks of one kind."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [body for found, body in _BLOCK.findall(text) if found == kind]


def titled(page: str) -> Iterator[tuple[str, str]]:
    """The Python blocks whose first line is a file's name: the name and the rest."""
    for body in blocks(page, "python"):
        first, _, rest = body.partition("\n")
        if first.startswith("# ") and first.endswith(".py"):
            yield first[2:], rest


def commands(page: str) -> list[tuple[str, str]]:
    """The commands of a page, each with what it prints."""
    found = []
    for body in blocks(page, "console"):
        for part in re.split(r"^\$ ", body, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


# -- running ---------------------------------------------------------------------------------
def execute(command: str, folder: Path) -> str:
    """What a command prints to both of its outputs, with `folder` named as in the pages."""
    words = shlex.split(command)
    settings = dict(w.split("=", 1) for w in words if re.match(r"EVERGRAPH_\w+=", w))
    words = words[len(settings) :]
    assert words[0] == "evergraph", f"not a command of ours: {command}"
    clean = {k: v for k, v in os.environ.items() if not k.startswith("EVERGRAPH_")}
    paths = filter(None, (str(ROOT / "src"), os.environ.get("PYTHONPATH")))
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**clean, "PYTHONPATH": os.pathsep.join(paths), **CALM, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout.replace(os.path.realpath(folder), HOME).replace(str(folder), HOME)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    """What every command of every page prints; a command that several pages show runs once."""
    shared = tmp_path_factory.mktemp("docs")
    shutil.copytree(ROOT / "examples", shared / "examples")
    for page in RUN_PAGES:
        for name, source in titled(page):
            if "/" not in name:
                # The name stands in the first line of the page's block, so lines agree.
                (shared / name).write_text(f"# {name}\n{source}", encoding="utf-8")
    wanted = {(command, str(shared)) for page in RUN_PAGES for command, _ in commands(page)}
    with ThreadPoolExecutor(2) as pool:
        jobs = {key: pool.submit(execute, key[0], Path(key[1])) for key in sorted(wanted)}
    return {key[0]: job.result() for key, job in jobs.items()}  # type: ignore[misc]


# -- comparing -------------------------------------------------------------------------------
def numbers_agree(want: str, got: str) -> bool:
    if not any(c in want for c in ".e"):
        return want == got
    a, b = abs(float(want)), abs(float(got))
    return max(a, b) <= SIZE * min(a, b) or max(a, b) < NOISE


def lines_agree(want: str, got: str) -> bool:
    """Equal but for spaces, the marks below tracebacks' lines and the digits of decimals."""
    a, b = (_NUMBER.split(" ".join(line.split())) for line in (want, got))
    if a[::2] != b[::2] or len(a) != len(b):
        return False
    return all(numbers_agree(x, y) for x, y in zip(a[1::2], b[1::2], strict=True))


def outputs_agree(want: list[str], got: list[str]) -> bool:
    """Whether the lines agree one by one, `...` standing for any number of them."""
    if not want:
        return not got
    if want[0].strip() == "...":
        return any(outputs_agree(want[1:], got[i:]) for i in range(len(got) + 1))
    return bool(got) and lines_agree(want[0], got[0]) and outputs_agree(want[1:], got[1:])


def readable(text: str) -> list[str]:
    """The lines that count: Python versions mark errors in tracebacks differently."""
    return [line for line in text.splitlines() if line.strip(" ^~")]


@pytest.mark.parametrize("page", RUN_PAGES)
def test_commands_print_what_the_page_shows(page, printed):
    shown = commands(page)
    assert shown
    for command, output in shown:
        got = printed[command]
        assert outputs_agree(readable(output), readable(got)), f"$ {command}\n{got}"


@pytest.mark.parametrize(
    ("want", "got", "agree"),
    [
        ("a 1.5", "a  1.7", True),
        ("a 1.5", "a 15.0", False),
        ("line 4", "line 5", False),
        ("1.0\n...\n2.0", "1.0\nx\ny\n2.1", True),
        ("1.0\n...", "2.0e3", False),
        ("...", "", True),
    ],
)
def test_comparison(want, got, agree):
    assert outputs_agree(want.splitlines(), got.splitlines()) is agree


# -- the rest of the pages ---------------------------------------------------------------------
@pytest.mark.parametrize("page", PAGES)
def test_quoted_code_stands_in_the_sources(page):
    for name, quoted in titled(page):
        if "/" in name:
            source = (ROOT / name).read_text(encoding="utf-8")
            for part in quoted.strip("\n").split("\n# ...\n"):
                assert part.strip("\n") in source, f"{page} quotes {name}:\n{part}"


@pytest.mark.parametrize("page", (*PAGES, "CHANGELOG.md", "examples/lecture/README.md"))
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in _LINK.findall(text):
        assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}"


def test_both_languages_show_the_same_runs():
    assert blocks("docs/lecture.ko.md", "console") == blocks("docs/lecture.md", "console")
    assert blocks("docs/lecture.ko.md", "python") == blocks("docs/lecture.md", "python")


def test_the_pages_name_every_setting():
    source = (ROOT / "src/evergraph/settings.py").read_text()
    page = (ROOT / "docs/settings.md").read_text()
    assert set(re.findall(r"EVERGRAPH_[A-Z_]+", source)) <= set(re.findall(r"EVERGRAPH_\w+", page))
