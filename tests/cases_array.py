"""Cases of the ops on arrays: operands, attributes, and which operands have a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
from op_cases import Numbers, case

from evergraph.core import dtypes

numbers = Numbers(0)
R, I = numbers.normal, numbers.integers


def E(*shape: int) -> np.ndarray[Any, Any]:
    """No integers."""
    return np.zeros(shape, np.int32)


X = R(2, 3, 4)
COMPLEX = (X + 1j * R(2, 3, 4)).astype(np.complex64)

# -- array.py --------------------------------------------------------------------------------
for _op in ("Identity", "StopGradient", "Snapshot", "ZerosLike", "OnesLike"):
    case(_op, X, grad=(0,) if _op in ("Identity", "Snapshot") else ())
case("ZerosLike", (b"a", b"b"))
case("IdentityN", [X, I(2)], grad=(0,))
case("CheckNumerics", X, message="m", grad=(0,))
case("EnsureShape", X, shape=(2, None, 4), grad=(0,))
case("Fill", (2, 3), 1.5, grad=(1,))
case("Fill", (2,), b"q")
case("Range", 0, 10, 3)
case("Range", 10, 0, -3)
case("Range", np.float32(0), np.float32(1), np.float32(0.25))
case("Range", np.float64(1), np.float64(-1), np.float64(-0.5))
case("LinSpace", np.float32(1), np.float32(7), 13)
case("LinSpace", np.float64(1), np.float64(1.3), 7, tolerance=1e-15)
case("LinSpace", np.float64(1), np.float64(1.3), 1)
case("Shape", X)
case("Shape", X, out_type=dtypes.int64)
case("ShapeN", [X, R(2)])
case("Size", X)
case("Rank", X)
case("BroadcastTo", R(3, 1), (2, 3, 4), grad=(0,))
case("BroadcastArgs", (2, 1), (3, 1, 4))
case("Bitcast", R(3), type=dtypes.int32)
case("Bitcast", R(3), type=dtypes.uint8)
case("Bitcast", I(3, 2), type=dtypes.float64)

# -- shape_ops.py ----------------------------------------------------------------------------
for _shape in ((6, 4), (-1,), (3, -1, 2), (2, 3, 4, 1)):
    case("Reshape", X, _shape, grad=(0,))
case("Reshape", R(1), E(0), grad=(0,))
case("Reshape", R(0, 3), np.array([3, 0], np.int64))
for _axis in (0, 1, -1, 3, -4):
    case("ExpandDims", X, _axis, grad=(0,), renamed={"dim": "axis"})
for _axes in ((), (0,), (-2,)):
    _renamed = {"squeeze_dims": "axis"}
    case("Squeeze", R(1, 2, 1, 3), squeeze_dims=_axes, grad=(0,), renamed=_renamed)
case("Transpose", X, (2, 0, 1), grad=(0,))
case("ConjugateTranspose", COMPLEX, (2, 0, 1))
case("ConjugateTranspose", X, np.array([1, 0, 2]), grad=(0,))
case("InvertPermutation", (2, 0, 1))
case("ConcatV2", [X, R(2, 5, 4)], 1, grad=(0, 1))
case("ConcatV2", [X, X], -1, grad=(0, 1))
case("ConcatV2", [np.array([b"a"], object), np.array([b"b", b"c"], object)], 0)
case("Concat", 1, [X, R(2, 5, 4)], grad=(1, 2))
case("ConcatOffset", 1, [(2, 3, 4), (2, 5, 4)])
for _axis in (0, 1, -1):
    case("Pack", [X, X + 1], axis=_axis, grad=(0, 1))
    case("Unpack", X, num=X.shape[_axis], axis=_axis, grad=(0,))
case("Pack", [1, 2])
case("Split", 1, X, num_split=3, grad=(1,), renamed={"split_dim": "axis"})
case("Split", -1, X, num_split=1, grad=(1,), renamed={"split_dim": "axis"})
case("SplitV", X, (1, -1, 1), -1, num_split=3, grad=(0,), renamed={"split_dim": "axis"})
case("Tile", X, (2, 1, 3), grad=(0,))
case("Tile", 2.0, E(0), grad=(0,))
case("Tile", np.array([b"a", b"b"], object), (2,))
for _op, _more in (("Pad", ()), ("PadV2", (7.0,))):
    case(_op, X, ((1, 0), (0, 2), (1, 1)), *_more, grad=(0,))
case("Pad", np.array([b"a"], object), ((1, 2),))
for _mode in ("REFLECT", "SYMMETRIC"):
    _pads = ((2, 1), (1, 2))
    case("MirrorPad", R(3, 4), _pads, mode=_mode, grad=(0,))
    case("MirrorPadGrad", R(6, 7), _pads, mode=_mode, grad=(0,), tolerance=1e-6)
case("ReverseV2", X, (0, -1), grad=(0,))
case("ReverseV2", X, E(0), grad=(0,))
case("Reverse", X, (True, False, True), grad=(0,))
case("Roll", X, (1, -2), (0, 2), grad=(0,))
case("Roll", X, 1, 1, grad=(0,))
case("Roll", X, (1, 2), (2, 2), grad=(0,))

# -- slicing.py ------------------------------------------------------------------------------
case("Slice", X, (0, 1, 2), (2, -1, 1), grad=(0,))
case("Slice", 3.0, E(0), E(0), grad=(0,))
SLICES: tuple[tuple[Any, Any, Any, dict[str, int]], ...] = (
    ((0, 1), (2, 3), (1, 1), {}),
    ((1,), (2,), (1,), {"shrink_axis_mask": 1}),
    (
        (0, 0, -1),
        (0, 0, 0),
        (1, 1, 1),
        {"ellipsis_mask": 1, "new_axis_mask": 2, "shrink_axis_mask": 4},
    ),
    ((-1, 0), (0, 0), (-1, 2), {"begin_mask": 2, "end_mask": 3}),
    ((5,), (-7,), (-2,), {}),
    ((1, 1, 1), (2, 2, 2), (1, 1, 1), {"shrink_axis_mask": 7}),
    (E(0), E(0), E(0), {}),
    ((2,), (1,), (1,), {}),
    ((0, 0, 0), (0, 0, 0), (1, 1, 1), {"new_axis_mask": 7}),
    ((0, 1), (1, 2), (1, 1), {"new_axis_mask": 1, "shrink_axis_mask": 3}),
    ((0, 1), (1, 2), (1, 1), {"ellipsis_mask": 1, "shrink_axis_mask": 1}),
)
SLICE_SHAPES = (
    (2, 2, 4),
    (3, 4),
    (2, 3, 1),
    (2, 2, 4),
    (1, 3, 4),
    (),
    (2, 3, 4),
    (0, 3, 4),
    (1, 1, 1, 2, 3, 4),
    (1, 3, 4),
    (2, 3, 1),
)
for (_b, _e, _s, _masks), _shape in zip(SLICES, SLICE_SHAPES, strict=True):
    case("StridedSlice", X, _b, _e, _s, grad=(0,), **_masks)
    case("StridedSliceGrad", (2, 3, 4), _b, _e, _s, R(*_shape), grad=(4,), **_masks)

# -- matrix_parts.py -------------------------------------------------------------------------
case("MatrixBandPart", R(2, 4, 5), np.array(1), np.array(-1), grad=(0,))
case("MatrixBandPart", R(4, 5), -1, 2, grad=(0,))
case("Diag", R(2, 3), grad=(0,))
case("DiagPart", R(2, 3, 2, 3), grad=(0,))
case("MatrixDiag", R(2, 3), grad=(0,))
case("MatrixDiagPart", R(2, 3, 4), grad=(0,))
case("MatrixDiagPart", R(3, 3), grad=(0,))
case("MatrixSetDiag", R(2, 3, 4), R(2, 3), grad=(0, 1))
case("MatrixSetDiag", R(4, 3), R(3), grad=(0, 1))

# -- selection.py ----------------------------------------------------------------------------
case("Gather", X, I(2, 2, hi=2), grad=(0,))
case("GatherV2", X, I(2, 2, hi=2), 0, grad=(0,))
case("GatherV2", X, I(2, 2, hi=3), 1, grad=(0,))
case("GatherV2", X, 1, -1, grad=(0,))
case("GatherV2", X, I(2, 5, hi=4), 2, batch_dims=1, grad=(0,))
case("GatherV2", X, I(2, 3, 5, hi=4), 2, batch_dims=2, grad=(0,))
case("GatherV2", R(2, 3, 4, 5), I(2, 3, 2, hi=4), -2, batch_dims=-2, grad=(0,))
case("GatherNd", X, I(5, 2, hi=2), grad=(0,))
case("GatherNd", X, E(5, 0))
case("GatherNd", X, (1, 2, 3), grad=(0,))
case("GatherNd", R(4, 2), ((1,), (3,), (1,)), grad=(0,))
case("GatherNd", np.array([b"a", b"b"], object), ((1,), (0,)))
case("ScatterNd", ((1,), (3,), (1,)), R(3, 2), (5, 2), grad=(1,), tolerance=1e-6)
case("ScatterNd", ((1, 1), (0, 1)), R(2), (2, 2), grad=(1,))
for _op in ("TensorScatterUpdate", "TensorScatterAdd", "TensorScatterSub"):
    case(_op, R(5, 2), ((1,), (3,), (0,)), R(3, 2), grad=(0, 2))
case("ScatterNdNonAliasingAdd", R(5, 2), ((1,), (3,), (1,)), R(3, 2), grad=(0, 2), tolerance=1e-6)
case("SparseToDense", ((0, 1), (2, 0)), (3, 2), R(2), -1.0, grad=(2, 3))
case("SparseToDense", np.array([1, 3]), np.array([5]), 2.0, 0.0, grad=(2,))
case("OneHot", I(3, 2, lo=-1), 3, 2.0, -1.0)
case("OneHot", I(3, 2), 3, 2.0, -1.0, axis=0)
case("OneHot", I(3, 2, dtype=np.uint8), 4, True, False, axis=1)
for _array_ in (R(3, 4) > 0, I(3, 4, hi=2), R(0, 3) > 0):
    case("Where", _array_, renamed={"input": "condition"})
case("Unique", I(10))
case("Unique", np.array([b"b", b"a", b"b"], object))
case("UniqueWithCounts", I(10))
case("UniqueV2", I(5, 2, hi=2), np.array([0]))
case("UniqueV2", I(2, 6, hi=2), np.array([1]))
case("UniqueWithCountsV2", I(10), E(0))
case("ListDiff", I(10), I(3))
case("TopKV2", I(3, 6, hi=3), 4)
case("TopKV2", R(3, 6), 4, grad=(0,))
case("TopKV2", R(6), 2, grad=(0,))
case("TopKV2", R(6), 0)
case("TopKV2", I(6, dtype=np.uint8), 3)
case("TopK", R(2, 5), k=3, grad=(0,))
case("NthElement", R(3, 5), 2, grad=(0,))
case("NthElement", R(3, 5), 1, reverse=True, grad=(0,))
case("LowerBound", np.sort(R(2, 5)), R(2, 4))
case("UpperBound", np.sort(I(2, 5)), I(2, 4))
case("UnravelIndex", I(4, hi=20), (4, 5))
case("UnravelIndex", 7, (4, 5))

# -- segment.py ------------------------------------------------------------------------------
for _how in ("Sum", "Max", "Min", "Prod"):
    _op = f"UnsortedSegment{_how}"
    case(_op, R(5, 2), (2, 0, 2, -1, 0), 4, tolerance=1e-6, limits=True)
    case(_op, R(5, 2), (2, 0, 2, -1, 1), 3, grad=(0,), tolerance=1e-6)
    case(_op, R(2, 2), ((1, 0), (1, 1)), 2, grad=(0,), tolerance=1e-6)
    case(_op, I(3), (1, 1, 3), 5)
_zeros = np.array([0, 2, 0, 3, 0, 0], np.float32)
# Where an element is zero, only the first gradient of a product is exact.
case("UnsortedSegmentProd", _zeros, (0, 0, 1, 1, 2, 2), 3, grad=(0,), second=False)
for _how in ("Sum", "Max", "Min", "Prod", "Mean"):
    _grad = () if _how == "Prod" else (0,)
    case(f"Segment{_how}", R(5, 2), (0, 0, 1, 3, 3), grad=_grad, tolerance=1e-6)
    case(f"Segment{_how}", I(5), (0, 0, 1, 3, 3))
for _how in ("Sum", "Mean", "SqrtN"):
    _rows = (0, 4, 2, 2), (0, 0, 2, 2)
    case(f"SparseSegment{_how}", R(5, 2), *_rows, grad=(0,), tolerance=1e-6)
    _op = f"SparseSegment{_how}WithNumSegments"
    case(_op, R(5, 2), *_rows, 5, grad=(0,), tolerance=1e-6)
    if _how != "Sum":
        case(f"SparseSegment{_how}Grad", R(3, 2), *_rows, 5, tolerance=1e-6)
case("Bincount", I(10), 6, R(10), tolerance=1e-6)
case("Bincount", I(10), 3, E(0))
case("DynamicPartition", R(5, 2), (2, 0, 2, 1, 0), num_partitions=3, grad=(0,))
case("DynamicPartition", R(2, 2), ((0, 1), (1, 1)), num_partitions=2, grad=(0,))
case("DynamicStitch", [(0, 2), ((1,), (4,))], [R(2, 3), R(2, 1, 3)], grad=(2, 3))

# -- rearrange.py ----------------------------------------------------------------------------
case("SpaceToBatchND", R(2, 4, 6, 2), (2, 3), ((0, 0), (1, 2)), grad=(0,))
case("SpaceToBatchND", R(2, 4, 3), (2,), ((0, 0),), grad=(0,))
case("BatchToSpaceND", R(12, 2, 3, 2), (2, 3), ((1, 0), (1, 2)), grad=(0,))
case("SpaceToBatch", R(1, 4, 6, 2), ((0, 0), (1, 1)), block_size=2, grad=(0,))
case("BatchToSpace", R(4, 2, 3, 1), ((0, 0), (1, 1)), block_size=2, grad=(0,))
case("SpaceToDepth", R(1, 4, 6, 2), block_size=2, grad=(0,))
case("DepthToSpace", R(1, 2, 3, 8), block_size=2, grad=(0,))
case("ReverseSequence", R(3, 4, 2), np.array([2, 0, 4]), seq_dim=1, batch_dim=0, grad=(0,))
case("ReverseSequence", R(3, 4, 2), (2, 0, 3, 1), seq_dim=0, batch_dim=1, grad=(0,))

# -- host.py, stateless.py -------------------------------------------------------------------
case("AsString", R(3))
case("AsString", I(3), width=5, fill="0")
case("AsString", (True, False))
case("StringJoin", [np.array([b"a", b"b"], object), b"c"], separator="-")
_SPECIAL = np.array([1e10, 1e-10, 0.1, 1 / 3, np.inf, np.nan, -0.0, 1e5, 1234567], np.float32)
for _limit in (1, 3, -1):
    case(
        "StringFormat",
        [R(3, 4), I(2, 9, 2), np.array([b'a"\n', b"b"], object), 1.5, (True, False), _SPECIAL],
        template="x {} y {} {} {} {} {}!",
        placeholder="{}",
        summarize=_limit,
    )
case("StatelessRandomUniform", (5,), (3, 4))
case("StatelessRandomNormal", (5,), np.array([3, -4]), tolerance=1e-6)
case("StatelessTruncatedNormal", (5,), (3, 4), tolerance=1e-6)
case("StatelessRandomUniformInt", (5,), (3, 4), 0, 10)
case("StatelessMultinomial", R(2, 3), 6, (3, 4))

# -- passed on, joined, updated --------------------------------------------------------------
for _op in ("GuaranteeConst", "DeepCopy"):
    case(_op, X)
for _op in ("DebugGradientIdentity", "PreventGradient"):
    case(_op, X)
case("ParallelDynamicStitch", [(0, 2), ((1,), (4,))], [R(2, 3), R(2, 1, 3)], grad=(2, 3))
case("ParallelConcat", [R(1, 3), R(1, 3)], shape=(2, 3), oracle=False)
case("TensorStridedSliceUpdate", R(4, 3), (1, 0), (3, 2), (1, 1), R(2, 2))
