"""Regularizers of `tf.contrib.layers`: functions of weights that give a penalty."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Sequence
from typing import Any

from ....core.graph import get_default_graph
from ... import array_ops, math_ops, nn
from ...framework import convert_to_tensor, name_scope
from ...graph_keys import GraphKeys

__all__ = [
    "apply_regularization",
    "l1_l2_regularizer",
    "l1_regularizer",
    "l2_regularizer",
    "sum_regularizer",
]

Regularizer = Callable[[Any], Any]


def _check_scale(name: str, scale: Any) -> None:
    if isinstance(scale, numbers.Integral):
        raise ValueError(f"{name} cannot be an integer: {scale}")


def _no_penalty(_: Any) -> None:
    return


def _scaled(scale: Any, scope: Any, default_scope: str, norm: Callable[[Any], Any]) -> Regularizer:
    """`scale * norm(weights)` in a name scope; nothing for a scale of 0."""
    _check_scale("scale", scale)
    if isinstance(scale, numbers.Real):
        if scale < 0.0:
            raise ValueError(f"Setting a scale less than 0 on a regularizer: {scale:g}")
        if scale == 0.0:
            return _no_penalty

    def penalty(weights: Any) -> Any:
        with name_scope(scope, default_scope, [weights]) as name:
            factor = convert_to_tensor(scale, dtype=weights.dtype.base_dtype, name="scale")
            return math_ops.multiply(factor, norm(weights), name=name)

    return penalty


def l1_regularizer(scale: float, scope: str | None = None) -> Regularizer:
    """`scale * sum(|weights|)`; ValueError for an integer or a negative scale."""

    def norm(weights: Any) -> Any:
        return math_ops.reduce_sum(math_ops.abs(weights))

    return _scaled(scale, scope, "l1_regularizer", norm)


def l2_regularizer(scale: float, scope: str | None = None) -> Regularizer:
    """`scale * sum(weights^2) / 2`; ValueError for an integer or a negative scale."""
    return _scaled(scale, scope, "l2_regularizer", nn.l2_loss)


def l1_l2_regularizer(
    scale_l1: float = 1.0, scale_l2: float = 1.0, scope: str | None = None
) -> Any:
    """The sum of the L1 and the L2 regularizer."""
    _check_scale("scale_l1", scale_l1)
    _check_scale("scale_l2", scale_l2)
    scope = scope or "l1_l2_regularizer"
    if scale_l1 == 0.0:
        return l2_regularizer(scale_l2, scope)
    if scale_l2 == 0.0:
        return l1_regularizer(scale_l1, scope)
    return sum_regularizer([l1_regularizer(scale_l1), l2_regularizer(scale_l2)], scope=scope)


def sum_regularizer(
    regularizer_list: Sequence[Regularizer | None], scope: str | None = None
) -> Regularizer | None:
    """The sum of several regularizers; None for none."""
    regularizers = [r for r in regularizer_list if r is not None]
    if not regularizers:
        return None

    def sum_of_penalties(weights: Any) -> Any:
        with name_scope(scope, "sum_regularizer", [weights]) as name:
            penalties = [p for r in regularizers if (p := r(weights)) is not None]
            return math_ops.add_n(penalties, name=name) if penalties else None

    return sum_of_penalties


def apply_regularization(regularizer: Regularizer, weights_list: Any = None) -> Any:
    """The sum of the penalties on the weights (by default those of the collection WEIGHTS).

    It joins the regularization losses. Raises ValueError without weights, and for a regularizer
    whose penalty is no scalar.
    """
    graph = get_default_graph()
    weights = weights_list or graph.get_collection(GraphKeys.WEIGHTS)
    if not weights:
        raise ValueError("No weights to regularize.")
    with name_scope("get_regularization_penalty", values=weights) as scope:
        penalties = [regularizer(w) for w in weights]
        penalties = [array_ops.constant(0.0) if p is None else p for p in penalties]
        for p in penalties:
            if p.shape.ndims != 0:
                raise ValueError(
                    "regularizer must return a scalar Tensor instead of a Tensor with rank "
                    f"{p.shape.ndims}."
                )
        total = math_ops.add_n(penalties, name=scope)
        graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, total)
        return total
