"""Variables: what they add to a graph, their values across runs, their lists and initialisers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from evergraph import tf


def ops(graph: Any = None) -> list[tuple[str, str]]:
    """(name, type) of the operations of a graph, in order."""
    graph = graph or tf.get_default_graph()
    return [(o.name, o.type) for o in graph.get_operations()]


def initialized() -> Any:
    """A session in which all variables have their initial values."""
    session = tf.Session()
    session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    return session


# -- what a variable adds ----------------------------------------------------------------------
def test_a_variable_is_four_operations() -> None:
    v = tf.Variable(1.0)
    w = tf.Variable([2.0], name="w")
    assert ops() == [
        ("Variable/initial_value", "Const"),
        ("Variable", "VariableV2"),
        ("Variable/Assign", "Assign"),
        ("Variable/read", "Identity"),
        ("w/initial_value", "Const"),
        ("w", "VariableV2"),
        ("w/Assign", "Assign"),
        ("w/read", "Identity"),
    ]
    assert v.name == "Variable:0" and v.op.name == "Variable" and w.shape == [1]
    assert v.initializer is v.graph.get_operation_by_name("Variable/Assign")
    assert v.value().name == "Variable/read:0"
    assert v.initial_value.name == "Variable/initial_value:0"
    assert str(v.dtype) == "<dtype: 'float32_ref'>" and v.dtype.base_dtype == tf.float32
    assert repr(w) == "<tf.Variable 'w:0' shape=(1,) dtype=float32_ref>"
    assert tf.Variable(3.0, name="w").name == "w_1:0"


def test_a_resource_variable_is_a_handle() -> None:
    v = tf.Variable([1.0, 2.0], name="v", use_resource=True)
    assert ops() == [
        ("v/Initializer/initial_value", "Const"),
        ("v", "VarHandleOp"),
        ("v/IsInitialized/VarIsInitializedOp", "VarIsInitializedOp"),
        ("v/Assign", "AssignVariableOp"),
        ("v/Read/ReadVariableOp", "ReadVariableOp"),
    ]
    assert v.dtype == tf.float32 and v.shape == [2] and v.op.type == "VarHandleOp"
    assert v.handle.dtype == tf.resource
    with pytest.raises(NotImplementedError, match="set_shape"):
        v.set_shape([2])
    with pytest.raises(RuntimeError, match="assign_add"):
        v += 1.0


def test_an_initial_value_may_be_a_function() -> None:
    tf.Variable(lambda: tf.zeros([2]), name="v")
    assert ops()[:2] == [("v/Initializer/zeros", "Const"), ("v", "VariableV2")]


def test_name_scopes_count_for_tf_variable() -> None:
    with tf.name_scope("s"):
        assert tf.Variable(1.0, name="v").name == "s/v:0"


def test_control_dependencies_do_not_reach_an_initialiser() -> None:
    with tf.control_dependencies([tf.constant(1.0)]):
        v = tf.Variable(1.0)
    assert v.initializer.control_inputs == [] and v.op.control_inputs == []


def test_collections() -> None:
    a, b = tf.Variable(1.0, name="a"), tf.Variable(1.0, trainable=False, name="b")
    c = tf.Variable(1.0, collections=[tf.GraphKeys.LOCAL_VARIABLES], name="c")
    d = tf.Variable(1.0, collections=[], trainable=False)
    assert tf.global_variables() == tf.all_variables() == [a, b]
    assert tf.trainable_variables() == [a, c] and tf.local_variables() == [c]
    assert tf.global_variables("b") == [b] and d not in tf.global_variables()
    assert not b.trainable and tf.model_variables() == tf.moving_average_variables() == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, ValueError),
        ({"initial_value": 1.0, "collections": "mine"}, ValueError),
        ({"initial_value": 1.0, "constraint": 3}, ValueError),
        ({"initial_value": 1.0, "dtype": tf.int32}, TypeError),
        ({"initial_value": 1.0, "nonsense": 1}, TypeError),
        ({"initial_value": 1.0, "synchronization": "x"}, ValueError),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        tf.Variable(**arguments)


def test_unknown_shapes_need_validate_shape_false() -> None:
    x = tf.placeholder(tf.float32, [None])
    with pytest.raises(ValueError, match="shape"):
        tf.Variable(x)
    v = tf.Variable(x, validate_shape=False)
    assert v.shape.ndims is None
    with tf.Session() as session:
        session.run(v.initializer, {x: [1.0, 2.0, 3.0]})
        np.testing.assert_array_equal(session.run(v), [1.0, 2.0, 3.0])


def test_isinstance_and_kind() -> None:
    plain, resource = tf.Variable(1.0), tf.Variable(1.0, use_resource=True)
    assert isinstance(plain, tf.Variable) and isinstance(resource, tf.Variable)
    assert type(plain).__name__ == "RefVariable" and type(resource).__name__ == "ResourceVariable"
    assert tf.is_tensor(plain)
    tf.enable_resource_variables()
    try:
        assert tf.resource_variables_enabled()
        assert type(tf.Variable(1.0)).__name__ == "ResourceVariable"
    finally:
        tf.disable_resource_variables()


# -- values ------------------------------------------------------------------------------------
@pytest.mark.parametrize("use_resource", [False, True])
def test_assignments(use_resource: bool) -> None:
    v = tf.Variable([1.0, 2.0, 3.0], use_resource=use_resource)
    updates = [
        (v.assign([4.0, 5.0, 6.0]), [4.0, 5.0, 6.0]),
        (v.assign_add([1.0, 1.0, 1.0]), [5.0, 6.0, 7.0]),
        (v.assign_sub([0.5, 0.5, 0.5]), [4.5, 5.5, 6.5]),
        (v.scatter_add(tf.IndexedSlices([1.0, 2.0], [1, 1])), [4.5, 8.5, 6.5]),
        (v.scatter_sub(tf.IndexedSlices([1.0], [2])), [4.5, 8.5, 5.5]),
        (v.scatter_update(tf.IndexedSlices([9.0], [0])), [9.0, 8.5, 5.5]),
        (v.scatter_mul(tf.IndexedSlices([2.0], [0])), [18.0, 8.5, 5.5]),
        (v.scatter_div(tf.IndexedSlices([2.0], [0])), [9.0, 8.5, 5.5]),
        (v.scatter_max(tf.IndexedSlices([9.5], [1])), [9.0, 9.5, 5.5]),
        (v.scatter_min(tf.IndexedSlices([1.5], [2])), [9.0, 9.5, 1.5]),
        (v.scatter_nd_update([[0]], [7.0]), [7.0, 9.5, 1.5]),
        (v.scatter_nd_add([[1]], [0.5]), [7.0, 10.0, 1.5]),
        (v.scatter_nd_sub([[1]], [1.0]), [7.0, 9.0, 1.5]),
        (v[1:].assign([0.0, 0.5]), [7.0, 0.0, 0.5]),
    ]
    with initialized() as session:
        for update, expected in updates:
            np.testing.assert_allclose(session.run(update), expected)
            np.testing.assert_allclose(session.run(v), expected)
        v.load([1.0, 1.0, 1.0], session)
        np.testing.assert_allclose(v.eval(session), [1.0, 1.0, 1.0])
        assert session.run(v.assign([2.0, 2.0, 2.0], read_value=False)) is None
        np.testing.assert_allclose(session.run(v.read_value()), [2.0, 2.0, 2.0])


def test_slice_assignment_names() -> None:
    v = tf.Variable([1.0, 2.0, 3.0])
    part = v[1:]
    update = part.assign([0.0, 0.0])
    assert update.op.name == "strided_slice/_assign" and update.op.type == "StridedSliceAssign"
    assert not hasattr(tf.constant([1.0])[0], "assign")


@pytest.mark.parametrize("use_resource", [False, True])
def test_count_up_to(use_resource: bool) -> None:
    v = tf.Variable(0, use_resource=use_resource)
    count = v.count_up_to(2)
    with initialized() as session:
        assert [session.run(count), session.run(count)] == [0, 1]
        with pytest.raises(tf.errors.OutOfRangeError):
            session.run(count)


def test_load_needs_a_session() -> None:
    with pytest.raises(ValueError, match="session"):
        tf.Variable(1.0).load(2.0)


@pytest.mark.parametrize("use_resource", [False, True])
def test_operators_take_the_value(use_resource: bool) -> None:
    v = tf.Variable([1.0, -2.0], use_resource=use_resource)
    one = np.float32(1.0)
    results: list[tuple[Any, Any]] = [
        (v + 1.0, [2.0, -1.0]),
        (1.0 - v, [0.0, 3.0]),
        (v * v, [1.0, 4.0]),
        (one / v, [1.0, -0.5]),
        (-v, [-1.0, 2.0]),
        (abs(v), [1.0, 2.0]),
        (v**2.0, [1.0, 4.0]),
        (v < 0.0, [False, True]),
        (v[1], -2.0),
        (np.array([1.0, 1.0], np.float32) + v, [2.0, -1.0]),
        (tf.constant([3.0, 3.0]) - v, [2.0, 5.0]),
    ]
    with initialized() as session:
        for tensor, expected in results:
            np.testing.assert_allclose(session.run(tensor), expected)
    assert v == v and (v != v) is False and len({v, v}) == 1
    with pytest.raises(TypeError, match="iterable"):
        iter(v)


def test_dtype_is_not_converted_silently() -> None:
    v = tf.Variable(1.0)
    with pytest.raises(ValueError, match=r"tf\.cast"):
        tf.convert_to_tensor(v, tf.int32)
    with pytest.raises((TypeError, ValueError)):
        tf.constant(1) + v


def test_reads_are_ordered_by_control_dependencies() -> None:
    v = tf.Variable(1.0)
    with tf.control_dependencies([v.assign_add(1.0)]):
        after = v.read_value()
    with initialized() as session:
        assert session.run(after) == 2.0 and session.run(after) == 3.0


def test_an_initial_value_of_another_variable_uses_its_initial_value() -> None:
    a = tf.Variable(tf.constant([1.0, 2.0]), name="a")
    b = tf.Variable(a * 2.0, name="b")
    c = tf.Variable(a.initialized_value() + 1.0, name="c")
    with tf.Session() as session:
        session.run([b.initializer, c.initializer])
        np.testing.assert_allclose(session.run(b), [2.0, 4.0])
        np.testing.assert_allclose(session.run(c), [2.0, 3.0])
        session.run(a.assign([5.0, 5.0]))
        session.run([b.initializer])
        np.testing.assert_allclose(session.run(b), [10.0, 10.0])


def test_initialisers_and_reports() -> None:
    a, b = tf.Variable(1.0, name="a"), tf.Variable(2.0, name="b")
    tf.Variable(3.0, name="c", trainable=False, collections=[tf.GraphKeys.LOCAL_VARIABLES])
    report, has_a = tf.report_uninitialized_variables(), tf.is_variable_initialized(a)
    check = tf.assert_variables_initialized([a, b])
    with tf.Session() as session:
        assert session.run(report).tolist() == [b"a", b"b", b"c"] and not session.run(has_a)
        with pytest.raises(tf.errors.FailedPreconditionError):
            session.run(check)
        session.run(tf.variables_initializer([a], name="init_a"))
        assert session.run(report).tolist() == [b"b", b"c"] and session.run(has_a)
        session.run(tf.global_variables_initializer())
        assert session.run(report).tolist() == [b"c"]
        session.run(tf.local_variables_initializer())
        assert session.run(report).tolist() == []
        session.run(check)
    assert tf.initialize_all_variables().name == "init_2"


def test_no_variables() -> None:
    assert tf.assert_variables_initialized() is None
    assert tf.global_variables_initializer().type == "NoOp"
    with tf.Session() as session:
        assert session.run(tf.report_uninitialized_variables()).tolist() == []


# -- making them otherwise ---------------------------------------------------------------------
def test_creator_scopes_step_in() -> None:
    seen = []

    def creator(next_creator: Callable[..., Any], **kwargs: Any) -> Any:
        seen.append(kwargs["name"])
        return next_creator(**{**kwargs, "trainable": False})

    with tf.variable_creator_scope(creator):
        v = tf.Variable(1.0, name="v")
        w = tf.get_variable("w", [1])
    assert seen == ["v", "w"] and not v.trainable and not w.trainable


@pytest.mark.parametrize("use_resource", [False, True])
def test_from_a_description(use_resource: bool) -> None:
    v = tf.Variable([1.0, 2.0], name="v", use_resource=use_resource)
    snapshot = "v/Read/ReadVariableOp:0" if use_resource else "v/read:0"
    source = SimpleNamespace(
        variable_name="v:0",
        initializer_name="v/Assign",
        initial_value_name=v.initial_value.name,
        snapshot_name=snapshot,
        is_resource=use_resource,
        trainable=True,
        synchronization=0,
        aggregation=0,
        HasField=lambda name: False,
    )
    again = tf.Variable.from_proto(source)
    assert type(again) is type(v) and again.name == v.name and again.op is v.op
    assert again.shape == [2] and again.initializer is v.initializer and again.trainable


@pytest.mark.parametrize("use_resource", [False, True])
def test_a_variable_describes_itself(use_resource: bool) -> None:
    from evergraph.formats import messages

    if not hasattr(messages, "VariableDef"):
        pytest.skip("the message is not among the descriptors")
    with tf.name_scope("s"):
        v = tf.Variable([1.0], name="v", trainable=False, use_resource=use_resource)
    v._set_save_slice_info(tf.Variable.SaveSliceInfo("s/whole", [2], [1], [1]))
    definition = v.to_proto(export_scope="s")
    assert definition.variable_name == "v:0" and definition.save_slice_info_def.full_name == "whole"
    assert v.to_proto(export_scope="other") is None
    again = tf.Variable.from_proto(definition, import_scope="s")
    assert type(again) is type(v) and again.op is v.op and not again.trainable
    assert again._get_save_slice_info().spec == "2 1,1"


def test_a_slice_describes_itself() -> None:
    info = tf.Variable.SaveSliceInfo("w", [5, 2], [3, 0], [2, 2])
    assert info.spec == "5 2 3,2:0,2"


# -- against TensorFlow ------------------------------------------------------------------------
def _names(t: Any) -> list[Any]:
    a, b = t.Variable(1.0), t.Variable([1, 2], name="n")
    with t.name_scope("s"):
        c = t.Variable(lambda: t.zeros([2]), name="c")
    d = t.get_variable("d", initializer=t.constant([1.0, 2.0]))
    e = t.Variable(np.zeros(3, np.float64), name="e", trainable=False)
    made = [a, b, c, d, e]
    up = [a.assign(2.0), b.assign_add([1, 1]), t.assign(d, d * 2.0), d[0].assign(3.0)]
    return [
        *((v.name, v.op.type, v.initializer.name, v.shape.as_list(), v.dtype.name) for v in made),
        *((u.name, u.op.type) for u in up),
        [(o.name, o.type) for o in t.get_default_graph().get_operations()],
        [v.name for v in t.trainable_variables()],
    ]


def _resources(t: Any) -> list[Any]:
    a = t.Variable([1.0, 2.0], use_resource=True, name="a")
    b = a.assign_add([1.0, 1.0])
    c = b * 2.0
    d = a.read_value() + a
    return [a.name, a.dtype.name, b.name, c.name, d.name]


def _computed_initial_value(t: Any) -> list[Any]:
    a = t.Variable(2.0, name="a")
    b = t.Variable(a * 3.0, name="b")
    names = {o.name for o in t.get_default_graph().get_operations()}
    return [b.initial_value.name, b.initializer.inputs[1].name, "mul_b" in names]


@pytest.fixture
def oracle() -> Iterator[Any]:
    """TensorFlow 1's interface of TensorFlow 2, with ref variables."""
    v1 = pytest.importorskip("tensorflow").compat.v1
    v1.disable_resource_variables()
    yield v1
    v1.enable_resource_variables()


@pytest.mark.oracle
@pytest.mark.parametrize("program", [_names, _resources, _computed_initial_value])
def test_names_as_in_tensorflow(oracle: Any, program: Callable[[Any], list[Any]]) -> None:
    with oracle.Graph().as_default():
        want = program(oracle)
    with tf.Graph().as_default():
        assert program(tf) == want
