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

# -- colours -----------------------------------------------------------------------------------
_COLOURS = U(0, 1, 3, 4, 3)
_CORNERS = np.array([[[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 0, 1], [1, 0, 1], [0.5, 0.5, 0]]], "f4")
case("RGBToHSV", _COLOURS, grad=(0,), tolerance=CLOSE, sweep=True)
case("RGBToHSV", _CORNERS, tolerance=CLOSE)
case("HSVToRGB", _COLOURS, tolerance=CLOSE, sweep=True)
case("HSVToRGB", _CORNERS, tolerance=CLOSE)
for _value in (0.0, 0.3, -0.7, 1.0, -1.0):
    case("AdjustHue", _COLOURS, np.float32(_value), tolerance=CLOSE)
    case("AdjustHue", _CORNERS, np.float32(_value), tolerance=CLOSE)
for _value in (0.0, 0.5, 1.0, 2.5):
    case("AdjustSaturation", _COLOURS, np.float32(_value), tolerance=CLOSE)
    case("AdjustSaturation", _CORNERS, np.float32(_value), tolerance=CLOSE)
    case("AdjustContrastv2", U(-1, 2, 2, 3, 5, 3), np.float32(_value), tolerance=CLOSE)
    _limits = (np.float32(0), np.float32(1))
    case("AdjustContrast", _COLOURS, np.float32(_value), *_limits, tolerance=CLOSE, oracle=False)
case("AdjustHue", R(0, 2, 3), np.float32(0.1))
case("AdjustSaturation", R(0, 2, 3), np.float32(0.1))
case("AdjustContrastv2", R(0, 2, 3), np.float32(0.1))
case("AdjustHue", U(0, 1, 2, 2, 3).astype(np.float16), np.float32(0.1), oracle=False)
_turn = (np.float32(0.4), np.float32(1.5), np.float32(0.9))
case("AdjustHsvInYiq", _COLOURS, *_turn, oracle=False)

# -- parts of images ---------------------------------------------------------------------------
_BOXES = np.array(
    [[0, 0, 1, 1], [0.1, 0.2, 0.8, 1.2], [0.9, 0.8, 0.2, 0.1], [-0.4, -0.3, 0.5, 0.5]], "f4"
)
# Between pixels, where the gradient by a box has no jump.
_SMOOTH = np.array(
    [[0.03, 0.04, 0.94, 0.91], [0.11, 0.22, 0.83, 0.94], [0.89, 0.77, 0.21, 0.13]] * 2, "f4"
)[:4]
_WHICH = np.array([0, 1, 1, 0], np.int32)
for _size in ((3, 3), (1, 4), (5, 1), (1, 1)):
    _image, _grads = R(2, 5, 6, 3), R(4, *_size, 3)
    for _method in ("bilinear", "nearest"):
        _how = {"method": _method, "tolerance": CLOSE, "single": True, "second": False}
        _by = (0, 1) if _method == "bilinear" else (0,)
        case("CropAndResize", _image, _BOXES, _WHICH, _size, extrapolation_value=2.5, **_how)
        case("CropAndResize", _image, _SMOOTH, _WHICH, _size, grad=_by, **_how)
        _back = (_WHICH, np.array([2, 5, 6, 3], np.int32))
        _types = {"T": np.float32, **_how}
        case("CropAndResizeGradImage", _grads, _BOXES, *_back, **_types)
        case("CropAndResizeGradImage", _grads, _SMOOTH, *_back, grad=_by, **_types)
    case("CropAndResizeGradBoxes", _grads, _image, _BOXES, _WHICH, tolerance=1e-5)
case("CropAndResize", I(1, 4, 4, 1, hi=255).astype(np.uint8), _BOXES[:1], (0,), (2, 3))
case("CropAndResize", R(1, 4, 4, 1), R(0, 4), np.zeros(0, np.int32), (2, 3))
_offsets = np.array([[0, 0.2], [-0.3, 0.1]], np.float32)
case("ExtractGlimpse", R(2, 6, 7, 3), (2, 3), _offsets)
_pixels = np.array([[3, 2.5], [1, 4]], np.float32)
case("ExtractGlimpse", R(2, 6, 7, 1), (2, 3), _pixels, centered=False, normalized=False)
_outside = {"noise": "zero", "uniform_noise": False}
case("ExtractGlimpse", R(2, 6, 7, 1), (5, 9), np.array([[0.9, -0.5], [3, 0]], "f4"), **_outside)

