"""Gradients of loops.

A loop with a gradient runs once, forward, as a functional `While` that also counts its iterations
and stores, in lists, those values of its body that the gradient needs. The gradient is a second
`While` that takes them back from the lists, last iteration first. Both are ordinary operations, so
the gradient has a gradient. (The scheme of Yu et al., "Dynamic control flow in large-scale machine
learning", 2018, with functions for frames.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core import dtypes
from ..core.emit import apply, emit
from ..core.function import Function, argument, fresh_name, inner_functions
from ..core.graph import Graph
from ..core.shape import is_known
from ..core.tensor import Literal, Operand, Operation, Tensor
from ..ops.control import ENTERS, EXITS, MERGES, SWITCHES
from ..ops.indexed_slices import IndexedSlices
from .conditions import Sources, conditions_of, is_loop_merge
from .needed import needed_operations, replace_exit, replacement_of
from .rewrite import copy_operation

_RECORDS = "loops_with_gradients"
_LOOKS = frozenset(("Shape", "Size", "Rank", "ShapeN", "BroadcastGradientArgs"))
Differentiate = Callable[..., list[Any]]


def while_of(exit_op: Operation) -> Tensor:
    """What an exit gives, as an output of a functional `While` that does what its frame does."""
    known = replacement_of(exit_op)
    if known is None:
        _Frame(exit_op).to_while()
        known = replacement_of(exit_op)
        assert known is not None
    return known


class _Frame:
    """A loop of the graph, found from one of its exits."""

    def __init__(self, exit_op: Operation) -> None:
        switch = _source(exit_op, 0)
        self.loop_cond = _source(switch, 1)
        switches = [op for op in self.loop_cond.outputs[0].consumers() if op.type in SWITCHES]
        by_merge = {_source(op, 0): op for op in switches if is_loop_merge(_source(op, 0))}
        self.merges = sorted(by_merge, key=lambda op: op._id)
        self.switches = [by_merge[m] for m in self.merges]
        self.exits = {
            k: [op for op in s.outputs[0].consumers() if op.type in EXITS]
            for k, s in enumerate(self.switches)
        }
        self.enters = [_source(m, 0) for m in self.merges]
        self.name = self.enters[0].attrs["frame_name"]
        self.nexts = [m.operands[1].op.operands[0] for m in self.merges]  # type: ignore[union-attr]
        self.constants = self._constants()

    def _constants(self) -> list[Operation]:
        """The enters of what stays the same in every iteration."""
        roots = [x.op for x in self.nexts if isinstance(x, Tensor)] + [self.loop_cond]
        seen: set[Operation] = set()
        stack = list(roots)
        while stack:
            op = stack.pop()
            if op in seen:
                continue
            seen.add(op)
            if not self.is_border(op):
                stack.extend(x.op for x in op.operands if isinstance(x, Tensor))
                stack.extend(op._control_inputs)
        own = set(self.enters)
        found = [op for op in seen if op.type in ENTERS and self.is_border(op) and op not in own]
        return sorted(found, key=lambda op: op._id)

    def is_border(self, op: Operation) -> bool:
        """Whether an operation takes values into this frame."""
        return op.type in ENTERS and op.attrs["frame_name"] == self.name

    def to_while(self) -> None:
        """Adds the `While` to the graph, and lets the exits take their values from it."""
        entering = [*self.enters, *self.constants]
        values = [op.operands[0] for op in entering]
        test = self.function([self.loop_cond.operands[0]])
        body = self.function(self.nexts)
        body.outputs += body.inputs[len(self.merges) :]
        op = emit("While", [values], {"cond": test, "body": body}, name=f"{self.name}_value")
        for k, m in enumerate(self.merges):
            op.outputs[k].static_shape = m.outputs[0].static_shape
        for k, exits in self.exits.items():
            for exit_op in exits:
                replace_exit(exit_op, op.outputs[k])

    def function(self, outputs: Sequence[Operand]) -> Function:
        """A part of the frame as a function of the loop variables and the constants."""
        graph = Graph()
        mapping: dict[Operand, Operand] = {}
        inputs = []
        places = [m.outputs[0] for m in self.merges] + [c.outputs[0] for c in self.constants]
        for i, x in enumerate(places):
            arg = _argument(graph, i, x)
            inputs.append(arg)
            mapping[x] = arg
        for k, s in enumerate(self.switches):
            mapping[s.outputs[1]] = inputs[k]
        roots = [x.op for x in outputs if isinstance(x, Tensor) and x not in mapping]
        fed = frozenset(x for x in mapping if isinstance(x, Tensor))
        operations = needed_operations(roots, fed, _Inside(fed))
        copy_operations(graph, operations, mapping)
        results = [mapping.get(x, x) for x in outputs]
        return Function(graph, inputs, results, fresh_name("while_part"))


class _Inside(Sources):
    """What is needed inside a frame: nothing that its border gives."""

    def parents(self, op: Operation) -> Iterable[Operation]:
        for x in op.operands:
            if isinstance(x, Tensor) and x not in self.fed:
                yield x.op
        for c in op._control_inputs:
            if not any(x in self.fed for x in _passed(c)):
                yield c


def _passed(op: Operation) -> Iterable[Tensor]:
    """The outputs of an operation, and what it passes on: pivots are identities of switches."""
    yield from op.outputs
    if op.type == "Identity" and isinstance(op.operands[0], Tensor):
        yield op.operands[0]


def _source(op: Operation, index: int) -> Operation:
    x = op.operands[index]
    assert isinstance(x, Tensor)
    return x.op


def _argument(graph: Graph, index: int, x: Tensor) -> Tensor:
    arg = argument(graph, index, x.dtype, x.static_shape)
    arg.dtype = x.dtype  # a variable's buffer stays one
    return arg


def copy_operations(
    graph: Graph, operations: Sequence[Operation], mapping: dict[Operand, Operand]
) -> None:
    """Copies operations into a graph; `mapping` tells and learns what stands for what."""
    copies: dict[Operation, Operation] = {}
    back: list[Operation] = []
    for op in operations:
        operands = [mapping.get(x, x) for x in op.operands]
        if op.type in MERGES and is_loop_merge(op):
            operands = [operands[0], operands[0]]
            back.append(op)
        new = copy_operation(graph, op, operands)
        new.name = graph.unique_name(op.name)
        new.gradient_type = op.gradient_type
        if inner_functions(op):
            new.attrs = {**op.attrs, **{k: _copied(f) for k, f in inner_functions(op).items()}}
        new._control_inputs = [copies[c] for c in op._control_inputs if c in copies]
        copies[op] = new
        mapping.update(zip(op.outputs, new.outputs, strict=True))
        for x in new.operands:
            if isinstance(x, Tensor):
                x._consumers.append(new)
    for op in back:
        copies[op].rewire(1, mapping[op.operands[1]])  # type: ignore[arg-type]


def _copied(f: Function) -> Function:
    """The same function, whose inputs and outputs may be extended apart."""
    return Function(f.graph, list(f.inputs), list(f.outputs), f.name)


def carries_gradient(x: Operand) -> bool:
    """Whether gradients can flow through an operand."""
    base = x.dtype.base_dtype
    return base.is_floating or base.is_complex or base.name in ("resource", "variant")


# -- the gradient of a functional While ------------------------------------------------------------


def while_gradient(op: Operation, dys: Sequence[Any], differentiate: Differentiate) -> list[Any]:
    """The gradient of each operand of a `While`, by the gradients of its outputs (or None)."""
    return _WhileGradient(op, list(dys), differentiate).build()


class _WhileGradient:
    def __init__(self, op: Operation, dys: list[Any], differentiate: Differentiate) -> None:
        self.op = op
        if op not in op.graph.extra.setdefault(_RECORDS, {}):
            # Other operations may have the same functions: this one's will be extended.
            op.attrs.update({k: _copied(f) for k, f in inner_functions(op).items()})
            op.graph.extra[_RECORDS][op] = _Record()
        self.body: Function = op.attrs["body"]
        self.graph = self.body.graph
        self.differentiate = differentiate
        self.width = len(op.operands)
        self.dys = dys
        self.stays = [self.body.outputs[k] is self.body.inputs[k] for k in range(self.width)]

    def build(self) -> list[Any]:
        width = self.width
        moving = self.moving()
        direct = [self.dys[k] if self.stays[k] else None for k in range(width)]
        if not moving:
            return direct  # the loop only passes values on
        before = set(self.graph.operations)
        kinds = [self.body.outputs[k] for k in moving]
        with self.graph.as_default():
            dy_args = [argument(self.graph, -1, x.dtype, x.static_shape) for x in kinds]
            targets = [
                k
                for k in range(width)
                if carries_gradient(self.body.inputs[k]) and (k in moving or self.stays[k])
            ]
            xs = [self.body.inputs[k] for k in targets]
            got = self.differentiate(kinds, xs, dy_args)
            grads = {k: _dense(g) for k, g in zip(targets, got, strict=True)}
            for k in moving:
                if grads.get(k) is None:
                    grads[k] = zeros(self.body.inputs[k])
        backward = _Backward(self, before, moving, dy_args, grads)
        results = backward.build()
        for k in range(width):
            if direct[k] is not None:
                known = results.get(k)
                results[k] = (
                    direct[k] if known is None else apply("AddN", [_dense(direct[k]), known])
                )
        return [results.get(k) for k in range(len(self.op.operands))]  # it may have grown

    def moving(self) -> list[int]:
        """The loop variables that gradients come round with."""
        active = {k for k in range(self.width) if self.dys[k] is not None and not self.stays[k]}
        depends = {
            k: self.read_by(self.body.outputs[k])
            for k in range(self.width)
            if not self.stays[k] and carries_gradient(self.body.inputs[k])
        }
        while True:
            more = {
                j for k in active for j in depends.get(k, ()) if j in depends and j not in active
            }
            if not more:
                return sorted(active)
            active |= more

    def read_by(self, output: Operand) -> set[int]:
        places = {x: k for k, x in enumerate(self.body.inputs)}
        found: set[int] = set()
        seen: set[Operation] = set()
        stack: list[Operand] = [output]
        while stack:
            x = stack.pop()
            if not isinstance(x, Tensor):
                continue
            if x in places:
                found.add(places[x])
            elif x.op not in seen:
                seen.add(x.op)
                stack.extend(x.op.operands)
        return found


@dataclass
class _Record:
    """What a forward loop stores for its gradients: the outputs with the lists, and the counter."""

    saved: dict[Tensor, int] = field(default_factory=dict)
    count: int | None = None


class _Backward:
    """The loop that runs the gradient of a body, last iteration first."""

    def __init__(
        self,
        forward: _WhileGradient,
        before: set[Operation],
        moving: list[int],
        dy_args: list[Tensor],
        grads: dict[int, Any],
    ) -> None:
        self.op = forward.op
        self.body, self.graph = forward.body, forward.graph
        self.stays = forward.stays
        self.before = before
        self.moving, self.dy_args, self.grads = moving, dy_args, grads
        self.dys = forward.dys
        self.record: _Record = self.op.graph.extra[_RECORDS][self.op]
        self.constants = [
            k for k, stays in enumerate(self.stays) if stays and grads.get(k) is not None
        ]

    def build(self) -> dict[int, Any]:
        """Adds the loop; the gradients by the forward loop's operand."""
        outputs = [self.grads[k] for k in (*self.moving, *self.constants)]
        backward = self.backward_operations(outputs)
        saved = self.borders(backward, outputs)
        lists = {x: self.save(x) for x in saved}
        count = self.iterations()
        starts: list[Any] = [count]
        starts += [self.start(k) for k in self.moving]
        starts += [zeros(self.read_constant(k)) for k in self.constants]
        starts += lists.values()
        fixed = [k for k in range(len(self.stays)) if self.stays[k]]
        starts += [self.op.operands[k] for k in fixed]
        test, body = self.functions(starts, outputs, backward, list(saved), fixed)
        made = emit("While", [starts], {"cond": test, "body": body}, name=f"{self.op.name}_grad")
        results = dict(zip((*self.moving, *self.constants), made.outputs[1:], strict=False))
        for k, out in results.items():
            source = self.op.operands[k]
            if source.dtype is not dtypes.resource and is_known(self.op.outputs[k].static_shape):
                out.static_shape = source.static_shape
        return results

    def start(self, k: int) -> Any:
        dy = self.dys[k]
        return zeros(self.op.outputs[k]) if dy is None else _dense(dy)

    def read_constant(self, k: int) -> Any:
        x = self.op.operands[k]
        if x.dtype is dtypes.resource:
            return apply("ReadVariableOp", x, dtype=self.grads[k].dtype)
        return x

    # -- what is taken from the forward loop ---------------------------------------------------
    def backward_operations(self, outputs: Sequence[Any]) -> list[Operation]:
        """The operations of the gradient itself, in order."""
        fed = frozenset((*self.dy_args, *self.body.inputs))
        roots = [x.op for x in outputs if isinstance(x, Tensor) and x not in fed]
        needed = needed_operations(roots, fed, _Inside(fed))
        forward = self.forward_operations(needed)
        return [op for op in needed if op not in forward]

    def forward_operations(self, needed: Sequence[Operation]) -> set[Operation]:
        """What runs with the forward loop: its own operations, inner loops, looks at shapes."""
        forward = set(self.before)
        twins = [op for op in self.graph.operations if op.name.endswith("_value")]
        twins = [op for op in twins if op.type == "While" and op not in self.before]
        for twin in twins:
            forward.update(needed_operations([twin], ()))
        for op in needed:
            inputs = [x.op for x in op.operands if isinstance(x, Tensor)]
            if op.type in _LOOKS and all(i in forward for i in inputs):
                forward.add(op)
        return forward

    def borders(self, backward: Sequence[Operation], outputs: Sequence[Any]) -> dict[Tensor, None]:
        """The forward values that the gradient reads and that differ from turn to turn."""
        own = set(backward)
        fixed = {self.body.inputs[k] for k, stays in enumerate(self.stays) if stays}
        given = {*self.dy_args, *fixed}
        found: dict[Tensor, None] = {}
        for x in (*(x for op in backward for x in op.operands), *outputs):
            if not isinstance(x, Tensor) or x.op in own or x in given:
                continue
            if x.op.type != "Const" and not self.is_fixed_handle(x):
                found[x] = None
        return self.with_predicates(found, given)

    def with_predicates(self, found: dict[Tensor, None], given: set[Tensor]) -> dict[Tensor, None]:
        """The values with the predicates of the branches they are in, those first."""
        for x in list(found):
            for pred, _ in self.choices(x):
                if pred not in given and pred.op.type != "Const":
                    found[pred] = None
        return dict.fromkeys(sorted(found, key=lambda x: len(self.choices(x))))

    def choices(self, x: Tensor) -> list[tuple[Tensor, bool]]:
        """The branches of the body that a tensor is in, the outermost first."""
        conditions = conditions_of(self.graph)
        chosen = conditions.of_tensor(x)
        return sorted(chosen, key=lambda c: (len(conditions.of_tensor(c[0])), c[0].op._id))

    def always(self, x: Tensor) -> Tensor:
        """A tensor of a branch, or some number where that branch does not run."""
        chosen = self.choices(x)
        for k in reversed(range(len(chosen))):
            kind = x.dtype.base_dtype
            nothing = apply("Const", value=np.zeros((), kind.np_dtype), dtype=kind)
            for pred, branch in chosen[:k]:
                nothing = apply("Switch", nothing, pred)[int(branch)]
            pred, branch = chosen[k]
            nothing = apply("Switch", nothing, pred)[int(not branch)]
            x = apply("Merge", [x, nothing])[0]
        return x

    def is_fixed_handle(self, x: Tensor) -> bool:
        """Whether a handle passes from a constant of the loop unchanged."""
        return x.dtype is dtypes.resource and x.op.type in ("_Arg", "Identity", *SWITCHES)

    def save(self, x: Tensor) -> Tensor:
        """The list of the values that a tensor of the body takes, from the forward loop."""
        known = self.record.saved
        if x not in known:
            chosen = self.choices(x)
            shape = Literal(np.int32(-1) if chosen else _dims(x))
            kind = x.dtype.base_dtype
            empty = apply("EmptyTensorList", shape, Literal(np.int32(-1)), element_dtype=kind)
            arg = argument(self.graph, len(self.body.inputs), dtypes.variant, ())
            with self.graph.as_default():
                pushed = apply("TensorListPushBack", arg, self.always(x), element_dtype=kind)
            known[x] = self.extend(empty, arg, pushed)
        return self.op.outputs[known[x]]

    def iterations(self) -> Tensor:
        """The number of iterations that the forward loop made."""
        if self.record.count is None:
            arg = argument(self.graph, len(self.body.inputs), dtypes.int32, ())
            with self.graph.as_default():
                following = apply("AddV2", arg, Literal(np.int32(1)))
            zero = apply("Const", name="count", value=np.int32(0), dtype=dtypes.int32)
            self.record.count = self.extend(zero, arg, following)
        return self.op.outputs[self.record.count]

    def extend(self, start: Tensor, arg: Tensor, following: Tensor) -> int:
        """Gives the forward loop one more variable; its number."""
        op, test = self.op, self.op.attrs["cond"]
        index = len(op.operands)
        test.inputs.append(argument(test.graph, index, arg.dtype, arg.static_shape))
        self.body.inputs.append(arg)
        self.body.outputs.append(following)
        op.operands = (*op.operands, start)
        start._consumers.append(op)
        op.outputs.append(Tensor(op, index, arg.dtype, arg.static_shape))
        op.attrs["T"] = (*op.attrs["T"], arg.dtype)
        self.body.name, test.name = fresh_name("while_body"), fresh_name("while_cond")  # others now
        op.graph.changed()
        return index

    # -- the backward loop's functions ---------------------------------------------------------
    def functions(
        self,
        starts: Sequence[Any],
        outputs: Sequence[Any],
        backward: Sequence[Operation],
        saved: Sequence[Tensor],
        fixed: Sequence[int],
    ) -> tuple[Function, Function]:
        test_graph, graph = Graph(), Graph()
        tests = [_argument(test_graph, i, x) for i, x in enumerate(starts)]
        args = [_argument(graph, i, x) for i, x in enumerate(starts)]
        for many in (tests, args):
            for k, arg in zip(self.moving, many[1:], strict=False):
                arg.static_shape = self.common_shape(k)
        with test_graph.as_default():
            going_on = apply("Greater", tests[0], Literal(np.int32(0)))
        n, c = len(self.moving), len(self.constants)
        dys, sums = args[1 : 1 + n], args[1 + n : 1 + n + c]
        lists = args[1 + n + c : 1 + n + c + len(saved)]
        stay = args[1 + n + c + len(saved) :]
        mapping: dict[Operand, Operand] = dict(zip(self.dy_args, dys, strict=True))
        mapping.update(zip((self.body.inputs[k] for k in fixed), stay, strict=True))
        with graph.as_default():
            left = apply("Sub", args[0], Literal(np.int32(1)))
            popped = []
            for x, items in zip(saved, lists, strict=True):
                chosen = self.choices(x)
                rest, value = apply(
                    "TensorListPopBack",
                    items,
                    Literal(np.int32(-1) if chosen else _dims(x)),
                    element_dtype=x.dtype.base_dtype,
                )
                for pred, branch in chosen:
                    self.bring(graph, [pred], mapping)
                    value = apply("Switch", value, mapping.get(pred, pred))[int(branch)]
                value.static_shape = x.static_shape
                popped.append(rest)
                mapping[x] = value
            self.bring(graph, [x for op in backward for x in op.operands], mapping)
            self.bring(graph, outputs, mapping)
            copy_operations(graph, backward, mapping)
            new = [mapping.get(x, x) for x in outputs]
            added = [apply("AddN", [a, b]) for a, b in zip(sums, new[n:], strict=True)]
        results = [left, *new[:n], *added, *popped, *stay]
        test = Function(test_graph, tests, [going_on], fresh_name("while_grad_cond"))
        return test, Function(graph, args, results, fresh_name("while_grad_body"))

    def common_shape(self, k: int) -> Any:
        start, end = self.body.inputs[k].static_shape, self.body.outputs[k].static_shape
        return start if is_known(start) and start == end else None

    def bring(self, graph: Graph, operands: Iterable[Any], mapping: dict[Operand, Operand]) -> None:
        """Constants of the forward body are repeated; handles come from what they pass on."""
        for x in operands:
            if not isinstance(x, Tensor) or x in mapping:
                continue
            if x.op.type == "Const" and x.op in self.before:
                copy_operations(graph, [x.op], mapping)
            elif self.is_fixed_handle(x):
                source: Operand = x
                while isinstance(source, Tensor) and source not in mapping:
                    if not source.op.operands:
                        break
                    source = source.op.operands[0]
                if source in mapping:
                    mapping[x] = mapping[source]


def _dims(x: Tensor) -> Any:
    shape = x.static_shape
    if shape is None:
        return np.int32(-1)
    return np.asarray([-1 if d is None else d for d in shape], np.int32)


def _dense(g: Any) -> Any:
    return g.to_tensor() if isinstance(g, IndexedSlices) else g


def zeros(x: Any) -> Any:
    """Zeros like a tensor; constant where its shape is known."""
    kind = x.dtype.base_dtype
    if kind.name == "variant":
        return apply("_ListZero", x)
    if kind is dtypes.resource:
        raise LookupError(f"No gradient flows through the handle {x.name!r} round a loop.")
    return apply("ZerosLike", x)
