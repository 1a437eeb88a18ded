"""Variables kept in parts, and the partitioners that say how many parts there are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..core import convert
from ..core.dtypes import DType, as_dtype, float32
from ..core.emit import apply
from ..core.tensor import Tensor
from ..core.tensor_shape import TensorShape, as_shape


class PartitionedVariable:
    """One variable kept as several, side by side along one axis.

    It stands for the whole value wherever a tensor is wanted; iterating gives the parts.
    """

    def __init__(
        self,
        name: str,
        shape: Any,
        dtype: DType,
        variable_list: Sequence[Any],
        partitions: Sequence[int],
    ) -> None:
        _check_parts(shape, variable_list, partitions)
        self._variable_list = sorted(
            variable_list, key=lambda v: v._get_save_slice_info().var_offset
        )
        self._name, self._shape, self._dtype = name, as_shape(shape), dtype
        self._partitions = partitions

    @property
    def name(self) -> str:
        """The name of the whole."""
        return self._name

    @property
    def dtype(self) -> DType:
        """The dtype of the parts."""
        return self._dtype

    @property
    def shape(self) -> TensorShape:
        """The shape of the whole."""
        return self._shape

    def get_shape(self) -> TensorShape:
        """The shape of the whole."""
        return self._shape

    def _get_variable_list(self) -> list[Any]:
        return self._variable_list

    def _get_partitions(self) -> Sequence[int]:
        return self._partitions

    def __iter__(self) -> Iterator[Any]:
        return iter(self._variable_list)

    def __len__(self) -> int:
        self._axis()
        return len(self._variable_list)

    def __getitem__(self, slice_spec: Any) -> Any:
        return self.as_tensor()[slice_spec]

    def _axis(self) -> int:
        axes = [i for i, p in enumerate(self._partitions) if p > 1] or [0]
        if len(axes) > 1:
            raise NotImplementedError(
                f"A variable partitioned along more than one axis ({axes}) is not supported: "
                "partition it along one."
            )
        return axes[0]

    def as_tensor(self) -> Tensor:
        """The whole value."""
        graph = self._variable_list[0].graph
        with graph.control_dependencies(None):
            whole = self._variable_list[0]
            if len(self._variable_list) > 1:
                with graph.name_scope(f"{self._name}/ConcatPartitions/"):
                    whole = apply("ConcatV2", self._variable_list, self._axis(), name="concat")
            with graph.name_scope(None):
                return apply("Identity", whole, name=self._name)  # type: ignore[no-any-return]

    def _assign_parts(self, method: str, value: Any, read_value: bool, **kwargs: Any) -> list[Any]:
        values = self._split(value)
        pairs = zip(self._variable_list, values, strict=True)
        updates = [getattr(v, method)(part, **kwargs) for v, part in pairs]
        return updates if read_value else [u.op for u in updates]

    def _split(self, value: Any) -> list[Any]:
        if isinstance(value, (list, PartitionedVariable)):
            return list(value)
        from . import array_ops

        axis = self._axis()
        sizes = [v.shape.as_list()[axis] for v in self._variable_list]
        return list(array_ops.split(value, sizes, axis=axis))

    def assign(
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> list[Any]:
        """Sets the parts to the parts of `value`, or to the members of a list."""
        return self._assign_parts("assign", value, read_value, use_locking=use_locking, name=name)

    def assign_add(
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> list[Any]:
        """Adds the parts of `value`, or the members of a list, to the parts."""
        return self._assign_parts(
            "assign_add", value, read_value, use_locking=use_locking, name=name
        )

    def assign_sub(
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> list[Any]:
        """Subtracts the parts of `value`, or the members of a list, from the parts."""
        return self._assign_parts(
            "assign_sub", value, read_value, use_locking=use_locking, name=name
        )

    def __repr__(self) -> str:
        return f"<PartitionedVariable {self._name!r} of {len(self._variable_list)} parts>"


def _check_parts(shape: Any, parts: Sequence[Any], partitions: Sequence[int]) -> None:
    for what, given in (("variable_list", parts), ("partitions", partitions)):
        if not isinstance(given, (list, tuple)):
            raise TypeError(f"{what} is not a list or tuple: {given}")
    if not all(p >= 1 for p in partitions):
        raise ValueError(f"partition values must be positive: {partitions}")
    if not parts:
        raise ValueError("variable_list may not be empty")
    infos = [v._get_save_slice_info() for v in parts]
    if None in infos:
        names = [v.name for v in parts]
        raise ValueError(f"All variables must have a save_slice_info available: {names}")
    if len(shape) != len(partitions):
        raise ValueError(f"len(shape) != len(partitions): {shape} vs. {partitions}")
    full_shapes = [info.full_shape for info in infos]
    if any(as_shape(full) != as_shape(shape) for full in full_shapes):
        raise ValueError(
            f"All variables' full shapes must match shape: {shape}; but full shapes were: "
            f"{full_shapes}"
        )


def _to_tensor(
    variable: PartitionedVariable, dtype: DType | None, name: str | None, as_ref: bool
) -> Tensor:
    if dtype is not None and not dtype.is_compatible_with(variable.dtype):
        raise ValueError(
            f"Incompatible type conversion requested to type '{dtype.name}' for variable of type "
            f"'{variable.dtype.name}'"
        )
    if as_ref:
        raise NotImplementedError(
            "PartitionedVariable doesn't support being used as a reference: assign to its parts."
        )
    return variable.as_tensor()


convert.register(PartitionedVariable, _to_tensor)

Partitioner = Callable[..., list[int]]


def _element_size(dtype: DType, bytes_per_string_element: int) -> int:
    is_string = dtype.base_dtype is as_dtype("string")
    return bytes_per_string_element if is_string else dtype.size


def variable_axis_size_partitioner(
    max_shard_bytes: int,
    axis: int = 0,
    bytes_per_string_element: int = 16,
    max_shards: int | None = None,
) -> Partitioner:
    """Cuts a variable along `axis` into parts of at most `max_shard_bytes`."""
    if max_shard_bytes < 1 or bytes_per_string_element < 1:
        raise ValueError("Both max_shard_bytes and bytes_per_string_element must be positive.")
    if max_shards and max_shards < 1:
        raise ValueError("max_shards must be positive.")

    def partitioner(shape: TensorShape, dtype: DType) -> list[int]:
        dims = shape.as_list()
        extent = int(dims[axis] or 0)
        elements = (shape.num_elements() or 0) / extent
        bytes_per_slice = elements * _element_size(dtype, bytes_per_string_element)
        slices_per_shard = max(1, math.floor(max_shard_bytes / bytes_per_slice))
        shards = math.ceil(extent / slices_per_shard)
        partitions = [1] * len(dims)
        partitions[axis] = min(max_shards, shards) if max_shards else shards
        return partitions

    return partitioner


def min_max_variable_partitioner(
    max_partitions: int = 1,
    axis: int = 0,
    min_slice_size: int = 256 << 10,
    bytes_per_string_element: int = 16,
) -> Partitioner:
    """Cuts a variable along `axis` into at most `max_partitions`, none below `min_slice_size`."""

    def partitioner(shape: TensorShape, dtype: DType) -> list[int]:
        dims = shape.as_list()
        if axis >= len(dims):
            raise ValueError(
                f"Can not partition variable along axis {axis} when shape is only {shape}"
            )
        size = _element_size(dtype, bytes_per_string_element) * (shape.num_elements() or 0)
        wanted = math.ceil(size / min_slice_size)
        partitions = [1] * len(dims)
        partitions[axis] = max(1, min(int(dims[axis] or 1), max_partitions, wanted))
        return partitions

    return partitioner


def fixed_size_partitioner(num_shards: int, axis: int = 0) -> Partitioner:
    """Cuts a variable along `axis` into `num_shards` (fewer if it is shorter)."""

    def partitioner(shape: TensorShape, **unused_args: Any) -> list[int]:
        dims = shape.as_list()
        partitions = [1] * len(dims)
        partitions[axis] = min(num_shards, int(dims[axis] or 1))
        return partitions

    return partitioner


def create_partitioned_variables(
    shape: Sequence[int],
    slicing: Sequence[int],
    initializer: Any,
    dtype: Any = float32,
    trainable: bool = True,
    collections: Any = None,
    name: str | None = None,
    reuse: bool | None = None,
) -> list[Any]:
    """The parts of a new variable of this shape, cut into `slicing` parts along each axis."""
    from .variable_scope import partitioned_variable, variable_scope

    if len(shape) != len(slicing):
        raise ValueError(
            "The 'shape' and 'slicing' of a partitioned Variable must have the length: shape: "
            f"{shape}, slicing: {slicing}"
        )
    if len(shape) < 1:
        raise ValueError(f"A partitioned Variable must have rank at least 1: shape: {shape}")
    with variable_scope(name, "PartitionedVariable", reuse=reuse):
        return list(
            partitioned_variable(
                shape=shape,
                dtype=dtype,
                initializer=initializer,
                trainable=trainable,
                partitioner=lambda **_: list(slicing),
                collections=collections,
            )
        )


def slices_of(
    full_shape: Sequence[int], num_slices: int, axis: int
) -> Iterator[tuple[list[int], list[int]]]:
    """(offset, shape) of each part; the first ones are longer by one where it does not divide."""
    excess = full_shape[axis] % num_slices
    offset = [0] * len(full_shape)
    for i in range(num_slices):
        shape = list(full_shape)
        shape[axis] = full_shape[axis] // num_slices + (i < excess)
        yield list(offset), shape
        offset[axis] += shape[axis]
