"""What all layers have: weights made once, a call that may be repeated, losses and updates.

`BaseLayer` is the common part; `tf.layers.Layer` (here too) keeps its weights in variable scopes,
as TensorFlow 1's layers do.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..core.context import sessions
from ..core.dtypes import DType, as_dtype, float32
from ..core.graph import get_default_graph
from ..core.tensor import Operation, Tensor
from ..core.tensor_shape import TensorShape
from . import array_ops, math_ops, nest
from .framework import convert_to_tensor, name_scope
from .graph_keys import GraphKeys
from .input_spec import InputSpec, check_inputs
from .keras import constraints, initializers, regularizers
from .partitioned_variables import PartitionedVariable
from .variable_scope import VariableScope, get_variable, variable_scope
from .variables import (
    VariableAggregation,
    VariableSynchronization,
    global_variables,
    trainable_variables,
)

_LAYER_ARGUMENTS = {
    "input_shape",
    "batch_input_shape",
    "batch_size",
    "weights",
    "activity_regularizer",
    "autocast",
}


def to_snake_case(name: str) -> str:
    """A class's name as its layers' names: `BatchNormalization`, `batch_normalization`."""
    name = re.sub("(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    name = re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
    return f"private{name}" if name.startswith("_") else name


def unique_object_name(name: str, zero_based: bool = False) -> str:
    """`name` with a number that no object of the default graph has yet."""
    counts = get_default_graph().extra.setdefault("object_names", {})
    count = counts.get(name, 0)
    counts[name] = count + 1
    if zero_based:
        return f"{name}_{count}" if count else name
    return f"{name}_{count + 1}"


class BaseLayer:
    """A function with state: `build` makes the weights, `call` computes with them.

    Subclasses override `build(input_shape)` and `call(inputs, ...)`. Calling the layer converts
    and checks the inputs, builds it the first time, and collects losses and updates.
    """

    def __init__(
        self,
        trainable: bool = True,
        name: str | None = None,
        dtype: Any = None,
        dynamic: bool = False,
        **kwargs: Any,
    ) -> None:
        unknown = sorted(kwargs.keys() - _LAYER_ARGUMENTS)
        if unknown:
            raise TypeError(f"Keyword argument not understood: {unknown[0]!r}")
        self._trainable = trainable
        self.stateful = self.built = self.supports_masking = False
        self._input_spec: Any = None
        self._init_set_name(name)
        self._activity_regularizer = kwargs.get("activity_regularizer")
        self._trainable_weights: list[Any] = []
        self._non_trainable_weights: list[Any] = []
        self._updates: list[tuple[Any, bool]] = []
        self._losses: list[tuple[Tensor, bool]] = []
        self._callable_losses: list[Callable[[], Any]] = []
        self._layers: list[BaseLayer] = []
        self._dtype = None if dtype is None else as_dtype(dtype).name
        self._initial_weights = kwargs.get("weights")
        self._current_inputs: list[Any] = []
        shape = kwargs.get("batch_input_shape")
        if shape is None and "input_shape" in kwargs:
            shape = (kwargs.get("batch_size"), *kwargs["input_shape"])
        if shape is not None:
            self._batch_input_shape = tuple(shape)

    # -- what subclasses override --------------------------------------------------------------
    def build(self, input_shape: Any) -> None:
        """Makes the weights, given the shape of the inputs."""
        self.built = True

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """What the layer computes."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The shape of the output for inputs of this shape."""
        raise NotImplementedError(
            f"Layer {self.name} does not say its output's shape: implement compute_output_shape."
        )

    # -- names ---------------------------------------------------------------------------------
    def _init_set_name(self, name: str | None) -> None:
        self._name = name or unique_object_name(to_snake_case(type(self).__name__), True)

    def _name_scope(self) -> str:
        return self._name

    @property
    def name(self) -> str:
        """The layer's name."""
        return self._name

    @property
    def dtype(self) -> str | None:
        """The dtype of the weights, by name; that of the first input if none was given."""
        return self._dtype

    @property
    def dynamic(self) -> bool:
        """Whether `call` must run eagerly: never here."""
        return False

    @property
    def trainable(self) -> bool:
        """Whether the weights are trained."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = value
        for layer in self._layers:
            layer.trainable = value

    @property
    def activity_regularizer(self) -> Any:
        """A function of the output that gives a loss, or None."""
        return self._activity_regularizer

    @activity_regularizer.setter
    def activity_regularizer(self, regularizer: Any) -> None:
        self._activity_regularizer = regularizer

    @property
    def input_spec(self) -> Any:
        """What the inputs must be: an InputSpec, or a list of one an input."""
        return self._input_spec

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        for spec in nest.flatten(value):
            if spec is not None and not isinstance(spec, InputSpec):
                raise TypeError(f"Layer input_spec must be an instance of InputSpec. Got: {spec}")
        self._input_spec = value

    # -- weights -------------------------------------------------------------------------------
    def _weight(
        self,
        name: str | None,
        shape: Any,
        dtype: Any,
        initializer: Any,
        trainable: bool,
        getter: Callable[..., Any],
        **options: Any,
    ) -> Any:
        """A new weight from `getter`, listed with the layer's weights."""
        dtype = as_dtype(dtype or self.dtype or float32)
        if self._dtype is None:
            self._dtype = dtype.base_dtype.name
        initializer = initializers.get(initializer) or self._default_initializer(name, dtype)
        options["constraint"] = constraints.get(options.get("constraint"))
        variable = getter(
            name=name,
            shape=() if shape is None else shape,
            dtype=dtype,
            initializer=initializer,
            trainable=trainable,
            **options,
        )
        (self._trainable_weights if trainable else self._non_trainable_weights).append(variable)
        return variable

    def _default_initializer(self, name: str | None, dtype: DType) -> Any:
        if dtype.is_floating:
            return initializers.get("glorot_uniform")
        if dtype.is_integer or dtype.is_bool:
            return initializers.get("zeros")
        raise ValueError(
            f"An initializer for variable {name} of type {dtype.base_dtype} is required for layer "
            f"{self.name}"
        )

    def add_variable(self, *args: Any, **kwargs: Any) -> Any:
        """The old name of `add_weight`."""
        return self.add_weight(*args, **kwargs)

    def add_weight(self, *args: Any, **kwargs: Any) -> Any:
        """Makes a weight; each kind of layer says how."""
        raise NotImplementedError

    def _regularize_weight(self, name: str, variable: Any, regularizer: Any) -> None:
        regularizer = regularizers.get(regularizer)
        parts = list(variable) if isinstance(variable, PartitionedVariable) else [variable]

        def loss_of(part: Any) -> Callable[[], Any]:
            def loss() -> Any:
                with name_scope(f"{name}/Regularizer"):
                    return regularizer(part)

            return loss

        for part in parts:
            self.add_loss(loss_of(part))

    def _children(self, attribute: str) -> list[Any]:
        return [item for layer in self._layers for item in getattr(layer, attribute)]

    @property
    def trainable_weights(self) -> list[Any]:
        """The weights that are trained."""
        if not self.trainable:
            return []
        return _distinct(self._trainable_weights + self._children("trainable_weights"))

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The weights that are not trained."""
        if self.trainable:
            return _distinct(self._non_trainable_weights + self._children("non_trainable_weights"))
        own = self._trainable_weights + self._non_trainable_weights
        return _distinct(own + self._children("weights"))

    @property
    def weights(self) -> list[Any]:
        """All weights, the trained ones first."""
        return self.trainable_weights + self.non_trainable_weights

    @property
    def variables(self) -> list[Any]:
        """All weights, the trained ones first."""
        return self.weights

    @property
    def trainable_variables(self) -> list[Any]:
        """The weights that are trained."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Any]:
        """The weights that are not trained."""
        return self.non_trainable_weights

    def count_params(self) -> int:
        """The number of elements of all weights; ValueError before the layer is built."""
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on {self.name}, but the layer isn't built. You "
                f"can build it manually via: `{self.name}.build(batch_input_shape)`."
            )
        return int(sum(np.prod(w.shape.as_list()) for w in self.weights))

    def get_weights(self) -> list[Any]:
        """The weights' values in the default session."""
        return list(_session("get_weights").run(self.weights))

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets the weights in the default session; ValueError if number or shapes differ."""
        if len(weights) != len(self.weights):
            raise ValueError(
                f'You called `set_weights(weights)` on layer "{self.name}" with a weight list of '
                f"length {len(weights)}, but the layer was expecting {len(self.weights)} weights."
            )
        for variable, value in zip(self.weights, weights, strict=True):
            if not variable.shape.is_compatible_with(np.shape(value)):
                raise ValueError(
                    f"Layer weight shape {variable.shape} not compatible with provided weight "
                    f"shape {np.shape(value)}"
                )
            variable.load(value, _session("set_weights"))

    # -- losses and updates --------------------------------------------------------------------
    @property
    def losses(self) -> list[Any]:
        """The losses added so far; those of weights are computed anew."""
        found = [loss for loss, _ in self._losses]
        found += [loss for f in self._callable_losses if (loss := f()) is not None]
        return found + self._children("losses")

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Adds losses: tensors, or functions that give them. `inputs`: what they hang on."""
        for loss in nest.flatten(losses):
            if callable(loss):
                self._callable_losses.append(loss)
            elif loss is not None:
                tensor = loss if isinstance(loss, Tensor) else convert_to_tensor(loss, float32)
                self._losses.append((tensor, inputs is None))

    @property
    def updates(self) -> list[Any]:
        """The update operations added so far; none while the layer is frozen."""
        if not self.trainable and not self.stateful:
            return []
        return [update for update, _ in self._updates] + self._children("updates")

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Adds updates: operations, tensors, or functions that give them."""
        for update in updates if isinstance(updates, (list, tuple)) else [updates]:
            while callable(update):
                update = update()
            op = update if isinstance(update, Operation) else getattr(update, "op", update)
            conditional = isinstance(op, Operation) and _reaches(op, self._current_inputs)
            self._updates.append((op, not conditional))

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """The losses that depend on `inputs`; with None those that depend on none."""
        if inputs is None:
            unconditional = [loss for loss, free in self._losses if free]
            return unconditional + [x for f in self._callable_losses if (x := f()) is not None]
        wanted = nest.flatten(inputs)
        return [x for x, free in self._losses if not free and _reaches(x.op, wanted)]

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """The updates that depend on `inputs`; with None those that depend on none."""
        if inputs is None:
            return [update for update, free in self._updates if free]
        wanted = nest.flatten(inputs)
        return [u for u, free in self._updates if not free and _reaches(u, wanted)]

    # -- calling -------------------------------------------------------------------------------
    def _call_arguments(self) -> list[str]:
        return list(inspect.signature(self.call).parameters)

    def _call_takes(self, argument: str) -> bool:
        parameters = inspect.signature(self.call).parameters
        return argument in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        inputs = nest.map_structure(_as_tensor, inputs)
        if "training" in kwargs and not self._call_takes("training"):
            kwargs.pop("training")
        check_inputs(self.input_spec, inputs, self.name)
        with name_scope(self._name_scope()), self._with_inputs(inputs):
            self._maybe_build(inputs)
            outputs = self.call(inputs, *args, **kwargs)
            if outputs is None:
                raise ValueError(
                    "A layer's `call` method should return a Tensor or a list of Tensors, not None "
                    f"(layer: {self.name})."
                )
            self._regularize_activity(inputs, outputs)
        return outputs

    def apply(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The same as calling the layer."""
        return self(inputs, *args, **kwargs)

    @contextmanager
    def _with_inputs(self, inputs: Any) -> Any:
        old, self._current_inputs = self._current_inputs, nest.flatten(inputs)
        try:
            yield
        finally:
            self._current_inputs = old

    def _maybe_build(self, inputs: Any) -> None:
        if not self.built:
            tensors = nest.flatten(inputs)
            if tensors and self._dtype is None and hasattr(tensors[0], "dtype"):
                self._dtype = tensors[0].dtype.base_dtype.name
            shapes = None
            if all(hasattr(x, "shape") for x in tensors):
                shapes = nest.map_structure(lambda x: x.shape, inputs)
            self.build(shapes)
            self.built = True
        if self._initial_weights is not None:
            initial, self._initial_weights = self._initial_weights, None
            self.set_weights(initial)

    def _regularize_activity(self, inputs: Any, outputs: Any) -> None:
        if not self._activity_regularizer:
            return
        with name_scope("ActivityRegularizer"):
            for output in nest.flatten(outputs):
                loss = self._activity_regularizer(output)
                shape: Any = array_ops.shape(output)
                batch_size = math_ops.cast(shape[0], loss.dtype)
                self.add_loss(loss / batch_size, inputs=inputs)

    # -- configuration -------------------------------------------------------------------------
    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor, for `from_config`."""
        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable}
        if hasattr(self, "_batch_input_shape"):
            config["batch_input_shape"] = self._batch_input_shape
        config["dtype"] = self.dtype
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer that `get_config` describes."""
        return cls(**config)


