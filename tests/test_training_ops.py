"""The update ops against independent formulas in float64, and against TensorFlow's kernels."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from evergraph.core import dtypes
from evergraph.core.function import evaluate, trace
from evergraph.core.graph import Graph
from evergraph.core.opdef import OpDef, lookup
from evergraph.ops import register_all, training

register_all()
RULES = {rule.name: rule for rule in training.RULES}
SHAPE = (5, 3)
SCALARS = {
    "alpha": 0.1, "lr": 0.1, "rho": 0.9, "momentum": 0.8, "epsilon": 0.01, "beta": 0.9,
    "beta1": 0.9, "beta2": 0.99, "beta1_power": 0.729, "beta2_power": 0.970299, "l1": 0.05,
    "l2": 0.1, "l2_shrinkage": 0.02, "lr_power": -0.5, "logbase": 1.0, "sign_decay": 0.7,
}  # fmt: skip
TOLERANCE = {"float16": 6e-3, "float32": 3e-6, "float64": 1e-13}


# -- the formulas once more, as the papers and TensorFlow's documentation have them ---------------
def soft(x: Any, t: Any) -> Any:
    """Soft thresholding."""
    return np.where(x > t, x - t, np.where(x < -t, x + t, 0.0))


def reference(rule: str, s: dict[str, Any], o: dict[str, Any], flag: bool) -> list[Any]:
    """The new values of the state `s` for the operands `o`, in float64."""
    g, lr = o["grad"], o.get("lr", o.get("alpha"))
    w = s["var"]
    if rule == "GradientDescent":
        return [w - lr * g]
    if rule == "Momentum":
        a = o["momentum"] * s["accum"] + g
        return [w - lr * (g + o["momentum"] * a) if flag else w - lr * a, a]
    if rule == "KerasMomentum":
        a = o["momentum"] * s["accum"] - lr * g
        return [w + o["momentum"] * a - lr * g if flag else w + a, a]
    if rule in ("Adam", "AdamWithAmsgrad"):
        m = o["beta1"] * s["m"] + (1 - o["beta1"]) * g
        v = o["beta2"] * s["v"] + (1 - o["beta2"]) * g**2
        rate = lr * (1 - o["beta2_power"]) ** 0.5 / (1 - o["beta1_power"])
        if rule == "Adam":
            top = o["beta1"] * m + (1 - o["beta1"]) * g if flag else m
            return [w - rate * top / (v**0.5 + o["epsilon"]), m, v]
        vhat = np.maximum(s["vhat"], v)
        return [w - rate * m / (vhat**0.5 + o["epsilon"]), m, v, vhat]
    if rule == "AdaMax":
        m = o["beta1"] * s["m"] + (1 - o["beta1"]) * g
        u = np.maximum(o["beta2"] * s["v"], abs(g))
        return [w - lr / (1 - o["beta1_power"]) * m / (u + o["epsilon"]), m, u]
    if rule == "RMSProp":
        ms = o["rho"] * s["ms"] + (1 - o["rho"]) * g**2
        mom = o["momentum"] * s["mom"] + lr * g / (ms + o["epsilon"]) ** 0.5
        return [w - mom, ms, mom]
    if rule == "CenteredRMSProp":
        mg = o["rho"] * s["mg"] + (1 - o["rho"]) * g
        ms = o["rho"] * s["ms"] + (1 - o["rho"]) * g**2
        mom = o["momentum"] * s["mom"] + lr * g / (ms - mg**2 + o["epsilon"]) ** 0.5
        return [w - mom, mg, ms, mom]
    if rule == "Adagrad":
        a = s["accum"] + g**2 if flag else s["accum"]
        return [w - lr * g / a**0.5, a]
    if rule == "AdagradV2":
        a = s["accum"] + g**2 if flag else s["accum"]
        return [w - lr * g / (a**0.5 + o["epsilon"]), a]
    if rule == "AdagradDA":
        total = s["gradient_accumulator"] + g
        squares = s["gradient_squared_accumulator"] + g**2
        t = o["global_step"]
        return [-lr * soft(total, o["l1"] * t) / (o["l2"] * t * lr + squares**0.5), total, squares]
    if rule == "Adadelta":
        a = o["rho"] * s["accum"] + (1 - o["rho"]) * g**2
        step = g * ((s["accum_update"] + o["epsilon"]) / (a + o["epsilon"])) ** 0.5
        return [w - lr * step, a, o["rho"] * s["accum_update"] + (1 - o["rho"]) * step**2]
    if rule in ("Ftrl", "FtrlV2"):
        a = s["accum"] + g**2
        p = -o["lr_power"]
        pull = g + 2 * o.get("l2_shrinkage", 0.0) * w
        z = s["linear"] + pull - (a**p - s["accum"] ** p) / lr * w
        return [-soft(z, o["l1"]) / (a**p / lr + 2 * o["l2"]), a, z]
    if rule == "ProximalGradientDescent":
        return [soft(w - lr * g, lr * o["l1"]) / (1 + lr * o["l2"])]
    if rule == "ProximalAdagrad":
        a = s["accum"] + g**2
        rate = lr / a**0.5
        return [soft(w - rate * g, rate * o["l1"]) / (1 + rate * o["l2"]), a]
    m = o["beta"] * s["m"] + (1 - o["beta"]) * g
    agree = o["sign_decay"] * np.sign(g) * np.sign(m)
    scale = o["alpha"] + agree if rule == "AddSign" else np.exp(o["logbase"] * agree)
    return [w - lr * scale * g, m]


# -- cases ----------------------------------------------------------------------------------------
def op_names(rule: training.Rule, sparse: bool) -> list[str]:
    """The ops of a rule: for ref variables, if there is one, and for resource variables."""
    name = f"{'Sparse' if sparse else ''}Apply{rule.name}"
    return ([name] if rule.ref else []) + [f"Resource{name}"]


CASES = [
    (name, sparse, flag)
    for name, rule in RULES.items()
    for sparse in ((False, True) if rule.sparse else (False,))
    for flag in ((True, False) if rule.flags else (False,))
]


def start(rule: training.Rule, dtype: Any, seed: int = 0) -> dict[str, Any]:
    """Values of a variable and its slots; all but sums of gradients are positive."""
    r = np.random.RandomState(seed)
    signed = {"var", "m", "linear", "mom", "gradient_accumulator"}
    if rule.name == "AdaMax" or "Momentum" in rule.name:
        signed.add("accum")
    values = {n: r.uniform(-1, 1, SHAPE) for n in rule.state}
    # The mean of squares stays above the square of the mean.
    return {
        n: (v if n in signed else 0.3 * v if n == "mg" else abs(v) + 0.5).astype(dtype)
        for n, v in values.items()
    }


def operands(
    rule: training.Rule, dtype: Any, sparse: bool, seed: int, **changes: Any
) -> dict[str, Any]:
    """The other inputs in the op's order."""
    r = np.random.RandomState(seed + 100)
    indices = np.array([4, 0, 2], np.int64 if seed % 2 else np.int32)
    out: dict[str, Any] = {}
    for name in rule.inputs(sparse)[len(rule.state) :]:
        if name == "grad":
            shape = (3, *SHAPE[1:]) if sparse else SHAPE
            out[name] = r.uniform(-1, 1, shape).astype(dtype)
        elif name == "indices":
            out[name] = indices
        elif name == "global_step":
            out[name] = np.int64(3)
        else:
            out[name] = np.asarray(changes.get(name, SCALARS[name]), dtype)
    return out


