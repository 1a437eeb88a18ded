"""`tf.test`: what passes and what fails in its assertions, sessions of test cases, Jacobians."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import namedtuple

import ml_dtypes
import numpy as np
import pytest

from evergraph import tf
from evergraph.formats import messages

Pair = namedtuple("Pair", "x y")


class _Case(tf.test.TestCase):
    __test__ = False  # not one of this file's own

    def runTest(self):
        raise NotImplementedError


@pytest.fixture
def case():
    one = _Case()
    one.setUp()
    yield one
    one.tearDown()


def _run(cls):
    """Runs a test class's methods; the result."""
    import unittest

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(cls).run(result)
    return result


# -- assertions --------------------------------------------------------------------------------
NAN = float("nan")
PASS = {
    "assertAllEqual": [
        ([1, 2], np.array([1, 2])),
        ([NAN, 1.0], [NAN, 1.0]),
        ([b"a"], [b"a"]),
        (3, 3),
        (np.zeros((0, 2)), np.zeros((0, 2))),
    ],
    "assertNotAllEqual": [([1, 2], [1, 3]), ([1, 2], [1, 2, 3])],
    "assertAllClose": [
        ([1.0, NAN], [1.0 + 1e-7, NAN]),
        ({"a": [1.0], "b": (2.0, [3.0, 4.0])}, {"a": [1.0], "b": (2.0, [3.0, 4.0])}),
        (Pair(1.0, [2.0]), {"x": 1.0, "y": [2.0]}),
        ([[1.0], [2.0, 3.0]], [[1.0], [2.0, 3.0]]),
        (1j, 1j + 1e-8),
    ],
    "assertNotAllClose": [([1.0], [1.1])],
    "assertAllCloseAccordingToType": [
        (np.float16([1.0]), np.float16([1.0009])),
        (np.array([1.0], ml_dtypes.bfloat16), np.array([1.008], ml_dtypes.bfloat16)),
    ],
    "assertNear": [(1.0, 1.05, 0.1), (float("inf"), float("inf"), 0.0)],
    "assertArrayNear": [([1.0, 2.0], [1.05, 2.0], 0.1)],
    "assertNDArrayNear": [(np.ones(3), np.ones(3) + 0.01, 0.1)],
    "assertAllGreater": [([2, 3], 1)],
    "assertAllGreaterEqual": [([1, 3], 1)],
    "assertAllLess": [([2, 3], 4)],
    "assertAllLessEqual": [([2, 3], 3)],
    "assertAllInRange": [([1, 2, 3], 1, 3)],
    "assertAllInSet": [([1, 2, 1], {1, 2})],
    "assertDTypeEqual": [(np.float32(1), np.float32), (np.int64(1), tf.int64)],
    "assertDeviceEqual": [("/cpu:0", "/device:CPU:0")],
    "assertStartsWith": [("graph", "gr")],
    "assertItemsEqual": [([1, 2], [2, 1])],
    "assertEquals": [(1, 1)],
}
FAIL = {
    "assertAllEqual": [([1, 2], [1, 3]), ([1], [[1]]), (1.0, NAN), ([1], ["a"])],
    "assertNotAllEqual": [([1, 2], [1, 2])],
    "assertAllClose": [
        ([1.0], [1.1]),
        ([1.0, NAN], [1.0, 1.0]),
        ({"a": 1.0}, {"b": 1.0}),
        ([[1.0], [2.0, 3.0]], [[1.0], [2.0, 3.5]]),
    ],
    "assertNotAllClose": [([1.0], [1.0])],
    "assertAllCloseAccordingToType": [(np.float32([1.0]), np.float32([1.0009]))],
    "assertNear": [(1.0, 1.2, 0.1)],
    "assertArrayNear": [([1.0], [1.0, 1.0], 0.1), ([1.0], [1.2], 0.1)],
    "assertNDArrayNear": [(np.ones(3), np.zeros(3), 0.1)],
    "assertAllGreater": [([2, 3], 2)],
    "assertAllGreaterEqual": [([0, 3], 1)],
    "assertAllLess": [([2, 3], 3)],
    "assertAllLessEqual": [([2, 4], 3)],
    "assertAllInRange": [([1, 2], 1, 2, True), ([1, 2], 1, 2, False, True), ([NAN], 0, 1)],
    "assertAllInSet": [([1, 4], {1, 2})],
    "assertDTypeEqual": [(np.float32(1), np.float64)],
    "assertDeviceEqual": [("/cpu:0", "/gpu:0")],
    "assertStartsWith": [("graph", "ar")],
}


