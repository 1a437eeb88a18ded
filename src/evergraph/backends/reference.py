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
from ..core.function import Function, inner_functions
from ..core.ranks import checked_in_run, needs_check
from ..core.tensor import Literal, Operand, Operation, Tensor
from ..ops.control import CONDITIONALS, LOOPS
from ..transform.memory import liveness
from .contract import Array, Backend, Binding, Executable, OperationFailed, Segment, Shapes

_numbers = count()
_DEEPEST = 40  # spaces of indentation, inside which branches are written in place
_INLINED = ("float16", "float32", "float64", "complex64", "complex128")


class ReferenceBackend(Backend):
    """Runs every op that has a kernel, on NumPy."""

    name = "reference"

    def supports(self, op: Operation) -> bool:
        """Whether the op has a kernel, or functions whose ops have."""
        inner = inner_functions(op)
        if inner:
            return all(self.supports(o) for f in inner.values() for o in _without_arguments(f))
        return op.definition.kernel is not None

    def compile(self, segment: Segment) -> Executable:
        """A Python function of the segment."""
        return PythonFunction(segment.function)


def _without_arguments(function: Function) -> list[Operation]:
    return [op for op in function.graph.operations if op.type != "_Arg"]


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


def function_of(op: Operation) -> Callable[..., Any]:
    """The operation as a Python function of its operands (and, first, of its state)."""
    definition, attrs = op.definition, op.attrs
    kernel = definition.kernel
    if kernel is None:
        raise NotImplementedError(f"Op {op.type} has no kernel.")
    if definition.state is not None:
        return checked_in_run(op, lambda state, *xs: kernel(np, xs, attrs, state), 1)
    if definition.updates and len(op.outputs) == 1:
        return checked_in_run(op, lambda *xs: _single(kernel(np, xs, attrs)), 0)
    special = definition.specialize(np, attrs) if definition.specialize else None
    return checked_in_run(op, special or (lambda *xs: kernel(np, xs, attrs)), 0)


def _single(result: Any) -> Any:
    """The one new value of an update, which a kernel may give alone or as a tuple."""
    return result[0] if isinstance(result, tuple) else result


class _Shared:
    """What the functions of one program have in common: lines, constants, states."""

    def __init__(self) -> None:
        self.scope: dict[str, Any] = {}
        self.lines: list[str] = []
        self.ops: list[Operation | None] = []  # one a line
        self.states = 0
        self.names: dict[Operand, str] = {}
        self.parts: list[tuple[list[str], list[Operation | None]]] = []

    def source(self) -> str:
        """The whole text: outlined parts, then the program; `ops` then has one a line of it."""
        for lines, ops in self.parts:
            self.lines, self.ops = lines + self.lines, ops + self.ops
        return "\n".join(self.lines) + "\n"