# -- boxes -------------------------------------------------------------------------------------
_FRAMES = np.array(
    [[[0.1, 0.1, 0.8, 0.9], [-0.5, 0.2, 0.5, 1.5], [0.9, 0, 0.1, 1], [2, 2, 3, 3]]], "f4"
)
for _depth in (1, 3, 4):
    case("DrawBoundingBoxes", R(1, 6, 7, _depth), _FRAMES)
    case("DrawBoundingBoxesV2", R(1, 6, 7, _depth), _FRAMES, U(0, 1, 2, 4))
_SIDES = U(0, 1, 30, 4)
_SCORES = U(0, 1, 30)
_HALF, _LOW = np.float32(0.5), np.float32(0.2)
for _most in (0, 1, 5, 30):
    case("NonMaxSuppression", _SIDES, _SCORES, _most, iou_threshold=0.3)
    case("NonMaxSuppressionV2", _SIDES, _SCORES, _most, _HALF)
    case("NonMaxSuppressionV3", _SIDES, _SCORES, _most, _HALF, _LOW)
    for _pad in (False, True):
        _padding = {"pad_to_max_output_size": _pad}
        case("NonMaxSuppressionV4", _SIDES, _SCORES, _most, _HALF, _LOW, **_padding)
        for _sigma in (0.0, 0.5):
            # Today's TensorFlow no longer drops what is too similar when scores fall softly.
            _share = np.float32(1) if _sigma else _HALF
            _soft = (_SIDES, _SCORES, _most, _share, _LOW, np.float32(_sigma))
            case("NonMaxSuppressionV5", *_soft, tolerance=1e-6, **_padding)
    _alike = U(0, 1, 12, 12)
    case("NonMaxSuppressionWithOverlaps", _alike, U(0, 1, 12), _most, _HALF, _LOW)
case("NonMaxSuppressionV3", R(0, 4), R(0), 3, _HALF, _LOW)
for _classes in (1, 3):
    for _pad in (False, True):
        _many = (U(0, 1.1, 2, 20, _classes, 4), U(0, 1, 2, 20, 3), 4, 9, _HALF, _LOW)
        case("CombinedNonMaxSuppression", *_many, pad_per_class=_pad, clip_boxes=_pad)

# -- matches and regions -----------------------------------------------------------------------
for _k in (-1, 2):
    case("BipartiteMatch", U(0, 1, 4, 5), np.float32(-1), top_k=_k)
    case("BipartiteMatch", U(0, 1, 4, 5), np.float32([3]), top_k=_k)
case("BipartiteMatch", R(0, 5), np.float32(-1))
case("ImageConnectedComponents", I(2, 9, 8, hi=3))
case("ImageConnectedComponents", I(1, 5, 5, hi=2).astype(bool))

# -- any places --------------------------------------------------------------------------------
_MOVES = np.array([[1, 0.2, 1, -0.1, 0.9, 0, 0.01, 0.02], [0.5, 0, -1, 0, 2, 0.5, 0, 0]], "f4")
for _kind in ("NEAREST", "BILINEAR"):
    case("ImageProjectiveTransform", R(2, 5, 4, 2), _MOVES, interpolation=_kind, oracle=False)
    _shift = np.array([[1, 0, 1, 0, 1, 0, 0, 0]], "f4")
    _images = R(2, 5, 4, 2)
    _move = {"interpolation": _kind, "second": False, "single": True}
    case("ImageProjectiveTransformV2", _images, _MOVES, (3, 6), oracle=False, interpolation=_kind)
    case("ImageProjectiveTransformV2", _images, _shift, (5, 4), grad=(0,), oracle=False, **_move)
_warp = U(-1.2, 5, 2, 3, 4, 2)
case("Resampler", R(2, 4, 5, 3), _warp, grad=(0, 1), oracle=False, second=False)
case("ResamplerGrad", R(2, 4, 5, 3), _warp, R(2, 3, 4, 3), oracle=False)
