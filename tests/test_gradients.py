"""`tf.gradients` and what can be registered, overridden and customised about it."""

from __future__ import annotations

import gc
import re
import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric import check_function, check_gradient

from evergraph import tf
from evergraph.core.emit import apply
from evergraph.core.graph import Graph
from evergraph.transform import gradients as engine


@pytest.fixture
def session() -> Any:
    """A session of the default graph."""
    with tf.Session() as s:
        yield s


@pytest.fixture(autouse=True)
def registry() -> Any:
    """Gradients that a test registers are forgotten after it."""
    before = dict(engine._registered)
    yield
    engine._registered.clear()
    engine._registered.update(before)


def placeholder(shape: Any = (), dtype: Any = tf.float32) -> Any:
    return tf.placeholder(dtype, shape)


# -- ys and xs -------------------------------------------------------------------------------
@pytest.mark.smoke
def test_lists_and_single_tensors(session: Any) -> None:
    x, y = tf.constant(3.0), tf.constant(5.0)
    z = x * x * y
    assert session.run(tf.gradients(z, x)) == [30.0]
    assert session.run(tf.gradients([z], [x, y])) == [30.0, 9.0]
    assert session.run(tf.gradients((z, x), (x, y))) == [31.0, 9.0]
    assert session.run(tf.gradients([z, z], x)) == [60.0]
    assert session.run(tf.gradients(x, x)) == [1.0]
    assert tf.gradients([], [x]) == [None] and tf.gradients([], []) == []
    assert tf.gradients(z, []) == []


def test_a_gradient_has_the_shape_and_dtype_of_its_x(session: Any) -> None:
    x = placeholder((None, 3), tf.float64)
    (g,) = tf.gradients(tf.reduce_sum(x * [1.0, 2.0, 3.0]), x)
    assert g.shape.as_list() == [None, 3] and g.dtype is tf.float64
    assert session.run(g, {x: np.ones((2, 3))}).tolist() == [[1.0, 2.0, 3.0]] * 2


def test_ys_of_any_shape_are_summed(session: Any) -> None:
    x = tf.constant([1.0, 2.0])
    assert session.run(tf.gradients([x * 2.0, tf.reshape(x, [1, 2])], x))[0].tolist() == [3.0, 3.0]
    y = placeholder(None)
    assert session.run(tf.gradients(y * y, y), {y: [1.0, 2.0]})[0].tolist() == [2.0, 4.0]


def test_an_x_on_the_way_to_another(session: Any) -> None:
    x = tf.constant(2.0)
    y = x * x
    z = y * y
    assert session.run(tf.gradients(z, [x, y])) == [32.0, 8.0]


def test_what_is_not_connected() -> None:
    x, y = tf.constant(1.0), tf.constant(2.0)
    other = tf.constant([1.0, 2.0])
    assert tf.gradients(x * 2.0, [y])[0] is None
    with tf.Session() as session:
        grads = tf.gradients(x * 2.0, [x, other], unconnected_gradients="zero")
        assert [g.tolist() for g in session.run(grads)] == [2.0, [0.0, 0.0]]
        zero = tf.UnconnectedGradients.ZERO
        assert session.run(tf.gradients(x, y, unconnected_gradients=zero)) == [0.0]
        for resource in (False, True):
            v = tf.Variable([1.0, 2.0], use_resource=resource)
            session.run(v.initializer)
            (g,) = session.run(tf.gradients(x, v, unconnected_gradients="zero"))
            assert g.tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match="Unknown value for unconnected_gradients: 'nonsense'"):
        tf.gradients(x, y, unconnected_gradients="nonsense")


def test_nothing_flows_through_integers_and_stops(session: Any) -> None:
    x = tf.constant([1.0, 2.0])
    assert tf.gradients(tf.cast(tf.cast(x, tf.int32), tf.float32), x) == [None]
    assert tf.gradients(tf.stop_gradient(x) * 2.0, x) == [None]
    assert tf.gradients(tf.argmax(x), x) == [None]
    assert tf.gradients(tf.constant(1) * 2, x) == [None]
    (g,) = tf.gradients(x * tf.stop_gradient(x), x)
    assert session.run(g).tolist() == [1.0, 2.0]