class Writer:
    """Writes the source of a function: its parameters, a line an operation, its results."""

    def __init__(self, function: Function, shared: _Shared, indent: str = "    ") -> None:
        self.function = function
        self.shared = shared
        self.scope, self.names = shared.scope, shared.names
        self.indent = indent

    def write(self) -> None:
        """Writes the program itself."""
        names = self.parameters()
        self.add("def program(inputs, states):", None)
        if names:
            self.add(f"    {names}, = inputs", None)
        self.add(f"    return [{', '.join(self.body())}]", None)

    def parameters(self) -> str:
        """The names of the inputs."""
        for x in self.function.inputs:
            self.names[x] = f"v{len(self.names)}"
        return ", ".join(self.names[x] for x in self.function.inputs)

    def body(self) -> list[str]:
        """Writes the operations; the names of the results."""
        dies = liveness(self.function).dies_after
        for op in self.function.graph.operations:
            if op.type == "_Arg":
                continue
            if op.type in CONDITIONALS:
                self.conditional(op)
            elif op.type in LOOPS:
                self.loop(op)
            else:
                self.add(self.indent + self.statement(op), op)
            self.free(dies.get(op, ()))
        return [self.name(x) for x in self.function.outputs]

    def inner(self, function: Function, operands: list[str]) -> Writer:
        """The writer of an inner function, whose inputs have these names outside."""
        for x, outside in zip(function.inputs, operands, strict=True):
            self.names[x] = outside
        return type(self)(function, self.shared, self.indent + "    ")

    def conditional(self, op: Operation) -> None:
        """Both branches in place, under an `if`."""
        pred, *operands = [self.name(x) for x in op.operands]
        targets = self.targets(op)
        for head, key in ((f"if {pred}:", "then"), ("else:", "else")):
            self.add(self.indent + head, op)
            if len(self.indent) > _DEEPEST:
                self.outlined(op.attrs[key], operands, targets, op)
                continue
            side = self.inner(op.attrs[key], operands)
            side.assign(targets, side.body())

    def outlined(
        self, function: Function, operands: list[str], targets: list[str], op: Operation
    ) -> None:
        """A branch as a Python function of its own: Python limits how deep blocks may nest."""
        shared = self.shared
        outside = shared.lines, shared.ops
        shared.lines, shared.ops = [], []
        part = type(self)(function, shared)
        name = f"part{len(shared.parts)}"
        shared.parts.append(([], []))  # its place: parts inside come after it
        parameters = part.parameters()
        part.add(f"def {name}(states, {parameters}):", None)
        part.add(f"    return [{', '.join(part.body())}]", None)
        shared.parts[int(name[4:])] = (shared.lines, shared.ops)
        shared.lines, shared.ops = outside
        left = f"{', '.join(targets)}, = " if targets else ""
        self.add(f"{self.indent}    {left}{name}(states, {', '.join(operands)})", op)

    def loop(self, op: Operation) -> None:
        """Condition and body in place, under a `while`."""
        operands = [self.name(x) for x in op.operands]
        targets = self.targets(op)
        self.assign(targets, operands[: len(targets)])
        inside = [*targets, *operands[len(targets) :]]
        self.add(self.indent + "while True:", op)
        test = self.inner(op.attrs["cond"], inside)
        (going_on,) = test.body()
        test.add(f"{test.indent}if not {going_on}: break", op)
        body = self.inner(op.attrs["body"], inside)
        body.assign(targets, body.body())

    def targets(self, op: Operation) -> list[str]:
        """New names for the outputs."""
        for out in op.outputs:
            self.names[out] = f"v{len(self.names)}"
        return [self.names[o] for o in op.outputs]

    def assign(self, targets: list[str], values: list[str]) -> None:
        """One assignment, at once, so that variables may change places."""
        if targets:
            line = f"{', '.join(targets)} = {', '.join(values)}"
            self.add(self.indent + line, None)
        else:
            self.add(self.indent + "pass", None)

    def add(self, line: str, op: Operation | None) -> None:
        """Writes a line, of an operation or of none."""
        self.shared.lines.append(line)
        self.shared.ops.append(op)

    def free(self, dead: Sequence[Tensor]) -> None:
        """Lets go of values that nothing reads any more."""
        # An input's array is also held by the caller: letting go of it here frees nothing.
        names = [self.names[x] for x in dead if x.op.type != "_Arg"]
        if names:
            self.add(self.indent + " = ".join(names) + " = None", None)

    def name(self, x: Operand) -> str:
        """The local variable of an operand."""
        known = self.names.get(x)
        if known is None:
            known = self.names[x] = f"c{len(self.scope)}"
            assert isinstance(x, Literal)
            self.scope[known] = x.value
        return known

    def statement(self, op: Operation) -> str:
        """The line of an operation."""
        operands = [self.name(x) for x in op.operands]
        targets = ", ".join(self.targets(op))
        left = f"{targets} = " if targets else ""
        if len(op.outputs) == 1 and op.definition.outputs and op.definition.outputs[0].is_list:
            left = f"{targets}, = "
        return left + self.call(op, operands)

    def call(self, op: Operation, operands: list[str]) -> str:
        """The expression that gives an operation's outputs."""
        inline = self.inlined(op, operands)
        if inline is not None:
            return inline
        key = f"f{len(self.scope)}"
        self.scope[key] = self.callable_of(op)
        if op.definition.state is not None:
            operands = [f"states[{self.shared.states}]", *operands]
            self.shared.states += 1
        return f"{key}({', '.join(operands)})"

    def callable_of(self, op: Operation) -> Callable[..., Any]:
        """What a line calls for an operation."""
        return function_of(op)

    def inlined(self, op: Operation, operands: list[str]) -> str | None:
        """An elementwise expression in place, where that is the op's kernel."""
        expr, dtype = op.definition.expr, op.attrs.get("T")
        # Of integers, strings and bfloat16 the kernel knows more: zero divisors, wider results.
        if expr is None or (dtype is not None and dtype.name not in _INLINED) or needs_check(op):
            return None
        arity = len(operands)
        for name in names_in(expr) - set(OPERANDS[:arity]):
            if hasattr(np, name):
                self.scope[name] = _ROUNDED.get(name) or getattr(np, name)
            else:
                return None
        return _template(expr, arity).format(*operands)


class PythonFunction(Executable):
    """One binding for all shapes: NumPy looks at them itself."""

    any_shape = True

    def __init__(self, function: Function, writer: type[Writer] = Writer) -> None:
        shared = _Shared()
        writer(function, shared).write()
        source = shared.source()
        self.file = f"<program {next(_numbers)}>"
        self.ops = shared.ops
        self.names, self.scope = shared.names, shared.scope
        exec(compile(source, self.file, "exec"), self.scope)
        self.binding = _PythonBinding(self.scope["program"], self)

    def bind(self, shapes: Shapes) -> Binding:
        """The one binding."""
        return self.binding

    def failure(self, error: BaseException) -> OperationFailed | None:
        """The error as that of the operation on whose line it arose, None if it is of no line."""
        trace, found = error.__traceback__, None
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.file:
                op = self.ops[trace.tb_lineno - 1]
                if op is not None:
                    found = op, trace.tb_frame.f_locals
            trace = trace.tb_next
        if found is None:
            return None
        return OperationFailed(found[0], error, self.shapes(*found))

    def shapes(self, op: Operation, local: Mapping[str, Any]) -> Shapes:
        """The shapes that the operands had when the operation failed."""
        names = [self.names[x] for x in op.operands]
        return tuple([np.shape(local[n] if n in local else self.scope[n]) for n in names])


class _PythonBinding(Binding):
    def __init__(self, program: Callable[..., list[Array]], executable: PythonFunction) -> None:
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
