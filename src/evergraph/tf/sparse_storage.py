"""Sparse tensors as elements of other tensors: `tf.io.serialize_sparse` and its like."""

from __future__ import annotations

from typing import Any

from ..core.dtypes import string
from ..core.emit import apply
from ..core.tensor import Operation, Tensor
from ..ops.sparse import SparseTensor
from .framework import colocate_with
from .sparse import converted

__all__ = [
    "deserialize_many_sparse",
    "serialize_many_sparse",
    "serialize_sparse",
]

_MAPS = ("AddSparseToTensorsMap", "AddManySparseToTensorsMap")


def _of_parts(op_type: str, sp_input: Any, name: Any, **attrs: Any) -> Tensor:
    sp = converted(sp_input)
    got: Tensor = apply(op_type, sp.indices, sp.values, sp.dense_shape, name=name, **attrs)
    return got


def serialize_sparse(sp_input: Any, name: Any = None, out_type: Any = string) -> Tensor:
    """A SparseTensor as a vector of three elements, strings (or variants)."""
    return _of_parts("SerializeSparse", sp_input, name, out_type=out_type)


def serialize_many_sparse(sp_input: Any, name: Any = None, out_type: Any = string) -> Tensor:
    """Each element of the first axis as a row of three elements: a matrix."""
    return _of_parts("SerializeManySparse", sp_input, name, out_type=out_type)


def _with_rank(parts: Any, rank: Any) -> SparseTensor:
    indices, values, dense = parts
    indices.set_shape([None, rank])
    dense.set_shape([rank])
    return SparseTensor(indices, values, dense)


def deserialize_sparse(
    serialized_sparse: Any, dtype: Any, rank: Any = None, name: Any = None
) -> SparseTensor:
    """The SparseTensor of serialised ones; the axes of those come first."""
    return _with_rank(apply("DeserializeSparse", serialized_sparse, dtype=dtype, name=name), rank)


def deserialize_many_sparse(
    serialized_sparse: Any, dtype: Any, rank: Any = None, name: Any = None
) -> SparseTensor:
    """One SparseTensor of a matrix [n, 3] of serialised ones; its first axis counts them."""
    got = apply("DeserializeManySparse", serialized_sparse, dtype=dtype, name=name)
    return _with_rank(got, rank)


def add_sparse_to_tensors_map(
    sp_input: Any, container: Any = None, shared_name: Any = None, name: Any = None
) -> Tensor:
    """Keeps a SparseTensor in a map of the session; its handle."""
    names = {"container": container, "shared_name": shared_name}
    return _of_parts("AddSparseToTensorsMap", sp_input, name, **names)


def add_many_sparse_to_tensors_map(
    sp_input: Any, container: Any = None, shared_name: Any = None, name: Any = None
) -> Tensor:
    """Keeps each element of the first axis in a map of the session; their handles."""
    names = {"container": container, "shared_name": shared_name}
    return _of_parts("AddManySparseToTensorsMap", sp_input, name, **names)


def take_many_sparse_from_tensors_map(
    sparse_map_op: Any, sparse_handles: Any, rank: Any = None, name: Any = None
) -> SparseTensor:
    """Takes the SparseTensors of these handles from the map that an operation keeps them in."""
    if not isinstance(sparse_map_op, Operation):
        raise TypeError("sparse_map_op be an Operation")
    attrs = sparse_map_op.attrs
    if sparse_map_op.type not in _MAPS:
        raise TypeError(
            f"sparse_map_op must be one of {' or '.join(_MAPS)}. Instead, found "
            f"`{sparse_map_op.type}`."
        )
    with colocate_with(sparse_map_op):
        got = apply(
            "TakeManySparseFromTensorsMap",
            sparse_handles,
            dtype=attrs["T"],
            container=attrs["container"],
            shared_name=attrs["shared_name"] or sparse_map_op.name,
            name=name,
        )
    return _with_rank(got, rank)
