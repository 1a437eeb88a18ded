"""Cases of products of matrices and of factorisations."""

from __future__ import annotations

import numpy as np
from op_cases import Numbers, case

numbers = Numbers(3)
R, I, C = numbers.normal, numbers.integers, numbers.complex
CLOSE = 4e-6

# -- products ----------------------------------------------------------------------------------
for _a in (False, True):
    for _b in (False, True):
        _left, _right = ((4, 3) if _a else (3, 4)), ((5, 4) if _b else (4, 5))
        _turns = {"transpose_a": _a, "transpose_b": _b}
        case("MatMul", R(*_left), R(*_right), grad=(0, 1), tolerance=CLOSE, sweep=True, **_turns)
        case("MatMul", C(*_left), C(*_right), tolerance=CLOSE, **_turns)
        case("SparseMatMul", R(*_left), R(*_right), grad=(), tolerance=CLOSE, **_turns)
        _adjoints = {"adj_x": _a, "adj_y": _b, "tolerance": CLOSE}
        case("BatchMatMul", R(2, *_left), R(2, *_right), grad=(0, 1), **_adjoints)
        case("BatchMatMulV2", R(2, *_left), R(2, *_right), grad=(0, 1), sweep=True, **_adjoints)
        case("BatchMatMulV2", R(3, 1, *_left), R(2, *_right), grad=(0, 1), **_adjoints)
        case("BatchMatMulV2", C(2, *_left), C(*_right), **_adjoints)
case("MatMul", I(3, 4), I(4, 2))
case("MatMul", R(3, 0), R(0, 2))
case("Cross", R(2, 3), R(2, 3), grad=(0, 1), tolerance=CLOSE, sweep=True)

# -- factorisations ----------------------------------------------------------------------------


def regular(*batch: int, n: int = 3) -> np.ndarray:
    """Matrices far from singular."""
    return R(*batch, n, n) + 3 * np.eye(n, dtype=np.float32)


def definite(*batch: int, n: int = 3) -> np.ndarray:
    """Symmetric positive definite matrices."""
    a = R(*batch, n, n)
    return (a @ np.swapaxes(a, -1, -2) + 2 * np.eye(n)).astype(np.float32)


for _batch in ((), (2,)):
    case("MatrixDeterminant", regular(*_batch), grad=(0,), tolerance=1e-5)
    case("LogMatrixDeterminant", regular(*_batch), grad=(0,), tolerance=1e-5)
    case("MatrixInverse", regular(*_batch), grad=(0,), tolerance=1e-5)
    case("MatrixInverse", regular(*_batch), grad=(0,), tolerance=1e-5, adjoint=True)
    case("Cholesky", definite(*_batch), grad=(0,), tolerance=1e-5, symmetric=True)
    for _adjoint in (False, True):
        _rhs, _how = R(*_batch, 3, 2), {"adjoint": _adjoint, "tolerance": 1e-5}
        case("MatrixSolve", regular(*_batch), _rhs, grad=(0, 1), **_how)
        for _lower in (False, True):
            _how["lower"] = _lower
            case("MatrixTriangularSolve", regular(*_batch), _rhs, grad=(0, 1), **_how)
    _values = {"grad": (0,), "tolerance": 1e-5, "second": False, "compared": 1}
    case("SelfAdjointEigV2", definite(*_batch), compute_v=False, **_values)
    case("Svd", R(*_batch, 4, 3), compute_uv=False, **_values)
case("MatrixDeterminant", C(3, 3), tolerance=1e-5)
case("Cholesky", np.eye(2, dtype=np.complex64) * 4)
case("CholeskyGrad", np.linalg.cholesky(definite()), np.tril(R(3, 3)), oracle=False)
# The signs of singular and eigenvectors are nobody's: values alone are compared.
case("Svd", R(3, 4), compute_uv=True, oracle=False)
case("Svd", R(4, 3), compute_uv=True, full_matrices=True, oracle=False)
case("SelfAdjointEigV2", definite(), compute_v=True, oracle=False)
case("Qr", R(4, 3), oracle=False, grad=(0,), tolerance=1e-5, needs_shapes=True)
case("Qr", R(3, 4), oracle=False, full_matrices=True)
