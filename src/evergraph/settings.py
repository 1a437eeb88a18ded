"""The settings that environment variables choose: typed, checked, read once at import.

| variable | values | what it does |
|---|---|---|
| EVERGRAPH_DEBUG | 0, 1, 2, or `passes` (2) | 1: each compiled program; 2: and after each pass |
| EVERGRAPH_BACKEND | cpu, reference | what runs programs: compiled code, or NumPy |
| EVERGRAPH_CPU | avx512, avx2, baseline | the vectors to generate code for, if not the CPU's best |
| EVERGRAPH_NUM_THREADS | a number | threads of compiled code; default: the CPUs it may use |
| EVERGRAPH_CACHE | a folder | where compiled kernels are kept |
| EVERGRAPH_WARN | 1, 0 | warnings of the classic traps, and of where NaN and infinity begin |
| EVERGRAPH_TRACEBACK | short, full | `full` shows the engine's own frames in tracebacks |
"""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass
class Settings:
    """All switches; change an attribute to change it at run time."""

    debug: int = 0
    backend: str = "cpu"
    cpu: str = ""
    num_threads: int = 0
    cache: str = ""
    warn: bool = True
    full_traceback: bool = False


def _choice(name: str, default: str, values: tuple[str, ...]) -> str:
    value = os.environ.get(name, default)
    if value not in values:
        raise ValueError(f"{name}={value!r} is not one of {', '.join(values)}.")
    return value


def _number(name: str) -> int:
    text = os.environ.get(name, "0")
    if not text.isdigit():
        raise ValueError(f"{name}={text!r} is not one of 1, 2, 3 ... (0: as many as there are).")
    return int(text)


def _read() -> Settings:
    debug = _choice("EVERGRAPH_DEBUG", "0", ("0", "1", "2", "passes"))
    return Settings(
        debug=2 if debug == "passes" else int(debug),
        backend=_choice("EVERGRAPH_BACKEND", "cpu", ("cpu", "reference")),
        cpu=_choice("EVERGRAPH_CPU", "", ("", "avx512", "avx2", "baseline")),
        num_threads=_number("EVERGRAPH_NUM_THREADS"),
        cache=os.environ.get("EVERGRAPH_CACHE", ""),
        warn=_choice("EVERGRAPH_WARN", "1", ("0", "1")) == "1",
        full_traceback=_choice("EVERGRAPH_TRACEBACK", "short", ("short", "full")) == "full",
    )


settings = _read()
