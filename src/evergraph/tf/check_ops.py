"""Assertions: checked while the graph is built where values are known, else in the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.dtypes import DType, float32, int32
from ..core.emit import apply
from ..core.graph import get_default_graph
from ..core.shape import show
from ..core.tensor import Operation, Tensor
from ..core.tensor_shape import to_shape
from ..core.values import constant_value
from ..errors import InvalidArgumentError
from ..ops.masking import all_axes
from . import array_ops
from .conditionals import cond
from .dispatch import dispatched
from .framework import convert_to_tensor, name_scope
from .grouping import group, no_op, with_dependencies
from .renamed import renamed

__all__ = [
    "Assert",
    "add_check_numerics_ops",
    "assert_equal",
    "assert_greater",
    "assert_greater_equal",
    "assert_integer",
    "assert_less",
    "assert_less_equal",
    "assert_near",
    "assert_negative",
    "assert_non_negative",
    "assert_non_positive",
    "assert_none_equal",
    "assert_positive",
    "assert_proper_iterable",
    "assert_rank",
    "assert_rank_at_least",
    "assert_rank_in",
    "assert_same_float_dtype",
    "assert_scalar",
    "assert_type",
    "check_numerics",
    "ensure_shape",
    "is_non_decreasing",
    "is_numeric_tensor",
    "is_strictly_increasing",
    "verify_tensor_all_finite",
]


def Assert(condition: Any, data: Any, summarize: Any = None, name: Any = None) -> Operation:
    """An operation that raises InvalidArgumentError, showing `data`, unless the condition is true.

    It is checked only if it runs: hang it on what follows by `tf.control_dependencies`.
    """
    with name_scope(name, "Assert", [condition, data]):
        kinds = {convert_to_tensor(x).dtype.base_dtype.name for x in data}

        def check() -> Operation:
            limit = 3 if summarize is None else summarize
            return apply("Assert", condition, list(data), summarize=limit, name="Assert")  # type: ignore[no-any-return]

        if kinds <= {"string", "int32"}:
            return check()
        # What might be on another device is brought here only to be shown.
        condition = convert_to_tensor(condition, name="Condition")
        return cond(condition, no_op, check, name="AssertGuard").op  # type: ignore[no-any-return]


def all_of(x: Tensor) -> Tensor:
    """Whether all elements are true."""
    return apply("All", x, all_axes(x))  # type: ignore[no-any-return]


def _shown(message: Any, what: str, x: Tensor, y: Tensor) -> list[Any]:
    return [
        message or "",
        f"Condition {what} did not hold element-wise:",
        f"x ({x.name}) = ",
        x,
        f"y ({y.name}) = ",
        y,
    ]


def _compared(
    op_type: str,
    sign: str,
    scope: str,
    operands: tuple[Any, Any],
    data: Any,
    summarize: Any,
    message: Any,
    name: Any,
) -> Operation:
    with name_scope(name, scope, [*operands, data]):
        x = convert_to_tensor(operands[0], name="x")
        y = convert_to_tensor(operands[1], name="y")
        if op_type == "Equal" and x is y:
            return no_op()
        if data is None:
            data = _shown(message, f"x {sign} y", x, y)
        condition = all_of(apply(op_type, x, y))
        if op_type == "Equal":
            _assert_static(x, y, data)
        return Assert(condition, data, summarize)


def _assert_static(x: Tensor, y: Tensor, data: Sequence[Any]) -> None:
    """Raises at once where both values are known and differ."""
    a, b = constant_value(x), constant_value(y)
    if a is not None and b is not None and not np.all(np.equal(a, b)):
        raise InvalidArgumentError(None, None, "\n".join(_static_text(d) for d in data))


def _static_text(x: Any) -> str:
    value = constant_value(x) if isinstance(x, Tensor) else None
    return str(x if value is None else value)


def assert_equal(
    x: Any, y: Any, data: Any = None, summarize: Any = None, message: Any = None, name: Any = None
) -> Operation:
    """Checks x == y element by element; InvalidArgumentError at once where both are known."""
    return _compared("Equal", "==", "assert_equal", (x, y), data, summarize, message, name)


def assert_none_equal(
    x: Any, y: Any, data: Any = None, summarize: Any = None, message: Any = None, name: Any = None
) -> Operation:
    """Checks x != y for every element."""
    return _compared("NotEqual", "!=", "assert_none_equal", (x, y), data, summarize, message, name)


def assert_less(
    x: Any, y: Any, data: Any = None, summarize: Any = None, message: Any = None, name: Any = None
) -> Operation:
    """Checks x < y element by element."""
    return _compared("Less", "<", "assert_less", (x, y), data, summarize, message, name)


def assert_less_equal(
    x: Any, y: Any, data: Any = None, summarize: Any = None, message: Any = None, name: Any = None
) -> Operation:
    """Checks x <= y element by element."""
    return _compared("LessEqual", "<=", "assert_less_equal", (x, y), data, summarize, message, name)


def assert_greater(
    x: Any, y: Any, data: Any = None, summarize: Any = None, message: Any = None, name: Any = None
) -> Operation:
    """Checks x > y element by element."""
    return _compared("Greater", ">", "assert_greater", (x, y), data, summarize, message, name)


def assert_greater_equal(
    x: Any, y: Any, data: Any = None, summarize: Any = None, message: Any = None, name: Any = None
) -> Operation:
    """Checks x >= y element by element."""
    names = (">=", "assert_greater_equal")
    return _compared("GreaterEqual", *names, (x, y), data, summarize, message, name)


def _signed(
    op_type: str, sign: str, scope: str, x: Any, data: Any, summarize: Any, message: Any, name: Any
) -> Operation:
    """Compares with zero: Less and LessEqual, either way round."""
    with name_scope(name, scope, [x, data]):
        value = convert_to_tensor(x, name="x")
        if data is None:
            what = f"Condition x {sign} 0 did not hold element-wise:"
            data = [message or "", what, f"x ({value.name}) = ", value]
        zero = convert_to_tensor(0, value.dtype)
        pair = (value, zero) if sign[0] == "<" else (zero, value)
        check = assert_less if op_type == "Less" else assert_less_equal
        return check(*pair, data=data, summarize=summarize)


def assert_negative(
    x: Any, data: Any = None, summarize: Any = None, message: Any = None, name: Any = None
) -> Operation:
    """Checks x < 0 for every element."""
    return _signed("Less", "<", "assert_negative", x, data, summarize, message, name)


def assert_positive(
    x: Any, data: Any = None, summarize: Any = None, message: Any = None, name: Any = None
) -> Operation:
    """Checks x > 0 for every element."""
    return _signed("Less", ">", "assert_positive", x, data, summarize, message, name)


def assert_non_negative(
    x: Any, data: Any = None, summarize: Any = None, message: Any = None, name: Any = None
) -> Operation:
    """Checks x >= 0 for every element."""
    return _signed("LessEqual", ">=", "assert_non_negative", x, data, summarize, message, name)


def assert_non_positive(
    x: Any, data: Any = None, summarize: Any = None, message: Any = None, name: Any = None
) -> Operation:
    """Checks x <= 0 for every element."""
    return _signed("LessEqual", "<=", "assert_non_positive", x, data, summarize, message, name)


def assert_near(
    x: Any,
    y: Any,
    rtol: Any = None,
    atol: Any = None,
    data: Any = None,
    summarize: Any = None,
    message: Any = None,
    name: Any = None,
) -> Operation:
    """Checks |x - y| < atol + rtol * |y|; both tolerances are 10 roundings by default."""
    with name_scope(name, "assert_near", [x, y, rtol, atol, data]):
        a: Any = convert_to_tensor(x, name="x")
        b: Any = convert_to_tensor(y, a.dtype.base_dtype, "y")
        default = 10 * _rounding(a.dtype)
        relative: Any = convert_to_tensor(default if rtol is None else rtol, a.dtype, "rtol")
        absolute: Any = convert_to_tensor(default if atol is None else atol, a.dtype, "atol")
        if data is None:
            what = f"x and y not equal to tolerance rtol = {relative}, atol = {absolute}"
            data = [message or "", what, f"x ({a.name}) = ", a, f"y ({b.name}) = ", b]
        tolerance = absolute + relative * abs(b)
        difference = abs(a - b)
        return Assert(all_of(apply("Less", difference, tolerance)), data, summarize)


def _rounding(dtype: DType) -> float:
    if dtype.base_dtype.name == "bfloat16":
        return 2.0**-7
    return float(np.finfo(dtype.np_dtype).eps)


# -- ranks -----------------------------------------------------------------------------------
def _rank_check(
    scope: str,
    x: Any,
    ranks: Any,
    words: str,
    fits: Callable[[int, list[int]], bool],
    condition: Callable[[Tensor, list[Tensor]], Tensor],
    data: Any,
    summarize: Any,
    message: Any,
    name: Any,
) -> Operation:
    several = isinstance(ranks, (list, tuple))
    with name_scope(name, scope, [x, *(ranks if several else [ranks]), *(data or [])]):
        value = convert_to_tensor(x, name="x")
        wanted = [convert_to_tensor(r, name="rank") for r in (ranks if several else [ranks])]
        if data is None:
            data = [
                message or "",
                f"Tensor {value.name} must have rank {words}",
                *wanted,
                "Received shape: ",
                array_ops.shape(value),
            ]
        for rank in wanted:
            assert_type(rank, int32)
        known = [constant_value(rank) for rank in wanted]
        if all(k is not None for k in known):
            numbers = [_scalar(k) for k in known]
            if value.static_shape is not None:
                _static_rank(value, numbers, words, fits, message, several)
                return no_op(name="static_checks_determined_all_ok")
        holds = condition(array_ops.rank(value), wanted)
        for rank, k in zip(wanted, known, strict=True):
            if k is None:
                text = ["Rank must be a scalar. Received rank: ", rank]
                holds = with_dependencies([assert_rank(rank, 0, data=text)], holds)
        return Assert(holds, data, summarize)


def _scalar(value: Any) -> int:
    if np.ndim(value):
        raise ValueError("Rank must be a scalar.")
    return int(value)


def _static_rank(
    x: Tensor,
    ranks: list[int],
    words: str,
    fits: Callable[[int, list[int]], bool],
    message: Any,
    several: bool,
) -> None:
    assert x.static_shape is not None
    rank = len(x.static_shape)
    if not fits(rank, ranks):
        wanted = " ".join([words, str(tuple(ranks) if several else ranks[0])]).strip()
        raise ValueError(
            f"{message or ''}.  Tensor {x.name} must have rank {wanted}.  Received rank {rank}, "
            f"shape {show(x.static_shape)}"
        )


def assert_rank(
    x: Any,
    rank: Any,
    data: Any = None,
    summarize: Any = None,
    message: Any = None,
    name: Any = None,
) -> Operation:
    """Checks that `x` has this rank; ValueError at once where its rank is known and another."""
    return _rank_check(
        "assert_rank",
        x,
        rank,
        "",
        lambda have, want: have == want[0],
        lambda have, want: apply("Equal", have, want[0]),
        data,
        summarize,
        message,
        name,
    )


def assert_rank_at_least(
    x: Any,
    rank: Any,
    data: Any = None,
    summarize: Any = None,
    message: Any = None,
    name: Any = None,
) -> Operation:
    """Checks that `x` has at least this rank; ValueError at once where it is known and lower."""
    return _rank_check(
        "assert_rank_at_least",
        x,
        rank,
        "at least",
        lambda have, want: have >= want[0],
        lambda have, want: apply("GreaterEqual", have, want[0]),
        data,
        summarize,
        message,
        name,
    )


def _any_equal(have: Tensor, want: list[Tensor]) -> Tensor:
    if not want:
        return convert_to_tensor(False)
    result: Tensor = apply("Equal", want[0], have)
    for w in want[1:]:
        result = apply("LogicalOr", result, apply("Equal", w, have))
    return result


def assert_rank_in(
    x: Any,
    ranks: Any,
    data: Any = None,
    summarize: Any = None,
    message: Any = None,
    name: Any = None,
) -> Operation:
    """Checks that `x` has one of these ranks; ValueError at once where its rank is another."""
    return _rank_check(
        "assert_rank_in",
        x,
        tuple(ranks),
        "in",
        lambda have, want: have in want,
        _any_equal,
        data,
        summarize,
        message,
        name,
    )


# -- dtypes and shapes -----------------------------------------------------------------------
def assert_integer(x: Any, message: Any = None, name: Any = None) -> Operation:
    """TypeError unless `x` is of an integer dtype."""
    with name_scope(name, "assert_integer", [x]):
        value = convert_to_tensor(x, name="x")
        if not value.dtype.base_dtype.is_integer:
            raise TypeError(
                f'{message or ""}  Expected "x" to be integer type.  Found: {value.name} of dtype '
                f"{value.dtype!r}"
            )
        return no_op("statically_determined_was_integer")


def assert_type(tensor: Any, tf_type: Any, message: Any = None, name: Any = None) -> Operation:
    """TypeError unless `tensor` is of this dtype."""
    with name_scope(name, "assert_type", [tensor]):
        value = convert_to_tensor(tensor, name="tensor")
        if value.dtype != tf_type:
            raise TypeError(f"{message or ''}  {value.name} must be of type {tf_type}")
        return no_op("statically_determined_correct_type")


def assert_scalar(tensor: Any, name: Any = None, message: Any = None) -> Tensor:
    """The tensor; ValueError unless it is known to be a scalar."""
    with name_scope(name, "assert_scalar", [tensor]) as scope:
        value = convert_to_tensor(tensor, name=scope)
        if value.static_shape != ():
            raise ValueError(
                f"{message or ''}Expected scalar shape for {value.name}, saw shape: "
                f"{show(value.static_shape)}."
            )
        return value


def assert_proper_iterable(values: Any) -> None:
    """TypeError for what is no iterable, and for tensors, arrays and text."""
    if isinstance(values, (Tensor, np.ndarray, str, bytes)) or hasattr(values, "dense_shape"):
        raise TypeError(
            f'Expected argument "values" to be a "proper" iterable.  Found: {type(values)}'
        )
    if not hasattr(values, "__iter__"):
        raise TypeError(f'Expected argument "values" to be iterable.  Found: {type(values)}')


def assert_same_float_dtype(tensors: Any = None, dtype: Any = None) -> DType:
    """The floating dtype that all have (float32 where nobody says); ValueError if they differ."""
    found: Any = dtype
    first = None
    for item in tensors or ():
        if item is None:
            continue
        kind = item.dtype.base_dtype
        if found is None:
            found, first = kind, item
        elif kind != found:
            origin = f" as {getattr(first, 'name', first)}" if first is not None else ""
            raise ValueError(
                f"{getattr(item, 'name', item)}, type={kind}, must be of the same type "
                f"({found}){origin}."
            )
    if found is None:
        return float32
    if not found.is_floating:
        raise ValueError(f"Expected floating point type, got {found}.")
    return found  # type: ignore[no-any-return]


def ensure_shape(x: Any, shape: Any, name: Any = None) -> Tensor:
    """The same value, whose shape is checked in the run and known from then on."""
    return apply("EnsureShape", x, shape=to_shape(shape), name=name)  # type: ignore[no-any-return]


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether it is a tensor of numbers."""
    if not isinstance(tensor, Tensor):
        return False
    base = tensor.dtype.base_dtype
    return base.is_floating or base.is_integer or base.is_complex or base.is_quantized


