"""Cases of pools, normalizations that are one op, and quantized numbers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from op_cases import Numbers, case

numbers = Numbers(7)
R, U, I = numbers.normal, numbers.uniform, numbers.integers
CLOSE = 2e-5


def shuffled(*shape: int, dtype: Any = np.float32) -> np.ndarray[Any, Any]:
    """Different numbers, far enough apart that none gains or loses its place by a small change."""
    n = int(np.prod(shape))
    return (numbers.random.permutation(n) / 4 - n / 8).reshape(shape).astype(dtype)


# -- averages ----------------------------------------------------------------------------------
for _ksize, _strides in (((2, 2), (2, 2)), ((3, 2), (2, 1)), ((1, 4), (1, 3))):
    for _padding in ("SAME", "VALID"):
        _attrs = {
            "ksize": (1, *_ksize, 1),
            "strides": (1, *_strides, 1),
            "padding": _padding,
        }
        case("AvgPool", R(2, 5, 6, 2), grad=(0,), tolerance=CLOSE, **_attrs)
        case("MaxPool", shuffled(2, 5, 6, 2), grad=(0,), sweep=True, **_attrs)
case(
    "AvgPool",
    R(1, 3, 3, 2),
    ksize=(1, 5, 5, 1),
    strides=(1, 1, 1, 1),
    padding="SAME",
    sweep=True,
    tolerance=CLOSE,
)
case(
    "AvgPool",
    R(2, 3, 5, 4),
    ksize=(1, 1, 2, 2),
    strides=(1, 1, 2, 1),
    padding="SAME",
    data_format="NCHW",
    grad=(0,),
    oracle=False,
)
case(
    "AvgPoolGrad",
    (2, 5, 6, 2),
    R(2, 3, 3, 2),
    ksize=(1, 3, 3, 1),
    strides=(1, 2, 2, 1),
    padding="SAME",
    grad=(1,),
    tolerance=CLOSE,
)
_volume = {"ksize": (1, 2, 2, 3, 1), "strides": (1, 1, 2, 2, 1)}
for _padding in ("SAME", "VALID"):
    case("AvgPool3D", R(1, 3, 4, 5, 2), padding=_padding, grad=(0,), tolerance=CLOSE, **_volume)
    case("MaxPool3D", shuffled(1, 3, 4, 5, 2), padding=_padding, **_volume)
case(
    "AvgPool3DGrad",
    (1, 3, 4, 5, 2),
    R(1, 3, 2, 3, 2),
    padding="SAME",
    grad=(1,),
    tolerance=CLOSE,
    **_volume,
)

# -- the greatest ------------------------------------------------------------------------------
case(
    "MaxPool",
    shuffled(1, 2, 3, 4),
    ksize=(1, 1, 1, 2),
    strides=(1, 1, 1, 2),
    padding="SAME",
    grad=(0,),
    oracle=False,
)
case(
    "MaxPool",
    shuffled(1, 2, 5, 4),
    ksize=(1, 1, 3, 3),
    strides=(1, 1, 2, 2),
    padding="SAME",
    data_format="NCHW",
    grad=(0,),
    oracle=False,
)
case("MaxPool", R(0, 4, 4, 1), ksize=(1, 2, 2, 1), strides=(1, 2, 2, 1), padding="VALID")


def pooled(op: str, **attrs: Any) -> None:
    """Cases of a max pool's gradients."""
    x, dy = shuffled(2, 5, 6, 2), R(2, 3, 3, 2)
    y = np.zeros((2, 3, 3, 2), np.float32)
    for i in range(3):
        for j in range(3):
            y[:, i, j] = x[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max(axis=(1, 2))
    windows = (1, 2, 2, 1)
    if op.endswith("V2"):
        case(op, x, y, x * 0.3 if "GradGrad" in op else dy, windows, windows, **attrs)
        return
    grad = (2,)
    dz = x * 0.3 if "GradGrad" in op else dy
    case(op, x, y, dz, ksize=windows, strides=windows, grad=grad, **attrs)


for _op in ("MaxPoolGrad", "MaxPoolGradGrad", "MaxPoolGradV2", "MaxPoolGradGradV2"):
    pooled(_op, padding="SAME")
case("MaxPoolV2", shuffled(2, 5, 6, 2), (1, 2, 3, 1), (1, 2, 2, 1), padding="SAME", grad=(0,))
for _batch in (False, True):
    _attrs = {
        "ksize": (1, 2, 2, 1),
        "strides": (1, 2, 2, 1),
        "padding": "VALID",
        "include_batch_in_index": _batch,
    }
    case("MaxPoolWithArgmax", shuffled(2, 4, 4, 2), grad=(0,), compared=2, **_attrs)
    _places = np.array([[[[0], [3]]], [[[5], [3]]]], np.int64) + _batch * np.reshape(
        [0, 8], (2, 1, 1, 1)
    )
    case("MaxPoolGradWithArgmax", R(2, 2, 4, 1), R(2, 1, 2, 1), _places, grad=(1,), **_attrs)
    case(
        "MaxPoolGradGradWithArgmax",
        R(2, 2, 4, 1),
        R(2, 2, 4, 1),
        _places,
        grad=(1,),
        oracle=False,
        **_attrs,
    )
_x = shuffled(1, 2, 4, 2, 1)
_y = _x.reshape(1, 2, 2, 2, 2, 1).max(axis=(3, 4))[:, :, :, None]
_cube = {"ksize": (1, 1, 2, 2, 1), "strides": (1, 1, 2, 2, 1), "padding": "VALID"}
case("MaxPool3DGrad", _x, _y, R(*_y.shape), **_cube)
case("MaxPool3DGradGrad", _x, _y, R(*_x.shape), **_cube)

# -- by fractions ------------------------------------------------------------------------------
for _op in ("FractionalAvgPool", "FractionalMaxPool"):
    for _pseudo in (False, True):
        case(
            _op,
            shuffled(2, 7, 6, 2),
            pooling_ratio=(1.0, 1.5, 1.4, 1.0),
            deterministic=True,
            seed=3,
            seed2=5,
            pseudo_random=_pseudo,
            overlapping=_pseudo,
            grad=(0,),
            second=False,
            tolerance=CLOSE,
        )
    case(
        _op,
        I(1, 5, 5, 1, lo=-9, hi=9),
        pooling_ratio=(1.0, 1.5, 1.5, 1.0),
        deterministic=True,
        seed=1,
    )
_rows, _columns = np.array([0, 2, 3, 5], np.int64), np.array([0, 1, 3, 4], np.int64)
for _overlapping in (False, True):
    case(
        "FractionalAvgPoolGrad",
        np.array([2, 5, 4, 2], np.int64),
        R(2, 3, 3, 2),
        _rows,
        _columns,
        overlapping=_overlapping,
        tolerance=CLOSE,
    )
    _x, _y = shuffled(2, 5, 4, 2), np.zeros((2, 3, 3, 2), np.float32)
    for _i, (_a, _b) in enumerate(pairwise(_rows)):
        for _j, (_c, _d) in enumerate(pairwise(_columns)):
            _cell = _x[:, _a : _b + _overlapping, _c : _d + _overlapping]
            _y[:, _i, _j] = _cell.max(axis=(1, 2))
    case(
        "FractionalMaxPoolGrad",
        _x,
        _y,
        R(2, 3, 3, 2),
        _rows,
        _columns,
        overlapping=_overlapping,
        tolerance=CLOSE,
    )

# -- normalization -----------------------------------------------------------------------------
_lrn = {"depth_radius": 2, "bias": 1.5, "alpha": 0.4, "beta": 0.7}
case("LRN", R(1, 2, 2, 7), tolerance=CLOSE, **_lrn)
case("LRNGrad", R(1, 2, 2, 7), R(1, 2, 2, 7), R(1, 2, 2, 7), tolerance=CLOSE, **_lrn)
_image, _scale, _offset = R(2, 3, 4, 3), U(0.5, 2, 3), R(3)
_mean, _variance = R(3), U(0.5, 2, 3)
_none = np.zeros(0, np.float32)
for _version in ("", "V2", "V3"):
    for _training in (True, False):
        _moments = (_none, _none) if _training else (_mean, _variance)
        case(
            f"FusedBatchNorm{_version}",
            _image,
            _scale,
            _offset,
            *_moments,
            is_training=_training,
            epsilon=1e-3,
            oracle=_training,
            compared=1,
            tolerance=CLOSE,
        )
        _reserved = [_image.mean((0, 1, 2)), _image.var((0, 1, 2))] if _training else _moments
        _third = [np.zeros((), np.float32)] if _version == "V3" else []
        case(
            f"FusedBatchNormGrad{_version}",
            R(2, 3, 4, 3),
            _image,
            _scale,
            *_reserved,
            *_third,
            is_training=_training,
            epsilon=1e-3,
            oracle=_training,
            compared=3,
            tolerance=1e-4,
        )
for _scaled in (True, False):
    _attrs = {"variance_epsilon": 1e-3, "scale_after_normalization": _scaled}
    _operands = (_mean, _variance, _offset, _scale)
    case("BatchNormWithGlobalNormalization", _image, *_operands, oracle=False, **_attrs)
    case(
        "BatchNormWithGlobalNormalizationGrad",
        _image,
        _mean,
        _variance,
        _scale,
        R(2, 3, 4, 3),
        oracle=False,
        **_attrs,
    )

# -- quantized ---------------------------------------------------------------------------------
_wide = U(-8, 8, 4, 3)
for _attrs in ({}, {"num_bits": 4, "narrow_range": True}):
    case("FakeQuantWithMinMaxArgs", _wide, tolerance=CLOSE, **_attrs)
    case("FakeQuantWithMinMaxArgsGradient", R(4, 3), _wide, tolerance=CLOSE, **_attrs)
    for _op, _range in (
        ("FakeQuantWithMinMaxVars", (-3.0, 4.0)),
        ("FakeQuantWithMinMaxVars", (0.0, 0.0)),
        ("FakeQuantWithMinMaxVarsPerChannel", ((-3.0, 0.0, 0.0), (4.0, 2.0, 0.0))),
    ):
        case(_op, _wide, *_range, tolerance=CLOSE, **_attrs)
        case(f"{_op}Gradient", R(4, 3), _wide, *_range, tolerance=CLOSE, **_attrs)
for _signed in (True, False):
    for _given in (True, False):
        _attrs = {"signed_input": _signed, "range_given": _given}
        case("QuantizeAndDequantizeV3", _wide, -1.5, 3.0, 5, tolerance=CLOSE, **_attrs)
        _attrs["num_bits"] = 5
        case("QuantizeAndDequantizeV2", _wide, -1.5, 3.0, tolerance=CLOSE, **_attrs)
        _attrs.update(input_min=-1.5, input_max=3.0)
        case("QuantizeAndDequantize", _wide, oracle=False, **_attrs)
case("QuantizeAndDequantizeV2", _wide, -1.5, 3.0, round_mode="HALF_UP", narrow_range=True)
for _mode in ("MIN_COMBINED", "MIN_FIRST", "SCALED"):
    case("QuantizeV2", _wide, -3.0, 5.0, T="quint8", mode=_mode, oracle=False)
    case("QuantizeV2", _wide, -3.0, 5.0, T="qint16", mode=_mode, oracle=False)
