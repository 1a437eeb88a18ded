"""The structure of a program with control flow: what runs always, in a branch, in a loop.

TensorFlow 1's frames and switches say it only operation by operation. `plan` finds the loops by
their frames and the branches by the conditions of the operations, and gives a list of nodes:
operations, `Branches` and `Loop`s with lists of their own, in an order in which they can run.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..core.tensor import Operation, Tensor
from ..ops.control import ENTERS, EXITS, LOOPS, MERGES, NEXT_ITERATIONS, SWITCHES
from .conditions import ALWAYS, Condition, Conditions, Sources, is_loop_merge

_CONTROL = frozenset((*SWITCHES, *MERGES, *ENTERS, *EXITS, *NEXT_ITERATIONS, *LOOPS, "LoopCond"))
Path = tuple[str, ...]


@dataclass(eq=False)
class Branches:
    """Operations that run if `pred` is true, and such that run if it is false."""

    pred: Tensor
    on: list[Node] = field(default_factory=list)
    off: list[Node] = field(default_factory=list)


@dataclass(eq=False)
class Loop:
    """A frame: its variables come round by `merges`; `condition` and `body` are its operations."""

    name: str
    merges: list[Operation] = field(default_factory=list)
    constants: list[Operation] = field(default_factory=list)
    exits: list[Operation] = field(default_factory=list)
    loop_cond: Operation | None = None
    condition: list[Node] = field(default_factory=list)
    body: list[Node] = field(default_factory=list)
    members: list[Operation] = field(default_factory=list)

    @property
    def enters(self) -> list[Operation]:
        """The operations that take values into the frame."""
        return [op for op in self.members if op.type in ENTERS]


Node = Operation | Branches | Loop


def has_control_flow(ops: Sequence[Operation]) -> bool:
    """Whether any of the operations chooses or repeats."""
    return any(op.type in _CONTROL for op in ops)


def frames_of(ops: Sequence[Operation], sources: Sources) -> dict[Operation, Path]:
    """The frames that each of the operations, given in order, is in."""
    frames: dict[Operation, Path] = {}
    for op in ops:
        path: Path = ()
        for parent in sources.earlier(op):
            known = frames.get(parent, ())
            if len(known) > len(path):
                path = known
        if op.type in ENTERS:
            path = (*path, op.attrs["frame_name"])
        elif op.type in EXITS and op not in sources.replaced:
            path = path[:-1]
        frames[op] = path
    return frames


class _Planner:
    def __init__(self, ops: Sequence[Operation], sources: Sources) -> None:
        self.ops, self.sources = list(ops), sources
        self.conditions = Conditions(sources)
        self.frames = frames_of(ops, sources)

    def level(self, ops: Sequence[Operation], path: Path, context: Condition) -> list[Node]:
        """The nodes of the operations in one frame, inner frames collapsed to a loop each."""
        owner: dict[Operation, Node] = {}
        loops: dict[str, Loop] = {}
        nodes: dict[Node, None] = {}
        depth = len(path)
        for op in ops:
            frame = self.frames[op]
            if len(frame) > depth:
                node: Node = loops.setdefault(frame[depth], Loop(frame[depth]))
            elif op.type in EXITS and self.leaves(op, path):
                node = loops.setdefault(
                    self.inner_name(op, depth), Loop(self.inner_name(op, depth))
                )
            else:
                node = op
            if isinstance(node, Loop):
                node.members.append(op)
            owner[op] = node
            nodes[node] = None
        for loop in loops.values():
            self.fill(loop, path)
        return _Scheduler(self, list(nodes), owner).run(context)

    def leaves(self, op: Operation, path: Path) -> bool:
        """Whether an exit leads out of a frame inside `path`."""
        source = op.operands[0]
        if op in self.sources.replaced or not isinstance(source, Tensor):
            return False
        return len(self.frames.get(source.op, ())) > len(path)

    def inner_name(self, op: Operation, depth: int) -> str:
        source = op.operands[0]
        assert isinstance(source, Tensor)
        return self.frames[source.op][depth]

    def fill(self, loop: Loop, path: Path) -> None:
        """Sorts a loop's operations into its parts."""
        inner = (*path, loop.name)
        own = [op for op in loop.members if self.frames[op] == inner]
        loop.exits = [op for op in loop.members if op.type in EXITS and self.frames[op] == path]
        loop.merges = [op for op in own if is_loop_merge(op)]
        fed_by = {m.operands[0].op for m in loop.merges if isinstance(m.operands[0], Tensor)}
        loop.constants = [op for op in own if op.type in ENTERS and op not in fed_by]
        conds = [op for op in own if op.type == "LoopCond"]
        if len(conds) != 1 or not loop.merges:
            raise ValueError(
                f"The loop {loop.name!r} is not whole: it needs one LoopCond and variables that "
                "come round by NextIteration."
            )
        loop.loop_cond = conds[0]
        rest = [op for op in loop.members if op not in loop.exits]
        head = self.needed_for([loop.loop_cond], set(rest) - set(loop.merges))
        enter = loop.merges[0].operands[0]
        context = self.conditions.of_tensor(enter)
        loop.condition = self.level([op for op in rest if op in head], inner, context)
        going_on = loop.loop_cond.outputs[0]
        inside = context | {(going_on, True)}
        given = {*fed_by, *loop.constants, *loop.merges, loop.loop_cond}
        tail = self.needed_for([op for op in rest if op not in head], set(rest) - given)
        loop.body = self.level([op for op in rest if op in tail], inner, inside)

    def needed_for(self, ops: list[Operation], inside: set[Operation]) -> set[Operation]:
        """The operations with all those `inside` that they hang on."""
        seen: set[Operation] = set()
        stack = list(ops)
        while stack:
            top = stack.pop()
            if top in inside and top not in seen:
                seen.add(top)
                stack.extend(self.sources.parents(top))
        return seen

    def condition(self, node: Node) -> Condition:
        """The condition of a node; a loop runs when all that enters it is there."""
        if isinstance(node, Operation):
            return self.conditions.of(node)
        assert isinstance(node, Loop)
        own = set(node.members)
        found = ALWAYS
        for op in node.enters:
            x = op.operands[0] if op.operands else None
            if isinstance(x, Tensor) and x.op not in own:
                found = found | self.conditions.of(op)
        return found


