"""Structures of fetches: flattened once to graph elements, rebuilt from values after each run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..core.graph import Graph
from ..core.tensor import Operation, Tensor

Rebuild = Callable[[Sequence[Any]], Any]
Expansion = tuple[Sequence[Any], Callable[[Sequence[Any]], Any]]
_expansions: list[tuple[type, Callable[[Any], Expansion]]] = []


def register_expansion(kind: type, expand: Callable[[Any], Expansion]) -> None:
    """Makes objects of `kind` fetchable: `expand(x)` gives the fetches and how to join values."""
    _expansions.insert(0, (kind, expand))


class FetchPlan:
    """What a fetch structure asks for: `elements` are distinct tensors and operations.

    `rebuild(values)` makes the structure again from the values of `tensors`, in order; an
    operation gives None.
    """

    def __init__(self, graph: Graph, fetches: Any, prefix: str = "Fetch argument") -> None:
        self.graph = graph
        self.prefix = prefix
        self.places: dict[Tensor | Operation, int] = {}
        self.tensors: list[Tensor] = []
        self.rebuild = self._visit(fetches)
        self.elements: tuple[Tensor | Operation, ...] = tuple(self.places)

    def _visit(self, x: Any) -> Rebuild:
        if x is None:
            raise TypeError(f"{self.prefix} {x!r} has invalid type {type(x)}")
        if isinstance(x, (Tensor, Operation)):
            return self._element(x)
        if isinstance(x, (list, tuple)):
            return self._sequence(x)
        if isinstance(x, dict) or _is_mapping(x):
            return self._mapping(x)
        if hasattr(x, "_components"):  # SparseTensor, IndexedSlices
            return self._composite(x)
        if hasattr(x, "_to_components"):  # RaggedTensor
            rebuilds = [self._visit(p) for p in x._to_components()]
            return lambda values: x._from_components([r(values) for r in rebuilds])
        for kind, expand in _expansions:
            if isinstance(x, kind):
                parts, join = expand(x)
                rebuilds = [self._visit(p) for p in parts]
                return lambda values: join([r(values) for r in rebuilds])
        if hasattr(x, "__attrs_attrs__"):
            return self._attrs(x)
        return self._element(x)

    def _element(self, x: Any) -> Rebuild:
        try:
            element = self.graph.as_graph_element(x)
        except TypeError as error:
            raise TypeError(
                f"{self.prefix} {x!r} has invalid type {type(x)}, must be a string or Tensor. "
                f"({error})"
            ) from None
        except (ValueError, KeyError) as error:
            message = error.args[0] if error.args else error
            raise ValueError(
                f"{self.prefix} {x!r} cannot be interpreted as a Tensor. ({message})"
            ) from None
        if not self.graph.is_fetchable(element):
            op = element.op if isinstance(element, Tensor) else element
            raise ValueError(
                f"Operation {op.name!r} has been marked as not fetchable. What is inside a loop or "
                "a branch has no one value: fetch what the loop or the branch returns."
            )
        if element not in self.places:
            self.places[element] = len(self.tensors)
            if isinstance(element, Tensor):
                self.tensors.append(element)
        if isinstance(element, Operation):
            return _nothing
        index = self.places[element]
        return lambda values: values[index]

    def _composite(self, x: Any) -> Rebuild:
        rebuilds = [_nothing if p is None else self._visit(p) for p in x._components()]
        return lambda values: x._from_arrays([r(values) for r in rebuilds])

    def _sequence(self, x: Sequence[Any]) -> Rebuild:
        rebuilds = [self._visit(item) for item in x]
        if isinstance(x, list):
            return lambda values: [r(values) for r in rebuilds]
        if hasattr(x, "_fields"):
            kind = type(x)
            return lambda values: kind(*[r(values) for r in rebuilds])
        return lambda values: tuple([r(values) for r in rebuilds])

    def _mapping(self, x: Any) -> Rebuild:
        kind, keys = type(x), list(x.keys())
        rebuilds = [self._visit(x[k]) for k in keys]
        if kind is dict:
            return lambda values: {k: r(values) for k, r in zip(keys, rebuilds, strict=True)}
        return lambda values: _rebuilt(kind, x, keys, [r(values) for r in rebuilds])

    def _attrs(self, x: Any) -> Rebuild:
        kind = type(x)
        names = [a.name for a in x.__attrs_attrs__]
        rebuilds = [self._visit(getattr(x, n)) for n in names]
        return lambda values: kind(*[r(values) for r in rebuilds])


def _nothing(values: Sequence[Any]) -> None:
    return None


def _is_mapping(x: Any) -> bool:
    return hasattr(x, "keys") and hasattr(x, "__getitem__")


def _rebuilt(kind: type, x: Any, keys: list[Any], values: list[Any]) -> Any:
    pairs = list(zip(keys, values, strict=True))
    if hasattr(x, "default_factory"):
        return kind(x.default_factory, pairs)
    return kind(pairs)
