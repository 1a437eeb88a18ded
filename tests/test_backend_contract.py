"""Backends: the contract on the reference and on a small one, and programs cut between the two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from backend_contract import CHAIN, BackendContract, numbers
from hypothesis import given
from test_passes import programs

from evergraph import tf
from evergraph.backends.contract import Backend, Binding, Executable, OperationFailed, Segment
from evergraph.backends.cpu.backend import CpuBackend
from evergraph.backends.reference import ReferenceBackend
from evergraph.core.emit import apply
from evergraph.core.function import Function, run_kernel
from evergraph.core.shape import is_known
from evergraph.core.tensor import Literal, Operation
from evergraph.core.text import from_text
from evergraph.core.values import ConcreteValues
from evergraph.runtime import session as session_module
from evergraph.runtime.program import BoundProgram, Program
from evergraph.runtime.variables import Store
from evergraph.transform.lower import Lowered, lower


class SmallBackend(Backend):
    """Knows a few ops, and must be bound to shapes: the other end of what the contract allows."""

    name = "small"
    ops = frozenset({"AddV2", "Mul", "Neg", "MatMul", "AssignAdd"})

    def __init__(self) -> None:
        self.compiled: list[SmallExecutable] = []

    def supports(self, op: Operation) -> bool:
        return op.type in self.ops and op.attrs["T"] is tf.float32

    def compile(self, segment: Segment) -> Executable:
        assert all(map(self.supports, _operations(segment.function)))
        self.compiled.append(SmallExecutable(segment.function))
        return self.compiled[-1]


def _operations(function: Function) -> list[Operation]:
    return [op for op in function.graph.operations if op.type != "_Arg"]


class SmallExecutable(Executable):
    """Binds by running the shape rules."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.bound: list[Any] = []

    def bind(self, shapes: Any) -> Binding:
        self.bound.append(shapes)
        known: dict[Any, Any] = dict(zip(self.function.inputs, shapes, strict=True))
        for op in _operations(self.function):
            if op.definition.updates:
                known[op.outputs[0]] = known[op.operands[0]]
                continue
            operands = [x.value.shape if isinstance(x, Literal) else known[x] for x in op.operands]
            assert op.definition.shape is not None
            try:
                values = ConcreteValues([None] * len(operands))
                results = op.definition.shape(operands, op.attrs, values)
            except ValueError as error:
                raise OperationFailed(op, error, tuple(operands)) from error
            assert all(map(is_known, results))
            known.update(zip(op.outputs, results, strict=True))
        return SmallBinding(self.function, shapes)


class SmallBinding(Binding):
    """Runs kernel by kernel."""

    def __init__(self, function: Function, shapes: Any) -> None:
        self.function, self.shapes = function, shapes

    def run(self, inputs: Sequence[Any], states: Sequence[Any]) -> Sequence[Any]:
        assert tuple(np.shape(x) for x in inputs) == self.shapes and not states
        known: dict[Any, Any] = dict(zip(self.function.inputs, inputs, strict=True))
        for op in _operations(self.function):
            values = [x.value if isinstance(x, Literal) else known[x] for x in op.operands]
            with np.errstate(all="ignore"):
                known.update(zip(op.outputs, run_kernel(op, values), strict=True))
        return [known[x] for x in self.function.outputs]


class TestReference(BackendContract):
    """The contract on NumPy."""

    def backend(self) -> Backend:
        return ReferenceBackend()


class TestSmall(BackendContract):
    """The contract on a backend that knows little."""

    def backend(self) -> Backend:
        return SmallBackend()


class TestCpu(BackendContract):
    """The contract on compiled code."""

    def backend(self) -> Backend:
        return CpuBackend()


# -- programs on two backends ----------------------------------------------------------------
@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallBackend]:
    """Sessions run on the small backend where it can."""
    backend = SmallBackend()
    monkeypatch.setattr(session_module, "default_backend", lambda: backend)
    yield backend


@pytest.mark.smoke
def test_a_program_is_cut_where_the_backend_changes(small: SmallBackend) -> None:
    x = tf.placeholder(tf.float32, [None, 2])
    y = tf.exp(x + 1.0) * 2.0
    z = tf.matmul(y, [[1.0], [1.0]])
    value = np.array([[0.0, 1.0]], np.float32)
    with tf.Session() as session:
        got = session.run([z, y], {x: value})
    want = np.exp(value + 1) * 2
    np.testing.assert_allclose(got[0], want.sum(1, keepdims=True), rtol=1e-6)
    np.testing.assert_allclose(got[1], want, rtol=1e-6)
    kinds = [[op.type for op in _operations(e.function)] for e in small.compiled]
    assert kinds == [["AddV2"], ["Mul", "MatMul"]]