def test_stop_gradients_are_taken_as_constants(session: Any) -> None:
    a = tf.constant(2.0)
    b = a * 3.0
    total = a + b
    assert session.run(tf.gradients(total, [a, b])) == [4.0, 1.0]
    assert session.run(tf.gradients(total, [a, b], stop_gradients=[a, b])) == [1.0, 1.0]
    assert session.run(tf.gradients(total, a, stop_gradients=b)) == [1.0]
    assert tf.gradients(b, a, stop_gradients=[b]) == [None]
    assert session.run(tf.gradients(b, b, stop_gradients=[b])) == [1.0]
    v = tf.Variable(2.0, use_resource=True)
    assert tf.gradients(v * 2.0, a, stop_gradients=[v]) == [None]


def test_weights_of_the_ys(session: Any) -> None:
    x = tf.constant([1.0, 2.0])
    y, z = x * 2.0, x * x
    assert session.run(tf.gradients(y, x, grad_ys=[[1.0, 10.0]]))[0].tolist() == [2.0, 20.0]
    weights = [tf.constant([1.0, 10.0]), None]
    assert session.run(tf.gradients([y, z], x, grad_ys=weights))[0].tolist() == [4.0, 24.0]
    assert session.run(tf.gradients(y, x, np.array([3, 4], np.float32)))[0].tolist() == [6.0, 8.0]
    slices = tf.IndexedSlices(tf.constant([5.0]), tf.constant([1]), tf.constant([2]))
    assert session.run(tf.gradients(y, x, slices))[0].tolist() == [0.0, 10.0]


@pytest.mark.parametrize(
    ("grad_ys", "error", "text"),
    [
        ([1.0, 2.0], ValueError, "Passed 2 grad_ys for 1 ys"),
        ([tf.float32], (TypeError, ValueError), ""),
        ([[1.0, 2.0, 3.0]], ValueError, "Dimensions must be equal"),
        ([[1, 2]], TypeError, "must be of the same kind"),
        (["a"], TypeError, ""),
    ],
)
def test_weights_that_are_refused(grad_ys: Any, error: Any, text: str) -> None:
    x = tf.constant([1.0, 2.0])
    with pytest.raises(error, match=re.escape(text) or None):
        tf.gradients(x * 2.0, x, grad_ys=grad_ys)


def test_ys_without_a_derivative() -> None:
    x = tf.constant([1.0, 2.0])
    complex_y = tf.complex(x, x)
    with pytest.raises(TypeError, match="Gradients of complex tensors must set grad_ys"):
        tf.gradients(complex_y, x)
    for y in (tf.constant("a"), tf.constant(True)):
        with pytest.raises(TypeError):
            tf.gradients(y, x)
    with pytest.raises((TypeError, ValueError, AttributeError)):
        tf.gradients([None], x)


def test_tensors_of_two_graphs() -> None:
    x = tf.constant(1.0)
    with Graph().as_default():
        y = tf.constant(1.0)
    with pytest.raises(ValueError, match="graph"):
        tf.gradients(y, x)


def test_complex_weights(session: Any) -> None:
    x = tf.constant([1.0, 2.0])
    y = tf.complex(x, x * 3.0)
    (g,) = tf.gradients(y, x, grad_ys=tf.constant([1 + 1j, 1 + 1j], tf.complex64))
    assert session.run(g).tolist() == [4.0, 4.0]


# -- variables -------------------------------------------------------------------------------
@pytest.mark.parametrize("resource", [False, True])
def test_variables_as_xs(session: Any, resource: bool) -> None:
    v = tf.Variable([1.0, 2.0], use_resource=resource)
    w = tf.Variable([1.0], use_resource=resource)
    loss = tf.reduce_sum(v * v) + tf.reduce_sum(v.read_value())
    session.run(tf.global_variables_initializer())
    grads = tf.gradients(loss, [v, w, v.value()])
    assert grads[1] is None
    assert session.run(grads[0]).tolist() == [3.0, 5.0]


