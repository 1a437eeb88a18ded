"""Where NaN and infinity begin: a run that gives such a value is done again, op by op.

Each run looks at the small floating values that it fetches, which costs next to nothing. When one
of them is not finite for the first time in its session, the run is repeated from the same inputs
with a look at every operation's results, in branches and loops too, and the operation that made
such a value of finite ones is named in a warning.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends.contract import OperationFailed
from ..backends.reference import PythonFunction, Writer, function_of
from ..core.function import Function, all_operations
from ..core.tensor import Operation, Tensor
from ..ops.philox import Philox
from ..settings import settings
from .advice import Beginning, message
from .traps import warn_at

if TYPE_CHECKING:
    from .program import BoundProgram

SMALL = 1024  # elements of an array that is looked at
ALWAYS_UNTIL = 16  # runs in which arrays are looked at; after that, in every sixteenth
REMEMBERED = 1 << 24  # bytes of inputs that are kept until the next run
_REPEATABLE = frozenset(("Print",))  # acts on the world, yet passes its operand on


class Watch:
    """Looks at what a bound program fetches. One run at a time may find something to report."""

    def __init__(self, bound: BoundProgram, tensors: Sequence[Tensor]) -> None:
        self.tensors = list(tensors)
        kinds = [(i, t, t.dtype.base_dtype) for i, t in enumerate(self.tensors)]
        floats = [(i, t) for i, t, d in kinds if d.is_floating or d.is_complex]
        self.scalars = [
            i for i, t in floats if t.static_shape == () and t.dtype.base_dtype.is_floating
        ]
        self.arrays = [i for i, _ in floats if i not in self.scalars]
        states = [s for states in bound.states for s in states]
        self.generators = [s for s in states if isinstance(s, Philox)]
        self.remembers: bool | None = None if bound.updated else False

    @classmethod
    def of(cls, bound: BoundProgram, tensors: Sequence[Tensor]) -> Watch | None:
        """A watch of the values of these tensors; None if there is nothing to look at."""
        watch = cls(bound, tensors)
        return watch if watch.scalars or watch.arrays or bound.updated else None

    def marks(self) -> list[int]:
        """Where the random streams of the program stand."""
        return [g.counter for g in self.generators]

    def look(
        self,
        bound: BoundProgram,
        fetched: Sequence[Any],
        inputs: list[Any],
        marks: list[int],
        new: Sequence[Any],
    ) -> None:
        """Called after each run, before the variables take their `new` values."""
        try:
            found = [i for i in self.scalars if not isfinite(fetched[i])]
        except TypeError:
            # The flow of a TensorArray is said to be a number, and is a list.
            self.scalars = [i for i in self.scalars if _is_array(fetched[i])]
            found = [i for i in self.scalars if not isfinite(fetched[i])]
        runs = bound.runs
        if self.arrays and (runs < ALWAYS_UNTIL or not runs & 15):
            found += [i for i in self.arrays if not _is_fine(fetched[i])]
        if found:
            self._report(bound, found, inputs, marks, new)
        if self.remembers is not False and not _overwritten(inputs, new):
            self._remember(bound, inputs, marks)

    def _remember(self, bound: BoundProgram, inputs: list[Any], marks: list[int]) -> None:
        """Keeps what an update started from: the next run may ask where its result came from."""
        if self.remembers is None:
            self.remembers = sum(np.asarray(x).nbytes for x in inputs) <= REMEMBERED
        if self.remembers:
            bound.store.last_update = (bound, inputs, marks)

    def _report(
        self,
        bound: BoundProgram,
        found: list[int],
        inputs: list[Any],
        marks: list[int],
        written: Sequence[Any],
    ) -> None:
        """Warns once of each of these fetches, those of one origin together."""
        self.scalars = [i for i in self.scalars if i not in found]
        self.arrays = [i for i in self.arrays if i not in found]
        reported = bound.store.reported
        new = [i for i in found if self.tensors[i] not in reported]
        if not new or not settings.warn:
            return
        if _overwritten(inputs, written):
            warn_at(_lost([self.tensors[i] for i in new], bound.runs), self.tensors[new[0]].op)
            reported.update(self.tensors[i] for i in new)
            return
        trace = repeated(bound, inputs, marks)
        groups: dict[Any, list[int]] = {}
        beginnings = {i: trace.beginning(i) for i in new}
        for i, beginning in beginnings.items():
            groups.setdefault(id(beginning), []).append(i)
        for indices in groups.values():
            self._warn(bound, indices, beginnings[indices[0]])
        reported.update(self.tensors[i] for i in new)

    def _warn(self, bound: BoundProgram, indices: list[int], origin: Beginning | None) -> None:
        known = bound.store.reported
        if origin is None:
            return
        if isinstance(origin.source, Tensor) and not bound.runs:
            return  # what is fed first is what the program means to give
        if origin.is_variable:
            made = _in_last_update(bound, origin)
            if made is None and (known or not bound.runs):
                return  # where that came from has been told, or was long ago
            origin = made or origin
        tensors = [self.tensors[i] for i in indices]
        warn_at(message(tensors, bound.runs, origin), origin.op)


def _overwritten(inputs: Sequence[Any], new: Sequence[Any]) -> bool:
    """Whether new values stand where old ones were, so that the run cannot be repeated."""
    return any(x is y and isinstance(x, np.ndarray) for x in new for y in inputs)


def _lost(tensors: Sequence[Tensor], runs: int) -> str:
    names = ", ".join(t.name for t in tensors)
    return (
        f"{names} is NaN or infinite, after {runs} runs in which it was finite. The variables were "
        "updated in place, so the operation that began it cannot be found any more: run with "
        "EVERGRAPH_BACKEND=reference to have it named."
    )


def _is_fine(x: Any) -> bool:
    """Whether an array is too large to look at, or finite."""
    if not _is_array(x) or np.size(x) > SMALL:
        return True
    return bool(np.isfinite(x).all())


def _in_last_update(bound: BoundProgram, origin: Beginning) -> Beginning | None:
    """Where the last run that updated a variable made its value, if that can still be seen."""
    last = bound.store.last_update
    if last is None:
        return None
    updater, inputs, marks = last
    program = updater.program
    for i, variable in enumerate(program.updated):
        if variable is origin.op:
            found = repeated(updater, inputs, marks).beginning(program.fetch_count + i)
            if found is not None and found.kind == "op":
                return found
    return None


# -- the run once more -----------------------------------------------------------------------
class _Unknown:
    """Stands for what only the first run could give: `op` acts on the world."""

    shape = ()
    ndim = 0

    def __init__(self, op: Operation) -> None:
        self.op = op

    def __bool__(self) -> bool:
        raise _NotRepeatable(self.op)


class _NotRepeatable(Exception):
    def __init__(self, op: Operation) -> None:
        super().__init__(op.name)
        self.op = op


@dataclass
class _Noted:
    """A value that is not finite. Arrays are held weakly: loops make many."""

    held: Callable[[], Any]
    origin: Beginning


class Trace:
    """What a repeated run found: where each value that is not finite began."""

    def __init__(self) -> None:
        self.noted: dict[int, _Noted] = {}
        self.outputs: Sequence[Any] | None = None
        self.stopped: Operation | None = None

    def beginning(self, index: int) -> Beginning | None:
        """Where an output began not to be finite; None if that is unknown, or meant."""
        if self.outputs is None:
            return None if self.stopped is None else Beginning("unknown", self.stopped)
        value = self.outputs[index]
        if isinstance(value, _Unknown):
            return Beginning("unknown", value.op)
        origin = self.origin(value)
        return None if origin is not None and origin.kind == "constant" else origin

    def origin(self, x: Any) -> Beginning | None:
        """Where this very value began."""
        noted = self.noted.get(id(x))
        return noted.origin if noted is not None and noted.held() is x else None

    def note(self, x: Any, origin: Beginning) -> None:
        """Remembers where a value began."""
        try:
            held: Callable[[], Any] = weakref.ref(x)
        except TypeError:
            held = lambda: x  # noqa: E731
        self.noted[id(x)] = _Noted(held, origin)

    def input(self, x: Any, origin: Beginning) -> None:
        """Looks at what goes into the program."""
        if not _all_finite(x):
            self.note(x, origin)

    def result(self, op: Operation, operands: Sequence[Any], x: Any) -> None:
        """Looks at what an operation gave."""
        if self.origin(x) is not None or (_is_array(x) and _all_finite(x)):
            return
        origin = next((o for o in map(self.origin, operands) if o is not None), None)
        if origin is None and _is_array(x):
            source = op.extra if isinstance(op.extra, Operation) else op
            meant = op.type == "Const" or not all(map(_all_finite, operands))
            origin = Beginning("constant" if meant else "op", source)
            origin.show(op, operands, x)
        if origin is not None:
            self.note(x, origin)

    def call_of(self, op: Operation) -> Callable[..., Any]:
        """The operation's function with a look at its results."""
        function = function_of(op)
        first = 1 if op.definition.state is not None else 0
        declared = op.definition.outputs
        several = len(op.outputs) != 1 or (bool(declared) and declared[0].is_list)

        def unknown(cause: Operation) -> Any:
            values = tuple(_Unknown(cause) for _ in op.outputs)
            return values if several else values[0]

        def call(*given: Any) -> Any:
            operands = given[first:]
            if op.type in _REPEATABLE:
                return operands[0]
            for x in operands:
                if isinstance(x, _Unknown):
                    return unknown(x.op)
            if not _is_repeatable(op, given[:first]):
                return unknown(op.extra if isinstance(op.extra, Operation) else op)
            got = function(*given)
            for x in got if several else (got,):
                self.result(op, operands, x)
            return got

        return call


