"""Programs: compiled once for (what is fetched, what is fed), then bound and run many times."""

from __future__ import annotations

import gc
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backends import timing
from ..backends.contract import Backend, Binding, Executable, OperationFailed, Segment
from ..backends.reference import ReferenceBackend
from ..core.allocation import aligned_empty, is_own
from ..core.function import Function, argument, inner_functions
from ..core.graph import Graph
from ..core.opdef import FIRST_OPERAND
from ..core.provenance import describe
from ..core.shape import is_known, show, show_brackets
from ..core.tensor import Literal, Operand, Operation, Tensor
from ..errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
    OpError,
    ResourceExhaustedError,
    UnimplementedError,
)
from ..ops.state import uninitialized
from ..transform.lower import Lowered, lower
from ..transform.pipeline import optimize
from ..transform.rewrite import copy_operation
from .nonfinite import Watch
from .variables import Cell, Store, check_shape

Signature = tuple[tuple[Any, ...], tuple[Tensor, ...]]
_reference = ReferenceBackend()
_MOST_BINDINGS = 32  # of one program in one session: each has memory of its own


@dataclass
class Step:
    """A segment of a program: where its inputs and outputs stand among the program's values."""

    executable: Executable
    inputs: list[int]
    outputs: list[int]
    stateful: list[Operation]
    types: str
    """The types of its operations, for reports."""


class Program:
    """A compiled program, free of shapes and of sessions."""

    def __init__(self, lowered: Lowered, backend: Backend) -> None:
        function = optimize(lowered.function)
        self.lowered = lowered
        self.function = function
        self.variables, self.queried = lowered.variables, lowered.queried
        self.updated = lowered.updated
        self.fetch_count = lowered.fetch_count
        self.guards = lowered.guards
        self.result_count = lowered.fetch_count + len(lowered.updated)
        self.used = _used_inputs(function)
        first = len(lowered.feeds)
        self.used.update(first + i for i, v in enumerate(self.variables) if v in lowered.required)
        self.unchecked = _unchecked(lowered, function)
        self.steps, self.value_count, self.results = _partition(function, lowered, backend)

    @property
    def is_single(self) -> bool:
        """Whether one segment is the whole program."""
        return len(self.steps) == 1


def _used_inputs(function: Function) -> set[int]:
    """The inputs that must have a value, whatever branches run."""
    read = _read_inside(function)
    read.update(function.outputs)
    return {i for i, x in enumerate(function.inputs) if x in read}


def _read_inside(function: Function) -> set[Operand]:
    """What the operations of a function cannot do without."""
    return {x for op in function.graph.operations for x in _needed_operands(op)}


def _needed_operands(op: Operation) -> Iterator[Operand]:
    """The operands that must have a value; branches and loops need what their operations need."""
    inner = inner_functions(op)
    first = len(op.operands) - max((len(f.inputs) for f in inner.values()), default=0)
    needed = {x for f in inner.values() for x in _read_inside(f)}
    inputs = [f.inputs for f in inner.values()]
    for i, x in enumerate(op.operands):
        if i in op.definition.may_be_unset:
            continue
        if not inner or i < first or any(own[i - first] in needed for own in inputs):
            yield x


def _unchecked(lowered: Lowered, function: Function) -> list[tuple[int, Operation]]:
    """The updated variables whose new shape the compiler could not prove right."""
    found = []
    for i, variable in enumerate(lowered.updated):
        declared = variable.attrs.get("shape")
        known = function.outputs[lowered.fetch_count + i].static_shape
        if declared is not None and not (is_known(known) and known == declared):
            found.append((i, variable))
    return found


def _partition(
    function: Function, lowered: Lowered, backend: Backend
) -> tuple[list[Step], int, list[Any]]:
    """Cuts a program where the backend changes; each piece is compiled by its backend."""
    place: dict[Operand, int] = {x: i for i, x in enumerate(function.inputs)}
    steps: list[Step] = []
    for owner, ops in _runs(function, backend):
        inside = {o for op in ops for o in op.outputs}
        reads = dict.fromkeys(
            x for op in ops for x in op.operands if isinstance(x, Tensor) and x not in inside
        )
        later = _read_later(function, ops)
        gives = [o for op in ops for o in op.outputs if o in later]
        for out in gives:
            place[out] = len(place)
        donated = _donated(function, lowered, list(reads), gives, later)
        segment = Segment(_extract(ops, list(reads), gives), donated)
        where = [place[x] for x in reads]
        stateful = [op.extra or op for op in segment.stateful]
        types = ", ".join(dict.fromkeys(op.type for op in ops))
        targets = [place[x] for x in gives]
        steps.append(Step(owner.compile(segment), where, targets, stateful, types))
    results = [x.value if isinstance(x, Literal) else _Slot(place[x]) for x in function.outputs]
    return steps, len(place), results


