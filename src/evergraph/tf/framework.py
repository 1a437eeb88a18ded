"""Graphs, scopes, collections and conversion: the root symbols of TensorFlow's framework."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..core import context, convert, dtypes
from ..core.dtypes import DType, as_dtype
from ..core.graph import Graph, get_default_graph, global_default_graph, reset_default_graph
from ..core.tensor import Operation, Tensor
from ..core.tensor_shape import Dimension, TensorShape, dimension_at_index, dimension_value
from ..ops import seeds as _seeds
from ..ops.indexed_slices import IndexedSlices
from ..runtime.session import InteractiveSession, Session, get_default_session
from ..transform import gradients as _gradients

__all__ = [
    "DType",
    "Dimension",
    "Graph",
    "IndexedSlices",
    "InteractiveSession",
    "NoGradient",
    "NotDifferentiable",
    "Operation",
    "RegisterGradient",
    "Session",
    "Tensor",
    "TensorShape",
    "add_to_collection",
    "add_to_collections",
    "as_dtype",
    "bfloat16",
    "bool",
    "colocate_with",
    "complex64",
    "complex128",
    "container",
    "control_dependencies",
    "convert_to_tensor",
    "convert_to_tensor_or_indexed_slices",
    "device",
    "dimension_at_index",
    "dimension_value",
    "double",
    "executing_eagerly",
    "float16",
    "float32",
    "float64",
    "get_collection",
    "get_collection_ref",
    "get_default_graph",
    "get_default_session",
    "get_seed",
    "half",
    "init_scope",
    "int8",
    "int16",
    "int32",
    "int64",
    "is_tensor",
    "name_scope",
    "op_scope",
    "qint8",
    "qint16",
    "qint32",
    "quint8",
    "quint16",
    "register_tensor_conversion_function",
    "reset_default_graph",
    "resource",
    "string",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "variant",
]

bfloat16, float16, float32, float64 = (
    dtypes.bfloat16,
    dtypes.float16,
    dtypes.float32,
    dtypes.float64,
)
half, double = float16, float64
int8, int16, int32, int64 = dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64
uint8, uint16, uint32, uint64 = dtypes.uint8, dtypes.uint16, dtypes.uint32, dtypes.uint64
qint8, qint16, qint32, quint8, quint16 = (
    dtypes.qint8,
    dtypes.qint16,
    dtypes.qint32,
    dtypes.quint8,
    dtypes.quint16,
)
complex64, complex128, string = dtypes.complex64, dtypes.complex128, dtypes.string
resource, variant = dtypes.resource, dtypes.variant
bool = dtypes.bool_


def convert_to_tensor(
    value: Any,
    dtype: Any = None,
    name: str | None = None,
    preferred_dtype: Any = None,
    dtype_hint: Any = None,
) -> Tensor:
    """`value` (a number, list, array, variable or tensor) as a tensor of the default graph.

    `dtype` must be met, `dtype_hint` is taken where possible. Raises TypeError or ValueError for
    what cannot become such a tensor.
    """
    hint = dtype_hint if dtype_hint is not None else preferred_dtype
    return convert.convert_to_tensor(  # type: ignore[return-value]
        value,
        None if dtype is None else as_dtype(dtype),
        name,
        False,
        None if hint is None else as_dtype(hint),
    )


def convert_to_tensor_or_indexed_slices(value: Any, dtype: Any = None, name: Any = None) -> Any:
    """Like `convert_to_tensor`, but leaves an IndexedSlices as it is."""
    if isinstance(value, IndexedSlices):
        if dtype is not None and not as_dtype(dtype).is_compatible_with(value.dtype):
            raise ValueError(
                f"Tensor conversion requested dtype {as_dtype(dtype).name} for Tensor with dtype "
                f"{value.dtype.name}: {value!s}"
            )
        return value
    return convert_to_tensor(value, dtype, name)


def register_tensor_conversion_function(
    base_type: Any, conversion_func: Any, priority: int = 100
) -> None:
    """Makes objects of `base_type` convertible by `conversion_func(value, dtype, name, as_ref)`."""
    if not callable(conversion_func):
        raise TypeError("conversion_func must be callable.")

    def converter(value: Any, dtype: Any, name: Any, as_ref: Any) -> Any:
        return conversion_func(value, dtype=dtype, name=name, as_ref=as_ref)

    convert.register(base_type, converter, priority)


def is_tensor(x: Any) -> Any:
    """Whether `x` is a tensor or stands for one (a variable, a sparse tensor)."""
    return isinstance(x, Tensor) or getattr(x, "is_tensor_like", False)


def _graph_of(values: Any) -> Graph:
    """The graph of the tensors and operations among the values; ValueError if they have several."""
    current = get_default_graph()
    if current.building_function:  # it captures what it uses from outside
        return current
    found: Graph | None = None
    first: Any = None
    for v in values or ():
        graph = getattr(v, "graph", None)
        if not isinstance(graph, Graph) or graph is found:
            continue
        if found is not None:
            raise ValueError(f"{v} must be from the same graph as {first}.")
        found, first = graph, v
    return current if found is None else found


class name_scope:
    """A context that prefixes names: `with tf.name_scope("layer") as scope:`.

    With `name` None the scope is named `default_name`. `values` are tensors whose graph is used.
    """

    def __init__(self, name: Any, default_name: Any = None, values: Any = None) -> None:
        if not (name is None or isinstance(name, str)) or not (
            default_name is None or isinstance(default_name, str)
        ):
            raise TypeError("The name of a name scope must be a string (or None).")
        self._name = default_name if name is None else name
        if self._name is None and values is not None:
            raise ValueError(
                "At least one of name (None) and default_name (None) must be provided."
            )
        self._values = values
        self._scopes: list[tuple[Any, Any]] = []

    @property
    def name(self) -> Any:
        """The name asked for."""
        return self._name

    def __enter__(self) -> str:
        graph = _graph_of(self._values)
        default = graph.as_default()
        default.__enter__()
        try:
            scope = graph.name_scope(self._name)
            entered = scope.__enter__()
        except BaseException:
            default.__exit__(None, None, None)
            raise
        self._scopes.append((scope, default))
        return entered

    def __exit__(self, type_arg: Any, value_arg: Any, traceback_arg: Any) -> None:
        for scope in self._scopes.pop():
            scope.__exit__(type_arg, value_arg, traceback_arg)


@contextmanager
def op_scope(values: Any, name: Any, default_name: Any = None) -> Iterator[str]:
    """The old order of `name_scope`'s arguments."""
    with name_scope(name, default_name, values) as scope:
        yield scope


