"""Fusion: groups of operations that one nest computes, found for concrete shapes.

Each operation joins the group of one of its operands if their loops agree and no cycle of groups
follows, else begins its own. A value is known by its buffer; views only say how it is read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .layout import Buffer, Launch, Shape, View, contiguous_strides
from .nest import Node


class Unsupported(Exception):
    """Something that the engine has no code for: the reference backend takes it."""


def squeezed(shape: Sequence[int]) -> Shape:
    """A shape without the extents of 1."""
    return tuple(d for d in shape if d != 1) if 1 in shape else tuple(shape)


def broadcast_strides(view: View, shape: Shape) -> Shape:
    """The strides of a view broadcast to a shape, without those of extents of 1."""
    if view.shape == shape and 1 not in shape:
        return view.strides
    missing = len(shape) - len(view.shape)
    padded = (0,) * missing + tuple(
        0 if d == 1 else s for d, s in zip(view.shape, view.strides, strict=True)
    )
    return tuple(s for d, s in zip(shape, padded, strict=True) if d != 1)


class Group:
    """Operations that run together: a nest being built, or launches of one heavy operation."""

    def __init__(self, index: int, space: Shape, rows: int | None, position: int) -> None:
        self.index = index
        self.space = space
        self.rows = rows  # how many dims are outer, where something is reduced over the others
        self.position = position  # the last operation's place in the program
        self.before = 0  # bits of the groups that must run before it
        self.nodes: list[Node] = []
        self.node_row: list[bool] = []
        self.known: dict[Node, int] = {}
        self.loads: list[tuple[View, Shape]] = []  # what is loaded, its strides over the space
        self.load_nodes: dict[tuple[Any, ...], list[tuple[int, Shape, int]]] = {}
        self.params: list[float] = []
        self.made: dict[Buffer, int] = {}  # the buffers it computes, and by which node
        self.launches: list[Launch] | None = None
        self.reads: dict[Buffer, None] = {}
        self.writes: dict[Buffer, None] = {}
        self.column: Any = None
        self.merged_into: Group | None = None

    @property
    def bit(self) -> int:
        """Its bit in sets of groups."""
        return 1 << self.index

    def full_strides(self, itemsize: int) -> Shape:
        """How a value of the whole space lies in its buffer."""
        return contiguous_strides(self.space, itemsize)

    def row_strides(self, itemsize: int) -> Shape:
        """How a value of the rows lies in its buffer."""
        assert self.rows is not None
        inner = len(self.space) - self.rows
        return contiguous_strides(self.space[: self.rows], itemsize) + (0,) * inner

    def add(self, node: Node, is_row: bool) -> int:
        """Adds a node; equal ones are computed once."""
        index = self.known.get(node)
        if index is None:
            index = self.known[node] = len(self.nodes)
            self.nodes.append(node)
            self.node_row.append(is_row)
        return index

    def load(self, view: View, strides: Shape) -> int:
        """The node of an element of a view from outside."""
        same = self.load_nodes.setdefault((view.buffer, view.dtype), [])
        for offset, steps, known in same:
            if offset == view.offset and steps == strides:
                return known
        node = Node("load", view.dtype, str(len(self.loads)))
        self.loads.append((view, strides))
        is_row = self.rows is not None and not any(strides[self.rows :])
        self.nodes.append(node)
        self.node_row.append(is_row)
        same.append((view.offset, strides, len(self.nodes) - 1))
        self.reads[view.buffer] = None
        return len(self.nodes) - 1

    def param(self, dtype: np.dtype[Any], number: float) -> int:
        """The node of a number that is known when bound."""
        self.params.append(number)
        self.nodes.append(Node("param", dtype, str(len(self.params) - 1)))
        self.node_row.append(True)
        return len(self.nodes) - 1


class Fuser:
    """The groups of a program, as its operations come in order."""

    def __init__(self) -> None:
        self.groups: list[Group] = []
        self.producer: dict[Buffer, Group] = {}
        self.followed = 0  # the bits of groups that others must run after

    def new_group(self, space: Shape, rows: int | None, position: int) -> Group:
        """A group that nothing is in yet."""
        group = Group(len(self.groups), space, rows, position)
        self.groups.append(group)
        return group

    def live(self) -> Iterator[Group]:
        """The groups that were not merged into others."""
        return (g for g in self.groups if g.merged_into is None)

    def behind(self, views: Sequence[View]) -> int:
        """The bits of all groups that must run before these values are there."""
        bits = 0
        for v in views:
            group = self.producer.get(v.buffer)
            if group is not None:
                bits |= group.bit | group.before
        return bits

    def depend(self, group: Group, bits: int) -> None:
        """Lets a group, and all behind it, run after others."""
        bits &= ~group.bit
        if bits & ~group.before:
            group.before |= bits
            self.followed |= bits
            if self.followed & group.bit:
                for other in self.live():
                    if other.before & group.bit:
                        other.before |= bits

    def elementwise(
        self, expr: str, attrs: tuple[tuple[str, Any], ...], views: Sequence[View],
        shape: Shape, dtype: np.dtype[Any], position: int, kind: str = "op",
    ) -> Buffer:  # fmt: skip
        """The value of an expression of these operands, broadcast to `shape`."""
        space = squeezed(shape)
        group = self._join(space, shape, views)
        if group is None:
            group = self.new_group(space, None, position)
        is_row = group.space != space or (group.rows == len(space) and group.rows is not None)
        args = tuple(self._operand(group, v, shape, is_row) for v in views)
        is_row = is_row and all(group.node_row[a] for a in args)
        index = group.add(Node(kind, dtype, expr, args, attrs), is_row)
        return self._made(group, index, shape, dtype, views, position)

    def _made(
        self, group: Group, index: int, shape: Shape, dtype: np.dtype[Any],
        views: Sequence[View], position: int,
    ) -> Buffer:  # fmt: skip
        size = math.prod(shape) * dtype.itemsize
        buffer = Buffer("arena", size)
        self.depend(group, self.behind(views))
        group.made[buffer] = index
        group.position = max(group.position, position)
        self.producer[buffer] = group
        return buffer

    def _operand(self, group: Group, view: View, shape: Shape, is_row: bool) -> int:
        """The node of an operand in a group that it fits."""
        strides = broadcast_strides(view, shape)
        if len(strides) < len(group.space):
            strides = (*strides, *(0,) * (len(group.space) - len(strides)))
        if self.producer.get(view.buffer) is group:
            return group.made[view.buffer]
        return group.load(view, strides)

    def _join(self, space: Shape, shape: Shape, views: Sequence[View]) -> Group | None:
        """The group that an operation may join, other groups merged into it where they can be."""
        best: Group | None = None
        for v in views:
            group = self.producer.get(v.buffer)
            if group is None or group is best or not self._fits(group, space, shape, views):
                continue
            if best is None:
                best = group
            elif self._may_merge(best, group):
                best = self._merge(best, group)
        return best

    def _fits(self, group: Group, space: Shape, shape: Shape, views: Sequence[View]) -> bool:
        if group.launches is not None or group.column is not None:
            return False
        full = space == group.space
        if not full and (group.rows is None or space != group.space[: group.rows]):
            return False
        for v in views:
            if self.producer.get(v.buffer) is group:
                if not self._usable(group, v, shape, full):
                    return False
            elif self._before(v) & group.bit:
                return False
        return True

    def _before(self, view: View) -> int:
        group = self.producer.get(view.buffer)
        return 0 if group is None else group.before

    def _usable(self, group: Group, view: View, shape: Shape, full: bool) -> bool:
        """Whether a view of a value that the group computes is that value, element for element."""
        if view.offset:
            return False
        strides = broadcast_strides(view, shape)
        row = group.node_row[group.made[view.buffer]] and group.rows is not None
        size = view.dtype.itemsize
        if not full:
            assert group.rows is not None
            return row and strides == group.row_strides(size)[: group.rows]
        return strides == (group.row_strides(size) if row else group.full_strides(size))

    def _may_merge(self, a: Group, b: Group) -> bool:
        if a.space != b.space or (a.rows != b.rows and None not in (a.rows, b.rows)):
            return False
        rows = a.rows if a.rows is not None else b.rows
        if a.rows != b.rows and rows is not None:
            unreduced = a if a.rows is None else b
            if not rows_collapse(unreduced, rows):
                return False
        both = a.bit | b.bit
        if (a.before | b.before) & both:
            return False
        if not self.followed & both:
            return True
        for other in self.live():
            if other is a or other is b or not other.before & both:
                continue
            if (a.before | b.before) & other.bit:
                return False
        return True

    def _merge(self, a: Group, b: Group) -> Group:
        """Moves the nodes of `b` into `a`."""
        if a.rows is None and b.rows is not None:
            set_rows(a, b.rows)
        if b.rows is None and a.rows is not None:
            set_rows(b, a.rows)
        moved: dict[int, int] = {}
        for i, node in enumerate(b.nodes):
            if node.kind == "load":
                moved[i] = a.load(*b.loads[int(node.text)])
            elif node.kind == "param":
                moved[i] = a.param(node.dtype, b.params[int(node.text)])
            else:
                args = tuple(moved[k] for k in node.args)
                new = Node(node.kind, node.dtype, node.text, args, node.attrs)
                moved[i] = a.add(new, b.node_row[i])
        for buffer, index in b.made.items():
            a.made[buffer] = moved[index]
            self.producer[buffer] = a
        # What `b` loads may be made in `a`, and the other way round.
        a.before = (a.before | b.before) & ~(a.bit | b.bit)
        a.position = max(a.position, b.position)
        b.merged_into = a
        if not self.followed & (a.bit | b.bit):
            return a
        self.followed |= a.bit
        for other in self.live():
            if other.before & b.bit:
                other.before = other.before & ~b.bit | a.bit
            if other.before & a.bit:
                other.before |= a.before
        return a

    def reduce(
        self, kind: str, view: View, axes: Sequence[int], dtype: np.dtype[Any],
        shape: Shape, position: int, mean: bool = False,
    ) -> Buffer:  # fmt: skip
        """A reduction over the innermost axes (those of extent 1 apart)."""
        kept = [d for i, d in enumerate(view.shape) if d != 1 and i not in axes]
        space, rows = squeezed(view.shape), len(kept)
        group = self.producer.get(view.buffer)
        if group is None or not self._may_reduce(group, view, rows):
            group = self.new_group(space, rows, position)
            index = group.load(view, broadcast_strides(view, view.shape))
        else:
            index = group.made[view.buffer]
            set_rows(group, rows)
        node = group.add(Node("reduce", dtype, kind, (index,)), True)
        if mean:
            divisor = group.param(dtype, view.size / max(1, math.prod(kept)))
            node = group.add(Node("op", dtype, "x / y", (node, divisor)), True)
        return self._made(group, node, shape, dtype, [view], position)

    def _may_reduce(self, group: Group, view: View, rows: int) -> bool:
        if group.launches is not None or group.column is not None:
            return False
        if group.space != squeezed(view.shape) or group.rows not in (None, rows):
            return False
        if group.rows is None and not rows_collapse(group, rows):
            return False
        is_row = group.node_row[group.made[view.buffer]]
        return not is_row and self._usable(group, view, view.shape, True)

    def heavy(
        self, launches: list[Launch], reads: Sequence[View], writes: Sequence[Buffer], position: int
    ) -> Group:
        """An operation that has launches of its own."""
        group = self.new_group((), None, position)
        group.launches = launches
        for v in reads:
            group.reads[v.buffer] = None
        for buffer in writes:
            group.writes[buffer] = None
            self.producer[buffer] = group
        self.depend(group, self.behind(reads))
        return group


def set_rows(group: Group, rows: int) -> None:
    """Divides a group's loops in outer and inner ones."""
    if group.rows is None:
        group.rows = rows
        for i, node in enumerate(group.nodes):
            if node.kind == "load":
                group.node_row[i] = not any(group.loads[int(node.text)][1][rows:])
            elif node.kind == "param":
                group.node_row[i] = True
            else:
                group.node_row[i] = False


def rows_collapse(group: Group, rows: int) -> bool:
    """Whether the inner dims are one loop for all that the group loads."""
    inner = group.space[rows:]
    for view, strides in group.loads:
        s = strides[rows:]
        for k in range(len(inner) - 1):
            if s[k] != s[k + 1] * max(inner[k + 1], 1):
                return False
        del view
    return True
