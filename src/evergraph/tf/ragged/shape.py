"""Shapes of RaggedTensors in a run, and broadcasting to them."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import int32, int64
from ...core.tensor import Tensor
from ...core.values import constant_value
from .. import array_ops, check_ops, math_ops
from ..framework import control_dependencies, convert_to_tensor, name_scope
from .dims import tile
from .splits import int_tensor, lengths_to_splits, repeat_ranges
from .tensor import RaggedTensor, convert_to_tensor_or_ragged_tensor, is_ragged


def _all_same_dtype(sizes: Any, wanted: Any) -> Any:
    if wanted is not None:
        return wanted
    kinds = {s.dtype for s in sizes if s.shape.ndims == 1}
    if len(kinds) > 1:
        raise ValueError("partitioned_dim_sizes must have matching dtypes")
    return kinds.pop() if kinds else int64


class RaggedTensorDynamicShape:
    """The extents of a RaggedTensor: numbers, and vectors of row lengths for ragged dimensions.

    `partitioned_dim_sizes` are those of the dimensions up to the last ragged one,
    `inner_dim_sizes` (a vector) of the uniform ones behind it.
    """

    def __init__(
        self, partitioned_dim_sizes: Any, inner_dim_sizes: Any, dim_size_dtype: Any = None
    ) -> None:
        with name_scope(None, "RaggedTensorDynamicShape", []):
            sizes = [
                convert_to_tensor(s, name=f"partitioned_dimension_size_{i}")
                for i, s in enumerate(partitioned_dim_sizes)
            ]
            if isinstance(inner_dim_sizes, (list, tuple)) and not inner_dim_sizes:
                inner_dim_sizes = array_ops.constant([], dtype=dim_size_dtype or int64)
            inner = convert_to_tensor(inner_dim_sizes, name="inner_dim_sizes")
            self._check(sizes)
            inner.shape.assert_has_rank(1)
            kind = _all_same_dtype(sizes, dim_size_dtype)
            self._partitioned = tuple(math_ops.cast(s, kind) for s in sizes)
            self._inner: Tensor = math_ops.cast(inner, kind)

    @staticmethod
    def _check(sizes: list[Tensor]) -> None:
        for axis, size in enumerate(sizes):
            if size.shape.ndims is None:
                raise ValueError(f"rank of partitioned_dim_sizes[{axis}] is unknown")
            size.shape.with_rank_at_most(1)
        if sizes and sizes[0].shape.ndims == 1:
            raise ValueError("outermost partitioned dimension must be uniform")
        if sizes and sizes[-1].shape.ndims == 0:
            raise ValueError("innermost partitioned dimension must be ragged")

    def __repr__(self) -> str:
        return (
            f"RaggedTensorDynamicShape(partitioned_dim_sizes={self._partitioned!r}, "
            f"inner_dim_sizes={self._inner!r})"
        )

    @staticmethod
    def from_dim_sizes(dim_sizes: Any) -> RaggedTensorDynamicShape:
        """The shape of a list of extents: scalars, and vectors for ragged dimensions."""
        with name_scope(None, "RaggedTensorDynamicShapeFromDimensionSizes", []):
            sizes = [
                convert_to_tensor(s, preferred_dtype=int64, name="dim_sizes") for s in dim_sizes
            ]
            split = 0
            for axis, size in enumerate(sizes):
                if size.shape.ndims == 1:
                    split = axis + 1
                elif size.shape.ndims != 0:
                    raise ValueError("Each dim_size must be a scalar or a vector")
            inner: Any = array_ops.stack(sizes[split:]) if sizes[split:] else []
            return RaggedTensorDynamicShape(sizes[:split], inner)

    @classmethod
    def from_tensor(cls, rt_input: Any, dim_size_dtype: Any = None) -> RaggedTensorDynamicShape:
        """The shape of a tensor or RaggedTensor."""
        with name_scope(None, "RaggedTensorDynamicShapeFromTensor", [rt_input]):
            x = convert_to_tensor_or_ragged_tensor(rt_input)
            if not is_ragged(x):
                return cls([], array_ops.shape(x))
            sizes = (x.nrows(), *x.nested_row_lengths())
            inner = array_ops.shape(x.flat_values)[1:]
            return cls(sizes, inner, dim_size_dtype)

    # -- what it is ----------------------------------------------------------------------------
    def dimension_size(self, axis: int) -> Tensor:
        """The extent of a dimension: a scalar, or the row lengths."""
        if not isinstance(axis, int):
            raise TypeError("axis must be an integer")
        count = len(self._partitioned)
        return self._partitioned[axis] if axis < count else self._inner[axis - count]

    def is_ragged(self, axis: int) -> bool:
        """Whether a dimension is ragged."""
        if not isinstance(axis, int):
            raise TypeError("axis must be an integer")
        rank = self.rank
        if axis < 0:
            raise ValueError("Negative axis values are not supported")
        if rank is not None and axis >= rank:
            raise ValueError(f"Expected axis={axis} < rank={rank}")
        count = len(self._partitioned)
        return 0 < axis < count and self._partitioned[axis].shape.ndims == 1

    @property
    def rank(self) -> int | None:
        """How many dimensions there are; None if that is not known."""
        inner = self.num_inner_dimensions
        return None if inner is None else len(self._partitioned) + inner

    @property
    def partitioned_dim_sizes(self) -> tuple[Tensor, ...]:
        """The extents up to the last ragged dimension."""
        return self._partitioned

    @property
    def inner_dim_sizes(self) -> Tensor:
        """The extents behind the last ragged dimension."""
        return self._inner

    @property
    def num_partitioned_dimensions(self) -> int:
        """How many dimensions there are up to the last ragged one."""
        return len(self._partitioned)

    @property
    def num_inner_dimensions(self) -> int | None:
        """How many dimensions there are behind the last ragged one."""
        return (self._inner.static_shape or (None,))[0]

    @property
    def dim_size_dtype(self) -> Any:
        """The dtype of the extents."""
        return self._inner.dtype

    def num_slices_in_dimension(self, axis: int) -> Any:
        """How many slices a tensor of this shape has along the dimensions up to `axis`."""
        if axis < 0:
            return array_ops.constant(1, dtype=self.dim_size_dtype)
        if self.is_ragged(axis):
            return math_ops.reduce_sum(self._partitioned[axis])
        return self.dimension_size(axis) * self.num_slices_in_dimension(axis - 1)

    def with_dim_size_dtype(self, dtype: Any) -> RaggedTensorDynamicShape:
        """The same shape with extents of int32 or int64."""
        if dtype not in (int32, int64):
            raise ValueError("dtype must be int32 or int64")
        if self.dim_size_dtype == dtype:
            return self
        sizes = [math_ops.cast(s, dtype) for s in self._partitioned]
        return RaggedTensorDynamicShape(sizes, math_ops.cast(self._inner, dtype))

    # -- broadcasting --------------------------------------------------------------------------
    def broadcast_to_rank(self, rank: int) -> RaggedTensorDynamicShape:
        """The shape with dimensions of extent 1 before it; ValueError if its rank is greater."""
        if self.rank is None:
            raise ValueError("Unable to broadcast: self.rank is unknown")
        more = rank - self.rank
        if more < 0:
            raise ValueError(
                f"Unable to broadcast: rank={rank} must be greater than self.rank={self.rank}."
            )
        if more == 0:
            return self
        if self._partitioned:
            return RaggedTensorDynamicShape((1,) * more + self._partitioned, self._inner)
        ones = array_ops.ones([more], self.dim_size_dtype)
        return RaggedTensorDynamicShape([], array_ops.concat([ones, self._inner], axis=0))

    def broadcast_dimension(self, axis: int, lengths: Any) -> RaggedTensorDynamicShape:
        """The shape after a dimension is broadcast to extents: a scalar or row lengths."""
        lengths = int_tensor(lengths, "lengths", self.dim_size_dtype)
        if lengths.shape.ndims is None:
            raise ValueError("lengths must have a known rank.")
        if lengths.shape.ndims > 1:
            raise ValueError("lengths must be a scalar or vector")
        with control_dependencies([self._fits(axis, lengths)]):
            return self._broadcast(axis, lengths)

    def _fits(self, axis: int, lengths: Tensor) -> Any:
        """An assertion that the extents can be broadcast."""
        mine, scalar = self.dimension_size(axis), lengths.shape.ndims == 0
        if self.is_ragged(axis):
            one = math_ops.equal(lengths, 1)
            holds = one if scalar else math_ops.reduce_all(math_ops.equal(lengths, mine))
        else:
            holds = math_ops.equal(mine, 1)
            if scalar:
                same = math_ops.equal(mine, lengths)
                holds = math_ops.equal(lengths, 1) | holds | same
        data = ["Unable to broadcast: dimension size mismatch in dimension", axis]
        return check_ops.Assert(
            holds, [*data, "lengths=", lengths, "dim_size=", mine], summarize=10
        )

    def _broadcast(self, axis: int, lengths: Tensor) -> RaggedTensorDynamicShape:
        if axis < len(self._partitioned):
            if self.is_ragged(axis):
                inner = array_ops.identity(self._inner)
                return RaggedTensorDynamicShape(self._partitioned, inner)
            return self._broadcast_uniform(axis, lengths)
        if lengths.shape.ndims == 0:
            return self._broadcast_inner(axis, lengths)
        if axis == 0:
            raise ValueError("Unable to broadcast: outermost dimension must be uniform.")
        split = axis - len(self._partitioned)
        between = [self._inner[i] for i in range(split)]
        sizes = [*self._partitioned, *between, lengths]
        return RaggedTensorDynamicShape(sizes, self._inner[split + 1 :])

    def _broadcast_uniform(self, axis: int, lengths: Tensor) -> RaggedTensorDynamicShape:
        """A uniform dimension before a ragged one: what is inside is repeated."""
        mine = self.dimension_size(axis)
        sizes = list(self._partitioned[:axis])
        if lengths.shape.ndims == 0:
            is_one = math_ops.equal(mine, 1)
            lengths = array_ops.where(is_one, lengths, mine)
            repeats = array_ops.where(is_one, lengths, array_ops.ones_like(lengths))
            splits: Any = array_ops.stack([0, self.num_slices_in_dimension(axis)])
        else:
            count = array_ops.size(lengths, out_type=self.dim_size_dtype)
            splits, repeats = array_ops.range(count + 1), lengths
        sizes.append(lengths)
        for size in self._partitioned[axis + 1 :]:
            if size.shape.ndims == 0:
                sizes.append(size)
                splits = splits * size
            else:
                sizes.append(repeat_ranges(size, splits, repeats))
                splits = array_ops.gather(lengths_to_splits(size), splits)
        return RaggedTensorDynamicShape(sizes, self._inner)

    def _broadcast_inner(self, axis: int, length: Tensor) -> RaggedTensorDynamicShape:
        mine = self.dimension_size(axis)
        split = axis - len(self._partitioned)
        size = array_ops.where(math_ops.equal(mine, 1), length, mine)
        parts = [self._inner[:split], [size], self._inner[split + 1 :]]
        inner = array_ops.concat(parts, axis=0)
        inner.set_shape(self._inner.static_shape)
        return RaggedTensorDynamicShape(self._partitioned, inner)


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> RaggedTensorDynamicShape:
    """The shape to which both can be broadcast."""
    for shape, name in ((shape_x, "shape_x"), (shape_y, "shape_y")):
        if not isinstance(shape, RaggedTensorDynamicShape):
            raise TypeError(f"{name} must be a RaggedTensorDynamicShape")
    if shape_x.rank is None or shape_y.rank is None:
        raise ValueError("Unable to broadcast: unknown rank")
    rank = max(shape_x.rank, shape_y.rank)
    x, y = shape_x.broadcast_to_rank(rank), shape_y.broadcast_to_rank(rank)
    for axis in range(rank):
        x = x.broadcast_dimension(axis, y.dimension_size(axis))
        y = y.broadcast_dimension(axis, x.dimension_size(axis))
    return x  # type: ignore[no-any-return]


def broadcast_to(rt_input: Any, shape: Any, broadcast_inner_dimensions: bool = True) -> Any:
    """A tensor or RaggedTensor broadcast to a RaggedTensorDynamicShape.

    Its inner dimensions may be left to what comes next, which broadcasts by itself.
    """
    if not isinstance(shape, RaggedTensorDynamicShape):
        raise TypeError("shape must be a RaggedTensorDynamicShape")
    x = convert_to_tensor_or_ragged_tensor(rt_input)
    if shape.num_partitioned_dimensions:
        return _broadcast_to_ragged(x, shape, broadcast_inner_dimensions)
    if is_ragged(x):
        raise ValueError("Incompatible with shape: ragged rank mismatch")
    return array_ops.broadcast_to(x, shape.inner_dim_sizes) if broadcast_inner_dimensions else x


def _check_target(x: Any, target: RaggedTensorDynamicShape) -> None:
    if is_ragged(x) and x.row_splits.dtype is not target.dim_size_dtype:
        raise ValueError(
            "rt_input and dst_shape have different row_split dtypes; use "
            "RaggedTensor.with_row_splits_dtype() or "
            "RaggedTensorDynamicShape.with_dim_size_dtype() to convert to a compatible dtype."
        )
    if x.shape.ndims is None or target.rank is None:
        raise ValueError("Unable to broadcast: unknown rank")
    if x.shape.ndims > target.rank:
        raise ValueError("Incompatible with shape: rank mismatch")
    if is_ragged(x) and x.ragged_rank >= target.num_partitioned_dimensions:
        raise ValueError("Incompatible with shape: ragged rank mismatch")


def _broadcast_to_ragged(x: Any, target: RaggedTensorDynamicShape, inner: bool) -> Any:
    _check_target(x, target)
    source = RaggedTensorDynamicShape.from_tensor(x).broadcast_to_rank(target.rank or 0)
    x = _of_form(_of_rank(x, target), target)
    multiples = _multiples(source, target)
    if any(m is not None for m in multiples):
        ones = array_ops.ones((), target.dim_size_dtype)
        x = tile(x, array_ops.stack([ones if m is None else m for m in multiples], axis=0))
    if inner:
        shape = array_ops.concat([[-1], target.inner_dim_sizes], axis=0)
        flat = x.flat_values
        rows = array_ops.shape(flat, out_type=target.dim_size_dtype)[:1]
        full = array_ops.concat([rows, target.inner_dim_sizes], axis=0)
        x = x.with_flat_values(array_ops.reshape(array_ops.broadcast_to(flat, full), shape))
    for axis in range(target.num_partitioned_dimensions):
        if not source.is_ragged(axis) and target.is_ragged(axis):
            x = _tiled_axis(x, axis, target.dimension_size(axis), target.dim_size_dtype)
    return x


def _of_rank(x: Any, target: RaggedTensorDynamicShape) -> Any:
    """The tensor with as many dimensions as the target, new ones before its own."""
    assert target.rank is not None and target.num_inner_dimensions is not None
    if x.shape.ndims == target.rank:
        return x
    if x.shape.ndims < target.num_inner_dimensions + 1:
        inner = array_ops.concat([[-1], target.inner_dim_sizes], axis=0)
        x = array_ops.reshape(x, inner)
    for _ in range(target.rank - x.shape.ndims):
        rows = x.nrows() if is_ragged(x) else array_ops.shape(x, out_type=target.dim_size_dtype)[0]
        x = RaggedTensor.from_row_lengths(x, [rows], validate=False)
    return x


def _of_form(x: Any, target: RaggedTensorDynamicShape) -> Any:
    """The tensor with as many partitioned dimensions as the target."""
    kind = target.dim_size_dtype
    if not is_ragged(x):
        depth = target.num_partitioned_dimensions - 1
        return RaggedTensor.from_tensor(x, ragged_rank=depth, row_splits_dtype=kind)
    more = x.flat_values.shape.ndims - 1 - (target.num_inner_dimensions or 0)
    if more > 0:
        options = {"ragged_rank": more, "row_splits_dtype": kind}
        return x.with_flat_values(RaggedTensor.from_tensor(x.flat_values, **options))
    return x


def _multiples(source: Any, target: RaggedTensorDynamicShape) -> list[Any]:
    """How often each uniform dimension is repeated; None for once."""
    found: list[Any] = [None] * (target.rank or 0)
    for axis in range(target.num_partitioned_dimensions):
        if source.is_ragged(axis) or target.is_ragged(axis):
            continue
        here, there = source.dimension_size(axis), target.dimension_size(axis)
        if constant_value(here) in (1, None) and constant_value(there) != 1:
            there = math_ops.cast(there, target.dim_size_dtype)
            is_one = math_ops.equal(here, 1)
            found[axis] = array_ops.where(is_one, there, array_ops.ones_like(there))
    return found


def _tiled_axis(rt: Any, axis: int, repeats: Any, kind: Any) -> Any:
    """A uniform dimension of extent 1 repeated to row lengths."""
    if not is_ragged(rt):
        rt = RaggedTensor.from_tensor(rt, ragged_rank=1, row_splits_dtype=kind)
    if axis > 1:
        return rt.with_values(_tiled_axis(rt.values, axis - 1, repeats, kind))
    nested, lengths = rt.nested_row_splits, rt.nested_row_lengths()
    splits, out = nested[0], [repeats]
    for inner_splits, inner_lengths in zip(nested[1:], lengths[1:], strict=True):
        out.append(repeat_ranges(inner_lengths, splits, repeats))
        splits = array_ops.gather(inner_splits, splits)
    values = repeat_ranges(rt.flat_values, splits, repeats)
    return RaggedTensor.from_nested_row_lengths(values, out, validate=False)
