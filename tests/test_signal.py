"""`tf.signal`, Fourier transforms and sound: against NumPy, SciPy, TensorFlow; bad arguments."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st

from evergraph import errors, tf
from evergraph.core.emit import apply

SIZES = st.integers(0, 5)
SUFFIXES = {1: "", 2: "2D", 3: "3D"}


def run(build: Any, feeds: dict[Any, Any] | None = None) -> Any:
    """What `build()` gives, run in a graph of its own."""
    with tf.Graph().as_default(), tf.Session() as session, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return session.run(build(), feeds)


def normal(seed: int, shape: Any) -> np.ndarray[Any, Any]:
    """Normally distributed float32 numbers."""
    return np.random.RandomState(seed).randn(*shape).astype(np.float32)


def complex_normal(seed: int, shape: Any) -> np.ndarray[Any, Any]:
    """Complex numbers."""
    return (normal(seed, shape) + 1j * normal(seed + 1, shape)).astype(np.complex64)


# -- transforms --------------------------------------------------------------------------------
@settings(deadline=None, max_examples=40)
@given(st.sampled_from([1, 2, 3]), st.lists(SIZES, min_size=3, max_size=4), st.integers(0, 99))
def test_transforms_undo_each_other(rank: int, shape: list[int], seed: int) -> None:
    x = complex_normal(seed, shape)
    forward, back = (getattr(tf, f"{i}fft{'' if rank == 1 else f'{rank}d'}") for i in ("", "i"))
    there, again = run(lambda: (forward(x), back(forward(x))))
    assert there.shape == x.shape
    np.testing.assert_allclose(again, x, atol=1e-4)
    if x.size:
        axes = tuple(range(-rank, 0))
        np.testing.assert_allclose(there, np.fft.fftn(x, axes=axes), rtol=1e-3, atol=1e-3)


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from([1, 2, 3]),
    st.lists(st.integers(1, 5), min_size=3, max_size=4),
    st.lists(st.integers(1, 6), min_size=3, max_size=3),
    st.integers(0, 99),
)
def test_real_transforms(rank: int, shape: list[int], lengths: list[int], seed: int) -> None:
    """Of any length: what is missing is zero, what is too long is cut."""
    x, wanted = normal(seed, shape), lengths[:rank]
    suffix = "" if rank == 1 else f"{rank}d"
    axes = tuple(range(-rank, 0))
    spectrum = run(lambda: getattr(tf.signal, f"rfft{suffix}")(x, wanted))
    np.testing.assert_allclose(spectrum, np.fft.rfftn(x, wanted, axes), rtol=1e-3, atol=1e-3)
    back = run(lambda: getattr(tf.signal, f"irfft{suffix}")(spectrum, wanted))
    np.testing.assert_allclose(back, np.fft.irfftn(spectrum, wanted, axes), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("unknown", [False, True])
@pytest.mark.parametrize("less", [0, 1])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_gradients_are_adjoints(rank: int, less: int, unknown: bool) -> None:
    """Transforms are linear: <dy, F d> = <grad, d>, and the gradient's gradient is F again."""
    shape = (2, 3, 4, 5)
    lengths = np.array([d - less for d in shape[-rank:]], np.int32)
    for op, x in (
        (f"FFT{SUFFIXES[rank]}", complex_normal(1, shape)),
        (f"IFFT{SUFFIXES[rank]}", complex_normal(2, shape)),
        (f"RFFT{SUFFIXES[rank]}", normal(3, shape)),
        (f"IRFFT{SUFFIXES[rank]}", complex_normal(4, shape)),
    ):
        extra = [lengths] if "R" in op else []
        with tf.Graph().as_default(), tf.Session() as session:
            fed = tf.placeholder(x.dtype, None if unknown else shape)
            y: Any = apply(op, fed, *extra)
            at: Any = session.run(y, {fed: x})
            dy = tf.placeholder(y.dtype, None if unknown else at.shape)
            grad = tf.gradients(y, fed, dy)[0]
            twice = tf.gradients(grad, dy, fed)[0]
            other = complex_normal(5, at.shape) if at.dtype.kind == "c" else normal(5, at.shape)
            got, again = session.run([grad, twice], {fed: x, dy: other})
        assert got.shape == x.shape
        left, right = np.sum(np.conj(other) * at).real, np.sum(np.conj(got) * x).real
        np.testing.assert_allclose(left, right, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(again, at, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("op", "x", "lengths"),
    [
        ("RFFT", np.zeros(3, np.float32), [4]),
        ("RFFT", np.zeros(3, np.float32), [-1]),
        ("RFFT", np.zeros(0, np.float32), [1 << 30]),
        ("IRFFT", np.zeros(2, np.complex64), [6]),
        ("RFFT2D", np.zeros((3, 3), np.float32), [3, 4]),
    ],
)
def test_lengths_that_do_not_fit(op: str, x: Any, lengths: list[int]) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        fed = tf.placeholder(tf.int32, [len(lengths)])
        y = apply(op, x, fed)
        with pytest.raises(errors.InvalidArgumentError, match="length"):
            session.run(y, {fed: lengths})


def test_ranks_are_checked() -> None:
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match="rank"):
            tf.fft2d(tf.zeros([3], tf.complex64))
        with pytest.raises(ValueError, match="rank at least 2"):
            tf.signal.rfft2d([1.0, 2.0])
        with pytest.raises(ValueError, match="Dimension must be 1"):
            tf.signal.rfft([1.0, 2.0], [2, 2])


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=3))
def test_shifts(shape: list[int]) -> None:
    x = normal(0, shape)
    there, again = run(
        lambda: (tf.signal.fftshift(x), tf.signal.ifftshift(tf.signal.fftshift(x), None))
    )
    np.testing.assert_array_equal(there, np.fft.fftshift(x))
    np.testing.assert_array_equal(again, x)


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 9), st.sampled_from([2, 3]), st.sampled_from([None, "ortho"]))
def test_cosine_transforms(n: int, kind: int, norm: str | None) -> None:
    x = normal(n, (2, n))
    got, back = run(lambda: (tf.signal.dct(x, kind, norm=norm), tf.signal.idct(x, kind, norm=norm)))
    np.testing.assert_allclose(got, scipy.fft.dct(x, kind, norm=norm), rtol=1e-3, atol=1e-4)
    scale = 1 if norm else 2 * n
    wanted = scipy.fft.idct(x, kind, norm=norm) * scale
    np.testing.assert_allclose(back, wanted, rtol=1e-3, atol=1e-3)


