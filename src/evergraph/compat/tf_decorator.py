"""TensorFlow's `tf_decorator`: decorators that tell what they decorate."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

_ATTRIBUTE = "_tf_decorator"


class TFDecorator:
    """One decorator around `decorated_target`: its name, its words and the arguments it takes."""

    def __init__(
        self,
        decorator_name: str,
        target: Any,
        decorator_doc: str = "",
        decorator_argspec: Any = None,
    ) -> None:
        self.decorator_name = decorator_name
        self.decorated_target = target
        self.decorator_doc = decorator_doc
        self.decorator_argspec = decorator_argspec
        self.__name__ = getattr(target, "__name__", type(target).__name__)
        self.__qualname__ = getattr(target, "__qualname__", self.__name__)
        self.__doc__ = getattr(target, "__doc__", None) or decorator_doc or None

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else self.__call__.__get__(instance, owner)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.decorated_target(*args, **kwargs)


def make_decorator(
    target: Any,
    decorator_func: Callable[..., Any],
    decorator_name: str | None = None,
    decorator_doc: str = "",
    decorator_argspec: Any = None,
) -> Callable[..., Any]:
    """`decorator_func`, which now has the target's name and words and tells that it decorates.

    Without a name the decorator is called as the function that calls this.
    """
    if decorator_name is None:
        frame = inspect.currentframe()
        assert frame is not None and frame.f_back is not None
        decorator_name = frame.f_back.f_code.co_name
    made = TFDecorator(decorator_name, target, decorator_doc, decorator_argspec)
    setattr(decorator_func, _ATTRIBUTE, made)
    for name in ("__name__", "__qualname__", "__module__"):
        if hasattr(target, name):
            setattr(decorator_func, name, getattr(target, name))
    decorator_func.__dict__.update(_own_attributes(target, decorator_func))
    decorator_func.__doc__ = made.__doc__
    decorator_func.__dict__["__wrapped__"] = target
    if decorator_argspec is not None:
        decorator_func.__dict__["__signature__"] = _signature(decorator_argspec)
    return decorator_func


def _own_attributes(target: Any, func: Any) -> dict[str, Any]:
    given = getattr(target, "__dict__", {})
    return {k: v for k, v in given.items() if k not in func.__dict__}


def _signature(spec: Any) -> inspect.Signature:
    """The signature of an argument specification: `args`, `varargs`, `varkw`, `defaults`."""
    kinds = inspect.Parameter
    missing = len(spec.args) - len(spec.defaults or ())
    defaults = [kinds.empty] * missing + list(spec.defaults or ())
    pairs = zip(spec.args, defaults, strict=True)
    found = [kinds(n, kinds.POSITIONAL_OR_KEYWORD, default=d) for n, d in pairs]
    if spec.varargs:
        found.append(kinds(spec.varargs, kinds.VAR_POSITIONAL))
    for name in getattr(spec, "kwonlyargs", ()):
        default = (spec.kwonlydefaults or {}).get(name, kinds.empty)
        found.append(kinds(name, kinds.KEYWORD_ONLY, default=default))
    keywords = getattr(spec, "varkw", None) or getattr(spec, "keywords", None)
    if keywords:
        found.append(kinds(keywords, kinds.VAR_KEYWORD))
    return inspect.Signature(found)


def _decorator(obj: Any) -> TFDecorator | None:
    if isinstance(obj, TFDecorator):
        return obj
    found = getattr(obj, "__dict__", {}).get(_ATTRIBUTE)
    if found is None and inspect.ismethod(obj):
        found = obj.__func__.__dict__.get(_ATTRIBUTE)
    return found if isinstance(found, TFDecorator) else None


def unwrap(maybe_tf_decorator: Any) -> tuple[list[TFDecorator], Any]:
    """The decorators around a function, outermost first, and the function itself."""
    decorators: list[TFDecorator] = []
    inner = maybe_tf_decorator
    while (found := _decorator(inner)) is not None:
        decorators.append(found)
        inner = found.decorated_target
    return decorators, inner


def rewrap(decorator_func: Any, previous_target: Any, new_target: Any) -> Any:
    """The decorated function with `new_target` in the place of `previous_target`.

    The decorators change: they have to call `__wrapped__`. Without decorators it is the new one.
    """
    outer: Any = None
    inner = decorator_func
    while inner is not previous_target and (found := _decorator(inner)) is not None:
        outer, inner = (found, inner), found.decorated_target
    if outer is None:
        return new_target
    found, func = outer
    found.decorated_target = new_target
    if func is not found:
        func.__wrapped__ = new_target
    return decorator_func
