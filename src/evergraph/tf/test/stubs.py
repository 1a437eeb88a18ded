"""`tf.test.StubOutForTesting`: attributes replaced for a while."""

from __future__ import annotations

import inspect
from typing import Any
from unittest import mock


class StubOutForTesting:
    """Replaces attributes of modules, classes and objects until `CleanUp`, or the `with`, ends."""

    def __init__(self) -> None:
        self._smart: list[Any] = []
        self._plain: list[Any] = []

    def __enter__(self) -> StubOutForTesting:
        return self

    def __exit__(self, unused_exc_type: Any, unused_exc_value: Any, unused_tb: Any) -> None:
        self.CleanUp()

    def CleanUp(self) -> None:
        """Puts back all that was replaced."""
        self.SmartUnsetAll()
        self.UnsetAll()

    def SmartSet(self, obj: Any, attr_name: str, new_attr: Any) -> None:
        """Replaces an attribute; of an object whose class defines it, the class's.

        Raises AttributeError if there is none.
        """
        own = inspect.ismodule(obj) or inspect.isclass(obj) or attr_name in vars(obj)
        _replace(self._smart, obj if own else type(obj), attr_name, new_attr)

    def SmartUnsetAll(self) -> None:
        """Undoes `SmartSet`."""
        _restore(self._smart)

    def Set(self, parent: Any, child_name: str, new_child: Any) -> None:
        """Replaces an attribute of just this object. Raises AttributeError if there is none."""
        _replace(self._plain, parent, child_name, new_child)

    def UnsetAll(self) -> None:
        """Undoes `Set`."""
        _restore(self._plain)


def _replace(stack: list[Any], obj: Any, name: str, value: Any) -> None:
    patch = mock.patch.object(obj, name, value)
    patch.start()
    stack.append(patch)


def _restore(stack: list[Any]) -> None:
    while stack:
        stack.pop().stop()
