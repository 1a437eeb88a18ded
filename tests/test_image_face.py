"""`tf.image` against TensorFlow: values, static shapes, names, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from evergraph import tf

RANDOM = np.random.RandomState(5)
FLOATS = RANDOM.uniform(0, 1, (2, 8, 7, 3)).astype(np.float32)
OTHERS = np.clip(FLOATS + RANDOM.normal(0, 0.05, FLOATS.shape), 0, 1).astype(np.float32)
BYTES = (FLOATS * 255).astype(np.uint8)
GRAY = FLOATS[..., :1]
LARGE = RANDOM.uniform(0, 1, (2, 23, 18, 2)).astype(np.float32)
LARGE2 = np.clip(LARGE + RANDOM.normal(0, 0.1, LARGE.shape), 0, 1).astype(np.float32)
BOXES = RANDOM.uniform(0, 1, (12, 4)).astype(np.float32)
SCORES = RANDOM.uniform(0, 1, 12).astype(np.float32)

Call = Callable[..., Any]
CALLS: dict[str, tuple[Call, list[Any]]] = {}
"""Name -> what to call with (tf, *tensors), and the tensors' values."""


def add(name: str, call: Call, *values: Any, one: bool = True) -> None:
    """A call on a batch, and on its first image alone."""
    CALLS[name] = (call, list(values))
    if one:
        CALLS[f"{name}, one"] = (call, [v[0] for v in values])


for _k in (0, 1, 2, 3, -5):
    add(f"rot90 {_k}", lambda tf, x, k=_k: tf.image.rot90(x, k), FLOATS)
for _op in ("flip_left_right", "flip_up_down", "transpose", "transpose_image"):
    add(_op, lambda tf, x, op=_op: getattr(tf.image, op)(x), BYTES)
for _fraction in (0.3, 0.5, 1.0):
    add(f"central {_fraction}", lambda tf, x, f=_fraction: tf.image.central_crop(x, f), BYTES)
add("pad", lambda tf, x: tf.image.pad_to_bounding_box(x, 1, 2, 12, 11), FLOATS)
add("crop", lambda tf, x: tf.image.crop_to_bounding_box(x, 1, 2, 5, 4), FLOATS)
for _size in ((10, 4), (5, 9), (3, 3)):
    add(
        f"crop or pad {_size}",
        lambda tf, x, s=_size: tf.image.resize_with_crop_or_pad(x, *s),
        BYTES,
    )
    add(f"with pad {_size}", lambda tf, x, s=_size: tf.image.resize_image_with_pad(x, *s), FLOATS)
    for _method in range(4):
        for _options in ({}, {"align_corners": True}, {"preserve_aspect_ratio": True}):
            if _options.get("align_corners") and _method == 3:
                continue
            add(
                f"resize {_size} {_method} {_options}",
                lambda tf, x, s=_size, m=_method, o=_options: tf.image.resize_images(x, s, m, **o),
                BYTES,
                one=_method == 0,
            )
for _delta in (0.3, -0.2):
    for _what, _image in (("bytes", BYTES), ("floats", FLOATS)):
        add(
            f"brightness {_what} {_delta}",
            lambda tf, x, d=_delta: tf.image.adjust_brightness(x, d),
            _image,
        )
        add(f"hue {_what} {_delta}", lambda tf, x, d=_delta: tf.image.adjust_hue(x, d), _image)
for _factor in (0.5, 1.7):
    for _what, _image in (("bytes", BYTES), ("floats", FLOATS)):
        add(
            f"contrast {_what} {_factor}",
            lambda tf, x, f=_factor: tf.image.adjust_contrast(x, f),
            _image,
        )
        add(
            f"saturation {_what} {_factor}",
            lambda tf, x, f=_factor: tf.image.adjust_saturation(x, f),
            _image,
        )
        add(
            f"gamma {_what} {_factor}",
            lambda tf, x, f=_factor: tf.image.adjust_gamma(x, f, 2),
            _image,
        )
