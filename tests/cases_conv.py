"""Cases of convolutions, dilation of images, patches and names of layouts."""

from __future__ import annotations

from typing import Any

import numpy as np
from op_cases import Numbers, case

numbers = Numbers(11)
R, I = numbers.normal, numbers.integers
CLOSE = 2e-5
LAST, FIRST = (0, 1, 2, 3), (0, 3, 1, 2)

# (input, filter, attributes): the strides differ along the axes, extents are odd and even.
PLAIN: list[tuple[Any, ...]] = [
    ((2, 5, 4, 3), (3, 2, 3, 2), {"strides": (1, 1, 1, 1), "padding": "SAME"}),
    ((1, 5, 6, 2), (2, 3, 2, 3), {"strides": (1, 2, 1, 1), "padding": "VALID"}),
    ((1, 4, 7, 2), (1, 2, 2, 1), {"strides": (1, 3, 2, 1), "padding": "SAME"}),
    ((2, 3, 3, 1), (3, 3, 1, 2), {"strides": (1, 1, 1, 1), "padding": "VALID"}),
    ((2, 3, 2, 4), (1, 1, 4, 3), {"strides": (1, 1, 1, 1), "padding": "VALID"}),
]
EXPLICIT = {"strides": (1, 2, 1, 1), "padding": "EXPLICIT"}
DILATED = {"strides": (1, 1, 1, 1), "padding": "SAME", "dilations": (1, 2, 3, 1)}