# -- sparse gradients ------------------------------------------------------------------------
@pytest.mark.parametrize("resource", [False, True])
def test_gathered_rows_give_slices(session: Any, resource: bool) -> None:
    table = tf.Variable(np.arange(8, dtype=np.float32).reshape(4, 2), use_resource=resource)
    session.run(table.initializer)
    rows = tf.gather(table, [1, 3, 1])
    (g,) = tf.gradients(tf.reduce_sum(rows * rows), table)
    assert isinstance(g, tf.IndexedSlices)
    got = session.run(g)
    assert got.indices.tolist() == [1, 3, 1] and got.dense_shape.tolist() == [4, 2]
    np.testing.assert_array_equal(got.values, [[4, 6], [12, 14], [4, 6]])
    dense = session.run(tf.convert_to_tensor(g))
    np.testing.assert_array_equal(dense, [[0, 0], [8, 12], [0, 0], [12, 14]])


def test_slices_stay_slices_among_themselves(session: Any) -> None:
    table = tf.Variable(np.ones((4, 2), np.float32))
    session.run(table.initializer)
    a, b = tf.gather(table, [0, 1]), tf.gather(table, tf.constant([3], tf.int64))
    (g,) = tf.gradients(tf.reduce_sum(a) + 2.0 * tf.reduce_sum(b), table)
    assert isinstance(g, tf.IndexedSlices)
    assert session.run(g).indices.tolist() == [0, 1, 3]
    both = tf.reduce_sum(a) + tf.reduce_sum(table * 10.0)
    (g,) = tf.gradients(both, table)
    assert isinstance(g, tf.Tensor)
    assert session.run(g).tolist() == [[11.0] * 2, [11.0] * 2, [10.0] * 2, [10.0] * 2]


# -- higher orders ---------------------------------------------------------------------------
def test_slices_with_indices_of_two_dtypes(session: Any) -> None:
    table = tf.Variable(np.ones((4, 2), np.float32))
    session.run(table.initializer)
    rows = [
        tf.gather(table, tf.constant([i], dtype)) for i, dtype in ((1, tf.int32), (2, tf.int64))
    ]
    (g,) = tf.gradients(rows, table)
    assert session.run(g).indices.tolist() in ([1, 2], [2, 1]) and g.indices.dtype is tf.int64


def test_derivatives_of_derivatives(session: Any) -> None:
    x = tf.constant(2.0)
    y = x**4.0
    values = []
    for _ in range(4):
        (y,) = tf.gradients(y, x)
        values.append(y)
    assert session.run(values) == pytest.approx([32.0, 48.0, 48.0, 24.0])


@pytest.mark.parametrize(
    "f",
    [
        lambda x, w: tf.tanh(tf.matmul(x, w)),
        lambda x, w: tf.nn.softmax(tf.matmul(x, w)) * tf.sigmoid(tf.matmul(x, w)),
        lambda x, w: tf.reduce_mean(tf.exp(x)) * tf.reduce_max(w) / tf.reduce_sum(w * w),
        lambda x, w: tf.concat([x * x, tf.transpose(w)], 0)[1:, ::2],
        lambda x, w: [tf.log(x * x + 1.0), tf.einsum("ij,jk->ik", x, w) ** 3.0],
        lambda x, w: tf.gather(x, [1, 0, 1]) - w[:, 0],
        lambda x, w: tf.nn.l2_normalize(x, 1) * tf.norm(w),
    ],
)
def test_composites_to_the_second_order(f: Any) -> None:
    rng = np.random.RandomState(0)
    check_function(f, rng.randn(2, 3), rng.randn(3, 4)[:, :3])


