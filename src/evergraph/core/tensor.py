"""Operations and the tensors that they give: the nodes and edges of a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import numpy as np

from ..errors import InvalidArgumentError, OutOfRangeError
from . import context, provenance
from .dtypes import DType, as_dtype
from .errors_of_use import not_in_graph
from .opdef import Attrs, OpDef
from .shape import Shape, compatible, merge, show, show_brackets
from .tensor_shape import TensorShape, to_shape

if TYPE_CHECKING:
    from .graph import Graph


UNKNOWN: Any = object()
"""Stands for the value of a tensor that only a run can tell."""


class Literal:
    """An operand given by value instead of by a tensor: the axes of a gradient's sum, say."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        array: np.ndarray[Any, Any] = np.asarray(value)
        if array.flags.writeable:
            array = array.view()
            array.flags.writeable = False
        self.value = array

    @property
    def static_shape(self) -> Shape:
        """The shape of the value."""
        shape: Shape = self.value.shape
        return shape

    @property
    def dtype(self) -> DType:
        """The dtype of the value."""
        return as_dtype(self.value.dtype)

    def __repr__(self) -> str:
        return f"Literal({self.value.tolist()})"


def axes_literal(value: Any) -> Literal:
    """A literal of int32: axes, shapes, permutations."""
    return Literal(np.asarray(value, dtype=np.int32))


