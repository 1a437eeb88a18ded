"""The single steps of loops as functions: values that enter a frame, leave it, or pass through."""

from __future__ import annotations

from typing import Any

from ..core.convert import convert_to_tensor
from ..core.emit import apply
from ..core.tensor import Tensor
from . import nest
from .control_flow_context import switch_on


def _of_parts(op_type: str, data: Any, name: str | None, **attrs: Any) -> Any:
    """The op on a tensor, a variable's buffer, or each part of a composite tensor."""
    if hasattr(data, "_to_components") and not isinstance(data, Tensor):
        return nest.map_structure(
            lambda x: _of_parts(op_type, x, None, **attrs), data, expand_composites=True
        )
    data = convert_to_tensor(data, as_ref=True)
    prefix = "Ref" if data.dtype._is_ref_dtype else ""
    return apply(prefix + op_type, data, name=name, **attrs)


def enter(
    data: Any,
    frame_name: str,
    is_constant: bool = False,
    parallel_iterations: int = 10,
    use_ref: bool = True,
    use_input_shape: bool = True,
    name: str | None = None,
) -> Any:
    """`data` inside the loop whose frame has this name: once, or in every iteration.

    Without `use_ref`, a variable's buffer enters as its value; without `use_input_shape`, the
    shape is unknown inside.
    """
    if not use_ref and isinstance(data, Tensor):
        data = convert_to_tensor(data)
    inside = _of_parts(
        "Enter",
        data,
        name,
        frame_name=frame_name,
        is_constant=is_constant,
        parallel_iterations=parallel_iterations,
    )
    if not use_input_shape:
        for x in nest.flatten(inside, expand_composites=True):
            x.static_shape = None
    return inside


def exit(data: Any, name: str | None = None) -> Any:
    """`data` of a loop, after the loop."""
    return _of_parts("Exit", data, name)


def next_iteration(data: Any, name: str | None = None) -> Any:
    """`data` in the following iteration of the loop."""
    return _of_parts("NextIteration", data, name)


def identity(data: Any, name: str | None = None) -> Any:
    """The same value, or the same buffer of a variable."""
    return _of_parts("Identity", data, name)


def switch_ref_or_tensor(data: Any, pred: Any, name: str = "Switch") -> Any:
    """`(output_false, output_true)`: `data`, which may be a variable's buffer, in one of them."""
    from .conditionals import switch

    if hasattr(data, "_to_components") and not isinstance(data, Tensor):
        return switch(data, pred, name=name)
    value: Any = convert_to_tensor(data, as_ref=True, name="data")
    return switch_on(value, pred, name)
