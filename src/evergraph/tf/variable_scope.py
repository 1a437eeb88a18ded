"""`tf.variable_scope` and `tf.get_variable`: variables by name, shared on demand."""

from __future__ import annotations

import copy
import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from ..core.dtypes import float32
from ..core.graph import Graph, get_default_graph
from .framework import convert_to_tensor
from .graph_keys import GraphKeys
from .partitioned_variables import (
    create_partitioned_variables,
    fixed_size_partitioner,
    min_max_variable_partitioner,
    variable_axis_size_partitioner,
)
from .variable_store import AUTO_REUSE, Request, VariableStore, use_resource_by_default
from .variables import VariableAggregation, VariableSynchronization

__all__ = [
    "AUTO_REUSE",
    "VariableScope",
    "create_partitioned_variables",
    "disable_resource_variables",
    "enable_resource_variables",
    "fixed_size_partitioner",
    "get_local_variable",
    "get_variable",
    "get_variable_scope",
    "min_max_variable_partitioner",
    "no_regularizer",
    "resource_variables_enabled",
    "variable_axis_size_partitioner",
    "variable_creator_scope",
    "variable_op_scope",
    "variable_scope",
]


def enable_resource_variables() -> None:
    """From now on variables are resource variables unless `use_resource` says otherwise."""
    use_resource_by_default[0] = True


def disable_resource_variables() -> None:
    """From now on variables are ref variables unless `use_resource` says otherwise."""
    use_resource_by_default[0] = False


def resource_variables_enabled() -> bool:
    """Whether variables are resource variables by default."""
    return use_resource_by_default[0]


def no_regularizer(_: Any) -> None:
    """As a scope's or variable's `regularizer`: none, whatever the scopes around say."""
    return


