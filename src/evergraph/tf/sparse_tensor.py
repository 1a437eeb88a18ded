"""`tf.SparseTensor` and what may be fed to one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ops.sparse import SparseTensor, SparseTensorValue
from . import elementwise_ops, math_ops
from .dispatch import dispatch_for_types
from .framework import as_dtype, convert_to_tensor

__all__ = ["SparseTensor", "SparseTensorValue", "convert_to_tensor_or_sparse_tensor"]


def convert_to_tensor_or_sparse_tensor(value: Any, dtype: Any = None, name: Any = None) -> Any:
    """`value` as a tensor, or as a SparseTensor if it is (the value of) one.

    Raises RuntimeError when a SparseTensor has not the `dtype` that is asked for.
    """

    if not isinstance(value, (SparseTensor, SparseTensorValue)):
        return convert_to_tensor(value, dtype, name)
    sparse = value if isinstance(value, SparseTensor) else SparseTensor.from_value(value)
    if dtype is not None and not sparse.dtype.is_compatible_with(as_dtype(dtype)):
        raise RuntimeError(f"Sparse dtype: requested = {dtype}, actual = {sparse.dtype}")
    return sparse


def is_sparse(x: Any) -> bool:
    """Whether `x` is a SparseTensor or the value of one."""
    return isinstance(x, (SparseTensor, SparseTensorValue))


def _of_values(function: Callable[..., Any]) -> None:
    """Lets an elementwise function that keeps zero take a SparseTensor: it maps the values."""

    @dispatch_for_types(function, SparseTensor)
    def mapped(x: Any, *args: Any, **kwargs: Any) -> SparseTensor:
        return SparseTensor(x.indices, function(x.values, *args, **kwargs), x.dense_shape)


for _function in (
    elementwise_ops.bessel_i0e,
    elementwise_ops.bessel_i1e,
    elementwise_ops.erf,
    elementwise_ops.negative,
    elementwise_ops.sign,
    elementwise_ops.sqrt,
    elementwise_ops.square,
    elementwise_ops.tanh,
    math_ops.abs,
):
    _of_values(_function)
