"""Every case of every family: values, dtypes, shape rules, gradients, and TensorFlow as oracle."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import op_cases
import pytest
from numeric import check_gradient, weighted
from op_cases import Case

from evergraph import tf
from evergraph.core.dtypes import DType, as_dtype
from evergraph.core.emit import apply
from evergraph.core.graph import Graph
from evergraph.core.opdef import all_ops, lookup
from evergraph.core.shape import compatible
from evergraph.core.tensor import Tensor
from evergraph.ops import training

CASES = op_cases.load()
MODES = ("static", "partial", "unknown")
SWEPT = "float16 bfloat16 float32 float64 int8 uint8 int16 uint16 int32 int64 complex64 complex128"
# Relative errors that a computation in each dtype may make against one in the widest.
ROUNDING = {"float16": 4e-3, "bfloat16": 4e-2, "float32": 4e-6, "complex64": 4e-6}
TESTS = Path(__file__).parent


def walk(cases: list[Case]) -> Any:
    """Runs a test for each of the cases."""
    return pytest.mark.parametrize("case", cases, ids=lambda c: c.id)


# -- building a case -------------------------------------------------------------------------
def emitted(case: Case, operands: list[Any]) -> list[Tensor]:
    """The outputs of the op on these operands, given flat."""
    rest = iter(operands)
    grouped = [
        [next(rest) for _ in x] if isinstance(x, list) else next(rest) for x in case.operands
    ]
    attrs = {k: as_dtype(v) if _is_type(case, k) else v for k, v in case.attrs.items()}
    got = apply(case.op, *grouped, name="case", **attrs)
    return got if isinstance(got, list) else [got]


def _is_type(case: Case, attr: str) -> bool:
    return lookup(case.op).attrs[attr].type == "type"


def constants(case: Case) -> list[Tensor]:
    """The operands as constants."""
    return [apply("Const", value=x, dtype=as_dtype(x.dtype)) for x in case.flat]


def placeholder(x: np.ndarray[Any, Any], mode: str) -> Tensor:
    """A placeholder for an operand that knows all, the rank, or nothing of its shape."""
    shape = {"static": x.shape, "partial": (None,) * x.ndim, "unknown": None}[mode]
    return tf.placeholder(as_dtype(x.dtype), shape)


def kernel_values(
    case: Case, operands: list[np.ndarray[Any, Any]] | None = None
) -> tuple[list[Tensor], list[np.ndarray[Any, Any]]]:
    """The outputs in a graph, and what the kernel gives."""
    arrays = case.flat if operands is None else operands
    with Graph().as_default():
        outputs = emitted(case, [placeholder(x, "static") for x in arrays])
    kernel = lookup(case.op).kernel
    assert kernel is not None
    with np.errstate(all="ignore"):
        got = kernel(np, arrays, outputs[0].op.attrs)
    return outputs, [np.asarray(v) for v in (got if isinstance(got, (tuple, list)) else [got])]


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


# -- shapes and values -----------------------------------------------------------------------
def check_kernel(case: Case, arrays: list[np.ndarray[Any, Any]]) -> None:
    """The kernel gives the dtypes that the op's outputs have, and shapes that the rule allows."""
    outputs, values = kernel_values(case, arrays)
    for out, value in zip(outputs, values, strict=True):
        assert value.dtype == out.dtype.np_dtype
        assert compatible(out.static_shape, value.shape)


@walk(CASES)
def test_kernels(case: Case) -> None:
    check_kernel(case, case.flat)


@walk(CASES)
def test_partial_shapes(case: Case) -> None:
    _, values = kernel_values(case)
    for mode in ("partial", "unknown"):
        with Graph().as_default():
            operands = [placeholder(x, mode) for x in case.flat]
            for out, value in zip(emitted(case, operands), values, strict=True):
                assert compatible(out.static_shape, value.shape), mode


def widened(case: Case, arrays: list[np.ndarray[Any, Any]]) -> list[np.ndarray[Any, Any]]:
    """The operands in the widest dtypes that the op takes for them."""
    definition = lookup(case.op)
    args = [a for a, x in zip(definition.inputs, case.operands, strict=True) for _ in _items(x)]
    out = []
    for arg, x in zip(args, arrays, strict=True):
        attr = definition.attrs.get(arg.type_attr or "")
        allowed = None if attr is None else attr.allowed
        fits = attr is not None and (allowed is None or as_dtype(wide(x).dtype) in allowed)
        out.append(wide(x) if fits else x)
    return out


def _items(x: Any) -> list[Any]:
    return x if isinstance(x, list) else [x]


