"""`RefVariable`: TensorFlow 1's default variable, whose tensor refers to the buffer itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..core.dtypes import DType
from ..core.emit import add_operation, apply
from ..core.graph import get_default_graph
from ..core.tensor import Operation, Tensor
from ..core.tensor_shape import TensorShape, to_shape
from .framework import convert_to_tensor, init_scope, name_scope
from .graph_keys import GraphKeys
from .variables import Variable, check_arguments, checked_collections, with_scope


class RefVariable(Variable):
    """A variable whose tensor refers to its buffer; `read` is the value that computations take."""

    _variable: Tensor
    _snapshot: Tensor

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        collections: Iterable[Any] | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        expected_shape: Any = None,
        import_scope: str | None = None,
        constraint: Callable[[Any], Any] | None = None,
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
        self._caching_device, self._constraint = caching_device, constraint
        self._save_slice_info = None
        keys = checked_collections(collections, self._trainable)
        values = [] if callable(initial_value) else [initial_value]
        with init_scope(), name_scope(name, "Variable", values) as scope:
            self._initial_value = _initial_tensor(initial_value, dtype, scope)
            self._add_operations(scope, validate_shape, shape)
        self.graph.add_to_collections(keys, self)

    def _add_operations(self, scope: str, validate_shape: bool, shape: Any) -> None:
        initial = self._initial_value
        dims = to_shape(shape)
        if shape is None and validate_shape:
            dims = initial.static_shape
        base = initial.dtype.base_dtype
        self._variable = apply("VariableV2", shape=dims, dtype=base, name=scope)
        if validate_shape and not initial.shape.is_fully_defined():
            raise ValueError(f"initial_value must have a shape specified: {initial}")
        value = guarded_initial_value(scope, initial)
        assign = apply("Assign", self._variable, value, validate_shape=validate_shape)
        self._initializer_op = assign.op
        graph = self._variable.graph
        if self._caching_device is not None:
            with graph.device(self._caching_device):
                self._snapshot = apply("Identity", self._variable, name="read")
        else:
            with graph.colocate_with(self._variable.op):
                self._snapshot = apply("Identity", self._variable, name="read")

    def _init_from_proto(self, source: Any, scope: str | None) -> None:
        graph = get_default_graph()
        self._variable = graph.get_tensor_by_name(with_scope(source.variable_name, scope))
        self._snapshot = graph.get_tensor_by_name(with_scope(source.snapshot_name, scope))
        self._restore(source, scope)

    def _as_graph_element(self) -> Tensor:
        return self._variable

    def value(self) -> Tensor:
        """The tensor of its value as of the start of the run."""
        return self._snapshot

    def read_value(self) -> Tensor:
        """A new tensor that reads its value where the graph's control dependencies say."""
        return apply("Identity", self._variable, name="read")  # type: ignore[no-any-return]

    def _ref(self) -> Tensor:
        return self._variable

    @property
    def name(self) -> str:
        """The name of its tensor."""
        return self._variable.name

    @property
    def op(self) -> Operation:
        """The operation that holds it."""
        return self._variable.op

    @property
    def dtype(self) -> DType:
        """The reference dtype of its tensor; `dtype.base_dtype` is that of its value."""
        return self._variable.dtype

    @property
    def shape(self) -> TensorShape:
        """Its static shape."""
        return self._variable.shape

    def _update(self, ref_op: str, operands: Sequence[Any], name: str | None, **attrs: Any) -> Any:
        return apply(ref_op, self._variable, *operands, name=name, **attrs)

    def assign(
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Sets the variable to `value`; gives the new value (the operation, if not read_value)."""
        updated = self._update("Assign", (value,), name, use_locking=use_locking)
        return updated if read_value else updated.op

    def assign_add(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Adds `delta`; gives the new value (the operation, if not read_value)."""
        updated = self._update("AssignAdd", (delta,), name, use_locking=use_locking)
        return updated if read_value else updated.op

    def assign_sub(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Subtracts `delta`; gives the new value (the operation, if not read_value)."""
        updated = self._update("AssignSub", (delta,), name, use_locking=use_locking)
        return updated if read_value else updated.op

    def count_up_to(self, limit: int) -> Tensor:
        """Its value before adding 1; OutOfRangeError in the run once it has reached `limit`."""
        return self._update("CountUpTo", (), None, limit=limit)  # type: ignore[no-any-return]


def _initial_tensor(initial_value: Any, dtype: Any, scope: str) -> Tensor:
    if not callable(initial_value):
        return convert_to_tensor(initial_value, dtype=dtype, name="initial_value")
    with inside_initializer(scope):
        return convert_to_tensor(initial_value(), dtype=dtype, name="initial_value")


@contextmanager
def inside_initializer(scope: str) -> Iterator[None]:
    """What is made inside goes to the device of the variable that `scope` names, made after it."""
    graph = get_default_graph()
    before = len(graph.operations)
    with graph.name_scope("Initializer"), graph.device(None):
        yield
    for op in graph.operations[before:]:
        op.colocation = op.colocation or (scope.rstrip("/"),)


_READS_STATE = (
    "IsVariableInitialized",
    "VarIsInitializedOp",
    "ReadVariableOp",
    "If",
    "_InitializedValue",
    "_InitializedResource",
)


def guarded_initial_value(scope: str, initial: Tensor) -> Tensor:
    """`initial` with the variables that it reads replaced by their initialised values.

    So a variable whose initial value is computed from others may be initialised before them.
    Operations on the way are copied below the names `operation_scope`. Raises ValueError for a
    value from inside a loop or a branch.
    """
    if initial.op.control_flow_context is not None and not get_default_graph().building_function:
        raise ValueError(
            f"Initializer for variable {scope} is from inside a control-flow construct, such as a "
            "loop or conditional. When creating a variable inside a loop or conditional, use a "
            "lambda as the initializer."
        )
    copies: dict[Operation, Operation] = {}
    for op in _ancestors(initial.op):
        if op.type in ("Variable", "VariableV2", "VarHandleOp"):
            variable = _variable_of(op)
            if variable is not None:
                copies[op] = variable.initialized_value().op
        elif op.type not in _READS_STATE and any(
            isinstance(x, Tensor) and x.op in copies for x in op.operands
        ):
            copies[op] = _copied(op, copies, scope)
    op = copies.get(initial.op, initial.op)
    return op.outputs[initial.value_index]


def _ancestors(op: Operation) -> list[Operation]:
    """What `op` is computed from and `op` itself, each after what it reads."""
    order: list[Operation] = []
    seen: set[Operation] = set()
    pending = [(op, False)]
    while pending:
        op, inputs_done = pending.pop()
        if inputs_done:
            order.append(op)
        elif op not in seen:
            seen.add(op)
            pending.append((op, True))
            if op.type not in _READS_STATE:
                inputs = [x.op for x in op.operands if isinstance(x, Tensor)]
                pending += [(o, False) for o in reversed(inputs)]
    return order


def _variable_of(op: Operation) -> Variable | None:
    keys = (GraphKeys.GLOBAL_VARIABLES, GraphKeys.LOCAL_VARIABLES)
    candidates = (v for key in keys for v in op.graph.get_collection(key))
    return next((v for v in candidates if getattr(v, "op", None) is op), None)


def _copied(op: Operation, copies: dict[Operation, Operation], scope: str) -> Operation:
    operands = [
        copies[x.op].outputs[x.value_index] if isinstance(x, Tensor) and x.op in copies else x
        for x in op.operands
    ]
    name = f"{op.name}_{scope}".replace(":", "_")
    graph = op.graph
    return add_operation(graph, op.definition, graph.op_name(name), operands, dict(op.attrs))
