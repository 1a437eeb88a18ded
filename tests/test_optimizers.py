"""Optimizers: their steps against TensorFlow's, their names and operations, their errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from evergraph import tf
from evergraph.tf.contrib import opt

X = np.random.RandomState(0).randn(6, 4)
T = np.random.RandomState(1).randn(6, 3)
W = np.random.RandomState(2).randn(4, 3)


@pytest.fixture(autouse=True)
def graph() -> Iterator[Any]:
    with tf.Graph().as_default() as g:
        yield g


# -- steps against TensorFlow ---------------------------------------------------------------------
OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda t: t.GradientDescentOptimizer(0.1),
    "momentum": lambda t: t.MomentumOptimizer(0.1, 0.9),
    "nesterov": lambda t: t.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
    "adam": lambda t: t.AdamOptimizer(0.01),
    "adam_betas": lambda t: t.AdamOptimizer(0.05, beta1=0.5, beta2=0.9, epsilon=1e-3),
    "rmsprop": lambda t: t.RMSPropOptimizer(0.01, momentum=0.5),
    "rmsprop_centered": lambda t: t.RMSPropOptimizer(0.01, centered=True, epsilon=1e-4),
    "adagrad": lambda t: t.AdagradOptimizer(0.1),
    "adadelta": lambda t: t.AdadeltaOptimizer(1.0, rho=0.8),
    "ftrl": lambda t: t.FtrlOptimizer(0.1, l1_regularization_strength=0.01),
    "ftrl_shrinkage": lambda t: t.FtrlOptimizer(
        0.1, learning_rate_power=-0.7, l2_shrinkage_regularization_strength=0.1
    ),
    "proximal_sgd": lambda t: t.ProximalGradientDescentOptimizer(
        0.1, l1_regularization_strength=0.1
    ),
    "proximal_adagrad": lambda t: t.ProximalAdagradOptimizer(0.1, l2_regularization_strength=0.1),
    "adagrad_da": lambda t: t.AdagradDAOptimizer(
        0.1, t.get_or_create_global_step(), l1_regularization_strength=0.01
    ),
}


def train(tf: Any, make: Any, sparse: bool, resource: bool, dtype: str) -> list[Any]:
    """Five steps of a linear model: the losses, then all variables."""
    with tf.Graph().as_default(), tf.Session() as session:
        w = tf.Variable(W.astype(dtype), name="w", use_resource=resource)
        y = tf.gather(w, [2, 0, 2, 3, 0, 0]) if sparse else tf.matmul(tf.constant(X, dtype), w)
        loss = tf.reduce_mean(tf.square(y - tf.constant(T, dtype)))
        step = tf.train.get_or_create_global_step()
        op = make(tf.train).minimize(loss, global_step=step)
        session.run(tf.global_variables_initializer())
        losses = [session.run([loss, op])[0] for _ in range(5)]
        return [losses, *(session.run(v) for v in tf.global_variables())]


@pytest.mark.oracle
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_five_steps_match_tensorflow(name: str) -> None:
    oracle = pytest.importorskip("tensorflow").compat.v1
    for sparse in (False, True):
        for resource in (False, True):
            dtype = "float64" if name in ("sgd", "adam") else "float32"
            got = train(tf, OPTIMIZERS[name], sparse, resource, dtype)
            want = train(oracle, OPTIMIZERS[name], sparse, resource, dtype)
            assert len(got) == len(want)
            for ours, theirs in zip(got, want, strict=True):
                np.testing.assert_allclose(ours, theirs, 2e-5, 2e-6)


CONTRIB: dict[str, Callable[[], Any]] = {
    "adamax": lambda: opt.AdaMaxOptimizer(0.1),
    "nadam": lambda: opt.NadamOptimizer(0.1),
    "lazy_adam": lambda: opt.LazyAdamOptimizer(0.1),
    "power_sign": lambda: opt.PowerSignOptimizer(0.1),
    "power_sign_decayed": lambda: opt.PowerSignOptimizer(
        0.1, sign_decay_fn=lambda step: tf.cast(step, tf.float32) * 0.0 + 0.5
    ),
    "add_sign": lambda: opt.AddSignOptimizer(0.1),
    "adamw": lambda: opt.AdamWOptimizer(0.01, 0.1),
    "momentum_w": lambda: opt.MomentumWOptimizer(0.01, 0.1, 0.9),
    "extended": lambda: opt.extend_with_decoupled_weight_decay(tf.train.AdagradOptimizer)(
        0.01, 0.1
    ),
    "reg_adagrad": lambda: opt.RegAdagradOptimizer(0.1),
    "lars": lambda: opt.LARSOptimizer(1.0),
}


@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.parametrize("name", CONTRIB)
def test_contrib_optimizers_descend(name: str, resource: bool) -> None:
    losses, *_ = train(tf, lambda _: CONTRIB[name](), False, resource, "float32")
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", ["adamax", "nadam", "lazy_adam", "adamw", "momentum_w", "lars"])
@pytest.mark.parametrize("resource", [False, True])
def test_contrib_sparse_steps_descend(name: str, resource: bool) -> None:
    losses, w, *_ = train(tf, lambda _: CONTRIB[name](), True, resource, "float32")
    assert losses[-1] < losses[0]
    if name in ("adamax", "lazy_adam", "lars"):
        np.testing.assert_array_equal(w[1], W[1].astype("float32"), "row 1 is never read")


@pytest.mark.parametrize("name", ["power_sign", "add_sign"])
def test_sign_optimizers_sparse_as_dense(name: str) -> None:
    """On rows that are read each step the sparse form does what the dense one does."""
    with tf.Session() as session:
        ws = [tf.Variable(W.astype("float32"), name=n) for n in "ab"]
        dense = tf.matmul(tf.constant(np.eye(4), tf.float32), ws[0])
        losses = [tf.reduce_sum(tf.square(y)) for y in (dense, tf.gather(ws[1], [0, 1, 2, 3]))]
        ops = [CONTRIB[name]().minimize(x, var_list=[w]) for x, w in zip(losses, ws, strict=True)]
        session.run(tf.global_variables_initializer())
        for _ in range(4):
            session.run(ops)
        a, b = session.run(ws)
        np.testing.assert_allclose(a, b, 1e-5, 1e-6)


def test_decoupled_decay_of_some_variables() -> None:
    a, b = tf.Variable(1.0, name="a"), tf.Variable(1.0, name="b")
    decayed = opt.MomentumWOptimizer(0.5, 0.0, 0.0)
    step = decayed.minimize(a + b, decay_var_list=[a])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(step)
        assert session.run([a, b]) == [0.5, 1.0]


def test_variable_clipping() -> None:
    w = tf.Variable([[3.0, 4.0], [0.3, 0.4]])
    clipping = opt.VariableClippingOptimizer(tf.train.GradientDescentOptimizer(0.0), {w: [1]}, 1.0)
    step = clipping.minimize(tf.reduce_sum(w))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(step)
        np.testing.assert_allclose(session.run(w), [[0.6, 0.8], [0.3, 0.4]], 1e-6)


def ggt(w: np.ndarray, grads: list[np.ndarray], window: int, beta1: float) -> np.ndarray:
    """GGT (Agarwal et al. 2018, algorithm 1) with dense matrices: w after all steps."""
    moment, rows = np.zeros(w.size), np.zeros((window, w.size))
    for t, g in enumerate(grads):
        moment = beta1 * moment + (1 - beta1) * g.ravel()
        rows[t % window] = moment
        m = rows.T / min(t + 1, window) ** 0.5
        values, u = np.linalg.eigh(m.T @ m + 1e-6 * np.eye(window))
        inside = u @ np.diag(1 / (values**0.5 + 1e-2) ** 3) @ u.T
        onto = u @ np.diag(1 / values) @ u.T
        tail = moment - m @ onto @ m.T @ moment
        step = m @ inside @ m.T @ moment + tail / values.min() ** 0.5
        w = w - 0.01 * step.reshape(w.shape)
    return w


def test_ggt() -> None:
    fed = tf.placeholder(tf.float64, W.shape)
    w = tf.Variable(W)
    op = opt.GGTOptimizer(0.01, window=3).apply_gradients([(fed, w)])
    grads = [np.random.RandomState(i).randn(*W.shape) for i in range(5)]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for g in grads:
            session.run(op, {fed: g})
        np.testing.assert_allclose(session.run(w), ggt(W, grads, 3, 0.9), 1e-6)


# -- names and operations ------------------------------------------------------------------------
def names_below(prefix: str) -> list[str]:
    ops = tf.get_default_graph().get_operations()
    return [op.name for op in ops if op.name.startswith(prefix)]


def test_names_of_operations_and_slots() -> None:
    with tf.variable_scope("h"):
        w = tf.get_variable("kernel", [2])
    step = tf.train.get_or_create_global_step()
    adam = tf.train.AdamOptimizer()
    op = adam.minimize(tf.reduce_sum(w * w), step)
    assert names_below("Adam") == [
        "Adam/learning_rate",
        "Adam/beta1",
        "Adam/beta2",
        "Adam/epsilon",
        "Adam/update_h/kernel/ApplyAdam",
        "Adam/mul",
        "Adam/Assign",
        "Adam/mul_1",
        "Adam/Assign_1",
        "Adam/update",
        "Adam/value",
        "Adam",
    ]
    assert (op.name, op.type) == ("Adam", "AssignAdd")
    assert tf.get_collection(tf.GraphKeys.TRAIN_OP) == [op]
    assert adam.get_name() == "Adam"
    assert adam.get_slot_names() == ["m", "v"]
    assert adam.get_slot(w, "m").name == "h/kernel/Adam:0"
    assert adam.get_slot(w, "v").name == "h/kernel/Adam_1:0"
    assert adam.get_slot(w, "nothing") is None
    assert [v.name for v in adam.variables()] == [
        "beta1_power:0",
        "beta2_power:0",
        "h/kernel/Adam:0",
        "h/kernel/Adam_1:0",
    ]
    assert not any(v.trainable for v in adam.variables())


def test_operation_without_global_step() -> None:
    w = tf.Variable([1.0], name="w")
    op = tf.train.GradientDescentOptimizer(0.1).minimize(w * w, name="go")
    assert (op.name, op.type) == ("go", "NoOp")
    assert names_below("go") == ["go/learning_rate", "go/update_w/ApplyGradientDescent", "go"]


def test_sparse_gradients_are_summed_first() -> None:
    w = tf.Variable(W.astype("float32"), name="w")
    loss = tf.reduce_sum(tf.gather(w, [1, 1, 2]))
    tf.train.AdagradOptimizer(0.1).minimize(loss)
    kinds = [op.type for op in tf.get_default_graph().get_operations()]
    assert {"Unique", "UnsortedSegmentSum", "SparseApplyAdagrad"} <= set(kinds)


def test_slots_in_a_variable_scope() -> None:
    with tf.variable_scope("outer"):
        w = tf.get_variable("w", [2])
        momentum = tf.train.MomentumOptimizer(0.1, 0.9)
        momentum.minimize(tf.reduce_sum(w))
    assert momentum.get_slot(w, "momentum").name == "outer/outer/w/Momentum:0"


# -- what the arguments do -------------------------------------------------------------------------
def run_steps(op: Any, *fetches: Any, steps: int = 1, feed: Any = None) -> Any:
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(steps):
            session.run(op, feed)
        return session.run(list(fetches))


def test_var_list_and_global_step() -> None:
    a, b = tf.Variable(1.0, name="a"), tf.Variable(1.0, name="b")
    step = tf.train.get_or_create_global_step()
    op = tf.train.GradientDescentOptimizer(0.5).minimize(a * b, step, var_list=[b])
    assert run_steps(op, a, b, step, steps=2) == [1.0, 0.0, 2]


@pytest.mark.parametrize("gate", [0, 1, 2])
def test_gates(gate: int) -> None:
    a, b = tf.Variable(2.0), tf.Variable(3.0)
    op = tf.train.GradientDescentOptimizer(0.1).minimize(a * b, gate_gradients=gate)
    np.testing.assert_allclose(run_steps(op, a, b), [1.7, 2.8], 1e-6)


def test_gate_graph_waits_for_all_gradients() -> None:
    a, b = tf.Variable(2.0), tf.Variable(3.0)
    opt_ = tf.train.GradientDescentOptimizer(0.1)
    (ga, _), (gb, _) = opt_.compute_gradients(a * b, gate_gradients=tf.train.Optimizer.GATE_GRAPH)
    assert ga.op.control_inputs == gb.op.control_inputs
    assert ga.op.name == "tuple/control_dependency"


def test_grad_loss_weights_the_loss() -> None:
    a = tf.Variable([1.0, 1.0])
    op = tf.train.GradientDescentOptimizer(1.0).minimize(a, grad_loss=tf.constant([0.25, 0.5]))
    np.testing.assert_allclose(run_steps(op, a)[0], [0.75, 0.5])


def test_rates_may_be_functions_tensors_and_placeholders() -> None:
    a, b, c = (tf.Variable(1.0) for _ in range(3))
    rate = tf.placeholder(tf.float32, [])
    ops = [
        tf.train.GradientDescentOptimizer(lambda: 0.25).minimize(a, var_list=[a]),
        tf.train.MomentumOptimizer(tf.constant(0.5), 0.0).minimize(b, var_list=[b]),
        tf.train.GradientDescentOptimizer(rate).minimize(c, var_list=[c]),
    ]
    assert run_steps(tf.group(*ops), a, b, c, feed={rate: 0.75}) == [0.75, 0.5, 0.25]


def test_rate_of_another_dtype_is_cast() -> None:
    a = tf.Variable(np.float64(1.0))
    op = tf.train.GradientDescentOptimizer(0.5).minimize(a)
    assert run_steps(op, a) == [0.5]


def test_float16_variables() -> None:
    a = tf.Variable(np.ones(3, np.float16))
    op = tf.train.AdamOptimizer(0.1, epsilon=1e-3).minimize(tf.reduce_sum(a * a))
    value = run_steps(op, a, steps=3)[0]
    assert value.dtype == np.float16
    assert (value < 0.9).all()


def test_constraint_projects_after_the_update() -> None:
    a = tf.Variable([1.0, -1.0], constraint=lambda x: tf.maximum(x, 0.0))
    op = tf.train.GradientDescentOptimizer(0.5).minimize(tf.reduce_sum(a))
    np.testing.assert_array_equal(run_steps(op, a)[0], [0.5, 0.0])


@pytest.mark.parametrize("resource", [False, True])
def test_what_comes_after_a_step_sees_it(resource: bool) -> None:
    a = tf.Variable([2.0], use_resource=resource)
    op = tf.train.GradientDescentOptimizer(1.0).minimize(a)
    before = a * 10.0
    with tf.control_dependencies([op]):
        after = a * 10.0
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(session.run([before, after]), [[20.0], [10.0]])


def test_loss_may_be_a_function() -> None:
    a, b = tf.Variable(1.0, name="a"), tf.Variable(1.0, name="b")
    pairs = tf.train.GradientDescentOptimizer(0.5).compute_gradients(lambda: a * 3.0)
    assert [v for _, v in pairs] == [a]
    assert b.trainable


def test_gradients_may_be_changed_in_between() -> None:
    a = tf.Variable([3.0, -4.0])
    sgd = tf.train.GradientDescentOptimizer(1.0)
    pairs = sgd.compute_gradients(tf.reduce_sum(a * a))
    op = sgd.apply_gradients((tf.clip_by_value(g, -1.0, 1.0), v) for g, v in pairs)
    np.testing.assert_allclose(run_steps(op, a)[0], [2.0, -3.0])


def test_gradients_may_be_arrays() -> None:
    a = tf.Variable([1.0, 2.0])
    op = tf.train.GradientDescentOptimizer(1.0).apply_gradients([(np.ones(2, np.float32), a)])
    np.testing.assert_allclose(run_steps(op, a)[0], [0.0, 1.0])


def test_two_optimizers_do_not_share_slots() -> None:
    a = tf.Variable(1.0, name="a")
    for _ in range(2):
        tf.train.AdamOptimizer().minimize(a)
    names = [v.op.name for v in tf.global_variables()]
    assert names == [
        "a", "beta1_power", "beta2_power", "a/Adam", "a/Adam_1",
        "beta1_power_1", "beta2_power_1", "a/Adam_2", "a/Adam_3",
    ]  # fmt: skip


def test_one_optimizer_minimizes_twice_with_its_slots() -> None:
    a = tf.Variable(1.0, name="a")
    adam = tf.train.AdamOptimizer()
    adam.minimize(a)
    adam.minimize(a * 2.0)
    assert [v.op.name for v in adam.variables()] == [
        "a/Adam", "a/Adam_1", "beta1_power", "beta2_power",
    ]  # fmt: skip


# -- optimizers of one's own -----------------------------------------------------------------------
class Signed(tf.train.Optimizer):  # type: ignore[misc, name-defined]
    """Steps by the sign of a sum of gradients."""

    def __init__(self, rate: float, name: str = "Signed") -> None:
        super().__init__(False, name)
        self._rate = rate

    def _create_slots(self, var_list: Any) -> None:
        for v in var_list:
            self._zeros_slot(v, "sum", self._name)

    def _prepare(self) -> None:
        self._rate_t = tf.convert_to_tensor(self._rate, name="rate")

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        total = self.get_slot(var, "sum")
        summed = total.assign_add(grad)
        return tf.group(tf.assign_sub(var, self._rate_t * tf.sign(summed)), summed)

    def _apply_sparse(self, grad: Any, var: Any) -> Any:
        return self._apply_dense(tf.convert_to_tensor(grad), var)


def test_own_optimizer() -> None:
    a = tf.Variable([1.0, -1.0], name="a")
    own = Signed(0.25)
    op = own.minimize(tf.reduce_sum(a * a))
    np.testing.assert_allclose(run_steps(op, a, steps=2)[0], [0.5, -0.5])
    assert own.get_slot(a, "sum").op.name == "a/Signed"
    assert "Signed/update_a/AssignSub" in names_below("Signed")


def test_own_optimizer_gets_sparse_gradients_without_repeats() -> None:
    a = tf.Variable([[1.0], [1.0], [1.0]], name="a")
    op = Signed(0.25).minimize(tf.reduce_sum(tf.gather(a, [1, 1])))
    np.testing.assert_allclose(run_steps(op, a)[0], [[1.0], [0.75], [1.0]])


def test_own_optimizer_lacks_a_method() -> None:
    a = tf.Variable([1.0], use_resource=True)
    with pytest.raises(NotImplementedError, match="_resource_apply_dense"):
        Signed(0.1).minimize(a)


# -- errors ---------------------------------------------------------------------------------------
def sgd() -> Any:
    return tf.train.GradientDescentOptimizer(0.1)


def test_errors_of_minimize() -> None:
    with pytest.raises(ValueError, match="No variables to optimize"):
        sgd().minimize(tf.constant(1.0))
    a, b = tf.Variable(1.0), tf.Variable(1)
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        sgd().minimize(tf.constant(1.0))
    with pytest.raises(ValueError, match=r"Invalid type tf\.int32"):
        sgd().minimize(tf.constant(1), var_list=[a])
    with pytest.raises(ValueError, match="gate_gradients must be one of"):
        sgd().minimize(a, gate_gradients=3)
    with pytest.raises((NotImplementedError, AttributeError)):
        sgd().minimize(a, var_list=["a"])
    assert b.dtype.base_dtype == tf.int32


def test_errors_of_apply_gradients() -> None:
    a = tf.Variable([1.0])
    with pytest.raises(ValueError, match="No variables provided"):
        sgd().apply_gradients([])
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        sgd().apply_gradients([(None, a)])
    with pytest.raises(TypeError, match="Gradient must be convertible"):
        sgd().apply_gradients([(object(), a)])
    with pytest.raises(NotImplementedError, match="Trying to update a Tensor"):
        sgd().apply_gradients([(tf.constant([1.0]), tf.constant([1.0]))])
    with pytest.raises(ValueError, match="shape of the variable"):
        sgd().apply_gradients([(tf.constant([1.0, 2.0]), a)])


def test_constraint_of_a_sparse_variable() -> None:
    a = tf.Variable([[1.0]], constraint=tf.nn.relu if hasattr(tf, "nn") else tf.abs)
    with pytest.raises(RuntimeError, match="constraint function on a sparse variable"):
        sgd().minimize(tf.reduce_sum(tf.gather(a, [0])))


@pytest.mark.parametrize("make", [
    lambda: tf.train.Optimizer(False, ""),
    lambda: tf.train.AdagradOptimizer(0.1, initial_accumulator_value=0.0),
    lambda: tf.train.ProximalAdagradOptimizer(0.1, initial_accumulator_value=-1.0),
    lambda: tf.train.AdagradDAOptimizer(0.1, 0, initial_gradient_squared_accumulator_value=0.0),
    lambda: tf.train.FtrlOptimizer(0.1, learning_rate_power=0.5),
    lambda: tf.train.FtrlOptimizer(0.1, l1_regularization_strength=-1.0),
    lambda: tf.train.FtrlOptimizer(0.1, l2_shrinkage_regularization_strength=-1.0),
    lambda: opt.LARSOptimizer(0.1, momentum=-0.1),
])  # fmt: skip
def test_bad_arguments(make: Any) -> None:
    with pytest.raises(ValueError):
        make()
