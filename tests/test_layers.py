"""Layers: weights and their scopes, sharing, losses and updates, argument scopes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from evergraph import tf

RNG = np.random.RandomState(3)
X = RNG.randn(6, 4).astype("f4")


def names(items: Any) -> list[str]:
    return [x.name for x in items]


def run(fetches: Any, feed: Any = None, before: Any = ()) -> Any:
    """The fetched values after initialising all variables (and running `before`)."""
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for op in before:
            session.run(op)
        return session.run(fetches, feed)


# -- dense -----------------------------------------------------------------------------------------
def test_dense_computes() -> None:
    y = tf.layers.dense(X, 3, tf.nn.relu, bias_initializer=tf.ones_initializer())
    kernel, bias = tf.trainable_variables()
    got, k, b = run([y, kernel, bias])
    np.testing.assert_allclose(got, np.maximum(X @ k + b, 0.0), rtol=1e-5, atol=1e-6)
    assert names([kernel, bias]) == ["dense/kernel:0", "dense/bias:0"] and y.shape == [6, 3]


def test_dense_of_higher_rank() -> None:
    x = tf.placeholder(tf.float32, [None, 5, 4])
    y = tf.layers.dense(x, 3, use_bias=False)
    assert y.shape.as_list() == [None, 5, 3] and len(tf.trainable_variables()) == 1
    value = RNG.randn(2, 5, 4).astype("f4")
    got, k = run([y, tf.trainable_variables()[0]], {x: value})
    np.testing.assert_allclose(got, value @ k, rtol=1e-4, atol=1e-5)


def test_names_of_layers() -> None:
    x = tf.constant(X)
    a, b = tf.layers.dense(x, 2), tf.layers.dense(x, 2)
    c = tf.layers.dense(x, 2, name="fc")
    with tf.variable_scope("s"), tf.name_scope("n"):
        d = tf.layers.dense(x, 2)
    assert names([a, b, c, d]) == [
        "dense/BiasAdd:0",
        "dense_1/BiasAdd:0",
        "fc/BiasAdd:0",
        "s/n/dense/BiasAdd:0",
    ]
    scopes = ["dense", "dense_1", "fc", "s/dense"]
    weights = [f"{scope}/{w}:0" for scope in scopes for w in ("kernel", "bias")]
    assert names(tf.global_variables()) == weights


def test_layers_share_by_name() -> None:
    x = tf.constant(X)
    a = tf.layers.dense(x, 4, name="a")
    b = tf.layers.dense(x, 4, name="a", reuse=True)
    assert len(tf.global_variables()) == 2 and b.name == "a_1/BiasAdd:0"
    with pytest.raises(ValueError, match="already exists"):
        tf.layers.dense(x, 4, name="a")
    with pytest.raises(ValueError, match="shape"):
        tf.layers.dense(x, 3, name="a", reuse=True)
    np.testing.assert_array_equal(*run([a, b]))


def test_a_layer_object_shares_with_itself() -> None:
    layer = tf.layers.Dense(3, activation="tanh")
    with pytest.raises(ValueError, match="scope_name"):
        _ = layer.scope_name
    with pytest.raises(ValueError, match="built"):
        layer.count_params()
    y, z = layer(tf.constant(X)), layer.apply(tf.constant(X) * 2.0)
    assert names([y, z]) == ["dense/Tanh:0", "dense/Tanh_1:0"] and layer.scope_name == "dense"
    assert layer.weights == layer.variables == [layer.kernel, layer.bias]
    assert layer.count_params() == 15 and layer.built and layer.dtype == "float32"
    assert layer.trainable_weights == tf.trainable_variables() and layer.updates == []
    with pytest.raises(ValueError, match=r"axis -1 .* value 4"):
        layer(tf.zeros([2, 5]))
    with pytest.raises(ValueError, match="min_ndim=2"):
        layer(tf.zeros([4]))


def test_untrained_layers() -> None:
    layer = tf.layers.Dense(2, trainable=False)
    layer(tf.constant(X))
    assert tf.trainable_variables() == [] == layer.trainable_weights
    assert layer.non_trainable_weights == tf.global_variables()


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: tf.layers.dense(tf.constant([[1, 2]]), 2), TypeError),
        (lambda: tf.layers.dense(tf.placeholder(tf.float32, [2, None]), 2), ValueError),
        (lambda: tf.layers.dense(tf.placeholder(tf.float32), 2), ValueError),
        (lambda: tf.layers.Dense(2, nonsense=1), TypeError),
        (lambda: tf.layers.dense(X, 2, activation="nonsense"), ValueError),
        (lambda: tf.layers.batch_normalization(tf.placeholder(tf.float32)), ValueError),
        (lambda: tf.layers.batch_normalization(X, axis=5), ValueError),
        (lambda: tf.layers.BatchNormalization(axis="last"), TypeError),
        (lambda: tf.layers.Flatten(data_format="sideways"), ValueError),
        (lambda: tf.contrib.layers.fully_connected(X, 2.0), ValueError),
        (lambda: tf.contrib.layers.l2_regularizer(1), ValueError),
        (lambda: tf.contrib.layers.l1_regularizer(-0.1), ValueError),
    ],
)
def test_wrong_arguments(make: Callable[[], Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        make()


def test_integer_inputs_say_what_to_do() -> None:
    with pytest.raises(TypeError, match=r"tf\.cast"):
        tf.layers.dense(tf.constant([[1, 2]]), 2)


def test_regularizers_and_constraints() -> None:
    layer = tf.layers.Dense(
        2,
        kernel_regularizer=tf.contrib.layers.l2_regularizer(0.5),
        kernel_constraint=tf.nn.relu,
        activity_regularizer=lambda y: 0.1 * tf.reduce_sum(y),
    )
    y = layer(tf.constant(X))
    layer(tf.constant(X))
    kernel, activity, again = tf.losses.get_regularization_losses()
    assert kernel.name == "dense/kernel/Regularizer/l2_regularizer:0"
    assert activity.name.startswith("dense/ActivityRegularizer/")
    assert layer.kernel.constraint is tf.nn.relu
    total = tf.losses.get_regularization_loss()
    k, out, penalty, act, act2, all_of = run([layer.kernel, y, kernel, activity, again, total])
    np.testing.assert_allclose(penalty, 0.25 * (k**2).sum(), rtol=1e-5)
    np.testing.assert_allclose(act, 0.1 * out.sum() / 6, rtol=1e-4)
    np.testing.assert_allclose(all_of, penalty + act + act2, rtol=1e-4)
    assert len(layer.losses) == 3 and layer.get_losses_for(None)[0].op.type == "Mul"


def test_a_shared_weight_is_regularized_once() -> None:
    for reuse in (None, True):
        tf.layers.dense(
            X, 2, name="d", reuse=reuse, kernel_regularizer=tf.contrib.layers.l1_regularizer(0.1)
        )
    assert len(tf.losses.get_regularization_losses()) == 1


def test_layers_in_a_partitioned_scope() -> None:
    with tf.variable_scope("s", partitioner=tf.fixed_size_partitioner(2)):
        y = tf.layers.dense(X, 3)
    assert names(tf.trainable_variables())[:2] == [
        "s/dense/kernel/part_0:0",
        "s/dense/kernel/part_1:0",
    ]
    assert run(y).shape == (6, 3)


def test_own_layers() -> None:
    class Scale(tf.layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.factor = self.add_variable("factor", [], initializer=tf.ones_initializer())
            self.shift = self.add_weight("shift", [input_shape[-1].value], trainable=False)
            self.built = True

        def call(self, inputs: Any) -> Any:
            self.add_update(self.factor.assign_add(1.0))
            self.add_loss(tf.reduce_sum(inputs), inputs=inputs)
            return inputs * self.factor

    layer = Scale(name="s")
    y = layer(tf.constant(X))
    assert names(layer.weights) == ["s/factor:0", "s/shift:0"]
    assert names(tf.get_collection(tf.GraphKeys.UPDATE_OPS)) == ["s/AssignAdd"]
    assert layer.get_updates_for(None) == layer.updates and len(layer.losses) == 1
    np.testing.assert_allclose(run(y), X)
    with pytest.raises(ValueError, match="not None"):

        class Nothing(tf.layers.Layer):
            def call(self, inputs: Any) -> None:
                return None

        Nothing()(tf.constant(X))


def test_weights_may_be_set() -> None:
    layer = tf.layers.Dense(2)
    y = layer(tf.constant(X))
    with pytest.raises(ValueError, match="session"):
        layer.get_weights()
    with tf.Session():
        layer.set_weights([np.ones((4, 2)), np.zeros(2)])
        np.testing.assert_allclose(y.eval(), X.sum(1, keepdims=True) * np.ones((1, 2)), rtol=1e-5)
        assert [w.shape for w in layer.get_weights()] == [(4, 2), (2,)]
        with pytest.raises(ValueError):
            layer.set_weights([np.ones((4, 2))])


def test_configuration() -> None:
    layer = tf.layers.Dense(3, activation="relu", kernel_initializer="he_normal", name="d")
    config = layer.get_config()
    assert config["units"] == 3 and config["activation"] == "relu"
    assert tf.layers.Dense.from_config(config).get_config() == config


# -- dropout, flatten ------------------------------------------------------------------------------
def test_dropout() -> None:
    x = tf.ones([400])
    off, on = tf.layers.dropout(x, 0.25), tf.layers.dropout(x, 0.25, training=True, seed=1)
    assert run(off).tolist() == [1.0] * 400
    got = run(on)
    assert set(np.unique(got).round(4)) == {0.0, np.float32(4 / 3).round(4)}
    assert 0.15 < (got == 0).mean() < 0.35


def test_dropout_of_whole_rows() -> None:
    layer = tf.layers.Dropout(0.5, noise_shape=[None, 1], seed=1)
    got = run(layer(tf.ones([40, 3]), training=True))
    assert all(len(set(row)) == 1 for row in got.tolist()) and (got == 0).any()


def test_flatten() -> None:
    x = tf.placeholder(tf.float32, [None, 3, 2])
    y = tf.layers.flatten(x)
    assert y.shape.as_list() == [None, 6] and y.name == "flatten/Reshape:0"
    value = RNG.randn(2, 3, 2).astype("f4")
    np.testing.assert_array_equal(run(y, {x: value}), value.reshape(2, 6))
    channels = tf.layers.flatten(tf.constant(value), data_format="channels_first")
    np.testing.assert_array_equal(run(channels), value.transpose(0, 2, 1).reshape(2, 6))


# -- batch normalization ---------------------------------------------------------------------------
def test_batch_normalization_trains() -> None:
    layer = tf.layers.BatchNormalization(momentum=0.75)
    y = layer(tf.constant(X), training=True)
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    assert updates == layer.updates and len(updates) == 2
    assert names(layer.weights) == [
        f"batch_normalization/{n}:0" for n in ("gamma", "beta", "moving_mean", "moving_variance")
    ]
    assert len(tf.trainable_variables()) == 2
    got, mean, variance = run([y, layer.moving_mean, layer.moving_variance], before=[updates])
    expected = (X - X.mean(0)) / np.sqrt(X.var(0) + 1e-3)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(mean, 0.25 * X.mean(0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(variance, 0.75 + 0.25 * X.var(0), rtol=1e-4)


def test_batch_normalization_infers() -> None:
    y = tf.layers.batch_normalization(tf.constant(X), epsilon=0.0, scale=False)
    assert tf.get_collection(tf.GraphKeys.UPDATE_OPS) == []
    np.testing.assert_allclose(run(y), X, rtol=1e-5)


@pytest.mark.parametrize("layer", [tf.layers.dropout, tf.layers.batch_normalization])
def test_training_decided_in_the_run(layer: Any) -> None:
    """A placeholder chooses between what the layer does in training and what it does later."""
    training = tf.placeholder(tf.bool, [])
    y = layer(tf.constant(X), training=training)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        calm, trained = (session.run(y, {training: b}) for b in (False, True))
    np.testing.assert_allclose(calm, X, rtol=2e-3)
    assert not np.allclose(trained, X, rtol=2e-3)


@pytest.mark.parametrize("axis", [1, [1, 2]])
def test_batch_normalization_along_axes(axis: Any) -> None:
    x = RNG.randn(5, 3, 2).astype("f4")
    y = tf.layers.batch_normalization(tf.constant(x), axis=axis, training=True)
    over = (0, 2) if axis == 1 else (0,)
    expected = x - x.mean(over, keepdims=True)
    expected /= np.sqrt(x.var(over, keepdims=True) + 1e-3)
    np.testing.assert_allclose(run(y), expected, rtol=1e-4, atol=1e-5)


def test_virtual_batches() -> None:
    y = tf.layers.batch_normalization(tf.constant(X), training=True, virtual_batch_size=3)
    groups = X.reshape(3, 2, 4)
    expected = (groups - groups.mean(0)) / np.sqrt(groups.var(0) + 1e-3)
    np.testing.assert_allclose(run(y), expected.reshape(6, 4), rtol=1e-4, atol=1e-5)


# -- contrib ---------------------------------------------------------------------------------------
def test_fully_connected() -> None:
    C = tf.contrib.layers
    y = C.fully_connected(X, 3, variables_collections=["mine"], outputs_collections="out")
    assert names(tf.get_collection("mine")) == [
        "fully_connected/weights:0",
        "fully_connected/biases:0",
    ]
    assert y.op.type == "Relu" and tf.get_collection("out") == [y]
    assert tf.model_variables() == tf.trainable_variables() == tf.global_variables()
    z = C.linear(X, 2, biases_initializer=None, scope="l")
    assert z.op.type == "MatMul" and names(tf.trainable_variables("l")) == ["l/weights:0"]
    assert C.utils.convert_collection_to_dict("out") == {"fully_connected": y}


def test_arg_scopes() -> None:
    F, C = tf.contrib.framework, tf.contrib.layers
    with F.arg_scope([C.fully_connected], activation_fn=None, scope="a") as outer:
        with F.arg_scope([C.fully_connected, C.dropout], scope="b"):
            y = C.fully_connected(X, 2)
        z = C.fully_connected(X, 2, activation_fn=tf.nn.tanh)
    with F.arg_scope(outer):
        w = C.fully_connected(X, 2, scope="c")
    assert names([y, z, w]) == ["b/BiasAdd:0", "a/Tanh:0", "c/BiasAdd:0"]
    assert C.fully_connected(X, 2).op.type == "Relu"
    assert F.has_arg_scope(C.dropout) and not F.has_arg_scope(tf.nn.relu)
    assert "scope" in F.arg_scoped_arguments(C.fully_connected)
    with pytest.raises(ValueError, match="add_arg_scope"), F.arg_scope([tf.nn.relu], a=1):
        pass
    with pytest.raises(TypeError), F.arg_scope(C.dropout, a=1):
        pass

    @F.add_arg_scope
    def own(a: int, b: int = 1) -> int:
        return a + b

    with F.arg_scope([own], b=10):
        assert own(1) == 11 and own(1, b=2) == 3
    assert own(1) == 2


def test_variables_of_contrib_framework() -> None:
    F = tf.contrib.framework
    with tf.variable_scope("s"):
        a = F.model_variable("a", [2], initializer=tf.ones_initializer())
        b = F.variable("b", [2], collections=["mine"], trainable=False)
    c = F.local_variable(1.0, name="c")
    g = F.global_variable(2.0, name="s2")
    assert F.get_variables("s/") == [a] and F.get_variables(suffix="a") == [a]
    assert F.get_model_variables() == [a] and F.get_local_variables() == [c]
    assert F.get_trainable_variables() == [a] and tf.get_collection("mine") == [b]
    assert F.get_variables_by_name("a") == [a] and F.get_variables_by_suffix("2") == [g]
    assert F.get_unique_variable("s/a") is a
    assert F.get_variables_to_restore(exclude=["s2"]) == [a]
    assert F.filter_variables([a, b, g], ["s"], ["b"]) == [a, g]
    with pytest.raises(ValueError):
        F.get_unique_variable("none")
    assign, feed = F.assign_from_values({"s/a": np.array([3.0, 4.0])})
    with tf.Session() as session:
        session.run(assign, feed)
        assert session.run(a).tolist() == [3.0, 4.0]
        F.assign_from_values_fn({"s/a": np.zeros(2)})(session)
        assert session.run(a).tolist() == [0.0, 0.0]


def test_normalizers_of_contrib() -> None:
    C = tf.contrib.layers
    x = RNG.randn(3, 2, 2, 4).astype("f4")
    y = C.layer_norm(tf.constant(x.reshape(3, 16)))
    z = C.group_norm(tf.constant(x), groups=2)
    w = C.instance_norm(tf.constant(x))
    got = run([y, z, w])
    flat = x.reshape(3, 16)
    normal = (flat - flat.mean(1, keepdims=True)) / flat.std(1, keepdims=True)
    np.testing.assert_allclose(got[0], normal, rtol=1e-3, atol=1e-4)
    groups = x.reshape(3, 2, 2, 2, 2)
    grouped = (groups - groups.mean((1, 2, 4), keepdims=True)) / groups.std(
        (1, 2, 4), keepdims=True
    )
    np.testing.assert_allclose(got[1], grouped.reshape(x.shape), rtol=1e-3, atol=1e-4)
    own = (x - x.mean((1, 2), keepdims=True)) / x.std((1, 2), keepdims=True)
    np.testing.assert_allclose(got[2], own, rtol=1e-2, atol=1e-3)
    with pytest.raises(ValueError, match="commensurate"):
        C.group_norm(tf.constant(x), groups=3)


def test_small_layers_of_contrib() -> None:
    C = tf.contrib.layers
    x = tf.constant(X)
    y = C.stack(x, C.fully_connected, [3, 2], scope="st")
    assert names([y]) == ["st/st_2/Relu:0"]
    assert C.repeat(x, 2, C.fully_connected, 3, scope="rp").name == "rp/rp_2/Relu:0"
    got = run([C.softmax(x), C.unit_norm(x, 1), C.maxout(x, 2), C.one_hot_encoding([1, 0], 3)])
    e = np.exp(X)
    np.testing.assert_allclose(got[0], e / e.sum(1, keepdims=True), rtol=1e-5)
    np.testing.assert_allclose((got[1] ** 2).sum(1), np.ones(6), rtol=1e-4)
    np.testing.assert_allclose(got[2], X.reshape(6, 2, 2).max(-1))
    assert got[3].tolist() == [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    z = C.legacy_fully_connected(x, 2, name="old")
    assert names(tf.get_collection(tf.GraphKeys.WEIGHTS)) == ["old/weights:0"]
    assert tf.get_collection(tf.GraphKeys.ACTIVATIONS)[-1] is z


def test_regularizers_of_contrib() -> None:
    C = tf.contrib.layers
    w = tf.constant([1.0, -2.0])
    both = C.l1_l2_regularizer(0.5, 2.0)(w)
    total = C.sum_regularizer([C.l1_regularizer(0.5), None, C.l2_regularizer(0.0)])(w)
    assert run([both, total]) == [6.5, 1.5] and C.sum_regularizer([None]) is None
    penalty = C.apply_regularization(C.l2_regularizer(1.0), [w, w])
    assert run(penalty) == 5.0 and tf.losses.get_regularization_losses() == [penalty]
    with pytest.raises(ValueError, match="No weights"):
        C.apply_regularization(C.l2_regularizer(1.0))


def test_layers_of_contrib_on_images() -> None:
    C = tf.contrib.layers
    image = RNG.randn(2, 3, 4, 5).astype("f4")
    points = C.spatial_softmax(tf.constant(image), temperature=0.5)
    sequence = C.images_to_sequence(tf.constant(image))
    got, columns, back = run([points, sequence, C.sequence_to_images(sequence, 3)])
    heat = np.exp(image.reshape(2, 12, 5) / 0.5)
    heat /= heat.sum(1, keepdims=True)
    rows, cols = np.meshgrid(np.linspace(-1, 1, 3), np.linspace(-1, 1, 4), indexing="ij")
    expected = np.stack([np.einsum("bpc,p->bc", heat, g.ravel()) for g in (rows, cols)], -1)
    np.testing.assert_allclose(got, expected.reshape(2, 10), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(columns, image.transpose(2, 0, 1, 3).reshape(4, 6, 5))
    np.testing.assert_array_equal(back, image)


@pytest.mark.parametrize("unique", [False, True])
def test_embedded_sequences(unique: bool) -> None:
    C = tf.contrib.layers
    ids = tf.constant([[1, 2, 1], [0, 2, 2]])
    y = C.embed_sequence(ids, 3, 4, unique=unique, scope="e")
    z = C.embed_sequence(ids, scope="e", reuse=True)
    table = tf.trainable_variables()[0]
    got, again, rows = run([y, z, table])
    assert table.name == "e/embeddings:0" and y.shape.as_list() == [2, 3, 4]
    np.testing.assert_array_equal(got, rows[[[1, 2, 1], [0, 2, 2]]])
    np.testing.assert_array_equal(again, got)
    with pytest.raises(ValueError, match="vocab size"):
        C.embed_sequence(ids)


def test_tensors_of_contrib_framework() -> None:
    F = tf.contrib.framework
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    shaped, total = F.with_shape([3, 2], x), F.reduce_sum_n([x, tf.constant([1.0])])
    assert shaped.shape.as_list() == [3, 2] and F.get_placeholders(x.graph) == [x]
    assert F.get_graph_from_inputs([x]) is x.graph
    with tf.Session() as session:
        value = np.ones((3, 2))
        assert session.run([shaped, total], {x: value})[1] == 7.0
        with pytest.raises(tf.errors.InvalidArgumentError):
            session.run(shaped, {x: value[:2]})
    assert F.with_shape([], tf.constant([2.0])).shape.ndims == 0
    assert F.with_same_shape(tf.zeros([2]), tf.ones([2])).shape == [2]
    with pytest.raises(ValueError, match="expected"):
        F.with_shape([2], tf.zeros([3]))
    with pytest.raises(ValueError, match="integer"):
        F.assert_scalar_int(1.0)


def test_slim_has_the_names_of_contrib() -> None:
    slim, C = tf.contrib.slim, tf.contrib.layers
    assert slim.fully_connected is C.fully_connected and slim.batch_norm is C.batch_norm
    assert slim.arg_scope is tf.contrib.framework.arg_scope and slim.losses is tf.contrib.losses
    assert slim.l2_regularizer is C.l2_regularizer and slim.relu is C.relu


# -- objects by name -------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["relu", "elu", "tanh", "softmax", "hard_sigmoid", "linear"])
def test_activations_by_name(name: str) -> None:
    y = tf.keras.activations.get(name)(tf.constant(X))
    expected = {
        "relu": np.maximum(X, 0),
        "elu": np.where(X > 0, X, np.expm1(np.minimum(X, 0))),
        "tanh": np.tanh(X),
        "softmax": np.exp(X) / np.exp(X).sum(1, keepdims=True),
        "hard_sigmoid": np.clip(0.2 * X + 0.5, 0, 1),
        "linear": X,
    }[name]
    np.testing.assert_allclose(run(y), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("constraint", "holds"),
    [
        ("non_neg", lambda w: (w >= 0).all()),
        (tf.keras.constraints.MaxNorm(0.5), lambda w: np.linalg.norm(w, axis=0).max() < 0.5001),
        ("unit_norm", lambda w: np.allclose(np.linalg.norm(w, axis=0), 1.0, atol=1e-4)),
        (
            tf.keras.constraints.MinMaxNorm(0.2, 0.4),
            lambda w: np.linalg.norm(w, axis=0).max() < 0.4001,
        ),
    ],
)
def test_constraints(constraint: Any, holds: Callable[[Any], bool]) -> None:
    w = tf.keras.constraints.get(constraint)(tf.constant(X))
    assert holds(run(w))


def test_regularizers_by_name() -> None:
    w = tf.constant([1.0, -2.0])
    keras = tf.keras.regularizers
    got = run([keras.get("l2")(w), keras.l1_l2(0.5, 1.0)(w), keras.L1L2()(w)])
    np.testing.assert_allclose(got, [0.05, 6.5, 0.0], rtol=1e-6)