class VariableScope:
    """The name and the defaults that `get_variable` uses inside a `tf.variable_scope`."""

    def __init__(
        self,
        reuse: Any,
        name: str = "",
        initializer: Any = None,
        regularizer: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        custom_getter: Callable[..., Any] | None = None,
        name_scope: str = "",
        dtype: Any = float32,
        use_resource: bool | None = None,
        constraint: Any = None,
    ) -> None:
        self._name, self._reuse, self._name_scope = name, reuse, name_scope
        self._initializer, self._regularizer = initializer, regularizer
        self._caching_device, self._partitioner = caching_device, partitioner
        self._custom_getter, self._constraint = custom_getter, constraint
        self._dtype, self._use_resource = dtype, use_resource

    @property
    def name(self) -> str:
        """What the names of its variables begin with."""
        return self._name

    @property
    def original_name_scope(self) -> str:
        """The name scope, with a slash at the end, in which the scope was first entered."""
        return self._name_scope

    @property
    def reuse(self) -> Any:
        """True: variables must exist; False or None: they must not; `tf.AUTO_REUSE`: either."""
        return self._reuse

    @property
    def initializer(self) -> Any:
        """The default initializer."""
        return self._initializer

    @property
    def regularizer(self) -> Any:
        """The default regularizer."""
        return self._regularizer

    @property
    def caching_device(self) -> Any:
        """Where values are cached for reading, by default."""
        return self._caching_device

    @property
    def partitioner(self) -> Any:
        """The default partitioner."""
        return self._partitioner

    @property
    def custom_getter(self) -> Any:
        """The function that `get_variable` goes through."""
        return self._custom_getter

    @property
    def dtype(self) -> Any:
        """The default dtype."""
        return self._dtype

    @property
    def use_resource(self) -> bool | None:
        """Whether variables are resource variables by default."""
        return self._use_resource

    @property
    def constraint(self) -> Any:
        """The default constraint."""
        return self._constraint

    def reuse_variables(self) -> None:
        """From now on `get_variable` in this scope finds variables and makes none."""
        self._reuse = True

    def set_initializer(self, initializer: Any) -> None:
        """Sets the default initializer."""
        self._initializer = initializer

    def set_dtype(self, dtype: Any) -> None:
        """Sets the default dtype."""
        self._dtype = dtype

    def set_use_resource(self, use_resource: bool | None) -> None:
        """Sets whether variables are resource variables by default."""
        self._use_resource = use_resource

    def set_regularizer(self, regularizer: Any) -> None:
        """Sets the default regularizer."""
        self._regularizer = regularizer

    def set_caching_device(self, caching_device: Any) -> None:
        """Sets where values are cached for reading, by default."""
        self._caching_device = caching_device

    def set_partitioner(self, partitioner: Any) -> None:
        """Sets the default partitioner."""
        self._partitioner = partitioner

    def set_custom_getter(self, custom_getter: Any) -> None:
        """Sets the function that `get_variable` goes through."""
        self._custom_getter = custom_getter

    def get_collection(self, name: Any) -> list[Any]:
        """The members of a collection whose names lie in this scope."""
        scope = f"{self._name}/" if self._name else ""
        return get_default_graph().get_collection(name, scope)

    def trainable_variables(self) -> list[Any]:
        """The trainable variables of this scope."""
        return self.get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def global_variables(self) -> list[Any]:
        """The global variables of this scope."""
        return self.get_collection(GraphKeys.GLOBAL_VARIABLES)

    def local_variables(self) -> list[Any]:
        """The local variables of this scope."""
        return self.get_collection(GraphKeys.LOCAL_VARIABLES)

    def get_variable(
        self,
        var_store: VariableStore,
        name: str,
        shape: Any = None,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        reuse: Any = None,
        trainable: bool | None = None,
        collections: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        validate_shape: bool = True,
        use_resource: bool | None = None,
        custom_getter: Any = None,
        constraint: Any = None,
        synchronization: Any = VariableSynchronization.AUTO,
        aggregation: Any = VariableAggregation.NONE,
    ) -> Any:
        """The variable of this name in the scope; see `tf.get_variable`."""
        given = {k: v for k, v in locals().items() if k not in ("self", "var_store", "name")}
        # A variable's name says where it is: name scopes around do not count.
        with get_default_graph().name_scope(None):
            if dtype is not None and initializer is not None and not callable(initializer):
                _check_value_dtype(initializer, dtype)
            self._fill(given)
            return var_store.get_variable(self._full_name(name), **given)

    def _full_name(self, name: str | None) -> str:
        if name is None or not self._name:
            return name or self._name
        return f"{self._name}/{name}"  # an empty name gives the scope's own, with a slash

    def _fill(self, given: dict[str, Any]) -> None:
        """Puts the scope's defaults where nothing was given."""
        for key in (
            "initializer",
            "regularizer",
            "reuse",
            "caching_device",
            "partitioner",
            "use_resource",
            "custom_getter",
            "constraint",
            "dtype",
        ):
            if given.get(key) is None:
                given[key] = getattr(self, f"_{key}")

    def _inner(self, name: str, name_scope: str, constraint: Any, overrides: Any) -> VariableScope:
        """A scope that begins with this one's defaults, with what `overrides` gives in place."""
        scope = copy.copy(self)
        scope._name, scope._name_scope, scope._constraint = name, name_scope, constraint
        for key, value in overrides.items():
            if value is not None:
                setattr(scope, f"_{key}", value)
        getter, outer = overrides.get("custom_getter"), self._custom_getter
        if getter is not None and outer is not None:
            scope._custom_getter = _nested_getter(getter, outer)
        return scope


