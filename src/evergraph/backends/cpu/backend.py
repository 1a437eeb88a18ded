"""The backend that compiles: which operations it takes, and programs of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.function import Function
from ...core.tensor import Literal, Operand, Operation
from ..contract import Backend, Binding, Executable, OperationFailed, Segment, Shapes
from ..reference import ReferenceBackend
from .binding import CompiledBinding
from .fuse import Unsupported
from .jit import library
from .plan import Plan, plan
from .rules import rule_for
from .scalars import DTYPES
from .threads import default_threads
from .views import VIEWS

_QUERIES = frozenset(("Shape", "Size", "Rank", "ShapeN"))
_reference = ReferenceBackend()


class CpuBackend(Backend):
    """Compiles what it has code for; the rest is the reference backend's."""

    name = "cpu"

    def supports(self, op: Operation) -> bool:
        """Whether it has code for an operation, or it only tells shapes."""
        if op.definition.state is not None or op.definition.effect:
            return False
        return _is_shape_arithmetic(op, {}) or _has_code(op)

    def compile(self, segment: Segment) -> Executable:
        """An executable that is planned when it is bound."""
        return CompiledExecutable(segment)


def _has_code(op: Operation) -> bool:
    if op.type in _QUERIES:
        return True
    if op.type in VIEWS:
        return all(
            x.dtype.base_dtype.is_numpy_compatible and x.dtype.base_dtype.np_dtype in DTYPES
            for x in op.outputs
        )
    return rule_for(op) is not None


def _is_shape_arithmetic(op: Operation, seen: dict[Operation, bool]) -> bool:
    """Whether it is computed from literals and shapes alone, when the program is bound."""
    known = seen.get(op)
    if known is None:
        known = op.type in _QUERIES or (
            op.definition.is_pure
            and op.definition.kernel is not None
            and bool(op.operands)
            and all(_is_known(x, seen) for x in op.operands)
            and all(x.dtype.base_dtype.is_integer or x.dtype.base_dtype.is_bool for x in op.outputs)
        )
        seen[op] = known
    return known


def _is_known(x: Operand, seen: dict[Operation, bool]) -> bool:
    if isinstance(x, Literal):
        return True
    return x.op.type != "_Arg" and _is_shape_arithmetic(x.op, seen)


class CompiledExecutable(Executable):
    """A segment; each new tuple of shapes is planned, and the kernels it lacks compiled."""

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self.fallback: Binding | None = None
        self.reasons: dict[Shapes, str] = {}

    def bind(self, shapes: Shapes) -> Binding:
        """A compiled binding, or the reference's where a shape needs what has no code."""
        try:
            made = self.plan(shapes)
        except (Unsupported, NotImplementedError, ValueError) as error:
            # The reference says what is wrong with shapes that do not fit.
            self.reasons[shapes] = str(error)
            return self.reference()
        return CompiledBinding(made, self.failed(made), self.reference)

    def plan(self, shapes: Shapes) -> Plan:
        """What runs for these shapes."""
        function: Function = self.segment.function
        return plan(function, shapes, self.segment.donated, library().target, default_threads())

    def reference(self) -> Binding:
        """The segment on the reference backend."""
        if self.fallback is None:
            self.fallback = _reference.compile(self.segment).bind(())
        return self.fallback

    def failed(self, made: Plan) -> Callable[[int, int], BaseException]:
        """What a kernel's error code says, as the failure of its operation."""

        def failure(launch: int, code: int) -> BaseException:
            cause: Any = made.launches[launch].codes[code]()
            op = made.labels[launch]
            return cause if op is None else OperationFailed(op, cause)

        return failure
