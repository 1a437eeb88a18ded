"""Convolutions of `tf.nn`, `tf.layers` and `tf.contrib.layers`: results, names and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from evergraph import tf
from evergraph.tf import conv_lengths

R = np.random.RandomState(0)


@pytest.fixture(autouse=True)
def graph() -> Iterator[Any]:
    with tf.Graph().as_default() as made:
        yield made


def image(*shape: int) -> Any:
    return R.randn(*shape).astype(np.float32)


def value(*tensors: Any) -> Any:
    """What the tensors hold once variables have begun."""
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(tensors if len(tensors) > 1 else tensors[0])


def close(a: Any, b: Any) -> None:
    got, want = value(a, b)
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


# -- tf.nn -------------------------------------------------------------------------------------
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("known", [True, False])
def test_dilation_by_cosets_is_the_ops_own(padding: str, known: bool) -> None:
    x, w = image(2, 9, 8, 3), image(3, 2, 3, 4)
    fed = tf.placeholder_with_default(x, x.shape if known else None)
    direct = tf.nn.conv2d(x, w, 1, padding, dilations=[2, 3])
    close(tf.nn.convolution(fed, tf.constant(w), padding, dilation_rate=[2, 3]), direct)


def test_dilation_with_channels_first() -> None:
    x, w = tf.constant(image(1, 2, 7, 6)), tf.constant(image(2, 2, 2, 3))
    y = tf.nn.convolution(x, w, "SAME", dilation_rate=[2, 1], data_format="NCHW")
    assert y.shape.as_list() == [1, 3, 7, 6]
    close(y, tf.nn.conv2d(x, w, 1, "SAME", data_format="NCHW", dilations=[2, 1]))


@pytest.mark.parametrize("known", [True, False])
def test_depthwise_dilation(known: bool) -> None:
    x, w = image(1, 6, 5, 2), image(2, 3, 2, 2)
    kernel = tf.placeholder_with_default(w, w.shape if known else None)
    y = tf.nn.depthwise_conv2d(x, kernel, [1, 1, 1, 1], "SAME", rate=[2, 1])
    steps = {"strides": [1, 1, 1, 1], "padding": "SAME", "dilations": [1, 2, 1, 1]}
    close(y, tf.nn.depthwise_conv2d_native(x, w, **steps))


def test_separable_is_depthwise_then_pointwise() -> None:
    x, each, mix = image(2, 5, 5, 2), image(3, 3, 2, 2), image(1, 1, 4, 3)
    y = tf.nn.separable_conv2d(x, each, mix, [1, 2, 2, 1], "VALID")
    between = tf.nn.depthwise_conv2d(x, each, [1, 2, 2, 1], "VALID")
    close(y, tf.nn.conv2d(between, mix, 1, "VALID"))


def test_lines_are_images_of_one_row() -> None:
    x, w = image(2, 7, 3), image(3, 3, 4)
    y = tf.nn.conv1d(x, w, 2, "SAME")
    close(y, tf.nn.conv2d(x[:, None], w[None], 2, "SAME")[:, 0])
    first = tf.nn.conv1d(x.swapaxes(1, 2), w, 2, "SAME", data_format="NCW")
    close(tf.transpose(first, [0, 2, 1]), y)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_transpose_is_the_gradient(n: int) -> None:
    x, w = tf.constant(image(2, *[5] * n, 2)), tf.constant(image(*[3] * n, 2, 4))
    y = tf.nn.convolution(x, w, "SAME", strides=[2] * n)
    dy = tf.constant(image(*y.shape.as_list()))
    close(tf.nn.conv_transpose(dy, w, x.shape.as_list(), 2), tf.gradients(y, x, dy)[0])


def test_atrous_transpose_is_the_gradient() -> None:
    x, w = tf.constant(image(1, 7, 8, 2)), tf.constant(image(3, 2, 2, 3))
    y = tf.nn.atrous_conv2d(x, w, 2, "SAME")
    dy = tf.constant(image(*y.shape.as_list()))
    back = tf.nn.atrous_conv2d_transpose(dy, w, x.shape.as_list(), 2, "SAME")
    close(back, tf.gradients(y, x, dy)[0])


def test_erosion_is_dual_to_dilation() -> None:
    x, w = image(1, 5, 5, 2), image(2, 3, 2)
    steps = {"strides": [1, 1, 1, 1], "rates": [1, 1, 1, 1], "padding": "SAME"}
    eroded = tf.nn.erosion2d(x, w, **steps)
    close(eroded, -tf.nn.dilation2d(-x, w[::-1, ::-1], **steps))


def test_arguments_with_two_names() -> None:
    x, w = image(1, 4, 4, 1), image(2, 2, 1, 1)
    close(tf.nn.conv2d(x, filters=w, strides=1, padding="SAME"), tf.nn.conv2d(x, w, 1, "SAME"))
    with pytest.raises(ValueError, match="Cannot specify both"):
        tf.nn.conv2d(x, w, 1, "SAME", filters=w)


def test_refusals() -> None:
    x, w = tf.constant(image(1, 4, 4, 1)), tf.constant(image(2, 2, 1, 1))
    for padding, text in (
        ("EXPLICIT", "list of pairs"),
        ([[0, 0]] * 3, "size 4"),
        ([0, 0, 0, 0], "size 2"),
    ):
        with pytest.raises(ValueError, match=text):
            tf.nn.conv2d(x, w, 1, padding)
    with pytest.raises(ValueError, match="length 1, 2 or 4"):
        tf.nn.conv2d(x, w, [1, 1, 1], "SAME")
    with pytest.raises(ValueError, match="in conjunction with"):
        tf.nn.convolution(x, w, "SAME", strides=[2, 2], dilation_rate=[2, 2])
    with pytest.raises(ValueError, match="input channels"):
        tf.nn.convolution(x, image(2, 2, 3, 1), "SAME", dilation_rate=[2, 2])
    with pytest.raises(ValueError, match="rank"):
        tf.nn.convolution(tf.placeholder(tf.float32), tf.placeholder(tf.float32), "SAME")
    with pytest.raises(ValueError, match="cannot be less than one"):
        tf.nn.atrous_conv2d_transpose(x, w, [1, 4, 4, 1], 0, "SAME")


# -- layers ------------------------------------------------------------------------------------
def names() -> list[str]:
    return [v.name for v in tf.global_variables()]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_layers(n: int) -> None:
    x = tf.placeholder(tf.float32, [None, *[6] * n, 2])
    layer = getattr(tf.layers, f"conv{n}d")
    y = layer(x, 3, 2, strides=2, padding="same", name="c")
    assert y.shape.as_list() == [None, *[3] * n, 3]
    assert names() == ["c/kernel:0", "c/bias:0"]
    again = layer(x, 3, 2, strides=2, padding="same", name="c", reuse=True)
    assert again.shape.as_list() == y.shape.as_list() and len(names()) == 2


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
@pytest.mark.parametrize("n", [2, 3])
def test_transposed_layers(n: int, layout: str, padding: str) -> None:
    space = [3, 4, 2][:n]
    shape = [2, *space, 2] if layout == "channels_last" else [2, 2, *space]
    make = getattr(tf.layers, f"Conv{n}DTranspose")
    layer = make(3, 3, strides=2, padding=padding, data_format=layout)
    y = layer(tf.constant(image(*shape)))
    assert y.shape == layer.compute_output_shape(tf.TensorShape(shape))
    assert list(value(y).shape) == y.shape.as_list()
    assert "dilation_rate" not in layer.get_config()


@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
def test_separable_layers(layout: str) -> None:
    shape = (2, 6, 2) if layout == "channels_last" else (2, 2, 6)
    y = tf.layers.separable_conv1d(image(*shape), 3, 3, data_format=layout, depth_multiplier=2)
    assert sorted(y.shape.as_list()) == [2, 3, 4] and value(y).shape == tuple(y.shape.as_list())
    prefix = "separable_conv1d/"
    wanted = ["depthwise_kernel:0", "pointwise_kernel:0", "bias:0"]
    assert names() == [prefix + name for name in wanted]


def test_causal_padding_looks_back_alone() -> None:
    x = np.zeros((1, 6, 1), np.float32)
    x[0, 2] = 1
    ones = tf.ones_initializer()
    y = tf.layers.conv1d(x, 1, 3, padding="causal", dilation_rate=2, kernel_initializer=ones)
    assert np.flatnonzero(value(y)).tolist() == [2, 4]


def test_layers_with_channels_first() -> None:
    last = image(2, 5, 4, 3)
    kernel = tf.constant_initializer(0.5)
    options = {"kernel_initializer": kernel, "bias_initializer": tf.ones_initializer()}
    a = tf.layers.conv2d(last, 2, 3, **options)
    b = tf.layers.conv2d(last.transpose(0, 3, 1, 2), 2, 3, data_format="channels_first", **options)
    close(tf.transpose(b, [0, 2, 3, 1]), a)


def test_layers_refuse() -> None:
    with pytest.raises(ValueError, match="channel dimension"):
        tf.layers.conv2d(tf.placeholder(tf.float32, [None, 4, 4, None]), 3, 3)
    with pytest.raises(ValueError, match="Causal padding"):
        tf.layers.Conv2D(3, 3, padding="causal")
    with pytest.raises(ValueError, match="kernel_size"):
        tf.layers.Conv2D(3, (3, 3, 3))
    with pytest.raises(ValueError, match="padding"):
        tf.layers.Conv2D(3, 3, padding="full")
    with pytest.raises(ValueError, match="data_format"):
        tf.layers.Conv2D(3, 3, data_format="middle")


def test_lengths() -> None:
    assert conv_lengths.conv_output_length(7, 3, "valid", 2) == 3
    assert conv_lengths.conv_output_length(7, 3, "full", 1, dilation=2) == 11
    assert conv_lengths.conv_input_length(3, 3, "valid", 2) == 7
    assert conv_lengths.conv_input_length(None, 3, "same", 2) is None
    assert conv_lengths.deconv_output_length(3, 4, "valid", stride=2) == 8
    assert conv_lengths.deconv_output_length(3, 3, "same", output_padding=1, stride=2) == 6
    assert conv_lengths.deconv_output_length(3, 3, "full", stride=2) == 3
    with pytest.raises(ValueError, match="rank not supported"):
        conv_lengths.convert_data_format("channels_last", 2)


# -- tf.contrib.layers ---------------------------------------------------------------------------
def test_contrib_layers() -> None:
    L = tf.contrib.layers
    x = tf.constant(image(2, 6, 6, 2))
    with tf.contrib.framework.arg_scope([L.conv2d], padding="VALID", activation_fn=None):
        y = L.conv2d(x, 3, [3, 3], scope="a")
    assert y.shape.as_list() == [2, 4, 4, 3]
    L.separable_conv2d(x, None, 3, 2, scope="d")
    L.separable_conv2d(x, 4, 3, 2, scope="s", biases_initializer=None)
    L.conv2d_transpose(x, 3, 3, 2, scope="t", normalizer_fn=L.layer_norm)
    L.conv2d_in_plane(x, 3, scope="p", variables_collections=["mine"])
    kinds = {"a": "weights biases", "d": "depthwise_weights biases"}
    kinds |= {"s": "depthwise_weights pointwise_weights", "p": "weights biases"}
    kinds["t"] = "weights LayerNorm/beta LayerNorm/gamma"
    wanted = {f"{scope}/{name}:0" for scope, text in kinds.items() for name in text.split()}
    assert set(names()) == wanted == {v.name for v in tf.contrib.framework.get_model_variables()}
    assert [v.name for v in tf.get_collection("mine")] == ["p/weights:0", "p/biases:0"]
    with pytest.raises(ValueError, match="rank 3, got 4"):
        L.conv1d(x, 3, 3)
    with pytest.raises(ValueError, match="Invalid data_format"):
        L.convolution(x, 3, 3, data_format="HWC")


# -- learning ------------------------------------------------------------------------------------
def test_a_small_net_learns() -> None:
    """Which half of an image is bright."""
    tf.set_random_seed(1)
    x, y = tf.placeholder(tf.float32, [None, 8, 8, 1]), tf.placeholder(tf.int64, [None])
    h = tf.layers.conv2d(x, 4, 3, strides=2, padding="same", activation=tf.nn.relu)
    h = tf.layers.separable_conv2d(h, 4, 3, padding="same", activation=tf.nn.relu)
    logits = tf.layers.dense(tf.layers.flatten(h), 2)
    loss = tf.losses.sparse_softmax_cross_entropy(y, logits)
    step = tf.train.AdamOptimizer(0.02).minimize(loss)
    labels = R.randint(0, 2, 32)
    images = R.rand(32, 8, 8, 1) * 0.2
    for one, label in zip(images, labels, strict=True):
        one[:, 4 * label : 4 * label + 4] += 0.8
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        losses = [session.run([loss, step], {x: images, y: labels})[0] for _ in range(40)]
    assert losses[-1] < 0.1 * losses[0]
