"""The dimensions of RaggedTensors: new ones, tiles, ranks and sizes."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import int32
from ...core.values import constant_value
from .. import array_ops
from ..framework import name_scope
from .splits import (
    int_tensor,
    lengths_to_splits,
    positive_axis,
    repeat_ranges,
    row_lengths_of,
)
from .tensor import RaggedTensor, convert_to_tensor_or_ragged_tensor, is_ragged


# -- tiles -------------------------------------------------------------------------------------
def tile(input: Any, multiples: Any, name: Any = None) -> Any:
    """A RaggedTensor repeated along each dimension."""
    with name_scope(name, "RaggedTile", [input, multiples]):
        input = convert_to_tensor_or_ragged_tensor(input, name="input")
        if not is_ragged(input):
            return array_ops.tile(input, multiples, name)
        times = int_tensor(multiples, "multiples", input.row_splits.dtype)
        times.shape.assert_has_rank(1)
        return _Tiling(input, times).result()


class _Tiling:
    """The parts of a RaggedTensor that is repeated `times[axis]` times along each axis."""

    def __init__(self, rt: RaggedTensor, times: Any) -> None:
        self.rt, self.times = rt, times
        known = constant_value(times)
        self.known = None if known is None else known.tolist()
        self.splits = rt.nested_row_splits

    def result(self) -> Any:
        depth = len(self.splits)
        parts = [self._lengths(axis) for axis in range(depth)]
        places = array_ops.range(self.splits[-1][-1])
        places = self._repeated(places, depth, list(self.splits))
        values = array_ops.gather(self.rt.flat_values, places)
        inner = array_ops.concat([self.times[:1], self.times[depth + 1 :]], axis=0)
        values = array_ops.tile(values, inner)
        return RaggedTensor.from_nested_row_splits(values, parts, validate=False)

    def _lengths(self, axis: int) -> Any:
        """The row splits of the result along an axis."""
        lengths = row_lengths_of(self.splits[axis]) * self.times[axis + 1]
        lengths = self._repeated(lengths, axis, list(self.splits[:axis]))
        return lengths_to_splits(array_ops.tile(lengths, self.times[:1]))

    def _repeated(self, items: Any, depth: int, splits: list[Any]) -> Any:
        """The items of an axis with the rows of the axes above it repeated, innermost first."""
        for level in range(depth - 1, -1, -1):
            if self.known is None or self.known[level + 1] != 1:
                items = repeat_ranges(items, splits[level], self.times[level + 1])
            # Where the rows of the level above start and end among the repeated items.
            scaled = splits[level] * self.times[level + 1]
            if level:
                splits[level - 1] = array_ops.gather(scaled, splits[level - 1])
        return items


# -- dimensions --------------------------------------------------------------------------------
def expand_dims(input: Any, axis: Any, name: Any = None) -> Any:
    """A new dimension of extent 1 before `axis`."""
    with name_scope(name, "RaggedExpandDims", [input]):
        input = convert_to_tensor_or_ragged_tensor(input, name="input")
        if not is_ragged(input):
            return array_ops.expand_dims(input, axis)
        rank = input.shape.ndims
        axis = positive_axis(axis, None if rank is None else rank + 1)
        if axis == 0:
            values, splits = input, array_ops.stack([0, input.nrows()])
        elif axis == 1:
            values, splits = input, array_ops.range(input.nrows() + 1)
        else:
            values, splits = expand_dims(input.values, axis - 1), input.row_splits
        return RaggedTensor.from_row_splits(values, splits, validate=False)


def size(input: Any, out_type: Any = int32, name: Any = None) -> Any:
    """How many values there are."""
    if is_ragged(input):
        input = convert_to_tensor_or_ragged_tensor(input).flat_values
    return array_ops.size(input, out_type=out_type, name=name)


def rank(input: Any, name: Any = None) -> Any:
    """How many dimensions there are."""
    with name_scope(name, "RaggedRank", [input]) as scope:
        if not is_ragged(input):
            return array_ops.rank(input, scope)
        flat = convert_to_tensor_or_ragged_tensor(input).flat_values
        return input.ragged_rank + array_ops.rank(flat)
