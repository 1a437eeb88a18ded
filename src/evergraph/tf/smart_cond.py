"""`tf.cond` and `tf.case` that take a branch at once where its predicate is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .cases import build_case
from .conditionals import cond
from .smart import static_predicate


def smart_constant_value(pred: Any) -> bool | None:
    """The truth of a Python bool, 0, 1 or constant tensor; None if a run decides it.

    Raises TypeError for what is no predicate.
    """
    return static_predicate(pred)


def smart_cond(
    pred: Any,
    true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None,
    name: str | None = None,
) -> Any:
    """`tf.cond`, except that a predicate known while building takes its branch at once."""
    if not callable(true_fn):
        raise TypeError("`true_fn` must be callable.")
    if not callable(false_fn):
        raise TypeError("`false_fn` must be callable.")
    value = static_predicate(pred)
    if value is None:
        return cond(pred, true_fn=true_fn, false_fn=false_fn, name=name)
    return true_fn() if value else false_fn()


def smart_case(
    pred_fn_pairs: Any,
    default: Callable[[], Any] | None = None,
    exclusive: bool = False,
    name: str = "smart_case",
) -> Any:
    """`tf.case`, whose predicates may be Python bools, and that decides at once what is known."""
    return build_case(smart_cond, pred_fn_pairs, default, exclusive, name, allow_bools=True)
