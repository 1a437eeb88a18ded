"""Named things that may be registered once."""

from __future__ import annotations

from typing import Any

from .provenance import Site, place, user_site


class Registry:
    """Candidates by name; an error tells where the first of a name was registered."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._registry: dict[Any, tuple[Any, Site | None]] = {}

    def register(self, candidate: Any, name: str | None = None) -> None:
        """Registers `candidate` as `name` (its own by default); KeyError if the name is taken."""
        if not candidate:
            raise ValueError(f"{self._name}: only what is there can be registered.")
        name = name or candidate.__name__
        if name in self._registry:
            raise KeyError(
                f"Registering two {self._name} with name {name!r}! (Previous registration was at "
                f"{place(self._registry[name][1])})"
            )
        self._registry[name] = candidate, user_site(2)

    def list(self) -> list[Any]:
        """The names that are registered."""
        return [*self._registry]

    def lookup(self, name: Any) -> Any:
        """What is registered as `name`; LookupError if nothing is."""
        if isinstance(name, bytes):
            name = name.decode()
        if name not in self._registry:
            raise LookupError(f"{self._name} registry has no entry for: {name}")
        return self._registry[name][0]
