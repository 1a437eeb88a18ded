"""Helpers of `tf.contrib.layers`: outputs under a name in collections, extents of shapes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ....core.graph import get_default_graph
from ....core.tensor import Tensor
from ....core.values import constant_value as _constant_value
from ...smart import cond
from ...variables import Variable

__all__ = [
    "channel_dimension",
    "collect_named_outputs",
    "constant_value",
    "convert_collection_to_dict",
    "gather_tensors_aliases",
    "get_tensor_aliases",
    "get_variable_collections",
    "last_dimension",
    "n_positive_integers",
    "smart_cond",
    "static_cond",
    "two_element_tuple",
]


def constant_value(value_or_tensor_or_var: Any, dtype: Any = None) -> Any:
    """The value of a constant tensor, None of another tensor or variable; else the value itself.

    Raises ValueError for None and for a tensor of another dtype than `dtype`.
    """
    x = value_or_tensor_or_var
    if x is None:
        raise ValueError("value_or_tensor_or_var cannot be None")
    if not isinstance(x, (Tensor, Variable)):
        return x
    if dtype is not None and x.dtype != dtype:
        raise ValueError(f"It has the wrong type {x.dtype} instead of {dtype}")
    return _constant_value(x) if isinstance(x, Tensor) else None


def static_cond(pred: Any, fn1: Callable[[], Any], fn2: Callable[[], Any]) -> Any:
    """What one of the functions gives, by a Python predicate."""
    for name, fn in (("fn1", fn1), ("fn2", fn2)):
        if not callable(fn):
            raise TypeError(f"{name} must be callable.")
    return fn1() if pred else fn2()


def smart_cond(pred: Any, fn1: Any, fn2: Any, name: str | None = None) -> Any:
    """`tf.cond`, except that a predicate known while building takes its branch at once."""
    value = constant_value(pred)
    return cond(pred, fn1, fn2) if value is None else static_cond(value, fn1, fn2)


def collect_named_outputs(collections: Any, alias: str, outputs: Tensor) -> Tensor:
    """Puts a layer's output into collections, known there as `alias`; gives the output."""
    if collections:
        _aliases(outputs).append(alias.removesuffix("/"))
        get_default_graph().add_to_collections(collections, outputs)
    return outputs


def _aliases(tensor: Tensor) -> list[str]:
    aliases = tensor.graph.extra.setdefault("tensor_aliases", {})
    return aliases.setdefault(tensor, [])  # type: ignore[no-any-return]


def get_tensor_aliases(tensor: Tensor) -> list[str]:
    """The names under which a tensor was collected, else its own."""
    found = tensor.graph.extra.get("tensor_aliases", {}).get(tensor)
    return list(found) if found else [tensor.name.removesuffix(":0")]


def gather_tensors_aliases(tensors: Iterable[Tensor]) -> list[str]:
    """The names of several tensors, one after another."""
    return [alias for tensor in tensors for alias in get_tensor_aliases(tensor)]


def convert_collection_to_dict(
    collection: Any, clear_collection: bool = False
) -> OrderedDict[str, Tensor]:
    """The tensors of a collection by their names."""
    graph = get_default_graph()
    tensors = graph.get_collection(collection)
    found = OrderedDict((alias, t) for t in tensors for alias in get_tensor_aliases(t))
    if clear_collection:
        graph.clear_collection(collection)
    return found


def get_variable_collections(variables_collections: Any, name: str) -> Any:
    """The collections for one variable of a layer: the same for all, or by its name."""
    if isinstance(variables_collections, dict):
        return variables_collections.get(name)
    return variables_collections


def last_dimension(shape: Any, min_rank: int = 1) -> int:
    """The last extent; ValueError if it is unknown or the rank too low."""
    return _extent(shape, -1, min_rank)


def channel_dimension(shape: Any, data_format: str, min_rank: int = 1) -> int:
    """The extent of the channels; ValueError if it is unknown or the rank too low."""
    return _extent(shape, 1 if data_format == "channels_first" else -1, min_rank)


def _extent(shape: Any, axis: int, min_rank: int) -> int:
    if shape.ndims is None:
        raise ValueError("dims of shape must be known but is None")
    if shape.ndims < min_rank:
        raise ValueError(f"rank of shape must be at least {min_rank} not: {shape.ndims}")
    extent = shape[axis].value
    if extent is None:
        raise ValueError(f"dimension {axis} of shape must be known but is None: {shape}")
    return int(extent)


def two_element_tuple(int_or_tuple: Any) -> tuple[Any, Any]:
    """A pair of what is one or two integers."""
    if isinstance(int_or_tuple, int):
        return int_or_tuple, int_or_tuple
    if isinstance(int_or_tuple, Sequence) and len(int_or_tuple) == 2:
        return int(int_or_tuple[0]), int(int_or_tuple[1])
    raise ValueError("Must be an int, a list with 2 elements or a TensorShape of length 2")


def n_positive_integers(n: int, value: Any) -> tuple[int, ...]:
    """`n` positive integers from one or `n` of them; ValueError for others."""
    if not isinstance(n, int) or n < 1:
        raise ValueError("n must be a positive integer")
    values = (value,) * n if isinstance(value, (int, float, str)) else tuple(value)
    if len(values) != n:
        raise ValueError(f"Expected sequence of {n} positive integers, but received {value!r}")
    try:
        integers = tuple(int(x) for x in values)
    except TypeError:
        raise ValueError(
            f"Expected sequence of {n} positive integers, but received {value!r}"
        ) from None
    if min(integers) < 1:
        raise ValueError(f"expected positive integer, but received {min(integers)}")
    return integers
