"""Orders and groups of operations: `tf.group`, `tf.tuple`, `tf.no_op`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..core.convert import convert_to_tensor
from ..core.emit import apply
from ..core.graph import get_default_graph
from ..core.tensor import Operation, Tensor
from ..ops.indexed_slices import IndexedSlices
from . import nest
from .framework import name_scope

__all__ = ["group", "no_op", "tuple"]


def no_op(name: str | None = None) -> Operation:
    """An operation that does nothing: a point to hang control dependencies on."""
    return apply("NoOp", name=name)  # type: ignore[no-any-return]


def group(*inputs: Any, **kwargs: Any) -> Operation:
    """An operation that is done when all `inputs` are; it has no output.

    `inputs` are tensors, operations and variables, or nests of them; the only keyword is `name`.
    Raises TypeError for other inputs, ValueError for other keywords.
    """
    name = kwargs.pop("name", None)
    if kwargs:
        raise ValueError("Unknown keyword arguments: " + ", ".join(kwargs))
    with name_scope(name, "group_deps", inputs) as scope:
        if not inputs:
            return no_op(name=scope)
        by_device = _by_device(nest.flatten(inputs, expand_composites=True))
        if len(by_device) == 1:
            ((device, members),) = by_device.items()
            return _group_on_device(device, members, scope)
        deps = [_group_on_device(device, by_device[device]) for device in sorted(by_device)]
        with get_default_graph().control_dependencies(deps):
            return no_op(name=scope)


def _by_device(inputs: Iterable[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for x in inputs:
        if not hasattr(x, "device"):
            raise TypeError(
                f"tf.group() takes tensors, operations and variables, not {x!r} of type "
                f"{type(x).__name__!r}."
            )
        found.setdefault(x.device or "", []).append(x)
    return found


def _group_on_device(device: str, members: Sequence[Any], name: str | None = None) -> Operation:
    graph = get_default_graph()
    with graph.control_dependencies(members), graph.device(device):
        return no_op(name=name)


def with_dependencies(dependencies: Sequence[Any], output_tensor: Any, name: Any = None) -> Any:
    """`output_tensor`, available once `dependencies` (operations or tensors) are done."""
    graph = get_default_graph()
    with (
        name_scope(name, "control_dependency", [*dependencies, output_tensor]) as scope,
        graph.colocate_with(output_tensor),
        graph.control_dependencies(dependencies),
    ):
        if isinstance(output_tensor, IndexedSlices):
            values = _identity(output_tensor.values, scope)
            return IndexedSlices(values, output_tensor.indices, output_tensor.dense_shape)
        return _identity(output_tensor, scope)


def _identity(x: Any, name: str | None) -> Tensor:
    tensor = convert_to_tensor(x, as_ref=True)
    op_type = "RefIdentity" if tensor.dtype._is_ref_dtype else "Identity"
    return apply(op_type, tensor, name=name)  # type: ignore[no-any-return]


def tuple(
    tensors: Sequence[Any], name: str | None = None, control_inputs: Sequence[Any] | None = None
) -> list[Any]:
    """The tensors, each available once all of them and the `control_inputs` are computed.

    Operations and `None` may stand among them. Raises ValueError if there is no tensor and no
    operation, TypeError for a control input that is neither.
    """
    with name_scope(name, "tuple", tensors):
        items = [t if t is None or _is_element(t) else convert_to_tensor(t) for t in tensors]
        gating = {_operation(t) for t in items if t is not None}
        gating.update(_control_operation(c) for c in control_inputs or ())
        if not gating:
            raise ValueError(f"Must have at least one Tensor: {tensors}")
        gate = group(*sorted(gating, key=lambda op: op._id))
        return [_gated(gate, t) for t in items]


def _is_element(x: Any) -> bool:
    return isinstance(x, (Tensor, Operation, IndexedSlices))


def _operation(x: Any) -> Operation:
    return x if isinstance(x, Operation) else x.op


def _control_operation(x: Any) -> Operation:
    if isinstance(x, (Tensor, Operation)):
        return _operation(x)
    raise TypeError(f"Control input must be Operation or Tensor: {x}")


def _gated(gate: Operation, x: Any) -> Any:
    if x is None:
        return None
    if isinstance(x, Operation):
        with get_default_graph().control_dependencies([gate]):
            return group(x)
    return with_dependencies([gate], x)
