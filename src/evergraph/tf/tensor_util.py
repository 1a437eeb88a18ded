"""Tensors as messages: `tf.make_tensor_proto`, `tf.make_ndarray`."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..core.convert import make_array
from ..core.dtypes import as_dtype
from ..core.tensor_shape import TensorShape
from ..core.values import value_as_shape
from ..formats import tensors
from ..formats.attr_values import is_message
from .framework import convert_to_tensor

__all__ = ["make_ndarray", "make_tensor_proto"]


def make_tensor_proto(
    values: Any,
    dtype: Any = None,
    shape: Any = None,
    verify_shape: Any = False,
    allow_broadcast: Any = False,
) -> Any:
    """`values` (a number, string, list or array) as a TensorProto.

    With `shape`, the last value is repeated where there are too few; `verify_shape` refuses that,
    `allow_broadcast` allows it of one value alone. Raises TypeError for values that no tensor can
    hold and for shapes that were to be verified, ValueError for too many values and above 2 GiB.
    """
    if allow_broadcast and verify_shape:
        raise ValueError("allow_broadcast and verify_shape are not both allowed.")
    if is_message(values, "TensorProto"):
        return values
    kind = as_dtype(dtype).base_dtype if dtype is not None else None
    extents = None if shape is None else [int(d) for d in shape]
    if extents is not None and 0 in extents and not isinstance(values, np.ndarray):
        array: np.ndarray[Any, Any] = np.empty(0, np.float32 if kind is None else kind.np_dtype)
    else:
        array = make_array(values, kind)
    if extents is None:
        return tensors.tensor_proto(array, kind)
    _check_shape(array, extents, verify_shape, allow_broadcast)
    if array.size == prod(extents):
        return tensors.tensor_proto(array.reshape(extents), kind)
    kind = kind or as_dtype(array.dtype)
    proto = tensors.tensor_proto(np.empty(0, array.dtype), kind)
    proto.tensor_shape.CopyFrom(tensors.shape_proto(tuple(extents)))
    tensors.add_values(proto, kind, array)
    return proto


def _check_shape(
    array: np.ndarray[Any, Any], shape: list[int], verify: bool, broadcast: bool
) -> None:
    size = prod(shape)
    wrong = array.size != size if broadcast else array.shape != tuple(shape)
    if wrong and (verify or (broadcast and array.shape not in ((), (1,)))):
        raise TypeError(f"Expected Tensor's shape: {tuple(shape)}, got {array.shape}.")
    if array.size > size and not broadcast:
        raise ValueError(
            f"Too many elements provided. Needed at most {size}, but received {array.size}"
        )


def make_ndarray(tensor: Any) -> Any:
    """The values of a TensorProto as an array.

    Raises TypeError for dtypes without values, ValueError where the contents do not fit.
    """
    return np.array(tensors.array_of(tensor))


MakeNdarray = make_ndarray


def ShapeEquals(tensor_proto: Any, shape: Any) -> bool:
    """Whether a TensorProto has this shape: a TensorShapeProto, TensorShape or sequence."""
    if not is_message(tensor_proto, "TensorProto"):
        raise TypeError("tensor_proto is not a tensor_pb2.TensorProto object")
    if is_message(shape, "TensorShapeProto"):
        wanted = [d.size for d in shape.dim]
    elif isinstance(shape, TensorShape):
        wanted = shape.as_list()
    else:
        wanted = list(shape)
    return [d.size for d in tensor_proto.tensor_shape.dim] == wanted


def constant_value_as_shape(tensor: Any) -> TensorShape:
    """What is known of an integer vector's elements, as a shape: -1 and unknown are unknown.

    Raises ValueError for scalars other than the constant -1 (a shape of unknown rank).
    """
    if tensor.shape.ndims == 0:
        from .array_ops import get_static_value

        value = get_static_value(tensor)
        if value is None:
            raise ValueError("Received a scalar with unknown value as shape; it must be -1.")
        if value != -1:
            raise ValueError(f"Received a scalar value '{value}' as shape; it must be -1.")
        return TensorShape(None)
    return TensorShape(value_as_shape(tensor))


def shape_tensor(shape: Any) -> Any:
    """A shape as an int32 tensor (int64 where it needs it)."""
    if isinstance(shape, (tuple, list)):
        dims = [d.value if hasattr(d, "value") else d for d in shape]
        if all(isinstance(d, int) for d in dims):
            shape = np.array(dims, np.int32 if all(abs(d) < 1 << 31 for d in dims) else np.int64)
    return convert_to_tensor(shape, name="shape")
