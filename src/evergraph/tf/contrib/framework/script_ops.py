"""`py_func` with keywords, nested results and their shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import nest
from ...py_functions import py_func as _py_func


def py_func(
    func: Callable[..., Any],
    args: Any = (),
    kwargs: Any = None,
    output_types: Any = None,
    output_shapes: Any = None,
    stateful: bool = True,
    name: Any = None,
) -> Any:
    """Calls `func(*args, **kwargs)` with the values of the tensors in these, as NumPy arrays.

    `output_types` is the structure of what it returns, with the dtypes; `output_shapes` the same
    with shapes. Both may be functions of the arguments. TypeError for arguments of other types.
    """
    kwargs = {} if kwargs is None else kwargs
    if not isinstance(args, (list, tuple)):
        raise TypeError(f"args must be list and not {type(args)}. args: {args}")
    if not isinstance(kwargs, dict):
        raise TypeError(f"kwargs must be dict and not {type(kwargs)}. args: {kwargs}")
    types = output_types(*args, **kwargs) if callable(output_types) else output_types
    shapes = output_shapes(*args, **kwargs) if callable(output_shapes) else output_shapes
    given = (args, kwargs)

    def call(*arrays: Any) -> list[Any]:
        values, keywords = nest.pack_sequence_as(given, arrays)
        got = func(*values, **keywords)
        nest.assert_shallow_structure(types, got)
        return nest.flatten(got)

    results = _py_func(call, nest.flatten(given), nest.flatten(types), stateful, name)
    if shapes is not None:
        for x, shape in zip(results, nest.flatten_up_to(types, shapes), strict=True):
            x.set_shape(shape)
    return nest.pack_sequence_as(types, results)


__all__ = ["py_func"]