def wide(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The values in the widest dtype of their kind."""
    kind = x.dtype.kind
    if x.dtype.name == "bfloat16" or kind == "f":
        return x.astype(np.float64)
    return x.astype({"c": np.complex128}.get(kind, x.dtype))


def run(case: Case, arrays: list[np.ndarray[Any, Any]]) -> list[np.ndarray[Any, Any]]:
    """What a compiled program gives for these operands."""
    with tf.Graph().as_default(), tf.Session() as session:
        operands = [placeholder(x, "unknown") for x in arrays]
        outputs = emitted(case, operands)
        return session.run(outputs, dict(zip(operands, arrays, strict=True)))


def close_to_wide(case: Case, arrays: list[np.ndarray[Any, Any]]) -> None:
    """The program's values are those of the kernel in the widest dtype, but for rounding."""
    if not lookup(case.op).is_pure:
        pytest.skip("gives something else in each run")
    got = run(case, arrays)
    _, wanted = kernel_values(case, widened(case, arrays))
    for value, want in zip(got, wanted, strict=True):
        if isinstance(value, bytes):  # a scalar
            assert value == want.item()
            continue
        assert value.shape == want.shape
        if value.dtype.kind in "fcV":
            error = ROUNDING.get(value.dtype.name, 1e-12)
            with np.errstate(all="ignore"):
                rounded = wide(want.astype(value.dtype))
            np.testing.assert_allclose(wide(value), rounded, rtol=error, atol=error * 4)
        else:
            np.testing.assert_array_equal(value, want.astype(value.dtype))


@walk(
    [c for c in CASES if not c.op.startswith("Stateless") and c.op not in ("Bitcast", "AsString")]
)
def test_programs(case: Case) -> None:
    if not case.limits and not any(isinstance(v, (DType, str)) for v in case.attrs.values()):
        close_to_wide(case, case.flat)
        return
    _, wanted = kernel_values(case)
    for value, want in zip(run(case, case.flat), wanted, strict=True):
        compare(np.asarray(value, want.dtype), want, 1e-6 * (want.dtype.kind in "fc"))


# -- dtypes ----------------------------------------------------------------------------------
def swept() -> list[Any]:
    """Each case that asks for it, with each dtype that its op takes."""
    found = []
    for case in CASES:
        attr = next((a for a in lookup(case.op).attrs.values() if a.name == "T"), None)
        if case.sweep and attr is not None:
            names = [
                n for n in SWEPT.split() if attr.allowed is None or as_dtype(n) in attr.allowed
            ]
            found += [pytest.param(case, n, id=f"{case.id}-{n}") for n in names]
    return found


def in_dtype(case: Case, name: str) -> list[np.ndarray[Any, Any]]:
    """The operands of type T in another dtype: for integers small ones, none of them zero."""
    arrays = []
    of_type = [a.type_attr == "T" for a in lookup(case.op).inputs]
    if len(of_type) < len(case.flat):
        of_type = [True] * len(case.flat)  # one list
    for x, chosen in zip(case.flat, of_type, strict=True):
        dtype = as_dtype(name).np_dtype
        if chosen and dtype.kind in "iu":
            x = np.maximum(np.rint(np.abs(x) * 2), 1)
        arrays.append(x.astype(dtype) if chosen else x)
    return arrays


@pytest.mark.parametrize(("case", "dtype"), swept())
def test_dtypes(case: Case, dtype: str) -> None:
    arrays = in_dtype(case, dtype)
    check_kernel(case, arrays)
    close_to_wide(case, arrays)


# -- gradients -------------------------------------------------------------------------------
def doubled(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Floats in double precision, for difference quotients."""
    return x.astype(np.float64) if x.dtype.kind == "f" else x


def operands_for(case: Case, mode: str) -> tuple[list[Any], dict[Tensor, Any]]:
    """Operands in the default graph: placeholders, and constants where all is known."""
    operands: list[Any] = []
    feeds: dict[Tensor, Any] = {}
    for i, x in enumerate(case.flat if case.single else map(doubled, case.flat)):
        if i in case.grad or mode != "static":
            fed = placeholder(x, mode)
            operands.append(fed)
            feeds[fed] = x
        else:
            operands.append(apply("Const", value=x, dtype=as_dtype(x.dtype)))
    return operands, feeds


@pytest.mark.parametrize("mode", MODES)
@walk([c for c in CASES if c.grad])
def test_gradients(case: Case, mode: str) -> None:
    if mode == "unknown" and case.op == "SparseToDense":
        pytest.skip("needs the rank of its indices")
    if mode != "static" and case.needs_shapes:
        pytest.skip("its gradient needs known shapes")
    with tf.Graph().as_default(), tf.Session() as session:
        operands, feeds = operands_for(case, mode)
        y = weighted(emitted(case, operands), 0)
        xs = [operands[i] for i in case.grad]
        grads = tf.gradients(y, xs)
        for x, g in zip(xs, grads, strict=True):
            assert g is not None
            check_gradient(session, y, g, feeds, x, case.symmetric, case.single)
        if not case.second:
            return
        dense = [tf.convert_to_tensor(g) for g in grads]
        slopes = weighted(dense, 1)
        for x, second in zip(xs, tf.gradients(slopes, xs), strict=True):
            if second is not None:
                check_gradient(session, slopes, second, feeds, x, case.symmetric, case.single)


# -- TensorFlow ------------------------------------------------------------------------------
def theirs(tensorflow: Any, x: np.ndarray[Any, Any]) -> Any:
    """An operand as TensorFlow's tensor."""
    return tensorflow.constant(x.tolist() if x.dtype == object else x)


def called(tensorflow: Any, case: Case, operands: list[Any]) -> list[Any]:
    """The outputs of TensorFlow's op on its own tensors, given flat."""
    function = getattr(tensorflow.raw_ops, case.op)
    known = inspect.signature(function).parameters
    rest = iter(operands)
    keywords = {}
    for arg, x in zip(lookup(case.op).inputs, case.operands, strict=True):
        value = [next(rest) for _ in x] if isinstance(x, list) else next(rest)
        keywords[case.renamed.get(arg.name, arg.name)] = value
    for name, value in case.attrs.items():
        keywords[case.renamed.get(name, name)] = value.name if isinstance(value, DType) else value
    assert set(keywords) <= set(known)
    got = function(**keywords)
    parts = list(got) if isinstance(got, (tuple, list)) else [got]
    return [x for part in parts for x in (part if isinstance(part, list) else [part])]


def with_oracle(cases: list[Case]) -> Any:
    """Runs a test for each case that TensorFlow can be asked about."""
    asked = [c for c in cases if c.oracle and c.op[0] != "_" and c.op != "TopK"]
    return walk(asked)


@pytest.mark.oracle
@with_oracle(CASES)
def test_against_tensorflow(case: Case) -> None:
    tensorflow = pytest.importorskip("tensorflow")
    if not hasattr(tensorflow.raw_ops, case.op):
        pytest.skip("TensorFlow has this op no longer")
    wanted = called(tensorflow, case, [theirs(tensorflow, x) for x in case.flat])
    _, values = kernel_values(case)
    for got, expected in list(zip(values, wanted, strict=True))[: case.compared]:
        compare(got, np.asarray(expected), case.tolerance)


@pytest.mark.oracle
@with_oracle([c for c in CASES if c.grad])
def test_gradients_against_tensorflow(case: Case) -> None:
    tensorflow = pytest.importorskip("tensorflow")
    if not hasattr(tensorflow.raw_ops, case.op):
        pytest.skip("TensorFlow has this op no longer")
    v1 = tensorflow.compat.v1
    with tensorflow.Graph().as_default(), v1.Session() as session:
        operands = [theirs(tensorflow, x) for x in case.flat]
        ys = called(tensorflow, case, operands)[: case.compared]
        try:
            floats = [y for y in ys if y.dtype.is_floating]
            grads = v1.gradients(floats, [operands[i] for i in case.grad])
        except (LookupError, ValueError) as error:
            pytest.skip(f"TensorFlow has no gradient here: {error}")
        wanted = [g if g is None else session.run(v1.convert_to_tensor(g)) for g in grads]
    with tf.Graph().as_default(), tf.Session() as ours:
        inputs = constants(case)
        outputs = [y for y in emitted(case, inputs)[: case.compared] if y.dtype.is_floating]
        got = tf.gradients(outputs, [inputs[i] for i in case.grad])
        for g, want in zip(got, wanted, strict=True):
            if want is not None:
                value = ours.run(tf.convert_to_tensor(g))
                np.testing.assert_allclose(value, want, rtol=2e-4, atol=2e-5)


# -- the table -------------------------------------------------------------------------------
def test_every_op_has_a_case() -> None:
    """Ops that act or keep state have tests of their own, which name them.

    Names with an underscore are the engine's own.
    """
    covered = {c.op for c in CASES}
    for rule in training.RULES:
        kinds = ("Apply", "ResourceApply", "SparseApply", "ResourceSparseApply")
        covered |= {kind + rule.name for kind in kinds}
    text = "".join(p.read_text() for p in TESTS.glob("test_*.py"))
    public = [op for op in all_ops() if op[0] != "_"]
    assert not [op for op in public if op not in covered and f'"{op}"' not in text]
