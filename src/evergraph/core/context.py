"""What is current in a thread: stacks of default graphs and sessions."""

from __future__ import annotations

import threading
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Stack(threading.local, Generic[T]):
    """A stack of defaults, one for each thread."""

    def __init__(self) -> None:
        self.items: list[T] = []

    @property
    def stack(self) -> list[T]:
        """The defaults, the current one last."""
        return self.items

    def top(self) -> T | None:
        """The current default, None where there is none."""
        return self.items[-1] if self.items else None

    def get_default(self) -> T | None:
        """The current default, None where there is none."""
        return self.top()

    def reset(self) -> None:
        """Takes everything off."""
        self.items.clear()

    def remove(self, item: T, enforce_nesting: bool = True) -> None:
        """Takes an item off; AssertionError if it is not the top one and nesting is enforced."""
        if enforce_nesting and (not self.items or self.items[-1] is not item):
            raise AssertionError(f"Nesting violated for default stack of {type(item)} objects.")
        for i in reversed(range(len(self.items))):
            if self.items[i] is item:
                del self.items[i]
                return


graphs: Stack[Any] = Stack()
sessions: Stack[Any] = Stack()
