"""Cases of biases, softmax, cross entropies and the best classes."""

from __future__ import annotations

import numpy as np
from op_cases import Numbers, case

numbers = Numbers(2)
R, U, I = numbers.normal, numbers.uniform, numbers.integers
CLOSE = 4e-6

# -- bias --------------------------------------------------------------------------------------
for _shape in ((2, 4), (2, 3, 4), (1, 2, 3, 4)):
    case("BiasAdd", R(*_shape), R(4), grad=(0, 1), sweep=len(_shape) == 2)
    case("BiasAddV1", R(*_shape), R(4), grad=(0, 1), oracle=False)
    case("BiasAddGrad", R(*_shape), grad=(0,), tolerance=CLOSE)
for _shape in ((2, 4, 3), (2, 4, 3, 2)):
    case("BiasAdd", R(*_shape), R(4), data_format="NCHW", grad=(0, 1))
    case("BiasAddGrad", R(*_shape), data_format="NCHW", grad=(0,), tolerance=CLOSE)

for _short, _type in (("f16", np.float16), ("f32", np.float32), ("f64", np.float64)):
    _grad = (0,) if _short == "f64" else ()
    case(f"swish_{_short}", R(3, 4).astype(_type), oracle=False, grad=_grad)

# -- softmax -----------------------------------------------------------------------------------
LARGE = np.array([[1000, 1001, -1000], [0, 0, 0]], np.float32)
for _op in ("Softmax", "LogSoftmax"):
    case(_op, R(3, 4), grad=(0,), tolerance=CLOSE, sweep=True)
    case(_op, R(2, 3, 4), grad=(0,), tolerance=CLOSE)
    case(_op, LARGE, tolerance=CLOSE)
    case(_op, R(0, 3))

# -- cross entropies ---------------------------------------------------------------------------


def distributions(rows: int, classes: int) -> np.ndarray:
    """Rows that are positive and sum to 1."""
    weights = U(0.1, 1, rows, classes)
    return weights / weights.sum(1, keepdims=True)


_op = "SoftmaxCrossEntropyWithLogits"
# TensorFlow leaves out how its second output, a gradient, hangs on the labels.
case(_op, R(3, 4), distributions(3, 4), grad=(0, 1), tolerance=CLOSE, sweep=True, compared=1)
case(_op, R(3, 4), distributions(1, 4), grad=(0, 1), tolerance=CLOSE, compared=1)
case(_op, LARGE, np.eye(2, 3, dtype=np.float32), tolerance=CLOSE)
_op = "SparseSoftmaxCrossEntropyWithLogits"
case(_op, R(3, 4), (0, 3, 1), grad=(0,), tolerance=CLOSE, sweep=True)
case(_op, R(3, 4), np.array([0, 3, 1], np.int64), grad=(0,), tolerance=CLOSE)
case(_op, LARGE, (1, 2), tolerance=CLOSE)
case(_op, R(0, 4), np.zeros(0, np.int32))
case("_LabelsBelow", (0, 3, 1), 4)

# -- the best classes --------------------------------------------------------------------------
TIES = np.array([[1, 2, 2, 0], [3, 3, 3, 3], [1, np.inf, 0, 0], [np.nan, 1, 2, 3]], np.float32)
for _k in (1, 2, 3):
    case("InTopK", R(4, 5), (0, 1, 2, 3), k=_k)
    case("InTopKV2", R(4, 5), (0, 1, 2, 3), _k)
    case("InTopKV2", TIES, (1, 3, 0, 3), _k)
case("InTopKV2", R(3, 5), (7, -1, 4), 5)
