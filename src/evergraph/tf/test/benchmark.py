"""`tf.test.Benchmark`: the time that an operation takes in a session."""

from __future__ import annotations

import statistics
import time
from typing import Any

from ...core.tensor import Tensor
from ...formats import messages
from ...runtime.session import get_default_session


def benchmark_config() -> Any:
    """A ConfigProto that switches the optimizer of dependencies off, as benchmarks want it."""
    config = messages.ConfigProto()
    rewrites = config.graph_options.rewrite_options
    rewrites.dependency_optimization = messages.RewriterConfig.OFF
    return config


class Benchmark:
    """A base of benchmarks: methods that time operations by `run_op_benchmark`."""

    @classmethod
    def is_abstract(cls) -> bool:
        """Whether this is a base class rather than a benchmark: one without `benchmark...`."""
        return not any(name.startswith("benchmark") for name in dir(cls))

    def evaluate(self, tensors: Any) -> Any:
        """The values of tensors in the default session. ValueError where there is none."""
        session = get_default_session()
        if session is None:
            raise ValueError("Benchmark.evaluate needs a default session.")
        return session.run(tensors)

    def report_benchmark(
        self,
        iters: Any = None,
        cpu_time: Any = None,
        wall_time: Any = None,
        throughput: Any = None,
        extras: Any = None,
        name: Any = None,
        metrics: Any = None,
    ) -> None:
        """Prints what was measured, times in seconds."""
        entries = {
            "iters": iters,
            "cpu_time": cpu_time,
            "wall_time": wall_time,
            "throughput": throughput,
            "extras": extras,
            "metrics": metrics,
        }
        shown = (f"{key}: {value}" for key, value in entries.items() if value is not None)
        print(f"{name or type(self).__name__}: " + ", ".join(shown))

    def run_op_benchmark(
        self,
        sess: Any,
        op_or_tensor: Any,
        feed_dict: Any = None,
        burn_iters: int = 2,
        min_iters: int = 10,
        store_trace: Any = False,
        store_memory_usage: Any = True,
        name: Any = None,
        extras: Any = None,
        mbs: Any = 0,
    ) -> dict[str, Any]:
        """Runs an operation `burn_iters` times unseen, then `min_iters` times, and reports.

        Returns `iters`, the median as `wall_time` (seconds), `extras` (with all `wall_times`
        statistics), `name`, and `throughput` (MB/s) when `mbs` says how many megabytes a run
        takes. Traces and memory are not recorded.
        """
        run = op_or_tensor.op if isinstance(op_or_tensor, Tensor) else op_or_tensor
        for _ in range(burn_iters):
            sess.run(run, feed_dict)
        times = [_timed(sess, run, feed_dict) for _ in range(min_iters)]
        wall = statistics.median(times)
        spread = {"wall_time_mean": statistics.fmean(times), "wall_time_stdev": _deviation(times)}
        result = {
            "iters": min_iters,
            "wall_time": wall,
            "extras": {**(extras or {}), **spread},
            "name": name or type(self).__name__,
            "throughput": mbs / wall if mbs else None,
        }
        self.report_benchmark(**result)
        return result


def _timed(session: Any, run: Any, feed_dict: Any) -> float:
    start = time.perf_counter()
    session.run(run, feed_dict)
    return time.perf_counter() - start


def _deviation(times: list[float]) -> float:
    return statistics.stdev(times) if len(times) > 1 else 0.0
