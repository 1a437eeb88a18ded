"""The tool that runs public programs: its comparison, and one run of a program of ours."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("run_programs", ROOT / "tools/run_programs.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("expected", "printed", "counts"),
    [
        (["a 1.0", "b 2"], ["a 1.00004", "noise", "b 2"], (1, 1, 2, 2)),
        (["a 1.0", "b 2"], ["a 1.001", "b 2"], (0, 1, 1, 2)),
        (["a 1.0", "b 2"], ["b 2", "a 1.0"], (1, 1, 1, 2)),
        (["x nan inf"], ["x nan inf"], (1, 1, 1, 1)),
        (["1 2", "...", "3 4"], ["1 2"], (1, 1, 1, 1)),
        (["a   1e-3"], ["a 0.001"], (1, 1, 1, 1)),
        ([], ["a"], (0, 0, 0, 0)),
    ],
)
def test_agreement(tool, expected, printed, counts):
    assert tool.agreement(expected, printed) == counts


def test_the_programs_are_listed(tool):
    found = tool.programs(ROOT / "tools/programs.tsv", "")
    assert len(found) == 46 and len({p.output_name for p in found}) == 46
    assert [p.path for p in tool.programs(ROOT / "tools/programs.tsv", "selu")] == [
        "lab-10-8-mnist_nn_selu(wip).py"
    ]
    selu = tool.programs(ROOT / "tools/programs.tsv", "selu")[0]
    assert selu.output_name == "lab-10-8-mnist_nn_selu_wip_.py.txt" and selu.mnist


def test_a_run(tool, tmp_path, capsys):
    place = tmp_path / "checkouts" / "mine"
    place.mkdir(parents=True)
    (place / "good.py").write_text("import os\nprint('pi', 3.14159, os.path.exists('data/x'))\n")
    (place / "bad.py").write_text("import sys\nsys.exit('no luck')\n")
    (place / "long.py").write_text("while True: pass\n")
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "x").touch()
    (tmp_path / "expected" / "mine").mkdir(parents=True)
    (tmp_path / "expected" / "mine" / "good.py.txt").write_text("pi 3.1416 True\n")
    table = tmp_path / "table.tsv"
    table.write_text(
        "repository\tprogram\tmnist\nmine\tgood.py\tdata\nmine\tbad.py\t\nmine\tlong.py\t\n"
    )
    code = tool.main(
        [
            str(tmp_path / "checkouts"),
            *("--mnist", str(tmp_path / "mnist"), "--outputs", str(tmp_path / "expected")),
            *("--table", str(table), "--timeout", "3", "--out", str(tmp_path / "out.tsv")),
            *("--keep", str(tmp_path / "kept")),
        ]
    )
    assert code == 1 and "1 of 3 programs" in capsys.readouterr().out
    rows = [line.split("\t") for line in (tmp_path / "out.tsv").read_text().splitlines()[1:]]
    assert [row[1] for row in rows] == ["ok", "exit 1", "time"]
    assert rows[0][3] == "1/1 1/1" and rows[1][4] == "no luck"
    assert "pi 3.14159 True" in (tmp_path / "kept" / "mine" / "good.py.txt").read_text()