def test_cosine_transform_of_another_length() -> None:
    x = normal(0, (2, 6))
    for n in (3, 6, 9):
        got = run(lambda n=n: tf.signal.dct(x, n=n))
        np.testing.assert_allclose(got, scipy.fft.dct(x, n=n), rtol=1e-4, atol=1e-4)
    first = run(lambda: tf.signal.dct(x, type=1))
    np.testing.assert_allclose(first, scipy.fft.dct(x, 1), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"type": 4}, ValueError),
        ({"axis": 0}, NotImplementedError),
        ({"norm": "none"}, ValueError),
        ({"n": 0}, ValueError),
        ({"type": 1, "norm": "ortho"}, ValueError),
    ],
)
def test_bad_cosine_transforms(arguments: Any, error: Any) -> None:
    with tf.Graph().as_default(), pytest.raises(error):
        tf.signal.dct(tf.zeros([2, 3]), **arguments)


# -- frames ------------------------------------------------------------------------------------
def framed(x: np.ndarray[Any, Any], length: int, step: int, pad: bool) -> np.ndarray[Any, Any]:
    """Frames the plain way."""
    n = x.shape[-1]
    number = -(-n // step) if pad else max(0, 1 + (n - length) // step)
    x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, length + step * number)], constant_values=7)
    parts = [x[..., i * step : i * step + length] for i in range(number)]
    return np.stack(parts, -2) if parts else np.zeros((*x.shape[:-1], 0, length), x.dtype)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 12), st.integers(1, 5), st.integers(1, 5), st.booleans(), st.booleans())
def test_frames(samples: int, length: int, step: int, pad: bool, unknown: bool) -> None:
    x = normal(samples, (2, samples))
    with tf.Graph().as_default(), tf.Session() as session:
        fed = tf.placeholder(tf.float32, None if unknown else x.shape)
        y = tf.signal.frame(fed, length, step, pad_end=pad, pad_value=7)
        got = session.run(y, {fed: x})
    np.testing.assert_array_equal(got, framed(x, length, step, pad))
    assert unknown or y.shape.as_list() == list(got.shape)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 4), st.integers(1, 6), st.integers(1, 6))
def test_overlap_and_add(frames: int, length: int, step: int) -> None:
    x = normal(frames, (2, frames, length))
    wanted = np.zeros((2, (frames - 1) * step + length), np.float32)
    for i in range(frames):
        wanted[:, i * step : i * step + length] += x[:, i]
    if step > length:
        return  # frames with gaps between them are no frames of a signal
    np.testing.assert_allclose(run(lambda: tf.signal.overlap_and_add(x, step)), wanted, atol=1e-5)


