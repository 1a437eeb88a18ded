"""Sessions: fetches, feeds, aliasing, callables, threads, several sessions, errors."""

from __future__ import annotations

import collections
import gc
import re
import threading
import weakref
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evergraph
from evergraph import tf
from evergraph.cli import tracebacks
from evergraph.core import opdef
from evergraph.core.emit import apply
from evergraph.core.graph import Graph, get_default_graph
from evergraph.runtime import session as session_module


class Pair(NamedTuple):
    """A named tuple to fetch."""

    first: Any
    second: Any


class Ordered(collections.OrderedDict):  # type: ignore[type-arg]
    """A kind of dictionary of the program's own."""


@pytest.fixture
def session() -> Any:
    """A session of the default graph."""
    with tf.Session() as s:
        yield s


def placeholder(shape: Any = None, dtype: Any = tf.float32, name: str = "x") -> Any:
    return tf.placeholder(dtype, shape, name)


# -- fetches ---------------------------------------------------------------------------------
@pytest.mark.smoke
def test_structures_of_fetches(session: Any) -> None:
    a, b = tf.constant(1.0, name="a"), tf.constant(2.0, name="b")
    op = tf.no_op()
    assert session.run(a) == 1.0
    assert session.run([a, b]) == [1.0, 2.0] and session.run((a, b)) == (1.0, 2.0)
    assert session.run({"x": a, "y": [b, (a,)]}) == {"x": 1.0, "y": [2.0, (1.0,)]}
    assert session.run([a, a, [a]]) == [1.0, 1.0, [1.0]]
    assert session.run(op) is None and session.run([a, op]) == [1.0, None]
    assert session.run([]) == [] and session.run({}) == {} and session.run([[], ()]) == [[], ()]
    assert session.run("a:0") == 1.0 and session.run(["b:0", "a"]) == [2.0, None]
    assert session.run(b"a:0") == 1.0


def test_kinds_of_structures_are_kept(session: Any) -> None:
    a, b = tf.constant(1.0), tf.constant(2.0)
    got = session.run(Pair(a, [b]))
    assert type(got) is Pair and got == (1.0, [2.0])
    fetches: Any
    for fetches in (
        collections.OrderedDict([("z", a), ("a", b)]),
        Ordered([("z", a), ("a", b)]),
        collections.defaultdict(list, {"z": a, "a": b}),
    ):
        got = session.run(fetches)
        assert type(got) is type(fetches)
        assert list(got.items()) == [("z", 1.0), ("a", 2.0)]
    assert session.run(collections.defaultdict(int, k=a))["nothing"] == 0


def test_objects_of_attrs(session: Any) -> None:
    class Both:  # as the library `attrs` makes them
        __attrs_attrs__ = (SimpleNamespace(name="x"), SimpleNamespace(name="y"))

        def __init__(self, x: Any, y: Any) -> None:
            self.x, self.y = x, y

    got = session.run(Both(tf.constant(1.0), [tf.constant(2.0)]))
    assert type(got) is Both and (got.x, got.y) == (1.0, [2.0])


def test_variables_slices_and_sparse_tensors(session: Any) -> None:
    v = tf.Variable([1.0, 2.0])
    slices = tf.IndexedSlices(tf.constant([[1.0]]), tf.constant([0]), tf.constant([3, 1]))
    session.run(v.initializer)
    assert session.run(v).tolist() == [1.0, 2.0]
    got = session.run(slices)
    assert (got.values.tolist(), got.indices.tolist()) == ([[1.0]], [0])
    assert got.dense_shape.tolist() == [3, 1]


def test_types_of_what_comes_out(session: Any) -> None:
    for value, kind in (
        (tf.constant(1.0), np.float32),
        (tf.constant(1), np.int32),
        (tf.constant(True), np.bool_),
        (tf.constant("a"), bytes),
        (tf.constant([1.0]), np.ndarray),
        (tf.constant(["a", "b"]), np.ndarray),
        (tf.constant(1.0) * 2, np.float32),
        (tf.constant([1.0])[0], np.float32),
    ):
        assert type(session.run(value)) is kind
    assert session.run(tf.constant(["a", "ö"])).tolist() == [b"a", "ö".encode()]