def attributes(rule: training.Rule, flag: bool) -> dict[str, Any]:
    """The attributes of an op of this rule."""
    return {"use_locking": False, **dict.fromkeys(rule.flag_names, flag)}


def expected(
    rule: training.Rule, state: dict[str, Any], ops: dict[str, Any], flag: bool
) -> list[Any]:
    """The new state by `reference`; a sparse gradient is applied row after row."""
    state = {n: v.astype(np.float64) for n, v in state.items()}
    wide = {n: np.asarray(v, np.float64) for n, v in ops.items() if n != "indices"}
    if "indices" not in ops:
        return reference(rule.name, state, wide, flag)
    for i, row in enumerate(ops["indices"]):
        old = {n: v[row] for n, v in state.items()}
        new = reference(rule.name, old, {**wide, "grad": wide["grad"][i]}, flag)
        for value, array in zip(new, state.values(), strict=True):
            array[row] = value
    return list(state.values())


def run(op: OpDef, state: dict[str, Any], ops: dict[str, Any], attrs: Any) -> tuple[Any, ...]:
    """The kernel's new values."""
    assert op.kernel is not None
    return tuple(op.kernel(np, [*state.values(), *ops.values()], attrs))


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("name", "sparse", "flag"), CASES)
def test_kernel_matches_the_formula(name: str, sparse: bool, flag: bool, dtype: str) -> None:
    rule = RULES[name]
    state, ops = start(rule, dtype), operands(rule, dtype, sparse, 1)
    want = expected(rule, state, ops, flag)
    for op in op_names(rule, sparse):
        before = {n: v.copy() for n, v in state.items()}
        got = run(lookup(op), state, ops, attributes(rule, flag))
        for g, w in zip(got, want, strict=True):
            assert g.dtype == dtype
            np.testing.assert_allclose(g.astype(np.float64), w, TOLERANCE[dtype], TOLERANCE[dtype])
        for n, v in before.items():
            np.testing.assert_array_equal(state[n], v, "an operand was changed")


