"""From a program's graph to a function without state: what a run computes, as values.

Variables become inputs (their values before the run) and outputs (their values after it). Each
update gives a new version of its variable. What reads a variable sees the version of the last
update that the read comes after by data or control dependencies, else the one from before the
run. What is fetched straight from a reference variable is its last version.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core import dtypes
from ..core.function import Function, argument
from ..core.graph import Graph
from ..core.shape import Shape
from ..core.tensor import Literal, Operand, Operation, Tensor
from ..core.values import constant_value

_NO_VERSIONS: dict[Operation, int] = {}
_QUERIES = ("IsVariableInitialized", "VarIsInitializedOp")


@dataclass
class Lowered:
    """A function and what its inputs and outputs are.

    The inputs are the feeds, then the old values of `variables`, then for each of `queried`
    whether it is initialised. The outputs are the fetched tensors, then the new values of
    `updated`, then what the fetched operations give. `operations` are those of the source graph
    that the program covers.
    """

    function: Function
    feeds: list[Tensor]
    variables: list[Operation] = field(default_factory=list)
    queried: list[Operation] = field(default_factory=list)
    updated: list[Operation] = field(default_factory=list)
    fetch_count: int = 0
    operations: list[Operation] = field(default_factory=list)

    @property
    def update_operations(self) -> list[Operation]:
        """The program's operations that update variables."""
        return [op for op in self.operations if op.definition.updates]


def needed_operations(roots: Iterable[Operation], fed: set[Tensor]) -> list[Operation]:
    """What must run for the roots when `fed` tensors are given, each after what it needs.

    Among those that are ready, the one made first comes first.
    """
    needed = _reachable(roots, fed)
    order = sorted(needed, key=lambda op: op._id)
    position = {op: i for i, op in enumerate(order)}
    if all(position[p] < i for i, op in enumerate(order) for p in _parents(op, fed)):
        return order
    return _sorted_by_dependencies(needed, fed)


def _parents(op: Operation, fed: set[Tensor]) -> Iterable[Operation]:
    for x in op.operands:
        if isinstance(x, Tensor) and x not in fed:
            yield x.op
    yield from op._control_inputs


def _reachable(roots: Iterable[Operation], fed: set[Tensor]) -> set[Operation]:
    seen: set[Operation] = set()
    stack = list(roots)
    while stack:
        op = stack.pop()
        if op not in seen:
            seen.add(op)
            stack.extend(p for p in _parents(op, fed) if p not in seen)
    return seen


def _sorted_by_dependencies(ops: set[Operation], fed: set[Tensor]) -> list[Operation]:
    """Kahn's algorithm, for graphs whose inputs were changed after they were made."""
    waiting = {op: len(set(_parents(op, fed))) for op in ops}
    children: dict[Operation, list[Operation]] = {}
    for op in ops:
        for p in set(_parents(op, fed)):
            children.setdefault(p, []).append(op)
    ready = [(op._id, op) for op, n in waiting.items() if n == 0]
    heapq.heapify(ready)
    out: list[Operation] = []
    while ready:
        _, op = heapq.heappop(ready)
        out.append(op)
        for child in children.get(op, ()):
            waiting[child] -= 1
            if waiting[child] == 0:
                heapq.heappush(ready, (child._id, child))
    if len(out) != len(ops):
        raise ValueError("The graph has a cycle, so there is no order to run it in.")
    return out


def variable_of(x: Tensor) -> Operation:
    """The variable's operation behind a reference or a resource handle."""
    op = x.op
    while not op.definition.is_variable:
        index = op.definition.updates[0] if op.definition.updates else 0
        source = op.operands[index] if op.operands else None
        if not isinstance(source, Tensor):
            raise ValueError(f"{x.name} is not the handle of a variable.")
        op = source.op
    return op


def _is_handle(x: Operand) -> bool:
    return isinstance(x, Tensor) and (x.dtype._is_ref_dtype or x.dtype is dtypes.resource)


