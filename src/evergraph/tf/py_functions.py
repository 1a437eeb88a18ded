"""Python functions in a graph: of NumPy arrays (`tf.py_func`), and of tensors (`tf.py_function`).

What `tf.py_function` calls sees tensors that have values. Its operations go into a graph of their
own for each call, and are computed when the function asks for a value, or returns.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..core.convert import make_array
from ..core.dtypes import DType, as_dtype
from ..core.emit import apply
from ..core.graph import Graph
from ..core.tensor import Operation, Tensor
from ..errors import UnimplementedError
from ..ops.host import register_function
from ..runtime import traps
from ..runtime.session import BaseSession
from ..transform.needed import needed_operations
from .array_ops import constant, zeros
from .framework import control_dependencies, convert_to_tensor
from .gradients_impl import gradients
from .variables import Variable


def py_func(
    func: Callable[..., Any], inp: Any, Tout: Any, stateful: bool = True, name: Any = None
) -> Any:
    """Calls `func` with the values of `inp` as NumPy arrays; gives what it returns as tensors.

    `Tout` is the dtype of the result, or a list of them. A stateful function is called once in
    every run that needs it; no gradient flows through it. The static shapes are unknown: use
    `set_shape`. In the run, InvalidArgumentError for results of other dtypes or number.
    """
    _check_callable(func)
    op_type = "PyFunc" if stateful else "PyFuncStateless"
    return _called(op_type, func, inp, Tout, name)


def numpy_function(func: Callable[..., Any], inp: Any, Tout: Any, name: Any = None) -> Any:
    """`py_func` with a function that is called in every run."""
    return py_func(func, inp, Tout, True, name)


def py_function(func: Callable[..., Any], inp: Any, Tout: Any, name: Any = None) -> Any:
    """Calls `func` with tensors that have values, so that it may use `if`, `while` and `.numpy()`.

    `Tout` is the dtype of what it returns, a tensor or what converts to one, or a list of them.
    Gradients flow through it, once. Variables of the graph around are not seen inside. In the
    run, InvalidArgumentError for results of other dtypes or number.
    """
    _check_callable(func)
    kinds = [as_dtype(t) for t in (Tout if isinstance(Tout, (list, tuple)) else [Tout])]
    return _called("EagerPyFunc", _TensorFunction(func, kinds), inp, Tout, name)


def _check_callable(func: Any) -> None:
    if not callable(func):
        raise ValueError(f"Expected func to be callable, got func of type {type(func)}")


def _called(op_type: str, func: Callable[..., Any], inp: Any, Tout: Any, name: Any) -> Any:
    several = isinstance(Tout, (list, tuple))
    kinds = tuple(as_dtype(t) for t in (Tout if several else [Tout]))
    result = apply(op_type, list(inp), token=register_function(func), Tout=kinds, name=name)
    return result if several else result[0]


# -- tensors with values ---------------------------------------------------------------------
class _ValueGraph(Graph):
    """The operations of one call. Every tensor of it has a value for who asks."""

    def __init__(self) -> None:
        super().__init__()
        self.extra["warned"] = {traps.GROWS}  # that is how it works
        self.session = BaseSession(graph=self)
        self.known: dict[Tensor, Any] = {}
        self.done: set[Operation] = set()

    def append(self, op: Operation) -> None:
        """Adds an operation whose outputs can be asked for their values."""
        super().append(op)
        for out in op.outputs:
            out.__class__ = ValueTensor

    def value(self, x: Tensor) -> Any:
        """The value of a tensor; what has been made before it acts on the world first."""
        if x not in self.known:
            self.compute([x])
        return self.known[x]

    def compute(self, wanted: Sequence[Tensor]) -> None:
        """Finds the values of tensors, and runs what acts on the world and has not run yet."""
        for op in [op for op in self.operations if self._is_due(op)]:
            self._run(self._reads_before(op), [])
            self._run([x for x in op.outputs if x.dtype.is_numpy_compatible], [op])
            self._pass(op)
        self._run([x for x in wanted if x not in self.known], [])

    def _run(self, wanted: Sequence[Tensor], acting: list[Operation]) -> None:
        fed = {x: v for x, v in self.known.items() if not x.op.definition.is_variable}
        roots = [*(x.op for x in wanted), *acting]
        # What is drawn at random or given by the world keeps its value for the whole call.
        drawn = [
            out
            for op in needed_operations(roots, list(fed))
            if op.definition.stateful and op.control_flow_context is None and not _is_state(op)
            for out in op.outputs
            if out not in fed
        ]
        tensors = list(dict.fromkeys([*wanted, *drawn]))
        if tensors or acting:
            values = self.session.run([tensors, acting], fed)[0]
            self.known.update(zip(tensors, values, strict=True))

    def _pass(self, op: Operation) -> None:
        """Notes that an operation has run: nothing waits for it any more."""
        self.done.add(op)
        for later in self.operations[op._id :]:
            if op in later._control_inputs:
                later._control_inputs = [c for c in later._control_inputs if c is not op]
        self.changed()

    def _reads_before(self, op: Operation) -> list[Tensor]:
        """What was read of variables before an operation may change them."""
        reads = [o for o in self.operations[: op._id] if o.definition.reads is not None]
        reads = [o for o in reads if o.control_flow_context is None]
        return [x for o in reads for x in o.outputs if x not in self.known]

    def _is_due(self, op: Operation) -> bool:
        acts = op.definition.effect or bool(op.definition.updates)
        return acts and op not in self.done and op.control_flow_context is None


def _is_state(op: Operation) -> bool:
    return any(o.dtype._is_ref_dtype or not o.dtype.is_numpy_compatible for o in op.outputs)


class ValueTensor(Tensor):
    """A tensor inside a function of `tf.py_function`: it has a value."""

    __slots__ = ()

    def numpy(self) -> Any:
        """Its value as NumPy's."""
        graph = self.op.graph
        assert isinstance(graph, _ValueGraph)
        return graph.value(self)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self.numpy(), dtype)

    def __bool__(self) -> bool:  # type: ignore[override]
        return bool(self.numpy())

    def __int__(self) -> int:
        return int(self.numpy())

    def __index__(self) -> int:
        return int(self.numpy())

    def __float__(self) -> float:
        return float(self.numpy())

    def __complex__(self) -> complex:
        return complex(self.numpy())

    def __len__(self) -> int:  # type: ignore[override]
        return len(self.numpy())

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        return (self[i] for i in range(len(self)))

    def __format__(self, spec: str) -> str:
        return format(self.numpy(), spec)

    def __str__(self) -> str:
        return f"tf.Tensor({self.numpy()}, shape={self.shape}, dtype={self.dtype.name})"


