"""`evergraph devices`: this machine's rows of the lecture's table of CPUs and GPUs."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

from evergraph.cli import timing

_SECONDS = 1.0


def cpu_name() -> str:
    """The processor's name, as the system tells it."""
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _cpuinfo(key: str) -> str:
    path = Path("/proc/cpuinfo")
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    found = re.search(rf"^{key}\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


def cores() -> str:
    """The cores that this process may use, and their threads where these are more."""
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    siblings = {
        path.read_text().strip()
        for path in Path("/sys/devices/system/cpu").glob("cpu[0-9]*/topology/thread_siblings_list")
    }
    real = min(len(siblings), threads or 1) or threads
    return f"{real}" if real == threads else f"{real} ({threads} threads)"


def clock() -> str:
    """The highest clock that the system names, else the present one."""
    top = Path("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq")
    if top.exists():
        return f"{int(top.read_text()) / 1e6:.2f} GHz"
    megahertz = _cpuinfo("cpu MHz")
    return f"{float(megahertz) / 1e3:.2f} GHz" if megahertz else "?"


def memory() -> str:
    """The machine's memory."""
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB"
    except (AttributeError, ValueError, OSError):
        return "?"


def devices_table(size: int) -> str:
    """The table: one row for NumPy on the processor, one for each device of evergraph.

    The peak is that of a product of two float32 matrices of `size` rows.
    """
    row = (cores(), clock(), memory())
    bandwidth = f"{timing.copy_bandwidth() / 1e9:.1f} GB/s"
    rows = [
        (name, *row, f"{timing.flops(size, seconds) / 1e9:.1f} GFLOP/s", bandwidth)
        for name, seconds in _product_times(size).items()
    ]
    header = ("CPU", "cores", "clock", "memory", f"peak, {size}x{size} product", "copying")
    return f"{cpu_name()}\n\n{timing.table(header, rows)}"


def _product_times(size: int) -> dict[str, float]:
    runs = {"NumPy": timing.numpy_product(size)}
    times = timing.repeat(runs, _SECONDS, min)
    for device in timing.device_names():
        with timing.graph_products(device, [size]) as products:
            times |= timing.repeat({f"evergraph {device}": products[size]}, _SECONDS, min)
    return times