add("standardization", lambda tf, x: tf.image.per_image_standardization(x), FLOATS)
add("to gray", lambda tf, x: tf.image.rgb_to_grayscale(x), FLOATS)
add("bytes to gray", lambda tf, x: tf.image.rgb_to_grayscale(x), BYTES)
add("from gray", lambda tf, x: tf.image.grayscale_to_rgb(x), GRAY)
for _op in ("rgb_to_hsv", "hsv_to_rgb", "sobel_edges", "image_gradients", "total_variation"):
    _one = _op not in ("sobel_edges", "image_gradients")
    add(_op, lambda tf, x, op=_op: getattr(tf.image, op)(x), FLOATS, one=_one)
for _op in ("rgb_to_yiq", "yiq_to_rgb", "rgb_to_yuv", "yuv_to_rgb"):
    add(_op, lambda tf, x, op=_op: getattr(tf.image, op)(x), FLOATS)
for _from in ("uint8", "uint16", "int16", "int32", "float16", "float32", "float64"):
    for _to in ("uint8", "uint16", "int16", "int32", "float16", "float32", "float64"):
        if {_from, _to} & {"float16"} and {_from, _to} & {"uint16", "int16", "int32"}:
            continue  # scaled numbers would overflow
        for _saturate in (False, True) if _from not in ("uint16", "int16") else (False,):
            _values = FLOATS if "float" in _from else FLOATS * np.iinfo(_from).max
            add(
                f"{_from} to {_to} {_saturate}",
                lambda tf, x, t=_to, s=_saturate: tf.image.convert_image_dtype(x, t, s),
                (_values * 0.999).astype(_from),
                one=False,
            )
add("psnr", lambda tf, x, y: tf.image.psnr(x, y, 1.0), FLOATS, OTHERS)
add("psnr of bytes", lambda tf, x, y: tf.image.psnr(x, y, 255), BYTES, BYTES[:, ::-1])
add("ssim", lambda tf, x, y: tf.image.ssim(x, y, 1.0), LARGE, LARGE2)
add("ssim of broadcast", lambda tf, x, y: tf.image.ssim(x, y, 1.0), LARGE[:1], LARGE2, one=False)
_scales = {"power_factors": (0.3, 0.7), "filter_size": 5}
add("scales", lambda tf, x, y: tf.image.ssim_multiscale(x, y, 1.0, **_scales), LARGE, LARGE2)
add(
    "nms",
    lambda tf, b, s: [
        tf.image.non_max_suppression(b, s, 5, 0.3),
        *tf.image.non_max_suppression_with_scores(b, s, 5, 0.3, 0.1),
        tf.image.crop_and_resize(FLOATS, b, [0, 1] * 6, [3, 2]),
    ],
    BOXES,
    SCORES,
    one=False,
)
add(
    "frames",
    lambda tf, x: tf.image.draw_bounding_boxes(x, BOXES[None, :4].repeat(2, 0)),
    FLOATS,
    one=False,
)
add(
    "frames of colours",
    lambda tf, x: tf.image.draw_bounding_boxes(
        x, BOXES[None, :4].repeat(2, 0), colors=[[0.1, 0.2, 0.3]]
    ),
    FLOATS,
    one=False,
)
NEEDS_RANK = ("resize", "rgb_to_yiq", "yiq_to_rgb", "rgb_to_yuv", "yuv_to_rgb", "central")
NEEDS_RANK += ("sobel", "image_gradients", "total_variation")


def feeds(library: Any, values: list[Any], mode: str) -> tuple[list[Any], dict[Any, Any]]:
    """Placeholders that know all or nothing of the shapes (unknown ranks mean one image)."""
    shapes = {"static": lambda v: v.shape, "partial": lambda v: (None,) * v.ndim}
    made = [library.placeholder(v.dtype.name, shapes.get(mode, lambda v: None)(v)) for v in values]
    return made, dict(zip(made, values, strict=True))


