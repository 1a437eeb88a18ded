"""Functions of a graph: `tensorflow.python.framework.function.Defun`, `tf.function`, `defun`.

A function is traced once for its argument types; a call is one operation of the graph. The
compiler opens it, so it costs nothing in a run.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from ..core.convert import convert_to_tensor
from ..core.dtypes import as_dtype
from ..core.emit import apply, emit_definition
from ..core.func_graph import FuncGraph, trace_function
from ..core.function import Function
from ..core.graph import Graph, get_default_graph
from ..core.tensor import Operation, Tensor
from ..core.tensor_shape import to_shape
from ..formats.function_def import definition_of, function_def, library
from . import nest

__all__ = ["function"]

_numbers = itertools.count()


def _name_of(func: Callable[..., Any]) -> str:
    name = getattr(func, "__name__", None) or type(func).__name__
    return "lambda" if name == "<lambda>" else name


class Defun:
    """Decorator: a Python function of tensors of these dtypes becomes a function of the graph.

    Keywords: `func_name`, its name in the graph; `grad_func`, a Defun that gives its gradient;
    `python_grad_func`, a gradient rule `(op, *grads)`; `out_names`; `shape_func(op)`.
    """

    def __init__(self, *input_types: Any, **kwargs: Any) -> None:
        self.input_types = [as_dtype(t) for t in input_types]
        self.options = {
            k: kwargs.pop(k, None)
            for k in ("func_name", "grad_func", "python_grad_func", "out_names", "shape_func")
        }
        self.attributes = kwargs

    def __call__(self, func: Callable[..., Any]) -> Any:
        """The function; ValueError where the number of types is not that of its arguments."""
        if not callable(func):
            raise ValueError(f"func {func} must be callable")
        count = _argument_count(func)
        if self.input_types:
            if count is not None and not count[0] <= len(self.input_types) <= count[1]:
                raise ValueError(
                    f"The function has fewer arguments than the number of specified input types: "
                    f"{_name_of(func)} takes {count[0]}, {len(self.input_types)} types are given."
                )
            return _DefinedFunction(func, self.input_types, **self.options)
        if count is not None and count[1] == 0:
            return _DefinedFunction(func, [], **self.options)
        return _OverloadedFunction(func, self.options)


def _argument_count(func: Callable[..., Any]) -> tuple[float, float] | None:
    import inspect

    try:
        parameters = inspect.signature(func).parameters.values()
    except (TypeError, ValueError):
        return None
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = sum(p.default is p.empty for p in positional)
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return required, float("inf")
    return required, len(positional)


def _tensor(x: Any) -> Tensor:
    return convert_to_tensor(x)  # type: ignore[return-value]


def _flat(result: Any) -> list[Tensor]:
    if result is None or isinstance(result, Operation):
        return []
    outs = list(result) if isinstance(result, (list, tuple)) else [result]
    if any(x is None for x in outs):
        raise ValueError("Function can not return None.")
    return [_tensor(x) for x in outs]


class _DefinedFunction:
    """A function of the graph, traced when it is first needed."""

    def __init__(
        self,
        func: Callable[..., Any],
        input_types: Sequence[Any],
        func_name: str | None = None,
        grad_func: Any = None,
        python_grad_func: Any = None,
        out_names: Any = None,
        shape_func: Any = None,
    ) -> None:
        self._func = func
        self._input_types = list(input_types)
        self._func_name = func_name
        self._grad_func, self._python_grad_func = grad_func, python_grad_func
        self._shape_func = shape_func
        self._function: Function | None = None
        self._captured: list[Tensor] = []
        self._definition: Any = None

    @property
    def name(self) -> str:
        """Its name in the graph."""
        if self._func_name is None:
            self.function  # noqa: B018  the name hangs on what was traced
        assert self._func_name is not None
        return self._func_name

    @property
    def function(self) -> Function:
        """Its graph, arguments and results."""
        if self._function is None:
            name = self._func_name or _name_of(self._func)
            kinds = [(t, None) for t in self._input_types]
            self._function, self._captured, _ = trace_function(name, self._func, kinds, _flat)
            if self._func_name is None:
                self._func_name = f"{name}_{_digest(self._function)}"
            self._function.name = self._func_name
        return self._function

    @property
    def definition(self) -> Any:
        """Its FunctionDef."""
        return function_def(self.function)

    @property
    def declared_input_types(self) -> list[Any]:
        """The dtypes of its arguments."""
        return list(self._input_types)

    @property
    def captured_inputs(self) -> list[Tensor]:
        """The tensors from outside that it uses: its last arguments."""
        self.function  # noqa: B018  tracing finds them
        return self._captured

    @property
    def stateful_ops(self) -> list[tuple[str, str]]:
        """Its operations that keep a state or act: (name, type)."""
        ops = self.function.graph.operations
        return [(op.name, op.type) for op in ops if op.definition.stateful and op.type != "_Arg"]

    @property
    def python_grad_func(self) -> Any:
        """The gradient rule given as a Python function."""
        return self._python_grad_func

    @property
    def grad_func_name(self) -> str | None:
        """The name of the function that gives the gradient."""
        return self._grad_func.name if self._grad_func is not None else None

    def set_grad_func(self, grad_func: Any) -> None:
        """Gives it a gradient function; ValueError if it has another one."""
        if self._grad_func is not None and self._grad_func is not grad_func:
            raise ValueError(f"{self.name} has a gradient function already.")
        self._grad_func = grad_func

    def add_to_graph(self, g: Graph) -> None:
        """Puts it into a graph's library."""
        if self._grad_func is not None and self._python_grad_func is not None:
            raise ValueError(f"Gradient defined twice for function {self.name}")
        known = library(g)
        if self.name not in known:
            known.add(self.function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls it: one operation of the default graph."""
        name = kwargs.pop("name", None)
        function = self.function
        self.add_to_graph(get_default_graph())
        types = self._input_types
        if len(args) != len(types):
            raise ValueError(f"Expected number of arguments: {len(types)}, received: {len(args)}")
        inputs = [convert_to_tensor(a, t) for a, t in zip(args, types, strict=True)]
        if self._definition is None:
            self._definition = definition_of(function, bool(self.stateful_ops))
            self._definition.grad = self._gradient_rule()
        op = emit_definition(self._definition, [*inputs, *self._captured], {}, name)
        if self._shape_func is not None:
            for out, shape in zip(op.outputs, self._shape_func(op), strict=True):
                out.set_shape(shape)
        if not op.outputs:
            return op
        return op.outputs[0] if len(op.outputs) == 1 else tuple(op.outputs)

    def _gradient_rule(self) -> Any:
        if self._python_grad_func is not None:
            return self._python_grad_func
        if self._grad_func is not None:
            return lambda op, *dys: self._grad_func(*op.inputs, *dys)
        return None


def _digest(function: Function) -> str:
    """Tells functions of one name apart by what they do."""
    text = "\n".join(
        f"{op.type}{[getattr(x, 'name', x) for x in op.operands]}{op.attrs}"
        for op in function.graph.operations
    )
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


class _OverloadedFunction:
    """A function of any argument types: one `_DefinedFunction` for each."""

    def __init__(self, func: Callable[..., Any], options: dict[str, Any]) -> None:
        self._func, self._options = func, options
        self._overload: dict[tuple[str, ...], _DefinedFunction] = {}

    def instantiate(self, input_types: Sequence[Any]) -> _DefinedFunction:
        """The function for arguments of these dtypes."""
        types = [as_dtype(t).base_dtype for t in input_types]
        key = tuple(t.name for t in types)
        known = self._overload.get(key)
        if known is None:
            options = dict(self._options)
            if options["func_name"] is not None:
                options["func_name"] = "_".join([options["func_name"], *key])
            if isinstance(options["grad_func"], _OverloadedFunction):
                found = _DefinedFunction(self._func, types, **{**options, "grad_func": None})
                outs = [x.dtype for x in found.function.outputs]
                options["grad_func"] = options["grad_func"].instantiate([*types, *outs])
            known = self._overload[key] = _DefinedFunction(self._func, types, **options)
        return known

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the overload for the arguments' dtypes."""
        inputs = [convert_to_tensor(a) for a in args]
        return self.instantiate([x.dtype for x in inputs])(*inputs, **kwargs)


def get_extra_args() -> list[Tensor]:
    """What stands inside the function being traced for the tensors that it captured."""
    graph = get_default_graph()
    return list(graph.captures.values()) if isinstance(graph, FuncGraph) else []


def get_extra_inputs() -> list[Tensor]:
    """The tensors from outside that the function being traced captured."""
    graph = get_default_graph()
    return list(graph.captures) if isinstance(graph, FuncGraph) else []


def get_extra_vars() -> list[Any]:
    """The variables behind what the function being traced captured."""
    handles = {x.op for x in get_extra_inputs()}
    graph = get_default_graph()
    return [v for v in graph.get_collection("variables") if v.op in handles]


# -- tf.function -----------------------------------------------------------------------------------


class GraphFunction:
    """A Python function that is traced for each structure and dtypes of its arguments."""

    def __init__(self, func: Callable[..., Any], input_signature: Any = None) -> None:
        functools.update_wrapper(self, func)
        self.python_function = func
        self.input_signature = input_signature
        self._traces: dict[Any, tuple[Function, list[Tensor], Any]] = {}

    def __get__(self, instance: Any, owner: Any) -> Any:
        return self if instance is None else functools.partial(self.__call__, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls it: one operation of the default graph."""
        (function, captured, result), inputs = self._found(args, kwargs)
        return self._call(function, [*inputs, *captured], result)

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """The function for arguments of these structures, dtypes and shapes."""
        return ConcreteFunction(self, *self._found(args, kwargs)[0])

    def _found(self, args: Any, kwargs: Any) -> tuple[Any, list[Tensor]]:
        """The trace for some arguments, and those of them that are tensors."""
        args = self._as_declared(args)
        leaves = nest.flatten([list(args), kwargs], expand_composites=True)
        dynamic = [i for i, x in enumerate(leaves) if _is_value(x)]
        inputs = [_tensor(leaves[i]) for i in dynamic]
        graph = get_default_graph()
        kinds = self._kinds(inputs)
        rest = tuple(repr(x) for i, x in enumerate(leaves) if i not in set(dynamic))
        key = (id(graph), kinds, tuple(dynamic), rest)
        if key not in self._traces:
            self._traces[key] = self._trace(args, kwargs, leaves, dynamic, kinds)
        return self._traces[key], inputs

    def _as_declared(self, args: Any) -> Any:
        """The arguments as tensors of the signature's dtypes, if there is one."""
        if self.input_signature is None:
            return args
        specs = list(self.input_signature)
        if len(args) != len(specs):
            raise ValueError(
                f"Arguments {args} do not fit the signature {specs}: give one for each entry."
            )
        return nest.map_structure_up_to(
            specs, lambda spec, x: convert_to_tensor(x, spec.dtype), specs, list(args)
        )

    def _kinds(self, inputs: Sequence[Tensor]) -> tuple[Any, ...]:
        """The dtype and shape of each argument: those of the signature, if there is one."""
        if self.input_signature is None:
            return tuple((x.dtype.base_dtype, x.static_shape) for x in inputs)
        specs = nest.flatten(list(self.input_signature))
        for x, spec in zip(inputs, specs, strict=True):
            if not spec.shape.is_compatible_with(x.shape):
                raise ValueError(f"The argument {x} does not fit the signature's {spec}.")
        return tuple((spec.dtype.base_dtype, to_shape(spec.shape)) for spec in specs)

    def _trace(
        self, args: Any, kwargs: Any, leaves: list[Any], dynamic: list[int], kinds: Any
    ) -> tuple[Function, list[Tensor], Any]:
        def definition(*inputs: Tensor) -> Any:
            flat = list(leaves)
            for i, x in zip(dynamic, inputs, strict=True):
                flat[i] = x
            new_args, new_kwargs = nest.pack_sequence_as(
                [list(args), kwargs], flat, expand_composites=True
            )
            return self.python_function(*new_args, **new_kwargs)

        name = f"__inference_{_name_of(self.python_function)}_{next(_numbers)}"
        return trace_function(name, definition, kinds, _flat_structure)

    def _call(self, function: Function, inputs: list[Tensor], result: Any) -> Any:
        library(get_default_graph()).add(function)
        kinds = tuple(x.dtype.base_dtype for x in function.outputs)
        op_type = "StatefulPartitionedCall" if _acts(function) else "PartitionedCall"
        got = apply(op_type, inputs, f=function, Tout=kinds)
        outs = list(got) if isinstance(got, (list, tuple)) else []
        if result is None or isinstance(result, Operation):
            return got if isinstance(got, Operation) else None
        return nest.pack_sequence_as(result, outs, expand_composites=True)


class ConcreteFunction:
    """One trace of a function: what attributes of functional ops and calls take."""

    def __init__(
        self, owner: GraphFunction, function: Function, captured: list[Tensor], result: Any
    ) -> None:
        self._owner, self._result = owner, result
        self.function = function
        self.captured_inputs = captured
        library(get_default_graph()).add(function)

    @property
    def name(self) -> str:
        """Its name in the graph."""
        return self.function.name

    @property
    def inputs(self) -> list[Tensor]:
        """Its arguments, inside it; what it captured comes last."""
        return self.function.inputs

    @property
    def outputs(self) -> list[Any]:
        """Its results, inside it."""
        return list(self.function.outputs)

    def __call__(self, *args: Any) -> Any:
        """Calls it with tensors."""
        inputs: list[Any] = [
            convert_to_tensor(x, own.dtype.base_dtype)
            for x, own in zip(nest.flatten(list(args)), self.function.inputs, strict=False)
        ]
        return self._owner._call(self.function, [*inputs, *self.captured_inputs], self._result)


def _is_value(x: Any) -> bool:
    import numpy as np

    if isinstance(x, (Tensor, np.ndarray, np.generic, float)):
        return True
    return hasattr(x, "_as_graph_element") and not hasattr(x, "handle")


def _acts(function: Function) -> bool:
    return any(op.definition.stateful for op in function.graph.operations if op.type != "_Arg")


def _flat_structure(result: Any) -> list[Tensor]:
    if result is None or isinstance(result, Operation):
        return []
    return [_tensor(x) for x in nest.flatten(result, expand_composites=True)]


def function(
    func: Any = None,
    input_signature: Any = None,
    autograph: bool = True,
    experimental_autograph_options: Any = None,
    experimental_relax_shapes: bool = False,
    experimental_compile: Any = None,
) -> Any:
    """A Python function as a function of the graph, traced for each kind of arguments.

    Python control flow on tensors is not converted, whatever `autograph` says: use tf.cond and
    tf.while_loop. The other options change nothing here.
    """
    if func is None:
        return lambda f: GraphFunction(f, input_signature)
    return GraphFunction(func, input_signature)


defun = function
