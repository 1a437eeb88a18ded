"""Softmax, its logarithm, and the cross entropies of labels with it."""

from __future__ import annotations

from typing import Any

from ..core.dtypes import bfloat16, float16, float32
from ..core.emit import apply
from ..core.shape import is_known, show
from ..core.tensor import Tensor
from ..core.values import constant_value
from ..errors import InvalidArgumentError
from . import array_ops, check_ops
from .dtype_ops import cast
from .emitting import emit_tensor
from .framework import control_dependencies, convert_to_tensor, name_scope
from .renamed import renamed

# -- softmax -----------------------------------------------------------------------------------


def softmax(logits: Any, axis: Any = None, name: Any = None, dim: Any = None) -> Tensor:
    """exp(logits), scaled to sum to 1 along `axis` (default: the last one)."""
    return _along("Softmax", logits, renamed("axis", axis, "dim", dim), name)


def log_softmax(logits: Any, axis: Any = None, name: Any = None, dim: Any = None) -> Tensor:
    """The logarithm of the softmax along `axis` (default: the last one), without overflow."""
    return _along("LogSoftmax", logits, renamed("axis", axis, "dim", dim), name)


def _along(op: str, logits: Any, axis: Any, name: Any) -> Tensor:
    x = convert_to_tensor(logits)
    rank = None if x.static_shape is None else len(x.static_shape)
    if axis is None:
        axis = -1
    if not isinstance(axis, Tensor) and (axis == -1 or axis == (rank or 0) - 1):
        return emit_tensor(op, x, name=name)
    _check_axis(axis, rank)
    return _transposed(op, x, axis, name)


def _check_axis(axis: Any, rank: int | None) -> None:
    known = constant_value(axis) if isinstance(axis, Tensor) else axis
    if rank is None:
        raise ValueError(
            "softmax along an axis that is not the last needs logits of known rank: give them a "
            "shape with set_shape()."
        )
    if known is not None and not -rank <= int(known) < rank:
        raise InvalidArgumentError(
            f"Dimension ({int(known)}) must be in the range [{-rank}, {rank}) where {rank} is "
            "the number of dimensions in the input."
        )


def _transposed(op: str, x: Tensor, axis: Any, name: Any) -> Tensor:
    """The op along another axis: that one is swapped with the last, and back."""
    shape: Any = x.static_shape
    ndims: Any = array_ops.rank(x)
    if isinstance(axis, Tensor):
        axis = array_ops.where(emit_tensor("Less", axis, 0), axis + ndims, axis)
    elif axis < 0:
        axis = axis + ndims
    rank = array_ops.rank(x)
    axis = axis % len(shape)
    x = _swapped(x, axis, emit_tensor("Sub", rank, 1), None)
    output = _swapped(emit_tensor(op, x), axis, emit_tensor("Sub", rank, 1), name)
    output.set_shape(shape)
    return output


def _swapped(x: Tensor, axis: Any, last: Tensor, name: Any) -> Tensor:
    between = (array_ops.range(axis), [last], array_ops.range(axis + 1, last), [axis])
    perm = array_ops.concat(list(between), 0)
    return array_ops.transpose(x, perm) if name is None else array_ops.transpose(x, perm, name=name)


# -- cross entropies ---------------------------------------------------------------------------


def named_arguments(function: str, sentinel: Any, labels: Any, logits: Any) -> None:
    """ValueError unless both were given, by name: their order differs between versions."""
    if sentinel is not None:
        raise ValueError(
            f"Only call `{function}` with named arguments (labels=..., logits=..., ...)"
        )
    if labels is None or logits is None:
        raise ValueError("Both labels and logits must be provided.")


def _half(x: Tensor) -> bool:
    return x.dtype.base_dtype in (float16, bfloat16)


def _as_matrix(x: Tensor) -> Tensor:
    """All axes but the last one as one."""
    rank = array_ops.rank(x)
    last = array_ops.slice(array_ops.shape(x), [emit_tensor("Sub", rank, 1)], [1])
    matrix = array_ops.reshape(x, array_ops.concat([[-1], last], 0))
    shape = x.static_shape
    if shape is not None and is_known(shape[:-1]):
        size = 1
        for d in shape[:-1]:
            size *= d or 0
        matrix.set_shape((size, shape[-1]))
    return matrix


def _moved_to_end(x: Tensor, axis: Any, rank: Tensor) -> Tensor:
    order = [array_ops.range(axis), array_ops.range(axis + 1, rank), [axis]]
    return array_ops.transpose(x, array_ops.concat(order, 0))


