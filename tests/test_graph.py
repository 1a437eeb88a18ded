"""Graphs: names and scopes, control dependencies, devices, collections, looking things up."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergraph import tf
from evergraph.core.convert import constant
from evergraph.core.emit import apply, emit
from evergraph.core.graph import Graph, get_default_graph, reset_default_graph
from evergraph.core.scopes import format_device, merge_device, parse_device


def const(value: Any = 1.0, name: str = "c") -> Any:
    return constant(value, None, name)


def no_op(name: str = "n") -> Any:
    return emit("NoOp", name=name)


# -- names -----------------------------------------------------------------------------------
def test_taken_names_are_numbered() -> None:
    assert [const(name="a").op.name for _ in range(3)] == ["a", "a_1", "a_2"]
    assert const(name="a_1").op.name == "a_1_1"
    assert const(name="a").op.name == "a_3"


def test_numbering_skips_names_that_were_given() -> None:
    names = [const(name=n).op.name for n in ("b_1", "b", "b", "b")]
    assert names == ["b_1", "b", "b_2", "b_3"]


def test_names_differ_by_more_than_case() -> None:
    assert [const(name=n).op.name for n in ("foo", "Foo", "FOO")] == ["foo", "Foo_1", "FOO_2"]


def test_unique_name_without_taking_it() -> None:
    g = Graph()
    assert g.unique_name("a", mark_as_used=False) == "a"
    assert [g.unique_name("a"), g.unique_name("a", False), g.unique_name("a")] == [
        "a",
        "a_1",
        "a_1",
    ]


def test_default_names_are_the_op_types() -> None:
    assert constant(1.0).op.name == "Const"
    assert apply("Neg", constant(1.0)).op.name == "Neg"


@pytest.mark.parametrize("name", ["_a", "a b", "-x", "/a", "a$", "ä", "a:0", "\\x", "a\n", "b c/"])
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a valid operation name"):
        const(name=name)


def test_a_name_must_not_be_empty() -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        get_default_graph().op_name("")


@pytest.mark.parametrize("name", ["a", "A0", ".x", "a.b", "a/b", "x_1", "a-b", "0", "a>b"])
def test_names_that_are_taken(name: str) -> None:
    assert const(name=name).op.name == name


def test_inside_a_scope_a_name_may_start_with_anything_valid() -> None:
    with get_default_graph().name_scope("s"):
        assert const(name="_a").op.name == "s/_a"


def test_a_name_with_a_slash_is_taken_as_it_is_and_once() -> None:
    with get_default_graph().name_scope("s") as scope:
        assert const(name=scope).op.name == "s"
        with pytest.raises(ValueError, match="Duplicate node name in graph: 's'"):
            const(name=scope)


# -- name scopes -----------------------------------------------------------------------------
def test_name_scopes_nest_and_are_numbered() -> None:
    g = get_default_graph()
    with g.name_scope("a") as a:
        assert a == "a/" and g.get_name_scope() == "a"
        with g.name_scope("b") as b:
            assert b == "a/b/" and const(name="x").op.name == "a/b/x"
        with g.name_scope("b") as b:
            assert b == "a/b_1/"
    with g.name_scope("a") as a:
        assert a == "a_1/"
    assert g.get_name_scope() == ""


def test_operations_and_scopes_share_their_names() -> None:
    g = get_default_graph()
    assert const(name="a").op.name == "a"
    with g.name_scope("a") as scope:
        assert scope == "a_1/"
    assert const(name="a").op.name == "a_2"


def test_re_entering_a_scope() -> None:
    g = get_default_graph()
    with g.name_scope("a") as scope:
        const(name="x")
    with g.name_scope("other"), g.name_scope(scope) as again:
        assert again == "a/"
        assert const(name="x").op.name == "a/x_1"
        assert const(name="y").op.name == "a/y"


@pytest.mark.parametrize("root", [None, ""])
def test_back_to_the_root(root: Any) -> None:
    g = get_default_graph()
    with g.name_scope("a"), g.name_scope(root) as scope:
        assert scope == ""
        assert const(name="x").op.name == "x"


def test_scope_is_left_when_the_body_fails() -> None:
    g = get_default_graph()
    with pytest.raises(KeyError), g.name_scope("a"):
        raise KeyError
    assert const(name="x").op.name == "x"


@pytest.mark.parametrize("name", ["_a", "a b", "-x", "a:"])
def test_scope_names_that_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a valid scope name"), tf.name_scope(name):
        pass
    assert get_default_graph().get_name_scope() == ""


def test_the_faces_name_scope() -> None:
    with tf.name_scope(None, "default") as scope:
        assert scope == "default/"
    with tf.name_scope("given", "default") as scope:
        assert scope == "given/"
    with pytest.raises(ValueError, match="At least one of name"), tf.name_scope(None, None, [1]):
        pass
    with pytest.raises(TypeError, match="string"):
        tf.name_scope(3)


def test_the_old_order_of_a_scopes_arguments() -> None:
    assert tf.name_scope("given", "default").name == "given"
    with tf.op_scope([const()], None, "default") as scope:
        assert scope == "default/" and const(name="x").op.name == "default/x"


def test_the_faces_name_scope_uses_the_graph_of_its_values() -> None:
    other = Graph()
    with other.as_default():
        value = const()
    with tf.name_scope("s", values=[value]):
        assert get_default_graph() is other
        assert const(name="x").op.name == "s/x"
    assert get_default_graph() is not other


@given(st.lists(st.sampled_from(["a", "A", "a_1", "b", "b/c", "a/b", "a_1_1"]), max_size=12))
def test_names_never_repeat(names: list[str]) -> None:
    g = Graph()
    got = [g.unique_name(n) for n in names]
    assert len({n.lower() for n in got}) == len(got)


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["op", "enter", "leave", "root", "again"]),
        st.sampled_from(["a", "A", "b", "a_1", "b_1", "a/b"]),
    ),
    max_size=15,
)


@pytest.mark.oracle
@given(_STEPS)
def test_names_are_those_of_tensorflow(steps: list[tuple[str, str]]) -> None:
    theirs = pytest.importorskip("tensorflow.compat.v1")
    assert _play(Graph(), steps) == _play(theirs.Graph(), steps)


def _play(graph: Any, steps: list[tuple[str, str]]) -> list[str]:
    """The names that a walk through scopes gives."""
    got: list[str] = []
    open_scopes: list[Any] = []
    seen = ["a/"]
    for what, name in steps:
        if what == "op":
            got.append(graph.unique_name(name))
        elif what == "leave":
            if open_scopes:
                open_scopes.pop().__exit__(None, None, None)
        else:
            name = {"enter": name, "root": "", "again": seen[-1]}[what]
            open_scopes.append(graph.name_scope(name))
            got.append(open_scopes[-1].__enter__())
            if got[-1]:
                seen.append(got[-1])
    while open_scopes:
        open_scopes.pop().__exit__(None, None, None)
    return got


# -- control dependencies --------------------------------------------------------------------
def names(op: Any) -> list[str]:
    return [c.name for c in op.control_inputs]


def test_control_inputs_of_nested_blocks() -> None:
    g = get_default_graph()
    a, b = no_op("a"), const(name="b")
    with g.control_dependencies([a]):
        one = no_op()
        with g.control_dependencies([b]):
            two = no_op()
    after = no_op()
    assert (names(one), names(two), names(after)) == (["a"], ["a", "b"], [])


def test_none_lifts_the_outer_blocks() -> None:
    g = get_default_graph()
    a, b = no_op("a"), no_op("b")
    with g.control_dependencies([a]):
        with g.control_dependencies(None):
            assert names(no_op()) == []
            with g.control_dependencies([b]):
                assert names(no_op()) == ["b"]
        assert names(no_op()) == ["a"]


def test_what_a_source_waits_for_is_not_waited_for_twice() -> None:
    g = get_default_graph()
    a = no_op("a")
    with g.control_dependencies([a]):
        inside = const(name="inside")
        assert names(inside.op) == ["a"]
        assert names(apply("Neg", inside).op) == []
        assert names(apply("Neg", const(name="new")).op) == []


def test_an_operand_is_no_control_input() -> None:
    g = get_default_graph()
    a, b = const(name="a"), no_op("b")
    with g.control_dependencies([a, b]):
        assert names(apply("Neg", a).op) == ["b"]


def test_repeated_control_inputs_count_once() -> None:
    g = get_default_graph()
    a = no_op("a")
    with g.control_dependencies([a, a]):
        made = const(name="made")
        with g.control_dependencies([a]):
            assert names(no_op()) == ["a"]
            assert names(apply("Neg", made).op) == []


def test_what_a_control_input_may_be() -> None:
    g = get_default_graph()
    a = const(name="a")
    slices = tf.IndexedSlices(a, const([0]))
    for given_ in (a, a.op, "a", "a:0", b"a", slices):
        with g.control_dependencies([given_]):
            assert names(no_op()) == ["a"]
    with g.control_dependencies([]):
        assert names(no_op()) == []


def test_what_no_control_input_may_be() -> None:
    with Graph().as_default():
        foreign = const()
    for value, error in ((3, TypeError), ([const()], TypeError), (foreign, ValueError)):
        with pytest.raises(error), get_default_graph().control_dependencies([value]):
            pass
    with pytest.raises(KeyError), get_default_graph().control_dependencies(["nothing"]):
        pass
    assert names(no_op()) == []


def test_adding_control_inputs_later() -> None:
    a, b = no_op("a"), no_op("b")
    b._add_control_input(a)
    b._add_control_inputs([a])
    assert names(b) == ["a"]
    with Graph().as_default():
        foreign = no_op()
    with pytest.raises(ValueError, match="same graph"):
        b._add_control_input(foreign)


# -- devices ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", ""),
        ("/cpu:0", "/device:CPU:0"),
        ("/gpu:1", "/device:GPU:1"),
        ("gpu:1", "/device:GPU:1"),
        ("/device:GPU:0", "/device:GPU:0"),
        ("/CPU:0", "/device:CPU:0"),
        ("/job:worker/task:1", "/job:worker/task:1"),
        (
            "/job:ps/replica:0/task:2/device:GPU:3",
            "/job:ps/replica:0/task:2/device:GPU:3",
        ),
        ("/device:XLA_CPU:0", "/device:XLA_CPU:0"),
        ("/gpu:*", "/device:GPU:*"),
        ("/device:MINE:3", "/device:MINE:3"),
        ("/device:MINE", "/device:MINE:*"),
    ],
)
def test_device_strings(text: str, canonical: str) -> None:
    assert format_device(parse_device(text)) == canonical
    with get_default_graph().device(text):
        assert no_op().device == canonical


@pytest.mark.parametrize("text", ["gpu0", "/cpu:x", "/nothing", "/job:1a", "/task:a", "cpu :0"])
def test_malformed_device_strings(text: str) -> None:
    with pytest.raises(ValueError, match="Unknown attribute"), get_default_graph().device(text):
        pass


def test_inner_devices_win_part_by_part() -> None:
    assert merge_device("/job:a/cpu:0", "/gpu:1") == "/job:a/device:GPU:1"
    g = get_default_graph()
    with g.device("/job:worker/gpu:0"):
        assert no_op().device == "/job:worker/device:GPU:0"
        with g.device("/cpu:1"):
            assert no_op().device == "/job:worker/device:CPU:1"
        with g.device("/job:ps"):
            assert no_op().device == "/job:ps/device:GPU:0"
        with g.device(""):
            assert no_op().device == "/job:worker/device:GPU:0"
        with g.device(None):
            assert no_op().device == ""
            with g.device("/cpu:0"):
                assert no_op().device == "/device:CPU:0"
    assert no_op().device == ""


def test_a_device_function_sees_the_operation_and_what_was_said_inside() -> None:
    g, seen = get_default_graph(), []

    def choose(op: Any) -> str:
        seen.append((op.type, op.device))
        return "/device:GPU:7" if op.type == "NoOp" else op.device

    with g.device("/job:a"), g.device(choose):
        assert no_op().device == "/job:a/device:GPU:7"
        assert const().op.device == "/job:a"
        with g.device("/cpu:0"):
            assert no_op().device == "/job:a/device:GPU:7"
            assert const().op.device == "/job:a/device:CPU:0"
    assert seen == [
        ("NoOp", ""),
        ("Const", ""),
        ("NoOp", "/device:CPU:0"),
        ("Const", "/device:CPU:0"),
    ]


def test_a_device_function_may_say_nothing() -> None:
    with get_default_graph().device(lambda op: None):
        assert no_op().device == ""


def test_colocation_takes_the_device_and_shuts_out_scopes() -> None:
    g = get_default_graph()
    with g.device("/gpu:1"):
        anchor = const(name="anchor")
    plain = const(name="plain")
    with g.device("/cpu:0"):
        with g.colocate_with(anchor):
            op = no_op()
            assert op.device == "/device:GPU:1"
            assert op.colocation_groups() == [b"loc:@anchor"]
            assert op.get_attr("_class") == [b"loc:@anchor"]
        with g.colocate_with(plain.op):
            assert no_op().device == ""
        assert no_op().device == "/device:CPU:0"
    assert no_op().colocation_groups()[0].startswith(b"loc:@n")


def test_colocation_in_the_default_graph() -> None:
    anchor = const(name="anchor")
    with tf.colocate_with(anchor):
        assert no_op().colocation_groups() == [b"loc:@anchor"]


def test_nested_colocation() -> None:
    g = get_default_graph()
    a, b = const(name="a"), const(name="b")
    with g.colocate_with(a), g.colocate_with(b):
        assert no_op().colocation_groups() == [b"loc:@a", b"loc:@b"]
        with g.colocate_with(b, ignore_existing=True):
            assert no_op().colocation_groups() == [b"loc:@b"]
        with g.colocate_with(None, ignore_existing=True), g.device("/cpu:0"):
            op = no_op("free")
            assert op.colocation_groups() == [b"loc:@free"] and op.device == "/device:CPU:0"
    with g.colocate_with(a):
        chained = const(name="chained")
    with g.colocate_with(chained):
        assert no_op().colocation_groups() == [b"loc:@a"]


def test_colocation_with_nothing_needs_saying_so() -> None:
    with pytest.raises(ValueError, match="ignore_existing"):  # noqa: SIM117
        with get_default_graph().colocate_with(None):
            pass


# -- collections -----------------------------------------------------------------------------
def test_collections() -> None:
    g = get_default_graph()
    assert g.get_collection("c") == [] and g.get_all_collection_keys() == []
    g.add_to_collection("c", 1)
    g.add_to_collections(["c", "d", "d"], 2)
    g.add_to_collections("e", 3)
    g.add_to_collection(("hidden",), 4)
    assert (g.get_collection("c"), g.get_collection("d")) == ([1, 2], [2])
    assert g.get_all_collection_keys() == ["c", "d", "e"]
    assert g.collections == ["c", "d", "e", ("hidden",)]
    g.clear_collection("c")
    g.clear_collection("never made")
    assert g.get_collection("c") == []


def test_a_copy_and_the_collection_itself() -> None:
    g = get_default_graph()
    g.get_collection("c").append(1)
    assert g.get_collection("c") == []
    g.get_collection_ref("c").append(2)
    assert g.get_collection("c") == [2]


def test_a_collections_scope_is_a_regular_expression_from_the_start() -> None:
    g = get_default_graph()
    with g.name_scope("layer1"):
        a = const(name="w")
    with g.name_scope("layer2"):
        b = const(name="w")
    for x in (a, b, "no name"):
        g.add_to_collection("c", x)
    assert g.get_collection("c", "layer1") == [a]
    assert g.get_collection("c", "layer") == [a, b]
    assert g.get_collection("c", ".*2/w") == [b]
    assert g.get_collection("c", "w") == []
    assert g.get_collection("c", "") == [a, b]


def test_collections_of_the_default_graph() -> None:
    tf.add_to_collection("c", 1)
    tf.add_to_collections(["c", "d"], 2)
    assert tf.get_collection("c") == [1, 2] and tf.get_collection_ref("d") == [2]
    with Graph().as_default():
        assert tf.get_collection("c") == []


# -- looking things up -----------------------------------------------------------------------
def test_elements_by_name_and_by_themselves() -> None:
    g = get_default_graph()
    t = const(name="a")
    assert g.get_tensor_by_name("a:0") is t and g.get_operation_by_name("a") is t.op
    for x, want in (("a:0", t), ("a", t.op), (t, t), (t.op, t.op), (b"a:0", t)):
        assert g.as_graph_element(x) is want
    assert g.get_operations() == [t.op]


def test_objects_that_stand_for_elements() -> None:
    t = const(name="a")

    class Stands:
        def _as_graph_element(self) -> Any:
            return t

    assert get_default_graph().as_graph_element(Stands()) is t


@pytest.mark.parametrize(
    ("name", "error", "text"),
    [
        ("b:0", KeyError, "operation 'b' does not exist"),
        ("a:1", KeyError, "has only 1 outputs"),
        ("b", KeyError, "refers to an Operation not in the graph"),
        ("a:x", ValueError, "not a valid one"),
        (":0", ValueError, "not a valid one"),
        ("a:", ValueError, "not a valid one"),
        ("a:-1", ValueError, "not a valid one"),
        (3, TypeError, "Can not convert a int into a Tensor or Operation"),
        (None, TypeError, "Can not convert a NoneType"),
        ([], TypeError, "Can not convert a list"),
    ],
)
def test_elements_that_are_not_there(name: Any, error: type[Exception], text: str) -> None:
    const(name="a")
    with pytest.raises(error, match=text):
        get_default_graph().as_graph_element(name)


def test_only_tensors_or_only_operations() -> None:
    g = get_default_graph()
    t = const(name="a")
    with pytest.raises(ValueError, match="did you mean 'a:0'"):
        g.get_tensor_by_name("a")
    with pytest.raises(ValueError, match=r"invalid. Operation name, not a Tensor"):
        g.get_tensor_by_name("zzz")
    with pytest.raises(ValueError, match="refer to a Tensor, not an Operation"):
        g.get_operation_by_name("a:0")
    with pytest.raises(TypeError, match="into a Tensor"):
        g.as_graph_element(t.op, allow_operation=False)
    with pytest.raises(TypeError, match="into a Operation"):
        g.as_graph_element(t, allow_tensor=False)
    for f in (g.get_tensor_by_name, g.get_operation_by_name):
        with pytest.raises(TypeError, match="names are strings"):
            f(t)


def test_elements_of_another_graph() -> None:
    with Graph().as_default():
        t = const(name="a")
    for x in (t, t.op):
        with pytest.raises(ValueError, match="is not an element of this graph"):
            get_default_graph().as_graph_element(x)


# -- several graphs --------------------------------------------------------------------------
def test_the_default_graph_is_the_innermost() -> None:
    outer, g = get_default_graph(), Graph()
    with g.as_default() as entered:
        assert entered is g and get_default_graph() is g and const().graph is g
        with Graph().as_default() as inner:
            assert const().graph is inner
        assert const().graph is g
    assert get_default_graph() is outer and len(outer.operations) == 0


def test_operations_join_the_graph_of_their_operands() -> None:
    with Graph().as_default() as g:
        a = const()
    assert apply("Neg", a).graph is g
    assert (a + 1.0).graph is g
    assert len(get_default_graph().operations) == 0


def test_operands_of_two_graphs_are_refused() -> None:
    with Graph().as_default():
        a = const()
    with Graph().as_default():
        b = const()
    with pytest.raises(ValueError, match="must be from the same graph"):
        apply("AddV2", a, b)
    with pytest.raises(ValueError, match="must be from the same graph"):
        apply("AddN", [a, b])


def test_each_thread_has_defaults_of_its_own() -> None:
    seen: list[Any] = []
    with Graph().as_default() as g:
        thread = threading.Thread(target=lambda: seen.append(get_default_graph()))
        thread.start()
        thread.join()
        assert get_default_graph() is g
    assert seen == [get_default_graph()]


def test_resetting_the_default_graph() -> None:
    const()
    old = get_default_graph()
    reset_default_graph()
    assert get_default_graph() is not old and get_default_graph().operations == []
    assert const(name="c").op.name == "c"


def test_resetting_inside_a_graph_is_an_error() -> None:
    with Graph().as_default(), pytest.raises(AssertionError, match="nested graphs"):
        reset_default_graph()


def test_leaving_graphs_out_of_order_is_an_error() -> None:
    one, two = Graph().as_default(), Graph().as_default()
    one.__enter__()
    two.__enter__()
    with pytest.raises(AssertionError, match="Nesting violated"):
        one.__exit__(None, None, None)


# -- finalized graphs ------------------------------------------------------------------------
def test_a_finalized_graph_takes_nothing_more() -> None:
    g = get_default_graph()
    t = const()
    assert not g.finalized
    g.finalize()
    assert g.finalized
    for add in (const, lambda: t + t, lambda: g.add_to_collection("c", 1)):
        with pytest.raises(RuntimeError, match="Graph is finalized and cannot be modified"):
            add()
    assert [op.name for op in g.operations] == ["c"] and g.get_tensor_by_name("c:0") is t
    g._unsafe_unfinalize()
    assert const().op.name.startswith("c")


def test_version_counts_operations() -> None:
    g = get_default_graph()
    assert g.version == 0
    const()
    const()
    assert g.version == 2
    assert "2 operations" in repr(g)


# -- other scopes ----------------------------------------------------------------------------
def test_gradient_overrides_nest() -> None:
    g = get_default_graph()
    x = const()
    with g.gradient_override_map({"Neg": "Mine", "Exp": "Other"}):
        assert apply("Neg", x).op.gradient_type == "Mine"
        with g.gradient_override_map({"Neg": "Inner"}):
            assert apply("Neg", x).op.gradient_type == "Inner"
            assert apply("Exp", x).op.gradient_type == "Other"
        assert apply("Neg", x).op.gradient_type == "Mine"
    assert apply("Neg", x).op.gradient_type is None


@pytest.mark.parametrize("value", [None, [("a", "b")], {"a": 1}, {1: "a"}])
def test_gradient_overrides_that_are_refused(value: Any) -> None:
    with (
        pytest.raises(TypeError, match="strings"),
        get_default_graph().gradient_override_map(value),
    ):
        pass


def test_attribute_scopes() -> None:
    g = get_default_graph()
    with g._attr_scope({"_mine": 3}):
        assert no_op().get_attr("_mine") == 3
        with g._attr_scope({"_mine": None}), pytest.raises(ValueError, match="no attr named"):
            no_op().get_attr("_mine")
    with pytest.raises(ValueError, match="no attr named '_mine'"):
        no_op().get_attr("_mine")


def test_containers_reach_stateful_operations_only() -> None:
    g = get_default_graph()
    attrs = {"shape": (), "dtype": tf.float32}
    with tf.container("box") as name:
        assert name == "box"
        assert emit("VariableV2", (), attrs).attrs["container"] == "box"
        assert emit("VariableV2", (), {**attrs, "container": "own"}).attrs["container"] == "own"
        with g.container("inner"):
            assert emit("VariableV2", (), attrs).attrs["container"] == "inner"
        no_op()
    assert emit("VariableV2", (), attrs).attrs["container"] == ""


def test_what_may_not_be_fed_or_fetched() -> None:
    g = get_default_graph()
    t = const()
    assert g.is_feedable(t) and g.is_fetchable(t) and g.is_fetchable(t.op)
    g.prevent_feeding(t)
    g.prevent_fetching(t.op)
    assert not g.is_feedable(t) and not g.is_fetchable(t) and not g.is_fetchable(t.op)


# -- operations and tensors ------------------------------------------------------------------
@pytest.mark.smoke
def test_what_an_operation_tells() -> None:
    a = const([1.0, 2.0], "a")
    b = apply("MatMul", constant(np.eye(2)), constant(np.eye(2)), transpose_a=True, name="m")
    op = b.op
    assert (op.name, op.type, op.graph) == ("m", "MatMul", get_default_graph())
    assert op.inputs[0].op.type == "Const" and op.outputs == [b] and op.values() == (b,)
    assert op.get_attr("transpose_a") is True and op.get_attr("T") is tf.float64
    with pytest.raises(ValueError, match="no attr named 'nothing'"):
        op.get_attr("nothing")
    assert str(op).startswith('name: "m"\nop: "MatMul"\n')
    assert repr(op) == "<tf.Operation 'm' type=MatMul>"
    assert [c.name for c in op.inputs[0].consumers()] == ["m"] and a.consumers() == []
    file, line, function, text = op.traceback[-1]
    assert op.op_def.name == "MatMul" and t_shape(b) == [2, 2]
    op._set_attr("_mine", 3)
    op._set_device("/device:GPU:0")
    assert op.get_attr("_mine") == 3 and b.device == "/device:GPU:0"
    assert file == __file__ and function == "test_what_an_operation_tells"
    assert "MatMul" in text and line > 0


def t_shape(t: Any) -> Any:
    """What a tensor tells of its shape in each of its ways."""
    assert t.get_shape() == t.shape and t._rank == t.shape.ndims
    return t._shape_as_list()


def test_what_a_tensor_tells() -> None:
    t = constant(np.zeros((2, 3), np.float32), None, "t")
    assert (t.name, t.dtype, t.shape.as_list()) == ("t:0", tf.float32, [2, 3])
    assert t.graph is get_default_graph() and t.device == "" and t.value_index == 0
    assert str(t) == 'Tensor("t:0", shape=(2, 3), dtype=float32)'
    assert repr(t) == "<tf.Tensor 't:0' shape=(2, 3) dtype=float32>"
    with get_default_graph().device("/gpu:0"):
        u = const(name="u")
    assert str(u) == 'Tensor("u:0", shape=(), dtype=float32, device=/device:GPU:0)'


def test_tensors_compare_by_identity() -> None:
    a, b = const(), const()
    assert a == a and a != b and a in [b, a] and len({a, b, a}) == 2
    assert a.experimental_ref() == a.experimental_ref() and a.experimental_ref().deref() is a
    assert len({a.experimental_ref(), a.experimental_ref(), b.experimental_ref()}) == 2


def test_setting_a_shape() -> None:
    t = apply("Placeholder", dtype=tf.float32, shape=None)
    assert t.shape.ndims is None
    t.set_shape([None, 3])
    t.set_shape([2, None])
    t.set_shape(None)
    assert t.shape.as_list() == [2, 3]
    with pytest.raises(ValueError, match=r"\(2, 3\) and \(4,\) are not compatible"):
        t.set_shape([4])


@pytest.mark.parametrize(
    ("use", "error", "text"),
    [
        (bool, TypeError, "as a Python `bool`"),
        (list, TypeError, "iterating over"),
        (len, TypeError, "len is not well defined"),
        (np.asarray, NotImplementedError, "symbolic Tensor"),
        (float, TypeError, "float"),
        (int, TypeError, "int"),
        (lambda t: [1, 2, 3][t], TypeError, "indices"),
        (lambda t: t.eval(), ValueError, "No default session"),
        (lambda t: t.op.run(), ValueError, "No default session"),
    ],
)
def test_a_tensor_is_no_python_value(use: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        use(const())


def test_operators_that_tensors_have() -> None:
    a, b = const(3.0), const(4.0)
    flags = constant(True)
    for t, op_type in (
        (a + b, "AddV2"),
        (a - b, "Sub"),
        (a * b, "Mul"),
        (a / b, "RealDiv"),
        (a // b, "FloorDiv"),
        (a % b, "FloorMod"),
        (a**b, "Pow"),
        (-a, "Neg"),
        (abs(a), "Abs"),
        (a < b, "Less"),
        (a <= b, "LessEqual"),
        (a > b, "Greater"),
        (a >= b, "GreaterEqual"),
        (flags & flags, "LogicalAnd"),
        (flags | flags, "LogicalOr"),
        (flags ^ flags, "LogicalAnd"),
        (~flags, "LogicalNot"),
        (2.0 - a, "Sub"),
        (np.float32(2) * a, "Mul"),
        (np.ones(2, np.float32) + a, "AddV2"),
    ):
        assert t.op.type == op_type
