"""Cases of ops on images."""

from __future__ import annotations

import numpy as np
from op_cases import Numbers, case

numbers = Numbers(7)
R, U, I = numbers.normal, numbers.uniform, numbers.integers
CLOSE = 4e-6
HALF = {"half_pixel_centers": True}
CORNERS = {"align_corners": True}

# -- other sizes -------------------------------------------------------------------------------
for _options in ({}, HALF, CORNERS):
    for _size in ((7, 3), (2, 9), (1, 1), (4, 5)):
        _image = R(2, 4, 5, 3)
        case("ResizeBilinear", _image, _size, grad=(0,), tolerance=CLOSE, single=True, **_options)
        case("ResizeBicubic", _image, _size, grad=(0,), tolerance=CLOSE, single=True, **_options)
        case("ResizeNearestNeighbor", _image, _size, grad=(0,), **_options)
        _grads = R(2, *_size, 3)
        for _op in ("ResizeBilinearGrad", "ResizeBicubicGrad"):
            case(_op, _grads, _image, grad=(0,), tolerance=CLOSE, single=True, **_options)
        case("ResizeNearestNeighborGrad", _grads, (4, 5), grad=(0,), tolerance=CLOSE, **_options)
    case("ResizeBilinear", I(1, 5, 1, 1, hi=255).astype(np.uint8), (1, 4), **_options)
for _op in ("ResizeBilinear", "ResizeBicubic", "ResizeNearestNeighbor", "ResizeArea"):
    case(_op, R(1, 3, 4, 2), (5, 2), sweep=True, tolerance=CLOSE)
    case(_op, R(0, 3, 4, 2), (5, 2))
for _options in ({}, CORNERS):
    for _size in ((4, 3), (9, 2), (6, 7), (1, 1)):
        case("ResizeArea", R(2, 6, 7, 3), _size, tolerance=CLOSE, **_options)
_KERNELS = ("lanczos1", "lanczos3", "lanczos5", "gaussian", "box", "triangle", "keyscubic")
for _kernel in (*_KERNELS, "mitchellcubic"):
    for _antialias in (True, False):
        _kind = {"kernel_type": _kernel, "antialias": _antialias, "tolerance": 1e-5}
        _operands = (np.float32([0.5, 1.7]), np.float32([0.3, -1.2]))
        _image, _grads = R(2, 6, 5, 2), R(2, 4, 7, 2)
        case("ScaleAndTranslate", _image, (4, 7), *_operands, grad=(0,), single=True, **_kind)
        case("ScaleAndTranslateGrad", _grads, _image, *_operands, **_kind)
_far = (np.float32([0.1, 3.0]), np.float32([2.0, -9.0]))
case("ScaleAndTranslate", R(1, 9, 3, 1), (3, 4), *_far, tolerance=1e-5)
case("ScaleAndTranslateGrad", R(1, 3, 4, 1), R(1, 9, 3, 1), *_far, tolerance=1e-5)
