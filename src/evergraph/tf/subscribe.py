"""Side effects on tensors that are in use already: what reads a tensor reads it after them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..core.graph import get_default_graph
from ..core.tensor import Operation, Tensor
from .array_ops import identity
from .framework import control_dependencies, device, name_scope
from .variables import Variable

_IDENTITY = re.compile(r"(?P<source>.*?)/subscription/Identity[^/]+")


def subscribe(tensors: Any, side_effects: Any) -> Any:
    """Puts side effects before every reader of these tensors, in the graph as it stands.

    `tensors` is a tensor, a variable, or a structure of such; each function of `side_effects`
    takes a tensor and gives operations. Returns the structure with the identities that come after
    them; subscribing again adds to what is there. TypeError for anything else in the structure.
    """
    effects = side_effects if hasattr(side_effects, "__iter__") else [side_effects]
    return _mapped(tensors, lambda t: _in_place_of(t, list(effects)))


def _mapped(x: Any, function: Callable[[Tensor], Tensor]) -> Any:
    if type(x) is Tensor:
        return function(x)
    if isinstance(x, Variable):
        return function(x.value())
    if isinstance(x, (list, tuple)):
        items = [_mapped(item, function) for item in x]
        return type(x)(*items) if hasattr(x, "_fields") else type(x)(items)
    if type(x) is dict:
        return {key: _mapped(item, function) for key, item in x.items()}
    raise TypeError(f"Argument {x!r} of subscribe has invalid type {type(x)}")


@contextmanager
def _context_of(tensor: Tensor) -> Iterator[None]:
    """The branch or loop that a tensor was made in."""
    graph = get_default_graph()
    outer = graph.control_flow_context
    graph.control_flow_context = tensor.op.control_flow_context
    try:
        yield
    finally:
        graph.control_flow_context = outer


def _in_place_of(tensor: Tensor, effects: list[Any]) -> Tensor:
    if not tensor.dtype.is_numpy_compatible:
        return tensor
    with device(tensor.device), _context_of(tensor):
        if _is_subscribed_identity(tensor):
            return _extended(tensor, effects)
        for op in tensor.consumers():
            if op.name.startswith(f"{tensor.op.name}/subscription/Identity"):
                return _extended(op.outputs[0], effects)
        return _subscribed(tensor, effects)


def _is_subscribed_identity(tensor: Tensor) -> bool:
    """Whether `subscribe` made it."""
    match = _IDENTITY.match(tensor.name) if tensor.op.type == "Identity" else None
    return match is not None and match["source"] == tensor.op.inputs[0].op.name  # type: ignore[union-attr]


def _extended(tensor: Tensor, effects: list[Any]) -> Tensor:
    source: Any = tensor.op.inputs[0]
    with name_scope(f"{source.op.name}/subscription/"):
        outs = [out for effect in effects for out in effect(source)]
    tensor.op._add_control_inputs([x.op if isinstance(x, Tensor) else x for x in outs])
    return tensor


def _subscribed(tensor: Tensor, effects: list[Any]) -> Tensor:
    readers = [(op, i) for op in tensor.consumers() for i, x in enumerate(op.inputs) if x is tensor]
    waiting = [op for op in tensor.graph.operations if tensor.op in op._control_inputs]
    with name_scope(f"{tensor.op.name}/subscription/"):
        outs = [out for effect in effects for out in effect(tensor)]
        with control_dependencies(outs):
            out: Tensor = identity(tensor)
    for op, index in readers:
        op._update_input(index, out)
    for op in waiting:
        _replace_control_input(op, tensor.op, out.op)
    return out


def _replace_control_input(op: Operation, old: Operation, new: Operation) -> None:
    kept = [c for c in op.control_inputs if c is not old]
    op._remove_all_control_inputs()
    op._add_control_inputs([*kept, new])
