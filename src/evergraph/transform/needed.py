"""Which operations a run needs, and in which order they can run."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import replace

from ..core.graph import Graph
from ..core.tensor import Operation, Tensor
from ..errors import InvalidArgumentError
from .conditions import Sources
from .turns import LOCK, turns_of

_REPLACED = "replaced_exits"


def replace_exit(exit_op: Operation, value: Tensor) -> None:
    """From now on, programs that compute `value` take it for what the exit of a loop gives."""
    exit_op.graph.extra.setdefault(_REPLACED, {})[exit_op] = value


def replacement_of(exit_op: Operation) -> Tensor | None:
    """The tensor that gives the same as an exit of a loop, if the loop has gradients."""
    found: Tensor | None = exit_op.graph.extra.get(_REPLACED, {}).get(exit_op)
    return found


def needed_operations(
    roots: Iterable[Operation],
    fed: Iterable[Tensor],
    sources: Sources | None = None,
    done: Iterable[Operation] = (),
) -> list[Operation]:
    """What must run for the roots when `fed` tensors are given, each after what it needs.

    Among those that are ready, the one made first comes first. Nothing waits for what is `done`.
    """
    sources = sources or Sources(frozenset(fed), done=frozenset(done))
    needed = _reachable(roots, sources)
    order = sorted(needed, key=lambda op: op._id)
    position = {op: i for i, op in enumerate(order)}
    if all(position[p] < i for i, op in enumerate(order) for p in sources.earlier(op)):
        return order
    return _sorted_by_dependencies(needed, sources)


def needed_with_sources(
    graph: Graph,
    roots: Iterable[Operation],
    fed: Iterable[Tensor],
    done: frozenset[Operation] = frozenset(),
) -> tuple[list[Operation], Sources]:
    """What must run, with loops that have gradients as the one operation that serves both."""
    roots, given = list(roots), frozenset(fed)
    plain = Sources(given, done=done)
    replaced: dict[Operation, Tensor] = graph.extra.get(_REPLACED, {})
    if replaced:
        reached = _reachable(roots, plain)
        active = {e: t for e, t in replaced.items() if t.op in reached}
        if active:
            plain = Sources(given, active, done)
    operations = needed_operations(roots, given, plain)
    turns = turns_of(operations) if any(op.type == LOCK for op in operations) else {}
    if turns:
        plain = replace(plain, turns=turns)
        operations = needed_operations(roots, given, plain)
    return operations, plain


def members_of_frames(exits: Iterable[Operation]) -> set[Operation]:
    """The operations of the loops that end in these exits, those of loops inside them too."""
    found: set[Operation] = set()
    for exit_op in exits:
        switch = _made_by(exit_op)
        frame = _made_by(_made_by(switch)).attrs["frame_name"]
        stack = [switch]
        while stack:
            op = stack.pop()
            if op in found:
                continue
            found.add(op)
            if op.attrs.get("frame_name") != frame:
                stack.extend(x.op for x in op.operands if isinstance(x, Tensor))
                stack.extend(op._control_inputs)
    return found


def _made_by(op: Operation) -> Operation:
    """What makes the first operand of an operation."""
    x = op.operands[0]
    assert isinstance(x, Tensor)
    return x.op


def _reachable(roots: Iterable[Operation], sources: Sources) -> set[Operation]:
    seen: set[Operation] = set()
    stack = list(roots)
    while stack:
        op = stack.pop()
        if op not in seen:
            seen.add(op)
            stack.extend(p for p in sources.parents(op) if p not in seen)
    return seen


def _sorted_by_dependencies(ops: set[Operation], sources: Sources) -> list[Operation]:
    """Kahn's algorithm, for graphs whose inputs were changed after they were made."""
    parents = {op: set(sources.earlier(op)) for op in ops}
    waiting = {op: len(found) for op, found in parents.items()}
    children: dict[Operation, list[Operation]] = {}
    for op, found in parents.items():
        for p in found:
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
        raise InvalidArgumentError(
            f"Graph is invalid, contains a cycle with {len(ops) - len(out)} nodes: "
            "there is no order to run it in."
        )
    return out