def _rows(table):
    return [(name, args) for name, rows in table.items() for args in rows]


@pytest.mark.parametrize(("name", "args"), _rows(PASS))
def test_passes(case, name, args):
    getattr(case, name)(*args)


@pytest.mark.parametrize(("name", "args"), _rows(FAIL))
def test_fails(case, name, args):
    with pytest.raises(AssertionError):
        getattr(case, name)(*args)


def test_structures_that_cannot_be_compared(case):
    with pytest.raises(ValueError, match="non-dict"):
        case.assertAllClose({"a": 1}, 1)
    with pytest.raises(ValueError, match="Mismatched length"):
        case.assertAllClose([[1.0], [2.0, 3.0]], [[1.0], [2.0, 3.0], [1.0]])
    with pytest.raises(AssertionError, match="ordered numeric"):
        case.assertAllInRange(["a"], 0, 1)


def test_messages_name_the_place(case):
    with pytest.raises(AssertionError, match=r"not equal where = \(array\(\[1\]\),\)"):
        case.assertAllEqual([1, 2], [1, 3])
    with pytest.raises(AssertionError, match=r"a\[w\]\[1\]"):
        case.assertAllClose({"w": [[1.0], [2.0, 3.0]]}, {"w": [[1.0], [2.0, 4.0]]})
    with pytest.raises(AssertionError, match=r"\[1\] : 5"):
        case.assertAllInRange([1, 5], 0, 2)


def test_tensors_and_variables_are_evaluated(case):
    x = tf.constant([1.0, 2.0])
    case.assertAllEqual(x, [1, 2])
    case.assertAllClose([x, x * 2], [[1, 2], [2, 4]])
    case.assertAllClose({"a": (x,)}, {"a": ([1, 2],)})
    v = tf.Variable([3.0])
    case.evaluate(tf.global_variables_initializer())
    case.assertAllEqual(v, [3])
    case.assertShapeEqual(np.zeros(2), x)
    with pytest.raises(AssertionError):
        case.assertShapeEqual(np.zeros(3), x)
    with pytest.raises(TypeError):
        case.assertShapeEqual([1, 2], x)


def test_messages_of_protobuf(case):
    config = messages.ConfigProto(allow_soft_placement=True)
    case.assertProtoEquals("allow_soft_placement: true", config)
    case.assertProtoEquals(messages.ConfigProto(allow_soft_placement=True), config)
    with pytest.raises(AssertionError, match="log_device"):
        case.assertProtoEquals("log_device_placement: true", config)
    with pytest.raises(AssertionError, match="compare"):
        case.assertProtoEquals(messages.RunOptions(), config)


def test_errors_of_operations(case):
    x = tf.placeholder(tf.float32, name="image")
    with case.cached_session():
        with case.assertRaisesOpError("image"):
            x.eval()
        with case.assertRaisesOpError(lambda e: e.op.name == "image"):
            x.eval()
        with pytest.raises(AssertionError), case.assertRaisesOpError("another text"):
            x.eval()
    with pytest.raises(AssertionError, match="not raised"), case.assertRaisesOpError("x"):
        pass
    with case.assertRaisesWithPredicateMatch(ValueError, "ab+"):
        raise ValueError("abb")