class Tensor:
    """One output of an operation: a value that a run will give.

    `name` is `operation:index`; `dtype` and `shape` are what is known before the run.
    The operators (`+`, `[]`, `<` ...) record operations; `==` compares identity, as in
    TensorFlow 1.
    """

    __slots__ = (
        "__weakref__",
        "_consumers",
        "_extra",
        "_keras_history",
        "_keras_mask",
        "_value",
        "dtype",
        "op",
        "static_shape",
        "value_index",
    )
    __array_priority__ = 100  # numpy_array + tensor asks the tensor
    OVERLOADABLE_OPERATORS: ClassVar[set[str]] = set()

    def __init__(self, op: Operation, index: int, dtype: DType, shape: Shape) -> None:
        self.op = op
        self.value_index = index
        self.dtype = dtype
        self.static_shape = shape
        self._consumers: list[Operation] = []
        self._value: Any = None

    @property
    def name(self) -> str:
        """`operation:index`."""
        return f"{self.op.name}:{self.value_index}"

    @property
    def graph(self) -> Graph:
        """The graph it belongs to."""
        return self.op.graph

    @property
    def device(self) -> str:
        """The device that its operation asks for, or an empty string."""
        return self.op.device

    @property
    def shape(self) -> TensorShape:
        """What is known of its shape."""
        return TensorShape(self.static_shape)

    def get_shape(self) -> TensorShape:
        """What is known of its shape."""
        return TensorShape(self.static_shape)

    def _shape_as_list(self) -> list[int | None] | None:
        return None if self.static_shape is None else list(self.static_shape)

    def _shape_tuple(self) -> Shape:
        return self.static_shape

    @property
    def _value_index(self) -> int:
        return self.value_index

    @property
    def _rank(self) -> int | None:
        return None if self.static_shape is None else len(self.static_shape)

    def set_shape(self, shape: Any) -> None:
        """Adds to what is known of the shape; ValueError if it contradicts that."""
        dims = to_shape(shape)
        if not compatible(self.static_shape, dims):
            raise ValueError(
                f"Shapes {show(self.static_shape)} and {show(dims)} are not compatible: "
                f"tensor {self.name!r} cannot have both."
            )
        merged = merge(self.static_shape, dims)
        if merged != self.static_shape:
            self.static_shape = merged
            _forget_unknown(self)

    def consumers(self) -> list[Operation]:
        """The operations that take it as an input, once for each time."""
        return list(self._consumers)

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Its value, run in `session` or the default session; ValueError if there is none."""
        return _session_for(self, session, "evaluate tensor", "eval").run(self, feed_dict)

    def experimental_ref(self) -> _Reference:
        """A hashable reference to it."""
        return _Reference(self)

    if TYPE_CHECKING:
        # The op table's operators are installed by evergraph.ops.operators.
        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __floordiv__(self, other: Any) -> Tensor: ...
        def __rfloordiv__(self, other: Any) -> Tensor: ...
        def __mod__(self, other: Any) -> Tensor: ...
        def __rmod__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __rpow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __rmatmul__(self, other: Any) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...
        def __and__(self, other: Any) -> Tensor: ...
        def __rand__(self, other: Any) -> Tensor: ...
        def __or__(self, other: Any) -> Tensor: ...
        def __ror__(self, other: Any) -> Tensor: ...
        def __xor__(self, other: Any) -> Tensor: ...
        def __rxor__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __abs__(self) -> Tensor: ...
        def __invert__(self) -> Tensor: ...
        def __getitem__(self, key: Any) -> Tensor: ...

    def __bool__(self) -> NoReturn:
        not_in_graph(
            "using a `tf.Tensor` as a Python `bool`",
            "Write tf.cond or tf.where, or run the tensor in a session first",
        )

    def __iter__(self) -> NoReturn:
        not_in_graph("iterating over `tf.Tensor`", "Use tf.unstack, tf.map_fn or tf.while_loop")

    def __len__(self) -> NoReturn:
        raise TypeError(
            f"len is not well defined for symbolic Tensors ({self.name}): "
            "use `x.shape[0]` or `tf.shape(x)[0]`."
        )

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        raise NotImplementedError(
            f"Cannot convert a symbolic Tensor ({self.name}) to a numpy array: "
            "run it in a session to get its value."
        )

    def __str__(self) -> str:
        shape = "" if self.static_shape is None else f", shape={show(self.static_shape)}"
        device = f", device={self.device}" if self.device else ""
        return f'Tensor("{self.name}"{shape}, dtype={self.dtype.name}{device})'

    def __repr__(self) -> str:
        return f"<tf.Tensor {self.name!r} shape={show(self.static_shape)} dtype={self.dtype.name}>"


def _forget_unknown(x: Tensor) -> None:
    """Values that could not be told before the shape of `x` was known are asked for anew."""
    pending = list(x._consumers)
    while pending:
        for out in pending.pop().outputs:
            if out._value is UNKNOWN:
                out._value = None
                pending.extend(out._consumers)


class _Reference:
    """Compares a tensor by identity, for use as a key."""

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor

    def deref(self) -> Tensor:
        """The tensor."""
        return self._tensor

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reference) and other._tensor is self._tensor

    def __hash__(self) -> int:
        return id(self._tensor)


def _session_for(x: Any, session: Any, doing: str, call: str) -> Any:
    session = session or context.sessions.top()
    if session is None:
        raise ValueError(
            f"Cannot {doing} using `{call}()`: No default session is registered. "
            f"Use `with sess.as_default()` or pass an explicit session to `{call}(session=sess)`."
        )
    if session.graph is not x.graph:
        raise ValueError(
            f"Cannot use the default session to {doing}: the tensor's graph is different from "
            f"the session's graph. Pass an explicit session to `{call}(session=sess)`."
        )
    return session


Operand = Tensor | Literal


class _InputList(tuple[Operand, ...]):
    """The operands of an operation: a list that nobody changes."""

    __slots__ = ()


class Operation:
    """A node: an op of the table applied to operands, with attributes.

    Operations are made by `emit` alone.
    """

    __slots__ = (
        "__weakref__",
        "_control_inputs",
        "_id",
        "_original_op",
        "attrs",
        "colocation",
        "control_flow_context",
        "definition",
        "device",
        "extra",
        "gradient_type",
        "graph",
        "name",
        "operands",
        "outputs",
        "site",
    )

    def __init__(
        self,
        graph: Graph,
        name: Any,
        definition: Any = None,
        operands: Sequence[Operand] = (),
        attrs: Attrs | None = None,
        **given: Any,
    ) -> None:
        if attrs is None:  # a program's own: Operation(node_def, graph, inputs ...)
            inputs = (definition, *((operands,) if operands else ()))
            self._from_node_def(graph, name, *inputs, **given)
            return
        self.graph = graph
        self.name = name
        self.definition: OpDef = definition
        self.operands: tuple[Operand, ...] = _InputList(operands)
        self.attrs = attrs
        self.outputs: list[Tensor] = []
        self.device = ""
        self.colocation: tuple[str, ...] = ()
        self.gradient_type: str | None = None
        self.site: provenance.Site | None = None
        self.extra: Any = None
        self.control_flow_context: Any = None
        self._control_inputs: list[Operation] = []
        self._original_op: Operation | None = None
        self._id = -1

    if TYPE_CHECKING:
        # Installed by evergraph.formats.methods, where messages are known.
        node_def: Any

        def _from_node_def(self, node_def: Any, g: Any, *args: Any, **kwargs: Any) -> None: ...

    @property
    def type(self) -> str:
        """The op's name, e.g. `MatMul`."""
        return self.definition.name

    @property
    def inputs(self) -> tuple[Operand, ...]:
        """The operands (tensors, and literals in gradients)."""
        return self.operands

    @property
    def control_inputs(self) -> list[Operation]:
        """The operations that run before it without giving it values."""
        return list(self._control_inputs)

    @property
    def traceback_with_start_lines(self) -> list[tuple[str, int, str, str, int]]:
        """The traceback with the first line of each function."""
        first = 0 if self.site is None else self.site[0].co_firstlineno
        return [(*entry, first) for entry in self.traceback]

    @property
    def traceback(self) -> list[tuple[str, int, str, str]]:
        """Where the user's program made it: one (file, line, function, text)."""
        import linecache

        if self.site is None:
            return []
        code, line = self.site
        text = linecache.getline(code.co_filename, line).strip()
        return [(code.co_filename, line, code.co_name, text)]

    def colocation_groups(self) -> list[bytes]:
        """The groups of operations that share a device with it."""
        return [b"loc:@" + c.encode() for c in self.colocation or (self.name,)]

    def values(self) -> tuple[Tensor, ...]:
        """Its outputs."""
        return tuple(self.outputs)

    def run(self, feed_dict: Any = None, session: Any = None) -> None:
        """Runs it in `session` or the default session; ValueError if there is none."""
        _session_for(self, session, "execute operation", "run").run(self, feed_dict)

    def _add_control_input(self, op: Operation) -> None:
        self._add_control_inputs([op])

    def _add_control_inputs(self, ops: Sequence[Operation]) -> None:
        for op in ops:
            if op.graph is not self.graph:
                raise ValueError(f"{op.name!r} is not of the same graph as {self.name!r}.")
            if op not in self._control_inputs:
                self._control_inputs.append(op)
        self.graph.changed()

    def _remove_all_control_inputs(self) -> None:
        self._control_inputs = []
        self.graph.changed()

    @property
    def _control_outputs(self) -> list[Operation]:
        return [op for op in self.graph.operations if self in op._control_inputs]

    def _update_input(self, index: int, tensor: Tensor) -> None:
        self._check_new_input(index, tensor)
        self.rewire(index, tensor)
        self.graph.changed()

    def _check_new_input(self, index: int, tensor: Tensor) -> None:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"tensor must be a Tensor: {tensor}")
        if tensor.graph is not self.graph:
            raise ValueError(f"{tensor} must be from the same graph as {self.name!r}.")
        if index >= len(self.operands):
            raise OutOfRangeError(
                f"Cannot update edge. Input index [{index}] is greater than the number of total "
                f"inputs [{len(self.operands)}]."
            )
        old, new = self.operands[index].static_shape, tensor.static_shape
        if not compatible(old, new):
            raise InvalidArgumentError(
                f"Cannot update edge, incompatible shapes: {show_brackets(new)} and "
                f"{show_brackets(old)}."
            )
        expected = self.operands[index].dtype.base_dtype
        if tensor.dtype.base_dtype is not expected:
            # A run is refused as long as the input is this one.
            wrong = self.graph.extra.setdefault("wrong_edges", [])
            wrong.append((self, index, tensor, expected))

    def rewire(self, index: int, tensor: Tensor) -> None:
        """Replaces an operand of an operation that no compiled program knows yet."""
        operands = list(self.operands)
        old = operands[index]
        if isinstance(old, Tensor):
            old._consumers.remove(self)
        operands[index] = tensor
        tensor._consumers.append(self)
        self.operands = _InputList(operands)

    def _get_control_flow_context(self) -> Any:
        return self.control_flow_context

    def _set_control_flow_context(self, context: Any) -> None:
        self.control_flow_context = context

    def _set_device(self, device: Any) -> None:
        self.device = device.to_string() if hasattr(device, "to_string") else str(device or "")

    @property
    def line(self) -> str:
        """The operation on one line: `y = Add(x:0, y/1:0)`."""
        ins = ", ".join(o.name if isinstance(o, Tensor) else repr(o) for o in self.operands)
        return f"{self.name} = {self.type}({ins})"

    def __str__(self) -> str:
        return self.line

    def __repr__(self) -> str:
        return f"<tf.Operation {self.name!r} type={self.type}>"
