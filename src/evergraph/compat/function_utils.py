"""TensorFlow's `function_utils`: names and arguments of functions, below their decorators."""

from __future__ import annotations

import functools
import inspect
from types import CodeType
from typing import Any

from .tf_decorator import unwrap


def _called(fn: Any) -> Any:
    """`fn`, or for an object that can be called its method."""
    return fn.__call__ if inspect.ismethod(getattr(fn, "__call__", None)) else fn  # noqa: B004


def fn_args(fn: Any) -> tuple[str, ...]:
    """The names of the arguments that a call gives: without `self` and what `partial` gave."""
    if isinstance(fn, functools.partial):
        rest = fn_args(fn.func)[len(fn.args) :]
        return tuple(name for name in rest if name not in fn.keywords)
    fn = _called(fn)
    bound = inspect.ismethod(unwrap(fn)[1])
    args = inspect.getfullargspec(inspect.unwrap(fn)).args
    return tuple(args[1:] if bound else args)


def has_kwargs(fn: Any) -> bool:
    """Whether a function takes any keyword; TypeError for what cannot be called."""
    fn = fn.func if isinstance(fn, functools.partial) else _called(fn)
    if not callable(fn):
        raise TypeError(f"fn should be a function-like object, but is of type {type(fn)}.")
    return inspect.getfullargspec(fn).varkw is not None


def get_func_name(func: Any) -> str:
    """The name of a function; of a method with its class, of an object its class."""
    inner = _callable(func)
    if inspect.isfunction(inner):
        return inner.__name__
    if inspect.ismethod(inner):
        return f"{type(inner.__self__).__name__}.{inner.__func__.__name__}"
    return str(type(inner))


def get_func_code(func: Any) -> CodeType | None:
    """The code of a function, method or object that can be called; None if it has none."""
    inner = _callable(func)
    if not (inspect.isfunction(inner) or inspect.ismethod(inner)):
        inner = inner.__call__
    code: CodeType | None = getattr(inner, "__code__", None)
    return code


def _callable(func: Any) -> Any:
    inner = unwrap(func)[1]
    if not callable(inner):
        raise ValueError("Argument must be callable")
    return inner
