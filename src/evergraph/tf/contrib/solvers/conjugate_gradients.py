"""Conjugate gradients: linear systems and least squares by products with the matrix alone."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from ... import array_ops, math_ops, matrix_ops
from ...control_flow_ops import while_loop
from ...framework import name_scope
from .operators import dot, l2norm_squared

CGState = namedtuple("CGState", ["i", "x", "r", "p", "gamma"])
CGLSState = namedtuple("CGLSState", ["i", "x", "r", "p", "gamma"])


def _start(operator: Any, rhs: Any) -> Any:
    zeros = array_ops.zeros(operator.shape[1:], dtype=rhs.dtype.base_dtype)
    return array_ops.expand_dims(zeros, -1)


def _flat(state: Any) -> Any:
    """The state with vectors in place of columns."""
    vectors = {key: array_ops.squeeze(getattr(state, key)) for key in ("x", "r", "p")}
    return state._replace(**vectors)


def _in_shapes_of(old: Any, new: Any) -> Any:
    """The new state, with what was known of the old one's shapes: an operator may not know them."""
    for before, after in zip(old[1:], new[1:], strict=True):
        after.set_shape(before.get_shape())
    return new


def conjugate_gradient(
    operator: Any,
    rhs: Any,
    preconditioner: Any = None,
    x: Any = None,
    tol: Any = 1e-4,
    max_iter: Any = 20,
    name: Any = "conjugate_gradient",
) -> Any:
    """Solves A x = rhs for a self-adjoint positive definite A (Hestenes and Stiefel, 1952).

    `operator` has `shape`, `dtype` and `apply` (see `create_operator`), `rhs` is a vector;
    `preconditioner`, an operator too, stands for an approximate inverse; `x` is where to start.
    It ends when the residual's norm is below `tol` times the first one's, or after `max_iter`
    steps. The result has `i` (steps), `x` (the solution), `r` (the residual), `p` (the next
    direction) and `gamma` (rᴴ r, or rᴴ M r).
    """
    with name_scope(name):
        precondition = (lambda r: r) if preconditioner is None else preconditioner.apply
        residual = array_ops.expand_dims(rhs, -1)
        if x is None:
            x = _start(operator, residual)
        else:
            x = array_ops.expand_dims(x, -1)
            residual = residual - operator.apply(x)
        direction = precondition(residual)
        limit = tol * matrix_ops.norm(residual)

        def goes_on(i: Any, state: Any) -> Any:
            return math_ops.logical_and(i < max_iter, matrix_ops.norm(state.r) > limit)

        def step(i: Any, state: Any) -> Any:
            product = operator.apply(state.p)
            length = state.gamma / dot(state.p, product)
            r = state.r - length * product
            q = precondition(r)
            gamma = dot(r, q)
            p = q + gamma / state.gamma * state.p
            new = CGState(i + 1, state.x + length * state.p, r, p, gamma)
            return i + 1, _in_shapes_of(state, new)

        first = CGState(array_ops.constant(0), x, residual, direction, dot(residual, direction))
        return _flat(while_loop(goes_on, step, [first.i, first])[1])


def cgls(operator: Any, rhs: Any, tol: Any = 1e-6, max_iter: Any = 20, name: Any = "cgls") -> Any:
    """Minimises ||A x - rhs||: conjugate gradients for the normal equations AᴴA x = Aᴴ rhs.

    `operator` has `shape`, `dtype`, `apply` and `apply_adjoint`, `rhs` is a vector. It ends when
    the norm of Aᴴ(rhs - A x) is below `tol` times the first one, or after `max_iter` steps. The
    result has `i` (steps), `x` (the solution), `r` (rhs - A x), `p` (the next direction) and
    `gamma` (the square of that norm).
    """
    with name_scope(name):
        residual = array_ops.expand_dims(rhs, -1)
        direction = operator.apply_adjoint(residual)
        gamma0 = l2norm_squared(direction)
        limit = tol * tol * gamma0

        def goes_on(i: Any, state: Any) -> Any:
            return math_ops.logical_and(i < max_iter, state.gamma > limit)

        def step(i: Any, state: Any) -> Any:
            product = operator.apply(state.p)
            length = state.gamma / l2norm_squared(product)
            r = state.r - length * product
            s = operator.apply_adjoint(r)
            gamma = l2norm_squared(s)
            p = s + gamma / state.gamma * state.p
            new = CGLSState(i + 1, state.x + length * state.p, r, p, gamma)
            return i + 1, _in_shapes_of(state, new)

        x = _start(operator, residual)
        first = CGLSState(array_ops.constant(0), x, residual, direction, gamma0)
        return _flat(while_loop(goes_on, step, [first.i, first])[1])
