"""Internal modules of TensorFlow that programs import for their tools."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import pytest

import evergraph.tf as tf
from evergraph.compat import alias, function_utils, object_identity, op_selector, tf_decorator


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("ops.op_selector", "get_backward_walk_ops"),
        ("util.function_utils", "fn_args"),
        ("util.object_identity", "ObjectIdentitySet"),
        ("util.tf_decorator", "unwrap"),
    ],
)
def test_they_are_found(module: str, name: str) -> None:
    assert callable(alias.resolve(f"tensorflow.python.{module}", name))


# -- operations ------------------------------------------------------------------------------
@pytest.fixture
def chain() -> Any:
    with tf.Graph().as_default():
        a = tf.constant(1.0, name="a")
        b = tf.add(a, 2.0, name="b")
        with tf.control_dependencies([tf.no_op(name="first")]):
            yield a, b, tf.equal(a, b, name="c")


def names(ops: Any) -> list[str]:
    return [op.name for op in ops]


def test_what_an_operation_depends_on(chain: Any) -> None:
    a, b, c = chain
    walk = op_selector.get_backward_walk_ops
    assert names(walk([b.op])) == ["b", "a", "b/y"]
    assert names(walk(b, inclusive=False)) == ["a", "b/y"]
    assert names(walk(b, stop_at_ts=[a])) == ["b", "b/y"]
    assert names(walk(b, within_ops=[b.op, a.op])) == ["b", "a"]
    assert names(walk(b, within_ops_fn=lambda op: op.name != "a")) == ["b", "b/y"]
    assert "first" in names(walk(c, control_inputs=True))
    assert "first" not in names(walk(c))
    assert names(walk(c, only_differentiable=True)) == ["c"]
    assert walk([]) == []


def test_lists_of_operations_and_tensors(chain: Any) -> None:
    a, b, _ = chain
    assert op_selector.get_generating_ops([a, b]) == [a.op, b.op]
    assert names(op_selector.get_consuming_ops([a, a])) == ["b", "c"]
    assert op_selector.make_list_of_t(a.graph) == op_selector.get_tensors(a.graph)
    assert op_selector.make_list_of_op(a.op) == [a.op]
    assert op_selector.make_list_of_op([a.op, b], ignore_ts=True) == [a.op]
    assert op_selector.get_unique_graph([a, b.op]) is a.graph
    assert op_selector.get_unique_graph([], none_if_empty=True) is None
    assert op_selector.is_iterable([a])
    assert not op_selector.is_iterable(a)
    op_selector.check_graphs(a, b)


def test_what_is_no_list_of_operations(chain: Any) -> None:
    a, b, _ = chain
    with tf.Graph().as_default():
        other = tf.constant(1)
    with pytest.raises(ValueError, match="does not belong"):
        op_selector.get_unique_graph([a, other])
    with pytest.raises(ValueError, match="Wrong graph"):
        op_selector.check_graphs(a, other)
    with pytest.raises(ValueError, match="empty list"):
        op_selector.get_unique_graph([])
    with pytest.raises(TypeError, match="Expected a type"):
        op_selector.make_list_of_op([b])
    with pytest.raises(TypeError, match="allow_graph"):
        op_selector.make_list_of_op(a.graph, allow_graph=False)
    with pytest.raises(TypeError, match="not iterable"):
        op_selector.get_unique_graph(1)


# -- functions -------------------------------------------------------------------------------
class Adder:
    def __call__(self, x: int, y: int = 1, **rest: Any) -> int:
        return x + y

    def method(self, x: int) -> int:
        return x


def plain(x: int, y: int = 2) -> int:
    """Adds."""
    return x + y


def test_arguments_and_names_of_functions() -> None:
    assert function_utils.fn_args(plain) == ("x", "y")
    assert function_utils.fn_args(functools.partial(plain, 1)) == ("y",)
    assert function_utils.fn_args(functools.partial(plain, y=1)) == ("x",)
    assert function_utils.fn_args(Adder()) == ("x", "y")
    assert function_utils.fn_args(Adder().method) == ("x",)
    assert function_utils.has_kwargs(Adder())
    assert not function_utils.has_kwargs(plain)
    assert function_utils.get_func_name(plain) == "plain"
    assert function_utils.get_func_name(Adder().method) == "Adder.method"
    assert function_utils.get_func_name(Adder()) == str(Adder)
    assert function_utils.get_func_code(plain) is plain.__code__
    assert function_utils.get_func_code(Adder()) is Adder.__call__.__code__
    with pytest.raises(ValueError, match="callable"):
        function_utils.get_func_code(None)
    with pytest.raises(TypeError, match="function-like"):
        function_utils.has_kwargs("no function")


def doubling(target: Any) -> Any:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return 2 * wrapper.__wrapped__(*args, **kwargs)  # type: ignore[attr-defined]

    return tf_decorator.make_decorator(target, wrapper)


def test_decorators_tell_what_they_decorate() -> None:
    double = doubling(doubling(plain))
    decorators, inner = tf_decorator.unwrap(double)
    assert inner is plain
    assert [d.decorator_name for d in decorators] == ["doubling", "doubling"]
    assert double(1) == 12
    assert double.__name__ == "plain"
    assert double.__doc__ == "Adds."
    assert function_utils.get_func_name(double) == "plain"


def test_the_target_of_a_decorator_can_be_replaced() -> None:
    double = doubling(doubling(plain))
    assert tf_decorator.rewrap(double, plain, lambda x: x) is double
    assert double(1) == 4
    assert tf_decorator.rewrap(plain, plain, max) is max


def test_decorators_may_take_other_arguments() -> None:
    spec = inspect.FullArgSpec(["a", "b"], None, "rest", (3,), [], None, {})
    made = tf_decorator.make_decorator(plain, lambda *a, **k: 0, "other", "", spec)
    assert str(inspect.signature(made)) == "(a, b=3, **rest)"
    decorator = tf_decorator.TFDecorator("name", plain, "words")
    assert decorator(1) == 3
    assert decorator.__doc__ == "Adds."


# -- identity --------------------------------------------------------------------------------
def test_sets_by_identity() -> None:
    one, other = [1], [1]
    found = object_identity.ObjectIdentitySet([one])
    assert one in found
    assert other not in found
    found.update([other])
    assert len(found) == 2
    found.discard(one)
    assert list(found) == [other]
    assert list(object_identity.ObjectIdentitySet([one, other]) & found) == [other]
    wrapper = object_identity._ObjectIdentityWrapper
    assert wrapper(one) == wrapper(one)
    assert wrapper(one) != wrapper(other)
    assert len({wrapper(one), wrapper(one)}) == 1
    table = object_identity.ObjectIdentityDictionary()
    table[one], table[other] = 1, 2
    assert (table[one], table[other], len(table)) == (1, 2, 2)
    del table[one]
    assert list(table) == [other]
    with pytest.raises(KeyError):
        table[one]
