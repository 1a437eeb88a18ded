"""Choosing among several branches: `tf.case` and `tf.switch_case`, as nested `tf.cond`s."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ..core.convert import constant
from ..core.dtypes import int32
from ..core.graph import get_default_graph
from ..core.tensor import Operation, Tensor
from . import logging
from .array_ops import stack
from .check_ops import Assert
from .conditionals import cond
from .framework import name_scope
from .math_ops import cast, equal, less_equal, reduce_sum

__all__ = ["case", "switch_case"]


def case(
    pred_fn_pairs: Any,
    default: Callable[[], Any] | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str = "case",
) -> Any:
    """The result of the first function whose predicate is true, else of `default`.

    `pred_fn_pairs` is a list of pairs (scalar bool tensor, function) or a dict of such. With
    `exclusive`, more than one true predicate is an error of the run; so is none that is true,
    where there is no `default`. Raises TypeError for malformed arguments.
    """

    def choose(predicate: Any, true_fn: Any, false_fn: Any) -> Any:
        return cond(predicate, true_fn=true_fn, false_fn=false_fn, strict=strict)

    return build_case(choose, pred_fn_pairs, default, exclusive, name)


def build_case(
    choose: Callable[[Any, Any, Any], Any],
    pred_fn_pairs: Any,
    default: Callable[[], Any] | None,
    exclusive: bool,
    name: str,
    allow_bools: bool = False,
) -> Any:
    """A `case` of nested `choose(predicate, true_fn, false_fn)`."""
    pairs = _checked_pairs(pred_fn_pairs, exclusive, name, allow_bools)
    predicates, functions = [p for p, _ in pairs], [f for _, f in pairs]
    with name_scope(name, "case", [predicates]):
        if default is None:
            default, predicates, functions = _default_of(predicates, functions)
        fn = default
        for predicate, action in reversed(list(zip(predicates, functions, strict=True))):
            fn = partial(choose, predicate, action, fn)
        if not exclusive:
            return fn()
        check = _at_most(predicates, 1, "Input error: exclusive=True")
        with get_default_graph().control_dependencies([check]):
            return fn()


def _checked_pairs(
    pairs: Any, exclusive: bool, name: str, allow_bools: bool
) -> list[tuple[Any, Any]]:
    if not isinstance(pairs, (list, tuple, dict)):
        raise TypeError("fns must be a list, tuple, or dict")
    if isinstance(pairs, OrderedDict):
        pairs = list(pairs.items())
    elif isinstance(pairs, dict):
        pairs = sorted(pairs.items(), key=lambda item: item[0].name)
        if not exclusive:
            logging.warn(
                "%s: the predicates are in a plain dict, and exclusive=False: they are tried in "
                "the order of their names. Give a list to say the order.",
                name,
            )
    for pair in pairs:
        _check_pair(pair, allow_bools)
    return list(pairs)


def _check_pair(pair: Any, allow_bools: bool) -> None:
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise TypeError("Each entry in pred_fn_pairs must be a 2-tuple")
    predicate, fn = pair
    if not isinstance(predicate, Tensor) and not (allow_bools and isinstance(predicate, bool)):
        what = "a Tensor or bool" if allow_bools else "a Tensor"
        raise TypeError(f"pred must be {what}, got: {predicate}")
    if isinstance(predicate, Tensor) and predicate.dtype.base_dtype.name != "bool":
        raise TypeError(f"pred must be Tensor of type bool: {predicate.name}")
    if not callable(fn):
        raise TypeError(f"fn for pred {predicate} must be callable.")


def _default_of(predicates: list[Any], functions: list[Any]) -> tuple[Any, list[Any], list[Any]]:
    """Without a default, the last function stands in, after assertions that its turn came."""
    last, action = predicates[-1], functions[-1]
    others = predicates[:-1]

    def default() -> Any:
        shown = stack(predicates, name="preds_c")
        which = f"Implementation error: the default action #{len(others)} was called, but "
        checks = [
            _at_most(others, 0, which + "some of the other predicates are True: "),
            Assert(last, ("Input error: None of conditions evaluated as True:", shown)),
        ]
        with get_default_graph().control_dependencies(checks):
            return action()

    return default, others, functions[:-1]


def _at_most(predicates: Sequence[Tensor], n: int, text: str) -> Operation:
    """An assertion that at most `n` predicates are true."""
    shown = stack(list(predicates), name="preds_c")
    count = reduce_sum(cast(shown, int32), name="num_true_conds")
    condition = less_equal(count, constant(n, name="n_true_conds"))
    names = ", ".join(getattr(p, "name", "?") for p in predicates)
    message = f"{text}: more than {n} conditions ({names}) evaluated as True:"
    return Assert(condition, data=[message, shown], summarize=len(predicates))


def switch_case(
    branch_index: Any,
    branch_fns: Any,
    default: Callable[[], Any] | None = None,
    name: str = "switch_case",
) -> Any:
    """The result of the function that an integer scalar chooses.

    `branch_fns` is a list of functions, or a dict or list of pairs from index to function, whose
    indices are 0, 1, ... An index outside of them chooses `default`, or else the last function.
    Raises TypeError and ValueError for malformed arguments.
    """
    functions = _checked_branches(branch_index, branch_fns)
    with name_scope(name, "case", [branch_index]):
        fn = functions.pop() if default is None else default
        for index, action in reversed(list(enumerate(functions))):
            fn = partial(cond, equal(branch_index, index), action, fn)
        return fn()


def _checked_branches(branch_index: Any, branch_fns: Any) -> list[Callable[[], Any]]:
    """The functions in the order of their indices."""
    if not isinstance(branch_index, Tensor):
        raise TypeError(f"branch_index must a Tensor, got {type(branch_index)}")
    if not branch_index.dtype.is_integer:
        raise TypeError(f"branch_index must an integer Tensor, got {branch_index.dtype}")
    if not branch_fns:
        raise ValueError("Must provide at least one item in branch_fns")
    if not isinstance(branch_fns, (list, tuple, dict)):
        raise TypeError("branch_fns must be a list, tuple, or dict")
    pairs = list(branch_fns.items() if isinstance(branch_fns, dict) else branch_fns)
    if all(callable(fn) for fn in pairs):
        pairs = list(enumerate(pairs))
    for pair in pairs:
        _check_branch(pair)
    keys = sorted(key for key, _ in pairs)
    if keys != list(range(len(keys))):
        raise ValueError(
            f"branch indices (keys) must form contiguous range of [0 to {len(keys)}) but found "
            f"{{{','.join(map(str, keys))}}}"
        )
    return [fn for _, fn in sorted(pairs, key=lambda pair: pair[0])]


def _check_branch(pair: Any) -> None:
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise TypeError("Each entry in branch_fns must be a 2-tuple")
    key, fn = pair
    if not isinstance(key, int):
        raise TypeError(f"key must be a Python `int`, got {type(key)}")
    if not callable(fn):
        raise TypeError(f"fn for key {key} must be callable.")
