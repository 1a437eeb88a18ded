"""TensorArrays in structures of tensors: each travels through branches and loops as its flow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .tensor_array_ops import TensorArray


def with_flows(x: Any) -> Any:
    """The flow of a TensorArray; other values as they are."""
    return x.flow if isinstance(x, TensorArray) else x


def tensor_arrays_for(templates: Sequence[Any], tensors: Sequence[Any]) -> list[Any]:
    """Flows become TensorArrays again where the template is one."""
    return [
        t.with_flow(x) if isinstance(t, TensorArray) else x
        for t, x in zip(templates, tensors, strict=True)
    ]
