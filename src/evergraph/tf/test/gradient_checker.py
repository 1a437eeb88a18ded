"""Jacobians by the graph's gradients and by central differences.

A complex tensor counts as a real one with twice as many elements, real and imaginary parts in
turn, so every Jacobian is real.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ...core.dtypes import as_dtype, bfloat16
from ...core.emit import apply
from ...core.graph import Graph
from ...core.shape import is_known
from ...core.tensor import Tensor
from ...runtime.session import Session, get_default_session
from ...runtime.traps import EvergraphWarning
from ..array_ops import constant, identity, placeholder_with_default, reshape
from ..framework import convert_to_tensor
from ..gradients_impl import gradients


def _session() -> Any:
    session = get_default_session()
    if session is None:
        raise ValueError("Checking gradients needs a default session: use `with tf.Session():`.")
    return session


def _size(shape: Any, dtype: Any) -> int:
    return math.prod(int(n) for n in shape) * (2 if dtype.is_complex else 1)


def _flat(array: Any, dtype: Any) -> np.ndarray[Any, Any]:
    """A view of an array as one row of real numbers."""
    return np.ascontiguousarray(array).reshape(-1).view(dtype.real_dtype.as_numpy_dtype)


def _gradient(x: Any, y: Any, y_shape: Any) -> tuple[Any, Any]:
    """The gradient of y by x, and the tensor to feed with y's own gradient."""
    with x.graph.as_default():
        # The gradient may be dy itself; through an identity it can be fetched while dy is fed.
        fed = constant(1.0, shape=list(y_shape), dtype=y.dtype.base_dtype)
        dy = identity(fed)
        if is_known(y.static_shape) and list(y.static_shape) != list(y_shape):
            dy = reshape(dy, y.static_shape)  # a scalar may be given the shape [1]
        (dx,) = gradients(y, x, dy)
    if dx is None:
        raise ValueError(f"{y.name} does not depend on {x.name}, or has no gradient by it.")
    return dx, fed


def _fetched(dx: Any, shape: Any, feeds: Any) -> np.ndarray[Any, Any]:
    """The value of a gradient; rows of IndexedSlices with one index are summed."""
    if isinstance(dx, Tensor):
        return np.asarray(_session().run(dx, feeds))
    values, indices = _session().run([dx.values, dx.indices], feeds)
    whole = np.zeros(shape, values.dtype)
    np.add.at(whole, indices, values)
    return whole


def _theoretical(
    x: Any, data: Any, dx: Any, y: Any, dy: Any, y_shape: Any, extra: Any
) -> np.ndarray[Any, Any]:
    x_size, y_size = _size(data.shape, x.dtype), _size(y_shape, y.dtype)
    jacobian = np.zeros((x_size, y_size), x.dtype.real_dtype.as_numpy_dtype)

    def backward(given: Any) -> Any:
        return _fetched(dx, data.shape, {**extra, x: data, dy: given})

    given = np.zeros(list(y_shape), y.dtype.as_numpy_dtype)
    row = _flat(given, y.dtype)
    for column in range(y_size):
        row[column] = 1
        jacobian[:, column] = _flat(backward(given), x.dtype)
        row[column] = 0
    if not y_size:
        _check_empty(backward(given), data)
    return jacobian


def _check_empty(got: Any, data: Any) -> None:
    if got.shape != data.shape:
        raise ValueError(f"The gradient of an empty tensor has shape {got.shape}, not {data.shape}")
    if np.any(got):
        raise ValueError("The gradient of an empty tensor is not zero.")


def _numeric(
    x: Any, data: Any, y: Any, y_shape: Any, delta: float, extra: Any
) -> np.ndarray[Any, Any]:
    # A step of delta vanishes in a bfloat16 result: differences are taken in float32.
    out = apply("Cast", y, DstT=as_dtype("float32")) if y.dtype.base_dtype == bfloat16 else y
    scale = np.asarray(2 * delta, out.dtype.real_dtype.as_numpy_dtype)
    x_size, y_size = _size(data.shape, x.dtype), _size(y_shape, y.dtype)
    jacobian = np.zeros((x_size, y_size), x.dtype.real_dtype.as_numpy_dtype)
    session = _session()
    for row in range(x_size):
        sides = []
        for step in (delta, -delta):
            moved = np.array(data, order="C")
            _flat(moved, x.dtype)[row] += step
            sides.append(session.run(out, {**extra, x: moved}))
        jacobian[row] = _flat((sides[0] - sides[1]) / scale, out.dtype)
    return jacobian


