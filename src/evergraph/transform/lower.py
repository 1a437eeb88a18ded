"""From a program's graph to a function without state: what a run computes, as values.

Variables become inputs (their values before the run) and outputs (their values after it). Each
update gives a new version of its variable. What reads a variable sees the version of the last
update that the read comes after by data or control dependencies, else the one from before the
run. What is fetched straight from a reference variable is its last version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..core import dtypes
from ..core.emit import apply
from ..core.function import Function, argument
from ..core.graph import Graph
from ..core.tensor import Operand, Operation, Tensor
from ..core.values import constant_value
from . import lower_control  # noqa: F401  gives regions their ways with branches and loops
from .conditions import Conditions
from .needed import needed_operations, needed_with_sources
from .plan import Node, has_control_flow, plan
from .regions import _NO_VERSIONS, Code, Region, variable_of


@dataclass
class Lowered:
    """A function and what its inputs and outputs are.

    The inputs are the feeds, then the old values of `variables`, then for each of `queried`
    whether it is initialised. The outputs are the fetched tensors, then the new values of
    `updated`, then what the fetched operations give. `required` are variables that must have a
    value even if no branch that runs reads them. `operations` are those of the source graph that
    the program covers. `guards` maps fetches to the outputs that tell whether they have a
    value: what is inside a branch has none where the other branch ran.
    """

    function: Function
    feeds: list[Tensor]
    variables: list[Operation] = field(default_factory=list)
    queried: list[Operation] = field(default_factory=list)
    updated: list[Operation] = field(default_factory=list)
    required: set[Operation] = field(default_factory=set)
    fetch_count: int = 0
    guards: dict[int, int] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)

    @property
    def update_operations(self) -> list[Operation]:
        """The program's operations that update variables."""
        return [op for op in self.operations if op.definition.updates]


class _Program(Region):
    """The outermost region: its inputs are feeds and variables."""

    def __init__(
        self,
        feeds: Sequence[Tensor],
        fetches: Sequence[Tensor | Operation],
        done: frozenset[Operation],
    ) -> None:
        fed = set(feeds)
        roots = [f.op if isinstance(f, Tensor) else f for f in fetches if f not in fed]
        source = roots[0].graph if roots else feeds[0].graph if feeds else Graph()
        operations, sources = needed_with_sources(source, roots, fed, done)
        wanted = [f for f in fetches if isinstance(f, Tensor)]
        self.nodes: Sequence[Node] = operations
        conditions = Conditions(sources)
        if has_control_flow(operations):
            self.nodes, conditions = plan(operations, sources)
        # What decides whether a fetched tensor has a value must be known outside as well.
        chooses = self.nodes is not operations
        self.choices = {f: conditions.of_tensor(f) for f in wanted} if chooses else {}
        wanted += [pred for chosen in self.choices.values() for pred, _ in chosen]
        super().__init__(Code.of(operations, sources, conditions, wanted), Graph())
        self.lowered = Lowered(Function(self.graph, [], []), list(feeds))
        self.lowered.operations = operations
        self.old: dict[Operation, Tensor] = {}
        self.queries: dict[Operation, Tensor] = {}
        self.fetches = fetches
        # Static shapes may follow from constant integers; where these are fed, they tell nothing.
        self.doubtful = any(t.dtype.is_integer and constant_value(t) is not None for t in feeds)

    def lower(self) -> Lowered:
        low = self.lowered
        for t in low.feeds:
            self.values[t] = argument(self.graph, len(self.values), t.dtype, t.static_shape)
        self.run(self.nodes)
        outputs = [self.fetched(f) for f in self.fetches if isinstance(f, Tensor)]
        low.fetch_count = len(outputs)
        low.updated = list(self.versions)
        outputs += [v[-1] for v in self.versions.values()]
        outputs += self.computed()
        self.guard(outputs)
        low.variables, low.queried = list(self.old), list(self.queries)
        feeds = [self.values[t] for t in low.feeds]
        inputs: list[Any] = [*feeds, *self.old.values(), *self.queries.values()]
        low.function.inputs, low.function.outputs = inputs, outputs
        return low

    def computed(self) -> list[Operand]:
        """What fetched operations give: nobody sees it, but they are to run."""
        ops = [f for f in self.fetches if isinstance(f, Operation)]
        return [self.values[o] for op in ops for o in op.outputs if o in self.values]

    def guard(self, outputs: list[Operand]) -> None:
        """Adds, for each fetched tensor of a branch, whether that branch ran."""
        fetched = [f for f in self.fetches if isinstance(f, Tensor)]
        for i, x in enumerate(fetched if self.choices else ()):
            alive: Operand | None = None
            for pred, branch in self.choices[x]:
                with self.graph.as_default():
                    value = self.value(pred, self.seen.get(pred.op, _NO_VERSIONS))
                    value = value if branch else apply("LogicalNot", value)
                    alive = value if alive is None else apply("LogicalAnd", alive, value)
            if alive is not None:
                self.lowered.guards[i] = len(outputs)
                outputs.append(alive)

    def fetched(self, x: Tensor) -> Operand:
        source = self.reference_behind(x)
        if source is not None and self.variable_behind(source) is not None:
            variable = self.needed_variable(source)
            return self.set_value(variable, self.latest(variable))
        if x in self.values:
            return self.values[x]
        return self.value(x, self.seen.get(x.op, _NO_VERSIONS))

    def old_value(self, variable: Operation) -> Tensor:
        known = self.old.get(variable)
        if known is None:
            dtype = variable.attrs["dtype"]
            known = argument(self.graph, len(self.old), dtype, self.shape_of(variable))
            known.op.extra = variable
            self.old[variable] = known
        return known

    def require(self, alias: Operation, source: Tensor) -> bool:
        variable = self.needed_variable(source)
        index = self.seen.get(alias, _NO_VERSIONS).get(variable, -1)
        if index >= 0:
            return self.versions[variable][index] not in self.unset
        self.lowered.required.add(variable)
        return True

    def is_set(self, variable: Operation) -> Tensor:
        known = self.queries.get(variable)
        if known is None:
            known = argument(self.graph, len(self.queries), dtypes.bool_, ())
            self.queries[variable] = known
        return known


def lower(
    feeds: Sequence[Tensor],
    fetches: Sequence[Tensor | Operation],
    done: frozenset[Operation] = frozenset(),
) -> Lowered:
    """The function that a run with these feeds and fetches computes.

    `done` are the operations of an earlier piece of the run, for which nothing waits.

    Raises ValueError for graphs that no run can compute (cycles, values of handles).
    """
    return _Program(feeds, fetches, done).lower()


__all__ = ["Lowered", "lower", "needed_operations", "variable_of"]