@pytest.mark.parametrize(
    ("fetch", "error", "text"),
    [
        (None, TypeError, "Fetch argument None has invalid type"),
        ([None], TypeError, "Fetch argument None has invalid type"),
        (3, TypeError, "Fetch argument 3 has invalid type"),
        ({"a": 1.5}, TypeError, "must be a string or Tensor"),
        ("b:0", ValueError, "cannot be interpreted as a Tensor"),
        ("a:1", ValueError, "has only 1 outputs"),
        ("nothing", ValueError, "not in the graph"),
        ("a:x", ValueError, "not a valid one"),
        (np.ones(2), TypeError, "invalid type"),
        (object(), TypeError, "invalid type"),
        ({1, 2}, TypeError, "invalid type"),
    ],
)
def test_what_cannot_be_fetched(
    session: Any, fetch: Any, error: type[Exception], text: str
) -> None:
    tf.constant(1.0, name="a")
    with pytest.raises(error, match=re.escape(text)):
        session.run(fetch)


def test_what_may_not_be_fetched(session: Any) -> None:
    a = tf.constant(1.0)
    a.graph.prevent_fetching(a.op)
    for fetch in (a, a.op):
        with pytest.raises(ValueError, match="marked as not fetchable"):
            session.run(fetch)


def test_fetches_of_another_graph(session: Any) -> None:
    tf.constant(1.0)
    with Graph().as_default():
        foreign = tf.constant(1.0)
    for fetch in (foreign, foreign.op):
        with pytest.raises(ValueError, match="not an element of this graph"):
            session.run(fetch)


def test_an_empty_graph(session: Any) -> None:
    with pytest.raises(RuntimeError, match="The Session graph is empty"):
        session.run([])


def test_fetches_that_cannot_be_hashed_leave_nothing_behind(session: Any) -> None:
    class Mapping(dict):  # type: ignore[type-arg]
        pass

    class Many(list):  # type: ignore[type-arg]
        pass

    a = tf.constant(1.0)
    for _ in range(5):
        assert session.run(Many([a, Mapping(k=a)])) == [1.0, {"k": 1.0}]
    assert len(session._calls) <= 1


# -- feeds -----------------------------------------------------------------------------------
def test_any_tensor_can_be_fed(session: Any) -> None:
    c = tf.constant(2.0, name="c")
    y = tf.multiply(c, 3.0, name="y")
    z = y + 1.0
    v = tf.Variable(5.0)
    session.run(v.initializer)
    w = v * 2.0
    assert session.run(z) == 7.0
    assert session.run(z, {c: 10.0}) == 31.0
    assert session.run(z, {y: 10.0}) == 11.0
    assert session.run([y, z, c], {y: 10.0}) == [10.0, 11.0, 2.0]
    assert session.run(z, {"c:0": 1.0}) == 4.0
    assert session.run([w, v], {v: 1.0}) == [2.0, 1.0]
    assert session.run(w) == 10.0 and session.run(z) == 7.0
    pieces = tf.split(tf.constant([1.0, 2.0]), 2)
    assert session.run(pieces, {pieces[1]: [7.0]}) == [[1.0], [7.0]]


def test_constants_that_gave_static_shapes_can_be_fed(session: Any) -> None:
    shape = tf.constant([2, 3])
    x = tf.ones([2, 3])
    y = tf.reshape(x, shape)
    total = tf.reduce_sum(y, tf.constant(0, name="axis"))
    shape_in_the_run = apply("Shape", y)
    assert session.run(shape_in_the_run, {shape: [3, 2]}).tolist() == [3, 2]
    assert session.run(y, {shape: [6, 1]}).shape == (6, 1)
    assert session.run(total, {"axis:0": 1}).tolist() == [3.0, 3.0]


