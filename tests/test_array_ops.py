"""Every case of `cases_array`: kernels against TensorFlow's, shape rules, gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases_array import CASES, Case

from evergraph import tf
from evergraph.core.dtypes import DType, as_dtype
from evergraph.core.emit import apply
from evergraph.core.graph import Graph
from evergraph.core.opdef import lookup
from evergraph.core.shape import compatible
from evergraph.core.tensor import Tensor

ALL = pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
DIFFERENTIABLE = [c for c in CASES if c.grad]
MODES = ("static", "partial", "unknown")


def emitted(case: Case, operands: list[Any]) -> list[Tensor]:
    """The outputs of the op on these operands, given flat."""
    rest = iter(operands)
    grouped = [
        [next(rest) for _ in x] if isinstance(x, list) else next(rest) for x in case.operands
    ]
    got = apply(case.op, *grouped, **case.attrs)
    return got if isinstance(got, list) else [got]


def constants(case: Case) -> list[Tensor]:
    """The operands as constants."""
    return [apply("Const", value=x, dtype=as_dtype(x.dtype)) for x in case.flat]


def kernel_values(case: Case) -> tuple[list[Tensor], list[np.ndarray[Any, Any]]]:
    """The outputs in a graph, and what the kernel gives."""
    with Graph().as_default():
        outputs = emitted(case, constants(case))
    kernel = lookup(case.op).kernel
    assert kernel is not None
    got = kernel(np, case.flat, outputs[0].op.attrs)
    return outputs, [np.asarray(v) for v in (got if isinstance(got, (tuple, list)) else [got])]


@ALL
def test_dtypes_and_shapes(case: Case) -> None:
    outputs, values = kernel_values(case)
    assert len(outputs) == len(values)
    for out, value in zip(outputs, values, strict=True):
        assert value.dtype == out.dtype.np_dtype
        assert compatible(out.static_shape, value.shape)


@ALL
def test_partial_shapes(case: Case) -> None:
    _, values = kernel_values(case)
    for mode in ("partial", "unknown"):
        with Graph().as_default():
            operands = [placeholder(x, mode) for x in case.flat]
            for out, value in zip(emitted(case, operands), values, strict=True):
                assert compatible(out.static_shape, value.shape), mode


@pytest.mark.oracle
@ALL
def test_against_tensorflow(case: Case) -> None:
    tensorflow = pytest.importorskip("tensorflow")
    function = getattr(tensorflow.raw_ops, case.op, None)
    if function is None or case.op == "TopK":
        pytest.skip("TensorFlow has this op no longer")
    names = [a.name for a in lookup(case.op).inputs]
    keywords = {
        case.renamed.get(n, n): [theirs(tensorflow, v) for v in x]
        if isinstance(x, list)
        else theirs(tensorflow, x)
        for n, x in zip(names, case.operands, strict=True)
    }
    for name, value in case.attrs.items():
        key = case.renamed.get(name, name)
        keywords[key] = value.name if isinstance(value, DType) else value
    want = function(**keywords)
    wanted = list(want) if isinstance(want, (tuple, list)) else [want]
    _, values = kernel_values(case)
    for got, expected in zip(values, wanted, strict=True):
        compare(got, np.asarray(expected), case.tolerance)


def theirs(tensorflow: Any, x: np.ndarray[Any, Any]) -> Any:
    """An operand as TensorFlow's tensor."""
    return tensorflow.constant(x.tolist() if x.dtype == object else x)


def compare(got: np.ndarray[Any, Any], want: np.ndarray[Any, Any], tolerance: float) -> None:
    """Asserts equal shapes, dtypes and values."""
    assert got.shape == want.shape
    if got.dtype == object:
        assert got.tolist() == want.tolist()
        return
    assert got.dtype == want.dtype
    if tolerance:
        np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)
    else:
        np.testing.assert_array_equal(got, want)


# -- gradients -------------------------------------------------------------------------------
def placeholder(x: np.ndarray[Any, Any], mode: str) -> Tensor:
    """A placeholder for an operand that knows all, the rank, or nothing of its shape."""
    shape = {"static": x.shape, "partial": (None,) * x.ndim, "unknown": None}[mode]
    return tf.placeholder(as_dtype(x.dtype), shape)


def doubled(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Floats in double precision, for difference quotients."""
    return x.astype(np.float64) if x.dtype.kind == "f" else x


def weighted(outputs: list[Tensor], seed: int) -> Tensor:
    """A sum of the float outputs with different weights."""
    terms = []
    for y in outputs:
        if y.dtype.is_floating:
            flat = tf.reshape(y, [-1])
            angle = apply("Cast", tf.range(tf.size(y)), DstT=y.dtype) * 0.7 + float(seed)
            terms.append(apply("Sum", flat * apply("Cos", angle), [0]))
    return apply("AddN", terms)  # type: ignore[no-any-return]


def operands_for(case: Case, mode: str) -> tuple[list[Any], dict[Tensor, Any]]:
    """Operands in the default graph: placeholders, and constants where all is known."""
    operands: list[Any] = []
    feeds: dict[Tensor, Any] = {}
    for i, x in enumerate(map(doubled, case.flat)):
        if i in case.grad or mode != "static":
            fed = placeholder(x, mode)
            operands.append(fed)
            feeds[fed] = x
        else:
            operands.append(apply("Const", value=x, dtype=as_dtype(x.dtype)))
    return operands, feeds


def slope(session: Any, y: Tensor, feeds: dict[Tensor, Any], x: Tensor, seed: int) -> Any:
    """The derivative of y along a random direction of x, by a difference, and the direction."""
    direction = np.random.RandomState(seed).randn(*np.shape(feeds[x]))
    step = 1e-5
    values = [session.run(y, {**feeds, x: feeds[x] + s * step * direction}) for s in (1, -1)]
    return (values[0] - values[1]) / (2 * step), direction


def check(session: Any, y: Tensor, grad: Any, feeds: dict[Tensor, Any], x: Tensor) -> None:
    """Compares a gradient with the difference quotient along two directions."""
    value = session.run(tf.convert_to_tensor(grad), feeds)
    assert value.shape == np.shape(feeds[x])
    for seed in (1, 2):
        numeric, direction = slope(session, y, feeds, x, seed)
        np.testing.assert_allclose(np.sum(value * direction), numeric, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=lambda c: c.id)
def test_gradients(case: Case, mode: str) -> None:
    if mode == "unknown" and case.op == "SparseToDense":
        pytest.skip("needs the rank of its indices")
    with tf.Graph().as_default(), tf.Session() as session:
        operands, feeds = operands_for(case, mode)
        y = weighted(emitted(case, operands), 0)
        xs = [operands[i] for i in case.grad]
        grads = tf.gradients(y, xs)
        for x, g in zip(xs, grads, strict=True):
            assert g is not None
            check(session, y, g, feeds, x)
        if not case.second:
            return
        dense = [tf.convert_to_tensor(g) for g in grads]
        slopes = weighted(dense, 1)
        for x, second in zip(xs, tf.gradients(slopes, xs), strict=True):
            if second is not None:
                check(session, slopes, second, feeds, x)