def _nested_getter(inner: Callable[..., Any], outer: Callable[..., Any]) -> Callable[..., Any]:
    def nested(getter: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return inner(functools.partial(outer, getter), *args, **kwargs)

    return nested


def _check_value_dtype(initializer: Any, dtype: Any) -> None:
    found = convert_to_tensor(initializer).dtype.base_dtype
    if found != dtype:
        raise ValueError(f"Initializer type '{found}' and explicit dtype '{dtype}' don't match.")


class _ScopeState(threading.local):
    """A graph's current variable scope and how often each scope was opened, one a thread."""

    def __init__(self) -> None:
        self.current_scope = VariableScope(False)
        self.counts: dict[str, int] = {}

    def open(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def close_inner(self, name: str | None) -> None:
        for key in self.counts:
            if name is None or key.startswith(f"{name}/"):
                self.counts[key] = 0


def _state(graph: Graph) -> _ScopeState:
    if "variable_scopes" not in graph.extra:
        graph.extra["variable_scopes"] = _ScopeState()
    return graph.extra["variable_scopes"]  # type: ignore[no-any-return]


def _default_store() -> VariableStore:
    graph = get_default_graph()
    if "variable_store" not in graph.extra:
        graph.extra["variable_store"] = VariableStore()
    return graph.extra["variable_store"]  # type: ignore[no-any-return]


def get_variable_scope() -> VariableScope:
    """The current variable scope."""
    return _state(get_default_graph()).current_scope


def unique_scope_name(prefix: str) -> str:
    """`prefix`, or `prefix_1`, `prefix_2` ...: the first not open yet in the current scope."""
    state = _state(get_default_graph())
    candidate, count = prefix, 0
    while state.counts.get(state.current_scope._full_name(candidate), 0):
        count += 1
        candidate = f"{prefix}_{count}"
    return candidate


def get_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool | None = None,
    collections: Any = None,
    caching_device: Any = None,
    partitioner: Any = None,
    validate_shape: bool = True,
    use_resource: bool | None = None,
    custom_getter: Any = None,
    constraint: Any = None,
    synchronization: Any = VariableSynchronization.AUTO,
    aggregation: Any = VariableAggregation.NONE,
) -> Any:
    """The variable `name` of the current scope: a new one, or with `reuse` the one made before.

    `initializer` is a function of (shape, dtype) or a value (then without `shape`); by default
    floats begin Glorot-uniform and integers with zeros. `regularizer(variable)` goes to the
    collection of regularization losses. Arguments that are None come from the scope.

    Raises ValueError when the variable exists and the scope does not reuse, when it reuses and
    there is none, and when shape or dtype differ from the existing one's.
    """
    given = dict(locals())
    return get_variable_scope().get_variable(_default_store(), **given)


def get_local_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = False,
    collections: Any = None,
    caching_device: Any = None,
    partitioner: Any = None,
    validate_shape: bool = True,
    use_resource: bool | None = None,
    custom_getter: Any = None,
    constraint: Any = None,
    synchronization: Any = VariableSynchronization.AUTO,
    aggregation: Any = VariableAggregation.NONE,
) -> Any:
    """Like `get_variable`, for a variable that is local: neither trained nor saved."""
    given = dict(locals())
    given["collections"] = [*(collections or ()), GraphKeys.LOCAL_VARIABLES]
    given["trainable"] = False
    return get_variable(**given)


def partitioned_variable(**given: Any) -> Any:
    """A variable in parts that bears the current scope's own name."""
    scope = get_variable_scope()
    if scope.custom_getter is not None:
        raise ValueError(
            "create_partitioned_variables does not go with a custom getter: use get_variable "
            "with a partitioner."
        )
    scope._fill(given)
    given.pop("custom_getter")
    with get_default_graph().name_scope(None):
        return _default_store().get_partitioned(Request(scope._full_name(None), **given))


def _graph_of(values: Any) -> Graph:
    """The graph of the tensors among `values`, else the default graph."""
    graphs = {id(g): g for v in values if isinstance(g := getattr(v, "graph", None), Graph)}
    if len(graphs) > 1:
        raise ValueError("The values of a variable_scope are from different graphs.")
    return next(iter(graphs.values()), get_default_graph())


