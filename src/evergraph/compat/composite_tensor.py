"""Values that consist of several tensors (TensorFlow's module of this name)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from evergraph.core.tensor import Operation
from evergraph.ops.indexed_slices import IndexedSlices
from evergraph.ops.sparse import SparseTensor
from evergraph.tf import nest


class CompositeTensor(ABC):
    """A value that consists of tensors; `_type_spec` tells how it is taken apart and made again."""

    @property
    @abstractmethod
    def _type_spec(self) -> Any:
        """The TypeSpec of the value."""

    def _to_components(self) -> Any:
        return self._type_spec._to_components(self)

    def _from_arrays(self, values: Any) -> Any:
        """What a run gives for it."""
        return self._type_spec._from_components(values)

    def _shape_invariant_to_type_spec(self, shape: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}._shape_invariant_to_type_spec")

    def consumers(self) -> list[Operation]:
        """The operations that take one of its tensors as an input."""
        parts = nest.flatten(self._to_components())
        return list(dict.fromkeys(op for x in parts for op in x.consumers()))


CompositeTensor.register(SparseTensor)
CompositeTensor.register(IndexedSlices)
