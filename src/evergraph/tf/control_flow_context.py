"""Contexts: which branch or loop an operation is made in, and how it sees what is outside.

While `tf.cond` builds a branch or `tf.while_loop` a body, the graph's current context gets every
new operation (`add_op`): it routes operands from outside through a `Switch` or an `Enter`, and
ties operations without operands to the branch or the iteration, as TensorFlow 1 does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..core.emit import apply
from ..core.graph import get_default_graph
from ..core.scopes import control_inputs_for
from ..core.tensor import Literal, Operation, Tensor
from ..ops.control import ENTERS, EXITS, MERGES, NEXT_ITERATIONS, SWITCHES

# Operations that contexts themselves make, before they belong to one.
_PASSING = frozenset((*ENTERS, *EXITS, *NEXT_ITERATIONS, *MERGES, *SWITCHES))


class ControlFlowContext:
    """A branch of a conditional or the body of a loop, inside an outer context or none."""

    def __init__(self) -> None:
        graph = get_default_graph()
        graph.has_contexts = True
        self.graph = graph
        self._outer_context: ControlFlowContext | None = graph.control_flow_context
        self._stack: list[Any] = []
        # What is known inside: each value, and the tensor that stands for it here.
        self.inside: dict[Tensor, Tensor] = {}
        self._name = ""

    @property
    def name(self) -> str:
        """The name of the branch's or loop's scope."""
        return self._name

    @property
    def outer_context(self) -> ControlFlowContext | None:
        """The context around this one."""
        return self._outer_context

    @property
    def grad_state(self) -> None:
        """None: gradients of loops are functions, not contexts."""
        return None

    def enclosing(self) -> Iterator[ControlFlowContext]:
        """This context and those around it, the innermost first."""
        context: ControlFlowContext | None = self
        while context is not None:
            yield context
            context = context._outer_context

    def Enter(self) -> None:
        """Makes this the context of what is made from now on."""
        self._stack.append(self.graph.control_flow_context)
        self.graph.control_flow_context = self

    def Exit(self) -> None:
        """Goes back to the context that was current before `Enter`."""
        self.graph.control_flow_context = self._stack.pop()

    @contextmanager
    def building(self) -> Iterator[None]:
        """Everything made inside belongs to this context."""
        self.Enter()
        try:
            yield
        finally:
            self.Exit()

    def IsCondContext(self) -> bool:
        """Whether this is a branch of a conditional."""
        return False

    def IsWhileContext(self) -> bool:
        """Whether this is the body of a loop."""
        return False

    def IsXLAContext(self) -> bool:
        """False: the compiler needs no such mark."""
        return False

    def GetWhileContext(self) -> WhileContext | None:
        """The innermost loop around."""
        return next((c for c in self.enclosing() if isinstance(c, WhileContext)), None)

    def GetControlPivot(self) -> Tensor | None:
        """What an operation waits for to run only where this context runs."""
        return None

    def AddName(self, name: str) -> None:
        """Makes the tensor of this name known inside."""
        x = self.graph.get_tensor_by_name(name)
        self.inside.setdefault(x, x)

    def AddOp(self, op: Operation) -> None:
        """Makes an operation part of the context."""
        self.add_op(op)

    def AddValue(self, val: Tensor) -> Tensor:
        """The tensor that stands for a value in this context."""
        return self.value_inside(val)

    def AddInnerOp(self, op: Operation) -> None:
        """Notes an operation of an inner context."""
        for context in self.enclosing():
            for x in op.outputs:
                context.inside.setdefault(x, x)

    def ExitResult(self, result: Any) -> None:
        """Makes results known to the context around."""
        from . import nest

        if self._outer_context is not None:
            for x in nest.flatten(result, expand_composites=True):
                if isinstance(x, Tensor):
                    for context in self._outer_context.enclosing():
                        context.inside.setdefault(x, x)

    def add_op(self, op: Operation) -> None:
        """Gives a new operation its operands and control inputs as seen from inside."""
        raise NotImplementedError

    def value_inside(self, x: Tensor) -> Tensor:
        """The tensor that stands for `x` in this context."""
        raise NotImplementedError

    def rewire(self, op: Operation) -> None:
        """Replaces the operands from outside."""
        for i, x in enumerate(op.operands):
            if isinstance(x, Literal) or _is_back_edge(op, x):
                continue
            real = self.value_inside(x)
            if real is not x:
                op.rewire(i, real)

    def check_use(self, op: Operation, x: Tensor) -> None:
        """Raises ValueError for an operation outside a loop that reads what is inside."""
        source = output_context(x.op)
        loop = source.GetWhileContext() if source is not None else None
        if loop is None or op.type in _PASSING:
            return
        here = self.graph.control_flow_context
        if here is not None and loop in here.enclosing():
            return
        own = here.GetWhileContext() if here is not None else None
        where = f"a while loop ({loop.name})"
        what = "it is in a different while loop" if own is not None else "it is in a while loop"
        raise ValueError(
            f"Cannot use {x.op.name!r} as input to {op.name!r} because {x.op.name!r} is in "
            f"{where if own is None else 'a while loop'}: {what}. Return what you need from the "
            "loop's body as a loop variable."
        )

    def drop_external_control_inputs(self, op: Operation) -> list[Operation]:
        """Takes away the control inputs from outside the loop around, and returns them."""
        loop = self.GetWhileContext()
        if loop is None or not op._control_inputs:
            return []
        kept: list[Operation] = []
        external: list[Operation] = []
        for x in op._control_inputs:
            context = output_context(x)
            inside = context is not None and context.GetWhileContext() is loop
            (kept if inside else external).append(x)
        op._control_inputs = kept
        return external

    def __str__(self) -> str:
        return self.name


def _is_back_edge(op: Operation, x: Tensor) -> bool:
    return op.type in ("Merge", "RefMerge") and x.op.type in NEXT_ITERATIONS


def output_context(op: Operation) -> ControlFlowContext | None:
    """The context that an operation's outputs belong to: of an exit, the one around the loop."""
    context: ControlFlowContext | None = op.control_flow_context
    if context is not None and op.type in EXITS:
        return context.outer_context
    return context


