"""The reference backend: each program becomes one Python function of NumPy calls.

Operations are lines of that function and values its local variables, so that a run does nothing
per operation but call its kernel. Elementwise expressions stand in the line themselves.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import count
from typing import Any

import numpy as np

from ..core.expression import OPERANDS, names_in
from ..core.function import Function
from ..core.tensor import Literal, Operand, Operation, Tensor
from ..transform.memory import liveness
from .contract import Array, Backend, Binding, Executable, OperationFailed, Segment, Shapes

_numbers = count()
_INLINED = ("float16", "float32", "float64", "complex64", "complex128")


class ReferenceBackend(Backend):
    """Runs every op that has a kernel, on NumPy."""

    name = "reference"

    def supports(self, op: Operation) -> bool:
        """Whether the op has a kernel."""
        return op.definition.kernel is not None

    def compile(self, segment: Segment) -> Executable:
        """A Python function of the segment."""
        return _PythonFunction(segment.function)


@cache
def _template(expr: str, arity: int) -> str:
    """An expression with `{0}`, `{1}` ... in the place of its operands."""
    tree = ast.parse(expr, mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in OPERANDS[:arity]:
            node.id = f"__{OPERANDS.index(node.id)}__"
    text = ast.unparse(tree).replace("{", "{{").replace("}", "}}")
    for i in range(arity):
        text = text.replace(f"__{i}__", f"{{{i}}}")
    return f"({text})"


def _rounded(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`function` with float32 results rounded from float64 ones, for small arrays.

    NumPy's float32 functions err in the last place, and otherwise on each processor.
    """

    def rounded(x: Any) -> Any:
        if x.dtype == np.float32 and x.size <= _SMALL:
            return function(x.astype(np.float64)).astype(np.float32)
        return function(x)

    return rounded


_SMALL = 1024  # elements: for more, speed counts
_ROUNDED = {name: _rounded(getattr(np, name)) for name in ("exp", "log", "tanh")}


def _function_of(op: Operation) -> Callable[..., Any]:
    """The operation as a Python function of its operands (and, first, of its state)."""
    definition, attrs = op.definition, op.attrs
    kernel = definition.kernel
    if kernel is None:
        raise NotImplementedError(f"Op {op.type} has no kernel.")
    if definition.state is not None:
        return lambda state, *xs: kernel(np, xs, attrs, state)
    if definition.updates and len(op.outputs) == 1:
        return lambda *xs: _single(kernel(np, xs, attrs))
    special = definition.specialize(np, attrs) if definition.specialize else None
    return special or (lambda *xs: kernel(np, xs, attrs))


def _single(result: Any) -> Any:
    """The one new value of an update, which a kernel may give alone or as a tuple."""
    return result[0] if isinstance(result, tuple) else result


class _Writer:
    """Writes the source of a function."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.scope: dict[str, Any] = {}
        self.names: dict[Operand, str] = {}
        self.lines: list[str] = []
        self.ops: list[Operation | None] = []  # one a line
        self.states = 0

    def write(self) -> str:
        dies = liveness(self.function).dies_after
        for i, x in enumerate(self.function.inputs):
            self.names[x] = f"i{i}"
        names = "".join(f"{self.names[x]}, " for x in self.function.inputs)
        self.add("def program(inputs, states):", None)
        if names:
            self.add(f"    {names.rstrip()} = inputs", None)
        for op in self.function.graph.operations:
            if op.type != "_Arg":
                self.add("    " + self.statement(op), op)
                self.free(dies.get(op, ()))
        results = ", ".join(self.name(x) for x in self.function.outputs)
        self.add(f"    return [{results}]", None)
        return "\n".join(self.lines) + "\n"

    def add(self, line: str, op: Operation | None) -> None:
        self.lines.append(line)
        self.ops.append(op)

    def free(self, dead: Sequence[Tensor]) -> None:
        # An input's array is also held by the caller: letting go of it here frees nothing.
        names = [self.names[x] for x in dead if x.op.type != "_Arg"]
        if names:
            self.lines[-1] += "; " + " = ".join(names) + " = None"

    def name(self, x: Operand) -> str:
        known = self.names.get(x)
        if known is None:
            known = self.names[x] = f"c{len(self.scope)}"
            assert isinstance(x, Literal)
            self.scope[known] = x.value
        return known

    def statement(self, op: Operation) -> str:
        operands = [self.name(x) for x in op.operands]
        for out in op.outputs:
            self.names[out] = f"v{len(self.names)}"
        targets = ", ".join(self.names[o] for o in op.outputs)
        left = f"{targets} = " if targets else ""
        if len(op.outputs) == 1 and op.definition.outputs and op.definition.outputs[0].is_list:
            left = f"{targets}, = "
        return left + self.call(op, operands)

    def call(self, op: Operation, operands: list[str]) -> str:
        inline = self.inlined(op, operands)
        if inline is not None:
            return inline
        key = f"f{len(self.scope)}"
        self.scope[key] = _function_of(op)
        if op.definition.state is not None:
            operands = [f"states[{self.states}]", *operands]
            self.states += 1
        return f"{key}({', '.join(operands)})"

    def inlined(self, op: Operation, operands: list[str]) -> str | None:
        """An elementwise expression in place, where that is the op's kernel."""
        expr, dtype = op.definition.expr, op.attrs.get("T")
        # Of integers, strings and bfloat16 the kernel knows more: zero divisors, wider results.
        if expr is None or (dtype is not None and dtype.name not in _INLINED):
            return None
        arity = len(operands)
        for name in names_in(expr) - set(OPERANDS[:arity]):
            if hasattr(np, name):
                self.scope[name] = _ROUNDED.get(name) or getattr(np, name)
            else:
                return None
        return _template(expr, arity).format(*operands)


class _PythonFunction(Executable):
    """One binding for all shapes: NumPy looks at them itself."""

    any_shape = True

    def __init__(self, function: Function) -> None:
        writer = _Writer(function)
        source = writer.write()
        self.file = f"<program {next(_numbers)}>"
        self.ops = writer.ops
        self.names, self.scope = writer.names, writer.scope
        exec(compile(source, self.file, "exec"), self.scope)
        self.binding = _PythonBinding(self.scope["program"], self)

    def bind(self, shapes: Shapes) -> Binding:
        """The one binding."""
        return self.binding

    def failure(self, error: BaseException) -> OperationFailed | None:
        """The error as that of the operation on whose line it arose, None if it is of no line."""
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.file:
                op = self.ops[trace.tb_lineno - 1]
                if op is not None:
                    return OperationFailed(op, error, self.shapes(op, trace.tb_frame.f_locals))
            trace = trace.tb_next
        return None

    def shapes(self, op: Operation, local: Mapping[str, Any]) -> Shapes:
        """The shapes that the operands had when the operation failed."""
        names = [self.names[x] for x in op.operands]
        return tuple([np.shape(local[n] if n in local else self.scope[n]) for n in names])


class _PythonBinding(Binding):
    def __init__(self, program: Callable[..., list[Array]], executable: _PythonFunction) -> None:
        self.program = program
        self.executable = executable

    def run(self, inputs: Sequence[Array], states: Sequence[Any]) -> Sequence[Array]:
        """Calls the Python function."""
        try:
            with np.errstate(all="ignore"):
                return self.program(inputs, states)
        except Exception as error:
            failure = self.executable.failure(error)
            if failure is None:
                raise
            raise failure from error