def test_values_that_are_fed(session: Any) -> None:
    x = placeholder()
    y = x * 1.0
    for value in (2, 2.0, [2.0, 3], (2,), np.float64(2), np.array([2], np.int8), [[1], [2]]):
        got = session.run(y, {x: value})
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got, np.asarray(value, np.float32))
    s = placeholder(dtype=tf.string, name="s")
    for value, want in (("a", b"a"), (b"a", b"a"), (["a", b"b"], [b"a", b"b"])):
        assert np.asarray(session.run(tf.identity(s), {s: value})).tolist() == want
    flag = placeholder(dtype=tf.bool, name="flag")
    assert session.run(tf.logical_not(flag), {flag: False}) is np.True_
    n = placeholder(dtype=tf.int32, name="n")
    assert session.run(n + 1, {n: np.int64(3)}) == 4


def test_composite_keys(session: Any) -> None:
    x, y = placeholder(name="x"), placeholder(name="y")
    assert session.run(x + y, {(x, y): (1.0, 2.0)}) == 3.0
    with pytest.raises(ValueError, match="as many values"):
        session.run(x + y, {(x, y): (1.0,)})
    slices = tf.IndexedSlices(x, placeholder(dtype=tf.int32, name="i"), None)
    got = session.run([x * 2.0, slices.indices + 1], {slices: ([1.0], [5])})
    assert [g.tolist() for g in got] == [[2.0], [6]]


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (np.ones((3, 2), np.float32), ValueError, "Cannot feed value of shape (3, 2) for Tensor"),
        (1.0, ValueError, "which has shape '(?, 3)'"),
        ([[1.0, 2.0], [3.0]], ValueError, "sequence"),
        ("abc", ValueError, "could not convert"),
        (None, TypeError, "No value is fed to 'x:0', but None"),
        (object(), TypeError, "float"),
        ({}, TypeError, "float"),
    ],
)
def test_values_that_cannot_be_fed(
    session: Any, value: Any, error: type[Exception], text: str
) -> None:
    x = placeholder((None, 3))
    with pytest.raises(error, match=re.escape(text)):
        session.run(x + 1.0, {x: value})


def test_a_wrong_feed_names_the_users_line(session: Any) -> None:
    x = tf.placeholder(tf.float32, (None, 3))  # this line
    with pytest.raises(ValueError, match="this line"):
        session.run(x, {x: [1.0]})


def test_integers_that_do_not_fit_are_refused(session: Any) -> None:
    x = placeholder(dtype=tf.int32)
    u = placeholder(dtype=tf.uint8, name="u")
    for tensor, value in ((x, 2**31), (x, [2**40]), (u, 256), (u, [-1]), (u, 10**30)):
        with pytest.raises(TypeError, match="larger type"):
            session.run(tensor, {tensor: value})


def test_keys_that_are_none(session: Any) -> None:
    x = placeholder()
    with Graph().as_default():
        foreign = placeholder()
    for key in (3, None, x.op, foreign, "nothing:0", "x", object()):
        with pytest.raises(TypeError, match="Cannot interpret feed_dict key as Tensor"):
            session.run(x, {key: 1.0})
    for feed in ([(x, 1.0)], 7, "abc", {x}):
        with pytest.raises(TypeError, match="must be a dictionary"):
            session.run(x, feed)


def test_tensors_are_no_values(session: Any) -> None:
    x = placeholder()
    for value in (tf.constant(1.0), tf.Variable(1.0), tf.no_op()):
        with pytest.raises(TypeError, match=r"cannot be a tf\.Tensor object"):
            session.run(x, {x: value})


def test_what_may_not_be_fed(session: Any) -> None:
    x = placeholder()
    x.graph.prevent_feeding(x)
    with pytest.raises(ValueError, match="may not be fed"):
        session.run(x, {x: 1.0})


def test_a_placeholder_without_a_value(session: Any) -> None:
    x = tf.placeholder(tf.float32, (2,), name="needed")
    with pytest.raises(
        tf.errors.InvalidArgumentError,
        match=r"You must feed a value for placeholder tensor 'needed' with dtype float",
    ) as caught:
        session.run(x * 2.0)
    assert caught.value.op is x.op and "x = tf.placeholder(" in str(caught.value)


def test_feeds_that_nothing_needs_are_allowed(session: Any) -> None:
    x, y = placeholder(), placeholder(name="y")
    assert session.run(y + 1.0, {x: 1.0, y: 2.0}) == 3.0
    with pytest.raises(ValueError, match="could not convert"):
        session.run(y + 1.0, {x: "a", y: 2.0})


