"""Dtypes of references by name (`float32_ref`), as TensorFlow's module of this name has them."""

from __future__ import annotations

from evergraph.core.dtypes import DType, as_dtype


def __getattr__(name: str) -> DType:
    if not name.endswith("_ref"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return as_dtype(name)
    except TypeError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
