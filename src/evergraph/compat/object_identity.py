"""TensorFlow's `object_identity`: sets and dictionaries that tell objects apart by identity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping, MutableSet
from typing import Any


class _ObjectIdentityWrapper:
    """Stands for an object; equal to what stands for the same object."""

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped

    @property
    def unwrapped(self) -> Any:
        """The object."""
        return self._wrapped

    def __eq__(self, other: object) -> bool:
        if isinstance(other, _ObjectIdentityWrapper):
            return self._wrapped is other._wrapped
        return self._wrapped is other

    def __hash__(self) -> int:
        return id(self._wrapped)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} wrapping {self._wrapped!r}>"


class ObjectIdentitySet(MutableSet[Any]):
    """A set of objects by identity, in the order in which they came."""

    def __init__(self, *args: Iterable[Any]) -> None:
        self._storage = {id(x): x for given in args for x in given}

    @classmethod
    def _from_iterable(cls, it: Iterable[Any]) -> ObjectIdentitySet:
        return cls(it)

    def __contains__(self, key: object) -> bool:
        return id(key) in self._storage

    def add(self, value: Any) -> None:
        """Puts an object in."""
        self._storage[id(value)] = value

    def discard(self, value: Any) -> None:
        """Takes an object out if it is in."""
        self._storage.pop(id(value), None)

    def update(self, items: Iterable[Any]) -> None:
        """Puts several objects in."""
        for item in items:
            self.add(item)

    def __len__(self) -> int:
        return len(self._storage)

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._storage.values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)!r})"


class ObjectIdentityDictionary(MutableMapping[Any, Any]):
    """A dictionary whose keys are objects by identity."""

    def __init__(self) -> None:
        self._storage: dict[int, tuple[Any, Any]] = {}

    def __getitem__(self, key: Any) -> Any:
        try:
            return self._storage[id(key)][1]
        except KeyError:
            raise KeyError(key) from None

    def __setitem__(self, key: Any, value: Any) -> None:
        self._storage[id(key)] = (key, value)

    def __delitem__(self, key: Any) -> None:
        del self._storage[id(key)]

    def __len__(self) -> int:
        return len(self._storage)

    def __iter__(self) -> Iterator[Any]:
        return iter([key for key, _ in self._storage.values()])
