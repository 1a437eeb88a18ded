"""The `Variable` of TensorFlow's internal modules: it always makes resource variables.

`tf.Variable`, which chooses the kind, is called `VariableV1` there.
"""

from __future__ import annotations

from typing import Any

from .variables import Variable, VariableAggregation, VariableSynchronization, VariableType


class _ResourceOnly(VariableType):
    """Calls make resource variables; every variable is an instance."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return _make(*args, **kwargs)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Variable)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, Variable)


class VariableV2(Variable, metaclass=_ResourceOnly):
    """A resource variable; the arguments are those of `tf.Variable` but for its last ones."""


def _make(
    initial_value: Any = None,
    trainable: Any = None,
    validate_shape: Any = True,
    caching_device: Any = None,
    name: Any = None,
    variable_def: Any = None,
    dtype: Any = None,
    import_scope: Any = None,
    constraint: Any = None,
    synchronization: Any = VariableSynchronization.AUTO,
    aggregation: Any = VariableAggregation.NONE,
    shape: Any = None,
) -> Any:
    return Variable(
        initial_value=initial_value,
        trainable=trainable,
        validate_shape=validate_shape,
        caching_device=caching_device,
        name=name,
        variable_def=variable_def,
        dtype=dtype,
        import_scope=import_scope,
        constraint=constraint,
        use_resource=True,
        synchronization=synchronization,
        aggregation=aggregation,
        shape=shape,
    )
