"""Shape functions of TensorFlow's module of this name."""

from __future__ import annotations

from typing import Any

from evergraph.core.shape import broadcast, with_rank
from evergraph.core.tensor_shape import TensorShape, as_shape, to_shape


def broadcast_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """The shape of an elementwise result; ValueError if the shapes do not broadcast."""
    return TensorShape(broadcast(to_shape(shape_x), to_shape(shape_y)))


def is_broadcast_compatible(shape_x: Any, shape_y: Any) -> bool:
    """Whether two shapes of known rank may broadcast."""
    x, y = as_shape(shape_x), as_shape(shape_y)
    if x.ndims is None or y.ndims is None:
        return False
    try:
        broadcast(to_shape(x), to_shape(y))
    except ValueError:
        return False
    return True


def call_cpp_shape_fn(op: Any, require_shape_fn: bool = True) -> dict[str, Any]:
    """The shapes that an operation's own rule gives its outputs."""
    return {"shapes": [x.shape for x in op.outputs]}


def scalar_shape(unused_op: Any) -> list[TensorShape]:
    """The shape of one scalar output."""
    return [TensorShape([])]


def unknown_shape(op: Any) -> list[TensorShape]:
    """Unknown shapes, one an output."""
    return [TensorShape(None) for _ in op.outputs]


def unchanged_shape(op: Any) -> list[TensorShape]:
    """The shape of an op whose output is like its input."""
    return [op.inputs[0].get_shape()]


def rank(tensor: Any) -> int | None:
    """The static rank of a tensor, None if it is unknown."""
    ndims: int | None = tensor.shape.ndims
    return ndims


def has_fully_defined_shape(tensor: Any) -> bool:
    """Whether the shape of a tensor is known."""
    return bool(tensor.get_shape().is_fully_defined())


def unchanged_shape_with_rank(wanted: int) -> Any:
    """A shape function for ops whose output is like their input, of this rank."""
    return lambda op: [TensorShape(with_rank(to_shape(op.inputs[0].get_shape()), wanted))]