def test_hessians(session: Any) -> None:
    x = tf.constant([1.0, 2.0])
    (h,) = tf.hessians(x[0] ** 2.0 * x[1], x)
    assert session.run(h).tolist() == [[4.0, 2.0], [2.0, 0.0]]
    y = tf.constant(3.0)
    assert session.run(tf.hessians(y**3.0, [y])) == [18.0]
    unknown = placeholder(None)
    with pytest.raises(ValueError, match="fully known shape"):
        tf.hessians(unknown**2.0, unknown)
    square = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    (h,) = tf.hessians(tf.reduce_sum(square**2.0), square)
    assert h.shape.as_list() == [2, 2, 2, 2]
    np.testing.assert_array_equal(session.run(h).reshape(4, 4), 2 * np.eye(4))


# -- registering -----------------------------------------------------------------------------
def test_an_op_without_a_gradient_is_named() -> None:
    x = tf.constant([1.0, 2.0])
    y = apply("SegmentProd", x, [0, 0], name="seg")
    text = "No gradient defined for operation 'seg' (op type: SegmentProd)"
    with pytest.raises(LookupError, match=re.escape(text)):
        tf.gradients(y, x)


def test_a_gradient_can_be_registered_for_an_op(session: Any) -> None:
    seen = []

    @tf.RegisterGradient("SegmentProd")
    def rule(op: Any, grad: Any) -> Any:
        seen.append((op.type, op.inputs[0].name, op.get_attr("T"), len(op.outputs)))
        return [tf.ones_like(op.inputs[0]) * 7.0, None]

    x = tf.constant([1.0, 2.0], name="x")
    y = apply("SegmentProd", x, [0, 0])
    assert session.run(tf.gradients(y, x))[0].tolist() == [7.0, 7.0]
    assert seen == [("SegmentProd", "x:0", tf.float32, 1)]
    assert rule is not None


def test_gradients_are_registered_once() -> None:
    tf.RegisterGradient("MyOwn")(lambda op, g: g)
    for taken in ("MyOwn", "Exp"):
        with pytest.raises(KeyError, match=f"two gradient with name '{taken}'"):
            tf.RegisterGradient(taken)(lambda op, g: g)
    with pytest.raises(TypeError, match="must be a string"):
        tf.RegisterGradient(3)
    with pytest.raises(TypeError, match="must be a string"):
        tf.NotDifferentiable(3)


def test_not_differentiable(session: Any) -> None:
    tf.NotDifferentiable("SegmentProd")
    x = tf.constant([1.0, 2.0])
    y = apply("SegmentProd", x, [0, 0])
    assert tf.gradients(y, x) == [None]
    (g,) = tf.gradients([y, x * 3.0], x)
    assert session.run(g).tolist() == [3.0, 3.0]
    assert tf.NoGradient is tf.NotDifferentiable


def test_overriding_gradients(session: Any) -> None:
    @tf.RegisterGradient("Times100")
    def rule(op: Any, grad: Any) -> Any:
        return grad * 100.0

    x = tf.constant(1.0)
    with tf.get_default_graph().gradient_override_map({"Exp": "Times100", "Identity": "Times100"}):
        y, z = tf.identity(x), tf.exp(x)
    plain = tf.identity(x)
    assert session.run(tf.gradients([y, plain], x)) == [101.0]
    assert session.run(tf.gradients(z, x)) == [100.0]
    with tf.get_default_graph().gradient_override_map({"Exp": "NeverRegistered"}):
        w = tf.exp(x)
    with pytest.raises(LookupError, match="'NeverRegistered'"):
        tf.gradients(w, x)


def test_a_rule_must_give_one_gradient_an_input() -> None:
    tf.RegisterGradient("TooFew")(lambda op, g: [g])
    x = tf.constant(1.0)
    with tf.get_default_graph().gradient_override_map({"Mul": "TooFew"}):
        y = tf.multiply(x, x, name="total")
    text = r"Num gradients 1 generated for op 'total'.* num inputs 2"
    with pytest.raises(ValueError, match=text):
        tf.gradients(y, x)


