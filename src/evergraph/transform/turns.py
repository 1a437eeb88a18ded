"""Sections of one mutex take turns: each lock comes after the section that was made before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from ..core.tensor import Operation, Tensor
from ..ops.control import EXITS, MERGES

LOCK, UNLOCK = "MutexLock", "ConsumeMutexLock"


def turns_of(operations: Sequence[Operation]) -> Mapping[Operation, Sequence[Operation]]:
    """For each lock among a run's operations, what it comes after besides its own operands."""
    sections: dict[Any, list[Operation]] = {}
    for op in sorted((op for op in operations if op.type == LOCK), key=lambda op: op._id):
        sections.setdefault(_mutex_of(op), []).append(op)
    found: dict[Operation, Sequence[Operation]] = {}
    needed = set(operations)
    for locks in sections.values():
        for before, after in pairwise(locks):
            if not _reaches(after, before):
                found[after] = [*_ends(before, after, needed)]
    return found


def _mutex_of(lock: Operation) -> Any:
    source = lock.operands[0]
    while isinstance(source, Tensor) and source.op.type in ("Switch", "Enter", "Identity"):
        source = source.op.operands[0]
    if not isinstance(source, Tensor):
        return source
    attrs = source.op.attrs
    name = attrs.get("shared_name") or source.op.name
    return attrs.get("container"), name


def _reaches(start: Operation, end: Operation) -> bool:
    """Whether `end` comes after `start` by what the graph says."""
    seen: set[Operation] = set()
    stack = [end]
    while stack:
        op = stack.pop()
        if op is start:
            return True
        if op not in seen and op._id > start._id:
            seen.add(op)
            stack.extend(x.op for x in op.operands if isinstance(x, Tensor))
            stack.extend(op._control_inputs)
    return False


def _around(op: Operation) -> list[Any]:
    """The contexts around an operation, the outermost first, below None: none at all."""
    context = op.control_flow_context
    inner = [] if context is None else list(context.enclosing())
    return [None, *reversed(inner)]


def _ends(before: Operation, after: Operation, needed: set[Operation]) -> list[Operation]:
    """Where the section of `before` is over, as seen from `after`.

    That of a branch or loop that `after` is not in is over when what is around gets its results.
    """
    there, here = _around(before), _around(after)
    common = sum(a is b for a, b in zip(there, here, strict=False))
    if len(there) == common:
        return [op for x in before.outputs for op in x.consumers() if op in needed]
    branch, outside = there[common], there[common - 1]
    merges = [
        op
        for op in needed
        if op.type in MERGES
        and op.control_flow_context is outside
        and any(isinstance(x, Tensor) and x.op.control_flow_context is branch for x in op.operands)
    ]
    exits = [op for op in needed if op.type in EXITS and op.control_flow_context is branch]
    return merges + exits
