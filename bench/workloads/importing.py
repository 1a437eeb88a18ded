"""Importing a library in a new process: time, memory afterwards, and time to a first result.

Libraries load parts of themselves late: the first result, 1 + 2, makes that visible.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

from bench.workload import Metric, Sample, Subject, Workload

_CODE = """
import os, sys, time
start = time.perf_counter()
{load}
loaded = time.perf_counter() - start
if os.path.exists("/proc/self/statm"):
    memory = int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
else:
    import resource
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    memory *= 1 if sys.platform == "darwin" else 1024
{compute}
assert result == 3
import json
first = time.perf_counter() - start
print(json.dumps(dict(time=loaded, memory=memory, first=first)))
"""
_SESSION = "result = tf.Session().run(tf.constant(1.0) + tf.constant(2.0))"
_PROGRAMS = {
    "evergraph": ("from evergraph import tf", _SESSION),
    "tensorflow": (
        "import tensorflow.compat.v1 as tf\ntf.disable_eager_execution()",
        _SESSION,
    ),
    "torch": ("import torch", "result = (torch.tensor(1.0) + torch.tensor(2.0)).item()"),
    "jax": (
        "import jax, jax.numpy as jnp",
        "result = float(jnp.asarray(1.0) + jnp.asarray(2.0))",
    ),
    "numpy": ("import numpy as np", "result = np.float32(1) + np.float32(2)"),
}


def _subject(name: str) -> Callable[[], Subject]:
    load, compute = _PROGRAMS[name]
    code = _CODE.format(load=load, compute=compute)

    def sample() -> Sample:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        measured: Sample = json.loads(done.stdout.splitlines()[-1])
        return measured

    return lambda: Subject(sample)


WORKLOAD = Workload(
    title="Importing",
    metrics={
        "time": Metric("import"),
        "first": Metric("import to first result"),
        "memory": Metric("resident memory after import", "B"),
    },
    subjects={name: _subject(name) for name in _PROGRAMS},
    rounds=5,
    slot=0.0,
)
