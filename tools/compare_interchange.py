"""Graphs of evergraph in TensorFlow, and TensorFlow's in evergraph: do the values agree?

    python tools/compare_interchange.py            300 random graphs each way
    python tools/compare_interchange.py --count 20 --first 1000

Needs TensorFlow 2. Prints what differs and a count; fails if anything does.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def carried(source: Any, target: Any, seed: int) -> None:
    """Builds a graph in one, runs it in both; AssertionError where the values differ."""
    from random_graphs import build

    with source.Graph().as_default() as graph:
        feeds, fetches = build(source, seed)
        data = graph.as_graph_def(add_shapes=seed % 2 == 0).SerializeToString()
        with source.Session() as session:
            want = session.run(fetches, feeds)
    with target.Graph().as_default():
        target.import_graph_def(target.GraphDef.FromString(data), name="")
        with target.Session() as session:
            got = session.run(fetches, feeds)
    for name, a, b in zip(fetches, want, got, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4, err_msg=name)


def count_failures(run: Callable[[int], None], seeds: range, title: str) -> int:
    """How many of the seeds fail; prints the first line of each failure."""
    failures = 0
    for seed in seeds:
        try:
            run(seed)
        except Exception as error:
            failures += 1
            lines = [line for line in str(error).splitlines() if line.strip()]
            print(f"{title}, seed {seed}: {type(error).__name__}: {' '.join(lines[:4])[:300]}")
    print(f"{title}: {len(seeds) - failures} of {len(seeds)} agree")
    return failures


def main() -> None:
    """Compares both ways."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    import tensorflow.compat.v1 as theirs

    from evergraph import tf as ours

    seeds = range(options.first, options.first + options.count)
    failures = count_failures(lambda s: carried(ours, theirs, s), seeds, "evergraph to TensorFlow")
    failures += count_failures(lambda s: carried(theirs, ours, s), seeds, "TensorFlow to evergraph")
    theirs.disable_control_flow_v2()
    failures += count_failures(
        lambda s: carried(theirs, ours, s), seeds, "TensorFlow with v1 control flow to evergraph"
    )
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
