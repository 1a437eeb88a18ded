"""What is known about this machine's processor: its vectors, its caches, how many there are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import llvmlite.binding as llvm

from ...settings import settings

_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
_DEFAULT_CACHES = {1: 32 << 10, 2: 512 << 10, 3: 8 << 20}


@dataclass(frozen=True)
class Target:
    """A processor to generate code for.

    `vector_bytes` is the width of its vector registers and `registers` how many there are.
    """

    triple: str
    cpu: str
    features: str
    vector_bytes: int
    registers: int
    l1: int
    l2: int
    l3: int
    has_masks: bool
    """Whether loads and stores of any element type can be masked cheaply (AVX-512 BW and VL)."""
    has_fma: bool
    has_half: bool
    """Whether float16 converts to float32 and back in one instruction."""
    is_x86: bool = True

    @property
    def key(self) -> str:
        """What compiled code depends on."""
        return f"{self.triple}/{self.cpu}/{self.features}/{self.vector_bytes}"

    def lanes(self, size: int) -> int:
        """How many elements of so many bytes a register holds."""
        return self.vector_bytes // size


def _cache_size(level: int) -> int:
    """Bytes of the data cache of this level, a common size where the system does not tell."""
    try:
        for entry in _CACHES.glob("index*"):
            kind = (entry / "type").read_text().strip()
            if kind != "Instruction" and int((entry / "level").read_text()) == level:
                text = (entry / "size").read_text().strip()
                scale = {"K": 10, "M": 20}.get(text[-1], 0)
                return int(text.rstrip("KM")) << scale
    except (OSError, ValueError):
        return _DEFAULT_CACHES[level]  # a container may hide them
    return _DEFAULT_CACHES[level]


def _level(features: dict[str, bool]) -> str:
    needed = ("avx512f", "avx512bw", "avx512vl", "avx512dq")
    if all(features.get(f) for f in needed):
        return "avx512"
    if features.get("avx2") and features.get("fma"):
        return "avx2"
    return "baseline"


_AVX512 = ("avx512", "avx10", "amx")


def target_of(triple: str, cpu: str, features: dict[str, bool], level: str | None = None) -> Target:
    """The target of a processor with these features, limited to a level of vectors.

    Levels are `avx512`, `avx2` and `baseline` (x86-64 without AVX), and `neon` for ARM.
    """
    l1, l2, l3 = (_cache_size(i) for i in (1, 2, 3))
    if not triple.startswith(("x86_64", "i686")):
        text = ",".join(f"+{k}" for k, on in sorted(features.items()) if on)
        return Target(triple, cpu, text, 16, 32, l1, l2, l3, False, True, True, False)
    level = level or _level(features)
    if level == "baseline":
        return Target(triple, "x86-64", "", 16, 16, l1, l2, l3, False, False, False)
    if level == "avx2":
        features = {k: on and not k.startswith(_AVX512) for k, on in features.items()}
        cpu = "haswell"
    text = ",".join(f"{'+' if on else '-'}{k}" for k, on in sorted(features.items()))
    wide = level == "avx512"
    if wide:
        text += ",-prefer-256-bit"
    half = bool(features.get("f16c"))
    return Target(
        triple, cpu, text, 64 if wide else 32, 32 if wide else 16, l1, l2, l3, wide, True, half
    )


@cache
def host() -> Target:
    """This machine's processor; EVERGRAPH_CPU=avx2 or baseline pretends to a lesser one."""
    features = dict(llvm.get_host_cpu_features())
    triple = llvm.get_process_triple()
    return target_of(triple, llvm.get_host_cpu_name(), features, settings.cpu or None)


def available_cpus() -> int:
    """How many processors this process may use: its affinity, and its control group's quota."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(count or 1, _quota()))


def _quota() -> int:
    """The processors' worth of time that the control group allows, rounded up."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return 1 << 16
    return 1 << 16 if quota == "max" else max(1, -(-int(quota) // int(period)))
