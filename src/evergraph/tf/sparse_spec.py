"""`tf.SparseTensorSpec` and `tf.IndexedSlicesSpec`: what is known of sparse values before a run."""

from __future__ import annotations

from typing import Any

from ..core.dtypes import DType, as_dtype, float32, int64, variant
from ..core.tensor import Tensor
from ..core.tensor_shape import TensorShape
from ..ops.indexed_slices import IndexedSlices, IndexedSlicesValue
from ..ops.sparse import SparseTensor, SparseTensorValue
from .type_spec import TensorSpec, TypeSpec, register_type_spec_from_value_converter

__all__ = ["IndexedSlicesSpec", "SparseTensorSpec"]


class SparseTensorSpec(TypeSpec):
    """The dense shape and the dtype of a SparseTensor."""

    def __init__(self, shape: Any = None, dtype: Any = float32) -> None:
        self._shape = TensorShape(shape)
        self._dtype = as_dtype(dtype)

    @property
    def dtype(self) -> DType:
        """The dtype of the values."""
        return self._dtype

    @property
    def shape(self) -> TensorShape:
        """What is known of the dense shape."""
        return self._shape

    @property
    def value_type(self) -> Any:
        """The class of the values: SparseTensor."""
        return SparseTensor

    @classmethod
    def from_value(cls, value: Any) -> SparseTensorSpec:
        """The spec of a SparseTensor or a SparseTensorValue; TypeError for anything else."""
        if isinstance(value, SparseTensor):
            return cls(value.shape, value.dtype)
        if isinstance(value, SparseTensorValue):
            return cls(value.dense_shape, value.values.dtype)
        raise TypeError(f"Expected SparseTensor or SparseTensorValue, got {value!r}")

    def _serialize(self) -> tuple[Any, ...]:
        return self._shape, self._dtype

    @property
    def _component_specs(self) -> list[TensorSpec]:
        rank = self._shape.ndims
        return [
            TensorSpec([None, rank], int64),
            TensorSpec([None], self._dtype),
            TensorSpec([rank], int64),
        ]

    @property
    def _flat_tensor_specs(self) -> list[Any]:
        return [TensorSpec(None, variant)]

    def _to_components(self, value: Any) -> list[Any]:
        if isinstance(value, SparseTensorValue):
            value = SparseTensor.from_value(value)
        return [value.indices, value.values, value.dense_shape]

    def _from_components(self, components: Any) -> Any:
        if any(isinstance(x, Tensor) for x in components):
            return SparseTensor(*components)
        return SparseTensorValue(*components)

    def _batch(self, batch_size: Any) -> SparseTensorSpec:
        return SparseTensorSpec(TensorShape([batch_size]).concatenate(self._shape), self._dtype)

    def _unbatch(self) -> SparseTensorSpec:
        if self._shape.ndims == 0:
            raise ValueError("Unbatching a tensor is only supported for rank >= 1")
        return SparseTensorSpec(self._shape[1:], self._dtype)

    def _to_legacy_output_types(self) -> Any:
        return self._dtype

    def _to_legacy_output_shapes(self) -> Any:
        return self._shape

    def _to_legacy_output_classes(self) -> Any:
        return SparseTensor


class IndexedSlicesSpec(TypeSpec):
    """The dense shape, the dtypes and the number of rows of an IndexedSlices."""

    def __init__(
        self,
        shape: Any = None,
        dtype: Any = float32,
        indices_dtype: Any = int64,
        dense_shape_dtype: Any = None,
        indices_shape: Any = None,
    ) -> None:
        self._shape = TensorShape(shape)
        self._values_dtype = as_dtype(dtype)
        self._indices_dtype = as_dtype(indices_dtype)
        self._dense_shape_dtype = None if dense_shape_dtype is None else as_dtype(dense_shape_dtype)
        self._indices_shape = TensorShape(indices_shape).with_rank(1)

    @property
    def value_type(self) -> Any:
        """The class of the values: IndexedSlices."""
        return IndexedSlices

    def _serialize(self) -> tuple[Any, ...]:
        return (
            self._shape,
            self._values_dtype,
            self._indices_dtype,
            self._dense_shape_dtype,
            self._indices_shape,
        )

    @property
    def _component_specs(self) -> tuple[TensorSpec, ...]:
        rows = self._indices_shape
        values = rows.concatenate(self._shape[1:]) if self._shape.ndims else TensorShape(None)
        specs = [
            TensorSpec(values, self._values_dtype),
            TensorSpec(rows, self._indices_dtype),
        ]
        if self._dense_shape_dtype is not None:
            specs.append(TensorSpec([self._shape.ndims], self._dense_shape_dtype))
        return tuple(specs)

    def _to_components(self, value: Any) -> tuple[Any, ...]:
        parts = (value.values, value.indices)
        return parts if value.dense_shape is None else (*parts, value.dense_shape)

    def _from_components(self, components: Any) -> Any:
        parts = (*components, *([None] if len(components) == 2 else []))
        if any(isinstance(x, Tensor) for x in components):
            return IndexedSlices(*parts)
        return IndexedSlicesValue(*parts)


def _spec_of_slices(value: IndexedSlices) -> IndexedSlicesSpec:
    dense = value.dense_shape
    return IndexedSlicesSpec(
        value.shape,
        value.values.dtype,
        value.indices.dtype,
        None if dense is None else dense.dtype,
        value.indices.shape,
    )


register_type_spec_from_value_converter(SparseTensor, SparseTensorSpec.from_value)
register_type_spec_from_value_converter(SparseTensorValue, SparseTensorSpec.from_value)
register_type_spec_from_value_converter(IndexedSlices, _spec_of_slices)
