"""The workloads, one a module, found by their modules' names."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from bench.workload import Workload


def names() -> list[str]:
    """All workloads."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def load(name: str) -> Workload:
    """The workload of a name. Loads no library that it measures."""
    workload = import_module(f"{__name__}.{name}").WORKLOAD
    assert isinstance(workload, Workload)
    return workload