@pytest.mark.parametrize(("name", "changes"), [
    ("Ftrl", {"lr_power": -0.8}), ("FtrlV2", {"lr_power": -0.3}), ("Ftrl", {"l1": 0.0}),
    ("ProximalGradientDescent", {"l1": 0.0}), ("ProximalAdagrad", {"l1": 0.0, "l2": 0.0}),
    ("AdagradDA", {"l1": 0.0}), ("AdagradDA", {"l1": 5.0}),
])  # fmt: skip
@pytest.mark.parametrize("sparse", [False, True])
def test_special_operands(name: str, changes: dict[str, float], sparse: bool) -> None:
    rule = RULES[name]
    state = start(rule, np.float64)
    ops = operands(rule, np.float64, sparse, 2, **changes)
    got = run(lookup(op_names(rule, sparse)[0]), state, ops, attributes(rule, False))
    for g, w in zip(got, expected(rule, state, ops, False), strict=True):
        np.testing.assert_allclose(g, w, 1e-12, 1e-13)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_definition_matches_the_kernel(name: str, dtype: str) -> None:
    rule = RULES[name]
    op = lookup(f"ResourceApply{name}")
    state, ops = start(rule, dtype), operands(rule, dtype, False, 3)
    arrays = [*state.values(), *ops.values()]
    kinds = [(dtypes.as_dtype(a.dtype), np.shape(a)) for a in arrays]
    for flag in (True, False):
        attrs = attributes(rule, flag)
        function = trace(op.definition, kinds, attrs)  # type: ignore[arg-type]
        with np.errstate(all="ignore"):
            opened = evaluate(function, [np.asarray(a) for a in arrays])
        for g, w in zip(opened, run(op, state, ops, attrs), strict=True):
            assert g.dtype == w.dtype
            np.testing.assert_allclose(g, w, 4 * TOLERANCE[dtype], 4 * TOLERANCE[dtype])


@pytest.mark.parametrize("name", [n for n, rule in RULES.items() if rule.sparse])
def test_repeated_rows_are_updated_one_after_the_other(name: str) -> None:
    rule = RULES[name]
    state = start(rule, np.float64)
    ops = operands(rule, np.float64, True, 4)
    r = np.random.RandomState(7)
    ops["indices"] = np.array([1, 4, 1, 1, 0, 4])
    ops["grad"] = r.uniform(-1, 1, (6, *SHAPE[1:]))
    got = run(lookup(op_names(rule, True)[0]), state, ops, attributes(rule, False))
    for g, w in zip(got, expected(rule, state, ops, False), strict=True):
        np.testing.assert_allclose(g, w, 1e-12, 1e-13)


def test_no_rows_changes_nothing() -> None:
    var = np.ones(SHAPE, np.float32)
    empty = np.zeros((0, *SHAPE[1:]), np.float32), np.zeros(0, np.int32)
    kernel = lookup("SparseApplyAdagrad").kernel
    assert kernel is not None
    got = kernel(np, [var, var, np.float32(0.1), *empty], {"update_slots": True})
    np.testing.assert_array_equal(got[0], var)


# -- shapes ---------------------------------------------------------------------------------------
class NoValues:
    """Operands of which no value is known."""

    def __getitem__(self, index: int) -> None:
        return None


def shapes_of(op: str, *shapes: Any) -> list[Any]:
    """The output shapes of an op."""
    rule = lookup(op).shape
    assert rule is not None
    return list(rule(shapes, {}, NoValues()))  # type: ignore[arg-type]


def test_shape_is_the_variables() -> None:
    assert shapes_of("ApplyMomentum", (None, 3), (2, None), (), (2, 3), ()) == [(2, 3)]
    assert shapes_of("ApplyGradientDescent", None, None, (4,)) == [(4,)]
    assert shapes_of("ResourceApplyGradientDescent", (), (), (4,)) == []
    assert shapes_of("SparseApplyAdagrad", (9, 3), (9, 3), (), (4, 3), (4,)) == [(9, 3)]
    assert shapes_of("SparseApplyAdagrad", (9, 3), (9, 3), (), (None, 3), (None,)) == [(9, 3)]


