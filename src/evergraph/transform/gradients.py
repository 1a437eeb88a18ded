"""Reverse-mode differentiation of graphs by the op table's gradient rules.

The rules give operations, so a gradient can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core import dtypes
from ..core.emit import apply
from ..core.func_graph import FuncGraph
from ..core.graph import Graph, get_default_graph
from ..core.opdef import NO_GRADIENT, find
from ..core.shape import compatible, is_known, merge, show
from ..core.tensor import Literal, Operand, Operation, Tensor
from ..ops.control import EXITS, MERGES, SWITCHES
from ..ops.indexed_slices import IndexedSlices
from . import branch_gradients, call_gradients, loop_gradients

GradRule = Callable[..., Any]
Gradient = Tensor | IndexedSlices
_registered: dict[str, GradRule | None] = {}
_RULES = "gradient_rules"


def register(op_type: str, rule: GradRule | None) -> None:
    """Makes `rule(op, *grads)` the gradient of this op type (None: not differentiable).

    The type may be a name of its own for `gradient_override_map`. KeyError if it has one already.
    """
    if not isinstance(op_type, str):
        raise TypeError("op_type must be a string")
    definition = find(op_type)
    if op_type in _registered or (definition is not None and definition.grad is not None):
        raise KeyError(f"Registering two gradient with name {op_type!r}!")
    _registered[op_type] = rule


def register_in(graph: Graph, rule: GradRule) -> str:
    """Names a rule that serves in this graph alone, for `Graph.gradient_override_map`."""
    rules = graph.extra.setdefault(_RULES, {})
    name = f"CustomGradient-{len(rules)}"
    rules[name] = rule
    return name


def rule_of(op: Operation) -> GradRule | None:
    """The gradient rule of an operation, None if nothing flows through it.

    Raises LookupError if the op has no gradient.
    """
    name = op.gradient_type or op.attrs.get("_gradient_op_type")
    if isinstance(name, bytes):
        name = name.decode()
    of_graph = op.graph.extra.get(_RULES, {})
    if name in of_graph:
        return of_graph[name]  # type: ignore[no-any-return]
    if name is not None or op.type in _registered:
        try:
            return _registered[name or op.type]
        except KeyError:
            raise LookupError(
                f"No gradient is registered under {name!r}, which operation {op.name!r} asks for."
            ) from None
    grad = op.definition.grad
    if grad is None:
        raise LookupError(
            f"No gradient defined for operation {op.name!r} (op type: {op.type}). Put "
            "tf.stop_gradient around its output, or give it one with tf.RegisterGradient."
        )
    return None if grad is NO_GRADIENT else grad  # type: ignore[return-value]


def is_trainable(x: Any) -> bool:
    """Whether gradients can flow through a tensor of this dtype."""
    base = x.dtype.base_dtype
    return base.is_floating or base.is_complex or base.name in ("resource", "variant")


def gradients(
    ys: Sequence[Tensor],
    xs: Sequence[Tensor],
    grad_ys: Sequence[Gradient | None] | None = None,
    name: str = "gradients",
    colocate_gradients_with_ops: bool = False,
    stop_gradients: Sequence[Tensor] = (),
) -> list[Gradient | None]:
    """The derivative of the sum of `ys` by each of `xs`; None where no `y` hangs on it.

    `grad_ys` are weights of the `ys` (None: ones). Gradients do not go behind `stop_gradients`.
    Raises LookupError at an op without gradient, TypeError for `ys` that are not real or complex
    numbers, ValueError for weights that do not fit.
    """
    if not ys:
        return [None] * len(xs)
    graph = _common_graph(ys, xs)
    stops = set(stop_gradients)
    with graph.as_default(), graph.name_scope(name):
        incoming: dict[Tensor, list[Gradient]] = {}
        order = _between(ys, set(xs), stops)
        for i, y in enumerate(ys):
            given = grad_ys[i] if grad_ys else None
            incoming.setdefault(y, []).append(_initial(y, given, i))
        for op in order:
            _backward(graph, op, incoming, colocate_gradients_with_ops)
        return [_result(incoming, x, colocate_gradients_with_ops) for x in xs]


def _common_graph(ys: Sequence[Tensor], xs: Sequence[Tensor]) -> Graph:
    graph = ys[0].graph
    if all(t.graph is graph for t in (*ys, *xs)):
        return graph
    # Inside a function, gradients go on through what it captures.
    graph = get_default_graph()
    known = [graph]
    while isinstance(known[-1], FuncGraph):
        known.append(known[-1].outer_graph)
    for t in (*ys, *xs):
        if t.graph not in known:
            raise ValueError(f"{t} is not of the same graph as the other tensors of the gradient.")
    return graph


def _initial(y: Tensor, given: Gradient | None, index: int) -> Gradient:
    if given is None:
        if y.dtype.base_dtype.is_complex:
            raise TypeError(
                f"Gradients of complex tensors must set grad_ys (y.dtype = {y.dtype!r})."
            )
        if not (y.dtype.is_floating or y.dtype.is_integer):
            raise TypeError(
                f"{y} must be numeric to obtain a default gradient: it is {y.dtype.base_dtype!r}."
            )
        if not y.dtype.base_dtype.is_floating:
            # An integer y: nothing flows, but the call is allowed as in TensorFlow.
            return apply("OnesLike", y)  # type: ignore[no-any-return]
        return _ones(y, index)
    _check_given(y, given)
    return given


def _check_given(y: Tensor, given: Gradient) -> None:
    if y.dtype.base_dtype.is_floating != given.dtype.base_dtype.is_floating:
        raise TypeError(
            f"Gradient type {given.dtype.name} generated for tensor {y} with type {y.dtype.name} "
            "must be of the same kind."
        )


def _ones(y: Tensor, index: int) -> Tensor:
    shape: Any
    if is_known(y.static_shape):
        value = np.asarray(y.static_shape, np.int32)
        shape = apply("Const", name="Shape", value=value, dtype=dtypes.int32)
    else:
        shape = apply("Shape", y)
    base = y.dtype.base_dtype
    one = apply("Const", name=f"grad_ys_{index}", value=np.asarray(1, base.np_dtype), dtype=base)
    return apply("Fill", shape, one)  # type: ignore[no-any-return]


def _between(ys: Sequence[Tensor], xs: set[Tensor], stops: set[Tensor]) -> list[Operation]:
    """The operations on paths from `xs` to `ys`, those nearest to `ys` first."""
    order = _postorder([y.op for y in ys if y not in stops], xs, stops)
    live: set[Operation] = set()

    def carries(x: Operand) -> bool:
        return x not in stops and isinstance(x, Tensor) and x.op in live and is_trainable(x)

    for op in order:
        if any(x in xs or carries(x) for x in _sources(op)):
            live.add(op)
    between: list[Operation] = []
    reached = {y.op for y in ys}
    for op in reversed(order):
        if op in live and op in reached:
            between.append(op)
            reached.update(x.op for x in _sources(op) if isinstance(x, Tensor) and carries(x))
    return between


def _postorder(roots: Sequence[Operation], xs: set[Tensor], stops: set[Tensor]) -> list[Operation]:
    """What the roots hang on, each operation after those that it reads."""
    done: dict[Operation, None] = {}
    stack: list[tuple[Operation, bool]] = [(op, False) for op in reversed(roots)]
    while stack:
        op, expanded = stack.pop()
        if op in done:
            continue
        if expanded:
            done[op] = None
            continue
        stack.append((op, True))
        stack.extend(
            (x.op, False)
            for x in _sources(op)
            if isinstance(x, Tensor) and x not in stops and x.op not in done
        )
    return list(done)


def _sources(op: Operation) -> Sequence[Operand]:
    """What gradients flow on to from an operation.

    From the exit of a loop that is the functional form of the whole loop; inside a loop they end
    where its variables come in.
    """
    if op.type in EXITS:
        return (loop_gradients.while_of(op),)
    if op.type in _CHOICES and branch_gradients.ends_loop_body(op):
        return ()
    if op.type == "_Arg" and isinstance(op.graph, FuncGraph):
        return op.graph.outside(op.outputs[0])
    return op.operands


_CHOICES = frozenset((*SWITCHES, *MERGES))
_WHILES = ("While", "StatelessWhile")
_OWN_ZEROS = frozenset((*_CHOICES, *_WHILES, *call_gradients.CONDITIONALS, *call_gradients.CALLS))


def _backward(
    graph: Graph, op: Operation, incoming: dict[Tensor, list[Gradient]], colocate: bool
) -> None:
    if not any(incoming.get(out) for out in op.outputs):
        if op.type in EXITS:
            # What `ys` hang on, but nothing flows to: if another exit's gradient comes, zeros do.
            incoming.setdefault(loop_gradients.while_of(op), [])
        return
    if op.type in EXITS:
        total = aggregate(incoming[op.outputs[0]])
        incoming.setdefault(loop_gradients.while_of(op), []).append(total)  # type: ignore[arg-type]
        return
    if op.type == "_Arg":
        total = aggregate(incoming[op.outputs[0]])
        for x in _sources(op):
            incoming.setdefault(x, []).append(total)  # type: ignore[arg-type]
        return
    rule = _control_rule(op) or rule_of(op)
    if rule is None:
        return
    with graph.name_scope(op.name + "_grad"), graph._original_op(op):
        if colocate:
            with graph.colocate_with(op, ignore_existing=True):
                grads = _apply_rule(op, rule, incoming)
        else:
            grads = _apply_rule(op, rule, incoming)
    for x, g in zip(op.operands, grads, strict=True):
        if g is not None and isinstance(x, Tensor) and is_trainable(x):
            incoming.setdefault(x, []).append(_shaped(op, g, x))


def _control_rule(op: Operation) -> GradRule | None:
    """The rule of an operation that chooses or repeats, None if it is another."""
    if op.type in _WHILES:
        return lambda op, *dys: loop_gradients.while_gradient(op, dys, gradients)
    if op.type in call_gradients.CONDITIONALS:
        return lambda op, *dys: call_gradients.if_gradient(op, dys, gradients)
    is_call = op.definition.function is not None and op.type not in _registered
    is_call = op.type in call_gradients.CALLS or (is_call and op.definition.grad is None)
    if is_call and op.gradient_type is None:
        return lambda op, *dys: call_gradients.call_gradient(op, dys, gradients)
    if op.type in SWITCHES:
        if branch_gradients.ends_loop_body(op):
            return lambda op, *dys: [None, None]
        return lambda op, *dys: branch_gradients.switch_gradient(op, dys)
    if op.type in MERGES:
        if branch_gradients.ends_loop_body(op):
            return lambda op, *dys: [None] * len(op.operands)
        return lambda op, *dys: branch_gradients.merge_gradient(op, dys)
    return None


def _apply_rule(
    op: Operation, rule: GradRule, incoming: dict[Tensor, list[Gradient]]
) -> Sequence[Gradient | None]:
    dys: list[Any] = [_output_gradient(op, out, incoming) for out in op.outputs]
    got = rule(op, *dys)
    grads = list(got) if isinstance(got, (list, tuple)) else [got]
    if len(grads) != len(op.operands):
        raise ValueError(
            f"Num gradients {len(grads)} generated for op {op.name!r} ({op.type}) do not match "
            f"num inputs {len(op.operands)}: its gradient function must return one an input."
        )
    return grads


def _output_gradient(
    op: Operation, out: Tensor, incoming: dict[Tensor, list[Gradient]]
) -> Gradient | None:
    total = aggregate(incoming.get(out, ()))
    if total is not None:
        incoming[out] = [total]
    elif out in incoming and is_trainable(out) and not _is_handle(out):
        return loop_gradients.zeros(out)  # type: ignore[no-any-return]
    # A rule with several outputs gets zeros for those that nothing hangs on.
    fills = op.type not in _OWN_ZEROS
    if (
        fills
        and total is None
        and len(op.outputs) > 1
        and is_trainable(out)
        and not _is_handle(out)
    ):
        return apply("ZerosLike", out)  # type: ignore[no-any-return]
    return total


def _is_handle(x: Tensor) -> bool:
    return x.dtype.base_dtype is dtypes.resource


def _shaped(op: Operation, g: Gradient, x: Tensor) -> Gradient:
    if isinstance(g, Tensor) and not _is_handle(x):
        if not compatible(g.static_shape, x.static_shape):
            raise ValueError(
                f"The gradient of operation {op.name!r} ({op.type}) has shape "
                f"{show(g.static_shape)} where its input {x.name} has {show(x.static_shape)}."
            )
        g.static_shape = merge(g.static_shape, x.static_shape)
    return g


def aggregate(grads: Sequence[Gradient], owner: Operation | None = None) -> Gradient | None:
    """The sum of gradients, None of none. Sparse ones stay sparse among themselves.

    A sum over several devices stands where `owner` does, if one is given.
    """
    if not grads:
        return None
    if len(grads) == 1:
        return grads[0]
    sparse = [g for g in grads if isinstance(g, IndexedSlices)]
    if len(sparse) == len(grads):
        return _concatenated(sparse)
    return _dense_sum([g.to_tensor() if isinstance(g, IndexedSlices) else g for g in grads], owner)


def _dense_sum(grads: Sequence[Tensor], owner: Operation | None) -> Tensor:
    """The sum, formed on each device first."""
    on_device: dict[str, list[Tensor]] = {}
    for g in grads:
        on_device.setdefault(g.op.device or "", []).append(g)
    sums = [_sum_beside(on_device[device], on_device[device][0].op) for device in sorted(on_device)]
    return _sum_beside(sums, owner)


def _sum_beside(grads: Sequence[Tensor], place: Operation | None) -> Tensor:
    if len(grads) == 1:
        return grads[0]
    if place is None:
        return apply("AddN", list(grads))  # type: ignore[no-any-return]
    with place.graph.colocate_with(place, ignore_existing=True):
        return apply("AddN", list(grads))  # type: ignore[no-any-return]


def _concatenated(slices: Sequence[IndexedSlices]) -> IndexedSlices:
    axis = Literal(np.asarray(0, np.int32))
    indices = [apply("Cast", s.indices, DstT=dtypes.int64) for s in slices]
    if len({s.indices.dtype for s in slices}) == 1:
        indices = [s.indices for s in slices]
    values = apply("ConcatV2", [s.values for s in slices], axis)
    return IndexedSlices(values, apply("ConcatV2", indices, axis), slices[0].dense_shape)


def _result(incoming: dict[Tensor, list[Gradient]], x: Tensor, colocate: bool) -> Gradient | None:
    total = aggregate(incoming.get(x, ()), x.op if colocate else None)
    if total is not None:
        incoming[x] = [total]
    return total
