"""`tf.squeeze` of RaggedTensors."""

from __future__ import annotations

from typing import Any

from ...core.tensor import Tensor
from .. import array_ops, check_ops, math_ops
from ..control_flow_ops import with_dependencies
from ..framework import name_scope
from .splits import positive_axis
from .tensor import RaggedTensor, convert_to_tensor_or_ragged_tensor


def squeeze(input: Any, axis: Any = None, name: Any = None) -> Any:
    """The same values without the dimensions `axis`, whose extents must be 1.

    Raises ValueError when a RaggedTensor is given without axes, TypeError for other axes than
    integers.
    """
    with name_scope(name, "RaggedSqueeze", [input]):
        input = convert_to_tensor_or_ragged_tensor(input)
        if isinstance(input, Tensor):
            return array_ops.squeeze(input, axis)
        axes = _axes(axis, input.shape.ndims)
        depth = input.ragged_rank
        ragged = {a for a in axes if a <= depth}
        inner = [a - depth for a in axes if a > depth]
        values: Any = with_dependencies(_checks(input, ragged), input.flat_values)
        if inner:
            values = array_ops.squeeze(values, inner)
        splits = [s for i, s in enumerate(input.nested_row_splits) if i + 1 not in ragged]
        if splits and 0 in ragged:
            splits = splits[1:]
        result = RaggedTensor.from_nested_row_splits(values, splits, validate=False)
        if ragged == set(range(depth + 1)):
            return array_ops.squeeze(result, [0])
        return result


def _axes(axis: Any, rank: int | None) -> list[int]:
    if axis is None:
        raise ValueError("Ragged.squeeze must have an axis argument.")
    axes = [axis] if isinstance(axis, int) else axis
    if not isinstance(axes, (list, tuple)) or not all(isinstance(a, int) for a in axes):
        raise TypeError("Axis must be a list or tuple of integers.")
    return [positive_axis(a, rank) for a in axes]


def _checks(rt: RaggedTensor, ragged: set[int]) -> list[Any]:
    """Assertions that the ragged dimensions that are to go have extent 1."""
    checks = []
    for dim, lengths in enumerate(rt.nested_row_lengths(), 1):
        if dim in ragged:
            checks.append(_check(math_ops.reduce_all(math_ops.equal(lengths, 1)), dim))
    if 0 in ragged:
        checks.append(_check(math_ops.equal(array_ops.size(rt.row_splits), 2), 0))
    return checks


def _check(holds: Any, axis: int) -> Any:
    return check_ops.Assert(holds, [f"the given axis (axis = {axis}) is not squeezable!"])
