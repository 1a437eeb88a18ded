"""Cases of elementwise arithmetic, comparison, logic, special functions and reductions."""

from __future__ import annotations

import numpy as np
from op_cases import Numbers, case

numbers = Numbers(1)
R, U, I, C = numbers.normal, numbers.uniform, numbers.integers, numbers.complex
FLOAT32 = 4e-6  # a few units in the last place, where TensorFlow's own approximations differ

# -- one operand -------------------------------------------------------------------------------
# Op, the range in which it is defined and smooth.
UNARY = {
    "Abs": (0.1, 2.0),
    "Neg": (-2.0, 2.0),
    "Sign": (0.1, 2.0),
    "Square": (-2.0, 2.0),
    "Sqrt": (0.1, 3.0),
    "Rsqrt": (0.2, 3.0),
    "Reciprocal": (0.3, 2.0),
    "Inv": (0.3, 2.0),
    "Exp": (-2.0, 2.0),
    "Expm1": (-2.0, 2.0),
    "Log": (0.2, 3.0),
    "Log1p": (-0.7, 3.0),
    "Sin": (-3.0, 3.0),
    "Cos": (-3.0, 3.0),
    "Tan": (-1.2, 1.2),
    "Asin": (-0.9, 0.9),
    "Acos": (-0.9, 0.9),
    "Atan": (-3.0, 3.0),
    "Sinh": (-2.0, 2.0),
    "Cosh": (-2.0, 2.0),
    "Tanh": (-2.0, 2.0),
    "Asinh": (-2.0, 2.0),
    "Acosh": (1.3, 3.0),
    "Atanh": (-0.8, 0.8),
    "Sigmoid": (-4.0, 4.0),
    "Floor": (0.1, 0.9),
    "Ceil": (0.1, 0.9),
    "Round": (0.6, 1.4),
    "Rint": (0.6, 1.4),
    "Erf": (-2.0, 2.0),
    "Erfc": (-2.0, 2.0),
    "Lgamma": (0.3, 5.0),
    "Digamma": (0.3, 5.0),
    "BesselI0e": (0.2, 12.0),
    "BesselI1e": (0.2, 12.0),
    "Relu": (0.1, 2.0),
    "Relu6": (0.1, 5.0),
    "Elu": (-2.0, 2.0),
    "Selu": (-2.0, 2.0),
    "Softplus": (-3.0, 3.0),
    "Softsign": (-2.0, 2.0),
}
STEPS = ("Floor", "Ceil", "Round")  # no gradient at all
SPECIAL = np.array([0.0, -0.0, 1, -1, 0.5, -2.5, 1.5, 2.5, 30, -30, np.inf, -np.inf, np.nan], "f4")
HUGE = np.array([1e30, -1e30, 1e-30, -1e-30, 200, -200, 88.5, -103.0], "f4")
EMPTY = np.zeros((2, 0, 3), np.float32)
# Outside the range of ordinary values: what TensorFlow 2 has changed since, or never defined.
ODD = ("Digamma", "Lgamma", "Rsqrt", "BesselI0e", "BesselI1e", "Softsign", "Acosh", "Tan", "Sign")

for _op, (_low, _high) in UNARY.items():
    _grad = () if _op in STEPS else (0,)
    _loose = 2e-5 if _op in ("Digamma", "Lgamma", "Sinh", "Cosh", "Tan") else FLOAT32
    case(_op, U(_low, _high, 2, 3), grad=_grad, tolerance=_loose, sweep=True)
    case(_op, EMPTY)
    if _op not in ODD:
        case(_op, SPECIAL, tolerance=_loose)
        case(_op, HUGE, tolerance=2e-4 if _op in ("Sin", "Cos") else _loose)
for _op in ("Abs", "Relu", "Relu6", "Elu", "Selu", "Softsign", "Sign"):
    case(_op, -U(0.2, 2.0, 4), grad=(0,), tolerance=FLOAT32)
case("LeakyRelu", R(3, 4), grad=(0,), sweep=True)
case("LeakyRelu", R(3, 4), grad=(0,), alpha=0.3)
case("LeakyRelu", SPECIAL, alpha=0.1)
case("Neg", I(4, lo=-3))
case("Round", I(4, lo=-3), oracle=False)
case("Lgamma", np.array([1, 2, 0.5, -0.5, -1.5, 171, 1e-5], "f4"), tolerance=1e-5)
case("Digamma", np.array([1, 2, 0.5, -0.5, -1.5, 171, 1e-5], "f4"), tolerance=1e-5)
for _op in (
    "Log",
    "Sqrt",
    "Exp",
    "Tanh",
    "Sigmoid",
    "Square",
    "Reciprocal",
    "Sin",
    "Atan",
    "Rsqrt",
):
    case(_op, C(3), tolerance=1e-5)