def test_a_rule_must_give_the_shape_of_its_input() -> None:
    tf.RegisterGradient("WrongShape")(lambda op, g: tf.constant([1.0, 2.0, 3.0]))
    x = tf.constant([1.0, 2.0])
    with tf.get_default_graph().gradient_override_map({"Exp": "WrongShape"}):
        y = tf.exp(x, name="exp")
    with pytest.raises(ValueError, match=r"'exp' .* \(3,\) where its input .* has \(2,\)"):
        tf.gradients(y, x)


def test_outputs_that_nothing_hangs_on_get_zeros(session: Any) -> None:
    seen: list[Any] = []

    def rule(op: Any, *grads: Any) -> Any:
        seen.extend(grads)
        return [None, tf.concat(grads, 0)]

    tf.RegisterGradient("MySplit")(rule)
    x = tf.constant([1.0, 2.0])
    with tf.get_default_graph().gradient_override_map({"Split": "MySplit"}):
        _, second = tf.split(x, 2)
    assert session.run(tf.gradients(second * 5.0, x))[0].tolist() == [0.0, 5.0]
    assert session.run(seen[0]).tolist() == [0.0]


# -- custom gradients ------------------------------------------------------------------------
def test_custom_gradient(session: Any) -> None:
    @tf.custom_gradient
    def log1pexp(x: Any) -> Any:
        """Documented."""
        e = tf.exp(x)
        return tf.log(1 + e), lambda dy: dy * (1 - 1 / (1 + e))

    assert log1pexp.__name__ == "log1pexp" and log1pexp.__doc__ == "Documented."
    x = tf.constant(100.0)
    y = log1pexp(x)
    assert session.run(tf.gradients(y, x)) == [1.0]
    assert session.run(tf.gradients(log1pexp(x) * 3.0, x)) == [3.0]


def test_custom_gradients_of_several_arguments_and_results(session: Any) -> None:
    @tf.custom_gradient
    def f(a: Any, b: Any) -> Any:
        def grad(d_sum: Any, d_product: Any) -> Any:
            return d_sum * 10.0, d_product * 100.0

        return (a + b, a * b), grad

    a, b = tf.constant(2.0), tf.constant(3.0)
    total, product = f(a, b)
    assert session.run([total, product]) == [5.0, 6.0]
    assert session.run(tf.gradients([total, product], [a, b])) == [10.0, 100.0]
    assert session.run(tf.gradients(total, [a, b])) == [10.0, 0.0]
    named = tf.custom_gradient(lambda x: ({"twice": x * 2.0}, lambda dy: dy))
    assert session.run(named(a)) == {"twice": 4.0}
    assert session.run(f(2.0, 3.0)) == (5.0, 6.0)


@pytest.mark.parametrize("resource", [False, True])
def test_custom_gradients_of_variables(session: Any, resource: bool) -> None:
    v = tf.Variable(2.0, use_resource=resource, name="v")
    asked = []

    @tf.custom_gradient
    def times(x: Any) -> Any:
        def grad(dy: Any, variables: Any = None) -> Any:
            asked.extend(variables)
            return dy * 10.0, [dy * 100.0]

        return x * v, grad

    x = tf.constant(3.0)
    y = times(x)
    session.run(v.initializer)
    assert session.run(y) == 6.0
    assert session.run(tf.gradients(y, [x, v])) == [10.0, 100.0]
    assert asked == [v]


def test_custom_gradients_of_variables_need_an_argument_for_them() -> None:
    v = tf.Variable(2.0)

    @tf.custom_gradient
    def times(x: Any) -> Any:
        return x * v, lambda dy: dy

    with pytest.raises(TypeError, match="keyword argument 'variables'"):
        times(tf.constant(1.0))
    assert times.__wrapped__ is not None
    fixed = tf.custom_gradient(lambda x: (x * 2.0, lambda dy: dy))
    assert tf.gradients(fixed(v.read_value()), v)[0] is not None


