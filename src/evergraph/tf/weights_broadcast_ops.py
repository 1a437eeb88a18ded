"""Whether weights fit losses: scalars, or the same rank with each extent 1 or equal."""

from __future__ import annotations

from typing import Any

from ..core.emit import apply
from ..core.graph import get_default_graph
from ..core.tensor import Operation, Tensor
from . import array_ops, check_ops, math_ops, sets
from .conditionals import cond
from .framework import convert_to_tensor, name_scope

_MESSAGE = "weights can not be broadcast to values."


def assert_broadcastable(weights: Any, values: Any) -> Operation:
    """An operation that fails unless `weights` fit `values`; ValueError where that is known now."""
    with name_scope(None, "assert_broadcastable", (weights, values)) as scope:
        with name_scope(None, "weights", (weights,)) as inner:
            weights = convert_to_tensor(weights, name=inner)
            weights_shape = array_ops.shape(weights, name="shape")
            weights_rank = array_ops.rank(weights, name="rank")
        with name_scope(None, "values", (values,)) as inner:
            values = convert_to_tensor(values, name=inner)
            values_shape = array_ops.shape(values, name="shape")
            values_rank = array_ops.rank(values, name="rank")
        ranks = weights.shape.ndims, values.shape.ndims
        if None not in ranks:
            if ranks[0] == 0:
                return apply("NoOp", name="static_scalar_check_success")  # type: ignore[no-any-return]
            _check_static(weights, values)
            if weights.shape.is_fully_defined() and values.shape.is_fully_defined():
                return apply("NoOp", name="static_dims_check_success")  # type: ignore[no-any-return]
        is_scalar = math_ops.equal(0, weights_rank, name="is_scalar")
        data = [_MESSAGE, "weights.shape=", weights.name, weights_shape]
        data += ["values.shape=", values.name, values_shape, "is_scalar=", is_scalar]
        shapes = weights_rank, weights_shape, values_rank, values_shape
        valid = cond(
            is_scalar, lambda: is_scalar, lambda: _valid_extents(*shapes), name="is_valid_shape"
        )
        return check_ops.Assert(valid, data, name=scope)


def _check_static(weights: Tensor, values: Tensor) -> None:
    have, want = weights.shape.as_list(), values.shape.as_list()
    fits = len(have) == len(want) and all(
        w in (1, None) or v is None or w == v for w, v in zip(have, want, strict=True)
    )
    if not fits:
        raise ValueError(
            f"{_MESSAGE} values.rank={len(want)}. weights.rank={len(have)}. values.shape="
            f"{values.shape}. weights.shape={weights.shape}. Give weights of the same rank whose "
            "extents are 1 or those of the values."
        )


def _valid_extents(
    weights_rank: Tensor, weights_shape: Tensor, values_rank: Tensor, values_shape: Tensor
) -> Any:
    """Whether the ranks are equal, and then each extent of the weights 1 or that of the values."""
    operands = (weights_rank, weights_shape, values_rank, values_shape)
    with name_scope(None, "has_valid_nonscalar_shape", operands) as scope:
        same_rank = math_ops.equal(values_rank, weights_rank, name="is_same_rank")
        return cond(
            same_rank,
            lambda: _no_other_extent(weights_shape, values_shape),
            lambda: same_rank,
            name=scope,
        )


def _no_other_extent(weights_shape: Tensor, values_shape: Tensor) -> Tensor:
    with name_scope(None, "has_invalid_dims", (weights_shape, values_shape)) as scope:
        extents = array_ops.expand_dims(values_shape, -1)
        allowed = array_ops.concat((extents, array_ops.ones_like(extents)), axis=1)
        others = sets.difference(array_ops.expand_dims(weights_shape, -1), allowed)
        number = array_ops.size(others.values, name="num_invalid_dims")
        return math_ops.equal(0, number, name=scope)


def broadcast_weights(weights: Any, values: Any) -> Tensor:
    """The weights in the shape of the values."""
    with name_scope(None, "broadcast_weights", (weights, values)) as scope:
        values = convert_to_tensor(values, name="values")
        weights = convert_to_tensor(weights, dtype=values.dtype.base_dtype, name="weights")
        if weights.shape.is_fully_defined() and weights.shape == values.shape:
            return weights  # type: ignore[no-any-return]
        check = assert_broadcastable(weights, values)
        with get_default_graph().control_dependencies([check]):
            return math_ops.multiply(weights, array_ops.ones_like(values), name=scope)
