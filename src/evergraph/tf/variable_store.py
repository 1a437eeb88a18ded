"""Where a graph keeps the variables that `tf.get_variable` made, and how it makes or finds them."""

from __future__ import annotations

import functools
import inspect
import linecache
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..core.dtypes import DType, as_dtype, float32, string
from ..core.graph import Graph, get_default_graph
from ..core.tensor import Tensor
from ..core.tensor_shape import TensorShape, as_shape
from .framework import convert_to_tensor, init_scope
from .graph_keys import GraphKeys
from .partitioned_variables import PartitionedVariable, slices_of
from .variables import (
    SliceInfo,
    Variable,
    VariableAggregation,
    VariableSynchronization,
    distribution_modes,
)


class ReuseMode:
    """The type of `tf.AUTO_REUSE`."""

    def __repr__(self) -> str:
        return "<tf.AUTO_REUSE>"


AUTO_REUSE = ReuseMode()
"""For `reuse`: take the variable if it is there, else make it."""

use_resource_by_default = [False]


class PartitionInfo:
    """Which part of a partitioned variable an initializer is asked for."""

    def __init__(self, full_shape: Sequence[int], var_offset: Sequence[int]) -> None:
        _check_sequences(full_shape=full_shape, var_offset=var_offset)
        if len(full_shape) != len(var_offset):
            raise ValueError(
                f"Expected equal length, but `var_offset` is of length {len(var_offset)} while "
                f"full_shape is of length {len(full_shape)}."
            )
        for offset, extent in zip(var_offset, full_shape, strict=True):
            if offset < 0 or offset >= extent:
                raise ValueError(
                    f"Expected 0 <= offset < shape but found offset={offset}, shape={extent} "
                    f"for var_offset={var_offset}, full_shape={full_shape}"
                )
        self.full_shape, self.var_offset = full_shape, var_offset

    def single_slice_dim(self, shape: Sequence[int]) -> int | None:
        """The axis along which a part of this shape is cut, None if it is the whole."""
        _check_sequences(shape=shape)
        if len(shape) != len(self.full_shape):
            raise ValueError(
                f"Expected equal length, but received shape={shape} of length {len(shape)} while "
                f"self.full_shape={self.full_shape} is of length {len(self.full_shape)}."
            )
        for i, extent in enumerate(shape):
            if self.var_offset[i] + extent > self.full_shape[i]:
                raise ValueError(
                    f"With self.var_offset={self.var_offset}, a partition of shape={shape} would "
                    f"exceed self.full_shape={self.full_shape} in dimension {i}."
                )
        cut = [i for i, extent in enumerate(shape) if extent != self.full_shape[i]]
        if len(cut) > 1:
            raise ValueError(
                f"Cannot use single_slice_dim() with shape={shape} and "
                f"self.full_shape={self.full_shape}: it is cut along the axes {cut}."
            )
        return cut[0] if cut else None

    def single_offset(self, shape: Sequence[int]) -> int:
        """Where a part of this shape begins along its cut axis."""
        axis = self.single_slice_dim(shape)
        return 0 if axis is None else self.var_offset[axis]


def _check_sequences(**arguments: Any) -> None:
    for name, value in arguments.items():
        if not isinstance(value, (list, tuple)):
            raise TypeError(
                f"`{name}` must be a sequence (like tuple or list) instead of "
                f"{type(value).__name__}"
            )


@dataclass
class Request:
    """What `get_variable` was asked for, with the scope's defaults filled in."""

    name: str
    shape: Any = None
    dtype: Any = float32
    initializer: Any = None
    regularizer: Any = None
    reuse: Any = None
    trainable: bool | None = None
    collections: Any = None
    caching_device: Any = None
    partitioner: Any = None
    validate_shape: bool = True
    use_resource: bool | None = None
    constraint: Any = None
    synchronization: Any = VariableSynchronization.AUTO
    aggregation: Any = VariableAggregation.NONE

    @property
    def from_value(self) -> bool:
        """Whether the initial value is given itself, not as a function of the shape."""
        return self.initializer is not None and not callable(self.initializer)


