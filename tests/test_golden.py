"""The recorded cases of TensorFlow 1.15.5 that evergraph agrees with: none may be lost.

`golden/agreeing.txt` lists them; `python tests/test_golden.py` runs every recorded case, prints
what differs and writes the list anew.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from golden import runner

LIST = Path(__file__).parent / "golden" / "agreeing.txt"


def _listed() -> dict[str, bool]:
    """The cases that agree, and whether the graphs do as well."""
    rows = (line.split("\t") for line in LIST.read_text().splitlines())
    return {name: graph == "graph" for graph, name in rows}


def _by_family() -> dict[str, list[str]]:
    families: dict[str, list[str]] = {}
    for name in _listed():
        families.setdefault(name.split("/")[0], []).append(name)
    return families


@pytest.mark.parametrize("family", sorted(_by_family()))
@pytest.mark.filterwarnings("ignore")
def test_cases_agree(family: str) -> None:
    wanted = set(_by_family()[family])
    listed, golden = _listed(), runner.golden()
    failed = []
    for name, kind, build in runner.cases():
        if name in wanted:
            got = runner.run(build, kind)
            if parts := runner.differences(golden[name], got):
                failed.append((name, parts, got.get("message")))
            elif listed[name] and runner.forward(golden[name]) != runner.forward(got):
                failed.append((name, ["ops"], None))
    assert not failed


def _report() -> None:
    warnings.simplefilter("ignore")
    table: dict[str, list[int]] = {}
    rows = []
    for name, kind, build in runner.cases():
        want = runner.golden().get(name)
        if want is None:
            continue
        got = runner.run(build, kind)
        parts = runner.differences(want, got)
        graph = runner.forward(want) == runner.forward(got)
        count = table.setdefault(name.split("/")[0], [0, 0, 0])
        for i, one in enumerate((True, not parts, not parts and graph)):
            count[i] += one
        if parts:
            print("differs", name[:110], parts, got.get("raises", ""), got.get("message", "")[:90])
        else:
            rows.append(("graph" if graph else "values", name))
            if not graph:
                print("other ops", name[:110])
    LIST.write_text("".join(f"{graph}\t{name}\n" for graph, name in rows))
    for family, (total, agree, graphs) in table.items():
        print(f"{family}: {agree} of {total} agree, {graphs} with the same graph")


if __name__ == "__main__":
    _report()
