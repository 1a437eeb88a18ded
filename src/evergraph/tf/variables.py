"""`tf.Variable`: state that outlives a run, and what a graph's variables are asked for together.

`tf.Variable(...)` makes a `RefVariable`, TensorFlow 1's default kind whose tensor refers to the
buffer itself, or with `use_resource=True` a `ResourceVariable`.
"""

from __future__ import annotations

import enum
import functools
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..core import convert
from ..core.context import sessions
from ..core.dtypes import DType, as_dtype
from ..core.emit import apply
from ..core.graph import Graph, get_default_graph
from ..core.tensor import Operation, Tensor
from ..core.tensor_shape import TensorShape
from ..ops.indexed_slices import IndexedSlices
from .control_flow_ops import group, no_op
from .framework import init_scope, name_scope
from .graph_keys import GraphKeys

__all__ = [
    "Variable",
    "VariableAggregation",
    "VariableSynchronization",
    "all_variables",
    "assert_variables_initialized",
    "global_variables",
    "global_variables_initializer",
    "initialize_all_variables",
    "initialize_local_variables",
    "initialize_variables",
    "is_variable_initialized",
    "local_variables",
    "local_variables_initializer",
    "model_variables",
    "moving_average_variables",
    "report_uninitialized_variables",
    "trainable_variables",
    "variables_initializer",
]


class VariableSynchronization(enum.Enum):
    """When a variable that is kept on several devices is synchronised."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


class VariableAggregation(enum.Enum):
    """How updates of a variable that is kept on several devices are combined."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3
    ONLY_FIRST_TOWER = ONLY_FIRST_REPLICA


Creator = Callable[..., Any]
_ARGUMENTS: dict[str, Any] = {
    "initial_value": None,
    "trainable": None,
    "collections": None,
    "validate_shape": True,
    "caching_device": None,
    "name": None,
    "variable_def": None,
    "dtype": None,
    "expected_shape": None,
    "import_scope": None,
    "constraint": None,
    "use_resource": None,
    "synchronization": VariableSynchronization.AUTO,
    "aggregation": VariableAggregation.NONE,
    "shape": None,
}


class VariableType(type):
    """Makes `tf.Variable(...)` choose the kind of variable; its subclasses are made as usual."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is not Variable:
            return super().__call__(*args, **kwargs)
        if len(args) > len(_ARGUMENTS) or not kwargs.keys() <= _ARGUMENTS.keys():
            unknown = sorted(kwargs.keys() - _ARGUMENTS.keys())
            raise TypeError(f"tf.Variable() got unexpected arguments: {unknown or args}")
        given = {**_ARGUMENTS, **dict(zip(_ARGUMENTS, args, strict=False)), **kwargs}
        if given["aggregation"] is None:
            given["aggregation"] = VariableAggregation.NONE
        return creator_of(get_default_graph())(**given)


def creator_of(graph: Graph) -> Creator:
    """The function that makes a variable: the default one inside the graph's creator scopes."""
    creator: Creator = default_variable_creator
    for outer in graph.extra.get("variable_creators", ()):
        creator = _inside(outer, creator)
    return creator


def _inside(outer: Creator, inner: Creator) -> Creator:
    return lambda **kwargs: outer(inner, **kwargs)


def default_variable_creator(next_creator: Creator | None = None, **kwargs: Any) -> Any:
    """Makes a `RefVariable`, or a `ResourceVariable` where the arguments or the scope say so."""
    from .ref_variables import RefVariable
    from .resource_variables import ResourceVariable
    from .variable_scope import get_variable_scope, resource_variables_enabled

    use_resource = kwargs.pop("use_resource", None)
    if use_resource is None:
        use_resource = get_variable_scope().use_resource
    if use_resource is None:
        use_resource = resource_variables_enabled()
    if not use_resource:
        return RefVariable(**kwargs)
    kwargs.pop("expected_shape", None)
    return ResourceVariable(**kwargs)