class VariableStore:
    """The variables of a graph by name."""

    def __init__(self) -> None:
        self._vars: dict[str, Variable] = {}
        self._partitioned_vars: dict[str, PartitionedVariable] = {}

    def get_variable(
        self,
        name: str,
        shape: Any = None,
        dtype: Any = float32,
        initializer: Any = None,
        regularizer: Any = None,
        reuse: Any = None,
        trainable: bool | None = None,
        collections: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        validate_shape: bool = True,
        use_resource: bool | None = None,
        custom_getter: Callable[..., Any] | None = None,
        constraint: Any = None,
        synchronization: Any = VariableSynchronization.AUTO,
        aggregation: Any = VariableAggregation.NONE,
    ) -> Any:
        """The variable of this full name, made or found; a custom getter may step in."""
        kwargs = {k: v for k, v in locals().items() if k not in ("self", "name", "custom_getter")}
        if custom_getter is not None and not callable(custom_getter):
            raise ValueError(f"Passed a custom_getter which is not callable: {custom_getter}")
        kwargs["dtype"] = getattr(dtype, "base_dtype", dtype)
        modes = ("synchronization", "aggregation", "trainable")
        checked = distribution_modes(synchronization, aggregation, trainable, name)
        kwargs.update(zip(modes, checked, strict=True))
        if custom_getter is None:
            return self._true_getter(name, **kwargs)
        if not _accepts(custom_getter, "constraint"):
            kwargs.pop("constraint", None)
        return custom_getter(getter=self._true_getter, name=name, **kwargs)

    def _true_getter(
        self,
        name: str,
        shape: Any = None,
        dtype: Any = float32,
        initializer: Any = None,
        regularizer: Any = None,
        reuse: Any = None,
        trainable: bool | None = None,
        collections: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        validate_shape: bool = True,
        use_resource: bool | None = None,
        constraint: Any = None,
        synchronization: Any = VariableSynchronization.AUTO,
        aggregation: Any = VariableAggregation.NONE,
    ) -> Any:
        given = {key: value for key, value in locals().items() if key != "self"}
        return self._get(Request(**given))

    def _get(self, want: Request) -> Any:
        is_scalar = isinstance(want.shape, (list, tuple)) and not want.shape
        if want.partitioner is not None and not is_scalar:
            if not callable(want.partitioner):
                raise ValueError(f"Partitioner must be callable, but received: {want.partitioner}")
            with get_default_graph().name_scope(None):
                return self.get_partitioned(want)
        if want.reuse is True and want.partitioner is None and want.name in self._partitioned_vars:
            return self.get_partitioned(want)
        if f"{want.name}/part_0" in self._vars:
            raise ValueError(
                "No partitioner was provided, but a partitioned version of the variable was "
                f"found: {want.name}/part_0. Perhaps a variable of the same name was already "
                "created with partitioning?"
            )
        return self._get_single(want)

    # -- one variable --------------------------------------------------------------------------
    def _get_single(self, want: Request, partition_info: PartitionInfo | None = None) -> Any:
        if want.shape is not None and want.from_value:
            raise ValueError("If initializer is a constant, do not specify shape.")
        want = replace(want, dtype=as_dtype(want.dtype), shape=as_shape(want.shape))
        if want.name in self._vars:
            return _found(want, self._vars[want.name])
        if want.reuse is True:
            raise ValueError(
                f"Variable {want.name} does not exist, or was not created with tf.get_variable(). "
                "Did you mean to set reuse=tf.AUTO_REUSE in VarScope?"
            )
        if want.initializer is None:
            want = replace(want, initializer=default_initializer(want))
        variable = _make(want, partition_info)
        self._vars[want.name] = variable
        if want.regularizer:
            _regularize(want, variable)
        return variable

    # -- one in parts --------------------------------------------------------------------------
    def get_partitioned(self, want: Request) -> PartitionedVariable:
        """The variable of a request with a partitioner (or of one made with it before)."""
        if want.name in self._vars:
            raise ValueError(
                "A partitioner was provided, but an unpartitioned version of the variable was "
                f"found: {want.name}. Perhaps a variable of the same name was already created "
                "without partitioning?"
            )
        want = replace(want, shape=as_shape(want.shape), dtype=as_dtype(want.dtype))
        if isinstance(want.initializer, Tensor):
            want = replace(want, shape=want.shape.merge_with(want.initializer.shape))
        partitions = None
        if not want.reuse or want.partitioner:
            partitions = call_partitioner(want.partitioner, want.shape, want.dtype)
        if want.name in self._partitioned_vars:
            return _found_partitioned(want, self._partitioned_vars[want.name], partitions)
        if want.reuse is True or partitions is None:
            raise ValueError(
                f"PartitionedVariable {want.name} does not exist, or was not created with "
                "tf.get_variable(). Did you mean to set reuse=False or reuse=tf.AUTO_REUSE in "
                "VarScope?"
            )
        return self._make_parts(want, partitions)

    def _make_parts(self, want: Request, partitions: Sequence[int]) -> PartitionedVariable:
        axis = next((i for i, n in enumerate(partitions) if n > 1), 0)
        self._check_parts(want.name, partitions[axis])
        full_shape = want.shape.as_list()
        parts = []
        for i, (offset, shape) in enumerate(slices_of(full_shape, partitions[axis], axis)):
            part = self._make_part(replace(want, name=f"{want.name}/part_{i}"), offset, shape)
            part._set_save_slice_info(SliceInfo(want.name, full_shape, offset, shape))
            parts.append(part)
        whole = PartitionedVariable(want.name, want.shape, want.dtype, parts, partitions)
        self._partitioned_vars[want.name] = whole
        return whole

    def _check_parts(self, name: str, count: int) -> None:
        have = [i for i in range(count + 1) if f"{name}/part_{i}" in self._vars]
        if have and have != list(range(count)):
            raise ValueError(
                "Partitioner returned a different partitioning than what was already found. "
                f"Partitioner returned {count} shards, and found were the shards "
                + ", ".join(f"{name}/part_{i}" for i in have)
                + "."
            )

    def _make_part(self, want: Request, offset: list[int], shape: list[int]) -> Any:
        info = PartitionInfo(want.shape.as_list(), offset)
        graph = get_default_graph()
        with graph.name_scope(f"{want.name}/PartitionedInitializer"):
            if not want.from_value:
                part = replace(want, shape=shape)
            else:
                from . import array_ops

                whole = convert_to_tensor(want.initializer, dtype=want.dtype)
                cut = array_ops.slice(whole, offset, shape)
                part = replace(want, initializer=cut, shape=None)
        with graph.name_scope(None):
            return self._get_single(replace(part, partitioner=None), info)