def _as_tensor(x: Any) -> Any:
    return convert_to_tensor(x) if isinstance(x, (np.ndarray, float, int)) else x


def _distinct(items: Iterable[Any]) -> list[Any]:
    return list({id(item): item for item in items}.values())


def _session(method: str) -> Any:
    session = sessions.top()
    if session is None:
        raise ValueError(
            f"`{method}` needs a default session: call it inside `with tf.Session().as_default():`."
        )
    return session


def _reaches(op: Operation, inputs: Sequence[Any]) -> bool:
    """Whether an operation is computed from one of the inputs."""
    wanted = {x.op for x in inputs if hasattr(x, "op")}
    first = min((o._id for o in wanted), default=0)
    seen: set[Operation] = set()
    pending = [op]
    while pending:
        op = pending.pop()
        if op in wanted:
            return True
        if op not in seen and op._id >= first:
            seen.add(op)
            pending += [x.op for x in op.operands if isinstance(x, Tensor)]
            pending += op.control_inputs
    return False


class Layer(BaseLayer):
    """`tf.layers.Layer`: its weights are variables of a variable scope named after the layer.

    With `_reuse` (the `reuse` of the functional forms) it finds the variables of an earlier layer.
    """

    def __init__(
        self, trainable: bool = True, name: Any = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        scope = kwargs.pop("_scope", None)
        self._reuse = kwargs.pop("_reuse", None)
        self._use_resource_variables = False
        super().__init__(trainable=trainable, name=name, dtype=dtype, **kwargs)
        self._scope: VariableScope | None = None
        self._always_reuse: variable_scope | None = None
        if scope:
            with variable_scope(scope) as captured:
                self._scope = captured
        self._current_scope: Any = None

    def _init_set_name(self, name: Any) -> None:
        base = to_snake_case(type(self).__name__)
        if isinstance(name, VariableScope):
            self._name, self._base_name = unique_object_name(base), name.name
        elif name:
            self._name = self._base_name = name
        else:
            self._name, self._base_name = unique_object_name(base), base

    @property
    def graph(self) -> None:
        """Layers keep no graph: None."""
        return None

    @property
    def scope_name(self) -> str:
        """The name of its variable scope; ValueError before the first call."""
        if self._scope is None:
            raise ValueError(
                f'No name available for layer scope because the layer "{self._name}" has not been '
                "used yet. The scope name is determined the first time the layer instance is "
                "called. You must therefore call the layer before querying `scope_name`."
            )
        return self._scope.name

    def _name_scope(self) -> str:
        return self._current_scope.original_name_scope  # type: ignore[no-any-return]

    def _set_scope(self, scope: Any = None) -> None:
        if self._scope is not None:
            return
        if self._reuse:
            context = variable_scope(scope if scope is not None else self._base_name)
        else:
            context = variable_scope(scope, default_name=self._base_name)
        with context as captured:
            self._scope = captured

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Adds losses, and puts them into the collection of regularization losses."""
        before, functions_before = len(self._losses), len(self._callable_losses)
        super().add_loss(losses, inputs=inputs)
        new: list[Any] = [loss for loss, _ in self._losses[before:]]
        new += [x for f in self._callable_losses[functions_before:] if (x := f()) is not None]
        _collect(new, GraphKeys.REGULARIZATION_LOSSES)

    def add_weight(
        self,
        name: str,
        shape: Any,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool | None = None,
        constraint: Any = None,
        use_resource: bool | None = None,
        synchronization: Any = VariableSynchronization.AUTO,
        aggregation: Any = VariableAggregation.NONE,
        partitioner: Any = None,
        **kwargs: Any,
    ) -> Any:
        """The weight `name` of the layer's variable scope: a new one, or when reusing the old.

        `regularizer(weight)` joins the regularization losses if the weight is new. Raises
        ValueError as `tf.get_variable` does.
        """
        if kwargs.keys() - {"experimental_autocast"}:
            raise TypeError("Unknown keyword argument:", min(kwargs))
        trainable = _checked_trainable(trainable, synchronization)
        existing = set(global_variables())
        self._set_scope(None)
        reuse = self.built or self._reuse
        with variable_scope(self._scope, reuse=reuse, auxiliary_name_scope=False) as scope:
            self._current_scope = scope
            with name_scope(self._name_scope()):
                variable = self._weight(
                    name,
                    shape,
                    dtype or self.dtype or float32,
                    scope.initializer if initializer is None else initializer,
                    trainable and self.trainable,
                    get_variable,
                    constraint=constraint,
                    partitioner=partitioner,
                    use_resource=use_resource or self._use_resource_variables or scope.use_resource,
                    synchronization=synchronization,
                    aggregation=aggregation,
                )
                parts = list(variable) if isinstance(variable, PartitionedVariable) else [variable]
                if regularizer and existing.isdisjoint(parts):
                    self._regularize_weight(name, variable, regularizer)
        self._sort_weight(variable, parts)
        return variable

    def _sort_weight(self, variable: Any, parts: list[Any]) -> None:
        """Lists a weight that a custom getter made untrainable where it belongs."""
        listed = any(variable is w for w in self._trainable_weights)
        if listed and not set(parts) <= set(trainable_variables()):
            self._trainable_weights = [w for w in self._trainable_weights if w is not variable]
            self._non_trainable_weights.append(variable)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        self._set_scope(kwargs.pop("scope", None))
        with self._scope_of_call() as scope:
            self._current_scope = scope
            if "scope" in self._call_arguments():
                kwargs["scope"] = scope
            outputs = super().__call__(inputs, *args, **kwargs)
        _collect(self.updates, GraphKeys.UPDATE_OPS)
        return outputs

    def _scope_of_call(self) -> variable_scope:
        if not self.built:
            return variable_scope(self._scope, reuse=self._reuse, auxiliary_name_scope=False)
        if self._always_reuse is None:
            self._always_reuse = variable_scope(self._scope, reuse=True, auxiliary_name_scope=False)
        return self._always_reuse

    def __deepcopy__(self, memo: dict[int, Any]) -> Layer:
        import copy

        result = object.__new__(type(self))
        memo[id(self)] = result
        shallow = ("_scope", "_always_reuse", "_current_scope", "_current_inputs")
        for key, value in self.__dict__.items():
            keep = key in shallow or any(isinstance(x, Tensor) for x in nest.flatten(value))
            result.__dict__[key] = value if keep else copy.deepcopy(value, memo)
        return result


def _checked_trainable(trainable: bool | None, synchronization: Any) -> bool:
    if synchronization == VariableSynchronization.ON_READ:
        if trainable:
            raise ValueError(
                "Synchronization value can be set to VariableSynchronization.ON_READ only for "
                "non-trainable variables. You have specified trainable=True and "
                "synchronization=VariableSynchronization.ON_READ."
            )
        return False
    return True if trainable is None else trainable


def _collect(items: Iterable[Any], key: str) -> None:
    """Appends to a collection what it does not hold yet."""
    collection = get_default_graph().get_collection_ref(key)
    held = {id(x) for x in collection}
    for item in items:
        if id(item) not in held:
            held.add(id(item))
            collection.append(item)
