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
