"""`tf.RaggedTensorSpec`: what is known of a RaggedTensor before there is one."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import as_dtype, float32, int64
from ...core.tensor import Tensor
from ...core.tensor_shape import TensorShape
from .tensor import RaggedTensor


class RaggedTensorSpec:
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
        return cls(TensorShape(value.shape), value.values.dtype, value.ragged_rank, kind)

    def _key(self) -> tuple[Any, ...]:
        shape = None if self._shape.ndims is None else tuple(self._shape.as_list())
        return shape, self._dtype, self._ragged_rank, self._row_splits_dtype

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RaggedTensorSpec) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return (
            f"RaggedTensorSpec({self._shape!r}, {self._dtype!r}, {self._ragged_rank!r}, "
            f"{self._row_splits_dtype!r})"
        )
