"""Matrix decompositions, over the last two axes of stacks of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.emit import apply
from ..core.opdef import Array, Attrs, Values, define
from ..core.shape import Dim, Shape, with_rank_at_least
from ..core.tensor import Operation, Tensor, axes_literal
from .elementwise_rules import conj, literal
from .linalg import adjoint
from .matrix_slices import beside, columns, extent, rows
from .solvers import TYPES, adjoint_of, gaps, in_single, product, refusing, square

# -- QR ----------------------------------------------------------------------------------------


def _qr_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    shape = with_rank_at_least(shapes[0], 2)
    if shape is None:
        return [None, None]
    *batch, m, n = shape
    least: Dim = None if m is None or n is None else min(m, n)
    inner = m if attrs["full_matrices"] else least
    return [(*batch, m, inner), (*batch, inner, n)]


def _qr(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array]:
    q, r = xp.linalg.qr(inputs[0], "complete" if attrs["full_matrices"] else "reduced")
    return q, r


def _least_extent(x: Any) -> Any:
    """The lesser of the numbers of rows and columns: an integer, or a tensor of one element."""
    shape = x.static_shape
    if shape is not None and None not in shape[-2:]:
        return int(min(shape[-2:]))
    return apply("Minimum", extent(x, -2), extent(x, -1))


def _known_to_be(size: Any, x: Any, axis: int) -> bool:
    """Whether an extent is known now and equals `size`."""
    shape = x.static_shape
    return isinstance(size, int) and shape is not None and shape[axis] == size


def _leading(q: Any, dq: Any, k: Any) -> tuple[Any, Any]:
    """The first k of the orthonormal columns, and the gradient that they stand for.

    What completes the basis moves with the first columns alone: dQ₂ = -Q₁ dQ₁ᴴ Q₂, but for
    rotations among the completing columns, on which nothing should hang.
    """
    if _known_to_be(k, q, -1):
        return q, dq
    first, completing = columns(q, None, k), columns(q, k, None)
    moved = product(columns(dq, k, None), first, adj_a=True)
    return first, columns(dq, None, k) - product(completing, moved)


def _qr_grad(op: Operation, dq: Tensor, dr: Tensor) -> list[Tensor]:
    """The gradient for full rank (Walter and Lehmann, arXiv:1009.6112; Roberts, 2009.10071).

    The columns behind the first square part follow as R₂ = Qᴴ A₂.
    """
    a: Any = op.inputs[0]
    q: Any
    r: Any
    q, r = op.outputs
    k = _least_extent(a)
    q, leading = _leading(q, dq, k)
    if not _known_to_be(k, r, -2):
        r, dr = rows(r, None, k), rows(dr, None, k)
    if _known_to_be(k, r, -1):
        return [_thin_qr_grad(q, r, leading, dr)]
    dbehind = columns(dr, k, None)
    leading = leading + product(columns(a, k, None), dbehind, adj_b=True)
    first = _thin_qr_grad(q, columns(r, None, k), leading, columns(dr, None, k))
    return [beside(first, product(q, dbehind))]


def _thin_qr_grad(q: Any, r: Any, dq: Any, dr: Any) -> Any:
    m = product(r, dr, adj_b=True) - product(dq, q, adj_a=True)
    lower = apply("MatrixBandPart", m, -1, 0)
    diagonal = apply("MatrixBandPart", m, 0, 0)
    # Only the strictly lower triangle and its mirror image matter, and the diagonal's real part.
    both = (diagonal + conj(diagonal)) * literal(0.5, m)
    symmetric = lower + adjoint_of(lower) - both
    rhs = dq + product(q, symmetric)
    return adjoint_of(apply("MatrixTriangularSolve", r, adjoint_of(rhs), lower=False))


define(
    "Qr",
    "input:T -> q:T r:T",
    f"full_matrices:bool=false; T:type{{{TYPES}}}",
    shape=_qr_shape,
    kernel=in_single(_qr),
    grad=_qr_grad,
)

# -- the inverse -------------------------------------------------------------------------------


def _inverse(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    return xp.linalg.inv(adjoint(xp, inputs[0]) if attrs["adjoint"] else inputs[0])


def _inverse_grad(op: Operation, dy: Tensor) -> list[Tensor]:
    inverse = op.outputs[0]
    if op.attrs["adjoint"]:  # y = inverse(a*): dy* takes the place of dy
        return [-product(product(inverse, dy, adj_b=True), inverse)]
    return [-product(product(inverse, dy, adj_a=True), inverse, adj_b=True)]


define(
    "MatrixInverse",
    "input:T -> output:T",
    f"adjoint:bool=false; T:type{{{TYPES}}}",
    shape=lambda shapes, attrs, values: [square(shapes[0])],
    kernel=refusing(_inverse, "Input is not invertible."),
    grad=_inverse_grad,
)

# -- singular values ---------------------------------------------------------------------------


def _svd_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    shape = with_rank_at_least(shapes[0], 2)
    if shape is None:
        return [None] * 3 if attrs["compute_uv"] else [None, (0,), (0,)]
    *batch, m, n = shape
    least: Dim = None if m is None or n is None else min(m, n)
    if not attrs["compute_uv"]:
        return [(*batch, least), (0,), (0,)]
    inner, outer = (m, n) if attrs["full_matrices"] else (least, least)
    return [(*batch, least), (*batch, m, inner), (*batch, n, outer)]


def _svd(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array, Array]:
    x = inputs[0]
    if not attrs["compute_uv"]:
        empty = xp.zeros((0,), x.dtype)
        return xp.asarray(xp.linalg.svd(x, compute_uv=False), x.dtype), empty, empty
    u, s, vh = xp.linalg.svd(x, full_matrices=attrs["full_matrices"])
    return xp.asarray(s, x.dtype), u, adjoint(xp, vh)


def _svd_grad(op: Operation, ds: Tensor, du: Tensor, dv: Tensor) -> list[Any]:
    """Townsend, Differentiating the SVD (2016); for complex matrices Wan and Zhang (1909.02659).

    With equal or zero singular values the vectors have no gradient: it is infinite or NaN.
    """
    a: Any = op.inputs[0]
    s, u, v = op.outputs
    alone = not op.attrs["compute_uv"] or all(d.op.type == "ZerosLike" for d in (du, dv))
    if not op.attrs["compute_uv"]:
        _, u, v = apply("Svd", a, compute_uv=True, full_matrices=False)
    if ds.dtype.is_complex:  # the values are real all the same
        ds = (ds + conj(ds)) * literal(0.5, ds)
    k = _least_extent(a)
    if alone:  # of the values, which is finite where that of the vectors is not
        u, v = (x if _known_to_be(k, x, -1) else columns(x, None, k) for x in (u, v))
        return [product(u * apply("ExpandDims", ds, axes_literal(-2)), v, adj_b=True)]
    (u, du), (v, dv) = _leading(u, du, k), _leading(v, dv, k)
    return [_vectors_grad(a, (s, u, v), (ds, du, dv))]


def _vectors_grad(a: Any, usv: Any, grads: Any) -> Any:
    (s, u, v), (ds, du, dv) = usv, grads
    across, down = (apply("ExpandDims", s, axes_literal(i)) for i in (-2, -1))
    by_u, by_v = product(u, du, adj_a=True), product(v, dv, adj_a=True)
    turn_u, turn_v = by_u - adjoint_of(by_u), by_v - adjoint_of(by_v)
    inner = gaps(s * s) * (turn_u * across + down * turn_v)
    diagonal = ds
    if s.dtype.is_complex:
        diagonal = diagonal + apply("MatrixDiagPart", turn_u) / (s * literal(2, s))
    grad = product(product(u, inner + apply("MatrixDiag", diagonal)), v, adj_b=True)
    k = _least_extent(a)
    if not _known_to_be(k, a, -2):
        grad = grad + product((du - product(u, by_u)) / across, v, adj_b=True)
    if not _known_to_be(k, a, -1):
        grad = grad + product(u / across, dv - product(v, by_v), adj_b=True)
    return grad


define(
    "Svd",
    "input:T -> s:T u:T v:T",
    f"compute_uv:bool=true; full_matrices:bool=false; T:type{{{TYPES}}}",
    shape=_svd_shape,
    kernel=refusing(_svd, "The singular values could not be computed."),
    grad=_svd_grad,
)
