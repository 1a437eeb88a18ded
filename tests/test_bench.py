"""The benchmark runner: workers, rounds, ratios, table, files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import measure as measuring  # noqa: E402
from bench import report, run  # noqa: E402
from bench.worker import take  # noqa: E402
from bench.workload import Metric, Subject, Workload  # noqa: E402
from bench.workloads import load, names  # noqa: E402


def _result(**samples):
    found = measuring.Result("w", dict.fromkeys(samples, "1"))
    found.samples = {s: [{"time": t} for t in times] for s, times in samples.items()}
    return found


def _workload(**changes):
    return Workload("Work", {"time": Metric("a step")}, {}, **changes)


@pytest.mark.parametrize("name", names())
def test_every_workload_runs_in_evergraph(name):
    workload = load(name)
    result = measuring.measure(name, workload, ["evergraph"], rounds=1, slot=0.0)
    assert not result.absent
    median = result.medians()["evergraph"]
    assert set(median) == set(workload.metrics) and all(v > 0 for v in median.values())


def test_subjects_of_the_step_agree():
    subjects = ["evergraph", "numpy"]
    result = measuring.measure("two_layer_step", load("two_layer_step"), subjects, 2, 0.01)
    assert set(result.medians()) == set(subjects), result.absent


def test_one_command_writes_everything(tmp_path):
    command = [sys.executable, ROOT / "bench" / "run.py", "--only", "trivial_run", "--rounds", "1"]
    command += ["--with", "evergraph", "--slot", "0.02", "--out", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "sum of two constants" in done.stdout, done.stderr
    figures = json.loads((tmp_path / "bench.json").read_text())
    found = figures["workloads"]["trivial_run"]["subjects"]["evergraph"]
    low, high = found["quartiles"]["constants"]
    assert low <= found["median"]["constants"] <= high and found["ratio"]["constants"] == 1
    assert figures["threads"] >= 1 and figures["machine"]["python"]
    assert not (tmp_path / "bench.png").exists()  # nothing to compare with


def test_the_list(capsys):
    run.main(["--list"])
    assert "two_layer_step" in capsys.readouterr().out


def test_slots_have_one_sample_at_least():
    calls = []
    subject = Subject(lambda: calls.append(1) or {"time": 1.0})
    assert len(take(subject, 0.0)) == 1 and len(calls) == 1
    samples = take(subject, 0.01)
    assert 1 <= len(samples) < len(calls) - 1  # the warm-up is left out


def test_ratios_and_table(tmp_path):
    done = [(_workload(), _result(evergraph=[1e-4, 2e-4, 3e-4], numpy=[4e-4], jax=[1e-4]))]
    figures = report.as_json(done, 2)["workloads"]["w"]["subjects"]
    assert figures["numpy"]["ratio"]["time"] == pytest.approx(2)
    text = _text(report.table(done))
    assert "200 us" in text and "2.00x" in text and "0.50x" in text
    assert report.plot(tmp_path / "a" / "b.png", done)
    assert (tmp_path / "a" / "b.png").stat().st_size > 1000


def _text(table):
    from rich.console import Console

    console = Console(width=200)
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def test_notes_name_what_is_absent():
    found = _result(evergraph=[1.0])
    found.absent["torch"] = "not installed"
    workload = _workload(notes=lambda medians: [f"{len(medians)} subject"])
    assert report.notes([(workload, found)]) == ["1 subject", "PyTorch: not installed"]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1.2e-4, "s", "120 us"),
        (0.25, "s", "250 ms"),
        (3.0, "s", "3 s"),
        (2e-7, "s", "0.2 us"),
        (3 * 2**30, "B", "3 GiB"),
        (5 * 2**20, "B", "5 MiB"),
    ],
)
def test_quantities(value, unit, text):
    assert report.quantity(value, unit) == text


def test_subjects_that_disagree_are_refused():
    measuring._compare({"evergraph": [1.0, 2.0], "numpy": [1.0, 2.0001]})
    with pytest.raises(ValueError, match="do not compute the same"):
        measuring._compare({"evergraph": [1.0], "numpy": [1.1]})
    with pytest.raises(ValueError, match="do not compute the same"):
        measuring._compare({"evergraph": [1.0], "numpy": []})


def test_workers_do_not_inherit_openblas_variables(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Prescott")
    environment = measuring.environment(3)
    assert not [k for k in environment if k.startswith("OPENBLAS_")]
    assert environment["BENCH_THREADS"] == environment["OMP_NUM_THREADS"] == "3"


def test_a_subject_that_fails_is_left_out():
    workload = load("trivial_run")
    workload.subjects["numpy"] = lambda: Subject(dict)  # the worker knows no such subject
    try:
        result = measuring.measure("trivial_run", workload, ["numpy"], 1, 0.0)
    finally:
        del workload.subjects["numpy"]
    assert "KeyError" in result.absent["numpy"] and result.medians() == {}