for _op in ("IsNan", "IsInf", "IsFinite"):
    case(_op, SPECIAL, sweep=True)
case("LogicalNot", (True, False))
for _bits in (np.int8, np.uint8, np.int32, np.uint16, np.int64):
    case("Invert", I(5, dtype=_bits))
    case("PopulationCount", I(5, hi=100, dtype=_bits))
case("PopulationCount", np.array([-1, -2], np.int32))

# Ops that are gradients: their operands are like those they get.
for _op, _low, _high in (
    ("SqrtGrad", 0.3, 2.0),
    ("RsqrtGrad", 0.3, 2.0),
    ("ReciprocalGrad", 0.3, 2.0),
    ("InvGrad", 0.3, 2.0),
    ("TanhGrad", -0.9, 0.9),
    ("SigmoidGrad", 0.1, 0.9),
):
    _y = U(_low, _high, 3, 2)
    case(_op, _y, R(3, 2), grad=(0, 1), tolerance=FLOAT32, sweep=True)
    case(_op, C(3), C(3), tolerance=1e-5)
for _op, _low, _high in (
    ("ReluGrad", -2.0, 2.0),
    ("Relu6Grad", 1.0, 5.0),
    ("EluGrad", -0.9, 0.9),
    ("SeluGrad", -1.5, 1.5),
    ("SoftplusGrad", -2.0, 2.0),
    ("SoftsignGrad", 0.1, 2.0),
    ("LeakyReluGrad", -2.0, 2.0),
):
    case(_op, R(3, 2), U(_low, _high, 3, 2), grad=(0, 1), tolerance=FLOAT32, sweep=True)
case("ReluGrad", np.ones(5, "f4"), np.array([-1, -0.0, 0, 1, np.nan], "f4"))
case("Relu6Grad", np.ones(5, "f4"), np.array([-1, 0, 6, 7, 3], "f4"))

# -- two operands ------------------------------------------------------------------------------
PAIRS = (((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2, 2)), ((3, 1, 2), ()))
BINARY = {
    "Add": (-2.0, 2.0),
    "AddV2": (-2.0, 2.0),
    "Sub": (-2.0, 2.0),
    "Mul": (-2.0, 2.0),
    "Div": (0.5, 2.0),
    "RealDiv": (0.5, 2.0),
    "DivNoNan": (0.5, 2.0),
    "MulNoNan": (0.5, 2.0),
    "Maximum": (-2.0, 2.0),
    "Minimum": (-2.0, 2.0),
    "Pow": (0.5, 2.0),
    "SquaredDifference": (-2.0, 2.0),
    "Atan2": (0.3, 2.0),
    "Xdivy": (0.5, 2.0),
    "Xlogy": (0.5, 2.0),
}
for _op, (_low, _high) in BINARY.items():
    for _a, _b in PAIRS:
        _operands = U(_low, _high, *_a), U(_low, _high, *_b)
        case(_op, *_operands, grad=(0, 1), tolerance=FLOAT32, sweep=_a == _b)
    case(_op, EMPTY, R(3))
GRID = (np.repeat(SPECIAL, len(SPECIAL)), np.tile(SPECIAL, len(SPECIAL)))
for _op in ("Add", "Sub", "Mul", "RealDiv", "DivNoNan", "Pow", "Atan2", "Xdivy", "Xlogy"):
    # Where both operands are odd, TensorFlow's own kernels differ between shapes.
    _finite = np.isfinite(GRID[0]) & np.isfinite(GRID[1])
    case(_op, GRID[0][_finite], GRID[1][_finite], tolerance=FLOAT32)
case("MulNoNan", np.array([np.inf, np.nan, 2], "f4"), np.array([0, 0, 3], "f4"), grad=())
for _op in ("Mul", "RealDiv", "Sub", "Pow", "SquaredDifference"):
    case(_op, C(2, 3), C(3), tolerance=2e-5)
