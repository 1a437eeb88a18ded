"""Cases of functions of matrices, diagonals, systems, Einstein's sums, transforms and sound."""

from __future__ import annotations

import struct

import numpy as np
from op_cases import Numbers, case

numbers = Numbers(17)
R, I, C = numbers.normal, numbers.integers, numbers.complex
CLOSE = 2e-5


def regular(*batch: int, n: int = 3) -> np.ndarray:
    """Matrices far from singular, without negative eigenvalues."""
    return (0.3 * R(*batch, n, n) + 2 * np.eye(n)).astype(np.float32)


def definite(*batch: int, n: int = 3) -> np.ndarray:
    """Symmetric positive definite matrices."""
    a = R(*batch, n, n)
    return (a @ np.swapaxes(a, -1, -2) + 2 * np.eye(n)).astype(np.float32)


# -- functions of matrices ---------------------------------------------------------------------
case("MatrixExponential", R(3, 3), grad=(0,), tolerance=CLOSE, oracle=False)
case("MatrixExponential", R(2, 2, 2), grad=(0,), tolerance=CLOSE, oracle=False)
case("MatrixExponential", C(3, 3), tolerance=CLOSE, oracle=False)
case("MatrixExponential", R(0, 0), oracle=False)
case("MatrixSquareRoot", regular(), grad=(0,), tolerance=CLOSE)
case("MatrixSquareRoot", regular(2), grad=(0,), tolerance=CLOSE)
case("MatrixSquareRoot", C(3, 3) + 4 * np.eye(3, dtype=np.complex64), tolerance=CLOSE)
case("MatrixSquareRoot", R(2, 0, 0))
case("MatrixLogarithm", regular().astype(np.complex64), tolerance=CLOSE)
case("MatrixLogarithm", regular(2).astype(np.complex64), tolerance=CLOSE)
case("Lu", R(3, 3), grad=(0,), tolerance=CLOSE)
case("Lu", R(2, 4, 4), grad=(0,), tolerance=CLOSE)
case("Lu", C(2, 3, 3), tolerance=CLOSE)

# -- decompositions ----------------------------------------------------------------------------
# The signs of vectors are nobody's: the oracle is asked for their gradients elsewhere.
for _shape in ((3, 3), (4, 2), (2, 2, 4)):
    _how = {"grad": (0,), "tolerance": CLOSE, "oracle": False}
    case("Qr", R(*_shape), **_how)
    case("Svd", R(*_shape), **_how)
case("SelfAdjointEigV2", definite(2), grad=(0,), symmetric=True, tolerance=CLOSE, oracle=False)

# -- diagonals ---------------------------------------------------------------------------------
_K = np.array([-1, 1], np.int32)
for _k, _shape in ((0, (2, 3)), (1, (2, 3)), (-2, (3,)), (_K, (2, 3, 3)), ([1, 2], (2, 3))):
    _band = np.asarray(_k, np.int32)
    # Today's gradients of bands align them otherwise.
    _how = {"grad": (0,), "sweep": True, "oracle": _band.ndim == 0}
    case("MatrixDiagV2", R(*_shape), _band, -1, -1, 0.5, **_how)
case("MatrixDiagV2", R(2), 1, 4, -1, 0.0, grad=(0,))
case("MatrixDiagV2", R(2, 3), np.array([-1, 0], np.int32), -1, 3, 0.0, grad=(0,), oracle=False)
for _k in (0, -1, 2, _K, [-2, 1]):
    _band = np.asarray(_k, np.int32)
    for _shape in ((3, 4), (2, 4, 3)):
        case("MatrixDiagPartV2", R(*_shape), _band, 0.5, grad=(0,))
case("MatrixSetDiagV2", R(3, 4), R(3), 1, grad=(0, 1))
case("MatrixSetDiagV2", R(2, 3, 3), R(2, 3, 3), _K, grad=(0, 1), sweep=True, oracle=False)

# -- systems -----------------------------------------------------------------------------------
for _shape in ((4, 3), (3, 4)):
    for _batch in ((), (2,)):
        _rhs = R(*_batch, _shape[0], 2)
        _how = {"grad": (0, 1), "tolerance": 1e-4, "needs_shapes": True}
        case("MatrixSolveLs", R(*_batch, *_shape), _rhs, np.array(0.5), **_how)
case("MatrixSolveLs", R(4, 3), R(4, 2), np.array(0.0), fast=False, tolerance=1e-4)
case("MatrixSolveLs", C(4, 3), C(4, 2), np.array(0.5), tolerance=1e-4)
for _pivots in (False, True):
    _diagonals = R(2, 3, 5)
    _diagonals[:, 1] += 4
    _how = {"partial_pivoting": _pivots, "tolerance": CLOSE}
    case("TridiagonalSolve", _diagonals, R(2, 5, 2), grad=(0, 1), **_how)
    case("TridiagonalSolve", C(3, 4), C(4, 1), **_how)
case("TridiagonalSolve", R(3, 1), R(1, 2), grad=(0, 1), tolerance=CLOSE)
case("TridiagonalSolve", R(3, 6), R(6, 2), grad=(1,), tolerance=1e-4)
_rows = [R(2, 1, 4) for _ in range(3)]
case("TridiagonalMatMul", *_rows, R(2, 4, 3), grad=(0, 1, 2, 3), tolerance=CLOSE)
case("TridiagonalMatMul", C(1, 3), C(1, 3), C(1, 3), C(3, 2), tolerance=CLOSE)

