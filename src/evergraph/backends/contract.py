"""What a backend is: it compiles segments of programs, free of shapes, and binds them to shapes.

    Segment --compile--> Executable --bind(shapes)--> Binding --run(arrays)--> arrays

Compiling is slow and happens once for a segment. Binding runs the shape rules and plans memory; it
is cached for each signature of input shapes. Running does no work per operation in Python.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..core.function import Function, all_operations
from ..core.tensor import Operation

Array = Any
Shapes = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Segment:
    """A part of a program that one backend runs.

    `function` has neither variables nor control edges; its operations are primitives. `donated`
    maps inputs that nobody reads afterwards (a variable's old value) to the outputs that replace
    them, so that a backend may work in place.
    """

    function: Function
    donated: dict[int, int] = field(default_factory=dict)

    @property
    def stateful(self) -> list[Operation]:
        """The operations that keep a state of their own between runs, in order.

        Those of branches and loops are among them.
        """
        return [op for op in all_operations(self.function) if op.definition.state is not None]


class Binding(ABC):
    """A compiled segment, ready to run on inputs of certain shapes."""

    reports_times = False
    """Whether it tells `timing.active` itself what each operation took."""

    @abstractmethod
    def run(self, inputs: Sequence[Array], states: Sequence[Any]) -> Sequence[Array]:
        """The outputs' values. `states` are those of the segment's stateful operations.

        The inputs are not changed, but for donated ones. Errors of an operation are raised as
        `OperationFailed`.
        """


class Executable(ABC):
    """A compiled segment, free of shapes."""

    any_shape = False
    """Whether one binding serves all shapes, so that callers need not look at them."""
    value_inputs: tuple[int, ...] = ()
    """Inputs whose values shapes hang on: a binding serves those that it was made for alone."""

    def bind_values(self, shapes: Shapes, values: dict[int, Array]) -> Binding:
        """A binding to input shapes and to the values of `value_inputs`."""
        raise NotImplementedError

    @abstractmethod
    def bind(self, shapes: Shapes) -> Binding:
        """A binding to these input shapes; cheap, compiles nothing.

        Shapes that clash raise `OperationFailed` or ValueError, here or in the run.
        """


class Backend(ABC):
    """Compiles what it supports; the reference backend takes the rest."""

    name: str

    @abstractmethod
    def supports(self, op: Operation) -> bool:
        """Whether it can run this operation of a lowered function."""

    @abstractmethod
    def compile(self, segment: Segment) -> Executable:
        """The executable of a segment whose operations it supports."""


class OperationFailed(Exception):
    """A kernel refused its operands: which operation, why, and the operands' shapes if known."""

    def __init__(self, op: Operation, cause: BaseException, shapes: Shapes | None = None) -> None:
        super().__init__(f"{op.type}: {cause}")
        self.op = op
        self.cause = cause
        self.shapes = shapes