case("Add", np.array([b"a", b"b"], object), b"c")
case("Pow", R(4), np.float32(2), grad=(0,), tolerance=FLOAT32)
case("Pow", R(4), np.float32(3), grad=(0,), tolerance=FLOAT32)
case("Pow", np.zeros(2, "f4"), np.array([0, 2], "f4"))
case("Pow", I(4, hi=4), I(4, hi=4))
case("Maximum", (1.0, 2.0), (1.0, 3.0))
SIGNED = (np.array([-7, 7, -8, 8, 0], np.int32), np.array([2, -2, 3, 3, -4], np.int32))
for _op in ("Div", "FloorDiv", "TruncateDiv", "FloorMod", "TruncateMod", "Mod"):
    case(_op, *SIGNED)
    case(_op, *(x.astype(np.int64) for x in SIGNED))
for _op in ("FloorMod", "TruncateMod", "Mod", "FloorDiv"):
    _grad = (0, 1) if _op == "FloorMod" else ()
    case(_op, np.array([-7.5, 7.5, 2.2], "f4"), np.array([2, -2, 0.7], "f4"), grad=_grad)
case("NextAfter", R(4), R(4))
for _op in ("Less", "LessEqual", "Greater", "GreaterEqual", "Equal", "NotEqual"):
    case(_op, I(3, 4), I(4), sweep=True)
    case(_op, *GRID)
case("Equal", np.array([b"a", b"b"], object), b"b")
case("NotEqual", np.array([True, False]), True)
case("Equal", R(2), R(3), incompatible_shape_error=False)
case("NotEqual", R(2), R(3), incompatible_shape_error=False)
case("ApproximateEqual", (1.0, 2.0), (1.000001, 2.1))
for _op in ("LogicalAnd", "LogicalOr"):
    case(_op, np.array([[True], [False]]), np.array([True, False]))
for _op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"):
    case(_op, I(3, 1, hi=100), I(4, hi=100), sweep=True)
for _op in ("LeftShift", "RightShift"):
    case(_op, I(3, 4, hi=50), I(3, 4, hi=6), sweep=True)
case("RightShift", np.array([-9], np.int32), np.array([2], np.int32))
case("Igamma", U(0.5, 4, 3), U(0.5, 4, 3), grad=(1,), tolerance=1e-5, second=False)
case("Igammac", U(0.5, 4, 2, 1), U(0.5, 4, 3), grad=(1,), tolerance=1e-5, second=False)
case("Igamma", U(0.5, 4, 3), U(0.5, 4, 3), grad=(0, 1), tolerance=1e-5, second=False)
case("IgammaGradA", U(0.5, 4, 3), U(0.5, 4, 3), tolerance=1e-4)
case("Zeta", U(1.5, 4, 3), U(0.5, 4, 3), grad=(1,), tolerance=1e-5)
case("Zeta", (1.0, 0.5, 2.0), (2.0, 2.0, 3.0), tolerance=1e-5)
case("Polygamma", np.array([0, 1, 2, 3], "f4"), U(0.5, 4, 4), grad=(1,), tolerance=1e-5)
case("Betainc", U(0.5, 3, 3), U(0.5, 3, 3), U(0.1, 0.9, 3), grad=(2,), tolerance=1e-5)
case("Betainc", np.float32(2), np.float32(3), U(0.1, 0.9, 3), grad=(2,), tolerance=1e-5)

# -- several operands --------------------------------------------------------------------------
case("AddN", [R(2, 3), R(2, 3), R(2, 3)], grad=(0, 1, 2), tolerance=1e-6, sweep=True)
case("AddN", [R(2)], grad=(0,))
_accumulated = [R(2, 3), R(2, 3)]
case("AccumulateNV2", _accumulated, shape=(2, 3), grad=(0, 1), oracle=False)
case("ClipByValue", R(2, 3), -0.5, 0.5, grad=(0, 1, 2), sweep=True)
case("ClipByValue", R(2, 3), -U(0.2, 1, 2, 3), U(0.2, 1, 2, 3), grad=(0, 1, 2))
_choice = np.array([True, False, True])
_named = {"t": "x", "e": "y"}
case("Select", _choice, R(3), R(3), grad=(1, 2), sweep=True, renamed=_named)
case("Select", _choice, R(3, 2), R(3, 2), grad=(1, 2), renamed=_named)
case("Select", True, R(3, 2), R(3, 2), grad=(1, 2), renamed=_named)
_texts = np.array([b"a"] * 3, object), np.array([b"b"] * 3, object)
case("Select", _choice, *_texts, renamed=_named)
case("SelectV2", _choice, R(2, 1), R(3), grad=(1, 2), sweep=True)
case("SelectV2", _choice[:, None], R(), R(3, 2), grad=(1, 2))

