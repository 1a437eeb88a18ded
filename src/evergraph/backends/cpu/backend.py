"""The backend that compiles: which operations it takes, and programs of them."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

from ...core.function import Function
from ...core.shape import size_of
from ...core.tensor import Literal, Operand, Operation, Tensor
from .. import timing
from ..contract import Array, Backend, Binding, Executable, OperationFailed, Segment, Shapes
from ..reference import ReferenceBackend
from .binding import CompiledBinding
from .image import Image
from .jit import library
from .plan import Plan, plan
from .rules import Rule, rule_for
from .scalars import DTYPES
from .symbols import Scope
from .threads import default_threads
from .views import VIEWS

_QUERIES = frozenset(("Shape", "Size", "Rank", "ShapeN"))
_reference = ReferenceBackend()
_LONGEST = 16  # elements of a vector that may be a shape
_MOST_IMAGES = 8  # plans that are tried for new shapes
_MOST_VALUES = 16  # for which one segment is planned anew, shapes being equal


class CpuBackend(Backend):
    """Compiles what it has code for; the rest is the reference backend's."""

    name = "cpu"

    def supports(self, op: Operation) -> bool:
        """Whether it has code for an operation, or it only tells shapes."""
        if op.definition.state is not None or op.definition.effect:
            return False
        return _has_code(op) or _is_shape_arithmetic(op, {})

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
            all(x.dtype.base_dtype.is_integer or x.dtype.base_dtype.is_bool for x in op.outputs)
            and op.definition.is_pure
            and op.definition.kernel is not None
            and bool(op.operands)
            and all(_is_known(x, seen) for x in op.operands)
        )
        seen[op] = known
    return known


def _is_known(x: Operand, seen: dict[Operation, bool]) -> bool:
    if isinstance(x, Literal):
        return True
    return x.op.type != "_Arg" and _is_shape_arithmetic(x.op, seen)


_VALUE_OPERANDS: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("Reshape", "BroadcastTo", "Transpose", "Tile", "Pad", "PadV2"), (1,)),
    **dict.fromkeys(("Sum", "Mean", "Prod", "Max", "Min", "Any", "All", "ReverseV2"), (1,)),
    **dict.fromkeys(("Fill", "Conv2DBackpropInput", "AvgPoolGrad", "Split", "Concat"), (0,)),
    "Slice": (1, 2),
    "StridedSlice": (1, 2, 3),
    "SplitV": (1, 2),
    "Conv2DBackpropFilter": (1,),
}
"""Operands whose values tell shapes, by op type."""


def value_inputs(function: Function) -> tuple[int, ...]:
    """The inputs of a function whose values shapes hang on, directly or by arithmetic."""
    pending: list[Operand] = []
    for op in function.graph.operations:
        pending += [op.operands[i] for i in _VALUE_OPERANDS.get(op.type, ())]
        if op.type == "ConcatV2":
            pending.append(op.operands[-1])
    inputs = {x: i for i, x in enumerate(function.inputs)}
    found: set[int] = set()
    seen: set[Operand] = set()
    while pending:
        x = pending.pop()
        if x in seen or isinstance(x, Literal):
            continue
        seen.add(x)
        if not _may_tell_shapes(x):
            continue  # the plan will say that it lacks the value
        if x in inputs:
            found.add(inputs[x])
        elif x.op.type not in _QUERIES:
            pending += x.op.operands
    return tuple(sorted(found))


def _may_tell_shapes(x: Tensor) -> bool:
    """Whether a tensor may be a shape, an axis or an index: a few integers."""
    size = size_of(x.static_shape)
    known = x.static_shape is None or len(x.static_shape) <= 1
    return x.dtype.base_dtype.is_integer and known and (size is None or size <= _LONGEST)


class CompiledExecutable(Executable):
    """A segment; each new tuple of shapes is planned, and the kernels it lacks compiled."""

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self.fallback: Binding | None = None
        self.reasons: dict[Shapes, str] = {}
        self.rules: dict[Operation, Rule | None] = {}
        self.value_inputs = value_inputs(segment.function)
        self.images: list[tuple[Image, Scope]] = []
        self.times_bound: dict[Shapes, int] = {}

    def bind(self, shapes: Shapes) -> Binding:
        """As `bind_values`, where no shape hangs on a value."""
        return self.bind_values(shapes, {})

    def bind_values(self, shapes: Shapes, values: dict[int, Array]) -> Binding:
        """A compiled binding, or the reference's where a shape needs what has no code."""
        given = {i: x.ravel().tolist() for i, x in values.items()}
        for image, scope in self.images:
            numbers = image.numbers_for(scope, shapes, given)
            if numbers is not None:
                failed = self.failed(image.plan)
                return CompiledBinding(image, numbers, False, failed, self.reference)
        if values:
            self.times_bound[shapes] = self.times_bound.get(shapes, 0) + 1
            if self.times_bound[shapes] > _MOST_VALUES:
                # Values that change from run to run are no shapes worth a plan of their own.
                self.value_inputs = ()
                return self.reference()
        collecting = gc.isenabled()
        gc.disable()  # a plan makes many objects that all live: no use in looking for garbage
        try:
            return self.planned(shapes, values)
        except Exception as error:
            # Whatever it is: the reference runs it, or says what is wrong, of which operation.
            self.reasons[shapes] = f"{type(error).__name__}: {error}"
            for times in timing.active:
                times.note(self.reasons[shapes])
            return self.reference()
        finally:
            if collecting:
                gc.enable()

    def planned(self, shapes: Shapes, values: dict[int, Array]) -> Binding:
        """A binding by a plan for these shapes, and values of inputs that shapes hang on.

        The plan is kept for other shapes, until too many of them needed plans of their own.
        """
        scope = Scope() if len(self.images) < _MOST_IMAGES else None
        f, target, threads = self.segment.function, library().target, default_threads()
        made = plan(f, shapes, self.segment.donated, target, threads, self.rules, values, scope)
        functions = [library().function(x.key, x.emit) for x in made.launches]
        image = Image(made, functions)
        bound = CompiledBinding(image, image.numbers(), True, self.failed(made), self.reference)
        if scope is not None and scope.extents:
            self.images.append((image, scope))
        return bound

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