def test_inverse_stft_undoes_stft() -> None:
    x = normal(0, (2, 60))

    def build() -> Any:
        spectra = tf.signal.stft(x, 16, 4)
        window = tf.signal.inverse_stft_window_fn(4)
        return tf.signal.inverse_stft(spectra, 16, 4, window_fn=window)

    np.testing.assert_allclose(run(build)[:, 16:44], x[:, 16:44], atol=1e-4)


def test_bad_frames() -> None:
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match="positive"):
            tf.signal.frame([1.0, 2.0], 2, 0)
        with pytest.raises(ValueError, match="rank at least 2"):
            tf.signal.overlap_and_add([1.0], 1)
        with pytest.raises(ValueError, match="integer"):
            tf.signal.overlap_and_add([[1.0]], 1.5)
        with pytest.raises(ValueError, match="floating"):
            tf.signal.hann_window(4, dtype=tf.int32)
        with pytest.raises(ValueError, match="Nyquist"):
            tf.signal.linear_to_mel_weight_matrix(upper_edge_hertz=5000.0)


# -- TensorFlow --------------------------------------------------------------------------------
EXPRESSIONS = (
    "tf.signal.stft(x, 16, 8)",
    "tf.signal.stft(x, 10, 3, fft_length=12, pad_end=True, window_fn=None)",
    "tf.signal.frame(x, 4, 3, pad_end=True, axis=0)",
    "tf.signal.hamming_window(7, periodic=False)",
    "tf.signal.hann_window(1)",
    "tf.signal.hann_window(8, dtype=tf.float64)",
    "tf.signal.linear_to_mel_weight_matrix(6, 33, 8000, 60.0, 3500.0)",
    "tf.signal.mfccs_from_log_mel_spectrograms(x)",
    "tf.signal.inverse_stft(tf.signal.stft(x, 16, 8), 12, 8, fft_length=16)",
    "tf.signal.dct(x, type=2, norm='ortho')",
    "tf.signal.dct(x, type=3)",
    "tf.signal.irfft2d(tf.signal.rfft2d(x, [3, 9]), [3, 9])",
)


@pytest.mark.oracle
@pytest.mark.parametrize("text", EXPRESSIONS)
def test_against_tensorflow(text: str) -> None:
    tensorflow = pytest.importorskip("tensorflow")
    x = normal(3, (2, 40))
    wanted = eval(text, {"tf": tensorflow, "x": tensorflow.constant(x)})
    got = run(lambda: eval(text, {"tf": tf, "x": tf.constant(x)}))
    np.testing.assert_allclose(got, wanted, rtol=2e-4, atol=2e-5)


# -- sound -------------------------------------------------------------------------------------
@settings(deadline=None, max_examples=20)
@given(st.integers(1, 6), st.integers(1, 3), st.integers(1, 96000))
def test_wav_files_come_back(frames: int, channels: int, rate: int) -> None:
    x = np.clip(0.3 * normal(frames, (frames, channels)), -1, 0.99)
    audio, got = run(lambda: tf.audio.decode_wav(tf.audio.encode_wav(x, rate)))
    assert got == rate
    np.testing.assert_allclose(audio, x, atol=1 / 32768)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_damaged_wav_files_raise(data: Any) -> None:
    """Any change of a byte, and any cut, gives numbers or InvalidArgumentError."""
    whole = bytearray(run(lambda: tf.audio.encode_wav([[0.5], [-0.25]], 8000)))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    part = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        audio, _ = run(lambda: tf.audio.decode_wav(tf.constant(part)))
        assert audio.ndim == 2
    except errors.InvalidArgumentError:
        pass


@pytest.mark.parametrize(
    "build",
    [
        lambda: tf.audio.encode_wav(tf.zeros([0, 1]), 8000),
        lambda: tf.audio.encode_wav(tf.zeros([2, 1]), 0),
        lambda: apply("Mfcc", tf.zeros([1, 1, 1]), 8000),
        lambda: apply("Mfcc", tf.zeros([1, 1, 65]), -1),
        lambda: apply("Mfcc", tf.zeros([1, 1, 65]), 16000, dct_coefficient_count=50),
    ],
)
def test_bad_sound(build: Any) -> None:
    with pytest.raises(errors.InvalidArgumentError):
        run(build)


def test_bad_spectrograms() -> None:
    with tf.Graph().as_default():
        for window, stride in ((1, 1), (4, 0), (-3, 1)):
            with pytest.raises(ValueError, match="initialization failed"):
                apply("AudioSpectrogram", tf.zeros([8, 1]), window_size=window, stride=stride)
        with pytest.raises(ValueError, match="non-negative"):
            tf.audio.decode_wav("", desired_channels=-2)
