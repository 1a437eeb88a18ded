"""Variables by collection, scope and name."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ....core.dtypes import float32
from ....core.graph import get_default_graph
from ...control_flow_ops import group
from ...graph_keys import GraphKeys
from ...variable_scope import VariableScope, get_variable, get_variable_scope
from ...variables import Variable, VariableAggregation, VariableSynchronization
from .arg_scope import add_arg_scope

__all__ = [
    "VariableDeviceChooser",
    "add_model_variable",
    "assign_from_checkpoint",
    "assign_from_checkpoint_fn",
    "assign_from_values",
    "assign_from_values_fn",
    "filter_variables",
    "get_local_variables",
    "get_model_variables",
    "get_trainable_variables",
    "get_unique_variable",
    "get_variable_full_name",
    "get_variables",
    "get_variables_by_name",
    "get_variables_by_suffix",
    "get_variables_to_restore",
    "global_variable",
    "local_variable",
    "model_variable",
    "variable",
    "zero_initializer",
]


def zero_initializer(ref: Any, use_locking: bool = True, name: str = "zero_initializer") -> Any:
    """An operation that sets a variable to zeros."""
    from ... import array_ops

    return ref.assign(array_ops.zeros(ref.shape, ref.dtype.base_dtype), name=name)


def local_variable(
    initial_value: Any,
    validate_shape: bool = True,
    name: str | None = None,
    use_resource: bool | None = None,
) -> Any:
    """A variable of the collection of local variables."""
    return _untrained(GraphKeys.LOCAL_VARIABLES, initial_value, validate_shape, name, use_resource)


def global_variable(
    initial_value: Any,
    validate_shape: bool = True,
    name: str | None = None,
    use_resource: bool | None = None,
) -> Any:
    """A variable of the collection of global variables that is not trained."""
    return _untrained(GraphKeys.GLOBAL_VARIABLES, initial_value, validate_shape, name, use_resource)


def _untrained(key: str, initial_value: Any, validate_shape: bool, name: Any, resource: Any) -> Any:
    return Variable(
        initial_value,
        trainable=False,
        collections=[key],
        validate_shape=validate_shape,
        use_resource=resource,
        name=name,
    )


@add_arg_scope
def variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    collections: Any = None,
    caching_device: Any = None,
    device: Any = None,
    partitioner: Any = None,
    custom_getter: Callable[..., Any] | None = None,
    use_resource: bool | None = None,
    synchronization: Any = VariableSynchronization.AUTO,
    aggregation: Any = VariableAggregation.NONE,
) -> Any:
    """`tf.get_variable` with a device, whose arguments an arg_scope may set."""
    keys = [GraphKeys.GLOBAL_VARIABLES] if collections is None else collections
    getter: Callable[..., Any] = get_variable
    if custom_getter is not None:
        getter = functools.partial(custom_getter, reuse=get_variable_scope().reuse)
    with get_default_graph().device(device or ""):
        return getter(
            name,
            shape=shape,
            dtype=dtype,
            initializer=initializer,
            regularizer=regularizer,
            trainable=trainable,
            collections=list(dict.fromkeys(keys)),
            caching_device=caching_device,
            partitioner=partitioner,
            use_resource=use_resource,
            synchronization=synchronization,
            aggregation=aggregation,
        )


@add_arg_scope
def model_variable(
    name: str,
    shape: Any = None,
    dtype: Any = float32,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    collections: Any = None,
    caching_device: Any = None,
    device: Any = None,
    partitioner: Any = None,
    custom_getter: Callable[..., Any] | None = None,
    use_resource: bool | None = None,
    synchronization: Any = VariableSynchronization.AUTO,
    aggregation: Any = VariableAggregation.NONE,
) -> Any:
    """Like `variable`, in the collection of model variables too."""
    given = dict(locals())
    keys = (GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES)
    given["collections"] = [*(collections or ()), *keys]
    return variable(**given)


def add_model_variable(var: Any) -> None:
    """Puts a variable into the collection of model variables, once."""
    collection = get_default_graph().get_collection_ref(GraphKeys.MODEL_VARIABLES)
    if not any(v is var for v in collection):
        collection.append(var)


def get_variables(
    scope: Any = None, suffix: str | None = None, collection: str = GraphKeys.GLOBAL_VARIABLES
) -> list[Any]:
    """The variables of a collection in a scope whose names end in `suffix`."""
    if isinstance(scope, VariableScope):
        scope = scope.name
    if suffix is not None:
        suffix = suffix if ":" in suffix else f"{suffix}:"
        scope = f"{scope or ''}.*{suffix}"
    return get_default_graph().get_collection(collection, scope)


def get_model_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """The model variables in a scope whose names end in `suffix`."""
    return get_variables(scope, suffix, GraphKeys.MODEL_VARIABLES)


def get_local_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """The local variables in a scope whose names end in `suffix`."""
    return get_variables(scope, suffix, GraphKeys.LOCAL_VARIABLES)


def get_trainable_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """The trainable variables in a scope whose names end in `suffix`."""
    return get_variables(scope, suffix, GraphKeys.TRAINABLE_VARIABLES)


def get_variables_to_restore(
    include: Sequence[Any] | None = None, exclude: Sequence[Any] | None = None
) -> list[Any]:
    """The global variables of the scopes `include` (None: all) without those of `exclude`."""
    for what, scopes in (("include", include), ("exclude", exclude)):
        if scopes is not None and not isinstance(scopes, (list, tuple)):
            raise TypeError(f"{what} is provided but is not a list or a tuple.")
    wanted = get_variables() if include is None else _in_scopes(include)
    unwanted = set(_in_scopes(exclude or ()))
    return [v for v in wanted if v not in unwanted]


def _in_scopes(scopes: Iterable[Any]) -> list[Any]:
    return [v for scope in scopes for v in get_variables(scope)]


def get_variables_by_suffix(suffix: str, scope: Any = None) -> list[Any]:
    """The global variables in a scope whose names end in `suffix`."""
    return get_variables(scope=scope, suffix=suffix)


def get_variables_by_name(given_name: str, scope: Any = None) -> list[Any]:
    """The global variables in a scope whose last name is `given_name`."""
    return get_variables(scope=scope, suffix=f"/{given_name}:|^{given_name}:")


def get_unique_variable(var_op_name: str) -> Any:
    """The global variable of this name; ValueError if there is none."""
    candidates = get_variables(scope=var_op_name)
    if not candidates:
        raise ValueError(f"Couldn't find variable {var_op_name}")
    for candidate in candidates:
        if candidate.op.name == var_op_name:
            return candidate
    raise ValueError(f"Variable {var_op_name} does not uniquely identify a variable")


def assign_from_values(var_names_to_values: Mapping[str, Any]) -> tuple[Any, dict[Any, Any]]:
    """(an operation that sets the variables to the values, what to feed it)."""
    assigns, feed = [], {}
    for name, value in var_names_to_values.items():
        found = get_unique_variable(name)
        placeholder, assign = _assign_placeholder(found)
        assigns.append(assign)
        feed[placeholder] = np.reshape(value, found.shape.as_list())
    return group(*assigns), feed


def _assign_placeholder(found: Any) -> tuple[Any, Any]:
    from ... import array_ops

    dtype, name = found.dtype.base_dtype, f"placeholder/{found.op.name}"
    placeholder = array_ops.placeholder(dtype=dtype, shape=found.shape, name=name)
    return placeholder, found.assign(placeholder)


def assign_from_values_fn(var_names_to_values: Mapping[str, Any]) -> Callable[[Any], Any]:
    """A function of a session that sets the variables to the values."""
    assign, feed = assign_from_values(var_names_to_values)
    return lambda session: session.run(assign, feed)


def get_variable_full_name(var: Any) -> str:
    """The name under which a variable is saved: that of the whole for a part."""
    if var._save_slice_info:
        return var._save_slice_info.full_name  # type: ignore[no-any-return]
    return var.op.name  # type: ignore[no-any-return]


def _by_checkpoint_name(var_list: Any) -> dict[str, list[Any]]:
    if isinstance(var_list, Mapping):
        pairs = var_list.items()
        return {k: list(v) if isinstance(v, (list, tuple)) else [v] for k, v in pairs}
    grouped: dict[str, list[Any]] = {}
    for var in var_list:
        grouped.setdefault(get_variable_full_name(var), []).append(var)
    return grouped


def assign_from_checkpoint(
    model_path: str, var_list: Any, ignore_missing_vars: bool = False
) -> tuple[Any, dict[Any, Any]]:
    """(an operation that sets the variables to a checkpoint's values, what to feed it).

    `var_list` is a list of variables, or a dictionary from names in the checkpoint. Raises
    ValueError for names that the checkpoint lacks, unless they are to be ignored.
    """
    reader = _reader(model_path)
    assigns, feed = [], {}
    for name, group_of_vars in _by_checkpoint_name(var_list).items():
        if not reader.has_tensor(name):
            if ignore_missing_vars:
                continue
            raise ValueError(f"Checkpoint is missing variable [{name}]")
        value = reader.get_tensor(name)
        for var in group_of_vars:
            placeholder, assign = _assign_placeholder(var)
            assigns.append(assign)
            feed[placeholder] = _part_of(var, value, name)
    return group(*assigns), feed


def _reader(model_path: str) -> Any:
    from ...namespaces import resolve

    return resolve("tf.train", "NewCheckpointReader")(model_path)


def _part_of(var: Any, value: Any, name: str) -> Any:
    info = var._save_slice_info
    if info:
        corners = zip(info.var_offset, info.var_shape, strict=True)
        return value[tuple(slice(start, start + extent) for start, extent in corners)]
    if var.shape.as_list() != list(value.shape):
        raise ValueError(
            f"Total size of new array must be unchanged for {name} lh_shape: "
            f"[{value.shape}], rh_shape: [{var.shape}]"
        )
    return value


def assign_from_checkpoint_fn(
    model_path: str,
    var_list: Any,
    ignore_missing_vars: bool = False,
    reshape_variables: bool = False,
) -> Callable[[Any], None] | None:
    """A function of a session that restores the variables from a checkpoint.

    None when there is nothing to restore; ValueError for an empty `var_list`.
    """
    from ...namespaces import resolve

    if not var_list:
        raise ValueError("var_list cannot be empty")
    if ignore_missing_vars:
        reader = _reader(model_path)
        by_name = var_list if isinstance(var_list, Mapping) else {v.op.name: v for v in var_list}
        var_list = {name: v for name, v in by_name.items() if reader.has_tensor(name)}
    if not var_list:
        return None
    saver = resolve("tf.train", "Saver")(var_list, reshape=reshape_variables)
    return lambda session: saver.restore(session, model_path)


class VariableDeviceChooser:
    """A device function that spreads variables over the tasks of a job, one after another."""

    def __init__(
        self,
        num_tasks: int = 0,
        job_name: str = "ps",
        device_type: str = "CPU",
        device_index: int = 0,
        replica: int | None = None,
    ) -> None:
        self._job = job_name
        self._device = f"/device:{device_type}:{device_index}"
        self._replica = "" if replica is None else f"/replica:{replica}"
        self._num_tasks, self._next_task = num_tasks, 0

    def __call__(self, op: Any) -> str:
        if not self._num_tasks:
            return self._replica + self._device
        task, self._next_task = self._next_task, (self._next_task + 1) % self._num_tasks
        return f"/job:{self._job}{self._replica}/task:{task}{self._device}"


def filter_variables(
    var_list: Iterable[Any],
    include_patterns: Sequence[str] | None = None,
    exclude_patterns: Sequence[str] | None = None,
    reg_search: bool = True,
) -> list[Any]:
    """The variables whose names fit some of `include_patterns` and none of `exclude_patterns`.

    With `reg_search` a pattern may fit anywhere in the name, else only at its start.
    """
    fits = re.search if reg_search else re.match

    def chosen(var: Any) -> bool:
        if include_patterns is not None and not any(fits(p, var.name) for p in include_patterns):
            return False
        return not any(fits(p, var.name) for p in exclude_patterns or ())

    return [var for var in var_list if chosen(var)]
