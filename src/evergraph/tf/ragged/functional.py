"""Functions of the flat values of RaggedTensors."""

from __future__ import annotations

from typing import Any

from ..framework import control_dependencies
from .splits import splits_match
from .tensor import RaggedTensor, convert_to_tensor_or_ragged_tensor, is_ragged


def map_flat_values(op: Any, *args: Any, **kwargs: Any) -> Any:
    """`op` of the flat values of the RaggedTensors among its arguments, with their rows.

    All must have the same rows. Without any RaggedTensor, just `op(*args, **kwargs)`.
    """
    nested: list[Any] = []
    flat_args, flat_kwargs = _flattened(args, nested), _flattened(kwargs, nested)
    if not nested:
        return op(*args, **kwargs)
    if len({splits[0].dtype for splits in nested}) > 1:
        raise ValueError(
            "Input RaggedTensors have mismatched row_splits dtypes; use "
            "RaggedTensor.with_row_splits_dtype() to convert them to compatible dtypes."
        )
    with control_dependencies(splits_match(nested)):
        values = op(*flat_args, **flat_kwargs)
        return RaggedTensor.from_nested_row_splits(values, nested[0], validate=False)


def _flattened(value: Any, nested: list[Any]) -> Any:
    """The structure with RaggedTensors replaced by their flat values; notes their splits."""
    if is_ragged(value):
        value = convert_to_tensor_or_ragged_tensor(value)
        nested.append(value.nested_row_splits)
        return value.flat_values
    if isinstance(value, list):
        return [_flattened(v, nested) for v in value]
    if isinstance(value, tuple):
        return tuple(_flattened(v, nested) for v in value)
    if isinstance(value, dict):
        return {k: _flattened(v, nested) for k, v in value.items()}
    return value