# -- order -----------------------------------------------------------------------------------
def _differences(x: Any) -> Any:
    flat: Any = array_ops.reshape(x, [-1])
    if not is_numeric_tensor(flat):
        raise TypeError(f"Expected x to be numeric, instead found: {x}")
    # Nothing to compare where there are fewer than two elements.
    is_short = apply("Less", array_ops.size(flat), 2)
    count = array_ops.shape(flat) - 1

    def steps() -> Tensor:
        later = array_ops.strided_slice(flat, [1], apply("AddV2", [1], count))
        return later - array_ops.strided_slice(flat, [0], count)

    return cond(is_short, lambda: convert_to_tensor([], flat.dtype), steps)


def is_non_decreasing(x: Any, name: Any = None) -> Tensor:
    """Whether no element is less than the one before it."""
    with name_scope(name, "is_non_decreasing", [x]):
        steps = _differences(x)
        return all_of(apply("LessEqual", convert_to_tensor(0, steps.dtype), steps))


def is_strictly_increasing(x: Any, name: Any = None) -> Tensor:
    """Whether every element is greater than the one before it."""
    with name_scope(name, "is_strictly_increasing", [x]):
        steps = _differences(x)
        return all_of(apply("Less", convert_to_tensor(0, steps.dtype), steps))


