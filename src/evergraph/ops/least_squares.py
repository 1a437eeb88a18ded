"""Least-squares solutions of linear systems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.opdef import Array, Attrs, Values, define
from ..core.shape import Shape, merge, merge_dim, with_rank_at_least
from ..core.tensor import Operation, Tensor
from .linalg import adjoint
from .solvers import TYPES, adjoint_of, product, refusing

_DEFICIENT = (
    "Input matrix was rank deficient or ill-conditioned. Try setting fast=False "
    "or provide a larger l2_regularizer > 0."
)


def _shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    matrix, rhs = (with_rank_at_least(s, 2) for s in shapes[:2])
    if matrix is None or rhs is None:
        return [None]
    batch = merge(matrix[:-2], rhs[:-2])
    merge_dim(matrix[-2], rhs[-2])
    return [(*(batch or ()), matrix[-1], rhs[-1])]


def _solution(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    a, b, weight = inputs
    if np.ndim(weight) or weight < 0:
        raise ValueError(f"l2_regularizer must be a scalar, and >= 0., got {weight}.")
    if a.shape[:-1] != b.shape[:-1]:
        raise ValueError(f"Matrices {a.shape} and right-hand sides {b.shape} do not fit.")
    if a.size == 0 or b.size == 0:
        return xp.zeros((*a.shape[:-2], a.shape[-1], b.shape[-1]), a.dtype)
    if attrs["fast"]:
        return _by_cholesky(xp, a, b, weight)
    least = np.finfo(a.dtype).eps * max(a.shape[-2:])
    return xp.linalg.pinv(a, rcond=least) @ b


def _by_cholesky(xp: Any, a: Array, b: Array, weight: Array) -> Array:
    """By the normal equations: (AᴴA + w)⁻¹ Aᴴ b, or Aᴴ (AAᴴ + w)⁻¹ b for wide A."""
    turned = adjoint(xp, a)
    tall = a.shape[-2] >= a.shape[-1]
    gramian = turned @ a if tall else a @ turned
    factor = xp.linalg.cholesky(gramian + xp.asarray(weight, a.dtype) * xp.eye(gramian.shape[-1]))
    half = xp.linalg.solve(factor, turned @ b if tall else b)
    solved = xp.linalg.solve(adjoint(xp, factor), half)
    return xp.asarray(solved if tall else turned @ solved, a.dtype)


def _grad(op: Operation, dx: Tensor) -> list[Any]:
    """By the normal equations, in the form for tall or for wide matrices."""
    if not op.attrs["fast"]:
        raise ValueError("Gradient not defined for fast=False")
    a, b, weight = op.inputs
    shape = a.static_shape
    if shape is None or None in shape[-2:]:
        raise NotImplementedError(
            "The gradient of MatrixSolveLs needs matrices of known size: use set_shape()."
        )
    tall = (shape[-2] or 0) >= (shape[-1] or 0)
    gramian = product(a, a, adj_a=tall, adj_b=not tall)
    diagonal = apply("MatrixDiagPart", gramian) + apply("Cast", weight, DstT=a.dtype)
    gramian = apply("MatrixSetDiag", gramian, diagonal)
    return [*(_tall_grad if tall else _wide_grad)(a, b, op.outputs[0], gramian, dx), None]


def _tall_grad(a: Any, b: Any, x: Any, gramian: Any, dx: Any) -> list[Any]:
    z = apply("MatrixSolve", gramian, dx)
    both = product(x, z, adj_b=True)
    return [product(b, z, adj_b=True) - product(a, both + adjoint_of(both)), product(a, z)]


def _wide_grad(a: Any, b: Any, x: Any, gramian: Any, dx: Any) -> list[Any]:
    db = apply("MatrixSolve", gramian, product(a, dx))
    solved = apply("MatrixSolve", gramian, b)
    rest = dx - product(a, db, adj_a=True)
    return [product(solved, rest, adj_b=True) - product(db, x, adj_b=True), db]


define(
    "MatrixSolveLs",
    "matrix:T rhs:T l2_regularizer:float64 -> output:T",
    f"T:type{{{TYPES}}}; fast:bool=true",
    shape=_shape,
    kernel=refusing(_solution, _DEFICIENT),
    grad=_grad,
)
