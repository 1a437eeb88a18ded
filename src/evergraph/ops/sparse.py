"""`SparseTensor`: the non-zero elements of a tensor, in coordinates."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..core import context, convert
from ..core.dtypes import DType, int64
from ..core.graph import Graph, get_default_graph
from ..core.shape import same_dim
from ..core.tensor import Operation, Tensor
from ..core.tensor_shape import TensorShape
from ..core.values import value_as_shape


class SparseTensorValue(NamedTuple):
    """What a run gives for a `SparseTensor`, and what may be fed to one: arrays."""

    indices: Any
    values: Any
    dense_shape: Any


class SparseTensor:
    """The elements `values[i]` (shape [n]) at `indices[i]` (int64, [n, rank]) of a tensor of shape
    `dense_shape` (int64, [rank]); the others are zero.

    Raises ValueError where the three do not fit together.
    """

    def __init__(self, indices: Any, values: Any, dense_shape: Any) -> None:
        current = get_default_graph()
        made = [x.graph for x in (indices, values, dense_shape) if isinstance(x, Tensor)]
        home = current if current.building_function or not made else made[0]
        with home.name_scope("SparseTensor"):
            self._indices = convert.convert_to_tensor(indices, int64, "indices")
            self._values = convert.convert_to_tensor(values, None, "values")
            self._dense_shape = convert.convert_to_tensor(dense_shape, int64, "dense_shape")
        self._check()

    def _check(self) -> None:
        i, v, s = (p.static_shape for p in self._components())
        for shape, rank, name in ((i, 2, "indices"), (v, 1, "values"), (s, 1, "dense_shape")):
            if shape is not None and len(shape) != rank:
                raise ValueError(f"The {name} of a SparseTensor must have rank {rank}.")
        if i is not None and v is not None and not same_dim(i[0], v[0]):
            raise ValueError(f"A SparseTensor has {i[0]} indices, but {v[0]} values.")
        if i is not None and s is not None and not same_dim(i[1], s[0]):
            raise ValueError(f"Indices of length {i[1]} do not fit a dense shape of length {s[0]}.")

    @classmethod
    def from_value(cls, sparse_tensor_value: Any) -> SparseTensor:
        """A SparseTensor of a SparseTensorValue; TypeError for anything else."""
        if not isinstance(sparse_tensor_value, (SparseTensor, SparseTensorValue)):
            raise TypeError(f"Neither a SparseTensor nor SparseTensorValue: {sparse_tensor_value}.")
        return cls(
            sparse_tensor_value.indices,
            sparse_tensor_value.values,
            sparse_tensor_value.dense_shape,
        )

    def _components(self) -> tuple[Any, Any, Any]:
        return self._indices, self._values, self._dense_shape

    @staticmethod
    def _from_arrays(values: Any) -> SparseTensorValue:
        return SparseTensorValue(*values)

    def _to_components(self) -> list[Any]:
        return list(self._components())

    def _from_components(self, components: Any) -> SparseTensor:
        """A sparse tensor of these parts, which are taken as they are."""
        new = object.__new__(SparseTensor)
        new._indices, new._values, new._dense_shape = components
        return new

    @property
    def indices(self) -> Tensor:
        """Where each element is."""
        return self._indices  # type: ignore[return-value]

    @property
    def values(self) -> Tensor:
        """The elements."""
        return self._values  # type: ignore[return-value]

    @property
    def dense_shape(self) -> Tensor:
        """The shape of the dense tensor, as a tensor."""
        return self._dense_shape  # type: ignore[return-value]

    @property
    def shape(self) -> TensorShape:
        """What is known of the shape of the dense tensor."""
        return TensorShape(value_as_shape(self._dense_shape))

    def get_shape(self) -> TensorShape:
        """What is known of the shape of the dense tensor."""
        return self.shape

    @property
    def op(self) -> Operation:
        """The operation that gives the values."""
        return self.values.op

    @property
    def graph(self) -> Graph:
        """The graph that it belongs to."""
        return self.values.graph

    @property
    def dtype(self) -> DType:
        """The dtype of the values."""
        return self._values.dtype

    def consumers(self) -> list[Operation]:
        """The operations that take one of its three tensors as an input."""
        found = [op for x in self._components() for op in x.consumers()]
        return list(dict.fromkeys(found))

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Its value (a SparseTensorValue), run in `session` or the default session."""
        session = session or context.sessions.top()
        if session is None:
            raise ValueError("No default session is registered: pass one to `eval(session=...)`.")
        return session.run(self, feed_dict)

    def __str__(self) -> str:
        return (
            f"SparseTensor(indices={self._indices}, values={self._values}, "
            f"dense_shape={self._dense_shape})"
        )

    __repr__ = __str__
