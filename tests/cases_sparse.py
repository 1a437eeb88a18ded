"""Cases of sparse tensors, of buckets, and of rows written in place."""

from __future__ import annotations

import numpy as np
from op_cases import Numbers, case

numbers = Numbers(17)
R = numbers.normal
CLOSE = 1e-5


def longs(*values: object) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """An int64 array."""
    return np.array(values, np.int64)


# Two matrices of shape [3, 4], and a tensor of shape [2, 3, 2].
A = (longs([0, 1], [1, 0], [1, 3], [2, 2]), R(4), longs(3, 4))
B = (longs([0, 0], [1, 0], [1, 2], [2, 2], [2, 3]), R(5), longs(3, 4))
CUBE = (longs([0, 0, 1], [0, 2, 0], [1, 0, 0], [1, 0, 1], [1, 2, 1]), R(5), longs(2, 3, 2))
WORDS = np.array([b"a", b"b", b"c", b"d"], object)

# -- order and shape -----------------------------------------------------------------------------
MIXED = (A[0][[2, 0, 3, 1]], A[1][[2, 0, 3, 1]], A[2])
case("SparseReorder", *MIXED, grad=(1,))
case("SparseReorder", MIXED[0], WORDS, MIXED[2])
case("SparseReshape", A[0], A[2], longs(2, -1))
case("SparseReshape", A[0], A[2], longs(12))
case("SparseReshape", CUBE[0], CUBE[2], longs(3, 1, -1))
case("SparseSlice", *A, longs(1, 0), longs(2, 3), grad=(1,), second=False)
case("SparseSlice", *A, longs(2, 3), longs(9, 9))
case("SparseSliceGrad", R(2), A[0], longs(1, 0), longs([0, 0], [1, 2]))
case("SparseConcat", [A[0], B[0]], [A[1], B[1]], [A[2], B[2]], concat_dim=0)
case("SparseConcat", [A[0], B[0]], [A[1], B[1]], [A[2], longs(3, 6)], concat_dim=-1)
case("SparseSplit", np.int64(1), *A, num_split=3)
case("SparseSplit", np.int64(0), *CUBE, num_split=2)
EMPTY_ROWS = (longs([0, 1], [2, 0], [2, 3]), R(3), longs(5, 4))
case("SparseFillEmptyRows", *EMPTY_ROWS, np.float32(7), grad=(1, 3), second=False)
case("SparseFillEmptyRows", longs([3, 0]), WORDS[:1], longs(4, 2), np.array(b"-", object))
case("SparseFillEmptyRowsGrad", longs(0, 2, 3), R(6), tolerance=1e-6)

# -- arithmetic ----------------------------------------------------------------------------------
case("SparseAdd", *A, *B, np.float32(0), grad=(1, 4), second=False)
case("SparseAdd", *A, *B, np.float32(0.7))
case("SparseAddGrad", R(3), A[0], B[0], longs([0, 0], [1, 0], [2, 2]))
case("SparseSparseMaximum", *A, *B)
case("SparseSparseMinimum", *A, *B)
for op in ("SparseDenseCwiseAdd", "SparseDenseCwiseMul", "SparseDenseCwiseDiv"):
    # TensorFlow has no gradient of the sum.
    asked = op != "SparseDenseCwiseAdd"
    for dense in ((3, 4), (4,), (3, 1)):
        operand = numbers.uniform(0.5, 2, *dense)
        case(op, *A, operand, grad=(1, 3), tolerance=1e-6, oracle=asked)
        case(op, *A, operand, tolerance=1e-6)
