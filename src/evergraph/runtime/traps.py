"""Warnings of the classic traps of define-then-run, each once, with the line and the cure."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from ..core.graph import Graph
from ..core.provenance import Site, describe
from ..core.shape import is_known
from ..core.tensor import Operation, Tensor
from ..settings import settings

LOOKS_LIKE_A_LOOP = 10  # runs of one program after which it counts as a training loop
SURELY_A_LOOP = 100  # runs after which to say so at once, not when the session ends
FED_AGAIN = 5
GROWS = "grows"  # the key of that warning


class EvergraphWarning(UserWarning):
    """A likely mistake in a program. Off: EVERGRAPH_WARN=0, or a filter of `warnings`."""


def note_gradients(ys: Sequence[Tensor], xs: Sequence[Tensor], grads: Sequence[Any]) -> None:
    """Remembers which tensors are gradients of what, for the checks below."""
    extra = ys[0].graph.extra if ys else {}
    extra.setdefault("losses", set()).update(ys)
    pairs = extra.setdefault("gradient_of", {})
    for x, g in zip(xs, grads, strict=True):
        if g is not None:
            pairs[g if isinstance(g, Tensor) else g.values] = x


def note_run(graph: Graph, updates: Iterable[Operation], feeds: Iterable[Tensor]) -> None:
    """Remembers that these updates were part of a run, and which took values that were fed."""
    fed = set(feeds)
    for op in updates:
        graph.extra.setdefault("updates_run", set()).add(op)
        if not fed.isdisjoint(op.operands):
            graph.extra.setdefault("updates_fed", set()).add(op)


def check_updates_never_run(
    graph: Graph, fetched: Iterable[Any], variables: Iterable[Operation]
) -> None:
    """Warns when a loss was fetched in a loop whose variables' updates were never run."""
    losses = graph.extra.get("losses", ())
    if not settings.warn or not any(f in losses for f in fetched):
        return
    read = set(variables)
    for op in graph.operations:
        target = op.operands[op.definition.updates[0]] if op.definition.updates else None
        if not isinstance(target, Tensor) or target.op not in read:
            continue
        if _only_initialized(graph, target) and _uses_gradient(op):
            _warn_once(
                graph,
                ("never run", op.site),
                f"The loss is fetched again and again, but {op.name!r} ({op.type}), which changes "
                f"{target.op.name!r}, was never run, so nothing is learnt. Fetch it in the "
                "same run: sess.run([loss, train_op]).",
                op,
            )
            return


def _only_initialized(graph: Graph, target: Tensor) -> bool:
    """Whether the only update of a variable that ever ran is the first one, its initializer.

    A variable that was restored, or loaded with values that were fed, has learnt elsewhere.
    """
    updates = [op for op in target._consumers if op.definition.updates]
    done = graph.extra.get("updates_run", set())
    ran = [op for op in updates if op in done]
    return updates[:1] == ran and ran[0] not in graph.extra.get("updates_fed", ())


def _uses_gradient(op: Operation) -> bool:
    """Whether what an update gives the variable hangs on a gradient: it is a step of training."""
    gradients = op.graph.extra.get("gradient_of", {})
    seen: set[Operation] = {op}
    pending = [op]
    while pending:
        for x in pending.pop().operands:
            if x in gradients:
                return True
            if isinstance(x, Tensor) and x.op not in seen:
                seen.add(x.op)
                pending.append(x.op)
    return False


def check_weights_fed(graph: Graph, fetched: Iterable[Any], feeds: Iterable[Tensor]) -> None:
    """Warns when weights are fed and their gradients fetched, step after step.

    Weights have known shapes; what is fed batch by batch, an image say, rarely has.
    """
    if not settings.warn:
        return
    pairs = graph.extra.get("gradient_of", {})
    fed = set(feeds)
    weights = {pairs[f] for f in fetched if f in pairs}
    names = sorted(x.op.name for x in weights if x in fed and is_known(x.static_shape))
    if names:
        first = graph.get_operation_by_name(names[0])
        _warn_once(
            graph,
            ("weights fed", first.site),
            f"{', '.join(names)}: fed at every step while the gradient by it is fetched, so the "
            "weights are copied in and out of the graph each time. Make them tf.Variable and let "
            "an optimizer (or assign) update them in the graph.",
            first,
        )


# -- graphs that grow ------------------------------------------------------------------------
class Growth:
    """Watches a graph for lines that add operations to it between runs, time and again.

    A program that is still being built, or a notebook, adds by many lines; a loop by the same.
    """

    def __init__(self) -> None:
        self.version = -1
        self.seen = 0
        self.times: dict[Site, int] = {}

    @classmethod
    def of(cls, graph: Graph) -> Growth:
        """The graph's own: its sessions share it."""
        known: Growth = graph.extra.setdefault("growth", cls())
        return known

    def note(self, graph: Graph) -> None:
        """Called before a run if the graph has changed since the last one."""
        first, self.version = self.version < 0, graph.version
        new, self.seen = graph.operations[self.seen :], len(graph.operations)
        if first or not settings.warn:
            return
        lines: dict[Site, Operation] = {}
        for op in new:
            if op.site is not None:
                lines.setdefault(op.site, op)
        for site in lines:
            self.times[site] = self.times.get(site, 0) + 1
        grown = [site for site in lines if self.times[site] == LOOKS_LIKE_A_LOOP]
        if grown:
            self._warn(graph, [op for op in new if op.site == grown[0]])

    def _warn(self, graph: Graph, added: Sequence[Operation]) -> None:
        _warn_once(
            graph,
            GROWS,
            f"The graph grows between runs: this line adds operations to it ({len(added)} each "
            f"time, {added[0].name!r} last) and has done so before {LOOKS_LIKE_A_LOOP} runs, so "
            f"that it has {len(graph.operations)} by now. Each run compiles anew, slower and "
            f"slower. {_instead_of(added)} graph.finalize() before the loop makes such a line an "
            "error.",
            added[0],
        )


def _instead_of(added: Sequence[Operation]) -> str:
    """What to do rather than adding these operations in a loop."""
    if any(op._original_op is not None for op in added):
        return "Make the gradients and the training operation once, before the loop, and run them."
    if any(op.definition.updates for op in added):
        return (
            "Make the assignment once, before the loop, of a tf.placeholder that each run feeds "
            "(or set the variable by variable.load(value, session))."
        )
    return (
        "Make the operations once, before the loop, and run them in it; what changes comes in by "
        "a tf.placeholder and feed_dict."
    )


def _warn_once(graph: Graph, key: Any, message: str, op: Operation) -> None:
    warned = graph.extra.setdefault("warned", set())
    if key in warned:
        return
    warned.add(key)
    warn_at(message, op)


def warn_at(message: str, op: Operation) -> None:
    """Warns, at the line that made an operation."""
    if op.site is None:
        warnings.warn(message, EvergraphWarning, stacklevel=5)
        return
    code, line = op.site
    text = f"{message} (made at {describe(op.site)})"
    warnings.warn_explicit(text, EvergraphWarning, code.co_filename, line)