def switch_on(data: Tensor, pred: Tensor, name: str = "Switch") -> list[Tensor]:
    """A `Switch` of a value or of a variable's buffer, where that value lives."""
    graph = data.graph
    is_ref = data.dtype._is_ref_dtype
    with graph.colocate_with(data, ignore_existing=True):
        got: list[Tensor] = apply("RefSwitch" if is_ref else "Switch", data, pred, name=name)
    return got


class CondContext(ControlFlowContext):
    """One branch of a conditional: `branch` is 1 where it runs if `pred` is true, else 0."""

    def __init__(self, pred: Tensor, pivot: Tensor, branch: int, name: str = "cond_text") -> None:
        super().__init__()
        self._name = self.graph.unique_name(name)
        self._pred, self._pivot, self._branch = pred, pivot, branch
        for x in (pred, pivot):
            self.inside[x] = x

    @property
    def pred(self) -> Tensor:
        """The predicate."""
        return self._pred

    @property
    def pivot(self) -> Tensor:
        """What lives only in this branch."""
        return self._pivot

    @property
    def branch(self) -> int:
        """1 for the true branch, 0 for the false one."""
        return self._branch

    @property
    def back_prop(self) -> bool:
        """Whether the loop around may be differentiated."""
        loop = self.GetWhileContext()
        return loop.back_prop if loop is not None else False

    def IsCondContext(self) -> bool:
        """True."""
        return True

    def GetControlPivot(self) -> Tensor:
        """The branch's pivot."""
        return self._pivot

    def value_inside(self, x: Tensor) -> Tensor:
        """The output of a `Switch` that passes `x` into this branch."""
        known = self.inside.get(x)
        if known is not None:
            return known
        result = x if self._outer_context is None else self._outer_context.value_inside(x)
        with self.graph.control_dependencies(None):
            result = switch_on(result, self._pred)[self._branch]
        self.graph.prevent_fetching(result.op)
        result.op.control_flow_context = self
        self.AddInnerOp(result.op)
        self.inside[x] = result
        return result

    def add_op(self, op: Operation) -> None:
        """Switches operands from outside; ties an operation without operands to the pivot."""
        if any(isinstance(x, Tensor) for x in op.operands):
            self.rewire(op)
            self.drop_external_control_inputs(op)
        else:
            self.drop_external_control_inputs(op)
            if not any(c.control_flow_context is self for c in op._control_inputs):
                op._control_inputs = [*op._control_inputs, self._pivot.op]
        self.AddInnerOp(op)
        if self._outer_context is not None or op.type not in EXITS:
            self.graph.prevent_fetching(op)

    def result_inside(self, x: Tensor) -> Tensor:
        """A branch's result: what comes from outside passes through a `Switch`."""
        known = self.inside.get(x)
        if known is not None:
            return known
        real = x
        self.inside[x] = x
        if self._outer_context is not None:
            real = self._outer_context.value_inside(x)
            self.inside[real] = real
        real = switch_on(real, self._pred)[self._branch]
        self.inside[x] = real
        return real


class XLAControlFlowContext(ControlFlowContext):
    """A mark on operations for a compiler; it changes nothing about them."""

    def __init__(self) -> None:
        super().__init__()
        self._name = "XLAControlFlowContext"

    def IsXLAContext(self) -> bool:
        """True."""
        return True

    def add_op(self, op: Operation) -> None:
        """Leaves the operation to the context around."""
        if self._outer_context is not None:
            self._outer_context.add_op(op)

    def value_inside(self, x: Tensor) -> Tensor:
        """What stands for `x` around."""
        return x if self._outer_context is None else self._outer_context.value_inside(x)