# -- callables -------------------------------------------------------------------------------
def test_callables(session: Any) -> None:
    x, y = placeholder(name="x"), placeholder(name="y")
    total = session.make_callable([x + y, {"x": x}], feed_list=[x, "y:0"])
    assert total(1.0, 2.0) == [3.0, {"x": 1.0}]
    assert total(5.0, 2.0)[0] == 7.0
    single = session.make_callable(x * 2.0, [x])
    assert single(2.0) == 4.0
    v = tf.Variable(1.0)
    session.run(v.initializer)
    step = session.make_callable(v.assign_add(1.0).op)
    assert step() is None and step() is None and session.run(v) == 3.0
    with pytest.raises(TypeError, match="takes 1 values to feed, 2 given"):
        single(1.0, 2.0)
    with pytest.raises(TypeError, match="Unexpected keyword"):
        single(1.0, options=None)
    assert session.make_callable(x, [x], accept_options=True)(1.0, options=None) == 1.0
    with pytest.raises(ValueError, match="could not convert"):
        single("a")
    session.close()
    with pytest.raises(RuntimeError, match="closed Session"):
        single(1.0)


# -- sessions --------------------------------------------------------------------------------
def test_closed_sessions() -> None:
    x = tf.constant(1.0)
    session = tf.Session()
    assert session.run(x) == 1.0
    session.close()
    session.close()
    for use in (lambda: session.run(x), lambda: x.eval(session=session)):
        with pytest.raises(RuntimeError, match="Attempted to use a closed Session"):
            use()
    with tf.Session() as session:
        pass
    with pytest.raises(RuntimeError, match="closed Session"):
        session.run(x)


def test_default_sessions() -> None:
    x = tf.constant(3.0)
    v = tf.Variable(1.0)
    assert tf.get_default_session() is None
    with tf.Session() as outer:
        assert tf.get_default_session() is outer
        v.initializer.run()
        assert x.eval() == 3.0 and v.eval() == 1.0
        with tf.Session() as inner:
            assert tf.get_default_session() is inner
            with pytest.raises(tf.errors.FailedPreconditionError):
                v.eval()
        assert tf.get_default_session() is outer
        assert x.eval({x: 4.0}) == 4.0 and x.eval(session=outer) == 3.0
    assert tf.get_default_session() is None
    session = tf.Session()
    with session.as_default():
        assert x.eval() == 3.0
    assert session.run(x) == 3.0


def test_a_sessions_graph_is_the_default_inside() -> None:
    graph = Graph()
    with tf.Session(graph=graph) as session:
        assert get_default_graph() is graph and session.graph is graph
        x = tf.constant(1.0)
        assert session.run(x) == 1.0
    assert get_default_graph() is not graph
    with graph.as_default(), tf.Session() as session:
        assert session.run(x) == 1.0


def test_evaluating_in_the_wrong_session() -> None:
    with Graph().as_default():
        foreign = tf.constant(1.0)
    with tf.Session(), pytest.raises(ValueError, match="graph is different from"):
        foreign.eval()


def test_interactive_sessions() -> None:
    x = tf.constant(1.0)
    session = tf.InteractiveSession()
    assert x.eval() == 1.0 and tf.get_default_session() is session
    session.close()
    assert tf.get_default_session() is None
    graph = Graph()
    session = tf.InteractiveSession(graph=graph)
    y = tf.constant(2.0)
    assert y.graph is graph and y.eval() == 2.0
    session.close()
    assert get_default_graph() is not graph


def test_containers_keep_variables_apart() -> None:
    made = []
    for box in ("one", "two"):
        with tf.container(box):
            made.append(apply("VariableV2", shape=(), dtype=tf.float32, shared_name="v"))
    one, two = made
    with tf.Session() as session:
        session.run(apply("Assign", one, 1.0))
        assert session.run(one) == 1.0
        with pytest.raises(tf.errors.FailedPreconditionError, match="two/v"):
            session.run(two)


