"""`tf.RaggedTensorSpec`: what is known of a RaggedTensor before there is one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.dtypes import as_dtype, float32, int64, variant
from ...core.emit import apply
from ...core.tensor import Tensor
from ...core.tensor_shape import TensorShape
from ..framework import convert_to_tensor, name_scope
from ..type_spec import TensorSpec, TypeSpec, register_type_spec_from_value_converter
from .tensor import RaggedTensor, answer, is_ragged
from .value import RaggedTensorValue, nested_value


class RaggedTensorSpec(TypeSpec):
    """Shape, dtype, ragged rank and the dtype of the row splits of a RaggedTensor.

    Raises ValueError when the ragged rank is neither given nor follows from the shape, or does
    not fit it.
    """

    def __init__(
        self,
        shape: Any = None,
        dtype: Any = float32,
        ragged_rank: Any = None,
        row_splits_dtype: Any = int64,
    ) -> None:
        self._shape = shape if isinstance(shape, TensorShape) else TensorShape(shape)
        self._dtype = as_dtype(dtype)
        self._row_splits_dtype = as_dtype(row_splits_dtype)
        rank = self._shape.ndims
        if ragged_rank is None:
            if rank is None:
                raise ValueError("Must specify ragged_rank or a shape with a known rank.")
            ragged_rank = rank - 1
        if not isinstance(ragged_rank, int):
            raise TypeError("ragged_rank must be an int")
        if rank is not None and ragged_rank >= rank:
            raise ValueError("ragged_rank must be less than rank.")
        self._ragged_rank = ragged_rank

    @property
    def value_type(self) -> Any:
        """The class of the values: RaggedTensor, or Tensor where no dimension is ragged."""
        return RaggedTensor if self._ragged_rank > 0 else Tensor

    @classmethod
    def from_value(cls, value: Any) -> RaggedTensorSpec:
        """The spec of a RaggedTensor or of a RaggedTensorValue."""
        kind = value.row_splits.dtype
        return cls(TensorShape(value.shape), value.dtype, value.ragged_rank, kind)

    def _serialize(self) -> tuple[Any, ...]:
        return self._shape, self._dtype, self._ragged_rank, self._row_splits_dtype

    # -- as tensors ----------------------------------------------------------------------------
    @property
    def _component_specs(self) -> list[TensorSpec]:
        if self._ragged_rank <= 0:
            return [TensorSpec(self._shape, self._dtype)]
        values = TensorShape([None]).concatenate(self._shape[self._ragged_rank + 1 :])
        rows = None if self._shape.ndims is None else self._shape.as_list()[0]
        outer = TensorSpec([None if rows is None else rows + 1], self._row_splits_dtype)
        inner = TensorSpec([None], self._row_splits_dtype)
        return [TensorSpec(values, self._dtype), outer, *[inner] * (self._ragged_rank - 1)]

    def _to_components(self, value: Any) -> Any:
        return [value.flat_values, *value.nested_row_splits] if is_ragged(value) else [value]

    def _from_components(self, components: Any) -> Any:
        flat, *splits = components
        if all(isinstance(c, np.ndarray) for c in components):
            return nested_value(flat, splits)
        result: Any = convert_to_tensor(flat)
        for rows in reversed(splits):
            result = RaggedTensor(result, convert_to_tensor(rows), internal=True)
        return result

    # -- as one variant ------------------------------------------------------------------------
    @property
    def _flat_tensor_specs(self) -> list[TensorSpec]:
        return [TensorSpec(None, variant)]

    def _to_tensor_list(self, value: Any) -> list[Any]:
        return [to_variant(value, batched=False)]

    def _to_batched_tensor_list(self, value: Any) -> list[Any]:
        return [to_variant(value, batched=True)]

    def _from_compatible_tensor_list(self, tensor_list: Any) -> Any:
        if self._ragged_rank <= 0:
            raise ValueError(f"ragged_rank must be non-negative; got {self._ragged_rank}.")
        result = from_variant(tensor_list[0], self._dtype, self._ragged_rank)
        if self._shape.ndims is not None:
            rows = self._shape.as_list()[0]
            result.row_splits.set_shape([None if rows is None else rows + 1])
            inner = self._shape[1 + self._ragged_rank :]
            result.flat_values.set_shape(TensorShape([None]).concatenate(inner))
        return result

    def _batch(self, batch_size: Any) -> RaggedTensorSpec:
        shape = TensorShape([batch_size]).concatenate(self._shape)
        return RaggedTensorSpec(shape, self._dtype, self._ragged_rank + 1)

    def _unbatch(self) -> RaggedTensorSpec:
        return RaggedTensorSpec(self._shape[1:], self._dtype, self._ragged_rank - 1)

    def _to_legacy_output_types(self) -> Any:
        return self._dtype

    def _to_legacy_output_shapes(self) -> Any:
        return self._shape

    def _to_legacy_output_classes(self) -> Any:
        return self


register_type_spec_from_value_converter(RaggedTensorValue, RaggedTensorSpec.from_value)


def to_variant(rt: Any, batched: bool = False, name: Any = None) -> Tensor:
    """A RaggedTensor in one tensor of variants: a scalar, or one for each row."""
    with name_scope(name, "RaggedToVariant", rt._to_components()):
        options = {"batched_input": batched, "name": name}
        encoded: Tensor = apply(
            "RaggedTensorToVariant", list(rt.nested_row_splits), rt.flat_values, **options
        )
        return encoded


def from_variant(
    encoded: Any,
    dtype: Any,
    output_ragged_rank: int,
    input_ragged_rank: Any = None,
    name: Any = None,
) -> Any:
    """The RaggedTensor that variants hold; ValueError where the ranks do not fit."""
    encoded = convert_to_tensor(encoded, dtype=variant, name="variant")
    rank = encoded.shape.ndims
    if None not in (rank, input_ragged_rank) and output_ragged_rank != input_ragged_rank + rank:
        raise ValueError(
            "output_ragged_rank must be equal to input_ragged_rank + variant.shape.ndims, found "
            f"variant.shape.ndims: {rank}, input_ragged_rank: {input_ragged_rank}, "
            f"output_ragged_rank: {output_ragged_rank}"
        )
    with name_scope(name, "RaggedFromVariant", [encoded]):
        *splits, values = apply(
            "RaggedTensorFromVariant",
            encoded,
            input_ragged_rank=-1 if input_ragged_rank is None else input_ragged_rank,
            output_ragged_rank=output_ragged_rank,
            Tvalues=dtype,
            Tsplits=int64,
            name=name,
        )
        return RaggedTensor.from_nested_row_splits(values, splits, validate=False)


answer("spec", RaggedTensorSpec)
answer("to_variant", to_variant)
answer("from_variant", from_variant)
