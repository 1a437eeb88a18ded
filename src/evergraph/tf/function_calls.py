"""Functions of a graph as branches, bodies of loops and calls: `If`, `While`, `For` and others.

The functions are `Defun`s; each of them is traced once, and the compiler opens the calls.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from ..core.convert import convert_to_tensor
from ..core.dtypes import as_dtype, float32, int32
from ..core.emit import apply
from ..core.func_graph import trace_function
from ..core.function import Function
from ..core.graph import get_default_graph
from ..core.tensor import Operation, Tensor
from ..core.values import constant_value
from ..errors import InvalidArgumentError, NotFoundError
from ..formats.function_def import library
from .framework import name_scope
from .gradients_impl import gradients


def _adopted(f: Any) -> Function:
    """The function of a `Defun`, in the library of the current graph."""
    f.add_to_graph(get_default_graph())
    return f.function  # type: ignore[no-any-return]


def _listed(result: Any) -> list[Tensor]:
    return list(result) if isinstance(result, (list, tuple)) else [result]


def _kinds(function: Function) -> tuple[Any, ...]:
    return tuple(x.dtype.base_dtype for x in function.outputs)


def _traced(name: str, definition: Callable[..., Any], types: Sequence[Any]) -> Function:
    """A function of arguments of these dtypes that is known by its name.

    What has the name already and takes the same arguments was made from the same function.
    """
    kinds = [as_dtype(t).base_dtype for t in types]
    known = library(get_default_graph())
    for free in itertools.chain([name], (f"{name}_{n}" for n in itertools.count(1))):
        if free not in known:
            break
        same = known.functions.get(free)
        if same is not None and [x.dtype.base_dtype for x in same.inputs] == kinds:
            return same
    function, captured, _ = trace_function(free, definition, [(k, None) for k in kinds], _listed)
    if captured:
        raise ValueError(f"{name} may not use tensors from outside: {captured}.")
    known.add(function)
    return function


def If(
    cond: Any, inputs: Sequence[Any], then_branch: Any, else_branch: Any, name: Any = None
) -> list[Tensor]:
    """What `then_branch` gives for the inputs if the scalar `cond` is true, else `else_branch`.

    A number is true unless it is zero, a string unless it is empty.
    """
    then, otherwise = _adopted(then_branch), _adopted(else_branch)
    result = apply(
        "If",
        cond,
        list(inputs),
        then_branch=then,
        else_branch=otherwise,
        Tout=_kinds(then),
        name=name,
    )
    return _listed(result)


def While(
    input_: Sequence[Any], cond: Any, body: Any, name: Any = None, hostmem: Any = None
) -> list[Tensor]:
    """The inputs after `body` was applied to them as long as `cond` of them holds.

    `body` may use tensors from outside, `cond` may not (ValueError). Raises ValueError if they
    take different dtypes, InvalidArgumentError if they give another number of results than one
    and as many as there are inputs. `hostmem` names inputs that stay on the host.
    """
    if cond.captured_inputs:
        raise ValueError(
            "While op 'cond' argument must be a function without implicitly captured inputs."
        )
    if cond.declared_input_types != body.declared_input_types:
        raise ValueError(
            f"While op 'cond' and 'body' signatures do not match. {cond.declared_input_types} vs "
            f"{body.declared_input_types}"
        )
    types = list(body.declared_input_types)
    inputs = [convert_to_tensor(x, t) for x, t in zip(input_, types, strict=True)]
    condition, step = _adopted(cond), _adopted(body)
    _check_loop(condition, step, len(inputs))
    captured = list(body.captured_inputs)
    if captured:
        condition = _ignoring_captured(cond, types, captured)
        step = _passing_captured(body, types, captured)
    result = apply("While", [*inputs, *captured], cond=condition, body=step, name=name)
    return _results(result, len(inputs))


def _results(result: Any, count: int) -> list[Tensor]:
    return [] if isinstance(result, Operation) else _listed(result)[:count]


def _check_loop(condition: Function, step: Function, count: int) -> None:
    if len(condition.outputs) != 1:
        raise InvalidArgumentError(
            None,
            None,
            "Expected a single scalar return value from the loop's condition, got "
            f"{len(condition.outputs)} tensors.",
        )
    _check_body("While", len(step.outputs), count)


def _check_body(kind: str, count: int, wanted: int) -> None:
    if count != wanted:
        raise InvalidArgumentError(
            None, None, f"{kind} loop body returned {count} arguments. Expected: {wanted}"
        )


def _ignoring_captured(cond: Any, types: list[Any], captured: list[Tensor]) -> Function:
    """The condition, with the captured tensors as loop variables that it does not look at."""
    return _traced(
        f"{cond.name}_Wrapper",
        lambda *args: cond(*args[: len(types)]),
        [*types, *(x.dtype for x in captured)],
    )


def _passing_captured(body: Any, types: list[Any], captured: list[Tensor]) -> Function:
    """The body, with the captured tensors as loop variables that go round unchanged."""

    def definition(*args: Tensor) -> list[Tensor]:
        function = body.function
        result = apply("StatefulPartitionedCall", list(args), f=function, Tout=_kinds(function))
        return [*_results(result, len(function.outputs)), *args[len(types) :]]

    return _traced(f"{body.name}_Wrapper", definition, [*types, *(x.dtype for x in captured)])


def For(
    start: Any,
    limit: Any,
    delta: Any,
    inputs: Sequence[Any],
    body: Any,
    name: Any = None,
    hostmem: Any = None,
    rewrite_with_while: Any = None,
) -> list[Tensor]:
    """The inputs after `body(i, *inputs)` was applied for i from `start` to `limit` by `delta`.

    It is built as a `While` either way. Raises InvalidArgumentError for bounds that are no
    scalars, for a step that leads away from the limit, and for a body that gives another number
    of results than there are inputs.
    """
    start, limit, delta = _bounds(start, limit, delta)
    _check_body("For", len(body.function.outputs), len(inputs))
    step = apply("Abs", delta)
    span = apply("Abs", limit - start) + step - 1
    count = apply("Cast", span, DstT=float32) / apply("Cast", step, DstT=float32)
    types = [int32] * 4 + list(body.declared_input_types)[1:]
    captured = list(body.captured_inputs)
    types += [x.dtype.base_dtype for x in captured]
    condition = _traced(f"{body.name}_Cond", lambda i, n, *_: i < n, types)
    once = _traced(f"{body.name}_Body", _counted(body, len(captured)), types)
    arguments = [0, apply("Cast", count, DstT=int32), start, delta, *inputs, *captured]
    tensors = [convert_to_tensor(x, t) for x, t in zip(arguments, types, strict=True)]
    name = name or ("While" if rewrite_with_while else "For")
    result = apply("While", tensors, cond=condition, body=once, name=name)
    return _listed(result)[4 : 4 + len(inputs)]


def _bounds(start: Any, limit: Any, delta: Any) -> list[Tensor]:
    """The bounds as tensors; InvalidArgumentError where they are known to be wrong."""
    given = {"start": start, "limit": limit, "delta": delta}
    bounds: list[Any] = [convert_to_tensor(x, int32, name) for name, x in given.items()]
    for name, x in zip(given, bounds, strict=True):
        if x.shape.ndims not in (0, None):
            raise InvalidArgumentError(None, None, f"{name} must be a scalar, not {x.shape}.")
    values = [constant_value(x) for x in bounds]
    if all(v is not None for v in values):
        a, b, d = map(int, values)  # type: ignore[arg-type]
        if d == 0 or (a != b and (d > 0) != (b > a)):
            raise InvalidArgumentError(None, None, f"Invalid start/limit/delta: {a}/{b}/{d}")
    return bounds


def _counted(body: Any, captured: int) -> Callable[..., list[Tensor]]:
    """One step of `For`: the loop's own variables, then the inputs, then what it captured."""

    def definition(i: Tensor, n: Tensor, start: Tensor, delta: Tensor, *args: Tensor) -> Any:
        function = body.function
        values = [start + i * delta, *args]
        result = apply("StatefulPartitionedCall", values, f=function, Tout=_kinds(function))
        kept = args[len(args) - captured :]
        outs = _results(result, len(function.outputs))
        return [i + 1, n, start, delta, *outs, *kept]

    return definition