def control_dependencies(control_inputs: Any) -> Any:
    """What is made inside runs after `control_inputs`, in the default graph."""
    return get_default_graph().control_dependencies(control_inputs)


def device(device_name_or_function: Any) -> Any:
    """What is made inside asks for this device, in the default graph."""
    return get_default_graph().device(device_name_or_function)


def colocate_with(op: Any, ignore_existing: Any = False) -> Any:
    """What is made inside goes to the device of `op`."""
    return get_default_graph().colocate_with(op, ignore_existing)


def container(container_name: str) -> Any:
    """Variables made inside live in a container of this name, in the default graph."""
    return get_default_graph().container(container_name)


@contextmanager
def init_scope() -> Iterator[None]:
    """What is made inside goes to the outermost graph, without the control dependencies around.

    So variables may be made and initialised inside the functions of `tf.cond` and `tf.while_loop`.
    """
    inner = get_default_graph()
    scope = inner.get_name_scope()
    stacked = reversed(context.graphs.items)
    outer = next((g for g in stacked if not g.building_function), None) or global_default_graph()
    with (
        outer.as_default(),
        outer.name_scope(scope + "/" if scope else None),
        outer.control_dependencies(None),
    ):
        devices = outer.device_stack
        outer.device_stack = inner.device_stack or devices
        try:
            yield
        finally:
            outer.device_stack = devices


def add_to_collection(name: Any, value: Any) -> None:
    """Appends `value` to a collection of the default graph."""
    get_default_graph().add_to_collection(name, value)


def add_to_collections(names: Any, value: Any) -> None:
    """Appends `value` to several collections of the default graph."""
    get_default_graph().add_to_collections(names, value)


def get_collection(key: Any, scope: Any = None) -> Any:
    """A copy of a collection of the default graph, of the items whose names match `scope`."""
    return get_default_graph().get_collection(key, scope)


def get_collection_ref(key: Any) -> Any:
    """A collection of the default graph, itself."""
    return get_default_graph().get_collection_ref(key)


def get_seed(op_seed: Any) -> Any:
    """The (graph seed, op seed) that a random op made now would get."""

    return _seeds.get_seed(op_seed)


class RegisterGradient:
    """A decorator that registers the gradient function of an op type.

    The function takes the operation and the gradients of its outputs, and returns a gradient (or
    None) an input. A name of your own serves `Graph.gradient_override_map`.
    """

    def __init__(self, op_type: str) -> None:
        if not isinstance(op_type, str):
            raise TypeError("op_type must be a string")
        self._op_type = op_type

    def __call__(self, f: Any) -> Any:
        """Registers `f`; KeyError if the type has a gradient."""
        _gradients.register(self._op_type, f)
        return f


def NotDifferentiable(op_type: str) -> None:
    """Says that no gradient flows through ops of this type."""
    _gradients.register(op_type, None)


NoGradient = NotDifferentiable


def executing_eagerly() -> builtins.bool:
    """Whether operations run as soon as they are called: never, they make a graph."""
    return False