class WhileContext(ControlFlowContext):
    """The body of a loop."""

    def __init__(
        self,
        maximum_iterations: Any = None,
        parallel_iterations: int = 10,
        back_prop: bool = True,
        swap_memory: bool = False,
        name: str = "while_context",
    ) -> None:
        super().__init__()
        self._name = self.graph.unique_name(name)
        self._maximum_iterations = maximum_iterations
        self._parallel_iterations = parallel_iterations
        self._back_prop, self._swap_memory = back_prop, swap_memory
        self._pivot_for_pred: Tensor | None = None
        self._pivot_for_body: Tensor | None = None
        self._pivot: Tensor | None = None
        self._loop_enters: list[Tensor] = []
        self._loop_exits: list[Tensor] = []

    @property
    def maximum_iterations(self) -> Any:
        """The most iterations that the loop may take, None if it is open."""
        return self._maximum_iterations

    @property
    def parallel_iterations(self) -> int:
        """How many iterations TensorFlow would run at a time."""
        return self._parallel_iterations

    @property
    def back_prop(self) -> bool:
        """Whether the loop may be differentiated."""
        return self._back_prop

    @property
    def swap_memory(self) -> bool:
        """Whether TensorFlow would move stored values to the host."""
        return self._swap_memory

    @property
    def pivot(self) -> Tensor | None:
        """The loop's condition."""
        return self._pivot

    @property
    def loop_enters(self) -> list[Tensor]:
        """The loop variables on their way in."""
        return self._loop_enters

    @property
    def loop_exits(self) -> list[Tensor]:
        """The loop variables' final values."""
        return self._loop_exits

    def IsWhileContext(self) -> bool:
        """True."""
        return True

    def GetControlPivot(self) -> Tensor | None:
        """What an operation waits for to run once an iteration."""
        return self._pivot_for_body if self._pivot_for_body is not None else self._pivot_for_pred

    def enter(self, x: Tensor, is_constant: bool) -> Tensor:
        """An `Enter` that takes a value of the context around into the loop."""
        is_ref = x.dtype._is_ref_dtype and is_constant
        attrs = {
            "frame_name": self._name,
            "is_constant": is_constant,
            "parallel_iterations": self._parallel_iterations,
        }
        with self.graph.control_dependencies(None):
            if is_ref:
                result = apply("RefEnter", x, name="Enter", **attrs)
            else:
                result = apply("Enter", x, name="Enter", **attrs)
        self.graph._unfeedable.add(result)
        if self._outer_context is not None:
            self._outer_context.AddInnerOp(result.op)
        return result  # type: ignore[no-any-return]

    def adopt_enters(self, enters: Sequence[Tensor]) -> None:
        """Makes enters part of the context; they wait for what the loop was told to wait for."""
        for x in enters:
            op = x.op
            source = op.operands[0]
            assert isinstance(source, Tensor)
            control = control_inputs_for(self.graph.control_stack, {source.op})
            op.control_flow_context = self
            op._control_inputs = [*op._control_inputs, *filter(self._waits_outside, control)]
            for block in self.graph.control_stack:
                block.made.add(op)

    def _waits_outside(self, op: Operation) -> bool:
        """Whether a control input is of a context around this loop, inside the same outer loop."""
        context, outer = output_context(op), self._outer_context
        loop = outer.GetWhileContext() if outer is not None else None
        while outer is not context:
            if outer is None or outer is loop:
                return False
            outer = outer._outer_context
        return True

    def value_inside(self, x: Tensor) -> Tensor:
        """The output of an `Enter` that passes `x` into every iteration."""
        known = self.inside.get(x)
        if known is not None:
            return known
        if x.op.control_flow_context is self:
            return x
        result = x if self._outer_context is None else self._outer_context.value_inside(x)
        result = self.enter(result, is_constant=True)
        self.adopt_enters([result])
        self.inside[result] = result
        self.inside[x] = result
        return result

    def add_op(self, op: Operation) -> None:
        """Takes operands from outside in; ties what hangs on invariants alone to the iteration."""
        has_operands = any(isinstance(x, Tensor) for x in op.operands)
        if has_operands:
            self.rewire(op)
        external = self.drop_external_control_inputs(op)
        if not op._control_inputs and (not has_operands or _is_free(op)):
            pivot = self.GetControlPivot()
            if pivot is not None and pivot.op is not op:
                op._control_inputs = [pivot.op]
        for x in op.outputs:
            self.inside.setdefault(x, x)
        if external:
            self._wait_inside(op, external)
        if self._outer_context is not None or op.type not in EXITS:
            self.graph.prevent_fetching(op)
            self.graph._unfeedable.update(op.outputs)
        if self._outer_context is not None:
            self._outer_context.AddInnerOp(op)

    def _wait_inside(self, op: Operation, external: Sequence[Operation]) -> None:
        """Waits for operations outside the loop by taking a value of each in."""
        with self.graph.control_dependencies(None), self.building():
            waits = [apply("Identity", x.outputs[0]).op for x in external if x.outputs]
        op._control_inputs = [*op._control_inputs, *waits]


def _is_free(op: Operation) -> bool:
    """Whether nothing but invariants of the loop go into an operation."""
    for x in op.operands:
        if isinstance(x, Tensor):
            enter = x.op.type in ENTERS and x.op.attrs["is_constant"]
            if not enter:
                return False
    return True
