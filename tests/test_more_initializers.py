"""Orthogonal kernels of convolutions, and the initializers of TensorFlow 2."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import evergraph.tf as tf
from evergraph.tf import convolution_initializers as kernels
from evergraph.tf import init_ops_v2

KERNELS = [
    (kernels.ConvolutionOrthogonal1D, (3, 2, 4)),
    (kernels.ConvolutionOrthogonal2D, (3, 3, 2, 4)),
    (kernels.ConvolutionOrthogonal3D, (2, 2, 2, 2, 3)),
]


def value_of(tensor: Any) -> Any:
    with tf.Session() as session:
        return session.run(tensor)


def circular(x: Any, kernel: Any) -> Any:
    """The convolution of x [..., inputs] with a kernel, its axes being circles."""
    out = np.zeros((*x.shape[:-1], kernel.shape[-1]))
    axes = tuple(range(x.ndim - 1))
    for place in np.ndindex(kernel.shape[:-2]):
        out += np.roll(x, [-p for p in place], axes) @ kernel[place]
    return out


@pytest.mark.parametrize(("kind", "shape"), KERNELS)
def test_orthogonal_kernels_keep_the_norm(kind: Any, shape: tuple[int, ...]) -> None:
    kernel = value_of(kind(gain=3.0, seed=5, dtype=tf.float64)(shape))
    assert kernel.shape == shape
    x = np.random.RandomState(0).randn(*[5] * (len(shape) - 2), shape[-2])
    assert np.isclose(np.linalg.norm(circular(x, kernel)), 3 * np.linalg.norm(x))


@pytest.mark.parametrize(("kind", "shape"), KERNELS)
def test_kernels_of_size_one_are_matrices(kind: Any, shape: tuple[int, ...]) -> None:
    kernel = value_of(kind(seed=5)((*[1] * (len(shape) - 2), 2, 3)))
    matrix = kernel.reshape(2, 3)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(2), atol=1e-6)


@pytest.mark.parametrize("spatial", [1, 2, 3])
def test_the_middle_is_orthogonal(spatial: int) -> None:
    kernel = value_of(kernels.ConvolutionDeltaOrthogonal(2.0, 5)((*[3] * spatial, 2, 4)))
    matrix = kernel[(1,) * spatial]
    np.testing.assert_allclose(matrix @ matrix.T, 4 * np.eye(2), atol=1e-5)
    assert np.count_nonzero(kernel) == np.count_nonzero(matrix)


def test_projections_are_their_own_squares() -> None:
    p = value_of(kernels.ConvolutionOrthogonal2D(seed=1)._symmetric_projection(5))
    np.testing.assert_allclose(p @ p, p, atol=1e-6)
    np.testing.assert_allclose(p, p.T, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "shape", "message"),
    [
        (kernels.ConvolutionDeltaOrthogonal, (3, 3), "three-dimensional"),
        (kernels.ConvolutionDeltaOrthogonal, (3, 4, 3), "In_filters"),
        (kernels.ConvolutionOrthogonal1D, (3, 3), "three-dimensional"),
        (kernels.ConvolutionOrthogonal2D, (3, 3, 2), "four-dimensional"),
        (kernels.ConvolutionOrthogonal2D, (3, 2, 2, 2), "Kernel sizes"),
        (kernels.ConvolutionOrthogonal3D, (2, 2, 2, 3, 2), "In_filters"),
    ],
)
def test_shapes_that_do_not_fit(kind: Any, shape: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind()(shape)


def test_configurations_give_the_same_initializer() -> None:
    for made in (kernels.ConvolutionOrthogonal2D(2.0, 3), kernels.ConvolutionDeltaOrthogonal(2.0)):
        assert type(made).from_config(made.get_config()).get_config() == made.get_config()
    for name in ("Zeros", "Ones", "Constant", "RandomUniform", "RandomNormal", "TruncatedNormal"):
        made = getattr(init_ops_v2, name)()
        assert type(made).from_config({**made.get_config(), "dtype": "x"}) is not made
    for name in ("VarianceScaling", "GlorotUniform", "GlorotNormal", "Orthogonal", "Identity"):
        made = getattr(init_ops_v2, name)()
        assert type(made).from_config(made.get_config()).get_config() == made.get_config()


@pytest.mark.parametrize(
    "made",
    [
        init_ops_v2.RandomUniform(seed=7),
        init_ops_v2.RandomNormal(seed=7),
        init_ops_v2.TruncatedNormal(seed=7),
        init_ops_v2.VarianceScaling(seed=7, distribution="untruncated_normal"),
        init_ops_v2.GlorotUniform(seed=7),
        init_ops_v2.GlorotNormal(seed=7),
        init_ops_v2.he_normal(7),
        init_ops_v2.he_uniform(7),
        init_ops_v2.lecun_normal(7),
        init_ops_v2.lecun_uniform(7),
        init_ops_v2.Orthogonal(seed=7),
    ],
)
def test_a_seed_decides_alone(made: Any) -> None:
    first, second = value_of([made([3, 4]), made([3, 4])])
    assert (first == second).all()
    assert first.std() > 0


def test_without_a_seed_numbers_differ() -> None:
    made = init_ops_v2.RandomNormal()
    first, second = value_of([made([9]), made([9])])
    assert (first != second).any()


def test_constants() -> None:
    assert value_of(init_ops_v2.Constant([1, 2, 3, 4])([2, 2])).tolist() == [[1, 2], [3, 4]]
    assert value_of(init_ops_v2.Constant(2)([2], tf.float32)).tolist() == [2, 2]
    with pytest.raises(TypeError, match="3 elements"):
        init_ops_v2.Constant([1, 2, 3])([2, 2])
    assert value_of(init_ops_v2.Zeros()([2], tf.bool)).tolist() == [False, False]
    assert value_of(init_ops_v2.Identity(2.0)([2, 3])).tolist() == [[2, 0, 0], [0, 2, 0]]
    with pytest.raises(ValueError, match="2D"):
        init_ops_v2.Identity()([2])
    with pytest.raises(ValueError, match="numeric or boolean"):
        init_ops_v2.Ones()([2], tf.string)
    with pytest.raises(ValueError, match="float or integer"):
        init_ops_v2.RandomUniform()([2], tf.string)
    assert value_of(init_ops_v2.RandomUniform(3, 9)([20], tf.int32)).min() >= 3


def test_variables_take_them() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.get_variable("v", [2, 3], initializer=init_ops_v2.Ones())
        k = tf.get_variable("k", [3, 3, 2, 4], initializer=kernels.ConvolutionOrthogonal2D())
        session.run(tf.global_variables_initializer())
        assert session.run(v).sum() == 6
        assert session.run(k).any()