def _initial(x: Any, shape: Any, value: Any) -> np.ndarray[Any, Any]:
    """The value of x to check at: the given one, or uniform random numbers."""
    dtype = x.dtype.base_dtype
    if value is not None:
        if list(np.shape(value)) != list(shape):
            raise ValueError(f"x_init_value has shape {np.shape(value)}, x_shape is {shape}.")
        return np.asarray(value, dtype.as_numpy_dtype)
    data = np.asarray(np.random.random_sample(shape)).astype(dtype.as_numpy_dtype)
    if dtype.is_complex:
        data.imag = np.random.random_sample(shape)
    return data


def _jacobians(
    x: Any, x_shape: Any, y: Any, y_shape: Any, value: Any, delta: float, extra: Any, both: Any
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    for tensor in (x, y):
        if not (tensor.dtype.is_floating or tensor.dtype.is_complex):
            raise AssertionError(f"{tensor.name} has type {tensor.dtype.name}, not a float's.")
    dx, dy = both
    data = _initial(x, x_shape, value)
    with warnings.catch_warnings():
        # Feeding x and fetching the gradient by it is what this is for.
        warnings.simplefilter("ignore", EvergraphWarning)
        return (
            _theoretical(x, data, dx, y, dy, y_shape, extra),
            _numeric(x, data, y, y_shape, delta, extra),
        )


def jacobians_of(f: Any, xs: Any, delta: float) -> list[tuple[Any, Any]]:
    """For a function of arrays: the pairs of Jacobians of `f(*xs)` by each of `xs`."""
    arrays = [_array(x) for x in xs]
    graph = Graph()
    with graph.as_default(), Session(graph=graph).as_default() as session:
        inputs = [placeholder_with_default(constant(a), a.shape) for a in arrays]
        y = convert_to_tensor(f(*inputs))
        shape = session.run(y).shape
        shapes = [list(a.shape) for a in arrays]
        return [
            _pair(x, shape_of_x, y, shape, array, delta)
            for x, shape_of_x, array in zip(inputs, shapes, arrays, strict=True)
        ]


def _array(x: Any) -> np.ndarray[Any, Any]:
    if not isinstance(x, Tensor):
        return np.asarray(x)
    session = get_default_session()
    if session is not None:
        return np.asarray(session.run(x))
    with Session(graph=x.graph) as own:
        return np.asarray(own.run(x))


def _pair(x: Any, x_shape: Any, y: Any, y_shape: Any, value: Any, delta: float) -> Any:
    """The pair of Jacobians; zeros where y does not depend on x."""
    if gradients(y, x, identity(y)) == [None]:
        size = _size(x_shape, x.dtype), _size(y_shape, y.dtype)
        zero = np.zeros(size, x.dtype.real_dtype.as_numpy_dtype)
        return zero, zero
    return compute_gradient(x, x_shape, y, list(y_shape), value, delta)


def compute_gradient(
    x: Any,
    x_shape: Any,
    y: Any,
    y_shape: Any,
    x_init_value: Any = None,
    delta: Any = 1e-3,
    init_targets: Any = None,
    extra_feed_dict: Any = None,
) -> Any:
    """The Jacobian of y by x, by the graph's gradients and by differences: a pair of matrices.

    Row i, column j of each is the derivative of y's j-th element by x's i-th. For a list of x
    (with lists of shapes and initial values) it is a list of pairs. `init_targets` are run first;
    `extra_feed_dict` is fed in every run. It runs in the default session. Raises ValueError where
    there is none, and where y does not depend on x.
    """
    many = isinstance(x, list)
    xs, shapes = (x, x_shape) if many else ([x], [x_shape])
    values = x_init_value if many and x_init_value is not None else [x_init_value] * len(xs)
    parts = [_gradient(one, y, y_shape) for one in xs]
    for target in init_targets or ():
        _session().run(target)
    pairs = [
        _jacobians(one, shape, y, y_shape, value, delta, extra_feed_dict or {}, both)
        for one, shape, value, both in zip(xs, shapes, values, parts, strict=True)
    ]
    return pairs if many else pairs[0]


def compute_gradient_error(
    x: Any,
    x_shape: Any,
    y: Any,
    y_shape: Any,
    x_init_value: Any = None,
    delta: Any = 1e-3,
    init_targets: Any = None,
    extra_feed_dict: Any = None,
) -> Any:
    """The largest difference between the two Jacobians of `compute_gradient`; 0 if empty."""
    pairs = compute_gradient(
        x, x_shape, y, y_shape, x_init_value, delta, init_targets, extra_feed_dict
    )
    pairs = [pairs] if isinstance(pairs, tuple) else pairs
    return max((np.fabs(a - b).max() for a, b in pairs if a.size), default=0)