# -- test cases --------------------------------------------------------------------------------
def test_each_test_starts_afresh():
    drawn = []

    class Two(tf.test.TestCase):
        def _draw(self):
            self.assertEqual(tf.get_default_graph().get_operations(), [])
            with self.session():
                return drawn.append((np.random.rand(), float(tf.random_uniform([]).eval())))

        test_one = test_two = _draw

    assert _run(Two).wasSuccessful()
    assert len(drawn) == 2 and drawn[0] == drawn[1]


def test_cached_session_is_one_session(case):
    with case.cached_session() as first:
        pass
    with case.cached_session() as second, case.test_session() as third:
        assert first is second is third
        assert tf.get_default_session() is first
    with case.session() as other:
        assert other is not first
    with pytest.raises(RuntimeError, match="closed"):
        other.run([])
    with pytest.raises(ValueError, match="graph used"), case.cached_session(graph=tf.Graph()):
        pass


def test_devices_of_sessions(case):
    with case.session():
        assert tf.constant(1).device == "/device:CPU:0"
    with case.session(use_gpu=True):
        assert tf.constant(1).device == ""
    with case.session(force_gpu=True), case.assertRaisesOpError("GPU"):
        tf.constant(1.0).eval()


def test_session_on_a_graph(case):
    graph = tf.Graph()
    with case.session(graph=graph):
        assert tf.get_default_graph() is graph
        assert tf.constant(2).eval() == 2
    with case.test_session(graph=graph) as session:
        assert session.graph is graph


def test_threads_are_checked():
    class Threads(tf.test.TestCase):
        def test_error(self):
            thread = self.checkedThread(lambda: 1 / 0)
            thread.start()
            with self.assertRaisesRegex(AssertionError, "division"):
                thread.join()
            self.assertFalse(thread.is_alive())

        def test_not_joined(self):
            event = threading.Event()
            self.checkedThread(event.set).start()

    result = _run(Threads)
    assert not result.errors
    assert [test.id().rpartition(".")[2] for test, _ in result.failures] == ["test_not_joined"]


def test_temporary_folders(case):
    folder = case.get_temp_dir()
    assert folder == case.get_temp_dir() and os.path.isdir(folder)
    assert os.path.dirname(folder) == tf.test.get_temp_dir()


def test_writes_are_captured(capfd):
    class Writes(tf.test.TestCase):
        def test_it(self):
            with self.captureWritesToStream(sys.__stderr__) as captured:
                os.write(2, b"to stderr")
            self.assertStartsWith(captured.contents(), "to")

    result = _run(Writes)
    assert result.wasSuccessful(), result.errors
    assert "to stderr" not in capfd.readouterr().err


def test_main_runs_the_tests_of_a_file(tmp_path):
    path = tmp_path / "some_test.py"
    path.write_text(
        "from evergraph import tf\n"
        "class A(tf.test.TestCase):\n"
        "  def testOne(self):\n"
        "    with self.test_session():\n"
        "      self.assertEquals(3, (tf.constant(1) + 2).eval())\n"
        "  def testTwo(self):\n"
        "    self.assertAllEqual([1], [2])\n"
        "if __name__ == '__main__':\n"
        "  tf.test.main()\n"
    )
    done = subprocess.run([sys.executable, path], capture_output=True, text=True)
    assert done.returncode == 1
    assert "Ran 3 tests" in done.stderr and "failures=1" in done.stderr, done.stderr
    one = subprocess.run([sys.executable, path, "A.testOne"], capture_output=True, text=True)
    assert one.returncode == 0, one.stderr


# -- the machine, stubs, benchmarks ------------------------------------------------------------
def test_what_the_machine_has():
    assert tf.test.gpu_device_name() == "" and not tf.test.is_gpu_available(cuda_only=True)
    assert not tf.test.is_built_with_cuda()
    assert tf.test.mock.Mock


