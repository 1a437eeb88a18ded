"""TensorFlow's `op_selector`: lists of operations and tensors, and what operations depend on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..core.graph import Graph
from ..core.tensor import Operation, Tensor
from ..transform.gradients import rule_of


def is_differentiable(op: Operation) -> bool:
    """Whether a gradient is registered for the operation's type."""
    try:
        return rule_of(op) is not None
    except LookupError:
        return False


def is_iterable(obj: Any) -> bool:
    """Whether `obj` can be walked through; a tensor cannot."""
    if isinstance(obj, Tensor):
        return False
    try:
        iter(obj)
    except TypeError:
        return False
    return True


def get_tensors(graph: Any) -> list[Tensor]:
    """All tensors of a graph, in the order in which they were made."""
    if not isinstance(graph, Graph):
        raise TypeError(f"Expected a graph, got: {type(graph)}")
    return [x for op in graph.operations for x in op.outputs]


def get_unique_graph(tops: Any, check_types: Any = None, none_if_empty: bool = False) -> Any:
    """The graph of all these operations or tensors.

    TypeError for what is neither (or not of `check_types`), ValueError where they are of several
    graphs, or where there are none unless `none_if_empty`.
    """
    if isinstance(tops, Graph):
        return tops
    if not is_iterable(tops):
        raise TypeError(f"{type(tops)} is not iterable")
    kinds = _kinds(check_types)
    graph = None
    for item in tops:
        if not isinstance(item, kinds):
            wanted = ", ".join(str(kind) for kind in kinds)
            raise TypeError(f"Expected a type in ({wanted}), got: {type(item)}")
        if graph is not None and item.graph is not graph:
            raise ValueError(f"Operation {item} does not belong to given graph")
        graph = item.graph
    if graph is None and not none_if_empty:
        raise ValueError("Can't find the unique graph of an empty list")
    return graph


def _kinds(check_types: Any) -> tuple[Any, ...]:
    if check_types is None:
        return (Operation, Tensor)
    return tuple(check_types) if is_iterable(check_types) else (check_types,)


def check_graphs(*args: Any) -> None:
    """Raises ValueError unless all arguments that have a graph have the same."""
    graph = None
    for index, arg in enumerate(args):
        if arg.graph is None:
            continue
        if graph is not None and arg.graph is not graph:
            raise ValueError(f"Argument[{index}]: Wrong graph!")
        graph = arg.graph


def _listed(
    given: Any, kind: Any, whole: Callable[[Graph], Any], check: bool, allow: bool, others: bool
) -> list[Any]:
    """The elements of `kind` among what was given: a graph, one of them, or several."""
    if isinstance(given, Graph):
        if not allow:
            raise TypeError("allow_graph is False: cannot convert a tf.Graph.")
        return list(whole(given))
    items = list(given) if is_iterable(given) else [given]
    if items and check:
        get_unique_graph(items, check_types=None if others else kind)
    return [x for x in items if isinstance(x, kind)]


def make_list_of_t(
    ts: Any, check_graph: bool = True, allow_graph: bool = True, ignore_ops: bool = False
) -> list[Tensor]:
    """The tensors of `ts`: a graph, a tensor or several; with `ignore_ops` without operations."""
    return _listed(ts, Tensor, get_tensors, check_graph, allow_graph, ignore_ops)


def make_list_of_op(
    tops: Any, check_graph: bool = True, allow_graph: bool = True, ignore_ts: bool = False
) -> list[Operation]:
    """The operations of `tops`: a graph, one or several; with `ignore_ts` without tensors."""
    return _listed(tops, Operation, lambda g: g.operations, check_graph, allow_graph, ignore_ts)


def get_generating_ops(ts: Any) -> list[Operation]:
    """The operation that makes each tensor."""
    return [t.op for t in make_list_of_t(ts, allow_graph=False)]


def get_consuming_ops(ts: Any) -> list[Operation]:
    """The operations that take one of these tensors, each once."""
    tensors = make_list_of_t(ts, allow_graph=False)
    return list(dict.fromkeys(op for t in tensors for op in t.consumers()))


def get_backward_walk_ops(
    seed_ops: Any,
    inclusive: bool = True,
    within_ops: Any = None,
    within_ops_fn: Callable[[Operation], bool] | None = None,
    stop_at_ts: Any = (),
    control_inputs: bool = False,
    only_differentiable: bool = False,
) -> list[Operation]:
    """What operations (or the makers of tensors) depend on, nearest first, and they themselves.

    The walk stays within `within_ops` and where `within_ops_fn` is true, and does not go through
    `stop_at_ts` nor, with `only_differentiable`, through operations without a gradient.
    """
    seeds = _seeds(seed_ops)
    allowed = set(make_list_of_op(within_ops, allow_graph=False)) if within_ops else None
    if allowed is not None:
        seeds = [op for op in seeds if op in allowed]
    barred = {id(t) for t in make_list_of_t(stop_at_ts)}

    def is_within(op: Operation) -> bool:
        return (allowed is None or op in allowed) and (within_ops_fn is None or within_ops_fn(op))

    def before(op: Operation) -> Iterable[Operation]:
        if not only_differentiable or is_differentiable(op):
            inputs: Any = op.inputs
            yield from (x.op for x in inputs if id(x) not in barred)
        if control_inputs and not only_differentiable:
            yield from op.control_inputs

    found = dict.fromkeys(seeds)
    wave = list(found)
    while wave:
        near = dict.fromkeys(b for op in wave for b in before(op))
        wave = [op for op in near if op not in found and is_within(op)]
        found.update(dict.fromkeys(wave))
    return [op for op in found if inclusive or op not in set(seeds)]


def _seeds(seed_ops: Any) -> list[Operation]:
    items = list(seed_ops) if is_iterable(seed_ops) else [seed_ops]
    if items and isinstance(items[0], Tensor):
        return list(dict.fromkeys(get_generating_ops(items)))
    return list(dict.fromkeys(make_list_of_op(items, allow_graph=False)))
