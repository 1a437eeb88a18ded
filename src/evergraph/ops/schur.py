"""Functions of matrices by the Schur form: what the kernels of `matrix_functions` compute with.

All of it works on stacks of matrices, in complex double precision.
"""

from __future__ import annotations

import numpy as np

from ..core.opdef import Array

_MOST_STEPS = 100  # of the QR iteration, for each eigenvalue; two or three are usual


# -- the Schur form ----------------------------------------------------------------------------


def schur(a: Array) -> tuple[Array, Array]:
    """Unitary Q and upper triangular T with `a = Q T Qᴴ`, for each matrix of a stack."""
    stack = np.asarray(a, np.complex128)
    flat = stack.reshape(-1, *stack.shape[-2:])
    q, t = np.empty_like(flat), np.empty_like(flat)
    for i, matrix in enumerate(flat):
        q[i], t[i] = _schur(matrix)
    return q.reshape(stack.shape), t.reshape(stack.shape)


def _schur(a: Array) -> tuple[Array, Array]:
    """The Schur form of one matrix; the QR iteration (Golub and Van Loan, 7.5) finishes it."""
    if not np.isfinite(a).all():
        return np.full_like(a, np.nan), np.full_like(a, np.nan)
    # An orthonormal basis of the eigenvectors is most of the way for all but defective matrices.
    q, _ = np.linalg.qr(np.linalg.eig(a)[1])
    t = q.conj().T @ a @ q
    small = np.finfo(np.float64).eps * max(float(np.linalg.norm(a)), np.finfo(np.float64).tiny)
    for last in range(len(a) - 1, 0, -1):
        for step in range(_MOST_STEPS):
            if np.linalg.norm(t[last, :last]) <= small:
                break
            _qr_step(q, t, last, step)
        else:
            raise ValueError("The eigenvalues of a matrix could not be computed.")
    return q, np.triu(t)


def _qr_step(q: Array, t: Array, last: int, step: int) -> None:
    """One shifted QR step on the leading block that ends at `last`, in place."""
    n = last + 1
    shift = _wilkinson(t[last - 1 : n, last - 1 : n])
    if step % 10 == 9:  # an odd shift now and then, against cycles
        shift += float(np.linalg.norm(t[last, :last]))
    turn, _ = np.linalg.qr(t[:n, :n] - shift * np.eye(n))
    t[:n, :] = turn.conj().T @ t[:n, :]
    t[:, :n] = t[:, :n] @ turn
    q[:, :n] = q[:, :n] @ turn


def _wilkinson(block: Array) -> complex:
    """The eigenvalue of a 2 by 2 matrix nearest to its last element."""
    values = np.linalg.eigvals(block)
    return complex(values[np.argmin(np.abs(values - block[1, 1]))])


# -- triangular matrices -----------------------------------------------------------------------


def triangular_root(t: Array) -> Array:
    """The principal square roots of upper triangular matrices (Björck and Hammarling, 1983)."""
    n = t.shape[-1]
    root = np.zeros_like(t)
    for j in range(n):
        root[..., j, j] = np.sqrt(t[..., j, j])
        for i in range(j - 1, -1, -1):
            inner = np.einsum("...k,...k->...", root[..., i, i + 1 : j], root[..., i + 1 : j, j])
            rest = t[..., i, j] - inner
            total = root[..., i, i] + root[..., j, j]
            root[..., i, j] = np.where(
                (total == 0) & (rest == 0), 0, rest / np.where(total == 0, np.nan, total)
            )
    return root


# The nodes and weights of the Gauss quadrature on [0, 1] that log(1 + x) is a Padé quotient by.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2
_NEAR_ONE = 0.25  # of the norm of T - 1: there eight nodes give double precision


def triangular_log(t: Array) -> Array:
    """The principal logarithms of upper triangular matrices.

    Square roots until they are near 1, a Padé quotient, and doubling (Higham, Functions of
    Matrices, 11.5).
    """
    one = np.eye(t.shape[-1])
    root, doublings = t, 0
    while doublings < 60 and np.linalg.norm(root - one, 1, (-2, -1)).max(initial=0) > _NEAR_ONE:
        root, doublings = triangular_root(root), doublings + 1
    x = root - one
    total = np.zeros_like(t)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        total += weight * np.linalg.solve(one + node * x, x)
    total *= 2.0**doublings
    i = np.arange(t.shape[-1])
    total[..., i, i] = np.log(t[..., i, i])
    return total
