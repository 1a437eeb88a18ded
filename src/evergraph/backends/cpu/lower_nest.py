"""From groups to launches of nests: strides collapsed to few loops, argument blocks filled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .fuse import Group, Unsupported
from .host import Target
from .layout import Address, Buffer, Launch, Shape, Slot, View, contiguous_strides, whole
from .nest import Nest, Node, Port, is_dear, lanes_for
from .nest_code import Slots, emit
from .scalars import FLOATS
from .symbols import Symbol, choose

_OUTER = (1, 3, 6)  # how many outer loops kernels are written for
_ALONE = 16 << 10  # elements that one thread computes sooner than it could ask others
_LINE = 64


@dataclass
class _Access:
    """One operand of a nest: where it begins, how each loop of the space moves it."""

    buffer: Buffer
    offset: int
    dtype: np.dtype[Any]
    strides: Shape
    row_only: bool = False
    extra: tuple[int, int, int] = (0, 0, 0)


def collapse(extents: Sequence[int], strides: Sequence[Shape]) -> tuple[list[int], list[list[int]]]:
    """Neighbouring loops as one where all operands allow it. Loops come outermost first."""
    out: list[int] = []
    moved: list[list[int]] = [[] for _ in strides]
    for k, extent in enumerate(extents):
        if out and all(m[-1] == s[k] * max(extent, 1) for m, s in zip(moved, strides, strict=True)):
            out[-1] *= extent
            for m, s in zip(moved, strides, strict=True):
                m[-1] = s[k]
            continue
        out.append(extent)
        for m, s in zip(moved, strides, strict=True):
            m.append(s[k])
    return out, moved


def _pattern(access: _Access, stride: int, extent: int) -> str:
    if access.row_only:
        return "b"
    if extent == 1 or stride == access.dtype.itemsize:
        return "c"
    return "b" if stride == 0 else "s"


class _Loops:
    """The loops of a nest over a space, and how its accesses move in them."""

    def __init__(self, space: Shape, rows: int | None, accesses: list[_Access]) -> None:
        strides = [a.strides for a in accesses]
        if rows is None:
            extents, moved = collapse(space, strides)
            cut = max(len(extents) - 1, 0)
        else:
            first, moved = collapse(space[:rows], [s[:rows] for s in strides])
            last, inner = collapse(space[rows:], [s[rows:] for s in strides])
            if len(last) > 1:
                raise Unsupported("inner loops that are not one")
            extents, cut = first + last, len(first)
            moved = [m + i for m, i in zip(moved, inner, strict=True)]
        self.inner = extents[cut] if len(extents) > cut else 1
        self.outer = extents[:cut]
        self.count = next((n for n in _OUTER if n >= max(len(self.outer), 1)), 0)
        if not self.count:
            raise Unsupported("more than six loops")
        missing = self.count - len(self.outer)
        self.outer = [1] * missing + self.outer
        self.outer_strides = [[0] * missing + m[:cut] for m in moved]
        self.inner_strides = [m[cut] if len(m) > cut else 0 for m in moved]
        self.rows = math.prod(self.outer)
        self.ports = tuple(
            Port(a.dtype, _pattern(a, s, self.inner))
            for a, s in zip(accesses, self.inner_strides, strict=True)
        )


def nest_launches(
    group: Group, used: Sequence[Buffer], target: Target, threads: int
) -> list[Launch]:
    """The launches of a group that stores these of its values."""
    if not used:
        return []
    builder = _Builder(group, used, target, threads)
    return builder.partial() if builder.is_shared_reduction() else [builder.launch()]


class _Builder:
    """Makes the nest of a group: only the nodes that its stores need."""

    def __init__(self, group: Group, used: Sequence[Buffer], target: Target, threads: int) -> None:
        self.group, self.target, self.threads = group, target, threads
        needed = _needed(group.nodes, [group.made[b] for b in used])
        place = {old: new for new, old in enumerate(needed)}
        self.nodes: list[Node] = []
        self.accesses: list[_Access] = []
        self.params: list[tuple[np.dtype[Any], float]] = []
        for old in needed:
            self.nodes.append(self.renumbered(group.nodes[old], place))
        self.stores: list[tuple[int, int]] = []
        for b in used:
            self.add_store(b, place[group.made[b]], group.node_row[group.made[b]])
        self.kept: list[tuple[int, int]] = []

    def renumbered(self, node: Node, place: dict[int, int]) -> Node:
        """A node of the group as one of the nest."""
        if node.kind == "load":
            view, strides = self.group.loads[int(node.text)]
            row = self.group.rows is not None and not any(strides[self.group.rows :])
            access = _Access(view.buffer, view.offset, view.dtype, strides, row)
            self.accesses.append(access)
            return replace(node, text=str(len(self.accesses) - 1))
        if node.kind == "param":
            self.params.append((node.dtype, self.group.params[int(node.text)]))
            return replace(node, text=str(len(self.params) - 1))
        return replace(node, args=tuple(place[a] for a in node.args))

    def add_store(self, buffer: Buffer, node: int, is_row: bool) -> None:
        """A store of a node to a buffer of its own."""
        dtype = self.nodes[node].dtype
        row = is_row and self.group.rows is not None
        size = dtype.itemsize
        strides = self.group.row_strides(size) if row else self.group.full_strides(size)
        self.accesses.append(_Access(buffer, 0, dtype, strides, row))
        self.stores.append((node, len(self.accesses) - 1))

    def loops(self) -> _Loops:
        """The loops over the group's space."""
        return _Loops(self.group.space, self.group.rows, self.accesses)

    def nest(self, loops: _Loops, *, partial: bool = False) -> Nest:
        """The nest as it stands."""
        lanes = lanes_for(loops.ports, self.target.vector_bytes, loops.inner)
        return Nest(
            tuple(self.nodes), loops.ports, tuple(self.stores), loops.count, lanes,
            tuple(self.kept), partial=partial,
        )  # fmt: skip

    def parts(self, loops: _Loops) -> int:
        """In how many parts it runs."""
        weight = 1 + sum(4 for n in self.nodes if is_dear(n))
        parts: int = choose(loops.rows * loops.inner * weight, "<", _ALONE, 1, self.threads)
        return parts

    def launch(self) -> Launch:
        """One launch of the whole group."""
        loops = self.loops()
        parts = self.parts(loops)
        reduces = any(n.kind == "reduce" for n in self.nodes)
        if reduces and len(set(self.nest(loops).stages())) > 1:
            self.keep(self.nest(loops), loops, parts)
            loops = self.loops()
        share_row = 0
        if reduces:
            rows = choose(loops.rows, "<", 1, 1, loops.rows)
            parts = choose(rows, "<", parts, rows, parts)
        elif not self.kept:
            share_row = _shares_row(parts, loops.rows)
        return self.filled(self.nest(loops), loops, parts, share_row)

    def keep(self, nest: Nest, loops: _Loops, parts: int) -> None:
        """Gives scratch rows to dear values that later stages read."""
        stages, rows = nest.stages(), nest.is_row()
        stored = {n for n, p in self.stores if loops.ports[p].pattern == "c"}
        latest = list(stages)
        for i in reversed(range(len(self.nodes))):
            for a in self.nodes[i].args:
                reach = stages[i] if i in stored else latest[i]
                if not rows[a]:
                    latest[a] = max(latest[a], reach if not rows[i] else stages[i])
            if is_dear(self.nodes[i]) and not rows[i] and latest[i] > stages[i]:
                latest[i] = max(latest[i], stages[i])
                if i not in stored:
                    self.add_scratch(i, loops, parts)
                    stored.add(i)

    def add_scratch(self, node: int, loops: _Loops, parts: int) -> None:
        dtype = self.nodes[node].dtype
        row = -(-loops.inner * dtype.itemsize // _LINE) * _LINE
        inner = contiguous_strides(self.group.space[self.group.rows :], dtype.itemsize)
        strides = (0,) * (self.group.rows or 0) + inner
        buffer = Buffer("arena", row * max(parts, 1))
        self.accesses.append(_Access(buffer, 0, dtype, strides, extra=(row, 0, 0)))
        self.kept.append((node, len(self.accesses) - 1))

    def filled(self, nest: Nest, loops: _Loops, parts: int, shared: int) -> Launch:
        """The launch of a nest with its argument block."""
        written = {p for _, p in (*nest.stores, *nest.kept)}
        return _launch(
            nest, loops, self.accesses, self.params, written, parts, (shared, 0, 0), self.target
        )

    # -- reductions of one long row --------------------------------------------------------

    def is_shared_reduction(self) -> bool:
        """Whether threads must share the row: there are fewer rows than threads."""
        if not any(n.kind == "reduce" for n in self.nodes) or self.threads == 1:
            return False
        loops = self.loops()
        if loops.rows != 1 or loops.inner < 2 * _ALONE:
            return False
        nest = self.nest(loops)
        stages = nest.stages()
        late = [n for n, p in self.stores if loops.ports[p].pattern == "c"]
        reduces = [i for i, n in enumerate(self.nodes) if n.kind == "reduce"]
        return all(stages[i] == 0 for i in (*late, *reduces)) and not any(
            nest.is_after(i, nest.is_row()) for i in late
        )

    def partial(self) -> list[Launch]:
        """Each part reduces its share of the row; then the parts' results are reduced."""
        parts = self.threads
        reduces = [i for i, n in enumerate(self.nodes) if n.kind == "reduce"]
        finals = [(n, p) for n, p in self.stores if self.accesses[p].row_only]
        second = _SecondStep(self, reduces, finals, parts)
        self.stores = [s for s in self.stores if s not in finals]
        for i, buffer in zip(reduces, second.buffers, strict=True):
            dtype = self.nodes[i].dtype
            zeros = (0,) * len(self.group.space)
            access = _Access(buffer, 0, dtype, zeros, True, (dtype.itemsize, 0, 0))
            self.accesses.append(access)
            self.stores.append((i, len(self.accesses) - 1))
        loops = self.loops()
        nest = self.nest(loops, partial=True)
        return [self.filled(nest, loops, parts, 0), second.launch()]


class _SecondStep:
    """The launch that reduces the parts' results, and what follows from them."""

    def __init__(
        self, first: _Builder, reduces: list[int], finals: list[tuple[int, int]], parts: int
    ) -> None:
        self.first, self.parts = first, parts
        self.buffers: list[Buffer] = []
        self.nodes: list[Node] = []
        self.accesses: list[_Access] = []
        place: dict[int, int] = {}
        for old in _needed(first.nodes, [n for n, _ in finals], stop=set(reduces)):
            place[old] = self.add(first.nodes[old], place)
        for i in reduces:
            if i not in place:
                place[i] = self.add(first.nodes[i], place)
        self.buffers = [
            self.accesses[int(self.nodes[self.nodes[place[i]].args[0]].text)].buffer
            for i in reduces
        ]
        self.stores = []
        for n, p in finals:
            place_of = first.accesses[p]
            self.accesses.append(
                _Access(place_of.buffer, place_of.offset, place_of.dtype, (0,), True)
            )
            self.stores.append((place[n], len(self.accesses) - 1))

    def add(self, node: Node, place: dict[int, int]) -> int:
        """A node of the first step in this one."""
        if node.kind == "reduce":
            dtype = node.dtype
            buffer = Buffer("arena", self.parts * dtype.itemsize)
            self.accesses.append(_Access(buffer, 0, dtype, (dtype.itemsize,)))
            self.nodes.append(Node("load", dtype, str(len(self.accesses) - 1)))
            self.nodes.append(Node("reduce", dtype, node.text, (len(self.nodes) - 1,)))
        elif node.kind == "load":
            old = self.first.accesses[int(node.text)]
            self.accesses.append(_Access(old.buffer, old.offset, old.dtype, (0,), True))
            self.nodes.append(Node("load", node.dtype, str(len(self.accesses) - 1)))
        else:
            self.nodes.append(replace(node, args=tuple(place[a] for a in node.args)))
        return len(self.nodes) - 1

    def launch(self) -> Launch:
        """The launch, on one thread."""
        loops = _Loops((self.parts,), 0, self.accesses)
        target = self.first.target
        lanes = lanes_for(loops.ports, target.vector_bytes, loops.inner)
        nest = Nest(tuple(self.nodes), loops.ports, tuple(self.stores), loops.count, lanes)
        written = {p for _, p in nest.stores}
        return _launch(nest, loops, self.accesses, self.first.params, written, 1, (0, 0, 0), target)


def _shares_row(parts: int, rows: int) -> int:
    """Whether parts share the elements of each row: 1 if there are few rows, else 0."""
    few: int = choose(rows, "<", 4 * parts, 1, 0)
    return choose(parts, "<=", 1, 0, few)  # type: ignore[no-any-return]


def _needed(
    nodes: Sequence[Node], wanted: Sequence[int], stop: set[int] | None = None
) -> list[int]:
    """The nodes that others need, in order; not what lies behind those of `stop`."""
    seen: set[int] = set()
    pending = list(wanted)
    while pending:
        i = pending.pop()
        if i not in seen:
            seen.add(i)
            if stop is None or i not in stop:
                pending.extend(nodes[i].args)
    return sorted(seen)


def _param_slot(dtype: np.dtype[Any], number: float) -> Slot:
    if isinstance(number, Symbol):
        return number
    if dtype in FLOATS:
        return float(number)
    return int(number)


def _launch(
    nest: Nest, loops: _Loops, accesses: list[_Access],
    params: Sequence[tuple[np.dtype[Any], float]], written: set[int], parts: int,
    extras: tuple[int, int, int], target: Target,
) -> Launch:  # fmt: skip
    slots: list[Slot] = [*loops.outer, loops.inner, *extras]
    for a, outer, inner in zip(accesses, loops.outer_strides, loops.inner_strides, strict=True):
        slots += [Address(a.buffer, a.offset), *outer, inner, *a.extra]
    slots += [_param_slot(*p) for p in params]
    assert len(slots) == Slots(nest).params + len(params)
    return Launch(
        nest.key,
        lambda: emit(nest, target),
        slots,
        parts,
        tuple(a.buffer for i, a in enumerate(accesses) if i not in written),
        tuple(a.buffer for i, a in enumerate(accesses) if i in written),
        flops=loops.rows * loops.inner * sum(n.kind == "op" for n in nest.nodes),
    )


# -- reductions over outer loops -----------------------------------------------------------------


@dataclass
class Column:
    """A reduction that keeps the innermost loop."""

    kind: str
    view: View
    axes: frozenset[int]
    out: View
    mean: bool


def column_launches(group: Group, target: Target, threads: int) -> list[Launch]:
    """The launches of a column reduction."""
    column: Column = group.column
    loops = _column_loops(column.view, column.axes)
    size = column.out.dtype.itemsize
    blocks = -(-loops.inner // _column_lanes(target, loops.inner, column.view.dtype))
    tasks = math.prod(loops.outer) * blocks
    work = column.view.size
    parts = threads if work >= _ALONE else 1
    splits = 1
    if parts > 1 and tasks < 4 * parts:
        splits = max(1, min(4 * parts, loops.reduced[0] // 16))
    divisor = work / max(1, column.out.size) if column.mean else None
    if splits == 1:
        return [
            _column_launch(
                column.kind, loops, column.view, column.out, (1, 0), divisor, parts, target
            )
        ]
    scratch = whole(
        Buffer("arena", splits * column.out.size * size),
        column.out.dtype,
        (splits, column.out.size),
    )
    first = _column_launch(
        column.kind,
        loops,
        column.view,
        scratch,
        (splits, column.out.size * size),
        None,
        parts,
        target,
    )
    again = _column_loops(scratch, frozenset((0,)))
    return [
        first,
        _column_launch(column.kind, again, scratch, column.out, (1, 0), divisor, 1, target),
    ]


@dataclass
class _ColumnLoops:
    outer: list[int]
    outer_strides: list[int]
    reduced: list[int]
    reduced_strides: list[int]
    inner: int
    inner_stride: int


def column_fits(view: View, axes: frozenset[int]) -> bool:
    """Whether a reduction has the loops of a column nest."""
    try:
        _column_loops(view, axes)
    except Unsupported:
        return False
    return True


def _column_loops(view: View, axes: frozenset[int]) -> _ColumnLoops:
    merged: list[list[int]] = []  # extent, stride, is reduced
    for k, (extent, stride) in enumerate(zip(view.shape, view.strides, strict=True)):
        if extent == 1:
            continue
        flag = int(k in axes)
        if merged and merged[-1][2] == flag and merged[-1][1] == stride * extent:
            merged[-1][0] *= extent
            merged[-1][1] = stride
        else:
            merged.append([extent, stride, flag])
    if not merged or merged[-1][2]:
        raise Unsupported("a reduction over the innermost loop")
    inner = merged.pop()
    reduced = [m for m in merged if m[2]]
    outer = [m for m in merged if not m[2]]
    if len(reduced) > 2 or len(outer) > _OUTER[-1]:
        raise Unsupported("too many loops")
    while len(reduced) < 2:
        reduced.append([1, 0, 1])
    count = next(n for n in _OUTER if n >= max(1, len(outer)))
    outer = [[1, 0, 0]] * (count - len(outer)) + outer
    return _ColumnLoops(
        [m[0] for m in outer], [m[1] for m in outer], [m[0] for m in reduced],
        [m[1] for m in reduced], inner[0], inner[1],
    )  # fmt: skip


def _column_lanes(target: Target, inner: int, dtype: np.dtype[Any]) -> int:
    native = target.vector_bytes // max(4, dtype.itemsize)
    return 4 * native if inner >= 4 * native else 2 * native if inner >= 2 * native else native


def _column_launch(
    kind: str, loops: _ColumnLoops, view: View, out: View, splits: tuple[int, int],
    divisor: float | None, parts: int, target: Target,
) -> Launch:  # fmt: skip
    dtype = out.dtype
    nodes = [Node("load", view.dtype, "0"), Node("reduce", dtype, kind, (0,))]
    if divisor is not None:
        nodes += [Node("param", dtype, "0"), Node("op", dtype, "x / y", (1, 2))]
    source = _Access(view.buffer, view.offset, view.dtype, ())
    pattern = _pattern(source, loops.inner_stride, loops.inner)
    ports = (Port(view.dtype, "s" if pattern == "b" else pattern), Port(dtype, "c"))
    lanes = _column_lanes(target, loops.inner, dtype)
    nest = Nest(tuple(nodes), ports, ((len(nodes) - 1, 1),), len(loops.outer), lanes, column=True)
    extents = [*loops.outer, loops.inner]
    places = contiguous_strides(extents, dtype.itemsize)
    slots: list[Slot] = [*extents, *loops.reduced, splits[0]]
    slots += [Address(view.buffer, view.offset), *loops.outer_strides, loops.inner_stride]
    slots += [*loops.reduced_strides, 0]
    slots += [Address(out.buffer, out.offset), *places, 0, 0, splits[1]]
    if divisor is not None:
        slots.append(divisor / 1)
    return Launch(
        nest.key, lambda: emit(nest, target), slots, parts, (view.buffer,), (out.buffer,),
        flops=view.size,
    )  # fmt: skip


# -- copies --------------------------------------------------------------------------------------


def copy_launch(
    source: View, out: View, target: Target, threads: int, *, adding: bool = False
) -> Launch:
    """Writes the elements of one view to another of the same shape, or adds them to it."""
    load = Node("load", source.dtype, "0")
    if not adding:
        nodes = [load, Node("cast", out.dtype, "", (0,))]
        return views_launch([source], nodes, [(1, out)], target, threads)
    nodes = [load, Node("load", out.dtype, "1"), Node("op", out.dtype, "x + y", (0, 1))]
    return views_launch([source, out], nodes, [(2, out)], target, threads)


def views_launch(
    loads: Sequence[View], nodes: Sequence[Node], stores: Sequence[tuple[int, View]],
    target: Target, threads: int,
) -> Launch:  # fmt: skip
    """One nest over views of one shape: nodes of elements, stored to views.

    The nodes' loads are numbered as `loads`; stores are (node, view).
    """
    views = [*loads, *(v for _, v in stores)]
    keep = [k for k, d in enumerate(views[-1].shape) if d != 1]
    space = tuple(views[-1].shape[k] for k in keep)
    accesses = [
        _Access(v.buffer, v.offset, v.dtype, tuple(v.strides[k] for k in keep)) for v in views
    ]
    loops = _Loops(space, None, accesses)
    lanes = lanes_for(loops.ports, target.vector_bytes, loops.inner)
    places = tuple((n, len(loads) + i) for i, (n, _) in enumerate(stores))
    nest = Nest(tuple(nodes), loops.ports, places, loops.count, lanes)
    parts = choose(loops.rows * loops.inner, "<", _ALONE, 1, threads)
    shared = _shares_row(parts, loops.rows)
    written = {p for _, p in places}
    return _launch(nest, loops, accesses, (), written, parts, (shared, 0, 0), target)
