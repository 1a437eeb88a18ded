"""Warnings of the classic traps of define-then-run, each once, with the line and the cure."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from ..core.graph import Graph
from ..core.provenance import describe
from ..core.tensor import Operation, Tensor
from ..settings import settings

LOOKS_LIKE_A_LOOP = 10  # runs of one program after which it counts as a training loop
FED_AGAIN = 5


class EvergraphWarning(UserWarning):
    """A likely mistake in a program. Off: EVERGRAPH_WARN=0, or a filter of `warnings`."""


def note_gradients(ys: Sequence[Tensor], xs: Sequence[Tensor], grads: Sequence[Any]) -> None:
    """Remembers which tensors are gradients of what, for the checks below."""
    extra = ys[0].graph.extra if ys else {}
    extra.setdefault("losses", set()).update(ys)
    pairs = extra.setdefault("gradient_of", {})
    for x, g in zip(xs, grads, strict=True):
        if isinstance(g, Tensor):
            pairs[g] = x


def note_run(graph: Graph, updates: Iterable[Operation]) -> None:
    """Remembers that these updates were part of a run."""
    graph.extra.setdefault("updates_run", set()).update(updates)


def check_updates_never_run(
    graph: Graph, fetched: Iterable[Any], variables: Iterable[Operation]
) -> None:
    """Warns when a loss is fetched in a loop whose variables' updates are never run."""
    losses = graph.extra.get("losses", ())
    if not settings.warn or not any(f in losses for f in fetched):
        return
    done = graph.extra.get("updates_run", set())
    for op in _updates_of(graph, set(variables)):
        targets = [x for i in op.definition.updates if isinstance(x := op.operands[i], Tensor)]
        if op not in done and all(_only_initialized(graph, t, done) for t in targets[:1]):
            _warn_once(
                graph,
                ("never run", op.site),
                f"The loss is fetched again and again, but {op.name!r} ({op.type}), which changes "
                f"{targets[0].op.name!r}, was never run, so nothing is learnt. Fetch it in the "
                "same run: sess.run([loss, train_op]).",
                op,
            )
            return


def _updates_of(graph: Graph, variables: set[Operation]) -> list[Operation]:
    found = []
    for op in graph.operations:
        if op.definition.updates:
            target = op.operands[op.definition.updates[0]]
            if isinstance(target, Tensor) and target.op in variables:
                found.append(op)
    return found


def _only_initialized(graph: Graph, target: Tensor, done: set[Operation]) -> bool:
    """Whether the only update of a variable that ever ran is the first one: its initializer."""
    updates = [op for op in target._consumers if op.definition.updates]
    return updates[:1] == [op for op in updates if op in done]


def check_weights_fed(graph: Graph, fetched: Iterable[Any], feeds: Iterable[Tensor]) -> None:
    """Warns when weights are fed and their gradients fetched, step after step."""
    if not settings.warn:
        return
    pairs = graph.extra.get("gradient_of", {})
    fed = set(feeds)
    names = sorted({pairs[f].op.name for f in fetched if f in pairs and pairs[f] in fed})
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


def _warn_once(graph: Graph, key: Any, message: str, op: Operation) -> None:
    warned = graph.extra.setdefault("warned", set())
    if key in warned:
        return
    warned.add(key)
    if op.site is None:
        warnings.warn(message, EvergraphWarning, stacklevel=4)
        return
    code, line = op.site
    text = f"{message} (made at {describe(op.site)})"
    warnings.warn_explicit(text, EvergraphWarning, code.co_filename, line)