# -- Einstein's sums ---------------------------------------------------------------------------
for _equation, *_shapes in (
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("abc->b", (2, 3, 4)),
    ("aab->b", (3, 3, 2)),
    ("a->aa", (3,)),
    ("...ij,...jk->...ik", (2, 1, 2, 3), (4, 3, 2)),
    ("i...j,j->...i", (2, 4, 3), (3,)),
    ("ab,b,bc->ac", (2, 3), (3,), (3, 2)),
    ("...,a->a", (), (3,)),
):
    _count = len(_shapes)
    case(
        "Einsum",
        [R(*s) for s in _shapes],
        equation=_equation,
        grad=tuple(range(_count)),
        tolerance=CLOSE,
        oracle=_count < 3,
    )
case("Einsum", [C(2, 3), C(3, 2)], equation="ij,jk->ki", tolerance=CLOSE)

# -- the old names of batches ------------------------------------------------------------------
_BATCH = {"oracle": False, "tolerance": CLOSE}
case("BatchCholesky", definite(2), grad=(0,), symmetric=True, **_BATCH)
case("BatchCholeskyGrad", np.linalg.cholesky(definite(2)), np.tril(R(2, 3, 3)), **_BATCH)
case("BatchMatrixBandPart", R(2, 3, 3), np.int64(1), np.int64(0), grad=(0,), **_BATCH)
case("BatchMatrixDeterminant", regular(2), grad=(0,), **_BATCH)
case("BatchMatrixDiag", R(2, 3), grad=(0,), **_BATCH)
case("BatchMatrixDiagPart", R(2, 3, 3), grad=(0,), **_BATCH)
case("BatchMatrixInverse", regular(2), grad=(0,), **_BATCH)
case("BatchMatrixSetDiag", R(2, 3, 3), R(2, 3), grad=(0, 1), **_BATCH)
case("BatchMatrixSolve", regular(2), R(2, 3, 2), grad=(0, 1), **_BATCH)
case("BatchMatrixSolveLs", R(2, 4, 3), R(2, 4, 2), np.array(0.5), oracle=False, tolerance=1e-4)
case("BatchMatrixTriangularSolve", regular(2), R(2, 3, 2), grad=(0, 1), **_BATCH)
case("BatchSelfAdjointEig", definite(2), grad=(0,), symmetric=True, **_BATCH)
case("SelfAdjointEig", definite(2), grad=(0,), symmetric=True, **_BATCH)
case("BatchSelfAdjointEigV2", definite(2), grad=(0,), symmetric=True, **_BATCH)
case("BatchSvd", R(2, 3, 2), grad=(0,), **_BATCH)

# -- transforms --------------------------------------------------------------------------------
for _rank, _suffix in ((1, ""), (2, "2D"), (3, "3D")):
    _points = (2, 3, 4, 5)[-_rank - 1 :]
    for _name in (f"FFT{_suffix}", f"IFFT{_suffix}"):
        case(_name, C(*_points), tolerance=CLOSE)
        case(f"Batch{_name}", C(*_points), tolerance=CLOSE, oracle=False)
    for _lengths in (_points[-_rank:], tuple(d - 1 for d in _points[-_rank:])):
        _lengths = np.array(_lengths, np.int32)
        case(f"RFFT{_suffix}", R(*_points), _lengths, tolerance=CLOSE)
        case(f"IRFFT{_suffix}", C(*_points), _lengths, tolerance=CLOSE)

# -- sound -------------------------------------------------------------------------------------
_SAMPLES = np.clip(0.4 * R(20, 2), -1, 1).astype(np.float32)
_WAV = struct.pack(
    "<4sI4s4sIHHIIHH4sI4h",
    *(b"RIFF", 44, b"WAVE", b"fmt ", 16, 1, 2, 8000, 32000, 4, 16, b"data", 8),
    *(1, -2, 32767, -32768),
)  # fmt: skip
case("DecodeWav", np.array(_WAV, object), tolerance=1e-7)
case("DecodeWav", np.array(_WAV, object), desired_channels=1, desired_samples=1, tolerance=1e-7)
case("DecodeWav", np.array(_WAV, object), desired_channels=3, desired_samples=4, tolerance=1e-7)
case("EncodeWav", _SAMPLES, 8000, limits=True)
case(
    "EncodeWav",
    np.array([[2.0], [-2.0], [0.5 / 32768], [-0.5 / 32768]], np.float32),
    44100,
    limits=True,
)
case("AudioSpectrogram", _SAMPLES[:, :1], window_size=6, stride=4, tolerance=CLOSE)
case(
    "AudioSpectrogram",
    _SAMPLES[:, :1],
    window_size=8,
    stride=8,
    magnitude_squared=True,
    tolerance=CLOSE,
)
_SPECTRA = np.abs(R(2, 3, 65)).astype(np.float32)
case("Mfcc", _SPECTRA, 16000, tolerance=CLOSE, filterbank_channel_count=20)
case(
    "Mfcc",
    _SPECTRA,
    8000,
    filterbank_channel_count=10,
    dct_coefficient_count=10,
    upper_frequency_limit=3000.0,
    tolerance=CLOSE,
)