def test_variables_of_one_shared_name_are_one() -> None:
    attrs = {"shape": (), "dtype": tf.float32, "shared_name": "v"}
    one, two = apply("VariableV2", **attrs), apply("VariableV2", **attrs)
    with tf.Session() as session:
        session.run(apply("Assign", one, 1.0))
        assert session.run(two) == 1.0


def test_servers_are_not_supported() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="close the session"):
        tf.Session.reset("")


def test_several_sessions_of_one_graph_have_their_own_variables() -> None:
    v = tf.Variable(1.0)
    step = v.assign_add(1.0)
    one, two = tf.Session(), tf.Session()
    for s in (one, two):
        s.run(v.initializer)
    one.run([step, step])
    one.run(step)
    assert (one.run(v), two.run(v)) == (3.0, 1.0)
    one.close()
    assert two.run(v) == 1.0


def test_the_graph_may_grow_between_runs(session: Any) -> None:
    x = tf.constant(1.0)
    assert session.run(x) == 1.0
    y = x + 1.0
    v = tf.Variable(y)
    session.run(v.initializer)
    assert session.run([y, v]) == [2.0, 2.0]


def test_a_changed_graph_is_compiled_anew(session: Any) -> None:
    a, b = tf.constant(1.0), tf.constant(5.0)
    y = a + 1.0
    call = session.make_callable(y)
    assert session.run(y) == 2.0
    y.op._update_input(0, b)
    assert session.run(y) == 6.0 and call() in (2.0, 6.0)
    v = tf.Variable(0.0)
    session.run(v.initializer)
    step, other = v.assign_add(1.0).op, tf.no_op()
    session.run(other)
    other._add_control_input(step)
    session.run(other)
    assert session.run(v) == 1.0


def test_what_a_session_is_made_of() -> None:
    config = tf.ConfigProto(allow_soft_placement=True)
    with tf.Session("", get_default_graph(), config) as session:
        assert session.sess_str == ""
        assert [d.device_type for d in session.list_devices()] == ["CPU"]
    for args in ((3,), ("", "no graph"), ("", None, "no config")):
        with pytest.raises(TypeError):
            tf.Session(*args)


def test_sessions_do_not_outlive_their_use() -> None:
    v = tf.Variable(np.zeros(1000, np.float32))
    session = tf.Session()
    session.run(v.initializer)
    alive = weakref.ref(session._store)
    session.close()
    del session
    gc.collect()
    assert alive() is None


# -- threads ---------------------------------------------------------------------------------
def _in_threads(count: int, work: Any) -> None:
    errors: list[BaseException] = []

    def guarded(index: int) -> None:
        try:
            work(index)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors


@pytest.mark.parametrize("resource", [False, True])
def test_threads_lose_no_update(session: Any, resource: bool) -> None:
    v = tf.Variable(0.0, use_resource=resource)
    step = v.assign_add(1.0)
    session.run(v.initializer)
    _in_threads(8, lambda i: [session.run(step) for _ in range(100)])
    assert session.run(v) == 800.0


def test_threads_with_feeds_of_their_own(session: Any) -> None:
    x = placeholder((None,))
    y = tf.reduce_sum(x * 2.0)
    wrong: list[Any] = []

    def work(index: int) -> None:
        for n in range(1, 40):
            got = session.run(y, {x: np.full(n, index, np.float32)})
            if got != 2.0 * n * index:
                wrong.append(got)

    _in_threads(6, work)
    assert not wrong


def test_threads_that_prepare_runs_at_once(session: Any) -> None:
    tensors = [tf.constant(float(i)) * 2.0 for i in range(30)]
    results: dict[int, Any] = {}
    _in_threads(6, lambda i: results.update({i: session.run(tensors)}))
    assert all(r == [2.0 * k for k in range(30)] for r in results.values())


def test_default_sessions_are_those_of_the_thread() -> None:
    seen: list[Any] = []
    with tf.Session():
        _in_threads(1, lambda i: seen.append(tf.get_default_session()))
    assert seen == [None]