class variable_scope:
    """A scope for `get_variable`, and a name scope for the operations inside.

    `name_or_scope` is a name below the current scope, or a VariableScope to enter again; without
    it `default_name` is made unique. `reuse` is inherited: True finds variables, `tf.AUTO_REUSE`
    makes those that are missing. The other arguments become defaults of `get_variable`.
    `auxiliary_name_scope=False` leaves the name scope alone.

    Raises TypeError without a name, ValueError for another `reuse`.
    """

    def __init__(
        self,
        name_or_scope: Any,
        default_name: str | None = None,
        values: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        custom_getter: Any = None,
        reuse: Any = None,
        dtype: Any = None,
        use_resource: bool | None = None,
        constraint: Any = None,
        auxiliary_name_scope: bool = True,
    ) -> None:
        self._name_or_scope, self._default_name = name_or_scope, default_name
        if default_name is None and name_or_scope is None:
            raise TypeError("If default_name is None then name_or_scope is required")
        if name_or_scope is not None and not isinstance(name_or_scope, (str, VariableScope)):
            raise TypeError("VariableScope: name_or_scope must be a string or VariableScope.")
        self._reuse = None if reuse is False else reuse
        if not (self._reuse in (None, True) or self._reuse is AUTO_REUSE):
            raise ValueError("The reuse parameter must be True or False or None.")
        if name_or_scope is None and self._reuse:
            raise ValueError("reuse=True cannot be used without a name_or_scope")
        if not isinstance(auxiliary_name_scope, bool):
            raise TypeError(
                "The auxiliary_name_scope must be `True` or `False`, while get "
                f"{auxiliary_name_scope}"
            )
        self._values, self._auxiliary = values or [], auxiliary_name_scope
        self._constraint = constraint
        self._overrides = {
            "initializer": initializer,
            "regularizer": regularizer,
            "caching_device": caching_device,
            "partitioner": partitioner,
            "custom_getter": custom_getter,
            "dtype": dtype,
            "use_resource": use_resource,
        }
        self._entered: list[tuple[_ScopeState, VariableScope, ExitStack]] = []

    def __enter__(self) -> VariableScope:
        with ExitStack() as stack:
            graph = _graph_of(self._values)
            if graph is not get_default_graph():
                stack.enter_context(graph.as_default())
            name_scope = self._enter_name_scope(graph, stack)
            scope: VariableScope = stack.enter_context(self._pure(graph, name_scope))
            self._entered.append((_state(graph), scope, stack.pop_all()))
        return scope

    def __exit__(self, type_arg: Any, value_arg: Any, traceback_arg: Any) -> None:
        state, scope, stack = self._entered[-1]
        if state.current_scope is not scope:
            raise RuntimeError("Improper nesting of variable_scope.")
        self._entered.pop()
        stack.__exit__(type_arg, value_arg, traceback_arg)

    def _enter_name_scope(self, graph: Graph, stack: ExitStack) -> str | None:
        """Enters the name scope; its name with a slash, None where there is none to enter."""
        if not self._auxiliary:
            current = graph.get_name_scope()
            return f"{current}/" if current else ""
        name = self._name_or_scope
        if isinstance(name, VariableScope):
            name = name.name.rsplit("/", 1)[-1]
        elif name is None:
            name = self._default_name
        return stack.enter_context(graph.name_scope(name)) if name else None

    def _pure(self, graph: Graph, name_scope: str | None) -> Any:
        name = self._name_or_scope
        if isinstance(name, VariableScope):
            overrides = {**self._overrides, "reuse": self._reuse or None}
            scope = name._inner(name.name, name.original_name_scope, self._constraint, overrides)
            return _entered_again(graph, scope)
        if name is None:
            name = unique_scope_name(self._default_name or "")
        return pure_variable_scope(
            name, name_scope, reuse=self._reuse, constraint=self._constraint, **self._overrides
        )


@contextmanager
def _current(state: _ScopeState, scope: VariableScope) -> Iterator[VariableScope]:
    old, state.current_scope = state.current_scope, scope
    try:
        yield scope
    finally:
        state.current_scope = old


@contextmanager
def _entered_again(graph: Graph, scope: VariableScope) -> Iterator[VariableScope]:
    """Enters a scope captured before; the counts of scopes opened inside are put back after."""
    state = _state(graph)
    state.open(scope.name)
    counts = dict(state.counts)
    try:
        with _current(state, scope):
            yield scope
    finally:
        state.counts = counts


@contextmanager
def pure_variable_scope(
    name: str,
    name_scope: str | None = None,
    *,
    reuse: Any = None,
    constraint: Any = None,
    **overrides: Any,
) -> Iterator[VariableScope]:
    """A variable scope below the current one that leaves the name scope alone."""
    state = _state(get_default_graph())
    outer = state.current_scope
    full_name = f"{outer.name}/{name}" if outer.name else name
    overrides["reuse"] = reuse or outer.reuse
    original = name if name_scope is None else name_scope
    scope = outer._inner(full_name, original, constraint, overrides)
    state.open(full_name)
    try:
        with _current(state, scope):
            yield scope
    finally:
        state.close_inner(full_name)


@contextmanager
def variable_op_scope(
    values: Any,
    name_or_scope: Any,
    default_name: str | None = None,
    initializer: Any = None,
    regularizer: Any = None,
    caching_device: Any = None,
    partitioner: Any = None,
    custom_getter: Any = None,
    reuse: Any = None,
    dtype: Any = None,
    use_resource: bool | None = None,
    constraint: Any = None,
) -> Iterator[VariableScope]:
    """The old form of `variable_scope`, with the values first."""
    given = dict(locals())
    with variable_scope(**given) as scope:
        yield scope


@contextmanager
def variable_creator_scope(variable_creator: Callable[..., Any]) -> Iterator[None]:
    """Variables inside are made by `variable_creator(next_creator, **kwargs)`."""
    graph = get_default_graph()
    old = graph.extra.get("variable_creators", ())
    inside = graph.extra["variable_creators"] = (*old, variable_creator)
    try:
        yield
    finally:
        if graph.extra["variable_creators"] is not inside:
            raise RuntimeError("Exiting variable_creator_scope without proper nesting.")
        graph.extra["variable_creators"] = old