def _is_repeatable(op: Operation, state: Sequence[Any]) -> bool:
    """Whether an operation may run a second time: it draws from a stream, or keeps nothing."""
    return not op.definition.effect and all(isinstance(s, Philox) for s in state)


def _is_array(x: Any) -> bool:
    return isinstance(x, (np.ndarray, np.generic, float, complex, int))


def _all_finite(x: Any) -> bool:
    """Whether no element is NaN or infinite; what holds no numbers is finite."""
    if not _is_array(x):
        return True
    array = np.asarray(x)
    return array.dtype.kind not in "fcV" or bool(np.isfinite(array).all())


def repeated(bound: BoundProgram, inputs: Sequence[Any], marks: Sequence[int]) -> Trace:
    """Runs a program again from the inputs and random streams of a run, op by op.

    Nothing of the session changes. Operations that act on the world are left out, and what hangs
    on them is unknown.
    """
    trace = Trace()

    class Looking(Writer):
        def inlined(self, op: Operation, operands: list[str]) -> str | None:
            return None

        def callable_of(self, op: Operation) -> Callable[..., Any]:
            return trace.call_of(op)

    lowered = bound.program.lowered
    sources: list[Any] = [*lowered.feeds, *lowered.variables]
    for x, source in zip(inputs, sources, strict=False):
        trace.input(x, Beginning("input", source))
    executable = PythonFunction(lowered.function, Looking)
    try:
        states = _states(bound, lowered.function, marks)
        trace.outputs = executable.bind(()).run(list(inputs), states)
    except OperationFailed as failure:
        if isinstance(failure.cause, _NotRepeatable):
            trace.stopped = failure.cause.op
    return trace


def _states(bound: BoundProgram, function: Function, marks: Sequence[int]) -> list[Any]:
    """The states of a function's operations, random streams as they stood before the run."""
    generators = bound.watch.generators if bound.watch is not None else []
    stood = {id(g): at for g, at in zip(generators, marks, strict=False)}
    states = []
    for op in all_operations(function):
        if op.definition.state is not None:
            state = bound.store.state(op.extra or op)
            states.append(state.copy_at(stood[id(state)]) if id(state) in stood else state)
    return states


__all__ = ["Trace", "Watch", "repeated"]