# -- complex numbers ---------------------------------------------------------------------------
case("Complex", R(2, 3), R(3))
case("Complex", R(2).astype(np.float64), R(2).astype(np.float64), Tout="complex128")
for _op in ("Conj", "Real", "Imag", "Angle", "ComplexAbs"):
    case(_op, C(2, 3), tolerance=FLOAT32)

# -- change of dtype ---------------------------------------------------------------------------
for _to in ("int32", "uint8", "bool", "float64", "float16", "bfloat16", "complex64", "int64"):
    case("Cast", U(0, 3, 2, 3), DstT=_to, grad=(0,) if _to == "float64" else ())
    case("Cast", I(4), DstT=_to)
case("Cast", np.array([-1.9, 1.9, 0.5, -0.5], "f4"), DstT="int32")
case("Cast", np.array([0, -0.5, np.nan], "f4"), DstT="bool")
case("Cast", C(3), DstT="float32")
case("Cast", np.array([True, False]), DstT="float32")

# -- reductions --------------------------------------------------------------------------------
X = R(2, 3, 4)
TIES = np.array([[1, 2, 2], [3, 0, 3]], np.float32)
AXES = ((0,), (1, 2), (-1,), (0, 1, 2), np.zeros(0, np.int32), 1)
NAMED = {"reduction_indices": "axis"}
for _op in ("Sum", "Mean", "Prod", "Max", "Min", "EuclideanNorm"):
    _oracle = {"renamed": NAMED, "tolerance": 2e-6}
    for _axes in AXES:
        for _keep in (False, True):
            case(_op, X, _axes, keep_dims=_keep, grad=(0,), **_oracle)
    case(_op, I(3, 4), (0,), **_oracle)
    case(_op, np.abs(R(3, 4)), (1,), sweep=True, **_oracle)
    case(_op, EMPTY, (1,), **_oracle)
    case(_op, EMPTY, (0,), **_oracle)
for _op in ("Max", "Min"):
    case(_op, TIES, (1,), renamed=NAMED)
case("Mean", np.array([-1, -2, 4], np.int32), (0,), renamed=NAMED)
for _op in ("Sum", "Mean", "Prod"):
    case(_op, C(2, 3), (1,), renamed=NAMED, tolerance=2e-6)
ZEROS = np.array([[1, 2, 0], [3, 0, 0], [1, 2, 3]], np.float32)
# Where elements are zero, only the first gradient of a product is exact.
case("Prod", ZEROS, (1,), grad=(0,), second=False, renamed=NAMED)
for _op in ("All", "Any"):
    for _axes in AXES:
        case(_op, X > 0, _axes, renamed=NAMED)
    case(_op, np.zeros((2, 0), bool), (1,), renamed=NAMED)
case("L2Loss", R(3, 4), grad=(0,), tolerance=2e-6, sweep=True)
for _op in ("ArgMax", "ArgMin"):
    for _axis in (0, 2, -1):
        case(_op, X, _axis)
    case(_op, TIES, 1, output_type="int32", sweep=True)
for _op in ("Cumsum", "Cumprod"):
    for _exclusive in (False, True):
        for _reverse in (False, True):
            _how = {"exclusive": _exclusive, "reverse": _reverse, "tolerance": 2e-6}
            case(_op, U(0.5, 2, 3, 4), 1, grad=(0,), **_how)
            case(_op, I(3, 4, lo=1), -2, **_how)
    case(_op, U(0.5, 1.5, 4), 0, sweep=True)
for _exclusive in (False, True):
    for _reverse in (False, True):
        case(
            "CumulativeLogsumexp",
            R(3, 4),
            1,
            exclusive=_exclusive,
            reverse=_reverse,
            grad=() if _exclusive else (0,),
            tolerance=1e-5,
            limits=_exclusive,
            oracle=not _exclusive,
        )
case("HistogramFixedWidth", np.array([-1, 0, 1.5, 2, 5, 15], "f4"), (0.0, 5.0), 5)
case("BroadcastGradientArgs", (2, 3, 1), (3, 4))
case("BroadcastGradientArgs", np.zeros(0, np.int32), (2, 1))
