"""Slots: variables that an optimizer or an average keeps beside another variable.

A slot of variable `h/kernel` made under the name `Adam` is called `h/kernel/Adam`, is not trained,
and lives on the device of its primary.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ...core.dtypes import DType
from ...core.graph import get_default_graph
from ...core.tensor import Tensor
from .. import array_ops, init_ops
from ..ref_variables import RefVariable
from ..variable_scope import get_variable, get_variable_scope, variable_scope
from ..variables import Variable

__all__ = ["create_slot", "create_slot_with_initializer", "create_zeros_slot"]


def is_resource_variable(x: Any) -> bool:
    """Whether `x` is a variable behind a resource handle."""
    return isinstance(x, Variable) and not isinstance(x, RefVariable)


def create_slot(primary: Any, val: Any, name: str, colocate_with_primary: bool = True) -> Any:
    """A slot of `primary`, a variable or tensor, that starts with the tensor `val`."""
    known = val.get_shape().is_fully_defined()
    return _create(primary, name, colocate_with_primary, initializer=val, validate_shape=known)


def create_slot_with_initializer(
    primary: Any,
    initializer: Any,
    shape: Any,
    dtype: Any,
    name: str,
    colocate_with_primary: bool = True,
) -> Any:
    """A slot of `primary` that starts with what `initializer` gives for `shape` and `dtype`."""
    known = shape.is_fully_defined()
    # A tensor in the place of an initializer has its own shape.
    shape = shape if callable(initializer) else None
    return _create(
        primary,
        name,
        colocate_with_primary,
        initializer=initializer,
        shape=shape,
        dtype=dtype,
        validate_shape=known,
    )


def create_zeros_slot(
    primary: Any, name: str, dtype: DType | None = None, colocate_with_primary: bool = True
) -> Any:
    """A slot of zeros, shaped like `primary`."""
    dtype = primary.dtype if dtype is None else dtype
    shape = primary.get_shape()
    if shape.is_fully_defined():
        initializer = init_ops.zeros_initializer()
        return create_slot_with_initializer(
            primary, initializer, shape, dtype, name, colocate_with_primary
        )
    source = primary.initialized_value() if isinstance(primary, Variable) else primary
    val = array_ops.zeros(array_ops.shape(source), dtype=dtype)
    return create_slot(primary, val, name, colocate_with_primary)


def _create(primary: Any, name: str, colocate: bool, **kwargs: Any) -> Any:
    with variable_scope(None, f"{primary.op.name}/{name}"), _beside(primary, colocate):
        scope = get_variable_scope()
        partitioner = scope.partitioner
        scope.set_partitioner(None)  # a slot is as whole as its primary
        use_resource = None if isinstance(primary, Tensor) else is_resource_variable(primary)
        slot = get_variable("", trainable=False, use_resource=use_resource, **kwargs)
        scope.set_partitioner(partitioner)
    _share_slice(primary, slot)
    return slot


def _beside(primary: Any, colocate: bool) -> AbstractContextManager[Any]:
    return get_default_graph().colocate_with(primary) if colocate else nullcontext()


def _share_slice(primary: Any, slot: Any) -> None:
    """The slot of a part of a partitioned variable is saved as the same part of a slot."""
    info = getattr(primary, "_save_slice_info", None)
    if info is None:
        return
    slot_name = slot.op.name[len(primary.op.name) + 1 :]
    slot._set_save_slice_info(
        Variable.SaveSliceInfo(
            f"{info.full_name}/{slot_name}",
            list(info.full_shape),
            list(info.var_offset),
            list(info.var_shape),
        )
    )