class _TensorFunction:
    """A function of tensors, as one of arrays. It remembers its last call for the gradient."""

    def __init__(self, func: Callable[..., Any], kinds: Sequence[DType]) -> None:
        self.func = func
        self.kinds = list(kinds)
        self.last = threading.local()

    def __call__(self, *arrays: Any) -> Any:
        graph = _ValueGraph()
        with graph.as_default():
            inputs = [_given(x) for x in arrays]
            outputs = self._outputs(self.func(*inputs))
            graph.compute(outputs)
        self.last.call = (graph, inputs, outputs)
        return [graph.known[x] for x in outputs]

    def _outputs(self, got: Any) -> list[Tensor]:
        if got is None:
            return []
        values = got if isinstance(got, (list, tuple)) else [got]
        if len(values) != len(self.kinds):
            raise ValueError(
                f"The function returns {len(values)} values, but Tout has {len(self.kinds)}."
            )
        return [self._output(x, d) for x, d in zip(values, self.kinds, strict=True)]

    def _output(self, x: Any, dtype: DType) -> Tensor:
        if isinstance(x, Variable) or hasattr(x, "read_value"):
            raise RuntimeError(
                "Attempting to return a variable from an eagerly executed py_func. Only numeric "
                "data structures like Tensors or NumPy arrays should be returned; to return the "
                f"value of a variable, return variable.read_value(): {x!r}"
            )
        return convert_to_tensor(x, dtype=dtype)

    def gradient(self, op: Operation, dys: Sequence[Any]) -> list[Tensor]:
        """The operation that differentiates the last call; called while the graph is built."""
        weights = [
            dy if dy is not None else apply("ZerosLike", y)
            for y, dy in zip(op.outputs, dys, strict=True)
        ]
        token = register_function(_GradientFunction(self))
        kinds = tuple(x.dtype.base_dtype for x in op.inputs)
        # The values are no operands of the call, but what it gives hangs on them: without them in
        # the graph a second derivative would be none, in silence, instead of refused.
        values = [y for y in op.outputs if y.dtype.is_floating or y.dtype.is_complex]
        with control_dependencies(op.outputs):
            return apply("EagerPyFunc", [*weights, *values], token=token, Tout=kinds)  # type: ignore[no-any-return]


def _given(x: Any) -> Tensor:
    array = np.asarray(x)
    if array.dtype == object:
        return constant(make_array(array, as_dtype("string")))
    return constant(array, dtype=as_dtype(array.dtype))


class _GradientFunction:
    """The gradient of a function's last call, as a function of arrays."""

    def __init__(self, function: _TensorFunction) -> None:
        self.function = function

    def __call__(self, *operands: Any) -> list[Any]:
        graph, inputs, outputs = self.function.last.call
        weights = operands[: len(outputs)]
        with graph.as_default():
            pairs = [(y, _given(w)) for y, w in zip(outputs, weights, strict=True)]
            pairs = [(y, w) for y, w in pairs if y.dtype.is_floating or y.dtype.is_complex]
            ys, grad_ys = [y for y, _ in pairs], [w for _, w in pairs]
            found = gradients(ys, inputs, grad_ys) if ys else [None] * len(inputs)
            got = [
                zeros(x.shape, x.dtype.base_dtype) if g is None else convert_to_tensor(g)
                for x, g in zip(inputs, found, strict=True)
            ]
            graph.compute(got)
        return [graph.known[g] for g in got]

    def gradient(self, op: Operation, dys: Sequence[Any]) -> list[Tensor]:
        """There is none of second order."""
        raise UnimplementedError(
            None,
            op,
            "tf.py_function has first derivatives only: for second ones, build the computation "
            "of operations (tf.cond, tf.while_loop).",
        )


__all__ = ["numpy_function", "py_func", "py_function"]
