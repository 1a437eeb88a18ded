"""The demo and the lecture's programs, run as a user runs them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@pytest.fixture
def run(tmp_path):
    def run(name: str):
        shutil.copy(EXAMPLES / name, tmp_path)
        return subprocess.run(
            [sys.executable, "-m", "evergraph", "run", Path(name).name],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


def numbers(text: str) -> np.ndarray:
    return np.array([float(n) for n in re.findall(r"-?\d+\.?\d*(?:e[-+]\d+)?", text)])


def test_digits(run, tmp_path):
    pytest.importorskip("sklearn")
    pytest.importorskip("rich")
    done = run("digits.py")
    assert done.returncode == 0, done.stderr
    accuracy = re.search(r"test accuracy: (0\.\d+) on 450 digits", done.stdout)
    assert accuracy is not None and float(accuracy[1]) > 0.95
    assert (tmp_path / "digits-loss.png").read_bytes().startswith(b"\x89PNG")


def test_numpy_and_tensorflow_agree(run):
    by_hand, graph = run("lecture/1_comparison_numpy.py"), run("lecture/2_comparison_tensorflow.py")
    assert graph.returncode == 0, graph.stderr
    np.testing.assert_allclose(numbers(graph.stdout), numbers(by_hand.stdout), rtol=1e-5)
    assert "gpu" in graph.stderr.lower()


def test_weights_fed_once(run):
    done = run("lecture/3_placeholders_once.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1] == "(1000, 100) (100, 1000)"


def test_weights_fed_at_each_step(run):
    done = run("lecture/4_placeholders_50_steps.py")
    losses = numbers(done.stdout)
    assert len(losses) == 50 and losses[-1] < losses[0] / 10
    assert "4_placeholders_50_steps.py" in done.stderr


def test_assigns_that_no_run_asks_for(run):
    done = run("lecture/5_variables_unrun_assigns.py")
    losses = numbers(done.stdout)
    assert len(losses) == 50 and np.ptp(losses) == 0
    assert "5_variables_unrun_assigns.py:" in done.stderr


@pytest.mark.parametrize(
    "name", ["6_group.py", "8_optimizer.py", "9_losses.py", "10_layers_xavier.py"]
)
def test_training_programs(run, name):
    done = run(f"lecture/{name}")
    losses = numbers(done.stdout)
    assert done.returncode == 0 and len(losses) == 50, done.stderr
    assert losses[-1] < losses[0]


def test_the_slip_on_the_slide_raises(run):
    done = run("lecture/7_group_as_printed.py")
    assert done.returncode == 1 and "TypeError" in done.stderr
    assert "loss, _ = sess.run([loss, updates], feed_dict=feed_dict)" in done.stderr