def _donated(
    function: Function,
    lowered: Lowered,
    reads: list[Tensor],
    gives: list[Tensor],
    later: set[Operand],
) -> dict[int, int]:
    """The inputs of a segment that are old values nobody needs after it, and what replaces them."""
    first = len(lowered.feeds)
    new = dict(zip(lowered.updated, function.outputs[lowered.fetch_count :], strict=False))
    found: dict[int, int] = {}
    for variable, old in zip(lowered.variables, function.inputs[first:], strict=False):
        value = new.get(variable)
        if old in reads and old not in later and isinstance(value, Tensor) and value in gives:
            found[reads.index(old)] = gives.index(value)
    return found


class _Slot:
    """A result that is one of the program's values, by its place among them."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index


def _runs(function: Function, backend: Backend) -> list[tuple[Backend, list[Operation]]]:
    runs: list[tuple[Backend, list[Operation]]] = []
    for op in function.graph.operations:
        _check_attrs(op)
    for op in function.graph.operations:
        if op.type == "_Arg":
            continue
        owner = backend if backend.supports(op) else _reference
        if not owner.supports(op):
            raise _no_kernel(op)
        if runs and runs[-1][0] is owner:
            runs[-1][1].append(op)
        else:
            runs.append((owner, [op]))
    return runs


def _check_attrs(op: Operation) -> None:
    """Raises InvalidArgumentError for attributes that no kernel takes."""
    if op.definition.check is not None:
        try:
            op.definition.check(op.attrs)
        except ValueError as error:
            raise explain(OperationFailed(op, error)) from error


def _no_kernel(op: Operation) -> OpError:
    if op.type in ("Placeholder", "PlaceholderV2"):
        return InvalidArgumentError(
            None,
            op.extra or op,
            f"You must feed a value for placeholder tensor {op.name!r} with dtype "
            f"{op.outputs[0].dtype.name} and shape {show(op.outputs[0].static_shape)}: what is "
            f"fetched needs it. It was made at {describe(op.site)}.",
        )
    return UnimplementedError(
        None,
        op.extra or op,
        f"Op {op.type} ({op.name}, made at {describe(op.site)}) has no kernel.",
    )


def _read_later(function: Function, ops: Sequence[Operation]) -> set[Operand]:
    own = set(ops)
    read: set[Operand] = {
        x for op in function.graph.operations if op not in own for x in op.operands
    }
    read.update(function.outputs)
    return read


def _extract(ops: Sequence[Operation], reads: list[Tensor], gives: list[Tensor]) -> Function:
    """Some operations as a function of their own."""
    graph = Graph()
    mapping: dict[Operand, Operand] = {
        x: argument(graph, i, x.dtype, x.static_shape) for i, x in enumerate(reads)
    }
    inputs = [m for m in mapping.values() if isinstance(m, Tensor)]
    for op in ops:
        new = copy_operation(graph, op, [mapping.get(x, x) for x in op.operands])
        mapping.update(zip(op.outputs, new.outputs, strict=True))
    return Function(graph, inputs, [mapping[x] for x in gives])


def _starts(variables: Sequence[Operation]) -> list[Any]:
    """What variables that live for one run start from; None for all others."""
    makers = [v.definition.starts for v in variables]
    return [
        None if make is None else make(v.attrs) for make, v in zip(makers, variables, strict=True)
    ]


def _check_temporary(variables: Sequence[Operation]) -> None:
    """Raises AlreadyExistsError for two variables of one run that have one name."""
    names: dict[str, Operation] = {}
    for v in variables:
        if v.definition.starts is not None:
            name = v.attrs["var_name"] or v.name
            if names.setdefault(name, v) is not v:
                raise AlreadyExistsError(None, v, f"TemporaryVariable {name!r} already exists.")


class BoundProgram:
    """A program with the cells and states of one session: what `Session.run` calls."""

    def __init__(self, program: Program, store: Store) -> None:
        self.program = program
        self.store = store
        self.cells = [store.cell(v) for v in program.variables]
        self.starts = _starts(program.variables)
        _check_temporary((*program.variables, *program.updated))
        self.queried = [store.cell(v) for v in program.queried]
        self.updated = [store.cell(v) for v in program.updated]
        self.states = [[store.state(op) for op in s.stateful] for s in program.steps]
        self.bindings: dict[Any, Binding] = {}
        first = len(program.lowered.feeds)
        self.required = [c if first + i in program.used else None for i, c in enumerate(self.cells)]
        self.fixed = self._fixed_binding()
        self.runs = 0
        self.watch: Watch | None = None

    def _fixed_binding(self) -> list[Binding] | None:
        if all(s.executable.any_shape for s in self.program.steps):
            return [s.executable.bind(()) for s in self.program.steps]
        return None

    def run(self, feeds: list[Any]) -> list[Any]:
        """The fetched tensors' values; the variables take their new ones."""
        try:
            if self.updated:
                with self.store.lock:
                    return self._run(feeds)
            return self._run(feeds)
        except MemoryError as error:  # of no operation: where what is fetched is copied
            raise ResourceExhaustedError(f"Out of memory: {error}") from error

    def _run(self, feeds: list[Any]) -> list[Any]:
        values = feeds
        if self.cells or self.queried:
            values = [
                *feeds,
                *self._old_values(),
                *(np.bool_(q.value is not None) for q in self.queried),
            ]
        inputs = values
        watch = self.watch
        marks = watch.marks() if watch is not None and watch.generators else []
        got = self._execute(list(values))
        program = self.program
        results = [got[r.index] if type(r) is _Slot else r for r in program.results]
        fetched = results[: program.fetch_count]
        if program.guards:
            _check_alive(program, results)
        if watch is not None:
            watch.look(self, fetched, inputs, marks, results[program.fetch_count :])
        if self.updated:
            # A fetched update is the variable's own array: that must not leave the session.
            new = results[program.fetch_count : program.result_count]
            inputs = [*inputs, *self._commit(new, inputs)]
        self.runs += 1
        return [self._own(x, inputs) for x in fetched]

    def _old_values(self) -> list[Any]:
        values = []
        for cell, required, start in zip(self.cells, self.required, self.starts, strict=True):
            value = cell.value if start is None else start
            if value is None and required is not None:
                raise self._uninitialized(cell)
            values.append(value)
        return values

    def _uninitialized(self, cell: Cell) -> OpError:
        variable = next(
            v for v, c in zip(self.program.variables, self.cells, strict=True) if c is cell
        )
        place = f" made at {describe(variable.site)}"
        text = uninitialized(cell.name, variable.type == "VarHandleOp", place)
        return FailedPreconditionError(None, variable, text)

    def _execute(self, values: list[Any]) -> list[Any]:
        values += [None] * (self.program.value_count - len(values))
        bindings = self.fixed
        for i, step in enumerate(self.program.steps):
            arrays = [values[k] for k in step.inputs]
            try:
                binding = bindings[i] if bindings else self._bind(i, step, arrays)
                results = (
                    self._timed(step, binding, arrays, i)
                    if timing.active
                    else (binding.run(arrays, self.states[i]))
                )
            except OperationFailed as failure:
                raise explain(failure) from failure.cause
            for k, x in zip(step.outputs, results, strict=True):
                values[k] = x
        return values

    def _timed(self, step: Step, binding: Binding, arrays: list[Any], index: int) -> Any:
        """Runs a step and tells who asks how long it took, unless the backend does so itself."""
        start = time.perf_counter()
        results = binding.run(arrays, self.states[index])
        seconds = time.perf_counter() - start
        if not binding.reports_times:
            size = sum(x.nbytes for x in (*arrays, *results) if isinstance(x, np.ndarray))
            for times in timing.active:
                times.add(step.types, "", seconds, size, 0.0, False)
        return results

    def _bind(self, index: int, step: Step, arrays: list[Any]) -> Binding:
        shapes = tuple(map(np.shape, arrays))
        wanted = step.executable.value_inputs
        values = {i: np.array(arrays[i]) for i in wanted} if wanted else {}
        key = (index, shapes, *(x.tobytes() for x in values.values()))
        known = self.bindings.get(key)
        if known is None:
            executable = step.executable
            try:
                known = (
                    executable.bind_values(shapes, values) if wanted else executable.bind(shapes)
                )
            except ValueError as error:
                raise InvalidArgumentError(str(error)) from error
            if len(self.bindings) >= _MOST_BINDINGS:
                self.bindings.pop(next(iter(self.bindings)), None)
            self.bindings[key] = known
        return known

    def _commit(self, new: list[Any], inputs: list[Any]) -> list[Any]:
        """Gives the variables their new values, and returns these."""
        for i, variable in self.program.unchecked:
            if new[i] is not None:
                check_shape(variable, np.asarray(new[i]))
        for cell, value in zip(self.updated, new, strict=True):
            if value is not cell.value:  # else the backend wrote the new value over the old one
                cell.value = self._own(value, inputs)
            cell.version += 1
        return [cell.value for cell in self.updated]

    def _own(self, x: Any, inputs: list[Any]) -> Any:
        """`x` itself if nobody else can change or see its memory, else a copy."""
        if type(x) is not np.ndarray:
            return x
        if is_own(x) and not any(x is given for given in inputs):
            return x
        if x.dtype.hasobject:
            return x.copy()
        own = aligned_empty(x.shape, x.dtype)
        own[...] = x
        return own


