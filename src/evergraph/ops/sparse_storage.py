"""Sparse tensors as elements: serialised into strings or variants, or kept in a session's map."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np

from ..core.allocation import allocatable
from ..core.dtypes import DType, as_dtype, int64, string
from ..core.opdef import Attrs, Values, define
from ..core.shape import Shape
from . import coordinates as co
from .sparse_shapes import triple
from .tensor_messages import read_tensor, write_tensor

Part = tuple[Any, Any, Any]

_SPARSE = "sparse_indices:int64 sparse_values:T sparse_shape:int64"


def _elements(parts: Sequence[Any], attrs: Attrs) -> np.ndarray[Any, Any]:
    """The three arrays of a sparse tensor as elements of a vector."""
    out = np.empty(3, object)
    for i, (x, dtype) in enumerate(zip(parts, (int64, attrs["T"], int64), strict=True)):
        as_text = attrs["out_type"] is string
        out[i] = write_tensor(np.asarray(x), dtype.base_dtype) if as_text else np.array(x)
    return out


def _rows(indices: Any, values: Any, shape: Any) -> list[Part]:
    """A sparse tensor for each element of the first axis."""
    co.check(indices, values, shape)
    if len(shape) < 2:
        raise ValueError(f"Rank of input SparseTensor should be > 1, but saw rank: {len(shape)}")
    allocatable([shape[0]], np.int64, arrays=32)  # a row is several Python objects
    places = np.argsort(indices[:, 0], kind="stable")
    bounds = np.searchsorted(indices[places, 0], np.arange(int(shape[0]) + 1))
    rows = []
    for n in range(int(shape[0])):
        kept = places[bounds[n] : bounds[n + 1]]
        rows.append((indices[kept, 1:], values[kept], shape[1:]))
    return rows


def _serialize(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    co.check_ranks(*inputs)
    return _elements(inputs, attrs)


def _serialize_many(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    rows = _rows(*inputs)
    return np.array([_elements(row, attrs) for row in rows], object).reshape(-1, 3)


def _many_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    dense = values.as_shape(2)
    return [(dense[0] if dense else None, 3)]


for _name, _rule, _kernel in (
    ("SerializeSparse", lambda shapes, attrs, values: [(3,)], _serialize),
    ("SerializeManySparse", _many_shape, _serialize_many),
):
    define(
        _name,
        f"{_SPARSE} -> serialized_sparse:out_type",
        "T:type; out_type:type{string,variant}=string",
        shape=_rule,
        kernel=_kernel,
        data_dependent=True,
    )


# -- back --------------------------------------------------------------------------------------
def _read(element: Any) -> tuple[DType, Any]:
    if isinstance(element, bytes):
        try:
            return read_tensor(element)
        except ValueError as error:
            raise ValueError(f"Could not parse serialized proto: {error}") from None
    if not isinstance(element, np.ndarray):
        raise ValueError("The element holds no part of a sparse tensor.")
    return as_dtype(element.dtype), element


def _part(elements: Any, dtype: DType, index: int) -> Part:
    """The three arrays of one sparse tensor, checked."""
    (_, indices), (found, values), (_, shape) = map(_read, elements)
    if indices.ndim != 2:
        raise ValueError(
            f"Expected serialized_sparse[{index}, 0] to represent an index matrix but received "
            f"shape {indices.shape}"
        )
    if values.ndim != 1:
        raise ValueError(
            f"Expected serialized_sparse[{index}, 1] to represent a values vector but received "
            f"shape {values.shape}"
        )
    check_dtype(found, dtype, index)
    if len(indices) != len(values):
        raise ValueError(
            f"Expected row counts of SparseTensor[{index}].indices and SparseTensor[{index}].values"
            f" to match but they do not: {len(indices)} vs. {len(values)}"
        )
    if shape.ndim != 1 or len(shape) != indices.shape[1]:
        raise ValueError(
            f"Expected column counts of SparseTensor[{index}].indices to match size of "
            f"SparseTensor[{index}].shape but they do not: {indices.shape[1]} vs. {shape.shape}"
        )
    return indices, values, shape


def check_dtype(found: DType, dtype: DType, index: int) -> None:
    """Raises ValueError unless the values have the dtype that is asked for."""
    if found.base_dtype is not dtype.base_dtype:
        raise ValueError(
            f"Requested SparseTensor of type {dtype.name} but SparseTensor[{index}].values.dtype() "
            f"== {found.name}"
        )


def _stacked(parts: Sequence[Part], leading: Sequence[int]) -> Any:
    """One sparse tensor of many, with axes in front that count them."""
    rank = len(parts[0][2])
    for i, (_, _, shape) in enumerate(parts):
        if len(shape) != rank:
            raise ValueError(
                f"Inconsistent shape across SparseTensors: rank prior to SparseTensor[{i}] was: "
                f"{rank} but rank of SparseTensor[{i}] is: {len(shape)}"
            )
    places = list(np.ndindex(*leading))
    indices = [
        np.concatenate([np.tile(np.array(place, np.int64), (len(part[0]), 1)), part[0]], axis=1)
        for place, part in zip(places, parts, strict=True)
    ]
    extents = np.max([part[2] for part in parts], axis=0) if rank else np.zeros(0)
    shape = np.array([*leading, *extents], np.int64)
    return np.concatenate(indices), np.concatenate([part[1] for part in parts]), shape


def _deserialize(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    serialized = inputs[0]
    if not serialized.ndim:
        raise ValueError("Serialized sparse should have non-zero rank, got a scalar")
    if serialized.shape[-1] != 3:
        raise ValueError(
            f"Serialized sparse should have 3 as the last dimension, got {serialized.shape}"
        )
    if not serialized.size:
        raise ValueError(
            "Serialized sparse should have at least 1 serialized tensor, but has a zero dimension: "
            f"{serialized.shape}"
        )
    rows = serialized.reshape(-1, 3)
    parts = [_part(row, attrs["dtype"], i) for i, row in enumerate(rows)]
    return parts[0] if serialized.ndim == 1 else _stacked(parts, serialized.shape[:-1])


def _deserialize_many(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    if inputs[0].ndim != 2:
        raise ValueError(
            f"Serialized sparse should be a matrix but received shape {inputs[0].shape}"
        )
    return _deserialize(xp, inputs, attrs)


for _name, _signature, _attrs, _kernel in (
    (
        "DeserializeSparse",
        "serialized_sparse:Tserialized",
        "dtype:type; Tserialized:type{string,variant}=string",
        _deserialize,
    ),
    ("DeserializeManySparse", "serialized_sparse:string", "dtype:type", _deserialize_many),
):
    define(
        _name,
        f"{_signature} -> sparse_indices:int64 sparse_values:dtype sparse_shape:int64",
        _attrs,
        shape=lambda shapes, attrs, values: triple(None, None),
        kernel=_kernel,
        data_dependent=True,
    )


# -- a map of a session --------------------------------------------------------------------------
class TensorsMap:
    """Sparse tensors by handle; each is taken once."""

    def __init__(self) -> None:
        self._parts: dict[int, tuple[DType, Part]] = {}
        self._handles = count()

    def add(self, dtype: DType, part: Part) -> int:
        """Keeps a sparse tensor; its handle."""
        handle = next(self._handles)
        self._parts[handle] = dtype, part
        return handle

    def take(self, handle: int) -> tuple[DType, Part]:
        """Gives a sparse tensor and forgets it; ValueError for an unknown handle."""
        if handle not in self._parts:
            raise ValueError(f"Unable to find SparseTensor: {handle} in map")
        return self._parts.pop(handle)


def new_map(attrs: Attrs) -> TensorsMap:
    """An empty map: what the operations of one `shared_name` keep in a session."""
    return TensorsMap()


def _add(xp: Any, inputs: Any, attrs: Attrs, kept: TensorsMap) -> Any:
    co.check_ranks(*inputs)
    return np.array(kept.add(attrs["T"], tuple(inputs)), np.int64)


def _add_many(xp: Any, inputs: Any, attrs: Attrs, kept: TensorsMap) -> Any:
    return np.array([kept.add(attrs["T"], row) for row in _rows(*inputs)], np.int64)


def _take_many(xp: Any, inputs: Any, attrs: Attrs, kept: TensorsMap) -> Any:
    handles = inputs[0]
    if handles.ndim != 1:
        raise ValueError(f"sparse_handles should be a vector but received shape {handles.shape}")
    if not len(handles):
        raise ValueError("Must have at least 1 serialized SparseTensor, but the input has none")
    parts = []
    for i, handle in enumerate(handles.tolist()):
        found, part = kept.take(handle)
        check_dtype(found, attrs["dtype"], i)
        parts.append(part)
    return _stacked(parts, [len(parts)])


def _scalar(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [()]


_MAP = "container:string=''; shared_name:string=''"


def _handles_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    dense = values.as_shape(2)
    return [(dense[0] if dense else None,)]


for _name, _out, _handles, _put in (
    ("AddSparseToTensorsMap", "sparse_handle", _scalar, _add),
    ("AddManySparseToTensorsMap", "sparse_handles", _handles_shape, _add_many),
):
    define(
        _name,
        f"{_SPARSE} -> {_out}:int64",
        f"T:type; {_MAP}",
        shape=_handles,
        kernel=_put,
        stateful=True,
        effect=True,
        state=new_map,
        data_dependent=True,
    )
define(
    "TakeManySparseFromTensorsMap",
    "sparse_handles:int64 -> sparse_indices:int64 sparse_values:dtype sparse_shape:int64",
    f"dtype:type; {_MAP}",
    shape=lambda shapes, attrs, values: [*triple(None, None)],
    kernel=_take_many,
    stateful=True,
    effect=True,
    state=new_map,
    data_dependent=True,
)