def flat(result: Any) -> list[Any]:
    return list(result) if isinstance(result, (list, tuple)) else [result]


def ours(name: str, mode: str) -> tuple[list[Any], list[Any]]:
    call, values = CALLS[name]
    with tf.Graph().as_default(), tf.Session() as session:
        tensors, fed = feeds(tf, values, mode)
        out = flat(call(tf, *tensors))
        return session.run(out, fed), [
            t.shape.as_list() if t.shape.ndims is not None else None for t in out
        ]


@pytest.mark.oracle
@pytest.mark.parametrize("name", CALLS)
def test_values(name: str) -> None:
    tensorflow = pytest.importorskip("tensorflow")
    v1 = tensorflow.compat.v1
    call, values = CALLS[name]
    with tensorflow.Graph().as_default(), v1.Session() as session:
        tensors, fed = feeds(v1, values, "static")
        out = flat(call(v1, *tensors))
        want, shapes = session.run(out, fed), [t.shape for t in out]
    got, known = ours(name, "static")
    for value, expected, own, theirs in zip(got, want, known, shapes, strict=True):
        assert value.dtype == expected.dtype and value.shape == expected.shape
        assert own is not None and theirs.is_compatible_with(own)
        if expected.dtype.kind in "iu":
            most = 1 if np.prod(expected.shape) and expected.dtype.itemsize < 4 else 0
            assert np.abs(value.astype(np.int64) - expected.astype(np.int64)).max() <= most
        else:
            close = 2e-3 if expected.dtype == np.float16 else 2e-5
            np.testing.assert_allclose(value, expected, rtol=close, atol=close)


@pytest.mark.parametrize("name", [n for n in CALLS if " to " not in n or "gray" in n])
def test_unknown_shapes(name: str) -> None:
    want, _ = ours(name, "static")
    modes = ["partial"]
    if CALLS[name][1][0].ndim == 3 and not name.startswith(NEEDS_RANK):
        modes.append("unknown")
    for mode in modes:
        got, _ = ours(name, mode)
        for value, expected in zip(got, want, strict=True):
            np.testing.assert_allclose(value, expected, rtol=1e-6, atol=1e-6)


def test_images_that_keep_their_size_keep_their_dtype() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        same = tf.image.resize_images(BYTES, [8, 7])
        assert same.dtype == tf.uint8
        np.testing.assert_array_equal(session.run(same), BYTES)


# -- sizes that a run gives ----------------------------------------------------------------------
def test_sizes_as_tensors() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        four, five = tf.placeholder(tf.int32, []), tf.placeholder(tf.int32, [])
        fed = {four: 4, five: 5}
        x = tf.constant(BYTES)
        made = [
            tf.image.crop_to_bounding_box(x, four - 3, five - 4, five, four),
            tf.image.pad_to_bounding_box(x, four - 3, five - 4, five * 3, four * 3),
            tf.image.resize_image_with_crop_or_pad(x, five * 2, four),
            tf.image.resize_images(x, [five, four]),
            tf.image.resize_image_with_pad(x, five, four),
        ]
        same = [
            tf.image.crop_to_bounding_box(x, 1, 1, 5, 4),
            tf.image.pad_to_bounding_box(x, 1, 1, 15, 12),
            tf.image.resize_image_with_crop_or_pad(x, 10, 4),
            tf.image.resize_images(x, [5, 4]),
            tf.image.resize_image_with_pad(x, 5, 4),
        ]
        for got, want in zip(session.run(made, fed), session.run(same), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-6)
        bad = tf.image.crop_to_bounding_box(x, four, 0, five, four)
        with pytest.raises(tf.errors.InvalidArgumentError, match="height must be >= target"):
            session.run(bad, fed)


