"""Fused loops: the description of a nest, apart from shapes, and of its nodes.

A nest runs over rows: up to a few outer loops, whose steps threads share, and one inner loop in
vectors. In it, *full* nodes have a value an element, *row* nodes one a row. A *stage* is one pass
over the row; what it reduces is a row node for later stages, so that softmax is three passes over a
row that stays in the cache. A *column* nest sums over outer loops and keeps the inner one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from .scalars import FLOAT64, FLOATS


@cache
def name_of(dtype: np.dtype[Any]) -> str:
    """A dtype's name, which NumPy puts together anew each time."""
    return dtype.name


@dataclass(frozen=True, slots=True)
class Node:
    """One value: how it is computed, from which nodes.

    | kind | text | meaning |
    |---|---|---|
    | load | operand's number | an element of an operand |
    | param | parameter's number | a number that is known when bound |
    | op | expression | a scalar expression of the arguments |
    | cast | | another dtype |
    | reduce | sum, prod, max, min, any, all | over the row |
    """

    kind: str
    dtype: np.dtype[Any]
    text: str = ""
    args: tuple[int, ...] = ()
    attrs: tuple[tuple[str, Any], ...] = ()

    @property
    def key(self) -> str:
        """What distinguishes it in a kernel's key."""
        return f"{self.kind}:{name_of(self.dtype)}:{self.text}:{self.args}:{self.attrs}"


@dataclass(frozen=True, slots=True)
class Port:
    """An operand of a nest: its dtype and how the inner loop walks it.

    The pattern is `c` (one element after another), `b` (the same for a whole row) or `s` (by a
    stride given at run time).
    """

    dtype: np.dtype[Any]
    pattern: str


@dataclass(frozen=True)
class Nest:
    """What one kernel computes: nodes, operands to load, stores as (node, port) pairs.

    `kept` are nodes of a stage that later ones read back from a row of scratch memory, by the port
    that they are kept in.
    """

    nodes: tuple[Node, ...]
    ports: tuple[Port, ...]
    stores: tuple[tuple[int, int], ...]
    outer: int = 1
    lanes: int = 16
    kept: tuple[tuple[int, int], ...] = ()
    column: bool = False
    partial: bool = False
    """Whether parts share the inner loop; a reduction's results are then one a part."""

    @property
    def key(self) -> str:
        """A name that equal code, and no other, has."""
        nodes = ";".join(n.key for n in self.nodes)
        ports = ",".join(p.pattern + name_of(p.dtype) for p in self.ports)
        shape = f"{self.outer}/{self.lanes}/{int(self.column)}{int(self.partial)}"
        return f"nest|{nodes}|{ports}|{self.stores}|{self.kept}|{shape}"

    def is_row(self) -> list[bool]:
        """For each node, whether it has one value a row."""
        out: list[bool] = []
        for node in self.nodes:
            if node.kind == "load":
                out.append(self.ports[int(node.text)].pattern == "b" and not self.column)
            elif node.kind in ("param", "reduce"):
                out.append(True)
            else:
                out.append(all(out[a] for a in node.args))
        return out

    def stages(self) -> list[int]:
        """For each node, the pass over the row in which it can first be computed."""
        rows = self.is_row()
        out: list[int] = []
        for i, node in enumerate(self.nodes):
            stage = 0
            for a in node.args:
                after = self.is_after(a, rows) and not rows[i]
                stage = max(stage, out[a] + int(after))
            out.append(stage)
        return out

    def is_after(self, index: int, rows: list[bool]) -> bool:
        """Whether a full node that reads this one must wait for the end of its stage."""
        return rows[index] and self.depends_on_reduction(index)

    def depends_on_reduction(self, index: int) -> bool:
        """Whether a node is, or follows from, a reduction."""
        node = self.nodes[index]
        if node.kind == "reduce":
            return True
        return any(self.depends_on_reduction(a) for a in node.args)


# Rough costs of a node, in additions: what is dearer is kept rather than computed twice.
_DEAR = ("exp", "log", "tanh", "erf", "sin", "cos", "pow", "sqrt", "/", "gamma")


def is_dear(node: Node) -> bool:
    """Whether a node costs much more than reading its value back."""
    return node.kind == "op" and any(word in node.text for word in _DEAR)


def lanes_for(ports: tuple[Port, ...], vector_bytes: int, extent: int) -> int:
    """Elements a step of the inner loop: two registers of the commonest size."""
    sizes = [p.dtype.itemsize for p in ports if p.dtype in FLOATS] or [4]
    size = 8 if all(s == FLOAT64.itemsize for s in sizes) else 4
    native = vector_bytes // size
    return native if extent <= native else 2 * native