def _accepts(function: Callable[..., Any], argument: str) -> bool:
    parameters = inspect.signature(function).parameters
    return argument in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def _found(want: Request, found: Variable) -> Variable:
    if want.reuse is False:
        raise ValueError(
            f"Variable {want.name} already exists, disallowed. Did you mean to set reuse=True or "
            f"reuse=tf.AUTO_REUSE in VarScope? {_defined_at(found)}"
        )
    if not want.shape.is_compatible_with(found.shape):
        raise ValueError(
            f"Trying to share variable {want.name}, but specified shape {want.shape} and found "
            f"shape {found.shape}."
        )
    if not want.dtype.is_compatible_with(found.dtype):
        raise ValueError(
            f"Trying to share variable {want.name}, but specified dtype {want.dtype.name} and "
            f"found dtype {found.dtype.name}."
        )
    return found


def _defined_at(variable: Variable) -> str:
    lines = []
    for file, line, function, _ in variable.op.traceback:
        text = linecache.getline(file, line).strip()
        lines.append(f'  File "{file}", line {line}, in {function}\n    {text}\n')
    return "Originally defined at:\n\n" + "".join(lines)


def _found_partitioned(
    want: Request, found: PartitionedVariable, partitions: Sequence[int] | None
) -> PartitionedVariable:
    if want.reuse is False:
        raise ValueError(
            f"Partitioned variable with name {want.name} already exists. Did you mean to set "
            "reuse=True or reuse=tf.AUTO_REUSE in VarScope?"
        )
    for what, asked, has, fits in (
        ("shape", want.shape, found.shape, want.shape.is_compatible_with(found.shape)),
        ("dtype", want.dtype, found.dtype, want.dtype.is_compatible_with(found.dtype)),
        (
            "partitions",
            partitions,
            found._get_partitions(),
            partitions is None or list(partitions) == list(found._get_partitions()),
        ),
    ):
        if not fits:
            raise ValueError(
                f"Trying to reuse partitioned variable {want.name}, but specified {what} {asked} "
                f"and found {what} {has}."
            )
    return found


