"""`tf.contrib.image.interpolate_spline`: polyharmonic splines."""

from __future__ import annotations

from typing import Any

from ....core.tensor import Tensor
from ....core.tensor_shape import dimension_value
from ... import array_ops, elementwise_ops, math_ops
from ...diagonal_ops import matrix_diag_part
from ...framework import convert_to_tensor, name_scope
from ...matrix_ops import matmul, matrix_solve
from ...reduction_ops import reduce_sum

_LEAST = 1e-10  # square distances below are taken for it, so that roots and logarithms exist


def _distances(x: Any, y: Any) -> Any:
    """The squares of the distances between two sets of points, [batch, points, points]."""
    x_norms = array_ops.expand_dims(reduce_sum(elementwise_ops.square(x), 2), 2)
    y_norms: Any = array_ops.expand_dims(reduce_sum(elementwise_ops.square(y), 2), 1)
    products: Any = matmul(x, y, adjoint_b=True)
    return x_norms - 2 * products + y_norms


def _own_distances(x: Any) -> Any:
    """The squares of the distances between points of one set, zeros on the diagonal."""
    products: Any = matmul(x, x, adjoint_b=True)
    norms: Any = array_ops.expand_dims(matrix_diag_part(products), 2)
    return norms - 2 * products + array_ops.transpose(norms, [0, 2, 1])


def _kernel(r: Any, order: int) -> Any:
    """r ** order for odd orders, r ** order * log(r) for even ones, of squares of r."""
    with name_scope("phi"):
        safe: Any = elementwise_ops.maximum(r, _LEAST)
        if order == 1:
            return elementwise_ops.sqrt(safe)
        if order == 2:
            return 0.5 * r * elementwise_ops.log(safe)
        if order == 4:
            return 0.5 * elementwise_ops.square(r) * elementwise_ops.log(safe)
        power: Any = math_ops.pow(safe, 0.5 * order)
        return 0.5 * power * elementwise_ops.log(safe) if order % 2 == 0 else power


def _known(extent: Any, what: str) -> int:
    size = dimension_value(extent)
    if size is None:
        raise ValueError(f"The dimensionality of the {what} must be statically-inferrable.")
    return int(size)


def _with_ones(points: Any) -> Tensor:
    return array_ops.concat([points, array_ops.ones_like(points[..., :1])], 2)


def _solved(points: Any, values: Any, order: int, weight: float) -> tuple[Any, Any]:
    """The weights of the kernels and of the linear part."""
    batch, count, _ = array_ops.unstack(array_ops.shape(points), num=3)
    axes = _known(points.shape[-1], "input points (d)")
    outputs = _known(values.shape[-1], "output values (k)")
    with name_scope("construct_linear_system"):
        a = _kernel(_own_distances(points), order)
        if weight > 0:
            identity: Any = array_ops.expand_dims(array_ops.eye(count, dtype=points.dtype), 0)
            a += weight * identity
        b = _with_ones(points)
        left = array_ops.concat([a, array_ops.transpose(b, [0, 2, 1])], 1)
        corner = array_ops.zeros([batch, axes + 1, axes + 1], points.dtype)
        system = array_ops.concat([left, array_ops.concat([b, corner], 1)], 2)
        rest = array_ops.zeros([batch, axes + 1, outputs], points.dtype)
        wanted = array_ops.concat([values, rest], 1)
    with name_scope("solve_linear_system"):
        weights: Any = matrix_solve(system, wanted)
        return weights[:, :count, :], weights[:, count:, :]


def interpolate_spline(
    train_points: Any,
    train_values: Any,
    query_points: Any,
    order: Any,
    regularization_weight: Any = 0.0,
    name: Any = "interpolate_spline",
) -> Tensor:
    """Values at points [batch, queries, d] of the smoothest function through others.

    train_points: [batch, n, d]; train_values: [batch, n, k]. order: 1 linear, 2 thin plates, 3
    cubic ... regularization_weight: how far it may miss the values. Iske, "Multiresolution methods
    in scattered data modelling" (2004).
    """
    with name_scope(name):
        points: Any = convert_to_tensor(train_points)
        values: Any = convert_to_tensor(train_values)
        queries: Any = convert_to_tensor(query_points)
        with name_scope("solve"):
            w, v = _solved(points, values, order, regularization_weight)
        with name_scope("predict"):
            kernels = _kernel(_distances(queries, points), order)
            bent: Any = matmul(kernels, w)
            return bent + matmul(_with_ones(queries), v)  # type: ignore[no-any-return]
