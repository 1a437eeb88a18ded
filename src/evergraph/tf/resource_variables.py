"""`ResourceVariable`: a variable behind a handle, read by explicit operations.

Every use reads it anew, ordered by data and control dependencies alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from ..core.dtypes import DType, as_dtype
from ..core.emit import apply
from ..core.graph import get_default_graph
from ..core.tensor import Operation, Tensor
from ..core.tensor_shape import TensorShape, as_shape
from .framework import convert_to_tensor, init_scope, name_scope
from .ref_variables import guarded_initial_value, inside_initializer
from .variables import Variable, check_arguments, checked_collections, with_scope

# The operation on a handle that does what one on a ref tensor does.
_ON_HANDLES = {
    "AssignAdd": "AssignAddVariableOp",
    "AssignSub": "AssignSubVariableOp",
    "Assign": "AssignVariableOp",
    "StridedSliceAssign": "ResourceStridedSliceAssign",
}


class _HandleVariable(Variable):
    """What is common to a resource variable and to its state after an assignment."""

    _handle: Tensor
    _dtype: DType
    _shape: TensorShape
    _graph_element: Tensor
    _cached_value: Tensor | None = None
    _initializer_op: Any = None
    _initial_value: Any = None
    _constraint = None
    _save_slice_info = None

    @property
    def handle(self) -> Tensor:
        """The handle by which operations reach it."""
        return self._handle

    @property
    def name(self) -> str:
        """The name of its handle."""
        return self._handle.name

    @property
    def op(self) -> Operation:
        """The operation that makes its handle."""
        return self._handle.op

    @property
    def dtype(self) -> DType:
        """The dtype of its value."""
        return self._dtype

    @property
    def shape(self) -> TensorShape:
        """Its static shape."""
        return self._shape

    @property
    def create(self) -> Operation:
        """The operation that assigns the initial value."""
        return self._initializer_op  # type: ignore[no-any-return]

    def set_shape(self, shape: Any) -> None:
        """Not possible for a resource variable."""
        raise NotImplementedError(
            "ResourceVariable does not implement set_shape(): give `shape` when making it."
        )

    def _as_graph_element(self) -> Tensor:
        return self._graph_element

    def _snapshot_name(self) -> str:
        cached = self._cached_value
        return (self._graph_element if cached is None else cached).name

    def is_initialized(self, name: str | None = None) -> Tensor:
        """A bool: whether it has a value when run."""
        return apply("VarIsInitializedOp", self._handle, name=name)  # type: ignore[no-any-return]

    def _read_variable_op(self) -> Tensor:
        return _read(self._handle, self._dtype, self._shape)

    def value(self) -> Tensor:
        """A tensor that reads its value (or the one cached on another device)."""
        if self._cached_value is not None:
            return self._cached_value
        graph = self.graph
        with graph.colocate_with(None, ignore_existing=True), graph.device(self._handle.device):
            return self._read_variable_op()

    def read_value(self) -> Tensor:
        """A new tensor that reads its value where the graph's control dependencies say."""
        with name_scope("Read"), self.graph.device(self._handle.device):
            value = self._read_variable_op()
        return apply("Identity", value)  # type: ignore[no-any-return]

    def sparse_read(self, indices: Any, name: str | None = None) -> Tensor:
        """The rows that `indices` name."""
        with name_scope("Gather" if name is None else name) as scope:
            rows = apply("ResourceGather", self._handle, indices, dtype=self._dtype, name=scope)
            rows.set_shape(rows.op.inputs[1].shape.concatenate(self._shape[1:]))
        return apply("Identity", rows)  # type: ignore[no-any-return]

    def gather_nd(self, indices: Any, name: str | None = None) -> Tensor:
        """The elements or slices that `indices` name."""
        with name_scope("GatherNd" if name is None else name) as scope:
            found = apply("ResourceGatherNd", self._handle, indices, dtype=self._dtype, name=scope)
        return apply("Identity", found)  # type: ignore[no-any-return]

    def _ref(self) -> Tensor:
        return self._handle

    def _lazy_read(self, op: Operation) -> _UnreadVariable:
        return _UnreadVariable(self, op)

    def _converted(self, value: Any) -> Tensor:
        current = get_default_graph()
        # A function's graph captures the variable; all others leave the value to its own.
        if current is self.graph or current.building_function:
            return convert_to_tensor(value, dtype=self._dtype)
        with self.graph.as_default():
            return convert_to_tensor(value, dtype=self._dtype)

    @contextmanager
    def _after_caching(self) -> Iterator[None]:
        cached = [] if self._cached_value is None else [self._cached_value]
        with self.graph.control_dependencies(cached):
            yield

    def _update(self, ref_op: str, operands: Sequence[Any], name: str | None, **attrs: Any) -> Any:
        op_type = _ON_HANDLES.get(ref_op, f"Resource{ref_op}")
        attrs.pop("use_locking", None)
        *others, value = operands
        with self._after_caching():
            op = apply(op_type, self._handle, *others, self._converted(value), name=name, **attrs)
        return self._lazy_read(op)

    def _assigned(self, op_type: str, value: Any, name: str | None, read_value: bool) -> Any:
        op = apply(op_type, self._handle, value, name=name)
        return self._lazy_read(op) if read_value else op

    def assign(
        self,
        value: Any,
        use_locking: bool | None = None,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Sets the variable to `value`; gives the variable after it (or the operation)."""
        tensor = self._converted(value)
        self._shape.assert_is_compatible_with(tensor.shape)
        return self._assigned("AssignVariableOp", tensor, name, read_value)

    def assign_add(
        self,
        delta: Any,
        use_locking: bool | None = None,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Adds `delta`; gives the variable after it (or the operation)."""
        with self._after_caching():
            return self._assigned("AssignAddVariableOp", self._converted(delta), name, read_value)

    def assign_sub(
        self,
        delta: Any,
        use_locking: bool | None = None,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Subtracts `delta`; gives the variable after it (or the operation)."""
        with self._after_caching():
            return self._assigned("AssignSubVariableOp", self._converted(delta), name, read_value)

    def count_up_to(self, limit: int) -> Tensor:
        """Its value before adding 1; OutOfRangeError in the run once it has reached `limit`."""
        return apply(  # type: ignore[no-any-return]
            "ResourceCountUpTo", self._handle, limit=limit, T=self._dtype
        )

    def numpy(self) -> NoReturn:
        """Not possible in a graph: run the variable in a session."""
        raise NotImplementedError(
            "numpy() is only available when eager execution is enabled: use session.run(variable)."
        )

    def __bool__(self) -> bool:
        return bool(self.read_value())

    def __copy__(self) -> _HandleVariable:
        return self

    def __deepcopy__(self, memo: Any) -> NoReturn:
        raise NotImplementedError(
            "__deepcopy__() is only available when eager execution is enabled: a graph's variable "
            "has no value of its own; tf.assign it to another variable."
        )


def _no_assignment(sign: str, method: str) -> Callable[[Any, Any], NoReturn]:
    def refuse(self: Any, other: Any) -> NoReturn:
        raise RuntimeError(
            f"Variable {sign}= value not supported. Use `{method}` to modify the variable or "
            f"`variable = variable {sign} value` to get a new Tensor object."
        )

    return refuse


for _name, _sign, _method in (
    ("__iadd__", "+", "variable.assign_add(value)"),
    ("__isub__", "-", "variable.assign_sub(value)"),
    ("__imul__", "*", "variable.assign(variable * value)"),
    ("__itruediv__", "/", "variable.assign(variable / value)"),
    ("__ipow__", "**", "variable.assign(variable ** value)"),
):
    setattr(_HandleVariable, _name, _no_assignment(_sign, _method))


def _read(handle: Tensor, dtype: DType, shape: TensorShape) -> Tensor:
    value = apply("ReadVariableOp", handle, dtype=dtype)
    value.set_shape(shape)
    return value  # type: ignore[no-any-return]


class ResourceVariable(_HandleVariable):
    """A variable behind a handle; `tf.Variable(..., use_resource=True)` makes one."""

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        collections: Iterable[Any] | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        dtype: Any = None,
        variable_def: Any = None,
        import_scope: str | None = None,
        constraint: Callable[[Any], Any] | None = None,
        distribute_strategy: Any = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
    ) -> None:
        if variable_def is not None:
            if initial_value is not None:
                raise ValueError("variable_def and initial_value are mutually exclusive.")
            self._init_from_proto(variable_def, import_scope)
            return
        check_arguments(initial_value, constraint)
        self._set_modes(synchronization, aggregation, trainable, name)
        self._caching_device, self._constraint = caching_device, constraint  # type: ignore[assignment]
        keys = checked_collections(collections, self._trainable)
        values = [] if callable(initial_value) else [initial_value]
        with init_scope(), name_scope(name, "Variable", values) as scope:
            self._initial_value = _initial_tensor(initial_value, dtype, scope)
            self._add_operations(scope, shape)
        self.graph.add_to_collections(keys, self)

    def _add_operations(self, scope: str, shape: Any) -> None:
        initial = self._initial_value
        self._shape = initial.shape if shape is None else as_shape(shape)
        if not self._shape.is_compatible_with(initial.shape):
            raise ValueError(
                f"The initial value's shape ({initial.shape}) is not compatible with the "
                f"explicitly supplied `shape` argument ({shape})."
            )
        self._dtype = initial.dtype.base_dtype
        self._handle = apply(
            "VarHandleOp",
            dtype=self._dtype,
            shape=self._shape._dims,
            shared_name=scope.rstrip("/"),
            name=scope,
        )
        with name_scope("IsInitialized"):
            self._is_initialized_op = self.is_initialized()
        with name_scope("Assign") as assign, self.graph.colocate_with(None, ignore_existing=True):
            value = guarded_initial_value(scope, initial)
            self._initializer_op = apply("AssignVariableOp", self._handle, value, name=assign)
        with name_scope("Read"):
            self._graph_element = self._read_variable_op()
            if self._caching_device is not None:
                # The cache is independent of the devices around the variable.
                alone = self.graph.colocate_with(None, ignore_existing=True)
                with alone, self.graph.device(self._caching_device):
                    self._cached_value = apply("Identity", self._graph_element)

    def _init_from_proto(self, source: Any, scope: str | None) -> None:
        graph = get_default_graph()
        self._handle = graph.get_tensor_by_name(with_scope(source.variable_name, scope))
        attrs = self._handle.op.attrs
        self._shape, self._dtype = TensorShape(attrs["shape"]), as_dtype(attrs["dtype"])
        snapshot = graph.get_tensor_by_name(with_scope(source.snapshot_name, scope))
        if snapshot.op.type != "ReadVariableOp":
            self._cached_value = snapshot
        while snapshot.op.type != "ReadVariableOp":
            snapshot = snapshot.op.inputs[0]  # type: ignore[assignment]
        self._graph_element = snapshot
        self._restore(source, scope)


def _initial_tensor(initial_value: Any, dtype: Any, scope: str) -> Tensor:
    with inside_initializer(scope):
        value = initial_value() if callable(initial_value) else initial_value
        return convert_to_tensor(value, dtype=dtype, name="initial_value")


class _UnreadVariable(_HandleVariable):
    """A resource variable after an assignment: reading it waits for the assignment."""

    def __init__(self, variable: _HandleVariable, parent_op: Operation) -> None:
        self._handle = variable._handle
        self._dtype, self._shape = variable._dtype, variable._shape
        self._parent_op = parent_op
        self._set_modes(None, None, None)
        self._graph_element = self._read_variable_op()

    @property
    def name(self) -> str:
        """The name of the assignment."""
        return str(self._parent_op.name)

    @property
    def op(self) -> Operation:
        """The assignment."""
        return self._parent_op

    def _read_variable_op(self) -> Tensor:
        with self._parent_op.graph.control_dependencies([self._parent_op]):
            return _read(self._handle, self._dtype, self._shape)

    def value(self) -> Tensor:
        """Its value after the assignment."""
        return self._read_variable_op()

    def read_value(self) -> Tensor:
        """Its value after the assignment."""
        return self._read_variable_op()


def is_resource_variable(var: Any) -> bool:
    """Whether `var` is a variable behind a handle."""
    return isinstance(var, _HandleVariable)
