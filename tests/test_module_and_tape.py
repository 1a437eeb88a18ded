"""`tf.Module` finds what is inside it; `tf.GradientTape` differentiates what it has seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evergraph import errors, tf
from evergraph.tf.dispatch import dispatch_for_types, dispatched
from evergraph.tf.variable_v2 import VariableV2


@pytest.fixture(autouse=True)
def _graph() -> Any:
    with tf.Graph().as_default():
        yield


def _run(fetches: Any) -> Any:
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches)


# -- modules ---------------------------------------------------------------------------------
class Dense(tf.Module):
    def __init__(self, name: Any = None) -> None:
        super().__init__(name)
        self.weights = tf.Variable([1.0], name="w")
        self.offset = tf.Variable([2.0], trainable=False, name="b")

    @tf.Module.with_name_scope
    def __call__(self, x: Any) -> Any:
        return tf.identity(x, name="result")


class Stack(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.parts = {"b": [Dense("second")], "a": Dense("first")}
        self.again = self.parts["a"]


def test_modules_find_variables_and_modules() -> None:
    stack = Stack()
    first, second = stack.parts["a"], stack.parts["b"][0]
    assert stack.submodules == (first, second)
    assert stack.variables == (first.offset, first.weights, second.offset, second.weights)
    assert stack.trainable_variables == (first.weights, second.weights)
    paths = dict(stack._flatten(predicate=lambda x: isinstance(x, tf.Variable), with_path=True))
    assert ("parts", "b", 0, "weights") in paths
    assert list(stack._flatten(recursive=False, predicate=lambda x: isinstance(x, Dense))) == [
        first,
        second,
    ]


def test_names_of_modules() -> None:
    module = Dense()
    assert module.name == "dense"
    assert Stack().name == "stack"
    assert module(1.0).name == "dense/result:0"
    with module.name_scope:
        assert tf.constant(1, name="c").op.name == "dense/c"
    with pytest.raises(ValueError, match="not a valid module name"):
        tf.Module("no name")


def test_attributes_without_an_order_are_told() -> None:
    module = tf.Module()
    module.odd = {1: 2, "a": 3}
    with pytest.raises(ValueError, match="odd"):
        _ = module.variables


# -- tapes -----------------------------------------------------------------------------------
X = [1.0, 2.0, 3.0]


def test_gradients_of_watched_tensors() -> None:
    x, other = tf.constant(X), tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch([x])
        y = x * x * other
    grads = tape.gradient(y, {"x": x, "other": other})
    assert grads["other"] is None
    np.testing.assert_allclose(_run(grads["x"]), 2 * np.square(X))
    with pytest.raises(RuntimeError, match="only be called once"):
        tape.gradient(y, x)


def test_variables_are_watched() -> None:
    plain = tf.Variable([1.0, 2.0], name="plain")
    resource = tf.get_variable("resource", initializer=[3.0, 4.0], use_resource=True)
    fixed = tf.get_variable("fixed", initializer=[5.0, 6.0], trainable=False)
    with tf.GradientTape(persistent=True) as tape:
        y = plain * resource * fixed
    first, second, third = tape.gradient(y, [plain, resource, fixed])
    assert third is None
    assert resource in tape.watched_variables()
    assert fixed not in tape.watched_variables()
    got = _run([first, second, tape.gradient(y, fixed, unconnected_gradients="zero")])
    np.testing.assert_allclose(got, [[15, 24], [5, 12], [0, 0]])
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        y = plain * 2
    assert tape.gradient(y, plain) is None


def test_what_is_made_outside_counts_as_constant() -> None:
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        inside = x * 2
    outside = inside * 3
    assert tape.gradient(outside, x) is None
    before = x * x
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, before])
        with tape.stop_recording():
            hidden = x * 5
        y = before * x + hidden
    np.testing.assert_allclose(_run(tape.gradient(y, x)), np.square(X))
    np.testing.assert_allclose(_run(tape.gradient(y, before)), X)
    tape.reset()
    assert tape.gradient(y, x) is None


def test_weights_of_targets_and_second_derivatives() -> None:
    x = tf.constant(X)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = x**3
        first = inner.gradient(y, x, output_gradients=tf.constant([1.0, 2.0, 3.0]))
    second = outer.gradient(first, x)
    got = _run([first, second])
    np.testing.assert_allclose(got, [[3, 24, 81], [6, 24, 54]])


def test_jacobians() -> None:
    x = tf.constant(X)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x[:2] * x[1:]
        rows = tf.reshape(x, [3, 1]) * [[1.0, 2.0]]
    np.testing.assert_allclose(_run(tape.jacobian(y, x)), [[2, 1, 0], [0, 3, 2]])
    assert _run(tape.jacobian(rows, [x]))[0].shape == (3, 2, 3)
    batch = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        tape.watch(batch)
        y = batch * batch[:, ::-1]
    got = _run(tape.batch_jacobian(y, batch))
    np.testing.assert_allclose(got, [[[2, 1], [2, 1]], [[4, 3], [4, 3]]])


def test_tapes_refuse() -> None:
    tape = tf.GradientTape()
    with pytest.raises(ValueError, match="not tf"):
        tape.watch(1.0)
    with tape, pytest.raises(ValueError, match="already recording"):
        tape.__enter__()
    x = tf.placeholder(tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * 2
    with pytest.raises(errors.UnimplementedError, match="known shape"):
        tape.jacobian(y, x)
    with pytest.raises(ValueError, match="first dimension"):
        tape.batch_jacobian(tf.ones([2, 2]), tf.ones([3, 2]))


# -- dispatch and the internal Variable ------------------------------------------------------
def test_functions_open_to_other_types() -> None:
    class Own:
        pass

    @dispatched
    def double(x: Any, name: Any = None) -> Any:
        return tf.convert_to_tensor(x) * 2

    dispatch_for_types(double, Own)(lambda x, name=None: "own")
    assert double(Own()) == "own"
    assert double(name="n", x=Own()) == "own"
    assert _run(double(2)) == 4
    with pytest.raises((TypeError, ValueError)):
        double(object())
    with pytest.raises(AttributeError, match="not open"):
        dispatch_for_types(len, Own)


def test_the_internal_variable_is_a_resource() -> None:
    made, plain = VariableV2([1.0], trainable=False, name="v"), tf.Variable([1.0])
    assert made.handle.dtype == tf.resource
    assert made.op.name == "v"
    assert isinstance(plain, VariableV2)
    assert isinstance(made, tf.Variable)
    assert not isinstance(1, VariableV2)
    assert issubclass(type(plain), VariableV2)
