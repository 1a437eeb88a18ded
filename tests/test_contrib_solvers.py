"""Conjugate gradients and Lanczos' method against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evergraph import errors, tf
from evergraph.tf.contrib import solvers


def _run(fetches: Any, feeds: Any = None) -> Any:
    return tf.Session().run(fetches, feeds)


def _normal(*shape: int) -> np.ndarray:
    return np.random.RandomState(3).normal(size=shape)


@pytest.mark.parametrize("known", [True, False])
def test_conjugate_gradients_solve(known: bool) -> None:
    a, b = _normal(6, 6), _normal(6)
    definite = a @ a.T + np.eye(6)
    matrix = tf.constant(definite) if known else tf.placeholder_with_default(definite, None)
    operator = solvers.create_operator(matrix)
    inverse = solvers.create_operator(tf.constant(np.diag(1 / np.diag(definite))))
    wanted = np.linalg.solve(definite, b)
    for more in (
        {},
        {"preconditioner": inverse},
        {"preconditioner": solvers.identity_operator(matrix)},
        {"x": tf.constant(wanted + 0.1)},
    ):
        state = solvers.conjugate_gradient(operator, tf.constant(b), tol=1e-10, max_iter=50, **more)
        got = _run(state._asdict())
        np.testing.assert_allclose(got["x"], wanted, rtol=1e-7)
        np.testing.assert_allclose(got["r"], b - definite @ got["x"], atol=1e-8)
        assert 0 < got["i"] < 50
    assert _run(solvers.conjugate_gradient(operator, tf.constant(b), max_iter=2).i) == 2


def test_least_squares() -> None:
    a, b = _normal(7, 3), _normal(7)
    state = solvers.cgls(solvers.create_operator(tf.constant(a)), tf.constant(b), tol=1e-12)
    got = _run(state._asdict())
    np.testing.assert_allclose(got["x"], np.linalg.lstsq(a, b, rcond=None)[0], rtol=1e-8)
    np.testing.assert_allclose(got["r"], b - a @ got["x"], atol=1e-8)
    assert got["i"] == 3


@pytest.mark.parametrize("orthogonalize", [True, False])
def test_lanczos(orthogonalize: bool) -> None:
    a, k = _normal(8, 5), 4
    operator = solvers.create_operator(tf.constant(a))
    start = tf.constant(_normal(8))
    found = solvers.lanczos_bidiag(operator, k, orthogonalize, start)
    products = [
        solvers.bidiag_matmul(found.u, found.alpha, found.beta),
        solvers.bidiag_matmul(found.v, found.alpha, found.beta, adjoint_b=True),
    ]
    got, (left, right) = _run([found._asdict(), products])
    u, v = got["u"], got["v"]
    np.testing.assert_allclose(a @ v, left, atol=1e-10)
    np.testing.assert_allclose((a.T @ u)[:, :k], right, atol=1e-10)
    np.testing.assert_allclose(u.T @ u, np.eye(k + 1), atol=1e-8)
    np.testing.assert_allclose(v.T @ v, np.eye(k), atol=1e-8)
    with pytest.raises(errors.UnimplementedError, match="steps"):
        solvers.lanczos_bidiag(operator, tf.placeholder(tf.int32))
    random = solvers.lanczos_bidiag(operator, tf.constant(2))
    assert [x.shape for x in _run(list(random))] == [(8, 3), (5, 2), (2,), (2,)]
