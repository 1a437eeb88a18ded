"""From a function and its inputs' shapes to launches: what runs, on which memory, in order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from ...core.allocation import allocatable
from ...core.function import Function
from ...core.tensor import Literal, Operand, Operation, Tensor
from ...core.values import ConcreteValues, evaluate_constant
from .fuse import Fuser, Group, Unsupported
from .host import Target
from .layout import Buffer, Constant, Launch, Shape, View, contiguous_strides, whole
from .lower_nest import column_launches, nest_launches
from .rules import Rule, rule_for
from .scalars import DTYPES
from .symbols import Scope, array_of, has_symbols, results_of, value_of
from .views import VIEWS

_ASSIGNMENTS = frozenset(("Assign", "AssignVariableOp"))
_IN_PLACE = (
    64 << 10
)  # bytes: what is smaller costs less to allocate anew, and can be looked at after
_FOLDED = 1 << 10  # elements: larger values are computed in the run, by all threads
Known = np.ndarray[Any, Any]


class _PlanValues(ConcreteValues):
    """The values of operands, as far as they are known when a program is bound."""

    def as_shape(self, index: int) -> Any:
        """An integer vector as a shape; None while it is only known in the run."""
        value = self.arrays[index]
        if value is None:
            return None
        return tuple(None if d < 0 else d for d in np.ravel(value).tolist())


@dataclass
class Plan:
    """The launches of a program for certain shapes, and the buffers they touch."""

    launches: list[Launch] = field(default_factory=list)
    labels: list[Operation | None] = field(default_factory=list)
    arena: list[Buffer] = field(default_factory=list)
    constants: list[Buffer] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)
    """For each output: its buffer, or the number of an input, or a `Constant`."""
    shapes: list[tuple[Shape, np.dtype[Any]]] = field(default_factory=list)
    in_place: dict[int, int] = field(default_factory=dict)
    """Outputs that are written over an input: output -> input."""


class Planner:
    """Interprets a function on shapes."""

    def __init__(
        self,
        function: Function,
        shapes: Sequence[Shape],
        target: Target,
        threads: int,
        rules: dict[Operation, Rule | None],
        scope: Scope | None,
    ) -> None:
        self.rules = rules
        if scope is not None:
            shapes = scope.inputs(shapes, [x.static_shape for x in function.inputs])
        self.function, self.target, self.threads = function, target, threads
        self.fuser = Fuser()
        self.views: dict[Operand, View] = {}
        self.known: dict[Operand, Known] = {}
        self.constants: dict[int, tuple[Any, View]] = {}
        self.position = 0
        self.source: dict[int, Operation] = {}
        self.readers: dict[Buffer, set[int]] = {}
        for i, (x, shape) in enumerate(zip(function.inputs, shapes, strict=True)):
            dtype = x.dtype.base_dtype.np_dtype
            size = math.prod(shape) * dtype.itemsize
            self.views[x] = whole(Buffer("input", size, i, f"input {i}"), dtype, shape)

    # -- operands --------------------------------------------------------------------------

    def value(self, x: Operand) -> Known | None:
        """An operand's value where it is known without running."""
        return x.value if isinstance(x, Literal) else self.known.get(x)

    def shape(self, x: Operand) -> Shape:
        """An operand's shape."""
        value = self.value(x)
        return self.views[x].shape if value is None else np.shape(value)

    def view(self, x: Operand) -> View:
        """An operand as memory."""
        found = self.views.get(x)
        if found is None:
            found = self.views[x] = self.constant(self.value(x), x.dtype.base_dtype.np_dtype)
        return found

    def constant(self, value: Any, dtype: np.dtype[Any] | None = None) -> View:
        """A known value as memory; of equal elements only one is kept."""
        array = np.asarray(value)
        found = self.constants.get(id(value))
        if found is not None:
            return found[1]
        dtype = dtype or array.dtype
        if dtype not in DTYPES:
            raise Unsupported(f"constants of {dtype}")
        shape = array.shape
        strides = None
        if array.size > 1 and _is_uniform(array):
            array, strides = array.reshape(-1)[:1], (0,) * len(shape)
        array = np.ascontiguousarray(array).reshape(array.shape)
        buffer = Buffer("constant", array.size * dtype.itemsize, Constant(array, dtype))
        view = whole(buffer, dtype, shape)
        if strides is not None:
            view = View(buffer, dtype, shape, strides)
        self.constants[id(value)] = value, view
        return view

    def contiguous(self, view: View) -> View:
        """The view itself if it is contiguous, else a copy of it."""
        if view.is_contiguous:
            return view
        return self.copy(view)

    def copy(self, view: View) -> View:
        """The elements in memory of their own."""
        space = view.shape
        buffer = self.fuser.elementwise(
            "x", (), [view], space, view.dtype, self.position, kind="cast"
        )
        return whole(buffer, view.dtype, space)

    def new(self, dtype: np.dtype[Any], shape: Shape) -> View:
        """Memory for a result."""
        return whole(Buffer("arena", math.prod(shape) * dtype.itemsize), dtype, shape)

    # -- operations ------------------------------------------------------------------------

    def run(self) -> None:
        """Interprets all operations."""
        for op in self.function.graph.operations:
            if op.type != "_Arg":
                self.position += 1
                self.operation(op)

    def operation(self, op: Operation) -> None:
        """Interprets one operation."""
        if op.type in ("Shape", "Size", "Rank", "ShapeN"):
            self.query(op)
            return
        values = [self.value(x) for x in op.operands]
        shapes = [self.shape(x) for x in op.operands]
        if self.fold(op, values, shapes):
            return
        outs = self.result_shapes(op, values, shapes)
        self.source[self.position] = op
        results = self.results(op, values, outs)
        for out, view, shape in zip(op.outputs, results, outs, strict=True):
            if view.shape != shape:
                raise Unsupported(f"{op.type}: {view.shape} instead of {shape}")
            self.views[out] = view

    def result_shapes(
        self, op: Operation, values: list[Known | None], shapes: list[Shape]
    ) -> list[Shape]:
        """The shapes of the outputs, by the op's rule."""
        if op.type in _ASSIGNMENTS:
            return [shapes[1]]  # the old value is no operand any more
        assert op.definition.shape is not None
        got = op.definition.shape(shapes, op.attrs, _PlanValues(values))
        outs: list[Shape] = []
        for shape in got:
            if shape is None or any(d is None for d in shape):
                raise Unsupported(f"{op.type}: the shape is only known in the run")
            outs.append(tuple(shape))  # type: ignore[arg-type]
        return outs

    def query(self, op: Operation) -> None:
        """A question about shapes."""
        for x, out in zip(op.operands, op.outputs, strict=True):
            shape = self.shape(x)
            answer: Any = {"Size": math.prod(shape), "Rank": len(shape)}.get(op.type, shape)
            self.known[out] = array_of(answer, out.dtype.np_dtype)

    def fold(self, op: Operation, values: list[Known | None], shapes: list[Shape]) -> bool:
        """Computes an operation on known values."""
        if any(v is None for v in values) or not op.definition.is_pure or not op.definition.kernel:
            return False
        if sum(math.prod(s) for s in shapes) > _FOLDED:
            return False
        known = cast(list[Known], values)
        if any(has_symbols(v) for v in known):
            if any(not x.dtype.base_dtype.is_integer for x in op.operands):
                return False  # floats of shapes are rounded as the run rounds them
            results = results_of(op, known)
        else:
            results = evaluate_constant(op, known)
        if results is None or any(r.size > _FOLDED for r in results):
            return False
        self.known.update(zip(op.outputs, results, strict=True))
        return True

    def results(self, op: Operation, values: list[Known | None], outs: list[Shape]) -> list[View]:
        """The outputs as memory."""
        rule = VIEWS.get(op.type)
        if rule is not None:
            index, look = rule
            x = self.view(op.operands[index])
            found = look(op, x, values, outs)
            if found is None:
                found = look(op, self.contiguous(x), values, outs)
            if found is None:
                raise Unsupported(op.type)
            return found
        special = self.rules.get(op)
        if special is None:
            special = self.rules[op] = rule_for(op)
        if special is None:
            raise Unsupported(op.type)
        return special(self, op, values, outs)

    def elementwise(
        self, expr: str, attrs: tuple[tuple[str, Any], ...], views: Sequence[View],
        shape: Shape, dtype: np.dtype[Any], kind: str = "op",
    ) -> View:  # fmt: skip
        """The value of a scalar expression, as memory."""
        buffer = self.fuser.elementwise(expr, attrs, views, shape, dtype, self.position, kind)
        return whole(buffer, dtype, shape)

    def heavy(self, launches: list[Launch], reads: Sequence[View], writes: Sequence[View]) -> None:
        """Adds launches of an operation's own."""
        self.fuser.heavy(launches, reads, [v.buffer for v in writes], self.position)

    # -- results ---------------------------------------------------------------------------

    def finish(self, donated: dict[int, int]) -> Plan:
        """Orders the groups, decides what is stored where, makes the launches."""
        plan = Plan()
        self.outputs(plan)
        order = self.ordered(plan, donated)
        for group in order:
            for launch in self.launches_of(group):
                plan.launches.append(launch)
                plan.labels.append(self.source.get(group.position))
        self.lifetimes(plan)
        return plan

    def outputs(self, plan: Plan) -> None:
        """Says what each output is."""
        taken: set[Buffer] = set()
        inputs = {x: i for i, x in enumerate(self.function.inputs)}
        self.position += 1
        for x in self.function.outputs:
            value = self.value(x)
            if value is not None:
                dtype = x.dtype.base_dtype.np_dtype
                plan.results.append(Constant(np.asarray(value), dtype))
                plan.shapes.append((np.shape(value), dtype))
                continue
            if isinstance(x, Tensor) and x in inputs:
                plan.results.append(inputs[x])
                plan.shapes.append((self.views[x].shape, self.views[x].dtype))
                continue
            view = self.view(x)
            free = view.buffer.kind == "arena" and view.buffer not in taken
            full = view.offset == 0 and view.is_contiguous
            if not (free and full and view.buffer.size == view.size * view.dtype.itemsize):
                view = self.copy(view)
            taken.add(view.buffer)
            plan.results.append(view.buffer)
            plan.shapes.append((view.shape, view.dtype))
        for k, result in enumerate(plan.results):
            if isinstance(result, Buffer):
                result.kind, result.source = "output", k

    def ordered(self, plan: Plan, donated: dict[int, int]) -> list[Group]:
        """The groups in an order that respects what they need."""
        self.donate(plan, donated)
        live = list(self.fuser.live())
        for g in live:
            for buffer in g.reads:
                self.readers.setdefault(buffer, set()).add(g.index)
        live.sort(key=lambda g: g.position)
        done, out = 0, []
        while live:
            free = next((i for i, g in enumerate(live) if not g.before & ~done), None)
            if free is None:
                raise Unsupported("a cycle of groups")
            out.append(live.pop(free))
            done |= out[-1].bit
        return out

    def donate(self, plan: Plan, donated: dict[int, int]) -> None:
        """Lets results be written over the inputs that they replace, where nothing is lost."""
        for given, result in donated.items():
            buffer = plan.results[result]
            if not isinstance(buffer, Buffer) or not isinstance(buffer.source, int):
                continue
            old = self.views[self.function.inputs[given]].buffer
            writer = self.fuser.producer.get(buffer)
            if (
                writer is None
                or old.size != buffer.size
                or old.size < _IN_PLACE
                or not self.may_write(writer, old, buffer)
            ):
                continue
            readers = [g for g in self.fuser.live() if old in g.reads and g is not writer]
            if any(g.before & writer.bit for g in readers):
                continue
            for g in readers:
                self.fuser.depend(writer, g.bit | g.before)
            plan.in_place[result] = given

    def may_write(self, writer: Group, old: Buffer, new: Buffer) -> bool:
        """Whether a group may write a result over an input: it reads none of it afterwards."""
        if old not in writer.reads:
            return True
        if writer.launches is not None or writer.column is not None or writer.rows is not None:
            return False
        node = writer.nodes[writer.made[new]]
        for view, strides in writer.loads:
            if view.buffer is old:
                full = contiguous_strides(writer.space, view.dtype.itemsize)
                if view.offset or strides != full or view.dtype.itemsize != node.dtype.itemsize:
                    return False
        return True

    def launches_of(self, group: Group) -> list[Launch]:
        """The launches of a group."""
        if group.launches is not None:
            return group.launches
        if group.column is not None:
            return column_launches(group, self.target, self.threads)
        used = [b for b in group.made if self.is_needed(b, group)]
        return nest_launches(group, used, self.target, self.threads)

    def is_needed(self, buffer: Buffer, group: Group) -> bool:
        """Whether a value must be in memory: another group reads it, or it is a result."""
        if buffer.kind == "output":
            return True
        return bool(self.readers.get(buffer, set()) - {group.index})

    def lifetimes(self, plan: Plan) -> None:
        """When each buffer of the arena is in use."""
        seen: dict[Buffer, None] = {}
        for i, launch in enumerate(plan.launches):
            for buffer in (*launch.reads, *launch.writes):
                if buffer.first < 0 or buffer not in seen:
                    buffer.first = i
                buffer.last = i
                seen[buffer] = None
        plan.arena = [b for b in seen if b.kind == "arena"]
        largest = max((value_of(b.size) for b in seen if b.kind != "input"), default=0)
        allocatable((largest,), np.dtype(np.uint8))
        plan.constants = [b for b in seen if b.kind == "constant"]


def _is_uniform(array: Known) -> bool:
    """Whether all elements are the same."""
    if not any(array.strides):
        return True
    flat = array.reshape(-1)
    return bool(flat[0] == flat[-1]) and bool((flat == flat[0]).all())


def plan(
    function: Function,
    shapes: Sequence[Shape],
    donated: dict[int, int],
    target: Target,
    threads: int,
    rules: dict[Operation, Rule | None],
    values: dict[int, Known],
    scope: Scope | None = None,
) -> Plan:
    """The plan of a function for these shapes; raises Unsupported or what a shape rule raises.

    `rules` keeps how each operation is lowered, from one plan of the function to the next; `values`
    are those of inputs that shapes hang on. With a scope, extents that the function does not know
    are symbols in the plan.
    """
    planner = Planner(function, shapes, target, threads, rules, scope)
    for i, value in values.items():
        planner.known[function.inputs[i]] = scope.input_value(i, value) if scope else value
    planner.run()
    return planner.finish(donated)
