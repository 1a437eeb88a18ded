"""Variable scopes, `get_variable` and templates: names, sharing, defaults, errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from evergraph import tf


def test_names_of_variables_and_operations() -> None:
    with tf.variable_scope("a"):
        x = tf.get_variable("x", [2])
        with tf.variable_scope("b"):
            y = tf.get_variable("y", [3], initializer=tf.zeros_initializer())
            z = tf.identity(y, name="z")
    with tf.variable_scope("a", reuse=True):
        again, op = tf.get_variable("x"), tf.identity(x)
    assert [t.name for t in (x, y, z, op)] == ["a/x:0", "a/b/y:0", "a/b/z:0", "a_1/Identity:0"]
    assert again is x


def test_name_scopes_do_not_count_for_variables() -> None:
    with tf.name_scope("s"), tf.variable_scope("a") as scope:
        v, op = tf.get_variable("v", [1]), tf.constant(1.0)
        assert scope.name == "a" and scope.original_name_scope == "s/a/"
    assert v.name == "a/v:0" and op.name == "s/a/Const:0"


def test_default_names_are_made_unique() -> None:
    names = []
    for _ in range(2):
        with tf.variable_scope(None, default_name="d") as scope:
            names.append(scope.name)
            with tf.variable_scope(None, "inner") as inner:
                names.append(inner.name)
    assert names == ["d", "d/inner", "d_1", "d_1/inner"]


def test_auxiliary_name_scope() -> None:
    with tf.variable_scope("a", auxiliary_name_scope=False):
        v, op = tf.get_variable("v", [1]), tf.constant(1.0)
        with tf.name_scope("n"), tf.variable_scope("b", auxiliary_name_scope=False):
            inner = tf.constant(1.0)
    assert (v.name, op.name, inner.name) == ("a/v:0", "Const:0", "n/Const:0")


def test_a_scope_is_entered_again_at_its_place() -> None:
    with tf.variable_scope("a") as scope:
        tf.get_variable("x", [1])
    with tf.variable_scope("other"), tf.variable_scope(scope, reuse=True):
        assert tf.get_variable("x").name == "a/x:0"
        assert tf.constant(1.0).name == "other/a/Const:0"
    with tf.variable_scope(scope), tf.name_scope(scope.original_name_scope):
        assert tf.constant(1.0).name == "a/Const:0"


def test_reuse_is_inherited_and_may_be_switched_on() -> None:
    with tf.variable_scope("a") as scope:
        x = tf.get_variable("x", [1])
        scope.reuse_variables()
        assert tf.get_variable("x") is x and tf.get_variable_scope().reuse is True
    with tf.variable_scope("a", reuse=True), tf.variable_scope("b") as inner:
        assert inner.reuse is True
    with tf.variable_scope("a", reuse=tf.AUTO_REUSE):
        assert tf.get_variable("x", [1]) is x
        assert tf.get_variable("y", [1]) is tf.get_variable("y", [1])
    assert tf.get_variable_scope().reuse is False


def test_errors_of_sharing() -> None:
    tf.get_variable("x", [2])
    with pytest.raises(ValueError, match=r"already exists(.|\n)*test_variable_scope.py"):
        tf.get_variable("x", [2])
    with tf.variable_scope("", reuse=True):
        with pytest.raises(ValueError, match="does not exist"):
            tf.get_variable("none", [2])
        with pytest.raises(ValueError, match="specified shape"):
            tf.get_variable("x", [3])
        with pytest.raises(ValueError, match="specified dtype"):
            tf.get_variable("x", [2], tf.int32)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: tf.get_variable("y"), ValueError),
        (lambda: tf.get_variable("y", [None]), ValueError),
        (lambda: tf.get_variable("y", [1], initializer=tf.constant([1.0])), ValueError),
        (lambda: tf.get_variable("y", initializer=[1.0], dtype=tf.int32), ValueError),
        (lambda: tf.get_variable("y", [1], custom_getter=3), ValueError),
        (lambda: tf.get_variable("y", [1], tf.complex64), ValueError),
        (lambda: tf.variable_scope(None), TypeError),
        (lambda: tf.variable_scope(3), TypeError),
        (lambda: tf.variable_scope("a", reuse="yes"), ValueError),
        (lambda: tf.variable_scope(None, "a", reuse=True), ValueError),
        (lambda: tf.variable_scope("a", auxiliary_name_scope=None), TypeError),
    ],
)
def test_wrong_arguments(make: Callable[[], Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        make()


def test_defaults_of_dtype_and_initializer() -> None:
    a, b = tf.get_variable("a", [2, 3]), tf.get_variable("b", [2], tf.int32)
    c = tf.get_variable("c", [2], tf.bool)
    kinds = [v.initial_value.op.name for v in (a, b, c)]
    assert kinds == ["a/Initializer/random_uniform", "b/Initializer/zeros", "c/Initializer/zeros"]
    with tf.variable_scope("s", dtype=tf.float64, initializer=tf.ones_initializer()):
        d = tf.get_variable("d", [2])
        e = tf.get_variable("e", [2], tf.float32, tf.zeros_initializer())
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(d).tolist() == [1.0, 1.0] and d.dtype.base_dtype == tf.float64
        assert session.run(e).tolist() == [0.0, 0.0]
        assert np.all(np.abs(session.run(a)) <= np.sqrt(6 / 5))


def test_initializers_may_be_classes_functions_and_values() -> None:
    variables = [
        tf.get_variable("a", [2], initializer=tf.ones_initializer),
        tf.get_variable("b", [2], initializer=lambda shape, dtype: tf.fill(shape, 2.0)),
        tf.get_variable("c", initializer=lambda: tf.constant([3.0, 3.0])),
        tf.get_variable("d", initializer=[4.0, 4.0]),
        tf.get_variable("e", initializer=np.full(2, 5.0)),
    ]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        got = [v.tolist() for v in session.run(variables)]
    assert got == [[float(i)] * 2 for i in range(1, 6)]
    assert variables[4].dtype.base_dtype == tf.float64


def test_regularizers_are_collected_once() -> None:
    def double(v: Any) -> Any:
        return tf.multiply(2.0, tf.reduce_sum(v), name="double")

    with tf.variable_scope("s", regularizer=double):
        tf.get_variable("a", [2])
        tf.get_variable("b", [2], regularizer=tf.no_regularizer)
        tf.get_variable("c", [2], regularizer=lambda v: None)
    with tf.variable_scope("s", reuse=True, regularizer=double):
        tf.get_variable("a")
    losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    assert [x.name for x in losses] == ["s/a/Regularizer/double:0"]


def test_custom_getters_wrap_each_other() -> None:
    calls = []

    def noting(tag: str) -> Callable[..., Any]:
        def getter(getter: Callable[..., Any], name: str, *args: Any, **kwargs: Any) -> Any:
            calls.append((tag, name))
            return getter(f"{name}_{tag}", *args, **kwargs)

        return getter

    with tf.variable_scope("s", custom_getter=noting("x")):
        with tf.variable_scope("t", custom_getter=noting("y")):
            v = tf.get_variable("v", [1])
        w = tf.get_variable("w", [1], custom_getter=lambda getter, **kwargs: getter(**kwargs))
    assert calls == [("y", "s/t/v"), ("x", "s/t/v_y")]
    assert (v.name, w.name) == ("s/t/v_y_x:0", "s/w:0")


def test_scopes_collect_their_variables() -> None:
    with tf.variable_scope("a") as scope:
        x = tf.get_variable("x", [1])
        y = tf.get_local_variable("y", [1])
    tf.get_variable("z", [1])
    assert scope.global_variables() == scope.trainable_variables() == [x]
    assert scope.local_variables() == [y] and not y.trainable
    assert tf.get_variable_scope().global_variables() == tf.global_variables()


def test_settings_of_a_scope() -> None:
    with tf.variable_scope("a") as scope:
        scope.set_use_resource(True)
        scope.set_initializer(tf.ones_initializer())
        scope.set_dtype(tf.float64)
        v = tf.get_variable("v", [1])
    assert v.op.type == "VarHandleOp" and v.dtype == tf.float64
    with tf.variable_scope("b", use_resource=True):
        assert tf.Variable(1.0).op.type == "VarHandleOp"


def test_graphs_have_their_own_variables() -> None:
    a = tf.get_variable("v", [1])
    with tf.Graph().as_default() as other:
        b = tf.get_variable("v", [1])
    assert a is not b and b.graph is other
    with other.as_default(), tf.variable_scope("", reuse=True):
        assert tf.get_variable("v") is b


def test_the_graph_of_the_values_is_used() -> None:
    with tf.Graph().as_default() as other:
        x = tf.constant(1.0)
    with tf.variable_scope("s", values=[x]):
        assert tf.get_default_graph() is other
    with tf.variable_op_scope([x], None, "d") as scope:
        assert scope.name == "d"


# -- in parts ------------------------------------------------------------------------------------
def test_a_partitioned_variable() -> None:
    whole = tf.get_variable(
        "p",
        [5, 2],
        partitioner=tf.fixed_size_partitioner(2),
        initializer=lambda shape, dtype, partition_info: tf.fill(
            shape, float(partition_info.var_offset[0])
        ),
    )
    assert [v.name for v in whole] == ["p/part_0:0", "p/part_1:0"]
    assert [v.shape.as_list() for v in whole] == [[3, 2], [2, 2]] and len(whole) == 2
    tensor = tf.convert_to_tensor(whole)
    assert tensor.name == "p:0" and tensor.shape == [5, 2]
    info = list(whole)[1]._get_save_slice_info()
    assert (info.full_name, info.var_offset, info.var_shape) == ("p", [3, 0], [2, 2])
    updates = whole.assign(np.ones((5, 2), np.float32))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(tensor)[:, 0].tolist() == [0.0, 0.0, 0.0, 3.0, 3.0]
        session.run(updates)
        assert session.run(tensor).sum() == 10.0
    with tf.variable_scope("", reuse=True):
        assert tf.get_variable("p") is whole
    with pytest.raises(ValueError, match="partitioned version"):
        tf.get_variable("p", [5, 2])


def test_a_value_is_cut_into_parts() -> None:
    value = tf.constant([[1.0], [2.0], [3.0]])
    whole = tf.get_variable("p", initializer=value, partitioner=tf.fixed_size_partitioner(3))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert [session.run(v).tolist() for v in whole] == [[[1.0]], [[2.0]], [[3.0]]]


@pytest.mark.parametrize(
    ("partitioner", "parts"),
    [
        (tf.fixed_size_partitioner(3, axis=1), [1, 3]),
        (tf.fixed_size_partitioner(30), [16, 1]),
        (tf.variable_axis_size_partitioner(64), [4, 1]),
        (tf.variable_axis_size_partitioner(64, max_shards=2), [2, 1]),
        (tf.min_max_variable_partitioner(max_partitions=4, min_slice_size=100), [3, 1]),
        (tf.min_max_variable_partitioner(max_partitions=2, min_slice_size=1), [2, 1]),
    ],
)
def test_partitioners(partitioner: Any, parts: list[int]) -> None:
    assert partitioner(shape=tf.TensorShape([16, 4]), dtype=tf.float32) == parts


@pytest.mark.parametrize("parts", [[2], [0, 1], [2, 2], "no"])
def test_wrong_partitions(parts: Any) -> None:
    with pytest.raises(ValueError):
        tf.get_variable("p", [4, 4], partitioner=lambda **_: parts)


def test_old_way_of_partitioning() -> None:
    parts = tf.create_partitioned_variables([4, 2], [2, 1], tf.ones_initializer(), name="w")
    assert [v.name for v in parts] == ["w/part_0:0", "w/part_1:0"]


# -- templates -----------------------------------------------------------------------------------
def test_templates_share_their_variables() -> None:
    def build(x: Any, scale: float) -> Any:
        return x * tf.get_variable("w", [2]) * scale

    template = tf.make_template("t", build, scale=2.0)
    assert template.variables == [] and template.variable_scope is None
    a, b = template(tf.ones([2])), template(tf.ones([2]))
    assert [v.name for v in template.trainable_variables] == ["t/w:0"]
    assert template.variables == template.weights == tf.global_variables()
    assert (a.name, b.name) == ("t/mul_1:0", "t_1/mul_1:0")
    assert template.variable_scope_name == "t/" and template.name == "t"
    other = tf.make_template("t", build, scale=2.0)
    other(tf.ones([2]))
    assert [v.name for v in other.variables] == ["t_1/w:0"]


def test_templates_make_nothing_later() -> None:
    template = tf.make_template("t", lambda: tf.Variable(1.0))
    template()
    with pytest.raises(ValueError, match="get_variable"):
        template()


def test_a_template_may_reserve_its_scope() -> None:
    template = tf.make_template("t", lambda: tf.get_variable("w", [1]), create_scope_now_=True)
    with tf.variable_scope("other"):
        assert template().name == "t/w:0"
    unique = tf.make_template("t", lambda: tf.get_variable("v", [1]), unique_name_="u")
    assert unique().name == "u/v:0"


# -- against TensorFlow ----------------------------------------------------------------------------
def _everything(t: Any) -> Any:
    out: list[Any] = []

    def note(*things: Any) -> None:
        out.extend(getattr(x, "name", x) for x in things)

    with t.variable_scope("a") as a:
        note(t.get_variable("x", [2]), t.constant(1.0), a.original_name_scope)
        with t.variable_scope("b", default_name="unused") as b:
            note(b.name, b.original_name_scope, t.get_variable("y", [1]))
    for _ in range(2):
        with t.variable_scope("a", reuse=t.AUTO_REUSE):
            note(t.get_variable("x", [2]), t.get_variable("n", [1]), t.constant(1.0))
            with t.variable_scope(None, "c"):
                note(t.get_variable("z", [1]), t.constant(1.0))
    with t.name_scope("outer"):
        with t.variable_scope(a, reuse=True) as again:
            note(again.name, again.original_name_scope, t.get_variable("x"), t.constant(1.0))
            with t.variable_scope("b"):
                note(t.get_variable("y"), t.constant(1.0))
        with t.variable_scope(a, reuse=True, auxiliary_name_scope=False):
            note(t.constant(1.0))
        with t.variable_scope("", reuse=True):
            note(t.get_variable("a/x"), t.constant(1.0))
        with t.variable_scope(None, "d", [t.constant(1.0)]):
            note(t.get_variable("w", [1]), t.constant(1.0))
            with t.variable_scope(t.get_variable_scope()):
                note(t.get_variable("v", [1]), t.constant(1.0))
                with t.variable_scope(None, "e"):
                    note(t.get_variable("w", [1]))
            with t.variable_scope(None, "e"):
                note(t.get_variable("other", [1]))
    f = t.make_template("t", lambda x: x + t.get_variable("w", [1]))
    note(f(1.0), f(2.0))
    with t.variable_scope("a"):
        note(f(3.0), t.make_template("t", lambda: t.get_variable("w", [1]))())
    p = t.get_variable("p", [4], partitioner=t.fixed_size_partitioner(2))
    note(*p, t.convert_to_tensor(p))
    note(*(o.name for o in t.get_default_graph().get_operations()))
    return out


@pytest.fixture
def oracle() -> Iterator[Any]:
    """TensorFlow 1's interface of TensorFlow 2, with ref variables."""
    v1 = pytest.importorskip("tensorflow").compat.v1
    v1.disable_resource_variables()
    yield v1
    v1.enable_resource_variables()


@pytest.mark.oracle
def test_names_as_in_tensorflow(oracle: Any) -> None:
    with oracle.Graph().as_default():
        want = _everything(oracle)
    with tf.Graph().as_default():
        assert _everything(tf) == want