def Gradient(inputs: Sequence[Any], f: Any, name: Any = None) -> list[Tensor]:
    """The gradients of a function's arguments: `inputs` are these, then its results' gradients."""
    return symbolic_gradient(inputs, list(f.declared_input_types), f, name)


def symbolic_gradient(
    input: Sequence[Any], Tout: Sequence[Any], f: Any, name: Any = None
) -> list[Tensor]:
    """The gradients of the first of `input`, of these dtypes, by the last: `f`'s gradients."""
    types = list(f.declared_input_types)
    with name_scope(name, "SymbolicGradient", input):
        xs = [convert_to_tensor(x, t) for x, t in zip(input, types, strict=False)]
        xs = [apply("Identity", x) for x in xs]
        ys = _listed(f(*xs))
        given = list(input)[len(types) :]
        dys = [convert_to_tensor(d, y.dtype) for d, y in zip(given, ys, strict=True)]
        found = gradients(ys, xs, dys)
        return [apply("ZerosLike", x) if g is None else g for x, g in zip(xs, found, strict=True)]


def partitioned_call(
    args: Sequence[Any],
    f: Any,
    tout: Any = None,
    executing_eagerly: Any = None,
    config: Any = None,
    executor_type: Any = None,
) -> Any:
    """A call of a function: its results, or the operation if it has none.

    The operations of the function keep their devices. Raises NotFoundError for an `executor_type`
    other than the default one.
    """
    if executor_type not in (None, "", "DEFAULT"):
        raise NotFoundError(
            None, None, f"There is no executor of type {executor_type}: leave executor_type out."
        )
    function = _adopted(f)
    acts = bool(f.stateful_ops)
    op_type = "StatefulPartitionedCall" if acts else "PartitionedCall"
    kinds = _kinds(function) if tout is None else tuple(as_dtype(t) for t in tout)
    result = apply(op_type, list(args), f=function, Tout=kinds)
    return result if isinstance(result, Operation) else _listed(result)


def remote_call(
    args: Sequence[Any], Tout: Sequence[Any], f: Any, target: Any, name: Any = None
) -> list[Tensor]:
    """A call of a function on the device `target`: a name, or a constant tensor of one."""
    place = constant_value(convert_to_tensor(target))
    if place is None:
        raise InvalidArgumentError(None, None, "The target of a call must be a constant.")
    function = _adopted(f)
    kinds = tuple(as_dtype(t) for t in Tout)
    values = [convert_to_tensor(a, t) for a, t in zip(args, f.declared_input_types, strict=True)]
    with get_default_graph().device(place.item().decode()):
        result = apply(
            "StatefulPartitionedCall", values, f=function, Tout=kinds, name=name or "RemoteCall"
        )
    return _listed(result)
