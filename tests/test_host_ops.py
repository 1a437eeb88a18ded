"""Python functions, printing and assertions in a run."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evergraph import tf
from evergraph.ops.text import summary, summary_v2


@pytest.fixture
def session() -> Iterator[Any]:
    """A session on the default graph."""
    with tf.Session() as session:
        yield session


# -- py_func ---------------------------------------------------------------------------------
def test_py_func(session: Any) -> None:
    seen = []

    def function(a: Any, b: Any) -> Any:
        seen.append((type(a), type(b)))
        return a + b, np.int64(len(a))

    x = tf.placeholder(tf.float32)
    total, size = tf.py_func(function, [x, 2.0], [tf.float32, tf.int64])
    assert total.shape.dims is None and size.dtype is tf.int64
    got = session.run([total, size], {x: [1, 2]})
    np.testing.assert_array_equal(got[0], [3, 4])
    assert got[1] == 2 and seen == [(np.ndarray, np.float32)]


def test_the_ops_of_functions_and_prints() -> None:
    assert tf.py_func(len, [[1]], tf.int64).op.type == "PyFunc"
    assert tf.py_func(len, [[1]], tf.int64, stateful=False).op.type == "PyFuncStateless"
    assert tf.print("x").type == "PrintV2"
    assert tf.Assert(True, ["x"]).type == "Assert"


def test_the_time(session: Any) -> None:
    now = tf.timestamp()
    assert now.op.type == "Timestamp"
    before, value, after = time.time(), session.run(now), time.time()
    assert before <= value <= after


def test_py_func_with_one_dtype_gives_one_tensor(session: Any) -> None:
    y = tf.py_func(lambda: b"text", [], tf.string)
    assert session.run(y) == b"text"
    assert isinstance(tf.py_func(lambda: None, [], []), (tf.Operation, list))


def test_py_func_runs_each_time_it_is_needed(session: Any) -> None:
    calls: list[int] = []

    def count() -> Any:
        calls.append(1)
        return np.int64(len(calls))

    y = tf.py_func(count, [], tf.int64)
    assert [session.run(y + 0) for _ in range(3)] == [1, 2, 3]
    session.run(tf.constant(1))
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (lambda: 1.0, tf.float32),
        (lambda: (1, 2), tf.int64),
        (lambda: None, tf.int64),
    ],
)
def test_py_func_refuses_other_results(session: Any, function: Any, kind: Any) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="pyfunc"):
        session.run(tf.py_func(function, [], kind))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ValueError("v"), tf.errors.InvalidArgumentError),
        (TypeError("t"), tf.errors.InvalidArgumentError),
        (StopIteration("s"), tf.errors.OutOfRangeError),
        (NotImplementedError("n"), tf.errors.UnimplementedError),
        (KeyError("k"), tf.errors.UnknownError),
    ],
)
def test_errors_in_py_func(session: Any, error: Exception, kind: Any) -> None:
    def fail() -> Any:
        raise error

    with pytest.raises(kind):
        session.run(tf.py_func(fail, [], tf.float32))


def test_py_func_needs_a_function() -> None:
    with pytest.raises(ValueError, match="callable"):
        tf.py_func(3, [], tf.float32)  # type: ignore[arg-type]


# -- printing --------------------------------------------------------------------------------
def test_print_writes_to_the_standard_error(session: Any, capsys: Any) -> None:
    x = tf.constant(np.arange(6, dtype=np.float32).reshape(2, 3))
    y = tf.Print(x, [x, "word", tf.shape(x)], message="here ", summarize=4)
    np.testing.assert_array_equal(session.run(y), session.run(x))
    assert capsys.readouterr().err == "here [[0 1 2][3...]...][word][2 3]\n"
    assert session.run(tf.gradients(y * 2, x))[0].tolist() == [[2, 2, 2], [2, 2, 2]]


def test_print_some_times(session: Any, capsys: Any) -> None:
    y = tf.Print(tf.constant(1), ["x"], first_n=2)
    for _ in range(4):
        session.run(y)
    assert capsys.readouterr().err == "[x]\n" * 2


def test_tf_print(session: Any, capsys: Any) -> None:
    import sys

    x = tf.constant([[1.5, 2.0], [3.0, 4.0]])
    session.run(tf.print("x:", x, {"k": [x[0, 0], 3]}, (), output_stream=sys.stdout))
    assert capsys.readouterr().out == "x: [[1.5 2]\n [3 4]] {'k': [1.5, 3]} ()\n"
    session.run(tf.print(tf.constant("text"), end="!"))
    assert capsys.readouterr().err == "text!"
    session.run(tf.print("a", 1, sep=","))
    assert capsys.readouterr().err == "a,1\n"


def test_tf_print_to_files_and_logs(session: Any, tmp_path: Path, caplog: Any) -> None:
    path = tmp_path / "out.txt"
    line = tf.print("n", tf.constant(3), output_stream=f"file://{path}")
    session.run(line)
    session.run(line)
    assert path.read_text() == "n 3\n" * 2
    with caplog.at_level(logging.INFO, "tensorflow"):
        session.run(tf.print("logged", output_stream=logging.WARNING))
    assert "logged" in caplog.text
    with pytest.raises(ValueError, match="output stream"):
        tf.print("x", output_stream="nowhere")
    with pytest.raises(ValueError, match="keyword"):
        tf.print("x", color="red")


def test_summaries() -> None:
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 3
    assert summary(x, 3) == "[[0 0.333333343 0.666666687...]]..."
    assert summary(np.array(b"a\n", object), 3) == "a\\n"
    assert summary(np.array([True, False]), 3) == "1 0"
    assert summary(np.zeros((0,)), 3) == ""
    assert summary_v2(np.arange(10), 2) == "[0 1 ... 8 9]"
    assert summary_v2(np.array([b'"'], object), 2) == '["\\""]'
    block = summary_v2(x, 1)
    first = "[[[0 ... 1]\n  ...\n  [2.66666675 ... 3.66666675]]\n\n"
    assert block == first + " [[4 ... 5]\n  ...\n  [6.66666651 ... 7.66666651]]]"


# -- assertions ------------------------------------------------------------------------------
def test_assert(session: Any) -> None:
    x = tf.placeholder(tf.float32, [None])
    with tf.control_dependencies([tf.Assert(tf.reduce_all(x > 0), ["x is", x], summarize=2)]):
        y = tf.identity(x)
    np.testing.assert_array_equal(session.run(y, {x: [1, 2]}), [1, 2])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[x is\] \[-1 2\.\.\.\]"):
        session.run(y, {x: [-1, 2, 3]})


CHECKS = [
    ("assert_equal", ([1.0, 2.0],), [1, 2], [1, 3]),
    ("assert_none_equal", ([1.0, 2.0],), [2, 1], [1, 3]),
    ("assert_less", ([1.0, 2.0],), [0, 1], [0, 2]),
    ("assert_less_equal", ([1.0, 2.0],), [1, 2], [0, 3]),
    ("assert_greater", ([1.0, 2.0],), [2, 3], [2, 2]),
    ("assert_greater_equal", ([1.0, 2.0],), [1, 2], [1, 1]),
    ("assert_near", ([1.0, 2.0],), [1 + 1e-7, 2], [1.1, 2]),
    ("assert_negative", (), [-1, -2], [0, -1]),
    ("assert_positive", (), [1, 2], [0, 1]),
    ("assert_non_negative", (), [0, 1], [-1, 1]),
    ("assert_non_positive", (), [0, -1], [1, -1]),
]


@pytest.mark.parametrize(("name", "other", "good", "bad"), CHECKS, ids=[c[0] for c in CHECKS])
def test_checks(session: Any, name: str, other: Any, good: Any, bad: Any) -> None:
    x = tf.placeholder(tf.float32, [2])
    check = getattr(tf, name)(x, *other, message="my words")
    session.run(check, {x: good})
    with pytest.raises(tf.errors.InvalidArgumentError, match="my words"):
        session.run(check, {x: bad})


def test_checks_of_constants() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.assert_equal(tf.constant([1, 2]), tf.constant([1, 3]))
    x = tf.constant(1)
    assert tf.assert_equal(x, x).type == "NoOp"


def test_ranks(session: Any) -> None:
    x = tf.zeros([2, 3])
    tf.assert_rank(x, 2)
    tf.assert_rank_at_least(x, 1)
    tf.assert_rank_in(x, [2, 3])
    for check, wanted in ((tf.assert_rank, 1), (tf.assert_rank_at_least, 3)):
        with pytest.raises(ValueError, match="rank"):
            check(x, wanted)
    with pytest.raises(ValueError, match="rank"):
        tf.assert_rank_in(x, [1, 3])
    fed = tf.placeholder(tf.float32)
    check = tf.assert_rank(fed, 1)
    session.run(check, {fed: [1.0]})
    with pytest.raises(tf.errors.InvalidArgumentError, match="must have rank"):
        session.run(check, {fed: 1.0})


def test_dtypes_and_kinds() -> None:
    tf.assert_integer(tf.constant(1))
    tf.assert_type(tf.constant(1), tf.int32)
    with pytest.raises(TypeError, match="integer"):
        tf.assert_integer(tf.constant(1.0))
    with pytest.raises(TypeError, match="float32"):
        tf.assert_type(tf.constant(1), tf.float32)
    with pytest.raises(ValueError, match="scalar"):
        tf.assert_scalar(tf.constant([1]))
    assert tf.assert_same_float_dtype([tf.constant(1.0)], tf.float32) is tf.float32
    with pytest.raises(ValueError, match="same type"):
        tf.assert_same_float_dtype([tf.constant(1.0), tf.constant(1.0, tf.float64)])
    with pytest.raises(TypeError):
        tf.assert_proper_iterable(tf.constant([1]))
    assert tf.is_numeric_tensor(tf.constant(1)) and not tf.is_numeric_tensor(3)


@pytest.mark.parametrize(
    ("values", "rising", "strict"),
    [([1, 2, 3], True, True), ([1, 1, 2], True, False), ([2, 1], False, False), ([], True, True)],
)
def test_order(session: Any, values: Any, rising: bool, strict: bool) -> None:
    x = tf.constant(values, tf.int32)
    assert session.run(tf.is_non_decreasing(x)) == rising
    assert session.run(tf.is_strictly_increasing(x)) == strict


def test_check_numerics(session: Any) -> None:
    x = tf.placeholder(tf.float32)
    y = tf.check_numerics(x, "bad x")
    assert session.run(y, {x: 1.0}) == 1
    for value, words in ((np.nan, "NaN"), (np.inf, "Inf"), ([np.inf, np.nan], "Inf and NaN")):
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"bad x : Tensor had {words} v"):
            session.run(y, {x: value})
    z = tf.verify_tensor_all_finite(x, "finite")
    with pytest.raises(tf.errors.InvalidArgumentError, match="finite"):
        session.run(z, {x: np.nan})


def test_all_numerics_are_checked(session: Any) -> None:
    x = tf.placeholder(tf.float32)
    tf.log(x, name="logarithm")
    check = tf.add_check_numerics_ops()
    session.run(check, {x: 1.0})
    with pytest.raises(tf.errors.InvalidArgumentError, match="logarithm:0"):
        session.run(check, {x: -1.0})


def test_ensure_shape(session: Any) -> None:
    x = tf.placeholder(tf.float32)
    y = tf.ensure_shape(x, [None, 2])
    assert y.shape.as_list() == [None, 2]
    assert session.run(y, {x: [[1, 2]]}).shape == (1, 2)
    with pytest.raises(tf.errors.InvalidArgumentError, match="not compatible"):
        session.run(y, {x: [1, 2]})


# -- py_function -----------------------------------------------------------------------------
def _log_huber(x: Any, m: Any) -> Any:
    if tf.abs(x) <= m:
        return x**2
    return m**2 * (1 - 2 * tf.log(m) + tf.log(x**2))


def test_a_function_of_tensors_with_values(session: Any) -> None:
    x, m = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    y = tf.py_function(_log_huber, [x, m], tf.float32)
    assert y.op.type == "EagerPyFunc" and y.shape.dims is None
    slopes = tf.gradients(y, [x, m])
    got = session.run([y, *slopes], {x: 1.0, m: 2.0})
    np.testing.assert_allclose(got, [1.0, 2.0, 0.0])
    got = session.run([y, *slopes], {x: 3.0, m: 2.0})
    wanted = 4.0 * (1.0 - 2.0 * np.log(2.0) + np.log(9.0))
    np.testing.assert_allclose(got, [wanted, 8.0 / 3.0, 4.0 * (np.log(9.0) - np.log(4.0))], 1e-6)


def test_what_tensors_with_values_are_asked_for(session: Any, capsys: Any) -> None:
    def function(x: Any) -> Any:
        count = 0
        while x[count] < 3.0:
            count += 1
        assert len(x) == 3 and [float(v) for v in x] == [1.0, 2.0, 3.0]
        assert int(x[1]) == 2 and "xyz"[tf.constant(1)] == "y" and complex(x[0]) == 1
        assert isinstance(x.numpy(), np.ndarray) and np.asarray(x).shape == (3,)
        print(f"{x[2]:.1f} {x}")
        return x * count, tf.while_loop(lambda i: i < 5, lambda i: i + 1, [0])

    got = session.run(tf.py_function(function, [[1.0, 2.0, 3.0]], [tf.float32, tf.int32]))
    np.testing.assert_array_equal(got[0], [2.0, 4.0, 6.0])
    assert got[1] == 5
    assert capsys.readouterr().out == "3.0 [1. 2. 3.]\n"


def test_a_function_of_tensors_acts_in_order(session: Any, capfd: Any) -> None:
    def function(x: Any) -> Any:
        v = tf.Variable(2.0, use_resource=True)
        tf.print("first")
        before = v.read_value()
        v.assign_add(x)
        tf.print("second")
        u = tf.random_uniform([])
        return before, v.read_value(), u - u.numpy()

    got = session.run(tf.py_function(function, [1.0], [tf.float32] * 3))
    assert got == [2.0, 3.0, 0.0]
    assert capfd.readouterr().err == "first\nsecond\n"


def test_gradients_of_functions_of_tensors(session: Any) -> None:
    x = tf.placeholder_with_default([1.0, 2.0], [2])
    k = tf.constant([3])
    y, z = tf.py_function(lambda x, k: (x * x, k + 1), [x, k], [tf.float32, tf.int32])
    (g,) = tf.gradients(y * 2.0, x)
    np.testing.assert_array_equal(session.run(g), [4.0, 8.0])
    assert session.run(z) == [4]
    with pytest.raises(tf.errors.UnimplementedError, match="first derivatives only"):
        tf.gradients(g, x)
    (alone,) = tf.gradients(tf.py_function(lambda x: x * x * x, [x], tf.float32), x)
    np.testing.assert_array_equal(session.run(alone), [3.0, 12.0])
    with pytest.raises(tf.errors.UnimplementedError, match="first derivatives only"):
        tf.gradients(alone, x)


def test_what_a_function_of_tensors_may_not_return(session: Any) -> None:
    assert session.run(tf.py_function(lambda: None, [], [])) in ([], None)
    cases: list[tuple[Any, Any, str]] = [
        (lambda: tf.Variable(1.0), tf.errors.UnknownError, "return a variable"),
        (lambda: (1.0, 2.0), tf.errors.InvalidArgumentError, "returns 2 values"),
        (lambda: tf.constant([1]), tf.errors.InvalidArgumentError, "float32"),
    ]
    for function, kind, text in cases:
        with pytest.raises(kind, match=text):
            session.run(tf.py_function(function, [], tf.float32))
    with pytest.raises(ValueError, match="callable"):
        tf.py_function(1, [], tf.float32)


@pytest.mark.parametrize("make", [tf.py_func, tf.py_function])
def test_errors_tell_the_functions_own_lines(session: Any, make: Any) -> None:
    def inner() -> None:
        raise KeyError("blah")  # here

    def outer() -> None:
        inner()

    with pytest.raises(tf.errors.UnknownError) as caught:
        session.run(make(outer, [], []))
    text = str(caught.value)
    assert text.startswith("KeyError: 'blah'") and "in outer" in text and "# here" in text
    assert "host.py" not in text and "py_functions.py" not in text


@pytest.mark.parametrize(
    ("value", "text"), [(object(), "object type"), (np.array([object()]), "numpy type")]
)
def test_what_is_no_number(session: Any, value: Any, text: str) -> None:
    with pytest.raises(tf.errors.InternalError, match=f"Unsupported {text}"):
        session.run(tf.py_func(lambda: value, [], tf.float32))


# -- contrib's py_func -----------------------------------------------------------------------
def test_keywords_and_nests(session: Any) -> None:
    def function(a: Any, b: Any = None) -> Any:
        return {"sum": a[0] + b, "pair": (a[1], b)}

    py_func = tf.contrib.framework.py_func
    got = py_func(
        function,
        args=[[tf.constant(1.0), tf.constant(2.0)]],
        kwargs={"b": tf.constant(3.0)},
        output_types={"sum": tf.float32, "pair": (tf.float32, tf.float32)},
        output_shapes={"sum": [], "pair": ([], [])},
    )
    assert got["sum"].shape == () and got["pair"][0].shape == ()
    assert session.run(got) == {"sum": 4.0, "pair": (2.0, 3.0)}
    same = py_func(lambda x: x, [tf.constant(1)], None, lambda x: x.dtype, lambda x: x.shape)
    assert session.run(same) == 1 and same.shape == ()
    with pytest.raises(TypeError, match="args must be list"):
        py_func(function, 1)


# -- numbers that are none -------------------------------------------------------------------
def test_what_check_numerics_says(session: Any) -> None:
    x = tf.placeholder(tf.float32, [None])
    y = tf.check_numerics(x, "here")
    np.testing.assert_array_equal(session.run(y, {x: [1.0]}), [1.0])
    for values, text in (
        ([np.nan], "here : Tensor had NaN values"),
        ([np.inf], "here : Tensor had Inf values"),
        ([np.nan, -np.inf], "here : Tensor had Inf and NaN values"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=text):
            session.run(y, {x: values})
    (g,) = tf.gradients(tf.sqrt(y), x)
    np.testing.assert_array_equal(session.run(g, {x: [4.0]}), [0.25])
    with pytest.raises(tf.errors.InvalidArgumentError, match="gradient of CheckNumerics"):
        session.run(g, {x: [0.0]})


def test_verify_tensor_all_finite(session: Any) -> None:
    x = tf.placeholder(tf.float32, [])
    for check in (
        tf.verify_tensor_all_finite(x, "bad x"),
        tf.debugging.assert_all_finite(x=x, message="bad x"),
    ):
        assert session.run(check, {x: 2.0}) == 2.0
        with pytest.raises(tf.errors.InvalidArgumentError, match="bad x : Tensor had NaN"):
            session.run(check, {x: np.nan})


def test_add_check_numerics_ops(session: Any) -> None:
    x = tf.placeholder(tf.float64, [], name="x")
    tf.log(x, name="log_x")
    tf.cast(x, tf.int32)
    check = tf.add_check_numerics_ops()
    checks = [op for op in tf.get_default_graph().get_operations() if op.type == "CheckNumerics"]
    assert len(checks) == 2 and checks[0] in checks[1].control_inputs
    session.run(check, {x: 1.0})
    with pytest.raises(tf.errors.InvalidArgumentError, match="log_x:0 : Tensor had Inf"):
        session.run(check, {x: 0.0})


def test_checks_of_all_numbers_do_not_go_with_branches() -> None:
    x = tf.placeholder(tf.float32, [])
    tf.cond(x > 0.0, lambda: x, lambda: -x)
    with pytest.raises(ValueError, match=r"tf.cond\(\)` or `tf.while_loop\(\)"):
        tf.add_check_numerics_ops()


def test_shapes_that_are_ensured(session: Any) -> None:
    x = tf.placeholder(tf.float32, name="data")
    y = tf.ensure_shape(x, [None, 3])
    assert y.shape.as_list() == [None, 3]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"data \[2,1\] is not.*\[\?,3\]"):
        session.run(y, {x: [[1.0], [2.0]]})


def test_order_of_elements(session: Any) -> None:
    x = tf.placeholder(tf.float32, [None])
    both = [tf.debugging.is_non_decreasing(x), tf.debugging.is_strictly_increasing(x)]
    for values, wanted in (
        ([], [True, True]),
        ([1], [True, True]),
        ([1, 2], [True, True]),
        ([1, 1], [True, False]),
        ([2, 1], [False, False]),
    ):
        assert session.run(both, {x: values}) == wanted


def test_the_log_of_devices(capfd: Any) -> None:
    assert not tf.debugging.get_log_device_placement()
    tf.debugging.set_log_device_placement(True)
    try:
        with tf.Session() as session:
            session.run(tf.constant(1.0, name="one"))
    finally:
        tf.debugging.set_log_device_placement(False)
    assert "one: (Const): /job:localhost" in capfd.readouterr().err