# -- errors in runs --------------------------------------------------------------------------
def test_an_error_names_operation_shapes_and_line(session: Any) -> None:
    a, b = placeholder((None, 3), name="a"), placeholder((None, 2), name="b")
    c = tf.matmul(a, b, name="product")  # the mistake
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        session.run(c, {a: np.ones((2, 3)), b: np.ones((4, 2))})
    error = caught.value
    assert error.op is c.op and error.error_code == tf.errors.INVALID_ARGUMENT
    for part in ("product", "[2,3]", "[4,2]", "# the mistake", __file__):
        assert part in str(error)


def test_a_failed_run_changes_no_variable(session: Any) -> None:
    v = tf.Variable(1.0)
    x = placeholder((None,))
    bad = tf.reshape(x, [2, 2])
    session.run(v.initializer)
    with pytest.raises(tf.errors.InvalidArgumentError):
        session.run([v.assign_add(1.0), bad], {x: [1.0, 2.0, 3.0]})
    assert session.run(v) == 1.0


def test_reading_an_uninitialized_variable_names_it_and_the_cure(session: Any) -> None:
    v = tf.Variable(1.0, name="weights")  # made here
    with pytest.raises(tf.errors.FailedPreconditionError) as caught:
        session.run(v * 2.0)
    for part in ("uninitialized value weights", "# made here", "global_variables_initializer"):
        assert part in str(caught.value)
    assert caught.value.op.name == "weights"


@pytest.mark.parametrize("resource", [False, True])
def test_an_error_of_tensorflows_own_from_a_kernel(session: Any, resource: bool) -> None:
    v = tf.Variable(0, name="v", use_resource=resource)
    counter = v.count_up_to(2)
    session.run(v.initializer)
    assert [session.run(counter), session.run(counter)] == [0, 1]
    for _ in range(2):
        with pytest.raises(tf.errors.OutOfRangeError) as caught:
            session.run(counter)
        text = str(caught.value)
        assert "Reached limit of 2" in text and text.count("made at") == 1
        assert caught.value.op is counter.op and caught.value.node_def is None
    assert session.run(v) == 2


@pytest.mark.parametrize("resource", [False, True])
def test_a_value_of_the_wrong_shape_for_a_variable(session: Any, resource: bool) -> None:
    v = tf.Variable([1.0, 2.0], name="v", use_resource=resource)
    x = placeholder()
    with pytest.raises(tf.errors.InvalidArgumentError, match="'v'"):
        session.run(v.assign(x), {x: [1.0, 2.0, 3.0]})
    session.run(v.initializer)
    assert session.run(v).tolist() == [1.0, 2.0]


def test_an_op_without_a_kernel(session: Any) -> None:
    opdef.define("NothingComputesThis", "x:float32 -> y:float32")
    try:
        y = apply("NothingComputesThis", 1.0, name="lost")
        with pytest.raises(tf.errors.UnimplementedError, match=r"\(lost, made at .* no kernel"):
            session.run(y)
    finally:
        del opdef._TABLE["NothingComputesThis"]


def test_the_report_of_a_mistake_ends_at_the_users_line(session: Any) -> None:
    x = placeholder((None,))
    y = tf.reshape(x, [2, 2])
    try:
        session.run(y, {x: [1.0]})  # the users line
    except tf.errors.InvalidArgumentError as error:
        lines = tracebacks.report(type(error), error, error.__traceback__)
    text = "".join(lines)
    assert "# the users line" in lines[-2] or "# the users line" in text.split("Error")[0]
    assert "site-packages/evergraph" not in text and "runtime/session.py" not in text


def test_errors_can_be_pickled_and_told_apart() -> None:
    import pickle

    error = tf.errors.InvalidArgumentError(None, None, "message")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and again.message == "message"
    assert tf.errors.exception_type_from_error_code(3) is tf.errors.InvalidArgumentError
    assert tf.errors.error_code_from_exception_type(tf.errors.OutOfRangeError) == 11


def test_observers_see_every_run(session: Any) -> None:
    seen: list[Any] = []
    x = tf.constant(1.0)
    session_module.add_run_observer(seen.append)
    try:
        session.run(x)
        session.run(x)
    finally:
        session_module.remove_run_observer(seen.append)
    session.run(x)
    assert seen == [session, session]