def test_custom_gradients_that_give_too_few() -> None:
    f = tf.custom_gradient(lambda a, b: (a + b, lambda dy: dy))
    a = tf.constant(1.0)
    with pytest.raises(ValueError, match="must give 2 gradients, one for each argument; it gave 1"):
        tf.gradients(f(a, a), a)
    v = tf.Variable(1.0)
    g = tf.custom_gradient(lambda x: (x * v, lambda dy, variables: (dy, [])))
    with pytest.raises(ValueError, match="one for each variable"):
        tf.gradients(g(a), a)
    with pytest.raises(ValueError, match="positional arguments only: bind x"):
        f(x=a)


def test_custom_gradients_can_be_differentiated_again(session: Any) -> None:
    @tf.custom_gradient
    def cube(x: Any) -> Any:
        return x**3.0, lambda dy: dy * 3.0 * x * x

    x = tf.constant(2.0)
    (first,) = tf.gradients(cube(x), x)
    assert session.run([first, *tf.gradients(first, x)]) == [12.0, 12.0]


def test_graphs_with_custom_gradients_are_freed() -> None:
    with Graph().as_default() as graph:
        first = tf.constant(1.0)

        @tf.custom_gradient
        def f(a: Any) -> Any:
            return a * 2.0, lambda dy: dy * a

        f(first)
    alive = weakref.ref(first)
    del graph, first, f
    gc.collect()
    assert alive() is None


# -- where gradients stand -------------------------------------------------------------------
def test_names_and_devices_of_gradients() -> None:
    with tf.device("/gpu:0"):
        x = tf.constant(1.0)
        y = tf.exp(x, name="e")
    (g,) = tf.gradients(y, x, name="mine")
    assert g.op.name.startswith("mine/e_grad/")
    (g,) = tf.gradients(y, x, colocate_gradients_with_ops=True)
    assert g.op.device == "/device:GPU:0" and g.op.name.startswith("gradients/e_grad/")
    (g,) = tf.gradients(y, x)
    assert g.op.device == "" and g.op.name.startswith("gradients_1/")


def test_deep_graphs_do_not_recurse(session: Any) -> None:
    x = tf.constant(1.0)
    y = x
    for _ in range(3000):
        y = y + x
    assert session.run(tf.gradients(y, x)) == [3001.0]


# -- any graph -------------------------------------------------------------------------------
_KINDS = ["tanh", "sin", "mul", "add", "matmul", "sum", "max", "concat"]
_STEPS = st.lists(
    st.tuples(st.sampled_from(_KINDS), st.integers(0, 9)),
    min_size=1,
    max_size=8,
)


@given(_STEPS)
def test_gradients_of_random_graphs(steps: list[tuple[str, int]]) -> None:
    with Graph().as_default() as graph, tf.Session(graph=graph) as session:
        x = placeholder((2, 2), tf.float64)
        feeds = {x: np.array([[0.3, -0.7], [1.1, 0.5]])}
        known = [x, x * 0.5 + 0.1]
        for kind, index in steps:
            a, b = known[index % len(known)], known[index // 2 % len(known)]
            known.append(_step(kind, a, b))
        y = tf.reduce_sum(tf.tanh(known[-1]) + 0.1 * known[len(known) // 2])
        check_gradient(session, y, tf.gradients(y, x)[0], feeds, x)


def _step(kind: str, a: Any, b: Any) -> Any:
    return {
        "tanh": lambda: tf.tanh(a),
        "sin": lambda: tf.sin(a) + b,
        "mul": lambda: a * tf.sigmoid(b),
        "add": lambda: a - b * 0.5,
        "matmul": lambda: tf.matmul(tf.tanh(a), b, transpose_a=True),
        "sum": lambda: a - tf.reduce_mean(b, axis=0, keepdims=True),
        "max": lambda: tf.maximum(a, b * 0.3 - 5.0),
        "concat": lambda: tf.concat([a, b], 0)[1:3],
    }[kind]()
