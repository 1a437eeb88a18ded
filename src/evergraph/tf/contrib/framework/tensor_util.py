"""Checks and sums of tensors in `tf.contrib.framework`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....core.dtypes import int32
from ....core.graph import Graph, get_default_graph
from ....core.tensor import Operation, Tensor
from ....core.tensor_shape import TensorShape, as_shape
from ... import array_ops, check_ops, math_ops
from ...framework import convert_to_tensor, name_scope

__all__ = [
    "assert_scalar_int",
    "get_graph_from_inputs",
    "get_placeholders",
    "reduce_sum_n",
    "with_same_shape",
    "with_shape",
]


def reduce_sum_n(tensors: Sequence[Tensor], name: str | None = None) -> Tensor:
    """The sum of all elements of all tensors; ValueError without any."""
    if not tensors:
        raise ValueError("No tensors provided.")
    with name_scope(name, "reduce_sum_n", tensors) as scope:
        sums = [math_ops.reduce_sum(t, name=f"{t.op.name}/sum") for t in tensors]
        return sums[0] if len(sums) == 1 else math_ops.add_n(sums, name=scope)


def assert_scalar_int(tensor: Any, name: str | None = None) -> Tensor:
    """The tensor itself; ValueError unless it is an integer scalar."""
    with name_scope(name, "assert_scalar_int", [tensor]) as scope:
        tensor = convert_to_tensor(tensor)
        if not tensor.dtype.base_dtype.is_integer:
            raise ValueError(
                f"Expected integer type for {tensor.name}, received type: {tensor.dtype}."
            )
        return check_ops.assert_scalar(tensor, name=scope)


def with_same_shape(expected_tensor: Tensor, tensor: Tensor) -> Tensor:
    """The tensor, checked to have the shape of another, now or in the run."""
    with name_scope(f"{tensor.op.name}/", values=[expected_tensor, tensor]):
        shape: Any = expected_tensor.shape
        if not shape.is_fully_defined():
            shape = array_ops.shape(expected_tensor, name="expected_shape")
        return with_shape(shape, tensor)


def with_shape(expected_shape: Any, tensor: Tensor) -> Tensor:
    """The tensor, checked to have this shape (a list or an int32 tensor), now or in the run.

    A tensor of one element becomes a scalar where one is expected. Raises ValueError where the
    static shape contradicts.
    """
    if isinstance(expected_shape, Tensor):
        if expected_shape.dtype.base_dtype is not int32:
            raise ValueError(
                f"Invalid dtype {expected_shape.dtype} for shape {expected_shape} expected of "
                f"tensor {tensor.name}."
            )
        return _checked_in_run(expected_shape, tensor)
    expected = _static_shape(expected_shape, tensor)
    if expected.ndims == 0 and tensor.shape.ndims != 0 and tensor.shape.is_compatible_with([1]):
        with name_scope(f"{tensor.op.name}/", values=[tensor]):
            return array_ops.reshape(tensor, [])
    if not tensor.shape.is_compatible_with(expected):
        raise ValueError(
            f"Invalid shape for tensor {tensor.name}, expected {expected}, got {tensor.shape}."
        )
    if tensor.shape.is_fully_defined():
        return tensor
    checked = _checked_in_run(_as_vector(expected), tensor)
    checked.set_shape(expected)
    return checked


def _static_shape(shape: Any, tensor: Tensor) -> TensorShape:
    if isinstance(shape, TensorShape):
        return shape
    if any(isinstance(d, (list, tuple)) for d in shape):
        raise ValueError(f"Invalid rank of shape {shape} expected of tensor {tensor.name}.")
    if any(isinstance(d, float) for d in shape):
        raise ValueError(f"Invalid dtype of shape {shape} expected of tensor {tensor.name}.")
    return as_shape([None if d is None or d < 0 else d for d in shape])


def _as_vector(shape: TensorShape) -> list[int]:
    return [-1 if d is None else d for d in shape.as_list()]


def _checked_in_run(expected: Any, tensor: Tensor) -> Tensor:
    with name_scope(f"{tensor.op.name}/", values=[tensor]):
        actual = array_ops.shape(tensor, name="actual")
        fits = math_ops.logical_or(
            math_ops.equal(expected, -1), math_ops.equal(expected, actual), name="fits"
        )
        what = f"Wrong shape for {tensor.name} [expected] [actual]."
        same_rank = math_ops.equal(array_ops.size(expected), array_ops.rank(tensor))
        valid = math_ops.logical_and(same_rank, math_ops.reduce_all(fits))
        check = check_ops.Assert(valid, [what, expected, actual])
        with get_default_graph().control_dependencies([check]):
            return array_ops.identity(tensor)


def get_placeholders(graph: Graph) -> list[Tensor]:
    """The graph's placeholders."""
    if not isinstance(graph, Graph):
        raise TypeError(f"Input graph needs to be a Graph: {graph}")
    return [op.outputs[0] for op in graph.get_operations() if op.type == "Placeholder"]


def get_graph_from_inputs(op_input_list: Sequence[Any], graph: Graph | None = None) -> Graph:
    """The graph of the inputs, else the default graph; ValueError if they are of several."""
    found = [x for x in op_input_list if isinstance(x, (Tensor, Operation))]
    graphs = {id(x.graph): x.graph for x in found}
    if graph is not None:
        graphs[id(graph)] = graph
    if len(graphs) > 1:
        raise ValueError(f"{found[-1]} must be from the same graph as {found[0]}.")
    return next(iter(graphs.values()), get_default_graph())
