"""The state of a session: variables' values, and what stateful operations keep between runs."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from ..core.shape import compatible, show
from ..core.tensor import Operation, Tensor
from ..errors import InvalidArgumentError


class Cell:
    """A variable's value in one session; None until it is initialised.

    Values are never changed in place, so a run may go on with the value it started from while
    another run replaces it.
    """

    __slots__ = ("name", "value", "version")

    def __init__(self, name: str) -> None:
        self.name = name
        self.value: Any = None
        self.version = 0


class Store:
    """All state of a session. `lock` orders the runs that write to it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._cells: dict[str, Cell] = {}
        self._states: dict[Any, Any] = {}
        self.reported: set[Tensor] = set()  # fetches that were warned of: not finite
        self.last_update: Any = None  # the last run that updated variables, if it was small

    def cell(self, variable: Operation) -> Cell:
        """The cell of a variable's operation; variables of one shared name share one."""
        name = variable.attrs.get("shared_name") or variable.name
        if variable.attrs.get("container"):
            name = f"{variable.attrs['container']}/{name}"
        with self.lock:
            return self._cells.setdefault(name, Cell(name))

    def state(self, op: Operation) -> Any:
        """What a stateful operation (a random one, say) keeps between runs.

        Operations of one kind of state that have a `shared_name` keep it together.
        """
        make = op.definition.state
        assert make is not None
        attrs = op.attrs
        key: tuple[Any, ...] = (op,)
        if "shared_name" in attrs:
            key = (make, attrs["container"], attrs["shared_name"] or op.name)
        with self.lock:
            if key not in self._states:
                self._states[key] = make(attrs)
            return self._states[key]

    def clear(self, containers: Iterable[str] | None = None) -> None:
        """Forgets everything, or what is in these containers."""
        with self.lock:
            if containers is None:
                self._cells.clear()
                self._states.clear()
            else:
                self._forget(set(containers))
            self.last_update = None

    def _forget(self, containers: set[str]) -> None:
        for name in [n for n in self._cells if n.partition("/")[0] in containers]:
            del self._cells[name]
        for key in [k for k in self._states if len(k) == 3 and k[1] in containers]:
            del self._states[key]


def check_shape(variable: Operation, value: Any) -> None:
    """Raises InvalidArgumentError if a value's shape is not one that the variable may have."""
    declared = variable.attrs.get("shape")
    if not compatible(declared, value.shape):
        raise InvalidArgumentError(
            None,
            variable,
            f"Assign requires shapes of both tensors to match: variable {variable.name!r} has "
            f"shape {show(declared)}, the value {show(value.shape)}.",
        )