# -- numbers that are none --------------------------------------------------------------------
@dispatched
def check_numerics(tensor: Any, message: Any, name: Any = None) -> Tensor:
    """The same value; InvalidArgumentError in the run if it holds NaN or infinities."""
    return apply("CheckNumerics", tensor, message=message, name=name)  # type: ignore[no-any-return]


def verify_tensor_all_finite(
    t: Any = None, msg: Any = None, name: Any = None, x: Any = None, message: Any = None
) -> Tensor:
    """The same value; InvalidArgumentError in the run if it holds NaN or infinities."""
    value, text = renamed("x", x, "t", t), renamed("message", message, "msg", msg)
    with name_scope(name, "VerifyFinite", [value]):
        tensor = convert_to_tensor(value, name="x")
        with get_default_graph().colocate_with(tensor):
            check = check_numerics(tensor, text)
            return with_dependencies([check], tensor)  # type: ignore[no-any-return]


def add_check_numerics_ops() -> Operation:
    """An operation that checks every float tensor of the graph for NaN and infinities.

    Each is checked before what is computed with it. Raises ValueError for a graph with floats in
    branches or loops.
    """
    check: list[Tensor] = []
    reason = (
        "is not compatible with TensorFlow control flow operations such as `tf.cond()` or "
        "`tf.while_loop()`."
    )
    for op in get_default_graph().get_operations():
        for output in op.outputs:
            if output.dtype.name not in ("float16", "float32", "float64"):
                continue
            if op.control_flow_context is not None:
                raise ValueError(f"`tf.add_check_numerics_ops() {reason}")
            with get_default_graph().control_dependencies(check):
                check = [check_numerics(output, f"{op.name}:{output.value_index}")]
    return group(*check)