def test_metadata_counts_the_bytes_of_a_run(session: Any) -> None:
    x = placeholder((None,))
    metadata = tf.RunMetadata()
    session.run(x * 2.0, {x: np.ones(4, np.float32)}, tf.RunOptions(), metadata)
    assert (metadata.traffic.bytes_fed, metadata.traffic.bytes_fetched) == (16, 16)


# -- any input -------------------------------------------------------------------------------
_ALLOWED = (tf.errors.OpError, TypeError, ValueError)
_leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.sampled_from(["x:0", "y", "y:0", "z:0", "w:0", object(), np.float16(1), np.array([]), dict]),
)
_nested = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=2), inner, max_size=2),
    ),
    max_leaves=6,
)
_arrays = st.builds(
    lambda shape, dtype: np.ones(shape, dtype),
    st.lists(st.integers(0, 3), max_size=3),
    st.sampled_from(["f4", "f8", "f2", "i4", "i8", "u1", "?", "c8", "S2", "U2", "O", "M8[s]"]),
)


def _graph() -> tuple[Any, dict[str, Any]]:
    """A small graph of many dtypes, and its tensors by name."""
    graph = Graph()
    with graph.as_default():
        x = placeholder((None, 2), name="x")
        y = placeholder(None, tf.int32, name="y")
        s = placeholder((), tf.string, name="s")
        b = placeholder((2,), tf.bool, name="b")
        w = tf.Variable([[1.0], [2.0]], name="w")
        z = tf.matmul(x, w, name="z")
        chosen = tf.gather(x, y, name="chosen")
        named = {"x": x, "y": y, "s": s, "b": b, "w": w, "z": z, "chosen": chosen}
        named["op"] = w.initializer
    return graph, named


@given(_nested)
def test_any_fetch_gives_a_value_or_a_clear_error(fetches: Any) -> None:
    graph, named = _graph()
    with tf.Session(graph=graph) as session:
        session.run(named["op"])
        try:
            session.run(fetches, {named["x"]: [[1.0, 2.0]], named["y"]: 0})
        except _ALLOWED as error:
            assert str(error)


@given(
    st.dictionaries(
        st.sampled_from(["x", "y", "s", "b", "w", "z", "chosen", "op"]),
        st.one_of(_nested, _arrays),
        max_size=4,
    ),
    st.lists(st.sampled_from(["z", "chosen", "s", "b", "w", "op"]), min_size=1, max_size=3),
)
@pytest.mark.filterwarnings("ignore")
def test_any_feed_gives_a_value_or_a_clear_error(feeds: Any, fetches: Any) -> None:
    graph, named = _graph()
    with tf.Session(graph=graph) as session:
        session.run(named["op"])
        try:
            got = session.run([named[f] for f in fetches], {named[k]: v for k, v in feeds.items()})
        except _ALLOWED as error:
            assert str(error)
        else:
            assert len(got) == len(fetches)


_SHAPES = st.lists(st.integers(0, 3), max_size=3).map(tuple)


@given(_SHAPES, _SHAPES, st.sampled_from(["MatMul", "AddV2", "ConcatV2", "Reshape", "GatherV2"]))
def test_any_shapes_give_a_value_or_a_clear_error(a: Any, b: Any, op_type: str) -> None:
    """Of operands with unknown shapes: what does not fit is found in the run."""
    with Graph().as_default() as graph:
        x, y = placeholder(name="x"), placeholder(name="y")
        t = {
            "MatMul": lambda: apply("MatMul", x, y),
            "AddV2": lambda: x + y,
            "ConcatV2": lambda: tf.concat([x, y], 1),
            "Reshape": lambda: tf.reshape(x, tf.cast(y, tf.int32)),
            "GatherV2": lambda: tf.gather(x, tf.cast(y, tf.int32)),
        }[op_type]()
        with tf.Session(graph=graph) as session:
            feed = {x: np.ones(a, np.float32), y: np.ones(b, np.float32)}
            try:
                session.run(t, feed)
            except tf.errors.InvalidArgumentError as error:
                assert __file__ in str(error) and error.op is not None


def test_the_package_knows_its_parts() -> None:
    assert evergraph.tf is tf
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = evergraph.nothing
