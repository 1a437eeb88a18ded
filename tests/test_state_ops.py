"""Assigning and scattering to reference and resource variables, in sessions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from evergraph import tf
from evergraph.core.emit import apply
from evergraph.core.opdef import lookup

START = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], np.float32)
BOTH = pytest.mark.parametrize("resource", [False, True], ids=["ref", "resource"])


@pytest.fixture
def session() -> Iterator[Any]:
    """A session on the default graph."""
    with tf.Session() as session:
        yield session


def variable(session: Any, resource: bool, start: Any = START) -> Any:
    """An initialised variable."""
    v = tf.Variable(start, use_resource=resource)
    session.run(v.initializer)
    return v


@BOTH
def test_assign(session: Any, resource: bool) -> None:
    v = variable(session, resource)
    np.testing.assert_array_equal(session.run(tf.assign(v, v * 2)), START * 2)
    np.testing.assert_array_equal(session.run(tf.assign_add(v, START)), START * 3)
    np.testing.assert_array_equal(session.run(tf.assign_sub(v, START)), START * 2)
    np.testing.assert_array_equal(session.run(v), START * 2)


def test_assign_checks_shapes(session: Any) -> None:
    v = variable(session, False)
    with pytest.raises(ValueError, match="not compatible"):
        tf.assign(v, [1.0])
    fed = tf.placeholder(tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError):
        session.run(tf.assign(v, fed), {fed: [1.0]})
    with pytest.raises(tf.errors.InvalidArgumentError):
        session.run(tf.assign_add(v, fed), {fed: 1.0})
    np.testing.assert_array_equal(session.run(v), START)


def test_assign_of_another_shape(session: Any) -> None:
    v = variable(session, False)
    session.run(tf.assign(v, [[7.0]], validate_shape=False))
    np.testing.assert_array_equal(session.run(v), [[7.0]])


def test_only_variables_are_assigned_to() -> None:
    with pytest.raises((TypeError, AttributeError)):
        tf.assign(tf.constant(1.0), 2.0)


def test_the_output_of_an_assignment_is_the_variable(session: Any) -> None:
    v = variable(session, False, np.float32(1))
    twice = tf.assign(tf.assign(v, 5.0), v + 1)
    assert twice.dtype is tf.float32._as_ref
    with tf.control_dependencies([tf.assign_add(v, 10.0)]):
        after = v.read_value()
    assert session.run(after) == 11


HOW = {
    "update": lambda a, b: b,
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "min": np.minimum,
    "max": np.maximum,
}


def scattered(how: str, start: Any, indices: Any, updates: Any) -> Any:
    """Rows updated one after the other."""
    out = start.copy()
    updates = np.broadcast_to(updates, (*np.shape(indices), *start.shape[1:]))
    rows = np.reshape(updates, (-1, *start.shape[1:]))
    for i, u in zip(np.ravel(indices), rows, strict=True):
        out[i] = HOW[how](out[i], u)
    return out


@BOTH
@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("indices", [1, [0, 2], [2, 2], [[0, 1], [1, 0]]], ids=str)
def test_scatter(session: Any, resource: bool, how: str, indices: Any) -> None:
    v = variable(session, resource)
    updates = np.arange(1, 1 + 2 * np.size(indices), dtype=np.float32)
    updates = updates.reshape(*np.shape(indices), 2)
    got = session.run(getattr(tf, f"scatter_{how}")(v, indices, updates))
    np.testing.assert_allclose(got, scattered(how, START, indices, updates), rtol=1e-6)
    np.testing.assert_array_equal(session.run(v), got)


ROW_OPS = {
    "update": ("ScatterUpdate", "ResourceScatterUpdate"),
    "add": ("ScatterAdd", "ResourceScatterAdd"),
    "sub": ("ScatterSub", "ResourceScatterSub"),
    "mul": ("ScatterMul", "ResourceScatterMul"),
    "div": ("ScatterDiv", "ResourceScatterDiv"),
    "min": ("ScatterMin", "ResourceScatterMin"),
    "max": ("ScatterMax", "ResourceScatterMax"),
}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "int64"])
@pytest.mark.parametrize("how", ROW_OPS)
def test_kernels_of_scatters(how: str, dtype: str) -> None:
    start, updates = START.astype(dtype), np.array([[2, 3], [4, 5]], dtype)
    indices = np.array([2, 0])
    for op in ROW_OPS[how]:
        kernel = lookup(op).kernel
        assert kernel is not None
        (got,) = kernel(np, [start, indices, updates], {})
        want = scattered(how, start, indices, updates)
        assert got.dtype == start.dtype
        np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(start, START.astype(dtype))


POINT_OPS = {
    "update": ("ScatterNdUpdate", "ResourceScatterNdUpdate"),
    "add": ("ScatterNdAdd", "ResourceScatterNdAdd"),
    "sub": ("ScatterNdSub", "ResourceScatterNdSub"),
}


@pytest.mark.parametrize("how", POINT_OPS)
def test_kernels_of_scatters_to_points(how: str) -> None:
    points, updates = np.array([[2, 1], [0, 0]]), np.array([8, 9], np.float32)
    want = START.copy()
    want[[2, 0], [1, 0]] = HOW[how](START[[2, 0], [1, 0]], updates)
    for op in POINT_OPS[how]:
        kernel = lookup(op).kernel
        assert kernel is not None
        np.testing.assert_array_equal(kernel(np, [START, points, updates], {})[0], want)


def test_the_kind_of_variable_chooses_the_op() -> None:
    ref, resource = tf.Variable(START), tf.Variable(START, use_resource=True)

    def last() -> str:
        return str(tf.get_default_graph().get_operations()[-1].type)

    tf.assign_sub(ref, START)
    assert last() == "AssignSub"
    counter = tf.Variable(np.int32(0))
    tf.count_up_to(counter, 2)
    assert last() == "CountUpTo"
    tf.is_variable_initialized(ref)
    assert last() == "IsVariableInitialized"
    types = [
        *("AssignAddVariableOp", "AssignSubVariableOp", "ResourceGather", "ResourceGatherNd"),
        "ResourceStridedSliceAssign",
    ]
    tf.assign_add(resource, START)
    tf.assign_sub(resource, START)
    tf.gather(resource, [0])
    tf.gather_nd(resource, [[0, 0]])
    resource[0].assign([1.0, 2.0])
    made = [op.type for op in tf.get_default_graph().get_operations()]
    assert all(t in made for t in types)


def test_shape_and_count_of_a_resource(session: Any) -> None:
    v = variable(session, True, np.int64(3))
    step = apply("ResourceCountUpTo", v.handle, limit=4, T=tf.int64)
    assert session.run(step) == 3 and session.run(v) == 4
    with pytest.raises(tf.errors.OutOfRangeError):
        session.run(step)
    w = variable(session, True)
    assert session.run(apply("VariableShape", w.handle)).tolist() == [3, 2]


@BOTH
def test_scatter_of_a_scalar(session: Any, resource: bool) -> None:
    v = variable(session, resource)
    got = session.run(tf.scatter_add(v, [0, 0, 2], 10.0))
    np.testing.assert_array_equal(got, scattered("add", START, [0, 0, 2], 10.0))


def test_scatter_div_of_integers_rounds_to_zero(session: Any) -> None:
    v = variable(session, False, np.array([7, -7, 9], np.int32))
    np.testing.assert_array_equal(
        session.run(tf.scatter_div(v, [0, 1, 2], [2, 2, -2])), [3, -3, -4]
    )


@BOTH
def test_scatter_nd(session: Any, resource: bool) -> None:
    v = variable(session, resource)
    points, values = [[0, 0], [2, 1], [0, 0]], [1.0, 2.0, 3.0]
    got = session.run(tf.scatter_nd_add(v, points, values))
    np.testing.assert_array_equal(got, [[5, 2], [3, 4], [5, 8]])
    got = session.run(tf.scatter_nd_sub(v, points, values))
    np.testing.assert_array_equal(got, START)
    got = session.run(tf.scatter_nd_update(v, [[1]], [[0.0, -1.0]]))
    np.testing.assert_array_equal(got, [[1, 2], [0, -1], [5, 6]])


@BOTH
def test_scatter_out_of_range(session: Any, resource: bool) -> None:
    v = variable(session, resource)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"indices\[0\] = 3 is not in"):
        session.run(tf.scatter_add(v, [3], [[1.0, 1.0]]))
    with pytest.raises(tf.errors.InvalidArgumentError):
        session.run(tf.scatter_nd_update(v, [[-1]], [[1.0, 1.0]]))
    np.testing.assert_array_equal(session.run(v), START)


def test_scatter_checks_shapes() -> None:
    v = tf.Variable(START)
    with pytest.raises(ValueError):
        tf.scatter_add(v, [0, 1], [[1.0, 1.0, 1.0]])
    with pytest.raises(ValueError):
        tf.scatter_nd_add(v, [[0, 1, 2]], [1.0])


@BOTH
def test_batch_scatter_update(session: Any, resource: bool) -> None:
    v = variable(session, resource)
    got = session.run(tf.batch_scatter_update(v, [[0], [1], [0]], [[-1.0], [-2.0], [-3.0]]))
    np.testing.assert_array_equal(got, [[-1, 2], [3, -2], [-3, 6]])


@BOTH
def test_slices_are_assigned_to(session: Any, resource: bool) -> None:
    v = variable(session, resource)
    session.run(v[1:, 0].assign([8.0, 9.0]))
    np.testing.assert_array_equal(session.run(v), [[1, 2], [8, 4], [9, 6]])


@BOTH
def test_gather_and_its_gradient(session: Any, resource: bool) -> None:
    v = variable(session, resource)
    rows = tf.gather(v, [[2, 0], [2, 1]])
    assert rows.shape.as_list() == [2, 2, 2]
    np.testing.assert_array_equal(session.run(rows), START[[[2, 0], [2, 1]]])
    (grad,) = tf.gradients(rows * rows, v)
    assert isinstance(grad, tf.IndexedSlices)
    want = 2 * START * np.array([[1], [1], [2]], np.float32)
    np.testing.assert_array_equal(session.run(tf.convert_to_tensor(grad)), want)
    value = session.run(grad)
    np.testing.assert_array_equal(value.indices, [2, 0, 2, 1])
    np.testing.assert_array_equal(value.dense_shape, [3, 2])
    np.testing.assert_array_equal(value.values, 2 * START[[2, 0, 2, 1]])


@BOTH
def test_gather_nd_and_its_gradient(session: Any, resource: bool) -> None:
    v = variable(session, resource)
    found = tf.gather_nd(v, [[2, 0], [2, 0]])
    np.testing.assert_array_equal(session.run(found), [5, 5])
    (grad,) = tf.gradients(found, v)
    np.testing.assert_array_equal(session.run(grad), [[0, 0], [0, 0], [2, 0]])


def test_count_up_to(session: Any) -> None:
    v = variable(session, False, np.int64(0))
    step = tf.count_up_to(v, 2)
    assert [session.run(step), session.run(step)] == [0, 1]
    with pytest.raises(tf.errors.OutOfRangeError, match="Reached limit of 2"):
        session.run(step)
    assert session.run(v) == 2


@BOTH
def test_is_initialized(session: Any, resource: bool) -> None:
    v = tf.Variable(START, use_resource=resource)
    known = tf.is_variable_initialized(v)
    assert not session.run(known)
    session.run(v.initializer)
    assert session.run(known)


def test_an_uninitialised_variable(session: Any) -> None:
    v = tf.Variable(START)
    with pytest.raises(tf.errors.FailedPreconditionError):
        session.run(tf.assign_add(v, START))
    np.testing.assert_array_equal(session.run(tf.assign(v, START + 1)), START + 1)


def test_names_and_types() -> None:
    v = tf.Variable(START, name="v")
    before = len(tf.get_default_graph().get_operations())
    tf.assign_add(v, START)
    tf.scatter_update(v, [0], [[1.0, 2.0]])
    added = tf.get_default_graph().get_operations()[before:]
    assert [(op.name, op.type) for op in added] == [
        ("AssignAdd/value", "Const"),
        ("AssignAdd", "AssignAdd"),
        ("ScatterUpdate/indices", "Const"),
        ("ScatterUpdate/updates", "Const"),
        ("ScatterUpdate", "ScatterUpdate"),
    ]


# -- variables of one run --------------------------------------------------------------------
def _temporary(name: str = "") -> Any:
    return apply("TemporaryVariable", shape=(2,), dtype="float32", var_name=name)


def test_temporary_variables() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        value = tf.assign_add(_temporary("t"), [1.0, 2.0])
        last = apply("DestroyTemporaryVariable", value, var_name="t")
        for _ in range(2):  # each run starts from zeros
            assert session.run(last).tolist() == [1.0, 2.0]


def test_temporary_variables_of_one_name() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        both = [tf.assign(_temporary("t"), [1.0, 2.0]) for _ in range(2)]
        with pytest.raises(tf.errors.AlreadyExistsError, match="already exists"):
            session.run(both)
