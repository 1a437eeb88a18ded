"""Matrix decompositions, over the last two axes of stacks of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.emit import apply
from ..core.opdef import Array, Attrs, Values, define
from ..core.shape import Dim, Shape, with_rank_at_least
from ..core.tensor import Operation, Tensor
from .solvers import adjoint_of, product

_TYPES = "float64,float32,float16,complex64,complex128"


def _qr_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    shape = with_rank_at_least(shapes[0], 2)
    if shape is None:
        return [None, None]
    *batch, m, n = shape
    least: Dim = None if m is None or n is None else min(m, n)
    inner = m if attrs["full_matrices"] else least
    return [(*batch, m, inner), (*batch, inner, n)]


def _qr(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array]:
    (a,) = inputs
    half = a.dtype == xp.float16  # LAPACK has no half precision
    q, r = xp.linalg.qr(
        a.astype(xp.float32) if half else a, "complete" if attrs["full_matrices"] else "reduced"
    )
    return (q.astype(a.dtype), r.astype(a.dtype)) if half else (q, r)


def _qr_grad(op: Operation, dq: Tensor, dr: Tensor) -> list[Tensor]:
    """The gradient for full column rank (Walter and Lehmann, arXiv:1009.6112)."""
    q, r = op.outputs
    shape = q.static_shape
    if shape is None or r.static_shape is None or r.static_shape[-1] != shape[-1]:
        raise NotImplementedError(
            "The gradient of Qr needs a matrix with at least as many rows as columns, "
            "full_matrices=False and known last extents."
        )
    m = product(r, dr, adj_b=True) - product(dq, q, adj_a=True)
    lower = apply("MatrixBandPart", m, -1, 0)
    diagonal = apply("MatrixBandPart", m, 0, 0)
    # Only the strictly lower triangle and its mirror image matter, and the diagonal once.
    symmetric = lower + adjoint_of(lower) - diagonal
    rhs = dq + product(q, symmetric)
    return [product(rhs, apply("MatrixInverse", r, adjoint=True))]


def _inverse_grad(op: Operation, dy: Tensor) -> list[Tensor]:
    inverse = op.outputs[0]
    if op.attrs["adjoint"]:  # y = inverse(a*): dy* takes the place of dy
        return [-product(product(inverse, dy, adj_b=True), inverse)]
    return [-product(product(inverse, dy, adj_a=True), inverse, adj_b=True)]


def _square(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    shape = with_rank_at_least(shapes[0], 2)
    if shape is not None and None not in shape[-2:] and shape[-1] != shape[-2]:
        raise ValueError(f"Dimensions must be equal, but are {shape[-2]} and {shape[-1]}.")
    return [shape]


def _inverse(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    (a,) = inputs
    if attrs["adjoint"]:
        a = xp.conj(xp.swapaxes(a, -1, -2))
    half = a.dtype == xp.float16
    result = xp.linalg.inv(a.astype(xp.float32) if half else a)
    return result.astype(a.dtype) if half else result


define(
    "Qr",
    "input:T -> q:T r:T",
    f"full_matrices:bool=false; T:type{{{_TYPES}}}",
    shape=_qr_shape,
    kernel=_qr,
    grad=_qr_grad,
)
define(
    "MatrixInverse",
    "input:T -> output:T",
    f"adjoint:bool=false; T:type{{{_TYPES}}}",
    shape=_square,
    kernel=_inverse,
    grad=_inverse_grad,
)