class SliceInfo:
    """Which part of a larger, partitioned variable a variable holds."""

    def __init__(
        self,
        full_name: str | None = None,
        full_shape: Sequence[int] | None = None,
        var_offset: Sequence[int] | None = None,
        var_shape: Sequence[int] | None = None,
        save_slice_info_def: Any = None,
        import_scope: str | None = None,
    ) -> None:
        source = save_slice_info_def
        if source is not None:
            full_name = with_scope(source.full_name, import_scope)
            full_shape, var_offset = list(source.full_shape), list(source.var_offset)
            var_shape = list(source.var_shape)
        self.full_name = full_name
        self.full_shape = full_shape
        self.var_offset = var_offset
        self.var_shape = var_shape

    @property
    def spec(self) -> str:
        """The text by which checkpoints name the slice: `full shape offset,extent:...`."""
        full = "".join(f"{d} " for d in self.full_shape or ())
        pairs = zip(self.var_offset or (), self.var_shape or (), strict=True)
        return full + ":".join(f"{offset},{extent}" for offset, extent in pairs)

    def to_proto(self, export_scope: str | None = None) -> Any:
        """A SaveSliceInfoDef; None for a variable outside `export_scope`."""
        from ..formats import messages

        name = self.full_name or ""
        if export_scope is not None and not name.startswith(export_scope):
            return None
        return messages.SaveSliceInfoDef(
            full_name=without_scope(name, export_scope),
            full_shape=self.full_shape,
            var_offset=self.var_offset,
            var_shape=self.var_shape,
        )


def without_scope(name: str, scope: str | None) -> str:
    """`name` without `scope` and its slash before it."""
    return name.removeprefix(f"{scope.rstrip('/')}/") if scope else name


def with_scope(name: str, scope: str | None) -> str:
    """`name` below `scope`."""
    return f"{scope.rstrip('/')}/{name}" if scope else name