# -- random changes ----------------------------------------------------------------------------
def test_random_changes_follow_their_seeds() -> None:
    changes: list[Call] = [
        lambda x: tf.image.random_flip_left_right(x, seed=3),
        lambda x: tf.image.random_flip_up_down(x, seed=3),
        lambda x: tf.image.random_brightness(x, 0.4, seed=3),
        lambda x: tf.image.random_contrast(x, 0.2, 1.8, seed=3),
        lambda x: tf.image.random_hue(x, 0.4, seed=3),
        lambda x: tf.image.random_saturation(x, 0.2, 1.8, seed=3),
        lambda x: tf.image.random_crop(x, [3, 4, 3], seed=3),
    ]

    def values(change: Call) -> list[Any]:
        with tf.Graph().as_default(), tf.Session() as session:
            y = change(tf.constant(FLOATS[0]))
            return [session.run(y) for _ in range(8)]

    for change in changes:
        first = values(change)
        np.testing.assert_array_equal(first, values(change))
        assert any((x != first[0]).any() for x in first)


@pytest.mark.oracle
def test_random_changes_are_tensorflows() -> None:
    tensorflow = pytest.importorskip("tensorflow")
    changes: list[Call] = [
        lambda tf, x: tf.image.random_flip_left_right(x, seed=4),
        lambda tf, x: tf.image.random_flip_up_down(x, seed=4),
        lambda tf, x: tf.image.random_brightness(x, 0.4, seed=4),
        lambda tf, x: tf.image.random_contrast(x, 0.2, 1.8, seed=4),
        lambda tf, x: tf.image.random_hue(x, 0.4, seed=4),
        lambda tf, x: tf.image.random_saturation(x, 0.2, 1.8, seed=4),
    ]
    for change in changes:
        results = []
        for library in (tf, tensorflow.compat.v1):
            with library.Graph().as_default(), library.Session() as session:
                library.set_random_seed(9)
                y = change(library, library.constant(FLOATS[0]))
                results.append([session.run(y) for _ in range(4)])
        np.testing.assert_allclose(*results, rtol=1e-5, atol=1e-5)


# -- files -------------------------------------------------------------------------------------
def test_files_of_any_format() -> None:
    pytest.importorskip("PIL")
    with tf.Graph().as_default(), tf.Session() as session:
        image = tf.constant(BYTES[0])
        files = session.run([tf.image.encode_png(image), tf.image.encode_jpeg(image)])
        data = tf.placeholder(tf.string, [])
        decoded = tf.image.decode_image(data)
        floats = tf.image.decode_image(data, dtype=tf.float32)
        np.testing.assert_array_equal(session.run(decoded, {data: files[0]}), BYTES[0])
        np.testing.assert_allclose(session.run(floats, {data: files[0]}), BYTES[0] / 255, atol=1e-6)
        assert session.run(decoded, {data: files[1]}).shape == BYTES[0].shape
        assert session.run(tf.image.is_jpeg(data), {data: files[1]})
        with pytest.raises(tf.errors.InvalidArgumentError, match="Unable to decode bytes"):
            session.run(decoded, {data: b"something else"})
        worse = tf.image.adjust_jpeg_quality(image, 5)
        assert (session.run(worse) != BYTES[0]).any()
        assert session.run(tf.image.random_jpeg_quality(image, 10, 90)).shape == BYTES[0].shape