def default_initializer(want: Request) -> Any:
    """What initialises a variable of this dtype where nothing else is said."""
    from . import init_ops

    dtype: DType = want.dtype
    if dtype.is_floating:
        return init_ops.glorot_uniform_initializer()
    if dtype.is_integer or dtype.is_bool or dtype.base_dtype is string:
        return init_ops.zeros_initializer()
    raise ValueError(f"An initializer for variable {want.name} of {dtype.base_dtype} is required")


def _make(want: Request, partition_info: PartitionInfo | None) -> Any:
    initial_value, dtype = _initial_value(want, partition_info)
    use_resource = want.use_resource
    return Variable(
        initial_value=initial_value,
        name=want.name,
        trainable=want.trainable,
        collections=want.collections,
        caching_device=want.caching_device,
        dtype=dtype,
        validate_shape=want.validate_shape,
        constraint=want.constraint,
        use_resource=use_resource_by_default[0] if use_resource is None else use_resource,
        synchronization=want.synchronization,
        aggregation=want.aggregation,
    )


def _initial_value(want: Request, info: PartitionInfo | None) -> tuple[Any, DType | None]:
    """(the initial value or a function that gives it, the variable's dtype if it is imposed)."""
    initializer, shape = want.initializer, want.shape
    if want.from_value:
        return initializer, None
    if inspect.isclass(initializer):
        initializer = initializer()
    if shape.is_fully_defined():
        arguments: dict[str, Any] = {"dtype": want.dtype}
        if "partition_info" in inspect.signature(initializer).parameters:
            arguments["partition_info"] = info
        make = functools.partial(initializer, shape.as_list(), **arguments)
        return make, want.dtype.base_dtype
    if _needs_arguments(initializer):
        raise ValueError(
            "The initializer passed is not valid. It should be a callable with no arguments and "
            "the shape should not be provided or an instance of `tf.keras.initializers.*' and "
            f"`shape` should be fully defined. (The variable is {want.name}.)"
        )
    return initializer, None


def _needs_arguments(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    named = (p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))
    return any(p.default is p.empty for p in named)


def _regularize(want: Request, variable: Any) -> None:
    graph: Graph = variable.graph
    with (
        graph.colocate_with(variable.op),
        graph.name_scope(f"{want.name}/Regularizer/"),
        init_scope(),
    ):
        loss = want.regularizer(variable)
    if loss is not None:
        graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)


def call_partitioner(partitioner: Any, shape: TensorShape, dtype: DType) -> Sequence[int]:
    """How many parts a partitioner wants along each axis; ValueError where that cannot be."""
    if not shape.is_fully_defined():
        raise ValueError(
            f"Shape of a new partitioned variable must be fully defined, but instead was {shape}."
        )
    if shape.ndims is None or shape.ndims < 1:
        raise ValueError(f"A partitioned Variable must have rank at least 1, shape: {shape}")
    slicing = partitioner(shape=shape, dtype=dtype)
    if not isinstance(slicing, (list, tuple)):
        raise ValueError(f"Partitioner must return a sequence, but saw: {slicing}")
    if len(slicing) != shape.ndims:
        raise ValueError(
            "Partitioner returned a partition list that does not match the Variable's rank: "
            f"{slicing} vs. {shape}"
        )
    if any(p < 1 for p in slicing):
        raise ValueError(f"Partitioner returned zero partitions for some axes: {slicing}")
    if sum(p > 1 for p in slicing) > 1:
        raise ValueError(
            f"Can only slice a variable along one dimension: shape: {shape}, partitioning: "
            f"{slicing}"
        )
    return slicing