def softmax_cross_entropy_with_logits_v2(
    labels: Any, logits: Any, axis: Any = None, name: Any = None, dim: Any = None
) -> Tensor:
    """-sum(labels * log_softmax(logits)) along `axis` (default: the last one).

    Each row of labels is a distribution. Gradients flow into the labels too.
    """
    axis = renamed("axis", axis, "dim", dim)
    axis = -1 if axis is None else axis
    with name_scope(name, "softmax_cross_entropy_with_logits", [logits, labels]) as scope:
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        precise = cast(logits, float32) if _half(logits) else logits
        labels = cast(labels, precise.dtype.base_dtype)
        rank = array_ops.rank(precise)
        if axis != -1:
            precise, labels = (_moved_to_end(x, axis, rank) for x in (precise, labels))
        shape = array_ops.shape(precise)
        precise, labels = _as_matrix(precise), _as_matrix(labels)
        cost = apply("SoftmaxCrossEntropyWithLogits", precise, labels, name=scope)[0]
        rest = [emit_tensor("Sub", rank, 1)]
        cost = array_ops.reshape(cost, array_ops.slice(shape, [0], rest))
        known = logits.static_shape
        if known is not None:
            dims = list(known)
            del dims[axis]
            cost.set_shape(dims)
        return cast(cost, logits.dtype) if _half(logits) else cost


def softmax_cross_entropy_with_logits(
    _sentinel: Any = None,
    labels: Any = None,
    logits: Any = None,
    dim: Any = -1,
    name: Any = None,
    axis: Any = None,
) -> Tensor:
    """Like `softmax_cross_entropy_with_logits_v2`, without a gradient into the labels."""
    at = dim if axis is None else axis
    named_arguments("softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    with name_scope(name, "softmax_cross_entropy_with_logits_sg", [logits, labels]) as scope:
        labels = array_ops.stop_gradient(labels, name="labels_stop_gradient")
    return softmax_cross_entropy_with_logits_v2(labels, logits, axis=at, name=scope)


def sparse_softmax_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: Any = None
) -> Tensor:
    """-log_softmax(logits) at the class that each label names: labels of shape logits.shape[:-1].

    InvalidArgumentError in the run for a label that is no class.
    """
    named_arguments("sparse_softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    with name_scope(name, "SparseSoftmaxCrossEntropyWithLogits", [labels, logits]):
        labels = convert_to_tensor(labels)
        logits = convert_to_tensor(logits)
        precise = cast(logits, float32) if logits.dtype.base_dtype is float16 else logits
        labels_shape = array_ops.shape(labels)
        known = _check_sparse(labels, logits)
        if logits.static_shape is not None and len(logits.static_shape) == 2:
            cost = _sparse_cost(precise, labels, name)
        else:
            cost = _flat_sparse_cost(precise, logits, labels, labels_shape, known, name)
        return cast(cost, float16) if logits.dtype.base_dtype is float16 else cost


def _check_sparse(labels: Tensor, logits: Tensor) -> bool:
    """Whether all shapes but the classes are known; ValueError where they do not fit."""
    rows, shape = labels.static_shape, logits.static_shape
    if shape == ():
        raise ValueError(f"Logits cannot be scalars - received shape {show(shape)}.")
    if shape is None or rows is None:
        return False
    if len(rows) != len(shape) - 1:
        raise ValueError(
            f"Rank mismatch: Rank of labels (received {len(rows)}) should equal rank of logits "
            f"minus 1 (received {len(shape)})."
        )
    known = is_known(rows) and is_known(shape[:-1])
    if known and rows != shape[:-1]:
        raise ValueError(
            f"Shape mismatch: The shape of labels (received {show(rows)}) should equal the shape "
            f"of logits except for the last dimension (received {show(shape)})."
        )
    return known


def _sparse_cost(logits: Tensor, labels: Tensor, name: Any) -> Tensor:
    outputs = apply("SparseSoftmaxCrossEntropyWithLogits", logits, labels, name=name)
    cost: Tensor = outputs[0]
    return cost


def _flat_sparse_cost(
    precise: Tensor, logits: Any, labels: Tensor, labels_shape: Tensor, known: bool, name: Any
) -> Tensor:
    checks = []
    if not known:
        shapes = array_ops.shape(labels), array_ops.shape(logits)[:-1]
        checks.append(check_ops.assert_equal(*shapes))
    with control_dependencies(checks):
        classes = array_ops.shape(logits)[array_ops.rank(logits) - 1]
        matrix = array_ops.reshape(precise, [-1, classes])
        cost = _sparse_cost(matrix, array_ops.reshape(labels, [-1]), name)
        cost = array_ops.reshape(cost, labels_shape)
        cost.set_shape(labels.static_shape)
        return cost
