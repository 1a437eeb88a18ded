"""`tf.contrib.framework`: argument scopes, and variables by collection, scope and name."""

from __future__ import annotations

from typing import Any

from ... import nest
from ...critical_section_ops import CriticalSection
from ...framework import is_tensor
from ...label_ops import remove_squeezable_dimensions as _remove_squeezable_dimensions
from ...smart_cond import smart_case, smart_cond, smart_constant_value
from .arg_scope import (
    add_arg_scope,
    arg_scope,
    arg_scope_func_key,
    arg_scoped_arguments,
    current_arg_scope,
    has_arg_scope,
)
from .script_ops import py_func
from .tensor_util import (
    assert_scalar_int,
    get_graph_from_inputs,
    get_placeholders,
    reduce_sum_n,
    with_same_shape,
    with_shape,
)
from .variables import (
    VariableDeviceChooser,
    add_model_variable,
    assign_from_checkpoint,
    assign_from_checkpoint_fn,
    assign_from_values,
    assign_from_values_fn,
    filter_variables,
    get_local_variables,
    get_model_variables,
    get_trainable_variables,
    get_unique_variable,
    get_variable_full_name,
    get_variables,
    get_variables_by_name,
    get_variables_by_suffix,
    get_variables_to_restore,
    global_variable,
    local_variable,
    model_variable,
    variable,
    zero_initializer,
)

__all__ = [
    "CriticalSection",
    "VariableDeviceChooser",
    "add_arg_scope",
    "add_model_variable",
    "arg_scope",
    "arg_scope_func_key",
    "arg_scoped_arguments",
    "assert_or_get_global_step",
    "assert_scalar_int",
    "assign_from_checkpoint",
    "assign_from_checkpoint_fn",
    "assign_from_values",
    "assign_from_values_fn",
    "current_arg_scope",
    "filter_variables",
    "get_graph_from_inputs",
    "get_local_variables",
    "get_model_variables",
    "get_name_scope",
    "get_placeholders",
    "get_trainable_variables",
    "get_unique_variable",
    "get_variable_full_name",
    "get_variables",
    "get_variables_by_name",
    "get_variables_by_suffix",
    "get_variables_to_restore",
    "global_variable",
    "has_arg_scope",
    "is_tensor",
    "local_variable",
    "model_variable",
    "nest",
    "py_func",
    "reduce_sum_n",
    "remove_squeezable_dimensions",
    "smart_case",
    "smart_cond",
    "smart_constant_value",
    "variable",
    "with_same_shape",
    "with_shape",
    "zero_initializer",
]


def get_name_scope() -> str:
    """The current name scope of the default graph, without a slash at the end."""
    from ....core.graph import get_default_graph

    return get_default_graph().get_name_scope()


def remove_squeezable_dimensions(
    predictions: Any, labels: Any, name: str | None = None
) -> tuple[Any, Any]:
    """(predictions, labels) with a last axis of extent 1 dropped where their ranks differ."""
    labels, predictions = _remove_squeezable_dimensions(labels, predictions, name=name)
    return predictions, labels


def assert_or_get_global_step(graph: Any = None, global_step_tensor: Any = None) -> Any:
    """The given global step, checked, or without one the graph's."""
    from ... import train

    if global_step_tensor is None:
        return train.get_global_step(graph)
    train.assert_global_step(global_step_tensor)
    return global_step_tensor


# Global steps were here before they went to tf.train.
_IN_TRAIN = (
    "assert_global_step",
    "create_global_step",
    "get_global_step",
    "get_or_create_global_step",
    "init_from_checkpoint",
    "list_variables",
    "load_checkpoint",
    "load_variable",
)


def __getattr__(name: str) -> Any:
    from ...namespaces import resolve

    return resolve("tf.train" if name in _IN_TRAIN else "tf.contrib.framework", name)
