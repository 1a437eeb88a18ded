"""`arg_scope`: default arguments for functions, within a `with`."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])
Scope = dict[Any, dict[str, Any]]


class _Scopes(threading.local):
    """The scopes of a thread, innermost last."""

    def __init__(self) -> None:
        self.stack: list[Scope] = [{}]


_scopes = _Scopes()
_decorated: dict[Any, tuple[str, ...]] = {}


def current_arg_scope() -> Scope:
    """The current scope: for each function its default arguments."""
    return _scopes.stack[-1]


def arg_scope_func_key(op: Any) -> Any:
    """What identifies a function in a scope."""
    return getattr(op, "_key_op", str(op))


def has_arg_scope(func: Any) -> bool:
    """Whether a function is decorated with `add_arg_scope`."""
    return arg_scope_func_key(func) in _decorated


def arg_scoped_arguments(func: Any) -> tuple[str, ...]:
    """The arguments of a function that an arg_scope may set."""
    assert has_arg_scope(func)
    return _decorated[arg_scope_func_key(func)]


@contextmanager
def arg_scope(list_ops_or_scope: Any, **kwargs: Any) -> Iterator[Scope]:
    """Inside, the functions of a list take `kwargs` as defaults; or enters a scope again.

    Raises ValueError for a function without `add_arg_scope`, and for `kwargs` with a scope;
    TypeError for what is neither a list nor a scope.
    """
    scope = _scope_of(list_ops_or_scope, kwargs)
    stack = _scopes.stack
    stack.append(scope)
    try:
        yield scope
    finally:
        stack.pop()


def _scope_of(ops: Any, kwargs: dict[str, Any]) -> Scope:
    if isinstance(ops, dict):
        if kwargs:
            raise ValueError(
                "When attempting to re-use a scope by suppling a dictionary, kwargs must be empty."
            )
        return ops.copy()
    if not isinstance(ops, (list, tuple)):
        raise TypeError("list_ops_or_scope must either be a list/tuple or reused scope (i.e. dict)")
    scope = current_arg_scope().copy()
    for op in ops:
        if not has_arg_scope(op):
            name = f"{getattr(op, '__module__', '')}.{getattr(op, '__name__', op)}"
            raise ValueError(f"{name} is not decorated with @add_arg_scope")
        key = arg_scope_func_key(op)
        scope[key] = {**scope.get(key, {}), **kwargs}
    return scope


def add_arg_scope(func: F) -> F:
    """A decorator: the function takes its default arguments from the scopes around a call."""
    key = arg_scope_func_key(func)
    parameters = inspect.signature(func).parameters.values()
    _decorated[key] = tuple(p.name for p in parameters if p.default is not p.empty)

    @functools.wraps(func)
    def scoped(*args: Any, **kwargs: Any) -> Any:
        defaults = current_arg_scope().get(key)
        return func(*args, **({**defaults, **kwargs} if defaults else kwargs))

    scoped._key_op = key  # type: ignore[attr-defined]
    return cast(F, scoped)