# -- what is refused ---------------------------------------------------------------------------
IMAGE = "'image' must have either 3 or 4 dimensions."
REFUSED: list[tuple[Call, Any, str]] = [
    (lambda x: tf.image.flip_left_right(x), (4, 5), "at least three-dimensional"),
    (lambda x: tf.image.flip_left_right(x), (0, 5, 3), "must be > 0"),
    (lambda x: tf.image.rot90(x), (1, 1, 2, 3, 4), IMAGE),
    (lambda x: tf.image.central_crop(x, 0.0), (4, 5, 3), "within"),
    (lambda x: tf.image.central_crop(x, 0.5), (1, 1, 2, 3, 4), "rank = 3 or rank = 4"),
    (lambda x: tf.image.crop_to_bounding_box(x, 0, 0, 1, 1), (4, 5), IMAGE),
    (lambda x: tf.image.crop_to_bounding_box(x, -1, 0, 3, 3), (4, 5, 3), "offset_height must be"),
    (lambda x: tf.image.crop_to_bounding_box(x, 0, -1, 3, 3), (4, 5, 3), "offset_width must be"),
    (lambda x: tf.image.crop_to_bounding_box(x, 0, 0, 0, 3), (4, 5, 3), "target_height must be"),
    (lambda x: tf.image.crop_to_bounding_box(x, 0, 3, 3, 3), (4, 5, 3), "width must be >="),
    (lambda x: tf.image.pad_to_bounding_box(x, 2, 0, 4, 9), (4, 5, 3), "height must be <="),
    (lambda x: tf.image.resize_image_with_crop_or_pad(x, 0, 4), (4, 5, 3), "target_height must"),
    (lambda x: tf.image.resize_images(x, [4]), (4, 5, 3), "1-D Tensor of 2 elements"),
    (lambda x: tf.image.resize_images(x, [4, None]), (4, 5, 3), "1-D int32 Tensor"),
    (lambda x: tf.image.resize_images(x, [4, 4], method=9), (4, 5, 3), "not implemented"),
    (lambda x: tf.image.resize_images(x, [4, 4]), (5, 3), "'images' must have either 3 or 4"),
    (lambda x: tf.image.grayscale_to_rgb(x), (4, 5, 2), "should be size 1"),
    (lambda x: tf.image.grayscale_to_rgb(x), (1,), "at least two-dimensional"),
    (lambda x: tf.image.adjust_gamma(x, -1), (4, 5, 3), "non-negative real number"),
    (lambda x: tf.image.adjust_hue(x, 0.1), (4, 3), "Shape must be at least rank 3"),
    (lambda x: tf.image.adjust_contrast(x, [2.0]), (4, 5, 3), "Shape must be rank 0"),
    (lambda x: tf.image.random_hue(x, 0.6), (4, 5, 3), "max_delta must be <= 0.5"),
    (lambda x: tf.image.random_brightness(x, -1), (4, 5, 3), "max_delta must be non-negative"),
    (lambda x: tf.image.random_contrast(x, 2, 1), (4, 5, 3), "upper must be > lower"),
    (lambda x: tf.image.random_jpeg_quality(x, 9, 101), (4, 5, 3), "between 0 and 100"),
    (lambda x: tf.image.total_variation(x), (4, 5), "3 or 4-dimensional"),
    (lambda x: tf.image.image_gradients(x), (4, 5, 3), "expects a 4D tensor"),
    (lambda x: tf.image.psnr(x, x[1:], 1), (4, 5, 3), "Dimensions must be equal"),
    (lambda x: tf.image.non_max_suppression(x, [0.9], 3), (4,), "Shape must be rank 2 but is"),
    (lambda x: tf.image.non_max_suppression(x, [0.9], 3), (1, 3), "Dimension must be 4 but is 3"),
    (lambda x: tf.image.non_max_suppression(x, [0.9, 1.0], 3), (1, 4), "equal, but are 1 and 2"),
    (lambda x: tf.image.decode_image(x, channels=2), (), "channels must be in"),
]


@pytest.mark.parametrize(("call", "shape", "text"), REFUSED)
def test_refused(call: Call, shape: tuple[int, ...], text: str) -> None:
    with tf.Graph().as_default(), pytest.raises(ValueError, match=text):
        call(tf.zeros(shape))


def test_dtypes_that_are_no_images() -> None:
    with tf.Graph().as_default(), pytest.raises(AttributeError, match="floating point or integer"):
        tf.image.convert_image_dtype(tf.zeros([2, 2, 1]), tf.string)
