"""What metrics share: their local variables, operands that fit each other, collections."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import DType
from ...core.tensor import Tensor
from .. import array_ops, math_ops
from ..conditionals import cond
from ..framework import add_to_collections, convert_to_tensor
from ..graph_keys import GraphKeys
from ..label_ops import remove_squeezable_dimensions
from ..variables import Variable, VariableAggregation, VariableSynchronization

Metric = tuple[Any, Any]


def metric_variable(
    shape: Any, dtype: DType, validate_shape: bool = True, name: str | None = None
) -> Variable:
    """A local variable of zeros in the collections LOCAL_VARIABLES and METRIC_VARIABLES."""
    return Variable(
        initial_value=lambda: array_ops.zeros(shape, dtype),
        trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES],
        validate_shape=validate_shape,
        name=name,
        synchronization=VariableSynchronization.ON_READ,
        aggregation=VariableAggregation.SUM,
    )


def collected(value: Any, update: Any, values_to: Any, updates_to: Any) -> Metric:
    """The pair of a metric's value and update, each added to its collections."""
    if values_to:
        add_to_collections(values_to, value)
    if updates_to:
        add_to_collections(updates_to, update)
    return value, update


def flat(x: Tensor) -> Tensor:
    """`x` as a vector; unchanged if it is one, or a scalar."""
    return array_ops.reshape(x, [-1]) if _rank_of(x) > 1 else x


def _rank_of(x: Tensor) -> int:
    rank = x.shape.ndims
    if rank is None:
        raise ValueError(f"The rank of {x.name!r} must be known: give it a shape first.")
    return int(rank)


# -- operands ------------------------------------------------------------------------------------
def fitting(predictions: Any, labels: Any, weights: Any) -> tuple[Any, Any, Any]:
    """Predictions, labels and weights whose ranks differ by one last axis of extent 1 no more.

    Labels and weights may be None. Raises ValueError where predictions and labels do not agree.
    """
    predictions = convert_to_tensor(predictions)
    if labels is not None:
        labels, predictions = remove_squeezable_dimensions(labels, predictions)
        predictions.shape.assert_is_compatible_with(labels.shape)
    if weights is not None:
        weights = _fitting_weights(convert_to_tensor(weights), predictions)
    return predictions, labels, weights


def _fitting_weights(weights: Tensor, predictions: Tensor) -> Tensor:
    ranks = weights.shape.ndims, predictions.shape.ndims
    if ranks[0] == 0:
        return weights
    if ranks[0] is None or ranks[1] is None:
        return _fitting_weights_in_run(weights, predictions)
    if ranks[0] - ranks[1] == 1:
        return array_ops.squeeze(weights, [-1])
    if ranks[1] - ranks[0] == 1:
        return array_ops.expand_dims(weights, [-1])
    return weights


def _fitting_weights_in_run(weights: Tensor, predictions: Tensor) -> Tensor:
    rank = array_ops.rank(weights)
    difference = rank - array_ops.rank(predictions)
    known = weights.shape.ndims is not None
    fixed = known and not weights.shape[-1].is_compatible_with(1)

    def expanded() -> Any:
        return cond(
            math_ops.equal(difference, -1),
            lambda: array_ops.expand_dims(weights, [-1]),
            lambda: weights,
        )

    def squeezed() -> Tensor:
        return weights if fixed else array_ops.squeeze(weights, [-1])

    def adjusted() -> Any:
        return cond(math_ops.equal(difference, 1), squeezed, expanded)

    return cond(math_ops.equal(rank, 0), lambda: weights, adjusted)  # type: ignore[no-any-return]