def _check_alive(program: Program, results: Sequence[Any]) -> None:
    """Raises InvalidArgumentError for a fetched tensor of a branch that did not run."""
    for i, place in program.guards.items():
        if not results[place]:
            raise InvalidArgumentError(
                None,
                None,
                f"Retval[{i}] does not have value: what is fetched is inside a branch that did "
                "not run. Fetch the result of the conditional instead.",
            )


def explain(failure: OperationFailed) -> BaseException:
    """The exception of a failed operation, as the user should see it: which op, made where."""
    cause, op = failure.cause, failure.op
    source = op.extra if isinstance(op.extra, Operation) else op
    shapes = ", ".join(map(show_brackets, failure.shapes or ()))
    place = f"node {source.name!r} ({source.type}), made at {describe(source.site)}"
    place += f"; input shapes: {shapes}" if shapes else ""
    if isinstance(cause, OpError):
        if cause._op is None:
            cause._op = source
            cause._message = f"{cause._message} [{place}]"
            cause.args = (cause._message,)
        return cause
    if isinstance(cause, (KeyboardInterrupt, SystemExit)):
        return cause
    if isinstance(cause, MemoryError):
        text = f"Out of memory: {cause}".rstrip(": ")
        return ResourceExhaustedError(None, source, f"{text} [{place}]")
    return InvalidArgumentError(None, source, f"{_as_tensorflow_says(failure)} [{place}]")