def test_stubs():
    class Thing:
        size = 1

        @staticmethod
        def f():
            return 1

    thing = Thing()
    with tf.test.StubOutForTesting() as stubs:
        stubs.Set(Thing, "f", lambda: 2)
        stubs.SmartSet(thing, "size", 3)
        assert Thing.f() == 2 and Thing().size == 3
        stubs.Set(os.path, "exists", lambda path: "yes")
        assert os.path.exists("/nowhere") == "yes"
        with pytest.raises(AttributeError):
            stubs.Set(thing, "colour", 1)
    assert Thing().f() == 1 and thing.size == 1 and not os.path.exists("/nowhere")


def test_benchmarks(capsys):
    class Add(tf.test.Benchmark):
        def benchmarkAdd(self):
            x = tf.constant(1.0) + 2.0
            with tf.Session() as session:
                assert self.evaluate(x) == 3
                return self.run_op_benchmark(session, x, min_iters=3, mbs=6, extras={"n": 1})

    result = Add().benchmarkAdd()
    assert result["iters"] == 3 and 0 < result["wall_time"] < 1 and result["extras"]["n"] == 1
    assert result["throughput"] == pytest.approx(6 / result["wall_time"])
    assert "wall_time" in capsys.readouterr().out
    assert tf.test.Benchmark.is_abstract() and not Add.is_abstract()


# -- Jacobians ---------------------------------------------------------------------------------
def test_jacobian_of_a_product():
    x = tf.placeholder(tf.float64, [2, 3])
    w = np.arange(12.0).reshape(3, 4)
    y = tf.matmul(x, tf.constant(w))
    with tf.Session():
        theory, numeric = tf.test.compute_gradient(x, [2, 3], y, [2, 4])
    np.testing.assert_allclose(theory, np.kron(np.eye(2), w))
    np.testing.assert_allclose(numeric, theory, atol=1e-9)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128"])
def test_error_of_a_right_gradient(dtype):
    x = tf.constant(np.array([[0.5, 1.5]], dtype))
    y = x * x * 2
    with tf.Session():
        delta = 0.0625 if dtype == "float16" else 1e-3
        error = tf.test.compute_gradient_error(x, [1, 2], y, [1, 2], delta=delta)
    assert error < {"float16": 0.3, "float32": 5e-3, "complex64": 5e-3}.get(dtype, 1e-9)


def test_error_of_a_wrong_gradient():
    @tf.custom_gradient
    def f(x):
        return x * x, lambda dy: 3 * dy

    x = tf.constant([2.0])
    with tf.Session():
        assert tf.test.compute_gradient_error(x, [1], f(x), [1], np.array([2.0])) > 0.9


def test_jacobians_of_several_inputs():
    a, b = tf.constant([1.0, 2.0]), tf.constant(3.0)
    scale = tf.placeholder(tf.float32, [])
    y = a * b * scale
    with tf.Session():
        pairs = tf.test.compute_gradient(
            [a, b], [[2], []], y, [2], [np.ones(2), np.float32(4)], extra_feed_dict={scale: 2.0}
        )
    np.testing.assert_allclose(pairs[0][0], np.eye(2) * 6)
    np.testing.assert_allclose(pairs[1][0], [[2, 4]])


def test_jacobian_of_gathered_rows():
    x = tf.Variable(np.ones((3, 2)))
    y = tf.gather(x, [0, 2, 0])
    with tf.Session():
        initialise = tf.global_variables_initializer()
        args = (x, [3, 2], y, [3, 2])
        theory, numeric = tf.test.compute_gradient(*args, init_targets=[initialise])
    np.testing.assert_allclose(theory, numeric, atol=1e-9)
    assert theory.sum() == 6


def test_jacobian_without_session_or_path():
    x = tf.constant(1.0)
    with pytest.raises(ValueError, match="default session"):
        tf.test.compute_gradient(x, [], x * 2, [])
    with tf.Session(), pytest.raises(ValueError, match="depend"):
        tf.test.compute_gradient(x, [], tf.constant(2.0), [])