@pytest.mark.parametrize(("op", "shapes", "text"), [
    ("ApplyGradientDescent", [(2, 3), (), (3,)], "gradient must have the shape of the variable"),
    ("ApplyGradientDescent", [(2, 3), (1,), (2, 3)], "alpha must be a scalar"),
    ("ApplyMomentum", [(2, 3), (2,), (), (2, 3), ()], "variable 'accum'"),
    ("ResourceApplyAdagrad", [(), (), (2,), (2, 3)], "lr must be a scalar"),
    ("SparseApplyAdagrad", [(9, 3), (9, 3), (), (4, 2), (4,)], "one row of the variable"),
    ("SparseApplyAdagrad", [(9, 3), (9, 3), (), (5, 3), (4,)], "one row of the variable"),
    ("SparseApplyAdagrad", [(9, 3), (9, 3), (), (4, 3), (4, 1)], "one-dimensional"),
    ("SparseApplyAdagrad", [(), (), (), (), (1,)], "at least one dimension"),
])  # fmt: skip
def test_shapes_that_do_not_fit(op: str, shapes: list[Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        shapes_of(op, *shapes)


def test_values_that_do_not_fit() -> None:
    kernel = lookup("ResourceApplyGradientDescent").kernel
    assert kernel is not None
    with pytest.raises(ValueError, match="shape of the variable"):
        kernel(np, [np.ones((2, 3)), np.float64(1), np.ones(3)], {})
    kernel = lookup("ResourceSparseApplyAdagrad").kernel
    assert kernel is not None
    var, grad = np.ones((2, 3)), np.ones((1, 3))
    for bad in (2, -1):
        with pytest.raises(ValueError, match=f"Index {bad} at offset 0"):
            kernel(np, [var, var, np.float64(1), grad, np.array([bad])], {"update_slots": True})


def test_definition_refuses_shapes_that_would_broadcast() -> None:
    kinds = [(dtypes.float32, (2, 3)), (dtypes.float32, ()), (dtypes.float32, (3,))]
    with Graph().as_default(), pytest.raises(ValueError, match="shape of the variable"):
        trace(lookup("ResourceApplyGradientDescent").definition, kinds, {})  # type: ignore[arg-type]


# -- TensorFlow -----------------------------------------------------------------------------------
@pytest.mark.oracle
@pytest.mark.parametrize(("name", "sparse", "flag"), CASES)
def test_five_steps_match_tensorflow(name: str, sparse: bool, flag: bool) -> None:
    tf = pytest.importorskip("tensorflow")
    rule = RULES[name]
    op = f"Resource{'Sparse' if sparse else ''}Apply{name}"
    for dtype, changes in itertools.product(("float32", "float64"), ({}, {"l1": 0.0})):
        if changes and "l1" not in rule.operands.split():
            continue
        state = start(rule, dtype)
        variables = [tf.Variable(v) for v in state.values()]
        for step in range(5):
            ops = operands(rule, dtype, sparse, step, **changes)
            got = run(lookup(op), state, ops, attributes(rule, flag))
            state = dict(zip(state, got, strict=True))
            keys = dict(zip(rule.state, (v.handle for v in variables), strict=True))
            given = {("delta" if n == "grad" and rule.delta and not sparse else n): v
                     for n, v in ops.items()}  # fmt: skip
            getattr(tf.raw_ops, op)(**keys, **given, **attributes(rule, flag))
        for ours, theirs in zip(state.values(), variables, strict=True):
            tolerance = 8 * TOLERANCE[dtype]
            np.testing.assert_allclose(ours, theirs.numpy(), tolerance, tolerance)


# -- as functions ---------------------------------------------------------------------------------
def test_ops_as_functions() -> None:
    from evergraph import tf
    from evergraph.tf.train import training_ops

    with tf.Graph().as_default(), tf.Session() as session:
        v, a = tf.Variable([1.0, 2.0]), tf.Variable([0.0, 0.0])
        step = training_ops.apply_momentum(v, a, 0.5, [1.0, 1.0], momentum=0.9, name="go")
        assert step.op.name == "go"
        r = tf.Variable([1.0], use_resource=True)
        op = training_ops.resource_apply_gradient_descent(r.handle, 0.5, [1.0])
        session.run(tf.global_variables_initializer())
        session.run(op)
        np.testing.assert_allclose(session.run(step), [0.5, 1.5])
        np.testing.assert_allclose(session.run(r), [0.5])
        with pytest.raises(TypeError, match="apply_momentum"):
            training_ops.apply_momentum(v, a)
    names = {
        op for rule in RULES.values() for s in (False, rule.sparse) for op in op_names(rule, s)
    }
    assert len(training_ops.__all__) == len(names)