_BROADCAST = re.compile(r"operands could not be broadcast together with shapes \((.*?)\) \((.*?)\)")
_MATMUL = re.compile(r"matmul: .*mismatch")


def _as_tensorflow_says(failure: OperationFailed) -> str:
    """NumPy's words for shapes that do not fit, in TensorFlow's, which programs look for."""
    message = str(failure.cause)
    found = _BROADCAST.search(message)
    if found:
        a, b = (f"[{text.rstrip(',')}]" for text in found.groups())
        return f"Incompatible shapes: {a} vs. {b}"
    if _MATMUL.search(message) and failure.shapes:
        a, b = map(show_brackets, failure.shapes)
        return f"Matrix size-incompatible: In[0]: {a}, In[1]: {b}"
    if FIRST_OPERAND in message:
        source = failure.op.extra if isinstance(failure.op.extra, Operation) else failure.op
        operand = source.operands[0]
        name = operand.op.name if isinstance(operand, Tensor) else "of a constant"
        return message.replace(FIRST_OPERAND, name)
    return message


_compile_lock = threading.RLock()


@contextmanager
def _without_collector() -> Iterator[None]:
    """Passes make many long-lived objects: the cycle collector would scan them again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _lowered(feeds: Sequence[Tensor], fetches: Sequence[Tensor | Operation]) -> Lowered:
    """`lower`, with what is wrong with a graph as the error of a run."""
    try:
        return lower(feeds, fetches)
    except ValueError as error:
        raise InvalidArgumentError(None, None, str(error)) from error


def program_for(
    graph: Graph,
    fetches: tuple[Tensor | Operation, ...],
    feeds: tuple[Tensor, ...],
    backend: Backend,
) -> Program:
    """The compiled program of a graph for these fetches and feeds, from the graph's cache."""
    cache: dict[Any, Program] = graph.extra.setdefault("programs", {})
    key = (backend.name, fetches, feeds, graph.mutations)
    program = cache.get(key)
    if program is None:
        with _compile_lock, _without_collector():
            program = cache.get(key)
            if program is None:
                program = cache[key] = Program(_lowered(feeds, fetches), backend)
    return program