def test_a_binding_serves_each_run_of_its_shapes(small: SmallBackend) -> None:
    x = tf.placeholder(tf.float32, [None])
    y = x + 1.0
    with tf.Session() as session:
        for n in (3, 3, 5, 3, 5):
            assert session.run(y, {x: np.zeros(n)}).tolist() == [1.0] * n
    assert small.compiled[0].bound == [((3,),), ((5,),)]


def test_shapes_that_clash_are_the_operations_error(small: SmallBackend) -> None:
    x, y = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    z = tf.add(x, y, name="total")
    with tf.Session() as session:
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"total.*\[2\], \[3\]") as caught:
            session.run(z, {x: [1.0, 2.0], y: [1.0, 2.0, 3.0]})
        assert caught.value.op is z.op
        assert session.run(z, {x: 1.0, y: 2.0}) == 3.0


def test_a_backend_may_refuse_shapes_with_a_plain_error(
    small: SmallBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Any, shapes: Any) -> Binding:
        raise ValueError("these shapes clash")

    monkeypatch.setattr(SmallExecutable, "bind", refuse)
    x = tf.placeholder(tf.float32)
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match="clash"):
        session.run(x + 1.0, {x: 1.0})


def test_variables_live_in_the_session_whoever_computes(small: SmallBackend) -> None:
    v = tf.Variable([1.0, 2.0], use_resource=False)
    step = v.assign_add(v * 2.0)
    with tf.Session() as session:
        session.run(v.initializer)
        for _ in range(3):
            session.run(step)
        assert session.run(v).tolist() == [27.0, 54.0]


def test_networks_train_on_two_backends_alike(
    small: SmallBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def losses() -> list[float]:
        with tf.Graph().as_default(), tf.Session() as session:
            x = tf.placeholder(tf.float32, [None, 3])
            w = tf.Variable(np.full((3, 2), 0.5, np.float32))
            loss = tf.reduce_sum(tf.square(tf.tanh(tf.matmul(x, w)) - 0.1))
            step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
            session.run(tf.global_variables_initializer())
            return [session.run([loss, step], {x: numbers((4, 3))})[0] for _ in range(5)]

    on_small = losses()
    assert small.compiled
    monkeypatch.setattr(session_module, "default_backend", ReferenceBackend)
    np.testing.assert_allclose(on_small, losses(), rtol=1e-5)
    assert on_small[-1] < on_small[0]


def test_random_operations_keep_their_state_between_segments(small: SmallBackend) -> None:
    a, b = tf.random_uniform([2], seed=1), tf.random_uniform([2], seed=2)
    total = (a + 1.0) + (b + 1.0)
    with tf.Session() as session:
        runs = [session.run([total, a, b]) for _ in range(2)]
    for got, first, second in runs:
        np.testing.assert_allclose(got, first + second + 2, rtol=1e-6)
    assert not np.array_equal(runs[0][1], runs[1][1])


def test_a_program_of_nothing_but_results() -> None:
    x = tf.placeholder(tf.float32, [2])
    with tf.Session() as session:
        got = session.run([x, tf.constant([3.0])], {x: [1.0, 2.0]})
    assert [g.tolist() for g in got] == [[1.0, 2.0], [3.0]]


def test_programs_say_whether_one_segment_is_all() -> None:
    x = tf.placeholder(tf.float32, [2])
    y = tf.exp(x + 1.0) + 1.0
    assert Program(lower([x], [y]), ReferenceBackend()).is_single
    assert not Program(lower([x], [y]), SmallBackend()).is_single


def test_an_executable_that_any_shape_fits_is_bound_once() -> None:
    executable = ReferenceBackend().compile(Segment(from_text(CHAIN)))
    assert executable.any_shape and executable.bind(()) is executable.bind(((1,), (2,)))


@given(programs(exact=False))
def test_random_programs_give_the_same_on_both(program: Any) -> None:
    function, inputs, want = program
    lowered = Lowered(function, list(function.inputs), fetch_count=len(function.outputs))
    for backend in (ReferenceBackend(), SmallBackend()):
        got = BoundProgram(Program(lowered, backend), Store()).run(list(inputs))
        for g, w in zip(got, want, strict=True):
            assert np.shape(g) == np.shape(w)
            np.testing.assert_allclose(g, w, rtol=1e-5)


def test_errors_tell_the_operation_and_its_operands() -> None:
    failure = OperationFailed(apply("Neg", 1.0).op, ValueError("why"), ((2, 3),))
    assert str(failure) == "Neg: why" and failure.shapes == ((2, 3),)