INTS = np.array([7, -7, 5, -9], np.int32)
case("SparseDenseCwiseDiv", A[0], INTS, A[2], np.array([2, 3, 4, 5], np.int32))
case("SparseTensorDenseAdd", *A, R(3, 4), grad=(1, 3), tolerance=1e-6)
case("SparseTensorDenseMatMul", *A, R(4, 2), grad=(1, 3), tolerance=CLOSE)
case("SparseTensorDenseMatMul", *A, R(3, 2), grad=(1, 3), tolerance=CLOSE, adjoint_a=True)
case("SparseTensorDenseMatMul", *A, R(2, 4), grad=(1, 3), tolerance=CLOSE, adjoint_b=True)
case(
    "SparseTensorDenseMatMul",
    A[0],
    numbers.complex(4),
    A[2],
    numbers.complex(2, 3),
    tolerance=CLOSE,
    adjoint_a=True,
    adjoint_b=True,
)
case("SparseTensorDenseMatMul", longs().reshape(0, 2), R(0), A[2], R(4, 2))
for op in ("SparseReduceSum", "SparseReduceMax"):
    grad = (1,) if op.endswith("Sum") else ()
    case(op, *A, (1,), grad=grad, tolerance=1e-6)
    case(op, *CUBE, (0, -1), grad=grad, tolerance=1e-6, keep_dims=True)
    case(op, *CUBE, (0, 1, 2), grad=grad, tolerance=1e-6)
    case(f"{op}Sparse", *CUBE, (0,), tolerance=1e-6)
    case(f"{op}Sparse", *CUBE, (1, 2), tolerance=1e-6, keep_dims=True)
case("SparseSoftmax", *A, grad=(1,), tolerance=1e-6)
case("SparseSoftmax", *CUBE, grad=(1,), tolerance=1e-6)

# -- sets ----------------------------------------------------------------------------------------
SET1 = np.array([[1, 5, 9], [3, 3, 2]], np.int32)
SET2 = np.array([[9, 9], [2, 7]], np.int32)
IDS = (longs([0, 0], [0, 1], [1, 0], [1, 1]), longs(9, 4, 2, 2).astype(np.int32), longs(2, 3))
OTHERS = (longs([0, 0], [1, 0]), longs(4, 8).astype(np.int32), longs(2, 2))
for how in ("a-b", "b-a", "intersection", "union"):
    case("DenseToDenseSetOperation", SET1, SET2, set_operation=how)
    case("DenseToSparseSetOperation", SET1, *IDS, set_operation=how)
    case("SparseToSparseSetOperation", *IDS, *OTHERS, set_operation=how)
case("SparseToSparseSetOperation", *IDS, *OTHERS, set_operation="union", validate_indices=False)
case("SetSize", *IDS)

# -- crosses and storage ---------------------------------------------------------------------------
COLUMN = (longs([0, 0], [1, 0], [1, 1]), np.array([b"x", b"y", b"z"], object), longs(2, 2))
NUMBERED = (longs([0, 0], [0, 1], [1, 0]), longs(4, 5, 6), longs(2, 2))
# TensorFlow's op of this name has other attributes today.
for hashed, out in ((False, "string"), (True, "int64")):
    case(
        "SparseCross",
        [COLUMN[0], NUMBERED[0]],
        [COLUMN[1], NUMBERED[1]],
        [COLUMN[2], NUMBERED[2]],
        [np.array([[b"p"], [b"q"]], object)],
        oracle=False,
        hashed_output=hashed,
        num_buckets=1000 * hashed,
        hash_key=956888297470,
        out_type=out,
        internal_type="int64" if hashed else "string",
    )
case("SerializeSparse", *NUMBERED)
case("SerializeManySparse", *NUMBERED)

# -- buckets, bits, rows -------------------------------------------------------------------------
case("Bucketize", ((-5.0, 0.0, 3.0), (10.0, 1e9, -1e9)), boundaries=[0.0, 3.0, 8.0])
case("Bucketize", longs(-1, 0, 2, 9), boundaries=[0.0, 2.0])
case("CompareAndBitpack", R(3, 16), np.float32(0.1))
case("CompareAndBitpack", np.array([True, False] * 4), np.bool_(False))
for op in ("InplaceUpdate", "InplaceAdd", "InplaceSub"):
    case(op, R(3, 2), np.array([2, 0], np.int32), R(2, 2), tolerance=1e-6)
case("TileGrad", R(4, 6), (2, 3), oracle=False)
case("Fact", oracle=False)
