"""Cases of ops: operands, attributes, which operands have a gradient, tolerances, known limits.

Each family has a table of its own, `cases_<family>.py`, which calls `case`; `test_every_op` walks
them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

FAMILIES = (
    "array",
    "conv",
    "math",
    "nn",
    "linalg",
    "matrix",
    "image",
    "pool",
    "ctc",
    "sparse",
    "strings",
)


@dataclass
class Case:
    """An op with operands: arrays, or lists of them for list arguments.

    `grad` are the places (in the flat list of operands) whose gradients are checked. `renamed`
    maps names of arguments and attributes to what today's TensorFlow calls them.
    """

    op: str
    operands: tuple[Any, ...]
    attrs: dict[str, Any] = field(default_factory=dict)
    grad: tuple[int, ...] = ()
    renamed: dict[str, str] = field(default_factory=dict)
    tolerance: float = 0.0
    second: bool = True
    """Whether the gradients of the gradients are checked too."""
    oracle: bool = True
    """Whether today's TensorFlow still gives what TensorFlow 1.15 gave."""
    sweep: bool = False
    """Whether the op is run for each dtype that its signature allows."""
    symmetric: bool = False
    """Whether only symmetric changes of the operands are looked at."""
    needs_shapes: bool = False
    """Whether the gradient works with known shapes alone."""
    limits: bool = False
    """Whether the least or greatest number of the dtype is among the values."""
    single: bool = False
    """Whether the op computes in float32 whatever it is given: its gradient is checked so."""
    compared: int | None = None
    """How many of the outputs, the first ones, are compared with TensorFlow's."""
    number: int = 0

    @property
    def flat(self) -> list[np.ndarray[Any, Any]]:
        """All operands in one list."""
        out: list[np.ndarray[Any, Any]] = []
        for x in self.operands:
            out += x if isinstance(x, list) else [x]
        return out

    @property
    def id(self) -> str:
        """A name for the test."""
        return f"{self.op}-{self.number}"


CASES: list[Case] = []


def case(
    op: str,
    *operands: Any,
    grad: Sequence[int] = (),
    renamed: dict[str, str] | None = None,
    tolerance: float = 0.0,
    second: bool = True,
    oracle: bool = True,
    sweep: bool = False,
    symmetric: bool = False,
    needs_shapes: bool = False,
    limits: bool = False,
    single: bool = False,
    compared: int | None = None,
    **attrs: Any,
) -> None:
    """Adds a case; Python values become arrays (int32, float32, bytes)."""
    made = tuple([_array(v) for v in x] if isinstance(x, list) else _array(x) for x in operands)
    number = sum(c.op == op for c in CASES)
    flags = {"sweep": sweep, "symmetric": symmetric, "needs_shapes": needs_shapes}
    flags["single"] = single
    oracle_options = {"oracle": oracle, "compared": compared}
    checks = {"tolerance": tolerance, "second": second, "limits": limits, **oracle_options}
    CASES.append(
        Case(op, made, attrs, tuple(grad), renamed or {}, number=number, **checks, **flags)
    )


def _array(x: Any) -> np.ndarray[Any, Any]:
    if isinstance(x, (np.ndarray, np.generic)):
        return np.asarray(x)
    if isinstance(x, tuple):
        x = list(x)
    array = np.array(x)
    if array.dtype.kind == "S":
        return np.array(x, dtype=object)
    return array.astype({"i": np.int32, "f": np.float32, "b": np.bool_}[array.dtype.kind])


class Numbers:
    """Arrays of random numbers, the same in every run."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.RandomState(seed)

    def normal(self, *shape: int, dtype: Any = np.float32) -> np.ndarray[Any, Any]:
        """Normally distributed numbers."""
        return np.asarray(self.random.randn(*shape), dtype)

    def uniform(self, lo: float, hi: float, *shape: int) -> np.ndarray[Any, Any]:
        """Numbers between two bounds."""
        return np.asarray(self.random.uniform(lo, hi, shape), np.float32)

    def integers(
        self, *shape: int, hi: int = 5, lo: int = 0, dtype: Any = np.int32
    ) -> np.ndarray[Any, Any]:
        """Integers in [lo, hi)."""
        return self.random.randint(lo, hi, shape).astype(dtype)

    def complex(self, *shape: int) -> np.ndarray[Any, Any]:
        """Complex numbers."""
        return (self.normal(*shape) + 1j * self.normal(*shape)).astype(np.complex64)


def load() -> list[Case]:
    """The cases of all families."""
    for family in FAMILIES:
        import_module(f"cases_{family}")
    return CASES
