"""Sessions in eight Python threads with changing batch sizes, for minutes: results, memory, locks.

    python tools/soak_sessions.py 600

Prints the process's memory and the runs so far; ends with an error at the first wrong result.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from evergraph import tf

THREADS = 8
MOST = 70  # rows of a batch


class Soak:
    """A network, a softmax and a convolution that threads run until the time is over."""

    def __init__(self, seconds: float) -> None:
        rng = np.random.default_rng(0)
        self.x = tf.placeholder(tf.float32, [None, 64])
        self.y = tf.placeholder(tf.float32, [None, 10])
        shapes = (64, 128), (128, 10)
        w1, w2 = (tf.Variable(rng.normal(size=s).astype(np.float32) * 0.1) for s in shapes)
        logits = tf.matmul(tf.nn.relu(tf.matmul(self.x, w1)), w2)
        losses = tf.nn.softmax_cross_entropy_with_logits_v2(labels=self.y, logits=logits)
        self.loss, self.softmax = tf.reduce_mean(losses), tf.nn.softmax(logits)
        self.train = tf.train.AdamOptimizer(1e-3).minimize(self.loss)
        self.images = tf.placeholder(tf.float32, [None, 12, 12, 4])
        self.kernel = rng.normal(size=(3, 3, 4, 8)).astype(np.float32)
        self.convolved = tf.nn.conv2d(self.images, self.kernel, [1, 1, 1, 1], "SAME")
        self.session = tf.Session()
        self.session.run(tf.global_variables_initializer())
        self.end = time.monotonic() + seconds
        self.runs = [0] * THREADS
        self.wrong: list[str] = []

    def check_training(self, rng: np.random.Generator, n: int) -> bool:
        """A step's loss is finite."""
        feed = {self.x: rng.normal(size=(n, 64)), self.y: np.eye(10)[rng.integers(0, 10, n)]}
        return bool(np.isfinite(self.session.run([self.loss, self.train], feed)[0]))

    def check_softmax(self, rng: np.random.Generator, n: int) -> bool:
        """Rows sum to one."""
        rows = self.session.run(self.softmax, {self.x: rng.normal(size=(n, 64))})
        return bool(np.abs(rows.sum(1) - 1).max() < 1e-5)

    def check_convolution(self, rng: np.random.Generator, n: int) -> bool:
        """An element is what its window gives."""
        images = rng.normal(size=(n, 12, 12, 4)).astype(np.float32)
        got = self.session.run(self.convolved, {self.images: images})
        b, i, j = int(rng.integers(n)), *(int(k) for k in rng.integers(1, 11, 2))
        window = images[b, i - 1 : i + 2, j - 1 : j + 2]
        want = np.tensordot(window, self.kernel, 3)
        return bool(np.abs(got[b, i, j] - want).max() < 1e-3)

    def work(self, index: int) -> None:
        """What one thread does."""
        checks: tuple[Callable[..., bool], ...] = (
            self.check_training,
            self.check_softmax,
            self.check_convolution,
        )
        check = checks[index % len(checks)]
        rng = np.random.default_rng(index)
        while time.monotonic() < self.end and not self.wrong:
            if not check(rng, int(rng.integers(1, MOST))):
                self.wrong.append(check.__name__)
            self.runs[index] += 1


def memory() -> int:
    """The process's resident memory in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 >> 20


def main() -> None:
    """Runs the threads; prints a line now and then."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    soak = Soak(seconds)
    threads: list[Any] = [threading.Thread(target=soak.work, args=(i,)) for i in range(THREADS)]
    for t in threads:
        t.start()
    while any(t.is_alive() for t in threads):
        time.sleep(min(10.0, seconds / 5))
        print(f"{memory()} MB, {sum(soak.runs)} runs", flush=True)
    if soak.wrong:
        raise SystemExit(f"Wrong: {soak.wrong}")
    print(f"runs a thread: {soak.runs}")


if __name__ == "__main__":
    main()
