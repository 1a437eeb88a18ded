"""Files of images: PNG, GIF, BMP and JPEG against TensorFlow, and broken ones."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergraph import tf
from evergraph.core.emit import apply
from evergraph.ops import image_gif as gif
from evergraph.ops import image_jpeg as jpeg
from evergraph.ops import image_png as png

IMAGES = pytest.importorskip("PIL.Image")
RANDOM = np.random.RandomState(3)
ROWS, COLUMNS = np.mgrid[:21, :30]
SMOOTH = np.stack([ROWS * 9, COLUMNS * 7, (ROWS + COLUMNS) * 4], -1).astype(np.uint8)
NOISY = SMOOTH ^ RANDOM.randint(0, 16, SMOOTH.shape).astype(np.uint8)


def run(op: str, *operands: Any, **attrs: Any) -> Any:
    """What an op gives in a session."""
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(apply(op, *operands, **attrs))


def stored(image: Any, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def by_hand(header: tuple[int, ...], lines: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG file with this header (width, height, depth, colour, interlace) and filtered lines."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", *header[:4], 0, 0, header[4])), *chunks]
    parts += [(b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    return png.SIGNATURE + b"".join(png._chunk(kind, body) for kind, body in parts)


def png_files() -> dict[str, bytes]:
    """Files of all colour types and depths."""
    files = {}
    picture = IMAGES.fromarray(NOISY)
    for mode in ("RGB", "RGBA", "L", "P", "1"):
        files[mode] = stored(picture.convert(mode), "PNG")
    files["LA"] = stored(picture.convert("RGBA").convert("LA"), "PNG")
    for name, image in (("RGB", NOISY), ("L", NOISY[..., :1])):
        files[f"{name} 16"] = png.encode(image.astype(np.uint16) * 251 + 3, -1)
    palette = stored(picture.convert("P", palette=IMAGES.Palette.ADAPTIVE), "PNG", transparency=3)
    files["palette with alpha"] = palette
    files["one transparent"] = stored(picture, "PNG", transparency=tuple(NOISY[0, 0].tolist()))
    for depth in (2, 4):
        row = b"\0" + bytes([0b00011011] * (depth * 8 // 8))
        files[f"gray {depth}"] = by_hand((8, 3, depth, 0, 0), row * 3)
    lines = b"\0" + bytes(range(15)) + b"\1" + bytes(range(15)) + b"\2" + bytes(range(15))
    lines += b"\3" + bytes(range(15)) + b"\4" + bytes(range(15))
    files["all filters"] = by_hand((5, 5, 8, 2, 0), lines)
    files["interlaced"] = by_hand((9, 7, 8, 0, 1), interlaced(9, 7))
    files["thin"] = by_hand((1, 3, 8, 0, 1), interlaced(1, 3))
    return files


def interlaced(width: int, height: int) -> bytes:
    image = np.arange(width * height, dtype=np.uint8).reshape(height, width)
    out = b""
    for row, column, down, across in png._PASSES:
        part = image[row::down, column::across]
        if part.size:
            out += b"".join(b"\0" + line.tobytes() for line in part)
    return out


PNGS = png_files()


@pytest.mark.oracle
@pytest.mark.parametrize("channels", [0, 1, 3, 4])
@pytest.mark.parametrize("name", PNGS)
def test_png_files_are_read_as_tensorflow_reads_them(name: str, channels: int) -> None:
    tensorflow = pytest.importorskip("tensorflow")
    for dtype in ("uint8", "uint16"):
        want = tensorflow.io.decode_png(PNGS[name], channels, dtype=dtype).numpy()
        got = run("DecodePng", PNGS[name], channels=channels, dtype=getattr(tf, dtype))
        np.testing.assert_array_equal(got, want)


@given(
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(1, 4),
    st.sampled_from([np.uint8, np.uint16]),
    st.integers(-1, 9),
    st.integers(0, 99),
)
def test_png_keeps_images(
    height: int, width: int, channels: int, dtype: Any, compression: int, seed: int
) -> None:
    values = np.random.RandomState(seed).randint(0, np.iinfo(dtype).max, (height, width, channels))
    image = values.astype(dtype)
    np.testing.assert_array_equal(png.decode(png.encode(image, compression), 0, dtype), image)


@pytest.mark.oracle
def test_our_files_are_read_by_tensorflow() -> None:
    tensorflow = pytest.importorskip("tensorflow")
    for image in (NOISY, NOISY[..., :1], NOISY.astype(np.uint16) * 257):
        data = run("EncodePng", image)
        got = tensorflow.io.decode_png(data, dtype=image.dtype.name).numpy()
        np.testing.assert_array_equal(got, image)
    options = {"density_unit": "cm", "x_density": 20, "xmp_metadata": "note"}
    data = run("EncodeJpeg", SMOOTH, **options, progressive=True, chroma_downsampling=False)
    assert np.abs(tensorflow.io.decode_jpeg(data).numpy().astype(int) - SMOOTH).mean() < 2
    assert IMAGES.open(io.BytesIO(data)).info["jfif_density"] == (20, 300)


# -- GIF and BMP -------------------------------------------------------------------------------
def animated(*images: Any, **options: Any) -> bytes:
    frames = [IMAGES.fromarray(x).convert("P") for x in images]
    return stored(frames[0], "GIF", save_all=True, append_images=frames[1:], **options)


@pytest.mark.oracle
def test_gif_files_are_read_as_tensorflow_reads_them() -> None:
    tensorflow = pytest.importorskip("tensorflow")
    noise = RANDOM.randint(0, 256, (60, 50, 3)).astype(np.uint8)
    files = [
        animated(NOISY),
        animated(NOISY, 255 - NOISY),
        animated(noise),
        animated(NOISY, interlace=1),
    ]
    for data in files:
        want = tensorflow.io.decode_gif(data).numpy()
        np.testing.assert_array_equal(run("DecodeGif", data), want)
    np.testing.assert_array_equal(run("DecodePng", files[0]), run("DecodeGif", files[0])[0])
    with pytest.raises(tf.errors.InvalidArgumentError, match="Got 2 frames"):
        run("DecodeJpeg", files[1])


@pytest.mark.oracle
def test_bmp_files_are_read_as_tensorflow_reads_them() -> None:
    tensorflow = pytest.importorskip("tensorflow")
    picture = IMAGES.fromarray(NOISY)
    for mode in ("RGB", "L"):
        data = stored(picture.convert(mode), "BMP")
        np.testing.assert_array_equal(run("DecodeBmp", data), tensorflow.io.decode_bmp(data))
    np.testing.assert_array_equal(run("DecodeBmp", stored(picture, "BMP"), channels=3), NOISY)


# -- JPEG --------------------------------------------------------------------------------------
@pytest.mark.oracle
@pytest.mark.parametrize("ratio", [1, 2, 4, 8])
@pytest.mark.parametrize("channels", [0, 1, 3])
def test_jpeg_files_are_read_nearly_as_tensorflow_reads_them(channels: int, ratio: int) -> None:
    tensorflow = pytest.importorskip("tensorflow")
    for image in (SMOOTH, SMOOTH[..., :1]):
        data = run("EncodeJpeg", image, quality=90)
        options = {"channels": channels, "ratio": ratio}
        want = tensorflow.io.decode_jpeg(data, dct_method="INTEGER_ACCURATE", **options).numpy()
        got = run("DecodeJpeg", data, **options)
        assert got.shape == want.shape and got.dtype == np.uint8
        assert np.abs(got.astype(int) - want).max() <= 3
        shape = run("ExtractJpegShape", data, output_type=tf.int64)
        np.testing.assert_array_equal(shape, image.shape)


def test_parts_of_jpeg_files() -> None:
    data = run("EncodeJpegVariableQuality", SMOOTH, 80)
    whole = run("DecodeJpeg", data)
    part = run("DecodeAndCropJpeg", data, [2, 3, 10, 12])
    np.testing.assert_array_equal(part, whole[2:12, 3:15])
    for window in ([0, 0, 22, 3], [-1, 0, 3, 3], [0, 0, 0, 3], [0, 29, 3, 2]):
        with pytest.raises(tf.errors.InvalidArgumentError, match="Invalid JPEG data or crop"):
            run("DecodeAndCropJpeg", data, window)


def test_files_that_are_cut_off() -> None:
    data = run("EncodeJpeg", NOISY)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Invalid JPEG data"):
        run("DecodeJpeg", data[: len(data) // 2])
    shown = run("DecodeJpeg", data[: len(data) * 3 // 4], try_recover_truncated=True)
    assert shown.shape == (21, 30, 3)


# -- what is no image ----------------------------------------------------------------------------
BROKEN: list[tuple[str, bytes, dict[str, Any], str]] = [
    ("DecodePng", b"", {}, "got empty file"),
    ("DecodePng", b"text", {}, "got unknown format"),
    ("DecodePng", png.SIGNATURE, {}, "Invalid PNG header"),
    ("DecodePng", PNGS["RGB"], {"channels": 2}, "channels must be"),
    ("DecodePng", by_hand((1 << 28, 2, 8, 0, 0), b""), {}, "PNG size too large"),
    ("DecodePng", by_hand((1 << 20, 500, 8, 0, 0), b""), {}, "too few pixels"),
    ("DecodePng", by_hand((2, 2, 8, 3, 0), b"\0" * 6), {}, "no palette"),
    ("DecodePng", by_hand((2, 2, 8, 3, 0), b"\0\5\5" * 2, (b"PLTE", b"abc")), {}, "palette"),
    ("DecodePng", by_hand((2, 2, 8, 0, 0), b"\7ab" * 2), {}, "unknown filter"),
    ("DecodeGif", b"GIF89a", {}, "Invalid GIF data"),
    ("DecodeBmp", b"BM", {}, "Incomplete bmp content"),
    ("DecodeBmp", stored(IMAGES.fromarray(NOISY), "BMP"), {"channels": 4}, "does not match"),
    ("DecodeBmp", stored(IMAGES.fromarray(NOISY), "BMP")[:99], {}, "Incomplete bmp content"),
    ("DecodeJpeg", PNGS["RGB"], {"ratio": 3}, "ratio must be"),
    ("DecodeJpeg", PNGS["RGB"], {"dct_method": "FLOAT"}, "dct_method must be"),
    ("DecodeJpeg", jpeg.SIGNATURE, {}, "Invalid JPEG data"),
]


@pytest.mark.parametrize(("op", "data", "attrs", "text"), BROKEN)
def test_broken_files(op: str, data: bytes, attrs: dict[str, Any], text: str) -> None:
    with pytest.raises((tf.errors.InvalidArgumentError, ValueError), match=text):
        run(op, data, **attrs)


@given(
    st.sampled_from([*PNGS.values(), animated(NOISY), jpeg.encode(NOISY, 80)]),
    st.integers(0, 10**6),
    st.integers(0, 255),
    st.booleans(),
)
def test_damaged_files_are_refused_or_read(data: bytes, at: int, byte: int, cut: bool) -> None:
    at %= len(data)
    damaged = data[:at] if cut else data[:at] + bytes([byte]) + data[at + 1 :]
    readers = {
        png.SIGNATURE: lambda d: png.decode(d, 0, np.uint8),
        gif.SIGNATURE: gif.decode,
        jpeg.SIGNATURE: lambda d: jpeg.decode(d, 0, 1, False),
    }
    reader = next(f for start, f in readers.items() if data.startswith(start))
    try:
        assert reader(damaged).dtype == np.uint8
    except ValueError as error:
        assert "Invalid" in str(error) or "too large" in str(error)


@pytest.mark.parametrize(
    ("op", "image", "attrs", "text"),
    [
        ("EncodePng", np.zeros((2, 2, 5), np.uint8), {}, "1, 2, 3, or 4 channels"),
        ("EncodePng", np.zeros((0, 2, 3), np.uint8), {}, "must not be empty"),
        ("EncodePng", np.zeros((2, 2, 3), np.uint8), {"compression": 10}, "compression"),
        ("EncodeJpeg", np.zeros((2, 2, 4), np.uint8), {}, "1 or 3 channels"),
        ("EncodeJpeg", np.zeros((2, 2, 3), np.uint8), {"format": "grayscale"}, "expects 1"),
        ("EncodeJpeg", np.zeros((2, 2, 3), np.uint8), {"quality": 101}, "quality must be"),
    ],
)
def test_images_that_no_file_can_hold(op: str, image: Any, attrs: Any, text: str) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=text):
        run(op, image, **attrs)


def test_jpeg_without_pillow_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(tf.errors.UnimplementedError, match=r"pip install evergraph\[image\]"):
        run("EncodeJpeg", NOISY)
