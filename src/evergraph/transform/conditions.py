"""When an operation runs: the choices of `Switch` that it hangs on, read off the graph.

A condition is a set of (predicate, branch). What has the empty condition always runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..core.graph import Graph
from ..core.tensor import Operation, Tensor
from ..ops.control import ENTERS, EXITS, MERGES, NEXT_ITERATIONS, SWITCHES

Choice = tuple[Tensor, bool]
Condition = frozenset[Choice]
ALWAYS: Condition = frozenset()


def is_loop_merge(op: Operation) -> bool:
    """Whether a merge is where a loop variable comes round."""
    return op.type in MERGES and any(
        isinstance(x, Tensor) and x.op.type in NEXT_ITERATIONS for x in op.operands
    )


@dataclass(frozen=True)
class Sources:
    """Where values come from in a run: `fed` tensors from outside, `replaced` exits from elsewhere.

    Nothing waits for operations that are `done`: they ran in an earlier piece of the run.

    A loop that has gradients runs once, as an operation that also keeps what these need: then its
    exits take their values from that operation. A lock has its turn after the operations in
    `turns`.
    """

    fed: frozenset[Tensor] = frozenset()
    replaced: Mapping[Operation, Tensor] = field(default_factory=dict)
    done: frozenset[Operation] = frozenset()
    turns: Mapping[Operation, Sequence[Operation]] = field(default_factory=dict)

    def parents(self, op: Operation) -> Iterable[Operation]:
        """What an operation takes values from or waits for."""
        instead = self.replaced.get(op)
        if instead is not None:
            yield instead.op
            return
        for x in op.operands:
            if isinstance(x, Tensor) and x not in self.fed:
                yield x.op
        if self.done:
            yield from (c for c in op._control_inputs if c not in self.done)
        else:
            yield from op._control_inputs
        if self.turns:
            yield from self.turns.get(op, ())

    def earlier(self, op: Operation) -> Iterable[Operation]:
        """What an operation runs after: its parents, but for the way round of loops."""
        for parent in self.parents(op):
            if not (parent.type in NEXT_ITERATIONS and op.type in MERGES):
                yield parent


def predicate_of(x: Tensor) -> Tensor:
    """A predicate without the identities around it."""
    while x.op.type == "Identity" and isinstance(x.op.operands[0], Tensor):
        x = x.op.operands[0]
    return x


class Conditions:
    """The conditions of a graph's operations, found as they are asked for."""

    def __init__(self, sources: Sources | None = None) -> None:
        self.sources = sources or Sources()
        self.known: dict[Operation, Condition] = {}
        self.merged_on: dict[Operation, tuple[Tensor, tuple[bool, ...]]] = {}

    def of(self, op: Operation) -> Condition:
        """The condition of an operation."""
        known = self.known.get(op)
        if known is not None:
            return known
        stack = [op]
        while stack:
            top = stack[-1]
            if top in self.known:
                stack.pop()
                continue
            missing = [p for p in self.sources.earlier(top) if p not in self.known]
            if missing:
                stack.extend(missing)
            else:
                self.known[top] = self._combined(top)
                stack.pop()
        return self.known[op]

    def of_tensor(self, x: Any) -> Condition:
        """The condition under which a tensor has a value."""
        if not isinstance(x, Tensor) or x in self.sources.fed:
            return ALWAYS
        condition = self.of(x.op)
        if x.op.type in SWITCHES:
            pred = x.op.operands[1]
            if isinstance(pred, Tensor):
                return condition | {(predicate_of(pred), bool(x.value_index))}
        return condition

    def _combined(self, op: Operation) -> Condition:
        instead = self.sources.replaced.get(op)
        if instead is not None:
            return self.of(instead.op)
        if op.type in EXITS:
            return self._of_loop(op)
        if is_loop_merge(op):
            return self.of_tensor(op.operands[0])
        if op.type in MERGES:
            return self._of_merge(op)
        found = ALWAYS
        for x in op.operands:
            if isinstance(x, Tensor):
                found = found | self.of_tensor(x)
        for c in op._control_inputs:
            found = found | self.of(c)
        return found

    def _of_loop(self, exit_op: Operation) -> Condition:
        """An exit runs when its loop does: what the loop's own condition chose is over."""
        x = exit_op.operands[0]
        passed: set[Operation] = set()
        while isinstance(x, Tensor) and x.op.type not in ENTERS:
            if x.op in passed or not x.op.operands:
                raise ValueError(f"The exit {exit_op.name!r} is in no loop that something enters.")
            passed.add(x.op)
            x = x.op.operands[0]
        return self.of_tensor(x)

    def _of_merge(self, op: Operation) -> Condition:
        """What all inputs have in common; `merged_on` notes the predicate that tells them apart."""
        conditions = [self.of_tensor(x) for x in op.operands]
        common = frozenset.intersection(*conditions)
        if len(conditions) == 1 or all(c == common for c in conditions):
            return common
        choice = self._deciding(conditions)
        if choice is None:
            raise ValueError(
                f"The merge {op.name!r} has inputs that no single predicate tells apart."
            )
        pred, branches = choice
        self.merged_on[op] = choice
        without = [c - {(pred, b)} for c, b in zip(conditions, branches, strict=True)]
        return frozenset.union(*without)

    def _deciding(self, conditions: list[Condition]) -> tuple[Tensor, tuple[bool, ...]] | None:
        """The predicate on which two inputs differ, and the branch of each."""
        if len(conditions) != 2:
            return None
        first, second = conditions
        for pred, branch in first:
            if (pred, not branch) in second:
                return pred, (branch, not branch)
        for pred, branch in first - second:
            return pred, (branch, not branch)
        for pred, branch in second - first:
            return pred, (not branch, branch)
        return None


def conditions_of(graph: Graph) -> Conditions:
    """The conditions of a graph's operations, kept until the graph is rewired."""
    kept: tuple[int, Conditions] | None = graph.extra.get("conditions")
    if kept is None or kept[0] != graph.mutations:
        kept = (graph.mutations, Conditions())
        graph.extra["conditions"] = kept
    return kept[1]
