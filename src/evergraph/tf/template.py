"""`tf.make_template`: a function that makes its variables at the first call and shares them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..core.graph import get_default_graph
from .graph_keys import GraphKeys
from .variable_scope import (
    VariableScope,
    pure_variable_scope,
    unique_scope_name,
    variable_scope,
)

__all__ = ["make_template"]


def make_template(
    name_: str,
    func_: Callable[..., Any],
    create_scope_now_: bool = False,
    unique_name_: str | None = None,
    custom_getter_: Callable[..., Any] | None = None,
    **kwargs: Any,
) -> Template:
    """A callable like `func_(**kwargs)` whose calls share the variables of the first one.

    The variables lie in a scope `name_`, made unique at the first call or, with
    `create_scope_now_`, at once; `unique_name_` is taken as it is. Raises ValueError without a
    name, and when a later call makes a new trainable variable.
    """
    function = functools.partial(func_, **kwargs) if kwargs else func_
    return Template(name_, function, create_scope_now_, unique_name_, custom_getter_)


def make_template_internal(
    name_: str,
    func_: Callable[..., Any],
    create_scope_now_: bool = False,
    unique_name_: str | None = None,
    custom_getter_: Callable[..., Any] | None = None,
    create_graph_function_: bool = False,
    **kwargs: Any,
) -> Template:
    """`make_template`; with `create_graph_function_` as well, since a compiled graph is as fast."""
    return make_template(name_, func_, create_scope_now_, unique_name_, custom_getter_, **kwargs)


def without_common_start(stacktrace: list[Any], base_case: list[Any]) -> list[Any]:
    """The entries of a stack trace from where it leaves another one; the last one at least."""
    pairs = enumerate(zip(stacktrace, base_case, strict=False))
    return next((stacktrace[i:] for i, (a, b) in pairs if a != b), stacktrace[-1:])


class Template:
    """What `tf.make_template` gives."""

    def __init__(
        self,
        name: str,
        func: Callable[..., Any],
        create_scope_now: bool = False,
        unique_name: str | None = None,
        custom_getter: Callable[..., Any] | None = None,
    ) -> None:
        if name is None:
            raise ValueError("name cannot be None.")
        self._name, self._func, self._unique_name = name, func, unique_name
        self._custom_getter = custom_getter
        self._variable_scope: VariableScope | None = None
        self._variables_created = False
        self._first_call = True
        if create_scope_now:
            scope_name = unique_name or unique_scope_name(name)
            with pure_variable_scope(scope_name, custom_getter=custom_getter) as scope:
                self._variable_scope = scope

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._variable_scope is not None:
            with variable_scope(self._variable_scope, reuse=not self._first_call):
                return self._call(args, kwargs)
        with variable_scope(
            self._unique_name, self._name, custom_getter=self._custom_getter
        ) as scope:
            self._variable_scope = scope
            return self._call(args, kwargs)

    def _call(self, args: Any, kwargs: Any) -> Any:
        if self._variables_created:
            return self._call_again(args, kwargs)
        was_first, self._first_call = self._first_call, False
        try:
            result = self._func(*args, **kwargs)
        except Exception:
            self._first_call = was_first
            raise
        self._variables_created = True
        return result

    def _call_again(self, args: Any, kwargs: Any) -> Any:
        trainable = get_default_graph().get_collection_ref(GraphKeys.TRAINABLE_VARIABLES)
        before = len(trainable)
        result = self._func(*args, **kwargs)
        if len(trainable) != before:
            raise ValueError(
                "Trainable variable created when calling a template after the first time, perhaps "
                f"you used tf.Variable when you meant tf.get_variable: {trainable[before:]}"
            )
        return result

    @property
    def name(self) -> str:
        """The name that it was made with."""
        return self._name

    @property
    def func(self) -> Callable[..., Any]:
        """The function that it calls."""
        return self._func

    @property
    def variable_scope(self) -> VariableScope | None:
        """The scope of its variables, None before the first call."""
        return self._variable_scope

    @property
    def var_scope(self) -> VariableScope | None:
        """The old name of `variable_scope`."""
        return self._variable_scope

    @property
    def variable_scope_name(self) -> str | None:
        """The name of that scope with a slash at the end."""
        if self._variable_scope is None:
            return None
        name = self._variable_scope.name
        return f"{name}/" if name and not name.endswith("/") else name

    def _members(self, key: str) -> list[Any]:
        if not self._variables_created:
            return []
        return get_default_graph().get_collection(key, self.variable_scope_name)

    @property
    def global_variables(self) -> list[Any]:
        """Its global variables."""
        return self._members(GraphKeys.GLOBAL_VARIABLES)

    @property
    def local_variables(self) -> list[Any]:
        """Its local variables."""
        return self._members(GraphKeys.LOCAL_VARIABLES)

    @property
    def trainable_variables(self) -> list[Any]:
        """Its trainable variables."""
        return self._members(GraphKeys.TRAINABLE_VARIABLES)

    @property
    def non_trainable_variables(self) -> list[Any]:
        """Its global variables that are not trainable."""
        trainable = set(self.trainable_variables)
        return [v for v in self.global_variables if v not in trainable]

    @property
    def variables(self) -> list[Any]:
        """Its global and local variables."""
        return self.global_variables + self.local_variables

    weights = variables
    trainable_weights = trainable_variables
    non_trainable_weights = non_trainable_variables