class _Scheduler:
    """Puts nodes in an order, branch by branch: a branch takes all that is ready for it."""

    def __init__(self, planner: _Planner, nodes: list[Node], owner: dict[Operation, Node]) -> None:
        self.planner = planner
        self.position = {node: i for i, node in enumerate(nodes)}
        self.nodes = nodes
        self.children: dict[Node, list[Node]] = {}
        self.waiting: dict[Node, int] = {}
        self.ready: dict[Condition, list[int]] = {}
        for node in nodes:
            parents = self.parents(node, owner)
            self.waiting[node] = len(parents)
            for p in parents:
                self.children.setdefault(p, []).append(node)
        self.left = len(nodes)
        self.base = ALWAYS

    def parents(self, node: Node, owner: dict[Operation, Node]) -> set[Node]:
        members = [node] if isinstance(node, Operation) else node.members  # type: ignore[union-attr]
        found = {owner[p] for op in members for p in self.planner.sources.earlier(op) if p in owner}
        found.discard(node)
        return found

    def run(self, context: Condition) -> list[Node]:
        self.base = context
        for node, count in list(self.waiting.items()):
            if count == 0:
                self.make_ready(node)
        out = self.schedule(context)
        if self.left:
            raise ValueError("The graph has a cycle, so there is no order to run it in.")
        return out

    def make_ready(self, node: Node) -> None:
        condition = self.planner.condition(node) | self.base
        heapq.heappush(self.ready.setdefault(condition, []), self.position[node])

    def done(self, node: Node) -> None:
        self.left -= 1
        for child in self.children.get(node, ()):
            self.waiting[child] -= 1
            if self.waiting[child] == 0:
                self.make_ready(child)

    def schedule(self, context: Condition) -> list[Node]:
        """The nodes under a condition that can run now, those of branches in `Branches`."""
        out: list[Node] = []
        while True:
            taken = self.take(context)
            if taken is not None:
                out.append(taken)
                self.done(taken)
                continue
            pred = self.next_predicate(context)
            if pred is None:
                return out
            node = Branches(pred)
            if (pred, True) not in context:
                node.on = self.schedule(context | {(pred, True)})
            if (pred, False) not in context:
                node.off = self.schedule(context | {(pred, False)})
            out.append(node)

    def take(self, context: Condition) -> Node | None:
        """The first ready node of just this condition."""
        heap = self.ready.get(context)
        if not heap:
            return None
        node = self.nodes[heapq.heappop(heap)]
        if not heap:
            del self.ready[context]
        return node

    def next_predicate(self, context: Condition) -> Tensor | None:
        """The outermost predicate that the first ready node inside this condition waits for."""
        candidates = [
            (heap[0], condition) for condition, heap in self.ready.items() if context < condition
        ]
        if not candidates:
            return None
        _, condition = min(candidates, key=lambda c: c[0])
        rest = sorted(condition - context, key=lambda c: c[0].op._id)
        for pred, _ in rest:
            if self.planner.conditions.of_tensor(pred) <= context:
                return pred
        return rest[0][0]


def plan(ops: Sequence[Operation], sources: Sources) -> tuple[list[Node], Conditions]:
    """The structure of the operations, which are in order, and their conditions.

    Raises ValueError for frames that are not whole and for graphs without an order.
    """
    planner = _Planner(ops, sources)
    return planner.level(planner.ops, (), ALWAYS), planner.conditions