def extent(size: int, taps: int, stride: int, dilation: int, padding: str) -> int:
    """How many windows fit."""
    if padding == "SAME":
        return -(-size // stride)
    return (size - (taps - 1) * dilation - 1) // stride + 1


def output_shape(x: Any, w: Any, attrs: Any, depthwise: bool = False) -> tuple[int, ...]:
    """The shape of a convolution's output, channels last."""
    n = len(x) - 2
    rates = attrs.get("dilations", (1,) * len(x))
    steps = zip(x[1:-1], w, attrs["strides"][1:-1], rates[1:-1], strict=False)
    depth = w[n] * w[n + 1] if depthwise else w[-1]
    return (x[0], *(extent(*s, attrs["padding"]) for s in steps), depth)


def three(names: Any, x: Any, w: Any, attrs: Any, depthwise: bool = False, **options: Any) -> None:
    """A case for a convolution and for each of its transposes."""
    dy = output_shape(x, w, attrs, depthwise)
    more = {**attrs, **options, "tolerance": CLOSE}
    case(names[0], R(*x), R(*w), grad=(0, 1), **more)
    case(names[1], x, R(*w), R(*dy), grad=(1, 2), **more)
    case(names[2], R(*x), w, R(*dy), grad=(0, 2), **more)


# -- images ------------------------------------------------------------------------------------
FLAT = ("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter")
for _number, (_x, _w, _attrs) in enumerate(PLAIN):
    three(FLAT, _x, _w, _attrs, sweep=_number == 0)
three(FLAT, (1, 5, 6, 2), (2, 2, 2, 2), DILATED, oracle=False)
case("Conv2D", R(1, 6, 5, 2), R(2, 3, 2, 2), **DILATED, tolerance=CLOSE)
for _op, _operands, _grad in (
    ("Conv2D", (R(1, 4, 3, 2), R(3, 2, 2, 2)), (0, 1)),
    ("Conv2DBackpropInput", ((1, 4, 3, 2), R(3, 2, 2, 2), R(1, 3, 5, 2)), (1, 2)),
    ("Conv2DBackpropFilter", (R(1, 4, 3, 2), (3, 2, 2, 2), R(1, 3, 5, 2)), (0, 2)),
):
    _pads = (0, 0, 2, 1, 0, 3, 0, 0)
    case(_op, *_operands, **EXPLICIT, explicit_paddings=_pads, grad=_grad, tolerance=CLOSE)
_first = {"strides": (1, 1, 2, 1), "padding": "SAME", "data_format": "NCHW", "oracle": False}
case("Conv2D", R(1, 2, 5, 4), R(3, 2, 2, 3), grad=(0, 1), **_first)
case("Conv2DBackpropInput", (1, 2, 5, 4), R(3, 2, 2, 3), R(1, 3, 3, 4), grad=(1, 2), **_first)
case("Conv2DBackpropFilter", R(1, 2, 5, 4), (3, 2, 2, 3), R(1, 3, 3, 4), grad=(0, 2), **_first)
# Two groups of channels: TensorFlow 1.15 has them on GPUs.
_grouped = {"strides": (1, 1, 1, 1), "padding": "VALID", "oracle": False}
case("Conv2D", R(1, 3, 3, 4), R(2, 2, 2, 6), grad=(0, 1), **_grouped)
case("Conv2DBackpropInput", (1, 3, 3, 4), R(2, 2, 2, 6), R(1, 2, 2, 6), grad=(1, 2), **_grouped)
case("Conv2DBackpropFilter", R(1, 3, 3, 4), (2, 2, 2, 6), R(1, 2, 2, 6), grad=(0, 2), **_grouped)
# Many more channels out than in, and nothing at all.
three(FLAT, (2, 3, 4, 1), (2, 2, 1, 20), {"strides": (1, 1, 1, 1), "padding": "SAME"})
_empty = {"strides": (1, 1, 1, 1), "padding": "SAME"}
case("Conv2D", R(0, 3, 3, 2), R(2, 2, 2, 3), **_empty, oracle=False)
case("Conv2DBackpropFilter", R(0, 3, 3, 2), (2, 2, 2, 3), R(0, 3, 3, 3), **_empty)

# -- each channel for itself ---------------------------------------------------------------------
EACH = (
    "DepthwiseConv2dNative",
    "DepthwiseConv2dNativeBackpropInput",
    "DepthwiseConv2dNativeBackpropFilter",
)
three(EACH, (2, 4, 5, 3), (3, 2, 3, 2), PLAIN[0][2], depthwise=True, sweep=True)
three(
    EACH,
    (1, 6, 5, 2),
    (2, 3, 2, 1),
    {"strides": (1, 2, 2, 1), "padding": "VALID"},
    depthwise=True,
)
three(EACH, (1, 5, 6, 2), (2, 2, 2, 2), DILATED, depthwise=True, oracle=False)

# -- volumes -------------------------------------------------------------------------------------
SOLID = ("Conv3D", "Conv3DBackpropInputV2", "Conv3DBackpropFilterV2")
_ONES = (1, 1, 1, 1, 1)
three(SOLID, (1, 3, 4, 2, 2), (2, 3, 1, 2, 2), {"strides": _ONES, "padding": "SAME"}, sweep=True)
three(
    SOLID,
    (1, 3, 4, 5, 1),
    (2, 2, 2, 1, 2),
    {"strides": (1, 1, 2, 3, 1), "padding": "VALID"},
)
_old = {"strides": (1, 2, 1, 1, 1), "padding": "SAME", "oracle": False}
_v, _k, _dy = R(1, 3, 2, 2, 2), R(2, 2, 1, 2, 1), R(1, 2, 2, 2, 1)
case("Conv3DBackpropInput", _v, _k, _dy, grad=(1, 2), **_old)
case("Conv3DBackpropFilter", _v, _k, _dy, grad=(0, 2), **_old)
case(
    "Conv3D",
    R(1, 2, 3, 4, 4),
    R(2, 2, 2, 2, 1),
    strides=_ONES,
    padding="SAME",
    data_format="NCDHW",
    dilations=(1, 1, 1, 2, 1),
    grad=(0, 1),
    oracle=False,
)

# -- mirrored and resized images -----------------------------------------------------------------
_pads = ((0, 0), (1, 2), (0, 1), (0, 0))
for _mode in ("REFLECT", "SYMMETRIC"):
    _attrs = {"mode": _mode, "strides": (1, 1, 1, 1), "padding": "VALID", "tolerance": CLOSE}
    case("FusedPadConv2D", R(1, 4, 4, 2), _pads, R(2, 2, 2, 3), **_attrs)
    case("FusedResizeAndPadConv2D", R(1, 2, 3, 2), (5, 4), _pads, R(2, 2, 2, 3), **_attrs)

# -- morphology ----------------------------------------------------------------------------------
_steps = {"strides": (1, 1, 2, 1), "rates": (1, 2, 1, 1)}
for _padding, _rows in (("SAME", 5), ("VALID", 3)):
    _x, _w, _dy = R(2, 5, 4, 2), R(2, 2, 2), R(2, _rows, 2, 2)
    _attrs = {**_steps, "padding": _padding, "tolerance": CLOSE}
    case("Dilation2D", _x, _w, grad=(0, 1), sweep=_padding == "SAME", **_attrs)
    case("Dilation2DBackpropInput", _x, _w, _dy, grad=(2,), **_attrs)
    case("Dilation2DBackpropFilter", _x, _w, _dy, grad=(2,), **_attrs)
    case("_Dilation2DChosenInput", _x, _w, R(2, 5, 4, 2), grad=(2,), **_attrs)
    case("_Dilation2DChosenFilter", _x, _w, R(2, 2, 2), grad=(2,), **_attrs)
# Of equals the first one.
_flat = np.ones((1, 3, 3, 1), np.float32)
_even = {"strides": (1, 1, 1, 1), "rates": (1, 1, 1, 1), "padding": "SAME"}
for _op in ("Dilation2DBackpropInput", "Dilation2DBackpropFilter"):
    case(_op, _flat, np.zeros((2, 2, 1), np.float32), R(1, 3, 3, 1), **_even, tolerance=CLOSE)

# -- patches -------------------------------------------------------------------------------------
_patches = {"ksizes": (1, 2, 3, 1), "strides": (1, 2, 1, 1), "rates": (1, 1, 2, 1)}
for _padding, _shape in (("SAME", (2, 3, 6, 12)), ("VALID", (2, 2, 2, 12))):
    _attrs = {**_patches, "padding": _padding}
    case("ExtractImagePatches", R(2, 5, 6, 2), grad=(0,), sweep=_padding == "SAME", **_attrs)
    case("_LayImagePatches", R(*_shape), (2, 5, 6, 2), grad=(0,), **_attrs)
_patches = {"ksizes": (1, 2, 1, 3, 1), "strides": (1, 1, 2, 2, 1)}
for _padding, _shape in (("SAME", (1, 3, 2, 2, 12)), ("VALID", (1, 2, 2, 1, 12))):
    _attrs = {**_patches, "padding": _padding}
    case("ExtractVolumePatches", R(1, 3, 3, 4, 2), grad=(0,), sweep=_padding == "SAME", **_attrs)
    case("_LayVolumePatches", R(*_shape), (1, 3, 3, 4, 2), grad=(0,), **_attrs)

# -- names of layouts ----------------------------------------------------------------------------
for _to in ("NCHW", "HWNC", "WHCN", "NHWC"):
    case("DataFormatDimMap", (0, 3, -1, -4, 1, 2), dst_format=_to)
    case("DataFormatVecPermute", (7, 4, 9, 3), dst_format=_to)
    case("DataFormatVecPermute", I(4, 2, hi=9), dst_format=_to, src_format="NHWC")
case("DataFormatDimMap", I(2, 3, lo=-4, hi=4, dtype=np.int64), src_format="NCHW")
