"""RaggedTensors among the root names; with this module the face's functions take them."""

from __future__ import annotations

from typing import Any

from ..core import convert
from .ragged import dispatch
from .ragged.spec import RaggedTensorSpec
from .ragged.tensor import RaggedTensor
from .ragged.value import RaggedTensorValue

__all__ = ["RaggedTensor", "RaggedTensorSpec"]


def _refuse(value: Any, dtype: Any, name: Any, as_ref: Any) -> Any:
    raise TypeError(
        f"A {type(value).__name__} is no dense tensor: use its to_tensor() method, or a function "
        "that takes RaggedTensors."
    )


for _kind in (RaggedTensor, RaggedTensorValue):
    convert.register(_kind, _refuse)
dispatch.register()
