"""Settings: read from the environment, checked, and what they change."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from evergraph import settings

SWITCHES = {
    "EVERGRAPH_DEBUG": [("0", "debug", 0), ("1", "debug", 1), ("passes", "debug", 2)],
    "EVERGRAPH_BACKEND": [("reference", "backend", "reference"), ("cpu", "backend", "cpu")],
    "EVERGRAPH_CPU": [("avx2", "cpu", "avx2"), ("baseline", "cpu", "baseline")],
    "EVERGRAPH_NUM_THREADS": [("3", "num_threads", 3)],
    "EVERGRAPH_CACHE": [("/somewhere", "cache", "/somewhere")],
    "EVERGRAPH_WARN": [("0", "warn", False), ("1", "warn", True)],
    "EVERGRAPH_TRACEBACK": [("full", "full_traceback", True), ("short", "full_traceback", False)],
}


@pytest.mark.parametrize("name", SWITCHES)
def test_values_that_are_allowed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for value, attribute, want in SWITCHES[name]:
        monkeypatch.setenv(name, value)
        assert getattr(settings._read(), attribute) == want


@pytest.mark.parametrize("name", [name for name in SWITCHES if name != "EVERGRAPH_CACHE"])
def test_values_that_are_not(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "nonsense")
    with pytest.raises(ValueError, match=f"{name}='nonsense' is not one of"):
        settings._read()


def test_every_switch_is_in_the_modules_table() -> None:
    assert settings.__doc__ is not None
    listed = {w for line in settings.__doc__.splitlines() for w in line.split() if "EVERG" in w}
    assert listed == set(SWITCHES)


def _run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )


def test_uncaught_errors_end_at_the_users_line() -> None:
    program = "from evergraph import tf\ntf.matmul([[1.0]], [[1.0, 2.0], [3.0, 4.0]])\n"
    short = _run(program)
    full = _run(program, EVERGRAPH_TRACEBACK="full")
    assert short.returncode == full.returncode == 1
    assert "ValueError" in short.stderr and "/evergraph/core/" not in short.stderr
    assert "/evergraph/core/" in full.stderr


def test_debugging_shows_what_is_compiled() -> None:
    program = """
from evergraph import tf
x = tf.placeholder_with_default(1.0, ())
print(tf.Session().run(x * 2.0))
"""
    got = _run(program, EVERGRAPH_DEBUG="1")
    assert got.stdout == "2.0\n" and "func(" in got.stderr and "return" in got.stderr
