"""Functions of the face that operands of other types may answer for.

`dispatched` marks such a function, `dispatch_for_types` registers what it does for a type. The
function itself is tried first: only where it fails for the operands' types is anyone else asked.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
_HANDLERS = "_dispatch_handlers"


def dispatched(function: F) -> F:
    """`function`, open to the types that `dispatch_for_types` registers for it."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (TypeError, ValueError):
            handler = _handler(handlers, args, kwargs)
            if handler is None:
                raise
        return handler(*args, **kwargs)

    handlers: list[tuple[tuple[type, ...], Callable[..., Any]]] = []
    setattr(call, _HANDLERS, handlers)
    return call  # type: ignore[return-value]


def _handler(handlers: Any, args: Any, kwargs: Any) -> Callable[..., Any] | None:
    if not handlers:
        return None
    operands: list[Any] = []
    for value in (*args, *kwargs.values()):
        operands += value if isinstance(value, (list, tuple)) else [value]
    for types, handler in handlers:
        if any(isinstance(x, types) for x in operands):
            return handler  # type: ignore[no-any-return]
    return None


def dispatch_for_types(function: Callable[..., Any], *types: type) -> Callable[[F], F]:
    """A decorator: what it marks is called in place of `function` for operands of these types.

    Raises AttributeError for a function that is not open to other types.
    """
    handlers = getattr(function, _HANDLERS, None)
    if handlers is None:
        name = getattr(function, "__name__", function)
        raise AttributeError(f"{name} is not open to dispatch: mark it with `dispatched` first.")

    def register(handler: F) -> F:
        handlers.append((types, handler))
        return handler

    return register