class Variable(metaclass=VariableType):
    """State of a session: a tensor whose value stays from one run to the next.

    `initial_value` (anything that becomes a tensor, or a function without arguments that gives
    it) is assigned when `initializer` is run. A variable joins the graph's collections of global
    and, if `trainable`, of trainable variables. It stands for its value wherever a tensor is
    wanted; all operators of tensors work on it.

    Raises ValueError without an initial value, or when its shape is not known and
    `validate_shape` is True.
    """

    SaveSliceInfo = SliceInfo
    __array_priority__ = 100  # numpy_array + variable asks the variable
    is_tensor_like = True
    _trainable: bool
    _synchronization: VariableSynchronization
    _aggregation: VariableAggregation
    _initial_value: Any
    _initializer_op: Operation
    _caching_device: Any
    _constraint: Callable[[Any], Any] | None
    _save_slice_info: SliceInfo | None

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
        use_resource: bool | None = None,
        synchronization: Any = VariableSynchronization.AUTO,
        aggregation: Any = VariableAggregation.NONE,
        shape: Any = None,
    ) -> None:
        raise NotImplementedError("A kind of variable makes itself.")

    # -- what each kind of variable gives ------------------------------------------------------
    def value(self) -> Tensor:
        """The tensor of its value: for a ref variable as of the start of the run."""
        raise NotImplementedError

    def read_value(self) -> Tensor:
        """A new tensor that reads its value where the graph's control dependencies say."""
        raise NotImplementedError

    def _ref(self) -> Tensor:
        raise NotImplementedError

    def assign(
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Sets the variable to `value`; gives the new value (the operation, if not read_value)."""
        raise NotImplementedError

    def _update(self, ref_op: str, operands: Sequence[Any], name: str | None, **attrs: Any) -> Any:
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The name of its tensor."""
        raise NotImplementedError

    @property
    def op(self) -> Operation:
        """The operation that holds it."""
        raise NotImplementedError

    @property
    def dtype(self) -> DType:
        """The dtype of its tensor: a reference dtype for a ref variable."""
        raise NotImplementedError

    @property
    def shape(self) -> TensorShape:
        """Its static shape."""
        raise NotImplementedError

    # -- what all have -------------------------------------------------------------------------
    @property
    def graph(self) -> Graph:
        """The graph it belongs to."""
        return self.op.graph

    @property
    def device(self) -> str:
        """The device that it asks for."""
        return self.op.device

    @property
    def initializer(self) -> Operation:
        """The operation that assigns the initial value."""
        return self._initializer_op

    @property
    def initial_value(self) -> Any:
        """The tensor of the initial value."""
        return self._initial_value

    @property
    def trainable(self) -> bool:
        """Whether optimizers update it by default."""
        return self._trainable

    @property
    def synchronization(self) -> VariableSynchronization:
        """When copies on several devices are synchronised."""
        return self._synchronization

    @property
    def aggregation(self) -> VariableAggregation:
        """How updates from several devices are combined."""
        return self._aggregation

    @property
    def constraint(self) -> Callable[[Any], Any] | None:
        """The projection that optimizers apply after an update, or None."""
        return self._constraint

    @property
    def _distribute_strategy(self) -> None:
        return None

    @property
    def _shared_name(self) -> str:
        return str(self.op.name)

    def get_shape(self) -> TensorShape:
        """Its static shape."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Adds to what is known of its shape."""
        self._ref().set_shape(shape)
        self.value().set_shape(shape)

    def eval(self, session: Any = None) -> Any:
        """Its value in `session` or the default session."""
        return self.graph.as_graph_element(self).eval(session=session)  # type: ignore[union-attr]

    def load(self, value: Any, session: Any = None) -> None:
        """Sets it to `value` at once, in `session` or the default session, adding no operation."""
        session = session or sessions.top()
        if session is None:
            raise ValueError(
                "Either session argument should be provided or default session should be "
                "established"
            )
        session.run(self.initializer, {self.initializer.inputs[1]: value})

    def initialized_value(self) -> Tensor:
        """Its value if it is initialised when run, else its initial value.

        With it another variable's initial value can be computed from this one.
        """
        with init_scope():
            handle = convert.convert_to_tensor(getattr(self, "handle", self), as_ref=True)
            kind = "_InitializedValue" if handle.dtype._is_ref_dtype else "_InitializedResource"
            return apply(  # type: ignore[no-any-return]
                kind, handle, self.initial_value, name="initialized_value"
            )

    def assign_add(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Adds `delta`; gives the new value (the operation, if not read_value)."""
        raise NotImplementedError

    def assign_sub(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Subtracts `delta`; gives the new value (the operation, if not read_value)."""
        raise NotImplementedError

    def _scatter(self, op: str, delta: Any, use_locking: bool, name: str | None) -> Any:
        if not isinstance(delta, IndexedSlices):
            raise TypeError(f"sparse_delta is not IndexedSlices: {delta}")
        return self._update(op, (delta.indices, delta.values), name, use_locking=use_locking)

    def scatter_sub(
        self, sparse_delta: IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Subtracts the values of an IndexedSlices from the rows that its indices name."""
        return self._scatter("ScatterSub", sparse_delta, use_locking, name)

    def scatter_add(
        self, sparse_delta: IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Adds the values of an IndexedSlices to the rows that its indices name."""
        return self._scatter("ScatterAdd", sparse_delta, use_locking, name)

    def scatter_max(
        self, sparse_delta: IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """The maximum with the values of an IndexedSlices in the rows that its indices name."""
        return self._scatter("ScatterMax", sparse_delta, use_locking, name)

    def scatter_min(
        self, sparse_delta: IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """The minimum with the values of an IndexedSlices in the rows that its indices name."""
        return self._scatter("ScatterMin", sparse_delta, use_locking, name)

    def scatter_mul(
        self, sparse_delta: IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Multiplies the rows that the indices of an IndexedSlices name by its values."""
        return self._scatter("ScatterMul", sparse_delta, use_locking, name)

    def scatter_div(
        self, sparse_delta: IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Divides the rows that the indices of an IndexedSlices name by its values."""
        return self._scatter("ScatterDiv", sparse_delta, use_locking, name)

    def scatter_update(
        self, sparse_delta: IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Sets the rows that the indices of an IndexedSlices name to its values."""
        return self._scatter("ScatterUpdate", sparse_delta, use_locking, name)

    def batch_scatter_update(
        self, sparse_delta: IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """`scatter_update` in every entry of the leading axes, along the last axis of indices."""
        from .state_ops import batch_scatter_update

        indices, values = sparse_delta.indices, sparse_delta.values
        return batch_scatter_update(self, indices, values, use_locking=use_locking, name=name)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Subtracts `updates` from the elements or slices that `indices` name."""
        return self._update("ScatterNdSub", (indices, updates), name, use_locking=True)

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Adds `updates` to the elements or slices that `indices` name."""
        return self._update("ScatterNdAdd", (indices, updates), name, use_locking=True)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Sets the elements or slices that `indices` name to `updates`."""
        return self._update("ScatterNdUpdate", (indices, updates), name, use_locking=True)

    def count_up_to(self, limit: int) -> Tensor:
        """Its value before adding 1; OutOfRangeError in the run once it has reached `limit`."""
        raise NotImplementedError

    def experimental_ref(self) -> Any:
        """A hashable reference to it."""
        return Tensor.experimental_ref(self)  # type: ignore[arg-type]

    def __iter__(self) -> Any:
        raise TypeError("'Variable' object is not iterable.")

    def __getitem__(self, slice_spec: Any) -> Tensor:
        """A slice of its value; the slice's `assign` sets just that part of the variable."""
        tensor = self.value()[slice_spec]
        tensor.graph.extra.setdefault("slices_of_variables", {})[tensor] = self
        return tensor

    def _set_save_slice_info(self, save_slice_info: SliceInfo) -> None:
        self._save_slice_info = save_slice_info

    def _get_save_slice_info(self) -> SliceInfo | None:
        return self._save_slice_info

    @staticmethod
    def from_proto(variable_def: Any, import_scope: str | None = None) -> Variable:
        """The variable that a VariableDef describes; its operations are in the default graph."""
        from .ref_variables import RefVariable
        from .resource_variables import ResourceVariable

        is_resource = getattr(variable_def, "is_resource", False)
        kind = ResourceVariable if is_resource else RefVariable
        return kind(variable_def=variable_def, import_scope=import_scope)

    def to_proto(self, export_scope: str | None = None) -> Any:
        """A VariableDef that names its operations, without `export_scope` before the names.

        None for a variable outside that scope.
        """
        from ..formats import messages

        if export_scope is not None and not self.op.name.startswith(export_scope):
            return None
        named = {
            "variable_name": self._ref().name,
            "initializer_name": self.initializer.name,
            "snapshot_name": self._snapshot_name(),
        }
        if self._initial_value is not None:
            named["initial_value_name"] = self._initial_value.name
        definition = messages.VariableDef(
            **{field: without_scope(name, export_scope) for field, name in named.items()},
            trainable=self.trainable,
            synchronization=self.synchronization.value,
            aggregation=self.aggregation.value,
            is_resource=not self.dtype._is_ref_dtype,
        )
        if self._save_slice_info is not None:
            info = self._save_slice_info.to_proto(export_scope)
            definition.save_slice_info_def.CopyFrom(info)
        return definition

    def _snapshot_name(self) -> str:
        return self.value().name

    def _restore(self, source: Any, scope: str | None) -> None:
        """Takes from a VariableDef what all kinds of variables have."""
        graph, initial = get_default_graph(), source.initial_value_name
        self._initializer_op = graph.get_operation_by_name(
            with_scope(source.initializer_name, scope)
        )
        self._initial_value = None
        if initial:
            self._initial_value = graph.as_graph_element(with_scope(initial, scope))
        self._set_modes(source.synchronization, source.aggregation, source.trainable)
        self._caching_device, self._constraint, self._save_slice_info = None, None, None
        if source.HasField("save_slice_info_def"):
            info = source.save_slice_info_def
            self._save_slice_info = SliceInfo(save_slice_info_def=info, import_scope=scope)

    def _set_modes(
        self, synchronization: Any, aggregation: Any, trainable: bool | None, name: Any = None
    ) -> None:
        modes = distribution_modes(synchronization, aggregation, trainable, name)
        self._synchronization, self._aggregation, self._trainable = modes

    def __repr__(self) -> str:
        return f"<tf.Variable {self.name!r} shape={self.shape} dtype={self.dtype.name}>"


def distribution_modes(
    synchronization: Any, aggregation: Any, trainable: bool | None, name: Any
) -> tuple[VariableSynchronization, VariableAggregation, bool]:
    """The three arguments checked, with their defaults; ValueError for values that are none."""
    modes: list[Any] = []
    for kind, value, default in (
        (VariableSynchronization, synchronization, VariableSynchronization.AUTO),
        (VariableAggregation, aggregation, VariableAggregation.NONE),
    ):
        try:
            modes.append(default if value is None else kind(value))
        except ValueError:
            what = kind.__name__.removeprefix("Variable").lower()
            message = f"Invalid variable {what} mode: {value} for variable: {name}"
            raise ValueError(message) from None
    if trainable is None:
        trainable = modes[0] is not VariableSynchronization.ON_READ
    return modes[0], modes[1], trainable


_UNARY = ("abs", "invert", "neg")
_COMPARISONS = ("ge", "gt", "le", "lt")
_BINARY = ("add", "and", "div", "floordiv", "matmul", "mod", "mul", "or", "pow", "sub", "truediv")
_BOTH_WAYS = (*_BINARY, "xor")
_OPERATORS = (*_UNARY, *_COMPARISONS, *_BOTH_WAYS, *(f"r{name}" for name in _BOTH_WAYS))


def _operator_of_value(operator: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(operator)
    def run(self: Variable, *args: Any) -> Any:
        return operator(self.value(), *args)

    return run


for _name in _OPERATORS:
    if hasattr(Tensor, f"__{_name}__"):
        _operator = getattr(Tensor, f"__{_name}__")
        setattr(Variable, f"__{_name}__", _operator_of_value(_operator))


def _assign_of_slice(self: Tensor) -> Callable[..., Any]:
    """`variable[...].assign(value)`: sets that part of the variable."""
    variable = self.graph.extra.get("slices_of_variables", {}).get(self)
    if variable is None:
        raise AttributeError(
            "A tensor has no `assign`: only a variable, or a slice of a variable, is assigned to."
        )
    return lambda value, name=None: _assign_slice(variable, self.op, value, name)


def _assign_slice(variable: Variable, op: Operation, value: Any, name: str | None) -> Any:
    masks = {key: mask for key, mask in op.attrs.items() if key.endswith("_mask")}
    operands = (*op.inputs[1:4], value)
    return variable._update("StridedSliceAssign", operands, name or f"{op.name}/_assign", **masks)


# TensorFlow gives the tensor of a slice this attribute; Tensor itself knows no variables.
Tensor.assign = property(_assign_of_slice)  # type: ignore[attr-defined]


def checked_collections(collections: Any, trainable: bool) -> list[Any]:
    """The collections that a new variable joins."""
    if collections is None:
        collections = [GraphKeys.GLOBAL_VARIABLES]
    if not isinstance(collections, (list, tuple, set)):
        raise ValueError(
            "collections argument to Variable constructor must be a list, tuple, or set. "
            f"Got {collections} of type {type(collections)}"
        )
    extra = trainable and GraphKeys.TRAINABLE_VARIABLES not in collections
    return [*collections, *([GraphKeys.TRAINABLE_VARIABLES] if extra else [])]


def check_arguments(initial_value: Any, constraint: Any) -> None:
    """Raises ValueError where no variable can be made of these."""
    if initial_value is None:
        raise ValueError("initial_value must be specified.")
    if constraint is not None and not callable(constraint):
        raise ValueError("The `constraint` argument must be a callable.")


def _variable_to_tensor(
    variable: Variable, dtype: DType | None, name: str | None, as_ref: bool
) -> Any:
    if dtype is not None and not dtype.is_compatible_with(variable.dtype):
        raise ValueError(
            f"Incompatible type conversion requested to type '{dtype.name}' for variable of type "
            f"'{variable.dtype.name}'. Convert its value with tf.cast(variable, tf.{dtype.name})."
        )
    return variable._ref() if as_ref else variable.value()


convert.register(Variable, _variable_to_tensor)


def global_variables(scope: str | None = None) -> list[Any]:
    """The graph's variables that all processes share; with `scope` those whose names match."""
    return get_default_graph().get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


def all_variables() -> list[Any]:
    """The old name of `global_variables`."""
    return global_variables()


def local_variables(scope: str | None = None) -> list[Any]:
    """The graph's variables of one process, which are not saved (counters, metrics)."""
    return get_default_graph().get_collection(GraphKeys.LOCAL_VARIABLES, scope)


def model_variables(scope: str | None = None) -> list[Any]:
    """The variables that inference with the model needs, as layers mark them."""
    return get_default_graph().get_collection(GraphKeys.MODEL_VARIABLES, scope)


def trainable_variables(scope: str | None = None) -> list[Any]:
    """The variables that optimizers update by default; with `scope` those whose names match."""
    return get_default_graph().get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


def moving_average_variables(scope: str | None = None) -> list[Any]:
    """The variables of which moving averages are kept."""
    return get_default_graph().get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, scope)


def variables_initializer(var_list: Sequence[Any], name: str = "init") -> Operation:
    """An operation that initialises the variables of a list."""
    initializers = [v.initializer for v in var_list or ()]
    return group(*initializers, name=name) if initializers else no_op(name=name)


def initialize_variables(var_list: Sequence[Any], name: str = "init") -> Operation:
    """The old name of `variables_initializer`."""
    return variables_initializer(var_list, name=name)


def global_variables_initializer() -> Operation:
    """An operation that initialises all global variables that there are now."""
    return variables_initializer(global_variables())


def initialize_all_variables() -> Operation:
    """The old name of `global_variables_initializer`."""
    return global_variables_initializer()


def local_variables_initializer() -> Operation:
    """An operation that initialises all local variables that there are now."""
    return variables_initializer(local_variables())


def initialize_local_variables() -> Operation:
    """The old name of `local_variables_initializer`."""
    return local_variables_initializer()


def is_variable_initialized(variable: Any) -> Tensor:
    """A bool: whether the variable has a value when run."""
    if variable.dtype._is_ref_dtype:
        return apply("IsVariableInitialized", variable)  # type: ignore[no-any-return]
    return variable.is_initialized()  # type: ignore[no-any-return]


def _given_or_all(var_list: Sequence[Any] | None) -> list[Any]:
    found = list(global_variables() + local_variables() if var_list is None else var_list)
    if found or var_list:
        return found
    ops = get_default_graph().get_operations()
    return [op.outputs[0] for op in ops if op.type in ("Variable", "VariableV2")]


def assert_variables_initialized(var_list: Sequence[Any] | None = None) -> Any:
    """A tensor whose run raises FailedPreconditionError unless all variables have values.

    None when there are no variables.
    """
    values = [convert.convert_to_tensor(v) for v in _given_or_all(var_list)]
    if not values:
        return None
    # Ranks are known without a run: that of an assertion, whatever it says, reads the variables.
    check = apply("Assert", True, values)
    with get_default_graph().control_dependencies([check]):
        ranks = [apply("Rank", value) for value in values]
        return apply("Pack", ranks, name="stack") if len(ranks) > 1 else ranks[0]


def report_uninitialized_variables(
    var_list: Sequence[Any] | None = None, name: str = "report_uninitialized_variables"
) -> Tensor:
    """The names of the variables that have no value when run: a vector of strings."""
    from . import array_ops, math_ops

    found = _given_or_all(var_list) if var_list is None else list(var_list)
    device = os.environ.get("TF_DEVICE_FOR_UNINITIALIZED_VARIABLE_REPORTING", "/cpu:0")
    with name_scope(name):
        initialized = [is_variable_initialized(v) for v in found]
        with get_default_graph().device(device):
            if not found:
                return convert.constant([], as_dtype("string"), name="Const")
            mask = math_ops.logical_not(array_ops.stack(initialized))
            names = convert.constant([v.op.name for v in found])
            return array_ops.boolean_mask(names, mask)
