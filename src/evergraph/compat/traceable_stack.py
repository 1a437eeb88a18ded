"""A stack whose items remember the line that pushed them (TensorFlow's module of this name)."""

from __future__ import annotations

import sys
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class TraceableObject(Generic[T]):
    """An object with a file name and a line number."""

    SUCCESS, HEURISTIC_USED, FAILURE = (0, 1, 2)

    def __init__(self, obj: T, filename: str | None = None, lineno: int | None = None) -> None:
        self.obj = obj
        self.filename = filename
        self.lineno = lineno

    def set_filename_and_line_from_caller(self, offset: int = 0) -> int:
        """Takes the place of the caller, `offset` frames further up.

        Returns SUCCESS, or HEURISTIC_USED where the stack is not so deep and its end was taken.
        """
        frame: Any = sys._getframe(1)
        result = self.SUCCESS
        for _ in range(offset):
            if frame.f_back is None:
                result = self.HEURISTIC_USED
                break
            frame = frame.f_back
        self.filename, self.lineno = frame.f_code.co_filename, frame.f_lineno
        return result

    def copy_metadata(self) -> TraceableObject[None]:
        """The place without the object."""
        return TraceableObject(None, self.filename, self.lineno)


class TraceableStack(Generic[T]):
    """A stack of TraceableObjects; the top comes first where several are given."""

    def __init__(self, existing_stack: list[TraceableObject[T]] | None = None) -> None:
        self._stack = list(existing_stack or ())

    def push_obj(self, obj: T, offset: int = 0) -> int:
        """Pushes an object with the place of the caller, `offset` frames further up."""
        item = TraceableObject(obj)
        self._stack.append(item)
        return item.set_filename_and_line_from_caller(offset + 1)

    def pop_obj(self) -> T:
        """Takes the top object off."""
        return self._stack.pop().obj

    def peek_top_obj(self) -> T:
        """The top object."""
        return self._stack[-1].obj

    def peek_objs(self) -> list[T]:
        """The objects."""
        return [item.obj for item in reversed(self._stack)]

    def peek_traceable_objs(self) -> list[TraceableObject[T]]:
        """The objects with their places."""
        return list(reversed(self._stack))

    def copy(self) -> TraceableStack[T]:
        """Another stack of the same items."""
        return TraceableStack(self._stack)

    def __len__(self) -> int:
        return len(self._stack)
