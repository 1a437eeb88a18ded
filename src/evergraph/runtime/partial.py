"""Runs in pieces: `Session.partial_run_setup` and `Session.partial_run`.

A piece computes what its fetches need. What later pieces need of it is kept: to them its tensors
are fed, and its operations are done, so that nothing runs twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..backends.contract import Backend
from ..core.graph import Graph
from ..core.tensor import Operation, Tensor
from ..errors import InvalidArgumentError
from ..transform.lower import lower
from ..transform.needed import needed_operations
from .fetches import FetchPlan
from .program import BoundProgram, Program
from .variables import Store

Element = Tensor | Operation


class PartialRun:
    """A run that was set up: what may be fed and fetched, and what is known by now."""

    def __init__(self, graph: Graph, fetches: Any, feeds: Sequence[Tensor]) -> None:
        self.graph = graph
        self.fetchable = FetchPlan(graph, fetches).elements
        if not self.fetchable:
            raise InvalidArgumentError(
                None, None, "A partial run must specify at least one target to fetch or execute."
            )
        self.feedable = set(feeds)
        roots = [f.op if isinstance(f, Tensor) else f for f in self.fetchable]
        self.operations = needed_operations(roots, self.feedable)
        self.fetched: set[Element] = set()
        self.known: dict[Tensor, Any] = {}
        self.fed: set[Tensor] = set()
        self.done: set[Operation] = set()

    def run(
        self, fetches: Any, feeds: dict[Tensor, Any], store: Store, backend: Backend
    ) -> tuple[Any, Sequence[Operation]]:
        """The values of some fetches, and the operations that ran for them.

        InvalidArgumentError for feeds and fetches that were not announced or have been there.
        """
        plan = FetchPlan(self.graph, fetches)
        self._check(plan.elements, feeds)
        self.known.update(feeds)
        self.fed.update(feeds)
        wanted = [e for e in plan.elements if e not in self.known and not self._is_done(e)]
        ran: Sequence[Operation] = ()
        if wanted:
            ran = self._compute(wanted, store, backend)
        self.fetched.update(plan.elements)
        return plan.rebuild([self.known[t] for t in plan.tensors]), ran

    def _is_done(self, element: Element) -> bool:
        return isinstance(element, Operation) and element in self.done

    def _check(self, fetches: Sequence[Element], feeds: dict[Tensor, Any]) -> None:
        for x in feeds:
            self._check_one("feed", x, x in self.feedable, "fed" if x in self.fed else "")
        for e in fetches:
            there = e in self.fetchable
            self._check_one("fetch", e, there, "fetched" if e in self.fetched else "")

    def _check_one(self, what: str, x: Element, announced: bool, had: str) -> None:
        if not announced:
            raise InvalidArgumentError(
                None, None, f"The {what} {x.name} was not specified in partial_run_setup."
            )
        if had:
            raise InvalidArgumentError(None, None, f"The {what} {x.name} has already been {had}.")

    def _compute(
        self, wanted: list[Element], store: Store, backend: Backend
    ) -> Sequence[Operation]:
        given = list(self.known)
        roots = [e.op if isinstance(e, Tensor) else e for e in wanted]
        now = set(needed_operations(roots, given, done=self.done)) - self.done
        kept = [x for x in self._read_later(now) if x not in wanted]
        lowered = lower(given, [*wanted, *kept], frozenset(self.done))
        bound = BoundProgram(Program(lowered, backend), store)
        values = bound.run([self.known[x] for x in given])
        tensors = [e for e in [*wanted, *kept] if isinstance(e, Tensor)]
        self.known.update(zip(tensors, values, strict=True))
        self.done |= now
        return lowered.operations

    def _read_later(self, now: set[Operation]) -> list[Tensor]:
        """The tensors of this piece that another may read."""
        found: dict[Tensor, None] = {}
        for op in self.operations:
            if op not in now and op not in self.done:
                found.update((x, None) for x in op.operands if isinstance(x, Tensor))
        found.update((e, None) for e in self.fetchable if isinstance(e, Tensor))
        return [
            x for x in found if x.op in now and x not in self.known and x.dtype.is_numpy_compatible
        ]
