"""Compiled kernels on disk, and processes that fork."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from evergraph.backends.cpu.objects import ObjectStore


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path / "kernels")
    store.put("a", b"code")
    assert store.get("a") == b"code"
    assert store.get("b") is None
    assert [p.name for p in store.folder.iterdir()] == ["a.o"]


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "moved"])
def test_damaged_files_are_not_run(tmp_path: Path, damage: str) -> None:
    store = ObjectStore(tmp_path)
    store.put("a", b"code" * 100)
    path = tmp_path / "a.o"
    content = path.read_bytes()
    if damage == "moved":
        path.rename(tmp_path / "b.o")
        assert store.get("b") is None
        return
    path.write_bytes({"cut": content[:-7], "changed": content[:-1] + b"?", "empty": b""}[damage])
    assert store.get("a") is None


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs users and permissions")
def test_what_others_may_write_is_not_run(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path)
    store.put("a", b"code")
    (tmp_path / "a.o").chmod(0o666)
    assert store.get("a") is None
    tmp_path.chmod(0o777)
    assert not ObjectStore(tmp_path).usable


def test_a_folder_that_cannot_be_made_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = ObjectStore(tmp_path / "file" / "kernels")
    store.put("a", b"code")
    assert store.get("a") is None


def test_the_folder_stays_within_its_limit(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path, limit=10_000)
    for i in range(50):
        store.put(f"k{i}", bytes(1000))
    assert sum(p.stat().st_size for p in tmp_path.iterdir()) <= 13_000
    assert store.get("k49") is not None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_process_computes_too() -> None:
    program = """
import os
import numpy as np
from evergraph import tf
x = tf.placeholder(tf.float32, [None, 300])
y = tf.reduce_sum(tf.tanh(tf.matmul(x, tf.ones([300, 300]))))
session = tf.Session()
given = {x: np.full((200, 300), 0.001, np.float32)}
want = session.run(y, given)
child = os.fork()
if not child:
    os._exit(0 if session.run(y, given) == want and tf.Session().run(y, given) == want else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert session.run(y, given) == want
"""
    command = [sys.executable, "-c", program]
    environment = {**os.environ, "EVERGRAPH_NUM_THREADS": "2"}
    got = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert got.returncode == 0, got.stderr