class _Lowering:
    def __init__(self, feeds: Sequence[Tensor], fetches: Sequence[Tensor | Operation]) -> None:
        self.graph = Graph()
        self.fed = set(feeds)
        self.lowered = Lowered(Function(self.graph, [], []), list(feeds))
        self.values: dict[Operand, Operand] = {}
        self.old: dict[Operation, Tensor] = {}
        self.queries: dict[Operation, Tensor] = {}
        self.versions: dict[Operation, list[Operand]] = {}
        self.seen: dict[Operation, dict[Operation, int]] = {}
        self.fetches = fetches
        # Static shapes may follow from constant integers; where these are fed, they tell nothing.
        self.doubtful = any(t.dtype.is_integer and constant_value(t) is not None for t in feeds)

    def run(self) -> Lowered:
        for t in self.lowered.feeds:
            self.values[t] = argument(self.graph, len(self.values), t.dtype, t.static_shape)
        roots = [f.op if isinstance(f, Tensor) else f for f in self.fetches if f not in self.fed]
        self.lowered.operations = needed_operations(roots, self.fed)
        for op in self.lowered.operations:
            self.visit(op)
        outputs = [self.fetched(f) for f in self.fetches if isinstance(f, Tensor)]
        low = self.lowered
        low.fetch_count = len(outputs)
        low.updated = list(self.versions)
        outputs += [v[-1] for v in self.versions.values()]
        outputs += self.computed()
        low.variables, low.queried = list(self.old), list(self.queries)
        feeds = [self.values[t] for t in low.feeds]
        inputs: list[Any] = [*feeds, *self.old.values(), *self.queries.values()]
        low.function.inputs, low.function.outputs = inputs, outputs
        return low

    def computed(self) -> list[Operand]:
        """What fetched operations give: nobody sees it, but they are to run."""
        ops = [f for f in self.fetches if isinstance(f, Operation)]
        return [self.values[o] for op in ops for o in op.outputs if o in self.values]

    # -- one operation -------------------------------------------------------------------------
    def visit(self, op: Operation) -> None:
        ancestors = self.versions_before(op)
        definition = op.definition
        if definition.is_variable:
            pass
        elif definition.reads is not None:
            self.bind(op.outputs, [self.read(op.operands[definition.reads], ancestors)])
        elif op.type in _QUERIES:
            self.bind(op.outputs, [self.query(op, ancestors)])
        elif definition.updates:
            ancestors = self.update(op, ancestors)
        elif op.type == "Identity":
            if not self.is_alias(op.outputs[0]):
                self.bind(op.outputs, [self.value(op.operands[0], ancestors)])
        else:
            new = self.clone(op, [self.value(x, ancestors) for x in op.operands])
            self.bind(op.outputs, new.outputs)
        if ancestors:
            self.seen[op] = ancestors

    def is_alias(self, x: Tensor) -> bool:
        """Whether an identity is another name of a variable, so that who takes it reads it."""
        return x.dtype is dtypes.resource or self.reference_behind(x) is not None

    def versions_before(self, op: Operation) -> dict[Operation, int]:
        """For each variable, which update of it is the last that `op` comes after."""
        merged: dict[Operation, int] = _NO_VERSIONS
        for p in _parents(op, self.fed):
            known = self.seen.get(p)
            if known and known is not merged:
                if merged is _NO_VERSIONS:
                    merged = known
                else:
                    merged = {
                        v: max(merged.get(v, -1), known.get(v, -1)) for v in {**merged, **known}
                    }
        return merged

    def value(self, x: Operand, ancestors: dict[Operation, int]) -> Operand:
        """The new operand for one of the source graph."""
        known = self.values.get(x)
        if known is not None:
            return known
        if isinstance(x, Literal):
            return x
        source = x if _is_handle(x) else self.reference_behind(x)
        if source is not None:
            return self.read(source, ancestors)
        raise ValueError(f"{x.name} has no value in this run.")

    def read(self, x: Operand, ancestors: dict[Operation, int]) -> Operand:
        fed = self.values.get(x)
        if fed is not None:
            return fed
        assert isinstance(x, Tensor)
        variable = variable_of(x)
        index = ancestors.get(variable, -1)
        if index >= 0:
            return self.versions[variable][index]
        return self.old_value(variable)

    def old_value(self, variable: Operation) -> Tensor:
        known = self.old.get(variable)
        if known is None:
            dtype = variable.attrs["dtype"]
            known = argument(self.graph, len(self.old), dtype, variable_shape(variable))
            known.op.extra = variable
            self.old[variable] = known
        return known

    def query(self, op: Operation, ancestors: dict[Operation, int]) -> Operand:
        x = op.operands[0]
        assert isinstance(x, Tensor)
        variable = variable_of(x)
        if ancestors.get(variable, -1) >= 0:
            return Literal(np.asarray(True))
        known = self.queries.get(variable)
        if known is None:
            known = argument(self.graph, len(self.queries), dtypes.bool_, ())
            self.queries[variable] = known
        return known

    def update(self, op: Operation, ancestors: dict[Operation, int]) -> dict[Operation, int]:
        definition = op.definition
        targets = {i: variable_of(op.operands[i]) for i in definition.updates}  # type: ignore[arg-type]
        operands: list[Operand] = []
        for i, x in enumerate(op.operands):
            if i not in targets:
                operands.append(self.value(x, ancestors))
            elif definition.overwrites and targets[i] not in self.versions:
                operands.append(self.placeholder(targets[i]))
            else:
                operands.append(self.latest(targets[i]))
        new = self.clone(op, operands)
        ancestors = dict(ancestors)
        for out, variable in zip(new.outputs, targets.values(), strict=False):
            chain = self.versions.setdefault(variable, [])
            chain.append(out)
            ancestors[variable] = len(chain) - 1
        plain = [o for o in op.outputs if not _is_handle(o)]
        self.bind(plain, new.outputs[len(targets) :])
        return ancestors

    def bind(self, outputs: Sequence[Tensor], values: Sequence[Operand]) -> None:
        """Notes the values of outputs; one that is fed keeps what it was fed."""
        for out, value in zip(outputs, values, strict=True):
            self.values.setdefault(out, value)

    def latest(self, variable: Operation) -> Operand:
        chain = self.versions.get(variable)
        return chain[-1] if chain else self.old_value(variable)

    def placeholder(self, variable: Operation) -> Operand:
        """Stands for the old value of a variable that an update does not look at."""
        return Literal(np.zeros((), variable.attrs["dtype"].np_dtype))

    def clone(self, op: Operation, operands: list[Operand]) -> Operation:
        new = Operation(self.graph, op.name, op.definition, operands, op.attrs)
        new.site, new.device, new.extra = op.site, op.device, op
        kinds = [(o.dtype.base_dtype, o.static_shape) for o in op.outputs]
        if op.definition.updates:
            targets = [variable_of(op.operands[i]) for i in op.definition.updates]  # type: ignore[arg-type]
            plain = [k for k, o in zip(kinds, op.outputs, strict=True) if not _is_handle(o)]
            kinds = [(v.attrs["dtype"], variable_shape(v)) for v in targets] + plain
            if op.definition.overwrites and op.attrs.get("validate_shape", True):
                # Only what is known of the value itself: the rest is checked in the run.
                kinds[0] = (kinds[0][0], operands[1].static_shape)
        if self.doubtful:
            kinds = [(d, None) for d, _ in kinds]
        new.outputs = [Tensor(new, i, d, s) for i, (d, s) in enumerate(kinds)]
        self.graph.adopt(new)
        return new

    # -- what comes out ------------------------------------------------------------------------
    def fetched(self, x: Tensor) -> Operand:
        source = self.reference_behind(x)
        if source is not None:
            return self.latest(variable_of(source))
        if x in self.fed or x in self.values:
            return self.values[x]
        return self.value(x, self.seen.get(x.op, _NO_VERSIONS))

    def reference_behind(self, x: Tensor) -> Tensor | None:
        """The reference that `x` is, or is the identity of.

        Identities share the buffer of a ref variable: what takes one sees the updates that it
        comes after itself, not those before the identity.
        """
        while x not in self.fed:
            if x.dtype._is_ref_dtype:
                return x
            if x.op.type != "Identity" or not isinstance(x.op.operands[0], Tensor):
                return None
            x = x.op.operands[0]
        return None


def variable_shape(variable: Operation) -> Shape:
    """The static shape of a variable's value (its operation may know more than its attribute)."""
    if variable.outputs[0].dtype._is_ref_dtype:
        return variable.outputs[0].static_shape
    shape: Shape = variable.attrs["shape"]
    return shape


def lower(feeds: Sequence[Tensor], fetches: Sequence[Tensor | Operation]) -> Lowered:
    """The function that a run with these feeds and fetches computes.

    Raises ValueError for graphs that no run can compute (cycles, values of handles).
    """
    return _Lowering(feeds, fetches).run()


__all__ = ["Lowered", "lower", "needed_operations", "variable_of"]
