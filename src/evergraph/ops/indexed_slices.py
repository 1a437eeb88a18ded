"""`IndexedSlices`: some rows of a larger tensor, as gradients of gathers are."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..core import convert
from ..core.dtypes import DType
from ..core.emit import apply
from ..core.graph import Graph
from ..core.shape import Shape
from ..core.tensor import Operation, Tensor, axes_literal
from ..core.tensor_shape import TensorShape
from ..core.values import value_as_shape


class IndexedSlicesValue(NamedTuple):
    """What a run gives for an `IndexedSlices`: arrays."""

    values: Any
    indices: Any
    dense_shape: Any


class IndexedSlices:
    """The rows `values[i]` at `indices[i]` of a tensor of shape `dense_shape`; others are zero.

    Rows whose index occurs several times add up. `dense_shape` may be None where nobody needs it.
    """

    def __init__(self, values: Tensor, indices: Tensor, dense_shape: Tensor | None = None) -> None:
        self._values = values
        self._indices = indices
        self._dense_shape = dense_shape

    def _components(self) -> tuple[Tensor, Tensor, Tensor | None]:
        return self._values, self._indices, self._dense_shape

    @staticmethod
    def _from_arrays(values: Any) -> IndexedSlicesValue:
        return IndexedSlicesValue(*values)

    def _to_components(self) -> list[Any]:
        return [x for x in self._components() if x is not None]

    def _from_components(self, components: Any) -> IndexedSlices:
        return IndexedSlices(*components)

    @property
    def values(self) -> Tensor:
        """The rows."""
        return self._values

    @property
    def indices(self) -> Tensor:
        """Which row of the dense tensor each is."""
        return self._indices

    @property
    def dense_shape(self) -> Tensor | None:
        """The shape of the dense tensor, as a tensor, or None."""
        return self._dense_shape

    @property
    def shape(self) -> TensorShape:
        """What is known of the shape of the dense tensor."""
        if self._dense_shape is None:
            return TensorShape(None)
        return TensorShape(value_as_shape(self._dense_shape))

    @property
    def static_shape(self) -> Shape:
        """What is known of the shape of the dense tensor, as a tuple."""
        return None if self._dense_shape is None else value_as_shape(self._dense_shape)

    @property
    def name(self) -> str:
        """The name of `values`."""
        return self._values.name

    @property
    def device(self) -> str:
        """The device of `values`."""
        return self._values.device

    @property
    def op(self) -> Operation:
        """The operation that gives `values`."""
        return self._values.op

    @property
    def dtype(self) -> DType:
        """The dtype of `values`."""
        return self._values.dtype

    @property
    def graph(self) -> Graph:
        """The graph it belongs to."""
        return self._values.graph

    def to_tensor(self, name: str | None = None) -> Tensor:
        """The dense tensor; ValueError where `dense_shape` is None."""
        if self._dense_shape is None:
            raise ValueError(
                "Tensor conversion requested for IndexedSlices without dense_shape: "
                f"{self}. Give it one, or use its `values` and `indices`."
            )
        graph = self.graph
        with graph.as_default():
            rows = apply("StridedSlice", self._dense_shape, *_FIRST, shrink_axis_mask=1)
            result: Tensor = apply(
                "UnsortedSegmentSum", self._values, self._indices, rows, name=name
            )
        return result

    def consumers(self) -> list[Operation]:
        """The operations that take `values` or `indices` as an input."""
        return [*self._values.consumers(), *self._indices.consumers()]

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(apply("Neg", self._values), self._indices, self._dense_shape)

    def __str__(self) -> str:
        dense = "" if self._dense_shape is None else f", dense_shape={self._dense_shape}"
        return f"IndexedSlices(indices={self._indices}, values={self._values}{dense})"

    __repr__ = __str__


_FIRST = (axes_literal([0]), axes_literal([1]), axes_literal([1]))


def _to_tensor(value: Any, dtype: DType | None, name: str | None, as_ref: bool) -> Tensor:
    if dtype is not None and value.dtype.base_dtype is not dtype.base_dtype:
        raise ValueError(
            f"Tensor conversion requested dtype {dtype.name} for IndexedSlices with dtype "
            f"{value.dtype.name}"
        )
    return value.to_tensor(name)  # type: ignore[no-any-return]


convert.register(IndexedSlices, _to_tensor)
